//! Tells delimiter, quote and escape from the beginning of a text. Finds no header; known words only help to choose.

use std::collections::HashMap;
use std::io::Cursor;

use encoding_rs::Encoding;

use super::super::header::{Candidate, HEADER_ROWS_MAX, known_words};
use super::parse::{Marks, Reach};
use super::records::{Flaws, Records};

/// What may be a delimiter, in the order in which it is preferred when nothing speaks for either.
pub(super) const DELIMITERS: [u8; 4] = [b';', b'\t', b'|', b','];

/// What mainframes (unit separator) and Hive (U+0001) write, and some old systems: tried where none of the usual ones divides the
/// rows. Others have to be named.
const RARE_DELIMITERS: [u8; 4] = [b'^', b'~', 0x1f, 0x01];

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

/// What is told from a sample.
#[derive(Clone, Copy)]
pub(super) struct Sample<'a> {
    pub(super) bytes: &'a [u8],
    /// Whether it is not cut off.
    pub(super) whole: bool,
    pub(super) encoding: &'static Encoding,
    pub(super) reach: Reach,
}

/// How well marks divide the sample; more is better, in the order of the fields.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
struct Score {
    /// Known header words in the best row, where there are at least two.
    header_words: usize,
    /// Share of the rows that have the most frequent number of cells, less where cells look badly cut.
    fit: f64,
    cells: usize,
}

/// What the fit loses when every cell looks badly cut.
const BADLY_CUT: f64 = 0.3;

/// The marks under which the sample falls into rows of equal length, known header words first. A delimiter that is known is kept.
pub(super) fn sniff(sample: Sample<'_>, delimiter: Option<u8>, is_header_word: &dyn Fn(&str) -> bool) -> Marks {
    let (text, _) = sample.encoding.decode_without_bom_handling(sample.bytes);
    let mut best: Option<(Score, Marks)> = None;
    let usual = delimiter.as_ref().map_or(&DELIMITERS[..], std::slice::from_ref);
    let rare = if delimiter.is_none() { &RARE_DELIMITERS[..] } else { &[] };
    for delimiters in [usual, rare] {
        for &delimiter in delimiters {
            for marks in variants(&text, delimiter) {
                let rows = first_rows(sample, marks);
                if rows.is_empty() {
                    // Nothing but this delimiter and blanks.
                    return Marks::usual(delimiter);
                }
                let Some(score) = score(&rows, marks, is_header_word) else { continue };
                if best.as_ref().is_none_or(|(so_far, _)| score > *so_far) {
                    best = Some((score, marks));
                }
            }
        }
        if best.is_some() {
            break;
        }
    }
    // A single column: any delimiter that does not occur divides it rightly.
    let absent = || DELIMITERS.into_iter().find(|&delimiter| !text.contains(char::from(delimiter))).unwrap_or(b';');
    best.map_or_else(|| Marks::usual(delimiter.unwrap_or_else(absent)), |(_, marks)| marks)
}

/// The usual marks first, and others only where the text gives a reason.
fn variants(text: &str, delimiter: u8) -> Vec<Marks> {
    let usual = Marks::usual(delimiter);
    let delimiter = char::from(delimiter);
    let has = |first: char, second: char| text.contains([first, second].iter().collect::<String>().as_str());
    let mut variants = vec![usual];
    if has('\\', '"') || has('\\', delimiter) {
        variants.push(Marks { escape: Some(b'\\'), ..usual });
    }
    if is_wrapped(text, delimiter) {
        variants.push(Marks { quote: b'\'', ..usual });
        if has('\\', '\'') {
            variants.push(Marks { quote: b'\'', escape: Some(b'\\'), ..usual });
        }
    }
    variants
}

/// Cells in single quotes without which these are apostrophes.
const WRAPPED_MIN: usize = 4;

/// Whether cells stand in single quotes as a rule: as many begin with one as end with one, and none begins with a double quote.
fn is_wrapped(text: &str, delimiter: char) -> bool {
    let (mut begins, mut ends) = (0, 0);
    for cell in text.split([delimiter, '\n', '\r']) {
        let cell = cell.trim();
        if cell.starts_with('"') {
            return false;
        }
        begins += usize::from(cell.len() > 1 && cell.starts_with('\''));
        ends += usize::from(cell.len() > 1 && cell.ends_with('\''));
    }
    begins >= WRAPPED_MIN && begins == ends
}

/// A row of the sample, with what is wrong with it.
struct Sampled {
    row: Candidate,
    flaws: Flaws,
}

fn first_rows(sample: Sample<'_>, marks: Marks) -> Vec<Sampled> {
    let mut records = Records::new(Cursor::new(sample.bytes), sample.encoding, marks, sample.reach);
    let mut rows = Vec::new();
    // A slice does not fail to be read.
    while rows.len() <= RECORDS_MAX && records.advance().unwrap_or(false) {
        let cells: Vec<String> = (0..records.len()).map(|index| records.cell(index).into_owned()).collect();
        if cells.iter().any(|cell| !cell.trim().is_empty()) {
            rows.push(Sampled { row: Candidate { line: records.line, cells }, flaws: records.flaws });
        }
    }
    if !sample.whole && rows.len() > 1 {
        rows.pop();
    }
    let is_comment = |sampled: &Sampled| sampled.row.cells.first().is_some_and(|cell| cell.trim_start().starts_with('#'));
    if !rows.iter().all(is_comment) {
        rows.retain(|sampled| !is_comment(sampled));
    }
    rows
}

