//! A provider of the user's own as a sandbox: made of its profile and contracts, as strict as these say. Imitates nothing that they leave
//! open but duplicates (by the profile's `identity`, where `[existing]` says how they are told).

mod answers;
mod look_up;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Body;
use axum::http::header::{AUTHORIZATION, LOCATION};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use chrono::{SubsecRound, Utc};
use serde_json::Value;
use uuid::Uuid;

use crate::contract::Operation;
use crate::contract::profile::{Auth, HeaderText, IdPlace, KeyPlace, OwnProfile, Template, scalar};
use crate::model::FieldName;

use super::SandboxError;
use super::fault::FaultKind;
use super::ledger::Entry;
use super::reply::{self, Answer};
use super::store::digest;
use super::toolbox::{dotted_path, form, is_media_type, member, remove, strict_json};
use super::world::{Admitted, Claimed, Complaint, Credential, Imitation, Known, NotCreated, Route, World, bearer};

const LOOK_UP: &str = "look_up";
const PREFLIGHT: &str = "preflight";
const TOKEN: &str = "token";

/// The one id of the fault `canned`.
const CANNED_ID: Uuid = Uuid::from_u128(0x5eed_0000_0000_4000_8000_0000_0000_0001);

/// What the house knows of the imitation of a profile.
pub(super) fn known(own: &OwnProfile) -> &'static Known {
    // Kept for the rest of the program, which starts a sandbox or two.
    Box::leak(Box::new(Known {
        provider: FieldName::new(&own.name).as_str(),
        rate_per_second: rate_per_second(own),
        switches: &[],
        odd_answers: &[],
        reads: &[LOOK_UP, PREFLIGHT, TOKEN],
        // World::of opens it with its profile.
        open: |_| Err(SandboxError::UnknownProvider("without a profile".to_owned())),
    }))
}

/// The house counts by seconds; limits by other windows are left to whoever sends.
pub(super) fn rate_per_second(own: &OwnProfile) -> Option<u32> {
    (own.limits.window == Duration::from_secs(1)).then_some(own.limits.requests)
}

/// Opens the imitation.
pub(super) fn open(own: &Arc<OwnProfile>, operations: &[Arc<Operation>]) -> Box<dyn Imitation> {
    let with_path = |operation: &Arc<Operation>| {
        let path = own.path_of(own.operation(&operation.name)?)?.without_query();
        Some(Served { path, operation: Arc::clone(operation) })
    };
    let served = operations.iter().filter_map(with_path).collect();
    Box::new(Own { own: Arc::clone(own), served, memory: Mutex::default() })
}

/// An operation and where it is served.
struct Served {
    path: Template,
    operation: Arc<Operation>,
}

/// The imitation.
struct Own {
    own: Arc<OwnProfile>,
    served: Vec<Served>,
    memory: Mutex<Memory>,
}

/// What it knows besides the ledger.
#[derive(Default)]
struct Memory {
    /// Numbers of clients by natural key.
    by_identity: HashMap<String, usize>,
    /// Numbers of clients by what look-ups ask for first.
    by_asked: HashMap<String, Vec<usize>>,
    tokens: HashSet<String>,
}

impl Own {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serving(&self, path: &str) -> impl Iterator<Item = &Served> {
        self.served.iter().filter(move |served| served.path.read_address(path).is_some())
    }

    /// Natural keys of a body, as texts.
    fn identities(&self, operation: &str, body: &Value) -> Vec<String> {
        let rules = self.own.operation(operation).map(|operation| operation.identity.as_slice()).unwrap_or_default();
        let text = |rule: &Vec<String>| {
            let parts: Option<Vec<String>> = rule.iter().map(|pointer| body.pointer(pointer).and_then(scalar)).collect();
            parts.map(|parts| format!("{} {}", rule.join(" "), parts.join("\u{1f}")))
        };
        rules.iter().filter_map(text).collect()
    }

