//! The report as a workbook: the user's own comes back with our columns, everything else as it was; other sources get a clean one.
#![allow(clippy::unwrap_used, clippy::panic)] // The lints spare test functions, not the helpers beside them.

mod clean;
mod office;
mod package;
mod rich;
mod round_trip;
mod saved_again;

use std::path::{Path, PathBuf};

use clientferry::model::{
    Body, Changes, Code, Fault, FieldDigests, IdempotencyKey, Identities, Message, Outcome, Parcel, Prepared, Row, Settled,
};
use clientferry::read::{self, ReadError, ReadSettings, Table};
use clientferry::report::{Format, Header, Reporter, Summary};
use serde_json::json;

use super::made_report;

/// A file whose first filled sheet is read, with the header where the reader finds it.
fn open(path: &Path) -> Result<Table, ReadError> {
    open_with(path, ReadSettings { any_sheet: true, ..ReadSettings::default() })
}

fn open_with(path: &Path, settings: ReadSettings) -> Result<Table, ReadError> {
    read::open(path, &settings, &|_| false)
}

fn header() -> Header {
    Header { formats: vec![Format::Xlsx], ..made_report::header() }
}

/// Writes a report in which `judge` tells what is wrong with each row; a row without a fault was created.
fn report(table: &Table, folder: &Path, judge: &dyn Fn(&Row) -> Vec<Fault>) -> Result<Summary, ReadError> {
    let mut reporter = Reporter::create(folder, &table.source, header()).unwrap();
    let mut rows_read = 0;
    for row in table.rows()? {
        let (prepared, settled) = settle(row?, judge);
        reporter.row(&prepared, &settled).unwrap();
        rows_read += 1;
    }
    Ok(reporter.finish(made_report::ending(rows_read)).unwrap())
}

fn settle(row: Row, judge: &dyn Fn(&Row) -> Vec<Fault>) -> (Prepared, Settled) {
    let faults = judge(&row);
    let is_bad = faults.iter().any(|fault| fault.severity() == clientferry::model::Severity::Error);
    let body = Body::new(&json!({"row": row.place.ordinal}));
    let key = IdempotencyKey::derive("tbank/fl-resident", "main", &row.place.ordinal.to_string(), body.as_str());
    let parcel = Parcel { body, key, identities: Identities::new(), digests: FieldDigests::default() };
    let settled = if is_bad {
        Settled::plain(Outcome::Invalid)
    } else {
        let remote_id = Some(format!("=b-{}", row.place.ordinal).into());
        Settled { remote_id, ..Settled::plain(Outcome::Created) }
    };
    let (result, warnings) = if is_bad { (Err(faults), Vec::new()) } else { (Ok(parcel), faults) };
    let prepared = Prepared { row, own_id: None, operation: Some(0), result, warnings, changes: Changes::default() };
    (prepared, settled)
}

/// Every third row has an error in a column that moves along, every fifth a warning beside it; both also in empty cells.
fn moving_faults(columns: usize) -> impl Fn(&Row) -> Vec<Fault> {
    move |row| {
        let number = usize::try_from(row.place.ordinal).unwrap();
        let at = |offset: usize| u16::try_from((number + offset) % columns.max(1)).unwrap();
        let cell = |code, column: u16| {
            Fault::of_cell(code, column, row.cells.text(usize::from(column)), Message::of_others("=wrong <here> & there"))
        };
        let mut faults = Vec::new();
        if number % 3 == 0 {
            faults.push(cell(Code::PhoneTooShort, at(0)));
        }
        if number % 5 == 0 {
            faults.push(cell(Code::CellMerged, at(1)));
        }
        faults
    }
}

/// Name of the workbook of a report.
fn written(summary: &Summary) -> PathBuf {
    let file = summary.files.iter().find(|file| file.name.starts_with("outcomes.xls")).unwrap();
    summary.folder.join(file.name)
}

fn notes(summary: &Summary) -> Vec<String> {
    summary.files.iter().flat_map(|file| file.notes.clone()).collect()
}

/// The same of a report in a folder.
fn notes_in(folder: &Path) -> String {
    let summary: serde_json::Value = serde_json::from_slice(&std::fs::read(folder.join("summary.json")).unwrap()).unwrap();
    summary["files"].as_array().unwrap().iter().map(|file| file["notes"].to_string()).collect()
}

#[allow(clippy::print_stderr)]
fn corpora() -> Option<PathBuf> {
    let folder = std::env::var_os("CLIENTFERRY_CORPORA").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("SKIPPED: CLIENTFERRY_CORPORA names no folder of real files");
    }
    folder
}

/// All XLSX and XLSM files of the real ones.
fn real_workbooks() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = corpora().into_iter().collect();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
            if path.is_dir() {
                folders.push(path);
            } else if matches!(ending.as_str(), "xlsx" | "xlsm") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
