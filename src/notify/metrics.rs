//! The last run as a file for Prometheus' textfile collector. A batch opens no port.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::memory::write_whole;
use super::{RunEnd, Status};
use crate::model::Outcome;

/// Collectors run as another user.
const MODE: u32 = 0o644;
const LAST_SUCCESS: &str = "clientferry_last_success_timestamp_seconds";

type Labels = Vec<(&'static str, String)>;
type Value = Gauge<f64, AtomicU64>;

/// Writes the file, beside its place and renamed when it is whole. The time of the last success is taken over from the file that is
/// replaced.
///
/// # Errors
/// When it cannot be written.
pub fn write(path: &Path, end: &RunEnd) -> io::Result<()> {
    let before = std::fs::read_to_string(path).unwrap_or_default();
    let text = text(end, last_success(&before)).map_err(io::Error::other)?;
    write_whole(path, text.as_bytes(), MODE)
}

/// The text; `before` is the time of the last success until then.
fn text(end: &RunEnd, before: Option<f64>) -> Result<String, fmt::Error> {
    let mut registry = Registry::default();
    let labels = |further: &[(&'static str, &str)]| -> Labels {
        let own = [("operation", end.operation.as_str()), ("account", end.account.as_str())];
        own.iter().chain(further).map(|(name, value)| (*name, (*value).to_owned())).collect()
    };
    let mut gauge = |name: &str, help: &str, values: &[(Labels, f64)]| {
        let family = Family::<Labels, Value>::default();
        for (labels, value) in values {
            family.get_or_create(labels).set(*value);
        }
        if !values.is_empty() {
            registry.register(name, help, family);
        }
    };
    let one = |value: f64| [(labels(&[]), value)];
    if let Some(sums) = &end.sums {
        let rows: Vec<(Labels, f64)> = Outcome::ALL
            .into_iter()
            .map(|outcome| (labels(&[("outcome", outcome.as_str())]), whole(sums.outcomes.count(outcome))))
            .collect();
        gauge("clientferry_rows", "Rows of the last run by outcome", &rows);
        gauge("clientferry_rows_needing_attention", "Rows that somebody has to look at", &one(whole(sums.needing_attention)));
        gauge("clientferry_requests", "Requests of the run, over all its parts", &one(whole(sums.sent)));
        gauge("clientferry_requests_retried", "Requests that were repeats", &one(whole(sums.retried)));
        gauge("clientferry_requests_throttled", "Answers that asked for a slower pace", &one(whole(sums.throttled)));
    }
    gauge("clientferry_run_seconds", "Seconds that the last part of the run took", &one(end.seconds()));
    gauge("clientferry_exit_code", "Exit code of the last run", &one(f64::from(end.exit_code)));
    let finished = seconds_since_1970(end);
    gauge("clientferry_last_run_timestamp_seconds", "When the last run ended, seconds since 1970", &one(finished));
    let success = match end.status {
        // It was carried through; rows that need attention are told by a gauge of their own.
        Status::Well | Status::Attention => Some(finished),
        Status::Halted | Status::Failed | Status::Paused | Status::Interrupted => before,
    };
    let success: Vec<(Labels, f64)> = success.map(|time| (labels(&[]), time)).into_iter().collect();
    gauge(LAST_SUCCESS, "When a run was last carried through, seconds since 1970", &success);
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

#[allow(clippy::cast_precision_loss, reason = "counts of rows and requests are far below 2^53")]
fn whole(count: u64) -> f64 {
    count as f64
}

#[allow(clippy::cast_precision_loss, reason = "milliseconds since 1970 are far below 2^53")]
fn seconds_since_1970(end: &RunEnd) -> f64 {
    end.finished.timestamp_millis() as f64 / 1000.0
}

/// The time of the last success in the file that we wrote before.
fn last_success(text: &str) -> Option<f64> {
    let line = text.lines().find(|line| line.starts_with(LAST_SUCCESS))?;
    line.rsplit(' ').next()?.parse().ok().filter(|time: &f64| time.is_finite())
}
