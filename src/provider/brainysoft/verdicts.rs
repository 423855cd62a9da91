//! What BrainySoft's answers mean, call by call: pure functions, line by line the decision table of docs/providers. Sends nothing.
//! Error codes and statuses are not published: whatever could have created a client leaves the row in doubt.
//!
//! <https://docs.brainysoft.ru/en/developers/general-description-working-with-api/api-description.html>

use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::json::Json;
use super::said::{Said, code_word, created_id, refusal, speaks_of_a_duplicate, speaks_of_the_session};
use crate::model::{Body, Refusal};
use crate::provider::headers::retry_after;
use crate::provider::http::{Lost, Reply};
use crate::provider::words::{doubt, without_answer};
use crate::provider::{Halt, Verdict};

/// Tokens live about half an hour; where the answer does not say, they are renewed earlier.
const TOKEN_LIFE: Duration = Duration::from_secs(20 * 60);
/// Longest life that is believed: a number beyond all clocks must not stop the run.
const TOKEN_LIFE_MAX: Duration = Duration::from_secs(30 * 86_400);
/// A token is renewed this long before it ends.
const TOKEN_MARGIN: Duration = Duration::from_secs(60);

/// What an answer to a creation means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Created {
    /// It is decided.
    Verdict(Verdict),
    /// The token was refused before anything was done.
    TokenRefused,
    /// An error in the provider's own form: the client is refused, unless the token is dead or the client was there before.
    Error {
        /// What was said.
        refusal: Refusal,
        /// It speaks of a client who is there already.
        duplicate: bool,
        /// It speaks of a session that has ended.
        session: bool,
    },
}

/// What an answer to `init` means.
#[derive(Debug)]
pub(super) enum Init {
    /// The object to fill.
    Object(Json),
    /// It cannot be had now; nothing was done.
    Verdict(Verdict),
    /// The token was refused.
    TokenRefused,
    /// An error in the provider's own form: the token may be dead; else the run cannot go on.
    Error(Halt),
}

/// What an answer to a question means: a search, a client by its id, a reference book, who we are.
#[derive(Debug)]
pub(super) enum Read {
    /// What was asked for.
    Data(Json),
    /// The token was refused.
    TokenRefused,
    /// An error in the provider's own form: the token may be dead; else the question is not allowed or not understood.
    Error(Refusal),
    /// It was asked too fast.
    Throttled(Option<Duration>),
    /// Another try may succeed.
    Again(Refusal),
    /// It cannot be asked.
    Off(Refusal),
    /// The run cannot go on.
    Halt(Halt),
}

/// What an answer to a request for a token means.
pub(super) enum Token {
    /// The token, and how long it may be used.
    Fresh(String, Duration),
    /// It cannot be had now: throttled or transient.
    Verdict(Verdict),
}

/// `POST main/clients`.
pub(super) fn create(result: &Result<Reply, Lost>, sent: &Body, now: SystemTime) -> Created {
    let reply = match result {
        Ok(reply) => reply,
        Err(lost) => return Created::Verdict(lost_verdict(lost)),
    };
    let said = Said::read(reply);
    let status = reply.status;
    let refused = || refusal(reply, &said, sent);
    let unknown = |why| Created::Verdict(Verdict::Unknown { why, retry_after: retry_after(&reply.headers, now) });
    match (status, &said) {
        (200..=299, Said::Ok(data)) => match created_id(data) {
            Some(id) => Created::Verdict(Verdict::Created(id)),
            None => unknown(doubt("answer_without_id", format!("status {status}, ok, but without the client's id"), None)),
        },
        (200..=299 | 400 | 409 | 422, Said::Error(data)) => Created::Error {
            refusal: refused(),
            duplicate: status == 409 || speaks_of_a_duplicate(data),
            session: speaks_of_the_session(data),
        },
        (200..=299, Said::Nothing) => unknown(match &reply.body {
            Err(why) => doubt("answer_cut", format!("status {status}, but {why}"), None),
            Ok(_) => doubt("answer_unreadable", format!("status {status} without the provider's envelope"), None),
        }),
        (401, _) => Created::TokenRefused,
        (409, Said::Ok(_) | Said::Nothing) => Created::Error { refusal: refused(), duplicate: true, session: false },
        (429, _) => Created::Verdict(Verdict::Throttled { retry_after: retry_after(&reply.headers, now) }),
        // May be a refusal in disguise: where two look-ups find nothing, it was one.
        (500, Said::Error(_)) => Created::Verdict(Verdict::RefusedOnRepeat(refused())),
        (408 | 500..=599 | 0..=199 | 600.., _) => unknown(refused()),
        (300..=399 | 403 | 404 | 405, _) => Created::Verdict(Verdict::Halt(halt(status, &said))),
        (400..=499, _) => Created::Verdict(Verdict::Rejected(refused())),
    }
}

