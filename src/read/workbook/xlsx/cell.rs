//! One cell of an XLSX sheet: where it stands, what kind of value it stores, its value as it is written. Knows no row.

use std::io::Read;

use calamine::DataRef;
use memchr::memchr;

use super::Globals;
use super::markup::{Markup, Piece, Tag};
use super::text::{append_content, append_item, append_unescaped};
use crate::read::ReadError;
use crate::read::workbook::row::SheetRow;

pub(super) const ROWS_MAX: u32 = 1 << 20;
const COLUMNS_MAX: u32 = 1 << 14;
/// Digits that a number holds exactly, and is shown with.
const EXACT_DIGITS: usize = 15;

/// How a value is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    /// A number in the table of texts.
    Shared,
    /// The text of a formula.
    Text,
    /// A text in the cell itself.
    Inline,
    Bool,
    Error,
    Date,
}

impl Kind {
    fn of(word: Option<&str>) -> Option<Self> {
        Some(match word {
            None | Some("n") => Self::Number,
            Some("s") => Self::Shared,
            Some("str") => Self::Text,
            Some("inlineStr" | "is") => Self::Inline,
            Some("b") => Self::Bool,
            Some("e") => Self::Error,
            Some("d") => Self::Date,
            Some(_) => return None,
        })
    }
}

/// Why a cell cannot be read, without what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Misfit(pub(super) &'static str);

/// A cell without formula whose value is plain, as nearly all are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PlainCell<'a> {
    /// Row and column, from 0.
    pub(super) place: (u32, u32),
    pub(super) style: usize,
    /// Kind and value; `None` for a cell that has a style only.
    pub(super) value: Option<(Kind, &'a str)>,
    /// What it takes of the window.
    pub(super) bytes: usize,
}

impl<'a> PlainCell<'a> {
    /// The cell at the beginning of the window, if it is whole and written as programs write it.
    #[inline]
    pub(super) fn at(window: &'a [u8]) -> Option<Self> {
        let rest = window.strip_prefix(b"<c r=\"")?;
        let (place, rest) = place(rest)?;
        let rest = rest.strip_prefix(b"\"")?;
        let (style, rest) = match rest.strip_prefix(b" s=\"") {
            Some(rest) => {
                let (style, rest) = digits(rest)?;
                (style as usize, rest.strip_prefix(b"\"")?)
            }
            None => (0, rest),
        };
        let made = |value, rest: &[u8]| Some(Self { place, style, value, bytes: window.len() - rest.len() });
        let (kind, end, rest) = if let Some(rest) = rest.strip_prefix(b" t=\"s\"><v>") {
            (Kind::Shared, &b"</v></c>"[..], rest)
        } else if let Some(rest) = rest.strip_prefix(b"><v>").or_else(|| rest.strip_prefix(b" t=\"n\"><v>")) {
            (Kind::Number, &b"</v></c>"[..], rest)
        } else if let Some(rest) = rest.strip_prefix(b" t=\"inlineStr\"><is><t>") {
            (Kind::Inline, &b"</t></is></c>"[..], rest)
        } else {
            return made(None, rest.strip_prefix(b"/>")?);
        };
        let (value, behind) = rest.split_at_checked(memchr(b'<', rest)?)?;
        let rest = behind.strip_prefix(end)?;
        let value = std::str::from_utf8(value).ok().filter(|value| kind != Kind::Inline || is_bare(value))?;
        made(Some((kind, value)), rest)
    }
}

/// Whether a text in a cell is neither escaped nor surrounded by blanks.
fn is_bare(value: &str) -> bool {
    super::text::is_plain(value.as_bytes()) && super::text::trimmed(value).len() == value.len()
}

/// A cell as it is put together from its elements.
#[derive(Debug)]
pub(super) struct OpenCell {
    /// Row and column, from 0, where the cell names them.
    pub(super) place: Option<(u32, u32)>,
    style: usize,
    kind: Kind,
    has_formula: bool,
    has_value: bool,
}

impl OpenCell {
    pub(super) fn new(tag: Tag<'_>) -> Result<Self, Misfit> {
        let place = match tag.value("r") {
            Some(reference) => Some(whole_place(reference).ok_or(Misfit("stands at a place that no sheet has"))?),
            None => None,
        };
        let style = tag
            .value("s")
            .filter(|style| !style.is_empty())
            .map_or(Some(0), |style| style.parse().ok())
            .ok_or(Misfit("has no style"))?;
        let kind = Kind::of(tag.value("t")).ok_or(Misfit("holds a value of an unknown kind"))?;
        Ok(Self { place, style, kind, has_formula: false, has_value: false })
    }

