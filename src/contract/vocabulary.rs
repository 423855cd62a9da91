//! The field vocabulary: names that are the same for every provider, and the headers under which people keep them.
//! Knows nothing of any provider.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::model::text::fold;

/// The whole vocabulary.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vocabulary {
    /// Fields that a client has once.
    #[serde(rename = "field")]
    pub fields: Vec<Field>,
    /// Headers that are left out without a question.
    pub ignored: Ignored,
    /// Things that a client has several of.
    #[serde(rename = "group")]
    pub groups: Vec<Group>,
}

/// A field that a client has once.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// The name mappings use.
    pub name: String,
    /// The name people read.
    pub title: String,
    /// Headers that mean this field and nothing else, folded.
    pub headers: Vec<String>,
    /// Headers that may mean this field, folded: a question to the user.
    #[serde(default)]
    pub ambiguous: Vec<String>,
    /// Read only for operations that take it: elsewhere its words mean other things, or nothing.
    #[serde(default)]
    pub rare: bool,
}

/// Headers of columns that no operation takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ignored {
    /// The headers, folded.
    pub headers: Vec<String>,
}

/// Something a client has several of: documents, addresses.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// `documents` in `documents[0].series`.
    pub name: String,
    /// The name people read.
    pub title: String,
    /// Its parts.
    #[serde(rename = "part")]
    pub parts: Vec<Field>,
    /// Kinds that a header can name.
    #[serde(rename = "kind", default)]
    pub kinds: Vec<Kind>,
    /// Read only for operations that take it.
    #[serde(default)]
    pub rare: bool,
}

/// A kind of document or address that a header can name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// The word that contracts translate to their own code.
    pub label: String,
    /// Whether the header leaves the type open, so that the contract's default decides.
    #[serde(default)]
    pub bare: bool,
    /// Words in headers, folded, longest first.
    pub phrases: Vec<String>,
}

static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| {
    // The file is part of the program and a test reads it, so an empty vocabulary is never seen outside a broken build.
    let mut vocabulary: Vocabulary = toml::from_str(include_str!("vocabulary.toml")).unwrap_or(Vocabulary {
        fields: Vec::new(),
        ignored: Ignored { headers: Vec::new() },
        groups: Vec::new(),
    });
    let fold_all = |headers: &mut Vec<String>| {
        for header in headers.iter_mut() {
            *header = fold(header);
        }
    };
    fold_all(&mut vocabulary.ignored.headers);
    for field in vocabulary.fields.iter_mut().chain(vocabulary.groups.iter_mut().flat_map(|group| &mut group.parts)) {
        fold_all(&mut field.headers);
        fold_all(&mut field.ambiguous);
        field.headers.push(fold(&field.name));
    }
    for kind in vocabulary.groups.iter_mut().flat_map(|group| &mut group.kinds) {
        fold_all(&mut kind.phrases);
        kind.phrases.sort_by_key(|phrase| std::cmp::Reverse(phrase.len()));
    }
    vocabulary
});

/// The vocabulary of this program.
#[must_use]
pub fn vocabulary() -> &'static Vocabulary {
    &VOCABULARY
}

impl Vocabulary {
    /// The field of this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The group of this name.
    #[must_use]
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.name == name)
    }

    /// Whether a cell is a header that the vocabulary knows, in whole or by the kind of document or address it speaks of.
    #[must_use]
    pub fn knows_header(&self, cell: &str) -> bool {
        let folded = fold(cell);
        if folded.is_empty() || folded.len() > 120 {
            return false;
        }
        let known = |field: &Field| field.headers.contains(&folded) || field.ambiguous.contains(&folded);
        self.fields.iter().any(known)
            || self.ignored.headers.contains(&folded)
            || self.groups.iter().any(|group| {
                group.parts.iter().any(known)
                    || group.kinds.iter().any(|kind| kind.phrases.iter().any(|phrase| find_words(&folded, phrase).is_some()))
            })
    }
}

/// Where `phrase` stands in `text` as whole words.
#[must_use]
pub fn find_words(text: &str, phrase: &str) -> Option<std::ops::Range<usize>> {
    let mut from = 0;
    while let Some(found) = text.get(from..).and_then(|rest| rest.find(phrase)) {
        let start = from + found;
        let end = start + phrase.len();
        let starts = start == 0 || text[..start].ends_with(' ');
        let ends = end == text.len() || text[end..].starts_with(' ');
        if starts && ends {
            return Some(start..end);
        }
        from = end;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn the_vocabulary_reads_and_no_header_means_two_fields() {
        assert!(vocabulary().fields.len() > 15 && vocabulary().groups.len() == 3);
        let mut seen: HashMap<&str, &str> = HashMap::new();
        for field in &vocabulary().fields {
            for header in field.headers.iter().chain(&field.ambiguous) {
                assert!(!header.is_empty(), "{}", field.name);
                if let Some(other) = seen.insert(header, &field.name) {
                    assert_eq!(other, field.name, "`{header}` means {other} and {}", field.name);
                }
            }
        }
    }

    #[test]
    fn phrases_are_found_as_whole_words() {
        assert_eq!(find_words("серия паспорта", "паспорта"), Some(11..27));
        assert_eq!(find_words("патентный номер", "патент"), None);
        assert!(vocabulary().knows_header("Миграционная карта №"));
        assert!(!vocabulary().knows_header("Иванов"));
    }
}
