//! Members that the program sets or leaves out by itself (`x-mappable: false`, constants of a contract): no mapping fills them.

use std::sync::Arc;

use super::ROUTING;
use crate::contract::Operation;
use crate::prepare::mapping::{Mapping, MappingError};
use crate::prepare::names::{self, Name};

/// Refuses columns and constants for such members. What another operation of the run takes may stay: rows of that kind need it.
pub(super) fn refuse(mapping: &Mapping, operations: &[Arc<Operation>]) -> Result<(), MappingError> {
    let columns =
        mapping.columns.iter().flat_map(|(header, named)| named.iter().map(move |field| (Some(header.as_str()), field)));
    let constants = mapping.constants.keys().map(|field| (None, field.as_str()));
    for (column, field) in columns.chain(constants) {
        if let Some(operation) = keeper(operations, field) {
            return Err(MappingError::SetByProgram {
                source_of: column.map_or_else(|| "a constant".to_owned(), |header| format!("the column `{header}`")),
                field: field.to_owned(),
                operation: operation.name.to_string(),
            });
        }
    }
    Ok(())
}

/// The operation that keeps the field to itself, where none of the run lets mappings fill it.
fn keeper<'o>(operations: &'o [Arc<Operation>], field: &str) -> Option<&'o Operation> {
    // These tell the operation too, and whose the row is.
    if ROUTING.contains(&field) || field == "citizenship" {
        return None;
    }
    let general = names::general(field);
    let mut keeper = None;
    for operation in operations {
        match lets_fill(operation, &general) {
            Some(true) => return None,
            Some(false) => keeper = keeper.or(Some(&**operation)),
            None if operation.knows_field(&general) => return None,
            None => {}
        }
    }
    keeper
}

/// Whether mappings may fill a member of this name; `None` where there is none.
pub(super) fn lets_fill(operation: &Operation, general: &str) -> Option<bool> {
    let named = operation.leaves.iter().filter(|leaf| leaf.is_called(general)).map(|leaf| leaf.mappable);
    let Name { list, part, .. } = Name::parse(general);
    let group = list.and_then(|list| operation.group(list));
    let parts = group.into_iter().flat_map(|group| group.all_leaves().chain(&group.type_leaf));
    let parts = parts.filter(|leaf| leaf.part() == part || leaf.inner_path() == part).map(|leaf| leaf.mappable);
    // The type of an item tells which object it fills, also where the object's own is settled.
    let selecting = list.into_iter().flat_map(|list| operation.selecting(list));
    let selecting = selecting.filter(|(_, selector)| selector.part == part).map(|(leaf, _)| leaf.mappable || part == "type");
    named.chain(parts).chain(selecting).reduce(|one, other| one || other)
}
