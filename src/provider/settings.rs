//! What is needed to speak for an account: address, secret, certificate, limits. Does not read configuration files.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use serde::de::DeserializeOwned;

use super::OwnProfile;
use crate::model::RateLimit;

/// So long before a provider forgets a key, it is not sent again.
const FORGETTING_MARGIN: Duration = Duration::from_secs(120);

/// What a provider's own error code means for a row, where the user knows better than the documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeMeaning {
    /// The client is refused.
    Rejected,
    /// The client was there before.
    Existing,
    /// The run stops.
    Halt,
}

/// An account at a provider.
#[derive(Clone, Debug)]
pub struct AccountSettings {
    /// Its name in the configuration, for messages.
    pub name: String,
    /// Where the API lives, without its path; the provider's own address when `None`. HTTPS, or HTTP on a loopback address.
    pub base_url: Option<String>,
    /// Tokens and passwords by the names that the provider calls them by; `token` nearly everywhere.
    pub secrets: BTreeMap<String, SecretString>,
    /// The provider's own settings, as they stand in the configuration.
    pub options: toml::Table,
    /// How a provider of the user's own is spoken to; `None` for those of the program.
    pub own: Option<Arc<OwnProfile>>,
    /// PEM file with the client certificate, for mutual TLS.
    pub client_cert: Option<PathBuf>,
    /// PEM file with the certificate's private key; `None` where the certificate's file holds it too.
    pub client_key: Option<PathBuf>,
    /// PEM file with certificate authorities to trust besides those of the system.
    pub ca_file: Option<PathBuf>,
    /// HTTP proxy; none unless set.
    pub proxy: Option<String>,
    /// Longest wait for a connection.
    pub connect_timeout: Duration,
    /// Longest wait for a whole answer, connection included.
    pub timeout: Duration,
    /// Requests at the same time.
    pub in_flight_max: usize,
    /// Requests a second, where fewer are wanted than the provider allows. More only on a loopback address.
    pub rate_per_s: Option<u32>,
    /// Limits of longer windows that hold besides: per minute, per day.
    pub further_limits: Vec<RateLimit>,
    /// How long after the first send the same key may be sent again to learn its outcome.
    pub replay_window: Duration,
    /// Meanings of the provider's own error codes.
    pub error_code_map: BTreeMap<String, CodeMeaning>,
}

impl AccountSettings {
    /// An account with every limit at its default.
    #[must_use]
    pub fn new(name: impl Into<String>, token: SecretString) -> Self {
        Self {
            name: name.into(),
            base_url: None,
            secrets: BTreeMap::from([("token".to_owned(), token)]),
            options: toml::Table::new(),
            own: None,
            client_cert: None,
            client_key: None,
            ca_file: None,
            proxy: None,
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(60),
            in_flight_max: 8,
            rate_per_s: None,
            further_limits: Vec::new(),
            replay_window: Duration::from_secs(15 * 60),
            error_code_map: BTreeMap::new(),
        }
    }
}

impl AccountSettings {
    /// The account of a rehearsal at this provider: a sandbox takes any token.
    #[must_use]
    pub fn for_sandbox(name: &str, provider: &str, own: Option<Arc<OwnProfile>>, base_url: &str) -> Self {
        let secrets = super::secrets(provider, own.as_deref());
        let secrets = secrets.iter().map(|secret| (secret.name.to_owned(), SecretString::from("sandbox")));
        Self {
            base_url: Some(base_url.to_owned()),
            secrets: secrets.collect(),
            ..Self::new(name, SecretString::from("sandbox".to_owned())).with_own(own)
        }
    }

    /// The same at a provider of the user's own: its keys are good, and its answers waited for, as long as its profile says.
    #[must_use]
    pub fn with_own(mut self, own: Option<Arc<OwnProfile>>) -> Self {
        if let Some(remembered) = own.as_ref().and_then(|own| own.key.remembered) {
            // A repeat on its way when the provider forgets would make a second client.
            self.replay_window = remembered.saturating_sub(FORGETTING_MARGIN.min(remembered / 10));
        }
        if let Some(timeout) = own.as_ref().and_then(|own| own.limits.timeout) {
            self.timeout = timeout;
        }
        self.own = own;
        self
    }

