//! The XML of one XLSX sheet: its cells row by row, and what it says about its rows.

use std::io::Read;

use memchr::memmem;

use super::Globals;
use super::cell::{Misfit, OpenCell, PlainCell, ROWS_MAX, put};
use super::markup::{Markup, Piece, Tag};
use crate::read::ReadError;
use crate::read::workbook::facts::{Area, Facts};
use crate::read::workbook::row::Walk;

/// Shows the rows of the sheet; false when the visitor had seen enough.
pub(super) fn walk(markup: &mut Markup<'_, impl Read>, globals: &Globals, walk: &mut Walk<'_>) -> Result<bool, ReadError> {
    if !find_cells(markup)? {
        return Err(markup.damaged("the sheet is a chart or a macro, not a table"));
    }
    let mut before = 0_u32;
    let mut value = String::new();
    loop {
        match markup.next()? {
            Piece::Open(tag) if tag.name == b"row" => {
                let row = match row_number(tag, before) {
                    Some(row) => row,
                    None => return Err(markup.damaged("a row has a number that no sheet has")),
                };
                before = row;
                if !walk_row(markup, row - 1, globals, &mut value, walk)? {
                    return Ok(false);
                }
            }
            Piece::Open(_) => return Err(markup.damaged("among its rows stands an element that is no row")),
            Piece::Close(b"sheetData") => return Ok(true),
            Piece::Close(_) => return Err(markup.broken()),
            Piece::Text(_) | Piece::Verbatim(_) => {}
            Piece::End => return Err(markup.cut()),
        }
    }
}

/// Goes to the first row; false when the part holds no table.
fn find_cells(markup: &mut Markup<'_, impl Read>) -> Result<bool, ReadError> {
    let mut is_worksheet = false;
    loop {
        match markup.next()? {
            Piece::Open(tag) if !is_worksheet => {
                if tag.name != b"worksheet" {
                    return Ok(false);
                }
                is_worksheet = true;
            }
            Piece::Open(tag) if tag.name == b"sheetData" => return Ok(true),
            Piece::Open(_) => markup.skip()?,
            Piece::Close(_) | Piece::Text(_) | Piece::Verbatim(_) => {}
            Piece::End => return Ok(false),
        }
    }
}

/// The number of a row, from 1.
fn row_number(tag: Tag<'_>, before: u32) -> Option<u32> {
    let number = match tag.value("r") {
        Some(number) => number.trim().parse().ok()?,
        None => before + 1,
    };
    (1..=ROWS_MAX).contains(&number).then_some(number)
}

fn walk_row(
    markup: &mut Markup<'_, impl Read>,
    row: u32,
    globals: &Globals,
    value: &mut String,
    walk: &mut Walk<'_>,
) -> Result<bool, ReadError> {
    let line_of = |row: u32| u64::from(row) + 1;
    let mut place = (row, 0);
    loop {
        while let Some(cell) = plain_cell(markup) {
            let bytes = cell.bytes;
            place = cell.place;
            if let Some((kind, stored)) = cell.value {
                let Some(row) = walk.row(line_of(place.0))? else { return Ok(false) };
                put(row, place.1, kind, cell.style, stored, globals).map_err(|misfit| failed(markup, misfit, place.0))?;
            }
            place.1 += 1;
            markup.consume(bytes);
        }
        match markup.next()? {
            Piece::Open(tag) if tag.name == b"c" => {
                let mut cell = match OpenCell::new(tag) {
                    Ok(cell) => cell,
                    Err(misfit) => return Err(failed(markup, misfit, place.0)),
                };
                place = cell.place.unwrap_or(place);
                cell.read(markup, value)?;
                let Some(row) = walk.row(line_of(place.0))? else { return Ok(false) };
                cell.put(row, place.1, value, globals).map_err(|misfit| failed(markup, misfit, place.0))?;
                place.1 += 1;
            }
            Piece::Open(tag) if tag.name == b"extLst" => markup.skip()?,
            Piece::Open(_) => return Err(markup.damaged("in a row stands an element that is no cell")),
            Piece::Close(b"row") => return Ok(true),
            Piece::Close(_) => return Err(markup.broken()),
            Piece::Text(_) | Piece::Verbatim(_) => {}
            Piece::End => return Err(markup.cut()),
        }
    }
}

