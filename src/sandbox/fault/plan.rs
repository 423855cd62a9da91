//! The faults in force and what they have met so far. Answers what a request runs into; does nothing by itself.

use std::collections::{HashMap, HashSet};
use std::hash::Hasher;
use std::time::Duration;

use siphasher::sip::SipHasher13;
use uuid::Uuid;

use super::{FaultKind, FaultSpec, When};

/// The faults in force, with counts of the requests since they were set.
#[derive(Debug)]
pub(in crate::sandbox) struct Faults {
    seed: u64,
    specs: Vec<FaultSpec>,
    spent: Vec<bool>,
    requests: u64,
    attempts: HashMap<Uuid, u32>,
    /// Attempts of clients that came without a key, by name.
    named_attempts: HashMap<String, u32>,
    /// Other calls, by name.
    reads: HashMap<&'static str, u64>,
    dead_tokens: HashSet<u64>,
}

/// What one request runs into.
#[derive(Clone, Debug, Default)]
pub(in crate::sandbox) struct Hits {
    /// How much longer it takes.
    pub(in crate::sandbox) latency: Duration,
    /// Its key is not looked at.
    pub(in crate::sandbox) ignore_keys: bool,
    /// Its answer carries the id of all others.
    pub(in crate::sandbox) canned: bool,
    /// What shapes its answer.
    pub(in crate::sandbox) effect: Option<FaultKind>,
    once: Vec<usize>,
}

impl Faults {
    pub(in crate::sandbox) fn new(specs: Vec<FaultSpec>, seed: u64) -> Self {
        let spent = vec![false; specs.len()];
        Self {
            seed,
            specs,
            spent,
            requests: 0,
            attempts: HashMap::new(),
            named_attempts: HashMap::new(),
            reads: HashMap::new(),
            dead_tokens: HashSet::new(),
        }
    }

    /// Other faults; counting begins anew.
    pub(in crate::sandbox) fn replace(&mut self, specs: Vec<FaultSpec>) {
        *self = Self::new(specs, self.seed);
    }

    /// The same faults, counted anew.
    pub(in crate::sandbox) fn restart(&mut self) {
        self.replace(self.specs.clone());
    }

    /// The faults as they are written.
    pub(in crate::sandbox) fn texts(&self) -> Vec<String> {
        self.specs.iter().map(FaultSpec::to_string).collect()
    }

    /// Whether this token is refused by now.
    pub(in crate::sandbox) fn token_is_dead(&self, token: u64) -> bool {
        self.dead_tokens.contains(&token)
            || self.specs.iter().any(|spec| matches!(spec.kind, FaultKind::UnauthorizedAfter(after) if self.requests >= after))
    }

    /// Refuses this token from now on.
    pub(in crate::sandbox) fn kill_token(&mut self, token: u64) {
        self.dead_tokens.insert(token);
    }

    /// What the next call of this name that creates nothing runs into.
    pub(in crate::sandbox) fn meet_read(&self, call: &'static str) -> Hits {
        let mut hits = Hits::default();
        for spec in &self.specs {
            let When::Read { name, from, to } = &spec.when else { continue };
            let before = match name {
                Some(name) if *name != call => continue,
                Some(name) => self.reads.get(name).copied().unwrap_or(0),
                None => self.reads.values().sum(),
            };
            if (*from..=*to).contains(&before.saturating_add(1)) {
                hits.take(spec.kind);
            }
        }
        hits
    }

    /// Counts a call that creates nothing and was not refused by the rate limit.
    pub(in crate::sandbox) fn count_read(&mut self, call: &'static str) {
        let count = self.reads.entry(call).or_insert(0);
        *count = count.saturating_add(1);
    }

    /// What the next creation request runs into as far as its head tells.
    pub(in crate::sandbox) fn meet(&self, key: Option<Uuid>) -> Hits {
        let number = self.requests.saturating_add(1);
        let attempt = key.and_then(|key| self.attempts.get(&key)).copied().unwrap_or(0).saturating_add(1);
        let mut hits = Hits::default();
        for (at, spec) in self.specs.iter().enumerate() {
            let struck = match &spec.when {
                When::Always => true,
                When::Once => !self.spent.get(at).copied().unwrap_or(true),
                // Without a key, the body tells whose attempt it is.
                When::First => key.is_some() && attempt == 1,
                When::Percent(percent) => self.share(at, key, number, attempt) * 100.0 < *percent,
                When::Numbers(from, to) => (*from..=*to).contains(&number),
                When::Key(wanted) => key == Some(*wanted),
                When::Name(_) | When::Read { .. } => false,
            };
            let due = !matches!(spec.kind, FaultKind::UnauthorizedAfter(_))
                && (spec.kind != FaultKind::ConflictOnce || (key.is_some() && attempt == 1));
            if struck && due && hits.take(spec.kind) && spec.when == When::Once {
                hits.once.push(at);
            }
        }
        hits
    }

