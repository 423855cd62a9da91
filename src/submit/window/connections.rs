//! How many open connections there are at least, as far as requests and answers tell. Opens none itself.
//!
//! Requests that were under way together had a connection each. Until they have been idle for long, these are there still, but for
//! those that broke. An answer is told a little after its connection was free again, and another request may have taken it
//! meanwhile: so a moment counts only when it has passed for so long that all who were under way then are known.

use std::collections::VecDeque;
use std::time::Duration;

/// A connection that was idle for longer is not counted on: many servers close it after five seconds.
const IDLE_MAX: Duration = Duration::from_secs(4);
/// Longest time from an answer until it is told here.
pub(super) const TOLD_WITHIN: Duration = Duration::from_millis(10);

/// The most connections that were in use at once, lately.
#[derive(Debug, Default)]
pub(super) struct Connections {
    /// Moments, and how many were in use then; earlier ones only where they were more.
    in_use: VecDeque<(Duration, usize)>,
}

impl Connections {
    /// So many were in use at this moment.
    pub(super) fn in_use_at(&mut self, at: Duration, count: usize) {
        while self.in_use.pop_back_if(|(_, fewer)| *fewer <= count).is_some() {}
        if count > 0 {
            self.in_use.push_back((at, count));
        }
    }

    /// One of them broke, whichever.
    pub(super) fn broke(&mut self) {
        self.in_use.iter_mut().for_each(|(_, count)| *count = count.saturating_sub(1));
        self.in_use.retain(|(_, count)| *count > 0);
    }

    /// How many are open now, at least.
    pub(super) fn open(&mut self, now: Duration) -> usize {
        while self.in_use.pop_front_if(|(at, _)| *at + IDLE_MAX < now).is_some() {}
        self.in_use.front().map_or(0, |(_, count)| *count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_in_use_together_stays_open_for_a_while() {
        let at = Duration::from_secs;
        let mut it = Connections::default();
        assert_eq!(it.open(at(0)), 0);
        it.in_use_at(at(0), 2);
        it.in_use_at(at(1), 5);
        it.in_use_at(at(2), 3);
        it.in_use_at(at(3), 0);
        assert_eq!((it.open(at(3)), it.open(at(5)), it.open(at(6)), it.open(at(7))), (5, 5, 3, 0));
        it.in_use_at(at(8), 2);
        it.broke();
        assert_eq!(it.open(at(8)), 1);
        it.broke();
        assert_eq!(it.open(at(8)), 0);
    }
}
