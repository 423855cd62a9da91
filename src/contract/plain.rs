//! A plain JSON Schema made a contract: names, types and formats of its members say what our annotations would. Guesses fields
//! by whole headers of the vocabulary only; everything else is mapped by its path.

use serde_json::{Value, json};

use super::members::Said;
use super::operation::{Idempotency, Limits};
use super::vocabulary::vocabulary;
use crate::model::text::fold;

/// What a schema without annotations does not say about an operation.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// What it is, for people; the schema's own title when empty.
    pub title: String,
    /// The provider's page about it.
    pub documentation: String,
    /// Requests that the provider allows.
    pub limits: Option<Limits>,
    /// What the provider does with a request that comes twice.
    pub idempotency: Option<Idempotency>,
    /// The root member that is written first.
    pub first_key: Option<String>,
    /// Whether mappings may fill members that the schema does not name.
    pub passes_through: bool,
    /// Whether clients can only be told apart by the user's own id.
    pub own_id_required: bool,
    /// Alpha-2 code of the country of phone numbers that do not say theirs.
    pub phone_region: Option<String>,
    /// Natural keys: what people call each, and pointers to its parts.
    pub identities: Vec<(String, Vec<String>)>,
}

/// The schema with annotations where it has none.
pub(super) fn annotate(name: &str, mut schema: Value, facts: &Facts) -> Result<Value, String> {
    if !schema.is_object() {
        return Err("a contract is a JSON object".to_owned());
    }
    annotate_root(&mut schema);
    let Some(keywords) = schema.as_object_mut() else { return Ok(schema) };
    keywords.insert("x-operation".to_owned(), Value::from(name));
    let mut say = |key: &str, value: Value| {
        let is_said = !value.is_null() && value != "" && value != false;
        if is_said {
            keywords.insert(key.to_owned(), value);
        }
    };
    say("title", Value::from(facts.title.as_str()));
    say("x-documentation", Value::from(facts.documentation.as_str()));
    say("x-first-key", facts.first_key.as_deref().map_or(Value::Null, Value::from));
    say("x-phone-region", facts.phone_region.as_deref().map_or(Value::Null, Value::from));
    say("x-pass-through", Value::from(facts.passes_through));
    say("x-own-id-required", Value::from(facts.own_id_required));
    if let Some(limits) = &facts.limits {
        let mut written = json!({"requests": limits.requests, "window_ms": limits.window_ms});
        if let (Some(in_flight), Some(members)) = (limits.in_flight, written.as_object_mut()) {
            members.insert("in_flight".to_owned(), Value::from(in_flight));
        }
        if let (false, Some(members)) = (limits.further.is_empty(), written.as_object_mut()) {
            let further = limits.further.iter().map(|it| json!({"requests": it.requests, "window_ms": it.window_ms}));
            members.insert("further".to_owned(), further.collect());
        }
        say("x-limits", written);
    }
    if let Some(known) = &facts.idempotency {
        let unknown: Vec<&str> = known.unknown.iter().map(|settling| settling.as_str()).collect();
        let written = json!({"key": known.key, "remembered": known.remembered, "remembered_s": known.remembered_s,
            "replay": known.replay, "unknown": unknown, "note": known.note});
        say("x-idempotency", written);
    }
    if !facts.identities.is_empty() {
        let rules: Vec<Value> = facts.identities.iter().map(|(name, parts)| json!({"name": name, "parts": parts})).collect();
        say("x-identity", Value::from(rules));
    }
    Ok(schema)
}

/// Annotates members of the root that hold one value. Members of objects and lists keep their paths: no name tells for certain
/// whose phone a phone in them is.
fn annotate_root(schema: &mut Value) {
    let root = schema.clone();
    let Some(members) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    // A field goes to one member; two that read alike keep their paths.
    let guesses: Vec<Option<&'static str>> = members.keys().map(|name| field_of(name)).collect();
    for ((_, member), field) in members.iter_mut().zip(&guesses) {
        let Some(field) = field.filter(|_| guesses.iter().filter(|other| *other == field).count() == 1) else { continue };
        let said = Said::new(&root, member);
        if said.is_object() || said.get("items").is_some() {
            continue;
        }
        let is_text = said.json_type().is_none_or(|name| name == "string");
        let has_form = ["enum", "const", "format", "x-render"].iter().any(|keyword| said.get(keyword).is_some());
        let render = if is_text && !has_form { render_of(field) } else { None };
        let is_annotated = said.get("x-field").is_some();
        let Some(keywords) = member.as_object_mut().filter(|_| !is_annotated) else { continue };
        keywords.insert("x-field".to_owned(), Value::from(field));
        if let Some(render) = render {
            keywords.insert("x-render".to_owned(), Value::from(render));
        }
    }
}