    /// All limits that hold: the provider's main one, and those of the account.
    pub(super) fn limits(&self, first: RateLimit) -> Vec<RateLimit> {
        std::iter::once(first).chain(self.further_limits.iter().copied()).collect()
    }

    /// A token or password.
    #[must_use]
    pub fn secret(&self, name: &str) -> Option<&SecretString> {
        self.secrets.get(name)
    }

    /// The provider's own settings in its own form.
    ///
    /// # Errors
    /// When they are not in that form.
    pub fn options<T: DeserializeOwned>(&self) -> Result<T, ProviderError> {
        T::deserialize(self.options.clone())
            .map_err(|error| ProviderError::Options { account: self.name.clone(), why: error.message().to_owned() })
    }
}

/// Why an account's settings cannot be used. Never holds the token or a key.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// No provider has this name.
    #[error("there is no provider `{provider}`")]
    Unknown {
        /// What was asked for.
        provider: String,
    },
    /// The base URL is not one.
    #[error("account `{account}`: the base URL is not usable: {why}")]
    BaseUrl {
        /// The account.
        account: String,
        /// What is wrong with it.
        why: String,
    },
    /// The base URL would send the token in clear over a network.
    #[error("account `{account}`: the base URL is not HTTPS and `{host}` is not this machine")]
    NotEncrypted {
        /// The account.
        account: String,
        /// The URL's host.
        host: String,
    },
    /// A secret is missing, empty or cannot stand in a header.
    #[error("account `{account}`: the secret `{secret}` {why}")]
    Token {
        /// The account.
        account: String,
        /// Which of its secrets.
        secret: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A certificate or key file cannot be read.
    #[error("account `{account}`: {what} {path} cannot be read: {why}")]
    File {
        /// The account.
        account: String,
        /// Which of the account's files.
        what: &'static str,
        /// The file.
        path: String,
        /// Why.
        why: String,
    },
    /// A certificate or key file does not hold what it should.
    #[error("account `{account}`: {what} {path} is not usable: {why}")]
    Pem {
        /// The account.
        account: String,
        /// Which of the account's files.
        what: &'static str,
        /// The file.
        path: String,
        /// Why.
        why: String,
    },
    /// The provider's own settings are not in its form.
    #[error("account `{account}`: {why}")]
    Options {
        /// The account.
        account: String,
        /// What is wrong with them.
        why: String,
    },
    /// A limit makes no sense.
    #[error("account `{account}`: {setting} = {found} is not allowed, {allowed}")]
    Limit {
        /// The account.
        account: String,
        /// The setting.
        setting: &'static str,
        /// Its value.
        found: String,
        /// What is allowed.
        allowed: String,
    },
    /// The HTTP client cannot be made.
    #[error("account `{account}`: the HTTP client cannot be made: {why}")]
    Client {
        /// The account.
        account: String,
        /// Why.
        why: String,
    },
}

impl ProviderError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Unknown { .. } => "`clientferry operations` lists what can be sent to whom".into(),
            Self::BaseUrl { .. } => {
                "give scheme and host, for example https://api.example.com, without query and user name".into()
            }
            Self::NotEncrypted { .. } => "use https://; http:// is for 127.0.0.1, localhost and [::1] only".into(),
            Self::Token { secret: "token", .. } => {
                "put the token into CLIENTFERRY_TOKEN, or name its file in `token_file`".into()
            }
            Self::Token { secret, .. } => {
                format!("name its variable or file under [accounts.NAME.secrets] as `{secret} = {{ env = \"…\" }}`")
            }
            Self::Options { .. } => "see docs/providers for the settings that this provider has".into(),
            Self::File { .. } => "check the path and the file's permissions".into(),
            Self::Pem { .. } => {
                "PEM text is wanted: `-----BEGIN CERTIFICATE-----`, and for client certificates an unencrypted private key, \
                 in the same file or in `client_key`"
                    .into()
            }
            Self::Limit { setting, .. } => format!("change or remove `{setting}` in the account's settings"),
            Self::Client { .. } => {
                "where the system has no certificate authorities (slim containers), install ca-certificates, set SSL_CERT_FILE, \
                 or name a PEM file in `ca_file`"
                    .into()
            }
        }
    }
}
