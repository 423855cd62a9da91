//! A JSON tree that loses nothing: members keep their order, numbers their digits. What the provider's object holds and nobody
//! describes travels back as it came. No value for general use: it knows neither types nor schemas.

use std::fmt::Write as _;

/// Deeper answers are refused: nothing that a person filled in is nested so far.
const DEPTH_MAX: usize = 64;

/// A JSON value.
#[derive(Clone, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    /// The number as it was written.
    Number(Box<str>),
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads a text that holds one JSON value and nothing else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut reader = Reader { text, at: 0 };
        let value = reader.value(0)?;
        reader.blanks();
        (reader.at == text.len()).then_some(value)
    }

    pub(super) fn member(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(known, _)| known == name).map(|(_, value)| value),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::Array(_) => None,
        }
    }

    /// The value at a path of names, through objects only.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |value, name| value.member(name))
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Array(_) | Self::Object(_) => None,
        }
    }

    /// A text that says something.
    pub(super) fn filled(&self) -> Option<&str> {
        self.text().map(str::trim).filter(|text| !text.is_empty())
    }

    pub(super) fn items(&self) -> Option<&[Self]> {
        match self {
            Self::Array(items) => Some(items),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::Object(_) => None,
        }
    }

    /// A whole number above zero, written as a number or as a text: an id.
    pub(super) fn id(&self) -> Option<Box<str>> {
        let digits = match self {
            Self::Number(number) => number.as_ref(),
            Self::Text(text) => text.trim(),
            Self::Null | Self::Bool(_) | Self::Array(_) | Self::Object(_) => return None,
        };
        let is_id =
            digits.len() <= 19 && digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.bytes().any(|byte| byte != b'0');
        is_id.then(|| digits.into())
    }

    /// Without blanks.
    pub(super) fn write(&self) -> String {
        let mut text = String::new();
        self.write_into(&mut text);
        text
    }

    fn write_into(&self, text: &mut String) {
        match self {
            Self::Null => text.push_str("null"),
            Self::Bool(yes) => text.push_str(if *yes { "true" } else { "false" }),
            Self::Number(number) => text.push_str(number),
            Self::Text(value) => quote(value, text),
            Self::Array(items) => {
                text.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        text.push(',');
                    }
                    item.write_into(text);
                }
                text.push(']');
            }
            Self::Object(members) => {
                text.push('{');
                for (index, (name, value)) in members.iter().enumerate() {
                    if index > 0 {
                        text.push(',');
                    }
                    quote(name, text);
                    text.push(':');
                    value.write_into(text);
                }
                text.push('}');
            }
        }
    }
}

/// Personal data: a tree never prints itself.
impl std::fmt::Debug for Json {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Json({} bytes)", self.write().len())
    }
}

