//! One cell for one member: the right normalizer for the way in which the provider writes the value.

use std::borrow::Cow;

use super::normalize::date::{DateFormat, TwoDigitYear};
use super::normalize::{CellFault, boolean, country, damage, date, email, inn, name, ogrn, passport, phone, snils, text};
use crate::contract::{Leaf, Render};
use crate::model::{CellKind, Code};

/// For a date column that proves no order and needs none.
pub(super) const UNPROVEN: DateFormat = DateFormat { order: None, two_digit_year: TwoDigitYear::Refuse };

/// What a cell becomes: the cell's own text wherever that is how the provider writes the value.
#[derive(Clone, Debug)]
pub(super) enum Written<'c> {
    Text(Cow<'c, str>),
    Flag(bool),
}

impl Written<'_> {
    pub(super) fn into_owned(self) -> Written<'static> {
        match self {
            Self::Text(text) => Written::Text(Cow::Owned(text.into_owned())),
            Self::Flag(flag) => Written::Flag(flag),
        }
    }

    /// As it reads in a report.
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Flag(true) => "true",
            Self::Flag(false) => "false",
        }
    }
}

/// The value that a cell becomes for a member.
pub(super) fn parse<'c>(
    leaf: &Leaf,
    cell: &'c str,
    kind: CellKind,
    format: Option<&DateFormat>,
    region: &str,
) -> Result<Written<'c>, CellFault> {
    // Identifiers look for damage themselves; an error cell is none of any kind.
    if let Some(fault) =
        matches!(kind, CellKind::Error | CellKind::FormulaWithoutValue).then(|| damage::check_kind(kind)).flatten()
    {
        return Err(fault);
    }
    if cell.starts_with('#') && is_error_word(cell) {
        return Err(CellFault::new(Code::CellError, "is an error of the spreadsheet it came from"));
    }
    let text: String = match leaf.render {
        Render::Text => return text::parse(cell).map(Written::Text),
        Render::Name => return name::parse(cell).map(Written::Text),
        Render::IsoDate => {
            return date::parse(cell, kind, format.unwrap_or(&UNPROVEN)).map(|day| Written::Text(Cow::Owned(iso(day))));
        }
        Render::E164 => phone::parse(cell, kind, region)?,
        Render::Email => email::parse(cell)?,
        Render::CountryAlpha2 => return country::parse(cell).map(|code| Written::Text(Cow::Borrowed(code))),
        Render::Boolean => {
            let words: Vec<&str> = leaf.true_words.iter().map(String::as_str).collect();
            return boolean::parse(cell, kind, &words).map(Written::Flag);
        }
        Render::Inn10 => inn::parse(cell, kind, inn::Holder::Organisation)?,
        Render::Inn12 => inn::parse(cell, kind, inn::Holder::Person)?,
        Render::Snils => snils::parse(cell, kind)?,
        Render::Ogrn13 => ogrn::parse(cell, kind, ogrn::Holder::Organisation)?,
        Render::Ogrn15 => ogrn::parse(cell, kind, ogrn::Holder::Entrepreneur)?,
        Render::PassportSeries => passport::series(cell, kind)?,
        Render::PassportNumber => passport::number(cell, kind)?,
        Render::PassportDivision => passport::division(cell, kind)?,
        Render::DocumentNumber => passport::document_number(cell, kind)?,
        Render::AddressLine => return text::parse_one_line(cell).map(Written::Text),
        Render::Enum => return code(leaf, cell).map(|code| Written::Text(Cow::Owned(code.to_owned()))),
    };
    Ok(Written::Text(Cow::Owned(text)))
}

/// What spreadsheet programs show in place of a value, in English and Russian; `####` stands for a value that did not fit.
fn is_error_word(cell: &str) -> bool {
    const WORDS: [&str; 18] = [
        "#REF!",
        "#N/A",
        "#VALUE!",
        "#NAME?",
        "#DIV/0!",
        "#NUM!",
        "#NULL!",
        "#SPILL!",
        "#CALC!",
        "#GETTING_DATA",
        "#ССЫЛКА!",
        "#Н/Д",
        "#ЗНАЧ!",
        "#ИМЯ?",
        "#ДЕЛ/0!",
        "#ЧИСЛО!",
        "#ПУСТО!",
        "#ПЕРЕНОС!",
    ];
    let cell = cell.trim();
    WORDS.contains(&cell) || cell.len() > 1 && cell.bytes().all(|byte| byte == b'#')
}

/// The code that a word means.
pub(super) fn code<'a>(leaf: &'a Leaf, word: &str) -> Result<&'a str, CellFault> {
    leaf.codes.as_ref().and_then(|codes| codes.find(word)).ok_or_else(|| CellFault {
        code: if leaf.field.ends_with("documents[].type") { Code::DocumentTypeUnknown } else { Code::ValueNotAllowed },
        message: format!("not one of {}", leaf.codes.as_ref().map_or_else(String::new, |codes| codes.codes.join(", "))).into(),
    })
}

fn iso(day: chrono::NaiveDate) -> String {
    use chrono::Datelike as _;
    let mut text = String::with_capacity(10);
    let mut push = |number: u32, width: u32, sign: bool| {
        if sign {
            text.push('-');
        }
        for place in (0..width).rev() {
            text.push(char::from(b'0' + u8::try_from(number / 10_u32.pow(place) % 10).unwrap_or(0)));
        }
    };
    push(u32::try_from(day.year()).unwrap_or(0), 4, false);
    push(day.month(), 2, true);
    push(day.day(), 2, true);
    text
}
