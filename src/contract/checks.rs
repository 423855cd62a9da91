//! Rules that no schema keyword expresses: check digits, the order of dates, alphabets. A contract lists them in `x-checks`.

use chrono::{Datelike, Days, Months, NaiveDate};
use serde::Deserialize;
use serde_json::Value;

use super::check_digits;
use super::check_us;
use super::validate::Violation;
use super::view::{BodyView, Path, ValueView};
use crate::model::{Code, Message, Severity, Wording};

/// The day on which bodies are judged, as ISO text too: ISO dates compare as text.
#[derive(Clone, Debug)]
pub struct Today {
    date: NaiveDate,
    text: String,
}

impl Today {
    /// A day to judge by; passed in, so that a run judges all its rows by one day.
    #[must_use]
    pub fn new(date: NaiveDate) -> Self {
        Self { date, text: date.format("%Y-%m-%d").to_string() }
    }

    /// The day itself.
    #[must_use]
    pub fn date(&self) -> NaiveDate {
        self.date
    }
}

/// One rule as a contract writes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenCheck {
    rule: String,
    check: Kind,
    /// JSON pointer; `*` stands for every item of a list.
    at: String,
    /// The date that may not be later: a pointer, or a sibling's name.
    than: Option<String>,
    /// The member without which the value at `at` is not expected.
    beside: Option<String>,
    value: Option<String>,
    #[serde(default)]
    any: Vec<String>,
    #[serde(default)]
    unusual: Vec<String>,
    count: Option<usize>,
    min: Option<u32>,
    max: Option<u32>,
    /// A rule that providers break themselves only warns.
    severity: Option<Warn>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Warn {
    Warn,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    InnCheckDigits,
    SnilsCheckDigits,
    OgrnCheckDigits,
    NotAfterToday,
    NotBefore,
    DocumentExpired,
    OneAlphabet,
    CitizenshipIs,
    CitizenshipIsNot,
    HasPassportAndStayDocument,
    AgeBetween,
    AddressKinds,
    DigitsCount,
    StartsWith,
    After,
    Expired,
    Adult,
    PlainAscii,
    Utf16Length,
    SharesWithin,
    SomeItemIs,
    UnusualAfterToday,
    UsuallyGiven,
    NoPlaceholder,
    SsnOrSin,
    AreaCode,
    NoCardNumber,
}

/// The rules of a contract, with the paths they look at.
#[derive(Debug, Default)]
pub(super) struct Checks {
    paths: Vec<Path>,
    checks: Vec<Check>,
}

#[derive(Debug)]
struct Check {
    written: WrittenCheck,
    at: usize,
    /// Further paths, by the kind's own order.
    others: Vec<usize>,
}

impl Checks {
    pub(super) fn compile(written: Vec<WrittenCheck>) -> Self {
        let mut checks = Self::default();
        for written in written {
            let sibling =
                |name: &str| written.at.rsplit_once('/').map_or_else(String::new, |(parent, _)| format!("{parent}/{name}"));
            let item = |name: &str| format!("{}/{name}", written.at);
            let others: Vec<String> = match written.check {
                Kind::NotBefore | Kind::After => {
                    written.than.iter().map(|than| if than.starts_with('/') { than.clone() } else { sibling(than) }).collect()
                }
                Kind::DocumentExpired => vec![item("type"), item("date"), item("expireDate"), "/birthDate".to_owned()],
                Kind::HasPassportAndStayDocument => vec![item("*/type"), "/citizenship".to_owned()],
                Kind::AddressKinds => vec![item("*/type")],
                Kind::SharesWithin => written.any.iter().map(|member| item(&format!("*/{member}"))).collect(),
                Kind::SomeItemIs => written.value.iter().map(|member| item(&format!("*/{member}"))).collect(),
                Kind::SsnOrSin => vec!["/customerIdType".to_owned()],
                Kind::UsuallyGiven => written.beside.iter().cloned().collect(),
                Kind::InnCheckDigits
                | Kind::SnilsCheckDigits
                | Kind::OgrnCheckDigits
                | Kind::NotAfterToday
                | Kind::OneAlphabet
                | Kind::CitizenshipIs
                | Kind::CitizenshipIsNot
                | Kind::AgeBetween
                | Kind::DigitsCount
                | Kind::StartsWith
                | Kind::Expired
                | Kind::Adult
                | Kind::PlainAscii
                | Kind::Utf16Length
                | Kind::UnusualAfterToday
                | Kind::NoPlaceholder
                | Kind::AreaCode
                | Kind::NoCardNumber => Vec::new(),
            };
            let others = others.iter().map(|path| checks.path(Path::parse(path))).collect();
            let at = checks.path(Path::parse(&written.at));
            checks.checks.push(Check { written, at, others });
        }
        checks
    }

