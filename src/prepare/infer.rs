//! From headers to fields: proposes a mapping by the vocabulary. Looks at headers only, never at rows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::proposal::{Guess, Proposal};
use crate::contract::{Operation, find_words, vocabulary};
use crate::model::text::fold;

/// Proposes a mapping of these columns to these operations (several when a column tells the kind of each row).
#[must_use]
pub fn infer(wanted: &str, columns: &[Arc<str>], operations: &[Arc<Operation>]) -> Proposal {
    let mut reader = HeaderReader { operations, items: BTreeMap::new(), taken: BTreeMap::new(), current: BTreeMap::new() };
    let readings: Vec<Reading> = columns.iter().map(|header| reader.read(&fold(header))).collect();
    let mut guesses: Vec<Guess> = Vec::with_capacity(columns.len());
    for (header, reading) in columns.iter().zip(&readings) {
        let guess = reader.place(header, reading, &readings);
        guesses.push(guess);
    }
    let mut proposal =
        Proposal { operation: wanted.to_owned(), columns: guesses, constants: reader.constants(), missing: Vec::new() };
    proposal.missing = missing(&proposal, operations);
    proposal
}

/// Whether a cell is a header, those of numbered documents and addresses (`Документ 2: номер`) included.
#[must_use]
pub fn knows_header(cell: &str) -> bool {
    if vocabulary().knows_header(cell) {
        return true;
    }
    // Nobody writes longer headers, and the search for parts takes its time.
    let folded = fold(cell);
    folded.len() <= 120 && matches!(read_part(&folded), Some(Reading::Part { number: Some(_), sure: true, .. }))
}

/// What a header says by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Reading {
    Field { name: String, confidence: u8 },
    Part { group: usize, kind: Option<usize>, part: String, number: Option<u32>, sure: bool },
    Ambiguous { name: String },
    Ignored,
    Nothing,
}

/// An item of a group, as headers speak of it.
#[derive(Clone, Debug)]
struct Item {
    kind: Option<usize>,
    number: Option<u32>,
    parts: Vec<String>,
}

struct HeaderReader<'a> {
    operations: &'a [Arc<Operation>],
    /// Group → its items so far.
    items: BTreeMap<usize, Vec<Item>>,
    /// Field → header that took it.
    taken: BTreeMap<String, String>,
    /// Group → item that the last column of the group belonged to.
    current: BTreeMap<usize, usize>,
}

