//! Members that the server does not know disappear without a word: this finds and drops them. Judges no value.

use serde_json::Value;

use crate::contract::Operation;

/// Drops what the operation's contract does not name, and lists that are not in their wrapper; answers their places.
pub(super) fn drop_unknown(operation: &Operation, body: &mut Value) -> Vec<String> {
    let mut dropped = Vec::new();
    drop(&operation.schema, &operation.schema, body, "", &mut dropped);
    dropped
}

fn drop(root: &Value, schema: &Value, value: &mut Value, at: &str, dropped: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            members.retain(|name, member| {
                let place = format!("{at}/{name}");
                let Some(said) = member_of(root, schema, name) else {
                    dropped.push(place);
                    return false;
                };
                // A bare array in place of {"results": […]}.
                if member.is_array() && keyword(root, said, "items").is_none() {
                    dropped.push(place);
                    return false;
                }
                drop(root, said, member, &place, dropped);
                // What is empty is taken for absent.
                !member.is_null() && member.as_str() != Some("")
            });
        }
        Value::Array(items) => {
            if let Some(said) = keyword(root, schema, "items") {
                for (index, item) in items.iter_mut().enumerate() {
                    drop(root, said, item, &format!("{at}/{index}"), dropped);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What a contract says of a member, through references.
fn member_of<'a>(root: &'a Value, schema: &'a Value, name: &str) -> Option<&'a Value> {
    let own = schema.get("properties").and_then(|members| members.get(name));
    // Beside a reference, members are only annotated.
    refer(root, schema).and_then(|target| member_of(root, target, name)).or(own)
}

fn keyword<'a>(root: &'a Value, schema: &'a Value, name: &str) -> Option<&'a Value> {
    schema.get(name).or_else(|| keyword(root, refer(root, schema)?, name))
}

fn refer<'a>(root: &'a Value, schema: &Value) -> Option<&'a Value> {
    root.pointer(schema.get("$ref")?.as_str()?.strip_prefix('#')?)
}
