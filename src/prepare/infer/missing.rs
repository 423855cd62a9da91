//! What a proposal lacks: required fields that no column fills. Proposes nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::contract::{Leaf, Operation, Selector};
use crate::model::text::fold;
use crate::prepare::compile::objects::{bare_label, label_of};
use crate::prepare::proposal::Proposal;

/// Required fields that nothing fills.
pub(super) fn find(proposal: &Proposal, operations: &[Arc<Operation>]) -> Vec<(String, String)> {
    let settled = |field: &str| {
        proposal.columns.iter().any(|guess| guess.doubt.is_none() && guess.field.as_deref() == Some(field))
            || proposal.constants.contains_key(field)
    };
    let has_group = |group: &str| {
        proposal.columns.iter().any(|guess| {
            guess.doubt.is_none() && guess.field.as_deref().is_some_and(|field| field.starts_with(&format!("{group}[")))
        })
    };
    let mut missing = Vec::new();
    let [operation] = operations else {
        if !settled("client_type") {
            missing.push(("client_type".to_owned(), "kind of client; or name one operation with --to".to_owned()));
        }
        return missing;
    };
    if operation.own_id_required && !settled("external_id") {
        missing.push(("external_id".to_owned(), "your own id: clients of this kind cannot be told apart otherwise".to_owned()));
    }
    for leaf in operation.leaves.iter().filter(|leaf| leaf.required && leaf.mappable) {
        if !is_filled(operation, leaf, &settled, proposal) {
            let field = if leaf.selector.is_some() { &leaf.body_path } else { &leaf.field };
            missing.push((field.clone(), leaf.title.clone()));
        }
    }
    for group in operation.groups.iter().filter(|group| group.required) {
        let by_alias = operation
            .aliases
            .iter()
            .any(|(field, target)| settled(field) && target.split_once('[').is_some_and(|(list, _)| group.is_called(list)));
        if !has_group(&group.field) && !has_group(&group.body_path) && !by_alias {
            missing.push((format!("{}[0].…", group.field), group.title.clone()));
        }
    }
    for group in operation.groups.iter().filter(|group| group.type_leaf.is_some() && group.default_type.is_none()) {
        // Which items do headers speak of, and whose type does neither a column nor a header say?
        let indexes: BTreeSet<&str> = proposal
            .columns
            .iter()
            .filter_map(|guess| guess.field.as_deref()?.strip_prefix(&group.field)?.strip_prefix('[')?.split_once(']'))
            .map(|(index, _)| index)
            .collect();
        for index in indexes {
            let field = format!("{}[{index}].type", group.field);
            if !settled(&field) {
                missing.push((field, format!("type of {} {index}", group.title.to_lowercase())));
            }
        }
    }
    missing
}

/// Whether a column fills the member, by whatever of its names.
fn is_filled(operation: &Operation, leaf: &Leaf, settled: &dyn Fn(&str) -> bool, proposal: &Proposal) -> bool {
    let named = |field: &str| settled(field) || (matches!(field, "last_name" | "first_name") && settled("full_name"));
    let by_item = || {
        let Some(selector) = &leaf.selector else { return false };
        let parts = || leaf.join.iter().flat_map(|join| &join.parts).chain([&selector.part]);
        let begin = format!("{}[", selector.group);
        let is_part = |known: &str| {
            parts().any(|part| known == part || (known == "series_and_number" && matches!(part.as_str(), "series" | "number")))
        };
        proposal.columns.iter().filter(|guess| guess.doubt.is_none()).filter_map(|guess| guess.field.as_deref()).any(|field| {
            field.starts_with(&begin)
                && field.split_once("].").is_some_and(|(item, known)| is_part(known) && may_go(selector, item, proposal))
        }) || (selector.part == "type"
            && proposal.columns.iter().any(|guess| guess.field.as_deref().is_some_and(|field| field.starts_with(&begin))))
    };
    named(&leaf.field)
        || settled(&leaf.body_path)
        || leaf.alternatives.iter().any(|other| named(other))
        || operation.aliases.iter().any(|(field, target)| leaf.is_called(target) && named(field))
        || by_item()
}

/// Whether an item, `addresses[0`, may fill the object: its kind is one of the object's, or each row tells it.
fn may_go(selector: &Selector, item: &str, proposal: &Proposal) -> bool {
    let field = format!("{item}].type");
    if proposal.columns.iter().any(|guess| guess.field.as_deref() == Some(&field)) {
        return true;
    }
    let said = proposal.constants.get(&field).map(|word| label_of(&selector.group, word));
    let label = said.or_else(|| bare_label(&selector.group).map(str::to_owned));
    selector.kinds.iter().any(|kind| match kind.as_str() {
        "*" => true,
        "?" => label.is_none(),
        kind => label.as_deref().is_some_and(|label| label == kind || fold(label) == kind),
    })
}
