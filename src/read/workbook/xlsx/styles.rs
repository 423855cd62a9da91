//! The number formats of an Office workbook by the number of a cell's style. Knows no cell.

use std::collections::HashMap;
use std::io::Read;

use quick_xml::events::Event;

use super::super::number_format::NumberFormat;
use super::super::xml::{Xml, attribute, number};
use crate::read::ReadError;

/// Sixteen times as many as a spreadsheet program takes.
const STYLES_MAX: usize = 1 << 20;

/// Reads them from the part of the styles.
pub(super) fn read(mut xml: Xml<'_, impl Read>) -> Result<Vec<NumberFormat>, ReadError> {
    let mut codes: HashMap<u32, NumberFormat> = HashMap::new();
    let mut styles = Vec::new();
    let (mut are_formats, mut are_cell_styles) = (false, false);
    let mut buffer = Vec::new();
    loop {
        match xml.next(&mut buffer)? {
            Event::Start(element) => match element.local_name().as_ref() {
                "numFmts" => are_formats = true,
                "numFmt" if are_formats => {
                    if let (Some(id), Some(code)) = (number(&element, "numFmtId"), attribute(&element, "formatCode")) {
                        codes.insert(id, NumberFormat::of_code(&code));
                    }
                }
                "cellXfs" => are_cell_styles = true,
                "xf" if are_cell_styles => {
                    let id = number(&element, "numFmtId").unwrap_or(0);
                    let built_in = || u16::try_from(id).map_or_else(|_| NumberFormat::default(), NumberFormat::built_in);
                    styles.push(codes.get(&id).cloned().unwrap_or_else(built_in));
                    if styles.len() > STYLES_MAX {
                        return Err(xml.damaged("it has more styles than any spreadsheet program takes"));
                    }
                }
                _ => {}
            },
            Event::End(element) => match element.local_name().as_ref() {
                "numFmts" => are_formats = false,
                "cellXfs" => are_cell_styles = false,
                _ => {}
            },
            Event::Eof => return Ok(styles),
            _ => {}
        }
    }
}