    /// Reads the elements of the cell and puts its value into `value`; goes behind its end.
    pub(super) fn read(&mut self, markup: &mut Markup<'_, impl Read>, value: &mut String) -> Result<(), ReadError> {
        value.clear();
        loop {
            match markup.next()? {
                Piece::Open(tag) => match tag.name {
                    // Beside a text in the cell itself it says the same once more.
                    b"v" if self.kind == Kind::Inline => markup.skip()?,
                    b"v" => {
                        self.has_value = true;
                        append_content(markup, value, b"v")?;
                    }
                    b"is" => {
                        append_item(markup, value, b"is")?;
                        self.kind = Kind::Inline;
                    }
                    b"f" => {
                        self.has_formula = true;
                        markup.skip()?;
                    }
                    b"extLst" => markup.skip()?,
                    _ => return Err(markup.damaged("a cell holds an element that is none of a cell")),
                },
                Piece::Close(b"c") => return Ok(()),
                Piece::Close(_) => return Err(markup.broken()),
                Piece::Text(_) | Piece::Verbatim(_) => {}
                Piece::End => return Err(markup.cut()),
            }
        }
    }

    /// Adds it to its row.
    pub(super) fn put(&self, row: &mut SheetRow, column: u32, value: &str, globals: &Globals) -> Result<(), Misfit> {
        // The empty text may be what a formula gives; any other value has some letter.
        let is_empty_text = self.has_value && self.kind == Kind::Text;
        // Programs that cannot calculate write a zero and ask the next one to.
        let is_stand_in = globals.is_worked_out_later && self.kind == Kind::Number && value.trim() == "0";
        if self.has_formula && (is_stand_in || value.trim().is_empty() && !is_empty_text) {
            row.push_gap(column as usize);
            return Ok(());
        }
        put(row, column, self.kind, self.style, value, globals)
    }
}

/// Adds a value to its row.
#[inline]
pub(super) fn put(
    row: &mut SheetRow,
    column: u32,
    kind: Kind,
    style: usize,
    value: &str,
    globals: &Globals,
) -> Result<(), Misfit> {
    let column = column as usize;
    match kind {
        Kind::Number => {
            match number(value) {
                Some(number) => {
                    let format = globals.formats.get(style).unwrap_or(&globals.plain);
                    row.push_number(column, number, format, globals.is_1904);
                }
                None if value.trim().is_empty() => {}
                // A text that claims to be a number is still what stands there.
                None => row.push(column, &DataRef::SharedString(value), 0),
            }
        }
        Kind::Shared => {
            if value.trim().is_empty() {
                return Ok(());
            }
            let text = value.trim().parse().ok().and_then(|index| globals.texts.get(index));
            let text = text.ok_or(Misfit("names a text that the workbook does not hold"))?;
            row.push(column, &DataRef::SharedString(text), 0);
        }
        Kind::Text => {
            let mut text = String::new();
            append_unescaped(&mut text, value);
            row.push(column, &DataRef::String(text), 0);
        }
        Kind::Inline => row.push(column, &DataRef::SharedString(value), 0),
        Kind::Bool => match value.trim() {
            "" => {}
            "1" => row.push(column, &DataRef::Bool(true), 0),
            "0" => row.push(column, &DataRef::Bool(false), 0),
            word if word.eq_ignore_ascii_case("true") => row.push(column, &DataRef::Bool(true), 0),
            word if word.eq_ignore_ascii_case("false") => row.push(column, &DataRef::Bool(false), 0),
            _ => return Err(Misfit("holds a truth value that is neither true nor false")),
        },
        Kind::Error => {
            if !value.trim().is_empty() {
                row.push_error(column, value.trim());
            }
        }
        Kind::Date => {
            if !value.trim().is_empty() {
                row.push(column, &DataRef::DateTimeIso(value.to_owned()), 0);
            }
        }
    }
    Ok(())
}

/// A number as it is stored.
#[inline]
fn number(value: &str) -> Option<f64> {
    let bytes = value.as_bytes();
    if !bytes.is_empty() && bytes.len() <= EXACT_DIGITS && bytes.iter().all(u8::is_ascii_digit) {
        let whole = bytes.iter().fold(0_u64, |sum, digit| sum * 10 + u64::from(digit - b'0'));
        // Exact: it has no more digits than a float holds.
        #[allow(clippy::cast_precision_loss)]
        return Some(whole as f64);
    }
    // Words such as `inf` are no numbers of a sheet.
    let trimmed = value.trim();
    trimmed.parse().ok().filter(|number: &f64| number.is_finite() && !trimmed.contains(['n', 'N', 'i', 'I']))
}

