//! The mapping file's date patterns, `DD.MM.YYYY` and the like. Not a language: letters, separators, nothing else.

use chrono::NaiveDate;

use super::{DateFormat, Order, TwoDigitYear};

/// Why a pattern cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the date pattern \"{pattern}\" is not understood; write D, M and Y with separators, for example \"DD.MM.YYYY\", \"MM/DD/YYYY\", \"YYYY-MM-DD\" or \"DD.MM.YY\""
)]
pub struct PatternError {
    pattern: String,
}

/// The format that a pattern such as `DD.MM.YYYY` describes. `today` is the last day that a year of two digits may give.
///
/// The separator of the pattern is not binding: a date in the same order with another one is read as well.
pub fn parse_pattern(pattern: &str, today: NaiveDate) -> Result<DateFormat, PatternError> {
    let error = || PatternError { pattern: pattern.to_owned() };
    let mut runs: Vec<(char, usize)> = Vec::with_capacity(3);
    let mut apart = true;
    for ch in pattern.trim().chars() {
        let letter = match ch {
            'D' | 'd' | 'Д' | 'д' => 'D',
            'M' | 'm' | 'М' | 'м' => 'M',
            'Y' | 'y' | 'Г' | 'г' => 'Y',
            '.' | '/' | '-' | ' ' => {
                apart = true;
                continue;
            }
            _ => return Err(error()),
        };
        match runs.last_mut() {
            Some((last, count)) if *last == letter && !apart => *count += 1,
            Some(_) | None => runs.push((letter, 1)),
        }
        apart = false;
    }
    let [(first, first_width), (second, second_width), (third, third_width)] = runs[..] else { return Err(error()) };
    let (order, year_width, other_widths) = match (first, second, third) {
        ('D', 'M', 'Y') => (Order::DayMonthYear, third_width, [first_width, second_width]),
        ('M', 'D', 'Y') => (Order::MonthDayYear, third_width, [first_width, second_width]),
        ('Y', 'M', 'D') => (Order::YearMonthDay, first_width, [second_width, third_width]),
        _ => return Err(error()),
    };
    let two_digit_year = match year_width {
        4 => TwoDigitYear::Refuse,
        2 => TwoDigitYear::Past { today },
        _ => return Err(error()),
    };
    if other_widths.iter().any(|width| *width > 2) {
        return Err(error());
    }
    Ok(DateFormat { order: Some(order), two_digit_year })
}
