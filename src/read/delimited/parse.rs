//! One record of delimited text (RFC 4180), found in a window. Reads no file, and knows neither header nor row.

use super::lanes::Sought;

/// How cells are divided and quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Marks {
    pub(super) delimiter: u8,
    pub(super) quote: u8,
    /// What makes text of the mark behind it, besides doubling a quote.
    pub(super) escape: Option<u8>,
}

impl Marks {
    /// The usual marks.
    pub(super) fn usual(delimiter: u8) -> Self {
        Self { delimiter, quote: b'"', escape: None }
    }
}

/// The marks, and the bytes at which the look at a cell stops.
#[derive(Clone)]
pub(super) struct Dialect {
    pub(super) marks: Marks,
    unquoted_stops: Sought,
    quoted_stops: Sought,
}

impl Dialect {
    pub(super) fn new(marks: Marks) -> Self {
        let stops = |mark: u8| Sought::new([mark, b'\n', b'\r', marks.escape.unwrap_or(mark)]);
        Self { marks, unquoted_stops: stops(marks.delimiter), quoted_stops: stops(marks.quote) }
    }

    /// Offset of the delimiter or line end at or after `at`, or of the window's end; whether an escape stands before it.
    #[inline]
    fn cell_end(&self, window: &[u8], at: usize) -> (usize, bool) {
        let (mut at, mut escaped) = (at, false);
        loop {
            at = self.unquoted_stops.find(window, at);
            if self.marks.escape.is_none() || window.get(at).copied() != self.marks.escape {
                return (at, escaped);
            }
            escaped = true;
            at += self.escape_length(window, at);
        }
    }

    /// Bytes of an escape with what it protects. A line end is not protected, so that no line is swallowed.
    fn escape_length(&self, window: &[u8], at: usize) -> usize {
        match window.get(at + 1) {
            Some(byte) if byte.is_ascii() && !matches!(byte, b'\n' | b'\r') => 2,
            Some(_) | None => 1,
        }
    }

    /// Whether an unquoted cell ends at this byte.
    fn ends_cell(&self, byte: u8) -> bool {
        byte == self.marks.delimiter || matches!(byte, b'\n' | b'\r')
    }

    /// Where the quote stands that opens this cell behind blanks, if it is closed on the same line and nothing follows but blanks.
    fn quote_behind_blanks(&self, window: &[u8], at: usize, ended: bool) -> Option<usize> {
        let blanks = |from: usize| window.get(from..).unwrap_or(&[]).iter().take_while(|&&byte| byte == b' ').count();
        let opening = at + blanks(at);
        if window.get(opening) != Some(&self.marks.quote) {
            return None;
        }
        let mut at = opening + 1;
        loop {
            let byte = *window.get(at)?;
            if Some(byte) == self.marks.escape {
                at += self.escape_length(window, at);
            } else if byte == self.marks.quote && window.get(at + 1) == Some(&byte) {
                at += 2;
            } else if byte == self.marks.quote {
                let behind = at + 1 + blanks(at + 1);
                return window.get(behind).map_or(ended, |&byte| self.ends_cell(byte)).then_some(opening);
            } else if matches!(byte, b'\n' | b'\r') {
                return None;
            } else {
                at += 1;
            }
        }
    }

    /// The text of a coded cell: doubled quotes are one, escapes are gone.
    pub(super) fn decoded(&self, text: &str) -> String {
        let (quote, delimiter) = (char::from(self.marks.quote), char::from(self.marks.delimiter));
        let Some(escape) = self.marks.escape.map(char::from) else {
            return text.replace(&format!("{quote}{quote}"), quote.encode_utf8(&mut [0; 4]));
        };
        let mut decoded = String::with_capacity(text.len());
        let mut rest = text.chars().peekable();
        while let Some(ch) = rest.next() {
            let protects = ch == escape && rest.peek().is_some_and(|&next| [quote, delimiter, escape].contains(&next));
            let doubles = ch == quote && rest.peek() == Some(&quote);
            decoded.push(if protects || doubles { rest.next().unwrap_or(ch) } else { ch });
        }
        decoded
    }
}

