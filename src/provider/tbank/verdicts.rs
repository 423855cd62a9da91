//! What T-Bank's answers mean: one pure function, line by line the provider's decision table. Sends and remembers nothing.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde_json::Value;
use uuid::Uuid;

use super::refusal::{ErrorBody, refusal};
use crate::model::{Body, Refusal};
use crate::provider::headers::{quotas, retry_after};
use crate::provider::http::{Lost, Reply};
use crate::provider::words::{doubt, request_id, without_answer};
use crate::provider::{Answer, CodeMeaning, Halt, Verdict};

/// What the table needs to know besides the answer.
#[derive(Clone, Copy)]
pub(super) struct Circumstances<'a> {
    /// The same key was sent before and its outcome is not known.
    pub(super) repeat_of_unknown: bool,
    /// The bank's own test stand: one canned answer for every good body.
    pub(super) test_stand: bool,
    pub(super) error_code_map: &'a BTreeMap<String, CodeMeaning>,
    pub(super) now: SystemTime,
}

/// The meaning of an answer to a submission.
pub(super) fn judge(result: &Result<Reply, Lost>, sent: &Body, circumstances: Circumstances<'_>) -> Answer {
    match result {
        Ok(reply) => {
            let request_id = request_id(reply, sent);
            Answer {
                verdict: judge_reply(reply, sent, request_id.clone(), circumstances),
                http_status: Some(reply.status),
                request_id,
                quotas: quotas(&reply.headers, circumstances.now),
                remark: None,
            }
        }
        Err(lost) => Answer::of(without_answer(lost, certificate)),
    }
}

fn judge_reply(reply: &Reply, sent: &Body, request_id: Option<Box<str>>, circumstances: Circumstances<'_>) -> Verdict {
    let error = ErrorBody::parse(reply);
    let refused = || refusal(reply, &error, sent, request_id.clone());
    let unknown = |why| Verdict::Unknown { why, retry_after: retry_after(&reply.headers, circumstances.now) };
    match reply.status {
        200 | 201 => created(reply, sent, request_id.clone(), circumstances.test_stand),
        202..=299 => {
            unknown(doubt("answer_unexpected", format!("status {} is not documented", reply.status), request_id.clone()))
        }
        429 => Verdict::Throttled { retry_after: retry_after(&reply.headers, circumstances.now) },
        409 if circumstances.repeat_of_unknown => Verdict::RefusedOnRepeat(refused()),
        408 | 409 | 425 | 500..=599 => unknown(refused()),
        status => match halt(status, &error) {
            Some(halt) => Verdict::Halt(halt),
            None if !(400..=499).contains(&status) => unknown(refused()),
            None if circumstances.repeat_of_unknown => Verdict::RefusedOnRepeat(refused()),
            None if status == 400 && error.names_the_key() => Verdict::Halt(Halt {
                what: "the provider does not accept our idempotency keys (status 400)".into(),
                hint: "ask the provider's support which UUID version it wants; the keys are version 5".into(),
            }),
            None if status == 422 => by_code(&error, circumstances.error_code_map, refused()),
            None => Verdict::Rejected(refused()),
        },
    }
}

fn by_code(error: &ErrorBody, map: &BTreeMap<String, CodeMeaning>, refusal: Refusal) -> Verdict {
    match error.code.as_ref().and_then(|code| map.get(code)) {
        Some(CodeMeaning::Existing) => Verdict::Existing(None),
        Some(CodeMeaning::Halt) => Verdict::Halt(Halt {
            what: format!("the provider answered {}, at which the run stops by your settings", refusal.code),
            hint: "mend what the code stands for, then run the same command again".into(),
        }),
        Some(CodeMeaning::Rejected) | None => Verdict::Rejected(refusal),
    }
}

