//! Russian letters become Latin ones by ICAO Doc 9303, part 3, the table of Russian passports. Decides nothing about whether that may
//! be sent: who asks gets a proposal.
//!
//! <https://www.icao.int/publications/Documents/9303_p3_cons_en.pdf>

use std::borrow::Cow;

use super::text::{clean, is_dash, mixes_alphabets};
use super::{CellFault, Parsed};
use crate::model::{Code, Wording};

/// What a value is, and with it which signs may stand in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A person's name: Latin letters, full stop, apostrophe, blank, hyphen.
    Name,
    /// A line of an address: letters, digits and `./,()#-`.
    Line,
}

/// A value in Latin letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spelled<'t> {
    /// It was written in them.
    Latin(Cow<'t, str>),
    /// It was not; this is how the table spells it.
    Proposal(String),
}

impl Spelled<'_> {
    /// The same without the text that it was read from.
    #[must_use]
    pub fn into_owned(self) -> Spelled<'static> {
        match self {
            Self::Latin(text) => Spelled::Latin(Cow::Owned(text.into_owned())),
            Self::Proposal(text) => Spelled::Proposal(text),
        }
    }
}

/// Clean text in Latin letters. Dashes and apostrophes of print become those of typewriters in either case.
///
/// # Errors
/// Where a word mixes alphabets, has a letter that is neither Latin nor Russian, or a sign is left that such values do not have.
pub fn spell(text: &str, kind: Kind) -> Parsed<Spelled<'_>> {
    let substituted = substitute(text, kind);
    let words = || substituted.split(|ch: char| !ch.is_alphabetic()).filter(|word| !word.is_empty());
    if let Some(place) = words().position(mixes_alphabets) {
        let message = Wording::WordMixes.with([(place + 1).into()]);
        return Err(CellFault::new(Code::NameMixedAlphabets, message));
    }
    let is_known = |ch: char| ch.is_ascii() || !ch.is_alphabetic() || table(ch).is_some();
    if let Some(place) = words().position(|word| !word.chars().all(is_known)) {
        let message = Wording::StrangeLetters.with([(place + 1).into()]);
        return Err(CellFault::new(Code::NameNeedsLatin, message));
    }
    let spelled = if words().any(|word| word.chars().any(|ch| table(ch).is_some())) {
        // A sign or a letter that fell away may have left blanks alone.
        Spelled::Proposal(clean(&transliterate(&substituted)).into_owned())
    } else {
        Spelled::Latin(substituted)
    };
    let result: &str = match &spelled {
        Spelled::Latin(text) => text,
        Spelled::Proposal(text) => text,
    };
    let left = result.chars().filter(|&ch| !may_stand(ch, kind)).count();
    if left > 0 {
        let message = Wording::SignsNotTaken.with([left.into()]);
        return Err(CellFault::new(Code::ValueFormat, message));
    }
    if kind == Kind::Name && !result.chars().any(|ch| ch.is_ascii_alphabetic()) {
        return Err(CellFault::new(Code::NameNeedsLatin, Wording::NoLatinSpelling));
    }
    Ok(spelled)
}

/// Whether two spellings of one name differ, capitals aside.
#[must_use]
pub fn differ(one: &str, other: &str) -> bool {
    !one.eq_ignore_ascii_case(other)
}

fn may_stand(ch: char, kind: Kind) -> bool {
    match kind {
        Kind::Name => ch.is_ascii_alphabetic() || matches!(ch, '.' | '\'' | ' ' | '-'),
        Kind::Line => ch.is_ascii_alphanumeric() || matches!(ch, '.' | '/' | ',' | '(' | ')' | '#' | ' ' | '-'),
    }
}

/// Signs of print as their plain likenesses; in addresses quotation marks fall away and № is spelled.
fn substitute(text: &str, kind: Kind) -> Cow<'_, str> {
    let is_plain = |ch: char| ch.is_ascii_alphanumeric() || matches!(ch, ' ' | '-' | '.' | ',' | '/') || ch.is_alphabetic();
    if text.chars().all(is_plain) && !text.contains('\u{2bc}') && !text.contains('\u{2b9}') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    for ch in text.chars() {
        match (ch, kind) {
            (ch, _) if is_dash(ch) && ch != '\u{2015}' => plain.push('-'),
            ('\'' | '\u{2018}' | '\u{2019}' | '\u{2bc}' | '\u{2b9}' | '`' | '\u{b4}', Kind::Name) => plain.push('\''),
            ('\'' | '\u{2018}' | '\u{2019}' | '\u{2bc}' | '\u{2b9}' | '`' | '\u{b4}', Kind::Line)
            | ('"' | '«' | '»' | '\u{201a}'..='\u{201f}' | '\u{2039}' | '\u{203a}', Kind::Line) => {}
            ('№', Kind::Line) => plain.push_str("No."),
            (ch, _) => plain.push(ch),
        }
    }
    Cow::Owned(clean(&plain).into_owned())
}

