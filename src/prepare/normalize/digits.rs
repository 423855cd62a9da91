//! The digits of a number of a register: separators dropped, everything else refused. Does not know any register.

use super::text::{is_dash, is_invisible, trim};
use super::{CellFault, Parsed, damage};
use crate::model::{CellKind, Code, Wording};

/// Digits that were found; those beyond the buffer are counted only.
pub(super) struct Digits {
    buffer: [u8; 32],
    count: usize,
}

impl Digits {
    /// The digits of a cell that holds a number and maybe blanks and dashes between its parts.
    pub(super) fn of_cell(text: &str, kind: CellKind) -> Parsed<Self> {
        if let Some(fault) = damage::check(text, kind) {
            return Err(fault);
        }
        let trimmed = trim(text);
        if trimmed.is_empty() {
            return Err(CellFault::empty());
        }
        Self::of_text(damage::integer_part(trimmed))
    }

    /// No digits yet.
    pub(super) fn empty() -> Self {
        Self { buffer: [0; 32], count: 0 }
    }

    fn of_text(text: &str) -> Parsed<Self> {
        let mut digits = Self::empty();
        let mut other = 0usize;
        for ch in text.chars() {
            if ch.is_ascii_digit() {
                digits.push(ch as u8);
            } else if ch.is_whitespace() || is_invisible(ch) || (is_dash(ch) && digits.count > 0) {
                // separators
            } else {
                other += 1;
            }
        }
        if other > 0 || digits.count == 0 {
            let message = Wording::DigitsAndOthers.with([digits.count.into(), other.into()]);
            return Err(CellFault::new(Code::NumberLetters, message));
        }
        Ok(digits)
    }

    /// Adds an ASCII digit at the right.
    pub(super) fn push(&mut self, digit: u8) {
        if let Some(place) = self.buffer.get_mut(self.count) {
            *place = digit;
        }
        self.count += 1;
    }

    /// How many digits were found.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The digits, when there are exactly as many.
    pub(super) fn exactly(&self, count: usize) -> Option<&str> {
        if self.count != count {
            return None;
        }
        self.buffer.get(..count).and_then(|digits| std::str::from_utf8(digits).ok())
    }

    /// Whether every digit is a zero.
    pub(super) fn all_zeros(&self) -> bool {
        self.buffer.iter().take(self.count).all(|&digit| digit == b'0')
    }
}
