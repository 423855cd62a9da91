//! `inspect`: tells on one screen what a file is, what its columns seem to be, what a spreadsheet did to them, and what to do next.
//! Shows forms of values and no values, unless they are asked for. Reads the file once and keeps counts.

mod column;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use self::column::Column;
use super::job::{find, open_table, read_settings};
use crate::cli::InspectArgs;
use crate::contract::Registry;
use crate::failure::{Exit, Failure};
use crate::model::{Code, Shape};
use crate::prepare::{self, Proposal};
use crate::read::{ReadSettings, Table};
use crate::terminal;

/// What the one pass found.
struct Findings {
    columns: Vec<Column>,
    rows: u64,
    blank: u64,
    /// Faults that reading found: how many, and the line of the first.
    faults: BTreeMap<&'static str, (Code, u64, u64)>,
    proposal: Proposal,
    to: Option<String>,
}

pub(super) fn run(registry: &Registry, args: &InspectArgs) -> Result<Exit, Failure> {
    let operations = match &args.to {
        Some(to) => registry.find(to)?,
        // Every provider's fields count: inspecting is before choosing.
        None => registry.operations().to_vec(),
    };
    let settings = ReadSettings { any_sheet: true, ..read_settings(&args.reading, None) };
    let header_of = if args.to.is_some() { &operations[..] } else { &[] };
    let table = open_table(&find(&args.file)?, &settings, header_of)?;
    let proposal = prepare::infer(args.to.as_deref().unwrap_or(""), &table.source.columns, &operations);
    let mut findings = Findings {
        columns: table.source.columns.iter().map(|_| Column::default()).collect(),
        rows: 0,
        blank: 0,
        faults: BTreeMap::new(),
        proposal,
        to: args.to.clone(),
    };
    findings.gather(&table, args.values)?;
    if args.json {
        terminal::print(&format!("{:#}\n", findings.as_json(&table)));
    } else {
        terminal::print(&findings.as_text(&table));
    }
    Ok(Exit::Well)
}

impl Findings {
    fn gather(&mut self, table: &Table, keeps_values: bool) -> Result<(), Failure> {
        let bar = terminal::bar("reading", None);
        for row in table.rows()? {
            let row = row?;
            self.rows += 1;
            for fault in &row.faults {
                let seen = self.faults.entry(fault.code.as_str()).or_insert((fault.code, 0, row.place.line));
                seen.1 += 1;
            }
            match row.shape {
                Shape::Blank => self.blank += 1,
                // Cells of a ragged row may stand under the wrong header.
                Shape::Short | Shape::Long => {}
                Shape::Whole => {
                    for (index, column) in self.columns.iter_mut().enumerate() {
                        column.observe(row.place, row.cells.text(index), row.cells.kind(index), keeps_values);
                    }
                }
            }
        }
        bar.finish_and_clear();
        let headers = || table.source.columns.iter().map(|name| &**name);
        let proposed = &self.proposal.columns;
        let columns = headers().zip(self.columns.iter_mut().zip(proposed));
        let dates = columns.filter_map(|(header, (column, guess))| Some((header, column.dates_mut(guess)?))).collect();
        prepare::weigh_dots(headers(), dates);
        Ok(())
    }

    fn filled_rows(&self) -> u64 {
        self.rows - self.blank.min(self.rows)
    }

    fn has_date_questions(&self) -> bool {
        self.columns.iter().zip(&self.proposal.columns).any(|(column, guess)| column.date_question(guess).is_some())
    }

    /// The command to run next.
    fn next(&self, table: &Table) -> String {
        let file = quoted(&table.source.name);
        match &self.to {
            None => format!("clientferry check {file} --to OPERATION   (`clientferry operations` lists them)"),
            Some(to) if self.proposal.is_certain() && !self.has_date_questions() => format!("clientferry check {file} --to {to}"),
            Some(to) => format!("clientferry map {file} --to {to} -o mapping.toml   (then settle what is asked above)"),
        }
    }