    /// Headers that every request has to carry.
    fn missing_header(&self, headers: &HeaderMap) -> Option<&str> {
        let is_right = |name: &str, text: &HeaderText| match (headers.get(name), text) {
            (Some(found), HeaderText::Fixed(text)) => found.as_bytes() == text.as_bytes(),
            (Some(found), HeaderText::Secret(_)) => !found.is_empty(),
            (None, _) => false,
        };
        self.own.headers.iter().find(|(name, text)| !is_right(name, text)).map(|(name, _)| name.as_str())
    }

    /// The key of a request to create, where the provider has such.
    fn key_of(&self, head: &Parts, body: &Value) -> Option<Uuid> {
        match &self.own.key.place {
            KeyPlace::None => None,
            KeyPlace::Header(_) => self.key(head),
            KeyPlace::Member(name) => Uuid::try_parse(body.get(name)?.as_str()?).ok(),
        }
    }

    fn bad(&self, status: u16, code: &str, message: &str, entries: &[(String, String)]) -> Response<Body> {
        let (status, body) = answers::refusal(&self.own, status, code, message, entries);
        reply::json(status, &body)
    }

    /// Headers, JSON, key, contract, duplicates, store; in this order.
    async fn create(&self, world: &World, request: &Admitted) -> Result<Answer, Response<Body>> {
        let headers = &request.head.headers;
        if let Some(name) = self.missing_header(headers) {
            return Err(self.bad(400, "HEADER", &format!("header {name} is missing or wrong"), &[]));
        }
        if !is_media_type(headers, "application/json") {
            return Err(self.bad(400, "HEADER", "Content-Type is not application/json", &[]));
        }
        let body = strict_json(&request.body).map_err(|why| self.bad(400, "JSON", &why, &[]))?;
        let mut hits = request.arrival.hits.clone();
        if let Some(answer) = world.named(&request.arrival, &body, &mut hits).await {
            return Ok(answer);
        }
        let key = self.key_of(&request.head, &body);
        if key.is_none() && self.own.key.place != KeyPlace::None {
            return Err(self.bad(400, "KEY", "the idempotency key is missing or no UUID", &[]));
        }
        let token = request.arrival.token;
        // The claim is held until the answer is settled, so that equal keys wait for it.
        let claimed = match key.filter(|_| !hits.ignore_keys) {
            None => None,
            Some(key) => {
                let claimed = world.claim(token, key, digest(&body), self.own.key.remembered, true).await;
                Some(claimed.map_err(|_| self.refuse(Complaint::Internal))?)
            }
        };
        world.work(&hits).await;
        match claimed {
            Some(Claimed::Replay(entry)) => return Ok(self.success(world, &hits, &entry, true, &request.head)),
            Some(Claimed::Conflict) => {
                return Err(self.bad(422, "KEY_REUSED", "the idempotency key was used for another body", &[]));
            }
            Some(Claimed::New(_) | Claimed::Running) | None => {}
        }
        let operation = self
            .judge(world, request.head.uri.path(), &body)
            .map_err(|entries| self.bad(422, "INVALID", "the client does not keep the contract", &entries))?;
        let people = self.identities(&operation, &body);
        let mut number = 0;
        let made = world.create(token, |store| {
            let memory = self.memory();
            if let (Some(_), Some(at)) = (&self.own.existing, people.iter().find_map(|it| memory.by_identity.get(it))) {
                return Err(store.entry(*at).map(|entry| entry.id).unwrap_or_default());
            }
            number = store.len().saturating_add(1);
            let id = match (hits.canned, self.own.success.id_is_number) {
                (true, false) => CANNED_ID.to_string(),
                (true, true) => "1".to_owned(),
                (false, false) => Uuid::new_v4().to_string(),
                (false, true) => number.saturating_add(1000).to_string(),
            };
            Ok(Entry { time: Utc::now().trunc_subsecs(3), operation: operation.to_string(), key, id, body })
        });
        match made {
            Ok(entry) => Ok(self.success(world, &hits, &entry, false, &request.head)),
            Err(NotCreated::Refused(id)) => Err({
                let (status, body) = answers::existing(&self.own, &id);
                reply::json(status, &body)
            }),
            Err(NotCreated::Ledger) => Err(self.refuse(Complaint::Internal)),
        }
    }

