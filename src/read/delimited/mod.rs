//! Delimited text: CSV, TSV and their relatives in any encoding. Knows nothing about workbooks.

mod dialect;
mod double;
mod encoding;
mod lanes;
mod letters;
mod nature;
mod parse;
mod records;
mod rows;
mod text;
mod width;

use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use encoding_rs::Encoding;

use super::header::{self, Candidate, HEADER_ROWS_MAX, TwoRows};
use super::ours::Ours;
use super::source::{Pass, SourceFile};
use super::{Description, Format, Header, ReadError, ReadSettings, TextFindings};
use dialect::Sample;
use encoding::TextEncoding;
use parse::{Marks, Reach};
use records::Records;
use width::Width;

pub(super) use encoding::{byte_order_mark, is_utf_32};
pub(super) use rows::{DelimitedRows, scan};

/// What the encoding is told from.
const SAMPLE_BYTES: usize = 1 << 20;
/// What the delimiter is told from.
const DIALECT_SAMPLE_BYTES: usize = 64 << 10;

/// Records from which the columns of a file without header are counted.
const RECORDS_COUNTED: usize = 200;

/// How to read the file again.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    encoding: &'static Encoding,
    bom_bytes: u64,
    marks: Marks,
    /// The last line above the rows; 0 where they begin at once.
    header_line: u64,
    /// The cells of the header's rows, trimmed; empty where there is no header.
    header_rows: Arc<[Vec<String>]>,
    width: Width,
    /// Columns of an earlier report, which `width` counts and rows do not get.
    ours: Ours,
    reach: Reach,
}

impl Layout {
    /// The records of the file from its first line.
    fn records(&self, source: &SourceFile) -> Result<Records<Pass>, ReadError> {
        let mut file = source.open()?;
        file.seek(SeekFrom::Start(self.bom_bytes)).map_err(|error| source.failed(error))?;
        Ok(Records::new(file, self.encoding, self.marks, self.reach))
    }
}

