//! What one member's value has to be by itself, as quick tests. The whole body remains the validator's affair: a guard
//! only lets the validator be asked once for each shape of body instead of once for each row.

use std::sync::Arc;

use chrono::NaiveDate;
use regex::Regex;
use serde_json::Value;

/// Quick tests of one member's text.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    chars_min: usize,
    chars_max: Option<usize>,
    tests: Vec<Test>,
}

/// A pattern's test in code.
type Holds = fn(&str) -> bool;

#[derive(Clone, Debug)]
enum Test {
    /// A pattern for which there is a faster way to say the same.
    Known(Holds),
    Pattern(Arc<Regex>),
    /// Something that only the validator knows.
    Never,
}

impl Guard {
    /// Whether the text is one that the member takes. False may also mean: ask the validator.
    #[must_use]
    pub fn admits(&self, text: &str) -> bool {
        // A text has no more characters than bytes, so most texts need no counting.
        (self.chars_min <= 1 && text.len() >= self.chars_min || text.chars().count() >= self.chars_min)
            && self.chars_max.is_none_or(|most| text.len() <= most || text.chars().count() <= most)
            && self.tests.iter().all(|test| match test {
                Test::Known(holds) => holds(text),
                Test::Pattern(pattern) => pattern.is_match(text),
                Test::Never => false,
            })
    }

    /// Reads the constraints of a member's schema; `closed` says that its values come from a closed list, which the shape holds.
    pub(super) fn read(root: &Value, schema: &Value, closed: bool) -> Self {
        let mut guard = Self::default();
        guard.add(root, schema, closed, 0);
        guard
    }

    fn add(&mut self, root: &Value, schema: &Value, closed: bool, depth: usize) {
        for (keyword, value) in schema.as_object().into_iter().flatten() {
            let number = || value.as_u64().and_then(|number| usize::try_from(number).ok());
            match keyword.as_str() {
                "minLength" => self.chars_min = self.chars_min.max(number().unwrap_or(usize::MAX)),
                "maxLength" => self.chars_max = Some(self.chars_max.unwrap_or(usize::MAX).min(number().unwrap_or(0))),
                "pattern" => self.tests.push(pattern(value.as_str().unwrap_or_default())),
                "format" if value == "date" => self.tests.push(Test::Known(is_day)),
                "const" | "enum" if closed => {}
                "type" if value == "string" || value == "boolean" => {}
                "$ref" => match value.as_str().and_then(|target| root.pointer(target.strip_prefix('#')?)) {
                    Some(target) if depth < 8 => self.add(root, target, closed, depth + 1),
                    Some(_) | None => self.tests.push(Test::Never),
                },
                "title" | "description" | "examples" | "default" | "$comment" | "deprecated" => {}
                annotation if annotation.starts_with("x-") => {}
                _ => self.tests.push(Test::Never),
            }
        }
    }
}

/// Patterns of the contracts for which a loop over bytes says the same as a regular expression, several times faster.
/// A test holds each of them against its expression.
const KNOWN: [(&str, Holds); 13] = [
    ("^[^\\x00-\\x20\\x7f\\u00a0]([^\\x00-\\x1f\\x7f]*[^\\x00-\\x20\\x7f\\u00a0])?$", is_trimmed),
    (NAME, is_name),
    ("^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$", is_date),
    ("^(19|20)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$", |text| {
        (text.starts_with("19") || text.starts_with("20")) && is_date(text)
    }),
    ("^((\\+[0-9])([0-9]){6,14})$", |text| {
        text.strip_prefix('+').is_some_and(|rest| (7..=15).contains(&rest.len()) && is_digits(rest))
    }),
    ("^[+](7[0-9]{10}|[1-689][0-9]{6,14})$", |text| {
        let Some(rest) = text.strip_prefix('+') else { return false };
        let fits = match rest.as_bytes().first() {
            Some(b'7') => rest.len() == 11,
            Some(b'0') | None => false,
            Some(_) => (7..=15).contains(&rest.len()),
        };
        fits && is_digits(rest)
    }),
    ("[1-9]", |text| text.bytes().any(|byte| (b'1'..=b'9').contains(&byte))),
    ("^([0-9]{12})$", |text| text.len() == 12 && is_digits(text)),
    ("^([0-9]{11})$", |text| text.len() == 11 && is_digits(text)),
    ("^[0-9]{4}$", |text| text.len() == 4 && is_digits(text)),
    ("^[0-9]{6}$", |text| text.len() == 6 && is_digits(text)),
    ("^([A-Z]{2})$", |text| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())),
    ("^([0-9]{3}-[0-9]{3})$", |text| {
        text.len() == 7
            && text.bytes().enumerate().all(|(place, byte)| if place == 3 { byte == b'-' } else { byte.is_ascii_digit() })
    }),
];

const NAME: &str = "^[^\\x00-\\x1f\\x7f0-9@<>{}\\[\\]|\\\\=+*#$%^~;:!?/_\" \\u00a0]([^\\x00-\\x1f\\x7f0-9@<>{}\\[\\]|\\\\=+*#$%^~;:!?/_\"]*[^\\x00-\\x1f\\x7f0-9@<>{}\\[\\]|\\\\=+*#$%^~;:!?/_\" \\u00a0])?$";

