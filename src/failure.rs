//! Why a run could not go on: one exit code by kind, a message, a hint. Collects the errors of the rooms, adds none of its own cause.

use std::path::PathBuf;

use crate::contract::ContractError;
use crate::journal::{JournalError, JournalErrorKind};
use crate::prepare::{DateQuestion, MappingError};
use crate::provider::{Halt, ProviderError};
use crate::read::ReadError;
use crate::report::compare::CompareError;
use crate::report::{ReportError, VerifyError};
use crate::sandbox::{FaultSpecError, SandboxError};
use crate::submit::SettleError;
use crate::watch::WatchError;

/// How the program ends, for scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All rows well.
    Well = 0,
    /// Finished; some rows need attention.
    Attention = 1,
    /// Command line or settings.
    Usage = 2,
    /// Input unreadable.
    Input = 3,
    /// Stopped by the provider, resumable.
    Halted = 4,
    /// Journal unusable.
    Journal = 5,
    /// Report not written.
    Report = 6,
    /// Another run holds the lock.
    Locked = 7,
    /// A report is not what was written.
    Altered = 8,
    /// A report is what was written, but from another source, mapping or journal than those named.
    Stranger = 9,
    /// The time window or the budget of requests ended, resumable.
    Paused = 10,
    /// A defect of this program (`EX_SOFTWARE` of `sysexits.h`).
    Defect = 70,
    /// Interrupted, resumable.
    Interrupted = 130,
}

impl Exit {
    const ALL: [Self; 13] = [
        Self::Well,
        Self::Attention,
        Self::Usage,
        Self::Input,
        Self::Halted,
        Self::Journal,
        Self::Report,
        Self::Locked,
        Self::Altered,
        Self::Stranger,
        Self::Paused,
        Self::Defect,
        Self::Interrupted,
    ];

    /// What a process of this program ended with.
    #[must_use]
    pub fn of(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|exit| *exit as u8 == code)
    }

    /// What it means, in a few words.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Well => "all rows well",
            Self::Attention => "some rows need attention",
            Self::Usage => "command line or settings",
            Self::Input => "input unreadable",
            Self::Halted => "stopped by the provider, resumable",
            Self::Journal => "journal unusable",
            Self::Report => "report not written",
            Self::Locked => "another run holds the lock",
            Self::Altered => "the report was changed",
            Self::Stranger => "the report was made from something else",
            Self::Paused => "time window or budget of requests ended, resumable",
            Self::Defect => "a defect of clientferry",
            Self::Interrupted => "interrupted, resumable",
        }
    }
}

