//! The boxes in which spreadsheet programs show comments, in a drawing of the old kind. Knows no text of a comment.

use std::collections::HashSet;
use std::io::{self, Write};

use super::super::xml;
use super::Place;

const SPACES: [&str; 3] =
    ["urn:schemas-microsoft-com:vml", "urn:schemas-microsoft-com:office:office", "urn:schemas-microsoft-com:office:excel"];
const CLOSE: &str = "</xml>";
/// Numbers of shapes are handed out in blocks of so many, the first block to others.
const BLOCK: u64 = 1024;

/// A box that a comment gets: where, and for how many characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NewBox {
    pub(super) line: u64,
    pub(super) column: u32,
    pub(super) chars: usize,
}

/// The drawing that a sheet has, without the boxes of our earlier comments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::report::workbook) struct Drawing {
    prefixes: Prefixes,
    /// Up to the end of its root.
    text: String,
    /// From there on.
    close: String,
    has_kind: bool,
    first_number: u64,
}

/// How the drawing calls the three namespaces, with the colon: programs that write XML by machine choose names of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Prefixes {
    shape: String,
    office: String,
    excel: String,
}

impl Prefixes {
    /// Those that the root of a drawing declares.
    fn of(drawing: &str) -> Option<Self> {
        let root = drawing.split_once("<xml")?.1;
        let root = format!("xml{}", root.split_once('>')?.0);
        let [shape, office, excel] = SPACES.map(|space| {
            let (name, _) = xml::attributes(&root).find(|(_, place)| root.get(place.clone()) == Some(space))?;
            match name.split_once(':') {
                Some(("xmlns", prefix)) => Some(format!("{prefix}:")),
                Some(_) => None,
                None => (name == "xmlns").then(String::new),
            }
        });
        Some(Self { shape: shape?, office: office?, excel: excel? })
    }
}

impl Drawing {
    /// Reads a drawing; `None` where none of our boxes can be added to it. `gone` are the places of comments that go.
    pub(in crate::report::workbook) fn read(drawing: &str, gone: &HashSet<Place>) -> Option<Self> {
        let prefixes = Prefixes::of(drawing)?;
        let (before, close) = drawing.rsplit_once(CLOSE)?;
        if !close.trim().is_empty() {
            return None;
        }
        let open = format!("<{}shape", prefixes.shape);
        let mut text = String::new();
        let mut kinds: HashSet<&str> = HashSet::new();
        let mut rest = before;
        while let Some(at) = rest.find(&open) {
            let name = rest.get(at + open.len()..).unwrap_or("");
            let is_kind = name.starts_with("type");
            let is_shape = name.starts_with(|ch: char| ch.is_ascii_whitespace() || ch == '>');
            let end = format!("</{}shape{}>", prefixes.shape, if is_kind { "type" } else { "" });
            let length = rest.get(at..).and_then(|shape| shape.find(&end)).map(|length| length + end.len());
            let Some(length) = length.filter(|_| is_kind || is_shape) else {
                // Another element whose name begins so.
                let passed = at + open.len();
                text.push_str(rest.get(..passed).unwrap_or(""));
                rest = name;
                continue;
            };
            let shape = rest.get(at..at + length).unwrap_or("");
            text.push_str(rest.get(..at).unwrap_or(""));
            let goes = if is_kind {
                // Some programs say it again for every box.
                xml::value(shape.get(1..).unwrap_or(""), "id").is_some_and(|id| !kinds.insert(id))
            } else {
                place_of_box(shape, &prefixes.excel).is_some_and(|place| gone.contains(&place))
            };
            if !goes {
                text.push_str(shape);
            }
            rest = rest.get(at + length..).unwrap_or("");
        }
        text.push_str(rest);
        let has_kind = text.contains("id=\"_x0000_t202\"");
        let first_number = highest_number(&text).max(BLOCK) + 1;
        Some(Self { prefixes, text, close: format!("{CLOSE}{close}"), has_kind, first_number })
    }

