//! A workbook of our own, for sources that are none or cannot be given back: all cells as text, in constant memory.

use std::io::{self, Write};

use super::archive::Archive;
use super::cells::{self, Looks, OUR_WIDTHS, push};
use super::comments::{self, Known, Notes};
use super::feed::Feed;
use super::kept::left_out;
use super::plan::filter_name;
use super::row::RowNote;
use super::styles::{FRESH, Styles};
use super::xml;
use crate::model::text::MEND_MARK;
use crate::model::{OUR_COLUMNS, OUR_SHEET, Source};

/// Rows of a sheet, the header counted.
const SHEET_ROWS_MAX: u64 = 1_048_576;
/// Bytes of a sheet's XML, below what a plain zip archive can tell.
const SHEET_BYTES_MAX: u64 = 3 << 30;
const FLUSH_BYTES: usize = 128 << 10;
const MAIN_SPACE: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const RELATIONS_SPACE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE_SPACE: &str = "http://schemas.openxmlformats.org/package/2006";
const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
/// The column behind ours that tells the row's line in the source.
const LINE_COLUMN: &str = "clientferry line";
/// Columns behind the source's own.
const ADDED: u32 = OUR_COLUMNS.len() as u32 + 1;
/// Characters of a sheet's name.
const NAME_CHARS_MAX: usize = 31;

/// What has to be known of the source.
#[derive(Debug)]
pub(super) struct Table<'a> {
    pub(super) source: &'a Source,
    pub(super) sheet_rows_max: u64,
}

impl<'a> Table<'a> {
    pub(super) fn new(source: &'a Source) -> Self {
        Self { source, sheet_rows_max: SHEET_ROWS_MAX }
    }

    /// Writes the whole workbook.
    pub(super) fn write(&self, archive: &mut Archive, feed: &mut Feed, mut notes: Vec<String>) -> io::Result<Vec<String>> {
        let office = format!("{RELATIONS_SPACE}/officeDocument");
        archive.put("_rels/.rels", relations(&[("rId1".to_owned(), office, "xl/workbook.xml".to_owned())]).as_bytes())?;
        let mut styles = Styles::read(FRESH.to_owned()).map_err(io::Error::other)?;
        let mut names: Vec<String> = Vec::new();
        let mut filters = String::new();
        for (number, sheet) in (0_u16..).zip(&self.source.sheets) {
            loop {
                let name = free_name(if sheet.is_empty() { "rows" } else { sheet }, &names);
                names.push(name.clone());
                let mut sheet = SheetWriter::begin(self, names.len(), number, &mut styles, feed)?;
                let is_whole = sheet.rows(archive, feed)?;
                let area = xml::fixed_area((0, 1), (sheet.width + ADDED - 1, sheet.line));
                filters.push_str(&filter_name("", names.len() - 1, &name, &area));
                notes.extend(left_out(&name, sheet.notes.left_out));
                if is_whole {
                    break;
                }
            }
        }
        let mut facts = feed.facts()?;
        facts.remark(&notes);
        names.push(OUR_SHEET.to_owned());
        archive.put(&sheet_part(names.len()), &facts.sheet(&styles, MAIN_SPACE))?;
        archive.put("xl/styles.xml", &styles.write())?;
        self.frame(archive, &names, &filters)?;
        Ok(notes)
    }

