//! One row as lines of the four CSV files. Decides no outcome and opens no file.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;

use super::cells::{cell, in_quotes, number, raw_cell, time};
use super::complaint::Complaint;
use crate::model::text::{MEND_MARK, arm};
use crate::model::{Code, IdempotencyKey, Outcome, Place, Prepared, Settled, Shape, Source};

/// Header line of `faults.csv`.
pub(super) const FAULTS: &str = "sheet,line,row_id,severity,code,field,column,found,message,next_step";
/// Header line of `crosswalk.csv`.
pub(super) const CROSSWALK: &str = "row_id,old_id,new_id,operation,created_at";

/// Between the complaints of one row.
const BETWEEN: &str = "; ";

/// What every line needs to know of the source and the run, prepared once.
#[derive(Debug)]
pub(super) struct Lines {
    /// Sheet names as cells.
    sheets: Vec<Vec<u8>>,
    /// Beginnings of row ids where the row has no id of its own: `L`, or `Лист1!L` where there are several sheets.
    id_starts: Vec<String>,
    /// Column names as text.
    columns: Vec<String>,
    /// Names of columns that were joined to the source's own.
    joined_columns: Vec<String>,
    /// Operation names as cells, by index.
    operations: Vec<Vec<u8>>,
    /// The id of the row at hand, as it is and as a cell.
    row_id: String,
    row_id_cell: Vec<u8>,
}

impl Lines {
    pub(super) fn new(source: &Source, operations: &[String]) -> Self {
        let several = source.sheets.len() > 1;
        Self {
            sheets: source.sheets.iter().map(|name| as_cell(name)).collect(),
            id_starts: source.sheets.iter().map(|name| if several { format!("{name}!L") } else { "L".to_owned() }).collect(),
            columns: source.columns.iter().map(|name| name.to_string()).collect(),
            joined_columns: Vec::new(),
            operations: operations.iter().map(|name| as_cell(name)).collect(),
            row_id: String::new(),
            row_id_cell: Vec::new(),
        }
    }

    /// Knows further columns at the right of the source's own, which `rejected.csv` does not get.
    pub(super) fn join(&mut self, columns: &[Arc<str>]) {
        self.joined_columns = columns.iter().map(ToString::to_string).collect();
    }

    /// Turns to the next row: its id is the user's own where there is one, else [`Source::row_id`].
    pub(super) fn turn_to(&mut self, prepared: &Prepared) {
        self.row_id.clear();
        match own_id(prepared) {
            Some(own) => self.row_id.push_str(own),
            None => {
                let place = prepared.row.place;
                self.row_id.push_str(self.id_starts.get(usize::from(place.sheet)).map_or("L", String::as_str));
                // Writing to a string does not fail.
                let _ = write!(self.row_id, "{}", place.line);
            }
        }
        self.row_id_cell.clear();
        cell(&mut self.row_id_cell, &self.row_id);
    }

    /// The id of the row that was turned to, as it is.
    pub(super) fn row_id(&self) -> &str {
        &self.row_id
    }

