//! Control sums of columns that the user chose: exact decimals, by what became of the rows. Cells that are no certain number are
//! counted and not guessed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::{CellKind, Outcome, Prepared};

/// Digits behind the decimal mark that are added exactly.
const SCALE_MAX: u32 = 12;
/// Digits before it.
const WHOLE_DIGITS_MAX: usize = 18;

/// A column whose cells are added up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlColumn {
    /// Its name in the header row.
    pub name: String,
    /// Its position among the source's columns.
    pub column: u16,
}

/// What a column adds up to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControlSum {
    /// Name of the column.
    pub column: String,
    /// The sum of all cells that are numbers; none where it passes what can be added exactly.
    pub sum: Option<String>,
    /// The same by what became of the rows.
    pub by_outcome: BTreeMap<String, Option<String>>,
    /// Cells that were added.
    pub numbers: u64,
    /// Cells that hold nothing.
    pub blank: u64,
    /// Cells like `1,234`, whose mark may stand before decimals or thousands; they are not in the sum.
    pub ambiguous: u64,
    /// Cells that are no numbers.
    pub not_numbers: u64,
}

/// A column's sums in the making.
#[derive(Clone, Debug)]
pub(in crate::report) struct Adding {
    column: ControlColumn,
    sums: [Sum; Outcome::ALL.len()],
    numbers: u64,
    blank: u64,
    ambiguous: u64,
    not_numbers: u64,
}

impl Adding {
    pub(in crate::report) fn new(column: ControlColumn) -> Self {
        Self { column, sums: [Sum::default(); Outcome::ALL.len()], numbers: 0, blank: 0, ambiguous: 0, not_numbers: 0 }
    }

    pub(in crate::report) fn row(&mut self, prepared: &Prepared, outcome: Outcome) {
        let (cells, column) = (&prepared.row.cells, usize::from(self.column.column));
        match read(cells.text(column), cells.kind(column)) {
            Reading::Number(number) => {
                self.numbers += 1;
                self.sums[outcome as usize].add(number);
            }
            Reading::Blank => self.blank += 1,
            Reading::Ambiguous => self.ambiguous += 1,
            Reading::NotNumber => self.not_numbers += 1,
        }
    }

    pub(in crate::report) fn end(self) -> ControlSum {
        let mut all = Sum::default();
        let mut by_outcome = BTreeMap::new();
        for outcome in Outcome::ALL {
            let sum = self.sums[outcome as usize];
            all.join(sum);
            if sum.cells > 0 {
                by_outcome.insert(outcome.as_str().to_owned(), sum.text());
            }
        }
        ControlSum {
            column: self.column.name,
            sum: all.text(),
            by_outcome,
            numbers: self.numbers,
            blank: self.blank,
            ambiguous: self.ambiguous,
            not_numbers: self.not_numbers,
        }
    }
}

/// A decimal: units of ten to the minus scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Number {
    units: i128,
    scale: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    units: i128,
    scale: u32,
    cells: u64,
    overflown: bool,
}

impl Sum {
    fn add(&mut self, number: Number) {
        self.cells += 1;
        let scale = self.scale.max(number.scale);
        let at_scale = |units: i128, from: u32| units.checked_mul(10_i128.checked_pow(scale - from)?);
        let sum = at_scale(self.units, self.scale).zip(at_scale(number.units, number.scale));
        match sum.and_then(|(sum, number)| sum.checked_add(number)) {
            Some(units) => (self.units, self.scale) = (units, scale),
            None => self.overflown = true,
        }
    }

    fn join(&mut self, other: Self) {
        let cells = self.cells + other.cells;
        self.overflown |= other.overflown;
        self.add(Number { units: other.units, scale: other.scale });
        self.cells = cells;
    }

