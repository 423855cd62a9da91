//! The one rate plane of an account: every request, of whatever kind, takes its slot here. Does not send anything.
//!
//! A slot is given when all gates are open: the daily time window, pauses that the provider asked for, the circuit breaker, what
//! quota headers leave, the run's budget of requests, and the sliding windows of all limits.

mod breaker;
mod concurrency;
mod gates;
mod permit;
mod settings;
mod told;
mod usage;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::clock::Clock;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use self::gates::{Admission, State};
use super::logbook::Logbook;
use super::window::{EXACT_MAX, TRANSIT_MAX};
use crate::journal::JournalError;
use crate::provider::{Halt, Profile, Quota};

pub use self::breaker::BreakerSettings;
pub use self::permit::Permit;
pub use self::settings::PaceSettings;

/// The plane's clock begins so late that the longest window before it can be told.
const CLOCK_BEGINS: Duration = Duration::from_secs(400 * 86_400);

/// Whoever waits for a change looks again after so long, should it have missed one.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// tokio's clock, so that tests can turn it.
#[derive(Clone, Copy, Debug)]
struct RunClock(Instant);

impl Clock for RunClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed() + CLOCK_BEGINS
    }
}

/// Why no further request may start in this run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closed {
    /// The time window ended, or a budget of requests is used up; the same command goes on later.
    Paused(Halt),
    /// What has to be written down before a request cannot be.
    Broken(JournalError),
}

/// How an exchange went, for the breaker and for how many may be under way at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// The provider did its work, in this time where it was one request.
    Well(Option<Duration>),
    /// It gave no answer, or one that says that it is in trouble.
    Failed,
    /// Nobody can say.
    Unknown,
}

/// The rate plane. Clones share it.
#[derive(Clone)]
pub struct Pace(Arc<Plane>);

struct Plane {
    state: Mutex<State>,
    account: Box<str>,
    logbook: Option<Arc<dyn Logbook>>,
    /// Whoever holds it is the next to start; the others queue in order.
    turnstile: tokio::sync::Mutex<()>,
    /// Whoever holds it writes down what will be used.
    writing: tokio::sync::Mutex<()>,
    changed: Notify,
}

impl std::fmt::Debug for Pace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pace").finish_non_exhaustive()
    }
}

impl Pace {
    /// A plane that keeps this provider's limits and remembers nothing of earlier runs.
    #[must_use]
    pub fn new(profile: &Profile) -> Self {
        Self::build(profile, &PaceSettings::default(), None)
    }

