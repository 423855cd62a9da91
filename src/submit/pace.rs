//! The one rate plane of an account: every request, of whatever kind, takes its slot here. Does not send anything.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use governor::clock::Clock;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};

use super::retry::backoff;
use super::window::{TRANSIT_MAX, Ticket, Wait, Window};
use crate::provider::{Profile, Slot, Turn};

const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// tokio's clock, so that tests can turn it.
#[derive(Clone, Copy, Debug)]
struct RunClock(Instant);

impl Clock for RunClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

/// The rate plane. Clones share it.
#[derive(Clone, Debug)]
pub struct Pace(Arc<Plane>);

#[derive(Debug)]
struct Plane {
    state: Mutex<State>,
    /// Whoever holds it is the next to start; the others queue in order.
    turnstile: tokio::sync::Mutex<()>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    window: Window<RunClock>,
    /// No request starts before.
    begins: Instant,
    paused_until: Option<Instant>,
    /// When the last throttling answer was taken to heart: older requests do not make the pause longer once more.
    paused_at: Option<Instant>,
    /// Throttling answers since the last other one, and when the first of them came.
    throttled: u32,
    throttled_since: Option<Instant>,
}

impl Pace {
    /// A plane that keeps this provider's limit.
    #[must_use]
    pub fn new(profile: &Profile) -> Self {
        let begins = Instant::now();
        let window = Window::new(profile.requests_max, profile.window, profile.connect_timeout, RunClock(begins));
        let state = State { window, begins, paused_until: None, paused_at: None, throttled: 0, throttled_since: None };
        Self(Arc::new(Plane { state: Mutex::new(state), turnstile: tokio::sync::Mutex::new(()), changed: Notify::new() }))
    }

    /// Nothing starts before this time has passed: an earlier run's requests still stand in the provider's window.
    pub fn begin_after(&self, rest: Duration) {
        self.state().begins = Instant::now() + rest;
    }

    /// Waits until one more request may start. The permit counts as a request until it is dropped without a start.
    pub async fn slot(&self) -> Permit {
        let _turn = self.0.turnstile.lock().await;
        loop {
            self.until_unpaused().await;
            let wait = match self.state().window.take() {
                Ok(ticket) => return Permit { pace: self.clone(), ticket, started: None },
                Err(wait) => wait,
            };
            match wait {
                Wait::For(wait) => tokio::select! {
                    () = sleep(wait) => {}
                    () = self.0.changed.notified() => {}
                },
                Wait::ForAnother => self.0.changed.notified().await,
            }
        }
    }

    /// Pauses the whole plane because an answer said "too fast": for as long as it asks, else for 1 s, doubling up to 60 s
    /// while such answers go on, with full jitter. `started` is when the answered request left.
    pub fn throttled(&self, started: Instant, retry_after: Option<Duration>) {
        let now = Instant::now();
        let mut state = self.state();
        state.throttled_since.get_or_insert(now);
        // Requests that were under way together are one offence.
        let known = state.paused_at.is_some_and(|paused_at| started < paused_at);
        let pause = match retry_after {
            Some(retry_after) => retry_after,
            None if known => return,
            None => {
                let random = backoff(state.throttled.saturating_add(1), PAUSE_MIN, PAUSE_MAX, fastrand::f64());
                random.max(Duration::from_millis(100))
            }
        };
        if !known {
            state.throttled = state.throttled.saturating_add(1);
            state.paused_at = Some(now);
        }
        state.pause_until(now + pause.min(Duration::from_secs(86_400)));
    }

    /// Pauses the whole plane because an answer asked for it without saying "too fast".
    pub fn pause(&self, wait: Duration) {
        self.state().pause_until(Instant::now() + wait.min(Duration::from_secs(86_400)));
    }

    /// An answer that did not say "too fast".
    pub fn accepted(&self) {
        let mut state = self.state();
        state.throttled = 0;
        state.throttled_since = None;
    }

