//! What one member's value has to be by itself, as quick tests. The whole body remains the validator's affair: a guard
//! only lets the validator be asked once for each shape of body instead of once for each row.

use std::sync::Arc;

use chrono::NaiveDate;
use regex::Regex;
use serde_json::Value;

use super::members::{Said, refer};

/// Quick tests of one member's value.
#[derive(Clone, Debug)]
pub struct Guard {
    chars_min: usize,
    chars_max: Option<usize>,
    tests: Vec<Test>,
    /// Tests of numbers alone.
    bounds: Vec<Bound>,
    takes_text: bool,
    numbers: Numbers,
}

/// A pattern's test in code.
type Holds = fn(&str) -> bool;

#[derive(Clone, Debug)]
enum Test {
    /// A pattern for which there is a faster way to say the same.
    Known(Holds),
    Pattern(Arc<Regex>),
    /// A value that is not taken, as text and whether it is one.
    Not(String, bool),
    /// Something that only the validator knows.
    Never,
}

/// Which numbers a member takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Numbers {
    None,
    Whole,
    All,
}

#[derive(Clone, Copy, Debug)]
enum Bound {
    Least(f64),
    Most(f64),
    Above(f64),
    Below(f64),
}

impl Default for Guard {
    fn default() -> Self {
        Self { chars_min: 0, chars_max: None, tests: Vec::new(), bounds: Vec::new(), takes_text: true, numbers: Numbers::All }
    }
}

impl Guard {
    /// Whether the text is one that the member takes. False may also mean: ask the validator.
    #[must_use]
    pub fn admits(&self, text: &str) -> bool {
        // A text has no more characters than bytes, so most texts need no counting.
        self.takes_text
            && (self.chars_min <= 1 && text.len() >= self.chars_min || text.chars().count() >= self.chars_min)
            && self.chars_max.is_none_or(|most| text.len() <= most || text.chars().count() <= most)
            && self.tests.iter().all(|test| match test {
                Test::Known(holds) => holds(text),
                Test::Pattern(pattern) => pattern.is_match(text),
                Test::Not(value, is_text) => !is_text || value != text,
                Test::Never => false,
            })
    }

    /// Whether the number, as JSON writes it, is one that the member takes. False may also mean: ask the validator.
    #[must_use]
    pub fn admits_number(&self, literal: &str) -> bool {
        let is_whole =
            !literal.is_empty() && literal.strip_prefix('-').unwrap_or(literal).bytes().all(|byte| byte.is_ascii_digit());
        let takes = match self.numbers {
            Numbers::None => false,
            Numbers::Whole => is_whole,
            Numbers::All => true,
        };
        takes
            && self.tests.iter().all(|test| match test {
                Test::Known(_) | Test::Pattern(_) => true,
                // Two ways to write one number: only the validator compares them.
                Test::Not(..) | Test::Never => false,
            })
            && (self.bounds.is_empty()
                || literal.parse::<f64>().is_ok_and(|number| self.bounds.iter().all(|bound| bound.holds(number))))
    }

    /// Reads the constraints of a member's schema; `closed` says that its values come from a closed list, which the shape holds.
    pub(super) fn read(root: &Value, said: &Said<'_>, closed: bool) -> Self {
        let mut guard = Self::default();
        for schema in said.schemas() {
            guard.add(root, schema, closed);
        }
        guard
    }

    fn add(&mut self, root: &Value, schema: &Value, closed: bool) {
        for (keyword, value) in schema.as_object().into_iter().flatten() {
            let number = || value.as_u64().and_then(|number| usize::try_from(number).ok());
            let bound = || value.as_f64().unwrap_or(f64::NAN);
            match keyword.as_str() {
                "minLength" => self.chars_min = self.chars_min.max(number().unwrap_or(usize::MAX)),
                "maxLength" => self.chars_max = Some(self.chars_max.unwrap_or(usize::MAX).min(number().unwrap_or(0))),
                "pattern" => self.tests.push(pattern(value.as_str().unwrap_or_default())),
                "format" if value == "date" => self.tests.push(Test::Known(is_day)),
                "minimum" => self.bounds.push(Bound::Least(bound())),
                "maximum" => self.bounds.push(Bound::Most(bound())),
                "exclusiveMinimum" => self.bounds.push(Bound::Above(bound())),
                "exclusiveMaximum" => self.bounds.push(Bound::Below(bound())),
                "const" | "enum" if closed => {}
                "type" => self.add_type(value),
                "not" => self.add_not(value),
                // What these lead to is said by schemas of their own.
                "$ref" if refer(root, schema).is_some() => {}
                "allOf" if value.as_array().is_some_and(|branches| branches.iter().all(|branch| branch.get("if").is_none())) => {}
                "title" | "description" | "examples" | "default" | "$comment" | "deprecated" | "writeOnly" | "readOnly" => {}
                annotation if annotation.starts_with("x-") => {}
                _ => self.tests.push(Test::Never),
            }
        }
    }

