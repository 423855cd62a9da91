//! The sums of a run as `summary.json` and the terminal show them. Holds no client data.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::causes::{Cause, Remedy};
use super::certificate::Certified;
use super::partial::PartialFile;
use super::{Ended, Halt, Mode, Requests, Timeline};
use crate::model::{Code, Lang, Outcome, Tally};

/// A finished report: what was run and what became of its rows.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Name of the run.
    pub run: String,
    /// What `--to` said.
    pub operation: String,
    /// The operations that rows were prepared for.
    pub operations: Vec<String>,
    /// Whether rows were sent or only looked at.
    pub mode: Mode,
    /// Name of the provider account.
    pub account: String,
    /// Version of this program.
    pub version: String,
    /// What was read.
    pub source: SourceSummary,
    /// Rows by outcome.
    #[serde(serialize_with = "outcomes")]
    pub outcomes: Tally,
    /// Rows that were not sent, by reason.
    #[serde(serialize_with = "counts")]
    pub not_sent_reasons: BTreeMap<Code, u64>,
    /// Rows that somebody has to look at.
    pub needing_attention: u64,
    /// Lines of `faults.csv` by code.
    #[serde(serialize_with = "counts")]
    pub faults: BTreeMap<Code, u64>,
    /// The largest causes of faults, errors first.
    pub causes: Vec<Cause>,
    /// All causes in sum, and what the mapping could do about them.
    pub remedy: Remedy,
    /// Created or existing clients whose id the provider did not tell; they are missing in `crosswalk.csv`.
    pub clients_without_provider_id: u64,
    /// Whether the provider was a test stand, whose ids are nobody's: `crosswalk.csv` is empty then.
    pub test_stand: bool,
    /// Requests to the provider.
    pub requests: Requests,
    /// When the run began.
    #[serde(serialize_with = "rfc3339")]
    pub started: DateTime<Utc>,
    /// When it ended.
    #[serde(serialize_with = "rfc3339")]
    pub finished: DateTime<Utc>,
    /// How it ended.
    pub ended: Ended,
    /// Why the provider stopped it, where it did.
    pub halt: Option<Halt>,
    /// Source columns that went nowhere.
    pub ignored_columns: Vec<String>,
    /// Blank rows behind the last row that holds something; they are no rows of the source.
    pub blank_trailing_rows: u64,
    /// The files beside this one.
    pub files: Vec<FileSummary>,
    /// Whether `report.html` shows personal data in clear, because the user asked for it.
    pub unmasked: bool,
    /// The language that people are told in.
    #[serde(skip)]
    pub lang: Lang,
    /// Requests over time, for the page.
    #[serde(skip)]
    pub timeline: Option<Timeline>,
    /// Whether items of the rows come from a second file, whose rows `rejected.csv` does not repeat.
    #[serde(skip)]
    pub has_second_file: bool,
    /// What the certificate says besides.
    #[serde(skip)]
    pub certified: Certified,
    /// The seal of `certificate.json`; empty while it is not written.
    #[serde(skip)]
    pub seal: String,
    /// Where the files lie.
    #[serde(skip)]
    pub folder: PathBuf,
}

/// What was read.
#[derive(Clone, Debug, Serialize)]
pub struct SourceSummary {
    /// The file's name without its folder.
    pub name: String,
    /// Where it lies.
    pub path: String,
    /// SHA-256 of the whole file, lower-case hex.
    pub sha256: String,
    /// Rows, blank ones between others included.
    pub rows: u64,
    /// The same by sheet.
    pub sheets: Vec<SheetSummary>,
}

/// One sheet of the source.
#[derive(Clone, Debug, Serialize)]
pub struct SheetSummary {
    /// Its name; empty for a delimited file.
    pub name: String,
    /// Its rows.
    pub rows: u64,
    /// Its rows by outcome.
    #[serde(serialize_with = "outcomes")]
    pub outcomes: Tally,
}

/// One file of the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileSummary {
    /// Its name in the report folder.
    pub name: &'static str,
    /// Its records, the header line not counted.
    pub rows: u64,
    /// Its size in bytes.
    pub bytes: u64,
    /// SHA-256 of its bytes, lower-case hex.
    pub sha256: String,
    /// What people have to know about it, as why it is not what they expect.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl FileSummary {
    /// A file that is on the disk.
    pub(super) fn of(file: &PartialFile) -> Self {
        Self { name: file.name, rows: file.rows, bytes: file.bytes, sha256: file.sha256.clone(), notes: file.notes.clone() }
    }
}

impl Summary {
    /// Rows with this outcome.
    #[must_use]
    pub fn count(&self, outcome: Outcome) -> u64 {
        self.outcomes.count(outcome)
    }

    /// The largest causes of faults, at most `most` and at most 20.
    #[must_use]
    pub fn causes(&self, most: usize) -> &[Cause] {
        self.causes.get(..most).unwrap_or(&self.causes)
    }

    /// The text of `summary.json`.
    pub(super) fn json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self)
    }
}

fn outcomes<S: Serializer>(tally: &Tally, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(Outcome::ALL.len()))?;
    for outcome in Outcome::ALL {
        map.serialize_entry(outcome.as_str(), &tally.count(outcome))?;
    }
    map.end()
}

fn counts<S: Serializer>(counts: &BTreeMap<Code, u64>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(counts.iter().map(|(code, count)| (code.as_str(), count)))
}

fn rfc3339<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time.to_rfc3339_opts(SecondsFormat::Secs, true))
}
