//! What the log is told while sending: events with run and line, never a client's value nor a provider's text. Who listens, and how
//! the events are written, is not known here.

use tracing::{info, warn};

use super::job::Job;
use super::{Ended, Pace};
use crate::provider::Verdict;

/// An answer to one request of a row. Good ones are no news: the report tells them.
pub(super) fn answered(run: &str, job: &Job, verdict: &Verdict, status: Option<u16>) {
    let (sheet, row, request) = (job.dispatch.place.sheet, job.dispatch.place.line, job.requests);
    match verdict {
        Verdict::Created(_) | Verdict::Existing(_) => {
            if request > 1 {
                info!(event = "settled", run, sheet, row, request, status, "a row that was tried again is settled");
            }
        }
        Verdict::Rejected(_) => info!(event = "rejected", run, sheet, row, request, status, "the provider refused a row"),
        Verdict::Throttled { retry_after } => {
            let wait_s = retry_after.map(|wait| wait.as_secs());
            warn!(event = "throttled", run, sheet, row, request, status, wait_s, "the provider asks for a slower pace");
        }
        Verdict::Transient(_) => warn!(event = "retry", run, sheet, row, request, status, "nothing was done; it is tried again"),
        Verdict::Unknown { .. } | Verdict::RefusedOnRepeat(_) => {
            warn!(event = "unknown", run, sheet, row, request, status, "nobody knows what became of the request");
        }
        Verdict::Halt(_) | Verdict::HaltInDoubt(_) => {
            warn!(event = "halting", run, sheet, row, request, status, "an answer that stops the run");
        }
    }
}

/// What the log was told of the desk before, so that it is told of changes only.
#[derive(Debug, Default)]
pub(super) struct DeskLog {
    is_down: bool,
    is_paused: bool,
    is_told: bool,
}

impl DeskLog {
    /// How the rate plane stands.
    pub(super) fn pace(&mut self, run: &str, pace: &Pace) {
        let down = pace.down_for();
        match (self.is_down, down) {
            (false, Some(_)) => warn!(event = "breaker_open", run, "failures in a row: requests pause, one at a time tries"),
            (true, None) => info!(event = "breaker_closed", run, "the provider answers again"),
            (false, None) | (true, Some(_)) => {}
        }
        let pause = pace.paused_for();
        match (self.is_paused, pause) {
            (false, Some(pause)) => warn!(event = "pause", run, seconds = pause.as_secs_f64(), "the provider asks for a pause"),
            (true, None) => info!(event = "pause_over", run, "requests go on"),
            (false, None) | (true, Some(_)) => {}
        }
        (self.is_down, self.is_paused) = (down.is_some(), pause.is_some());
    }

    /// Why no further request leaves. The first reason stands.
    pub(super) fn stops(&mut self, run: &str, ended: &Ended) {
        if std::mem::replace(&mut self.is_told, true) {
            return;
        }
        match ended {
            Ended::Finished | Ended::Limit => {}
            Ended::Interrupted => warn!(event = "interrupted", run, "somebody asked to stop; what is under way is waited for"),
            Ended::Halted(halt) => warn!(event = "halt", run, why = halt.what, "the run is stopped"),
            Ended::Paused(halt) => info!(event = "paused", run, why = halt.what, "the run is paused"),
        }
    }
}
