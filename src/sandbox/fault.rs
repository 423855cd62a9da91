//! Faults on demand: what goes wrong, for which request, written `KIND[=ARG]@WHEN`. Decides only; `answers` carries it out with the
//! bodies of the imitation. Where a name holds 201, the imitation's own status of success stands for it.
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
//! | `error_200[=before\|after]` | the provider's body of an inner error under status 200, before (default) or after storing |
//! | `401_after_n=N` | after N creations asked for, the token is refused for everything; takes no WHEN |
//! | `dead_token` | the token that this request came with is refused from now on; a new one works |
//! | `403_html` · `redirect` | a firewall's page · 302 to a login page; nothing is stored |
//! | `409_once` | 409 for the first attempt of a key, or of a client where there are no keys; nothing is stored |
//! | `ignore_keys` | the key is not looked at: every send creates |
//! | `canned` | every answer carries the same id |
//! | `hang[=before\|after]` | no answer ever comes; nothing is stored, or the client is (default) |
//! | `odd=NAME` | stored; an answer that this imitation alone knows (`odd=` may be left out) |
//!
//! | WHEN | which creation requests |
//! |---|---|
//! | `always` (default) | each |
//! | `once` | the next one only |
//! | `first` | the first attempt of each key; of each client where the provider has no keys |
//! | `5%` | this share, settled by seed, key and attempt: the same in each run |
//! | `#3` · `#10-20` | the third · the tenth to the twentieth |
//! | `key:UUID` | those with this idempotency key |
//! | `name:LASTNAME` | those for a client of this last name, or another word by which the imitation knows it |
//! | `read` · `read#3` · `read#10-20` | instead of creations: each other call · the third · the tenth to the twentieth |
//! | `read:NAME` · `read:NAME#3` … | as before, of the calls with this name only |
//!
//! Calls that are no creation meet latencies and what is answered instead of working on them. Requests that the rate limit refuses are not counted. Of several faults the first that fits shapes the answer; latencies add up,
//! `ignore_keys` and `canned` join any other.

use std::time::Duration;

use uuid::Uuid;

pub(super) mod answers;
mod grammar;
mod plan;

pub(super) use plan::{Faults, Hits};

use super::SandboxError;
use super::world::Known;

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
    /// The provider's body of an inner error under status 200.
    Error200(Stage),
    /// 401 for everything after this many creation requests.
    UnauthorizedAfter(u64),
    /// 401 for this request and everything else with its token.
    DeadToken,
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
    /// No answer ever comes.
    Hang(Stage),
    /// The client is stored; an answer that one imitation alone knows.
    Odd(&'static str),
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
    /// The first attempt of each key; of each client where there are no keys.
    First,
    /// This share of them, 0 to 100.
    Percent(f64),
    /// Those with these numbers, from 1, both included.
    Numbers(u64, u64),
    /// Those with this idempotency key.
    Key(Uuid),
    /// Those for a client of this last name, or another word by which the imitation knows it.
    Name(String),
    /// Instead of creations: other calls with these numbers, from 1, both included.
    Read {
        /// Those of this name only, and only they are counted.
        name: Option<&'static str>,
        /// The first of them.
        from: u64,
        /// The last of them.
        to: u64,
    },
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
    /// No imitation has such an odd answer.
    #[error("fault {spec:?}: no such odd answer; known:{}", known.iter().map(|line| format!("\n  {line}")).collect::<String>())]
    Odd {
        /// The whole text.
        spec: String,
        /// Those of each imitation.
        known: Vec<String>,
    },
    /// The part after `@` is not known.
    #[error(
        "fault {spec:?}: cannot read WHEN {found:?}; write always, once, first, 5%, #3, #10-20, key:UUID, name:LASTNAME, read, read#3 or read:NAME#3 after the @ (names of reads: {known})"
    )]
    When {
        /// The whole text.
        spec: String,
        /// The part after `@`.
        found: String,
        /// The calls that `read:NAME` knows.
        known: String,
    },
    /// The fault cannot meet what creates nothing.
    #[error(
        "fault {spec:?}: {kind} cannot meet a call that creates nothing; leave out @read, or take a fault that answers before work"
    )]
    NotForReads {
        /// The whole text.
        spec: String,
        /// The kind in it.
        kind: &'static str,
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
            Self::Error200(_) => "error_200",
            Self::UnauthorizedAfter(_) => "401_after_n",
            Self::DeadToken => "dead_token",
            Self::ForbiddenHtml => "403_html",
            Self::ConflictOnce => "409_once",
            Self::Redirect => "redirect",
            Self::IgnoreKeys => "ignore_keys",
            Self::Canned => "canned",
            Self::Hang(_) => "hang",
            Self::Odd(name) => name,
        }
    }

    /// Whether the answer is given instead of working on the request.
    pub(super) fn is_early(self) -> bool {
        match self {
            Self::Drop(stage)
            | Self::InternalError(stage)
            | Self::BadGatewayHtml(stage)
            | Self::Error200(stage)
            | Self::Hang(stage) => stage == Stage::BeforeCommit,
            Self::Unavailable(_)
            | Self::TooManyRequests(_)
            | Self::UnauthorizedAfter(_)
            | Self::DeadToken
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
            | Self::Odd(_) => false,
        }
    }

    /// Whether it can meet a call that creates nothing.
    fn suits_reads(self) -> bool {
        matches!(self, Self::Latency(_)) || (self.is_early() && self != Self::ConflictOnce)
    }
}

/// An error when one of these faults speaks of an odd answer or a call that another imitation has and this one has not.
pub(super) fn check(specs: &[FaultSpec], known: &Known) -> Result<(), SandboxError> {
    for spec in specs {
        let odd = match spec.kind {
            FaultKind::Odd(name) => Some(name).filter(|name| !known.odd_answers.contains(name)),
            _ => None,
        };
        let read = match &spec.when {
            When::Read { name: Some(name), .. } => Some(*name).filter(|name| !known.reads.contains(name)),
            _ => None,
        };
        let foreign = odd.map(|name| (name, known.odd_answers)).or(read.map(|name| (name, known.reads)));
        if let Some((found, words)) = foreign {
            return Err(SandboxError::ForeignFault { provider: known.provider, found, known: words.join(", ") });
        }
    }
    Ok(())
}
