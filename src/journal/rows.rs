//! Clients, events and runs as lines of the tables, there and back. Judges nothing.

use std::cmp::Reverse;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, named_params, params, params_from_iter};
use uuid::Uuid;

use super::rules::{Entry, Event, State};
use super::{Client, ClientId, Requests, Run, RunId};
use crate::model::{FieldDigests, IdempotencyKey, Identity, Refusal};

/// Columns of a client, in the order in which [`client_of`] takes them.
macro_rules! client_columns {
    () => {
        "c.id, c.state, c.operation, c.run, c.key, c.digests, c.remote_id, c.refusal_code, c.refusal_message, \
         c.refusal_pointer, c.refusal_request_id, c.attempts, c.http_status, c.first_sent_at_ms, c.changed_at_ms"
    };
}

/// The client of this number.
pub(super) fn client(db: &Connection, id: ClientId) -> rusqlite::Result<Option<Client>> {
    let sql = concat!("SELECT ", client_columns!(), " FROM clients c WHERE c.id = ?1");
    db.prepare_cached(sql)?.query_row([id], client_of).optional()
}

/// Of the clients that have any of these identities, the one that stands against sending most; of equals, the oldest. One that
/// is not at the provider is meant only when it has the leading identity, the first: the others may have stood in its row by
/// mistake.
pub(super) fn client_by_identity(db: &Connection, identities: &[Identity]) -> rusqlite::Result<Option<Client>> {
    let Some(leading) = identities.first() else { return Ok(None) };
    let places = vec!["?"; identities.len()].join(", ");
    let sql = format!(
        "SELECT i.identity, i.client, c.state FROM identities i LEFT JOIN clients c ON c.id = i.client WHERE i.identity IN ({places})"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut lines = statement.query(params_from_iter(identities.iter().map(|identity| identity.0.as_slice())))?;
    let mut strongest: Option<(u8, Reverse<ClientId>)> = None;
    while let Some(row) = lines.next()? {
        // An identity without its client is damage and fails to read; it must not pass for a client that is not there.
        let (id, state): (ClientId, State) = (row.get(1)?, row.get(2)?);
        if !state.is_absent() || row.get_ref(0)?.as_blob()? == leading.0 {
            strongest = strongest.max(Some((state.weight(), Reverse(id))));
        }
    }
    strongest.map_or(Ok(None), |(_, Reverse(id))| client(db, id))
}

/// Clients in a state, of one run or of all, in the order in which they were first intended.
pub(super) fn clients_in_state(db: &Connection, state: State, run: Option<&RunId>) -> rusqlite::Result<Vec<Client>> {
    let sql =
        concat!("SELECT ", client_columns!(), " FROM clients c WHERE c.state = ?1 AND (?2 IS NULL OR c.run = ?2) ORDER BY c.id");
    db.prepare_cached(sql)?.query_map(params![state, run.map(|run| &**run)], client_of)?.collect()
}

/// How many clients are in each state, of one run or of all.
pub(super) fn counts(db: &Connection, run: Option<&RunId>) -> rusqlite::Result<Vec<(State, u64)>> {
    let sql = "SELECT state, count(*) FROM clients WHERE ?1 IS NULL OR run = ?1 GROUP BY state";
    let mut statement = db.prepare_cached(sql)?;
    let lines = statement.query_map(params![run.map(|run| &**run)], |row| Ok((row.get(0)?, count(row, 1)?)))?;
    let mut counts = lines.collect::<rusqlite::Result<Vec<(State, u64)>>>()?;
    counts.sort_unstable();
    Ok(counts)
}

/// Whether a client of ours has this remote id.
pub(super) fn has_remote_id(db: &Connection, remote_id: &str) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT EXISTS (SELECT 1 FROM clients WHERE remote_id = ?1)")?.query_row([remote_id], |row| row.get(0))
}

/// A number that no client has.
pub(super) fn next_client(db: &Connection) -> rusqlite::Result<ClientId> {
    db.prepare_cached("SELECT coalesce(max(id), 0) + 1 FROM clients")?.query_row([], |row| row.get(0))
}

