//! Small pieces of a spreadsheet's XML: escaping, attributes of raw tags, references of cells. Knows no part of a workbook.

use std::io::BufRead;
use std::ops::Range;

use quick_xml::Reader;
use quick_xml::events::Event;

/// Characters that a cell takes, as UTF-16 units; spreadsheet programs refuse workbooks with longer ones.
const CELL_UNITS_MAX: usize = 32_000;

/// The text as content of an element: marks escaped, and characters that XML cannot hold in the form that spreadsheets know.
pub(super) fn text(out: &mut Vec<u8>, text: &str) {
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| SPECIAL[usize::from(*byte)]) {
        let (plain, from) = rest.split_at(at);
        out.extend_from_slice(plain);
        let (replacement, length): (&[u8], usize) = match from {
            [b'&', ..] => (b"&amp;", 1),
            [b'<', ..] => (b"&lt;", 1),
            [b'>', ..] => (b"&gt;", 1),
            [b'_', ..] if is_escape(from) => (b"_x005F_", 1),
            [byte @ 0..0x20, ..] if !matches!(byte, b'\t' | b'\n') => {
                out.extend_from_slice(format!("_x{byte:04X}_").as_bytes());
                (b"", 1)
            }
            // U+FFFE and U+FFFF are no characters of XML.
            [0xef, 0xbf, 0xbe | 0xbf, ..] => ("\u{fffd}".as_bytes(), 3),
            [byte, ..] => (std::slice::from_ref(byte), 1),
            [] => break,
        };
        out.extend_from_slice(replacement);
        rest = from.get(length..).unwrap_or(&[]);
    }
    out.extend_from_slice(rest);
}

/// Bytes that may have to be written otherwise.
const SPECIAL: [bool; 256] = {
    let mut special = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        special[byte] = true;
        byte += 1;
    }
    let mut others: &[u8] = b"&<>_\xef";
    while let [first, rest @ ..] = others {
        special[*first as usize] = true;
        others = rest;
    }
    special
};

/// Whether `_x0041_` stands here, which spreadsheet programs take for a character.
fn is_escape(bytes: &[u8]) -> bool {
    matches!(bytes.get(..7), Some([b'_', b'x' | b'X', hex @ .., b'_']) if hex.iter().all(u8::is_ascii_hexdigit))
}

/// The text as it stands between the quotes of an attribute.
pub(super) fn in_attribute(value: &str) -> String {
    let mut out = Vec::with_capacity(value.len());
    text(&mut out, value);
    String::from_utf8_lossy(&out).replace('"', "&quot;").replace(['\n', '\t'], " ")
}

/// The value of an attribute without its escapes.
pub(super) fn unescaped(value: &str) -> String {
    quick_xml::escape::unescape(value).map_or_else(|_| value.to_owned(), std::borrow::Cow::into_owned)
}

/// A text that a cell can hold.
pub(super) fn fitting(text: &str) -> &str {
    if text.len() <= CELL_UNITS_MAX {
        return text;
    }
    let mut units = 0;
    let end = text.char_indices().find(|(_, ch)| {
        units += ch.len_utf16();
        units > CELL_UNITS_MAX
    });
    end.and_then(|(at, _)| text.get(..at)).unwrap_or(text)
}

/// Name and place of the value of every attribute of a raw tag, which begins with the element's name and has no brackets.
pub(super) fn attributes(tag: &str) -> impl Iterator<Item = (&str, Range<usize>)> {
    let bytes = tag.as_bytes();
    let mut at = tag.find(|ch: char| ch.is_ascii_whitespace()).unwrap_or(tag.len());
    std::iter::from_fn(move || {
        while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        let name_start = at;
        while bytes.get(at).is_some_and(|byte| *byte != b'=' && !byte.is_ascii_whitespace()) {
            at += 1;
        }
        let name = tag.get(name_start..at)?;
        while bytes.get(at).is_some_and(|byte| *byte == b'=' || byte.is_ascii_whitespace()) {
            at += 1;
        }
        let quote = *bytes.get(at)?;
        let start = at + 1;
        let length = bytes.get(start..)?.iter().position(|byte| *byte == quote)?;
        at = start + length + 1;
        Some((name, start..start + length))
    })
}

/// The raw value of an attribute by its full name.
pub(super) fn value<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    attributes(tag).find(|(found, _)| *found == name).and_then(|(_, place)| tag.get(place))
}

/// The raw value of an attribute by its name behind any prefix, but with one.
pub(super) fn prefixed_value<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let found = attributes(tag).find(|(found, _)| found.rsplit_once(':').is_some_and(|(_, local)| local == name));
    found.and_then(|(_, place)| tag.get(place))
}

/// The tag with an attribute of this (harmless) value, in place of the one that it has.
pub(super) fn with_attribute(tag: &str, name: &str, value: &str) -> String {
    let place = attributes(tag).find(|(found, _)| *found == name).map(|(_, place)| place);
    match place {
        Some(place) => format!("{}{value}{}", &tag[..place.start], &tag[place.end..]),
        None => {
            let body = tag.trim_end();
            format!("{body} {name}=\"{value}\"")
        }
    }
}

