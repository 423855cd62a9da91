//! The comments that a sheet has already, taken apart so that all of it can be written again. Knows none of ours.

use std::collections::HashSet;

use quick_xml::events::Event;

use super::super::package::Unkept;
use super::super::xml;
use super::{AUTHOR, Place};
use crate::model::{Code, OUR_COLUMNS};

/// The comments that a sheet has already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::report::workbook) struct Known {
    pub(super) prefix: String,
    /// The raw root tag.
    pub(super) root: String,
    pub(super) authors: Vec<String>,
    /// Comments of others.
    pub(super) comments: Vec<Comment>,
    /// Places of comments of an earlier report, which go.
    pub(in crate::report::workbook) ours: HashSet<Place>,
    /// What stands behind the list.
    pub(super) tail: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Comment {
    pub(super) column: u32,
    pub(super) line: u64,
    /// The raw element up to its text, its text's children, the rest.
    pub(super) before: String,
    pub(super) text: Vec<String>,
    pub(super) after: String,
}

impl Known {
    /// Reads the part.
    pub(in crate::report::workbook) fn read(part: &str) -> Result<Self, Unkept> {
        let broken = || Unkept::broken("of comments");
        let mut reader = xml::reader(part.as_bytes());
        let mut buffer = Vec::new();
        let mut known = Self::default();
        let (mut depth, mut start, mut author, mut in_list, mut behind) =
            (0_usize, 0_usize, None::<String>, false, None::<usize>);
        // The comment at hand: its beginning, its text's beginning, the children of its text and where one began.
        let (mut tag_of, mut opened, mut text_from, mut children, mut child_from) =
            (String::new(), 0_usize, None::<usize>, Vec::new(), 0_usize);
        let mut text_to = None::<usize>;
        loop {
            buffer.clear();
            let event = reader.read_event_into(&mut buffer).map_err(|_| broken())?;
            let end = usize::try_from(reader.buffer_position()).map_err(|_| broken())?;
            match &event {
                Event::Start(tag) => {
                    depth += 1;
                    match (depth, xml::local(tag)) {
                        (1, _) => {
                            known.prefix = xml::prefix(tag).to_owned();
                            known.root = tag.to_string();
                        }
                        (2, "commentList") => in_list = true,
                        (3, "author") => author = Some(String::new()),
                        (3, "comment") if in_list => {
                            (tag_of, opened) = (tag.to_string(), start);
                            (text_from, text_to) = (None, None);
                            children = Vec::new();
                        }
                        (4, "text") if in_list => text_from = Some(end),
                        (5, _) if text_from.is_some() => child_from = start,
                        _ => {}
                    }
                }
                Event::Empty(tag) => match (depth, xml::local(tag)) {
                    (2, "author") => known.authors.push(String::new()),
                    (4, _) if text_from.is_some() && text_to.is_none() => {
                        children.push(part.get(start..end).unwrap_or("").to_owned());
                    }
                    (3, "text") if in_list => (text_from, text_to) = (Some(start), Some(end)),
                    _ => {}
                },
                Event::End(tag) => {
                    match (depth, xml::local(tag)) {
                        (2, "commentList") => {
                            in_list = false;
                            behind = Some(end);
                        }
                        (3, "author") => known.authors.extend(author.take()),
                        (5, _) if text_from.is_some() && text_to.is_none() => {
                            children.push(part.get(child_from..end).unwrap_or("").to_owned());
                        }
                        (4, "text") if in_list => text_to = Some(start),
                        (3, "comment") if in_list => {
                            let (Some(from), Some(to)) = (text_from, text_to) else { return Err(broken()) };
                            let place = xml::value(&tag_of, "ref").and_then(xml::place).ok_or_else(broken)?;
                            let by: Option<usize> = xml::value(&tag_of, "authorId").and_then(|id| id.trim().parse().ok());
                            let by = by.and_then(|by| known.authors.get(by));
                            let piece = |from: usize, to: usize| part.get(from..to).unwrap_or("").to_owned();
                            let (mut before, mut after) = (piece(opened, from), piece(to, end));
                            if part
                                .get(from..to)
                                .is_some_and(|text| text.ends_with("/>") && text.starts_with('<') && children.is_empty())
                            {
                                let p = &known.prefix;
                                (before, after) = (format!("{before}<{p}text>"), format!("</{p}text>{after}"));
                            }
                            let (text, (column, line)) = (std::mem::take(&mut children), place);
                            if by.is_some_and(|by| by == AUTHOR) || begins_as_ours(&text) {
                                known.ours.insert((line, column));
                            } else {
                                known.comments.push(Comment { column, line, before, text, after });
                            }
                        }
                        (1, _) => {
                            let from = behind.unwrap_or(start);
                            known.tail = part.get(from..end).unwrap_or("").to_owned();
                        }
                        _ => {}
                    }
                    depth = depth.saturating_sub(1);
                }
                Event::Text(text) => {
                    if let Some(author) = &mut author {
                        author.push_str(text);
                    }
                }
                Event::GeneralRef(name) => {
                    if let Some(author) = &mut author {
                        author.push_str(&format!("&{};", &**name));
                    }
                }
                Event::Eof => break,
                Event::CData(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            }
            start = end;
        }
        if depth > 0 || known.root.is_empty() {
            return Err(broken());
        }
        Ok(known)
    }

    /// None yet, in a part of this namespace.
    pub(in crate::report::workbook) fn none(namespace: &str) -> Self {
        Self { root: format!("comments xmlns=\"{namespace}\""), tail: "</comments>".to_owned(), ..Self::default() }
    }
}

/// Whether a comment begins as only ours do: some programs keep no author.
fn begins_as_ours(children: &[String]) -> bool {
    let text: String = children.iter().map(|child| plain(child)).collect();
    let title = text.trim_start().lines().next().unwrap_or("").trim_end();
    title == OUR_COLUMNS[0] || Code::from_name(title).is_some()
}

/// The text of a raw piece of a comment, without its looks.
pub(super) fn plain(raw: &str) -> String {
    let mut reader = xml::reader(raw.as_bytes());
    let (mut buffer, mut text, mut is_text) = (Vec::new(), String::new(), false);
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Start(tag)) => is_text = xml::local(&tag) == "t",
            Ok(Event::End(_)) => is_text = false,
            Ok(Event::Text(part)) if is_text => text.push_str(&part),
            Ok(Event::GeneralRef(name)) if is_text => text.push_str(&xml::unescaped(&format!("&{};", &*name))),
            Ok(Event::Eof) | Err(_) => return text,
            Ok(_) => {}
        }
    }
}
