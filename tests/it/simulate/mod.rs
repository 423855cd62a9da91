//! The sender against a model provider in simulated time: a night passes in milliseconds, and the same seed gives the same night.
//! `CLIENTFERRY_SIMULATE=5000` tries so many seeds of each kind; by default a few of each.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // clippy's leave for tests does not reach their helpers

mod bank;
mod clock;
mod memory;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use clientferry::journal::State;
use clientferry::model::{Body, FieldDigests, IdempotencyKey, Identity, Parcel, RateLimit};
use clientferry::submit::{Baseline, Dispatch, Ended, Errand, Logbook, PaceSettings, Schedule, SubmitSettings};
use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::bank::{Asked, Bank, Outage, Tells, Temper};
use self::clock::Wall;
use self::memory::Memory;

/// Seeds of each kind of night.
fn seeds() -> u64 {
    std::env::var("CLIENTFERRY_SIMULATE").ok().and_then(|text| text.parse().ok()).unwrap_or(12)
}

/// A provider without whims.
fn calm(random: &mut fastrand::Rng) -> Temper {
    let per_second = random.u32(2..=20);
    let slowest = random.u64(10..500);
    Temper {
        limits: vec![RateLimit::per_second(per_second)],
        changes: Vec::new(),
        tells: [Tells::Nothing, Tells::Structured, Tells::Legacy][random.usize(0..3)],
        transit: 1..random.u64(2..40),
        connect: 1..random.u64(2..400),
        work: 1..slowest.max(2),
        lost_before: 0,
        lost_after: 0,
        outages: Vec::new(),
        remembers: Some(Duration::from_secs(900)),
        in_flight_max: 16,
        keeps_alive: Duration::from_secs(random.u64(5..=15)),
    }
}

fn row(number: u64) -> Dispatch {
    let body = Body::new(&json!({ "number": number }));
    let mut identity = [0; 16];
    identity[..8].copy_from_slice(&number.to_le_bytes());
    let key = IdempotencyKey::derive("model/client", "test", &number.to_string(), body.as_str());
    let identities = [(Identity(identity), "own_id")].into_iter().collect();
    let digests = FieldDigests(vec![(1, u32::try_from(number).unwrap())]);
    Dispatch { place: Default::default(), operation: "model/client".into(), parcel: Parcel { body, key, identities, digests } }
}

/// So often the same command is started, until it comes to an end.
const STARTS_MAX: usize = 20;

/// What a night is made of.
struct Night {
    temper: Temper,
    rows: u64,
    settings: SubmitSettings,
    /// The process is killed after so long, each time it was started.
    kills: Vec<Duration>,
    /// The wall clock is set at these times, by so many milliseconds.
    jumps: Vec<(Duration, i64)>,
}

impl Night {
    /// Kills, and a clock that is set.
    fn disturb(&mut self, random: &mut fastrand::Rng) {
        self.kills = (0..random.u32(0..4)).map(|_| Duration::from_millis(random.u64(50..40_000))).collect();
        if random.bool() {
            self.jumps.push((Duration::from_secs(random.u64(1..60)), random.i64(-120_000..30_000)));
        }
    }

    fn new(temper: Temper, rows: u64) -> Self {
        let settings = SubmitSettings {
            baseline: Baseline::Never,
            in_flight_max: 16,
            outage_max: Duration::from_secs(3600),
            throttle_max: Duration::from_secs(3600),
            pace: PaceSettings { wait: true, ..PaceSettings::default() },
            ..SubmitSettings::default()
        };
        Self { temper, rows, settings, kills: Vec::new(), jumps: Vec::new() }
    }
}

/// Outages of any kind; some nights have none.
fn outages(random: &mut fastrand::Rng) -> Vec<(Range<Duration>, Outage)> {
    let count = random.u32(0..3);
    let outage = |_| {
        let from = Duration::from_secs(random.u64(0..60));
        let outage = [Outage::Refused, Outage::Unavailable, Outage::Silent][random.usize(0..3)];
        (from..from + Duration::from_secs(random.u64(1..600)), outage)
    };
    (0..count).map(outage).collect()
}

