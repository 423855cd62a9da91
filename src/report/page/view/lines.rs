//! Causes, columns and rows as lines of the page's longer tables, each cut at a bound that is told.

use super::super::super::Summary;
use super::super::mask::{Mask, clip};
use super::super::say::{Noun, counted, number, share};
use super::super::words::{self, words};
use super::super::{Said, SampledRow, Statistics, chart};
use super::sentence::Sentence;
use super::{NAME_CHARS_MAX, SENTENCE_CHARS_MAX, explained, severity};
use crate::model::{Lang, Outcome, Source};

/// Causes that are shown.
const CAUSES_MAX: usize = 20;
/// Columns with faults, and columns with changes, that have a line.
const COLUMNS_MAX: usize = 50;
/// Bytes of all rows of the sample as they stand in the page: texts full of signs that HTML must escape grow sixfold.
const ROWS_BYTES_MAX: usize = 900_000;
/// What a row costs besides its texts.
const ROW_BYTES: usize = 260;

pub(in super::super) struct CauseLine {
    pub(in super::super) code: &'static str,
    pub(in super::super) severity: &'static str,
    pub(in super::super) count: String,
    pub(in super::super) share: String,
    pub(in super::super) width: String,
    pub(in super::super) column: Option<String>,
    pub(in super::super) meaning: Sentence,
    pub(in super::super) next_step: Sentence,
    pub(in super::super) first: String,
    /// Further sentences.
    pub(in super::super) further: Vec<String>,
    /// The mapping's line that would mend it.
    pub(in super::super) line: Option<String>,
}

pub(in super::super) struct ColumnLines {
    pub(in super::super) lines: Vec<ColumnLine>,
    pub(in super::super) more: Option<String>,
}

