//! Names of persons, as they stand in the identity document. Corrects nothing: no case, no ё, no transliteration.

use std::borrow::Cow;

use super::text::{mixes_alphabets, parse as parse_text};
use super::{CellFault, Parsed};
use crate::model::{Code, Message, Wording};

/// A name in clean text: no digits and signs that names do not have, no word of two alphabets.
pub fn parse(text: &str) -> Parsed<Cow<'_, str>> {
    let name = parse_text(text)?;
    if is_plain_cyrillic(&name) {
        return Ok(name);
    }
    let digits = name.chars().filter(|ch| ch.is_numeric()).count();
    let signs = name.chars().filter(|&ch| is_sign(ch)).count();
    if digits + signs > 0 {
        let message = Wording::NameSigns.with([digits.into(), signs.into()]);
        return Err(CellFault::new(Code::NameDigits, message));
    }
    if let Some(place) = name.split([' ', '-', '–', '‑']).filter(|word| !word.is_empty()).position(mixes_alphabets) {
        let message = Wording::WordMixes.with([(place + 1).into()]);
        return Err(CellFault::new(Code::NameMixedAlphabets, message));
    }
    Ok(name)
}

/// Last, first and middle name of a full name in this order: two or three words, a hyphenated one counts as one. A patronymic behind
/// the first word says that the first name stands first, or that there is no last name: never guessed.
pub fn split_full(text: &str) -> Parsed<(String, String, Option<String>)> {
    let full = parse(text)?;
    // "Doe, Jane": the comma only confirms that the last name stands first.
    let (last, rest) = full.split_once(' ').unwrap_or((&full, ""));
    let last = last.strip_suffix(',').unwrap_or(last);
    let unsplittable = |message: Message| Err(CellFault::new(Code::NameNotSplittable, message));
    if last.is_empty() || last.contains(',') || rest.contains(',') {
        return unsplittable(Wording::NameComma.into());
    }
    if full.contains('.') {
        return unsplittable(Wording::NameInitials.into());
    }
    let mut words = rest.split(' ').filter(|word| !word.is_empty());
    match (words.next(), words.next(), words.count()) {
        (Some(first), _, 0) if is_patronymic(first) => unsplittable(Wording::PatronymicSecond.into()),
        (Some(_), Some(middle), 0) if is_of_father(middle) => unsplittable(Wording::PatronymicOfTwo.into()),
        (Some(first), middle, 0) => Ok((last.to_owned(), first.to_owned(), middle.map(str::to_owned))),
        (first, middle, more) => {
            let found = 1 + usize::from(first.is_some()) + usize::from(middle.is_some()) + more;
            unsplittable(Wording::NameWords.with([found.into()]))
        }
    }
}

/// Letters that a patronymic has at least: shorter words with such an ending are names of their own (Рич).
const PATRONYMIC_MIN: usize = 5;

/// Whether a word is a patronymic and can be no first name, in Russian letters or in Latin ones.
fn is_patronymic(word: &str) -> bool {
    const ENDINGS: [&str; 8] = ["ич", "вна", "ична", "ovich", "evich", "ovna", "evna", "ichna"];
    let word = word.to_lowercase();
    let ends = ENDINGS.iter().any(|ending| word.ends_with(ending));
    ends && word.chars().count() >= PATRONYMIC_MIN || word.rsplit(['-', '–', '‑']).next().is_some_and(is_of_father)
}

/// "Son of" and "daughter of", as patronymics of Turkic names end.
fn is_of_father(word: &str) -> bool {
    matches!(
        &*word.to_lowercase(),
        "оглы" | "оглу" | "кызы" | "гызы" | "улы" | "уулу" | "ogly" | "oglu" | "kyzy" | "qizi" | "gizi" | "uly" | "uulu"
    )
}

/// Whether clean text has nothing but Russian letters, blanks and hyphens: most names of most files.
fn is_plain_cyrillic(name: &str) -> bool {
    let mut letters = false;
    let mut rest = name.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = match (first, tail) {
            // U+0410..U+044F, Ё and ё: the letters of two bytes.
            (0xd0, [0x81 | 0x90..=0xbf, after @ ..]) | (0xd1, [0x80..=0x8f | 0x91, after @ ..]) => {
                letters = true;
                after
            }
            (b' ' | b'-', _) => tail,
            (_, _) => return false,
        };
    }
    letters
}

