//! What the first pass over a source looks for in its columns: proof of the order of dates, and habits that show damage.
//! Decides for columns; cells are judged when rows are prepared.

use std::collections::BTreeMap;

use super::dates::{DateProof, DateQuestion};
use super::mapping::Mapping;
use super::names;
use super::normalize::CellFault;
use super::normalize::damage::{Habit, HabitEvidence};
use super::normalize::date::ColumnEvidence;
use super::plan::{From, Plan};
use crate::contract::Render;
use crate::model::text::fold;
use crate::model::{CellKind, Place};

/// What `[formats]` says of a column whose values are to be taken as they stand.
pub(super) const AS_IS: &str = "as is";

/// What was seen of one column.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    dates: Option<Box<ColumnEvidence>>,
    habit: Option<Box<HabitEvidence>>,
}

impl Watch {
    /// Takes the cell of one row into account.
    pub fn observe(&mut self, place: Place, text: &str, kind: CellKind) {
        if let Some(dates) = &mut self.dates {
            dates.observe(place, text, kind);
        }
        if let Some(habit) = &mut self.habit {
            habit.observe(text, kind);
        }
    }
}

/// A column of texts or identifiers.
pub(super) struct WatchedColumn {
    column: usize,
    is_fixed_width: bool,
    habit: Option<Habit>,
}

impl Plan {
    /// The columns that the first pass has to look at, by index in the source, each with what to observe them by.
    #[must_use]
    pub fn watches(&self) -> Vec<(usize, Watch)> {
        let mut watches: BTreeMap<usize, Watch> = BTreeMap::new();
        for column in self.date_columns() {
            watches.entry(column).or_default().dates = Some(Box::default());
        }
        for watched in &self.watched {
            watches.entry(watched.column).or_default().habit = Some(Box::default());
        }
        watches.into_iter().collect()
    }

    /// Takes what the first pass observed, in the order of [`Self::watches`].
    ///
    /// # Errors
    /// With the date columns that a person has to settle.
    pub fn settle(&mut self, seen: &[(usize, Watch)]) -> Result<Vec<DateProof>, Vec<DateQuestion>> {
        let watch = |column: usize| seen.iter().find(|(seen, _)| *seen == column).map(|(_, watch)| watch);
        for watched in &mut self.watched {
            watched.habit = watch(watched.column).and_then(|watch| watch.habit.as_ref()).map(|habit| habit.habit());
        }
        let evidence: Vec<ColumnEvidence> = self
            .date_columns()
            .into_iter()
            .map(|column| watch(column).and_then(|watch| watch.dates.as_deref()).cloned().unwrap_or_default())
            .collect();
        self.settle_dates(&evidence)
    }

    /// What the column's habit says against a cell.
    pub(super) fn damage(&self, column: usize, text: &str, kind: CellKind) -> Option<CellFault> {
        let watched = self.watched.iter().find(|watched| watched.column == column)?;
        watched.habit.as_ref()?.check(text, kind, watched.is_fixed_width)
    }

    /// Columns of texts and identifiers that no way of writing checks by itself.
    pub(super) fn find_watched(&self, mapping: &Mapping) -> Vec<WatchedColumn> {
        let mut columns: BTreeMap<usize, bool> = BTreeMap::new();
        let mut add = |from: &From, render: Render, field: &str| {
            if !is_watched(render) {
                return;
            }
            let is_identifier = matches!(render, Render::DocumentNumber | Render::Token);
            from.each_column(&mut |column| {
                if let From::Column(_) | From::First(_) = from {
                    let fixed = is_identifier || is_fixed_width(field);
                    *columns.entry(column).or_default() |= fixed;
                } else if let From::Joined(..) = from {
                    columns.entry(column).or_default();
                }
            });
        };
        for operation in &self.operations {
            let in_objects = operation.objects.objects.iter().flat_map(|object| object.fills.iter().flatten());
            for fill in operation.fills.iter().chain(in_objects) {
                add(&fill.from, fill.leaf.render, &fill.leaf.field);
            }
            for part in operation.items.iter().flat_map(|item| &item.parts) {
                if let Some((_, leaf)) = part.leaves.first() {
                    add(&part.from, leaf.render, &leaf.field);
                }
            }
        }
        if let Some(column) = self.own_id {
            columns.entry(column).or_default();
        }
        let fields = |column: usize| {
            let named = mapping.columns.iter().filter(move |(header, _)| self.is_called(column, header));
            named.flat_map(|(_, fields)| fields.iter())
        };
        let taken_as_is = |column: usize| {
            fields(column).any(|field| {
                let general = names::general(field);
                let written = mapping.formats.get(field).or_else(|| mapping.formats.get(&general));
                written.is_some_and(|format| format.trim().eq_ignore_ascii_case(AS_IS))
            })
        };
        columns
            .into_iter()
            .filter(|(column, _)| !taken_as_is(*column))
            .map(|(column, fixed)| WatchedColumn {
                column,
                is_fixed_width: fixed || fields(column).any(is_fixed_width),
                habit: None,
            })
            .collect()
    }

    fn is_called(&self, column: usize, header: &str) -> bool {
        self.columns.get(column).is_some_and(|name| **name == *header || fold(name) == fold(header))
    }
}

/// Whether the way of writing takes any text, so that only the column's habit shows damage.
pub(super) fn is_watched(render: Render) -> bool {
    matches!(render, Render::Text | Render::AddressLine | Render::LatinLine | Render::DocumentNumber | Render::Token)
}

/// Whether numbers of a field are all of one length, so that a shorter one has lost something.
#[must_use]
pub fn is_fixed_width(field: &str) -> bool {
    const WORDS: [&str; 17] = [
        "postcode", "postal", "zip", "account", "bik", "bic", "kpp", "okpo", "okato", "oktmo", "inn", "ogrn", "snils", "tin",
        "tax_id", "taxid", "passport",
    ];
    let part = field.rsplit(['.', '/']).next().unwrap_or(field);
    // `postalCode` and `postal_code` have the words postal and code.
    let mut words = vec![String::new()];
    for ch in part.chars() {
        if ch == '_' || ch == '-' {
            words.push(String::new());
        } else {
            if ch.is_uppercase() {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.extend(ch.to_lowercase());
            }
        }
    }
    let whole = part.to_lowercase();
    WORDS.iter().any(|known| whole == *known || words.iter().any(|word| word == known))
}