/// When this client was first intended under this key, milliseconds since 1970 UTC.
pub(super) fn key_left_at_ms(db: &Connection, id: ClientId, key: IdempotencyKey) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT at_ms FROM events WHERE client = ?1 AND kind = 'intended' AND key = ?2 ORDER BY seq LIMIT 1";
    db.prepare_cached(sql)?.query_row(params![id, key.to_string()], |row| row.get(0)).optional()
}

/// Writes an event at the end of the log, and the client as it is after it.
pub(super) fn append(db: &Connection, entry: &Entry, client: &Client) -> rusqlite::Result<()> {
    let (run, key, digests) = match &entry.event {
        Event::Intended { run, key, digests } => (Some(&**run), Some(key.to_string()), Some(digests.to_bytes())),
        Event::Created { .. } | Event::Existing { .. } | Event::Rejected(_) | Event::NotDone(_) | Event::Unknown(_) => {
            (None, None, None)
        }
    };
    let (remote_id, refusal) = match &entry.event {
        Event::Created { remote_id, remark } => (Some(&**remote_id), remark.as_ref()),
        Event::Existing { remote_id, remark } => (remote_id.as_deref(), remark.as_ref()),
        Event::Rejected(refusal) | Event::NotDone(refusal) | Event::Unknown(refusal) => (None, Some(refusal)),
        Event::Intended { .. } => (None, None),
    };
    db.prepare_cached(
        "INSERT INTO events (client, at_ms, kind, run, operation, key, digests, remote_id, http_status, refusal_code,
             refusal_message, refusal_pointer, refusal_request_id)
         VALUES (:client, :at_ms, :kind, :run, :operation, :key, :digests, :remote_id, :http_status, :refusal_code,
             :refusal_message, :refusal_pointer, :refusal_request_id)",
    )?
    .execute(named_params! {
        ":client": entry.client,
        ":at_ms": entry.at_ms,
        ":kind": entry.event.name(),
        ":run": run,
        ":operation": entry.operation.as_deref(),
        ":key": key,
        ":digests": digests,
        ":remote_id": remote_id,
        ":http_status": entry.http_status,
        ":refusal_code": refusal.map(|refusal| &*refusal.code),
        ":refusal_message": refusal.map(|refusal| &*refusal.message),
        ":refusal_pointer": refusal.and_then(|refusal| refusal.pointer.as_deref()),
        ":refusal_request_id": refusal.and_then(|refusal| refusal.request_id.as_deref()),
    })?;
    write_client(db, client)
}

fn write_client(db: &Connection, client: &Client) -> rusqlite::Result<()> {
    let refusal = client.refusal.as_ref();
    db.prepare_cached(
        "INSERT INTO clients (id, state, operation, run, key, digests, remote_id, refusal_code, refusal_message,
             refusal_pointer, refusal_request_id, attempts, http_status, first_sent_at_ms, changed_at_ms)
         VALUES (:id, :state, :operation, :run, :key, :digests, :remote_id, :refusal_code, :refusal_message,
             :refusal_pointer, :refusal_request_id, :attempts, :http_status, :first_sent_at_ms, :changed_at_ms)
         ON CONFLICT (id) DO UPDATE SET state = :state, operation = :operation, run = :run, key = :key, digests = :digests,
             remote_id = :remote_id, refusal_code = :refusal_code, refusal_message = :refusal_message,
             refusal_pointer = :refusal_pointer, refusal_request_id = :refusal_request_id, attempts = :attempts,
             http_status = :http_status, first_sent_at_ms = :first_sent_at_ms, changed_at_ms = :changed_at_ms",
    )?
    .execute(named_params! {
        ":id": client.id,
        ":state": client.state,
        ":operation": &*client.operation,
        ":run": &*client.run,
        ":key": client.key.to_string(),
        ":digests": client.digests.to_bytes(),
        ":remote_id": client.remote_id.as_deref(),
        ":refusal_code": refusal.map(|refusal| &*refusal.code),
        ":refusal_message": refusal.map(|refusal| &*refusal.message),
        ":refusal_pointer": refusal.and_then(|refusal| refusal.pointer.as_deref()),
        ":refusal_request_id": refusal.and_then(|refusal| refusal.request_id.as_deref()),
        ":attempts": client.attempts,
        ":http_status": client.http_status,
        ":first_sent_at_ms": client.first_sent_at_ms,
        ":changed_at_ms": client.changed_at_ms,
    })?;
    Ok(())
}

