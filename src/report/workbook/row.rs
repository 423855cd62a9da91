//! What is written about one row, in a form of its own, so that a thread can write it. Writes nothing.

use std::borrow::Cow;

use crate::model::text::MEND_MARK;
use crate::model::{Cells, Code, Outcome, Severity, Shape, Source};

use super::super::complaint::Complaint;
use super::super::lines::{Lines, marked};
use super::super::row::ReportRow;

/// Between the complaints of one row.
const BETWEEN: &str = "; ";

/// One row's cells in our columns, and which of its own cells are faulty.
#[derive(Clone, Debug)]
pub(in crate::report) struct RowNote {
    pub(super) sheet: u16,
    pub(super) line: u64,
    pub(super) outcome: Outcome,
    pub(super) new_id: Box<str>,
    pub(super) codes: Cow<'static, str>,
    pub(super) message: Cow<'static, str>,
    pub(super) next_step: Cow<'static, str>,
    /// In the order of the columns, one for each.
    pub(super) marks: Vec<Mark>,
    /// The row's own cells, where they are written and not copied.
    pub(super) cells: Option<Cells>,
    /// Columns of the source.
    columns: usize,
    /// Cells whose damage would be gone as text.
    pub(super) damaged: Vec<usize>,
}

/// A faulty cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// From 0.
    pub(super) column: u32,
    pub(super) severity: Severity,
    /// The code.
    pub(super) title: &'static str,
    /// What is wrong, and what to do.
    pub(super) text: String,
}

impl Mark {
    /// The same mark where columns stand between, from left to right, that were not counted.
    pub(super) fn moved(&self, passed_over: &[u32]) -> Self {
        let column = passed_over.iter().fold(self.column, |column, passed| column + u32::from(*passed <= column));
        Self { column, ..self.clone() }
    }
}

impl RowNote {
    /// `source` has its own columns only. Without `with_cells` its cells are copied from where they stand.
    pub(super) fn new(source: &Source, row: &ReportRow<'_>, with_cells: bool) -> Self {
        let ReportRow { prepared, settled, complaints, lines } = *row;
        let row = &prepared.row;
        let mut note = Self {
            sheet: row.place.sheet,
            line: row.place.line,
            outcome: settled.outcome,
            new_id: settled.remote_id.clone().unwrap_or_default(),
            codes: Cow::Borrowed(""),
            message: Cow::Borrowed(""),
            next_step: Cow::Borrowed(""),
            marks: Vec::new(),
            cells: with_cells.then(|| row.cells.clone()),
            columns: source.columns.len(),
            damaged: Vec::new(),
        };
        if !complaints.is_empty() {
            note.tell(lines, complaints);
        }
        if with_cells {
            note.damaged = marked(prepared, source.columns.len());
            // A sheet knows no short rows: filled up, this one would pass.
            if row.shape == Shape::Short && note.damaged.is_empty() {
                note.damaged.push(row.cells.len());
            }
        }
        note
    }

    fn tell(&mut self, lines: &Lines, complaints: &[Complaint<'_>]) {
        match complaints {
            // Most rows have nothing to say that is not said already: no text is made for them.
            [only] if lines.column(only.column).is_empty() => {
                let meaning = only.code.meaning_in(only.lang);
                self.codes = Cow::Borrowed(only.code.as_str());
                self.message =
                    if only.message == meaning { Cow::Borrowed(meaning) } else { Cow::Owned(only.message.to_string()) };
                self.next_step = Cow::Borrowed(only.next_step());
            }
            _ => self.join(lines, complaints),
        }
        for complaint in complaints {
            // What was joined from elsewhere has no cell here.
            if let Some(column) = complaint.column.filter(|column| usize::from(*column) < self.columns) {
                self.mark(u32::from(column), complaint);
            }
        }
        self.marks.sort_by_key(|mark| mark.column);
    }

    /// What several complaints say, each in its place.
    fn join(&mut self, lines: &Lines, complaints: &[Complaint<'_>]) {
        let (mut codes, mut message, mut next_step) = (String::new(), String::new(), String::new());
        let (mut said, mut steps): (Vec<Code>, Vec<&str>) = (Vec::new(), Vec::new());
        for (place, complaint) in complaints.iter().enumerate() {
            if !said.contains(&complaint.code) {
                said.push(complaint.code);
                add(&mut codes, complaint.code.as_str());
            }
            // The same of several columns is said once, behind all of their names.
            let is_same = |other: &&Complaint<'_>| other.code == complaint.code && other.message == complaint.message;
            if !complaints.iter().take(place).any(|earlier| is_same(&earlier)) {
                let mut columns: Vec<_> = complaints
                    .iter()
                    .filter(is_same)
                    .map(|same| lines.column(same.column))
                    .filter(|name| !name.is_empty())
                    .collect();
                columns.dedup();
                match columns.is_empty() {
                    true => add(&mut message, &complaint.message),
                    false => add(&mut message, &format!("{}: {}", columns.join(", "), complaint.message)),
                }
            }
            if !steps.contains(&complaint.next_step()) {
                steps.push(complaint.next_step());
                add(&mut next_step, complaint.next_step());
            }
        }
        (self.codes, self.message, self.next_step) = (codes.into(), message.into(), next_step.into());
    }

    fn mark(&mut self, column: u32, complaint: &Complaint<'_>) {
        let severity = complaint.code.severity();
        if severity == Severity::Info || complaint.is_reason {
            return;
        }
        let text = format!("{}\n{}", complaint.message, complaint.next_step());
        match self.marks.iter_mut().find(|mark| mark.column == column) {
            Some(known) => {
                known.severity = known.severity.max(severity);
                known.text.push_str("\n\n");
                known.text.push_str(complaint.code.as_str());
                known.text.push('\n');
                known.text.push_str(&text);
            }
            None => self.marks.push(Mark { column, severity, title: complaint.code.as_str(), text }),
        }
    }

    /// The texts of our columns, in their order.
    pub(super) fn texts(&self) -> [&str; 5] {
        [self.outcome.as_str(), &self.new_id, &self.codes, &self.message, &self.next_step]
    }

    /// The row's own cell as it is written.
    pub(super) fn cell(&self, index: usize) -> Cow<'_, str> {
        let text = self.cells.as_ref().map_or("", |cells| cells.text(index));
        if self.damaged.contains(&index) && !text.starts_with(MEND_MARK) {
            return format!("{MEND_MARK} {text}").into();
        }
        text.into()
    }

    /// How many cells of its own the row has, marks included.
    pub(super) fn width(&self) -> usize {
        let cells = self.cells.as_ref().map_or(0, Cells::len);
        self.damaged.iter().map(|index| index + 1).fold(cells, usize::max)
    }
}

fn add(joined: &mut String, part: &str) {
    if !joined.is_empty() {
        // Behind a whole sentence the next one begins.
        joined.push_str(if joined.ends_with('.') { " " } else { BETWEEN });
    }
    joined.push_str(part);
}

#[cfg(test)]
impl RowNote {
    /// A row of these cells whose first one is marked.
    pub(super) fn of(sheet: u16, line: u64, outcome: Outcome, cells: Cells, mark: Option<Severity>) -> Self {
        let mark = mark.map(|severity| Mark { column: 0, severity, title: "phone.too_short", text: "short".to_owned() });
        Self {
            sheet,
            line,
            outcome,
            new_id: Box::default(),
            codes: Cow::Borrowed(""),
            message: Cow::Borrowed(""),
            next_step: Cow::Borrowed(""),
            marks: mark.into_iter().collect(),
            columns: 1,
            damaged: Vec::new(),
            cells: Some(cells),
        }
    }
}
