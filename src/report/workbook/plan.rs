//! Whether and how the user's own workbook can be given back: which parts are copied, which change, and what is new. Writes nothing.

use std::collections::{HashMap, HashSet};
use std::io::BufReader;

use quick_xml::events::Event;

use super::comments::{self, Known};
use super::package::{Package, Relation, Unkept, each_tag, folded, relations_name, shared_texts};
use super::styles::{self, Styles};
use super::survey::{HeaderCell, Survey, survey};
use super::xml;
use crate::model::{OUR_SHEET, Source, Workbook, WorkbookKind, is_our_column};

const CONTENT_TYPES: &str = "[Content_Types].xml";
const SHEET_TYPE: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml";
const STYLES_TYPE: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml";
const COMMENTS_TYPE: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml";
const DRAWING_TYPE: &str = "application/vnd.openxmlformats-officedocument.vmlDrawing";

/// How a workbook is given back.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) package: Package,
    /// Changed parts that are held as a whole, by their names.
    pub(super) texts: Vec<(String, String)>,
    pub(super) styles: Styles,
    pub(super) styles_part: String,
    pub(super) sheets: Vec<SheetPlan>,
    pub(super) summary_part: String,
    /// Namespaces of sheets and of relations, which differ in the strict form of the format.
    pub(super) main_space: String,
    pub(super) relations_space: String,
    pub(super) has_macros: bool,
    /// What a reader of the workbook has to know.
    pub(super) notes: Vec<String>,
}

/// How one sheet is changed.
#[derive(Debug)]
pub(super) struct SheetPlan {
    pub(super) name: String,
    pub(super) index: usize,
    pub(super) part: String,
    pub(super) header_line: u64,
    pub(super) survey: Survey,
    pub(super) our_columns: [u32; 5],
    /// Columns, from left to right, that the reader passes over: those of the source are counted without them.
    pub(super) passed_over: Vec<u32>,
    /// `None` where comments cannot be added.
    pub(super) comments: Option<CommentsPlan>,
}

/// Where the comments of a sheet go.
#[derive(Debug)]
pub(super) struct CommentsPlan {
    pub(super) known: Known,
    pub(super) part: String,
    /// The drawing that holds the boxes, where there is one.
    pub(super) drawing: Option<String>,
    pub(super) drawing_part: String,
    /// Number of the drawing's relation, where the sheet has to be told.
    pub(super) new_relation: Option<String>,
}

impl Plan {
    /// Parts that are not copied as they lie, in the form in which names are compared.
    pub(super) fn replaced(&self) -> HashSet<String> {
        let texts = self.texts.iter().map(|(name, _)| folded(name));
        let sheets = self.sheets.iter().map(|sheet| folded(&sheet.part));
        let comments = self.sheets.iter().filter_map(|sheet| sheet.comments.as_ref());
        let comments = comments.flat_map(|comments| [folded(&comments.part), folded(&comments.drawing_part)]);
        texts.chain(sheets).chain(comments).chain([folded(&self.styles_part), folded(&self.summary_part)]).collect()
    }
}

/// Looks through the workbook.
pub(super) fn plan(source: &Source, workbook: &Workbook) -> Result<Plan, Unkept> {
    match workbook.kind {
        WorkbookKind::Xlsx => {}
        WorkbookKind::Xlsb => return Err(Unkept::because("it is in the XLSB format")),
        WorkbookKind::Xls => return Err(Unkept::because("it is in the XLS format")),
        WorkbookKind::Ods => return Err(Unkept::because("it is in the ODS format")),
    }
    if !workbook.lies_open {
        return Err(Unkept::because("it came in an archive or through standard input"));
    }
    let mut package = Package::open(&source.path)?;
    if package.has_under("_xmlsignatures/") {
        return Err(Unkept::because("it is signed, and any change would break the signature"));
    }
    let missing = |part: &str| Unkept::because(format!("its part {part} is missing"));
    let root = package.relations("")?;
    let workbook_part = root.iter().find(|relation| relation.word() == "officeDocument").map(|relation| relation.target.clone());
    let workbook_part = workbook_part.unwrap_or_else(|| "xl/workbook.xml".to_owned());
    let workbook_text = package.text(&workbook_part)?.ok_or_else(|| missing(&workbook_part))?;
    let relations = package.relations(&workbook_part)?;
    let book = Book::read(&workbook_text, &relations)?;
    let mut draft = Draft::new(&mut package, &workbook_part)?;

    let mut sheets = Vec::new();
    for (name, &header_line) in source.sheets.iter().zip(&workbook.header_lines) {
        let part = book.part_of(name).ok_or_else(|| Unkept::because(format!("sheet {name} has no part of its own")))?;
        let texts = relations.iter().find(|relation| relation.word() == "sharedStrings").map(|relation| relation.target.as_str());
        sheets.push(draft.sheet(&mut package, name, &part, header_line, texts, &book)?);
    }
    let styles_part = relations.iter().find(|relation| relation.word() == "styles").map(|relation| relation.target.clone());
    let (styles_text, styles_part) = match styles_part {
        Some(part) => (package.text(&part)?.ok_or_else(|| missing(&part))?, part),
        None => {
            let part = draft.new_part(&package, "styles", "xml", STYLES_TYPE);
            draft.relate(&workbook_part, "clientferryStyles", &format!("{}/styles", book.relations_space), &part);
            (styles::FRESH.to_owned(), part)
        }
    };
    let summary_part = match book.part_of(OUR_SHEET) {
        Some(part) => part,
        None => {
            let part = draft.new_part(&package, "worksheets/clientferry-summary", "xml", SHEET_TYPE);
            draft.relate(&workbook_part, "clientferrySummary", &format!("{}/worksheet", book.relations_space), &part);
            let text = book.with_sheet(&workbook_text, OUR_SHEET, "clientferrySummary")?;
            draft.texts.push((workbook_part.clone(), text));
            part
        }
    };
    if source.columns.iter().any(|name| is_our_column(name)) {
        sheets.iter_mut().for_each(|sheet: &mut SheetPlan| sheet.passed_over.clear());
    }
    let (texts, has_macros) = draft.settle(&mut package)?;
    let notes = sheets
        .iter()
        .filter(|sheet: &&SheetPlan| sheet.comments.is_none())
        .map(|sheet| {
            format!("Sheet {}: its comments are stored in an unusual way, so faulty cells are coloured only.", sheet.name)
        })
        .collect();
    Ok(Plan {
        package,
        texts,
        styles: Styles::read(if has_formats(&styles_text) { styles_text } else { styles::FRESH.to_owned() })?,
        styles_part,
        sheets,
        summary_part,
        main_space: book.main_space,
        relations_space: book.relations_space,
        has_macros,
        notes,
    })
}

