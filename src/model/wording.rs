//! Messages in every language of ours: a wording of the one table and the parts that stand in it. Knows no fault and no report.
//!
//! A message keeps wording and parts until somebody is told, so that the same fault can be told in any language. Words of others (a
//! provider's answer, a reference book's entry) are parts: they stay as they are.

mod table;

use std::borrow::Cow;
use std::fmt;

use super::{Code, Lang};
pub use table::Wording;

/// What a message is made of besides its wording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A number.
    Number(u64),
    /// A name, a code or the words of others, as they stand.
    Text(Box<str>),
    /// Several of these.
    List(Box<[Part]>),
    /// What a code means, without the full stop.
    Meaning(Code),
    /// A message within the message.
    Message(Box<Message>),
}

/// What is wrong, in words that no language is settled for yet. Its `Display` is English.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    wording: Wording,
    parts: Box<[Part]>,
}

impl Message {
    /// The words of others, as they stand in every language.
    #[must_use]
    pub fn of_others(words: impl Into<Box<str>>) -> Self {
        Wording::OfOthers.with([Part::Text(words.into())])
    }

    /// What a code means: for faults of which no more is known.
    #[must_use]
    pub fn meaning(code: Code) -> Self {
        Wording::Meaning.with([Part::Meaning(code)])
    }

    /// Whether it says nothing at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.wording == Wording::Nothing
    }

    /// The message in a language.
    #[must_use]
    pub fn text(&self, lang: Lang) -> Cow<'static, str> {
        if self.parts.is_empty() {
            return Cow::Borrowed(self.wording.template(lang));
        }
        let mut text = String::new();
        self.write(lang, &mut text);
        Cow::Owned(text)
    }

    fn write(&self, lang: Lang, out: &mut String) {
        let mut rest = self.wording.template(lang);
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            let hole = after.split_once('}').and_then(|(place, behind)| Some((place.parse::<usize>().ok()?, behind)));
            match hole {
                Some((place, behind)) => {
                    if let Some(part) = self.parts.get(place) {
                        part.write(lang, out);
                    }
                    rest = behind;
                }
                // Braces of TOML.
                None => {
                    out.push('{');
                    rest = after;
                }
            }
        }
        out.push_str(rest);
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text(Lang::En))
    }
}

impl From<Wording> for Message {
    fn from(wording: Wording) -> Self {
        Self { wording, parts: Box::default() }
    }
}

impl Wording {
    /// The message of this wording and these parts.
    #[must_use]
    pub fn with<const N: usize>(self, parts: [Part; N]) -> Message {
        Message { wording: self, parts: parts.into() }
    }
}

impl Part {
    fn write(&self, lang: Lang, out: &mut String) {
        match self {
            Self::Number(number) => out.push_str(&number.to_string()),
            Self::Text(text) => out.push_str(text),
            Self::List(parts) => {
                for (index, part) in parts.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { ", " });
                    // A Russian sentence shows where a foreign word begins and ends.
                    let (open, close) = match part {
                        Self::Text(_) => lang.pick(("", ""), ("«", "»")),
                        Self::Number(_) | Self::List(_) | Self::Meaning(_) | Self::Message(_) => ("", ""),
                    };
                    out.push_str(open);
                    part.write(lang, out);
                    out.push_str(close);
                }
            }
            Self::Meaning(code) => {
                let meaning = code.meaning_in(lang).trim_end_matches('.');
                let mut chars = meaning.chars();
                let is_inside = !out.is_empty();
                match chars.next() {
                    // INN and the like stay as they are.
                    Some(first) if is_inside && !chars.clone().next().is_some_and(char::is_uppercase) => {
                        out.extend(first.to_lowercase());
                        out.push_str(chars.as_str());
                    }
                    Some(_) | None => out.push_str(meaning),
                }
            }
            Self::Message(message) => message.write(lang, out),
        }
    }
}

impl From<&str> for Part {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<&String> for Part {
    fn from(text: &String) -> Self {
        Self::Text(text.as_str().into())
    }
}

impl From<String> for Part {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<Message> for Part {
    fn from(message: Message) -> Self {
        Self::Message(Box::new(message))
    }
}

impl From<Wording> for Part {
    fn from(wording: Wording) -> Self {
        Self::Message(Box::new(wording.into()))
    }
}

impl From<usize> for Part {
    fn from(number: usize) -> Self {
        Self::Number(number as u64)
    }
}

impl From<u64> for Part {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for Part {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl<T: Into<Self>> FromIterator<T> for Part {
    fn from_iter<I: IntoIterator<Item = T>>(parts: I) -> Self {
        Self::List(parts.into_iter().map(Into::into).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stand_where_the_language_wants_them() {
        let message = Wording::NotOneOf.with([["A", "B"].into_iter().collect()]);
        assert_eq!([Lang::En, Lang::Ru].map(|lang| message.text(lang)), ["not one of A, B", "нет среди допустимых: «A», «B»"]);
        let meaning = Wording::IsMissingWhy.with(["INN".into(), Part::Meaning(Code::ContactMissing)]);
        assert_eq!(meaning.to_string(), "INN is missing: neither phone nor e-mail is given");
        assert_eq!(Message::of_others("as {0} said").text(Lang::Ru), "as {0} said");
        assert!(Message::from(Wording::Nothing).is_empty());
    }
}
