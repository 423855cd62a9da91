//! A sheet of the user's workbook, copied with our cells in it: every other byte of it stays. Streams; knows no other part.

mod rows;

use std::io::{self, BufRead, Write};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::cells::{Looks, OUR_WIDTHS, push};
use super::comments::Notes;
use super::feed::Feed;
use super::styles::Styles;
use super::survey::{COLUMNS_MAX, Survey, spans};
use super::xml;

/// Bytes that are gathered before they are written.
const FLUSH_BYTES: usize = 128 << 10;

/// What stands in a sheet, in the order of the format.
const ORDER: [&str; 38] = [
    "sheetPr",
    "dimension",
    "sheetViews",
    "sheetFormatPr",
    "cols",
    "sheetData",
    "sheetCalcPr",
    "sheetProtection",
    "protectedRanges",
    "scenarios",
    "autoFilter",
    "sortState",
    "dataConsolidate",
    "customSheetViews",
    "mergeCells",
    "phoneticPr",
    "conditionalFormatting",
    "dataValidations",
    "hyperlinks",
    "printOptions",
    "pageMargins",
    "pageSetup",
    "headerFooter",
    "rowBreaks",
    "colBreaks",
    "customProperties",
    "cellWatches",
    "ignoredErrors",
    "smartTags",
    "drawing",
    "legacyDrawing",
    "legacyDrawingHF",
    "picture",
    "oleObjects",
    "controls",
    "webPublishItems",
    "tableParts",
    "extLst",
];

fn rank(name: &str) -> Option<usize> {
    ORDER.iter().position(|known| *known == name)
}

/// What is to be done with a sheet.
#[derive(Debug)]
pub(super) struct Change<'a> {
    pub(super) survey: &'a Survey,
    /// Index of the sheet among those that were read.
    pub(super) sheet: u16,
    pub(super) header_line: u64,
    pub(super) our_columns: [u32; 5],
    /// Columns that the source's own are counted without.
    pub(super) passed_over: &'a [u32],
    /// Relation of the drawing that holds boxes of comments, where the sheet has none yet.
    pub(super) new_drawing: Option<&'a str>,
    /// Namespace of relations in this workbook.
    pub(super) relations_space: &'a str,
}

/// Copies the sheet with what the rows of the report say.
pub(super) fn copy(
    input: impl BufRead,
    output: &mut dyn Write,
    change: &Change<'_>,
    feed: &mut Feed,
    styles: &mut Styles,
    notes: &mut Notes,
) -> io::Result<()> {
    let looks = Looks::of(styles);
    let mut order: Vec<(u32, usize)> = change.our_columns.iter().copied().zip(0..).collect();
    order.sort_unstable();
    let clears = styles.has_coloured();
    let mut copy = Copy {
        change,
        feed,
        styles,
        notes,
        looks,
        order,
        clears,
        output,
        out: Vec::with_capacity(FLUSH_BYTES + 8192),
        done: [false; 4],
        last_line: change.survey.last_line,
    };
    copy.run(&mut xml::reader(input))
}

struct Copy<'a, 'w> {
    change: &'a Change<'a>,
    feed: &'w mut Feed,
    styles: &'w mut Styles,
    notes: &'w mut Notes,
    looks: Looks,
    /// Our columns from left to right, with their numbers.
    order: Vec<(u32, usize)>,
    /// Whether cells may carry the colour of an earlier report.
    clears: bool,
    output: &'w mut dyn Write,
    out: Vec<u8>,
    /// Whether views, widths, filter, drawing are settled.
    done: [bool; 4],
    last_line: u64,
}

fn broken(_: quick_xml::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the XML of a sheet of the source broke off")
}

fn cut_off() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "a sheet of the source is cut off")
}

impl Copy<'_, '_> {
    fn run(&mut self, reader: &mut Reader<impl BufRead>) -> io::Result<()> {
        let mut buffer = Vec::new();
        let mut depth = 0_usize;
        loop {
            buffer.clear();
            self.flush(FLUSH_BYTES)?;
            let event = reader.read_event_into(&mut buffer).map_err(broken)?;
            match &event {
                Event::Start(tag) | Event::Empty(tag) => {
                    let opens = matches!(event, Event::Start(_));
                    let local = xml::local(tag);
                    depth += usize::from(opens);
                    let is_child = depth == if opens { 2 } else { 1 };
                    if is_child {
                        self.before(rank(local))?;
                    }
                    match local {
                        "dimension" if is_child => self.dimension(tag, opens),
                        "cols" if is_child => {
                            self.widths();
                            if opens {
                                skip(reader, &mut Vec::new())?;
                                depth -= 1;
                            }
                        }
                        "sheetView" if self.freezes() => self.view(tag, opens),
                        "sheetData" if is_child => {
                            xml::raw(&mut self.out, &Event::Start(tag.borrow()));
                            if opens {
                                self.rows(reader)?;
                                depth -= 1;
                            } else {
                                self.rows_until(u64::MAX)?;
                                push(&mut self.out, &format!("</{}sheetData>", self.change.survey.prefix));
                            }
                        }
                        _ => xml::raw(&mut self.out, &event),
                    }
                }
                Event::End(_) => {
                    if depth == 1 {
                        self.before(Some(ORDER.len()))?;
                    }
                    depth = depth.saturating_sub(1);
                    xml::raw(&mut self.out, &event);
                }
                Event::Eof if depth > 0 => return Err(cut_off()),
                Event::Eof => return self.flush(0),
                Event::Text(_)
                | Event::CData(_)
                | Event::Comment(_)
                | Event::Decl(_)
                | Event::PI(_)
                | Event::DocType(_)
                | Event::GeneralRef(_) => xml::raw(&mut self.out, &event),
            }
        }
    }