pub(in super::super) struct ColumnLine {
    pub(in super::super) name: String,
    pub(in super::super) errors: String,
    pub(in super::super) warnings: String,
    pub(in super::super) notes: String,
    pub(in super::super) errors_width: String,
    pub(in super::super) rest_width: String,
    pub(in super::super) codes: Vec<(&'static str, String)>,
    pub(in super::super) more: Option<String>,
}

pub(in super::super) struct ChangeLines {
    pub(in super::super) lines: Vec<ChangeLine>,
    pub(in super::super) more: Option<String>,
}

pub(in super::super) struct ChangeLine {
    pub(in super::super) column: String,
    pub(in super::super) field: String,
    pub(in super::super) count: String,
    pub(in super::super) examples: Vec<(String, String)>,
}

pub(in super::super) struct RowLines {
    pub(in super::super) intro: String,
    pub(in super::super) outcomes: Vec<(&'static str, &'static str)>,
    pub(in super::super) codes: Vec<&'static str>,
    pub(in super::super) lines: Vec<RowLine>,
}

pub(in super::super) struct RowLine {
    pub(in super::super) class: &'static str,
    pub(in super::super) outcome: &'static str,
    pub(in super::super) codes: String,
    pub(in super::super) place: String,
    pub(in super::super) facts: Vec<String>,
    pub(in super::super) complaints: Vec<SaidLine>,
    pub(in super::super) more: Option<String>,
}

pub(in super::super) struct SaidLine {
    pub(in super::super) code: &'static str,
    pub(in super::super) at: Option<String>,
    pub(in super::super) found: Option<String>,
    pub(in super::super) message: Sentence,
}

/// The name of a source column.
fn column_name(source: &Source, column: u16) -> String {
    match source.columns.get(usize::from(column)).filter(|name| !name.trim().is_empty()) {
        Some(name) => clip(name, NAME_CHARS_MAX),
        None => format!("#{}", u32::from(column) + 1),
    }
}

/// `and more: 12 columns`, where some have no line.
fn and_more(lang: Lang, left: usize, forms: Noun) -> Option<String> {
    let left = u64::try_from(left).unwrap_or(u64::MAX);
    (left > 0).then(|| format!("{} {}", words(lang).and_more, counted(lang, left, forms)))
}

pub(super) fn causes(lang: Lang, mask: &Mask, summary: &Summary) -> Vec<CauseLine> {
    let w = words(lang);
    let all: u64 = summary.faults.values().sum();
    let largest = summary.causes.iter().map(|cause| cause.count).max().unwrap_or(0);
    let line = |cause: &super::super::super::Cause| {
        let part = match cause.of {
            Some(rows) => format!("{} {}", share(lang, cause.count, rows), w.of_rows),
            None => format!("{} {}", share(lang, cause.count, all), w.of_faults),
        };
        let places = cause.examples.iter().map(|place| clip(place, NAME_CHARS_MAX * 2)).collect::<Vec<_>>().join(", ");
        let is_open = cause.value.as_ref().is_none_or(|value| mask.may_show(value, cause.count));
        let meaning = if is_open { cause.sentence(lang) } else { cause.code.meaning_in(lang).to_owned() };
        let cleared = (cause.cleared > 0).then(|| format!("{}: {}", w.would_clear, number(lang, cause.cleared)));
        CauseLine {
            code: cause.code.as_str(),
            severity: severity(cause.code.severity()),
            count: number(lang, cause.count),
            share: part,
            width: chart::length(cause.count, largest),
            column: cause.column.as_deref().map(|name| clip(name, NAME_CHARS_MAX)),
            meaning: Sentence::new(clip(&meaning, SENTENCE_CHARS_MAX)),
            next_step: explained(lang, cause.code).1,
            first: if places.is_empty() { clip(&cause.first, NAME_CHARS_MAX * 2) } else { places },
            further: cleared.into_iter().collect(),
            line: cause.line.as_ref().filter(|_| is_open).map(|line| clip_lines(&line.to_string())),
        }
    };
    summary.causes.iter().take(CAUSES_MAX).map(line).collect()
}

/// The mapping's line; one that is longer than a page takes is not worth pasting from it.
fn clip_lines(line: &str) -> String {
    line.lines().map(|line| clip(line, SENTENCE_CHARS_MAX)).collect::<Vec<_>>().join("\n")
}

pub(super) fn columns(lang: Lang, page: &Statistics) -> ColumnLines {
    let w = words(lang);
    let all = page.faults.by_column();
    let largest = all.iter().map(|(_, counts)| counts.all()).max().unwrap_or(0);
    let lines = all.iter().take(COLUMNS_MAX).map(|&(column, counts)| {
        let (codes, more) = page.faults.codes_of(column);
        ColumnLine {
            name: column.map_or_else(|| w.whole_rows.to_owned(), |column| column_name(&page.source, column)),
            errors: number(lang, counts.errors),
            warnings: number(lang, counts.warnings),
            notes: number(lang, counts.notes),
            errors_width: chart::length(counts.errors, largest),
            rest_width: chart::length(counts.warnings, largest),
            codes: codes.into_iter().map(|(code, count)| (code.as_str(), number(lang, count))).collect(),
            more: (more > 0).then(|| format!("+{more}")),
        }
    });
    ColumnLines { lines: lines.collect(), more: and_more(lang, all.len().saturating_sub(COLUMNS_MAX), words::columns(lang)) }
}

pub(super) fn changes(lang: Lang, page: &Statistics) -> ChangeLines {
    let all = page.changed.largest();
    let lines = all.iter().take(COLUMNS_MAX).map(|(column, change)| ChangeLine {
        column: column_name(&page.source, *column),
        field: clip(change.field.as_str(), NAME_CHARS_MAX),
        count: number(lang, change.count),
        examples: change.examples.clone(),
    });
    ChangeLines { lines: lines.collect(), more: and_more(lang, all.len().saturating_sub(COLUMNS_MAX), words::columns(lang)) }
}

pub(super) fn rows(lang: Lang, page: Statistics, summary: &Summary) -> RowLines {
    let w = words(lang);
    let Statistics { source, mask, sample, .. } = page;
    let mut sampled = sample.into_rows();
    sampled.sort_by_key(|row| (urgency(row), row.place.ordinal));
    let mut left = ROWS_BYTES_MAX;
    let mut lines = Vec::with_capacity(sampled.len());
    let (mut codes, mut outcomes) = (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
    for row in &sampled {
        let line = row_line(lang, &source, &mask, row);
        let Some(rest) = left.checked_sub(line.bytes()) else { break };
        left = rest;
        codes.extend(row.complaints.iter().map(|said| said.code));
        outcomes.insert(row.outcome);
        lines.push(line);
    }
    let is_all = u64::try_from(lines.len()) == Ok(summary.source.rows);
    RowLines {
        intro: if is_all { w.rows_all } else { w.rows_sample }.to_owned(),
        outcomes: outcomes.into_iter().map(|outcome| (outcome.as_str(), words::outcome(lang, outcome).0)).collect(),
        codes: codes.into_iter().map(|code| code.as_str()).collect(),
        lines,
    }
}

/// Rows for somebody stand first, doubt before refusal.
fn urgency(row: &SampledRow) -> u8 {
    match row.outcome {
        Outcome::Unknown => 0,
        Outcome::Rejected => 1,
        Outcome::Invalid => 2,
        Outcome::Duplicate => 3,
        Outcome::Existing | Outcome::Created if !row.complaints.is_empty() => 4,
        Outcome::NotSent => 5,
        Outcome::Existing => 6,
        Outcome::Created => 7,
    }
}

fn row_line(lang: Lang, source: &Source, mask: &Mask, row: &SampledRow) -> RowLine {
    let w = words(lang);
    let line = format!("{}\u{a0}{}", w.line, row.place.line);
    let sheet = source.sheet(row.place);
    let mut facts = Vec::new();
    if let Some((own, remote)) = &row.ids {
        facts.extend(own.iter().map(|id| format!("{} {id}", w.own_id)));
        facts.extend(remote.iter().map(|id| format!("{} {id}", w.provider_id)));
    }
    if let Some(status) = row.http_status {
        facts.push(format!("HTTP {status}"));
    }
    if row.attempts > 1 {
        facts.push(format!("{}: {}", w.attempts, row.attempts));
    }
    let mut codes: Vec<&str> = row.complaints.iter().map(|said| said.code.as_str()).collect();
    codes.dedup();
    RowLine {
        class: row.outcome.as_str(),
        outcome: words::outcome(lang, row.outcome).0,
        codes: codes.join(" "),
        place: if sheet.is_empty() { line } else { format!("{}, {line}", clip(sheet, NAME_CHARS_MAX)) },
        facts,
        complaints: row.complaints.iter().map(|said| said_line(source, mask, said)).collect(),
        more: (row.more > 0).then(|| format!("{} {}", row.more, w.more_complaints)),
    }
}

fn said_line(source: &Source, mask: &Mask, said: &Said) -> SaidLine {
    let named = said.column.map(|column| column_name(source, column));
    SaidLine {
        code: said.code.as_str(),
        at: named.or_else(|| (!said.field.is_empty()).then(|| said.field.to_string())),
        found: said.found.as_ref().map(|shown| mask.settle(shown)),
        message: Sentence::new(&*said.message),
    }
}

impl RowLine {
    /// Bytes of the row in the page, at least.
    fn bytes(&self) -> usize {
        let texts = [&self.place, &self.codes].into_iter().chain(&self.facts);
        let said = self.complaints.iter().flat_map(|said| {
            [said.at.as_deref(), said.found.as_deref(), Some(said.message.as_str()), Some(said.code)].into_iter().flatten()
        });
        ROW_BYTES * (1 + self.complaints.len())
            + texts.map(|text| escaped(text)).sum::<usize>()
            + said.map(escaped).sum::<usize>()
    }
}

/// Bytes of a text once it is escaped.
fn escaped(text: &str) -> usize {
    text.bytes().map(|byte| if matches!(byte, b'<' | b'>' | b'&' | b'"' | b'\'') { 6 } else { 1 }).sum()
}
