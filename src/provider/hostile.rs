//! What every answer of every provider must keep to, however hostile it is: for the fuzz target `provider_response` and the tests
//! below. Not part of the program.

use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::json;

use super::http::{Lost, Reply};
use super::{Answer, Order, Verdict, brainysoft, finlego, loanpro, own, tbank};
use crate::model::{Body, IdempotencyKey};

/// Longest text of a refusal that a journal has to keep.
const WORDS_BYTES_MAX: usize = 24_000;
/// A server's clock, so that what an answer means does not depend on when it is judged.
const NOW_S: u64 = 1_790_000_000;

/// Values of the client that was sent. The numbers of the bytes by which [`answered`] writes them are their places here.
pub const SECRETS: [&str; 8] = [
    "Ефросиньина",
    "Obraztsova-Verkhovskaya",
    "4509123456",
    "+79161234567",
    "z.obraztsova@example.net",
    "500100732259",
    "1987-03-29",
    "Краснопресненская",
];

/// Hostile text with the client's own values in it, where it holds the bytes 1 to 8.
#[must_use]
pub fn answered(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len());
    for &byte in bytes {
        match usize::from(byte).checked_sub(1).and_then(|index| SECRETS.get(index)) {
            Some(secret) => text.extend_from_slice(secret.as_bytes()),
            None => text.push(byte),
        }
    }
    text
}

fn sent() -> Body {
    let [last, latin, passport, phone, email, inn, birth, street] = SECRETS;
    Body::new(&json!({
        "externalId": "LEG-000001", "onboardingId": "f4fce315-9b7c-4302-989a-521be9ec9bca", "type": "FL_RESIDENT",
        "lastName": last, "latinName": latin, "birthDate": birth, "phoneNumber": phone, "email": email, "inn": inn,
        "documents": [{"type": "PASSPORT", "number": passport}],
        "address": {"street": street, "house": "12"}, "passport": {"no": passport}
    }))
}

/// Judges an answer as each provider would. `headers` are lines `name: value`; what is none is left out.
///
/// # Errors
/// The promise that was broken.
pub fn judge_everywhere(status: u16, headers: &[u8], body: Result<&[u8], &'static str>, repeat: bool) -> Result<(), String> {
    let reply = Reply { status, headers: parse(headers), body: body.map(<[u8]>::to_vec) };
    let (sent, now) = (sent(), SystemTime::UNIX_EPOCH + Duration::from_secs(NOW_S));
    let result = Ok(reply);
    for (provider, answer) in answers(&result, &sent, repeat, now) {
        let what = |why: &str| Err(format!("{provider}, status {status}: {why}: {answer:?}"));
        if is_success(&answer) && !(200..300).contains(&status) {
            return what("a client was created by no success");
        }
        let shown = words(&answer);
        if shown.len() > WORDS_BYTES_MAX {
            return what("its words have no end");
        }
        let folded = shown.to_lowercase();
        if let Some(secret) = SECRETS.iter().find(|secret| folded.contains(&secret.to_lowercase())) {
            return what(&format!("it repeats `{secret}`"));
        }
    }
    Ok(())
}

fn parse(lines: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines.split(|&byte| byte == b'\n').take(64) {
        let Some(colon) = line.iter().position(|&byte| byte == b':') else { continue };
        let (name, value) = line.split_at(colon);
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
            headers.append(name, value);
        }
    }
    headers
}

/// Every provider's answers to one reply, each with the provider's name.
fn answers(reply: &Result<Reply, Lost>, sent: &Body, repeat: bool, now: SystemTime) -> Vec<(&'static str, Answer)> {
    let order = Order {
        operation: "acme/client",
        body: sent,
        key: IdempotencyKey::derive("acme/client", "test", "1", sent.as_str()),
        repeat_of_unknown: repeat,
    };
    let by = |name, answers: Vec<Answer>| answers.into_iter().map(move |answer| (name, answer));
    by("tbank", tbank::hostile::answers(reply, &order, now))
        .chain(by("finlego", finlego::hostile::answers(reply, &order, now)))
        .chain(by("loanpro", loanpro::hostile::answers(reply, &order, now)))
        .chain(by("brainysoft", brainysoft::hostile::answers(reply, &order, now)))
        .chain(by("own", own::hostile::answers(reply, &order, now)))
        .collect()
}

