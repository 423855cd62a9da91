//! T-Bank's nominal-account beneficiaries as a sandbox: create, list, get one. Scoring and bank details are not imitated.
//!
//! Imitates <https://developer.tbank.ru/docs/api/post-api-v-1-nominal-accounts-beneficiaries>. What the provider leaves open is
//! settled by [`Switches`](super::Switches).

mod list;
mod refusal;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use chrono::{SubsecRound, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::contract::Operation;

use super::SandboxError;
use super::fault::{FaultKind, Hits, RetryAfter, Stage};
use super::ledger::Entry;
use super::reply::{self, Answer};
use super::settings::Echo;
use super::store::{Begin, Claim, NewClient, digest};
use super::world::{Arrival, Imitation, Judgement, Received, Route, World, fingerprint};

use refusal::Refusal;

/// Requests that the provider admits in a second.
pub(super) const RATE_PER_SECOND: u32 = 10;

/// Where beneficiaries are created and listed.
const PATH: &str = "/api/v1/nominal-accounts/beneficiaries";

/// The header of idempotency keys.
const KEY_HEADER: &str = "idempotency-key";

/// The one id of the fault `canned`.
const CANNED_ID: Uuid = Uuid::from_u128(0x3f0c_0e0a_5b0e_4c5e_9b0a_0d6f_5a1b_2c3d);

/// The imitation.
pub(super) struct Tbank {
    /// Operations by the `type` of their bodies.
    operations: BTreeMap<String, Arc<Operation>>,
}

impl Tbank {
    pub(super) fn new(operations: &[Arc<Operation>]) -> Result<Self, SandboxError> {
        let operations: BTreeMap<String, Arc<Operation>> = operations
            .iter()
            .filter(|operation| operation.name.starts_with("tbank/"))
            .filter_map(|operation| {
                let kind = operation.schema.pointer("/properties/type/const")?.as_str()?;
                Some((kind.to_owned(), Arc::clone(operation)))
            })
            .collect();
        if operations.is_empty() { Err(SandboxError::NoOperations("tbank".to_owned())) } else { Ok(Self { operations }) }
    }
}

#[async_trait]
impl Imitation for Tbank {
    fn route(&self, method: &Method, path: &str) -> Route {
        let Some(rest) = path.strip_prefix(PATH) else { return Route::Unknown };
        match (method, rest) {
            (&Method::POST, "") => Route::Create,
            (&Method::GET, "") => Route::List,
            (_, "") => Route::WrongMethod,
            (method, rest) => match rest.strip_prefix('/') {
                Some(id) if !id.is_empty() && !id.contains('/') => {
                    if method == Method::GET {
                        Route::One(Uuid::try_parse(id).ok())
                    } else {
                        Route::WrongMethod
                    }
                }
                Some(_) | None => Route::Unknown,
            },
        }
    }

    fn key(&self, headers: &HeaderMap) -> Option<Uuid> {
        Uuid::try_parse(headers.get(KEY_HEADER)?.to_str().ok()?).ok()
    }

    fn people(&self, body: &Value) -> Vec<u64> {
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let kind = text(body, "type");
        let numbers = ["inn", "snils"].iter().map(|name| (*name, text(body, name))).collect::<Vec<_>>();
        let passports = body.get("documents").and_then(Value::as_array).into_iter().flatten();
        let passports = passports.filter(|document| text(document, "type") == "PASSPORT");
        let passports = passports.map(|document| ("passport", text(document, "serial") + &text(document, "number")));
        numbers
            .into_iter()
            .chain(passports)
            .filter(|(_, number)| !number.is_empty())
            .map(|(name, number)| fingerprint(&format!("{kind} {name} {number}"), 2))
            .collect()
    }

