//! Tools for imitations: strict JSON, content types, forms, paths in words. Knows no provider.

use std::fmt;

use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::contract::Violation;

/// Whether the body is of this media type, whatever its parameters.
pub(super) fn is_media_type(headers: &HeaderMap, media_type: &str) -> bool {
    let found = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    found.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(media_type)
}

/// Reads JSON as a strict server does: no member may stand twice in one object, at any depth.
///
/// # Errors
/// What is wrong, without values: `member "a" stands twice at line 1 column 9`.
pub(super) fn strict_json(bytes: &[u8]) -> Result<Value, String> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Strict.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    value.map_err(|error| error.to_string())
}

/// The name of the first member of a JSON object, as it stands in the text.
pub(super) fn first_member(bytes: &[u8]) -> Option<String> {
    struct First;
    impl<'de> Visitor<'de> for First {
        type Value = Option<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
            let first = members.next_key()?;
            if first.is_some() {
                members.next_value::<IgnoredAny>()?;
                while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            }
            Ok(first)
        }
    }
    serde_json::Deserializer::from_slice(bytes).deserialize_map(First).ok().flatten()
}

/// Members of a query or of a form (`application/x-www-form-urlencoded`), decoded, in their order.
pub(super) fn form(text: &str) -> Vec<(String, String)> {
    let members = text.split('&').filter(|member| !member.is_empty());
    members
        .map(|member| member.split_once('=').unwrap_or((member, "")))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

/// The value of the first member of this name.
pub(super) fn member<'form>(form: &'form [(String, String)], name: &str) -> Option<&'form str> {
    form.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
}

/// `%D0%AF+a` as `Я a`; what cannot be decoded stays as it is.
pub(super) fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| first == b'%').and_then(|code| std::str::from_utf8(code).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(if first == b'+' { b' ' } else { first });
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Where a violation stands, in words: `/documents/0` and member `division` as `documents[0].division`; empty for the root.
pub(super) fn dotted_path(violation: &Violation) -> String {
    let mut path = String::new();
    for step in violation.pointer.split('/').skip(1).chain(violation.member.as_deref()) {
        if !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit()) {
            path.push('[');
            path.push_str(step);
            path.push(']');
        } else {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(&step.replace("~1", "/").replace("~0", "~"));
        }
    }
    path
}

/// Takes out what a pointer leads to.
pub(super) fn remove(value: &mut Value, pointer: &str) -> Option<Value> {
    let (parent, name) = pointer.rsplit_once('/')?;
    value.pointer_mut(parent)?.as_object_mut()?.remove(&name.replace("~1", "/").replace("~0", "~"))
}

/// Builds a value and refuses members that come twice.
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number that is none"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut found = Vec::new();
        while let Some(item) = items.next_element_seed(Self)? {
            found.push(item);
        }
        Ok(Value::Array(found))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut found = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if found.contains_key(&name) {
                return Err(A::Error::custom(format_args!("member {name:?} stands twice")));
            }
            let value = members.next_value_seed(Self)?;
            found.insert(name, value);
        }
        Ok(Value::Object(found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn strict_json_is_json_without_doubles() {
        let text = r#"{"b": [1, -2, 2.5, "я", null, true, {}], "a": {"b": 18446744073709551615}}"#;
        assert_eq!(strict_json(text.as_bytes()).unwrap(), serde_json::from_str::<Value>(text).unwrap());
        assert!(strict_json(br#"{"a": [{"b": 1, "b": 1}]}"#).unwrap_err().contains("\"b\" stands twice"));
        assert!(strict_json(br#"{"a": 1, "\u0061": 2}"#).is_err());
        for wrong in [&b"{"[..], b"", b"{} {}", b"[1,]", b"\xff"] {
            assert!(strict_json(wrong).is_err(), "{wrong:?}");
        }
        assert_eq!(first_member(br#" {"type": {"a": 1}, "b": 2}"#).as_deref(), Some("type"));
        assert_eq!((first_member(b"{}"), first_member(b"[1]")), (None, None));
    }

    #[test]
    fn forms_are_decoded() {
        let form = form("grant_type=client_credentials&name=%D0%AF+%2B&odd=%zz%4&&flag");
        assert_eq!(member(&form, "grant_type"), Some("client_credentials"));
        assert_eq!((member(&form, "name"), member(&form, "odd")), (Some("Я +"), Some("%zz%4")));
        assert_eq!((member(&form, "flag"), member(&form, "none")), (Some(""), None));
    }

    #[test]
    fn members_are_taken_out_by_pointer() {
        let mut value = json!({"data": {"id": 5, "a": 1}});
        assert_eq!(remove(&mut value, "/data/id"), Some(json!(5)));
        assert_eq!((remove(&mut value, "/data/id"), remove(&mut value, "/none/id")), (None, None));
        assert_eq!(remove(&mut value, "/data"), Some(json!({"a": 1})));
    }
}
