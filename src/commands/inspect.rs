//! `inspect`: tells what a file is and what its columns seem to be.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::job::{find, open_table, read_settings};
use crate::cli::InspectArgs;
use crate::contract::Registry;
use crate::failure::{Exit, Failure};
use crate::model::CellKind;
use crate::prepare::normalize::date::ColumnEvidence;
use crate::prepare::{self, Guess};
use crate::read::{ReadSettings, Table};
use crate::terminal;

/// What one column holds.
#[derive(Default)]
struct Column {
    filled: u64,
    numbers: u64,
    dates: u64,
    errors: u64,
    scientific: u64,
    evidence: ColumnEvidence,
}

pub(super) fn run(registry: &Registry, args: &InspectArgs) -> Result<Exit, Failure> {
    let settings = ReadSettings { any_sheet: true, ..read_settings(&args.reading, None) };
    let table = open_table(&find(&args.file)?, &settings, &[])?;
    // Every provider's fields count: inspecting is before choosing.
    let guesses = prepare::infer("", &table.source.columns, registry.operations()).columns;
    let all: Vec<usize> = (0..table.source.columns.len()).collect();
    let mut columns: Vec<Column> = all.iter().map(|_| Column::default()).collect();
    let count = table.scan(&all, &mut |column, text, kind| {
        if let Some(column) = columns.get_mut(column) {
            observe(column, text, kind);
        }
    })?;
    if args.json {
        terminal::print(&format!("{:#}\n", as_json(&table, &columns, &guesses, count.rows, count.blank)));
    } else {
        terminal::print(&as_text(&table, &columns, &guesses, count.rows, count.blank));
    }
    Ok(Exit::Well)
}

fn observe(column: &mut Column, text: &str, kind: CellKind) {
    column.evidence.observe(text, kind);
    if text.trim().is_empty() && kind == CellKind::Text {
        return;
    }
    column.filled += 1;
    match kind {
        CellKind::Number(_) => column.numbers += 1,
        CellKind::Date(_) => column.dates += 1,
        CellKind::Error | CellKind::FormulaWithoutValue => column.errors += 1,
        CellKind::Text if is_scientific(text) => column.scientific += 1,
        CellKind::Text | CellKind::Bool(_) => {}
    }
}

/// `7,9E+10`: what a spreadsheet leaves of a long number.
fn is_scientific(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.trim().split_once(['E', 'e']) else { return false };
    mantissa.contains(['.', ','])
        && mantissa.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b',')
        && exponent.starts_with('+')
        && exponent.len() > 1
        && exponent[1..].bytes().all(|byte| byte.is_ascii_digit())
}

fn proof(column: &Column) -> Option<String> {
    (column.evidence.dates() > 0).then(|| prepare::describe(&column.evidence.decide()))
}

/// Parts of 100; a column of an empty file is empty.
fn percent(part: u64, whole: u64) -> u64 {
    (part * 100).checked_div(whole).unwrap_or(0)
}

fn as_json(table: &Table, columns: &[Column], guesses: &[Guess], rows: u64, blank: u64) -> Value {
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
        "rows": rows,
        "blank_rows": blank,
        "columns": columns.iter().zip(guesses).map(|(column, guess)| json!({
            "header": guess.header,
            "field": guess.field,
            "confidence": guess.confidence,
            "doubt": guess.doubt,
            "filled": column.filled,
            "numbers": column.numbers,
            "spreadsheet_dates": column.dates,
            "errors": column.errors,
            "scientific_notation": column.scientific,
            "date_proof": proof(column),
        })).collect::<Vec<_>>(),
    })
}

fn as_text(table: &Table, columns: &[Column], guesses: &[Guess], rows: u64, blank: u64) -> String {
    let what = &table.description;
    let mut text = String::new();
    // Writing to a String cannot fail.
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
    let _ = writeln!(text, "  rows       {rows}, {blank} of them blank\n");
    let _ = writeln!(text, "  {:<32} {:>6}  {:<28} remarks", "column", "filled", "seems to be");
    for (column, guess) in columns.iter().zip(guesses) {
        let field = guess.field.as_deref().unwrap_or(if guess.ignored { "(not sent)" } else { "?" });
        let mut remarks = Vec::new();
        remarks.extend(guess.doubt.clone());
        remarks.extend(proof(column));
        if column.errors > 0 {
            remarks.push(format!("{} error cells", column.errors));
        }
        if column.scientific > 0 {
            remarks.push(format!("{} numbers in scientific notation: digits are lost", column.scientific));
        }
        let _ = writeln!(
            text,
            "  {:<32} {:>5}%  {field:<28} {}",
            guess.header,
            percent(column.filled, rows - blank.min(rows)),
            remarks.join("; ")
        );
    }
    let _ =
        writeln!(text, "\nnext: clientferry check {} --to OPERATION   (`clientferry operations` lists them)", table.source.name);
    text
}
