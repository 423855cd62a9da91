//! Why a file cannot be read, with the next step. Says nothing about single rows: what is wrong with a row is a fault of that row.

use std::io;

/// Why a file cannot be read. Messages name the file and places in it, never what its cells hold.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// There is no such file.
    #[error("{file}: there is no such file")]
    NotFound {
        /// The file.
        file: String,
    },
    /// The path is a folder or a device.
    #[error("{file}: this is not a file")]
    NotAFile {
        /// The path.
        file: String,
    },
    /// The system refuses to open it.
    #[error("{file}: no permission to read it")]
    PermissionDenied {
        /// The file.
        file: String,
    },
    /// It has no content, or nothing but blanks.
    #[error("{file}: the file is empty")]
    Empty {
        /// The file.
        file: String,
    },
    /// No row looks like a header.
    #[error("{file}: no header row among the first {looked_at} rows")]
    HeaderNotFound {
        /// The file.
        file: String,
        /// Rows that were looked at.
        looked_at: usize,
    },
    /// The header row that the settings name is not there.
    #[error("{file}:{line}: no row begins on this line, so it cannot be the header row")]
    HeaderRowMissing {
        /// The file.
        file: String,
        /// The line that was asked for, from 1.
        line: u64,
    },
    /// A format that is known, but not read.
    #[error("{file}: this is {found}, which is not read")]
    Unsupported {
        /// The file.
        file: String,
        /// What it is, with its article.
        found: String,
    },
    /// Neither text nor a known workbook.
    #[error("{file}: this is neither a workbook nor delimited text")]
    Binary {
        /// The file.
        file: String,
    },
    /// A workbook or archive under a password.
    #[error("{file}: the file is protected by a password")]
    Encrypted {
        /// The file.
        file: String,
    },
    /// A packed file that cannot be unpacked.
    #[error("{file}: the archive is damaged or cut off, as after an interrupted download")]
    ArchiveDamaged {
        /// The file.
        file: String,
    },
    /// A workbook whose parts are broken.
    #[error("{file}: the workbook is damaged: {why}")]
    Damaged {
        /// The file.
        file: String,
        /// What is broken and where, without cell values.
        why: String,
    },
    /// No sheet has this name or number.
    #[error("{file}: there is no sheet `{wanted}`; its sheets are: {}", sheets.join(", "))]
    SheetUnknown {
        /// The file.
        file: String,
        /// What was asked for.
        wanted: String,
        /// The sheets that there are, in their order.
        sheets: Vec<String>,
    },
    /// Several visible sheets hold something, and nobody said which one is meant.
    #[error("{file}: several sheets hold rows: {}", sheets.join(", "))]
    SheetOpen {
        /// The file.
        file: String,
        /// The visible sheets that hold something, in their order.
        sheets: Vec<String>,
    },
    /// Every sheet is hidden or none is a table.
    #[error("{file}: no visible sheet; hidden ones are: {}", sheets.join(", "))]
    NoVisibleSheet {
        /// The file.
        file: String,
        /// The hidden sheets.
        sheets: Vec<String>,
    },
    /// No encoding has this name.
    #[error("{file}: there is no encoding `{name}`")]
    EncodingUnknown {
        /// The file.
        file: String,
        /// What was asked for.
        name: String,
    },
    /// The delimiter that the settings name cannot be one.
    #[error("{file}: {delimiter:?} cannot be a delimiter")]
    DelimiterUnusable {
        /// The file.
        file: String,
        /// What was asked for.
        delimiter: char,
    },
    /// Somebody wrote to the file while it was read.
    #[error("{file}: the file was changed while reading")]
    Changed {
        /// The file.
        file: String,
    },
    /// A limit of the settings is passed.
    #[error("{file}: {what} {found}, the limit is {allowed}")]
    Limit {
        /// The file.
        file: String,
        /// What is counted, with the verb and the unit, so that a number can follow.
        what: &'static str,
        /// How much it is.
        found: u64,
        /// How much is allowed.
        allowed: u64,
    },
    /// The system failed to read.
    #[error("{file}: reading failed: {source}")]
    Io {
        /// The file.
        file: String,
        /// What the system says.
        source: io::Error,
    },
}

impl ReadError {
    /// An error of the system, sorted.
    pub(super) fn io(file: &str, source: io::Error) -> Self {
        let file = file.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound => Self::NotFound { file },
            io::ErrorKind::PermissionDenied => Self::PermissionDenied { file },
            io::ErrorKind::IsADirectory => Self::NotAFile { file },
            _ => Self::Io { file, source },
        }
    }

    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "check the path; it is taken relative to the current folder",
            Self::NotAFile { .. } => "give the path of one spreadsheet or CSV file, or `-` for standard input",
            Self::PermissionDenied { .. } => "make the file readable for the current user, or close the program that locks it",
            Self::Empty { .. } => "check that the export finished, and export it again",
            Self::HeaderNotFound { .. } => {
                "does the file have a row of column names? If so, say its line with --header-row or header_row in [source] of the mapping; \
                 if a text begins with the first client, say 0: its columns are then called `column 1`, `column 2` and so on"
            }
            Self::HeaderRowMissing { .. } => {
                "check header_row in [source] of the mapping: lines are counted from 1, as a text editor or spreadsheet shows them"
            }
            Self::Unsupported { .. } => "open it in its own program and save it as XLSX, or as CSV in UTF-8",
            Self::Binary { .. } => "save the table as XLSX or CSV; if it is text, name its encoding in [source] of the mapping",
            Self::Encrypted { .. } => {
                "open the workbook, remove its password (File > Info > Protect), and save it as XLSX or CSV; unpack an archive first"
            }
            Self::ArchiveDamaged { .. } => "copy or download the file again; if that does not help, unpack it by hand",
            Self::Damaged { .. } => "open the workbook in a spreadsheet program, let it repair it, and save it as XLSX or CSV",
            Self::SheetUnknown { .. } => "name one of these sheets, or give its number counted from 1",
            Self::SheetOpen { .. } => {
                "name one with --sheet, or with sheet in [source] of the mapping; --sheet all takes all that share one header"
            }
            Self::NoVisibleSheet { .. } => "name the sheet to read with sheet in [source] of the mapping",
            Self::EncodingUnknown { .. } => "use a name such as utf-8, windows-1251, cp866, koi8-r, utf-16le",
            Self::DelimiterUnusable { .. } => "use one ASCII character that is neither a quote nor a line break: `;` `,` tab `|`",
            Self::Changed { .. } => "wait until nobody writes to the file, and run the command again",
            Self::Limit { .. } => {
                "check that this is the right file; if it is, split it or raise the limit (--unpacked-bytes-max, --unpack-ratio-max)"
            }
            Self::Io { .. } => "check the disk or network drive, and run the command again",
        }
    }
}
