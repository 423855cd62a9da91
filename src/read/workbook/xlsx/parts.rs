//! A look at a workbook's XML before the library reads it: bounds are checked where nothing is kept yet, and a sheet tells its hidden
//! rows, merged cells and filters, which the library's reader of cells does not.

use std::io::BufReader;

use super::super::damaged;
use super::super::facts::{Area, Facts};
use super::super::package::{Package, part_failed};
use super::super::relations;
use super::super::xml::attribute;
use super::tags::{self, Refusal};
use crate::read::source::SourceFile;
use crate::read::{ReadError, ReadSettings};

/// Elements inside one another; workbooks need some twenty.
const DEPTH_MAX: usize = 256;
/// Bytes of one text or tag, as long as the settings allow no longer row.
const PIECE_BYTES_MIN: usize = 16 << 20;
/// Folders whose parts are not read, or are looked at when they are chosen.
const LEFT_OUT: &[&str] = &[
    "xl/worksheets/",
    "xl/chartsheets/",
    "xl/dialogsheets/",
    "xl/macrosheets/",
    "xl/drawings/",
    "xl/charts/",
    "xl/media/",
    "xl/pivot",
    "xl/externallinks/",
    "xl/embeddings/",
    "xl/printersettings/",
    "xl/richdata/",
    "customxml/",
];

/// Looks at the parts that every pass reads: texts, styles, the workbook itself.
pub(super) fn check_common(source: &SourceFile, settings: &ReadSettings) -> Result<(), ReadError> {
    let mut package = Package::open(source, settings)?;
    for name in package.names() {
        let plain = name.replace('\\', "/").trim_start_matches('/').to_lowercase();
        let is_xml = plain.ends_with(".xml") || plain.ends_with(".rels");
        if is_xml && !LEFT_OUT.iter().any(|folder| plain.starts_with(folder)) {
            look(&mut package, source, settings, &name, &mut |_| {})?;
        }
    }
    Ok(())
}

/// Looks at the part of a sheet.
pub(super) fn survey(source: &SourceFile, settings: &ReadSettings, sheet: &str) -> Result<Facts, ReadError> {
    let mut package = Package::open(source, settings)?;
    let mut facts = Facts::default();
    if let Some(part) = part_of(&mut package, sheet)? {
        let mut row = 0;
        look(&mut package, source, settings, &part, &mut |tag| note(tag, &mut row, &mut facts))?;
    }
    Ok(facts)
}

/// Name of the part that holds a sheet.
fn part_of(package: &mut Package<'_>, sheet: &str) -> Result<Option<String>, ReadError> {
    let workbook = relations::workbook_part(package, "xl/workbook.xml")?;
    let related = relations::of_workbook(package, &workbook)?;
    let Some(part) = package.part(&workbook)? else { return Ok(None) };
    let mut found = None;
    relations::each_element(BufReader::new(part), &mut |element| {
        if element.local_name().as_ref() == "sheet" && attribute(element, "name").as_deref() == Some(sheet) {
            // Its number in the relations; `sheetId` is another one.
            found = attribute(element, "id");
        }
    });
    Ok(found.and_then(|id| related.get(&id).map(|relation| relation.part.clone())))
}

fn look(
    package: &mut Package<'_>,
    source: &SourceFile,
    settings: &ReadSettings,
    name: &str,
    visit: &mut dyn FnMut(&[u8]),
) -> Result<(), ReadError> {
    let Some(part) = package.part(name)? else { return Ok(()) };
    let piece_max = PIECE_BYTES_MIN.max(settings.row_bytes_max);
    let input = BufReader::with_capacity(64 << 10, part);
    Err(match tags::each(input, piece_max, DEPTH_MAX, visit) {
        Ok(()) => return Ok(()),
        Err(Refusal::Io(error)) => part_failed(source, settings, &error),
        Err(Refusal::Long) => ReadError::Limit {
            file: source.name.to_string(),
            what: "bytes of one cell or tag: more than",
            found: piece_max as u64,
            allowed: piece_max as u64,
        },
        Err(Refusal::Deep) => damaged(source, "the XML of one of its parts is nested without end".to_owned()),
        Err(Refusal::Entities) => {
            damaged(source, "one of its parts declares entities, which no spreadsheet program writes".to_owned())
        }
    })
}

/// Notes what a tag of a sheet says about rows. `row` is the number of the last row, from 1.
fn note(tag: &[u8], row: &mut u32, facts: &mut Facts) {
    match tags::local_name(tag) {
        b"row" => {
            *row = tags::value(tag, "r").and_then(|number| number.parse().ok()).unwrap_or(row.saturating_add(1));
            if tags::value(tag, "hidden").is_some_and(is_true) {
                let index = row.saturating_sub(1);
                facts.hide(index, index);
            }
        }
        b"v" | b"is" | b"f" => facts.fill(row.saturating_sub(1)),
        b"mergeCell" => {
            if let Some(area) = tags::value(tag, "ref").and_then(area) {
                facts.merge(area);
            }
        }
        b"filterColumn" => facts.is_filtered = true,
        b"sheetPr" if tags::value(tag, "filterMode").is_some_and(is_true) => facts.is_filtered = true,
        _ => {}
    }
}

fn is_true(value: &str) -> bool {
    matches!(value, "1" | "true")
}

/// `B2:C9` as an area.
fn area(reference: &str) -> Option<Area> {
    let (first, last) = reference.split_once(':')?;
    let ((first_row, first_column), (last_row, last_column)) = (cell(first)?, cell(last)?);
    Some(Area { first_row, last_row, first_column, last_column })
}

/// Row and column of `$B$2`, from 0.
fn cell(reference: &str) -> Option<(u32, u32)> {
    let plain = reference.replace('$', "");
    let digits = plain.find(|ch: char| ch.is_ascii_digit())?;
    let (letters, number) = plain.split_at(digits);
    let column = letters.bytes().try_fold(0_u32, |sum, letter| {
        let value = letter.to_ascii_uppercase().checked_sub(b'A').filter(|&value| value < 26)?;
        sum.checked_mul(26)?.checked_add(u32::from(value) + 1)
    })?;
    Some((number.parse::<u32>().ok()?.checked_sub(1)?, column.checked_sub(1)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read() {
        let expected = Area { first_row: 1, last_row: 8, first_column: 1, last_column: 27 };
        assert_eq!(area("B2:AB9"), Some(expected));
        assert_eq!(area("$B$2:$AB$9"), Some(expected));
        assert_eq!((area("B2"), area("B0:C1"), area("ЯЖ1:C1"), area("ZZZZZZZZZZ1:A2")), (None, None, None, None));
    }
}
