//! The wall to the outside: what may be asked of a provider and what its answers mean.

pub mod brainysoft;
pub mod finlego;
pub mod headers;
#[cfg(any(test, fuzzing))]
pub mod hostile;
pub mod http;
pub mod loanpro;
mod own;
mod phrases;
mod registry;
mod settings;
pub mod tbank;
mod words;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::model::{Body, Book, IdempotencyKey, RateLimit, Refusal};

pub use own::OwnProfile;
pub use registry::{Secret, check_options, connect, contracts, is_built_in, rehearsed_options, secrets};
pub use settings::{AccountSettings, CodeMeaning, ProviderError};

/// Code of a look-up that got no answer.
pub const LOOK_UP_FAILED: &str = "look_up_failed";
/// Code of a look-up whose list changed while it was read.
pub const LOOK_UP_INCOMPLETE: &str = "look_up_incomplete";

/// What a provider said, sorted by what we may do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It created the client; its id of the client.
    Created(Box<str>),
    /// It says the client was there before.
    Existing(Option<Box<str>>),
    /// It refused, and would refuse again.
    Rejected(Refusal),
    /// It was asked too fast; certainly nothing was done.
    Throttled {
        /// How long it asks us to wait.
        retry_after: Option<Duration>,
    },
    /// Certainly nothing was done; another try may succeed.
    Transient(Refusal),
    /// It may have been done: to be resolved before anything else is tried.
    Unknown {
        /// Why we do not know.
        why: Refusal,
        /// How long it asks us to wait before the next request.
        retry_after: Option<Duration>,
    },
    /// The answer to a repeat of a request whose first outcome is unknown refuses the client or the key, nobody can say which.
    /// Also a refusal under a status that does not exclude a creation.
    /// To be looked up; where nothing is found, the client is rejected with these words.
    RefusedOnRepeat(Refusal),
    /// The run cannot go on: wrong token, closed account, wrong address. This request did nothing.
    Halt(Halt),
    /// The run cannot go on, and this request may have been done: the answer contradicts what was asked.
    HaltInDoubt(Halt),
}

/// Why a provider makes us stop, for a person to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Halt {
    /// What happened, without client data.
    pub what: String,
    /// What to do next.
    pub hint: String,
}

/// A verdict with what the report shows of the exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What it means for the row.
    pub verdict: Verdict,
    /// HTTP status, where there was an answer.
    pub http_status: Option<u16>,
    /// The provider's id of the request.
    pub request_id: Option<Box<str>>,
    /// What the provider's quota headers tell, whatever became of this request.
    pub quotas: Vec<Quota>,
    /// What people have to know of a client that was created or was there before: warnings that were overridden, members that
    /// the provider did not keep. A template like every [`Refusal`]'s message.
    pub remark: Option<Refusal>,
}

impl Answer {
    /// A verdict without an exchange to tell of.
    #[must_use]
    pub fn of(verdict: Verdict) -> Self {
        Self { verdict, http_status: None, request_id: None, quotas: Vec::new(), remark: None }
    }
}

/// What quota headers tell of one of the provider's windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Requests that may still be made …
    pub remaining: u64,
    /// … until so much time has passed.
    pub reset: Duration,
    /// Requests that the whole window may hold, where that is told.
    pub limit: Option<u32>,
    /// The window's length, where that is told.
    pub window: Option<Duration>,
}

/// A client whose request had no reliable answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// `provider/kind`.
    pub operation: Arc<str>,
    /// What would be sent now. Not always what was sent: [`Self::unchanged`].
    pub body: Body,
    /// The key it would be sent under.
    pub key: IdempotencyKey,
    /// When its first request of unknown outcome left, milliseconds since 1970 UTC by our clock.
    pub sent_at_ms: i64,
    /// Whether the body is the one that was sent.
    pub unchanged: bool,
}

/// What the provider knows about a client whose request had no reliable answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is there, under this id. Whether we created it, the provider does not tell.
    There(Box<str>),
    /// It is there, under this id, and was created by the request in doubt.
    ByUs(Box<str>),
    /// It is there, under this id, and was before we sent anything.
    BeforeUs(Box<str>),
    /// Several could be it; a person decides.
    Several(Vec<Box<str>>),
    /// It is certainly not there.
    Absent,
    /// The provider cannot be asked, or did not answer.
    CannotAsk(Refusal),
    /// The run cannot go on.
    Halt(Halt),
}

impl Found {
    /// Whether the provider could not be asked this time only: it was in trouble, or its list did not hold still.
    #[must_use]
    pub fn may_be_asked_again(&self) -> bool {
        matches!(self, Self::CannotAsk(why) if [LOOK_UP_FAILED, LOOK_UP_INCOMPLETE].contains(&&*why.code))
    }
}

/// Why the account's clients could not be listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotListed {
    /// The list cannot be had, or does not hold still.
    CannotAsk(Refusal),
    /// The run cannot go on.
    Halt(Halt),
}

