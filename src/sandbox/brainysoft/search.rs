//! The search `partial-load`: conditions, order, a range of rows, chosen fields. Creates nothing.

use std::cmp::Ordering;

use serde_json::{Map, Value, json};

use super::switches;
use crate::sandbox::switches::Switches;

/// What a search asks for.
pub(super) struct Search {
    fields: Vec<String>,
    conditions: Vec<Condition>,
    order: Vec<(String, bool)>,
    from: usize,
    to: usize,
}

struct Condition {
    field: String,
    wanted: Wanted,
    value: String,
}

enum Wanted {
    Equal,
    Least,
    Above,
    Most,
    Below,
}

impl Search {
    /// Reads a request; `init` tells which fields there are.
    pub(super) fn read(request: &Value, init: &Value) -> Result<Self, String> {
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let list = |name: &str| request.get(name).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let fields: Vec<String> = list("fields").iter().filter_map(Value::as_str).map(str::to_owned).collect();
        if fields.is_empty() {
            return Err("fields: required".to_owned());
        }
        let mut conditions = Vec::new();
        for written in list("searchFields") {
            let field = text(written, "field").ok_or("searchFields: a field has no name")?;
            let value = match written.get("value") {
                Some(Value::String(value)) => value.clone(),
                Some(value @ (Value::Number(_) | Value::Bool(_))) => value.to_string(),
                Some(Value::Null | Value::Array(_) | Value::Object(_)) | None => return Err(format!("{field}: value required")),
            };
            let (wanted, value) = [(">=", Wanted::Least), ("<=", Wanted::Most), (">", Wanted::Above), ("<", Wanted::Below)]
                .into_iter()
                .find_map(|(sign, wanted)| Some((wanted, value.strip_prefix(sign)?.to_owned())))
                .unwrap_or((Wanted::Equal, value));
            conditions.push(Condition { field, wanted, value });
        }
        let direction = |value: &Value, name: &str| text(value, name).is_some_and(|word| word.eq_ignore_ascii_case("desc"));
        let mut order: Vec<(String, bool)> = list("orderByFields")
            .iter()
            .filter_map(|written| Some((text(written, "field")?, direction(written, "direction"))))
            .collect();
        if let Some(field) = text(request, "orderBy") {
            order.push((field, direction(request, "orderDirection")));
        }
        let known = |field: &str| field.split('.').try_fold(init, |value, name| value.get(name)).is_some();
        let all =
            fields.iter().chain(conditions.iter().map(|condition| &condition.field)).chain(order.iter().map(|(field, _)| field));
        if let Some(field) = all.into_iter().find(|field| !known(field)) {
            return Err(format!("{field}: unknown field"));
        }
        let number = |name: &str, default: usize| {
            request.get(name).and_then(Value::as_u64).and_then(|number| usize::try_from(number).ok()).unwrap_or(default)
        };
        Ok(Self { fields, conditions, order, from: number("countFrom", 0), to: number("countTo", 100) })
    }

    /// Whether a client meets all conditions.
    pub(super) fn takes(&self, client: &Value) -> bool {
        self.conditions.iter().all(|condition| {
            let found = at(client, &condition.field).map(plain).unwrap_or_default();
            let order = compare(&found, &condition.value);
            match condition.wanted {
                Wanted::Equal => order == Ordering::Equal,
                Wanted::Least => order != Ordering::Less,
                Wanted::Above => order == Ordering::Greater,
                Wanted::Most => order != Ordering::Greater,
                Wanted::Below => order == Ordering::Less,
            }
        })
    }

    /// The rows of the range, in order, with the fields that were asked for.
    pub(super) fn rows(&self, mut clients: Vec<Value>, switches: &Switches) -> Value {
        clients.sort_by(|one, other| {
            self.order
                .iter()
                .map(|(field, is_falling)| {
                    let value = |client| at(client, field).map(plain).unwrap_or_default();
                    let order = compare(&value(one), &value(other));
                    if *is_falling { order.reverse() } else { order }
                })
                .find(|order| *order != Ordering::Equal)
                .unwrap_or(Ordering::Equal)
        });
        let is_flat = switches.is(&switches::SEARCH, "flat");
        let rows = clients.iter().skip(self.from).take(self.to.saturating_sub(self.from));
        rows.map(|client| self.row(client, is_flat)).collect()
    }

    fn row(&self, client: &Value, is_flat: bool) -> Value {
        let mut row = Map::new();
        for field in &self.fields {
            let value = at(client, field).cloned().unwrap_or(Value::Null);
            match field.split_once('.') {
                Some((object, member)) if !is_flat => {
                    let object = row.entry(object).or_insert_with(|| json!({}));
                    if let Some(members) = object.as_object_mut() {
                        members.insert(member.to_owned(), value);
                    }
                }
                Some(_) | None => _ = row.insert(field.clone(), value),
            }
        }
        Value::Object(row)
    }
}

fn at<'a>(client: &'a Value, field: &str) -> Option<&'a Value> {
    field.split('.').try_fold(client, |value, name| value.get(name))
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// Numbers as numbers, days as their first moment, all else as text.
fn compare(found: &str, wanted: &str) -> Ordering {
    if let (Ok(found), Ok(wanted)) = (found.parse::<u64>(), wanted.parse::<u64>()) {
        return found.cmp(&wanted);
    }
    let moment = |text: &str| {
        if text.len() == 10 && text.matches('-').count() == 2 { format!("{text} 00:00:00") } else { text.to_owned() }
    };
    moment(found).cmp(&moment(wanted))
}
