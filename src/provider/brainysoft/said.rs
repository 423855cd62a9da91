//! What BrainySoft's answers say: its envelope, ids, and its words as refusals without client data. Decides nothing about a row.

use serde_json::Value;

use super::json::Json;
use crate::model::redact::redact;
use crate::model::{Body, Refusal};
use crate::provider::http::Reply;
use crate::provider::phrases::Phrases;
use crate::provider::words::{find_member, head, masked, pointer_of};

/// What BrainySoft's errors speak of.
const PHRASES: Phrases = Phrases {
    members: "naturalPerson naturalperson businessman lastName firstName patronymic birthDate birthCountryId birthPlace sexId \
        mobilePhone email rnn snils kpp title passport addressData registrationAddressData businessAddressData extraFields key \
        managerId maritalStatusId meanIncome childrenCount bureauConsent bureauConsentDate personalDataConsent \
        personalDataConsentDate workPlaceData complementaryDoc registrationNumber creationDate subdivisionId seria no \
        issueDate closeDate manager subdivisionCode docTypeId countryId postalCode regionName localityName streetName houseNo \
        blockNo buildingNo apartmentNo fias fiasId fiasChainText fullAddressText",
    codes: &[],
};

/// Words in an error's text or code that speak of a client who is there already. The codes are not published.
const DUPLICATE_WORDS: [&str; 4] = ["exist", "duplicate", "существ", "дубл"];
/// The same about a session that has ended.
const SESSION_WORDS: [&str; 7] = ["unauthorized", "session", "token", "expired", "авториз", "сесси", "токен"];
/// Texts that say the opposite of what their word says.
const ABSENCE_WORDS: [&str; 5] = ["not exist", "n't exist", "не существ", "non-exist", "nonexist"];

/// An answer's envelope: `{"status":"ok"|"error","timestamp":…,"data":…}`.
#[derive(Debug)]
pub(super) enum Said {
    /// Status `ok`, with its data.
    Ok(Json),
    /// Another status, with its data.
    Error(Json),
    /// No envelope: no JSON object, or one without a status.
    Nothing,
}

impl Said {
    pub(super) fn read(reply: &Reply) -> Self {
        let text = reply.body.as_ref().ok().and_then(|bytes| std::str::from_utf8(bytes).ok());
        let Some(Json::Object(members)) = text.and_then(Json::parse) else { return Self::Nothing };
        let (mut status, mut data) = (None, Json::Null);
        for (name, value) in members {
            match name.as_str() {
                "status" => status = value.filled().map(str::to_owned),
                "data" => data = value,
                _ => {}
            }
        }
        match status.as_deref() {
            Some("ok") => Self::Ok(data),
            Some(_) => Self::Error(data),
            None => Self::Nothing,
        }
    }
}

/// The id of a created client: the data's own, or the data itself.
pub(super) fn created_id(data: &Json) -> Option<Box<str>> {
    match data {
        Json::Object(_) => data.member("id").and_then(Json::id),
        Json::Number(_) | Json::Text(_) => data.id(),
        Json::Null | Json::Bool(_) | Json::Array(_) => None,
    }
}

/// Whether an error speaks of a client who is there already.
pub(super) fn speaks_of_a_duplicate(data: &Json) -> bool {
    let text = words(data);
    let denied = ABSENCE_WORDS.iter().any(|word| text.contains(word));
    !denied && DUPLICATE_WORDS.iter().any(|word| text.contains(word))
}

/// Whether an error speaks of a session that has ended.
pub(super) fn speaks_of_the_session(data: &Json) -> bool {
    let text = words(data);
    SESSION_WORDS.iter().any(|word| text.contains(word))
}

fn words(data: &Json) -> String {
    let text = match data {
        Json::Text(text) => text.clone(),
        Json::Object(_) => {
            let part = |name| data.member(name).and_then(Json::text).unwrap_or_default();
            let named = format!("{} {} {}", part("code"), part("message"), part("error"));
            if named.trim().is_empty() { data.write() } else { named }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) => data.write(),
    };
    text.to_lowercase()
}

/// The refusal of an answer, as a template without the client's data.
pub(super) fn refusal(reply: &Reply, said: &Said, sent: &Body) -> Refusal {
    let data = match said {
        Said::Error(data) | Said::Ok(data) => data,
        Said::Nothing => &Json::Null,
    };
    let code = match data.member("code") {
        Some(Json::Text(code)) if is_code(code.trim()) => redact(code.trim(), sent),
        Some(Json::Number(code)) => redact(code, sent),
        Some(Json::Text(_) | Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_)) | None => {
            format!("http_{}", reply.status)
        }
    };
    let message = match data {
        Json::Text(text) if !text.trim().is_empty() => text.trim().to_owned(),
        Json::Object(_) => match data.member("message").and_then(Json::filled) {
            Some(message) => message.to_owned(),
            None => data.write(),
        },
        Json::Array(_) => data.write(),
        Json::Text(_) | Json::Null | Json::Bool(_) | Json::Number(_) => head(reply),
    };
    let body = sent.parse();
    let pointer = pointer(&message, &body).filter(|pointer| PHRASES.is_path(pointer, sent));
    let message = PHRASES.quote(&message, sent);
    Refusal { code: masked(&code).into(), message: message.into(), pointer: pointer.map(Into::into), request_id: None }
}

