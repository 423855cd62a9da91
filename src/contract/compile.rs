//! A contract's schema as a list of members that columns can go to. Reads annotations, judges no value.

use serde_json::Value;

use super::codes::{Codes, words};
use super::guard::Guard;
use super::leaf::{Group, Join, Leaf, Selector, Variant};
use super::members::Said;
use super::render::Render;
use crate::model::text::fold;

/// Objects within objects; a schema that goes deeper refers to itself.
const DEPTH_MAX: usize = 12;

/// The members of a contract.
pub(super) fn members(schema: &Value) -> Result<(Vec<Leaf>, Vec<Group>), String> {
    let mut compiler = Compiler { root: schema, leaves: Vec::new(), groups: Vec::new() };
    compiler.object(&Said::new(schema, schema), &mut Vec::new(), true, None)?;
    Ok((compiler.leaves, compiler.groups))
}

struct Compiler<'a> {
    root: &'a Value,
    leaves: Vec<Leaf>,
    groups: Vec<Group>,
}

/// The list that a leaf's items stand in.
struct List<'l> {
    field: &'l str,
    body_path: &'l str,
}

impl<'a> Compiler<'a> {
    /// Members of an object outside lists. `within` is the field of an object whose leaves name parts only (`x-part`).
    fn object(&mut self, said: &Said<'a>, path: &mut Vec<String>, required: bool, within: Option<&str>) -> Result<(), String> {
        if path.len() > DEPTH_MAX {
            return Err(format!("the member /{} lies too deep; does it hold itself?", path.join("/")));
        }
        for (name, member) in said.members(self.root) {
            path.push(name.to_owned());
            let required = required && said.requires(name);
            let items = member.get("items").map(|items| Said::new(self.root, items));
            if let Some(items) = items.filter(Said::is_object) {
                let group = self.group(&member, &items, path, required)?;
                self.groups.push(group);
            } else if member.is_object() {
                let within = member.own().get("x-field").and_then(Value::as_str);
                self.object(&member, path, required, within)?;
            } else {
                let leaf = self.leaf(&member, path.clone(), required, within, None)?;
                self.leaves.push(leaf);
            }
            path.pop();
        }
        Ok(())
    }

    fn group(&self, list: &Said<'a>, items: &Said<'a>, path: &[String], required: bool) -> Result<Group, String> {
        let text = |key: &str| list.get("x-group").and_then(|group| group.get(key)).and_then(Value::as_str).map(str::to_owned);
        let body_path = path.join(".");
        let field = list.own().get("x-field").and_then(Value::as_str).unwrap_or(&body_path).to_owned();
        let names = List { field: &field, body_path: &body_path };
        let type_member = text("type");
        let type_leaf = match &type_member {
            Some(member) => {
                let members = items.members(self.root);
                let said = members.get(member.as_str()).ok_or("x-group names a member that items lack")?;
                Some(self.leaf(said, vec![member.clone()], true, None, Some(&names))?)
            }
            None => None,
        };
        let variants = self.variants(items, type_leaf.as_ref(), &names)?;
        Ok(Group {
            title: list.text("title").unwrap_or(&field).to_owned(),
            path: path.to_vec(),
            required,
            type_leaf,
            default_type: text("default"),
            primary: text("primary"),
            header_words: list.get("x-header-groups").into_iter().flat_map(words).map(fold).collect(),
            variants,
            body_path,
            field,
        })
    }

    /// What items hold, by type where conditions on the type say so.
    fn variants(&self, items: &Said<'a>, type_leaf: Option<&Leaf>, list: &List<'_>) -> Result<Vec<Variant>, String> {
        let type_member = type_leaf.and_then(|leaf| leaf.path.first()).map(String::as_str);
        let leaves = |said: &Said<'a>| {
            let mut leaves = Vec::new();
            self.item(said, &mut Vec::new(), true, list, type_member, &mut leaves).map(|()| leaves)
        };
        let codes = type_leaf.and_then(|leaf| leaf.codes.as_ref()).map_or(&[][..], |codes| &codes.codes);
        let mut variants: Vec<(String, Said<'a>)> = Vec::new();
        for (condition, then) in items.conditions() {
            let Some(member) = type_member else { break };
            let Some(tested) = condition.get("properties").and_then(|members| members.get(member)) else { continue };
            for code in Codes::read(tested).map(|codes| codes.codes).unwrap_or_default() {
                let index = variants.iter().position(|(known, _)| *known == code).unwrap_or_else(|| {
                    variants.push((code, items.clone()));
                    variants.len() - 1
                });
                if let Some((_, said)) = variants.get_mut(index) {
                    said.add(self.root, then);
                }
            }
        }
        if variants.is_empty() {
            return Ok(vec![Variant { code: None, leaves: leaves(items)? }]);
        }
        let mut compiled = Vec::new();
        for (code, said) in &variants {
            compiled.push(Variant { code: Some(code.clone()), leaves: leaves(said)? });
        }
        let common = leaves(items)?;
        let others = codes.iter().filter(|code| !variants.iter().any(|(known, _)| known == *code));
        if !common.is_empty() {
            compiled.extend(others.map(|code| Variant { code: Some(code.clone()), leaves: common.clone() }));
        }
        Ok(compiled)
    }

