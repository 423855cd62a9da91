//! The circuit breaker: when nothing but failures comes back, requests stop, and one at a time asks whether the provider is there
//! again. Counts and decides; waits for nothing.

use std::time::Duration;

use tokio::time::Instant;

use super::super::window::Ticket;

/// How soon requests stop, and how often is asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerSettings {
    /// Failures in a row, of calls of any kind. 0: it never opens.
    pub failures: u32,
    /// First pause before one request tries again; doubles.
    pub pause: Duration,
    /// Longest such pause.
    pub pause_max: Duration,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self { failures: 5, pause: Duration::from_secs(5), pause_max: Duration::from_secs(60) }
    }
}

/// Whether a request may start, as far as the breaker goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    Open,
    Until(Instant),
    /// Not before the request that tries has its answer.
    AfterProbe,
}

#[derive(Debug)]
enum State {
    /// All is well, as far as is known.
    Closed,
    /// Nothing starts before.
    Open(Instant),
    /// One request may try.
    HalfOpen(Option<Ticket>),
}

#[derive(Debug)]
pub(super) struct Breaker {
    settings: BreakerSettings,
    state: State,
    /// Failures in a row, and since when.
    failures: u32,
    since: Option<Instant>,
    /// Pauses since it opened.
    pauses: u32,
}

impl Breaker {
    pub(super) fn new(settings: BreakerSettings) -> Self {
        Self { settings, state: State::Closed, failures: 0, since: None, pauses: 0 }
    }

    /// Whether a request may start now; `ticket` is its own, where it has one.
    pub(super) fn gate(&mut self, ticket: Option<Ticket>, now: Instant) -> Gate {
        match self.state {
            State::Closed => Gate::Open,
            State::Open(until) if until > now => Gate::Until(until),
            State::Open(_) => {
                self.state = State::HalfOpen(None);
                Gate::Open
            }
            State::HalfOpen(None) => Gate::Open,
            State::HalfOpen(probe) if probe == ticket => Gate::Open,
            State::HalfOpen(Some(_)) => Gate::AfterProbe,
        }
    }

    /// This request goes; while half open it is the one that tries.
    pub(super) fn goes(&mut self, ticket: Ticket) {
        if let State::HalfOpen(probe @ None) = &mut self.state {
            *probe = Some(ticket);
        }
    }

    /// It did not go, or nobody will tell how it went.
    pub(super) fn gone(&mut self, ticket: Ticket) {
        if let State::HalfOpen(probe) = &mut self.state
            && *probe == Some(ticket)
        {
            *probe = None;
        }
    }

    /// The provider works.
    pub(super) fn well(&mut self) {
        *self = Self::new(self.settings);
    }

    /// A request failed.
    pub(super) fn failed(&mut self, ticket: Option<Ticket>, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        self.since.get_or_insert(now);
        let opens = match self.state {
            State::Closed => self.settings.failures > 0 && self.failures >= self.settings.failures,
            // Those that were under way when it opened say nothing new.
            State::Open(_) | State::HalfOpen(None) => false,
            State::HalfOpen(probe) => probe == ticket,
        };
        if opens {
            let doubled = 2_u32.checked_pow(self.pauses).and_then(|factor| self.settings.pause.checked_mul(factor));
            self.state = State::Open(now + doubled.unwrap_or(self.settings.pause_max).min(self.settings.pause_max));
            self.pauses = self.pauses.saturating_add(1);
        }
    }

    /// Whether requests are held back.
    pub(super) fn is_tripped(&self) -> bool {
        match self.state {
            State::Closed => false,
            State::Open(_) | State::HalfOpen(_) => true,
        }
    }

    /// For how long there has been nothing but failures.
    pub(super) fn down_for(&self, now: Instant) -> Option<Duration> {
        self.since.filter(|_| self.is_tripped()).map(|since| now.saturating_duration_since(since))
    }

    /// Until when nothing starts.
    pub(super) fn open_until(&self) -> Option<Instant> {
        match self.state {
            State::Open(until) => Some(until),
            State::Closed | State::HalfOpen(_) => None,
        }
    }
}
