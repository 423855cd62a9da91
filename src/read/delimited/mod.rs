//! Delimited text: CSV, TSV and their relatives in any encoding. Knows nothing about workbooks.

mod dialect;
mod encoding;
mod parse;
mod records;
mod rows;
mod text;
mod width;

use std::io::{self, Read, Seek, SeekFrom};

use encoding_rs::Encoding;

use super::header::{self, Candidate, HEADER_ROWS_MAX};
use super::source::{Pass, SourceFile};
use super::{Confidence, Description, Format, Header, ReadError, ReadSettings};
use encoding::TextEncoding;
use parse::Reach;
use records::Records;
use width::Width;

pub(super) use encoding::{byte_order_mark, is_utf_32};
pub(super) use rows::{DelimitedRows, scan};

/// What the encoding is told from.
const SAMPLE_BYTES: usize = 1 << 20;
/// What the delimiter is told from.
const DIALECT_SAMPLE_BYTES: usize = 64 << 10;

/// How to read the file again.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    encoding: &'static Encoding,
    bom_bytes: u64,
    delimiter: u8,
    header_line: u64,
    width: Width,
    reach: Reach,
}

impl Layout {
    /// The records of the file from its first line.
    fn records(&self, source: &SourceFile) -> Result<Records<Pass>, ReadError> {
        let mut file = source.open()?;
        file.seek(SeekFrom::Start(self.bom_bytes)).map_err(|error| source.failed(error))?;
        Ok(Records::new(file, self.encoding, self.delimiter, self.reach))
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
    let delimiter = match (settings.delimiter, named) {
        (Some(delimiter), _) => u8::try_from(delimiter)
            .ok()
            .filter(|&byte| dialect::is_usable(byte))
            .ok_or_else(|| ReadError::DelimiterUnusable { file: file_name(), delimiter })?,
        (None, Some(named)) => named,
        (None, None) => {
            let dialect_sample = text_sample.get(..DIALECT_SAMPLE_BYTES).unwrap_or(text_sample);
            let whole = whole && dialect_sample.len() == text_sample.len();
            dialect::sniff(dialect_sample, whole, text_encoding.encoding, reach, is_header_word)
        }
    };
    let mut layout = Layout {
        encoding: text_encoding.encoding,
        bom_bytes: text_encoding.bom_bytes as u64,
        delimiter,
        header_line: 0,
        width: Width::default(),
        reach,
    };
    let found = find_header(source, settings, &layout, named.is_some(), is_header_word)?;
    layout.header_line = found.line;
    layout.width.columns = found.cells.len();
    layout.width.overhang = rows::overhang(source, &layout)?;
    let header = Header { line: found.line, columns: header::names(found.cells.iter().map(String::as_str)) };
    let description = Description {
        format: Format::Delimited,
        encoding: Some(text_encoding.encoding.name()),
        encoding_confidence: text_encoding.confidence,
        byte_order_mark: text_encoding.bom_bytes > 0,
        delimiter: Some(char::from(delimiter)),
        quote: Some('"'),
        header_line: found.line,
        preamble_lines: found.line.saturating_sub(1),
        sheet: None,
        sheets: Vec::new(),
        hidden_sheets: Vec::new(),
        hidden_rows: 0,
        notes: Vec::new(),
    };
    Ok((layout, header, description))
}

fn find_header(
    source: &SourceFile,
    settings: &ReadSettings,
    layout: &Layout,
    skip_first_line: bool,
    is_header_word: &dyn Fn(&str) -> bool,
) -> Result<Candidate, ReadError> {
    let file = || source.name.to_string();
    let mut records = layout.records(source)?;
    let mut candidates: Vec<Candidate> = Vec::new();
    while records.advance().map_err(|error| source.failed(error))? {
        let cells = || (0..records.len()).map(|index| records.cell(index).into_owned()).collect::<Vec<_>>();
        if let Some(line) = settings.header_row {
            if records.line == line {
                return Ok(Candidate { line, cells: cells() });
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
    match header::find(&candidates, is_header_word) {
        Some(index) => Ok(candidates.swap_remove(index)),
        None => Err(ReadError::HeaderNotFound { file: file(), looked_at: candidates.len() }),
    }
}

fn named_encoding(name: &str, sample: &[u8]) -> Option<TextEncoding> {
    let encoding = encoding::by_name(name)?;
    let bom_bytes = byte_order_mark(sample).filter(|(marked, _)| *marked == encoding).map_or(0, |(_, bytes)| bytes);
    Some(TextEncoding { encoding, bom_bytes, confidence: Confidence::Certain })
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
        (ch < ' ' && !matches!(ch, '\t' | '\n' | '\r' | '\u{c}' | '\u{1a}' | '\u{1b}')) || ch == char::REPLACEMENT_CHARACTER
    };
    let (characters, odd) = text.chars().fold((0, 0), |(all, odd), ch| (all + 1, odd + usize::from(is_odd(ch))));
    odd * 10 <= characters
}
