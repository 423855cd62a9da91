//! Where a contract's aliases lead in one mapping: `phone` to `phones[0].number`, to the next item where that one has a column of
//! its own. Two columns for one member are refused, never is one of them dropped.

use std::collections::BTreeMap;

use super::Compiler;
use super::items::{names_of, parts_of};
use super::sources::numbered;
use crate::contract::{Group, Operation};
use crate::prepare::mapping::MappingError;
use crate::prepare::names::{ITEMS_MAX, Name};
use crate::prepare::through::Frame;

/// Vocabulary field → field of the contract that it fills in this mapping.
pub(super) type Aliases = BTreeMap<String, String>;

impl Compiler<'_> {
    /// The contract's aliases, each with a place that nothing else fills.
    pub(super) fn settle_aliases(&self, operation: &Operation, frame: &Frame) -> Result<Aliases, MappingError> {
        let mut settled = Aliases::new();
        for (field, target) in &operation.aliases {
            let Some(&column) = self.targets.get(field.as_str()) else {
                settled.insert(field.clone(), target.clone());
                continue;
            };
            let name = Name::parse(target);
            let group = name.list.and_then(|list| frame.groups.iter().find(|group| group.is_called(list)));
            let (Some(group), Some(first)) = (group, name.number) else {
                self.refuse_taken(operation, field, target, column)?;
                settled.insert(field.clone(), target.clone());
                continue;
            };
            if self.columns_of(group, name.part).any(|own| own == column) {
                // The same column fills an item under the list's own name.
                continue;
            }
            let place = |number: u32| format!("{}[{number}].{}", group.field, name.part);
            let is_free = |number: &u32| {
                let taken =
                    if *number == first { self.takes(group, *number, Some(name.part)) } else { self.takes(group, *number, None) };
                !taken && !settled.values().any(|other| *other == place(*number))
            };
            match (first..ITEMS_MAX).find(is_free) {
                Some(number) => settled.insert(field.clone(), place(number)),
                None => return Err(self.two_for(column, column, target)),
            };
        }
        Ok(settled)
    }

    /// An alias of a member outside lists that has a column of its own.
    fn refuse_taken(&self, operation: &Operation, field: &str, target: &str, column: usize) -> Result<(), MappingError> {
        let Some(leaf) = operation.leaves.iter().find(|leaf| leaf.is_called(target)) else { return Ok(()) };
        let names = [leaf.body_path.as_str(), leaf.field.as_str()];
        let own = names.iter().filter(|name| **name != field).find_map(|name| self.targets.get(name));
        own.filter(|own| **own != column).map_or(Ok(()), |own| Err(self.two_for(*own, column, target)))
    }

    fn two_for(&self, first: usize, second: usize, field: &str) -> MappingError {
        let header = |column: usize| self.source.columns.get(column).map(ToString::to_string).unwrap_or_default();
        MappingError::TwoColumns { first: header(first), second: header(second), field: field.to_owned() }
    }

    /// Columns that fill this part of any item of the list.
    fn columns_of<'c>(&'c self, group: &'c Group, part: &'c str) -> impl Iterator<Item = usize> + 'c {
        let is_it = move |field: &str| {
            let name = Name::parse(field);
            name.list.is_some_and(|list| group.is_called(list)) && names_of_part(group, part).contains(&name.part)
        };
        self.targets.iter().filter(move |(field, _)| is_it(field)).map(|(_, column)| *column)
    }

    /// Whether the mapping fills this part of an item, or any part of it.
    fn takes(&self, group: &Group, number: u32, part: Option<&str>) -> bool {
        let fields = || self.targets.keys().copied().chain(self.mapping.constants.keys().map(String::as_str));
        match part {
            Some(part) => {
                let lists = names_of(group);
                let names: Vec<String> =
                    names_of_part(group, part).iter().flat_map(|part| numbered(&lists, number, part)).collect();
                fields().any(|field| names.iter().any(|name| name == field))
            }
            None => fields().any(|field| {
                let name = Name::parse(field);
                name.number == Some(number) && name.list.is_some_and(|list| group.is_called(list))
            }),
        }
    }
}

/// Every name of a part that mappings may use.
fn names_of_part<'g>(group: &'g Group, part: &'g str) -> Vec<&'g str> {
    let leaf = group.all_leaves().find(|leaf| parts_of(leaf).contains(&part));
    leaf.map_or_else(|| vec![part], parts_of)
}
