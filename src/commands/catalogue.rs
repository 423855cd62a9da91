//! `operations` and `fields`: what can be asked for, and what it wants.

mod markdown;

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::cli::{FieldsArgs, JsonArgs};
use crate::config::Config;
use crate::contract::{Group, Idempotency, Leaf, Operation, Registry, Settling};
use crate::failure::{Exit, Failure};
use crate::terminal;

pub(super) fn operations(config: &Config, registry: &Registry, args: &JsonArgs) -> Result<Exit, Failure> {
    let is_own = |operation: &Operation| config.own(operation.provider()).is_some();
    if args.json {
        let list: Vec<Value> = registry
            .operations()
            .iter()
            .map(|operation| {
                json!({"operation": &*operation.name, "title": operation.title, "documentation": operation.documentation, "own": is_own(operation)})
            })
            .collect();
        terminal::print(&format!("{:#}\n", Value::Array(list)));
        return Ok(Exit::Well);
    }
    let mut text = String::new();
    let width = registry.operations().iter().map(|operation| operation.name.chars().count()).max().unwrap_or(0);
    for operation in registry.operations() {
        // Writing to a String cannot fail.
        let own = if is_own(operation) { " (your own)" } else { "" };
        let _ = writeln!(text, "{:<width$} {}{own}", operation.name, operation.title);
    }
    terminal::print(&text);
    Ok(Exit::Well)
}

pub(super) fn fields(registry: &Registry, args: &FieldsArgs) -> Result<Exit, Failure> {
    let found = registry.find(&args.operation)?;
    if args.markdown {
        let pages: Vec<String> = found.iter().map(|operation| markdown::page(operation)).collect();
        terminal::print(&pages.join("\n"));
        return Ok(Exit::Well);
    }
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

fn as_json(operation: &Operation) -> Value {
    let fields = operation.leaves.iter().filter(|leaf| leaf.mappable).map(|leaf| leaf_json(leaf, &leaf.field));
    let groups = operation.groups.iter().map(|group| {
        let variants: Vec<Value> = group
            .variants
            .iter()
            .map(|variant| json!({"type": variant.code, "fields": variant.leaves.iter().filter(|leaf| leaf.mappable).map(|leaf| leaf_json(leaf, &leaf.field)).collect::<Vec<_>>()}))
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
    let _ = writeln!(text, "\n  When an answer is lost");
    for (what, how) in doubts(operation) {
        let _ = writeln!(text, "  {what:<34} {how}");
    }
    text.push('\n');
}

/// How doubts about a request are settled, in lines of two columns.
fn doubts(operation: &Operation) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    if let Some((requests, window)) = operation.limit {
        let parallel = operation.in_flight.map_or_else(String::new, |most| format!(", {most} at a time"));
        lines.push(("requests", format!("{requests} in {} s{parallel}", window.as_secs_f64())));
    }
    let Some(known) = &operation.idempotency else {
        lines.push(("idempotency key", "not described".to_owned()));
        return lines;
    };
    lines.push(("idempotency key", known.key.clone()));
    lines.push(("remembered", known.remembered.clone()));
    lines.push(("a repeat returns", known.replay.clone()));
    let ways: Vec<&str> = known.unknown.iter().map(|settling| way(*settling)).collect();
    lines.push(("an unknown outcome is settled by", ways.join("; then ")));
    if !known.note.is_empty() {
        lines.push(("note", known.note.clone()));
    }
    lines
}

fn way(settling: Settling) -> &'static str {
    match settling {
        Settling::Replay => "the same request under the same key",
        Settling::LookUp => "looking the client up at the provider",
        Settling::Person => "a person (`resolve --answers FILE`)",
    }
}

fn group_lines(text: &mut String, group: &Group) {
    let _ = writeln!(text, "\n  {}[0], {}[1] … — {}", group.field, group.field, group.title);
    if let Some(leaf) = &group.type_leaf {
        leaf_line(text, leaf);
        let codes = leaf.codes.as_ref().map(|codes| codes.for_people()).unwrap_or_default();
        let _ = writeln!(text, "  {:34} one of {codes}", "");
        if let Some(default) = &group.default_type {
            let _ = writeln!(text, "  {:34} {default} when no column says it", "");
        }
    }
    for variant in &group.variants {
        if let Some(code) = &variant.code {
            let _ = writeln!(text, "  {code}");
        }
        for leaf in variant.leaves.iter().filter(|leaf| leaf.mappable) {
            leaf_line(text, leaf);
        }
    }
}

fn leaf_line(text: &mut String, leaf: &Leaf) {
    line(text, &leaf.field, leaf.required, leaf.render.as_str(), leaf.example.as_deref().unwrap_or(""), &leaf.description);
}

fn line(text: &mut String, field: &str, required: bool, format: &str, example: &str, what: &str) {
    let required = if required { "yes" } else { "" };
    // A long path stands on a line of its own, so that the columns stay columns.
    let field = if field.chars().count() > 34 {
        let _ = writeln!(text, "  {field}");
        ""
    } else {
        field
    };
    let _ = writeln!(text, "  {field:<34} {required:<9} {format:<18} {example:<26} {what}");
}
