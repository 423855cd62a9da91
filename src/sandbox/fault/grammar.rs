//! Faults as text, `KIND[=ARG]@WHEN`: reading and writing. The table of words stands in the parent.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use uuid::Uuid;

use super::{FaultKind, FaultSpec, FaultSpecError, RetryAfter, Stage, When};

/// The kinds by name, in the order of the table.
pub(super) const KINDS: &[&str] = &[
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
