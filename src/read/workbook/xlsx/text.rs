//! What the texts of an Office workbook say: entities, line ends, and the escapes of the format itself. Knows no element but `t`.

use std::borrow::Cow;
use std::io::Read;

use memchr::{memchr, memchr2, memmem};

use super::markup::{Markup, Piece};
use crate::read::ReadError;

/// Appends the text of an element that was opened (`si`, `is`) and goes behind its end: the runs of a rich text as one, without
/// the reading aids that Japanese texts carry.
pub(super) fn append_item<R: Read>(markup: &mut Markup<'_, R>, text: &mut String, item: &[u8]) -> Result<(), ReadError> {
    let mut raw = String::new();
    loop {
        match markup.next()? {
            Piece::Open(tag) => match tag.name {
                b"t" => {
                    let keeps_blanks = tag.value("xml:space") == Some("preserve");
                    raw.clear();
                    append_content(markup, &mut raw, b"t")?;
                    append_unescaped(text, if keeps_blanks { &raw } else { trimmed(&raw) });
                }
                b"r" => {}
                _ => markup.skip()?,
            },
            Piece::Close(b"r") => {}
            Piece::Close(name) if name == item => return Ok(()),
            Piece::Close(_) => return Err(markup.broken()),
            Piece::Text(_) | Piece::Verbatim(_) => {}
            Piece::End => return Err(markup.cut()),
        }
    }
}

/// Appends what stands in an element that was opened, and goes behind its end.
pub(super) fn append_content<R: Read>(markup: &mut Markup<'_, R>, text: &mut String, name: &[u8]) -> Result<(), ReadError> {
    loop {
        let is_sound = match markup.next()? {
            Piece::Text(raw) => append_decoded(text, raw).is_some(),
            Piece::Verbatim(raw) => std::str::from_utf8(raw).map(|raw| text.push_str(&with_line_ends(raw))).is_ok(),
            Piece::Close(closed) if closed == name => return Ok(()),
            Piece::Open(_) | Piece::Close(_) => false,
            Piece::End => return Err(markup.cut()),
        };
        if !is_sound {
            return Err(markup.broken());
        }
    }
}

/// Whether a text says what is written there, and nothing else.
#[inline]
pub(super) fn is_plain(raw: &[u8]) -> bool {
    memchr2(b'&', b'\r', raw).is_none() && memmem::find(raw, b"_x").is_none()
}

/// The text without the blanks around it that XML does not keep.
#[inline]
pub(super) fn trimmed(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r', '\n'])
}

/// Line ends as XML has them.
fn with_line_ends(raw: &str) -> Cow<'_, str> {
    if raw.contains('\r') { Cow::Owned(raw.replace("\r\n", "\n").replace('\r', "\n")) } else { Cow::Borrowed(raw) }
}

/// Appends a text with what its entities stand for; `None` when one is unknown, or bytes are no text.
pub(super) fn append_decoded(text: &mut String, raw: &[u8]) -> Option<()> {
    let raw = std::str::from_utf8(raw).ok()?;
    let mut rest = &*with_line_ends(raw);
    while let Some(at) = memchr(b'&', rest.as_bytes()) {
        let (before, entity) = rest.split_at(at);
        text.push_str(before);
        let (name, behind) = entity.strip_prefix('&')?.split_once(';')?;
        text.push(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            _ => numbered(name)?,
        });
        rest = behind;
    }
    text.push_str(rest);
    Some(())
}

fn numbered(name: &str) -> Option<char> {
    let number = name.strip_prefix('#')?;
    let (digits, radix) = number.strip_prefix(['x', 'X']).map_or((number, 10), |hex| (hex, 16));
    let is_digits = digits.chars().all(|ch| ch.is_digit(radix));
    char::from_u32(u32::from_str_radix(digits, radix).ok().filter(|_| is_digits)?)
}

/// Appends a text whose `_x000D_` stand for characters that XML cannot write.
pub(super) fn append_unescaped(text: &mut String, escaped: &str) {
    let mut rest = escaped;
    while let Some(at) = memmem::find(rest.as_bytes(), b"_x") {
        let (before, found) = rest.split_at(at);
        text.push_str(before);
        let Some(first) = unit(found) else {
            text.push('_');
            rest = found.get(1..).unwrap_or("");
            continue;
        };
        rest = found.get(ESCAPE_BYTES..).unwrap_or("");
        // A character beyond the first 65,536 has two.
        let second = unit(rest).filter(|second| (0xd800..0xdc00).contains(&first) && (0xdc00..0xe000).contains(second));
        if second.is_some() {
            rest = rest.get(ESCAPE_BYTES..).unwrap_or("");
        }
        let units = std::iter::once(first).chain(second);
        text.extend(char::decode_utf16(units).map(|ch| ch.unwrap_or(char::REPLACEMENT_CHARACTER)));
    }
    text.push_str(rest);
}

const ESCAPE_BYTES: usize = "_x000D_".len();

/// The number in the escape at the beginning of a text.
fn unit(text: &str) -> Option<u16> {
    let digits = text.get(..ESCAPE_BYTES)?.strip_prefix("_x")?.strip_suffix('_')?;
    u16::from_str_radix(digits, 16).ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(raw: &str) -> Option<String> {
        let mut text = String::new();
        append_decoded(&mut text, raw.as_bytes()).map(|()| text)
    }

    fn unescaped(escaped: &str) -> String {
        let mut text = String::new();
        append_unescaped(&mut text, escaped);
        text
    }

    #[test]
    fn entities_stand_for_characters_and_unknown_ones_for_nothing() {
        assert_eq!(decoded("a &lt;&amp;&gt; &quot;&apos; &#1046;&#x416; b\r\nc\rd").unwrap(), "a <&> \"' ЖЖ b\nc\nd");
        for raw in ["&b;", "&", "&;", "&#;", "&#x110000;", "&#+5;", "&#xD800;", "&amp"] {
            assert_eq!(decoded(raw), None, "{raw}");
        }
        assert_eq!(append_decoded(&mut String::new(), b"\xff"), None);
    }

    #[test]
    fn escapes_of_the_format_are_undone_once() {
        for (escaped, plain) in [
            ("a_x000D_b", "a\rb"),
            ("_x005F_x000D_", "_x000D_"),
            ("_xD83D__xDCF7_!", "\u{1f4f7}!"),
            ("_xD83D_", "\u{fffd}"),
            ("_x00", "_x00"),
            ("_x+00D_", "_x+00D_"),
            ("__x0041_", "_A"),
            ("Ж_xЖ", "Ж_xЖ"),
        ] {
            assert_eq!(unescaped(escaped), plain, "{escaped}");
            assert!(!is_plain(escaped.as_bytes()));
        }
        assert!(is_plain("Ж_ж x".as_bytes()));
    }
}
