//! What changed between two reports: rows newly created, newly failing, fixed, still failing. Joins rows by what says surely that they
//! are the same, in bounded memory; reads reports only, no source and no journal.
//!
//! A row is the same as an earlier one where both have the user's own id and it is equal; where both were sent or would be sent under
//! one idempotency key; where both failed and have the same cells; or where both reports are of the same file (by its SHA-256) and the
//! rows stand at the same place. Lines of two different files are never joined by their numbers.

mod buckets;
mod read;
mod write;

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::ReportError;
use crate::model::{Code, Lang, Outcome};

/// Why two reports cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// A file of a report is not there or cannot be read.
    #[error("{path} cannot be read: {why}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// A file is no report of ours.
    #[error("{path} is no report as this program writes it: {why}")]
    Strange {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, with the line.
        why: String,
    },
    /// The comparison needs room on the disk for its own files.
    #[error("the rows to compare cannot be kept in the folder for temporary files: {0}")]
    Temporary(std::io::Error),
    /// What changed cannot be written.
    #[error(transparent)]
    Report(#[from] ReportError),
}

impl CompareError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "name the folder of a report, or write it again with `clientferry report RUN`",
            Self::Strange { .. } => "write the report again with `clientferry report RUN`",
            Self::Temporary(_) => "free space in the folder for temporary files, or name another one in TMPDIR",
            Self::Report(error) => error.hint(),
        }
    }
}

/// What became of a row since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// It is with the provider now, and was not sent before.
    NewlyCreated,
    /// It failed before, and fails no more.
    Fixed,
    /// It fails now, and did not before.
    NewlyFailing,
    /// It failed before and fails now.
    StillFailing,
    /// The provider has the client with other data than the row has now, and had it with the row's data before.
    Differing,
    /// It failed before, and the later file has no such row, as far as can be told.
    Gone,
}

impl Change {
    /// Every change, in the order of reports.
    pub const ALL: [Self; 6] =
        [Self::NewlyCreated, Self::Fixed, Self::NewlyFailing, Self::StillFailing, Self::Differing, Self::Gone];

    /// The word that files use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NewlyCreated => "newly_created",
            Self::Fixed => "fixed",
            Self::NewlyFailing => "newly_failing",
            Self::StillFailing => "still_failing",
            Self::Differing => "differing",
            Self::Gone => "gone",
        }
    }

    /// The word for people.
    fn word(self, lang: Lang) -> &'static str {
        match self {
            Self::NewlyCreated => lang.pick("newly created", "созданы"),
            Self::Fixed => lang.pick("fixed", "исправлены"),
            Self::NewlyFailing => lang.pick("newly failing", "новые ошибки"),
            Self::StillFailing => lang.pick("still failing", "ошибки остались"),
            Self::Differing => lang.pick("differing", "у провайдера иначе"),
            Self::Gone => lang.pick("gone", "больше нет"),
        }
    }

    /// What changed for a row that stands in the later report.
    fn of(before: Option<State>, now: State) -> Option<Self> {
        match (before, now) {
            (Some(State::Failing), State::Failing) => Some(Self::StillFailing),
            (Some(State::There | State::Differing | State::Waiting) | None, State::Failing) => Some(Self::NewlyFailing),
            (Some(State::Failing), State::There | State::Waiting) => Some(Self::Fixed),
            (Some(State::Differing), State::There) => Some(Self::Fixed),
            (Some(State::Waiting) | None, State::There) => Some(Self::NewlyCreated),
            // Mended in the file and not with the provider, which keeps what it got.
            (Some(State::There | State::Failing | State::Waiting) | None, State::Differing) => Some(Self::Differing),
            (Some(State::Differing), State::Differing | State::Waiting) => None,
            (Some(State::There), State::There | State::Waiting) => None,
            (Some(State::Waiting) | None, State::Waiting) => None,
        }
    }
}

/// How a row stands with the provider, as far as changes are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Somebody has to do something before the provider has it.
    Failing,
    /// The provider has it as the row has it.
    There,
    /// The provider has it with other data.
    Differing,
    /// Its turn has not come.
    Waiting,
}

