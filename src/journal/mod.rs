//! The wall of memory: what was intended and what was answered, durable before the next step. Holds no client data.
//!
//! One SQLite file. `events` is the truth and only grows; `clients` is what the events add up to. Both are written in one
//! transaction, by one thread, in this order: judge, write, sync, answer. Beside the file lie `.lock` (who writes), `.key` (what
//! identities are hashed with) and, while it is open, SQLite's own `-wal` and `-shm`.

mod baseline;
mod digest;
mod error;
mod files;
mod identities;
mod replay;
mod requests;
mod rows;
mod rules;
mod run;
mod schema;
mod tally;
mod traffic;
mod writer;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use crate::model::{FieldDigests, IdempotencyKey, Identities, Identity, Refusal};
use writer::{Request, Writer};

pub use baseline::{Provenance, RemoteIdHash};
pub use digest::RunEvents;
pub use error::{JournalError, JournalErrorKind, Trouble};
pub use requests::RequestsMade;
pub use rules::{Event, Standing, State, after};
pub use run::{Requests, Run};
pub use traffic::{Slice, Traffic};

/// Names a client within the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId(pub i64);

/// Names a run: `clients-3f2a91c0`.
pub type RunId = Box<str>;

/// What came of an intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Intent {
    /// It is durable: the request may leave.
    Written(ClientId),
    /// Nothing was written: a client in this state has one of the identities and must not be sent.
    Refused(State),
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

impl Client {
    /// As much of it as the rules look at.
    #[must_use]
    pub fn standing(&self) -> Standing {
        Standing { state: self.state, key: Some(self.key) }
    }
}

/// The journal file, open. Clones share it; dropping the last one ends the writer and releases the lock.
#[derive(Clone)]
pub struct Journal(Arc<Shared>);

/// Fields are dropped in this order: the writer folds the log in when no reader is left, the lock goes last.
struct Shared {
    path: PathBuf,
    secret: [u8; 32],
    /// When this was opened, where a run before had no end: its last request may have left at any time until then.
    killed_before_ms: Option<i64>,
    reader: Mutex<Connection>,
    writer: Option<Writer>,
    _lock: Option<files::Lock>,
}

/// The secret never prints itself.
impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal").field("path", &self.0.path).finish_non_exhaustive()
    }
}

