//! What a mapping gives and a plan does not use: a column whose field the operation knows, a constant for an item that no column
//! fills. Refused, as a value would be dropped without a word.

use std::collections::BTreeSet;

use super::{Compiler, ROUTING, own};
use crate::contract::Operation;
use crate::prepare::mapping::MappingError;
use crate::prepare::names::{self, Name};
use crate::prepare::plan::OperationPlan;

impl Compiler<'_> {
    /// Columns and constants of fields that the operation knows have to be used somewhere.
    pub(super) fn refuse_unused(&self, plan: &OperationPlan) -> Result<(), MappingError> {
        let used = plan.columns();
        let operation = &plan.operation;
        let mut unused: Vec<(&str, usize)> = self.targets.iter().map(|(field, column)| (*field, *column)).collect();
        unused.retain(|(field, column)| {
            !used.contains(column)
                && !tells_the_kind(field)
                && !self.is_for_others(field)
                && operation.knows_field(&names::general(field))
                && is_mappable(operation, field)
        });
        unused.sort_unstable();
        if let Some((field, column)) = unused.first() {
            return Err(MappingError::Unused {
                column: self.source.columns.get(*column).map(ToString::to_string).unwrap_or_default(),
                field: (*field).to_owned(),
                operation: operation.name.to_string(),
            });
        }
        self.refuse_idle_constants(plan)
    }

    /// Items of a mapping that names no operation may be meant for another one that it serves; the report names what is not sent.
    fn is_for_others(&self, field: &str) -> bool {
        self.mapping.operation.is_none() && Name::parse(field).list.is_some()
    }

    /// A constant belongs to an item that a column makes: one alone makes none.
    fn refuse_idle_constants(&self, plan: &OperationPlan) -> Result<(), MappingError> {
        let made: BTreeSet<&str> = plan
            .items
            .iter()
            .map(|item| item.name.as_str())
            .chain(plan.objects.items.iter().map(|item| item.name.as_str()))
            .collect();
        for field in self.mapping.constants.keys() {
            // What is said of all items is no word of any one: it holds for as many as there are, also for none.
            let Name { list: Some(list), number: Some(number), part: _ } = Name::parse(field) else { continue };
            if !plan.operation.knows_field(&names::general(field)) || self.is_for_others(field) {
                continue;
            }
            let group = plan.frame.groups.iter().find(|group| group.is_called(list));
            let list = group.map_or(list, |group| group.field.as_str());
            let is_made = made.contains(format!("{list}[{number}]").as_str());
            if !is_made {
                return Err(MappingError::Value {
                    section: "constants",
                    field: field.clone(),
                    why: "no column fills this item, so the constant would never be sent; map a column to one of the item's members, or take the constant out".to_owned(),
                });
            }
        }
        Ok(())
    }
}

/// Members that the program sets are refused elsewhere, unless another operation of the run takes the field.
fn is_mappable(operation: &Operation, field: &str) -> bool {
    own::lets_fill(operation, &names::general(field)) != Some(false)
}

/// Fields that are read for the row's way to its operation, whether or not a member takes them.
fn tells_the_kind(field: &str) -> bool {
    ROUTING.contains(&field) || field == "citizenship"
}
