//! From a body's member back to the column it came from, so that a complaint about the body names a cell.

use super::assemble::{Work, index, is_empty, source_column};
use super::plan::{OperationPlan, PartSource};
use crate::contract::Violation;
use crate::model::{Fault, FieldName};

impl Work<'_> {
    /// A violation as a fault of the column that the member came from.
    pub(super) fn told(&self, plan: &OperationPlan, violation: Violation) -> Fault {
        let (field, column) = self.locate(plan, &violation);
        Fault {
            code: violation.code,
            field,
            column: column.map(index),
            found: column.map(|column| self.row.cells.text(column)).filter(|text| !is_empty(text)).map(Box::from),
            message: violation.message.into(),
        }
    }

    fn locate(&self, plan: &OperationPlan, violation: &Violation) -> (Option<FieldName>, Option<usize>) {
        let mut steps: Vec<&str> = violation.pointer.split('/').skip(1).collect();
        if let Some(member) = &violation.member {
            steps.push(member);
        }
        for fill in &plan.fills {
            if fill.leaf.path.iter().map(String::as_str).eq(steps.iter().copied()) {
                return (Some(fill.field), source_column(&fill.from));
            }
        }
        for (group_index, group) in plan.operation.groups.iter().enumerate() {
            let Some(rest) = strip(&steps, &group.path) else { continue };
            let Some(place) = rest.first().and_then(|place| place.parse::<usize>().ok()) else {
                return (Some(FieldName::new(&group.field)), None);
            };
            let Some(item) = self
                .numbers
                .iter()
                .filter(|(group, _)| *group == group_index)
                .nth(place)
                .and_then(|(_, item)| plan.items.get(*item))
            else {
                return (Some(FieldName::new(&group.field)), None);
            };
            let Some(member) = rest.get(1) else {
                return (Some(item.type_field), item.type_column.as_ref().map(|column| column.index));
            };
            if group.type_leaf.as_ref().and_then(|leaf| leaf.path.first()).is_some_and(|path| path == member) {
                return (Some(item.type_field), item.type_column.as_ref().map(|column| column.index));
            }
            let general = group
                .variants
                .iter()
                .flat_map(|variant| &variant.leaves)
                .find(|leaf| leaf.path.first().is_some_and(|path| path == member))
                .map(|leaf| leaf.field.as_str());
            let Some(general) = general else { return (Some(item.type_field), None) };
            let part = item.parts.iter().find(|part| part.general == general);
            let numbered = || {
                FieldName::new(
                    &item.type_field.as_str().replace("].type", &format!("].{}", general.rsplit('.').next().unwrap_or_default())),
                )
            };
            return match part {
                Some(part) => (
                    Some(part.field),
                    match &part.source {
                        PartSource::Column(column) => Some(column.index),
                        PartSource::SeriesAndNumber(column, _) => Some(*column),
                        PartSource::Joined(columns) => columns.first().copied(),
                        PartSource::Constant(_) => None,
                    },
                ),
                None => (Some(numbered()), None),
            };
        }
        let leaf = plan.operation.leaves.iter().find(|leaf| leaf.path.iter().map(String::as_str).eq(steps.iter().copied()));
        (leaf.map(|leaf| FieldName::new(&leaf.field)), None)
    }
}

fn strip<'s>(steps: &'s [&'s str], path: &[String]) -> Option<&'s [&'s str]> {
    let (head, rest) = steps.split_at_checked(path.len())?;
    head.iter().copied().eq(path.iter().map(String::as_str)).then_some(rest)
}
