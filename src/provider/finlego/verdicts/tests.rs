//! The decision table, line by line, and over every status.

use super::*;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use std::time::Duration;

const ID: &str = "5e505642-9024-474d-9434-e5a44f505cc5";

fn sent() -> Body {
    Body::new(&json!({
        "externalId": "LEG-000001", "onboardingId": "f4fce315-9b7c-4302-989a-521be9ec9bca", "lastName": "Obraztsova",
        "address": {"city": "Moskva"}, "phoneNumber": "+74955550101"
    }))
}

fn reply(status: u16, body: &str, headers: &[(&str, &str)]) -> Result<Reply, Lost> {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap()))
        .collect();
    Ok(Reply { status, headers, body: Ok(body.as_bytes().to_vec()) })
}

fn circumstances(envelope: Envelope) -> Circumstances<'static> {
    Circumstances { envelope, repeat_of_unknown: false, core_503_throttled: false, duplicates: &[], now: SystemTime::now() }
}

fn class(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Created(_) => "created",
        Verdict::Existing(_) => "already-exists",
        Verdict::Rejected(_) => "rejected",
        Verdict::Throttled { .. } => "throttled",
        Verdict::Transient(_) => "transient",
        Verdict::Unknown { .. } => "unknown-outcome",
        Verdict::RefusedOnRepeat(_) => "refused on repeat",
        Verdict::Halt(_) => "halt-run",
        Verdict::HaltInDoubt(_) => "halt in doubt",
    }
}

fn text<'a>(case: &'a Value, member: &str) -> &'a str {
    case[member].as_str().unwrap_or_default()
}

#[test]
fn every_documented_answer_gets_its_verdict() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/finlego/responses.json");
    let cases: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(cases.len(), 48);
    for case in &cases {
        let name = format!("{}, {}", text(case, "envelope"), text(case, "name"));
        let envelope = if case["envelope"] == "plain" { Envelope::Plain } else { Envelope::Result };
        let body = match case.get("body").filter(|body| !body.is_null()) {
            Some(body) => body.to_string(),
            None => text(case, "text").to_owned(),
        };
        let headers: Vec<(String, String)> = case["headers"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
            .collect();
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let result = match text(case, "transport") {
            "" => reply(u16::try_from(case["status"].as_u64().unwrap()).unwrap(), &body, &headers),
            "connect-failed" => Err(Lost::NotConnected { why: "refused".into(), untrusted: false }),
            "broken-after-send" => Err(Lost::InDoubt { code: "connection_lost", why: "reset".into() }),
            other => panic!("{name}: transport {other}"),
        };
        let answer = judge(&result, &sent(), circumstances(envelope));
        let expected = &case["expect"];
        assert_eq!(class(&answer.verdict), text(expected, "class"), "{name}: {answer:?}");
        let id = match &answer.verdict {
            Verdict::Created(id) => Some(&**id),
            Verdict::Existing(id) => id.as_deref(),
            Verdict::Rejected(refusal) => {
                assert!(!refusal.message.is_empty(), "{name}");
                let why = text(expected, "why");
                let words_are_ours = ["no explanation given", "body too large"].contains(&why);
                assert!(words_are_ours || refusal.message.contains(why), "{name}: {refusal:?}");
                None
            }
            Verdict::Throttled { .. }
            | Verdict::Transient(_)
            | Verdict::Unknown { .. }
            | Verdict::RefusedOnRepeat(_)
            | Verdict::Halt(_)
            | Verdict::HaltInDoubt(_) => None,
        };
        assert_eq!(id, expected["id"].as_str(), "{name}");
    }
}

/// Statuses in a row with one verdict as one line.
fn table(mut verdict: impl FnMut(u16) -> &'static str) -> String {
    let mut lines: Vec<(u16, u16, &str)> = Vec::new();
    for status in 100..=599 {
        let class = verdict(status);
        match lines.last_mut() {
            Some((_, last, known)) if *known == class => *last = status,
            Some(_) | None => lines.push((status, status, class)),
        }
    }
    lines
        .iter()
        .map(
            |(first, last, class)| if first == last { format!("{first} {class}\n") } else { format!("{first}-{last} {class}\n") },
        )
        .collect()
}

#[test]
fn every_status_without_a_body() {
    let of = |envelope, headers: &'static [(&'static str, &'static str)]| {
        table(|status| class(&judge(&reply(status, "", headers), &sent(), circumstances(envelope)).verdict))
    };
    let plain = of(Envelope::Plain, &[]);
    assert_eq!(plain, of(Envelope::Result, &[]), "without a body the services differ in nothing");
    insta::assert_snapshot!(plain, @r"
    100-299 unknown-outcome
    300-399 halt-run
    400 rejected
    401-407 halt-run
    408 unknown-outcome
    409 already-exists
    410-411 halt-run
    412-414 rejected
    415 halt-run
    416-420 rejected
    421 halt-run
    422-424 rejected
    425 unknown-outcome
    426 halt-run
    427-428 rejected
    429 throttled
    430 rejected
    431 halt-run
    432-450 rejected
    451 halt-run
    452-499 rejected
    500 unknown-outcome
    501 halt-run
    502-504 unknown-outcome
    505 halt-run
    506-599 unknown-outcome
    ");
    let waiting = |envelope| of(envelope, &[("retry-after", "3")]);
    assert_eq!(waiting(Envelope::Plain), plain.replace("502-504", "502 unknown-outcome\n503 throttled\n504"));
    assert_eq!(waiting(Envelope::Result), plain, "the core service's 503 is never sent again");
}

