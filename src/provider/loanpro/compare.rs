//! Whether a customer of LoanPro is the client of a row, and whether it holds all that was sent. Asks nobody.
//!
//! Dates come back as `/Date(seconds)/`, money as text, flags as 0, 1 or "1", and parts that were not asked for as `__deferred`:
//! <https://developers.loanpro.io/docs/dates-and-times>.

use chrono::DateTime;
use serde_json::Value;

use crate::model::text::fold;

/// How much earlier than our request a customer may be created by the server's clock and still be its fruit.
const CLOCK_MARGIN_S: i64 = 120;

/// What a customer is to a request without a reliable answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Relation {
    /// Created by it.
    Ours,
    /// The same, and when it was created is not known.
    Same,
    /// The same, and there before it.
    Older,
    /// Somebody else.
    Other,
}

/// What a customer is to the client of `sent`, whose request left at this second by the server's clock.
pub(super) fn relation(sent: &Value, customer: &Value, sent_at_s: Option<i64>) -> Relation {
    let age = match (seconds(customer.get("created")), sent_at_s) {
        (Some(created), Some(sent_at)) if created >= sent_at.saturating_sub(CLOCK_MARGIN_S) => Relation::Ours,
        (Some(_), Some(_)) => Relation::Older,
        (Some(_) | None, None) | (None, Some(_)) => Relation::Same,
    };
    match (text(sent, "customId"), text(customer, "customId")) {
        (Some(ours), Some(theirs)) if fold(ours) != fold(theirs) => Relation::Other,
        // Own ids are not proved to be unique: an older customer may have the same one from another base.
        (Some(_), Some(_)) if age == Relation::Ours => age,
        (Some(_) | None, Some(_) | None) => {
            if same_person(sent, customer) {
                age
            } else {
                Relation::Other
            }
        }
    }
}

/// Whether nothing by which customers are told apart differs.
fn same_person(sent: &Value, customer: &Value) -> bool {
    let equal = |name: &str| match (text(sent, name), text(customer, name)) {
        (Some(ours), Some(theirs)) => fold(ours) == fold(theirs),
        (None, None | Some(_)) => true,
        (Some(_), None) => false,
    };
    let address = |name: &str| {
        let (ours, theirs) = (sent.pointer("/PrimaryAddress"), customer.pointer("/PrimaryAddress"));
        match (ours.and_then(|part| text(part, name)), theirs.and_then(|part| text(part, name))) {
            (Some(ours), Some(theirs)) => letters(ours) == letters(theirs),
            (None, None | Some(_)) => true,
            (Some(_), None) => false,
        }
    };
    let born = match (text(sent, "birthDate"), day(customer.get("birthDate"))) {
        (Some(ours), Some(theirs)) => ours.get(..10) == Some(&*theirs),
        (Some(_), None) => false,
        (None, _) => true,
    };
    let ssn = match (text(sent, "ssn"), text(customer, "ssn").filter(|ssn| is_clear(ssn))) {
        (Some(ours), Some(theirs)) => letters(ours) == letters(theirs),
        (Some(_) | None, None) | (None, Some(_)) => true,
    };
    equal("email")
        && ["firstName", "lastName", "companyName"].into_iter().all(equal)
        && born
        && ssn
        && ["address1", "zipcode"].into_iter().all(address)
}

/// The members of `sent` that the server's customer does not hold as they were sent, as paths. What cannot be read is not counted.
pub(super) fn not_stored(sent: &Value, customer: &Value) -> Vec<String> {
    let mut found = Vec::new();
    if let Value::Object(members) = sent {
        for (name, value) in members {
            // Never shown again, shown masked or not at all, or no member of a customer.
            if !matches!(name.as_str(), "accessPassword" | "ssn" | "customerId" | "driverLicense" | "__ignoreWarnings") {
                missing(value, customer.get(name), name, &mut found);
            }
        }
    }
    found
}

