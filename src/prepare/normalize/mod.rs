//! Cells become typed values: pure functions, one file for each kind of value. Knows nothing about rows, mappings or providers.

pub mod boolean;
pub mod codes;
pub mod country;
pub mod damage;
pub mod date;
mod digits;
pub mod email;
pub mod identifier;
pub mod inn;
pub mod latin;
pub mod name;
pub mod north_america;
pub mod number;
pub mod ogrn;
pub mod passport;
pub mod phone;
pub mod reference;
pub mod snils;
pub mod text;

use crate::model::{Code, Fault, Message, Wording};

/// What is wrong with one cell, before field and column are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellFault {
    /// The stable code.
    pub code: Code,
    /// What was found and what was expected, in words that never repeat the value.
    pub message: Message,
}

/// A typed value, or what is wrong with the cell.
pub type Parsed<T> = Result<T, CellFault>;

impl CellFault {
    /// A fault with its message; the message must not repeat the value.
    #[must_use]
    pub fn new(code: Code, message: impl Into<Message>) -> Self {
        Self { code, message: message.into() }
    }

    /// The same as a fault of the row's cell `column`, with the found value beside it.
    #[must_use]
    pub fn in_cell(self, column: u16, found: &str) -> Fault {
        Fault::of_cell(self.code, column, found, self.message)
    }

    fn empty() -> Self {
        Self::new(Code::ValueMissing, Wording::CellIsEmpty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::check_digits;
    use crate::model::CellKind;
    use crate::model::Place;
    use chrono::NaiveDate;
    use proptest::prelude::*;

    fn no_echo<T>(found: &str, parsed: Parsed<T>) -> Result<(), TestCaseError> {
        // A letter that no message of ours contains stands for the client's data.
        if let Err(fault) = parsed {
            prop_assert!(!fault.message.to_string().contains('Ж') && !fault.message.is_empty(), "{found:?}: {}", fault.message);
        }
        Ok(())
    }

    fn cell() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<String>(),
            "[0-9 .,/+()eEЖ:T-]{0,24}",
            "[0-9]{1,4}[./ -][0-9]{1,3}[./ -][0-9]{1,5}( [0-9]{1,2}:[0-9]{2})?Ж?",
            "[Жа-яё a-z\u{ad}\u{200b}\u{a0}\u{301}-]{0,20}",
            "[a-zЖ.@\"+ -]{0,6}@[a-zЖ.-]{0,6}\\.[a-z]{0,3}",
        ]
    }

    fn kind() -> impl Strategy<Value = CellKind> {
        prop_oneof![
            Just(CellKind::Text),
            any::<f64>().prop_map(CellKind::Number),
            (-100i32..80_000).prop_map(|serial| CellKind::Number(f64::from(serial))),
            any::<bool>().prop_map(CellKind::Bool),
            Just(CellKind::Error),
            Just(CellKind::FormulaWithoutValue),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_500))]

        #[test]
        fn no_cell_makes_a_panic_and_no_message_repeats_it(found in cell(), kind in kind()) {
            let today = NaiveDate::from_ymd_opt(2026, 1, 1).expect("a day");
            no_echo(&found, text::parse(&found))?;
            no_echo(&found, text::parse_one_line(&found))?;
            no_echo(&found, name::parse(&found))?;
            no_echo(&found, name::split_full(&found))?;
            for pattern in ["DD.MM.YY", "MM/DD/YYYY | DD.MM.YY", "YYYY-MM-DD", "EXCEL", "EXCEL 1904"] {
                for short_years in [date::TwoDigitYear::Past { today }, date::TwoDigitYear::Birth { today }] {
                    let format = date::parse_pattern(pattern, short_years).expect("a pattern");
                    no_echo(&found, date::parse(&found, kind, &format))?;
                }
            }
            no_echo(&found, date::parse(&found, kind, &date::DateFormat::UNPROVEN))?;
            date::ColumnEvidence::default().observe(Place { sheet: 0, line: 2, ordinal: 0 }, &found, kind);
            for region in [Some("RU"), Some("US"), Some("??"), None] {
                no_echo(&found, phone::parse(&found, kind, region))?;
            }
            no_echo(&found, north_america::phone(&found, kind))?;
            no_echo(&found, north_america::postal_code(&found, kind))?;
            no_echo(&found, email::parse(&found))?;
            no_echo(&found, country::parse(&found))?;
            no_echo(&found, inn::parse(&found, kind, inn::Holder::Person))?;
            no_echo(&found, snils::parse(&found, kind))?;
            no_echo(&found, ogrn::parse(&found, kind, ogrn::Holder::Organisation))?;
            no_echo(&found, passport::series(&found, kind))?;
            no_echo(&found, passport::number(&found, kind))?;
            no_echo(&found, passport::series_and_number(&found, kind))?;
            no_echo(&found, passport::division(&found, kind))?;
            no_echo(&found, passport::document_number(&found, kind))?;
            no_echo(&found, number::integer(&found, kind))?;
            no_echo(&found, number::decimal(&found, kind))?;
            no_echo(&found, number::percent(&found, kind))?;
            no_echo(&found, codes::parse(&found, None))?;
            no_echo(&found, identifier::uuid(&found))?;
            no_echo(&found, identifier::token(&found, kind))?;
            no_echo(&found, identifier::nine_digits(&found, kind))?;
            no_echo(&found, identifier::snils_dashed(&found, kind))?;
            no_echo(&found, boolean::parse(&found, kind, &["самозанятый"]))?;
            let _ = (check_digits::inn(&found), check_digits::snils(&found), check_digits::ogrn(&found));
        }
    }
}
