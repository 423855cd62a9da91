//! Whole and decimal numbers as JSON writes them. Guesses no separator: what can be read in two ways is a fault.

use super::text::{is_dash, is_invisible, trim};
use super::{CellFault, Parsed, damage};
use crate::model::{CellKind, Code, Wording};

/// Digits that a double keeps exactly.
const DIGITS_MAX: usize = 15;
/// Digits of a whole number: those of 63 bits.
const WHOLE_DIGITS_MAX: usize = 18;
/// Digits after the point: cents.
const DECIMALS_MAX: usize = 2;
/// What stands beside amounts, folded to lower case, longest first.
const CURRENCIES: [&str; 20] = [
    "рублей",
    "rubles",
    "рубля",
    "тенге",
    "euro",
    "руб.",
    "руб",
    "rub",
    "rur",
    "usd",
    "eur",
    "gbp",
    "kzt",
    "р.",
    "р",
    "$",
    "€",
    "£",
    "₽",
    "₸",
];

/// A whole number: `1 200`, `1200`, `1200.0` as spreadsheets write it.
pub fn integer(text: &str, kind: CellKind) -> Parsed<String> {
    let number = Number::read(text, kind, false)?;
    if !number.decimals.is_empty() {
        return Err(unreadable(Wording::NoWholeNumber));
    }
    number.written(WHOLE_DIGITS_MAX)
}

/// An amount with at most two decimals: `1 234,50 ₽`, `$1,234.50`, `1234.5`.
pub fn decimal(text: &str, kind: CellKind) -> Parsed<String> {
    Number::read(text, kind, true)?.written(DIGITS_MAX)
}

/// A share in percent, as a number of percent: `25 %` is 25.
pub fn percent(text: &str, kind: CellKind) -> Parsed<String> {
    let trimmed = trim(text);
    Number::read(trimmed.strip_suffix(['%', '％']).unwrap_or(trimmed), kind, false)?.written(DIGITS_MAX)
}

/// The digits of a number without signs, separators and zeros that say nothing.
struct Number {
    is_negative: bool,
    whole: String,
    decimals: String,
}

impl Number {
    fn read(text: &str, kind: CellKind, may_be_money: bool) -> Parsed<Self> {
        damage::refuse_kind(kind)?;
        if let Some(fault) = damage::check(text, kind).filter(|fault| fault.code != Code::NumberLetters) {
            return Err(fault);
        }
        let lower = trim(text).to_lowercase();
        let mut rest = lower.as_str();
        if rest.is_empty() {
            return Err(CellFault::empty());
        }
        if may_be_money {
            rest = without_currency(rest);
        }
        let signless = rest.strip_prefix(|ch: char| is_dash(ch) || ch == '\u{2212}').map(str::trim_start);
        let is_negative = signless.is_some();
        let mut rest = signless.unwrap_or(rest);
        if may_be_money {
            rest = without_currency(rest);
        }
        let (whole, decimals) = parts(rest, matches!(kind, CellKind::Number(_)))?;
        let whole = whole.trim_start_matches('0').to_owned();
        let decimals = decimals.trim_end_matches('0').to_owned();
        Ok(Self { is_negative, whole, decimals })
    }

    fn written(self, digits_max: usize) -> Parsed<String> {
        if self.decimals.len() > DECIMALS_MAX {
            return Err(unreadable(Wording::TooManyDecimals));
        }
        if self.whole.len() + self.decimals.len() > digits_max {
            return Err(unreadable(Wording::TooManyDigits));
        }
        let is_zero = self.whole.is_empty() && self.decimals.is_empty();
        let mut written = String::with_capacity(self.whole.len() + self.decimals.len() + 3);
        if self.is_negative && !is_zero {
            written.push('-');
        }
        written.push_str(if self.whole.is_empty() { "0" } else { &self.whole });
        if !self.decimals.is_empty() {
            written.push('.');
            written.push_str(&self.decimals);
        }
        Ok(written)
    }
}

