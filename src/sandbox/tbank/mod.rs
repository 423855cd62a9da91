//! T-Bank's nominal-account beneficiaries as a sandbox: create, list, get one. Scoring and bank details are not imitated.
//!
//! Imitates <https://developer.tbank.ru/docs/api/post-api-v-1-nominal-accounts-beneficiaries>. What the provider leaves open is
//! settled by switches.

mod list;
mod refusal;
mod switches;

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Response, StatusCode};
use chrono::{SubsecRound, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::contract::Operation;
use crate::sandbox::SandboxError;
use crate::sandbox::ledger::Entry;
use crate::sandbox::reply::{Answer, Success};
use crate::sandbox::store::digest;
use crate::sandbox::toolbox::{is_media_type, remove};
use crate::sandbox::world::{Admitted, Claimed, Complaint, Imitation, Known, NotCreated, Route, Setup, World, fingerprint};

use refusal::Refusal;

/// The imitation, for the registry.
pub(in crate::sandbox) const IMITATION: Known = Known {
    provider: "tbank",
    rate_per_second: Some(10),
    switches: switches::ALL,
    odd_answers: &[WRONG_TYPE],
    reads: &[LIST, ONE],
    open: |setup| Ok(Box::new(Tbank::new(setup)?)),
};

/// The odd answer that names another type of client.
const WRONG_TYPE: &str = "wrong_type";

/// A page of the list; one client by its id.
const LIST: &str = "list";
const ONE: &str = "one";

/// Where beneficiaries are created and listed.
const PATH: &str = "/api/v1/nominal-accounts/beneficiaries";

/// The header of idempotency keys.
const KEY_HEADER: &str = "idempotency-key";

/// The one id of the fault `canned`.
const CANNED_ID: Uuid = Uuid::from_u128(0x3f0c_0e0a_5b0e_4c5e_9b0a_0d6f_5a1b_2c3d);

/// The imitation.
struct Tbank {
    /// Operations by the `type` of their bodies.
    operations: BTreeMap<String, Arc<Operation>>,
    /// Fingerprints of the numbers that belong to one person only; `None` when nobody asks for them.
    people: Option<Mutex<HashSet<u64>>>,
}

impl Tbank {
    fn new(setup: &Setup<'_>) -> Result<Self, SandboxError> {
        let operations: BTreeMap<String, Arc<Operation>> = setup
            .operations
            .iter()
            .filter_map(|operation| {
                let kind = operation.schema.pointer("/properties/type/const")?.as_str()?;
                Some((kind.to_owned(), Arc::clone(operation)))
            })
            .collect();
        if operations.is_empty() {
            return Err(SandboxError::NoOperations(IMITATION.provider.to_owned()));
        }
        let people = setup.switches.is(&switches::DUPLICATES, "422").then(Mutex::default);
        Ok(Self { operations, people })
    }

    fn people(&self) -> Option<MutexGuard<'_, HashSet<u64>>> {
        self.people.as_ref().map(|people| people.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Imitation for Tbank {
    fn route(&self, method: &Method, path: &str) -> Route {
        let Some(rest) = path.strip_prefix(PATH) else { return Route::Unknown };
        match (method, rest) {
            (&Method::POST, "") => Route::Create,
            (&Method::GET, "") => Route::Read(LIST),
            (_, "") => Route::WrongMethod,
            (method, rest) => match rest.strip_prefix('/') {
                Some(id) if !id.is_empty() && !id.contains('/') => {
                    if method == Method::GET {
                        Route::Read(ONE)
                    } else {
                        Route::WrongMethod
                    }
                }
                Some(_) | None => Route::Unknown,
            },
        }
    }

    fn key(&self, head: &Parts) -> Option<Uuid> {
        Uuid::try_parse(head.headers.get(KEY_HEADER)?.to_str().ok()?).ok()
    }

    fn refuse(&self, complaint: Complaint) -> Response<Body> {
        let (status, code, message) = match complaint {
            Complaint::NotFound => return not_found().into_response(),
            Complaint::Internal => return internal_error().into_response(),
            Complaint::WrongMethod => (StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", "No such method here"),
            Complaint::Unauthorized => (StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "The token is missing or not valid"),
            Complaint::Forbidden => (StatusCode::FORBIDDEN, "FORBIDDEN", "The token lacks the scope of this method"),
            Complaint::TooManyRequests => (StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_REQUESTS", "Too many requests"),
            Complaint::TooLong => (StatusCode::PAYLOAD_TOO_LARGE, "INVALID_DATA", "Request body is too long"),
            Complaint::TryAgain => (StatusCode::CONFLICT, "CONFLICT", "Try again"),
            Complaint::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "SERVICE_UNAVAILABLE", "Service is unavailable"),
        };
        Refusal::new(status, code, message).into_response()
    }

    fn remove_id(&self, answer: &mut Value) {
        remove(answer, "/beneficiaryId");
    }

    fn odd(&self, _name: &'static str, mut success: Success) -> Answer {
        // The only one: another type of client.
        let is_company = success.body.get("type").and_then(Value::as_str) == Some("UL_RESIDENT");
        if let Some(members) = success.body.as_object_mut() {
            members.insert("type".to_owned(), Value::from(if is_company { "FL_RESIDENT" } else { "UL_RESIDENT" }));
        }
        success.into()
    }

    fn remember(&self, _at: usize, entry: &Entry) {
        if let Some(mut people) = self.people() {
            people.extend(numbers_of_one_person(&entry.body));
        }
    }

    fn forget(&self) {
        if let Some(mut people) = self.people() {
            people.clear();
        }
    }

    async fn answer(&self, world: &World, request: Admitted) -> Answer {
        let path = request.head.uri.path();
        let answer = match request.arrival.route {
            Route::Create => self.create(world, &request).await,
            Route::Read(LIST) => list::page(world, request.head.uri.query().unwrap_or_default()).map(Answer::from),
            Route::Read(_) | Route::Open(_) => {
                list::one(world, path.rsplit('/').next().and_then(|id| Uuid::try_parse(id).ok())).map(Answer::from)
            }
            Route::WrongMethod | Route::Unknown => Err(not_found()),
        };
        answer.unwrap_or_else(|refusal| refusal.into_response().into())
    }
}

impl Tbank {
    /// Headers, JSON, idempotency, validation, store; in this order.
    async fn create(&self, world: &World, request: &Admitted) -> Result<Answer, Refusal> {
        let arrival = &request.arrival;
        let key = checked_headers(world, &request.head.headers, arrival.key)?;
        let body: Value =
            serde_json::from_slice(&request.body).map_err(|_| Refusal::decoding("body is not valid JSON at [ROOT]"))?;
        let mut hits = arrival.hits.clone();
        if let Some(answer) = world.named(arrival, &body, &mut hits).await {
            return Ok(answer);
        }
        // The claim is held until the answer is settled, so that equal keys wait for it.
        let claimed = if hits.ignore_keys { None } else { Some(claim(world, arrival.token, key, &body).await?) };
        world.work(&hits).await;
        if let Some(Claimed::Replay(entry)) = claimed {
            return Ok(world.created(&hits, success(world, &entry)));
        }
        let operation = self.judge(world, &body)?;
        let id = if hits.canned { CANNED_ID } else { Uuid::new_v4() }.to_string();
        let entry = world.create(arrival.token, |_| {
            let is_known = self.people().is_some_and(|people| numbers_of_one_person(&body).iter().any(|it| people.contains(it)));
            if is_known {
                let message = "The beneficiary exists already";
                return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "BENEFICIARY_EXISTS", message));
            }
            Ok(Entry { time: Utc::now().trunc_subsecs(3), operation: operation.name.to_string(), key: Some(key), id, body })
        });
        match entry {
            Ok(entry) => Ok(world.created(&hits, success(world, &entry))),
            Err(NotCreated::Refused(refusal)) => Err(refusal),
            Err(NotCreated::Ledger) => Err(internal_error()),
        }
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
    let versions = world.switches.numbers(&switches::KEY_VERSIONS);
    if !versions.is_empty() && !versions.contains(&(key.get_version_num() as u64)) {
        return Err(Refusal::header("Idempotency-Key", "has a version of UUID that is not accepted"));
    }
    if !is_media_type(headers, "application/json") {
        return Err(Refusal::header("Content-Type", "is not application/json"));
    }
    Ok(key)
}

/// What the idempotency key leads to: work or an earlier client.
async fn claim(world: &World, token: u64, key: Uuid, body: &Value) -> Result<Claimed, Refusal> {
    let ttl = world.switches.time_ms(&switches::KEY_TTL_MS);
    let wait = world.switches.is(&switches::RUNNING, "wait");
    match world.claim(token, key, digest(body), ttl, wait).await.map_err(|_| internal_error())? {
        claimed @ (Claimed::New(_) | Claimed::Replay(_)) => Ok(claimed),
        Claimed::Conflict => {
            let status = world.switches.status(&switches::CONFLICT_STATUS);
            Err(Refusal::new(status, "IDEMPOTENCY_CONFLICT", "The idempotency key was used for another body"))
        }
        Claimed::Running => {
            let message = "A request with this idempotency key is being processed";
            Err(Refusal::new(StatusCode::CONFLICT, "REQUEST_IN_PROGRESS", message))
        }
    }
}

/// Fingerprints of the numbers in a body that belong to one person only.
fn numbers_of_one_person(body: &Value) -> Vec<u64> {
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

/// The answer to a client that is stored.
fn success(world: &World, entry: &Entry) -> Success {
    Success { status: StatusCode::CREATED, body: beneficiary(world, entry) }
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
    let echoes_all = world.switches.is(&switches::ECHO, "full");
    let mut members = Map::new();
    members.insert("beneficiaryId".to_owned(), Value::from(entry.id.as_str()));
    for (name, value) in entry.body.as_object().into_iter().flatten() {
        if name != "beneficiaryId" && (echoes_all || always.contains(&name.as_str())) {
            members.insert(name.clone(), value.clone());
        }
    }
    Value::Object(members)
}

fn not_found() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "NOT_FOUND", "Not found")
}

fn internal_error() -> Refusal {
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", "Internal error")
}