    async fn answer(&self, world: &World, request: Received) -> Answer {
        let Received { head, arrival, body } = request;
        if let Some(answer) = judged(world, &arrival).await {
            return answer;
        }
        match (arrival.route, body) {
            (Route::Create, Some(body)) => match self.create(world, &head, arrival, &body).await {
                Ok(answer) => answer,
                Err(refusal) => refusal.into_response().into(),
            },
            (Route::Create, None) => {
                Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "INVALID_DATA", "Request body is too long").into_response().into()
            }
            (Route::List, _) => {
                tokio::time::sleep(world.latency).await;
                list::page(world, head.uri.query().unwrap_or_default()).unwrap_or_else(Refusal::into_response).into()
            }
            (Route::One(id), _) => {
                tokio::time::sleep(world.latency).await;
                list::one(world, id).unwrap_or_else(Refusal::into_response).into()
            }
            (Route::WrongMethod | Route::Unknown, _) => not_found().into_response().into(),
        }
    }
}

/// What the judgement of the head answers; `None` when the request goes on.
async fn judged(world: &World, arrival: &Arrival) -> Option<Answer> {
    let refusal = match arrival.judgement {
        Judgement::Admitted => return None,
        Judgement::Fault(kind) => {
            tokio::time::sleep(arrival.hits.latency).await;
            return early(kind);
        }
        Judgement::NotFound => not_found(),
        Judgement::WrongMethod => Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", "No such method here"),
        Judgement::Unauthorized => unauthorized(),
        Judgement::Forbidden => Refusal::new(StatusCode::FORBIDDEN, "FORBIDDEN", "The token lacks the scope of this method"),
        Judgement::Throttled(wait) => {
            let seconds = u32::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(1).max(1);
            let when = match world.switches.retry_after {
                RetryAfter::None => RetryAfter::None,
                RetryAfter::Seconds(at_least) => RetryAfter::Seconds(at_least.max(seconds)),
                // A date has whole seconds: one more, so that it is not over when it is read.
                RetryAfter::Date(at_least) => RetryAfter::Date(at_least.max(seconds.saturating_add(1))),
            };
            return Some(reply::come_back(too_many().into_response(), when).into());
        }
    };
    Some(refusal.into_response().into())
}

/// The answer of a fault that is given instead of working on the request; `None` for the other faults.
fn early(kind: FaultKind) -> Option<Answer> {
    let response = match kind {
        FaultKind::Drop(Stage::BeforeCommit) => return Some(Answer::Drop),
        FaultKind::InternalError(Stage::BeforeCommit) => internal_error().into_response(),
        FaultKind::BadGatewayHtml(Stage::BeforeCommit) => reply::html(StatusCode::BAD_GATEWAY, "502 Bad Gateway"),
        FaultKind::Unavailable(when) => {
            let refusal = Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "SERVICE_UNAVAILABLE", "Service is unavailable");
            reply::come_back(refusal.into_response(), when)
        }
        FaultKind::TooManyRequests(when) => reply::come_back(too_many().into_response(), when),
        FaultKind::UnauthorizedAfter(_) => unauthorized().into_response(),
        FaultKind::ForbiddenHtml => reply::html(StatusCode::FORBIDDEN, "403 Forbidden"),
        FaultKind::ConflictOnce => Refusal::new(StatusCode::CONFLICT, "CONFLICT", "Try again").into_response(),
        FaultKind::Redirect => reply::redirect("https://sandbox.invalid/login"),
        FaultKind::Drop(Stage::AfterCommit)
        | FaultKind::InternalError(Stage::AfterCommit)
        | FaultKind::BadGatewayHtml(Stage::AfterCommit)
        | FaultKind::Latency(_)
        | FaultKind::CreatedEmpty
        | FaultKind::CreatedText
        | FaultKind::CreatedCut
        | FaultKind::CreatedNoId
        | FaultKind::OkInsteadOfCreated
        | FaultKind::IgnoreKeys
        | FaultKind::Canned
        | FaultKind::WrongType
        | FaultKind::Hang => return None,
    };
    Some(response.into())
}