    fn as_json(&self, table: &Table) -> Value {
        let what = &table.description;
        json!({
            "file": &*table.source.name,
            "sha256": table.source.sha256,
            "format": what.format.as_str(),
            "encoding": what.encoding,
            "encoding_confidence": what.encoding_confidence.as_str(),
            "encoding_percent": what.encoding.map(|_| what.text.encoding_percent),
            "encoding_runner_up": what.text.encoding_runner_up,
            "delimiter": what.delimiter.map(String::from),
            "quote": what.quote.map(String::from),
            "escape": what.text.escape.map(String::from),
            "header_line": what.header_line,
            "lines_above_header": what.preamble_lines,
            "sheet": what.sheet,
            "sheets": what.sheets,
            "hidden_sheets": what.hidden_sheets,
            "hidden_rows": what.hidden_rows,
            "notes": what.notes,
            "rows": self.rows,
            "blank_rows": self.blank,
            "faults": self.faults.iter().map(|(code, (_, count, line))| json!({
                "code": code,
                "count": count,
                "first_line": line,
            })).collect::<Vec<_>>(),
            "columns": self.columns.iter().zip(&self.proposal.columns)
                .map(|(column, guess)| column.as_json(guess, self.filled_rows())).collect::<Vec<_>>(),
            "missing_fields": self.proposal.missing.iter().map(|(field, _)| field).collect::<Vec<_>>(),
            "next": self.next(table),
        })
    }

    fn as_text(&self, table: &Table) -> String {
        let mut text = head(table);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  rows       {}, {} of them blank", self.rows, self.blank);
        for (code, count, line) in self.faults.values() {
            let _ = writeln!(text, "  faults     {count} {}, first in line {line}: {}", code.as_str(), code.meaning());
        }
        let _ = writeln!(text, "\n  {:<26} {:>6}  {:<34} {:<12} looks like", "column", "filled", "seems to be", "kinds");
        for (column, guess) in self.columns.iter().zip(&self.proposal.columns) {
            let (line, below) = column.as_lines(guess, self.filled_rows());
            let _ = writeln!(text, "  {}", line.trim_end());
            for remark in below {
                let _ = writeln!(text, "      {remark}");
            }
        }
        if !self.proposal.missing.is_empty() {
            let missing: Vec<&str> = self.proposal.missing.iter().map(|(field, _)| field.as_str()).collect();
            let _ = writeln!(text, "\n  no column for {}, which the operation requires", missing.join(", "));
        }
        let _ = writeln!(text, "\nnext: {}", self.next(table));
        text
    }
}

/// What the file is.
fn head(table: &Table) -> String {
    let what = &table.description;
    let mut text = String::new();
    let _ = writeln!(text, "{}: {}", table.source.name, what.format.as_str());
    if let Some(encoding) = what.encoding {
        let runner_up = what.text.encoding_runner_up;
        let certainty = runner_up.map_or_else(String::new, |name| {
            format!(", {}%; next best {name}; --encoding names another", what.text.encoding_percent)
        });
        let _ = writeln!(text, "  encoding   {encoding} ({}{certainty})", what.encoding_confidence.as_str());
    }
    if let Some(delimiter) = what.delimiter {
        let quote = what.quote.filter(|&quote| quote != '"').map_or_else(String::new, |quote| format!(", quote {quote}"));
        let escape = what.text.escape.map_or_else(String::new, |escape| format!(", escape {escape}"));
        let _ = writeln!(text, "  delimiter  {delimiter:?}{quote}{escape}");
    }
    if let Some(sheet) = &what.sheet {
        let _ = writeln!(text, "  sheet      {sheet} (of {}; --sheet names another)", what.sheets.join(", "));
    }
    if !what.hidden_sheets.is_empty() {
        let _ = writeln!(text, "  hidden     {}", what.hidden_sheets.join(", "));
    }
    for note in &what.notes {
        let _ = writeln!(text, "  note       {note}");
    }
    let _ = match (what.header_line, what.text.header_rows) {
        (0, _) => writeln!(text, "  header     none; columns are named by position"),
        (line, 2) => {
            writeln!(text, "  header     lines {} and {line} joined, {} lines above them", line - 1, what.preamble_lines)
        }
        (line, _) => writeln!(text, "  header     line {line}, {} lines above it", what.preamble_lines),
    };
    text
}

/// As a shell takes it.
fn quoted(name: &str) -> String {
    let is_plain = name.chars().all(|ch| ch.is_alphanumeric() || matches!(ch, '.' | '-' | '_' | '/'));
    if is_plain { name.to_owned() } else { format!("'{}'", name.replace('\'', r"'\''")) }
}