/// How an operation's provider treats keys and speed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Limits of requests of any kind, all of which hold at once; the provider's main one first.
    pub limits: Vec<RateLimit>,
    /// Requests at the same time.
    pub in_flight_max: usize,
    /// How long after the first send the same key may be sent again to learn its outcome. `None`: the provider knows no keys.
    pub replay_window: Option<Duration>,
    /// Longest time until a new connection stands, or is given up.
    pub connect_timeout: Duration,
    /// How often a request of unknown outcome may be repeated within the window.
    pub replays_max: usize,
    /// How long to wait before each look-up for clients of unknown outcome. Absence is proved by the last of them; two at least.
    /// Empty: the user's own gap, twice.
    pub look_up_delays: Vec<Duration>,
    /// What a proof of absence allows.
    pub absence: Absence,
    /// Whether two clients never get the same id. False only for test stands that answer every request alike.
    pub remote_ids_unique: bool,
}

/// What may be done with a client that no look-up found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// It may be sent again at once.
    Resend,
    /// It may be sent again by the next run, when that run's look-ups do not find it either: a request that is still on its way
    /// somewhere must not make a second client.
    ResendNextRun,
    /// Nothing: absence proves nothing here.
    Nothing,
}

/// A provider's account, for one run.
#[async_trait]
pub trait Provider: Send + Sync {
    /// Limits and idempotency.
    fn profile(&self) -> &Profile;

    /// Whether a request of this operation whose outcome is unknown may be repeated at all, within the profile's limits.
    fn may_repeat(&self, operation: &str) -> bool {
        let _ = operation;
        true
    }

    /// Whether this account can send this operation, as far as its settings tell. Asked before anything is made or sent.
    ///
    /// # Errors
    /// What is missing or not allowed.
    fn accepts(&self, operation: &str) -> Result<(), ProviderError> {
        let _ = operation;
        Ok(())
    }

    /// Whether this account lets a mapping fill the member at this JSON pointer. Asked before anything is made or sent.
    ///
    /// # Errors
    /// Why not, and which setting allows it.
    fn accepts_member(&self, pointer: &str) -> Result<(), ProviderError> {
        let _ = pointer;
        Ok(())
    }

    /// Whether requests stay on this machine.
    fn is_loopback(&self) -> bool;

    /// Where requests go: scheme, host, port and path, without a slash at the end.
    fn base_url(&self) -> &str;

    /// Whether it is a test stand that answers every request alike: its ids are nobody's.
    fn is_test_stand(&self) -> bool {
        !self.profile().remote_ids_unique
    }

    /// Proves address, certificate and token before the first row. The slot of its first request is taken already; every further
    /// one takes a `slot`. How many
    /// clients the account holds, where the answer tells.
    async fn preflight(&self, slot: &dyn Slot) -> Result<Option<u64>, Halt>;

    /// Sends one client once. The slot of its first request is taken already; every further request that it needs takes a `slot`.
    async fn submit(&self, order: &Order<'_>, slot: &dyn Slot) -> Answer;

    /// Calls `visit` with the remote id of every client of the account, of some more than once. Every page takes a `slot` first.
    async fn list(&self, visit: &mut (dyn for<'id> FnMut(&'id str) + Send), slot: &dyn Slot) -> Result<(), NotListed> {
        let (_, _) = (visit, slot);
        Err(NotListed::CannotAsk(Refusal {
            code: "no_list".into(),
            message: "the provider has no list of its clients".into(),
            ..Refusal::default()
        }))
    }

    /// A reference book: what ids the provider knows for the names that people write. Every page takes a `slot` first.
    async fn book(&self, name: &str, slot: &dyn Slot) -> Result<Book, NotListed> {
        let (_, _) = (name, slot);
        Err(NotListed::CannotAsk(Refusal {
            code: "no_book".into(),
            message: "the provider has no such reference book".into(),
            ..Refusal::default()
        }))
    }

    /// Looks up clients whose requests had no reliable answer; `taken` says of a remote id that it cannot be that of the n-th
    /// wanted client. Every page of the look-up takes a `slot` first, so that it stays within the limit.
    async fn find(
        &self,
        wanted: &[Wanted],
        taken: &(dyn for<'id> Fn(usize, &'id str) -> bool + Sync),
        slot: &dyn Slot,
    ) -> Vec<Found>;

    /// What people have to know of a client that a look-up proves to be created, told from why its outcome was unknown.
    fn remark_of_doubt(&self, why: &Refusal) -> Option<Refusal> {
        let _ = why;
        None
    }
}

/// One client to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// `provider/kind`.
    pub operation: &'a str,
    /// What to send.
    pub body: &'a Body,
    /// Under which key.
    pub key: IdempotencyKey,
    /// The same key was sent before and its outcome is not known.
    pub repeat_of_unknown: bool,
}

/// Permission to start one request, kept by the submit room's pace.
#[async_trait]
pub trait Slot: Send + Sync {
    /// Waits until one more request may start. What comes back wants to be told of the answer. `None`: the run stops, nothing
    /// further may leave.
    async fn take(&self) -> Option<Box<dyn Turn>>;

    /// Tells the pace that an answer asked for a slower one, and for how long.
    fn slow_down(&self, retry_after: Option<Duration>);

    /// Tells the pace what an answer's quota headers say.
    fn heed(&self, quotas: &[Quota]) {
        let _ = quotas;
    }
}

/// A request that has started. Dropped without a word, it counts as one whose answer is still to come.
pub trait Turn: Send {
    /// Its answer came, or it is certain that none will; `usable` says whether its connection can carry another request.
    fn answered(self: Box<Self>, usable: bool);
}
