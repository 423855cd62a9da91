//! What answers say about the pace: quota headers, and "too fast" without a word about how fast is right. Keeps count; the windows
//! keep the promise.

use std::time::Duration;

use tokio::time::Instant;

use crate::provider::Quota;

/// What an offence leaves of the rate, and the least that is left.
const EASE: f64 = 0.7;
const SHARE_MIN: f64 = 0.1;
/// What is tried again when all has been well for so many answers or, where few are made, so long.
const RAISE: f64 = 0.1;
const RAISE_AFTER: u32 = 1000;
const RAISE_AFTER_MAX: u32 = 16_000;
const RAISE_ANSWERS_MIN: u32 = 30;
const RAISE_EACH: Duration = Duration::from_millis(300);
/// Windows of which headers may tell at once.
const WINDOWS_MAX: usize = 8;

/// The share of the given rate that the provider bears, learned from its refusals.
#[derive(Debug)]
pub(super) struct Share {
    share: f64,
    good: u32,
    raise_after: u32,
    /// Whether the last change was a raise.
    raised: bool,
    changed: Option<Instant>,
}

impl Share {
    pub(super) fn new() -> Self {
        Self { share: 1.0, good: 0, raise_after: RAISE_AFTER, raised: false, changed: None }
    }

    /// Of a limit, what is in force.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a u32")]
    pub(super) fn of(&self, limit: u32) -> u32 {
        ((f64::from(limit) * self.share + 1e-9) as u32).max(1)
    }

    /// The provider said "too fast".
    pub(super) fn offended(&mut self, now: Instant) {
        if std::mem::replace(&mut self.raised, false) {
            self.raise_after = self.raise_after.saturating_mul(2).min(RAISE_AFTER_MAX);
        }
        self.share = (self.share * EASE).max(SHARE_MIN);
        (self.good, self.changed) = (0, Some(now));
    }

    /// It did not. Whether the share changed.
    pub(super) fn accepted(&mut self, now: Instant) -> bool {
        if self.share >= 1.0 {
            return false;
        }
        self.good = self.good.saturating_add(1);
        let long = self.changed.is_some_and(|changed| now.saturating_duration_since(changed) >= RAISE_EACH * self.raise_after);
        if self.good < self.raise_after && !(long && self.good >= RAISE_ANSWERS_MIN) {
            return false;
        }
        self.share = (self.share + RAISE).min(1.0);
        (self.good, self.raised, self.changed) = (0, true, Some(now));
        true
    }
}

/// What is left of windows that we do not keep ourselves, or share with others.
#[derive(Debug, Default)]
pub(super) struct Allowances(Vec<Allowance>);

#[derive(Debug)]
struct Allowance {
    of: (Option<u32>, Option<Duration>),
    left: u64,
    until: Instant,
}

impl Allowances {
    /// So many more may start until the window is reset; what was told of the same window before is forgotten.
    pub(super) fn set(&mut self, quota: &Quota, left: u64, now: Instant) {
        let of = (quota.limit, quota.window);
        self.0.retain(|known| known.of != of && known.until > now);
        if self.0.len() < WINDOWS_MAX {
            self.0.push(Allowance { of, left, until: now + quota.reset.min(Duration::from_secs(86_400)) });
        }
    }

    /// Nothing has to be kept for this window any more.
    pub(super) fn lift(&mut self, quota: &Quota) {
        self.0.retain(|known| known.of != (quota.limit, quota.window));
    }

    /// Until when nothing may start.
    pub(super) fn until(&mut self, now: Instant) -> Option<Instant> {
        self.0.retain(|known| known.until > now);
        self.0.iter().filter(|known| known.left == 0).map(|known| known.until).max()
    }

    /// One starts.
    pub(super) fn take(&mut self) {
        self.0.iter_mut().for_each(|known| known.left = known.left.saturating_sub(1));
    }

    /// One did not.
    pub(super) fn give_back(&mut self) {
        self.0.iter_mut().for_each(|known| known.left = known.left.saturating_add(1));
    }
}