#[inline]
fn plain_cell<'m>(markup: &'m Markup<'_, impl Read>) -> Option<PlainCell<'m>> {
    if markup.is_between() { None } else { PlainCell::at(markup.window()) }
}

fn failed(markup: &Markup<'_, impl Read>, Misfit(why): Misfit, row: u32) -> ReadError {
    markup.damaged(&format!("a cell of row {} {why}", row + 1))
}

/// What the sheet says about its rows. Whether it is sound is told by whoever reads its cells.
pub(super) fn survey(markup: &mut Markup<'_, impl Read>) -> Result<Facts, ReadError> {
    let mut facts = Facts::default();
    let mut row = 0;
    // How many elements are open between the cells of the row.
    let mut depth_of_row = None;
    loop {
        if depth_of_row == Some(markup.depth())
            && !markup.is_between()
            && let Some(bytes) = filled_row(markup.window())
        {
            facts.fill(row - 1);
            markup.consume(bytes);
        }
        match markup.next()? {
            Piece::Open(tag) => {
                let is_row = tag.name == b"row";
                if is_row {
                    row = row_number(tag, row).unwrap_or(row).max(1);
                }
                note(tag, row, &mut facts);
                if is_row {
                    depth_of_row = Some(markup.depth());
                }
            }
            Piece::Close(b"row") => depth_of_row = None,
            Piece::Close(_) | Piece::Text(_) | Piece::Verbatim(_) => {}
            Piece::End => return Ok(facts),
        }
    }
}

/// Bytes up to the end of a row that stores a value, where nothing in it can look like that end.
fn filled_row(window: &[u8]) -> Option<usize> {
    let end = memmem::find(window, b"</row>")?;
    let inside = window.get(..end)?;
    let is_filled = memmem::find(inside, b"<v>").is_some();
    (is_filled && memmem::find(inside, b"<!").is_none() && memmem::find(inside, b"<?").is_none()).then_some(end)
}

/// Notes what a tag says. `row` is the number of the last row, from 1.
fn note(tag: Tag<'_>, row: u32, facts: &mut Facts) {
    match tag.name {
        b"row" if tag.value("hidden").is_some_and(is_true) => facts.hide(row - 1, row - 1),
        b"v" | b"is" | b"f" => facts.fill(row.saturating_sub(1)),
        b"mergeCell" => {
            if let Some(area) = tag.value("ref").and_then(area) {
                facts.merge(area);
            }
        }
        b"filterColumn" => facts.is_filtered = true,
        b"sheetPr" if tag.value("filterMode").is_some_and(is_true) => facts.is_filtered = true,
        _ => {}
    }
}

fn is_true(value: &str) -> bool {
    matches!(value, "1" | "true")
}

/// `B2:C9` as an area.
fn area(reference: &str) -> Option<Area> {
    let plain = reference.replace('$', "");
    let (first, last) = plain.split_once(':')?;
    let ((first_row, first_column), (last_row, last_column)) =
        (super::cell::whole_place(first)?, super::cell::whole_place(last)?);
    Some(Area { first_row, last_row, first_column, last_column })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_are_read() {
        let expected = Area { first_row: 1, last_row: 8, first_column: 1, last_column: 27 };
        assert_eq!(area("B2:AB9"), Some(expected));
        assert_eq!(area("$B$2:$AB$9"), Some(expected));
        assert_eq!((area("B2"), area("B0:C1"), area("ЯЖ1:C1"), area("ZZZZZZZZZZ1:A2")), (None, None, None, None));
    }

    #[test]
    fn a_row_is_passed_over_only_where_its_end_is_its_end() {
        assert_eq!(filled_row(b"<c><v>1</v></c></row><row>"), Some(15));
        for row in ["<c/></row>", "<c><v>1</v></c>", "<c><v>1</v></c><!-- </row> --></row>", "<c><v>1</v><?</row>?></c></row>"] {
            assert_eq!(filled_row(row.as_bytes()), None, "{row}");
        }
    }
}