/// Finds encoding, delimiter and header.
pub(super) fn open(
    source: &SourceFile,
    settings: &ReadSettings,
    is_header_word: &dyn Fn(&str) -> bool,
) -> Result<(Layout, Header, Description), ReadError> {
    let file_name = || source.name.to_string();
    let mut file = source.open()?;
    let sample = read_up_to(&mut file, SAMPLE_BYTES).map_err(|error| source.failed(error))?;
    let whole = sample.len() as u64 == source.bytes();
    let unmarked = settings.encoding_unmarked.as_ref().filter(|_| byte_order_mark(&sample).is_none());
    let text_encoding = match settings.encoding.as_ref().or(unmarked) {
        Some(name) => {
            named_encoding(name, &sample).ok_or_else(|| ReadError::EncodingUnknown { file: file_name(), name: name.clone() })?
        }
        None => detect_encoding(&mut file, &sample, whole).map_err(|error| source.failed(error))?,
    };
    let text_sample = sample.get(text_encoding.bom_bytes..).unwrap_or(&[]);
    if !looks_like_text(text_sample, text_encoding.encoding) {
        return Err(ReadError::Binary { file: file_name() });
    }
    let reach = Reach {
        cell_bytes_max: settings.cell_bytes_max,
        row_bytes_max: settings.row_bytes_max,
        cells_max: settings.cells_max.clamp(1, usize::from(u16::MAX)),
    };
    let first_line = first_line(text_sample, text_encoding.encoding);
    let named = dialect::named_by_first_line(&first_line);
    let given = match (settings.delimiter, named) {
        (Some(delimiter), _) => Some(
            u8::try_from(delimiter)
                .ok()
                .filter(|&byte| dialect::is_usable(byte))
                .ok_or_else(|| ReadError::DelimiterUnusable { file: file_name(), delimiter })?,
        ),
        (None, named) => named,
    };
    let dialect_sample = text_sample.get(..DIALECT_SAMPLE_BYTES).unwrap_or(text_sample);
    let sample = Sample {
        bytes: dialect_sample,
        whole: whole && dialect_sample.len() == text_sample.len(),
        encoding: text_encoding.encoding,
        reach,
    };
    let marks = dialect::sniff(sample, given, is_header_word);
    let mut layout = Layout {
        encoding: text_encoding.encoding,
        bom_bytes: text_encoding.bom_bytes as u64,
        marks,
        header_line: u64::from(named.is_some()),
        header_rows: Arc::new([]),
        width: Width::default(),
        ours: Ours::default(),
        reach,
    };
    let found = match settings.header_row {
        Some(0) => no_header(source, &layout)?,
        Some(_) | None => find_header(source, settings, &layout, named.is_some(), is_header_word)?,
    };
    layout.header_line = layout.header_line.max(found.line);
    layout.header_rows = found.rows.iter().map(|row| row.iter().map(|cell| cell.trim().to_owned()).collect()).collect();
    layout.width.columns = found.cells.len();
    layout.ours = found.ours;
    layout.width.overhang = rows::overhang(source, &layout)?;
    let header = Header { line: found.line, columns: header::names(layout.ours.without(&found.cells)) };
    let description = Description {
        format: Format::Delimited,
        encoding: Some(text_encoding.encoding.name()),
        encoding_confidence: text_encoding.confidence,
        byte_order_mark: text_encoding.bom_bytes > 0,
        delimiter: Some(char::from(marks.delimiter)),
        quote: Some(char::from(marks.quote)),
        header_line: found.line,
        preamble_lines: found.first_line.saturating_sub(1),
        sheet: None,
        sheets: Vec::new(),
        hidden_sheets: Vec::new(),
        text: TextFindings {
            encoding_percent: text_encoding.percent,
            encoding_runner_up: text_encoding.runner_up.map(Encoding::name),
            escape: marks.escape.map(char::from),
            header_rows: found.rows.len(),
        },
        hidden_rows: 0,
        notes: layout.ours.note().into_iter().collect(),
    };
    Ok((layout, header, description))
}

/// Where the names of the columns were found.
struct Found {
    /// Line of the header's first row, and of its last; 0 where there is none.
    first_line: u64,
    line: u64,
    /// Its rows as they stand there.
    rows: Vec<Vec<String>>,
    /// The names, not yet made addressable.
    cells: Vec<String>,
    /// Which of them are no names of the user's.
    ours: Ours,
}

impl Found {
    fn one_row(row: Candidate, ours: Ours) -> Self {
        Self { first_line: row.line, line: row.line, cells: row.cells.clone(), rows: vec![row.cells], ours }
    }
}

/// Columns without names, as many as most of the first records have cells.
fn no_header(source: &SourceFile, layout: &Layout) -> Result<Found, ReadError> {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    let mut records = layout.records(source)?;
    for _ in 0..RECORDS_COUNTED {
        if !records.advance().map_err(|error| source.failed(error))? {
            break;
        }
        let is_blank = (0..records.len()).all(|index| nature::is_empty(&records, index));
        if records.line > layout.header_line && !is_blank {
            *counts.entry(records.len()).or_default() += 1;
        }
    }
    let columns = counts.iter().max_by_key(|&(&cells, &count)| (count, cells)).map(|(&cells, _)| cells);
    let columns = columns.ok_or_else(|| ReadError::Empty { file: source.name.to_string() })?;
    Ok(Found { first_line: 0, line: 0, rows: Vec::new(), cells: vec![String::new(); columns], ours: Ours::default() })
}

