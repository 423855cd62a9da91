//! Records behind the header become rows with place, shape and faults. Keeps every row, the faulty ones too.

use std::sync::Arc;

use super::Layout;
use super::double;
use super::nature::{self, Nature, is_empty};
use super::records::{Flaws, Records};
use super::width::{Overhangs, Width};
use crate::model::{CellKind, Cells, Code, Fault, Place, Row, Shape, Wording};
use crate::read::blank::{BlankRuns, blank_row};
use crate::read::ours::Ours;
use crate::read::source::{Pass, SourceFile};
use crate::read::{ReadError, ScanCount, shorten};

/// Records behind the header of which the overhang is told.
const OVERHANG_RECORDS_MAX: usize = 200;

/// One pass over the rows of a delimited file.
pub(in crate::read) struct DelimitedRows {
    source: SourceFile,
    records: Records<Pass>,
    width: Width,
    header_rows: Arc<[Vec<String>]>,
    ours: Ours,
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
            header_rows: Arc::clone(&layout.header_rows),
            ours: layout.ours.clone(),
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
            match nature::of(&self.records, self.width.columns, &self.header_rows) {
                Nature::Blank => self.blanks.push(self.records.line, 1),
                nature @ (Nature::Client | Nature::Comment | Nature::RepeatedHeader | Nature::Total) => {
                    self.held = Some(row(&self.records, self.width, &self.ours, nature));
                }
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
    observe: &mut dyn FnMut(Place, usize, &str, CellKind),
) -> Result<ScanCount, ReadError> {
    let mut records = behind_header(source, layout)?;
    let mut blanks = BlankRuns::default();
    let mut count = ScanCount::default();
    while records.advance().map_err(|error| source.failed(error))? {
        let nature = nature::of(&records, layout.width.columns, &layout.header_rows);
        if nature == Nature::Blank {
            blanks.push(records.line, 1);
            continue;
        }
        let blank = blanks.take_count();
        count.blank += blank;
        count.rows += blank + 1;
        if nature != Nature::Client || is_damaged(records.flaws) || shape(&records, layout.width) != Shape::Whole {
            continue;
        }
        let place = Place { sheet: 0, line: records.line, ordinal: count.rows - 1 };
        for (index, &column) in columns.iter().enumerate() {
            observe(place, index, &records.cell(layout.ours.position(column)), CellKind::Text);
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
        let nature = nature::of(&records, layout.width.columns, &layout.header_rows);
        if !is_damaged(records.flaws) && nature == Nature::Client {
            overhangs.note(layout.width.columns, records.len(), |index| is_empty(&records, index));
        }
    }
    Ok(overhangs.most_frequent())
}

fn behind_header(source: &SourceFile, layout: &Layout) -> Result<Records<Pass>, ReadError> {
    let mut records = layout.records(source)?;
    while records.line < layout.header_line && records.advance().map_err(|error| source.failed(error))? {}
    records.columns = layout.width.columns;
    records.unread = layout.ours.positions().to_vec();
    Ok(records)
}

/// Whether the record's text cannot be relied on. A double encoding spoils letters only, and is judged cell by cell.
fn is_damaged(flaws: Flaws) -> bool {
    Flaws { twice: false, ..flaws } != Flaws::default()
}

fn shape(records: &Records<Pass>, width: Width) -> Shape {
    width.shape(records.len(), |index| is_empty(records, index))
}

fn row(records: &Records<Pass>, width: Width, ours: &Ours, nature: Nature) -> Row {
    let shape = shape(records, width);
    // What hangs over the header in a whole row is layout.
    let kept = if shape == Shape::Whole { width.columns } else { records.len() };
    let mut cells = Cells::with_capacity(kept, records.text_bytes());
    for index in (0..kept).filter(|&index| !ours.holds(index)) {
        cells.push(&records.cell(index));
    }
    // From here on cells are counted without ours.
    let own = |cell: Option<usize>| cell.map(|cell| ours.own_or_next(cell));
    let flaws =
        Flaws { unclosed_quote: own(records.flaws.unclosed_quote), stray_quote: own(records.flaws.stray_quote), ..records.flaws };
    let mut faults = Vec::new();
    if nature == Nature::Client {
        note_shape(&mut faults, flaws, shape, width.columns - ours.len(), &cells);
    } else {
        faults.extend(nature.fault().map(|(code, message)| Fault::of_row(code, message)));
    }
    note_text(&mut faults, flaws, &cells);
    Row { place: Place { sheet: 0, line: records.line, ordinal: 0 }, cells, shape, faults }
}

fn of_cell(cells: &Cells, code: Code, cell: usize, message: Wording) -> Fault {
    // `Reach::cells_max` keeps cell numbers within u16.
    Fault::of_cell(code, u16::try_from(cell).unwrap_or(u16::MAX), &shorten(cells.text(cell)), message)
}

/// Faults of where cells begin and end.
fn note_shape(faults: &mut Vec<Fault>, flaws: Flaws, shape: Shape, columns: usize, cells: &Cells) {
    if let Some(cell) = flaws.unclosed_quote {
        let message = Wording::QuoteUnclosed;
        faults.push(of_cell(cells, Code::RowUnclosedQuote, cell, message));
    } else if shape == Shape::Short {
        faults.push(Fault::of_row(Code::RowShort, Wording::RowOtherWidth.with([cells.len().into(), columns.into()])));
    } else if shape == Shape::Long {
        faults.push(Fault::of_row(Code::RowLong, Wording::RowOtherWidth.with([cells.len().into(), columns.into()])));
    }
}

/// Faults of the text in the cells.
fn note_text(faults: &mut Vec<Fault>, flaws: Flaws, cells: &Cells) {
    if let Some(cell) = flaws.stray_quote {
        let message = Wording::QuoteStray;
        faults.push(of_cell(cells, Code::RowStrayQuote, cell, message));
    }
    if flaws.too_long {
        faults.push(Fault::of_row(Code::RowTooLong, Wording::RowOverLimit));
    }
    let mut twice = Vec::new();
    if flaws.twice {
        for cell in 0..cells.len() {
            if let Some((sound, mishap)) = double::undone(cells.text(cell)) {
                twice.push(cell);
                let found = format!("{} ⇒ {}", shorten(cells.text(cell)), shorten(&sound));
                let message = mishap.message();
                faults.push(Fault::of_cell(Code::EncodingDouble, u16::try_from(cell).unwrap_or(u16::MAX), &found, message));
            }
        }
    }
    if flaws.bad_bytes {
        note_bad(faults, cells, &twice);
    }
}

/// Faults of what no text has. Text in a double encoding has control characters by nature.
fn note_bad(faults: &mut Vec<Fault>, cells: &Cells, twice: &[usize]) {
    let misfits = |ch: char| matches!(ch, char::REPLACEMENT_CHARACTER | '\u{80}'..='\u{9f}');
    let before = faults.len();
    for cell in 0..cells.len() {
        if cells.text(cell).contains('\0') {
            faults.push(of_cell(cells, Code::RowNul, cell, Wording::NulBytes));
        }
        if cells.text(cell).contains(misfits) && !twice.contains(&cell) {
            let message = Wording::BytesOfValue;
            faults.push(of_cell(cells, Code::EncodingBadBytes, cell, message));
        }
    }
    if faults.len() == before && twice.is_empty() {
        faults.push(Fault::of_row(Code::EncodingBadBytes, Wording::BytesOfRow));
    }
}
