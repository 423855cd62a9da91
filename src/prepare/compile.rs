//! A mapping against a source's columns and a contract's members: who fills what. Refuses what would drop a value silently.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, RwLock};

use super::cell::{self, Written};
use super::layout::Layout;
use super::mapping::{Mapping, MappingError, nearest};
use super::plan::{Column, Fill, From, ItemPlan, OperationPlan, Part, PartSource};
use crate::contract::{Leaf, Operation, vocabulary};
use crate::model::text::fold;
use crate::model::{CellKind, FieldName, Source};

/// Parts of an address in the order in which they are joined.
const ADDRESS_PARTS: [&str; 9] = ["postcode", "region", "district", "city", "settlement", "street", "house", "building", "flat"];

/// Compiles a mapping against a source's columns.
pub(super) struct Compiler<'a> {
    mapping: &'a Mapping,
    source: &'a Source,
    /// Field → column.
    targets: HashMap<&'a str, usize>,
}

impl<'a> Compiler<'a> {
    pub(super) fn new(mapping: &'a Mapping, source: &'a Source) -> Result<Self, MappingError> {
        let mut targets: HashMap<&str, usize> = HashMap::new();
        for (header, fields) in &mapping.columns {
            let index = find_column(header, source)?;
            for field in fields.iter() {
                check_field(field)?;
                if let Some(other) = targets.insert(field, index).filter(|other| *other != index) {
                    return Err(MappingError::TwoColumns {
                        first: source.columns[other].to_string(),
                        second: header.clone(),
                        field: field.to_owned(),
                    });
                }
            }
        }
        for field in mapping.constants.keys().chain(mapping.values.keys()) {
            check_field(field)?;
        }
        for field in mapping.formats.keys().filter(|field| *field != "phone_region") {
            check_field(field)?;
        }
        Ok(Self { mapping, source, targets })
    }

    fn values(&self, field: &str, general: &str) -> Option<Arc<HashMap<String, String>>> {
        let written = self.mapping.values.get(field).or_else(|| self.mapping.values.get(general))?;
        Some(Arc::new(written.iter().map(|(word, value)| (fold(word), text_of(value))).collect()))
    }

    pub(super) fn column(&self, field: &str) -> Option<Column> {
        self.targets.get(field).map(|&index| Column { index, values: self.values(field, field) })
    }

    pub(super) fn operation(&self, operation: &Arc<Operation>) -> Result<OperationPlan, MappingError> {
        let layout = Layout::new(operation);
        for part in ["last_name", "first_name", "middle_name"] {
            self.refuse_two_sources("full_name", part)?;
        }
        let mut fills = Vec::new();
        for leaf in &operation.leaves {
            let field = FieldName::new(&leaf.field);
            let slot = layout.slot(&leaf.path).unwrap_or(usize::MAX);
            if let Some(constant) = &leaf.constant {
                fills.push(Fill {
                    leaf: leaf.clone(),
                    field,
                    slot,
                    from: From::Constant(Written::Text(Cow::Owned(constant.clone()))),
                });
                continue;
            }
            let full_name = ["last_name", "first_name", "middle_name"].iter().position(|name| *name == leaf.field);
            let from = match (self.column(&leaf.field), self.mapping.constants.get(&leaf.field), full_name) {
                (Some(column), _, _) => From::Column(column),
                (None, Some(constant), _) => From::Constant(constant_value(leaf, constant)?),
                (None, None, Some(word)) => match self.targets.get("full_name") {
                    Some(&index) => From::FullName(index, u8::try_from(word).unwrap_or(0)),
                    None => continue,
                },
                (None, None, None) => continue,
            };
            fills.push(Fill { leaf: leaf.clone(), field, slot, from });
        }
        let mut items = Vec::new();
        for (group_index, group) in operation.groups.iter().enumerate() {
            for number in self.item_numbers(&group.field) {
                items.push(self.item(operation, &layout, group_index, number)?);
            }
        }
        Ok(OperationPlan { operation: operation.clone(), layout, fills, items, left_out: Vec::new(), shapes: RwLock::default() })
    }

