//! What the causes have to know about fields, so that a fault can be told without a client and mended by the mapping. Reads no contract.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::model::text::fold;

/// How alike a found word and a known one have to be, so that the known one was surely meant.
const ALIKE: f64 = 0.75;
/// How much better the nearest word has to be than the nearest one with another meaning.
const CLEARLY: f64 = 0.05;
/// Shorter words are alike by chance.
const WORD_CHARS_MIN: usize = 3;

/// What is known about one field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldFacts {
    /// Names under which a mapping may speak of it.
    pub names: Vec<String>,
    /// Whether its values say nothing about a person: entries of closed lists and of books.
    pub is_shown: bool,
    /// What people write for its values, folded, and the word to write in a mapping for it.
    pub words: Arc<Vec<(String, String)>>,
}

impl FieldFacts {
    /// The known word that was surely meant.
    #[must_use]
    pub fn nearest(&self, found: &str) -> Option<&str> {
        let wanted = fold(found);
        let length = wanted.chars().count();
        if length < WORD_CHARS_MIN {
            return None;
        }
        // Words of other lengths cannot be alike; comparing them takes its time in lists of thousands.
        let may_be_alike = |word: &str| {
            let chars = word.chars().count();
            chars >= WORD_CHARS_MIN && chars.abs_diff(length) * 4 <= chars.max(length)
        };
        let (mut best, mut other): (Option<(f64, &str)>, f64) = (None, 0.0);
        for (word, say) in self.words.iter().filter(|(word, _)| may_be_alike(word)) {
            let likeness = strsim::normalized_damerau_levenshtein(&wanted, word);
            match best {
                Some((most, meant)) if meant == say => best = Some((most.max(likeness), meant)),
                Some((most, _)) if likeness <= most => other = other.max(likeness),
                Some((most, _)) => {
                    other = most;
                    best = Some((likeness, say));
                }
                None => best = Some((likeness, say)),
            }
        }
        best.filter(|(most, _)| *most >= ALIKE && most - other >= CLEARLY).map(|(_, say)| say)
    }
}

/// What is known about the fields of a run and its mapping.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// By name, items without their number: `documents[].series`.
    pub fields: HashMap<String, FieldFacts>,
    /// Columns that the mapping leaves out, with the fields that their headers mean.
    pub unmapped: Vec<(String, String)>,
    /// The mapping's `[formats]`.
    pub formats: BTreeMap<String, String>,
}

impl Facts {
    /// What is known about a field.
    #[must_use]
    pub fn of(&self, field: &str) -> Option<&FieldFacts> {
        self.fields.get(field).or_else(|| self.fields.get(&general(field)))
    }

    /// The name of a column that the mapping leaves out, and that by its header is this field.
    pub(super) fn unmapped(&self, field: &str) -> Option<&str> {
        let names = self.of(field).map_or(&[][..], |facts| &facts.names);
        let is_meant = |meant: &str| meant == field || names.iter().any(|name| *name == general(meant));
        self.unmapped.iter().find(|(_, meant)| is_meant(meant)).map(|(column, _)| column.as_str())
    }

    /// The mapping's format for a field, by any of its names.
    pub(super) fn format(&self, field: &str) -> Option<&str> {
        let general = general(field);
        let names = self.of(field).map_or(&[][..], |facts| &facts.names);
        let mut names = [field, &general].into_iter().chain(names.iter().map(String::as_str));
        names.find_map(|name| self.formats.get(name)).map(String::as_str)
    }
}

/// The field without the number of its item: `documents[].series`.
fn general(field: &str) -> String {
    match field.split_once('[').and_then(|(list, rest)| Some((list, rest.split_once("].")?))) {
        Some((list, (number, part))) if number.bytes().all(|byte| byte.is_ascii_digit()) => format!("{list}[].{part}"),
        Some(_) | None => field.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn branches(words: &[(&str, &str)]) -> FieldFacts {
        let words = words.iter().map(|(word, say)| (fold(word), (*say).to_owned())).collect();
        FieldFacts { words: Arc::new(words), ..FieldFacts::default() }
    }

    #[test]
    fn only_what_was_surely_meant_is_named() {
        let facts = branches(&[("Head Office", "Head Office"), ("HO", "Head Office"), ("North", "North"), ("South", "South")]);
        assert_eq!(facts.nearest("Head Ofice"), Some("Head Office"));
        assert_eq!(facts.nearest(" head-OFFISE "), Some("Head Office"));
        assert_eq!(facts.nearest("Nouth"), None);
        assert_eq!(facts.nearest("xyz"), None);
        assert_eq!(facts.nearest("H"), None);
        assert_eq!(FieldFacts::default().nearest("Head Office"), None);
    }

    #[test]
    fn items_are_known_without_their_number() {
        let mut facts = Facts::default();
        facts.fields.insert("documents[].type".to_owned(), branches(&[]));
        assert!(facts.of("documents[3].type").is_some() && facts.of("documents[].type").is_some());
        assert!(facts.of("documents[x].type").is_none());
    }
}
