//! The zip package around a workbook's parts: a part is read as a stream that stops at the limit, whatever the directory declares.
//! Names of parts are looked up and never used as paths.

use std::io::{self, BufReader, Read};

use zip::ZipArchive;
use zip::result::ZipError;

use super::damaged;
use crate::model::folded_part;
use crate::read::source::{Pass, SourceFile};
use crate::read::{ReadError, ReadSettings};

const BUFFER_BYTES: usize = 64 << 10;

/// An opened package.
pub(super) struct Package<'a> {
    source: &'a SourceFile,
    archive: ZipArchive<BufReader<Pass>>,
    bytes_max: u64,
}

impl<'a> Package<'a> {
    pub(super) fn open(source: &'a SourceFile, settings: &ReadSettings) -> Result<Self, ReadError> {
        let file = BufReader::with_capacity(BUFFER_BYTES, source.open()?);
        let archive = ZipArchive::new(file).map_err(|error| zip_failed(source, error))?;
        Ok(Self { source, archive, bytes_max: settings.unpacked_bytes_max })
    }

    /// A part by its name, where case and the direction of strokes do not count.
    pub(super) fn part(&mut self, name: &str) -> Result<Option<impl Read + use<'_, 'a>>, ReadError> {
        let wanted = folded_part(name);
        let Some(index) = (0..self.archive.len()).find(|&index| {
            self.archive.name_for_index(index).is_some_and(|name| name.is_ok_and(|name| folded_part(&name) == wanted))
        }) else {
            return Ok(None);
        };
        let entry = self.archive.by_index(index).map_err(|error| zip_failed(self.source, error))?;
        Ok(Some(Fenced { entry, left: self.bytes_max }))
    }
}

/// Stops a stream that is longer than the limit.
struct Fenced<R> {
    entry: R,
    left: u64,
}

/// What a reader says when a part or a piece of it passes the limit.
#[derive(Debug, thiserror::Error)]
#[error("longer than the limit")]
pub(super) struct TooLong;

impl<R: Read> Read for Fenced<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.entry.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| io::Error::other(TooLong))?;
        Ok(read)
    }
}

/// An error while a part is read, as ours.
pub(super) fn part_failed(source: &SourceFile, settings: &ReadSettings, error: &io::Error) -> ReadError {
    if error.get_ref().is_some_and(|inner| inner.is::<TooLong>()) {
        return ReadError::Limit {
            file: source.name.to_string(),
            what: "bytes when unpacked: more than",
            found: settings.unpacked_bytes_max,
            allowed: settings.unpacked_bytes_max,
        };
    }
    match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof | io::ErrorKind::Other => {
            damaged(source, "its zip archive is broken or cut off".to_owned())
        }
        kind => source.failed(kind.into()),
    }
}

fn zip_failed(source: &SourceFile, error: ZipError) -> ReadError {
    match error {
        ZipError::Io(error) if error.kind() != io::ErrorKind::UnexpectedEof && error.kind() != io::ErrorKind::InvalidData => {
            source.failed(error)
        }
        ZipError::UnsupportedArchive(_) => damaged(source, "a part is packed in a way that is not read".to_owned()),
        _ => damaged(source, "its zip archive is broken or cut off".to_owned()),
    }
}
