//! The four shapes of LoanPro's answers. Decides nothing.

use axum::body::Body;
use axum::http::{Response, StatusCode};
use serde_json::{Value, json};

use crate::sandbox::reply;

/// An error about the request: shape 3.
pub(super) fn error(status: StatusCode, message: &str) -> Response<Body> {
    reply::json(status, &json!({"error": {"message": {"value": message}}}))
}

/// An error of the platform around it: shape 4.
pub(super) fn platform(status: StatusCode, message: &str) -> Response<Body> {
    let code = format!("{}-CN0001", status.as_u16());
    let context = json!({"ip": "", "uri": "/authorize", "user_id": 1, "errors": [message]});
    reply::json(status, &json!({"code": code, "message": message, "context": context}))
}

/// Warnings: shape 2.
pub(super) fn warnings(status: StatusCode, under_d: bool, texts: &[String]) -> Response<Body> {
    let body = json!({
        "error": {"message": "Transaction warnings found.", "type": "TransactionWarningException", "code": 500},
        "warnings": texts,
    });
    reply::json(status, &if under_d { json!({"d": body}) } else { body })
}

/// What was asked for: shape 1.
pub(super) fn found(d: Value) -> Response<Body> {
    reply::json(StatusCode::OK, &json!({"d": d}))
}

/// Rows of a list.
pub(super) fn listed(results: &[Value], total: usize) -> Response<Body> {
    found(json!({"results": results, "summary": {"totalHits": total, "totalTime": 1, "aggregations": {}}}))
}
