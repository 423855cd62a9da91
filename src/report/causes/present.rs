//! Groups become causes: what may be shown is shown, small ones are told together, and lines for the mapping are found. Counts no row.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use super::group::{Group, What};
use super::pattern::{is_word, pattern};
use super::{Cause, Causes, MappingLine, Remedy};
use crate::model::{Code, Severity, Source};

/// Rows from which on a found word is shown, also one that is near to a known one: a slip into the wrong column is a person's data
/// and stands alone.
const SHOWN_FROM: u64 = 5;
/// A form is a cause of its own when at least one in so many rows with the same fault has it.
const FORM_PART: u64 = 20;
/// Rows that a form needs to be one; fewer say nothing, unless they are all.
const FORM_ROWS_MIN: u64 = 3;
/// Forms of one fault that are told apart.
const FORMS_MAX: usize = 5;
/// Values whose nearest known word is looked for, the most frequent ones: lists of known words may be long.
const NEAREST_MAX: usize = 500;
/// Rows from which on a line that speaks of a whole column is worth it; fewer are mended by hand.
const COLUMN_LINE_FROM: u64 = 3;
/// Lines for the mapping.
const LINES_MAX: usize = 500;

/// Groups that are told as one.
struct Told {
    group: Group,
    /// The groups it consists of.
    ids: Vec<u32>,
    line: Option<MappingLine>,
}

/// Code, column and field.
type Base = (Code, Option<u16>, Box<str>);

fn base(group: &Group) -> Base {
    (group.code, group.column, group.field.clone())
}

impl Causes {
    /// The causes, the `most` largest of them in full.
    pub(in crate::report) fn told(&self, source: &Source, most: usize) -> (Vec<Cause>, Remedy) {
        let mut told = self.merged();
        self.find_lines(&mut told, source);
        let mut cause_of: HashMap<u32, usize> = HashMap::new();
        for (index, told) in told.iter().enumerate() {
            cause_of.extend(told.ids.iter().map(|&id| (id, index)));
        }
        let mut cleared: Vec<u64> = told.iter().map(|told| told.group.alone).collect();
        let has_line = |index: usize| told.get(index).is_some_and(|told| told.line.is_some());
        let mut lines_clear: u64 = told.iter().filter(|told| told.line.is_some()).map(|told| told.group.alone).sum();
        for (ids, rows) in &self.sets {
            let causes: Option<Vec<usize>> = ids.iter().map(|id| cause_of.get(id).copied()).collect();
            let Some(causes) = causes else { continue };
            if let Some(count) = causes.first().and_then(|first| cleared.get_mut(*first))
                && causes.windows(2).all(|pair| pair.first() == pair.last())
            {
                *count += rows;
            }
            if causes.iter().all(|&index| has_line(index)) {
                lines_clear += rows;
            }
        }
        let mut lines: Vec<MappingLine> = told.iter().filter_map(|told| told.line.clone()).collect();
        lines.sort_unstable();
        lines.dedup();
        let mut causes: Vec<(&Told, u64)> = told.iter().zip(cleared).collect();
        causes.sort_by_key(|(told, _)| {
            let group = &told.group;
            (Reverse(group.code.severity()), Reverse(group.rows), group.first.ordinal, group.code, group.column)
        });
        let remedy = Remedy {
            rows_with_errors: self.rows_with_errors,
            further_causes: causes.len().saturating_sub(most) as u64,
            is_approximate: self.approximate,
            mapping_lines: lines,
            rows_cleared: lines_clear,
        };
        (causes.into_iter().take(most).map(|(told, cleared)| self.cause(told, cleared, source)).collect(), remedy)
    }

    fn cause(&self, told: &Told, cleared: u64, source: &Source) -> Cause {
        let group = &told.group;
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let is_error = group.code.severity() == Severity::Error;
        let mut cause = Cause {
            code: group.code,
            column: group.column.and_then(|column| source.columns.get(usize::from(column))).map(ToString::to_string),
            field: text(&group.field),
            value: None,
            nearest: group.nearest.as_deref().map(str::to_owned),
            pattern: None,
            provider_code: None,
            pointer: None,
            count: group.rows,
            of: is_error.then_some(self.rows_with_errors),
            cleared: if is_error { cleared } else { 0 },
            first: source.locate(group.first).to_string(),
            examples: group.examples.iter().map(|place| source.locate(*place).to_string()).collect(),
            line: told.line.clone(),
        };
        match &group.what {
            What::Nothing | What::Various => {}
            What::Value(value) => cause.value = text(value),
            What::Form(form) => cause.pattern = text(form),
            What::Refusal { code, pointer } => (cause.provider_code, cause.pointer) = (text(code), text(pointer)),
        }
        cause
    }

    /// The known words that were surely meant, by group.
    fn nearest(&self) -> HashMap<u32, Box<str>> {
        let mut values: Vec<(u64, u32, &Group, &str)> = self
            .groups
            .iter()
            .filter_map(|(id, group)| match &group.what {
                What::Value(value) => Some((group.rows, *id, group, &**value)),
                What::Nothing | What::Various | What::Form(_) | What::Refusal { .. } => None,
            })
            .collect();
        values.sort_unstable_by_key(|(rows, id, _, _)| (Reverse(*rows), *id));
        values.truncate(NEAREST_MAX);
        let nearest = |group: &Group, value: &str| self.facts.of(&group.field)?.nearest(value).map(Box::from);
        values.into_iter().filter_map(|(_, id, group, value)| Some((id, nearest(group, value)?))).collect()
    }

