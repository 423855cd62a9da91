//! A mapping compiled against the source's columns and the operations' contracts: what every row goes through. Holds no row.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, RwLock};

use smallvec::SmallVec;

use super::annex::Annexes;
use super::cell::{Rules, Written};
use super::compile::{Compiler, text_of};
use super::copies::CopyPlan;
use super::fingerprint::Scope;
use super::layout::Layout;
use super::mapping::{Mapping, MappingError};
use super::names;
use super::normalize::date::{self, DateFormat, TwoDigitYear};
use super::route::Router;
use super::through::Frame;
use super::watch::WatchedColumn;
use crate::contract::{Leaf, Operation, Registry, Render, Today};
use crate::model::{Books, FieldName, Source};

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
    pub(super) watched: Vec<WatchedColumn>,
    pub(super) rules: Rules,
    pub(super) today: Today,
    pub(super) scope: Scope,
    pub(super) annexes: Option<Annexes>,
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
    /// A constant that means something else for each type of item.
    Word(String),
    /// Word 0, 1 or 2 of the full name.
    FullName(usize, u8),
    /// Series and number from one column; true for the number.
    SeriesAndNumber(usize, bool),
    /// Several columns joined by a separator.
    Joined(Vec<usize>, Arc<str>),
    /// The first that is filled.
    First(Vec<From>),
}

impl From {
    /// Tells every column that the value may come from.
    pub(super) fn each_column(&self, tell: &mut dyn FnMut(usize)) {
        match self {
            Self::Column(column) => tell(column.index),
            Self::FullName(column, _) | Self::SeriesAndNumber(column, _) => tell(*column),
            Self::Joined(columns, _) => columns.iter().for_each(|&column| tell(column)),
            Self::First(sources) => sources.iter().for_each(|source| source.each_column(tell)),
            Self::Constant(_) | Self::Word(_) => {}
        }
    }

    /// The column that people look at for the value.
    pub(super) fn column(&self) -> Option<usize> {
        let mut first = None;
        self.each_column(&mut |column| _ = first.get_or_insert(column));
        first
    }

    /// Columns that are read as they stand, by the member's own way of writing.
    fn each_plain_column(&self, tell: &mut dyn FnMut(usize)) {
        match self {
            Self::Column(column) => tell(column.index),
            Self::First(sources) => sources.iter().for_each(|source| source.each_plain_column(tell)),
            Self::FullName(..) | Self::SeriesAndNumber(..) | Self::Joined(..) | Self::Constant(_) | Self::Word(_) => {}
        }
    }
}

/// A member and where its value comes from.
pub(super) struct Fill {
    pub(super) leaf: Leaf,
    pub(super) field: FieldName,
    /// Where the value goes in the layout.
    pub(super) slot: usize,
    pub(super) from: From,
    /// A constant of the contract in an object that may be absent is written beside one of these only; always when empty.
    pub(super) beside: Vec<usize>,
}

/// One operation's part of the plan.
pub(super) struct OperationPlan {
    pub(super) operation: Arc<Operation>,
    pub(super) layout: Layout,
    /// The contract's members and those that the mapping passes through.
    pub(super) frame: Frame,
    pub(super) fills: Vec<Fill>,
    pub(super) items: Vec<ItemPlan>,
    /// Single objects that an item of the mapping fills, by the item's kind.
    pub(super) objects: Objects,
    /// Objects that take another one's members where a row says nothing of them.
    pub(super) copies: Vec<CopyPlan>,
    /// Columns that go to fields of other operations of the run only.
    pub(super) left_out: Vec<(usize, FieldName)>,
    /// Shapes of bodies that were seen, and whether the contract accepts them.
    pub(super) shapes: RwLock<HashMap<Shape, bool>>,
}

/// See [`super::layout::Members::shape`].
pub(super) type Shape = SmallVec<[u8; 96]>;

/// One item of a list: `documents[1]`.
pub(super) struct ItemPlan {
    /// `documents[1]`.
    pub(super) name: String,
    /// Index into the frame's groups.
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
    /// The member's place in an item.
    pub(super) path: Vec<String>,
    /// Where the value goes in the layout of an item.
    pub(super) member: usize,
    /// The part's leaf in items of each type.
    pub(super) leaves: Vec<(Option<String>, Leaf)>,
    pub(super) from: From,
}

/// Single objects of a body that are filled from items of the mapping's lists.
#[derive(Default)]
pub(super) struct Objects {
    pub(super) items: Vec<KindItem>,
    pub(super) objects: Vec<ObjectPlan>,
}

/// An item of the mapping whose kind tells which object it fills.
pub(super) struct KindItem {
    /// `addresses[1]`.
    pub(super) name: String,
    /// `addresses`.
    pub(super) group: String,
    pub(super) type_column: Option<Column>,
    /// The vocabulary's label of the kind, or the mapping's own word, where the mapping settles it.
    pub(super) kind: Option<String>,
    /// Columns that fill it.
    pub(super) columns: Vec<usize>,
}

