//! Headers that a contract itself knows: words of its own for its members, paths of the body, numbered groups of columns.
//! Read before the vocabulary, and only for operations of one provider: another provider means other things by its words.

use std::sync::Arc;

use super::reading::{Reading, take_number, without_repeat_number};
use crate::contract::{Group, Leaf, Operation};
use crate::model::text::fold;
use crate::prepare::{names, through};

/// Puts the contract's own readings in the place of the vocabulary's.
pub(super) fn read(columns: &[Arc<str>], operations: &[Arc<Operation>], readings: &mut [Reading]) {
    let Some(provider) = operations.first().map(|first| first.provider()) else { return };
    if operations.iter().any(|operation| operation.provider() != provider) {
        return;
    }
    // Which item of its list each group word and number are, in the order of columns.
    let mut items: Vec<(String, String, Option<u32>)> = Vec::new();
    for (index, (header, reading)) in columns.iter().zip(readings).enumerate() {
        let header = without_repeat_number(header, columns.get(..index).unwrap_or_default());
        let folded = fold(header);
        let own = operations
            .iter()
            .find_map(|operation| by_path(operation, header.trim()).or_else(|| by_header(operation, &folded)))
            .or_else(|| operations.iter().find_map(|operation| by_group(operation, &folded, &mut items)));
        if let Some(field) = own {
            *reading = Reading::Own(field);
        }
    }
}

/// Whether one of these operations knows the header by itself.
pub(super) fn knows(operations: &[Arc<Operation>], cell: &str) -> bool {
    let folded = fold(cell);
    operations.iter().any(|operation| {
        by_path(operation, cell).is_some()
            || by_header(operation, &folded).is_some()
            || by_group(operation, &folded, &mut Vec::new()).is_some()
    })
}

/// A header that is the body path of a member: of one that has no other name, or written as no person writes (`phoneNumber`).
fn by_path(operation: &Operation, header: &str) -> Option<String> {
    if !names::is_path(header) {
        return None;
    }
    let general = names::general(header);
    if general == header {
        let leaf = operation.leaves.iter().find(|leaf| leaf.mappable && leaf.body_path == header)?;
        if leaf.field == header || leaf.selector.is_some() {
            return Some(header.to_owned());
        }
        let is_code =
            header.chars().skip(1).any(|ch| ch.is_ascii_uppercase()) && header.chars().any(|ch| ch.is_ascii_lowercase());
        return is_code.then(|| leaf.field.clone());
    }
    let groups = operation.groups.iter().filter(|_| !through::is_of_vocabulary(header));
    let mut leaves = groups.flat_map(|group| group.all_leaves().chain(&group.type_leaf));
    leaves.any(|leaf| leaf.mappable && leaf.is_called(&general)).then(|| header.to_owned())
}

fn by_header(operation: &Operation, folded: &str) -> Option<String> {
    let leaf = operation.leaves.iter().find(|leaf| leaf.mappable && leaf.headers.iter().any(|header| header == folded))?;
    Some(if leaf.selector.is_some() { leaf.body_path.clone() } else { leaf.field.clone() })
}

/// `UBO 1 First Name`: a word of a list, maybe a number, and a header of an item's member.
fn by_group(operation: &Operation, folded: &str, items: &mut Vec<(String, String, Option<u32>)>) -> Option<String> {
    for group in &operation.groups {
        for word in &group.header_words {
            let Some(rest) = folded.strip_prefix(word.as_str()).and_then(|rest| rest.strip_prefix(' ')) else { continue };
            let (rest, number) = match rest.split_once(' ') {
                Some((first, rest)) if first.len() <= 2 && first.parse::<u32>().is_ok() => (rest.to_owned(), first.parse().ok()),
                Some(_) | None => take_number(rest),
            };
            let Some(leaf) = member(group, &rest) else { continue };
            let of_list = |item: &&(String, String, Option<u32>)| item.0 == group.field;
            let place = items.iter().filter(of_list).position(|(_, known, at)| known == word && *at == number);
            let place = place.unwrap_or_else(|| {
                let next = items.iter().filter(of_list).count();
                items.push((group.field.clone(), word.clone(), number));
                next
            });
            return Some(format!("{}[{place}].{}", group.field, leaf.part()));
        }
    }
    None
}

/// The member of an item by its headers, its title or the words of its path.
fn member<'g>(group: &'g Group, folded: &str) -> Option<&'g Leaf> {
    let all = || group.all_leaves().chain(&group.type_leaf).filter(|leaf| leaf.mappable);
    all()
        .find(|leaf| leaf.headers.iter().any(|header| header == folded))
        .or_else(|| all().find(|leaf| fold(&leaf.title) == folded || fold(&leaf.path.join(" ")) == folded))
}