/// Why a run could not go on.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "each variant wraps the error of the room it is named after")]
pub enum Failure {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Contract(#[from] ContractError),
    #[error(transparent)]
    Mapping(#[from] MappingError),
    #[error(transparent)]
    Provider(#[from] ProviderError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Report(#[from] ReportError),
    #[error(transparent)]
    Verify(#[from] VerifyError),
    #[error(transparent)]
    Compare(#[from] CompareError),
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    #[error(transparent)]
    Watch(#[from] WatchError),
    #[error(transparent)]
    FaultSpec(#[from] FaultSpecError),
    #[error("the rows' identities cannot be kept in the folder for temporary files {}: {}", std::env::temp_dir().display(), .0)]
    Triage(std::io::Error),
    /// Columns that the program cannot map by itself.
    #[error("the columns do not settle the mapping by themselves:\n{}", bullets(questions))]
    MappingOpen { questions: Vec<String>, written: Option<PathBuf> },
    /// Date columns that prove no order of day and month.
    #[error("the order of day and month is not proven:\n{}", bullets(&questions.iter().map(|question| format!("column `{}`: {}", question.header, question.evidence)).collect::<Vec<_>>()))]
    DatesOpen { questions: Vec<DateQuestion> },
    /// A setting that cannot be used.
    #[error("{what}")]
    Settings { what: String, hint: String },
    /// The provider stopped the run before the first row.
    #[error("the provider stops the run: {}", .0.what)]
    Halted(Halt),
    /// A file or stream of our own that cannot be written.
    #[error("cannot write {what}: {why}")]
    Output { what: String, why: std::io::Error },
}

fn bullets(lines: &[String]) -> String {
    lines.iter().map(|line| format!("  - {line}")).collect::<Vec<_>>().join("\n")
}

impl From<SettleError> for Failure {
    fn from(error: SettleError) -> Self {
        match error {
            SettleError::Journal(error) => Self::Journal(error),
            SettleError::Triage(error) => Self::Triage(error),
        }
    }
}

impl Failure {
    /// A setting that cannot be used.
    #[must_use]
    pub fn settings(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Settings { what: what.into(), hint: hint.into() }
    }

    /// The exit code.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            // What cannot be joined is a matter of the files, not of the command line.
            Self::Mapping(MappingError::Items(error)) if error.is_about_rows() => Exit::Input,
            Self::Read(_) | Self::Verify(_) => Exit::Input,
            Self::Contract(_)
            | Self::Mapping(_)
            | Self::Provider(_)
            | Self::Sandbox(_)
            | Self::FaultSpec(_)
            | Self::MappingOpen { .. }
            | Self::DatesOpen { .. }
            | Self::Settings { .. } => Exit::Usage,
            Self::Journal(error) => match error.kind() {
                JournalErrorKind::Locked => Exit::Locked,
                JournalErrorKind::Usage => Exit::Usage,
                JournalErrorKind::Unusable => Exit::Journal,
            },
            Self::Watch(WatchError::Locked { .. }) => Exit::Locked,
            Self::Watch(WatchError::Unusable { .. }) => Exit::Input,
            Self::Compare(CompareError::Unreadable { .. } | CompareError::Strange { .. }) => Exit::Input,
            Self::Report(_) | Self::Compare(_) | Self::Triage(_) | Self::Output { .. } => Exit::Report,
            Self::Halted(_) => Exit::Halted,
        }
    }

    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Read(error) => error.hint().to_owned(),
            Self::Contract(_) => "`clientferry operations` lists them".to_owned(),
            Self::Mapping(error) => error.hint(),
            Self::Provider(error) => error.hint(),
            Self::Journal(error) => error.hint(),
            Self::Report(error) => error.hint().to_owned(),
            Self::Verify(error) => error.hint().to_owned(),
            Self::Compare(error) => error.hint().to_owned(),
            Self::Watch(WatchError::Locked { .. }) => "one watcher is enough: end that one, or watch another folder".to_owned(),
            Self::Watch(WatchError::Unusable { .. }) => "check that the folder is there and may be written to".to_owned(),
            Self::Sandbox(_) => "see `clientferry sandbox --help`".to_owned(),
            Self::FaultSpec(_) => "see `clientferry sandbox --help` for the grammar".to_owned(),
            Self::Triage(_) => "free space in the folder for temporary files, or name another one in TMPDIR".to_owned(),
            Self::MappingOpen { written: Some(path), .. } => {
                format!("a proposal lies in {}: settle the lines marked `?`, then add `--mapping {}`", path.display(), path.display())
            }
            Self::MappingOpen { written: None, .. } => {
                "run `clientferry map FILE --to OP -o mapping.toml`, settle the lines marked `?`, then add `--mapping mapping.toml`".to_owned()
            }
            Self::DatesOpen { questions } => format!(
                "settle it in the mapping (`clientferry map … -o mapping.toml` writes one):\n[formats]\n{}",
                questions.iter().map(DateQuestion::settle).collect::<Vec<_>>().join("\n")
            ),
            Self::Settings { hint, .. } => hint.clone(),
            Self::Halted(halt) => halt.hint.clone(),
            Self::Output { .. } => "check the path, its permissions and the free space".to_owned(),
        }
    }
}
