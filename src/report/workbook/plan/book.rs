//! The workbook's own part: its sheets and where they are. Changes nothing but the lists of sheets and of names.

use std::collections::HashMap;

use quick_xml::events::Event;

use super::super::package::{Relation, Unkept};
use super::super::xml;

/// The hidden name of a sheet's filter. Some programs know no filter without it.
pub(in crate::report::workbook) const FILTER_NAME: &str = "_xlnm._FilterDatabase";

/// What the workbook's own part says.
pub(super) struct Book {
    prefix: String,
    pub(super) main_space: String,
    pub(super) relations_space: String,
    /// Parts by the names of their sheets.
    parts: HashMap<String, String>,
    /// Names of all sheets.
    sheets: Vec<String>,
    sheet_ids: Vec<u64>,
    /// Where the list of sheets ends.
    list_end: usize,
    names: Names,
    /// Sheets, by their place in the list, whose filter has its name.
    filtered: Vec<usize>,
}

/// Where names stand, or would.
enum Names {
    /// Behind this.
    Missing(usize),
    /// An element without any, from here to here.
    Empty(usize, usize),
    /// Before this end of the list.
    Listed(usize),
}

impl Book {
    pub(super) fn read(text: &str, relations: &[Relation]) -> Result<Self, Unkept> {
        let broken = || Unkept::broken("of the workbook");
        let mut reader = xml::reader(text.as_bytes());
        let (mut buffer, mut start) = (Vec::new(), 0_usize);
        let mut book = Self {
            prefix: String::new(),
            main_space: String::new(),
            relations_space: String::new(),
            parts: HashMap::new(),
            sheets: Vec::new(),
            sheet_ids: Vec::new(),
            list_end: 0,
            names: Names::Missing(0),
            filtered: Vec::new(),
        };
        let mut is_root = true;
        loop {
            buffer.clear();
            let event = reader.read_event_into(&mut buffer).map_err(|_| broken())?;
            let end = usize::try_from(reader.buffer_position()).map_err(|_| broken())?;
            match &event {
                Event::Start(tag) if is_root => {
                    is_root = false;
                    book.prefix = xml::prefix(tag).to_owned();
                    let name = if book.prefix.is_empty() {
                        "xmlns".to_owned()
                    } else {
                        format!("xmlns:{}", book.prefix.trim_end_matches(':'))
                    };
                    book.main_space = xml::value(tag, &name).ok_or_else(broken)?.to_owned();
                }
                Event::Start(tag) | Event::Empty(tag) if xml::local(tag) == "sheet" => {
                    let name = xml::value(tag, "name").map(xml::unescaped);
                    let related = xml::prefixed_value(tag, "id").and_then(|id| relations.iter().find(|known| known.id == id));
                    book.sheets.push(name.clone().unwrap_or_default());
                    book.sheet_ids.extend(xml::value(tag, "sheetId").and_then(|id| id.parse::<u64>().ok()));
                    if let (Some(name), Some(relation)) = (name, related) {
                        if let Some(space) = relation.kind.strip_suffix("/worksheet") {
                            book.relations_space = space.to_owned();
                        }
                        book.parts.insert(name, relation.target.clone());
                    }
                }
                Event::Start(tag) if xml::local(tag) == "definedName" && xml::value(tag, "name") == Some(FILTER_NAME) => {
                    book.filtered.extend(xml::value(tag, "localSheetId").and_then(|id| id.trim().parse::<usize>().ok()));
                }
                Event::Empty(tag) if xml::local(tag) == "definedNames" => book.names = Names::Empty(start, end),
                Event::End(tag) => match (xml::local(tag), &book.names) {
                    ("sheets", _) => {
                        book.list_end = start;
                        book.names = Names::Missing(end);
                    }
                    ("functionGroups" | "externalReferences", Names::Missing(_)) => book.names = Names::Missing(end),
                    ("definedNames", _) => book.names = Names::Listed(start),
                    _ => {}
                },
                Event::DocType(_) => return Err(broken()),
                Event::Eof => break,
                _ => {}
            }
            start = end;
        }
        if book.list_end == 0 || book.relations_space.is_empty() {
            return Err(broken());
        }
        Ok(book)
    }

    pub(super) fn part_of(&self, sheet: &str) -> Option<String> {
        self.parts.get(sheet).cloned()
    }

    /// The workbook's part with names for filters of these sheets (name, area), as far as they have none.
    pub(super) fn with_filters(&self, text: &str, filters: &[(String, String)]) -> Result<String, Unkept> {
        let p = &self.prefix;
        let mut new = String::new();
        for (sheet, area) in filters {
            let Some(index) = self.sheets.iter().position(|name| name == sheet).filter(|index| !self.filtered.contains(index))
            else {
                continue;
            };
            new.push_str(&filter_name(p, index, sheet, area));
        }
        let (from, to, new) = match self.names {
            _ if new.is_empty() => return Ok(text.to_owned()),
            Names::Listed(at) => (at, at, new),
            Names::Missing(at) => (at, at, format!("<{p}definedNames>{new}</{p}definedNames>")),
            Names::Empty(from, to) => (from, to, format!("<{p}definedNames>{new}</{p}definedNames>")),
        };
        match (text.get(..from), text.get(to..)) {
            (Some(before), Some(after)) => Ok(format!("{before}{new}{after}")),
            _ => Err(Unkept::broken("of the workbook")),
        }
    }

