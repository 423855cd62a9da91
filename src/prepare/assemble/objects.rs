//! Single objects that items of the mapping fill: in each row the item's kind tells which object it goes to.
//! Guesses only where one answer is left.

use smallvec::SmallVec;

use super::{Work, index, is_empty, translate};
use crate::model::text::fold;
use crate::model::{Code, Fault, FieldName, Wording};
use crate::prepare::cell;
use crate::prepare::compile::objects::{bare_label, label_of};
use crate::prepare::members::Members;
use crate::prepare::plan::{KindItem, ObjectPlan, Objects};

/// An item of the row that has a cell.
struct Filled {
    /// Place in [`Objects::items`].
    item: usize,
    kind: Option<String>,
    is_taken: bool,
}

impl<'a> Work<'a> {
    pub(super) fn objects(&mut self, objects: &'a Objects, members: &mut Members<'_>) {
        let mut filled: SmallVec<[Filled; 4]> = SmallVec::new();
        for (item, spec) in objects.items.iter().enumerate() {
            if spec.columns.iter().any(|&column| self.is_filled(column)) {
                filled.push(Filled { item, kind: self.kind_of(spec), is_taken: false });
            }
        }
        let mut chosen: Vec<Option<usize>> = vec![None; objects.objects.len()];
        for (object, chosen) in objects.objects.iter().zip(&mut chosen) {
            *chosen = self.by_kind(objects, object, &mut filled);
        }
        for (object, chosen) in objects.objects.iter().zip(&mut chosen) {
            if chosen.is_none() && object.kinds.iter().any(|kind| kind == "*") {
                *chosen = self.any_kind(objects, object, &mut filled);
            }
            if chosen.is_none() && object.kinds.iter().any(|kind| kind == "?") {
                *chosen = self.without_kind(objects, object, &mut filled);
            }
        }
        for (object, chosen) in objects.objects.iter().zip(chosen) {
            let Some(item) = chosen else { continue };
            self.by_item.push(&object.name);
            for fill in object.fills.get(item).into_iter().flatten() {
                self.fill(fill, members);
            }
            let kind = filled.iter().find(|other| other.item == item).and_then(|other| other.kind.as_deref());
            if let (Some((leaf, slot)), Some(kind)) = (&object.type_leaf, kind)
                && let Ok(code) = cell::code(leaf, kind)
            {
                members.put(*slot, &cell::written_code(code));
            }
        }
        for other in filled.iter().filter(|other| !other.is_taken) {
            self.not_sent(objects, other);
        }
    }

    /// The kind that the row or the mapping says, by the vocabulary's label.
    fn kind_of(&self, item: &KindItem) -> Option<String> {
        let word = item.type_column.as_ref().map(|column| translate(column, self.row.cells.text(column.index)));
        match word.filter(|word| !is_empty(word)) {
            Some(word) => Some(label_of(&item.group, &word)),
            None => item.kind.clone().or_else(|| bare_label(&item.group).map(str::to_owned)),
        }
    }

    /// The item whose kind the object names, by the order of its kinds; at last one whose kind is a code of the object's own.
    fn by_kind(&mut self, objects: &Objects, object: &ObjectPlan, filled: &mut [Filled]) -> Option<usize> {
        let of_group = |other: &Filled| objects.items.get(other.item).is_some_and(|item| item.group == object.group);
        let named = object.kinds.iter().filter(|kind| !matches!(kind.as_str(), "*" | "?")).map(Some).chain([None]);
        for kind in named {
            let fits = |other: &Filled| match (kind, other.kind.as_deref()) {
                (Some(wanted), Some(kind)) => wanted == kind || *wanted == fold(kind),
                (None, Some(kind)) => {
                    object.type_leaf.as_ref().is_some_and(|(leaf, _)| cell::code(leaf, kind).is_ok())
                        && !object.kinds.iter().any(|known| known == kind)
                }
                (_, None) => false,
            };
            let fitting: SmallVec<[usize; 4]> =
                filled.iter().enumerate().filter(|(_, other)| of_group(other) && fits(other)).map(|(place, _)| place).collect();
            if let Some(item) = self.only(objects, object, &fitting, filled) {
                return Some(item);
            }
        }
        None
    }

    /// An item of any kind: one that no object names, or the only one there is.
    fn any_kind(&mut self, objects: &Objects, object: &ObjectPlan, filled: &mut [Filled]) -> Option<usize> {
        let of_group = |other: &Filled| objects.items.get(other.item).is_some_and(|item| item.group == object.group);
        let all: SmallVec<[usize; 4]> =
            filled.iter().enumerate().filter(|(_, other)| of_group(other)).map(|(place, _)| place).collect();
        let free: SmallVec<[usize; 4]> =
            all.iter().copied().filter(|&place| filled.get(place).is_some_and(|other| !other.is_taken)).collect();
        match (&free[..], &all[..]) {
            ([], [only]) => filled.get(*only).map(|other| other.item),
            ([], _) => None,
            (free, _) => self.only(objects, object, free, filled),
        }
    }

    /// An item of which nothing says the kind.
    fn without_kind(&mut self, objects: &Objects, object: &ObjectPlan, filled: &mut [Filled]) -> Option<usize> {
        let fits =
            |other: &Filled| other.kind.is_none() && objects.items.get(other.item).is_some_and(|item| item.group == object.group);
        let places: SmallVec<[usize; 4]> =
            filled.iter().enumerate().filter(|(_, other)| fits(other)).map(|(place, _)| place).collect();
        self.only(objects, object, &places, filled)
    }

    /// Takes the first of these items; a second one is a fault: one of them would be dropped.
    fn only(&mut self, objects: &Objects, object: &ObjectPlan, places: &[usize], filled: &mut [Filled]) -> Option<usize> {
        let first = *places.first()?;
        for &place in places {
            let Some(other) = filled.get_mut(place) else { continue };
            other.is_taken = true;
            if place == first {
                continue;
            }
            let Some(spec) = objects.items.get(other.item) else { continue };
            let column = spec.columns.iter().copied().find(|&column| self.is_filled(column));
            let message = Wording::RoomForOne.with([(&object.name).into()]);
            self.faults.push(Fault {
                code: Code::DocumentTwice,
                field: Some(FieldName::new(&spec.name)),
                column: column.map(index),
                found: column.map(|column| self.row.cells.text(column).into()),
                message,
            });
        }
        filled.get(first).map(|other| other.item)
    }

    fn not_sent(&mut self, objects: &Objects, other: &Filled) {
        let Some(spec) = objects.items.get(other.item) else { return };
        for &column in &spec.columns {
            if !self.is_filled(column) {
                continue;
            }
            let message = match &other.kind {
                Some(_) => Wording::NoPlaceForItem,
                None => Wording::KindOfItemUnknown,
            };
            let found = self.row.cells.text(column);
            self.noticed.push(Fault::of_cell(Code::ValueNotSent, index(column), found, message).at(FieldName::new(&spec.name)));
        }
    }
}
