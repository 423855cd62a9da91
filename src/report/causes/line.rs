//! A line of the mapping that would mend a cause, as people paste it. Reads and writes no mapping.

use std::fmt;

use serde::ser::{Serialize, Serializer};

/// A line of a mapping, with the section it stands in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MappingLine {
    /// What people wrote is translated: `[values.FIELD]`.
    Value {
        /// The field.
        field: String,
        /// What stands in the source.
        found: String,
        /// The word that is known for it.
        known: String,
    },
    /// How a column is written: `[formats]`.
    Format {
        /// The field, or `phone_region`.
        field: String,
        /// How.
        format: String,
    },
    /// A column goes to a field: `[columns]`.
    Column {
        /// The column's header.
        column: String,
        /// The field.
        field: String,
    },
    /// A column is left out: `[ignore]`.
    Ignore {
        /// The column's header.
        column: String,
    },
}

impl MappingLine {
    /// The field or column that it speaks of.
    #[must_use]
    pub fn about(&self) -> &str {
        match self {
            Self::Value { field, .. } | Self::Format { field, .. } => field,
            Self::Column { column, .. } | Self::Ignore { column } => column,
        }
    }
}

/// As it is pasted: the section's header and the line.
impl fmt::Display for MappingLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value { field, found, known } => {
                write!(f, "[values.{}]\n{} = {}", key(field), quoted(found), quoted(known))
            }
            Self::Format { field, format } => write!(f, "[formats]\n{} = {}", key(field), quoted(format)),
            Self::Column { column, field } => write!(f, "[columns]\n{} = {}", quoted(column), quoted(field)),
            Self::Ignore { column } => {
                write!(f, "# instead of its line below [columns]\n[ignore]\ncolumns = [{}]", quoted(column))
            }
        }
    }
}

impl Serialize for MappingLine {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A text as TOML writes it in one line: keys may not have several.
fn quoted(text: &str) -> String {
    let written = toml::Value::String(text.to_owned()).to_string();
    if written.starts_with("\"\"\"") || written.starts_with("'''") {
        // What JSON escapes, TOML's basic strings escape alike.
        return serde_json::Value::String(text.to_owned()).to_string();
    }
    written
}

fn key(name: &str) -> String {
    let is_bare = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if is_bare { name.to_owned() } else { quoted(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_toml_whatever_stands_in_them() {
        let found = "Head \"Of\\ice\"\n'''x";
        let line = MappingLine::Value { field: "documents[0].type".into(), found: found.into(), known: "Head Office".into() };
        let read: toml::Value = toml::from_str(&line.to_string()).unwrap();
        assert_eq!(read["values"]["documents[0].type"][found].as_str(), Some("Head Office"));
        let line = MappingLine::Format { field: "birth_date".into(), format: "DD.MM.YY".into() };
        assert_eq!(line.to_string(), "[formats]\nbirth_date = \"DD.MM.YY\"");
        let line = MappingLine::Ignore { column: "Примечание".into() };
        let read: toml::Value = toml::from_str(&line.to_string()).unwrap();
        assert_eq!(read["ignore"]["columns"][0].as_str(), Some("Примечание"));
    }
}