/// What is left in the morning.
struct Morning {
    bank: Arc<Bank>,
    memory: Arc<Memory>,
    ended: Vec<Ended>,
}

/// Lets a night pass.
fn pass(seed: u64, night: Night) -> Morning {
    fastrand::seed(seed);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let wall = Arc::new(Wall::new());
        let bank = Bank::new(night.temper, Arc::clone(&wall), seed);
        let memory = Memory::new(Arc::clone(&wall));
        for (at, by_ms) in night.jumps {
            let wall = Arc::clone(&wall);
            tokio::spawn(async move {
                tokio::time::sleep(at).await;
                wall.set(by_ms);
            });
        }
        let mut ended = Vec::new();
        let mut kills = night.kills.into_iter();
        for start in 0.. {
            let life = kills.next();
            let logbook: Arc<dyn Logbook> = memory.clone();
            let errand = Errand {
                provider: Arc::new(Asked(Arc::clone(&bank))),
                logbook,
                run: "night".into(),
                settings: night.settings.clone(),
            };
            let pace = errand.pace().unwrap();
            let (feed, rows) = mpsc::channel(64);
            // Those in doubt come first, as `import` offers them.
            let doubtful: Vec<u64> =
                (0..night.rows).filter(|number| memory.is_unknown(&row(*number).parcel.identities[0].0)).collect();
            let feeding = tokio::spawn(async move {
                for number in doubtful.into_iter().chain(0..night.rows) {
                    if feed.send(row(number)).await.is_err() {
                        return;
                    }
                }
            });
            let sending = errand.send(pace, rows, CancellationToken::new(), Arc::new(|_| {}));
            let most = life.unwrap_or(Duration::from_secs(30 * 86_400));
            match tokio::time::timeout(most, sending).await {
                Ok(sent) => ended.push(sent.unwrap().ended),
                Err(_) if life.is_some() => {}
                Err(_) => panic!("seed {seed}: the sender does not come to an end"),
            }
            feeding.abort();
            bank.hang_up();
            match ended.last() {
                // One that was lost twice is left for the next run.
                Some(Ended::Finished) if life.is_none() && (memory.count(State::Idle) == 0 || start >= STARTS_MAX) => break,
                // The timer starts the same command again.
                Some(Ended::Halted(_) | Ended::Finished) if start < STARTS_MAX => {
                    tokio::time::sleep(Duration::from_secs(300)).await
                }
                Some(_) if life.is_none() => break,
                // A new process needs some time.
                Some(_) | None => tokio::time::sleep(Duration::from_millis(20)).await,
            }
            memory.open_again();
        }
        Morning { bank, memory, ended }
    })
}

impl Morning {
    /// No window that was promised holds more than its limit, whatever happened.
    fn assert_limits(&self, seed: u64, limits: &[RateLimit]) {
        let mut arrivals = self.bank.ledger.lock().unwrap().arrivals.clone();
        arrivals.sort_unstable();
        for limit in limits {
            let most = limit.requests as usize;
            for pair in arrivals.windows(most + 1) {
                let within = pair[most] - pair[0];
                assert!(within >= limit.window, "seed {seed}: {} requests in {within:?} of {limit:?}", most + 1);
            }
        }
    }

    fn assert_each_once(&self, seed: u64, rows: u64) {
        let ledger = self.bank.ledger.lock().unwrap();
        let twice = ledger.clients.values().filter(|ids| ids.len() > 1).count();
        assert_eq!((ledger.clients.len() as u64, twice), (rows, 0), "seed {seed}: clients, clients created twice");
        let settled = self.memory.count(State::Created) + self.memory.count(State::Existing);
        assert_eq!(settled as u64, rows, "seed {seed}: {} unknown", self.memory.count(State::Unknown));
    }

    fn throttled(&self) -> (usize, usize) {
        let ledger = self.bank.ledger.lock().unwrap();
        (ledger.throttled, ledger.arrivals.len())
    }

