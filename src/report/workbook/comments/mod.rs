//! Comments at faulty cells: ours beside those that are there, as text and as the boxes that spreadsheet programs show them in.
//! Decides which are too many; colours no cell.

mod boxes;
mod known;

use std::collections::HashSet;
use std::io::{self, BufWriter, Write};
use std::rc::Rc;

use super::row::Mark;
use super::xml;
use crate::model::{Code, Severity};
pub(super) use boxes::Drawing;
use boxes::NewBox;
pub(super) use known::Known;

/// Comments of ours on one sheet. Spreadsheet programs take long to open sheets with more.
pub(super) const COMMENTS_MAX: usize = 20_000;
/// Warnings among them leave room for errors further down.
const WARNINGS_MAX: usize = 5_000;
/// Characters of one comment: a box is no page.
const COMMENT_CHARS_MAX: usize = 1_500;
/// Bytes of different texts on one sheet. Most comments say the same as others.
const TEXT_BYTES_MAX: usize = 4 << 20;
const BUFFER_BYTES: usize = 64 << 10;
/// Who writes our comments. Those of this name are replaced when a workbook comes again.
const AUTHOR: &str = "clientferry";
/// How our words begin in a comment of somebody else's; a code follows.
const OUR_WORDS: &str = "clientferry: ";
/// How a comment begins that newer programs show as a conversation, kept elsewhere.
const THREADED: &str = "[Threaded comment]";

/// Row (from 1) and column (from 0).
pub(super) type Place = (u64, u32);

/// The comments of ours on one sheet, by row and column.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// In the order of their places.
    kept: Vec<Note>,
    /// Texts of the comments, each once.
    texts: HashSet<Rc<str>>,
    text_bytes: usize,
    warnings: usize,
    /// Faulty cells without a comment.
    pub(super) left_out: u64,
}

#[derive(Debug)]
struct Note {
    place: Place,
    title: &'static str,
    text: Rc<str>,
}

impl Notes {
    /// A comment that stands whatever the number of others.
    pub(super) fn explain(&mut self, line: u64, column: u32, title: &'static str, text: &str) {
        self.put((line, column), title, text);
    }

    /// A comment at a faulty cell, where there is room.
    pub(super) fn add(&mut self, line: u64, mark: &Mark) {
        let is_error = mark.severity == Severity::Error;
        let is_full = self.kept.len() >= COMMENTS_MAX || self.text_bytes >= TEXT_BYTES_MAX;
        if is_full || (!is_error && self.warnings >= WARNINGS_MAX) {
            self.left_out += 1;
            return;
        }
        self.warnings += usize::from(!is_error);
        match mark.text.char_indices().nth(COMMENT_CHARS_MAX) {
            Some((end, _)) => self.put((line, mark.column), mark.title, &format!("{}…", mark.text.get(..end).unwrap_or(""))),
            None => self.put((line, mark.column), mark.title, &mark.text),
        }
    }

    fn put(&mut self, place: Place, title: &'static str, text: &str) {
        let text = match self.texts.get(text) {
            Some(known) => Rc::clone(known),
            None => {
                let new: Rc<str> = text.into();
                self.text_bytes += new.len();
                self.texts.insert(Rc::clone(&new));
                new
            }
        };
        let note = Note { place, title, text };
        // Rows come in order: nearly always the end.
        match self.kept.binary_search_by_key(&place, |known| known.place) {
            Ok(at) => {
                if let Some(known) = self.kept.get_mut(at) {
                    *known = note;
                }
            }
            Err(at) => self.kept.insert(at, note),
        }
    }

    fn at(&self, place: Place) -> Option<&Note> {
        self.kept.binary_search_by_key(&place, |known| known.place).ok().and_then(|at| self.kept.get(at))
    }
}

/// Boxes that our comments need.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Boxes(Vec<NewBox>);

