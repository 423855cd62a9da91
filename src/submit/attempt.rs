//! One request of one client: slot, durable intent, request, durable answer, in this order. Decides nothing about what comes next.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::Pace;
use super::job::Job;
use super::log;
use super::logbook::Logbook;
use super::pace::Health;
use crate::journal::{Event, Intent, JournalError, Requests, RunId};
use crate::model::{HALT, Refusal, STOPPED};
use crate::provider::{Answer, Halt, Order, Provider, Quota, Slot, Turn, Verdict};

/// What all requests of a run share.
pub(super) struct Line {
    pub(super) provider: Arc<dyn Provider>,
    pub(super) journal: Arc<dyn Logbook>,
    pub(super) run: RunId,
    pub(super) pace: Pace,
    /// See [`Self::replay_window_of`].
    pub(super) replay_window: Option<Duration>,
    /// Set when no further request may start.
    pub(super) stop: CancellationToken,
    pub(super) sent: AtomicU64,
    pub(super) retried: AtomicU64,
    pub(super) throttled: AtomicU64,
    /// Remote ids that are on their way into the journal, so that two answers with one id cannot pass each other.
    pub(super) claimed: Mutex<HashSet<Box<str>>>,
}

impl Line {
    /// How long after the first send a request of this operation may be repeated to learn its outcome.
    pub(super) fn replay_window_of(&self, operation: &str) -> Option<Duration> {
        self.replay_window.filter(|_| self.provider.may_repeat(operation))
    }

    pub(super) fn requests(&self) -> Requests {
        Requests {
            sent: self.sent.load(Ordering::Relaxed),
            retried: self.retried.load(Ordering::Relaxed),
            throttled: self.throttled.load(Ordering::Relaxed),
        }
    }
}

/// What came of an attempt.
pub(super) enum Came {
    /// The run stops; nothing left.
    NotStarted,
    /// The slot came too late for a repeat of an unknown request; nothing left.
    TooLate,
    /// The journal knows a client that stands against it; nothing left.
    Barred,
    /// An answer, or the knowledge that none comes; it is in the journal.
    Answered(Verdict),
}

/// Makes one attempt. The job comes back in any case.
pub(super) async fn attempt(line: Arc<Line>, mut job: Job) -> (Job, Result<Came, JournalError>) {
    let came = try_once(&line, &mut job).await;
    (job, came)
}

async fn try_once(line: &Line, job: &mut Job) -> Result<Came, JournalError> {
    let permit = tokio::select! {
        biased;
        () = line.stop.cancelled() => return Ok(Came::NotStarted),
        permit = line.pace.slot() => permit,
    };
    // Why not, the plane tells the desk.
    let Ok(mut permit) = permit else { return Ok(Came::NotStarted) };
    let now_ms = line.journal.now_ms();
    if job.unknown && !job.can_replay(line.replay_window_of(&job.dispatch.operation), Duration::ZERO, now_ms) {
        return Ok(Came::TooLate);
    }
    let parcel = &job.dispatch.parcel;
    let sent_at_ms = line.journal.now_ms();
    let intent = line.journal.intend(&line.run, &job.dispatch.operation, &parcel.identities, parcel.key, &parcel.digests).await?;
    let client = match intent {
        Intent::Written(client) => client,
        Intent::Refused(_) => return Ok(Came::Barred),
    };
    job.client = Some(client);
    let started = tokio::select! {
        biased;
        () = line.stop.cancelled() => None,
        started = permit.start() => started.ok(),
    };
    let Some(started) = started else {
        let why = refusal(STOPPED, "the run stopped before the request left");
        line.journal.record(client, Event::NotDone(why), None).await?;
        return Ok(Came::NotStarted);
    };
    line.sent.fetch_add(1, Ordering::Relaxed);
    if job.requests > 0 || job.unknown {
        line.retried.fetch_add(1, Ordering::Relaxed);
    }
    job.requests = job.requests.saturating_add(1);

    let order = Order { operation: &job.dispatch.operation, body: &parcel.body, key: parcel.key, repeat_of_unknown: job.unknown };
    let slots = FurtherSlots { line, taken: AtomicU64::new(0) };
    let answer = line.provider.submit(&order, &slots).await;
    let took = Some(started.elapsed()).filter(|_| slots.taken.load(Ordering::Relaxed) == 0);
    permit.answered(leaves_a_connection(&answer), health(&answer, took));
    obey(line, &answer, started);

    let claim = match &answer.verdict {
        Verdict::Created(id) => Claim::take(line, id)?,
        Verdict::Existing(_)
        | Verdict::Rejected(_)
        | Verdict::Throttled { .. }
        | Verdict::Transient(_)
        | Verdict::Unknown { .. }
        | Verdict::RefusedOnRepeat(_)
        | Verdict::Halt(_)
        | Verdict::HaltInDoubt(_) => Claim::NotNeeded,
    };
    let Answer { mut verdict, http_status, request_id, quotas: _, remark } = answer;
    if let Claim::Refused = claim {
        verdict = Verdict::HaltInDoubt(Halt {
            what: "the provider answered two clients with one and the same id".into(),
            hint: "ask the provider's support, naming the x-request-id from the report, before you go on".into(),
        });
    }
    log::answered(&line.run, job, &verdict, http_status);
    let event = event(&verdict, request_id, remark);
    if let Event::Unknown(_) = event {
        job.unknown = true;
        job.first_sent_at_ms.get_or_insert(sent_at_ms);
    }
    line.journal.record(client, event, http_status).await?;
    drop(claim);
    Ok(Came::Answered(verdict))
}

