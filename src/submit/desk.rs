//! The desk: takes rows, keeps requests in flight, decides after each answer what comes next. Sends nothing itself.

mod answers;
mod claims;
mod doubts;
mod look_up;
mod preflight;
mod refusals;
mod streaks;
mod taking;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tokio::sync::mpsc::Receiver;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use self::claims::Claims;
use self::doubts::Doubts;
use self::refusals::Refusals;
use self::streaks::Streaks;
use super::attempt::{Came, Line, attempt};
use super::job::Job;
use super::log::DeskLog;
use super::pace::Closed;
use super::sender::{Errand, ProgressFn};
use super::{Dispatch, Ended, Pace, Progress, Sent, SubmitSettings};
use crate::journal::JournalError;
use crate::provider::Halt;

/// Longest outage of a provider that has given no good answer in this run yet.
const NEVER_UP_MAX: Duration = Duration::from_secs(60);

/// What the desk is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Send what is new, resolve what is unknown.
    Send,
    /// Only resolve what is unknown.
    Resolve,
}

type Attempted = (Job, Result<Came, JournalError>);

/// Why the desk has nothing in flight.
enum Pause {
    /// A look-up is due.
    LookUp,
    /// Nothing is left to do, or nothing more may be done.
    End,
}

pub(super) struct Desk {
    line: Arc<Line>,
    rows: Receiver<Dispatch>,
    rows_ended: bool,
    limited: bool,
    settings: SubmitSettings,
    mode: Mode,
    cancel: CancellationToken,
    progress: ProgressFn,
    in_flight_max: usize,
    in_flight: JoinSet<Attempted>,
    /// Rows whose next request has its time.
    waiting: Vec<Job>,
    /// New rows that may not go yet: the first ones are not judged, or clients in doubt come first.
    held: Vec<Dispatch>,
    /// Rows whose outcome only a look-up can tell.
    doubts: Doubts,
    claims: Claims,
    streaks: Streaks,
    refusals: Refusals,
    /// Clients that an earlier run left open and that nobody has asked about in this one.
    unasked: usize,
    begun: Instant,
    preflown: bool,
    new_clients: u64,
    counts: Progress,
    ended: Option<Ended>,
    broken: Option<JournalError>,
    log: DeskLog,
}

impl Desk {
    pub(super) fn new(
        errand: Errand,
        pace: Pace,
        rows: Receiver<Dispatch>,
        mode: Mode,
        cancel: CancellationToken,
        progress: ProgressFn,
    ) -> Self {
        let Errand { provider, logbook, run, settings } = errand;
        let profile = provider.profile();
        let line = Line {
            pace,
            replay_window: profile.replay_window.map(|window| window.min(settings.replay_window)),
            journal: logbook,
            run,
            stop: CancellationToken::new(),
            sent: AtomicU64::new(0),
            retried: AtomicU64::new(0),
            throttled: AtomicU64::new(0),
            claimed: Mutex::new(HashSet::new()),
            provider: Arc::clone(&provider),
        };
        Self {
            in_flight_max: settings.in_flight_max.min(profile.in_flight_max).max(1),
            line: Arc::new(line),
            rows,
            rows_ended: false,
            limited: false,
            mode,
            cancel,
            progress,
            in_flight: JoinSet::new(),
            waiting: Vec::new(),
            held: Vec::new(),
            doubts: Doubts::new(settings.look_up_share),
            claims: Claims::default(),
            streaks: Streaks::new(settings.same_rejection_stop, settings.no_answer_stop),
            refusals: Refusals::new(settings.canary, settings.rejected_max),
            unasked: 0,
            begun: Instant::now(),
            preflown: false,
            new_clients: 0,
            counts: Progress::default(),
            ended: None,
            broken: None,
            log: DeskLog::default(),
            settings,
        }
    }

    /// Works until the rows end or something stops it; nothing is in flight any more when it returns.
    pub(super) async fn work(mut self) -> Result<Sent, JournalError> {
        while let Pause::LookUp = self.pump().await {
            self.look_up().await;
        }
        self.tell();
        if let Err(error) = self.line.pace.settle().await {
            self.break_off(error);
        }
        let otherwise = if self.limited { Ended::Limit } else { Ended::Finished };
        match self.broken {
            Some(error) => Err(error),
            None => Ok(Sent { ended: self.ended.unwrap_or(otherwise), requests: self.line.requests() }),
        }
    }

