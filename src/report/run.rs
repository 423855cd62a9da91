//! What a report says about its run besides the rows. Counts nothing.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::certificate::{Evidence, JournalProof};
use super::{ByHand, Members, PageSettings, Timeline};

/// What a run does with good rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// They are sent.
    Import,
    /// They are only looked at.
    Check,
    /// They are only looked at, and calls and time are reckoned.
    Plan,
}

impl Mode {
    /// The word that the user typed.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::Check => "check",
            Self::Plan => "plan",
        }
    }
}

/// What is known of a run when its report begins.
#[derive(Clone, Debug)]
pub struct Header {
    /// Name of the run.
    pub run: String,
    /// What `--to` said.
    pub operation: String,
    /// Names of operations, by [`crate::model::Prepared::operation`].
    pub operations: Vec<String>,
    /// What is done with good rows.
    pub mode: Mode,
    /// Name of the provider account.
    pub account: String,
    /// Version of this program.
    pub version: String,
    /// When the run began.
    pub started: DateTime<Utc>,
    /// Source columns that the mapping sends nowhere.
    pub ignored_columns: Vec<String>,
    /// Where body members come from, so that a provider's refusal can name field and column. May be empty.
    pub members: Members,
    /// Further columns, which were joined to the source's own from elsewhere.
    pub joined_columns: Vec<Arc<str>>,
    /// Which operations, by their index, leave doubts that only a person can settle.
    pub by_hand: Vec<Option<ByHand>>,
    /// The ids come from a test stand, which gives the same one to everybody: `crosswalk.csv` stays empty.
    pub test_stand: bool,
    /// Which files are written besides the CSV files and `summary.json`.
    pub formats: Vec<Format>,
    /// What the run is made from, for the certificate.
    pub evidence: Evidence,
    /// How `report.html` is written.
    pub page: PageSettings,
}

/// A file, or several, that a report may have besides the CSV files and `summary.json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `outcomes.xlsx`.
    Xlsx,
    /// `outcomes.jsonl`.
    Jsonl,
    /// `junit.xml`.
    Junit,
    /// `report.html`.
    Html,
    /// `outcomes.parquet`.
    #[cfg(feature = "parquet")]
    Parquet,
}

impl Format {
    /// Every format, in the order in which the files are finished.
    pub const ALL: &'static [Self] = &[
        Self::Xlsx,
        Self::Jsonl,
        Self::Junit,
        Self::Html,
        #[cfg(feature = "parquet")]
        Self::Parquet,
    ];
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// Every row had its turn.
    Finished,
    /// Somebody stopped it; it can be continued.
    Interrupted,
    /// The provider stopped it; it can be continued.
    Halted,
}

/// Why a provider stopped a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Halt {
    /// What happened, without client data.
    pub what: String,
    /// What to do next.
    pub hint: String,
}

/// Requests of a run to its provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Requests {
    /// All of them.
    pub sent: u64,
    /// Those among them that repeated an earlier one.
    pub retried: u64,
    /// Those that the provider answered with "too fast".
    pub throttled: u64,
}

/// What is known of a run when its report ends.
#[derive(Clone, Debug)]
pub struct Ending {
    /// When the run ended.
    pub finished: DateTime<Utc>,
    /// How.
    pub ended: Ended,
    /// Why the provider stopped it, where it did.
    pub halt: Option<Halt>,
    /// Requests to the provider.
    pub requests: Requests,
    /// The same over time; `None` where nothing is sent.
    pub timeline: Option<Timeline>,
    /// Rows that the reader counted; the sum of all outcomes has to equal it.
    pub rows_read: u64,
    /// Blank rows behind the last row that holds something, which the reader gave to nobody.
    pub blank_trailing_rows: u64,
    /// What the journal says of the run; `None` where there is no journal.
    pub journal: Option<JournalProof>,
}
