//! Asks the provider about clients whose outcome no repeat could tell. Only several look-ups, some time apart, prove absence.

use std::sync::{Mutex, PoisonError};

use std::time::Duration;

use tokio::time::Instant;

use super::{Desk, Mode};
use crate::journal::{Event, JournalError, Provenance};
use crate::model::NOT_FOUND;
use crate::provider::{Absence, Found, Wanted};
use crate::submit::Ended;
use crate::submit::attempt::refusal;
use crate::submit::job::Job;

/// So many gaps between look-ups long, one that got no answer is made again: a provider that is down comes back.
const GAPS_MAX: u32 = 20;

/// Tries that each row has in any case.
const NOT_ASKED_MIN: u32 = 3;

impl Desk {
    /// Whether to look up now: when nothing else is left to do, when too many wait for it, when new rows wait for it, or when one
    /// has waited long and look-ups have not had their share.
    pub(super) fn look_up_is_due(&self) -> bool {
        let now = Instant::now();
        if !self.doubts.any_is_due(now) {
            return false;
        }
        let idle = self.waiting.is_empty() && (self.rows_ended || !self.held.is_empty());
        let many = self.doubts.len() >= self.settings.look_up_rows_max.max(1);
        let first = !self.held.is_empty() && self.doubts.any_unasked_is_due(now);
        let long = self.doubts.any_waits_since(now.checked_sub(self.settings.look_up_after), now);
        idle || many || first || (long && self.doubts.has_budget(now))
    }

    /// One look-up. Nothing is in flight meanwhile: what others create must not be taken for what is looked for.
    pub(super) async fn look_up(&mut self) {
        let begun = Instant::now();
        let jobs = self.doubts.take_due(self.settings.look_up_rows_max.max(1), begun);
        let absent = self.pass(jobs).await;
        let now = Instant::now();
        self.doubts.looked_up(begun, now);
        self.check_plane();
        let delays = self.look_up_delays();
        for mut job in absent {
            if self.stopping() {
                return;
            }
            job.look_ups += 1;
            match delays.get(job.look_ups) {
                Some(delay) => {
                    self.asked(&mut job);
                    self.doubts.push(job, now + *delay);
                }
                None => self.proved_absent(job).await,
            }
        }
    }

    /// How long to wait before each look-up. The user's gap is the longest of them.
    pub(super) fn look_up_delays(&self) -> Vec<Duration> {
        let gap = self.settings.look_up_gap;
        match &self.line.provider.profile().look_up_delays[..] {
            [] => vec![Duration::ZERO, gap],
            delays => delays.iter().map(|delay| gap.min(*delay)).collect(),
        }
    }

    /// Nobody could be asked. Where that may be otherwise later, the row is looked up again.
    fn not_asked(&mut self, mut job: Job, may_be_asked_again: bool) {
        job.not_asked += 1;
        let patience = self.settings.outage_max.min(self.settings.look_up_gap.saturating_mul(GAPS_MAX));
        let patient = job.not_asked < NOT_ASKED_MIN || job.doubted.elapsed() < patience;
        if may_be_asked_again && patient && !self.stopping() {
            self.doubts.push(job, Instant::now() + self.settings.look_up_gap);
        } else {
            // The journal keeps the first reason, which says more.
            self.done(job);
        }
    }

