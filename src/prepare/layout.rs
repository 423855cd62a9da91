//! Where the members of an operation's body stand, settled once for a run: a row's values are collected in slots and written as
//! canonical JSON in one go, without a tree of values in between. Knows no cells.

use serde_json::Value;
use smallvec::SmallVec;

use super::fingerprint::field_digest;
use crate::contract::{BodyView, Group, Guard, Leaf, Operation, Path};

/// The layout of one operation's bodies.
pub(super) struct Layout {
    root: Vec<Node>,
    slots: Vec<SlotSpec>,
    groups: Vec<GroupLayout>,
    /// Where the paths of the contract's checks lead.
    checks: Vec<Reference>,
    pub(super) identities: Vec<(&'static str, Vec<Reference>)>,
    pub(super) fallback: Option<(&'static str, Vec<Reference>)>,
}

/// A member of the body, in the order of names.
enum Node {
    Leaf { key: String, slot: usize },
    Object { key: String, members: Vec<Node> },
    List { key: String, group: usize },
}

struct SlotSpec {
    path: Vec<String>,
    digest: u32,
    guard: Guard,
    /// Whether the value, not only its presence, may decide about other members.
    decides: bool,
}

struct GroupLayout {
    path: Vec<String>,
    /// Members of an item in the order of names.
    members: Vec<ItemMember>,
    type_member: Option<usize>,
}

struct ItemMember {
    name: String,
    key: String,
    digest: u32,
    /// Guard for items of each variant.
    guards: Vec<(Option<String>, Guard)>,
}

/// Where a path of a contract leads.
#[derive(Clone, Debug)]
pub(super) enum Reference {
    Root(usize),
    /// A member of the items of a group, of those of one type where one is named.
    Item {
        group: usize,
        member: usize,
        code: Option<String>,
    },
    List(usize),
    Nowhere,
}

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
    /// A truth value or a number: written without quotes.
    Literal,
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

impl Layout {
    pub(super) fn new(operation: &Operation) -> Self {
        let mut layout = Self {
            root: Vec::new(),
            slots: Vec::new(),
            groups: Vec::new(),
            checks: Vec::new(),
            identities: Vec::new(),
            fallback: None,
        };
        for leaf in &operation.leaves {
            layout.slots.push(SlotSpec {
                path: leaf.path.clone(),
                digest: field_digest(&format!("/{}", leaf.path.join("/"))),
                guard: leaf.guard.clone(),
                decides: leaf.render.is_closed(),
            });
        }
        for group in &operation.groups {
            layout.groups.push(GroupLayout::new(group));
        }
        let mut places: Vec<(Vec<String>, Target)> = Vec::new();
        places.extend(layout.slots.iter().enumerate().map(|(slot, spec)| (spec.path.clone(), Target::Slot(slot))));
        places.extend(layout.groups.iter().enumerate().map(|(group, spec)| (spec.path.clone(), Target::Group(group))));
        layout.root = nodes(places);
        layout.checks = operation.check_paths().iter().map(|path| layout.refer(path)).collect();
        let parts = |rule: &crate::contract::IdentityRule| {
            (rule.interned, rule.parts.iter().map(|part| layout.refer_steps(part)).collect::<Vec<_>>())
        };
        let identities = operation.identities.iter().map(parts).collect();
        let fallback = operation.identity_fallback.as_ref().map(parts);
        Self { identities, fallback, ..layout }
    }

    /// The slot of a root member.
    pub(super) fn slot(&self, path: &[String]) -> Option<usize> {
        self.slots.iter().position(|slot| slot.path == path)
    }

    /// The place of an item's member.
    pub(super) fn item_member(&self, group: usize, name: &str) -> Option<usize> {
        self.groups.get(group)?.members.iter().position(|member| member.name == name)
    }

    /// The digest of the place of an item's member.
    pub(super) fn digest_of_item(&self, group: usize, member: usize, place: usize) -> u32 {
        self.groups[group].members[member].digest.wrapping_add(place_digest(place))
    }

    fn refer(&self, path: &Path) -> Reference {
        match &path.list {
            None => match self.slot(&path.steps) {
                Some(slot) => Reference::Root(slot),
                None => self.groups.iter().position(|group| group.path == path.steps).map_or(Reference::Nowhere, Reference::List),
            },
            Some(list) => {
                let group = self.groups.iter().position(|group| group.path == *list);
                match (group, &path.steps[..]) {
                    (Some(group), [name]) => match self.item_member(group, name) {
                        Some(member) => Reference::Item { group, member, code: None },
                        None => Reference::Nowhere,
                    },
                    (Some(group), []) => Reference::List(group),
                    (Some(_) | None, _) => Reference::Nowhere,
                }
            }
        }
    }

    /// Steps of an identity; `?type=CODE` picks the item of that type.
    fn refer_steps(&self, steps: &[String]) -> Reference {
        let Some(pick) = steps.iter().position(|step| step.starts_with('?')) else {
            return self.slot(steps).map_or(Reference::Nowhere, Reference::Root);
        };
        let code = steps[pick].split_once('=').map(|(_, code)| code.to_owned());
        let group = self.groups.iter().position(|group| group.path == steps[..pick]);
        let member = group.zip(steps.get(pick + 1)).and_then(|(group, name)| self.item_member(group, name));
        match (group, member) {
            (Some(group), Some(member)) => Reference::Item { group, member, code },
            (Some(_) | None, _) => Reference::Nowhere,
        }
    }
}

impl GroupLayout {
    fn new(group: &Group) -> Self {
        let list = group.path.join("/");
        let mut names: Vec<&str> = Vec::new();
        let all = group.variants.iter().flat_map(|variant| &variant.leaves).chain(&group.type_leaf);
        for leaf in all {
            if let Some(name) = leaf.path.first().filter(|name| !names.contains(&name.as_str())) {
                names.push(name);
            }
        }
        names.sort_unstable();
        let named = |leaf: &&Leaf, name: &str| leaf.path.first().is_some_and(|member| member == name);
        let members: Vec<ItemMember> = names
            .iter()
            .map(|name| ItemMember {
                name: (*name).to_owned(),
                key: key(name),
                digest: field_digest(&format!("/{list}/*/{name}")),
                guards: group
                    .variants
                    .iter()
                    .filter_map(|variant| {
                        let leaf = variant.leaves.iter().find(|leaf| named(leaf, name))?;
                        Some((variant.code.clone(), leaf.guard.clone()))
                    })
                    .collect(),
            })
            .collect();
        let type_name = group.type_leaf.as_ref().and_then(|leaf| leaf.path.first());
        let type_member = type_name.and_then(|name| members.iter().position(|member| member.name == *name));
        Self { path: group.path.clone(), members, type_member }
    }
}

/// What a digest of an item's member is shifted by, so that the second document's number is not the first one's.
fn place_digest(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX).wrapping_mul(0x9E37_79B9)
}

enum Target {
    Slot(usize),
    Group(usize),
}

fn key(name: &str) -> String {
    format!("{}:", Value::String(name.to_owned()))
}

/// The members of an object, sorted by name as canonical JSON wants them.
fn nodes(mut places: Vec<(Vec<String>, Target)>) -> Vec<Node> {
    places.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut sorted = Vec::new();
    let mut rest = places.into_iter().peekable();
    while let Some((path, target)) = rest.next() {
        let Some((name, inner)) = path.split_first() else { continue };
        if inner.is_empty() {
            sorted.push(match target {
                Target::Slot(slot) => Node::Leaf { key: key(name), slot },
                Target::Group(group) => Node::List { key: key(name), group },
            });
            continue;
        }
        let mut members = vec![(inner.to_vec(), target)];
        while let Some((path, target)) = rest.next_if(|(path, _)| path.first() == Some(name)) {
            members.push((path[1..].to_vec(), target));
        }
        sorted.push(Node::Object { key: key(name), members: nodes(members) });
    }
    sorted
}

impl<'l> Members<'l> {
    pub(super) fn new(layout: &'l Layout) -> Self {
        let root = std::iter::repeat_n(Slot::default(), layout.slots.len()).collect();
        Self { layout, text: String::with_capacity(512), root, items: SmallVec::new() }
    }