/// Row and column, from 0, of a reference such as `B2`.
pub(super) fn whole_place(reference: &str) -> Option<(u32, u32)> {
    place(reference.as_bytes()).filter(|(_, rest)| rest.is_empty()).map(|(place, _)| place)
}

/// Row and column, from 0, of the reference at the beginning, and what follows it.
#[inline]
fn place(reference: &[u8]) -> Option<((u32, u32), &[u8])> {
    let mut column = 0_u32;
    let mut rest = reference;
    while let [letter @ (b'A'..=b'Z' | b'a'..=b'z'), behind @ ..] = rest {
        column = column * 26 + u32::from(letter.to_ascii_uppercase() - b'A') + 1;
        if column > COLUMNS_MAX {
            return None;
        }
        rest = behind;
    }
    let (row, rest) = digits(rest)?;
    let row = row.checked_sub(1).filter(|&row| row < ROWS_MAX)?;
    Some(((row, column.checked_sub(1)?), rest))
}

/// The whole number at the beginning, and what follows it.
#[inline]
fn digits(text: &[u8]) -> Option<(u32, &[u8])> {
    let mut number = 0_u32;
    let mut rest = text;
    while let [digit @ b'0'..=b'9', behind @ ..] = rest {
        number = number.checked_mul(10)?.checked_add(u32::from(digit - b'0'))?;
        rest = behind;
    }
    (rest.len() < text.len()).then_some((number, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_within_the_bounds_of_a_sheet() {
        let at = |reference: &str| place(reference.as_bytes()).map(|(place, rest)| (place, rest.len()));
        assert_eq!(
            (at("A1"), at("b2\""), at("XFD1048576")),
            (Some(((0, 0), 0)), Some(((1, 1), 1)), Some(((1_048_575, 16_383), 0)))
        );
        for reference in ["", "A", "1", "A0", "XFE1", "A1048577", "A99999999999", "ZZZZZZZZZZZZZZ1", "Я1", "$A$1"] {
            assert_eq!(at(reference), None, "{reference}");
        }
    }

    #[test]
    fn plain_cells_are_known_at_a_glance_and_others_left_alone() {
        let value =
            |xml: &'static str| PlainCell::at(xml.as_bytes()).map(|cell| (cell.place, cell.style, cell.value, cell.bytes));
        let shared = "<c r=\"B3\" s=\"7\" t=\"s\"><v>12</v></c>";
        assert_eq!(value(shared), Some(((2, 1), 7, Some((Kind::Shared, "12")), shared.len())));
        assert_eq!(value("<c r=\"A1\"><v>1.5</v></c><c").unwrap().2, Some((Kind::Number, "1.5")));
        assert_eq!(value("<c r=\"A1\" t=\"inlineStr\"><is><t>Ж</t></is></c>").unwrap().2, Some((Kind::Inline, "Ж")));
        assert_eq!(value("<c r=\"A1\" s=\"1\"/></row>").unwrap().2, None);
        for other in [
            "<c r=\"A1\"><v>1</v></c",
            "<c r=\"A1\"><f>1</f><v>1</v></c>",
            "<c r=\"A1\" t=\"str\"><v>1</v></c>",
            "<c r=\"A1\" t=\"inlineStr\"><is><t> a</t></is></c>",
            "<c r=\"A1\" t=\"inlineStr\"><is><t>a&amp;</t></is></c>",
            "<c s=\"1\" r=\"A1\"/>",
        ] {
            assert_eq!(value(other), None, "{other}");
        }
    }

    #[test]
    fn numbers_are_numbers_and_words_are_not() {
        for (written, value) in [("7", 7.0), ("999999999999999", 999_999_999_999_999.0), ("-1.5E-3", -0.0015), (" 5\n", 5.0)] {
            assert_eq!(number(written), Some(value));
        }
        assert_eq!(number("12345678901234567890"), Some(12_345_678_901_234_567_890.0));
        for word in ["", "inf", "NaN", "-Infinity", "1e999", "1,5", "0x1F", "++1"] {
            assert_eq!(number(word), None, "{word}");
        }
    }
}
