//! Configuration: flag over environment over file over default. Secrets come from the environment or a file, never from a flag.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;

use crate::failure::Failure;
use crate::provider::{self, AccountSettings, CodeMeaning, OwnProfile, Secret};
use crate::submit::{Baseline, SubmitSettings};

/// The file that is read when it is there and no other is named.
const DEFAULT_FILE: &str = "clientferry.toml";
/// Where a working folder keeps its memory.
const DEFAULT_JOURNAL: &str = ".clientferry/journal.db";
/// Where reports go.
const DEFAULT_REPORTS: &str = "reports";
/// The account under which rehearsals with `--sandbox` are remembered, apart from every real one. No other may have its name.
pub const SANDBOX_ACCOUNT: &str = "sandbox";
/// The secret that the keys `token_env` and `token_file` are about.
const TOKEN: &str = "token";
/// The account that the environment describes.
const DEFAULT_ACCOUNT: &str = "default";

/// `clientferry.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    journal: Option<PathBuf>,
    reports: Option<PathBuf>,
    /// Language of `report.html`.
    lang: Option<String>,
    #[serde(default)]
    sending: Sending,
    #[serde(default)]
    accounts: BTreeMap<String, Account>,
    /// Providers of the user's own.
    #[serde(default)]
    providers: BTreeMap<String, ProviderPlace>,
    /// Where this was read.
    #[serde(skip)]
    path: PathBuf,
    /// The profiles of `providers`, once they were read.
    #[serde(skip)]
    own: BTreeMap<String, Arc<OwnProfile>>,
}

/// One `[providers.NAME]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProviderPlace {
    /// Its profile, relative to the configuration.
    profile: PathBuf,
}

/// `[sending]`: how patiently is sent.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sending {
    transient_tries: Option<u32>,
    same_rejection_stop: Option<u32>,
    no_answer_stop: Option<u32>,
    look_up_gap_s: Option<u64>,
    throttle_max_s: Option<u64>,
    baseline: Option<String>,
}

/// One `[accounts.NAME]`.
#[derive(Debug, Default, Deserialize)]
struct Account {
    #[serde(default)]
    provider: String,
    base_url: Option<String>,
    token_env: Option<String>,
    token_file: Option<PathBuf>,
    client_cert: Option<PathBuf>,
    client_key: Option<PathBuf>,
    ca_file: Option<PathBuf>,
    proxy: Option<String>,
    requests_per_second: Option<u32>,
    in_flight_max: Option<usize>,
    timeout_s: Option<u64>,
    replay_window_s: Option<u64>,
    /// What the provider's own error codes mean, where the user knows better than the documentation.
    #[serde(default)]
    error_codes: BTreeMap<String, ErrorCode>,
    /// Where tokens and passwords lie.
    #[serde(default)]
    secrets: BTreeMap<String, SecretPlace>,
    /// The provider's own settings; which there are, it says itself.
    #[serde(flatten)]
    options: toml::Table,
}

/// Where a token or password lies.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SecretPlace {
    env: Option<String>,
    file: Option<PathBuf>,
}

