//! What can be told from a number of the United States or Canada by itself. Pure functions on digits; asks no register.

/// Numbers that people type when they have none.
#[must_use]
pub(super) fn is_placeholder(number: &str) -> bool {
    const TYPED: [&str; 4] = ["123456789", "987654321", "123123123", "012345678"];
    let mut bytes = number.bytes();
    let first = bytes.next();
    first.is_some() && (number.len() > 3 && bytes.all(|byte| Some(byte) == first) || TYPED.contains(&number))
}

/// Whether the Social Security Administration gives out such numbers: no area 000, 666 or 900 to 999, no group 00, no serial 0000.
#[must_use]
pub(super) fn ssn(number: &str) -> bool {
    let part = |range: std::ops::Range<usize>| number.get(range).unwrap_or_default();
    let (area, group, serial) = (part(0..3), part(3..5), part(5..9));
    !matches!(area, "000" | "666") && !area.starts_with('9') && group != "00" && serial != "0000"
}

/// The check digit of cards and Canadian SINs (ISO/IEC 7812).
#[must_use]
pub(super) fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let digit = u32::from(byte.saturating_sub(b'0'));
            match (place % 2, digit * 2) {
                (0, _) => digit,
                (_, doubled) if doubled > 9 => doubled - 9,
                (_, doubled) => doubled,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Whether a text looks like the number of a payment card: 13 to 19 digits with a right check digit, maybe blanks and hyphens.
#[must_use]
pub(super) fn card_number(text: &str) -> bool {
    let mut digits = String::new();
    for ch in text.chars() {
        match ch {
            '0'..='9' => digits.push(ch),
            ' ' | '-' => {}
            _ => return false,
        }
    }
    (13..=19).contains(&digits.len()) && digits.bytes().any(|byte| byte != b'0') && luhn(&digits)
}

/// Whether an area code of the North American plan can begin so.
#[must_use]
pub(super) fn area_code(phone: &str) -> bool {
    !phone.starts_with(['0', '1'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_nobody_has_are_known() {
        for placeholder in ["000000000", "111111111", "999999999", "123456789"] {
            assert!(is_placeholder(placeholder), "{placeholder}");
        }
        assert!(!is_placeholder("219099999") && !is_placeholder("") && !is_placeholder("11"));
        for never in ["000123456", "666123456", "900123456", "999123456", "123006789", "123450000"] {
            assert!(!ssn(never), "{never}");
        }
        assert!(ssn("219099999"));
    }

    #[test]
    fn check_digits_tell_cards_and_sins() {
        assert!(luhn("046454286") && !luhn("046454287"));
        assert!(card_number("4111111111111111") && card_number("4111 1111-1111 1111"));
        assert!(!card_number("4111111111111112") && !card_number("411111111111") && !card_number("4111x1111111111111"));
        assert!(!card_number("0000000000000000"));
        assert!(area_code("3125550101") && !area_code("1125550101"));
    }
}
