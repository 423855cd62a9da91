//! What the cells of a column have in common, and which of them a spreadsheet bent away from it: lost zeros, dates made of house
//! numbers, digits cut after the fifteenth. One pass, counts only; judges columns of texts and identifiers, not of dates or amounts.

use super::{CellFault, is_scientific};
use crate::model::{CellKind, Code, Wording};
use crate::prepare::normalize::date::is_date_text;
use crate::prepare::normalize::text::trim;

/// Digits after which lengths are no longer told apart.
const LENGTH_MAX: usize = 32;
/// What a spreadsheet keeps of a number.
const KEPT_DIGITS: usize = 15;
/// Numbers that make a habit.
const NUMBERS_MIN: u64 = 10;
/// Parts of 100 that have the habitual length. Of numbers with uniform first digits a tenth begins with a zero.
const SAME_LENGTH_PERCENT: u64 = 85;
/// Zeros that a number can lose.
const LOST_ZEROS_MAX: usize = 3;
/// A house, a flat, a number: short and with a digit in front.
const SHORT_BYTES_MAX: usize = 16;

/// Counts over the cells of one column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HabitEvidence {
    filled: u64,
    dates: u64,
    truths: u64,
    errors: u64,
    scientific: u64,
    short_numbers: u64,
    zero_tails: u64,
    long_numbers: u64,
    lengths: [u64; LENGTH_MAX + 1],
}

impl Default for HabitEvidence {
    fn default() -> Self {
        Self {
            filled: 0,
            dates: 0,
            truths: 0,
            errors: 0,
            scientific: 0,
            short_numbers: 0,
            zero_tails: 0,
            long_numbers: 0,
            lengths: [0; LENGTH_MAX + 1],
        }
    }
}

impl HabitEvidence {
    /// Takes a cell into account.
    pub fn observe(&mut self, text: &str, kind: CellKind) {
        let text = trim(text);
        match kind {
            CellKind::Text if text.is_empty() => return,
            CellKind::Date(_) => self.dates += 1,
            CellKind::Bool(_) => self.truths += 1,
            CellKind::Error | CellKind::FormulaWithoutValue => self.errors += 1,
            CellKind::Text | CellKind::Number(_) => {
                if let Some(digits) = digits(text) {
                    if let Some(count) = self.lengths.get_mut(digits.len().min(LENGTH_MAX)) {
                        *count += 1;
                    }
                    self.long_numbers += u64::from(digits.len() > KEPT_DIGITS);
                    self.zero_tails += u64::from(has_zero_tail(digits));
                } else if is_date_text(text) || is_day_and_month(text) {
                    self.dates += 1;
                } else {
                    self.scientific += u64::from(is_shown_scientific(text));
                    self.errors += u64::from(super::is_error_word(text));
                }
                self.short_numbers += u64::from(is_short_number(text));
            }
        }
        self.filled += 1;
    }

    /// Cells that hold something.
    #[must_use]
    pub fn filled(&self) -> u64 {
        self.filled
    }

    /// What the column's cells have in common.
    #[must_use]
    pub fn habit(&self) -> Habit {
        let numbers: u64 = self.lengths.iter().sum();
        let usual = self.lengths.iter().enumerate().skip(4).max_by_key(|(_, count)| **count);
        let length = usual
            .filter(|(length, count)| {
                *length < LENGTH_MAX && numbers >= NUMBERS_MIN && **count * 100 >= numbers * SAME_LENGTH_PERCENT
            })
            .map(|(length, count)| UsualLength { digits: length, percent: count * 100 / numbers.max(1) });
        let rest = self.filled.saturating_sub(self.dates + self.truths);
        Habit {
            length,
            dates_are_damage: self.dates * 2 < self.filled,
            truths_are_damage: self.truths * 2 < self.filled,
            holds_short_numbers: rest > 0 && self.short_numbers * 100 >= rest * 80,
            zero_tails_are_damage: self.zero_tails >= 4 && self.zero_tails * 2 > self.long_numbers,
        }
    }

