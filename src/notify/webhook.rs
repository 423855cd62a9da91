//! A hook that is an address: one POST over TLS, tried a second time where the first did not arrive. Follows no redirect.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName};
use secrecy::SecretString;

use crate::provider::http::{HttpClient, secret_header};
use crate::provider::{AccountSettings, ProviderError};

/// The secret's name among the settings of the connection.
const SECRET: &str = "secret";
const TRIES: u32 = 2;
/// Before the second try.
const WAIT: Duration = Duration::from_secs(1);

/// An address that is told.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// HTTPS, or HTTP on this machine.
    pub url: String,
    /// Header by which it knows us, and what stands in it.
    pub secret: Option<(String, SecretString)>,
    /// Further authorities to trust, PEM.
    pub ca_file: Option<PathBuf>,
    /// HTTP proxy.
    pub proxy: Option<String>,
}

impl Webhook {
    /// Whether it can be used at all. Opens no connection.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), String> {
        self.connect(WAIT).map(drop)
    }

    fn connect(&self, timeout: Duration) -> Result<(HttpClient, String), String> {
        let url = Url::parse(&self.url).map_err(|why| format!("its address is none: {why}"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("its address holds a user name; name the secret by `header` and `secret_env`".to_owned());
        }
        let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        let mut settings = AccountSettings::new("[hooks]", SecretString::default());
        settings.ca_file.clone_from(&self.ca_file);
        settings.proxy.clone_from(&self.proxy);
        settings.timeout = timeout;
        settings.connect_timeout = timeout.min(settings.connect_timeout);
        let mut headers = HeaderMap::new();
        if let Some((name, secret)) = &self.secret {
            let name: HeaderName = name.parse().map_err(|_| format!("`{name}` is not the name of a header"))?;
            settings.secrets = BTreeMap::from([(SECRET.to_owned(), secret.clone())]);
            headers = secret_header(&settings, SECRET, name, "").map_err(told)?;
        }
        let client = HttpClient::connect(&settings, &url.origin().ascii_serialization(), headers).map_err(told)?;
        Ok((client, path))
    }

    /// Tells it.
    pub(super) fn post(&self, body: &str, timeout: Duration) -> Result<(), String> {
        let (client, path) = self.connect(timeout / TRIES)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|why| format!("there is no thread for it: {why}"))?;
        let mut last = String::new();
        for round in 0..TRIES {
            if round > 0 {
                std::thread::sleep(WAIT.min(timeout / TRIES));
            }
            match runtime.block_on(client.post(&path, HeaderMap::new(), body)) {
                Ok(reply) if (200..300).contains(&reply.status) => return Ok(()),
                // What is refused is refused again.
                Ok(reply) if (300..500).contains(&reply.status) && reply.status != 429 => {
                    return Err(format!("it answered with status {}", reply.status));
                }
                Ok(reply) => last = format!("it answered with status {}", reply.status),
                Err(_) => last = "there was no answer in time, or no connection".to_owned(),
            }
        }
        Err(last)
    }
}

/// The reason without talk of accounts, which a hook has none of. Never the secret.
fn told(error: ProviderError) -> String {
    match error {
        ProviderError::NotEncrypted { host, .. } => format!("{host} is not this machine: write https://"),
        ProviderError::Token { why, .. } => format!("the secret {why}"),
        other => other.to_string(),
    }
}
