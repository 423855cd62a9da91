//! What a number format of a spreadsheet makes of a number: a date, a length of time, padded zeros. Knows no cell.

use std::sync::Arc;

use calamine::{DataRef, ExcelDateTime, ExcelDateTimeType};

use super::shown::{self, Otherwise, Shown};

/// Four times as long as a spreadsheet program takes.
const CODE_BYTES_MAX: usize = 1024;

/// What a cell style does with numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct NumberFormat {
    time: Option<Time>,
    /// Digits to which integers are padded with zeros; 0 where they are not.
    pub(super) zero_padding: usize,
    /// What it shows of numbers, where that may be more or less than the number.
    code: Option<Arc<str>>,
    /// Whether it shows days without their year, or months without their day.
    shows_part_of_date: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Time {
    /// A day, a time of day or both.
    Moment,
    /// Hours that count beyond 24.
    Length,
}

impl NumberFormat {
    /// The format of a number that every program knows.
    pub(super) fn built_in(id: u16) -> Self {
        let time = match id {
            14..=22 | 27..=36 | 45 | 47 | 50..=58 => Some(Time::Moment),
            46 => Some(Time::Length),
            _ => None,
        };
        let code = match id {
            1 => Some("0"),
            2 => Some("0.00"),
            3 | 37 | 38 => Some("#,##0"),
            4 | 39 | 40 => Some("#,##0.00"),
            9 => Some("0%"),
            10 => Some("0.00%"),
            _ => None,
        };
        Self { time, zero_padding: 0, code: code.map(Arc::from), shows_part_of_date: matches!(id, 16 | 17) }
    }

    /// The format that a workbook writes out.
    pub(super) fn of_code(code: &str) -> Self {
        let time = time_of(code);
        let zero_padding = if time.is_none() { zero_padding(code) } else { 0 };
        let is_plain = time.is_some()
            || zero_padding > 0
            || code.eq_ignore_ascii_case("general")
            || code == "@"
            || code.len() > CODE_BYTES_MAX;
        let shows_part_of_date = time == Some(Time::Moment) && is_part_of_date(code);
        Self { time, zero_padding, code: (!is_plain).then(|| code.into()), shows_part_of_date }
    }

    /// A stored number as the format means it.
    pub(super) fn value(&self, number: f64, is_1904: bool) -> DataRef<'static> {
        let kind = match self.time {
            None => return DataRef::Float(number),
            Some(Time::Moment) => ExcelDateTimeType::DateTime,
            Some(Time::Length) => ExcelDateTimeType::TimeDelta,
        };
        DataRef::DateTime(ExcelDateTime::new(number, kind, is_1904))
    }

    /// What a spreadsheet program shows of a number, where that is another text than the number.
    pub(super) fn shown(&self, number: f64) -> Option<Shown> {
        shown::shown(self.code.as_deref()?, number)
    }

    /// What parts the people who see a date from the programs that read it.
    pub(super) fn date_otherwise(&self) -> Option<Otherwise> {
        self.shows_part_of_date.then_some(Otherwise::PartOfDate)
    }
}

/// Whether a format of dates leaves out the year or the day: `d.mmm`, `mmm yy`. One of times alone does not count.
fn is_part_of_date(code: &str) -> bool {
    let (mut quoted, mut bracketed) = (false, false);
    let mut letters = String::new();
    let mut chars = code.split(';').next().unwrap_or("").chars();
    while let Some(ch) = chars.next() {
        match ch {
            '"' => quoted = !quoted,
            '[' if !quoted => bracketed = true,
            ']' => bracketed = false,
            '\\' | '_' | '*' if !quoted => drop(chars.next()),
            _ if quoted || bracketed => {}
            _ => letters.extend(ch.to_lowercase().filter(|ch| "dmyhs".contains(*ch))),
        }
    }
    let has = |letter: char| letters.contains(letter);
    // Beside hours an m is a minute.
    let has_month = has('m') && !has('h') && !has('s');
    (has('d') || has_month) && !(has('y') && has('d')) && !(has('h') || has('s'))
}