/// Columns of an event, in the order in which [`entry_of`] takes them.
macro_rules! event_columns {
    () => {
        "seq, client, at_ms, kind, run, operation, key, digests, remote_id, http_status, refusal_code, refusal_message, \
         refusal_pointer, refusal_request_id"
    };
}

/// Every event with its place in the log, client by client, each in the order in which it happened. Stops at the first error.
pub(super) fn each_event<E: From<rusqlite::Error>>(
    db: &Connection,
    mut visit: impl FnMut(i64, Entry) -> Result<(), E>,
) -> Result<(), E> {
    let mut statement = db.prepare(concat!("SELECT ", event_columns!(), " FROM events ORDER BY client, seq"))?;
    let mut lines = statement.query([])?;
    while let Some(row) = lines.next()? {
        visit(row.get(0)?, entry_of(row)?)?;
    }
    Ok(())
}

/// The events of one client with their places in the log, in the order in which they happened.
pub(super) fn events_of(db: &Connection, id: ClientId) -> rusqlite::Result<Vec<(i64, Entry)>> {
    let sql = concat!("SELECT ", event_columns!(), " FROM events WHERE client = ?1 ORDER BY seq");
    db.prepare_cached(sql)?.query_map([id], |row| Ok((row.get(0)?, entry_of(row)?)))?.collect()
}

/// When the last intent was written, milliseconds since 1970 UTC.
pub(super) fn last_intent_at_ms(db: &Connection) -> rusqlite::Result<Option<i64>> {
    // From the end of the log: behind the last intent stand a few answers only.
    let sql = "SELECT at_ms FROM events WHERE kind = 'intended' ORDER BY seq DESC LIMIT 1";
    db.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()
}

/// When a run last ended, milliseconds since 1970 UTC.
pub(super) fn last_end_at_ms(db: &Connection) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached("SELECT max(finished_at_ms) FROM runs")?.query_row([], |row| row.get(0))
}

/// Whether some run has no end: it goes on, or its process was killed.
pub(super) fn has_unended_run(db: &Connection) -> rusqlite::Result<bool> {
    db.query_row("SELECT EXISTS (SELECT 1 FROM runs WHERE finished_at_ms IS NULL)", [], |row| row.get(0))
}

fn entry_of(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let kind: Box<str> = row.get(3)?;
    let refusal = || Ok::<_, rusqlite::Error>(refusal_of(row, 10)?.unwrap_or_default());
    let event = match &*kind {
        "intended" => Event::Intended { run: row.get(4)?, key: key_of(row, 6)?, digests: digests_of(row, 7)? },
        "created" => Event::Created { remote_id: row.get(8)?, remark: refusal_of(row, 10)? },
        "existing" => Event::Existing { remote_id: row.get(8)?, remark: refusal_of(row, 10)? },
        "rejected" => Event::Rejected(refusal()?),
        "not_done" => Event::NotDone(refusal()?),
        "unknown" => Event::Unknown(refusal()?),
        _ => return Err(damaged(3, "not the name of an event")),
    };
    Ok(Entry { client: row.get(1)?, at_ms: row.get(2)?, event, operation: row.get(5)?, http_status: row.get(9)? })
}

fn client_of(row: &Row<'_>) -> rusqlite::Result<Client> {
    Ok(Client {
        id: row.get(0)?,
        state: row.get(1)?,
        operation: row.get(2)?,
        run: row.get(3)?,
        key: key_of(row, 4)?,
        digests: digests_of(row, 5)?,
        remote_id: row.get(6)?,
        refusal: refusal_of(row, 7)?,
        attempts: row.get(11)?,
        http_status: row.get(12)?,
        first_sent_at_ms: row.get(13)?,
        changed_at_ms: row.get(14)?,
    })
}

fn refusal_of(row: &Row<'_>, first: usize) -> rusqlite::Result<Option<Refusal>> {
    let Some(code) = row.get::<_, Option<Box<str>>>(first)? else { return Ok(None) };
    Ok(Some(Refusal { code, message: row.get(first + 1)?, pointer: row.get(first + 2)?, request_id: row.get(first + 3)? }))
}

