//! `template`: a blank spreadsheet for an operation, from its contract.

use crate::cli::TemplateArgs;
use crate::contract::{Leaf, Operation, Registry, vocabulary};
use crate::failure::{Exit, Failure};
use crate::report::blank::{self, BlankColumn};
use crate::terminal;

/// Items of each list that a template has room for; a user adds columns for more.
const ITEMS: usize = 2;

pub(super) fn run(args: &TemplateArgs) -> Result<Exit, Failure> {
    let found = Registry::built_in().find(&args.operation)?;
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

/// The columns of an operation's template, required ones first as the contract orders them.
fn columns(operation: &Operation) -> Vec<BlankColumn> {
    let mut columns = vec![BlankColumn {
        header: "External ID".to_owned(),
        help: "Your own id of the client; comes back in crosswalk.csv".to_owned(),
        required: operation.own_id_required,
        choices: Vec::new(),
        as_text: true,
    }];
    let mut leaves: Vec<&Leaf> = operation.leaves.iter().filter(|leaf| leaf.mappable).collect();
    leaves.sort_by_key(|leaf| !leaf.required);
    columns.extend(leaves.into_iter().map(|leaf| column(title_of(&leaf.field, &leaf.title), leaf, leaf.required)));
    for group in &operation.groups {
        let item = group.title.trim_end_matches("es").trim_end_matches('s');
        let item = if group.field == "documents" { "Document" } else { item };
        for number in 1..=ITEMS {
            let required = group.required && number == 1;
            if let Some(leaf) = &group.type_leaf {
                columns.push(column(format!("{item} {number}: type"), leaf, required && group.default_type.is_none()));
            }
            let mut seen: Vec<&str> = Vec::new();
            for leaf in group.variants.iter().flat_map(|variant| &variant.leaves) {
                if seen.contains(&leaf.field.as_str()) {
                    continue;
                }
                seen.push(&leaf.field);
                let part = leaf.field.rsplit('.').next().unwrap_or_default();
                let part = if part == "text" { "line".to_owned() } else { part.replace('_', " ") };
                let everywhere = group
                    .variants
                    .iter()
                    .all(|variant| variant.leaves.iter().any(|other| other.field == leaf.field && other.required));
                columns.push(column(format!("{item} {number}: {part}"), leaf, required && everywhere));
            }
        }
    }
    columns
}

fn title_of(field: &str, title: &str) -> String {
    vocabulary()
        .field(field)
        .map_or_else(|| title.to_owned(), |field| field.title.split(" or ").next().unwrap_or_default().to_owned())
}

fn column(header: String, leaf: &Leaf, required: bool) -> BlankColumn {
    let mut help = leaf.description.clone();
    if let Some(example) = &leaf.example {
        help.push_str(&format!(" Example: {example}."));
    }
    let choices = match (&leaf.codes, leaf.render) {
        (Some(codes), _) if codes.codes.len() <= 20 => codes.codes.clone(),
        (_, crate::contract::Render::Boolean) => vec!["yes".to_owned(), "no".to_owned()],
        (Some(_) | None, _) => Vec::new(),
    };
    let as_text = leaf.render.is_identifier() || leaf.render == crate::contract::Render::IsoDate;
    BlankColumn { header, help, required, choices, as_text }
}
