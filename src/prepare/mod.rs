//! Room 2: a row becomes a request body, or a list of faults. Pure, on all cores; the only user of rayon.
//! mapping → normalize → assemble body → validate → fingerprint.

mod annex;
mod assemble;
mod cell;
mod compile;
mod copies;
mod dates;
mod fingerprint;
mod infer;
mod layout;
mod locate;
mod mapping;
mod members;
mod names;
pub mod normalize;
mod places;
mod plan;
mod proposal;
mod route;
#[cfg(test)]
mod tests;
mod through;
mod watch;

pub use annex::{Annex, AnnexError, Annexes, ItemsSource, Widened, widen};
pub use dates::{DateProof, DateQuestion, date_question, describe, weigh_dots};
pub use fingerprint::{Scope, field_digest};
pub use infer::{infer, knows_header, knows_header_of};
pub use mapping::{Mapping, MappingError, Options, SourceHints, ValueType};
pub use plan::Plan;
pub use proposal::{Guess, Proposal};
pub use watch::{Watch, is_fixed_width};

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use crate::model::{Prepared, Row};

/// A batch on its way through the cores: it is to be had here when it is ready.
pub type Pending<E> = Receiver<Result<Vec<Prepared>, E>>;

/// Prepares batches on all cores, several at a time, and hands them on in the order in which they came. Ends when there are no more,
/// or nobody wants them. How many are under way is what `prepared` holds, and one for each core.
pub fn batches<E: Send>(plan: &Plan, rows: Receiver<Result<Vec<Row>, E>>, prepared: &SyncSender<Pending<E>>) {
    rayon::in_place_scope(|cores| {
        for batch in rows {
            let (ready, pending) = sync_channel(1);
            if prepared.send(pending).is_err() {
                break;
            }
            cores.spawn(move |_| {
                // Whoever waited may be gone.
                let _ = ready.send(batch.map(|rows| rows.into_iter().map(|row| plan.prepare(row)).collect()));
            });
        }
    });
}
