//! The contract as a validator: JSON Schema 2020-12 with formats asserted, and our annotations turned into fault codes.
//! Messages never hold values.

use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use serde_json::Value;

use crate::model::{Code, Message, Part, Severity, Wording};

/// How strictly a body is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Everything the contract says, our own limits included.
    Strict,
    /// What the provider documents: without constraints whose origin is ours.
    Documented,
}

/// One way in which a body breaks its contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// JSON pointer of the failing value; for a missing or unknown member that of its parent. Empty for the root.
    pub pointer: String,
    /// Name of the missing or unknown member, where that is what is wrong.
    pub member: Option<String>,
    /// The JSON Schema keyword that failed, or `code` for a rule of ours that no keyword expresses.
    pub keyword: String,
    /// The rule's id in the contract, for example `T-S07`.
    pub rule: Option<String>,
    /// `doc`, `prose`, `observed` or `ours`: where the rule comes from.
    pub origin: String,
    /// The fault code under which reports tell it.
    pub code: Code,
    /// What is wrong, without the value.
    pub message: Message,
}

#[derive(Debug)]
pub(super) struct Contract {
    strict: Judge,
    documented: Judge,
}

impl Contract {
    pub(super) fn compile(schema: &Value) -> Result<Self, String> {
        let mut documented = schema.clone();
        drop_own_limits(&mut documented);
        Ok(Self { strict: Judge::compile(schema.clone())?, documented: Judge::compile(documented)? })
    }

    pub(super) fn accepts(&self, body: &Value) -> bool {
        self.strict.validator.is_valid(body)
    }

    pub(super) fn violations(&self, body: &Value, level: Level) -> Vec<Violation> {
        match level {
            Level::Strict => self.strict.violations(body),
            Level::Documented => {
                let mut violations = self.documented.violations(body);
                // What is merely unusual is taken.
                violations.retain(|violation| violation.code != Code::ValueUnusual);
                violations
            }
        }
    }
}

#[derive(Debug)]
struct Judge {
    schema: Value,
    validator: Validator,
}

impl Judge {
    fn compile(schema: Value) -> Result<Self, String> {
        let validator = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .should_validate_formats(true)
            .with_pattern_options(PatternOptions::regex())
            .build(&schema)
            .map_err(|error| error.masked().to_string())?;
        Ok(Self { schema, validator })
    }

    fn violations(&self, body: &Value) -> Vec<Violation> {
        let mut violations = Vec::new();
        for error in self.validator.iter_errors(body) {
            match error.kind() {
                ValidationErrorKind::AdditionalProperties { unexpected } => {
                    violations.extend(unexpected.iter().map(|member| self.violation(&error, Some(member))));
                }
                ValidationErrorKind::Required { property } => violations.push(self.violation(&error, property.as_str())),
                // The library's enum, and every other kind is told alike.
                _ => violations.push(self.violation(&error, None)),
            }
        }
        violations
    }

    fn violation(&self, error: &ValidationError<'_>, member: Option<&str>) -> Violation {
        let nodes = self.nodes_along(error.evaluation_path().as_str());
        let keyword = error.kind().keyword();
        let nearest = |name: &str| nodes.iter().rev().find_map(|node| node.get(name)?.as_str());
        let rule = match keyword {
            "additionalProperties" => nearest("x-rule-additionalProperties"),
            "type" => nearest("x-rule-type"),
            _ => nearest("x-rule"),
        };
        let origin = match keyword {
            "additionalProperties" => nearest("x-origin-additionalProperties"),
            _ => nearest("x-origin"),
        };
        let pointer = error.instance_path().as_str().to_owned();
        let is_warning = nodes.iter().any(|node| node.get("x-severity").and_then(Value::as_str) == Some("warn"));
        let code = match code_of(&nodes, keyword, member) {
            code if is_warning && code.severity() == Severity::Error => Code::ValueUnusual,
            code => code,
        };
        // A member without a title goes by its name; the nearest title would be that of what it is missing in.
        let title = match member {
            Some(member) => {
                let pointer = format!("/properties/{}/title", member.replace('~', "~0").replace('/', "~1"));
                nodes.iter().rev().find_map(|node| node.pointer(&pointer)?.as_str()).or(Some(member))
            }
            None => nearest("title"),
        };
        Violation {
            message: message_of(error.kind(), code, member, title),
            pointer,
            member: member.map(str::to_owned),
            keyword: keyword.to_owned(),
            rule: rule.map(str::to_owned),
            origin: origin.unwrap_or("doc").to_owned(),
            code,
        }
    }

    /// The schemas that led to a keyword, outermost first, references followed.
    fn nodes_along(&self, evaluation_path: &str) -> Vec<&Value> {
        let mut node = &self.schema;
        let mut nodes = vec![node];
        for token in evaluation_path.split('/').skip(1) {
            let token = token.replace("~1", "/").replace("~0", "~");
            let next = if token == "$ref" {
                node.get("$ref").and_then(Value::as_str).and_then(|target| self.schema.pointer(target.strip_prefix('#')?))
            } else {
                node.get(&token).or_else(|| node.get(token.parse::<usize>().ok()?))
            };
            match next {
                Some(next) => node = next,
                None => break,
            }
            if node.is_object() {
                nodes.push(node);
            }
        }
        nodes
    }
}

