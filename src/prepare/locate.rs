//! From a body's member back to the column it came from, so that a complaint about the body names a cell.

use super::assemble::{Work, index, is_empty};
use super::plan::{Fill, ObjectPlan, OperationPlan};
use crate::contract::{Leaf, Violation};
use crate::model::{Fault, FieldName, Message, Wording};

impl Work<'_> {
    /// A violation as a fault of the column that the member came from.
    pub(super) fn told(&self, plan: &OperationPlan, violation: Violation) -> Fault {
        let (field, column) = self.locate(plan, &violation);
        Fault {
            code: violation.code,
            field,
            column: column.map(index),
            found: column.map(|column| self.row.cells.text(column)).filter(|text| !is_empty(text)).map(Box::from),
            message: self.with_other_address(plan, &violation),
        }
    }

    /// The words of a violation; where an address is missing and the row has another one, with what makes it serve as both: which
    /// address a client lives at is not guessed.
    fn with_other_address(&self, plan: &OperationPlan, violation: &Violation) -> Message {
        let message = violation.message.clone();
        let Some(member) = violation.member.as_deref().filter(|_| violation.pointer.is_empty()) else { return message };
        let objects = &plan.objects.objects;
        let is_address = |object: &&ObjectPlan| object.group == "addresses";
        if !objects.iter().filter(is_address).any(|object| object.name == member) {
            return message;
        }
        let by_column = |name: &str| {
            plan.fills.iter().any(|fill| {
                fill.leaf.path.first().is_some_and(|first| first == name)
                    && fill.from.column().is_some_and(|column| self.is_filled(column))
            })
        };
        let others = objects.iter().filter(is_address).map(|object| object.name.as_str()).filter(|name| *name != member);
        match others.into_iter().find(|name| self.by_item.contains(name) || by_column(name)) {
            Some(other) => Wording::AlsoServes.with([message.into(), other.into(), member.into()]),
            None => message,
        }
    }

    fn locate(&self, plan: &OperationPlan, violation: &Violation) -> (Option<FieldName>, Option<usize>) {
        let mut steps: Vec<&str> = violation.pointer.split('/').skip(1).collect();
        if let Some(member) = &violation.member {
            steps.push(member);
        }
        for fill in &plan.fills {
            if is_at(&fill.leaf.path, &steps) {
                return (Some(fill.field), fill.from.column());
            }
        }
        let in_objects = plan.objects.objects.iter().flat_map(|object| object.fills.iter().flatten());
        let of_object: Vec<_> = in_objects.filter(|fill| is_at(&fill.leaf.path, &steps)).collect();
        let is_filled = |fill: &&&Fill| fill.from.column().is_some_and(|column| self.is_filled(column));
        if let Some(fill) = of_object.iter().find(is_filled).or(of_object.first()) {
            return (Some(fill.field), fill.from.column());
        }
        for (group_index, group) in plan.frame.groups.iter().enumerate() {
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
            let of_type = || (Some(item.type_field), item.type_column.as_ref().map(|column| column.index));
            let inner = rest.get(1..).unwrap_or_default();
            if inner.is_empty() || group.type_leaf.as_ref().is_some_and(|leaf| is_at(&leaf.path, inner)) {
                return of_type();
            }
            if let Some(part) = item.parts.iter().find(|part| is_at(&part.path, inner)) {
                return (Some(part.field), part.from.column());
            }
            let named = |part: &str| FieldName::new(&format!("{}.{part}", item.name));
            return match group.all_leaves().find(|leaf| is_at(&leaf.path, inner)) {
                Some(leaf) => (Some(named(leaf.part())), None),
                None if group.all_leaves().any(|leaf| leaf.path.first().map(String::as_str) == inner.first().copied()) => {
                    (Some(named(&inner.join("."))), None)
                }
                None => (Some(item.type_field), None),
            };
        }
        if let Some(leaf) = plan.operation.leaves.iter().find(|leaf| is_at(&leaf.path, &steps)) {
            return (Some(FieldName::new(if leaf.selector.is_some() { &leaf.body_path } else { &leaf.field })), None);
        }
        let leads_there = |leaf: &&Leaf| leaf.path.iter().map(String::as_str).take(steps.len()).eq(steps.iter().copied());
        let object = plan.operation.leaves.iter().find(leads_there).filter(|_| !steps.is_empty());
        (object.map(|_| FieldName::new(&steps.join("."))), None)
    }
}

fn is_at(path: &[String], steps: &[&str]) -> bool {
    path.iter().map(String::as_str).eq(steps.iter().copied())
}

fn strip<'s>(steps: &'s [&'s str], path: &[String]) -> Option<&'s [&'s str]> {
    let (head, rest) = steps.split_at_checked(path.len())?;
    head.iter().copied().eq(path.iter().map(String::as_str)).then_some(rest)
}
