//! BrainySoft's core as a sandbox: tokens, init, create, read, search, reference books. Updates and deletions are not imitated.
//!
//! Imitates <https://docs.brainysoft.ru/en/developers/core/operations/createClientUsingPOST.html>. What the provider leaves open is
//! settled by switches; its error codes are not published, so these are ours.

mod object;
mod records;
mod search;
mod switches;
mod tokens;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, Response, StatusCode};
use chrono::{SubsecRound, Utc};
use serde_json::{Value, json};

use crate::contract::Operation;
use crate::sandbox::SandboxError;
use crate::sandbox::ledger::Entry;
use crate::sandbox::reply::{self, Answer, Success};
use crate::sandbox::switches::Switches;
use crate::sandbox::toolbox::{dotted_path, form, is_media_type, member, remove, strict_json};
use crate::sandbox::world::{Admitted, Complaint, Credential, Imitation, Known, NotCreated, Route, Setup, World};

use records::{book, fields, prints, row};
use search::Search;
use tokens::Tokens;

/// The imitation, for the registry.
pub(in crate::sandbox) const IMITATION: Known = Known {
    provider: "brainysoft",
    rate_per_second: None,
    switches: switches::ALL,
    odd_answers: &[STATUS_MISSING],
    reads: &[TOKEN, LOGIN, WHOAMI, INIT, ONE, FIND, SEARCH, BOOK],
    open: |setup| Ok(Box::new(BrainySoft::new(setup)?)),
};

/// The odd answer that lacks its status.
const STATUS_MISSING: &str = "status_missing";

const TOKEN: &str = "token";
const LOGIN: &str = "login";
const WHOAMI: &str = "whoami";
const INIT: &str = "init";
const ONE: &str = "one";
const FIND: &str = "find";
const SEARCH: &str = "search";
const BOOK: &str = "book";

/// Where the core lives.
const BASE: &str = "/bs-core";
/// The header of tokens.
const BSAUTH: &str = "bsauth";

/// The imitation.
struct BrainySoft {
    individual: Option<Arc<Operation>>,
    sole_proprietor: Option<Arc<Operation>>,
    legal_entity: Option<Arc<Operation>>,
    switches: Switches,
    tokens: Mutex<Tokens>,
    clients: Mutex<Clients>,
}

/// What is known of the clients besides the ledger.
#[derive(Default)]
struct Clients {
    /// Fingerprints of what makes a client the same, with its id.
    same: HashMap<u64, String>,
    /// The members that are searched most, by the clients' numbers.
    rows: Vec<Value>,
}

/// Why a client is refused.
struct Refused {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl BrainySoft {
    fn new(setup: &Setup<'_>) -> Result<Self, SandboxError> {
        let operation = |kind: &str| {
            let name = format!("{}/{kind}", IMITATION.provider);
            setup.operations.iter().find(|operation| *operation.name == name).cloned()
        };
        Ok(Self {
            individual: operation("individual"),
            sole_proprietor: operation("sole-proprietor"),
            legal_entity: operation("legal-entity"),
            switches: setup.switches.clone(),
            tokens: Mutex::new(Tokens::default()),
            clients: Mutex::default(),
        })
    }

    fn tokens(&self) -> MutexGuard<'_, Tokens> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn clients(&self) -> MutexGuard<'_, Clients> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An error in the provider's envelope.
    fn error(&self, status: StatusCode, code: &str, message: &str) -> Response<Body> {
        let data = if self.switches.is(&switches::ERROR_DATA, "text") {
            Value::from(message)
        } else {
            json!({"code": code, "message": message})
        };
        reply::json(status, &json!({"status": "error", "timestamp": Utc::now().timestamp_millis(), "data": data}))
    }

    fn refusal(&self, refused: &Refused) -> Response<Body> {
        self.error(refused.status, refused.code, &refused.message)
    }

    fn wrong(&self, message: String) -> Refused {
        Refused { status: self.switches.status(&switches::ERROR_STATUS), code: "VALIDATION_ERROR", message }
    }
}

#[async_trait]
impl Imitation for BrainySoft {
    fn base_path(&self) -> &str {
        BASE
    }

