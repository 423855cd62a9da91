//! The records of one sheet: its cells row by row, and what it says about its rows.

use calamine::{CellErrorType, DataRef};

use super::super::damaged;
use super::super::facts::{Area, Facts};
use super::super::number_format::NumberFormat;
use super::super::row::{SheetRow, Walk};
use super::globals::{self, Globals};
use super::ole::{f64_at, u32_at};
use super::records::{Records, packed_number, short};
use crate::read::ReadError;
use crate::read::source::SourceFile;

const BOF: u16 = 0x0809;
const EOF: u16 = 0x000a;
const FORMULA: u16 = 0x0006;
const ARRAY: u16 = 0x0221;
const FILTER_MODE: u16 = 0x009b;
const MULTIPLE_NUMBERS: u16 = 0x00bd;
const RICH_LABEL: u16 = 0x00d6;
const MERGED_CELLS: u16 = 0x00e5;
const SHARED_LABEL: u16 = 0x00fd;
const NUMBER: u16 = 0x0203;
const LABEL: u16 = 0x0204;
const BOOLEAN_OR_ERROR: u16 = 0x0205;
const FORMULA_TEXT: u16 = 0x0207;
const ROW: u16 = 0x0208;
const SHARED_FORMULA: u16 = 0x04bc;
const TABLE_FORMULA: u16 = 0x0236;
const PACKED_NUMBER: u16 = 0x027e;
const ROW_HIDDEN: u16 = 0x20;

/// Flags of a formula: its value is to be worked out when the workbook is opened.
const WORKED_OUT_LATER: u16 = 3;

/// A cell as its record holds it.
enum Found<'a> {
    Value(DataRef<'a>),
    Number(f64),
    /// A formula whose text stands in a record of its own.
    TextFollows,
    /// A formula without a value.
    Gap,
}

impl Found<'_> {
    fn put(&self, row: &mut SheetRow, column: usize, format: &NumberFormat, is_1904: bool) {
        match self {
            Self::Value(value) => row.push(column, value, format.zero_padding),
            Self::Number(number) => row.push_number(column, *number, format, is_1904),
            Self::TextFollows | Self::Gap => row.push_gap(column),
        }
    }
}

/// What the sheet says about its rows.
pub(in crate::read::workbook) fn survey(source: &SourceFile, sheet: &str) -> Result<Facts, ReadError> {
    let globals = globals::read(source, false)?;
    let mut records = open(source, &globals, sheet)?;
    let mut facts = Facts::default();
    let mut last_row = 0;
    let mut depth = 1_u32;
    while let Some(id) = records.advance()? {
        let body = &records.body;
        match id {
            BOF => depth += 1,
            EOF => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            _ if depth > 1 => {}
            ROW if short(body, 12) & ROW_HIDDEN != 0 => {
                let row = u32::from(short(body, 0));
                facts.hide(row, row);
            }
            FILTER_MODE => facts.is_filtered = true,
            MERGED_CELLS => {
                for area in body.get(2..).unwrap_or(&[]).chunks_exact(8) {
                    facts.merge(Area {
                        first_row: short(area, 0).into(),
                        last_row: short(area, 2).into(),
                        first_column: short(area, 4).into(),
                        last_column: short(area, 6).into(),
                    });
                }
            }
            FORMULA | MULTIPLE_NUMBERS | RICH_LABEL | SHARED_LABEL | NUMBER | LABEL | BOOLEAN_OR_ERROR | PACKED_NUMBER => {
                let row = short(body, 0);
                facts.is_unordered |= row < last_row;
                last_row = row;
                facts.fill(row.into());
            }
            _ => {}
        }
    }
    Ok(facts)
}