/// Whether the first section of a format shows days or times: a letter of them that is neither quoted nor escaped.
fn time_of(code: &str) -> Option<Time> {
    let mut chars = code.chars();
    let mut bracketed: Option<String> = None;
    while let Some(ch) = chars.next() {
        if let Some(inside) = &mut bracketed {
            if ch == ']' {
                let word = inside.to_ascii_lowercase();
                let is_length = !word.is_empty() && ["h", "m", "s"].iter().any(|unit| word.replace(unit, "").is_empty());
                if is_length {
                    return Some(Time::Length);
                }
                bracketed = None;
            } else {
                inside.push(ch);
            }
            continue;
        }
        match ch {
            '"' => {
                let _ = chars.by_ref().find(|&ch| ch == '"');
            }
            // The next character is literal, a width or a filling.
            '\\' | '_' | '*' => {
                let _ = chars.next();
            }
            '[' => bracketed = Some(String::new()),
            ';' => return None,
            'd' | 'm' | 'h' | 'y' | 's' | 'D' | 'M' | 'H' | 'Y' | 'S' => return Some(Time::Moment),
            _ => {}
        }
    }
    None
}

/// Digits to which a format pads integers with zeros: 12 for `000000000000`, 11 for `000-000-000 00`; 0 where it does not.
fn zero_padding(code: &str) -> usize {
    let section = code.split(';').next().unwrap_or("");
    let mut zeros = 0;
    for ch in section.chars() {
        match ch {
            '0' => zeros += 1,
            // Marks between the digits, as in an SNILS.
            '\\' | '"' | '-' | ' ' | '(' | ')' => {}
            _ => return 0,
        }
    }
    if zeros > 1 { zeros } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_told_from_amounts_and_lengths() {
        for code in ["dd.mm.yyyy", "yyyy\\-mm\\-dd;@", "[$-419]d mmm yyyy;@", "h:mm", "[Red]DD/MM/YY", "mmm"] {
            assert_eq!(time_of(code), Some(Time::Moment), "{code}");
        }
        for code in ["General", "0", "#,##0.00\" дней\"", "0.00%", "@", "\"d\"0", "#,##0_d", "0\\d", "[Red]0", "0;yyyy", ""] {
            assert_eq!(time_of(code), None, "{code}");
        }
        for code in ["[h]:mm:ss", "[mm]:ss", "[SS]"] {
            assert_eq!(time_of(code), Some(Time::Length), "{code}");
        }
    }

    #[test]
    fn dates_of_which_a_part_is_shown_are_known() {
        let part = |code: &str| NumberFormat::of_code(code).date_otherwise().is_some();
        for code in ["d\\.mmm", "mmm\\-yy", "[$-419]d\\ mmm;@", "dd/mm", "mmmm yyyy"] {
            assert!(part(code), "{code}");
        }
        for code in ["dd.mm.yyyy", "d mmm yy", "h:mm", "yyyy-mm-dd hh:mm", "mm:ss", "yyyy", "0.00", "\"dm\"0"] {
            assert!(!part(code), "{code}");
        }
        assert_eq!(NumberFormat::built_in(16).date_otherwise(), Some(Otherwise::PartOfDate));
        assert_eq!(NumberFormat::built_in(14).date_otherwise(), None);
        assert_eq!(NumberFormat::built_in(9).shown(0.5).map(|shown| shown.text).as_deref(), Some("50%"));
    }

    #[test]
    fn zeros_are_counted() {
        assert_eq!(zero_padding("000000000000"), 12);
        assert_eq!(zero_padding("000\\-000\\-000\\ 00"), 11);
        assert_eq!((zero_padding("0"), zero_padding("0.00"), zero_padding("dd.mm")), (0, 0, 0));
    }
}
