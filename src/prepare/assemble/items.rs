//! Items of a body's lists in one row: the type first, then the parts as items of that type have them.

use super::{Work, is_empty, translate};
use crate::contract::{Leaf, Render};
use crate::model::{Code, Wording};
use crate::prepare::cell::{self, Written};
use crate::prepare::members::Members;
use crate::prepare::normalize::CellFault;
use crate::prepare::plan::{From, ItemPlan, OperationPlan, Part};

impl<'a> Work<'a> {
    pub(super) fn item(&mut self, plan: &'a OperationPlan, item_index: usize, item: &'a ItemPlan, members: &mut Members<'_>) {
        let cells = &self.row.cells;
        if !self.has_cell(item) {
            return;
        }
        let group = &plan.frame.groups[item.group];
        let place = members.open_item(item.group);
        self.numbers.push((item.group, item_index));
        let pointer = |member: &[String]| format!("/{}/{place}/{}", group.path.join("/"), member.join("/"));
        let mut code: Option<&str> = None;
        if let Some(leaf) = &group.type_leaf {
            let written = item.type_column.as_ref().map(|column| (column, translate(column, cells.text(column.index))));
            match written.filter(|(_, word)| !is_empty(word)) {
                Some((column, word)) => match cell::code(leaf, &word) {
                    Ok(known) => {
                        code = Some(known.text);
                        self.change(column.index, item.type_field, known.text);
                    }
                    Err(fault) => {
                        self.attempted.push(pointer(&leaf.path));
                        self.fault(fault, Some(column.index), item.type_field);
                    }
                },
                None => code = item.type_constant.as_deref().or(group.default_type.as_deref()),
            }
            if let (Some(known), Some(member)) = (code.and_then(|code| leaf.codes.as_ref()?.find_code(code)), item.type_member) {
                members.put_item(member, &cell::written_code(known));
            }
        }
        // Without its type nobody can tell what a document's parts have to be: the missing type is the fault to tell.
        if group.type_leaf.is_some() && code.is_none() {
            return;
        }
        for part in &item.parts {
            let own = part.leaves.iter().find(|(known, _)| known.is_none() || known.as_deref() == code);
            let Some((_, leaf)) = own.or_else(|| part.leaves.first()) else { continue };
            // A constant of another type's items says nothing about this one.
            if own.is_none() && leaf.constant.is_some() {
                continue;
            }
            if leaf.constant.is_none() && self.stands_alone(part, item) {
                continue;
            }
            let Some((column, value)) = self.part(part, leaf, code.is_some() && own.is_none()) else { continue };
            let value = self.spelled(&part.from, leaf, column, part.field, value);
            self.settle(value, column, part.field, || pointer(&leaf.path), |value| members.put_item(part.member, value));
        }
        if let (0, Some(primary)) = (place, &group.primary) {
            let leaf = group.leaves(code).iter().find(|leaf| leaf.path.len() == 1 && leaf.path.first() == Some(primary));
            let is_mapped = plan
                .items
                .iter()
                .filter(|other| other.group == item.group)
                .any(|other| other.parts.iter().any(|part| part.path.len() == 1 && part.path.first() == Some(primary)));
            if let (Some(leaf), false) = (leaf, is_mapped)
                && let Some(member) = plan.layout.item_member(item.group, &leaf.path)
            {
                members.put_item(member, &yes(leaf));
            }
        }
    }

    /// Whether any cell says something about the item.
    fn has_cell(&self, item: &ItemPlan) -> bool {
        item.type_column.as_ref().is_some_and(|column| self.is_filled(column.index))
            || item.parts.iter().any(|part| {
                let mut any = false;
                part.from.each_column(&mut |column| any |= self.is_filled(column));
                any
            })
    }

    /// Whether the part is a constant of the mapping in an object of the item of which no cell says anything: it alone makes no object.
    fn stands_alone(&self, part: &Part, item: &ItemPlan) -> bool {
        let ([object, _, ..], From::Constant(_) | From::Word(_)) = (&part.path[..], &part.from) else { return false };
        let beside = |other: &&Part| other.path.len() > 1 && other.path.first() == Some(object);
        !item.parts.iter().filter(beside).any(|other| {
            let mut any = false;
            other.from.each_column(&mut |column| any |= self.is_filled(column));
            any
        })
    }

    /// A part's value with the column it comes from; `None` when its cells are empty.
    fn part(&self, part: &'a Part, leaf: &Leaf, is_unexpected: bool) -> Option<(usize, Result<Written<'a>, CellFault>)> {
        let found = self.value(&part.from, leaf);
        if let (None, From::SeriesAndNumber(column, _), true) = (&found, &part.from, is_unexpected)
            && !is_empty(self.row.cells.text(*column))
        {
            // The type takes no series, but the cell is there all the same.
            return Some((*column, Err(refused(leaf))));
        }
        let (column, value) = found?;
        let is_constant = matches!(part.from, From::Constant(_) | From::Word(_));
        if !is_unexpected || is_constant {
            return Some((column, value));
        }
        Some((column, Err(refused(leaf))))
    }
}

fn refused(leaf: &Leaf) -> CellFault {
    CellFault { code: Code::ValueUnexpected, message: Wording::NotForType.with([(&leaf.title).into()]) }
}

/// Yes, as the flag is written.
fn yes(leaf: &Leaf) -> Written<'static> {
    match leaf.render {
        Render::Flag01 => Written::Number("1".into()),
        _ => Written::Flag(true),
    }
}
