//! What FinLego's answers mean: one pure function, line by line the provider's decision table. Sends and remembers nothing.

use std::time::SystemTime;

use regex::Regex;

use super::envelope::{CoreResult, Said, id, object, refusal};
use crate::model::{Body, Refusal};
use crate::provider::headers::{quotas, retry_after};
use crate::provider::http::{Lost, Reply};
use crate::provider::words::{doubt, kept_id, request_id, without_answer};
use crate::provider::{Answer, Halt, Verdict};

/// What a success looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Envelope {
    /// The onboarding service: `clientId` and our `externalId`.
    Plain,
    /// The core service: flags, messages and `value.id`.
    Result,
}

/// What the table needs to know besides the answer.
#[derive(Clone, Copy)]
pub(super) struct Circumstances<'a> {
    pub(super) envelope: Envelope,
    /// The same body was sent before and its outcome is not known.
    pub(super) repeat_of_unknown: bool,
    /// By the user's settings the core service's 503 with `Retry-After` did nothing.
    pub(super) core_503_throttled: bool,
    /// Wordings which the user knows to mean that the client is there.
    pub(super) duplicates: &'a [Regex],
    pub(super) now: SystemTime,
}

/// The meaning of an answer to a submission.
pub(super) fn judge(result: &Result<Reply, Lost>, sent: &Body, circumstances: Circumstances<'_>) -> Answer {
    let reply = match result {
        Ok(reply) => reply,
        Err(lost) => return Answer::of(without_answer(lost, certificate)),
    };
    let members = object(reply);
    let said = members.as_ref().map(Said::of).unwrap_or_default();
    let request_id = request_id(reply, sent).or_else(|| kept_id(&said.trace_id()?, sent));
    let exchange = Exchange { reply, said: &said, sent, request_id: request_id.clone(), circumstances };
    let verdict = match reply.status {
        200..=299 => match &members {
            Some(members) => exchange.success(members),
            None => exchange.unreadable(),
        },
        status => exchange.no_success(status),
    };
    let remark = match &verdict {
        Verdict::Existing(_) => Some(exchange.conflict()),
        Verdict::Created(_)
        | Verdict::Rejected(_)
        | Verdict::Throttled { .. }
        | Verdict::Transient(_)
        | Verdict::Unknown { .. }
        | Verdict::RefusedOnRepeat(_)
        | Verdict::Halt(_)
        | Verdict::HaltInDoubt(_) => None,
    };
    Answer { verdict, http_status: Some(reply.status), request_id, quotas: quotas(&reply.headers, circumstances.now), remark }
}

/// An answer with what is needed to judge it.
struct Exchange<'a> {
    reply: &'a Reply,
    said: &'a Said,
    sent: &'a Body,
    request_id: Option<Box<str>>,
    circumstances: Circumstances<'a>,
}