/// The fault code of a keyword: the nearest `x-fault` on the way to it, a text for every keyword or an object by keyword
/// (and for `required` by member, `*` for any), else the keyword's own.
fn code_of(nodes: &[&Value], keyword: &str, member: Option<&str>) -> Code {
    for node in nodes.iter().rev() {
        let name = match node.get("x-fault") {
            Some(Value::String(name)) if keyword != "additionalProperties" && keyword != "type" => Some(name),
            Some(Value::Object(by_keyword)) => match by_keyword.get(keyword) {
                Some(Value::String(name)) => Some(name),
                Some(Value::Object(by_member)) => {
                    match member.and_then(|member| by_member.get(member)).or_else(|| by_member.get("*")) {
                        Some(Value::String(name)) => Some(name),
                        _ => None,
                    }
                }
                _ => None,
            },
            _ => None,
        };
        if let Some(code) = name.and_then(|name| Code::from_name(name)) {
            return code;
        }
        // A missing or unknown member is the affair of the object that misses it, not of what lies around it.
        if matches!(keyword, "required" | "additionalProperties") && node.get(keyword).is_some() {
            break;
        }
    }
    match keyword {
        "required" => Code::ValueMissing,
        "additionalProperties" => Code::ValueUnexpected,
        "enum" | "const" => Code::ValueNotAllowed,
        "maxLength" => Code::ValueTooLong,
        "minLength" => Code::ValueTooShort,
        "type" => Code::ValueWrongType,
        "uniqueItems" => Code::DocumentTwice,
        _ => Code::ValueFormat,
    }
}

fn message_of(kind: &ValidationErrorKind, code: Code, member: Option<&str>, title: Option<&str>) -> Message {
    let title = title.or(member).unwrap_or("the value");
    match kind {
        ValidationErrorKind::Required { .. } => match code {
            Code::ValueMissing => Wording::IsMissing.with([title.into()]),
            _ => Wording::IsMissingWhy.with([title.into(), Part::Meaning(code)]),
        },
        ValidationErrorKind::AdditionalProperties { .. } => Wording::NotHere.with([member.unwrap_or_default().into()]),
        ValidationErrorKind::MaxLength { limit } => Wording::LongerThan.with([limit.to_string().into()]),
        ValidationErrorKind::MinLength { limit } => Wording::ShorterThan.with([limit.to_string().into()]),
        // The library's enum; the code's own words say it for all other kinds.
        _ => Message::meaning(code),
    }
}

/// Leaves what the provider documents: references to `ours_*` definitions go, branches of `allOf` that are ours or only warn,
/// and closed objects that only we close open.
fn drop_own_limits(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if members.get("$ref").and_then(Value::as_str).is_some_and(|target| target.starts_with("#/$defs/ours_")) {
                members.remove("$ref");
            }
            if members.get("x-origin-additionalProperties").and_then(Value::as_str) == Some("ours") {
                members.remove("additionalProperties");
            }
            if let Some(Value::Array(branches)) = members.get_mut("allOf") {
                let says = |branch: &Value, key: &str, value: &str| branch.get(key).and_then(Value::as_str) == Some(value);
                branches.retain(|branch| !says(branch, "x-origin", "ours") && !says(branch, "x-severity", "warn"));
                if branches.is_empty() {
                    members.remove("allOf");
                }
            }
            members.values_mut().for_each(drop_own_limits);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_own_limits),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rules_severity_and_level_come_from_the_contract() {
        let schema = json!({
            "type": "object", "x-rule-type": "A-1", "x-rule-additionalProperties": "A-2", "additionalProperties": false,
            "properties": {
                "risk": {"type": "string", "allOf": [{"x-origin": "ours", "x-severity": "warn", "x-rule": "A-3", "not": {"const": "prohibited"}}]},
                "mail": {"type": "string", "allOf": [{"x-origin": "ours", "x-rule": "A-4", "pattern": "@"}]},
                "kind": {"type": "string", "allOf": [{"x-severity": "warn", "x-fault": "register.unusual", "minLength": 2}]}
            }
        });
        let contract = Contract::compile(&schema).unwrap();
        let told = |body: Value, level| {
            let violations = contract.violations(&body, level);
            violations.into_iter().map(|v| (v.rule.unwrap_or_default(), v.code.as_str())).collect::<Vec<_>>()
        };
        let odd = json!({"risk": "prohibited", "mail": "none", "kind": "a"});
        let strict = told(odd.clone(), Level::Strict);
        assert_eq!(
            strict,
            [(String::new(), "register.unusual"), ("A-4".to_owned(), "value.format"), ("A-3".to_owned(), "value.unusual")]
        );
        assert_eq!(told(odd, Level::Documented), []);
        assert_eq!(
            told(json!({"more": 1, "risk": 2}), Level::Documented),
            [("A-1".to_owned(), "value.wrong_type"), ("A-2".to_owned(), "value.unexpected")]
        );
    }
}