    fn route(&self, method: &Method, path: &str) -> Route {
        if path == "/oauth/token" {
            return if method == Method::POST { Route::Open(TOKEN) } else { Route::WrongMethod };
        }
        let Some(rest) = path.strip_prefix(BASE) else { return Route::Unknown };
        let (wanted, route) = match rest {
            "/main/login" => (Method::POST, Route::Open(LOGIN)),
            "/utils/session/whoami" => (Method::GET, Route::Read(WHOAMI)),
            "/main/clients/init" => (Method::GET, Route::Read(INIT)),
            "/main/clients" => (Method::POST, Route::Create),
            "/main/clients/partial-load" => (Method::POST, Route::Read(SEARCH)),
            "/dicts/countries" | "/dicts/head-positions" | "/dicts/branches" | "/dicts/managers" => {
                (Method::GET, Route::Read(BOOK))
            }
            other if other.starts_with("/main/clients/find/") => (Method::GET, Route::Read(FIND)),
            other if other.strip_prefix("/main/clients/").is_some_and(|id| id.parse::<u64>().is_ok()) => {
                (Method::GET, Route::Read(ONE))
            }
            _ => return Route::Unknown,
        };
        if *method == wanted { route } else { Route::WrongMethod }
    }

    fn credential(&self, head: &Parts) -> Option<String> {
        let token = head.headers.get(BSAUTH)?.to_str().ok()?.trim();
        (!token.is_empty()).then(|| token.to_owned())
    }

    fn judge_credential(&self, credential: &str, wanted: Option<&str>) -> Credential {
        if self.switches.is(&switches::TOKENS, "never_valid") {
            return Credential::Unknown;
        }
        let ttl_s = self.switches.number(&switches::TOKEN_TTL_S).unwrap_or(u64::MAX);
        let calls = self.switches.number(&switches::TOKEN_CALLS).unwrap_or(u64::MAX);
        if wanted == Some(credential) || self.tokens().admit(credential, ttl_s, calls) {
            Credential::Good
        } else {
            Credential::Unknown
        }
    }

    fn names<'body>(&self, body: &'body Value) -> Vec<&'body str> {
        // There are no keys: what tells clients apart comes first.
        ["/passport/no", "/rnn", "/lastName"]
            .iter()
            .filter_map(|pointer| body.pointer(pointer)?.as_str())
            .filter(|text| !text.is_empty())
            .collect()
    }

    fn refuse(&self, complaint: Complaint) -> Response<Body> {
        let (status, code, message) = match complaint {
            Complaint::NotFound => (StatusCode::NOT_FOUND, "NOT_FOUND", "not found"),
            Complaint::WrongMethod => (StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", "no such method here"),
            Complaint::Unauthorized => (self.switches.status(&switches::AUTH_STATUS), "UNAUTHORIZED", "session expired"),
            Complaint::Forbidden => (StatusCode::FORBIDDEN, "FORBIDDEN", "access denied"),
            Complaint::TooManyRequests => (StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_REQUESTS", "slow down"),
            Complaint::TooLong => (StatusCode::PAYLOAD_TOO_LARGE, "TOO_LONG", "the body is too long"),
            Complaint::TryAgain => (StatusCode::CONFLICT, "CONFLICT", "try again"),
            Complaint::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "unexpected"),
            Complaint::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", "out of service"),
        };
        self.error(status, code, message)
    }

    fn remove_id(&self, answer: &mut Value) {
        if remove(answer, "/data/id").is_none() {
            remove(answer, "/data");
        }
    }

    fn odd(&self, _name: &'static str, mut success: Success) -> Answer {
        // The only one: the envelope lacks its status.
        remove(&mut success.body, "/status");
        success.into()
    }

    fn remember(&self, at: usize, entry: &Entry) {
        let mut clients = self.clients();
        for print in prints(&entry.body) {
            clients.same.entry(print).or_insert_with(|| entry.id.clone());
        }
        debug_assert_eq!(at, clients.rows.len());
        clients.rows.push(row(entry));
    }

    fn forget(&self) {
        *self.clients() = Clients::default();
        *self.tokens() = Tokens::default();
    }

    async fn answer(&self, world: &World, request: Admitted) -> Answer {
        let path = request.head.uri.path().strip_prefix(BASE).unwrap_or_default().to_owned();
        match request.arrival.route {
            Route::Create => self.create(world, &request).await,
            Route::Open(TOKEN) => self.token(world, &request),
            Route::Open(_) => self.login(&request),
            Route::Read(WHOAMI) => ok(json!({
                "userId": 123, "branchId": 101_301, "subdivisionId": 101_791, "legalEntityId": 102_071, "accessRightId": 102_036,
                "customerKey": "sandbox"
            })),
            Route::Read(INIT) => ok(object::init(&world.switches)),
            Route::Read(SEARCH) => self.search(world, &request.body),
            Route::Read(BOOK) => ok(book(&path)),
            Route::Read(_) => self.whole(world, &path),
            Route::WrongMethod | Route::Unknown => self.refuse(Complaint::NotFound).into(),
        }
    }
}

