//! Which operation a row of a mixed file goes to: by its kind, its residency, its citizenship. Never by a guess.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use super::assemble::translate;
use super::normalize::{CellFault, boolean, country};
use super::plan::{Column, Plan};
use crate::contract::Operation;
use crate::model::text::fold;
use crate::model::{CellKind, Code, Row, Wording};

/// The words of a list of operations.
#[derive(Debug, Default)]
pub(super) struct Router {
    exact: HashMap<String, u8>,
    words: HashMap<String, Vec<u8>>,
    residency: Vec<Option<bool>>,
    citizenship: Vec<Option<String>>,
}

impl Router {
    pub(super) fn new(operations: &[Arc<Operation>]) -> Self {
        let mut router = Self::default();
        for (index, operation) in operations.iter().enumerate() {
            // A provider has a handful of operations.
            let index = u8::try_from(index).unwrap_or(u8::MAX);
            let kind = operation.kind.as_ref();
            router.residency.push(kind.and_then(|kind| kind.residency.as_deref()).map(|residency| residency == "resident"));
            router.citizenship.push(kind.and_then(|kind| kind.citizenship.clone()));
            for word in kind.into_iter().flat_map(|kind| kind.exact.iter().chain([&kind.code])) {
                router.exact.insert(fold(word), index);
            }
            for word in kind.into_iter().flat_map(|kind| &kind.words) {
                router.words.entry(fold(word)).or_default().push(index);
            }
        }
        router
    }

    /// The operations that a word allows; empty for a word that says nothing.
    pub(super) fn candidates(&self, word: &str) -> Vec<u8> {
        let folded = fold(word);
        match (self.exact.get(&folded), self.words.get(&folded)) {
            (Some(&index), _) => vec![index],
            (None, Some(several)) => several.clone(),
            (None, None) => Vec::new(),
        }
    }

    /// The operation that kind, residency and citizenship name together.
    fn route(&self, kind: &str, resident: Option<bool>, citizenship: &str) -> Result<u8, CellFault> {
        if kind.trim().is_empty() {
            return Err(fault(Code::ClientTypeMissing, Wording::KindMissing));
        }
        let candidates = self.candidates(kind);
        if candidates.is_empty() {
            return Err(fault(Code::ClientTypeUnknown, Wording::KindUnknown));
        }
        if let [only] = candidates[..] {
            return if self.contradicts(only, resident) {
                Err(fault(Code::ClientTypeOther, Wording::KindContradicts))
            } else {
                Ok(only)
            };
        }
        let pick = |wanted: &dyn Fn(usize) -> bool| candidates.iter().copied().find(|&index| wanted(usize::from(index)));
        if let Some(index) = resident.and_then(|resident| pick(&|index| self.residency[index] == Some(resident))) {
            return Ok(index);
        }
        // Citizenship proves residency only where the contract says so; the reverse would be a guess.
        let citizen = country::parse(citizenship).ok();
        pick(&|index| self.citizenship[index].is_some() && self.citizenship[index].as_deref() == citizen)
            .ok_or_else(|| fault(Code::ClientTypeResidencyUnknown, Wording::ResidencyUnsettled))
    }

    fn contradicts(&self, operation: u8, resident: Option<bool>) -> bool {
        let of_operation = self.residency.get(usize::from(operation)).copied().flatten();
        matches!((of_operation, resident), (Some(one), Some(other)) if one != other)
    }
}

impl Plan {
    /// The operation of a row, or what stands against telling it, with the column concerned.
    pub(super) fn operation_of(&self, row: &Row) -> Result<u8, (CellFault, Option<usize>)> {
        let word = |column: &Option<Column>| match column {
            Some(column) => translate(column, row.cells.text(column.index)),
            None => Cow::Borrowed(""),
        };
        let at = |column: &Option<Column>| column.as_ref().map(|column| column.index);
        let kind = self.constants.client_type.as_deref().map_or_else(|| word(&self.client_type), Cow::Borrowed);
        let residency = self.constants.residency.as_deref().map_or_else(|| word(&self.residency), Cow::Borrowed);
        let resident = if residency.trim().is_empty() {
            None
        } else {
            let cell_kind = at(&self.residency).map_or(CellKind::Text, |column| row.cells.kind(column));
            let answer = residency_word(&residency).or_else(|| boolean::parse(&residency, cell_kind, &[]).ok());
            let unreadable = || (fault(Code::ClientTypeResidencyUnknown, Wording::ResidencyUnreadable), at(&self.residency));
            Some(answer.ok_or_else(unreadable)?)
        };
        if let [only] = &self.operations[..] {
            // One operation for all rows: the columns may only contradict it.
            let own = self.routed.iter().position(|routed| *routed == Some(0)).and_then(|index| u8::try_from(index).ok());
            let candidates = self.router.candidates(&kind);
            let other = |column| {
                let message = Wording::KindOther.with([(&*only.operation.name).into()]);
                (CellFault { code: Code::ClientTypeOther, message }, column)
            };
            if !candidates.is_empty() && !candidates.iter().any(|index| Some(*index) == own) {
                return Err(other(at(&self.client_type)));
            }
            if own.is_some_and(|own| self.router.contradicts(own, resident)) {
                return Err(other(at(&self.residency)));
            }
            return Ok(0);
        }
        let routed = self.router.route(&kind, resident, &word(&self.citizenship)).map_err(|fault| {
            let column = if fault.code == Code::ClientTypeResidencyUnknown {
                at(&self.residency).or(at(&self.citizenship))
            } else {
                at(&self.client_type)
            };
            (fault, column)
        })?;
        self.routed
            .get(usize::from(routed))
            .copied()
            .flatten()
            .ok_or_else(|| (fault(Code::ClientTypeOther, Wording::KindOfOtherRun), at(&self.client_type)))
    }
}

fn residency_word(text: &str) -> Option<bool> {
    match fold(text).as_str() {
        "резидент" | "resident" | "резидент рф" => Some(true),
        "нерезидент" | "не резидент" | "nonresident" | "non resident" => Some(false),
        _ => None,
    }
}

fn fault(code: Code, message: Wording) -> CellFault {
    CellFault { code, message: message.into() }
}
