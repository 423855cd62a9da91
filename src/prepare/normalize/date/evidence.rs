//! What a column's own values prove about the order of day and month. Reads every row once and keeps only counts.

use chrono::{Datelike, NaiveDateTime};

use super::Order;
use super::scan::{Numeric, Scan, Separator, scan};
use crate::model::CellKind;

/// Counts over the cells of one column. Observe every row, blank ones too: places are counted by calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnEvidence {
    observed: u64,
    dates: u64,
    unreadable: u64,
    two_digit_years: u64,
    spreadsheet_dates: u64,
    spreadsheet_days_over_12: u64,
    day_first: Sightings,
    month_first: Sightings,
    ambiguous_dotted: Sightings,
    ambiguous_other: Sightings,
}

/// How often something was seen, and where first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sightings {
    count: u64,
    /// Counted from 1; 0 when never.
    first: u64,
}

impl Sightings {
    fn add(&mut self, place: u64) {
        if self.count == 0 {
            self.first = place;
        }
        self.count += 1;
    }

    fn merge(&mut self, later: Self, offset: u64) {
        if self.count == 0 && later.count > 0 {
            self.first = offset + later.first;
        }
        self.count += later.count;
    }
}

/// What the column proves. Rows are counted from 1 in the order in which the cells were observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// No date of the column needs an order: they are ISO dates, spreadsheet dates, dates with words, or none at all.
    NotNeeded,
    /// Values with a part above 12 prove the order, and none contradicts it.
    Proven(Order),
    /// Nothing proves the order, but all dates in doubt have dots, which by convention means day, month, year.
    ByDots,
    /// Nothing proves the order.
    Ambiguous {
        /// How many dates could be read either way.
        dates: u64,
        /// The row of the first of them.
        first_row: u64,
    },
    /// Some dates are possible only day first, others only month first (or dotted by convention day first).
    Conflict {
        /// How many are day first.
        day_first: u64,
        /// The row of the first of them.
        first_day_first_row: u64,
        /// How many are month first.
        month_first: u64,
        /// The row of the first of them.
        first_month_first_row: u64,
    },
}

impl Proof {
    /// The order to parse the column with; `None` where there is none to give.
    #[must_use]
    pub fn order(self) -> Option<Order> {
        match self {
            Self::Proven(order) => Some(order),
            Self::ByDots => Some(Order::DayMonthYear),
            Self::NotNeeded | Self::Ambiguous { .. } | Self::Conflict { .. } => None,
        }
    }
}

impl ColumnEvidence {
    /// Takes the next row's cell into account.
    pub fn observe(&mut self, text: &str, kind: CellKind) {
        self.observed += 1;
        match kind {
            CellKind::Text => self.observe_text(text),
            CellKind::Date(at) => self.observe_spreadsheet_date(at),
            // A serial or YYYYMMDD needs no order; whether it is one, the parser tells.
            CellKind::Number(_) => self.dates += 1,
            CellKind::Bool(_) | CellKind::Error | CellKind::FormulaWithoutValue => self.unreadable += 1,
        }
    }

    fn observe_spreadsheet_date(&mut self, at: NaiveDateTime) {
        self.dates += 1;
        self.spreadsheet_dates += 1;
        self.spreadsheet_days_over_12 += u64::from(at.day() > 12);
    }

    fn observe_text(&mut self, text: &str) {
        match scan(text) {
            Scan::Empty => {}
            Scan::Unreadable(_) => self.unreadable += 1,
            Scan::Compact { .. } | Scan::Named { .. } | Scan::HasTime | Scan::Numeric(Numeric::YearFirst { .. }) => {
                self.dates += 1
            }
            Scan::Numeric(Numeric::TwoDigits { .. }) => {
                // 25-03-12 may begin with its year, so it proves nothing.
                self.dates += 1;
                self.two_digit_years += 1;
            }
            Scan::Numeric(Numeric::YearLast { first, second, separator, .. }) => {
                self.dates += 1;
                let place = self.observed;
                match (first, second) {
                    (13..=31, 1..=12) => self.day_first.add(place),
                    (1..=12, 13..=31) => self.month_first.add(place),
                    (1..=12, 1..=12) if first != second => match separator {
                        Separator::Dot => self.ambiguous_dotted.add(place),
                        Separator::Slash | Separator::Dash | Separator::Blank => self.ambiguous_other.add(place),
                    },
                    // The same either way, or no day at all.
                    _ => {}
                }
            }
        }
    }

    /// Adds what was observed in the rows that follow these.
    pub fn merge(&mut self, later: &Self) {
        let offset = self.observed;
        self.day_first.merge(later.day_first, offset);
        self.month_first.merge(later.month_first, offset);
        self.ambiguous_dotted.merge(later.ambiguous_dotted, offset);
        self.ambiguous_other.merge(later.ambiguous_other, offset);
        self.observed += later.observed;
        self.dates += later.dates;
        self.unreadable += later.unreadable;
        self.two_digit_years += later.two_digit_years;
        self.spreadsheet_dates += later.spreadsheet_dates;
        self.spreadsheet_days_over_12 += later.spreadsheet_days_over_12;
    }

    /// What all that proves.
    #[must_use]
    pub fn decide(&self) -> Proof {
        let (day, month) = (self.day_first, self.month_first);
        let (dotted, other) = (self.ambiguous_dotted, self.ambiguous_other);
        if month.count > 0 && day.count > 0 {
            return conflict(day, month);
        }
        if month.count > 0 {
            // Dotted dates follow the other convention, so the proof does not reach them.
            return if dotted.count > 0 { conflict(dotted, month) } else { Proof::Proven(Order::MonthDayYear) };
        }
        if day.count > 0 {
            return Proof::Proven(Order::DayMonthYear);
        }
        if other.count > 0 {
            return Proof::Ambiguous { dates: other.count, first_row: other.first };
        }
        if dotted.count > 0 { Proof::ByDots } else { Proof::NotNeeded }
    }

    /// Cells observed, blank ones too.
    #[must_use]
    pub fn observed(&self) -> u64 {
        self.observed
    }

    /// Cells that have the form of a date.
    #[must_use]
    pub fn dates(&self) -> u64 {
        self.dates
    }

    /// Cells that hold something else.
    #[must_use]
    pub fn unreadable(&self) -> u64 {
        self.unreadable
    }

    /// Dates whose year has two digits.
    #[must_use]
    pub fn two_digit_years(&self) -> u64 {
        self.two_digit_years
    }

    /// Dates that could be read either way.
    #[must_use]
    pub fn ambiguous(&self) -> u64 {
        self.ambiguous_dotted.count + self.ambiguous_other.count
    }

    /// Whether a spreadsheet program of another country probably swapped day and month: it turned into dates only what
    /// fits its own order (no day above 12 came out) and left the rest as text with a part above 12.
    #[must_use]
    pub fn looks_swapped(&self) -> bool {
        self.spreadsheet_dates > 0
            && self.spreadsheet_days_over_12 == 0
            && self.ambiguous() == 0
            && self.day_first.count + self.month_first.count > 0
    }
}

fn conflict(day_first: Sightings, month_first: Sightings) -> Proof {
    Proof::Conflict {
        day_first: day_first.count,
        first_day_first_row: day_first.first,
        month_first: month_first.count,
        first_month_first_row: month_first.first,
    }
}
