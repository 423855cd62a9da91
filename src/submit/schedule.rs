//! The daily time window in which requests may leave, by the wall clock of a time zone. Pure: the time is passed in.
//!
//! There is one opening a day. Where clocks are set back, the window's edges stand twice: it opens at the later and closes at the
//! earlier one. Where clocks are set forward over an edge, the moment of the change is meant. So no request ever leaves at a time
//! that a clock on that wall shows as outside.

use std::fmt;
use std::str::FromStr as _;

use chrono::{DateTime, Days, Local, LocalResult, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

/// Clocks are set forward by less than this.
const GAP_MINUTES_MAX: i64 = 26 * 60;

/// Whose wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Zone {
    Named(Tz),
    /// That of this machine.
    Local,
}

/// A daily window: `22:00-06:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    from: NaiveTime,
    to: NaiveTime,
    zone: Zone,
}

/// One opening of the window, milliseconds since 1970 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// When it opens.
    pub from_ms: i64,
    /// When it closes.
    pub until_ms: i64,
}

impl Schedule {
    /// Reads `22:00-06:00` and the name of a time zone, such as `Europe/Moscow`; this machine's where none is given.
    ///
    /// # Errors
    /// What is wrong with either, for a person.
    pub fn parse(window: &str, zone: Option<&str>) -> Result<Self, String> {
        let wrong = || format!("`{window}` is no time window: write it as 22:00-06:00");
        let (from, to) = window.split_once('-').ok_or_else(wrong)?;
        let time = |text: &str| NaiveTime::parse_from_str(text.trim(), "%H:%M").map_err(|_| wrong());
        let (from, to) = (time(from)?, time(to)?);
        if from == to {
            return Err(format!("`{window}` begins when it ends: leave the window out to send at any time"));
        }
        let zone = match zone {
            None => Zone::Local,
            Some(name) => Zone::Named(
                Tz::from_str(name).map_err(|_| format!("`{name}` is no time zone: write it as Europe/Moscow or UTC"))?,
            ),
        };
        Ok(Self { from, to, zone })
    }

    /// The opening that holds this time; where none does, the next one. `None` only at the ends of the calendar.
    #[must_use]
    pub fn opening_at(&self, now_ms: i64) -> Option<Opening> {
        match self.zone {
            Zone::Named(zone) => self.opening_in(&zone, now_ms),
            Zone::Local => self.opening_in(&Local, now_ms),
        }
    }

    /// `2026-11-22 22:00 Europe/Moscow`.
    #[must_use]
    pub fn tell(&self, ms: i64) -> String {
        let Some(at) = DateTime::<Utc>::from_timestamp_millis(ms) else { return "a time that no calendar holds".to_owned() };
        match self.zone {
            Zone::Named(zone) => format!("{} {zone}", at.with_timezone(&zone).format("%Y-%m-%d %H:%M")),
            Zone::Local => at.with_timezone(&Local).format("%Y-%m-%d %H:%M").to_string(),
        }
    }

    fn opening_in<Z: TimeZone>(&self, zone: &Z, now_ms: i64) -> Option<Opening> {
        let today = DateTime::<Utc>::from_timestamp_millis(now_ms)?.with_timezone(zone).date_naive();
        let mut day = today.checked_sub_days(Days::new(1))?;
        // A day can have no opening, where clocks jump over all of it.
        for _ in 0..5 {
            let last = if self.to > self.from { day } else { day.checked_add_days(Days::new(1))? };
            let opening = Opening {
                from_ms: instant(zone, day, self.from, Edge::Opens)?.timestamp_millis(),
                until_ms: instant(zone, last, self.to, Edge::Closes)?.timestamp_millis(),
            };
            if opening.until_ms > now_ms && opening.until_ms > opening.from_ms {
                return Some(opening);
            }
            day = day.checked_add_days(Days::new(1))?;
        }
        None
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.from.format("%H:%M"), self.to.format("%H:%M"))?;
        match self.zone {
            Zone::Named(zone) => write!(f, " {zone}"),
            Zone::Local => Ok(()),
        }
    }
}

#[derive(Clone, Copy)]
enum Edge {
    Opens,
    Closes,
}

