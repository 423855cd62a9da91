//! A mapping against a source's columns and a contract's members: who fills what. Refuses what would drop a value silently.

mod aliases;
mod items;
pub(super) mod objects;
mod own;
mod sources;
mod unused;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, RwLock};

use super::cell::{self, Rules};
use super::copies;
use super::layout::Layout;
use super::mapping::{Mapping, MappingError, nearest};
use super::names::{self, Name};
use super::plan::{Column, Fill, From, OperationPlan};
use super::through::{self, Frame};
use crate::contract::{Leaf, Operation, Registry, vocabulary};
use crate::model::text::fold;
use crate::model::{FieldName, Source};

/// Fields that tell which operation a row goes to, and whose row it is.
const ROUTING: [&str; 3] = ["external_id", "client_type", "residency"];
/// A path that nearly reads like a field is taken for a slip, unless [types] declares it.
const SLIP: f64 = 0.85;

/// Compiles a mapping against a source's columns.
pub(super) struct Compiler<'a> {
    mapping: &'a Mapping,
    source: &'a Source,
    /// Field → column.
    targets: HashMap<&'a str, usize>,
    /// Paths that only contracts of other operations name: one mapping may serve several, and nothing goes to whom it is not meant for.
    foreign: HashSet<&'a str>,
}

impl<'a> Compiler<'a> {
    pub(super) fn new(
        mapping: &'a Mapping,
        source: &'a Source,
        operations: &[Arc<Operation>],
        registry: &Registry,
    ) -> Result<Self, MappingError> {
        let fields = Fields { mapping, operations, registry };
        let mut targets: HashMap<&str, usize> = HashMap::new();
        for (header, named) in &mapping.columns {
            let index = find_column(header, source)?;
            let refused = operations.iter().filter_map(|operation| operation.refused_headers.as_ref());
            let refused = refused.into_iter().find(|refused| refused.refuses(header));
            for field in named.iter() {
                fields.check(field)?;
                if let Some(refused) = refused {
                    return Err(MappingError::Refused {
                        column: header.clone(),
                        field: field.to_owned(),
                        why: refused.why.clone(),
                    });
                }
                if let Some(other) = targets.insert(field, index).filter(|other| *other != index) {
                    return Err(MappingError::TwoColumns {
                        first: source.columns[other].to_string(),
                        second: header.clone(),
                        field: field.to_owned(),
                    });
                }
            }
        }
        let formats = mapping.formats.keys().filter(|field| *field != "phone_region");
        for field in mapping.constants.keys().chain(mapping.values.keys()).chain(formats) {
            fields.check(field)?;
        }
        fields.check_types()?;
        own::refuse(mapping, operations)?;
        let named = targets.keys().copied().chain(mapping.constants.keys().map(String::as_str));
        let foreign = named.filter(|field| fields.is_foreign(field)).collect();
        Ok(Self { mapping, source, targets, foreign })
    }

    /// What the mapping says about the reading of all cells.
    pub(super) fn rules(&self) -> Rules {
        Rules {
            region: self.mapping.formats.get("phone_region").map(|region| region.trim().to_uppercase()),
            options: self.mapping.options.clone(),
            books: Arc::default(),
        }
    }

    pub(super) fn operation(&self, operation: &Arc<Operation>) -> Result<OperationPlan, MappingError> {
        if let (Some(&column), false) = (self.targets.get("full_name"), operation.splits_full_names) {
            return Err(MappingError::Refused {
                column: self.source.columns[column].to_string(),
                field: "full_name".to_owned(),
                why: format!("in names of {} the first name stands first, and nobody can tell where it ends", operation.name),
            });
        }
        let mapped = self.targets.keys().copied().chain(self.mapping.constants.keys().map(String::as_str));
        let mapped = mapped.filter(|field| !self.foreign.contains(field));
        let frame = Frame::new(operation, self.mapping, mapped)?;
        let layout = Layout::new(operation, &frame);
        let aliases = self.settle_aliases(operation, &frame)?;
        for part in sources::NAMES {
            self.refuse_two_sources("full_name", part)?;
        }
        let mut fills = Vec::new();
        for leaf in &frame.leaves {
            let slot = layout.slot(&leaf.path).unwrap_or(usize::MAX);
            let field = FieldName::new(if leaf.selector.is_some() { &leaf.body_path } else { &leaf.field });
            let constant = leaf.constant.as_ref().and_then(cell::constant);
            let (from, beside) = match constant {
                Some(constant) => (Some(From::Constant(constant)), beside(leaf, &frame, &layout)),
                None => (self.source_of(&aliases, leaf)?, Vec::new()),
            };
            if let Some(from) = from {
                fills.push(Fill { leaf: leaf.clone(), field, slot, from, beside });
            }
        }
        let mut items = Vec::new();
        for group_index in 0..frame.groups.len() {
            for number in self.item_numbers(&aliases, &frame, group_index) {
                items.push(self.item(&aliases, &frame, &layout, group_index, number)?);
            }
        }
        let objects = self.objects(operation, &layout)?;
        let copies = copies::plan(self.mapping, &frame, &layout, &fills)?;
        let plan = OperationPlan {
            operation: operation.clone(),
            layout,
            frame,
            fills,
            items,
            objects,
            copies,
            left_out: Vec::new(),
            shapes: RwLock::default(),
        };
        self.refuse_unused(&plan)?;
        Ok(plan)
    }