    /// What it runs into besides, now that its body is read; the first of the names stands for the client where there is no key.
    pub(in crate::sandbox) fn meet_name(&mut self, names: &[&str], key: Option<Uuid>, hits: &mut Hits) {
        if self.specs.is_empty() {
            return;
        }
        let attempt = match (key, names.first()) {
            (Some(key), _) => self.attempts.get(&key).copied().unwrap_or(1),
            (None, Some(name)) => {
                let attempts = self.named_attempts.entry((*name).to_owned()).or_insert(0);
                *attempts = attempts.saturating_add(1);
                *attempts
            }
            (None, None) => 1,
        };
        for spec in &self.specs {
            let struck = match &spec.when {
                When::Name(name) => names.contains(&name.as_str()),
                When::First => key.is_none() && attempt == 1,
                When::Always => key.is_none() && spec.kind == FaultKind::ConflictOnce,
                When::Once | When::Percent(_) | When::Numbers(..) | When::Key(_) | When::Read { .. } => false,
            };
            if struck && (spec.kind != FaultKind::ConflictOnce || attempt == 1) {
                hits.take(spec.kind);
            }
        }
    }

    /// Counts a request that was not refused by the rate limit.
    pub(in crate::sandbox) fn count(&mut self, key: Option<Uuid>, hits: &Hits) {
        self.requests = self.requests.saturating_add(1);
        if self.specs.is_empty() {
            return; // nobody asks for attempts, and they would grow with every key
        }
        if let Some(key) = key {
            let attempts = self.attempts.entry(key).or_insert(0);
            *attempts = attempts.saturating_add(1);
        }
        for at in &hits.once {
            if let Some(spent) = self.spent.get_mut(*at) {
                *spent = true;
            }
        }
    }

