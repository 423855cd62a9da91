//! OpenDocument spreadsheets (ODS): the rows of one sheet in a single streamed pass over the XML, nothing kept but a row. Not read by
//! the library, which holds whole sheets and takes repetitions as they are declared.

mod cell;
mod sheet;

use std::collections::HashSet;
use std::io::Read;

use quick_xml::events::Event;

use super::facts::Facts;
use super::package::Package;
use super::row::Walk;
use super::xml::{Xml, attribute};
use super::{SheetEntry, damaged};
use crate::read::source::SourceFile;
use crate::read::{ReadError, ReadSettings};

const CONTENT: &str = "content.xml";
const MANIFEST_BYTES_MAX: u64 = 8 << 20;

/// The tables of the workbook in their order.
pub(super) fn sheets(source: &SourceFile, settings: &ReadSettings) -> Result<Vec<SheetEntry>, ReadError> {
    let mut package = Package::open(source, settings)?;
    check_encryption(source, settings, &mut package)?;
    let mut xml = Xml::new(source, settings, content(source, &mut package)?);
    let mut buffer = Vec::new();
    let mut hidden_styles = HashSet::new();
    let mut style = None;
    let mut sheets = Vec::new();
    let mut is_spreadsheet = false;
    let mut tables = 0_u32;
    loop {
        match xml.next(&mut buffer)? {
            Event::Start(element) => match element.name().as_ref() {
                "style:style" => style = attribute(&element, "style:name"),
                "style:table-properties" if attribute(&element, "table:display").as_deref() == Some("false") => {
                    hidden_styles.extend(style.take());
                }
                "office:spreadsheet" => is_spreadsheet = true,
                "table:table" => {
                    tables += 1;
                    if let (1, Some(name)) = (tables, attribute(&element, "table:name")) {
                        let hidden = attribute(&element, "table:style-name").is_some_and(|style| hidden_styles.contains(&style));
                        sheets.push(SheetEntry { name, hidden });
                    }
                }
                _ => {}
            },
            Event::End(element) if element.name().as_ref() == "table:table" => tables = tables.saturating_sub(1),
            Event::Eof => break,
            _ => {}
        }
    }
    if is_spreadsheet {
        return Ok(sheets);
    }
    let found = "an OpenDocument file that is no spreadsheet".to_owned();
    Err(ReadError::Unsupported { file: source.name.to_string(), found })
}

/// What the sheet says about its rows.
pub(super) fn survey(source: &SourceFile, settings: &ReadSettings, sheet: &str) -> Result<Facts, ReadError> {
    let mut package = Package::open(source, settings)?;
    let xml = Xml::new(source, settings, content(source, &mut package)?);
    sheet::survey(xml, sheet)
}

/// Shows the rows of the sheet; false when the visitor had seen enough.
pub(super) fn walk(source: &SourceFile, settings: &ReadSettings, sheet: &str, walk: &mut Walk<'_>) -> Result<bool, ReadError> {
    let mut package = Package::open(source, settings)?;
    let xml = Xml::new(source, settings, content(source, &mut package)?);
    sheet::walk(source, settings, xml, sheet, walk)
}

fn content<'p, 's>(source: &SourceFile, package: &'p mut Package<'s>) -> Result<impl Read + use<'p, 's>, ReadError> {
    package.part(CONTENT)?.ok_or_else(|| damaged(source, "its content is missing".to_owned()))
}

/// A package under a password says so in its list of parts.
fn check_encryption(source: &SourceFile, settings: &ReadSettings, package: &mut Package<'_>) -> Result<(), ReadError> {
    let Some(part) = package.part("META-INF/manifest.xml")? else { return Ok(()) };
    let mut xml = Xml::new(source, settings, part.take(MANIFEST_BYTES_MAX));
    let mut buffer = Vec::new();
    loop {
        match xml.next(&mut buffer)? {
            Event::Start(element) if element.local_name().as_ref() == "encryption-data" => {
                return Err(ReadError::Encrypted { file: source.name.to_string() });
            }
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}
