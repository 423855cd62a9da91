//! Which operations there are: those of the program, and what profiles of the user's own add to them. The only place that reads
//! profiles and their contracts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use crate::config::Config;
use crate::contract::profile::Problem;
use crate::contract::{Facts, Operation, OwnProfile, Registry};
use crate::failure::Failure;
use crate::provider;

/// A profile with its operations.
pub(super) struct Described {
    pub(super) profile: Arc<OwnProfile>,
    pub(super) operations: Vec<Operation>,
}

/// All operations that can be asked for with this configuration, and with the profile named on the command line.
pub(super) fn registry(config: &mut Config, named: Option<&Path>) -> Result<Registry, Failure> {
    let mut profiles = Vec::new();
    let mut operations = Vec::new();
    let written = config.profiles().into_iter().map(|(name, path)| (Some(name.to_owned()), path)).collect::<Vec<_>>();
    for (name, path) in written.into_iter().chain(named.map(|path| (None, path.to_owned()))) {
        let described = describe(&path).map_err(|problems| refused(&path, &problems))?;
        if let Some(name) = name
            && name != described.profile.name
        {
            return Err(Failure::settings(
                format!("[providers.{name}] names the profile {}, which is that of `{}`", path.display(), described.profile.name),
                format!("write [providers.{}], or name another profile", described.profile.name),
            ));
        }
        profiles.push(described.profile);
        operations.extend(described.operations);
    }
    config.take_own(profiles)?;
    operations.extend(replaced(config)?);
    Ok(Registry::built_in().with(operations))
}

/// Built-in operations whose contract an account puts a file in the place of.
fn replaced(config: &Config) -> Result<Vec<Operation>, Failure> {
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
    named.into_iter().map(|(operation, (_, path))| replacement(operation, &path)).collect()
}

/// A contract of the user's own in the place of a built-in one, whose other facts stay.
fn replacement(operation: &str, path: &Path) -> Result<Operation, Failure> {
    let wrong = |why: String| {
        Failure::settings(
            format!("the contract {} of {operation} cannot be used: {why}", path.display()),
            "correct the path or the file; it has to be a JSON Schema of draft 2020-12",
        )
    };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let mut schema: Value = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    let known = Registry::built_in().find(operation)?;
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

/// Reads a profile and its contracts.
///
/// # Errors
/// Everything that is wrong with them.
pub(super) fn describe(path: &Path) -> Result<Described, Vec<Problem>> {
    let problem = |place: &str, what: String, hint: &str| Problem { place: place.to_owned(), what, hint: hint.to_owned() };
    let text = std::fs::read_to_string(path)
        .map_err(|why| vec![problem("file", format!("cannot be read: {why}"), "check its path and permissions")])?;
    let profile = Arc::new(OwnProfile::parse(&text)?);
    let mut problems = Vec::new();
    if provider::is_built_in(&profile.name) {
        let what = format!("`{}` comes with the program", profile.name);
        problems.push(problem("name", what, "give the provider a name of its own"));
    }
    let mut operations = Vec::new();
    for written in &profile.operations {
        let file = contract_path(path, &written.contract);
        let place = format!("[operations.{}] contract", written.kind);
        let contract = match std::fs::read_to_string(&file) {
            Ok(contract) => contract,
            Err(why) => {
                let what = format!("{} cannot be read: {why}", file.display());
                problems.push(problem(&place, what, "the path is relative to the profile's folder"));
                continue;
            }
        };
        match profile.compile(written, &contract) {
            Ok(operation) => operations.push(operation),
            Err(why) => problems.push(problem(&place, why.to_string(), "a contract is a JSON Schema, draft 2020-12")),
        }
    }
    if problems.is_empty() { Ok(Described { profile, operations }) } else { Err(problems) }
}

/// A contract's file, relative to its profile's.
pub(super) fn contract_path(profile: &Path, contract: &str) -> PathBuf {
    profile.parent().unwrap_or_else(|| Path::new("")).join(contract)
}

fn refused(path: &Path, problems: &[Problem]) -> Failure {
    let lines: Vec<String> =
        problems.iter().map(|problem| format!("  - {}: {}; {}", problem.place, problem.what, problem.hint)).collect();
    Failure::settings(
        format!("the profile {} cannot be used:\n{}", path.display(), lines.join("\n")),
        format!("mend it; `clientferry check-profile {}` looks further", path.display()),
    )
}
