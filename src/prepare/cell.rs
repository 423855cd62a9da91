//! One cell for one member: the right normalizer for the way in which the provider writes the value.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use super::mapping::Options;
use super::normalize::date::DateFormat;
use super::normalize::{
    CellFault, boolean, codes, country, damage, date, email, identifier, inn, latin, name, north_america, number, ogrn, passport,
    phone, reference, snils, text,
};
use crate::contract::{Codes, EnumCode, Leaf, Render};
use crate::model::{Books, CellKind, Code, Wording};

/// What a cell becomes: the cell's own text wherever that is how the provider writes the value.
#[derive(Clone, Debug)]
pub(super) enum Written<'c> {
    Text(Cow<'c, str>),
    Flag(bool),
    /// A number, as JSON writes it.
    Number(Cow<'c, str>),
    /// A list, as JSON writes it.
    Json(Cow<'c, str>),
}

/// What a mapping says about the reading of all cells.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    /// Alpha-2 code of the country whose people wrote the phone numbers, where the mapping says it; else the contract does.
    pub(super) region: Option<String>,
    pub(super) options: Options,
    /// The provider's reference books, as far as they were asked for.
    pub(super) books: Arc<Books>,
}

impl Written<'_> {
    pub(super) fn into_owned(self) -> Written<'static> {
        match self {
            Self::Text(text) => Written::Text(Cow::Owned(text.into_owned())),
            Self::Flag(flag) => Written::Flag(flag),
            Self::Number(literal) => Written::Number(Cow::Owned(literal.into_owned())),
            Self::Json(json) => Written::Json(Cow::Owned(json.into_owned())),
        }
    }

    /// As it reads in a report.
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Text(text) | Self::Number(text) | Self::Json(text) => text,
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
    rules: &Rules,
) -> Result<Written<'c>, CellFault> {
    // Identifiers look for damage themselves; an error cell is none of any kind.
    if let Some(fault) =
        matches!(kind, CellKind::Error | CellKind::FormulaWithoutValue).then(|| damage::check_kind(kind)).flatten()
    {
        return Err(fault);
    }
    if damage::is_error_word(cell) {
        return Err(CellFault::new(Code::CellError, Wording::ErrorOfSpreadsheet));
    }
    let text: String = match leaf.render {
        Render::Text => return text::parse(cell).map(Written::Text),
        Render::Name => return name::parse(cell).map(Written::Text),
        Render::IsoDate => {
            return date::parse(cell, kind, format.unwrap_or(&DateFormat::UNPROVEN))
                .map(|day| Written::Text(Cow::Owned(iso(day))));
        }
        Render::E164 => phone::parse(cell, kind, region(leaf, rules))?,
        Render::Email => email::parse(cell)?,
        Render::CountryAlpha2 => return country::parse(cell).map(|code| Written::Text(Cow::Borrowed(code))),
        Render::Boolean => {
            let words: Vec<&str> = leaf.true_words.iter().map(String::as_str).collect();
            return boolean::parse(cell, kind, &words).map(Written::Flag);
        }
        Render::Inn10 => inn::parse(cell, kind, inn::Holder::Organisation)?,
        Render::Inn12 => inn::parse(cell, kind, inn::Holder::Person)?,
        // Providers that break the check digits themselves: the contract warns.
        Render::Inn10Unchecked => inn::parse_unchecked(cell, kind, inn::Holder::Organisation)?,
        Render::Inn12Unchecked => inn::parse_unchecked(cell, kind, inn::Holder::Person)?,
        Render::Ogrn13Unchecked => ogrn::parse_unchecked(cell, kind, ogrn::Holder::Organisation)?,
        Render::Ogrn15Unchecked => ogrn::parse_unchecked(cell, kind, ogrn::Holder::Entrepreneur)?,
        Render::Snils => snils::parse(cell, kind)?,
        Render::Ogrn13 => ogrn::parse(cell, kind, ogrn::Holder::Organisation)?,
        Render::Ogrn15 => ogrn::parse(cell, kind, ogrn::Holder::Entrepreneur)?,
        Render::PassportSeries => passport::series(cell, kind)?,
        Render::PassportNumber => passport::number(cell, kind)?,
        Render::PassportDivision => passport::division(cell, kind)?,
        Render::DocumentNumber => passport::document_number(cell, kind)?,
        Render::DocumentPart => passport::document_part(cell, kind)?,
        Render::AddressLine => return text::parse_one_line(cell).map(Written::Text),
        Render::LatinLine => return text::parse_one_line(cell).and_then(|line| latin(line, latin::Kind::Line)),
        Render::LatinName => return name::parse(cell).and_then(|name| latin(name, latin::Kind::Name)),
        Render::Enum => return code(leaf, cell).map(|code| written_code(code).into_owned()),
        Render::Integer => return number::integer(cell, kind).map(literal),
        Render::Book => {
            return reference::parse(cell, kind, leaf.book.as_deref().unwrap_or_default(), &rules.books).map(literal);
        }
        Render::Decimal => return number::decimal(cell, kind).map(literal),
        Render::DecimalUs => return north_america::amount(cell, kind).map(literal),
        Render::Percent => return number::percent(cell, kind).map(literal),
        Render::Flag01 => {
            let words: Vec<&str> = leaf.true_words.iter().map(String::as_str).collect();
            return boolean::parse(cell, kind, &words).map(|flag| literal(u8::from(flag).to_string()));
        }
        Render::Codes => return codes::parse(cell, leaf.codes.as_ref()).map(|list| Written::Json(Cow::Owned(list))),
        Render::Uuid => identifier::uuid(cell)?,
        Render::E164Digits => phone::parse(cell, kind, region(leaf, rules))?.trim_start_matches('+').to_owned(),
        Render::Nanp10 => north_america::phone(cell, kind)?,
        Render::PostalUsCa => north_america::postal_code(cell, kind)?,
        Render::NineDigits => identifier::nine_digits(cell, kind)?,
        Render::SnilsDashed => identifier::snils_dashed(cell, kind)?,
        Render::Token => identifier::token(cell, kind)?,
    };
    Ok(Written::Text(Cow::Owned(text)))
}

