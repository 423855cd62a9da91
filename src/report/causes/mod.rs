//! Root causes: faults grouped by what would mend them all at once, counted in bounded memory. Shows no personal value:
//! words of closed lists stand in clear, of everything else the form only. Changes no mapping.

mod facts;
mod group;
mod line;
mod pattern;
mod present;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use serde::ser::{SerializeStruct as _, Serializer};

use super::complaint::Complaint;
use super::words::tenths_of_percent;
use crate::model::{Code, Lang, Prepared, Settled, Severity};
pub use facts::{Facts, FieldFacts};
use group::{Group, What};
pub use line::MappingLine;

/// Groups that are told apart; beyond, the rarest of them are counted together.
const GROUPS_MAX: usize = 4096;
/// Different sets of groups that rows with several faults are counted by.
const SETS_MAX: usize = 16_384;
/// Values that are longer are told apart by their form.
const VALUE_BYTES_MAX: usize = 160;

/// Faults that one thing would mend.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    /// The code of the faults.
    pub code: Code,
    /// The source column, where they concern one.
    pub column: Option<String>,
    /// The field, where they concern one.
    pub field: Option<String>,
    /// The value that all of them hold, where it is a word of a closed list and nobody's data.
    pub value: Option<String>,
    /// The known word that was surely meant by `value`.
    pub nearest: Option<String>,
    /// The form that all their values have: `9(2).9(2).9(2)`.
    pub pattern: Option<String>,
    /// The provider's own code of a refusal.
    pub provider_code: Option<String>,
    /// The member of the body that the provider names, as a JSON pointer.
    pub pointer: Option<String>,
    /// Rows that have it.
    pub count: u64,
    /// Of how many rows with errors; `None` for what is no error.
    pub of: Option<u64>,
    /// Rows that have no other error: mending this alone clears them.
    pub cleared: u64,
    /// File, sheet and line of the first row.
    pub first: String,
    /// The same of the first rows, a few.
    pub examples: Vec<String>,
    /// The line of the mapping that mends all of them, where there is one.
    pub line: Option<MappingLine>,
}

impl Cause {
    /// The part of all rows with errors, in tenths of a percent, rounded.
    #[must_use]
    pub fn share_per_mille(&self) -> Option<u64> {
        let all = self.of.filter(|all| *all > 0)?;
        u64::try_from(tenths_of_percent(self.count, all)).ok()
    }

    /// What is wrong, in one sentence: the code's meaning and what all the rows have in common.
    #[must_use]
    pub fn sentence(&self, lang: Lang) -> String {
        let meaning = self.code.meaning_in(lang);
        let Some(common) = self.common(lang) else { return meaning.to_owned() };
        format!("{}: {common}.", meaning.trim_end_matches('.'))
    }

    fn common(&self, lang: Lang) -> Option<String> {
        let (open, close) = lang.pick(("'", "'"), ("«", "»"));
        if let Some(value) = &self.value {
            let nearest = self.nearest.as_ref().map_or_else(String::new, |nearest| {
                let word = lang.pick("nearest", "ближайшее —");
                format!(", {word} {open}{nearest}{close}")
            });
            return Some(format!("{open}{value}{close}{nearest}"));
        }
        if let Some(pattern) = &self.pattern {
            return Some(format!("{} {pattern}", lang.pick("values like", "значения вида")));
        }
        let at = |pointer: &str| format!("{} {pointer}", lang.pick("at", "в"));
        match (&self.provider_code, &self.pointer) {
            (Some(code), Some(pointer)) => Some(format!("{code} {}", at(pointer))),
            (Some(code), None) => Some(code.clone()),
            (None, Some(pointer)) => Some(at(pointer)),
            (None, None) => None,
        }
    }
}

impl Serialize for Cause {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Cause", 16)?;
        object.serialize_field("code", self.code.as_str())?;
        object.serialize_field("severity", self.code.severity().as_str())?;
        object.serialize_field("what", &self.sentence(Lang::En))?;
        object.serialize_field("column", &self.column)?;
        object.serialize_field("field", &self.field)?;
        object.serialize_field("value", &self.value)?;
        object.serialize_field("nearest", &self.nearest)?;
        object.serialize_field("pattern", &self.pattern)?;
        object.serialize_field("provider_code", &self.provider_code)?;
        object.serialize_field("pointer", &self.pointer)?;
        object.serialize_field("count", &self.count)?;
        object.serialize_field("share_per_mille", &self.share_per_mille())?;
        object.serialize_field("cleared", &self.cleared)?;
        object.serialize_field("first", &self.first)?;
        object.serialize_field("examples", &self.examples)?;
        object.serialize_field("mapping", &self.line)?;
        object.end()
    }
}