    /// The parts that hold the sheets together.
    fn frame(&self, archive: &mut Archive, names: &[String], filters: &str) -> io::Result<()> {
        let mut sheets = String::new();
        let mut types = String::new();
        let mut related = Vec::new();
        let spreadsheet = "application/vnd.openxmlformats-officedocument.spreadsheetml";
        for (number, name) in (1..).zip(names) {
            let name = xml::in_attribute(name);
            sheets.push_str(&format!("<sheet name=\"{name}\" sheetId=\"{number}\" r:id=\"rId{number}\"/>"));
            types.push_str(&format!(
                "<Override PartName=\"/{}\" ContentType=\"{spreadsheet}.worksheet+xml\"/>",
                sheet_part(number)
            ));
            if number < names.len() {
                let part = comments_part(number);
                types.push_str(&format!("<Override PartName=\"/{part}\" ContentType=\"{spreadsheet}.comments+xml\"/>"));
            }
            related.push((format!("rId{number}"), format!("{RELATIONS_SPACE}/worksheet"), format!("/{}", sheet_part(number))));
        }
        related.push((format!("rId{}", names.len() + 1), format!("{RELATIONS_SPACE}/styles"), "/xl/styles.xml".to_owned()));
        archive.put(
            "xl/workbook.xml",
            format!(
                "{HEAD}<workbook xmlns=\"{MAIN_SPACE}\" xmlns:r=\"{RELATIONS_SPACE}\"><sheets>{sheets}</sheets>\
                 <definedNames>{filters}</definedNames></workbook>"
            )
            .as_bytes(),
        )?;
        archive.put("xl/_rels/workbook.xml.rels", relations(&related).as_bytes())?;
        archive.put(
            "[Content_Types].xml",
            format!(
                "{HEAD}<Types xmlns=\"{PACKAGE_SPACE}/content-types\">\
                 <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
                 <Default Extension=\"xml\" ContentType=\"application/xml\"/>\
                 <Default Extension=\"vml\" ContentType=\"application/vnd.openxmlformats-officedocument.vmlDrawing\"/>\
                 <Override PartName=\"/xl/workbook.xml\" ContentType=\"{spreadsheet}.sheet.main+xml\"/>\
                 <Override PartName=\"/xl/styles.xml\" ContentType=\"{spreadsheet}.styles+xml\"/>{types}</Types>"
            )
            .as_bytes(),
        )
    }
}

/// One sheet in the making.
struct SheetWriter<'t, 's> {
    table: &'t Table<'t>,
    /// From 1.
    number: usize,
    /// Index of the source's sheet.
    sheet: u16,
    styles: &'s mut Styles,
    looks: Looks,
    notes: Notes,
    out: Vec<u8>,
    line: u64,
    bytes: u64,
    /// Columns of the source.
    width: u32,
    widths: Vec<usize>,
}

impl<'t, 's> SheetWriter<'t, 's> {
    fn begin(table: &'t Table<'t>, number: usize, sheet: u16, styles: &'s mut Styles, feed: &mut Feed) -> io::Result<Self> {
        feed.peek()?;
        let columns = &table.source.columns;
        let mut widths: Vec<usize> = columns.iter().map(|name| name.chars().count() + 3).collect();
        for row in feed.arrived().take(200) {
            for (index, width) in widths.iter_mut().enumerate() {
                *width = (*width).max(row.cell(index).chars().take(60).count() + 1);
            }
        }
        let width = u32::try_from(columns.len()).map_err(io::Error::other)?;
        let mut notes = Notes::default();
        notes.explain(
            1,
            width,
            OUR_COLUMNS[0],
            "Written by clientferry, like the columns beside it. They are ignored and made anew when this workbook is imported again.",
        );
        let looks = Looks::of(styles);
        let out = Vec::with_capacity(FLUSH_BYTES + 16_384);
        Ok(Self { table, number, sheet, styles, looks, notes, out, line: 0, bytes: 0, width, widths })
    }

    /// Writes the sheet; false when it is full and rows are left.
    fn rows(&mut self, archive: &mut Archive, feed: &mut Feed) -> io::Result<bool> {
        let output = archive.begin(&sheet_part(self.number), 0)?;
        self.head();
        let mut is_whole = true;
        while feed.peek_on(self.sheet)?.is_some() {
            if self.line >= self.table.sheet_rows_max || self.bytes >= SHEET_BYTES_MAX {
                is_whole = false;
                break;
            }
            let Some(note) = feed.take() else { break };
            self.row(&note);
            self.flush(output, FLUSH_BYTES)?;
        }
        let last = xml::reference(self.width + ADDED - 1, self.line);
        push(&mut self.out, &format!("</sheetData><autoFilter ref=\"A1:{last}\"/>"));
        push(&mut self.out, "<pageMargins left=\"0.5\" right=\"0.5\" top=\"0.5\" bottom=\"0.5\" header=\"0.3\" footer=\"0.3\"/>");
        push(&mut self.out, "<pageSetup orientation=\"landscape\" fitToHeight=\"0\"/>");
        // Texts of digits are meant: no mark at every cell.
        push(
            &mut self.out,
            &format!("<ignoredErrors><ignoredError sqref=\"A1:{last}\" numberStoredAsText=\"1\"/></ignoredErrors>"),
        );
        push(&mut self.out, "<legacyDrawing r:id=\"rId2\"/></worksheet>");
        self.flush(output, 0)?;
        let comments = archive.begin(&comments_part(self.number), 0)?;
        let boxes = comments::write(&Known::none(MAIN_SPACE), &self.notes, comments)?;
        boxes.write(None, archive.begin(&boxes_part(self.number), 0)?)?;
        let related = [("rId1", "comments", comments_part(self.number)), ("rId2", "vmlDrawing", boxes_part(self.number))];
        let related = related.map(|(id, kind, part)| (id.to_owned(), format!("{RELATIONS_SPACE}/{kind}"), format!("/{part}")));
        archive.put(&format!("xl/worksheets/_rels/sheet{}.xml.rels", self.number), relations(&related).as_bytes())?;
        Ok(is_whole)
    }

