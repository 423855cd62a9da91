//! Binary workbooks (XLSB): records in the parts of a package. Rows are streamed, in memory stands the table of texts. Not read by
//! the library, which panics on broken files and tells neither hidden rows nor number formats.

mod records;
mod sheet;

use super::number_format::NumberFormat;
use super::package::Package;
use super::{SheetEntry, damaged, relations};
use crate::read::source::SourceFile;
use crate::read::{ReadError, ReadSettings};
use records::{Records, u16_at, u32_at};

pub(super) use sheet::{survey, walk};

const SHEET: u16 = 0x009c;
const WORKBOOK_PROPERTIES: u16 = 0x0099;
const TEXT: u16 = 0x0013;
const FORMAT: u16 = 0x002c;
const STYLES_BEGIN: u16 = 0x0269;
const STYLES_END: u16 = 0x026a;
const STYLE: u16 = 0x002f;

/// What the parts around the sheets say.
struct Workbook {
    is_1904: bool,
    /// Sheets in their order, each with the name of its part.
    sheets: Vec<(SheetEntry, String)>,
    texts: Option<String>,
    styles: Option<String>,
}

/// The tables of the workbook in their order.
pub(super) fn sheets(source: &SourceFile, settings: &ReadSettings) -> Result<Vec<SheetEntry>, ReadError> {
    let mut package = Package::open(source, settings)?;
    Ok(workbook(source, settings, &mut package)?.sheets.into_iter().map(|(sheet, _)| sheet).collect())
}

fn workbook(source: &SourceFile, settings: &ReadSettings, package: &mut Package<'_>) -> Result<Workbook, ReadError> {
    let name = relations::workbook_part(package, "xl/workbook.bin")?;
    let related = relations::of_workbook(package, &name)?;
    let part_of_kind = |kind: &str| related.values().find(|relation| relation.kind == kind).map(|relation| relation.part.clone());
    let mut workbook =
        Workbook { is_1904: false, sheets: Vec::new(), texts: part_of_kind("sharedStrings"), styles: part_of_kind("styles") };
    let missing = || damaged(source, "a part that it names is missing".to_owned());
    let part = package.part(&name)?.ok_or_else(missing)?;
    let mut records = Records::new(source, settings, part);
    while let Some(id) = records.advance()? {
        let body = &records.body;
        match id {
            WORKBOOK_PROPERTIES => workbook.is_1904 = body.first().is_some_and(|flags| flags & 1 != 0),
            SHEET => {
                let (Some(state), Some((relation, behind))) = (u32_at(body, 0), records.text(8)) else { continue };
                let Some((name, _)) = records.text(behind) else { continue };
                if let Some(relation) = related.get(&relation).filter(|relation| relation.kind == "worksheet") {
                    workbook.sheets.push((SheetEntry { name, hidden: state != 0 }, relation.part.clone()));
                }
            }
            _ => {}
        }
    }
    Ok(workbook)
}

/// The table of texts.
fn texts(
    source: &SourceFile,
    settings: &ReadSettings,
    package: &mut Package<'_>,
    name: &str,
) -> Result<Vec<Box<str>>, ReadError> {
    let Some(part) = package.part(name)? else { return Ok(Vec::new()) };
    let mut records = Records::new(source, settings, part);
    let mut texts = Vec::new();
    while let Some(id) = records.advance()? {
        if id == TEXT {
            // One byte of flags stands before the text.
            texts.push(records.text(1).map_or_else(Box::default, |(text, _)| text.into_boxed_str()));
        }
    }
    Ok(texts)
}

/// Number formats by the cell's style.
fn formats(
    source: &SourceFile,
    settings: &ReadSettings,
    package: &mut Package<'_>,
    name: &str,
) -> Result<Vec<NumberFormat>, ReadError> {
    let Some(part) = package.part(name)? else { return Ok(Vec::new()) };
    let mut records = Records::new(source, settings, part);
    let mut codes = std::collections::HashMap::new();
    let mut styles = Vec::new();
    let mut are_cell_styles = false;
    while let Some(id) = records.advance()? {
        match id {
            FORMAT => {
                if let (Some(number), Some((code, _))) = (u16_at(&records.body, 0), records.text(2)) {
                    codes.insert(number, NumberFormat::of_code(&code));
                }
            }
            STYLES_BEGIN => are_cell_styles = true,
            STYLES_END => are_cell_styles = false,
            STYLE if are_cell_styles => {
                let number = u16_at(&records.body, 2).unwrap_or(0);
                styles.push(codes.get(&number).cloned().unwrap_or_else(|| NumberFormat::built_in(number)));
            }
            _ => {}
        }
    }
    Ok(styles)
}

/// What the cells of a sheet refer to.
struct Globals {
    is_1904: bool,
    texts: Vec<Box<str>>,
    formats: Vec<NumberFormat>,
}
