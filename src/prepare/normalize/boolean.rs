//! Yes or no, in the words people write. An empty cell is no answer: only the mapping can make it one.

use super::text::{same_word, trim};
use super::{CellFault, Parsed, damage};
use crate::model::{CellKind, Code, Wording};

const YES: [&str; 7] = ["да", "yes", "y", "true", "истина", "1", "+"];
const NO: [&str; 8] = ["нет", "no", "n", "false", "ложь", "0", "-", "\u{2212}"];

/// Whether the cell says yes; `extra_true` are further words that mean yes in this column (case and ё aside).
pub fn parse(text: &str, kind: CellKind, extra_true: &[&str]) -> Parsed<bool> {
    damage::refuse_kind(kind)?;
    if let CellKind::Bool(answer) = kind {
        return Ok(answer);
    }
    let word = trim(text);
    if word.is_empty() {
        return Err(CellFault::empty());
    }
    // The words as nearly everybody writes them, before any folding.
    match word {
        "да" | "Да" | "ДА" | "yes" | "Yes" | "true" | "TRUE" | "1" => return Ok(true),
        "нет" | "Нет" | "НЕТ" | "no" | "No" | "false" | "FALSE" | "0" => return Ok(false),
        _ => {}
    }
    if YES.iter().chain(extra_true).any(|yes| same_word(word, yes)) {
        Ok(true)
    } else if NO.iter().any(|no| same_word(word, no)) {
        Ok(false)
    } else {
        Err(CellFault::new(Code::BooleanUnreadable, Wording::BooleanWords))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_yes_and_no() {
        for yes in ["да", " Да ", "YES", "y", "True", "ИСТИНА", "1", "+", "Самозанятый", "НПД"] {
            assert!(parse(yes, CellKind::Text, &["самозанятый", "НПД"]).unwrap(), "{yes}");
        }
        for no in ["нет", "No", "n", "false", "ЛОЖЬ", "0", "-"] {
            assert!(!parse(no, CellKind::Text, &[]).unwrap(), "{no}");
        }
        assert!(parse("TRUE", CellKind::Bool(true), &[]).unwrap());
        assert!(!parse("0", CellKind::Number(0.0), &[]).unwrap());
    }

    #[test]
    fn anything_else_is_a_fault() {
        for (text, kind, code) in [
            ("самозанятый", CellKind::Text, Code::BooleanUnreadable),
            ("x", CellKind::Text, Code::BooleanUnreadable),
            ("2", CellKind::Number(2.0), Code::BooleanUnreadable),
            ("", CellKind::Text, Code::ValueMissing),
            ("#N/A", CellKind::Error, Code::CellError),
        ] {
            assert_eq!(parse(text, kind, &[]).unwrap_err().code, code, "{text}");
        }
    }
}
