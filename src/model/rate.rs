//! How many requests may be made in how long. Keeps no limit itself.

use std::time::Duration;

/// A limit of requests in any sliding window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RateLimit {
    /// Requests that any window may hold.
    pub requests: u32,
    /// The window's length.
    pub window: Duration,
}

impl RateLimit {
    /// So many requests in any second.
    #[must_use]
    pub const fn per_second(requests: u32) -> Self {
        Self { requests, window: Duration::from_secs(1) }
    }

    /// So many requests in any minute.
    #[must_use]
    pub const fn per_minute(requests: u32) -> Self {
        Self { requests, window: Duration::from_secs(60) }
    }

    /// So many requests in any 24 hours.
    #[must_use]
    pub const fn per_day(requests: u32) -> Self {
        Self { requests, window: Duration::from_secs(24 * 3600) }
    }

    /// The time between two requests that are spread evenly.
    #[must_use]
    pub fn period(&self) -> Duration {
        self.window / self.requests.max(1)
    }
}
