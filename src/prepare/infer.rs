//! From headers to fields: proposes a mapping by the vocabulary. Looks at headers only, never at rows.
//! What it cannot tell is a question in the proposal; no column is left out without being named.

mod hints;
mod items;
mod missing;
mod own;
mod reading;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use self::hints::Hint;
use self::items::Items;
use self::reading::{Part, Reading, Whose};
use super::proposal::{Guess, Proposal};
use crate::contract::{Leaf, Operation, vocabulary};
use crate::model::FieldName;
use crate::model::text::fold;

/// Proposes a mapping of these columns to these operations (several when a column tells the kind of each row).
#[must_use]
pub fn infer(wanted: &str, columns: &[Arc<str>], operations: &[Arc<Operation>]) -> Proposal {
    let takes = |name: &str| takes_rare(operations, name);
    let mut readings = reading::read(columns, &takes);
    own::read(columns, operations, &mut readings);
    let mut inference =
        Inference { operations, columns, readings: &readings, items: Items::new(operations), taken: BTreeMap::new() };
    let mut guesses: Vec<Guess> = columns
        .iter()
        .enumerate()
        .zip(&readings)
        .map(|((index, header), reading)| inference.place(index, header, reading))
        .collect();
    inference.ask_about_hints(&mut guesses);
    inference.ask_about_unclear_parts(&mut guesses);
    inference.ask_about_second_names(&mut guesses);
    let mut proposal =
        Proposal { operation: wanted.to_owned(), columns: guesses, constants: inference.items.constants(), missing: Vec::new() };
    proposal.missing = missing::find(&proposal, operations);
    proposal
}

/// Whether a cell is a header, those of numbered documents and addresses (`Документ 2: номер`) included.
#[must_use]
pub fn knows_header(cell: &str) -> bool {
    // Nobody writes longer headers, and the search for parts takes its time.
    vocabulary().knows_header(cell) || (cell.len() <= 120 && reading::is_numbered_part(&fold(cell)))
}

/// Whether a cell is the header of a column that clients have, for these operations: by the vocabulary's words or their own.
#[must_use]
pub fn knows_header_of(operations: &[Arc<Operation>], cell: &str) -> bool {
    knows_header(cell) || cell.len() <= 120 && own::knows(operations, cell)
}

struct Inference<'a> {
    operations: &'a [Arc<Operation>],
    columns: &'a [Arc<str>],
    readings: &'a [Reading],
    items: Items<'a>,
    /// Field → header that took it.
    taken: BTreeMap<&'static str, &'a str>,
}

impl<'a> Inference<'a> {
    fn takes(&self, field: &str) -> bool {
        let routes = self.operations.len() > 1 && field == "citizenship";
        let splits = self.operations.iter().all(|operation| operation.splits_full_names);
        let composite = field == "full_name" && splits && self.takes("last_name");
        matches!(field, "external_id" | "client_type" | "residency")
            || routes
            || composite
            || self.operations.iter().any(|operation| takes_field(operation, field))
    }

    fn takes_group(&self, group: usize) -> bool {
        vocabulary()
            .groups
            .get(group)
            .is_some_and(|spec| self.operations.iter().any(|operation| takes_group(operation, &spec.name)))
    }

    /// What a column is, as far as columns before it and its own header tell.
    fn place(&mut self, index: usize, header: &'a str, reading: &Reading) -> Guess {
        let mut guess = Guess { header: header.to_owned(), field: None, confidence: 0, doubt: None, ignored: false };
        match reading {
            Reading::Nothing | Reading::UnclearPart { .. } => {}
            Reading::Ignored => guess.ignored = true,
            Reading::Own(field) => {
                let name = FieldName::new(field).as_str();
                guess.field = Some(field.clone());
                guess.confidence = 100;
                match self.taken.get(name) {
                    Some(other) => guess.doubt = Some(format!("`{other}` already goes to `{name}`")),
                    None => _ = self.taken.insert(name, header),
                }
            }
            Reading::UnclearField { name } => {
                let settled_elsewhere = *name == "full_name"
                    && self.readings.iter().any(|other| matches!(other, Reading::Field { name: "last_name", .. }));
                if self.takes(name) && !settled_elsewhere {
                    guess.field = Some((*name).to_owned());
                    guess.confidence = 50;
                    guess.doubt = Some(format!("this header may mean `{name}`, or something else"));
                }
            }
            Reading::Field { name, confidence } if self.takes(name) => {
                guess.field = Some((*name).to_owned());
                guess.confidence = *confidence;
                if *confidence < 100 {
                    guess.doubt = Some(format!("reads almost like a header of `{name}`"));
                } else if let Some(other) = self.taken.get(name) {
                    guess.doubt = Some(format!("`{other}` already goes to `{name}`"));
                } else {
                    self.taken.insert(name, header);
                }
            }
            // A likeness to what nobody asks for says little.
            Reading::Field { confidence, .. } => guess.ignored = *confidence == 100,
            Reading::Part(part) if self.takes_group(part.whose.group) => {
                let part = Part { name: self.number_beside_series(*part), ..*part };
                let placed = self.items.place(header, part, &self.following(index, part.whose.group));
                guess.field = Some(placed.field);
                guess.confidence = placed.confidence;
                guess.doubt = placed.doubt;
            }
            Reading::Part(_) => guess.ignored = true,
        }
        guess
    }