impl Boxes {
    /// Writes the drawing that the sheet has, or one of ours, with these boxes.
    pub(super) fn write(&self, drawing: Option<&Drawing>, out: &mut dyn Write) -> io::Result<()> {
        let mut out = BufWriter::with_capacity(BUFFER_BYTES, out);
        boxes::draw(drawing, &self.0, &mut out)?;
        out.flush()
    }
}

/// Writes the part with our comments beside those that are there. Gives the boxes that ours need.
pub(super) fn write(known: &Known, notes: &Notes, out: &mut dyn Write) -> io::Result<Boxes> {
    let mut out = BufWriter::with_capacity(BUFFER_BYTES, out);
    let p = &known.prefix;
    let mut authors = known.authors.clone();
    let us = authors.iter().position(|author| author == AUTHOR).unwrap_or_else(|| {
        authors.push(AUTHOR.to_owned());
        authors.len() - 1
    });
    let mut push = |text: &str| out.write_all(text.as_bytes());
    push("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n")?;
    push(&format!("<{}><{p}authors>", known.root))?;
    for author in &authors {
        push(&format!("<{p}author>{author}</{p}author>"))?;
    }
    push(&format!("</{p}authors><{p}commentList>"))?;
    let mut told: HashSet<Place> = HashSet::new();
    for comment in &known.comments {
        let place = (comment.line, comment.column);
        let own = without_ours(&comment.text, p);
        push(&comment.before)?;
        let raw_text: String = own.concat();
        match notes.at(place) {
            Some(note) if !raw_text.contains(THREADED) => {
                let (runs, rest): (Vec<_>, Vec<_>) = own.iter().partition(|child| matches!(xml::local(inside(child)), "t" | "r"));
                for run in runs {
                    // A bare text and runs do not stand side by side.
                    let is_bare = xml::local(inside(run)) == "t";
                    push(&if is_bare { format!("<{p}r>{run}</{p}r>") } else { run.clone() })?;
                }
                push(&run(p, &format!("\n\n{OUR_WORDS}{}\n{}", note.title, note.text), false))?;
                rest.into_iter().try_for_each(|child| push(child))?;
            }
            Some(_) | None => push(&raw_text)?,
        }
        push(&comment.after)?;
        told.insert(place);
    }
    let mut boxes = Boxes::default();
    for note in notes.kept.iter().filter(|note| !told.contains(&note.place)) {
        let (line, column) = note.place;
        let reference = xml::reference(column, line);
        push(&format!("<{p}comment ref=\"{reference}\" authorId=\"{us}\"><{p}text>"))?;
        push(&run(p, note.title, true))?;
        push(&run(p, &format!("\n{}", note.text), false))?;
        push(&format!("</{p}text></{p}comment>"))?;
        boxes.0.push(NewBox { line, column, chars: note.title.len() + note.text.chars().count() });
    }
    push(&format!("</{p}commentList>"))?;
    push(&known.tail)?;
    out.flush()?;
    Ok(boxes)
}

/// A piece of text in the look of comments.
fn run(prefix: &str, text: &str, is_bold: bool) -> String {
    let mut escaped = Vec::new();
    xml::text(&mut escaped, text);
    let bold = if is_bold { format!("<{prefix}b/>") } else { String::new() };
    format!(
        "<{prefix}r><{prefix}rPr>{bold}<{prefix}sz val=\"9\"/><{prefix}color indexed=\"81\"/><{prefix}rFont val=\"Tahoma\"/>\
         <{prefix}family val=\"2\"/></{prefix}rPr><{prefix}t xml:space=\"preserve\">{}</{prefix}t></{prefix}r>",
        String::from_utf8_lossy(&escaped)
    )
}

fn inside(raw: &str) -> &str {
    raw.trim_start_matches('<').split(['>', '/']).next().unwrap_or("")
}

