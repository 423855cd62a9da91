//! Whether and how the user's own workbook can be given back: which parts are copied, which change, and what is new. Writes nothing.

mod book;
mod draft;

use std::collections::HashSet;

use super::comments::{Drawing, Known};
use super::package::{Package, Unkept, each_tag};
use super::styles::{self, Styles};
use super::survey::Survey;
use super::xml;
use crate::model::{OUR_SHEET, Source, Workbook, WorkbookKind, folded_part, is_our_column};
use book::Book;
pub(super) use book::filter_name;
use draft::Draft;

const SHEET_TYPE: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml";
const STYLES_TYPE: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml";

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

impl SheetPlan {
    /// Name of the sheet and area of the filter that it gets; `None` where it has its own.
    fn filter(&self) -> Option<(String, String)> {
        let survey = &self.survey;
        let area = survey.filtered(self.our_columns, self.header_line, survey.last_line.max(self.header_line));
        (!survey.has_filter && !survey.has_tables).then(|| (self.name.clone(), xml::fixed_area(area.0, area.1)))
    }
}

/// Where the comments of a sheet go.
#[derive(Debug)]
pub(super) struct CommentsPlan {
    pub(super) known: Known,
    pub(super) part: String,
    /// The drawing that holds the boxes, where there is one.
    pub(super) drawing: Option<Drawing>,
    pub(super) drawing_part: String,
    /// Number of the drawing's relation, where the sheet has to be told.
    pub(super) new_relation: Option<String>,
}

impl Plan {
    /// Parts that are not copied as they lie, in the form in which names are compared.
    pub(super) fn replaced(&self) -> HashSet<String> {
        let texts = self.texts.iter().map(|(name, _)| folded_part(name));
        let sheets = self.sheets.iter().map(|sheet| folded_part(&sheet.part));
        let comments = self.sheets.iter().filter_map(|sheet| sheet.comments.as_ref());
        let comments = comments.flat_map(|comments| [folded_part(&comments.part), folded_part(&comments.drawing_part)]);
        texts.chain(sheets).chain(comments).chain([folded_part(&self.styles_part), folded_part(&self.summary_part)]).collect()
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
    let filters: Vec<(String, String)> = sheets.iter().filter_map(SheetPlan::filter).collect();
    let mut changed_text = book.with_filters(&workbook_text, &filters)?;
    let summary_part = match book.part_of(OUR_SHEET) {
        Some(part) => part,
        None => {
            let part = draft.new_part(&package, "worksheets/clientferry-summary", "xml", SHEET_TYPE);
            draft.relate(&workbook_part, "clientferrySummary", &format!("{}/worksheet", book.relations_space), &part);
            changed_text = book.with_sheet(&changed_text, OUR_SHEET, "clientferrySummary")?;
            part
        }
    };
    if changed_text != workbook_text {
        draft.texts.push((workbook_part.clone(), changed_text));
    }
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
