//! The public face of sending: settings, what goes in, what comes out. The work is done at the desk.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::Receiver;
use tokio_util::sync::CancellationToken;

use super::desk::{Desk, Mode};
use crate::journal::{Journal, JournalError, Requests, RunId};
use crate::model::Parcel;
use crate::provider::{Halt, Provider};

/// How patiently and how carefully is sent.
#[derive(Clone, Debug)]
pub struct SubmitSettings {
    /// Requests at the same time; never more than the provider's profile allows.
    pub in_flight_max: usize,
    /// Tries for a request that certainly did nothing, the first included.
    pub transient_tries: u32,
    /// First wait between such tries; doubles.
    pub backoff_base: Duration,
    /// Longest wait between such tries.
    pub backoff_max: Duration,
    /// Waits before the repeats by which an unknown outcome is learned.
    pub replay_delays: Vec<Duration>,
    /// How long after the first send such a repeat is allowed at most; the provider's profile says how long its keys are good.
    pub replay_window: Duration,
    /// Time between the two look-ups that together prove that a client is absent.
    pub look_up_gap: Duration,
    /// Rows that are looked up at once; when so many wait for it, they are looked up before the run goes on.
    pub look_up_rows_max: usize,
    /// Rows that may wait for another try while new rows are taken.
    pub waiting_max: usize,
    /// Stop when the first rows, so many of them, are all refused alike. 0: never.
    pub same_rejection_stop: u32,
    /// Stop when so many rows in a row could not be sent or got no reliable answer, in spite of all tries. 0: never.
    pub no_answer_stop: u32,
    /// Stop when the provider has said nothing but "too fast" for so long, or asks for a longer pause.
    pub throttle_max: Duration,
    /// New clients to send; all of them when `None`.
    pub limit: Option<u64>,
    /// Whether the account's clients are listed before the first request.
    pub baseline: Baseline,
}

/// Whether the account's clients are listed before a run's first request, so that a look-up can tell what the run created from
/// what was there before. Costs a request for every page of the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Baseline {
    /// Where the account holds few enough.
    #[default]
    Auto,
    /// However many there are.
    Always,
    /// Not at all: what a look-up finds then counts as existing.
    Never,
}

impl Default for SubmitSettings {
    fn default() -> Self {
        Self {
            in_flight_max: 8,
            transient_tries: 5,
            backoff_base: Duration::from_millis(500),
            backoff_max: Duration::from_secs(8),
            replay_delays: [1, 2, 4, 8, 16].map(Duration::from_secs).into(),
            replay_window: Duration::from_secs(24 * 3600),
            look_up_gap: Duration::from_secs(60),
            look_up_rows_max: 1000,
            waiting_max: 64,
            same_rejection_stop: 20,
            no_answer_stop: 20,
            throttle_max: Duration::from_secs(10 * 60),
            limit: None,
            baseline: Baseline::default(),
        }
    }
}

/// One row that triage let through.
#[derive(Clone, Debug)]
pub struct Dispatch {
    /// `provider/kind`.
    pub operation: Arc<str>,
    /// What to send.
    pub parcel: Parcel,
}

/// How sending ended. Rows that were not reached are not in the journal, or stand there as not sent or unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Every row was taken.
    Finished,
    /// The user stopped it; what was in flight is recorded.
    Interrupted,
    /// The provider stopped it, or its answers make going on pointless.
    Halted(Halt),
    /// The limit of new clients is reached.
    Limit,
}

/// The end of a run of sending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// How it ended.
    pub ended: Ended,
    /// Requests made. Preflight and look-ups are not counted.
    pub requests: Requests,
}

/// How far sending has come. Counts only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Requests that left.
    pub requests: u64,
    /// Of these, repeats.
    pub retried: u64,
    /// Answers that asked for a slower pace.
    pub throttled: u64,
    /// Rows taken.
    pub taken: u64,
    /// Of these, rows that are done for this run, whatever came of them.
    pub settled: u64,
    /// Clients created in this run.
    pub created: u64,
    /// Clients refused in this run.
    pub rejected: u64,
    /// Rows on their way.
    pub in_flight: usize,
    /// Rows that wait for another try or for a look-up.
    pub waiting: usize,
    /// How long the provider makes us pause from now on.
    pub paused_for: Option<Duration>,
}

/// Called after every step.
pub type ProgressFn = Arc<dyn Fn(Progress) + Send + Sync>;

/// Sends rows until they end, and resolves those whose outcome is unknown. A row that the journal knows as settled is not sent.
///
/// # Errors
/// Where the journal cannot be read or written. What was in flight is then finished first; it stands in the journal as unknown.
pub async fn send(
    provider: Arc<dyn Provider>,
    journal: &Journal,
    run: &RunId,
    rows: Receiver<Dispatch>,
    settings: &SubmitSettings,
    cancel: CancellationToken,
    progress: ProgressFn,
) -> Result<Sent, JournalError> {
    Desk::new(provider, journal, run, rows, settings, Mode::Send, cancel, progress).work().await
}

/// Resolves rows whose outcome is unknown and sends nothing new. Other rows are passed over.
///
/// # Errors
/// As for [`send`].
pub async fn resolve(
    provider: Arc<dyn Provider>,
    journal: &Journal,
    run: &RunId,
    rows: Receiver<Dispatch>,
    settings: &SubmitSettings,
    cancel: CancellationToken,
    progress: ProgressFn,
) -> Result<Sent, JournalError> {
    Desk::new(provider, journal, run, rows, settings, Mode::Resolve, cancel, progress).work().await
}