impl HeaderReader<'_> {
    fn takes(&self, field: &str) -> bool {
        let routes = self.operations.len() > 1 && field == "citizenship";
        let composite = field == "full_name" && self.takes("last_name");
        matches!(field, "external_id" | "client_type" | "residency")
            || routes
            || composite
            || self.operations.iter().any(|operation| operation.leaves.iter().any(|leaf| leaf.mappable && leaf.field == field))
    }

    fn takes_group(&self, group: &str) -> bool {
        self.operations.iter().any(|operation| operation.group(group).is_some())
    }

    fn read(&self, folded: &str) -> Reading {
        if folded.is_empty() {
            return Reading::Nothing;
        }
        let vocabulary = vocabulary();
        for field in &vocabulary.fields {
            if field.headers.iter().any(|header| header == folded) {
                return Reading::Field { name: field.name.clone(), confidence: 100 };
            }
            if field.ambiguous.iter().any(|header| header == folded) {
                return Reading::Ambiguous { name: field.name.clone() };
            }
        }
        if vocabulary.ignored.headers.iter().any(|header| header == folded) {
            return Reading::Ignored;
        }
        if let Some(reading) = read_part(folded) {
            return reading;
        }
        let nearest = vocabulary
            .fields
            .iter()
            .flat_map(|field| field.headers.iter().map(move |header| (header, field)))
            .filter(|(header, _)| header.chars().count() > 4)
            .map(|(header, field)| (strsim::normalized_damerau_levenshtein(header, folded), field))
            .max_by(|a, b| a.0.total_cmp(&b.0));
        match nearest {
            // The percentage is of letters that agree.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            Some((likeness, field)) if likeness >= 0.8 => {
                Reading::Field { name: field.name.clone(), confidence: (likeness * 100.0) as u8 }
            }
            Some(_) | None => Reading::Nothing,
        }
    }

    fn place(&mut self, header: &str, reading: &Reading, all: &[Reading]) -> Guess {
        let mut guess = Guess { header: header.to_owned(), field: None, confidence: 0, doubt: None, ignored: false };
        match reading {
            Reading::Nothing => {}
            Reading::Ignored => guess.ignored = true,
            Reading::Ambiguous { name } => {
                let settled_elsewhere = *name == "full_name"
                    && all.iter().any(|other| matches!(other, Reading::Field { name, .. } if name == "last_name"));
                if self.takes(name) && !settled_elsewhere {
                    guess.field = Some(name.clone());
                    guess.confidence = 50;
                    guess.doubt = Some(format!("this header may mean `{name}`, or something else"));
                }
            }
            Reading::Field { name, confidence } => {
                if !self.takes(name) {
                    guess.ignored = true;
                } else {
                    guess.field = Some(name.clone());
                    guess.confidence = *confidence;
                    if *confidence < 100 {
                        guess.doubt = Some(format!("reads almost like a header of `{name}`"));
                    } else if let Some(other) = self.taken.insert(name.clone(), header.to_owned()) {
                        guess.doubt = Some(format!("`{other}` already goes to `{name}`"));
                        self.taken.insert(name.clone(), other);
                    }
                }
            }
            Reading::Part { group, kind, part, number, sure } => {
                self.place_part(&mut guess, *group, *kind, part, *number, *sure, all)
            }
        }
        guess
    }

    #[allow(clippy::too_many_arguments)]
    fn place_part(
        &mut self,
        guess: &mut Guess,
        group: usize,
        kind: Option<usize>,
        part: &str,
        number: Option<u32>,
        sure: bool,
        all: &[Reading],
    ) {
        let spec = &vocabulary().groups[group];
        if !self.takes_group(&spec.name) {
            guess.ignored = true;
            return;
        }
        // `Паспорт №` beside `Паспорт серия` is the number alone.
        let has_series = all.iter().any(
            |other| matches!(other, Reading::Part { group: g, kind: k, part: p, .. } if *g == group && *k == kind && p == "series"),
        );
        let part = if part == "series_and_number" && has_series && !sure { "number" } else { part };
        if part == "?" {
            guess.doubt = Some(format!(
                "which kind of {} is it? map it to `{}[0].text` and settle `{}[0].type`",
                spec.title.to_lowercase(),
                spec.name,
                spec.name
            ));
            guess.field = Some(format!("{}[0].text", spec.name));
            guess.confidence = 50;
            return;
        }
        let items = self.items.entry(group).or_default();
        let free = |item: &Item| !item.parts.iter().any(|known| known == part);
        let index = if kind.is_some() || number.is_some() {
            items.iter().position(|item| item.kind == kind && item.number == number).or_else(|| {
                // The kind was named by an earlier column of the same number, or nothing was: the first item takes it.
                items.iter().position(|item| {
                    item.number == number && (item.kind.is_none() || kind.is_none()) && free(item) && number.is_some()
                })
            })
        } else if part == "type" {
            None
        } else {
            self.current
                .get(&group)
                .copied()
                .filter(|&index| items.get(index).is_some_and(free))
                .or_else(|| items.iter().rposition(free))
        };
        let index = index.unwrap_or_else(|| {
            items.push(Item { kind, number, parts: Vec::new() });
            items.len() - 1
        });
        let item = &mut items[index];
        item.kind = item.kind.or(kind);
        let field = format!("{}[{index}].{part}", spec.name);
        guess.confidence = 100;
        if !free(item) {
            guess.doubt = Some(format!("another column already goes to `{field}`"));
        }
        if part == "number" && kind.is_none() && item.parts.is_empty() && !sure {
            guess.confidence = 60;
            guess.doubt = Some("a number, but of what?".to_owned());
        }
        item.parts.push(part.to_owned());
        self.current.insert(group, index);
        guess.field = Some(field);
    }

    /// Types that headers name, where no column does.
    fn constants(&self) -> BTreeMap<String, String> {
        let mut constants = BTreeMap::new();
        for (&group, items) in &self.items {
            let spec = &vocabulary().groups[group];
            for (index, item) in items.iter().enumerate() {
                let Some(kind) = item.kind.and_then(|kind| spec.kinds.get(kind)) else { continue };
                if !kind.bare && !item.parts.iter().any(|part| part == "type") {
                    constants.insert(format!("{}[{index}].type", spec.name), kind.label.clone());
                }
            }
        }
        constants
    }
}