/// Whether a part of formats holds any: an empty one means the same as none.
fn has_formats(text: &str) -> bool {
    let mut tags = 0;
    each_tag(text, &mut |_| tags += 1);
    tags > 1
}

/// What the workbook's own part says.
struct Book {
    prefix: String,
    main_space: String,
    relations_space: String,
    /// Parts by the names of their sheets.
    parts: HashMap<String, String>,
    sheet_ids: Vec<u64>,
    /// Where the list of sheets ends.
    list_end: usize,
}

impl Book {
    fn read(text: &str, relations: &[Relation]) -> Result<Self, Unkept> {
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

    fn part_of(&self, sheet: &str) -> Option<String> {
        self.parts.get(sheet).cloned()
    }

    /// The workbook's part with one more sheet at the end of its list.
    fn with_sheet(&self, text: &str, name: &str, relation: &str) -> Result<String, Unkept> {
        let id = self.sheet_ids.iter().copied().max().unwrap_or(0).checked_add(1).filter(|id| *id <= 65_534);
        let id = id.ok_or_else(|| Unkept::because("it has no room for a further sheet"))?;
        let (before, after) = text.split_at_checked(self.list_end).ok_or_else(|| Unkept::broken("of the workbook"))?;
        let (prefix, space) = (&self.prefix, &self.relations_space);
        let name = xml::in_attribute(name);
        Ok(format!("{before}<{prefix}sheet xmlns:r=\"{space}\" name=\"{name}\" sheetId=\"{id}\" r:id=\"{relation}\"/>{after}"))
    }
}

/// Changes that gather while the sheets are looked at.
struct Draft {
    folder: String,
    content_types: String,
    /// Content types of new parts.
    types: Vec<(String, &'static str)>,
    /// New relations by the part that has them: number, type, target.
    relations: Vec<(String, String, String, String)>,
    texts: Vec<(String, String)>,
    workbook_part: String,
}

impl Draft {
    fn new(package: &mut Package, workbook_part: &str) -> Result<Self, Unkept> {
        let content_types = package.text(CONTENT_TYPES)?.ok_or_else(|| Unkept::broken(CONTENT_TYPES))?;
        let folder = workbook_part.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        let (types, relations, texts) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Self { folder, content_types, types, relations, texts, workbook_part: workbook_part.to_owned() })
    }

    /// A name that no part has yet.
    fn new_part(&mut self, package: &Package, name: &str, ending: &str, content_type: &'static str) -> String {
        let mut part = format!("{}{name}.{ending}", self.folder);
        let mut number = 2;
        while package.index(&part).is_some() || self.types.iter().any(|(known, _)| *known == part) {
            part = format!("{}{name}{number}.{ending}", self.folder);
            number += 1;
        }
        self.types.push((part.clone(), content_type));
        part
    }

    fn relate(&mut self, from: &str, id: &str, kind: &str, to: &str) {
        self.relations.push((from.to_owned(), id.to_owned(), kind.to_owned(), format!("/{to}")));
    }

    fn sheet(
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
                Ok(Some(text)) if comments::takes_boxes(&text) => Some(text),
                Ok(_) | Err(_) => return Ok(None),
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
    fn settle(mut self, package: &mut Package) -> Result<(Vec<(String, String)>, bool), Unkept> {
        let mut of_workbook = String::new();
        each_tag(&self.content_types, &mut |tag| {
            if xml::value(tag, "PartName").is_some_and(|name| folded(name) == folded(&self.workbook_part)) {
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
            let name = relations_name(&from);
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
