//! What all connections of a sandbox share, and the order in which an arriving request is judged. Speaks no provider's language.

use std::fmt;
use std::hash::Hasher;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use axum::body::Bytes;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use serde_json::Value;
use siphasher::sip::SipHasher13;
use uuid::Uuid;

use crate::contract::Level;

use super::fault::{FaultKind, Faults, Hits};
use super::pace::Pace;
use super::reply::Answer;
use super::requests::{RequestLog, RequestOutcome, RequestRecord};
use super::settings::{SandboxSettings, Switches};
use super::store::Store;
use super::{SandboxError, tbank};

/// What one provider does differently from the others.
#[async_trait]
pub(super) trait Imitation: Send + Sync {
    /// What a request asks for.
    fn route(&self, method: &Method, path: &str) -> Route;

    /// The idempotency key among the headers.
    fn key(&self, headers: &HeaderMap) -> Option<Uuid>;

    /// Fingerprints of the numbers in a body that belong to one person only.
    fn people(&self, body: &Value) -> Vec<u64>;

    /// Answers a request.
    async fn answer(&self, world: &World, request: Received) -> Answer;
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// To create a client.
    Create,
    /// A page of clients.
    List,
    /// The client with this id; `None` when the id is none.
    One(Option<Uuid>),
    /// Something else at a known path.
    WrongMethod,
    /// Something that is not there.
    Unknown,
}

/// How an arriving request is judged by its head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    /// It goes on.
    Admitted,
    /// A fault is answered instead.
    Fault(FaultKind),
    /// No such path.
    NotFound,
    /// No such method at this path.
    WrongMethod,
    /// No token, or a wrong one.
    Unauthorized,
    /// The token lacks the scope.
    Forbidden,
    /// Too many requests; a place is free after this time.
    Throttled(Duration),
}

/// An arriving request, judged.
#[derive(Debug)]
pub(super) struct Arrival {
    /// Its number in the request log.
    pub(super) number: u64,
    /// What it asks for.
    pub(super) route: Route,
    /// Its idempotency key, when it is a UUID.
    pub(super) key: Option<Uuid>,
    /// Fingerprint of its token.
    pub(super) token: u64,
    /// The faults that it runs into.
    pub(super) hits: Hits,
    /// The judgement.
    pub(super) judgement: Judgement,
}

/// A request with all its bytes.
pub(super) struct Received {
    /// Method, address, headers.
    pub(super) head: Parts,
    /// Its judged arrival.
    pub(super) arrival: Arrival,
    /// The body; `None` when it was longer than allowed.
    pub(super) body: Option<Bytes>,
}

/// What all connections share.
pub(super) struct World {
    /// Behaviour that the provider leaves open.
    pub(super) switches: Switches,
    /// How long each request takes.
    pub(super) latency: Duration,
    /// How strictly bodies are judged.
    pub(super) level: Level,
    pub(super) imitation: Box<dyn Imitation>,
    token: Option<String>,
    state: Mutex<State>,
}

/// What changes while it runs.
pub(super) struct State {
    pub(super) faults: Faults,
    pub(super) pace: Pace,
    pub(super) store: Store,
    pub(super) log: RequestLog,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").finish_non_exhaustive()
    }
}

impl World {
    /// A world with the clients of the ledger in it.
    pub(super) fn open(settings: SandboxSettings) -> Result<Self, SandboxError> {
        let imitation: Box<dyn Imitation> = match settings.provider.as_str() {
            "tbank" => Box::new(tbank::Tbank::new(&settings.operations)?),
            _ => return Err(SandboxError::UnknownProvider(settings.provider)),
        };
        let remember_people = settings.switches.duplicates_refused;
        let people_of = |body: &Value| if remember_people { imitation.people(body) } else { Vec::new() };
        let store = Store::open(settings.ledger.as_deref(), people_of)?;
        let state = State {
            faults: Faults::new(settings.faults, settings.seed),
            pace: Pace::new(settings.rate),
            store,
            log: RequestLog::new(Instant::now()),
        };
        Ok(Self {
            switches: settings.switches,
            latency: settings.latency,
            level: settings.level,
            imitation,
            token: settings.token,
            state: Mutex::new(state),
        })
    }

    /// What changes; held for moments only.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Judges a request at the arrival of its head: fault, route, token, scope, rate.
    pub(super) fn arrive(&self, head: &Parts) -> Arrival {
        let route = self.imitation.route(&head.method, head.uri.path());
        let key = self.imitation.key(&head.headers);
        let token = bearer(&head.headers);
        let token_digest = fingerprint(token.unwrap_or_default(), 0);
        let method_salt = if self.switches.rate_per_method { fingerprint(head.method.as_str(), 1) } else { 0 };

        let mut state = self.state();
        // Taken under the lock, so that arrivals stand in the log in the order of their times.
        let now = Instant::now();
        let creates = route == Route::Create;
        let hits = if creates { state.faults.meet(key) } else { Hits::default() };
        let known_token = token.is_some_and(|token| self.token.as_deref().is_none_or(|wanted| wanted == token));
        let judgement = if let Some(kind) = hits.early() {
            Judgement::Fault(kind)
        } else if route == Route::Unknown {
            Judgement::NotFound
        } else if route == Route::WrongMethod {
            Judgement::WrongMethod
        } else if token.is_some() && token == self.switches.token_without_scope.as_deref() {
            Judgement::Forbidden
        } else if !known_token || state.faults.token_is_dead() {
            Judgement::Unauthorized
        } else {
            match state.pace.take(token_digest ^ method_salt, now) {
                Ok(()) => Judgement::Admitted,
                Err(wait) => Judgement::Throttled(wait),
            }
        };
        let throttled = matches!(judgement, Judgement::Throttled(_));
        if creates && !throttled {
            state.faults.count(key, &hits);
        }
        let record = RequestRecord {
            at: Duration::ZERO,
            method: head.method.to_string(),
            path: head.uri.path().to_owned(),
            key,
            admitted: judgement == Judgement::Admitted,
            fault: if throttled { None } else { hits.name() },
            outcome: RequestOutcome::Pending,
        };
        let number = state.log.note(now, throttled, record);
        Arrival { number, route, key, token: token_digest, hits, judgement }
    }
}

/// The token of `Authorization: Bearer TOKEN`; `None` when there is none or it is empty.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// A number for a text, different for each purpose.
pub(super) fn fingerprint(text: &str, purpose: u64) -> u64 {
    let mut hasher = SipHasher13::new_with_keys(purpose, 0);
    hasher.write(text.as_bytes());
    hasher.finish()
}