    /// The operation at this path that the body keeps the contract of; else how it breaks the one that it is nearest to.
    fn judge(&self, world: &World, path: &str, body: &Value) -> Result<Arc<str>, Vec<(String, String)>> {
        let mut fewest: Option<Vec<(String, String)>> = None;
        for served in self.serving(path) {
            let violations = served.operation.violations(body, world.level);
            if violations.is_empty() {
                return Ok(Arc::clone(&served.operation.name));
            }
            let entries: Vec<(String, String)> =
                violations.iter().map(|violation| (dotted_path(violation), violation.message.to_string())).collect();
            if fewest.as_ref().is_none_or(|fewest| entries.len() < fewest.len()) {
                fewest = Some(entries);
            }
        }
        Err(fewest.unwrap_or_default())
    }

    fn success(&self, world: &World, hits: &super::fault::Hits, entry: &Entry, is_replay: bool, head: &Parts) -> Answer {
        let success = answers::success(&self.own, &entry.id, is_replay);
        let mut answer = world.created(hits, success);
        if let (Answer::Respond(response), IdPlace::Header(name)) = (&mut answer, &self.own.success.id)
            && response.status().is_success()
            && hits.effect != Some(FaultKind::CreatedNoId)
        {
            let name = axum::http::HeaderName::from_bytes(name.as_bytes()).unwrap_or(LOCATION);
            if let Ok(address) = HeaderValue::from_str(&format!("{}/{}", head.uri.path(), entry.id)) {
                response.headers_mut().insert(name, address);
            }
        }
        answer
    }

    fn give_token(&self, body: &[u8]) -> Response<Body> {
        let form = form(&String::from_utf8_lossy(body));
        let is_filled = |name| member(&form, name).is_some_and(|value| !value.is_empty());
        if member(&form, "grant_type") != Some("client_credentials") || !is_filled("client_id") || !is_filled("client_secret") {
            return reply::json(StatusCode::BAD_REQUEST, &serde_json::json!({"error": "invalid_request"}));
        }
        let token = Uuid::new_v4().to_string();
        self.memory().tokens.insert(token.clone());
        reply::json(StatusCode::OK, &serde_json::json!({"access_token": token, "token_type": "Bearer", "expires_in": 3600}))
    }
}

#[async_trait]
impl Imitation for Own {
    fn route(&self, method: &Method, path: &str) -> Route {
        let is = |wanted: &str| method.as_str() == wanted;
        let creates = self.serving(path).next().is_some();
        if creates && is(&self.own.method) {
            return Route::Create;
        }
        let look_up = self.own.look_up.as_ref();
        let looks = look_up.is_some_and(|look_up| look_up.path.without_query().read_address(path).is_some());
        if looks && look_up.is_some_and(|look_up| is(&look_up.method)) {
            return Route::Read(LOOK_UP);
        }
        let preflight = self.own.preflight.as_deref().and_then(|path| path.split('?').next());
        if preflight == Some(path) {
            return if is("GET") { Route::Read(PREFLIGHT) } else { Route::WrongMethod };
        }
        if self.own.token_path() == Some(path) {
            return if is("POST") { Route::Open(TOKEN) } else { Route::WrongMethod };
        }
        if creates || looks { Route::WrongMethod } else { Route::Unknown }
    }

    fn key(&self, head: &Parts) -> Option<Uuid> {
        let KeyPlace::Header(name) = &self.own.key.place else { return None };
        Uuid::try_parse(head.headers.get(name.as_str())?.to_str().ok()?).ok()
    }

