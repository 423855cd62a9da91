//! Reading a schema through its references: an object's members with everything that is said about each of them.
//! Knows JSON Schema's structure, no annotation's meaning.

use std::collections::BTreeMap;

use serde_json::Value;

/// References and `allOf` are followed this deep; a schema that needs more refers to itself.
const DEPTH_MAX: usize = 16;

/// Everything that is said about one value: its own schema, and what that refers to or joins by `allOf`.
#[derive(Clone, Debug, Default)]
pub(super) struct Said<'a> {
    schemas: Vec<&'a Value>,
}

impl<'a> Said<'a> {
    pub(super) fn new(root: &'a Value, schema: &'a Value) -> Self {
        let mut said = Self::default();
        said.add(root, schema);
        said
    }

    /// Adds what another schema says about the same value. What was said first counts.
    pub(super) fn add(&mut self, root: &'a Value, schema: &'a Value) {
        gather(root, schema, &mut self.schemas, 0);
    }

    /// The keyword's first value, the value's own schema before what it refers to.
    pub(super) fn get(&self, keyword: &str) -> Option<&'a Value> {
        self.schemas.iter().find_map(|schema| schema.get(keyword))
    }

    /// Every schema that says something about the value, its own first.
    pub(super) fn schemas(&self) -> impl Iterator<Item = &'a Value> {
        self.schemas.iter().copied()
    }

    pub(super) fn text(&self, keyword: &str) -> Option<&'a str> {
        self.get(keyword).and_then(Value::as_str)
    }

    /// The value's own schema, without what it refers to.
    pub(super) fn own(&self) -> &'a Value {
        self.schemas.first().copied().unwrap_or(&Value::Null)
    }

    /// Members of an object with everything that is said about each.
    pub(super) fn members(&self, root: &'a Value) -> BTreeMap<&'a str, Said<'a>> {
        let mut members: BTreeMap<&str, Said<'a>> = BTreeMap::new();
        for (name, schema) in self.schemas.iter().filter_map(|schema| schema.get("properties")?.as_object()).flatten() {
            members.entry(name).or_default().add(root, schema);
        }
        members
    }

    /// Whether an object needs the member, as itself or what it refers to says. Branches of `allOf` hold further rules, which have
    /// words of their own when they are broken.
    pub(super) fn requires(&self, member: &str) -> bool {
        let of_object = self.schemas.iter().filter(|schema| {
            let holds = |other: &Value| {
                other
                    .get("allOf")
                    .and_then(Value::as_array)
                    .is_some_and(|branches| branches.iter().any(|branch| std::ptr::eq(branch, **schema)))
            };
            !self.schemas.iter().any(|other| holds(other))
        });
        let lists = of_object.filter_map(|schema| schema.get("required")?.as_array());
        lists.flatten().any(|name| name.as_str() == Some(member))
    }

    pub(super) fn is_object(&self) -> bool {
        self.get("properties").is_some()
    }

    /// Branches of `allOf` that hold on a condition: the condition and what follows.
    pub(super) fn conditions(&self) -> impl Iterator<Item = (&'a Value, &'a Value)> {
        let branches = self.schemas.iter().filter_map(|schema| schema.get("allOf")?.as_array()).flatten();
        branches.chain(self.schemas.iter().copied()).filter_map(|branch| Some((branch.get("if")?, branch.get("then")?)))
    }

    /// The JSON type, the first that is not null.
    pub(super) fn json_type(&self) -> Option<&'a str> {
        match self.get("type")? {
            Value::String(name) => Some(name),
            Value::Array(names) => names.iter().filter_map(Value::as_str).find(|name| *name != "null"),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
        }
    }
}

/// What a reference leads to.
pub(super) fn refer<'a>(root: &'a Value, schema: &Value) -> Option<&'a Value> {
    root.pointer(schema.get("$ref")?.as_str()?.strip_prefix('#')?)
}

fn gather<'a>(root: &'a Value, schema: &'a Value, into: &mut Vec<&'a Value>, depth: usize) {
    // Two ways to one definition say nothing new.
    if depth > DEPTH_MAX || into.iter().any(|known| std::ptr::eq(*known, schema)) {
        return;
    }
    into.push(schema);
    if let Some(target) = refer(root, schema) {
        gather(root, target, into, depth + 1);
    }
    // A branch with a condition says nothing as long as nobody knows whether it holds.
    let branches = schema.get("allOf").and_then(Value::as_array).into_iter().flatten();
    for branch in branches.filter(|branch| branch.get("if").is_none()) {
        gather(root, branch, into, depth + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn references_and_branches_add_to_a_member_and_a_circle_ends() {
        let root = json!({
            "properties": {"address": {"title": "Own", "allOf": [{"$ref": "#/$defs/address"}, {"required": ["inner"]}]}},
            "$defs": {"address": {"title": "Other", "required": ["city"], "properties": {"city": {"type": ["null", "string"]}, "inner": {"$ref": "#/$defs/address"}}}}
        });
        let members = Said::new(&root, &root).members(&root);
        let address = members.get("address").unwrap();
        assert_eq!(address.text("title"), Some("Own"));
        assert!(address.requires("city") && !address.requires("inner"));
        assert_eq!(address.members(&root)["city"].json_type(), Some("string"));
        let circle = json!({"$ref": "#"});
        assert!(Said::new(&circle, &circle).get("type").is_none());
    }
}