impl State {
    fn of(outcome: Outcome, leading: Option<Code>) -> Self {
        match outcome {
            Outcome::Invalid | Outcome::Duplicate | Outcome::Rejected | Outcome::Unknown => Self::Failing,
            Outcome::Existing if leading == Some(Code::ClientChanged) => Self::Differing,
            Outcome::Created | Outcome::Existing => Self::There,
            Outcome::NotSent => Self::Waiting,
        }
    }
}

/// How many rows changed in which way, by cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChangedBy {
    /// The change.
    #[serde(serialize_with = "change_name")]
    pub change: Change,
    /// The code of the leading fault: of the later report, or of the earlier one where the row fails no more.
    #[serde(serialize_with = "code_name")]
    pub code: Option<Code>,
    /// Rows.
    pub rows: u64,
}

/// What changed between two reports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// Name of the earlier run.
    pub earlier: String,
    /// Name of the later run.
    pub later: String,
    /// Rows of the earlier report.
    pub rows_earlier: u64,
    /// Rows of the later report.
    pub rows_later: u64,
    /// Rows that stand in both.
    pub rows_in_both: u64,
    /// Changed rows, by change and leading fault, most rows first within a change.
    pub changes: Vec<ChangedBy>,
}

impl Comparison {
    /// Rows that changed in this way.
    #[must_use]
    pub fn count(&self, change: Change) -> u64 {
        self.changes.iter().filter(|by| by.change == change).map(|by| by.rows).sum()
    }

    /// The comparison for people.
    #[must_use]
    pub fn text(&self, lang: Lang) -> String {
        use super::words::{counted_rows, grouped};
        let (earlier, both) = (&self.earlier, grouped(self.rows_in_both));
        let [now, then] = [self.rows_later, self.rows_earlier].map(|rows| counted_rows(lang, rows));
        let mut text = lang.pick(
            format!("\nSince {earlier}\n  {now}, {both} of them known from {then} then\n"),
            format!("\nПосле {earlier}\n  {now}, из них известны с того раза: {both} (тогда было {then})\n"),
        );
        let wide = Change::ALL.map(|change| grouped(self.count(change)).len()).into_iter().max().unwrap_or(0);
        for change in Change::ALL {
            let word = change.word(lang);
            let word_wide = lang.pick(13, 18);
            text.push_str(&format!("  {word:<word_wide$}  {:>wide$}\n", grouped(self.count(change))));
            for by in self.changes.iter().filter(|by| by.change == change) {
                let Some(code) = by.code else { continue };
                text.push_str(&format!("    {} {code}\n", grouped(by.rows)));
            }
        }
        text.push_str(lang.pick("  changes.csv has every changed row\n", "  Все изменившиеся строки — в changes.csv\n"));
        super::words::plain_lines(&text)
    }
}

/// Compares the report in `later` with the one in `earlier`, and writes `changes.csv` and `changes.json` into the folder of the later,
/// whose certificate covers them from then on.
///
/// # Errors
/// When a report cannot be read, or what changed cannot be written.
pub fn compare(earlier: &Path, later: &Path) -> Result<Comparison, CompareError> {
    let before = read::Report::open(earlier)?;
    let now = read::Report::open(later)?;
    let by_place = before.sha256 == now.sha256;
    let joined = buckets::join(&before, &now, by_place)?;
    write::write(&before, &now, joined, later)
}

/// Whether a folder holds a report that can be compared.
///
/// # Errors
/// When it does not.
pub fn is_report(folder: &Path) -> Result<(), CompareError> {
    read::Report::open(folder).map(drop)
}

fn change_name<S: serde::Serializer>(change: &Change, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(change.as_str())
}

fn code_name<S: serde::Serializer>(code: &Option<Code>, serializer: S) -> Result<S::Ok, S::Error> {
    match code {
        Some(code) => serializer.serialize_str(code.as_str()),
        None => serializer.serialize_none(),
    }
}
