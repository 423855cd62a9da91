//! Single objects that an item of the mapping's lists fills: `addresses[0]`, whose kind is the registration address, goes to
//! `registrationAddress`. Which item goes where a row decides; here stands what each would fill.

use std::collections::{BTreeMap, BTreeSet};

use super::sources::numbered;
use super::{Compiler, number_in, text_of};
use crate::contract::{Leaf, Operation, vocabulary};
use crate::model::FieldName;
use crate::model::text::fold;
use crate::prepare::layout::Layout;
use crate::prepare::mapping::MappingError;
use crate::prepare::plan::{Fill, KindItem, ObjectPlan, Objects};

/// Group, kinds and place of an object.
type ObjectKey<'o> = (&'o str, &'o [String], &'o [String]);

impl Compiler<'_> {
    pub(super) fn objects(&self, operation: &Operation, layout: &Layout) -> Result<Objects, MappingError> {
        let selecting = || operation.leaves.iter().filter_map(|leaf| Some((leaf, leaf.selector.as_ref()?)));
        let groups: BTreeSet<&str> = selecting().map(|(_, selector)| selector.group.as_str()).collect();
        let mut compiled = Objects::default();
        for &group in &groups {
            let numbers: BTreeSet<u32> = self.targets.keys().filter_map(|field| number_in(field, |list| list == group)).collect();
            for number in numbers {
                for part in ["series", "number"] {
                    let name = |part: &str| format!("{group}[{number}].{part}");
                    self.refuse_two_sources(&name("series_and_number"), &name(part))?;
                }
                compiled.items.push(self.kind_item(group, number));
            }
        }
        // Members of one object share group, kinds and the object's place.
        let mut objects: BTreeMap<ObjectKey<'_>, Vec<&Leaf>> = BTreeMap::new();
        for (leaf, selector) in selecting() {
            let place = leaf.path.get(..leaf.path.len().saturating_sub(1)).unwrap_or_default();
            let place = place.get(..1).unwrap_or_default();
            objects.entry((&selector.group, &selector.kinds, place)).or_default().push(leaf);
        }
        for ((group, kinds, place), leaves) in objects {
            // A column of the member's own tells the kind better than an item's header.
            let type_leaf = leaves
                .iter()
                .find(|leaf| leaf.selector.as_ref().is_some_and(|selector| selector.part == "type") && !self.is_mapped(leaf));
            let fills = compiled
                .items
                .iter()
                .map(|item| if item.group == group { self.object_fills(item, &leaves, layout) } else { Vec::new() });
            compiled.objects.push(ObjectPlan {
                group: group.to_owned(),
                name: place.join("."),
                kinds: kinds.to_vec(),
                type_leaf: type_leaf.map(|leaf| ((*leaf).clone(), layout.slot(&leaf.path).unwrap_or(usize::MAX))),
                fills: fills.collect(),
            });
        }
        Ok(compiled)
    }

    /// Whether the mapping names the member itself.
    fn is_mapped(&self, leaf: &Leaf) -> bool {
        self.targets.contains_key(leaf.body_path.as_str()) || self.mapping.constants.contains_key(&leaf.body_path)
    }

    fn kind_item(&self, group: &str, number: u32) -> KindItem {
        let type_names = numbered(&[group], number, "type");
        let name = format!("{group}[{number}]");
        let begin = format!("{name}.");
        let mut columns: Vec<usize> =
            self.targets.iter().filter(|(field, _)| field.starts_with(&begin)).map(|(_, &column)| column).collect();
        columns.sort_unstable();
        columns.dedup();
        let type_column = self.column_of(&type_names);
        // A type alone makes no address.
        columns.retain(|column| type_column.as_ref().is_none_or(|kind| kind.index != *column));
        KindItem {
            kind: self.constant_of(&type_names).map(|word| label_of(group, &text_of(word))),
            type_column,
            columns,
            group: group.to_owned(),
            name,
        }
    }

    fn object_fills(&self, item: &KindItem, leaves: &[&Leaf], layout: &Layout) -> Vec<Fill> {
        let number = number_in(&format!("{}.x", item.name), |_| true).unwrap_or(0);
        let mut fills = Vec::new();
        for leaf in leaves {
            let Some(selector) = &leaf.selector else { continue };
            // A member's own column says more than an item that happens to fit; the item's kind is told by the row.
            if self.is_mapped(leaf) || selector.part == "type" {
                continue;
            }
            if let Some(from) = self.part_source(&[&item.group], number, &[&selector.part], leaf) {
                fills.push(Fill {
                    leaf: (*leaf).clone(),
                    field: FieldName::new(&format!("{}.{}", item.name, selector.part)),
                    slot: layout.slot(&leaf.path).unwrap_or(usize::MAX),
                    from,
                    beside: Vec::new(),
                });
            }
        }
        fills
    }
}

/// The vocabulary's label for a word that names a kind; the word itself where it knows none.
pub(in crate::prepare) fn label_of(group: &str, word: &str) -> String {
    let folded = fold(word);
    let kinds = vocabulary().group(group).map_or(&[][..], |group| &group.kinds);
    let kind = kinds.iter().find(|kind| fold(&kind.label) == folded || kind.phrases.contains(&folded));
    kind.map_or_else(|| word.trim().to_owned(), |kind| kind.label.clone())
}

/// The label of an item that says no kind: that of the kind which headers leave unnamed.
pub(in crate::prepare) fn bare_label(group: &str) -> Option<&'static str> {
    vocabulary().group(group)?.kinds.iter().find(|kind| kind.bare).map(|kind| kind.label.as_str())
}
