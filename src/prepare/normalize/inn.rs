//! INN, the Russian taxpayer number: 10 digits of an organisation, 12 of a person. Does not ask any register whether it was issued.

use super::digits::Digits;
use super::{CellFault, Parsed};
use crate::contract::check_digits;
use crate::model::{CellKind, Code, Wording};

/// Whose INN it is, which settles its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// An organisation: 10 digits.
    Organisation,
    /// A person or an individual entrepreneur: 12 digits.
    Person,
}

impl Holder {
    /// How many digits the INN has.
    #[must_use]
    pub fn digits(self) -> usize {
        match self {
            Self::Organisation => 10,
            Self::Person => 12,
        }
    }

    /// The holder whose INN has this many digits: 10 or 12.
    #[must_use]
    pub fn of_digits(digits: usize) -> Option<Self> {
        match digits {
            10 => Some(Self::Organisation),
            12 => Some(Self::Person),
            _ => None,
        }
    }
}

/// The digits of an INN whose check digits fit.
pub fn parse(text: &str, kind: CellKind, holder: Holder) -> Parsed<String> {
    let inn = parse_unchecked(text, kind, holder)?;
    if check_digits::inn(&inn) { Ok(inn) } else { Err(CellFault::new(Code::InnCheckDigits, Wording::CheckDigits)) }
}

/// The digits of an INN of the right length; its check digits are not looked at.
pub fn parse_unchecked(text: &str, kind: CellKind, holder: Holder) -> Parsed<String> {
    let digits = Digits::of_cell(text, kind)?;
    if digits.all_zeros() {
        return Err(CellFault::new(Code::NumberZeros, Wording::AllZeros.with([digits.count().into()])));
    }
    let wanted = holder.digits();
    digits.exactly(wanted).map(str::to_owned).ok_or_else(|| {
        let whose = match holder {
            Holder::Organisation => Wording::InnOfOrganisation,
            Holder::Person => Wording::InnOfPerson,
        };
        let lost_zero = if digits.count() + 1 == wanted { Wording::LostZero } else { Wording::Nothing };
        CellFault::new(
            Code::InnLength,
            Wording::DigitsOf.with([digits.count().into(), whose.into(), wanted.into(), lost_zero.into()]),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str, kind: CellKind, holder: Holder) -> Code {
        parse(text, kind, holder).expect_err(text).code
    }

    #[test]
    fn good_numbers_come_through_as_digits() {
        assert_eq!(parse(" 9900 0000-0115 ", CellKind::Text, Holder::Person).unwrap(), "990000000115");
        assert_eq!(parse("9900000017", CellKind::Number(9_900_000_017.0), Holder::Organisation).unwrap(), "9900000017");
        assert_eq!(parse("9900000017.0", CellKind::Text, Holder::Organisation).unwrap(), "9900000017");
    }

    #[test]
    fn bad_numbers_name_what_is_wrong() {
        let text = CellKind::Text;
        assert_eq!(code("990000000116", text, Holder::Person), Code::InnCheckDigits);
        assert_eq!(code("9900000017", text, Holder::Person), Code::InnLength);
        assert_eq!(code("000000000000", text, Holder::Person), Code::NumberZeros);
        assert_eq!(code("99000000011О", text, Holder::Person), Code::NumberLetters);
        assert_eq!(code("9,9E+11", text, Holder::Person), Code::CellScientific);
        assert_eq!(code("  ", text, Holder::Person), Code::ValueMissing);
        assert_eq!(code("-990000000115", text, Holder::Person), Code::NumberLetters);
        let lost = parse("12345678901", CellKind::Number(12_345_678_901.0), Holder::Person).unwrap_err();
        assert_eq!((lost.code, lost.message.to_string().contains("leading zero")), (Code::InnLength, true));
    }
}
