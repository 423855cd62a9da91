//! Room 1 through its door: files made here, read back cell by cell.
#![allow(clippy::unwrap_used, clippy::panic)]

mod delimited;
mod random;
mod real;
mod refused;
mod sheets;

use std::fs;
use std::path::{Path, PathBuf};

use clientferry::model::{CellKind, Code, Row, Shape};
use clientferry::read::{self, Confidence, Format, ReadError, ReadSettings, Table};
use encoding_rs::{Encoding, IBM866, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1251};
use proptest::prelude::*;
use rust_xlsxwriter::{ExcelDateTime, Format as CellFormat, Formula, Workbook};
use tempfile::TempDir;

fn is_header_word(cell: &str) -> bool {
    ["фамилия", "имя", "инн", "телефон", "дата рождения"].contains(&cell.to_lowercase().as_str())
}

struct Made {
    folder: TempDir,
    path: PathBuf,
}

fn file(name: &str, bytes: impl AsRef<[u8]>) -> Made {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    Made { folder, path }
}

fn open(made: &Made) -> Table {
    open_with(made, &ReadSettings::default())
}

fn open_with(made: &Made, settings: &ReadSettings) -> Table {
    read::open(&made.path, settings, &is_header_word).unwrap()
}

fn error(made: &Made) -> ReadError {
    error_with(made, &ReadSettings::default())
}

fn error_with(made: &Made, settings: &ReadSettings) -> ReadError {
    read::open(&made.path, settings, &is_header_word).unwrap_err()
}

fn rows(table: &Table) -> Vec<Row> {
    table.rows().unwrap().map(Result::unwrap).collect()
}

fn cells(row: &Row) -> Vec<&str> {
    row.cells.iter().collect()
}

fn codes(row: &Row) -> Vec<Code> {
    row.faults.iter().map(|fault| fault.code).collect()
}

fn columns(table: &Table) -> Vec<&str> {
    table.source.columns.iter().map(|name| &**name).collect()
}

fn shapes(rows: &[Row]) -> Vec<Shape> {
    rows.iter().map(|row| row.shape).collect()
}

fn assert_codes(row: &Row, expected: &[Code]) {
    assert!(
        codes(row) == expected,
        "line {}: {:?}",
        row.place.line,
        codes(row).iter().map(|code| code.as_str()).collect::<Vec<_>>()
    );
}
