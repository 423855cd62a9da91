//! What all connections of a sandbox share, and what an imitation adds to it. Speaks no provider's language.
//!
//! # How to write an imitation
//!
//! A folder `src/sandbox/NAME/`, its declaration and its line in `registry.rs`. The folder's `mod.rs` holds
//!
//! 1. `pub(in crate::sandbox) const IMITATION: Known`: the provider's name, its rate, its switches, odd answers and calls;
//! 2. a type that implements [`Imitation`]. Fixed things (operations by kind, paths) are members; what it knows besides the ledger
//!    (indexes for duplicates, tokens given out, members ignored) stands behind a `Mutex` of its own and is filled by
//!    [`Imitation::remember`], so that it survives a restart. Locks are taken in the order state, own; never the other way round.
//!
//! By the time [`Imitation::answer`] is called, the house has met early faults, path, method, credential and rate, has refused bodies that
//! are too long, and has waited for calls that create nothing. Creating goes like this (`tbank` is the worked example):
//!
//! 1. headers and body: [`toolbox`](super::toolbox) reads JSON strictly; refuse in the provider's order of checks;
//! 2. `let mut hits = request.arrival.hits.clone()`, then [`World::named`]: faults that wait for this client; return its answer if any;
//! 3. where the provider has idempotency keys: [`World::claim`]; hold the claim until the answer is settled;
//! 4. [`World::work`] waits the latency; then the contract: `operation.violations(&body, world.level)`;
//!    An odd answer that comes instead of storing ([`Hits::odd`]) is given here;
//! 5. [`World::create`]: looks for duplicates, takes an id and writes the ledger, all under one lock (which it must not take again);
//! 6. [`World::created`]: the answer, as the request's faults shape it. Never build it without.
//!
//! Faults, request log, control plane, ledger and restarts then work by themselves; test each through HTTP in `tests/it`.

use std::fmt;
use std::hash::Hasher;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use axum::body::{Body, Bytes};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{Method, Response};
use chrono::Utc;
use serde_json::Value;
use siphasher::sip::SipHasher13;
use uuid::Uuid;

use crate::contract::{Level, Operation};

use super::arrival::Arrival;
use super::fault::{self, FaultSpec, Faults, Hits, answers};
use super::ledger::Entry;
use super::pace::Pace;
use super::reply::{Answer, Success};
use super::requests::RequestLog;
use super::settings::SandboxSettings;
use super::store::{Begin, Claim, Store};
use super::switches::{SwitchSpec, Switches};
use super::{SandboxError, own, registry};

/// What is known of an imitation before it is opened.
pub(super) struct Known {
    /// The provider's name, as operations begin with it.
    pub(super) provider: &'static str,
    /// Requests that the provider admits in a second; no limit when `None`.
    pub(super) rate_per_second: Option<u32>,
    /// Switches of its own, beside the common ones.
    pub(super) switches: &'static [SwitchSpec],
    /// Answers for the fault `odd=NAME`, given by [`Imitation::odd`].
    pub(super) odd_answers: &'static [&'static str],
    /// The names of its [`Route::Read`] and [`Route::Open`].
    pub(super) reads: &'static [&'static str],
    /// Makes it.
    pub(super) open: Open,
}

/// Opens an imitation.
pub(super) type Open = fn(&Setup<'_>) -> Result<Box<dyn Imitation>, SandboxError>;

/// What an imitation is opened with.
pub(super) struct Setup<'settings> {
    /// Its operations, at least one.
    pub(super) operations: &'settings [Arc<Operation>],
    /// How it is to behave where the provider leaves it open.
    pub(super) switches: &'settings Switches,
    /// Whatever it draws by lot depends on this number alone.
    #[allow(dead_code, reason = "for imitations whose ids are to be the same in each run")]
    pub(super) seed: u64,
}

/// What one provider does differently from the others.
#[async_trait]
pub(super) trait Imitation: Send + Sync {
    /// The path that the base URL ends with, without a slash at the end: `/api/v1`.
    fn base_path(&self) -> &str {
        ""
    }

    /// What a request asks for; `path` is whole, the base path included.
    fn route(&self, method: &Method, path: &str) -> Route;

    /// The idempotency key, where the provider has such.
    fn key(&self, _head: &Parts) -> Option<Uuid> {
        None
    }

    /// What the sender proves itself with, when there is such; `Authorization: Bearer` unless it is told otherwise.
    fn credential(&self, head: &Parts) -> Option<String> {
        bearer(head).map(str::to_owned)
    }

    /// What a credential is worth; `wanted` is the only one that is to be accepted, when the user named one.
    fn judge_credential(&self, credential: &str, wanted: Option<&str>) -> Credential {
        if wanted.is_none_or(|wanted| wanted == credential) { Credential::Good } else { Credential::Unknown }
    }

