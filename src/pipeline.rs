//! The corridor: the whole journey of a batch, on one screen. read → prepare → (submit) → report. Decides nothing itself.

use std::ops::ControlFlow;
use std::sync::mpsc::sync_channel;
use std::thread;

use crate::failure::Failure;
use crate::model::{Prepared, Row};
use crate::prepare::{self, Pending, Plan};
use crate::read::{ReadError, Table};

/// Rows that go through the house together.
const BATCH_ROWS: usize = 512;
/// Batches that may wait between two rooms: enough to keep both busy, few enough to keep memory small.
const BATCHES_WAITING_MAX: usize = 6;

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
    let (prepared, to_take) = sync_channel::<Pending<ReadError>>(BATCHES_WAITING_MAX);
    thread::scope(|rooms| {
        // A room whose neighbour is gone stops: the journey ended early.
        rooms.spawn(move || while batches.next().is_some_and(|batch| read.send(batch).is_ok()) {});
        rooms.spawn(move || prepare::batches(plan, to_prepare, &prepared));
        for pending in to_take {
            // No answer means that the room broke down; the scope tells so when it ends.
            let Ok(batch) = pending.recv() else { break };
            for row in batch? {
                if take(row)?.is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    })
}
