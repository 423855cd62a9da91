//! Blank rows that wait for a row behind them: only then they are rows. Holds runs of lines, so that a million costs nothing.

use crate::model::{Cells, Place, Row, Shape};

/// Runs of blank lines, first in first out.
#[derive(Debug, Default)]
pub(super) struct BlankRuns {
    /// First line and number of lines.
    runs: std::collections::VecDeque<(u64, u64)>,
}

impl BlankRuns {
    /// Adds lines that hold nothing.
    pub(super) fn push(&mut self, line: u64, count: u64) {
        match self.runs.back_mut() {
            Some((first, held)) if *first + *held == line => *held += count,
            Some(_) | None if count > 0 => self.runs.push_back((line, count)),
            Some(_) | None => {}
        }
    }

    /// The first line that waits.
    pub(super) fn pop(&mut self) -> Option<u64> {
        let (first, held) = self.runs.front_mut()?;
        let line = *first;
        *first += 1;
        *held -= 1;
        if *held == 0 {
            self.runs.pop_front();
        }
        Some(line)
    }

    /// How many lines wait; they wait no more.
    pub(super) fn take_count(&mut self) -> u64 {
        self.runs.drain(..).map(|(_, count)| count).sum()
    }
}

/// A row that holds nothing.
pub(super) fn blank_row(place: Place) -> Row {
    Row { place, cells: Cells::default(), shape: Shape::Blank, faults: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back_in_order() {
        let mut blanks = BlankRuns::default();
        blanks.push(3, 1);
        blanks.push(4, 2);
        blanks.push(9, 1);
        blanks.push(12, 0);
        assert_eq!(std::iter::from_fn(|| blanks.pop()).collect::<Vec<_>>(), [3, 4, 5, 9]);
        blanks.push(1, 1_000_000);
        assert_eq!(blanks.take_count(), 1_000_000);
        assert_eq!(blanks.pop(), None);
    }
}
