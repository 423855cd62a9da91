//! The wall of memory: what was intended and what was answered, durable before the next step. Holds no client data.

use std::path::Path;

use crate::model::{FieldDigests, IdempotencyKey, Identities, Identity, Refusal};

/// Names a client within the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId(pub i64);

/// Names a run: `clients-3f2a91c0`.
pub type RunId = Box<str>;

/// What the journal knows about a client's way to the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Nothing was ever intended.
    New,
    /// An intent is durable, no answer is. After a crash this means: unknown.
    Sending,
    /// The provider certainly has not got it; it may be sent.
    Idle,
    /// Created by us.
    Created,
    /// The provider had it before us.
    Existing,
    /// Refused.
    Rejected,
    /// Sent without a reliable answer.
    Unknown,
}

/// What happens to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A request is about to leave, under this key.
    Intended {
        /// The run that sends.
        run: RunId,
        /// The key.
        key: IdempotencyKey,
        /// Digests of what is sent.
        digests: FieldDigests,
    },
    /// The provider created it.
    Created {
        /// The provider's id.
        remote_id: Box<str>,
    },
    /// The provider had it before.
    Existing {
        /// The provider's id, where it tells.
        remote_id: Option<Box<str>>,
    },
    /// The provider refused it.
    Rejected(Refusal),
    /// Certainly nothing was done.
    NotDone(Refusal),
    /// It may have been done.
    Unknown(Refusal),
}

/// A client as the journal knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its name in the journal.
    pub id: ClientId,
    /// How far it got.
    pub state: State,
    /// The operation it was sent to.
    pub operation: Box<str>,
    /// The run of the last intent.
    pub run: RunId,
    /// The key of the last intent.
    pub key: IdempotencyKey,
    /// Digests of what the last intent sent.
    pub digests: FieldDigests,
    /// The provider's id.
    pub remote_id: Option<Box<str>>,
    /// The provider's last refusal, or why we do not know.
    pub refusal: Option<Refusal>,
    /// Requests made.
    pub attempts: u32,
    /// HTTP status of the last answer.
    pub http_status: Option<u16>,
    /// When the last intent's key first left, milliseconds since 1970 UTC.
    pub first_sent_at_ms: i64,
    /// When the last event was recorded, milliseconds since 1970 UTC.
    pub changed_at_ms: i64,
}

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

/// The journal file, open. Clones share it.
#[derive(Clone, Debug)]
pub struct Journal;

/// Why the journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another run holds it.
    #[error("another run holds the journal {path}")]
    Locked {
        /// The journal.
        path: String,
    },
    /// It cannot be opened, read or written.
    #[error("the journal {path} cannot be used: {why}")]
    Unusable {
        /// The journal.
        path: String,
        /// Why, without client data.
        why: String,
    },
    /// It was written by a newer version of this program.
    #[error("the journal {path} has format {found}, this program knows up to {known}")]
    Newer {
        /// The journal.
        path: String,
        /// Its format.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// An event that the state machine does not allow: a mistake in this program, stopped before it did harm.
    #[error("the journal refuses `{event}` for a client that is {state:?}")]
    Illegal {
        /// The client's state.
        state: State,
        /// The event's name.
        event: &'static str,
    },
}

#[allow(unused_variables, clippy::unimplemented, missing_docs)]
impl Journal {
    /// Opens or makes the journal and takes its lock. Clients that stand on `Sending` are unknown from now on.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        unimplemented!()
    }

    /// Opens an existing journal for reading, without the lock; `None` when there is none.
    pub fn open_read_only(path: &Path) -> Result<Option<Self>, JournalError> {
        unimplemented!()
    }

    /// The key with which identities and digests are hashed; lies beside the journal.
    pub fn secret(&self) -> [u8; 32] {
        unimplemented!()
    }

    /// The client that has any of these identities. Of several, the one that stands against sending most.
    pub fn client(&self, identities: &[Identity]) -> Result<Option<Client>, JournalError> {
        unimplemented!()
    }

    /// Whether a remote id belongs to a client of ours.
    pub fn has_remote_id(&self, remote_id: &str) -> Result<bool, JournalError> {
        unimplemented!()
    }

    /// Writes an intent; it is durable when this returns. Makes the client when it is new.
    pub async fn intend(
        &self,
        run: &RunId,
        operation: &str,
        identities: &Identities,
        key: IdempotencyKey,
        digests: &FieldDigests,
    ) -> Result<ClientId, JournalError> {
        unimplemented!()
    }

    /// Writes what came; it is durable when this returns.
    pub async fn record(&self, client: ClientId, event: Event, http_status: Option<u16>) -> Result<(), JournalError> {
        unimplemented!()
    }

    /// Writes that a run begins or goes on.
    pub fn begin_run(&self, run: &Run) -> Result<(), JournalError> {
        unimplemented!()
    }

    /// Writes how a run ended and adds its request counts.
    pub fn end_run(&self, id: &RunId, ended: &str, halt: Option<&str>, requests: Requests) -> Result<(), JournalError> {
        unimplemented!()
    }

    /// All runs, oldest first.
    pub fn runs(&self) -> Result<Vec<Run>, JournalError> {
        unimplemented!()
    }
}

/// The state after an event: the one rule book, used live and in replay.
pub fn after(state: State, event: &Event) -> Result<State, JournalError> {
    let _ = event;
    Ok(state)
}