    /// A number from 0 to 1 that depends on seed, fault, key and attempt only.
    fn share(&self, at: usize, key: Option<Uuid>, number: u64, attempt: u32) -> f64 {
        let mut hasher = SipHasher13::new_with_keys(self.seed, at as u64);
        match key {
            Some(key) => {
                hasher.write(key.as_bytes());
                hasher.write_u32(attempt);
            }
            None => hasher.write_u64(number),
        }
        (hasher.finish() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

impl Hits {
    /// Adds a fault; false when another already shapes the answer.
    fn take(&mut self, kind: FaultKind) -> bool {
        match kind {
            FaultKind::Latency(latency) => self.latency = self.latency.saturating_add(latency),
            FaultKind::IgnoreKeys => self.ignore_keys = true,
            FaultKind::Canned => self.canned = true,
            FaultKind::Drop(_)
            | FaultKind::InternalError(_)
            | FaultKind::BadGatewayHtml(_)
            | FaultKind::Unavailable(_)
            | FaultKind::TooManyRequests(_)
            | FaultKind::CreatedEmpty
            | FaultKind::CreatedText
            | FaultKind::CreatedCut
            | FaultKind::CreatedNoId
            | FaultKind::OkInsteadOfCreated
            | FaultKind::Error200(_)
            | FaultKind::UnauthorizedAfter(_)
            | FaultKind::DeadToken
            | FaultKind::ForbiddenHtml
            | FaultKind::ConflictOnce
            | FaultKind::Redirect
            | FaultKind::Hang(_)
            | FaultKind::Odd(_) => {
                if self.effect.is_some() {
                    return false;
                }
                self.effect = Some(kind);
            }
        }
        true
    }

    /// The fault that is answered instead of working on the request.
    pub(in crate::sandbox) fn early(&self) -> Option<FaultKind> {
        self.effect.filter(|kind| kind.is_early())
    }

    /// The odd answer that is asked for. For those that come before the client is stored: the house gives the others.
    #[allow(dead_code, reason = "for the imitations that come next")]
    pub(in crate::sandbox) fn odd(&self) -> Option<&'static str> {
        match self.effect {
            Some(FaultKind::Odd(name)) => Some(name),
            Some(_) | None => None,
        }
    }

    /// The name of what shapes the answer, for the request log.
    pub(in crate::sandbox) fn name(&self) -> Option<&'static str> {
        let modifier = if self.canned {
            Some("canned")
        } else if self.ignore_keys {
            Some("ignore_keys")
        } else if self.latency > Duration::ZERO {
            Some("latency")
        } else {
            None
        };
        self.effect.map(FaultKind::name).or(modifier)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Stage;
    use super::*;

    fn faults(specs: &[&str], seed: u64) -> Faults {
        Faults::new(specs.iter().map(|spec| spec.parse().unwrap()).collect(), seed)
    }

    fn run(faults: &mut Faults, keys: impl Iterator<Item = u128>) -> Vec<bool> {
        keys.map(|key| {
            let key = Some(Uuid::from_u128(key));
            let hits = faults.meet(key);
            faults.count(key, &hits);
            hits.effect.is_some()
        })
        .collect()
    }

    #[test]
    fn a_share_is_the_same_in_each_run_whatever_the_order() {
        let mut forward = run(&mut faults(&["hang@20%"], 7), 0..2000);
        let backward = run(&mut faults(&["hang@20%"], 7), (0..2000).rev());
        let struck = forward.iter().filter(|hit| **hit).count();
        assert!((300..500).contains(&struck), "{struck} of 2000 is not about 20 %");
        assert_ne!(forward, run(&mut faults(&["hang@20%"], 8), 0..2000));
        forward.reverse();
        assert_eq!(forward, backward);
    }

    #[test]
    fn numbers_first_and_once_count() {
        assert_eq!(run(&mut faults(&["hang@#2-3"], 0), 0..5), [false, true, true, false, false]);
        assert_eq!(run(&mut faults(&["hang@once"], 0), 0..3), [true, false, false]);
        assert_eq!(run(&mut faults(&["hang@first"], 0), [1, 1, 2, 1, 2].into_iter()), [true, false, true, false, false]);
        assert_eq!(run(&mut faults(&["409_once"], 0), [1, 1, 2].into_iter()), [true, false, true]);
    }

    #[test]
    fn the_first_effect_wins_and_keeps_the_other_once_unspent() {
        let mut faults = faults(&["hang@#1", "503@once", "latency=5", "latency=7"], 0);
        let hits = faults.meet(None);
        faults.count(None, &hits);
        assert_eq!((hits.effect, hits.latency), (Some(FaultKind::Hang(Stage::AfterCommit)), Duration::from_millis(12)));
        assert_eq!(faults.meet(None).effect.map(FaultKind::name), Some("503"));
    }

    #[test]
    fn a_token_dies_after_n() {
        let mut faults = faults(&["401_after_n=2"], 0);
        assert_eq!(run(&mut faults, 0..1), [false]);
        assert!(!faults.token_is_dead(1));
        run(&mut faults, 1..2);
        assert!(faults.token_is_dead(1));
    }

    #[test]
    fn one_token_dies_and_another_lives() {
        let mut faults = faults(&["dead_token@#2"], 0);
        assert_eq!(run(&mut faults, 0..3), [false, true, false]);
        faults.kill_token(1);
        assert!(faults.token_is_dead(1) && !faults.token_is_dead(2));
        faults.restart();
        assert!(!faults.token_is_dead(1));
    }

    #[test]
    fn without_keys_the_client_tells_first_attempts() {
        let mut faults = faults(&["503@first", "409_once"], 0);
        let met: Vec<Option<&str>> = ["a", "a", "b"]
            .into_iter()
            .map(|client| {
                let mut hits = faults.meet(None);
                faults.count(None, &hits);
                assert_eq!(hits.name(), None);
                faults.meet_name(&[client, "same"], None, &mut hits);
                hits.name()
            })
            .collect();
        assert_eq!(met, [Some("503"), None, Some("503")]);
    }

    #[test]
    fn reads_are_counted_apart_and_by_name() {
        let mut faults = faults(&["503@read:list#2", "429@read#3"], 0);
        let met: Vec<Option<&str>> = ["one", "list", "list", "one"]
            .into_iter()
            .map(|call| {
                let hits = faults.meet_read(call);
                faults.count_read(call);
                hits.name()
            })
            .collect();
        assert_eq!(met, [None, None, Some("503"), None]);
        assert_eq!(run(&mut faults, 0..3), [false; 3]);
    }
}
