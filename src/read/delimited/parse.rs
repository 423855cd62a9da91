//! One record of delimited text (RFC 4180), found in a window. Reads no file, and knows neither header nor row.

const QUOTE: u8 = b'"';

/// Bytes at which an unquoted cell ends.
#[derive(Clone)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    ends_cell: Box<[bool; 256]>,
}

impl Dialect {
    pub(super) fn new(delimiter: u8) -> Self {
        let mut ends_cell = Box::new([false; 256]);
        for byte in [delimiter, b'\n', b'\r'] {
            ends_cell[usize::from(byte)] = true;
        }
        Self { delimiter, ends_cell }
    }

    /// Offset of the delimiter or line end at or after `at`, or of the window's end.
    #[inline]
    fn cell_end(&self, window: &[u8], at: usize) -> usize {
        let rest = window.get(at..).unwrap_or(&[]);
        at + rest.iter().position(|&byte| self.ends_cell[usize::from(byte)]).unwrap_or(rest.len())
    }
}

/// Where a cell stands in the window, without its quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Whether it holds doubled quotes that stand for one.
    pub(super) doubled: bool,
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
        let quoted = window.get(at) == Some(&QUOTE) && literal_from.is_none_or(|first| cells < first);
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
                    keep(spans, &mut record, reach, cells, Span { start: at, end: window.len(), doubled: false });
                    return outgrown(spans);
                }
            }
        } else {
            let begin = at;
            at = dialect.cell_end(window, at);
            Span { start: begin, end: at, doubled: false }
        };
        keep(spans, &mut record, reach, cells, span);
        cells += 1;
        match window.get(at) {
            Some(&byte) if byte == dialect.delimiter => at += 1,
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
    let mut doubled = false;
    loop {
        let Some(&byte) = window.get(at) else {
            return if ended || (line_ends > 0 && at - start > reach.row_bytes_max) {
                QuotedEnd::Unclosed
            } else {
                QuotedEnd::More
            };
        };
        match byte {
            QUOTE if window.get(at + 1) == Some(&QUOTE) => {
                doubled = true;
                at += 2;
            }
            QUOTE => {
                let span = Span { start: inner, end: at, doubled };
                return behind_quote(window, quote_at, span, line_ends, ended, dialect);
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
        if line_ends > 0 && (at - inner > reach.cell_bytes_max || at - start > reach.row_bytes_max) {
            return QuotedEnd::Unclosed;
        }
    }
}

/// Judges what follows the quote that should close a cell.
fn behind_quote(window: &[u8], quote_at: usize, span: Span, line_ends: u64, ended: bool, dialect: &Dialect) -> QuotedEnd {
    let mut at = span.end + 1;
    while window.get(at).is_some_and(|&byte| byte == b' ' || (byte == b'\t' && dialect.delimiter != b'\t')) {
        at += 1;
    }
    match window.get(at) {
        // Blanks between a closing quote and the delimiter are layout.
        Some(&byte) if dialect.ends_cell[usize::from(byte)] => QuotedEnd::Closed { at, span, line_ends, stray: false },
        None if ended => QuotedEnd::Closed { at, span, line_ends, stray: false },
        None => QuotedEnd::More,
        // Text behind the quote of a later line: that quote opens a cell of its own, so ours was never closed.
        Some(_) if line_ends > 0 => QuotedEnd::Unclosed,
        Some(_) => {
            let end = dialect.cell_end(window, at);
            if end == window.len() && !ended {
                return QuotedEnd::More;
            }
            QuotedEnd::Closed { at: end, span: Span { start: quote_at, end, doubled: false }, line_ends, stray: true }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REACH: Reach = Reach { cell_bytes_max: 40, row_bytes_max: 200, cells_max: 4 };

    fn parse(text: &str, ended: bool, literal_from: Option<usize>) -> (Parsed, Vec<&str>) {
        let mut spans = Vec::new();
        let parsed = record(text.as_bytes(), 0, ended, &Dialect::new(b';'), REACH, literal_from, &mut spans);
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