/// When the wall clock shows this time.
fn instant<Z: TimeZone>(zone: &Z, day: NaiveDate, time: NaiveTime, edge: Edge) -> Option<DateTime<Z>> {
    let wanted = day.and_time(time);
    for minutes in 0..GAP_MINUTES_MAX {
        match (zone.from_local_datetime(&wanted.checked_add_signed(TimeDelta::minutes(minutes))?), edge) {
            (LocalResult::Single(at), _) => return Some(at),
            (LocalResult::Ambiguous(one, other), Edge::Opens) => return Some(one.max(other)),
            (LocalResult::Ambiguous(one, other), Edge::Closes) => return Some(one.min(other)),
            // The clock jumps over this minute: the first one after it is the moment of the jump.
            (LocalResult::None, Edge::Opens | Edge::Closes) => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str) -> i64 {
        DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis()
    }

    fn opening(window: &str, zone: &str, now: &str) -> (String, String) {
        let schedule = Schedule::parse(window, Some(zone)).unwrap();
        let opening = schedule.opening_at(ms(now)).unwrap();
        let text = |ms: i64| DateTime::<Utc>::from_timestamp_millis(ms).unwrap().format("%d %H:%M").to_string();
        (text(opening.from_ms), text(opening.until_ms))
    }

    #[test]
    fn a_night_is_one_opening_over_midnight() {
        let at = |now| opening("22:00-06:00", "Europe/Moscow", now);
        let night = ("21 19:00".to_owned(), "22 03:00".to_owned());
        assert_eq!(at("2026-11-21T12:00:00Z"), night, "before");
        assert_eq!(at("2026-11-21T19:00:00Z"), night, "at its beginning");
        assert_eq!(at("2026-11-22T02:59:59Z"), night, "at its end");
        assert_eq!(at("2026-11-22T03:00:00Z"), ("22 19:00".to_owned(), "23 03:00".to_owned()), "after");
        let day = opening("09:00-17:30", "UTC", "2026-11-21T17:30:00Z");
        assert_eq!(day, ("22 09:00".to_owned(), "22 17:30".to_owned()));
    }

    #[test]
    fn clocks_that_are_set_forward_or_back_let_nothing_out_of_the_window() {
        // Berlin, 29 March 2026: 02:00 becomes 03:00, at 01:00 UTC.
        let spring = |window| opening(window, "Europe/Berlin", "2026-03-29T00:30:00Z");
        assert_eq!(spring("02:30-06:00"), ("29 01:00".to_owned(), "29 04:00".to_owned()), "opens at the jump");
        assert_eq!(spring("22:00-02:30"), ("28 21:00".to_owned(), "29 01:00".to_owned()), "closes at the jump");
        assert_eq!(spring("02:10-02:50"), ("30 00:10".to_owned(), "30 00:50".to_owned()), "that night has none");
        assert_eq!(spring("22:00-06:00"), ("28 21:00".to_owned(), "29 04:00".to_owned()), "an hour shorter");
        // 25 October 2026: 03:00 becomes 02:00, at 01:00 UTC.
        let autumn = |window| opening(window, "Europe/Berlin", "2026-10-25T00:10:00Z");
        assert_eq!(autumn("02:30-06:00"), ("25 01:30".to_owned(), "25 05:00".to_owned()), "opens at the second 02:30");
        assert_eq!(autumn("22:00-02:30"), ("24 20:00".to_owned(), "25 00:30".to_owned()), "closes at the first 02:30");
        assert_eq!(autumn("22:00-06:00"), ("24 20:00".to_owned(), "25 05:00".to_owned()), "an hour longer");
    }

    #[test]
    fn every_moment_of_an_opening_is_inside_by_the_clock_on_the_wall() {
        for zone in ["Europe/Berlin", "Europe/Moscow", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia", "UTC"] {
            let tz: Tz = zone.parse().unwrap();
            for window in ["22:00-06:00", "01:15-02:45", "02:30-01:30", "00:00-03:00", "23:59-00:01"] {
                let schedule = Schedule::parse(window, Some(zone)).unwrap();
                let mut now = ms("2026-01-01T00:00:00Z");
                while now < ms("2027-01-01T00:00:00Z") {
                    let opening = schedule.opening_at(now).unwrap();
                    for at in [opening.from_ms, (opening.from_ms + opening.until_ms) / 2, opening.until_ms - 1] {
                        let shown = DateTime::<Utc>::from_timestamp_millis(at).unwrap().with_timezone(&tz).time();
                        let inside = if schedule.from < schedule.to {
                            shown >= schedule.from && shown < schedule.to
                        } else {
                            shown >= schedule.from || shown < schedule.to
                        };
                        // Where a clock jumps over the closing edge, the wall shows the jump's end at that very moment.
                        assert!(inside, "{zone} {window}: {shown}");
                    }
                    now = opening.until_ms;
                }
            }
        }
    }

    #[test]
    fn what_is_no_window_is_told() {
        for (window, zone) in [("22-06", None), ("22:00", None), ("25:00-06:00", None), ("06:00-06:00", None)] {
            assert!(Schedule::parse(window, zone).unwrap_err().contains(window), "{window}");
        }
        assert!(Schedule::parse("22:00-06:00", Some("Moscow")).unwrap_err().contains("Europe/Moscow"));
    }
}
