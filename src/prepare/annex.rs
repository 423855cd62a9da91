//! A second sheet or file whose rows are items of the clients' lists, joined to the clients by an id that both have: beneficial owners
//! below companies. Reads no file: rows are handed in, kept compactly, and stand as further cells at the right of their client's row.

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

/// Why items cannot be joined to clients.
#[derive(Debug, thiserror::Error)]
pub enum AnnexError {
    /// The mapping's section is wrong.
    #[error("[items.{list}] {why}")]
    Section {
        /// The list.
        list: String,
        /// What is wrong with it.
        why: String,
    },
    /// Items belong to no client of the source.
    #[error("{count} row(s) of {annex} belong to no client of {source_name}: line {}", lines(lines_told))]
    Orphans {
        /// The file, with its sheet.
        annex: String,
        /// The clients' file.
        source_name: String,
        /// How many.
        count: usize,
        /// Their lines, the first of them.
        lines_told: Vec<u64>,
    },
    /// A row of it cannot be used.
    #[error("{place}: {why}")]
    Row {
        /// File, sheet and line.
        place: String,
        /// What is wrong.
        why: String,
    },
    /// There are more items than this program keeps.
    #[error("{annex} has more than {max} rows, which is more than are kept in memory")]
    TooMany {
        /// The file, with its sheet.
        annex: String,
        /// The most.
        max: usize,
    },
}

impl AnnexError {
    /// Whether it is about what stands in the files, and not about the mapping.
    #[must_use]
    pub fn is_about_rows(&self) -> bool {
        match self {
            Self::Orphans { .. } | Self::Row { .. } | Self::TooMany { .. } => true,
            Self::Section { .. } => false,
        }
    }

    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Section { .. } => "correct the section of the mapping; docs/items.md has an example",
            Self::Orphans { .. } => {
                "correct the ids that join the two, or remove the rows; where the source holds a part of the clients only, such as a \
                 rejected.csv, write orphans = \"leave-out\" into the section. Nothing was sent, so that nobody misses a part"
            }
            Self::Row { .. } => "mend the row; nothing was sent, so that nobody misses a part",
            Self::TooMany { .. } => "divide clients and items into several files",
        }
    }
}

