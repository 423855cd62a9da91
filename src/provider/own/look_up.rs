//! Asks the provider, client by client, whether it has one whose request had no reliable answer. Creates nothing.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::SystemTime;

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::{NotSent, OwnProvider, verdicts};
use crate::contract::profile::{LookUp, OwnProfile, scalar};
use crate::model::Refusal;
use crate::model::text::fold;
use crate::provider::headers::{quotas, retry_after};
use crate::provider::http::{Lost, Reply};
use crate::provider::{Found, Halt, Slot, Wanted};

/// Attempts for one client; being asked to slow down does not count, up to its own limit.
const TRIES_MAX: u32 = 5;
const THROTTLED_MAX: u32 = 60;
/// How far the provider's clock may be wrong: what it says it created less than this before we sent may still be ours.
const CLOCK_SKEW_MS: i64 = 120_000;

/// What the provider shows of a client.
struct Shown {
    id: String,
    /// The first and the last moment at which it can have been created, milliseconds since 1970.
    created_ms: Option<(i64, i64)>,
}

/// One look-up for all wanted clients.
pub(super) async fn find(
    provider: &OwnProvider,
    wanted: &[Wanted],
    taken: &(dyn for<'id> Fn(usize, &'id str) -> bool + Sync),
    slot: &dyn Slot,
) -> Vec<Found> {
    let Some(look_up) = &provider.own.look_up else {
        let why = "the profile names no look-up, so a person has to look at the provider";
        return wanted.iter().map(|_| Found::CannotAsk(because("look_up_impossible", why))).collect();
    };
    let mut answers: Vec<Result<Vec<Shown>, Refusal>> = Vec::with_capacity(wanted.len());
    for (position, client) in wanted.iter().enumerate() {
        let body = client.body.parse();
        let shown = match ask(provider, look_up, &body, slot).await {
            Ok(items) => same(look_up, &body, &items),
            Err(Stopped::CannotAsk(why)) => Err(why),
            Err(Stopped::Halt(halt)) => return wanted.iter().map(|_| Found::Halt(halt.clone())).collect(),
        };
        answers.push(shown.map(|mut shown| {
            shown.retain(|shown| !taken(position, &shown.id));
            shown
        }));
    }
    // An id that several wanted clients could be belongs to one of them; nobody can say to which.
    let mut owners: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for (position, shown) in answers.iter().enumerate() {
        for shown in shown.iter().flatten() {
            owners.entry(&shown.id).or_default().insert(position);
        }
    }
    let shared: HashSet<String> =
        owners.into_iter().filter(|(_, owners)| owners.len() > 1).map(|(id, _)| id.to_owned()).collect();
    answers.into_iter().zip(wanted).map(|(shown, wanted)| found(shown, wanted.sent_at_ms, &shared)).collect()
}

fn found(shown: Result<Vec<Shown>, Refusal>, sent_at_ms: i64, shared: &HashSet<String>) -> Found {
    let shown = match shown {
        Ok(shown) => shown,
        Err(why) => return Found::CannotAsk(why),
    };
    match &shown[..] {
        [] => Found::Absent,
        [only] if !shared.contains(&only.id) => {
            let id = only.id.as_str().into();
            match only.created_ms {
                Some((first, _)) if first >= sent_at_ms => Found::ByUs(id),
                Some((_, last)) if last < sent_at_ms.saturating_sub(CLOCK_SKEW_MS) => Found::BeforeUs(id),
                Some(_) | None => Found::There(id),
            }
        }
        several => Found::Several(several.iter().map(|shown| shown.id.as_str().into()).collect()),
    }
}

/// The clients among these that are the one with this body.
fn same(look_up: &LookUp, body: &Value, items: &[Value]) -> Result<Vec<Shown>, Refusal> {
    let ours: Vec<(String, &str)> = look_up
        .same
        .iter()
        .filter_map(|(ours, theirs)| Some((fold(&body.pointer(ours).and_then(scalar)?), theirs.as_str())))
        .collect();
    if ours.is_empty() {
        return Err(because("look_up_impossible", "the row has none of the values by which the profile tells clients apart"));
    }
    let is_same = |item: &&Value| {
        ours.iter().all(|(ours, theirs)| item.pointer(theirs).and_then(scalar).is_some_and(|theirs| fold(&theirs) == *ours))
    };
    let mut ids = HashSet::new();
    let mut shown = Vec::new();
    for item in items.iter().filter(is_same) {
        let Some(id) = item.pointer(&look_up.id).and_then(scalar).filter(|id| verdicts::is_id(id)) else {
            return Err(because(
                "look_up_failed",
                "the provider shows the client without an id at the place that the profile names",
            ));
        };
        if ids.insert(id.clone()) {
            let created_ms = look_up.created.as_ref().and_then(|place| item.pointer(place)).and_then(time_ms);
            shown.push(Shown { id, created_ms });
        }
    }
    Ok(shown)
}

