//! The rows of one OpenDocument sheet, repetitions written out within the limits; what the sheet says about its rows.

use std::io::Read;

use quick_xml::events::{BytesStart, Event};

use super::super::facts::{Area, Budget, Facts};
use super::super::row::{SheetRow, Walk};
use super::super::xml::{Xml, attribute, number};
use super::cell::OpenCell;
use crate::read::source::SourceFile;
use crate::read::{ReadError, ReadSettings};

/// More rows than any program of today writes.
const ROWS_MAX: u32 = 1 << 24;
const COLUMNS_MAX: u32 = 1 << 14;

/// Where a walk through the content stands.
#[derive(Default)]
struct Place {
    /// Tables inside one another, of which the first is ours.
    tables: u32,
    is_ours: bool,
    /// Elements inside one another whose text belongs to no cell: notes, drawings.
    asides: u32,
    /// The row from 0, behind all that were repeated.
    row: u32,
    column: u32,
}

impl Place {
    /// A table begins.
    fn enter_table(&mut self, element: &BytesStart<'_>, sheet: &str) {
        self.tables += 1;
        if self.tables == 1 {
            self.is_ours = attribute(element, "table:name").as_deref() == Some(sheet);
            self.row = 0;
        }
    }

    /// A table ends; true when it was ours.
    fn leave_table(&mut self) -> bool {
        self.tables = self.tables.saturating_sub(1);
        self.tables == 0 && std::mem::take(&mut self.is_ours)
    }

    fn is_inside(&self) -> bool {
        self.is_ours && self.tables == 1 && self.asides == 0
    }
}

fn is_aside(name: &str) -> bool {
    matches!(name, "office:annotation" | "table:shapes" | "draw:frame" | "draw:object" | "draw:custom-shape" | "text:ruby-text")
}

fn is_cell(name: &str) -> bool {
    matches!(name, "table:table-cell" | "table:covered-table-cell")
}

/// How often a row stands there, within what a sheet can have.
fn repeated(element: &BytesStart<'_>) -> u32 {
    number(element, "table:number-rows-repeated").unwrap_or(1)
}

/// What the sheet says about its rows.
pub(super) fn survey(mut xml: Xml<'_, impl Read>, sheet: &str) -> Result<Facts, ReadError> {
    let (mut facts, mut place, mut buffer) = (Facts::default(), Place::default(), Vec::new());
    let mut repeat = 1;
    let mut filtered_range = false;
    loop {
        match xml.next(&mut buffer)? {
            Event::Start(element) => match element.name().as_ref() {
                "table:table" => place.enter_table(&element, sheet),
                name if is_aside(name) => place.asides += 1,
                "table:table-row" if place.is_inside() => {
                    repeat = repeated(&element);
                    place.column = 0;
                    if let Some(hidden @ ("collapse" | "filter")) = attribute(&element, "table:visibility").as_deref() {
                        facts.hide(place.row, place.row.saturating_add(repeat).saturating_sub(1));
                        facts.is_filtered |= hidden == "filter";
                    }
                }
                name if is_cell(name) && place.is_inside() => {
                    let cell = OpenCell::new(&element);
                    facts.merge(Area {
                        first_row: place.row,
                        last_row: place.row.saturating_add(cell.spanned.1).saturating_sub(1),
                        first_column: place.column,
                        last_column: place.column.saturating_add(cell.spanned.0).saturating_sub(1),
                    });
                    place.column = place.column.saturating_add(cell.repeated);
                    if cell.is_filled() {
                        facts.fill(place.row.saturating_add(repeat).saturating_sub(1));
                    }
                }
                "table:database-range" => {
                    let target = attribute(&element, "table:target-range-address").unwrap_or_default();
                    filtered_range = target.starts_with(sheet) || target.starts_with(&format!("'{sheet}'"));
                }
                "table:filter" if filtered_range => facts.is_filtered = true,
                _ => {}
            },
            Event::End(element) => match element.name().as_ref() {
                "table:table" => {
                    let _ = place.leave_table();
                }
                name if is_aside(name) => place.asides = place.asides.saturating_sub(1),
                "table:table-row" if place.is_inside() => place.row = place.row.saturating_add(repeat),
                _ => {}
            },
            Event::Eof => return Ok(facts),
            _ => {}
        }
    }
}