fn missing(sent: &Value, stored: Option<&Value>, path: &str, found: &mut Vec<String>) {
    match sent {
        Value::Object(members) => {
            let Some(Value::Object(theirs)) = stored else {
                if !members.is_empty() {
                    found.push(path.to_owned());
                }
                return;
            };
            if theirs.contains_key("__deferred") {
                return;
            }
            if let Some(items) = members.get("results").and_then(Value::as_array) {
                let theirs = theirs.get("results").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
                return missing_items(items, theirs, path, found);
            }
            for (name, value) in members {
                if !matches!(name.as_str(), "__ignoreWarnings" | "verify" | "token") {
                    missing(value, theirs.get(name), &format!("{path}.{name}"), found);
                }
            }
        }
        Value::Array(_) | Value::Null => {}
        Value::String(_) | Value::Number(_) | Value::Bool(_) => {
            if !stored.is_some_and(|stored| same_value(sent, stored)) {
                found.push(path.to_owned());
            }
        }
    }
}

/// Each item is compared with the stored one that is most like it: the order is not promised.
fn missing_items(items: &[Value], theirs: &[Value], path: &str, found: &mut Vec<String>) {
    for (index, item) in items.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let differences = theirs.iter().map(|theirs| {
            let mut found = Vec::new();
            missing(item, Some(theirs), &path, &mut found);
            found
        });
        found.extend(differences.min_by_key(Vec::len).unwrap_or_else(|| vec![path.clone()]));
    }
}

/// Whether a value came back, in whatever form the server writes it.
fn same_value(sent: &Value, stored: &Value) -> bool {
    if sent == stored {
        return true;
    }
    if let (Some(ours), Some(theirs)) = (amount(sent), amount(stored)) {
        return (ours - theirs).abs() < 0.005;
    }
    match (sent.as_str(), stored.as_str()) {
        (Some(ours), Some(theirs)) => {
            fold(ours) == fold(theirs)
                || (letters(ours) == letters(theirs) && !letters(ours).is_empty())
                || day(Some(stored)).is_some_and(|day| ours.get(..10) == Some(&*day))
        }
        (Some(_) | None, Some(_) | None) => false,
    }
}

