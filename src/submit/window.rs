//! The promise of the rate limits as a pure decision: may one more request start now? Has no clock and does not wait.
//!
//! A provider counts arrivals, we only know starts and answers. A request that starts now arrives now or later. Every earlier
//! one arrived at the latest when its answer came, or [`TRANSIT_MAX`] after its start; where it had to open a connection first
//! (name, TCP, TLS), that much after the longest time that opening one may take. So a request may start when, of all earlier
//! ones, fewer than the limit can have arrived within the last window: then no window at the provider that ends with this
//! request holds more than the limit, whatever the network does within these times. Several windows hold at once.

mod connections;

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use self::connections::{Connections, TOLD_WITHIN};
use crate::model::RateLimit;

/// Longest way of a request over an open connection that the promise covers.
pub const TRANSIT_MAX: Duration = Duration::from_millis(40);
/// For a provider whose clock ticks in milliseconds.
const MARGIN: Duration = Duration::from_millis(1);
/// Windows up to this length keep every arrival apart; longer ones gather those of a thousandth of their length at its end.
pub(super) const EXACT_MAX: Duration = Duration::from_secs(10);
/// Windows up to this length are filled evenly; a longer one may be used up early.
const EVEN_MAX: Duration = Duration::from_secs(60);
/// Timers wake up too late for finer spacing: what is due within this time may start together.
const SPACING_MIN: Duration = Duration::from_millis(5);

/// Names a request within the windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket(u64);

/// Why a request may not start yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// At this time it may, if nothing else changes.
    For(Duration),
    /// Not before a request that was let through has started or was given back.
    ForAnother,
}

/// One window: when the requests that it may still hold can have arrived at the latest.
#[derive(Debug)]
struct Window {
    limit: RateLimit,
    /// The limit as it was given; the one in force is never above it.
    most: u32,
    grain: Duration,
    arrivals: BTreeMap<Duration, u32>,
    held: usize,
}

impl Window {
    fn new(limit: RateLimit) -> Self {
        let limit = RateLimit { requests: limit.requests.max(1), window: limit.window };
        let grain = if limit.window > EXACT_MAX { limit.window / 1000 } else { Duration::ZERO };
        Self { limit, most: limit.requests, grain, arrivals: BTreeMap::new(), held: 0 }
    }

    /// Never earlier than the truth.
    fn rounded(&self, latest: Duration) -> Duration {
        if self.grain.is_zero() {
            return latest;
        }
        let grains = latest.as_nanos().div_ceil(self.grain.as_nanos().max(1));
        self.grain.saturating_mul(u32::try_from(grains).unwrap_or(u32::MAX))
    }

    fn leaves_after(&self, latest: Duration) -> Duration {
        latest + self.limit.window + MARGIN
    }

    fn insert(&mut self, latest: Duration, count: u32) {
        *self.arrivals.entry(self.rounded(latest)).or_default() += count;
        self.held += count as usize;
    }

    fn moved(&mut self, from: Duration, to: Duration) {
        let (from, to) = (self.rounded(from), self.rounded(to));
        if from == to {
            return;
        }
        // One that has left the window already stays gone.
        let Some(count) = self.arrivals.get_mut(&from) else { return };
        *count -= 1;
        if *count == 0 {
            self.arrivals.remove(&from);
        }
        *self.arrivals.entry(to).or_default() += 1;
    }

    fn forget(&mut self, now: Duration) {
        while let Some(first) = self.arrivals.first_entry() {
            if *first.key() + self.limit.window + MARGIN > now {
                return;
            }
            self.held = self.held.saturating_sub(first.remove() as usize);
        }
    }

    /// Whether one more fits beside those that have not started yet.
    fn wait(&self, pending: usize, now: Duration) -> Option<Wait> {
        // So many of the oldest have to leave before.
        let mut leaving = (self.held + pending + 1).saturating_sub(self.limit.requests as usize);
        if leaving == 0 {
            return None;
        }
        for (latest, count) in &self.arrivals {
            leaving = leaving.saturating_sub(*count as usize);
            if leaving == 0 {
                return Some(Wait::For(self.leaves_after(*latest).saturating_sub(now)));
            }
        }
        Some(Wait::ForAnother)
    }
}

/// A request that has left.
#[derive(Clone, Copy, Debug)]
struct UnderWay {
    since: Duration,
    /// The latest time at which it can have arrived.
    latest: Duration,
}

type Spacing<C> = RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<Duration>>;

/// Requests that can still stand in a window of the provider. Times are durations since any fixed point.
/// A token bucket without burst (governor) spreads the starts evenly, so that there is no burst at start-up either.
#[derive(Debug)]
pub struct Windows<C: Clock<Instant = Duration>> {
    windows: Vec<Window>,
    connect_max: Duration,
    /// Requests without an answer; `None` while one has not started.
    open: HashMap<Ticket, Option<UnderWay>>,
    pending: usize,
    connections: Connections,
    tickets: u64,
    spacing: Spacing<C>,
    clock: C,
}

impl<C: Clock<Instant = Duration> + Clone> Windows<C> {
    /// Windows of these limits; a limit of 0 is taken as 1, and where there is none, one request a second is meant.
    /// `connect_max` is the longest time that opening a connection may take.
    pub fn new(limits: &[RateLimit], connect_max: Duration, clock: C) -> Self {
        let careful = [RateLimit::per_second(1)];
        let limits = if limits.is_empty() { &careful[..] } else { limits };
        let windows: Vec<Window> = limits.iter().copied().map(Window::new).collect();
        Self {
            spacing: spacing(&windows, clock.clone()),
            windows,
            connect_max,
            open: HashMap::new(),
            pending: 0,
            connections: Connections::default(),
            tickets: 0,
            clock,
        }
    }