fn key_of(row: &Row<'_>, column: usize) -> rusqlite::Result<IdempotencyKey> {
    let text = row.get_ref(column)?.as_str()?;
    Uuid::try_parse(text).map(IdempotencyKey).map_err(|_| damaged(column, "not a UUID"))
}

fn digests_of(row: &Row<'_>, column: usize) -> rusqlite::Result<FieldDigests> {
    Ok(FieldDigests::from_bytes(row.get_ref(column)?.as_blob()?))
}

fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    u64::try_from(row.get::<_, i64>(column)?).map_err(|_| damaged(column, "a count below zero"))
}

fn damaged(column: usize, why: &'static str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, why.into())
}

impl ToSql for ClientId {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.0.to_sql()
    }
}

impl FromSql for ClientId {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        i64::column_result(value).map(Self)
    }
}

impl ToSql for State {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for State {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let word = value.as_str()?;
        State::ALL
            .into_iter()
            .find(|state| state.as_str() == word)
            .ok_or_else(|| FromSqlError::Other("not the name of a state".into()))
    }
}

/// All runs, oldest first.
pub(super) fn runs(db: &Connection) -> rusqlite::Result<Vec<Run>> {
    let sql = "SELECT id, operation, account, source, sha256, mapping, reports, started_at_ms, finished_at_ms, ended, halt, sent,
                   retried, throttled, mapping_sha256, reading, server, test_stand
               FROM runs ORDER BY started_at_ms, rowid";
    db.prepare_cached(sql)?
        .query_map([], |row| {
            Ok(Run {
                id: row.get(0)?,
                operation: row.get(1)?,
                account: row.get(2)?,
                source: row.get(3)?,
                sha256: row.get(4)?,
                mapping: row.get(5)?,
                reports: row.get(6)?,
                started_at_ms: row.get(7)?,
                finished_at_ms: row.get(8)?,
                ended: row.get(9)?,
                halt: row.get(10)?,
                requests: Requests { sent: count(row, 11)?, retried: count(row, 12)?, throttled: count(row, 13)? },
                mapping_sha256: row.get(14)?,
                reading: row.get(15)?,
                server: row.get(16)?,
                test_stand: row.get(17)?,
            })
        })?
        .collect()
}

/// Writes a run that begins, or that goes on: its beginning and its requests stay, its end is taken back.
pub(super) fn begin_run(db: &Connection, run: &Run) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO runs (id, operation, account, source, sha256, mapping, reports, started_at_ms, mapping_sha256, reading,
             server, test_stand)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
         ON CONFLICT (id) DO UPDATE SET operation = ?2, account = ?3, source = ?4, sha256 = ?5, mapping = ?6, reports = ?7,
             mapping_sha256 = ?9, reading = ?10, server = ?11, test_stand = ?12, finished_at_ms = NULL, ended = '', halt = NULL",
    )?
    .execute(params![
        &*run.id,
        run.operation,
        run.account,
        run.source,
        run.sha256,
        run.mapping,
        run.reports,
        run.started_at_ms,
        run.mapping_sha256,
        run.reading,
        run.server,
        run.test_stand
    ])?;
    Ok(())
}

/// Writes how a run ended and adds its requests; `false` when there is no such run.
pub(super) fn end_run(
    db: &Connection,
    id: &str,
    at_ms: i64,
    ended: &str,
    halt: Option<&str>,
    requests: Requests,
) -> rusqlite::Result<bool> {
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let changed = db
        .prepare_cached(
            "UPDATE runs SET finished_at_ms = ?2, ended = ?3, halt = ?4, sent = sent + ?5, retried = retried + ?6,
                 throttled = throttled + ?7
             WHERE id = ?1",
        )?
        .execute(params![id, at_ms, ended, halt, number(requests.sent), number(requests.retried), number(requests.throttled)])?;
    Ok(changed > 0)
}

/// Adds requests to a run, its end untouched; `false` when there is no such run.
pub(super) fn add_requests(db: &Connection, id: &str, requests: Requests) -> rusqlite::Result<bool> {
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let changed = db
        .prepare_cached("UPDATE runs SET sent = sent + ?2, retried = retried + ?3, throttled = throttled + ?4 WHERE id = ?1")?
        .execute(params![id, number(requests.sent), number(requests.retried), number(requests.throttled)])?;
    Ok(changed > 0)
}
