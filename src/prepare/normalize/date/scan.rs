//! The grammar of dates: which parts a text has. Settles neither their order nor whether the day exists.

use super::Separator;
use crate::model::Wording;
use crate::prepare::normalize::text::{is_dash, is_invisible, trim};

/// What a text is, as far as its form tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scan {
    /// Nothing but blanks.
    Empty,
    /// Three numbers.
    Numeric(Numeric),
    /// 19800201.
    Compact { year: u32, month: u32, day: u32 },
    /// The month is a word.
    Named { year: Year, month: u32, day: u32 },
    /// A date with a time of day other than midnight.
    HasTime,
    /// Five digits alone: perhaps a spreadsheet's count of days that lost its format.
    DayCount(u32),
    /// No date, and why.
    Unreadable(Wording),
}

/// A date of three numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Numeric {
    /// A year of four digits in front.
    YearFirst { year: u32, month: u32, day: u32 },
    /// A year of four digits at the end.
    YearLast { first: u32, second: u32, year: u32, separator: Separator },
    /// No part has four digits.
    TwoDigits { first: u32, second: u32, third: u32, separator: Separator },
}

/// A year as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Year {
    Four(u32),
    Two(u32),
}

const NO_DATE: Wording = Wording::NoDate;
const YEAR_DIGITS: Wording = Wording::YearDigits;

/// Reads the form of a text.
pub(super) fn scan(text: &str) -> Scan {
    let text = trim(text);
    if text.is_empty() {
        return Scan::Empty;
    }
    let mut cursor = Cursor { rest: text };
    let read = match cursor.number() {
        Some(first) => cursor.after_number(first),
        None => cursor.month_first(),
    };
    let scan = match read {
        Ok(scan) => scan,
        Err(why) => return Scan::Unreadable(why),
    };
    match cursor.tail() {
        Tail::Nothing => scan,
        Tail::TimeOfDay => Scan::HasTime,
        Tail::Other => Scan::Unreadable(NO_DATE),
    }
}

struct Cursor<'text> {
    rest: &'text str,
}

/// A number and how many digits it was written with.
#[derive(Clone, Copy)]
struct Number {
    value: u32,
    width: usize,
}

enum Tail {
    Nothing,
    TimeOfDay,
    Other,
}

