//! What a number format of a spreadsheet makes of a number: a date, a length of time, padded zeros. Knows no cell.

use calamine::{DataRef, ExcelDateTime, ExcelDateTimeType};

/// What a cell style does with numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct NumberFormat {
    time: Option<Time>,
    /// Digits to which integers are padded with zeros; 0 where they are not.
    pub(super) zero_padding: usize,
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
        Self { time, zero_padding: 0 }
    }

    /// The format that a workbook writes out.
    pub(super) fn of_code(code: &str) -> Self {
        let time = time_of(code);
        Self { time, zero_padding: if time.is_none() { zero_padding(code) } else { 0 } }
    }

    /// A stored number as the format means it.
    pub(super) fn value(self, number: f64, is_1904: bool) -> DataRef<'static> {
        let kind = match self.time {
            None => return DataRef::Float(number),
            Some(Time::Moment) => ExcelDateTimeType::DateTime,
            Some(Time::Length) => ExcelDateTimeType::TimeDelta,
        };
        DataRef::DateTime(ExcelDateTime::new(number, kind, is_1904))
    }
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
    fn zeros_are_counted() {
        assert_eq!(zero_padding("000000000000"), 12);
        assert_eq!(zero_padding("000\\-000\\-000\\ 00"), 11);
        assert_eq!((zero_padding("0"), zero_padding("0.00"), zero_padding("dd.mm")), (0, 0, 0));
    }
}
