//! Judges the number of a record's cells against the header. Empty cells behind the header's last one are layout only as far as
//! the file has them as a rule: a single one more is the mark of a delimiter inside a value, which shifts the cells behind it.

use std::collections::BTreeMap;

use crate::model::Shape;

/// Records that must have the same overhang: a lone one may as well hold an unquoted delimiter.
const WITNESSES_MIN: usize = 2;

/// How many cells a record of the file has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Width {
    /// Cells of the header.
    pub(super) columns: usize,
    /// Empty cells that records have behind these as a rule, because every line ends with a delimiter and the header does not.
    pub(super) overhang: usize,
}

impl Width {
    /// How a record of so many cells fits; `is_empty` is asked about cells behind the header's last one.
    #[inline]
    pub(super) fn shape(self, cells: usize, is_empty: impl Fn(usize) -> bool) -> Shape {
        if cells == self.columns {
            return Shape::Whole;
        }
        if cells < self.columns {
            return Shape::Short;
        }
        if cells <= self.columns + self.overhang && (self.columns..cells).all(is_empty) { Shape::Whole } else { Shape::Long }
    }
}

/// Counts how far the first records of a file hang over its header.
#[derive(Debug, Default)]
pub(super) struct Overhangs {
    records: BTreeMap<usize, usize>,
}

impl Overhangs {
    /// Notes a record. A short one and one with text behind the header's last cell speak for no overhang.
    pub(super) fn note(&mut self, columns: usize, cells: usize, is_empty: impl Fn(usize) -> bool) {
        let overhang = if (columns..cells).all(is_empty) { cells.saturating_sub(columns) } else { 0 };
        *self.records.entry(overhang).or_default() += 1;
    }

    /// The most frequent overhang; of equals the smallest, which lets the fewest shifted rows pass.
    pub(super) fn most_frequent(&self) -> usize {
        let most = self.records.iter().max_by_key(|&(&overhang, &records)| (records, std::cmp::Reverse(overhang)));
        most.filter(|&(_, &records)| records >= WITNESSES_MIN).map_or(0, |(&overhang, _)| overhang)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shapes(overhang: usize, empty: bool) -> Vec<Shape> {
        (2..=9).map(|cells| Width { columns: 3, overhang }.shape(cells, |_| empty)).collect()
    }

    fn overhang(records: &[(usize, bool)]) -> usize {
        let mut overhangs = Overhangs::default();
        for &(cells, empty) in records {
            overhangs.note(3, cells, |_| empty);
        }
        overhangs.most_frequent()
    }

    #[test]
    fn empty_cells_are_layout_only_as_far_as_the_file_has_them() {
        use Shape::{Long, Short, Whole};
        assert_eq!(shapes(0, true), [Short, Whole, Long, Long, Long, Long, Long, Long]);
        assert_eq!(shapes(1, true), [Short, Whole, Whole, Long, Long, Long, Long, Long]);
        assert_eq!(shapes(2, true), [Short, Whole, Whole, Whole, Long, Long, Long, Long]);
        for overhang in 0..4 {
            assert_eq!(shapes(overhang, false), [Short, Whole, Long, Long, Long, Long, Long, Long]);
        }
    }

    #[test]
    fn only_cells_behind_the_header_are_asked_about() {
        let width = Width { columns: 3, overhang: 2 };
        assert_eq!(width.shape(5, |index| index >= 3), Shape::Whole);
        assert_eq!(width.shape(5, |index| index == 3), Shape::Long);
    }

    #[test]
    fn the_most_frequent_overhang_is_the_layout() {
        assert_eq!(overhang(&[(4, true), (3, true), (4, true)]), 1);
        assert_eq!(overhang(&[(4, true), (3, true), (3, true)]), 0);
        assert_eq!(overhang(&[(5, true), (5, true), (4, true), (6, true)]), 2);
    }

    #[test]
    fn doubt_speaks_against_an_overhang() {
        assert_eq!(overhang(&[]), 0);
        assert_eq!(overhang(&[(4, true)]), 0);
        assert_eq!(overhang(&[(4, true), (4, true), (3, true), (3, true)]), 0);
        assert_eq!(overhang(&[(5, true), (5, true), (4, true), (4, true)]), 1);
        assert_eq!(overhang(&[(4, true), (4, true), (4, false), (2, true)]), 0);
    }
}
