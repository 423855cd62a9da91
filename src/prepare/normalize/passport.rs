//! Series, number and division code of a Russian passport, and numbers of other documents. Pads nothing, asks no register.

use super::digits::Digits;
use super::text::{is_dash, is_invisible, parse as parse_text, same_word, trim};
use super::{CellFault, Parsed, damage};
use crate::model::{CellKind, Code, Message, Wording};

const SERIES_DIGITS: usize = 4;
const NUMBER_DIGITS: usize = 6;

/// Words and signs that say only what the digits beside them are.
const LABELS: [&str; 12] = ["серия", "сер", "с", "номер", "ном", "н", "паспорт", "рф", "series", "number", "no", "n"];

/// The four digits of a passport's series: `4509` from `45 09`.
pub fn series(text: &str, kind: CellKind) -> Parsed<String> {
    part(text, kind, SERIES_DIGITS, Code::PassportSeries, Wording::SeriesOf)
}

/// The six digits of a passport's number.
pub fn number(text: &str, kind: CellKind) -> Parsed<String> {
    part(text, kind, NUMBER_DIGITS, Code::PassportNumber, Wording::NumberOf)
}

fn part(text: &str, kind: CellKind, wanted: usize, code: Code, what: Wording) -> Parsed<String> {
    if let Some(fault) = damage::check(text, kind) {
        return Err(fault);
    }
    let digits = only_digits(damage::integer_part(trim(text)), code)?;
    digits.exactly(wanted).map(str::to_owned).ok_or_else(|| {
        let lost_zero = if digits.count() < wanted { Wording::LostZerosPerhaps } else { Wording::Nothing };
        CellFault::new(code, Wording::DigitsOf.with([digits.count().into(), what.into(), wanted.into(), lost_zero.into()]))
    })
}

/// Series and number from one cell: `45 09 123456`, `4509123456`, `серия 4509 № 123456`.
pub fn series_and_number(text: &str, kind: CellKind) -> Parsed<(String, String)> {
    if let Some(fault) = damage::check(text, kind) {
        return Err(fault);
    }
    let text = damage::integer_part(trim(text));
    if text.is_empty() {
        return Err(CellFault::empty());
    }
    let unreadable = |message: Message| Err(CellFault::new(Code::PassportUnreadable, message));
    let mut digits = Digits::empty();
    // Whether a group of digits ends behind the series, and whether one ends elsewhere than behind its first half.
    let (mut ends_behind_series, mut ends_elsewhere) = (false, false);
    let is_digit = |ch: char| ch.is_ascii_digit();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if is_digit(first) {
            let end = rest.find(|ch| !is_digit(ch)).unwrap_or(rest.len());
            rest.bytes().take(end).for_each(|digit| digits.push(digit));
            match digits.count() {
                SERIES_DIGITS => ends_behind_series = true,
                2 | 10.. => {}
                _ => ends_elsewhere = true,
            }
            rest = rest.get(end..).unwrap_or("");
        } else if first.is_alphabetic() {
            let end = rest.find(|ch: char| !ch.is_alphabetic()).unwrap_or(rest.len());
            let (word, behind) = rest.split_at(end);
            if !LABELS.iter().any(|label| same_word(word, label)) {
                return unreadable(Wording::OtherWords.into());
            }
            rest = behind;
        } else if is_separator(first) || matches!(first, '№' | '#' | '.' | ',' | ';' | ':' | '/' | '\\') {
            rest = rest.get(first.len_utf8()..).unwrap_or("");
        } else {
            return unreadable(Wording::OtherSigns.into());
        }
    }
    if ends_elsewhere && !ends_behind_series {
        return unreadable(Wording::FirstGroup.into());
    }
    match digits.exactly(SERIES_DIGITS + NUMBER_DIGITS).and_then(|both| both.split_at_checked(SERIES_DIGITS)) {
        Some((series, number)) => Ok((series.to_owned(), number.to_owned())),
        None => {
            let lost_zero = if digits.count() == 9 { Wording::LostZero } else { Wording::Nothing };
            unreadable(Wording::SeriesAndNumber.with([digits.count().into(), lost_zero.into()]))
        }
    }
}

/// The code of the division that issued a passport, `770-001` from `770001`, `770 001` or with any dash.
pub fn division(text: &str, kind: CellKind) -> Parsed<String> {
    if let Some(fault) = damage::check(text, kind) {
        return Err(fault);
    }
    let digits = only_digits(damage::integer_part(trim(text)), Code::PassportDivision)?;
    match digits.exactly(6).and_then(|code| code.split_at_checked(3)) {
        Some((region, office)) => Ok(format!("{region}-{office}")),
        None => {
            let lost_zero = if digits.count() == 5 { Wording::LostZero } else { Wording::Nothing };
            let message =
                Wording::DigitsOf.with([digits.count().into(), Wording::DivisionOf.into(), 6_usize.into(), lost_zero.into()]);
            Err(CellFault::new(Code::PassportDivision, message))
        }
    }
}