/// What an error code means for a row.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ErrorCode {
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
    fn is_at_known(&self) -> bool {
        self.provider.is_empty() || provider::is_built_in(&self.provider)
    }

    /// Whether the provider has all the settings that this account makes.
    fn check(&self, name: &str, path: &Path, own: Option<&OwnProfile>) -> Result<(), Failure> {
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

    /// The profiles of providers of the user's own: name, and file.
    #[must_use]
    pub fn profiles(&self) -> Vec<(&str, PathBuf)> {
        let folder = self.path.parent().unwrap_or_else(|| Path::new(""));
        self.providers.iter().map(|(name, place)| (name.as_str(), folder.join(&place.profile))).collect()
    }

    /// Takes the profiles that were read, and checks the accounts at their providers.
    ///
    /// # Errors
    /// When an account has a setting or a secret that its profile does not know.
    pub fn take_own(&mut self, profiles: Vec<Arc<OwnProfile>>) -> Result<(), Failure> {
        self.own = profiles.into_iter().map(|profile| (profile.name.clone(), profile)).collect();
        for (name, account) in self.accounts.iter().filter(|(_, account)| !account.is_at_known()) {
            // One without a profile may be described on another command line.
            if let Some(own) = self.own.get(&account.provider) {
                account.check(name, &self.path, Some(own))?;
            }
        }
        Ok(())
    }

    /// The profile of a provider of the user's own.
    #[must_use]
    pub fn own(&self, provider: &str) -> Option<Arc<OwnProfile>> {
        self.own.get(provider).cloned()
    }

    fn parse(text: &str, path: &Path) -> Result<Self, Failure> {
        toml::from_str(text).map_err(|error| {
            // The parser's own message would print the line, and a line may hold a secret that somebody put there by mistake.
            let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].lines().count().max(1));
            Failure::settings(
                format!("the configuration {}:{line} is not valid: {}", path.display(), error.message()),
                "see the README for the keys that exist; secrets stand in the environment or a file of their own, not here",
            )
        })
    }

    /// How patiently is sent.
    ///
    /// # Errors
    /// When a variable is not a number.
    pub fn submit_settings(&self) -> Result<SubmitSettings, Failure> {
        let mut settings = SubmitSettings::default();
        let written = &self.sending;
        if let Some(tries) = number("CLIENTFERRY_TRANSIENT_TRIES")?.or(written.transient_tries) {
            settings.transient_tries = tries;
        }
        if let Some(rows) = number("CLIENTFERRY_SAME_REJECTION_STOP")?.or(written.same_rejection_stop) {
            settings.same_rejection_stop = rows;
        }
        if let Some(rows) = number("CLIENTFERRY_NO_ANSWER_STOP")?.or(written.no_answer_stop) {
            settings.no_answer_stop = rows;
        }
        if let Some(seconds) = number("CLIENTFERRY_LOOK_UP_GAP_S")?.or(written.look_up_gap_s) {
            settings.look_up_gap = Duration::from_secs(seconds);
        }
        if let Some(seconds) = number("CLIENTFERRY_THROTTLE_MAX_S")?.or(written.throttle_max_s) {
            settings.throttle_max = Duration::from_secs(seconds);
        }
        if let Some(word) = env("CLIENTFERRY_BASELINE").or_else(|| written.baseline.clone()) {
            settings.baseline = match word.as_str() {
                "auto" => Baseline::Auto,
                "always" => Baseline::Always,
                "never" => Baseline::Never,
                _ => {
                    return Err(Failure::settings(
                        format!("`{word}` is not a way to take the baseline"),
                        "write auto, always or never",
                    ));
                }
            };
        }
        Ok(settings)
    }

    /// Contracts that accounts put in place of built-in ones: account, operation, file.
    #[must_use]
    pub fn contracts(&self) -> Vec<(String, &'static str, PathBuf)> {
        let folder = self.path.parent().unwrap_or_else(|| Path::new(""));
        let of_account = |(name, account): (&String, &Account)| -> Vec<(String, &'static str, PathBuf)> {
            let contracts = provider::contracts(&account.provider, &account.options);
            contracts.into_iter().map(|(operation, path)| (name.clone(), operation, folder.join(path))).collect()
        };
        self.accounts.iter().flat_map(of_account).collect()
    }

    /// The journal file.
    #[must_use]
    pub fn journal(&self, flag: Option<&Path>) -> PathBuf {
        flag.or(self.journal.as_deref()).unwrap_or_else(|| Path::new(DEFAULT_JOURNAL)).to_owned()
    }

    /// The folder under which runs write.
    #[must_use]
    pub fn reports(&self) -> PathBuf {
        self.reports.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_REPORTS))
    }

    /// The language that people are spoken to in, where the file says it.
    #[must_use]
    pub fn lang(&self) -> Option<&str> {
        self.lang.as_deref()
    }

    /// The name of the account that a provider's operations are sent with.
    ///
    /// # Errors
    /// When the account does not exist, is another provider's, or cannot be told among several.
    pub fn account_name(&self, flag: Option<&str>, provider: &str) -> Result<String, Failure> {
        if flag == Some(SANDBOX_ACCOUNT) {
            return Err(sandbox_is_reserved());
        }
        if let Some(name) = flag {
            return match self.accounts.get(name) {
                Some(account) if account.provider == provider => Ok(name.to_owned()),
                Some(account) => Err(Failure::settings(
                    format!("the account `{name}` is one of {}, not of {provider}", account.provider),
                    "name an account of the provider that stands after --to",
                )),
                None if name == DEFAULT_ACCOUNT => Ok(name.to_owned()),
                None => Err(Failure::settings(
                    format!("there is no account `{name}`"),
                    format!(
                        "add [accounts.{name}] to the configuration; known: {}",
                        self.accounts.keys().cloned().collect::<Vec<_>>().join(", ")
                    ),
                )),
            };
        }
        let mut fitting = self.accounts.iter().filter(|(_, account)| account.provider == provider).map(|(name, _)| name);
        match (fitting.next(), fitting.next()) {
            (None, _) => Ok(DEFAULT_ACCOUNT.to_owned()),
            (Some(only), None) => Ok(only.clone()),
            (Some(one), Some(other)) => Err(Failure::settings(
                format!("the configuration has several accounts of {provider}: {one}, {other} …"),
                "name one with --account",
            )),
        }
    }

    /// The provider's own settings of the account that is rehearsed: the one named, or the provider's only one.
    ///
    /// # Errors
    /// When the named account does not exist or is another provider's.
    pub fn rehearsed_options(&self, flag: Option<&str>, provider: &str) -> Result<toml::Table, Failure> {
        let mut fitting = self.accounts.values().filter(|account| account.provider == provider);
        let account = match flag {
            Some(_) => self.accounts.get(&self.account_name(flag, provider)?),
            None => fitting.next().filter(|_| fitting.next().is_none()),
        };
        Ok(account.map_or_else(toml::Table::new, |account| provider::rehearsed_options(provider, &account.options)))
    }

    /// Everything that is needed to speak for an account.
    ///
    /// # Errors
    /// When there is no token, or its file cannot be read.
    pub fn account(&self, name: &str, provider: &str) -> Result<AccountSettings, Failure> {
        let empty = Account::default();
        let account = self.accounts.get(name).unwrap_or(&empty);
        let provider = if account.provider.is_empty() { provider } else { &account.provider };
        let own = self.own(provider);
        let secrets = secrets(name, account, provider, own.as_deref())?;
        let mut settings = AccountSettings::new(name, SecretString::default()).with_own(own);
        settings.secrets = secrets;
        settings.options = account.options.clone();
        settings.base_url = env("CLIENTFERRY_BASE_URL").or_else(|| account.base_url.clone());
        settings.client_cert = path_of("CLIENTFERRY_CLIENT_CERT", account.client_cert.as_ref());
        settings.client_key = path_of("CLIENTFERRY_CLIENT_KEY", account.client_key.as_ref());
        settings.ca_file = path_of("CLIENTFERRY_CA_FILE", account.ca_file.as_ref());
        settings.proxy = env("CLIENTFERRY_PROXY").or_else(|| account.proxy.clone());
        settings.rate_per_s = number("CLIENTFERRY_REQUESTS_PER_SECOND")?.or(account.requests_per_second);
        if let Some(most) = number("CLIENTFERRY_IN_FLIGHT_MAX")?.or(account.in_flight_max) {
            settings.in_flight_max = most;
        }
        if let Some(seconds) = number("CLIENTFERRY_TIMEOUT_S")?.or(account.timeout_s) {
            settings.timeout = Duration::from_secs(seconds);
        }
        if let Some(seconds) = number("CLIENTFERRY_REPLAY_WINDOW_S")?.or(account.replay_window_s) {
            settings.replay_window = Duration::from_secs(seconds);
        }
        settings.error_code_map = account.error_codes.iter().map(|(code, meaning)| (code.clone(), (*meaning).into())).collect();
        Ok(settings)
    }
}