    /// For how long the plane still pauses.
    #[must_use]
    pub fn paused_for(&self) -> Option<Duration> {
        let until = self.state().paused_until?;
        let left = until.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    /// For how long every answer has said "too fast".
    #[must_use]
    pub fn throttled_for(&self) -> Option<Duration> {
        self.state().throttled_since.map(|since| since.elapsed())
    }

    async fn until_unpaused(&self) {
        loop {
            let until = self.state().pause_end();
            if until <= Instant::now() {
                return;
            }
            sleep_until(until).await;
        }
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

impl State {
    /// No request starts before.
    fn pause_end(&self) -> Instant {
        self.paused_until.map_or(self.begins, |until| until.max(self.begins))
    }

    fn pause_until(&mut self, until: Instant) {
        self.paused_until = Some(self.paused_until.map_or(until, |known| known.max(until)));
    }
}

/// Permission to start one request.
#[derive(Debug)]
pub struct Permit {
    pace: Pace,
    ticket: Ticket,
    started: Option<Instant>,
}

impl Permit {
    /// The request leaves now, or at the end of a pause that began since the permit was given.
    pub async fn start(&mut self) -> Instant {
        self.pace.until_unpaused().await;
        let now = Instant::now();
        self.pace.state().window.started(self.ticket);
        self.started = Some(now);
        self.pace.0.changed.notify_one();
        now
    }

    /// Its answer came, or it is certain that none will; `usable` says whether its connection can carry another request.
    pub fn answered(self, usable: bool) {
        self.pace.state().window.answered(self.ticket, usable);
        self.pace.0.changed.notify_one();
    }
}

impl Turn for Permit {
    fn answered(self: Box<Self>, usable: bool) {
        Permit::answered(*self, usable);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.started.is_none() {
            self.pace.state().window.given_back(self.ticket);
            self.pace.0.changed.notify_one();
        }
    }
}

#[async_trait]
impl Slot for Pace {
    async fn take(&self) -> Option<Box<dyn Turn>> {
        let mut permit = self.slot().await;
        permit.start().await;
        Some(Box::new(permit))
    }

    fn slow_down(&self, retry_after: Option<Duration>) {
        self.throttled(Instant::now(), retry_after);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_millis(200);

    fn pace() -> Pace {
        Pace::new(&Profile {
            requests_max: 10,
            window: WINDOW,
            in_flight_max: 8,
            replay_window: None,
            replays_max: 0,
            look_up_delays: Vec::new(),
            absence: crate::provider::Absence::Resend,
            connect_timeout: Duration::from_secs(10),
            remote_ids_unique: true,
        })
    }

    #[tokio::test]
    async fn greedy_tasks_together_stay_within_the_limit() {
        let pace = pace();
        let starts = Arc::new(Mutex::new(Vec::new()));
        let tasks: Vec<_> = (0..8)
            .map(|number| {
                let (pace, starts) = (pace.clone(), Arc::clone(&starts));
                tokio::spawn(async move {
                    for _ in 0..7 {
                        let mut permit = pace.slot().await;
                        sleep(Duration::from_millis(number % 3)).await;
                        let start = permit.start().await;
                        starts.lock().unwrap().push(start);
                        sleep(Duration::from_millis(number * 5)).await;
                        permit.answered(true);
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let mut starts = starts.lock().unwrap().clone();
        starts.sort_unstable();
        assert_eq!(starts.len(), 56);
        assert!(starts.windows(11).all(|pair| pair[10] - pair[0] > WINDOW));
        assert!(starts[55] - starts[0] < WINDOW * 20, "{:?}", starts[55] - starts[0]);
    }

    #[tokio::test]
    async fn a_pause_holds_everybody_even_those_who_have_their_permit() {
        let pace = pace();
        let mut permit = pace.slot().await;
        let begun = Instant::now();
        pace.throttled(begun, Some(Duration::from_millis(300)));
        assert!(pace.paused_for().is_some_and(|left| left > Duration::from_millis(200)));
        assert!(permit.start().await - begun >= Duration::from_millis(300));
        let begun = Instant::now();
        pace.throttled(begun, Some(Duration::from_millis(200)));
        drop(pace.take().await);
        assert!(begun.elapsed() >= Duration::from_millis(200));
    }

    #[tokio::test]
    async fn requests_under_way_together_are_one_offence_and_any_other_answer_ends_the_series() {
        let pace = pace();
        let sent = Instant::now();
        sleep(Duration::from_millis(10)).await;
        for _ in 0..8 {
            pace.throttled(sent, None);
        }
        assert_eq!(pace.state().throttled, 1);
        assert!(pace.paused_for().unwrap_or_default() <= PAUSE_MIN);
        sleep(Duration::from_millis(20)).await;
        pace.throttled(Instant::now(), None);
        assert_eq!(pace.state().throttled, 2);
        assert!(pace.throttled_for().unwrap() >= Duration::from_millis(20));
        pace.accepted();
        assert_eq!(pace.throttled_for(), None);
        assert_eq!(pace.state().throttled, 0);
    }

    #[test]
    fn a_new_run_rests_until_the_last_request_of_an_earlier_one_has_left_the_window() {
        let rest = |last, now| rest_after(last, now, Duration::from_secs(1)).as_millis();
        assert_eq!(rest(None, 5_000), 0);
        assert_eq!(rest(Some(5_000), 5_000), 1050);
        assert_eq!(rest(Some(4_000), 5_000), 50);
        assert_eq!(rest(Some(3_950), 5_000), 0);
        assert_eq!(rest(Some(1), 5_000), 0);
        assert_eq!(rest(Some(9_000), 5_000), 1050, "the clock was turned back");
    }

    #[tokio::test]
    async fn a_rest_at_the_beginning_is_kept_and_is_no_pause_of_the_providers() {
        let pace = pace();
        let begun = Instant::now();
        pace.begin_after(Duration::from_millis(120));
        assert_eq!(pace.paused_for(), None);
        drop(pace.take().await);
        assert!(begun.elapsed() >= Duration::from_millis(120));
    }

    #[tokio::test]
    async fn a_permit_that_is_not_used_blocks_nobody() {
        let pace = pace();
        let unused: Vec<Permit> = {
            let mut permits = Vec::new();
            for _ in 0..10 {
                permits.push(pace.slot().await);
            }
            permits
        };
        let waiting = tokio::spawn({
            let pace = pace.clone();
            async move { drop(pace.take().await) }
        });
        sleep(WINDOW * 2).await;
        assert!(!waiting.is_finished());
        drop(unused);
        sleep(WINDOW).await;
        assert!(waiting.is_finished());
    }
}
