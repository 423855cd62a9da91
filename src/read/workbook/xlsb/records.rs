//! The records of a part of a binary workbook. Does not know what they mean.

use std::io::{BufReader, Read};

use super::super::damaged;
use super::super::package::part_failed;
use crate::read::source::SourceFile;
use crate::read::{ReadError, ReadSettings};

/// Bytes of one record, as long as the settings allow no longer row.
const RECORD_BYTES_MIN: usize = 16 << 20;

/// Walks through the records of a part.
pub(super) struct Records<'a, R: Read> {
    source: &'a SourceFile,
    settings: &'a ReadSettings,
    part: BufReader<R>,
    bytes_max: usize,
    /// The body of the current record.
    pub(super) body: Vec<u8>,
}

impl<'a, R: Read> Records<'a, R> {
    pub(super) fn new(source: &'a SourceFile, settings: &'a ReadSettings, part: R) -> Self {
        let bytes_max = RECORD_BYTES_MIN.max(settings.row_bytes_max);
        Self { source, settings, part: BufReader::with_capacity(64 << 10, part), bytes_max, body: Vec::new() }
    }

    /// Goes on to the next record; `None` at the end of the part.
    pub(super) fn advance(&mut self) -> Result<Option<u16>, ReadError> {
        let Some(first) = self.byte()? else { return Ok(None) };
        let mut id = u16::from(first);
        if first & 0x80 != 0 {
            id = u16::from(first & 0x7f) | u16::from(self.byte()?.ok_or_else(|| self.cut())? & 0x7f) << 7;
        }
        let mut length = 0_usize;
        for shift in [0, 7, 14, 21] {
            let byte = self.byte()?.ok_or_else(|| self.cut())?;
            length |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        if length > self.bytes_max {
            return Err(ReadError::Limit {
                file: self.source.name.to_string(),
                what: "bytes of one cell:",
                found: length as u64,
                allowed: self.bytes_max as u64,
            });
        }
        self.body.clear();
        let read = (&mut self.part)
            .take(length as u64)
            .read_to_end(&mut self.body)
            .map_err(|error| part_failed(self.source, self.settings, &error))?;
        if read == length { Ok(Some(id)) } else { Err(self.cut()) }
    }

    fn byte(&mut self) -> Result<Option<u8>, ReadError> {
        let mut byte = [0];
        match self.part.read(&mut byte) {
            Ok(0) => Ok(None),
            Ok(_) => Ok(Some(byte[0])),
            Err(error) => Err(part_failed(self.source, self.settings, &error)),
        }
    }

    fn cut(&self) -> ReadError {
        damaged(self.source, "one of its parts is cut off".to_owned())
    }

    /// The text at a place in the record, and the place behind it.
    pub(super) fn text(&self, at: usize) -> Option<(String, usize)> {
        let units = u32_at(&self.body, at)?;
        if units == u32::MAX {
            return Some((String::new(), at + 4));
        }
        let end = at.checked_add(4)?.checked_add(usize::try_from(units).ok()?.checked_mul(2)?)?;
        let bytes = self.body.get(at + 4..end)?;
        Some((encoding_rs::UTF_16LE.decode_without_bom_handling(bytes).0.into_owned(), end))
    }
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|bytes| u16::from_le_bytes(*bytes))
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

pub(super) fn f64_at(bytes: &[u8], at: usize) -> Option<f64> {
    bytes.get(at..)?.first_chunk().map(|bytes| f64::from_le_bytes(*bytes))
}
