//! Office Open XML (XLSX, XLSM): the rows of one sheet in a single streamed pass, bounded in memory but for the workbook's table
//! of texts. The library's reader does the work, behind a fence; [`parts`] looks at the XML before.

mod parts;
mod tags;

use std::io::{self, BufReader};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use calamine::{DataRef, Reader, SheetType, SheetVisible, Xlsx, XlsxError};

use super::facts::Facts;
use super::row::Walk;
use super::{SheetEntry, cell, damaged};
use crate::read::source::{Pass, SourceFile};
use crate::read::{ReadError, ReadSettings};

type Workbook = Xlsx<BufReader<Pass>>;

/// Places (row, column; from 0) of formulas without a stored value, in the order of the sheet.
#[derive(Debug, Default)]
pub(in crate::read::workbook) struct FormulaGaps(OnceLock<Vec<(u32, u32)>>);

/// Looks at the parts that every pass reads, and lists the tables in their order.
pub(super) fn sheets(source: &SourceFile, settings: &ReadSettings) -> Result<Vec<SheetEntry>, ReadError> {
    parts::check_common(source, settings)?;
    let workbook = open_workbook(source)?;
    let tables = workbook.sheets_metadata().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
    Ok(tables.map(|sheet| SheetEntry { name: sheet.name.clone(), hidden: sheet.visible != SheetVisible::Visible }).collect())
}

/// Looks through the XML of a sheet before the library does.
pub(super) fn survey(source: &SourceFile, settings: &ReadSettings, sheet: &str) -> Result<Facts, ReadError> {
    parts::survey(source, settings, sheet)
}

/// Opens the workbook behind a fence: its parsers panic on some broken files.
fn open_workbook(source: &SourceFile) -> Result<Workbook, ReadError> {
    let file = source.open()?;
    fenced(source, None, || Workbook::new(BufReader::with_capacity(64 << 10, file)))
}

/// Shows the rows of the sheet; false when the visitor had seen enough. Without `gaps` formulas without a value count as empty.
pub(super) fn walk(source: &SourceFile, sheet: &str, gaps: Option<&FormulaGaps>, walk: &mut Walk<'_>) -> Result<bool, ReadError> {
    let mut workbook = open_workbook(source)?;
    let mut reader = fenced(source, None, || workbook.worksheet_cells_reader(sheet))?;
    let padding: Vec<usize> = reader.styles().iter().map(cell::zero_padding).collect();
    let styles_matter = padding.iter().any(|&zeros| zeros > 0);
    loop {
        let line = walk.line();
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
        let Some(row) = walk.row(u64::from(row_index) + 1)? else { return Ok(false) };
        if is_gap { row.push_gap(column as usize) } else { row.push(column as usize, &value, zeros) }
    }
    Ok(true)
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