    /// Words by which faults `@name:WORD` know the client of a body. Where there are no keys, the first tells clients apart (an own
    /// id, an e-mail address).
    fn names<'body>(&self, body: &'body Value) -> Vec<&'body str> {
        body.get("lastName").and_then(Value::as_str).into_iter().collect()
    }

    /// A refusal in the provider's words.
    fn refuse(&self, complaint: Complaint) -> Response<Body>;

    /// Takes the client's id out of an answer of success, wherever it stands.
    fn remove_id(&self, answer: &mut Value);

    /// One of the odd answers to a client that is stored.
    fn odd(&self, _name: &'static str, success: Success) -> Answer {
        success.into()
    }

    /// Is told of every client, those of a loaded ledger first, in the order of their numbers. Called under the lock of the state.
    fn remember(&self, _at: usize, _entry: &Entry) {}

    /// Forgets all clients, tokens and whatever it counted.
    fn forget(&self) {}

    /// What the control plane shows under `/__sandbox/extra/NAME`.
    fn extra(&self, _name: &str) -> Option<Value> {
        None
    }

    /// Answers a request that was admitted.
    async fn answer(&self, world: &World, request: Admitted) -> Answer;
}

/// What a request asks for.
#[allow(dead_code, reason = "the imitations that come next have log-ins")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// To create a client.
    Create,
    /// Any other call, by its name in [`Known::reads`].
    Read(&'static str),
    /// A call that needs no credential, such as a log-in, by its name in [`Known::reads`].
    Open(&'static str),
    /// Something else at a known path.
    WrongMethod,
    /// Something that is not there.
    Unknown,
}

/// What a credential is worth.
#[allow(dead_code, reason = "the imitations that come next tell 401 from 403")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Credential {
    /// It is accepted.
    Good,
    /// It is not known, or not any more.
    Unknown,
    /// It is known and does not suffice.
    Forbidden,
}

/// What the house refuses by itself, for the imitation to put into words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Complaint {
    /// No such path.
    NotFound,
    /// No such method at this path.
    WrongMethod,
    /// No credential, or one that is not accepted.
    Unauthorized,
    /// A credential that does not suffice.
    Forbidden,
    /// The rate is passed; the house adds when to come back.
    TooManyRequests,
    /// The body is longer than the house reads.
    TooLong,
    /// 409 for a request that another attempt may follow.
    TryAgain,
    /// Something broke inside.
    Internal,
    /// Out of service; the house adds when to come back.
    Unavailable,
}

/// A request that was admitted, with all its bytes.
pub(super) struct Admitted {
    /// Method, address, headers.
    pub(super) head: Parts,
    /// Its judged arrival.
    pub(super) arrival: Arrival,
    /// The body.
    pub(super) body: Bytes,
}

/// What an idempotency key leads to.
pub(super) enum Claimed {
    /// To work; others with this key wait until the claim is dropped.
    New(#[allow(dead_code, reason = "it is held, not read")] Claim),
    /// To the client that was created under it, from an equal body.
    Replay(Box<Entry>),
    /// To nothing: it was used for another body.
    Conflict,
    /// To nothing yet: its first request is still worked on.
    Running,
}

/// Why a client was not created.
pub(super) enum NotCreated<R> {
    /// The last look refused it.
    Refused(R),
    /// The ledger could not be written or read.
    Ledger,
}

/// What all connections share.
pub(super) struct World {
    /// Behaviour that the provider leaves open.
    pub(super) switches: Switches,
    /// How strictly bodies are judged.
    pub(super) level: Level,
    pub(super) imitation: Box<dyn Imitation>,
    /// The one credential that is accepted.
    pub(super) token: Option<String>,
    /// How long each request takes.
    latency: Duration,
    known: &'static Known,
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
        let known = match &settings.own {
            Some(own) => own::known(own),
            None => registry::find(&settings.provider).ok_or_else(|| SandboxError::UnknownProvider(settings.provider.clone()))?,
        };
        Self::of(known, settings)
    }

    pub(super) fn of(known: &'static Known, settings: SandboxSettings) -> Result<Self, SandboxError> {
        fault::check(&settings.faults, known)?;
        let is_own = |operation: &str| operation.split('/').next() == Some(known.provider);
        let operations: Vec<Arc<Operation>> =
            settings.operations.iter().filter(|operation| is_own(&operation.name)).cloned().collect();
        if operations.is_empty() {
            return Err(SandboxError::NoOperations(settings.provider));
        }
        let imitation = match &settings.own {
            Some(own) => own::open(own, &operations),
            None => (known.open)(&Setup { operations: &operations, switches: &settings.switches, seed: settings.seed })?,
        };
        let mut foreign = None;
        let store = Store::open(settings.ledger.as_deref(), |at, entry| {
            if is_own(&entry.operation) {
                imitation.remember(at, entry);
            } else if foreign.is_none() {
                foreign = Some(entry.operation.clone());
            }
        })?;
        if let (Some(operation), Some(path)) = (foreign, settings.ledger) {
            return Err(SandboxError::LedgerOfAnother { path, operation, provider: known.provider });
        }
        let state = State {
            faults: Faults::new(settings.faults, settings.seed),
            pace: Pace::new(settings.rate),
            store,
            log: RequestLog::new(Instant::now()),
        };
        Ok(Self {
            switches: settings.switches,
            level: settings.level,
            imitation,
            token: settings.token,
            latency: settings.latency,
            known,
            state: Mutex::new(state),
        })
    }