    /// `Паспорт №` beside `Паспорт серия` is the number alone.
    fn number_beside_series(&self, part: Part) -> &'static str {
        let is_series = |other: &Reading| {
            matches!(other, Reading::Part(Part { whose: Whose { group, kind, number }, name: "series", .. })
                if *group == part.whose.group && *number == part.whose.number && (kind.is_none() || *kind == part.whose.kind))
        };
        if part.name == "series_and_number" && !part.sure && self.readings.iter().any(is_series) { "number" } else { part.name }
    }

    /// The bare parts of the group after a column, up to the next column of types.
    fn following(&self, index: usize, group: usize) -> Vec<&'static str> {
        let bare = self.readings.iter().skip(index + 1).filter_map(|reading| match reading {
            Reading::Part(part) if part.whose.group == group && part.whose.is_bare() => Some(part.name),
            Reading::Part(_)
            | Reading::Field { .. }
            | Reading::UnclearField { .. }
            | Reading::UnclearPart { .. }
            | Reading::Ignored
            | Reading::Own(_)
            | Reading::Nothing => None,
        });
        bare.take_while(|part| *part != "type").collect()
    }

    /// Whether a column fills the field, by itself or by the whole name.
    fn is_filled(&self, field: &str) -> bool {
        self.taken.contains_key(field)
            || (matches!(field, "last_name" | "first_name" | "middle_name") && self.taken.contains_key("full_name"))
            || (field == "full_name" && self.taken.contains_key("last_name"))
    }

    /// Asks about headers in which a known word stands whose field no column fills.
    fn ask_about_hints(&self, guesses: &mut [Guess]) {
        for ((guess, reading), header) in guesses.iter_mut().zip(self.readings).zip(self.columns) {
            let unknown =
                matches!(reading, Reading::Nothing) || (guess.field.is_none() && matches!(reading, Reading::Field { .. }));
            if !unknown || guess.ignored {
                continue;
            }
            let field =
                hints::find(&fold(header), &|name| takes_rare(self.operations, name)).into_iter().find_map(|hint| match hint {
                    // In a file of one kind nobody asks for the kind of a row.
                    Hint::Field("client_type" | "residency") if self.operations.len() == 1 => None,
                    Hint::Field(name) => (self.takes(name) && !self.is_filled(name)).then(|| name.to_owned()),
                    Hint::Part(whose, part) => {
                        let told = whose.is_bare() && self.items.is_told(whose.group, part);
                        if told || !self.takes_group(whose.group) { None } else { self.items.room_for(whose, part) }
                    }
                });
            if let Some(field) = field {
                guess.doubt = Some(format!("speaks of `{field}`, which no other column fills"));
                guess.field = Some(field);
                guess.confidence = 30;
            }
        }
    }

    /// Asks about headers that may mean a part which an item still lacks.
    fn ask_about_unclear_parts(&self, guesses: &mut [Guess]) {
        let mut texts = 0;
        for (guess, reading) in guesses.iter_mut().zip(self.readings) {
            let Reading::UnclearPart { whose, parts } = reading else { continue };
            let Some(spec) = vocabulary().groups.get(whose.group) else { continue };
            if !self.takes_group(whose.group) {
                guess.ignored = true;
                continue;
            }
            if parts.contains(&"text") {
                let field = items::field(whose.group, self.items.count(whose.group) + texts, "text");
                let type_field = items::field(whose.group, self.items.count(whose.group) + texts, "type");
                texts += 1;
                let title = spec.title.to_lowercase();
                guess.doubt = Some(format!("which kind of {title} is it? map it to `{field}` and settle `{type_field}`"));
                guess.field = Some(field);
                guess.confidence = 50;
                continue;
            }
            let fields: Vec<String> = parts.iter().filter_map(|part| self.items.room_for(*whose, part)).collect();
            if let Some(first) = fields.first() {
                guess.doubt = Some(format!("this header may mean `{}`, or something else", fields.join("` or `")));
                guess.field = Some(first.clone());
                guess.confidence = 50;
            }
        }
    }

    /// The whole name and a part of it are two sources for one value.
    fn ask_about_second_names(&self, guesses: &mut [Guess]) {
        let Some(whole) = self.taken.get("full_name") else { return };
        let parts: Vec<&str> =
            ["last_name", "first_name", "middle_name"].into_iter().filter(|name| self.taken.contains_key(name)).collect();
        let Some(first) = parts.first().and_then(|name| self.taken.get(name)) else { return };
        let complete = self.taken.contains_key("last_name") && self.taken.contains_key("first_name");
        for guess in guesses.iter_mut().filter(|guess| guess.doubt.is_none()) {
            let Some(field) = guess.field.as_deref() else { continue };
            if complete && field == "full_name" {
                guess.doubt = Some(format!("`{first}` and others already tell the name"));
            } else if !complete && parts.contains(&field) {
                guess.doubt = Some(format!("`{whole}` already tells the whole name"));
            }
        }
    }
}

/// Whether a column may fill the field outside lists: the member's own, one that it takes instead, or one that leads to it.
fn takes_field(operation: &Operation, field: &str) -> bool {
    let named = |leaf: &Leaf| leaf.field == field || leaf.alternatives.iter().any(|other| other == field);
    operation.leaves.iter().any(|leaf| leaf.mappable && named(leaf)) || operation.aliases.contains_key(field)
}

fn takes_group(operation: &Operation, group: &str) -> bool {
    operation.group(group).is_some() || operation.selecting(group).next().is_some()
}

/// Whether an operation asks for what the vocabulary calls rare: a field, a group, or a part of one.
fn takes_rare(operations: &[Arc<Operation>], name: &str) -> bool {
    operations.iter().any(|operation| {
        if name.contains("[].") {
            operation.knows_field(name)
        } else {
            takes_field(operation, name) || takes_group(operation, name)
        }
    })
}