    /// The row's line in `outcomes.csv`.
    pub(super) fn outcome(&self, out: &mut Vec<u8>, prepared: &Prepared, settled: &Settled, complaints: &[Complaint<'_>]) {
        self.place(out, prepared.row.place);
        out.push(b',');
        out.extend_from_slice(settled.outcome.as_str().as_bytes());
        out.push(b',');
        cell(out, settled.remote_id.as_deref().unwrap_or(""));
        out.push(b',');
        self.complaint_cells(out, complaints);
        out.push(b',');
        number(out, u64::from(settled.attempts));
        out.push(b',');
        if let Some(status) = settled.http_status {
            number(out, u64::from(status));
        }
        out.push(b',');
        if let Some(key) = key_of(prepared, settled) {
            let mut text = uuid::Uuid::encode_buffer();
            out.extend_from_slice(key.0.hyphenated().encode_lower(&mut text).as_bytes());
        }
        out.push(b',');
        self.operation(out, prepared);
        out.push(b',');
        self.changes(out, prepared);
        out.push(b',');
        if let Some(refusal) = &settled.refusal {
            cell(out, &refusal.code);
            out.push(b',');
            cell(out, refusal.request_id.as_deref().unwrap_or(""));
        } else {
            out.push(b',');
        }
    }

    /// One line of `faults.csv`.
    pub(super) fn fault(&self, out: &mut Vec<u8>, place: Place, complaint: &Complaint<'_>) {
        self.place(out, place);
        out.push(b',');
        out.extend_from_slice(complaint.code.severity().as_str().as_bytes());
        out.push(b',');
        for (number, part) in PARTS.iter().enumerate() {
            if number > 0 {
                out.push(b',');
            }
            cell(out, &part(self, complaint));
        }
    }

    /// The row's line in `crosswalk.csv`.
    pub(super) fn crosswalk(&self, out: &mut Vec<u8>, prepared: &Prepared, settled: &Settled, remote_id: &str) {
        out.extend_from_slice(&self.row_id_cell);
        out.push(b',');
        cell(out, own_id(prepared).unwrap_or(""));
        out.push(b',');
        cell(out, remote_id);
        out.push(b',');
        self.operation(out, prepared);
        out.push(b',');
        if let Some(ms) = settled.settled_at_ms {
            time(out, ms);
        }
    }

    /// The row's line in `rejected.csv`: its own cells as they were read, with as many cells as it had.
    pub(super) fn rejected(&self, out: &mut Vec<u8>, prepared: &Prepared) {
        let row = &prepared.row;
        let width = match row.shape {
            // A ragged row stays ragged: filled up, its fault would be gone without having been mended.
            Shape::Short | Shape::Long => row.cells.len(),
            Shape::Whole | Shape::Blank if !self.joined_columns.is_empty() => self.columns.len(),
            Shape::Whole | Shape::Blank => row.cells.len().max(self.columns.len()),
        };
        let marked = marked(prepared, self.columns.len());
        if marked.is_empty() {
            row_of(out, (0..width).map(|index| row.cells.text(index)));
            return;
        }
        let cells: Vec<Cow<'_, str>> = (0..width)
            .map(|index| {
                let text = row.cells.text(index);
                let is_marked = marked.contains(&index) && !text.starts_with(MEND_MARK);
                if is_marked { Cow::Owned(format!("{MEND_MARK} {text}")) } else { Cow::Borrowed(text) }
            })
            .collect();
        row_of(out, cells.iter().map(AsRef::as_ref));
    }

    /// The header line of `rejected.csv`.
    pub(super) fn rejected_header(&self, out: &mut Vec<u8>) {
        row_of(out, self.columns.iter().map(String::as_str));
    }

    /// The name of a source column, where a complaint has one.
    pub(super) fn column(&self, column: Option<u16>) -> Cow<'_, str> {
        match column {
            None => Cow::Borrowed(""),
            Some(index) => {
                let mut known = self.columns.iter().chain(&self.joined_columns);
                known.nth(usize::from(index)).map_or_else(|| format!("column {}", u32::from(index) + 1).into(), Cow::from)
            }
        }
    }

    fn place(&self, out: &mut Vec<u8>, place: Place) {
        if let Some(sheet) = self.sheets.get(usize::from(place.sheet)) {
            out.extend_from_slice(sheet);
        }
        out.push(b',');
        number(out, place.line);
        out.push(b',');
        out.extend_from_slice(&self.row_id_cell);
    }

    fn operation(&self, out: &mut Vec<u8>, prepared: &Prepared) {
        if let Some(name) = prepared.operation.and_then(|index| self.operations.get(usize::from(index))) {
            out.extend_from_slice(name);
        }
    }

    /// The six cells from `code` to `next_step`. Several complaints stand in all six in the same order, empty parts included.
    fn complaint_cells(&self, out: &mut Vec<u8>, complaints: &[Complaint<'_>]) {
        let mut joined = String::new();
        for (place, part) in PARTS.iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            match complaints {
                [] => {}
                [only] => cell(out, &part(self, only)),
                several => {
                    joined.clear();
                    for (index, complaint) in several.iter().enumerate() {
                        if index > 0 {
                            joined.push_str(BETWEEN);
                        }
                        let part = part(self, complaint);
                        // Sentences of ours lose their full stop before a semicolon; what was found stays as it is.
                        let is_joined_sentence = place >= SENTENCES_FROM && index + 1 < several.len();
                        // Each part is armed: a program that takes the semicolon for a delimiter would make cells of them.
                        joined.push_str(&arm(if is_joined_sentence { part.trim_end_matches('.') } else { &part }));
                    }
                    raw_cell(out, &joined);
                }
            }
        }
    }

