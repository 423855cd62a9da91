//! The one HTTP client of a run: sends bytes once and sorts what can go wrong by what it means for the request.
//! Knows no provider's rules and never repeats or redirects a request.

use std::error::Error as StdError;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Once;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Certificate, Identity, Method, RequestBuilder, Url};
use rustls::AlertDescription;
use secrecy::ExposeSecret;

use super::{AccountSettings, ProviderError};
use crate::model::IdempotencyKey;

/// Longest answer that is read, after decompression.
const BODY_BYTES_MAX: usize = 1 << 20;
/// Below the idle times of usual load balancers, so that a request is not written into a connection that is about to close.
const POOL_IDLE: Duration = Duration::from_secs(15);

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body; `Err` says why it did not arrive whole.
    pub body: Result<Vec<u8>, &'static str>,
}

/// Why there is no answer, sorted by what the server may have done. The texts hold neither addresses nor client data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// The server's TLS refused our certificate, or asks for one: the request was not processed.
    Certificate(String),
    /// No connection, so not one byte of the request left.
    NotConnected {
        /// Why.
        why: String,
        /// Whether the server's own certificate was not trusted.
        untrusted: bool,
    },
    /// The request or a part of it left.
    InDoubt {
        /// A word for reports: `timeout` or `connection_lost`.
        code: &'static str,
        /// Why.
        why: String,
    },
}

/// A client bound to an account's address and token.
#[derive(Clone, Debug)]
pub struct HttpClient {
    client: reqwest::Client,
    base: String,
    loopback: bool,
    has_certificate: bool,
}

impl HttpClient {
    /// Makes the client for one address; `headers` go with every request. Reads the certificate files; opens no connection.
    ///
    /// # Errors
    /// Where address, token or a file cannot be used.
    pub fn connect(settings: &AccountSettings, base_url: &str, headers: HeaderMap) -> Result<Self, ProviderError> {
        static PROVIDER: Once = Once::new();
        // Fails only where the program has installed one already, which is as good.
        PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));

        let account = || settings.name.clone();
        let (base, loopback) = checked_base_url(settings, base_url)?;
        if settings.timeout.is_zero() || settings.connect_timeout.is_zero() {
            return Err(ProviderError::Limit {
                account: account(),
                setting: "timeout_s",
                found: "0".into(),
                allowed: "a request needs time".into(),
            });
        }
        let mut builder = reqwest::Client::builder()
            .default_headers(with_accept(headers))
            .user_agent(concat!("clientferry/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .https_only(!loopback)
            .connect_timeout(settings.connect_timeout)
            .timeout(settings.timeout)
            .pool_idle_timeout(POOL_IDLE);
        builder = match &settings.proxy {
            None => builder.no_proxy(),
            Some(proxy) => builder.proxy(reqwest::Proxy::all(proxy).map_err(|error| ProviderError::Client {
                account: account(),
                why: format!("the proxy's address is not usable: {}", plain(error)),
            })?),
        };
        if let Some(path) = &settings.client_cert {
            builder = builder.identity(identity(settings, path)?);
        }
        if let Some(path) = &settings.ca_file {
            let what = "the file of certificate authorities";
            let pem = read(settings, what, path)?;
            let certificates = Certificate::from_pem_bundle(&pem).map_err(|error| pem_error(settings, what, path, error))?;
            if certificates.is_empty() {
                return Err(pem_fault(settings, what, path, "it holds no certificate".into()));
            }
            builder = builder.tls_certs_merge(certificates);
        }
        let client = builder.build().map_err(|error| ProviderError::Client { account: account(), why: plain(error) })?;
        Ok(Self { client, base, loopback, has_certificate: settings.client_cert.is_some() })
    }

    /// Whether the address is this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// Whether requests go over TLS.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.base.starts_with("https:")
    }

    /// Whether the account has a client certificate.
    #[must_use]
    pub fn has_certificate(&self) -> bool {
        self.has_certificate
    }

    /// The address without a trailing slash.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Sends a JSON body, byte for byte, once.
    ///
    /// # Errors
    /// Where no answer came.
    pub async fn post(&self, path: &str, headers: HeaderMap, body: &str) -> Result<Reply, Lost> {
        self.send(Method::POST, path, headers, body).await
    }

    /// Sends a JSON body by any method, byte for byte, once.
    ///
    /// # Errors
    /// Where no answer came.
    pub async fn send(&self, method: Method, path: &str, headers: HeaderMap, body: &str) -> Result<Reply, Lost> {
        let request = self
            .client
            .request(method, format!("{}{path}", self.base))
            .headers(headers)
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(body.to_owned());
        exchange(request).await
    }

    /// Sends a form once, as token endpoints want it.
    ///
    /// # Errors
    /// Where no answer came.
    pub async fn post_form(&self, path: &str, form: &[(&str, &str)]) -> Result<Reply, Lost> {
        let mut encoder = Url::parse("http://form.invalid/")
            .map_err(|error| Lost::NotConnected { why: error.to_string(), untrusted: false })?;
        encoder.query_pairs_mut().extend_pairs(form);
        let request = self
            .client
            .post(format!("{}{path}", self.base))
            .header(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"))
            .body(encoder.query().unwrap_or_default().to_owned());
        exchange(request).await
    }

    /// Asks once. `path` may hold a query; client data stands in it only where a provider can be asked for a client in no other way.
    ///
    /// # Errors
    /// Where no answer came.
    pub async fn get(&self, path: &str, headers: HeaderMap) -> Result<Reply, Lost> {
        exchange(self.client.get(format!("{}{path}", self.base)).headers(headers)).await
    }
}

