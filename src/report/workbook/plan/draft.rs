//! Changes to the small parts of a workbook, gathered while its sheets are looked at. Writes nothing.

use std::collections::HashMap;
use std::io::BufReader;

use super::super::comments::{Drawing, Known};
use super::super::package::{Package, Relation, Unkept, each_tag, shared_texts};
use super::super::survey::{HeaderCell, Survey, survey};
use super::super::xml;
use super::book::Book;
use super::{CommentsPlan, SheetPlan};
use crate::model::{folded_part, is_our_column, relations_part};

const CONTENT_TYPES: &str = "[Content_Types].xml";
const COMMENTS_TYPE: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml";
const DRAWING_TYPE: &str = "application/vnd.openxmlformats-officedocument.vmlDrawing";

/// Changes that gather while the sheets are looked at.
pub(super) struct Draft {
    folder: String,
    content_types: String,
    /// Content types of new parts.
    types: Vec<(String, &'static str)>,
    /// New relations by the part that has them: number, type, target.
    relations: Vec<(String, String, String, String)>,
    pub(super) texts: Vec<(String, String)>,
    workbook_part: String,
}

impl Draft {
    pub(super) fn new(package: &mut Package, workbook_part: &str) -> Result<Self, Unkept> {
        let content_types = package.text(CONTENT_TYPES)?.ok_or_else(|| Unkept::broken(CONTENT_TYPES))?;
        let folder = workbook_part.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        let (types, relations, texts) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Self { folder, content_types, types, relations, texts, workbook_part: workbook_part.to_owned() })
    }

    /// A name that no part has yet.
    pub(super) fn new_part(&mut self, package: &Package, name: &str, ending: &str, content_type: &'static str) -> String {
        let mut part = format!("{}{name}.{ending}", self.folder);
        let mut number = 2;
        while package.index(&part).is_some() || self.types.iter().any(|(known, _)| *known == part) {
            part = format!("{}{name}{number}.{ending}", self.folder);
            number += 1;
        }
        self.types.push((part.clone(), content_type));
        part
    }

    pub(super) fn relate(&mut self, from: &str, id: &str, kind: &str, to: &str) {
        self.relations.push((from.to_owned(), id.to_owned(), kind.to_owned(), format!("/{to}")));
    }

    pub(super) fn sheet(
        &mut self,
        package: &mut Package,
        name: &str,
        part: &str,
        header_line: u64,
        texts: Option<&str>,
        book: &Book,
    ) -> Result<SheetPlan, Unkept> {
        let index = package.index(part).ok_or_else(|| Unkept::because(format!("its part {part} is missing")))?;
        let stream = package.stream(index).map_err(|_| Unkept::broken(part))?;
        let mut survey = survey(BufReader::with_capacity(256 << 10, stream), header_line)?;
        let relations = package.relations(part)?;
        for table in relations.iter().filter(|relation| relation.word() == "table") {
            let text = package.text(&table.target)?.unwrap_or_default();
            let mut area = None;
            each_tag(&text, &mut |tag| {
                if xml::local(tag) == "table" {
                    area = xml::value(tag, "ref").and_then(xml::area);
                }
            });
            if let Some(area) = area {
                survey.reserve(area, header_line);
            }
        }
        let wanted: Vec<usize> = survey
            .header
            .iter()
            .filter_map(|(_, cell)| match cell {
                HeaderCell::Shared(number) => Some(*number),
                HeaderCell::Text(_) => None,
            })
            .collect();
        let shared = match texts {
            Some(texts) => shared_texts(package, texts, &wanted)?,
            None => HashMap::new(),
        };
        let text_of = |cell: &HeaderCell| match cell {
            HeaderCell::Text(text) => Some(text.clone()),
            HeaderCell::Shared(number) => shared.get(number).cloned(),
        };
        let our_columns = survey.our_columns(&text_of)?;
        let is_passed_over = |cell: &HeaderCell| text_of(cell).is_some_and(|text| is_our_column(&text));
        let passed_over = survey.header.iter().filter(|(_, cell)| is_passed_over(cell)).map(|(column, _)| *column).collect();
        let comments = self.comments(package, part, &survey, &relations, book)?;
        Ok(SheetPlan {
            name: name.to_owned(),
            index,
            part: part.to_owned(),
            header_line,
            survey,
            our_columns,
            passed_over,
            comments,
        })
    }

