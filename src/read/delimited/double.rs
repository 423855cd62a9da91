//! Text in a double encoding: read wrongly by another program and written again before it came here. Recognised and said, not mended.

use crate::model::{Message, Wording};
use encoding_rs::{Encoding, IBM866, WINDOWS_1251, WINDOWS_1252};

use super::letters;

/// What happened to the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mishap {
    /// UTF-8 was read as this.
    Utf8ReadAs(&'static Encoding),
    /// Windows-1251 was read as windows-1252: `Èâàíîâ`.
    RussianReadAsWestern,
}

impl Mishap {
    /// For a fault.
    pub(super) fn message(self) -> Message {
        match self {
            Self::Utf8ReadAs(encoding) => Wording::DoubleUtf8.with([encoding.name().into()]),
            Self::RussianReadAsWestern => Wording::DoubleRussian.into(),
        }
    }
}

/// What UTF-8 is taken for, and how many characters must come out of it: few pairs of Russian letters make sense by accident.
const READ_AS: [(&Encoding, usize); 3] = [(WINDOWS_1251, 2), (WINDOWS_1252, 1), (IBM866, 2)];
/// Letters of a word taken for western ones; fewer may be a word of accents.
const WESTERN_LETTERS_MIN: usize = 4;
/// What Russian words reach and other alphabets do not.
const RUSSIAN_LIKENESS: f64 = -4.5;

/// What the text would be, and what happened to it; `None` for sound text.
pub(super) fn undone(text: &str) -> Option<(String, Mishap)> {
    let mishap = runs(text).find_map(|(_, run)| mishap_of(run))?;
    let mut mended = String::with_capacity(text.len());
    for (ascii, run) in runs(text) {
        mended.push_str(ascii);
        // Where one word is spoiled, short ones are too.
        match sound(run, mishap) {
            Some(sound) => mended.push_str(&sound),
            None => mended.push_str(run),
        }
    }
    Some((mended, mishap))
}

/// The text in pieces: ASCII, and what follows it. A wrong encoding makes no ASCII of other characters, so each word stands alone.
fn runs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (ascii, behind) = rest.split_at(rest.find(|ch: char| !ch.is_ascii()).unwrap_or(rest.len()));
        let (run, behind) = behind.split_at(behind.find(|ch: char| ch.is_ascii()).unwrap_or(behind.len()));
        rest = behind;
        Some((ascii, run))
    })
}

fn mishap_of(run: &str) -> Option<Mishap> {
    let utf_8 = READ_AS.into_iter().find_map(|(encoding, characters_min)| {
        let mishap = Mishap::Utf8ReadAs(encoding);
        let likely = |sound: &String| {
            let (characters, letters) = (sound.chars().count(), sound.chars().filter(|&ch| is_expected(ch)).count());
            characters >= characters_min && (characters_min == 1 || letters * 2 > characters)
        };
        sound(run, mishap).filter(likely).map(|_| mishap)
    });
    utf_8.or_else(|| {
        let western = run.chars().all(|ch| matches!(ch, 'À'..='ÿ' | '¸' | '¨')) && run.chars().count() >= WESTERN_LETTERS_MIN;
        let sound = sound(run, Mishap::RussianReadAsWestern).filter(|_| western)?;
        (letters::likeness(&sound) > RUSSIAN_LIKENESS).then_some(Mishap::RussianReadAsWestern)
    })
}

/// Letters that clients of a program for Russian text have: Cyrillic and western ones. By accident others come out of pairs as well.
fn is_expected(ch: char) -> bool {
    matches!(ch, '\u{400}'..='\u{52f}' | 'À'..='ÿ') && ch.is_alphabetic()
}

/// What the characters were before the mishap, if it can have happened to them.
fn sound(run: &str, mishap: Mishap) -> Option<String> {
    let read_as = match mishap {
        Mishap::Utf8ReadAs(encoding) => encoding,
        Mishap::RussianReadAsWestern => WINDOWS_1252,
    };
    let (bytes, _, unmappable) = read_as.encode(run);
    if run.is_empty() || unmappable {
        return None;
    }
    let sound = match mishap {
        Mishap::Utf8ReadAs(_) => String::from_utf8(bytes.into_owned()).ok()?,
        Mishap::RussianReadAsWestern => WINDOWS_1251.decode_without_bom_handling(&bytes).0.into_owned(),
    };
    sound.chars().all(|ch| !ch.is_control() && ch != char::REPLACEMENT_CHARACTER).then_some(sound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mishap_is_undone_and_named() {
        for text in ["Пётр Щукин", "г. Орёл, «Роза» № 5", "ул. Зелёная"] {
            for (encoding, _) in READ_AS {
                let wrong = encoding.decode_without_bom_handling(text.as_bytes()).0;
                assert_eq!(undone(&wrong), Some((text.to_owned(), Mishap::Utf8ReadAs(encoding))), "{wrong}");
            }
        }
        assert_eq!(undone("JosÃ© Gómez").map(|(text, _)| text), Some("José Gómez".to_owned()));
        assert_eq!(undone("Ùóêèí Âåðà"), Some(("Щукин Вера".to_owned(), Mishap::RussianReadAsWestern)));
        assert_eq!(undone("Пётр РџС‘С‚СЂ").map(|(text, _)| text), Some("Пётр Пётр".to_owned()));
    }

    #[test]
    fn sound_text_stays() {
        for text in [
            "",
            "Рёбров",
            "ООО «С’est»",
            "С–",
            "АНО “Р„”",
            "José Núñez",
            "Ángeł",
            "ÅÄÖ",
            "Łódź",
            "Ёлкин № 7",
            "naïve",
            "ВЁР№",
            "Х№Я«",
        ] {
            assert_eq!(undone(text), None, "{text}");
        }
    }
}
