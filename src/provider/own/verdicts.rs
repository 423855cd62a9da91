//! What answers mean by a profile: one pure function. Sends and remembers nothing.

use std::time::SystemTime;

use reqwest::header::HeaderMap;
use serde_json::Value;

use super::refusal::{Said, refusal};
use crate::contract::profile::{IdPlace, Meaning, OwnProfile, scalar};
use crate::model::{Body, Refusal};
use crate::provider::headers::{quotas, retry_after};
use crate::provider::http::{Lost, Reply};
use crate::provider::words::kept_id;
use crate::provider::{Answer, CodeMeaning, Halt, Order, Verdict};

/// Longest id that is taken for one.
const ID_CHARS_MAX: usize = 200;

/// The meaning of an answer to a submission.
pub(super) fn judge(own: &OwnProfile, result: &Result<Reply, Lost>, order: &Order<'_>, now: SystemTime) -> Answer {
    match result {
        Ok(reply) => {
            let request_id = request_id(&reply.headers, order.body);
            Answer {
                verdict: judge_reply(own, reply, order, request_id.clone(), now),
                http_status: Some(reply.status),
                request_id,
                quotas: quotas(&reply.headers, now),
                remark: None,
            }
        }
        Err(Lost::Certificate(why)) => Answer::of(Verdict::Halt(certificate(why))),
        Err(Lost::NotConnected { why, untrusted: _ }) => Answer::of(Verdict::Transient(because("not_connected", why))),
        Err(Lost::InDoubt { code, why }) => Answer::of(Verdict::Unknown { why: because(code, why), retry_after: None }),
    }
}

fn because(code: &str, message: &str) -> Refusal {
    Refusal { code: code.into(), message: message.into(), ..Refusal::default() }
}

fn judge_reply(own: &OwnProfile, reply: &Reply, order: &Order<'_>, request_id: Option<Box<str>>, now: SystemTime) -> Verdict {
    let status = reply.status;
    let answer = json(reply);
    let said = answer.as_ref().map(|answer| Said::read(own, answer)).unwrap_or_default();
    let refused = || refusal(reply, &said, order.body, request_id.clone());
    let wait = retry_after(&reply.headers, now);
    let is_success =
        own.success.statuses.contains(status) || (order.repeat_of_unknown && own.key.replay_statuses.contains(status));
    if is_success {
        match is_ok(own, answer.as_ref()) {
            Told::Yes => return created(own, reply, answer.as_ref(), request_id),
            Told::No => {}
            Told::Nothing => {
                let why = match &reply.body {
                    Err(why) => format!("status {status}, but {why}"),
                    Ok(_) => format!("status {status}, and the answer does not tell whether the client was created"),
                };
                return Verdict::Unknown { why: Refusal { request_id, ..because("answer_unreadable", &why) }, retry_after: wait };
            }
        }
    }
    if let Some(id) = existing(own, status, &said, answer.as_ref()) {
        // The repeat of a request that did its work is told "was there before": who created it, a look-up tells.
        return match own.look_up {
            Some(_) if order.repeat_of_unknown => Verdict::RefusedOnRepeat(refused()),
            Some(_) | None => Verdict::Existing(id),
        };
    }
    if is_success {
        return rejected(order, refused());
    }
    match own.meanings.of(status) {
        Meaning::Throttled => Verdict::Throttled { retry_after: wait },
        Meaning::Unknown => Verdict::Unknown { why: refused(), retry_after: wait },
        Meaning::Halt => Verdict::Halt(halted(status, &said)),
        Meaning::Rejected => rejected(order, refused()),
    }
}

fn rejected(order: &Order<'_>, refusal: Refusal) -> Verdict {
    if order.repeat_of_unknown { Verdict::RefusedOnRepeat(refusal) } else { Verdict::Rejected(refusal) }
}

fn json(reply: &Reply) -> Option<Value> {
    serde_json::from_slice(reply.body.as_ref().ok()?).ok()
}

/// What the member says that tells success from failure.
enum Told {
    Yes,
    No,
    Nothing,
}

fn is_ok(own: &OwnProfile, answer: Option<&Value>) -> Told {
    let Some((pointer, wanted)) = &own.success.ok else { return Told::Yes };
    match answer.and_then(|answer| answer.pointer(pointer)) {
        Some(found) if found == wanted => Told::Yes,
        Some(_) => Told::No,
        None => Told::Nothing,
    }
}

/// Where the answer says that the client was there before: its id, where it tells.
#[allow(clippy::option_option, reason = "there before, and under which id, are two questions")]
fn existing(own: &OwnProfile, status: u16, said: &Said, answer: Option<&Value>) -> Option<Option<Box<str>>> {
    let existing = own.existing.as_ref()?;
    let has_code = existing.codes.is_empty() || said.code.as_ref().is_some_and(|code| existing.codes.contains(code));
    if !existing.statuses.contains(status) || !has_code {
        return None;
    }
    let id = existing.id.as_ref().and_then(|place| answer?.pointer(place)).and_then(scalar);
    Some(id.filter(|id| is_id(id)).map(Into::into))
}

