//! Where a member's value comes from: its own column, a constant, the whole name, another field, parts joined, an alias.

use std::collections::HashMap;
use std::sync::Arc;

use super::aliases::Aliases;
use super::{Compiler, text_of};
use crate::contract::{Join, Leaf, Render};
use crate::model::CellKind;
use crate::model::text::fold;
use crate::prepare::cell::{self, Written};
use crate::prepare::mapping::MappingError;
use crate::prepare::names::{self, Name};
use crate::prepare::plan::{Column, From};

/// Parts of the full name, in the order of its words.
pub(super) const NAMES: [&str; 3] = ["last_name", "first_name", "middle_name"];

impl Compiler<'_> {
    /// The source of a member outside lists; `None` when nothing fills it.
    pub(super) fn source_of(&self, aliases: &Aliases, leaf: &Leaf) -> Result<Option<From>, MappingError> {
        let names = match &leaf.selector {
            // What other operations of the run let a mapping fill is no business of this member.
            _ if !leaf.mappable => Vec::new(),
            // A selector is no field: items are mapped, and their kinds tell.
            Some(_) => vec![leaf.body_path.clone()],
            None if leaf.field == leaf.body_path => vec![leaf.field.clone()],
            None => vec![leaf.body_path.clone(), leaf.field.clone()],
        };
        let mut sources: Vec<From> = Vec::new();
        match (self.column_of(&names), self.constant_of(&names)) {
            (Some(column), _) => sources.push(From::Column(column)),
            (None, Some(constant)) => return self.constant(leaf, constant).map(Some),
            (None, None) => sources.extend(self.full_name(&leaf.field)),
        }
        for other in leaf.alternatives.iter().filter(|_| leaf.selector.is_none()) {
            if let Some(source) = self.field_source(leaf, other)? {
                sources.push(source);
            }
        }
        if sources.is_empty()
            && leaf.selector.is_none()
            && let Some(join) = &leaf.join
        {
            sources.extend(self.joined(join, str::to_owned));
        }
        if sources.is_empty() {
            for (other, target) in aliases {
                if leaf.is_called(target)
                    && let Some(source) = self.field_source(leaf, other)?
                {
                    sources.push(source);
                }
            }
        }
        Ok(one(sources))
    }

    /// A vocabulary field as a source for another member.
    pub(super) fn field_source(&self, leaf: &Leaf, field: &str) -> Result<Option<From>, MappingError> {
        let names = [field.to_owned()];
        match (self.column_of(&names), self.constant_of(&names)) {
            (Some(column), _) => Ok(Some(From::Column(column))),
            (None, Some(constant)) => self.constant(leaf, constant).map(Some),
            (None, None) => Ok(self.full_name(field)),
        }
    }

    fn full_name(&self, field: &str) -> Option<From> {
        let word = NAMES.iter().position(|name| *name == field)?;
        let column = *self.targets.get("full_name")?;
        Some(From::FullName(column, u8::try_from(word).unwrap_or(0)))
    }

    fn constant(&self, leaf: &Leaf, constant: &toml::Value) -> Result<From, MappingError> {
        let text = text_of(constant);
        // A name is looked up when the book is there.
        if leaf.render == Render::Book {
            return Ok(From::Word(text));
        }
        if matches!(leaf.render, Render::LatinName | Render::LatinLine) && !text.is_ascii() {
            let why = format!("`{text}`: the provider takes Latin letters only; write the constant in them");
            return Err(MappingError::Value { section: "constants", field: leaf.field.clone(), why });
        }
        let value = cell::parse(leaf, &text, CellKind::Text, None, &self.rules()).map(Written::into_owned);
        value.map(From::Constant).map_err(|fault| MappingError::Value {
            section: "constants",
            field: leaf.field.clone(),
            why: format!("`{text}`: {}", fault.message),
        })
    }

    /// The source of a part of item `number` of a list that mappings call by any of `lists`.
    pub(super) fn part_source(&self, lists: &[&str], number: u32, parts: &[&str], leaf: &Leaf) -> Option<From> {
        let named = |part: &str| numbered(lists, number, part);
        let own_parts = if leaf.mappable { parts } else { &[] };
        let own: Vec<String> = own_parts.iter().flat_map(|part| named(part)).collect();
        let mut sources: Vec<From> = self.column_of(&own).map(From::Column).into_iter().collect();
        if sources.is_empty()
            && let Some(constant) = self.constant_of(&own)
        {
            return Some(From::Word(text_of(constant)));
        }
        if sources.is_empty()
            && let Some(part) = parts.iter().find(|part| matches!(**part, "series" | "number"))
            && let Some(column) = self.column_of(&named("series_and_number"))
        {
            return Some(From::SeriesAndNumber(column.index, *part == "number"));
        }
        for other in &leaf.alternatives {
            sources.extend(self.column_of(&named(Name::parse(other).part)).map(From::Column));
        }
        if sources.is_empty()
            && let Some(join) = &leaf.join
        {
            sources.extend(self.joined(join, |part| {
                named(part).into_iter().find(|name| self.targets.contains_key(name.as_str())).unwrap_or_default()
            }));
        }
        one(sources)
    }

    fn joined(&self, join: &Join, name: impl Fn(&str) -> String) -> Option<From> {
        let columns: Vec<usize> = join.parts.iter().filter_map(|part| self.targets.get(name(part).as_str()).copied()).collect();
        (!columns.is_empty()).then(|| From::Joined(columns, Arc::from(join.separator.as_str())))
    }

    /// The column of the first of these names that has one.
    pub(super) fn column_of(&self, names: &[String]) -> Option<Column> {
        let (name, index) = names.iter().find_map(|name| Some((name, *self.targets.get(name.as_str())?)))?;
        // Translations may be written under any of the member's names.
        let values = self.values(name).or_else(|| names.iter().find_map(|name| self.values(name)));
        Some(Column { index, values })
    }

    /// The constant of the first of these names that has one, for one item or for all.
    pub(super) fn constant_of(&self, names: &[String]) -> Option<&toml::Value> {
        let constants = &self.mapping.constants;
        names.iter().find_map(|name| constants.get(name).or_else(|| constants.get(&names::general(name))))
    }

    fn values(&self, field: &str) -> Option<Arc<HashMap<String, String>>> {
        let written = self.mapping.values.get(field).or_else(|| self.mapping.values.get(&names::general(field)))?;
        Some(Arc::new(written.iter().map(|(word, value)| (fold(word), text_of(value))).collect()))
    }
}

/// `documents[1].series` by every name of the list.
pub(super) fn numbered(lists: &[&str], number: u32, part: &str) -> Vec<String> {
    lists.iter().map(|list| format!("{list}[{number}].{part}")).collect()
}

fn one(mut sources: Vec<From>) -> Option<From> {
    if sources.len() > 1 { Some(From::First(sources)) } else { sources.pop() }
}
