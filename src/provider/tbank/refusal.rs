//! T-Bank's error bodies as refusals without client data. Does not decide what a refusal means.

use serde_json::{Map, Value};

use crate::model::redact::redact;
use crate::model::{Body, Refusal};
use crate::provider::http::Reply;
use crate::provider::words::{find_member, head, pointer_of};

/// Names of members that an error's details may use as keys, where the sent body does not hold them.
const MEMBERS: &[&str] = &[
    "type",
    "lastName",
    "firstName",
    "middleName",
    "isSelfEmployed",
    "birthDate",
    "birthPlace",
    "citizenship",
    "phoneNumber",
    "email",
    "documents",
    "addresses",
    "inn",
    "snils",
    "ogrn",
    "registrationDate",
    "name",
    "opf",
    "registrationNumber",
    "nza",
    "kio",
];

/// An error body as the provider documents it: all texts, all optional to us.
#[derive(Debug, Default)]
pub(super) struct ErrorBody {
    pub(super) code: Option<String>,
    pub(super) message: Option<String>,
    pub(super) details: Map<String, Value>,
}

impl ErrorBody {
    pub(super) fn parse(reply: &Reply) -> Self {
        let Some(Value::Object(mut members)) = reply.body.as_ref().ok().and_then(|bytes| serde_json::from_slice(bytes).ok())
        else {
            return Self::default();
        };
        let mut text = |name: &str| match members.remove(name) {
            Some(Value::String(text)) if !text.trim().is_empty() => Some(text.trim().to_owned()),
            Some(Value::Number(number)) => Some(number.to_string()),
            Some(Value::String(_) | Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => None,
        };
        let (code, message) = (text("errorCode"), text("errorMessage"));
        let details = match members.remove("errorDetails") {
            Some(Value::Object(details)) => details,
            Some(Value::String(text)) => Map::from_iter([(String::new(), Value::String(text))]),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_)) | None => Map::new(),
        };
        Self { code, message, details }
    }

    /// Whether the error speaks of the idempotency key or its header instead of the client.
    pub(super) fn names_the_key(&self) -> bool {
        let about = |text: &str| {
            let text: String = text.chars().filter(|ch| ch.is_alphanumeric()).flat_map(char::to_lowercase).collect();
            text.contains("idempotencykey") || text.contains("ключидемпотентности")
        };
        self.message.as_deref().is_some_and(about)
            || self.code.as_deref().is_some_and(about)
            || self.details.iter().any(|(name, text)| about(name) || text.as_str().is_some_and(about))
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        self.details.iter().flat_map(|(name, text)| [Some(name.as_str()), text.as_str()]).flatten().chain(self.message.as_deref())
    }

    /// The place in the sent body that the error names.
    fn pointer(&self, sent: &Value) -> Option<String> {
        let rooted = self.texts().find_map(|text| {
            let (_, path) = text.split_once("[ROOT]")?;
            pointer_of(path)
        });
        rooted.or_else(|| {
            self.details.keys().find_map(|name| {
                let name = name.strip_prefix("body.").unwrap_or(name);
                if name.starts_with('/') && sent.pointer(name).is_some() {
                    return Some(name.to_owned());
                }
                let path = pointer_of(&format!(".{name}"))?;
                let root = path.split('/').nth(1)?;
                if sent.pointer(&path).is_some() || MEMBERS.contains(&root) { Some(path) } else { find_member(sent, name, "") }
            })
        })
    }
}

/// The refusal of an answer, as a template without the client's data.
pub(super) fn refusal(reply: &Reply, error: &ErrorBody, sent: &Body, request_id: Option<Box<str>>) -> Refusal {
    let code = match &error.code {
        Some(code) => redact(code, sent),
        None => format!("http_{}", reply.status),
    };
    let mut message = error.message.clone().unwrap_or_default();
    let details: Vec<String> = error
        .details
        .iter()
        .map(|(name, text)| match (name.as_str(), text.as_str()) {
            ("", Some(text)) => text.to_owned(),
            (name, Some(text)) => format!("{name}: {text}"),
            (name, None) => format!("{name}: {text}"),
        })
        .collect();
    if !details.is_empty() {
        message = if message.is_empty() { details.join("; ") } else { format!("{message} ({})", details.join("; ")) };
    }
    if message.is_empty() {
        message = head(reply);
    }
    // A server that puts a value where a member's name should be must not bring it into the journal.
    let pointer = error.pointer(&sent.parse()).filter(|pointer| redact(pointer, sent) == *pointer);
    Refusal { code: code.into(), message: redact(&message, sent).into(), pointer: pointer.map(Into::into), request_id }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderMap;
    use serde_json::json;

    fn refused(body: &Value) -> Refusal {
        let sent = Body::new(&json!({
            "type": "FL_RESIDENT", "lastName": "Образцова", "inn": "500100732259",
            "documents": [{"type": "PASSPORT", "division": "770001"}]
        }));
        let reply = Reply { status: 400, headers: HeaderMap::new(), body: Ok(body.to_string().into_bytes()) };
        refusal(&reply, &ErrorBody::parse(&reply), &sent, None)
    }

    #[test]
    fn the_place_is_found_in_both_of_the_banks_ways() {
        let pointer = |details: Value| {
            refused(&json!({"errorId": "1", "errorCode": "INVALID_DATA", "errorMessage": "wrong", "errorDetails": details}))
                .pointer
        };
        assert_eq!(
            pointer(json!({"body": "expected at [ROOT].documents[0].division, got x"})).as_deref(),
            Some("/documents/0/division")
        );
        assert_eq!(pointer(json!({"body": "missing [ROOT].firstName."})).as_deref(), Some("/firstName"));
        assert_eq!(pointer(json!({"documents[0].division": "pattern"})).as_deref(), Some("/documents/0/division"));
        assert_eq!(pointer(json!({"inn": "wrong"})).as_deref(), Some("/inn"));
        assert_eq!(pointer(json!({"snils": "wrong"})).as_deref(), Some("/snils"));
        assert_eq!(pointer(json!({"division": "wrong"})).as_deref(), Some("/documents/0/division"));
        assert_eq!(pointer(json!({"Образцова": "wrong"})), None);
        assert_eq!(pointer(json!({})), None);
    }

    #[test]
    fn a_refusal_is_a_template_and_its_code_is_kept() {
        let refusal = refused(&json!({
            "errorId": "1", "errorCode": "VALIDATION_ERROR", "errorMessage": "Клиент Образцова не принят",
            "errorDetails": {"documents[0].division": "expected value to match '^([0-9]{3}-[0-9]{3})$', but was '770001'"}
        }));
        assert_eq!(&*refusal.code, "VALIDATION_ERROR");
        assert_eq!(
            &*refusal.message,
            "Клиент {/lastName} не принят (documents[0].division: expected value to match '^([0-9]{3}-[0-9]{3})$', \
             but was '{/documents/0/division}')"
        );
    }

    #[test]
    fn errors_about_the_key_are_known() {
        let names = |value: Value| {
            let reply = Reply { status: 400, headers: HeaderMap::new(), body: Ok(value.to_string().into_bytes()) };
            ErrorBody::parse(&reply).names_the_key()
        };
        assert!(names(json!({"errorMessage": "Header Idempotency-Key is not a UUID v4"})));
        assert!(names(json!({"errorDetails": {"Idempotency-Key": "wrong"}})));
        assert!(!names(json!({"errorMessage": "ключевое поле", "errorDetails": {"inn": "wrong key"}})));
        assert!(!names(json!("text")));
    }
}