    /// `column: "found" → "sent"`, joined.
    fn changes(&self, out: &mut Vec<u8>, prepared: &Prepared) {
        for (index, (column, _, to)) in prepared.changes.iter().enumerate() {
            let name = self.column(Some(column));
            if index == 0 {
                out.push(b'"');
            } else {
                out.extend_from_slice(BETWEEN.as_bytes());
            }
            in_quotes(out, &arm(&name));
            out.extend_from_slice(b": \"\"");
            in_quotes(out, prepared.row.cells.text(usize::from(column)));
            out.extend_from_slice("\"\" → \"\"".as_bytes());
            in_quotes(out, to);
            out.extend_from_slice(b"\"\"");
        }
        if !prepared.changes.is_empty() {
            out.push(b'"');
        }
    }
}

/// Takes one of the six things out of a complaint.
type Part = for<'a> fn(&'a Lines, &'a Complaint<'_>) -> Cow<'a, str>;

/// `code,field,column,found,message,next_step`.
const PARTS: [Part; 6] = [
    |_, complaint| Cow::Borrowed(complaint.code.as_str()),
    |_, complaint| Cow::Borrowed(&complaint.field),
    |lines, complaint| lines.column(complaint.column),
    |_, complaint| Cow::Borrowed(&complaint.found),
    |_, complaint| Cow::Borrowed(&complaint.message),
    |_, complaint| Cow::Borrowed(complaint.next_step()),
];

/// From here on the parts are sentences.
const SENTENCES_FROM: usize = 4;

/// Cells whose damage would be gone in plain text, so that the row sent back unmended would pass.
pub(super) fn marked(prepared: &Prepared, row_width: usize) -> Vec<usize> {
    let Err(faults) = &prepared.result else { return Vec::new() };
    // A row with empty cells too many looks like a layout among others of its kind.
    let row = &prepared.row;
    let looks_whole = (row.cells.len().min(row_width)..row.cells.len()).all(|index| row.cells.text(index).trim().is_empty());
    let hidden = |code: Code| {
        matches!(
            code,
            Code::RowUnclosedQuote
                | Code::RowStrayQuote
                | Code::RowTooLong
                | Code::RowMarked
                | Code::CellFormulaWithoutValue
                | Code::CellNotText
                | Code::CellDigitsLost
        ) || code == Code::RowLong && looks_whole
    };
    faults.iter().filter(|fault| hidden(fault.code)).map(|fault| usize::from(fault.column.unwrap_or(0))).collect()
}

/// What the user's own system calls the client.
fn own_id(prepared: &Prepared) -> Option<&str> {
    prepared.own_id.as_deref().filter(|id| !id.is_empty())
}

/// The key under which the row was sent, or would be when its turn comes.
pub(super) fn key_of(prepared: &Prepared, settled: &Settled) -> Option<IdempotencyKey> {
    match settled.outcome {
        Outcome::NotSent => settled.key.or_else(|| prepared.result.as_ref().ok().map(|parcel| parcel.key)),
        // A key that was never sent would mislead whoever looks for it at the provider.
        Outcome::Created | Outcome::Existing | Outcome::Invalid | Outcome::Duplicate | Outcome::Rejected | Outcome::Unknown => {
            settled.key
        }
    }
}

fn row_of<'a>(out: &mut Vec<u8>, cells: impl Iterator<Item = &'a str>) {
    let start = out.len();
    for (index, text) in cells.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        cell(out, text);
    }
    if out.len() == start {
        // An empty line would be no record at all.
        out.extend_from_slice(b"\"\"");
    }
}

fn as_cell(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    cell(&mut out, text);
    out
}
