//! Refusals in the places where the profile says they stand, as templates without client data. Decides nothing.

use serde_json::Value;

use crate::contract::profile::{OwnProfile, scalar};
use crate::model::redact::redact;
use crate::model::{Body, Refusal};
use crate::provider::http::Reply;

/// Longest part of an answer that is quoted where the profile names no place for words.
const HEAD_CHARS_MAX: usize = 200;
/// Entries of an error's list that are quoted.
const ENTRIES_MAX: usize = 20;

/// What an answer says is wrong.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) code: Option<String>,
    pub(super) message: Option<String>,
    /// What is wrong with which member.
    entries: Vec<(Option<String>, Option<String>)>,
}

impl Said {
    pub(super) fn read(own: &OwnProfile, answer: &Value) -> Self {
        let places = &own.error;
        let text = |node: &Value, place: &Option<String>| {
            place.as_deref().and_then(|place| node.pointer(place)).and_then(scalar).filter(|text| !text.trim().is_empty())
        };
        let entries = match &places.list {
            Some(list) => {
                let entries = answer.pointer(list).and_then(Value::as_array).into_iter().flatten().take(ENTRIES_MAX);
                let words = |entry: &Value| text(entry, &places.text).or_else(|| scalar(entry));
                entries.map(|entry| (text(entry, &places.field), words(entry))).collect()
            }
            None => text(answer, &places.field).map(|field| (Some(field), None)).into_iter().collect(),
        };
        Self { code: text(answer, &places.code), message: text(answer, &places.message), entries }
    }
}

/// The refusal of an answer, as a template.
pub(super) fn refusal(reply: &Reply, said: &Said, sent: &Body, request_id: Option<Box<str>>) -> Refusal {
    let body = sent.parse();
    let code = said.code.as_ref().map_or_else(|| format!("http_{}", reply.status), |code| redact(code, sent));
    let entries: Vec<String> = said
        .entries
        .iter()
        .filter_map(|(field, text)| match (field, text) {
            (Some(field), Some(text)) => Some(format!("{field}: {text}")),
            (Some(field), None) => Some(field.clone()),
            (None, Some(text)) => Some(text.clone()),
            (None, None) => None,
        })
        .collect();
    let message = match (&said.message, entries.is_empty()) {
        (Some(message), true) => message.clone(),
        (Some(message), false) => format!("{message} ({})", entries.join("; ")),
        (None, false) => entries.join("; "),
        (None, true) => head(reply),
    };
    let pointer = said.entries.iter().find_map(|(field, _)| pointer_of(field.as_deref()?, &body));
    // A server that puts a value where the member's name should be must not bring it into the journal.
    let pointer = pointer.filter(|pointer| redact(pointer, sent) == *pointer);
    Refusal { code: code.into(), message: redact(&message, sent).into(), pointer: pointer.map(Into::into), request_id }
}

/// The place in the sent body that `/a/b`, `a.b[0]`, `$.a.b` or `body.a` name.
fn pointer_of(field: &str, sent: &Value) -> Option<String> {
    let field = field.trim();
    let steps: Vec<&str> = if field.starts_with('/') {
        field.split('/').collect()
    } else {
        field.trim_start_matches("$.").split(['.', '[', ']']).collect()
    };
    let steps: Vec<&str> = steps.into_iter().filter(|step| !step.is_empty()).collect();
    if steps.is_empty()
        || steps.iter().any(|step| step.len() > 64 || !step.chars().all(|ch| ch.is_alphanumeric() || "_-~".contains(ch)))
    {
        return None;
    }
    let pointer = |steps: &[&str]| format!("/{}", steps.join("/"));
    let whole = pointer(&steps);
    let below = steps.get(1..).filter(|rest| !rest.is_empty()).map(pointer);
    // Some servers begin with a word for the body itself.
    match below.filter(|below| sent.pointer(&whole).is_none() && sent.pointer(below).is_some()) {
        Some(below) => Some(below),
        // A member that is missing is named too; its parent tells whether this is a path into the body.
        None => {
            let parent = steps.len().checked_sub(1).and_then(|last| steps.get(..last)).filter(|parent| !parent.is_empty());
            let is_path = sent.pointer(&whole).is_some() || parent.is_none_or(|parent| sent.pointer(&pointer(parent)).is_some());
            is_path.then_some(whole)
        }
    }
}

/// What an answer without words in the named places says, shortly.
fn head(reply: &Reply) -> String {
    let text = match &reply.body {
        Ok(bytes) => String::from_utf8_lossy(bytes),
        Err(why) => return format!("status {}; {why}", reply.status),
    };
    let text = text.trim();
    if text.is_empty() {
        return format!("status {} without a body", reply.status);
    }
    let is_markup = text.starts_with('<');
    if is_markup {
        return format!("status {} with a page instead of an answer", reply.status);
    }
    let mut cut: String = text.chars().take(HEAD_CHARS_MAX + 1).collect();
    if cut.len() < text.len() || cut.chars().count() > HEAD_CHARS_MAX {
        // At a blank, so that no half of a value escapes redaction.
        cut.truncate(cut.rfind(char::is_whitespace).unwrap_or(0));
        cut.push('…');
    }
    format!("status {}: {cut}", reply.status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_are_found_however_they_are_written() {
        let sent = json!({"name": {"last": "Образцов"}, "phones": [{"number": "1"}]});
        for (field, pointer) in [
            ("/name/last", Some("/name/last")),
            ("name.last", Some("/name/last")),
            ("$.phones[0].number", Some("/phones/0/number")),
            ("body.name.last", Some("/name/last")),
            ("name.first", Some("/name/first")),
            ("inn", Some("/inn")),
            ("no.such.place", None),
            ("Фамилия Образцов неверна!", None),
        ] {
            assert_eq!(pointer_of(field, &sent).as_deref(), pointer, "{field}");
        }
    }
}
