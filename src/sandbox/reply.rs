//! What a sandbox can send back: responses, damaged responses, and no response. Decides nothing.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use axum::http::{HeaderValue, Response, StatusCode};
use hyper::body::Frame;
use serde_json::{Value, json};
use tokio::time::Sleep;
use uuid::Uuid;

use super::fault::RetryAfter;

/// How long the first half of a cut body has to reach the client.
const CUT_AFTER: Duration = Duration::from_millis(20);

/// What comes of a request.
pub(super) enum Answer {
    /// This response.
    Respond(Box<Response<Body>>),
    /// The connection closes without a byte.
    Drop,
    /// Nothing, ever.
    Hang,
}

impl From<Response<Body>> for Answer {
    fn from(response: Response<Body>) -> Self {
        Self::Respond(Box::new(response))
    }
}

/// An answer of success before it is written, so that faults can spoil it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Success {
    /// The status of success.
    pub(super) status: StatusCode,
    /// The JSON that tells the client's id.
    pub(super) body: Value,
}

impl From<Success> for Answer {
    fn from(success: Success) -> Self {
        json(success.status, &success.body).into()
    }
}

/// JSON under this status.
pub(super) fn json(status: StatusCode, value: &Value) -> Response<Body> {
    text(status, "application/json", value.to_string())
}

/// Problem details (RFC 9457) with messages by path of the member, as .NET services write them.
#[allow(dead_code, reason = "the imitations that come next speak so")]
pub(super) fn problem(status: StatusCode, title: &str, errors: &[(String, String)]) -> Response<Body> {
    let mut by_path: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (path, message) in errors {
        by_path.entry(path).or_default().push(message);
    }
    let mut body = json!({"title": title, "status": status.as_u16(), "traceId": Uuid::new_v4().simple().to_string()});
    if !by_path.is_empty() {
        body["errors"] = json!(by_path);
    }
    text(status, "application/problem+json", body.to_string())
}

/// A page as proxies and firewalls send it.
pub(super) fn html(status: StatusCode, title: &str) -> Response<Body> {
    let page = format!("<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n");
    text(status, "text/html; charset=utf-8", page)
}

/// Any text under this status.
pub(super) fn text(status: StatusCode, content_type: &'static str, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// A response without a body.
pub(super) fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// 302 to another place.
pub(super) fn redirect(to: &'static str) -> Response<Body> {
    let mut response = empty(StatusCode::FOUND);
    response.headers_mut().insert(LOCATION, HeaderValue::from_static(to));
    response
}

/// JSON whose length is promised in full and whose second half never comes.
pub(super) fn cut(status: StatusCode, value: &Value) -> Response<Body> {
    let whole = Bytes::from(value.to_string());
    let half = whole.slice(..whole.len() / 2);
    let mut response = text(status, "application/json", Body::new(CutBody { half: Some(half), pause: None }));
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(whole.len()));
    response
}

/// Adds the Retry-After header.
pub(super) fn come_back(mut response: Response<Body>, when: RetryAfter) -> Response<Body> {
    let value = match when {
        RetryAfter::None => return response,
        RetryAfter::Seconds(seconds) => Some(HeaderValue::from(seconds)),
        RetryAfter::Date(seconds) => {
            let date = SystemTime::now() + Duration::from_secs(u64::from(seconds));
            HeaderValue::from_str(&httpdate::fmt_http_date(date)).ok()
        }
    };
    if let Some(value) = value {
        response.headers_mut().insert(RETRY_AFTER, value);
    }
    response
}

/// A body that breaks off after its first half.
struct CutBody {
    half: Option<Bytes>,
    pause: Option<Pin<Box<Sleep>>>,
}

impl HttpBody for CutBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Some(half) = self.half.take() {
            return Poll::Ready(Some(Ok(Frame::data(half))));
        }
        // An error at once would close the connection before the first half is written.
        let pause = self.pause.get_or_insert_with(|| Box::pin(tokio::time::sleep(CUT_AFTER)));
        pause.as_mut().poll(context).map(|()| Some(Err(std::io::Error::other("cut on purpose"))))
    }
}