/// The children of a comment's text as they were before an earlier report added its words.
fn without_ours(children: &[String], prefix: &str) -> Vec<String> {
    let mut own: Vec<String> = Vec::new();
    let mut is_ours = false;
    for child in children {
        if !matches!(xml::local(inside(child)), "t" | "r") {
            own.push(child.clone());
            continue;
        }
        if is_ours {
            continue;
        }
        let Some(at) = ours_at(child) else {
            own.push(child.clone());
            continue;
        };
        is_ours = true;
        let whole = child.get(..at).unwrap_or("");
        let before = without_breaks(whole);
        if before.ends_with('>') {
            // Some programs let the lines before ours end in the run before.
            if before == whole
                && let Some(last) = own.last_mut()
                && let Some((text, close)) = last.rsplit_once(&format!("</{prefix}t>"))
            {
                *last = format!("{}</{prefix}t>{close}", without_breaks(text));
            }
        } else {
            let close =
                if xml::local(inside(child)) == "r" { format!("</{prefix}t></{prefix}r>") } else { format!("</{prefix}t>") };
            own.push(format!("{before}{close}"));
        }
    }
    own
}

/// Ways in which the end of a line is written in a raw text.
const BREAKS: [&str; 7] = ["\n", "\r", "&#10;", "&#xA;", "&#xa;", "_x000a_", "_x000A_"];

fn without_breaks(mut raw: &str) -> &str {
    while let Some(shorter) = BREAKS.iter().chain(&[" ", "\t"]).find_map(|end| raw.strip_suffix(end)) {
        raw = shorter;
    }
    raw
}

