//! What the values of a column allow as the order of day, month and year. Reads every row once and keeps only counts.

use chrono::{Datelike, NaiveDateTime};

use super::Separator;
use super::proof::{Dotted, Group, Proof};
use super::scan::{Numeric, Scan, Year, scan};
use crate::model::{CellKind, Place};

/// Counts over the cells of one column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnEvidence {
    observed: u64,
    unreadable: u64,
    forms: [u64; Form::ALL.len()],
    short_years: Sightings,
    day_counts: Sightings,
    spreadsheet_days_over_12: u64,
    groups: [Group; Separator::ALL.len()],
    dotted: Dotted,
}

/// How often something was seen, and where first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sightings {
    pub(super) count: u64,
    /// `None` when never.
    pub(super) first: Option<Place>,
}

impl Sightings {
    pub(super) fn add(&mut self, place: Place) {
        self.include(Self { count: 1, first: Some(place) });
    }

    /// Adds others, whichever come first.
    pub(super) fn include(&mut self, others: Self) {
        self.first = [self.first, others.first].into_iter().flatten().min();
        self.count += others.count;
    }
}

/// How a date is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// 01.02.1980
    Dots,
    /// 01/02/1980
    Slashes,
    /// 01-02-1980
    Dashes,
    /// 01 02 1980
    Blanks,
    /// 1980-02-01, with any separator
    YearFirst,
    /// 01.02.80, 80-02-01
    ShortYear,
    /// 1 февраля 1980, 1 Feb 1980
    Words,
    /// 01-фев-80, 1-Feb-80
    WordsShortYear,
    /// 19800201
    Compact,
    /// A date of the spreadsheet.
    Spreadsheet,
    /// A number: a day count that lost its format, or a compact date.
    Number,
    /// 29252 in a text
    DayCount,
    /// A date with a time of day.
    WithTime,
}

impl Form {
    /// All of them, the order of which reports keep.
    pub const ALL: [Self; 13] = [
        Self::Dots,
        Self::Slashes,
        Self::Dashes,
        Self::Blanks,
        Self::YearFirst,
        Self::ShortYear,
        Self::Words,
        Self::WordsShortYear,
        Self::Compact,
        Self::Spreadsheet,
        Self::Number,
        Self::DayCount,
        Self::WithTime,
    ];

    /// A picture of it: `99.99.9999`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dots => "99.99.9999",
            Self::Slashes => "99/99/9999",
            Self::Dashes => "99-99-9999",
            Self::Blanks => "99 99 9999",
            Self::YearFirst => "9999-99-99",
            Self::ShortYear => "99.99.99",
            Self::Words => "99 month 9999",
            Self::WordsShortYear => "99-month-99",
            Self::Compact => "99999999",
            Self::Spreadsheet => "spreadsheet date",
            Self::Number => "number",
            Self::DayCount => "99999",
            Self::WithTime => "date and time",
        }
    }

    fn of(separator: Separator) -> Self {
        match separator {
            Separator::Dot => Self::Dots,
            Separator::Slash => Self::Slashes,
            Separator::Dash => Self::Dashes,
            Separator::Blank => Self::Blanks,
        }
    }
}

impl ColumnEvidence {
    /// Takes the cell of one row into account.
    pub fn observe(&mut self, place: Place, text: &str, kind: CellKind) {
        self.observed += 1;
        match kind {
            CellKind::Text => self.observe_text(place, text),
            CellKind::Date(at) => self.observe_spreadsheet_date(at),
            // A serial or YYYYMMDD needs no order; whether it is one, the parser tells.
            CellKind::Number(_) => self.count(Form::Number),
            CellKind::Bool(_) | CellKind::Error | CellKind::FormulaWithoutValue => self.unreadable += 1,
        }
    }

    fn count(&mut self, form: Form) {
        self.forms[form as usize] += 1;
    }

    fn observe_spreadsheet_date(&mut self, at: NaiveDateTime) {
        self.count(Form::Spreadsheet);
        self.spreadsheet_days_over_12 += u64::from(at.day() > 12);
    }