    /// How many requests were made between the 40th and the last but a few, and how many would have been allowed.
    fn used(&self) -> Used {
        let arrivals = self.bank.ledger.lock().unwrap().arrivals.clone();
        let (first, last) = (arrivals[40], arrivals[arrivals.len() - 5]);
        let step = Duration::from_millis(10);
        let (mut at, mut allowed) = (first, 0.0);
        while at < last {
            let limit = self.bank.limit_at(at);
            allowed += f64::from(limit.requests) * step.as_secs_f64() / limit.window.as_secs_f64();
            at += step;
        }
        Used { made: (arrivals.len() - 45) as f64, allowed }
    }
}

/// Use of a limit while there was demand.
#[derive(Clone, Copy, Default)]
struct Used {
    made: f64,
    allowed: f64,
}

impl Used {
    /// Every night nearly so much, and all of them together as much as is promised: what has to open a connection may arrive late
    /// and counts for longer.
    fn assert(self, seed: u64, temper: &Temper, sum: &mut Self) {
        let share = self.made / self.allowed;
        assert!(share >= 0.92, "seed {seed}: {:.1} % used by {temper:?}", share * 100.0);
        *sum = Self { made: sum.made + self.made, allowed: sum.allowed + self.allowed };
    }

    fn assert_all(self) {
        let share = self.made * 100.0 / self.allowed;
        println!("{share:.2} % of what was allowed was used");
        assert!(share >= 95.0, "{share:.2} % used");
    }
}

#[test]
fn a_calm_night_uses_what_is_allowed_and_no_more() {
    let mut used = Used::default();
    for seed in 0..seeds() {
        let mut random = fastrand::Rng::with_seed(seed);
        let temper = calm(&mut random);
        let limits = temper.limits.clone();
        // Long enough that the jitter of the first and the last arrival is nothing.
        let rows = u64::from(limits[0].requests * 60).max(400);
        let morning = pass(seed, Night::new(temper.clone(), rows));
        assert_eq!(morning.ended, [Ended::Finished], "seed {seed}");
        morning.assert_limits(seed, &limits);
        morning.assert_each_once(seed, rows);
        assert_eq!(morning.throttled().0, 0, "seed {seed}");
        morning.used().assert(seed, &temper, &mut used);
    }
    used.assert_all();
}

#[test]
fn limits_that_change_are_followed_as_soon_as_they_are_told() {
    let (mut throttled, mut requests, mut used) = (0, 0, Used::default());
    for seed in 0..seeds() {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut temper = calm(&mut random);
        temper.limits = vec![RateLimit::per_second(10)];
        temper.tells = if random.bool() { Tells::Structured } else { Tells::Legacy };
        let lower = random.u32(4..10);
        let from = Duration::from_millis(random.u64(30_000..60_000));
        temper.changes = vec![(from, lower), (from + Duration::from_secs(60), 10)];
        let limits = temper.limits.clone();
        let morning = pass(seed, Night::new(temper.clone(), 2400));
        morning.assert_limits(seed, &limits);
        morning.assert_each_once(seed, 2400);
        let (refused, made) = morning.throttled();
        assert!(refused <= 8, "seed {seed}: {refused} of {made} refused by {temper:?}");
        (throttled, requests) = (throttled + refused, requests + made);
        morning.used().assert(seed, &temper, &mut used);
    }
    used.assert_all();
    println!("{throttled} of {requests} were refused");
    assert!(throttled * 1000 <= requests, "{throttled} of {requests} were refused");
}

#[test]
fn a_limit_that_is_lowered_without_a_word_is_learned() {
    for seed in 0..seeds() / 4 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut temper = calm(&mut random);
        temper.tells = Tells::Nothing;
        temper.limits = vec![RateLimit::per_second(10)];
        temper.changes = vec![(Duration::from_secs(20), random.u32(3..9))];
        let morning = pass(seed, Night::new(temper.clone(), 2000));
        morning.assert_each_once(seed, 2000);
        let (refused, made) = morning.throttled();
        assert!(refused <= 24, "seed {seed}: {refused} of {made} refused by {temper:?}");
    }
}

