//! The writer: one thread that judges requests, writes many in one transaction and answers each after it is on the disk.
//! Keeps no state of its own: what it judges by is what the database holds.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel};
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::baseline::{self, RemoteIdHash};
use super::error::{JournalError, Trouble};
use super::requests::{self, RequestsMade};
use super::rules::{Entry, Event, KeyLeft, State, after, apply, key_left};
use super::{Client, ClientId, Intent, Requests, Run, RunId, Standing, identities, rows, tally};
use crate::model::{FieldDigests, IdempotencyKey, Identity, Refusal};

/// Requests in one transaction. No waiting for more: they gather by themselves while the disk is busy with those before.
const REQUESTS_MAX: usize = 1000;

/// Longest text of a refusal that is kept, in bytes.
const REFUSAL_BYTES_MAX: usize = 4096;

/// What may be asked of the writer, with the way back.
#[derive(Debug)]
pub(super) enum Request {
    /// Write an intent.
    Intend {
        run: RunId,
        operation: Box<str>,
        identities: Box<[Identity]>,
        key: IdempotencyKey,
        digests: FieldDigests,
        ack: oneshot::Sender<Result<Intent, JournalError>>,
    },
    /// Write what came.
    Record { client: ClientId, event: Event, http_status: Option<u16>, ack: oneshot::Sender<Result<(), JournalError>> },
    /// Write what the account held before the run's first request.
    TakeBaseline { run: RunId, ids: Vec<RemoteIdHash>, ack: oneshot::Sender<Result<(), JournalError>> },
    /// Count requests that leave for an account.
    CountRequests { account: Box<str>, made: RequestsMade, ack: oneshot::Sender<Result<(), JournalError>> },
    /// Write that a run begins. Answered to a thread that blocks, as is `EndRun`.
    BeginRun { run: Box<Run>, ack: SyncSender<Result<(), JournalError>> },
    /// Write that a run ended.
    EndRun { id: RunId, ended: Box<str>, halt: Option<Box<str>>, requests: Requests, ack: SyncSender<Result<(), JournalError>> },
    /// Add requests to a run that ended.
    AddRequests { id: RunId, requests: Requests, ack: SyncSender<Result<(), JournalError>> },
}

/// The writer's thread and the way to it.
#[derive(Debug)]
pub(super) struct Writer {
    requests: Option<Sender<Request>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(db: Connection, path: PathBuf) -> Result<Self, JournalError> {
        let (requests, inbox) = channel();
        let thread = std::thread::Builder::new()
            .name("journal".into())
            .spawn({
                let path = path.clone();
                move || serve(db, &path, &inbox)
            })
            .map_err(|e| JournalError::from_io(&path, "its writer cannot be started", &e))?;
        Ok(Self { requests: Some(requests), thread: Some(thread) })
    }

    /// Hands a request over; never waits. `false` when the writer has ended.
    pub(super) fn send(&self, request: Request) -> bool {
        self.requests.as_ref().is_some_and(|requests| requests.send(request).is_ok())
    }
}

impl Drop for Writer {
    /// Writes what is waiting, folds the log into the database and ends the thread.
    fn drop(&mut self) {
        drop(self.requests.take());
        if let Some(thread) = self.thread.take() {
            // A writer that panicked has already cost its callers their answers, which they saw as errors.
            let _ = thread.join();
        }
    }
}

fn serve(db: Connection, path: &Path, inbox: &Receiver<Request>) {
    while let Ok(first) = inbox.recv() {
        let batch = std::iter::once(first).chain(inbox.try_iter().take(REQUESTS_MAX - 1)).collect();
        commit(&db, path, batch, now_ms());
    }
    // What cannot be folded in now stays in the log, where the next one to open finds it.
    let _ = db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
}

/// Answers one request: with its own result, or with the failure of its transaction.
type Reply = Box<dyn FnOnce(Option<JournalError>)>;

