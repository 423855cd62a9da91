//! Workbooks and packed files of every format through the reader's door: files made here byte by byte, and real ones.

mod corpora;
mod memory;
mod ods;
mod packed;
mod sheets;
mod truth;
mod xls;
mod xlsx;

use std::io::Write as _;
use std::path::PathBuf;

use clientferry::model::{Code, Row};
use clientferry::read::{self, ReadError, ReadSettings, Table};
use tempfile::TempDir;
use zip::write::SimpleFileOptions;

/// A file in a folder that lives as long.
struct Made {
    _folder: TempDir,
    path: PathBuf,
}

fn file(name: &str, bytes: impl AsRef<[u8]>) -> Made {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    Made { _folder: folder, path }
}

fn is_header_word(cell: &str) -> bool {
    ["фамилия", "имя", "инн", "телефон", "дата рождения"].contains(&cell.to_lowercase().as_str())
}

fn try_open(made: &Made, settings: &ReadSettings) -> Result<Table, ReadError> {
    read::open(&made.path, settings, &is_header_word)
}

/// A table and the file that it reads.
struct Opened {
    table: Table,
    _made: Made,
}

impl std::ops::Deref for Opened {
    type Target = Table;

    fn deref(&self) -> &Table {
        &self.table
    }
}

fn open(made: Made) -> Opened {
    Opened { table: try_open(&made, &ReadSettings::default()).unwrap(), _made: made }
}

/// Why a file is refused, at its opening or while its rows are read.
fn refusal(made: &Made, settings: &ReadSettings) -> ReadError {
    match try_open(made, settings) {
        Err(error) => error,
        Ok(table) => table.rows().unwrap().find_map(Result::err).expect("a refusal"),
    }
}

fn rows(table: &Table) -> Vec<Row> {
    table.rows().unwrap().map(Result::unwrap).collect()
}

fn cells(row: &Row) -> Vec<&str> {
    row.cells.iter().collect()
}

fn codes(row: &Row) -> Vec<&'static str> {
    row.faults.iter().map(|fault| fault.code).map(Code::as_str).collect()
}

fn zipped(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        archive.start_file(*name, SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}