    /// The same, `text`, with one more sheet at the end of its list. Names stand behind it.
    pub(super) fn with_sheet(&self, text: &str, name: &str, relation: &str) -> Result<String, Unkept> {
        let id = self.sheet_ids.iter().copied().max().unwrap_or(0).checked_add(1).filter(|id| *id <= 65_534);
        let id = id.ok_or_else(|| Unkept::because("it has no room for a further sheet"))?;
        let (before, after) = text.split_at_checked(self.list_end).ok_or_else(|| Unkept::broken("of the workbook"))?;
        let (prefix, space) = (&self.prefix, &self.relations_space);
        let name = xml::in_attribute(name);
        Ok(format!("{before}<{prefix}sheet xmlns:r=\"{space}\" name=\"{name}\" sheetId=\"{id}\" r:id=\"{relation}\"/>{after}"))
    }
}

/// The name of a sheet's filter. `area` is as [`xml::fixed_area`] writes it.
pub(in crate::report::workbook) fn filter_name(prefix: &str, index: usize, sheet: &str, area: &str) -> String {
    let mut of_sheet = Vec::new();
    xml::text(&mut of_sheet, &sheet.replace('\'', "''"));
    format!(
        "<{prefix}definedName name=\"{FILTER_NAME}\" localSheetId=\"{index}\" hidden=\"1\">'{}'!{area}</{prefix}definedName>",
        String::from_utf8_lossy(&of_sheet)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::OUR_SHEET;

    #[test]
    fn a_further_sheet_stands_last() {
        let text =
            "<x:workbook xmlns:x=\"m\"><x:sheets><x:sheet name=\"a&amp;b\" sheetId=\"7\" q:id=\"r1\"/></x:sheets></x:workbook>";
        let relation = Relation { id: "r1".to_owned(), kind: "http://o/worksheet".to_owned(), target: "xl/s.xml".to_owned() };
        let book = Book::read(text, &[relation]).unwrap();
        assert_eq!((book.part_of("a&b").as_deref(), &*book.main_space), (Some("xl/s.xml"), "m"));
        let with = book.with_sheet(text, OUR_SHEET, "r9").unwrap();
        assert!(
            with.ends_with(
                "<x:sheet xmlns:r=\"http://o\" name=\"clientferry summary\" sheetId=\"8\" r:id=\"r9\"/></x:sheets></x:workbook>"
            ),
            "{with}"
        );
    }

    #[test]
    fn a_filter_has_its_name_once_wherever_names_stand() {
        let name = |index| filter_name("", index, "b'c", "$A$1:$C$9");
        assert!(name(1).contains(">'b''c'!$A$1:$C$9<") && name(1).contains("localSheetId=\"1\""), "{}", name(1));
        let filters = [("b'c".to_owned(), "$A$1:$C$9".to_owned())];
        for (names, wanted) in [
            ("", format!("<definedNames>{}</definedNames>", name(1))),
            ("<definedNames />", format!("<definedNames>{}</definedNames>", name(1))),
            (
                "<definedNames><definedName name=\"x\">1</definedName></definedNames>",
                format!("<definedNames><definedName name=\"x\">1</definedName>{}</definedNames>", name(1)),
            ),
            (
                &format!("<definedNames>{}</definedNames>", name(0)),
                format!("<definedNames>{}{}</definedNames>", name(0), name(1)),
            ),
            (&format!("<definedNames>{}</definedNames>", name(1)), format!("<definedNames>{}</definedNames>", name(1))),
        ] {
            let start = "<workbook xmlns=\"m\"><sheets><sheet name=\"a\" sheetId=\"7\" r:id=\"r1\"/><sheet name=\"b'c\" sheetId=\"8\" r:id=\"r1\"/>";
            let text = format!("{start}</sheets><externalReferences/>{names}<calcPr/></workbook>");
            let text = if names.is_empty() {
                text.replace("<externalReferences/>", "<externalReferences></externalReferences>")
            } else {
                text
            };
            let relation = Relation { id: "r1".to_owned(), kind: "http://o/worksheet".to_owned(), target: "xl/s.xml".to_owned() };
            let book = Book::read(&text, &[relation]).unwrap();
            let with = book.with_filters(&text, &filters).unwrap();
            assert!(with.contains(&format!("{wanted}<calcPr/>")), "{with}");
            let with = book.with_sheet(&with, OUR_SHEET, "r9").unwrap();
            assert!(with.starts_with(start) && with.contains("r:id=\"r9\"/></sheets>"), "{with}");
        }
    }
}