impl BrainySoft {
    /// Content type, JSON, every member of init, ids, opaque members, flags, contract, duplicates; in this order.
    async fn create(&self, world: &World, request: &Admitted) -> Answer {
        if !is_media_type(&request.head.headers, "application/json") {
            return self
                .error(StatusCode::UNSUPPORTED_MEDIA_TYPE, "MEDIA_TYPE", "Content-Type: application/json required")
                .into();
        }
        let body = match strict_json(&request.body) {
            Ok(body @ Value::Object(_)) => body,
            Ok(_) | Err(_) => return self.refusal(&self.wrong("body: a JSON object required".to_owned())).into(),
        };
        let mut hits = request.arrival.hits.clone();
        if let Some(answer) = world.named(&request.arrival, &body, &mut hits).await {
            return answer;
        }
        world.work(&hits).await;
        let init = object::init(&world.switches);
        let operation = match self.judge(world, &init, &body) {
            Ok(operation) => operation,
            Err(refused) => return self.refusal(&refused).into(),
        };
        let made = world.create(request.arrival.token, |store| {
            if !self.switches.is(&switches::DUPLICATES, "accept") {
                self.refuse_duplicate(&body)?;
            }
            let id = object::id(store.len());
            Ok(Entry { time: Utc::now().trunc_subsecs(3), operation: operation.name.to_string(), key: None, id, body })
        });
        match made {
            Ok(entry) => {
                let data = if self.switches.is(&switches::ANSWER, "id") {
                    entry.id.parse::<u64>().map_or(Value::Null, Value::from)
                } else {
                    object::stored(&entry, &init)
                };
                world.created(&hits, Success { status: StatusCode::OK, body: envelope(data) })
            }
            Err(NotCreated::Refused(refused)) => self.refusal(&refused).into(),
            Err(NotCreated::Ledger) => self.refuse(Complaint::Internal).into(),
        }
    }

    fn judge(&self, world: &World, init: &Value, body: &Value) -> Result<&Operation, Refused> {
        if let Some(path) = object::missing(init, body) {
            return Err(self.wrong(format!("{path}: the member that init gave is missing")));
        }
        if body.get("id").is_some_and(|id| !id.is_null()) {
            return Err(self.wrong("id: null required".to_owned()));
        }
        if let Some(name) = object::altered(init, body) {
            return Err(self.wrong(format!("{name}: the value that init gave was altered")));
        }
        if self.switches.is(&switches::UNKNOWN_MEMBERS, "reject")
            && let Some(path) = object::unknown(init, body)
        {
            return Err(self.wrong(format!("{path}: unknown member")));
        }
        if self.switches.is(&switches::FIAS, "reject")
            && let Some(name) = object::unknown_address(body)
        {
            return Err(self.wrong(format!("{name}.fias: unknown code")));
        }
        let part = object::part(body);
        let flag = |name: &str| part.get(name).and_then(Value::as_bool);
        let operation = match (flag("naturalPerson"), flag("businessman")) {
            (Some(true), Some(false)) => &self.individual,
            (Some(true), Some(true)) => &self.sole_proprietor,
            (Some(false), Some(false)) => &self.legal_entity,
            (Some(false), Some(true)) => return Err(self.wrong("businessman: contradicts naturalPerson".to_owned())),
            (None, _) | (_, None) => return Err(self.wrong("naturalPerson: required".to_owned())),
        };
        let Some(operation) = operation else {
            return Err(self.wrong("naturalPerson: clients of this kind are not taken here".to_owned()));
        };
        let mut violations = operation.violations(&part, world.level);
        violations.retain(|violation| violation.code.severity() == crate::model::Severity::Error);
        match violations.first() {
            None => Ok(operation),
            Some(violation) => Err(self.wrong(format!("{}: {}", dotted_path(violation), violation.message))),
        }
    }

