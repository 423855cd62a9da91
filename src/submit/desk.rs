//! The desk: takes rows, keeps requests in flight, decides after each answer what comes next. Sends nothing itself.

mod claims;
mod look_up;
mod preflight;
mod streaks;

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
use self::streaks::Streaks;
use super::attempt::{Came, Line, attempt};
use super::job::{Job, now_ms};
use super::pace::rest_after;
use super::retry::{backoff, jittered};
use super::sender::ProgressFn;
use super::{Dispatch, Ended, Pace, Progress, Sent, SubmitSettings};
use crate::journal::{Client, Journal, JournalError, RunId, State};
use crate::model::Identity;
use crate::provider::{Halt, Provider, Verdict};

/// What the desk is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Send what is new, resolve what is unknown.
    Send,
    /// Only resolve what is unknown.
    Resolve,
}

type Attempted = (Job, Result<Came, JournalError>);

pub(super) struct Desk<'a> {
    line: Arc<Line>,
    rows: Receiver<Dispatch>,
    rows_ended: bool,
    limited: bool,
    settings: &'a SubmitSettings,
    mode: Mode,
    cancel: CancellationToken,
    progress: ProgressFn,
    in_flight_max: usize,
    in_flight: JoinSet<Attempted>,
    /// Rows whose next request has its time.
    waiting: Vec<Job>,
    /// Rows whose outcome only a look-up can tell.
    doubtful: Vec<Job>,
    claims: Claims,
    streaks: Streaks,
    preflown: bool,
    new_clients: u64,
    counts: Progress,
    ended: Option<Ended>,
    broken: Option<JournalError>,
}

impl<'a> Desk<'a> {
    #[allow(clippy::too_many_arguments)]
    pub(super) fn new(
        provider: Arc<dyn Provider>,
        journal: &Journal,
        run: &RunId,
        rows: Receiver<Dispatch>,
        settings: &'a SubmitSettings,
        mode: Mode,
        cancel: CancellationToken,
        progress: ProgressFn,
    ) -> Self {
        let profile = provider.profile();
        let line = Line {
            pace: Pace::new(profile),
            replay_window: profile.replay_window.map(|window| window.min(settings.replay_window)),
            journal: journal.clone(),
            run: run.clone(),
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
            settings,
            mode,
            cancel,
            progress,
            in_flight: JoinSet::new(),
            waiting: Vec::new(),
            doubtful: Vec::new(),
            claims: Claims::default(),
            streaks: Streaks::new(settings.same_rejection_stop, settings.no_answer_stop),
            preflown: false,
            new_clients: 0,
            counts: Progress::default(),
            ended: None,
            broken: None,
        }
    }

    /// Works until the rows end or something stops it; nothing is in flight any more when it returns.
    pub(super) async fn work(mut self) -> Result<Sent, JournalError> {
        let last_ms = self.line.journal.last_request_at_ms()?;
        self.line.pace.begin_after(rest_after(last_ms, now_ms(), self.line.provider.profile().window));
        loop {
            self.pump().await;
            if self.stopping() || self.doubtful.is_empty() {
                break;
            }
            self.look_up().await;
        }
        self.tell();
        let otherwise = if self.limited { Ended::Limit } else { Ended::Finished };
        match self.broken {
            Some(error) => Err(error),
            None => Ok(Sent { ended: self.ended.unwrap_or(otherwise), requests: self.line.requests() }),
        }
    }

