//! What the report's causes have to know about a run's fields: by which words, under which names, and whether values may be shown.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use super::job::Job;
use crate::contract::{Leaf, Operation, Render};
use crate::model::text::fold;
use crate::model::{Books, Shelf};
use crate::prepare::{self, normalize::country};
use crate::report::{Facts, FieldFacts};

/// What is known about the fields of a job.
pub(super) fn of(job: &Job) -> Facts {
    let mut facts = Facts { formats: job.formats.clone(), ..Facts::default() };
    let books = job.plan.books();
    for operation in &job.operations {
        for leaf in &operation.leaves {
            add(&mut facts, leaf, books);
        }
        for group in &operation.groups {
            group.type_leaf.iter().chain(group.all_leaves()).for_each(|leaf| add(&mut facts, leaf, books));
        }
    }
    facts.fields.insert("client_type".to_owned(), kinds(job));
    let left_out = job.plan.left_out();
    if !left_out.is_empty() {
        let proposal = prepare::infer(&job.to, &job.table.source.columns, &job.operations);
        let is_left_out = |header: &str| left_out.iter().any(|column| &**column == header);
        let meant = proposal.columns.into_iter().filter(|guess| guess.confidence == 100 && is_left_out(&guess.header));
        facts.unmapped = meant.filter_map(|guess| Some((guess.header, guess.field?))).collect();
    }
    facts
}

fn add(facts: &mut Facts, leaf: &Leaf, books: &Books) {
    let words = words(leaf, books);
    // Books may list people.
    let is_shown = match leaf.render {
        Render::Book => leaf.pii.is_none() && !leaf.book.as_deref().is_some_and(|book| lists_people(books, book)),
        Render::CountryAlpha2 | Render::Boolean | Render::Flag01 => true,
        _ => leaf.codes.is_some() || leaf.pii.is_none(),
    };
    for name in [&leaf.field, &leaf.body_path] {
        let known = facts.fields.entry(name.clone()).or_insert_with(|| FieldFacts { is_shown, ..FieldFacts::default() });
        // Where operations differ, the stricter one holds.
        known.is_shown &= is_shown;
        for other in [&leaf.field, &leaf.body_path] {
            if !known.names.contains(other) {
                known.names.push(other.clone());
            }
        }
        if known.words.is_empty() {
            known.words = Arc::clone(&words);
        } else if !words.is_empty() && !Arc::ptr_eq(&known.words, &words) && known.words != words {
            let mut all: Vec<(String, String)> = known.words.iter().chain(words.iter()).cloned().collect();
            all.sort_unstable();
            all.dedup();
            known.words = Arc::new(all);
        }
    }
}

/// Known words, folded, each with what a mapping would say for it.
type Words = Arc<Vec<(String, String)>>;

/// Names of countries are the same for every field.
static COUNTRIES: LazyLock<Words> =
    LazyLock::new(|| Arc::new(country::names().map(|(name, alpha2)| (name.to_owned(), alpha2.to_owned())).collect()));

/// What people write for a member's values.
fn words(leaf: &Leaf, books: &Books) -> Words {
    let mut words: Vec<(String, String)> = match (&leaf.codes, leaf.render, &leaf.book) {
        (Some(codes), _, _) => codes.words().map(|(word, say)| (word.to_owned(), say.to_owned())).collect(),
        (None, Render::CountryAlpha2, _) => return Arc::clone(&COUNTRIES),
        (None, Render::Book, Some(book)) => match books.shelf(book) {
            Shelf::Book(book) => book.entries.iter().map(|(_, name)| (fold(name), name.clone())).collect(),
            Shelf::Missing(_) | Shelf::NotAsked => Vec::new(),
        },
        (None, _, _) => Vec::new(),
    };
    words.sort_unstable();
    Arc::new(words)
}

/// Whether most entries of a book read like names of people: two or more words in Russian, each with a capital.
fn lists_people(books: &Books, book: &str) -> bool {
    let Shelf::Book(book) = books.shelf(book) else { return false };
    let is_capital = |word: &str| word.chars().next().is_some_and(|ch| matches!(ch, 'А'..='Я' | 'Ё'));
    let is_name = |name: &str| name.split_whitespace().count() > 1 && name.split_whitespace().all(is_capital);
    let names = book.entries.iter().filter(|(_, name)| is_name(name)).count();
    names * 2 > book.entries.len()
}

/// The words by which rows say what kind of client they are.
fn kinds(job: &Job) -> FieldFacts {
    let words_of = |operation: &Operation| {
        let kind = operation.kind.as_ref();
        let words = kind.into_iter().flat_map(|kind| kind.exact.iter().chain(&kind.words).chain([&kind.code]));
        words.map(|word| (fold(word), word.clone())).collect::<Vec<_>>()
    };
    let words: BTreeMap<String, String> = job.operations.iter().flat_map(|operation| words_of(operation)).collect();
    FieldFacts { names: vec!["client_type".to_owned()], is_shown: true, words: Arc::new(words.into_iter().collect()) }
}