    fn path(&mut self, path: Path) -> usize {
        self.paths.iter().position(|known| *known == path).unwrap_or_else(|| {
            self.paths.push(path);
            self.paths.len() - 1
        })
    }

    pub(super) fn paths(&self) -> &[Path] {
        &self.paths
    }

    pub(super) fn run_on_value(&self, body: &Value, today: &Today, found: &mut Vec<Violation>) {
        self.run(&ValueView { body, paths: &self.paths }, today, found);
    }

    pub(super) fn run(&self, body: &dyn BodyView, today: &Today, found: &mut Vec<Violation>) {
        for check in &self.checks {
            let path = &self.paths[check.at];
            let items = if path.list.is_some() { body.items(check.at) } else { 1 };
            for item in 0..items {
                if let Some(code) = check.broken(body, item, today) {
                    found.push(Violation {
                        pointer: path.pointer(item),
                        member: None,
                        keyword: "code".to_owned(),
                        rule: Some(check.written.rule.clone()),
                        origin: "ours".to_owned(),
                        code: match check.written.severity {
                            Some(Warn::Warn) if code.severity() == Severity::Error => Code::ValueUnusual,
                            Some(Warn::Warn) | None => code,
                        },
                        message: check.message(code),
                    });
                }
            }
        }
    }
}

