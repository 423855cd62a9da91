//! Customers as answers show them: dates in seconds, money as text, parts as links unless they are asked for. Changes nothing.

use chrono::NaiveDate;
use serde_json::{Map, Value, json};

use super::switches;
use crate::sandbox::ledger::Entry;
use crate::sandbox::switches::Switches;

/// Between a customer's id and its id in Secure Payments.
const SECURE_PAYMENTS_OFFSET: u64 = 100_000;

/// A customer; `expanded` names the parts that are shown.
pub(super) fn customer(entry: &Entry, expanded: &[&str], switches: &Switches) -> Value {
    let id: u64 = entry.id.parse().unwrap_or_default();
    let uri = format!("http://loanpro.invalid/odata.svc/Customers(id={id})");
    let mut members = Map::new();
    members.insert("__metadata".to_owned(), json!({"uri": uri, "type": "Entity.Customer"}));
    members.insert("id".to_owned(), json!(id));
    members.insert("mcId".to_owned(), json!(id + SECURE_PAYMENTS_OFFSET));
    members.insert("created".to_owned(), json!(format!("/Date({})/", entry.time.timestamp())));
    for (name, value) in entry.body.as_object().into_iter().flatten() {
        if matches!(name.as_str(), "accessPassword" | "__ignoreWarnings") {
            continue;
        }
        let shown = match value {
            Value::Object(_) if expanded.contains(&name.as_str()) => read(name, value, &uri),
            Value::Object(_) => json!({"__deferred": {"uri": format!("{uri}/{name}")}}),
            Value::String(ssn) if name == "ssn" => match switches.is(&switches::SSN_SHOWN, "clear") {
                true => value.clone(),
                false if switches.is(&switches::SSN_SHOWN, "hidden") => continue,
                false => json!(format!("*****{}", ssn.get(5..).unwrap_or_default())),
            },
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => read(name, value, &uri),
        };
        members.insert(name.clone(), shown);
    }
    Value::Object(members)
}

fn read(name: &str, value: &Value, uri: &str) -> Value {
    match value {
        Value::Object(members) => {
            let shown = members.iter().filter(|(name, _)| *name != "__ignoreWarnings");
            Value::Object(
                shown
                    .map(|(name, member)| match member {
                        // Parts of parts are never shown.
                        Value::Object(_) => (name.clone(), json!({"__deferred": {"uri": format!("{uri}/{name}")}})),
                        _ => (name.clone(), read(name, member, uri)),
                    })
                    .collect(),
            )
        }
        Value::Array(items) => items.iter().map(|item| read(name, item, uri)).collect(),
        Value::String(text) if name.ends_with("Date") => {
            match NaiveDate::parse_from_str(text.get(..10).unwrap_or_default(), "%Y-%m-%d") {
                Ok(day) => json!(format!("/Date({})/", day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp())),
                Err(_) => value.clone(),
            }
        }
        Value::Number(number) if matches!(name, "income" | "creditLimit") => {
            json!(format!("{:.2}", number.as_f64().unwrap_or_default()))
        }
        Value::Bool(flag) => json!(u8::from(*flag)),
        Value::Null | Value::Number(_) | Value::String(_) => value.clone(),
    }
}
