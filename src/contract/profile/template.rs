//! Texts and JSON with holes for values of a client's body: `/customers/{/externalId}`. Fills them, and reads them back; sends nothing.

use serde_json::Value;

/// A text with holes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    /// A JSON pointer into the body.
    Hole(String),
}

/// Why a template could not be filled. Holds pointers and no values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfilled {
    /// The body has no text or number there.
    #[error("the body has no text or number at {0}")]
    Missing(String),
    /// The value would change the address itself.
    #[error("the value at {0} cannot stand in an address")]
    Unfit(String),
}

/// Where a value goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Into {
    /// An address: percent-encoded.
    Address,
    /// A text of JSON: as it is.
    Json,
}

impl Template {
    /// Reads `text {/pointer} text`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            if before.contains('}') {
                return Err("a `}` stands without its `{`".to_owned());
            }
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            let Some((hole, after)) = after.split_once('}') else { return Err("a `{` has no `}`".to_owned()) };
            if !is_pointer(hole) {
                return Err(format!("`{{{hole}}}` is no JSON pointer into the body; write for example `{{/externalId}}`"));
            }
            if matches!(parts.last(), Some(Part::Hole(_))) {
                return Err(format!("nothing stands between `{{{hole}}}` and the hole before it"));
            }
            parts.push(Part::Hole(hole.to_owned()));
            rest = after;
        }
        if rest.contains('}') {
            return Err("a `}` stands without its `{`".to_owned());
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self { parts })
    }

    /// The pointers of its holes.
    pub fn pointers(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Hole(pointer) => Some(pointer.as_str()),
            Part::Text(_) => None,
        })
    }

    /// Whether a hole stands before the query.
    #[must_use]
    pub fn has_hole_in_path(&self) -> bool {
        for part in &self.parts {
            match part {
                Part::Hole(_) => return true,
                Part::Text(text) if text.contains('?') => return false,
                Part::Text(_) => {}
            }
        }
        false
    }

    /// The same without its query.
    #[must_use]
    pub fn without_query(&self) -> Self {
        let mut parts = Vec::new();
        for part in &self.parts {
            match part {
                Part::Text(text) if text.contains('?') => {
                    let path = text.split('?').next().unwrap_or_default();
                    if !path.is_empty() {
                        parts.push(Part::Text(path.to_owned()));
                    }
                    break;
                }
                Part::Text(_) | Part::Hole(_) => parts.push(part.clone()),
            }
        }
        Self { parts }
    }

    /// As an address, values percent-encoded.
    ///
    /// # Errors
    /// When the body lacks a value, or one cannot stand in an address.
    pub fn address(&self, body: &Value) -> Result<String, Unfilled> {
        self.fill(body, Into::Address)
    }

    fn fill(&self, body: &Value, into: Into) -> Result<String, Unfilled> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(fixed) => text.push_str(fixed),
                Part::Hole(pointer) => {
                    let value = body.pointer(pointer).and_then(scalar).ok_or_else(|| Unfilled::Missing(pointer.clone()))?;
                    match into {
                        Into::Json => text.push_str(&value),
                        // A dot alone is a step of a path, encoded or not, and nothing at all is another address.
                        Into::Address if matches!(value.as_str(), "" | "." | "..") => {
                            return Err(Unfilled::Unfit(pointer.clone()));
                        }
                        Into::Address => encode(&value, &mut text),
                    }
                }
            }
        }
        Ok(text)
    }

    /// The values that an address made from this template holds, by pointer; `None` when it was not made from it.
    #[must_use]
    pub fn read_address(&self, address: &str) -> Option<Vec<(String, String)>> {
        let mut found = Vec::new();
        let mut rest = address;
        let mut open: Option<&str> = None;
        for part in &self.parts {
            match part {
                Part::Text(text) => match open.take() {
                    None => rest = rest.strip_prefix(text.as_str())?,
                    Some(pointer) => {
                        let (value, after) = rest.split_once(text.as_str())?;
                        found.push((pointer.to_owned(), decode(value)?));
                        rest = after;
                    }
                },
                Part::Hole(pointer) => open = Some(pointer),
            }
        }
        match open {
            Some(pointer) => found.push((pointer.to_owned(), decode(rest)?)),
            None if rest.is_empty() => {}
            None => return None,
        }
        Some(found)
    }
}

