//! `clientferry.toml`: its form, and reading it. What its words mean together with the environment, the accounts and the settings
//! of sending say.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use super::SANDBOX_ACCOUNT;
use super::accounts::{Account, sandbox_is_reserved};
use super::hooks::HookSettings;
use super::schema;
use super::secret::SecretFiles;
use super::sending::Sending;
use crate::failure::Failure;
use crate::provider::OwnProfile;

/// The file that is read when it is there and no other is named.
const DEFAULT_FILE: &str = "clientferry.toml";

/// `clientferry.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub(super) journal: Option<PathBuf>,
    pub(super) reports: Option<PathBuf>,
    /// Language of `report.html`.
    pub(super) lang: Option<String>,
    /// Who may read files with secrets.
    pub(super) secret_files: Option<SecretFiles>,
    #[serde(default)]
    pub(super) sending: Sending,
    /// Who is told of a run's end.
    #[serde(default)]
    pub(super) hooks: HookSettings,
    #[serde(default)]
    pub(super) accounts: BTreeMap<String, Account>,
    /// Providers of the user's own.
    #[serde(default)]
    pub(super) providers: BTreeMap<String, ProviderPlace>,
    /// Where this was read; empty where no file was.
    #[serde(skip)]
    pub(super) path: PathBuf,
    /// All of it as it is written there.
    #[serde(skip)]
    pub(super) written: toml::Table,
    /// The profiles of `providers`, once they were read.
    #[serde(skip)]
    pub(super) own: BTreeMap<String, Arc<OwnProfile>>,
}

/// One `[providers.NAME]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProviderPlace {
    /// Its profile, relative to the configuration.
    pub(super) profile: PathBuf,
}

impl Config {
    /// Reads the configuration.
    ///
    /// # Errors
    /// When a named file cannot be read, or what it says is not a configuration.
    pub fn load(named: Option<&Path>) -> Result<Self, Failure> {
        let path = named.unwrap_or_else(|| Path::new(DEFAULT_FILE));
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => {
                return Err(Failure::settings(
                    format!("the configuration {} cannot be read: {error}", path.display()),
                    "check the path after --config or in CLIENTFERRY_CONFIG",
                ));
            }
        };
        let config = Self { path: path.to_owned(), ..Self::parse(&text, path)? };
        if config.accounts.contains_key(SANDBOX_ACCOUNT) {
            return Err(sandbox_is_reserved());
        }
        // Those of a provider of the user's own are checked when its profile was read.
        for (name, account) in config.accounts.iter().filter(|(_, account)| account.is_at_known()) {
            account.check(name, path, None)?;
        }
        Ok(config)
    }

    pub(super) fn parse(text: &str, path: &Path) -> Result<Self, Failure> {
        let refuse = |line: usize, why: &str| {
            Failure::settings(
                format!("the configuration {}:{line} is not valid: {why}", path.display()),
                "see the README for the keys that exist; secrets stand in the environment or a file of their own, not here",
            )
        };
        if let Some(unknown) = schema::unknown_key(text) {
            return Err(refuse(unknown.line, &unknown.what));
        }
        // The parser's own message would print the line, and a line may hold a secret that somebody put there by mistake.
        let line = |error: &toml::de::Error| {
            error.span().map_or(1, |span| text.get(..span.start).unwrap_or(text).matches('\n').count() + 1)
        };
        let config: Self = toml::from_str(text).map_err(|error| refuse(line(&error), error.message()))?;
        let written = toml::from_str(text).map_err(|error| refuse(line(&error), error.message()))?;
        Ok(Self { written, ..config })
    }
}
