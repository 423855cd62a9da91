//! Workbooks of Office Open XML (XLSX, XLSM): one sheet becomes rows. Knows nothing about delimited text.

pub(super) mod archive;
mod cell;
mod rows;
mod sheet;

use std::ops::ControlFlow;

use calamine::{Reader, SheetType, SheetVisible};

use super::header::{self, Candidate, HEADER_ROWS_MAX};
use super::source::SourceFile;
use super::{Confidence, Description, Format, Header, ReadError, ReadSettings, TextFindings};
use sheet::{FormulaGaps, SheetRow};

pub(super) use rows::{WorkbookRows, scan};

/// How to read the sheet again.
#[derive(Debug)]
pub(super) struct Layout {
    sheet: String,
    header_line: u64,
    columns: usize,
    cell_bytes_max: usize,
    row_bytes_max: usize,
    cells_max: usize,
    gaps: FormulaGaps,
}

/// Finds sheet and header.
pub(super) fn open(
    source: &SourceFile,
    settings: &ReadSettings,
    is_header_word: &dyn Fn(&str) -> bool,
) -> Result<(Layout, Header, Description), ReadError> {
    archive::check_limits(&mut source.open()?, source, settings)?;
    let workbook = sheet::open_workbook(source)?;
    let tables = workbook.sheets_metadata().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
    let (mut sheets, mut hidden_sheets, mut visible) = (Vec::new(), Vec::new(), Vec::new());
    for table in tables {
        sheets.push(table.name.clone());
        match table.visible {
            SheetVisible::Visible => visible.push(table.name.clone()),
            SheetVisible::Hidden | SheetVisible::VeryHidden => hidden_sheets.push(table.name.clone()),
        }
    }
    drop(workbook);
    let name = choose_sheet(source, settings, &sheets, visible)?;
    let cells_max = settings.cells_max.clamp(1, usize::from(u16::MAX));
    let found = find_header(source, settings, &name, cells_max, is_header_word)?;
    let columns = header::names(found.cells.iter().map(String::as_str));
    let layout = Layout {
        sheet: name.clone(),
        header_line: found.line,
        columns: columns.len(),
        cell_bytes_max: settings.cell_bytes_max,
        row_bytes_max: settings.row_bytes_max,
        cells_max,
        gaps: FormulaGaps::default(),
    };
    let description = Description {
        format: Format::Xlsx,
        encoding: None,
        encoding_confidence: Confidence::Certain,
        byte_order_mark: false,
        delimiter: None,
        quote: None,
        header_line: found.line,
        preamble_lines: found.line.saturating_sub(1),
        sheet: Some(name),
        sheets,
        hidden_sheets,
        text: TextFindings::default(),
    };
    Ok((layout, Header { line: found.line, columns }, description))
}

fn choose_sheet(
    source: &SourceFile,
    settings: &ReadSettings,
    sheets: &[String],
    visible: Vec<String>,
) -> Result<String, ReadError> {
    let file = source.name.to_string();
    let Some(wanted) = settings.sheet.as_deref() else {
        return only_sheet(source, settings, visible)?.ok_or_else(|| ReadError::NoVisibleSheet { file, sheets: sheets.to_vec() });
    };
    let by_name = sheets.iter().find(|name| name.as_str() == wanted);
    let by_number = || wanted.parse::<usize>().ok().and_then(|number| sheets.get(number.checked_sub(1)?));
    // Spreadsheet programs do not tell sheets apart by case.
    let by_folded = || sheets.iter().find(|name| name.trim().to_lowercase() == wanted.trim().to_lowercase());
    by_name.or_else(by_number).or_else(by_folded).cloned().ok_or_else(|| ReadError::SheetUnknown {
        file,
        wanted: wanted.to_owned(),
        sheets: sheets.to_vec(),
    })
}

/// The one visible sheet that holds something; the first one where none does. Rows of the others would be lost without a word.
fn only_sheet(source: &SourceFile, settings: &ReadSettings, visible: Vec<String>) -> Result<Option<String>, ReadError> {
    if visible.len() < 2 {
        return Ok(visible.into_iter().next());
    }
    let mut filled = Vec::new();
    for sheet in &visible {
        let mut is_blank = true;
        sheet::walk(source, sheet, None, &mut |row| {
            is_blank = row.is_blank();
            if is_blank { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        if !is_blank {
            filled.push(sheet.clone());
        }
    }
    if filled.len() > 1 && !settings.any_sheet {
        return Err(ReadError::SheetOpen { file: source.name.to_string(), sheets: filled });
    }
    Ok(filled.into_iter().chain(visible).next())
}

fn find_header(
    source: &SourceFile,
    settings: &ReadSettings,
    sheet: &str,
    cells_max: usize,
    is_header_word: &dyn Fn(&str) -> bool,
) -> Result<Candidate, ReadError> {
    let file = || format!("{}:{sheet}", source.name);
    let mut candidates: Vec<Candidate> = Vec::new();
    sheet::walk(source, sheet, None, &mut |row| {
        match settings.header_row {
            Some(line) if row.line < line => return ControlFlow::Continue(()),
            Some(line) if row.line > line => return ControlFlow::Break(()),
            Some(_) | None => {}
        }
        if !row.is_blank() {
            candidates.push(Candidate { line: row.line, cells: dense(row, cells_max) });
        }
        let enough = settings.header_row.is_some() || candidates.len() == HEADER_ROWS_MAX;
        if enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    let index = match settings.header_row {
        Some(line) if candidates.is_empty() => return Err(ReadError::HeaderRowMissing { file: file(), line }),
        Some(_) => Some(0),
        None if candidates.is_empty() => return Err(ReadError::Empty { file: file() }),
        None => header::find(&candidates, is_header_word),
    };
    match index {
        Some(index) => Ok(candidates.swap_remove(index)),
        None => Err(ReadError::HeaderNotFound { file: file(), looked_at: candidates.len() }),
    }
}

/// The row's texts by column, up to the last one that can be seen.
fn dense(row: &SheetRow, cells_max: usize) -> Vec<String> {
    let mut cells = Vec::new();
    for (column, text, _) in row.cells() {
        if column < cells_max && !text.trim().is_empty() {
            cells.resize(column + 1, String::new());
            cells[column] = text.to_owned();
        }
    }
    cells
}
