//! The order in which an arriving request is judged by its head, and what the house answers by itself. The rest is the imitation's.

use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::request::Parts;
use uuid::Uuid;

use super::fault::{FaultKind, Hits, RetryAfter, answers};
use super::reply::{self, Answer};
use super::requests::{RequestOutcome, RequestRecord};
use super::world::{Admitted, Complaint, Credential, Route, World, fingerprint};

/// How an arriving request is judged by its head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    /// It goes on.
    Admitted,
    /// A fault is answered instead.
    Fault(FaultKind),
    /// It is refused.
    Refused(Complaint),
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
    /// Fingerprint of its credential.
    pub(super) token: u64,
    /// The faults that it runs into.
    pub(super) hits: Hits,
    judgement: Judgement,
}

impl World {
    /// Judges a request at the arrival of its head: fault, route, credential, rate.
    pub(super) fn arrive(&self, head: &Parts) -> Arrival {
        let route = self.imitation.route(&head.method, head.uri.path());
        let key = self.imitation.key(head);
        let credential = self.imitation.credential(head);
        let token = fingerprint(credential.as_deref().unwrap_or_default(), 0);
        let method_salt = if self.switches.rate_per_method() { fingerprint(head.method.as_str(), 1) } else { 0 };
        let complaint = self.complaint(route, credential.as_deref());

        let mut state = self.state();
        // Taken under the lock, so that arrivals stand in the log in the order of their times.
        let now = Instant::now();
        let (hits, is_open) = match route {
            Route::Create => (state.faults.meet(key), false),
            Route::Read(name) => (state.faults.meet_read(name), false),
            Route::Open(name) => (state.faults.meet_read(name), true),
            Route::WrongMethod | Route::Unknown => (Hits::default(), false),
        };
        let judgement = if let Some(kind) = hits.early() {
            Judgement::Fault(kind)
        } else if let Some(complaint) = complaint {
            Judgement::Refused(complaint)
        } else if !is_open && state.faults.token_is_dead(token) {
            Judgement::Refused(Complaint::Unauthorized)
        } else {
            match state.pace.take(token ^ method_salt, now) {
                Ok(()) => Judgement::Admitted,
                Err(wait) => Judgement::Throttled(wait),
            }
        };
        let throttled = matches!(judgement, Judgement::Throttled(_));
        if judgement == Judgement::Fault(FaultKind::DeadToken) {
            state.faults.kill_token(token);
        }
        let call = match route {
            Route::Create => "create",
            Route::Read(name) | Route::Open(name) => name,
            Route::WrongMethod => "wrong_method",
            Route::Unknown => "unknown",
        };
        if !throttled {
            match route {
                Route::Create => state.faults.count(key, &hits),
                Route::Read(name) | Route::Open(name) => state.faults.count_read(name),
                Route::WrongMethod | Route::Unknown => {}
            }
        }
        let record = RequestRecord {
            at: Duration::ZERO,
            method: head.method.to_string(),
            path: head.uri.path().to_owned(),
            call,
            key,
            admitted: judgement == Judgement::Admitted,
            fault: if throttled { None } else { hits.name() },
            outcome: RequestOutcome::Pending,
        };
        let number = state.log.note(now, throttled, record);
        Arrival { number, route, key, token, hits, judgement }
    }

    /// What is to be said against a request by its path and credential.
    fn complaint(&self, route: Route, credential: Option<&str>) -> Option<Complaint> {
        match route {
            Route::Unknown => return Some(Complaint::NotFound),
            Route::WrongMethod => return Some(Complaint::WrongMethod),
            Route::Open(_) => return None,
            Route::Create | Route::Read(_) => {}
        }
        let Some(credential) = credential else { return Some(Complaint::Unauthorized) };
        if self.switches.token_without_scope.as_deref() == Some(credential) {
            return Some(Complaint::Forbidden);
        }
        match self.imitation.judge_credential(credential, self.token.as_deref()) {
            Credential::Good => None,
            Credential::Unknown => Some(Complaint::Unauthorized),
            Credential::Forbidden => Some(Complaint::Forbidden),
        }
    }

    /// Answers a request; `body` is `None` when it was longer than allowed.
    pub(super) async fn answer(&self, head: Parts, arrival: Arrival, body: Option<Bytes>) -> Answer {
        let imitation = self.imitation.as_ref();
        match arrival.judgement {
            Judgement::Admitted => {}
            Judgement::Fault(kind) => {
                tokio::time::sleep(arrival.hits.latency).await;
                // Every fault that stands here has an answer of its own.
                return answers::early(imitation, kind).unwrap_or_else(|| imitation.refuse(Complaint::Internal).into());
            }
            Judgement::Refused(complaint) => return imitation.refuse(complaint).into(),
            Judgement::Throttled(wait) => {
                let when = self.come_back(wait);
                return reply::come_back(imitation.refuse(Complaint::TooManyRequests), when).into();
            }
        }
        let Some(body) = body else { return imitation.refuse(Complaint::TooLong).into() };
        if arrival.route != Route::Create {
            self.work(&arrival.hits).await;
        }
        imitation.answer(self, Admitted { head, arrival, body }).await
    }

    /// What a refusal for the rate says about when to come back: never less than it takes.
    fn come_back(&self, wait: Duration) -> RetryAfter {
        let seconds = u32::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(1).max(1);
        match self.switches.retry_after() {
            RetryAfter::None => RetryAfter::None,
            RetryAfter::Seconds(at_least) => RetryAfter::Seconds(at_least.max(seconds)),
            // A date has whole seconds: one more, so that it is not over when it is read.
            RetryAfter::Date(at_least) => RetryAfter::Date(at_least.max(seconds.saturating_add(1))),
        }
    }
}
