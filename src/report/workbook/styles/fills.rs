//! Fills of cells: which are of an earlier report of ours, and what was under them. Knows no format and changes none.

use super::super::looks::{MARK, SHADES};
use super::super::package::each_tag;
use super::super::xml;

/// How a fill of ours begins, without the alpha.
const DIGITS: usize = 6;
/// The colour of the system's windows, which programs write where none is said.
const AUTOMATIC: &str = "64";

/// What a cell's fill is, as far as it can be told in a colour.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fill {
    Nothing,
    /// One colour, as the attributes that tell it.
    Solid(String),
    /// Patterns, gradients.
    Other,
}

/// A fill as it is written.
#[derive(Debug, Default)]
pub(super) struct Raw {
    pattern: String,
    /// Raw tags of the two colours.
    front: String,
    back: String,
}

impl Raw {
    pub(super) fn read(fill: &str) -> Self {
        let mut raw = Self { pattern: "gradient".to_owned(), ..Self::default() };
        each_tag(fill, &mut |tag| match xml::local(tag) {
            "patternFill" => raw.pattern = xml::value(tag, "patternType").unwrap_or("none").to_owned(),
            "fgColor" => raw.front = tag.trim_end().to_owned(),
            "bgColor" => raw.back = tag.trim_end().to_owned(),
            _ => {}
        });
        raw
    }

    /// Whether it is the colour of a faulty cell. No hand and no palette gives exactly this shade.
    pub(super) fn is_ours(&self) -> bool {
        let shade = xml::value(&self.front, "rgb").and_then(|rgb| rgb.get(rgb.len().checked_sub(DIGITS)?..));
        self.pattern == "solid" && shade.is_some_and(|shade| SHADES.iter().any(|ours| shade.eq_ignore_ascii_case(ours)))
    }

    /// Whether the background that is not shown is still the one that we wrote.
    pub(super) fn is_marked(&self) -> bool {
        xml::value(&self.back, "rgb") == Some(MARK)
    }

    /// What it shows.
    pub(super) fn fill(&self) -> Fill {
        match self.pattern.as_str() {
            "none" => Fill::Nothing,
            "solid" => colour(&self.front),
            _ => Fill::Other,
        }
    }

    /// What was under a fill of ours.
    pub(super) fn under(&self) -> Fill {
        if self.is_marked() { Fill::Nothing } else { colour(&self.back) }
    }
}

fn colour(tag: &str) -> Fill {
    let attributes = tag.split_once(|ch: char| ch.is_ascii_whitespace()).map_or("", |(_, attributes)| attributes.trim());
    if attributes.is_empty() || xml::value(tag, "indexed") == Some(AUTOMATIC) || xml::value(tag, "auto").is_some() {
        return Fill::Other;
    }
    Fill::Solid(attributes.to_owned())
}

/// A fill of one colour, over another that is not shown.
pub(super) fn written(prefix: &str, front: &str, back: Option<&str>) -> String {
    let back = back.map_or_else(String::new, |back| format!("<{prefix}bgColor {back}/>"));
    format!(
        "<{prefix}fill><{prefix}patternFill patternType=\"solid\"><{prefix}fgColor {front}/>{back}</{prefix}patternFill></{prefix}fill>"
    )
}

/// The fill of a faulty cell, with what it had before in the background, where a colour can tell it.
pub(super) fn covering(prefix: &str, shade: &str, under: &Fill) -> String {
    let front = format!("rgb=\"FF{shade}\"");
    match under {
        Fill::Nothing => written(prefix, &front, Some(&format!("rgb=\"{MARK}\""))),
        Fill::Solid(colour) => written(prefix, &front, Some(colour)),
        Fill::Other => written(prefix, &front, None),
    }
}
