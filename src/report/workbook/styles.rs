//! The cell formats of a workbook with ours behind them. Formats of the user stay as they are, under their numbers.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use quick_xml::events::Event;

use super::looks::{FILLS, Look, MARK};
use super::package::Unkept;
use super::xml;
use crate::model::Severity;

/// Formats that a workbook can have; beyond, spreadsheet programs call it damaged.
const FORMATS_MAX: usize = 65_000;

/// The formats of a workbook that begins from nothing.
pub(super) const FRESH: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
    <styleSheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><fonts count=\"1\"><font><sz val=\"11\"/>\
    <name val=\"Calibri\"/><family val=\"2\"/></font></fonts><fills count=\"2\"><fill><patternFill patternType=\"none\"/></fill>\
    <fill><patternFill patternType=\"gray125\"/></fill></fills><borders count=\"1\"><border><left/><right/><top/><bottom/><diagonal/>\
    </border></borders><cellStyleXfs count=\"1\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\"/></cellStyleXfs>\
    <cellXfs count=\"1\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\"/></cellXfs>\
    <cellStyles count=\"1\"><cellStyle name=\"Normal\" xfId=\"0\" builtinId=\"0\"/></cellStyles></styleSheet>";

/// A list of the part: where its opening tag stands, where its closing tag begins, what it holds.
#[derive(Clone, Debug)]
struct Section {
    tag: Range<usize>,
    end: usize,
    items: Vec<Range<usize>>,
}

/// The formats of a workbook.
#[derive(Clone, Debug)]
pub(super) struct Styles {
    text: String,
    prefix: String,
    fonts: Section,
    fills: Section,
    formats: Section,
    /// Formats behind the user's own.
    added: Vec<String>,
    copies: BTreeMap<(u32, Severity), u32>,
    /// By the user's format, one of a faulty cell of an earlier report: the format that the cell had before.
    coloured: HashMap<u32, Option<u32>>,
    cleared: HashMap<u32, u32>,
}

impl Styles {
    /// Reads the part.
    pub(super) fn read(text: String) -> Result<Self, Unkept> {
        let odd = || Unkept::because("its cell formats are stored in an unusual way");
        let (mut fonts, mut fills, mut formats) = (None, None, None);
        let mut prefix = String::new();
        let mut reader = xml::reader(text.as_bytes());
        let mut buffer = Vec::new();
        let (mut depth, mut start) = (0_usize, 0_usize);
        let mut open: Option<(String, Section)> = None;
        let mut item_start = 0;
        loop {
            buffer.clear();
            let event = reader.read_event_into(&mut buffer).map_err(|_| Unkept::broken("styles"))?;
            let end = usize::try_from(reader.buffer_position()).map_err(|_| odd())?;
            match event {
                Event::Start(tag) => {
                    depth += 1;
                    match depth {
                        1 => prefix = xml::prefix(&tag).to_owned(),
                        2 => {
                            let section = Section { tag: start..end, end: 0, items: Vec::new() };
                            open = Some((xml::local(&tag).to_owned(), section));
                        }
                        3 => item_start = start,
                        _ => {}
                    }
                }
                Event::Empty(_) if depth == 2 => {
                    if let Some((_, section)) = &mut open {
                        section.items.push(start..end);
                    }
                }
                Event::End(_) => {
                    if depth == 3
                        && let Some((_, section)) = &mut open
                    {
                        section.items.push(item_start..end);
                    }
                    if depth == 2
                        && let Some((name, mut section)) = open.take()
                    {
                        section.end = start;
                        match name.as_str() {
                            "fonts" => fonts = Some(section),
                            "fills" => fills = Some(section),
                            "cellXfs" => formats = Some(section),
                            _ => {}
                        }
                    }
                    depth = depth.saturating_sub(1);
                }
                Event::Eof => break,
                _ => {}
            }
            start = end;
        }
        let (Some(fonts), Some(fills), Some(formats)) = (fonts, fills, formats) else { return Err(odd()) };
        if fonts.items.is_empty() || fills.items.is_empty() || formats.items.is_empty() || formats.items.len() > FORMATS_MAX {
            return Err(odd());
        }
        let mut styles = Self {
            text,
            prefix,
            fonts,
            fills,
            formats,
            added: Vec::new(),
            copies: BTreeMap::new(),
            coloured: HashMap::new(),
            cleared: HashMap::new(),
        };
        styles.added = Look::ALL.iter().map(|look| styles.format_of(*look)).collect();
        styles.find_coloured();
        Ok(styles)
    }

    /// The number of a format of ours.
    pub(super) fn look(&self, look: Look) -> u32 {
        let index = Look::ALL.iter().position(|known| *known == look).unwrap_or(0);
        number(self.formats.items.len() + index)
    }