    pub(super) fn put(&mut self, slot: usize, value: &Value) {
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
    pub(super) fn put_item(&mut self, member: usize, value: &Value) {
        let written = self.write(value);
        if let Some(slot) = self.items.last_mut().and_then(|item| item.members.get_mut(member)) {
            *slot = written;
        }
    }

    /// Puts a text into the item that was opened last.
    pub(super) fn put_item_text(&mut self, member: usize, text: &str) {
        let written = self.write_text(text);
        if let Some(slot) = self.items.last_mut().and_then(|item| item.members.get_mut(member)) {
            *slot = written;
        }
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

    fn write(&mut self, value: &Value) -> Slot {
        let start = bounded(self.text.len());
        let state = match value {
            Value::String(text) => return self.write_text(text),
            Value::Bool(flag) => {
                self.text.push_str(if *flag { "true" } else { "false" });
                SlotState::Literal
            }
            Value::Number(number) => {
                self.text.push_str(&number.to_string());
                SlotState::Literal
            }
            Value::Null | Value::Array(_) | Value::Object(_) => SlotState::Absent,
        };
        Slot { start, end: bounded(self.text.len()), state }
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

    /// The text that a reference leads to.
    pub(super) fn follow(&self, reference: &Reference) -> Option<&str> {
        match reference {
            Reference::Root(slot) => self.text_of(*self.root.get(*slot)?),
            Reference::Item { group, member, code } => {
                let item = self.items_of(*group).find(|item| code.is_none() || self.code_of(item) == code.as_deref())?;
                self.text_of(*item.members.get(*member)?)
            }
            Reference::List(_) | Reference::Nowhere => None,
        }
    }

    /// The body as canonical JSON.
    pub(super) fn to_json(&self) -> String {
        let mut json = String::with_capacity(self.text.len() + 512);
        json.push('{');
        self.write_members(&self.layout.root, &mut json);
        json.push('}');
        json
    }

    fn write_members(&self, nodes: &[Node], json: &mut String) {
        let begin = json.len();
        for node in nodes {
            let before = json.len();
            if before > begin {
                json.push(',');
            }
            let written = match node {
                Node::Leaf { key, slot } => self.root.get(*slot).is_some_and(|slot| self.write_member(key, *slot, json)),
                Node::List { key, group } => self.write_list(key, *group, json),
                Node::Object { key, members } => {
                    json.push_str(key);
                    json.push('{');
                    let empty = json.len();
                    self.write_members(members, json);
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
            SlotState::Literal => json.push_str(text),
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
            self.write_item(item, json);
        }
        json.push(']');
        any
    }

    fn write_item(&self, item: &Item, json: &mut String) {
        json.push('{');
        let begin = json.len();
        for (member, slot) in self.layout.groups[item.group].members.iter().zip(&item.members) {
            let before = json.len();
            if before > begin {
                json.push(',');
            }
            if !self.write_member(&member.key, *slot, json) {
                json.truncate(before);
            }
        }
        json.push('}');
    }

    /// Whether every value alone is one that its member takes, and no two items of a list are alike.
    pub(super) fn values_fit(&self) -> bool {
        let fits = |guard: &Guard, slot: &Slot| {
            slot.state != SlotState::Text || self.text_of(*slot).is_some_and(|text| guard.admits(text))
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
            shape.extend(item.members.iter().map(|slot| u8::from(slot.state != SlotState::Absent)));
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