/// Shows the rows of the sheet; false when the visitor had seen enough.
pub(super) fn walk(
    source: &SourceFile,
    settings: &ReadSettings,
    mut xml: Xml<'_, impl Read>,
    sheet: &str,
    walk: &mut Walk<'_>,
) -> Result<bool, ReadError> {
    let (mut place, mut buffer) = (Place::default(), Vec::new());
    let mut budget = Budget::new(settings);
    let mut open: Option<OpenCell> = None;
    let mut cells: Vec<(u32, OpenCell)> = Vec::new();
    let mut repeat = 1;
    loop {
        match xml.next(&mut buffer)? {
            Event::Start(element) => match element.name().as_ref() {
                "table:table" => place.enter_table(&element, sheet),
                name if is_aside(name) => place.asides += 1,
                _ if !place.is_inside() => {}
                "table:table-row" => {
                    repeat = repeated(&element);
                    place.column = 0;
                    cells.clear();
                }
                name if is_cell(name) => open = Some(OpenCell::new(&element)),
                _ => {
                    if let Some(cell) = &mut open {
                        cell.enter(&element);
                    }
                }
            },
            Event::End(element) => match element.name().as_ref() {
                "table:table" if place.leave_table() => return Ok(true),
                "table:table" => {}
                name if is_aside(name) => place.asides = place.asides.saturating_sub(1),
                _ if !place.is_inside() => {}
                name if is_cell(name) => {
                    if let Some(cell) = open.take() {
                        let column = place.column;
                        place.column = column.saturating_add(cell.repeated);
                        if cell.is_filled() && column < COLUMNS_MAX {
                            cells.push((column, cell));
                        }
                    }
                }
                "table:table-row" => {
                    let first = place.row;
                    place.row = first.saturating_add(repeat);
                    if !cells.is_empty() && !put_rows(source, &mut budget, &xml, first, repeat, &cells, walk)? {
                        return Ok(false);
                    }
                }
                name => {
                    if let Some(cell) = &mut open {
                        cell.leave(name);
                    }
                }
            },
            Event::Text(text) if place.is_inside() => {
                if let Some(cell) = &mut open {
                    cell.push_text(&text.xml10_content());
                }
            }
            Event::CData(text) if place.is_inside() => {
                if let Some(cell) = &mut open {
                    cell.push_text(&text.xml10_content());
                }
            }
            Event::GeneralRef(reference) if place.is_inside() => {
                if let Some(cell) = &mut open {
                    cell.push_reference(&reference);
                }
            }
            Event::Eof => return Err(xml.damaged("the part of the sheet is missing")),
            _ => {}
        }
    }
}

/// Writes repeated cells and rows out; false when the visitor has seen enough.
fn put_rows(
    source: &SourceFile,
    budget: &mut Budget,
    xml: &Xml<'_, impl Read>,
    first: u32,
    repeat: u32,
    cells: &[(u32, OpenCell)],
    walk: &mut Walk<'_>,
) -> Result<bool, ReadError> {
    for row in first..first.saturating_add(repeat) {
        if row >= ROWS_MAX {
            return Err(xml.damaged("it has more rows than a sheet can have"));
        }
        let line = u64::from(row) + 1;
        let mut made = SheetRow::default();
        made.start(line);
        for (column, cell) in cells {
            let end = column.saturating_add(cell.repeated).min(COLUMNS_MAX);
            for column in *column..end {
                budget.take(source, cell.bytes())?;
                cell.put(&mut made, column as usize);
            }
        }
        if !walk.take(made)? {
            return Ok(false);
        }
    }
    Ok(true)
}
