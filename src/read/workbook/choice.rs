//! Which sheets are read, and where their headers stand.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::book::{Book, SheetEntry};
use super::facts::Facts;
use super::row::SheetRow;
use super::{SheetLayout, cells_max, header};
use crate::model::is_our_sheet;
use crate::read::header::{Candidate, HEADER_ROWS_MAX};
use crate::read::ours::Ours;
use crate::read::{ALL_SHEETS, ReadError};

/// The sheets that are read, under one header.
pub(super) struct Chosen {
    pub(super) first: SheetLayout,
    pub(super) columns: Vec<Arc<str>>,
    /// Sheets of the same header behind the first.
    pub(super) more: Vec<SheetLayout>,
    /// What a person should know about the others.
    pub(super) notes: Vec<String>,
}

/// Chooses by the settings, or the only sheet that holds something.
pub(super) fn choose(book: &Book, sheets: &[SheetEntry], is_header_word: &dyn Fn(&str) -> bool) -> Result<Chosen, ReadError> {
    let wants_all = book.settings.sheet.as_deref().is_some_and(|wanted| wanted.trim().eq_ignore_ascii_case(ALL_SHEETS));
    if wants_all && !sheets.iter().any(|sheet| sheet.name.trim().eq_ignore_ascii_case(ALL_SHEETS)) {
        return all_of_one_shape(book, sheets, is_header_word);
    }
    let name = one(book, sheets)?;
    let facts = book.survey(&name)?;
    let (found, ours) = find_header(book, &name, &facts, is_header_word)?;
    let columns = header::names(ours.without(&found.cells));
    let first = SheetLayout { name, header_line: found.line, ours, facts };
    Ok(Chosen { first, columns, more: Vec::new(), notes: Vec::new() })
}

/// All visible sheets that have the header which most of them share; of equals, the first one's.
fn all_of_one_shape(book: &Book, sheets: &[SheetEntry], is_header_word: &dyn Fn(&str) -> bool) -> Result<Chosen, ReadError> {
    let mut found: Vec<(SheetLayout, Vec<Arc<str>>)> = Vec::new();
    let mut notes = Vec::new();
    let mut failed = None;
    for sheet in sheets.iter().filter(|sheet| !sheet.hidden && !is_our_sheet(&sheet.name)) {
        let facts = book.survey(&sheet.name)?;
        match find_header(book, &sheet.name, &facts, is_header_word) {
            Ok((candidate, ours)) => {
                let columns = header::names(ours.without(&candidate.cells));
                let (name, header_line) = (sheet.name.clone(), candidate.line);
                found.push((SheetLayout { name, header_line, ours, facts }, columns));
            }
            Err(ReadError::Empty { .. }) => {}
            Err(error @ (ReadError::HeaderNotFound { .. } | ReadError::HeaderRowMissing { .. })) => {
                notes.push(format!("sheet {} is not read: it has no header", sheet.name));
                failed = failed.or(Some(error));
            }
            Err(error) => return Err(error),
        }
    }
    let share = |columns: &Vec<Arc<str>>| found.iter().filter(|(_, other)| other == columns).count();
    let best = found.iter().map(|(_, columns)| columns).rev().max_by_key(|columns| share(columns)).cloned();
    let mut taken = Vec::new();
    for (sheet, columns) in found {
        if best.as_ref() == Some(&columns) {
            taken.push(sheet);
        } else {
            notes.push(format!("sheet {} is not read: its header is another one", sheet.name));
        }
    }
    let file = book.source.name.to_string();
    let mut taken = taken.into_iter();
    match (taken.next(), best, failed) {
        (Some(first), Some(columns), _) => Ok(Chosen { first, columns, more: taken.collect(), notes }),
        (_, _, Some(error)) => Err(error),
        (_, _, None) if sheets.iter().all(|sheet| sheet.hidden) => Err(ReadError::NoVisibleSheet { file, sheets: names(sheets) }),
        (_, _, None) => Err(ReadError::Empty { file }),
    }
}