/// Writes a batch in one transaction and answers each request when it is durable, or when it is certain that it is not written.
fn commit(db: &Connection, path: &Path, batch: Vec<Request>, now_ms: i64) {
    let sqlite = |e: rusqlite::Error| JournalError::from_sqlite(path, &e);
    let mut failure = db.execute_batch("BEGIN IMMEDIATE").map_err(sqlite).err();
    let mut replies: Vec<Reply> = Vec::with_capacity(batch.len());
    for request in batch {
        let (reply, fatal) = perform(db, path, request, failure.as_ref(), now_ms);
        replies.push(reply);
        failure = failure.or(fatal);
    }
    if failure.is_none() {
        failure = db.execute_batch("COMMIT").map_err(sqlite).err();
    }
    // On a full disk SQLite rolls back by itself.
    if failure.is_some() && !db.is_autocommit() {
        let _ = db.execute_batch("ROLLBACK");
    }
    for reply in replies {
        reply(failure.clone());
    }
}

/// Does the work of one request within the transaction, unless that failed before; returns its reply and whether it failed now.
fn perform(
    db: &Connection,
    path: &Path,
    request: Request,
    failure: Option<&JournalError>,
    now_ms: i64,
) -> (Reply, Option<JournalError>) {
    let ready = failure.map_or(Ok(()), |failure| Err(failure.clone()));
    // A caller that is gone needs no answer; what it asked for is written all the same.
    match request {
        Request::Intend { run, operation, identities, key, digests, ack } => {
            let event = Event::Intended { run, key, digests };
            let result = ready.and_then(|()| intend(db, path, operation, &identities, event, now_ms));
            reply(result, move |result| drop(ack.send(result)))
        }
        Request::Record { client, event, http_status, ack } => {
            let result = ready.and_then(|()| record(db, path, client, event, http_status, now_ms));
            reply(result, move |result| drop(ack.send(result)))
        }
        Request::TakeBaseline { run, ids, ack } => {
            let result = ready.and_then(|()| baseline::take(db, &run, &ids).map_err(|e| JournalError::from_sqlite(path, &e)));
            reply(result, move |result| drop(ack.send(result)))
        }
        Request::CountRequests { account, made, ack } => {
            let result =
                ready.and_then(|()| requests::count(db, &account, made).map_err(|e| JournalError::from_sqlite(path, &e)));
            reply(result, move |result| drop(ack.send(result)))
        }
        Request::BeginRun { run, ack } => {
            let result = ready.and_then(|()| rows::begin_run(db, &run).map_err(|e| JournalError::from_sqlite(path, &e)));
            reply(result, move |result| drop(ack.send(result)))
        }
        Request::EndRun { id, ended, halt, requests, ack } => {
            let write = || {
                tally::all_counted(db)?;
                rows::end_run(db, &id, now_ms, &ended, halt.as_deref(), requests)
            };
            let result = ready.and_then(|()| known(path, &id, write()));
            reply(result, move |result| drop(ack.send(result)))
        }
        Request::AddRequests { id, requests, ack } => {
            let write = || {
                tally::all_counted(db)?;
                rows::add_requests(db, &id, requests)
            };
            let result = ready.and_then(|()| known(path, &id, write()));
            reply(result, move |result| drop(ack.send(result)))
        }
    }
}

/// A run that is not there is an error.
fn known(path: &Path, id: &RunId, found: rusqlite::Result<bool>) -> Result<(), JournalError> {
    match found {
        Ok(true) => Ok(()),
        Ok(false) => Err(JournalError::NoSuchRun { path: path.display().to_string(), wanted: id.to_string() }),
        Err(e) => Err(JournalError::from_sqlite(path, &e)),
    }
}

fn reply<T: 'static>(
    result: Result<T, JournalError>,
    answer: impl FnOnce(Result<T, JournalError>) + 'static,
) -> (Reply, Option<JournalError>) {
    let fatal = result.as_ref().err().filter(|e| !e.concerns_one_request()).cloned();
    (Box::new(move |failure| answer(failure.map_or(result, Err))), fatal)
}