async fn exchange(request: RequestBuilder) -> Result<Reply, Lost> {
    let mut response = request.send().await.map_err(sort)?;
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let mut bytes = Vec::new();
    let body = loop {
        match response.chunk().await {
            Ok(Some(chunk)) if bytes.len() + chunk.len() > BODY_BYTES_MAX => break Err("the answer is longer than 1 MiB"),
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) => break Ok(bytes),
            Err(error) if error.is_timeout() => break Err("the answer did not arrive whole in time"),
            Err(_) => break Err("the answer was cut off"),
        }
    };
    Ok(Reply { status, headers, body })
}

/// Measured with reqwest 0.13 and rustls 0.23: what fails before the first byte is a connect error, everything else is in doubt.
fn sort(error: reqwest::Error) -> Lost {
    let error = error.without_url();
    let tls = rustls_error(&error);
    if let Some(rustls::Error::AlertReceived(alert)) = tls
        && let Some(why) = certificate_alert(*alert)
    {
        return Lost::Certificate(why.to_owned());
    }
    let untrusted = matches!(tls, Some(rustls::Error::InvalidCertificate(_)));
    let why = root_cause(&error);
    if error.is_connect() || error.is_builder() {
        Lost::NotConnected { why, untrusted }
    } else if error.is_timeout() {
        Lost::InDoubt { code: "timeout", why: "no answer came in time".into() }
    } else {
        Lost::InDoubt { code: "connection_lost", why }
    }
}

fn certificate_alert(alert: AlertDescription) -> Option<&'static str> {
    // Foreign enum with values not known to us: all others are no statement about our certificate.
    Some(match alert {
        AlertDescription::CertificateRequired | AlertDescription::NoCertificate => "it asks for a client certificate",
        AlertDescription::CertificateExpired => "it says that our certificate has expired",
        AlertDescription::CertificateRevoked => "it says that our certificate is revoked",
        AlertDescription::UnknownCA => "it does not know the authority that issued our certificate",
        // Sent in handshakes only: the signature of our certificate, or the one made with its key, does not hold.
        AlertDescription::DecryptError
        | AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::AccessDenied => "it does not accept our certificate",
        _ => return None,
    })
}

