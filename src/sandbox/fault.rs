//! Faults on demand: what goes wrong, for which request, written `KIND[=ARG]@WHEN`. Decides only; the imitation carries it out.
//!
//! | KIND | what happens |
//! |---|---|
//! | `latency=MS` | the request takes MS milliseconds longer (`250`, `250ms` or `2s`) |
//! | `drop_before_commit` · `drop_after_commit` | nothing is stored · the client is stored; then the connection closes without a byte |
//! | `500_before_commit` · `500_after_commit` | 500, nothing is stored · the client is stored |
//! | `502_html[=before\|after]` | 502 with a page of a proxy, before (default) or after storing |
//! | `503[=none\|SECONDS\|date\|date+SECONDS]` · `429[=…]` | nothing is stored; with this Retry-After |
//! | `201_empty` · `201_text` · `201_cut` · `201_no_id` | stored; 201 without a body · with plain text · cut in the middle · without the id |
//! | `200_ok` | stored; 200 instead of 201 |
//! | `401_after_n=N` | after N creations asked for, the token is refused for everything; takes no WHEN |
//! | `403_html` · `redirect` | a firewall's page · 302 to a login page; nothing is stored |
//! | `409_once` | 409 for the first attempt of a key; nothing is stored |
//! | `ignore_keys` | the key is not looked at: every send creates |
//! | `canned` | every answer carries the same id |
//! | `wrong_type` | stored; the answer names another type of client |
//! | `hang` | stored; no answer ever comes |
//!
//! | WHEN | which creation requests |
//! |---|---|
//! | `always` (default) | each |
//! | `once` | the next one only |
//! | `first` | the first attempt of each key |
//! | `5%` | this share, settled by seed, key and attempt: the same in each run |
//! | `#3` · `#10-20` | the third · the tenth to the twentieth |
//! | `key:UUID` | those with this idempotency key |
//! | `name:LASTNAME` | those for a person of this last name |
//!
//! Requests that the rate limit refuses are not counted. Of several faults the first that fits shapes the answer; latencies add up,
//! `ignore_keys` and `canned` join any other.

use std::time::Duration;

use uuid::Uuid;

mod grammar;
mod plan;

pub(super) use plan::{Faults, Hits};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The request takes longer.
    Latency(Duration),
    /// The connection closes without an answer.
    Drop(Stage),
    /// 500.
    InternalError(Stage),
    /// 502 with a page of HTML.
    BadGatewayHtml(Stage),
    /// 503.
    Unavailable(RetryAfter),
    /// 429.
    TooManyRequests(RetryAfter),
    /// 201 without a body.
    CreatedEmpty,
    /// 201 with plain text.
    CreatedText,
    /// 201 whose body ends in the middle.
    CreatedCut,
    /// 201 without the client's id.
    CreatedNoId,
    /// 200 instead of 201.
    OkInsteadOfCreated,
    /// 401 for everything after this many creation requests.
    UnauthorizedAfter(u64),
    /// 403 with a page of HTML.
    ForbiddenHtml,
    /// 409 for the first attempt of a key.
    ConflictOnce,
    /// 302 to a login page.
    Redirect,
    /// Idempotency keys are not looked at.
    IgnoreKeys,
    /// One id for all.
    Canned,
    /// The answer names another type of client.
    WrongType,
    /// No answer ever comes.
    Hang,
}

/// Whether a fault strikes before or after the client is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Nothing is stored.
    BeforeCommit,
    /// The client is stored.
    AfterCommit,
}

/// What an answer says about when to come back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RetryAfter {
    /// Nothing.
    #[default]
    None,
    /// A number of seconds.
    Seconds(u32),
    /// An HTTP date this many seconds ahead.
    Date(u32),
}

/// Which creation requests a fault meets.
#[derive(Clone, Debug, PartialEq)]
pub enum When {
    /// Each.
    Always,
    /// The next one only.
    Once,
    /// The first attempt of each key.
    First,
    /// This share of them, 0 to 100.
    Percent(f64),
    /// Those with these numbers, from 1, both included.
    Numbers(u64, u64),
    /// Those with this idempotency key.
    Key(Uuid),
    /// Those for a person of this last name.
    Name(String),
}

/// A fault and when it strikes: `drop_after_commit@#3`.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultSpec {
    /// What goes wrong.
    pub kind: FaultKind,
    /// For which requests.
    pub when: When,
}

/// Why a fault was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultSpecError {
    /// No such kind.
    #[error("fault {spec:?}: unknown kind {found:?}; known: {}", grammar::KINDS.join(", "))]
    Kind {
        /// The whole text.
        spec: String,
        /// The kind in it.
        found: String,
    },
    /// The kind takes no such argument.
    #[error("fault {spec:?}: {kind} takes {expected}, not {found:?}")]
    Argument {
        /// The whole text.
        spec: String,
        /// The kind in it.
        kind: &'static str,
        /// What the kind takes.
        expected: &'static str,
        /// The argument in it; empty when there is none.
        found: String,
    },
    /// The part after `@` is not known.
    #[error(
        "fault {spec:?}: cannot read WHEN {found:?}; write always, once, first, 5%, #3, #10-20, key:UUID or name:LASTNAME after the @"
    )]
    When {
        /// The whole text.
        spec: String,
        /// The part after `@`.
        found: String,
    },
    /// The kind is for the whole run.
    #[error("fault {spec:?}: 401_after_n counts requests itself; leave out the part after N")]
    WhenNotTaken {
        /// The whole text.
        spec: String,
    },
}

impl FaultKind {
    /// The kind's name as it is written in a fault.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Latency(_) => "latency",
            Self::Drop(Stage::BeforeCommit) => "drop_before_commit",
            Self::Drop(Stage::AfterCommit) => "drop_after_commit",
            Self::InternalError(Stage::BeforeCommit) => "500_before_commit",
            Self::InternalError(Stage::AfterCommit) => "500_after_commit",
            Self::BadGatewayHtml(_) => "502_html",
            Self::Unavailable(_) => "503",
            Self::TooManyRequests(_) => "429",
            Self::CreatedEmpty => "201_empty",
            Self::CreatedText => "201_text",
            Self::CreatedCut => "201_cut",
            Self::CreatedNoId => "201_no_id",
            Self::OkInsteadOfCreated => "200_ok",
            Self::UnauthorizedAfter(_) => "401_after_n",
            Self::ForbiddenHtml => "403_html",
            Self::ConflictOnce => "409_once",
            Self::Redirect => "redirect",
            Self::IgnoreKeys => "ignore_keys",
            Self::Canned => "canned",
            Self::WrongType => "wrong_type",
            Self::Hang => "hang",
        }
    }

    /// Whether the answer is given instead of working on the request.
    pub(super) fn is_early(self) -> bool {
        match self {
            Self::Drop(stage) | Self::InternalError(stage) | Self::BadGatewayHtml(stage) => stage == Stage::BeforeCommit,
            Self::Unavailable(_)
            | Self::TooManyRequests(_)
            | Self::UnauthorizedAfter(_)
            | Self::ForbiddenHtml
            | Self::ConflictOnce
            | Self::Redirect => true,
            Self::Latency(_)
            | Self::CreatedEmpty
            | Self::CreatedText
            | Self::CreatedCut
            | Self::CreatedNoId
            | Self::OkInsteadOfCreated
            | Self::IgnoreKeys
            | Self::Canned
            | Self::WrongType
            | Self::Hang => false,
        }
    }
}
