//! A mapping compiled against the source's columns and the operations' contracts: what every row goes through. Holds no row.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, RwLock};

use serde_json::Value;
use smallvec::SmallVec;

use super::cell;
use super::fingerprint::Scope;
use super::layout::Layout;
use super::mapping::{Mapping, MappingError, nearest};
use super::normalize::date::{self, DateFormat};
use super::route::Router;
use crate::contract::{Leaf, Operation, Registry, Today, vocabulary};
use crate::model::text::fold;
use crate::model::{CellKind, FieldName, Source};

/// What every row of a run goes through.
pub struct Plan {
    pub(super) columns: Vec<Arc<str>>,
    pub(super) operations: Vec<OperationPlan>,
    pub(super) router: Router,
    /// Operations of the provider by number in `router`, as far as the run has them.
    pub(super) routed: Vec<Option<u8>>,
    pub(super) own_id: Option<usize>,
    pub(super) client_type: Option<Column>,
    pub(super) residency: Option<usize>,
    pub(super) citizenship: Option<usize>,
    pub(super) dates: Vec<DateColumn>,
    pub(super) region: String,
    pub(super) today: Today,
    pub(super) scope: Scope,
    left_out: Vec<Arc<str>>,
}

/// A date column and how it is to be read.
pub(super) struct DateColumn {
    pub(super) column: usize,
    pub(super) field: FieldName,
    pub(super) format: DateFormat,
    pub(super) settled: bool,
}

/// A column with its translations.
#[derive(Clone)]
pub(super) struct Column {
    pub(super) index: usize,
    pub(super) values: Option<Arc<HashMap<String, String>>>,
}

/// Where a member's value comes from.
#[derive(Clone)]
pub(super) enum From {
    Column(Column),
    /// A constant, as it is sent.
    Constant(Value),
    /// Word 0, 1 or 2 of the full name.
    FullName(usize, u8),
}

/// A member and where its value comes from.
pub(super) struct Fill {
    pub(super) leaf: Leaf,
    pub(super) field: FieldName,
    /// Where the value goes in the layout.
    pub(super) slot: usize,
    pub(super) from: From,
}

/// One operation's part of the plan.
pub(super) struct OperationPlan {
    pub(super) operation: Arc<Operation>,
    pub(super) layout: Layout,
    pub(super) fills: Vec<Fill>,
    pub(super) items: Vec<ItemPlan>,
    /// Shapes of bodies that were seen, and whether the contract accepts them.
    pub(super) shapes: RwLock<HashMap<Shape, bool>>,
}

/// See [`super::layout::Members::shape`].
pub(super) type Shape = SmallVec<[u8; 96]>;

/// One item of a list: `documents[1]`.
pub(super) struct ItemPlan {
    /// Index into the operation's groups.
    pub(super) group: usize,
    pub(super) type_field: FieldName,
    /// Where the type goes in the layout of an item.
    pub(super) type_member: Option<usize>,
    pub(super) type_column: Option<Column>,
    /// The type's code, where the mapping settles it.
    pub(super) type_constant: Option<String>,
    pub(super) parts: Vec<Part>,
}

/// One part of an item.
pub(super) struct Part {
    pub(super) field: FieldName,
    /// The field without its number: `documents[].series`.
    pub(super) general: String,
    /// Where the value goes in the layout of an item.
    pub(super) member: usize,
    /// The part's leaf in items of each type.
    pub(super) leaves: Vec<(Option<String>, Leaf)>,
    pub(super) source: PartSource,
}

/// Where a part's value comes from.
pub(super) enum PartSource {
    Column(Column),
    Constant(String),
    /// Series and number from one column; true for the number.
    SeriesAndNumber(usize, bool),
    /// Several columns joined by `, `.
    Joined(Vec<usize>),
}

/// Parts of an address in the order in which they are joined.
const ADDRESS_PARTS: [&str; 9] = ["postcode", "region", "district", "city", "settlement", "street", "house", "building", "flat"];

