//! Tells the delimiter from the beginning of a text. Quotes are always RFC 4180.

use std::collections::HashMap;
use std::io::Cursor;

use encoding_rs::Encoding;

use super::super::header::{Candidate, HEADER_ROWS_MAX, known_words};
use super::parse::Reach;
use super::records::Records;

/// What may be a delimiter, in the order in which it is preferred when nothing speaks for either.
pub(super) const DELIMITERS: [u8; 4] = [b';', b'\t', b'|', b','];

const RECORDS_MAX: usize = 200;

/// The delimiter that a first line `sep=;` names.
pub(super) fn named_by_first_line(first_line: &str) -> Option<u8> {
    let line = first_line.trim_end_matches(['\n', '\r']).trim_matches('"');
    let (name, rest) = line.split_at_checked(4)?;
    match (name.eq_ignore_ascii_case("sep="), rest.as_bytes()) {
        (true, &[delimiter]) if is_usable(delimiter) => Some(delimiter),
        (true | false, _) => None,
    }
}

/// Whether a byte can be told apart from text, quotes and line ends.
pub(super) fn is_usable(byte: u8) -> bool {
    byte.is_ascii() && !byte.is_ascii_alphanumeric() && !matches!(byte, b'"' | b'\n' | b'\r' | 0)
}

/// How well a delimiter divides the sample; more is better, in the order of the fields.
#[derive(PartialEq, PartialOrd)]
struct Score {
    /// Known header words in the best row, where there are at least two.
    header_words: usize,
    /// Share of the rows that have the most frequent number of cells.
    consistency: f64,
    cells: usize,
}

/// The delimiter under which the sample falls into rows of equal length, known header words first.
/// `whole` says that the sample is not cut off.
pub(super) fn sniff(
    sample: &[u8],
    whole: bool,
    encoding: &'static Encoding,
    reach: Reach,
    is_header_word: &dyn Fn(&str) -> bool,
) -> u8 {
    let mut best: Option<(Score, u8)> = None;
    for delimiter in DELIMITERS {
        let rows = first_rows(sample, whole, encoding, reach, delimiter);
        if rows.is_empty() {
            // Nothing but this delimiter and blanks.
            return delimiter;
        }
        let Some(score) = score(&rows, is_header_word) else { continue };
        if best.as_ref().is_none_or(|(so_far, _)| score > *so_far) {
            best = Some((score, delimiter));
        }
    }
    // A single column: any delimiter that does not occur divides it rightly.
    best.map_or_else(|| DELIMITERS.into_iter().find(|delimiter| !sample.contains(delimiter)).unwrap_or(b';'), |(_, found)| found)
}

fn first_rows(sample: &[u8], whole: bool, encoding: &'static Encoding, reach: Reach, delimiter: u8) -> Vec<Candidate> {
    let mut records = Records::new(Cursor::new(sample), encoding, delimiter, reach);
    let mut rows = Vec::new();
    // A slice does not fail to be read.
    while rows.len() <= RECORDS_MAX && records.advance().unwrap_or(false) {
        let cells: Vec<String> = (0..records.len()).map(|index| records.cell(index).into_owned()).collect();
        if cells.iter().any(|cell| !cell.trim().is_empty()) {
            rows.push(Candidate { line: records.line, cells });
        }
    }
    if !whole && rows.len() > 1 {
        rows.pop();
    }
    rows
}

fn score(rows: &[Candidate], is_header_word: &dyn Fn(&str) -> bool) -> Option<Score> {
    let mut counts: HashMap<usize, usize> = HashMap::new();
    for row in rows {
        *counts.entry(row.cells.len()).or_default() += 1;
    }
    let (cells, count) = counts.into_iter().max_by_key(|&(cells, count)| (count, cells))?;
    let first = rows.get(..HEADER_ROWS_MAX).unwrap_or(rows);
    let best =
        first.iter().map(|row| (known_words(&row.cells, is_header_word), row.cells.len())).max_by_key(|&(words, _)| words)?;
    // A known word alone on its line is the header of a single column, whose values may hold the delimiter.
    if cells < 2 || matches!(best, (1, 1)) {
        return None;
    }
    // Title lines above the table may be as many as its rows in a small file: known words decide alone.
    let header_words = if best.0 >= 2 { best.0 } else { 0 };
    #[allow(clippy::cast_precision_loss)]
    let consistency = count as f64 / rows.len() as f64;
    let divides_every_row = rows.iter().all(|row| row.cells.len() >= 2);
    (header_words > 0 || divides_every_row || consistency >= 0.5).then_some(Score { header_words, consistency, cells })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sniffed(text: &str) -> char {
        let reach = Reach { cell_bytes_max: 1000, row_bytes_max: 10_000, cells_max: 100 };
        char::from(sniff(text.as_bytes(), true, encoding_rs::UTF_8, reach, &|cell| ["имя", "инн"].contains(&cell)))
    }

    #[test]
    fn the_delimiter_that_makes_equal_rows_is_taken() {
        assert_eq!(sniffed("a;b;c\n1,5;2,5;3\n1,5;2,7;3,1\n"), ';');
        assert_eq!(sniffed("a,b\n1;2,3\n4,5;6\n"), ',');
        assert_eq!(sniffed("a\tb\nx, y\tz\n"), '\t');
        assert_eq!(sniffed("a|b|c\n1|2|3\n"), '|');
        assert_eq!(sniffed("a;\"b,c\nd,e\"\n1;2\n"), ';');
    }

    #[test]
    fn known_words_decide_and_single_columns_stay_whole() {
        assert_eq!(sniffed("Отчёт, выгрузка\nза март, 2026\nимя;инн\nА;1\n"), ';');
        assert_eq!(sniffed("имя\nИванов; Иван\nПетров\nСидоров\n"), '\t');
        assert_eq!(sniffed("имя\nИванов, Иван\nПетров, Пётр\nСидоров, Яков\n"), ';');
        assert_eq!(sniffed("id,name,age\n1101,John\n1102,Julie,26,Potatoes\n"), ',');
    }

    #[test]
    fn a_first_line_can_name_it() {
        assert_eq!(named_by_first_line("sep=;\r\n"), Some(b';'));
        assert_eq!(named_by_first_line("\"SEP=|\"\n"), Some(b'|'));
        assert_eq!(named_by_first_line("sep=\t"), Some(b'\t'));
        assert_eq!(named_by_first_line("sep=ab"), None);
        assert_eq!(named_by_first_line("отчёт"), None);
    }
}
