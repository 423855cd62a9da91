//! The values of one row, collected in slots and written as canonical JSON in one go, without a tree of values in between.
//! Knows no cells.

use serde_json::Value;
use smallvec::SmallVec;

use super::cell::Written;
use super::layout::{Layout, Node, Reference, place_digest};
use crate::contract::{BodyView, Guard};

/// A value: a piece of the row's text.
#[derive(Clone, Copy, Default)]
struct Slot {
    start: u32,
    end: u32,
    state: SlotState,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum SlotState {
    #[default]
    Absent,
    Text,
    /// A truth value: written without quotes.
    Literal,
    /// A number, which its member's bounds concern.
    Number,
    /// A list of codes, already written.
    Json,
}

/// The values of one row.
pub(super) struct Members<'l> {
    layout: &'l Layout,
    text: String,
    root: SmallVec<[Slot; 24]>,
    items: SmallVec<[Item; 4]>,
}

struct Item {
    group: usize,
    members: SmallVec<[Slot; 10]>,
}

impl<'l> Members<'l> {
    pub(super) fn new(layout: &'l Layout) -> Self {
        let root = std::iter::repeat_n(Slot::default(), layout.slots.len()).collect();
        Self { layout, text: String::with_capacity(512), root, items: SmallVec::new() }
    }

    pub(super) fn put(&mut self, slot: usize, value: &Written<'_>) {
        let written = self.write(value);
        if let Some(slot) = self.root.get_mut(slot) {
            *slot = written;
        }
    }

    /// Opens an item at the end of a group's list and tells its place there.
    pub(super) fn open_item(&mut self, group: usize) -> usize {
        let place = self.items.iter().filter(|item| item.group == group).count();
        let members = std::iter::repeat_n(Slot::default(), self.layout.groups[group].members.len()).collect();
        self.items.push(Item { group, members });
        place
    }

    /// Puts a value into the item that was opened last.
    pub(super) fn put_item(&mut self, member: usize, value: &Written<'_>) {
        let written = self.write(value);
        if let Some(slot) = self.items.last_mut().and_then(|item| item.members.get_mut(member)) {
            *slot = written;
        }
    }

    /// Gives a root member the value of another one.
    pub(super) fn copy(&mut self, from: usize, to: usize) {
        if let (Some(value), Some(slot)) = (self.root.get(from).copied(), self.root.get_mut(to)) {
            *slot = value;
        }
    }

    /// Whether any of these root members has a value.
    pub(super) fn any_filled(&self, slots: &[usize]) -> bool {
        slots.iter().filter_map(|slot| self.root.get(*slot)).any(|slot| slot.state != SlotState::Absent)
    }

    /// The text of a root member.
    pub(super) fn root_text(&self, slot: usize) -> Option<&str> {
        self.text_of(*self.root.get(slot)?)
    }

    fn write_text(&mut self, text: &str) -> Slot {
        let start = bounded(self.text.len());
        self.text.push_str(text);
        Slot { start, end: bounded(self.text.len()), state: SlotState::Text }
    }

    fn write(&mut self, value: &Written<'_>) -> Slot {
        let state = match value {
            Written::Text(_) => SlotState::Text,
            Written::Flag(_) => SlotState::Literal,
            Written::Number(_) => SlotState::Number,
            Written::Json(_) => SlotState::Json,
        };
        Slot { state, ..self.write_text(value.as_str()) }
    }

    fn text_of(&self, slot: Slot) -> Option<&str> {
        (slot.state != SlotState::Absent).then(|| self.text.get(slot.start as usize..slot.end as usize)).flatten()
    }

