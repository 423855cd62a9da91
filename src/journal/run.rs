//! What the journal keeps of a run as a whole. Holds no client.

use std::ops::AddAssign;

use super::RunId;

/// What is written about a run when it begins.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Run {
    /// Its name.
    pub id: RunId,
    /// Operation or provider that was asked for with `--to`.
    pub operation: String,
    /// The account's name.
    pub account: String,
    /// Absolute path of the source.
    pub source: String,
    /// SHA-256 of the source.
    pub sha256: String,
    /// Absolute path of the mapping file, where one was given.
    pub mapping: Option<String>,
    /// SHA-256 of the mapping file, where one was given.
    pub mapping_sha256: Option<String>,
    /// How the user had the source read, as the commands write it.
    pub reading: String,
    /// The server that it was sent to, as the commands name it: a run must never go on at another one.
    pub server: String,
    /// Whether that is a provider's test stand, whose ids are worth nothing.
    pub test_stand: bool,
    /// Absolute path of the report folder.
    pub reports: String,
    /// When it began first, milliseconds since 1970 UTC.
    pub started_at_ms: i64,
    /// When it last ended; `None` while it runs or after a crash.
    pub finished_at_ms: Option<i64>,
    /// `finished`, `interrupted`, `halted`, `limit`; empty while it runs or after a crash.
    pub ended: String,
    /// Why the provider halted it, without client data.
    pub halt: Option<String>,
    /// Requests sent, retried and throttled, over all continuations.
    pub requests: Requests,
}

/// Counts of requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// Requests that left.
    pub sent: u64,
    /// Of these, repeats.
    pub retried: u64,
    /// Answers that asked for a slower pace.
    pub throttled: u64,
}

impl AddAssign for Requests {
    fn add_assign(&mut self, other: Self) {
        self.sent = self.sent.saturating_add(other.sent);
        self.retried = self.retried.saturating_add(other.retried);
        self.throttled = self.throttled.saturating_add(other.throttled);
    }
}
