//! The XML of a part in pieces: tags and texts, fast and within bounds. Nothing is kept but the present piece, and nothing is
//! expanded: what a text says is told by [`super::text`]. Does not know what the elements mean.

use std::io::{self, Read};
use std::ops::Range;

use encoding_rs::{Decoder, DecoderResult, UTF_16BE, UTF_16LE};
use memchr::{memchr, memmem};

use super::super::damaged;
use super::super::package::part_failed;
use crate::read::source::SourceFile;
use crate::read::{ReadError, ReadSettings};

/// Elements inside one another; workbooks need some twenty.
const DEPTH_MAX: usize = 256;
/// Bytes of one text or tag, as long as the settings allow no longer row.
const PIECE_BYTES_MIN: usize = 16 << 20;
const WINDOW_BYTES: usize = 64 << 10;

/// A piece of XML. An element without content opens and closes like any other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Open(Tag<'a>),
    /// The end of an element, by its local name.
    Close(&'a [u8]),
    /// A text as it is written.
    Text(&'a [u8]),
    /// A text in which nothing stands for anything else.
    Verbatim(&'a [u8]),
    End,
}

/// The beginning of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag<'a> {
    /// Its name without the prefix.
    pub(super) name: &'a [u8],
    attributes: &'a [u8],
}

impl<'a> Tag<'a> {
    /// The raw value of an attribute by its full name. Values that are asked for hold no entities.
    pub(super) fn value(self, name: &str) -> Option<&'a str> {
        let mut rest = self.attributes;
        loop {
            rest = rest.trim_ascii_start();
            let equals = memchr(b'=', rest)?;
            let found = rest.get(..equals)?.trim_ascii_end();
            let (&quote, inside) = rest.get(equals + 1..)?.trim_ascii_start().split_first()?;
            let end = memchr(quote, inside)?;
            if found == name.as_bytes() {
                return std::str::from_utf8(inside.get(..end)?).ok();
            }
            rest = inside.get(end + 1..)?;
        }
    }
}

/// Where a piece stands in the window.
#[derive(Clone, Debug)]
enum Found {
    Open { name: Range<usize>, attributes: Range<usize> },
    Close(Range<usize>),
    Text(Range<usize>),
    Verbatim(Range<usize>),
    End,
}

/// Walks through the XML of a part.
pub(super) struct Markup<'a, R> {
    source: &'a SourceFile,
    settings: &'a ReadSettings,
    input: R,
    /// Makes UTF-8 of a part in UTF-16, the only other encoding that the format allows.
    decoder: Option<Decoder>,
    raw: Vec<u8>,
    window: Vec<u8>,
    at: usize,
    filled: usize,
    ended: bool,
    piece_max: usize,
    depth: usize,
    /// The name of an element without content that was opened and is to be closed.
    to_close: Option<Range<usize>>,
}

impl<'a, R: Read> Markup<'a, R> {
    pub(super) fn new(source: &'a SourceFile, settings: &'a ReadSettings, input: R) -> Result<Self, ReadError> {
        let mut markup = Self {
            source,
            settings,
            input,
            decoder: None,
            raw: Vec::new(),
            window: vec![0; WINDOW_BYTES],
            at: 0,
            filled: 0,
            ended: false,
            piece_max: PIECE_BYTES_MIN.max(settings.row_bytes_max),
            depth: 0,
            to_close: None,
        };
        while markup.filled < 4 && !markup.ended {
            markup.more()?;
        }
        let encoding = match markup.window() {
            [0xff, 0xfe, ..] | [b'<', 0, ..] => UTF_16LE,
            [0xfe, 0xff, ..] | [0, b'<', ..] => UTF_16BE,
            _ => return Ok(markup),
        };
        let begun = markup.window().to_vec();
        (markup.filled, markup.ended) = (0, false);
        markup.decoder = Some(encoding.new_decoder_with_bom_removal());
        markup.decode(&begun, false)?;
        Ok(markup)
    }

