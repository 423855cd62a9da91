//! The plane's state: which gate is open, and what answers change. Waits for nothing and writes nothing.

use std::time::Duration;

use chrono::{Local, TimeDelta};
use tokio::time::Instant;

use super::breaker::{Breaker, Gate};
use super::concurrency::Concurrency;
use super::told::{Allowances, Share};
use super::usage::Usage;
use super::{Closed, Health, PaceSettings, RunClock};
use crate::journal::RequestsMade;
use crate::model::RateLimit;
use crate::provider::{Halt, Profile, Quota};
use crate::submit::retry::backoff;
use crate::submit::window::{Ticket, Wait, Windows};

const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// Longest sleep before the wall clock is asked again: it may have been set.
const SLEEP_MAX: Duration = Duration::from_secs(60);

/// Whether one more request may start.
pub(super) enum Admission {
    Go(Ticket),
    Wait(Duration),
    WaitForChange,
    Closed(Closed),
}

/// What a request that has its permit does next.
pub(super) enum Step {
    /// It has left.
    Gone,
    Wait(Duration),
    WaitForChange,
    /// What it uses of long windows has to be written down first.
    Write,
    Closed(Closed),
}

pub(super) struct State {
    settings: PaceSettings,
    windows: Windows<RunClock>,
    share: Share,
    /// What headers tell of the main limit.
    told: Option<u32>,
    allowances: Allowances,
    breaker: Breaker,
    concurrency: Concurrency,
    usage: Option<Usage>,
    /// Requests that were let through and not given back.
    requests: u64,
    closed: Option<Closed>,
    /// Whether the provider did its work once in this run.
    was_well: bool,
    /// No request starts before.
    begins: Instant,
    paused_until: Option<Instant>,
    /// When the last throttling answer was taken to heart: older requests do not make the pause longer once more.
    paused_at: Option<Instant>,
    /// Throttling answers since the last other one, and when the first of them came.
    throttled: u32,
    throttled_since: Option<Instant>,
}

impl State {
    pub(super) fn new(profile: &Profile, settings: &PaceSettings, remembers: bool) -> Self {
        let begins = Instant::now();
        let windows = Windows::new(&profile.limits, profile.connect_timeout, RunClock(begins));
        Self {
            usage: Usage::of(windows.limits()).filter(|_| remembers),
            windows,
            share: Share::new(),
            told: None,
            allowances: Allowances::default(),
            breaker: Breaker::new(settings.breaker),
            concurrency: Concurrency::new(profile.in_flight_max),
            requests: 0,
            closed: None,
            was_well: false,
            begins,
            paused_until: None,
            paused_at: None,
            throttled: 0,
            throttled_since: None,
            settings: settings.clone(),
        }
    }

    /// Nothing starts before this time has passed.
    pub(super) fn begin_after(&mut self, rest: Duration) {
        self.begins = self.begins.max(Instant::now() + rest);
    }

    pub(super) fn remember(&mut self, window: Duration, ago: Duration, count: u32) {
        self.windows.remember(window, ago, count);
    }

    /// Asks every gate. `wall_ms` is the time on the wall, where somebody knows it.
    pub(super) fn admit(&mut self, now: Instant, wall_ms: Option<i64>) -> Admission {
        if let Some(closed) = &self.closed {
            return Admission::Closed(closed.clone());
        }
        match self.until_open(wall_ms) {
            None => {}
            Some(Ok(wait)) => return Admission::Wait(wait),
            Some(Err(halt)) => return Admission::Closed(self.pause_the_run(halt)),
        }
        if self.pause_end() > now {
            return Admission::Wait(self.pause_end() - now);
        }
        match self.breaker.gate(None, now) {
            Gate::Open => {}
            Gate::Until(until) => return Admission::Wait(until - now),
            Gate::AfterProbe => return Admission::WaitForChange,
        }
        if let Some(until) = self.allowances.until(now) {
            return Admission::Wait(until - now);
        }
        if let Some(most) = self.settings.requests_max.filter(|most| self.requests >= *most) {
            return Admission::Closed(self.pause_the_run(Halt {
                what: format!("the {most} requests that this run may make are made"),
                hint: "run the same command again: it goes on where this one stopped".into(),
            }));
        }
        match self.windows.take() {
            Ok(ticket) => {
                self.breaker.goes(ticket);
                self.allowances.take();
                self.requests += 1;
                Admission::Go(ticket)
            }
            Err(Wait::ForAnother) => Admission::WaitForChange,
            Err(Wait::For(wait)) if wait > self.settings.patience && !self.settings.wait => {
                Admission::Closed(self.pause_the_run(Halt {
                    what: format!("the account's limits ({}) are used up until {}", self.limits(), later(wait)),
                    hint: "run the same command again then, or add --wait to wait for it in this process".into(),
                }))
            }
            Err(Wait::For(wait)) => Admission::Wait(wait),
        }
    }