impl Check {
    fn broken(&self, body: &dyn BodyView, item: usize, today: &Today) -> Option<Code> {
        let written = &self.written;
        let other =
            |index: usize, item: usize| self.others.get(index).and_then(|path| body.text(*path, item)).unwrap_or_default();
        let types = || (0..self.others.first().map_or(0, |path| body.items(*path))).map(|item| other(0, item));
        // Rules about lists and items look at several members; all others are about one text, and about none when it is absent.
        let (broken, code) = match written.check {
            Kind::DocumentExpired => {
                let [kind, issued, expires, born] = [0, 1, 2, 3].map(|index| other(index, item));
                (document_expired(kind, issued, expires, born, today), Code::DocumentExpired)
            }
            Kind::HasPassportAndStayDocument => {
                let passport = types().any(|code| code.ends_with("PASSPORT") || code.starts_with("FOREIGN_PASSPORT"));
                let stay = types().any(|code| !code.contains("PASSPORT"));
                (types().next().is_some() && (!passport || !(stay || other(1, 0) == "BY")), Code::DocumentUnusual)
            }
            Kind::AddressKinds => {
                let twice = types().enumerate().any(|(index, kind)| types().take(index).any(|earlier| earlier == kind));
                (twice || types().any(|kind| written.unusual.iter().any(|unusual| unusual == kind)), Code::AddressUnusualKind)
            }
            Kind::InnCheckDigits => (!check_digits::inn(body.text(self.at, item)?), Code::InnCheckDigits),
            Kind::SnilsCheckDigits => {
                // Some providers want it with its dashes and blank.
                let digits: String = body.text(self.at, item)?.chars().filter(|ch| !matches!(ch, '-' | ' ')).collect();
                (!check_digits::snils(&digits), Code::SnilsCheckDigits)
            }
            Kind::OgrnCheckDigits => (!check_digits::ogrn(body.text(self.at, item)?), Code::OgrnCheckDigit),
            Kind::NotAfterToday => {
                let date = body.text(self.at, item)?;
                (is_date(date) && date > today.text.as_str(), Code::DateInFuture)
            }
            Kind::NotBefore => {
                let (date, earlier) = (body.text(self.at, item)?, other(0, item));
                (is_date(date) && is_date(earlier) && date < earlier, Code::DateOutOfOrder)
            }
            Kind::OneAlphabet => (mixes_alphabets(body.text(self.at, item)?), Code::NameMixedAlphabets),
            Kind::CitizenshipIs => (Some(body.text(self.at, item)?) != written.value.as_deref(), Code::ResidencyUnusual),
            Kind::CitizenshipIsNot => (Some(body.text(self.at, item)?) == written.value.as_deref(), Code::ResidencyUnusual),
            Kind::AgeBetween => (!self.age_fits(body.text(self.at, item)?, today), Code::BirthDateUnlikelyAge),
            Kind::DigitsCount => {
                let text = body.text(self.at, item)?;
                (Some(text.len()) != written.count || !text.bytes().all(|byte| byte.is_ascii_digit()), Code::RegisterUnusual)
            }
            Kind::StartsWith => {
                let text = body.text(self.at, item)?;
                (!written.any.iter().any(|start| text.starts_with(start.as_str())), Code::RegisterUnusual)
            }
            Kind::After => {
                let (date, earlier) = (body.text(self.at, item)?, other(0, item));
                (is_date(date) && is_date(earlier) && date <= earlier, Code::DateOutOfOrder)
            }
            Kind::Expired => {
                let date = body.text(self.at, item)?;
                (is_date(date) && date < today.text.as_str(), Code::DocumentExpired)
            }
            Kind::Adult => {
                let born = parse(body.text(self.at, item)?).filter(|born| *born <= today.date)?;
                let of_age = today.date.checked_sub_months(Months::new(18 * 12));
                (born.year() < 1900 || of_age.is_some_and(|latest| born > latest), Code::ValueUnusual)
            }
            Kind::PlainAscii => (!body.text(self.at, item)?.is_ascii(), Code::ValueUnusual),
            Kind::Utf16Length => {
                let length = body.text(self.at, item)?.encode_utf16().count();
                // What is too long by code points as well, the schema tells.
                let is_known = body.text(self.at, item)?.chars().count() > written.max.map_or(usize::MAX, |max| max as usize);
                (!is_known && written.max.is_some_and(|max| length > max as usize), Code::ValueTooLong)
            }
            Kind::SharesWithin => {
                let sum = |path: &usize| (0..body.items(*path)).filter_map(|item| body.number(*path, item)).sum::<f64>();
                // Half a hundredth for each of fifty rounded shares.
                let most = f64::from(written.max?) + 0.25;
                (self.others.iter().any(|path| sum(path) > most), Code::ValueUnusual)
            }
            Kind::SomeItemIs => {
                let path = *self.others.first()?;
                let items = body.items(path);
                (items > 0 && !(0..items).any(|item| body.is_true(path, item)), Code::ValueUnusual)
            }
            Kind::UnusualAfterToday => {
                let date = body.text(self.at, item)?;
                (is_date(date) && date > today.text.as_str(), Code::ValueUnusual)
            }
            Kind::UsuallyGiven => (body.text(self.at, item).is_none() && !other(0, item).is_empty(), Code::ValueUnusual),
            Kind::NoPlaceholder => (check_us::is_placeholder(body.text(self.at, item)?), Code::ValueUnusual),
            Kind::SsnOrSin => {
                let number = body.text(self.at, item)?;
                let kind = other(0, item).rsplit('.').next().unwrap_or_default();
                (kind == "ssn" && !check_us::ssn(number) || kind == "sin" && !check_us::luhn(number), Code::RegisterUnusual)
            }
            Kind::AreaCode => (!check_us::area_code(body.text(self.at, item)?), Code::PhoneUnlisted),
            Kind::NoCardNumber => (check_us::card_number(body.text(self.at, item)?), Code::PaymentRawNumber),
        };
        broken.then_some(code)
    }

