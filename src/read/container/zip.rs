//! The directory of a zip archive: what it is, which parts it has and how large they get. Unpacks nothing.

use std::io::{self, Read, Seek, SeekFrom};

use crate::read::source::{Pass, SourceFile};
use crate::read::{ReadError, ReadSettings};

/// What a zip archive is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::read) enum Kind {
    Xlsx,
    Xlsb,
    Ods,
    /// One file, packed: its number in the directory.
    OneFile(usize),
    /// Something that is named and not read, with its article.
    Other(String),
}

const END_BYTES: usize = 22;
const COMMENT_BYTES_MAX: u64 = 65_535;
const DIRECTORY_BYTES_MAX: u64 = 64 << 20;
/// What a field holds when the real number stands in a zip64 record.
const IN_ZIP64: u32 = u32::MAX;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    name: String,
    packed_bytes: u64,
    unpacked_bytes: u64,
    encrypted: bool,
}

/// Tells a workbook from other zip archives by the parts it has. Names are compared and never used as paths.
pub(in crate::read) fn kind(file: &mut Pass, source: &SourceFile) -> Result<Kind, ReadError> {
    let entries = entries(file, source)?;
    let has = |name: &str| entries.iter().any(|entry| entry.name.eq_ignore_ascii_case(name));
    let has_under = |folder: &str| entries.iter().any(|entry| entry.name.starts_with(folder));
    let has_ending = |ending: &str| entries.iter().any(|entry| entry.name.to_ascii_lowercase().ends_with(ending));
    // OpenDocument hides the whole package in one part.
    if entries.iter().any(|entry| entry.encrypted) || has("encrypted-package") {
        return Err(ReadError::Encrypted { file: source.name.to_string() });
    }
    let other = |found: &str| Kind::Other(found.to_owned());
    Ok(if has_ending("xl/workbook.bin") {
        Kind::Xlsb
    } else if has("[Content_Types].xml") && has_under("word/") {
        other("a Word document")
    } else if has("[Content_Types].xml") && has_under("ppt/") {
        other("a presentation")
    } else if has("[Content_Types].xml") || has("xl/workbook.xml") {
        Kind::Xlsx
    } else if has("content.xml") && (has("mimetype") || has("META-INF/manifest.xml")) {
        Kind::Ods
    } else if has_under("Index/") && has_ending(".iwa") {
        other("a workbook of Apple Numbers")
    } else {
        let mut files = entries.iter().enumerate().filter(|(_, entry)| !is_litter(&entry.name)).map(|(index, _)| index);
        match (files.next(), files.count()) {
            (Some(index), 0) => Kind::OneFile(index),
            (None, _) => other("a zip archive without a file"),
            (Some(_), more) => Kind::Other(format!("a zip archive of {} files, where one is expected", more + 1)),
        }
    })
}

/// Folders, and what systems put into archives on their own.
fn is_litter(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or("");
    file.is_empty() || name.starts_with("__MACOSX/") || matches!(file, ".DS_Store" | "Thumbs.db" | "desktop.ini")
}

/// An error when the parts together pass the limits, by the sizes that the directory declares.
pub(in crate::read) fn check_limits(file: &mut Pass, source: &SourceFile, settings: &ReadSettings) -> Result<(), ReadError> {
    let entries = entries(file, source)?;
    let unpacked = entries.iter().fold(0_u64, |sum, entry| sum.saturating_add(entry.unpacked_bytes));
    let packed = entries.iter().fold(0_u64, |sum, entry| sum.saturating_add(entry.packed_bytes));
    super::check_growth(source, settings, packed.min(source.bytes()), unpacked)
}

fn entries(file: &mut Pass, source: &SourceFile) -> Result<Vec<Entry>, ReadError> {
    let damaged = || ReadError::Damaged {
        file: source.name.to_string(),
        why: "its zip directory is missing or cut off, as after an interrupted download".to_owned(),
    };
    let directory = read_directory(file, source.bytes()).map_err(|error| source.failed(error))?.ok_or_else(damaged)?;
    parse_directory(&directory).ok_or_else(damaged)
}

