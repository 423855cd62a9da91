//! Why the journal cannot be used, and what to do next. Holds paths and causes, never client data.

use std::io;
use std::path::Path;

use rusqlite::ErrorCode;

use super::{RunId, State};

/// Why the journal cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// Another run holds it.
    #[error("another run holds the journal {path}{holder}")]
    Locked {
        /// The journal.
        path: String,
        /// Who holds it, as ` (process 4711, since …)`; empty where it cannot be told.
        holder: String,
    },
    /// It cannot be opened, read or written.
    #[error("the journal {path} cannot be used: {why}")]
    Unusable {
        /// The journal.
        path: String,
        /// Why, without client data.
        why: String,
        /// The kind of trouble, which decides the hint.
        trouble: Trouble,
    },
    /// It was written by a newer version of this program.
    #[error("the journal {path} has format {found}, this program knows up to {known}")]
    Newer {
        /// The journal.
        path: String,
        /// Its format.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// An event that the state machine does not allow: a mistake in this program, stopped before it did harm. No data cause it:
    /// an intent that a client stands against is [`super::Intent::Refused`].
    #[error("the journal refuses `{event}` for a client that is {state:?}")]
    Illegal {
        /// The client's state.
        state: State,
        /// The event's name.
        event: &'static str,
    },
    /// No run has this name.
    #[error("the journal {path} knows no run `{wanted}`")]
    NoSuchRun {
        /// The journal.
        path: String,
        /// What was asked for.
        wanted: String,
    },
    /// Several runs begin like this.
    #[error("`{wanted}` fits {} runs: {}", matches.len(), matches.join(", "))]
    AmbiguousRun {
        /// What was asked for.
        wanted: String,
        /// The runs that fit.
        matches: Vec<RunId>,
    },
}

/// What is wrong with a journal that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// No room left on the disk.
    DiskFull,
    /// The file or its folder may not be read or written.
    NotPermitted,
    /// It was opened for reading only.
    ReadOnly,
    /// The file is torn, cut or altered, or the events and the states disagree.
    Damaged,
    /// The file is something else.
    NotAJournal,
    /// The journal is gone, its key file is still there.
    Gone,
    /// The key file is missing, unreadable or belongs to another journal.
    Key,
    /// Another program writes to it for too long.
    Busy,
    /// The journal's writer has ended.
    Closed,
    /// Anything else.
    Other,
}

/// Errors sorted by what the front door does about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JournalErrorKind {
    /// Another run holds the lock.
    Locked,
    /// The user named a run that does not exist or is not the only one.
    Usage,
    /// The journal cannot be relied on.
    Unusable,
}

impl JournalError {
    /// What the front door does about it: `Locked` is exit code 7, `Usage` 2, `Unusable` 5.
    #[must_use]
    pub fn kind(&self) -> JournalErrorKind {
        match self {
            Self::Locked { .. } => JournalErrorKind::Locked,
            Self::NoSuchRun { .. } | Self::AmbiguousRun { .. } => JournalErrorKind::Usage,
            Self::Unusable { .. } | Self::Newer { .. } | Self::Illegal { .. } => JournalErrorKind::Unusable,
        }
    }

    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Locked { .. } => "wait until that run has ended, or give this one another --journal".into(),
            Self::Unusable { path, trouble, .. } => trouble.hint(path),
            Self::Newer { .. } => "use the newer version of clientferry that wrote it".into(),
            Self::Illegal { .. } => {
                "this is a mistake in clientferry; nothing was written. Run the same command again, and report it if it comes back"
                    .into()
            }
            Self::NoSuchRun { .. } => "`clientferry runs` lists the runs of this journal".into(),
            Self::AmbiguousRun { .. } => "write more of the run's name".into(),
        }
    }

    pub(super) fn unusable(path: &Path, trouble: Trouble, why: impl Into<String>) -> Self {
        Self::Unusable { path: path.display().to_string(), why: why.into(), trouble }
    }

    pub(super) fn from_io(path: &Path, doing: &str, error: &io::Error) -> Self {
        let trouble = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Trouble::DiskFull,
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Trouble::NotPermitted,
            // `io::ErrorKind` is not ours and not exhaustive.
            _ => Trouble::Other,
        };
        Self::unusable(path, trouble, format!("{doing}: {error}"))
    }

    /// SQLite's messages name files, tables and columns, never bound values.
    pub(super) fn from_sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        let trouble = match error {
            rusqlite::Error::SqliteFailure(failure, _) => match failure.code {
                ErrorCode::DiskFull => Trouble::DiskFull,
                ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen => Trouble::NotPermitted,
                ErrorCode::DatabaseCorrupt => Trouble::Damaged,
                ErrorCode::NotADatabase => Trouble::NotAJournal,
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Trouble::Busy,
                // `ErrorCode` is not ours and not exhaustive.
                _ => Trouble::Other,
            },
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::QueryReturnedNoRows => Trouble::Damaged,
            // Neither is `rusqlite::Error`.
            _ => Trouble::Other,
        };
        Self::unusable(path, trouble, error.to_string())
    }

    /// Whether the request alone is refused; anything else puts the whole transaction in doubt.
    pub(super) fn concerns_one_request(&self) -> bool {
        match self {
            Self::Illegal { .. } | Self::NoSuchRun { .. } | Self::AmbiguousRun { .. } => true,
            Self::Locked { .. } | Self::Unusable { .. } | Self::Newer { .. } => false,
        }
    }
}

impl Trouble {
    fn hint(self, path: &str) -> String {
        match self {
            Self::DiskFull => "make room on the disk, then run the same command again: what was acknowledged is kept".into(),
            Self::NotPermitted => format!(
                "check that {path} and its folder exist and are yours to read and write (the journal needs files beside it), \
                 or name another place with --journal"
            ),
            Self::ReadOnly => "this command only reads the journal; this is a mistake in clientferry".into(),
            Self::Damaged => format!(
                "send nothing from it: clients that were created could be created again. Restore {path} together with its -wal \
                 and .key files from a backup, or recover it with `sqlite3 {path} .recover` and compare with the provider"
            ),
            Self::NotAJournal => "name the journal of an earlier run, or a file that does not exist yet, with --journal".into(),
            Self::Gone => format!(
                "restore {path}: without it clients that were created would be created again. To begin anew on purpose, remove \
                 {path}.key as well"
            ),
            Self::Key => format!(
                "restore the {path}.key that was made with this journal: without it clients that were sent cannot be recognised \
                 and would be created again"
            ),
            Self::Busy => "close the other program that writes to the journal, then run the same command again".into(),
            Self::Closed => "run the same command again: what was acknowledged is kept".into(),
            Self::Other => "check the disk and the file's permissions, then run the same command again".into(),
        }
    }
}
