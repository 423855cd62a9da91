//! A cell of an OpenDocument sheet while its elements pass: its value by its type, its text by its paragraphs. Knows no row.

use calamine::{CellErrorType, DataRef};
use quick_xml::events::{BytesRef, BytesStart};

use super::super::xml::{attribute, number};
use crate::read::workbook::row::SheetRow;
use crate::read::workbook::shown::Otherwise;

/// Blanks that one element may stand for.
const BLANKS_MAX: u32 = 4096;

/// A cell between its first and its last tag.
#[derive(Debug, Default)]
pub(super) struct OpenCell {
    kind: String,
    value: Option<String>,
    has_formula: bool,
    is_error: bool,
    /// How many columns it fills.
    pub(super) repeated: u32,
    /// Columns and rows of its merged area.
    pub(super) spanned: (u32, u32),
    text: String,
    paragraphs: u32,
    in_paragraph: bool,
}

impl OpenCell {
    pub(super) fn new(element: &BytesStart<'_>) -> Self {
        let kind = attribute(element, "office:value-type").unwrap_or_default();
        let value = match kind.as_str() {
            "float" | "currency" | "percentage" => attribute(element, "office:value"),
            "date" => attribute(element, "office:date-value"),
            "boolean" => attribute(element, "office:boolean-value"),
            "string" => attribute(element, "office:string-value"),
            _ => None,
        };
        Self {
            kind,
            value,
            has_formula: attribute(element, "table:formula").is_some(),
            is_error: attribute(element, "calcext:value-type").as_deref() == Some("error"),
            repeated: number(element, "table:number-columns-repeated").unwrap_or(1),
            spanned: (
                number(element, "table:number-columns-spanned").unwrap_or(1),
                number(element, "table:number-rows-spanned").unwrap_or(1),
            ),
            ..Self::default()
        }
    }

    /// An element inside the cell.
    pub(super) fn enter(&mut self, element: &BytesStart<'_>) {
        match element.name().as_ref() {
            "text:p" | "text:h" => {
                if self.paragraphs > 0 {
                    self.text.push('\n');
                }
                self.paragraphs += 1;
                self.in_paragraph = true;
            }
            "text:s" => {
                let blanks = number(element, "text:c").unwrap_or(1).min(BLANKS_MAX);
                self.text.extend((0..blanks).map(|_| ' '));
            }
            "text:tab" => self.text.push('\t'),
            "text:line-break" => self.text.push('\n'),
            _ => {}
        }
    }

    /// The end of an element inside the cell.
    pub(super) fn leave(&mut self, name: &str) {
        if matches!(name, "text:p" | "text:h") {
            self.in_paragraph = false;
        }
    }

    /// Text inside a paragraph, where blanks and line ends of the XML are one blank.
    pub(super) fn push_text(&mut self, text: &str) {
        if !self.in_paragraph {
            return;
        }
        for ch in text.chars() {
            let is_blank = matches!(ch, ' ' | '\t' | '\n' | '\r');
            if !is_blank {
                self.text.push(ch);
            } else if !self.text.ends_with([' ', '\n']) && !self.text.is_empty() {
                self.text.push(' ');
            }
        }
    }

    /// A character that is written by its name or number.
    pub(super) fn push_reference(&mut self, reference: &BytesRef<'_>) {
        let named = match reference.as_ref() {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => reference.resolve_char_ref().ok().flatten(),
        };
        if let (Some(ch), true) = (named, self.in_paragraph) {
            self.text.push(ch);
        }
    }

    /// Bytes that it takes in a row.
    pub(super) fn bytes(&self) -> u64 {
        (self.text.len() + self.value.as_ref().map_or(0, String::len)) as u64 + 16
    }

    /// Whether a row has to hold it.
    pub(super) fn is_filled(&self) -> bool {
        !self.kind.is_empty() || self.has_formula || !self.text.is_empty()
    }

    /// Adds it to a row.
    pub(super) fn put(&self, row: &mut SheetRow, column: usize) {
        if self.has_formula && self.kind.is_empty() && self.text.is_empty() {
            row.push_gap(column);
            return;
        }
        let value = self.value.as_deref();
        let data = match self.kind.as_str() {
            _ if self.is_error => DataRef::Error(error(&self.text)),
            "float" | "currency" | "percentage" => match value.and_then(|value| value.trim().parse::<f64>().ok()) {
                Some(number) => DataRef::Float(number),
                None => DataRef::SharedString(&self.text),
            },
            "date" => match value {
                Some(value) => DataRef::DateTimeIso(value.to_owned()),
                None => DataRef::SharedString(&self.text),
            },
            "boolean" => DataRef::Bool(value == Some("true")),
            // What a cell holds beside what it shows.
            "string" => DataRef::SharedString(value.unwrap_or(&self.text)),
            _ => DataRef::SharedString(&self.text),
        };
        row.push(column, &data, self.zero_padding());
        if matches!(data, DataRef::Float(_)) {
            let is_percentage = self.kind == "percentage";
            row.see(self.text.trim(), is_percentage.then_some(Otherwise::Percent));
        }
    }

    /// Digits of a number that is shown with zeros before it, as its format asks.
    fn zero_padding(&self) -> usize {
        let digits = self.text.bytes().filter(u8::is_ascii_digit).count();
        let others = self.text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b' ' | b'(' | b')'));
        if self.text.starts_with('0') && others && digits > 1 { digits } else { 0 }
    }
}

/// The error that a cell shows; every other one is some error.
fn error(shown: &str) -> CellErrorType {
    match shown.trim() {
        "#REF!" => CellErrorType::Ref,
        "#N/A" => CellErrorType::NA,
        "#DIV/0!" => CellErrorType::Div0,
        "#NAME?" => CellErrorType::Name,
        "#NUM!" => CellErrorType::Num,
        "#NULL!" => CellErrorType::Null,
        _ => CellErrorType::Value,
    }
}
