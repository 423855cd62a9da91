//! A provider's words without the client's data, and with it again. What is kept is a template; what people read is restored.

use serde_json::Value;

use super::Body;

/// Longest text that is looked at; what follows is cut off at a blank.
const CHARS_MAX: usize = 2000;
/// Runs of at least this many digits are taken for client data.
const DIGITS_MAX: usize = 3;
/// Stands where something was taken out that is not in the body.
const HIDDEN: char = '…';

/// The text as a template: every value of the sent body, and each of its words of three letters or more, becomes
/// `{/json/pointer}` (a word `{/json/pointer#n}`, counted from 1); other long numbers and quoted pieces become `…`.
/// Regular expressions and names of members stay readable.
#[must_use]
pub fn redact(text: &str, body: &Body) -> String {
    let mut values = Values::default();
    values.collect(&body.parse(), &mut String::new());
    // Longest first: a whole address before its words.
    values.needles.sort_by_key(|needle| std::cmp::Reverse(needle.chars.len()));
    let chars = bounded(text);
    let folded: Vec<char> = chars.iter().map(|&ch| fold(ch)).collect();

    let mut pieces: Vec<Piece> = Vec::new();
    let mut index = 0;
    while index < chars.len() {
        match values.needles.iter().find(|needle| needle.stands_at(&folded, index)) {
            Some(needle) => {
                pieces.push(Piece::Hole(needle.hole.clone()));
                index += needle.chars.len();
            }
            None => {
                pieces.push(Piece::Char(chars[index]));
                index += 1;
            }
        }
    }
    hide_quoted(&mut pieces, &values.members);
    hide_digits(&mut pieces);
    let mut template = String::with_capacity(text.len());
    for piece in pieces {
        match piece {
            Piece::Char(ch) => template.push(ch),
            Piece::Hole(hole) => template.push_str(&hole),
        }
    }
    template
}

/// Characters of a value that are no accident in the midst of something longer.
const TELLING_CHARS: usize = 6;

/// Whether a value of the sent body stands anywhere in the text, in the midst of a longer number or word too.
#[must_use]
pub fn repeats(text: &str, body: &Body) -> bool {
    let mut values = Values::default();
    values.collect(&body.parse(), &mut String::new());
    let folded: Vec<char> = bounded(text).into_iter().map(fold).collect();
    let mut telling = values.needles.iter().filter(|needle| needle.chars.len() >= TELLING_CHARS);
    telling.any(|needle| folded.windows(needle.chars.len()).any(|part| part == needle.chars.as_slice()))
}

/// The template with the body's values put back. Holes that name nothing in the body stay as they are.
#[must_use]
pub fn restore(template: &str, body: &Body) -> String {
    if !template.contains("{/") {
        return template.to_owned();
    }
    let body = body.parse();
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(start) = rest.find("{/") {
        let (before, hole) = rest.split_at(start);
        text.push_str(before);
        let Some(end) = hole.find('}') else {
            rest = hole;
            break;
        };
        let (hole, after) = hole.split_at(end + 1);
        match filling(hole, &body) {
            Some(value) => text.push_str(&value),
            None => text.push_str(hole),
        }
        rest = after;
    }
    text.push_str(rest);
    text
}

fn filling(hole: &str, body: &Value) -> Option<String> {
    let inner = hole.strip_prefix('{')?.strip_suffix('}')?;
    let (pointer, word) = match inner.rsplit_once('#') {
        Some((pointer, number)) => (pointer, Some(number.parse::<usize>().ok()?)),
        None => (inner, None),
    };
    let value = leaf(body.pointer(pointer)?)?;
    match word {
        None => Some(value),
        Some(number) => words(&value).nth(number.checked_sub(1)?).map(str::to_owned),
    }
}

enum Piece {
    Char(char),
    Hole(String),
}

struct Needle {
    chars: Vec<char>,
    hole: String,
    /// Short values and numbers are only taken out where they stand alone: `RU` is not a part of `RUN`, and a number
    /// within a longer one would leave the rest of it behind.
    alone: bool,
}

impl Needle {
    fn stands_at(&self, text: &[char], index: usize) -> bool {
        let end = index + self.chars.len();
        text.get(index..end) == Some(&self.chars[..])
            && (!self.alone
                || (!index.checked_sub(1).and_then(|before| text.get(before)).is_some_and(|ch| ch.is_alphanumeric())
                    && !text.get(end).is_some_and(|ch| ch.is_alphanumeric())))
    }
}

