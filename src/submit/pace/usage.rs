//! How the use of long windows survives the end of the process: requests are written down, some at a time, before they leave.
//! After a crash the record holds a few more than were made, never fewer. Writes nothing itself.

use std::time::Duration;

use super::super::window::EXACT_MAX;
use crate::journal::RequestsMade;
use crate::model::RateLimit;

/// Requests that are written down at once, at most.
const AHEAD_MAX: u32 = 50;

#[derive(Debug)]
pub(super) struct Usage {
    ahead: i64,
    grain_ms: i64,
    current: Option<Stretch>,
}

/// A stretch of time, with the requests that were written down for it and those that were made.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    from_ms: i64,
    until_ms: i64,
    written: i64,
    made: i64,
}

impl Usage {
    /// `None` where no window outlives a rest at the beginning.
    pub(super) fn of(limits: impl Iterator<Item = RateLimit>) -> Option<Self> {
        let tightest = limits.filter(|limit| limit.window > EXACT_MAX).min_by_key(|limit| limit.window)?;
        let grain = (tightest.window / 60).clamp(Duration::from_secs(1), Duration::from_secs(60));
        Some(Self {
            ahead: i64::from((tightest.requests / 200).clamp(1, AHEAD_MAX)),
            grain_ms: i64::try_from(grain.as_millis()).unwrap_or(60_000),
            current: None,
        })
    }

    /// What has to be written before one more request may leave; nothing, when that was done. What was written too much in the
    /// stretch before is taken back.
    pub(super) fn wanted(&self, now_ms: i64) -> Vec<RequestsMade> {
        let running = self.current.filter(|stretch| (stretch.from_ms..stretch.until_ms).contains(&now_ms));
        match running {
            Some(stretch) if stretch.made < stretch.written => Vec::new(),
            Some(Stretch { from_ms, until_ms, .. }) => vec![RequestsMade { from_ms, until_ms, count: self.ahead }],
            None => {
                let next = RequestsMade { from_ms: now_ms, until_ms: now_ms.saturating_add(self.grain_ms), count: self.ahead };
                self.too_many().into_iter().chain([next]).collect()
            }
        }
    }

    /// It was written.
    pub(super) fn written(&mut self, made: &[RequestsMade]) {
        for made in made.iter().filter(|made| made.count > 0) {
            match &mut self.current {
                Some(stretch) if stretch.from_ms == made.from_ms => stretch.written += made.count,
                Some(_) | None => {
                    let RequestsMade { from_ms, until_ms, count } = *made;
                    self.current = Some(Stretch { from_ms, until_ms, written: count, made: 0 });
                }
            }
        }
    }

    /// A request leaves.
    pub(super) fn made(&mut self) {
        if let Some(stretch) = &mut self.current {
            stretch.made += 1;
        }
    }

    /// What was written and not made, to be taken back.
    pub(super) fn too_many(&self) -> Option<RequestsMade> {
        let Stretch { from_ms, until_ms, written, made } = self.current?;
        (made < written).then_some(RequestsMade { from_ms, until_ms, count: made - written })
    }

    /// It was taken back.
    pub(super) fn taken_back(&mut self) {
        self.current = None;
    }
}