/// A single object, what kinds of items it takes, and how each item would fill it.
pub(super) struct ObjectPlan {
    pub(super) group: String,
    /// `identificationDocument`.
    pub(super) name: String,
    /// Labels in the order in which they are tried; `*` for any.
    pub(super) kinds: Vec<String>,
    /// The member that holds the kind, with its slot.
    pub(super) type_leaf: Option<(Leaf, usize)>,
    /// By place in [`Objects::items`].
    pub(super) fills: Vec<Vec<Fill>>,
}

impl OperationPlan {
    /// Columns that fill members.
    pub(super) fn columns(&self) -> BTreeSet<usize> {
        let mut columns = BTreeSet::new();
        let mut tell = |column: usize| _ = columns.insert(column);
        for fill in self.fills.iter().chain(self.objects.objects.iter().flat_map(|object| object.fills.iter().flatten())) {
            fill.from.each_column(&mut tell);
        }
        for item in &self.items {
            item.type_column.iter().for_each(|column| tell(column.index));
            item.parts.iter().for_each(|part| part.from.each_column(&mut tell));
        }
        for item in &self.objects.items {
            item.type_column.iter().for_each(|column| tell(column.index));
        }
        columns
    }
}

impl Plan {
    /// The provider's reference books that columns and constants of this mapping are looked up in.
    #[must_use]
    pub fn books_wanted(&self) -> BTreeSet<String> {
        let mut wanted = BTreeSet::new();
        let mut tell = |leaf: &Leaf| wanted.extend(leaf.book.clone().filter(|_| leaf.render == Render::Book));
        for plan in &self.operations {
            let objects = plan.objects.objects.iter().flat_map(|object| object.fills.iter().flatten());
            plan.fills.iter().chain(objects).for_each(|fill| tell(&fill.leaf));
            let parts = plan.items.iter().flat_map(|item| &item.parts);
            parts.flat_map(|part| &part.leaves).for_each(|(_, leaf)| tell(leaf));
        }
        wanted
    }

    /// The books that names are looked up in.
    #[must_use]
    pub fn books(&self) -> &Books {
        &self.rules.books
    }

    /// Takes the books that names are looked up in from now on.
    pub fn set_books(&mut self, books: Books) {
        self.rules.books = Arc::new(books);
    }

    /// Compiles a mapping.
    ///
    /// # Errors
    /// When the mapping speaks of columns, fields or values that do not exist. `registry` knows the fields of all operations, so that
    /// one mapping serves several, and the operations of the provider that a row may name.
    pub fn compile(
        mapping: &Mapping,
        source: &Source,
        operations: &[Arc<Operation>],
        registry: &Registry,
        scope: Scope,
        today: Today,
    ) -> Result<Self, MappingError> {
        let compiler = Compiler::new(mapping, source, operations, registry)?;
        let siblings = operations.first().and_then(|first| registry.find(first.provider()).ok()).unwrap_or_default();
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
            watched: Vec::new(),
            rules: compiler.rules(),
            today,
            scope,
            annexes: None,
            left_out: compiler.left_out(&plans),
            operations: plans,
        };
        plan.dates = plan.find_dates(mapping)?;
        plan.watched = plan.find_watched(mapping);
        Ok(plan)
    }

    /// Joins the items of these annexes to every row; the plan was compiled with their columns.
    #[must_use]
    pub fn with_annexes(mut self, annexes: Annexes) -> Self {
        self.annexes = Some(annexes);
        self
    }

    /// What is joined to every row.
    #[must_use]
    pub fn annexes(&self) -> Option<&Annexes> {
        self.annexes.as_ref()
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
        let mut add = |column: usize, field: FieldName, body_path: &str| -> Result<(), MappingError> {
            if dates.iter().any(|date| date.column == column) {
                return Ok(());
            }
            let general = names::general(field.as_str());
            let written = [field.as_str(), &general, body_path].into_iter().find_map(|name| mapping.formats.get(name));
            let format = match written {
                Some(pattern) => {
                    Some(date::parse_pattern(pattern, TwoDigitYear::of_field(field.as_str(), self.today.date())).map_err(
                        |error| MappingError::Value { section: "formats", field: field.to_string(), why: error.to_string() },
                    )?)
                }
                None => None,
            };
            dates.push(DateColumn { column, field, settled: format.is_some(), format: format.unwrap_or(DateFormat::UNPROVEN) });
            Ok(())
        };
        for operation in &self.operations {
            let mut found: Vec<(usize, FieldName, &str)> = Vec::new();
            let in_objects = operation.objects.objects.iter().flat_map(|object| object.fills.iter().flatten());
            for fill in operation.fills.iter().chain(in_objects).filter(|fill| fill.leaf.render == Render::IsoDate) {
                fill.from.each_plain_column(&mut |column| found.push((column, fill.field, &fill.leaf.body_path)));
            }
            for part in operation.items.iter().flat_map(|item| &item.parts) {
                let Some((_, leaf)) = part.leaves.first().filter(|(_, leaf)| leaf.render == Render::IsoDate) else { continue };
                part.from.each_plain_column(&mut |column| found.push((column, part.field, &leaf.body_path)));
            }
            for (column, field, body_path) in found {
                add(column, field, body_path)?;
            }
        }
        Ok(dates)
    }
}
