//! The look-up of a profile, read backwards: from a request to what it asks for, and from that to clients of the store.

use axum::body::Body;
use axum::http::{Response, StatusCode};
use chrono::SecondsFormat;
use serde_json::{Map, Value};

use super::{Own, answers};
use crate::contract::profile::{LookUp, OwnProfile, scalar};
use crate::sandbox::ledger::Entry;
use crate::sandbox::reply;
use crate::sandbox::world::{Admitted, World};

/// Clients that one answer shows at most.
const SHOWN_MAX: usize = 50;

/// The first pointer that a look-up asks about.
fn first_pointer(look_up: &LookUp) -> Option<String> {
    let in_body = || look_up.body.as_ref().and_then(|body| body.pointers().into_iter().next());
    look_up.path.pointers().next().map(str::to_owned).or_else(in_body)
}

/// What the first question of a look-up for this client would be, as a key of an index.
pub(super) fn first_asked(own: &OwnProfile, body: &Value) -> Option<String> {
    let pointer = first_pointer(own.look_up.as_ref()?)?;
    let value = body.pointer(&pointer).and_then(scalar)?;
    Some(format!("{pointer} {value}"))
}

/// Answers a look-up; `None` when the request is none that the profile would make.
pub(super) fn answer(imitation: &Own, world: &World, request: &Admitted) -> Option<Response<Body>> {
    let own = &imitation.own;
    let look_up = own.look_up.as_ref()?;
    let uri = &request.head.uri;
    let mut asked = look_up.path.read_address(uri.path_and_query().map_or(uri.path(), |address| address.as_str()))?;
    if let Some(template) = &look_up.body {
        asked.extend(template.read(&serde_json::from_slice(&request.body).ok()?)?);
    }
    let first = first_pointer(look_up)?;
    let (_, value) = asked.iter().find(|(pointer, _)| *pointer == first)?;
    let until_ms = world.listed_until_ms();
    let mut state = world.state();
    let numbers = imitation.memory().by_asked.get(&format!("{first} {value}")).cloned().unwrap_or_default();
    let mut found = Vec::new();
    for at in numbers {
        if !state.store.is_visible(at, until_ms) {
            continue;
        }
        let entry = state.store.entry(at).ok()?;
        let fits = asked.iter().all(|(pointer, value)| entry.body.pointer(pointer).and_then(scalar).as_ref() == Some(value));
        if fits {
            found.push(shown(own, look_up, &entry));
        }
    }
    drop(state);
    if let (true, Some(status)) = (found.is_empty(), look_up.absent.first()) {
        let (_, body) = answers::refusal(own, status, "NOT_FOUND", "there is no such client", &[]);
        return Some(reply::json(StatusCode::from_u16(status).unwrap_or(StatusCode::NOT_FOUND), &body));
    }
    let total = found.len();
    found.truncate(SHOWN_MAX);
    // An address of its own is that of one client, a query's answer is a list.
    let one = if look_up.path.has_hole_in_path() && total == 1 { found.pop() } else { None };
    let mut body = Value::Object(Map::new());
    answers::put(&mut body, &look_up.items, one.unwrap_or(Value::Array(found)));
    if let Some(place) = &look_up.total {
        answers::put(&mut body, place, Value::from(total));
    }
    Some(reply::json(StatusCode::OK, &body))
}

/// A client as look-ups show it: its id, what the profile compares, when it was created.
fn shown(own: &OwnProfile, look_up: &LookUp, entry: &Entry) -> Value {
    let mut item = Value::Object(Map::new());
    for (ours, theirs) in &look_up.same {
        if let Some(value) = entry.body.pointer(ours) {
            answers::put(&mut item, theirs, value.clone());
        }
    }
    answers::put(&mut item, &look_up.id, answers::id_of(own, &entry.id));
    if let Some(place) = &look_up.created {
        answers::put(&mut item, place, Value::from(entry.time.to_rfc3339_opts(SecondsFormat::Millis, true)));
    }
    item
}
