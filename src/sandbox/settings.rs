//! What a sandbox is told at start: address, contracts, limits, and switches for behaviour that a provider leaves open.
//! Does not read command lines or files.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::contract::{Level, Operation};

use super::fault::{FaultSpec, RetryAfter};

/// How a sandbox is to behave.
#[derive(Clone, Debug)]
pub struct SandboxSettings {
    /// Loopback address to listen on; port 0 takes any free one.
    pub listen: SocketAddr,
    /// Whose imitation: `tbank`.
    pub provider: String,
    /// The operations it accepts; those of other providers are left aside.
    pub operations: Vec<Arc<Operation>>,
    /// The one token it accepts; any that is not empty when `None`.
    pub token: Option<String>,
    /// JSON-lines file of created clients, loaded at start; kept in memory only when `None`.
    pub ledger: Option<PathBuf>,
    /// Requests admitted in any sliding second; no limit when `None`.
    pub rate: Option<u32>,
    /// How long it works on each request.
    pub latency: Duration,
    /// What goes wrong, and when.
    pub faults: Vec<FaultSpec>,
    /// How strictly bodies are judged.
    pub level: Level,
    /// Behaviour that the provider leaves open.
    pub switches: Switches,
    /// Decides which requests a fault with a probability meets.
    pub seed: u64,
}

impl SandboxSettings {
    /// The provider's own limits, any free port, no faults, nothing kept on disk.
    #[must_use]
    pub fn new(provider: &str, operations: Vec<Arc<Operation>>) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            provider: provider.to_owned(),
            operations,
            token: None,
            ledger: None,
            rate: Some(super::tbank::RATE_PER_SECOND),
            latency: Duration::ZERO,
            faults: Vec::new(),
            level: Level::Strict,
            switches: Switches::default(),
            seed: 0,
        }
    }
}

/// Which members of a client an answer repeats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Echo {
    /// All of the request.
    #[default]
    Full,
    /// Only those that the provider's answers always hold.
    RequiredOnly,
}

/// Behaviour that providers do not document: a client must cope with either setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switches {
    /// Status of a refusal by a rule that stands in the documentation's text only: 422 or 400.
    pub prose_status: u16,
    /// Members outside the contract are ignored instead of refused.
    pub unknown_members_ignored: bool,
    /// What a success repeats of the request.
    pub echo: Echo,
    /// Status when a key comes back with another body: 422, 409 or 400.
    pub conflict_status: u16,
    /// A key whose first request still runs is answered with 409 at once instead of waiting for it.
    pub running_conflict: bool,
    /// Keys are forgotten after this time; never when `None`.
    pub key_ttl: Option<Duration>,
    /// The UUID versions that a key may have; any when empty.
    pub key_versions: Vec<usize>,
    /// The same person under another key is refused with 422 instead of created a second time.
    pub duplicates_refused: bool,
    /// The rate is counted for each method of HTTP apart.
    pub rate_per_method: bool,
    /// What a 429 says about when to come back.
    pub retry_after: RetryAfter,
    /// New clients appear in the list only after this time.
    pub list_lag: Duration,
    /// A token that is known but lacks the scope: 403.
    pub token_without_scope: Option<String>,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            prose_status: 422,
            unknown_members_ignored: false,
            echo: Echo::Full,
            conflict_status: 422,
            running_conflict: false,
            key_ttl: None,
            key_versions: Vec::new(),
            duplicates_refused: false,
            rate_per_method: false,
            retry_after: RetryAfter::None,
            list_lag: Duration::ZERO,
            token_without_scope: None,
        }
    }
}

/// Why a switch was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SwitchError {
    /// No such switch.
    #[error("unknown switch {name:?}; known: {}", Switches::NAMES.join(", "))]
    Name {
        /// What was given.
        name: String,
    },
    /// The switch does not take this value.
    #[error("switch {name} does not take {found:?}; it takes {expected}")]
    Value {
        /// The switch.
        name: &'static str,
        /// What was given.
        found: String,
        /// What would do.
        expected: &'static str,
    },
}

