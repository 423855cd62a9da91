//! The rows of one sheet in a single streamed pass, bounded in memory but for the workbook's table of texts. Does not know the
//! header.

use std::io::{self, BufReader};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use calamine::{DataRef, Reader, Xlsx, XlsxError};

use super::cell;
use crate::model::CellKind;
use crate::read::ReadError;
use crate::read::source::{Pass, SourceFile};

type Workbook = Xlsx<BufReader<Pass>>;

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

    /// Whether nothing in it can be seen.
    pub(super) fn is_blank(&self) -> bool {
        self.cells().all(|(_, text, kind)| kind == CellKind::Text && text.trim().is_empty())
    }

    fn start(&mut self, line: u64) {
        self.line = line;
        self.text.clear();
        self.cells.clear();
    }

    /// Puts cells that are stored out of order in their order; false when one stands twice.
    fn settle(&mut self) -> bool {
        if !self.cells.is_sorted_by_key(|stored| stored.column) {
            self.cells.sort_by_key(|stored| stored.column);
        }
        self.cells.windows(2).all(|pair| pair[0].column < pair[1].column)
    }
}

/// Places (row, column; from 0) of formulas without a stored value, in the order of the sheet.
#[derive(Debug, Default)]
pub(super) struct FormulaGaps(OnceLock<Vec<(u32, u32)>>);

/// Opens the workbook behind a fence: its parsers panic on some broken files.
pub(super) fn open_workbook(source: &SourceFile) -> Result<Workbook, ReadError> {
    let file = source.open()?;
    fenced(source, None, || Workbook::new(BufReader::with_capacity(64 << 10, file)))
}

/// Shows the sheet's rows to `visit` until it breaks. Rows that the sheet does not store are not shown. Without `gaps` formulas
/// without a value count as empty cells.
pub(super) fn walk(
    source: &SourceFile,
    sheet: &str,
    gaps: Option<&FormulaGaps>,
    visit: &mut dyn FnMut(&SheetRow) -> ControlFlow<()>,
) -> Result<(), ReadError> {
    let mut workbook = open_workbook(source)?;
    let mut reader = fenced(source, None, || workbook.worksheet_cells_reader(sheet))?;
    let padding: Vec<usize> = reader.styles().iter().map(cell::zero_padding).collect();
    let styles_matter = padding.iter().any(|&zeros| zeros > 0);
    let mut row = SheetRow::default();
    loop {
        let line = row.line;
        // One pass tells either styles or formulas. Styles matter only where one of them pads zeros.
        let next = if styles_matter {
            let next = fenced(source, Some(line), || reader.next_cell_with_style_id())?;
            match next {
                Some((found, style)) => {
                    let position = found.get_position();
                    let value = found.get_value().clone();
                    let is_gap = matches!(value, DataRef::Empty)
                        && match gaps {
                            Some(gaps) => is_gap(source, sheet, gaps, position)?,
                            None => false,
                        };
                    Some((position, value, padding.get(style).copied().unwrap_or(0), is_gap))
                }
                None => None,
            }
        } else {
            fenced(source, Some(line), || reader.next_cell_with_formula_metadata())?.map(|found| {
                let is_gap = gaps.is_some() && found.formula.is_some() && matches!(found.value, DataRef::Empty);
                (found.pos, found.value, 0, is_gap)
            })
        };
        let Some(((row_index, column), value, zeros, is_gap)) = next else { break };
        let found_line = u64::from(row_index) + 1;
        if found_line != row.line {
            if found_line < row.line {
                return Err(damaged(source, format!("row {found_line} is stored behind row {}", row.line)));
            }
            if show(source, &mut row, visit)?.is_break() {
                return Ok(());
            }
            row.start(found_line);
        }
        let start = row.text.len();
        let kind = if is_gap { Some(CellKind::FormulaWithoutValue) } else { cell::append(&mut row.text, &value, zeros) };
        if let Some(kind) = kind {
            row.cells.push(Stored { column: column as usize, start, end: row.text.len(), kind });
        }
    }
    if show(source, &mut row, visit)?.is_continue() {
        // The whole sheet was read: it must still be the file that it was.
        source.open()?;
    }
    Ok(())
}

fn show(
    source: &SourceFile,
    row: &mut SheetRow,
    visit: &mut dyn FnMut(&SheetRow) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, ReadError> {
    if !row.settle() {
        return Err(damaged(source, format!("row {} stores a cell twice", row.line)));
    }
    Ok(if row.cells.is_empty() { ControlFlow::Continue(()) } else { visit(row) })
}

/// Whether the empty cell is a formula whose value is missing; looks through the sheet once for all of them.
fn is_gap(source: &SourceFile, sheet: &str, gaps: &FormulaGaps, position: (u32, u32)) -> Result<bool, ReadError> {
    let known = match gaps.0.get() {
        Some(known) => known,
        None => {
            let found = find_gaps(source, sheet)?;
            gaps.0.get_or_init(|| found)
        }
    };
    Ok(known.binary_search(&position).is_ok())
}

fn find_gaps(source: &SourceFile, sheet: &str) -> Result<Vec<(u32, u32)>, ReadError> {
    let mut workbook = open_workbook(source)?;
    let mut reader = fenced(source, None, || workbook.worksheet_cells_reader(sheet))?;
    let mut found = Vec::new();
    let mut line = None;
    while let Some(cell) = fenced(source, line, || reader.next_cell_with_formula_metadata())? {
        line = Some(u64::from(cell.pos.0) + 1);
        if cell.formula.is_some() && matches!(cell.value, DataRef::Empty) {
            found.push(cell.pos);
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Runs a step of the workbook library; its panics and errors become ours, without the values that they may quote.
fn fenced<T>(source: &SourceFile, line: Option<u64>, step: impl FnOnce() -> Result<T, XlsxError>) -> Result<T, ReadError> {
    let outcome = catch_unwind(AssertUnwindSafe(step));
    if !matches!(outcome, Ok(Ok(_))) {
        // A file that was written to while it is read only looks damaged.
        source.open()?;
    }
    let what = match outcome {
        Ok(Ok(done)) => return Ok(done),
        Ok(Err(XlsxError::Password)) => return Err(ReadError::Encrypted { file: source.name.to_string() }),
        Ok(Err(XlsxError::Io(error)))
            if error.kind() != io::ErrorKind::UnexpectedEof && error.kind() != io::ErrorKind::InvalidData =>
        {
            return Err(source.failed(error));
        }
        Ok(Err(XlsxError::NotAWorksheet(_))) => "the sheet is a chart or a macro, not a table",
        Ok(Err(XlsxError::WorksheetNotFound(_) | XlsxError::FileNotFound(_) | XlsxError::RelationshipNotFound)) => {
            "a part that it names is missing"
        }
        Ok(Err(XlsxError::CellError(_))) => "a cell holds an error value of an unknown kind",
        Ok(Err(XlsxError::Zip(_) | XlsxError::Io(_))) => "its zip archive is broken or cut off",
        Ok(Err(XlsxError::Xml(_) | XlsxError::XmlEof(_) | XlsxError::XmlAttr(_))) => "the XML of one of its parts is broken",
        Ok(Err(_)) => "one of its parts is not as the format asks",
        Err(_) => "its parts contradict each other",
    };
    Err(damaged(
        source,
        match line {
            Some(line) if line > 0 => format!("{what}, in row {line} or soon after"),
            Some(_) | None => what.to_owned(),
        },
    ))
}

pub(super) fn damaged(source: &SourceFile, why: String) -> ReadError {
    ReadError::Damaged { file: source.name.to_string(), why }
}