/// The answer to a client that is stored, as the request's faults shape it.
fn created(mut beneficiary: Value, effect: Option<FaultKind>) -> Answer {
    let status = StatusCode::CREATED;
    let response = match effect {
        Some(FaultKind::Drop(_)) => return Answer::Drop,
        Some(FaultKind::Hang) => return Answer::Hang,
        Some(FaultKind::InternalError(_)) => internal_error().into_response(),
        Some(FaultKind::BadGatewayHtml(_)) => reply::html(StatusCode::BAD_GATEWAY, "502 Bad Gateway"),
        Some(FaultKind::CreatedEmpty) => reply::empty(status),
        Some(FaultKind::CreatedText) => reply::text(status, "text/plain; charset=utf-8", "Created\n"),
        Some(FaultKind::CreatedCut) => reply::cut(status, &beneficiary),
        Some(FaultKind::CreatedNoId) => {
            if let Some(members) = beneficiary.as_object_mut() {
                members.remove("beneficiaryId");
            }
            reply::json(status, &beneficiary)
        }
        Some(FaultKind::OkInsteadOfCreated) => reply::json(StatusCode::OK, &beneficiary),
        Some(FaultKind::WrongType) => {
            let other = if beneficiary.get("type").and_then(Value::as_str) == Some("UL_RESIDENT") {
                "FL_RESIDENT"
            } else {
                "UL_RESIDENT"
            };
            if let Some(members) = beneficiary.as_object_mut() {
                members.insert("type".to_owned(), Value::from(other));
            }
            reply::json(status, &beneficiary)
        }
        None
        | Some(
            FaultKind::Latency(_)
            | FaultKind::Unavailable(_)
            | FaultKind::TooManyRequests(_)
            | FaultKind::UnauthorizedAfter(_)
            | FaultKind::ForbiddenHtml
            | FaultKind::ConflictOnce
            | FaultKind::Redirect
            | FaultKind::IgnoreKeys
            | FaultKind::Canned,
        ) => reply::json(status, &beneficiary),
    };
    response.into()
}

impl Tbank {
    /// Headers, JSON, idempotency, validation, store; in this order.
    async fn create(&self, world: &World, head: &Parts, arrival: Arrival, bytes: &[u8]) -> Result<Answer, Refusal> {
        let key = checked_headers(world, &head.headers, arrival.key)?;
        let body: Value = serde_json::from_slice(bytes).map_err(|_| Refusal::decoding("body is not valid JSON at [ROOT]"))?;
        let mut hits = arrival.hits;
        if let Some(answer) = named(world, arrival.number, key, &body, &mut hits).await {
            return Ok(answer);
        }
        // The claim is held until the answer is settled, so that equal keys wait for it.
        let _claim = match claim(world, arrival.token, key, &body, &hits).await? {
            Claimed::New(claim) => claim,
            Claimed::Done(beneficiary) => {
                tokio::time::sleep(world.latency.saturating_add(hits.latency)).await;
                return Ok(created(beneficiary, hits.effect));
            }
        };
        tokio::time::sleep(world.latency.saturating_add(hits.latency)).await;
        let operation = self.judge(world, &body)?;
        let people = if world.switches.duplicates_refused { self.people(&body) } else { Vec::new() };
        let id = if hits.canned { CANNED_ID } else { Uuid::new_v4() };
        let entry = Entry { time: Utc::now().trunc_subsecs(3), operation: operation.name.clone(), key, id, body };
        let beneficiary = beneficiary(world, &entry);
        {
            let mut state = world.state();
            if state.store.knows_person(&people) {
                let message = "The beneficiary exists already";
                return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "BENEFICIARY_EXISTS", message));
            }
            state.store.commit(NewClient { entry, token: arrival.token, people }).map_err(|_| internal_error())?;
        }
        Ok(created(beneficiary, hits.effect))
    }

    /// The operation that the body's type names, when the body keeps its contract.
    fn judge(&self, world: &World, body: &Value) -> Result<&Operation, Refusal> {
        if !body.is_object() {
            return Err(Refusal::decoding("expected an object at [ROOT]"));
        }
        let kind = match body.get("type") {
            None => return Err(Refusal::decoding("missing required member at [ROOT].type")),
            Some(Value::String(kind)) => kind,
            Some(_) => return Err(Refusal::decoding("expected a string at [ROOT].type")),
        };
        let Some(operation) = self.operations.get(kind) else {
            return Err(Refusal::decoding("unknown value of an enumeration at [ROOT].type"));
        };
        let violations = operation.violations(body, world.level);
        match refusal::of(&violations, body, &operation.schema, &world.switches) {
            Some(refusal) => Err(refusal),
            None => Ok(operation),
        }
    }
}

