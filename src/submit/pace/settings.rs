//! What the user allows a run, and how the plane treats a provider in trouble.

use std::time::Duration;

use super::BreakerSettings;
use crate::submit::schedule::Schedule;

/// What a rate plane keeps besides the provider's limits.
#[derive(Clone, Debug)]
pub struct PaceSettings {
    /// Names the account whose use of long windows is remembered.
    pub account: Box<str>,
    /// Requests of any kind that this run may make; `None`: as many as it needs.
    pub requests_max: Option<u64>,
    /// The time of day in which requests may leave; `None`: any.
    pub schedule: Option<Schedule>,
    /// Whether a closed time window or a used-up limit is waited for in this process.
    pub wait: bool,
    /// Longest wait for a limit's window that is no reason to end the run.
    pub patience: Duration,
    /// When nothing but failures comes back.
    pub breaker: BreakerSettings,
}

impl Default for PaceSettings {
    fn default() -> Self {
        Self {
            account: Box::default(),
            requests_max: None,
            schedule: None,
            wait: false,
            patience: Duration::from_secs(10 * 60),
            breaker: BreakerSettings::default(),
        }
    }
}
