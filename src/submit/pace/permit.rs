//! Permission to start one request, and what becomes of it. Decides nothing about the pace.

use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use super::gates::Step;
use super::{Closed, Health, LOOK_AGAIN, Pace};
use crate::provider::{Quota, Slot, Turn};
use crate::submit::window::Ticket;

/// Permission to start one request.
#[derive(Debug)]
pub struct Permit {
    pub(super) pace: Pace,
    pub(super) ticket: Ticket,
    started: Option<Instant>,
    told: bool,
}

impl Permit {
    pub(super) fn new(pace: Pace, ticket: Ticket) -> Self {
        Self { pace, ticket, started: None, told: false }
    }

    /// The request leaves now, or when nothing holds it back any more that began since the permit was given. Its use of long
    /// windows is durable when this returns.
    ///
    /// # Errors
    /// When that cannot be written, or the time window closed meanwhile.
    pub async fn start(&mut self) -> Result<Instant, Closed> {
        loop {
            let now = Instant::now();
            let wall_ms = self.pace.0.logbook.as_ref().map(|logbook| logbook.now_ms());
            let step = self.pace.state().start(self.ticket, now, wall_ms);
            match step {
                Step::Gone => {
                    self.started = Some(now);
                    self.pace.wake();
                    return Ok(now);
                }
                Step::Wait(wait) => self.pace.wait(wait).await,
                Step::WaitForChange => self.pace.wait(LOOK_AGAIN).await,
                Step::Write => self.pace.write_ahead().await?,
                Step::Closed(closed) => return Err(closed),
            }
        }
    }

    /// Its answer came, or it is certain that none will; `usable` says whether its connection can carry another request.
    pub fn answered(mut self, usable: bool, health: Health) {
        self.told = true;
        self.pace.state().answered(self.ticket, self.started, usable, health);
        self.pace.wake();
    }
}

impl Turn for Permit {
    fn answered(self: Box<Self>, usable: bool) {
        Permit::answered(*self, usable, if usable { Health::Unknown } else { Health::Failed });
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if !self.told {
            self.pace.state().dropped(self.ticket, self.started.is_some());
            self.pace.wake();
        }
    }
}

#[async_trait]
impl Slot for Pace {
    async fn take(&self) -> Option<Box<dyn Turn>> {
        let mut permit = self.slot().await.ok()?;
        permit.start().await.ok()?;
        Some(Box::new(permit))
    }

    fn slow_down(&self, retry_after: Option<Duration>) {
        self.throttled(Instant::now(), retry_after, &[]);
    }

    fn heed(&self, quotas: &[Quota]) {
        Pace::heed(self, quotas);
    }
}
