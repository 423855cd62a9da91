//! Behaviour that providers leave open, set by name: `NAME=VALUE`. Says what may be set; the imitations say what it changes.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::StatusCode;

use super::fault::RetryAfter;

/// What a switch takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SwitchValues {
    /// One of these; the first is the default.
    OneOf(&'static [&'static str]),
    /// A whole number of this range.
    Number {
        /// The least.
        min: u64,
        /// The greatest.
        max: u64,
        /// What holds when it is not set; nothing when `None`.
        default: Option<u64>,
    },
    /// Whole numbers of this range with commas between; none by default.
    Numbers {
        /// The least.
        min: u64,
        /// The greatest.
        max: u64,
    },
    /// What a refusal says about when to come back; nothing by default.
    RetryAfter,
}

impl SwitchValues {
    fn take(self, value: &str) -> bool {
        let is_number = |text: &str, min, max| text.parse::<u64>().is_ok_and(|number| (min..=max).contains(&number));
        match self {
            Self::OneOf(words) => words.contains(&value),
            Self::Number { min, max, default: _ } => is_number(value, min, max),
            Self::Numbers { min, max } => value.split(',').all(|number| is_number(number.trim(), min, max)),
            Self::RetryAfter => value.parse::<RetryAfter>().is_ok(),
        }
    }

    /// What would do, for people.
    #[must_use]
    pub fn expected(self) -> String {
        match self {
            Self::OneOf(words) => words.join(" or "),
            Self::Number { min, max: u64::MAX, default: _ } => format!("a number from {min}"),
            Self::Number { min, max, default: _ } => format!("a number from {min} to {max}"),
            Self::Numbers { min, max } => format!("numbers from {min} to {max} with commas between"),
            Self::RetryAfter => "none, SECONDS, date or date+SECONDS".to_owned(),
        }
    }
}

/// A switch: its name, what it takes, what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SwitchSpec {
    /// What stands before the `=`.
    pub name: &'static str,
    /// What may stand after it.
    pub values: SwitchValues,
    /// What it changes, for people.
    pub meaning: &'static str,
}

/// For what the rate is counted apart.
const RATE_SCOPE: SwitchSpec = SwitchSpec {
    name: "rate_scope",
    values: SwitchValues::OneOf(&["token", "method"]),
    meaning: "whether the rate is counted for each token, or for each token and method of HTTP",
};

/// What a 429 says about when to come back.
const RETRY_AFTER: SwitchSpec =
    SwitchSpec { name: "retry_after", values: SwitchValues::RetryAfter, meaning: "the Retry-After of a refusal for the rate" };

/// How late a new client is seen.
const LIST_LAG_MS: SwitchSpec = SwitchSpec {
    name: "list_lag_ms",
    values: SwitchValues::Number { min: 0, max: u64::MAX, default: Some(0) },
    meaning: "new clients appear in lists and searches only after this time",
};

/// Switches that every imitation has.
pub(super) const COMMON: &[SwitchSpec] = &[RATE_SCOPE, RETRY_AFTER, LIST_LAG_MS];

/// Behaviour that providers do not document: a client must cope with every setting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Switches {
    /// A token that is known but lacks the scope: it is forbidden what others may do.
    pub token_without_scope: Option<String>,
    set: BTreeMap<&'static str, String>,
}

/// Why a switch was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SwitchError {
    /// No such switch.
    #[error("unknown switch {name:?}; known:{}", known.iter().map(|line| format!("\n  {line}")).collect::<String>())]
    Name {
        /// What was given.
        name: String,
        /// Those of this imitation, a line for each.
        known: Vec<String>,
    },
    /// The switch does not take this value.
    #[error("switch {name} does not take {found:?}; it takes {expected}")]
    Value {
        /// The switch.
        name: &'static str,
        /// What was given.
        found: String,
        /// What would do.
        expected: String,
    },
}