    /// Requests of earlier runs that this window may still hold, by how long ago they can have arrived at the latest.
    pub fn remember(&mut self, window: Duration, ago: Duration, count: u32) {
        let now = self.clock.now();
        for window in self.windows.iter_mut().filter(|it| it.limit.window == window) {
            window.insert(now.saturating_sub(ago), count);
        }
    }

    /// Lets one more request through, or says how long to wait before asking again.
    ///
    /// # Errors
    /// The wait.
    pub fn take(&mut self) -> Result<Ticket, Wait> {
        let now = self.clock.now();
        let mut longest: Option<Duration> = None;
        for window in &mut self.windows {
            window.forget(now);
            match window.wait(self.pending, now) {
                None => {}
                Some(Wait::For(wait)) => longest = longest.max(Some(wait)),
                Some(Wait::ForAnother) => return Err(Wait::ForAnother),
            }
        }
        if let Some(wait) = longest {
            return Err(Wait::For(wait));
        }
        if let Err(early) = self.spacing.check() {
            return Err(Wait::For(early.wait_time_from(now)));
        }
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.open.insert(ticket, None);
        self.pending += 1;
        Ok(ticket)
    }

    /// The request leaves now.
    pub fn started(&mut self, ticket: Ticket) {
        let now = self.clock.now();
        self.count_connections(now);
        let in_use = self.open.values().flatten().count();
        let connect = if in_use < self.connections.open(now) { Duration::ZERO } else { self.connect_max };
        let latest = now + connect + TRANSIT_MAX;
        let Some(known) = self.open.get_mut(&ticket).filter(|known| known.is_none()) else { return };
        *known = Some(UnderWay { since: now, latest });
        self.pending = self.pending.saturating_sub(1);
        for window in &mut self.windows {
            window.insert(latest, 1);
        }
    }

    /// Its answer is here, so it has arrived; or it is certain that it never will. `usable` says whether its connection can
    /// carry another request.
    pub fn answered(&mut self, ticket: Ticket, usable: bool) {
        let now = self.clock.now();
        self.count_connections(now);
        if !usable {
            self.connections.broke();
        }
        match self.open.remove(&ticket) {
            Some(Some(UnderWay { latest, .. })) if now < latest => {
                self.windows.iter_mut().for_each(|window| window.moved(latest, now));
            }
            Some(Some(_)) | None => {}
            // It never said that it started: it counts from now.
            Some(None) => {
                self.pending = self.pending.saturating_sub(1);
                self.windows.iter_mut().for_each(|window| window.insert(now, 1));
            }
        }
    }

    /// No answer will be told: it counts for as long as it can.
    pub fn abandoned(&mut self, ticket: Ticket) {
        self.connections.broke();
        self.open.remove(&ticket);
    }

    /// It never left.
    pub fn given_back(&mut self, ticket: Ticket) {
        if let Some(None) = self.open.remove(&ticket) {
            self.pending = self.pending.saturating_sub(1);
        }
    }

    /// Looks a moment back, at those of whom it is certain by now that they were under way then.
    fn count_connections(&mut self, now: Duration) {
        let Some(then) = now.checked_sub(TOLD_WITHIN) else { return };
        let in_use = self.open.values().flatten().filter(|request| request.since <= then).count();
        self.connections.in_use_at(then, in_use);
    }

    /// The first, main limit: as it is in force, and as it was given.
    pub fn main(&self) -> (RateLimit, u32) {
        self.windows.first().map_or((RateLimit::per_second(1), 1), |window| (window.limit, window.most))
    }

    /// The windows, as they were given.
    pub fn limits(&self) -> impl Iterator<Item = RateLimit> {
        self.windows.iter().map(|window| RateLimit { requests: window.most, window: window.limit.window })
    }

    /// Requests that have not been answered.
    pub fn under_way(&self) -> usize {
        self.open.len()
    }

    /// How many more the windows of this length let through now.
    pub fn left(&mut self, length: Duration) -> usize {
        let (now, pending) = (self.clock.now(), self.pending);
        let windows = self.windows.iter_mut().filter(|window| window.limit.window == length);
        let left = windows.map(|window| {
            window.forget(now);
            (window.limit.requests as usize).saturating_sub(window.held + pending)
        });
        left.min().unwrap_or(usize::MAX)
    }

    /// Puts another limit in force for windows of this length, never above the one that was given.
    pub fn set_limit(&mut self, length: Duration, requests: u32) {
        let mut changed = false;
        for window in self.windows.iter_mut().filter(|window| window.limit.window == length) {
            let requests = requests.clamp(1, window.most);
            changed |= requests != window.limit.requests;
            window.limit.requests = requests;
        }
        if changed {
            self.spacing = spacing(&self.windows, self.clock.clone());
        }
    }
}

/// Spreads starts by the slowest of the windows that are filled evenly.
fn spacing<C: Clock<Instant = Duration>>(windows: &[Window], clock: C) -> Spacing<C> {
    let even = windows.iter().filter(|window| window.limit.window <= EVEN_MAX);
    let period = even.map(|window| window.limit.period()).max().unwrap_or_default().max(Duration::from_nanos(1));
    let together = u32::try_from(SPACING_MIN.as_nanos() / period.as_nanos().max(1)).unwrap_or(u32::MAX);
    let quota = Quota::with_period(period)
        // The period is never zero; one request a second is a slow one.
        .unwrap_or_else(|| Quota::per_second(NonZeroU32::MIN))
        .allow_burst(NonZeroU32::new(together).unwrap_or(NonZeroU32::MIN));
    RateLimiter::direct_with_clock(quota, clock)
}

#[cfg(test)]
mod tests;
