//! What most faults of a run have in common, counted in bounded memory. Holds no found values.

use std::cmp::Reverse;
use std::collections::HashMap;

use serde::Serialize;

use super::complaint::Complaint;
use crate::model::{Code, Place, Source};

/// Kinds of causes that are told apart; beyond, the column is no longer kept.
const KINDS_MAX: usize = 4096;

/// A code in a column with how often it occurs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// The code of the fault.
    #[serde(serialize_with = "super::summary::code_name")]
    pub code: Code,
    /// The source column, where the fault concerns one.
    pub column: Option<String>,
    /// Faults of this kind.
    pub count: u64,
    /// File, sheet and line of the first of them.
    pub first: String,
}

/// Counts faults by code and column.
#[derive(Debug, Default)]
pub(super) struct Causes(HashMap<(Code, Option<u16>), (u64, Place)>);

impl Causes {
    pub(super) fn add(&mut self, place: Place, complaint: &Complaint<'_>) {
        let mut key = (complaint.code, complaint.column);
        if self.0.len() >= KINDS_MAX && !self.0.contains_key(&key) {
            key.1 = None;
        }
        self.0.entry(key).or_insert((0, place)).0 += 1;
    }

    /// The largest ones: errors before warnings, then by number.
    pub(super) fn largest(&self, source: &Source, most: usize) -> Vec<Cause> {
        let mut all: Vec<_> = self.0.iter().map(|(&(code, column), &(count, place))| (code, column, count, place)).collect();
        all.sort_by_key(|&(code, column, count, place)| (Reverse(code.severity()), Reverse(count), place, code, column));
        all.truncate(most);
        let name = |column: u16| source.columns.get(usize::from(column)).map(|name| name.to_string());
        all.into_iter()
            .map(|(code, column, count, place)| Cause {
                code,
                column: column.and_then(name),
                count,
                first: source.locate(place).to_string(),
            })
            .collect()
    }
}