/// Slots for the further requests that one client needs. A stop of the run ends the waiting, never a request.
struct FurtherSlots<'a> {
    line: &'a Line,
    taken: AtomicU64,
}

#[async_trait]
impl Slot for FurtherSlots<'_> {
    async fn take(&self) -> Option<Box<dyn Turn>> {
        tokio::select! {
            biased;
            () = self.line.stop.cancelled() => None,
            turn = self.line.pace.take() => {
                self.taken.fetch_add(1, Ordering::Relaxed);
                turn
            }
        }
    }

    fn slow_down(&self, retry_after: Option<Duration>) {
        self.line.pace.slow_down(retry_after);
    }

    fn heed(&self, quotas: &[Quota]) {
        self.line.pace.heed(quotas);
    }
}

/// What an answer says about the provider itself; `took` is how long one request took.
fn health(answer: &Answer, took: Option<Duration>) -> Health {
    let in_trouble = answer.http_status.is_none_or(|status| status >= 500);
    match &answer.verdict {
        Verdict::Created(_) | Verdict::Existing(_) | Verdict::Rejected(_) | Verdict::RefusedOnRepeat(_) => Health::Well(took),
        // A throttled request was not worked on, so its time tells nothing.
        Verdict::Throttled { .. } => Health::Well(None),
        Verdict::Transient(_) | Verdict::Unknown { .. } if in_trouble => Health::Failed,
        Verdict::Transient(_) | Verdict::Unknown { .. } => Health::Well(None),
        Verdict::Halt(_) | Verdict::HaltInDoubt(_) => Health::Unknown,
    }
}

/// Whether the answer's connection is good for another request, as far as can be told.
fn leaves_a_connection(answer: &Answer) -> bool {
    match &answer.verdict {
        // Cut off, or from a server in trouble.
        Verdict::Unknown { .. } => false,
        Verdict::Created(_)
        | Verdict::Existing(_)
        | Verdict::Rejected(_)
        | Verdict::Throttled { .. }
        | Verdict::Transient(_)
        | Verdict::RefusedOnRepeat(_)
        | Verdict::Halt(_)
        | Verdict::HaltInDoubt(_) => answer.http_status.is_some(),
    }
}