    fn flush(&mut self, above: usize) -> io::Result<()> {
        if self.out.len() >= above {
            self.output.write_all(&self.out)?;
            self.out.clear();
        }
        Ok(())
    }

    /// Writes what the sheet lacks and what has its place before the next element.
    fn before(&mut self, next: Option<usize>) -> io::Result<()> {
        // What the format does not name here may stand anywhere: the next known element tells.
        let Some(next) = next else { return Ok(()) };
        let due = |name: &str| rank(name).is_some_and(|own| own < next);
        let survey = self.change.survey;
        let p = survey.prefix.as_str();
        if due("sheetViews") && !std::mem::replace(&mut self.done[0], true) && !survey.has_views && self.may_freeze() {
            let pane = self.pane();
            push(
                &mut self.out,
                &format!("<{p}sheetViews><{p}sheetView workbookViewId=\"0\">{pane}</{p}sheetView></{p}sheetViews>"),
            );
        }
        if due("cols") && !std::mem::replace(&mut self.done[1], true) && !survey.has_widths {
            self.widths();
        }
        if due("autoFilter") && !std::mem::replace(&mut self.done[2], true) && !survey.has_filter && !survey.has_tables {
            let last_line = self.last_line.max(self.change.header_line);
            let ((first, top), (last, bottom)) = survey.filtered(self.change.our_columns, self.change.header_line, last_line);
            let (from, to) = (xml::reference(first, top), xml::reference(last, bottom));
            push(&mut self.out, &format!("<{p}autoFilter ref=\"{from}:{to}\"/>"));
        }
        if due("legacyDrawing")
            && !std::mem::replace(&mut self.done[3], true)
            && let Some(id) = self.change.new_drawing
        {
            let space = self.change.relations_space;
            push(&mut self.out, &format!("<{p}legacyDrawing xmlns:r=\"{space}\" r:id=\"{id}\"/>"));
        }
        Ok(())
    }

    /// Whether the header may be frozen at all.
    fn may_freeze(&self) -> bool {
        !self.change.survey.keeps_panes
    }

    fn freezes(&self) -> bool {
        self.may_freeze() && self.change.survey.has_views
    }

    fn pane(&self) -> String {
        let line = self.change.header_line;
        let p = &self.change.survey.prefix;
        format!("<{p}pane ySplit=\"{line}\" topLeftCell=\"A{}\" activePane=\"bottomLeft\" state=\"frozen\"/>", line + 1)
    }

    fn view(&mut self, tag: &BytesStart<'_>, opens: bool) {
        let pane = self.pane();
        push(&mut self.out, &format!("<{}>{pane}", &**tag));
        if !opens {
            push(&mut self.out, &format!("</{}sheetView>", self.change.survey.prefix));
        }
    }

    fn dimension(&mut self, tag: &BytesStart<'_>, opens: bool) {
        let end = self.change.our_columns.iter().copied().fold(0, u32::max);
        let known = xml::value(tag, "ref").and_then(xml::area);
        let tag = match known {
            Some(((first, top), (last, bottom))) => {
                let to = xml::reference(last.max(end), bottom.max(self.change.header_line));
                xml::with_attribute(tag, "ref", &format!("{}:{to}", xml::reference(first, top)))
            }
            None => tag.to_string(),
        };
        push(&mut self.out, &format!("<{tag}{}>", if opens { "" } else { "/" }));
    }

    /// The widths of the sheet with those of our columns in their places.
    fn widths(&mut self) {
        self.done[1] = true;
        let p = self.change.survey.prefix.clone();
        let mut all: Vec<(u32, String)> = Vec::new();
        for tag in &self.change.survey.widths {
            let Some((first, last)) = spans(tag) else { continue };
            let mut from = first;
            // A width that spans columns of ours is cut around them.
            for (column, _) in self.order.iter().filter(|(column, _)| (first..=last).contains(&(column + 1))) {
                if from <= *column {
                    all.push((from, between(tag, from, *column)));
                }
                from = column + 2;
            }
            if from <= last.min(COLUMNS_MAX) {
                let same = from == first;
                all.push((from, if same { tag.clone() } else { between(tag, from, last) }));
            }
        }
        for (column, number) in &self.order {
            let width = OUR_WIDTHS.get(*number).copied().unwrap_or(20);
            let at = column + 1;
            all.push((at, format!("{p}col min=\"{at}\" max=\"{at}\" width=\"{width}\" customWidth=\"1\"")));
        }
        all.sort_by_key(|(first, _)| *first);
        push(&mut self.out, &format!("<{p}cols>"));
        for (_, tag) in all {
            push(&mut self.out, &format!("<{}/>", tag.trim_end()));
        }
        push(&mut self.out, &format!("</{p}cols>"));
    }
}

/// A width for other columns, from 1.
fn between(tag: &str, first: u32, last: u32) -> String {
    xml::with_attribute(&xml::with_attribute(tag, "min", &first.to_string()), "max", &last.to_string())
}

/// Passes over an element that was opened, its end included.
fn skip(reader: &mut Reader<impl BufRead>, buffer: &mut Vec<u8>) -> io::Result<()> {
    let mut depth = 1_usize;
    while depth > 0 {
        buffer.clear();
        match reader.read_event_into(buffer).map_err(broken)? {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth -= 1,
            Event::Eof => return Err(cut_off()),
            _ => {}
        }
    }
    Ok(())
}
