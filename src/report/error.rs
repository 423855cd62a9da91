//! Why a report could not be written, and what to do about it. Names files and rows, never client data.

use std::io;
use std::path::PathBuf;

/// A report that was not written. Whatever stood under the final names before still stands there, unless the variant says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The report folder could not be made.
    #[error("{}: cannot make the report folder: {cause}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        cause: io::Error,
    },
    /// Something that is no folder stands where the report folder should be.
    #[error("{}: cannot be the report folder, it is a file", path.display())]
    NotAFolder {
        /// What stands in the way.
        path: PathBuf,
    },
    /// A folder stands where a report file should be.
    #[error("{}: cannot write this report file, a folder has its name", path.display())]
    TargetIsFolder {
        /// What stands in the way.
        path: PathBuf,
    },
    /// Another process writes the same report at this moment.
    #[error("{}: another process is writing this report", path.display())]
    Busy {
        /// The file it holds.
        path: PathBuf,
    },
    /// A report file could not be opened, written or brought to the disk.
    #[error("{}: cannot write the report: {cause}", path.display())]
    Write {
        /// The temporary file.
        path: PathBuf,
        /// What the system says.
        #[source]
        cause: io::Error,
    },
    /// A whole report file could not be moved to its final name.
    #[error("{}: the file is written but cannot get its final name: {cause}; files of this report already in place: {placed}", path.display())]
    Rename {
        /// The final name.
        path: PathBuf,
        /// Names of the files that were moved before, or `none`.
        placed: String,
        /// What the system says.
        #[source]
        cause: io::Error,
    },
    /// A row is missing, came twice or came out of order: a report of these rows would be a lie.
    #[error("{place}: the report expected row number {expected} of the source (counted from 0) and got number {found}")]
    RowOutOfOrder {
        /// File, sheet and line of the row that came.
        place: String,
        /// The number that was due.
        expected: u64,
        /// The number that came.
        found: u64,
    },
    /// A row stands on a sheet that the source does not have.
    #[error("line {line}: the row stands on sheet number {sheet} (counted from 0), the source has {sheets} sheet(s)")]
    NoSuchSheet {
        /// The row's line.
        line: u64,
        /// The sheet that the row names.
        sheet: u16,
        /// How many sheets there are.
        sheets: usize,
    },
    /// The rows that were read are not the rows that have an outcome.
    #[error("{read} rows were read and {reported} have an outcome; the report is withheld because rows are missing or doubled")]
    SumsDiffer {
        /// Rows that the reader counted.
        read: u64,
        /// Sum over all outcomes.
        reported: u64,
    },
    /// An earlier error made the report incomplete; it cannot be continued.
    #[error("the report was broken off by an earlier error")]
    BrokenOff,
}

impl ReportError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Folder { cause, .. } | Self::Write { cause, .. } | Self::Rename { cause, .. } => hint_about(cause),
            Self::NotAFolder { .. } => "Name another folder with --out, or move the file away.",
            Self::TargetIsFolder { .. } => "Move that folder away, or name another report folder with --out.",
            Self::Busy { .. } => "Wait until it has finished, or name another report folder with --out.",
            Self::RowOutOfOrder { .. } | Self::NoSuchSheet { .. } | Self::SumsDiffer { .. } => {
                "Check that the source file is not being changed, then write the report again with `clientferry report RUN`. \
                 If it happens again, it is a bug in clientferry."
            }
            Self::BrokenOff => "Mend what the first error names, then write the report again with `clientferry report RUN`.",
        }
    }
}

/// The system's reasons that people can do something about.
fn hint_about(cause: &io::Error) -> &'static str {
    // `io::ErrorKind` is not ours and grows: everything else gets the general answer.
    match cause.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "Free space on the disk or name a folder on another one with --out, then write the report with `clientferry report RUN`: \
             the journal keeps what became of every row."
        }
        io::ErrorKind::FileTooLarge => "Name a folder on a file system that keeps larger files with --out.",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "Allow writing there, or name another folder with --out."
        }
        _ => "Name another folder with --out, then write the report with `clientferry report RUN`.",
    }
}
