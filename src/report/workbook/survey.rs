//! A first look at a sheet: where its data end, where our columns go, what it has of its own. Changes nothing.

use std::io::BufRead;

use quick_xml::events::Event;

use super::package::Unkept;
use super::xml;
use crate::model::OUR_COLUMNS;

/// Columns of a sheet.
pub(super) const COLUMNS_MAX: u32 = 16_384;
/// Column widths that are kept.
const WIDTHS_MAX: usize = 20_000;
/// A header below this row stays unfrozen: the screen would hold nothing else.
const FROZEN_LINES_MAX: u64 = 12;

/// What is known of a sheet before it is changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Survey {
    /// Prefix of its elements, with the colon.
    pub(super) prefix: String,
    /// Column (from 0) behind the last one that holds something from the header on.
    pub(super) width: u32,
    /// Texts of the header row, or numbers in the table of texts, by column.
    pub(super) header: Vec<(u32, HeaderCell)>,
    /// Raw tags of the column widths.
    pub(super) widths: Vec<String>,
    pub(super) has_widths: bool,
    pub(super) has_views: bool,
    pub(super) has_dimension: bool,
    /// Whether every view has a pane of its own or is such that none may be added.
    pub(super) keeps_panes: bool,
    pub(super) has_filter: bool,
    pub(super) has_tables: bool,
    /// Number of the relation of the old kind of drawing, which holds the boxes of comments.
    pub(super) legacy_drawing: Option<String>,
    /// The last row that is stored.
    pub(super) last_line: u64,
}

/// What stands in a cell of the header row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum HeaderCell {
    Text(String),
    /// By number in the workbook's table of texts.
    Shared(usize),
}

/// Looks through a sheet. What cannot be changed without a loss is an error.
pub(super) fn survey(input: impl BufRead, header_line: u64) -> Result<Survey, Unkept> {
    let odd = |what: &str| Unkept::because(what.to_owned());
    let broken = || Unkept::broken("of a sheet");
    let mut reader = xml::reader(input);
    let mut buffer = Vec::new();
    let mut survey = Survey::default();
    let (mut depth, mut in_data, mut line, mut column) = (0_usize, false, 0_u64, 0_u32);
    let mut header_cell: Option<(u32, bool, String)> = None;
    let mut is_text = false;
    loop {
        buffer.clear();
        let event = reader.read_event_into(&mut buffer).map_err(|_| broken())?;
        let (tag, opens) = match &event {
            Event::Start(tag) => (tag, true),
            Event::Empty(tag) => (tag, false),
            Event::End(tag) => {
                depth = depth.saturating_sub(1);
                match xml::local(tag) {
                    "sheetData" => in_data = false,
                    "v" | "t" => is_text = false,
                    "c" => {
                        if let Some((column, is_shared, text)) = header_cell.take() {
                            let shared = text.trim().parse().ok().filter(|_| is_shared);
                            survey.header.push((column, shared.map_or(HeaderCell::Text(text), HeaderCell::Shared)));
                        }
                    }
                    _ => {}
                }
                continue;
            }
            Event::Text(text) => {
                if let Some((_, _, known)) = &mut header_cell
                    && is_text
                {
                    known.push_str(&xml::unescaped(text));
                }
                continue;
            }
            Event::CData(text) => {
                if let Some((_, _, known)) = &mut header_cell
                    && is_text
                {
                    known.push_str(text);
                }
                continue;
            }
            Event::Decl(declaration) => {
                let encoding = xml::value(declaration, "encoding").unwrap_or("UTF-8");
                if !encoding.eq_ignore_ascii_case("utf-8") && !encoding.eq_ignore_ascii_case("us-ascii") {
                    return Err(odd("its sheets are not in UTF-8"));
                }
                continue;
            }
            Event::DocType(_) => return Err(odd("its sheets declare a type of their own")),
            Event::Eof => break,
            Event::GeneralRef(name) => {
                if let Some((_, _, known)) = &mut header_cell
                    && is_text
                {
                    known.push_str(&xml::unescaped(&format!("&{};", &**name)));
                }
                continue;
            }
            Event::Comment(_) | Event::PI(_) => continue,
        };
        let local = xml::local(tag);
        if opens {
            depth += 1;
        }
        if depth == 1 && opens {
            survey.prefix = xml::prefix(tag).to_owned();
            continue;
        }
        if !in_data {
            survey.note(local, tag, opens, header_line);
            in_data = local == "sheetData" && opens;
            continue;
        }
        match local {
            "row" => {
                let stored = match xml::value(tag, "r") {
                    Some(number) => number.trim().parse::<u64>().map_err(|_| broken())?,
                    None => line + 1,
                };
                if stored <= line {
                    return Err(odd("its rows are not stored in their order"));
                }
                (line, column) = (stored, 0);
            }
            "c" => {
                let stored = match xml::value(tag, "r") {
                    Some(reference) => xml::place(reference).map(|(column, _)| column).ok_or_else(broken)?,
                    None => column,
                };
                if stored < column || stored >= COLUMNS_MAX {
                    return Err(odd("the cells of a row are not stored in their order"));
                }
                column = stored + 1;
                if line == header_line && opens {
                    header_cell = Some((stored, xml::value(tag, "t") == Some("s"), String::new()));
                }
            }
            "v" | "is" | "f" if line >= header_line => {
                survey.width = survey.width.max(column);
                is_text = local == "v" && opens;
            }
            "t" => is_text = opens,
            _ => {}
        }
        survey.last_line = line;
    }
    if depth > 0 {
        return Err(broken());
    }
    Ok(survey)
}

