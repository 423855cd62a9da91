//! Runs through XML and shows its tags, fast and within bounds. Checks no grammar: the library that reads the values does.

use std::io::{self, BufRead};

/// What is kept of a tag.
const TAG_BYTES_KEPT: usize = 64 << 10;

/// Why XML is not read further.
pub(super) enum Refusal {
    /// The stream fails.
    Io(io::Error),
    /// A text or tag is longer than allowed.
    Long,
    /// Elements stand inside one another without end.
    Deep,
    /// Entities are declared.
    Entities,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Text,
    Tag,
    /// An attribute's value, until this quote.
    Value(u8),
    /// Until these bytes.
    Literal(&'static [u8]),
}

/// Shows every tag without its brackets. `piece_max` bounds the bytes of one text or tag, `depth_max` the nesting.
pub(super) fn each(
    mut input: impl BufRead,
    piece_max: usize,
    depth_max: usize,
    visit: &mut dyn FnMut(&[u8]),
) -> Result<(), Refusal> {
    let mut inside = Inside::Text;
    let mut tag: Vec<u8> = Vec::new();
    let (mut piece, mut depth) = (0_usize, 0_usize);
    loop {
        let chunk = match input.fill_buf() {
            Ok([]) => return Ok(()),
            Ok(chunk) => chunk,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Refusal::Io(error)),
        };
        let length = chunk.len();
        let mut rest = chunk;
        while !rest.is_empty() {
            let wanted = match inside {
                Inside::Text => rest.iter().position(|&byte| byte == b'<'),
                Inside::Tag => rest.iter().position(|&byte| matches!(byte, b'>' | b'"' | b'\'')),
                Inside::Value(quote) => rest.iter().position(|&byte| byte == quote),
                Inside::Literal(_) => rest.iter().position(|&byte| byte == b'>'),
            };
            let taken = wanted.map_or(rest.len(), |at| at + 1);
            let (now, later) = rest.split_at(taken);
            rest = later;
            piece = piece.saturating_add(taken);
            if piece > piece_max {
                return Err(Refusal::Long);
            }
            if inside != Inside::Text {
                keep(&mut tag, now, matches!(inside, Inside::Literal(_)));
            }
            let Some(last) = wanted.and_then(|_| now.last()).copied() else { continue };
            inside = match inside {
                Inside::Text => {
                    tag.clear();
                    piece = 0;
                    Inside::Tag
                }
                Inside::Tag if last != b'>' => match literal_end(&tag) {
                    Some(end) => Inside::Literal(end),
                    None => Inside::Value(last),
                },
                Inside::Value(_) => Inside::Tag,
                Inside::Tag | Inside::Literal(_) => {
                    let end = literal_end(&tag);
                    if let Some(end) = end.filter(|end| !tag.ends_with(end)) {
                        inside = Inside::Literal(end);
                        continue;
                    }
                    tag.pop();
                    if end.is_none() {
                        judge(&tag, &mut depth, depth_max)?;
                        visit(&tag);
                    }
                    piece = 0;
                    Inside::Text
                }
            };
        }
        input.consume(length);
    }
}

/// Keeps the beginning of a tag, and of a literal also its end.
fn keep(tag: &mut Vec<u8>, bytes: &[u8], is_literal: bool) {
    if tag.len() < TAG_BYTES_KEPT {
        tag.extend_from_slice(bytes);
        return;
    }
    if is_literal {
        tag.truncate(TAG_BYTES_KEPT / 2);
    }
    // The last bytes tell where it ends.
    tag.extend_from_slice(bytes.get(bytes.len().saturating_sub(8)..).unwrap_or(&[]));
    if tag.len() > 2 * TAG_BYTES_KEPT {
        tag.drain(TAG_BYTES_KEPT / 2..tag.len() - 16);
    }
}

