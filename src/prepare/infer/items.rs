//! Which document or address a column belongs to: headers that name none are given to their neighbours.
//! Guesses only where one answer is left; every other placing carries a doubt for a person.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::reading::{Part, Whose};
use crate::contract::{Leaf, Operation, vocabulary};

/// Parts of an address that are joined to its text.
const ADDRESS_PARTS: [&str; 9] = ["postcode", "region", "district", "city", "settlement", "street", "house", "building", "flat"];

/// The documents and addresses that headers speak of.
pub(super) struct Items<'a> {
    operations: &'a [Arc<Operation>],
    groups: BTreeMap<usize, Group<'a>>,
}

#[derive(Default)]
struct Group<'a> {
    items: Vec<Item<'a>>,
    /// The item that the last column of the group belonged to.
    current: Option<usize>,
}

struct Item<'a> {
    kind: Option<usize>,
    number: Option<u32>,
    /// Parts with the headers that hold them.
    parts: Vec<(&'static str, &'a str)>,
}

impl<'a> Item<'a> {
    /// The header that already holds what this part would.
    fn holder(&self, part: &str) -> Option<&'a str> {
        self.parts.iter().find(|(known, _)| same_value(known, part)).map(|(_, header)| *header)
    }

    fn is_free(&self, part: &str) -> bool {
        self.holder(part).is_none()
    }

    fn has(&self, part: &str) -> bool {
        self.parts.iter().any(|(known, _)| *known == part)
    }
}

/// Where a part goes.
pub(super) struct Placed {
    pub(super) field: String,
    pub(super) confidence: u8,
    pub(super) doubt: Option<String>,
}

/// An item, or a new one, and what is doubtful about the choice.
struct Choice {
    index: Option<usize>,
    doubt: Option<String>,
}

impl Choice {
    fn sure(index: Option<usize>) -> Self {
        Self { index, doubt: None }
    }

    fn doubtful(index: Option<usize>, doubt: String) -> Self {
        Self { index, doubt: Some(doubt) }
    }
}

/// Whether two parts of one item tell the same: a value that comes twice is a value too many.
fn same_value(one: &str, other: &str) -> bool {
    let within = |whole: &str, part: &str| match whole {
        "series_and_number" => matches!(part, "series" | "number"),
        "text" => ADDRESS_PARTS.contains(&part),
        _ => false,
    };
    one == other || within(one, other) || within(other, one)
}

impl<'a> Items<'a> {
    pub(super) fn new(operations: &'a [Arc<Operation>]) -> Self {
        Self { operations, groups: BTreeMap::new() }
    }

    /// Gives a column to an item. `following` are the bare parts after it, up to the next column of types.
    pub(super) fn place(&mut self, header: &'a str, part: Part, following: &[&str]) -> Placed {
        let Part { whose, name, sure } = part;
        let choice = if !whose.is_bare() {
            self.by_name(whose, name)
        } else if name == "type" {
            self.type_column(whose.group, following)
        } else {
            self.by_neighbour(whose.group, name)
        };
        let group = self.groups.entry(whose.group).or_default();
        let index = choice.index.unwrap_or(group.items.len());
        if index == group.items.len() {
            group.items.push(Item { kind: whose.kind, number: whose.number, parts: Vec::new() });
        }
        group.current = Some(index);
        let mut placed = Placed { field: field(whose.group, index, name), confidence: 100, doubt: choice.doubt };
        if let Some(item) = group.items.get_mut(index) {
            item.kind = item.kind.or(whose.kind);
            if let Some(other) = item.holder(name) {
                placed.doubt.get_or_insert_with(|| format!("`{other}` already tells this of {}", item_name(whose.group, index)));
            }
            if name == "number" && whose.kind.is_none() && item.parts.is_empty() && !sure {
                placed.doubt.get_or_insert_with(|| "a number, but of what?".to_owned());
            }
            item.parts.push((name, header));
        }
        if placed.doubt.is_some() {
            placed.confidence = 60;
        }
        placed
    }