/// When it was created: RFC 3339, the same without a zone (taken for UTC), a day, or seconds or milliseconds since 1970.
fn time_ms(written: &Value) -> Option<(i64, i64)> {
    let at = |moment: i64| Some((moment, moment));
    match written {
        Value::Number(number) => {
            let number = number.as_i64()?;
            // Seconds reach this number in the year 5138, milliseconds did in 1973.
            at(if number < 100_000_000_000 { number.checked_mul(1000)? } else { number })
        }
        Value::String(text) => {
            let text = text.trim();
            if let Ok(time) = DateTime::parse_from_rfc3339(text) {
                return at(time.timestamp_millis());
            }
            if let Ok(time) = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f") {
                return at(time.and_utc().timestamp_millis());
            }
            let start = |day: NaiveDate| Some(day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis());
            let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
            Some((start(day)?, start(day.succ_opt()?)?))
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Why there is no list of candidates.
enum Stopped {
    CannotAsk(Refusal),
    Halt(Halt),
}

/// What the provider shows for one client.
async fn ask(provider: &OwnProvider, look_up: &LookUp, body: &Value, slot: &dyn Slot) -> Result<Vec<Value>, Stopped> {
    let cannot = |code: &str, why: &str| Stopped::CannotAsk(because(code, why));
    let address = look_up.path.address(body).map_err(|why| cannot("look_up_impossible", &why.to_string()))?;
    let json = look_up.body.as_ref().map(|template| template.fill(body)).transpose();
    let json = json.map_err(|why| cannot("look_up_impossible", &why.to_string()))?.map(|json| json.to_string());
    // A search by POST without a body of its own still needs one.
    let json = json.or_else(|| (look_up.method != "GET").then(|| "{}".to_owned()));
    let (mut tries, mut throttled) = (0, 0);
    loop {
        let Some(turn) = slot.take().await else {
            return Err(cannot("look_up_stopped", "the run stopped while it was looked up"));
        };
        let answer = provider.authorized(slot, &look_up.method, &address, HeaderMap::new(), json.as_deref()).await;
        turn.answered(answer.as_ref().is_ok_and(|reply| reply.body.is_ok()));
        let why = match answer {
            Ok(reply) => match read(&provider.own, look_up, &reply) {
                Page::Items(items) => return Ok(items),
                Page::Incomplete => {
                    return Err(cannot("look_up_incomplete", "the provider shows only a part of what it found"));
                }
                Page::Halt(halt) => return Err(Stopped::Halt(halt)),
                Page::Unreadable => {
                    let now = SystemTime::now();
                    if reply.status == 429 {
                        slot.slow_down(retry_after(&reply.headers, now));
                        throttled += 1;
                        if throttled < THROTTLED_MAX {
                            continue;
                        }
                    }
                    slot.heed(&quotas(&reply.headers, now));
                    if let Some(wait) = retry_after(&reply.headers, now) {
                        slot.slow_down(Some(wait));
                    }
                    format!("the look-up answered with status {} and nothing that the profile describes", reply.status)
                }
            },
            Err(NotSent::Halt(halt)) => return Err(Stopped::Halt(halt)),
            Err(NotSent::NoToken(why)) => why.message.into(),
            Err(NotSent::Lost(Lost::Certificate(why))) => return Err(Stopped::Halt(verdicts::certificate(&why))),
            Err(NotSent::Lost(Lost::NotConnected { why, .. } | Lost::InDoubt { why, .. })) => why,
        };
        tries += 1;
        if tries >= TRIES_MAX || throttled >= THROTTLED_MAX {
            return Err(cannot("look_up_failed", &why));
        }
    }
}

/// What an answer to a look-up is.
#[derive(Debug, PartialEq)]
enum Page {
    Items(Vec<Value>),
    /// There are more than it shows.
    Incomplete,
    Halt(Halt),
    Unreadable,
}

fn read(own: &OwnProfile, look_up: &LookUp, reply: &Reply) -> Page {
    if look_up.absent.contains(reply.status) {
        return Page::Items(Vec::new());
    }
    if reply.status != 200 {
        return verdicts::halt(own, reply).map_or(Page::Unreadable, Page::Halt);
    }
    let answer = reply.body.as_ref().ok().and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok());
    let Some(answer) = answer else { return Page::Unreadable };
    let items = match answer.pointer(&look_up.items) {
        Some(Value::Array(items)) => items.clone(),
        Some(one @ Value::Object(_)) => vec![one.clone()],
        Some(Value::Null) => Vec::new(),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_)) | None => return Page::Unreadable,
    };
    let total = look_up.total.as_ref().map(|place| answer.pointer(place).and_then(Value::as_u64));
    match total {
        None => Page::Items(items),
        Some(Some(total)) if total <= items.len() as u64 => Page::Items(items),
        Some(Some(_)) => Page::Incomplete,
        Some(None) => Page::Unreadable,
    }
}

