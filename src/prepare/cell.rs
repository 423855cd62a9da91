//! One cell for one member: the right normalizer for the way in which the provider writes the value.

use serde_json::Value;

use super::normalize::date::DateFormat;
use super::normalize::{CellFault, address, boolean, country, damage, date, email, inn, name, ogrn, passport, phone, snils, text};
use crate::contract::{Leaf, Render};
use crate::model::{CellKind, Code};

/// The value that a cell becomes for a member.
pub(super) fn parse(leaf: &Leaf, cell: &str, kind: CellKind, format: Option<&DateFormat>, region: &str) -> Result<Value, CellFault> {
    match kind {
        CellKind::Error | CellKind::FormulaWithoutValue => {
            if let Some(fault) = damage::check(cell, kind) {
                return Err(fault);
            }
        }
        CellKind::Text | CellKind::Number(_) | CellKind::Date(_) | CellKind::Bool(_) if leaf.render.is_identifier() => {
            if let Some(fault) = damage::check(cell, kind) {
                return Err(fault);
            }
        }
        CellKind::Text | CellKind::Number(_) | CellKind::Date(_) | CellKind::Bool(_) => {}
    }
    let text = match leaf.render {
        Render::Text => text::parse(cell)?,
        Render::Name => name::parse(cell)?,
        Render::IsoDate => return date::parse(cell, kind, format.unwrap_or(&DateFormat::UNKNOWN)).map(|day| Value::String(iso(day))),
        Render::E164 => phone::parse(cell, kind, region)?,
        Render::Email => email::parse(cell)?,
        Render::CountryAlpha2 => country::parse(cell)?.to_owned(),
        Render::Boolean => {
            let words: Vec<&str> = leaf.true_words.iter().map(String::as_str).collect();
            return boolean::parse(cell, kind, &words).map(Value::Bool);
        }
        Render::Inn10 => inn::parse(cell, kind, 10)?,
        Render::Inn12 => inn::parse(cell, kind, 12)?,
        Render::Snils => snils::parse(cell, kind)?,
        Render::Ogrn13 => ogrn::parse(cell, kind, 13)?,
        Render::Ogrn15 => ogrn::parse(cell, kind, 15)?,
        Render::PassportSeries => passport::series(cell)?,
        Render::PassportNumber => passport::number(cell)?,
        Render::PassportDivision => passport::division(cell)?,
        Render::DocumentNumber => passport::document_number(cell)?,
        Render::AddressLine => address::parse(cell)?,
        Render::Enum => return code(leaf, cell).map(|code| Value::String(code.to_owned())),
    };
    Ok(Value::String(text))
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
