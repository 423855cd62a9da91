//! Text of any kind becomes clean text: trimmed, single blanks, composed letters. Changes no letter, no case and no punctuation.

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;

use super::{CellFault, Parsed};
use crate::model::{Code, Wording};

/// The text without blanks at the ends, with single blanks inside, without invisible marks, in Unicode form NFC.
/// Control characters other than blanks stay; [`parse`] refuses them.
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    let trimmed = trim(text);
    if is_plain(trimmed.as_bytes()) { Cow::Borrowed(trimmed) } else { clean_slowly(trimmed) }
}

/// [`clean`] text, or a fault when it is empty or holds control characters.
pub fn parse(text: &str) -> Parsed<Cow<'_, str>> {
    let trimmed = trim(text);
    if is_plain(trimmed.as_bytes()) {
        return if trimmed.is_empty() { Err(CellFault::empty()) } else { Ok(Cow::Borrowed(trimmed)) };
    }
    refuse_controls(clean_slowly(trimmed))
}

/// The text [`clean`], with line breaks turned to `, ` (to a blank where a comma or semicolon stands already).
#[must_use]
pub fn one_line(text: &str) -> Cow<'_, str> {
    let trimmed = trim(text);
    if !trimmed.contains(is_line_break) {
        return clean(trimmed);
    }
    let mut line = String::with_capacity(trimmed.len() + 8);
    for part in trimmed.split(is_line_break).map(trim).filter(|part| !part.is_empty()) {
        if !line.is_empty() {
            line.push_str(if line.ends_with([',', ';']) { " " } else { ", " });
        }
        line.push_str(part);
    }
    Cow::Owned(clean(&line).into_owned())
}

/// [`one_line`], or a fault when it is empty or holds control characters.
pub fn parse_one_line(text: &str) -> Parsed<Cow<'_, str>> {
    refuse_controls(one_line(text))
}

/// The text without blanks and invisible marks at its ends.
pub(super) fn trim(text: &str) -> &str {
    let ends_plain = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_graphic);
    if ends_plain(text.as_bytes().first()) && ends_plain(text.as_bytes().last()) {
        return text;
    }
    text.trim_matches(|ch: char| ch.is_whitespace() || is_invisible(ch))
}

