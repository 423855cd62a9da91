//! The client as an object: what init gives, what has to come back of it, what is stored. Answers no request.

use std::sync::LazyLock;

use chrono::Local;
use serde_json::{Map, Value, json};

use super::switches;
use crate::sandbox::ledger::Entry;
use crate::sandbox::switches::Switches;

/// Init's answer as the documentation and its examples show it; the rest is ours.
static INIT: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(include_str!("init.json")).unwrap_or_default());

/// Members whose names nobody publishes: they have to come back as they were.
const OPAQUE: [&str; 2] = ["sandboxOpaqueCode", "sandboxOpaqueMoment"];
/// Members that init fills with the day.
const DATES: [&str; 3] = ["bureauConsentDate", "creationDate", "personalDataConsentDate"];
const ADDRESSES: [&str; 3] = ["addressData", "registrationAddressData", "businessAddressData"];
/// Where ids begin that the server gives to clients, passports and addresses.
const CLIENT_IDS: u64 = 101_320_001;
const PASSPORT_IDS: u64 = 101_110_001;
const ADDRESS_IDS: u64 = 101_210_001;

/// Addresses that the core completes: code, then country, postcode, region, place, street, house, flat, chain.
const KNOWN_ADDRESSES: [(&str, [&str; 7]); 2] = [
    (
        "a0ed83c6-19b1-4d47-8c6d-0d2ed45b36c1",
        ["125009", "г Москва", "г Москва", "ул Тверская", "1", "10", "Россия, г Москва, ул Тверская"],
    ),
    (
        "5ee84ac0-eb9a-4b42-b814-2f5f7c27c255",
        ["119002", "г Москва", "г Москва", "ул Арбат", "2", "5", "Россия, г Москва, ул Арбат"],
    ),
];
const RUSSIA: u64 = 101_042;

/// The object to fill.
pub(super) fn init(switches: &Switches) -> Value {
    let mut object = INIT.clone();
    let today = Local::now().date_naive().to_string();
    let Some(members) = object.as_object_mut() else { return object };
    for name in DATES {
        members.insert(name.to_owned(), Value::from(today.as_str()));
    }
    let natural = members.remove("naturalPerson");
    match switches.word(&switches::NATURAL_PERSON) {
        "neither" => {}
        name => _ = members.insert(name.to_owned(), natural.unwrap_or(Value::Bool(true))),
    }
    for name in ADDRESSES {
        if let Some(address) = members.get_mut(name).and_then(Value::as_object_mut)
            && let Some(code) = address.remove("fias")
        {
            address.insert(switches.word(&switches::FIAS_NAME).to_owned(), code);
        }
    }
    if switches.is(&switches::INIT, "sparse") {
        for (name, member) in members.iter_mut() {
            if member.is_object() && !OPAQUE.contains(&name.as_str()) {
                *member = Value::Null;
            }
        }
    }
    object
}

/// The first member of init that a body lacks, at any depth, as a dotted path.
pub(super) fn missing(init: &Value, body: &Value) -> Option<String> {
    let members = init.as_object()?;
    members.iter().find_map(|(name, value)| match body.get(name) {
        None => Some(name.clone()),
        Some(found) if value.is_object() => match found {
            Value::Object(_) => missing(value, found).map(|below| format!("{name}.{below}")),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Some(name.clone()),
        },
        Some(_) => None,
    })
}

/// The first opaque member that did not come back as it was.
pub(super) fn altered(init: &Value, body: &Value) -> Option<&'static str> {
    OPAQUE.into_iter().find(|name| init.get(name) != body.get(name))
}

/// The first member that init does not have, below objects that init has.
pub(super) fn unknown(init: &Value, body: &Value) -> Option<String> {
    let (known, members) = (init.as_object()?, body.as_object()?);
    members.iter().find_map(|(name, value)| match known.get(name) {
        None => Some(name.clone()),
        Some(below) => unknown(below, value).map(|path| format!("{name}.{path}")),
    })
}

