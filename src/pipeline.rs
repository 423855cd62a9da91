//! The corridor: the whole journey of a batch, on one screen. read → prepare → (submit) → report. Decides nothing itself.

use std::ops::ControlFlow;
use std::sync::mpsc::sync_channel;
use std::thread;

use crate::failure::Failure;
use crate::model::{Prepared, Row};
use crate::prepare::{self, Plan};
use crate::read::{ReadError, Table};

/// Rows that go through the house together.
const BATCH_ROWS: usize = 2048;
/// Batches that may wait between two rooms: enough to keep both busy, few enough to keep memory small.
const BATCHES_WAITING_MAX: usize = 2;

/// Carries every row of a table through reading and preparing to `take`, in source order: one thread reads, the cores prepare,
/// this thread takes. `take` may end the journey early.
///
/// # Errors
/// When the source cannot be read, or what `take` says.
pub fn carry(
    table: &Table,
    plan: &Plan,
    mut take: impl FnMut(Prepared) -> Result<ControlFlow<()>, Failure>,
) -> Result<(), Failure> {
    let mut batches = table.batches(BATCH_ROWS)?;
    let (read, to_prepare) = sync_channel::<Result<Vec<Row>, ReadError>>(BATCHES_WAITING_MAX);
    let (prepared, to_take) = sync_channel::<Result<Vec<Prepared>, ReadError>>(BATCHES_WAITING_MAX);
    thread::scope(|rooms| {
        // A room whose neighbour is gone stops: the journey ended early.
        rooms.spawn(move || while batches.next().is_some_and(|batch| read.send(batch).is_ok()) {});
        rooms.spawn(move || {
            for rows in to_prepare {
                if prepared.send(rows.map(|rows| prepare::batch(plan, rows))).is_err() {
                    break;
                }
            }
        });
        for batch in to_take {
            for row in batch? {
                if take(row)?.is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    })
}
