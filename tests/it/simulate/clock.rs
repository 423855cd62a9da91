//! The wall clock of a simulation: tokio's virtual time, and whoever sets it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// 2026-09-21 14:13:20 UTC.
const BEGINS_MS: i64 = 1_790_000_000_000;

pub(super) struct Wall {
    begun: Instant,
    set_by_ms: AtomicI64,
}

impl Wall {
    pub(super) fn new() -> Self {
        Self { begun: Instant::now(), set_by_ms: AtomicI64::new(0) }
    }

    /// Virtual time that nobody can set.
    pub(super) fn passed(&self) -> Duration {
        self.begun.elapsed()
    }

    pub(super) fn now_ms(&self) -> i64 {
        BEGINS_MS + i64::try_from(self.passed().as_millis()).unwrap() + self.set_by_ms.load(Ordering::Relaxed)
    }

    pub(super) fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(u64::try_from(self.now_ms()).unwrap())
    }

    /// Somebody sets the clock.
    pub(super) fn set(&self, by_ms: i64) {
        self.set_by_ms.fetch_add(by_ms, Ordering::Relaxed);
    }
}
