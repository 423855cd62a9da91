//! A second sheet or file whose rows are items of the clients' lists, joined to the clients by an id that both have: beneficial owners
//! below companies. Reads no file: rows are handed in, kept compactly, and stand as further cells at the right of their client's row.

mod error;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;
use smallvec::SmallVec;

use super::mapping::{Mapping, Targets, nearest};
use super::names::Name;
use super::normalize::text::clean;
use crate::model::text::fold;
use crate::model::{CellKind, Cells, Fault, Place, Row, Severity, Shape, Source, Wording};
pub use error::AnnexError;

/// Items that are kept in memory.
const ITEMS_MAX: usize = 1_000_000;
/// Items of one client's list. The contract may allow fewer.
const ITEMS_OF_A_CLIENT_MAX: usize = 100;
/// Lines that an error names.
const LINES_TOLD_MAX: usize = 5;

/// `[items.LIST]` of a mapping: where the items of a list stand, and which client each belongs to.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemsSource {
    /// The file, relative to the mapping's folder; the clients' own file unless named.
    pub file: Option<PathBuf>,
    /// The sheet, by name or number from 1.
    pub sheet: Option<String>,
    /// The header over the id of the client that an item belongs to.
    pub key: String,
    /// The field whose cell holds that id in the client's row: `external_id` unless told.
    pub parent: Option<String>,
    /// What becomes of items whose client is not in the source.
    #[serde(default)]
    pub orphans: Orphans,
    /// Header → part of the item.
    pub columns: BTreeMap<String, Targets>,
}

/// What becomes of items whose client is not in the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Orphans {
    /// The run stops before anything is sent.
    #[default]
    Stop,
    /// They are left out: for a source that holds a part of the clients, such as a `rejected.csv`.
    LeaveOut,
}

/// The items of one list, read.
pub struct Annex {
    list: String,
    source: Source,
    /// Position and header in the annex, and the parts of the item that it fills.
    columns: Vec<(usize, Arc<str>, Vec<String>)>,
    key: usize,
    parent: String,
    orphans: Orphans,
    items: Vec<(Place, Cells)>,
    of_client: HashMap<Box<str>, SmallVec<[u32; 4]>>,
}

impl Annex {
    /// An annex without rows yet.
    ///
    /// # Errors
    /// When the mapping names columns that the annex lacks.
    pub fn new(list: &str, written: &ItemsSource, source: Source) -> Result<Self, AnnexError> {
        let wrong = |why: String| AnnexError::Section { list: list.to_owned(), why };
        let find = |header: &str| {
            let exact = source.columns.iter().position(|column| &**column == header);
            exact.or_else(|| source.columns.iter().position(|column| fold(column) == fold(header))).ok_or_else(|| {
                let nearest = nearest(header, source.columns.iter().map(|column| &**column));
                wrong(format!("names the column `{header}`, which {} does not have{nearest}", source.name))
            })
        };
        let key = find(&written.key)?;
        let mut columns = Vec::new();
        for (header, parts) in &written.columns {
            let index = find(header)?;
            columns.push((index, source.columns[index].clone(), parts.iter().map(str::to_owned).collect()));
        }
        if columns.is_empty() {
            return Err(wrong("maps no column".to_owned()));
        }
        columns.sort_by_key(|(index, ..)| *index);
        let parent = written.parent.clone().unwrap_or_else(|| "external_id".to_owned());
        Ok(Self {
            list: list.to_owned(),
            source,
            columns,
            key,
            parent,
            orphans: written.orphans,
            items: Vec::new(),
            of_client: HashMap::new(),
        })
    }

