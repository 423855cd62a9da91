//! The XML of cells and rows of ours: typed texts and numbers, never a formula. Knows neither where a sheet begins nor where it ends.

use super::looks::Look;
use super::row::RowNote;
use super::styles::Styles;
use super::xml;
use crate::model::OUR_COLUMNS;

/// Widths of our columns, in characters.
pub(super) const OUR_WIDTHS: [u32; 5] = [19, 24, 26, 60, 60];

/// Numbers of the formats that our cells have, looked up once.
#[derive(Clone, Debug)]
pub(super) struct Looks {
    pub(super) text: u32,
    pub(super) quoted: u32,
    pub(super) our_header: u32,
    pub(super) header: u32,
    outcomes: [u32; crate::model::Outcome::ALL.len()],
}

impl Looks {
    pub(super) fn of(styles: &Styles) -> Self {
        Self {
            text: styles.look(Look::Text),
            quoted: styles.look(Look::Quoted),
            our_header: styles.look(Look::OurHeader),
            header: styles.look(Look::Header),
            outcomes: crate::model::Outcome::ALL.map(|outcome| styles.look(Look::of_outcome(outcome))),
        }
    }

    /// The format of one of our five cells.
    pub(super) fn of_cell(&self, note: &RowNote, number: usize, text: &str) -> u32 {
        if number == 0 {
            let index = crate::model::Outcome::ALL.iter().position(|outcome| *outcome == note.outcome).unwrap_or(0);
            return self.outcomes.get(index).copied().unwrap_or(self.text);
        }
        self.of_text(text)
    }

    /// The format of a text.
    pub(super) fn of_text(&self, text: &str) -> u32 {
        match Look::of_text(text) {
            Look::Quoted => self.quoted,
            _ => self.text,
        }
    }
}

/// A cell that holds a text; nothing for an empty one.
pub(super) fn text_cell(out: &mut Vec<u8>, prefix: &str, column: u32, line: u64, style: u32, text: &str) {
    if text.is_empty() {
        return;
    }
    open_cell(out, prefix, column, line, style);
    let space = if needs_its_blanks(text) { " xml:space=\"preserve\"" } else { "" };
    if prefix.is_empty() {
        out.extend_from_slice(b" t=\"inlineStr\"><is><t");
        push(out, space);
        out.push(b'>');
        xml::text(out, xml::fitting(text));
        out.extend_from_slice(b"</t></is></c>");
        return;
    }
    push(out, &format!(" t=\"inlineStr\"><{prefix}is><{prefix}t{space}>"));
    xml::text(out, xml::fitting(text));
    push(out, &format!("</{prefix}t></{prefix}is></{prefix}c>"));
}

/// Whether blanks of a text would be lost, were they not marked: a mark at every cell is a tenth of a sheet.
fn needs_its_blanks(text: &str) -> bool {
    let is_blank = |ch: char| ch.is_whitespace();
    text.starts_with(is_blank) || text.ends_with(is_blank) || text.bytes().any(|byte| matches!(byte, b'\n' | b'\t'))
}

/// A cell that holds nothing but its format.
pub(super) fn empty_cell(out: &mut Vec<u8>, prefix: &str, column: u32, line: u64, style: u32) {
    open_cell(out, prefix, column, line, style);
    out.extend_from_slice(b"/>");
}

/// A cell that holds a number.
pub(super) fn number_cell(out: &mut Vec<u8>, column: u32, line: u64, style: u32, number: u64) {
    open_cell(out, "", column, line, style);
    push(out, &format!("><v>{number}</v></c>"));
}

/// One of our headers.
pub(super) fn header_cell(out: &mut Vec<u8>, prefix: &str, column: u32, line: u64, looks: &Looks, number: usize) {
    text_cell(out, prefix, column, line, looks.our_header, OUR_COLUMNS.get(number).copied().unwrap_or(""));
}

fn open_cell(out: &mut Vec<u8>, prefix: &str, column: u32, line: u64, style: u32) {
    out.push(b'<');
    push(out, prefix);
    out.extend_from_slice(b"c r=\"");
    xml::push_reference(out, column, line);
    out.extend_from_slice(b"\" s=\"");
    push_number(out, u64::from(style));
    out.push(b'"');
}

/// Decimal digits, without a detour.
pub(super) fn push_number(out: &mut Vec<u8>, number: u64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    let mut rest = number;
    while let Some(before) = at.checked_sub(1) {
        at = before;
        digits[at] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(at..).unwrap_or(&[]));
}

pub(super) fn push(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}
