//! A workbook's cell as text and kind: exact digits, ISO dates, restored zeros. Does not read the workbook.

use std::fmt::Write;

use calamine::{DataRef, ExcelDateTime};
use chrono::{Datelike, NaiveDate, NaiveDateTime, TimeDelta, Timelike};

use crate::model::CellKind;
use crate::model::text::disarm;

/// Serial numbers from here on are no dates in a spreadsheet program.
const DATE_SERIAL_END: f64 = 2_958_466.0;
/// Above this, numbers are no integers any more and their digits are made up.
const INTEGER_TEXT_MAX: f64 = 1e21;
/// Below this every whole number is a number of its own.
const EXACT_END: f64 = 9_007_199_254_740_992.0;

/// Appends the cell's text and tells its kind. An empty cell is `None`.
pub(super) fn append(text: &mut String, value: &DataRef<'_>, zero_padding: usize) -> Option<CellKind> {
    match value {
        DataRef::Empty => None,
        DataRef::String(value) => Some(append_text(text, value)),
        DataRef::SharedString(value) => Some(append_text(text, value)),
        DataRef::Float(number) => Some(append_number(text, *number, zero_padding)),
        #[allow(clippy::cast_precision_loss)]
        DataRef::Int(number) => {
            append_display(text, number);
            Some(CellKind::Number(*number as f64))
        }
        DataRef::Bool(value) => {
            text.push_str(if *value { "TRUE" } else { "FALSE" });
            Some(CellKind::Bool(*value))
        }
        DataRef::DateTime(date) => Some(append_date(text, date)),
        DataRef::DateTimeIso(iso) => Some(match parse_iso(iso) {
            Some(date) => append_iso(text, date),
            None => append_text(text, iso),
        }),
        DataRef::DurationIso(iso) => Some(append_text(text, iso)),
        DataRef::Error(error) => {
            append_display(text, error);
            Some(CellKind::Error)
        }
    }
}

fn append_display(text: &mut String, value: impl std::fmt::Display) {
    // Writing to a String does not fail.
    let _ = write!(text, "{value}");
}

fn append_text(text: &mut String, value: &str) -> CellKind {
    text.push_str(disarm(value));
    CellKind::Text
}

fn append_number(text: &mut String, number: f64, zero_padding: usize) -> CellKind {
    // Exact comparison is meant: the number is an integer or it is not.
    #[allow(clippy::float_cmp)]
    let is_integer = number == number.trunc() && number.abs() < INTEGER_TEXT_MAX;
    // Adding zero turns -0 into 0.
    let shown = number + 0.0;
    if is_integer && (0.0..EXACT_END).contains(&shown) {
        append_whole(text, shown as u64, zero_padding);
        return CellKind::Number(number);
    }
    let _ = if is_integer && shown >= 0.0 && zero_padding > 0 {
        write!(text, "{shown:0zero_padding$.0}")
    } else if is_integer {
        write!(text, "{shown:.0}")
    } else {
        write!(text, "{shown}")
    };
    CellKind::Number(number)
}

