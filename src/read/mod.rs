//! Room 1: a file becomes rows. Knows file formats and nothing about clients.
//!
//! A file is sniffed by its first bytes and handed to the reader of its format; a new format is one more folder and one more arm
//! of [`Format`]. Every reader gives the same: a header, a description for people, and as many passes over the rows as wanted.

mod blank;
mod container;
mod delimited;
mod error;
mod header;
mod ours;
mod sniff;
mod source;
mod workbook;

use std::path::Path;
use std::sync::Arc;

use crate::model::{CellKind, Place, Row, SheetName, Source, Workbook};
use delimited::DelimitedRows;
use sniff::Container;
use source::SourceFile;
use workbook::WorkbookRows;

pub use error::ReadError;

/// The word for all visible sheets that share one header, where a sheet is named.
pub const ALL_SHEETS: &str = "all";

/// What the user settles about reading, and the limits. `None` means: tell it from the file.
#[derive(Clone, Debug)]
pub struct ReadSettings {
    /// Name of the sheet, its number from 1, or [`ALL_SHEETS`].
    pub sheet: Option<String>,
    /// Line (text) or row (sheet) of the header, from 1; 0 for a text without one, whose columns are named by position.
    pub header_row: Option<u64>,
    /// The delimiter; one ASCII character.
    pub delimiter: Option<char>,
    /// Name of the encoding, as `windows-1251`.
    pub encoding: Option<String>,
    /// Name of the encoding, should the text have no byte order mark: a mark knows better. `encoding` goes over it.
    pub encoding_unmarked: Option<String>,
    /// Take the first of several sheets that hold something, for a look at the file; else that is an error.
    pub any_sheet: bool,
    /// Bytes of a cell, as UTF-8. A longer cell is a fault of its row.
    pub cell_bytes_max: usize,
    /// Bytes of a row, as UTF-8. What hangs over is cut off with a fault.
    pub row_bytes_max: usize,
    /// Cells of a row. What hangs over is cut off with a fault.
    pub cells_max: usize,
    /// Bytes of what a packed file or the parts of a workbook become when they are unpacked.
    pub unpacked_bytes_max: u64,
    /// How many times larger something may be unpacked than packed; what is small is exempt.
    pub unpack_ratio_max: u64,
    /// Bytes taken from standard input.
    pub spool_bytes_max: u64,
}

impl Default for ReadSettings {
    fn default() -> Self {
        Self {
            sheet: None,
            header_row: None,
            delimiter: None,
            encoding: None,
            encoding_unmarked: None,
            any_sheet: false,
            cell_bytes_max: 64 << 10,
            row_bytes_max: 1 << 20,
            cells_max: 4096,
            unpacked_bytes_max: 2 << 30,
            unpack_ratio_max: 400,
            spool_bytes_max: 64 << 30,
        }
    }
}

/// The format of a file, by its content and not by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Delimited text: CSV, TSV.
    Delimited,
    /// A workbook of Office Open XML: XLSX, XLSM.
    Xlsx,
    /// A binary workbook of the same package: XLSB.
    Xlsb,
    /// A workbook of Excel 5 to 2003: XLS.
    Xls,
    /// An OpenDocument spreadsheet: ODS.
    Ods,
}

impl Format {
    /// The word that `inspect` shows.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delimited => "delimited text",
            Self::Xlsx => "XLSX workbook",
            Self::Xlsb => "XLSB workbook",
            Self::Xls => "XLS workbook",
            Self::Ods => "ODS spreadsheet",
        }
    }

    /// Endings of names that promise this format; for text any ending but those of workbooks will do.
    fn endings(self) -> &'static [&'static str] {
        match self {
            Self::Delimited => &[],
            Self::Xlsx => &["xlsx", "xlsm", "xltx", "xltm"],
            Self::Xlsb => &["xlsb"],
            Self::Xls => &["xls", "xlt", "xla"],
            Self::Ods => &["ods", "ots"],
        }
    }

    /// What to say where the name promises a workbook of another format.
    fn note_on_name(self, name: &str) -> Option<String> {
        let (_, ending) = name.rsplit_once('.')?;
        let ending = ending.to_ascii_lowercase();
        let promised =
            [Self::Xlsx, Self::Xlsb, Self::Xls, Self::Ods].into_iter().find(|f| f.endings().contains(&ending.as_str()))?;
        (promised != self).then(|| format!("the name promises an {}, the content is {}", promised.as_str(), self.with_article()))
    }

    fn with_article(self) -> String {
        match self {
            Self::Delimited => self.as_str().to_owned(),
            Self::Xlsx | Self::Xlsb | Self::Xls | Self::Ods => format!("an {}", self.as_str()),
        }
    }
}

/// How certain the encoding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// Told by letter statistics; a person should look at the first names.
    Guess,
    /// Proven by the form of the bytes.
    High,
    /// Named by the user, by a byte order mark or by the format.
    Certain,
}