fn transliterate(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut latin = String::with_capacity(text.len());
    for (place, &ch) in letters.iter().enumerate() {
        let Some(spelling) = table(ch) else {
            latin.push(ch);
            continue;
        };
        if !ch.is_uppercase() {
            latin.push_str(spelling);
            continue;
        }
        // A capital of several letters: its neighbour in the word tells whether the word stands in capitals.
        let letter = |at: Option<usize>| at.and_then(|at| letters.get(at)).copied().filter(|ch| ch.is_alphabetic());
        let neighbour = letter(place.checked_add(1)).or_else(|| letter(place.checked_sub(1)));
        let all = spelling.len() == 1 || neighbour.is_some_and(char::is_uppercase);
        for (index, ch) in spelling.chars().enumerate() {
            latin.push(if all || index == 0 { ch.to_ascii_uppercase() } else { ch });
        }
    }
    latin
}

/// The 33 Russian letters; Ь has no row in the document's table and falls away.
fn table(ch: char) -> Option<&'static str> {
    let small = ch.to_lowercase().next()?;
    Some(match small {
        'а' => "a",
        'б' => "b",
        'в' => "v",
        'г' => "g",
        'д' => "d",
        'е' | 'ё' | 'э' => "e",
        'ж' => "zh",
        'з' => "z",
        'и' | 'й' => "i",
        'к' => "k",
        'л' => "l",
        'м' => "m",
        'н' => "n",
        'о' => "o",
        'п' => "p",
        'р' => "r",
        'с' => "s",
        'т' => "t",
        'у' => "u",
        'ф' => "f",
        'х' => "kh",
        'ц' => "ts",
        'ч' => "ch",
        'ш' => "sh",
        'щ' => "shch",
        'ъ' => "ie",
        'ы' => "y",
        'ь' => "",
        'ю' => "iu",
        'я' => "ia",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prepare::normalize::text;
    use proptest::prelude::*;
    use serde_json::Value;

    fn spelled(found: &str, kind: Kind) -> Option<String> {
        match spell(&text::clean(found), kind) {
            Ok(Spelled::Latin(text)) => Some(text.into_owned()),
            Ok(Spelled::Proposal(text)) => Some(text),
            Err(_) => None,
        }
    }

    #[test]
    fn every_vector_is_spelled_as_the_passport_office_does() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/transliteration.json");
        let cases: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        assert!(cases.len() > 45);
        for case in &cases {
            let kind = if case["kind"] == "name" { Kind::Name } else { Kind::Line };
            assert_eq!(spelled(case["from"].as_str().unwrap(), kind).as_deref(), case["to"].as_str(), "{case}");
        }
    }

    #[test]
    fn capitals_follow_the_word() {
        for (found, wanted) in [
            ("Щ", "Shch"),
            ("АЩ", "ASHCH"),
            ("Щ-А", "Shch-A"),
            ("КОЖЕВНИКОВА-ЩЕПКИНА", "KOZHEVNIKOVA-SHCHEPKINA"),
            ("Ю. Ж.", "Iu. Zh."),
            ("ЖЮ", "ZHIU"),
        ] {
            assert_eq!(spelled(found, Kind::Name).as_deref(), Some(wanted), "{found}");
        }
    }

    #[test]
    fn what_was_latin_is_no_proposal() {
        assert_eq!(spell("O’Brien", Kind::Name), Ok(Spelled::Latin("O'Brien".into())));
        assert_eq!(spell("Иван", Kind::Name), Ok(Spelled::Proposal("Ivan".into())));
        assert_eq!(spell("Müller", Kind::Name).unwrap_err().code, Code::NameNeedsLatin);
        assert_eq!(spell("Ивaн", Kind::Name).unwrap_err().code, Code::NameMixedAlphabets);
        assert!(!differ("IVAN", "Ivan") && differ("Andrey", "Andrei"));
    }

    proptest! {
        #[test]
        fn whatever_comes_out_is_what_the_provider_takes(found in "[А-Яа-яЁёA-Za-z «»№’'–.,;0-9іü-]{0,24}") {
            for kind in [Kind::Name, Kind::Line] {
                if let Some(latin) = spelled(&found, kind) {
                    prop_assert!(latin.chars().all(|ch| may_stand(ch, kind)), "{found:?} {latin:?}");
                    // What is Latin is left alone.
                    prop_assert_eq!(spelled(&latin, kind), Some(latin.clone()));
                }
            }
        }
    }
}