fn created(own: &OwnProfile, reply: &Reply, answer: Option<&Value>, request_id: Option<Box<str>>) -> Verdict {
    let status = reply.status;
    let unknown = |code: &str, why: String| Verdict::Unknown {
        why: Refusal { request_id: request_id.clone(), ..because(code, &why) },
        retry_after: None,
    };
    let id = match &own.success.id {
        IdPlace::Header(name) => {
            let address = reply.headers.get(name.as_str()).and_then(|value| value.to_str().ok()).unwrap_or_default();
            let path = address.split(['?', '#']).next().unwrap_or_default();
            path.trim_end_matches('/').rsplit('/').next().map(str::to_owned)
        }
        IdPlace::Pointer(place) => {
            let bytes = match &reply.body {
                Ok(bytes) => bytes,
                Err(why) => return unknown("answer_cut", format!("status {status}, but {why}")),
            };
            if bytes.iter().all(u8::is_ascii_whitespace) {
                return unknown("answer_empty", format!("status {status} without a body"));
            }
            let Some(answer) = answer else {
                return unknown("answer_unreadable", format!("status {status} with a body that is no JSON"));
            };
            answer.pointer(place).and_then(scalar)
        }
    };
    match id.filter(|id| is_id(id)) {
        Some(id) => Verdict::Created(id.into()),
        None => unknown("answer_without_id", format!("status {status} without an id at the place that the profile names")),
    }
}

pub(super) fn is_id(id: &str) -> bool {
    !id.is_empty() && id.chars().count() <= ID_CHARS_MAX && !id.chars().any(|ch| ch.is_control() || ch.is_whitespace())
}

/// Whether a status speaks of the account or the address and not of a client.
pub(super) fn halt(own: &OwnProfile, reply: &Reply) -> Option<Halt> {
    match own.meanings.of(reply.status) {
        Meaning::Halt => {
            let said = json(reply).map(|answer| Said::read(own, &answer)).unwrap_or_default();
            Some(halted(reply.status, &said))
        }
        Meaning::Rejected | Meaning::Throttled | Meaning::Unknown => None,
    }
}

fn halted(status: u16, said: &Said) -> Halt {
    let code = match &said.code {
        // Codes are words; anything else could be client data.
        Some(code) if code.len() <= 50 && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_') => {
            format!(", {code}")
        }
        Some(_) | None => String::new(),
    };
    let (what, hint) = match status {
        401 | 407 => (
            format!("the provider does not accept the account's secrets (status {status}{code})"),
            "check the secrets of the account and [auth] of the profile",
        ),
        402 | 403 | 451 => (
            format!("the provider forbids the request (status {status}{code})"),
            "check what the account may do at the provider, whether this machine's address is allowed, and that no firewall answers in its place",
        ),
        300..=399 => (
            format!("the address answers with a redirect (status {status}), which is never followed with secrets"),
            "check `base_url` and the paths of the profile, and whether a proxy or a login page stands in between",
        ),
        _ => (
            format!("the address does not serve this request as the profile expects (status {status}{code})"),
            "check `base_url`, `path` and `method` of the profile",
        ),
    };
    Halt { what, hint: hint.into() }
}

/// The provider's TLS refused us.
pub(super) fn certificate(why: &str) -> Halt {
    Halt {
        what: format!("the provider's TLS refused the connection: {why}"),
        hint: "check `client_cert` and `client_key`".into(),
    }
}

fn request_id(headers: &HeaderMap, sent: &Body) -> Option<Box<str>> {
    let names = ["x-request-id", "request-id", "x-correlation-id"];
    kept_id(names.iter().find_map(|name| headers.get(*name))?.to_str().ok()?, sent)
}

/// The account's own meanings of error codes, which stand above the profile's.
pub(super) fn by_code(answer: Answer, map: &std::collections::BTreeMap<String, CodeMeaning>) -> Answer {
    let Verdict::Rejected(refusal) = &answer.verdict else { return answer };
    let verdict = match map.get(&*refusal.code) {
        Some(CodeMeaning::Existing) => Verdict::Existing(None),
        Some(CodeMeaning::Halt) => Verdict::Halt(Halt {
            what: format!("the provider answered {}, at which the run stops by your settings", refusal.code),
            hint: "mend what the code stands for, then run the same command again".into(),
        }),
        Some(CodeMeaning::Rejected) | None => return answer,
    };
    Answer { verdict, ..answer }
}

/// For tests of the whole folder: an order for this body.
#[cfg(test)]
pub(super) fn order(body: &Body, repeat_of_unknown: bool) -> Order<'_> {
    let key = crate::model::IdempotencyKey::derive("acme/client", "test", "1", body.as_str());
    Order { operation: "acme/client", body, key, repeat_of_unknown }
}

#[cfg(test)]
mod tests;
