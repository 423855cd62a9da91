//! What a workbook's stream says for all its sheets: their names and places, the table of texts, number formats, the date system.

use std::collections::HashMap;

use encoding_rs::Encoding;

use super::super::number_format::NumberFormat;
use super::super::{SheetEntry, damaged};
use super::ole::{Ole, Stream, u32_at};
use super::records::{Records, Writing, short};
use crate::read::ReadError;
use crate::read::source::SourceFile;

const BOF: u16 = 0x0809;
const EOF: u16 = 0x000a;
const FILEPASS: u16 = 0x002f;
const CODEPAGE: u16 = 0x0042;
const DATEMODE: u16 = 0x0022;
const BOUNDSHEET: u16 = 0x0085;
const FORMAT: u16 = 0x041e;
const XF: u16 = 0x00e0;
const SST: u16 = 0x00fc;
const BIFF5: u16 = 0x0500;
const BIFF8: u16 = 0x0600;

/// What a sheet's records refer to.
pub(super) struct Globals {
    pub(super) writing: Writing,
    pub(super) is_1904: bool,
    /// Number formats by the cell's style.
    pub(super) formats: Vec<NumberFormat>,
    pub(super) texts: Texts,
    /// Sheets in their order, each with its place in the stream.
    pub(super) sheets: Vec<(SheetEntry, u64)>,
}

/// The table of texts in one buffer.
#[derive(Default)]
pub(super) struct Texts {
    text: String,
    ends: Vec<usize>,
}

impl Texts {
    pub(super) fn get(&self, index: u32) -> Option<&str> {
        let index = index as usize;
        let end = *self.ends.get(index)?;
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.text.get(start..end)
    }
}

/// The stream of the workbook, in its container or bare.
pub(super) fn stream(source: &SourceFile) -> Result<Stream, ReadError> {
    let head = {
        let mut head = Vec::new();
        let mut file = source.open()?;
        std::io::Read::read_to_end(&mut std::io::Read::take(&mut file, 2), &mut head).map_err(|error| source.failed(error))?;
        head
    };
    if head.starts_with(b"\x09\x08") {
        return Stream::bare(source);
    }
    let ole = Ole::open(source)?;
    if ole.has("EncryptedPackage") || ole.has("EncryptionInfo") {
        return Err(ReadError::Encrypted { file: source.name.to_string() });
    }
    let found = [
        ("WordDocument", "a Word document"),
        ("PowerPoint Document", "a presentation"),
        ("__properties_version1.0", "an Outlook message"),
        ("VisioDocument", "a Visio drawing"),
    ];
    let name = ["Workbook", "Book"].into_iter().find(|name| ole.has(name));
    let Some(name) = name else {
        let found =
            found.iter().find(|(name, _)| ole.has(name)).map_or("a document of old Office without a workbook", |found| found.1);
        return Err(ReadError::Unsupported { file: source.name.to_string(), found: found.to_owned() });
    };
    ole.stream(name)?.ok_or_else(|| damaged(source, "its stream is missing".to_owned()))
}

/// Reads what stands before the sheets. The table of texts is only needed for rows.
pub(super) fn read(source: &SourceFile, with_texts: bool) -> Result<Globals, ReadError> {
    let mut records = Records::new(source, stream(source)?, 0);
    let is_unicode = match records.advance()? {
        Some(BOF) if short(&records.body, 0) == BIFF8 => true,
        Some(BOF) if short(&records.body, 0) == BIFF5 => false,
        Some(_) => {
            let found = "a workbook of Excel 4 or older".to_owned();
            return Err(ReadError::Unsupported { file: source.name.to_string(), found });
        }
        None => return Err(damaged(source, "it has no records".to_owned())),
    };
    let mut globals = Globals {
        writing: Writing { is_unicode, encoding: encoding_rs::WINDOWS_1252 },
        is_1904: false,
        formats: Vec::new(),
        texts: Texts::default(),
        sheets: Vec::new(),
    };
    let mut codes: HashMap<u16, NumberFormat> = HashMap::new();
    let mut styles: Vec<u16> = Vec::new();
    while let Some(id) = records.advance()? {
        match id {
            EOF => break,
            FILEPASS => return Err(ReadError::Encrypted { file: source.name.to_string() }),
            CODEPAGE => {
                if let Some(encoding) = code_page(short(&records.body, 0)) {
                    globals.writing.encoding = encoding;
                }
            }
            DATEMODE => globals.is_1904 = short(&records.body, 0) == 1,
            BOUNDSHEET => globals.sheets.extend(sheet(&mut records, globals.writing)?),
            FORMAT => {
                let id = short(&records.body, 0);
                let mut code = String::new();
                records.go(2);
                if records.text(globals.writing, !is_unicode, &mut code)? {
                    codes.insert(id, NumberFormat::of_code(&code));
                }
            }
            XF => styles.push(short(&records.body, 2)),
            SST if with_texts => {
                records.go(8);
                let Texts { text, ends } = &mut globals.texts;
                // Counts in the record lie in some files: the texts end where the records do.
                while records.text(globals.writing, false, text)? {
                    ends.push(text.len());
                }
            }
            _ => {}
        }
    }
    globals.formats = styles.iter().map(|id| codes.get(id).cloned().unwrap_or_else(|| NumberFormat::built_in(*id))).collect();
    Ok(globals)
}

/// A worksheet with its place; charts and macros are none.
fn sheet(records: &mut Records<'_>, writing: Writing) -> Result<Option<(SheetEntry, u64)>, ReadError> {
    let (place, state, kind) = (u32_at(&records.body, 0), records.body.get(4).copied(), records.body.get(5).copied());
    let mut name = String::new();
    records.go(6);
    let named = records.text(writing, true, &mut name)?;
    let (Some(place), Some(state), Some(0)) = (place, state, kind) else { return Ok(None) };
    Ok(named.then(|| (SheetEntry { name, hidden: state & 3 != 0 }, u64::from(place))))
}

fn code_page(number: u16) -> Option<&'static Encoding> {
    let label = match number {
        866 => "ibm866".to_owned(),
        874 => "windows-874".to_owned(),
        932 => "shift_jis".to_owned(),
        936 => "gbk".to_owned(),
        949 => "euc-kr".to_owned(),
        950 => "big5".to_owned(),
        1250..=1258 => format!("windows-{number}"),
        10_000 | 32_768 => "macintosh".to_owned(),
        10_007 => "x-mac-cyrillic".to_owned(),
        20_866 => "koi8-r".to_owned(),
        // 367 is ASCII, 1200 UTF-16 and of no matter, 32769 the Latin of old Windows.
        _ => "windows-1252".to_owned(),
    };
    Encoding::for_label(label.as_bytes())
}
