//! Where the members of an operation's body stand, settled once for a run. Holds no values.

use serde_json::Value;

use super::fingerprint::field_digest;
use super::through::Frame;
use crate::contract::{Group, Guard, Operation, Path};

/// The layout of one operation's bodies.
pub(super) struct Layout {
    pub(super) root: Vec<Node>,
    pub(super) slots: Vec<SlotSpec>,
    pub(super) groups: Vec<GroupLayout>,
    /// Where the paths of the contract's checks lead.
    pub(super) checks: Vec<Reference>,
    pub(super) identities: Vec<(&'static str, Vec<Reference>)>,
    pub(super) fallback: Option<(&'static str, Vec<Reference>)>,
}

/// A member of the body, in the order of names.
pub(super) enum Node {
    Leaf { key: String, slot: usize },
    Object { key: String, members: Vec<Node> },
    List { key: String, group: usize },
}

impl Node {
    fn key(&self) -> &String {
        match self {
            Self::Leaf { key, .. } | Self::Object { key, .. } | Self::List { key, .. } => key,
        }
    }
}

pub(super) struct SlotSpec {
    path: Vec<String>,
    pub(super) digest: u32,
    pub(super) guard: Guard,
    /// Whether the value, not only its presence, may decide about other members.
    pub(super) decides: bool,
}

pub(super) struct GroupLayout {
    path: Vec<String>,
    /// Members of an item that hold a value, in the order of paths.
    pub(super) members: Vec<ItemMember>,
    /// The item as an object; its leaves' slots are places in `members`.
    pub(super) tree: Vec<Node>,
    pub(super) type_member: Option<usize>,
}

pub(super) struct ItemMember {
    path: Vec<String>,
    pub(super) digest: u32,
    /// Guard for items of each variant.
    pub(super) guards: Vec<(Option<String>, Guard)>,
    /// Whether the value, not only its presence, may decide about other members. The type's does anyway.
    pub(super) decides: bool,
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

impl Layout {
    pub(super) fn new(operation: &Operation, frame: &Frame) -> Self {
        let mut layout = Self {
            root: Vec::new(),
            slots: Vec::new(),
            groups: Vec::new(),
            checks: Vec::new(),
            identities: Vec::new(),
            fallback: None,
        };
        for leaf in &frame.leaves {
            layout.slots.push(SlotSpec {
                path: leaf.path.clone(),
                digest: field_digest(&format!("/{}", leaf.path.join("/"))),
                guard: leaf.guard.clone(),
                decides: leaf.render.is_closed(),
            });
        }
        for group in &frame.groups {
            layout.groups.push(GroupLayout::new(group));
        }
        let mut places: Vec<(Vec<String>, Target)> = Vec::new();
        places.extend(layout.slots.iter().enumerate().map(|(slot, spec)| (spec.path.clone(), Target::Slot(slot))));
        places.extend(layout.groups.iter().enumerate().map(|(group, spec)| (spec.path.clone(), Target::Group(group))));
        layout.root = nodes(places);
        if let Some(first) = &operation.first_key {
            let first = key(first);
            // A stable sort: all others stay in the order of names.
            layout.root.sort_by_key(|node| *node.key() != first);
        }
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
    pub(super) fn item_member(&self, group: usize, path: &[String]) -> Option<usize> {
        self.groups.get(group)?.members.iter().position(|member| member.path == path)
    }

    /// The digest of the place of an item's member.
    pub(super) fn digest_of_item(&self, group: usize, member: usize, place: usize) -> u32 {
        self.groups[group].members[member].digest.wrapping_add(place_digest(place))
    }

    /// Digests of the places of members that identify a client, in any of the first items of their list.
    pub(super) fn identifying_digests(&self) -> Vec<u32> {
        let mut digests = Vec::new();
        for reference in self.identities.iter().flat_map(|(_, parts)| parts) {
            match reference {
                Reference::Root(slot) => digests.extend(self.slots.get(*slot).map(|slot| slot.digest)),
                Reference::Item { group, member, .. } => {
                    digests.extend((0..8).map(|place| self.digest_of_item(*group, *member, place)))
                }
                Reference::List(_) | Reference::Nowhere => {}
            }
        }
        digests
    }

    fn refer(&self, path: &Path) -> Reference {
        match &path.list {
            None => match self.slot(&path.steps) {
                Some(slot) => Reference::Root(slot),
                None => self.groups.iter().position(|group| group.path == path.steps).map_or(Reference::Nowhere, Reference::List),
            },
            Some(list) => {
                let Some(group) = self.groups.iter().position(|group| group.path == *list) else { return Reference::Nowhere };
                match self.item_member(group, &path.steps) {
                    Some(member) => Reference::Item { group, member, code: None },
                    None if path.steps.is_empty() => Reference::List(group),
                    None => Reference::Nowhere,
                }
            }
        }
    }

    /// Steps of an identity; `?type=CODE` picks the item of that type, `*` any item.
    fn refer_steps(&self, steps: &[String]) -> Reference {
        let Some(pick) = steps.iter().position(|step| step.starts_with('?') || step == "*") else {
            return self.slot(steps).map_or(Reference::Nowhere, Reference::Root);
        };
        let code = steps[pick].split_once('=').map(|(_, code)| code.to_owned());
        let group = self.groups.iter().position(|group| group.path == steps[..pick]);
        let member = group.zip(steps.get(pick + 1..)).and_then(|(group, path)| self.item_member(group, path));
        match (group, member) {
            (Some(group), Some(member)) => Reference::Item { group, member, code },
            (Some(_) | None, _) => Reference::Nowhere,
        }
    }
}

impl GroupLayout {
    fn new(group: &Group) -> Self {
        let list = group.path.join("/");
        let all = || group.all_leaves().chain(&group.type_leaf);
        let mut paths: Vec<&[String]> = all().map(|leaf| leaf.path.as_slice()).collect();
        paths.sort_unstable();
        paths.dedup();
        let members: Vec<ItemMember> = paths
            .into_iter()
            .map(|path| ItemMember {
                path: path.to_vec(),
                digest: field_digest(&format!("/{list}/*/{}", path.join("/"))),
                guards: group
                    .variants
                    .iter()
                    .filter_map(|variant| {
                        let leaf = variant.leaves.iter().find(|leaf| leaf.path == path)?;
                        Some((variant.code.clone(), leaf.guard.clone()))
                    })
                    .collect(),
                decides: group.all_leaves().any(|leaf| leaf.path == path && leaf.render.is_closed()),
            })
            .collect();
        let type_path = group.type_leaf.as_ref().map(|leaf| &leaf.path);
        let type_member = type_path.and_then(|path| members.iter().position(|member| member.path == *path));
        let tree = nodes(members.iter().enumerate().map(|(slot, member)| (member.path.clone(), Target::Slot(slot))).collect());
        Self { path: group.path.clone(), members, tree, type_member }
    }
}

/// What a digest of an item's member is shifted by, so that the second document's number is not the first one's.
pub(super) fn place_digest(place: usize) -> u32 {
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