impl Survey {
    /// Notes an element outside of the rows.
    fn note(&mut self, local: &str, tag: &str, opens: bool, header_line: u64) {
        match local {
            "dimension" => self.has_dimension = true,
            "sheetViews" => self.has_views = opens,
            "sheetView" => {
                let scrolled = xml::value(tag, "topLeftCell").and_then(xml::place).is_some_and(|(_, line)| line > 1);
                let paged = xml::value(tag, "view").is_some_and(|view| view == "pageLayout");
                self.keeps_panes |= scrolled || paged || header_line > FROZEN_LINES_MAX;
            }
            "pane" => self.keeps_panes = true,
            "cols" => self.has_widths = true,
            "col" if self.widths.len() < WIDTHS_MAX => self.widths.push(tag.to_owned()),
            "autoFilter" => self.has_filter = true,
            "tablePart" => self.has_tables = true,
            "legacyDrawing" => self.legacy_drawing = xml::prefixed_value(tag, "id").map(str::to_owned),
            "mergeCell" => {
                if let Some(area) = xml::value(tag, "ref").and_then(xml::area) {
                    self.reserve(area, header_line);
                }
            }
            _ => {}
        }
    }

    /// Keeps our columns out of an area that reaches the data.
    pub(super) fn reserve(&mut self, (_, (last_column, last_line)): ((u32, u64), (u32, u64)), header_line: u64) {
        // What spans whole rows is no place that could be passed.
        if last_line >= header_line && last_column + 1 < COLUMNS_MAX {
            self.width = self.width.max(last_column + 1);
        }
    }

    /// Where our columns go: where an earlier report put them, else behind the data. `texts` knows the header's shared texts.
    pub(super) fn our_columns(&self, text_of: &dyn Fn(&HeaderCell) -> Option<String>) -> Result<[u32; 5], Unkept> {
        let mut found: [Option<u32>; 5] = [None; 5];
        let mut width = self.width;
        for (column, cell) in &self.header {
            if let Some(number) = text_of(cell).and_then(|text| OUR_COLUMNS.iter().position(|name| *name == text.trim()))
                && let Some(place @ None) = found.get_mut(number)
            {
                *place = Some(*column);
            }
        }
        // An earlier report's columns at the right end leave no room between the data and those that are new.
        let mut columns = [0; 5];
        for (place, found) in columns.iter_mut().zip(found) {
            *place = found.unwrap_or_else(|| {
                width += 1;
                width - 1
            });
        }
        if columns.iter().any(|column| *column >= COLUMNS_MAX) {
            return Err(Unkept::because("its data leave no room for further columns"));
        }
        Ok(columns)
    }

