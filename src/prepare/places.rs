//! Where the members of a run's bodies come from, for those who tell people about them. Looks at the plan, never at rows.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::field_digest;
use super::plan::Plan;
use crate::contract::Leaf;
use crate::model::FieldName;

/// A member that a column can fill.
struct Place {
    operation: u8,
    pointer: String,
    digest: u32,
    field: FieldName,
    column: Option<usize>,
}

impl Plan {
    /// For every digest of a member's place the field that people know it by, so that a journal can tell what changed.
    #[must_use]
    pub fn names_of_digests(&self) -> HashMap<u32, String> {
        let mut names = HashMap::new();
        for place in self.places() {
            names.entry(place.digest).or_insert_with(|| place.field.to_string());
        }
        names
    }

    /// Digests of the places of members that identify a client.
    #[must_use]
    pub fn identifying_digests(&self) -> HashSet<u32> {
        self.operations.iter().flat_map(|plan| plan.layout.identifying_digests()).collect()
    }

    /// For every member that a column fills: by the operation's number and the member's pointer, its field and its column.
    #[must_use]
    pub fn members(&self) -> HashMap<(u8, String), (FieldName, Option<u16>)> {
        let mut members = HashMap::new();
        for place in self.places() {
            let column = place.column.and_then(|column| u16::try_from(column).ok());
            members.entry((place.operation, place.pointer)).or_insert((place.field, column));
        }
        members
    }

    /// Columns whose values are nobody's personal data by the contracts: all that they fill is of no personal class and takes words
    /// of a closed list only. What no contract speaks of counts as personal.
    #[must_use]
    pub fn open_columns(&self) -> BTreeSet<u16> {
        let (mut open, mut personal) = (BTreeSet::new(), BTreeSet::new());
        personal.extend(self.own_id);
        open.extend(self.client_type.as_ref().map(|column| column.index));
        for plan in &self.operations {
            let mut tell = |column: usize, leaf: &Leaf| {
                let is_open = leaf.pii.is_none() && (leaf.codes.is_some() || leaf.book.is_some() || leaf.render.is_closed());
                if is_open { &mut open } else { &mut personal }.insert(column);
            };
            let in_objects = plan.objects.objects.iter().flat_map(|object| object.fills.iter().flatten());
            for fill in plan.fills.iter().chain(in_objects) {
                fill.from.each_column(&mut |column| tell(column, &fill.leaf));
            }
            for item in &plan.items {
                let type_leaf = plan.frame.groups[item.group].type_leaf.as_ref();
                if let (Some(leaf), Some(column)) = (type_leaf, &item.type_column) {
                    tell(column.index, leaf);
                }
                for part in &item.parts {
                    part.leaves.iter().for_each(|(_, leaf)| part.from.each_column(&mut |column| tell(column, leaf)));
                }
            }
        }
        open.difference(&personal).filter_map(|&column| u16::try_from(column).ok()).collect()
    }

    fn places(&self) -> Vec<Place> {
        let mut places = Vec::new();
        for (operation, plan) in (0_u8..).zip(&self.operations) {
            let in_objects = plan.objects.objects.iter().flat_map(|object| object.fills.iter().flatten());
            for fill in plan.fills.iter().chain(in_objects) {
                let pointer = format!("/{}", fill.leaf.path.join("/"));
                let column = fill.from.column();
                places.push(Place { operation, digest: field_digest(&pointer), pointer, field: fill.field, column });
            }
            let mut counts: HashMap<usize, usize> = HashMap::new();
            for item in &plan.items {
                let group = &plan.frame.groups[item.group];
                // Empty items close up, so this is where the item stands when none is empty.
                let count = counts.entry(item.group).or_insert(0);
                let base = format!("/{}/{count}", group.path.join("/"));
                let digest = |member: usize| plan.layout.digest_of_item(item.group, member, *count);
                if let (Some(leaf), Some(member)) = (&group.type_leaf, item.type_member) {
                    let column = item.type_column.as_ref().map(|column| column.index);
                    let pointer = format!("{base}/{}", leaf.path.join("/"));
                    places.push(Place { operation, pointer, digest: digest(member), field: item.type_field, column });
                }
                for part in &item.parts {
                    let pointer = format!("{base}/{}", part.path.join("/"));
                    let column = part.from.column();
                    places.push(Place { operation, pointer, digest: digest(part.member), field: part.field, column });
                }
                *count += 1;
            }
        }
        places
    }
}
