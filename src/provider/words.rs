//! What answers of all providers have in common: how a lost one is judged, how its text is quoted, how places in a sent body are
//! named. Decides nothing about any status.

use serde_json::Value;

use super::http::{Lost, Reply};
use super::{Halt, Verdict};
use crate::model::Refusal;

/// Longest part of a body that is not an error object which is quoted.
const HEAD_CHARS_MAX: usize = 200;

/// The meaning of a request that got no answer; `certificate` words a refusal of our certificate.
pub(super) fn without_answer(lost: &Lost, certificate: impl Fn(&str) -> Halt) -> Verdict {
    match lost {
        Lost::Certificate(why) => Verdict::Halt(certificate(why)),
        Lost::NotConnected { why, untrusted: _ } => Verdict::Transient(doubt("not_connected", why.clone(), None)),
        Lost::InDoubt { code, why } => Verdict::Unknown { why: doubt(code, why.clone(), None), retry_after: None },
    }
}

/// Words of our own about an answer.
pub(super) fn doubt(code: &str, message: String, request_id: Option<Box<str>>) -> Refusal {
    Refusal { code: code.into(), message: message.into(), pointer: None, request_id }
}

/// The provider's id of the request, from the usual header.
pub(super) fn request_id(reply: &Reply) -> Option<Box<str>> {
    let id = reply.headers.get("x-request-id")?.to_str().ok()?.trim();
    (!id.is_empty() && id.len() <= 128).then(|| id.into())
}

/// `.documents[0].division: …` as `/documents/0/division`; `None` for the root itself.
pub(super) fn pointer_of(path: &str) -> Option<String> {
    let mut pointer = String::new();
    let mut rest = path;
    loop {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(|ch: char| !ch.is_ascii_alphanumeric() && ch != '_').unwrap_or(after.len());
            let (name, next) = after.split_at(end);
            // A full stop at the end of a sentence is no step.
            if name.is_empty() || name.len() > 64 {
                break;
            }
            pointer.push('/');
            pointer.push_str(name);
            rest = next;
        } else if let Some((index, next)) = rest.strip_prefix('[').and_then(|after| after.split_once(']')) {
            if index.is_empty() || index.len() > 4 || !index.bytes().all(|byte| byte.is_ascii_digit()) {
                break;
            }
            pointer.push('/');
            pointer.push_str(index);
            rest = next;
        } else {
            break;
        }
    }
    (!pointer.is_empty()).then_some(pointer)
}

/// The only member of this name anywhere in the body.
pub(super) fn find_member(value: &Value, name: &str, pointer: &str) -> Option<String> {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, member)| (name.clone(), member)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(index, item)| (index.to_string(), item)).collect(),
        Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null => Vec::new(),
    };
    let mut found = children.iter().filter_map(|(step, child)| {
        let path = format!("{pointer}/{step}");
        if step == name { Some(path) } else { find_member(child, name, &path) }
    });
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// Stands for what was taken out.
const HIDDEN: char = '…';
/// Runs of at least this many digits are somebody's number.
const DIGITS_MAX: usize = 6;

/// The text without mail addresses and without runs of seven digits and more, however they are grouped: whoever they belong to,
/// they are not needed to understand a refusal.
pub(super) fn masked(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    for piece in
        text.split_inclusive(|ch: char| ch.is_whitespace() || matches!(ch, ',' | ';' | '<' | '>' | '(' | ')' | '"' | '\''))
    {
        if piece.contains('@') {
            kept.push(HIDDEN);
            kept.extend(piece.chars().last().filter(|ch| !ch.is_alphanumeric()));
        } else {
            kept.push_str(piece);
        }
    }
    without_numbers(&kept)
}

fn without_numbers(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|ch: char| ch.is_numeric()) {
        let (before, run) = rest.split_at(start);
        kept.push_str(before);
        let is_of_run = |ch: char| ch.is_numeric() || matches!(ch, ' ' | '\u{a0}' | '-' | '.' | '(' | ')' | '/');
        let end = run.find(|ch| !is_of_run(ch)).unwrap_or(run.len());
        let end = run
            .get(..end)
            .and_then(|run| run.char_indices().rfind(|(_, ch)| ch.is_numeric()))
            .map_or(end, |(at, ch)| at + ch.len_utf8());
        let (run, after) = run.split_at(end);
        if run.chars().filter(|ch| ch.is_numeric()).count() > DIGITS_MAX {
            kept.push(HIDDEN);
        } else {
            kept.push_str(run);
        }
        rest = after;
    }
    kept.push_str(rest);
    kept
}

/// What an answer without an error object says, shortly.
pub(super) fn head(reply: &Reply) -> String {
    let text = match &reply.body {
        Ok(bytes) => String::from_utf8_lossy(bytes),
        Err(why) => return format!("status {}; {why}", reply.status),
    };
    let text = text.trim();
    if text.is_empty() {
        return format!("status {} without a body", reply.status);
    }
    if text.starts_with('<') {
        return format!("status {} with a page of HTML", reply.status);
    }
    let mut head: String = text.chars().take(HEAD_CHARS_MAX + 1).collect();
    if head.chars().count() > HEAD_CHARS_MAX {
        // At a blank, so that no half of a value escapes redaction.
        head.truncate(head.rfind(char::is_whitespace).unwrap_or(0));
        head.push('…');
    }
    format!("status {}: {head}", reply.status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mails_and_numbers_of_whoever_they_are_go() {
        for (text, kept) in [
            ("client exists", "client exists"),
            ("ведёт Анна, anna@example.net; далее", "ведёт Анна, …; далее"),
            ("<anna@example.net>", "<…>"),
            ("call +7 (900) 123-45-67 now", "call +… now"),
            ("INN 770123456703.", "INN …."),
            ("at most 255, status 400, {/passport/no}", "at most 255, status 400, {/passport/no}"),
            ("", ""),
        ] {
            assert_eq!(masked(text), kept);
        }
    }
}