    /// First and last place (column, row) of a filter over the data and our columns.
    pub(super) fn filtered(&self, our_columns: [u32; 5], header_line: u64, last_line: u64) -> ((u32, u64), (u32, u64)) {
        let first = self.header.first().map_or(0, |(column, _)| *column);
        let last = our_columns.iter().copied().fold(self.width.saturating_sub(1), u32::max);
        ((first, header_line), (last, last_line))
    }

    /// The format of an empty cell by its column.
    pub(super) fn column_format(&self, column: u32) -> Option<u32> {
        let within = |tag: &&String| spans(tag).is_some_and(|(first, last)| (first..=last).contains(&(column + 1)));
        self.widths.iter().find(within).and_then(|tag| xml::value(tag, "style")?.parse().ok())
    }
}

/// First and last column of a width, from 1.
pub(super) fn spans(tag: &str) -> Option<(u32, u32)> {
    Some((xml::value(tag, "min")?.parse().ok()?, xml::value(tag, "max")?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(xml: &str, header_line: u64) -> Result<Survey, Unkept> {
        survey(xml.as_bytes(), header_line)
    }

    #[test]
    fn our_columns_go_behind_everything_that_stands_beside_the_data() {
        let xml = r#"<worksheet><dimension ref="A1"/><sheetViews><sheetView><pane/></sheetView></sheetViews><cols><col min="1" max="9" style="4"/></cols>
            <sheetData><row r="1"><c r="Z1"><v>1</v></c></row><row r="2"><c r="A2" t="s"><v>7</v></c><c r="C2" t="inlineStr"><is><t>Имя &amp; x</t></is></c></row>
            <row><c><v>1</v></c><c r="F3"><f>A1</f></c><c r="XFD3" s="2"/></row></sheetData><mergeCells><mergeCell ref="A9:H9"/><mergeCell ref="A3:XFD3"/></mergeCells>
            <legacyDrawing r:id="rId3"/></worksheet>"#;
        let found = look(xml, 2).unwrap();
        assert_eq!((found.width, found.last_line, found.column_format(3), found.column_format(9)), (8, 3, Some(4), None));
        assert_eq!(found.header, [(0, HeaderCell::Shared(7)), (2, HeaderCell::Text("Имя & x".to_owned()))]);
        assert!(found.keeps_panes && found.has_dimension && !found.has_filter);
        assert_eq!(found.legacy_drawing.as_deref(), Some("rId3"));
        let none = |_: &HeaderCell| None;
        assert_eq!(found.our_columns(&none), Ok([8, 9, 10, 11, 12]));
        let code = |cell: &HeaderCell| (*cell == HeaderCell::Shared(7)).then(|| "clientferry code".to_owned());
        assert_eq!(found.our_columns(&code), Ok([8, 9, 0, 10, 11]));
    }

    #[test]
    fn what_is_out_of_order_is_left_alone() {
        let sheet = |rows: &str| look(&format!("<worksheet><sheetData>{rows}</sheetData></worksheet>"), 1);
        assert!(sheet("<row r=\"2\"/><row r=\"1\"/>").is_err());
        assert!(sheet("<row r=\"2\"><c r=\"B2\"/><c r=\"A2\"/></row>").is_err());
        assert!(look("<worksheet><sheetData><row>", 1).is_err());
        let full = sheet("<row r=\"1\"><c r=\"XFC1\"><v>1</v></c></row>").unwrap();
        assert!(full.our_columns(&|_| None).is_err());
    }
}
