//! How cells of ours look: the list of our formats and fills. Knows no workbook's own.

use crate::model::Outcome;

/// Colours of faulty and odd cells. They are one step beside those that spreadsheet programs offer, which users take as well: nobody
/// sees the difference, and when a workbook comes again, saved by whatever program, ours can be told from theirs.
pub(super) const SHADES: [&str; 2] = ["FFC7CD", "FFEB9B"];
/// The background of such a cell, which is not shown, where it had no colour before; else that colour stands there.
/// Not every program keeps backgrounds: where this one is found nowhere, none is believed.
pub(super) const MARK: &str = "FFC11E4E";

/// How a cell of ours looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// A text.
    Text,
    /// A text that a spreadsheet program would calculate, were it typed.
    Quoted,
    /// A header of our columns.
    OurHeader,
    /// A header of the source's columns in a workbook of our own.
    Header,
    /// An outcome that is well.
    Good,
    /// An outcome that needs mending.
    Bad,
    /// An outcome that somebody has to look at.
    Doubt,
    /// An outcome that asks for nobody.
    Idle,
    /// The title of the summary.
    Title,
    /// A heading of the summary.
    Heading,
    /// A number of the summary.
    Number,
    /// A text of the summary that may take several lines.
    Wrapped,
    /// The colour of faulty cells, explained.
    Faulty,
    /// The colour of odd cells, explained.
    Odd,
}

impl Look {
    pub(super) const ALL: [Self; 14] = [
        Self::Text,
        Self::Quoted,
        Self::OurHeader,
        Self::Header,
        Self::Good,
        Self::Bad,
        Self::Doubt,
        Self::Idle,
        Self::Title,
        Self::Heading,
        Self::Number,
        Self::Wrapped,
        Self::Faulty,
        Self::Odd,
    ];

    /// The look of a text.
    pub(super) fn of_text(text: &str) -> Self {
        if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\'']) { Self::Quoted } else { Self::Text }
    }

    /// The look of an outcome.
    pub(super) fn of_outcome(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Created | Outcome::Existing => Self::Good,
            Outcome::Invalid | Outcome::Rejected => Self::Bad,
            Outcome::Duplicate | Outcome::Unknown => Self::Doubt,
            Outcome::NotSent => Self::Idle,
        }
    }

    /// Format of numbers, font (of ours; `None` is the workbook's own), fill (of ours), further attributes, alignment.
    pub(super) fn parts(self) -> (u32, Option<u32>, Option<u32>, &'static str, &'static str) {
        let left = "<alignment horizontal=\"left\" vertical=\"top\"/>";
        let wrapped = "<alignment horizontal=\"left\" vertical=\"top\" wrapText=\"1\"/>";
        match self {
            Self::Text => (49, None, None, "", ""),
            Self::Quoted => (49, None, None, " quotePrefix=\"1\"", ""),
            Self::OurHeader => (49, Some(0), Some(2), "", "<alignment vertical=\"center\"/>"),
            Self::Header => (49, Some(1), Some(3), "", "<alignment vertical=\"center\"/>"),
            Self::Good => (49, None, Some(4), "", ""),
            Self::Bad => (49, None, Some(5), "", ""),
            Self::Doubt => (49, None, Some(6), "", ""),
            Self::Idle => (49, None, Some(7), "", ""),
            Self::Title => (49, Some(2), None, "", left),
            Self::Heading => (49, Some(1), Some(3), "", left),
            Self::Number => (3, None, None, "", "<alignment horizontal=\"right\" vertical=\"top\" indent=\"1\"/>"),
            Self::Wrapped => (49, None, None, "", wrapped),
            Self::Faulty => (49, None, Some(0), "", left),
            Self::Odd => (49, None, Some(1), "", left),
        }
    }
}

/// Fills of ours: first of faulty and odd cells, with our mark, then those of our own cells.
pub(super) const FILLS: [(&str, &str); 8] = [
    ("FFFFC7CD", MARK),
    ("FFFFEB9B", MARK),
    ("FF1F4E78", "FF1F4E78"),
    ("FFDDEBF7", "FFDDEBF7"),
    ("FFC6EFCE", "FFC6EFCE"),
    ("FFFFC7CE", "FFFFC7CE"),
    ("FFFFEB9C", "FFFFEB9C"),
    ("FFEDEDED", "FFEDEDED"),
];
