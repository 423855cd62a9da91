//! Calendar days in the forms people and spreadsheets write them. Whether a day is sensible for its field is judged elsewhere.

mod evidence;
mod pattern;
mod scan;

pub use evidence::{ColumnEvidence, Proof};
pub use pattern::{PatternError, parse_pattern};

use chrono::{Datelike, NaiveDate, NaiveTime};

use self::scan::{Numeric, Scan, Separator, Year, scan};
use super::{CellFault, Parsed, damage};
use crate::model::{CellKind, Code};

/// In which order day, month and year stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// 01.02.1980 is the first of February.
    DayMonthYear,
    /// 01/02/1980 is the second of January.
    MonthDayYear,
    /// 1980-02-01.
    YearMonthDay,
}

/// What a year of two digits means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TwoDigitYear {
    /// It is a fault.
    Refuse,
    /// The latest year with these digits in which the date is not after `today`.
    Past {
        /// The last day that the date can be; for birth dates, today less the clients' least age.
        today: NaiveDate,
    },
}

/// How the dates of a column are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateFormat {
    /// The order, where the column or the mapping proves one. Without it only dates that prove themselves are read,
    /// and dotted ones as day, month, year.
    pub order: Option<Order>,
    /// What a year of two digits means.
    pub two_digit_year: TwoDigitYear,
}

/// The day that a cell holds. Years have four digits unless the format allows two.
pub fn parse(text: &str, kind: CellKind, format: &DateFormat) -> Parsed<NaiveDate> {
    match kind {
        CellKind::Text => parse_text(text, format),
        CellKind::Number(number) => parse_number(text, number, format),
        CellKind::Date(at) if at.time() == NaiveTime::MIN => Ok(at.date()),
        CellKind::Date(_) => Err(has_time()),
        CellKind::Bool(_) => Err(unreadable("is a truth value, expected a date")),
        CellKind::Error | CellKind::FormulaWithoutValue => {
            Err(damage::check_kind(kind).unwrap_or_else(|| unreadable("is no value")))
        }
    }
}

fn parse_text(text: &str, format: &DateFormat) -> Parsed<NaiveDate> {
    match scan(text) {
        Scan::Empty => Err(CellFault::empty()),
        Scan::Unreadable(why) => Err(unreadable(why)),
        Scan::HasTime => Err(has_time()),
        Scan::Compact { year, month, day } => day_of(year, month, day),
        Scan::Named { year: Year::Four(year), month, day } => day_of(year, month, day),
        Scan::Named { year: Year::Two(year), month, day } => two_digit(year, month, day, format),
        Scan::Numeric(numeric) => parse_numeric(&numeric, format),
    }
}

fn parse_numeric(numeric: &Numeric, format: &DateFormat) -> Parsed<NaiveDate> {
    match *numeric {
        Numeric::YearFirst { year, month, day } => day_of(year, month, day),
        Numeric::YearLast { first, second, year, separator } => {
            let (month, day) = month_and_day(first, second, separator, format.order)?;
            day_of(year, month, day)
        }
        Numeric::TwoDigits { first, second, third, separator } => {
            if format.order == Some(Order::YearMonthDay) {
                return two_digit(first, second, third, format);
            }
            // The century is the graver doubt.
            if format.two_digit_year == TwoDigitYear::Refuse {
                return two_digit(third, second, first, format);
            }
            let (month, day) = month_and_day(first, second, separator, format.order)?;
            two_digit(third, month, day, format)
        }
    }
}

fn month_and_day(first: u32, second: u32, separator: Separator, order: Option<Order>) -> Parsed<(u32, u32)> {
    let conflict = |expected: &str| {
        let message = format!("the parts fit only another order than the column's, {expected}");
        Err(CellFault::new(Code::DateOrderConflict, message))
    };
    match order {
        Some(Order::DayMonthYear) if second > 12 && (1..=12).contains(&first) => conflict("day, month, year"),
        Some(Order::MonthDayYear) if first > 12 && (1..=12).contains(&second) => conflict("month, day, year"),
        Some(Order::YearMonthDay) => conflict("year, month, day"),
        Some(Order::DayMonthYear) => Ok((second, first)),
        Some(Order::MonthDayYear) => Ok((first, second)),
        None if first > 12 || first == second => Ok((second, first)),
        None if second > 12 => Ok((first, second)),
        None => match separator {
            Separator::Dot => Ok((second, first)),
            Separator::Slash | Separator::Dash | Separator::Blank => {
                Err(unreadable("day and month could be either way round, and the column does not prove their order"))
            }
        },
    }
}

fn parse_number(text: &str, number: f64, format: &DateFormat) -> Parsed<NaiveDate> {
    const SERIAL_MAX: f64 = 73_050.0;
    if !(number.is_finite() && (1.0..=99_999_999.0).contains(&number)) {
        return Err(unreadable("is a number that is no spreadsheet date"));
    }
    if number > SERIAL_MAX {
        // 19800201 typed as a number.
        return match scan(text) {
            Scan::Compact { year, month, day } if number.fract() == 0.0 => day_of(year, month, day),
            Scan::Numeric(numeric) => parse_numeric(&numeric, format),
            Scan::Named { .. } | Scan::Compact { .. } | Scan::Empty | Scan::HasTime | Scan::Unreadable(_) => {
                Err(unreadable("is a number that is no spreadsheet date"))
            }
        };
    }
    let serial = number.trunc();
    if (1900.0..=2100.0).contains(&serial) && number.fract() == 0.0 {
        // As a serial it would be a day of 1905.
        return Err(unreadable("is a year only, expected day, month and year"));
    }
    if number.fract() != 0.0 {
        return Err(if serial > 2100.0 { has_time() } else { unreadable("is a number with a fraction, expected a date") });
    }
    // Serial 60 is 29 February 1900, which spreadsheets have and the calendar has not; numbers before it are one day off.
    let days = match serial {
        60.0 => return Err(no_such_day()),
        early if early < 60.0 => serial + 1.0,
        _ => serial,
    };
    let epoch = NaiveDate::from_ymd_opt(1899, 12, 30).unwrap_or_default();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number in 1..=73050")]
    let days = chrono::Days::new(days as u64);
    epoch.checked_add_days(days).ok_or_else(no_such_day)
}

fn two_digit(year: u32, month: u32, day: u32, format: &DateFormat) -> Parsed<NaiveDate> {
    match format.two_digit_year {
        TwoDigitYear::Refuse => Err(CellFault::new(Code::DateTwoDigitYear, "the year has 2 digits, expected 4")),
        TwoDigitYear::Past { today } => {
            let century = u32::try_from(today.year()).unwrap_or(0) / 100 * 100;
            let this_year = u32::try_from(today.year()).unwrap_or(0);
            let in_this_century = (century + year, month, day) <= (this_year, today.month(), today.day());
            day_of(if in_this_century { century + year } else { (century + year).saturating_sub(100) }, month, day)
        }
    }
}

fn day_of(year: u32, month: u32, day: u32) -> Parsed<NaiveDate> {
    i32::try_from(year).ok().and_then(|year| NaiveDate::from_ymd_opt(year, month, day)).ok_or_else(no_such_day)
}

fn no_such_day() -> CellFault {
    CellFault::new(Code::DateNoSuchDay, "there is no such day in the calendar")
}

fn has_time() -> CellFault {
    CellFault::new(Code::DateHasTime, "has a time of day other than midnight, expected a date alone")
}

fn unreadable(why: &str) -> CellFault {
    CellFault::new(Code::DateUnreadable, why)
}

#[cfg(test)]
mod tests;
