//! What LoanPro's answers mean: one pure function, line by line the decision table. Sends and remembers nothing.
//!
//! <https://developers.loanpro.io/docs/response-codes>

use std::time::{Duration, SystemTime};

use super::PHRASES;
use super::said::Said;
use super::warnings::Warning;
use crate::model::{Body, Refusal};
use crate::provider::headers::{quotas, retry_after};
use crate::provider::http::{Lost, Reply};
use crate::provider::phrases::is_identifier;
use crate::provider::words::request_id;
use crate::provider::{Answer, Halt, Verdict};

/// How long to wait where the provider asks for patience and does not say for how long. It documents no limit.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest part of an answer without an error object that is quoted.
const HEAD_CHARS_MAX: usize = 200;

/// The meaning of an answer, or the warnings that the policy has to decide about.
#[derive(Debug)]
pub(super) enum Meaning {
    /// It is clear.
    Clear(Answer),
    /// Nothing was stored; the policy decides.
    Warned(Vec<Warning>, Answer),
}

/// The meaning of an answer to a submission.
pub(super) fn judge(result: &Result<Reply, Lost>, sent: &Body, now: SystemTime) -> Meaning {
    let reply = match result {
        Ok(reply) => reply,
        Err(lost) => return Meaning::Clear(Answer::of(judge_lost(lost))),
    };
    let said = Said::parse(reply);
    let answer = |verdict| Answer {
        verdict,
        http_status: Some(reply.status),
        request_id: request_id(reply, sent),
        quotas: quotas(&reply.headers, now),
        remark: None,
    };
    let created = matches!(reply.status, 200 | 201) && !said.error;
    match said.id {
        Some(id) if created => Meaning::Clear(answer(Verdict::Created(id.to_string().into()))),
        Some(_) | None if said.warns() => {
            let refused = Verdict::Rejected(super::warnings::refusal(&said.warnings, sent));
            Meaning::Warned(said.warnings, answer(refused))
        }
        Some(_) | None => Meaning::Clear(answer(judge_reply(reply, &said, sent, now))),
    }
}

pub(super) fn judge_lost(lost: &Lost) -> Verdict {
    match lost {
        Lost::Certificate(why) => Verdict::Halt(certificate(why)),
        Lost::NotConnected { why, untrusted: _ } => Verdict::Transient(refusal("not_connected", why)),
        Lost::InDoubt { code, why } => Verdict::Unknown { why: refusal(code, why), retry_after: None },
    }
}

fn judge_reply(reply: &Reply, said: &Said, sent: &Body, now: SystemTime) -> Verdict {
    if let Some(halt) = halt(reply.status, said) {
        return Verdict::Halt(halt);
    }
    let wait = retry_after(&reply.headers, now);
    match reply.status {
        429 => Verdict::Throttled { retry_after: Some(wait.unwrap_or(PATIENCE)) },
        200 if said.error => Verdict::Rejected(refused(reply, said, sent)),
        400 | 409 | 413 | 422 => Verdict::Rejected(refused(reply, said, sent)),
        200..=299 => Verdict::Unknown { why: no_customer(reply), retry_after: wait },
        _ => Verdict::Unknown { why: refused(reply, said, sent), retry_after: wait },
    }
}

/// A success that names no customer.
fn no_customer(reply: &Reply) -> Refusal {
    let status = reply.status;
    match &reply.body {
        Err(why) => refusal("answer_cut", &format!("status {status}, but {why}")),
        Ok(bytes) if bytes.iter().all(u8::is_ascii_whitespace) => {
            refusal("answer_empty", &format!("status {status} without a body"))
        }
        Ok(_) => refusal("answer_without_id", &format!("status {status} without the id of a customer")),
    }
}

/// The provider's words as a template without the client's data.
pub(super) fn refused(reply: &Reply, said: &Said, sent: &Body) -> Refusal {
    let code = [&said.code, &said.kind].into_iter().flatten().find(|code| is_identifier(code, sent));
    Refusal {
        code: code.cloned().unwrap_or_else(|| format!("http_{}", reply.status)).into(),
        message: PHRASES.quote(&said.message.clone().unwrap_or_else(|| head(reply)), sent).into(),
        pointer: None,
        request_id: request_id(reply, sent),
    }
}

/// What an answer without an error object says, shortly.
fn head(reply: &Reply) -> String {
    let status = reply.status;
    let text = match &reply.body {
        Ok(bytes) => String::from_utf8_lossy(bytes),
        Err(why) => return format!("status {status}; {why}"),
    };
    let text = text.trim();
    if text.is_empty() {
        return format!("status {status} without an explanation");
    }
    if text.starts_with('<') {
        return format!("status {status} with a page of HTML");
    }
    let mut head: String = text.chars().take(HEAD_CHARS_MAX + 1).collect();
    if head.chars().count() > HEAD_CHARS_MAX {
        // At a blank, so that no half of a value escapes redaction.
        head.truncate(head.rfind(char::is_whitespace).unwrap_or(0));
        head.push('…');
    }
    format!("status {status}: {head}")
}

