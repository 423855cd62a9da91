//! The token: fetched when it is needed, renewed before it ends or when it is refused, by one request however many wait for it.
//! Knows nothing about clients.
//!
//! <https://docs.brainysoft.ru/en/developers/auth/auth-api.html>

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::options::{Auth, Options, token_url};
use super::turns::{Turns, stopped};
use super::verdicts::{self, Token};
use crate::provider::http::{HttpClient, Lost, Reply, secret_header};
use crate::provider::{AccountSettings, Halt, ProviderError, Verdict};

/// Renewals in a row, without a successful request in between, after which the run stops.
const RENEWALS_MAX: u32 = 2;
/// How long a token from the older log-in is used. Its lifetime is not documented.
const LOGIN_LIFE: Duration = Duration::from_secs(20 * 60);
const LOGIN: &str = "/main/login";
/// The header that carries the token, without `Bearer`.
const BSAUTH: HeaderName = HeaderName::from_static("bsauth");

/// An account's session.
#[derive(Debug)]
pub(super) struct Session {
    way: Way,
    current: Mutex<Option<Pass>>,
    numbers: AtomicU64,
    /// Renewals since the last successful request.
    renewals: AtomicU32,
    /// Whether the token in use was shown to be alive.
    proven: AtomicBool,
}

#[derive(Debug)]
enum Way {
    OAuth { http: Box<HttpClient>, id: SecretString, secret: SecretString },
    Login { customer_key: HeaderMap, user: SecretString, password: SecretString },
    Static(HeaderMap),
}

/// A token, as a header of its own.
#[derive(Clone, Debug)]
pub(super) struct Pass {
    pub(super) headers: HeaderMap,
    number: u64,
    until: Option<Instant>,
}

