//! An answer comes to the desk: the row is done, or tries again, or is in doubt.

use std::time::Duration;

use tokio::time::Instant;

use super::Desk;
use crate::provider::Verdict;
use crate::submit::Ended;
use crate::submit::attempt::Came;
use crate::submit::job::Job;
use crate::submit::retry::{backoff, jittered};

impl Desk {
    /// What comes after an attempt.
    pub(super) fn next(&mut self, mut job: Job, came: Came) {
        let verdict = match came {
            Came::NotStarted => return,
            Came::TooLate => return self.doubt(job),
            Came::Barred => return self.done(job),
            Came::Answered(verdict) => verdict,
        };
        match verdict {
            Verdict::Created(_) | Verdict::Existing(_) => {
                self.counts.created += u64::from(matches!(verdict, Verdict::Created(_)));
                self.done(job);
                self.streaks.accepted();
                self.refusals.accepted();
            }
            Verdict::Rejected(refusal) => {
                self.counts.rejected += 1;
                self.done(job);
                // The first reason stands: that all are alike says more than that they are many.
                let alike = self.streaks.rejected(&refusal);
                if let Some(halt) = alike.or(self.refusals.rejected(&refusal)) {
                    self.stop(Ended::Halted(halt));
                }
            }
            Verdict::Throttled { .. } => {
                job.due = Instant::now();
                self.waiting.push(job);
            }
            Verdict::Transient(_) if job.unknown => {
                self.asked(&mut job);
                self.replay_later(job);
            }
            Verdict::Transient(why) => self.try_later(job, &why.message),
            Verdict::Unknown { .. } => {
                self.asked(&mut job);
                self.replay_later(job);
            }
            Verdict::RefusedOnRepeat(refusal) => {
                job.refused = Some(refusal);
                self.doubt(job);
            }
            Verdict::Halt(halt) | Verdict::HaltInDoubt(halt) => self.stop(Ended::Halted(halt)),
        }
    }

    /// The row is done for this run, whatever came of it.
    pub(super) fn done(&mut self, mut job: Job) {
        self.asked(&mut job);
        self.canary_is_back(&mut job);
        self.counts.settled += 1;
        self.claims.release(&job);
    }

    /// The request certainly did nothing. While the provider is down, that uses up no try: it is not the row's fault.
    fn try_later(&mut self, mut job: Job, why: &str) {
        if self.line.pace.down_for().is_none() {
            job.transient_tries += 1;
        }
        if job.transient_tries < self.settings.transient_tries.max(1) {
            let tries = job.transient_tries.max(1);
            let wait = backoff(tries, self.settings.backoff_base, self.settings.backoff_max, fastrand::f64());
            job.due = Instant::now() + wait;
            self.waiting.push(job);
        } else {
            self.done(job);
            self.unanswered(&format!("cannot be reached: {why}"));
        }
    }

    /// The same request again, in a while, to learn what became of it; else a look-up.
    fn replay_later(&mut self, mut job: Job) {
        let is_down = self.line.pace.down_for().is_some();
        // While the provider is down, the last delay stands for all further ones.
        let delay = self.settings.replay_delays.get(job.replays).or(self.settings.replay_delays.last().filter(|_| is_down));
        let wait = delay.map(|delay| jittered(*delay, fastrand::f64()));
        match wait {
            Some(wait) if self.may_repeat(&job, wait) => {
                job.replays += usize::from(!is_down);
                job.repeats = job.repeats.saturating_add(1);
                job.due = Instant::now() + wait;
                self.canary_is_back(&mut job);
                self.waiting.push(job);
            }
            Some(_) | None => {
                self.doubt(job);
                self.unanswered("gives no reliable answers");
            }
        }
    }

    /// Whether the same request may be sent again `ahead` from now, to learn what became of it.
    pub(super) fn may_repeat(&self, job: &Job, ahead: Duration) -> bool {
        let window = self.line.replay_window_of(&job.dispatch.operation);
        job.repeats < self.line.provider.profile().replays_max && job.can_replay(window, ahead, self.line.journal.now_ms())
    }

    fn unanswered(&mut self, what: &str) {
        if let Some(halt) = self.streaks.unanswered(what) {
            self.stop(Ended::Halted(halt));
        }
    }
}
