//! What is known of clients besides the ledger, and the reference books. Answers no request.

use serde_json::{Value, json};

use crate::sandbox::ledger::Entry;
use crate::sandbox::world::fingerprint;

/// The members by which clients are searched, as they are stored.
pub(super) fn row(entry: &Entry) -> Value {
    let member = |pointer: &str| entry.body.pointer(pointer).cloned().unwrap_or_default();
    json!({
        "id": entry.id.parse::<u64>().unwrap_or_default(),
        "lastName": member("/lastName"), "firstName": member("/firstName"), "patronymic": member("/patronymic"),
        "birthDate": member("/birthDate"), "title": member("/title"), "rnn": member("/rnn"), "kpp": member("/kpp"),
        "mobilePhone": member("/mobilePhone"), "creationDate": member("/creationDate"),
        "passport": {"seria": member("/passport/seria"), "no": member("/passport/no")},
    })
}

/// The fields that a search may name.
pub(super) fn fields() -> Value {
    row(&Entry { time: chrono::DateTime::UNIX_EPOCH, operation: String::new(), key: None, id: String::new(), body: Value::Null })
}

/// Fingerprints of what makes a client the same: name and passport, or the INN of an organisation.
pub(super) fn prints(body: &Value) -> Vec<u64> {
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let person = ["/lastName", "/firstName", "/patronymic", "/passport/seria", "/passport/no"].map(text);
    let mut prints = Vec::new();
    if !text("/passport/no").is_empty() {
        prints.push(fingerprint(&person.join("\n").to_lowercase(), 2));
    }
    if !text("/rnn").is_empty() {
        prints.push(fingerprint(text("/rnn"), 3));
    }
    prints
}

/// A reference book.
pub(super) fn book(path: &str) -> Value {
    let entries: &[(u64, &str)] = match path {
        "/dicts/countries" => &[
            (101_042, "Россия"),
            (101_041, "Казахстан"),
            (101_043, "Беларусь"),
            (101_044, "Узбекистан"),
            (101_045, "Армения"),
            (101_049, "Молдова"),
        ],
        "/dicts/head-positions" => &[(102_231, "Генеральный директор"), (102_232, "Директор"), (102_233, "Председатель")],
        "/dicts/branches" => &[(101_301, "Тестовый")],
        _ => &[
            (101_331, "Смирнова Ольга Викторовна"),
            (101_332, "Орлов Денис Петрович"),
            (101_333, "Ким Елена"),
            (101_334, "Ким Елена"),
        ],
    };
    entries.iter().map(|(id, name)| json!({"id": id, "name": name})).collect()
}
