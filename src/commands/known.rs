//! Which operations there are: those of the program, and what the configuration adds to them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use crate::config::Config;
use crate::contract::{Facts, Operation, Registry};
use crate::failure::Failure;

/// All operations that can be asked for with this configuration.
pub(super) fn registry(config: &Config) -> Result<Registry, Failure> {
    let built_in = Registry::built_in();
    let mut named: BTreeMap<&'static str, (String, PathBuf)> = BTreeMap::new();
    for (account, operation, path) in config.contracts() {
        match named.get(operation) {
            Some((other, known)) if *known != path => {
                return Err(Failure::settings(
                    format!("the accounts `{other}` and `{account}` name different contracts for {operation}"),
                    "an operation has one contract: keep one of them, or put the other account into a configuration of its own",
                ));
            }
            Some(_) | None => _ = named.insert(operation, (account, path)),
        }
    }
    let mut own = Vec::new();
    for (operation, (_, path)) in named {
        own.push(read(built_in, operation, &path)?);
    }
    Ok(built_in.with(own))
}

/// A contract of the user's own in the place of a built-in one, whose other facts stay.
fn read(built_in: &Registry, operation: &str, path: &std::path::Path) -> Result<Operation, Failure> {
    let wrong = |why: String| {
        Failure::settings(
            format!("the contract {} of {operation} cannot be used: {why}", path.display()),
            "correct the path or the file; it has to be a JSON Schema of draft 2020-12",
        )
    };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let mut schema: Value = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    let known = built_in.find(operation)?;
    if let (Some(known), Some(members)) = (known.first(), schema.as_object_mut()) {
        members.insert("x-operation".to_owned(), Value::from(operation));
        for fact in ["title", "x-documentation", "x-limits", "x-idempotency", "x-identity"] {
            if let (Some(value), false) = (known.schema.get(fact), members.contains_key(fact)) {
                members.insert(fact.to_owned(), value.clone());
            }
        }
    }
    Operation::from_schema(operation, schema, &Facts::default()).map_err(|error| wrong(error.to_string()))
}
