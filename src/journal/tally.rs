//! How many requests each run made. A session adds its own counts when it ends; those of one that was killed are counted from its
//! events. Questions to the provider have no events and are not among them.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::traffic::Bits;
use super::{ClientId, Requests, RunId, rows};
use crate::model::STOPPED;

/// The last event that stands in the counts of the runs, and the last client that there was then.
const EVENT: &str = "counted_event";
const CLIENT: &str = "counted_client";

/// A request that has no answer yet: the place of its run, and whether it was a repeat.
type Open = (usize, bool);

/// Adds what a killed session made to its run.
pub(super) fn fold_in(db: &Connection) -> rusqlite::Result<()> {
    for (run, requests) in uncounted(db)? {
        rows::add_requests(db, &run, requests)?;
    }
    all_counted(db)
}

/// All that was made until now stands in the counts.
pub(super) fn all_counted(db: &Connection) -> rusqlite::Result<()> {
    let last = [(EVENT, "SELECT coalesce(max(seq), 0) FROM events"), (CLIENT, "SELECT coalesce(max(id), 0) FROM clients")];
    for (name, sql) in last {
        let number: i64 = db.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
        db.prepare_cached("INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)")?
            .execute(params![name, number.to_string()])?;
    }
    Ok(())
}

/// Requests that stand in no count yet, by run: of a session that goes on, or was killed.
pub(super) fn uncounted(db: &Connection) -> rusqlite::Result<Vec<(RunId, Requests)>> {
    let (event, client) = (number(db, EVENT)?, number(db, CLIENT)?);
    let mut runs: Vec<(RunId, Requests)> = Vec::new();
    let mut open: HashMap<ClientId, Open> = HashMap::new();
    let mut seen = Bits::default();
    let mut statement = db.prepare_cached(
        "SELECT client, run, key, coalesce(http_status = 429 OR refusal_code = 'throttled', 0), coalesce(refusal_code = ?2, 0), seq
         FROM events WHERE seq > ?1 ORDER BY seq",
    )?;
    let mut lines = statement.query(params![event, STOPPED])?;
    while let Some(row) = lines.next()? {
        let id: ClientId = row.get(0)?;
        let Some(run) = row.get_ref(1)?.as_str_or_null()? else {
            // An answer.
            let Some((at, repeated)) = open.remove(&id) else { continue };
            let Some((_, requests)) = runs.get_mut(at) else { continue };
            requests.throttled += u64::from(row.get::<_, bool>(3)?);
            if row.get(4)? {
                // It never left.
                requests.sent = requests.sent.saturating_sub(1);
                requests.retried = requests.retried.saturating_sub(u64::from(repeated));
            }
            continue;
        };
        let at = match runs.iter().position(|(known, _)| &**known == run) {
            Some(at) => at,
            None => {
                runs.push((run.into(), Requests::default()));
                runs.len() - 1
            }
        };
        let repeated = seen.get(id.0) || (id.0 <= client && left_before(db, id, row.get_ref(2)?.as_str()?, row.get(5)?)?);
        seen.set(id.0, true);
        open.insert(id, (at, repeated));
        if let Some((_, requests)) = runs.get_mut(at) {
            requests.sent += 1;
            requests.retried += u64::from(repeated);
        }
    }
    Ok(runs)
}

/// Whether a request with this key left before.
fn left_before(db: &Connection, id: ClientId, key: &str, seq: i64) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM events WHERE client = ?1 AND seq < ?3 AND kind = 'intended' AND key = ?2)";
    db.prepare_cached(sql)?.query_row(params![id, key, seq], |row| row.get(0))
}

fn number(db: &Connection, name: &str) -> rusqlite::Result<i64> {
    let text: Option<String> =
        db.prepare_cached("SELECT value FROM meta WHERE name = ?1")?.query_row([name], |row| row.get(0)).optional()?;
    Ok(text.and_then(|text| text.parse().ok()).unwrap_or(0))
}