    fn observe_text(&mut self, place: Place, text: &str) {
        match scan(text) {
            Scan::Empty => {}
            Scan::Unreadable(_) => self.unreadable += 1,
            Scan::HasTime => self.count(Form::WithTime),
            Scan::Compact { .. } => self.count(Form::Compact),
            Scan::Named { year: Year::Four(_), .. } => self.count(Form::Words),
            Scan::Named { year: Year::Two(_), .. } => {
                self.count(Form::WordsShortYear);
                self.short_years.add(place);
            }
            Scan::DayCount(_) => {
                self.count(Form::DayCount);
                self.day_counts.add(place);
            }
            Scan::Numeric(Numeric::YearFirst { .. }) => self.count(Form::YearFirst),
            Scan::Numeric(Numeric::TwoDigits { first, second, third, separator }) => {
                self.count(Form::ShortYear);
                self.short_years.add(place);
                self.groups[separator as usize].short_year(first, second, third, place);
            }
            Scan::Numeric(Numeric::YearLast { first, second, separator, .. }) => {
                self.count(Form::of(separator));
                self.groups[separator as usize].long_year(first, second, place);
            }
        }
    }

    /// Says what the rest of the file proves about dates with dots.
    pub fn note_dotted(&mut self, dotted: Dotted) {
        self.dotted = dotted;
    }

    /// Adds what was observed in other rows.
    pub fn merge(&mut self, later: &Self) {
        self.observed += later.observed;
        self.unreadable += later.unreadable;
        self.spreadsheet_days_over_12 += later.spreadsheet_days_over_12;
        self.short_years.include(later.short_years);
        self.day_counts.include(later.day_counts);
        self.forms.iter_mut().zip(later.forms).for_each(|(mine, later)| *mine += later);
        self.groups.iter_mut().zip(&later.groups).for_each(|(mine, later)| {
            mine.each_with(later, Sightings::include);
        });
    }

    /// What all that proves.
    #[must_use]
    pub fn decide(&self) -> Proof {
        Proof::of(&self.groups, &self.dotted)
    }

    /// Cells observed, blank ones too.
    #[must_use]
    pub fn observed(&self) -> u64 {
        self.observed
    }

    /// Cells that have the form of a date.
    #[must_use]
    pub fn dates(&self) -> u64 {
        self.forms.iter().sum()
    }

    /// Cells that hold something else.
    #[must_use]
    pub fn unreadable(&self) -> u64 {
        self.unreadable
    }

    /// How often each form was seen, those that were seen.
    pub fn forms(&self) -> impl Iterator<Item = (Form, u64)> {
        Form::ALL.into_iter().zip(self.forms).filter(|(_, count)| *count > 0)
    }

    /// Whether the column holds dates at all, and not numbers or words among which one or the other looks like a date.
    #[must_use]
    pub fn is_of_dates(&self) -> bool {
        let vague: u64 = [Form::Number, Form::DayCount, Form::Compact].map(|form| self.forms[form as usize]).iter().sum();
        let surely = self.dates() - vague;
        surely > 0 && surely * 2 > self.dates() + self.unreadable
    }

    /// Dates whose year has two digits.
    #[must_use]
    pub fn two_digit_years(&self) -> u64 {
        self.short_years.count
    }

    /// Where the first date stands whose year has two digits.
    #[must_use]
    pub fn first_two_digit_year(&self) -> Option<Place> {
        self.short_years.first
    }

    /// Bare numbers of five digits in texts, and where the first stands.
    #[must_use]
    pub fn day_counts(&self) -> (u64, Option<Place>) {
        (self.day_counts.count, self.day_counts.first)
    }

    /// Whether a spreadsheet program of another country probably swapped day and month: it turned into dates only what
    /// fits its own order (no day above 12 came out) and left the rest as text with a part above 12.
    #[must_use]
    pub fn looks_swapped(&self) -> bool {
        let weighed = self.groups.iter().map(Group::weigh);
        let (ambiguous, certain) = weighed.fold((0, 0), |(all, sure), (more, surer)| (all + more, sure + surer));
        self.forms[Form::Spreadsheet as usize] > 0 && self.spreadsheet_days_over_12 == 0 && ambiguous == 0 && certain > 0
    }
}