/// Where a cell stands in the window, without its quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Whether it holds doubled quotes that stand for one, or escapes.
    pub(super) coded: bool,
}

/// How far a record may reach.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reach {
    /// Bytes of a cell beyond which a quote over several lines counts as not closed.
    pub(super) cell_bytes_max: usize,
    /// Bytes of a record.
    pub(super) row_bytes_max: usize,
    /// Cells of a record.
    pub(super) cells_max: usize,
}

/// A record and what is odd about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// Offset behind its line end.
    pub(super) next: usize,
    /// Line ends in it, its own included.
    pub(super) line_ends: u64,
    /// First cell with a quote that is neither doubled nor at the cell's end. Its span is the raw text.
    pub(super) stray_quote: Option<usize>,
    /// First cell that holds a line end.
    pub(super) multiline: Option<usize>,
    /// Whether a cell is longer or the cells are more than the reach.
    pub(super) too_long: bool,
}

/// What stands at the beginning of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parsed {
    /// A whole record.
    Record(Record),
    /// The window ends before the record does.
    More,
    /// The quote that opens this cell is not closed within reach; to be parsed again with quotes literal from there.
    Unclosed(usize),
    /// The record passes its reach without a line end; the cells so far are in the spans.
    Endless,
}

enum QuotedEnd {
    /// Offset behind the cell, with its span; whether it holds a line end.
    Closed {
        at: usize,
        span: Span,
        line_ends: u64,
        stray: bool,
    },
    More,
    Unclosed,
}

/// Finds the record that begins at `start`. `ended` says that nothing follows the window. From cell `literal_from` on, quotes
/// are text and every line end ends the record.
pub(super) fn record(
    window: &[u8],
    start: usize,
    ended: bool,
    dialect: &Dialect,
    reach: Reach,
    literal_from: Option<usize>,
    spans: &mut Vec<Span>,
) -> Parsed {
    spans.clear();
    let mut record = Record { next: start, line_ends: 0, stray_quote: None, multiline: None, too_long: false };
    let mut cells = 0;
    let mut at = start;
    let outgrown = |spans: &Vec<Span>| {
        if window.len() - start > reach.row_bytes_max && !spans.is_empty() { Parsed::Endless } else { Parsed::More }
    };
    loop {
        if window.get(at) == Some(&b' ')
            && let Some(quote_at) = dialect.quote_behind_blanks(window, at, ended)
            && literal_from.is_none_or(|first| cells < first)
        {
            at = quote_at;
        }
        let quoted = window.get(at) == Some(&dialect.marks.quote) && literal_from.is_none_or(|first| cells < first);
        let span = if quoted {
            match quoted_cell(window, at, ended, dialect, reach, start) {
                QuotedEnd::Closed { at: behind, span, line_ends, stray } => {
                    at = behind;
                    record.line_ends += line_ends;
                    if line_ends > 0 && record.multiline.is_none() {
                        record.multiline = Some(cells);
                    }
                    if stray && record.stray_quote.is_none() {
                        record.stray_quote = Some(cells);
                    }
                    span
                }
                QuotedEnd::Unclosed => return Parsed::Unclosed(cells),
                QuotedEnd::More => {
                    keep(spans, &mut record, reach, cells, Span { start: at, end: window.len(), coded: false });
                    return outgrown(spans);
                }
            }
        } else {
            let begin = at;
            let (end, coded) = dialect.cell_end(window, at);
            at = end;
            Span { start: begin, end, coded }
        };
        keep(spans, &mut record, reach, cells, span);
        cells += 1;
        match window.get(at) {
            Some(&byte) if byte == dialect.marks.delimiter => at += 1,
            Some(b'\r') if window.get(at + 1) == Some(&b'\n') => {
                record.next = at + 2;
                record.line_ends += 1;
                return Parsed::Record(record);
            }
            Some(b'\r') if at + 1 == window.len() && !ended => return outgrown(spans),
            Some(_) => {
                record.next = at + 1;
                record.line_ends += 1;
                return Parsed::Record(record);
            }
            None if ended => {
                record.next = at;
                return Parsed::Record(record);
            }
            None => return outgrown(spans),
        }
    }
}

