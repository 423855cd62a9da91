//! What the targets share: a file of hostile bytes, read through the reader's public door, and the promises that every reading keeps.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use clientferry::model::{Code, Row, Shape};
use clientferry::read::{self, ReadError, ReadSettings, ScanCount, Table};

/// Longest words for a person at three in the morning.
const WORDS_BYTES_MAX: usize = 4000;

/// Limits that small hostile files can reach.
#[must_use]
pub fn settings() -> ReadSettings {
    ReadSettings {
        any_sheet: true,
        cell_bytes_max: 2000,
        row_bytes_max: 8000,
        cells_max: 200,
        unpacked_bytes_max: 8 << 20,
        spool_bytes_max: 8 << 20,
        ..ReadSettings::default()
    }
}

/// Words of headers, as the vocabulary of the program knows them.
#[must_use]
pub fn is_header_word(cell: &str) -> bool {
    ["фамилия", "имя", "инн", "телефон", "дата рождения", "last name", "first name", "phone", "email", "id"]
        .contains(&cell.trim().to_lowercase().as_str())
}

/// The bytes as a file. Lies in memory where the system has such a place; written anew by every input.
#[must_use]
pub fn file(bytes: &[u8]) -> PathBuf {
    let folder = folder();
    let path = folder.join("input");
    std::fs::write(&path, bytes).expect("the folder of hostile files can be written");
    path
}

/// A folder of this process.
#[must_use]
pub fn folder() -> PathBuf {
    let shared = PathBuf::from("/dev/shm");
    let base = if shared.is_dir() { shared } else { std::env::temp_dir() };
    let folder = base.join(format!("clientferry-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for hostile files can be made");
    folder
}

/// Opens the bytes as a file.
pub fn open(bytes: &[u8], settings: &ReadSettings) -> Option<Table> {
    told(read::open(&file(bytes), settings, &is_header_word))
}

static LIBRARY_PANICKED: AtomicBool = AtomicBool::new(false);

/// Panics end the process, but for those of the library that reads XLSX: it stands behind a fence because of them.
pub fn forgive_the_library() {
    let fatal = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let by_library = panic.location().is_some_and(|place| place.file().contains("/calamine-"));
        if by_library {
            LIBRARY_PANICKED.store(true, Ordering::SeqCst);
        } else {
            fatal(panic);
        }
    }));
}

/// What was opened; an error has to be told in words that have an end.
pub fn told<T>(outcome: Result<T, ReadError>) -> Option<T> {
    outcome
        .inspect_err(|error| {
            let (what, hint) = (error.to_string(), error.hint());
            assert!(!what.is_empty() && !hint.is_empty(), "no words: {error:?}");
            assert!(what.len() + hint.len() < WORDS_BYTES_MAX, "words without end: {error:?}");
            let by_library = LIBRARY_PANICKED.swap(false, Ordering::SeqCst);
            assert!(by_library || !what.contains("contradict each other"), "a panic behind the fence: {error:?}");
            assert!(!what.contains("stopped before its end"), "a thread died: {error:?}");
        })
        .ok()
}

/// What was found out about a file has to hold together.
pub fn check_description(table: &Table) {
    let found = &table.description;
    assert!(found.text.encoding_percent <= 100, "{found:?}");
    assert_eq!(table.header.line, found.header_line);
    assert!(found.preamble_lines <= found.header_line.max(1), "{found:?}");
    assert!(!table.header.columns.is_empty(), "a table without columns");
    let mut names: Vec<&str> = table.header.columns.iter().map(|name| &**name).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "two columns of one name");
    assert!(names.iter().all(|name| !name.is_empty() && !name.contains('\n')), "a column that cannot be addressed");
}

/// Reads all rows, as batches, one by one and as a scan; the three must agree, and each row must be what it says it is.
pub fn read_all(table: &Table, settings: &ReadSettings) {
    let columns = table.header.columns.len();
    let mut count = ScanCount::default();
    let (mut last, mut whole, mut failed) = ((0, table.header.line), 0, false);
    let Some(rows) = told(table.rows()) else { return };
    let mut digest = Vec::new();
    for row in rows {
        let Some(row) = told(row) else {
            failed = true;
            break;
        };
        assert_eq!(row.place.ordinal, count.rows);
        let place = (row.place.sheet, row.place.line);
        assert!(
            row.place.sheet > last.0 || (row.place.sheet == last.0 && row.place.line > last.1) || count.rows == 0,
            "{place:?} behind {last:?}"
        );
        last = place;
        check_row(&row, columns, settings);
        count.rows += 1;
        count.blank += u64::from(row.shape == Shape::Blank);
        whole += usize::from(row.shape == Shape::Whole);
        if digest.len() < 64 {
            digest.push(format!("{row:?}"));
        }
    }
    let mut observed = 0;
    let scanned = told(table.scan(&[0, columns - 1], &mut |_, _, _, _| observed += 1));
    if let (Some(scanned), false) = (scanned, failed) {
        assert_eq!(scanned, count, "scan and rows disagree");
        assert!(observed <= whole * 2, "{observed} cells of {whole} whole rows");
    }
    let Some(batches) = told(table.batches(3)) else { return };
    let mut again = Vec::new();
    for batch in batches {
        let Ok(batch) = batch else { break };
        again.extend(batch.iter().take(64 - again.len().min(64)).map(|row| format!("{row:?}")));
    }
    assert_eq!(digest, again, "two passes differ");
}

fn check_row(row: &Row, columns: usize, settings: &ReadSettings) {
    let bytes: usize = row.cells.iter().map(str::len).sum();
    let is_told = row.faults.iter().any(|fault| fault.code == Code::RowTooLong);
    let passes = bytes > settings.row_bytes_max
        || row.cells.len() > settings.cells_max.max(columns)
        || row.cells.iter().any(|cell| cell.len() > settings.cell_bytes_max);
    assert!(!passes || is_told, "a limit is passed without a fault: {bytes} bytes, {} cells", row.cells.len());
    match row.shape {
        Shape::Whole => assert!(row.cells.len() >= columns || is_told, "{} cells of {columns}", row.cells.len()),
        Shape::Short => assert!(row.cells.len() < columns, "{} cells of {columns}", row.cells.len()),
        Shape::Long => assert!(row.cells.len() > columns || is_told, "{} cells of {columns}", row.cells.len()),
        Shape::Blank => assert!(row.cells.is_blank(), "a blank row that holds something"),
    }
}
