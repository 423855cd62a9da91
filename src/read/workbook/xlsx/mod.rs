//! Office Open XML (XLSX, XLSM): the rows of one sheet in a single streamed pass. In memory stand the table of texts and the number
//! formats, read once for all passes. Not read by the library, which needs several times as long and keeps no bounds.

mod cell;
mod markup;
mod sheet;
mod styles;
mod text;
mod texts;

use std::sync::OnceLock;

use quick_xml::events::Event;

use super::facts::Facts;
use super::number_format::NumberFormat;
use super::package::Package;
use super::relations::{self, Relation};
use super::row::Walk;
use super::xml::{Xml, attribute};
use super::{SheetEntry, damaged};
use crate::read::source::SourceFile;
use crate::read::{ReadError, ReadSettings};
use markup::Markup;
use texts::Texts;

/// What every pass over a workbook looks up. A workbook that changes is refused before it is asked.
#[derive(Debug, Default)]
pub(in crate::read::workbook) struct Known(OnceLock<Globals>);

/// What the cells of a sheet refer to.
#[derive(Debug, Default)]
struct Globals {
    is_1904: bool,
    /// Whether whoever wrote it leaves it to the next program to work out its formulas.
    is_worked_out_later: bool,
    texts: Texts,
    /// By the number of the cell's style.
    formats: Vec<NumberFormat>,
    /// Of cells without a style.
    plain: NumberFormat,
}

/// What the parts around the sheets say.
struct Workbook {
    is_1904: bool,
    is_worked_out_later: bool,
    /// Sheets in their order, each with the name of its part.
    sheets: Vec<(SheetEntry, String)>,
    texts: String,
    styles: String,
}

/// Lists the tables in their order.
pub(super) fn sheets(source: &SourceFile, settings: &ReadSettings) -> Result<Vec<SheetEntry>, ReadError> {
    let mut package = Package::open(source, settings)?;
    Ok(workbook(source, settings, &mut package)?.sheets.into_iter().map(|(sheet, _)| sheet).collect())
}

/// Looks through a sheet for what has to be known before its rows are read.
pub(super) fn survey(source: &SourceFile, settings: &ReadSettings, sheet: &str) -> Result<Facts, ReadError> {
    let mut package = Package::open(source, settings)?;
    let workbook = workbook(source, settings, &mut package)?;
    let part = sheet_part(source, &workbook, sheet)?;
    let part = package.part(part)?.ok_or_else(|| missing(source))?;
    sheet::survey(&mut Markup::new(source, settings, part)?)
}

/// Shows the rows of the sheet; false when the visitor had seen enough.
pub(super) fn walk(
    source: &SourceFile,
    settings: &ReadSettings,
    sheet: &str,
    known: &Known,
    walk: &mut Walk<'_>,
) -> Result<bool, ReadError> {
    let mut package = Package::open(source, settings)?;
    let workbook = workbook(source, settings, &mut package)?;
    let globals = match known.0.get() {
        Some(globals) => globals,
        None => {
            let read = globals(source, settings, &mut package, &workbook)?;
            known.0.get_or_init(|| read)
        }
    };
    let part = sheet_part(source, &workbook, sheet)?;
    let part = package.part(part)?.ok_or_else(|| missing(source))?;
    sheet::walk(&mut Markup::new(source, settings, part)?, globals, walk)
}

fn missing(source: &SourceFile) -> ReadError {
    damaged(source, "a part that it names is missing".to_owned())
}

fn sheet_part<'w>(source: &SourceFile, workbook: &'w Workbook, sheet: &str) -> Result<&'w str, ReadError> {
    let found = workbook.sheets.iter().find(|(entry, _)| entry.name == sheet);
    found.map(|(_, part)| part.as_str()).ok_or_else(|| missing(source))
}

fn workbook(source: &SourceFile, settings: &ReadSettings, package: &mut Package<'_>) -> Result<Workbook, ReadError> {
    let name = relations::workbook_part(package, "xl/workbook.xml")?;
    let related = relations::of_workbook(package, &name)?;
    let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
    // Some programs leave out these relations.
    let part_of_kind = |kind: &str, usual: &str| {
        let related = related.values().find(|relation| relation.kind == kind);
        related.map_or_else(|| format!("{folder}/{usual}"), |relation| relation.part.clone())
    };
    let mut workbook = Workbook {
        is_1904: false,
        is_worked_out_later: false,
        sheets: Vec::new(),
        texts: part_of_kind("sharedStrings", "sharedStrings.xml"),
        styles: part_of_kind("styles", "styles.xml"),
    };
    let mut xml = Xml::new(source, settings, package.part(&name)?.ok_or_else(|| missing(source))?);
    let mut buffer = Vec::new();
    loop {
        match xml.next(&mut buffer)? {
            Event::Start(element) => match element.local_name().as_ref() {
                // An extension has an element of the same name, which does not say it.
                "workbookPr" => {
                    if let Some(is_1904) = attribute(&element, "date1904") {
                        workbook.is_1904 = matches!(is_1904.as_str(), "1" | "true");
                    }
                }
                "calcPr" => {
                    let later = attribute(&element, "fullCalcOnLoad");
                    workbook.is_worked_out_later = later.is_some_and(|later| matches!(later.as_str(), "1" | "true"));
                }
                "sheet" => {
                    let relation = attribute(&element, "id").and_then(|id| related.get(&id));
                    let (Some(relation), Some(name)) = (relation, attribute(&element, "name")) else {
                        return Err(missing(source));
                    };
                    let Relation { part, kind } = relation;
                    if kind == "worksheet" {
                        let hidden = attribute(&element, "state").is_some_and(|state| state != "visible");
                        workbook.sheets.push((SheetEntry { name, hidden }, part.clone()));
                    }
                }
                _ => {}
            },
            Event::Eof => return Ok(workbook),
            _ => {}
        }
    }
}

fn globals(
    source: &SourceFile,
    settings: &ReadSettings,
    package: &mut Package<'_>,
    workbook: &Workbook,
) -> Result<Globals, ReadError> {
    let formats = match package.part(&workbook.styles)? {
        Some(part) => styles::read(Xml::new(source, settings, part))?,
        None => Vec::new(),
    };
    let texts = match package.part(&workbook.texts)? {
        Some(part) => Texts::read(&mut Markup::new(source, settings, part)?)?,
        None => Texts::default(),
    };
    Ok(Globals {
        is_1904: workbook.is_1904,
        is_worked_out_later: workbook.is_worked_out_later,
        texts,
        formats,
        plain: NumberFormat::default(),
    })
}
