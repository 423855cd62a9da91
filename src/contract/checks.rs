//! Rules that no schema keyword expresses: check digits, the order of dates, alphabets. A contract lists them in `x-checks`.

use chrono::{Datelike, Days, Months, NaiveDate};
use serde::Deserialize;
use serde_json::Value;

use super::check_digits;
use super::validate::Violation;
use crate::model::Code;

/// The day on which bodies are judged, and days that are derived from it.
#[derive(Clone, Debug)]
pub struct Today {
    date: NaiveDate,
    text: String,
}

impl Today {
    /// A day to judge by; passed in, so that a run judges all its rows by one day.
    #[must_use]
    pub fn new(date: NaiveDate) -> Self {
        Self { date, text: date.format("%Y-%m-%d").to_string() }
    }

    /// The day itself.
    #[must_use]
    pub fn date(&self) -> NaiveDate {
        self.date
    }
}

/// One rule of a contract.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CodeCheck {
    rule: String,
    check: Kind,
    /// JSON pointer; `*` stands for every item of a list.
    at: String,
    /// The date that may not be later: a pointer, or a sibling's name.
    than: Option<String>,
    value: Option<String>,
    #[serde(default)]
    any: Vec<String>,
    #[serde(default)]
    unusual: Vec<String>,
    count: Option<usize>,
    min: Option<u32>,
    max: Option<u32>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    InnCheckDigits,
    SnilsCheckDigits,
    OgrnCheckDigits,
    NotAfterToday,
    NotBefore,
    DocumentExpired,
    OneAlphabet,
    CitizenshipIs,
    CitizenshipIsNot,
    HasPassportAndStayDocument,
    AgeBetween,
    AddressKinds,
    DigitsCount,
    StartsWith,
}

impl CodeCheck {
    pub(super) fn run(&self, body: &Value, today: &Today, found: &mut Vec<Violation>) {
        match self.at.split_once("/*") {
            None => {
                if let Some(value) = body.pointer(&self.at) {
                    self.judge(body, None, value, today, &|| self.at.clone(), found);
                }
            }
            Some((list, member)) => {
                for (index, item) in body.pointer(list).and_then(Value::as_array).into_iter().flatten().enumerate() {
                    let value = if member.is_empty() { Some(item) } else { item.get(&member[1..]) };
                    if let Some(value) = value {
                        self.judge(body, Some(item), value, today, &|| format!("{list}/{index}{member}"), found);
                    }
                }
            }
        }
    }

