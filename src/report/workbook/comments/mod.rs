//! Comments at faulty cells: ours beside those that are there, as text and as the boxes that spreadsheet programs show them in.
//! Decides which are too many; colours no cell.

mod boxes;
mod known;

use std::collections::{BTreeMap, HashSet};

use super::row::Mark;
use super::xml;
use crate::model::Severity;
pub(super) use boxes::{draw, takes_boxes};
pub(super) use known::Known;

/// Comments of ours on one sheet. Spreadsheet programs take long to open sheets with more.
pub(super) const COMMENTS_MAX: usize = 20_000;
/// Warnings among them leave room for errors further down.
const WARNINGS_MAX: usize = 5_000;
/// Characters of one comment: a box is no page.
const COMMENT_CHARS_MAX: usize = 1_500;
/// Who writes our comments. Those of this name are replaced when a workbook comes again.
const AUTHOR: &str = "clientferry";
/// How our words begin in a comment of somebody else's.
const OUR_WORDS: &str = "clientferry: ";
/// How a comment begins that newer programs show as a conversation, kept elsewhere.
const THREADED: &str = "[Threaded comment]";

/// The comments of ours on one sheet, by row and column.
#[derive(Debug, Default)]
pub(super) struct Notes {
    kept: BTreeMap<(u64, u32), Note>,
    warnings: usize,
    /// Faulty cells without a comment.
    pub(super) left_out: u64,
}

#[derive(Debug)]
struct Note {
    title: String,
    text: String,
}

impl Notes {
    /// A comment that stands whatever the number of others.
    pub(super) fn explain(&mut self, line: u64, column: u32, title: &str, text: &str) {
        self.kept.insert((line, column), Note { title: title.to_owned(), text: text.to_owned() });
    }

    /// A comment at a faulty cell, where there is room.
    pub(super) fn add(&mut self, line: u64, mark: &Mark) {
        let is_error = mark.severity == Severity::Error;
        if self.kept.len() >= COMMENTS_MAX || (!is_error && self.warnings >= WARNINGS_MAX) {
            self.left_out += 1;
            return;
        }
        self.warnings += usize::from(!is_error);
        let text = match mark.text.char_indices().nth(COMMENT_CHARS_MAX) {
            Some((end, _)) => format!("{}…", mark.text.get(..end).unwrap_or("")),
            None => mark.text.clone(),
        };
        self.kept.insert((line, mark.column), Note { title: mark.title.to_owned(), text });
    }
}

/// The parts of a sheet's comments.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) comments: Vec<u8>,
    /// Places (row from 1, column from 0) that get a box.
    pub(super) boxes_added: Vec<(u64, u32, usize)>,
    /// Places that lose theirs.
    pub(super) boxes_gone: HashSet<(u64, u32)>,
}

/// Puts our comments to those that are there.
pub(super) fn merge(known: &Known, notes: &Notes) -> Written {
    let p = &known.prefix;
    let mut written = Written::default();
    let mut authors = known.authors.clone();
    let us = authors.iter().position(|author| author == AUTHOR).unwrap_or_else(|| {
        authors.push(AUTHOR.to_owned());
        authors.len() - 1
    });
    let out = &mut written.comments;
    let mut push = |text: &str| out.extend_from_slice(text.as_bytes());
    push("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n");
    push(&format!("<{}><{p}authors>", known.root));
    for author in &authors {
        push(&format!("<{p}author>{author}</{p}author>"));
    }
    push(&format!("</{p}authors><{p}commentList>"));
    let mut told: HashSet<(u64, u32)> = HashSet::new();
    for comment in &known.comments {
        let place = (comment.line, comment.column);
        if comment.is_ours {
            written.boxes_gone.insert(place);
            continue;
        }
        let own = without_ours(&comment.text, p);
        push(&comment.before);
        let raw_text: String = own.concat();
        match notes.kept.get(&place) {
            Some(note) if !raw_text.contains(THREADED) => {
                let (runs, rest): (Vec<_>, Vec<_>) = own.iter().partition(|child| matches!(xml::local(inside(child)), "t" | "r"));
                for run in runs {
                    // A bare text and runs do not stand side by side.
                    let is_bare = xml::local(inside(run)) == "t";
                    push(&if is_bare { format!("<{p}r>{run}</{p}r>") } else { run.clone() });
                }
                push(&run(p, &format!("\n\n{OUR_WORDS}{}\n{}", note.title, note.text), false));
                rest.into_iter().for_each(|child| push(child));
            }
            Some(_) | None => push(&raw_text),
        }
        push(&comment.after);
        told.insert(place);
    }
    for (place @ (line, column), note) in &notes.kept {
        if told.contains(place) {
            continue;
        }
        let reference = xml::reference(*column, *line);
        push(&format!("<{p}comment ref=\"{reference}\" authorId=\"{us}\"><{p}text>"));
        push(&run(p, &note.title, true));
        push(&run(p, &format!("\n{}", note.text), false));
        push(&format!("</{p}text></{p}comment>"));
        written.boxes_added.push((*line, *column, note.title.len() + note.text.chars().count()));
    }
    push(&format!("</{p}commentList>"));
    push(&known.tail);
    written
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
    let mut own = Vec::new();
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
        let before = child.get(..at).unwrap_or("").trim_end();
        if !before.ends_with('>') {
            let close =
                if xml::local(inside(child)) == "r" { format!("</{prefix}t></{prefix}r>") } else { format!("</{prefix}t>") };
            own.push(format!("{before}{close}"));
        }
    }
    own
}