    /// Columns that some operations of the run take and this one does not, once all are compiled.
    pub(super) fn settle_left_out(&self, plans: &mut [OperationPlan]) {
        let taken: Vec<BTreeSet<usize>> = plans.iter().map(OperationPlan::columns).collect();
        let routing = ["external_id", "client_type", "residency"];
        for (number, plan) in plans.iter_mut().enumerate() {
            let elsewhere = |index: &usize| taken.iter().any(|columns| columns.contains(index)) && !taken[number].contains(index);
            let mut left_out: Vec<(usize, FieldName)> = self
                .targets
                .iter()
                .filter(|(field, index)| !routing.contains(*field) && elsewhere(index))
                .map(|(field, index)| (*index, FieldName::new(field)))
                .collect();
            left_out.sort_unstable();
            plan.left_out = left_out;
        }
    }

    /// Two sources for one value: one of them would be dropped.
    fn refuse_two_sources(&self, whole: &str, part: &str) -> Result<(), MappingError> {
        match (self.targets.get(whole), self.targets.get(part)) {
            (Some(&first), Some(&second)) if first != second => Err(MappingError::TwoColumns {
                first: self.source.columns[first].to_string(),
                second: self.source.columns[second].to_string(),
                field: format!("{whole} and {part}"),
            }),
            (Some(_) | None, _) => Ok(()),
        }
    }

    fn item_numbers(&self, group: &str) -> BTreeSet<u32> {
        self.targets
            .keys()
            .filter_map(|field| item_of(field).filter(|(name, _, _)| *name == group))
            .map(|(_, number, _)| number)
            .collect()
    }

    fn item(&self, operation: &Operation, layout: &Layout, group_index: usize, number: u32) -> Result<ItemPlan, MappingError> {
        let group = &operation.groups[group_index];
        let name = |part: &str| format!("{}[{number}].{part}", group.field);
        let general = |part: &str| format!("{}[].{part}", group.field);
        let column = |part: &str| {
            self.targets.get(name(part).as_str()).map(|&index| Column { index, values: self.values(&name(part), &general(part)) })
        };
        let constant =
            |part: &str| self.mapping.constants.get(&name(part)).or_else(|| self.mapping.constants.get(&general(part)));
        let type_constant = match (constant("type"), &group.type_leaf) {
            (Some(value), Some(leaf)) => {
                let word = text_of(value);
                Some(cell::code(leaf, &word).map(str::to_owned).map_err(|fault| MappingError::Value {
                    section: "constants",
                    field: name("type"),
                    why: format!("`{word}` is {}", fault.message),
                })?)
            }
            (Some(_) | None, _) => None,
        };
        for part in ["series", "number"] {
            self.refuse_two_sources(&name("series_and_number"), &name(part))?;
        }
        for part in ADDRESS_PARTS {
            self.refuse_two_sources(&name("text"), &name(part))?;
        }
        let mut parts = Vec::new();
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        for leaf in group.variants.iter().flat_map(|variant| &variant.leaves) {
            let Some(part) = leaf.field.rsplit('.').next() else { continue };
            if !seen.insert(part) {
                continue;
            }
            let joined: Vec<usize> =
                ADDRESS_PARTS.iter().filter_map(|part| self.targets.get(name(part).as_str()).copied()).collect();
            let both = self.targets.get(name("series_and_number").as_str()).copied();
            let source = match (column(part), constant(part), both) {
                (Some(column), _, _) => PartSource::Column(column),
                (None, Some(value), _) => PartSource::Constant(text_of(value)),
                (None, None, Some(index)) if part == "series" || part == "number" => {
                    PartSource::SeriesAndNumber(index, part == "number")
                }
                (None, None, _) if part == "text" && !joined.is_empty() => PartSource::Joined(joined),
                (None, None, _) => continue,
            };
            let leaves = group.variants.iter().filter_map(|variant| {
                let own = variant.leaves.iter().find(|own| own.field == leaf.field)?;
                Some((variant.code.clone(), own.clone()))
            });
            let member = leaf.path.first().and_then(|name| layout.item_member(group_index, name)).unwrap_or(usize::MAX);
            parts.push(Part {
                field: FieldName::new(&name(part)),
                general: leaf.field.clone(),
                member,
                leaves: leaves.collect(),
                source,
            });
        }
        Ok(ItemPlan {
            group: group_index,
            type_member: group.type_leaf.as_ref().and_then(|leaf| layout.item_member(group_index, leaf.path.first()?)),
            type_field: FieldName::new(&name("type")),
            type_column: column("type"),
            type_constant,
            parts,
        })
    }