    /// What changes; held for moments only, and never while waiting.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes these faults instead of the present ones; counting begins anew.
    pub(super) fn set_faults(&self, specs: Vec<FaultSpec>) -> Result<(), SandboxError> {
        fault::check(&specs, self.known)?;
        self.state().faults.replace(specs);
        Ok(())
    }

    /// Forgets clients, keys, requests and counts; faults stay.
    pub(super) fn reset(&self) -> io::Result<()> {
        let mut state = self.state();
        state.store.clear()?;
        state.log.clear();
        state.pace.clear();
        state.faults.restart();
        self.imitation.forget();
        Ok(())
    }

    /// Adds the faults that wait for this client; answers with one of them that comes before all work.
    pub(super) async fn named(&self, arrival: &Arrival, body: &Value, hits: &mut Hits) -> Option<Answer> {
        {
            let mut state = self.state();
            let before = hits.name();
            state.faults.meet_name(&self.imitation.names(body), arrival.key, hits);
            if hits.name() != before {
                state.log.blame(arrival.number, hits.name());
            }
            if hits.early() == Some(fault::FaultKind::DeadToken) {
                state.faults.kill_token(arrival.token);
            }
        }
        let kind = hits.early()?;
        tokio::time::sleep(hits.latency).await;
        answers::early(self.imitation.as_ref(), kind)
    }

    /// What the idempotency key of a request leads to; `ttl` is how long keys are remembered. Waits for a first request that is still
    /// worked on unless `wait` is false.
    pub(super) async fn claim(
        &self,
        token: u64,
        key: Uuid,
        body_digest: u128,
        ttl: Option<Duration>,
        wait: bool,
    ) -> io::Result<Claimed> {
        loop {
            let begin = self.state().store.begin(token, key, body_digest, ttl, Utc::now().timestamp_millis());
            match begin {
                Begin::New(claim) => return Ok(Claimed::New(claim)),
                Begin::Replay(at) => return Ok(Claimed::Replay(Box::new(self.state().store.entry(at)?))),
                Begin::Conflict => return Ok(Claimed::Conflict),
                Begin::Running(_) if !wait => return Ok(Claimed::Running),
                // An error means that the first request is over; look again what became of it.
                Begin::Running(mut over) => while over.changed().await.is_ok() {},
            }
        }
    }

    /// Waits as long as a request takes.
    pub(super) async fn work(&self, hits: &Hits) {
        tokio::time::sleep(self.latency.saturating_add(hits.latency)).await;
    }

    /// Creates a client that came with this token. `make` has the store to itself: it looks for duplicates a last time, takes an id
    /// and gives the entry.
    pub(super) fn create<R>(
        &self,
        token: u64,
        make: impl FnOnce(&mut Store) -> Result<Entry, R>,
    ) -> Result<Entry, NotCreated<R>> {
        let mut state = self.state();
        let entry = make(&mut state.store).map_err(NotCreated::Refused)?;
        let at = state.store.commit(token, &entry).map_err(|_| NotCreated::Ledger)?;
        self.imitation.remember(at, &entry);
        Ok(entry)
    }

    /// The answer to a client that is stored, as the request's faults shape it.
    pub(super) fn created(&self, hits: &Hits, success: Success) -> Answer {
        answers::after_commit(self.imitation.as_ref(), hits.effect, success)
    }

    /// Clients created until this moment, in milliseconds, are in lists and searches.
    pub(super) fn listed_until_ms(&self) -> i64 {
        match self.switches.list_lag() {
            Duration::ZERO => i64::MAX,
            lag => Utc::now().timestamp_millis().saturating_sub(i64::try_from(lag.as_millis()).unwrap_or(i64::MAX)),
        }
    }
}

/// The token of `Authorization: Bearer TOKEN`; `None` when there is none or it is empty.
pub(super) fn bearer(head: &Parts) -> Option<&str> {
    let (scheme, token) = head.headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// A number for a text, different for each purpose.
pub(super) fn fingerprint(text: &str, purpose: u64) -> u64 {
    let mut hasher = SipHasher13::new_with_keys(purpose, 0);
    hasher.write(text.as_bytes());
    hasher.finish()
}