#[derive(Default)]
struct Values {
    needles: Vec<Needle>,
    members: Vec<String>,
}

impl Values {
    fn collect(&mut self, value: &Value, pointer: &mut String) {
        let length = pointer.len();
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    self.members.push(name.clone());
                    pointer.push('/');
                    pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
                    self.collect(member, pointer);
                    pointer.truncate(length);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    pointer.push('/');
                    pointer.push_str(&index.to_string());
                    self.collect(item, pointer);
                    pointer.truncate(length);
                }
            }
            Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null => {
                let Some(text) = leaf(value) else { return };
                self.add(&text, format!("{{{pointer}}}"));
                for (index, word) in words(&text).enumerate() {
                    if word.len() < text.len() && word.chars().filter(|ch| ch.is_alphabetic()).count() >= 3 {
                        self.add(word, format!("{{{pointer}#{}}}", index + 1));
                    }
                }
            }
        }
    }

    fn add(&mut self, text: &str, hole: String) {
        let chars: Vec<char> = text.trim().chars().map(fold).collect();
        if !chars.is_empty() {
            let alone = chars.len() < 3 || chars.iter().all(|ch| ch.is_ascii_digit());
            self.needles.push(Needle { chars, hole, alone });
        }
    }
}

/// Text and numbers are client data; truth values say nothing by themselves.
fn leaf(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(_) | Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|ch: char| !ch.is_alphanumeric()).filter(|word| !word.is_empty())
}

fn fold(ch: char) -> char {
    match ch.to_lowercase().next() {
        Some('ё') => 'е',
        Some(lower) => lower,
        None => ch,
    }
}

/// The first characters, control characters as blanks, cut at a blank so that no half value escapes.
fn bounded(text: &str) -> Vec<char> {
    let mut chars: Vec<char> = text.chars().take(CHARS_MAX + 1).map(|ch| if ch.is_control() { ' ' } else { ch }).collect();
    if chars.len() > CHARS_MAX {
        let end = chars.iter().rposition(|ch| ch.is_whitespace()).unwrap_or(0);
        chars.truncate(end);
        chars.push(HIDDEN);
    }
    chars
}

fn hide_quoted(pieces: &mut Vec<Piece>, members: &[String]) {
    let mut kept = Vec::with_capacity(pieces.len());
    let mut rest = std::mem::take(pieces).into_iter().peekable();
    while let Some(piece) = rest.next() {
        let closing = match piece {
            Piece::Char('\'') => '\'',
            Piece::Char('"') => '"',
            Piece::Char('«') => '»',
            Piece::Char('“') => '”',
            Piece::Char('`') => '`',
            Piece::Char(_) | Piece::Hole(_) => {
                kept.push(piece);
                continue;
            }
        };
        let mut inside = Vec::new();
        let mut closed = false;
        for next in rest.by_ref() {
            if matches!(next, Piece::Char(ch) if ch == closing) {
                closed = true;
                break;
            }
            inside.push(next);
        }
        kept.push(piece);
        if closed && !is_harmless(&inside, members) {
            inside = vec![Piece::Char(HIDDEN)];
        }
        kept.append(&mut inside);
        if closed {
            kept.push(Piece::Char(closing));
        }
    }
    *pieces = kept;
}

/// Quoted pieces that may stay: holes with signs between them, names of members, regular expressions.
fn is_harmless(inside: &[Piece], members: &[String]) -> bool {
    if inside.iter().all(|piece| match piece {
        Piece::Hole(_) => true,
        Piece::Char(ch) => !ch.is_alphanumeric(),
    }) {
        return true;
    }
    let Some(text) = inside
        .iter()
        .map(|piece| match piece {
            Piece::Char(ch) => Some(*ch),
            Piece::Hole(_) => None,
        })
        .collect::<Option<String>>()
    else {
        return false;
    };
    let regex = (text.starts_with('^') || text.ends_with('$')) && text.contains(['[', '(', '\\', '.', '*', '+']);
    regex || members.contains(&text)
}

