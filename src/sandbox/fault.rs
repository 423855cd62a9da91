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

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use uuid::Uuid;

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
    #[error("fault {spec:?}: unknown kind {found:?}; known: {}", KINDS.join(", "))]
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

/// The kinds by name, in the order of the table.
const KINDS: &[&str] = &[
    "latency",
    "drop_before_commit",
    "drop_after_commit",
    "500_before_commit",
    "500_after_commit",
    "502_html",
    "503",
    "429",
    "201_empty",
    "201_text",
    "201_cut",
    "201_no_id",
    "200_ok",
    "401_after_n",
    "403_html",
    "409_once",
    "redirect",
    "ignore_keys",
    "canned",
    "wrong_type",
    "hang",
];

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

impl FromStr for FaultSpec {
    type Err = FaultSpecError;

    fn from_str(spec: &str) -> Result<Self, FaultSpecError> {
        let (what, when_text) = match spec.split_once('@') {
            Some((what, when)) => (what, Some(when)),
            None => (spec, None),
        };
        let kind = parse_kind(spec, what)?;
        let when = match when_text {
            None => When::Always,
            Some(text) => {
                parse_when(text).ok_or_else(|| FaultSpecError::When { spec: spec.to_owned(), found: text.to_owned() })?
            }
        };
        if matches!(kind, FaultKind::UnauthorizedAfter(_)) && when != When::Always {
            return Err(FaultSpecError::WhenNotTaken { spec: spec.to_owned() });
        }
        Ok(Self { kind, when })
    }
}

fn parse_kind(spec: &str, what: &str) -> Result<FaultKind, FaultSpecError> {
    let (name, argument) = match what.split_once('=') {
        Some((name, argument)) => (name, Some(argument)),
        None => (what, None),
    };
    let Some(known) = KINDS.iter().copied().find(|known| *known == name) else {
        return Err(FaultSpecError::Kind { spec: spec.to_owned(), found: name.to_owned() });
    };
    let wrong = |expected| FaultSpecError::Argument {
        spec: spec.to_owned(),
        kind: known,
        expected,
        found: argument.unwrap_or_default().to_owned(),
    };
    let retry_after =
        || argument.map_or(Ok(RetryAfter::None), str::parse).map_err(|()| wrong("none, SECONDS, date or date+SECONDS"));
    let kind = match known {
        "latency" => {
            let latency = argument.and_then(parse_duration);
            return latency.map(FaultKind::Latency).ok_or_else(|| wrong("a time (250, 250ms or 2s, at most one hour)"));
        }
        "401_after_n" => {
            let after = argument.and_then(|text| text.parse().ok());
            return after.map(FaultKind::UnauthorizedAfter).ok_or_else(|| wrong("a number of requests"));
        }
        "502_html" => {
            return match argument {
                None | Some("before") => Ok(FaultKind::BadGatewayHtml(Stage::BeforeCommit)),
                Some("after") => Ok(FaultKind::BadGatewayHtml(Stage::AfterCommit)),
                Some(_) => Err(wrong("before or after")),
            };
        }
        "503" => return retry_after().map(FaultKind::Unavailable),
        "429" => return retry_after().map(FaultKind::TooManyRequests),
        "drop_before_commit" => FaultKind::Drop(Stage::BeforeCommit),
        "drop_after_commit" => FaultKind::Drop(Stage::AfterCommit),
        "500_before_commit" => FaultKind::InternalError(Stage::BeforeCommit),
        "500_after_commit" => FaultKind::InternalError(Stage::AfterCommit),
        "201_empty" => FaultKind::CreatedEmpty,
        "201_text" => FaultKind::CreatedText,
        "201_cut" => FaultKind::CreatedCut,
        "201_no_id" => FaultKind::CreatedNoId,
        "200_ok" => FaultKind::OkInsteadOfCreated,
        "403_html" => FaultKind::ForbiddenHtml,
        "409_once" => FaultKind::ConflictOnce,
        "redirect" => FaultKind::Redirect,
        "ignore_keys" => FaultKind::IgnoreKeys,
        "canned" => FaultKind::Canned,
        "wrong_type" => FaultKind::WrongType,
        "hang" => FaultKind::Hang,
        _ => return Err(FaultSpecError::Kind { spec: spec.to_owned(), found: name.to_owned() }),
    };
    if argument.is_some() { Err(wrong("no argument")) } else { Ok(kind) }
}

fn parse_duration(text: &str) -> Option<Duration> {
    let (number, unit_ms) = if let Some(number) = text.strip_suffix("ms") {
        (number, 1)
    } else if let Some(number) = text.strip_suffix('s') {
        (number, 1000)
    } else {
        (text, 1)
    };
    let milliseconds = number.parse::<u64>().ok()?.checked_mul(unit_ms)?;
    (milliseconds <= 3_600_000).then(|| Duration::from_millis(milliseconds))
}