#[inline]
fn keep(spans: &mut Vec<Span>, record: &mut Record, reach: Reach, cells: usize, span: Span) {
    if cells >= reach.cells_max {
        // What hangs over is dropped with a fault, unless it is empty.
        record.too_long |= span.end > span.start;
        return;
    }
    record.too_long |= span.end - span.start > reach.cell_bytes_max;
    spans.push(span);
}

fn quoted_cell(window: &[u8], quote_at: usize, ended: bool, dialect: &Dialect, reach: Reach, start: usize) -> QuotedEnd {
    let inner = quote_at + 1;
    let mut at = inner;
    let mut line_ends = 0;
    let mut coded = false;
    let quote = dialect.marks.quote;
    loop {
        at = dialect.quoted_stops.find(window, at);
        if line_ends > 0 && (at - inner > reach.cell_bytes_max || at - start > reach.row_bytes_max) {
            return QuotedEnd::Unclosed;
        }
        let Some(&byte) = window.get(at) else {
            return if ended || (line_ends > 0 && at - start > reach.row_bytes_max) {
                QuotedEnd::Unclosed
            } else {
                QuotedEnd::More
            };
        };
        match byte {
            _ if byte == quote && window.get(at + 1) == Some(&quote) => {
                coded = true;
                at += 2;
            }
            _ if byte == quote => {
                let span = Span { start: inner, end: at, coded };
                return behind_quote(window, quote_at, span, line_ends, ended, dialect);
            }
            b'\\' if dialect.marks.escape == Some(byte) => {
                coded = true;
                at += dialect.escape_length(window, at);
            }
            b'\n' => {
                line_ends += 1;
                at += 1;
            }
            b'\r' => {
                // A line end of two bytes is counted at its second.
                line_ends += u64::from(window.get(at + 1).is_some_and(|&next| next != b'\n'));
                at += 1;
            }
            _ => at += 1,
        }
    }
}