    /// Takes the next row.
    ///
    /// # Errors
    /// When the row is damaged or says no client, or there are too many.
    pub fn add(&mut self, row: &Row) -> Result<(), AnnexError> {
        let wrong = |why: String| AnnexError::Row { place: self.source.locate(row.place).to_string(), why };
        match row.shape {
            Shape::Blank => return Ok(()),
            Shape::Whole => {}
            Shape::Short | Shape::Long => return Err(wrong("has not as many cells as the header".to_owned())),
        }
        if let Some(fault) = row.faults.iter().find(|fault| fault.severity() == Severity::Error) {
            return Err(wrong(fault.message.to_string()));
        }
        let key = clean(row.cells.text(self.key)).into_owned();
        if key.is_empty() {
            return Err(wrong(format!("does not say whose item it is: `{}` is empty", self.source.columns[self.key])));
        }
        if self.items.len() >= ITEMS_MAX {
            return Err(AnnexError::TooMany { annex: self.name(), max: ITEMS_MAX });
        }
        let mut cells = Cells::with_capacity(self.columns.len(), 0);
        for (index, ..) in &self.columns {
            cells.push_kind(row.cells.text(*index), row.cells.kind(*index));
        }
        // Bounded by ITEMS_MAX.
        let number = u32::try_from(self.items.len()).unwrap_or(u32::MAX);
        let of_client = self.of_client.entry(key.into()).or_default();
        if of_client.len() >= ITEMS_OF_A_CLIENT_MAX {
            let why = format!("is the item no. {} of one client, which is more than any list takes", ITEMS_OF_A_CLIENT_MAX + 1);
            return Err(AnnexError::Row { place: self.source.locate(row.place).to_string(), why });
        }
        of_client.push(number);
        self.items.push((row.place, cells));
        Ok(())
    }

    /// SHA-256 of its file.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.source.sha256
    }

    /// `ubo.csv`, or `clients.xlsx:UBO`.
    fn name(&self) -> String {
        match self.source.sheets.first().filter(|sheet| !sheet.is_empty()) {
            Some(sheet) => format!("{}:{sheet}", self.source.name),
            None => self.source.name.to_string(),
        }
    }

    fn items_of<'a>(&'a self, client: &str) -> impl Iterator<Item = &'a (Place, Cells)> {
        let numbers = self.of_client.get(&*clean(client)).map_or(&[][..], |numbers| numbers);
        numbers.iter().filter_map(|&number| self.items.get(number as usize))
    }

    fn most(&self) -> usize {
        self.of_client.values().map(SmallVec::len).max().unwrap_or(0)
    }
}

/// Annexes, joined to the columns of a source.
pub struct Annexes {
    /// Columns of the source itself.
    width: usize,
    joints: Vec<Joint>,
}

struct Joint {
    annex: Annex,
    /// The column of the source that holds the client's id.
    parent: usize,
    /// The first of the columns that this annex adds.
    first: usize,
    /// How many items it adds at most.
    most: usize,
}

/// A source with the columns of its annexes at the right, and the mapping that knows them.
pub struct Widened {
    /// The mapping with the annexes' columns.
    pub mapping: Mapping,
    /// The source with the annexes' columns.
    pub source: Source,
    /// What fills them.
    pub annexes: Annexes,
}

/// Joins annexes to a source.
///
/// # Errors
/// When the mapping maps a list in both ways, or no column to the client's id.
pub fn widen(mapping: &Mapping, source: &Source, annexes: Vec<Annex>) -> Result<Widened, AnnexError> {
    let mut widened = Widened {
        mapping: mapping.clone(),
        source: source.clone(),
        annexes: Annexes { width: source.columns.len(), joints: Vec::new() },
    };
    for annex in annexes {
        let wrong = |why: String| AnnexError::Section { list: annex.list.clone(), why };
        for (header, fields) in &mapping.columns {
            if fields.iter().any(|field| Name::parse(field).list == Some(&annex.list)) {
                return Err(wrong(format!("stands beside the column `{header}`, which fills the same list: keep one of them")));
            }
        }
        let parent = mapping
            .columns
            .iter()
            .find(|(_, fields)| fields.iter().any(|field| field == annex.parent))
            .and_then(|(header, _)| {
                let exact = source.columns.iter().position(|column| **column == **header);
                exact.or_else(|| source.columns.iter().position(|column| fold(column) == fold(header)))
            })
            .ok_or_else(|| {
                wrong(format!(
                    "joins by the field `{}`, which no column under [columns] fills; name another in `parent`",
                    annex.parent
                ))
            })?;
        let (first, most) = (widened.source.columns.len(), annex.most());
        for number in 0..most {
            for (_, header, parts) in &annex.columns {
                let name = format!("{}: {header} ({})", annex.name(), number + 1);
                let fields = parts.iter().map(|part| format!("{}[{number}].{part}", annex.list)).collect();
                widened.mapping.columns.insert(name.clone(), Targets::Many(fields));
                widened.source.columns.push(name.into());
            }
        }
        widened.annexes.joints.push(Joint { annex, parent, first, most });
    }
    if widened.source.columns.len() >= usize::from(u16::MAX) {
        return Err(AnnexError::Section {
            list: "*".to_owned(),
            why: "would make more columns than a row has room for".to_owned(),
        });
    }
    Ok(widened)
}

