//! The annotations that contracts may carry: a slip in one would change nothing and be seen by nobody.

use serde_json::Value;

const KNOWN: [&str; 37] = [
    "x-aliases",
    "x-alternatives",
    "x-book",
    "x-checks",
    "x-documentation",
    "x-enum-labels",
    "x-fault",
    "x-field",
    "x-first-key",
    "x-foreign-columns",
    "x-group",
    "x-header-groups",
    "x-headers",
    "x-idempotency",
    "x-identity",
    "x-identity-fallback",
    "x-join",
    "x-kind",
    "x-limits",
    "x-mappable",
    "x-operation",
    "x-name-order",
    "x-origin",
    "x-origin-additionalProperties",
    "x-own-id-required",
    "x-part",
    "x-pass-through",
    "x-phone-region",
    "x-pii",
    "x-refused-headers",
    "x-render",
    "x-rule",
    "x-rule-additionalProperties",
    "x-rule-type",
    "x-severity",
    "x-switch",
    "x-true",
];

/// Places of annotations that nobody reads.
pub(super) fn unknown_annotations(schema: &Value, at: &str, found: &mut Vec<String>) {
    match schema {
        Value::Object(keywords) => {
            for (keyword, value) in keywords {
                let place = format!("{at}/{keyword}");
                match keyword.as_str() {
                    // What people write, not what schemas say.
                    "examples" | "const" | "enum" | "default" => {}
                    "properties" | "$defs" => {
                        for (name, schema) in value.as_object().into_iter().flatten() {
                            unknown_annotations(schema, &format!("{place}/{name}"), found);
                        }
                    }
                    annotation if annotation.starts_with("x-") => {
                        if !KNOWN.contains(&annotation) {
                            found.push(place);
                        }
                    }
                    _ => unknown_annotations(value, &place, found),
                }
            }
        }
        Value::Array(schemas) => {
            for (index, schema) in schemas.iter().enumerate() {
                unknown_annotations(schema, &format!("{at}/{index}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
