//! The decision tables, line by line.

use std::fmt::Write as _;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::json;

use super::*;

fn reply(status: u16, body: &str, headers: &[(&'static str, &'static str)]) -> Result<Reply, Lost> {
    let headers: HeaderMap =
        headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect();
    Ok(Reply { status, headers, body: Ok(body.as_bytes().to_vec()) })
}

fn sent() -> Body {
    Body::new(&json!({"lastName": "Образцова", "passport": {"no": "654321"}}))
}

fn verdict_name(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Created(_) => "created",
        Verdict::Existing(_) => "existing",
        Verdict::Rejected(_) => "rejected",
        Verdict::Throttled { .. } => "throttled",
        Verdict::Transient(_) => "transient",
        Verdict::Unknown { .. } => "unknown",
        Verdict::RefusedOnRepeat(_) => "look up, else rejected",
        Verdict::Halt(_) => "halt",
        Verdict::HaltInDoubt(_) => "halt in doubt",
    }
}

fn create_name(result: &Result<Reply, Lost>) -> &'static str {
    match create(result, &sent(), SystemTime::UNIX_EPOCH) {
        Created::Verdict(verdict) => verdict_name(&verdict),
        Created::TokenRefused => "token",
        Created::Error { duplicate: true, .. } => "error: search, else rejected",
        Created::Error { session: true, .. } => "error: probe the token, else rejected",
        Created::Error { .. } => "error: rejected",
    }
}

fn init_name(result: &Result<Reply, Lost>) -> &'static str {
    match init(result, SystemTime::UNIX_EPOCH) {
        Init::Object(_) => "object",
        Init::Verdict(verdict) => verdict_name(&verdict),
        Init::TokenRefused => "token",
        Init::Error(_) => "error: probe the token, else halt",
    }
}

fn read_name(result: &Result<Reply, Lost>) -> &'static str {
    match read(result, SystemTime::UNIX_EPOCH) {
        Read::Data(_) => "data",
        Read::TokenRefused => "token",
        Read::Error(_) => "error: probe the token, else off",
        Read::Throttled(_) => "throttled",
        Read::Again(_) => "again",
        Read::Off(_) => "off",
        Read::Halt(_) => "halt",
    }
}

fn token_name(result: &Result<Reply, Lost>) -> &'static str {
    match token(result, SystemTime::UNIX_EPOCH) {
        Token::Fresh(..) => "token",
        Token::Verdict(verdict) => verdict_name(&verdict),
    }
}

/// What an answer comes to, in a word.
type Name = fn(&Result<Reply, Lost>) -> &'static str;

const ENVELOPE: &str = r#"{"status":"error","timestamp":1,"data":{"code":"X","message":"passport.no: required"}}"#;
const OK_OBJECT: &str = r#"{"status":"ok","timestamp":1,"data":{"id":101320001}}"#;