/// Appends a whole number of at least so many digits. Writing it as a float takes several times as long.
fn append_whole(text: &mut String, number: u64, width: usize) {
    let (mut digits, mut rest, mut at) = ([b'0'; 20], number, 20);
    while at == 20 || rest > 0 {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    text.extend(std::iter::repeat_n('0', width.saturating_sub(digits.len() - at)));
    text.push_str(std::str::from_utf8(&digits[at..]).unwrap_or(""));
}

fn append_date(text: &mut String, date: &ExcelDateTime) -> CellKind {
    let serial = date.as_f64();
    // Where days count from 1900, 60 is 1900-02-29, which spreadsheets have and the calendar has not, and what is below 1 is a time
    // without a day: a number is honest, another day is not. Where they count from 1904, both are days.
    let is_serial = date.is_datetime() && (0.0..DATE_SERIAL_END).contains(&serial);
    let is_day = |day: &NaiveDateTime| day.year() >= 1904 || serial >= 1.0 && !(60.0..61.0).contains(&serial);
    // The library's calendar takes no number of any size.
    match is_serial.then(|| date.as_datetime()).flatten().filter(is_day) {
        Some(date) => append_iso(text, date),
        None => append_number(text, serial, 0),
    }
}

/// Appends to the second, as a spreadsheet shows it: the fractions of serial numbers are rounding errors.
fn append_iso(text: &mut String, date: NaiveDateTime) -> CellKind {
    let date = date.checked_add_signed(TimeDelta::milliseconds(500)).and_then(|date| date.with_nanosecond(0)).unwrap_or(date);
    if date.year() < 0 {
        text.push('-');
    }
    append_whole(text, date.year().unsigned_abs().into(), 4);
    for (mark, number) in [('-', date.month()), ('-', date.day())] {
        text.push(mark);
        append_whole(text, number.into(), 2);
    }
    if date.num_seconds_from_midnight() > 0 {
        for (mark, number) in [('T', date.hour()), (':', date.minute()), (':', date.second())] {
            text.push(mark);
            append_whole(text, number.into(), 2);
        }
    }
    CellKind::Date(date)
}

fn parse_iso(iso: &str) -> Option<NaiveDateTime> {
    let iso = iso.trim().trim_end_matches('Z');
    NaiveDateTime::parse_from_str(iso, "%Y-%m-%dT%H:%M:%S%.f")
        .ok()
        .or_else(|| NaiveDate::parse_from_str(iso, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use calamine::{CellErrorType, ExcelDateTimeType};

    fn shown(value: &DataRef<'_>, zero_padding: usize) -> (String, Option<CellKind>) {
        let mut text = String::new();
        let kind = append(&mut text, value, zero_padding);
        (text, kind)
    }

    fn date(serial: f64, is_1904: bool) -> String {
        shown(&DataRef::DateTime(ExcelDateTime::new(serial, ExcelDateTimeType::DateTime, is_1904)), 0).0
    }

    #[test]
    fn numbers_keep_their_digits() {
        assert_eq!(shown(&DataRef::Float(79_001_234_567.0), 0).0, "79001234567");
        assert_eq!(shown(&DataRef::Float(770_708_389.0), 10).0, "0770708389");
        assert_eq!(shown(&DataRef::Float(1e20), 0).0, "100000000000000000000");
        assert_eq!(shown(&DataRef::Float(-0.0), 0).0, "0");
        assert_eq!(shown(&DataRef::Float(-0.0), 4).0, "0000");
        assert_eq!(shown(&DataRef::Float(9_007_199_254_740_991.0), 18).0, "009007199254740991");
        assert_eq!(shown(&DataRef::Float(-5.0), 4).0, "-5");
        assert_eq!(shown(&DataRef::Float(1234.5), 6).0, "1234.5");
    }

    #[test]
    fn dates_are_iso_and_no_day_is_invented() {
        assert_eq!(date(29_252.0, false), "1980-02-01");
        assert_eq!(date(29_252.5, false), "1980-02-01T12:00:00");
        assert_eq!(date(29_252.042_395_833, false), "1980-02-01T01:01:03");
        assert_eq!(date(2_958_465.0, false), "9999-12-31");
        assert_eq!(date(29_251.999_999_999, false), "1980-02-01");
        assert_eq!(date(27_790.0, true), "1980-02-01");
        assert_eq!(date(1.0, false), "1900-01-01");
        assert_eq!(date(60.0, false), "60");
        assert_eq!(date(61.0, false), "1900-03-01");
        assert_eq!(date(-1.0, false), "-1");
        assert_eq!((date(0.0, false), date(0.5, false)), ("0".into(), "0.5".into()));
        assert_eq!((date(0.0, true), date(60.0, true)), ("1904-01-01".into(), "1904-03-01".into()));
        assert_eq!(shown(&DataRef::DateTimeIso("2021-01-02T00:00:00".into()), 0).0, "2021-01-02");
    }

    #[test]
    fn errors_and_truth_values_are_named() {
        assert_eq!(shown(&DataRef::Error(CellErrorType::Ref), 0), ("#REF!".into(), Some(CellKind::Error)));
        assert_eq!(shown(&DataRef::Bool(true), 0), ("TRUE".into(), Some(CellKind::Bool(true))));
        assert_eq!(shown(&DataRef::SharedString("'+7"), 0), ("+7".into(), Some(CellKind::Text)));
        assert_eq!(shown(&DataRef::Empty, 0), (String::new(), None));
    }
}
