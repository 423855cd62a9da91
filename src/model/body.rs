//! The request body of one client, and what may be remembered about it without remembering the client.

use std::fmt;

use serde_json::Value;

/// A JSON body in canonical form: members sorted by name, no blanks. What is validated is what is hashed is what is sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Body(String);

impl Body {
    /// The canonical form of a value.
    #[must_use]
    pub fn new(value: &Value) -> Self {
        // `Value` orders members by name (serde_json without `preserve_order`), so equal bodies are equal bytes.
        Self(value.to_string())
    }

    /// A text that is already in canonical form.
    #[must_use]
    pub fn from_canonical(json: String) -> Self {
        Self(json)
    }

    /// The bytes to send.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The body as a value again.
    #[must_use]
    pub fn parse(&self) -> Value {
        serde_json::from_str(&self.0).unwrap_or(Value::Null)
    }
}

/// Personal data: a body never prints itself.
impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes)", self.0.len())
    }
}

/// Keyed digests of a client's fields, so that the journal can tell which of them changed without holding any.
/// Pairs of a digest of the field's name and a digest of its value, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldDigests(pub Vec<(u32, u32)>);

impl FieldDigests {
    /// As bytes for the journal: eight a field, little endian.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|(name, value)| [name.to_le_bytes(), value.to_le_bytes()]).flatten().collect()
    }

    /// Back from the journal; trailing bytes that make no pair are dropped.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let (pairs, _) = bytes.as_chunks::<8>();
        Self(
            pairs
                .iter()
                .map(|&[a, b, c, d, e, f, g, h]| (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])))
                .collect(),
        )
    }

    /// Digests of the names of the fields that differ between two versions of a client, absent ones included.
    #[must_use]
    pub fn differing(&self, other: &Self) -> Vec<u32> {
        let mut names: Vec<u32> = Vec::new();
        for (name, value) in &self.0 {
            if !other.0.iter().any(|pair| pair == &(*name, *value)) {
                names.push(*name);
            }
        }
        for (name, _) in &other.0 {
            if !self.0.iter().any(|(known, _)| known == name) {
                names.push(*name);
            }
        }
        names.sort_unstable();
        names.dedup();
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn equal_bodies_are_equal_bytes_and_print_nothing() {
        let one = Body::new(&json!({"b": 1, "a": {"d": "Иванов", "c": 2}}));
        let two = Body::new(&json!({"a": {"c": 2, "d": "Иванов"}, "b": 1}));
        assert_eq!(one, two);
        assert_eq!(one.as_str(), r#"{"a":{"c":2,"d":"Иванов"},"b":1}"#);
        assert!(!format!("{one:?}").contains("Иванов"));
    }

    #[test]
    fn digests_survive_bytes_and_name_what_differs() {
        let before = FieldDigests(vec![(1, 10), (2, 20), (3, 30)]);
        let after = FieldDigests(vec![(1, 10), (2, 21), (4, 40)]);
        assert_eq!(FieldDigests::from_bytes(&before.to_bytes()), before);
        assert_eq!(before.differing(&after), [2, 3, 4]);
        assert!(before.differing(&before).is_empty());
    }
}