    /// Keeps requests in flight until a look-up is due or there is nothing left, and waits for the last of them.
    async fn pump(&mut self) -> Pause {
        loop {
            self.take_again().await;
            let look_up_due = !self.stopping() && self.look_up_is_due();
            if self.in_flight.is_empty() && look_up_due {
                return Pause::LookUp;
            }
            let free = !self.stopping() && !look_up_due;
            if free {
                self.start_due();
            }
            let room = free && self.in_flight.len() < self.in_flight_now();
            let may_take = room
                && !self.rows_ended
                && self.held.is_empty()
                && self.waiting.len() + self.claims.parked() < self.settings.waiting_max.max(1)
                && self.doubts.len() < self.settings.look_up_rows_max.max(1);
            let next_request = if room { self.waiting.iter().map(|job| job.due).min() } else { None };
            let next_look_up = if free { self.doubts.next_due() } else { None };
            let wake = next_request.into_iter().chain(next_look_up.filter(|due| *due > Instant::now())).min();
            if self.in_flight.is_empty() && wake.is_none() && !may_take {
                return Pause::End;
            }
            tokio::select! {
                biased;
                () = self.cancel.cancelled(), if !self.line.stop.is_cancelled() => self.stop(Ended::Interrupted),
                Some(joined) = self.in_flight.join_next(), if !self.in_flight.is_empty() => self.finished(joined),
                () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => {}
                row = self.rows.recv(), if may_take => match row {
                    Some(row) => {
                        self.counts.taken += 1;
                        self.take(row).await;
                    }
                    None => self.rows_ended = true,
                },
            }
            self.tell();
        }
    }

    /// Judges rows anew that had to wait: for another row of their client, for the verdict on the first ones, for look-ups.
    async fn take_again(&mut self) {
        let mut again = self.claims.freed();
        if !self.held.is_empty() && !self.holds_new_rows() {
            again.append(&mut self.held);
        }
        for row in again {
            if self.stopping() {
                return;
            }
            self.take(row).await;
        }
    }

    fn start_due(&mut self) {
        let now = Instant::now();
        while !self.stopping() && self.in_flight.len() < self.in_flight_now() {
            let due = self.waiting.iter().enumerate().filter(|(_, job)| job.due <= now).min_by_key(|(_, job)| job.due);
            let Some((position, _)) = due else { return };
            let job = self.waiting.swap_remove(position);
            self.in_flight.spawn(attempt(Arc::clone(&self.line), job));
        }
    }

    /// Requests that may be under way at once, as the provider bears it now.
    fn in_flight_now(&self) -> usize {
        self.in_flight_max.min(self.line.pace.in_flight_max()).max(1)
    }

    fn finished(&mut self, joined: Result<Attempted, JoinError>) {
        match joined {
            Ok((job, Ok(came))) => self.next(job, came),
            Ok((_, Err(error))) => self.break_off(error),
            // The row stands in the journal as sending, which the next run reads as unknown.
            Err(_) => self.stop(Ended::Halted(Halt {
                what: "a request ended in a mistake of this program".into(),
                hint: "run the same command again; please report it with the program's version".into(),
            })),
        }
        self.check_plane();
    }

    /// Whether the plane lets anything through in this run. Pauses that are longer than anybody waits end the run; it can be
    /// continued.
    fn check_plane(&mut self) {
        match self.line.pace.closed() {
            Some(Closed::Paused(halt)) => return self.stop(Ended::Paused(halt)),
            Some(Closed::Broken(error)) => return self.break_off(error),
            None => {}
        }
        let most = self.settings.throttle_max;
        let patient = |pause: &Duration| *pause > most && !self.settings.pace.wait;
        let pause = self.line.pace.paused_for().filter(patient);
        let series = self.line.pace.throttled_for().filter(|series| *series > most);
        // Who never answered may have another address.
        let outage_max =
            if self.line.pace.was_well() { self.settings.outage_max } else { self.settings.outage_max.min(NEVER_UP_MAX) };
        let down = self.line.pace.down_for().filter(|down| *down > outage_max);
        let (what, hint) = match (pause, series, down) {
            (Some(pause), _, _) => (
                format!("the provider asks for a pause of {} s", pause.as_secs()),
                "ask the provider whether the account's quota is used up",
            ),
            (None, Some(series), _) => (
                format!("the provider has asked for a slower pace for {} s without a pause", series.as_secs()),
                "ask the provider whether the account's quota is used up",
            ),
            (None, None, Some(down)) => (
                format!("the provider cannot be reached or fails: {} s without a good answer", down.as_secs()),
                "check network, VPN and proxy, and the provider's status page",
            ),
            (None, None, None) => return,
        };
        self.stop(Ended::Halted(Halt { what, hint: format!("{hint}; run the same command again later") }));
    }

    fn stopping(&self) -> bool {
        self.ended.is_some() || self.broken.is_some()
    }

    /// No new request from now on. The first reason stands. When the run only pauses, requests that were let through still leave:
    /// they are a part of what it may make.
    fn stop(&mut self, ended: Ended) {
        self.log.stops(&self.line.run, &ended);
        let lets_go = matches!(ended, Ended::Paused(_));
        self.ended.get_or_insert(ended);
        if !lets_go {
            self.line.stop.cancel();
        }
    }

    fn break_off(&mut self, error: JournalError) {
        self.broken.get_or_insert(error);
        self.line.stop.cancel();
    }

    fn tell(&mut self) {
        let requests = self.line.requests();
        self.log.pace(&self.line.run, &self.line.pace);
        (self.progress)(Progress {
            requests: requests.sent,
            retried: requests.retried,
            throttled: requests.throttled,
            in_flight: self.in_flight.len(),
            waiting: self.waiting.len() + self.held.len() + self.doubts.len() + self.claims.parked(),
            paused_for: self.line.pace.resting_for(),
            ..self.counts
        });
    }
}
