//! The records of one sheet: its cells row by row, and what it says about its rows.

use calamine::DataRef;

use super::super::damaged;
use super::super::facts::{Area, Facts};
use super::super::number_format::NumberFormat;
use super::super::package::Package;
use super::super::row::Walk;
use super::super::xls::{error, packed_number};
use super::records::{Records, f64_at, u32_at};
use super::{Globals, formats, texts, workbook};
use crate::read::source::SourceFile;
use crate::read::{ReadError, ReadSettings};

const ROW: u16 = 0;
const PACKED_NUMBER: u16 = 2;
const ERROR: u16 = 3;
const BOOLEAN: u16 = 4;
const NUMBER: u16 = 5;
const TEXT: u16 = 6;
const SHARED_TEXT: u16 = 7;
const FORMULA_TEXT: u16 = 8;
const FORMULA_NUMBER: u16 = 9;
const FORMULA_BOOLEAN: u16 = 10;
const FORMULA_ERROR: u16 = 11;
const RICH_TEXT: u16 = 62;
const CELLS_BEGIN: u16 = 0x0091;
const CELLS_END: u16 = 0x0092;
const FILTER_COLUMN: u16 = 0x00a3;
const MERGED_CELLS: u16 = 0x00b0;
const ROW_HIDDEN: u8 = 0x10;
/// Flag of a formula: its value is to be worked out when the workbook is opened.
const WORKED_OUT_LATER: u8 = 2;
const ROWS_MAX: u32 = 1 << 20;
const COLUMNS_MAX: u32 = 1 << 14;

/// What the sheet says about its rows.
pub(in crate::read::workbook) fn survey(source: &SourceFile, settings: &ReadSettings, sheet: &str) -> Result<Facts, ReadError> {
    let mut package = Package::open(source, settings)?;
    let part = part_of(source, settings, &mut package, sheet)?;
    let mut facts = Facts::default();
    let Some(part) = package.part(&part)? else { return Ok(facts) };
    let mut records = Records::new(source, settings, part);
    let mut in_cells = false;
    let mut row = 0;
    while let Some(id) = records.advance()? {
        let body = &records.body;
        match id {
            CELLS_BEGIN => in_cells = true,
            CELLS_END => in_cells = false,
            ROW if in_cells => {
                row = u32_at(body, 0).unwrap_or(row);
                if body.get(11).is_some_and(|flags| flags & ROW_HIDDEN != 0) {
                    facts.hide(row, row);
                }
            }
            PACKED_NUMBER..=FORMULA_ERROR | RICH_TEXT if in_cells => facts.fill(row),
            FILTER_COLUMN => facts.is_filtered = true,
            MERGED_CELLS => {
                let [first_row, last_row, first_column, last_column] = [0, 4, 8, 12].map(|at| u32_at(body, at).unwrap_or(0));
                facts.merge(Area { first_row, last_row, first_column, last_column });
            }
            _ => {}
        }
    }
    Ok(facts)
}