/// Takes out runs of digits, also those written in groups: `79001234567`, `4509 123456`, `01.05.1990`.
fn hide_digits(pieces: &mut Vec<Piece>) {
    let digit = |piece: Option<&Piece>| matches!(piece, Some(Piece::Char(ch)) if ch.is_numeric());
    let mut kept = Vec::with_capacity(pieces.len());
    let mut index = 0;
    while index < pieces.len() {
        if !digit(pieces.get(index)) {
            kept.push(index..index + 1);
            index += 1;
            continue;
        }
        let (start, mut digits) = (index, 0);
        loop {
            if digit(pieces.get(index)) {
                digits += 1;
                index += 1;
            } else if matches!(pieces.get(index), Some(Piece::Char('-' | '.' | '/' | ' ' | '\u{a0}')))
                && digit(pieces.get(index + 1))
            {
                index += 1;
            } else {
                break;
            }
        }
        kept.push(if digits > DIGITS_MAX { index..index } else { start..index });
    }
    let mut old: Vec<Option<Piece>> = std::mem::take(pieces).into_iter().map(Some).collect();
    for range in kept {
        if range.is_empty() {
            pieces.push(Piece::Char(HIDDEN));
        }
        for position in range {
            pieces.extend(old.get_mut(position).and_then(Option::take));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn body() -> Body {
        Body::new(&json!({
            "type": "FL_RESIDENT", "lastName": "Семёнова", "firstName": "Анна", "citizenship": "RU", "isSelfEmployed": false,
            "birthDate": "1990-05-01", "phoneNumber": "+79001234567", "inn": "500100732259",
            "addresses": [{"type": "REGISTRATION_ADDRESS", "address": "г Москва, ул Садовая, д 5"}],
            "documents": [{"type": "PASSPORT", "serial": "4509", "number": "123456", "division": "770-001"}]
        }))
    }

    #[test]
    fn values_become_holes_and_come_back() {
        let text = "expected value to match '^([0-9]{3}-[0-9]{3})$', but was '770-001'";
        let template = redact(text, &body());
        assert_eq!(template, "expected value to match '^([0-9]{3}-[0-9]{3})$', but was '{/documents/0/division}'");
        assert_eq!(restore(&template, &body()), text);
        let text = "[ROOT].documents[0].division: client СЕМЕНОВА Анна of Москва is known";
        let template = redact(text, &body());
        assert_eq!(
            template,
            "[ROOT].documents[0].division: client {/lastName} {/firstName} of {/addresses/0/address#2} is known"
        );
        assert_eq!(restore(&template, &body()), "[ROOT].documents[0].division: client Семёнова Анна of Москва is known");
    }

    #[test]
    fn what_the_server_wrote_in_its_own_way_is_hidden() {
        for (text, template) in [
            ("phone 89001234567 is wrong", "phone … is wrong"),
            ("number 4509123456", "number …"),
            ("number 4509 123456", "number {/documents/0/serial} {/documents/0/number}"),
            ("born 01.05.1990!", "born …!"),
            ("but was 'Ivanova A.'", "but was '…'"),
            ("company «Ромашка»", "company «…»"),
            ("member 'lastName' is too long, at most 255", "member 'lastName' is too long, at most 255"),
            ("unclosed ' quote", "unclosed ' quote"),
            ("RUN in RU", "RUN in {/citizenship}"),
        ] {
            assert_eq!(redact(text, &body()), template);
        }
    }

    #[test]
    fn no_value_survives_whatever_surrounds_it() {
        let secret = ["Семёнова", "Анна", "1990-05-01", "79001234567", "500100732259", "Москва", "Садовая", "4509", "770-001"];
        for value in secret {
            for text in [format!("x{value}y"), format!("'{value}'"), format!("{{{value}}}"), format!("{{/a}}{value}#1}}")] {
                for text in [text.clone(), text.to_uppercase(), text.to_lowercase()] {
                    let template = redact(&text, &body()).to_lowercase();
                    assert!(!template.contains(&value.to_lowercase()), "{text} -> {template}");
                }
            }
        }
        let long = format!("{} Семёнова", "a ".repeat(CHARS_MAX));
        assert!(redact(&long, &body()).chars().count() <= CHARS_MAX + 1);
        assert!(redact(&"9".repeat(5000), &body()).len() < 10);
    }

    #[test]
    fn restoring_leaves_alone_what_names_nothing() {
        for template in ["{/nowhere}", "{/lastName", "{/lastName#9}", "{/lastName#0}", "{/documents}", "{x}", "plain …"] {
            assert_eq!(restore(template, &body()), template);
        }
    }
}