    /// The format of a faulty cell: its own with our fill.
    pub(super) fn marked(&mut self, base: u32, severity: Severity) -> u32 {
        if let Some(&known) = self.copies.get(&(base, severity)) {
            return known;
        }
        let fill = match severity {
            Severity::Error => 0,
            Severity::Warning | Severity::Info => 1,
        };
        let made = self.copy_with_fill(base, self.fill(fill));
        self.copies.insert((base, severity), made);
        made
    }

    /// The format of a cell that an earlier report coloured and that has no fault any more; `None` for all others.
    pub(super) fn cleared(&mut self, base: u32) -> Option<u32> {
        let before = *self.coloured.get(&base)?;
        if let Some(&known) = self.cleared.get(&base) {
            return Some(known);
        }
        let made = before.unwrap_or_else(|| self.copy_with_fill(base, 0));
        self.cleared.insert(base, made);
        Some(made)
    }

    /// Whether any cell was coloured by an earlier report.
    pub(super) fn has_coloured(&self) -> bool {
        !self.coloured.is_empty()
    }

    /// The whole part with our formats.
    pub(super) fn write(&self) -> Vec<u8> {
        let prefix = &self.prefix;
        let fonts = self.our_fonts();
        let fills: Vec<String> = FILLS
            .iter()
            .map(|(colour, behind)| {
                format!(
                    "<{prefix}fill><{prefix}patternFill patternType=\"solid\"><{prefix}fgColor rgb=\"{colour}\"/>\
                     <{prefix}bgColor rgb=\"{behind}\"/></{prefix}patternFill></{prefix}fill>"
                )
            })
            .collect();
        let mut sections = [(&self.fonts, &fonts[..]), (&self.fills, &fills[..]), (&self.formats, &self.added[..])];
        sections.sort_by_key(|(section, _)| section.tag.start);
        let mut out = String::with_capacity(self.text.len() + 16_384);
        let mut at = 0;
        for (section, added) in sections {
            out.push_str(&self.text[at..section.tag.start]);
            let tag = &self.text[section.tag.start + 1..section.tag.end - 1];
            let count = (section.items.len() + added.len()).to_string();
            out.push('<');
            out.push_str(&xml::with_attribute(tag, "count", &count));
            out.push('>');
            out.push_str(&self.text[section.tag.end..section.end]);
            added.iter().for_each(|item| out.push_str(item));
            at = section.end;
        }
        out.push_str(&self.text[at..]);
        out.into_bytes()
    }

    fn fill(&self, ours: u32) -> u32 {
        number(self.fills.items.len()) + ours
    }

    fn format_of(&self, look: Look) -> String {
        let prefix = &self.prefix;
        let (numbers, font, fill, more, alignment) = look.parts();
        let font = font.map_or(0, |font| number(self.fonts.items.len()) + font);
        let fill = fill.map_or(0, |fill| self.fill(fill));
        let tag = format!(
            "<{prefix}xf numFmtId=\"{numbers}\" fontId=\"{font}\" fillId=\"{fill}\" borderId=\"0\" xfId=\"0\" \
             applyNumberFormat=\"1\" applyFont=\"1\" applyFill=\"1\" applyAlignment=\"1\"{more}"
        );
        if alignment.is_empty() {
            return format!("{tag}/>");
        }
        format!("{tag}>{}</{prefix}xf>", alignment.replace("<alignment", &format!("<{prefix}alignment")))
    }

    /// Fonts of ours, of the family and size of the workbook's own: headers of ours, bold, title.
    fn our_fonts(&self) -> [String; 3] {
        let prefix = &self.prefix;
        let own = self.fonts.items.first().and_then(|place| self.text.get(place.clone())).unwrap_or("");
        let (mut size, mut family) = ("11".to_owned(), "Calibri".to_owned());
        super::package::each_tag(own, &mut |tag| {
            let value = xml::value(tag, "val");
            match (xml::local(tag), value) {
                ("sz", Some(value)) => size = value.to_owned(),
                ("name", Some(value)) => family = value.to_owned(),
                _ => {}
            }
        });
        let font = |size: &str, colour: &str| {
            format!(
                "<{prefix}font><{prefix}b/><{prefix}sz val=\"{size}\"/><{prefix}color rgb=\"{colour}\"/>\
                 <{prefix}name val=\"{family}\"/><{prefix}family val=\"2\"/></{prefix}font>"
            )
        };
        [font(&size, "FFFFFFFF"), font(&size, "FF1F3044"), font("16", "FF1F4E78")]
    }

    fn raw_format(&self, number: u32) -> &str {
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        let own = self.formats.items.get(index).or(self.formats.items.first());
        match self.added.get(index.wrapping_sub(self.formats.items.len())) {
            Some(added) => added,
            None => own.and_then(|place| self.text.get(place.clone())).unwrap_or(""),
        }
    }