/// All causes in sum, and what the mapping could do about them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Remedy {
    /// Rows with errors.
    pub rows_with_errors: u64,
    /// Causes beyond those that are told.
    pub further_causes: u64,
    /// Whether there were so many different values that the rarest were counted together: other numbers may be too small then.
    pub is_approximate: bool,
    /// Lines for the mapping, each of which mends a cause.
    pub mapping_lines: Vec<MappingLine>,
    /// Rows that these lines clear together.
    pub rows_cleared: u64,
}

/// Counts rows by what would mend them.
#[derive(Debug, Default)]
pub(super) struct Causes {
    facts: Facts,
    groups: HashMap<u32, Group>,
    ids: HashMap<Box<str>, u32>,
    next_id: u32,
    /// Rows with errors of several groups, by the groups.
    sets: HashMap<Box<[u32]>, u64>,
    rows_with_errors: u64,
    /// Cells that hold something, by column.
    filled: Vec<u64>,
    approximate: bool,
    key: String,
    errors: Vec<u32>,
    others: Vec<u32>,
}

impl Causes {
    /// Knows the fields of the run.
    pub(super) fn set_facts(&mut self, facts: Facts) {
        self.facts = facts;
    }

    /// Counts a row with everything that is to be said about it.
    pub(super) fn add(&mut self, prepared: &Prepared, settled: &Settled, complaints: &[Complaint<'_>]) {
        let cells = &prepared.row.cells;
        self.filled.resize(self.filled.len().max(cells.len()), 0);
        for (index, filled) in self.filled.iter_mut().enumerate() {
            *filled += u64::from(!cells.text(index).is_empty());
        }
        self.errors.clear();
        self.others.clear();
        for complaint in complaints.iter().filter(|complaint| !complaint.is_reason) {
            let id = self.group_of(complaint, settled, prepared);
            let list = match complaint.code.severity() {
                Severity::Error => &mut self.errors,
                Severity::Warning | Severity::Info => &mut self.others,
            };
            if !list.contains(&id) {
                list.push(id);
            }
        }
        for id in self.errors.iter().chain(&self.others) {
            if let Some(group) = self.groups.get_mut(id) {
                group.add(prepared.row.place);
            }
        }
        match &mut self.errors[..] {
            [] => return,
            [only] => {
                if let Some(group) = self.groups.get_mut(only) {
                    group.alone += 1;
                }
            }
            several => {
                several.sort_unstable();
                if let Some(rows) = self.sets.get_mut(&*several) {
                    *rows += 1;
                } else if self.sets.len() < SETS_MAX {
                    self.sets.insert(Box::from(&*several), 1);
                } else {
                    self.approximate = true;
                }
            }
        }
        self.rows_with_errors += 1;
        if self.groups.len() > GROUPS_MAX {
            self.forget_the_rarest();
        }
    }

    fn group_of(&mut self, complaint: &Complaint<'_>, settled: &Settled, prepared: &Prepared) -> u32 {
        let what = What::of(complaint, settled, &self.facts);
        group::write_key(&mut self.key, complaint, &what);
        let id = match self.ids.get(self.key.as_str()) {
            Some(id) => *id,
            None => {
                let group = Group::new(complaint, what, prepared.row.place);
                let id = self.next_id;
                self.next_id += 1;
                self.ids.insert(self.key.as_str().into(), id);
                self.groups.insert(id, group);
                id
            }
        };
        if let Some(group) = self.groups.get_mut(&id) {
            group.watch(complaint);
        }
        id
    }

    /// Counts the rarer half of the groups that differ by a value or form as one for each code, column and field.
    fn forget_the_rarest(&mut self) {
        self.approximate = true;
        let mut rows: Vec<(u64, u32)> =
            self.groups.iter().filter(|(_, group)| group.what.is_particular()).map(|(id, group)| (group.rows, *id)).collect();
        rows.sort_unstable();
        rows.truncate(rows.len() / 2);
        let rarest: HashSet<u32> = rows.into_iter().map(|(_, id)| id).collect();
        self.ids.retain(|_, id| !rarest.contains(id));
        for id in rarest {
            let Some(group) = self.groups.remove(&id) else { continue };
            let various = group.into_various();
            let key = various.key();
            match self.ids.get(key.as_str()).and_then(|id| self.groups.get_mut(id)) {
                Some(known) => known.merge(&various),
                None => {
                    self.ids.insert(key.into(), self.next_id);
                    self.groups.insert(self.next_id, various);
                    self.next_id += 1;
                }
            }
        }
    }
}