fn checked_headers(world: &World, headers: &HeaderMap, key: Option<Uuid>) -> Result<Uuid, Refusal> {
    let Some(key) = key else {
        let found = if headers.contains_key(KEY_HEADER) { "is not a UUID" } else { "is required" };
        return Err(Refusal::header("Idempotency-Key", found));
    };
    let versions = &world.switches.key_versions;
    if !versions.is_empty() && !versions.contains(&key.get_version_num()) {
        return Err(Refusal::header("Idempotency-Key", "has a version of UUID that is not accepted"));
    }
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if media_type != "application/json" {
        return Err(Refusal::header("Content-Type", "is not application/json"));
    }
    Ok(key)
}

/// Adds the faults that wait for this person; answers with one of them that comes before all work.
async fn named(world: &World, number: u64, key: Uuid, body: &Value, hits: &mut Hits) -> Option<Answer> {
    {
        let mut state = world.state();
        let before = hits.name();
        state.faults.meet_name(body.get("lastName").and_then(Value::as_str), Some(key), hits);
        if hits.name() != before {
            state.log.blame(number, hits.name());
        }
    }
    let kind = hits.early()?;
    tokio::time::sleep(hits.latency).await;
    early(kind)
}

/// What the idempotency key leads to.
enum Claimed {
    /// Work; the claim is `None` when keys are not looked at.
    New(Option<Claim>),
    /// The answer that was given before.
    Done(Value),
}

async fn claim(world: &World, token: u64, key: Uuid, body: &Value, hits: &Hits) -> Result<Claimed, Refusal> {
    if hits.ignore_keys {
        return Ok(Claimed::New(None));
    }
    let digest = digest(body);
    loop {
        let begin = world.state().store.begin(token, key, digest, world.switches.key_ttl, Utc::now().timestamp_millis());
        match begin {
            Begin::New(claim) => return Ok(Claimed::New(Some(claim))),
            Begin::Replay(at) => {
                let entry = world.state().store.entry(at).map_err(|_| internal_error())?;
                return Ok(Claimed::Done(beneficiary(world, &entry)));
            }
            Begin::Conflict => {
                let status = StatusCode::from_u16(world.switches.conflict_status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
                let message = "The idempotency key was used for another body";
                return Err(Refusal::new(status, "IDEMPOTENCY_CONFLICT", message));
            }
            Begin::Running(_) if world.switches.running_conflict => {
                let message = "A request with this idempotency key is being processed";
                return Err(Refusal::new(StatusCode::CONFLICT, "REQUEST_IN_PROGRESS", message));
            }
            // An error means that the first request is over; look again what became of it.
            Begin::Running(mut over) => while over.changed().await.is_ok() {},
        }
    }
}

/// The stored client as answers show it.
fn beneficiary(world: &World, entry: &Entry) -> Value {
    let always = match entry.body.get("type").and_then(Value::as_str).unwrap_or_default() {
        "FL_RESIDENT" | "FL_NONRESIDENT" => &["type", "lastName", "firstName", "isSelfEmployed", "birthDate"][..],
        "IP_RESIDENT" | "IP_NONRESIDENT" => &["type", "lastName", "firstName", "birthDate", "registrationDate"][..],
        "UL_RESIDENT" => &["type", "inn"][..],
        "UL_NONRESIDENT" => &["type", "name", "registrationDate", "registrationNumber"][..],
        _ => &["type"][..],
    };
    let mut members = Map::new();
    members.insert("beneficiaryId".to_owned(), Value::from(entry.id.to_string()));
    for (name, value) in entry.body.as_object().into_iter().flatten() {
        if name != "beneficiaryId" && (world.switches.echo == Echo::Full || always.contains(&name.as_str())) {
            members.insert(name.clone(), value.clone());
        }
    }
    Value::Object(members)
}

fn not_found() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "NOT_FOUND", "Not found")
}

fn unauthorized() -> Refusal {
    Refusal::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "The token is missing or not valid")
}

fn too_many() -> Refusal {
    Refusal::new(StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_REQUESTS", "Too many requests")
}

fn internal_error() -> Refusal {
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", "Internal error")
}