    fn judge(
        &self,
        body: &Value,
        item: Option<&Value>,
        value: &Value,
        today: &Today,
        pointer: &dyn Fn() -> String,
        found: &mut Vec<Violation>,
    ) {
        let text = value.as_str().unwrap_or_default();
        let broken = match self.check {
            Kind::InnCheckDigits => (!check_digits::inn(text)).then_some(Code::InnCheckDigits),
            Kind::SnilsCheckDigits => (!check_digits::snils(text)).then_some(Code::SnilsCheckDigits),
            Kind::OgrnCheckDigits => (!check_digits::ogrn(text)).then_some(Code::OgrnCheckDigit),
            // ISO dates compare as text.
            Kind::NotAfterToday => (is_date(text) && text > today.text.as_str()).then_some(Code::DateInFuture),
            Kind::NotBefore => {
                let than = self.than.as_deref().unwrap_or_default();
                let earlier = if than.starts_with('/') { body.pointer(than) } else { item.and_then(|item| item.get(than)) };
                let earlier = earlier.and_then(Value::as_str).unwrap_or_default();
                (is_date(text) && is_date(earlier) && text < earlier).then_some(Code::DateOutOfOrder)
            }
            Kind::DocumentExpired => document_expired(value, body, today).then_some(Code::DocumentExpired),
            Kind::OneAlphabet => mixes_alphabets(text).then_some(Code::NameMixedAlphabets),
            Kind::CitizenshipIs => (Some(text) != self.value.as_deref()).then_some(Code::ResidencyUnusual),
            Kind::CitizenshipIsNot => (Some(text) == self.value.as_deref()).then_some(Code::ResidencyUnusual),
            Kind::HasPassportAndStayDocument => {
                let has = |wanted: &dyn Fn(&str) -> bool| types(value).any(wanted);
                let citizen_of_belarus = body.get("citizenship").and_then(Value::as_str) == Some("BY");
                let passport = has(&|code| code.ends_with("PASSPORT") || code.starts_with("FOREIGN_PASSPORT"));
                let stay = has(&|code| !code.contains("PASSPORT"));
                (!passport || !(stay || citizen_of_belarus)).then_some(Code::DocumentUnusual)
            }
            Kind::AgeBetween => {
                let years = |years: u32| today.date.checked_sub_months(Months::new(years * 12));
                let youngest = self.min.and_then(years);
                let oldest = self.max.and_then(years);
                parse(text)
                    .is_some_and(|born| youngest.is_some_and(|day| born > day) || oldest.is_some_and(|day| born < day))
                    .then_some(Code::BirthDateUnlikelyAge)
            }
            Kind::AddressKinds => {
                let kinds: Vec<&str> = types(value).collect();
                let twice = kinds.iter().enumerate().any(|(index, kind)| kinds[..index].contains(kind));
                let unusual = kinds.iter().any(|kind| self.unusual.iter().any(|unusual| unusual == kind));
                (twice || unusual).then_some(Code::AddressUnusualKind)
            }
            Kind::DigitsCount => (Some(text.len()) != self.count || !text.bytes().all(|byte| byte.is_ascii_digit()))
                .then_some(Code::RegisterUnusual),
            Kind::StartsWith => (!self.any.iter().any(|start| text.starts_with(start.as_str()))).then_some(Code::RegisterUnusual),
        };
        if let Some(code) = broken {
            found.push(Violation {
                pointer: pointer(),
                member: None,
                keyword: "code".to_owned(),
                rule: Some(self.rule.clone()),
                origin: "ours".to_owned(),
                code,
                message: code.meaning().trim_end_matches('.').to_owned(),
            });
        }
    }
}

fn types(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(|item| item.get("type")?.as_str())
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && text.as_bytes()[4] == b'-'
}

fn parse(text: &str) -> Option<NaiveDate> {
    let part = |range: std::ops::Range<usize>| text.get(range)?.parse::<u32>().ok();
    NaiveDate::from_ymd_opt(i32::try_from(part(0..4)?).ok()?, part(5..7)?, part(8..10)?)
}

/// Expired, or a Russian passport that was issued before the 20th or 45th birthday, which passed over 90 days ago.
/// <https://www.consultant.ru/document/cons_doc_LAW_15164/> names the two birthdays and the 90 days.
fn document_expired(document: &Value, body: &Value, today: &Today) -> bool {
    let text = |member: &str| document.get(member).and_then(Value::as_str).unwrap_or_default();
    let expires = text("expireDate");
    if is_date(expires) && expires < today.text.as_str() {
        return true;
    }
    if text("type") != "PASSPORT" {
        return false;
    }
    let born = body.get("birthDate").and_then(Value::as_str).and_then(parse);
    let (Some(born), Some(issued)) = (born, parse(text("date"))) else { return false };
    [20, 45].into_iter().any(|age| {
        let birthday = NaiveDate::from_ymd_opt(born.year() + age, born.month(), born.day())
            .or_else(|| NaiveDate::from_ymd_opt(born.year() + age, 3, 1));
        birthday.is_some_and(|birthday| {
            issued < birthday && birthday.checked_add_days(Days::new(90)).is_some_and(|last| last < today.date)
        })
    })
}

/// Whether a word of the text has both Cyrillic and Latin letters.
pub(super) fn mixes_alphabets(text: &str) -> bool {
    let mut cyrillic = false;
    let mut latin = false;
    for ch in text.chars() {
        if !ch.is_alphabetic() {
            (cyrillic, latin) = (false, false);
        } else if matches!(ch, '\u{400}'..='\u{52f}') {
            cyrillic = true;
        } else if ch.is_ascii_alphabetic() || matches!(ch, '\u{c0}'..='\u{24f}') {
            latin = true;
        }
        if cyrillic && latin {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_one_alphabet_pass_and_mixed_ones_do_not() {
        assert!(!mixes_alphabets("Иванова-Smith"));
        assert!(!mixes_alphabets("Д'Артаньян"));
        assert!(mixes_alphabets("Ивaнов"));
    }
}