impl Switches {
    /// The names that [`Switches::set`] knows.
    pub const NAMES: &'static [&'static str] = &[
        "prose_status",
        "unknown_members",
        "echo",
        "conflict_status",
        "running",
        "key_ttl_ms",
        "key_versions",
        "duplicates",
        "rate_scope",
        "retry_after",
        "list_lag_ms",
    ];

    /// Sets one switch written `NAME=VALUE`, for example `echo=required`.
    ///
    /// # Errors
    /// When the name or the value is not known.
    pub fn set(&mut self, text: &str) -> Result<(), SwitchError> {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        let wrong = |name, expected| SwitchError::Value { name, found: value.to_owned(), expected };
        let status = |name, allowed: &[u16], expected| {
            value.parse().ok().filter(|status| allowed.contains(status)).ok_or_else(|| wrong(name, expected))
        };
        let choice = |name, off: &str, on: &str, expected| match value {
            value if value == off => Ok(false),
            value if value == on => Ok(true),
            _ => Err(wrong(name, expected)),
        };
        match name {
            "prose_status" => self.prose_status = status("prose_status", &[400, 422], "400 or 422")?,
            "conflict_status" => self.conflict_status = status("conflict_status", &[400, 409, 422], "400, 409 or 422")?,
            "unknown_members" => {
                self.unknown_members_ignored = choice("unknown_members", "refuse", "ignore", "refuse or ignore")?;
            }
            "echo" => {
                let required_only = choice("echo", "full", "required", "full or required")?;
                self.echo = if required_only { Echo::RequiredOnly } else { Echo::Full };
            }
            "running" => self.running_conflict = choice("running", "wait", "409", "wait or 409")?,
            "duplicates" => self.duplicates_refused = choice("duplicates", "create", "422", "create or 422")?,
            "rate_scope" => self.rate_per_method = choice("rate_scope", "token", "method", "token or method")?,
            "retry_after" => {
                self.retry_after = value.parse().map_err(|_| wrong("retry_after", "none, SECONDS, date or date+SECONDS"))?;
            }
            "key_ttl_ms" => {
                let ttl_ms = value.parse().map_err(|_| wrong("key_ttl_ms", "a number of milliseconds"))?;
                self.key_ttl = Some(Duration::from_millis(ttl_ms));
            }
            "list_lag_ms" => {
                let lag_ms = value.parse().map_err(|_| wrong("list_lag_ms", "a number of milliseconds"))?;
                self.list_lag = Duration::from_millis(lag_ms);
            }
            "key_versions" => {
                self.key_versions = value
                    .split(',')
                    .map(|version| version.trim().parse().ok().filter(|version| (1..=8).contains(version)))
                    .collect::<Option<_>>()
                    .ok_or_else(|| wrong("key_versions", "UUID versions, for example 4,5"))?;
            }
            _ => return Err(SwitchError::Name { name: name.to_owned() }),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_are_set_by_name() {
        let mut switches = Switches::default();
        for text in ["echo=required", "conflict_status=409", "key_ttl_ms=250", "key_versions=4, 5", "retry_after=date+3"] {
            switches.set(text).unwrap();
        }
        assert_eq!(switches.echo, Echo::RequiredOnly);
        assert_eq!(switches.conflict_status, 409);
        assert_eq!(switches.key_ttl, Some(Duration::from_millis(250)));
        assert_eq!(switches.key_versions, [4, 5]);
        assert_eq!(switches.retry_after, RetryAfter::Date(3));
    }

    #[test]
    fn unknown_switches_and_values_are_told() {
        let mut switches = Switches::default();
        assert!(switches.set("ekho=full").unwrap_err().to_string().contains("echo"));
        assert!(switches.set("prose_status=500").unwrap_err().to_string().contains("400 or 422"));
        assert_eq!(switches, Switches::default());
    }
}