    fn add_type(&mut self, value: &Value) {
        let names: Vec<&str> = match value {
            Value::String(name) => vec![name],
            Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
        };
        self.takes_text &= names.contains(&"string");
        self.numbers = match (self.numbers, names.contains(&"number"), names.contains(&"integer")) {
            (Numbers::None, _, _) | (_, false, false) => Numbers::None,
            (Numbers::All, true, _) => Numbers::All,
            (Numbers::All | Numbers::Whole, _, true) | (Numbers::Whole, true, false) => Numbers::Whole,
        };
    }

    /// `not` of single values; anything else is the validator's affair.
    fn add_not(&mut self, schema: &Value) {
        let single = match (schema.as_object().map(serde_json::Map::len), schema.get("const"), schema.get("enum")) {
            (Some(1), Some(value), None) => vec![value],
            (Some(1), None, Some(Value::Array(values))) => values.iter().collect(),
            _ => {
                self.tests.push(Test::Never);
                return;
            }
        };
        for value in single {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            self.tests.push(Test::Not(text, value.is_string()));
        }
    }
}

impl Bound {
    /// Whether the number keeps the bound with room to spare: what a comparison of floats leaves open is the validator's affair.
    fn holds(self, number: f64) -> bool {
        let whole_and_small =
            |bound: f64| number.fract() == 0.0 && bound.fract() == 0.0 && number.abs() < 9e15 && bound.abs() < 9e15;
        let apart = |bound: f64| (number - bound).abs() > 1e-9 * number.abs().max(bound.abs());
        match self {
            Self::Least(bound) => number > bound && apart(bound) || number == bound && whole_and_small(bound),
            Self::Most(bound) => number < bound && apart(bound) || number == bound && whole_and_small(bound),
            Self::Above(bound) => number > bound && apart(bound),
            Self::Below(bound) => number < bound && apart(bound),
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// What a guard admits its schema has to accept; the reverse need not hold.
    fn is_honest(schema: &Value, value: &Value) {
        let guard = Guard::read(schema, &Said::new(schema, schema), false);
        let admitted = value.as_str().map_or_else(|| guard.admits_number(&value.to_string()), |text| guard.admits(text));
        assert!(!admitted || jsonschema::is_valid(schema, value), "{value} by {schema}");
    }

    #[test]
    fn numbers_and_types_are_guarded() {
        let guard = |schema: Value| Guard::read(&schema, &Said::new(&schema, &schema), false);
        let id = guard(json!({"type": ["integer", "null"], "minimum": 1, "maximum": 9_223_372_036_854_775_807_u64}));
        assert!(id.admits_number("1") && id.admits_number("101042") && !id.admits_number("0") && !id.admits_number("1.5"));
        assert!(!id.admits("1"));
        let share = guard(json!({"allOf": [{"exclusiveMinimum": 0}, {"maximum": 100}], "type": "number"}));
        assert!(
            share.admits_number("33.34")
                && share.admits_number("100")
                && !share.admits_number("0")
                && !share.admits_number("100.01")
        );
        let named = guard(json!({"allOf": [{"not": {"const": "nobody"}}]}));
        assert!(named.admits("somebody") && !named.admits("nobody"));
    }

    proptest! {
        #[test]
        fn what_is_admitted_is_valid(
            number in prop_oneof![any::<i64>().prop_map(Value::from), (-1e3..1e3_f64).prop_map(Value::from), (-3..3_i64).prop_map(Value::from)],
            text in "[a-c1-3 ]{0,5}", low in -2..2_i64, high in -2..9_000_000_000_000_000_000_i64,
            keyword in prop_oneof![Just("minimum"), Just("exclusiveMinimum")], types in prop_oneof![
                Just(json!("string")), Just(json!("number")), Just(json!(["integer", "null"])), Just(json!(["string", "integer"]))],
        ) {
            let schema = json!({"type": types, keyword: low, "allOf": [{"maximum": high, "not": {"enum": ["a", 1]}}, {"maxLength": 3}]});
            is_honest(&schema, &number);
            is_honest(&schema, &Value::from(text));
        }
    }

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
