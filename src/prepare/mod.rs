//! Room 2: a row becomes a request body, or a list of faults. Pure, on all cores; the only user of rayon.
//! mapping → normalize → assemble body → validate → fingerprint.

mod assemble;
mod cell;
mod compile;
mod dates;
mod fingerprint;
mod infer;
mod layout;
mod locate;
mod mapping;
mod members;
pub mod normalize;
mod places;
mod plan;
mod proposal;
mod route;

pub use dates::{DateProof, DateQuestion, describe};
pub use fingerprint::{Scope, field_digest};
pub use infer::{infer, knows_header};
pub use mapping::{Mapping, MappingError, SourceHints};
pub use plan::Plan;
pub use proposal::{Guess, Proposal};

use rayon::prelude::*;

use crate::model::{Prepared, Row};

/// Prepares a batch on all cores; the order is kept.
#[must_use]
pub fn batch(plan: &Plan, rows: Vec<Row>) -> Vec<Prepared> {
    // Rows are cheap: small pieces would cost more in handing over than they gain.
    rows.into_par_iter().with_min_len(256).map(|row| plan.prepare(row)).collect()
}
