//! The configuration's JSON Schema: which keys there are, what they mean, which variables go over them, and what holds without
//! them. Tests hold it against the types that read the file.

use std::sync::LazyLock;

use serde_json::{Map, Value};
use toml::de::{DeTable, DeValue};

use crate::model::text::nearest;

/// The schema, for editors and for `clientferry config schema`.
pub const SCHEMA: &str = include_str!("../../docs/clientferry.schema.json");

static PARSED: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(SCHEMA).unwrap_or_default());
static NONE: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);

/// The keys of a table of the file.
pub(super) type Keys = &'static Map<String, Value>;

fn keys(pointer: &str) -> Keys {
    PARSED.pointer(pointer).and_then(Value::as_object).unwrap_or(&NONE)
}

/// The keys outside of any table.
pub(super) fn top() -> Keys {
    keys("/properties")
}

/// The keys of the tables that have a fixed name.
pub(super) fn table(name: &str) -> Keys {
    keys(&format!("/properties/{name}/properties"))
}

/// The keys of an account at this provider.
pub(super) fn account(provider: &str) -> Keys {
    let built_in = keys(&format!("/$defs/{provider}/properties"));
    if built_in.is_empty() { keys("/$defs/own/properties") } else { built_in }
}

/// The variable that goes over a key.
pub(super) fn variable(key: &Value) -> Option<&str> {
    key.get("x-variable")?.as_str()
}

/// A key that means nothing: its line, and what is to be said about it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unknown {
    pub(super) line: usize,
    pub(super) what: String,
}

/// The first key of a file that is not known where it stands, with the nearest one that is. `None` also for what is no TOML.
pub(super) fn unknown_key(text: &str) -> Option<Unknown> {
    let root = DeTable::parse(text).ok()?;
    let root = root.get_ref();
    let mut found = unknown(text, root, top(), "");
    for (name, keys) in [("sending", table("sending")), ("hooks", table("hooks"))] {
        found = found.or_else(|| unknown(text, sub_table(root, name)?, keys, name));
    }
    let provider_keys = keys("/properties/providers/additionalProperties/properties");
    for (name, value) in sub_table(root, "providers").into_iter().flatten() {
        let DeValue::Table(provider) = value.get_ref() else { continue };
        found = found.or_else(|| unknown(text, provider, provider_keys, &format!("providers.{}", name.get_ref())));
    }
    for (name, value) in sub_table(root, "accounts").into_iter().flatten() {
        let DeValue::Table(written) = value.get_ref() else { continue };
        let place = format!("accounts.{}", name.get_ref());
        let provider = match written.iter().find(|(key, _)| key.get_ref() == "provider").map(|(_, value)| value.get_ref()) {
            Some(DeValue::String(provider)) => provider,
            // That there is none is told elsewhere.
            _ => continue,
        };
        found = found.or_else(|| unknown(text, written, account(provider), &place));
        for (secret, value) in sub_table(written, "secrets").into_iter().flatten() {
            let DeValue::Table(written) = value.get_ref() else { continue };
            let place = format!("{place}.secrets.{}", secret.get_ref());
            found = found.or_else(|| unknown(text, written, keys("/$defs/secret/properties"), &place));
        }
    }
    found
}

fn sub_table<'t, 'a>(table: &'t DeTable<'a>, name: &str) -> Option<&'t DeTable<'a>> {
    table.iter().find(|(key, _)| key.get_ref() == name).and_then(|(_, value)| match value.get_ref() {
        DeValue::Table(table) => Some(table),
        _ => None,
    })
}

fn unknown(text: &str, table: &DeTable<'_>, known: Keys, place: &str) -> Option<Unknown> {
    let (key, _) = table.iter().find(|(key, _)| !known.contains_key(key.get_ref().as_ref()))?;
    let line = text.get(..key.span().start).unwrap_or("").matches('\n').count() + 1;
    let table = if place.is_empty() { String::new() } else { format!(" in [{place}]") };
    let likely = match nearest(key.get_ref(), known.keys().map(String::as_str)) {
        Some(known) => format!("did you mean `{known}`?"),
        None => format!("known there: {}", known.keys().map(String::as_str).collect::<Vec<_>>().join(", ")),
    };
    Some(Unknown { line, what: format!("the key `{}`{table} is not known; {likely}", key.get_ref()) })
}
