//! The rate window: how many requests were admitted in the last second. Knows no clock; the moment is passed in.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// Length of the window.
const WINDOW: Duration = Duration::from_secs(1);

/// Counters kept at most; idle ones are dropped beyond it.
const COUNTERS_MAX: usize = 1024;

/// Sliding windows, one for each thing that is counted apart (a token, or a token and a method).
#[derive(Debug)]
pub(super) struct Pace {
    rate: Option<u32>,
    admitted: HashMap<u64, VecDeque<Instant>>,
}

impl Pace {
    /// Admits `rate` requests in any sliding second; everything when `None`.
    pub(super) fn new(rate: Option<u32>) -> Self {
        Self { rate, admitted: HashMap::new() }
    }

    /// Takes a place in the window, or tells how long until one is free.
    ///
    /// # Errors
    /// The time to wait when the window is full; such a request does not count.
    pub(super) fn take(&mut self, counter: u64, now: Instant) -> Result<(), Duration> {
        let Some(rate) = self.rate else { return Ok(()) };
        if self.admitted.len() > COUNTERS_MAX {
            self.admitted.retain(|_, times| times.back().is_some_and(|time| now.duration_since(*time) < WINDOW));
        }
        let times = self.admitted.entry(counter).or_default();
        while times.front().is_some_and(|time| now.duration_since(*time) >= WINDOW) {
            times.pop_front();
        }
        match times.front() {
            Some(oldest) if times.len() >= rate as usize => Err(WINDOW.saturating_sub(now.duration_since(*oldest))),
            Some(_) | None => {
                times.push_back(now);
                Ok(())
            }
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.admitted.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_sliding_second_holds_more_than_the_rate() {
        let mut pace = Pace::new(Some(10));
        let start = Instant::now();
        let mut admitted = Vec::new();
        for step in 0..1000_u64 {
            let now = start + Duration::from_millis(step * 7);
            if pace.take(0, now).is_ok() {
                admitted.push(now);
            }
        }
        for (at, first) in admitted.iter().enumerate() {
            let within = admitted[at..].iter().filter(|time| time.duration_since(*first) < WINDOW).count();
            assert!(within <= 10);
        }
        assert_eq!(admitted.len(), 70);
    }

    #[test]
    fn the_wait_is_exact_and_counters_are_apart() {
        let mut pace = Pace::new(Some(1));
        let start = Instant::now();
        assert_eq!(pace.take(1, start), Ok(()));
        assert_eq!(pace.take(2, start), Ok(()));
        assert_eq!(pace.take(1, start + Duration::from_millis(300)), Err(Duration::from_millis(700)));
        assert_eq!(pace.take(1, start + WINDOW), Ok(()));
    }
}
