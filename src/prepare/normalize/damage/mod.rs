//! What spreadsheets do to identifiers: scientific notation, lost digits, error cells. Judges no value that is whole.

mod habit;

pub use habit::{Habit, HabitEvidence};

use super::text::trim;
use super::{CellFault, Parsed};
use crate::model::{CellKind, Code, Wording};

/// Whole numbers from here on are not exact in a spreadsheet.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// What a spreadsheet did to a cell that should hold an identifier: a phone, a number of a register or of a document.
#[must_use]
pub fn check(text: &str, kind: CellKind) -> Option<CellFault> {
    match kind {
        CellKind::Text => is_scientific(text).then(|| CellFault::new(Code::CellScientific, Wording::ScientificText)),
        CellKind::Number(number) => check_number(text, number),
        CellKind::Date(_) => Some(CellFault::new(Code::CellNotText, Wording::DateNotNumber)),
        CellKind::Bool(_) => Some(CellFault::new(Code::CellNotText, Wording::TruthNotNumber)),
        CellKind::Error | CellKind::FormulaWithoutValue => check_kind(kind),
    }
}

/// What makes a cell of any column unusable: an error, or a formula without its value.
#[must_use]
pub fn check_kind(kind: CellKind) -> Option<CellFault> {
    match kind {
        CellKind::Error => Some(CellFault::new(Code::CellError, Wording::ErrorInPlace)),
        CellKind::FormulaWithoutValue => Some(CellFault::new(Code::CellFormulaWithoutValue, Wording::FormulaOnly)),
        CellKind::Text | CellKind::Number(_) | CellKind::Date(_) | CellKind::Bool(_) => None,
    }
}

/// What spreadsheet programs show in place of a value, in English and Russian; `####` stands for a value that did not fit.
#[must_use]
pub fn is_error_word(cell: &str) -> bool {
    const WORDS: [&str; 25] = [
        "#REF!",
        "#N/A",
        "#VALUE!",
        "#NAME?",
        "#DIV/0!",
        "#NUM!",
        "#NULL!",
        "#SPILL!",
        "#CALC!",
        "#GETTING_DATA",
        "#ССЫЛКА!",
        "#Н/Д",
        "#ЗНАЧ!",
        "#ИМЯ?",
        "#ДЕЛ/0!",
        "#ЧИСЛО!",
        "#ПУСТО!",
        "#ПЕРЕНОС!",
        "#ERROR!",
        "#FIELD!",
        "#BLOCKED!",
        "#CONNECT!",
        "#UNKNOWN!",
        "#BUSY!",
        "#ПОЛЕ!",
    ];
    let cell = cell.trim();
    if let Some(number) = cell.strip_prefix("Err:") {
        // LibreOffice.
        return number.len() == 3 && number.bytes().all(|byte| byte.is_ascii_digit());
    }
    cell.starts_with('#') && (WORDS.contains(&cell) || cell.len() > 1 && cell.bytes().all(|byte| byte == b'#'))
}

/// [`check_kind`] as a result, for use with `?`.
pub(super) fn refuse_kind(kind: CellKind) -> Parsed<()> {
    check_kind(kind).map_or(Ok(()), Err)
}

fn check_number(text: &str, number: f64) -> Option<CellFault> {
    let digits = || text.bytes().filter(u8::is_ascii_digit).count();
    if is_scientific(text) {
        return Some(CellFault::new(Code::CellScientific, Wording::ScientificNumber));
    }
    if !number.is_finite() || number.abs() >= EXACT_MAX {
        return Some(CellFault::new(Code::CellDigitsLost, Wording::BeyondKept));
    }
    if number.fract() != 0.0 {
        return Some(CellFault::new(Code::NumberLetters, Wording::HasFraction));
    }
    if number < 0.0 {
        return Some(CellFault::new(Code::NumberLetters, Wording::BelowZero));
    }
    // Sixteen digits fit a spreadsheet's binary form, but it writes zeros for those after the fifteenth.
    if digits() >= 16 && trim(text).ends_with('0') {
        return Some(CellFault::new(Code::CellDigitsLost, Wording::ZeroBeyondKept.with([digits().into()])));
    }
    None
}