/// Shows the rows of the sheet; false when the visitor had seen enough.
pub(in crate::read::workbook) fn walk(
    source: &SourceFile,
    sheet: &str,
    is_unordered: bool,
    walk: &mut Walk<'_>,
) -> Result<bool, ReadError> {
    let globals = globals::read(source, true)?;
    let mut records = open(source, &globals, sheet)?;
    let mut rows = std::collections::BTreeMap::<u64, SheetRow>::new();
    let mut pending: Option<(u64, usize, usize)> = None;
    let mut text = String::new();
    let mut depth = 1_u32;
    let plain = NumberFormat::default();
    let format_of = |style: usize| globals.formats.get(style).unwrap_or(&plain);
    let mut put = |walk: &mut Walk<'_>, line: u64, column: usize, found: &Found<'_>, style: usize| {
        if is_unordered {
            // A sheet has 65,536 rows at most; they are put in order first.
            let row = rows.entry(line).or_default();
            row.line = line;
            found.put(row, column, format_of(style), globals.is_1904);
            return Ok(true);
        }
        Ok(match walk.row(line)? {
            Some(row) => {
                found.put(row, column, format_of(style), globals.is_1904);
                true
            }
            None => false,
        })
    };
    while let Some(id) = records.advance()? {
        let is_waited_for = matches!(id, FORMULA_TEXT | SHARED_FORMULA | ARRAY | TABLE_FORMULA);
        if let Some((line, column, style)) = pending.take_if(|_| !is_waited_for)
            && !put(walk, line, column, &Found::Gap, style)?
        {
            return Ok(false);
        }
        match id {
            BOF => depth += 1,
            EOF => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            // What belongs to a chart on the sheet.
            _ if depth > 1 => {}
            FORMULA_TEXT => {
                if let Some((line, column, style)) = pending.take() {
                    text.clear();
                    records.go(0);
                    records.text(globals.writing, false, &mut text)?;
                    if !put(walk, line, column, &Found::Value(DataRef::SharedString(&text)), style)? {
                        return Ok(false);
                    }
                }
            }
            MULTIPLE_NUMBERS => {
                let body = &records.body;
                let (line, first) = (u64::from(short(body, 0)) + 1, usize::from(short(body, 2)));
                let cells = body.get(4..body.len().saturating_sub(2)).unwrap_or(&[]);
                for (index, cell) in cells.chunks_exact(6).enumerate() {
                    let Some(number) = packed_number(cell, 2) else { continue };
                    if !put(walk, line, first + index, &Found::Number(number), usize::from(short(cell, 0)))? {
                        return Ok(false);
                    }
                }
            }
            FORMULA | RICH_LABEL | SHARED_LABEL | NUMBER | LABEL | BOOLEAN_OR_ERROR | PACKED_NUMBER => {
                let (line, column) = (u64::from(short(&records.body, 0)) + 1, usize::from(short(&records.body, 2)));
                let style = usize::from(short(&records.body, 4));
                text.clear();
                if matches!(id, LABEL | RICH_LABEL) {
                    records.go(6);
                    records.text(globals.writing, false, &mut text)?;
                }
                match cell(source, id, &records.body, &globals, &text, line)? {
                    Some(Found::TextFollows) => pending = Some((line, column, style)),
                    Some(found) if !put(walk, line, column, &found, style)? => return Ok(false),
                    Some(_) | None => {}
                }
            }
            _ => {}
        }
    }
    for (_, row) in rows {
        if !walk.take(row)? {
            return Ok(false);
        }
    }
    if depth > 0 {
        return Err(damaged(source, "the sheet is cut off before its end".to_owned()));
    }
    Ok(true)
}

/// The records of the sheet behind its first one.
fn open<'a>(source: &'a SourceFile, globals: &Globals, sheet: &str) -> Result<Records<'a>, ReadError> {
    let missing = || damaged(source, "the place of the sheet is not in the file".to_owned());
    let place = globals.sheets.iter().find(|(entry, _)| entry.name == sheet).ok_or_else(missing)?.1;
    let mut records = Records::new(source, globals::stream(source)?, place);
    if records.advance()? == Some(BOF) { Ok(records) } else { Err(missing()) }
}

fn cell<'a>(
    source: &SourceFile,
    id: u16,
    body: &[u8],
    globals: &'a Globals,
    label: &'a str,
    line: u64,
) -> Result<Option<Found<'a>>, ReadError> {
    let cut = || damaged(source, format!("a cell of row {line} is cut off"));
    let value = match id {
        NUMBER => return Ok(Some(Found::Number(f64_at(body, 6).ok_or_else(cut)?))),
        PACKED_NUMBER => return Ok(Some(Found::Number(packed_number(body, 6).ok_or_else(cut)?))),
        LABEL | RICH_LABEL => DataRef::SharedString(label),
        SHARED_LABEL => {
            let index = u32_at(body, 6).ok_or_else(cut)?;
            let missing = || damaged(source, format!("a cell of row {line} names a text that the workbook does not hold"));
            DataRef::SharedString(globals.texts.get(index).ok_or_else(missing)?)
        }
        BOOLEAN_OR_ERROR => match (body.get(6), body.get(7)) {
            (Some(&value), Some(0)) => DataRef::Bool(value != 0),
            (Some(&value), Some(_)) => DataRef::Error(error(value)),
            _ => return Err(cut()),
        },
        FORMULA => {
            if short(body, 12) != 0xffff {
                let number = f64_at(body, 6).ok_or_else(cut)?;
                // Programs that cannot calculate write a zero and ask the next one to.
                let is_gap = number.to_bits() == 0 && short(body, 14) & WORKED_OUT_LATER != 0;
                return Ok(Some(if is_gap { Found::Gap } else { Found::Number(number) }));
            }
            match (body.get(6), body.get(8)) {
                (Some(0), _) => return Ok(Some(Found::TextFollows)),
                (Some(1), Some(&value)) => DataRef::Bool(value != 0),
                (Some(2), Some(&value)) => DataRef::Error(error(value)),
                // The empty text.
                _ => return Ok(None),
            }
        }
        _ => return Ok(None),
    };
    Ok(Some(Found::Value(value)))
}

/// The error that a code stands for; every unknown one is some error.
pub(in crate::read::workbook) fn error(code: u8) -> CellErrorType {
    match code {
        0x00 => CellErrorType::Null,
        0x07 => CellErrorType::Div0,
        0x17 => CellErrorType::Ref,
        0x1d => CellErrorType::Name,
        0x24 => CellErrorType::Num,
        0x2a => CellErrorType::NA,
        0x2b => CellErrorType::GettingData,
        _ => CellErrorType::Value,
    }
}
