//! Where a row stands in the source. Knows nothing about what the row says.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// The name of a sheet as the spreadsheet program shows it; empty for a delimited file.
pub type SheetName = Arc<str>;

/// The place of one row: which sheet, which line, and its number among all rows that were read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// Index into [`Source::sheets`].
    pub sheet: u16,
    /// Line as a text editor counts (delimited files: the line on which the record begins), or the row number of the sheet; from 1.
    pub line: u64,
    /// Number of the row among all rows of the source, in reading order; from 0.
    pub ordinal: u64,
}

/// What was read: its name, its sheets and how to tell it from another version of itself.
#[derive(Clone, Debug)]
pub struct Source {
    /// The file's name without its folder, as messages show it; `-` for standard input.
    pub name: Arc<str>,
    /// Where it lies; for standard input the spooled copy.
    pub path: PathBuf,
    /// SHA-256 of the whole file, lower-case hex.
    pub sha256: String,
    /// Sheet names by [`Place::sheet`]; one empty name for a delimited file.
    pub sheets: Vec<SheetName>,
    /// The source's columns, as the header row names them (trimmed, inner line breaks made blanks).
    pub columns: Vec<Arc<str>>,
    /// What a report has to know to give the workbook back; `None` for a delimited file.
    pub workbook: Option<Workbook>,
}

/// A workbook that was read, as far as the one that gives it back has to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workbook {
    /// Its format.
    pub kind: WorkbookKind,
    /// Row of the header by [`Place::sheet`], from 1. The columns of [`Source::columns`] stand in it from column A on.
    pub header_lines: Vec<u64>,
    /// Whether [`Source::path`] leads to the workbook itself, and not to an archive that holds it or to standard input.
    pub lies_open: bool,
}

/// The format of a workbook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkbookKind {
    /// Office Open XML: XLSX, XLSM.
    Xlsx,
    /// The binary form of the same package.
    Xlsb,
    /// Excel 5 to 2003.
    Xls,
    /// OpenDocument.
    Ods,
}

impl Source {
    /// The name of the sheet on which a place lies.
    #[must_use]
    pub fn sheet(&self, place: Place) -> &str {
        self.sheets.get(usize::from(place.sheet)).map_or("", |name| name)
    }

    /// `clients.xlsx:Лист1:3` or `clients.csv:3`, as a message begins.
    #[must_use]
    pub fn locate(&self, place: Place) -> Located<'_> {
        Located { source: self, place }
    }

    /// What names a row that carries no id of the user's own: `L3`, or `Лист1!L3` where there are several sheets.
    #[must_use]
    pub fn row_id(&self, place: Place) -> String {
        if self.sheets.len() > 1 { format!("{}!L{}", self.sheet(place), place.line) } else { format!("L{}", place.line) }
    }
}

/// Displays a place with its file.
#[derive(Debug)]
pub struct Located<'a> {
    source: &'a Source,
    place: Place,
}

impl fmt::Display for Located<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source.name)?;
        let sheet = self.source.sheet(self.place);
        if !sheet.is_empty() {
            write!(f, ":{sheet}")?;
        }
        write!(f, ":{}", self.place.line)
    }
}