/// Answers that speak of the account or the address and not of a customer.
pub(super) fn halt(status: u16, said: &Said) -> Option<Halt> {
    let (what, hint) = if status == 401 || said.refuses_token() {
        (
            format!("the provider does not accept the token or the tenant (status {status})"),
            "check LOANPRO_API_TOKEN or the token's file, and `tenant_id`; tokens may be changed after some days by the tenant's \
             settings, and some tenants accept calls from registered domains only",
        )
    } else if status == 403 {
        (
            "the provider forbids the request (status 403)".to_owned(),
            "check that the agent user of the token may create customers, and that no firewall answers in the provider's place",
        )
    } else if status == 404 || said.no_such_segment() {
        (
            format!("the address does not have customers (status {status})"),
            "check `base_url`: https://loanpro.simnang.com/api/public/api/1, or that of your dedicated tenant",
        )
    } else if matches!(status, 300..=399) {
        (
            format!("the address answers with a redirect (status {status}), which is never followed with the token"),
            "check `base_url`, and whether a proxy or a login page stands in between",
        )
    } else if matches!(status, 400..=499) && !matches!(status, 400 | 408 | 409 | 413 | 422 | 429) {
        (
            format!("the address does not serve this method as expected (status {status})"),
            "check `base_url`, and whether a proxy stands in between",
        )
    } else {
        return None;
    };
    Some(Halt { what, hint: hint.into() })
}

/// TLS refused us.
pub(super) fn certificate(why: &str) -> Halt {
    Halt {
        what: format!("the provider's TLS refused the connection: {why}"),
        hint: "LoanPro needs no client certificate: check `client_cert` and whether a proxy of your company stands in between"
            .into(),
    }
}