/// Every documented body, and every way in which none comes.
fn documented() -> Vec<(&'static str, Result<Reply, Lost>)> {
    let cut = |status| Ok(Reply { status, headers: HeaderMap::new(), body: Err("the answer was cut off") });
    vec![
        ("200 ok, object with id", reply(200, OK_OBJECT, &[])),
        ("200 ok, bare id", reply(200, r#"{"status":"ok","timestamp":1,"data":101320001}"#, &[])),
        ("201 ok, object with id", reply(201, OK_OBJECT, &[])),
        ("200 ok, no id", reply(200, r#"{"status":"ok","timestamp":1,"data":null}"#, &[])),
        ("200 ok, list", reply(200, r#"{"status":"ok","timestamp":1,"data":[]}"#, &[])),
        ("200 status missing", reply(200, r#"{"timestamp":1,"data":{"id":101320001}}"#, &[])),
        ("200 empty", reply(200, "", &[])),
        ("200 HTML", reply(200, "<html>", &[])),
        ("200 cut", cut(200)),
        ("200 error, object", reply(200, ENVELOPE, &[])),
        ("200 error, text", reply(200, r#"{"status":"error","timestamp":1,"data":"passport.no: required"}"#, &[])),
        (
            "200 error, duplicate",
            reply(
                200,
                r#"{"status":"error","timestamp":1,"data":{"code":"CLIENT_ALREADY_EXISTS","message":"client exists"}}"#,
                &[],
            ),
        ),
        (
            "200 error, stale token",
            reply(200, r#"{"status":"error","timestamp":1,"data":{"code":"UNAUTHORIZED","message":"session expired"}}"#, &[]),
        ),
        ("400 error", reply(400, ENVELOPE, &[])),
        ("409 error", reply(409, ENVELOPE, &[])),
        ("422 error", reply(422, ENVELOPE, &[])),
        ("500 error", reply(500, ENVELOPE, &[])),
        ("502 HTML", reply(502, "<html><body>502 Bad Gateway</body></html>", &[])),
        ("time-out", Err(Lost::InDoubt { code: "timeout", why: String::new() })),
        ("reset", Err(Lost::InDoubt { code: "connection_lost", why: String::new() })),
        ("not connected", Err(Lost::NotConnected { why: String::new(), untrusted: false })),
        ("certificate not trusted", Err(Lost::NotConnected { why: String::new(), untrusted: true })),
        ("our certificate refused", Err(Lost::Certificate("x".into()))),
    ]
}

/// Neighbouring statuses with one meaning stand in one line.
fn by_status(name: Name) -> String {
    let mut text = String::new();
    let mut open: Option<(u16, u16, &'static str)> = None;
    let mut write = |line: Option<(u16, u16, &'static str)>| {
        if let Some((first, last, name)) = line {
            let range = if first == last { first.to_string() } else { format!("{first}-{last}") };
            writeln!(text, "  {range}: {name}").unwrap();
        }
    };
    for status in 100..=599 {
        let name = name(&reply(status, "", &[]));
        open = match open {
            Some((first, _, known)) if known == name => Some((first, status, name)),
            other => {
                write(other);
                Some((status, status, name))
            }
        };
    }
    write(open);
    text
}

#[test]
fn what_is_retried_is_seen() {
    let mut text = String::new();
    let calls: [(&str, Name); 4] = [("create", create_name), ("init", init_name), ("read", read_name), ("token", token_name)];
    for (call, name) in calls {
        writeln!(text, "{call}, documented bodies").unwrap();
        for (body, result) in documented() {
            writeln!(text, "  {body}: {}", name(&result)).unwrap();
        }
        writeln!(text, "{call}, statuses without a body").unwrap();
        text.push_str(&by_status(name));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_creation_is_never_repeated_where_a_client_may_have_come_of_it() {
    // Transient and throttled are the verdicts that send again by themselves.
    for status in 100..=599 {
        for body in ["", ENVELOPE, OK_OBJECT, "<html>"] {
            let name = create_name(&reply(status, body, &[]));
            assert_eq!(name == "throttled", status == 429, "{status}");
            assert_ne!(name, "transient", "{status}");
        }
    }
}

#[test]
fn waits_are_kept() {
    let wait = Some(Duration::from_secs(2));
    let throttled = create(&reply(429, "", &[("retry-after", "2")]), &sent(), SystemTime::UNIX_EPOCH);
    assert_eq!(throttled, Created::Verdict(Verdict::Throttled { retry_after: wait }));
    let Created::Verdict(Verdict::Unknown { retry_after, .. }) =
        create(&reply(503, "", &[("retry-after", "2")]), &sent(), SystemTime::UNIX_EPOCH)
    else {
        panic!("503 is unknown")
    };
    assert_eq!(retry_after, wait);
}

#[test]
fn tokens_are_renewed_before_they_end() {
    let life = |body: &str| match token(&reply(200, body, &[]), SystemTime::UNIX_EPOCH) {
        Token::Fresh(_, life) => Some(life.as_secs()),
        Token::Verdict(_) => None,
    };
    assert_eq!(life(r#"{"access_token":"a","expires_in":1800}"#), Some(1740));
    assert_eq!(life(r#"{"access_token":"a","expires_in":"90"}"#), Some(30));
    assert_eq!(life(r#"{"access_token":"a","expires_in":5}"#), Some(0));
    assert_eq!(life(r#"{"access_token":"a"}"#), Some(1200));
    for none in [r#"{"access_token":""}"#, r#"{"access_token":"a b"}"#, r#"{"token":"a"}"#, "<html>"] {
        assert_eq!(life(none), None, "{none}");
    }
}

#[test]
fn no_verdict_repeats_client_data() {
    for status in [200, 400, 401, 403, 404, 409, 413, 422, 429, 500, 502, 302] {
        for body in [
            r#"{"status":"error","data":{"code":"ОБРАЗЦОВА","message":"Образцова 654321"}}"#,
            r#"{"status":"error","data":"Образцова"}"#,
            r#"{"status":"error","data":["Образцова"]}"#,
            "Образцова",
        ] {
            let result = reply(status, body, &[]);
            let told = format!(
                "{:?} {:?} {:?}",
                create(&result, &sent(), SystemTime::UNIX_EPOCH),
                init(&result, SystemTime::UNIX_EPOCH),
                read(&result, SystemTime::UNIX_EPOCH)
            );
            let told = told.to_lowercase();
            assert!(!told.contains("образцова") && !told.contains("654321"), "{status} {body} {told}");
        }
    }
}