    /// The drawing of a sheet that has none, with room for the numbers of so many boxes.
    fn fresh(boxes: usize) -> Self {
        let [shape, office, excel] = SPACES;
        let blocks: Vec<String> = (1..=1 + (boxes as u64 + 1) / BLOCK).map(|block| block.to_string()).collect();
        let text = format!(
            "<xml xmlns:v=\"{shape}\" xmlns:o=\"{office}\" xmlns:x=\"{excel}\"><o:shapelayout v:ext=\"edit\">\
             <o:idmap v:ext=\"edit\" data=\"{}\"/></o:shapelayout>",
            blocks.join(",")
        );
        let [shape, office, excel] = ["v:", "o:", "x:"].map(str::to_owned);
        let prefixes = Prefixes { shape, office, excel };
        Self { prefixes, text, close: CLOSE.to_owned(), has_kind: false, first_number: BLOCK + 1 }
    }

    fn kind(&self) -> String {
        let Prefixes { shape: v, office: o, .. } = &self.prefixes;
        format!(
            "<{v}shapetype id=\"_x0000_t202\" coordsize=\"21600,21600\" {o}spt=\"202\" path=\"m,l,21600r21600,l21600,xe\">\
             <{v}stroke joinstyle=\"miter\"/><{v}path gradientshapeok=\"t\" {o}connecttype=\"rect\"/></{v}shapetype>"
        )
    }

    fn one_box(&self, number: u64, new: &NewBox) -> String {
        let Prefixes { shape: v, office: o, excel: x } = &self.prefixes;
        let (row, column) = (new.line.saturating_sub(1), new.column);
        // About forty characters go on a line of the box.
        let lines = u64::try_from(new.chars / 40).unwrap_or(0).clamp(3, 20) + 2;
        let (left, right, top, bottom) = (column + 1, column + 4, row.saturating_sub(1), row.saturating_sub(1) + lines);
        let height = lines * 15;
        format!(
            "<{v}shape id=\"_x0000_s{number}\" type=\"#_x0000_t202\" style=\"position:absolute;margin-left:60pt;margin-top:2pt;\
             width:216pt;height:{height}pt;z-index:1;visibility:hidden\" fillcolor=\"#ffffe1\" {o}insetmode=\"auto\">\
             <{v}fill color2=\"#ffffe1\"/><{v}shadow on=\"t\" color=\"black\" obscured=\"t\"/><{v}path {o}connecttype=\"none\"/>\
             <{v}textbox style=\"mso-direction-alt:auto\"><div style=\"text-align:left\"></div></{v}textbox>\
             <{x}ClientData ObjectType=\"Note\"><{x}MoveWithCells/><{x}SizeWithCells/>\
             <{x}Anchor>{left}, 15, {top}, 2, {right}, 31, {bottom}, 4</{x}Anchor><{x}AutoFill>False</{x}AutoFill>\
             <{x}Row>{row}</{x}Row><{x}Column>{column}</{x}Column></{x}ClientData></{v}shape>"
        )
    }
}

/// Writes the drawing that a sheet has, or one of ours, with boxes for our comments.
pub(super) fn draw(drawing: Option<&Drawing>, added: &[NewBox], out: &mut dyn Write) -> io::Result<()> {
    let fresh = drawing.is_none().then(|| Drawing::fresh(added.len()));
    let Some(drawing) = drawing.or(fresh.as_ref()) else { return Ok(()) };
    out.write_all(drawing.text.as_bytes())?;
    if !added.is_empty() && !drawing.has_kind {
        out.write_all(drawing.kind().as_bytes())?;
    }
    for (number, new) in (drawing.first_number..).zip(added) {
        out.write_all(drawing.one_box(number, new).as_bytes())?;
    }
    out.write_all(drawing.close.as_bytes())
}