/// `GET main/clients/init`. It creates nothing, so it may be asked again whatever went wrong.
pub(super) fn init(result: &Result<Reply, Lost>, now: SystemTime) -> Init {
    let reply = match result {
        Ok(reply) => reply,
        Err(lost) => return Init::Verdict(reading_lost(lost)),
    };
    let said = Said::read(reply);
    let status = reply.status;
    let drift = |what: &str| {
        Init::Verdict(Verdict::Halt(Halt {
            what: format!("the provider's init answered with status {status} {what}"),
            hint: "check `base_url` (with /bs-core or /core) and whether a proxy stands in between; the run goes on where it stopped"
                .into(),
        }))
    };
    match (status, said) {
        (200..=299, Said::Ok(data @ Json::Object(_))) => Init::Object(data),
        (200..=299, Said::Ok(_)) => drift("and no object to fill"),
        (200..=299 | 400 | 422, Said::Error(data)) => Init::Error(Halt {
            what: format!("the provider's init answered with an error (status {status}{})", code_word(&Said::Error(data))),
            hint: "check that the account may create clients; ask the provider's support what the code means".into(),
        }),
        (200..=299, Said::Nothing) if reply.body.is_err() => Init::Verdict(Verdict::Transient(transient(reply))),
        (200..=299, Said::Nothing) => drift("without the provider's envelope"),
        (401, _) => Init::TokenRefused,
        (429, _) => Init::Verdict(Verdict::Throttled { retry_after: retry_after(&reply.headers, now) }),
        (408 | 500..=599 | 0..=199 | 600.., _) => Init::Verdict(Verdict::Transient(transient(reply))),
        (300..=499, said) => Init::Verdict(Verdict::Halt(halt(status, &said))),
    }
}

/// A search, a client by its id, a reference book, `whoami`.
pub(super) fn read(result: &Result<Reply, Lost>, now: SystemTime) -> Read {
    let reply = match result {
        Ok(reply) => reply,
        Err(lost) => {
            return match reading_lost(lost) {
                Verdict::Halt(halt) => Read::Halt(halt),
                Verdict::Transient(why) => Read::Again(why),
                Verdict::Created(_)
                | Verdict::Existing(_)
                | Verdict::Rejected(_)
                | Verdict::Throttled { .. }
                | Verdict::Unknown { .. }
                | Verdict::RefusedOnRepeat(_)
                | Verdict::HaltInDoubt(_) => Read::Off(transient_words("no answer")),
            };
        }
    };
    let status = reply.status;
    let off = |said: &Said| doubt("cannot_ask", format!("the provider answered with status {status}{}", code_word(said)), None);
    match (status, Said::read(reply)) {
        (200..=299, Said::Ok(data)) => Read::Data(data),
        (200..=299 | 400 | 422, said @ Said::Error(_)) => Read::Error(off(&said)),
        (200..=299, Said::Nothing) if reply.body.is_err() => Read::Again(transient(reply)),
        (401, _) => Read::TokenRefused,
        (429, _) => Read::Throttled(retry_after(&reply.headers, now)),
        (408 | 500..=599, _) => Read::Again(transient(reply)),
        (300..=399, said) => Read::Halt(halt(status, &said)),
        (_, said) => Read::Off(off(&said)),
    }
}