    /// The clients that were not found. Whatever is not decided stays unknown in the journal.
    async fn pass(&mut self, jobs: Vec<Job>) -> Vec<Job> {
        let wanted: Vec<Wanted> = jobs.iter().map(wanted).collect();
        let broken = Mutex::new(None);
        let belongs = |position: usize, id: &str| {
            if self.line.journal.has_remote_id(id)? {
                return Ok(true);
            }
            Ok(self.provenance(jobs.get(position), id)? == Provenance::BeforeUs)
        };
        let taken = |position: usize, id: &str| match belongs(position, id) {
            Ok(taken) => taken,
            Err(error) => {
                broken.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                true
            }
        };
        let found = tokio::select! {
            biased;
            () = self.cancel.cancelled() => None,
            found = self.line.provider.find(&wanted, &taken, &self.line.pace) => Some(found),
        };
        // A look-up that could not ask the journal decides nothing.
        if let Some(error) = broken.into_inner().unwrap_or_else(PoisonError::into_inner) {
            self.break_off(error);
            return Vec::new();
        }
        let Some(found) = found else {
            self.stop(Ended::Interrupted);
            return Vec::new();
        };
        let mut absent = Vec::new();
        for (job, found) in jobs.into_iter().zip(found) {
            match found {
                Found::There(id) => match self.provenance(Some(&job), &id) {
                    Ok(Provenance::Ours) => self.found_created(job, id).await,
                    Ok(Provenance::Uncertain | Provenance::BeforeUs) => {
                        self.settle(job, Event::Existing { remote_id: Some(id), remark: None }).await;
                    }
                    Err(error) => self.break_off(error),
                },
                Found::ByUs(id) => self.found_created(job, id).await,
                Found::BeforeUs(id) => self.settle(job, Event::Existing { remote_id: Some(id), remark: None }).await,
                Found::Several(ids) => {
                    let why = format!("several clients of the provider could be this one: {}", ids.join(", "));
                    self.settle(job, Event::Unknown(refusal("several_found", &why))).await;
                }
                Found::Absent => absent.push(job),
                Found::CannotAsk(_) => {
                    let again = found.may_be_asked_again();
                    self.not_asked(job, again);
                }
                Found::Halt(halt) => {
                    self.stop(Ended::Halted(halt));
                    return Vec::new();
                }
            }
        }
        absent
    }

    async fn proved_absent(&mut self, mut job: Job) {
        if !job.unchanged {
            // What was sent had other content: that this one is absent says nothing about it.
            let why = "the row was changed after it was sent, and the provider shows no client with its present data";
            return self.settle(job, Event::Unknown(refusal("changed_since_sent", why))).await;
        }
        if let Some(refusal) = job.refused.take() {
            self.counts.rejected += 1;
            return self.settle(job, Event::Rejected(refusal)).await;
        }
        let may_go_again = match self.line.provider.profile().absence {
            Absence::Resend => true,
            Absence::ResendNextRun => job.unknown_before,
            Absence::Nothing => false,
        };
        if !may_go_again {
            return self.done(job);
        }
        let why = refusal(NOT_FOUND, "two look-ups did not find the client: it was not created");
        if !self.record(&job, Event::NotDone(why)).await {
            return;
        }
        // Once more in this run, then in the next one.
        if self.mode == Mode::Resolve || job.sent_again {
            return self.done(job);
        }
        // The same key, so that a request which is still on its way somewhere cannot make a second client.
        job.unknown = false;
        job.first_sent_at_ms = None;
        job.transient_tries = 0;
        job.replays = 0;
        job.repeats = 0;
        job.sent_again = true;
        job.due = Instant::now();
        self.waiting.push(job);
    }

    /// Settles a client that the request in doubt created, with what its doubt says for people.
    async fn found_created(&mut self, job: Job, remote_id: Box<str>) {
        let identities: Vec<_> = job.dispatch.parcel.identities.iter().map(|(identity, _)| *identity).collect();
        let known = match self.line.journal.client(&identities) {
            Ok(known) => known,
            Err(error) => return self.break_off(error),
        };
        let remark = known.and_then(|client| self.line.provider.remark_of_doubt(client.refusal.as_ref()?));
        self.counts.created += 1;
        self.settle(job, Event::Created { remote_id, remark }).await;
    }

    async fn settle(&mut self, job: Job, event: Event) {
        if self.record(&job, event).await {
            self.done(job);
        }
    }

    /// Whether the event is in the journal.
    async fn record(&mut self, job: &Job, event: Event) -> bool {
        // A client whose outcome is unknown has had an intent, so it has a name.
        let Some(client) = job.client else { return false };
        match self.line.journal.record(client, event, None).await {
            Ok(()) => true,
            Err(error) => {
                self.break_off(error);
                false
            }
        }
    }

    /// Where a client comes from that the provider shows and that this row could be.
    fn provenance(&self, job: Option<&Job>, remote_id: &str) -> Result<Provenance, JournalError> {
        match job.and_then(|job| job.client) {
            Some(client) => self.line.journal.provenance(client, remote_id),
            None => Ok(Provenance::Uncertain),
        }
    }
}

fn wanted(job: &Job) -> Wanted {
    let parcel = &job.dispatch.parcel;
    Wanted {
        operation: job.dispatch.operation.clone(),
        body: parcel.body.clone(),
        key: parcel.key,
        sent_at_ms: job.first_sent_at_ms.unwrap_or_default(),
        unchanged: job.unchanged,
    }
}