/// Codes are words of capitals or identifiers; other texts at their place could be about somebody.
fn is_code(code: &str) -> bool {
    !code.is_empty()
        && code.len() <= 64
        && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
}

/// The place that a text like `passport.no: required` names. How the provider names places is not published.
fn pointer(message: &str, sent: &Value) -> Option<String> {
    let name = message.split([':', ' ']).next()?;
    let path = pointer_of(&format!(".{name}"))?;
    let first = path.split('/').nth(1)?;
    if sent.pointer(&path).is_some() || (name.contains('.') && sent.get(first).is_some()) {
        return Some(path);
    }
    find_member(sent, name, "")
}

/// A code that may stand in a message for people: codes are words, anything else could be client data.
pub(super) fn code_word(said: &Said) -> String {
    let code = match said {
        Said::Error(data) => data.member("code").and_then(Json::text).unwrap_or_default(),
        Said::Ok(_) | Said::Nothing => "",
    };
    let is_word = !code.is_empty() && code.len() <= 50 && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    if is_word { format!(", {code}") } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderMap;
    use serde_json::json;

    fn reply(body: &str) -> Reply {
        Reply { status: 200, headers: HeaderMap::new(), body: Ok(body.as_bytes().to_vec()) }
    }

    fn refused(data: &Value) -> Refusal {
        let sent = Body::new(&json!({"lastName": "Образцова", "rnn": "770123456703", "passport": {"no": "654321"}}));
        let reply = reply(&json!({"status": "error", "timestamp": 1, "data": data}).to_string());
        refusal(&reply, &Said::read(&reply), &sent)
    }

    #[test]
    fn ids_stand_in_the_data_or_are_the_data() {
        for (data, id) in [
            ("{\"id\":101320001}", Some("101320001")),
            ("101320001", Some("101320001")),
            ("\"101320001\"", Some("101320001")),
            ("{\"id\":null}", None),
            ("{\"id\":0}", None),
            ("null", None),
            ("[1]", None),
            ("true", None),
        ] {
            assert_eq!(created_id(&Json::parse(data).unwrap()).as_deref(), id, "{data}");
        }
    }

    #[test]
    fn envelopes_have_a_status() {
        assert!(matches!(Said::read(&reply(r#"{"status":"ok","timestamp":1}"#)), Said::Ok(Json::Null)));
        assert!(matches!(Said::read(&reply(r#"{"status":"error","data":"x"}"#)), Said::Error(Json::Text(_))));
        assert!(matches!(Said::read(&reply(r#"{"status":"warning"}"#)), Said::Error(Json::Null)));
        for nothing in [r#"{"timestamp":1,"data":{"id":1}}"#, r#"{"status":null}"#, "[]", "<html>", "", "{\"status\":\"ok\""] {
            assert!(matches!(Said::read(&reply(nothing)), Said::Nothing), "{nothing}");
        }
    }

    #[test]
    fn refusals_are_templates_that_name_their_place() {
        let object = refused(&json!({"code": "VALIDATION_ERROR", "message": "passport.no: 654321 is wrong for Образцова"}));
        assert_eq!((&*object.code, object.pointer.as_deref()), ("VALIDATION_ERROR", Some("/passport/no")));
        assert_eq!(&*object.message, "passport.no: {/passport/no} is wrong for {/lastName}");
        let text = refused(&json!("passport.seria: required"));
        assert_eq!((&*text.code, text.pointer.as_deref()), ("http_200", Some("/passport/seria")));
        assert_eq!(refused(&json!({"errors": ["Образцова"]})).message.as_ref(), r#""…":["{/lastName}"]"#);
        assert!(refused(&Value::Null).message.starts_with("status 200"));
        assert_eq!(refused(&json!("rnn bad")).pointer.as_deref(), Some("/rnn"));
    }

    #[test]
    fn refusals_keep_nobody_else() {
        let object = refused(
            &json!({"code": "DUPLICATE", "message": "Клиент Образцова существует, ведёт Сидорова Анна, sidorova@example.net, тел. 8 900 123 45 67"}),
        );
        assert_eq!(&*object.message, "Клиент {/lastName} существует, …. …");
        let object = refused(&json!({"code": "Сидорова Анна", "message": "Sidorova.Anna: passport.sidorova"}));
        assert_eq!((&*object.code, object.pointer), ("http_200", None));
        assert!(!object.message.to_lowercase().contains("sidorova"), "{}", object.message);
    }

    #[test]
    fn words_tell_duplicates_and_dead_sessions() {
        let data = |text: &str| Json::Text(text.to_owned());
        for text in ["Client exists", "DUPLICATE passport", "Клиент уже существует", "Дубль по ИНН"]
        {
            assert!(speaks_of_a_duplicate(&data(text)), "{text}");
        }
        for text in ["passport.no: required", "branch does not exist", "Менеджер не существует"] {
            assert!(!speaks_of_a_duplicate(&data(text)), "{text}");
        }
        assert!(speaks_of_a_duplicate(&Json::parse(r#"{"code":"CLIENT_ALREADY_EXISTS"}"#).unwrap()));
        assert!(speaks_of_the_session(&Json::parse(r#"{"code":"UNAUTHORIZED","message":"session expired"}"#).unwrap()));
        assert!(!speaks_of_the_session(&data("passport.no: required")));
    }
}