/// An element's name without its prefix.
pub(super) fn local(tag: &str) -> &str {
    let name = name(tag);
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// The prefix of an element's name with its colon, or nothing.
pub(super) fn prefix(tag: &str) -> &str {
    let name = name(tag);
    name.find(':').and_then(|colon| name.get(..=colon)).unwrap_or("")
}

fn name(tag: &str) -> &str {
    tag.split(|ch: char| ch.is_ascii_whitespace()).next().unwrap_or("")
}

/// Writes an event as it stood in the source.
pub(super) fn raw(out: &mut Vec<u8>, event: &Event<'_>) {
    let (before, content, after): (&str, &str, &str) = match event {
        Event::Start(tag) => ("<", tag, ">"),
        Event::End(tag) => ("</", tag, ">"),
        Event::Empty(tag) => ("<", tag, "/>"),
        Event::Text(text) => ("", text, ""),
        Event::CData(text) => ("<![CDATA[", text, "]]>"),
        Event::Comment(text) => ("<!--", text, "-->"),
        Event::Decl(text) => ("<?", text, "?>"),
        Event::PI(text) => ("<?", text, "?>"),
        Event::DocType(text) => ("<!DOCTYPE ", text, ">"),
        Event::GeneralRef(name) => ("&", name, ";"),
        Event::Eof => return,
    };
    for part in [before, content, after] {
        out.extend_from_slice(part.as_bytes());
    }
}

/// A reader whose events can be written again byte for byte.
pub(super) fn reader<R: BufRead>(input: R) -> Reader<R> {
    let mut reader = Reader::from_reader(input);
    reader.config_mut().check_end_names = true;
    reader
}

/// `K12` for column 10 and row 12.
pub(super) fn push_reference(out: &mut Vec<u8>, column: u32, line: u64) {
    push_column(out, column);
    super::cells::push_number(out, line);
}

/// `K12` for column 10 and row 12.
pub(super) fn reference(column: u32, line: u64) -> String {
    let mut out = Vec::with_capacity(10);
    push_reference(&mut out, column, line);
    String::from_utf8_lossy(&out).into_owned()
}

/// `$B$2:$K$12` for these first and last places, column and row.
pub(super) fn fixed_area((first, top): (u32, u64), (last, bottom): (u32, u64)) -> String {
    let fixed = |column: u32, line: u64| {
        let letters = reference(column, line);
        let digits = letters.find(|ch: char| ch.is_ascii_digit()).unwrap_or(letters.len());
        let (letters, digits) = letters.split_at(digits);
        format!("${letters}${digits}")
    };
    format!("{}:{}", fixed(first, top), fixed(last, bottom))
}

fn push_column(out: &mut Vec<u8>, column: u32) {
    let start = out.len();
    let mut rest = column + 1;
    while rest > 0 {
        rest -= 1;
        out.push(b'A' + u8::try_from(rest % 26).unwrap_or(0));
        rest /= 26;
    }
    if let Some(letters) = out.get_mut(start..) {
        letters.reverse();
    }
}

/// Column (from 0) and row (from 1) of `$B$2`.
pub(super) fn place(reference: &str) -> Option<(u32, u64)> {
    let mut column = 0_u32;
    let mut digits = reference.len();
    for (at, byte) in reference.bytes().enumerate() {
        match byte {
            b'$' => {}
            b'A'..=b'Z' | b'a'..=b'z' => {
                column = column.checked_mul(26)?.checked_add(u32::from(byte.to_ascii_uppercase() - b'A') + 1)?;
            }
            _ => {
                digits = at;
                break;
            }
        }
    }
    let line = reference.get(digits..)?.trim_end_matches('$').parse().ok()?;
    Some((column.checked_sub(1)?, line))
}

/// First and last column and row of `B2:C9`, or of a single cell.
pub(super) fn area(reference: &str) -> Option<((u32, u64), (u32, u64))> {
    let (first, last) = reference.split_once(':').unwrap_or((reference, reference));
    Some((place(first)?, place(last)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: &str) -> String {
        let mut out = Vec::new();
        text(&mut out, value);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_xml_cannot_hold_is_escaped_as_spreadsheets_do() {
        assert_eq!(written("a<b>&\"\n"), "a&lt;b&gt;&amp;\"\n");
        assert_eq!(written("\u{1}x\r\u{ffff}ы"), "_x0001_x_x000D_\u{fffd}ы");
        assert_eq!(written("_x0041_ _x004_"), "_x005F_x0041_ _x004_");
        assert_eq!(in_attribute("a\"b<"), "a&quot;b&lt;");
    }

    #[test]
    fn attributes_of_raw_tags_are_found_and_replaced() {
        let tag = "x:c r='A1'  s = \"12\" t=\"a>s=b\" ";
        assert_eq!((value(tag, "s"), value(tag, "t"), value(tag, "q")), (Some("12"), Some("a>s=b"), None));
        assert_eq!(with_attribute(tag, "s", "3"), "x:c r='A1'  s = \"3\" t=\"a>s=b\" ");
        assert_eq!(with_attribute("c r=\"A1\" ", "s", "3"), "c r=\"A1\" s=\"3\"");
        assert_eq!((local(tag), prefix(tag), local("c"), prefix("c")), ("c", "x:", "c", ""));
        assert_eq!(prefixed_value("sheet id=\"1\" r:id=\"rId2\"", "id"), Some("rId2"));
    }

    #[test]
    fn references_go_both_ways() {
        for (column, name) in [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA"), (16_383, "XFD")] {
            assert_eq!(reference(column, 7), format!("{name}7"));
            assert_eq!(place(&format!("${name}$7")), Some((column, 7)));
        }
        assert_eq!(area("B2:C9"), Some(((1, 2), (2, 9))));
        assert_eq!(area(&fixed_area((1, 2), (28, 9))), Some(((1, 2), (28, 9))));
        assert_eq!((place("7"), place("A"), place("")), (None, None, None));
    }
}