    /// What of the part stands in memory, from here on.
    #[inline]
    pub(super) fn window(&self) -> &[u8] {
        self.window.get(self.at..self.filled).unwrap_or(&[])
    }

    /// Goes on behind bytes of the window that the caller has judged: whole elements.
    #[inline]
    pub(super) fn consume(&mut self, bytes: usize) {
        self.at = self.filled.min(self.at + bytes);
    }

    /// How many elements are open here.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// Whether an element without content was opened and is not closed yet: the window begins behind it.
    #[inline]
    pub(super) fn is_between(&self) -> bool {
        self.to_close.is_some()
    }

    /// The next piece.
    pub(super) fn next(&mut self) -> Result<Piece<'_>, ReadError> {
        let found = self.find()?;
        let slice = |range: Range<usize>| self.window.get(range).unwrap_or(&[]);
        Ok(match found {
            Found::Open { name, attributes } => Piece::Open(Tag { name: slice(name), attributes: slice(attributes) }),
            Found::Close(name) => Piece::Close(slice(name)),
            Found::Text(text) => Piece::Text(slice(text)),
            Found::Verbatim(text) => Piece::Verbatim(slice(text)),
            Found::End => Piece::End,
        })
    }

    /// Goes behind the end of the element that was opened last.
    pub(super) fn skip(&mut self) -> Result<(), ReadError> {
        let depth = self.depth;
        while self.depth >= depth {
            if matches!(self.find()?, Found::End) {
                return Err(self.cut());
            }
        }
        Ok(())
    }

    fn find(&mut self) -> Result<Found, ReadError> {
        if let Some(name) = self.to_close.take() {
            self.depth = self.depth.saturating_sub(1);
            return Ok(Found::Close(name));
        }
        loop {
            match self.window() {
                [] if self.ended => return if self.depth == 0 { Ok(Found::End) } else { Err(self.cut()) },
                [b'<', b'!', b'-', b'-', ..] => {
                    let length = self.ahead(|window| memmem::find(window.get(4..)?, b"-->").map(|at| at + 7))?;
                    self.at += length;
                }
                [b'<', b'?', ..] => {
                    let length = self.ahead(|window| memmem::find(window, b"?>").map(|at| at + 2))?;
                    self.at += length;
                }
                [b'<', b'!', b'[', ..] => {
                    let length = self.ahead(|window| memmem::find(window, b"]]>").map(|at| at + 3))?;
                    let from = self.at;
                    self.at += length;
                    if !self.window.get(from..self.at).is_some_and(|text| text.starts_with(b"<![CDATA[")) {
                        return Err(self.broken());
                    }
                    return Ok(Found::Verbatim(from + 9..self.at - 3));
                }
                // Too little is there to tell.
                [] | [b'<'] | [b'<', b'!'] | [b'<', b'!', b'-'] if !self.ended => self.more()?,
                [b'<', b'!', ..] => {
                    let length = self.ahead(tag_length)?;
                    let declared = self.window.get(self.at..self.at + length).unwrap_or(&[]);
                    if memmem::find(declared, b"!ENTITY").is_some() {
                        return Err(self.damaged("one of its parts declares entities, which no spreadsheet program writes"));
                    }
                    self.at += length;
                }
                [b'<', ..] => return self.tag(),
                _ => {
                    let length = match self.text_length()? {
                        0 => continue,
                        length => length,
                    };
                    let from = self.at;
                    self.at += length;
                    return Ok(Found::Text(from..self.at));
                }
            }
        }
    }

    /// Bytes up to the next tag, or to the end of the part.
    fn text_length(&mut self) -> Result<usize, ReadError> {
        let mut seen = 0;
        loop {
            if let Some(at) = self.window().get(seen..).and_then(|rest| memchr(b'<', rest)) {
                return Ok(seen + at);
            }
            seen = self.window().len();
            if self.ended {
                return Ok(seen);
            }
            self.more()?;
        }
    }

    /// The length of a piece that `length` finds in the window, which grows until it is found.
    fn ahead(&mut self, length: impl Fn(&[u8]) -> Option<usize>) -> Result<usize, ReadError> {
        loop {
            if let Some(length) = length(self.window()) {
                return Ok(length);
            }
            if self.ended {
                return Err(self.cut());
            }
            self.more()?;
        }
    }

    fn tag(&mut self) -> Result<Found, ReadError> {
        let length = self.ahead(tag_length)?;
        let from = self.at;
        self.at += length;
        let inside = self.window.get(from + 1..from + length - 1).unwrap_or(&[]);
        if let Some(name) = inside.strip_prefix(b"/") {
            let end = name.trim_ascii_end().len();
            let start = memchr(b':', name).map_or(0, |colon| colon + 1).min(end);
            self.depth = self.depth.checked_sub(1).ok_or_else(|| self.broken())?;
            return Ok(Found::Close(from + 2 + start..from + 2 + end));
        }
        let is_whole = inside.last() == Some(&b'/');
        let inner_end = inside.len() - usize::from(is_whole);
        let name_end = inside.iter().position(|&byte| byte.is_ascii_whitespace()).unwrap_or(inner_end).min(inner_end);
        let prefix = inside.get(..name_end).and_then(|name| memchr(b':', name)).map_or(0, |colon| colon + 1);
        // A bracket inside a value would be another tag for whoever looks at the bytes only.
        if name_end <= prefix || memchr(b'<', inside).is_some() {
            return Err(self.broken());
        }
        let base = from + 1;
        let name = base + prefix..base + name_end;
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.damaged("the XML of one of its parts is nested without end"));
        }
        if is_whole {
            self.to_close = Some(name.clone());
        }
        Ok(Found::Open { name, attributes: base + name_end..base + inner_end })
    }

    /// Reads more behind the window, whose beginning moves to the front.
    #[cold]
    fn more(&mut self) -> Result<(), ReadError> {
        self.window.copy_within(self.at..self.filled, 0);
        self.filled -= self.at;
        self.at = 0;
        if self.filled >= self.piece_max {
            return Err(ReadError::Limit {
                file: self.source.name.to_string(),
                what: "bytes of one cell or tag: more than",
                found: self.piece_max as u64,
                allowed: self.piece_max as u64,
            });
        }
        if self.filled * 2 > self.window.len() {
            self.window.resize(self.window.len() * 2, 0);
        }
        if self.decoder.is_some() {
            return self.more_decoded();
        }
        let room = self.window.get_mut(self.filled..).unwrap_or_default();
        let read = read_some(&mut self.input, room).map_err(|error| part_failed(self.source, self.settings, &error))?;
        self.filled += read;
        self.ended = read == 0;
        Ok(())
    }

    fn more_decoded(&mut self) -> Result<(), ReadError> {
        let mut raw = std::mem::take(&mut self.raw);
        // UTF-8 of UTF-16 is at most one and a half times as long.
        raw.resize(WINDOW_BYTES / 8, 0);
        let read = read_some(&mut self.input, &mut raw).map_err(|error| part_failed(self.source, self.settings, &error))?;
        let decoded = self.decode(raw.get(..read).unwrap_or(&[]), read == 0);
        self.raw = raw;
        decoded
    }

    fn decode(&mut self, raw: &[u8], is_last: bool) -> Result<(), ReadError> {
        let needed = self.filled + raw.len() * 2 + 16;
        if self.window.len() < needed {
            self.window.resize(needed, 0);
        }
        let room = self.window.get_mut(self.filled..).unwrap_or_default();
        let Some(decoder) = &mut self.decoder else { return Ok(()) };
        match decoder.decode_to_utf8_without_replacement(raw, room, is_last) {
            (DecoderResult::InputEmpty, _, written) => self.filled += written,
            (DecoderResult::OutputFull | DecoderResult::Malformed(_, _), _, _) => return Err(self.broken()),
        }
        self.ended = is_last;
        Ok(())
    }

    pub(super) fn broken(&self) -> ReadError {
        self.damaged("the XML of one of its parts is broken")
    }

    pub(super) fn cut(&self) -> ReadError {
        self.damaged("the XML of one of its parts is cut off")
    }

    pub(super) fn damaged(&self, why: &str) -> ReadError {
        damaged(self.source, why.to_owned())
    }
}

