//! Cells of comma-separated lines (RFC 4180, UTF-8, `\n`), written without allocating. Knows nothing about rows.

use chrono::{DateTime, Datelike, Timelike, Utc};

use crate::model::text::arm;

/// Bytes that make quotes necessary.
fn needs_quotes(byte: u8) -> bool {
    matches!(byte, b',' | b'"' | b'\n' | b'\r')
}

/// A cell of text from outside: inert in spreadsheet programs, quoted where necessary.
pub(super) fn cell(out: &mut Vec<u8>, text: &str) {
    raw_cell(out, &arm(text));
}

/// A cell of text that is already inert, quoted where necessary.
pub(super) fn raw_cell(out: &mut Vec<u8>, text: &str) {
    if text.bytes().any(needs_quotes) {
        out.push(b'"');
        in_quotes(out, text);
        out.push(b'"');
    } else {
        out.extend_from_slice(text.as_bytes());
    }
}

/// Text inside a quoted cell.
pub(super) fn in_quotes(out: &mut Vec<u8>, text: &str) {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('"') {
        out.extend_from_slice(before.as_bytes());
        out.extend_from_slice(b"\"\"");
        rest = after;
    }
    out.extend_from_slice(rest.as_bytes());
}

/// A whole number.
pub(super) fn number(out: &mut Vec<u8>, number: u64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    let mut rest = number;
    loop {
        at -= 1;
        // A remainder of 10 fits a byte.
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// A number with leading zeros up to the width.
fn padded(out: &mut Vec<u8>, value: u32, width: usize) {
    let start = out.len();
    number(out, u64::from(value));
    for _ in (out.len() - start)..width {
        out.insert(start, b'0');
    }
}

/// A time in milliseconds since 1970 as RFC 3339 in UTC, `2026-05-04T03:02:01.007Z`; nothing for a time beyond the calendar.
pub(super) fn time(out: &mut Vec<u8>, ms: i64) {
    let Some(time) = DateTime::<Utc>::from_timestamp_millis(ms) else { return };
    let Ok(year) = u32::try_from(time.year()) else { return };
    for (value, width, sign) in [
        (year, 4, b'-'),
        (time.month(), 2, b'-'),
        (time.day(), 2, b'T'),
        (time.hour(), 2, b':'),
        (time.minute(), 2, b':'),
        (time.second(), 2, b'.'),
        (time.timestamp_subsec_millis(), 3, b'Z'),
    ] {
        padded(out, value, width);
        out.push(sign);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn cells_are_quoted_only_where_necessary() {
        for (text, expected) in [
            ("", ""),
            ("Иванов", "Иванов"),
            ("a;b", "a;b"),
            ("a,b", "\"a,b\""),
            ("a\"b\"", "\"a\"\"b\"\"\""),
            ("a\nb", "\"a\nb\""),
            ("a\r", "\"a\r\""),
            ("=1,2", "\"'=1,2\""),
            ("\tx", "'\tx"),
        ] {
            assert_eq!(written(|out| cell(out, text)), expected);
        }
    }

    #[test]
    fn numbers_and_times_are_written_in_full() {
        for value in [0, 7, 10, 409, 1_000_000, u64::MAX] {
            assert_eq!(written(|out| number(out, value)), value.to_string());
        }
        assert_eq!(written(|out| time(out, 0)), "1970-01-01T00:00:00.000Z");
        assert_eq!(written(|out| time(out, 1_777_863_721_007)), "2026-05-04T03:02:01.007Z");
        assert_eq!(written(|out| time(out, i64::MAX)), "");
    }
}