    fn comments(
        &mut self,
        package: &mut Package,
        sheet: &str,
        survey: &Survey,
        relations: &[Relation],
        book: &Book,
    ) -> Result<Option<CommentsPlan>, Unkept> {
        let own = relations.iter().find(|relation| relation.word() == "comments");
        let boxes = survey.legacy_drawing.as_ref().and_then(|id| relations.iter().find(|relation| relation.id == *id));
        let known = match own {
            // Comments that cannot be read are copied like everything else.
            Some(relation) => match package.text(&relation.target).map(|text| Known::read(&text.unwrap_or_default())) {
                Ok(Ok(known)) => known,
                Ok(Err(_)) | Err(_) => return Ok(None),
            },
            None => Known::none(&book.main_space),
        };
        let drawing = match boxes {
            Some(relation) => match package.text(&relation.target) {
                Ok(Some(text)) => match Drawing::read(&text, &known.ours) {
                    Some(drawing) => Some(drawing),
                    None => return Ok(None),
                },
                Ok(None) | Err(_) => return Ok(None),
            },
            None if survey.legacy_drawing.is_some() => return Ok(None),
            None => None,
        };
        let space = &book.relations_space;
        let part = match own {
            Some(relation) => relation.target.clone(),
            None => {
                let part = self.new_part(package, "clientferry-comments", "xml", COMMENTS_TYPE);
                self.relate(sheet, "clientferryComments", &format!("{space}/comments"), &part);
                part
            }
        };
        let (drawing_part, new_relation) = match boxes {
            Some(relation) => (relation.target.clone(), None),
            None => {
                let id = "clientferryBoxes";
                let part = self.new_part(package, "drawings/clientferry-boxes", "vml", DRAWING_TYPE);
                self.relate(sheet, id, &format!("{space}/vmlDrawing"), &part);
                (part, Some(id.to_owned()))
            }
        };
        Ok(Some(CommentsPlan { known, part, drawing, drawing_part, new_relation }))
    }

    /// The changed texts, and whether the workbook holds macros.
    pub(super) fn settle(mut self, package: &mut Package) -> Result<(Vec<(String, String)>, bool), Unkept> {
        let mut of_workbook = String::new();
        each_tag(&self.content_types, &mut |tag| {
            if xml::value(tag, "PartName").is_some_and(|name| folded_part(name) == folded_part(&self.workbook_part)) {
                of_workbook = xml::value(tag, "ContentType").unwrap_or("").to_owned();
            }
        });
        let has_macros = of_workbook.contains("macroEnabled");
        // What comes back is a workbook and no template for others; programs refuse names and types that do not fit.
        for kind in ["template", "addin"] {
            for (from, to) in [
                (format!("{kind}.macroEnabled.main+xml"), "sheet.macroEnabled.main+xml"),
                (format!("spreadsheetml.{kind}.main+xml"), "spreadsheetml.sheet.main+xml"),
            ] {
                self.content_types = self.content_types.replace(&from, to);
            }
        }
        let prefix = root_prefix(&self.content_types);
        let added: String = self
            .types
            .iter()
            .map(|(part, kind)| format!("<{prefix}Override PartName=\"/{}\" ContentType=\"{kind}\"/>", xml::in_attribute(part)))
            .collect();
        self.texts.push((CONTENT_TYPES.to_owned(), before_end(&self.content_types, &added)?));
        let mut parts: Vec<String> = self.relations.iter().map(|(from, ..)| from.clone()).collect();
        parts.dedup();
        parts.sort_unstable();
        parts.dedup();
        for from in parts {
            let name = relations_part(&from);
            let text = package.text(&name)?.unwrap_or_else(|| {
                "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
                 <Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"></Relationships>"
                    .to_owned()
            });
            let prefix = root_prefix(&text);
            let of_part = self.relations.iter().filter(|(own, ..)| *own == from);
            let added: String = of_part
                .map(|(_, id, kind, target)| {
                    let target = xml::in_attribute(target);
                    format!("<{prefix}Relationship Id=\"{id}\" Type=\"{kind}\" Target=\"{target}\"/>")
                })
                .collect();
            self.texts.push((name, before_end(&text, &added)?));
        }
        Ok((self.texts, has_macros))
    }
}

/// Prefix of the root's own name.
fn root_prefix(text: &str) -> String {
    let mut prefix = None;
    each_tag(text, &mut |tag| {
        prefix.get_or_insert_with(|| xml::prefix(tag).to_owned());
    });
    prefix.unwrap_or_default()
}

/// The text with something more at the end of its root.
fn before_end(text: &str, added: &str) -> Result<String, Unkept> {
    let broken = || Unkept::broken("of relations or content types");
    if let Some(at) = text.rfind("</") {
        return Ok(format!("{}{added}{}", &text[..at], &text[at..]));
    }
    // An empty root.
    let at = text.rfind("/>").ok_or_else(broken)?;
    let open = text[..at].rfind('<').ok_or_else(broken)?;
    let name = text[open + 1..at].split_ascii_whitespace().next().ok_or_else(broken)?;
    Ok(format!("{}>{added}</{name}>{}", &text[..at], &text[at + 2..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_take_more_whether_they_are_empty_or_not() {
        assert_eq!(before_end("<a><b/></a>\n", "<c/>").unwrap(), "<a><b/><c/></a>\n");
        assert_eq!(before_end("<?xml?><x:a q=\"1\"/>", "<c/>").unwrap(), "<?xml?><x:a q=\"1\"><c/></x:a>");
        assert!(before_end("", "<c/>").is_err());
    }
}