    fn refuse_duplicate(&self, body: &Value) -> Result<(), Refused> {
        let clients = self.clients();
        if !prints(body).iter().any(|print| clients.same.contains_key(print)) {
            return Ok(());
        }
        let status = if self.switches.is(&switches::DUPLICATES, "reject_409") { StatusCode::CONFLICT } else { StatusCode::OK };
        Err(Refused { status, code: "CLIENT_ALREADY_EXISTS", message: "client exists".to_owned() })
    }

    fn token(&self, world: &World, request: &Admitted) -> Answer {
        let refuse = |status, error: &str| reply::json(status, &json!({"error": error})).into();
        if !is_media_type(&request.head.headers, "application/x-www-form-urlencoded") {
            return refuse(StatusCode::BAD_REQUEST, "invalid_request");
        }
        let members = form(&String::from_utf8_lossy(&request.body));
        if member(&members, "grant_type") != Some("client_credentials") {
            return refuse(StatusCode::BAD_REQUEST, "unsupported_grant_type");
        }
        let is_filled = |name| member(&members, name).is_some_and(|text| !text.is_empty());
        if !is_filled("client_id") || !is_filled("client_secret") {
            return refuse(StatusCode::UNAUTHORIZED, "invalid_client");
        }
        let token = world.token.clone().unwrap_or_else(|| self.tokens().issue());
        let ttl_s = self.switches.number(&switches::TOKEN_TTL_S);
        reply::json(StatusCode::OK, &json!({"access_token": token, "token_type": "bearer", "expires_in": ttl_s})).into()
    }

    fn login(&self, request: &Admitted) -> Answer {
        let body = strict_json(&request.body).unwrap_or_default();
        let is_filled = |name: &str| body.get(name).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
        if !request.head.headers.contains_key("customer-key") || !is_filled("userName") || !is_filled("password") {
            return self.refuse(Complaint::Unauthorized).into();
        }
        let mut response = reply::json(StatusCode::OK, &envelope(Value::Null));
        if let Ok(token) = HeaderValue::from_str(&self.tokens().issue()) {
            response.headers_mut().insert(BSAUTH, token);
        }
        response.into()
    }

    fn search(&self, world: &World, body: &[u8]) -> Answer {
        if self.switches.is(&switches::SEARCH, "forbidden") {
            return self.refuse(Complaint::Forbidden).into();
        }
        let error = |message: &str| self.error(self.switches.status(&switches::ERROR_STATUS), "SEARCH", message).into();
        if self.switches.is(&switches::SEARCH, "off") {
            return error("the search is out of order");
        }
        let request = strict_json(body).unwrap_or_default();
        let search = match Search::read(&request, &fields()) {
            Ok(search) => search,
            Err(message) => return error(&message),
        };
        let visible: Vec<usize> = world.state().store.in_order(world.listed_until_ms()).collect();
        let clients = self.clients();
        let found = visible.iter().filter_map(|at| clients.rows.get(*at)).filter(|row| search.takes(row)).cloned().collect();
        ok(search.rows(found, &self.switches))
    }

    /// One client, or those of a list of ids.
    fn whole(&self, world: &World, path: &str) -> Answer {
        let init = object::init(&world.switches);
        let (ids, is_list) = match path.strip_prefix("/main/clients/find/") {
            Some(ids) => (ids, true),
            None => (path.strip_prefix("/main/clients/").unwrap_or_default(), false),
        };
        let mut found = Vec::new();
        let mut state = world.state();
        for id in ids.split(',') {
            let Some(at) = state.store.find(id) else { continue };
            match state.store.entry(at) {
                Ok(entry) => found.push(object::stored(&entry, &init)),
                Err(_) => return self.refuse(Complaint::Internal).into(),
            }
        }
        match (is_list, found.pop()) {
            (true, last) => {
                found.extend(last);
                ok(Value::Array(found))
            }
            (false, Some(client)) => ok(client),
            (false, None) => self.error(self.switches.status(&switches::ERROR_STATUS), "NOT_FOUND", "no such client").into(),
        }
    }
}

fn envelope(data: Value) -> Value {
    json!({"status": "ok", "timestamp": Utc::now().timestamp_millis(), "data": data})
}

fn ok(data: Value) -> Answer {
    reply::json(StatusCode::OK, &envelope(data)).into()
}