impl Session {
    pub(super) fn new(settings: &AccountSettings, options: &Options, base: &HttpClient) -> Result<Self, ProviderError> {
        let secret = |name: &'static str| {
            // Checked like any header, so that faults are told before anything is sent.
            secret_header(settings, name, BSAUTH, "")?;
            let missing = ProviderError::Token { account: settings.name.clone(), secret: name, why: "is not set" };
            let text = settings.secret(name).ok_or(missing)?.expose_secret().trim().to_owned();
            Ok::<_, ProviderError>(SecretString::from(text))
        };
        let refuse = |why: String| ProviderError::Options { account: settings.name.clone(), why };
        let way = match options.auth {
            Auth::Oauth => {
                let url = token_url(options.token_url.as_deref(), base.base(), base.is_loopback())
                    .ok_or_else(|| refuse("`token_url` has to be set: where client id and secret become a token".into()))?;
                Way::OAuth {
                    http: Box::new(HttpClient::connect(settings, &url, HeaderMap::new())?),
                    id: secret("client_id")?,
                    secret: secret("client_secret")?,
                }
            }
            Auth::LegacyLogin => {
                let key = options.customer_key.as_deref().unwrap_or_default().trim();
                let value = HeaderValue::from_str(key).map_err(|_| refuse("`customer_key` cannot stand in a header".into()))?;
                let name = HeaderName::from_static("customer-key");
                Way::Login {
                    customer_key: HeaderMap::from_iter([(name, value)]),
                    user: settings.secret("user").cloned().ok_or_else(|| missing(settings, "user"))?,
                    password: settings.secret("password").cloned().ok_or_else(|| missing(settings, "password"))?,
                }
            }
            Auth::StaticToken => Way::Static(secret_header(settings, "token", BSAUTH, "")?),
        };
        Ok(Self {
            way,
            current: Mutex::new(None),
            numbers: AtomicU64::new(0),
            renewals: AtomicU32::new(0),
            proven: AtomicBool::new(false),
        })
    }

    /// The token to use now.
    pub(super) async fn pass(&self, base: &HttpClient, turns: &Turns<'_>) -> Result<Pass, Verdict> {
        let mut current = self.current.lock().await;
        match &*current {
            Some(pass) if pass.until.is_none_or(|until| Instant::now() < until) => Ok(pass.clone()),
            Some(_) | None => self.fetch(&mut current, base, turns).await,
        }
    }

    /// Another token in place of one that was refused. Whoever comes second gets what the first one fetched.
    pub(super) async fn renew(&self, refused: &Pass, base: &HttpClient, turns: &Turns<'_>) -> Result<Pass, Verdict> {
        let mut current = self.current.lock().await;
        if let Some(pass) = &*current
            && pass.number != refused.number
        {
            return Ok(pass.clone());
        }
        let may_renew = match self.way {
            Way::OAuth { .. } | Way::Login { .. } => self.renewals.fetch_add(1, Ordering::Relaxed) < RENEWALS_MAX,
            Way::Static(_) => false,
        };
        if !may_renew {
            return Err(Verdict::Halt(verdicts::token_refused()));
        }
        self.fetch(&mut current, base, turns).await
    }

    /// A request was served: renewals are no longer in a row.
    pub(super) fn served(&self) {
        self.renewals.store(0, Ordering::Relaxed);
    }

    /// Whether the token in use was shown to be alive.
    pub(super) fn is_proven(&self) -> bool {
        self.proven.load(Ordering::Relaxed)
    }

    pub(super) fn prove(&self) {
        self.proven.store(true, Ordering::Relaxed);
        self.served();
    }

    async fn fetch(&self, current: &mut Option<Pass>, base: &HttpClient, turns: &Turns<'_>) -> Result<Pass, Verdict> {
        *current = None;
        self.proven.store(false, Ordering::Relaxed);
        let (headers, life) = match &self.way {
            Way::Static(headers) => (headers.clone(), None),
            Way::OAuth { http, id, secret } => {
                let Some(started) = turns.take().await else { return Err(stopped()) };
                let form = [
                    ("grant_type", "client_credentials"),
                    ("client_id", id.expose_secret()),
                    ("client_secret", secret.expose_secret()),
                ];
                let answer = http.post_form("", &form).await;
                started.answered(answer.as_ref().is_ok_and(|reply| reply.body.is_ok()));
                match verdicts::token(&answer, SystemTime::now()) {
                    Token::Fresh(token, life) => (header(&token)?, Some(life)),
                    Token::Verdict(verdict) => return Err(verdict),
                }
            }
            Way::Login { customer_key, user, password } => {
                let Some(started) = turns.take().await else { return Err(stopped()) };
                let body = json!({"userName": user.expose_secret(), "password": password.expose_secret()});
                let answer = base.post(LOGIN, customer_key.clone(), &body.to_string()).await;
                started.answered(answer.as_ref().is_ok_and(|reply| reply.body.is_ok()));
                (login(&answer)?, Some(LOGIN_LIFE))
            }
        };
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let pass = Pass { headers, number, until: life.map(|life| Instant::now() + life) };
        *current = Some(pass.clone());
        Ok(pass)
    }
}

fn missing(settings: &AccountSettings, secret: &'static str) -> ProviderError {
    ProviderError::Token { account: settings.name.clone(), secret, why: "is not set" }
}

fn header(token: &str) -> Result<HeaderMap, Verdict> {
    let Ok(mut value) = HeaderValue::from_str(token) else {
        return Err(Verdict::Halt(Halt {
            what: "the provider gave a token that cannot stand in a header".into(),
            hint: "check `token_url`, or ask the provider's support".into(),
        }));
    };
    value.set_sensitive(true);
    Ok(HeaderMap::from_iter([(BSAUTH, value)]))
}

/// The older log-in hands the token out in a header of its answer.
fn login(answer: &Result<Reply, Lost>) -> Result<HeaderMap, Verdict> {
    let reply = match answer {
        Ok(reply) => reply,
        Err(lost) => return Err(verdicts::reading_lost(lost)),
    };
    match (reply.status, reply.headers.get(BSAUTH).and_then(|value| value.to_str().ok())) {
        (200..=299, Some(token)) if !token.trim().is_empty() => header(token.trim()),
        (429 | 408 | 500..=599, _) => match verdicts::token(answer, SystemTime::now()) {
            Token::Verdict(verdict) => Err(verdict),
            Token::Fresh(..) => Err(Verdict::Halt(verdicts::token_refused())),
        },
        (status, _) => Err(Verdict::Halt(Halt {
            what: format!("the log-in was not accepted (status {status})"),
            hint: "check `base_url`, `customer_key`, BRAINYSOFT_USER and BRAINYSOFT_PASSWORD; log-ins with a challenge are not \
                   supported, use auth = \"oauth\""
                .into(),
        })),
    }
}
