//! Every status against profiles of several tempers, and every form of a success.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::json;

use super::*;

const HEAD: &str = "name = \"acme\"\nbase_url = \"https://acme.example\"\npath = \"/clients\"\nauth = { kind = \"none\" }\n";
const TAIL: &str = "\n[operations.client]\ncontract = \"client.json\"\n";
const LOOK_UP: &str = "[look_up]\npath = \"/clients?ref={/ref}\"\nid = \"/id\"\nsame = [[\"/ref\", \"/ref\"]]\n";

fn profile(text: &str) -> OwnProfile {
    OwnProfile::parse(&format!("{HEAD}{text}{TAIL}")).unwrap()
}

fn sent() -> Body {
    Body::new(&json!({"ref": "A-17", "lastName": "Образцова"}))
}

fn reply(status: u16, body: &str, headers: &[(&'static str, &'static str)]) -> Result<Reply, Lost> {
    let headers: HeaderMap =
        headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect();
    Ok(Reply { status, headers, body: Ok(body.as_bytes().to_vec()) })
}

fn verdict(own: &OwnProfile, result: &Result<Reply, Lost>, repeat: bool) -> Verdict {
    judge(own, result, &order(&sent(), repeat), SystemTime::now()).verdict
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

/// Runs of statuses with one meaning, as a table to read.
fn table(own: &OwnProfile, body: &str, repeat: bool) -> Vec<String> {
    let mut runs: Vec<(u16, u16, &str)> = Vec::new();
    for status in 100..600 {
        let meaning = name(&verdict(own, &reply(status, body, &[]), repeat));
        match runs.last_mut() {
            Some((_, last, before)) if *before == meaning => *last = status,
            _ => runs.push((status, status, meaning)),
        }
    }
    runs.iter()
        .map(
            |(first, last, meaning)| {
                if first == last { format!("{first} {meaning}") } else { format!("{first}-{last} {meaning}") }
            },
        )
        .collect()
}

#[test]
fn every_status_has_the_meaning_of_the_house() {
    let own = profile("[success]\nid = \"/id\"\n");
    let expected = [
        "100-199 unknown",
        "200-201 created",
        "202-299 unknown",
        "300-399 halt",
        "400 rejected",
        "401-407 halt",
        "408 unknown",
        "409 rejected",
        "410-411 halt",
        "412-414 rejected",
        "415 halt",
        "416-420 rejected",
        "421 halt",
        "422-424 rejected",
        "425 unknown",
        "426 halt",
        "427-428 rejected",
        "429 throttled",
        "430 rejected",
        "431 halt",
        "432-450 rejected",
        "451 halt",
        "452-499 rejected",
        "500-599 unknown",
    ];
    assert_eq!(table(&own, r#"{"id": "1"}"#, false), expected);
    // A repeat is never refused for good: who created the client is looked up.
    let repeated: Vec<String> = expected.iter().map(|line| line.replace("rejected", "refused on repeat")).collect();
    assert_eq!(table(&own, r#"{"id": "1"}"#, true), repeated);
}

#[test]
fn the_profiles_own_statuses_go_before_those_of_the_house() {
    let own = profile(
        "[success]\nid = \"/id\"\nstatuses = [202]\n[idempotency]\nheader = \"Key\"\nreplay_statuses = [208]\n\
         [existing]\nstatuses = [303, 409]\n[verdicts]\nrejected = [404, \"510-511\"]\nunknown = [409, 423]\nthrottled = [503]\nhalt = [418]\n",
    );
    let of = |status, repeat| name(&verdict(&own, &reply(status, r#"{"id": 7}"#, &[]), repeat));
    let found: Vec<&str> = [202, 200, 303, 409, 404, 511, 423, 503, 418, 422].iter().map(|status| of(*status, false)).collect();
    let expected =
        ["created", "unknown", "existing", "existing", "rejected", "rejected", "unknown", "throttled", "halt", "rejected"];
    assert_eq!(found, expected);
    assert_eq!((of(208, false), of(208, true)), ("unknown", "created"));
}

#[test]
fn a_success_without_an_id_is_in_doubt() {
    let own = profile("[success]\nid = \"/data/id\"\n");
    for body in ["", "created!", "{\"data\":", "{}", "[]", "{\"data\": {\"id\": null}}", "{\"data\": {\"id\": \"a b\"}}"] {
        assert_eq!(name(&verdict(&own, &reply(201, body, &[]), false)), "unknown", "{body}");
    }
    let cut = Ok(Reply { status: 201, headers: HeaderMap::new(), body: Err("the answer was cut off") });
    assert_eq!(name(&verdict(&own, &cut, false)), "unknown");
    assert_eq!(verdict(&own, &reply(201, "{\"data\": {\"id\": 17}}", &[]), false), Verdict::Created("17".into()));
}

#[test]
fn an_id_may_stand_in_a_header() {
    let own = profile("[success]\nid = \"header Location\"\n");
    let at = |address| verdict(&own, &reply(201, "", &[("location", address)]), false);
    assert_eq!(at("https://acme.example/clients/c-9/?x=1"), Verdict::Created("c-9".into()));
    assert_eq!(name(&verdict(&own, &reply(201, "", &[]), false)), "unknown");
}

#[test]
fn an_envelope_decides_where_the_status_does_not() {
    let own = profile(
        "[success]\nid = \"/result/id\"\nok = { pointer = \"/ok\", value = true }\n[error]\ncode = \"/code\"\nmessage = \"/text\"\n\
         [existing]\nstatuses = [200]\ncodes = [\"TWICE\"]\nid = \"/result/id\"\n",
    );
    let of = |body: &str| verdict(&own, &reply(200, body, &[]), false);
    assert_eq!(of(r#"{"ok": true, "result": {"id": "9"}}"#), Verdict::Created("9".into()));
    assert_eq!(of(r#"{"ok": false, "code": "TWICE", "result": {"id": "9"}}"#), Verdict::Existing(Some("9".into())));
    let Verdict::Rejected(refusal) = of(r#"{"ok": false, "code": "BAD", "text": "Client Образцова is wrong"}"#) else {
        panic!("a failure in the envelope is a refusal")
    };
    assert_eq!((&*refusal.code, &*refusal.message), ("BAD", "Client {/lastName} is wrong"));
    for body in ["", "{}", "[1]", "{\"ok\""] {
        assert_eq!(name(&of(body)), "unknown", "{body}");
    }
}

#[test]
fn who_was_there_before_is_looked_up_after_a_doubt() {
    let exists = "[success]\nid = \"/id\"\n[existing]\nid = \"/id\"\n";
    let answer = reply(409, r#"{"id": "5"}"#, &[]);
    let (plain, asked) = (profile(exists), profile(&format!("{exists}{LOOK_UP}")));
    assert_eq!(verdict(&plain, &answer, false), Verdict::Existing(Some("5".into())));
    assert_eq!(verdict(&plain, &answer, true), Verdict::Existing(Some("5".into())));
    assert_eq!(name(&verdict(&asked, &answer, true)), "refused on repeat");
}

#[test]
fn refusals_are_templates_with_the_place() {
    let own = profile(
        "[success]\nid = \"/id\"\n[error]\ncode = \"/error/code\"\nmessage = \"/error/message\"\nlist = \"/error/details\"\nfield = \"/field\"\ntext = \"/issue\"\n",
    );
    let body = r#"{"error": {"code": "INVALID", "message": "Not valid", "details": [{"field": "lastName", "issue": "'Образцова' is in Cyrillic"}]}}"#;
    let Verdict::Rejected(refusal) = verdict(&own, &reply(422, body, &[("x-request-id", "r-1")]), false) else {
        panic!("422 is a refusal")
    };
    assert_eq!(refusal.pointer.as_deref(), Some("/lastName"));
    assert_eq!(&*refusal.message, "Not valid (lastName: '{/lastName}' is in Cyrillic)");
    let everything = format!("{refusal:?}");
    assert!(!everything.contains("Образцова") && everything.contains("r-1"), "{everything}");
    let Verdict::Rejected(refusal) = verdict(&own, &reply(422, "Образцова? no", &[]), false) else {
        panic!("a refusal")
    };
    assert_eq!((&*refusal.code, &*refusal.message), ("http_422", "status 422: {/lastName}? no"));
}

#[test]
fn what_never_arrived_is_sorted_and_waits_are_kept() {
    let own = profile("[success]\nid = \"/id\"\n");
    let lost = |lost| name(&verdict(&own, &Err(lost), false));
    assert_eq!(lost(Lost::Certificate("x".into())), "halt");
    assert_eq!(lost(Lost::NotConnected { why: "x".into(), untrusted: false }), "transient");
    assert_eq!(lost(Lost::InDoubt { code: "timeout", why: "x".into() }), "unknown");
    let throttled = verdict(&own, &reply(429, "", &[("retry-after", "3")]), false);
    assert_eq!(throttled, Verdict::Throttled { retry_after: Some(Duration::from_secs(3)) });
}

#[test]
fn the_users_meanings_of_codes_apply_to_refusals() {
    let own = profile("[success]\nid = \"/id\"\n[error]\ncode = \"/code\"\n");
    let map = BTreeMap::from([("ALREADY".to_owned(), CodeMeaning::Existing), ("CLOSED".to_owned(), CodeMeaning::Halt)]);
    let of = |code: &str| {
        let body = sent();
        let answer = judge(&own, &reply(400, &format!("{{\"code\": \"{code}\"}}"), &[]), &order(&body, false), SystemTime::now());
        name(&by_code(answer, &map).verdict)
    };
    assert_eq!([of("ALREADY"), of("CLOSED"), of("OTHER")], ["existing", "halt", "rejected"]);
}