fn is_success(answer: &Answer) -> bool {
    matches!(answer.verdict, Verdict::Created(_))
}

/// Everything of an answer that journal, log or report keep, without ids of clients: those are the provider's.
fn words(answer: &Answer) -> String {
    let verdict = match &answer.verdict {
        Verdict::Created(_) | Verdict::Existing(_) => String::new(),
        other @ (Verdict::Rejected(_)
        | Verdict::Throttled { .. }
        | Verdict::Transient(_)
        | Verdict::Unknown { .. }
        | Verdict::RefusedOnRepeat(_)
        | Verdict::Halt(_)
        | Verdict::HaltInDoubt(_)) => format!("{other:?}"),
    };
    format!("{verdict}\n{:?}\n{:?}", answer.remark, answer.request_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An answer as members of the five providers' envelopes with anything in them.
    fn body() -> impl Strategy<Value = Vec<u8>> {
        let word = prop_oneof![
            3 => (1_u8..=8).prop_map(|secret| vec![secret]),
            2 => prop::sample::select(vec![
                "error", "\\\" ", " is taken by ", "[ROOT].", "documents[0].number", "/lastName", "Клиент ", "4509 ", "{/x}", "<", "\u{e9}",
            ])
            .prop_map(|word| word.as_bytes().to_vec()),
            1 => prop::collection::vec(32_u8..=126, 0..20),
        ];
        let text = prop::collection::vec(word, 0..6).prop_map(|words| words.concat());
        let name = prop::sample::select(vec![
            "errorCode",
            "errorMessage",
            "errorDetails",
            "code",
            "message",
            "error",
            "errors",
            "warnings",
            "d",
            "data",
            "status",
            "title",
            "detail",
            "traceId",
            "id",
            "clientId",
            "externalId",
            "isFailed",
            "reasons",
            "ok",
            "field",
            "text",
            "type",
            "access_token",
        ]);
        let leaf = prop_oneof![
            4 => text.clone().prop_map(|text| [&b"\""[..], &text, b"\""].concat()),
            1 => prop::sample::select(vec!["true", "false", "null", "0", "17", "1e400", "\"ok\"", "\"error\"", "\x03"])
                .prop_map(|text| text.as_bytes().to_vec()),
        ];
        let value = leaf.prop_recursive(3, 24, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(|items| [&b"["[..], &items.join(&b","[..]), b"]"].concat()),
                prop::collection::vec((name.clone(), inner), 0..4).prop_map(|members| {
                    let members: Vec<Vec<u8>> = members
                        .into_iter()
                        .map(|(name, value)| [format!("\"{name}\":").as_bytes(), &value[..]].concat())
                        .collect();
                    [&b"{"[..], &members.join(&b","[..]), b"}"].concat()
                }),
            ]
        });
        prop_oneof![4 => value, 1 => text]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_answer_creates_by_mistake_or_repeats_a_client(
            status in prop_oneof![4 => prop::sample::select(vec![200_u16, 201, 202, 400, 401, 404, 409, 422, 429, 500, 503]), 1 => 100_u16..=999],
            body in body(),
            secret in 1_u8..=8,
            header in prop::sample::select(vec!["retry-after", "x-request-id", "ratelimit", "location", "x-ratelimit-reset", "date"]),
            repeat in any::<bool>(),
        ) {
            let headers = answered(&[header.as_bytes(), b": ", &[secret]].concat());
            prop_assert_eq!(judge_everywhere(status, &headers, Ok(&answered(&body)), repeat), Ok(()));
        }
    }
}