fn created(reply: &Reply, sent: &Body, request_id: Option<Box<str>>, test_stand: bool) -> Verdict {
    let unknown = |code: &str, why: String| Verdict::Unknown { why: doubt(code, why, request_id.clone()), retry_after: None };
    let status = reply.status;
    let bytes = match &reply.body {
        Ok(bytes) => bytes,
        Err(why) => return unknown("answer_cut", format!("status {status}, but {why}")),
    };
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return unknown("answer_empty", format!("status {status} without a body"));
    }
    let Ok(Value::Object(answer)) = serde_json::from_slice::<Value>(bytes) else {
        return unknown("answer_unreadable", format!("status {status} with a body that is no JSON object"));
    };
    let id = match answer.get("beneficiaryId").and_then(Value::as_str) {
        Some(id) if Uuid::try_parse(id).is_ok() => id,
        Some(_) | None => return unknown("answer_without_id", format!("status {status} without a valid beneficiaryId")),
    };
    let answered = answer.get("type").filter(|kind| !kind.is_null());
    if !test_stand && answered.is_some() && answered != sent.parse().get("type") {
        return Verdict::HaltInDoubt(Halt {
            what: "the provider created a client of another type than was asked for".into(),
            hint: "ask the provider's support, naming the x-request-id from the report, before you go on".into(),
        });
    }
    Verdict::Created(id.into())
}

/// Statuses that speak of the account or the address and not of a client.
pub(super) fn halt(status: u16, error: &ErrorBody) -> Option<Halt> {
    let said = match &error.code {
        // Codes are words; anything else could be client data.
        Some(code) if code.len() <= 50 && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_') => {
            format!(", {code}")
        }
        Some(_) | None => String::new(),
    };
    let (what, hint) = match status {
        401 => (
            format!("the provider does not accept the token (status 401{said})"),
            "check CLIENTFERRY_TOKEN or `token_file`: a T-Bank token lives 90 days from its last use, is bound to the IP addresses \
             named when it was made, and to the client certificate of its first successful request",
        ),
        403 => (
            format!("the provider forbids the request (status 403{said})"),
            "check that the token has the scope nominal-accounts/manage for this company, that this machine's IP address is one of \
             those the token is bound to, that the client certificate belongs to the token (a new token needs a new certificate), \
             and that no firewall answers in the provider's place",
        ),
        300..=399 => (
            format!("the address answers with a redirect (status {status}), which is never followed with the token"),
            "check `base_url`, and whether a proxy or a login page stands in between",
        ),
        402 | 404..=407 | 410 | 411 | 415 | 421 | 426 | 431 | 451 => (
            format!("the address does not serve this method as expected (status {status}{said})"),
            "check `base_url` (scheme and host, without the path of a method), and whether a proxy stands in between",
        ),
        _ => return None,
    };
    Some(Halt { what, hint: hint.into() })
}