impl Switches {
    /// Sets one switch written `NAME=VALUE`; `own` are those of the imitation, beside the common ones.
    pub(super) fn set(&mut self, text: &str, own: &'static [SwitchSpec]) -> Result<(), SwitchError> {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        let Some(spec) = own.iter().chain(COMMON).find(|spec| spec.name == name) else {
            let known =
                own.iter().chain(COMMON).map(|spec| format!("{}={}: {}", spec.name, spec.values.expected(), spec.meaning));
            return Err(SwitchError::Name { name: name.to_owned(), known: known.collect() });
        };
        if !spec.values.take(value) {
            return Err(SwitchError::Value { name: spec.name, found: value.to_owned(), expected: spec.values.expected() });
        }
        self.set.insert(spec.name, value.to_owned());
        Ok(())
    }

    /// The word that a [`SwitchValues::OneOf`] stands at; empty for other switches that are not set.
    pub(super) fn word(&self, spec: &SwitchSpec) -> &str {
        let default = match spec.values {
            SwitchValues::OneOf(words) => words.first().copied().unwrap_or_default(),
            SwitchValues::Number { .. } | SwitchValues::Numbers { .. } | SwitchValues::RetryAfter => "",
        };
        self.set.get(spec.name).map_or(default, String::as_str)
    }

    /// Whether a switch stands at this word.
    pub(super) fn is(&self, spec: &SwitchSpec, word: &str) -> bool {
        self.word(spec) == word
    }

    /// The status that a switch of statuses stands at.
    pub(super) fn status(&self, spec: &SwitchSpec) -> StatusCode {
        StatusCode::from_bytes(self.word(spec).as_bytes()).unwrap_or(StatusCode::BAD_REQUEST)
    }

    /// The number that a switch stands at; `None` when it has no default and is not set.
    pub(super) fn number(&self, spec: &SwitchSpec) -> Option<u64> {
        let default = match spec.values {
            SwitchValues::Number { default, .. } => default,
            SwitchValues::OneOf(_) | SwitchValues::Numbers { .. } | SwitchValues::RetryAfter => None,
        };
        self.set.get(spec.name).map_or(default, |value| value.parse().ok())
    }

    /// The numbers that a switch stands at.
    pub(super) fn numbers(&self, spec: &SwitchSpec) -> Vec<u64> {
        self.set
            .get(spec.name)
            .into_iter()
            .flat_map(|value| value.split(','))
            .filter_map(|number| number.trim().parse().ok())
            .collect()
    }

    /// The time that a switch of milliseconds stands at.
    pub(super) fn time_ms(&self, spec: &SwitchSpec) -> Option<Duration> {
        self.number(spec).map(Duration::from_millis)
    }

    /// Whether the rate is counted for each method of HTTP apart.
    pub(super) fn rate_per_method(&self) -> bool {
        self.is(&RATE_SCOPE, "method")
    }

    /// What a refusal for the rate says about when to come back.
    pub(super) fn retry_after(&self) -> RetryAfter {
        self.set.get(RETRY_AFTER.name).and_then(|value| value.parse().ok()).unwrap_or_default()
    }

    /// New clients appear in lists and searches only after this time.
    pub(super) fn list_lag(&self) -> Duration {
        self.time_ms(&LIST_LAG_MS).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ECHO: SwitchSpec =
        SwitchSpec { name: "echo", values: SwitchValues::OneOf(&["full", "required"]), meaning: "what comes back" };
    const TTL_MS: SwitchSpec = SwitchSpec {
        name: "ttl_ms",
        values: SwitchValues::Number { min: 1, max: 1000, default: None },
        meaning: "how long a key is remembered",
    };
    const VERSIONS: SwitchSpec =
        SwitchSpec { name: "versions", values: SwitchValues::Numbers { min: 1, max: 8 }, meaning: "which UUIDs do" };
    const OWN: &[SwitchSpec] = &[ECHO, TTL_MS, VERSIONS];

    #[test]
    fn switches_are_set_by_name_and_have_defaults() {
        let mut switches = Switches::default();
        assert!(switches.is(&ECHO, "full") && switches.number(&TTL_MS).is_none() && switches.numbers(&VERSIONS).is_empty());
        assert_eq!((switches.retry_after(), switches.list_lag()), (RetryAfter::None, Duration::ZERO));
        for text in ["echo=required", "ttl_ms=250", "versions=4, 5", "retry_after=date+3", "list_lag_ms=7", "rate_scope=method"] {
            switches.set(text, OWN).unwrap();
        }
        assert!(switches.is(&ECHO, "required") && switches.rate_per_method());
        assert_eq!(switches.time_ms(&TTL_MS), Some(Duration::from_millis(250)));
        assert_eq!(switches.numbers(&VERSIONS), [4, 5]);
        assert_eq!((switches.retry_after(), switches.list_lag()), (RetryAfter::Date(3), Duration::from_millis(7)));
    }

    #[test]
    fn unknown_switches_and_values_are_told() {
        let mut switches = Switches::default();
        let unknown = switches.set("ekho=full", OWN).unwrap_err().to_string();
        assert!(unknown.contains("echo=full or required: what comes back") && unknown.contains("list_lag_ms"), "{unknown}");
        for (text, expected) in [("echo=half", "full or required"), ("ttl_ms=1001", "1 to 1000"), ("versions=4,9", "1 to 8")] {
            assert!(switches.set(text, OWN).unwrap_err().to_string().contains(expected), "{text}");
        }
        assert_eq!(switches, Switches::default());
    }
}
