//! Records of a text with their lines and flaws, one after the other. Does not know which of them is the header.

use std::borrow::Cow;
use std::io::{self, Read};

use encoding_rs::Encoding;

use super::parse::{self, Dialect, Marks, Parsed, Reach, Record, Span};
use super::text::TextReader;
use crate::model::text::disarm;

/// What is wrong with a record as text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flaws {
    /// The cell whose quote is not closed.
    pub(super) unclosed_quote: Option<usize>,
    /// The cell with a quote inside that is not doubled.
    pub(super) stray_quote: Option<usize>,
    pub(super) too_long: bool,
    pub(super) bad_bytes: bool,
    /// Whether a sign of double encoding stands in it; the cells have to be asked.
    pub(super) twice: bool,
}

/// A pass over the records of a text. The cells of the present record are read from here.
pub(super) struct Records<R> {
    text: TextReader<R>,
    dialect: Dialect,
    reach: Reach,
    spans: Vec<Span>,
    /// Where the next record begins in the window.
    next: usize,
    /// Line on which the present record begins, from 1.
    pub(super) line: u64,
    next_line: u64,
    /// Cells of the header; 0 while it is not known.
    pub(super) columns: usize,
    pub(super) flaws: Flaws,
    /// Positions of cells that are taken for empty, whatever they hold.
    pub(super) unread: Vec<usize>,
    /// The cells' text, where the window does not hold it any more.
    detached: Option<String>,
}

impl<R: Read> Records<R> {
    pub(super) fn new(input: R, encoding: &'static Encoding, marks: Marks, reach: Reach) -> Self {
        Self {
            text: TextReader::new(input, encoding),
            dialect: Dialect::new(marks),
            reach,
            spans: Vec::new(),
            next: 0,
            line: 0,
            next_line: 1,
            columns: 0,
            flaws: Flaws::default(),
            unread: Vec::new(),
            detached: None,
        }
    }

    pub(super) fn text(&self) -> &TextReader<R> {
        &self.text
    }

    /// Goes to the next record; false when there is none.
    pub(super) fn advance(&mut self) -> io::Result<bool> {
        let found = self.find_next()?;
        for &cell in &self.unread {
            if let Some(span) = self.spans.get_mut(cell) {
                span.end = span.start;
            }
        }
        Ok(found)
    }

    fn find_next(&mut self) -> io::Result<bool> {
        self.line = self.next_line;
        self.flaws = Flaws::default();
        self.detached = None;
        let mut literal_from = None;
        loop {
            let window = self.text.window().as_bytes();
            let ended = self.text.ended();
            if ended && self.next >= window.len() {
                self.spans.clear();
                return Ok(false);
            }
            match parse::record(window, self.next, ended, &self.dialect, self.reach, literal_from, &mut self.spans) {
                Parsed::Record(record) => {
                    if literal_from.is_none()
                        && let Some(cell) = self.swallowing_cell(&record)
                    {
                        literal_from = Some(cell);
                        continue;
                    }
                    self.take(&record, literal_from);
                    return Ok(true);
                }
                Parsed::Unclosed(cell) => literal_from = Some(cell),
                Parsed::More => {
                    self.text.advance(self.next)?;
                    self.next = 0;
                }
                Parsed::Endless => {
                    self.endless(literal_from)?;
                    return Ok(true);
                }
            }
        }
    }

    fn take(&mut self, record: &Record, literal_from: Option<usize>) {
        self.flaws.unclosed_quote = literal_from;
        self.flaws.stray_quote = record.stray_quote;
        self.flaws.too_long = record.too_long || record.next - self.next > self.reach.row_bytes_max;
        self.flaws.bad_bytes = self.text.is_bad(self.next, record.next);
        self.flaws.twice = self.text.is_twice(self.next, record.next);
        self.next_line += record.line_ends;
        self.next = record.next;
    }

    /// The cell that holds whole rows in its quotes: the record does not fit the header, and a line inside the cell does.
    fn swallowing_cell(&self, record: &Record) -> Option<usize> {
        let cell = record.multiline?;
        if self.columns < 2 || self.spans.len() == self.columns {
            return None;
        }
        let span = self.spans.get(cell)?;
        let text = self.text.window().as_bytes().get(span.start..span.end)?;
        let mut lines = text.split(|&byte| byte == b'\n').skip(1);
        let delimiters = |line: &[u8]| line.iter().filter(|&&byte| byte == self.dialect.marks.delimiter).count();
        // The last line is cut by the quote, so it is no witness.
        let mut line = lines.next()?;
        for following in lines {
            if delimiters(line) + 1 == self.columns {
                return Some(cell);
            }
            line = following;
        }
        None
    }

    /// Keeps the cells within reach of a line that is longer, and goes behind its end.
    fn endless(&mut self, literal_from: Option<usize>) -> io::Result<()> {
        let mut kept = self.text.window().get(self.next..).unwrap_or("").len().min(self.reach.row_bytes_max);
        while !self.text.window().is_char_boundary(self.next + kept) {
            kept -= 1;
        }
        let limit = self.next + kept;
        self.spans.retain(|span| span.start < limit);
        for span in &mut self.spans {
            span.end = span.end.min(limit);
        }
        self.flaws = Flaws { unclosed_quote: literal_from, too_long: true, ..Flaws::default() };
        self.flaws.bad_bytes = self.text.is_bad(self.next, limit);
        self.flaws.twice = self.text.is_twice(self.next, limit);
        self.detach();
        let mut from = limit;
        loop {
            let window = self.text.window().as_bytes();
            let ended = self.text.ended();
            let end = from + window.get(from..).unwrap_or(&[]).iter().take_while(|byte| !matches!(byte, b'\n' | b'\r')).count();
            // A carriage return is judged together with what follows it.
            let undecided = end + 1 >= window.len() && window.get(end) != Some(&b'\n');
            if undecided && !ended {
                self.text.advance(end)?;
                from = 0;
                continue;
            }
            let ending = if window.get(end..end + 2) == Some(b"\r\n") { 2 } else { usize::from(end < window.len()) };
            self.next = end + ending;
            self.next_line += u64::from(ending > 0);
            return Ok(());
        }
    }

    /// Copies the cells out of the window, which is about to move on.
    fn detach(&mut self) {
        let mut copy = String::new();
        for span in &mut self.spans {
            let start = copy.len();
            copy.push_str(self.text.window().get(span.start..span.end).unwrap_or(""));
            *span = Span { start, end: copy.len(), coded: span.coded };
        }
        self.detached = Some(copy);
    }

    /// Cells of the present record.
    pub(super) fn len(&self) -> usize {
        self.spans.len()
    }

    /// Bytes from the first cell to the last: enough for all of their text.
    pub(super) fn text_bytes(&self) -> usize {
        match (self.spans.first(), self.spans.last()) {
            (Some(first), Some(last)) => last.end - first.start,
            (_, _) => 0,
        }
    }

    /// A cell's text without what [`crate::model::text::arm`] put in front; empty for a cell that is not there.
    #[inline]
    pub(super) fn cell(&self, index: usize) -> Cow<'_, str> {
        let Some(span) = self.spans.get(index) else { return Cow::Borrowed("") };
        let text = self.detached.as_deref().unwrap_or(self.text.window()).get(span.start..span.end).unwrap_or("");
        if span.coded { Cow::Owned(disarm(&self.dialect.decoded(text)).to_owned()) } else { Cow::Borrowed(disarm(text)) }
    }
}
