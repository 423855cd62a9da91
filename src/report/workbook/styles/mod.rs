//! The cell formats of a workbook with ours behind them. Formats of the user stay as they are, under their numbers.

mod fills;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use quick_xml::events::Event;

use super::looks::{FILLS, Look, SHADES};
use super::package::Unkept;
use super::xml;
use crate::model::Severity;
use fills::{Fill, Raw};

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
    /// Fills behind the user's own and [`FILLS`].
    added_fills: Vec<String>,
    covering: BTreeMap<(usize, Fill), u32>,
    /// By a fill of an earlier report, what was under it.
    under: HashMap<u32, Fill>,
    /// Which of the user's formats have such a fill.
    coloured: Vec<bool>,
    /// Whether whoever saved the workbook kept backgrounds that are not shown.
    keeps_backgrounds: bool,
    copies: BTreeMap<(u32, Severity), u32>,
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
            added_fills: Vec::new(),
            covering: BTreeMap::new(),
            under: HashMap::new(),
            coloured: Vec::new(),
            keeps_backgrounds: false,
            copies: BTreeMap::new(),
            cleared: HashMap::new(),
        };
        styles.added = Look::ALL.iter().map(|look| styles.format_of(*look)).collect();
        let ours: Vec<(u32, Raw)> = (0..number(styles.fills.items.len()))
            .map(|fill| (fill, styles.raw_fill(fill)))
            .filter(|(_, raw)| raw.is_ours())
            .collect();
        styles.keeps_backgrounds = ours.iter().any(|(_, raw)| raw.is_marked());
        styles.under = ours.iter().map(|(fill, raw)| (*fill, raw.under())).collect();
        let is_coloured = |index| styles.under.contains_key(&fill_of(styles.own(&styles.formats, index)));
        styles.coloured = (0..styles.formats.items.len()).map(is_coloured).collect();
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
        let colour = match severity {
            Severity::Error => 0,
            Severity::Warning | Severity::Info => 1,
        };
        let fill = fill_of(self.raw_format(base));
        let under = match self.under.get(&fill) {
            Some(under) if self.keeps_backgrounds => under.clone(),
            Some(_) => Fill::Nothing,
            None => self.raw_fill(fill).fill(),
        };
        let fill = self.covering(colour, under);
        let made = self.copy_with_fill(base, fill);
        self.copies.insert((base, severity), made);
        made
    }

    /// The format of a cell that an earlier report coloured and that has no fault any more; `None` for all others.
    pub(super) fn cleared(&mut self, base: u32) -> Option<u32> {
        let index = usize::try_from(base).ok().filter(|index| self.coloured.get(*index) == Some(&true))?;
        if let Some(&known) = self.cleared.get(&base) {
            return Some(known);
        }
        let raw = self.own(&self.formats, index);
        let under = self.under.get(&fill_of(raw))?;
        let under = if self.keeps_backgrounds { under.clone() } else { Fill::Nothing };
        let bare = bare(raw);
        let mut before = (0..self.formats.items.len()).filter(|other| {
            let other = self.own(&self.formats, *other);
            let fill = fill_of(other);
            !self.under.contains_key(&fill) && self::bare(other) == bare && self.raw_fill(fill).fill() == under
        });
        let first = before.next();
        // Of several patterns none can be told to be the one.
        let known = if under == Fill::Other && before.next().is_some() { None } else { first };
        let made = match (known, under) {
            (Some(known), _) => number(known),
            (None, Fill::Solid(colour)) => {
                let fill = self.solid(&colour);
                self.copy_with_fill(base, fill)
            }
            (None, Fill::Nothing | Fill::Other) => self.copy_with_fill(base, 0),
        };
        self.cleared.insert(base, made);
        Some(made)
    }

    /// Whether any cell was coloured by an earlier report.
    pub(super) fn has_coloured(&self) -> bool {
        !self.under.is_empty()
    }

    /// The whole part with our formats.
    pub(super) fn write(&self) -> Vec<u8> {
        let prefix = &self.prefix;
        let fonts = self.our_fonts();
        let ours = FILLS
            .iter()
            .map(|(colour, behind)| fills::written(prefix, &format!("rgb=\"{colour}\""), Some(&format!("rgb=\"{behind}\""))));
        let fills: Vec<String> = ours.chain(self.added_fills.iter().cloned()).collect();
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

    fn own<'s>(&'s self, section: &Section, index: usize) -> &'s str {
        section.items.get(index).and_then(|place| self.text.get(place.clone())).unwrap_or("")
    }

    /// A fill of the user's own.
    fn raw_fill(&self, number: u32) -> Raw {
        Raw::read(self.own(&self.fills, usize::try_from(number).unwrap_or(usize::MAX)))
    }

    /// The number of a fill of ours that remembers what it covers.
    fn covering(&mut self, colour: usize, under: Fill) -> u32 {
        if under == Fill::Nothing {
            return self.fill(number(colour));
        }
        let key = (colour, under);
        if let Some(&known) = self.covering.get(&key) {
            return known;
        }
        let written = fills::covering(&self.prefix, SHADES.get(colour).copied().unwrap_or_default(), &key.1);
        let made = self.add_fill(written);
        self.covering.insert(key, made);
        made
    }

    /// The number of a fill of one colour.
    fn solid(&mut self, colour: &str) -> u32 {
        let wanted = Fill::Solid(colour.to_owned());
        let all = 0..number(self.fills.items.len());
        let known = all.into_iter().find(|fill| !self.under.contains_key(fill) && self.raw_fill(*fill).fill() == wanted);
        known.unwrap_or_else(|| self.add_fill(fills::written(&self.prefix, colour, None)))
    }

    fn add_fill(&mut self, written: String) -> u32 {
        self.added_fills.push(written);
        number(self.fills.items.len() + FILLS.len() + self.added_fills.len() - 1)
    }
}

/// The number of a format's fill.
fn fill_of(raw: &str) -> u32 {
    xml::value(opening(raw).0, "fillId").and_then(|fill| fill.trim().parse().ok()).unwrap_or(0)
}

/// What is left of a format without its fill, by which the one that it was made from is found again.
fn bare(raw: &str) -> String {
    let (tag, rest) = opening(raw);
    let mut parts: Vec<String> = xml::attributes(tag)
        .filter(|(name, _)| !matches!(*name, "fillId" | "applyFill"))
        .map(|(name, place)| format!("{name}={}", &tag[place]))
        .collect();
    parts.sort_unstable();
    parts.push(rest.trim_start_matches('/').to_owned());
    parts.join(" ")
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
