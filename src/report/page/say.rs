//! Numbers, times and counted things as people write them in each language. Knows nothing about runs.

use chrono::{DateTime, Utc};

use super::super::words::tenths_of_percent;
pub(super) use super::super::words::{Noun, noun};
use crate::model::Lang;

/// `13,573`, `13 573`.
pub(super) fn number(lang: Lang, number: u64) -> String {
    // A narrow blank that does not break.
    let between = lang.pick(',', '\u{202f}');
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(between);
        }
        text.push(digit);
    }
    text
}

/// `12.3 %`; what is there is never `0 %`, and what is not all is never `100 %`.
pub(super) fn share(lang: Lang, part: u64, whole: u64) -> String {
    let tenths = match (part, tenths_of_percent(part, whole)) {
        (0, _) => 0,
        (_, 0) => return lang.pick("< 0.1 %".to_owned(), "< 0,1 %".to_owned()),
        (_, found) => found,
    };
    if tenths.is_multiple_of(10) {
        return format!("{} %", tenths / 10);
    }
    format!("{}{}{} %", tenths / 10, lang.pick('.', ','), tenths % 10)
}

/// `2,000 rows`, `2 000 строк`.
pub(super) fn counted(lang: Lang, count: u64, forms: Noun) -> String {
    format!("{}\u{a0}{}", number(lang, count), noun(lang, count, forms))
}

/// `2026-05-04 03:02 UTC`, `04.05.2026 03:02 UTC`.
pub(super) fn time(lang: Lang, time: DateTime<Utc>) -> String {
    time.format(lang.pick("%Y-%m-%d %H:%M UTC", "%d.%m.%Y %H:%M UTC")).to_string()
}

/// A time as machines read it.
pub(super) fn machine_time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// `1 min 23 s`.
pub(super) fn duration(lang: Lang, seconds: u64) -> String {
    let (day, hour, minute, second) = lang.pick(("d", "h", "min", "s"), ("д", "ч", "мин", "с"));
    let parts = [(seconds / 86_400, day), (seconds / 3600 % 24, hour), (seconds / 60 % 60, minute), (seconds % 60, second)];
    let first = parts.iter().position(|(count, _)| *count > 0).unwrap_or(parts.len() - 1);
    let told = parts.iter().skip(first).take(2).filter(|(count, _)| *count > 0 || seconds == 0);
    told.map(|(count, unit)| format!("{count}\u{a0}{unit}")).collect::<Vec<_>>().join(" ")
}

/// `12 KB`, rounded up.
pub(super) fn size(lang: Lang, bytes: u64) -> String {
    let (b, kb, mb) = lang.pick(("B", "KB", "MB"), ("Б", "КБ", "МБ"));
    match bytes {
        0..1000 => format!("{bytes}\u{a0}{b}"),
        1000..1_000_000 => format!("{}\u{a0}{kb}", bytes.div_ceil(1000)),
        _ => format!("{}\u{a0}{mb}", number(lang, bytes.div_ceil(1_000_000))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_in_the_language() {
        assert_eq!([Lang::En, Lang::Ru].map(|lang| number(lang, 1_234_567)), ["1,234,567", "1\u{202f}234\u{202f}567"]);
        let rows: Noun = ["строка", "строки", "строк"];
        let forms = [1, 2, 5, 11, 14, 21, 22, 111, 0].map(|count| noun(Lang::Ru, count, rows));
        assert_eq!(forms, ["строка", "строки", "строк", "строк", "строк", "строка", "строки", "строк", "строк"]);
        assert_eq!(counted(Lang::En, 1, ["row", "", "rows"]), "1\u{a0}row");
    }

    #[test]
    fn shares_round_towards_neither_nothing_nor_all() {
        let shares = [(0, 7), (1, 10_000), (1, 3), (2, 3), (1, 2), (9_999, 10_000), (7, 7), (0, 0)];
        let told = shares.map(|(part, whole)| share(Lang::En, part, whole));
        assert_eq!(told, ["0 %", "< 0.1 %", "33.3 %", "66.7 %", "50 %", "99.9 %", "100 %", "0 %"]);
        assert_eq!(share(Lang::Ru, 1, 3), "33,3 %");
    }

    #[test]
    fn times_and_sizes_are_short() {
        assert_eq!(
            [0, 59, 61, 3600, 7_265, 90_000].map(|seconds| duration(Lang::En, seconds).replace('\u{a0}', " ")),
            ["0 s", "59 s", "1 min 1 s", "1 h", "2 h 1 min", "1 d 1 h"]
        );
        assert_eq!([12, 1_001, 2_500_000].map(|bytes| size(Lang::En, bytes).replace('\u{a0}', " ")), ["12 B", "2 KB", "3 MB"]);
        let at = DateTime::from_timestamp(1_777_863_721, 0).unwrap_or_default();
        assert_eq!([time(Lang::En, at), time(Lang::Ru, at)], ["2026-05-04 03:02 UTC", "04.05.2026 03:02 UTC"]);
    }
}
