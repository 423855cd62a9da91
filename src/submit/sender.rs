//! The public face of sending: settings, what goes in, what comes out. The work is done at the desk.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::Receiver;
use tokio_util::sync::CancellationToken;

use super::Pace;
use super::desk::{Desk, Mode};
use super::logbook::Logbook;
use super::pace::PaceSettings;
use crate::journal::{Journal, JournalError, Requests, RunId};
use crate::model::{Parcel, Place};
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
    /// Stop when the provider has given nothing but failures for so long, in spite of pauses.
    pub outage_max: Duration,
    /// New clients to send; all of them when `None`.
    pub limit: Option<u64>,
    /// New clients that are sent and judged before the others follow. 0: none.
    pub canary: u64,
    /// Stop when the provider refuses more than this.
    pub rejected_max: RejectedMax,
    /// Of the time of a run that has clients to send, the part that looking up others may take.
    pub look_up_share: f64,
    /// So long a client of this run that is in doubt waits before it is looked up beside sending others.
    pub look_up_after: Duration,
    /// Longest time that clients whose outcome an earlier run left open keep new ones waiting.
    pub resolve_first_max: Duration,
    /// What the run keeps besides the provider's limits.
    pub pace: PaceSettings,
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
            outage_max: Duration::from_secs(10 * 60),
            limit: None,
            canary: 20,
            rejected_max: RejectedMax::Never,
            look_up_share: 0.25,
            look_up_after: Duration::from_secs(5 * 60),
            resolve_first_max: Duration::from_secs(15 * 60),
            pace: PaceSettings::default(),
            baseline: Baseline::default(),
        }
    }
}

/// How many refusals are too many.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum RejectedMax {
    /// No number is.
    #[default]
    Never,
    /// More clients than this.
    Clients(u64),
    /// More than this many of a hundred clients that were judged, when there were enough to tell.
    Percent(f64),
}

impl FromStr for RejectedMax {
    type Err = String;

    /// `100`, `5%` or `never`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is neither a number of clients (100) nor a share of them (5%)");
        if text == "never" {
            return Ok(Self::Never);
        }
        match text.strip_suffix('%') {
            Some(share) => {
                share.trim().parse().ok().filter(|share: &f64| (0.0..=100.0).contains(share)).map(Self::Percent).ok_or_else(wrong)
            }
            None => text.parse().map(Self::Clients).map_err(|_| wrong()),
        }
    }
}

/// One row that triage let through.
#[derive(Clone, Debug)]
pub struct Dispatch {
    /// Where the row stands in its source, for logs.
    pub place: Place,
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
    /// The time window ended, or a budget of requests is used up; the same command goes on.
    Paused(Halt),
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

/// Whose clients go where, as what run, and how.
#[derive(Clone)]
pub struct Errand {
    /// Where to.
    pub provider: Arc<dyn Provider>,
    /// What remembers it.
    pub logbook: Arc<dyn Logbook>,
    /// As what.
    pub run: RunId,
    /// How.
    pub settings: SubmitSettings,
}

impl Errand {
    /// The rate plane of this errand. All that is asked of the account in this process goes through one.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn pace(&self) -> Result<Pace, JournalError> {
        Pace::open(self.provider.profile(), &self.settings.pace, &self.logbook)
    }

    /// Sends rows until they end, and resolves those whose outcome is unknown. A row that the journal knows as settled is not sent.
    ///
    /// # Errors
    /// Where the journal cannot be read or written. What was in flight is then finished first; it stands in the journal as unknown.
    pub async fn send(
        self,
        pace: Pace,
        rows: Receiver<Dispatch>,
        cancel: CancellationToken,
        progress: ProgressFn,
    ) -> Result<Sent, JournalError> {
        Desk::new(self, pace, rows, Mode::Send, cancel, progress).work().await
    }

    /// Resolves rows whose outcome is unknown and sends nothing new. Other rows are passed over.
    ///
    /// # Errors
    /// As for [`Self::send`].
    pub async fn resolve(
        self,
        pace: Pace,
        rows: Receiver<Dispatch>,
        cancel: CancellationToken,
        progress: ProgressFn,
    ) -> Result<Sent, JournalError> {
        Desk::new(self, pace, rows, Mode::Resolve, cancel, progress).work().await
    }
}

/// [`Errand::send`] on a rate plane of its own.
///
/// # Errors
/// As there.
pub async fn send(
    provider: Arc<dyn Provider>,
    journal: &Journal,
    run: &RunId,
    rows: Receiver<Dispatch>,
    settings: &SubmitSettings,
    cancel: CancellationToken,
    progress: ProgressFn,
) -> Result<Sent, JournalError> {
    let errand = Errand { provider, logbook: Arc::new(journal.clone()), run: run.clone(), settings: settings.clone() };
    let pace = errand.pace()?;
    errand.send(pace, rows, cancel, progress).await
}

/// [`Errand::resolve`] on a rate plane of its own.
///
/// # Errors
/// As there.
pub async fn resolve(
    provider: Arc<dyn Provider>,
    journal: &Journal,
    run: &RunId,
    rows: Receiver<Dispatch>,
    settings: &SubmitSettings,
    cancel: CancellationToken,
    progress: ProgressFn,
) -> Result<Sent, JournalError> {
    let errand = Errand { provider, logbook: Arc::new(journal.clone()), run: run.clone(), settings: settings.clone() };
    let pace = errand.pace()?;
    errand.resolve(pace, rows, cancel, progress).await
}
