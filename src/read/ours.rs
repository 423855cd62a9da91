//! Columns that an earlier report of ours added to a file that is imported again. They are passed over as if they were not there:
//! positions in the file and positions among the user's own columns are told apart here.

use super::header::Candidate;
use crate::model::our_columns;

/// Positions of our columns in a file, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ours(Vec<usize>);

impl Ours {
    /// Our columns by the first row that names any; they are taken out of all the rows, so that no search sees them.
    pub(super) fn take_out(rows: &mut [Candidate]) -> Self {
        let found = rows.iter().map(|row| our_columns(&row.cells)).find(|found| !found.is_empty()).unwrap_or_default();
        for row in rows {
            for &at in &found {
                if let Some(cell) = row.cells.get_mut(at) {
                    cell.clear();
                }
            }
        }
        Self(found)
    }

    /// Whether there are none, as in nearly every file.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Their positions in the file.
    pub(super) fn positions(&self) -> &[usize] {
        &self.0
    }

    /// Whether the column at this position of the file is ours.
    #[inline]
    pub(super) fn holds(&self, position: usize) -> bool {
        !self.0.is_empty() && self.0.binary_search(&position).is_ok()
    }

    /// The position among the user's own columns; `None` for one of ours.
    #[inline]
    pub(super) fn own(&self, position: usize) -> Option<usize> {
        (!self.holds(position)).then(|| self.own_or_next(position))
    }

    /// The position among the user's own columns; for one of ours, that of the next of the user's.
    #[inline]
    pub(super) fn own_or_next(&self, position: usize) -> usize {
        position - self.0.partition_point(|&ours| ours < position)
    }

    /// The position in the file of one of the user's own columns.
    #[inline]
    pub(super) fn position(&self, own: usize) -> usize {
        let mut position = own;
        for &ours in &self.0 {
            if ours > position {
                break;
            }
            position += 1;
        }
        position
    }

    /// The cells of the user's own columns.
    pub(super) fn without<'a>(&'a self, cells: &'a [String]) -> impl Iterator<Item = &'a str> {
        cells.iter().enumerate().filter(|(at, _)| !self.holds(*at)).map(|(_, cell)| cell.as_str())
    }

    /// What people are told of them.
    pub(super) fn note(&self) -> Option<String> {
        match self.len() {
            0 => None,
            1 => Some("1 column of an earlier report is not read".to_owned()),
            many => Some(format!("{many} columns of an earlier report are not read")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_told_apart_there_and_back() {
        let ours = Ours(vec![1, 2, 5]);
        assert_eq!((0..7).map(|at| ours.own(at)).collect::<Vec<_>>(), [Some(0), None, None, Some(1), Some(2), None, Some(3)]);
        assert_eq!((0..4).map(|own| ours.position(own)).collect::<Vec<_>>(), [0, 3, 4, 6]);
        let none = Ours::default();
        assert!((0..5).all(|at| none.own(at) == Some(at) && none.position(at) == at));
    }

    #[test]
    fn a_search_sees_nothing_of_them() {
        let row = |line, cells: &[&str]| Candidate { line, cells: cells.iter().map(|&cell| cell.into()).collect() };
        let mut rows = [row(1, &["Список"]), row(2, &["Имя", "clientferry outcome", "Инн"]), row(3, &["А", "created", "1"])];
        let ours = Ours::take_out(&mut rows);
        assert_eq!(ours, Ours(vec![1]));
        assert_eq!(rows[1].cells, ["Имя", "", "Инн"]);
        assert_eq!(rows[2].cells, ["А", "", "1"]);
        assert_eq!(ours.without(&rows[1].cells).collect::<Vec<_>>(), ["Имя", "Инн"]);
        assert_eq!(ours.note().unwrap(), "1 column of an earlier report is not read");
    }
}
