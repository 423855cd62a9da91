//! One settled row as every writer of the report sees it. Writes nothing.

use super::complaint::Complaint;
use super::lines::Lines;
use crate::model::{Prepared, Settled};

/// A row with its outcome and all that is to be said about it.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReportRow<'a> {
    pub(super) prepared: &'a Prepared,
    pub(super) settled: &'a Settled,
    /// Leading complaint first; what decided the outcome before the rest, errors before warnings.
    pub(super) complaints: &'a [Complaint<'a>],
    /// Names of sheets, columns and operations; turned to this row.
    pub(super) lines: &'a Lines,
}