fn intend(
    db: &Connection,
    path: &Path,
    operation: Box<str>,
    names: &[Identity],
    event: Event,
    at_ms: i64,
) -> Result<Intent, JournalError> {
    let sqlite = |e: rusqlite::Error| JournalError::from_sqlite(path, &e);
    if names.is_empty() {
        // It could never be recognised again.
        return Err(JournalError::Illegal { state: State::New, event: "intended without an identity" });
    }
    let before = rows::client_by_identity(db, names).map_err(sqlite)?;
    let standing = before.as_ref().map_or(Standing::NEW, Client::standing);
    if after(&standing, &event).is_err() {
        // No mistake of ours: two rows may share what they should not, and the first of them was faster.
        return Ok(Intent::Refused(standing.state));
    }
    let id = match &before {
        Some(client) => client.id,
        None => rows::next_client(db).map_err(sqlite)?,
    };
    write(db, path, before, Entry { client: id, at_ms, event, operation: Some(operation), http_status: None })?;
    if standing.state.is_absent() {
        // Whoever else has one of them is not at the provider either, or this intent would not have been allowed.
        identities::replace(db, id, names).map_err(sqlite)?;
    } else {
        identities::add(db, id, names).map_err(sqlite)?;
    }
    Ok(Intent::Written(id))
}

/// Writes an event of a client that the journal knows.
pub(super) fn record(
    db: &Connection,
    path: &Path,
    client: ClientId,
    event: Event,
    http_status: Option<u16>,
    at_ms: i64,
) -> Result<(), JournalError> {
    let before = rows::client(db, client).map_err(|e| JournalError::from_sqlite(path, &e))?;
    let Some(before) = before else {
        // Only `intend` makes clients: it knows their identities.
        return Err(JournalError::Illegal { state: State::New, event: event.name() });
    };
    write(db, path, Some(before), Entry { client, at_ms, event: shortened(event), operation: None, http_status })
}

/// Judges, then writes.
fn write(db: &Connection, path: &Path, before: Option<Client>, entry: Entry) -> Result<(), JournalError> {
    let sqlite = |e: rusqlite::Error| JournalError::from_sqlite(path, &e);
    let key_left_at_ms = match &entry.event {
        Event::Intended { key, .. } => match key_left(before.as_ref(), *key) {
            KeyLeft::Now => None,
            KeyLeft::Since(at_ms) => Some(at_ms),
            KeyLeft::Earlier => rows::key_left_at_ms(db, entry.client, *key).map_err(sqlite)?,
        },
        Event::Created { .. } | Event::Existing { .. } | Event::Rejected(_) | Event::NotDone(_) | Event::Unknown(_) => None,
    };
    let client = apply(before, &entry, key_left_at_ms)?;
    rows::append(db, &entry, &client).map_err(sqlite)
}

/// The event with the provider's words cut to a length that a journal of a million clients can bear.
fn shortened(event: Event) -> Event {
    let short = |text: Box<str>| -> Box<str> {
        if text.len() <= REFUSAL_BYTES_MAX {
            return text;
        }
        let end = text.floor_char_boundary(REFUSAL_BYTES_MAX);
        format!("{}…", text.get(..end).unwrap_or_default()).into()
    };
    let refusal = |refusal: Refusal| Refusal {
        code: short(refusal.code),
        message: short(refusal.message),
        pointer: refusal.pointer.map(short),
        request_id: refusal.request_id.map(short),
    };
    match event {
        Event::Rejected(it) => Event::Rejected(refusal(it)),
        Event::NotDone(it) => Event::NotDone(refusal(it)),
        Event::Unknown(it) => Event::Unknown(refusal(it)),
        Event::Created { remote_id, remark } => Event::Created { remote_id, remark: remark.map(refusal) },
        Event::Existing { remote_id, remark } => Event::Existing { remote_id, remark: remark.map(refusal) },
        event @ Event::Intended { .. } => event,
    }
}

/// The error of a caller whose request the writer did not answer.
pub(super) fn closed(path: &Path) -> JournalError {
    JournalError::unusable(path, Trouble::Closed, "its writer has ended")
}

