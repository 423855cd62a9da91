//! OGRN, the number in the Russian state register: 13 digits of an organisation, 15 of an entrepreneur. Asks no register.

use super::digits::Digits;
use super::{CellFault, Parsed};
use crate::contract::check_digits;
use crate::model::{CellKind, Code, Wording};

/// Whose number it is, which settles its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// An organisation: OGRN of 13 digits.
    Organisation,
    /// An individual entrepreneur: OGRNIP of 15 digits.
    Entrepreneur,
}

impl Holder {
    /// How many digits the number has.
    #[must_use]
    pub fn digits(self) -> usize {
        match self {
            Self::Organisation => 13,
            Self::Entrepreneur => 15,
        }
    }

    /// The holder whose number has this many digits: 13 or 15.
    #[must_use]
    pub fn of_digits(digits: usize) -> Option<Self> {
        match digits {
            13 => Some(Self::Organisation),
            15 => Some(Self::Entrepreneur),
            _ => None,
        }
    }
}

/// The digits of an OGRN or OGRNIP whose check digit fits.
pub fn parse(text: &str, kind: CellKind, holder: Holder) -> Parsed<String> {
    let ogrn = parse_unchecked(text, kind, holder)?;
    if check_digits::ogrn(&ogrn) { Ok(ogrn) } else { Err(CellFault::new(Code::OgrnCheckDigit, Wording::LastDigit)) }
}

/// The digits of an OGRN or OGRNIP of the right length; its check digit is not looked at.
pub fn parse_unchecked(text: &str, kind: CellKind, holder: Holder) -> Parsed<String> {
    let digits = Digits::of_cell(text, kind)?;
    if digits.all_zeros() {
        return Err(CellFault::new(Code::NumberZeros, Wording::AllZeros.with([digits.count().into()])));
    }
    let wanted = holder.digits();
    digits.exactly(wanted).map(str::to_owned).ok_or_else(|| {
        let name = match holder {
            Holder::Organisation => Wording::OgrnOf,
            Holder::Entrepreneur => Wording::OgrnipOf,
        };
        CellFault::new(
            Code::OgrnLength,
            Wording::DigitsOf.with([digits.count().into(), name.into(), wanted.into(), Wording::Nothing.into()]),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_lengths_are_checked() {
        assert_eq!(parse("1029900000019", CellKind::Text, Holder::Organisation).unwrap(), "1029900000019");
        let entrepreneur = parse("315990000000015", CellKind::Number(315_990_000_000_015.0), Holder::Entrepreneur);
        assert_eq!(entrepreneur.unwrap(), "315990000000015");
        for (text, holder, code) in [
            ("1029900000010", Holder::Organisation, Code::OgrnCheckDigit),
            ("315990000000016", Holder::Entrepreneur, Code::OgrnCheckDigit),
            ("1029900000019", Holder::Entrepreneur, Code::OgrnLength),
            ("0000000000000", Holder::Organisation, Code::NumberZeros),
            ("3,1599E+14", Holder::Entrepreneur, Code::CellScientific),
            ("ОГРН 1029900000019", Holder::Organisation, Code::NumberLetters),
        ] {
            assert_eq!(parse(text, CellKind::Text, holder).unwrap_err().code, code, "{text}");
        }
        assert!(!check_digits::ogrn("") && !check_digits::ogrn("102990000001x"));
    }
}
