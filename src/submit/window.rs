//! The promise of the rate limit as a pure decision: may one more request start now? Has no clock and does not wait.
//!
//! A provider counts arrivals, we only know starts and answers. A request that starts now arrives now or later. Every earlier
//! one arrived at the latest when its answer came, or [`TRANSIT_MAX`] after its start; where it had to open a connection first
//! (name, TCP, TLS), that much after the longest time that opening one may take. So a request may start when, of all earlier
//! ones, fewer than the limit can have arrived within the last window: then no window at the provider that ends with this
//! request holds more than the limit, whatever the network does within these times.

use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use std::num::NonZeroU32;

/// Longest way of a request over an open connection that the promise covers.
pub const TRANSIT_MAX: Duration = Duration::from_millis(50);
/// For a provider whose clock ticks in milliseconds.
const MARGIN: Duration = Duration::from_millis(1);
/// A connection that was idle for longer is not counted on: the HTTP client closes it soon, if the server has not.
const IDLE_MAX: Duration = Duration::from_secs(14);

/// Names a request within the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(u64);

/// Why a request may not start yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// At this time it may, if nothing else changes.
    For(Duration),
    /// Not before a request that was let through has started or was given back.
    ForAnother,
}

#[derive(Debug)]
struct Entry {
    ticket: Ticket,
    /// The latest time at which it can have arrived; `None` while it has not started.
    latest: Option<Duration>,
}

/// Requests that can still stand in a window of the provider. Times are durations since any fixed point.
/// A token bucket without burst (governor) spreads the starts evenly, so that there is no burst at start-up either.
#[derive(Debug)]
pub struct Window<C: Clock<Instant = Duration>> {
    requests_max: usize,
    length: Duration,
    connect_max: Duration,
    entries: Vec<Entry>,
    /// Connections that carry nothing, each with the time since when. A request that starts takes the last one.
    idle: Vec<Duration>,
    tickets: u64,
    bucket: RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<Duration>>,
    clock: C,
}

impl<C: Clock<Instant = Duration> + Clone> Window<C> {
    /// A window of this length with this many requests at most; a limit of 0 is taken as 1. `connect_max` is the longest time
    /// that opening a connection may take.
    pub fn new(requests_max: u32, length: Duration, connect_max: Duration, clock: C) -> Self {
        let requests_max = requests_max.max(1);
        let quota = Quota::with_period((length / requests_max).max(Duration::from_nanos(1)))
            // The period is never zero; one request a window is the slowest that can be said.
            .unwrap_or_else(|| Quota::per_second(NonZeroU32::MIN))
            .allow_burst(NonZeroU32::MIN);
        Self {
            requests_max: requests_max as usize,
            length,
            connect_max,
            entries: Vec::new(),
            idle: Vec::new(),
            tickets: 0,
            bucket: RateLimiter::direct_with_clock(quota, clock.clone()),
            clock,
        }
    }

    /// Lets one more request through, or says how long to wait before asking again.
    ///
    /// # Errors
    /// The wait.
    pub fn take(&mut self) -> Result<Ticket, Wait> {
        let now = self.clock.now();
        let gone = |latest: Duration| latest + self.length + MARGIN <= now;
        self.entries.retain(|entry| !entry.latest.is_some_and(gone));
        if self.entries.len() >= self.requests_max {
            // So many of the oldest have to leave the window.
            let leaving = self.entries.len() - self.requests_max;
            let mut latest: Vec<Duration> = self.entries.iter().filter_map(|entry| entry.latest).collect();
            latest.sort_unstable();
            return Err(match latest.get(leaving) {
                Some(&latest) => Wait::For((latest + self.length + MARGIN).saturating_sub(now)),
                None => Wait::ForAnother,
            });
        }
        if let Err(early) = self.bucket.check() {
            return Err(Wait::For(early.wait_time_from(now)));
        }
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.entries.push(Entry { ticket, latest: None });
        Ok(ticket)
    }

    /// The request leaves now.
    pub fn started(&mut self, ticket: Ticket) {
        let now = self.clock.now();
        self.idle.retain(|since| now.saturating_sub(*since) < IDLE_MAX);
        let connect = if self.idle.pop().is_some() { Duration::ZERO } else { self.connect_max };
        let latest = now + connect + TRANSIT_MAX;
        if let Some(entry) = self.find(ticket) {
            entry.latest = Some(latest);
        }
    }

    /// Its answer is here, so it has arrived; or it is certain that it never will. `usable` says whether its connection can
    /// carry another request.
    pub fn answered(&mut self, ticket: Ticket, usable: bool) {
        let now = self.clock.now();
        if usable {
            self.idle.push(now);
        }
        if let Some(entry) = self.find(ticket) {
            entry.latest = Some(entry.latest.map_or(now, |latest| latest.min(now)));
        }
    }

    /// It never left.
    pub fn given_back(&mut self, ticket: Ticket) {
        self.entries.retain(|entry| entry.ticket != ticket);
    }

    fn find(&mut self, ticket: Ticket) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.ticket == ticket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[derive(Clone, Default)]
    struct SimulatedClock(Arc<AtomicU64>);

    impl Clock for SimulatedClock {
        type Instant = Duration;
        fn now(&self) -> Duration {
            Duration::from_micros(self.0.load(Ordering::Relaxed))
        }
    }

    impl SimulatedClock {
        fn set(&self, now: u64) {
            self.0.store(now, Ordering::Relaxed);
        }
    }

    /// A network; all in microseconds, each time at random up to this.
    #[derive(Clone, Copy)]
    struct Network {
        /// Opening a connection.
        connect: u64,
        /// The way of a request.
        transit: u64,
        answer: u64,
        /// Waking up late.
        jitter: u64,
        /// From permit to start.
        intend: u64,
        /// One connection in so many breaks after its answer; 0: none.
        breaks_one_in: u32,
    }

