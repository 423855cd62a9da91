//! Refusals as T-Bank words them: `{errorId, errorMessage, errorCode, errorDetails}`. Turns violations of a contract into one; finds none.

use axum::body::Body;
use axum::http::{Response, StatusCode};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::contract::Violation;
use crate::sandbox::reply;
use crate::sandbox::switches::Switches;
use crate::sandbox::toolbox::dotted_path;

use super::switches::{PROSE_STATUS, UNKNOWN_MEMBERS};

/// Characters of a value that a detail quotes at most.
const QUOTED_CHARACTERS_MAX: usize = 100;

/// A refusal before it is written.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: &'static str,
    details: Map<String, Value>,
}

impl Refusal {
    /// A refusal without details.
    pub(super) fn new(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        Self { status, code, message, details: Map::new() }
    }

    /// 400 for a body that cannot be decoded; the text holds the path.
    pub(super) fn decoding(text: &str) -> Self {
        let mut refusal = Self::new(StatusCode::BAD_REQUEST, "INVALID_DATA", "Request body could not be decoded");
        refusal.details.insert("body".to_owned(), Value::from(text));
        refusal
    }

    /// 400 for a header.
    pub(super) fn header(name: &str, text: &str) -> Self {
        let mut refusal = Self::new(StatusCode::BAD_REQUEST, "INVALID_DATA", "A request header is not valid");
        refusal.details.insert(name.to_owned(), Value::from(format!("header {name} {text}")));
        refusal
    }

    /// 400 for a member of the query.
    pub(super) fn value(name: &str, text: &str) -> Self {
        let mut refusal = Self::new(StatusCode::BAD_REQUEST, "INVALID_DATA", "Request is not valid");
        refusal.details.insert(name.to_owned(), Value::from(text));
        refusal
    }

    /// The response; details go with 400 and 422 only.
    pub(super) fn into_response(self) -> Response<Body> {
        let mut body = json!({
            "errorId": Uuid::new_v4().to_string(),
            "errorMessage": self.message,
            "errorCode": self.code,
        });
        let tells_details = self.status == StatusCode::BAD_REQUEST || self.status == StatusCode::UNPROCESSABLE_ENTITY;
        if let Some(members) = body.as_object_mut()
            && tells_details
            && !self.details.is_empty()
        {
            members.insert("errorDetails".to_owned(), Value::Object(self.details));
        }
        reply::json(self.status, &body)
    }
}

/// The refusal for what is wrong with a body: a first fault of decoding alone, else all faults of form, else all rules of prose.
pub(super) fn of(violations: &[Violation], body: &Value, schema: &Value, switches: &Switches) -> Option<Refusal> {
    let ignores_unknown = switches.is(&UNKNOWN_MEMBERS, "ignore");
    let counted = |violation: &&Violation| !(ignores_unknown && is_unknown_member(violation));
    let (prose, form): (Vec<&Violation>, Vec<&Violation>) =
        violations.iter().filter(counted).partition(|violation| violation.origin == "prose");
    if let Some(first) = form.iter().find(|violation| is_decoding(violation)) {
        let what = match first.keyword.as_str() {
            "required" => "missing required member",
            "additionalProperties" | "unevaluatedProperties" => "unknown member",
            "type" => "unexpected type of value",
            "enum" | "const" => "unknown value of an enumeration",
            _ => "expected a date like 2000-12-31",
        };
        return Some(Refusal::decoding(&format!("{what} at {}", from_root(first))));
    }
    if !form.is_empty() {
        let mut refusal = Refusal::new(StatusCode::BAD_REQUEST, "INVALID_DATA", "Request is not valid");
        refusal.details = details(&form, |violation| form_text(violation, body, schema));
        return Some(refusal);
    }
    if prose.is_empty() {
        return None;
    }
    let mut refusal = Refusal::new(switches.status(&PROSE_STATUS), "BUSINESS_RULE", "Request breaks a rule of the provider");
    refusal.details = details(&prose, |violation| violation.message.to_string());
    Some(refusal)
}

/// One entry for each path; texts of one path are joined.
fn details(violations: &[&Violation], text: impl Fn(&Violation) -> String) -> Map<String, Value> {
    let mut details = Map::new();
    for violation in violations {
        let path = dotted_path(violation);
        let name = if path.is_empty() { "body" } else { path.as_str() };
        let text = text(violation);
        let joined = match details.get(name).and_then(Value::as_str) {
            Some(before) if before.contains(&text) => before.to_owned(),
            Some(before) => format!("{before}; {text}"),
            None => text,
        };
        details.insert(name.to_owned(), Value::from(joined));
    }
    details
}

/// `expected value to match '..', but was '..'`, as the provider words a broken pattern; the rule's own words otherwise.
fn form_text(violation: &Violation, body: &Value, schema: &Value) -> String {
    let found = match body.pointer(&violation.pointer) {
        Some(Value::String(text)) => text.chars().take(QUOTED_CHARACTERS_MAX).collect(),
        Some(Value::Array(items)) => format!("list of {}", items.len()),
        Some(Value::Object(_)) => "object".to_owned(),
        Some(value @ (Value::Null | Value::Bool(_) | Value::Number(_))) => value.to_string(),
        None => String::new(),
    };
    match pattern(schema, &violation.pointer) {
        Some(pattern) if violation.keyword == "pattern" => format!("expected value to match '{pattern}', but was '{found}'"),
        Some(_) | None => format!("{}, but was '{found}'", violation.message),
    }
}