/// Digits before and after the decimal separator. A spreadsheet's own number has a point and no thousands.
fn parts(text: &str, is_machine_written: bool) -> Parsed<(String, &str)> {
    if !text.bytes().next().is_some_and(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b',')) {
        return Err(unreadable(Wording::NoNumber));
    }
    let separators: Vec<(usize, char)> = text.char_indices().filter(|(_, ch)| matches!(ch, '.' | ',')).collect();
    let last = separators.last().copied();
    let is_single = |wanted: char| separators.iter().filter(|(_, ch)| *ch == wanted).count() == 1;
    let point = match last {
        None => None,
        Some((place, ch)) if is_single(ch) => {
            let behind = text.get(place + 1..).unwrap_or("");
            let looks_like_thousands =
                separators.len() == 1 && behind.len() == 3 && (1..=3).contains(&place) && !text.starts_with('0');
            if looks_like_thousands && !is_machine_written {
                return Err(unreadable(Wording::TwoReadings));
            }
            Some(place)
        }
        // Several of one kind separate thousands.
        Some(_) => None,
    };
    let (head, tail) = match point {
        Some(place) => (text.get(..place).unwrap_or(""), text.get(place + 1..).unwrap_or("")),
        None => (text, ""),
    };
    if !tail.bytes().all(|byte| byte.is_ascii_digit()) || (head.is_empty() && tail.is_empty()) {
        return Err(unreadable(Wording::NoNumber));
    }
    let mut whole = String::with_capacity(head.len());
    let groups: Vec<&str> =
        head.split(|ch: char| ch.is_whitespace() || matches!(ch, '.' | ',' | '\'' | '’') || is_invisible(ch)).collect();
    for (index, group) in groups.iter().enumerate() {
        let fits = group.bytes().all(|byte| byte.is_ascii_digit())
            && (groups.len() == 1 || index == 0 && (1..=3).contains(&group.len()) || index > 0 && group.len() == 3);
        if !fits {
            return Err(unreadable(Wording::NoNumberOrSeveral));
        }
        whole.push_str(group);
    }
    Ok((whole, tail))
}

fn without_currency(text: &str) -> &str {
    let found = CURRENCIES.iter().find_map(|sign| text.strip_suffix(sign).or_else(|| text.strip_prefix(sign)));
    found.map_or(text, trim)
}

fn unreadable(message: Wording) -> CellFault {
    CellFault::new(Code::NumberUnreadable, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: CellKind = CellKind::Text;

    #[test]
    fn amounts_are_read_as_people_write_them() {
        for (found, written) in [
            ("1 234,50 ₽", "1234.5"),
            ("$1,234.50", "1234.5"),
            ("1.234.567,8", "1234567.8"),
            ("-5", "-5"),
            ("−0,00", "0"),
            ("0.125", ""),
            ("1234.5 руб.", "1234.5"),
            ("€ 10", "10"),
            ("- $10", "-10"),
            ("007", "7"),
            (",5", "0.5"),
            ("1,234", ""),
            ("1.234", ""),
            ("12 34", ""),
            ("1 000 000", "1000000"),
            ("ten", ""),
            ("5 000 6", ""),
            ("1,2,3", ""),
            ("10 %", ""),
            ("(5)", ""),
            ("1.234,567.8", ""),
            (".", ""),
            ("-", ""),
            ("9999999999999999", ""),
        ] {
            let parsed = decimal(found, TEXT);
            if written.is_empty() {
                assert_eq!(parsed.unwrap_err().code, Code::NumberUnreadable, "{found}");
            } else {
                assert_eq!(parsed.unwrap(), written, "{found}");
            }
        }
        assert_eq!(decimal("", TEXT).unwrap_err().code, Code::ValueMissing);
        assert_eq!(decimal("1234.5", CellKind::Number(1234.5)).unwrap(), "1234.5");
    }

    #[test]
    fn whole_numbers_have_no_decimals_and_percent_no_sign() {
        assert_eq!(integer("1200.0", CellKind::Number(1200.0)).unwrap(), "1200");
        assert_eq!(integer("1 200", TEXT).unwrap(), "1200");
        assert_eq!(integer("12.5", TEXT).unwrap_err().code, Code::NumberUnreadable);
        assert_eq!(integer("$5", TEXT).unwrap_err().code, Code::NumberUnreadable);
        assert_eq!(percent("33,5 %", TEXT).unwrap(), "33.5");
        assert_eq!(percent("100", TEXT).unwrap(), "100");
    }

    proptest! {
        #[test]
        fn what_is_written_is_json_and_the_number_that_was_meant(cents in -9_999_999_999_i64..9_999_999_999) {
            let (sign, whole, rest) = (if cents < 0 { "-" } else { "" }, cents.abs() / 100, cents.abs() % 100);
            let written = decimal(&format!("{sign}{whole},{rest:02}"), TEXT).unwrap();
            let number: f64 = serde_json::from_str(&written).unwrap();
            prop_assert!((number * 100.0 - cents as f64).abs() < 0.01, "{written}");
        }

        #[test]
        fn any_text_is_a_number_or_a_fault(found in "\\PC{0,20}|[0-9., '$%-]{0,12}") {
            for written in [integer(&found, TEXT), decimal(&found, TEXT), percent(&found, TEXT)].into_iter().flatten() {
                prop_assert!(serde_json::from_str::<f64>(&written).is_ok(), "{found:?} became {written:?}");
            }
        }
    }
}
