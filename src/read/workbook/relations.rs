//! The relations of an Office package: which part a number in the workbook means. Knows no sheet.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::package::Package;
use super::xml::attribute;
use crate::model::{related_part, relations_part};
use crate::read::ReadError;

/// Relations are short; what is longer is no table of relations.
const BYTES_MAX: u64 = 8 << 20;

/// Name of the workbook's own part.
pub(super) fn workbook_part(package: &mut Package<'_>, usual: &str) -> Result<String, ReadError> {
    let mut found = None;
    if let Some(part) = package.part(&relations_part(""))? {
        each_element(BufReader::new(std::io::Read::take(part, BYTES_MAX)), &mut |element| {
            let is_workbook = attribute(element, "Type").is_some_and(|kind| kind.ends_with("/officeDocument"));
            if is_workbook {
                found = attribute(element, "Target").map(|target| related_part("", &target));
            }
        });
    }
    Ok(found.unwrap_or_else(|| usual.to_owned()))
}

/// A relation of the workbook.
pub(super) struct Relation {
    /// Full name of the part.
    pub(super) part: String,
    /// What it is, as the last word of its type: `worksheet`, `chartsheet`, `sharedStrings`.
    pub(super) kind: String,
}

/// The relations of the workbook by their number.
pub(super) fn of_workbook(package: &mut Package<'_>, workbook: &str) -> Result<HashMap<String, Relation>, ReadError> {
    let Some(part) = package.part(&relations_part(workbook))? else { return Ok(HashMap::new()) };
    let mut found = HashMap::new();
    each_element(BufReader::new(std::io::Read::take(part, BYTES_MAX)), &mut |element| {
        if element.local_name().as_ref() != "Relationship" {
            return;
        }
        if let (Some(id), Some(target)) = (attribute(element, "Id"), attribute(element, "Target")) {
            let kind = attribute(element, "Type").unwrap_or_default();
            let kind = kind.rsplit('/').next().unwrap_or("").to_owned();
            found.insert(id, Relation { part: related_part(workbook, &target), kind });
        }
    });
    Ok(found)
}

/// Shows every element until the XML ends or breaks: what is broken is told by whoever reads the workbook itself.
pub(super) fn each_element(input: impl BufRead, visit: &mut dyn FnMut(&BytesStart<'_>)) {
    let mut reader = Reader::from_reader(input);
    let mut buffer = Vec::new();
    loop {
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Start(element) | Event::Empty(element)) => visit(&element),
            Ok(Event::Eof) | Err(_) => return,
            Ok(_) => {}
        }
        buffer.clear();
    }
}