    /// A plane that also keeps what the user allows, and what earlier runs have used of the account's limits.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn open(profile: &Profile, settings: &PaceSettings, logbook: &Arc<dyn Logbook>) -> Result<Self, JournalError> {
        let pace = Self::build(profile, settings, Some(Arc::clone(logbook)));
        let now_ms = logbook.now_ms();
        let last_ms = logbook.last_request_at_ms()?;
        let mut state = pace.state();
        for window in profile.limits.iter().map(|limit| limit.window) {
            if window <= EXACT_MAX {
                state.begin_after(rest_after(last_ms, now_ms, window));
                continue;
            }
            let since_ms = now_ms.saturating_sub(i64::try_from(window.as_millis()).unwrap_or(i64::MAX));
            for made in logbook.requests_since(&settings.account, since_ms)? {
                // A time in the future means that the clock was turned back: nobody knows how long ago it is.
                let ago = u64::try_from(now_ms.saturating_sub(made.until_ms)).map_or(Duration::ZERO, Duration::from_millis);
                state.remember(window, ago, u32::try_from(made.count).unwrap_or(0));
            }
        }
        drop(state);
        Ok(pace)
    }

    fn build(profile: &Profile, settings: &PaceSettings, logbook: Option<Arc<dyn Logbook>>) -> Self {
        Self(Arc::new(Plane {
            state: Mutex::new(State::new(profile, settings, logbook.is_some())),
            account: settings.account.clone(),
            logbook,
            turnstile: tokio::sync::Mutex::new(()),
            writing: tokio::sync::Mutex::new(()),
            changed: Notify::new(),
        }))
    }

    /// Nothing starts before this time has passed.
    pub fn begin_after(&self, rest: Duration) {
        self.state().begin_after(rest);
    }

    /// Waits until one more request may start. The permit counts as a request until it is dropped without a start.
    ///
    /// # Errors
    /// When none may in this run.
    pub async fn slot(&self) -> Result<Permit, Closed> {
        let _turn = self.0.turnstile.lock().await;
        loop {
            let admission = self.state().admit(Instant::now(), self.0.logbook.as_ref().map(|logbook| logbook.now_ms()));
            match admission {
                Admission::Go(ticket) => return Ok(Permit::new(self.clone(), ticket)),
                Admission::Closed(closed) => return Err(closed),
                Admission::Wait(wait) => self.wait(wait).await,
                Admission::WaitForChange => self.wait(LOOK_AGAIN).await,
            }
        }
    }

    /// Pauses the whole plane because an answer said "too fast": for as long as it asks, else for 1 s, doubling up to 60 s
    /// while such answers go on, with full jitter; and goes on at a slower rate, where the answer does not tell the right one.
    /// `started` is when the answered request left.
    pub fn throttled(&self, started: Instant, retry_after: Option<Duration>, quotas: &[Quota]) {
        self.state().throttled(started, retry_after, quotas, Instant::now());
    }

    /// Pauses the whole plane because an answer asked for it without saying "too fast".
    pub fn pause(&self, wait: Duration) {
        self.state().pause_until(Instant::now() + wait.min(Duration::from_secs(86_400)));
    }

    /// Takes what quota headers say to heart.
    pub fn heed(&self, quotas: &[Quota]) {
        if !quotas.is_empty() {
            self.state().heed(quotas, Instant::now());
            self.wake();
        }
    }

    /// An answer that did not say "too fast".
    pub fn accepted(&self) {
        self.state().accepted(Instant::now());
    }

    /// For how long the provider asks to wait.
    #[must_use]
    pub fn paused_for(&self) -> Option<Duration> {
        self.state().paused_for(Instant::now())
    }

    /// For how long nothing starts, whoever wants it so.
    #[must_use]
    pub fn resting_for(&self) -> Option<Duration> {
        self.state().resting_for(Instant::now())
    }

    /// For how long every answer has said "too fast".
    #[must_use]
    pub fn throttled_for(&self) -> Option<Duration> {
        self.state().throttled_for()
    }

    /// For how long there has been nothing but failures, while requests are held back for it.
    #[must_use]
    pub fn down_for(&self) -> Option<Duration> {
        self.state().down_for(Instant::now())
    }

    /// Whether the provider did its work once in this run.
    #[must_use]
    pub fn was_well(&self) -> bool {
        self.state().was_well()
    }

    /// Requests that may be under way at once.
    #[must_use]
    pub fn in_flight_max(&self) -> usize {
        self.state().in_flight_max()
    }

    /// Why no further request may start, where that is so.
    #[must_use]
    pub fn closed(&self) -> Option<Closed> {
        self.state().closed()
    }

    /// Takes back what was written down of long windows and not used.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub async fn settle(&self) -> Result<(), JournalError> {
        let _writing = self.0.writing.lock().await;
        let unused = self.state().unused();
        if let (Some(unused), Some(logbook)) = (unused, &self.0.logbook) {
            logbook.count_requests(&self.0.account, unused).await?;
        }
        Ok(())
    }

    /// Writes down what will be used of long windows.
    async fn write_ahead(&self) -> Result<(), Closed> {
        let Some(logbook) = &self.0.logbook else { return Ok(()) };
        let _writing = self.0.writing.lock().await;
        let wanted = self.state().wanted(logbook.now_ms());
        for made in &wanted {
            if let Err(error) = logbook.count_requests(&self.0.account, *made).await {
                let closed = Closed::Broken(error);
                self.state().close(closed.clone());
                self.wake();
                return Err(closed);
            }
        }
        self.state().written(&wanted);
        Ok(())
    }

    /// Waits so long, or until something changes.
    async fn wait(&self, most: Duration) {
        tokio::select! {
            biased;
            () = self.0.changed.notified() => {}
            () = sleep(most) => {}
        }
    }

    /// Somebody may go who could not before.
    fn wake(&self) {
        self.0.changed.notify_waiters();
        self.0.changed.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long a new run rests so that its requests and those of an earlier one, the last of which may have left at `last_ms`,
/// share no window. Milliseconds since 1970 UTC.
#[must_use]
pub fn rest_after(last_ms: Option<i64>, now_ms: i64, window: Duration) -> Duration {
    let whole = window + TRANSIT_MAX;
    let Some(last_ms) = last_ms else { return Duration::ZERO };
    // A time in the future means that the clock was turned back: nobody knows how long ago it is.
    let passed = u64::try_from(now_ms.saturating_sub(last_ms)).map_or(Duration::ZERO, Duration::from_millis);
    whole.saturating_sub(passed)
}

#[cfg(test)]
mod tests;
