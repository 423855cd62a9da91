//! The rows of a sheet with our cells among theirs. Passes on everything else in them byte by byte.

use std::borrow::Cow;
use std::io::{self, BufRead};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::super::cells::{self, push};
use super::super::row::RowNote;
use super::super::xml;
use super::{Copy, FLUSH_BYTES, broken, cut_off, skip};
use crate::model::Severity;

/// What goes into one row.
enum Filling {
    Headers,
    Note(Box<RowNote>),
    /// What an earlier report said about a row that this one does not name goes away.
    Nothing,
}

impl Copy<'_, '_> {
    /// The rows, up to the end of their list.
    pub(super) fn rows(&mut self, reader: &mut Reader<impl BufRead>) -> io::Result<()> {
        let mut buffer = Vec::new();
        let mut line = 0_u64;
        loop {
            buffer.clear();
            self.flush(FLUSH_BYTES)?;
            let event = reader.read_event_into(&mut buffer).map_err(broken)?;
            match &event {
                Event::Start(tag) | Event::Empty(tag) if xml::local(tag) == "row" => {
                    let opens = matches!(event, Event::Start(_));
                    line = xml::value(tag, "r").and_then(|number| number.trim().parse().ok()).unwrap_or(line + 1);
                    self.rows_until(line)?;
                    match self.filling(line)? {
                        None => xml::raw(&mut self.out, &event),
                        Some(Filling::Nothing) if !opens => xml::raw(&mut self.out, &event),
                        Some(filling) => {
                            self.open_row(tag);
                            let rest = self.slots(&filling, line);
                            if opens {
                                self.cells(reader, &filling, rest, line, row_format(tag))?;
                            } else {
                                self.slots_until(&filling, &rest, u32::MAX, line, row_format(tag));
                                push(&mut self.out, &format!("</{}row>", self.change.survey.prefix));
                            }
                        }
                    }
                }
                Event::End(tag) if xml::local(tag) == "sheetData" => {
                    self.rows_until(u64::MAX)?;
                    xml::raw(&mut self.out, &event);
                    return Ok(());
                }
                Event::Eof => return Err(cut_off()),
                _ => xml::raw(&mut self.out, &event),
            }
        }
    }

    /// What goes into a row that the sheet stores.
    fn filling(&mut self, line: u64) -> io::Result<Option<Filling>> {
        if line < self.change.header_line {
            return Ok(None);
        }
        if line == self.change.header_line {
            return Ok(Some(Filling::Headers));
        }
        if self.feed.peek_on(self.change.sheet)?.is_some_and(|note| note.line == line)
            && let Some(note) = self.feed.take()
        {
            return Ok(Some(Filling::Note(Box::new(note))));
        }
        Ok(Some(Filling::Nothing))
    }

    /// Rows of the report before a line that the sheet does not store.
    pub(super) fn rows_until(&mut self, line: u64) -> io::Result<()> {
        while self.feed.peek_on(self.change.sheet)?.is_some_and(|note| note.line < line) {
            let Some(note) = self.feed.take() else { break };
            let own_line = note.line;
            self.last_line = self.last_line.max(own_line);
            let p = self.change.survey.prefix.clone();
            push(&mut self.out, &format!("<{p}row r=\"{own_line}\">"));
            let filling = Filling::Note(Box::new(note));
            let slots = self.slots(&filling, own_line);
            self.slots_until(&filling, &slots, u32::MAX, own_line, None);
            push(&mut self.out, &format!("</{p}row>"));
            self.flush(FLUSH_BYTES)?;
        }
        Ok(())
    }

    fn open_row(&mut self, tag: &BytesStart<'_>) {
        let last = self.order.last().map_or(0, |(column, _)| column + 1);
        let spans = xml::value(tag, "spans").and_then(|spans| spans.split_once(':')).and_then(|(first, end)| {
            let (first, end): (u32, u32) = (first.parse().ok()?, end.parse().ok()?);
            Some(format!("{}:{}", first.min(last), end.max(last)))
        });
        match spans {
            Some(spans) => push(&mut self.out, &format!("<{}>", xml::with_attribute(tag, "spans", &spans))),
            None => push(&mut self.out, &format!("<{}>", &**tag)),
        }
    }

    /// What has to be written into a row, from left to right, and comments for the faulty cells.
    fn slots(&mut self, filling: &Filling, line: u64) -> Vec<Slot> {
        let mut slots: Vec<Slot> =
            self.order.iter().map(|(column, number)| Slot { column: *column, what: What::Ours(*number) }).collect();
        if let Filling::Note(note) = filling {
            for mark in &note.marks {
                let mark = &mark.moved(self.change.passed_over);
                if slots.iter().all(|slot| slot.column != mark.column) {
                    slots.push(Slot { column: mark.column, what: What::Mark(mark.severity) });
                    self.notes.add(line, mark);
                }
            }
            slots.sort_by_key(|slot| slot.column);
        }
        slots
    }

