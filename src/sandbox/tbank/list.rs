//! Looking clients up: a page of the list, or one of them. Creates nothing.

use axum::body::Body;
use axum::http::{Response, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::sandbox::ledger::Entry;
use crate::sandbox::reply;
use crate::sandbox::toolbox::{form, member};
use crate::sandbox::world::World;

use super::refusal::Refusal;
use super::{beneficiary, internal_error, not_found};

/// Items of a page unless the request says otherwise, and at most.
const PAGE_DEFAULT: usize = 50;
const PAGE_MAX: usize = 100;

/// A page of the list.
pub(super) fn page(world: &World, query: &str) -> Result<Response<Body>, Refusal> {
    let query = form(query);
    let number = |name: &str, default: usize| match member(&query, name) {
        None => Ok(default),
        Some(value) => value.parse().map_err(|_| Refusal::value(name, "expected a whole number, 0 or more")),
    };
    let (offset, limit) = (number("offset", 0)?, number("limit", PAGE_DEFAULT)?);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(Refusal::value("limit", "expected 1 to 100"));
    }
    let mut state = world.state();
    let (page, total) = state.store.page(offset, limit, world.listed_until_ms());
    let entries: std::io::Result<Vec<Entry>> = page.into_iter().map(|at| state.store.entry(at)).collect();
    let results: Vec<Value> = entries.map_err(|_| internal_error())?.iter().map(|entry| beneficiary(world, entry)).collect();
    let mut answer = json!({"offset": offset, "limit": limit, "size": results.len(), "total": total});
    if let Some(members) = answer.as_object_mut()
        && !results.is_empty()
    {
        members.insert("results".to_owned(), Value::Array(results));
    }
    Ok(reply::json(StatusCode::OK, &answer))
}

/// One client by its id.
pub(super) fn one(world: &World, id: Option<Uuid>) -> Result<Response<Body>, Refusal> {
    let mut state = world.state();
    let at = id.and_then(|id| state.store.find(&id.to_string())).ok_or_else(not_found)?;
    let entry = state.store.entry(at).map_err(|_| internal_error())?;
    Ok(reply::json(StatusCode::OK, &beneficiary(world, &entry)))
}
