//! Which client has which identities, and the sum over them that each client keeps: it tells when a line was altered, moved or
//! lost behind our back. Decides nothing about clients.

use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

use super::ClientId;
use crate::model::Identity;

/// Gives identities that nobody has to this client.
pub(super) fn add(db: &Connection, id: ClientId, identities: &[Identity]) -> rusqlite::Result<()> {
    let mut statement = db.prepare_cached("INSERT OR IGNORE INTO identities (identity, client) VALUES (?1, ?2)")?;
    let mut more = 0;
    for identity in identities {
        if statement.execute(params![identity.0.as_slice(), id])? > 0 {
            more = plus(more, weight(&identity.0));
        }
    }
    change_sum(db, id, more)
}

/// Makes these the identities of this client, whoever had them; those that it had besides are nobody's from now on.
pub(super) fn replace(db: &Connection, id: ClientId, identities: &[Identity]) -> rusqlite::Result<()> {
    let places = vec!["?"; identities.len()].join(", ");
    let release = format!("DELETE FROM identities WHERE client = ? AND identity NOT IN ({places}) RETURNING identity");
    let values = std::iter::once(ToSqlOutput::from(id.0));
    let values = values.chain(identities.iter().map(|identity| ToSqlOutput::from(identity.0.as_slice())));
    let mut released = db.prepare_cached(&release)?;
    let released = released.query_map(params_from_iter(values), |row| Ok(weight(row.get_ref(0)?.as_blob()?)))?;
    let mut change = released.collect::<rusqlite::Result<Vec<u64>>>()?.into_iter().fold(0, minus);
    let mut owner = db.prepare_cached("SELECT client FROM identities WHERE identity = ?1")?;
    let mut put = db.prepare_cached("INSERT OR REPLACE INTO identities (identity, client) VALUES (?1, ?2)")?;
    for identity in identities {
        let before: Option<ClientId> = owner.query_row([identity.0.as_slice()], |row| row.get(0)).optional()?;
        if before == Some(id) {
            continue;
        }
        put.execute(params![identity.0.as_slice(), id])?;
        change = plus(change, weight(&identity.0));
        if let Some(other) = before {
            change_sum(db, other, minus(0, weight(&identity.0)))?;
        }
    }
    change_sum(db, id, change)
}

/// Writes the sums of all clients, for a journal that had none.
pub(super) fn sum_all(db: &Connection) -> rusqlite::Result<()> {
    let mut write = db.prepare("UPDATE clients SET identities_sum = ?2 WHERE id = ?1")?;
    each_sum(db, |id, sum| write.execute(params![id, sum.cast_signed()]).map(drop))
}

/// The first client whose identities are not those that were given to it.
pub(super) fn first_altered(db: &Connection) -> rusqlite::Result<Option<ClientId>> {
    let mut kept = db.prepare("SELECT id, identities_sum FROM clients ORDER BY id")?;
    let mut kept = kept.query_map([], |row| Ok((row.get::<_, ClientId>(0)?, row.get::<_, i64>(1)?)))?;
    let mut altered = None;
    // Both come in the order of clients; one without identities has no line on the other side and a sum of nothing.
    let mut check = |until: Option<ClientId>, sum: u64| -> rusqlite::Result<()> {
        for line in kept.by_ref() {
            let (id, kept) = line?;
            let found = if Some(id) == until { sum } else { 0 };
            if kept.cast_unsigned() != found && altered.is_none() {
                altered = Some(id);
            }
            if Some(id) == until {
                break;
            }
        }
        Ok(())
    };
    each_sum(db, |id, sum| check(Some(id), sum))?;
    check(None, 0)?;
    Ok(altered)
}

/// Adds up the identities of each client that has some, in the order of clients.
fn each_sum(db: &Connection, mut visit: impl FnMut(ClientId, u64) -> rusqlite::Result<()>) -> rusqlite::Result<()> {
    let mut statement = db.prepare("SELECT client, identity FROM identities ORDER BY client")?;
    let mut lines = statement.query([])?;
    let mut current: Option<(ClientId, u64)> = None;
    while let Some(row) = lines.next()? {
        let (id, weight): (ClientId, u64) = (row.get(0)?, weight(row.get_ref(1)?.as_blob()?));
        current = match current {
            Some((before, sum)) if before == id => Some((id, plus(sum, weight))),
            Some((before, sum)) => {
                visit(before, sum)?;
                Some((id, weight))
            }
            None => Some((id, weight)),
        };
    }
    current.map_or(Ok(()), |(id, sum)| visit(id, sum))
}

fn change_sum(db: &Connection, id: ClientId, change: u64) -> rusqlite::Result<()> {
    if change == 0 {
        return Ok(());
    }
    let kept: Option<i64> =
        db.prepare_cached("SELECT identities_sum FROM clients WHERE id = ?1")?.query_row([id], |row| row.get(0)).optional()?;
    let sum = plus(kept.unwrap_or_default().cast_unsigned(), change);
    db.prepare_cached("UPDATE clients SET identities_sum = ?2 WHERE id = ?1")?.execute(params![id, sum.cast_signed()])?;
    Ok(())
}

/// What an identity adds. They are hashes already: every bit of them counts, and no two have the same in practice.
fn weight(identity: &[u8]) -> u64 {
    identity.chunks(8).fold(0, |sum: u64, part| {
        let number = part.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        plus(sum.rotate_left(17), number)
    })
}

fn plus(sum: u64, weight: u64) -> u64 {
    sum.wrapping_add(weight)
}

fn minus(sum: u64, weight: u64) -> u64 {
    sum.wrapping_sub(weight)
}
