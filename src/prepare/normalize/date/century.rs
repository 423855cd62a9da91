//! What a year of two digits means. One rule for each kind of date; where a rule gives no year, the cell is a fault.

use chrono::{Datelike, NaiveDate};

use super::{day_of, no_such_day};
use crate::model::{Code, Wording};
use crate::prepare::normalize::{CellFault, Parsed};

/// Ages that clients have. Between them lie fewer than a hundred years, so at most one century fits; and who is younger is a hundred
/// years younger than somebody who is older, so that a child is refused and not taken for a greybeard.
const AGES: std::ops::RangeInclusive<u32> = 14..=99;
const YEARS_AHEAD: i32 = 50;

/// What a year of two digits means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TwoDigitYear {
    /// It is a fault.
    Refuse,
    /// The birth of somebody who is 14 to 99 years old; a fault where no century makes it so.
    Birth {
        /// The day on which the age is counted.
        today: NaiveDate,
    },
    /// The latest year with these digits in which the date is not after `today`.
    Past {
        /// The last day that the date can be.
        today: NaiveDate,
    },
    /// The year that is nearest, at most 50 years ahead: for dates until which something is valid.
    Near {
        /// The day to which it is near.
        today: NaiveDate,
    },
}

impl TwoDigitYear {
    /// The rule for a field.
    #[must_use]
    pub fn of_field(field: &str, today: NaiveDate) -> Self {
        let field = field.to_ascii_lowercase();
        let names = |words: &[&str]| words.iter().any(|word| field.contains(word));
        if names(&["birth"]) {
            Self::Birth { today }
        } else if names(&["expir", "valid_until", "validuntil", "valid_to", "validto"]) {
            Self::Near { today }
        } else {
            Self::Past { today }
        }
    }

    /// The day.
    pub(super) fn resolve(self, year: u32, month: u32, day: u32) -> Parsed<NaiveDate> {
        let fault = |message: Wording| Err(CellFault::new(Code::DateTwoDigitYear, message));
        match self {
            Self::Refuse => fault(Wording::YearTwoDigits),
            Self::Birth { today } => {
                let days = centuries(today, year, month, day);
                if days.is_empty() {
                    return Err(no_such_day());
                }
                let mut likely = days.into_iter().filter(|born| today.years_since(*born).is_some_and(|age| AGES.contains(&age)));
                match likely.next() {
                    Some(born) => Ok(born),
                    None => fault(Wording::NoLikelyCentury),
                }
            }
            Self::Past { today } => {
                let this_century = century(today);
                let in_this_century = (this_century + year, month, day) <= (number(today.year()), today.month(), today.day());
                day_of(if in_this_century { this_century + year } else { (this_century + year).saturating_sub(100) }, month, day)
            }
            Self::Near { today } => {
                let last = today.year() + YEARS_AHEAD;
                let years = [century(today) + 100 + year, century(today) + year, (century(today) + year).saturating_sub(100)];
                let year = years.into_iter().find(|year| i32::try_from(*year).is_ok_and(|year| year <= last));
                day_of(year.unwrap_or(0), month, day)
            }
        }
    }
}

/// The day in every century in which it exists, up to this one, latest first.
fn centuries(today: NaiveDate, year: u32, month: u32, day: u32) -> Vec<NaiveDate> {
    let this_century = century(today) + year;
    let years = [this_century, this_century.saturating_sub(100), this_century.saturating_sub(200)];
    years.into_iter().filter_map(|year| day_of(year, month, day).ok()).collect()
}

fn century(today: NaiveDate) -> u32 {
    number(today.year()) / 100 * 100
}

fn number(year: i32) -> u32 {
    u32::try_from(year).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Days;
    use proptest::prelude::*;

    fn today() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 3, 10).expect("a day")
    }

    proptest! {
        #[test]
        fn no_client_is_born_in_the_wrong_century(days in 0u64..45_000) {
            // Everybody from a newborn to 123 years; nobody is older than 122.
            let born = today().checked_sub_days(Days::new(days)).expect("a day");
            let rule = TwoDigitYear::Birth { today: today() };
            let age = today().years_since(born).expect("in the past");
            match rule.resolve(number(born.year()) % 100, born.month(), born.day()) {
                Ok(read) if age <= 113 => prop_assert_eq!(read, born),
                Ok(read) => prop_assert!(read <= today() && today().years_since(read).is_some_and(|age| age < 100)),
                Err(fault) => {
                    prop_assert!(!(14..=99).contains(&age));
                    prop_assert_eq!(fault.code, Code::DateTwoDigitYear);
                }
            }
        }
    }

    #[test]
    fn other_dates_have_rules_of_their_own() {
        let read = |field: &str, year: u32| TwoDigitYear::of_field(field, today()).resolve(year, 1, 1).map(|day| day.year());
        assert_eq!(read("documents[0].issue_date", 27), Ok(1927));
        assert_eq!(read("documents[0].issue_date", 26), Ok(2026));
        assert_eq!(read("documents[0].expiry_date", 27), Ok(2027));
        assert_eq!(read("documents[0].expiry_date", 76), Ok(2076));
        assert_eq!(read("documents[0].expiry_date", 77), Ok(1977));
        assert_eq!(read("person.birthDate", 12), Ok(2012));
        assert_eq!(TwoDigitYear::Birth { today: today() }.resolve(1, 2, 30).unwrap_err().code, Code::DateNoSuchDay);
    }
}
