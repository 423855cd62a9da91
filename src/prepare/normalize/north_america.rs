//! Telephone numbers and postal codes of the United States and Canada as ten digits and as their post writes them.
//! Fills up no zero that was lost and asks no directory.

use super::phone::Number;
use super::text::{clean, is_dash};
use super::{CellFault, Parsed, damage, number};
use crate::model::{CellKind, Code, Wording};

/// A number of the North American plan: ten digits without country code.
pub fn phone(text: &str, kind: CellKind) -> Parsed<String> {
    let number = Number::of_cell(text, kind)?;
    let digits = number.digits();
    let national = match digits.strip_prefix('1') {
        Some(rest) if number.plus() || digits.len() == 11 => rest,
        Some(_) | None => digits,
    };
    if (number.plus() && !digits.starts_with('1')) || (digits.starts_with("00") && digits.len() > 10) {
        return Err(CellFault::new(Code::PhoneInvalid, Wording::PhoneOtherCountry));
    }
    let (code, wording) = match national.len() {
        10 => return Ok(national.to_owned()),
        0..10 => (Code::PhoneTooShort, Wording::PhoneLessThanTen),
        _ => (Code::PhoneTooLong, Wording::PhoneMoreThanTen),
    };
    Err(CellFault::new(code, wording.with([national.len().into()])))
}

/// A ZIP code as five or nine digits, or a Canadian postal code as `M5H 2N2`.
pub fn postal_code(text: &str, kind: CellKind) -> Parsed<String> {
    if let Some(fault) = damage::check_kind(kind) {
        return Err(fault);
    }
    let cleaned = clean(text);
    if cleaned.is_empty() {
        return Err(CellFault::empty());
    }
    let written = damage::integer_part(&cleaned);
    let compact: String =
        written.chars().filter(|&ch| !ch.is_whitespace() && !is_dash(ch)).flat_map(char::to_uppercase).collect();
    let is_digits = compact.bytes().all(|byte| byte.is_ascii_digit());
    match compact.len() {
        5 | 9 if is_digits => Ok(compact),
        3 | 4 | 7 | 8 if is_digits => Err(CellFault::new(Code::ValueFormat, Wording::PostalZeros.with([compact.len().into()]))),
        6 if is_canadian(&compact) => {
            let (area, place) = compact.split_at(3);
            Ok(format!("{area} {place}"))
        }
        _ => Err(CellFault::new(Code::ValueFormat, Wording::PostalForm)),
    }
}

/// An amount of money, in which commas part thousands and a point parts cents.
pub fn amount(text: &str, kind: CellKind) -> Parsed<String> {
    let cleaned = clean(text);
    let whole = cleaned.split('.').next().unwrap_or_default();
    let mut groups = whole.trim_start_matches(['$', ' ']).split(',');
    let first = groups.next().unwrap_or_default();
    let is_digits = |group: &str| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit());
    let mut parted = whole.contains(',') && first.len() <= 3 && is_digits(first);
    parted = parted && groups.all(|group| group.len() == 3 && is_digits(group));
    match (parted, cleaned.contains(',')) {
        (true, _) => number::decimal(&cleaned.replace(',', ""), kind),
        (false, true) => Err(CellFault::new(Code::NumberUnreadable, Wording::OddThousands)),
        (false, false) => number::decimal(text, kind),
    }
}

/// Letter, digit, letter, digit, letter, digit.
fn is_canadian(compact: &str) -> bool {
    compact.bytes().enumerate().all(|(index, byte)| match index % 2 {
        0 => byte.is_ascii_uppercase(),
        _ => byte.is_ascii_digit(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phones_become_ten_digits() {
        for text in ["(312) 555-0101", "312.555.0101", "+1 312 555 0101", "1-312-555-0101", "3125550101", "3125550101.0"] {
            let kind =
                if text.contains(".0") && !text.contains("555.") { CellKind::Number(3_125_550_101.0) } else { CellKind::Text };
            assert_eq!(phone(text, kind).unwrap(), "3125550101", "{text}");
        }
        for (text, code) in [
            ("555-0101", Code::PhoneTooShort),
            ("+1 312 555 010", Code::PhoneTooShort),
            ("312 555 0101 22", Code::PhoneTooLong),
            ("+44 20 7946 0958", Code::PhoneInvalid),
            ("0044 20 7946 0958", Code::PhoneInvalid),
            ("312-555-0101 ext. 22", Code::PhoneExtension),
            ("312-555-0101 x22", Code::PhoneExtension),
            ("312-555-0101 / 312-555-0102", Code::PhoneSeveral),
            ("call me", Code::PhoneLetters),
            ("", Code::ValueMissing),
        ] {
            assert_eq!(phone(text, CellKind::Text).unwrap_err().code, code, "{text}");
        }
    }

    #[test]
    fn commas_part_thousands() {
        for (text, expected) in
            [("$4,300", "4300"), ("4,300.50", "4300.5"), ("1,234,567", "1234567"), ("$ 75000", "75000"), ("52000.5", "52000.5")]
        {
            assert_eq!(amount(text, CellKind::Text).unwrap(), expected, "{text}");
        }
        for text in ["4,30,000", "(500.00)", "about 4,300", ",300", ""] {
            assert!(amount(text, CellKind::Text).is_err(), "{text}");
        }
    }

    #[test]
    fn postal_codes_are_written_in_one_way() {
        for (text, expected) in [
            ("60602", "60602"),
            ("60602-1234", "606021234"),
            ("60602 1234", "606021234"),
            ("02134", "02134"),
            ("m5h2n2", "M5H 2N2"),
            ("M5H-2N2", "M5H 2N2"),
            (" M5H  2N2 ", "M5H 2N2"),
        ] {
            assert_eq!(postal_code(text, CellKind::Text).unwrap(), expected, "{text}");
        }
        assert!(postal_code("2134", CellKind::Number(2134.0)).unwrap_err().message.to_string().contains("zeros"));
        for text in ["606021", "M5H 2N", "5M5 H2N", "101000", "SW1A 1AA"] {
            assert_eq!(postal_code(text, CellKind::Text).unwrap_err().code, Code::ValueFormat, "{text}");
        }
        assert_eq!(postal_code(" ", CellKind::Text).unwrap_err().code, Code::ValueMissing);
    }
}
