//! Whether what a row brought is found again in the client that was created of it. The provider drops unknown names without a word,
//! and it does not publish all of its names: the first client of a run tells. Compares; asks nobody.

use super::json::Json;
use super::merge::{FIAS, NATURAL};
use crate::model::text::fold;

/// What was lost of a row.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Lost {
    /// JSON pointers of what makes the client another one: flags, INN, passport, address code.
    pub(super) essential: Vec<String>,
    /// JSON pointers of everything else.
    pub(super) other: Vec<String>,
}

/// Compares every path of the row's part with the stored client.
pub(super) fn lost(part: &Json, stored: &Json) -> Lost {
    let mut lost = Lost::default();
    compare(part, Some(stored), "", &mut lost);
    lost
}

fn compare(part: &Json, stored: Option<&Json>, path: &str, lost: &mut Lost) {
    match part {
        Json::Object(members) => {
            for (name, value) in members {
                let below = format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"));
                compare(value, stored.and_then(|stored| stored.member(name)), &below, lost);
            }
        }
        Json::Array(items) => {
            let kept = stored.and_then(Json::items).unwrap_or_default();
            for (index, item) in items.iter().enumerate() {
                if !kept.iter().any(|kept| holds(item, kept)) {
                    note(format!("{path}/{index}"), lost);
                }
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => {
            if !stored.map_or_else(|| is_empty(part), |stored| same(part, stored)) {
                note(path.to_owned(), lost);
            }
        }
    }
}

fn note(path: String, lost: &mut Lost) {
    if is_essential(&path) { lost.essential.push(path) } else { lost.other.push(path) }
}

fn is_essential(path: &str) -> bool {
    let first = path.split('/').nth(1).unwrap_or_default();
    let last = path.rsplit('/').next().unwrap_or_default();
    NATURAL.contains(&first) || first == "businessman" || first == "rnn" || first == "passport" || FIAS.contains(&last)
}

/// Whether a stored item of a list has everything that the row's item has.
fn holds(item: &Json, kept: &Json) -> bool {
    match item {
        Json::Object(members) => {
            members.iter().all(|(name, value)| kept.member(name).map_or_else(|| is_empty(value), |kept| holds(value, kept)))
        }
        Json::Array(items) => items.iter().all(|item| kept.items().unwrap_or_default().iter().any(|kept| holds(item, kept))),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => same(item, kept),
    }
}

/// Whether two plain values say the same, however they are written.
fn same(ours: &Json, theirs: &Json) -> bool {
    match (ours, theirs) {
        (Json::Number(ours), Json::Number(theirs)) => {
            ours == theirs || matches!((ours.parse::<f64>(), theirs.parse::<f64>()), (Ok(a), Ok(b)) if a.total_cmp(&b).is_eq())
        }
        (Json::Text(text), Json::Number(number)) | (Json::Number(number), Json::Text(text)) => text.trim() == number.as_ref(),
        (Json::Text(ours), Json::Text(theirs)) => {
            let (ours, theirs) = (ours.trim(), theirs.trim());
            // A date may come back with its time of day.
            (is_date(ours) && theirs.starts_with(ours)) || squeezed(ours) == squeezed(theirs) || same_number(ours, theirs)
        }
        _ => ours == theirs || (is_empty(ours) && is_empty(theirs)),
    }
}

/// Phones, SNILS and codes, whatever stands between their digits.
fn same_number(ours: &str, theirs: &str) -> bool {
    let digits = |text: &str| -> Option<String> {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        (digits.len() >= 5 && !text.chars().any(char::is_alphabetic)).then_some(digits)
    };
    matches!((digits(ours), digits(theirs)), (Some(ours), Some(theirs)) if ours == theirs)
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && text.bytes().filter(|byte| *byte == b'-').count() == 2
}

/// Without regard to case, ё and blanks.
pub(super) fn squeezed(text: &str) -> String {
    fold(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_empty(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Text(text) => text.trim().is_empty(),
        Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(part: &str, stored: &str) -> Lost {
        lost(&Json::parse(part).unwrap(), &Json::parse(stored).unwrap())
    }

    #[test]
    fn what_is_written_otherwise_is_not_lost() {
        let part = r#"{"a":"Ёлкин ","b":7.50,"c":"2010-06-15","d":"112-233-445 95","e":null,"f":true,"g":101,"l":[{"key":"k","value":"v"}],"o":{"x":"1"}}"#;
        let stored = r#"{"a":"елкин","b":7.5,"c":"2010-06-15T00:00:00","d":"11223344595","e":"","f":true,"g":"101","l":[{"id":1,"key":"p"},{"id":2,"key":"k","value":"v"}],"o":{"x":1},"id":5}"#;
        assert_eq!(of(part, stored), Lost::default());
    }

    #[test]
    fn losses_are_sorted_by_what_they_mean() {
        let part = r#"{"naturalPerson":false,"businessman":true,"rnn":"1","passport":{"no":"2"},"addressData":{"fias":"g","houseNo":"1"},"nickName":"x","extraFields":[{"key":"k","value":"v"}]}"#;
        let lost = of(
            part,
            r#"{"naturalPerson":true,"passport":{"no":"3"},"addressData":null,"extraFields":[{"key":"k","value":"w"}]}"#,
        );
        assert_eq!(lost.essential, ["/naturalPerson", "/businessman", "/rnn", "/passport/no", "/addressData/fias"]);
        assert_eq!(lost.other, ["/addressData/houseNo", "/nickName", "/extraFields/0"]);
    }
}
