//! How an account proves itself: fixed and secret headers, Basic, and tokens for a client id and its secret. Judges no answer about clients.

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::sync::Mutex;

use super::NotSent;
use crate::contract::profile::{Auth, HeaderText, OwnProfile};
use crate::model::{FieldName, Refusal};
use crate::provider::http::{HttpClient, Lost, secret_header};
use crate::provider::{AccountSettings, Halt, ProviderError, Slot};

/// The headers of every request.
pub(super) fn headers(own: &OwnProfile, settings: &AccountSettings) -> Result<HeaderMap, ProviderError> {
    let mut headers = HeaderMap::new();
    for (name, text) in &own.headers {
        match text {
            HeaderText::Fixed(text) => headers.extend(header(name).zip(HeaderValue::from_str(text).ok())),
            HeaderText::Secret(secret) => headers.extend(secret_of(settings, secret, name, "")?),
        }
    }
    match &own.auth {
        Auth::None | Auth::Oauth { .. } => {}
        Auth::Bearer { secret } => headers.extend(secret_of(settings, secret, AUTHORIZATION.as_str(), "Bearer ")?),
        Auth::Header { header, prefix, secret } => headers.extend(secret_of(settings, secret, header, prefix)?),
        Auth::Basic { user, password } => {
            let (user, password) = (secret(settings, user)?, secret(settings, password)?);
            let pair = base64(format!("{}:{}", user.expose_secret().trim(), password.expose_secret().trim()).as_bytes());
            headers.extend(sensitive(&format!("Basic {pair}")).map(|value| (AUTHORIZATION, value)));
        }
    }
    Ok(headers)
}

fn header(name: &str) -> Option<HeaderName> {
    HeaderName::from_bytes(name.as_bytes()).ok()
}

fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn secret_of(settings: &AccountSettings, secret: &str, name: &str, before: &str) -> Result<HeaderMap, ProviderError> {
    // The profile's reader took names of headers only that are ones.
    let Some(name) = header(name) else { return Ok(HeaderMap::new()) };
    secret_header(settings, FieldName::new(secret).as_str(), name, before)
}

fn secret<'a>(settings: &'a AccountSettings, name: &str) -> Result<&'a SecretString, ProviderError> {
    settings.secret(name).ok_or_else(|| ProviderError::Token {
        account: settings.name.clone(),
        secret: FieldName::new(name).as_str(),
        why: "is not set",
    })
}

/// The token at hand, and where new ones come from.
pub(super) struct Tokens {
    http: HttpClient,
    path: String,
    scope: Option<String>,
    client_id: SecretString,
    client_secret: SecretString,
    token: Mutex<Option<SecretString>>,
}

/// Secrets never print themselves.
impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Tokens {
    /// `None` where the provider gives out no tokens.
    pub(super) fn connect(
        own: &OwnProfile,
        settings: &AccountSettings,
        http: &HttpClient,
    ) -> Result<Option<Self>, ProviderError> {
        let Auth::Oauth { token_url, scope, client_id, client_secret } = &own.auth else { return Ok(None) };
        let path = own.token_path().unwrap_or("/").to_owned();
        // A rehearsal has one address for everything.
        let elsewhere = token_url.split_once("://").filter(|_| !http.is_loopback());
        let http = match elsewhere {
            Some((scheme, rest)) => {
                let host = rest.split('/').next().unwrap_or_default();
                HttpClient::connect(settings, &format!("{scheme}://{host}"), HeaderMap::new())?
            }
            None => http.clone(),
        };
        Ok(Some(Self {
            http,
            path,
            scope: scope.clone(),
            client_id: secret(settings, client_id)?.clone(),
            client_secret: secret(settings, client_secret)?.clone(),
            token: Mutex::new(None),
        }))
    }

    /// The token, asked for where there is none, and these headers with it.
    pub(super) async fn headers(&self, slot: &dyn Slot, headers: &HeaderMap) -> Result<(SecretString, HeaderMap), NotSent> {
        let mut held = self.token.lock().await;
        let token = match &*held {
            Some(token) => token.clone(),
            None => held.insert(self.ask(slot).await?).clone(),
        };
        let mut headers = headers.clone();
        headers.extend(sensitive(&format!("Bearer {}", token.expose_secret())).map(|value| (AUTHORIZATION, value)));
        Ok((token, headers))
    }

    /// This token is not accepted any more; another request may have renewed it already.
    pub(super) async fn forget(&self, stale: &SecretString) {
        let mut held = self.token.lock().await;
        if held.as_ref().is_some_and(|token| token.expose_secret() == stale.expose_secret()) {
            *held = None;
        }
    }

    async fn ask(&self, slot: &dyn Slot) -> Result<SecretString, NotSent> {
        let no_token =
            |why: String| NotSent::NoToken(Refusal { code: "no_token".into(), message: why.into(), ..Refusal::default() });
        let Some(turn) = slot.take().await else { return Err(no_token("the run stopped before a token was asked for".into())) };
        let mut form = vec![
            ("grant_type", "client_credentials"),
            ("client_id", self.client_id.expose_secret().trim()),
            ("client_secret", self.client_secret.expose_secret().trim()),
        ];
        form.extend(self.scope.as_deref().map(|scope| ("scope", scope)));
        let answer = self.http.post_form(&self.path, &form).await;
        turn.answered(answer.as_ref().is_ok_and(|reply| reply.body.is_ok()));
        match answer {
            Ok(reply) if reply.status == 200 => {
                let token = reply.body.ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
                let token = token.as_ref().and_then(|answer| answer.get("access_token")).and_then(Value::as_str);
                let token = token.filter(|token| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()));
                token.map(|token| SecretString::from(token.to_owned())).ok_or_else(|| {
                    NotSent::Halt(Halt {
                        what: "the token address answers without a usable `access_token`".into(),
                        hint: "check `token_url` in the profile".into(),
                    })
                })
            }
            Ok(reply) if matches!(reply.status, 300..=428 | 430..=499) && reply.status != 408 => Err(NotSent::Halt(Halt {
                what: format!("the token address refuses the client id or its secret (status {})", reply.status),
                hint: "check the account's secrets for client id and client secret, and `token_url` and `scope` in the profile"
                    .into(),
            })),
            Ok(reply) => Err(no_token(format!("the token address answers with status {}", reply.status))),
            Err(Lost::Certificate(why)) => Err(NotSent::Halt(super::verdicts::certificate(&why))),
            // A token more or less does no harm.
            Err(Lost::NotConnected { why, .. } | Lost::InDoubt { why, .. }) => Err(no_token(format!("no token: {why}"))),
        }
    }
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let part = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let number = part(0) << 16 | part(1) << 8 | part(2);
        for place in 0..4 {
            let letter = LETTERS.get((number >> (18 - 6 * place) & 63) as usize).copied().unwrap_or(b'=');
            text.push(if place <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_is_that_of_the_rfc() {
        for (bytes, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
        assert_eq!(base64("user:пароль".as_bytes()), "dXNlcjrQv9Cw0YDQvtC70Yw=");
    }
}
