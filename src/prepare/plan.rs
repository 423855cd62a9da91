//! A mapping compiled against the source's columns and the operations' contracts: what every row goes through. Holds no row.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, RwLock};

use smallvec::SmallVec;

use super::cell::{self, Written};
use super::compile::{Compiler, text_of};
use super::fingerprint::Scope;
use super::layout::Layout;
use super::mapping::{Mapping, MappingError};
use super::normalize::date::{self, DateFormat};
use super::route::Router;
use crate::contract::{Leaf, Operation, Registry, Today};
use crate::model::{FieldName, Source};

/// What every row of a run goes through.
pub struct Plan {
    pub(super) columns: Vec<Arc<str>>,
    pub(super) operations: Vec<OperationPlan>,
    pub(super) router: Router,
    /// Operations of the provider by number in `router`, as far as the run has them.
    pub(super) routed: Vec<Option<u8>>,
    pub(super) own_id: Option<usize>,
    pub(super) client_type: Option<Column>,
    pub(super) residency: Option<Column>,
    pub(super) citizenship: Option<Column>,
    pub(super) constants: RouteConstants,
    pub(super) dates: Vec<DateColumn>,
    pub(super) region: String,
    pub(super) today: Today,
    pub(super) scope: Scope,
    left_out: Vec<Arc<str>>,
}

/// What the mapping says about the kind of every row.
pub(super) struct RouteConstants {
    pub(super) client_type: Option<String>,
    pub(super) residency: Option<String>,
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
    Constant(Written<'static>),
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
    /// Columns that go to fields of other operations of the run only.
    pub(super) left_out: Vec<(usize, FieldName)>,
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

impl OperationPlan {
    /// Columns that fill members.
    pub(super) fn columns(&self) -> BTreeSet<usize> {
        let mut columns = BTreeSet::new();
        for fill in &self.fills {
            match &fill.from {
                From::Column(column) => _ = columns.insert(column.index),
                From::FullName(column, _) => _ = columns.insert(*column),
                From::Constant(_) => {}
            }
        }
        for item in &self.items {
            columns.extend(item.type_column.as_ref().map(|column| column.index));
            for part in &item.parts {
                match &part.source {
                    PartSource::Column(column) => _ = columns.insert(column.index),
                    PartSource::SeriesAndNumber(column, _) => _ = columns.insert(*column),
                    PartSource::Joined(joined) => columns.extend(joined),
                    PartSource::Constant(_) => {}
                }
            }
        }
        columns
    }
}

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
        compiler.settle_left_out(&mut plans);
        let mut plan = Self {
            columns: source.columns.clone(),
            router: Router::new(&router_operations),
            routed,
            own_id: compiler.column("external_id").map(|column| column.index),
            client_type: compiler.column("client_type"),
            residency: compiler.column("residency"),
            citizenship: compiler.column("citizenship"),
            constants: RouteConstants {
                client_type: mapping.constants.get("client_type").map(text_of),
                residency: mapping.constants.get("residency").map(text_of),
            },
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
            let general =
                field.as_str().split_once('[').and_then(|(group, rest)| Some(format!("{group}[].{}", rest.split_once("].")?.1)));
            let written = mapping.formats.get(field.as_str()).or_else(|| mapping.formats.get(&general?));
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
