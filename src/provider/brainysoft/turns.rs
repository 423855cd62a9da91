//! The slots that the requests of one client take. The first one is taken already when a client is handed over.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::provider::words::doubt;
use crate::provider::{Slot, Turn, Verdict};

/// Slots for several requests.
pub(super) struct Turns<'a> {
    slot: &'a dyn Slot,
    first_is_taken: AtomicBool,
}

/// A request that may start.
pub(super) struct Started(Option<Box<dyn Turn>>);

impl<'a> Turns<'a> {
    /// Every request takes a slot.
    pub(super) fn new(slot: &'a dyn Slot) -> Self {
        Self { slot, first_is_taken: AtomicBool::new(false) }
    }

    /// The first request has its slot.
    pub(super) fn with_first_taken(slot: &'a dyn Slot) -> Self {
        Self { slot, first_is_taken: AtomicBool::new(true) }
    }

    /// Waits until one more request may start. `None`: the run stops.
    pub(super) async fn take(&self) -> Option<Started> {
        if self.first_is_taken.swap(false, Ordering::Relaxed) {
            // Whoever took it tells of its answer.
            return Some(Started(None));
        }
        self.slot.take().await.map(|turn| Started(Some(turn)))
    }

    pub(super) fn slow_down(&self, retry_after: Option<Duration>) {
        self.slot.slow_down(retry_after);
    }
}

impl Started {
    pub(super) fn answered(self, usable: bool) {
        if let Some(turn) = self.0 {
            turn.answered(usable);
        }
    }
}

/// The run stopped before the request that could have created a client.
pub(super) fn stopped() -> Verdict {
    Verdict::Transient(doubt("not_sent", "the run stopped before the client was sent".into(), None))
}
