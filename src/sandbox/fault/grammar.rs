//! Faults as text, `KIND[=ARG]@WHEN`: reading and writing. The table of words stands in the parent.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use uuid::Uuid;

use crate::sandbox::registry;
use crate::sandbox::world::Known;

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
    "error_200",
    "401_after_n",
    "dead_token",
    "403_html",
    "409_once",
    "redirect",
    "ignore_keys",
    "canned",
    "hang",
    "odd",
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
            Some(text) => parse_when(text).ok_or_else(|| FaultSpecError::When {
                spec: spec.to_owned(),
                found: text.to_owned(),
                known: words(|known| known.reads).collect::<Vec<_>>().join(", "),
            })?,
        };
        if matches!(when, When::Read { .. }) && !kind.suits_reads() {
            return Err(FaultSpecError::NotForReads { spec: spec.to_owned(), kind: kind.name() });
        }
        if matches!(kind, FaultKind::UnauthorizedAfter(_)) && when != When::Always {
            return Err(FaultSpecError::WhenNotTaken { spec: spec.to_owned() });
        }
        Ok(Self { kind, when })
    }
}

/// Words of every imitation.
fn words(of: impl Fn(&Known) -> &'static [&'static str]) -> impl Iterator<Item = &'static str> {
    registry::all().iter().flat_map(move |known| of(known).iter().copied())
}