    fn copy_with_fill(&mut self, base: u32, fill: u32) -> u32 {
        let made = number(self.formats.items.len() + self.added.len());
        if self.formats.items.len() + self.added.len() >= FORMATS_MAX {
            return if fill == 0 { 0 } else { self.look(Look::Faulty) };
        }
        let raw = self.raw_format(base);
        let (tag, rest) = opening(raw);
        let tag = xml::with_attribute(tag, "fillId", &fill.to_string());
        let tag = xml::with_attribute(&tag, "applyFill", "1");
        self.added.push(format!("<{tag}{rest}"));
        made
    }

    fn find_coloured(&mut self) {
        let is_ours = |place: &Range<usize>| self.text.get(place.clone()).is_some_and(|fill| fill.contains(MARK));
        let fills: Vec<String> = (0..)
            .zip(&self.fills.items)
            .filter(|(_, place)| is_ours(place))
            .map(|(index, _): (usize, _)| index.to_string())
            .collect();
        if fills.is_empty() {
            return;
        }
        let fill_of = |raw: &str| xml::value(opening(raw).0, "fillId").map(str::to_owned).unwrap_or_default();
        // What is left of a format without its fill, by which the one that it was made from is found again.
        let bare = |raw: &str| {
            let (tag, rest) = opening(raw);
            let mut parts: Vec<String> = xml::attributes(tag)
                .filter(|(name, _)| !matches!(*name, "fillId" | "applyFill"))
                .map(|(name, place)| format!("{name}={}", &tag[place]))
                .collect();
            parts.sort_unstable();
            parts.push(rest.trim_start_matches('/').to_owned());
            parts.join(" ")
        };
        let all: Vec<(u32, String, bool)> = (0_u32..)
            .zip(&self.formats.items)
            .map(|(index, place)| {
                let raw = self.text.get(place.clone()).unwrap_or("");
                (index, bare(raw), fills.contains(&fill_of(raw)))
            })
            .collect();
        for (index, bare, _) in all.iter().filter(|(_, _, coloured)| *coloured) {
            let mut same = all.iter().filter(|(_, other, coloured)| !coloured && other == bare);
            let only = same.next().map(|(index, _, _)| *index).filter(|_| same.next().is_none());
            self.coloured.insert(*index, only);
        }
    }
}

/// An element's opening tag without its bracket in front, and the rest from `/>` or `>` on.
fn opening(raw: &str) -> (&str, &str) {
    let inside = raw.strip_prefix('<').unwrap_or(raw);
    let mut quote = None;
    let end = inside.char_indices().find(|(_, ch)| match (quote, ch) {
        (None, '"' | '\'') => {
            quote = Some(*ch);
            false
        }
        (Some(open), ch) => {
            if open == *ch {
                quote = None;
            }
            false
        }
        (None, ch) => matches!(ch, '/' | '>'),
    });
    inside.split_at(end.map_or(inside.len(), |(at, _)| at))
}

fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_faulty_cell_keeps_its_format_but_the_fill_and_gets_it_back() {
        let own = FRESH.replace(
            "<cellXfs count=\"1\">",
            "<cellXfs count=\"9\"><xf numFmtId=\"14\" fontId=\"0\" fillId=\"1\" borderId=\"0\"><alignment wrapText=\"1\"/></xf>",
        );
        let mut styles = Styles::read(own.clone()).unwrap();
        let marked = styles.marked(0, Severity::Error);
        assert_eq!(styles.marked(0, Severity::Error), marked);
        assert_ne!(styles.marked(0, Severity::Warning), marked);
        let written = String::from_utf8(styles.write()).unwrap();
        let again = Styles::read(written.clone()).unwrap();
        let raw = again.raw_format(marked);
        assert!(
            raw.contains("numFmtId=\"14\"") && raw.contains("fillId=\"2\"") && raw.ends_with("<alignment wrapText=\"1\"/></xf>"),
            "{raw}"
        );
        assert_eq!(again.raw_format(0), styles.raw_format(0));
        assert!(written.contains(&format!("<cellXfs count=\"{}\">", again.formats.items.len())));
        let mut again = again;
        assert!(again.has_coloured() && !styles.has_coloured());
        assert_eq!((again.cleared(marked), again.cleared(0)), (Some(0), None));
    }

    #[test]
    fn prefixes_are_kept_and_odd_parts_refused() {
        let prefixed = FRESH.replace('<', "<x:").replace("<x:/", "</x:").replace("<x:?", "<?").replace("xmlns=", "xmlns:x=");
        let styles = Styles::read(prefixed).unwrap();
        let written = String::from_utf8(styles.write()).unwrap();
        assert!(!written.contains("<xf") && !written.contains("<fill>") && !written.contains("<alignment"), "{written}");
        assert!(Styles::read("<styleSheet><fonts/></styleSheet>".to_owned()).is_err());
        assert!(Styles::read("<styleSheet><fonts>".to_owned()).is_err());
    }
}
