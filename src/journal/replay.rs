//! The replay: plays every event again by the rule book and compares with what the journal says. Mends nothing.

use std::collections::HashMap;
use std::path::Path;

use rusqlite::Connection;

use super::error::{JournalError, Trouble};
use super::rules::{Entry, Event, KeyLeft, apply, key_left};
use super::{Client, ClientId, identities, rows, schema};
use crate::model::IdempotencyKey;

/// Compares events and clients, each with all it holds; the error names the first client that differs.
pub(super) fn verify(db: &Connection, path: &Path) -> Result<(), JournalError> {
    schema::check_pages(db, path)?;
    // One state of the database from the first event to the last client, also while a run writes.
    let tx = db.unchecked_transaction().map_err(|e| JournalError::from_sqlite(path, &e))?;
    let result = compare(&tx).map_err(|stop| match stop {
        Stop::Sqlite(e) => JournalError::from_sqlite(path, &e),
        Stop::Differs(why) => JournalError::unusable(path, Trouble::Damaged, why),
    });
    drop(tx);
    result
}

enum Stop {
    Sqlite(rusqlite::Error),
    Differs(String),
}

impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

fn compare(db: &Connection) -> Result<(), Stop> {
    let mut current: Option<Client> = None;
    let mut left_at_ms: HashMap<IdempotencyKey, i64> = HashMap::new();
    let mut clients: i64 = 0;
    rows::each_event(db, |seq, entry: Entry| {
        if current.as_ref().is_some_and(|client| client.id != entry.client) {
            agrees(db, current.take())?;
        }
        if current.is_none() {
            clients += 1;
            left_at_ms.clear();
        }
        let earlier = match &entry.event {
            Event::Intended { key, .. } => {
                let earlier = match key_left(current.as_ref(), *key) {
                    KeyLeft::Now => None,
                    KeyLeft::Since(at_ms) => Some(at_ms),
                    KeyLeft::Earlier => left_at_ms.get(key).copied(),
                };
                left_at_ms.entry(*key).or_insert(entry.at_ms);
                earlier
            }
            Event::Created { .. } | Event::Existing { .. } | Event::Rejected(_) | Event::NotDone(_) | Event::Unknown(_) => None,
        };
        let number = entry.client.0;
        let next = apply(current.take(), &entry, earlier)
            .map_err(|e| Stop::Differs(format!("event {seq} of client {number} cannot have happened: {e}")))?;
        current = Some(next);
        Ok::<(), Stop>(())
    })?;
    agrees(db, current)?;
    let number = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0));
    let known = number("SELECT count(*) FROM clients")?;
    if known != clients {
        return Err(Stop::Differs(format!("it has {known} clients, its events tell of {clients}")));
    }
    let lost = number("SELECT count(*) FROM identities WHERE client NOT IN (SELECT id FROM clients)")?;
    if lost > 0 {
        return Err(Stop::Differs(format!("{lost} identities belong to no client")));
    }
    // One that is not at the provider may have lost its identities to others: nothing has to recognise it.
    let nameless = number(
        "SELECT count(*) FROM clients WHERE state NOT IN ('idle', 'rejected') AND id NOT IN (SELECT client FROM identities)",
    )?;
    if nameless > 0 {
        return Err(Stop::Differs(format!("{nameless} clients have no identity")));
    }
    // Formats before the second have no sums.
    if !schema::is_older(db)?
        && let Some(ClientId(number)) = identities::first_altered(db)?
    {
        return Err(Stop::Differs(format!("the identities of client {number} are not those that were given to it")));
    }
    Ok(())
}

fn agrees(db: &Connection, replayed: Option<Client>) -> Result<(), Stop> {
    let Some(replayed) = replayed else { return Ok(()) };
    let number = replayed.id.0;
    match rows::client(db, replayed.id)? {
        Some(kept) if kept == replayed => Ok(()),
        Some(kept) if kept.state != replayed.state => Err(Stop::Differs(format!(
            "client {number} is kept as {}, its events make it {}",
            kept.state.as_str(),
            replayed.state.as_str()
        ))),
        Some(_) => Err(Stop::Differs(format!("client {number} is kept otherwise than its events tell"))),
        None => Err(Stop::Differs(format!("client {number} has events but is not kept"))),
    }
}
