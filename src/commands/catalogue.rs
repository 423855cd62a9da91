//! `operations` and `fields`: what can be asked for, and what it wants.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::cli::{FieldsArgs, JsonArgs};
use crate::contract::{Group, Idempotency, Leaf, Operation, Registry};
use crate::failure::{Exit, Failure};
use crate::terminal;

pub(super) fn operations(registry: &Registry, args: &JsonArgs) -> Result<Exit, Failure> {
    if args.json {
        let list: Vec<Value> = registry
            .operations()
            .iter()
            .map(|operation| json!({"operation": &*operation.name, "title": operation.title, "documentation": operation.documentation}))
            .collect();
        terminal::print(&format!("{:#}\n", Value::Array(list)));
        return Ok(Exit::Well);
    }
    let mut text = String::new();
    for operation in registry.operations() {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{:<24} {}", operation.name, operation.title);
    }
    terminal::print(&text);
    Ok(Exit::Well)
}

pub(super) fn fields(registry: &Registry, args: &FieldsArgs) -> Result<Exit, Failure> {
    let found = registry.find(&args.operation)?;
    if args.json {
        let list: Vec<Value> = found.iter().map(|operation| as_json(operation)).collect();
        let value = if let [only] = &list[..] { only.clone() } else { Value::Array(list) };
        terminal::print(&format!("{value:#}\n"));
        return Ok(Exit::Well);
    }
    let mut text = String::new();
    for operation in &found {
        as_text(operation, &mut text);
    }
    terminal::print(&text);
    Ok(Exit::Well)
}

fn leaf_json(leaf: &Leaf, field: &str) -> Value {
    json!({
        "field": field,
        "path": leaf.body_path,
        "title": leaf.title,
        "description": leaf.description,
        "required": leaf.required,
        "format": leaf.render.as_str(),
        "codes": leaf.codes.as_ref().map(|codes| &codes.codes),
        "max_length": leaf.max_length,
        "example": leaf.example,
        "personal_data": leaf.pii,
    })
}

fn idempotency_json(idempotency: &Idempotency) -> Value {
    let unknown: Vec<&str> = idempotency.unknown.iter().map(|settling| settling.as_str()).collect();
    json!({
        "key": idempotency.key,
        "remembered": idempotency.remembered,
        "remembered_s": idempotency.remembered_s,
        "replay": idempotency.replay,
        "unknown": unknown,
        "note": idempotency.note,
    })
}

fn idempotency_lines(text: &mut String, idempotency: &Idempotency) {
    let unknown: Vec<&str> = idempotency.unknown.iter().map(|settling| settling.as_str()).collect();
    let lines = [
        ("idempotency key", idempotency.key.as_str()),
        ("remembered", &idempotency.remembered),
        ("a replay returns", &idempotency.replay),
        ("an unknown is settled by", &unknown.join(", then ")),
        ("note", &idempotency.note),
    ];
    for (what, value) in lines.into_iter().filter(|(_, value)| !value.is_empty()) {
        let _ = writeln!(text, "  {what:<26} {value}");
    }
    text.push('\n');
}

fn as_json(operation: &Operation) -> Value {
    let fields = operation.leaves.iter().filter(|leaf| leaf.mappable).map(|leaf| leaf_json(leaf, &leaf.field));
    let groups = operation.groups.iter().map(|group| {
        let variants: Vec<Value> = group
            .variants
            .iter()
            .map(|variant| json!({"type": variant.code, "fields": variant.leaves.iter().map(|leaf| leaf_json(leaf, &leaf.field)).collect::<Vec<_>>()}))
            .collect();
        json!({"group": group.field, "title": group.title, "required": group.required, "default_type": group.default_type, "variants": variants})
    });
    json!({
        "operation": &*operation.name,
        "title": operation.title,
        "documentation": operation.documentation,
        "requests": operation.limit.map(|(requests, window)| json!({"max": requests, "window_ms": u64::try_from(window.as_millis()).unwrap_or(0)})),
        "in_flight": operation.in_flight,
        "idempotency": operation.idempotency.as_ref().map(idempotency_json),
        "passes_through": operation.passes_through,
        "fields": fields.collect::<Vec<_>>(),
        "groups": groups.collect::<Vec<_>>(),
    })
}

fn as_text(operation: &Operation, text: &mut String) {
    let _ = writeln!(text, "{} — {}\n{}\n", operation.name, operation.title, operation.documentation);
    if let Some(idempotency) = &operation.idempotency {
        idempotency_lines(text, idempotency);
    }
    let _ = writeln!(text, "  {:<34} {:<9} {:<18} {:<26} what", "field", "required", "format", "example");
    if operation.own_id_required {
        line(text, "external_id", true, "text", "", "Your own id; clients of this kind cannot be told apart otherwise");
    }
    for leaf in operation.leaves.iter().filter(|leaf| leaf.mappable) {
        leaf_line(text, leaf);
    }
    for group in &operation.groups {
        group_lines(text, group);
    }
    text.push('\n');
}

fn group_lines(text: &mut String, group: &Group) {
    let _ = writeln!(text, "\n  {}[0], {}[1] … — {}", group.field, group.field, group.title);
    if let Some(leaf) = &group.type_leaf {
        leaf_line(text, leaf);
        let codes = leaf.codes.as_ref().map(|codes| codes.codes.join(", ")).unwrap_or_default();
        let _ = writeln!(text, "  {:34} one of {codes}", "");
        if let Some(default) = &group.default_type {
            let _ = writeln!(text, "  {:34} {default} when no column says it", "");
        }
    }
    for variant in &group.variants {
        if let Some(code) = &variant.code {
            let _ = writeln!(text, "  {code}");
        }
        for leaf in &variant.leaves {
            leaf_line(text, leaf);
        }
    }
}

fn leaf_line(text: &mut String, leaf: &Leaf) {
    line(text, &leaf.field, leaf.required, leaf.render.as_str(), leaf.example.as_deref().unwrap_or(""), &leaf.description);
}

fn line(text: &mut String, field: &str, required: bool, format: &str, example: &str, what: &str) {
    let required = if required { "yes" } else { "" };
    let _ = writeln!(text, "  {field:<34} {required:<9} {format:<18} {example:<26} {what}");
}