fn quote(value: &str, text: &mut String) {
    text.push('"');
    for ch in value.chars() {
        match ch {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            // Writing into a String cannot fail.
            ch if ch < ' ' => _ = write!(text, "\\u{:04x}", u32::from(ch)),
            ch => text.push(ch),
        }
    }
    text.push('"');
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
    }

    fn takes(&mut self, what: &str) -> bool {
        let there = self.rest().starts_with(what);
        if there {
            self.at += what.len();
        }
        there
    }

    fn value(&mut self, depth: usize) -> Option<Json> {
        if depth > DEPTH_MAX {
            return None;
        }
        self.blanks();
        match self.rest().bytes().next()? {
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'"' => self.string().map(Json::Text),
            b't' => self.takes("true").then_some(Json::Bool(true)),
            b'f' => self.takes("false").then_some(Json::Bool(false)),
            b'n' => self.takes("null").then_some(Json::Null),
            _ => self.number(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<Json> {
        self.at += 1;
        let mut members: Vec<(String, Json)> = Vec::new();
        self.blanks();
        if self.takes("}") {
            return Some(Json::Object(members));
        }
        loop {
            self.blanks();
            let name = self.string()?;
            self.blanks();
            // One name twice: nobody can say which of them the provider reads.
            if !self.takes(":") || members.iter().any(|(known, _)| *known == name) {
                return None;
            }
            let value = self.value(depth + 1)?;
            members.push((name, value));
            self.blanks();
            if self.takes("}") {
                return Some(Json::Object(members));
            }
            if !self.takes(",") {
                return None;
            }
        }
    }

    fn array(&mut self, depth: usize) -> Option<Json> {
        self.at += 1;
        let mut items = Vec::new();
        self.blanks();
        if self.takes("]") {
            return Some(Json::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.blanks();
            if self.takes("]") {
                return Some(Json::Array(items));
            }
            if !self.takes(",") {
                return None;
            }
        }
    }

    /// A literal's extent is found here; what its escapes mean, the library knows.
    fn string(&mut self) -> Option<String> {
        let rest = self.rest();
        if !rest.starts_with('"') {
            return None;
        }
        let mut escaped = false;
        let end = rest.bytes().enumerate().skip(1).find_map(|(index, byte)| match byte {
            _ if escaped => {
                escaped = false;
                None
            }
            b'\\' => {
                escaped = true;
                None
            }
            b'"' => Some(index + 1),
            _ => None,
        })?;
        let literal = rest.get(..end)?;
        self.at += end;
        serde_json::from_str(literal).ok()
    }

    fn number(&mut self) -> Option<Json> {
        let rest = self.rest();
        let end = rest.find(|ch: char| !matches!(ch, '0'..='9' | '-' | '+' | '.' | 'e' | 'E')).unwrap_or(rest.len());
        let literal = rest.get(..end)?;
        is_number(literal).then(|| {
            self.at += end;
            Json::Number(literal.into())
        })
    }
}

/// The grammar of JSON's numbers, without regard to their size.
fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    let (text, exponent) = match text.split_once(['e', 'E']) {
        Some((text, exponent)) => (text, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (text, None),
    };
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    digits(whole) && (whole == "0" || !whole.starts_with('0')) && fraction.is_none_or(digits) && exponent.is_none_or(digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_order_and_texts_come_back_as_they_were() {
        for text in [
            r#"{"b":1,"a":[9007199254740993,18446744073709551616,1e400,-0,0.10,1E+2],"c":{"z":null,"y":true,"x":false},"d":""}"#,
            r#"["\\\"\n\r\t","ё🙂"]"#,
            "3",
        ] {
            assert_eq!(Json::parse(text).unwrap().write(), text);
        }
        assert_eq!(Json::parse(" { \"a\" : [ 1 , \"\\u0041\\/\" ] } ").unwrap().write(), r#"{"a":[1,"A/"]}"#);
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in [
            "",
            "{",
            "{\"a\":1,}",
            "[1 2]",
            "01",
            "1.",
            "+1",
            ".5",
            "1e",
            "nul",
            "\"\\x\"",
            "{}x",
            "{\"a\":1,\"a\":2}",
            "'a'",
            "\"\u{1}\"",
        ] {
            assert!(Json::parse(text).is_none(), "{text}");
        }
        assert!(Json::parse(&"[".repeat(100_000)).is_none());
    }

    #[test]
    fn ids_are_whole_numbers_above_zero() {
        let id = |text: &str| Json::parse(text).unwrap().id();
        assert_eq!(id("101320001").as_deref(), Some("101320001"));
        assert_eq!(id("\"7\"").as_deref(), Some("7"));
        for none in ["0", "-1", "1.5", "null", "\"\"", "true", "[]", "99999999999999999999"] {
            assert_eq!(id(none), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn reading_agrees_with_the_library(text in r#"[\[\]{}",:0-9a-eE+\-.\\ ntrufls]{0,24}"#) {
            if let Some(ours) = Json::parse(&text) {
                let theirs: Option<serde_json::Value> = serde_json::from_str(&text).ok();
                // The library refuses numbers beyond f64, which we keep.
                if let Some(theirs) = theirs {
                    prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&ours.write()).unwrap(), theirs);
                }
            }
        }

        #[test]
        fn any_text_survives(text in ".*") {
            let written = Json::Text(text.clone()).write();
            prop_assert_eq!(Json::parse(&written), Some(Json::Text(text)));
        }
    }
}
