//! The members of a body: those that the contract names, and those that a mapping passes through where the contract lets it.
//! Checks no value of the latter but its JSON type.

use super::mapping::{Mapping, MappingError, ValueType};
use super::names::{self, Name};
use crate::contract::{Group, Guard, Leaf, Operation, Render, Variant, vocabulary};

/// Members that columns can fill, in the form in which contracts have them.
pub(super) struct Frame {
    pub(super) leaves: Vec<Leaf>,
    pub(super) groups: Vec<Group>,
}

impl Frame {
    /// The contract's members, with those that the mapping adds.
    pub(super) fn new<'m>(
        operation: &Operation,
        mapping: &Mapping,
        targets: impl Iterator<Item = &'m str>,
    ) -> Result<Self, MappingError> {
        let mut frame = Self { leaves: operation.leaves.clone(), groups: operation.groups.clone() };
        if !operation.passes_through {
            return Ok(frame);
        }
        let mut targets: Vec<&str> = targets.filter(|field| is_passed_through(operation, field)).collect();
        // The layout must not depend on the order of a hash map.
        targets.sort_unstable();
        targets.dedup();
        for field in targets {
            let declared = mapping.types.get(field).or_else(|| mapping.types.get(&names::general(field))).copied();
            frame.add(field, declared.unwrap_or_default())?;
        }
        Ok(frame)
    }

    fn add(&mut self, field: &str, value_type: ValueType) -> Result<(), MappingError> {
        let name = Name::parse(field);
        let list: Vec<String> = name.list.iter().flat_map(|list| list.split('.')).map(str::to_owned).collect();
        let path: Vec<String> = name.part.split('.').map(str::to_owned).collect();
        let refuse = |what: &str| MappingError::Value {
            section: "columns",
            field: field.to_owned(),
            why: format!("{what}; `clientferry fields OPERATION` lists its members"),
        };
        let outer = if name.list.is_some() { &list } else { &path };
        if self.leaves.iter().any(|leaf| overlap(&leaf.path, outer)) {
            return Err(refuse("the contract has a value where the path has an object or a list, or the other way round"));
        }
        let leaf = passed_through(&names::general(field), path.clone(), value_type);
        let Some(list_name) = name.list else {
            if self.groups.iter().any(|group| overlap(&group.path, outer)) {
                return Err(refuse("the path leads through a list; write its items as `list[0].member`"));
            }
            self.leaves.push(leaf);
            return Ok(());
        };
        let crosses_list = self.groups.iter().any(|group| !group.is_called(list_name) && overlap(&group.path, &list));
        match self.groups.iter_mut().find(|group| group.is_called(list_name)) {
            Some(group) => {
                if group.all_leaves().any(|known| known.path != leaf.path && overlap(&known.path, &leaf.path)) {
                    return Err(refuse("the contract has a value where the path has an object, or the other way round"));
                }
                for variant in &mut group.variants {
                    if !variant.leaves.iter().any(|known| known.path == leaf.path) {
                        variant.leaves.push(leaf.clone());
                    }
                }
            }
            None if crosses_list => {
                return Err(refuse("the path leads through a list of the contract"));
            }
            None => self.groups.push(Group {
                field: list_name.to_owned(),
                body_path: list_name.to_owned(),
                path: list,
                title: list_name.to_owned(),
                required: false,
                type_leaf: None,
                default_type: None,
                primary: None,
                header_words: Vec::new(),
                variants: vec![Variant { code: None, leaves: vec![leaf] }],
            }),
        }
        Ok(())
    }
}

/// Whether a field of a mapping is a member that the contract does not name.
pub(super) fn is_passed_through(operation: &Operation, field: &str) -> bool {
    operation.passes_through
        && names::is_path(field)
        && !operation.knows_field(&names::general(field))
        && !is_of_vocabulary(field)
}

/// Whether the vocabulary has the field, or the part of one of its groups.
pub(super) fn is_of_vocabulary(field: &str) -> bool {
    let name = Name::parse(field);
    match name.list {
        None => vocabulary().field(field).is_some(),
        Some(list) => vocabulary().group(list).is_some_and(|group| group.parts.iter().any(|part| part.name == name.part)),
    }
}

/// Whether one path leads through the other, or is the same.
fn overlap(one: &[String], other: &[String]) -> bool {
    one.iter().zip(other).all(|(one, other)| one == other)
}

fn passed_through(body_path: &str, path: Vec<String>, value_type: ValueType) -> Leaf {
    let render = match value_type {
        ValueType::Text => Render::Text,
        ValueType::Integer => Render::Integer,
        ValueType::Number => Render::Decimal,
        ValueType::Boolean => Render::Boolean,
        ValueType::Date => Render::IsoDate,
    };
    Leaf {
        field: body_path.to_owned(),
        body_path: body_path.to_owned(),
        title: body_path.to_owned(),
        path,
        description: String::new(),
        render,
        required: false,
        mappable: true,
        codes: None,
        constant: None,
        true_words: Vec::new(),
        max_length: None,
        example: None,
        pii: None,
        guard: Guard::default(),
        alternatives: Vec::new(),
        join: None,
        headers: Vec::new(),
        selector: None,
        phone_region: None,
        book: None,
    }
}
