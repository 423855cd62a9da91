//! Identifiers that are taken as they stand: UUIDs, tokens, nine-digit numbers, dashed SNILS. Asks no register about any.

use super::digits::Digits;
use super::{CellFault, Parsed, damage, snils, text};
use crate::model::{CellKind, Code, Wording};

/// A UUID in its usual form: lower case, with hyphens.
pub fn uuid(cell: &str) -> Parsed<String> {
    let cell = text::clean(cell);
    if cell.is_empty() {
        return Err(CellFault::empty());
    }
    uuid::Uuid::parse_str(&cell).map(|uuid| uuid.to_string()).map_err(|_| CellFault::new(Code::ValueFormat, Wording::NoUuid))
}

/// A text without blanks, as it stands.
pub fn token(cell: &str, kind: CellKind) -> Parsed<String> {
    if let Some(fault) = damage::check(cell, kind).filter(|fault| fault.code != Code::NumberLetters) {
        return Err(fault);
    }
    let token = text::parse(cell)?;
    if token.chars().any(char::is_whitespace) {
        return Err(CellFault::new(Code::ValueFormat, Wording::HoldsBlanks));
    }
    Ok(token.into_owned())
}

/// Nine digits without punctuation: SSN, SIN, EIN.
pub fn nine_digits(cell: &str, kind: CellKind) -> Parsed<String> {
    let digits = Digits::of_cell(cell, kind)?;
    digits.exactly(9).map(str::to_owned).ok_or_else(|| {
        let lost_zero = if matches!(digits.count(), 7 | 8) { Wording::LostZeros } else { Wording::Nothing };
        CellFault::new(Code::ValueFormat, Wording::NotNineDigits.with([digits.count().into(), lost_zero.into()]))
    })
}

/// A SNILS as papers show it: `NNN-NNN-NNN NN`. Its check digits are not looked at.
pub fn snils_dashed(cell: &str, kind: CellKind) -> Parsed<String> {
    let digits = snils::parse_unchecked(cell, kind)?;
    let part = |range: std::ops::Range<usize>| digits.get(range).unwrap_or_default();
    Ok(format!("{}-{}-{} {}", part(0..3), part(3..6), part(6..9), part(9..11)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: CellKind = CellKind::Text;

    #[test]
    fn identifiers_lose_their_punctuation_and_nothing_else() {
        assert_eq!(uuid("{F4FCE315-9B7C-4302-989A-521BE9EC9BCA}").unwrap(), "f4fce315-9b7c-4302-989a-521be9ec9bca");
        assert_eq!(uuid("f4fce315").unwrap_err().code, Code::ValueFormat);
        assert_eq!(token(" tok_1-A ", TEXT).unwrap(), "tok_1-A");
        assert_eq!(token("tok 1", TEXT).unwrap_err().code, Code::ValueFormat);
        assert_eq!(nine_digits("123-45-6789", TEXT).unwrap(), "123456789");
        assert!(nine_digits("12345678", TEXT).unwrap_err().message.to_string().contains("zeros"));
        assert_eq!(snils_dashed("11223344595", TEXT).unwrap(), "112-233-445 95");
        assert_eq!(snils_dashed("112", TEXT).unwrap_err().code, Code::SnilsLength);
    }
}
