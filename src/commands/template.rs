//! `template`: a blank spreadsheet for an operation, from its contract.

use crate::cli::TemplateArgs;
use crate::contract::{Group, Leaf, Operation, Registry, Render, Variant, vocabulary};
use crate::failure::{Exit, Failure};
use crate::model::text::fold;
use crate::report::blank::{self, BlankColumn};
use crate::terminal;

/// Items of each list that a template has room for; a user adds columns for more.
const ITEMS: usize = 2;

pub(super) fn run(registry: &Registry, args: &TemplateArgs) -> Result<Exit, Failure> {
    let found = registry.find(&args.operation)?;
    let [operation] = &found[..] else {
        return Err(Failure::settings(
            format!("`{}` has several operations, a template is for one", args.operation),
            format!("name one of {}", found.iter().map(|operation| &*operation.name).collect::<Vec<_>>().join(", ")),
        ));
    };
    let columns = columns(operation);
    let output = |what: &std::path::Path| {
        let what = what.display().to_string();
        move |why| Failure::Output { what, why }
    };
    match &args.output {
        None => terminal::print(&String::from_utf8_lossy(&blank::csv(&columns))),
        Some(path) if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("xlsx")) => {
            let bytes = blank::xlsx(&columns, &operation.name).map_err(output(path))?;
            blank::write(path, &bytes).map_err(output(path))?;
        }
        Some(path) => blank::write(path, &blank::csv(&columns)).map_err(output(path))?,
    }
    Ok(Exit::Well)
}

/// The vocabulary's field for the user's own id.
const OWN_ID_FIELD: &str = "external_id";

/// The columns of an operation's template, in the vocabulary's order: it is the one in which papers have them.
fn columns(operation: &Operation) -> Vec<BlankColumn> {
    // Where the provider takes it too, it is one column all the same.
    let own_id = operation.leaves.iter().find(|leaf| leaf.field == OWN_ID_FIELD);
    let mut columns = vec![BlankColumn {
        header: "External ID".to_owned(),
        help: "Your own id of the client; comes back in crosswalk.csv.".to_owned(),
        required: operation.own_id_required || own_id.is_some_and(|leaf| leaf.required),
        choices: Vec::new(),
        as_text: true,
    }];
    let vocabulary = vocabulary();
    let place = |leaf: &&Leaf| vocabulary.fields.iter().position(|field| field.name == leaf.field).unwrap_or(usize::MAX);
    let mut leaves: Vec<&Leaf> = operation.leaves.iter().filter(|leaf| leaf.mappable && leaf.field != OWN_ID_FIELD).collect();
    leaves.sort_by_key(place);
    columns.extend(leaves.into_iter().map(|leaf| column(title_of(leaf), leaf, leaf.required, &help_of(leaf))));
    let mut groups: Vec<&Group> = operation.groups.iter().collect();
    groups.sort_by_key(|group| vocabulary.groups.iter().position(|known| known.name == group.field));
    for group in groups {
        for number in 1..=ITEMS {
            if vocabulary.group(&group.field).is_some() {
                item_columns(group, number, &mut columns);
            }
            plain_item_columns(group, number, &mut columns);
        }
    }
    columns
}

/// The columns of one item whose list the vocabulary does not know: headers are paths of the body.
fn plain_item_columns(group: &Group, number: usize, columns: &mut Vec<BlankColumn>) {
    let known = vocabulary().group(&group.field);
    let is_known = |leaf: &Leaf| known.is_some_and(|known| known.parts.iter().any(|part| part.name == leaf.part()));
    let mut seen: Vec<&str> = Vec::new();
    // The type of a list that the vocabulary knows has a column already.
    let types = group.type_leaf.iter().filter(|_| known.is_none());
    for leaf in types.chain(group.all_leaves()).filter(|leaf| leaf.mappable && !is_known(leaf)) {
        if seen.contains(&leaf.part()) {
            continue;
        }
        seen.push(leaf.part());
        let header = format!("{}[{}].{}", group.field, number - 1, leaf.part());
        let needed = group.required && leaf.required && number == 1;
        columns.push(column(header, leaf, needed, &help_of(leaf)));
    }
}

/// What a member holds; its title where the header is but a path.
fn help_of(leaf: &Leaf) -> String {
    match (leaf.description.is_empty(), leaf.title.is_empty()) {
        (false, _) => leaf.description.clone(),
        (true, false) => format!("{}.", leaf.title),
        (true, true) => String::new(),
    }
}