/// The vocabulary's field for a member's name: `firstName` is `first name` is `first_name`.
fn field_of(member: &str) -> Option<&'static str> {
    let words = fold(&words_of(member));
    let found = vocabulary().fields.iter().find(|field| field.headers.contains(&words))?;
    // What a row is called by is no member of its own.
    (!matches!(&*found.name, "client_type" | "residency" | "full_name")).then_some(&*found.name)
}

/// `firstName`, `first_name` and `FirstName` as words; `clientINN` is `client INN`.
fn words_of(member: &str) -> String {
    let mut words = String::with_capacity(member.len() + 4);
    let mut before = ' ';
    let mut chars = member.chars().peekable();
    while let Some(ch) = chars.next() {
        let begins = ch.is_uppercase() && (before.is_lowercase() || before.is_ascii_digit())
            || ch.is_uppercase() && before.is_uppercase() && chars.peek().is_some_and(|next| next.is_lowercase());
        if begins {
            words.push(' ');
        }
        words.push(if ch == '_' || ch == '-' { ' ' } else { ch });
        before = ch;
    }
    words
}

/// How the value of a field is written, where the field says more than that it is text.
fn render_of(field: &str) -> Option<&'static str> {
    match field {
        "phone" => Some("e164"),
        "email" => Some("email"),
        "last_name" | "first_name" | "middle_name" => Some("name"),
        "birth_date" | "registration_date" => Some("iso-date"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Operation, Render};
    use super::*;

    fn operation() -> Operation {
        let schema = json!({
            "title": "Person", "type": "object", "required": ["firstName"],
            "properties": {
                "firstName": {"type": "string"}, "LastName": {"type": ["string", "null"]}, "phone_number": {"type": "string"},
                "birthDate": {"$ref": "#/$defs/day"}, "email": {"type": "string", "format": "email"},
                "age": {"type": "integer", "minimum": 0}, "income": {"type": "number"}, "vip": {"type": "boolean"},
                "type": {"enum": ["a", "b"]}, "employer": {"type": "object", "properties": {"phone": {"type": "string"}, "since": {"type": "string", "format": "date"}}},
                "cards": {"type": "array", "items": {"type": "object", "properties": {"number": {"type": "string"}}}},
                "tags": {"type": "array", "items": {"type": "string"}}
            },
            "$defs": {"day": {"type": "string", "format": "date"}}
        });
        Operation::from_schema(
            "acme/person",
            schema,
            &Facts { documentation: "https://acme.example".to_owned(), ..Facts::default() },
        )
        .unwrap()
    }

    #[test]
    fn a_plain_schema_is_read_by_names_types_and_formats() {
        let operation = operation();
        let leaf = |path: &str| {
            let leaf = operation.leaves.iter().find(|leaf| leaf.body_path == path).unwrap();
            (leaf.field.as_str(), leaf.render)
        };
        assert_eq!(leaf("firstName"), ("first_name", Render::Name));
        assert_eq!(leaf("LastName"), ("last_name", Render::Name));
        assert_eq!(leaf("phone_number"), ("phone", Render::E164));
        assert_eq!(leaf("birthDate"), ("birth_date", Render::IsoDate));
        assert_eq!(leaf("email"), ("email", Render::Email));
        assert_eq!(leaf("age"), ("age", Render::Integer));
        assert_eq!(leaf("income"), ("income", Render::Decimal));
        assert_eq!(leaf("vip"), ("vip", Render::Boolean));
        assert_eq!(leaf("type"), ("type", Render::Enum));
        assert_eq!(leaf("tags"), ("tags", Render::Codes));
        assert_eq!(leaf("employer.since"), ("employer.since", Render::IsoDate));
        assert_eq!(operation.groups[0].field, "cards");
        assert_eq!(operation.groups[0].variants[0].leaves[0].field, "cards[].number");
        assert_eq!((operation.title.as_str(), operation.documentation.as_str()), ("Person", "https://acme.example"));
    }

    #[test]
    fn names_are_split_into_words() {
        assert_eq!(words_of("firstName"), "first Name");
        assert_eq!(words_of("clientINN"), "client INN");
        assert_eq!(words_of("XMLName_2"), "XML Name 2");
    }

    #[test]
    fn what_is_no_schema_is_an_error_in_words() {
        for (name, schema) in
            [("acme", json!({})), ("acme/a b", json!({})), ("acme/x", json!([])), ("acme/x", json!({"type": 7}))]
        {
            assert!(Operation::from_schema(name, schema, &Facts::default()).is_err(), "{name}");
        }
        let itself = json!({"properties": {"a": {"$ref": "#"}}});
        let error = Operation::from_schema("acme/x", itself, &Facts::default()).unwrap_err().to_string();
        assert!(error.contains("too deep"), "{error}");
    }
}
