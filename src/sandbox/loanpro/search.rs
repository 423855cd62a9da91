//! The search of LoanPro: the clauses that its documentation names, over what the server knows by heart. Loose, as the original.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::customers::{Customer, Customers};

/// A clause that is not imitated, by its name.
#[derive(Debug)]
pub(super) struct Unsupported(pub(super) String);

/// Ids and fields of the customers that a search finds, in the order of ids.
pub(super) fn run(customers: &Customers, request: &Value, until_ms: i64) -> Result<Vec<Value>, Unsupported> {
    let everybody = json!({"match_all": {}});
    let query = request.get("query").unwrap_or(&everybody);
    let mut hits = Vec::new();
    for customer in customers.iter().filter(|customer| customer.created_ms <= until_ms) {
        if holds(query, customer)? {
            hits.push(customer);
        }
    }
    hits.sort_by_key(|customer| customer.id);
    Ok(hits.into_iter().map(hit).collect())
}

fn hit(customer: &Customer) -> Value {
    let mut hit = json!(customer.fields);
    if let Some(members) = hit.as_object_mut() {
        members.insert("id".to_owned(), json!(customer.id));
        members.insert("created".to_owned(), json!(format!("/Date({})/", customer.created_ms.div_euclid(1000))));
        members.remove("ssn");
    }
    hit
}

fn holds(clause: &Value, customer: &Customer) -> Result<bool, Unsupported> {
    let Some((name, inner)) = clause.as_object().and_then(|clause| clause.iter().next()) else {
        return Err(Unsupported(String::new()));
    };
    match name.as_str() {
        "match_all" => Ok(true),
        "bool" => boolean(inner, customer),
        "query_string" => query_string(inner, customer),
        "match" => Ok(pairs(inner).any(|(field, wanted)| words(wanted).any(|word| has_word(customer, field, &word)))),
        "term" => Ok(pairs(inner).all(|(field, wanted)| is(customer, field, wanted))),
        "terms" => {
            Ok(pairs(inner).all(|(field, wanted)| wanted.as_array().into_iter().flatten().any(|one| is(customer, field, one))))
        }
        "range" => Ok(pairs(inner).all(|(field, limits)| within(customer, field, limits))),
        other => Err(Unsupported(other.to_owned())),
    }
}

fn boolean(inner: &Value, customer: &Customer) -> Result<bool, Unsupported> {
    let clauses = |name: &str| match inner.get(name) {
        Some(Value::Array(clauses)) => clauses.iter().collect(),
        Some(clause) => vec![clause],
        None => Vec::new(),
    };
    for name in inner.as_object().into_iter().flatten().map(|(name, _)| name) {
        if !matches!(name.as_str(), "must" | "filter" | "should") {
            return Err(Unsupported(name.clone()));
        }
    }
    for clause in clauses("must").into_iter().chain(clauses("filter")) {
        if !holds(clause, customer)? {
            return Ok(false);
        }
    }
    let should = clauses("should");
    let mut any = should.is_empty();
    for clause in should {
        any |= holds(clause, customer)?;
    }
    Ok(any)
}

fn query_string(inner: &Value, customer: &Customer) -> Result<bool, Unsupported> {
    let query = inner.get("query").and_then(Value::as_str).unwrap_or_default();
    let fields: Vec<&str> = match inner.get("fields").and_then(Value::as_array) {
        Some(fields) => fields.iter().filter_map(Value::as_str).collect(),
        None => customer.fields.keys().copied().collect(),
    };
    let all = inner.get("default_operator").and_then(Value::as_str).is_some_and(|operator| operator.eq_ignore_ascii_case("and"));
    if query.trim() == "*" {
        return Ok(true);
    }
    if let Some(phrase) = query.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        let phrase = phrase.replace("\\\"", "\"").replace("\\\\", "\\").to_lowercase();
        return Ok(fields.iter().any(|field| value(customer, field).is_some_and(|value| value.contains(&phrase))));
    }
    let found = |word: &str| fields.iter().any(|field| has_word(customer, field, word));
    let lower = query.to_lowercase();
    let mut words = lower.split_whitespace();
    Ok(if all { words.all(found) } else { words.any(found) })
}

fn pairs(inner: &Value) -> impl Iterator<Item = (&String, &Value)> {
    inner.as_object().into_iter().flatten()
}

fn words(wanted: &Value) -> impl Iterator<Item = String> {
    let text = wanted.get("query").unwrap_or(wanted).as_str().unwrap_or_default().to_lowercase();
    text.split_whitespace().map(str::to_owned).collect::<Vec<_>>().into_iter()
}

fn value(customer: &Customer, field: &str) -> Option<String> {
    customer.fields.get(field).map(|value| value.to_lowercase())
}

/// `word` may end with `*`.
fn has_word(customer: &Customer, field: &str, word: &str) -> bool {
    value(customer, field).is_some_and(|value| match word.strip_suffix('*') {
        Some(start) => value.split_whitespace().any(|found| found.starts_with(start)),
        None => value.split_whitespace().any(|found| found == word) || value == word,
    })
}

fn is(customer: &Customer, field: &str, wanted: &Value) -> bool {
    let wanted = wanted.as_str().map_or_else(|| wanted.to_string(), str::to_lowercase);
    if field == "id" { customer.id.to_string() == wanted } else { value(customer, field).as_deref() == Some(&*wanted) }
}

fn within(customer: &Customer, field: &str, limits: &Value) -> bool {
    let Some(found) = value(customer, field) else { return false };
    pairs(limits).all(|(name, limit)| {
        let order = found.as_str().cmp(&limit.as_str().unwrap_or_default().to_lowercase());
        match name.as_str() {
            "gt" => order == Ordering::Greater,
            "gte" => order != Ordering::Less,
            "lt" => order == Ordering::Less,
            "lte" => order != Ordering::Greater,
            _ => true,
        }
    })
}