    fn items_of(&self, group: usize) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(move |item| item.group == group)
    }

    fn code_of(&self, item: &Item) -> Option<&str> {
        let member = self.layout.groups[item.group].type_member?;
        self.text_of(*item.members.get(member)?)
    }

    /// The text that a reference leads to, in the `nth` item of its type where it is about items.
    pub(super) fn follow(&self, reference: &Reference, nth: usize) -> Option<&str> {
        match reference {
            Reference::Root(slot) => self.text_of(*self.root.get(*slot)?),
            Reference::Item { group, member, code } => {
                let mut items = self.items_of(*group).filter(|item| code.is_none() || self.code_of(item) == code.as_deref());
                self.text_of(*items.nth(nth)?.members.get(*member)?)
            }
            Reference::List(_) | Reference::Nowhere => None,
        }
    }

    /// The body as canonical JSON.
    pub(super) fn to_json(&self) -> String {
        let mut json = String::with_capacity(self.text.len() + 512);
        json.push('{');
        self.write_members(&self.layout.root, &self.root, &mut json);
        json.push('}');
        json
    }

    fn write_members(&self, nodes: &[Node], slots: &[Slot], json: &mut String) {
        let begin = json.len();
        for node in nodes {
            let before = json.len();
            if before > begin {
                json.push(',');
            }
            let written = match node {
                Node::Leaf { key, slot } => slots.get(*slot).is_some_and(|slot| self.write_member(key, *slot, json)),
                Node::List { key, group } => self.write_list(key, *group, json),
                Node::Object { key, members } => {
                    json.push_str(key);
                    json.push('{');
                    let empty = json.len();
                    self.write_members(members, slots, json);
                    let filled = json.len() > empty;
                    json.push('}');
                    filled
                }
            };
            if !written {
                json.truncate(before);
            }
        }
    }

    fn write_member(&self, key: &str, slot: Slot, json: &mut String) -> bool {
        let Some(text) = self.text_of(slot) else { return false };
        json.push_str(key);
        match slot.state {
            SlotState::Text => push_quoted(text, json),
            SlotState::Literal | SlotState::Number | SlotState::Json => json.push_str(text),
            SlotState::Absent => return false,
        }
        true
    }

    fn write_list(&self, key: &str, group: usize, json: &mut String) -> bool {
        json.push_str(key);
        json.push('[');
        let mut any = false;
        for item in self.items_of(group) {
            if any {
                json.push(',');
            }
            any = true;
            json.push('{');
            self.write_members(&self.layout.groups[item.group].tree, &item.members, json);
            json.push('}');
        }
        json.push(']');
        any
    }

    /// Whether every value alone is one that its member takes, and no two items of a list are alike.
    pub(super) fn values_fit(&self) -> bool {
        let fits = |guard: &Guard, slot: &Slot| match slot.state {
            SlotState::Text => self.text_of(*slot).is_some_and(|text| guard.admits(text)),
            SlotState::Number => self.text_of(*slot).is_some_and(|literal| guard.admits_number(literal)),
            // The shape holds their values.
            SlotState::Absent | SlotState::Literal | SlotState::Json => true,
        };
        self.layout.slots.iter().zip(&self.root).all(|(spec, slot)| fits(&spec.guard, slot))
            && self.items.iter().all(|item| {
                let code = self.code_of(item);
                let group = &self.layout.groups[item.group];
                group.members.iter().zip(&item.members).all(|(member, slot)| {
                    let guard = member.guards.iter().find(|(known, _)| known.is_none() || known.as_deref() == code);
                    guard.is_none_or(|(_, guard)| fits(guard, slot))
                })
            })
            && self.items_differ()
    }

    fn items_differ(&self) -> bool {
        self.items.iter().enumerate().all(|(index, item)| {
            self.items[..index].iter().filter(|other| other.group == item.group).all(|other| {
                item.members.iter().zip(&other.members).any(|(one, other)| self.text_of(*one) != self.text_of(*other))
            })
        })
    }

    /// What decides whether the members fit together: which are there, and the values of those that come from a closed list.
    /// Two rows of one shape whose values fit are both valid or both not.
    pub(super) fn shape(&self) -> SmallVec<[u8; 96]> {
        let mut shape = SmallVec::new();
        for (spec, slot) in self.layout.slots.iter().zip(&self.root) {
            shape.push(u8::from(slot.state != SlotState::Absent));
            if spec.decides {
                shape.extend_from_slice(self.text_of(*slot).unwrap_or_default().as_bytes());
                shape.push(0);
            }
        }
        for item in &self.items {
            // Groups are a handful.
            shape.push(2 + u8::try_from(item.group).unwrap_or(u8::MAX - 2));
            shape.extend_from_slice(self.code_of(item).unwrap_or_default().as_bytes());
            for (spec, slot) in self.layout.groups[item.group].members.iter().zip(&item.members) {
                shape.push(u8::from(slot.state != SlotState::Absent));
                if spec.decides {
                    shape.extend_from_slice(self.text_of(*slot).unwrap_or_default().as_bytes());
                    shape.push(0);
                }
            }
        }
        shape
    }

    /// Calls `tell` with the digest of every member's place and the member's text.
    pub(super) fn each_digest(&self, mut tell: impl FnMut(u32, &str)) {
        for (spec, slot) in self.layout.slots.iter().zip(&self.root) {
            if let Some(text) = self.text_of(*slot) {
                tell(spec.digest, text);
            }
        }
        for (index, item) in self.items.iter().enumerate() {
            let place = self.items[..index].iter().filter(|other| other.group == item.group).count();
            for (member, slot) in self.layout.groups[item.group].members.iter().zip(&item.members) {
                if let Some(text) = self.text_of(*slot) {
                    tell(member.digest.wrapping_add(place_digest(place)), text);
                }
            }
        }
    }
}

/// The contract's checks read a row's values in place.
impl BodyView for Members<'_> {
    fn text(&self, path: usize, item: usize) -> Option<&str> {
        match self.layout.checks.get(path)? {
            Reference::Root(slot) => self.text_of(*self.root.get(*slot)?),
            Reference::Item { group, member, .. } => self.text_of(*self.items_of(*group).nth(item)?.members.get(*member)?),
            Reference::List(_) | Reference::Nowhere => None,
        }
    }

    fn items(&self, path: usize) -> usize {
        match self.layout.checks.get(path) {
            Some(Reference::Item { group, .. } | Reference::List(group)) => self.items_of(*group).count(),
            Some(Reference::Root(_) | Reference::Nowhere) | None => 0,
        }
    }
}

/// A row is bounded far below 4 GiB by the reader's limits.
fn bounded(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// A text as JSON writes it; the same bytes as serde_json's.
fn push_quoted(text: &str, json: &mut String) {
    if text.bytes().any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
        json.push_str(&Value::String(text.to_owned()).to_string());
    } else {
        json.push('"');
        json.push_str(text);
        json.push('"');
    }
}