/// How something that is no element ends.
fn literal_end(tag: &[u8]) -> Option<&'static [u8]> {
    if tag.starts_with(b"![CDATA[") {
        Some(b"]]>")
    } else if tag.starts_with(b"!--") {
        Some(b"-->")
    } else if tag.starts_with(b"?") {
        Some(b"?>")
    } else {
        None
    }
}

fn judge(tag: &[u8], depth: &mut usize, depth_max: usize) -> Result<(), Refusal> {
    match tag.first() {
        Some(b'!') if tag.windows(7).any(|bytes| bytes == b"!ENTITY") => return Err(Refusal::Entities),
        Some(b'!') | None => {}
        Some(b'/') => *depth = depth.saturating_sub(1),
        Some(_) if tag.ends_with(b"/") => {}
        Some(_) => *depth += 1,
    }
    if *depth > depth_max { Err(Refusal::Deep) } else { Ok(()) }
}

/// The name of a tag without its prefix.
pub(super) fn local_name(tag: &[u8]) -> &[u8] {
    let end = tag.iter().position(|byte| byte.is_ascii_whitespace() || *byte == b'/').unwrap_or(tag.len());
    let name = tag.get(..end).unwrap_or(tag);
    name.iter().position(|&byte| byte == b':').and_then(|colon| name.get(colon + 1..)).unwrap_or(name)
}

/// The raw value of an attribute.
pub(super) fn value<'a>(tag: &'a [u8], name: &str) -> Option<&'a str> {
    let mut rest = tag;
    loop {
        let at = rest.windows(name.len()).position(|bytes| bytes == name.as_bytes())?;
        let before = at.checked_sub(1).and_then(|before| rest.get(before));
        rest = rest.get(at + name.len()..)?;
        if !before.is_some_and(u8::is_ascii_whitespace) {
            continue;
        }
        let Some(behind) = rest.trim_ascii_start().strip_prefix(b"=") else { continue };
        let (&quote, inside) = behind.trim_ascii_start().split_first()?;
        let end = inside.iter().position(|&byte| byte == quote)?;
        return std::str::from_utf8(inside.get(..end)?).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(xml: &str, piece_max: usize, depth_max: usize) -> Result<Vec<String>, &'static str> {
        let mut found = Vec::new();
        // A buffer of a few bytes puts every cut in the middle of something.
        let input = io::BufReader::with_capacity(3, xml.as_bytes());
        match each(input, piece_max, depth_max, &mut |tag| found.push(String::from_utf8_lossy(tag).into_owned())) {
            Ok(()) => Ok(found),
            Err(Refusal::Long) => Err("long"),
            Err(Refusal::Deep) => Err("deep"),
            Err(Refusal::Entities) => Err("entities"),
            Err(Refusal::Io(_)) => Err("io"),
        }
    }

    #[test]
    fn tags_are_shown_whatever_stands_between() {
        let xml = "<?xml version=\"1.0\"?><!-- <a> --><a x='>\"'><![CDATA[<b>]]]>]]><c/>text</a>";
        assert_eq!(tags(xml, 100, 4).unwrap(), ["a x='>\"'", "c/", "/a"]);
        assert_eq!(value(b"x:row a=\"1\" r = '7'", "r"), Some("7"));
        assert_eq!(value(b"row spr=\"1\"", "r"), None);
        assert_eq!(local_name(b"x:row r=\"1\""), b"row");
    }

    #[test]
    fn bounds_hold() {
        assert_eq!(tags(&format!("<a>{}</a>", "x".repeat(101)), 100, 4), Err("long"));
        assert_eq!(tags(&format!("<a b=\"{}\"/>", "x".repeat(101)), 100, 4), Err("long"));
        assert_eq!(tags("<a><a><a><a><a>", 100, 4), Err("deep"));
        assert_eq!(tags("<!DOCTYPE a [<!ENTITY b \"c\">]><a/>", 100, 4), Err("entities"));
        assert!(tags("<a><b/><b/><b/><b/><b></b></a>", 100, 2).is_ok());
    }
}
