//! Workbooks as they lie on the disk: parts byte by byte, sheets cell by cell with the formats that the cells have.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use quick_xml::Reader;
use quick_xml::events::Event;

/// Every part: its bytes as they lie packed, and unpacked.
pub(super) type Parts = BTreeMap<String, (Vec<u8>, Vec<u8>)>;

pub(super) fn parts(path: &Path) -> Parts {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    let mut parts = BTreeMap::new();
    for index in 0..archive.len() {
        let (mut packed, mut plain) = (Vec::new(), Vec::new());
        archive.by_index_raw(index).unwrap().read_to_end(&mut packed).unwrap();
        let mut part = archive.by_index(index).unwrap();
        part.read_to_end(&mut plain).unwrap();
        parts.insert(part.name().unwrap().replace('\\', "/"), (packed, plain));
    }
    parts
}

/// A cell: its attributes without place and format, everything in it, and its format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) attributes: String,
    pub(super) inside: String,
    pub(super) format: usize,
}

/// A sheet taken apart.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    pub(super) cells: BTreeMap<(u64, u32), Cell>,
    /// Raw tags of the rows without `spans`.
    pub(super) rows: BTreeMap<u64, String>,
    /// Everything else, event by event.
    pub(super) around: Vec<String>,
}

fn raw(event: &Event<'_>) -> String {
    match event {
        Event::Start(tag) => format!("<{}>", &**tag),
        Event::Empty(tag) => format!("<{}/>", &**tag),
        Event::End(tag) => format!("</{}>", &**tag),
        Event::GeneralRef(name) => format!("&{};", &**name),
        other => other.to_string(),
    }
}

fn attribute(tag: &quick_xml::events::BytesStart<'_>, name: &str) -> Option<String> {
    tag.attributes().flatten().find(|found| found.key.as_ref() == name).map(|found| found.value.to_string())
}

pub(super) fn place(reference: &str) -> (u64, u32) {
    let digits = reference.find(|ch: char| ch.is_ascii_digit()).unwrap();
    let column = reference[..digits].bytes().fold(0, |sum, letter| sum * 26 + u32::from(letter - b'A') + 1);
    (reference[digits..].parse().unwrap(), column - 1)
}

pub(super) fn sheet(xml: &[u8]) -> Sheet {
    let mut reader = Reader::from_reader(xml);
    let mut buffer = Vec::new();
    let mut sheet = Sheet::default();
    let (mut in_data, mut line, mut column) = (false, 0_u64, 0_u32);
    let mut cell: Option<((u64, u32), Cell)> = None;
    loop {
        buffer.clear();
        let event = reader.read_event_into(&mut buffer).unwrap();
        match &event {
            Event::Eof => break,
            Event::Start(tag) | Event::Empty(tag) if in_data && tag.local_name().as_ref() == "row" => {
                line = attribute(tag, "r").map_or(line + 1, |number| number.parse().unwrap());
                column = 0;
                let kept = tag.attributes().flatten().filter(|found| found.key.as_ref() != "spans");
                sheet.rows.insert(line, kept.map(|found| format!("{}={} ", found.key.as_ref(), found.value)).collect());
            }
            Event::Start(tag) | Event::Empty(tag) if in_data && cell.is_none() && tag.local_name().as_ref() == "c" => {
                let at = attribute(tag, "r").map_or((line, column), |reference| place(&reference));
                column = at.1 + 1;
                let kept = tag.attributes().flatten().filter(|found| !matches!(found.key.as_ref(), "r" | "s"));
                let found = Cell {
                    attributes: kept.map(|found| format!("{}={} ", found.key.as_ref(), found.value)).collect(),
                    inside: String::new(),
                    format: attribute(tag, "s").map_or(0, |format| format.parse().unwrap_or(0)),
                };
                if matches!(event, Event::Empty(_)) {
                    sheet.cells.insert(at, found);
                } else {
                    cell = Some((at, found));
                }
            }
            Event::End(tag) if in_data && tag.local_name().as_ref() == "c" => {
                let (at, found) = cell.take().unwrap();
                assert!(sheet.cells.insert(at, found).is_none(), "cell {at:?} stands twice");
            }
            Event::End(tag) if in_data && tag.local_name().as_ref() == "row" => {}
            Event::End(tag) if tag.local_name().as_ref() == "sheetData" => in_data = false,
            Event::Start(tag) if tag.local_name().as_ref() == "sheetData" => in_data = true,
            Event::Empty(tag) if tag.local_name().as_ref() == "sheetData" => {}
            event => match &mut cell {
                Some((_, found)) => found.inside.push_str(&raw(event)),
                None if in_data => assert!(matches!(event, Event::Text(text) if text.trim().is_empty()), "{event:?}"),
                None => sheet.around.push(raw(event)),
            },
        }
    }
    sheet
}

/// The formats of a workbook: raw elements of each list, by the list's name.
pub(super) fn styles(xml: &[u8]) -> BTreeMap<String, Vec<String>> {
    let mut reader = Reader::from_reader(xml);
    reader.config_mut().expand_empty_elements = true;
    let mut buffer = Vec::new();
    let mut lists: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let (mut depth, mut list) = (0, String::new());
    loop {
        buffer.clear();
        let event = reader.read_event_into(&mut buffer).unwrap();
        match &event {
            Event::Eof => return lists,
            Event::Start(tag) => {
                depth += 1;
                match depth {
                    2 => list = tag.local_name().as_ref().to_owned(),
                    3 => lists.entry(list.clone()).or_default().push(raw(&event)),
                    _ => {}
                }
                if depth > 3 {
                    lists.get_mut(&list).unwrap().last_mut().unwrap().push_str(&raw(&event));
                }
            }
            other => {
                if matches!(other, Event::End(_)) {
                    depth -= 1;
                }
                if depth > 2 {
                    lists.get_mut(&list).unwrap().last_mut().unwrap().push_str(&raw(other));
                }
            }
        }
    }
}

/// A cell's format without its fill, and the fill.
pub(super) fn without_fill(format: &str) -> (String, Option<usize>) {
    let mut reader = Reader::from_reader(format.as_bytes());
    reader.config_mut().check_end_names = false;
    let mut buffer = Vec::new();
    let (mut bare, mut fill) = (String::new(), None);
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer).unwrap() {
            Event::Eof => return (bare, fill),
            Event::Start(tag) => {
                for found in tag.attributes().flatten() {
                    match found.key.as_ref() {
                        "fillId" if tag.local_name().as_ref() == "xf" => fill = found.value.parse().ok(),
                        "applyFill" => {}
                        name => bare.push_str(&format!("{name}={} ", found.value)),
                    }
                }
            }
            other => bare.push_str(&raw(&other)),
        }
    }
}
