//! What a record behind the header is: a client, or one of the lines that reports and people put among them.
//! Judges by form and by words of layout; nothing here is dropped, each is named as a fault.

use std::io::Read;

use super::records::Records;
use crate::model::{Code, Wording};

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nature {
    /// A row like the others.
    Client,
    /// Nothing but blanks.
    Blank,
    /// A line behind `#`.
    Comment,
    /// The column names again, as at the top of a printed page.
    RepeatedHeader,
    /// A total or another closing line.
    Total,
}

impl Nature {
    /// The fault that names it, with what is said about it.
    pub(super) fn fault(self) -> Option<(Code, Wording)> {
        match self {
            Self::Client | Self::Blank => None,
            Self::Comment => Some((Code::RowComment, Wording::RowIsComment)),
            Self::RepeatedHeader => Some((Code::RowRepeatedHeader, Wording::RowIsHeader)),
            Self::Total => Some((Code::RowTotal, Wording::RowIsTotal)),
        }
    }
}

/// Words that totals and closing lines begin with, in small letters.
const CLOSING_WORDS: &[&str] = &[
    "итого",
    "итог",
    "всего",
    "подытог",
    "в итоге",
    "количество записей",
    "количество клиентов",
    "количество строк",
    "число записей",
    "число клиентов",
    "число строк",
    "записей",
    "строк",
    "сумма",
    "конец отчёта",
    "конец отчета",
    "конец файла",
    "конец списка",
    "total",
    "totals",
    "subtotal",
    "sub-total",
    "grand total",
    "sum",
    "row count",
    "record count",
    "number of rows",
    "number of records",
    "rows",
    "records",
    "end of report",
    "end of file",
];
/// Bytes of a cell that may be a closing line.
const CLOSING_BYTES_MAX: usize = 200;

/// Judges the present record. `header_rows` are the header's cells, trimmed, one list for each of its rows.
#[inline]
pub(super) fn of<R: Read>(records: &Records<R>, columns: usize, header_rows: &[Vec<String>]) -> Nature {
    let Some(first) = (0..records.len()).find(|&index| !is_empty(records, index)) else { return Nature::Blank };
    let cell = records.cell(first);
    let text = cell.trim();
    if first == 0 && text.starts_with('#') && is_comment(records, columns) {
        return Nature::Comment;
    }
    let names = |row: &&Vec<String>| row.get(first).is_some_and(|name| name == text);
    if let Some(row) = header_rows.iter().find(names)
        && repeats(records, row)
    {
        return Nature::RepeatedHeader;
    }
    if may_close(text) && is_total(records, first, columns, text) { Nature::Total } else { Nature::Client }
}

/// Whether a cell holds nothing but blanks.
#[inline]
pub(super) fn is_empty<R: Read>(records: &Records<R>, index: usize) -> bool {
    let cell = records.cell(index);
    cell.is_empty() || cell.trim().is_empty()
}

/// A row whose first column holds `#1` has all its cells; a comment has not. In a single column the two look the same.
fn is_comment<R: Read>(records: &Records<R>, columns: usize) -> bool {
    columns > 1 && (records.len() != columns || (1..records.len()).all(|index| is_empty(records, index)))
}

fn repeats<R: Read>(records: &Records<R>, names: &[String]) -> bool {
    (0..records.len().max(names.len())).all(|index| records.cell(index).trim() == names.get(index).map_or("", String::as_str))
}

/// A quick look at the first letter.
#[inline]
fn may_close(text: &str) -> bool {
    let small = text.chars().next().map(|ch| ch.to_lowercase().next().unwrap_or(ch));
    small.is_some_and(|ch| matches!(ch, 'и' | 'в' | 'п' | 'к' | 'ч' | 'з' | 'с' | 't' | 's' | 'g' | 'r' | 'n' | 'e'))
}

fn is_total<R: Read>(records: &Records<R>, first: usize, columns: usize, text: &str) -> bool {
    let (mut filled, mut numbers) = (1, 0);
    for index in first + 1..records.len() {
        let cell = records.cell(index);
        let cell = cell.trim();
        if cell.chars().any(|ch| ch.is_alphabetic()) {
            return false;
        }
        filled += usize::from(!cell.is_empty());
        numbers += usize::from(cell.chars().any(|ch| ch.is_ascii_digit()));
    }
    // Somebody may be called so: then the row has the cells of a client.
    let sparse = columns == 1 || filled < columns;
    sparse && text.len() <= CLOSING_BYTES_MAX && begins_with_closing_word(text, numbers == 0 && columns == 1)
}

fn begins_with_closing_word(text: &str, needs_number: bool) -> bool {
    let small = text.to_lowercase();
    let small = small.trim_start_matches(|ch: char| !ch.is_alphabetic());
    CLOSING_WORDS.iter().any(|word| {
        small.strip_prefix(word).is_some_and(|rest| {
            rest.chars().next().is_none_or(|ch| !ch.is_alphanumeric())
                && (!needs_number || rest.is_empty() || rest.chars().any(|ch| ch.is_ascii_digit()))
        })
    })
}
