//! What a header says by itself: a field, a part of a document or an address, or nothing that is known.
//! Knows the vocabulary, and nothing of operations or of neighbouring columns.

use std::sync::Arc;

use crate::contract::{find_words, vocabulary};
use crate::model::text::fold;

/// What a header says by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    Field {
        name: &'static str,
        confidence: u8,
    },
    /// May mean this field, or something else.
    UnclearField {
        name: &'static str,
    },
    Part(Part),
    /// May mean one of these parts, or something else.
    UnclearPart {
        whose: Whose,
        parts: Vec<&'static str>,
    },
    Ignored,
    Nothing,
    /// A header of the contract's own, with the field as mappings write it.
    Own(String),
}

/// Whether an operation takes a field (`gender`), a group (`phones`) or a part (`addresses[].country`) that is rare.
pub(super) type Takes<'t> = &'t dyn Fn(&str) -> bool;

/// A part of a document or an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) whose: Whose,
    pub(super) name: &'static str,
    /// Whether more than a word that other things have too (`номер`) says so.
    pub(super) sure: bool,
}

/// Which document or address a header speaks of, as far as it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Whose {
    /// Index into the vocabulary's groups.
    pub(super) group: usize,
    /// Index into the group's kinds.
    pub(super) kind: Option<usize>,
    pub(super) number: Option<u32>,
}

impl Whose {
    /// Whether the header says nothing, so that its neighbours do.
    pub(super) fn is_bare(self) -> bool {
        self.kind.is_none() && self.number.is_none()
    }
}

/// Reads every header.
pub(super) fn read(columns: &[Arc<str>], takes: Takes<'_>) -> Vec<Reading> {
    columns
        .iter()
        .enumerate()
        .map(|(index, header)| read_header(&fold(without_repeat_number(header, columns.get(..index).unwrap_or_default())), takes))
        .collect()
}

/// Takes off the ` (2)` that the reader gave to a header because an equal one stands before it.
pub(super) fn without_repeat_number<'a>(header: &'a str, before: &[Arc<str>]) -> &'a str {
    let Some((base, number)) = header.strip_suffix(')').and_then(|rest| rest.rsplit_once(" (")) else { return header };
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    if is_number && before.iter().any(|other| **other == *base) { base } else { header }
}

fn read_header(folded: &str, takes: Takes<'_>) -> Reading {
    if folded.is_empty() {
        return Reading::Nothing;
    }
    let vocabulary = vocabulary();
    for field in vocabulary.fields.iter().filter(|field| !field.rare || takes(&field.name)) {
        if field.headers.iter().any(|header| header == folded) {
            return Reading::Field { name: &field.name, confidence: 100 };
        }
        if field.ambiguous.iter().any(|header| header == folded) {
            return Reading::UnclearField { name: &field.name };
        }
    }
    if vocabulary.ignored.headers.iter().any(|header| header == folded) {
        return Reading::Ignored;
    }
    if let Some(reading) = read_part(folded, takes) {
        return reading;
    }
    let nearest = vocabulary
        .fields
        .iter()
        .filter(|field| !field.rare || takes(&field.name))
        .flat_map(|field| field.headers.iter().map(move |header| (header, field)))
        .filter(|(header, _)| header.chars().count() > 4)
        .map(|(header, field)| (strsim::normalized_damerau_levenshtein(header, folded), field))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        // The percentage is of letters that agree.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        Some((likeness, field)) if likeness >= 0.8 => Reading::Field { name: &field.name, confidence: (likeness * 100.0) as u8 },
        Some(_) | None => Reading::Nothing,
    }
}

/// Whether a header surely names a part of a numbered document or address.
pub(super) fn is_numbered_part(folded: &str) -> bool {
    matches!(read_part(folded, &|_| false), Some(Reading::Part(Part { whose: Whose { number: Some(_), .. }, sure: true, .. })))
}

