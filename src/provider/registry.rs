//! The list of providers. A new one is a folder and a line here.

use std::path::PathBuf;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::own::{self, OwnProfile, OwnProvider};
use super::{AccountSettings, Provider, ProviderError, brainysoft, finlego, loanpro, tbank};

/// A token or password that a provider wants of an account.
#[derive(Clone, Copy, Debug)]
pub struct Secret {
    /// Its name under `[accounts.NAME.secrets]`.
    pub name: &'static str,
    /// Variables that hold it where the configuration names no other; the same with `_FILE` names a file.
    pub variables: &'static [&'static str],
    /// Whether the account is of no use without it.
    pub required: bool,
}

/// The bearer token that nearly every provider wants.
pub(super) const TOKEN: Secret = Secret { name: "token", variables: &["CLIENTFERRY_TOKEN"], required: true };

/// One provider.
struct Entry {
    name: &'static str,
    secrets: &'static [Secret],
    check: fn(&toml::Table) -> Result<(), toml::de::Error>,
    connect: fn(&AccountSettings) -> Result<Arc<dyn Provider>, ProviderError>,
    /// Operations whose contract the account's settings put a file in place of.
    contracts: fn(&toml::Table) -> Vec<(&'static str, PathBuf)>,
}

const PROVIDERS: &[Entry] = &[
    Entry {
        name: "brainysoft",
        secrets: brainysoft::SECRETS,
        check: options::<brainysoft::Options>,
        connect: |settings| Ok(Arc::new(brainysoft::BrainySoft::connect(settings)?)),
        contracts: |_| Vec::new(),
    },
    Entry {
        name: "finlego",
        secrets: &[TOKEN],
        check: options::<finlego::Options>,
        connect: |settings| Ok(Arc::new(finlego::FinLego::connect(settings)?)),
        contracts: finlego::contracts,
    },
    Entry {
        name: "tbank",
        secrets: &[TOKEN],
        check: options::<tbank::Options>,
        connect: |settings| Ok(Arc::new(tbank::TBank::connect(settings)?)),
        contracts: |_| Vec::new(),
    },
    Entry {
        name: "loanpro",
        secrets: &[loanpro::TOKEN],
        check: options::<loanpro::Options>,
        connect: |settings| Ok(Arc::new(loanpro::LoanPro::connect(settings)?)),
        contracts: |_| Vec::new(),
    },
];

fn options<T: DeserializeOwned>(written: &toml::Table) -> Result<(), toml::de::Error> {
    T::deserialize(written.clone()).map(drop)
}

fn entry(provider: &str) -> Option<&'static Entry> {
    PROVIDERS.iter().find(|entry| entry.name == provider)
}

/// A provider's account, ready to be spoken to.
///
/// # Errors
/// When the provider is not known, or the account's settings cannot be used.
pub fn connect(provider: &str, settings: &AccountSettings) -> Result<Arc<dyn Provider>, ProviderError> {
    if let Some(own) = &settings.own {
        return Ok(Arc::new(OwnProvider::connect(Arc::clone(own), settings)?));
    }
    let entry = entry(provider).ok_or_else(|| ProviderError::Unknown { provider: provider.to_owned() })?;
    (entry.connect)(settings)
}

/// The secrets that a provider wants, one of the user's own by its profile; the usual token where the provider is not known.
#[must_use]
pub fn secrets(provider: &str, own: Option<&OwnProfile>) -> Vec<Secret> {
    match (own, entry(provider)) {
        (Some(own), _) => own::secrets(own),
        (None, Some(entry)) => entry.secrets.to_vec(),
        (None, None) => vec![TOKEN],
    }
}

/// Whether a provider of this name comes with the program.
#[must_use]
pub fn is_built_in(provider: &str) -> bool {
    entry(provider).is_some()
}

/// Whether these are settings that the provider has.
///
/// # Errors
/// What is wrong with them; the text names keys and no values.
pub fn check_options(provider: &str, written: &toml::Table) -> Result<(), String> {
    match entry(provider) {
        Some(entry) => (entry.check)(written).map_err(|error| error.message().to_owned()),
        None => Ok(()),
    }
}

/// Files that an account's settings put in place of built-in contracts: the operation, and the path as it is written.
#[must_use]
pub fn contracts(provider: &str, written: &toml::Table) -> Vec<(&'static str, PathBuf)> {
    entry(provider).map_or_else(Vec::new, |entry| (entry.contracts)(written))
}