impl Exchange<'_> {
    fn refused(&self, code: String) -> Refusal {
        refusal(code, self.reply, self.said, self.sent, self.request_id.clone())
    }

    fn unknown(&self, why: Refusal) -> Verdict {
        Verdict::Unknown { why, retry_after: retry_after(&self.reply.headers, self.circumstances.now) }
    }

    fn doubtful(&self, code: &str, why: &str) -> Verdict {
        let message = format!("status {}, but {why}", self.reply.status);
        Verdict::Unknown { why: doubt(code, message, self.request_id.clone()), retry_after: None }
    }

    /// A success by its status whose body is no JSON object.
    fn unreadable(&self) -> Verdict {
        match &self.reply.body {
            Err(why) => self.doubtful("answer_cut", why),
            Ok(bytes) if bytes.iter().all(u8::is_ascii_whitespace) => self.doubtful("answer_empty", "without a body"),
            Ok(_) => self.doubtful("answer_unreadable", "its body is no JSON object"),
        }
    }

    fn success(&self, members: &serde_json::Map<String, serde_json::Value>) -> Verdict {
        match self.circumstances.envelope {
            Envelope::Plain => self.plain(members),
            Envelope::Result => self.result(members),
        }
    }

    fn plain(&self, members: &serde_json::Map<String, serde_json::Value>) -> Verdict {
        let sent = self.sent.parse();
        let ours = sent.get("externalId").and_then(|id| id.as_str());
        let echo = members.get("externalId").and_then(|id| id.as_str());
        match (id(members.get("clientId")), echo) {
            (Some(id), Some(echo)) if Some(echo) == ours => Verdict::Created(id),
            (Some(_), Some(_)) => self.doubtful("echo_differs", "it names another externalId than was sent"),
            (Some(_), None) => self.doubtful("echo_missing", "it does not repeat our externalId"),
            (None, _) if members.contains_key("isSuccess") || members.contains_key("isFailed") => {
                self.doubtful("envelope_unexpected", "this is how the core service answers: are the two base URLs swapped?")
            }
            (None, _) => self.doubtful("answer_without_id", "without a valid clientId"),
        }
    }

    fn result(&self, members: &serde_json::Map<String, serde_json::Value>) -> Verdict {
        let result = CoreResult::of(members);
        let mut ids = result.ids.iter();
        match (result.is_success, result.is_failed, ids.next(), ids.next()) {
            (Some(true), Some(true), _, _) => self.doubtful("flags_contradict", "both isSuccess and isFailed are true"),
            (_, _, Some(_), Some(_)) => self.doubtful("two_ids", "value and valueOrDefault hold different ids"),
            (Some(true), Some(false) | None, Some(id), None) => Verdict::Created(id.clone()),
            (Some(true), Some(false) | None, None, _) => {
                self.doubtful("answer_without_id", "it calls itself a success without a valid id")
            }
            (Some(false) | None, Some(true), None, _) => self.refuse("refused".to_owned()),
            (Some(false) | None, Some(true), Some(_), None) => {
                self.doubtful("failed_with_id", "it calls itself failed and holds an id")
            }
            (Some(false) | None, Some(false) | None, _, _) if members.contains_key("clientId") => {
                self.doubtful("envelope_unexpected", "this is how the onboarding service answers: are the two base URLs swapped?")
            }
            (Some(false) | None, Some(false) | None, _, _) => {
                self.doubtful("flags_missing", "it calls itself neither a success nor failed")
            }
        }
    }

    /// A refusal of the client: never of a repeat, which says nothing about the first request.
    fn refuse(&self, code: String) -> Verdict {
        let refused = self.refused(code);
        let line = self.said.line();
        if self.circumstances.repeat_of_unknown {
            self.unknown(refused)
        } else if self.circumstances.duplicates.iter().any(|pattern| pattern.is_match(&line)) {
            Verdict::Existing(None)
        } else {
            Verdict::Rejected(refused)
        }
    }

    fn no_success(&self, status: u16) -> Verdict {
        let by_status = || self.refused(format!("http_{status}"));
        let wait = retry_after(&self.reply.headers, self.circumstances.now);
        let may_be_throttled = match self.circumstances.envelope {
            Envelope::Plain => true,
            Envelope::Result => self.circumstances.core_503_throttled,
        };
        match status {
            409 => Verdict::Existing(match self.circumstances.envelope {
                Envelope::Plain => object(self.reply).and_then(|members| id(members.get("clientId"))),
                Envelope::Result => None,
            }),
            429 => Verdict::Throttled { retry_after: wait },
            503 if wait.is_some() && may_be_throttled => Verdict::Throttled { retry_after: wait },
            501 | 505 => Verdict::Halt(wrong_address(status)),
            408 | 425 | 100..=199 | 500..=599 => self.unknown(by_status()),
            status => match halt(status) {
                Some(halt) => Verdict::Halt(halt),
                None if (400..=499).contains(&status) => self.refuse(format!("http_{status}")),
                None => self.unknown(by_status()),
            },
        }
    }

    /// What has to be known of a client that is there already by FinLego's word. None of its own words: they speak of that client
    /// and of whoever looks after it.
    fn conflict(&self) -> Refusal {
        let message = match (self.circumstances.envelope, self.circumstances.repeat_of_unknown) {
            (Envelope::Plain, true) => format!(
                "status {} on sending once more; most likely the client that the first request created. FinLego tells no id: look \
                 for externalId {{/externalId}} in its back office",
                self.reply.status
            ),
            (Envelope::Plain, false) => format!(
                "status {}; FinLego does not say what clashes, most likely the externalId: look for {{/externalId}} in its back \
                 office",
                self.reply.status
            ),
            (Envelope::Result, _) => format!(
                "status {}; FinLego does not document what clashes: look for onboardingId {{/onboardingId}} in its back office",
                self.reply.status
            ),
        };
        Refusal { code: "conflict".into(), message: message.into(), pointer: None, request_id: self.request_id.clone() }
    }
}

/// Statuses that speak of the account or the address and not of a client.
fn halt(status: u16) -> Option<Halt> {
    let (what, hint) = match status {
        401 => (
            "the provider does not accept the secret (status 401)".to_owned(),
            "check CLIENTFERRY_TOKEN or `token_file`, and whether FinLego wants `auth = \"bearer\"` or another `auth_header`",
        ),
        403 => (
            "the provider forbids the request (status 403)".to_owned(),
            "ask FinLego whether this secret may create clients, and whether it lets this machine's address in",
        ),
        300..=399 => (
            format!("the address answers with a redirect (status {status}), which is never followed with the secret"),
            "check `onboarding_base_url` and `core_base_url`, and whether a proxy or a login page stands in between",
        ),
        402 | 404..=407 | 410 | 411 | 415 | 421 | 426 | 431 | 451 => return Some(wrong_address(status)),
        _ => return None,
    };
    Some(Halt { what, hint: hint.into() })
}

fn wrong_address(status: u16) -> Halt {
    Halt {
        what: format!("the address does not serve this method as expected (status {status})"),
        hint: "check `onboarding_base_url`, `core_base_url` and `company_path`, and whether a proxy stands in between".into(),
    }
}

/// FinLego's TLS refused us.
fn certificate(why: &str) -> Halt {
    Halt {
        what: format!("the provider's TLS refused the connection: {why}"),
        hint: "check `client_cert` and `client_key`, and ask FinLego whether it wants a client certificate".into(),
    }
}

#[cfg(test)]
mod tests;
