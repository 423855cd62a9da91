//! The mapping file: which source column goes to which field, with constants, translations and formats. Knows no rows.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::annex::{AnnexError, ItemsSource};
use crate::model::text;

/// A mapping as it is written in TOML.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// The operation it was made for; a note for people, the command line decides.
    pub operation: Option<String>,
    /// Where the reader's own findings are wrong.
    #[serde(default)]
    pub source: SourceHints,
    /// Source header → field or fields.
    #[serde(default)]
    pub columns: BTreeMap<String, Targets>,
    /// Field → the same value for every row.
    #[serde(default)]
    pub constants: BTreeMap<String, toml::Value>,
    /// Field → what people wrote → value.
    #[serde(default)]
    pub values: BTreeMap<String, BTreeMap<String, toml::Value>>,
    /// Date field → `DD.MM.YYYY` and the like; `phone_region` → `RU`.
    #[serde(default)]
    pub formats: BTreeMap<String, String>,
    /// Body path that the contract does not name → JSON type of its values.
    #[serde(default)]
    pub types: BTreeMap<String, ValueType>,
    /// What the user allows.
    #[serde(default)]
    pub options: Options,
    /// Columns to leave out without a word.
    #[serde(default)]
    pub ignore: Ignore,
    /// List → the second sheet or file that its items stand in.
    #[serde(default)]
    pub items: BTreeMap<String, ItemsSource>,
}

/// The JSON type of a member that the contract does not name.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum ValueType {
    /// A text, cleaned of blanks at its ends.
    #[default]
    Text,
    /// A whole number.
    Integer,
    /// A number with at most two decimals.
    Number,
    /// True or false, from words for yes and no.
    Boolean,
    /// A date, written `YYYY-MM-DD`.
    Date,
}

/// What the user allows a mapping's values to undergo.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "BTreeMap<String, toml::Value>")]
pub struct Options {
    /// Whether values may be transliterated where the provider takes Latin letters only.
    pub approve_transliteration: bool,
    /// Fields that may be transliterated; all that need it when empty.
    pub transliterate: Vec<String>,
    /// Citizenships (alpha-2 codes) whose people's names may be transliterated; all when empty.
    pub transliterate_citizenships: Vec<String>,
    /// Object of the body → object whose members it takes in rows that say nothing of it.
    pub copy_when_empty: BTreeMap<String, String>,
}

impl TryFrom<BTreeMap<String, toml::Value>> for Options {
    type Error = String;

    fn try_from(written: BTreeMap<String, toml::Value>) -> Result<Self, String> {
        const KEYS: [&str; 4] = ["approve_transliteration", "transliterate", "transliterate_citizenships", "copy_when_empty"];
        let mut options = Self::default();
        for (key, value) in written {
            match key.as_str() {
                "approve_transliteration" => {
                    options.approve_transliteration =
                        value.as_bool().ok_or_else(|| format!("[options] {key} is true or false"))?;
                }
                "transliterate" => options.transliterate = words(&key, &value)?,
                "transliterate_citizenships" => options.transliterate_citizenships = words(&key, &value)?,
                "copy_when_empty" => {
                    options.copy_when_empty = value
                        .try_into()
                        .map_err(|_| format!("[options] {key} is a table of objects: {{ MailAddress = \"PrimaryAddress\" }}"))?;
                }
                _ => return Err(format!("[options] has no `{key}`{}", nearest(&key, KEYS.into_iter()))),
            }
        }
        Ok(options)
    }
}

fn words(key: &str, value: &toml::Value) -> Result<Vec<String>, String> {
    let list = value.as_array().ok_or_else(|| format!("[options] {key} is a list of texts"))?;
    list.iter()
        .map(|word| word.as_str().map(str::to_owned).ok_or_else(|| format!("[options] {key} is a list of texts")))
        .collect()
}

/// Columns to leave out.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ignore {
    /// Their headers.
    #[serde(default)]
    pub columns: Vec<String>,
}

/// What the reader is told about the source.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceHints {
    /// Sheet by name or number from 1.
    pub sheet: Option<String>,
    /// Line of the header row, from 1; 0 for a text without one.
    pub header_row: Option<u64>,
    /// Delimiter, one character.
    pub delimiter: Option<char>,
    /// Encoding by its WHATWG name.
    pub encoding: Option<String>,
}

/// One field, or several that take the same column.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Targets {
    /// One field.
    One(String),
    /// Several fields.
    Many(Vec<String>),
}

impl Targets {
    /// The fields.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        match self {
            Self::One(field) => std::slice::from_ref(field).iter().map(String::as_str),
            Self::Many(fields) => fields.iter().map(String::as_str),
        }
    }
}

