//! A model provider: counts arrivals in every window, remembers keys, lists what it has, fails by plan. It lives on after whoever
//! asked it was killed.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use clientferry::model::{IdempotencyKey, RateLimit, Refusal};
use clientferry::provider::headers::{quotas, retry_after};
use clientferry::provider::{Absence, Answer, Found, Halt, LOOK_UP_FAILED, Order, Profile, Provider, Slot, Verdict, Wanted};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::time::{Instant, sleep};

use super::clock::Wall;

/// How quota headers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tells {
    Nothing,
    Structured,
    Legacy,
}

/// What an outage looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outage {
    Refused,
    Unavailable,
    Silent,
}

/// How the provider behaves.
#[derive(Clone, Debug)]
pub(super) struct Temper {
    /// What is promised.
    pub(super) limits: Vec<RateLimit>,
    /// From these times on, so many requests of the first window only.
    pub(super) changes: Vec<(Duration, u32)>,
    pub(super) tells: Tells,
    /// Milliseconds.
    pub(super) transit: Range<u64>,
    pub(super) connect: Range<u64>,
    pub(super) work: Range<u64>,
    /// Of a thousand requests, so many are lost before, or after, the client is stored.
    pub(super) lost_before: u32,
    pub(super) lost_after: u32,
    pub(super) outages: Vec<(Range<Duration>, Outage)>,
    /// How long keys are remembered; `None`: it knows none.
    pub(super) remembers: Option<Duration>,
    pub(super) in_flight_max: usize,
    /// How long a connection may be idle.
    pub(super) keeps_alive: Duration,
}

const CONNECT_MAX: Duration = Duration::from_millis(500);
const TIMEOUT: Duration = Duration::from_secs(10);
const PAGE: usize = 50;

#[derive(Default)]
pub(super) struct Ledger {
    pub(super) arrivals: Vec<Duration>,
    /// Those that were not refused.
    served: Vec<Duration>,
    pub(super) throttled: usize,
    /// Body to ids: more than one is a client created twice.
    pub(super) clients: BTreeMap<String, Vec<String>>,
    keys: HashMap<IdempotencyKey, (Duration, String)>,
    idle: Vec<Instant>,
    ids: u64,
}

pub(super) struct Bank {
    temper: Temper,
    profile: Profile,
    wall: Arc<Wall>,
    random: Mutex<fastrand::Rng>,
    pub(super) ledger: Mutex<Ledger>,
}

impl Bank {
    pub(super) fn new(temper: Temper, wall: Arc<Wall>, seed: u64) -> Arc<Self> {
        let profile = Profile {
            limits: temper.limits.clone(),
            in_flight_max: temper.in_flight_max,
            replay_window: temper.remembers.map(|remembers| remembers - Duration::from_secs(60)),
            connect_timeout: CONNECT_MAX,
            replays_max: usize::MAX,
            look_up_delays: Vec::new(),
            absence: Absence::Resend,
            remote_ids_unique: true,
        };
        let random = Mutex::new(fastrand::Rng::with_seed(seed));
        Arc::new(Self { temper, profile, wall, random, ledger: Mutex::default() })
    }

    fn between(&self, range: &Range<u64>) -> Duration {
        Duration::from_millis(self.random.lock().unwrap().u64(range.clone()))
    }

    fn happens(&self, of_a_thousand: u32) -> bool {
        self.random.lock().unwrap().u32(0..1000) < of_a_thousand
    }

    /// A connection: an idle one, or a new one. It dies with whoever opens it.
    async fn connect(&self) {
        let warm = {
            let mut ledger = self.ledger.lock().unwrap();
            ledger.idle.retain(|since| since.elapsed() < self.temper.keeps_alive);
            ledger.idle.pop().is_some()
        };
        if !warm {
            sleep(self.between(&self.temper.connect)).await;
        }
    }

    /// The way there. What has left arrives, whatever becomes of the sender.
    async fn arrive(&self) {
        sleep(self.between(&self.temper.transit)).await;
    }

    /// The first limit in force.
    pub(super) fn limit_at(&self, at: Duration) -> RateLimit {
        let main = self.temper.limits[0];
        let changed = self.temper.changes.iter().rev().find(|(from, _)| *from <= at).map(|(_, requests)| *requests);
        RateLimit { requests: changed.unwrap_or(main.requests), ..main }
    }

    /// Counts an arrival. The headers of its answer, and whether it is refused.
    fn count(&self) -> (HeaderMap, bool) {
        let now = self.wall.passed();
        let main = self.limit_at(now);
        let mut ledger = self.ledger.lock().unwrap();
        ledger.arrivals.push(now);
        let limits = std::iter::once(main).chain(self.temper.limits.iter().skip(1).copied());
        let mut refused = false;
        for limit in limits {
            let held = ledger.served.iter().rev().take_while(|at| **at + limit.window > now).count();
            refused |= held >= limit.requests as usize;
        }
        if refused {
            ledger.throttled += 1;
        } else {
            ledger.served.push(now);
        }
        let held = ledger.served.iter().rev().take_while(|at| **at + main.window > now).count();
        let left = (main.requests as usize).saturating_sub(held);
        let seconds = main.window.as_secs().max(1);
        let pairs: Vec<(&str, String)> = match self.temper.tells {
            Tells::Nothing => Vec::new(),
            Tells::Structured => vec![
                ("ratelimit", format!("\"main\";r={left};t={seconds}")),
                ("ratelimit-policy", format!("\"main\";q={};w={seconds}", main.requests)),
            ],
            Tells::Legacy => vec![
                ("x-ratelimit-limit", main.requests.to_string()),
                ("x-ratelimit-remaining", left.to_string()),
                ("x-ratelimit-reset", seconds.to_string()),
            ],
        };
        let retry = refused.then(|| ("retry-after", seconds.to_string()));
        let headers = pairs
            .into_iter()
            .chain(retry)
            .map(|(name, value)| (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(&value).unwrap()));
        (headers.collect(), refused)
    }

