//! Calendar days in the forms people and spreadsheets write them. Whether a day is sensible for its field is judged elsewhere.

mod century;
mod evidence;
mod format;
mod pattern;
mod proof;
mod scan;

pub use century::TwoDigitYear;
pub use evidence::{ColumnEvidence, Form};
pub use format::{DateFormat, DayCount, Order, Orders, Separator};
pub use pattern::{PatternError, parse_pattern};
pub use proof::{Against, Decision, Dotted, GroupProof, Proof};

use chrono::{NaiveDate, NaiveTime};

use self::scan::{Numeric, Scan, Year, scan};
use super::{CellFault, Parsed, damage};
use crate::model::{CellKind, Code, Wording};

/// The day that a cell holds. Years have four digits unless the format allows two.
pub fn parse(text: &str, kind: CellKind, format: &DateFormat) -> Parsed<NaiveDate> {
    match kind {
        CellKind::Text => parse_text(text, format),
        CellKind::Number(number) => parse_number(text, number, format),
        CellKind::Date(at) if at.time() == NaiveTime::MIN => Ok(at.date()),
        CellKind::Date(_) => Err(has_time()),
        CellKind::Bool(_) => Err(unreadable(Wording::TruthNotDate)),
        CellKind::Error | CellKind::FormulaWithoutValue => {
            Err(damage::check_kind(kind).unwrap_or_else(|| unreadable(Wording::NoValue)))
        }
    }
}

/// Whether a text has the form of a date with its three parts.
#[must_use]
pub fn is_date_text(text: &str) -> bool {
    matches!(scan(text), Scan::Numeric(_) | Scan::Named { .. } | Scan::HasTime)
}

fn parse_text(text: &str, format: &DateFormat) -> Parsed<NaiveDate> {
    match scan(text) {
        Scan::Empty => Err(CellFault::empty()),
        Scan::Unreadable(why) => Err(unreadable(why)),
        Scan::HasTime => Err(has_time()),
        Scan::Compact { year, month, day } => day_of(year, month, day),
        Scan::Named { year: Year::Four(year), month, day } => day_of(year, month, day),
        Scan::Named { year: Year::Two(year), month, day } => format.two_digit_year.resolve(year, month, day),
        Scan::Numeric(numeric) => parse_numeric(&numeric, format),
        Scan::DayCount(count) => match format.day_count {
            DayCount::Refused => Err(unreadable(Wording::DayCount)),
            DayCount::From1900 | DayCount::From1904 => counted(f64::from(count), format.day_count),
        },
    }
}

fn parse_numeric(numeric: &Numeric, format: &DateFormat) -> Parsed<NaiveDate> {
    match *numeric {
        Numeric::YearFirst { year, month, day } => day_of(year, month, day),
        Numeric::YearLast { first, second, year, separator } => {
            let (month, day) = month_and_day(first, second, format.orders.of(separator))?;
            day_of(year, month, day)
        }
        Numeric::TwoDigits { first, second, third, separator } => {
            if format.orders.of(separator) == Some(Order::YearMonthDay) {
                return format.two_digit_year.resolve(first, second, third);
            }
            // The century is the graver doubt.
            if format.two_digit_year == TwoDigitYear::Refuse {
                return format.two_digit_year.resolve(third, second, first);
            }
            let (month, day) = month_and_day(first, second, format.orders.of(separator))?;
            format.two_digit_year.resolve(third, month, day)
        }
    }
}

fn month_and_day(first: u32, second: u32, order: Option<Order>) -> Parsed<(u32, u32)> {
    let conflict = |expected: Wording| {
        let message = Wording::OrderOfParts.with([expected.into()]);
        Err(CellFault::new(Code::DateOrderConflict, message))
    };
    match order {
        Some(Order::DayMonthYear) if second > 12 && (1..=12).contains(&first) => conflict(Wording::DayMonthYear),
        Some(Order::MonthDayYear) if first > 12 && (1..=12).contains(&second) => conflict(Wording::MonthDayYear),
        Some(Order::YearMonthDay) => conflict(Wording::YearMonthDay),
        Some(Order::DayMonthYear) => Ok((second, first)),
        Some(Order::MonthDayYear) => Ok((first, second)),
        None if first > 12 || first == second => Ok((second, first)),
        None if second > 12 => Ok((first, second)),
        None => Err(unreadable(Wording::OrderUnproven)),
    }
}

fn parse_number(text: &str, number: f64, format: &DateFormat) -> Parsed<NaiveDate> {
    const SERIAL_MAX: f64 = 73_050.0;
    if !(number.is_finite() && (1.0..=99_999_999.0).contains(&number)) {
        return Err(unreadable(Wording::NoSpreadsheetDate));
    }
    if number > SERIAL_MAX {
        // 19800201 typed as a number.
        return match scan(text) {
            Scan::Compact { year, month, day } if number.fract() == 0.0 => day_of(year, month, day),
            Scan::Numeric(numeric) => parse_numeric(&numeric, format),
            Scan::Named { .. } | Scan::Compact { .. } | Scan::Empty | Scan::HasTime | Scan::DayCount(_) | Scan::Unreadable(_) => {
                Err(unreadable(Wording::NoSpreadsheetDate))
            }
        };
    }
    let serial = number.trunc();
    if (1900.0..=2100.0).contains(&serial) && number.fract() == 0.0 {
        // As a serial it would be a day of 1905.
        return Err(unreadable(Wording::YearOnly));
    }
    if number.fract() != 0.0 {
        return Err(if serial > 2100.0 { has_time() } else { unreadable(Wording::DateFraction) });
    }
    counted(serial, format.day_count)
}

/// The day of a spreadsheet's count.
fn counted(serial: f64, count: DayCount) -> Parsed<NaiveDate> {
    let (epoch, days) = match (count, serial) {
        (DayCount::From1904, _) => (NaiveDate::from_ymd_opt(1904, 1, 1), serial),
        // Serial 60 is 29 February 1900, which spreadsheets have and the calendar has not; numbers before it are one day off.
        (DayCount::From1900 | DayCount::Refused, 60.0) => return Err(no_such_day()),
        (DayCount::From1900 | DayCount::Refused, early) if early < 60.0 => (NaiveDate::from_ymd_opt(1899, 12, 30), serial + 1.0),
        (DayCount::From1900 | DayCount::Refused, _) => (NaiveDate::from_ymd_opt(1899, 12, 30), serial),
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number in 1..=99999")]
    let days = chrono::Days::new(days as u64);
    epoch.and_then(|epoch| epoch.checked_add_days(days)).ok_or_else(no_such_day)
}

fn day_of(year: u32, month: u32, day: u32) -> Parsed<NaiveDate> {
    i32::try_from(year).ok().and_then(|year| NaiveDate::from_ymd_opt(year, month, day)).ok_or_else(no_such_day)
}

fn no_such_day() -> CellFault {
    CellFault::new(Code::DateNoSuchDay, Wording::NoSuchDay)
}

fn has_time() -> CellFault {
    CellFault::new(Code::DateHasTime, Wording::TimeOfDay)
}

fn unreadable(why: Wording) -> CellFault {
    CellFault::new(Code::DateUnreadable, why)
}

#[cfg(test)]
mod tests;