    /// How long the time window stays shut, or until the clock is asked again; an error where that ends the run. `None`: it is open.
    fn until_open(&self, wall_ms: Option<i64>) -> Option<Result<Duration, Halt>> {
        let (schedule, wall_ms) = (self.settings.schedule.as_ref()?, wall_ms?);
        let opening = schedule.opening_at(wall_ms)?;
        let wait = u64::try_from(opening.from_ms.saturating_sub(wall_ms)).ok().filter(|wait| *wait > 0)?;
        Some(if self.settings.wait {
            Ok(Duration::from_millis(wait).min(SLEEP_MAX))
        } else {
            Err(Halt {
                what: format!("the time window {schedule} is shut until {}", schedule.tell(opening.from_ms)),
                hint: "run the same command again then, or add --wait to wait for it in this process".into(),
            })
        })
    }

    fn limits(&self) -> String {
        let text = |limit: RateLimit| format!("{} requests in {} s", limit.requests, limit.window.as_secs_f64());
        self.windows.limits().map(text).collect::<Vec<_>>().join(", ")
    }

    fn pause_the_run(&mut self, halt: Halt) -> Closed {
        let closed = Closed::Paused(halt);
        self.close(closed.clone());
        closed
    }

    /// No further request. The first reason stands.
    pub(super) fn close(&mut self, closed: Closed) {
        self.closed.get_or_insert(closed);
    }

    pub(super) fn closed(&self) -> Option<Closed> {
        self.closed.clone()
    }

    /// A request that has its permit leaves now, unless something holds it back that began since.
    pub(super) fn start(&mut self, ticket: Ticket, now: Instant, wall_ms: Option<i64>) -> Step {
        if self.pause_end() > now {
            return Step::Wait(self.pause_end() - now);
        }
        // It may have been held back until the window closed.
        match self.until_open(wall_ms) {
            None => {}
            Some(Ok(wait)) => return Step::Wait(wait),
            Some(Err(halt)) => return Step::Closed(self.pause_the_run(halt)),
        }
        match self.breaker.gate(Some(ticket), now) {
            Gate::Open => {}
            Gate::Until(until) => return Step::Wait(until - now),
            Gate::AfterProbe => return Step::WaitForChange,
        }
        if let (Some(usage), Some(wall_ms)) = (&mut self.usage, wall_ms) {
            if !usage.wanted(wall_ms).is_empty() {
                return Step::Write;
            }
            usage.made();
        }
        self.breaker.goes(ticket);
        self.windows.started(ticket);
        Step::Gone
    }

    pub(super) fn answered(&mut self, ticket: Ticket, started: Option<Instant>, usable: bool, health: Health) {
        let now = Instant::now();
        self.windows.answered(ticket, usable);
        match health {
            Health::Well(took) => {
                self.breaker.well();
                self.was_well = true;
                if let (Some(started), Some(took)) = (started, took) {
                    self.concurrency.answered(started, now, took);
                }
            }
            Health::Failed => {
                self.breaker.failed(Some(ticket), now);
                self.concurrency.trouble(started.unwrap_or(now), now);
            }
            Health::Unknown => {}
        }
        self.breaker.gone(ticket);
    }

    /// A permit was dropped without a word.
    pub(super) fn dropped(&mut self, ticket: Ticket, started: bool) {
        self.breaker.gone(ticket);
        if started {
            self.windows.abandoned(ticket);
        } else {
            self.windows.given_back(ticket);
            self.allowances.give_back();
            self.requests = self.requests.saturating_sub(1);
        }
    }

    pub(super) fn throttled(&mut self, started: Instant, retry_after: Option<Duration>, quotas: &[Quota], now: Instant) {
        let before = self.windows.main().0.requests;
        self.heed(quotas, now);
        // A limit that was lowered under way explains the refusal: what is told needs no guess.
        let explained = self.windows.main().0.requests < before;
        self.throttled_since.get_or_insert(now);
        // Requests that were under way together are one offence.
        let known = self.paused_at.is_some_and(|paused_at| started < paused_at);
        let pause = match retry_after {
            Some(retry_after) => retry_after,
            None if known => return,
            None => {
                let random = backoff(self.throttled.saturating_add(1), PAUSE_MIN, PAUSE_MAX, fastrand::f64());
                random.max(Duration::from_millis(100))
            }
        };
        if !known {
            self.throttled = self.throttled.saturating_add(1);
            self.paused_at = Some(now);
            if !explained {
                self.share.offended(now);
                self.set_main_limit();
            }
        }
        self.pause_until(now + pause.min(Duration::from_secs(86_400)));
    }