impl Annexes {
    /// Columns of the source whose values are ids of clients.
    #[must_use]
    pub fn parents(&self) -> Vec<usize> {
        self.joints.iter().map(|joint| joint.parent).collect()
    }

    /// Headers of the added columns.
    pub fn columns<'s>(&self, widened: &'s Source) -> &'s [Arc<str>] {
        widened.columns.get(self.width..).unwrap_or_default()
    }

    /// An error when there are items whose client no row is; `seen` are the ids of all clients, by [`Self::parents`].
    ///
    /// # Errors
    /// With the first of their lines.
    pub fn check_parents(&self, seen: &[HashSet<Box<str>>], source: &Source) -> Result<(), AnnexError> {
        for (joint, seen) in self.joints.iter().zip(seen).filter(|(joint, _)| joint.annex.orphans == Orphans::Stop) {
            let of_nobody = joint.annex.of_client.iter().filter(|(client, _)| !seen.contains(*client));
            let mut orphans: Vec<u32> = of_nobody.flat_map(|(_, numbers)| numbers.iter().copied()).collect();
            if orphans.is_empty() {
                continue;
            }
            orphans.sort_unstable();
            let lines = orphans.iter().filter_map(|&number| joint.annex.items.get(number as usize));
            return Err(AnnexError::Orphans {
                annex: joint.annex.name(),
                source_name: source.name.to_string(),
                count: orphans.len(),
                lines_told: lines.take(LINES_TOLD_MAX).map(|(place, _)| place.line).collect(),
            });
        }
        Ok(())
    }

    /// Columns of the source itself.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Keeps what [`Self::check_parents`] has to know of a client's id: whether any item names it.
    #[must_use]
    pub fn key_of(&self, parent: usize, id: &str) -> Option<Box<str>> {
        let key = clean(id);
        let joint = self.joints.get(parent)?;
        joint.annex.of_client.contains_key(&*key).then(|| key.into())
    }

    /// Calls `observe` with every value of the annex's column that an added column shows a part of.
    pub fn each_value(&self, column: usize, mut observe: impl FnMut(Place, &str, CellKind)) {
        if let Some((joint, _, place)) = self.at(column) {
            joint.annex.items.iter().for_each(|(at, cells)| observe(*at, cells.text(place), cells.kind(place)));
        }
    }

    /// Whether an added column shows the first item, and so stands for all.
    #[must_use]
    pub fn is_first(&self, column: usize) -> bool {
        self.at(column).is_none_or(|(_, number, _)| number == 0)
    }

    /// The row with its items at the right. A row that does not fit its header has no items: nobody knows whose they are.
    pub(super) fn join(&self, row: Row) -> Row {
        if row.shape != Shape::Whole {
            return row;
        }
        let mut cells = Cells::with_capacity(self.width, 0);
        for index in 0..self.width {
            cells.push_kind(row.cells.text(index), row.cells.kind(index));
        }
        for joint in &self.joints {
            let mut items = joint.annex.items_of(row.cells.text(joint.parent));
            for _ in 0..joint.most {
                let item = items.next();
                for place in 0..joint.annex.columns.len() {
                    match item {
                        Some((_, item)) => cells.push_kind(item.text(place), item.kind(place)),
                        None => cells.push(""),
                    }
                }
            }
        }
        Row { cells, ..row }
    }

    /// Says in a fault of an added column where the value stands: the annex's own line.
    pub(super) fn locate(&self, row: &Row, fault: &mut Fault) {
        let Some((joint, number, place)) = fault.column.and_then(|column| self.at(usize::from(column))) else { return };
        let client = row.cells.text(joint.parent);
        let item = joint.annex.items_of(client).nth(number);
        if let (Some((at, _)), Some((_, header, _))) = (item, joint.annex.columns.get(place)) {
            fault.message = Wording::InItem.with([
                joint.annex.source.locate(*at).to_string().into(),
                (&**header).into(),
                fault.message.clone().into(),
            ]);
        }
    }

    /// The annex behind an added column, the item's number, and the place among the annex's mapped columns.
    fn at(&self, column: usize) -> Option<(&Joint, usize, usize)> {
        self.joints.iter().find_map(|joint| {
            let offset = column.checked_sub(joint.first)?;
            let width = joint.annex.columns.len();
            (offset < joint.most * width).then(|| (joint, offset / width, offset % width))
        })
    }
}

#[cfg(test)]
mod tests;
