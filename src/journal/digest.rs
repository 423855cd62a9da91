//! The events of a run as one hash. The log only grows, so the same events have the same hash for ever. Changes nothing.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, params};
use sha2::{Digest as _, Sha256};

use super::RunId;

/// The events of all clients that a run sent, up to one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunEvents {
    /// How many there are.
    pub events: u64,
    /// The number of the last of them; 0 where there is none.
    pub last_event: i64,
    /// SHA-256 over all of them in order, each with all it holds, lower-case hex.
    pub sha256: String,
}

/// Columns of an event, all of them, in the order in which they are hashed.
const COLUMNS: usize = 14;

/// The events of the run's clients up to `last`, or all.
pub(super) fn of_run(db: &Connection, run: &RunId, last: Option<i64>) -> rusqlite::Result<RunEvents> {
    let sql = "SELECT seq, client, at_ms, kind, run, operation, key, digests, remote_id, http_status, refusal_code,
                      refusal_message, refusal_pointer, refusal_request_id
               FROM events WHERE seq <= ?2 AND client IN (SELECT client FROM events WHERE run = ?1 AND seq <= ?2) ORDER BY seq";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params![&**run, last.unwrap_or(i64::MAX)])?;
    let mut hash = Sha256::new_with_prefix(b"clientferry events 1");
    let (mut events, mut last_event) = (0, 0);
    while let Some(row) = rows.next()? {
        events += 1;
        last_event = row.get(0)?;
        add(&mut hash, row)?;
    }
    let sha256 = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(RunEvents { events, last_event, sha256 })
}

/// Adds an event, each value with its kind and length, so that no two events look alike.
fn add(hash: &mut Sha256, row: &Row<'_>) -> rusqlite::Result<()> {
    for column in 0..COLUMNS {
        let (kind, bytes): (u8, &[u8]) = match row.get_ref(column)? {
            ValueRef::Null => (0, &[]),
            ValueRef::Integer(number) => {
                hash.update([1]);
                hash.update(number.to_be_bytes());
                continue;
            }
            ValueRef::Real(number) => {
                hash.update([2]);
                hash.update(number.to_be_bytes());
                continue;
            }
            ValueRef::Text(text) => (3, text),
            ValueRef::Blob(blob) => (4, blob),
        };
        hash.update([kind]);
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    }
    Ok(())
}