    /// What the column seems to have suffered, by kind, for people: how many cells of each. `fixed_width` is whether its numbers
    /// should all be of one length.
    #[must_use]
    pub fn damages(&self, fixed_width: bool) -> Vec<(&'static str, u64)> {
        let habit = self.habit();
        let lost = match habit.length.filter(|_| fixed_width) {
            Some(usual) => (1..=LOST_ZEROS_MAX)
                .filter_map(|lost| usual.digits.checked_sub(lost).and_then(|length| self.lengths.get(length)))
                .sum(),
            None => 0,
        };
        let when = |is: bool, count: u64| if is { count } else { 0 };
        [
            ("error_cells", self.errors),
            ("scientific_notation", self.scientific),
            ("lost_zeros", lost),
            ("digits_cut", when(habit.zero_tails_are_damage, self.zero_tails)),
            ("turned_into_dates", when(habit.dates_are_damage && habit.holds_short_numbers, self.dates)),
            ("turned_into_truth_values", when(habit.truths_are_damage, self.truths)),
        ]
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .collect()
    }
}

/// How long the numbers of a column are as a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct UsualLength {
    digits: usize,
    percent: u64,
}

/// What the cells of a column have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Habit {
    length: Option<UsualLength>,
    dates_are_damage: bool,
    truths_are_damage: bool,
    holds_short_numbers: bool,
    zero_tails_are_damage: bool,
}

impl Habit {
    /// What a spreadsheet did to a cell of the column. `fixed_width` is whether its numbers should all be of one length.
    #[must_use]
    pub fn check(&self, text: &str, kind: CellKind, fixed_width: bool) -> Option<CellFault> {
        let text = trim(text);
        match kind {
            CellKind::Date(_) if self.dates_are_damage => {
                return Some(CellFault::new(Code::CellNotText, Wording::DateAmongOthers));
            }
            CellKind::Bool(_) if self.truths_are_damage => {
                return Some(CellFault::new(Code::CellNotText, Wording::TruthAmongOthers));
            }
            CellKind::Error | CellKind::FormulaWithoutValue => return super::check_kind(kind),
            CellKind::Date(_) | CellKind::Bool(_) => return None,
            CellKind::Text | CellKind::Number(_) => {}
        }
        let Some(digits) = digits(text) else { return self.check_other(text) };
        if digits.len() > KEPT_DIGITS {
            let is_cut = has_zero_tail(digits) && (self.zero_tails_are_damage || digits.len() >= KEPT_DIGITS + 3);
            let is_inexact = match kind {
                CellKind::Number(number) => has_zero_tail(digits) || number.abs() >= super::EXACT_MAX,
                CellKind::Text | CellKind::Date(_) | CellKind::Bool(_) | CellKind::Error | CellKind::FormulaWithoutValue => false,
            };
            return (is_cut || is_inexact).then(|| {
                let message = Wording::OnlyFirstKept.with([digits.len().into()]);
                CellFault::new(Code::CellDigitsLost, message)
            });
        }
        let usual = self.length.filter(|_| fixed_width)?;
        let is_short = digits.len() < usual.digits && digits.len() + LOST_ZEROS_MAX >= usual.digits;
        is_short.then(|| {
            let message = Wording::ShorterThanColumn.with([digits.len().into(), usual.percent.into(), usual.digits.into()]);
            CellFault::new(Code::CellZerosLost, message)
        })
    }

    fn check_other(&self, text: &str) -> Option<CellFault> {
        if super::is_error_word(text) {
            return Some(CellFault::new(Code::CellError, Wording::ErrorOfSpreadsheet));
        }
        if is_shown_scientific(text) {
            let message = Wording::ScientificText;
            return Some(CellFault::new(Code::CellScientific, message));
        }
        let is_day = self.dates_are_damage && (is_day_and_month(text) || self.holds_short_numbers && is_date_text(text));
        is_day.then(|| {
            let message = Wording::DateMadeOfNumber;
            CellFault::new(Code::CellNotText, message)
        })
    }
}

/// The digits of a text that holds nothing else.
fn digits(text: &str) -> Option<&str> {
    let text = super::integer_part(text);
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}

