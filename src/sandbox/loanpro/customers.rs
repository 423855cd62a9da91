//! What the server knows of its customers by heart: whom a new one could be, and whom a search finds. Speaks no HTTP.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use crate::sandbox::ledger::Entry;

/// All customers, for duplicates and searches.
#[derive(Debug, Default)]
pub(super) struct Customers {
    all: Vec<Customer>,
    by_key: HashMap<Key, Vec<usize>>,
}

/// A customer as searches see it.
#[derive(Debug)]
pub(super) struct Customer {
    pub(super) id: u64,
    pub(super) created_ms: i64,
    name: String,
    birth_date: Option<String>,
    /// Searchable members.
    pub(super) fields: BTreeMap<&'static str, String>,
}

/// What two customers must not share without a warning.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Ssn(String),
    Email(String),
    Phone(String),
    PrimaryAddress(String),
    MailAddress(String),
}

/// A customer that shares something with a new one.
#[derive(Debug)]
pub(super) struct Match {
    pub(super) key: Key,
    /// As it was sent, for the warning's words.
    pub(super) value: String,
    pub(super) id: u64,
    pub(super) name: String,
    /// Whether birth dates are equal too.
    pub(super) same_birth_date: bool,
}

impl Customers {
    pub(super) fn remember(&mut self, entry: &Entry) {
        let at = self.all.len();
        for (key, _) in keys(&entry.body, false) {
            let known = self.by_key.entry(key).or_default();
            // Never twice for the same record.
            if known.last() != Some(&at) {
                known.push(at);
            }
        }
        self.all.push(Customer::of(entry));
    }

    pub(super) fn clear(&mut self) {
        self.all.clear();
        self.by_key.clear();
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Customer> {
        self.all.iter()
    }

    /// Everybody who shares something with a new customer. Phones whose own warning is lifted are not looked at.
    pub(super) fn matches(&self, body: &Value) -> Vec<Match> {
        let born = text(body, "birthDate");
        let mut matches = Vec::new();
        for (key, value) in keys(body, true) {
            let known = self.by_key.get(&key).into_iter().flatten().filter_map(|at| self.all.get(*at));
            matches.extend(known.map(|customer| Match {
                key: key.clone(),
                value: value.clone(),
                id: customer.id,
                name: customer.name.clone(),
                same_birth_date: born.is_some() && customer.birth_date.as_deref() == born,
            }));
        }
        matches
    }
}

impl Customer {
    fn of(entry: &Entry) -> Self {
        let body = &entry.body;
        let name = match (text(body, "firstName"), text(body, "lastName"), text(body, "companyName")) {
            (Some(first), Some(last), _) => format!("{first} {last}"),
            (_, _, Some(company)) => company.to_owned(),
            (first, last, None) => first.or(last).unwrap_or_default().to_owned(),
        };
        let mut fields = BTreeMap::from([("customerName", name.clone())]);
        for field in ["firstName", "lastName", "email", "ssn", "birthDate", "customId", "accessUserName", "companyName"] {
            fields.extend(text(body, field).map(|value| (field, value.to_owned())));
        }
        for field in ["city", "zipcode", "state"] {
            fields.extend(
                body.pointer("/PrimaryAddress").and_then(|address| text(address, field)).map(|value| (field, value.to_owned())),
            );
        }
        let phone = body.pointer("/Phones/results/0").and_then(|phone| text(phone, "phone"));
        fields.extend(phone.map(|value| ("primaryPhone", value.to_owned())));
        Self {
            id: entry.id.parse().unwrap_or_default(),
            created_ms: entry.time.timestamp_millis(),
            name,
            birth_date: text(body, "birthDate").map(str::to_owned),
            fields,
        }
    }
}

/// What a customer must not share, with the value as it was sent.
fn keys(body: &Value, skip_lifted: bool) -> Vec<(Key, String)> {
    let mut keys = Vec::new();
    if let Some(ssn) = text(body, "ssn") {
        keys.push((Key::Ssn(digits(ssn)), ssn.to_owned()));
    }
    if let Some(email) = text(body, "email") {
        keys.push((Key::Email(email.to_lowercase()), email.to_owned()));
    }
    for item in body.pointer("/Phones/results").and_then(Value::as_array).into_iter().flatten() {
        let lifted = skip_lifted && item.get("__ignoreWarnings") == Some(&Value::Bool(true));
        if let Some(phone) = text(item, "phone").filter(|_| !lifted) {
            keys.push((Key::Phone(digits(phone)), phone.to_owned()));
        }
    }
    if let Some((folded, line)) = body.get("PrimaryAddress").and_then(address) {
        keys.push((Key::PrimaryAddress(folded), line));
    }
    if let Some((folded, line)) = body.get("MailAddress").and_then(address) {
        keys.push((Key::MailAddress(folded), line));
    }
    keys
}

/// An address without letter case and blanks, and its street line.
fn address(address: &Value) -> Option<(String, String)> {
    let folded: Vec<String> = ["address1", "address2", "city", "state", "zipcode"]
        .into_iter()
        .map(|name| text(address, name).unwrap_or_default().split_whitespace().collect::<String>().to_lowercase())
        .collect();
    Some((folded.join("\n"), text(address, "address1")?.to_owned()))
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

fn text<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
}