fn lines(told: &[u64]) -> String {
    let lines: Vec<String> = told.iter().map(u64::to_string).collect();
    if told.len() == LINES_TOLD_MAX { format!("{} …", lines.join(", ")) } else { lines.join(", ") }
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
mod tests {
    use super::*;

    fn source(name: &str, columns: &[&str]) -> Source {
        Source {
            name: name.into(),
            path: name.into(),
            sha256: String::new(),
            sheets: vec!["".into()],
            columns: columns.iter().map(|column| Arc::from(*column)).collect(),
            workbook: None,
        }
    }

    fn row(line: u64, texts: &[&str]) -> Row {
        let mut cells = Cells::default();
        texts.iter().for_each(|text| cells.push(text));
        Row { place: Place { sheet: 0, line, ordinal: line - 2 }, cells, shape: Shape::Whole, faults: Vec::new() }
    }

    fn written(text: &str) -> Mapping {
        toml::from_str(text).unwrap()
    }

    const MAPPING: &str = "[columns]\n\"ID\" = \"external_id\"\n\"Name\" = \"legalName\"\n\
        [items.people]\nfile = \"ubo.csv\"\nkey = \"Company\"\n\
        [items.people.columns]\n\"Last\" = \"lastName\"\n\"Share\" = \"share\"\n";

    fn annex(rows: &[(u64, [&str; 3])]) -> Annex {
        let mapping = written(MAPPING);
        let mut annex = Annex::new("people", &mapping.items["people"], source("ubo.csv", &["Company", "Last", "Share"])).unwrap();
        rows.iter().for_each(|(line, texts)| annex.add(&row(*line, texts)).unwrap());
        annex
    }

    #[test]
    fn items_stand_at_the_right_of_their_client_in_the_order_of_their_lines() {
        let annex = annex(&[(2, ["a", "One", "1"]), (3, ["b", "Two", "2"]), (4, [" a ", "Three", ""])]);
        let main = source("clients.csv", &["ID", "Name"]);
        let widened = widen(&written(MAPPING), &main, vec![annex]).unwrap();
        let names: Vec<&str> = widened.source.columns.iter().map(|name| &**name).collect();
        assert_eq!(names, ["ID", "Name", "ubo.csv: Last (1)", "ubo.csv: Share (1)", "ubo.csv: Last (2)", "ubo.csv: Share (2)"]);
        assert_eq!(widened.mapping.columns["ubo.csv: Last (2)"].iter().collect::<Vec<_>>(), ["people[1].lastName"]);
        let joined = |id: &str| widened.annexes.join(row(2, &[id, "x"])).cells.iter().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(joined("a"), ["a", "x", "One", "1", "Three", ""]);
        assert_eq!(joined("b"), ["b", "x", "Two", "2", "", ""]);
        assert_eq!(joined("c"), ["c", "x", "", "", "", ""]);
        let mut fault = Fault::of_cell(crate::model::Code::ValueMissing, 4, "", Wording::CellIsEmpty);
        widened.annexes.locate(&widened.annexes.join(row(2, &["a", "x"])), &mut fault);
        assert_eq!(fault.message.to_string(), "ubo.csv:4 `Last`: the cell is empty");
        let mut shares = Vec::new();
        widened.annexes.each_value(5, |_, text, _| shares.push(text.to_owned()));
        assert_eq!(shares, ["1", "2", ""]);
        assert!(widened.annexes.is_first(3) && !widened.annexes.is_first(5) && widened.annexes.is_first(0));
    }

    #[test]
    fn items_of_nobody_are_told_by_their_lines() {
        let annex = annex(&[(2, ["a", "One", "1"]), (3, ["z", "Two", "2"]), (9, ["y", "Three", ""])]);
        let main = source("clients.csv", &["ID", "Name"]);
        let annexes = widen(&written(MAPPING), &main, vec![annex]).unwrap().annexes;
        assert_eq!((annexes.key_of(0, " a"), annexes.key_of(0, "other")), (Some("a".into()), None));
        let error = annexes.check_parents(&[HashSet::from(["a".into()])], &main).unwrap_err().to_string();
        assert_eq!(error, "2 row(s) of ubo.csv belong to no client of clients.csv: line 3, 9");
        assert!(annexes.check_parents(&[["a", "z", "y"].map(Box::from).into()], &main).is_ok());
    }

    #[test]
    fn what_cannot_be_joined_is_refused() {
        let main = source("clients.csv", &["ID", "Name"]);
        let refused = |mapping: &str| widen(&written(mapping), &main, vec![annex(&[])]).err().map(|error| error.to_string());
        let both = MAPPING.replace("\"Name\" = \"legalName\"", "\"Name\" = \"people[0].lastName\"");
        assert!(refused(&both).unwrap().contains("fills the same list"));
        assert!(refused(&MAPPING.replace("external_id", "other")).unwrap().contains("joins by the field `external_id`"));
        let section = written(MAPPING);
        let lacking = Annex::new("people", &section.items["people"], source("ubo.csv", &["Company", "Last"]));
        assert!(lacking.err().unwrap().to_string().contains("`Share`, which ubo.csv does not have"));
        assert!(toml::from_str::<Mapping>(&MAPPING.replace("key", "kye")).is_err());
        let mut annex = annex(&[]);
        let place = |error: AnnexError| error.to_string();
        assert!(place(annex.add(&row(7, &["", "a", "b"])).unwrap_err()).starts_with("ubo.csv:7: does not say whose"));
        let ragged = Row { shape: Shape::Short, ..row(8, &["a"]) };
        assert!(place(annex.add(&ragged).unwrap_err()).contains("ubo.csv:8"));
        for line in 2..102 {
            annex.add(&row(line, &["a", "b", "c"])).unwrap();
        }
        assert!(place(annex.add(&row(102, &["a", "b", "c"])).unwrap_err()).contains("no. 101"));
    }
}
