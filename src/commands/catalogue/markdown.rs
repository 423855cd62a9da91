//! An operation as a page of documentation: what `fields --markdown` prints and `docs/operations` holds. Judges nothing.

use std::fmt::Write as _;

use super::doubts;
use crate::contract::{Leaf, Operation};

/// The page of an operation.
pub(super) fn page(operation: &Operation) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "# `{}`: {}\n", operation.name, operation.title);
    let _ = writeln!(text, "Made by `clientferry fields {} --markdown`; a test keeps it true.\n", operation.name);
    if !operation.documentation.is_empty() {
        let _ = writeln!(text, "The provider's own page: <{}>\n", operation.documentation);
    }
    let _ = writeln!(text, "## When an answer is lost\n\n| | |\n|---|---|");
    for (what, how) in doubts(operation) {
        let _ = writeln!(text, "| {what} | {} |", cell(&how));
    }
    let identities: Vec<&str> = operation.identities.iter().map(|rule| rule.interned).collect();
    let own = if operation.own_id_required { "your own id, which is required" } else { "your own id" };
    let known_by = [&[own][..], &identities].concat().join(", ");
    let _ = writeln!(text, "| a client is known by | {} |", cell(&known_by));
    let _ = writeln!(text, "\n## Fields\n");
    head(&mut text);
    for leaf in operation.leaves.iter().filter(|leaf| leaf.mappable) {
        row(&mut text, leaf);
    }
    for group in &operation.groups {
        let _ = writeln!(text, "\n## `{}[n]`: {}\n", group.field, group.title);
        if let Some(leaf) = &group.type_leaf {
            head(&mut text);
            row(&mut text, leaf);
        }
        for variant in &group.variants {
            match &variant.code {
                Some(code) => {
                    let _ = writeln!(text, "\n### {code}\n");
                    head(&mut text);
                }
                None if group.type_leaf.is_none() => head(&mut text),
                None => {}
            }
            variant.leaves.iter().filter(|leaf| leaf.mappable).for_each(|leaf| row(&mut text, leaf));
        }
    }
    text
}

fn head(text: &mut String) {
    text.push_str("| field | required | format | example | what |\n|---|---|---|---|---|\n");
}

fn row(text: &mut String, leaf: &Leaf) {
    let required = if leaf.required { "yes" } else { "" };
    let example = leaf.example.as_deref().map_or_else(String::new, |example| format!("`{}`", example.replace('`', "'")));
    let mut what = leaf.description.clone();
    if let Some(codes) = leaf.codes.as_ref().filter(|codes| !codes.codes.is_empty()) {
        let codes: Vec<String> = codes.codes.iter().map(|code| format!("`{}`", code.as_str())).collect();
        let before = if what.is_empty() { "" } else { " " };
        let _ = write!(what, "{before}One of {}.", codes.join(", "));
    }
    let format = leaf.render.as_str();
    let _ = writeln!(text, "| `{}` | {required} | {format} | {} | {} |", leaf.field, cell(&example), cell(&what));
}

/// A text that stays in its cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