fn read_some(input: &mut impl Read, room: &mut [u8]) -> io::Result<usize> {
    loop {
        match input.read(room) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// Bytes of the tag at the beginning of the window: up to the first `>` that stands in no value.
#[inline]
fn tag_length(window: &[u8]) -> Option<usize> {
    let mut quote = None;
    let end = window.iter().position(|&byte| match quote {
        Some(open) => {
            if byte == open {
                quote = None;
            }
            false
        }
        None => {
            if matches!(byte, b'"' | b'\'') {
                quote = Some(byte);
            }
            byte == b'>'
        }
    })?;
    Some(end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a byte at a time, so that every cut is in the middle of something.
    struct Dribble<'a>(&'a [u8]);

    impl Read for Dribble<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.0.len().min(buffer.len()).min(1);
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn pieces(xml: &[u8]) -> Result<Vec<String>, String> {
        let source = SourceFile::spool(&mut &b"x"[..], 1).unwrap();
        let settings = ReadSettings::default();
        let mut markup = Markup::new(&source, &settings, Dribble(xml)).unwrap();
        let mut found = Vec::new();
        let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        loop {
            found.push(match markup.next().map_err(|error| error.to_string())? {
                Piece::Open(tag) => format!("<{}{}", shown(tag.name), shown(tag.attributes)),
                Piece::Close(name) => format!("/{}", shown(name)),
                Piece::Text(text) => shown(text),
                Piece::Verbatim(text) => format!("[{}]", shown(text)),
                Piece::End => return Ok(found),
            });
        }
    }

    #[test]
    fn pieces_are_found_wherever_the_stream_is_cut() {
        let xml = "<?xml version=\"1.0\"?><!-- <a> --><x:a y='>\"'>t<![CDATA[<b>]]]>é<!----><c/>u</x:a >";
        let expected = ["<a y='>\"'", "t", "[<b>]]", "é", "<c", "/c", "u", "/a"];
        assert_eq!(pieces(xml.as_bytes()).unwrap(), expected);
        for order in [u16::to_le_bytes, u16::to_be_bytes] {
            for mark in ["", "\u{feff}"] {
                let wide: Vec<u8> = format!("{mark}{xml}").encode_utf16().flat_map(order).collect();
                assert_eq!(pieces(&wide).unwrap(), expected);
            }
        }
    }

    #[test]
    fn what_is_cut_off_nested_or_declared_is_refused() {
        for (xml, why) in [
            ("<a><b></b>", "cut off"),
            ("<a><b", "cut off"),
            ("<a><!-- ", "cut off"),
            ("</a>", "broken"),
            ("<a>< /></a>", "broken"),
            ("<!DOCTYPE a [<!ENTITY b \"c\">]><a/>", "declares entities"),
            (&"<a>".repeat(300), "nested without end"),
        ] {
            let told = pieces(xml.as_bytes()).unwrap_err();
            assert!(told.contains(why), "{xml}: {told}");
        }
        assert!(pieces("<a/>".repeat(300).as_bytes()).is_ok());
    }

    #[test]
    fn attributes_are_found_by_their_whole_name() {
        let tag = |attributes| Tag { name: b"row", attributes };
        assert_eq!(tag(b" a=\"r='1'\" r = '7'").value("r"), Some("7"));
        assert_eq!(tag(b" spr=\"1\"").value("r"), None);
        assert_eq!(tag(b" x:r=\"1\" r").value("r"), None);
    }
}