impl Plan {
    /// Compiles a mapping.
    ///
    /// # Errors
    /// When the mapping speaks of columns, fields or values that do not exist.
    pub fn compile(
        mapping: &Mapping,
        source: &Source,
        operations: &[Arc<Operation>],
        scope: Scope,
        today: Today,
    ) -> Result<Self, MappingError> {
        let compiler = Compiler::new(mapping, source)?;
        let siblings = operations.first().and_then(|first| Registry::built_in().find(first.provider()).ok()).unwrap_or_default();
        let router_operations = if siblings.is_empty() { operations.to_vec() } else { siblings };
        let routed = router_operations
            .iter()
            .map(|known| {
                operations.iter().position(|operation| operation.name == known.name).and_then(|index| u8::try_from(index).ok())
            })
            .collect();
        let mut plans = Vec::with_capacity(operations.len());
        for operation in operations {
            plans.push(compiler.operation(operation)?);
        }
        let mut plan = Self {
            columns: source.columns.clone(),
            router: Router::new(&router_operations),
            routed,
            own_id: compiler.column("external_id").map(|column| column.index),
            client_type: compiler.column("client_type"),
            residency: compiler.column("residency").map(|column| column.index),
            citizenship: compiler.column("citizenship").map(|column| column.index),
            dates: Vec::new(),
            region: mapping.formats.get("phone_region").map_or("RU", String::as_str).to_uppercase(),
            today,
            scope,
            left_out: compiler.left_out(&plans),
            operations: plans,
        };
        plan.dates = plan.find_dates(mapping)?;
        Ok(plan)
    }

    /// Columns that no operation takes and the mapping does not ignore on purpose.
    #[must_use]
    pub fn left_out(&self) -> &[Arc<str>] {
        &self.left_out
    }

    /// The column that holds the user's own id.
    #[must_use]
    pub fn own_id_column(&self) -> Option<usize> {
        self.own_id
    }

    pub(super) fn format_of(&self, column: usize) -> Option<&DateFormat> {
        self.dates.iter().find(|date| date.column == column).map(|date| &date.format)
    }

    fn find_dates(&self, mapping: &Mapping) -> Result<Vec<DateColumn>, MappingError> {
        let mut dates: Vec<DateColumn> = Vec::new();
        let mut add = |column: usize, field: FieldName| -> Result<(), MappingError> {
            if dates.iter().any(|date| date.column == column) {
                return Ok(());
            }
            let written = mapping.formats.get(field.as_str());
            let format =
                match written {
                    Some(pattern) => Some(date::parse_pattern(pattern, self.today.date()).map_err(|error| {
                        MappingError::Value { section: "formats", field: field.to_string(), why: error.to_string() }
                    })?),
                    None => None,
                };
            dates.push(DateColumn { column, field, settled: format.is_some(), format: format.unwrap_or(cell::UNPROVEN) });
            Ok(())
        };
        for operation in &self.operations {
            for fill in &operation.fills {
                if let (crate::contract::Render::IsoDate, From::Column(column)) = (fill.leaf.render, &fill.from) {
                    add(column.index, fill.field)?;
                }
            }
            for item in &operation.items {
                let group = &operation.operation.groups[item.group];
                for part in &item.parts {
                    let is_date =
                        group.any_leaf(&part.general).is_some_and(|leaf| leaf.render == crate::contract::Render::IsoDate);
                    if let (true, PartSource::Column(column)) = (is_date, &part.source) {
                        add(column.index, part.field)?;
                    }
                }
            }
        }
        Ok(dates)
    }
}

struct Compiler<'a> {
    mapping: &'a Mapping,
    source: &'a Source,
    /// Field → column.
    targets: HashMap<&'a str, usize>,
}

impl<'a> Compiler<'a> {
    fn new(mapping: &'a Mapping, source: &'a Source) -> Result<Self, MappingError> {
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

    fn column(&self, field: &str) -> Option<Column> {
        self.targets.get(field).map(|&index| Column { index, values: self.values(field, field) })
    }

    fn operation(&self, operation: &Arc<Operation>) -> Result<OperationPlan, MappingError> {
        let layout = Layout::new(operation);
        let mut fills = Vec::new();
        for leaf in &operation.leaves {
            let field = FieldName::new(&leaf.field);
            let slot = layout.slot(&leaf.path).unwrap_or(usize::MAX);
            if let Some(constant) = &leaf.constant {
                fills.push(Fill { leaf: leaf.clone(), field, slot, from: From::Constant(Value::String(constant.clone())) });
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
        Ok(OperationPlan { operation: operation.clone(), layout, fills, items, shapes: RwLock::default() })
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

    fn left_out(&self, plans: &[OperationPlan]) -> Vec<Arc<str>> {
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

fn text_of(value: &toml::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn constant_value(leaf: &Leaf, constant: &toml::Value) -> Result<Value, MappingError> {
    let text = text_of(constant);
    cell::parse(leaf, &text, CellKind::Text, None, "RU").map_err(|fault| MappingError::Value {
        section: "constants",
        field: leaf.field.clone(),
        why: format!("`{text}`: {}", fault.message),
    })
}