    /// Columns that some operations of the run take and this one does not, once all are compiled.
    pub(super) fn settle_left_out(&self, plans: &mut [OperationPlan]) {
        let taken: Vec<BTreeSet<usize>> = plans.iter().map(OperationPlan::columns).collect();
        for (number, plan) in plans.iter_mut().enumerate() {
            let elsewhere = |index: &usize| taken.iter().any(|columns| columns.contains(index)) && !taken[number].contains(index);
            let mut left_out: Vec<(usize, FieldName)> = self
                .targets
                .iter()
                .filter(|(field, index)| !ROUTING.contains(*field) && elsewhere(index))
                .map(|(field, index)| (*index, FieldName::new(field)))
                .collect();
            left_out.sort_unstable();
            left_out.dedup_by_key(|(column, _)| *column);
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

    /// Columns that nothing takes and the mapping does not ignore on purpose.
    pub(super) fn left_out(&self, plans: &[OperationPlan]) -> Vec<Arc<str>> {
        let ignored: BTreeSet<String> = self.mapping.ignore.columns.iter().map(|header| fold(header)).collect();
        let routing = |field: &str| ROUTING.contains(&field) || field == "full_name";
        let mut used: BTreeSet<usize> = plans.iter().flat_map(OperationPlan::columns).collect();
        used.extend(self.targets.iter().filter(|(field, _)| routing(field)).map(|(_, &index)| index));
        let columns = self.source.columns.iter().enumerate();
        columns
            .filter(|(index, header)| !used.contains(index) && !ignored.contains(&fold(header)))
            .map(|(_, header)| header.clone())
            .collect()
    }

    pub(super) fn column(&self, field: &str) -> Option<Column> {
        self.column_of(&[field.to_owned()])
    }
}

/// For a constant of the contract in an object that may be absent: the object's other members.
fn beside(leaf: &Leaf, frame: &Frame, layout: &Layout) -> Vec<usize> {
    let object = leaf.path.split_last().map_or(&[][..], |(_, object)| object);
    if leaf.required || object.is_empty() {
        return Vec::new();
    }
    let others = frame.leaves.iter().filter(|other| other.constant.is_none() && other.path.starts_with(object));
    others.filter_map(|other| layout.slot(&other.path)).collect()
}

/// What a mapping may name.
struct Fields<'a> {
    mapping: &'a Mapping,
    operations: &'a [Arc<Operation>],
    registry: &'a Registry,
}

impl Fields<'_> {
    fn check(&self, field: &str) -> Result<(), MappingError> {
        let general = names::general(field);
        let known = through::is_of_vocabulary(field)
            || self.registry.operations().iter().chain(self.operations).any(|operation| operation.knows_field(&general))
            || self.declares(field);
        if known || self.is_passed_through(field) {
            return Ok(());
        }
        let names = self.names();
        Err(MappingError::NoSuchField { field: field.to_owned(), nearest: nearest(field, names.iter().map(String::as_str)) })
    }

    fn declares(&self, field: &str) -> bool {
        names::is_path(field)
            && (self.mapping.types.contains_key(field) || self.mapping.types.contains_key(&names::general(field)))
    }

    /// Whether other operations' contracts name the field, and none of the run's does: a mapping that was not made for the run's
    /// operation may be made for theirs. `[types]` makes it a path to pass through all the same.
    fn is_foreign(&self, field: &str) -> bool {
        let general = names::general(field);
        let knows = |operation: &Arc<Operation>| operation.knows_field(&general);
        !self.is_made_for_the_run()
            && !self.declares(field)
            && !self.operations.iter().any(knows)
            && self.registry.operations().iter().any(knows)
    }

    fn is_made_for_the_run(&self) -> bool {
        let made_for = self.mapping.operation.as_deref();
        self.operations
            .iter()
            .any(|operation| made_for.is_some_and(|name| name == &*operation.name || name == operation.provider()))
    }

    fn is_passed_through(&self, field: &str) -> bool {
        self.operations.iter().any(|operation| through::is_passed_through(operation, field))
            && !self.names().iter().any(|name| strsim::normalized_damerau_levenshtein(name, field) > SLIP)
    }

    fn names(&self) -> Vec<String> {
        let vocabulary = vocabulary();
        let mut names: Vec<String> = vocabulary.fields.iter().map(|field| field.name.clone()).collect();
        for group in &vocabulary.groups {
            names.extend(group.parts.iter().map(|part| format!("{}[0].{}", group.name, part.name)));
        }
        for operation in self.operations {
            names.extend(operation.leaves.iter().map(|leaf| leaf.body_path.clone()));
            let parts =
                operation.groups.iter().flat_map(|group| group.all_leaves().map(|leaf| leaf.field.replacen("[]", "[0]", 1)));
            names.extend(parts);
        }
        names
    }

    /// Types are for members that no contract of the run describes: a contract says its members' types itself.
    fn check_types(&self) -> Result<(), MappingError> {
        for field in self.mapping.types.keys() {
            let general = names::general(field);
            let why = if !names::is_path(&field.replace("[].", "[0].")) {
                "is no path of members, such as `nickName` or `some.path[0].member`"
            } else if self.operations.iter().any(|operation| operation.knows_field(&general)) || through::is_of_vocabulary(field)
            {
                "the contract says the type of this member itself; remove the line"
            } else {
                continue;
            };
            return Err(MappingError::Value { section: "types", field: field.clone(), why: why.to_owned() });
        }
        Ok(())
    }
}

/// The numbers of items of a list that a mapping names.
fn number_in(field: &str, is_list: impl Fn(&str) -> bool) -> Option<u32> {
    match Name::parse(field) {
        Name { list: Some(list), number: Some(number), .. } if is_list(list) => Some(number),
        Name { .. } => None,
    }
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

pub(super) fn text_of(value: &toml::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