impl Cursor<'_> {
    fn after_number(&mut self, first: Number) -> Result<Scan, Wording> {
        if first.width == 8 {
            let (year, month, day) = (first.value / 10_000, first.value / 100 % 100, first.value % 100);
            // Eight digits that begin with a day would make a year that nobody lives in.
            return if (1800..2200).contains(&year) { Ok(Scan::Compact { year, month, day }) } else { Err(Wording::CompactYear) };
        }
        if first.width == 5 && self.rest.is_empty() {
            return Ok(Scan::DayCount(first.value));
        }
        self.skip("\"");
        self.skip("»");
        // 1st, 2nd
        if first.width <= 2 {
            ["st ", "nd ", "rd ", "th "].iter().any(|ending| self.skip_before_blank(ending));
        }
        let Some(separator) = self.separator() else { return Err(NO_DATE) };
        let Some(second) = self.number() else {
            let month = self.month()?;
            // "01-фев.-1980"
            self.skip(".");
            let _ = self.separator();
            let year = self.number().ok_or(NO_DATE)?;
            return named(first, month, year);
        };
        if self.separator() != Some(separator) {
            return Err(NO_DATE);
        }
        let third = self.number().ok_or(NO_DATE)?;
        let short = |number: Number| number.width <= 2;
        match (first.width, second.width, third.width) {
            (4, 1 | 2, 1 | 2) => {
                Ok(Scan::Numeric(Numeric::YearFirst { year: first.value, month: second.value, day: third.value }))
            }
            (1 | 2, 1 | 2, 4) => {
                Ok(Scan::Numeric(Numeric::YearLast { first: first.value, second: second.value, year: third.value, separator }))
            }
            (1 | 2, 1 | 2, 2) => {
                Ok(Scan::Numeric(Numeric::TwoDigits { first: first.value, second: second.value, third: third.value, separator }))
            }
            _ if short(first) && short(second) => Err(YEAR_DIGITS),
            _ => Err(NO_DATE),
        }
    }

    /// "Feb 1, 1980", or a day in quotation marks: "«01» февраля 1980 г."
    fn month_first(&mut self) -> Result<Scan, Wording> {
        if self.skip("«") || self.skip("\"") {
            let day = self.number().ok_or(NO_DATE)?;
            return if day.width <= 2 { self.after_number(day) } else { Err(NO_DATE) };
        }
        let month = self.month()?;
        self.skip(".");
        let _ = self.separator();
        let day = self.number().ok_or(NO_DATE)?;
        ["st", "nd", "rd", "th"].iter().any(|ending| self.skip(ending));
        self.skip(",");
        let _ = self.separator();
        let year = self.number().ok_or(NO_DATE)?;
        named(day, month, year)
    }

    /// Up to eight digits.
    fn number(&mut self) -> Option<Number> {
        let mut number = Number { value: 0, width: 0 };
        for byte in self.rest.bytes() {
            if !byte.is_ascii_digit() {
                break;
            }
            if number.width == 8 {
                return None;
            }
            number.value = number.value * 10 + u32::from(byte - b'0');
            number.width += 1;
        }
        self.rest = self.rest.get(number.width..)?;
        (number.width > 0).then_some(number)
    }

    /// One dot, slash or dash with blanks around it, or blanks alone.
    fn separator(&mut self) -> Option<Separator> {
        // Nearly every date has one ASCII sign and then a digit.
        if let [sign, b'0'..=b'9', ..] = self.rest.as_bytes() {
            let separator = match sign {
                b'.' => Separator::Dot,
                b'/' => Separator::Slash,
                b'-' => Separator::Dash,
                b' ' => Separator::Blank,
                _ => return None,
            };
            self.rest = self.rest.get(1..)?;
            return Some(separator);
        }
        let blanks = self.skip_blanks();
        let separator = match self.rest.chars().next()? {
            '.' => Separator::Dot,
            '/' => Separator::Slash,
            dash if is_dash(dash) => Separator::Dash,
            _ => return blanks.then_some(Separator::Blank),
        };
        let mut chars = self.rest.chars();
        chars.next();
        self.rest = chars.as_str();
        self.skip_blanks();
        Some(separator)
    }

    fn month(&mut self) -> Result<u32, Wording> {
        let end = self.rest.find(|ch: char| !ch.is_alphabetic()).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        if word.is_empty() {
            return Err(NO_DATE);
        }
        self.rest = rest;
        month_of(word).ok_or(Wording::NoMonth)
    }

    /// What stands behind the date: "г.", a time, nothing.
    fn tail(&mut self) -> Tail {
        if self.rest.is_empty() {
            return Tail::Nothing;
        }
        self.skip_blanks();
        if ["года", "год", "г.", "г", "year"].iter().any(|word| self.skip(word)) {
            return if trim(self.rest).is_empty() { Tail::Nothing } else { Tail::Other };
        }
        if !self.skip("T") {
            self.skip("t");
        }
        self.skip(",");
        self.skip_blanks();
        match self.midnight() {
            Some(true) => Tail::Nothing,
            Some(false) => Tail::TimeOfDay,
            None => Tail::Other,
        }
    }

    /// Whether a time that ends the text is midnight, whatever its zone: the date is meant as it is written.
    fn midnight(&mut self) -> Option<bool> {
        let hour = self.number().filter(|hour| hour.width <= 2 && hour.value < 24)?;
        let mut later = 0;
        let mut parts = 0;
        while self.skip(":") {
            later += self.number().filter(|part| part.width == 2 && part.value < 60)?.value;
            parts += 1;
        }
        if !(1..=2).contains(&parts) {
            return None;
        }
        if self.skip(".") {
            let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
            later += u32::from(self.rest.bytes().take(digits).any(|digit| digit != b'0'));
            self.rest = self.rest.get(digits..)?;
        }
        self.skip_blanks();
        let at_twelve = self.skip("AM") || self.skip("am");
        let after_noon = !at_twelve && (self.skip("PM") || self.skip("pm"));
        if !self.skip("Z") && (self.skip("+") || self.skip("-")) {
            self.rest = self.rest.trim_start_matches(|ch: char| ch.is_ascii_digit() || ch == ':');
        }
        let midnight = if at_twelve { hour.value == 12 || hour.value == 0 } else { hour.value == 0 && !after_noon };
        trim(self.rest).is_empty().then_some(midnight && later == 0)
    }

    fn skip(&mut self, prefix: &str) -> bool {
        match self.rest.strip_prefix(prefix) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Skips an ending and leaves the blank behind it.
    fn skip_before_blank(&mut self, ending: &str) -> bool {
        let fits = self.rest.starts_with(ending);
        if fits {
            self.rest = self.rest.get(ending.len() - 1..).unwrap_or("");
        }
        fits
    }

    fn skip_blanks(&mut self) -> bool {
        let rest = self.rest.trim_start_matches(|ch: char| ch.is_whitespace() || is_invisible(ch));
        let skipped = rest.len() < self.rest.len();
        self.rest = rest;
        skipped
    }
}

fn named(day: Number, month: u32, year: Number) -> Result<Scan, Wording> {
    if day.width > 2 {
        return Err(NO_DATE);
    }
    let year = match year.width {
        4 => Year::Four(year.value),
        2 => Year::Two(year.value),
        _ => return Err(YEAR_DIGITS),
    };
    Ok(Scan::Named { year, month, day: day.value })
}

/// The month that a word of at least three letters begins or spells.
fn month_of(word: &str) -> Option<u32> {
    const MONTHS: [[&str; 3]; 12] = [
        ["январь", "января", "january"],
        ["февраль", "февраля", "february"],
        ["март", "марта", "march"],
        ["апрель", "апреля", "april"],
        ["май", "мая", "may"],
        ["июнь", "июня", "june"],
        ["июль", "июля", "july"],
        ["август", "августа", "august"],
        ["сентябрь", "сентября", "september"],
        ["октябрь", "октября", "october"],
        ["ноябрь", "ноября", "november"],
        ["декабрь", "декабря", "december"],
    ];
    let begins = |name: &str| {
        let mut letters = name.chars();
        word.chars().flat_map(char::to_lowercase).all(|letter| letters.next() == Some(letter))
    };
    word.chars().nth(2)?;
    (1..)
        .zip(MONTHS)
        .find(|(_, names)| {
            names.iter().any(|name| begins(name)) || (names[2] == "september" && word.eq_ignore_ascii_case("sept"))
        })
        .map(|(month, _)| month)
}
