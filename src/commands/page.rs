//! What the commands tell the report's page: language, masking, requests over time. Writes nothing.

use chrono::DateTime;

use crate::cli::ReportingArgs;
use crate::config::Config;
use crate::failure::Failure;
use crate::journal::{Journal, RunId, Slice};
use crate::model::Lang;
use crate::report::{PageSettings, Timeline, TimelineSlice};

/// How the page is to be written: flag over configuration over default.
pub(super) fn settings(config: &Config, args: &ReportingArgs) -> Result<PageSettings, Failure> {
    let lang = match args.lang.as_deref().or(config.lang()) {
        Some(name) => name.parse::<Lang>().map_err(|why| Failure::settings(why, "give --lang en or --lang ru"))?,
        None => Lang::default(),
    };
    Ok(PageSettings { lang, unmask: args.unmask, ..PageSettings::default() })
}

/// A run's requests over time.
pub(super) fn timeline(journal: &Journal, run: &RunId) -> Result<Timeline, Failure> {
    let traffic = journal.traffic(run)?;
    let slice = |slice: &Slice| TimelineSlice { sent: slice.sent, retried: slice.retried, throttled: slice.throttled };
    Ok(Timeline {
        begins: DateTime::from_timestamp_millis(traffic.begins_at_ms).unwrap_or_default(),
        slice_ms: traffic.slice_ms,
        slices: traffic.slices.iter().map(slice).collect(),
    })
}
