//! The log of requests: when each arrived and what it was answered. Holds no bodies and no client data.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use uuid::Uuid;

/// Requests remembered; older ones are only counted.
const REQUESTS_MAX: usize = 100_000;

/// One request as the sandbox saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRecord {
    /// Arrival of its head, measured from the start of the sandbox by a monotonic clock.
    pub at: Duration,
    /// The method of HTTP.
    pub method: String,
    /// The path without the query.
    pub path: String,
    /// What it asked for: `create`, or the imitation's name of another call.
    pub call: &'static str,
    /// Its idempotency key, when there was a valid one.
    pub key: Option<Uuid>,
    /// Whether it came past the rate limit and took a place in its window.
    pub admitted: bool,
    /// The fault that it ran into.
    pub fault: Option<&'static str>,
    /// What it was answered.
    pub outcome: RequestOutcome,
}

/// What a request was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestOutcome {
    /// Nothing yet.
    Pending,
    /// A response with this status.
    Answered(u16),
    /// The connection was closed without an answer.
    Dropped,
    /// It is left without an answer.
    Hung,
}

/// The latest requests in order of arrival.
#[derive(Debug)]
pub(super) struct RequestLog {
    started: Instant,
    forgotten: u64,
    latest: VecDeque<RequestRecord>,
    admitted: u64,
    throttled: u64,
}

impl RequestLog {
    pub(super) fn new(started: Instant) -> Self {
        Self { started, forgotten: 0, latest: VecDeque::new(), admitted: 0, throttled: 0 }
    }

    /// Notes an arrival; the number is for [`RequestLog::settle`].
    pub(super) fn note(&mut self, now: Instant, throttled: bool, mut record: RequestRecord) -> u64 {
        record.at = now.duration_since(self.started);
        self.admitted = self.admitted.saturating_add(u64::from(record.admitted));
        self.throttled = self.throttled.saturating_add(u64::from(throttled));
        if self.latest.len() >= REQUESTS_MAX {
            self.latest.pop_front();
            self.forgotten = self.forgotten.saturating_add(1);
        }
        self.latest.push_back(record);
        self.forgotten.saturating_add(self.latest.len() as u64).saturating_sub(1)
    }

    /// Notes what became of it.
    pub(super) fn settle(&mut self, number: u64, outcome: RequestOutcome) {
        let record =
            number.checked_sub(self.forgotten).and_then(|at| usize::try_from(at).ok()).and_then(|at| self.latest.get_mut(at));
        if let Some(record) = record {
            record.outcome = outcome;
        }
    }

    /// Notes the fault that its body showed.
    pub(super) fn blame(&mut self, number: u64, fault: Option<&'static str>) {
        let at = number.checked_sub(self.forgotten).and_then(|at| usize::try_from(at).ok());
        if let Some(record) = at.and_then(|at| self.latest.get_mut(at)) {
            record.fault = fault;
        }
    }

    /// Forgets all requests; numbers go on.
    pub(super) fn clear(&mut self) {
        self.forgotten = self.forgotten.saturating_add(self.latest.len() as u64);
        self.latest.clear();
        self.admitted = 0;
        self.throttled = 0;
    }

    pub(super) fn snapshot(&self) -> Vec<RequestRecord> {
        self.latest.iter().cloned().collect()
    }

    /// The log as the control plane shows it.
    pub(super) fn to_json(&self) -> Value {
        let requests: Vec<Value> = self
            .latest
            .iter()
            .map(|record| {
                let (outcome, status) = match record.outcome {
                    RequestOutcome::Pending => ("pending", None),
                    RequestOutcome::Answered(status) => ("answered", Some(status)),
                    RequestOutcome::Dropped => ("dropped", None),
                    RequestOutcome::Hung => ("hung", None),
                };
                json!({
                    "at_us": u64::try_from(record.at.as_micros()).unwrap_or(u64::MAX),
                    "method": record.method,
                    "path": record.path,
                    "call": record.call,
                    "key": record.key,
                    "admitted": record.admitted,
                    "fault": record.fault,
                    "outcome": outcome,
                    "status": status,
                })
            })
            .collect();
        json!({"admitted": self.admitted, "throttled": self.throttled, "requests": requests})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> RequestRecord {
        RequestRecord {
            at: Duration::ZERO,
            method: "POST".to_owned(),
            path: "/".to_owned(),
            call: "create",
            key: None,
            admitted: true,
            fault: None,
            outcome: RequestOutcome::Pending,
        }
    }

    #[test]
    fn old_requests_are_forgotten_and_late_answers_find_their_own() {
        let started = Instant::now();
        let mut log = RequestLog::new(started);
        let numbers: Vec<u64> = (0..REQUESTS_MAX + 5).map(|_| log.note(started, false, record())).collect();
        log.settle(numbers[0], RequestOutcome::Dropped);
        log.settle(numbers[7], RequestOutcome::Answered(201));
        let snapshot = log.snapshot();
        assert_eq!(snapshot.len(), REQUESTS_MAX);
        let answered: Vec<usize> = (0..snapshot.len()).filter(|at| snapshot[*at].outcome != RequestOutcome::Pending).collect();
        assert_eq!(answered, [2]);
        assert_eq!(log.to_json()["admitted"], REQUESTS_MAX + 5);
    }
}