/// The country of numbers that do not say theirs.
fn region<'r>(leaf: &'r Leaf, rules: &'r Rules) -> Option<&'r str> {
    rules.region.as_deref().or(leaf.phone_region.as_deref())
}

/// A text for a provider that takes Latin letters only; where it has Russian ones, as the passport table spells them. Whether that may
/// be sent, the row's work decides.
fn latin(text: Cow<'_, str>, kind: latin::Kind) -> Result<Written<'_>, CellFault> {
    let spelled = match text {
        Cow::Borrowed(text) => latin::spell(text, kind)?,
        Cow::Owned(text) => latin::spell(&text, kind)?.into_owned(),
    };
    Ok(Written::Text(match spelled {
        latin::Spelled::Latin(text) => text,
        latin::Spelled::Proposal(text) => Cow::Owned(text),
    }))
}

fn literal(number: String) -> Written<'static> {
    Written::Number(Cow::Owned(number))
}

/// The code that a word means.
pub(super) fn code<'a>(leaf: &'a Leaf, word: &str) -> Result<EnumCode<'a>, CellFault> {
    leaf.codes.as_ref().and_then(|codes| codes.find_code(word)).ok_or_else(|| CellFault {
        code: if leaf.field.ends_with("documents[].type") { Code::DocumentTypeUnknown } else { Code::ValueNotAllowed },
        message: Wording::NotOneOf.with([leaf
            .codes
            .as_ref()
            .map_or_else(|| Wording::Nothing.into(), |codes: &Codes| codes.for_people_who_wrote(word))
            .into()]),
    })
}

/// A code as it is written: text, number or truth value.
pub(super) fn written_code(code: EnumCode<'_>) -> Written<'_> {
    match (code.is_quoted, code.text) {
        (true, text) => Written::Text(Cow::Borrowed(text)),
        (false, "true") => Written::Flag(true),
        (false, "false") => Written::Flag(false),
        (false, number) => Written::Number(Cow::Borrowed(number)),
    }
}

/// A constant of a contract; `None` for what no member of one value holds.
pub(super) fn constant(value: &Value) -> Option<Written<'static>> {
    match value {
        Value::String(text) => Some(Written::Text(Cow::Owned(text.clone()))),
        Value::Bool(flag) => Some(Written::Flag(*flag)),
        Value::Number(number) => Some(literal(number.to_string())),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
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
