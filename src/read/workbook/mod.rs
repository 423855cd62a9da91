//! Workbooks: sheets become rows, whatever the format. Knows nothing about delimited text; each format has a folder of its own.

mod book;
mod cell;
mod choice;
mod facts;
mod number_format;
mod ods;
mod package;
mod relations;
mod row;
mod rows;
mod shown;
mod xls;
mod xlsb;
mod xlsx;
mod xml;

use super::header;
use super::ours::Ours;
use super::source::SourceFile;
use super::{Confidence, Description, Header, ReadError, ReadSettings, TextFindings};
use crate::model::WorkbookKind;
use book::{Book, SheetEntry};
use choice::Chosen;
use facts::Facts;

pub(super) use book::Kind;
pub(super) use rows::{WorkbookRows, scan};

/// How to read the sheets again.
#[derive(Debug)]
pub(super) struct Layout {
    book: Book,
    /// The sheets that are read, one behind the other.
    sheets: Vec<SheetLayout>,
    columns: usize,
    cell_bytes_max: usize,
    row_bytes_max: usize,
    cells_max: usize,
}

#[derive(Debug)]
struct SheetLayout {
    name: String,
    header_line: u64,
    /// Columns of an earlier report, which rows do not get.
    ours: Ours,
    facts: Facts,
}

impl Layout {
    /// Names of the sheets that are read.
    pub(super) fn sheet_names(&self) -> impl Iterator<Item = &str> {
        self.sheets.iter().map(|sheet| sheet.name.as_str())
    }

    /// Rows of the headers of the sheets that are read, from 1.
    pub(super) fn header_lines(&self) -> impl Iterator<Item = u64> {
        self.sheets.iter().map(|sheet| sheet.header_line)
    }

    /// The format by its name in the model.
    pub(super) fn model_kind(&self) -> WorkbookKind {
        match self.book.kind {
            Kind::Xlsx => WorkbookKind::Xlsx,
            Kind::Xlsb => WorkbookKind::Xlsb,
            Kind::Xls => WorkbookKind::Xls,
            Kind::Ods => WorkbookKind::Ods,
        }
    }
}

/// Finds sheets and header.
pub(super) fn open(
    kind: Kind,
    source: &SourceFile,
    settings: &ReadSettings,
    is_header_word: &dyn Fn(&str) -> bool,
) -> Result<(Layout, Header, Description), ReadError> {
    let book = Book::new(kind, source.clone(), settings.clone());
    let sheets = book.sheets()?;
    let Chosen { first, columns, more, mut notes } = choice::choose(&book, &sheets, is_header_word)?;
    let header = Header { line: first.header_line, columns };
    let read: Vec<SheetLayout> = std::iter::once(first).chain(more).collect();
    let is_read = |name: &str| read.iter().any(|sheet| sheet.name == name);
    let hidden = |sheet: &&SheetEntry| sheet.hidden;
    let passed_over: Vec<&str> =
        sheets.iter().filter(hidden).map(|sheet| sheet.name.as_str()).filter(|name| !is_read(name)).collect();
    if !passed_over.is_empty() {
        notes.push(format!("hidden sheets that are not read: {}", passed_over.join(", ")));
    }
    let mut hidden_rows = 0;
    for sheet in &read {
        hidden_rows += sheet.facts.hidden_behind(sheet.header_line);
        notes.extend(sheet_notes(sheet));
    }
    let description = Description {
        format: kind.format(),
        encoding: None,
        encoding_confidence: Confidence::Certain,
        byte_order_mark: false,
        delimiter: None,
        quote: None,
        header_line: header.line,
        preamble_lines: header.line.saturating_sub(1),
        sheet: Some(read.iter().map(|sheet| sheet.name.as_str()).collect::<Vec<_>>().join(", ")),
        sheets: sheets.iter().map(|sheet| sheet.name.clone()).collect(),
        hidden_sheets: sheets.iter().filter(hidden).map(|sheet| sheet.name.clone()).collect(),
        hidden_rows,
        notes,
        text: TextFindings::default(),
    };
    let layout = Layout {
        book,
        sheets: read,
        columns: header.columns.len(),
        cell_bytes_max: settings.cell_bytes_max,
        row_bytes_max: settings.row_bytes_max,
        cells_max: cells_max(settings),
    };
    Ok((layout, header, description))
}

fn cells_max(settings: &ReadSettings) -> usize {
    settings.cells_max.clamp(1, usize::from(u16::MAX))
}

/// What a person should know about the rows of a sheet.
fn sheet_notes(sheet: &SheetLayout) -> Vec<String> {
    let name = &sheet.name;
    let mut notes: Vec<String> = sheet.ours.note().map(|note| format!("sheet {name}: {note}")).into_iter().collect();
    let hidden = sheet.facts.hidden_behind(sheet.header_line);
    if sheet.facts.is_filtered {
        notes.push(format!("sheet {name}: a filter is on; rows that it hides are read like the others"));
    }
    if hidden > 0 {
        notes.push(format!("sheet {name}: {hidden} hidden rows are read like the others"));
    }
    let merged = sheet.facts.merged_behind(sheet.header_line + 1);
    if merged > 0 {
        notes.push(format!(
            "sheet {name}: {merged} merged areas; the value of one belongs to its first cell, the others are empty"
        ));
    }
    notes
}

fn damaged(source: &SourceFile, why: String) -> ReadError {
    ReadError::Damaged { file: source.name.to_string(), why }
}