fn parse_when(text: &str) -> Option<When> {
    if let Some(percent) = text.strip_suffix('%') {
        let percent = percent.parse::<f64>().ok().filter(|percent| (0.0..=100.0).contains(percent))?;
        return Some(When::Percent(percent));
    }
    if let Some(numbers) = text.strip_prefix('#') {
        let (from, to) = numbers.split_once('-').unwrap_or((numbers, numbers));
        let (from, to) = (from.parse().ok()?, to.parse().ok()?);
        return (1 <= from && from <= to).then_some(When::Numbers(from, to));
    }
    if let Some(key) = text.strip_prefix("key:") {
        return Uuid::try_parse(key).ok().map(When::Key);
    }
    if let Some(name) = text.strip_prefix("name:") {
        return (!name.is_empty()).then(|| When::Name(name.to_owned()));
    }
    match text {
        "always" => Some(When::Always),
        "once" => Some(When::Once),
        "first" => Some(When::First),
        _ => None,
    }
}

impl FromStr for RetryAfter {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        /// Seconds ahead of a date that was not told how far.
        const DATE_AHEAD_S: u32 = 2;
        match text {
            "none" => Ok(Self::None),
            "date" => Ok(Self::Date(DATE_AHEAD_S)),
            _ => match text.strip_prefix("date+") {
                Some(seconds) => seconds.parse().map(Self::Date).map_err(|_| ()),
                None => text.parse().map(Self::Seconds).map_err(|_| ()),
            },
        }
    }
}

impl fmt::Display for RetryAfter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Seconds(seconds) => write!(f, "{seconds}"),
            Self::Date(seconds) => write!(f, "date+{seconds}"),
        }
    }
}

impl fmt::Display for FaultSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.name())?;
        match self.kind {
            FaultKind::Latency(time) => write!(f, "={}", time.as_millis())?,
            FaultKind::UnauthorizedAfter(requests) => return write!(f, "={requests}"),
            FaultKind::BadGatewayHtml(Stage::AfterCommit) => f.write_str("=after")?,
            FaultKind::Unavailable(retry_after) | FaultKind::TooManyRequests(retry_after) => write!(f, "={retry_after}")?,
            FaultKind::BadGatewayHtml(Stage::BeforeCommit)
            | FaultKind::Drop(_)
            | FaultKind::InternalError(_)
            | FaultKind::CreatedEmpty
            | FaultKind::CreatedText
            | FaultKind::CreatedCut
            | FaultKind::CreatedNoId
            | FaultKind::OkInsteadOfCreated
            | FaultKind::ForbiddenHtml
            | FaultKind::ConflictOnce
            | FaultKind::Redirect
            | FaultKind::IgnoreKeys
            | FaultKind::Canned
            | FaultKind::WrongType
            | FaultKind::Hang => {}
        }
        match &self.when {
            When::Always => f.write_str("@always"),
            When::Once => f.write_str("@once"),
            When::First => f.write_str("@first"),
            When::Percent(percent) => write!(f, "@{percent}%"),
            When::Numbers(from, to) if from == to => write!(f, "@#{from}"),
            When::Numbers(from, to) => write!(f, "@#{from}-{to}"),
            When::Key(key) => write!(f, "@key:{key}"),
            When::Name(name) => write!(f, "@name:{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_read_and_written_back() {
        for kind in KINDS {
            let spec = match *kind {
                "latency" => "latency=250@5%".to_owned(),
                "401_after_n" => "401_after_n=20".to_owned(),
                "503" => "503=date+4@first".to_owned(),
                "429" => "429=none@once".to_owned(),
                other => format!("{other}@#10-20"),
            };
            let parsed: FaultSpec = spec.parse().unwrap();
            assert_eq!(parsed.kind.name(), *kind);
            assert_eq!(parsed.to_string(), spec);
        }
    }

    #[test]
    fn errors_say_what_would_do() {
        let tell = |spec: &str| spec.parse::<FaultSpec>().unwrap_err().to_string();
        assert!(tell("drop_afer_commit@#3").contains("drop_after_commit"));
        assert!(tell("latency@#3").contains("takes a time"));
        assert!(tell("hang=3@always").contains("no argument"));
        assert!(tell("503=-1").contains("SECONDS"));
        for spec in ["hang@", "hang@#0", "hang@#5-3", "hang@101%", "hang@NaN%", "hang@key:1", "hang@sometimes"] {
            assert!(tell(spec).contains("WHEN"), "{spec}");
        }
        assert!(tell("401_after_n=3@#1").contains("leave out"));
    }
}