/// The number of another document, letters and inner blanks included, as it is written.
pub fn document_number(text: &str, kind: CellKind) -> Parsed<String> {
    // A document's number may look like `12E5`: only a mantissa with a fraction gives scientific notation away.
    let kind_is_text = kind == CellKind::Text;
    if (!kind_is_text || text.contains([',', '.']))
        && let Some(fault) = damage::check(text, kind)
    {
        return Err(fault);
    }
    parse_text(text).map(std::borrow::Cow::into_owned)
}

/// Series or number of a document that may be a Russian passport: digits lose the blanks between them, all else stays.
pub fn document_part(text: &str, kind: CellKind) -> Parsed<String> {
    let part = document_number(text, kind)?;
    let is_number =
        part.chars().all(|ch| ch.is_ascii_digit() || is_separator(ch)) && part.contains(|ch: char| ch.is_ascii_digit());
    Ok(if is_number { part.chars().filter(char::is_ascii_digit).collect() } else { part })
}

fn is_separator(ch: char) -> bool {
    ch.is_whitespace() || is_dash(ch) || is_invisible(ch)
}

fn only_digits(text: &str, code: Code) -> Parsed<Digits> {
    if text.is_empty() {
        return Err(CellFault::empty());
    }
    let mut digits = Digits::empty();
    let mut other = 0usize;
    for ch in text.chars() {
        if ch.is_ascii_digit() {
            digits.push(ch as u8);
        } else if !is_separator(ch) && ch != '№' {
            other += 1;
        }
    }
    if other > 0 {
        let message = Wording::DigitsAndOthers.with([digits.count().into(), other.into()]);
        return Err(CellFault::new(code, message));
    }
    Ok(digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: CellKind = CellKind::Text;

    #[test]
    fn series_number_and_division_come_as_the_provider_writes_them() {
        assert_eq!(series(" 45 09 ", TEXT).unwrap(), "4509");
        assert_eq!(series("4509", CellKind::Number(4509.0)).unwrap(), "4509");
        assert_eq!(number("012345", CellKind::Number(12345.0)).unwrap(), "012345");
        assert_eq!(number("№ 123456", TEXT).unwrap(), "123456");
        for code in ["770-001", "770001", "770 001", "770–001", "770 - 001", "770\u{a0}001"] {
            assert_eq!(division(code, TEXT).unwrap(), "770-001");
        }
    }

    #[test]
    fn wrong_lengths_and_signs_are_told() {
        let fault = series("509", CellKind::Number(509.0)).unwrap_err();
        assert_eq!((fault.code, fault.message.to_string().contains("zeros")), (Code::PassportSeries, true));
        assert_eq!(series("45О9", TEXT).unwrap_err().code, Code::PassportSeries);
        assert_eq!(series("", TEXT).unwrap_err().code, Code::ValueMissing);
        assert_eq!(number("4509123456", TEXT).unwrap_err().code, Code::PassportNumber);
        let fault = division("70001", TEXT).unwrap_err();
        assert_eq!((fault.code, fault.message.to_string().contains("zero")), (Code::PassportDivision, true));
        assert_eq!(series("2012-01-12", CellKind::Date(chrono::NaiveDateTime::default())).unwrap_err().code, Code::CellNotText);
    }

    #[test]
    fn series_and_number_split() {
        for both in [
            "45 09 123456",
            "4509123456",
            "4509 123456",
            "серия 4509 № 123456",
            "Серия: 45 09, номер: 123456",
            "4509-123456",
            "4509№123456",
            "паспорт РФ 4509 N 123456",
            "4509 123 456",
            "45 09123456",
            "4509123456.0",
        ] {
            assert_eq!(series_and_number(both, TEXT).unwrap(), ("4509".to_owned(), "123456".to_owned()), "{both}");
        }
        for both in ["123456 4509", "509123456", "450 9123456", "4509 12345", "4509 123456 выдан", "A4509123456", "4509 123456 1"]
        {
            assert_eq!(series_and_number(both, TEXT).unwrap_err().code, Code::PassportUnreadable, "{both}");
        }
        assert_eq!(series_and_number("4,50912E+09", TEXT).unwrap_err().code, Code::CellScientific);
    }

    #[test]
    fn other_documents_keep_their_letters() {
        assert_eq!(document_number(" MP 1234567 ", TEXT).unwrap(), "MP 1234567");
        assert_eq!(document_number("12E5", TEXT).unwrap(), "12E5");
        assert_eq!(document_number("1,2E+12", TEXT).unwrap_err().code, Code::CellScientific);
        assert_eq!(document_number("1", CellKind::Error).unwrap_err().code, Code::CellError);
    }

    proptest! {
        #[test]
        fn any_usual_spelling_comes_back(series in "[0-9]{4}", number in "[0-9]{6}", between in "[ №–-]{0,3}", before in "(серия |Паспорт: |)") {
            let both = format!("{before}{series}{between}{number}");
            prop_assert_eq!(series_and_number(&both, TEXT), Ok((series, number)));
        }
    }
}