/// Whether the character has no width and no meaning in the values that we carry: soft hyphen, zero-width marks,
/// direction marks (telephone address books leave them around numbers), byte order mark.
pub(super) fn is_invisible(ch: char) -> bool {
    matches!(ch, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Whether the character is one of the dashes that people type for a hyphen.
pub(super) fn is_dash(ch: char) -> bool {
    matches!(ch, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// Whether two texts are the same word: case and ё/е aside.
pub(super) fn same_word(one: &str, other: &str) -> bool {
    fn folded(text: &str) -> impl Iterator<Item = char> {
        text.chars().flat_map(char::to_lowercase).map(|ch| if ch == 'ё' { 'е' } else { ch })
    }
    one.len() <= other.len() * 4 && folded(one).eq(folded(other))
}

/// Whether Cyrillic and Latin letters stand side by side in the word.
pub(super) fn mixes_alphabets(word: &str) -> bool {
    if word.is_ascii() {
        return false;
    }
    let (mut cyrillic, mut latin) = (false, false);
    for ch in word.chars() {
        cyrillic |=
            matches!(ch, '\u{400}'..='\u{52f}' | '\u{1c80}'..='\u{1c8f}' | '\u{2de0}'..='\u{2dff}' | '\u{a640}'..='\u{a69f}');
        latin |= ch.is_ascii_alphabetic()
            || matches!(ch, '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' | '\u{ff21}'..='\u{ff3a}' | '\u{ff41}'..='\u{ff5a}')
                && ch.is_alphabetic();
    }
    cyrillic && latin
}

fn is_line_break(ch: char) -> bool {
    matches!(ch, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Whether trimmed text needs nothing: only characters that NFC keeps and that combine with nothing, only single blanks.
/// Knows ASCII, composed Latin and Cyrillic, usual punctuation; says no to everything else.
fn is_plain(bytes: &[u8]) -> bool {
    let mut blank = false;
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        let was_blank = std::mem::replace(&mut blank, false);
        rest = match (first, tail) {
            (0x21..=0x7e, _) => tail,
            (b' ', _) if !was_blank => {
                blank = true;
                tail
            }
            // U+00C0..U+024F, U+0400..U+047F
            (0xc3..=0xc9 | 0xd0 | 0xd1, [_, tail @ ..]) => tail,
            // U+048A..U+04BF (combining marks stand before them), U+04C0..U+04FF
            (0xd2, [0x8a..=0xbf, tail @ ..]) | (0xd3, [_, tail @ ..]) => tail,
            // « »
            (0xc2, [0xab | 0xbb, tail @ ..]) => tail,
            // – — ‘ ’ “ ” „ and №
            (0xe2, [0x80, 0x93 | 0x94 | 0x98 | 0x99 | 0x9c..=0x9e, tail @ ..]) | (0xe2, [0x84, 0x96, tail @ ..]) => tail,
            (0x00..=0xff, _) => return false,
        };
    }
    true
}

fn clean_slowly(trimmed: &str) -> Cow<'_, str> {
    let mut clean = String::with_capacity(trimmed.len());
    let mut blank = false;
    for ch in trimmed.chars().filter(|&ch| !is_invisible(ch)) {
        if ch.is_whitespace() {
            blank = true;
            continue;
        }
        if std::mem::take(&mut blank) && !clean.is_empty() {
            clean.push(' ');
        }
        clean.push(ch);
    }
    let composed = match ComposingNormalizerBorrowed::new_nfc().normalize(&clean) {
        Cow::Borrowed(_) => None,
        Cow::Owned(composed) => Some(composed),
    };
    match composed.unwrap_or(clean) {
        same if same == trimmed => Cow::Borrowed(trimmed),
        changed => Cow::Owned(changed),
    }
}

fn refuse_controls(text: Cow<'_, str>) -> Parsed<Cow<'_, str>> {
    if text.is_empty() {
        return Err(CellFault::empty());
    }
    let controls = text.chars().filter(|ch| ch.is_control()).count();
    if controls > 0 {
        return Err(CellFault::new(Code::ValueControlCharacters, Wording::ControlCharacters.with([controls.into()])));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn blanks_and_invisible_marks_go() {
        for (found, wanted) in [
            ("  Анна \u{a0} Мария\t", "Анна Мария"),
            ("\u{feff}Иванов\u{200b}", "Иванов"),
            ("Ива\u{ad}нов", "Иванов"),
            ("a\r\n b", "a b"),
            ("и\u{306}", "й"),
            ("Müller  – № 5", "Müller – № 5"),
            ("", ""),
            (" \u{200b} ", ""),
            ("a \u{ad} b", "a b"),
            ("№ Ⅳ", "№ Ⅳ"),
        ] {
            assert_eq!(clean(found), wanted, "{found:?}");
        }
        assert!(matches!(clean(" О’Нил-Ёлкина "), Cow::Borrowed("О’Нил-Ёлкина")));
    }

    #[test]
    fn control_characters_are_refused_and_not_removed() {
        assert_eq!(parse("a\u{0}b").unwrap_err().code, Code::ValueControlCharacters);
        assert_eq!(parse("a\u{7f}").unwrap_err().code, Code::ValueControlCharacters);
        assert_eq!(parse("\u{9f}а").unwrap_err().code, Code::ValueControlCharacters);
        assert_eq!(parse_one_line("a\n\u{1b}b").unwrap_err().code, Code::ValueControlCharacters);
        assert_eq!(parse("\u{a0}").unwrap_err().code, Code::ValueMissing);
        assert_eq!(parse("a\tb").unwrap(), "a b");
    }

    #[test]
    fn line_breaks_become_commas() {
        assert_eq!(one_line("123456\r\nМосква\n\n ул. Ленина, \n д. 1\n"), "123456, Москва, ул. Ленина, д. 1");
        assert_eq!(one_line(" Москва,  ул. Мира "), "Москва, ул. Мира");
    }

    #[test]
    fn mixed_words_are_seen() {
        assert!(mixes_alphabets("Aлексей") && mixes_alphabets("Ivаnov") && mixes_alphabets("Мüллер"));
        assert!(!mixes_alphabets("Алексей") && !mixes_alphabets("Ivanov") && !mixes_alphabets("О’Нил") && !mixes_alphabets("×а"));
    }

    proptest! {
        #[test]
        fn cleaning_is_idempotent_and_composed(found in "[ -~а-яёЁйa\u{301}\u{306}\u{308}\u{a0}\u{ad}\u{200b}\t\n«»№–é한ᄀ]{0,24}") {
            let once = clean(&found).into_owned();
            prop_assert_eq!(clean(&once), once.as_str());
            prop_assert!(ComposingNormalizerBorrowed::new_nfc().is_normalized(&once));
            prop_assert!(!once.contains("  ") && once.trim() == once);
        }

        #[test]
        fn the_fast_path_agrees_with_the_slow_one(found in any::<String>()) {
            prop_assert_eq!(clean(&found), clean_slowly(trim(&found)));
        }
    }
}