/// The token's endpoint.
pub(super) fn token(result: &Result<Reply, Lost>, now: SystemTime) -> Token {
    let reply = match result {
        Ok(reply) => reply,
        Err(lost) => return Token::Verdict(reading_lost(lost)),
    };
    let stop = |what: String, hint: &str| Token::Verdict(Verdict::Halt(Halt { what, hint: hint.into() }));
    let status = reply.status;
    match status {
        200..=299 if reply.body.is_err() => Token::Verdict(Verdict::Transient(transient(reply))),
        200..=299 => {
            let body: Option<Value> = reply.body.as_ref().ok().and_then(|bytes| serde_json::from_slice(bytes).ok());
            let text = body.as_ref().and_then(|body| body.get("access_token")).and_then(Value::as_str).map(str::trim);
            match text {
                Some(text) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) => {
                    let told = body.as_ref().and_then(|body| body.get("expires_in")).and_then(seconds);
                    let life = told.map_or(TOKEN_LIFE, |life| life.min(TOKEN_LIFE_MAX).saturating_sub(TOKEN_MARGIN));
                    Token::Fresh(text.to_owned(), life)
                }
                Some(_) | None => stop(
                    format!("the token's address answered with status {status} and no token"),
                    "check `token_url`: https://CUSTOMER-auth.brainysoft.ru/oauth/token",
                ),
            }
        }
        429 => Token::Verdict(Verdict::Throttled { retry_after: retry_after(&reply.headers, now) }),
        408 | 500..=599 => Token::Verdict(Verdict::Transient(transient(reply))),
        400 | 401 => stop(
            format!("the provider does not accept the client id and secret (status {status})"),
            "check BRAINYSOFT_CLIENT_ID and BRAINYSOFT_CLIENT_SECRET, that the client app is active and has the grant \
             client_credentials; its secret is shown only once",
        ),
        _ => stop(
            format!("the token's address does not answer as expected (status {status})"),
            "check `token_url`: https://CUSTOMER-auth.brainysoft.ru/oauth/token",
        ),
    }
}

/// Seconds as a number, or as a text.
fn seconds(value: &Value) -> Option<Duration> {
    let number = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())?;
    Some(Duration::from_secs(number))
}

fn lost_verdict(lost: &Lost) -> Verdict {
    match lost {
        Lost::NotConnected { why, untrusted: true } => Verdict::Halt(untrusted(why)),
        Lost::NotConnected { untrusted: false, .. } | Lost::Certificate(_) | Lost::InDoubt { .. } => {
            without_answer(lost, certificate)
        }
    }
}

/// The same for a request that creates nothing.
pub(super) fn reading_lost(lost: &Lost) -> Verdict {
    match lost {
        Lost::InDoubt { code, why } => Verdict::Transient(doubt(code, why.clone(), None)),
        Lost::Certificate(_) | Lost::NotConnected { .. } => lost_verdict(lost),
    }
}

fn transient(reply: &Reply) -> Refusal {
    doubt("try_again", format!("the provider answered with status {}", reply.status), None)
}

fn transient_words(what: &str) -> Refusal {
    doubt("try_again", what.to_owned(), None)
}

/// A second refusal of a token that was renewed, or one that cannot be renewed.
pub(super) fn token_refused() -> Halt {
    Halt {
        what: "the provider does not accept the token (status 401)".into(),
        hint: "check the account's secrets and that its user or client app is active; `base_url` and `token_url` must belong to \
               one customer"
            .into(),
    }
}

/// Statuses that speak of the account or the address and not of a client.
fn halt(status: u16, said: &Said) -> Halt {
    let code = code_word(said);
    let (what, hint) = match status {
        403 => (
            format!("the provider forbids the request (status 403{code})"),
            "check that the account's access right allows to create clients, and that no firewall answers in the provider's place",
        ),
        300..=399 => (
            format!("the address answers with a redirect (status {status}), which is never followed with the token"),
            "check `base_url`, and whether a proxy or a login page stands in between",
        ),
        _ => (
            format!("the address does not serve this method as expected (status {status}{code})"),
            "check `base_url`: https://CUSTOMER-saas.brainysoft.ru/bs-core or https://CUSTOMER-api.brainysoft.ru/core",
        ),
    };
    Halt { what, hint: hint.into() }
}

fn certificate(why: &str) -> Halt {
    Halt {
        what: format!("the provider's TLS refused the connection: {why}"),
        hint: "check `client_cert` and `client_key`, and whether a proxy of your company stands in between".into(),
    }
}

fn untrusted(why: &str) -> Halt {
    Halt {
        what: format!("the provider's certificate is not trusted: {why}"),
        hint: "check `base_url`; where the certificate comes from an authority of your own, name its PEM file in `ca_file`"
            .into(),
    }
}

#[cfg(test)]
mod tests;
