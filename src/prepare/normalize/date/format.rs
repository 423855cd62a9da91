//! How the dates of a column are written, as mappings say or values prove. Reads no cell.

use super::TwoDigitYear;

/// In which order day, month and year stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// 01.02.1980 is the first of February.
    DayMonthYear,
    /// 01/02/1980 is the second of January.
    MonthDayYear,
    /// 1980-02-01.
    YearMonthDay,
}

impl Order {
    /// The pattern of a mapping for dates in this order.
    #[must_use]
    pub fn pattern(self, separator: Separator, short_year: bool) -> String {
        let year = if short_year { "YY" } else { "YYYY" };
        let parts = match self {
            Self::DayMonthYear => ["DD", "MM", year],
            Self::MonthDayYear => ["MM", "DD", year],
            Self::YearMonthDay => [year, "MM", "DD"],
        };
        parts.join(separator.as_str())
    }

    /// In words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DayMonthYear => "day first",
            Self::MonthDayYear => "month first",
            Self::YearMonthDay => "year first",
        }
    }
}

/// What stands between the parts of a date. Dates with different signs may come from different programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Separator {
    /// 01.02.1980
    Dot,
    /// 01/02/1980
    Slash,
    /// 01-02-1980, with any dash
    Dash,
    /// 01 02 1980
    Blank,
}

impl Separator {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Dot, Self::Slash, Self::Dash, Self::Blank];

    /// The sign.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dot => ".",
            Self::Slash => "/",
            Self::Dash => "-",
            Self::Blank => " ",
        }
    }

    /// The sign's name, for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dot => "dots",
            Self::Slash => "slashes",
            Self::Dash => "dashes",
            Self::Blank => "blanks",
        }
    }
}

/// The order of day, month and year for each separator, where it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Orders {
    dot: Option<Order>,
    slash: Option<Order>,
    dash: Option<Order>,
    blank: Option<Order>,
}

impl Orders {
    /// One order whatever the separator.
    #[must_use]
    pub fn all(order: Order) -> Self {
        Self { dot: Some(order), slash: Some(order), dash: Some(order), blank: Some(order) }
    }

    /// The same, with an order for one separator.
    #[must_use]
    pub fn with(mut self, separator: Separator, order: Order) -> Self {
        match separator {
            Separator::Dot => self.dot = Some(order),
            Separator::Slash => self.slash = Some(order),
            Separator::Dash => self.dash = Some(order),
            Separator::Blank => self.blank = Some(order),
        }
        self
    }

    /// The order for a separator.
    #[must_use]
    pub fn of(self, separator: Separator) -> Option<Order> {
        match separator {
            Separator::Dot => self.dot,
            Separator::Slash => self.slash,
            Separator::Dash => self.dash,
            Separator::Blank => self.blank,
        }
    }
}

/// What a bare number of five digits in a text means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DayCount {
    /// It is a fault: nothing tells where the count begins. A number cell of a workbook counts from 1900.
    #[default]
    Refused,
    /// Days as most spreadsheets count them, 1 being 1900-01-01.
    From1900,
    /// Days as old ones on a Macintosh do, 0 being 1904-01-01.
    From1904,
}

/// How the dates of a column are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateFormat {
    /// The order, where the column or the mapping proves one. Without it only dates that prove themselves are read.
    pub orders: Orders,
    /// What a year of two digits means.
    pub two_digit_year: TwoDigitYear,
    /// What a bare number in a text means.
    pub day_count: DayCount,
}

impl DateFormat {
    /// For a column that proves no order and needs none.
    pub const UNPROVEN: Self = Self {
        orders: Orders { dot: None, slash: None, dash: None, blank: None },
        two_digit_year: TwoDigitYear::Refuse,
        day_count: DayCount::Refused,
    };

    /// Dates of one order, years with four digits.
    #[must_use]
    pub fn of_order(order: Order) -> Self {
        Self { orders: Orders::all(order), ..Self::UNPROVEN }
    }
}
