//! What a spreadsheet program shows of a number under its format, where that is another text than the number itself: percentages,
//! thousands left out, digits rounded away, digits and words that only the format writes. Knows neither dates nor cells.

use crate::model::Wording;
use std::fmt::Write as _;

/// Digits behind the point that are worked out.
const DECIMALS_MAX: usize = 20;
/// Numbers from here on are shown in scientific notation, whatever they are.
const NUMBER_MAX: f64 = 1e15;

/// What makes people see another thing than the cell holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Otherwise {
    /// A hundredfold with a percent sign.
    Percent,
    /// Thousands or millions of it.
    Scaled,
    /// Fewer digits behind the point.
    Rounded,
    /// Words, or nothing at all.
    Words,
    /// A day without its year, or a month without its day: the program made up the rest.
    PartOfDate,
}

impl Otherwise {
    /// For a fault: no value is repeated.
    pub(super) fn wording(self) -> Wording {
        match self {
            Self::Percent => Wording::ShownPercent,
            Self::Scaled => Wording::ShownScaled,
            Self::Rounded => Wording::ShownRounded,
            Self::Words => Wording::ShownWords,
            Self::PartOfDate => Wording::ShownPartOfDate,
        }
    }
}

/// A number as it is seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) text: String,
    /// Why people who see it and programs that read it part.
    pub(super) otherwise: Option<Otherwise>,
    /// Whether the format writes digits that the number has not: the `+7` of `+7 (000) 000-00-00`.
    pub(super) adds_digits: bool,
}

/// The number under a format's code, point and comma as in English; `None` where the code is beyond this module: conditions,
/// fractions, scientific notation, dates.
pub(super) fn shown(code: &str, number: f64) -> Option<Shown> {
    if !number.is_finite() || number.abs() >= NUMBER_MAX {
        return None;
    }
    let sections = sections(code);
    let (section, is_signed) = match (sections.as_slice(), number) {
        ([only], _) => (*only, true),
        ([positive, _], number) if number >= 0.0 => (*positive, true),
        ([positive, ..], number) if number > 0.0 => (*positive, true),
        ([_, negative, ..], number) if number < 0.0 => (*negative, false),
        ([_, _, zero, ..], _) => (*zero, false),
        ([] | [_, _], _) => return None,
    };
    let pieces = pieces(section)?;
    render(&pieces, number, is_signed)
}