    /// Members of an item, at any depth.
    fn item(
        &self,
        said: &Said<'a>,
        path: &mut Vec<String>,
        required: bool,
        list: &List<'_>,
        type_member: Option<&str>,
        into: &mut Vec<Leaf>,
    ) -> Result<(), String> {
        if path.len() > DEPTH_MAX {
            return Err(format!("the member /{} of {} lies too deep; does it hold itself?", path.join("/"), list.body_path));
        }
        for (name, member) in said.members(self.root) {
            if path.is_empty() && Some(name) == type_member {
                continue;
            }
            path.push(name.to_owned());
            let required = required && said.requires(name);
            let has_items = member.get("items").is_some_and(|items| Said::new(self.root, items).is_object());
            if has_items {
                return Err(format!(
                    "/{}/*/{} is a list of objects within a list, which no column reaches",
                    list.body_path, name
                ));
            }
            if member.is_object() {
                self.item(&member, path, required, list, None, into)?;
            } else {
                into.push(self.leaf(&member, path.clone(), required, None, Some(list))?);
            }
            path.pop();
        }
        Ok(())
    }

    fn leaf(
        &self,
        said: &Said<'a>,
        path: Vec<String>,
        required: bool,
        within: Option<&str>,
        list: Option<&List<'_>>,
    ) -> Result<Leaf, String> {
        let inner = path.join(".");
        let body_path = list.map_or_else(|| inner.clone(), |list| format!("{}[].{inner}", list.body_path));
        let place = || format!("/{}", body_path.replace("[].", "/*/").replace('.', "/"));
        let field = match (said.own().get("x-field").and_then(Value::as_str), said.text("x-part"), list, within) {
            (Some(field), _, Some(list), _) if !field.starts_with(&format!("{}[].", list.field)) => {
                return Err(format!("{}: x-field `{field}` does not begin with its list's name, `{}[].`", place(), list.field));
            }
            (Some(field), ..) => field.to_owned(),
            (None, Some(part), Some(list), _) => format!("{}[].{part}", list.field),
            (None, Some(part), None, Some(within)) => format!("{within}.{part}"),
            (None, None, Some(list), _) => format!("{}[].{inner}", list.field),
            (None, _, None, _) => body_path.clone(),
        };
        let render = match said.text("x-render") {
            Some(name) => Some(Render::from_name(name).ok_or_else(|| format!("{}: x-render `{name}` is not known", place()))?),
            None => None,
        };
        let items = said.get("items");
        let codes = match (render, items) {
            (None | Some(Render::Codes), Some(items)) => codes(&Said::new(self.root, items), said),
            (None | Some(Render::Enum), _) => codes(said, said),
            (Some(_), _) => None,
        };
        let render = render.unwrap_or_else(|| render_of(said, codes.is_some()));
        let strings = |key: &str| said.get(key).map(words).unwrap_or_default().into_iter().map(str::to_owned).collect();
        let join = said.get("x-join").map(|join| Join {
            parts: join.get("parts").map(words).unwrap_or_default().into_iter().map(str::to_owned).collect(),
            separator: join.get("with").and_then(Value::as_str).unwrap_or(", ").to_owned(),
        });
        let selector = if list.is_none() { Selector::parse(&field) } else { None };
        Ok(Leaf {
            title: said.text("title").unwrap_or_else(|| path.last().map_or("", String::as_str)).to_owned(),
            description: said.text("description").unwrap_or_default().to_owned(),
            render,
            required,
            mappable: said.get("x-mappable").and_then(Value::as_bool).unwrap_or_else(|| said.get("const").is_none()),
            codes,
            constant: said.get("const").filter(|value| !value.is_object() && !value.is_array() && !value.is_null()).cloned(),
            true_words: strings("x-true"),
            max_length: said.get("maxLength").and_then(Value::as_u64),
            example: said
                .get("examples")
                .and_then(|examples| examples.get(0))
                .map(|example| example.as_str().map_or_else(|| example.to_string(), str::to_owned)),
            pii: said.text("x-pii").map(str::to_owned),
            guard: Guard::read(self.root, said, render.is_closed()),
            alternatives: strings("x-alternatives"),
            join,
            headers: said.get("x-headers").map(words).unwrap_or_default().into_iter().map(fold).collect(),
            selector,
            phone_region: self.root.get("x-phone-region").and_then(Value::as_str).map(str::to_owned),
            book: said.text("x-book").map(str::to_owned),
            field,
            body_path,
            path,
        })
    }
}

/// How a value is written where no annotation says it.
fn render_of(said: &Said<'_>, has_codes: bool) -> Render {
    match said.json_type() {
        Some("array") => Render::Codes,
        Some("boolean") => Render::Boolean,
        _ if said.get("items").is_some() => Render::Codes,
        _ if has_codes => Render::Enum,
        Some("integer") => Render::Integer,
        Some("number") => Render::Decimal,
        Some(_) | None => match said.text("format") {
            Some("date") => Render::IsoDate,
            Some("email" | "idn-email") => Render::Email,
            Some("uuid") => Render::Uuid,
            Some(_) | None => Render::Text,
        },
    }
}

/// Codes and their labels, which may stand on the list around the values.
fn codes(values: &Said<'_>, labelled: &Said<'_>) -> Option<Codes> {
    let labels = values.get("x-enum-labels").or_else(|| labelled.get("x-enum-labels"));
    let keywords = [("enum", values.get("enum")), ("const", values.get("const")), ("x-enum-labels", labels)];
    let said = keywords.into_iter().filter_map(|(keyword, value)| Some((keyword.to_owned(), value?.clone())));
    Codes::read(&Value::Object(said.collect()))
}