/// The rustls error in the chain; `io::Error` hides the error inside it from `source()`.
fn rustls_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<rustls::Error>() {
            return Some(found);
        }
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if let Some(found) = inner.and_then(|inner| rustls_error(inner)) {
            return Some(found);
        }
        next = error.source();
    }
    None
}

fn root_cause(error: &(dyn StdError + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

fn plain(error: reqwest::Error) -> String {
    root_cause(&error.without_url())
}

fn checked_base_url(settings: &AccountSettings, base_url: &str) -> Result<(String, bool), ProviderError> {
    let wrong = |why: &str| ProviderError::BaseUrl { account: settings.name.clone(), why: why.to_owned() };
    let url = Url::parse(base_url).map_err(|error| wrong(&error.to_string()))?;
    let Some(host) = url.host_str() else { return Err(wrong("it names no host")) };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("it holds a user name"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it holds a query or a fragment"));
    }
    let address: Option<IpAddr> = host.trim_start_matches('[').trim_end_matches(']').parse().ok();
    let loopback = host.eq_ignore_ascii_case("localhost") || address.is_some_and(|address| address.is_loopback());
    match url.scheme() {
        "https" => {}
        "http" if loopback => {}
        "http" => return Err(ProviderError::NotEncrypted { account: settings.name.clone(), host: host.to_owned() }),
        _ => return Err(wrong("its scheme is neither https nor http")),
    }
    Ok((url.as_str().trim_end_matches('/').to_owned(), loopback))
}

fn with_accept(mut headers: HeaderMap) -> HeaderMap {
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers
}

/// `Idempotency-Key: …`.
#[must_use]
pub fn key_header(key: IdempotencyKey) -> HeaderMap {
    // A UUID's text is a header's value; were it none, the request would go without a key and be refused.
    HeaderValue::from_str(&key.to_string())
        .map_or_else(|_| HeaderMap::new(), |value| HeaderMap::from_iter([(HeaderName::from_static("idempotency-key"), value)]))
}

/// `Authorization: Bearer …` with the account's token.
///
/// # Errors
/// When there is no token, or none that can stand in a header.
pub fn bearer(settings: &AccountSettings) -> Result<HeaderMap, ProviderError> {
    secret_header(settings, "token", AUTHORIZATION, "Bearer ")
}

/// A header that holds one of the account's secrets; `before` stands in front of it.
///
/// # Errors
/// When there is no such secret, or none that can stand in a header.
pub fn secret_header(
    settings: &AccountSettings,
    secret: &'static str,
    name: HeaderName,
    before: &str,
) -> Result<HeaderMap, ProviderError> {
    let fault = |why| ProviderError::Token { account: settings.name.clone(), secret, why };
    let text = settings.secret(secret).ok_or_else(|| fault("is not set"))?.expose_secret().trim();
    if text.is_empty() {
        return Err(fault("is empty"));
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(fault("holds blanks or characters that no token has"));
    }
    let mut value = HeaderValue::from_str(&format!("{before}{text}")).map_err(|_| fault("cannot stand in a header"))?;
    value.set_sensitive(true);
    Ok(HeaderMap::from_iter([(name, value)]))
}

fn identity(settings: &AccountSettings, path: &Path) -> Result<Identity, ProviderError> {
    let what = "the client certificate";
    let mut pem = read(settings, what, path)?;
    if let Some(key) = &settings.client_key {
        pem.push(b'\n');
        pem.extend(read(settings, "the key of the client certificate", key)?);
    }
    Identity::from_pem(&pem).map_err(|error| pem_error(settings, what, path, error))
}

fn read(settings: &AccountSettings, what: &'static str, path: &Path) -> Result<Vec<u8>, ProviderError> {
    std::fs::read(path).map_err(|error| ProviderError::File {
        account: settings.name.clone(),
        what,
        path: path.display().to_string(),
        why: error.to_string(),
    })
}

fn pem_error(settings: &AccountSettings, what: &'static str, path: &Path, error: reqwest::Error) -> ProviderError {
    pem_fault(settings, what, path, plain(error))
}

fn pem_fault(settings: &AccountSettings, what: &'static str, path: &Path, why: String) -> ProviderError {
    ProviderError::Pem { account: settings.name.clone(), what, path: path.display().to_string(), why }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::SecretString;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    fn settings(base: &str) -> AccountSettings {
        AccountSettings { base_url: Some(base.into()), ..AccountSettings::new("test", SecretString::from("secret-token")) }
    }

    fn connect(settings: &AccountSettings) -> Result<HttpClient, ProviderError> {
        HttpClient::connect(settings, settings.base_url.as_deref().unwrap_or_default(), bearer(settings)?)
    }

    #[test]
    fn only_this_machine_is_spoken_to_in_clear() {
        for good in ["http://127.0.0.1:8080", "http://localhost:1/", "http://[::1]:9/x", "https://bank.example/api/"] {
            assert!(connect(&settings(good)).is_ok(), "{good}");
        }
        assert!(matches!(connect(&settings("http://bank.example")), Err(ProviderError::NotEncrypted { .. })));
        for bad in ["", "bank.example", "ftp://bank.example", "https://user:pw@bank.example", "https://bank.example/?a=b"] {
            assert!(matches!(connect(&settings(bad)), Err(ProviderError::BaseUrl { .. })), "{bad}");
        }
    }

    #[test]
    fn faults_of_settings_are_told_without_the_token() {
        let mut bad = settings("https://bank.example");
        bad.secrets.insert("token".into(), SecretString::from("geheim wort"));
        let error = connect(&bad).unwrap_err();
        assert!(!format!("{error} {error:?} {}", error.hint()).contains("geheim"));
        assert!(!format!("{bad:?}").contains("geheim"));
        let mut bad = settings("https://bank.example");
        bad.client_cert = Some("/nowhere/cert.pem".into());
        assert!(matches!(connect(&bad), Err(ProviderError::File { .. })));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cert.pem");
        std::fs::write(&path, "no pem").unwrap();
        bad.client_cert = Some(path.clone());
        assert!(matches!(connect(&bad), Err(ProviderError::Pem { .. })));
        let mut bad = settings("https://bank.example");
        bad.ca_file = Some(path);
        assert!(matches!(connect(&bad), Err(ProviderError::Pem { .. })));
    }

    /// A server that answers the first connection with these bytes and closes it.
    async fn server(answer: &'static str) -> HttpClient {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 4096];
            let _ = socket.read(&mut buffer).await;
            let _ = socket.write_all(answer.as_bytes()).await;
        });
        let mut settings = settings(&base);
        settings.timeout = Duration::from_millis(500);
        connect(&settings).unwrap()
    }

    #[tokio::test]
    async fn what_goes_wrong_is_sorted_by_what_the_server_may_have_done() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let closed = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let client = connect(&settings(&closed)).unwrap();
        assert!(matches!(client.post("/x", HeaderMap::new(), "{}").await, Err(Lost::NotConnected { untrusted: false, .. })));

        let client = server("").await;
        assert!(matches!(client.post("/x", HeaderMap::new(), "{}").await, Err(Lost::InDoubt { code: "connection_lost", .. })));

        let client = server("HTTP/1.1 201 Created\r\ncontent-length: 100\r\n\r\n{\"benef").await;
        let reply = client.post("/x", HeaderMap::new(), "{}").await.unwrap();
        assert_eq!((reply.status, reply.body.is_err()), (201, true));

        let client = server("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/login\r\ncontent-length: 0\r\n\r\n").await;
        assert_eq!(client.post("/x", HeaderMap::new(), "{}").await.unwrap().status, 302);
    }

    #[tokio::test]
    async fn silence_is_a_timeout_in_doubt() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut settings = settings(&format!("http://{}", listener.local_addr().unwrap()));
        settings.timeout = Duration::from_millis(200);
        let client = connect(&settings).unwrap();
        assert!(matches!(client.post("/x", HeaderMap::new(), "{}").await, Err(Lost::InDoubt { code: "timeout", .. })));
    }
}
