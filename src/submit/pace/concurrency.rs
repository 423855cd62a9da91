//! How many requests may be under way at once: one more for every round of good answers, half as many when the provider is in
//! trouble, fewer when it slows down. Counts only.

use std::time::Duration;

use tokio::time::Instant;

/// Slower than this many times its usual, the provider is overloaded.
const SLOW_TIMES: f64 = 2.0;
/// What never counts as slow.
const SLOW_MIN_S: f64 = 0.05;
/// Answers before which nobody knows what is usual.
const USUAL_AFTER: u32 = 20;

#[derive(Debug)]
pub(super) struct Concurrency {
    most: f64,
    allowed: f64,
    /// Seconds until an answer: lately, and usually.
    lately: f64,
    usually: f64,
    answers: u32,
    /// When it was lowered last: what left before is the same trouble.
    lowered: Option<Instant>,
}

impl Concurrency {
    pub(super) fn new(most: usize) -> Self {
        // A few dozen at most: exact as a float.
        let most = f64::from(u32::try_from(most.max(1)).unwrap_or(u32::MAX));
        Self { most, allowed: most, lately: 0.0, usually: 0.0, answers: 0, lowered: None }
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it lies between 1 and the most")]
    pub(super) fn allowed(&self) -> usize {
        self.allowed as usize
    }

    /// A good answer.
    pub(super) fn answered(&mut self, started: Instant, now: Instant, took: Duration) {
        let took = took.as_secs_f64();
        self.answers = self.answers.saturating_add(1);
        let share = |of: f64| of.max(1.0 / f64::from(self.answers));
        self.lately += (took - self.lately) * share(0.2);
        self.usually += (took - self.usually) * share(0.02);
        let slow = self.answers >= USUAL_AFTER && self.lately > self.usually * SLOW_TIMES && self.lately > SLOW_MIN_S;
        if slow {
            self.lower(0.8, started, now);
        } else {
            self.allowed = (self.allowed + 1.0 / self.allowed).min(self.most);
        }
    }

    /// No answer, or one that says that the provider is in trouble.
    pub(super) fn trouble(&mut self, started: Instant, now: Instant) {
        self.lower(0.5, started, now);
    }

    fn lower(&mut self, times: f64, started: Instant, now: Instant) {
        if self.lowered.is_none_or(|lowered| started >= lowered) {
            self.allowed = (self.allowed * times).max(1.0);
            self.lowered = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_halves_it_once_and_good_answers_bring_it_back_one_by_one() {
        let begun = Instant::now();
        let at = |ms: u64| begun + Duration::from_millis(ms);
        let mut it = Concurrency::new(8);
        assert_eq!(it.allowed(), 8);
        for _ in 0..8 {
            it.trouble(at(0), at(100));
        }
        assert_eq!(it.allowed(), 4, "requests under way together are one trouble");
        it.trouble(at(110), at(200));
        assert_eq!(it.allowed(), 2);
        let mut answers = 0;
        while it.allowed() < 8 {
            it.answered(at(300), at(400), Duration::from_millis(100));
            answers += 1;
        }
        assert!((25..45).contains(&answers), "{answers}");
        (0..9).for_each(|n| it.trouble(at(500 + n * 10), at(505 + n * 10)));
        assert_eq!(it.allowed(), 1, "one always goes");
    }

    #[test]
    fn slowness_that_is_unusual_lowers_it_and_slowness_that_stays_becomes_usual() {
        let begun = Instant::now();
        let mut it = Concurrency::new(8);
        let mut now = begun;
        let mut answer = |it: &mut Concurrency, ms: u64| {
            now += Duration::from_secs(1);
            it.answered(now - Duration::from_millis(ms), now, Duration::from_millis(ms));
        };
        (0..200).for_each(|n| answer(&mut it, 50 + n % 7 * 100));
        assert_eq!(it.allowed(), 8, "answers that differ are no trouble");
        (0..30).for_each(|_| answer(&mut it, 3000));
        assert!(it.allowed() < 6, "{}", it.allowed());
        (0..400).for_each(|_| answer(&mut it, 3000));
        assert_eq!(it.allowed(), 8);
    }
}
