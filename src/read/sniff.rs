//! Tells by its first bytes which reader a file belongs to, or what it is that nobody here reads. Names are not looked at.

use std::io::Read;

use super::ReadError;
use super::container::{is_zip, zip};
use super::delimited::{byte_order_mark, is_utf_32};
use super::source::SourceFile;
use super::workbook::Kind;

/// Who reads the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Container {
    Text,
    Workbook(Kind),
}

const HEAD_BYTES: usize = 4096;

/// First bytes of formats that are named in the error instead of being read as text.
const FOREIGN: &[(&[u8], &str)] = &[
    (b"%PDF", "a PDF document"),
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
    (b"\x09\x00\x04\x00", "a workbook of Excel 2"),
    (b"\x09\x02\x06\x00", "a workbook of Excel 3"),
    (b"\x09\x04\x06\x00", "a workbook of Excel 4"),
    (b"\x00\x00\x02\x00\x06\x04", "a workbook of Lotus 1-2-3"),
    (b"\x00\x00\x1a\x00", "a workbook of Lotus 1-2-3"),
];

/// The reader of this file.
pub(super) fn container(source: &SourceFile) -> Result<Container, ReadError> {
    let mut file = source.open()?;
    let mut head = Vec::new();
    (&mut file).take(HEAD_BYTES as u64).read_to_end(&mut head).map_err(|error| source.failed(error))?;
    let unsupported = |found: String| Err(ReadError::Unsupported { file: source.name.to_string(), found });
    if is_utf_32(&head) {
        return unsupported("text in UTF-32".to_owned());
    }
    if byte_order_mark(&head).is_some_and(|(_, bytes)| bytes == 2) {
        return Ok(Container::Text);
    }
    if is_zip(&head) {
        return match zip::kind(&mut file, source)? {
            zip::Kind::Xlsx => Ok(Container::Workbook(Kind::Xlsx)),
            zip::Kind::Xlsb => Ok(Container::Workbook(Kind::Xlsb)),
            zip::Kind::Ods => Ok(Container::Workbook(Kind::Ods)),
            // One file was unpacked before; a second archive inside it was refused.
            zip::Kind::OneFile(_) => unsupported("a zip archive".to_owned()),
            zip::Kind::Other(found) => unsupported(found),
        };
    }
    if head.starts_with(OLE) || is_bare_workbook_stream(&head) {
        return Ok(Container::Workbook(Kind::Xls));
    }
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head).trim_ascii_start();
    if let Some((_, found)) = FOREIGN.iter().find(|(magic, _)| head.starts_with(magic) || text.starts_with(magic)) {
        return unsupported((*found).to_owned());
    }
    match markup(text) {
        Some(found) => unsupported(found.to_owned()),
        None => Ok(Container::Text),
    }
}

const OLE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// A workbook of Excel 5 to 2003 without the container around it, as some exporters write.
fn is_bare_workbook_stream(head: &[u8]) -> bool {
    head.starts_with(b"\x09\x08") && matches!(head.get(4..6), Some(b"\x00\x05" | b"\x00\x06"))
}

/// What text in angle brackets is: programs save web pages and XML under the names of workbooks.
fn markup(text: &[u8]) -> Option<&'static str> {
    let begins = |word: &str| text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word.as_bytes()));
    let holds = |word: &[u8]| text.windows(word.len()).any(|bytes| bytes.eq_ignore_ascii_case(word));
    if begins("<?xml") || begins("<Workbook") {
        return Some(if holds(b"urn:schemas-microsoft-com:office:spreadsheet") {
            "an XML spreadsheet of Excel 2003"
        } else if holds(b"office:document") {
            "a flat XML document of OpenOffice"
        } else if holds(b"<html") {
            "a web page"
        } else {
            "an XML document"
        });
    }
    if begins("MIME-Version:") && holds(b"multipart/related") {
        return Some("a web page with its parts (MHTML), as programs save it under the name of a workbook");
    }
    let is_page =
        ["<!doctype html", "<html", "<head", "<table", "<meta", "<style", "<body", "<!--"].iter().any(|word| begins(word));
    (is_page || (begins("<") && holds(b"<table"))).then_some("a web page, as programs save it under the name of a workbook")
}