fn parse_kind(spec: &str, what: &str) -> Result<FaultKind, FaultSpecError> {
    let (name, argument) = match what.split_once('=') {
        Some((name, argument)) => (name, Some(argument)),
        None => (what, None),
    };
    if argument.is_none()
        && let Some(odd) = words(|known| known.odd_answers).find(|odd| *odd == name)
    {
        return Ok(FaultKind::Odd(odd));
    }
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
    let stage = |default| match argument {
        None => Ok(default),
        Some("before") => Ok(Stage::BeforeCommit),
        Some("after") => Ok(Stage::AfterCommit),
        Some(_) => Err(wrong("before or after")),
    };
    let kind = match known {
        "latency" => {
            let latency = argument.and_then(parse_duration);
            return latency.map(FaultKind::Latency).ok_or_else(|| wrong("a time (250, 250ms or 2s, at most one hour)"));
        }
        "401_after_n" => {
            let after = argument.and_then(|text| text.parse().ok());
            return after.map(FaultKind::UnauthorizedAfter).ok_or_else(|| wrong("a number of requests"));
        }
        "502_html" => return stage(Stage::BeforeCommit).map(FaultKind::BadGatewayHtml),
        "error_200" => return stage(Stage::BeforeCommit).map(FaultKind::Error200),
        "hang" => return stage(Stage::AfterCommit).map(FaultKind::Hang),
        "odd" => {
            let odd = argument.and_then(|name| words(|known| known.odd_answers).find(|odd| *odd == name));
            return odd.map(FaultKind::Odd).ok_or_else(|| FaultSpecError::Odd {
                spec: spec.to_owned(),
                known: registry::all()
                    .iter()
                    .map(|known| format!("{}: {}", known.provider, known.odd_answers.join(", ")))
                    .collect(),
            });
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
        "dead_token" => FaultKind::DeadToken,
        "403_html" => FaultKind::ForbiddenHtml,
        "409_once" => FaultKind::ConflictOnce,
        "redirect" => FaultKind::Redirect,
        "ignore_keys" => FaultKind::IgnoreKeys,
        "canned" => FaultKind::Canned,
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
        return parse_numbers(numbers).map(|(from, to)| When::Numbers(from, to));
    }
    if let Some(rest) = text.strip_prefix("read") {
        let (name, numbers) = rest.split_once('#').map_or((rest, None), |(name, numbers)| (name, Some(numbers)));
        let (from, to) = numbers.map_or(Some((1, u64::MAX)), parse_numbers)?;
        let name = match name.strip_prefix(':') {
            Some(name) => Some(words(|known| known.reads).find(|known| *known == name)?),
            None if name.is_empty() => None,
            None => return None,
        };
        return Some(When::Read { name, from, to });
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

/// `3` or `10-20`.
fn parse_numbers(text: &str) -> Option<(u64, u64)> {
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    let (from, to) = (from.parse().ok()?, to.parse().ok()?);
    (1 <= from && from <= to).then_some((from, to))
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
        match self.kind {
            FaultKind::Odd(name) => write!(f, "odd={name}")?,
            other => f.write_str(other.name())?,
        }
        match self.kind {
            FaultKind::Latency(time) => write!(f, "={}", time.as_millis())?,
            FaultKind::UnauthorizedAfter(requests) => return write!(f, "={requests}"),
            FaultKind::BadGatewayHtml(Stage::AfterCommit) | FaultKind::Error200(Stage::AfterCommit) => f.write_str("=after")?,
            FaultKind::Hang(Stage::BeforeCommit) => f.write_str("=before")?,
            FaultKind::Unavailable(retry_after) | FaultKind::TooManyRequests(retry_after) => write!(f, "={retry_after}")?,
            FaultKind::BadGatewayHtml(Stage::BeforeCommit)
            | FaultKind::Error200(Stage::BeforeCommit)
            | FaultKind::DeadToken
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
            | FaultKind::Hang(Stage::AfterCommit)
            | FaultKind::Odd(_) => {}
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
            When::Read { name, from, to } => {
                f.write_str("@read")?;
                if let Some(name) = name {
                    write!(f, ":{name}")?;
                }
                match (from, to) {
                    (1, &u64::MAX) => Ok(()),
                    (from, to) if from == to => write!(f, "#{from}"),
                    (from, to) => write!(f, "#{from}-{to}"),
                }
            }
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
                "error_200" => "error_200=after@read#7".to_owned(),
                "hang" => "hang=before@read".to_owned(),
                "dead_token" => "dead_token@read:list#2-3".to_owned(),
                "odd" => "odd=wrong_type@#3".to_owned(),
                other => format!("{other}@#10-20"),
            };
            if *kind == "error_200" {
                assert!(matches!(spec.parse::<FaultSpec>(), Err(FaultSpecError::NotForReads { .. })), "{spec}");
                continue;
            }
            let parsed: FaultSpec = spec.parse().unwrap();
            assert_eq!(parsed.kind.name(), if *kind == "odd" { "wrong_type" } else { kind });
            assert_eq!(parsed.to_string(), spec);
        }
        for (short, full) in
            [("wrong_type", "odd=wrong_type@always"), ("hang=after@#1", "hang@#1"), ("error_200=after", "error_200=after@always")]
        {
            assert_eq!(short.parse::<FaultSpec>().unwrap().to_string(), full);
        }
    }

    #[test]
    fn errors_say_what_would_do() {
        let tell = |spec: &str| spec.parse::<FaultSpec>().unwrap_err().to_string();
        assert!(tell("drop_afer_commit@#3").contains("drop_after_commit"));
        assert!(tell("latency@#3").contains("takes a time"));
        assert!(tell("hang=3@always").contains("before or after"));
        assert!(tell("redirect=3@always").contains("no argument"));
        assert!(tell("odd=no_such").contains("wrong_type") && tell("odd").contains("wrong_type"));
        assert!(tell("201_cut@read").contains("creates nothing"));
        assert!(tell("503@read:no_such").contains("list"));
        assert!(tell("503=-1").contains("SECONDS"));
        for spec in
            ["hang@", "hang@#0", "hang@#5-3", "hang@101%", "hang@NaN%", "hang@key:1", "hang@sometimes", "503@reads", "503@read#0"]
        {
            assert!(tell(spec).contains("WHEN"), "{spec}");
        }
        assert!(tell("401_after_n=3@#1").contains("leave out"));
    }
}
