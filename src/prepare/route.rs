//! Which operation a row of a mixed file goes to: by its kind, its residency, its citizenship. Never by a guess.

use std::collections::HashMap;
use std::sync::Arc;

use super::normalize::{CellFault, boolean, country};
use crate::contract::Operation;
use crate::model::text::fold;
use crate::model::{CellKind, Code};

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

    /// The operation of a row.
    pub(super) fn route(
        &self,
        kind: &str,
        residency: &str,
        residency_kind: CellKind,
        citizenship: &str,
    ) -> Result<u8, CellFault> {
        if kind.trim().is_empty() {
            return Err(fault(Code::ClientTypeMissing, "the kind of client is missing"));
        }
        let candidates = self.candidates(kind);
        if let [only] = candidates[..] {
            return Ok(only);
        }
        if candidates.is_empty() {
            return Err(fault(Code::ClientTypeUnknown, "not a kind of client that the provider knows"));
        }
        let pick = |wanted: &dyn Fn(usize) -> bool| candidates.iter().copied().find(|&index| wanted(usize::from(index)));
        if !residency.trim().is_empty() {
            let resident = residency_word(residency)
                .or_else(|| boolean::parse(residency, residency_kind, &[]).ok())
                .ok_or_else(|| fault(Code::ClientTypeResidencyUnknown, "the residency is neither yes nor no"))?;
            if let Some(index) = pick(&|index| self.residency[index] == Some(resident)) {
                return Ok(index);
            }
        }
        // Citizenship proves residency only where the contract says so; the reverse would be a guess.
        let citizen = country::parse(citizenship).ok();
        pick(&|index| self.citizenship[index].is_some() && self.citizenship[index].as_deref() == citizen)
            .ok_or_else(|| fault(Code::ClientTypeResidencyUnknown, "neither a residency column nor the citizenship settles it"))
    }
}

fn residency_word(text: &str) -> Option<bool> {
    match fold(text).as_str() {
        "резидент" | "resident" | "резидент рф" => Some(true),
        "нерезидент" | "не резидент" | "nonresident" | "non resident" => Some(false),
        _ => None,
    }
}

fn fault(code: Code, message: &str) -> CellFault {
    CellFault { code, message: message.into() }
}
