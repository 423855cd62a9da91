//! Rows of the sheets behind their headers, read on a thread of their own. Keeps every row, the faulty ones too.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::facts::{Area, Covers};
use super::row::SheetRow;
use super::{Layout, SheetLayout, damaged};
use crate::model::{CellKind, Cells, Code, Fault, Place, Row, Shape, Wording};
use crate::read::blank::{BlankRuns, blank_row};
use crate::read::source::SourceFile;
use crate::read::{ReadError, ScanCount, shorten};

const ROWS_PER_MESSAGE: usize = 256;
const MESSAGES_IN_FLIGHT: usize = 4;

enum Message {
    Rows(Vec<Row>),
    Failed(ReadError),
    /// All rows were sent. Without it a thread that died would look like the end of the sheet.
    End,
}

/// One pass over the rows of the sheets. Unpacking and reading take a core of their own.
pub(in crate::read) struct WorkbookRows {
    source: SourceFile,
    messages: Option<Receiver<Message>>,
    rows: std::vec::IntoIter<Row>,
}

impl WorkbookRows {
    pub(in crate::read) fn new(source: &SourceFile, layout: &Arc<Layout>) -> Result<Self, ReadError> {
        source.open()?;
        let (sender, messages) = sync_channel(MESSAGES_IN_FLIGHT);
        let thread_layout = Arc::clone(layout);
        std::thread::Builder::new()
            .name("read workbook".to_owned())
            .spawn(move || send_rows(&thread_layout, &sender))
            .map_err(|error| source.failed(error))?;
        Ok(Self { source: source.clone(), messages: Some(messages), rows: Vec::new().into_iter() })
    }
}

impl Iterator for WorkbookRows {
    type Item = Result<Row, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(row) = self.rows.next() {
                return Some(Ok(row));
            }
            match self.messages.as_ref()?.recv() {
                Ok(Message::Rows(rows)) => self.rows = rows.into_iter(),
                Ok(Message::End) => self.messages = None,
                Ok(Message::Failed(error)) => {
                    self.messages = None;
                    return Some(Err(error));
                }
                Err(_) => {
                    self.messages = None;
                    return Some(Err(damaged(&self.source, "reading it stopped before its end".to_owned())));
                }
            }
        }
    }
}

/// Collects rows and sends them; breaks when nobody listens any more.
struct Outbox<'a> {
    sender: &'a SyncSender<Message>,
    rows: Vec<Row>,
    ordinal: u64,
}

impl Outbox<'_> {
    fn push(&mut self, make: impl FnOnce(u64) -> Row) -> ControlFlow<()> {
        self.rows.push(make(self.ordinal));
        self.ordinal += 1;
        if self.rows.len() >= ROWS_PER_MESSAGE { self.flush() } else { ControlFlow::Continue(()) }
    }

    fn flush(&mut self) -> ControlFlow<()> {
        let rows = std::mem::replace(&mut self.rows, Vec::with_capacity(ROWS_PER_MESSAGE));
        match self.sender.send(Message::Rows(rows)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }
}

fn send_rows(layout: &Layout, sender: &SyncSender<Message>) {
    let mut outbox = Outbox { sender, rows: Vec::with_capacity(ROWS_PER_MESSAGE), ordinal: 0 };
    let mut sent = Ok(());
    for (number, sheet) in layout.sheets.iter().enumerate() {
        sent = send_sheet(layout, u16::try_from(number).unwrap_or(u16::MAX), sheet, &mut outbox);
        if sent.is_err() {
            break;
        }
    }
    // Whether somebody still listens does not matter any more.
    let _ = outbox.flush();
    let _ = sender.send(match sent {
        Ok(()) => Message::End,
        Err(error) => Message::Failed(error),
    });
}

fn send_sheet(layout: &Layout, number: u16, sheet: &SheetLayout, outbox: &mut Outbox<'_>) -> Result<(), ReadError> {
    let mut blanks = BlankRuns::default();
    let mut before = sheet.header_line;
    let mut covers = sheet.facts.covers();
    layout.book.walk(&sheet.name, &sheet.facts, &mut |row| {
        if note_blanks(row, &mut before, &mut blanks, sheet) {
            return ControlFlow::Continue(());
        }
        while let Some(line) = blanks.pop() {
            outbox.push(|ordinal| blank_row(Place { sheet: number, line, ordinal }))?;
        }
        outbox.push(|ordinal| {
            let mut made = make_row(row, sheet, Place { sheet: number, line: row.line, ordinal }, layout);
            tell_surroundings(&mut made, sheet, &mut covers);
            made
        })
    })
}