fn score(rows: &[Sampled], marks: Marks, is_header_word: &dyn Fn(&str) -> bool) -> Option<Score> {
    let mut counts: HashMap<usize, usize> = HashMap::new();
    for sampled in rows {
        *counts.entry(sampled.row.cells.len()).or_default() += 1;
    }
    let (cells, count) = counts.into_iter().max_by_key(|&(cells, count)| (count, cells))?;
    let first = rows.get(..HEADER_ROWS_MAX).unwrap_or(rows);
    let words = |sampled: &Sampled| (known_words(&sampled.row.cells, is_header_word), sampled.row.cells.len());
    let best = first.iter().map(words).max_by_key(|&(words, _)| words)?;
    // A known word alone on its line is the header of a single column, whose values may hold the delimiter.
    if cells < 2 || matches!(best, (1, 1)) {
        return None;
    }
    // Title lines above the table may be as many as its rows in a small file: known words decide alone.
    let header_words = if best.0 >= 2 { best.0 } else { 0 };
    let divides_every_row = rows.iter().all(|sampled| sampled.row.cells.len() >= 2);
    #[allow(clippy::cast_precision_loss)]
    let share = |part: usize| part as f64 / rows.len() as f64;
    let consistency = share(count);
    let fit = consistency * (1.0 - BADLY_CUT * share(rows.iter().filter(|sampled| is_badly_cut(sampled, marks)).count()));
    (header_words > 0 || divides_every_row || consistency >= 0.5).then_some(Score { header_words, fit, cells })
}

/// Whether quotes do not add up, or a cell holds a delimiter of another kind without a blank behind it, or quotes of another kind
/// around it.
fn is_badly_cut(sampled: &Sampled, marks: Marks) -> bool {
    let Flaws { unclosed_quote, stray_quote, .. } = sampled.flaws;
    let other_quote = if marks.quote == b'"' { '\'' } else { '"' };
    unclosed_quote.is_some()
        || stray_quote.is_some()
        || sampled.row.cells.iter().any(|cell| {
            let cell = cell.trim();
            let wrapped = cell.len() > 1 && cell.starts_with(other_quote) && cell.ends_with(other_quote);
            let escaped = marks.escape.is_none() && (cell.contains("\\\"") || cell.ends_with('\\'));
            wrapped
                || escaped
                || [b';', b'\t', b'|'].into_iter().any(|other| other != marks.delimiter && holds_tightly(cell, other))
        })
}

fn holds_tightly(cell: &str, mark: u8) -> bool {
    cell.as_bytes().windows(2).any(|pair| pair[0] == mark && pair[1] != b' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sniffed(text: &str) -> char {
        let reach = Reach { cell_bytes_max: 1000, row_bytes_max: 10_000, cells_max: 100 };
        char::from(marks(text, reach).delimiter)
    }

    fn marks(text: &str, reach: Reach) -> Marks {
        let sample = Sample { bytes: text.as_bytes(), whole: true, encoding: encoding_rs::UTF_8, reach };
        sniff(sample, None, &|cell| ["имя", "инн"].contains(&cell))
    }

    #[test]
    fn quotes_and_escapes_are_taken_where_they_fit_better() {
        let told = |text: &str| {
            let marks = marks(text, Reach { cell_bytes_max: 1000, row_bytes_max: 10_000, cells_max: 100 });
            (char::from(marks.delimiter), char::from(marks.quote), marks.escape.map(char::from))
        };
        assert_eq!(told("a,b\n\"1, 2\",x\n\"say \"\"no\"\"\",y\n"), (',', '"', None));
        assert_eq!(told("a,b\n\"say \\\"no, no\\\"\",x\n\"z\",y\n"), (',', '"', Some('\\')));
        assert_eq!(told("a,b\nKind\\, Das,1\nWelt\\, Die,2\nx,3\n"), (',', '"', Some('\\')));
        assert_eq!(told("'a','b'\n'1, 2','x'\n'3','y'\n"), (',', '\'', None));
        assert_eq!(told("a;b\n'1';'x'\n'3';'y'\n"), (';', '\'', None));
        // An apostrophe before a number, a name or a folder is no quote and no escape.
        assert_eq!(told("a;b\n'+7900;x\n't Hooft;y\n"), (';', '"', None));
        assert_eq!(told("a;b\n\"C:\\dir\\\";x\nC:\\;y\n"), (';', '"', None));
        assert_eq!(told("1,5;2,5;3\n1,7;2,7;4\n"), (';', '"', None));
    }

    #[test]
    fn the_delimiter_that_makes_equal_rows_is_taken() {
        assert_eq!(sniffed("a;b;c\n1,5;2,5;3\n1,5;2,7;3,1\n"), ';');
        assert_eq!(sniffed("a,b\n1;2,3\n4,5;6\n"), ',');
        assert_eq!(sniffed("a\tb\nx, y\tz\n"), '\t');
        assert_eq!(sniffed("a|b|c\n1|2|3\n"), '|');
        assert_eq!(sniffed("a;\"b,c\nd,e\"\n1;2\n"), ';');
        assert_eq!((sniffed("a\u{1f}b\n1\u{1f}2\n"), sniffed("a\u{1}b\n1\u{1}2\n")), ('\u{1f}', '\u{1}'));
        assert_eq!((sniffed("a^b^c\n1^2^3\n"), sniffed("имя~инн\nА~1\n"), sniffed("a^b;c\n1^2;3\n")), ('^', '~', ';'));
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
