//! SNILS, the Russian insurance number of a person: 11 digits. Does not ask any register whether it was issued.

use super::digits::Digits;
use super::{CellFault, Parsed};
use crate::contract::check_digits;
use crate::model::{CellKind, Code, Wording};

/// The digits of a SNILS whose check digits fit.
pub fn parse(text: &str, kind: CellKind) -> Parsed<String> {
    let snils = parse_unchecked(text, kind)?;
    if check_digits::snils(&snils) { Ok(snils) } else { Err(CellFault::new(Code::SnilsCheckDigits, Wording::LastTwoDigits)) }
}

/// The digits of a SNILS of the right length; its check digits are not looked at.
pub fn parse_unchecked(text: &str, kind: CellKind) -> Parsed<String> {
    let digits = Digits::of_cell(text, kind)?;
    if digits.all_zeros() {
        return Err(CellFault::new(Code::NumberZeros, Wording::AllZeros.with([digits.count().into()])));
    }
    digits.exactly(11).map(str::to_owned).ok_or_else(|| {
        let lost_zero = if matches!(digits.count(), 9 | 10) { Wording::LostZeros } else { Wording::Nothing };
        CellFault::new(
            Code::SnilsLength,
            Wording::DigitsOf.with([digits.count().into(), Wording::SnilsOf.into(), 11_usize.into(), lost_zero.into()]),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_are_counted() {
        for good in ["112-233-445 95", "11223344595", "112 233 445 95"] {
            assert_eq!(parse(good, CellKind::Text).unwrap(), "11223344595");
        }
        assert_eq!(parse("11223344596", CellKind::Text).unwrap_err().code, Code::SnilsCheckDigits);
        // Sum 100 gives 00, sum 101 gives 00.
        assert!(check_digits::snils("08765430200") && !check_digits::snils("08765430201"));
        assert!(check_digits::snils("00100199877") && !check_digits::snils("00100199977"));
    }

    #[test]
    fn lengths_are_told() {
        let lost = parse("1223344595", CellKind::Number(1_223_344_595.0)).unwrap_err();
        assert_eq!((lost.code, lost.message.to_string().contains("zeros")), (Code::SnilsLength, true));
        assert_eq!(parse("000-000-000 00", CellKind::Text).unwrap_err().code, Code::NumberZeros);
        assert_eq!(parse("112-233-445-95 x", CellKind::Text).unwrap_err().code, Code::NumberLetters);
    }
}