/// Why a mapping cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// The file cannot be read.
    #[error("the mapping {path} cannot be read: {why}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        why: std::io::Error,
    },
    /// The file is no mapping.
    #[error("the mapping {path} is not valid: {why}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What is wrong and where, with the line.
        why: String,
    },
    /// It speaks of a column that the source does not have.
    #[error("the mapping names the column `{column}`, which {source_name} does not have{nearest}")]
    NoSuchColumn {
        /// The column.
        column: String,
        /// The source.
        source_name: String,
        /// `; the nearest is …`, or nothing.
        nearest: String,
    },
    /// It speaks of a field that is not in the vocabulary.
    #[error("the mapping names the field `{field}`, which does not exist{nearest}")]
    NoSuchField {
        /// The field.
        field: String,
        /// `; the nearest is …`, or nothing.
        nearest: String,
    },
    /// Two columns go to one field.
    #[error("the columns `{first}` and `{second}` both go to the field `{field}`")]
    TwoColumns {
        /// One column.
        first: String,
        /// The other.
        second: String,
        /// The field.
        field: String,
    },
    /// A constant or translation is not a value that the field takes.
    #[error("[{section}] {field}: {why}")]
    Value {
        /// `constants`, `values.…` or `formats`.
        section: &'static str,
        /// The field.
        field: String,
        /// Why, and what is expected.
        why: String,
    },
    /// Items of a second sheet or file cannot be joined.
    #[error(transparent)]
    Items(#[from] AnnexError),
    /// A column or a constant goes to a member that is none of the mapping's business.
    #[error(
        "{source_of} must not go to `{field}`: for {operation} the program sets this member itself, or leaves it out on purpose"
    )]
    SetByProgram {
        /// What was to go there: `a constant`, or the column.
        source_of: String,
        /// The field.
        field: String,
        /// The operation.
        operation: String,
    },
    /// A column's field is one that the operation knows, and yet nothing would take its values.
    #[error(
        "the column `{column}` goes to `{field}`, and nothing of {operation} would take it: another column or constant fills that place"
    )]
    Unused {
        /// The column.
        column: String,
        /// The field.
        field: String,
        /// The operation.
        operation: String,
    },
    /// A column holds what the provider must not get.
    #[error("the column `{column}` must not be mapped to `{field}`: {why}")]
    Refused {
        /// The column.
        column: String,
        /// Where it was to go.
        field: String,
        /// Why.
        why: String,
    },
}

impl MappingError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Unreadable { .. } => {
                "check the path after --mapping; `clientferry map FILE --to OP -o M.toml` writes one".to_owned()
            }
            Self::Syntax { .. } => "compare it with the mapping that `clientferry map` writes".to_owned(),
            Self::NoSuchColumn { .. } => {
                "`clientferry inspect FILE` lists the columns; correct the name under [columns]".to_owned()
            }
            Self::NoSuchField { .. } => "`clientferry fields OPERATION` lists the fields".to_owned(),
            Self::TwoColumns { .. } => "keep one of them under [columns] and name the other under [ignore]".to_owned(),
            Self::Items(error) => error.hint().to_owned(),
            Self::Refused { .. } => {
                "take the column out of [columns] and name it under [ignore]; give what it holds in columns that may be sent"
                    .to_owned()
            }
            Self::Unused { .. } => "keep one of them in the mapping, and name a column that is left out under [ignore]".to_owned(),
            Self::SetByProgram { .. } => {
                "take the line out of the mapping, and name a column under [ignore]; `clientferry fields OPERATION` lists what may be filled"
                    .to_owned()
            }
            Self::Value { .. } => {
                "correct the value in the mapping; `clientferry fields OPERATION` tells what the field takes".to_owned()
            }
        }
    }
}

impl Mapping {
    /// Reads a mapping file.
    ///
    /// # Errors
    /// When the file cannot be read or is not a mapping; the message names the line.
    pub fn load(path: &Path) -> Result<Self, MappingError> {
        let text = std::fs::read_to_string(path).map_err(|why| MappingError::Unreadable { path: path.to_owned(), why })?;
        toml::from_str(&text)
            .map_err(|error| MappingError::Syntax { path: path.to_owned(), why: error.to_string().trim_end().to_owned() })
    }
}

/// `; the nearest is …` for a name that was probably meant.
pub(super) fn nearest<'a>(wanted: &str, known: impl Iterator<Item = &'a str>) -> String {
    text::nearest(wanted, known).map_or_else(String::new, |name| format!("; the nearest is `{name}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_form_reads_and_unknown_keys_are_errors() {
        let mapping: Mapping = toml::from_str(
            r#"
operation = "tbank/fl-resident"
[source]
delimiter = ";"
[columns]
"Фамилия" = "last_name"
"ФИО" = ["last_name", "first_name"]
[constants]
is_self_employed = false
[values.citizenship]
"Союз" = "RU"
[formats]
birth_date = "DD.MM.YYYY"
phone_region = "RU"
[ignore]
columns = ["Примечание"]
"#,
        )
        .unwrap();
        assert_eq!(mapping.columns["Фамилия"].iter().collect::<Vec<_>>(), ["last_name"]);
        assert_eq!(mapping.columns["ФИО"].iter().count(), 2);
        assert!(toml::from_str::<Mapping>("colums = 1").is_err());
    }

    #[test]
    fn options_and_types_are_closed_lists() {
        let mapping: Mapping = toml::from_str(
            "[types]\n\"nickName\" = \"integer\"\n[options]\napprove_transliteration = true\ntransliterate_citizenships = [\"RU\"]\n",
        )
        .unwrap();
        assert!(mapping.options.approve_transliteration && mapping.types["nickName"] == ValueType::Integer);
        assert_eq!(mapping.options.transliterate_citizenships, ["RU"]);
        let slip = toml::from_str::<Mapping>("[options]\naprove_transliteration = true").unwrap_err().to_string();
        assert!(slip.contains("the nearest is `approve_transliteration`"), "{slip}");
        assert!(toml::from_str::<Mapping>("[options]\ntransliterate = \"all\"").is_err());
        assert!(toml::from_str::<Mapping>("[types]\nx = \"float\"").is_err());
    }
}
