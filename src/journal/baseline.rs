//! The baseline: which clients the account held before a run sent its first one. Tells what a look-up finds from what was there
//! before us; asks no provider.

use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest as _, Sha256};

use super::rules::{Event, Standing, State, after};
use super::{ClientId, RunId, rows};

/// A provider's id of a client, as the baseline keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RemoteIdHash([u8; 16]);

impl RemoteIdHash {
    /// The first half of the id's SHA-256.
    #[must_use]
    pub fn of(remote_id: &str) -> Self {
        let digest: [u8; 32] = Sha256::digest(remote_id.as_bytes()).into();
        let mut half = [0; 16];
        half.copy_from_slice(&digest[..16]);
        Self(half)
    }
}

/// Where a client comes from that the provider shows and that looks like one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provenance {
    /// It was listed before our first request for this client left: it is another one.
    BeforeUs,
    /// Everything was listed before the request that is in doubt left, and it was not there: that request created it.
    Ours,
    /// Nobody listed the account in time: it may be ours and it may be older.
    Uncertain,
}

/// Whether the account was listed before the first request of this run.
pub(super) fn is_taken(db: &Connection, run: &RunId) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT EXISTS (SELECT 1 FROM baselines WHERE run = ?1)")?.query_row([&**run], |row| row.get(0))
}

/// Writes the list. Nothing may have been sent since it was begun. An id keeps the place where it was listed first.
pub(super) fn take(db: &Connection, run: &RunId, ids: &[RemoteIdHash]) -> rusqlite::Result<()> {
    let after_seq: i64 = db.query_row("SELECT coalesce(max(seq), 0) FROM events", [], |row| row.get(0))?;
    db.prepare_cached("INSERT OR IGNORE INTO baselines (run, after_seq) VALUES (?1, ?2)")?.execute(params![&**run, after_seq])?;
    let mut statement = db.prepare_cached("INSERT OR IGNORE INTO baseline_ids (id_hash, after_seq) VALUES (?1, ?2)")?;
    for id in ids {
        statement.execute(params![id.0.as_slice(), after_seq])?;
    }
    Ok(())
}

/// What the lists say of a client that was found. Times are places in the log, so that no clock can be wrong.
pub(super) fn provenance(db: &Connection, client: ClientId, remote_id: &str) -> rusqlite::Result<Provenance> {
    let listed: Option<i64> = db
        .prepare_cached("SELECT after_seq FROM baseline_ids WHERE id_hash = ?1")?
        .query_row([RemoteIdHash::of(remote_id).0.as_slice()], |row| row.get(0))
        .optional()?;
    let Some((first, (doubt, run))) = intents(db, client)? else { return Ok(Provenance::Uncertain) };
    if listed.is_some_and(|listed| listed < first) {
        return Ok(Provenance::BeforeUs);
    }
    // Between an intent that certainly did nothing and the one in doubt: somebody else's, if certainty is what it seems.
    if listed.is_some_and(|listed| listed < doubt) {
        return Ok(Provenance::Uncertain);
    }
    let complete: bool = db
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM baselines WHERE run = ?1 AND after_seq < ?2)")?
        .query_row(params![&*run, doubt], |row| row.get(0))?;
    Ok(if complete { Provenance::Ours } else { Provenance::Uncertain })
}

/// The client's first intent, and the one since which it may be at the provider, with its run. `None` for a client without any.
type Intents = Option<(i64, (i64, RunId))>;

fn intents(db: &Connection, client: ClientId) -> rusqlite::Result<Intents> {
    let mut standing = Standing::NEW;
    let mut found: Intents = None;
    for (seq, entry) in rows::events_of(db, client)? {
        if let Event::Intended { run, key, .. } = &entry.event {
            if standing.state.is_absent() {
                found = Some((found.map_or(seq, |(first, _)| first), (seq, run.clone())));
            }
            standing.key = Some(*key);
        }
        // What cannot have happened is the replay's to find.
        standing.state = after(&standing, &entry.event).unwrap_or(State::Unknown);
    }
    Ok(found)
}
