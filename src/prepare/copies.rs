//! Objects that take another one's members where a row says nothing of them, because the user chose it: the mailing address of
//! somebody who gets mail at home. Decides for whole objects: one that is partly filled stays as it is.

use super::layout::Layout;
use super::mapping::{Mapping, MappingError};
use super::plan::Fill;
use super::through::Frame;

/// One object that may be copied.
pub(super) struct CopyPlan {
    /// Columns that fill the object itself.
    pub(super) columns: Vec<usize>,
    /// Places of the other object's members, and where they go.
    pub(super) slots: Vec<(usize, usize)>,
    /// Pointers of both objects: the other one's, and its own.
    pub(super) pointers: (String, String),
}

/// The copies that a mapping asks for.
///
/// # Errors
/// When an object does not exist in the contract, or the two have no member in common.
pub(super) fn plan(mapping: &Mapping, frame: &Frame, layout: &Layout, fills: &[Fill]) -> Result<Vec<CopyPlan>, MappingError> {
    let mut copies = Vec::new();
    for (object, other) in &mapping.options.copy_when_empty {
        let steps = |path: &str| path.split('.').map(str::to_owned).collect::<Vec<String>>();
        let (own, from) = (steps(object), steps(other));
        // An operation without such an object has nothing to copy.
        if !frame.leaves.iter().any(|leaf| leaf.path.starts_with(&own)) {
            continue;
        }
        let slots: Vec<(usize, usize)> = frame
            .leaves
            .iter()
            .filter_map(|leaf| {
                let member = leaf.path.strip_prefix(&from[..])?;
                let target: Vec<String> = own.iter().chain(member).cloned().collect();
                Some((layout.slot(&leaf.path)?, layout.slot(&target)?))
            })
            .collect();
        if slots.is_empty() || own == from {
            return Err(MappingError::Value {
                section: "options",
                field: "copy_when_empty".to_owned(),
                why: format!("`{object}` and `{other}` have no members in common"),
            });
        }
        let mut columns = Vec::new();
        for fill in fills.iter().filter(|fill| fill.leaf.path.starts_with(&own)) {
            fill.from.each_column(&mut |column| columns.push(column));
        }
        let pointer = |path: &[String]| format!("/{}", path.join("/"));
        copies.push(CopyPlan { columns, slots, pointers: (pointer(&from), pointer(&own)) });
    }
    Ok(copies)
}
