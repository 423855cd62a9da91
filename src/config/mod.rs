//! Configuration: flag over environment over file over default. Secrets come from the environment or a file, never from a flag.

mod accounts;
mod environment;
mod file;
mod hooks;
mod pacing;
mod schema;
mod secret;
mod sending;
mod show;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use self::accounts::{Account, sandbox_is_reserved};
use self::environment::{env, number, path_of};
pub use self::file::Config;
pub use self::pacing::PaceAsked;
pub use self::schema::SCHEMA;
use self::secret::{SecretFiles, check_private};
pub use self::sending::max_rejected;
pub use self::show::{Origin, Section, Setting};
use crate::failure::Failure;
use crate::provider::{self, AccountSettings, OwnProfile};

/// Where a working folder keeps its memory.
const DEFAULT_JOURNAL: &str = ".clientferry/journal.db";
/// Where reports go.
const DEFAULT_REPORTS: &str = "reports";
/// The account under which rehearsals with `--sandbox` are remembered, apart from every real one. No other may have its name.
pub const SANDBOX_ACCOUNT: &str = "sandbox";
/// The account that the environment describes.
const DEFAULT_ACCOUNT: &str = "default";

impl Config {
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

    /// The file that this was read from.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        (!self.path.as_os_str().is_empty()).then_some(&*self.path)
    }

    /// Whether the file describes an account of this name.
    #[must_use]
    pub fn has_account(&self, name: &str) -> bool {
        self.accounts.contains_key(name)
    }

    /// The variables that mean something to the configuration.
    #[must_use]
    pub fn variables(&self) -> BTreeSet<String> {
        let tables = [schema::top(), schema::table("sending"), schema::account("")];
        let of_keys = tables.into_iter().flatten().filter_map(|(_, key)| schema::variable(key)).map(str::to_owned);
        let providers = self.accounts.values().map(|account| account.provider.as_str()).chain([""]);
        let secrets = providers.flat_map(|provider| provider::secrets(provider, self.own(provider).as_deref()));
        let of_secrets =
            secrets.flat_map(|secret| secret.variables.iter().flat_map(|name| [(*name).to_owned(), format!("{name}_FILE")]));
        of_keys.chain(of_secrets).collect()
    }

    /// Who may read files with secrets.
    fn secret_files(&self) -> SecretFiles {
        match env("CLIENTFERRY_SECRET_FILES").as_deref() {
            Some("any") => SecretFiles::Any,
            // A slip must not open them.
            Some(_) => SecretFiles::Private,
            None => self.secret_files.unwrap_or_default(),
        }
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
        let files = self.secret_files();
        let secrets = secret::read_all(name, account, provider, own.as_deref(), files)?;
        let mut settings = AccountSettings::new(name, SecretString::default()).with_own(own);
        settings.secrets = secrets;
        settings.options = account.options.clone();
        settings.base_url = env("CLIENTFERRY_BASE_URL").or_else(|| account.base_url.clone());
        settings.client_cert = path_of("CLIENTFERRY_CLIENT_CERT", account.client_cert.as_ref());
        settings.client_key = path_of("CLIENTFERRY_CLIENT_KEY", account.client_key.as_ref());
        // The certificate's file may hold its key.
        for path in settings.client_key.iter().chain(settings.client_cert.iter().filter(|_| settings.client_key.is_none())) {
            check_private(&format!("the file of the client's key {}", path.display()), path, files)?;
        }
        settings.ca_file = path_of("CLIENTFERRY_CA_FILE", account.ca_file.as_ref());
        settings.proxy = env("CLIENTFERRY_PROXY").or_else(|| account.proxy.clone());
        settings.rate_per_s = self.requests_per_second(name)?;
        settings.further_limits = self.further_limits(name)?;
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
