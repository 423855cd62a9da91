//! Items of a body's lists: which columns fill `documents[1]`.

use std::collections::BTreeSet;

use super::aliases::Aliases;
use super::sources::numbered;
use super::{Compiler, number_in, text_of};
use crate::contract::{Group, Leaf};
use crate::model::FieldName;
use crate::prepare::cell;
use crate::prepare::layout::Layout;
use crate::prepare::mapping::MappingError;
use crate::prepare::names::Name;
use crate::prepare::plan::{From, ItemPlan, Part};
use crate::prepare::through::Frame;

/// Parts that say the same as the whole, which has a column of its own.
const OF_NUMBER: [&str; 2] = ["series", "number"];

impl Compiler<'_> {
    /// Numbers of the items of a list that columns fill, those that an alias leads to among them.
    pub(super) fn item_numbers(&self, aliases: &Aliases, frame: &Frame, group_index: usize) -> BTreeSet<u32> {
        let Some(group) = frame.groups.get(group_index) else { return BTreeSet::new() };
        let number = |field: &str| number_in(field, |list| group.is_called(list));
        let mut numbers: BTreeSet<u32> = self.targets.keys().filter_map(|field| number(field)).collect();
        numbers.extend(
            aliases
                .iter()
                .filter(|(field, _)| self.targets.contains_key(field.as_str()))
                .filter_map(|(_, target)| number(target)),
        );
        numbers
    }

    pub(super) fn item(
        &self,
        aliases: &Aliases,
        frame: &Frame,
        layout: &Layout,
        group_index: usize,
        number: u32,
    ) -> Result<ItemPlan, MappingError> {
        let group = &frame.groups[group_index];
        let lists = names_of(group);
        let name = |part: &str| format!("{}[{number}].{part}", group.field);
        let type_names: Vec<String> = match &group.type_leaf {
            Some(leaf) => parts_of(leaf).iter().flat_map(|part| numbered(&lists, number, part)).collect(),
            None => Vec::new(),
        };
        let type_constant = match (self.constant_of(&type_names), &group.type_leaf) {
            (Some(value), Some(leaf)) => {
                let word = text_of(value);
                let code = cell::code(leaf, &word).map(|code| code.text.to_owned());
                Some(code.map_err(|fault| MappingError::Value {
                    section: "constants",
                    field: name(leaf.part()),
                    why: format!("`{word}` is {}", fault.message),
                })?)
            }
            (Some(_) | None, _) => None,
        };
        for part in OF_NUMBER {
            self.refuse_two_sources(&name("series_and_number"), &name(part))?;
        }
        let mut parts = Vec::new();
        let mut seen: BTreeSet<&[String]> = BTreeSet::new();
        for leaf in group.all_leaves() {
            if !seen.insert(&leaf.path) {
                continue;
            }
            for part in leaf.join.iter().flat_map(|join| &join.parts) {
                self.refuse_two_sources(&name(leaf.part()), &name(part))?;
            }
            let from = match leaf.constant.as_ref() {
                Some(value) => Some(From::Word(value.as_str().map_or_else(|| value.to_string(), str::to_owned))),
                None => match self.part_source(&lists, number, &parts_of(leaf), leaf) {
                    Some(from) => Some(from),
                    None => self.alias_source(aliases, group, number, leaf)?,
                },
            };
            let Some(from) = from else { continue };
            let leaves = group.variants.iter().filter_map(|variant| {
                let own = variant.leaves.iter().find(|own| own.path == leaf.path)?;
                Some((variant.code.clone(), own.clone()))
            });
            parts.push(Part {
                field: FieldName::new(&name(leaf.part())),
                path: leaf.path.clone(),
                member: layout.item_member(group_index, &leaf.path).unwrap_or(usize::MAX),
                leaves: leaves.collect(),
                from,
            });
        }
        let type_leaf = group.type_leaf.as_ref();
        Ok(ItemPlan {
            name: format!("{}[{number}]", group.field),
            group: group_index,
            type_member: type_leaf.and_then(|leaf| layout.item_member(group_index, &leaf.path)),
            type_field: FieldName::new(&name(type_leaf.map_or("type", Leaf::part))),
            type_column: self.column_of(&type_names),
            type_constant,
            parts,
        })
    }

    fn alias_source(&self, aliases: &Aliases, group: &Group, number: u32, leaf: &Leaf) -> Result<Option<From>, MappingError> {
        for (field, target) in aliases {
            let target = Name::parse(target);
            let leads_here = target.number == Some(number)
                && target.list.is_some_and(|list| group.is_called(list))
                && parts_of(leaf).contains(&target.part);
            if leads_here && let Some(source) = self.field_source(leaf, field)? {
                return Ok(Some(source));
            }
        }
        Ok(None)
    }
}

/// The names that mappings may give to a list.
pub(super) fn names_of(group: &Group) -> Vec<&str> {
    if group.field == group.body_path { vec![&group.field] } else { vec![&group.body_path, &group.field] }
}

/// The names that mappings may give to a part.
pub(super) fn parts_of(leaf: &Leaf) -> Vec<&str> {
    let (part, path) = (leaf.part(), leaf.inner_path());
    if part == path { vec![part] } else { vec![path, part] }
}
