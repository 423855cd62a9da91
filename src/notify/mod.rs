//! Who is told of a run's end: hooks, and a file for Prometheus. Holds sums, names and paths, no client's value; decides no exit code.

mod command;
mod hooks;
mod memory;
mod metrics;
mod webhook;

use std::path::PathBuf;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

pub use hooks::{Hook, Hooks, tell};
pub use memory::{Memory, memory_of};
pub use metrics::write as write_metrics;
pub use webhook::Webhook;

use crate::model::{Outcome, Tally};

/// How an account's runs stand, by what somebody has to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Nothing.
    Well,
    /// Some rows need attention.
    Attention,
    /// The provider stopped the run.
    Halted,
    /// It could not be made: settings, input, journal, report, a defect.
    Failed,
    /// Its time window or budget ended; the next one goes on. Says nothing about how the account stands.
    Paused,
    /// Somebody stopped it. Says nothing either.
    Interrupted,
}

impl Status {
    /// Its word in files and messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Well => "well",
            Self::Attention => "attention",
            Self::Halted => "halted",
            Self::Failed => "failed",
            Self::Paused => "paused",
            Self::Interrupted => "interrupted",
        }
    }

    /// What a word means.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        [Self::Well, Self::Attention, Self::Halted, Self::Failed, Self::Paused, Self::Interrupted]
            .into_iter()
            .find(|status| status.as_str() == word)
    }

    /// Whether it says how the account stands: what is only put off changes nothing.
    #[must_use]
    pub fn is_verdict(self) -> bool {
        match self {
            Self::Well | Self::Attention | Self::Halted | Self::Failed => true,
            Self::Paused | Self::Interrupted => false,
        }
    }
}

/// The sums of a run, over all its parts.
#[derive(Clone, Debug)]
pub struct Sums {
    /// Rows of the source.
    pub rows: u64,
    /// The same by outcome.
    pub outcomes: Tally,
    /// Rows that somebody has to look at.
    pub needing_attention: u64,
    /// Requests that left.
    pub sent: u64,
    /// Of these, repeats.
    pub retried: u64,
    /// Answers that asked for a slower pace.
    pub throttled: u64,
}

/// The end of a part of a run.
#[derive(Clone, Debug)]
pub struct RunEnd {
    /// The command.
    pub command: &'static str,
    /// The run's name, where it got one.
    pub run: Option<String>,
    /// What was asked for.
    pub operation: String,
    /// Account of the configuration; empty where it could not be told.
    pub account: String,
    /// How it stands.
    pub status: Status,
    /// The exit code.
    pub exit_code: u8,
    /// What that means.
    pub meaning: &'static str,
    /// When this part began.
    pub started: DateTime<Utc>,
    /// When it ended.
    pub finished: DateTime<Utc>,
    /// Its sums, where there is a report.
    pub sums: Option<Sums>,
    /// What stopped it, and what to do: without client data.
    pub halt: Option<(String, String)>,
    /// The source.
    pub source: Option<PathBuf>,
    /// The report folder, where there is a report.
    pub reports: Option<PathBuf>,
    /// The journal.
    pub journal: Option<PathBuf>,
}

impl RunEnd {
    /// Seconds that this part took.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        (self.finished - self.started).as_seconds_f64().max(0.0)
    }

    /// What hooks are given: `event` is `finish` or `change`.
    #[must_use]
    pub fn as_json(&self, event: &str, previous: Option<Status>) -> Value {
        let mut all = json!({
            "event": event,
            "program": "clientferry",
            "version": env!("CARGO_PKG_VERSION"),
            "command": self.command,
            "run": self.run,
            "operation": self.operation,
            "account": self.account,
            "status": self.status.as_str(),
            "exit_code": self.exit_code,
            "meaning": self.meaning,
            "started": self.started.to_rfc3339_opts(SecondsFormat::Secs, true),
            "finished": self.finished.to_rfc3339_opts(SecondsFormat::Secs, true),
            "seconds": (self.seconds() * 10.0).round() / 10.0,
            "source": self.source,
            "reports": self.reports,
            "journal": self.journal,
        });
        let Some(members) = all.as_object_mut() else { return all };
        if event == hooks::CHANGE {
            members.insert("previous_status".into(), previous.map(Status::as_str).into());
        }
        if let Some(sums) = &self.sums {
            let outcomes: Map<String, Value> = Outcome::ALL
                .into_iter()
                .map(|outcome| (outcome.as_str().to_owned(), sums.outcomes.count(outcome).into()))
                .collect();
            members.insert("rows".into(), sums.rows.into());
            members.insert("outcomes".into(), outcomes.into());
            members.insert("needing_attention".into(), sums.needing_attention.into());
            let requests = json!({"sent": sums.sent, "retried": sums.retried, "throttled": sums.throttled});
            members.insert("requests".into(), requests);
        }
        if let Some((what, hint)) = &self.halt {
            members.insert("halt".into(), json!({"what": what, "hint": hint}));
        }
        all
    }
}