/// The bank's TLS refused us.
pub(super) fn certificate(why: &str) -> Halt {
    Halt {
        what: format!("the provider's TLS refused the connection: {why}"),
        hint: "check `client_cert` and `client_key`: protected T-Bank methods need the certificate that the bank issued for this token; \
               a new token needs a new certificate"
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
    use serde_json::json;
    use std::time::Duration;

    const ID: &str = "3f0c0e0a-5b0e-4c5e-9b0a-0d6f5a1b2c3d";

    fn sent() -> Body {
        Body::new(&json!({"type": "FL_RESIDENT", "lastName": "Образцова"}))
    }

    fn reply(status: u16, body: &str, headers: &[(&'static str, &'static str)]) -> Result<Reply, Lost> {
        let headers: HeaderMap =
            headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect();
        Ok(Reply { status, headers, body: Ok(body.as_bytes().to_vec()) })
    }

    fn verdict(result: &Result<Reply, Lost>, repeat_of_unknown: bool) -> Verdict {
        answer(result, repeat_of_unknown, &BTreeMap::new()).verdict
    }

    fn answer(result: &Result<Reply, Lost>, repeat_of_unknown: bool, map: &BTreeMap<String, CodeMeaning>) -> Answer {
        let now = SystemTime::now();
        judge(result, &sent(), Circumstances { repeat_of_unknown, test_stand: false, error_code_map: map, now })
    }

    fn name(verdict: &Verdict) -> &'static str {
        match verdict {
            Verdict::Created(_) => "created",
            Verdict::Existing(_) => "existing",
            Verdict::Rejected(_) => "rejected",
            Verdict::Throttled { .. } => "throttled",
            Verdict::Transient(_) => "transient",
            Verdict::Unknown { .. } => "unknown",
            Verdict::RefusedOnRepeat(_) => "refused on repeat",
            Verdict::Halt(_) => "halt",
            Verdict::HaltInDoubt(_) => "halt in doubt",
        }
    }

    #[test]
    fn every_line_of_the_decision_table() {
        let created = format!(r#"{{"beneficiaryId":"{ID}","type":"FL_RESIDENT"}}"#);
        let error = r#"{"errorId":"1","errorCode":"INVALID_DATA","errorMessage":"wrong"}"#;
        let key = r#"{"errorId":"1","errorCode":"INVALID_DATA","errorMessage":"no Idempotency-Key"}"#;
        let in_doubt = Err(Lost::InDoubt { code: "timeout", why: String::new() });
        let not_connected = Err(Lost::NotConnected { why: String::new(), untrusted: false });
        // (line of the table, answer, verdict at the first send, verdict at a repeat of an unknown key)
        let mut table = vec![
            (1, Err(Lost::Certificate("x".into())), "halt", "halt"),
            (2, not_connected, "transient", "transient"),
            (3, in_doubt, "unknown", "unknown"),
            (4, reply(201, &created, &[]), "created", "created"),
            (4, reply(200, &created, &[]), "created", "created"),
            (4, reply(201, &format!(r#"{{"beneficiaryId":"{ID}"}}"#), &[]), "created", "created"),
            (
                4,
                reply(201, &format!(r#"{{"beneficiaryId":"{ID}","type":"IP_RESIDENT"}}"#), &[]),
                "halt in doubt",
                "halt in doubt",
            ),
            (5, reply(201, "", &[]), "unknown", "unknown"),
            (5, reply(201, "created!", &[]), "unknown", "unknown"),
            (5, reply(201, "{\"benef", &[]), "unknown", "unknown"),
            (5, reply(201, "{\"type\":\"FL_RESIDENT\"}", &[]), "unknown", "unknown"),
            (5, reply(201, "{\"beneficiaryId\":\"17\"}", &[]), "unknown", "unknown"),
            (5, reply(202, &created, &[]), "unknown", "unknown"),
            (5, reply(204, "", &[]), "unknown", "unknown"),
            (6, reply(401, error, &[]), "halt", "halt"),
            (7, reply(403, "<html>", &[]), "halt", "halt"),
            (8, reply(429, error, &[]), "throttled", "throttled"),
            (9, reply(400, error, &[]), "rejected", "refused on repeat"),
            (10, reply(400, key, &[]), "halt", "refused on repeat"),
            (12, reply(422, error, &[]), "rejected", "refused on repeat"),
            (13, reply(409, error, &[]), "unknown", "refused on repeat"),
            (15, reply(413, "too long", &[]), "rejected", "refused on repeat"),
            (15, reply(418, "", &[]), "rejected", "refused on repeat"),
        ];
        let cut = Reply { status: 201, headers: HeaderMap::new(), body: Err("the answer was cut off") };
        table.push((5, Ok(cut), "unknown", "unknown"));
        table.extend([408, 425, 500, 502, 503, 504, 507, 599].map(|status| (13, reply(status, "", &[]), "unknown", "unknown")));
        table.extend(
            [301, 302, 307, 402, 404, 405, 406, 407, 410, 411, 415, 421, 426, 431, 451]
                .map(|status| (14, reply(status, "", &[]), "halt", "halt")),
        );
        for (line, result, first, repeat) in table {
            assert_eq!(name(&verdict(&result, false)), first, "line {line}: {result:?}");
            assert_eq!(name(&verdict(&result, true)), repeat, "line {line}, repeated: {result:?}");
        }
    }

    /// Every status with an empty body, so that whoever changes what is sent again sees it: only throttled ones are sent again by
    /// themselves, unknown ones under the same key.
    #[test]
    fn every_status_has_its_verdict() {
        let mut table: Vec<(&str, u16, u16)> = Vec::new();
        for status in 100..=599 {
            let verdict = name(&verdict(&reply(status, "", &[]), false));
            match table.last_mut() {
                Some((known, _, last)) if *known == verdict => *last = status,
                Some(_) | None => table.push((verdict, status, status)),
            }
        }
        let lines: Vec<String> = table.iter().map(|(verdict, first, last)| format!("{first}-{last} {verdict}")).collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        100-299 unknown
        300-399 halt
        400-400 rejected
        401-407 halt
        408-409 unknown
        410-411 halt
        412-414 rejected
        415-415 halt
        416-420 rejected
        421-421 halt
        422-424 rejected
        425-425 unknown
        426-426 halt
        427-428 rejected
        429-429 throttled
        430-430 rejected
        431-431 halt
        432-450 rejected
        451-451 halt
        452-499 rejected
        500-599 unknown
        ");
    }

    #[test]
    fn the_test_stand_answers_with_whatever_type() {
        let canned = reply(201, &format!(r#"{{"beneficiaryId":"{ID}","type":"IP_RESIDENT"}}"#), &[]);
        let map = BTreeMap::new();
        let circumstances =
            Circumstances { repeat_of_unknown: false, test_stand: true, error_code_map: &map, now: SystemTime::now() };
        assert_eq!(judge(&canned, &sent(), circumstances).verdict, Verdict::Created(ID.into()));
    }

    #[test]
    fn waits_and_request_ids_are_kept() {
        let throttled = answer(&reply(429, "", &[("retry-after", "3"), ("x-request-id", "r-1")]), false, &BTreeMap::new());
        assert_eq!(throttled.verdict, Verdict::Throttled { retry_after: Some(Duration::from_secs(3)) });
        assert_eq!(throttled.request_id.as_deref(), Some("r-1"));
        let Verdict::Unknown { why, retry_after } =
            verdict(&reply(503, "", &[("retry-after", "4"), ("x-request-id", "r-2")]), false)
        else {
            panic!("503 is unknown")
        };
        assert_eq!((why.request_id.as_deref(), retry_after), (Some("r-2"), Some(Duration::from_secs(4))));
        let paused = answer(&reply(201, "", &[("ratelimit", "\"a\";r=0;t=2")]), false, &BTreeMap::new());
        assert_eq!(paused.quotas.iter().map(|quota| quota.reset).collect::<Vec<_>>(), [Duration::from_secs(2)]);
    }

    #[test]
    fn the_users_meanings_of_codes_apply_to_422() {
        let map = BTreeMap::from([
            ("ALREADY".to_owned(), CodeMeaning::Existing),
            ("CLOSED".to_owned(), CodeMeaning::Halt),
            ("BAD".to_owned(), CodeMeaning::Rejected),
        ]);
        let by =
            |status, code: &str| name(&answer(&reply(status, &format!(r#"{{"errorCode":"{code}"}}"#), &[]), false, &map).verdict);
        assert_eq!(
            [by(422, "ALREADY"), by(422, "CLOSED"), by(422, "BAD"), by(422, "NEW")],
            ["existing", "halt", "rejected", "rejected"]
        );
        assert_eq!(by(400, "ALREADY"), "rejected");
    }

    #[test]
    fn no_verdict_repeats_client_data() {
        for status in [400, 401, 403, 409, 413, 422, 429, 500, 302] {
            for body in [
                r#"{"errorCode":"ОБРАЗЦОВА","errorMessage":"Образцова","errorDetails":{"Образцова":"Образцова"}}"#,
                "Образцова",
                r#"["Образцова"]"#,
            ] {
                let answer = answer(&reply(status, body, &[]), false, &BTreeMap::new());
                assert!(!format!("{answer:?}").to_lowercase().contains("образцова"), "{status} {body} {answer:?}");
            }
        }
    }
}
