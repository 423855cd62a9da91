//! What a sheet says about its rows besides their cells: which are hidden, which cells are merged, whether a filter is on.
//! Says nothing about values.

use crate::read::source::SourceFile;
use crate::read::{ReadError, ReadSettings};

/// Merged areas that are kept; a sheet of clients has a handful.
const MERGED_MAX: usize = 200_000;
/// Runs of hidden rows that are kept.
const HIDDEN_RUNS_MAX: usize = 2_000_000;

/// A merged area by rows and columns from 0, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Area {
    pub(super) first_row: u32,
    pub(super) last_row: u32,
    pub(super) first_column: u32,
    pub(super) last_column: u32,
}

/// What is known of a sheet before its rows are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// First and last hidden row, from 0, in the order of the sheet.
    hidden: Vec<(u32, u32)>,
    merged: Vec<Area>,
    /// Whether rows are hidden by a filter, or a filter has conditions.
    pub(super) is_filtered: bool,
    /// Whether rows are stored out of their order and have to be put in order first.
    pub(super) is_unordered: bool,
    /// The last row that stores a cell, from 0: what is hidden behind it is empty paper.
    pub(super) last_row: u32,
}

impl Facts {
    /// Notes hidden rows.
    pub(super) fn hide(&mut self, first: u32, last: u32) {
        if let Some((_, end)) = self.hidden.last_mut()
            && end.checked_add(1) == Some(first)
        {
            *end = last;
        } else if first <= last && self.hidden.len() < HIDDEN_RUNS_MAX {
            self.hidden.push((first, last));
        }
    }

    /// Notes that a row stores a cell.
    pub(super) fn fill(&mut self, row: u32) {
        self.last_row = self.last_row.max(row);
    }

    /// Notes a merged area; one of a single cell is none.
    pub(super) fn merge(&mut self, area: Area) {
        let is_one = area.first_row == area.last_row && area.first_column == area.last_column;
        let is_upright = area.first_row <= area.last_row && area.first_column <= area.last_column;
        if is_upright && !is_one && self.merged.len() < MERGED_MAX {
            self.merged.push(area);
        }
    }

    /// Puts everything in the order of the sheet, as looking it up asks.
    pub(super) fn settle(&mut self) {
        self.hidden.sort_unstable();
        self.merged.sort_unstable();
    }

    /// Whether a row, from 1, is hidden.
    pub(super) fn is_hidden(&self, line: u64) -> bool {
        let Ok(row) = u32::try_from(line.saturating_sub(1)) else { return false };
        let behind = self.hidden.partition_point(|&(first, _)| first <= row);
        behind.checked_sub(1).and_then(|index| self.hidden.get(index)).is_some_and(|&(_, last)| row <= last)
    }

    /// Hidden rows behind a row, from 1, down to the last row that holds something.
    pub(super) fn hidden_behind(&self, line: u64) -> u64 {
        let last_row = u64::from(self.last_row);
        let within = |&(first, last): &(u32, u32)| (u64::from(last).min(last_row) + 1).saturating_sub(u64::from(first).max(line));
        self.hidden.iter().map(within).fold(0, u64::saturating_add)
    }

    /// Merged areas that reach below a row, from 1.
    pub(super) fn merged_behind(&self, line: u64) -> usize {
        self.merged.iter().filter(|area| u64::from(area.last_row) >= line).count()
    }

    /// Walks down the merged areas row by row.
    pub(super) fn covers(&self) -> Covers<'_> {
        Covers { rest: &self.merged, open: Vec::new() }
    }
}

/// The merged areas around one row after the other.
pub(super) struct Covers<'a> {
    rest: &'a [Area],
    open: Vec<Area>,
}

impl Covers<'_> {
    /// The areas that a row, from 1, lies in. Rows have to be asked for in their order.
    pub(super) fn at(&mut self, line: u64) -> &[Area] {
        let row = line.saturating_sub(1);
        while let Some((area, rest)) = self.rest.split_first() {
            if u64::from(area.first_row) > row {
                break;
            }
            self.open.push(*area);
            self.rest = rest;
        }
        self.open.retain(|area| u64::from(area.last_row) >= row);
        &self.open
    }
}

/// Counts what is unpacked or made by repetition, against the limit of the settings.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    used: u64,
    allowed: u64,
}

impl Budget {
    pub(super) fn new(settings: &ReadSettings) -> Self {
        Self { used: 0, allowed: settings.unpacked_bytes_max }
    }

    /// Takes some; an error when nothing is left.
    pub(super) fn take(&mut self, source: &SourceFile, bytes: u64) -> Result<(), ReadError> {
        self.used = self.used.saturating_add(bytes);
        if self.used <= self.allowed {
            return Ok(());
        }
        Err(ReadError::Limit {
            file: source.name.to_string(),
            what: "bytes when unpacked:",
            found: self.used,
            allowed: self.allowed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_rows_and_areas_are_found_by_their_line() {
        let mut facts = Facts { last_row: 30, ..Facts::default() };
        facts.hide(4, 4);
        facts.hide(5, 9);
        facts.hide(20, 20);
        facts.hide(40, 1_000_000);
        facts.merge(Area { first_row: 6, last_row: 8, first_column: 1, last_column: 1 });
        facts.merge(Area { first_row: 0, last_row: 0, first_column: 0, last_column: 3 });
        facts.merge(Area { first_row: 2, last_row: 2, first_column: 2, last_column: 2 });
        facts.settle();
        assert_eq!(facts.hidden, [(4, 9), (20, 20), (40, 1_000_000)]);
        let hidden: Vec<u64> = (1..30).filter(|&line| facts.is_hidden(line)).collect();
        assert_eq!(hidden, [5, 6, 7, 8, 9, 10, 21]);
        assert_eq!((facts.hidden_behind(1), facts.hidden_behind(8), facts.merged_behind(1)), (7, 3, 1));
        let mut covers = facts.covers();
        let covered: Vec<u64> = (1..30).filter(|&line| !covers.at(line).is_empty()).collect();
        assert_eq!(covered, [1, 7, 8, 9]);
    }
}
