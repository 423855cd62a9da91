//! Numbers, times and foreign text as a terminal shows them. Knows nothing about runs.

use crate::model::Lang;

/// A number with a comma between thousands.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Tenths of a percent, rounded; what is not all never becomes 100 %.
pub(super) fn tenths_of_percent(part: u64, whole: u64) -> u128 {
    let (part, whole) = (u128::from(part), u128::from(whole));
    let rounded = (part * 2000 + whole).checked_div(2 * whole).unwrap_or(0);
    if part < whole { rounded.min(999) } else { rounded }
}

/// `1 row`, `2,000 rows`.
pub(super) fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// Forms of a noun: one, few (Russian 2 to 4), many.
pub(super) type Noun = [&'static str; 3];

/// The form of the noun that stands behind this number.
pub(super) fn noun(lang: Lang, number: u64, [one, few, many]: Noun) -> &'static str {
    match lang {
        Lang::En if number == 1 => one,
        Lang::En => many,
        Lang::Ru => match (number % 10, number % 100) {
            (_, 11..=14) => many,
            (1, _) => one,
            (2..=4, _) => few,
            (_, _) => many,
        },
    }
}

/// `1 row`, `1 строка`.
pub(super) fn counted_rows(lang: Lang, number: u64) -> String {
    match lang {
        Lang::En => counted(number, "row"),
        Lang::Ru => format!("{} {}", grouped(number), noun(lang, number, ROWS)),
    }
}

/// Rows by number: one, few, many.
const ROWS: Noun = ["строка", "строки", "строк"];

pub(super) fn duration(lang: Lang, seconds: u64) -> String {
    let (h, min, s) = lang.pick(("h", "min", "s"), ("ч", "мин", "с"));
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds} {s}"),
        (0, _) => format!("{minutes} {min} {seconds} {s}"),
        (_, _) => format!("{hours} {h} {minutes} {min}"),
    }
}

pub(super) fn shortened(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    text.chars().take(chars_max.saturating_sub(1)).chain(['…']).collect()
}

/// Text from files and providers cannot steer the terminal.
pub(super) fn plain(text: &str) -> String {
    // Direction marks could show a line in another order than it has.
    let steers =
        |ch: char| ch.is_control() || matches!(ch, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|ch| if steers(ch) { '\u{fffd}' } else { ch }).collect()
}

/// The same of several lines.
pub(super) fn plain_lines(text: &str) -> String {
    text.split('\n').map(plain).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_read_easily() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([1, 2_000].map(|number| counted(number, "row")), ["1 row", "2,000 rows"]);
        assert_eq!([0, 59, 61, 7_260].map(|seconds| duration(Lang::En, seconds)), ["0 s", "59 s", "1 min 1 s", "2 h 1 min"]);
        assert_eq!(
            [(2, 3), (1, 3), (1, 10_000), (9_999, 10_000), (7, 7), (0, 0)].map(|(part, whole)| tenths_of_percent(part, whole)),
            [667, 333, 0, 999, 1000, 0]
        );
        assert_eq!([shortened("Телефон", 7), shortened("Телефон", 4)], ["Телефон", "Тел…"]);
        assert_eq!(plain("a\u{1b}[2J\u{202e}b"), "a\u{fffd}[2J\u{fffd}b");
    }
}
