//! The workbook's own part: its sheets and where they are. Changes nothing but the list of sheets.

use std::collections::HashMap;

use quick_xml::events::Event;

use super::super::package::{Relation, Unkept};
use super::super::xml;

/// What the workbook's own part says.
pub(super) struct Book {
    prefix: String,
    pub(super) main_space: String,
    pub(super) relations_space: String,
    /// Parts by the names of their sheets.
    parts: HashMap<String, String>,
    sheet_ids: Vec<u64>,
    /// Where the list of sheets ends.
    list_end: usize,
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
            sheet_ids: Vec::new(),
            list_end: 0,
        };
        let mut is_root = true;
        loop {
            buffer.clear();
            let event = reader.read_event_into(&mut buffer).map_err(|_| broken())?;
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
                    book.sheet_ids.extend(xml::value(tag, "sheetId").and_then(|id| id.parse::<u64>().ok()));
                    if let (Some(name), Some(relation)) = (name, related) {
                        if let Some(space) = relation.kind.strip_suffix("/worksheet") {
                            book.relations_space = space.to_owned();
                        }
                        book.parts.insert(name, relation.target.clone());
                    }
                }
                Event::End(tag) if xml::local(tag) == "sheets" => book.list_end = start,
                Event::DocType(_) => return Err(broken()),
                Event::Eof => break,
                _ => {}
            }
            start = usize::try_from(reader.buffer_position()).map_err(|_| broken())?;
        }
        if book.list_end == 0 || book.relations_space.is_empty() {
            return Err(broken());
        }
        Ok(book)
    }

    pub(super) fn part_of(&self, sheet: &str) -> Option<String> {
        self.parts.get(sheet).cloned()
    }

    /// The workbook's part with one more sheet at the end of its list.
    pub(super) fn with_sheet(&self, text: &str, name: &str, relation: &str) -> Result<String, Unkept> {
        let id = self.sheet_ids.iter().copied().max().unwrap_or(0).checked_add(1).filter(|id| *id <= 65_534);
        let id = id.ok_or_else(|| Unkept::because("it has no room for a further sheet"))?;
        let (before, after) = text.split_at_checked(self.list_end).ok_or_else(|| Unkept::broken("of the workbook"))?;
        let (prefix, space) = (&self.prefix, &self.relations_space);
        let name = xml::in_attribute(name);
        Ok(format!("{before}<{prefix}sheet xmlns:r=\"{space}\" name=\"{name}\" sheetId=\"{id}\" r:id=\"{relation}\"/>{after}"))
    }
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
}