/// Judges what follows the quote that should close a cell.
fn behind_quote(window: &[u8], quote_at: usize, span: Span, line_ends: u64, ended: bool, dialect: &Dialect) -> QuotedEnd {
    let mut at = span.end + 1;
    while window.get(at).is_some_and(|&byte| byte == b' ' || (byte == b'\t' && dialect.marks.delimiter != b'\t')) {
        at += 1;
    }
    match window.get(at) {
        // Blanks between a closing quote and the delimiter are layout.
        Some(&byte) if dialect.ends_cell(byte) => QuotedEnd::Closed { at, span, line_ends, stray: false },
        None if ended => QuotedEnd::Closed { at, span, line_ends, stray: false },
        None => QuotedEnd::More,
        // Text behind the quote of a later line: that quote opens a cell of its own, so ours was never closed.
        Some(_) if line_ends > 0 => QuotedEnd::Unclosed,
        Some(_) => {
            let (end, _) = dialect.cell_end(window, at);
            if end == window.len() && !ended {
                return QuotedEnd::More;
            }
            QuotedEnd::Closed { at: end, span: Span { start: quote_at, end, coded: false }, line_ends, stray: true }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REACH: Reach = Reach { cell_bytes_max: 40, row_bytes_max: 200, cells_max: 4 };

    fn parse(text: &str, ended: bool, literal_from: Option<usize>) -> (Parsed, Vec<&str>) {
        let mut spans = Vec::new();
        let parsed = record(text.as_bytes(), 0, ended, &Dialect::new(Marks::usual(b';')), REACH, literal_from, &mut spans);
        (parsed, spans.iter().map(|span| &text[span.start..span.end]).collect())
    }

    fn record_of(text: &str) -> (Record, Vec<&str>) {
        match parse(text, true, None) {
            (Parsed::Record(record), cells) => (record, cells),
            (other, _) => panic!("{other:?}"),
        }
    }

    #[test]
    fn quotes_hold_delimiters_quotes_and_line_ends() {
        let (record, cells) = record_of("a;\"b;\"\"c\"\"\r\nd\" ;\"\"\r\ne");
        assert_eq!(cells, ["a", "b;\"\"c\"\"\r\nd", ""]);
        assert_eq!((record.line_ends, record.multiline, record.stray_quote), (2, Some(1), None));
        assert_eq!(record_of("a;b\rc").0.next, 4);
        assert_eq!(record_of("a;\"x\ry\rz\"\n").0.line_ends, 3);
    }

    #[test]
    fn a_stray_quote_keeps_the_raw_text() {
        let (record, cells) = record_of("1;\"ООО \"Ромашка\"\";x\n");
        assert_eq!(cells, ["1", "\"ООО \"Ромашка\"\"", "x"]);
        assert_eq!(record.stray_quote, Some(1));
        assert_eq!(record_of("5\" pipe;x").0.stray_quote, None);
    }

    #[test]
    fn escapes_and_other_quotes_are_text_of_their_cells() {
        let dialect = Dialect::new(Marks { delimiter: b',', quote: b'\'', escape: Some(b'\\') });
        let text = "'it\\'s, here',a\\,b, 'c,d' ,'e''f'\n";
        let mut spans = Vec::new();
        let parsed = record(text.as_bytes(), 0, true, &dialect, REACH, None, &mut spans);
        assert!(matches!(parsed, Parsed::Record(Record { next, stray_quote: None, .. }) if next == text.len()), "{parsed:?}");
        let cells: Vec<String> = spans.iter().map(|span| dialect.decoded(&text[span.start..span.end])).collect();
        assert_eq!(cells, ["it's, here", "a,b", "c,d", "e'f"]);
    }

    #[test]
    fn a_quote_behind_blanks_opens_a_cell_that_it_closes() {
        assert_eq!(record_of("1; \"a;b\" ;x\n").1, ["1", "a;b", "x"]);
        assert_eq!(record_of("1; \"a\" b;x\n").1, ["1", " \"a\" b", "x"]);
        assert_eq!(record_of("1; \"a;x\n").1, ["1", " \"a", "x"]);
    }

    #[test]
    fn an_unclosed_quote_is_known_at_its_cell() {
        assert_eq!(parse("a;\"b;c\nd;e\n", true, None).0, Parsed::Unclosed(1));
        assert_eq!(parse("a;\"b;c\n\"d\";e\n", true, None).0, Parsed::Unclosed(1));
        assert_eq!(parse("a;\"b;c", true, None).0, Parsed::Unclosed(1));
        let long = format!("a;\"b\n{}\"\n", "x".repeat(60));
        assert_eq!(parse(&long, true, None).0, Parsed::Unclosed(1));
        let (parsed, cells) = parse("a;\"b;c\n\"d\";e\n", true, Some(1));
        assert!(matches!(parsed, Parsed::Record(Record { next: 7, line_ends: 1, .. })), "{parsed:?}");
        assert_eq!(cells, ["a", "\"b", "c"]);
    }

    #[test]
    fn nothing_is_decided_before_the_window_shows_it() {
        for cut in ["a;b", "a;\"b", "a;\"b\"", "a;b\r", "a;\"b\"x", "a;\"b\" "] {
            assert_eq!(parse(cut, false, None).0, Parsed::More, "{cut:?}");
        }
    }

    #[test]
    fn limits_are_noticed() {
        let long = "x".repeat(50);
        assert!(record_of(&format!("{long};a\n")).0.too_long);
        assert!(record_of(&format!("\"{long}\";a\n")).0.too_long);
        assert!(record_of("1;2;3;4;5\n").0.too_long);
        assert!(!record_of("1;2;3;4;;\n").0.too_long);
        assert_eq!(parse(&"x".repeat(250), false, None).0, Parsed::Endless);
        assert_eq!(parse(&format!("\"{}", "x".repeat(250)), false, None).0, Parsed::Endless);
    }
}