/// Where our words begin in a run: at its beginning or behind a line break.
fn ours_at(child: &str) -> Option<usize> {
    child.match_indices(OUR_WORDS).map(|(at, _)| at).find(|at| {
        let before = child.get(..*at).unwrap_or("");
        let behind = child.get(at + OUR_WORDS.len()..).unwrap_or("");
        let code = behind.split(|ch: char| !(ch.is_ascii_lowercase() || matches!(ch, '.' | '_'))).next().unwrap_or("");
        (before.ends_with('>') || BREAKS.iter().any(|end| before.ends_with(end))) && Code::from_name(code).is_some()
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn merged(known: &Known, notes: &Notes) -> (String, Vec<Place>) {
        let mut out = Vec::new();
        let boxes = write(known, notes, &mut out).unwrap();
        (String::from_utf8(out).unwrap(), boxes.0.iter().map(|new| (new.line, new.column)).collect())
    }

    fn places(known: &Known) -> HashMap<(u64, u32), String> {
        known.comments.iter().map(|comment| ((comment.line, comment.column), comment.text.concat())).collect()
    }

    const THEIRS: &str = r#"<comments xmlns="m"><authors><author>Anna &amp; Co</author></authors><commentList><comment ref="B3" authorId="0"><text><t>look &lt;here</t></text></comment><comment ref="C4" authorId="0" shapeId="0"><text><r><rPr><b/></rPr><t>kept</t></r><phoneticPr fontId="1"/></text></comment></commentList></comments>"#;

    fn mark(column: u32, severity: Severity) -> Mark {
        Mark { column, severity, title: "phone.too_short", text: "4 digits & no more\nCall.".to_owned() }
    }

    #[test]
    fn comments_of_others_stay_and_ours_come_and_go() {
        let known = Known::read(THEIRS).unwrap();
        let (untouched, _) = merged(&known, &Notes::default());
        for kept in
            ["<comment ref=\"B3\" authorId=\"0\"><text><t>look &lt;here</t></text></comment>", "<phoneticPr fontId=\"1\"/>"]
        {
            assert!(untouched.contains(kept), "{untouched}");
        }
        let mut notes = Notes::default();
        notes.add(3, &mark(1, Severity::Error));
        notes.add(4, &mark(2, Severity::Warning));
        notes.add(9, &mark(26, Severity::Error));
        let (text, boxes) = merged(&known, &notes);
        assert_eq!(boxes, [(9, 26)]);
        assert!(text.contains("<r><t>look &lt;here</t></r><r>") && text.contains("4 digits &amp; no more"), "{text}");
        assert!(text.find("kept") < text.find("<phoneticPr") && text.contains("ref=\"AA9\" authorId=\"1\""), "{text}");
        // The workbook comes again without any fault: what was theirs is theirs again.
        let again = Known::read(&text).unwrap();
        assert_eq!(again.ours, HashSet::from([(9, 26)]));
        let second = Known::read(&merged(&again, &Notes::default()).0).unwrap();
        assert_eq!(places(&second)[&(3, 1)], "<r><t>look &lt;here</t></r>");
        assert_eq!(places(&second)[&(4, 2)], "<r><rPr><b/></rPr><t>kept</t></r><phoneticPr fontId=\"1\"/>");
        assert_eq!(places(&second).len(), 2);
    }

    #[test]
    fn ours_are_known_without_their_author_and_after_others_wrote_them_again() {
        let code = "phone.too_short";
        let again = |text: &str| {
            let part = format!(
                "<comments xmlns=\"m\"><authors><author> </author></authors><commentList><comment ref=\"B3\" authorId=\"0\"><text>{text}</text></comment></commentList></comments>"
            );
            let known = Known::read(&part).unwrap();
            (known.ours.len(), merged(&known, &Notes::default()).0)
        };
        // As LibreOffice writes them, then openpyxl, then what only looks so.
        assert_eq!(again(&format!("<r><t xml:space=\"preserve\">{code}&#10;</t></r><r><t>4 digits&#10;Call.</t></r>")).0, 1);
        assert_eq!(again(&format!("<t>{code}\n4 digits</t>")).0, 1);
        assert_eq!(again("<r><t>clientferry outcome&#10;</t></r><r><t>Written by</t></r>").0, 1);
        for theirs in [format!("<t>{code} is wrong?</t>"), "<t>see below\nphone.too_short</t>".to_owned(), "<t/>".to_owned()] {
            let (ours, written) = again(&theirs);
            assert!(ours == 0 && written.contains(&theirs), "{written}");
        }
        let theirs = "<r><rPr><b/></rPr><t>look</t></r>";
        for with_ours in [
            format!("<r><rPr><b/></rPr><t>look&#10;&#10;</t></r><r><t>clientferry: {code}&#10;4 digits</t></r>"),
            format!("<r><rPr><b/></rPr><t>look&#10;&#10;clientferry: {code}&#10;4 digits</t></r>"),
            format!("<r><rPr><b/></rPr><t>look</t></r><r><t>\n\nclientferry: {code}\n4 digits</t></r>"),
        ] {
            let (ours, written) = again(&with_ours);
            assert!(ours == 0 && written.contains(&format!("<text>{theirs}</text>")), "{written}");
        }
        let (_, written) = again("<t>ask\nclientferry: Anna</t>");
        assert!(written.contains("<t>ask\nclientferry: Anna</t>"), "their own words stay: {written}");
    }

    #[test]
    fn beyond_the_bound_there_is_colour_only_and_errors_go_first() {
        let mut notes = Notes::default();
        for line in 0..30_000 {
            notes.add(line, &mark(0, Severity::Warning));
        }
        assert_eq!((notes.kept.len(), notes.left_out), (WARNINGS_MAX, 25_000));
        assert_eq!(notes.texts.len(), 1, "one text for all of them");
        for line in 30_000..60_000 {
            notes.add(line, &mark(0, Severity::Error));
        }
        assert_eq!((notes.kept.len(), notes.left_out), (COMMENTS_MAX, 40_000));
    }

    #[test]
    fn long_texts_without_end_stay_within_bounds() {
        let mut notes = Notes::default();
        for line in 0..20_000 {
            notes.add(line, &Mark { text: format!("{line} {}", "я".repeat(2_000)), ..mark(0, Severity::Error) });
        }
        assert!(notes.text_bytes < TEXT_BYTES_MAX + 4 * COMMENT_CHARS_MAX && notes.left_out > 15_000, "{}", notes.left_out);
    }
}