/// Whether the text is a number in scientific notation, `7,9E+10` or `7.9e10`; the Cyrillic Е counts too.
pub(super) fn is_scientific(text: &str) -> bool {
    if !text.contains(['e', 'E', 'е', 'Е']) {
        return false;
    }
    let unsigned = trim(text).trim_start_matches(['+', '-', '\'']);
    let Some((mantissa, exponent)) = unsigned.split_once(['e', 'E', 'е', 'Е']) else { return false };
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once([',', '.']).map_or((mantissa, None), |(whole, rest)| (whole, Some(rest)));
    all_digits(whole) && fraction.is_none_or(all_digits) && all_digits(exponent)
}

/// The digits without the empty fraction that other programs put behind whole numbers: `7707083893.0`.
pub(super) fn integer_part(text: &str) -> &str {
    [".0", ",0", ".00", ",00"]
        .iter()
        .find_map(|fraction| text.strip_suffix(fraction))
        .filter(|whole| whole.len() <= 15 && !whole.is_empty() && whole.bytes().all(|byte| byte.is_ascii_digit()))
        .unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDateTime;

    fn code(text: &str, kind: CellKind) -> Option<Code> {
        check(text, kind).map(|fault| fault.code)
    }

    #[test]
    fn scientific_notation_is_damage() {
        for text in ["7,9E+10", "7.9E10", " 7,9e+10 ", "8,91612E+10", "1E+12", "7,9Е+10", "'7,9E+10"] {
            assert_eq!(code(text, CellKind::Text), Some(Code::CellScientific), "{text}");
        }
        for text in ["79001234567", "E10", "12E", "1.2.3E5", "восемь", "AB12E5", "", "8900E1x"] {
            assert_eq!(code(text, CellKind::Text), None, "{text}");
        }
        assert_eq!(code("7.9E+10", CellKind::Number(7.9e10)), Some(Code::CellScientific));
    }

    #[test]
    fn numbers_must_be_whole_and_exact() {
        assert_eq!(code("79001234567", CellKind::Number(79_001_234_567.0)), None);
        assert_eq!(code("0012345678", CellKind::Number(12_345_678.0)), None);
        assert_eq!(code("12345678901234567000", CellKind::Number(1.234_567_890_123_456_7e19)), Some(Code::CellDigitsLost));
        assert_eq!(code("4509123456789010", CellKind::Number(4_509_123_456_789_010.0)), Some(Code::CellDigitsLost));
        assert_eq!(code("9007199254740992", CellKind::Number(EXACT_MAX)), Some(Code::CellDigitsLost));
        assert_eq!(code("NaN", CellKind::Number(f64::NAN)), Some(Code::CellDigitsLost));
        assert_eq!(code("12.5", CellKind::Number(12.5)), Some(Code::NumberLetters));
        assert_eq!(code("-12", CellKind::Number(-12.0)), Some(Code::NumberLetters));
    }

    #[test]
    fn other_kinds_are_no_identifiers() {
        assert_eq!(code("#REF!", CellKind::Error), Some(Code::CellError));
        assert_eq!(code("", CellKind::FormulaWithoutValue), Some(Code::CellFormulaWithoutValue));
        assert_eq!(code("1980-02-01", CellKind::Date(NaiveDateTime::default())), Some(Code::CellNotText));
        assert_eq!(code("TRUE", CellKind::Bool(true)), Some(Code::CellNotText));
    }

    #[test]
    fn an_empty_fraction_is_no_part_of_the_number() {
        assert_eq!(integer_part("7707083893.0"), "7707083893");
        assert_eq!(integer_part("7707083893,00"), "7707083893");
        for whole in ["7707083893", "12.05", ".0", "1.1.0", "1234567890123456.0"] {
            assert_eq!(integer_part(whole), whole);
        }
    }
}
