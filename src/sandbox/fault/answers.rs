//! Faults as answers, the same way for every imitation, in the words of the imitation at hand. Decides nothing and stores nothing.

use axum::body::Body;
use axum::http::{Response, StatusCode};

use crate::sandbox::reply::{self, Answer, Success};
use crate::sandbox::world::{Complaint, Imitation};

use super::{FaultKind, Stage};

/// Where a redirect leads: nowhere.
const LOGIN_PAGE: &str = "https://sandbox.invalid/login";

/// The answer of a fault that is given instead of working on the request; `None` for the other faults.
pub(in crate::sandbox) fn early(imitation: &dyn Imitation, kind: FaultKind) -> Option<Answer> {
    let response = match kind {
        FaultKind::Drop(Stage::BeforeCommit) => return Some(Answer::Drop),
        FaultKind::Hang(Stage::BeforeCommit) => return Some(Answer::Hang),
        FaultKind::InternalError(Stage::BeforeCommit) => imitation.refuse(Complaint::Internal),
        FaultKind::Error200(Stage::BeforeCommit) => error_200(imitation),
        FaultKind::BadGatewayHtml(Stage::BeforeCommit) => reply::html(StatusCode::BAD_GATEWAY, "502 Bad Gateway"),
        FaultKind::Unavailable(when) => reply::come_back(imitation.refuse(Complaint::Unavailable), when),
        FaultKind::TooManyRequests(when) => reply::come_back(imitation.refuse(Complaint::TooManyRequests), when),
        FaultKind::UnauthorizedAfter(_) | FaultKind::DeadToken => imitation.refuse(Complaint::Unauthorized),
        FaultKind::ForbiddenHtml => reply::html(StatusCode::FORBIDDEN, "403 Forbidden"),
        FaultKind::ConflictOnce => imitation.refuse(Complaint::TryAgain),
        FaultKind::Redirect => reply::redirect(LOGIN_PAGE),
        FaultKind::Drop(Stage::AfterCommit)
        | FaultKind::Hang(Stage::AfterCommit)
        | FaultKind::InternalError(Stage::AfterCommit)
        | FaultKind::Error200(Stage::AfterCommit)
        | FaultKind::BadGatewayHtml(Stage::AfterCommit)
        | FaultKind::Latency(_)
        | FaultKind::CreatedEmpty
        | FaultKind::CreatedText
        | FaultKind::CreatedCut
        | FaultKind::CreatedNoId
        | FaultKind::OkInsteadOfCreated
        | FaultKind::IgnoreKeys
        | FaultKind::Canned
        | FaultKind::Odd(_) => return None,
    };
    Some(response.into())
}

/// The answer to a client that is stored, as the request's fault shapes it.
pub(in crate::sandbox) fn after_commit(imitation: &dyn Imitation, effect: Option<FaultKind>, mut success: Success) -> Answer {
    let status = success.status;
    let response = match effect {
        Some(FaultKind::Drop(_)) => return Answer::Drop,
        Some(FaultKind::Hang(_)) => return Answer::Hang,
        Some(FaultKind::InternalError(_)) => imitation.refuse(Complaint::Internal),
        Some(FaultKind::Error200(_)) => error_200(imitation),
        Some(FaultKind::BadGatewayHtml(_)) => reply::html(StatusCode::BAD_GATEWAY, "502 Bad Gateway"),
        Some(FaultKind::CreatedEmpty) => reply::empty(status),
        Some(FaultKind::CreatedText) => reply::text(status, "text/plain; charset=utf-8", "Created\n"),
        Some(FaultKind::CreatedCut) => reply::cut(status, &success.body),
        Some(FaultKind::CreatedNoId) => {
            imitation.remove_id(&mut success.body);
            return success.into();
        }
        Some(FaultKind::OkInsteadOfCreated) => reply::json(StatusCode::OK, &success.body),
        Some(FaultKind::Odd(name)) => return imitation.odd(name, success),
        None
        | Some(
            FaultKind::Latency(_)
            | FaultKind::Unavailable(_)
            | FaultKind::TooManyRequests(_)
            | FaultKind::UnauthorizedAfter(_)
            | FaultKind::DeadToken
            | FaultKind::ForbiddenHtml
            | FaultKind::ConflictOnce
            | FaultKind::Redirect
            | FaultKind::IgnoreKeys
            | FaultKind::Canned,
        ) => return success.into(),
    };
    response.into()
}

/// What is wrong is told in the body only.
fn error_200(imitation: &dyn Imitation) -> Response<Body> {
    let mut response = imitation.refuse(Complaint::Internal);
    *response.status_mut() = StatusCode::OK;
    response
}
