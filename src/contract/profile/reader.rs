//! Reads a TOML table and collects everything that is wrong with it instead of stopping at the first slip. Knows no profile.

use std::cell::RefCell;

use super::statuses::Statuses;
use super::template::{Template, is_pointer};
use crate::model::text;

/// Something that is wrong with a profile or a contract of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where: `[look_up] path`.
    pub place: String,
    /// What.
    pub what: String,
    /// What to do next.
    pub hint: String,
}

/// A table on its way to be read.
pub(super) struct Reader<'a> {
    table: Option<&'a toml::Table>,
    /// How the table is called: `look_up`, empty for the file itself.
    name: String,
    asked: RefCell<Vec<&'static str>>,
    problems: &'a RefCell<Vec<Problem>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(table: &'a toml::Table, problems: &'a RefCell<Vec<Problem>>) -> Self {
        Self { table: Some(table), name: String::new(), asked: RefCell::default(), problems }
    }

    /// Notes a problem at a key.
    pub(super) fn problem(&self, key: &str, what: impl Into<String>, hint: impl Into<String>) {
        let place = match (self.name.as_str(), key) {
            ("", key) => key.to_owned(),
            (name, "") => format!("[{name}]"),
            (name, key) => format!("[{name}] {key}"),
        };
        self.problems.borrow_mut().push(Problem { place, what: what.into(), hint: hint.into() });
    }

    /// Whether the file has this table.
    pub(super) fn is_there(&self) -> bool {
        self.table.is_some()
    }

    pub(super) fn get(&self, key: &'static str) -> Option<&'a toml::Value> {
        self.asked.borrow_mut().push(key);
        self.table?.get(key)
    }

    fn of<T>(&self, key: &'static str, expected: &str, read: impl Fn(&'a toml::Value) -> Option<T>) -> Option<T> {
        let value = self.get(key)?;
        let read = read(value);
        if read.is_none() {
            self.problem(key, format!("{} is found where {expected} is wanted", value.type_str()), format!("write {expected}"));
        }
        read
    }

    pub(super) fn text(&self, key: &'static str) -> Option<&'a str> {
        self.of(key, "a text", toml::Value::as_str)
    }

    /// A text that has to be there and hold something.
    pub(super) fn needed_text(&self, key: &'static str, example: &str) -> Option<&'a str> {
        match self.text(key) {
            Some(text) if !text.trim().is_empty() => Some(text.trim()),
            _ => {
                if self.table.is_none_or(|table| table.get(key).is_none_or(toml::Value::is_str)) {
                    self.problem(key, "is missing", format!("add for example `{key} = \"{example}\"`"));
                }
                None
            }
        }
    }

    pub(super) fn number(&self, key: &'static str) -> Option<u64> {
        self.of(key, "a whole number from 1", |value| {
            value.as_integer().and_then(|number| u64::try_from(number).ok()).filter(|n| *n > 0)
        })
    }

    pub(super) fn flag(&self, key: &'static str) -> Option<bool> {
        self.of(key, "true or false", toml::Value::as_bool)
    }

    pub(super) fn texts(&self, key: &'static str) -> Option<Vec<String>> {
        self.of(key, "a list of texts", |value| value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect())
    }

    /// A JSON pointer.
    pub(super) fn pointer(&self, key: &'static str) -> Option<String> {
        let text = self.text(key)?;
        if is_pointer(text) {
            return Some(text.to_owned());
        }
        self.problem(key, format!("`{text}` is no JSON pointer"), "write for example \"/data/id\"");
        None
    }

    /// A JSON pointer, or an empty text for the whole answer.
    pub(super) fn pointer_or_whole(&self, key: &'static str) -> Option<String> {
        match self.get(key).and_then(toml::Value::as_str) {
            Some("") => Some(String::new()),
            _ => self.pointer(key),
        }
    }

    pub(super) fn template(&self, key: &'static str) -> Option<Template> {
        let text = self.text(key)?;
        if !text.starts_with('/') {
            self.problem(key, "does not begin with `/`", "the path begins with `/` and goes behind `base_url`");
            return None;
        }
        match Template::parse(text) {
            Ok(template) => Some(template),
            Err(why) => {
                self.problem(key, why, "write the body's member as a pointer in braces: \"/customers/{/externalId}\"");
                None
            }
        }
    }

    pub(super) fn statuses(&self, key: &'static str) -> Option<Statuses> {
        let written = self.of(key, "a list of statuses", toml::Value::as_array)?;
        let mut statuses = Statuses::default();
        for entry in written {
            if let Err(why) = statuses.add(entry) {
                self.problem(key, why, "statuses are from 100 to 599");
            }
        }
        Some(statuses)
    }

    /// One of these words.
    pub(super) fn word<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(key)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
        if found.is_none() {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.problem(key, format!("`{text}` is not known"), format!("write {}", known.join(", ")));
        }
        found
    }

    /// A table below this one; one without keys where the file has none.
    pub(super) fn table(&self, key: &'static str) -> Reader<'a> {
        let table = self.of(key, "a table", toml::Value::as_table);
        self.below(key, table)
    }

    /// A table of tables by names of the user's own.
    pub(super) fn named(&self, name: &str, table: Option<&'a toml::Table>) -> Reader<'a> {
        self.below(name, table)
    }

    fn below(&self, key: &str, table: Option<&'a toml::Table>) -> Reader<'a> {
        let name = if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) };
        Reader { table, name, asked: RefCell::default(), problems: self.problems }
    }

    /// All keys of the table, for tables whose keys are the user's own.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'a String, &'a toml::Value)> {
        self.table.into_iter().flatten()
    }

    /// Notes every key that nobody asked for, with the nearest one that is known.
    pub(super) fn finish(self) {
        let asked = self.asked.borrow();
        for (key, _) in self.table.into_iter().flatten() {
            if asked.iter().any(|known| known == key) {
                continue;
            }
            let hint = match text::nearest(key, asked.iter().copied()) {
                Some(known) => format!("did you mean `{known}`?"),
                None => format!("known here: {}", asked.join(", ")),
            };
            self.problem(key, "is not known", hint);
        }
    }
}
