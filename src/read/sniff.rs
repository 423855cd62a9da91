//! Tells by its first bytes which reader a file belongs to, or what it is that nobody here reads. Names are not looked at.

use std::io::{self, Read, Seek, SeekFrom};

use super::ReadError;
use super::delimited::{byte_order_mark, is_utf_32};
use super::source::{Pass, SourceFile};
use super::workbook::archive;

/// Who reads the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Container {
    Text,
    Xlsx,
}

const HEAD_BYTES: usize = 512;
/// How far an OLE container is searched for the name of an encrypted package.
const OLE_SEARCH_BYTES_MAX: u64 = 512 << 20;

/// First bytes of formats that are named in the error instead of being read as text.
const FOREIGN: &[(&[u8], &str)] = &[
    (b"%PDF", "a PDF document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\xfd7zXZ\0", "an xz archive"),
    (b"BZh91AY&SY", "a bzip2 archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"\x89PNG\r\n\x1a\n", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF87a", "an image"),
    (b"GIF89a", "an image"),
    (b"II*\0", "an image"),
    (b"MM\0*", "an image"),
    (b"{\\rtf", "an RTF document"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"PAR1\x15", "a Parquet file"),
    (b"\x7fELF", "a program"),
    (b"<?xml", "an XML document"),
    (b"<!DOCTYPE", "a web page"),
    (b"<!doctype", "a web page"),
    (b"<html", "a web page"),
    (b"<HTML", "a web page"),
];

/// The reader of this file.
pub(super) fn container(source: &SourceFile) -> Result<Container, ReadError> {
    let mut file = source.open()?;
    let mut head = Vec::new();
    (&mut file).take(HEAD_BYTES as u64).read_to_end(&mut head).map_err(|error| source.failed(error))?;
    let unsupported = |found| Err(ReadError::Unsupported { file: source.name.to_string(), found });
    if is_utf_32(&head) {
        return unsupported("text in UTF-32");
    }
    if byte_order_mark(&head).is_some_and(|(_, bytes)| bytes == 2) {
        return Ok(Container::Text);
    }
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return match archive::kind(&mut file, source)? {
            archive::Kind::Xlsx => Ok(Container::Xlsx),
            archive::Kind::Other(found) => unsupported(found),
        };
    }
    if head.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        let encrypted = holds_utf_16(&mut file, "EncryptedPackage").map_err(|error| source.failed(error))?;
        return if encrypted {
            Err(ReadError::Encrypted { file: source.name.to_string() })
        } else {
            unsupported("a document of old Office (such as XLS)")
        };
    }
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head);
    match FOREIGN.iter().find(|(magic, _)| text.trim_ascii_start().starts_with(magic)) {
        Some(&(_, found)) => unsupported(found),
        None => Ok(Container::Text),
    }
}

/// Whether the name stands anywhere in the file, as OLE directories write names.
fn holds_utf_16(file: &mut Pass, name: &str) -> io::Result<bool> {
    let needle: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    file.seek(SeekFrom::Start(0))?;
    let mut searched = 0;
    let mut window: Vec<u8> = Vec::new();
    while searched < OLE_SEARCH_BYTES_MAX {
        // What is kept lets a name that is cut between two reads be found.
        let kept = window.len().min(needle.len());
        window.drain(..window.len() - kept);
        let read = file.take(1 << 20).read_to_end(&mut window)?;
        if window.windows(needle.len()).any(|bytes| bytes == needle) {
            return Ok(true);
        }
        if read == 0 {
            break;
        }
        searched += read as u64;
    }
    Ok(false)
}
