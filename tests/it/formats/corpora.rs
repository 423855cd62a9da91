//! Real files: workbooks agree cell by cell with the library's readers, none of which reads them here; whatever a file is, it is
//! opened or refused within bounds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use calamine::{Data, Reader, SheetType, open_workbook_auto};
use clientferry::model::CellKind;
use clientferry::read::{self, ReadError, ReadSettings};

/// Files that make the library allocate without bound or panic: they are read here, and compared with nobody.
const NOT_FOR_THE_LIBRARY: &[&str] = &["OOM_alloc", "issue_666_panic"];

#[allow(clippy::print_stderr)]
fn corpora() -> Option<PathBuf> {
    let folder = std::env::var_os("CLIENTFERRY_CORPORA").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("SKIPPED: CLIENTFERRY_CORPORA names no folder of real files");
    }
    folder
}

fn files_under(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { files_under(&path, found) } else { found.push(path) }
    }
    found.sort();
}

/// Text and kind of a cell by its row and column.
pub(super) type Cells = BTreeMap<(u64, usize), (String, CellKind)>;

/// Every cell of a sheet by its place, as rows and header give it; `None` where the sheet has no header row at that place.
pub(super) fn cells_here(path: &Path, sheet: &str, first_row: u64) -> Result<Cells, ReadError> {
    let settings = ReadSettings { sheet: Some(sheet.to_owned()), header_row: Some(first_row), ..ReadSettings::default() };
    let table = read::open(path, &settings, &|_| false)?;
    let mut cells = BTreeMap::new();
    for row in table.rows()? {
        let row = row?;
        for column in 0..row.cells.len() {
            let (text, kind) = (row.cells.text(column), row.cells.kind(column));
            if !text.is_empty() || kind == CellKind::FormulaWithoutValue {
                cells.insert((row.place.line, column), (text.to_owned(), kind));
            }
        }
    }
    Ok(cells)
}

pub(super) fn agrees(here: &(String, CellKind), there: &Data) -> bool {
    let (text, kind) = here;
    match (kind, there) {
        (CellKind::Number(number), Data::Float(other)) => number == other,
        (CellKind::Number(number), Data::Int(other)) => *number == *other as f64,
        (CellKind::Bool(value), Data::Bool(other)) => value == other,
        (CellKind::Error, Data::Error(other)) => *text == other.to_string(),
        (CellKind::Date(date), Data::DateTime(other)) => {
            other.as_datetime().is_some_and(|other| (other - *date).num_milliseconds().abs() <= 500)
        }
        // A length of time, or a day that the calendar does not have, stays a number.
        (CellKind::Number(number), Data::DateTime(other)) => {
            let is_no_day = other.is_duration() || !(1.0..2_958_466.0).contains(number) || (60.0..61.0).contains(number);
            *number == other.as_f64() && is_no_day
        }
        (CellKind::Date(_), Data::DateTimeIso(other)) => other.starts_with(text.get(..10).unwrap_or("?")),
        (CellKind::Text, Data::String(other)) => text.trim() == clientferry::model::text::disarm(other).trim(),
        (CellKind::Text, Data::DurationIso(_)) => true,
        // A time of day alone is no date.
        (CellKind::Text, Data::DateTimeIso(other)) => text == other && is_time_of_day(other),
        // The library takes the zero of a program that cannot calculate for a value.
        (CellKind::FormulaWithoutValue, Data::Float(other)) => *other == 0.0,
        _ => false,
    }
}

/// A time of ISO 8601 without its day.
fn is_time_of_day(text: &str) -> bool {
    chrono::NaiveTime::parse_from_str(text.trim_start_matches('T').trim_end_matches('Z'), "%H:%M:%S%.f").is_ok()
}

fn is_workbook(ending: &str) -> bool {
    matches!(ending, "xls" | "xlsb" | "ods" | "xlsx" | "xlsm")
}

#[test]
fn workbooks_agree_with_the_library_cell_by_cell() {
    let Some(folder) = corpora() else { return };
    let mut files = Vec::new();
    files_under(&folder, &mut files);
    let (mut compared, mut differing) = (0, Vec::new());
    for path in files {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !is_workbook(&ending) || NOT_FOR_THE_LIBRARY.iter().any(|part| name.contains(part)) {
            continue;
        }
        let Ok(mut workbook) = open_workbook_auto(&path) else { continue };
        for sheet in workbook.sheet_names() {
            let Ok(range) = workbook.worksheet_range(&sheet) else { continue };
            let Some((first_row, first_column)) = range.start() else { continue };
            let is_chart =
                workbook.sheets_metadata().iter().any(|found| found.name == sheet && found.typ != SheetType::WorkSheet);
            let is_blank = range.used_cells().all(|(_, _, value)| value.to_string().is_empty());
            if is_chart || is_blank {
                continue;
            }
            // What holds blanks only is no row.
            let filled = range.used_cells().filter(|(_, _, value)| !value.to_string().trim().is_empty());
            let Some(header_row) = filled.map(|(row, _, _)| row).min() else { continue };
            let header = u64::from(first_row) + header_row as u64 + 1;
            let here = match cells_here(&path, &sheet, header) {
                Ok(here) => here,
                Err(error) => {
                    differing.push(format!("{name}:{sheet}: {error}"));
                    continue;
                }
            };
            let there: BTreeMap<(u64, usize), &Data> = range
                .used_cells()
                .filter(|(row, _, _)| *row > header_row)
                .map(|(row, column, value)| ((row as u64 + u64::from(first_row) + 1, column + first_column as usize), value))
                .filter(|(_, value)| !matches!(value, Data::String(text) if clientferry::model::text::disarm(text).is_empty()))
                .collect();
            compared += there.len();
            for (place, value) in &there {
                let is_blank = || matches!(value, Data::String(text) if text.trim().is_empty());
                if !here.get(place).map_or_else(is_blank, |here| agrees(here, value)) {
                    differing.push(format!("{name}:{sheet}:{place:?}: {:?} here, {value:?} there", here.get(place)));
                }
            }
            let is_gap = |place: &&(u64, usize)| here[*place].1 == CellKind::FormulaWithoutValue;
            for place in here.keys().filter(|place| !there.contains_key(place) && !is_gap(place)) {
                differing.push(format!("{name}:{sheet}:{place:?}: {:?} here, nothing there", here[place]));
            }
        }
    }
    println!("{compared} cells compared, {} differ", differing.len());
    assert!(compared > 1000, "{compared}");
    assert!(differing.is_empty(), "{} differ:\n{}", differing.len(), differing.join("\n"));
}