/// The columns of one document or address.
fn item_columns(group: &Group, number: usize, columns: &mut Vec<BlankColumn>) {
    let item = singular(&group.title);
    let required = group.required && number == 1;
    if let Some(leaf) = &group.type_leaf {
        let needed = required && group.default_type.is_none();
        columns.push(column(format!("{item} {number}: type"), leaf, needed, &leaf.description));
    }
    let parts = vocabulary().group(&group.field).map_or(&[][..], |group| &group.parts);
    for part in parts {
        let field = format!("{}[].{}", group.field, part.name);
        let of_variant = |variant: &'_ Variant| variant.leaves.iter().find(|leaf| leaf.field == field).cloned();
        let Some(leaf) = group.any_leaf(&field).filter(|leaf| leaf.mappable) else { continue };
        let needed = required && group.variants.iter().all(|variant| of_variant(variant).is_some_and(|leaf| leaf.required));
        let having: Vec<&str> = group
            .variants
            .iter()
            .filter(|variant| of_variant(variant).is_some())
            .filter_map(|variant| variant.code.as_deref())
            .collect();
        let help = match &having[..] {
            // Items of all types are alike.
            [] => leaf.description.clone(),
            all if all.len() == group.variants.len() => format!("{}.", leaf.title),
            some => format!("{} of {}.", leaf.title, some.join(", ")),
        };
        let name = if part.name == "text" { "line".to_owned() } else { part.name.replace('_', " ") };
        columns.push(column(format!("{item} {number}: {name}"), leaf, needed, &help));
    }
}

/// `Document` of `Documents`, `Address` of `Addresses`.
fn singular(title: &str) -> &str {
    title
        .strip_suffix("ses")
        .map_or_else(|| title.strip_suffix('s').unwrap_or(title), |_| title.strip_suffix("es").unwrap_or(title))
}

/// The header that is understood when the file comes back: the contract's title or the vocabulary's where they mean the field,
/// else the path of the body.
fn title_of(leaf: &Leaf) -> String {
    let Some(known) = vocabulary().field(&leaf.field).filter(|_| leaf.selector.is_none()) else { return leaf.body_path.clone() };
    let means_it = |title: &&String| known.headers.contains(&fold(title));
    [&leaf.title, &known.title].into_iter().find(means_it).unwrap_or(&known.name).clone()
}

fn column(header: String, leaf: &Leaf, required: bool, help: &str) -> BlankColumn {
    let mut help = if required { format!("Required. {help}") } else { help.to_owned() };
    if let Some(example) = &leaf.example {
        help.push_str(&format!(" Example: {example}."));
    }
    let choices = match (&leaf.codes, leaf.render) {
        // A cell with several codes is no choice of one.
        (_, Render::Codes) => Vec::new(),
        (Some(codes), _) => codes.codes.clone(),
        (None, Render::Boolean | Render::Flag01) => vec!["yes".to_owned(), "no".to_owned()],
        (None, _) => Vec::new(),
    };
    let as_text = leaf.render.is_identifier() || leaf.render == Render::IsoDate;
    BlankColumn { header, help, required, choices, as_text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_item_of_a_list_has_its_name_in_the_singular() {
        assert_eq!((singular("Documents"), singular("Addresses"), singular("Staff")), ("Document", "Address", "Staff"));
    }

    #[test]
    fn every_column_is_understood_when_the_file_comes_back() {
        for operation in Registry::built_in().operations() {
            let headers: Vec<std::sync::Arc<str>> = columns(operation).into_iter().map(|column| column.header.into()).collect();
            let proposal = crate::prepare::infer(&operation.name, &headers, std::slice::from_ref(operation));
            assert_eq!((proposal.questions(), proposal.left_out()), (vec![], vec![]), "{}", operation.name);
        }
    }

    #[test]
    fn headers_of_members_without_a_name_are_their_paths() {
        let schema = serde_json::json!({"properties": {
            "lastName": {"type": "string"}, "level": {"enum": [1, 2]}, "extra": {"type": "object", "properties": {"vip": {"type": "boolean"}}},
            "people": {"type": "array", "items": {"type": "object", "properties": {
                "name": {"type": "string"}, "document": {"type": "object", "properties": {"number": {"type": "string"}}}}}}
        }});
        let operation = Operation::from_schema("acme/firm", schema, &crate::contract::Facts::default()).unwrap();
        let columns = columns(&operation);
        let headers: Vec<std::sync::Arc<str>> = columns.iter().map(|column| column.header.as_str().into()).collect();
        assert_eq!(
            headers.iter().map(|header| &**header).collect::<Vec<_>>(),
            [
                "External ID",
                "lastName",
                "extra.vip",
                "level",
                "people[0].document.number",
                "people[0].name",
                "people[1].document.number",
                "people[1].name"
            ]
        );
        assert_eq!(columns[3].choices, ["1", "2"]);
        let proposal = crate::prepare::infer("acme/firm", &headers, &[std::sync::Arc::new(operation)]);
        assert_eq!((proposal.questions(), proposal.left_out()), (vec![], vec![]));
    }
}