#[test]
fn outages_kills_and_lost_answers_lose_and_double_nobody() {
    for seed in 0..seeds() * 2 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut temper = calm(&mut random);
        temper.lost_before = random.u32(0..80);
        temper.lost_after = random.u32(0..80);
        temper.outages = outages(&mut random);
        let limits = temper.limits.clone();
        let mut night = Night::new(temper, 150);
        night.disturb(&mut random);
        let morning = pass(seed, night);
        assert_eq!(morning.ended.last(), Some(&Ended::Finished), "seed {seed}");
        morning.assert_limits(seed, &limits);
        morning.assert_each_once(seed, 150);
        assert_eq!(morning.throttled().0, 0, "seed {seed}");
    }
}

#[test]
fn everything_at_once_loses_and_doubles_nobody() {
    let (mut throttled, mut requests) = (0, 0);
    for seed in 0..seeds() {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut temper = calm(&mut random);
        let most = temper.limits[0].requests;
        let from = Duration::from_secs(random.u64(0..60));
        temper.changes = vec![(from, random.u32(1..=most)), (from + Duration::from_secs(random.u64(1..120)), most)];
        (temper.lost_before, temper.lost_after) = (random.u32(0..40), random.u32(0..40));
        temper.outages = outages(&mut random);
        temper.remembers = temper.remembers.filter(|_| random.bool());
        if random.bool() {
            temper.limits.push(RateLimit::per_day(random.u32(200..600)));
        }
        let limits = temper.limits.clone();
        let mut night = Night::new(temper, 300);
        night.disturb(&mut random);
        // A clock that is set forward between two processes makes a day shorter: nobody can know.
        night.jumps.iter_mut().for_each(|(_, by_ms)| *by_ms = -by_ms.abs());
        let morning = pass(seed, night);
        assert_eq!(morning.ended.last(), Some(&Ended::Finished), "seed {seed}");
        morning.assert_limits(seed, &limits);
        morning.assert_each_once(seed, 300);
        let (refused, made) = morning.throttled();
        (throttled, requests) = (throttled + refused, requests + made);
    }
    println!("{throttled} of {requests} were refused");
}

#[test]
fn a_quota_of_the_day_holds_over_nights_and_kills() {
    for seed in 0..seeds() / 2 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut temper = calm(&mut random);
        let minute = RateLimit::per_minute(random.u32(60..200));
        let day = RateLimit::per_day(random.u32(100..300));
        temper.limits.extend([minute, day]);
        temper.lost_after = 20;
        let limits = temper.limits.clone();
        let rows = 500;
        let mut night = Night::new(temper, rows);
        night.kills = (0..random.u32(0..4)).map(|_| Duration::from_secs(random.u64(1..100_000))).collect();
        if random.bool() {
            night.settings.pace.schedule = Schedule::parse("22:00-06:00", Some("Europe/Moscow")).ok();
        }
        let morning = pass(seed, night);
        assert_eq!(morning.ended.last(), Some(&Ended::Finished), "seed {seed}");
        morning.assert_limits(seed, &limits);
        morning.assert_each_once(seed, rows);
        assert_eq!(morning.throttled().0, 0, "seed {seed}");
        let made = i64::try_from(morning.throttled().1).unwrap();
        let counted = morning.memory.requests_counted();
        assert!(counted >= made, "seed {seed}: {counted} counted, {made} made");
    }
}

#[test]
fn the_same_seed_gives_the_same_night() {
    let arrivals = || {
        let mut random = fastrand::Rng::with_seed(7);
        let mut temper = calm(&mut random);
        (temper.lost_before, temper.lost_after) = (50, 50);
        let morning = pass(7, Night { kills: vec![Duration::from_secs(4)], ..Night::new(temper, 100) });
        morning.bank.ledger.lock().unwrap().arrivals.clone()
    };
    assert_eq!(arrivals(), arrivals());
}
