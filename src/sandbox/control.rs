//! The control plane under `/__sandbox/`: look at requests, clients and keys, set faults, start over. Not part of any provider.

use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{Method, Response, StatusCode};
use serde_json::{Value, json};

use super::fault::FaultSpec;
use super::reply;
use super::world::World;

/// Where it lives; needs no token.
pub(super) const PREFIX: &str = "/__sandbox/";

/// Clients or keys in an answer unless `limit` says otherwise.
const PAGE: usize = 1000;

/// Answers a request to the control plane; `what` is the path behind the prefix.
pub(super) fn answer(world: &World, head: &Parts, what: &str, body: &Bytes) -> Response<Body> {
    let query = head.uri.query().unwrap_or_default();
    match (&head.method, what) {
        (&Method::GET, "requests") => reply::json(StatusCode::OK, &world.state().log.to_json()),
        (&Method::GET, "clients" | "beneficiaries") => clients(world, query),
        (&Method::GET, "keys") => keys(world, query),
        (&Method::GET, "faults") => reply::json(StatusCode::OK, &json!({"faults": world.state().faults.texts()})),
        (&Method::POST, "faults") => set_faults(world, body),
        (&Method::POST, "reset") => reset(world),
        (&Method::GET, what) => match what.strip_prefix("extra/").and_then(|name| world.imitation.extra(name)) {
            Some(extra) => reply::json(StatusCode::OK, &extra),
            None => unknown(),
        },
        _ => unknown(),
    }
}

fn unknown() -> Response<Body> {
    const KNOWN: &str = "known: GET requests, clients, keys, faults, extra/NAME (of some imitations); POST faults, reset";
    problem(StatusCode::NOT_FOUND, KNOWN)
}

fn problem(status: StatusCode, message: &str) -> Response<Body> {
    reply::json(status, &json!({"error": message}))
}

/// Clients as they stand in the ledger, in order of creation.
fn clients(world: &World, query: &str) -> Response<Body> {
    let (offset, limit) = page(query);
    let mut state = world.state();
    let total = state.store.len();
    let mut found = Vec::new();
    for at in (0..total).skip(offset).take(limit) {
        match state.store.entry(at).and_then(|entry| Ok(serde_json::to_value(entry)?)) {
            Ok(entry) => found.push(entry),
            Err(error) => return problem(StatusCode::INTERNAL_SERVER_ERROR, &format!("the ledger cannot be read: {error}")),
        }
    }
    reply::json(StatusCode::OK, &json!({"total": total, "clients": found, "beneficiaries": found}))
}

/// Keys with the number of the client that each created.
fn keys(world: &World, query: &str) -> Response<Body> {
    let (offset, limit) = page(query);
    let keys = world.state().store.keys();
    let total = keys.len();
    let found: Vec<Value> =
        keys.into_iter().skip(offset).take(limit).map(|(key, number)| json!({"key": key, "client": number})).collect();
    reply::json(StatusCode::OK, &json!({"total": total, "keys": found}))
}

/// Takes `["KIND@WHEN", …]` or `{"faults": […]}`.
fn set_faults(world: &World, body: &Bytes) -> Response<Body> {
    const EXPECTED: &str = "expected a JSON array of faults, for example [\"drop_after_commit@#3\"]";
    let Ok(value) = serde_json::from_slice::<Value>(body) else { return problem(StatusCode::BAD_REQUEST, EXPECTED) };
    let Some(texts) = value.get("faults").unwrap_or(&value).as_array() else {
        return problem(StatusCode::BAD_REQUEST, EXPECTED);
    };
    let mut specs = Vec::new();
    for text in texts {
        match text.as_str().map(str::parse::<FaultSpec>) {
            Some(Ok(spec)) => specs.push(spec),
            Some(Err(error)) => return problem(StatusCode::BAD_REQUEST, &error.to_string()),
            None => return problem(StatusCode::BAD_REQUEST, EXPECTED),
        }
    }
    if let Err(error) = world.set_faults(specs) {
        return problem(StatusCode::BAD_REQUEST, &error.to_string());
    }
    reply::json(StatusCode::OK, &json!({"faults": world.state().faults.texts()}))
}

/// Forgets clients, keys, requests and counts; faults stay.
fn reset(world: &World) -> Response<Body> {
    match world.reset() {
        Ok(()) => reply::json(StatusCode::OK, &json!({"reset": true})),
        Err(error) => problem(StatusCode::INTERNAL_SERVER_ERROR, &format!("the ledger cannot be emptied: {error}")),
    }
}

fn page(query: &str) -> (usize, usize) {
    let number = |name: &str| {
        let mut members = query.split('&').filter_map(|member| member.split_once('='));
        members.find(|(found, _)| *found == name).and_then(|(_, value)| value.parse().ok())
    };
    (number("offset").unwrap_or(0), number("limit").unwrap_or(PAGE))
}