    /// A header that names a kind or a number.
    fn by_name(&self, whose: Whose, part: &'static str) -> Choice {
        let Whose { group, kind, number } = whose;
        let items = self.items(group);
        if let Some(index) = items.iter().position(|item| item.kind == kind && item.number == number) {
            return Choice::sure(Some(index));
        }
        if number.is_some() {
            // The kind was named by an earlier column of the same number, or nothing was.
            let same = |item: &Item<'_>| item.number == number && (item.kind.is_none() || kind.is_none()) && item.is_free(part);
            return Choice::sure(items.iter().position(same));
        }
        // Columns before it may have spoken of this kind without naming it.
        let nameless = |item: &Item<'_>| item.kind.is_none() && item.number.is_none();
        let fits = |item: &Item<'_>| {
            nameless(item) && item.is_free(part) && item.parts.iter().all(|(known, _)| self.takes(group, kind, false, known))
        };
        let current = self.groups.get(&group).and_then(|group| group.current);
        let current = current.filter(|&index| items.get(index).is_some_and(fits));
        let index = current.or_else(|| items.iter().rposition(fits));
        let is_default = self.is_default(group, kind);
        match index {
            // Without its kind the item would be of the default type.
            Some(index)
                if !is_default && self.default_type(group).is_some() && items.get(index).is_some_and(|i| !i.has("type")) =>
            {
                Choice::doubtful(Some(index), format!("does all of {} belong to it?", item_name(group, index)))
            }
            Some(index) => Choice::sure(Some(index)),
            None => {
                let rival = items.iter().position(|item| {
                    let overlaps = !item.has(part) && !item.is_free(part);
                    nameless(item) && !item.has("type") && (is_default || overlaps)
                });
                let doubt = rival.map(|index| format!("is it the same as {}, or another?", item_name(group, index)));
                Choice { index: None, doubt }
            }
        }
    }

    /// A column of types opens an item, unless the columns before it lack theirs.
    fn type_column(&self, group: usize, following: &[&str]) -> Choice {
        let items = self.items(group);
        let current = self.groups.get(&group).and_then(|group| group.current);
        let Some((index, item)) = current.and_then(|index| Some((index, items.get(index)?))) else { return Choice::sure(None) };
        if item.has("type") {
            return Choice::sure(None);
        }
        let needed_by_followers = following.iter().any(|part| !item.is_free(part));
        let named = item.kind.is_some() || item.number.is_some();
        match (needed_by_followers, named) {
            (true, true) => Choice::sure(None),
            (true, false) => {
                let next = item_name(group, items.len());
                Choice::doubtful(None, format!("is it the type of {}, or of {next}?", item_name(group, index)))
            }
            (false, true) if !self.is_default(group, item.kind) => {
                Choice::doubtful(Some(index), format!("the headers already say what kind {} is", item_name(group, index)))
            }
            (false, true | false) => Choice::sure(Some(index)),
        }
    }

    /// A bare header belongs to its neighbour, if the neighbour has room for it.
    fn by_neighbour(&self, group: usize, part: &'static str) -> Choice {
        let items = self.items(group);
        let current = self.groups.get(&group).and_then(|group| group.current);
        let Some((index, item)) = current.and_then(|index| Some((index, items.get(index)?))) else { return Choice::sure(None) };
        let has_room = |item: &Item<'_>| item.is_free(part) && self.item_takes(group, item, part);
        if has_room(item) {
            return Choice::sure(Some(index));
        }
        let rooms: Vec<usize> = (0..items.len()).filter(|&index| items.get(index).is_some_and(has_room)).collect();
        match rooms.as_slice() {
            // The neighbour has no such part at all.
            [only] if !self.item_takes(group, item, part) => Choice::sure(Some(*only)),
            [.., last] => Choice::doubtful(Some(*last), format!("does it belong to {}?", item_name(group, *last))),
            [] if !self.item_takes(group, item, part) => {
                Choice::doubtful(Some(index), format!("{} has no such part", item_name(group, index)))
            }
            [] => match item.holder(part) {
                Some(other) if item.has(part) => {
                    let next = item_name(group, items.len());
                    Choice::doubtful(
                        None,
                        format!("`{other}` already tells this of {}: is there {next}?", item_name(group, index)),
                    )
                }
                Some(other) => {
                    Choice::doubtful(Some(index), format!("`{other}` already tells this of {}", item_name(group, index)))
                }
                None => Choice::sure(Some(index)),
            },
        }
    }

    /// The field that this part would be, if an item has room for it.
    pub(super) fn room_for(&self, whose: Whose, part: &'static str) -> Option<String> {
        let items = self.items(whose.group);
        let index = if whose.is_bare() {
            let has_room = |item: &Item<'_>| item.is_free(part) && self.item_takes(whose.group, item, part);
            if items.is_empty() { 0 } else { items.iter().rposition(has_room)? }
        } else {
            let named = |item: &Item<'_>| {
                let same_kind = item.kind == whose.kind || (item.kind.is_none() && self.is_default(whose.group, whose.kind));
                same_kind && item.number == whose.number
            };
            match items.iter().position(named) {
                Some(index) => Some(index).filter(|&index| items.get(index).is_some_and(|item| item.is_free(part)))?,
                None => items.len(),
            }
        };
        Some(field(whose.group, index, part))
    }

    /// Whether some item of the group, whichever, has this part.
    pub(super) fn is_told(&self, group: usize, part: &str) -> bool {
        self.items(group).iter().any(|item| !item.is_free(part))
    }

    /// How many items there are.
    pub(super) fn count(&self, group: usize) -> usize {
        self.items(group).len()
    }

    /// Types that headers name, where no column does.
    pub(super) fn constants(&self) -> BTreeMap<String, String> {
        let mut constants = BTreeMap::new();
        for (&group, state) in &self.groups {
            let Some(spec) = vocabulary().groups.get(group) else { continue };
            for (index, item) in state.items.iter().enumerate() {
                let Some(kind) = item.kind.and_then(|kind| spec.kinds.get(kind)) else { continue };
                if !kind.bare && !item.has("type") {
                    constants.insert(field(group, index, "type"), kind.label.clone());
                }
            }
        }
        constants
    }

    fn items(&self, group: usize) -> &[Item<'a>] {
        self.groups.get(&group).map_or(&[], |group| &group.items)
    }

    /// Whether the contracts know this part in an item of this kind; a kind they do not know is left to its rows.
    fn takes(&self, group: usize, kind: Option<usize>, any_type: bool, part: &str) -> bool {
        let Some(spec) = vocabulary().groups.get(group) else { return false };
        let part = match part {
            "type" => return true,
            "series_and_number" => "number",
            part => part,
        };
        if self.operations.iter().flat_map(|operation| operation.selecting(&spec.name)).any(|(leaf, selector)| {
            selector.part == part || leaf.join.as_ref().is_some_and(|join| join.parts.iter().any(|known| known == part))
        }) {
            return true;
        }
        let wanted = format!("{}[].{part}", spec.name);
        let named = kind.and_then(|kind| spec.kinds.get(kind)).filter(|kind| !kind.bare);
        self.operations.iter().filter_map(|operation| operation.group(&spec.name)).any(|group| {
            let code = match named {
                _ if any_type => None,
                Some(kind) => {
                    group.type_leaf.as_ref().and_then(|leaf| leaf.codes.as_ref()).and_then(|codes| codes.find(&kind.label))
                }
                None => group.default_type.as_deref(),
            };
            match code {
                Some(_) => group.leaves(code).iter().any(|leaf| fills(leaf, &wanted, part)),
                None => group.all_leaves().any(|leaf| fills(leaf, &wanted, part)),
            }
        })
    }

    fn item_takes(&self, group: usize, item: &Item<'_>, part: &str) -> bool {
        self.takes(group, item.kind, item.has("type"), part)
    }

    /// Whether items of this kind are what items without a named kind are taken for.
    fn is_default(&self, group: usize, kind: Option<usize>) -> bool {
        let spec = vocabulary().groups.get(group);
        kind.and_then(|kind| spec?.kinds.get(kind)).is_some_and(|kind| kind.bare)
    }

    fn default_type(&self, group: usize) -> Option<&str> {
        let name = &vocabulary().groups.get(group)?.name;
        self.operations.iter().find_map(|operation| operation.group(name)?.default_type.as_deref())
    }
}

/// Whether a part fills the member, by itself or joined with others.
fn fills(leaf: &Leaf, wanted: &str, part: &str) -> bool {
    leaf.field == wanted || leaf.join.as_ref().is_some_and(|join| join.parts.iter().any(|known| known == part))
}

/// `documents[1].number`.
pub(super) fn field(group: usize, index: usize, part: &str) -> String {
    format!("{}.{part}", plain_item_name(group, index))
}

fn item_name(group: usize, index: usize) -> String {
    format!("`{}`", plain_item_name(group, index))
}

fn plain_item_name(group: usize, index: usize) -> String {
    format!("{}[{index}]", vocabulary().groups.get(group).map_or("", |group| &group.name))
}