    /// Keeps requests in flight until there is nothing left to send, or too much to look up, and waits for the last of them.
    async fn pump(&mut self) {
        loop {
            for row in self.claims.freed() {
                if !self.stopping() {
                    self.take(row).await;
                }
            }
            self.start_due();
            let room = !self.stopping() && self.in_flight.len() < self.in_flight_max;
            let may_take = room
                && !self.rows_ended
                && self.waiting.len() + self.claims.parked() < self.settings.waiting_max.max(1)
                && self.doubtful.len() < self.settings.look_up_rows_max.max(1);
            let next_due = if room { self.waiting.iter().map(|job| job.due).min() } else { None };
            if self.in_flight.is_empty() && next_due.is_none() && !may_take {
                return;
            }
            tokio::select! {
                biased;
                () = self.cancel.cancelled(), if !self.stopping() => self.stop(Ended::Interrupted),
                Some(joined) = self.in_flight.join_next(), if !self.in_flight.is_empty() => self.finished(joined),
                () = sleep_until(next_due.unwrap_or_else(Instant::now)), if next_due.is_some() => {}
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

    fn start_due(&mut self) {
        let now = Instant::now();
        while !self.stopping() && self.in_flight.len() < self.in_flight_max {
            let due = self.waiting.iter().enumerate().filter(|(_, job)| job.due <= now).min_by_key(|(_, job)| job.due);
            let Some((position, _)) = due else { return };
            let job = self.waiting.swap_remove(position);
            self.in_flight.spawn(attempt(Arc::clone(&self.line), job));
        }
    }

    /// What the row needs by the journal: to be sent, to be resolved, or nothing.
    async fn take(&mut self, row: Dispatch) {
        let identities: Vec<Identity> = row.parcel.identities.iter().map(|(identity, _)| *identity).collect();
        let known = match self.line.journal.client(&identities) {
            Ok(known) => known,
            Err(error) => return self.break_off(error),
        };
        if self.claims.stand_against(&row, known.as_ref()) {
            return self.claims.park(row);
        }
        match self.judge(&row, known.as_ref()) {
            Step::Leave => self.counts.settled += 1,
            Step::Send => {
                if self.settings.limit.is_some_and(|limit| self.new_clients >= limit) {
                    // What was begun is still brought to its end.
                    self.rows_ended = true;
                    self.limited = true;
                    self.counts.taken -= 1;
                    return;
                }
                if self.preflight().await {
                    self.new_clients += 1;
                    let mut job = Job::new(row);
                    job.claimed = known.map(|client| client.id);
                    self.claims.claim(&job);
                    self.waiting.push(job);
                }
            }
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
        self.claims.claim(&job);
        // Every attempt but the first may have been a repeat.
        job.repeats = usize::try_from(client.attempts.saturating_sub(1)).unwrap_or(usize::MAX);
        if self.may_repeat(&job, Duration::ZERO) {
            job.repeats = job.repeats.saturating_add(1);
            self.waiting.push(job);
        } else {
            self.doubtful.push(job);
        }
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
    }

    /// What comes after an attempt.
    fn next(&mut self, mut job: Job, came: Came) {
        let verdict = match came {
            Came::NotStarted => return,
            Came::TooLate => return self.doubtful.push(job),
            Came::Barred => return self.done(&job),
            Came::Answered(verdict) => verdict,
        };
        match verdict {
            Verdict::Created(_) | Verdict::Existing(_) => {
                self.counts.created += u64::from(matches!(verdict, Verdict::Created(_)));
                self.done(&job);
                self.streaks.accepted();
            }
            Verdict::Rejected(refusal) => {
                self.counts.rejected += 1;
                self.done(&job);
                if let Some(halt) = self.streaks.rejected(&refusal) {
                    self.stop(Ended::Halted(halt));
                }
            }
            Verdict::Throttled { .. } => {
                job.due = Instant::now();
                self.waiting.push(job);
            }
            Verdict::Transient(_) if job.unknown => self.replay_later(job),
            Verdict::Transient(why) => {
                job.transient_tries += 1;
                if job.transient_tries < self.settings.transient_tries {
                    let wait =
                        backoff(job.transient_tries, self.settings.backoff_base, self.settings.backoff_max, fastrand::f64());
                    job.due = Instant::now() + wait;
                    self.waiting.push(job);
                } else {
                    self.done(&job);
                    self.unanswered(&format!("cannot be reached: {}", why.message));
                }
            }
            Verdict::Unknown { .. } => self.replay_later(job),
            Verdict::RefusedOnRepeat(refusal) => {
                job.refused = Some(refusal);
                self.doubtful.push(job);
            }
            Verdict::Halt(halt) | Verdict::HaltInDoubt(halt) => self.stop(Ended::Halted(halt)),
        }
        self.check_pauses();
    }

    /// The row is done for this run, whatever came of it.
    fn done(&mut self, job: &Job) {
        self.counts.settled += 1;
        self.claims.release(job);
    }

    /// The same request again, in a while, to learn what became of it; else a look-up.
    fn replay_later(&mut self, mut job: Job) {
        let delay = self.settings.replay_delays.get(job.replays);
        let wait = delay.map(|delay| jittered(*delay, fastrand::f64()));
        match wait {
            Some(wait) if self.may_repeat(&job, wait) => {
                job.replays += 1;
                job.repeats = job.repeats.saturating_add(1);
                job.due = Instant::now() + wait;
                self.waiting.push(job);
            }
            Some(_) | None => {
                self.doubtful.push(job);
                self.unanswered("gives no reliable answers");
            }
        }
    }

    /// Whether the same request may be sent again `ahead` from now, to learn what became of it.
    fn may_repeat(&self, job: &Job, ahead: Duration) -> bool {
        job.repeats < self.line.provider.profile().replays_max
            && job.can_replay(self.line.replay_window_of(&job.dispatch.operation), ahead)
    }

    fn unanswered(&mut self, what: &str) {
        if let Some(halt) = self.streaks.unanswered(what) {
            self.stop(Ended::Halted(halt));
        }
    }

    /// Pauses that are longer than anybody waits end the run; it can be continued.
    fn check_pauses(&mut self) {
        let most = self.settings.throttle_max;
        let pause = self.line.pace.paused_for().filter(|pause| *pause > most);
        let series = self.line.pace.throttled_for().filter(|series| *series > most);
        let what = match (pause, series) {
            (Some(pause), _) => format!("the provider asks for a pause of {} s", pause.as_secs()),
            (None, Some(series)) => {
                format!("the provider has asked for a slower pace for {} s without a pause", series.as_secs())
            }
            (None, None) => return,
        };
        self.stop(Ended::Halted(Halt {
            what,
            hint: "run the same command again later; ask the provider whether the account's quota is used up".into(),
        }));
    }

    fn stopping(&self) -> bool {
        self.ended.is_some() || self.broken.is_some()
    }

    /// No new request from now on. The first reason stands.
    fn stop(&mut self, ended: Ended) {
        self.ended.get_or_insert(ended);
        self.line.stop.cancel();
    }

    fn break_off(&mut self, error: JournalError) {
        self.broken.get_or_insert(error);
        self.line.stop.cancel();
    }

    fn tell(&mut self) {
        let requests = self.line.requests();
        (self.progress)(Progress {
            requests: requests.sent,
            retried: requests.retried,
            throttled: requests.throttled,
            in_flight: self.in_flight.len(),
            waiting: self.waiting.len() + self.doubtful.len() + self.claims.parked(),
            paused_for: self.line.pace.paused_for(),
            ..self.counts
        });
    }
}

enum Step<'c> {
    Leave,
    Send,
    Resolve(&'c Client),
}
