//! What counts over a column prove: one order for each separator, or what is missing or contradictory. Sees no cell.
//!
//! A date allows a set of orders. The column's order is what all dates with the same separator allow; one separator proves nothing
//! for another, because mixed columns come from several programs. Dots prove nothing by themselves; where the file itself says who
//! writes them ([`Dotted`]), day first holds, and only while nothing in the column speaks for another order.

use super::evidence::Sightings;
use super::{Order, Orders, Separator};
use crate::model::Place;

/// Orders, one bit each.
type Fits = usize;
const ORDERS: [(Order, Fits); 3] = [(Order::DayMonthYear, 1), (Order::MonthDayYear, 2), (Order::YearMonthDay, 4)];
const DAY: Fits = 1;
const MONTH: Fits = 2;
const YEAR: Fits = 4;

/// Which orders give the same day, where not all do.
#[derive(Clone, Copy)]
enum Alike {
    None,
    DayAndMonth,
    DayAndYear,
}

impl Alike {
    const ALL: [Self; 3] = [Self::None, Self::DayAndMonth, Self::DayAndYear];

    /// How many different days these orders give.
    fn days(self, fits: Fits) -> u32 {
        let merged = match self {
            Self::None => 0,
            Self::DayAndMonth => u32::from(fits & (DAY | MONTH) == DAY | MONTH),
            Self::DayAndYear => u32::from(fits & (DAY | YEAR) == DAY | YEAR),
        };
        fits.count_ones() - merged
    }
}

/// The numeric dates of one separator whose reading depends on the order, by the set of orders that they allow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Group {
    dates: [[Sightings; 8]; Alike::ALL.len()],
    long_years: Sightings,
}

impl Group {
    /// A date whose last part is a year of four digits.
    pub(super) fn long_year(&mut self, first: u32, second: u32, place: Place) {
        self.long_years.add(place);
        let fits = if is_day(first, second) { DAY } else { 0 } | if is_day(second, first) { MONTH } else { 0 };
        // The same either way, or no day at all: it speaks for nothing.
        if first != second && fits > 0 {
            self.dates[Alike::None as usize][fits].add(place);
        }
    }

    /// A date without a year of four digits.
    pub(super) fn short_year(&mut self, first: u32, second: u32, third: u32, place: Place) {
        let fits = if exists(third, second, first) { DAY } else { 0 }
            | if exists(third, first, second) { MONTH } else { 0 }
            | if exists(first, second, third) { YEAR } else { 0 };
        let alike = match (first == second, first == third) {
            (true, true) => return,
            (true, false) => Alike::DayAndMonth,
            (false, true) => Alike::DayAndYear,
            (false, false) => Alike::None,
        };
        if fits > 0 {
            self.dates[alike as usize][fits].add(place);
        }
    }

    /// Pairs all counts of two groups.
    pub(super) fn each_with(&mut self, other: &Self, mut pair: impl FnMut(&mut Sightings, Sightings)) {
        let mine = self.dates.iter_mut().flatten();
        mine.zip(other.dates.iter().flatten()).for_each(|(mine, other)| pair(mine, *other));
        pair(&mut self.long_years, other.long_years);
    }

    fn seen(&self) -> impl Iterator<Item = (Alike, Fits, Sightings)> {
        Alike::ALL
            .into_iter()
            .zip(&self.dates)
            .flat_map(|(alike, dates)| dates.iter().enumerate().map(move |(fits, seen)| (alike, fits, *seen)))
            .filter(|(_, _, seen)| seen.count > 0)
    }

    /// The dates of which the predicate says so.
    fn sum(&self, counts: impl Fn(Alike, Fits) -> bool) -> Sightings {
        let mut sum = Sightings::default();
        self.seen().filter(|(alike, fits, _)| counts(*alike, *fits)).for_each(|(_, _, seen)| sum.include(seen));
        sum
    }

    fn decide(&self) -> Decision {
        if self.seen().next().is_none() {
            return Decision::NotNeeded;
        }
        // Beside years of four digits at the end no year stands in front.
        let possible = if self.long_years.count > 0 { DAY | MONTH } else { DAY | MONTH | YEAR };
        let allowed = self.seen().fold(possible, |allowed, (_, fits, _)| allowed & fits);
        let orders = |set: Fits| ORDERS.into_iter().filter(move |(_, bit)| set & bit > 0);
        if allowed == 0 {
            let against = orders(possible).map(|(order, bit)| {
                let seen = self.sum(|_, fits| fits & bit == 0);
                Against { order, dates: seen.count, first: seen.first }
            });
            return Decision::Contradiction(against.collect());
        }
        let open = self.sum(|alike, fits| alike.days(fits & allowed) > 1);
        if open.count > 0 {
            let fits = orders(allowed).map(|(order, _)| order).collect();
            return Decision::Open { fits, dates: open.count, first: open.first };
        }
        let deciding = self.sum(|_, fits| fits & possible != possible);
        match orders(allowed).next() {
            Some((order, _)) if deciding.count > 0 => Decision::Proven { order, dates: deciding.count, first: deciding.first },
            Some(_) | None => Decision::NotNeeded,
        }
    }