/// The time, milliseconds since 1970 UTC.
pub(super) fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |passed| i64::try_from(passed.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::super::{rows, schema};
    use super::*;
    use uuid::Uuid;

    fn intent(number: u128) -> (Request, oneshot::Receiver<Result<Intent, JournalError>>) {
        let (ack, answer) = oneshot::channel();
        let request = Request::Intend {
            run: "run".into(),
            operation: "tbank/fl-resident".into(),
            identities: [Identity(number.to_be_bytes())].into(),
            key: IdempotencyKey(Uuid::from_u128(number)),
            digests: FieldDigests((0..200).map(|n| (n, n)).collect()),
            ack,
        };
        (request, answer)
    }

    #[test]
    fn a_full_disk_is_an_error_for_the_whole_batch_and_loses_nothing_acknowledged() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.sqlite");
        super::super::files::make_database(&path).unwrap();
        let db = schema::open_writer(&path).unwrap();
        let synchronous: i64 = db.query_row("PRAGMA synchronous", [], |row| row.get(0)).unwrap();
        assert_eq!(synchronous, 2, "FULL");
        db.query_row("PRAGMA max_page_count = 60", [], |_| Ok(())).unwrap();

        let (mut kept, mut lost) = (Vec::new(), Vec::new());
        for batch in 0..40 {
            let numbers: Vec<u128> = (batch * 5..batch * 5 + 5).collect();
            let (requests, answers): (Vec<_>, Vec<_>) = numbers.iter().map(|&number| intent(number)).unzip();
            commit(&db, &path, requests, 1);
            let answers: Vec<_> = answers.into_iter().map(|mut answer| answer.try_recv().unwrap()).collect();
            if answers.iter().all(Result::is_ok) {
                kept.extend(numbers);
            } else {
                for answer in answers {
                    let error = answer.unwrap_err();
                    assert!(matches!(&error, JournalError::Unusable { trouble: Trouble::DiskFull, .. }), "{error}");
                    assert!(error.hint().contains("make room"));
                }
                lost.extend(numbers);
            }
        }
        assert!(!kept.is_empty() && !lost.is_empty());
        let there = |number: u128| rows::client_by_identity(&db, &[Identity(number.to_be_bytes())]).unwrap().is_some();
        assert!(kept.iter().all(|&number| there(number)));
        assert!(!lost.iter().any(|&number| there(number)));

        // Room again: the same writer goes on.
        db.query_row("PRAGMA max_page_count = 10000", [], |_| Ok(())).unwrap();
        let (request, mut answer) = intent(lost[0]);
        commit(&db, &path, vec![request], 2);
        assert!(matches!(answer.try_recv().unwrap().unwrap(), Intent::Written(_)));
        super::super::replay::verify(&db, &path).unwrap();
    }

    #[test]
    fn one_refused_request_leaves_the_others_of_its_batch_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.sqlite");
        super::super::files::make_database(&path).unwrap();
        let db = schema::open_writer(&path).unwrap();
        let ((first, mut one), (again, mut two), (other, mut three)) = (intent(1), intent(1), intent(2));
        commit(&db, &path, vec![first, again, other], 1);
        assert!(matches!(one.try_recv().unwrap().unwrap(), Intent::Written(_)));
        assert_eq!(two.try_recv().unwrap().unwrap(), Intent::Refused(State::Sending));
        assert!(matches!(three.try_recv().unwrap().unwrap(), Intent::Written(_)));
        let events: i64 = db.query_row("SELECT count(*) FROM events", [], |row| row.get(0)).unwrap();
        assert_eq!(events, 2);
    }

    #[test]
    fn the_providers_words_are_cut_at_a_character() {
        let long = Refusal { message: "я".repeat(REFUSAL_BYTES_MAX).into(), ..Refusal::default() };
        let Event::Unknown(short) = shortened(Event::Unknown(long)) else { panic!("another event") };
        assert_eq!(short.message.chars().count(), REFUSAL_BYTES_MAX / 2 + 1);
        assert!(short.message.ends_with('…'));
    }
}
