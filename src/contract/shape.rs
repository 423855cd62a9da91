//! Whether bodies of one shape are all valid or all not. Looks at schemas, never at bodies.

use serde_json::Value;

/// Whether the presence of members and the values of closed lists decide everything that is not a matter of one value alone,
/// so that bodies of one shape are all valid or all not. `open` are members whose values are free, `closed` those whose values
/// the shape holds; of others nothing is known.
pub(super) fn shape_decides(root: &Value, open: &[&str], closed: &[&str]) -> bool {
    Walk { root, open, closed }.schema(root, false, None, 0)
}

struct Walk<'a> {
    root: &'a Value,
    open: &'a [&'a str],
    closed: &'a [&'a str],
}

impl Walk<'_> {
    fn schema(&self, schema: &Value, condition: bool, member: Option<&str>, depth: usize) -> bool {
        let Some(keywords) = schema.as_object() else { return schema.is_boolean() };
        depth < 32 && keywords.iter().all(|(keyword, value)| self.keyword(keyword, value, schema, condition, member, depth + 1))
    }

    fn keyword(&self, keyword: &str, value: &Value, schema: &Value, condition: bool, member: Option<&str>, depth: usize) -> bool {
        let all = |schemas: &Value, condition: bool, member: Option<&str>| {
            schemas.as_array().is_some_and(|schemas| schemas.iter().all(|schema| self.schema(schema, condition, member, depth)))
        };
        let settled = |member: &str| self.closed.contains(&member) && !self.open.contains(&member);
        match keyword {
            "$schema" | "$id" | "$comment" | "$defs" | "title" | "description" | "examples" | "default" | "deprecated"
            | "type" | "required" | "minItems" | "maxItems" | "uniqueItems" | "writeOnly" | "readOnly" | "minContains"
            | "maxContains" | "minProperties" | "maxProperties" | "dependentRequired" => true,
            // Names are the same in all bodies of one shape.
            "propertyNames" => value.as_object().is_some(),
            "additionalProperties" => value.is_boolean(),
            "pattern" | "minLength" | "maxLength" | "format" | "minimum" | "maximum" | "exclusiveMinimum"
            | "exclusiveMaximum" | "multipleOf" => !condition,
            "const" | "enum" => !condition || member.is_some_and(settled),
            "$ref" => value
                .as_str()
                .and_then(|target| self.root.pointer(target.strip_prefix('#')?))
                .is_some_and(|target| self.schema(target, condition, member, depth)),
            "properties" => value.as_object().is_some_and(|members| {
                members.iter().all(|(member, schema)| self.schema(schema, condition, Some(member), depth))
            }),
            "items" => self.schema(value, condition, None, depth),
            "allOf" => all(value, condition, member),
            "anyOf" | "oneOf" => all(value, true, None),
            // Values that a member does not take are its guard's affair.
            "not" if !condition && member.is_some() && is_of_values(value) => true,
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

/// `const` or `enum` and nothing else.
fn is_of_values(schema: &Value) -> bool {
    schema.as_object().is_some_and(|keywords| keywords.keys().all(|keyword| matches!(keyword.as_str(), "const" | "enum")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn conditions_on_open_values_are_for_the_validator() {
        let decides = |schema: Value| shape_decides(&schema, &["name"], &["kind"]);
        assert!(decides(
            json!({"properties": {"name": {"pattern": "a", "allOf": [{"not": {"const": "b"}}]}}, "propertyNames": {"pattern": "^a"}})
        ));
        assert!(decides(json!({"if": {"properties": {"kind": {"const": 1}}}, "then": {"required": ["name"]}})));
        assert!(!decides(json!({"if": {"properties": {"name": {"const": "b"}}}, "then": {"required": ["kind"]}})));
        assert!(!decides(json!({"not": {"properties": {"passed_through": {"const": "b"}}}})));
        assert!(!decides(json!({"anyOf": [{"properties": {"name": {"minLength": 3}}}, {"required": ["kind"]}]})));
        assert!(!decides(json!({"dependentSchemas": {"name": {"required": ["kind"]}}})));
    }
}
