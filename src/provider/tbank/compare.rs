//! When a beneficiary of the bank's list is the client of a request whose answer never came. Asks nobody.

use std::collections::HashMap;

use serde_json::Value;

use crate::model::Body;
use crate::model::text::fold;

/// The clients that are looked for, indexed so that each beneficiary is compared with few of them.
pub(super) struct Wanted {
    clients: Vec<Value>,
    by_lead: HashMap<String, Vec<usize>>,
}

impl Wanted {
    pub(super) fn new(bodies: impl Iterator<Item = Body>) -> Self {
        let clients: Vec<Value> = bodies.map(|body| body.parse()).collect();
        let mut by_lead: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, client) in clients.iter().enumerate() {
            if let Some(lead) = lead(client) {
                by_lead.entry(lead).or_default().push(index);
            }
        }
        Self { clients, by_lead }
    }

    /// Whether there is anything by which this client can be told from others.
    pub(super) fn comparable(&self, index: usize) -> bool {
        self.clients.get(index).is_some_and(|client| lead(client).is_some())
    }

    /// Which of the wanted clients this beneficiary is.
    pub(super) fn matches<'a>(&'a self, beneficiary: &'a Value) -> impl Iterator<Item = usize> + 'a {
        lead(beneficiary)
            .and_then(|lead| self.by_lead.get(&lead))
            .into_iter()
            .flatten()
            .copied()
            .filter(|&index| self.clients.get(index).is_some_and(|client| same(client, beneficiary)))
    }
}

/// What two clients have in common when they can be the same: type, and what the bank always shows of that type.
fn lead(client: &Value) -> Option<String> {
    let kind = text(client, "type")?;
    Some(match kind {
        "FL_RESIDENT" | "FL_NONRESIDENT" | "IP_RESIDENT" | "IP_NONRESIDENT" => format!(
            "{kind}\n{}\n{}\n{}",
            fold(text(client, "lastName")?),
            fold(text(client, "firstName")?),
            text(client, "birthDate")?
        ),
        "UL_RESIDENT" => format!("{kind}\n{}", text(client, "inn")?),
        "UL_NONRESIDENT" => kind.to_owned(),
        // LITE_CONTACT has nothing to compare.
        _ => return None,
    })
}

/// Whether two clients of one lead are the same.
fn same(ours: &Value, theirs: &Value) -> bool {
    match text(ours, "type") {
        Some("UL_RESIDENT") => true,
        Some("UL_NONRESIDENT") => {
            for name in ["inn", "kio"] {
                if let (Some(ours), Some(theirs)) = (text(ours, name), text(theirs, name)) {
                    return ours == theirs;
                }
            }
            let equal = |name| match (text(ours, name), text(theirs, name)) {
                (Some(ours), Some(theirs)) => fold(ours) == fold(theirs),
                (Some(_) | None, Some(_) | None) => false,
            };
            equal("name") && equal("registrationNumber")
        }
        Some(_) | None => {
            let middle = match (text(ours, "middleName"), text(theirs, "middleName")) {
                (Some(ours), Some(theirs)) => fold(ours) == fold(theirs),
                // The bank may leave it out of its answers: what it does not show is no difference.
                (Some(_) | None, None) => true,
                (None, Some(_)) => false,
            };
            middle && agree(text(ours, "inn"), text(theirs, "inn")) && agree(text(ours, "snils"), text(theirs, "snils")) && {
                let (ours, theirs) = (passports(ours), passports(theirs));
                ours.is_empty() || theirs.is_empty() || ours.iter().any(|passport| theirs.contains(passport))
            }
        }
    }
}

fn agree(ours: Option<&str>, theirs: Option<&str>) -> bool {
    match (ours, theirs) {
        (Some(ours), Some(theirs)) => ours == theirs,
        (Some(_) | None, None) | (None, Some(_)) => true,
    }
}

fn passports(client: &Value) -> Vec<(&str, &str)> {
    let documents = client.get("documents").and_then(Value::as_array);
    documents
        .into_iter()
        .flatten()
        .filter(|document| text(document, "type") == Some("PASSPORT"))
        .filter_map(|document| Some((text(document, "serial")?, text(document, "number")?)))
        .collect()
}

/// A member's text; an empty one counts as absent.
fn text<'a>(client: &'a Value, name: &str) -> Option<&'a str> {
    client.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(ours: Value, theirs: Value) -> bool {
        let wanted = Wanted::new([Body::new(&ours)].into_iter());
        wanted.matches(&theirs).count() == 1
    }

    fn person(more: Value) -> Value {
        let mut person = json!({"type": "FL_RESIDENT", "lastName": "Семёнова", "firstName": "Анна", "birthDate": "1990-05-01"});
        if let (Some(person), Value::Object(more)) = (person.as_object_mut(), more) {
            person.extend(more);
        }
        person
    }

    #[test]
    fn persons_are_the_same_when_nothing_shown_differs() {
        for (ours, theirs, same) in [
            (json!({}), json!({}), true),
            (json!({}), json!({"lastName": " СЕМЕНОВА "}), true),
            (json!({}), json!({"type": "IP_RESIDENT"}), false),
            (json!({}), json!({"birthDate": "1990-05-02"}), false),
            (json!({"middleName": "Петровна"}), json!({"middleName": "петровна"}), true),
            (json!({"middleName": "Петровна"}), json!({"middleName": "Ивановна"}), false),
            (json!({"middleName": "Петровна"}), json!({}), true),
            (json!({}), json!({"middleName": "Ивановна"}), false),
            (json!({"inn": "500100732259"}), json!({}), true),
            (json!({"inn": "500100732259"}), json!({"inn": "500100732260"}), false),
            (json!({"snils": "11223344595"}), json!({"snils": "11223344596"}), false),
        ] {
            assert_eq!(found(person(ours.clone()), person(theirs.clone())), same, "{ours} {theirs}");
        }
        let passport = |number| json!({"documents": [{"type": "PASSPORT", "serial": "4509", "number": number}]});
        assert!(found(person(passport("123456")), person(passport("123456"))));
        assert!(!found(person(passport("123456")), person(passport("654321"))));
        assert!(found(person(passport("123456")), person(json!({}))));
    }

    #[test]
    fn organisations_are_the_same_by_their_numbers() {
        let ours = json!({"type": "UL_RESIDENT", "inn": "7707083893", "name": "А"});
        assert!(found(ours.clone(), json!({"type": "UL_RESIDENT", "inn": "7707083893", "name": "Б"})));
        assert!(!found(ours, json!({"type": "UL_RESIDENT", "inn": "7707083894"})));
        let foreign = |more: Value| {
            let mut body = json!({"type": "UL_NONRESIDENT", "name": "Acme", "registrationNumber": "HRB 1"});
            if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
                body.extend(more);
            }
            body
        };
        assert!(found(foreign(json!({"kio": "1"})), foreign(json!({"inn": "2"}))));
        assert!(!found(foreign(json!({"kio": "1"})), foreign(json!({"kio": "2"}))));
        assert!(found(foreign(json!({"inn": "1"})), foreign(json!({"inn": "1", "name": "Other"}))));
        assert!(!found(foreign(json!({})), foreign(json!({"registrationNumber": "HRB 2"}))));
    }

    #[test]
    fn a_light_contact_cannot_be_compared() {
        assert!(!Wanted::new([Body::new(&json!({"type": "LITE_CONTACT"}))].into_iter()).comparable(0));
    }
}