/// Kilobytes of memory that the process has had at most, where the system tells it.
pub(super) fn memory_peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB")?.trim().parse().ok())
}

/// Reads a file in a process of its own, so that what it costs can be measured.
#[test]
fn every_file_is_opened_or_refused_within_bounds() {
    const ONE: &str = "CLIENTFERRY_ONE_REAL_FILE";
    if let Some(path) = std::env::var_os(ONE) {
        let settings = ReadSettings { any_sheet: true, ..ReadSettings::default() };
        let told = match read::open(Path::new(&path), &settings, &|_| false) {
            Ok(table) => match table.rows().and_then(|mut rows| rows.try_fold(0, |count, row| row.map(|_| count + 1))) {
                Ok(rows) => format!("{}, {rows} rows", table.format.as_str()),
                Err(error) => format!("refused later: {error}"),
            },
            Err(error) => format!("refused: {error}; {}", error.hint()),
        };
        println!("told {told} peak {}", memory_peak().unwrap_or(0));
        return;
    }
    let Some(folder) = corpora() else { return };
    let mut files = Vec::new();
    files_under(&folder, &mut files);
    let program = std::env::current_exe().unwrap();
    let name = "formats::corpora::every_file_is_opened_or_refused_within_bounds";
    let (mut opened, mut refused) = (0, 0);
    for path in files {
        let began = std::time::Instant::now();
        let output =
            std::process::Command::new(&program).args([name, "--exact", "--nocapture"]).env(ONE, &path).output().unwrap();
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        let told = shown.lines().find_map(|line| line.split_once("told ").map(|(_, told)| told));
        let told = told.unwrap_or_else(|| panic!("{} ended without a word: {shown}", path.display()));
        let peak: u64 = told.rsplit(' ').next().unwrap().parse().unwrap();
        println!("{}: {told}", path.strip_prefix(&folder).unwrap().display());
        assert!(began.elapsed().as_secs() < 20, "{}", path.display());
        assert!(peak < 200 << 10, "{} took {peak} KB", path.display());
        *if told.starts_with("refused") { &mut refused } else { &mut opened } += 1;
    }
    println!("{opened} opened, {refused} refused");
    assert!(opened > 300, "{opened}");
}

/// The file with some bytes changed: those of a package inside its parts, where no checksum betrays them.
fn bent(bytes: &[u8], round: usize) -> Vec<u8> {
    let spoil = |bytes: &mut [u8], from: usize| {
        let step = (bytes.len() / 3).max(1);
        for at in (from * 7919 % step..bytes.len()).step_by(step) {
            bytes[at] = bytes[at].wrapping_add(u8::try_from(1 + round * 37 % 255).unwrap());
        }
    };
    let Ok(mut archive) = zip::ZipArchive::new(std::io::Cursor::new(bytes)) else {
        let mut whole = bytes.to_vec();
        spoil(&mut whole, round);
        return whole;
    };
    let mut parts = Vec::new();
    for index in 0..archive.len() {
        let Ok(mut entry) = archive.by_index(index) else { continue };
        let mut part = Vec::new();
        if std::io::Read::read_to_end(&mut entry, &mut part).is_ok() {
            spoil(&mut part, round);
            parts.push((entry.name().unwrap().into_owned(), part));
        }
    }
    super::zipped(&parts.iter().map(|(name, part)| (name.as_str(), part.as_slice())).collect::<Vec<_>>())
}

#[test]
fn bent_real_workbooks_are_answered_in_words() {
    let Some(folder) = corpora() else { return };
    let mut files = Vec::new();
    files_under(&folder, &mut files);
    let (mut opened, mut refused) = (0, 0);
    for path in files {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
        let bytes = std::fs::read(&path).unwrap();
        if !is_workbook(&ending) || bytes.len() > 40_000 {
            continue;
        }
        for round in 0..12 {
            let made = super::file("bent", bent(&bytes, round));
            let settings = ReadSettings { any_sheet: true, unpacked_bytes_max: 64 << 20, ..ReadSettings::default() };
            let outcome =
                read::open(&made.path, &settings, &|_| false).and_then(|table| table.rows()?.try_for_each(|row| row.map(drop)));
            match outcome {
                Ok(()) => opened += 1,
                // A panic behind the fence would be told like this; our own readers have none.
                Err(ReadError::Damaged { why, .. })
                    if why.contains("contradict each other") || why.contains("stopped before") =>
                {
                    panic!("{} in round {round}: {why}", path.display())
                }
                Err(_) => refused += 1,
            }
        }
    }
    println!("{opened} opened, {refused} refused");
    assert!(opened > 50 && refused > 50, "{opened} opened, {refused} refused");
}