fn because(code: &str, message: &str) -> Refusal {
    Refusal { code: code.into(), message: message.into(), ..Refusal::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn profile(more: &str) -> OwnProfile {
        let text = format!(
            "name = \"acme\"\nbase_url = \"https://acme.example\"\npath = \"/clients\"\nauth = {{ kind = \"none\" }}\n[success]\nid = \"/id\"\n\
             [look_up]\npath = \"/clients/{{/ref}}\"\nid = \"/id\"\nsame = [[\"/ref\", \"/ref\"], [\"/inn\", \"/tax/inn\"]]\n{more}\n\
             [operations.client]\ncontract = \"c.json\"\n"
        );
        OwnProfile::parse(&text).unwrap()
    }

    fn page(own: &OwnProfile, status: u16, body: &Value) -> Page {
        let reply = Reply { status, headers: HeaderMap::new(), body: Ok(body.to_string().into_bytes()) };
        read(own, own.look_up.as_ref().unwrap(), &reply)
    }

    #[test]
    fn what_an_answer_shows_is_told_from_what_it_hides() {
        let own = profile("items = \"/items\"\ntotal = \"/total\"");
        assert_eq!(page(&own, 200, &json!({"items": [{"id": 1}], "total": 1})), Page::Items(vec![json!({"id": 1})]));
        assert_eq!(page(&own, 200, &json!({"items": null, "total": 0})), Page::Items(vec![]));
        assert_eq!(page(&own, 200, &json!({"items": [], "total": 3})), Page::Incomplete);
        assert_eq!(page(&own, 200, &json!({"items": []})), Page::Unreadable);
        assert_eq!(page(&own, 200, &json!({"error": 1})), Page::Unreadable);
        assert_eq!(page(&own, 404, &json!({})), Page::Items(vec![]));
        assert_eq!(page(&own, 500, &json!({})), Page::Unreadable);
        assert!(matches!(page(&own, 401, &json!({})), Page::Halt(_)));
        let one = profile("");
        assert_eq!(page(&one, 200, &json!({"id": 1})), Page::Items(vec![json!({"id": 1})]));
    }

    #[test]
    fn a_client_is_the_same_when_every_named_value_agrees() {
        let own = profile("");
        let look_up = own.look_up.as_ref().unwrap();
        let count = |body: &Value, item: &Value| same(look_up, body, std::slice::from_ref(item)).map(|shown| shown.len());
        let theirs = json!({"id": "9", "ref": "a-1", "tax": {"inn": 7}});
        assert_eq!(count(&json!({"ref": "A-1"}), &theirs), Ok(1));
        assert_eq!(count(&json!({"ref": "A-1", "inn": "7"}), &theirs), Ok(1));
        assert_eq!(count(&json!({"ref": "A-1", "inn": "8"}), &theirs), Ok(0));
        assert_eq!(count(&json!({"ref": "A-2"}), &theirs), Ok(0));
        assert!(count(&json!({"name": "x"}), &theirs).is_err());
        assert!(count(&json!({"ref": "A-1"}), &json!({"ref": "A-1", "tax": {}})).is_err());
    }

    #[test]
    fn the_time_of_creation_tells_whose_a_client_is() {
        let of = |created: Value| {
            let shown = vec![Shown { id: "1".into(), created_ms: time_ms(&created) }];
            let sent_at_ms = DateTime::parse_from_rfc3339("2026-11-20T12:00:00Z").unwrap().timestamp_millis();
            found(Ok(shown), sent_at_ms, &HashSet::new())
        };
        assert_eq!(of(json!("2026-11-20T15:00:01+03:00")), Found::ByUs("1".into()));
        assert_eq!(of(json!("2026-11-20T11:59:30Z")), Found::There("1".into()));
        assert_eq!(of(json!("2026-11-20T11:00:00")), Found::BeforeUs("1".into()));
        assert_eq!(of(json!(1_700_000_000)), Found::BeforeUs("1".into()));
        assert_eq!(of(json!("2026-11-19")), Found::BeforeUs("1".into()));
        assert_eq!(of(json!("2026-11-20")), Found::There("1".into()));
        assert_eq!(of(json!("yesterday")), Found::There("1".into()));
        let two = || vec![Shown { id: "1".into(), created_ms: None }, Shown { id: "2".into(), created_ms: None }];
        assert_eq!(found(Ok(two()), 0, &HashSet::new()), Found::Several(vec!["1".into(), "2".into()]));
        let shared = HashSet::from(["1".to_owned()]);
        assert_eq!(found(Ok(two().into_iter().take(1).collect()), 0, &shared), Found::Several(vec!["1".into()]));
    }
}