impl Confidence {
    /// The word that `inspect` shows.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Guess => "guessed",
            Self::High => "high",
            Self::Certain => "certain",
        }
    }
}

/// The header row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Its line or row, from 1; of two rows the lower one, and 0 where there is no header.
    pub line: u64,
    /// Unique names: trimmed, on one line, doubles numbered (`Имя (2)`), empty ones named by position (`column 7`).
    pub columns: Vec<Arc<str>>,
}

/// What else was found out about a text. A workbook has none of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextFindings {
    /// How certain the encoding is, in parts of 100.
    pub encoding_percent: u8,
    /// Name of the encoding that fits second best, where letters had to decide.
    pub encoding_runner_up: Option<&'static str>,
    /// What makes text of a mark besides doubling a quote: a backslash, where the file uses it.
    pub escape: Option<char>,
    /// Rows of the header: two where groups stand above names, 0 where there is none.
    pub header_rows: usize,
}

/// What was found out about a file, for `inspect`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// The format.
    pub format: Format,
    /// Name of the text's encoding; `None` for a workbook.
    pub encoding: Option<&'static str>,
    /// How certain the encoding is.
    pub encoding_confidence: Confidence,
    /// Whether the text begins with a byte order mark.
    pub byte_order_mark: bool,
    /// The delimiter; `None` for a workbook.
    pub delimiter: Option<char>,
    /// The quote; `None` for a workbook.
    pub quote: Option<char>,
    /// Line or row of the header, from 1; see [`Header::line`].
    pub header_line: u64,
    /// Lines or rows above the header, blank ones included.
    pub preamble_lines: u64,
    /// The sheet that is read, or several with commas; `None` for text.
    pub sheet: Option<String>,
    /// Names of all sheets in their order, hidden ones included; empty for text.
    pub sheets: Vec<String>,
    /// Names of the hidden sheets.
    pub hidden_sheets: Vec<String>,
    /// What only texts have.
    pub text: TextFindings,
    /// Hidden rows behind the header, which are read like the others.
    pub hidden_rows: u64,
    /// What a person should know besides: how the file is packed, what is hidden, merged or left out.
    pub notes: Vec<String>,
}

/// What a scan counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScanCount {
    /// Rows behind the header, the blank ones between them included.
    pub rows: u64,
    /// Of these, the blank ones.
    pub blank: u64,
}

/// A file whose header is known. Its rows can be read as often as wanted.
#[derive(Debug)]
pub struct Table {
    /// Name, place, hash, sheets and columns.
    pub source: Source,
    /// The format.
    pub format: Format,
    /// The header row.
    pub header: Header,
    /// Everything that was found out on the way.
    pub description: Description,
    file: SourceFile,
    layout: Layout,
}

#[derive(Debug)]
enum Layout {
    Delimited(delimited::Layout),
    Workbook(Arc<workbook::Layout>),
}

/// A file that was found. It can be opened several times with different settings, standard input too.
#[derive(Clone, Debug)]
pub struct Input(SourceFile);

impl Input {
    /// Finds a file. The path `-` is standard input, which is spooled to a temporary file without a name.
    ///
    /// # Errors
    /// When there is no such file, or standard input is too long.
    pub fn find(path: &Path, settings: &ReadSettings) -> Result<Self, ReadError> {
        SourceFile::locate(path, settings.spool_bytes_max).map(Self)
    }

    /// Opens it and finds its header. `is_header_word` tells whether a cell is a known column name.
    ///
    /// # Errors
    /// When the file cannot be opened, is of no known format or has no header; see [`ReadError`].
    pub fn open(&self, settings: &ReadSettings, is_header_word: &dyn Fn(&str) -> bool) -> Result<Table, ReadError> {
        open_file(self.0.clone(), settings, is_header_word)
    }
}

/// Finds a file, opens it and finds its header; see [`Input`].
///
/// # Errors
/// When the file cannot be opened, is of no known format or has no header; see [`ReadError`].
pub fn open(path: &Path, settings: &ReadSettings, is_header_word: &dyn Fn(&str) -> bool) -> Result<Table, ReadError> {
    Input::find(path, settings)?.open(settings, is_header_word)
}

