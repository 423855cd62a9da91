//! The records of a workbook's stream (BIFF 5 and 8) and the texts in them, which may run on in continuing records.
//! Does not know what the records mean.

use std::io::{BufReader, Read};

use encoding_rs::{Encoding, UTF_16LE};

use super::ole::{Stream, u16_at, u32_at};
use crate::read::ReadError;
use crate::read::source::SourceFile;

const CONTINUE: u16 = 0x003c;
const BUFFER_BYTES: usize = 64 << 10;

/// Walks through the records from one place.
pub(super) struct Records<'a> {
    source: &'a SourceFile,
    stream: BufReader<Stream>,
    /// The head of the next record, where it was looked at.
    ahead: Option<(u16, usize)>,
    /// The body of the current record.
    pub(super) body: Vec<u8>,
    at: usize,
}

/// How a stream writes text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Writing {
    /// Excel 97 and later: UTF-16, where a text may leave out its upper halves.
    pub(super) is_unicode: bool,
    /// What earlier ones write in.
    pub(super) encoding: &'static Encoding,
}

impl<'a> Records<'a> {
    pub(super) fn new(source: &'a SourceFile, mut stream: Stream, at: u64) -> Self {
        stream.go(at);
        let stream = BufReader::with_capacity(BUFFER_BYTES, stream);
        Self { source, stream, ahead: None, body: Vec::new(), at: 0 }
    }

    /// Goes on to the next record; `None` at the end of the stream.
    pub(super) fn advance(&mut self) -> Result<Option<u16>, ReadError> {
        let Some((id, length)) = self.head()? else { return Ok(None) };
        self.ahead = None;
        self.body.clear();
        self.at = 0;
        let read =
            (&mut self.stream).take(length as u64).read_to_end(&mut self.body).map_err(|error| self.source.failed(error))?;
        // A record that is cut off is the end.
        Ok((read == length).then_some(id))
    }

    fn head(&mut self) -> Result<Option<(u16, usize)>, ReadError> {
        if self.ahead.is_none() {
            let mut head = Vec::with_capacity(4);
            (&mut self.stream).take(4).read_to_end(&mut head).map_err(|error| self.source.failed(error))?;
            self.ahead = u16_at(&head, 0).zip(u16_at(&head, 2)).map(|(id, length)| (id, usize::from(length)));
        }
        Ok(self.ahead)
    }

    /// Goes on into the record that continues this one; false where there is none.
    fn continue_record(&mut self) -> Result<bool, ReadError> {
        if self.head()?.is_some_and(|(id, _)| id == CONTINUE) { Ok(self.advance()?.is_some()) } else { Ok(false) }
    }

    /// Sets the place in the record from which texts are read.
    pub(super) fn go(&mut self, at: usize) {
        self.at = at;
    }

    fn left(&self) -> usize {
        self.body.len().saturating_sub(self.at)
    }

    /// The next bytes of the record, from continuing ones if need be; `None` where they end before.
    fn bytes<const N: usize>(&mut self) -> Result<Option<[u8; N]>, ReadError> {
        if self.left() == 0 && !self.continue_record()? {
            return Ok(None);
        }
        let bytes = self.body.get(self.at..).and_then(|rest| rest.first_chunk::<N>()).copied();
        self.at += N;
        Ok(bytes)
    }

    fn skip(&mut self, mut bytes: usize) -> Result<(), ReadError> {
        while bytes > self.left() {
            bytes -= self.left();
            self.at = self.body.len();
            if !self.continue_record()? {
                return Ok(());
            }
        }
        self.at += bytes;
        Ok(())
    }

    /// Appends a text whose length is a number of two bytes, or of one; false where the record ends before it.
    pub(super) fn text(&mut self, writing: Writing, short: bool, text: &mut String) -> Result<bool, ReadError> {
        let length = if short {
            self.bytes::<1>()?.map(|[length]| usize::from(length))
        } else {
            self.bytes::<2>()?.map(|length| usize::from(u16::from_le_bytes(length)))
        };
        let Some(length) = length else { return Ok(false) };
        if !writing.is_unicode {
            let rest = self.body.get(self.at..).unwrap_or(&[]);
            let bytes = &rest[..rest.len().min(length)];
            text.push_str(&writing.encoding.decode_without_bom_handling(bytes).0);
            return Ok(true);
        }
        let Some([flags]) = self.bytes::<1>()? else { return Ok(length == 0) };
        let runs = if flags & 8 != 0 { self.bytes::<2>()?.map_or(0, u16::from_le_bytes) } else { 0 };
        let extra = if flags & 4 != 0 { self.bytes::<4>()?.map_or(0, u32::from_le_bytes) } else { 0 };
        self.characters(length, flags & 1 != 0, text)?;
        // Where letters change their look, and how they are pronounced.
        self.skip(usize::from(runs) * 4)?;
        self.skip(extra as usize)?;
        Ok(true)
    }

    /// Characters of one or two bytes; every continuing record says anew which.
    fn characters(&mut self, mut length: usize, mut wide: bool, text: &mut String) -> Result<(), ReadError> {
        let mut bytes = Vec::with_capacity(length.min(4096) * 2);
        loop {
            let size = if wide { 2 } else { 1 };
            let count = (self.left() / size).min(length);
            let part = self.body.get(self.at..self.at + count * size).unwrap_or(&[]);
            if wide {
                bytes.extend_from_slice(part)
            } else {
                bytes.extend(part.iter().flat_map(|&byte| [byte, 0]))
            }
            self.at += count * size;
            length -= count;
            if length == 0 || !self.continue_record()? {
                break;
            }
            let Some([flags]) = self.bytes::<1>()? else { break };
            wide = flags & 1 != 0;
        }
        text.push_str(&UTF_16LE.decode_without_bom_handling(&bytes).0);
        Ok(())
    }
}

/// A number of two bytes in a record.
pub(super) fn short(body: &[u8], at: usize) -> u16 {
    u16_at(body, at).unwrap_or(0)
}

/// The packed form of a number: 30 bits, an integer or the upper part of a float, perhaps times 100.
pub(in crate::read::workbook) fn packed_number(body: &[u8], at: usize) -> Option<f64> {
    let packed = u32_at(body, at)?;
    #[allow(clippy::cast_possible_wrap)]
    let number =
        if packed & 2 != 0 { f64::from(packed as i32 >> 2) } else { f64::from_bits(u64::from(packed & 0xffff_fffc) << 32) };
    Some(if packed & 1 != 0 { number / 100.0 } else { number })
}
