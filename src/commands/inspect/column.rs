//! What one column of a file holds: counts, forms and proofs, gathered in one pass. Keeps no values unless they are asked for.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::model::{CellKind, FORM_CHARS_MAX, Place, form};
use crate::prepare::normalize::damage::HabitEvidence;
use crate::prepare::normalize::date::ColumnEvidence;
use crate::prepare::{self, Guess};

/// Cells whose forms are counted; what a column looks like is clear by then.
const FORM_CELLS_MAX: u64 = 2_000;
/// Different forms that are counted.
const FORMS_MAX: usize = 40;
/// Forms and values that are shown.
const SHOWN_MAX: usize = 3;

/// What one column holds.
#[derive(Default)]
pub(super) struct Column {
    texts: u64,
    numbers: u64,
    dates: u64,
    truths: u64,
    errors: u64,
    formulas_without_value: u64,
    evidence: ColumnEvidence,
    habit: HabitEvidence,
    forms: HashMap<String, u64>,
    /// Filled when values are asked for.
    examples: Vec<String>,
}

impl Column {
    pub(super) fn observe(&mut self, place: Place, text: &str, kind: CellKind, keeps_values: bool) {
        self.evidence.observe(place, text, kind);
        if text.trim().is_empty() && kind == CellKind::Text {
            return;
        }
        self.habit.observe(text, kind);
        *match kind {
            CellKind::Text => &mut self.texts,
            CellKind::Number(_) => &mut self.numbers,
            CellKind::Date(_) => &mut self.dates,
            CellKind::Bool(_) => &mut self.truths,
            CellKind::Error => &mut self.errors,
            CellKind::FormulaWithoutValue => &mut self.formulas_without_value,
        } += 1;
        if self.filled() <= FORM_CELLS_MAX {
            let form = form(text);
            if self.forms.len() < FORMS_MAX || self.forms.contains_key(&form) {
                *self.forms.entry(form).or_default() += 1;
            }
        }
        if keeps_values && self.examples.len() < SHOWN_MAX && !self.examples.iter().any(|known| known == text) {
            self.examples.push(text.to_owned());
        }
    }

    /// Cells that hold something.
    pub(super) fn filled(&self) -> u64 {
        self.texts + self.numbers + self.dates + self.truths + self.errors + self.formulas_without_value
    }

