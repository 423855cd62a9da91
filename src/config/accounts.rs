//! `[accounts.NAME]`: whose tokens and limits. Reads no secret and opens no connection.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::SANDBOX_ACCOUNT;
use crate::failure::Failure;
use crate::provider::{self, CodeMeaning, OwnProfile};

/// One `[accounts.NAME]`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Account {
    #[serde(default)]
    pub(super) provider: String,
    pub(super) base_url: Option<String>,
    pub(super) token_env: Option<String>,
    pub(super) token_file: Option<PathBuf>,
    pub(super) token_command: Option<Vec<String>>,
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
    /// Program and arguments.
    pub(super) command: Option<Vec<String>>,
}

impl SecretPlace {
    fn is_one(&self) -> bool {
        let given = [self.env.is_some(), self.file.is_some(), self.command.is_some()];
        given.into_iter().filter(|given| *given).count() == 1
    }
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
            if !place.is_one() {
                return Err(refuse(format!("the secret `{secret}` needs one of `env`, `file` and `command`")));
            }
        }
        match self.token_place() {
            Some(place) if !place.is_one() => {
                Err(refuse("only one of `token_env`, `token_file` and `token_command` can say where the token is".to_owned()))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Where the three keys of the token say that it lies.
    pub(super) fn token_place(&self) -> Option<SecretPlace> {
        let place =
            SecretPlace { env: self.token_env.clone(), file: self.token_file.clone(), command: self.token_command.clone() };
        (place.env.is_some() || place.file.is_some() || place.command.is_some()).then_some(place)
    }
}

pub(super) fn sandbox_is_reserved() -> Failure {
    Failure::settings(
        format!("`{SANDBOX_ACCOUNT}` cannot be the name of an account: rehearsals with --sandbox are remembered under it"),
        "give the account another name",
    )
}