/// ASCII signs of the contracts' name pattern, and what is no letter of any script: currency signs, letter-like symbols (№),
/// arrows, pictures, variation selectors, private use, the replacement character. Everything else is left to the document.
fn is_sign(ch: char) -> bool {
    matches!(
        ch,
        '@' | '<' | '>' | '{' | '}' | '[' | ']' | '=' | '+' | '*' | '#' | '$' | '%' | '^' | '~' | ';' | ':' | '!' | '?' | '/' | '_' | '"' | '|'
            | '\\'
            | '\u{20a0}'..='\u{20cf}'
            | '\u{2100}'..='\u{2bff}'
            | '\u{e000}'..='\u{f8ff}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{fffd}'
            | '\u{1f000}'..='\u{1faff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_and_symbols_are_no_part_of_a_name() {
        for name in ["Образцов 😀", "Образцов№", "Сам\u{2764}\u{fe0f}", "Price€", "Образ\u{fffd}ов"]
        {
            assert_eq!(parse(name).unwrap_err().code, Code::NameDigits, "{name}");
        }
        for name in ["О’Нил", "Nguyễn", "Łukasz", "शर्मा", "Мамин–Образцов", "Тер-Образцян"]
        {
            assert!(parse(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn names_stay_as_the_document_has_them() {
        for (found, wanted) in [
            ("  Образцова ", "Образцова"),
            ("ПЁТРОВ", "ПЁТРОВ"),
            ("О’Нил", "О’Нил"),
            ("Анна\u{a0}Мария", "Анна Мария"),
            ("Салтыков-Щедрин", "Салтыков-Щедрин"),
            ("Müller", "Müller"),
            ("Петрова-Smith", "Петрова-Smith"),
            ("Али оглы", "Али оглы"),
        ] {
            assert_eq!(parse(found).unwrap(), wanted);
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for (found, code) in [
            ("Иванов2", Code::NameDigits),
            ("Иванов?", Code::NameDigits),
            ("Иванов\\", Code::NameDigits),
            ("\"Ромашка\"", Code::NameDigits),
            ("Aлексей", Code::NameMixedAlphabets),
            ("Анна-Мaрия", Code::NameMixedAlphabets),
            ("Ива\u{0}нов", Code::ValueControlCharacters),
            (" ", Code::ValueMissing),
        ] {
            assert_eq!(parse(found).unwrap_err().code, code, "{found}");
        }
    }

    #[test]
    fn first_names_in_front_are_told_by_the_patronymic_behind_them() {
        for text in [
            "Пётр Сергеевич Образцов",
            "ПЁТР СЕРГЕЕВИЧ ОБРАЗЦОВ",
            "Анна Сергеевна Образцова",
            "Илья Кузьмич Образцов",
            "Анна Никитична Образцова",
            "Анна Ильинична Образцова",
            "Petr Sergeevich Obraztsov",
            "Али Вели-оглы Образцов",
            "Али оглы Образцов",
            "Али Вели оглы",
            "Пётр Сергеевич",
        ] {
            let fault = split_full(text).unwrap_err();
            assert_eq!(fault.code, Code::NameNotSplittable, "{text}");
            assert!(fault.message.to_string().contains("split it into columns"), "{}", fault.message);
        }
        for text in [
            "Образцов Пётр Сергеевич",
            "Иванович Пётр Сергеевич",
            "Абрамович Роман",
            "Рич Рич Рич",
            "Schmidt Heinrich Karl",
            "Петров Али Вели-оглы",
        ] {
            assert!(split_full(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn full_names_split_in_document_order() {
        let split = |text| split_full(text).map(|(last, first, middle)| format!("{last}|{first}|{}", middle.unwrap_or_default()));
        assert_eq!(split("Образцова Анна Сергеевна").unwrap(), "Образцова|Анна|Сергеевна");
        assert_eq!(split(" Салтыков-Щедрин  Михаил ").unwrap(), "Салтыков-Щедрин|Михаил|");
        assert_eq!(split("Doe, Jane").unwrap(), "Doe|Jane|");
        for text in
            ["Сухарто", "Мамедов Али Вели оглы", "Иванов И.И.", "Иванов И. И.", "Иванов Иван, Петров Пётр", ", Иван", "а,б в"]
        {
            assert_eq!(split_full(text).unwrap_err().code, Code::NameNotSplittable, "{text}");
        }
        assert_eq!(split_full("Иванов Ивaн").unwrap_err().code, Code::NameMixedAlphabets);
    }
}