fn has_zero_tail(digits: &str) -> bool {
    digits.len() > KEPT_DIGITS && digits.bytes().skip(KEPT_DIGITS).all(|digit| digit == b'0')
}

fn is_short_number(text: &str) -> bool {
    text.len() <= SHORT_BYTES_MAX && text.starts_with(|ch: char| ch.is_ascii_digit())
}

/// `1,23E+11` as spreadsheets show it, and no document's number such as `12E5`.
fn is_shown_scientific(text: &str) -> bool {
    text.contains('+') && is_scientific(text)
}

/// `12.мар`, `мар.12`, `3-Dec`, `Dec-03`: a house `12/3` or a code `3-12` that a spreadsheet took for a day.
fn is_day_and_month(text: &str) -> bool {
    const MONTHS: [&str; 26] = [
        "янв", "фев", "мар", "апр", "май", "мая", "июн", "июл", "авг", "сен", "окт", "ноя", "дек", "jan", "feb", "mar", "apr",
        "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", "sept",
    ];
    if text.len() > SHORT_BYTES_MAX {
        return false;
    }
    let Some((first, second)) = text.split_once(['.', '-']) else { return false };
    let is_number = |part: &str| (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_month = |part: &str| MONTHS.contains(&part.trim_end_matches('.').to_lowercase().as_str());
    is_number(first) && is_month(second) || is_month(first) && is_number(second)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence<'a>(cells: impl IntoIterator<Item = &'a str>) -> HabitEvidence {
        let mut evidence = HabitEvidence::default();
        cells.into_iter().for_each(|cell| evidence.observe(cell, CellKind::Text));
        evidence
    }

    fn code(evidence: &HabitEvidence, text: &str, fixed_width: bool) -> Option<Code> {
        evidence.habit().check(text, CellKind::Text, fixed_width).map(|fault| fault.code)
    }

    #[test]
    fn shorter_numbers_than_nearly_all_others_lost_their_zeros() {
        let column = evidence([
            "101000", "123456", "", "010203", "190000", "603000", "170100", "02134", "344000", "420000", "630000", "614000",
        ]);
        assert_eq!(code(&column, "02134", true), Some(Code::CellZerosLost));
        assert_eq!(code(&column, "002134", true), None);
        assert_eq!(code(&column, "12", true), None);
        // Own numbers grow: the shorter are only older.
        assert_eq!(code(&column, "02134", false), None);
        assert_eq!(code(&evidence(["101000", "02134", "344000"]), "02134", true), None);
        assert_eq!(column.damages(true), [("lost_zeros", 1)]);
    }

    #[test]
    fn houses_that_became_days_are_told_from_dates() {
        let houses = evidence(["12", "7а", "12/3", "12.мар", "101 корп. 2", "5", "3-Dec"]);
        for text in ["12.мар", "мар.12", "3-Dec", "Dec-03", "12.03.2026"] {
            assert_eq!(code(&houses, text, false), Some(Code::CellNotText), "{text}");
        }
        for text in ["12", "12/3", "7а", "12-14", "12.5", "маркет", "ул. Мира"] {
            assert_eq!(code(&houses, text, false), None, "{text}");
        }
        let days = evidence(["12.мар", "13.апр", "1.май"]);
        assert_eq!(code(&days, "12.мар", false), None);
        let notes = evidence(["позвонить", "12.03.2026", "перезвонить", "нет"]);
        assert_eq!(code(&notes, "12.03.2026", false), None);
    }

    #[test]
    fn zeros_after_the_fifteenth_digit_are_a_cut() {
        let accounts = evidence(["40702810900000012345", "40817810099910000000"]);
        assert_eq!(code(&accounts, "40817810099910000000", false), Some(Code::CellDigitsLost));
        assert_eq!(code(&accounts, "40702810900000012345", false), None);
        assert_eq!(code(&accounts, "4276380012345670", false), None);
        assert_eq!(code(&accounts, "4,07028E+19", false), Some(Code::CellScientific));
        assert_eq!(code(&accounts, "12E5", false), None);
    }
}
