//! A row of a sheet while it is put together cell by cell, the same for every format. Does not know where cells come from.

use std::ops::ControlFlow;

use calamine::DataRef;

use super::number_format::NumberFormat;
use super::shown::Otherwise;
use super::{cell, damaged};
use crate::model::CellKind;
use crate::read::ReadError;
use crate::read::source::SourceFile;

/// A row of the sheet as it is stored: only cells that hold something, from left to right.
#[derive(Debug, Default)]
pub(super) struct SheetRow {
    /// Row number, from 1.
    pub(super) line: u64,
    text: String,
    cells: Vec<Stored>,
}

#[derive(Clone, Copy, Debug)]
struct Stored {
    column: usize,
    start: usize,
    end: usize,
    kind: CellKind,
    /// Where the text ends that a spreadsheet program shows; it begins at `end`. Nothing there: it shows the text.
    shown_end: usize,
    otherwise: Option<Otherwise>,
}

/// What a spreadsheet program shows of a cell, where that is another text than the cell's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<'a> {
    pub(super) column: usize,
    pub(super) text: &'a str,
    pub(super) otherwise: Option<Otherwise>,
}

impl SheetRow {
    /// Bytes of all its texts.
    pub(super) fn text_bytes(&self) -> usize {
        self.text.len()
    }

    /// Its stored cells with their column, from 0.
    pub(super) fn cells(&self) -> impl Iterator<Item = (usize, &str, CellKind)> {
        self.cells.iter().map(|stored| (stored.column, self.text.get(stored.start..stored.end).unwrap_or(""), stored.kind))
    }

    /// What is shown of its cells, where that is another text.
    pub(super) fn shown(&self) -> impl Iterator<Item = Seen<'_>> {
        let other = |stored: &&Stored| stored.shown_end > stored.end || stored.otherwise.is_some();
        self.cells.iter().filter(other).map(|stored| Seen {
            column: stored.column,
            text: self.text.get(stored.end..stored.shown_end).unwrap_or(""),
            otherwise: stored.otherwise,
        })
    }

    /// Whether nothing in it can be seen.
    pub(super) fn is_blank(&self) -> bool {
        self.cells().all(|(_, text, kind)| kind == CellKind::Text && text.trim().is_empty())
    }

    /// Forgets its cells and begins another row.
    pub(super) fn start(&mut self, line: u64) {
        self.line = line;
        self.text.clear();
        self.cells.clear();
    }

    /// Adds a cell; an empty one is none.
    pub(super) fn push(&mut self, column: usize, value: &DataRef<'_>, zero_padding: usize) {
        let start = self.text.len();
        if let Some(kind) = cell::append(&mut self.text, value, zero_padding) {
            self.store(column, start, kind);
        }
    }

    /// Adds an error by the word that it is written with.
    pub(super) fn push_error(&mut self, column: usize, word: &str) {
        let start = self.text.len();
        self.text.push_str(word);
        self.store(column, start, CellKind::Error);
    }

    /// Adds a number as its format means it, and what the format shows of it.
    pub(super) fn push_number(&mut self, column: usize, number: f64, format: &NumberFormat, is_1904: bool) {
        let value = format.value(number, is_1904);
        match format.shown(number) {
            None => {
                self.push(column, &value, format.zero_padding);
                self.see_date(format);
            }
            // People see digits that the number has not, and take them for a part of it.
            Some(shown) if shown.adds_digits => {
                let start = self.text.len();
                self.text.push_str(&shown.text);
                self.store(column, start, CellKind::Number(number));
                self.see(&shown.text, shown.otherwise);
            }
            Some(shown) => {
                self.push(column, &value, format.zero_padding);
                self.see(&shown.text, shown.otherwise);
            }
        }
    }

    /// Says whether only a part is shown of the date that was added last.
    pub(super) fn see_date(&mut self, format: &NumberFormat) {
        if let Some(stored) = self.cells.last_mut().filter(|stored| matches!(stored.kind, CellKind::Date(_))) {
            stored.otherwise = format.date_otherwise();
        }
    }

    /// Says what is shown of the cell that was added last.
    pub(super) fn see(&mut self, shown: &str, otherwise: Option<Otherwise>) {
        let Some(stored) = self.cells.last_mut() else { return };
        stored.otherwise = otherwise;
        if self.text.get(stored.start..stored.end) != Some(shown) {
            self.text.push_str(shown);
            stored.shown_end = self.text.len();
        }
    }

    fn store(&mut self, column: usize, start: usize, kind: CellKind) {
        let end = self.text.len();
        self.cells.push(Stored { column, start, end, kind, shown_end: end, otherwise: None });
    }

    /// Adds a formula that the workbook stores without a value.
    pub(super) fn push_gap(&mut self, column: usize) {
        self.store(column, self.text.len(), CellKind::FormulaWithoutValue);
    }

    /// Puts cells that are stored out of order in their order; false when one stands twice.
    fn settle(&mut self) -> bool {
        if !self.cells.is_sorted_by_key(|stored| stored.column) {
            self.cells.sort_by_key(|stored| stored.column);
        }
        self.cells.windows(2).all(|pair| pair[0].column < pair[1].column)
    }
}

/// Sees the rows of a sheet, and breaks when it has seen enough.
pub(super) type Visit<'a> = &'a mut dyn FnMut(&SheetRow) -> ControlFlow<()>;

/// Puts cells that arrive in the order of the sheet together to rows, and shows each row that holds one.
pub(super) struct Walk<'a> {
    source: &'a SourceFile,
    visit: Visit<'a>,
    row: SheetRow,
}

impl<'a> Walk<'a> {
    pub(super) fn new(source: &'a SourceFile, visit: Visit<'a>) -> Self {
        Self { source, visit, row: SheetRow::default() }
    }

    /// The row to add a cell of `line` to; `None` when the visitor has seen enough. Rows must come in their order.
    pub(super) fn row(&mut self, line: u64) -> Result<Option<&mut SheetRow>, ReadError> {
        if line != self.row.line {
            if line < self.row.line {
                return Err(damaged(self.source, format!("row {line} is stored behind row {}", self.row.line)));
            }
            if self.show()?.is_break() {
                return Ok(None);
            }
            self.row.start(line);
        }
        Ok(Some(&mut self.row))
    }

    /// Shows a row that was put together elsewhere; false when the visitor has seen enough.
    pub(super) fn take(&mut self, row: SheetRow) -> Result<bool, ReadError> {
        if self.row(row.line)?.is_none() {
            return Ok(false);
        }
        self.row = row;
        Ok(true)
    }

    /// Shows the last row; true when the sheet was seen to its end.
    pub(super) fn finish(&mut self) -> Result<bool, ReadError> {
        Ok(self.show()?.is_continue())
    }

    fn show(&mut self) -> Result<ControlFlow<()>, ReadError> {
        if !self.row.settle() {
            return Err(damaged(self.source, format!("row {} stores a cell twice", self.row.line)));
        }
        Ok(if self.row.cells.is_empty() { ControlFlow::Continue(()) } else { (self.visit)(&self.row) })
    }
}