    pub(super) fn accepted(&mut self, now: Instant) {
        self.throttled = 0;
        self.throttled_since = None;
        if self.share.accepted(now) {
            self.set_main_limit();
        }
    }

    /// What headers say of a window that we keep needs no second keeper; only a lower limit, or others who use the account too,
    /// are news.
    pub(super) fn heed(&mut self, quotas: &[Quota], now: Instant) {
        let (main, most) = self.windows.main();
        for quota in quotas {
            let ours = match quota.window {
                Some(window) => self.windows.limits().any(|limit| limit.window == window).then_some(window),
                None => (quota.reset <= main.window * 2).then_some(main.window),
            };
            let Some(window) = ours else {
                let under_way = u64::try_from(self.windows.under_way()).unwrap_or(u64::MAX);
                self.allowances.set(quota, quota.remaining.saturating_sub(under_way), now);
                continue;
            };
            match quota.limit {
                Some(limit) if window == main.window => {
                    self.told = Some(limit.min(most));
                    self.set_main_limit();
                }
                Some(limit) => self.windows.set_limit(window, limit),
                None => {}
            }
            let left = u64::try_from(self.windows.left(window)).unwrap_or(u64::MAX);
            if quota.remaining.saturating_add(1) < left {
                self.allowances.set(quota, quota.remaining, now);
            } else {
                self.allowances.lift(quota);
            }
        }
    }

    fn set_main_limit(&mut self) {
        let (main, most) = self.windows.main();
        let limit = self.share.of(most).min(self.told.unwrap_or(most));
        self.windows.set_limit(main.window, limit);
    }

    /// No request starts before.
    fn pause_end(&self) -> Instant {
        self.paused_until.map_or(self.begins, |until| until.max(self.begins))
    }

    pub(super) fn pause_until(&mut self, until: Instant) {
        self.paused_until = Some(self.paused_until.map_or(until, |known| known.max(until)));
    }

    pub(super) fn paused_for(&self, now: Instant) -> Option<Duration> {
        let left = self.paused_until?.saturating_duration_since(now);
        (!left.is_zero()).then_some(left)
    }

    pub(super) fn resting_for(&mut self, now: Instant) -> Option<Duration> {
        let latest = self.paused_until.max(self.breaker.open_until()).max(self.allowances.until(now))?;
        let left = latest.saturating_duration_since(now);
        (!left.is_zero()).then_some(left)
    }

    pub(super) fn throttled_for(&self) -> Option<Duration> {
        self.throttled_since.map(|since| since.elapsed())
    }

    /// Throttling answers since the last other one.
    #[cfg(test)]
    pub(super) fn offences(&self) -> u32 {
        self.throttled
    }

    pub(super) fn down_for(&self, now: Instant) -> Option<Duration> {
        self.breaker.down_for(now)
    }

    pub(super) fn was_well(&self) -> bool {
        self.was_well
    }

    pub(super) fn in_flight_max(&self) -> usize {
        self.concurrency.allowed()
    }

    pub(super) fn wanted(&self, now_ms: i64) -> Vec<RequestsMade> {
        self.usage.as_ref().map(|usage| usage.wanted(now_ms)).unwrap_or_default()
    }

    pub(super) fn written(&mut self, made: &[RequestsMade]) {
        if let Some(usage) = &mut self.usage {
            usage.written(made);
        }
    }

    /// What was written down and not used; it is forgotten here.
    pub(super) fn unused(&mut self) -> Option<RequestsMade> {
        let usage = self.usage.as_mut()?;
        let unused = usage.too_many();
        usage.taken_back();
        unused
    }
}

/// A time that lies so far ahead, on this machine's wall.
fn later(wait: Duration) -> String {
    let wait = TimeDelta::from_std(wait).ok();
    let at = wait.and_then(|wait| Local::now().checked_add_signed(wait));
    at.map_or_else(|| "much later".to_owned(), |at| at.format("%Y-%m-%d %H:%M").to_string())
}
