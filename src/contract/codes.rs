//! The codes of an enumeration and what people write for them. Knows no contract.

use std::cmp::Ordering;
use std::collections::HashMap;

use serde_json::Value;

use crate::model::text::fold;
use crate::model::{Message, Wording};

/// A list of codes that a person can read in one message.
const LISTED_MAX: usize = 12;
/// Codes of a longer list that are named.
const NEAREST: usize = 3;

/// The codes of an enumeration and what people write for them.
#[derive(Clone, Debug, Default)]
pub struct Codes {
    /// The codes as text, in the contract's order.
    pub codes: Vec<String>,
    /// For each code whether it is a JSON text, and no number or truth value.
    quoted: Vec<bool>,
    /// For each code the first word that people write for it.
    words: Vec<Option<String>>,
    by_word: HashMap<String, usize>,
}

/// One code of an enumeration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code<'a> {
    /// The code as text.
    pub text: &'a str,
    /// Whether it is a JSON text, and no number or truth value.
    pub is_quoted: bool,
}

impl Codes {
    /// The code that a word means; the code itself counts as a word for it.
    #[must_use]
    pub fn find(&self, word: &str) -> Option<&str> {
        self.find_code(word).map(|code| code.text)
    }

    /// The same, with the JSON type of the code.
    #[must_use]
    pub fn find_code(&self, word: &str) -> Option<Code<'_>> {
        let index = *self.by_word.get(&fold(word))?;
        Some(Code { text: self.codes.get(index)?, is_quoted: self.quoted.get(index).copied().unwrap_or(true) })
    }

    /// Every word that is understood, folded, with what people would write for it: the code, or the first word for a number.
    pub fn words(&self) -> impl Iterator<Item = (&str, &str)> {
        self.by_word.iter().filter_map(|(word, &index)| {
            let code = self.codes.get(index)?;
            let is_quoted = self.quoted.get(index).copied().unwrap_or(true);
            let label = self.words.get(index).and_then(Option::as_deref).filter(|_| !is_quoted);
            Some((word.as_str(), label.unwrap_or(code)))
        })
    }

    /// All codes for people: numbers, which say nothing, with a word for each.
    #[must_use]
    pub fn for_people(&self) -> String {
        let shown: Vec<String> = (0..self.codes.len()).filter_map(|index| self.shown(index)).collect();
        shown.join(", ")
    }

    /// The codes for a person who wrote something else: all of a short list, of a long one those that come nearest.
    #[must_use]
    pub fn for_people_who_wrote(&self, word: &str) -> Message {
        if self.codes.len() <= LISTED_MAX {
            let all = (0..self.codes.len()).filter_map(|index| self.shown(index));
            return Wording::CodesListed.with([all.collect()]);
        }
        let folded = fold(word);
        let mut likeness: Vec<f64> = vec![0.0; self.codes.len()];
        for (known, index) in &self.by_word {
            if let Some(best) = likeness.get_mut(*index) {
                *best = best.max(strsim::jaro_winkler(&folded, known));
            }
        }
        let mut order: Vec<usize> = (0..self.codes.len()).collect();
        order.sort_by(|one, other| likeness.get(*other).partial_cmp(&likeness.get(*one)).unwrap_or(Ordering::Equal));
        let near = order.into_iter().take(NEAREST).filter_map(|index| self.shown(index));
        Wording::CodesNearest.with([self.codes.len().into(), near.collect()])
    }

    /// A code for people, with a word for a number, which says nothing.
    fn shown(&self, index: usize) -> Option<String> {
        let code = self.codes.get(index)?;
        let is_quoted = self.quoted.get(index).copied().unwrap_or(true);
        Some(match self.words.get(index)? {
            Some(word) if !is_quoted => format!("{code} ({word})"),
            Some(_) | None => code.clone(),
        })
    }

    /// Reads `enum` or `const` of a schema; `None` where it has neither.
    pub(super) fn read(schema: &Value) -> Option<Self> {
        let values: Vec<&Value> = match (schema.get("enum"), schema.get("const")) {
            (Some(Value::Array(values)), _) => values.iter().filter(|value| !value.is_null()).collect(),
            (_, Some(value)) => vec![value],
            _ => return None,
        };
        let labels = schema.get("x-enum-labels");
        let mut read = Self::default();
        for value in values {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Number(_) | Value::Bool(_) => value.to_string(),
                // Nothing that one cell could say.
                Value::Null | Value::Array(_) | Value::Object(_) => continue,
            };
            // `1` and `"1"` are one code; the first form is the one to write.
            if read.codes.contains(&text) {
                continue;
            }
            let index = read.codes.len();
            read.by_word.insert(fold(&text), index);
            read.codes.push(text);
            read.quoted.push(value.is_string());
        }
        for (index, code) in read.codes.iter().enumerate() {
            let mut labels = labels.and_then(|labels| labels.get(code)).into_iter().flat_map(words).peekable();
            read.words.push(labels.peek().map(|&word| word.to_owned()));
            for word in labels {
                read.by_word.entry(fold(word)).or_insert(index);
            }
        }
        Some(read)
    }
}

/// Words as a list, or as lists by language.
pub(super) fn words(written: &Value) -> Vec<&str> {
    match written {
        Value::String(word) => vec![word],
        Value::Array(words) => words.iter().filter_map(Value::as_str).collect(),
        Value::Object(languages) => languages.values().flat_map(words).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn codes_are_texts_numbers_or_truth_values_and_labels_lists_or_by_language() {
        let schema = json!({"enum": [1, "1", "two", true, null], "x-enum-labels": {"1": ["male", "м"], "two": {"en": ["zwei"], "ru": ["два"]}}});
        let codes = Codes::read(&schema).unwrap();
        assert_eq!(codes.codes, ["1", "two", "true"]);
        assert_eq!(codes.find_code("Male"), Some(Code { text: "1", is_quoted: false }));
        assert_eq!(codes.find_code("два"), Some(Code { text: "two", is_quoted: true }));
        assert_eq!(codes.find("TRUE"), Some("true"));
        assert_eq!(codes.find("нет"), None);
        assert_eq!(codes.for_people(), "1 (male), two, true");
    }

    #[test]
    fn of_a_long_list_the_nearest_codes_are_named() {
        let many: Vec<String> = (0..40).map(|number| format!("sector_{number}")).chain(["agriculture".to_owned()]).collect();
        let codes = Codes::read(&json!({"enum": many})).unwrap();
        let told = codes.for_people_who_wrote("Agricultre").to_string();
        assert!(told.contains("41 codes") && told.contains("agriculture") && told.len() < 150, "{told}");
        let few = Codes::read(&json!({"enum": ["a", "b"]})).unwrap();
        assert_eq!(few.for_people_who_wrote("c").to_string(), "a, b");
    }
}
