//! FinLego's answers as they are written: the plain envelope of onboarding, the result of core, and what spoils them. Decides nothing.

use axum::body::Body;
use axum::http::{Response, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::sandbox::reply::{self, Answer, Success};

/// Odd answers to a client that is stored.
pub(super) const OTHER_EXTERNAL_ID: &str = "other_external_id";
pub(super) const BOTH_FLAGS: &str = "both_flags";
pub(super) const FAILED_WITH_ID: &str = "failed_with_id";
pub(super) const TWO_IDS: &str = "two_ids";
pub(super) const OTHER_ENVELOPE: &str = "other_envelope";
/// All of them.
pub(super) const ODD: &[&str] = &[OTHER_EXTERNAL_ID, BOTH_FLAGS, FAILED_WITH_ID, TWO_IDS, OTHER_ENVELOPE];

/// A client at the onboarding service.
pub(super) fn plain(id: &str, external_id: &str) -> Value {
    json!({"clientId": id, "externalId": external_id})
}

/// A client at the core service.
pub(super) fn result(id: &str) -> Value {
    json!({
        "isFailed": false, "isSuccess": true, "reasons": [], "errors": [], "successes": [],
        "valueOrDefault": {"id": id}, "value": {"id": id}
    })
}

/// A refusal of the core service, with its words in `errors` and `reasons` or in `reasons` only.
pub(super) fn failed(message: &str, in_reasons_only: bool) -> Value {
    let error = json!({"message": if in_reasons_only { Value::Null } else { message.into() }, "metadata": {}, "reasons": []});
    json!({
        "isFailed": true, "isSuccess": false, "reasons": [{"message": message, "metadata": {}}], "errors": [error],
        "successes": [], "valueOrDefault": null
    })
}

/// JSON of either kind.
pub(super) fn answer(status: StatusCode, body: &Value) -> Response<Body> {
    reply::json(status, body)
}

/// An odd answer; what has no meaning for an envelope leaves it alone.
pub(super) fn odd(name: &str, mut success: Success) -> Answer {
    let is_plain = success.body.get("clientId").is_some();
    let id = |pointer: &str| success.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (plain_id, result_id) = (id("/clientId"), id("/value/id"));
    match name {
        OTHER_EXTERNAL_ID if is_plain => success.body["externalId"] = json!("SOMEBODY-ELSE"),
        OTHER_ENVELOPE => success.body = if is_plain { result(&plain_id) } else { plain(&result_id, "") },
        BOTH_FLAGS if !is_plain => success.body["isFailed"] = json!(true),
        FAILED_WITH_ID if !is_plain => {
            success.body["isFailed"] = json!(true);
            success.body["isSuccess"] = json!(false);
        }
        TWO_IDS if !is_plain => success.body["valueOrDefault"] = json!({"id": Uuid::new_v4().to_string()}),
        _ => {}
    }
    success.into()
}