fn open_file(file: SourceFile, settings: &ReadSettings, is_header_word: &dyn Fn(&str) -> bool) -> Result<Table, ReadError> {
    if file.bytes() == 0 {
        return Err(ReadError::Empty { file: file.name.to_string() });
    }
    let (file, packing) = container::unpack(file, settings)?;
    let container = sniff::container(&file)?;
    // Hashing is one more pass over the file: it takes its own core while the header is looked for.
    let (sha256, opened) = std::thread::scope(|scope| {
        let hashing = scope.spawn(|| file.sha256());
        let opened = match container {
            Container::Text => delimited::open(&file, settings, is_header_word)
                .map(|(layout, header, description)| (Layout::Delimited(layout), header, description)),
            Container::Workbook(kind) => workbook::open(kind, &file, settings, is_header_word)
                .map(|(layout, header, description)| (Layout::Workbook(Arc::new(layout)), header, description)),
        };
        let sha256 = hashing.join().unwrap_or_else(|_| Err(file.failed(std::io::Error::other("hashing stopped"))));
        (sha256, opened)
    });
    let (layout, header, mut description) = opened?;
    let sheets: Vec<SheetName> = match &layout {
        Layout::Delimited(_) => vec!["".into()],
        Layout::Workbook(layout) => layout.sheet_names().map(SheetName::from).collect(),
    };
    let workbook = match &layout {
        Layout::Delimited(_) => None,
        Layout::Workbook(layout) => {
            let lies_open = packing.is_none() && !file.is_spooled();
            Some(Workbook { kind: layout.model_kind(), header_lines: layout.header_lines().collect(), lies_open })
        }
    };
    let about_file = packing.map(|packing| format!("unpacked from {}", packing.as_str()));
    let about_name = description.format.note_on_name(&file.name);
    description.notes.splice(0..0, about_file.into_iter().chain(about_name));
    let source = Source {
        name: file.name.clone(),
        path: file.path.clone(),
        sha256: sha256?,
        sheets,
        columns: header.columns.clone(),
        workbook,
    };
    Ok(Table { source, format: description.format, header, description, file, layout })
}

impl Table {
    /// A fresh pass over the rows behind the header. Blank rows are given where a row follows them.
    ///
    /// # Errors
    /// When the file cannot be opened again or has changed.
    pub fn rows(&self) -> Result<Rows, ReadError> {
        Ok(Rows(match &self.layout {
            Layout::Delimited(layout) => Pass::Delimited(Box::new(DelimitedRows::new(&self.file, layout)?)),
            Layout::Workbook(layout) => Pass::Workbook(WorkbookRows::new(&self.file, layout)?),
        }))
    }

    /// A fresh pass in batches of at most `rows_per_batch` rows.
    ///
    /// # Errors
    /// When the file cannot be opened again or has changed.
    pub fn batches(&self, rows_per_batch: usize) -> Result<Batches, ReadError> {
        Ok(Batches { rows: self.rows()?, rows_per_batch: rows_per_batch.max(1), failed: None })
    }

    /// A fast pass that makes no rows. `observe` gets the row's place, the position in `columns`, the text and the kind of every chosen
    /// cell of every whole row; rows that do not fit the header or whose text is damaged are counted, but not shown.
    ///
    /// # Errors
    /// When the file cannot be read or has changed.
    pub fn scan(&self, columns: &[usize], observe: &mut dyn FnMut(Place, usize, &str, CellKind)) -> Result<ScanCount, ReadError> {
        match &self.layout {
            Layout::Delimited(layout) => delimited::scan(&self.file, layout, columns, observe),
            Layout::Workbook(layout) => workbook::scan(layout, columns, observe),
        }
    }
}

/// One pass over the rows. Ends after the first error.
pub struct Rows(Pass);

enum Pass {
    Delimited(Box<DelimitedRows>),
    Workbook(WorkbookRows),
}

impl Iterator for Rows {
    type Item = Result<Row, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Pass::Delimited(rows) => rows.next(),
            Pass::Workbook(rows) => rows.next(),
        }
    }
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            Pass::Delimited(_) => "Rows(delimited)",
            Pass::Workbook(_) => "Rows(workbook)",
        })
    }
}

/// One pass over the rows, many at a time. Ends after the first error; the rows before it come first.
#[derive(Debug)]
pub struct Batches {
    rows: Rows,
    rows_per_batch: usize,
    failed: Option<ReadError>,
}

impl Iterator for Batches {
    type Item = Result<Vec<Row>, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(error) = self.failed.take() {
            return Some(Err(error));
        }
        let mut batch = Vec::with_capacity(self.rows_per_batch.min(4096));
        while batch.len() < self.rows_per_batch {
            match self.rows.next() {
                Some(Ok(row)) => batch.push(row),
                Some(Err(error)) if batch.is_empty() => return Some(Err(error)),
                Some(Err(error)) => {
                    self.failed = Some(error);
                    break;
                }
                None => break,
            }
        }
        (!batch.is_empty()).then_some(Ok(batch))
    }
}

/// Characters of a found value that a fault of a whole row quotes.
const FOUND_CHARS_MAX: usize = 300;

/// The beginning of a found value that may be as long as a row.
fn shorten(found: &str) -> std::borrow::Cow<'_, str> {
    match found.char_indices().nth(FOUND_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &found[..end]).into(),
        None => found.into(),
    }
}
