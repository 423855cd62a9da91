//! A row as it was read: raw text and kind of every cell. Says nothing about what the cells mean.

use chrono::NaiveDateTime;

use super::{Fault, Place};

/// One row of the source.
#[derive(Clone, Debug)]
pub struct Row {
    /// Where it stands.
    pub place: Place,
    /// Its cells, in the order of [`super::Source::columns`]; may be fewer or more than the header names.
    pub cells: Cells,
    /// Whether it has as many cells as the header.
    pub shape: Shape,
    /// What was already wrong with it as text: bytes that do not fit the encoding, an unclosed quote.
    pub faults: Vec<Fault>,
}

/// How a row compares with the header row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// As many cells as the header, and perhaps empty ones behind them that are the file's layout.
    Whole,
    /// No cell holds anything.
    Blank,
    /// Fewer cells than the header.
    Short,
    /// More cells than the header, and the extra ones are not layout.
    Long,
}

/// What a cell is besides its text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CellKind {
    /// Text, and every cell of a delimited file.
    Text,
    /// A spreadsheet number. The cell's text is the exact integer, or what the spreadsheet shows where its format pads zeros.
    Number(f64),
    /// A spreadsheet date. The cell's text is ISO 8601.
    Date(NaiveDateTime),
    /// A spreadsheet truth value. The text is `TRUE` or `FALSE`.
    Bool(bool),
    /// An error cell such as `#REF!`; the text says which.
    Error,
    /// A formula that the workbook stores without a value.
    FormulaWithoutValue,
}

/// The cells of a row in one buffer, so that a row costs two allocations and not one per cell.
#[derive(Clone, Debug, Default)]
pub struct Cells {
    text: String,
    ends: Vec<u32>,
    /// Empty when every cell is [`CellKind::Text`].
    kinds: Vec<CellKind>,
    /// What a spreadsheet program shows of cells, where that is another text. Mostly empty.
    shown: Vec<(u32, Box<str>)>,
}

impl Cells {
    /// Room for `cells` cells of `bytes` bytes together.
    #[must_use]
    pub fn with_capacity(cells: usize, bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), ends: Vec::with_capacity(cells), kinds: Vec::new(), shown: Vec::new() }
    }

    /// Adds a text cell at the right.
    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.close(CellKind::Text);
    }

    /// Adds a cell of the given kind at the right.
    pub fn push_kind(&mut self, text: &str, kind: CellKind) {
        self.text.push_str(text);
        self.close(kind);
    }

    fn close(&mut self, kind: CellKind) {
        if kind != CellKind::Text || !self.kinds.is_empty() {
            self.kinds.resize(self.ends.len(), CellKind::Text);
            self.kinds.push(kind);
        }
        // A row is bounded far below 4 GiB by the reader's limits.
        self.ends.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
    }

    /// Says that a spreadsheet program shows another text than the cell's: `25%` of 0.25.
    pub fn set_shown(&mut self, index: usize, shown: &str) {
        if let Ok(index) = u32::try_from(index) {
            self.shown.push((index, shown.into()));
        }
    }

    /// What a spreadsheet program shows of a cell; its text where that is the same or not known.
    #[must_use]
    pub fn shown(&self, index: usize) -> &str {
        let other = self.shown.iter().find(|(at, shown)| *at as usize == index && !shown.is_empty());
        other.map_or_else(|| self.text(index), |(_, shown)| shown)
    }

    /// Number of cells.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no cell at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The raw text of a cell; empty for a cell that the row does not have.
    #[must_use]
    pub fn text(&self, index: usize) -> &str {
        let Some(&end) = self.ends.get(index) else { return "" };
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        self.text.get(start as usize..end as usize).unwrap_or("")
    }

    /// The kind of a cell; [`CellKind::Text`] for a cell that the row does not have.
    #[must_use]
    pub fn kind(&self, index: usize) -> CellKind {
        self.kinds.get(index).copied().unwrap_or(CellKind::Text)
    }

    /// The cells' texts from left to right.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|index| self.text(index))
    }

    /// Whether the text occurs in any cell; cheaper than asking cell by cell.
    #[must_use]
    pub fn holds(&self, text: &str) -> bool {
        self.text.contains(text)
    }

    /// Whether no cell holds anything but blanks.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_keep_text_and_kind_apart() {
        let mut cells = Cells::default();
        cells.push("Иванов");
        cells.push("");
        cells.push_kind("79001234567", CellKind::Number(79_001_234_567.0));
        cells.push("x");
        assert_eq!(cells.iter().collect::<Vec<_>>(), ["Иванов", "", "79001234567", "x"]);
        assert_eq!(cells.kind(0), CellKind::Text);
        assert_eq!(cells.kind(2), CellKind::Number(79_001_234_567.0));
        assert_eq!(cells.kind(3), CellKind::Text);
        assert_eq!(cells.text(9), "");
        cells.set_shown(2, "7 900 123-45-67");
        assert_eq!((cells.text(2), cells.shown(2), cells.shown(0)), ("79001234567", "7 900 123-45-67", "Иванов"));
    }
}