/// Reads a header as a part of a document or an address: kind and number are taken out, the rest names the part.
fn read_part(folded: &str, takes: Takes<'_>) -> Option<Reading> {
    let (rest, number) = take_number(folded);
    for (group, spec) in vocabulary().groups.iter().enumerate().filter(|(_, spec)| !spec.rare || takes(&spec.name)) {
        let exact = |text: &str| -> Option<&'static str> {
            let known = spec.parts.iter().filter(|part| !part.rare || takes(&format!("{}[].{}", spec.name, part.name)));
            known.into_iter().find(|part| part.headers.iter().any(|header| header == text)).map(|part| &*part.name)
        };
        let unclear = |text: &str| -> Vec<&'static str> {
            spec.parts.iter().filter(|part| part.ambiguous.iter().any(|word| word == text)).map(|part| &*part.name).collect()
        };
        let whose = Whose { group, kind: None, number };
        let parts = unclear(&rest);
        if !parts.is_empty() {
            return Some(Reading::UnclearPart { whose, parts });
        }
        let found = spec
            .kinds
            .iter()
            .enumerate()
            .flat_map(|(kind, spec)| spec.phrases.iter().map(move |phrase| (kind, phrase)))
            .filter_map(|(kind, phrase)| Some((kind, phrase.len(), find_words(&rest, phrase)?)))
            .max_by_key(|(_, length, _)| *length);
        if let Some((kind, _, range)) = found {
            let whose = Whose { kind: Some(kind), ..whose };
            let left = join_words(&format!("{} {}", &rest[..range.start], &rest[range.end..]));
            let parts = unclear(&left);
            if !parts.is_empty() {
                return Some(Reading::UnclearPart { whose, parts });
            }
            let name = match exact(&left) {
                Some(part) => part,
                None if left.is_empty() => whole(group, kind),
                None => continue,
            };
            return Some(Reading::Part(Part { whose, name, sure: !left.is_empty() }));
        }
        if let Some(name) = exact(&rest) {
            // One bare word (`номер`, `тип`) says little without a neighbour.
            let sure = rest.contains(' ') || !matches!(name, "number" | "type");
            return Some(Reading::Part(Part { whose, name, sure }));
        }
        let without_word = join_words(&rest.replace("документа", "").replace("документ", "").replace("document", ""));
        if without_word != rest
            && let Some(name) = exact(&without_word)
        {
            return Some(Reading::Part(Part { whose, name, sure: true }));
        }
    }
    None
}

/// What a header that names a kind and nothing else holds.
pub(super) fn whole(group: usize, kind: usize) -> &'static str {
    let Some(spec) = vocabulary().groups.get(group) else { return "text" };
    if spec.parts.iter().any(|part| part.name == "text") {
        "text"
    } else if spec.kinds.get(kind).is_some_and(|kind| kind.bare) {
        "series_and_number"
    } else {
        "number"
    }
}

fn join_words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Takes a number of one or two digits out: `документ 2 номер`.
pub(super) fn take_number(folded: &str) -> (String, Option<u32>) {
    let is_number = |word: &str| !word.is_empty() && word.len() <= 2 && word.bytes().all(|byte| byte.is_ascii_digit());
    let mut words: Vec<&str> = folded.split(' ').collect();
    // At the end, at the beginning, or within.
    let place = if words.last().is_some_and(|word| is_number(word)) {
        Some(words.len() - 1)
    } else {
        words.iter().position(|word| is_number(word))
    };
    let number = place.and_then(|place| words.remove(place).parse().ok());
    (words.join(" "), number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_readers_own_numbers_are_taken_off() {
        let before: Vec<Arc<str>> = vec!["Дата выдачи".into(), "Телефон".into()];
        assert_eq!(without_repeat_number("Дата выдачи (2)", &before), "Дата выдачи");
        assert_eq!(without_repeat_number("Дата выдачи (12)", &before), "Дата выдачи");
        assert_eq!(without_repeat_number("Серия (2)", &before), "Серия (2)");
        assert_eq!(without_repeat_number("Телефон (моб.)", &before), "Телефон (моб.)");
        assert_eq!(without_repeat_number("Телефон ()", &before), "Телефон ()");
    }

    #[test]
    fn numbers_are_found_at_the_end_at_the_beginning_and_within() {
        assert_eq!(take_number("документ 2 номер"), ("документ номер".to_owned(), Some(2)));
        assert_eq!(take_number("2 документ"), ("документ".to_owned(), Some(2)));
        assert_eq!(take_number("серия 1 документ 2"), ("серия 1 документ".to_owned(), Some(2)));
        assert_eq!(take_number("номер 2024"), ("номер 2024".to_owned(), None));
    }

    #[test]
    fn words_that_may_mean_other_things_are_unclear_with_a_kind_too() {
        let unclear = |header: &str| match read_header(&fold(header), &|_| false) {
            Reading::UnclearPart { parts, .. } => parts,
            other => panic!("{header}: {other:?}"),
        };
        assert_eq!(unclear("Выдан"), ["issue_date", "issuer"]);
        assert_eq!(unclear("Паспорт выдан"), ["issue_date", "issuer"]);
        assert_eq!(unclear("Подразделение"), ["division_code"]);
        assert_eq!(unclear("Данные"), ["series_and_number"]);
        assert_eq!(unclear("Вид"), ["type"]);
        assert_eq!(unclear("Документ"), ["type", "series_and_number"]);
        assert_eq!(unclear("Адрес"), ["text"]);
        assert!(matches!(read_header("документ 2 вид", &|_| false), Reading::Part(Part { name: "type", sure: true, .. })));
    }
}