fn pattern(written: &str) -> Test {
    match KNOWN.iter().find(|(known, _)| *known == written) {
        Some((_, holds)) => Test::Known(*holds),
        None => Regex::new(written).map_or(Test::Never, |pattern| Test::Pattern(Arc::new(pattern))),
    }
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let two = |from: usize| (bytes[from] - b'0') * 10 + (bytes[from + 1] - b'0');
    bytes.len() == 10
        && bytes
            .iter()
            .enumerate()
            .all(|(place, byte)| if place == 4 || place == 7 { *byte == b'-' } else { byte.is_ascii_digit() })
        && (1..=12).contains(&two(5))
        && (1..=31).contains(&two(8))
}

fn is_day(text: &str) -> bool {
    let part = |range: std::ops::Range<usize>| text.get(range).and_then(|part| part.parse::<u32>().ok());
    match (is_date(text), part(0..4), part(5..7), part(8..10)) {
        (true, Some(year), Some(month), Some(day)) => {
            day <= 28 || NaiveDate::from_ymd_opt(i32::try_from(year).unwrap_or(i32::MAX), month, day).is_some()
        }
        (_, _, _, _) => false,
    }
}

/// No control characters, no blank at either end.
fn is_trimmed(text: &str) -> bool {
    let blank = |ch: Option<char>| ch.is_none_or(|ch| ch == ' ' || ch == '\u{a0}');
    text.bytes().all(|byte| byte >= 0x20 && byte != 0x7f) && !blank(text.chars().next()) && !blank(text.chars().next_back())
}

fn is_name(text: &str) -> bool {
    is_trimmed(text) && !text.bytes().any(|byte| byte.is_ascii_digit() || b"@<>{}[]|\\=+*#$%^~;:!?/_\"".contains(&byte))
}

/// Whether the presence of members and the values of closed lists decide everything that is not a matter of one value alone,
/// so that bodies of one shape are all valid or all not. `open` are members whose values are free.
pub(super) fn shape_decides(root: &Value, open: &[&str]) -> bool {
    Walk { root, open }.schema(root, false, None, 0)
}

struct Walk<'a> {
    root: &'a Value,
    open: &'a [&'a str],
}

impl Walk<'_> {
    fn schema(&self, schema: &Value, condition: bool, member: Option<&str>, depth: usize) -> bool {
        let Some(keywords) = schema.as_object() else { return schema.is_boolean() };
        depth < 32 && keywords.iter().all(|(keyword, value)| self.keyword(keyword, value, schema, condition, member, depth + 1))
    }

    fn keyword(&self, keyword: &str, value: &Value, schema: &Value, condition: bool, member: Option<&str>, depth: usize) -> bool {
        let all = |schemas: &Value, condition: bool| {
            schemas.as_array().is_some_and(|schemas| schemas.iter().all(|schema| self.schema(schema, condition, None, depth)))
        };
        match keyword {
            "$schema" | "$id" | "$comment" | "$defs" | "title" | "description" | "examples" | "default" | "deprecated"
            | "type" | "required" | "minItems" | "maxItems" | "uniqueItems" => true,
            "additionalProperties" => value.is_boolean(),
            "pattern" | "minLength" | "maxLength" | "format" => !condition,
            "const" | "enum" => !condition || member.is_some_and(|member| !self.open.contains(&member)),
            "$ref" => value
                .as_str()
                .and_then(|target| self.root.pointer(target.strip_prefix('#')?))
                .is_some_and(|target| self.schema(target, condition, member, depth)),
            "properties" => value.as_object().is_some_and(|members| {
                members.iter().all(|(member, schema)| self.schema(schema, condition, Some(member), depth))
            }),
            "items" => self.schema(value, condition, None, depth),
            "allOf" => all(value, condition),
            "anyOf" | "oneOf" => all(value, true),
            "if" | "contains" | "not" | "else" => self.schema(value, true, None, depth),
            // The variants of a list's items: their members' guards are known by type.
            "then" => {
                let by_type = schema
                    .get("if")
                    .and_then(|test| test.get("properties"))
                    .and_then(Value::as_object)
                    .is_some_and(|members| members.len() == 1 && members.values().all(|test| test.get("const").is_some()));
                self.schema(value, !(by_type && value.get("$ref").is_some()), None, depth)
            }
            annotation => annotation.starts_with("x-"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn known_patterns_say_what_their_expressions_say(
            text in prop_oneof![
                "[+]?[0-9]{1,16}", "[0-9]{4}-[0-9]{2}-[0-9]{2}", "(19|20|18)[0-9]{2}-[01][0-9]-[0-3][0-9]", "[0-9]{3}-[0-9]{3}",
                "[ \u{a0}]?[А-Яа-яA-Za-z0-9 @<_\"\\\\-]{0,12}[ \u{a0}\t]?", "[A-Z]{1,3}", "[0-9]{4,12}", "\\PC{0,8}", any::<String>(),
            ]
        ) {
            for (written, holds) in KNOWN {
                prop_assert_eq!(holds(&text), Regex::new(written).unwrap().is_match(&text), "{} on {:?}", written, text);
            }
        }
    }
}
