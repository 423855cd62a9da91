//! The mapping file's date patterns, `DD.MM.YYYY` and the like. Not a language: letters, separators, `|` between forms, nothing else.

use super::{DateFormat, DayCount, Order, Orders, Separator, TwoDigitYear};

/// Why a pattern cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the date pattern \"{pattern}\" is not understood; write D, M and Y with separators, for example \"DD.MM.YYYY\", \"MM/DD/YYYY\", \"YYYY-MM-DD\" or \"DD.MM.YY\"; for a column of several forms \"DD.MM.YYYY | MM/DD/YYYY\", each with another separator; for a spreadsheet's day counts \"EXCEL\" or \"EXCEL 1904\""
)]
pub struct PatternError {
    pattern: String,
}

/// One form of a pattern.
struct Form {
    order: Order,
    separator: Option<Separator>,
    has_short_year: bool,
}

/// The format that a pattern such as `DD.MM.YYYY` describes. `short_years` is the rule that holds when it has a year of two digits.
///
/// The separator of a pattern of one form is not binding: a date in the same order with another one is read as well. Where a pattern
/// has several forms, the separators tell them apart.
pub fn parse_pattern(pattern: &str, short_years: TwoDigitYear) -> Result<DateFormat, PatternError> {
    let error = || PatternError { pattern: pattern.to_owned() };
    let mut format = DateFormat::UNPROVEN;
    let mut forms = Vec::new();
    for part in pattern.split('|').map(str::trim) {
        match part.to_ascii_uppercase().as_str() {
            "EXCEL" | "EXCEL 1900" => format.day_count = DayCount::From1900,
            "EXCEL 1904" => format.day_count = DayCount::From1904,
            _ => forms.push(form(part).ok_or_else(error)?),
        }
    }
    if forms.iter().any(|form| form.has_short_year) {
        format.two_digit_year = short_years;
    }
    match &forms[..] {
        [] => {}
        [only] => format.orders = Orders::all(only.order),
        several => {
            for form in several {
                // Without a separator it is YYYYMMDD, which tells itself.
                let Some(separator) = form.separator else { continue };
                if format.orders.of(separator).is_some_and(|order| order != form.order) {
                    return Err(error());
                }
                format.orders = format.orders.with(separator, form.order);
            }
        }
    }
    Ok(format)
}

fn form(pattern: &str) -> Option<Form> {
    let mut runs: Vec<(char, usize)> = Vec::with_capacity(3);
    let mut separator = None;
    let mut apart = true;
    for ch in pattern.chars() {
        let letter = match ch {
            'D' | 'd' | 'Д' | 'д' => 'D',
            'M' | 'm' | 'М' | 'м' => 'M',
            'Y' | 'y' | 'Г' | 'г' => 'Y',
            '.' | '/' | '-' | ' ' => {
                // In "DD. MM. YYYY" the blank is not the sign.
                let sign = Separator::ALL.into_iter().find(|known| known.as_str().starts_with(ch));
                separator = sign.filter(|sign| *sign != Separator::Blank).or(separator).or(sign);
                apart = true;
                continue;
            }
            _ => return None,
        };
        match runs.last_mut() {
            Some((last, count)) if *last == letter && !apart => *count += 1,
            Some(_) | None => runs.push((letter, 1)),
        }
        apart = false;
    }
    let [(first, first_width), (second, second_width), (third, third_width)] = runs[..] else { return None };
    let (order, year_width, other_widths) = match (first, second, third) {
        ('D', 'M', 'Y') => (Order::DayMonthYear, third_width, [first_width, second_width]),
        ('M', 'D', 'Y') => (Order::MonthDayYear, third_width, [first_width, second_width]),
        ('Y', 'M', 'D') => (Order::YearMonthDay, first_width, [second_width, third_width]),
        _ => return None,
    };
    let is_well_formed = matches!(year_width, 2 | 4) && other_widths.iter().all(|width| *width <= 2);
    is_well_formed.then_some(Form { order, separator, has_short_year: year_width == 2 })
}