    /// Its connection can carry another request.
    fn answered(&self) {
        self.ledger.lock().unwrap().idle.push(Instant::now());
    }

    /// Whoever had connections is gone, and they with it.
    pub(super) fn hang_up(&self) {
        self.ledger.lock().unwrap().idle.clear();
    }

    fn outage(&self) -> Option<Outage> {
        let now = self.wall.passed();
        self.temper.outages.iter().find(|(when, _)| when.contains(&now)).map(|(_, outage)| *outage)
    }

    fn store(&self, body: &str, key: IdempotencyKey) -> String {
        let now = self.wall.passed();
        let mut ledger = self.ledger.lock().unwrap();
        if let (Some(remembers), Some((since, id))) = (self.temper.remembers, ledger.keys.get(&key))
            && now < *since + remembers
        {
            return id.clone();
        }
        ledger.ids += 1;
        let id = format!("b-{}", ledger.ids);
        ledger.keys.insert(key, (now, id.clone()));
        ledger.clients.entry(body.to_owned()).or_default().push(id.clone());
        id
    }

    async fn create(self: Arc<Self>, body: String, key: IdempotencyKey) -> Answer {
        let outage = self.outage();
        if outage == Some(Outage::Refused) {
            return Answer::of(Verdict::Transient(why("not_connected")));
        }
        self.arrive().await;
        let (headers, refused) = self.count();
        let now = self.wall.now();
        let answer = |verdict, status: u16| Answer {
            verdict,
            http_status: Some(status),
            request_id: None,
            quotas: quotas(&headers, now),
            remark: None,
        };
        match outage {
            Some(Outage::Unavailable) => {
                self.answered();
                return answer(Verdict::Transient(why("503")), 503);
            }
            Some(Outage::Silent) => {
                sleep(TIMEOUT).await;
                return Answer::of(Verdict::Unknown { why: why("timeout"), retry_after: None });
            }
            Some(Outage::Refused) | None => {}
        }
        if refused {
            self.answered();
            return answer(Verdict::Throttled { retry_after: retry_after(&headers, now) }, 429);
        }
        sleep(self.between(&self.temper.work)).await;
        if self.happens(self.temper.lost_before) {
            return Answer::of(Verdict::Unknown { why: why("lost"), retry_after: None });
        }
        let id = self.store(&body, key);
        if self.happens(self.temper.lost_after) {
            return Answer::of(Verdict::Unknown { why: why("lost"), retry_after: None });
        }
        self.answered();
        answer(Verdict::Created(id.into()), 201)
    }
}

fn why(code: &str) -> Refusal {
    Refusal { code: code.into(), message: code.into(), ..Refusal::default() }
}

/// One that is asked by a run.
pub(super) struct Asked(pub(super) Arc<Bank>);

#[async_trait]
impl Provider for Asked {
    fn profile(&self) -> &Profile {
        &self.0.profile
    }

    fn is_loopback(&self) -> bool {
        true
    }

    fn base_url(&self) -> &str {
        "http://model"
    }

    async fn preflight(&self, _: &dyn Slot) -> Result<Option<u64>, Halt> {
        self.0.connect().await;
        let bank = Arc::clone(&self.0);
        let asked = tokio::spawn(async move {
            bank.arrive().await;
            bank.count();
        });
        asked.await.unwrap();
        Ok(None)
    }

    async fn submit(&self, order: &Order<'_>, _: &dyn Slot) -> Answer {
        self.0.connect().await;
        // Whoever asked may be killed; what arrived is worked on all the same.
        let creating = Arc::clone(&self.0).create(order.body.as_str().to_owned(), order.key);
        tokio::spawn(creating).await.unwrap()
    }

    async fn find(
        &self,
        wanted: &[Wanted],
        taken: &(dyn for<'id> Fn(usize, &'id str) -> bool + Sync),
        slot: &dyn Slot,
    ) -> Vec<Found> {
        let pages = self.0.ledger.lock().unwrap().clients.len().div_ceil(PAGE).max(1);
        for _ in 0..pages {
            let failed = || wanted.iter().map(|_| Found::CannotAsk(why(LOOK_UP_FAILED))).collect();
            let Some(turn) = slot.take().await else { return failed() };
            self.0.connect().await;
            let bank = Arc::clone(&self.0);
            let asked = tokio::spawn(async move {
                if bank.outage().is_some() {
                    return None;
                }
                bank.arrive().await;
                let (_, refused) = bank.count();
                sleep(bank.between(&bank.temper.work)).await;
                (!refused).then_some(())
            });
            let came = asked.await.unwrap();
            if came.is_some() {
                self.0.answered();
            }
            turn.answered(came.is_some());
            if came.is_none() {
                return failed();
            }
        }
        let ledger = self.0.ledger.lock().unwrap();
        let find = |(position, wanted): (usize, &Wanted)| {
            let ids = ledger.clients.get(wanted.body.as_str()).map(Vec::as_slice).unwrap_or_default();
            match ids.iter().find(|id| !taken(position, id)) {
                Some(id) => Found::There(id.as_str().into()),
                None => Found::Absent,
            }
        };
        wanted.iter().enumerate().map(find).collect()
    }
}