    /// What is wrong, without the value.
    fn message(&self, code: Code) -> Message {
        let written = &self.written;
        match written.check {
            Kind::AgeBetween => {
                let [min, max] = [written.min, written.max].map(Option::unwrap_or_default);
                Wording::AgeBeyond.with([min.into(), max.into()])
            }
            Kind::UnusualAfterToday => Wording::NotComeYet.into(),
            Kind::UsuallyGiven => Wording::UsuallyGiven.into(),
            Kind::NoPlaceholder => Wording::Placeholder.into(),
            Kind::SsnOrSin => Wording::NotGivenOut.into(),
            Kind::Adult => Wording::NoAdult.into(),
            Kind::PlainAscii => Wording::NotLatin.into(),
            Kind::Utf16Length => Wording::LongerInUtf16.with([written.max.unwrap_or(0).into()]),
            Kind::SharesWithin => Wording::SharesBeyond.with([written.max.unwrap_or(0).into()]),
            Kind::SomeItemIs => Wording::NoItemSays.with([written.value.as_deref().unwrap_or_default().into()]),
            Kind::InnCheckDigits
            | Kind::SnilsCheckDigits
            | Kind::OgrnCheckDigits
            | Kind::NotAfterToday
            | Kind::NotBefore
            | Kind::DocumentExpired
            | Kind::OneAlphabet
            | Kind::CitizenshipIs
            | Kind::CitizenshipIsNot
            | Kind::HasPassportAndStayDocument
            | Kind::AddressKinds
            | Kind::DigitsCount
            | Kind::StartsWith
            | Kind::After
            | Kind::Expired
            | Kind::AreaCode
            | Kind::NoCardNumber => Message::meaning(code),
        }
    }

    fn age_fits(&self, born: &str, today: &Today) -> bool {
        let years_ago = |years: u32| today.date.checked_sub_months(Months::new(years * 12));
        // A day to come and one before 1900 are faults of their own.
        parse(born).filter(|born| *born <= today.date && born.year() >= 1900).is_none_or(|born| {
            self.written.min.and_then(years_ago).is_none_or(|youngest| born <= youngest)
                && self.written.max.and_then(years_ago).is_none_or(|oldest| born >= oldest)
        })
    }
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && text.as_bytes()[4] == b'-'
}

fn parse(text: &str) -> Option<NaiveDate> {
    let part = |range: std::ops::Range<usize>| text.get(range)?.parse::<u32>().ok();
    NaiveDate::from_ymd_opt(i32::try_from(part(0..4)?).ok()?, part(5..7)?, part(8..10)?)
}

/// Expired, or a Russian passport that was issued before the 20th or 45th birthday, which passed over 90 days ago
/// (government decree of 08.07.1997 no. 828 and its successors name the two birthdays and the 90 days).
fn document_expired(kind: &str, issued: &str, expires: &str, born: &str, today: &Today) -> bool {
    if is_date(expires) && expires < today.text.as_str() {
        return true;
    }
    let (true, Some(born), Some(issued)) = (kind == "PASSPORT", parse(born), parse(issued)) else { return false };
    [20, 45].into_iter().any(|age| {
        let birthday = NaiveDate::from_ymd_opt(born.year() + age, born.month(), born.day())
            .or_else(|| NaiveDate::from_ymd_opt(born.year() + age, 3, 1));
        birthday.is_some_and(|birthday| {
            issued < birthday && birthday.checked_add_days(Days::new(90)).is_some_and(|last| last < today.date)
        })
    })
}

/// Whether a word of the text has both Cyrillic and Latin letters.
fn mixes_alphabets(text: &str) -> bool {
    let mut cyrillic = false;
    let mut latin = false;
    for ch in text.chars() {
        // The usual letters first: asking Unicode about each of them is slow.
        if matches!(ch, '\u{400}'..='\u{52f}') {
            cyrillic = true;
        } else if ch.is_ascii_alphabetic() || matches!(ch, '\u{c0}'..='\u{24f}') {
            latin = true;
        } else if !ch.is_alphabetic() {
            (cyrillic, latin) = (false, false);
        }
        if cyrillic && latin {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_one_alphabet_pass_and_mixed_ones_do_not() {
        assert!(!mixes_alphabets("Иванова-Smith"));
        assert!(!mixes_alphabets("Д'Артаньян"));
        assert!(mixes_alphabets("Ивaнов"));
    }

    #[test]
    fn russian_passports_are_exchanged_at_20_and_45() {
        let today = Today::new(NaiveDate::from_ymd_opt(2026, 11, 21).unwrap());
        let expired = |issued, born| document_expired("PASSPORT", issued, "", born, &today);
        assert!(!expired("2010-06-01", "1990-05-01"));
        assert!(expired("2009-06-01", "1990-05-01"));
        // 45 since 2026-09-01: the 90 days are not over yet.
        assert!(!expired("2010-06-01", "1981-09-01"));
        assert!(expired("2010-06-01", "1981-08-01"));
        assert!(document_expired("VISA", "", "2026-11-20", "", &today));
    }
}
