//! Counts that the page shows by column: faults, and what normalization changed. Bounded by columns and codes, never by rows.

use std::collections::HashMap;

use super::super::complaint::Complaint;
use super::mask::Mask;
use crate::model::{Code, FieldName, Prepared, Severity};

/// Pairs of column and code that are told apart.
const KINDS_MAX: usize = 4096;
/// Codes that are named for one column.
const CODES_SHOWN_MAX: usize = 4;
/// Different examples that are kept of what a column's values became.
const EXAMPLES_MAX: usize = 3;
/// Changed values of a column that are looked at for examples; by then most forms were seen.
const LOOKED_AT_MAX: u64 = 400;
/// Fields of one column whose changes are told apart.
const FIELDS_MAX: usize = 8;

/// Faults of one column, or of whole rows.
#[derive(Clone, Debug, Default)]
pub(super) struct ColumnFaults {
    pub(super) errors: u64,
    pub(super) warnings: u64,
    pub(super) notes: u64,
}

impl ColumnFaults {
    pub(super) fn all(&self) -> u64 {
        self.errors + self.warnings + self.notes
    }
}

/// Faults by column and code.
#[derive(Debug, Default)]
pub(super) struct Faults {
    columns: Vec<ColumnFaults>,
    of_rows: ColumnFaults,
    kinds: HashMap<(Option<u16>, Code), u64>,
}

impl Faults {
    pub(super) fn add(&mut self, complaint: &Complaint<'_>) {
        let counts = match complaint.column.map(usize::from) {
            None => &mut self.of_rows,
            Some(column) => {
                if self.columns.len() <= column {
                    self.columns.resize(column + 1, ColumnFaults::default());
                }
                match self.columns.get_mut(column) {
                    Some(counts) => counts,
                    None => &mut self.of_rows,
                }
            }
        };
        match complaint.code.severity() {
            Severity::Error => counts.errors += 1,
            Severity::Warning => counts.warnings += 1,
            Severity::Info => counts.notes += 1,
        }
        let kind = (complaint.column, complaint.code);
        if self.kinds.len() < KINDS_MAX || self.kinds.contains_key(&kind) {
            *self.kinds.entry(kind).or_default() += 1;
        }
    }

    /// Columns with faults, those with most errors first; whole rows among them as `None`.
    pub(super) fn by_column(&self) -> Vec<(Option<u16>, &ColumnFaults)> {
        let columns = (0_u16..).zip(&self.columns).map(|(column, counts)| (Some(column), counts));
        let mut all: Vec<_> = columns.chain([(None, &self.of_rows)]).filter(|(_, counts)| counts.all() > 0).collect();
        all.sort_by_key(|(column, counts)| (std::cmp::Reverse((counts.errors, counts.warnings, counts.notes)), *column));
        all
    }

    /// The most frequent codes of a column, and how many more there are.
    pub(super) fn codes_of(&self, column: Option<u16>) -> (Vec<(Code, u64)>, usize) {
        let of_column = |(&(of, code), &count): (&(Option<u16>, Code), &u64)| (of == column).then_some((code, count));
        let mut codes: Vec<(Code, u64)> = self.kinds.iter().filter_map(of_column).collect();
        codes.sort_by_key(|&(code, count)| (std::cmp::Reverse(count), code));
        let more = codes.len().saturating_sub(CODES_SHOWN_MAX);
        codes.truncate(CODES_SHOWN_MAX);
        (codes, more)
    }
}

/// What became of the values of one column on their way to one field.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) field: FieldName,
    pub(super) count: u64,
    /// As it was found, as it is sent.
    pub(super) examples: Vec<(String, String)>,
}

/// Changed values by column and field.
#[derive(Debug, Default)]
pub(super) struct Changed(Vec<Vec<Change>>);

impl Changed {
    pub(super) fn add(&mut self, prepared: &Prepared, mask: &Mask) {
        for (column, field, to) in prepared.changes.iter() {
            let column = usize::from(column);
            if self.0.len() <= column {
                self.0.resize(column + 1, Vec::new());
            }
            let Some(fields) = self.0.get_mut(column) else { continue };
            let at = match fields.iter().position(|change| change.field == field) {
                Some(at) => at,
                None if fields.len() < FIELDS_MAX => {
                    fields.push(Change { field, count: 0, examples: Vec::new() });
                    fields.len() - 1
                }
                // Rather under another field's name than lost.
                None => FIELDS_MAX - 1,
            };
            let Some(change) = fields.get_mut(at) else { continue };
            change.count += 1;
            if change.count <= LOOKED_AT_MAX && change.examples.len() < EXAMPLES_MAX {
                let example = (mask.example(prepared.row.cells.text(column)), mask.example(to));
                // Forms that are the same tell nothing, such as letters of another alphabet.
                if example.0 != example.1 && !change.examples.contains(&example) {
                    change.examples.push(example);
                }
            }
        }
    }

    /// Columns with fields, those with most changes first.
    pub(super) fn largest(&self) -> Vec<(u16, &Change)> {
        let mut all: Vec<_> =
            (0_u16..).zip(&self.0).flat_map(|(column, changes)| changes.iter().map(move |change| (column, change))).collect();
        all.sort_by_key(|(column, change)| (std::cmp::Reverse(change.count), *column));
        all
    }
}