/// JSON with holes in its texts. A text that is a hole and nothing else takes the value with its type.
#[derive(Clone, Debug, PartialEq)]
pub struct JsonTemplate(Value);

impl JsonTemplate {
    /// Checks the holes of every text.
    ///
    /// # Errors
    /// What is wrong with one of them.
    pub fn new(value: Value) -> Result<Self, String> {
        texts(&value, &mut |text| Template::parse(text).map(drop))?;
        Ok(Self(value))
    }

    /// The pointers of its holes.
    #[must_use]
    pub fn pointers(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut take = |text: &str| {
            found.extend(Template::parse(text)?.pointers().map(str::to_owned));
            Ok(())
        };
        // Its texts were checked when it was made.
        let _ = texts(&self.0, &mut take);
        found
    }

    /// With the body's values.
    ///
    /// # Errors
    /// When the body lacks one.
    pub fn fill(&self, body: &Value) -> Result<Value, Unfilled> {
        fill(&self.0, body)
    }

    /// The values that JSON made from this template holds, by pointer; `None` when it was not made from it.
    #[must_use]
    pub fn read(&self, written: &Value) -> Option<Vec<(String, String)>> {
        let mut found = Vec::new();
        read(&self.0, written, &mut found).then_some(found)
    }
}

fn texts(value: &Value, visit: &mut dyn FnMut(&str) -> Result<(), String>) -> Result<(), String> {
    match value {
        Value::String(text) => visit(text),
        Value::Array(items) => items.iter().try_for_each(|item| texts(item, visit)),
        Value::Object(members) => members.values().try_for_each(|member| texts(member, visit)),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

fn fill(template: &Value, body: &Value) -> Result<Value, Unfilled> {
    Ok(match template {
        Value::String(text) => match Template::parse(text) {
            Ok(Template { parts }) => match &parts[..] {
                [Part::Hole(pointer)] => {
                    let value = body.pointer(pointer).filter(|value| scalar(value).is_some());
                    value.cloned().ok_or_else(|| Unfilled::Missing(pointer.clone()))?
                }
                _ => Value::from(Template { parts }.fill(body, Into::Json)?),
            },
            Err(_) => template.clone(),
        },
        Value::Array(items) => Value::Array(items.iter().map(|item| fill(item, body)).collect::<Result<_, _>>()?),
        Value::Object(members) => {
            let members = members.iter().map(|(name, member)| Ok((name.clone(), fill(member, body)?)));
            Value::Object(members.collect::<Result<_, _>>()?)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => template.clone(),
    })
}

fn read(template: &Value, written: &Value, found: &mut Vec<(String, String)>) -> bool {
    match (template, written) {
        (Value::Object(template), Value::Object(written)) => {
            template.iter().all(|(name, member)| written.get(name).is_some_and(|written| read(member, written, found)))
        }
        (Value::Array(template), Value::Array(written)) => {
            template.len() == written.len()
                && template.iter().zip(written).all(|(template, written)| read(template, written, found))
        }
        (Value::String(text), written) => {
            let Some((hole, value)) = Template::parse(text).ok().zip(scalar(written)) else { return template == written };
            match &hole.parts[..] {
                [Part::Hole(pointer)] => {
                    found.push((pointer.clone(), value));
                    true
                }
                // Read literally: a text around a hole is rare, and the sandbox then looks for no client.
                _ => hole.pointers().next().is_some() || *text == value,
            }
        }
        (template, written) => template == written,
    }
}

/// Text and numbers as text.
#[must_use]
pub fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Whether this is a JSON pointer to a member: `/a/0/b`.
#[must_use]
pub(super) fn is_pointer(text: &str) -> bool {
    text.len() > 1 && text.starts_with('/') && !text.contains(['{', '}', ' '])
}

fn encode(value: &str, into: &mut String) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            into.push(char::from(byte));
        } else {
            into.push('%');
            for half in [byte >> 4, byte & 15] {
                into.push(char::from_digit(u32::from(half), 16).unwrap_or('0').to_ascii_uppercase());
            }
        }
    }
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut half = || char::from(rest.next()?).to_digit(16);
            let (high, low) = (half()?, half()?);
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn addresses_are_filled_encoded_and_read_back() {
        let template = Template::parse("/customers/{/id}/x?name={/name}&n={/n}").unwrap();
        let body = json!({"id": "a/b", "name": "Ося & Ко", "n": 7});
        let address = template.address(&body).unwrap();
        assert_eq!(address, "/customers/a%2Fb/x?name=%D0%9E%D1%81%D1%8F%20%26%20%D0%9A%D0%BE&n=7");
        let read = template.read_address(&address).unwrap();
        assert_eq!(read, [("/id", "a/b"), ("/name", "Ося & Ко"), ("/n", "7")].map(|(a, b)| (a.to_owned(), b.to_owned())));
        assert_eq!(template.read_address("/other"), None);
        assert!(template.has_hole_in_path() && !Template::parse("/a?b={/c}").unwrap().has_hole_in_path());
    }

    #[test]
    fn what_would_be_another_address_is_refused() {
        let template = Template::parse("/customers/{/id}").unwrap();
        for id in ["", ".", ".."] {
            assert_eq!(template.address(&json!({"id": id})), Err(Unfilled::Unfit("/id".to_owned())));
        }
        assert_eq!(template.address(&json!({"id": null})), Err(Unfilled::Missing("/id".to_owned())));
        assert_eq!(template.address(&json!({"id": "../x?y#z"})).unwrap(), "/customers/..%2Fx%3Fy%23z");
    }

    proptest::proptest! {
        #[test]
        fn whatever_a_value_is_the_address_keeps_its_steps_and_gives_it_back(value in "\\PC{1,40}") {
            let template = Template::parse("/a/{/v}/b?c={/v}").unwrap();
            match template.address(&json!({"v": value})) {
                Ok(address) => {
                    proptest::prop_assert_eq!(address.matches('/').count(), 3);
                    proptest::prop_assert!(address.is_ascii() && !address.contains([' ', '#', '&']));
                    let read = template.read_address(&address).unwrap();
                    proptest::prop_assert!(read.iter().all(|(_, found)| *found == value));
                }
                Err(unfilled) => proptest::prop_assert_eq!(unfilled, Unfilled::Unfit("/v".to_owned())),
            }
        }

        #[test]
        fn no_text_breaks_the_reader(text in "\\PC{0,60}") {
            if let Ok(template) = Template::parse(&text) {
                let _ = (template.pointers().count(), template.without_query(), template.read_address(&text));
            }
        }
    }

    #[test]
    fn slips_are_told() {
        for wrong in ["{", "a}", "{id}", "{/a}{/b}", "{/a", "{}"] {
            assert!(Template::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn json_keeps_types_and_is_read_back() {
        let template = JsonTemplate::new(json!({"filter": {"id": "{/id}", "n": "{/n}"}, "limit": 5})).unwrap();
        let filled = template.fill(&json!({"id": "x", "n": 7})).unwrap();
        assert_eq!(filled, json!({"filter": {"id": "x", "n": 7}, "limit": 5}));
        assert_eq!(template.read(&filled).unwrap().len(), 2);
        assert_eq!(template.read(&json!({"limit": 6})), None);
        assert!(template.fill(&json!({"id": "x"})).is_err());
        assert_eq!(template.pointers(), ["/id", "/n"]);
    }
}