/// A number, a flag or the text of one.
fn amount(value: &Value) -> Option<f64> {
    match value {
        Value::Bool(flag) => Some(f64::from(u8::from(*flag))),
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// `2026-01-31` of a date in the form of answers, or in that of requests.
fn day(value: Option<&Value>) -> Option<String> {
    let text = value?.as_str()?.trim();
    if text.len() >= 10 && text.as_bytes().get(4) == Some(&b'-') {
        return text.get(..10).map(str::to_owned);
    }
    Some(DateTime::from_timestamp(seconds(value)?, 0)?.format("%Y-%m-%d").to_string())
}

/// The seconds of `/Date(1209600)/`; of an ISO time as well, which is taken as UTC.
fn seconds(value: Option<&Value>) -> Option<i64> {
    let value = value?;
    if let Some(number) = value.as_i64() {
        return Some(number);
    }
    let text = value.as_str()?.trim();
    if let Some(inner) = text.strip_prefix("/Date(").and_then(|rest| rest.strip_suffix(")/")) {
        return inner.parse().ok();
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.timestamp());
    }
    chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").ok().map(|time| time.and_utc().timestamp())
}

/// Whether a number came back in clear and not masked.
fn is_clear(number: &str) -> bool {
    number.chars().filter(char::is_ascii_digit).count() >= 9 && !number.contains(['*', 'x', 'X'])
}

/// Letters and digits alone, without letter case.
fn letters(text: &str) -> String {
    text.chars().filter(|ch| ch.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A member's text; an empty one counts as absent.
fn text<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sent() -> Value {
        json!({
            "customerType": "customer.type.individual", "firstName": "Ada", "lastName": "Sample", "email": "Ada@example.com",
            "birthDate": "1988-02-29", "ssn": "900700001", "customerIdType": "customer.idType.ssn",
            "PrimaryAddress": {"address1": "201 E. Randolph St", "zipcode": "606021234", "city": "Chicago"},
            "Phones": {"results": [{"phone": "3125550101", "isPrimary": 1}, {"phone": "3125550102", "isPrimary": 0}]},
            "Employer": {"companyName": "Works", "income": 5200.5}
        })
    }

    fn stored() -> Value {
        json!({
            "customerType": "customer.type.individual", "firstName": "ADA", "lastName": "SAMPLE", "email": "ada@example.com",
            "birthDate": "/Date(573091200)/", "ssn": "*****0001", "created": "/Date(1000)/",
            "customerIdType": "customer.idType.ssn",
            "PrimaryAddress": {"address1": "201 E Randolph St", "zipcode": "60602-1234", "city": "Chicago"},
            "Phones": {"results": [{"phone": "3125550102", "isPrimary": "0"}, {"phone": "3125550101", "isPrimary": "1"}]},
            "Employer": {"companyName": "Works", "income": "5200.50"}
        })
    }

    fn with(mut value: Value, pointer: &str, new: Value) -> Value {
        match value.pointer_mut(pointer) {
            Some(place) => *place = new,
            None => {
                value.as_object_mut().unwrap().insert(pointer.trim_start_matches('/').to_owned(), new);
            }
        }
        value
    }

    #[test]
    fn the_same_person_is_ours_when_created_after_the_request() {
        for (at, expected) in
            [(Some(900), Relation::Ours), (Some(1120), Relation::Ours), (Some(1121), Relation::Older), (None, Relation::Same)]
        {
            assert_eq!(relation(&sent(), &stored(), at), expected, "{at:?}");
        }
        assert_eq!(relation(&sent(), &with(stored(), "/created", Value::Null), Some(0)), Relation::Same);
    }

    #[test]
    fn whoever_differs_is_somebody_else() {
        for (pointer, new) in [
            ("/email", json!("other@example.com")),
            ("/firstName", json!("Ida")),
            ("/lastName", json!(null)),
            ("/birthDate", json!("/Date(573177600)/")),
            ("/birthDate", json!("/Date(-62169984000)/")),
            ("/ssn", json!("900700002")),
            ("/PrimaryAddress/address1", json!("202 E Randolph St")),
            ("/PrimaryAddress", json!({"__deferred": {"uri": "x"}})),
        ] {
            assert_eq!(relation(&sent(), &with(stored(), pointer, new), Some(1000)), Relation::Other, "{pointer}");
        }
    }

    #[test]
    fn an_own_id_decides_about_new_customers_only() {
        let ours = with(sent(), "/customId", json!("CRM-1"));
        assert_eq!(relation(&ours, &with(stored(), "/customId", json!("CRM-2")), Some(1000)), Relation::Other);
        let stranger = with(with(stored(), "/customId", json!("CRM-1")), "/firstName", json!("Bo"));
        assert_eq!(relation(&ours, &stranger, Some(1000)), Relation::Ours);
        assert_eq!(relation(&ours, &stranger, Some(5000)), Relation::Other);
        assert_eq!(relation(&ours, &stored(), Some(5000)), Relation::Older);
    }

    #[test]
    fn what_the_server_dropped_is_named_and_other_forms_are_no_loss() {
        assert_eq!(not_stored(&sent(), &stored()), Vec::<String>::new());
        let lossy = with(with(stored(), "/Phones/results/0", json!({"phone": "3125550109"})), "/Employer/income", json!("0.00"));
        let lossy = with(with(lossy, "/email", json!(null)), "/PrimaryAddress/city", json!("Gary"));
        assert_eq!(
            not_stored(&sent(), &lossy),
            ["Employer.income", "Phones[1].isPrimary", "Phones[1].phone", "PrimaryAddress.city", "email"]
        );
        assert_eq!(not_stored(&sent(), &with(stored(), "/Phones", json!({"results": null}))), ["Phones[0]", "Phones[1]"]);
        assert_eq!(not_stored(&sent(), &with(stored(), "/Phones", json!({"__deferred": {"uri": "x"}}))), Vec::<String>::new());
        assert_eq!(not_stored(&sent(), &with(stored(), "/Employer", json!(null))), ["Employer"]);
    }
}
