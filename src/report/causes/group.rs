//! One group of faults in the making: what they have in common, how many rows, where the first ones are. Decides nothing to be shown.

use std::fmt::Write as _;

use super::pattern::pattern;
use super::{Facts, VALUE_BYTES_MAX};
use crate::model::{Code, Place, Settled};
use crate::report::complaint::Complaint;

/// Places of a group that are kept.
const EXAMPLES: usize = 3;

/// What the faults of a group have in common beside code, column and field.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum What {
    /// Nothing was found, or what was found does not matter.
    Nothing,
    /// Values and forms that are too many to be told apart.
    Various,
    /// A word of a closed list.
    Value(Box<str>),
    /// The form of their values.
    Form(Box<str>),
    /// What the provider said.
    Refusal {
        /// Its code.
        code: Box<str>,
        /// The member it named.
        pointer: Box<str>,
    },
}

impl What {
    pub(super) fn of(complaint: &Complaint<'_>, settled: &Settled, facts: &Facts) -> Self {
        if matches!(complaint.code, Code::ProviderRejected | Code::ProviderRemark | Code::ProviderUnknown) {
            return settled.refusal.as_ref().map_or(Self::Nothing, |refusal| Self::Refusal {
                code: if is_code(&refusal.code) { refusal.code.clone() } else { Box::from("") },
                pointer: refusal.pointer.clone().unwrap_or_default(),
            });
        }
        let found = complaint.found.trim();
        if found.is_empty() {
            return Self::Nothing;
        }
        let is_word = is_of_closed_list(complaint.code) && found.len() <= VALUE_BYTES_MAX;
        if is_word && facts.of(&complaint.field).is_some_and(|facts| facts.is_shown) {
            return Self::Value(found.into());
        }
        Self::Form(pattern(found).into())
    }

    /// Whether it is one of many that a code, column and field may have.
    pub(super) fn is_particular(&self) -> bool {
        match self {
            Self::Value(_) | Self::Form(_) => true,
            Self::Nothing | Self::Various | Self::Refusal { .. } => false,
        }
    }
}

/// A provider may put anything where its code belongs.
fn is_code(text: &str) -> bool {
    const CODE_BYTES_MAX: usize = 60;
    text.len() <= CODE_BYTES_MAX
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':' | b'/' | b' '))
}

/// Codes that say: this word is none of the list.
fn is_of_closed_list(code: Code) -> bool {
    matches!(
        code,
        Code::ValueNotAllowed
            | Code::BooleanUnreadable
            | Code::CountryUnknown
            | Code::ReferenceUnknown
            | Code::ClientTypeUnknown
            | Code::DocumentTypeUnknown
    )
}

/// Rows with the same fault.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) code: Code,
    pub(super) column: Option<u16>,
    pub(super) field: Box<str>,
    pub(super) what: What,
    /// The known word that was surely meant; looked for when all rows are counted.
    pub(super) nearest: Option<Box<str>>,
    pub(super) rows: u64,
    /// Rows without any other error.
    pub(super) alone: u64,
    pub(super) first: Place,
    pub(super) examples: Vec<Place>,
    pub(super) seen: Seen,
}

/// What all values of a group have in common, for lines that speak of a whole column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// Every telephone number is as Russians dial it at home.
    pub(super) russian_phones: bool,
    /// Every date stands with dots and may have its day first.
    pub(super) dotted_days_first: bool,
}

impl Seen {
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            russian_phones: self.russian_phones && other.russian_phones,
            dotted_days_first: self.dotted_days_first && other.dotted_days_first,
        }
    }
}

impl Group {
    pub(super) fn new(complaint: &Complaint<'_>, what: What, first: Place) -> Self {
        Self {
            code: complaint.code,
            column: complaint.column,
            field: complaint.field.as_ref().into(),
            what,
            nearest: None,
            rows: 0,
            alone: 0,
            first,
            examples: Vec::new(),
            seen: Seen { russian_phones: true, dotted_days_first: true },
        }
    }

    pub(super) fn add(&mut self, place: Place) {
        self.rows += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(place);
        }
    }

    /// Looks at one more value, where the code asks for it.
    pub(super) fn watch(&mut self, complaint: &Complaint<'_>) {
        let found = &complaint.found;
        match complaint.code {
            Code::PhoneAmbiguous => self.seen.russian_phones &= is_russian_phone(found),
            Code::DateTwoDigitYear => self.seen.dotted_days_first &= is_dotted_day_first(found),
            _ => {}
        }
    }

    /// The same faults, whatever was found.
    pub(super) fn into_various(self) -> Self {
        Self { what: What::Various, nearest: None, ..self }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.rows += other.rows;
        self.alone += other.alone;
        self.seen = self.seen.and(other.seen);
        self.examples.extend(&other.examples);
        self.examples.sort_unstable_by_key(|place| place.ordinal);
        self.examples.truncate(EXAMPLES);
        if other.first.ordinal < self.first.ordinal {
            self.first = other.first;
        }
    }

    pub(super) fn key(&self) -> String {
        let mut key = String::new();
        key_of(&mut key, self.code, self.column, &self.field, &self.what);
        key
    }
}

/// Writes what tells the group of a complaint from all others.
pub(super) fn write_key(key: &mut String, complaint: &Complaint<'_>, what: &What) {
    key_of(key, complaint.code, complaint.column, &complaint.field, what);
}

fn key_of(key: &mut String, code: Code, column: Option<u16>, field: &str, what: &What) {
    const APART: char = '\u{1f}';
    key.clear();
    let column = column.map_or(-1, i32::from);
    // Writing to a String cannot fail.
    let _ = write!(key, "{code}{APART}{column}{APART}{field}{APART}");
    let _ = match what {
        What::Nothing => Ok(()),
        What::Various => write!(key, "*"),
        // Translations of the mapping do not tell such words apart either.
        What::Value(value) => write!(key, "={}", crate::model::text::fold(value)),
        What::Form(form) => write!(key, "~{form}"),
        What::Refusal { code, pointer } => write!(key, "!{code}{APART}{pointer}"),
    };
}

fn is_russian_phone(found: &str) -> bool {
    let digits: String = found.chars().filter(char::is_ascii_digit).collect();
    match digits.len() {
        11 => digits.starts_with(['7', '8']),
        10 => digits.starts_with('9'),
        _ => false,
    }
}

/// `31.12.80` and what cannot be a month, day, year.
fn is_dotted_day_first(found: &str) -> bool {
    let mut parts = found.trim().split('.').map(|part| part.trim().parse::<u8>());
    let parts = (parts.next(), parts.next(), parts.next(), parts.next());
    matches!(parts, (Some(Ok(1..=31)), Some(Ok(1..=12)), Some(Ok(0..=99)), None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_for_columns_need_values_that_can_be_read_in_one_way() {
        assert!(["31.12.80", "1.2.03"].iter().all(|found| is_dotted_day_first(found)));
        assert!(!["12.31.80", "31/12/80", "80.12.31", "31.12", "31.12.1980", ""].iter().any(|found| is_dotted_day_first(found)));
        assert!(["8 (900) 000-00-01", "79000000001", "900 000 00 01"].iter().all(|found| is_russian_phone(found)));
        assert!(!["020 7946 0000", "495 000-00-01", ""].iter().any(|found| is_russian_phone(found)));
    }

    #[test]
    fn what_a_provider_puts_where_its_code_belongs_is_no_code_when_it_looks_like_a_name() {
        assert!(is_code("VALIDATION_ERROR") && is_code("422") && is_code(""));
        assert!(!is_code("Кенарбв") && !is_code("a@b") && !is_code(&"x".repeat(61)));
    }
}
