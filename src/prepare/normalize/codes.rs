//! Several codes in one cell, as a JSON list. Knows the words of no enumeration: the caller does.

use super::text::{self, trim};
use super::{CellFault, Parsed};
use crate::contract::Codes;
use crate::model::{Code, Wording};

/// The codes of a cell that separates them by semicolons, commas or line breaks, each once. Without `codes` any text is one.
pub fn parse(cell: &str, codes: Option<&Codes>) -> Parsed<String> {
    let mut found: Vec<String> = Vec::new();
    let mut add = |word: &str| -> Parsed<bool> {
        let written = match codes {
            None => quoted(&text::parse_one_line(word)?),
            Some(codes) => match codes.find_code(word) {
                Some(code) if code.is_quoted => quoted(code.text),
                Some(code) => code.text.to_owned(),
                None => return Ok(false),
            },
        };
        if !found.contains(&written) {
            found.push(written);
        }
        Ok(true)
    };
    for part in cell.split([';', '\n', '\r']).map(trim).filter(|part| !part.is_empty()) {
        // A label may hold a comma itself.
        if codes.is_some() && add(part)? {
            continue;
        }
        for word in part.split(',').map(trim).filter(|word| !word.is_empty()) {
            if !add(word)? {
                return Err(unknown(codes, word));
            }
        }
    }
    if found.is_empty() { Err(CellFault::empty()) } else { Ok(format!("[{}]", found.join(","))) }
}

fn unknown(codes: Option<&Codes>, word: &str) -> CellFault {
    let allowed = codes.map_or_else(|| Wording::Nothing.into(), |codes| codes.for_people_who_wrote(word));
    CellFault::new(Code::ValueNotAllowed, Wording::WordNotOneOf.with([allowed.into()]))
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Operation;
    use serde_json::json;

    #[test]
    fn words_become_codes_each_once() {
        let schema = json!({"type": "object", "properties": {"countries": {"type": "array", "items": {"enum": ["uk", "eea", 7]},
            "x-enum-labels": {"uk": ["Great Britain, all of it"], "eea": ["ЕЭЗ"]}}}});
        let operation = Operation::from_schema("acme/x", schema, &crate::contract::Facts::default()).unwrap();
        let codes = operation.leaves[0].codes.as_ref();
        assert_eq!(parse("UK; ЕЭЗ, uk\n7", codes).unwrap(), r#"["uk","eea",7]"#);
        assert_eq!(parse("Great Britain, all of it", codes).unwrap(), r#"["uk"]"#);
        assert_eq!(parse("uk, mars", codes).unwrap_err().code, Code::ValueNotAllowed);
        assert_eq!(parse(" ; ", codes).unwrap_err().code, Code::ValueMissing);
        assert_eq!(parse("a \"b\", c", None).unwrap(), r#"["a \"b\"","c"]"#);
    }
}