/// Shows the rows of the sheet; false when the visitor had seen enough.
pub(in crate::read::workbook) fn walk(
    source: &SourceFile,
    settings: &ReadSettings,
    sheet: &str,
    walk: &mut Walk<'_>,
) -> Result<bool, ReadError> {
    let mut package = Package::open(source, settings)?;
    let workbook = workbook(source, settings, &mut package)?;
    let globals = Globals {
        is_1904: workbook.is_1904,
        texts: match &workbook.texts {
            Some(name) => texts(source, settings, &mut package, name)?,
            None => Vec::new(),
        },
        formats: match &workbook.styles {
            Some(name) => formats(source, settings, &mut package, name)?,
            None => Vec::new(),
        },
    };
    let part = part_of(source, settings, &mut package, sheet)?;
    let part = package.part(&part)?.ok_or_else(|| damaged(source, "the part of the sheet is missing".to_owned()))?;
    let mut records = Records::new(source, settings, part);
    let mut in_cells = false;
    let mut row = 0;
    while let Some(id) = records.advance()? {
        match id {
            CELLS_BEGIN => in_cells = true,
            CELLS_END => return Ok(true),
            _ if !in_cells => {}
            ROW => {
                row = u32_at(&records.body, 0)
                    .filter(|&row| row < ROWS_MAX)
                    .ok_or_else(|| damaged(source, "a row has a number that no sheet has".to_owned()))?;
            }
            _ => {
                let line = u64::from(row) + 1;
                let Some(found) = found(id, &records, &globals, source, line)? else { continue };
                let column = u32_at(&records.body, 0)
                    .filter(|&column| column < COLUMNS_MAX)
                    .ok_or_else(|| damaged(source, format!("a cell of row {line} is cut off or beyond the last column")))?;
                let Some(row) = walk.row(line)? else { return Ok(false) };
                let column = column as usize;
                match (found, style(&records.body, &globals)) {
                    (Found::Gap, _) => row.push_gap(column),
                    (Found::Number(number), Some(format)) => row.push_number(column, number, format, globals.is_1904),
                    (Found::Number(number), None) => row.push(column, &DataRef::Float(number), 0),
                    (Found::Value(value), format) => row.push(column, &value, format.map_or(0, |format| format.zero_padding)),
                }
            }
        }
    }
    Err(damaged(source, "the sheet is cut off before its end".to_owned()))
}

fn part_of(source: &SourceFile, settings: &ReadSettings, package: &mut Package<'_>, sheet: &str) -> Result<String, ReadError> {
    let workbook = workbook(source, settings, package)?;
    let found = workbook.sheets.into_iter().find(|(entry, _)| entry.name == sheet);
    found.map(|(_, part)| part).ok_or_else(|| damaged(source, "the part of the sheet is missing".to_owned()))
}

/// The number format of a cell; the style's number has three bytes.
fn style<'a>(body: &[u8], globals: &'a Globals) -> Option<&'a NumberFormat> {
    let number = u32_at(body, 4).unwrap_or(0) & 0x00ff_ffff;
    globals.formats.get(number as usize)
}

/// A cell as its record holds it.
enum Found<'a> {
    Value(DataRef<'a>),
    Number(f64),
    /// A formula without a value.
    Gap,
}

/// What a cell's record holds; `None` where it is empty or no cell.
fn found<'a, R: std::io::Read>(
    id: u16,
    records: &Records<'_, R>,
    globals: &'a Globals,
    source: &SourceFile,
    line: u64,
) -> Result<Option<Found<'a>>, ReadError> {
    let body = &records.body;
    let cut = || damaged(source, format!("a cell of row {line} is cut off"));
    Ok(Some(Found::Value(match id {
        PACKED_NUMBER => return Ok(Some(Found::Number(packed_number(body, 8).ok_or_else(cut)?))),
        NUMBER => return Ok(Some(Found::Number(f64_at(body, 8).ok_or_else(cut)?))),
        FORMULA_NUMBER => {
            let number = f64_at(body, 8).ok_or_else(cut)?;
            // Programs that cannot calculate write a zero and ask the next one to.
            let is_gap = number.to_bits() == 0 && body.get(16).is_some_and(|flags| flags & WORKED_OUT_LATER != 0);
            return Ok(Some(if is_gap { Found::Gap } else { Found::Number(number) }));
        }
        ERROR | FORMULA_ERROR => DataRef::Error(error(*body.get(8).ok_or_else(cut)?)),
        BOOLEAN | FORMULA_BOOLEAN => DataRef::Bool(*body.get(8).ok_or_else(cut)? != 0),
        TEXT | FORMULA_TEXT => DataRef::String(records.text(8).ok_or_else(cut)?.0),
        // One byte of flags stands before the text.
        RICH_TEXT => DataRef::String(records.text(9).ok_or_else(cut)?.0),
        SHARED_TEXT => {
            let index = u32_at(body, 8).ok_or_else(cut)? as usize;
            let missing = || damaged(source, format!("a cell of row {line} names a text that the workbook does not hold"));
            DataRef::SharedString(globals.texts.get(index).ok_or_else(missing)?)
        }
        _ => return Ok(None),
    })))
}