/// Row and column of a comment's box; `None` for other shapes.
fn place_of_box(shape: &str, prefix: &str) -> Option<Place> {
    let between = |name: &str| {
        let (_, rest) = shape.split_once(&format!("<{prefix}{name}>"))?;
        Some(rest.split_once('<')?.0.trim())
    };
    if !shape.contains("ObjectType=\"Note\"") && !shape.contains("ObjectType='Note'") {
        return None;
    }
    Some((between("Row")?.parse::<u64>().ok()? + 1, between("Column")?.parse().ok()?))
}

fn highest_number(drawing: &str) -> u64 {
    let numbers = drawing.split("_x0000_s").skip(1);
    let value = |text: &str| text.split(|ch: char| !ch.is_ascii_digit()).next().and_then(|digits| digits.parse().ok());
    numbers.filter_map(value).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(drawing: Option<&Drawing>, places: &[Place]) -> String {
        let added: Vec<NewBox> = places.iter().map(|&(line, column)| NewBox { line, column, chars: 10 }).collect();
        let mut out = Vec::new();
        draw(drawing, &added, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn boxes_are_added_beside_those_of_others_and_taken_away_again() {
        let first = drawn(None, &[(9, 26)]);
        assert!(first.contains("_x0000_s1025") && first.contains("<x:Row>8</x:Row><x:Column>26<"), "{first}");
        let theirs = Drawing::read(&first, &HashSet::new()).unwrap();
        let both = drawn(Some(&theirs), &[(2, 0)]);
        assert!(both.contains("<x:Row>8</x:Row>") && both.contains("_x0000_s1026"), "{both}");
        let again = drawn(Some(&Drawing::read(&both, &HashSet::from([(9, 26)])).unwrap()), &[]);
        assert!(
            !again.contains("<x:Row>8</x:Row>") && again.contains("<x:Row>1</x:Row>") && again.ends_with("</xml>"),
            "{again}"
        );
        assert_eq!(both.matches("<v:shapetype").count(), 1);
        assert!(Drawing::read("<xml xmlns:v='x'></xml>", &HashSet::new()).is_none());
        assert!(Drawing::read("<html>", &HashSet::new()).is_none());
    }

    #[test]
    fn a_drawing_is_read_and_continued_whatever_its_prefixes() {
        let renamed = |drawing: &str| {
            ["v", "o", "x"].into_iter().zip(["ns1", "ns0", "ns2"]).fold(drawing.to_owned(), |text, (old, new)| {
                let text =
                    text.replace(&format!("<{old}:"), &format!("<{new}:")).replace(&format!("</{old}:"), &format!("</{new}:"));
                text.replace(&format!(" {old}:"), &format!(" {new}:")).replace(&format!("xmlns:{old}="), &format!("xmlns:{new}="))
            })
        };
        let theirs = renamed(&drawn(None, &[(9, 26), (4, 1)]));
        assert!(theirs.contains("<ns2:Row>8</ns2:Row>") && !theirs.contains("<v:"), "{theirs}");
        let read = Drawing::read(&theirs, &HashSet::from([(9, 26)])).unwrap();
        let written = drawn(Some(&read), &[(2, 0)]);
        assert_eq!(written.matches("<ns1:shape ").count(), 2, "{written}");
        assert!(
            written.contains("<ns2:Row>3<") && written.contains("<ns2:Row>1<") && !written.contains("<ns2:Row>8<"),
            "{written}"
        );
        assert!(!written.contains("<v:") && !written.contains("<x:"), "{written}");
    }

    #[test]
    fn a_kind_of_shape_that_is_said_for_every_box_is_kept_once() {
        let one = drawn(None, &[(9, 26)]);
        let (head, shape) = one.split_once("<v:shapetype").unwrap();
        let shape = shape.trim_end_matches(CLOSE);
        let twice = format!("{head}<v:shapetype{shape}<v:shapetype{shape}{CLOSE}\n");
        let read = Drawing::read(&twice, &HashSet::new()).unwrap();
        let written = drawn(Some(&read), &[]);
        assert_eq!((written.matches("<v:shapetype").count(), written.matches("<v:shape ").count()), (1, 2), "{written}");
        assert!(written.ends_with("</xml>\n"));
    }
}
