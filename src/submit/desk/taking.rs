//! A row comes to the desk: what it needs by the journal, and whether it may have it yet.

use std::time::Duration;

use tokio::time::Instant;

use super::{Desk, Mode};
use crate::journal::{Client, State};
use crate::model::Identity;
use crate::submit::job::Job;
use crate::submit::{Dispatch, Ended};

enum Step<'c> {
    Leave,
    Send,
    Resolve(&'c Client),
}

impl Desk {
    /// What the row needs by the journal: to be sent, to be resolved, or nothing.
    pub(super) async fn take(&mut self, row: Dispatch) {
        let identities: Vec<Identity> = row.parcel.identities.iter().map(|(identity, _)| *identity).collect();
        let known = match self.line.journal.client(&identities) {
            Ok(known) => known,
            Err(error) => return self.break_off(error),
        };
        if self.claims.has(&row) {
            // Rows in doubt come first, and come again in their place.
            self.counts.taken -= 1;
            return;
        }
        if self.claims.stand_against(&row, known.as_ref()) {
            return self.claims.park(row);
        }
        match self.judge(&row, known.as_ref()) {
            Step::Leave => self.counts.settled += 1,
            Step::Send => self.send(row, known).await,
            Step::Resolve(client) => {
                if self.preflight().await {
                    self.resolve(row, client);
                }
            }
        }
    }

    fn judge<'c>(&self, row: &Dispatch, known: Option<&'c Client>) -> Step<'c> {
        let send = match self.mode {
            Mode::Send => Step::Send,
            Mode::Resolve => Step::Leave,
        };
        let Some(client) = known else { return send };
        match client.state {
            State::New | State::Idle => send,
            // Another row of this run is the same client and is on its way.
            State::Sending | State::Resending => Step::Leave,
            State::Created | State::Existing => Step::Leave,
            State::Rejected if client.key == row.parcel.key => Step::Leave,
            State::Rejected => send,
            State::Unknown => Step::Resolve(client),
        }
    }

    async fn send(&mut self, row: Dispatch, known: Option<Client>) {
        if self.settings.limit.is_some_and(|limit| self.new_clients >= limit) {
            // What was begun is still brought to its end.
            self.rows_ended = true;
            self.limited = true;
            self.counts.taken -= 1;
            return;
        }
        if self.holds_new_rows() {
            return self.held.push(row);
        }
        if let Some(halt) = self.refusals.verdict(self.new_clients) {
            self.counts.taken -= 1;
            return self.stop(Ended::Halted(halt));
        }
        if self.preflight().await {
            let mut job = Job::new(row);
            job.claimed = known.map(|client| client.id);
            job.canary = self.refusals.is_canary(self.new_clients);
            if job.canary {
                self.refusals.canary_goes();
            }
            self.new_clients += 1;
            self.claims.claim(&job);
            self.waiting.push(job);
        }
    }

    /// Whether new rows have to wait: clients that an earlier run left open are asked about first, and the first clients of this
    /// run are judged before the others follow.
    pub(super) fn holds_new_rows(&self) -> bool {
        if self.stopping() {
            return false;
        }
        let something_is_open = !self.in_flight.is_empty() || !self.waiting.is_empty() || !self.doubts.is_empty();
        let first = self.unasked > 0 && self.begun.elapsed() < self.settings.resolve_first_max;
        something_is_open && (first || self.refusals.holds(self.new_clients))
    }

    fn resolve(&mut self, row: Dispatch, client: &Client) {
        let mut job = Job::new(row);
        let parcel = &job.dispatch.parcel;
        job.unchanged =
            client.key == parcel.key && client.digests == parcel.digests && *client.operation == *job.dispatch.operation;
        job.client = Some(client.id);
        job.claimed = Some(client.id);
        job.unknown = true;
        job.unknown_before = true;
        job.first_sent_at_ms = Some(client.first_sent_at_ms);
        job.unasked = true;
        self.unasked += 1;
        self.claims.claim(&job);
        // Every attempt but the first may have been a repeat.
        job.repeats = usize::try_from(client.attempts.saturating_sub(1)).unwrap_or(usize::MAX);
        if self.may_repeat(&job, Duration::ZERO) {
            job.repeats = job.repeats.saturating_add(1);
            self.waiting.push(job);
        } else {
            self.doubt(job);
        }
    }

    /// Only a look-up can tell what became of the row.
    pub(super) fn doubt(&mut self, mut job: Job) {
        self.canary_is_back(&mut job);
        let now = Instant::now();
        (job.doubted, job.look_ups) = (now, 0);
        let delay = self.look_up_delays().first().copied().unwrap_or_default();
        self.doubts.push(job, now + delay);
    }

    /// Somebody was asked about this row.
    pub(super) fn asked(&mut self, job: &mut Job) {
        if std::mem::replace(&mut job.unasked, false) {
            self.unasked = self.unasked.saturating_sub(1);
        }
    }

    /// The row says nothing more about whether the others may follow.
    pub(super) fn canary_is_back(&mut self, job: &mut Job) {
        if std::mem::replace(&mut job.canary, false) {
            self.refusals.canary_is_back();
        }
    }
}