impl Journal {
    /// Opens or makes the journal and takes its lock. Clients that stand on [`State::Sending`] or [`State::Resending`] become
    /// [`State::Unknown`], durably: whoever sent them is gone. Fails when another run holds it, or when it or its key is missing,
    /// damaged or not ours.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let path = files::resolve(path, true)?;
        let lock = files::lock(&path)?;
        if is_gone(&path) {
            return Err(schema::gone(&path));
        }
        files::make_database(&path)?;
        let db = schema::open_writer(&path)?;
        schema::check_pages(&db, &path)?;
        let secret = schema::secret(&db, &path, true)?;
        settle_interrupted(&db, &path)?;
        fold_in_requests(&db, &path)?;
        let killed = rows::has_unended_run(&db).map_err(|e| JournalError::from_sqlite(&path, &e))?;
        let killed_before_ms = killed.then(writer::now_ms);
        let reader = Mutex::new(reader(&path)?);
        let writer = Some(Writer::start(db, path.clone())?);
        Ok(Self(Arc::new(Shared { path, secret, killed_before_ms, reader, writer, _lock: Some(lock) })))
    }

    /// Opens an existing journal for reading, without the lock, also while a run writes; `None` when there is none. What writes
    /// returns an error here. Interrupted clients still show as `Sending` or `Resending`: to this handle a run that was killed
    /// looks like one that is on its way.
    pub fn open_read_only(path: &Path) -> Result<Option<Self>, JournalError> {
        let path = files::resolve(path, false)?;
        if is_gone(&path) {
            return Err(schema::gone(&path));
        }
        if is_empty(&path) {
            return Ok(None);
        }
        let Some(db) = schema::open_reader(&path)? else { return Ok(None) };
        let secret = schema::secret(&db, &path, false)?;
        let reader = Mutex::new(db);
        Ok(Some(Self(Arc::new(Shared { path, secret, killed_before_ms: None, reader, writer: None, _lock: None }))))
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// The key with which identities and digests are hashed; lies beside the journal.
    #[must_use]
    pub fn secret(&self) -> [u8; 32] {
        self.0.secret
    }

    /// The client that has any of these identities; of several, the one that stands against sending most. A client that is not
    /// at the provider counts only when it has the first of them, the leading one.
    pub fn client(&self, identities: &[Identity]) -> Result<Option<Client>, JournalError> {
        self.read(|db| rows::client_by_identity(db, identities))
    }

    /// Whether a remote id belongs to a client of ours.
    pub fn has_remote_id(&self, remote_id: &str) -> Result<bool, JournalError> {
        self.read(|db| rows::has_remote_id(db, remote_id))
    }

    /// Whether the account's clients were listed before the first request of this run.
    pub fn has_baseline(&self, run: &RunId) -> Result<bool, JournalError> {
        self.read(|db| baseline::is_taken(db, run))
    }

    /// Writes which clients the account holds, all of them, before the first request of this run; durable when this returns.
    pub async fn take_baseline(&self, run: &RunId, ids: Vec<RemoteIdHash>) -> Result<(), JournalError> {
        let (ack, answer) = oneshot::channel();
        self.ask(Request::TakeBaseline { run: run.clone(), ids, ack })?;
        answer.await.unwrap_or_else(|_| Err(writer::closed(&self.0.path)))
    }

    /// Whether a client that the provider shows, and that looks like this one, can be the work of our requests.
    pub fn provenance(&self, client: ClientId, remote_id: &str) -> Result<Provenance, JournalError> {
        self.read(|db| baseline::provenance(db, client, remote_id))
    }

    /// A time, milliseconds since 1970 UTC, after which no request of an earlier run left. `None`: there was no such run.
    pub fn last_request_at_ms(&self) -> Result<Option<i64>, JournalError> {
        let (intent, end) = self.read(|db| Ok((rows::last_intent_at_ms(db)?, rows::last_end_at_ms(db)?)))?;
        Ok(intent.max(end).max(self.0.killed_before_ms))
    }

    /// Requests of any kind that left for this account since this time, milliseconds since 1970 UTC, as far as they were counted.
    pub fn requests_since(&self, account: &str, since_ms: i64) -> Result<Vec<RequestsMade>, JournalError> {
        self.read(|db| requests::since(db, account, since_ms))
    }

    /// Counts requests of any kind that leave for this account, or takes some back; durable when this returns.
    pub async fn count_requests(&self, account: &str, made: RequestsMade) -> Result<(), JournalError> {
        let (ack, answer) = oneshot::channel();
        self.ask(Request::CountRequests { account: account.into(), made, ack })?;
        answer.await.unwrap_or_else(|_| Err(writer::closed(&self.0.path)))
    }

    /// Clients in a state whose last intent was of `run`, or of any run; in the order in which they were first intended.
    /// All at once in memory.
    pub fn clients_in_state(&self, state: State, run: Option<&RunId>) -> Result<Vec<Client>, JournalError> {
        self.read(|db| rows::clients_in_state(db, state, run))
    }

    /// How many clients are in each state, those without any left out; of the run of their last intent, or of all runs.
    pub fn counts(&self, run: Option<&RunId>) -> Result<Vec<(State, u64)>, JournalError> {
        self.read(|db| rows::counts(db, run))
    }

    /// Writes an intent; it is durable when this returns. Makes the client when [`Journal::client`] knows none. The identities
    /// replace those that the client had before, unless it may be at the provider: then those that are new are added.
    pub async fn intend(
        &self,
        run: &RunId,
        operation: &str,
        identities: &Identities,
        key: IdempotencyKey,
        digests: &FieldDigests,
    ) -> Result<Intent, JournalError> {
        let (ack, answer) = oneshot::channel();
        self.ask(Request::Intend {
            run: run.clone(),
            operation: operation.into(),
            identities: identities.iter().map(|(identity, _)| *identity).collect(),
            key,
            digests: digests.clone(),
            ack,
        })?;
        answer.await.unwrap_or_else(|_| Err(writer::closed(&self.0.path)))
    }

    /// Writes what came; it is durable when this returns. [`JournalError::Illegal`] when it cannot follow on what was before:
    /// nothing is written then.
    pub async fn record(&self, client: ClientId, event: Event, http_status: Option<u16>) -> Result<(), JournalError> {
        let (ack, answer) = oneshot::channel();
        self.ask(Request::Record { client, event, http_status, ack })?;
        answer.await.unwrap_or_else(|_| Err(writer::closed(&self.0.path)))
    }

    /// Writes that a run begins or goes on. One that goes on keeps when it began and its requests; its end is taken back.
    pub fn begin_run(&self, run: &Run) -> Result<(), JournalError> {
        let (ack, answer) = std::sync::mpsc::sync_channel(1);
        self.ask(Request::BeginRun { run: Box::new(run.clone()), ack })?;
        answer.recv().unwrap_or_else(|_| Err(writer::closed(&self.0.path)))
    }

    /// Writes how a run ended and adds its request counts.
    pub fn end_run(&self, id: &RunId, ended: &str, halt: Option<&str>, requests: Requests) -> Result<(), JournalError> {
        let (ack, answer) = std::sync::mpsc::sync_channel(1);
        self.ask(Request::EndRun { id: id.clone(), ended: ended.into(), halt: halt.map(Into::into), requests, ack })?;
        answer.recv().unwrap_or_else(|_| Err(writer::closed(&self.0.path)))
    }

    /// Adds requests to a run whose end stays as it was written.
    pub fn add_requests(&self, id: &RunId, requests: Requests) -> Result<(), JournalError> {
        let (ack, answer) = std::sync::mpsc::sync_channel(1);
        self.ask(Request::AddRequests { id: id.clone(), requests, ack })?;
        answer.recv().unwrap_or_else(|_| Err(writer::closed(&self.0.path)))
    }

    /// All runs, oldest first, with the requests that they have made until now.
    pub fn runs(&self) -> Result<Vec<Run>, JournalError> {
        self.read(|db| {
            // A session may end meanwhile.
            let db = db.unchecked_transaction()?;
            let db = &*db;
            let mut runs = rows::runs(db)?;
            let uncounted = if schema::is_older(db)? { Vec::new() } else { tally::uncounted(db)? };
            for (id, requests) in uncounted {
                runs.iter_mut().filter(|run| run.id == id).for_each(|run| run.requests += requests);
            }
            Ok(runs)
        })
    }

    /// The run of this name, else the only one whose name begins like this.
    pub fn run(&self, wanted: &str) -> Result<Run, JournalError> {
        let mut fitting: Vec<Run> = self.runs()?.into_iter().filter(|run| run.id.starts_with(wanted)).collect();
        if let Some(exact) = fitting.iter().position(|run| &*run.id == wanted) {
            return Ok(fitting.swap_remove(exact));
        }
        match fitting.pop() {
            Some(only) if fitting.is_empty() => Ok(only),
            Some(last) => {
                let matches = fitting.into_iter().chain([last]).map(|run| run.id).collect();
                Err(JournalError::AmbiguousRun { wanted: wanted.into(), matches })
            }
            None => Err(JournalError::NoSuchRun { path: self.0.path.display().to_string(), wanted: wanted.into() }),
        }
    }

    /// The events of all clients that a run sent, as one hash: all of them, or up to the one of this number.
    pub fn events_of_run(&self, run: &RunId, last: Option<i64>) -> Result<RunEvents, JournalError> {
        self.read(|db| digest::of_run(db, run, last))
    }

    /// A run's requests over time. Looks at every event once, in memory that does not grow with them but by a bit a client.
    pub fn traffic(&self, run: &RunId) -> Result<Traffic, JournalError> {
        self.read(|db| traffic::traffic(db, run))
    }

    /// Plays every event again and compares with what is kept. Takes seconds for a million clients; runs beside a writer.
    pub fn verify(&self) -> Result<(), JournalError> {
        // A connection of its own, so that nobody waits for it.
        replay::verify(&reader(&self.0.path)?, &self.0.path)
    }

    fn read<T>(&self, query: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, JournalError> {
        // A panic while reading leaves the connection usable: nothing was being changed.
        let db: MutexGuard<'_, Connection> = self.0.reader.lock().unwrap_or_else(PoisonError::into_inner);
        query(&db).map_err(|e| JournalError::from_sqlite(&self.0.path, &e))
    }

    fn ask(&self, request: Request) -> Result<(), JournalError> {
        match &self.0.writer {
            Some(writer) if writer.send(request) => Ok(()),
            Some(_) => Err(writer::closed(&self.0.path)),
            None => Err(JournalError::unusable(&self.0.path, Trouble::ReadOnly, "it was opened for reading only")),
        }
    }
}

/// A connection that reads a journal that was there a moment ago.
fn reader(path: &Path) -> Result<Connection, JournalError> {
    schema::open_reader(path)?.ok_or_else(|| schema::gone(path))
}

/// Whether neither the file nor its log holds anything.
fn is_empty(path: &Path) -> bool {
    files::length(path) == 0 && files::length(&files::beside(path, "-wal")) == 0
}

/// Whether the journal is lost: its key says that there was one.
fn is_gone(path: &Path) -> bool {
    is_empty(path) && files::is_there(&files::beside(path, ".key"))
}

/// Clients whose answer nobody can be waiting for become unknown, in one transaction.
fn settle_interrupted(db: &Connection, path: &Path) -> Result<(), JournalError> {
    let sqlite = |e: rusqlite::Error| JournalError::from_sqlite(path, &e);
    let tx = Transaction::new_unchecked(db, TransactionBehavior::Immediate).map_err(sqlite)?;
    let now_ms = writer::now_ms();
    for state in [State::Sending, State::Resending] {
        for client in rows::clients_in_state(&tx, state, None).map_err(sqlite)? {
            let why = Refusal {
                code: "interrupted".into(),
                message: "interrupted before the answer came".into(),
                pointer: None,
                request_id: None,
            };
            writer::record(&tx, path, client.id, Event::Unknown(why), None, now_ms)?;
        }
    }
    tx.commit().map_err(sqlite)
}

/// Counts what a session that was killed made, in one transaction.
fn fold_in_requests(db: &Connection, path: &Path) -> Result<(), JournalError> {
    let sqlite = |e: rusqlite::Error| JournalError::from_sqlite(path, &e);
    let tx = Transaction::new_unchecked(db, TransactionBehavior::Immediate).map_err(sqlite)?;
    tally::fold_in(&tx).map_err(sqlite)?;
    tx.commit().map_err(sqlite)
}