    fn credential(&self, head: &Parts) -> Option<String> {
        let text = |name: &str| head.headers.get(name)?.to_str().ok().map(str::to_owned);
        match &self.own.auth {
            Auth::None => Some("anybody".to_owned()),
            Auth::Bearer { .. } | Auth::Oauth { .. } => bearer(head).map(str::to_owned),
            Auth::Header { header, prefix, .. } => {
                text(header)?.strip_prefix(prefix.as_str()).map(str::trim).filter(|rest| !rest.is_empty()).map(str::to_owned)
            }
            Auth::Basic { .. } => text(AUTHORIZATION.as_str()).filter(|text| text.starts_with("Basic ")),
        }
    }

    fn judge_credential(&self, credential: &str, wanted: Option<&str>) -> Credential {
        let is_good = match &self.own.auth {
            Auth::None => true,
            Auth::Oauth { .. } => self.memory().tokens.contains(credential),
            Auth::Bearer { .. } | Auth::Header { .. } | Auth::Basic { .. } => wanted.is_none_or(|wanted| wanted == credential),
        };
        if is_good { Credential::Good } else { Credential::Unknown }
    }

    fn names<'body>(&self, body: &'body Value) -> Vec<&'body str> {
        body.as_object().into_iter().flat_map(|members| members.values()).filter_map(Value::as_str).collect()
    }

    fn refuse(&self, complaint: Complaint) -> Response<Body> {
        let (status, code, message) = match complaint {
            Complaint::NotFound => (404, "NOT_FOUND", "nothing is here"),
            Complaint::WrongMethod => (405, "METHOD", "no such method here"),
            Complaint::Unauthorized => (401, "UNAUTHORIZED", "the credential is missing or not valid"),
            Complaint::Forbidden => (403, "FORBIDDEN", "the credential does not suffice"),
            Complaint::TooManyRequests => (self.own.meanings.throttled.first().unwrap_or(429), "TOO_FAST", "too many requests"),
            Complaint::TooLong => (413, "TOO_LONG", "the body is too long"),
            // Not 409: where the profile says so, that means that the client was there before.
            Complaint::TryAgain => (425, "TRY_AGAIN", "try again"),
            Complaint::Internal => (500, "INTERNAL", "something broke"),
            Complaint::Unavailable => (503, "UNAVAILABLE", "out of service"),
        };
        let (_, body) = answers::refusal(&self.own, status, code, message, &[]);
        reply::json(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST), &body)
    }

    fn remove_id(&self, answer: &mut Value) {
        if let IdPlace::Pointer(pointer) = &self.own.success.id {
            remove(answer, pointer);
        }
    }

    fn remember(&self, at: usize, entry: &Entry) {
        let identities = self.identities(&entry.operation, &entry.body);
        let asked = look_up::first_asked(&self.own, &entry.body);
        let mut memory = self.memory();
        for identity in identities {
            memory.by_identity.entry(identity).or_insert(at);
        }
        if let Some(asked) = asked {
            memory.by_asked.entry(asked).or_default().push(at);
        }
    }

    fn forget(&self) {
        *self.memory() = Memory::default();
    }

    async fn answer(&self, world: &World, request: Admitted) -> Answer {
        match request.arrival.route {
            Route::Create => self.create(world, &request).await.unwrap_or_else(Answer::from),
            Route::Read(LOOK_UP) => {
                look_up::answer(self, world, &request).unwrap_or_else(|| self.refuse(Complaint::NotFound)).into()
            }
            Route::Open(TOKEN) => self.give_token(&request.body).into(),
            Route::Read(_) | Route::Open(_) => reply::json(StatusCode::OK, &Value::Object(serde_json::Map::new())).into(),
            Route::WrongMethod | Route::Unknown => self.refuse(Complaint::NotFound).into(),
        }
    }
}