pub(super) fn refusal(code: &str, message: &str) -> Refusal {
    Refusal { code: code.into(), message: message.into(), ..Refusal::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
    use serde_json::json;

    const CREATED: &str = r#"{"d":{"__metadata":{"uri":"x/Customers(id=2)"},"id":2,"PrimaryAddress":{"__deferred":{}}}}"#;
    const WARNED: &str = r#"{"error":{"message":"Transaction warnings found.","type":"TransactionWarningException","code":500},
        "warnings":["(Phones) Phone '4555555555' already found in the system (Customer ID 396: Johnny Test Doe)."]}"#;
    const WARNED_IN_D: &str = r#"{"d":{"error":{"message":"Transaction warnings found.","type":"TransactionWarningException"},
        "warnings":["(Phones) Phone ‘4555555555’ already found in the system (Customer ID 396: Johnny Test Doe)."]}}"#;
    const MESSAGE: &str = r#"{"error":{"message":{"value":"Mail Address is required"}}}"#;
    const PLAIN: &str = r#"{"error":{"message":"Mail Address is required","type":"ValidationException"}}"#;
    const IN_D: &str = r#"{"d":{"error":{"message":{"value":"Mail Address is required"}}}}"#;
    const SEGMENT: &str = r#"{"error":{"message":{"value":"Resource not found for the segment 'Customer'"}}}"#;
    const PLATFORM: &str =
        r#"{"code":"401-CN0001","message":"Unauthorized","context":{"ip":"","uri":"/authorize","errors":["x"]}}"#;

    fn sent() -> Body {
        Body::new(&json!({"customerType": "customer.type.individual", "lastName": "Samplewoman", "email": "ada@example.com"}))
    }

    fn reply(status: u16, body: &str) -> Result<Reply, Lost> {
        Ok(Reply { status, headers: HeaderMap::new(), body: Ok(body.as_bytes().to_vec()) })
    }

    fn name(result: &Result<Reply, Lost>) -> &'static str {
        match judge(result, &sent(), SystemTime::now()) {
            Meaning::Warned(..) => "warned",
            Meaning::Clear(answer) => match answer.verdict {
                Verdict::Created(_) => "created",
                Verdict::Existing(_) => "existing",
                Verdict::Rejected(_) => "rejected",
                Verdict::Throttled { .. } => "throttled",
                Verdict::Transient(_) => "transient",
                Verdict::Unknown { .. } => "unknown",
                Verdict::RefusedOnRepeat(_) => "refused on repeat",
                Verdict::Halt(_) => "halt",
                Verdict::HaltInDoubt(_) => "halt in doubt",
            },
        }
    }

    #[test]
    fn every_line_of_the_decision_table() {
        let mut table = vec![
            (1, Err(Lost::NotConnected { why: String::new(), untrusted: false }), "transient"),
            (1, Err(Lost::Certificate("x".into())), "halt"),
            (2, Err(Lost::InDoubt { code: "timeout", why: String::new() }), "unknown"),
            (3, reply(200, CREATED), "created"),
            (3, reply(201, CREATED), "created"),
            (3, reply(200, r#"{"d":{"id":"2"},"warnings":["x"]}"#), "created"),
            (4, reply(409, WARNED), "warned"),
            (4, reply(500, WARNED), "warned"),
            (4, reply(200, WARNED_IN_D), "warned"),
            (4, reply(409, r#"{"error":{"type":"TransactionWarningException"}}"#), "warned"),
            (4, reply(401, WARNED), "warned"),
            (5, reply(401, PLATFORM), "halt"),
            (5, reply(409, PLATFORM), "halt"),
            (5, reply(403, "<html>"), "halt"),
            (6, reply(404, ""), "halt"),
            (6, reply(409, SEGMENT), "halt"),
            (6, reply(200, SEGMENT), "halt"),
            (7, reply(429, MESSAGE), "throttled"),
            (8, reply(409, MESSAGE), "rejected"),
            (8, reply(409, PLAIN), "rejected"),
            (8, reply(409, IN_D), "rejected"),
            (9, reply(409, ""), "rejected"),
            (9, reply(409, "<html>"), "rejected"),
            (10, reply(200, MESSAGE), "rejected"),
            (10, reply(200, IN_D), "rejected"),
            (11, reply(200, ""), "unknown"),
            (11, reply(200, "{\"d\":{\"id\""), "unknown"),
            (11, reply(200, r#"{"d":{"id":"two"}}"#), "unknown"),
            (11, reply(200, r#"{"d":{}}"#), "unknown"),
            (11, reply(200, r#"{"d":{"id":0}}"#), "unknown"),
            (11, reply(200, r#"{"d":{"id":"0"}}"#), "unknown"),
            (11, reply(200, "[]"), "unknown"),
            (11, reply(202, CREATED), "unknown"),
            (11, reply(204, ""), "unknown"),
        ];
        let cut = Reply { status: 200, headers: HeaderMap::new(), body: Err("the answer was cut off") };
        table.push((11, Ok(cut), "unknown"));
        table.extend([408, 500, 502, 503, 504, 599].map(|status| (12, reply(status, MESSAGE), "unknown")));
        table.extend([400, 413, 422].map(|status| (13, reply(status, MESSAGE), "rejected")));
        table.extend([301, 302, 307, 402, 405, 406, 410, 415, 418, 451].map(|status| (14, reply(status, ""), "halt")));
        for (line, result, expected) in table {
            assert_eq!(name(&result), expected, "line {line}: {result:?}");
        }
    }

    #[test]
    fn every_status_has_a_verdict() {
        let mut ranges: Vec<(u16, u16, String)> = Vec::new();
        for status in 100..=599 {
            let bodies = [("nothing", ""), ("an error", MESSAGE), ("a customer", CREATED), ("warnings", WARNED)];
            let verdicts = bodies.map(|(with, body)| format!("{with}: {}", name(&reply(status, body)))).join(", ");
            match ranges.last_mut() {
                Some((_, last, known)) if *known == verdicts => *last = status,
                Some(_) | None => ranges.push((status, status, verdicts)),
            }
        }
        let lines: Vec<String> =
            ranges.into_iter().map(|(first, last, verdicts)| format!("{first}-{last}  {verdicts}")).collect();
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn waits_ids_and_codes_are_kept() {
        let with = |status, body: &str, pairs: &[(&'static str, &'static str)]| {
            let headers = pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
            let reply = Reply { status, headers: headers.collect(), body: Ok(body.as_bytes().to_vec()) };
            match judge(&Ok(reply), &sent(), SystemTime::now()) {
                Meaning::Clear(answer) | Meaning::Warned(_, answer) => answer,
            }
        };
        let seconds = Duration::from_secs;
        assert_eq!(with(429, "", &[]).verdict, Verdict::Throttled { retry_after: Some(PATIENCE) });
        assert_eq!(with(429, "", &[("retry-after", "3")]).verdict, Verdict::Throttled { retry_after: Some(seconds(3)) });
        let Verdict::Unknown { retry_after, .. } = with(503, "", &[("retry-after", "4")]).verdict else { panic!("503") };
        assert_eq!(retry_after, Some(seconds(4)));
        let refused = with(409, PLAIN, &[("x-request-id", "r-1")]);
        assert_eq!(refused.request_id.as_deref(), Some("r-1"));
        let Verdict::Rejected(refusal) = refused.verdict else { panic!("409") };
        assert_eq!((&*refusal.code, &*refusal.message), ("ValidationException", "Mail Address is required"));
    }

    #[test]
    fn no_verdict_repeats_client_data() {
        for status in [200, 400, 401, 403, 404, 409, 413, 429, 500, 302] {
            for body in [
                r#"{"error":{"message":{"value":"Samplewoman is wrong"},"type":"Samplewoman 1"}}"#,
                r#"{"code":"samplewoman x","message":"ada@example.com"}"#,
                r#"{"warnings":["(Customer) Email 'ada@example.com' found (Customer ID 7: Samplewoman)."]}"#,
                "Samplewoman",
            ] {
                let shown = format!("{:?}", judge(&reply(status, body), &sent(), SystemTime::now())).to_lowercase();
                // Warnings are understood here and shown by their own rules.
                let shown = shown.rsplit_once("], answer").map_or(shown.as_str(), |(_, answer)| answer);
                assert!(!shown.contains("samplewoman") && !shown.contains("ada@"), "{status} {body} {shown}");
            }
        }
    }
}