fn names(sheets: &[SheetEntry]) -> Vec<String> {
    sheets.iter().map(|sheet| sheet.name.clone()).collect()
}

fn one(book: &Book, sheets: &[SheetEntry]) -> Result<String, ReadError> {
    let file = book.source.name.to_string();
    let Some(wanted) = book.settings.sheet.as_deref() else {
        return only_sheet(book, sheets)?.ok_or_else(|| ReadError::NoVisibleSheet { file, sheets: names(sheets) });
    };
    let by_name = sheets.iter().find(|sheet| sheet.name == wanted);
    // Sheets are counted as they were before a report added one.
    let by_number = || {
        let number: usize = wanted.trim().parse().ok()?;
        sheets.iter().filter(|sheet| !is_our_sheet(&sheet.name)).nth(number.checked_sub(1)?)
    };
    // Spreadsheet programs do not tell sheets apart by case.
    let by_folded = || sheets.iter().find(|sheet| sheet.name.trim().to_lowercase() == wanted.trim().to_lowercase());
    let found = by_name.or_else(by_number).or_else(by_folded).map(|sheet| sheet.name.clone());
    found.ok_or_else(|| ReadError::SheetUnknown { file, wanted: wanted.to_owned(), sheets: names(sheets) })
}

/// The one visible sheet that holds something; the first one where none does. Rows of the others would be lost without a word.
fn only_sheet(book: &Book, sheets: &[SheetEntry]) -> Result<Option<String>, ReadError> {
    let visible = sheets.iter().filter(|sheet| !sheet.hidden && !is_our_sheet(&sheet.name));
    let visible: Vec<&str> = visible.map(|sheet| sheet.name.as_str()).collect();
    if visible.len() < 2 {
        return Ok(visible.first().map(|&name| name.to_owned()));
    }
    let mut filled = Vec::new();
    for &sheet in &visible {
        let facts = book.survey(sheet)?;
        let mut is_blank = true;
        book.walk(sheet, &facts, &mut |row| {
            is_blank = row.is_blank();
            if is_blank { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        if !is_blank {
            filled.push(sheet.to_owned());
        }
    }
    if filled.len() > 1 && !book.settings.any_sheet {
        return Err(ReadError::SheetOpen { file: book.source.name.to_string(), sheets: filled });
    }
    Ok(filled.into_iter().next().or_else(|| visible.first().map(|&name| name.to_owned())))
}

/// The header row, with our own columns blanked, and where these stand.
fn find_header(
    book: &Book,
    sheet: &str,
    facts: &Facts,
    is_header_word: &dyn Fn(&str) -> bool,
) -> Result<(Candidate, Ours), ReadError> {
    let file = || format!("{}:{sheet}", book.source.name);
    let (header_row, cells_max) = (book.settings.header_row, cells_max(&book.settings));
    let mut candidates: Vec<Candidate> = Vec::new();
    book.walk(sheet, facts, &mut |row| {
        match header_row {
            Some(line) if row.line < line => return ControlFlow::Continue(()),
            Some(line) if row.line > line => return ControlFlow::Break(()),
            Some(_) | None => {}
        }
        if row.cells().any(|(_, text, _)| !text.trim().is_empty()) {
            candidates.push(Candidate { line: row.line, cells: dense(row, cells_max) });
        }
        let enough = header_row.is_some() || candidates.len() == HEADER_ROWS_MAX;
        if enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    let ours = Ours::take_out(&mut candidates);
    for row in candidates.iter_mut().filter(|_| !ours.is_empty()) {
        let filled = row.cells.iter().rposition(|cell| !cell.trim().is_empty()).map_or(0, |last| last + 1);
        row.cells.truncate(filled);
    }
    let index = match header_row {
        Some(line) if candidates.is_empty() => return Err(ReadError::HeaderRowMissing { file: file(), line }),
        Some(_) => Some(0),
        None if candidates.is_empty() => return Err(ReadError::Empty { file: file() }),
        None => header::find(&candidates, is_header_word),
    };
    match index {
        Some(index) => Ok((candidates.swap_remove(index), ours)),
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
