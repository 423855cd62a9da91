//! Asks the provider about clients whose outcome no repeat could tell. Only two look-ups, some time apart, prove absence.

use std::sync::{Mutex, PoisonError};

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{Desk, Mode};
use crate::journal::{Event, JournalError, Provenance};
use crate::model::NOT_FOUND;
use crate::provider::{Absence, Found, Wanted};
use crate::submit::Ended;
use crate::submit::attempt::refusal;
use crate::submit::job::Job;

impl Desk<'_> {
    /// Settles what can be settled. Nothing is in flight meanwhile.
    pub(super) async fn look_up(&mut self) {
        let mut absent = std::mem::take(&mut self.doubtful);
        for delay in self.look_up_delays() {
            tokio::select! {
                biased;
                () = self.cancel.cancelled() => return self.stop(Ended::Interrupted),
                () = sleep(delay) => {}
            }
            absent = self.pass(absent).await;
            if absent.is_empty() || self.stopping() {
                return;
            }
        }
        for job in absent {
            if self.stopping() {
                return;
            }
            self.proved_absent(job).await;
        }
    }

    /// How long to wait before each look-up. The user's gap is the longest of them.
    fn look_up_delays(&self) -> Vec<Duration> {
        let gap = self.settings.look_up_gap;
        match &self.line.provider.profile().look_up_delays[..] {
            [] => vec![Duration::ZERO, gap],
            delays => delays.iter().map(|delay| gap.min(*delay)).collect(),
        }
    }

    /// One look-up; the clients that were not found. Whatever is not decided stays unknown in the journal.
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
                    Ok(Provenance::Ours) => self.found_created(&job, id).await,
                    Ok(Provenance::Uncertain | Provenance::BeforeUs) => {
                        self.settle(&job, Event::Existing { remote_id: Some(id), remark: None }).await;
                    }
                    Err(error) => self.break_off(error),
                },
                Found::ByUs(id) => self.found_created(&job, id).await,
                Found::BeforeUs(id) => self.settle(&job, Event::Existing { remote_id: Some(id), remark: None }).await,
                Found::Several(ids) => {
                    let why = format!("several clients of the provider could be this one: {}", ids.join(", "));
                    self.settle(&job, Event::Unknown(refusal("several_found", &why))).await;
                }
                Found::Absent => absent.push(job),
                // The journal keeps the first reason, which says more.
                Found::CannotAsk(_) => self.done(&job),
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
            return self.settle(&job, Event::Unknown(refusal("changed_since_sent", why))).await;
        }
        if let Some(refusal) = job.refused.take() {
            self.counts.rejected += 1;
            return self.settle(&job, Event::Rejected(refusal)).await;
        }
        let may_go_again = match self.line.provider.profile().absence {
            Absence::Resend => true,
            Absence::ResendNextRun => job.unknown_before,
            Absence::Nothing => false,
        };
        if job.sent_again || !may_go_again {
            return self.done(&job);
        }
        let why = refusal(NOT_FOUND, "two look-ups did not find the client: it was not created");
        if !self.record(&job, Event::NotDone(why)).await {
            return;
        }
        if self.mode == Mode::Resolve {
            return self.done(&job);
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
    async fn found_created(&mut self, job: &Job, remote_id: Box<str>) {
        let identities: Vec<_> = job.dispatch.parcel.identities.iter().map(|(identity, _)| *identity).collect();
        let known = match self.line.journal.client(&identities) {
            Ok(known) => known,
            Err(error) => return self.break_off(error),
        };
        let remark = known.and_then(|client| self.line.provider.remark_of_doubt(client.refusal.as_ref()?));
        self.counts.created += 1;
        self.settle(job, Event::Created { remote_id, remark }).await;
    }

    async fn settle(&mut self, job: &Job, event: Event) {
        if self.record(job, event).await {
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
