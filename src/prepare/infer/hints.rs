//! Headers that are no known ones and yet speak of something known: `Телефон (моб.)`, `Адрес эл. почты`.
//! Finds what they speak of; whether that is worth a question is for the caller to say.

use super::reading::{Takes, Whose, take_number, whole};
use crate::contract::vocabulary;

/// What a header seems to speak of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    Field(&'static str),
    Part(Whose, &'static str),
}

/// Shorter words stand for too many things: `г`, `др`, `no`.
const LETTERS_MIN: usize = 3;

/// `№ клиента` without its sign, which says whose a thing is and not what.
const WHOSE: &str = "клиента";

/// What a header seems to speak of, that of most letters first.
pub(super) fn find(folded: &str, takes: Takes<'_>) -> Vec<Hint> {
    let (rest, number) = take_number(folded);
    let words: Vec<&str> = rest.split(' ').collect();
    let letters = |phrase: &String| {
        let length = phrase.chars().count();
        (length >= LETTERS_MIN && phrase != WHOSE && speaks_of(&words, phrase)).then_some(length)
    };
    let longest = |phrases: &[String]| phrases.iter().filter_map(letters).max();
    let mut hints: Vec<(usize, Hint)> = Vec::new();
    for field in vocabulary().fields.iter().filter(|field| !field.rare || takes(&field.name)) {
        hints.extend(longest(&field.headers).map(|length| (length, Hint::Field(&field.name))));
    }
    for (group, spec) in vocabulary().groups.iter().enumerate().filter(|(_, spec)| !spec.rare) {
        // The words for types mean the types of anything.
        let parts = spec.parts.iter().filter(|part| part.name != "type" && !part.rare);
        let part = parts
            .filter_map(|part| {
                let ambiguous = if part.name == "text" { part.ambiguous.as_slice() } else { &[] };
                Some((longest(&part.headers).max(longest(ambiguous))?, &*part.name))
            })
            .max();
        let kinds = spec.kinds.iter().enumerate();
        let kind = kinds.filter_map(|(index, kind)| Some((longest(&kind.phrases)?, index))).max().map(|(_, kind)| kind);
        let whose = Whose { group, kind, number };
        match (kind, part) {
            (Some(_) | None, Some((length, part))) => hints.push((length, Hint::Part(whose, part))),
            // A kind alone is rather what something else stands in: `Фамилия (по паспорту)`.
            (Some(kind), None) => hints.push((0, Hint::Part(whose, whole(group, kind)))),
            (None, None) => {}
        }
    }
    hints.sort_by_key(|(length, _)| std::cmp::Reverse(*length));
    hints.into_iter().map(|(_, hint)| hint).collect()
}

/// Whether the words of a phrase stand in a row among others, whatever their endings.
fn speaks_of(words: &[&str], phrase: &str) -> bool {
    let phrase: Vec<&str> = phrase.split(' ').collect();
    words.windows(phrase.len()).any(|window| window.iter().zip(&phrase).all(|(one, other)| is_same_word(one, other)))
}

/// Equal but for an ending of two letters: `почта`, `почты`.
fn is_same_word(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let common = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let (one, other) = (one.chars().count(), other.chars().count());
    one.min(other) >= 4 && common >= 3 && one - common <= 2 && other - common <= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_do_not_matter_and_short_words_do() {
        assert!(is_same_word("почта", "почты") && is_same_word("паспорта", "паспорт") && is_same_word("тел", "тел"));
        assert!(!is_same_word("тел", "тело") && !is_same_word("почта", "почтовый") && !is_same_word("серия", "серверная"));
    }

    #[test]
    fn the_longest_known_phrase_comes_first() {
        assert_eq!(find("адрес эл почты", &|_| false).first(), Some(&Hint::Field("email")));
        assert_eq!(find("телефон моб", &|_| false).first(), Some(&Hint::Field("phone")));
        assert!(matches!(find("скан паспорта", &|_| false).first(), Some(Hint::Part(_, "series_and_number"))));
        assert!(matches!(
            find("паспорт кем выдан орган", &|_| false).first(),
            Some(Hint::Part(Whose { kind: Some(_), .. }, "issuer"))
        ));
        assert_eq!(find("e mail клиента", &|_| false), [Hint::Field("email")]);
        assert_eq!(find("фамилия по паспорту", &|_| false).first(), Some(&Hint::Field("last_name")));
        assert!(find("ответственный", &|_| false).is_empty());
    }
}