/// Reads a header as a part of a document or an address: kind and number are taken out, the rest names the part.
fn read_part(folded: &str) -> Option<Reading> {
    let (rest, number) = match folded.rsplit_once(' ') {
        Some((rest, last)) if last.len() <= 2 && last.bytes().all(|byte| byte.is_ascii_digit()) => (rest, last.parse().ok()),
        Some(_) | None => match folded.split_once(' ') {
            Some((first, rest)) if first.len() <= 2 && first.bytes().all(|byte| byte.is_ascii_digit()) => {
                (rest, first.parse().ok())
            }
            Some(_) | None => (folded, None),
        },
    };
    // `Документ 2: номер` names the number in its middle.
    let (rest, number) = match number {
        Some(number) => (rest.to_owned(), Some(number)),
        None => take_inner_number(rest),
    };
    for (group, spec) in vocabulary().groups.iter().enumerate() {
        if spec.parts.iter().any(|part| part.ambiguous.contains(&rest)) {
            return Some(Reading::Part { group, kind: None, part: "?".to_owned(), number, sure: false });
        }
        let exact = |text: &str| spec.parts.iter().find(|part| part.headers.iter().any(|header| header == text));
        let found = spec
            .kinds
            .iter()
            .enumerate()
            .flat_map(|(kind, spec)| spec.phrases.iter().map(move |phrase| (kind, phrase)))
            .filter_map(|(kind, phrase)| Some((kind, phrase.len(), find_words(&rest, phrase)?)))
            .max_by_key(|(_, length, _)| *length);
        if let Some((kind, _, range)) = found {
            let left = format!("{} {}", &rest[..range.start], &rest[range.end..]);
            let left = left.split_whitespace().collect::<Vec<_>>().join(" ");
            let address = spec.parts.iter().any(|part| part.name == "text");
            let part = match exact(&left) {
                Some(part) => part.name.clone(),
                None if left.is_empty() && address => "text".to_owned(),
                None if left.is_empty() && spec.kinds[kind].bare => "series_and_number".to_owned(),
                None if left.is_empty() => "number".to_owned(),
                None => continue,
            };
            let sure = !left.is_empty();
            return Some(Reading::Part { group, kind: Some(kind), part, number, sure });
        }
        if let Some(part) = exact(&rest) {
            // One bare word (`номер`, `тип`, `вид`) says little without a neighbour.
            let sure = rest.contains(' ') || !matches!(part.name.as_str(), "number" | "type");
            return Some(Reading::Part { group, kind: None, part: part.name.clone(), number, sure });
        }
        let without_word = rest.replace("документа", "").replace("документ", "").replace("document", "");
        let without_word = without_word.split_whitespace().collect::<Vec<_>>().join(" ");
        if without_word != rest
            && let Some(part) = exact(&without_word)
        {
            return Some(Reading::Part { group, kind: None, part: part.name.clone(), number, sure: true });
        }
    }
    None
}

fn take_inner_number(text: &str) -> (String, Option<u32>) {
    let mut number = None;
    let words: Vec<&str> = text
        .split(' ')
        .filter(|word| {
            let is_number =
                number.is_none() && word.len() <= 2 && word.bytes().all(|byte| byte.is_ascii_digit()) && !word.is_empty();
            if is_number {
                number = word.parse().ok();
            }
            !is_number
        })
        .collect();
    (words.join(" "), number)
}

/// Required fields that nothing fills.
fn missing(proposal: &Proposal, operations: &[Arc<Operation>]) -> Vec<(String, String)> {
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
        let from_full_name = matches!(leaf.field.as_str(), "last_name" | "first_name") && settled("full_name");
        if !settled(&leaf.field) && !from_full_name {
            missing.push((leaf.field.clone(), leaf.title.clone()));
        }
    }
    for group in operation.groups.iter().filter(|group| group.required) {
        if !has_group(&group.field) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_numbered_items_are_headers_and_cells_of_rows_are_not() {
        for header in ["Фамилия", "Документ 2: номер", "Document 12: expiry date", "Адрес 1: строка", "Address 3: type"]
        {
            assert!(knows_header(header), "{header}");
        }
        for cell in ["Иванов", "12", "№ 17/2024", "101000, г. Москва, ул. Примерная, д. 1, кв. 2", "01.02.1970", ""]
        {
            assert!(!knows_header(cell), "{cell}");
        }
    }
}