    /// Values that must not be shown become forms, and forms that are rare become one.
    fn merged(&self) -> Vec<Told> {
        let mut nearest = self.nearest();
        let mut by_base: BTreeMap<Base, Vec<(u32, Group)>> = BTreeMap::new();
        let mut ids: Vec<&u32> = self.groups.keys().collect();
        ids.sort_unstable();
        for (id, group) in ids.into_iter().filter_map(|id| Some((*id, self.groups.get(id)?))) {
            let mut group = Group { nearest: nearest.remove(&id), ..group.clone() };
            if let What::Value(value) = &group.what
                && (!is_word(value) || group.rows < SHOWN_FROM)
            {
                group.what = What::Form(pattern(value).into());
                group.nearest = None;
            }
            by_base.entry(base(&group)).or_default().push((id, group));
        }
        let mut all = Vec::new();
        for groups in by_base.into_values() {
            let rows: u64 = groups.iter().map(|(_, group)| group.rows).sum();
            let is_large = |count: u64| count >= FORM_ROWS_MIN && count * FORM_PART >= rows;
            let mut forms: HashMap<What, u64> = HashMap::new();
            for (_, group) in &groups {
                *forms.entry(group.what.clone()).or_default() += group.rows;
            }
            let mut kept: Vec<(u64, What)> = forms
                .into_iter()
                .filter(|(what, count)| matches!(what, What::Form(_)) && (is_large(*count) || *count == rows))
                .map(|(what, count)| (count, what))
                .collect();
            kept.sort_by(|(more, one), (less, other)| less.cmp(more).then_with(|| format!("{one:?}").cmp(&format!("{other:?}"))));
            kept.truncate(FORMS_MAX);
            let is_kept = |what: &What| match what {
                What::Form(_) => kept.iter().any(|(_, kept)| kept == what),
                What::Nothing | What::Various | What::Value(_) | What::Refusal { .. } => true,
            };
            let mut told: Vec<Told> = Vec::new();
            for (id, group) in groups {
                let group = if is_kept(&group.what) { group } else { group.into_various() };
                match told.iter_mut().find(|told| told.group.what == group.what) {
                    Some(told) => {
                        told.group.merge(&group);
                        told.ids.push(id);
                    }
                    None => told.push(Told { group, ids: vec![id], line: None }),
                }
            }
            all.extend(told);
        }
        all
    }

    fn find_lines(&self, all: &mut [Told], source: &Source) {
        // Lines about a column need all its values to agree.
        let mut columns: HashMap<Base, (u64, super::group::Seen)> = HashMap::new();
        for told in &*all {
            let (rows, seen) = columns.entry(base(&told.group)).or_insert((0, told.group.seen));
            *rows += told.group.rows;
            *seen = seen.and(told.group.seen);
        }
        let mut count = 0;
        for told in all {
            let Some(&(rows, seen)) = columns.get(&base(&told.group)) else { continue };
            told.line = self.line(&told.group, rows, seen, source).filter(|_| count < LINES_MAX);
            count += usize::from(told.line.is_some());
        }
    }

    /// The line that mends all faults of a group.
    fn line(&self, group: &Group, rows: u64, seen: super::group::Seen, source: &Source) -> Option<MappingLine> {
        let field = || group.field.to_string();
        let header = || Some(source.columns.get(usize::from(group.column?))?.to_string());
        let is_of_column = rows >= COLUMN_LINE_FROM;
        match (group.code, &group.what) {
            (_, What::Value(found)) => {
                let known = group.nearest.as_deref()?;
                Some(MappingLine::Value { field: field(), found: found.to_string(), known: known.to_owned() })
            }
            // Of births with two digits those that can be read are read already.
            (Code::DateTwoDigitYear, _)
                if is_of_column && seen.dotted_days_first && !group.field.to_ascii_lowercase().contains("birth") =>
            {
                let is_settled = self.facts.format(&group.field).is_some_and(has_short_year);
                (!is_settled).then(|| MappingLine::Format { field: field(), format: "DD.MM.YY".to_owned() })
            }
            (Code::PhoneAmbiguous, _)
                if is_of_column && seen.russian_phones && !self.facts.formats.contains_key("phone_region") =>
            {
                Some(MappingLine::Format { field: "phone_region".to_owned(), format: "RU".to_owned() })
            }
            (Code::ValueUnexpected, _) if is_of_column => {
                let filled = self.filled.get(usize::from(group.column?)).copied()?;
                (filled == rows).then(header).flatten().map(|column| MappingLine::Ignore { column })
            }
            (Code::ValueMissing | Code::AddressMissing | Code::DocumentMissing | Code::DocumentIncomplete, _)
                if group.column.is_none() =>
            {
                let column = self.facts.unmapped(&group.field)?.to_owned();
                Some(MappingLine::Column { column, field: field() })
            }
            _ => None,
        }
    }
}

fn has_short_year(format: &str) -> bool {
    let format = format.to_uppercase().replace('Г', "Y");
    format.replace("YYYY", "").contains("YY")
}
