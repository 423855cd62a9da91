//! XML of untrusted parts, within bounds: no declarations of entities, no endless names and texts, no bottomless nesting.
//! Does not know what the elements mean.

use std::io::{self, BufRead, Read};

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::damaged;
use super::package::{TooLong, part_failed};
use crate::read::source::SourceFile;
use crate::read::{ReadError, ReadSettings};

/// Elements inside one another; spreadsheets need some twenty.
const DEPTH_MAX: usize = 256;
/// Bytes of one text or tag, as long as the settings allow no longer row.
const PIECE_BYTES_MIN: u64 = 16 << 20;

/// Reads events one by one; a piece that is too long stops the reading before it fills the memory.
pub(super) struct Xml<'a, R: Read> {
    source: &'a SourceFile,
    settings: &'a ReadSettings,
    reader: Reader<Piecewise<io::BufReader<R>>>,
    depth: usize,
}

impl<'a, R: Read> Xml<'a, R> {
    pub(super) fn new(source: &'a SourceFile, settings: &'a ReadSettings, part: R) -> Self {
        let piece_max = PIECE_BYTES_MIN.max(settings.row_bytes_max as u64);
        let input = Piecewise { input: io::BufReader::with_capacity(64 << 10, part), piece_max, left: piece_max };
        let mut reader = Reader::from_reader(input);
        reader.config_mut().check_end_names = false;
        reader.config_mut().expand_empty_elements = true;
        Self { source, settings, reader, depth: 0 }
    }

    /// The next event.
    pub(super) fn next<'b>(&mut self, buffer: &'b mut Vec<u8>) -> Result<Event<'b>, ReadError> {
        buffer.clear();
        let input = self.reader.get_mut();
        input.left = input.piece_max;
        let event = match self.reader.read_event_into(buffer) {
            Ok(event) => event,
            Err(quick_xml::Error::Io(error)) => return Err(self.failed(&error)),
            Err(_) => return Err(self.damaged("the XML of one of its parts is broken")),
        };
        match &event {
            Event::Start(_) => {
                self.depth += 1;
                if self.depth > DEPTH_MAX {
                    return Err(self.damaged("the XML of one of its parts is nested without end"));
                }
            }
            Event::End(_) => self.depth = self.depth.saturating_sub(1),
            Event::DocType(declared) if declared.contains("<!ENTITY") => {
                return Err(self.damaged("one of its parts declares entities, which no spreadsheet program writes"));
            }
            Event::Eof if self.depth > 0 => return Err(self.damaged("the XML of one of its parts is cut off")),
            _ => {}
        }
        Ok(event)
    }

    fn failed(&self, error: &io::Error) -> ReadError {
        let is_long = error.get_ref().is_some_and(|inner| inner.is::<TooLong>());
        let piece_max = self.reader.get_ref().piece_max;
        if is_long && self.reader.get_ref().left == 0 {
            return ReadError::Limit {
                file: self.source.name.to_string(),
                what: "bytes of one cell or tag: more than",
                found: piece_max,
                allowed: piece_max,
            };
        }
        part_failed(self.source, self.settings, error)
    }

    pub(super) fn damaged(&self, why: &str) -> ReadError {
        damaged(self.source, why.to_owned())
    }
}

/// Counts what one event takes.
struct Piecewise<R> {
    input: R,
    piece_max: u64,
    left: u64,
}

impl<R: BufRead> Read for Piecewise<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.input.read(buffer)
    }
}

impl<R: BufRead> BufRead for Piecewise<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            return Err(io::Error::other(TooLong));
        }
        self.input.fill_buf()
    }

    fn consume(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes as u64);
        self.input.consume(bytes);
    }
}

/// The value of an attribute by its local name, or by its full name where that has a colon.
pub(super) fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element.attributes().with_checks(false).flatten().find(|attribute| {
        let key = attribute.key;
        if name.contains(':') { key.as_ref() == name } else { key.local_name().as_ref() == name }
    })?;
    found.normalized_value(XmlVersion::Implicit1_0).ok().map(std::borrow::Cow::into_owned)
}

/// A whole number in an attribute.
pub(super) fn number(element: &BytesStart<'_>, name: &str) -> Option<u32> {
    attribute(element, name)?.trim().parse().ok()
}
