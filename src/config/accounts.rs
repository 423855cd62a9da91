//! `[accounts.NAME]`: whose tokens and limits. Reads no addresses of providers and opens no connection.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::Deserialize;

use super::SANDBOX_ACCOUNT;
use super::environment::env;
use crate::failure::Failure;
use crate::provider::{self, CodeMeaning, OwnProfile, Secret};

/// The secret that the keys `token_env` and `token_file` are about.
const TOKEN: &str = "token";

/// One `[accounts.NAME]`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Account {
    #[serde(default)]
    pub(super) provider: String,
    pub(super) base_url: Option<String>,
    pub(super) token_env: Option<String>,
    pub(super) token_file: Option<PathBuf>,
    pub(super) client_cert: Option<PathBuf>,
    pub(super) client_key: Option<PathBuf>,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) proxy: Option<String>,
    pub(super) requests_per_second: Option<u32>,
    pub(super) requests_per_minute: Option<u32>,
    pub(super) requests_per_day: Option<u32>,
    /// The time of day in which requests may leave.
    pub(super) window: Option<String>,
    /// Its time zone.
    pub(super) tz: Option<String>,
    pub(super) in_flight_max: Option<usize>,
    pub(super) timeout_s: Option<u64>,
    pub(super) replay_window_s: Option<u64>,
    /// What the provider's own error codes mean, where the user knows better than the documentation.
    #[serde(default)]
    pub(super) error_codes: BTreeMap<String, ErrorCode>,
    /// Where tokens and passwords lie.
    #[serde(default)]
    pub(super) secrets: BTreeMap<String, SecretPlace>,
    /// The provider's own settings; which there are, it says itself.
    #[serde(flatten)]
    pub(super) options: toml::Table,
}

/// Where a token or password lies.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SecretPlace {
    pub(super) env: Option<String>,
    pub(super) file: Option<PathBuf>,
}

/// What an error code means for a row.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ErrorCode {
    Rejected,
    Existing,
    Halt,
}

impl From<ErrorCode> for CodeMeaning {
    fn from(code: ErrorCode) -> Self {
        match code {
            ErrorCode::Rejected => Self::Rejected,
            ErrorCode::Existing => Self::Existing,
            ErrorCode::Halt => Self::Halt,
        }
    }
}

impl Account {
    /// Whether it is one at a provider that comes with the program, or at none.
    pub(super) fn is_at_known(&self) -> bool {
        self.provider.is_empty() || provider::is_built_in(&self.provider)
    }

    /// Whether the provider has all the settings that this account makes.
    pub(super) fn check(&self, name: &str, path: &Path, own: Option<&OwnProfile>) -> Result<(), Failure> {
        let refuse = |why: String| {
            Failure::settings(
                format!("the configuration {}, [accounts.{name}]: {why}", path.display()),
                "see the README and docs/providers for the keys that exist; secrets stand in the environment or a file of their own, not here",
            )
        };
        if self.provider.is_empty() {
            return Err(refuse("it names no provider".to_owned()));
        }
        match (own, self.options.keys().next()) {
            (Some(_), Some(key)) => return Err(refuse(format!("`{key}` is no setting of an account"))),
            (Some(_), None) => {}
            (None, _) => provider::check_options(&self.provider, &self.options).map_err(refuse)?,
        }
        let known = provider::secrets(&self.provider, own);
        for (secret, place) in &self.secrets {
            if !known.iter().any(|known| known.name == secret) {
                let names: Vec<&str> = known.iter().map(|known| known.name).collect();
                return Err(refuse(format!("{} knows no secret `{secret}`; known: {}", self.provider, names.join(", "))));
            }
            if place.env.is_some() == place.file.is_some() {
                return Err(refuse(format!("the secret `{secret}` needs either `env` or `file`")));
            }
        }
        Ok(())
    }
}

pub(super) fn sandbox_is_reserved() -> Failure {
    Failure::settings(
        format!("`{SANDBOX_ACCOUNT}` cannot be the name of an account: rehearsals with --sandbox are remembered under it"),
        "give the account another name",
    )
}

/// Everything secret that the provider wants of the account.
pub(super) fn secrets(
    name: &str,
    account: &Account,
    provider: &str,
    own: Option<&OwnProfile>,
) -> Result<BTreeMap<String, SecretString>, Failure> {
    let mut found = BTreeMap::new();
    for wanted in &provider::secrets(provider, own) {
        match secret(name, account, wanted)? {
            Some(text) => _ = found.insert(wanted.name.to_owned(), text),
            None if wanted.required => return Err(no_secret(name, wanted)),
            None => {}
        }
    }
    Ok(found)
}

fn secret(name: &str, account: &Account, wanted: &Secret) -> Result<Option<SecretString>, Failure> {
    let place = account.secrets.get(wanted.name);
    let is_token = wanted.name == TOKEN;
    let variable = place.and_then(|place| place.env.as_ref()).or(account.token_env.as_ref().filter(|_| is_token));
    let file = place.and_then(|place| place.file.clone()).or(account.token_file.clone().filter(|_| is_token));
    let set = wanted.variables.iter().find_map(|variable| env(variable));
    let named = wanted.variables.iter().find_map(|variable| env(&format!("{variable}_FILE"))).map(PathBuf::from).or(file);
    let text = match (set, variable, named) {
        (Some(text), _, _) => text,
        (None, Some(variable), _) => env(variable).ok_or_else(|| {
            Failure::settings(
                format!("the account `{name}` takes its {} from {variable}, which is not set", wanted.name),
                "set the variable",
            )
        })?,
        (None, None, Some(path)) => std::fs::read_to_string(&path).map_err(|error| {
            Failure::settings(
                format!("the {} file {} cannot be read: {error}", wanted.name, path.display()),
                "check its path and permissions",
            )
        })?,
        (None, None, None) => return Ok(None),
    };
    let text = text.trim();
    if text.is_empty() {
        return Err(Failure::settings(
            format!("the {} of the account `{name}` is empty", wanted.name),
            "check the variable or the file",
        ));
    }
    Ok(Some(SecretString::from(text.to_owned())))
}

fn no_secret(name: &str, wanted: &Secret) -> Failure {
    let variable = wanted.variables.first().copied().unwrap_or_default();
    let hint = if wanted.name == TOKEN {
        "set CLIENTFERRY_TOKEN or CLIENTFERRY_TOKEN_FILE, or name token_env or token_file in the configuration; to rehearse without one, add --sandbox".to_owned()
    } else {
        format!(
            "set {variable} or {variable}_FILE, or name its place in the configuration: [accounts.{name}.secrets] {} = {{ env = \"…\" }}; to rehearse without one, add --sandbox",
            wanted.name
        )
    };
    Failure::settings(format!("the account `{name}` has no {}", wanted.name), hint)
}
