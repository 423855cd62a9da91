//! How many requests of any kind left for an account, and when: what the limits of long windows want to know after a restart.
//! Knows no limits.

use rusqlite::{Connection, params};

use super::schema;

/// Older than this, no window can want to know.
const KEPT_MS: i64 = 40 * 86_400_000;

/// Requests that left within a stretch of time. Milliseconds since 1970 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestsMade {
    /// When the stretch begins; names it.
    pub from_ms: i64,
    /// When it ends.
    pub until_ms: i64,
    /// How many; below zero to take back what did not leave.
    pub count: i64,
}

/// Adds requests to a stretch.
pub(super) fn count(db: &Connection, account: &str, made: RequestsMade) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO requests (account, from_ms, until_ms, count) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (account, from_ms) DO UPDATE SET count = count + ?4, until_ms = max(until_ms, ?3)",
    )?
    .execute(params![account, made.from_ms, made.until_ms, made.count])?;
    db.prepare_cached("DELETE FROM requests WHERE account = ?1 AND until_ms < ?2")?
        .execute(params![account, made.from_ms.saturating_sub(KEPT_MS)])?;
    Ok(())
}

/// The stretches that ended after this time.
pub(super) fn since(db: &Connection, account: &str, since_ms: i64) -> rusqlite::Result<Vec<RequestsMade>> {
    if schema::is_older(db)? {
        return Ok(Vec::new());
    }
    db.prepare_cached(
        "SELECT from_ms, until_ms, count FROM requests WHERE account = ?1 AND until_ms >= ?2 AND count > 0 ORDER BY from_ms",
    )?
    .query_map(params![account, since_ms], |row| {
        Ok(RequestsMade { from_ms: row.get(0)?, until_ms: row.get(1)?, count: row.get(2)? })
    })?
    .collect()
}