    pub(super) fn left_out(&self, plans: &[OperationPlan]) -> Vec<Arc<str>> {
        let ignored: BTreeSet<String> = self.mapping.ignore.columns.iter().map(|header| fold(header)).collect();
        let taken = |field: &str| match item_of(field) {
            Some((group, _, _)) => plans.iter().any(|plan| plan.operation.group(group).is_some()),
            None => {
                matches!(field, "external_id" | "client_type" | "residency" | "full_name")
                    || plans.iter().any(|plan| plan.operation.leaves.iter().any(|leaf| leaf.field == field))
            }
        };
        let used: BTreeSet<usize> = self.targets.iter().filter(|(field, _)| taken(field)).map(|(_, &index)| index).collect();
        let columns = self.source.columns.iter().enumerate();
        columns
            .filter(|(index, header)| !used.contains(index) && !ignored.contains(&fold(header)))
            .map(|(_, header)| header.clone())
            .collect()
    }
}

/// `documents[1].series` as group, number and part.
fn item_of(field: &str) -> Option<(&str, u32, &str)> {
    let (group, rest) = field.split_once('[')?;
    let (number, part) = rest.split_once("].")?;
    Some((group, number.parse().ok()?, part))
}

fn find_column(header: &str, source: &Source) -> Result<usize, MappingError> {
    let exact = source.columns.iter().position(|column| &**column == header);
    exact.or_else(|| source.columns.iter().position(|column| fold(column) == fold(header))).ok_or_else(|| {
        MappingError::NoSuchColumn {
            column: header.to_owned(),
            source_name: source.name.to_string(),
            nearest: nearest(header, source.columns.iter().map(|column| &**column)),
        }
    })
}

fn check_field(field: &str) -> Result<(), MappingError> {
    let vocabulary = vocabulary();
    let known = match (item_of(field), field.split_once("[].")) {
        (Some((group, _, part)), _) | (None, Some((group, part))) => {
            vocabulary.group(group).is_some_and(|group| group.parts.iter().any(|known| known.name == part))
        }
        (None, None) => vocabulary.field(field).is_some(),
    };
    if known {
        return Ok(());
    }
    let fields = vocabulary.fields.iter().map(|field| field.name.clone());
    let parts =
        vocabulary.groups.iter().flat_map(|group| group.parts.iter().map(move |part| format!("{}[0].{}", group.name, part.name)));
    let names: Vec<String> = fields.chain(parts).collect();
    Err(MappingError::NoSuchField { field: field.to_owned(), nearest: nearest(field, names.iter().map(String::as_str)) })
}

pub(super) fn text_of(value: &toml::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn constant_value(leaf: &Leaf, constant: &toml::Value) -> Result<Written<'static>, MappingError> {
    let text = text_of(constant);
    cell::parse(leaf, &text, CellKind::Text, None, "RU").map(Written::into_owned).map_err(|fault| MappingError::Value {
        section: "constants",
        field: leaf.field.clone(),
        why: format!("`{text}`: {}", fault.message),
    })
}