    const CONNECT_MAX: Duration = Duration::from_millis(500);

    /// Always wants to send; returns arrivals in order.
    fn simulate(seed: u64, network: Network, duration: u64) -> Vec<u64> {
        let Network { connect, transit, answer, jitter, intend, breaks_one_in } = network;
        let mut random = fastrand::Rng::with_seed(seed);
        let clock = SimulatedClock::default();
        let mut window = Window::new(10, Duration::from_secs(1), CONNECT_MAX, clock.clone());
        let (mut now, mut arrivals, mut answers) = (0_u64, Vec::new(), Vec::<(u64, Ticket)>::new());
        // Connections that carry nothing: what the transport really has.
        let mut idle = 0_u32;
        let mut starting: Vec<(u64, Ticket)> = Vec::new();
        while now < duration {
            clock.set(now);
            for (_, ticket) in answers.extract_if(.., |(at, _)| *at <= now) {
                let usable = breaks_one_in == 0 || random.u32(0..breaks_one_in) > 0;
                idle += u32::from(usable);
                window.answered(ticket, usable);
            }
            for (_, ticket) in starting.extract_if(.., |(at, _)| *at <= now).collect::<Vec<_>>() {
                window.started(ticket);
                let connecting = if idle == 0 { random.u64(0..=connect) } else { 0 };
                idle = idle.saturating_sub(1);
                let arrival = now + connecting + random.u64(0..=transit);
                arrivals.push(arrival);
                answers.push((arrival + random.u64(0..=answer), ticket));
            }
            let wake = match window.take() {
                Ok(ticket) => {
                    starting.push((now + random.u64(0..=intend), ticket));
                    now
                }
                Err(Wait::For(wait)) => now + (wait.as_micros() as u64).max(1) + random.u64(0..=jitter),
                Err(Wait::ForAnother) => u64::MAX,
            };
            let next = answers.iter().chain(&starting).map(|(at, _)| *at).chain([wake]).min().unwrap_or(wake);
            now = next.max(now);
            if next == now && wake == now {
                continue;
            }
        }
        arrivals.sort_unstable();
        arrivals
    }

    #[test]
    fn no_sliding_window_at_the_receiver_holds_more_than_the_limit() {
        for seed in 0..200 {
            let mut random = fastrand::Rng::with_seed(seed);
            let network = Network {
                connect: random.u64(0..=500_000),
                transit: random.u64(0..=50_000),
                answer: random.u64(0..=800_000),
                jitter: random.u64(0..=20_000),
                intend: random.u64(0..=300_000),
                breaks_one_in: random.u32(0..5),
            };
            let arrivals = simulate(seed, network, 20_000_000);
            assert!(arrivals.len() > 50, "seed {seed}: {} requests", arrivals.len());
            for pair in arrivals.windows(11) {
                assert!(pair[10] - pair[0] >= 1_000_000, "seed {seed}: 11 requests in {} µs", pair[10] - pair[0]);
            }
            let at_start = arrivals.iter().filter(|&&at| at < 200_000).count();
            assert!(at_start <= 4, "seed {seed}: {at_start} requests in the first 200 ms");
        }
    }

    #[test]
    fn nearly_all_of_the_limit_is_used() {
        for seed in 0..20 {
            // Slow answers want many connections, and the first request of each holds its place until its answer.
            for (answer, wanted) in [(1_000, 570), (20_000, 570), (700_000, 564)] {
                for connect in [1_000, 500_000] {
                    let network = Network { connect, transit: 2_000, answer, jitter: 1_500, intend: 500, breaks_one_in: 0 };
                    let sent = simulate(seed, network, 60_000_000).len();
                    assert!(sent >= wanted, "seed {seed}: {sent} of 600; answers within {answer} µs, connections {connect} µs");
                }
            }
        }
    }

    #[test]
    fn a_request_that_opens_a_connection_may_arrive_late_and_counts_until_then() {
        let clock = SimulatedClock::default();
        let mut window = Window::new(1, Duration::from_secs(1), Duration::from_secs(10), clock.clone());
        let mut send = |at: u64, usable: bool| {
            clock.set(at);
            let ticket = window.take().unwrap();
            window.started(ticket);
            let wait = window.take();
            window.answered(ticket, usable);
            wait
        };
        let (cold, warm) = (Err(Wait::For(Duration::from_millis(11_051))), Err(Wait::For(Duration::from_millis(1051))));
        assert_eq!(send(0, true), cold);
        assert_eq!(send(2_000_000, false), warm, "over the connection of the first");
        assert_eq!(send(4_000_000, true), cold, "that one broke");
        assert_eq!(send(20_000_000, true), cold, "idle for too long");
        assert_eq!(send(33_000_000, true), warm);
    }

    #[test]
    fn a_request_that_has_not_started_holds_its_place_until_it_is_given_back() {
        let clock = SimulatedClock::default();
        let mut window = Window::new(1, Duration::from_secs(1), CONNECT_MAX, clock.clone());
        let ticket = window.take().unwrap();
        clock.set(10_000_000);
        assert_eq!(window.take(), Err(Wait::ForAnother));
        window.given_back(ticket);
        assert!(window.take().is_ok());
    }

    #[test]
    fn an_answer_shortens_the_wait() {
        let clock = SimulatedClock::default();
        let mut window = Window::new(1, Duration::from_secs(1), CONNECT_MAX, clock.clone());
        let ticket = window.take().unwrap();
        window.started(ticket);
        assert_eq!(window.take(), Err(Wait::For(Duration::from_millis(1551))));
        clock.set(5_000);
        window.answered(ticket, true);
        assert_eq!(window.take(), Err(Wait::For(Duration::from_millis(1001))));
    }
}
