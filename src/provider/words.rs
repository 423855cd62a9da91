//! What answers of all providers have in common: how a lost one is judged, how its text is quoted, how places in a sent body are
//! named. Decides nothing about any status.

use serde_json::Value;
use uuid::Uuid;

use super::http::{Lost, Reply};
use super::{Halt, Verdict};
use crate::model::redact::{redact, repeats};
use crate::model::{Body, Refusal};

/// Longest part of a body that is not an error object which is quoted.
const HEAD_CHARS_MAX: usize = 200;
/// Longest id of a request.
const ID_BYTES_MAX: usize = 128;
/// Numbers of so many digits may be somebody's.
const DIGITS_MIN: usize = 7;
/// Stands where something was taken out.
const HIDDEN: &str = "…";

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
pub(super) fn request_id(reply: &Reply, sent: &Body) -> Option<Box<str>> {
    kept_id(reply.headers.get("x-request-id")?.to_str().ok()?, sent)
}

/// An id of a request as it may be kept: short, and none that repeats the client, which no id has to.
pub(super) fn kept_id(id: &str, sent: &Body) -> Option<Box<str>> {
    let id = id.trim();
    let is_plain = !repeats(id, sent) && (Uuid::try_parse(id).is_ok() || !redact(id, sent).contains("{/"));
    (!id.is_empty() && id.len() <= ID_BYTES_MAX && is_plain).then(|| id.into())
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

/// A template of [`redact`](crate::model::redact::redact) without what would show somebody who is not in the sent body: ends like
/// `(Customer ID 7: Jane Roe)`, mail addresses with the name before them, and numbers of seven digits or more, however they are
/// grouped, become `…`. Holes (`{/email}`) stay. Names elsewhere are not known here.
pub(super) fn masked(text: &str) -> String {
    let mut kept: Vec<String> = Vec::new();
    for word in without_customers(text).split(' ') {
        if is_mail(word) {
            // `Jane Roe <jane@roe.example>`: the words before are hers as well.
            while kept.last().is_some_and(|before| is_named(before)) {
                kept.pop();
            }
            kept.push(HIDDEN.to_owned());
        } else {
            kept.push(word.to_owned());
        }
    }
    without_numbers(&kept.join(" "))
}

/// The text without `(Customer ID 7: Jane Roe)`.
fn without_customers(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.to_ascii_lowercase().find("(customer id") {
        let (before, tail) = rest.split_at(at);
        kept.push_str(before);
        kept.push_str(HIDDEN);
        let mut depth = 0_usize;
        let end = tail.char_indices().find_map(|(index, ch)| {
            depth = match ch {
                '(' => depth + 1,
                ')' => depth.saturating_sub(1),
                _ => depth,
            };
            (depth == 0).then_some(index + ch.len_utf8())
        });
        // One that is never closed goes on to the end.
        rest = tail.get(end.unwrap_or(tail.len())..).unwrap_or_default();
    }
    kept.push_str(rest);
    kept
}

/// The text without long numbers, also those written in groups: `(312) 555-0101`.
fn without_numbers(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let (mut run, mut digits, mut in_hole) = (String::new(), 0, false);
    for ch in text.chars().chain(['\0']) {
        in_hole = if in_hole { ch != '}' } else { ch == '{' };
        if !in_hole && ch.is_numeric() {
            digits += 1;
            run.push(ch);
        } else if !in_hole && digits > 0 && matches!(ch, ' ' | '\u{a0}' | '-' | '–' | '.' | '/' | '(' | ')') {
            run.push(ch);
        } else {
            let end = run.trim_end_matches(|ch: char| !ch.is_numeric()).len();
            kept.push_str(if digits < DIGITS_MIN { run.get(..end).unwrap_or_default() } else { "…" });
            kept.push_str(run.get(end..).unwrap_or_default());
            run.clear();
            digits = 0;
            if ch != '\0' {
                kept.push(ch);
            }
        }
    }
    kept
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

fn is_mail(word: &str) -> bool {
    let edge = |ch: Option<char>| ch.is_some_and(|ch| ch.is_alphanumeric() || matches!(ch, '_' | '}' | '{' | '…'));
    word.match_indices('@').any(|(at, _)| edge(word[..at].chars().next_back()) && edge(word[at + 1..].chars().next()))
}

/// `Roe`, `(Roe`: a word that may be a part of a name and ends no sentence.
fn is_named(word: &str) -> bool {
    word.trim_start_matches(['(', '<', '"', '\'']).chars().next().is_some_and(char::is_uppercase)
        && !word.ends_with(['.', ':', ';'])
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
    fn ids_of_requests_that_repeat_the_client_are_not_kept() {
        let sent = Body::new(&serde_json::json!({"lastName": "Obraztsova", "passport": "4509123456"}));
        for (id, kept) in
            [("r-17", true), ("f4fce315-9b7c-4302-989a-521be9ec9bca", true), ("x Obraztsova", false), ("4509123456", false)]
        {
            assert_eq!(kept_id(id, &sent).is_some(), kept, "{id}");
        }
    }

    #[test]
    fn people_who_are_not_in_the_body_are_masked() {
        for (text, kept) in [
            ("email: is taken by Jane Roe jane@roe.example", "email: is taken by …"),
            ("Email: Jane Roe <jane@roe.example>, see there", "Email: … see there"),
            ("{/firstName}@roe.example is taken", "… is taken"),
            ("call +371 2000-00-01 or 12345", "call +… or 12345"),
            ("{/email} is taken, code 400", "{/email} is taken, code 400"),
            ("an e-mail needs an @, user@", "an e-mail needs an @, user@"),
            ("Phone is known (Customer ID 396: Johnny (Jay) Doe). Ask.", "Phone is known …. Ask."),
            ("a (customer id 1: A) b (CUSTOMER ID 2: B", "a … b …"),
            ("{/email} and jane.roe@example.net, twice", "{/email} and … twice"),
            ("call (312) 555-0101 or 3125550101.", "call (… or …."),
            ("{/a/1234567/b} of 12 members", "{/a/1234567/b} of 12 members"),
            ("at most 255 characters", "at most 255 characters"),
        ] {
            assert_eq!(masked(text), kept);
        }
    }
}