/// Tells that a row is hidden, and which of its empty cells lie in a merged area whose value stands elsewhere.
fn tell_surroundings(row: &mut Row, sheet: &SheetLayout, covers: &mut Covers<'_>) {
    let line = row.place.line;
    if sheet.facts.is_hidden(line) {
        row.faults.push(Fault::of_row(Code::RowHidden, Wording::RowIsHidden));
    }
    for Area { first_row, first_column, last_column, .. } in covers.at(line) {
        let first_line = u64::from(*first_row) + 1;
        for column in *first_column..=*last_column {
            let is_first = line == first_line && column == *first_column;
            let own = usize::try_from(column).ok().and_then(|column| sheet.ours.own(column));
            let (Some(index), false) = (own, is_first) else { continue };
            let Ok(column) = u16::try_from(index) else { continue };
            if index >= row.cells.len() {
                break;
            }
            if is_seen(row.cells.text(index), row.cells.kind(index)) {
                continue;
            }
            let message = Wording::CellIsMerged.with([first_line.into()]);
            row.faults.push(Fault::of_cell(Code::CellMerged, column, "", message));
        }
    }
}

/// Notes the rows that the sheet leaves out and this one when it is blank. True when there is nothing else to do with it.
fn note_blanks(row: &SheetRow, before: &mut u64, blanks: &mut BlankRuns, sheet: &SheetLayout) -> bool {
    if row.line <= sheet.header_line {
        return true;
    }
    blanks.push(*before + 1, row.line - *before - 1);
    *before = row.line;
    let is_blank = own_cells(row, sheet).all(|(_, text, kind)| !is_seen(text, kind));
    if is_blank {
        blanks.push(row.line, 1);
    }
    is_blank
}

fn is_seen(text: &str, kind: CellKind) -> bool {
    kind != CellKind::Text || !text.trim().is_empty()
}

/// The stored cells of the user's own columns, by their position among these.
fn own_cells<'a>(row: &'a SheetRow, sheet: &'a SheetLayout) -> impl Iterator<Item = (usize, &'a str, CellKind)> {
    row.cells().filter_map(|(column, text, kind)| Some((sheet.ours.own(column)?, text, kind)))
}

/// Whether a cell behind the header's last column holds something. A sheet has no short rows: a missing cell is an empty one.
fn shape(row: &SheetRow, sheet: &SheetLayout, columns: usize) -> Shape {
    let is_long = own_cells(row, sheet).any(|(column, text, kind)| column >= columns && is_seen(text, kind));
    if is_long { Shape::Long } else { Shape::Whole }
}

fn make_row(row: &SheetRow, sheet: &SheetLayout, place: Place, layout: &Layout) -> Row {
    let shape = shape(row, sheet, layout.columns);
    let mut cells = Cells::with_capacity(layout.columns, row.text_bytes());
    let mut too_long = row.text_bytes() > layout.row_bytes_max;
    for (column, text, kind) in own_cells(row, sheet) {
        if column >= layout.columns && !is_seen(text, kind) {
            continue;
        }
        if column >= layout.cells_max {
            too_long = true;
            break;
        }
        too_long |= text.len() > layout.cell_bytes_max;
        while cells.len() < column {
            cells.push("");
        }
        cells.push_kind(text, kind);
    }
    let width = cells.len();
    for seen in row.shown().filter(|seen| seen.column < width) {
        cells.set_shown(seen.column, seen.text);
    }
    while cells.len() < layout.columns {
        cells.push("");
    }
    let mut faults = Vec::new();
    for seen in row.shown().filter(|seen| seen.column < layout.columns) {
        if let (Some(otherwise), Ok(column)) = (seen.otherwise, u16::try_from(seen.column)) {
            let found = shorten(if seen.text.is_empty() { cells.text(seen.column) } else { seen.text });
            faults.push(Fault::of_cell(Code::CellShownOtherwise, column, &found, otherwise.wording()));
        }
    }
    if shape == Shape::Long {
        let message = Wording::RowBeyondHeader.with([layout.columns.into()]);
        faults.push(Fault::of_row(Code::RowLong, message));
    }
    if too_long {
        faults.push(Fault::of_row(Code::RowTooLong, Wording::RowOverLimit));
    }
    Row { place, cells, shape, faults }
}

/// Shows the chosen cells of every whole row without making rows. See [`crate::read::Table::scan`].
pub(in crate::read) fn scan(
    layout: &Layout,
    columns: &[usize],
    observe: &mut dyn FnMut(Place, usize, &str, CellKind),
) -> Result<ScanCount, ReadError> {
    let mut count = ScanCount::default();
    for (number, sheet) in layout.sheets.iter().enumerate() {
        let number = u16::try_from(number).unwrap_or(u16::MAX);
        let mut blanks = BlankRuns::default();
        let mut before = sheet.header_line;
        layout.book.walk(&sheet.name, &sheet.facts, &mut |row| {
            if note_blanks(row, &mut before, &mut blanks, sheet) {
                return ControlFlow::Continue(());
            }
            let blank = blanks.take_count();
            count.blank += blank;
            count.rows += blank + 1;
            if shape(row, sheet, layout.columns) == Shape::Whole {
                let place = Place { sheet: number, line: row.line, ordinal: count.rows - 1 };
                for (index, &wanted) in columns.iter().enumerate() {
                    let found = own_cells(row, sheet).find(|&(column, _, _)| column == wanted);
                    let (_, text, kind) = found.unwrap_or((wanted, "", CellKind::Text));
                    observe(place, index, text, kind);
                }
            }
            ControlFlow::Continue(())
        })?;
    }
    Ok(count)
}
