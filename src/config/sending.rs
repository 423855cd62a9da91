//! `[sending]`: how patiently and how carefully is sent.

use std::time::Duration;

use serde::Deserialize;

use super::Config;
use super::environment::{env, number};
use crate::failure::Failure;
use crate::submit::{Baseline, RejectedMax, SubmitSettings};

/// `[sending]`: how patiently is sent.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sending {
    pub(super) transient_tries: Option<u32>,
    pub(super) same_rejection_stop: Option<u32>,
    pub(super) no_answer_stop: Option<u32>,
    pub(super) look_up_gap_s: Option<u64>,
    pub(super) throttle_max_s: Option<u64>,
    pub(super) baseline: Option<String>,
    pub(super) outage_max_s: Option<u64>,
    pub(super) canary: Option<u64>,
    pub(super) max_rejected: Option<String>,
    pub(super) breaker_failures: Option<u32>,
    pub(super) look_up_share_percent: Option<u8>,
}

impl Config {
    /// How patiently is sent.
    ///
    /// # Errors
    /// When a variable is not a number.
    pub fn submit_settings(&self) -> Result<SubmitSettings, Failure> {
        let mut settings = SubmitSettings::default();
        let written = &self.sending;
        if let Some(tries) = number("CLIENTFERRY_TRANSIENT_TRIES")?.or(written.transient_tries) {
            settings.transient_tries = tries;
        }
        if let Some(rows) = number("CLIENTFERRY_SAME_REJECTION_STOP")?.or(written.same_rejection_stop) {
            settings.same_rejection_stop = rows;
        }
        if let Some(rows) = number("CLIENTFERRY_NO_ANSWER_STOP")?.or(written.no_answer_stop) {
            settings.no_answer_stop = rows;
        }
        if let Some(seconds) = number("CLIENTFERRY_LOOK_UP_GAP_S")?.or(written.look_up_gap_s) {
            settings.look_up_gap = Duration::from_secs(seconds);
        }
        if let Some(seconds) = number("CLIENTFERRY_THROTTLE_MAX_S")?.or(written.throttle_max_s) {
            settings.throttle_max = Duration::from_secs(seconds);
        }
        if let Some(seconds) = number("CLIENTFERRY_OUTAGE_MAX_S")?.or(written.outage_max_s) {
            settings.outage_max = Duration::from_secs(seconds);
        }
        if let Some(failures) = number("CLIENTFERRY_BREAKER_FAILURES")?.or(written.breaker_failures) {
            settings.pace.breaker.failures = failures;
        }
        if let Some(percent) = number::<u8>("CLIENTFERRY_LOOK_UP_SHARE_PERCENT")?.or(written.look_up_share_percent) {
            settings.look_up_share = f64::from(percent) / 100.0;
        }
        if let Some(rows) = written.canary {
            settings.canary = rows;
        }
        if let Some(text) = &written.max_rejected {
            settings.rejected_max = max_rejected(text)?;
        }
        settings.pace.patience = settings.throttle_max;
        if let Some(word) = env("CLIENTFERRY_BASELINE").or_else(|| written.baseline.clone()) {
            settings.baseline = match word.as_str() {
                "auto" => Baseline::Auto,
                "always" => Baseline::Always,
                "never" => Baseline::Never,
                _ => {
                    return Err(Failure::settings(
                        format!("`{word}` is not a way to take the baseline"),
                        "write auto, always or never",
                    ));
                }
            };
        }
        Ok(settings)
    }
}

/// How many refusals are too many, as a flag or a key says it.
///
/// # Errors
/// When it is neither a number nor a share.
pub fn max_rejected(text: &str) -> Result<RejectedMax, Failure> {
    text.parse().map_err(|why: String| Failure::settings(format!("max_rejected: {why}"), "write 100, 5% or never"))
}