    fn text(self) -> Option<String> {
        if self.overflown {
            return None;
        }
        let digits = format!("{:0width$}", self.units.unsigned_abs(), width = self.scale as usize + 1);
        let (whole, fraction) = digits.split_at(digits.len() - self.scale as usize);
        let fraction = fraction.trim_end_matches('0');
        let sign = if self.units < 0 { "-" } else { "" };
        Some(if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    Number(Number),
    Blank,
    Ambiguous,
    NotNumber,
}

/// Reads a cell as people write amounts: groups of three behind blanks, dots, commas or apostrophes, one decimal mark.
fn read(text: &str, kind: CellKind) -> Reading {
    let text = text.trim();
    if text.is_empty() {
        return if kind == CellKind::FormulaWithoutValue { Reading::NotNumber } else { Reading::Blank };
    }
    let (negative, text) = match text.strip_prefix(['-', '−']) {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let is_number_cell = match kind {
        CellKind::Number(_) => true,
        CellKind::Text => false,
        CellKind::Date(_) | CellKind::Bool(_) | CellKind::Error | CellKind::FormulaWithoutValue => return Reading::NotNumber,
    };
    let (whole, fraction) = match marks(text, is_number_cell) {
        Marks::Decimal(at) => (text.get(..at).unwrap_or(""), text.get(at + 1..).unwrap_or("")),
        Marks::None => (text, ""),
        Marks::Ambiguous => return Reading::Ambiguous,
        Marks::Wrong => return Reading::NotNumber,
    };
    let Some(whole) = ungrouped(whole) else { return Reading::NotNumber };
    let fraction = fraction.trim_end_matches('0');
    let fits = whole.len() <= WHOLE_DIGITS_MAX && fraction.len() <= SCALE_MAX as usize;
    if !fits || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return Reading::NotNumber;
    }
    match format!("{whole}{fraction}").parse::<i128>() {
        Ok(units) => {
            // At most 12 digits, as was just checked.
            let scale = u32::try_from(fraction.len()).unwrap_or(SCALE_MAX);
            Reading::Number(Number { units: if negative { -units } else { units }, scale })
        }
        Err(_) => Reading::NotNumber,
    }
}

enum Marks {
    None,
    Decimal(usize),
    Ambiguous,
    Wrong,
}

/// Where the decimal mark stands.
fn marks(text: &str, is_number_cell: bool) -> Marks {
    let (dots, commas) = (text.matches('.').count(), text.matches(',').count());
    let (mark, others) = match (text.rfind('.'), text.rfind(',')) {
        (None, None) => return Marks::None,
        (Some(dot), Some(comma)) if dot > comma => (dot, dots - 1),
        (Some(_), Some(comma)) => (comma, commas - 1),
        // One kind, several times: all of them part thousands.
        (Some(_), None) if dots > 1 => return Marks::None,
        (None, Some(_)) if commas > 1 => return Marks::None,
        (Some(mark), None) | (None, Some(mark)) => {
            let (before, behind) = (text.get(..mark).unwrap_or(""), text.get(mark + 1..).unwrap_or(""));
            let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            // Behind `0` or a group of its own no thousands follow.
            let may_be_group = behind.len() == 3 && digits(before) && before.len() <= 3 && !before.starts_with('0');
            return if may_be_group && !is_number_cell { Marks::Ambiguous } else { Marks::Decimal(mark) };
        }
    };
    if others > 0 { Marks::Wrong } else { Marks::Decimal(mark) }
}

/// The digits of a whole part without what parts its groups; `None` where groups are not of three.
fn ungrouped(text: &str) -> Option<String> {
    if text.is_empty() {
        // `.5`
        return Some("0".to_owned());
    }
    let parts_groups = |ch: char| matches!(ch, ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '\'' | '’' | '.' | ',');
    let groups: Vec<&str> = text.split(parts_groups).collect();
    let all_digits = groups.iter().all(|group| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit()));
    let of_three = groups.len() == 1
        || (groups.iter().skip(1).all(|group| group.len() == 3) && groups.first().is_some_and(|group| group.len() <= 3));
    let separators: std::collections::BTreeSet<char> = text.chars().filter(|ch| parts_groups(*ch)).collect();
    if !all_digits || !of_three || separators.len() > 1 {
        return None;
    }
    let digits = groups.concat();
    let digits = digits.trim_start_matches('0');
    Some(if digits.is_empty() { "0".to_owned() } else { digits.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number(text: &str) -> String {
        match read(text, CellKind::Text) {
            Reading::Number(number) => {
                let mut sum = Sum::default();
                sum.add(number);
                sum.text().unwrap()
            }
            Reading::Blank => "blank".to_owned(),
            Reading::Ambiguous => "ambiguous".to_owned(),
            Reading::NotNumber => "no".to_owned(),
        }
    }

    #[test]
    fn cells_are_read_as_people_write_amounts() {
        for (text, expected) in [
            ("0", "0"),
            ("007", "7"),
            ("-5", "-5"),
            ("−5,50", "-5.5"),
            ("+12.34", "12.34"),
            ("1 234,56", "1234.56"),
            ("1\u{a0}234\u{a0}567.8", "1234567.8"),
            ("1,234,567", "1234567"),
            ("1.234.567,89", "1234567.89"),
            ("1,234.5", "1234.5"),
            ("1'234.50", "1234.5"),
            (".5", "0.5"),
            ("0.125", "0.125"),
            ("1234.125", "1234.125"),
            ("1.234", "ambiguous"),
            ("100,500", "ambiguous"),
            ("", "blank"),
            ("  ", "blank"),
            ("12 руб.", "no"),
            ("1 23", "no"),
            ("1.2.3", "no"),
            ("1,23,4.5", "no"),
            ("1e3", "no"),
            ("(5)", "no"),
            ("--5", "no"),
            ("1234567890123456789", "no"),
            ("0.1234567890123", "no"),
        ] {
            assert_eq!(number(text), expected, "{text:?}");
        }
        assert!(matches!(read("100.125", CellKind::Number(100.125)), Reading::Number(Number { units: 100_125, scale: 3 })));
        assert_eq!(read("TRUE", CellKind::Bool(true)), Reading::NotNumber);
    }

    proptest! {
        #[test]
        fn sums_are_exact(cells in prop::collection::vec((-1_000_000_000_i64..1_000_000_000, 0_u32..4), 0..50)) {
            let mut sum = Sum::default();
            let mut thousandths = 0_i128;
            for &(units, scale) in &cells {
                sum.add(Number { units: units.into(), scale });
                thousandths += i128::from(units) * 10_i128.pow(3 - scale);
            }
            let text = sum.text().unwrap();
            let (sign, text) = text.strip_prefix('-').map_or((1, text.as_str()), |text| (-1, text));
            let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
            let back: i128 = format!("{whole}{fraction:0<3}").parse().unwrap();
            prop_assert_eq!(sign * back, thousandths);
        }

        #[test]
        fn nothing_makes_it_panic(text in "\\PC{0,24}") {
            let _ = read(&text, CellKind::Text);
        }
    }
}