/// The bytes of the central directory; `None` when there is none.
fn read_directory(file: &mut Pass, file_bytes: u64) -> io::Result<Option<Vec<u8>>> {
    let tail_bytes = file_bytes.min(END_BYTES as u64 + COMMENT_BYTES_MAX);
    let tail_at = file_bytes - tail_bytes;
    let tail = read_at(file, tail_at, tail_bytes)?;
    let Some(end_at) = tail.windows(4).rposition(|bytes| bytes == b"PK\x05\x06") else { return Ok(None) };
    let end = &tail[end_at..];
    let (Some(size), Some(offset)) = (u32_at(end, 12), u32_at(end, 16)) else { return Ok(None) };
    let (mut size, mut offset) = (u64::from(size), u64::from(offset));
    if size == u64::from(IN_ZIP64) || offset == u64::from(IN_ZIP64) {
        let Some(locator_at) = (tail_at + end_at as u64).checked_sub(20) else { return Ok(None) };
        let locator = read_at(file, locator_at, 20)?;
        let Some(record_at) = u64_at(&locator, 8).filter(|_| locator.starts_with(b"PK\x06\x07")) else { return Ok(None) };
        let record = read_at(file, record_at, 56)?;
        let (Some(long_size), Some(long_offset)) = (u64_at(&record, 40), u64_at(&record, 48)) else { return Ok(None) };
        (size, offset) = (long_size, long_offset);
    }
    if size > DIRECTORY_BYTES_MAX || offset > file_bytes {
        return Ok(None);
    }
    let directory = read_at(file, offset, size)?;
    Ok((directory.len() as u64 == size).then_some(directory))
}

fn read_at(file: &mut Pass, offset: u64, bytes: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(offset))?;
    let mut read = Vec::new();
    file.take(bytes).read_to_end(&mut read)?;
    Ok(read)
}

fn parse_directory(directory: &[u8]) -> Option<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut rest = directory;
    while rest.starts_with(b"PK\x01\x02") {
        let flags = u16_at(rest, 8)?;
        let (packed, unpacked) = (u32_at(rest, 20)?, u32_at(rest, 24)?);
        let name_bytes = usize::from(u16_at(rest, 28)?);
        let extra_bytes = usize::from(u16_at(rest, 30)?);
        let comment_bytes = usize::from(u16_at(rest, 32)?);
        let name = rest.get(46..46 + name_bytes)?;
        let extra = rest.get(46 + name_bytes..46 + name_bytes + extra_bytes)?;
        let (packed_bytes, unpacked_bytes) = sizes(packed, unpacked, extra);
        entries.push(Entry {
            name: String::from_utf8_lossy(name).replace('\\', "/"),
            packed_bytes,
            unpacked_bytes,
            encrypted: flags & 1 != 0,
        });
        rest = rest.get(46 + name_bytes + extra_bytes + comment_bytes..)?;
    }
    (!entries.is_empty()).then_some(entries)
}

/// Sizes, taken from the zip64 field where the short ones say so.
fn sizes(packed: u32, unpacked: u32, mut extra: &[u8]) -> (u64, u64) {
    let (mut long_packed, mut long_unpacked) = (u64::from(packed), u64::from(unpacked));
    while let (Some(id), Some(bytes)) = (u16_at(extra, 0), u16_at(extra, 2)) {
        let Some(field) = extra.get(4..4 + usize::from(bytes)) else { break };
        if id == 1 {
            let mut at = 0;
            if unpacked == IN_ZIP64 {
                long_unpacked = u64_at(field, at).unwrap_or(u64::MAX);
                at += 8;
            }
            if packed == IN_ZIP64 {
                long_packed = u64_at(field, at).unwrap_or(u64::MAX);
            }
        }
        extra = extra.get(4 + usize::from(bytes)..).unwrap_or(&[]);
    }
    (long_packed, long_unpacked)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|bytes| u16::from_le_bytes(*bytes))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}