    fn kinds(&self) -> [(&'static str, u64); 6] {
        [
            ("text", self.texts),
            ("number", self.numbers),
            ("date", self.dates),
            ("boolean", self.truths),
            ("error", self.errors),
            ("formula_without_value", self.formulas_without_value),
        ]
    }

    /// The most frequent forms, or values where they were kept.
    fn looks(&self) -> Vec<String> {
        if !self.examples.is_empty() {
            return self.examples.clone();
        }
        let mut forms: Vec<(&String, &u64)> = self.forms.iter().collect();
        forms.sort_by(|(first, more), (second, less)| less.cmp(more).then(first.cmp(second)));
        forms.into_iter().take(SHOWN_MAX).map(|(form, _)| form.clone()).collect()
    }

    /// What settles the column's dates, where its values do not: why, and the mapping's line.
    pub(super) fn date_question(&self, guess: &Guess) -> Option<(String, String)> {
        let field = guess.field.as_deref()?;
        if !self.holds_dates(guess) {
            return None;
        }
        // `documents[]` of a guess without a number stands in mappings with one.
        prepare::date_question(field, &self.evidence)
    }

    fn holds_dates(&self, guess: &Guess) -> bool {
        match guess.field.as_deref() {
            Some(field) => field.to_ascii_lowercase().ends_with("date") && self.evidence.dates() > 0,
            None => self.evidence.is_of_dates(),
        }
    }

    /// What was seen of its dates, where it holds any.
    pub(super) fn dates_mut(&mut self, guess: &Guess) -> Option<&mut ColumnEvidence> {
        self.holds_dates(guess).then_some(&mut self.evidence)
    }

    fn proof(&self, guess: &Guess) -> Option<String> {
        self.holds_dates(guess).then(|| prepare::describe(&self.evidence.decide()))
    }

    fn damages(&self, guess: &Guess) -> Vec<(&'static str, u64)> {
        let field = guess.field.as_deref().unwrap_or("");
        let of_document =
            field.starts_with("documents") && [".series", ".number", ".division_code"].iter().any(|part| field.ends_with(part));
        let mut damages = self.habit.damages(of_document || prepare::is_fixed_width(field));
        if self.holds_dates(guess) {
            damages.retain(|(kind, _)| matches!(*kind, "error_cells" | "scientific_notation"));
        }
        damages
    }

    pub(super) fn as_json(&self, guess: &Guess, rows: u64) -> Value {
        let counted = |counts: &[(&'static str, u64)]| -> Value {
            counts
                .iter()
                .filter(|(_, count)| *count > 0)
                .map(|(name, count)| ((*name).to_owned(), json!(count)))
                .collect::<serde_json::Map<_, _>>()
                .into()
        };
        let date_forms: serde_json::Map<String, Value> = match self.holds_dates(guess) {
            true => self.evidence.forms().map(|(form, count)| (form.as_str().to_owned(), json!(count))).collect(),
            false => serde_json::Map::new(),
        };
        let question = self.date_question(guess);
        let scientific = self.habit.damages(false).into_iter().find(|(kind, _)| *kind == "scientific_notation");
        let mut column = json!({
            "header": guess.header,
            "field": guess.field,
            "confidence": guess.confidence,
            "doubt": guess.doubt,
            "filled": self.filled(),
            "filled_percent": percent(self.filled(), rows),
            "kinds": counted(&self.kinds()),
            "numbers": self.numbers,
            "spreadsheet_dates": self.dates,
            "errors": self.errors + self.formulas_without_value,
            "scientific_notation": scientific.map_or(0, |(_, count)| count),
            "forms": if self.examples.is_empty() { self.looks() } else { Vec::new() },
            "date_proof": self.proof(guess),
            "date_forms": date_forms,
            "date_question": question.map(|(why, settle)| json!({ "evidence": why, "settle": settle })),
            "damage": counted(&self.damages(guess)),
        });
        if let (Value::Object(members), false) = (&mut column, self.examples.is_empty()) {
            members.insert("examples".to_owned(), json!(self.examples));
        }
        column
    }

    /// The line of the table, and lines below it.
    pub(super) fn as_lines(&self, guess: &Guess, rows: u64) -> (String, Vec<String>) {
        let field = match (&guess.field, guess.ignored) {
            (Some(field), _) => format!("{field} {} %", guess.confidence),
            (None, true) => "(not sent)".to_owned(),
            (None, false) => "?".to_owned(),
        };
        let kinds: Vec<&str> = self.kinds().into_iter().filter(|(_, count)| *count > 0).map(|(name, _)| name).collect();
        let looks: Vec<String> = self.looks().iter().map(|look| cut(look, FORM_CHARS_MAX)).collect();
        let line = format!(
            "{:<26} {:>5}%  {:<34} {:<12} {}",
            cut(&guess.header, 26),
            percent(self.filled(), rows),
            cut(&field, 34),
            cut(&kinds.join("+"), 12),
            looks.join(" · ")
        );
        let mut below = Vec::new();
        below.extend(guess.doubt.as_ref().map(|doubt| format!("doubt: {doubt}")));
        match self.date_question(guess) {
            Some((why, settle)) => below.push(format!("dates: {why}\n             settle it below [formats]: {settle}")),
            None => below.extend(self.proof(guess).map(|proof| format!("dates: {proof}"))),
        }
        let damages: Vec<String> =
            self.damages(guess).iter().map(|(kind, count)| format!("{count} {}", kind.replace('_', " "))).collect();
        if !damages.is_empty() {
            below.push(format!("damage: {}", damages.join(", ")));
        }
        (line, below)
    }
}

/// Parts of 100, rounded down; a column of an empty file is empty.
fn percent(part: u64, whole: u64) -> u64 {
    (part * 100).checked_div(whole).unwrap_or(0)
}

fn cut(text: &str, chars: usize) -> String {
    if text.chars().count() <= chars {
        text.to_owned()
    } else {
        text.chars().take(chars.saturating_sub(1)).chain(['…']).collect()
    }
}