/// Parts of a code between semicolons that are no literals.
fn sections(code: &str) -> Vec<&str> {
    let (mut found, mut start, mut quoted, mut escaped, mut bracketed) = (Vec::new(), 0, false, false, false);
    for (at, ch) in code.char_indices() {
        match ch {
            _ if escaped => escaped = false,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '\\' | '_' | '*' => escaped = true,
            '[' => bracketed = true,
            ']' => bracketed = false,
            ';' if !bracketed => {
                found.extend(code.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    found.extend(code.get(start..));
    found
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    /// `0`, which shows a zero where there is no digit, and `?`, a blank; `#` shows nothing.
    Digit(char),
    Point,
    Comma,
    Percent,
    Literal(char),
}

fn pieces(section: &str) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    if section.eq_ignore_ascii_case("general") {
        return None;
    }
    let mut chars = section.chars();
    while let Some(ch) = chars.next() {
        match ch {
            '"' => pieces.extend(chars.by_ref().take_while(|&ch| ch != '"').map(Piece::Literal)),
            '\\' => pieces.push(Piece::Literal(chars.next()?)),
            '_' => {
                chars.next()?;
                pieces.push(Piece::Literal(' '));
            }
            '*' => {
                chars.next()?;
            }
            '[' => {
                let inside: String = chars.by_ref().take_while(|&ch| ch != ']').collect();
                match inside.strip_prefix('$') {
                    // A currency, with the number of a language behind it.
                    Some(currency) => pieces.extend(currency.split('-').next().unwrap_or("").chars().map(Piece::Literal)),
                    // A colour; conditions choose sections otherwise than by sign.
                    None if inside.starts_with(char::is_alphabetic) && inside.len() > 2 => {}
                    None => return None,
                }
            }
            '0' | '#' | '?' => pieces.push(Piece::Digit(ch)),
            '.' => pieces.push(Piece::Point),
            ',' => pieces.push(Piece::Comma),
            '%' => pieces.push(Piece::Percent),
            ' ' | '-' | '+' | '(' | ')' | '$' | ':' | '!' | '\'' | '^' | '&' | '~' | '{' | '}' | '<' | '>' | '=' | '№' => {
                pieces.push(Piece::Literal(ch));
            }
            '1'..='9' => pieces.push(Piece::Literal(ch)),
            _ if !ch.is_ascii() => pieces.push(Piece::Literal(ch)),
            _ => return None,
        }
    }
    Some(pieces)
}

fn render(pieces: &[Piece], number: f64, is_signed: bool) -> Option<Shown> {
    let is_digit = |piece: &Piece| matches!(piece, Piece::Digit(_));
    let adds_digits = pieces.iter().any(|piece| matches!(piece, Piece::Literal(ch) if ch.is_numeric()));
    let literals = || pieces.iter().filter_map(|piece| if let Piece::Literal(ch) = piece { Some(*ch) } else { None });
    let Some(last) = pieces.iter().rposition(is_digit) else {
        let text = literals().collect::<String>();
        return Some(Shown { text: text.trim().to_owned(), otherwise: Some(Otherwise::Words), adds_digits: false });
    };
    let first = pieces.iter().position(is_digit)?;
    let point = pieces.iter().position(|piece| *piece == Piece::Point);
    let whole_end = point.unwrap_or(pieces.len());
    let last_whole = pieces.get(..whole_end)?.iter().rposition(is_digit);
    let percents = pieces.iter().filter(|piece| **piece == Piece::Percent).count();
    // Commas behind the last digit leave thousands out; between digits they group.
    let end_of_digits = last_whole.unwrap_or(last);
    let scales = pieces.get(end_of_digits + 1..)?.iter().take_while(|piece| **piece == Piece::Comma).count()
        + if point.is_some() { pieces.get(last + 1..)?.iter().take_while(|piece| **piece == Piece::Comma).count() } else { 0 };
    let groups = pieces.get(first..=end_of_digits).is_some_and(|inner| inner.contains(&Piece::Comma));
    let decimals = point.map_or(0, |point| pieces.iter().skip(point).filter(|piece| is_digit(piece)).count());
    if decimals > DECIMALS_MAX || percents > 2 || scales > 4 {
        return None;
    }
    let scaled = number.abs() * 100_f64.powi(i32::try_from(percents).ok()?) / 1000_f64.powi(i32::try_from(scales).ok()?);
    // Programs round the decimal digits that they show, not the binary fraction behind them.
    let rounded = format!("{:.decimals$}", scaled + scaled * 1e-14);
    let (whole, fraction) = rounded.split_once('.').unwrap_or((&rounded, ""));
    let is_rounded = rounded.parse::<f64>().is_ok_and(|shown| (shown - scaled).abs() > scaled.abs() * 1e-12);

    let mut text = String::new();
    if is_signed && number < 0.0 && rounded.bytes().any(|byte| (b'1'..=b'9').contains(&byte)) {
        text.push('-');
    }
    let mut places = pieces.get(..whole_end)?.iter().filter(|piece| is_digit(piece)).count();
    let has_places = places > 0;
    let mut digits = whole.trim_start_matches('0');
    let mut fraction = fraction;
    for (at, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Literal(ch) => text.push(*ch),
            Piece::Percent => text.push('%'),
            Piece::Comma => {}
            Piece::Point => {
                if at > last {
                    continue;
                }
                if !has_places {
                    text.push_str(std::mem::take(&mut digits));
                }
                let shows_any = pieces.iter().skip(at).zip(0..).any(|(piece, _)| *piece == Piece::Digit('0'));
                if shows_any || fraction.bytes().any(|digit| digit != b'0') {
                    text.push('.');
                }
            }
            Piece::Digit(kind) if at < whole_end => {
                // The first place takes all digits that have none of their own.
                let taken = (digits.len() + 1).saturating_sub(places).min(digits.len());
                let (now, rest) = digits.split_at_checked(taken)?;
                let left = places - 1;
                for (nth, digit) in now.chars().enumerate() {
                    text.push(digit);
                    let behind = now.len() - nth - 1 + left;
                    if groups && behind > 0 && behind.is_multiple_of(3) {
                        text.push(',');
                    }
                }
                if now.is_empty() {
                    match kind {
                        '0' => {
                            text.push('0');
                            if groups && left > 0 && left.is_multiple_of(3) {
                                text.push(',');
                            }
                        }
                        '?' => text.push(' '),
                        _ => {}
                    }
                }
                digits = rest;
                places = left;
            }
            Piece::Digit(kind) => {
                let (digit, rest) = fraction.split_at_checked(1)?;
                // `#` shows no zeros at the end.
                if *kind == '0' || fraction.bytes().any(|digit| digit != b'0') {
                    let _ = write!(text, "{digit}");
                }
                fraction = rest;
            }
        }
    }
    let otherwise = if percents > 0 {
        Some(Otherwise::Percent)
    } else if scales > 0 {
        Some(Otherwise::Scaled)
    } else {
        is_rounded.then_some(Otherwise::Rounded)
    };
    Some(Shown { text: text.trim().to_owned(), otherwise, adds_digits })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(code: &str, number: f64) -> Option<String> {
        shown(code, number).map(|shown| shown.text)
    }

    fn otherwise(code: &str, number: f64) -> Option<Otherwise> {
        shown(code, number).and_then(|shown| shown.otherwise)
    }

    #[test]
    fn formats_show_what_spreadsheet_programs_show() {
        for (code, number, wanted) in [
            ("0%", 0.25, "25%"),
            ("0.00%", 0.1234, "12.34%"),
            ("0.0#%", 0.25, "25.0%"),
            ("0", 12.7, "13"),
            ("0.00", 1234.567, "1234.57"),
            ("#,##0.00", 1_234_567.891, "1,234,567.89"),
            ("#,##0", 999.0, "999"),
            ("0,000", 7.0, "0,007"),
            ("#,##0,", 1_234_567.0, "1,235"),
            ("0.0,,", 1_250_000.0, "1.3"),
            ("000-000-000 00", 11_223_344_595.0, "112-233-445 95"),
            ("+7 (000) 000-00-00", 9_161_234_567.0, "+7 (916) 123-45-67"),
            ("\"+7\" 000\\-0000000", 9_161_234_567.0, "+7 916-1234567"),
            ("0\" лет\"", 5.0, "5 лет"),
            ("#,##0.00\\ \"₽\"", 1500.5, "1,500.50 ₽"),
            ("[$€-407]\\ #,##0.00", 12.0, "€ 12.00"),
            ("[Red]0.0", -2.0, "-2.0"),
            ("0.0;[Red](0.0)", -2.0, "(2.0)"),
            ("0;-0;\"нет\"", 0.0, "нет"),
            ("\"да\";\"минус\";\"нет\"", 1.0, "да"),
            (";;;", 12.0, ""),
            ("#", 0.0, ""),
            ("#.##", 0.5, ".5"),
            (".0", 12.5, "12.5"),
            ("00.00", 1.5, "01.50"),
        ] {
            assert_eq!(text(code, number).as_deref(), Some(wanted), "{code} of {number}");
        }
        for code in ["General", "dd.mm.yyyy", "[h]:mm", "0.00E+00", "# ?/?", "[>100]0;0.0", "@", "h:mm"] {
            assert_eq!(text(code, 12.0), None, "{code}");
        }
        assert_eq!(text("0", 1e15), None);
    }

    #[test]
    fn what_parts_the_reader_from_the_program_is_named() {
        assert_eq!(otherwise("0%", 0.25), Some(Otherwise::Percent));
        assert_eq!(otherwise("0,", 5000.0), Some(Otherwise::Scaled));
        assert_eq!(otherwise("0.00", 1.005), Some(Otherwise::Rounded));
        assert_eq!(otherwise(";;;", 1.0), Some(Otherwise::Words));
        assert_eq!((otherwise("0.00", 1.25), otherwise("#,##0", 1000.0), otherwise("0\" шт\"", 3.0)), (None, None, None));
        assert_eq!(otherwise("0.0", 0.1), None);
        let adds = |code: &str| shown(code, 9_161_234_567.0).is_some_and(|shown| shown.adds_digits);
        assert!(adds("+7 (000) 000-00-00") && adds("\"8\"0000000000") && !adds("0000000000") && !adds("+0 (000) 000-00-00"));
    }

    proptest! {
        /// No format makes a panic, and what it shows of a whole number has the number's digits, unless it says otherwise.
        #[test]
        fn digits_are_kept_or_it_is_said(code in "[0#?.,%()+ \"\\\\;_*\\[\\]a-z$-]{0,12}", number in -1e16_f64..1e16, whole in 0_u32..) {
            let _ = shown(&code, number);
            // A point among the literals would look like the number's.
            let is_clear = |seen: &Shown| seen.otherwise.is_none() && !seen.adds_digits && !code.contains(['"', '\\', '[']);
            if let Some(seen) = shown(&code, f64::from(whole)).filter(is_clear) {
                let digits: String = seen.text.split('.').next().unwrap_or("").chars().filter(char::is_ascii_digit).collect();
                let kept = digits.trim_start_matches('0').parse::<u32>().unwrap_or(0);
                prop_assert_eq!(kept, whole, "{} {:?}", code, seen);
            }
        }
    }
}