    /// Copies the cells of a row with ours among them.
    fn cells(
        &mut self,
        reader: &mut Reader<impl BufRead>,
        filling: &Filling,
        slots: Vec<Slot>,
        line: u64,
        row_format: Option<u32>,
    ) -> io::Result<()> {
        let mut buffer = Vec::new();
        let mut slots = slots.as_slice();
        let mut next_column = 0_u32;
        loop {
            buffer.clear();
            let event = reader.read_event_into(&mut buffer).map_err(broken)?;
            match &event {
                Event::Start(tag) | Event::Empty(tag) if xml::local(tag) == "c" => {
                    let opens = matches!(event, Event::Start(_));
                    let reference = xml::value(tag, "r");
                    let column = reference.and_then(xml::place).map_or(next_column, |(column, _)| column);
                    next_column = column + 1;
                    slots = self.slots_until(filling, slots, column, line, row_format);
                    let own = xml::value(tag, "s").and_then(|style| style.trim().parse().ok()).unwrap_or(0);
                    let style = match slots.split_first() {
                        Some((slot, _)) if slot.column == column => match slot.what {
                            What::Ours(_) => {
                                // The old cell makes room; ours comes with the next one or the end of the row.
                                if opens {
                                    skip(reader, &mut Vec::new())?;
                                }
                                continue;
                            }
                            What::Mark(severity) => {
                                slots = slots.get(1..).unwrap_or(&[]);
                                Some(self.styles.marked(own, severity))
                            }
                        },
                        Some(_) | None if self.clears && line > self.change.header_line => self.styles.cleared(own),
                        Some(_) | None => None,
                    };
                    // Without references, cells that we put between would move the others.
                    let placed = match reference {
                        Some(_) => Cow::Borrowed(&**tag),
                        None => Cow::Owned(xml::with_attribute(tag, "r", &xml::reference(column, line))),
                    };
                    let tag = match style {
                        Some(style) => Cow::Owned(xml::with_attribute(&placed, "s", &style.to_string())),
                        None => placed,
                    };
                    self.out.push(b'<');
                    push(&mut self.out, &tag);
                    push(&mut self.out, if opens { ">" } else { "/>" });
                }
                Event::End(tag) if xml::local(tag) == "row" => {
                    self.slots_until(filling, slots, u32::MAX, line, row_format);
                    xml::raw(&mut self.out, &event);
                    return Ok(());
                }
                Event::Start(tag) if xml::local(tag) == "extLst" => {
                    slots = self.slots_until(filling, slots, u32::MAX, line, row_format);
                    xml::raw(&mut self.out, &event);
                }
                Event::Eof => return Err(cut_off()),
                _ => xml::raw(&mut self.out, &event),
            }
        }
    }

    /// Writes the slots before a column; gives those that are left.
    fn slots_until<'s>(
        &mut self,
        filling: &Filling,
        mut slots: &'s [Slot],
        column: u32,
        line: u64,
        row_format: Option<u32>,
    ) -> &'s [Slot] {
        while let Some((slot, rest)) = slots.split_first() {
            if slot.column >= column {
                break;
            }
            slots = rest;
            let p = self.change.survey.prefix.as_str();
            match (&slot.what, filling) {
                (What::Ours(number), Filling::Headers) => {
                    cells::header_cell(&mut self.out, p, slot.column, line, &self.looks, *number);
                }
                (What::Ours(number), Filling::Note(note)) => {
                    let text = note.texts().get(*number).copied().unwrap_or("");
                    let style = self.looks.of_cell(note, *number, text);
                    cells::text_cell(&mut self.out, p, slot.column, line, style, text);
                }
                (What::Ours(_), Filling::Nothing) => {}
                (What::Mark(severity), _) => {
                    let base = row_format.or_else(|| self.change.survey.column_format(slot.column)).unwrap_or(0);
                    let style = self.styles.marked(base, *severity);
                    cells::empty_cell(&mut self.out, p, slot.column, line, style);
                }
            }
        }
        slots
    }
}

/// A cell that is written or changed.
struct Slot {
    column: u32,
    what: What,
}

enum What {
    /// One of our columns, by its number.
    Ours(usize),
    Mark(Severity),
}

/// The format that a row gives its empty cells.
fn row_format(tag: &str) -> Option<u32> {
    let has_own = xml::value(tag, "customFormat").is_some_and(|value| matches!(value, "1" | "true"));
    xml::value(tag, "s").filter(|_| has_own)?.trim().parse().ok()
}