    fn head(&mut self) {
        let text = self.looks.text;
        push(&mut self.out, &format!("{HEAD}<worksheet xmlns=\"{MAIN_SPACE}\" xmlns:r=\"{RELATIONS_SPACE}\">"));
        push(&mut self.out, "<sheetPr><pageSetUpPr fitToPage=\"1\"/></sheetPr><sheetViews><sheetView workbookViewId=\"0\">");
        push(
            &mut self.out,
            "<pane ySplit=\"1\" topLeftCell=\"A2\" activePane=\"bottomLeft\" state=\"frozen\"/></sheetView></sheetViews><cols>",
        );
        let own = self.widths.iter().map(|width| u32::try_from((*width).min(48)).unwrap_or(48));
        for (column, width) in (1..).zip(own.chain(OUR_WIDTHS).chain([16])) {
            // The format makes texts also of what people type into empty cells.
            push(
                &mut self.out,
                &format!("<col min=\"{column}\" max=\"{column}\" width=\"{width}\" style=\"{text}\" customWidth=\"1\"/>"),
            );
        }
        push(&mut self.out, "</cols><sheetData><row r=\"1\" ht=\"20\" customHeight=\"1\">");
        for (column, name) in (0_u32..).zip(&self.table.source.columns) {
            cells::text_cell(&mut self.out, "", column, 1, self.looks.header, name);
        }
        for (column, number) in (self.width..).zip(0..OUR_COLUMNS.len()) {
            cells::header_cell(&mut self.out, "", column, 1, &self.looks, number);
        }
        cells::text_cell(&mut self.out, "", self.width + ADDED - 1, 1, self.looks.our_header, LINE_COLUMN);
        push(&mut self.out, "</row>");
        self.line = 1;
    }

    fn row(&mut self, note: &RowNote) {
        self.line += 1;
        let line = self.line;
        push(&mut self.out, "<row r=\"");
        cells::push_number(&mut self.out, line);
        push(&mut self.out, "\">");
        let mut marks = note.marks.as_slice();
        for column in 0..self.width {
            let mark = marks.split_first().filter(|(mark, _)| mark.column == column);
            let severity = mark.map(|(mark, rest)| {
                marks = rest;
                self.notes.add(line, mark);
                mark.severity
            });
            self.own_cell(note, column, column, severity);
        }
        for (column, (number, text)) in (self.width..).zip(note.texts().into_iter().enumerate()) {
            let style = self.looks.of_cell(note, number, text);
            cells::text_cell(&mut self.out, "", column, line, style, text);
        }
        let behind = self.width + note.texts().len() as u32;
        cells::number_cell(&mut self.out, behind, line, 0, note.line);
        // What stands behind the header's last column has no name: it goes behind ours, and the row stays too long.
        for index in self.width..u32::try_from(note.width()).unwrap_or(self.width) {
            self.own_cell(note, index, index + ADDED, None);
        }
        push(&mut self.out, "</row>");
    }

    /// One of the row's own cells.
    fn own_cell(&mut self, note: &RowNote, index: u32, column: u32, severity: Option<crate::model::Severity>) {
        let text = note.cell(index as usize);
        let fitting = xml::fitting(&text);
        // A cell that is cut is not the cell that was there.
        let cut = (fitting.len() < text.len()).then(|| format!("{MEND_MARK} {fitting}"));
        let text = cut.as_deref().unwrap_or(&text);
        let plain = self.looks.of_text(text);
        let style = severity.map_or(plain, |severity| self.styles.marked(plain, severity));
        if text.is_empty() && severity.is_some() {
            cells::empty_cell(&mut self.out, "", column, self.line, style);
        }
        cells::text_cell(&mut self.out, "", column, self.line, style, text);
    }

    fn flush(&mut self, output: &mut dyn Write, above: usize) -> io::Result<()> {
        if self.out.len() >= above {
            output.write_all(&self.out)?;
            self.bytes += self.out.len() as u64;
            self.out.clear();
        }
        Ok(())
    }
}

