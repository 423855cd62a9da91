//! Records behind the header become rows with place, shape and faults. Keeps every row, the faulty ones too.

use super::Layout;
use super::records::{Flaws, Records};
use super::width::{Overhangs, Width};
use crate::model::{CellKind, Cells, Code, Fault, Place, Row, Shape};
use crate::read::blank::{BlankRuns, blank_row};
use crate::read::source::{Pass, SourceFile};
use crate::read::{ReadError, ScanCount, shorten};

/// Records behind the header of which the overhang is told.
const OVERHANG_RECORDS_MAX: usize = 200;

/// One pass over the rows of a delimited file.
pub(in crate::read) struct DelimitedRows {
    source: SourceFile,
    records: Records<Pass>,
    width: Width,
    blanks: BlankRuns,
    /// The row that stands behind the blank ones.
    held: Option<Row>,
    ordinal: u64,
    done: bool,
}

impl DelimitedRows {
    pub(in crate::read) fn new(source: &SourceFile, layout: &Layout) -> Result<Self, ReadError> {
        Ok(Self {
            source: source.clone(),
            records: behind_header(source, layout)?,
            width: layout.width,
            blanks: BlankRuns::default(),
            held: None,
            ordinal: 0,
            done: false,
        })
    }

    fn next_row(&mut self) -> Result<Option<Row>, ReadError> {
        loop {
            if self.held.is_some() {
                if let Some(line) = self.blanks.pop() {
                    return Ok(Some(blank_row(self.place(line))));
                }
                let row = self.held.take().map(|row| Row { place: self.place(row.place.line), ..row });
                return Ok(row);
            }
            if !self.records.advance().map_err(|error| self.source.failed(error))? {
                self.source.check(self.records.text().file())?;
                return Ok(None);
            }
            if is_blank(&self.records) {
                self.blanks.push(self.records.line, 1);
            } else {
                self.held = Some(row(&self.records, self.width));
            }
        }
    }

    fn place(&mut self, line: u64) -> Place {
        let place = Place { sheet: 0, line, ordinal: self.ordinal };
        self.ordinal += 1;
        place
    }
}

impl Iterator for DelimitedRows {
    type Item = Result<Row, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let row = self.next_row().transpose();
        self.done = !matches!(row, Some(Ok(_)));
        row
    }
}

/// Shows the chosen cells of every whole row without making rows. See [`crate::read::Table::scan`].
pub(in crate::read) fn scan(
    source: &SourceFile,
    layout: &Layout,
    columns: &[usize],
    observe: &mut dyn FnMut(usize, &str, CellKind),
) -> Result<ScanCount, ReadError> {
    let mut records = behind_header(source, layout)?;
    let mut blanks = BlankRuns::default();
    let mut count = ScanCount::default();
    while records.advance().map_err(|error| source.failed(error))? {
        if is_blank(&records) {
            blanks.push(records.line, 1);
            continue;
        }
        let blank = blanks.take_count();
        count.blank += blank;
        count.rows += blank + 1;
        if records.flaws != Flaws::default() || shape(&records, layout.width) != Shape::Whole {
            continue;
        }
        for (index, &column) in columns.iter().enumerate() {
            observe(index, &records.cell(column), CellKind::Text);
        }
    }
    source.check(records.text().file())?;
    Ok(count)
}

/// Empty cells that the rows of this file have behind the header's last one as a rule, told from the first of them.
pub(super) fn overhang(source: &SourceFile, layout: &Layout) -> Result<usize, ReadError> {
    let mut records = behind_header(source, layout)?;
    let mut overhangs = Overhangs::default();
    let mut looked_at = 0;
    while looked_at < OVERHANG_RECORDS_MAX && records.advance().map_err(|error| source.failed(error))? {
        looked_at += 1;
        if records.flaws == Flaws::default() && !is_blank(&records) {
            overhangs.note(layout.width.columns, records.len(), |index| is_empty(&records, index));
        }
    }
    Ok(overhangs.most_frequent())
}

fn behind_header(source: &SourceFile, layout: &Layout) -> Result<Records<Pass>, ReadError> {
    let mut records = layout.records(source)?;
    while records.line < layout.header_line && records.advance().map_err(|error| source.failed(error))? {}
    records.columns = layout.width.columns;
    Ok(records)
}

fn is_blank(records: &Records<Pass>) -> bool {
    (0..records.len()).all(|index| is_empty(records, index))
}

#[inline]
fn is_empty(records: &Records<Pass>, index: usize) -> bool {
    let cell = records.cell(index);
    cell.is_empty() || cell.trim().is_empty()
}

fn shape(records: &Records<Pass>, width: Width) -> Shape {
    width.shape(records.len(), |index| is_empty(records, index))
}

fn row(records: &Records<Pass>, width: Width) -> Row {
    let shape = shape(records, width);
    // What hangs over the header in a whole row is layout.
    let kept = if shape == Shape::Whole { width.columns } else { records.len() };
    let mut cells = Cells::with_capacity(kept, records.text_bytes());
    for index in 0..kept {
        cells.push(&records.cell(index));
    }
    let faults = faults(records, shape, width.columns, &cells);
    Row { place: Place { sheet: 0, line: records.line, ordinal: 0 }, cells, shape, faults }
}

fn faults(records: &Records<Pass>, shape: Shape, columns: usize, cells: &Cells) -> Vec<Fault> {
    let flaws = records.flaws;
    let mut faults = Vec::new();
    let of_cell = |code, cell: usize, message: &str| {
        // `Reach::cells_max` keeps cell numbers within u16.
        Fault::of_cell(code, u16::try_from(cell).unwrap_or(u16::MAX), &shorten(cells.text(cell)), message)
    };
    if let Some(cell) = flaws.unclosed_quote {
        faults.push(of_cell(
            Code::RowUnclosedQuote,
            cell,
            "the quote before this value is not closed; the next line was read as a row of its own",
        ));
    } else if shape == Shape::Short {
        faults.push(Fault::of_row(Code::RowShort, format!("the row has {} cells, the header {columns}", cells.len())));
    } else if shape == Shape::Long {
        faults.push(Fault::of_row(Code::RowLong, format!("the row has {} cells, the header {columns}", cells.len())));
    }
    if let Some(cell) = flaws.stray_quote {
        faults.push(of_cell(
            Code::RowStrayQuote,
            cell,
            "a quote inside this quoted value is not doubled, so it is not certain where the value ends",
        ));
    }
    if flaws.too_long {
        faults.push(Fault::of_row(Code::RowTooLong, "the row, one of its cells or their number passes the limit"));
    }
    if flaws.bad_bytes {
        let bad = (0..cells.len()).filter(|&cell| cells.text(cell).contains(char::REPLACEMENT_CHARACTER));
        faults.extend(
            bad.map(|cell| of_cell(Code::EncodingBadBytes, cell, "some bytes of this value do not fit the encoding of the file")),
        );
        if faults.iter().all(|fault| fault.code != Code::EncodingBadBytes) {
            faults.push(Fault::of_row(Code::EncodingBadBytes, "some bytes of this row do not fit the encoding of the file"));
        }
    }
    faults
}