fn find_header(
    source: &SourceFile,
    settings: &ReadSettings,
    layout: &Layout,
    skip_first_line: bool,
    is_header_word: &dyn Fn(&str) -> bool,
) -> Result<Found, ReadError> {
    let file = || source.name.to_string();
    let mut records = layout.records(source)?;
    let mut candidates: Vec<Candidate> = Vec::new();
    while records.advance().map_err(|error| source.failed(error))? {
        let cells = || (0..records.len()).map(|index| records.cell(index).into_owned()).collect::<Vec<_>>();
        if let Some(line) = settings.header_row {
            if records.line == line {
                let mut row = [Candidate { line, cells: cells() }];
                let ours = Ours::take_out(&mut row);
                let [row] = row;
                return Ok(Found::one_row(row, ours));
            }
            if records.line > line {
                break;
            }
            continue;
        }
        let cells = cells();
        if (skip_first_line && records.line == 1) || cells.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        candidates.push(Candidate { line: records.line, cells });
        if candidates.len() == HEADER_ROWS_MAX {
            break;
        }
    }
    if let Some(line) = settings.header_row {
        return Err(ReadError::HeaderRowMissing { file: file(), line });
    }
    if candidates.is_empty() {
        return Err(ReadError::Empty { file: file() });
    }
    let ours = Ours::take_out(&mut candidates);
    let not_found = || ReadError::HeaderNotFound { file: file(), looked_at: candidates.len() };
    let index = header::find(&candidates, is_header_word)
        .filter(|&index| !header::is_doubtful(&candidates, index, is_header_word))
        .ok_or_else(not_found)?;
    if let Some(TwoRows { upper, cells }) = header::two_rows(&candidates, index, is_header_word) {
        let mut rows = candidates.into_iter().skip(upper).take(2);
        if let (Some(first), Some(second)) = (rows.next(), rows.next()) {
            return Ok(Found { first_line: first.line, line: second.line, rows: vec![first.cells, second.cells], cells, ours });
        }
        return Err(ReadError::HeaderNotFound { file: file(), looked_at: 2 });
    }
    Ok(Found::one_row(candidates.swap_remove(index), ours))
}

fn named_encoding(name: &str, sample: &[u8]) -> Option<TextEncoding> {
    let encoding = encoding::by_name(name)?;
    let bom_bytes = byte_order_mark(sample).filter(|(marked, _)| *marked == encoding).map_or(0, |(_, bytes)| bytes);
    Some(TextEncoding::certain(encoding, bom_bytes))
}

/// The encoding by the sample; where that is plain ASCII, by the first place in the file that is not.
fn detect_encoding(file: &mut Pass, sample: &[u8], whole: bool) -> io::Result<TextEncoding> {
    if whole || !sample.is_ascii() || sample.contains(&0) {
        return Ok(encoding::detect(sample, whole));
    }
    loop {
        let mut later = read_up_to(file, SAMPLE_BYTES)?;
        if later.is_empty() {
            return Ok(encoding::detect(sample, true));
        }
        if !later.is_ascii() {
            // What follows completes a character that the sample's end may cut.
            later.extend(read_up_to(file, SAMPLE_BYTES)?);
            return Ok(TextEncoding { bom_bytes: 0, ..encoding::detect(&later, false) });
        }
    }
}

fn read_up_to(file: &mut Pass, bytes_max: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(bytes_max as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn first_line(sample: &[u8], encoding: &'static Encoding) -> String {
    let start = sample.get(..64).unwrap_or(sample);
    let (text, _) = encoding.decode_without_bom_handling(start);
    text.split(['\n', '\r']).next().unwrap_or("").to_owned()
}

/// Whether the decoded sample has no more control characters and misfits than damaged text has.
fn looks_like_text(sample: &[u8], encoding: &'static Encoding) -> bool {
    let (text, _) = encoding.decode_without_bom_handling(sample.get(..DIALECT_SAMPLE_BYTES).unwrap_or(sample));
    let is_odd = |ch: char| {
        (ch < ' ' && !matches!(ch, '\u{1}' | '\t' | '\n' | '\r' | '\u{c}' | '\u{1a}' | '\u{1b}' | '\u{1f}'))
            || ch == char::REPLACEMENT_CHARACTER
    };
    let (characters, odd) = text.chars().fold((0, 0), |(all, odd), ch| (all + 1, odd + usize::from(is_odd(ch))));
    odd * 10 <= characters
}
