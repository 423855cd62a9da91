//! The boxes in which spreadsheet programs show comments, in a drawing of the old kind. Knows no text of a comment.

use super::super::xml;
use super::Written;

/// The drawing of a sheet that has none, with room for the numbers of so many boxes.
fn no_boxes(boxes: usize) -> String {
    // Numbers are handed out in blocks of 1024.
    let blocks: Vec<String> = (1..=1 + (boxes + 1) / 1024).map(|block| block.to_string()).collect();
    format!(
        "<xml xmlns:v=\"urn:schemas-microsoft-com:vml\" xmlns:o=\"urn:schemas-microsoft-com:office:office\" \
         xmlns:x=\"urn:schemas-microsoft-com:office:excel\"><o:shapelayout v:ext=\"edit\"><o:idmap v:ext=\"edit\" data=\"{}\"/>\
         </o:shapelayout></xml>",
        blocks.join(",")
    )
}

const BOX_KIND: &str = "<v:shapetype id=\"_x0000_t202\" coordsize=\"21600,21600\" o:spt=\"202\" path=\"m,l,21600r21600,l21600,xe\">\
    <v:stroke joinstyle=\"miter\"/><v:path gradientshapeok=\"t\" o:connecttype=\"rect\"/></v:shapetype>";

/// Whether boxes can be added to a drawing: it is a whole one, with the usual prefixes.
pub(in crate::report::workbook) fn takes_boxes(drawing: &str) -> bool {
    let spaces = [("v", "vml"), ("o", "office:office"), ("x", "office:excel")];
    let root = drawing.split_once("<xml").map_or("", |(_, rest)| rest);
    let root = root.split_once('>').map_or("", |(root, _)| root);
    let has = |(prefix, space): (&str, &str)| {
        let name = format!("xmlns:{prefix}");
        xml::value(&format!("xml{root}"), &name).is_some_and(|value| value == format!("urn:schemas-microsoft-com:{space}"))
    };
    spaces.into_iter().all(has) && drawing.trim_end().ends_with("</xml>")
}

/// The drawing with our boxes and without those of comments that are gone.
pub(in crate::report::workbook) fn draw(drawing: Option<&str>, written: &Written) -> Vec<u8> {
    let fresh = no_boxes(written.boxes_added.len());
    let drawing = drawing.unwrap_or(&fresh);
    let mut out = String::with_capacity(drawing.len() + written.boxes_added.len() * 900);
    let mut rest = drawing;
    while let Some(at) = rest.find("<v:shape ") {
        let Some(length) = rest.get(at..).and_then(|shape| shape.find("</v:shape>")) else { break };
        let end = at + length + "</v:shape>".len();
        let shape = rest.get(at..end).unwrap_or("");
        out.push_str(rest.get(..at).unwrap_or(""));
        if !place_of_box(shape).is_some_and(|place| written.boxes_gone.contains(&place)) {
            out.push_str(shape);
        }
        rest = rest.get(end..).unwrap_or("");
    }
    let (before, close) = rest.rsplit_once("</xml>").unwrap_or((rest, ""));
    out.push_str(before);
    if !written.boxes_added.is_empty() && !drawing.contains("id=\"_x0000_t202\"") {
        out.push_str(BOX_KIND);
    }
    let first = highest_number(drawing).max(1024) + 1;
    for (number, (line, column, chars)) in (first..).zip(&written.boxes_added) {
        out.push_str(&one_box(number, *line, *column, *chars));
    }
    out.push_str("</xml>");
    out.push_str(close);
    out.into_bytes()
}

/// Row and column of a comment's box; `None` for other shapes.
fn place_of_box(shape: &str) -> Option<(u64, u32)> {
    let between = |name: &str| {
        let (_, rest) = shape.split_once(&format!("<x:{name}>"))?;
        Some(rest.split_once('<')?.0.trim())
    };
    if !shape.contains("ObjectType=\"Note\"") {
        return None;
    }
    Some((between("Row")?.parse::<u64>().ok()? + 1, between("Column")?.parse().ok()?))
}

fn highest_number(drawing: &str) -> u64 {
    let numbers = drawing.split("_x0000_s").skip(1);
    let value = |text: &str| text.split(|ch: char| !ch.is_ascii_digit()).next().and_then(|digits| digits.parse().ok());
    numbers.filter_map(value).max().unwrap_or(0)
}

fn one_box(number: u64, line: u64, column: u32, chars: usize) -> String {
    let row = line.saturating_sub(1);
    // About forty characters go on a line of the box.
    let lines = u64::try_from(chars / 40).unwrap_or(0).clamp(3, 20) + 2;
    let (left, right, top, bottom) = (column + 1, column + 4, row.saturating_sub(1), row.saturating_sub(1) + lines);
    let height = lines * 15;
    format!(
        "<v:shape id=\"_x0000_s{number}\" type=\"#_x0000_t202\" style=\"position:absolute;margin-left:60pt;margin-top:2pt;\
         width:216pt;height:{height}pt;z-index:1;visibility:hidden\" fillcolor=\"#ffffe1\" o:insetmode=\"auto\">\
         <v:fill color2=\"#ffffe1\"/><v:shadow on=\"t\" color=\"black\" obscured=\"t\"/><v:path o:connecttype=\"none\"/>\
         <v:textbox style=\"mso-direction-alt:auto\"><div style=\"text-align:left\"></div></v:textbox>\
         <x:ClientData ObjectType=\"Note\"><x:MoveWithCells/><x:SizeWithCells/>\
         <x:Anchor>{left}, 15, {top}, 2, {right}, 31, {bottom}, 4</x:Anchor><x:AutoFill>False</x:AutoFill>\
         <x:Row>{row}</x:Row><x:Column>{column}</x:Column></x:ClientData></v:shape>"
    )
}