    /// Dates that by themselves could be several days, and dates that could not.
    pub(super) fn weigh(&self) -> (u64, u64) {
        (self.sum(|alike, fits| alike.days(fits) > 1).count, self.sum(|alike, fits| alike.days(fits) == 1).count)
    }
}

fn is_day(day: u32, month: u32) -> bool {
    (1..=31).contains(&day) && (1..=12).contains(&month)
}

/// Whether there is such a day in a year with these last two digits.
fn exists(year: u32, month: u32, day: u32) -> bool {
    let days = match month {
        2 if year.is_multiple_of(4) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    is_day(day, month) && day <= days
}

/// How many dates speak against an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Against {
    /// The order.
    pub order: Order,
    /// How many dates it gives no day for.
    pub dates: u64,
    /// Where the first of them stands.
    pub first: Option<Place>,
}

/// What the file says about dates with dots besides the column's own values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Dotted {
    /// Nothing.
    #[default]
    Unsaid,
    /// The names of its columns are written in Cyrillic: whoever writes so and puts dots into dates puts the day first.
    Cyrillic,
    /// Another column of it has dates with dots that allow no other order than day first: its header.
    Column(String),
}

/// What the dates of one separator prove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// None of them depends on an order.
    NotNeeded,
    /// Only one order gives a day for each.
    Proven {
        /// The order.
        order: Order,
        /// How many dates exclude another one.
        dates: u64,
        /// Where the first of them stands.
        first: Option<Place>,
    },
    /// Several orders do, but the dates have dots, and the file says that these mean day, month, year.
    ByDots {
        /// How the file says so.
        by: Dotted,
        /// How many dates could be read in another order.
        dates: u64,
        /// Where the first of them stands.
        first: Option<Place>,
    },
    /// Several orders do.
    Open {
        /// The orders.
        fits: Vec<Order>,
        /// How many dates would be other days in another order.
        dates: u64,
        /// Where the first of them stands.
        first: Option<Place>,
    },
    /// No order does.
    Contradiction(Vec<Against>),
}

/// What the dates of one separator prove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupProof {
    /// The separator.
    pub separator: Separator,
    /// What they prove.
    pub decision: Decision,
}

impl GroupProof {
    /// The order to read them in; `None` where there is none to give.
    #[must_use]
    pub fn order(&self) -> Option<Order> {
        match &self.decision {
            Decision::Proven { order, .. } => Some(*order),
            Decision::ByDots { .. } => Some(Order::DayMonthYear),
            Decision::NotNeeded | Decision::Open { .. } | Decision::Contradiction(_) => None,
        }
    }

    /// Whether a person has to settle the order.
    #[must_use]
    pub fn is_open(&self) -> bool {
        match &self.decision {
            Decision::Open { .. } | Decision::Contradiction(_) => true,
            Decision::NotNeeded | Decision::Proven { .. } | Decision::ByDots { .. } => false,
        }
    }
}

/// What a column proves: a decision for each separator that its dates have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// The decisions. Empty where no date of the column needs an order.
    pub groups: Vec<GroupProof>,
}

impl Proof {
    pub(super) fn of(groups: &[Group; Separator::ALL.len()], dotted: &Dotted) -> Self {
        let mut proofs: Vec<GroupProof> = Separator::ALL
            .into_iter()
            .zip(groups)
            .map(|(separator, group)| GroupProof { separator, decision: group.decide() })
            .filter(|group| group.decision != Decision::NotNeeded)
            .collect();
        let others_disagree =
            proofs.iter().filter(|group| group.separator != Separator::Dot).any(|group| match &group.decision {
                Decision::Proven { order, .. } => *order != Order::DayMonthYear,
                Decision::Contradiction(_) => true,
                Decision::NotNeeded | Decision::ByDots { .. } | Decision::Open { .. } => false,
            });
        if let Some(dots) = proofs.iter_mut().find(|group| group.separator == Separator::Dot && !others_disagree)
            && let Decision::Open { fits, dates, first } = &dots.decision
            && fits.contains(&Order::DayMonthYear)
            && *dotted != Dotted::Unsaid
        {
            dots.decision = Decision::ByDots { by: dotted.clone(), dates: *dates, first: *first };
        }
        Self { groups: proofs }
    }

    /// The orders to read the column in.
    #[must_use]
    pub fn orders(&self) -> Orders {
        self.groups.iter().fold(Orders::default(), |orders, group| match group.order() {
            Some(order) => orders.with(group.separator, order),
            None => orders,
        })
    }

    /// Whether a person has to settle an order.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.groups.iter().any(GroupProof::is_open)
    }
}
