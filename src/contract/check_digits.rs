//! Check digits of Russian register numbers. Expects digits only; knows no cells.

/// Whether the check digits of an INN of 10 or 12 digits fit (order of the Federal Tax Service of 29.06.2012 ММВ-7-6/435@).
#[must_use]
pub fn inn(text: &str) -> bool {
    let Some(digits) = digits::<12>(text) else {
        return digits::<10>(text)
            .is_some_and(|digits| weighted(&digits[..9], &[2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10 == digits[9]);
    };
    weighted(&digits[..10], &[7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10 == digits[10]
        && weighted(&digits[..11], &[3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10 == digits[11]
}

/// Whether the check number of a SNILS of 11 digits fits; numbers up to 001-001-998 carry none.
#[must_use]
pub fn snils(text: &str) -> bool {
    let Some(digits) = digits::<11>(text) else { return false };
    let number = digits[..9].iter().fold(0, |number, digit| number * 10 + digit);
    let check = weighted(&digits[..9], &[9, 8, 7, 6, 5, 4, 3, 2, 1]) % 101 % 100;
    number <= 1_001_998 || check == digits[9] * 10 + digits[10]
}

/// Whether the check digit of an OGRN (13 digits) or OGRNIP (15 digits) fits.
#[must_use]
pub fn ogrn(text: &str) -> bool {
    let modulo = match text.len() {
        _ if !text.bytes().all(|byte| byte.is_ascii_digit()) => return false,
        13 => 11,
        15 => 13,
        _ => return false,
    };
    let (body, check) = text.split_at(text.len() - 1);
    match (body.parse::<u64>(), check.parse::<u64>()) {
        (Ok(body), Ok(check)) => body % modulo % 10 == check,
        (Err(_), _) | (_, Err(_)) => false,
    }
}

fn digits<const N: usize>(text: &str) -> Option<[u32; N]> {
    let bytes: &[u8; N] = text.as_bytes().try_into().ok()?;
    bytes.iter().all(u8::is_ascii_digit).then(|| bytes.map(|byte| u32::from(byte - b'0')))
}

fn weighted(digits: &[u32], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fitting_numbers_pass() {
        assert!(
            inn("9900000017") && inn("990000000115") && snils("11223344595") && ogrn("1029900000019") && ogrn("315990000000015")
        );
    }

    #[test]
    fn one_wrong_digit_is_found() {
        for number in ["9900000017", "990000000115"] {
            for place in 0..number.len() {
                let mut wrong = number.as_bytes().to_vec();
                wrong[place] = b'0' + (wrong[place] - b'0' + 1) % 10;
                assert!(!inn(std::str::from_utf8(&wrong).unwrap()), "digit {place} of {number}");
            }
        }
        assert!(!snils("11223344596") && !ogrn("1029900000018") && !ogrn("315990000000016"));
    }

    #[test]
    fn anything_but_digits_of_the_right_number_fails() {
        for text in ["1056 68-318Ж", "", "1", "abcdefghij", "99000000170", "١٢٣٤٥٦٧٨٩٠", "+99000000017"] {
            assert!(!inn(text) && !snils(text) && !ogrn(text), "{text}");
        }
    }
}