/// Where our words begin in a run: at its beginning or behind a line break.
fn ours_at(child: &str) -> Option<usize> {
    child.match_indices(OUR_WORDS).map(|(at, _)| at).find(|at| {
        let before = child.get(..*at).unwrap_or("");
        before.ends_with('\n') || before.ends_with('>') || before.ends_with("&#10;") || before.ends_with("_x000a_")
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

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
        let untouched = merge(&known, &Notes::default());
        let untouched = String::from_utf8(untouched.comments).unwrap();
        for kept in
            ["<comment ref=\"B3\" authorId=\"0\"><text><t>look &lt;here</t></text></comment>", "<phoneticPr fontId=\"1\"/>"]
        {
            assert!(untouched.contains(kept), "{untouched}");
        }
        let mut notes = Notes::default();
        notes.add(3, &mark(1, Severity::Error));
        notes.add(4, &mark(2, Severity::Warning));
        notes.add(9, &mark(26, Severity::Error));
        let first = merge(&known, &notes);
        assert_eq!(first.boxes_added.iter().map(|(line, column, _)| (*line, *column)).collect::<Vec<_>>(), [(9, 26)]);
        let text = String::from_utf8(first.comments.clone()).unwrap();
        assert!(text.contains("<r><t>look &lt;here</t></r><r>") && text.contains("4 digits &amp; no more"), "{text}");
        assert!(text.find("kept") < text.find("<phoneticPr") && text.contains("ref=\"AA9\" authorId=\"1\""), "{text}");
        // The workbook comes again without any fault: what was theirs is theirs again.
        let again = Known::read(&text).unwrap();
        let second = merge(&again, &Notes::default());
        assert_eq!(second.boxes_gone, HashSet::from([(9, 26)]));
        let second = Known::read(&String::from_utf8(second.comments).unwrap()).unwrap();
        assert_eq!(places(&second)[&(3, 1)], "<r><t>look &lt;here</t></r>");
        assert_eq!(places(&second)[&(4, 2)], "<r><rPr><b/></rPr><t>kept</t></r><phoneticPr fontId=\"1\"/>");
        assert_eq!(places(&second).len(), 2);
    }

    #[test]
    fn boxes_are_added_beside_those_of_others_and_taken_away_again() {
        let added = Written { boxes_added: vec![(9, 26, 10)], ..Written::default() };
        let drawing = String::from_utf8(draw(None, &added)).unwrap();
        assert!(takes_boxes(&drawing) && drawing.contains("_x0000_s1025") && drawing.contains("<x:Row>8</x:Row><x:Column>26<"));
        let more = Written { boxes_added: vec![(2, 0, 10)], boxes_gone: HashSet::from([(9, 26)]), ..Written::default() };
        let drawing = String::from_utf8(draw(Some(&drawing), &more)).unwrap();
        assert!(!drawing.contains("<x:Row>8</x:Row>") && drawing.contains("_x0000_s1026") && takes_boxes(&drawing), "{drawing}");
        assert_eq!(drawing.matches("<v:shapetype").count(), 1);
        assert!(!takes_boxes("<xml xmlns:v='x'></xml>") && !takes_boxes("<html>"));
    }

    #[test]
    fn beyond_the_bound_there_is_colour_only_and_errors_go_first() {
        let mut notes = Notes::default();
        for line in 0..30_000 {
            notes.add(line, &mark(0, Severity::Warning));
        }
        assert_eq!((notes.kept.len(), notes.left_out), (WARNINGS_MAX, 25_000));
        for line in 30_000..60_000 {
            notes.add(line, &mark(0, Severity::Error));
        }
        assert_eq!((notes.kept.len(), notes.left_out), (COMMENTS_MAX, 40_000));
    }
}