fn sheet_part(number: usize) -> String {
    format!("xl/worksheets/sheet{number}.xml")
}

fn comments_part(number: usize) -> String {
    format!("xl/comments{number}.xml")
}

fn boxes_part(number: usize) -> String {
    format!("xl/drawings/vmlDrawing{number}.vml")
}

fn relations(related: &[(String, String, String)]) -> String {
    let each =
        related.iter().map(|(id, kind, target)| format!("<Relationship Id=\"{id}\" Type=\"{kind}\" Target=\"{target}\"/>"));
    format!("{HEAD}<Relationships xmlns=\"{PACKAGE_SPACE}/relationships\">{}</Relationships>", each.collect::<String>())
}

/// A name that spreadsheet programs take and that no sheet has yet.
fn free_name(wanted: &str, taken: &[String]) -> String {
    let plain: String = wanted
        .chars()
        .map(|ch| if matches!(ch, '[' | ']' | ':' | '*' | '?' | '/' | '\\') || ch.is_control() { '_' } else { ch })
        .collect();
    let plain = plain.trim_matches('\'');
    let plain = if plain.trim().is_empty() { "rows" } else { plain };
    (1..)
        .map(|number| {
            let end = if number == 1 { String::new() } else { format!(" ({number})") };
            let room = NAME_CHARS_MAX - end.len();
            let (mut units, mut start) = (0, String::new());
            for ch in plain.chars() {
                units += ch.len_utf16();
                if units > room {
                    break;
                }
                start.push(ch);
            }
            format!("{start}{end}")
        })
        .find(|name| !taken.iter().chain([&OUR_SHEET.to_owned()]).any(|other| other.to_lowercase() == name.to_lowercase()))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::super::summary::Facts;
    use super::*;
    use crate::model::{Cells, Outcome, Severity};

    fn note(sheet: u16, line: u64) -> RowNote {
        let mut cells = Cells::default();
        cells.push(&format!("=cell {line}"));
        RowNote::of(sheet, line, Outcome::Invalid, cells, (line == 4).then_some(Severity::Error))
    }

    #[test]
    fn what_is_more_than_a_sheet_takes_goes_on_the_next() {
        let source = Source {
            name: "x".into(),
            path: "x".into(),
            sha256: String::new(),
            sheets: vec!["a/b".into(), "A_b".into()],
            columns: vec!["id".into()],
            workbook: None,
        };
        let rows = (2..=6).map(|line| note(0, line)).chain([note(1, 2)]).collect();
        let file = tempfile::tempfile().unwrap();
        let mut archive = Archive::new(file.try_clone().unwrap(), false);
        let table = Table { source: &source, sheet_rows_max: 3 };
        let notes = table.write(&mut archive, &mut Feed::of(rows, Facts::default()), vec!["kept".to_owned()]).unwrap();
        archive.finish().unwrap();
        assert_eq!(notes, ["kept"]);
        let mut archive = zip::ZipArchive::new(file).unwrap();
        let mut part = |name: &str| {
            let mut text = String::new();
            archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
            text
        };
        let book = part("xl/workbook.xml");
        let names: Vec<&str> = book.split("sheet name=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert_eq!(names, ["a_b", "a_b (2)", "a_b (3)", "A_b (4)", OUR_SHEET]);
        let lines = |text: &str| text.matches("<row ").count() - 1;
        let sheets = [1, 2, 3, 4].map(|number| part(&sheet_part(number)));
        assert_eq!(sheets.each_ref().map(|sheet| lines(sheet)), [2, 2, 1, 1]);
        assert!(sheets[1].contains("=cell 4") && sheets[1].contains("<autoFilter ref=\"A1:G3\"/>"), "{}", sheets[1]);
        assert!(part("xl/comments2.xml").contains("ref=\"A2\""));
    }

    #[test]
    fn names_of_sheets_fit() {
        let long = "Очень длинное имя листа с клиентами банка".to_owned();
        let first = free_name(&long, &[]);
        assert_eq!(first.chars().count(), NAME_CHARS_MAX);
        let second = free_name(&long, std::slice::from_ref(&first));
        assert!(second.ends_with(" (2)") && second.chars().count() <= NAME_CHARS_MAX, "{second}");
        assert_eq!((free_name("'", &[]), free_name(OUR_SHEET, &[])), ("rows".to_owned(), format!("{OUR_SHEET} (2)")));
    }
}
