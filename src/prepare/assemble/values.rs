//! What a member's source says in one row.

use std::borrow::Cow;

use super::{Work, is_empty, translate};
use crate::contract::{Leaf, Render};
use crate::model::{CellKind, Code, Wording};
use crate::prepare::cell::{self, Written};
use crate::prepare::normalize::{CellFault, name, passport};
use crate::prepare::plan::{Column, From};
use crate::prepare::watch;

/// A column that no row has: a constant comes from none.
const NO_COLUMN: usize = u16::MAX as usize;

impl<'a> Work<'a> {
    /// Whether an empty cell is just that, and no formula whose value the workbook lost.
    pub(super) fn says_nothing(&self, column: usize) -> bool {
        !matches!(self.row.cells.kind(column), CellKind::FormulaWithoutValue | CellKind::Error)
    }

    pub(in crate::prepare) fn is_filled(&self, column: usize) -> bool {
        !is_empty(self.row.cells.text(column)) || !self.says_nothing(column)
    }

    /// The value with the column it comes from; `None` when its cells are empty.
    pub(super) fn value(&self, from: &'a From, leaf: &Leaf) -> Option<(usize, Result<Written<'a>, CellFault>)> {
        match from {
            From::Column(column) => self.column(column, leaf).map(|value| (column.index, value)),
            From::FullName(column, word) => self.full_name_word(*column, *word, leaf).map(|value| (*column, value)),
            From::Constant(value) => Some((NO_COLUMN, Ok(value.clone()))),
            From::Word(text) => Some((NO_COLUMN, cell::parse(leaf, text, CellKind::Text, None, &self.plan.rules))),
            From::SeriesAndNumber(column, is_number) => self.series_and_number(*column, *is_number, leaf),
            From::Joined(columns, separator) => {
                let filled: Vec<&str> =
                    columns.iter().map(|&column| self.row.cells.text(column).trim()).filter(|text| !text.is_empty()).collect();
                let first = columns.first().copied()?;
                let damage = |column: usize| self.plan.damage(column, self.row.cells.text(column), self.row.cells.kind(column));
                if let Some((column, fault)) = columns.iter().find_map(|&column| Some((column, damage(column)?))) {
                    return Some((column, Err(fault)));
                }
                (!filled.is_empty()).then(|| (first, self.parse(leaf, first, &filled.join(separator))))
            }
            From::First(sources) => sources.iter().find_map(|source| self.value(source, leaf)),
        }
    }

    fn parse(&self, leaf: &Leaf, column: usize, text: &str) -> Result<Written<'a>, CellFault> {
        let kind = self.row.cells.kind(column);
        cell::parse(leaf, text, kind, self.plan.format_of(column), &self.plan.rules).map(Written::into_owned)
    }

    /// What a column's cell becomes; `None` when it is empty.
    fn column(&self, column: &Column, leaf: &Leaf) -> Option<Result<Written<'a>, CellFault>> {
        let cells = &self.row.cells;
        let (kind, format) = (cells.kind(column.index), self.plan.format_of(column.index));
        let parse = |word| cell::parse(leaf, word, kind, format, &self.plan.rules);
        let empty = |word| is_empty(word) && self.says_nothing(column.index);
        match translate(column, cells.text(column.index)) {
            Cow::Borrowed(word) if empty(word) => None,
            Cow::Borrowed(word) => Some(match self.plan.damage(column.index, word, kind) {
                Some(fault) if watch::is_watched(leaf.render) => Err(fault),
                Some(_) | None => parse(word),
            }),
            Cow::Owned(word) if empty(&word) => None,
            // The mapping's word lives no longer than this call.
            Cow::Owned(word) => Some(cell::parse(leaf, &word, kind, format, &self.plan.rules).map(Written::into_owned)),
        }
    }

    /// A word of the full name; its faults are told once, at the last name.
    fn full_name_word(&self, column: usize, word: u8, leaf: &Leaf) -> Option<Result<Written<'a>, CellFault>> {
        let text = self.row.cells.text(column);
        if is_empty(text) {
            return None;
        }
        // A plain name is what splitting has made; other ways of writing change it further.
        let written = |text: String| match leaf.render {
            Render::Name | Render::Text => Ok(Written::Text(Cow::Owned(text))),
            _ => self.parse(leaf, column, &text),
        };
        match (name::split_full(text), word) {
            (Ok((last, _, _)), 0) => Some(written(last)),
            (Ok((_, first, _)), 1) => Some(written(first)),
            (Ok((_, _, middle)), _) => middle.map(written),
            (Err(fault), 0) => Some(Err(fault)),
            (Err(_), _) => Some(Err(CellFault { code: Code::NameNotSplittable, message: Wording::Nothing.into() })),
        }
    }

    fn series_and_number(&self, column: usize, is_number: bool, leaf: &Leaf) -> Option<(usize, Result<Written<'a>, CellFault>)> {
        let text = self.row.cells.text(column);
        if is_empty(text) {
            return None;
        }
        // A document without a series takes the cell as it stands.
        if leaf.render == Render::DocumentNumber {
            return is_number.then(|| (column, self.parse(leaf, column, text)));
        }
        let value = match (passport::series_and_number(text, self.row.cells.kind(column)), is_number) {
            (Ok((_, number)), true) => self.parse(leaf, column, &number),
            (Ok((series, _)), false) => self.parse(leaf, column, &series),
            (Err(fault), false) => Err(fault),
            (Err(_), true) => Err(CellFault { code: Code::PassportUnreadable, message: Wording::Nothing.into() }),
        };
        Some((column, value))
    }
}