#[test]
fn only_throttled_and_transient_answers_are_sent_again() {
    // What the desk repeats by itself: nothing was done for certain.
    let again: Vec<u16> = (100..=599)
        .filter(|&status| {
            matches!(
                judge(&reply(status, "", &[("retry-after", "1")]), &sent(), circumstances(Envelope::Plain)).verdict,
                Verdict::Throttled { .. } | Verdict::Transient(_)
            )
        })
        .collect();
    assert_eq!(again, [429, 503]);
}

#[test]
fn a_repeat_is_created_or_there_or_as_unknown_as_before() {
    let repeat = |result: &Result<Reply, Lost>| {
        judge(result, &sent(), Circumstances { repeat_of_unknown: true, ..circumstances(Envelope::Plain) })
    };
    let created = reply(200, &json!({"clientId": ID, "externalId": "LEG-000001"}).to_string(), &[]);
    assert_eq!(repeat(&created).verdict, Verdict::Created(ID.into()));
    let conflict = repeat(&reply(409, "", &[]));
    assert_eq!(conflict.verdict, Verdict::Existing(None));
    assert!(conflict.remark.unwrap().message.contains("the first request created"));
    for status in [400, 413, 422, 500, 502] {
        assert_eq!(class(&repeat(&reply(status, "", &[])).verdict), "unknown-outcome", "{status}");
    }
    assert_eq!(class(&repeat(&reply(401, "", &[])).verdict), "halt-run");
}

#[test]
fn the_users_own_knowledge_counts() {
    let busy = reply(503, "", &[("retry-after", "4")]);
    let core = circumstances(Envelope::Result);
    assert_eq!(
        judge(&busy, &sent(), Circumstances { core_503_throttled: true, ..core }).verdict,
        Verdict::Throttled { retry_after: Some(Duration::from_secs(4)) }
    );
    let patterns = [Regex::new("(?i)already (exists|registered)").unwrap()];
    let refused = |message: &str| {
        let body = json!({"isFailed": true, "isSuccess": false, "errors": [{"message": message}]}).to_string();
        class(&judge(&reply(200, &body, &[]), &sent(), Circumstances { duplicates: &patterns, ..core }).verdict)
    };
    assert_eq!(refused("Client Already Exists"), "already-exists");
    assert_eq!(refused("Client is blocked"), "rejected");
}

#[test]
fn an_unknown_says_what_to_look_for() {
    let message = |envelope| match judge(&reply(500, "", &[]), &sent(), circumstances(envelope)).verdict {
        Verdict::Unknown { why, .. } => crate::model::redact::restore(&why.message, &sent()),
        other => panic!("{other:?}"),
    };
    assert!(message(Envelope::Plain).contains("externalId LEG-000001 in FinLego's back office"), "{}", message(Envelope::Plain));
    assert!(message(Envelope::Result).contains("onboardingId f4fce315"));
}

#[test]
fn no_verdict_repeats_client_data() {
    for envelope in [Envelope::Plain, Envelope::Result] {
        for status in [200, 201, 302, 400, 401, 403, 409, 413, 422, 429, 500, 503] {
            for body in [
                r#"{"title":"Obraztsova","detail":"Obraztsova","errors":{"Obraztsova":["Obraztsova"]},"traceId":"r-1"}"#,
                r#"{"isFailed":true,"errors":[{"message":"Obraztsova +74955550101","reasons":[{"message":"Moskva"}]}]}"#,
                "Obraztsova",
                r#"["Obraztsova"]"#,
            ] {
                let answer = judge(&reply(status, body, &[]), &sent(), circumstances(envelope));
                let told = format!("{answer:?}").to_lowercase();
                for value in ["obraztsova", "74955550101", "moskva", "leg-000001"] {
                    assert!(!told.contains(value), "{status} {body} {answer:?}");
                }
            }
        }
    }
}

#[test]
fn the_place_and_the_trace_are_kept() {
    let body = json!({"title": "x", "errors": {"Address.City": ["does not match"]}, "traceId": "00-ab"}).to_string();
    let answer = judge(&reply(400, &body, &[]), &sent(), circumstances(Envelope::Plain));
    assert_eq!(answer.request_id.as_deref(), Some("00-ab"));
    let Verdict::Rejected(refusal) = answer.verdict else { panic!("400 is a rejection") };
    assert_eq!(refusal.pointer.as_deref(), Some("/address/city"));
    assert_eq!(&*refusal.code, "http_400");
}