/// What an answer says about the pace of all further requests.
fn obey(line: &Line, answer: &Answer, started: tokio::time::Instant) {
    match &answer.verdict {
        Verdict::Throttled { retry_after } => {
            line.throttled.fetch_add(1, Ordering::Relaxed);
            let reset = answer.quotas.iter().filter(|quota| quota.remaining == 0).map(|quota| quota.reset).max();
            line.pace.throttled(started, retry_after.or(reset), &answer.quotas);
        }
        Verdict::Unknown { retry_after: Some(wait), .. } => line.pace.pause(*wait),
        Verdict::Created(_)
        | Verdict::Existing(_)
        | Verdict::Rejected(_)
        | Verdict::Transient(_)
        | Verdict::Unknown { retry_after: None, .. }
        | Verdict::RefusedOnRepeat(_)
        | Verdict::Halt(_)
        | Verdict::HaltInDoubt(_) => {
            if answer.http_status.is_some() {
                line.pace.accepted();
            }
        }
    }
    line.pace.heed(&answer.quotas);
}

/// What the journal keeps of a verdict.
fn event(verdict: &Verdict, request_id: Option<Box<str>>, remark: Option<Refusal>) -> Event {
    let with_id =
        |refusal: &Refusal| Refusal { request_id: refusal.request_id.clone().or(request_id.clone()), ..refusal.clone() };
    match verdict {
        Verdict::Created(id) => Event::Created { remote_id: id.clone(), remark },
        Verdict::Existing(id) => Event::Existing { remote_id: id.clone(), remark },
        Verdict::Rejected(refusal) => Event::Rejected(with_id(refusal)),
        Verdict::Throttled { .. } => Event::NotDone(with_id(&refusal("throttled", "the provider asked for a slower pace"))),
        Verdict::Transient(refusal) => Event::NotDone(with_id(refusal)),
        Verdict::Unknown { why, .. } | Verdict::RefusedOnRepeat(why) => Event::Unknown(with_id(why)),
        Verdict::Halt(halt) => Event::NotDone(with_id(&refusal(HALT, &halt.what))),
        Verdict::HaltInDoubt(halt) => Event::Unknown(with_id(&refusal("integrity", &halt.what))),
    }
}

pub(super) fn refusal(code: &str, message: &str) -> Refusal {
    Refusal { code: code.into(), message: message.into(), ..Refusal::default() }
}

/// A remote id that belongs to one client only, until it is in the journal.
enum Claim<'a> {
    NotNeeded,
    Refused,
    Taken { line: &'a Line, id: Box<str> },
}

impl<'a> Claim<'a> {
    fn take(line: &'a Line, id: &str) -> Result<Self, JournalError> {
        if !line.provider.profile().remote_ids_unique {
            return Ok(Self::NotNeeded);
        }
        if !line.claimed.lock().unwrap_or_else(PoisonError::into_inner).insert(id.into()) {
            return Ok(Self::Refused);
        }
        let claim = Self::Taken { line, id: id.into() };
        if line.journal.has_remote_id(id)? { Ok(Self::Refused) } else { Ok(claim) }
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        match self {
            Self::Taken { line, id } => {
                line.claimed.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
            }
            Self::NotNeeded | Self::Refused => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_certain_is_recorded_as_certain() {
        let why = || refusal("c", "m");
        let halt = || Halt { what: "w".into(), hint: "h".into() };
        let kind = |verdict: Verdict| match event(&verdict, Some("r".into()), None) {
            Event::Created { .. } => "created",
            Event::Existing { .. } => "existing",
            Event::Rejected(refusal) => {
                assert_eq!(refusal.request_id.as_deref(), Some("r"));
                "rejected"
            }
            Event::NotDone(_) => "not done",
            Event::Unknown(_) => "unknown",
            Event::Intended { .. } => "intended",
        };
        assert_eq!(kind(Verdict::Created("1".into())), "created");
        assert_eq!(kind(Verdict::Existing(None)), "existing");
        assert_eq!(kind(Verdict::Rejected(why())), "rejected");
        assert_eq!(kind(Verdict::Throttled { retry_after: None }), "not done");
        assert_eq!(kind(Verdict::Transient(why())), "not done");
        assert_eq!(kind(Verdict::Halt(halt())), "not done");
        assert_eq!(kind(Verdict::Unknown { why: why(), retry_after: None }), "unknown");
        assert_eq!(kind(Verdict::RefusedOnRepeat(why())), "unknown");
        assert_eq!(kind(Verdict::HaltInDoubt(halt())), "unknown");
    }
}