fn sandbox_is_reserved() -> Failure {
    Failure::settings(
        format!("`{SANDBOX_ACCOUNT}` cannot be the name of an account: rehearsals with --sandbox are remembered under it"),
        "give the account another name",
    )
}

fn env(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn path_of(variable: &str, written: Option<&PathBuf>) -> Option<PathBuf> {
    env(variable).map(PathBuf::from).or_else(|| written.cloned())
}

fn number<T: std::str::FromStr>(variable: &str) -> Result<Option<T>, Failure> {
    env(variable)
        .map(|text| {
            text.parse()
                .map_err(|_| Failure::settings(format!("{variable} is not a whole number"), "correct the variable or unset it"))
        })
        .transpose()
}

/// Everything secret that the provider wants of the account.
fn secrets(
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

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Result<Config, Failure> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clientferry.toml");
        std::fs::write(&path, text).unwrap();
        Config::load(Some(&path))
    }

    #[test]
    fn the_sandbox_has_a_name_of_its_own() {
        assert!(config("[accounts.sandbox]\nprovider = \"tbank\"\n").unwrap_err().to_string().contains("sandbox"));
        let config = config("[accounts.main]\nprovider = \"tbank\"\n").unwrap();
        assert!(config.account_name(Some("sandbox"), "tbank").unwrap_err().to_string().contains("rehearsals"));
        assert_eq!(config.account_name(Some("main"), "tbank").unwrap(), "main");
    }

    #[test]
    fn error_codes_have_three_meanings() {
        let folder = tempfile::tempdir().unwrap();
        let token = folder.path().join("token");
        std::fs::write(&token, "t0ken").unwrap();
        let text = format!(
            "[accounts.main]\nprovider = \"tbank\"\ntoken_file = {:?}\n[accounts.main.error_codes]\nA1 = \"existing\"\nB2 = \"halt\"\n",
            token.display().to_string()
        );
        let codes = config(&text).unwrap().account("main", "tbank").unwrap().error_code_map;
        assert_eq!(codes.get("A1"), Some(&CodeMeaning::Existing));
        assert_eq!(codes.get("B2"), Some(&CodeMeaning::Halt));
        assert!(config("[accounts.main]\nprovider = \"tbank\"\nerror_codes = { A = \"maybe\" }\n").is_err());
    }
}
