//! The promise against simulated networks: arrivals are what counts.

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

const DAY: Duration = Duration::from_secs(24 * 3600);
const CONNECT_MAX: Duration = Duration::from_millis(500);

/// Always wants to send; returns arrivals in order.
fn simulate(seed: u64, limits: &[RateLimit], network: Network, duration: u64) -> Vec<u64> {
    let Network { connect, transit, answer, jitter, intend, breaks_one_in } = network;
    let mut random = fastrand::Rng::with_seed(seed);
    let clock = SimulatedClock::default();
    let mut window = Windows::new(limits, CONNECT_MAX, clock.clone());
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
            transit: random.u64(0..=40_000),
            answer: random.u64(0..=800_000),
            jitter: random.u64(0..=20_000),
            intend: random.u64(0..=300_000),
            breaks_one_in: random.u32(0..5),
        };
        let arrivals = simulate(seed, &[RateLimit::per_second(10)], network, 20_000_000);
        assert!(arrivals.len() > 50, "seed {seed}: {} requests", arrivals.len());
        for pair in arrivals.windows(11) {
            assert!(pair[10] - pair[0] >= 1_000_000, "seed {seed}: 11 requests in {} µs", pair[10] - pair[0]);
        }
        let at_start = arrivals.iter().filter(|&&at| at < 200_000).count();
        assert!(at_start <= 4, "seed {seed}: {at_start} requests in the first 200 ms");
    }
}

#[test]
fn several_windows_hold_at_once() {
    let limits = [RateLimit::per_second(10), RateLimit::per_minute(300), RateLimit { requests: 1000, window: DAY }];
    for seed in 0..10 {
        let network = Network { connect: 200_000, transit: 30_000, answer: 90_000, jitter: 1500, intend: 9000, breaks_one_in: 9 };
        let arrivals = simulate(seed, &limits, network, 600_000_000);
        let within = |count: usize, micros: u64| arrivals.windows(count + 1).all(|some| some[count] - some[0] >= micros);
        assert!(within(10, 1_000_000) && within(300, 60_000_000) && within(1000, 600_000_000), "seed {seed}");
        assert!(arrivals.len() >= 990, "seed {seed}: {} of 1000", arrivals.len());
        let in_the_first_minute = arrivals.iter().filter(|&&at| at < 60_000_000).count();
        assert!((285..=300).contains(&in_the_first_minute), "seed {seed}: {in_the_first_minute} of 300");
    }
}

#[test]
fn what_earlier_runs_sent_counts_in_the_window_that_may_still_hold_it() {
    let clock = SimulatedClock::default();
    clock.set(90_000_000_000);
    let day = RateLimit { requests: 5, window: DAY };
    let mut window = Windows::new(&[RateLimit::per_second(10), day], CONNECT_MAX, clock.clone());
    window.remember(DAY, DAY - Duration::from_secs(60), 4);
    assert!(window.take().is_ok());
    let Err(Wait::For(wait)) = window.take() else { panic!("a sixth request on one day") };
    assert!(wait >= Duration::from_secs(60) && wait < Duration::from_secs(60 + 90), "{wait:?}");
}

#[test]
fn nearly_all_of_the_limit_is_used() {
    for seed in 0..20 {
        // Slow answers want many connections, and the first request of each holds its place until its answer.
        for (answer, wanted) in [(1_000, 570), (20_000, 570), (700_000, 555)] {
            for connect in [1_000, 500_000] {
                let network = Network { connect, transit: 2_000, answer, jitter: 1_500, intend: 500, breaks_one_in: 0 };
                let sent = simulate(seed, &[RateLimit::per_second(10)], network, 60_000_000).len();
                assert!(sent >= wanted, "seed {seed}: {sent} of 600; answers within {answer} µs, connections {connect} µs");
            }
        }
    }
}

#[test]
fn a_request_that_opens_a_connection_may_arrive_late_and_counts_until_then() {
    let clock = SimulatedClock::default();
    let mut window = Windows::new(&[RateLimit::per_second(1)], Duration::from_secs(10), clock.clone());
    let mut send = |at: u64, usable: bool| {
        clock.set(at);
        let ticket = window.take().unwrap();
        window.started(ticket);
        let wait = window.take();
        clock.set(at + 100_000);
        window.answered(ticket, usable);
        wait
    };
    let (cold, warm) = (Err(Wait::For(Duration::from_millis(11_041))), Err(Wait::For(Duration::from_millis(1041))));
    assert_eq!(send(0, true), cold);
    assert_eq!(send(2_000_000, false), warm, "over the connection of the first");
    assert_eq!(send(4_000_000, true), cold, "that one broke");
    assert_eq!(send(20_000_000, true), cold, "idle for too long");
    assert_eq!(send(23_000_000, true), warm);
}

#[test]
fn a_request_that_has_not_started_holds_its_place_until_it_is_given_back() {
    let clock = SimulatedClock::default();
    let mut window = Windows::new(&[RateLimit::per_second(1)], CONNECT_MAX, clock.clone());
    let ticket = window.take().unwrap();
    clock.set(10_000_000);
    assert_eq!(window.take(), Err(Wait::ForAnother));
    window.given_back(ticket);
    assert!(window.take().is_ok());
}

#[test]
fn an_answer_shortens_the_wait() {
    let clock = SimulatedClock::default();
    let mut window = Windows::new(&[RateLimit::per_second(1)], CONNECT_MAX, clock.clone());
    let ticket = window.take().unwrap();
    window.started(ticket);
    assert_eq!(window.take(), Err(Wait::For(Duration::from_millis(1541))));
    clock.set(5_000);
    window.answered(ticket, true);
    assert_eq!(window.take(), Err(Wait::For(Duration::from_millis(1001))));
}