/// The row's part of a body, in the contract's spelling: without what is blank.
pub(super) fn part(body: &Value) -> Value {
    let mut part = without_blanks(body).unwrap_or_else(|| json!({}));
    if let Some(members) = part.as_object_mut() {
        respell(members, "naturalperson", "naturalPerson");
        for name in ADDRESSES {
            if let Some(address) = members.get_mut(name).and_then(Value::as_object_mut) {
                respell(address, "fiasId", "fias");
            }
        }
        for name in OPAQUE {
            members.remove(name);
        }
    }
    part
}

fn respell(members: &mut Map<String, Value>, from: &str, to: &str) {
    if let Some(value) = members.remove(from) {
        members.entry(to).or_insert(value);
    }
}

fn without_blanks(value: &Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        Value::Bool(_) | Value::Number(_) | Value::String(_) => Some(value.clone()),
        Value::Array(items) => {
            let items: Vec<Value> = items.iter().filter_map(without_blanks).collect();
            (!items.is_empty()).then_some(Value::Array(items))
        }
        Value::Object(members) => {
            let members: Map<String, Value> =
                members.iter().filter_map(|(name, value)| Some((name.clone(), without_blanks(value)?))).collect();
            (!members.is_empty()).then_some(Value::Object(members))
        }
    }
}

/// The first address whose code nobody knows.
pub(super) fn unknown_address(body: &Value) -> Option<&'static str> {
    ADDRESSES.into_iter().find(|name| {
        let code = body.get(name).and_then(code_of);
        code.is_some_and(|code| !KNOWN_ADDRESSES.iter().any(|(known, _)| *known == code))
    })
}

fn code_of(address: &Value) -> Option<&str> {
    ["fias", "fiasId"].iter().find_map(|name| address.get(name)?.as_str()).filter(|code| !code.is_empty())
}

/// The id of the client with this number.
pub(super) fn id(at: usize) -> String {
    (CLIENT_IDS + at as u64).to_string()
}

/// The client as it is stored: without what init does not know, with ids and with the addresses that the core completes.
pub(super) fn stored(entry: &Entry, init: &Value) -> Value {
    let mut client = entry.body.clone();
    drop_unknown(init, &mut client);
    let number = entry.id.parse::<u64>().unwrap_or(CLIENT_IDS);
    let offset = number.saturating_sub(CLIENT_IDS);
    if let Some(members) = client.as_object_mut() {
        members.insert("id".to_owned(), Value::from(number));
        if let Some(passport) = members.get_mut("passport").and_then(Value::as_object_mut) {
            passport.insert("id".to_owned(), Value::from(PASSPORT_IDS + offset));
        }
        for (place, name) in (0_u64..).zip(ADDRESSES) {
            if let Some(address) = members.get_mut(name).and_then(Value::as_object_mut) {
                address.insert("id".to_owned(), Value::from(ADDRESS_IDS + offset * 3 + place));
                complete(address);
            }
        }
    }
    client
}

fn drop_unknown(init: &Value, body: &mut Value) {
    if let (Some(known), Some(members)) = (init.as_object(), body.as_object_mut()) {
        members.retain(|name, _| known.contains_key(name));
        for (name, member) in members {
            if let Some(below) = known.get(name) {
                drop_unknown(below, member);
            }
        }
    }
}

/// The core fills an address of which it has code and line while its chain text is empty.
fn complete(address: &mut Map<String, Value>) {
    let text = |name: &str| address.get(name).and_then(Value::as_str).unwrap_or_default();
    let code = ["fias", "fiasId"].map(text).concat();
    if text("fullAddressText").is_empty() || !text("fiasChainText").is_empty() {
        return;
    }
    let Some((_, parts)) = KNOWN_ADDRESSES.iter().find(|(known, _)| *known == code) else { return };
    let names = ["postalCode", "regionName", "localityName", "streetName", "houseNo", "apartmentNo", "fiasChainText"];
    for (name, part) in names.into_iter().zip(parts) {
        address.insert(name.to_owned(), Value::from(*part));
    }
    address.insert("countryId".to_owned(), Value::from(RUSSIA));
}