/// The pattern that stands at the member itself in the schema.
fn pattern<'schema>(schema: &'schema Value, pointer: &str) -> Option<&'schema str> {
    let mut node = schema;
    for step in pointer.split('/').skip(1) {
        node = resolved(schema, node)?;
        let name = step.replace("~1", "/").replace("~0", "~");
        node = match node.get("items") {
            Some(items) if step.bytes().all(|byte| byte.is_ascii_digit()) => items,
            Some(_) | None => node.get("properties")?.get(&name)?,
        };
    }
    node.get("pattern")?.as_str()
}

/// What a node refers to, unless it holds members or items itself.
fn resolved<'schema>(schema: &'schema Value, node: &'schema Value) -> Option<&'schema Value> {
    if node.get("properties").is_some() || node.get("items").is_some() {
        return Some(node);
    }
    match node.get("$ref").and_then(Value::as_str) {
        Some(reference) => schema.pointer(reference.strip_prefix('#')?),
        None => Some(node),
    }
}

fn is_unknown_member(violation: &Violation) -> bool {
    matches!(violation.keyword.as_str(), "additionalProperties" | "unevaluatedProperties")
}

fn is_decoding(violation: &Violation) -> bool {
    is_unknown_member(violation) || matches!(violation.keyword.as_str(), "required" | "type" | "enum" | "const" | "format")
}

/// `/documents/0` and member `division` as `[ROOT].documents[0].division`.
fn from_root(violation: &Violation) -> String {
    let path = dotted_path(violation);
    let dot = if path.is_empty() || path.starts_with('[') { "" } else { "." };
    format!("[ROOT]{dot}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Code;

    fn violation(pointer: &str, member: Option<&str>, keyword: &str, origin: &str) -> Violation {
        Violation {
            pointer: pointer.to_owned(),
            member: member.map(str::to_owned),
            keyword: keyword.to_owned(),
            rule: None,
            origin: origin.to_owned(),
            code: Code::ValueFormat,
            message: crate::model::Message::of_others(format!("{keyword} is broken")),
        }
    }

    fn set(text: &str) -> Switches {
        let mut switches = Switches::default();
        switches.set(text, crate::sandbox::registry::find("tbank").unwrap().switches).unwrap();
        switches
    }

    fn refuse(violations: &[Violation]) -> Refusal {
        let schema = json!({
            "properties": {"documents": {"items": {"$ref": "#/$defs/Document"}, "$ref": "#/$defs/list"}, "inn": {"pattern": "^[0-9]{12}$"}},
            "$defs": {"Document": {"properties": {"division": {"pattern": "^[0-9]{3}-[0-9]{3}$"}}}, "list": {}}
        });
        let body = json!({"inn": "12", "documents": [{"division": "770001"}]});
        of(violations, &body, &schema, &Switches::default()).unwrap()
    }

    #[test]
    fn decoding_faults_hide_all_others() {
        let refusal = refuse(&[
            violation("", None, "anyOf", "prose"),
            violation("/inn", None, "pattern", "doc"),
            violation("/documents/0", Some("division"), "required", "observed"),
            violation("/inn", None, "type", "doc"),
        ]);
        assert_eq!(refusal.status, 400);
        assert_eq!(Value::Object(refusal.details), json!({"body": "missing required member at [ROOT].documents[0].division"}));
    }

    #[test]
    fn faults_of_form_are_all_told_with_pattern_and_value() {
        let refusal = refuse(&[
            violation("/documents/0/division", None, "pattern", "observed"),
            violation("/inn", None, "pattern", "doc"),
            violation("/inn", None, "maxLength", "doc"),
            violation("", None, "anyOf", "prose"),
        ]);
        assert_eq!(
            Value::Object(refusal.details),
            json!({
                "documents[0].division": "expected value to match '^[0-9]{3}-[0-9]{3}$', but was '770001'",
                "inn": "expected value to match '^[0-9]{12}$', but was '12'; maxLength is broken, but was '12'",
            })
        );
    }

    #[test]
    fn rules_of_prose_have_a_status_of_their_own() {
        let broken = [violation("", None, "anyOf", "prose")];
        assert_eq!((refuse(&broken).status.as_u16(), refuse(&broken).code), (422, "BUSINESS_RULE"));
        let switches = set("prose_status=400");
        assert_eq!(of(&broken, &json!({}), &json!({}), &switches).unwrap().status, 400);
    }

    #[test]
    fn unknown_members_can_be_ignored() {
        let broken = [violation("", Some("kpp"), "additionalProperties", "ours")];
        assert_eq!(refuse(&broken).details["body"], "unknown member at [ROOT].kpp");
        let switches = set("unknown_members=ignore");
        assert_eq!(of(&broken, &json!({}), &json!({}), &switches), None);
        assert_eq!(of(&[], &json!({}), &json!({}), &Switches::default()), None);
    }
}
