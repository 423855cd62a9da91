//! Rows whose outcome only a look-up can tell, and when to look. A look-up has the desk for itself, so it must not come too often
//! while others wait. Asks nobody.

use std::time::Duration;

use tokio::time::Instant;

use crate::submit::job::Job;

/// Rows in doubt.
#[derive(Debug)]
pub(super) struct Doubts {
    jobs: Vec<Job>,
    /// Of the time since the first look-up beside other work, the part that look-ups may take.
    share: f64,
    /// What they took, since when.
    spent: Duration,
    since: Option<Instant>,
}

impl Doubts {
    pub(super) fn new(share: f64) -> Self {
        Self { jobs: Vec::new(), share: share.clamp(0.01, 1.0), spent: Duration::ZERO, since: None }
    }

    /// A row is in doubt, to be looked up not before `due`.
    pub(super) fn push(&mut self, mut job: Job, due: Instant) {
        job.due = due;
        self.jobs.push(job);
    }

    pub(super) fn len(&self) -> usize {
        self.jobs.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// When the next look-up is due, if nothing else is to be done.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.jobs.iter().map(|job| job.due).min()
    }

    pub(super) fn any_is_due(&self, now: Instant) -> bool {
        self.jobs.iter().any(|job| job.due <= now)
    }

    /// Whether a row that is due has waited since `before`.
    pub(super) fn any_waits_since(&self, before: Option<Instant>, now: Instant) -> bool {
        self.jobs.iter().any(|job| job.due <= now && before.is_some_and(|before| job.doubted <= before))
    }

    /// Whether one nobody has asked about is due.
    pub(super) fn any_unasked_is_due(&self, now: Instant) -> bool {
        self.jobs.iter().any(|job| job.unasked && job.due <= now)
    }

    /// Whether look-ups have taken less than their share.
    pub(super) fn has_budget(&self, now: Instant) -> bool {
        self.since.is_none_or(|since| self.spent <= now.saturating_duration_since(since).mul_f64(self.share))
    }

    /// Those that are due, at most so many, the longest in doubt first.
    pub(super) fn take_due(&mut self, most: usize, now: Instant) -> Vec<Job> {
        let (mut due, later): (Vec<Job>, Vec<Job>) = std::mem::take(&mut self.jobs).into_iter().partition(|job| job.due <= now);
        due.sort_by_key(|job| job.doubted);
        self.jobs = later;
        self.jobs.extend(due.split_off(most.min(due.len())));
        due
    }

    /// A look-up ended that began then.
    pub(super) fn looked_up(&mut self, begun: Instant, now: Instant) {
        self.since.get_or_insert(begun);
        self.spent += now.saturating_duration_since(begun);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_ups_beside_other_work_take_their_share_and_no_more() {
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        let mut doubts = Doubts::new(0.25);
        assert!(doubts.has_budget(at(0)), "the first one is free");
        doubts.looked_up(at(0), at(100));
        assert!(!doubts.has_budget(at(100)) && !doubts.has_budget(at(399)));
        assert!(doubts.has_budget(at(400)));
    }
}
