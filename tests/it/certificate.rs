//! A report proves itself: whatever is changed in its folder is found, and nothing is found where nothing was changed.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use clientferry::model::{Cells, Changes, Code, Fault, Message, Outcome, Place, Prepared, Row, Settled, Shape, Source};
use clientferry::report::{ControlColumn, Evidence, Finding, Format, Header, Reporter, VerifyError, verify};
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::made_report;

const ROWS: u64 = 300;

fn source() -> Source {
    Source { name: "clients.xlsx".into(), ..made_report::source(&["=A", "Б"], &["id", "Сумма"]) }
}

fn header(formats: &[Format]) -> Header {
    let control_columns = vec![ControlColumn { name: "Сумма".to_owned(), column: 1 }];
    let evidence = Evidence { control_columns, ..Evidence::default() };
    Header { formats: formats.to_vec(), evidence, ..made_report::header() }
}

/// A row whose cells hold line breaks and quotes; every third is invalid.
fn row(ordinal: u64) -> (Prepared, Settled) {
    let mut cells = Cells::default();
    cells.push(&format!("C-{ordinal}\n\"q\""));
    cells.push(["10,50", "0.25", "1 000", "", "n/a", "1,234"][(ordinal % 6) as usize]);
    let sheet = u16::from(ordinal >= ROWS / 2);
    let row = Row { place: Place { sheet, line: ordinal + 2, ordinal }, cells, shape: Shape::Whole, faults: Vec::new() };
    let fault = Fault::of_cell(Code::InnLength, 1, "5001", Message::of_others("has 4 digits"));
    let prepared = Prepared {
        own_id: Some(format!("C-{ordinal}\n\"q\"").into()),
        row,
        operation: Some(0),
        result: Err(vec![fault]),
        warnings: Vec::new(),
        changes: Changes::default(),
    };
    let created = Settled { remote_id: Some(format!("b-{ordinal}").into()), ..Settled::plain(Outcome::Created) };
    let settled = if ordinal.is_multiple_of(3) { Settled::plain(Outcome::Invalid) } else { created };
    (prepared, settled)
}

fn write(folder: &Path, rows: u64, formats: &[Format]) {
    let mut reporter = Reporter::create(folder, &source(), header(formats)).unwrap();
    for (prepared, settled) in (0..rows).map(row) {
        reporter.row(&prepared, &settled).unwrap();
    }
    reporter.finish(made_report::ending(rows)).unwrap();
}

/// The files of a report, by name.
static REPORT: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), ROWS, Format::ALL);
    let named = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    files(folder.path()).iter().map(|path| (named(path), std::fs::read(path).unwrap())).collect()
});

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// The report in a folder where it may be changed.
fn copy() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in REPORT.iter() {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

fn findings(folder: &Path) -> Vec<Finding> {
    verify(folder, None).unwrap().findings
}

fn told(folder: &Path) -> String {
    findings(folder).iter().map(|finding| format!("{finding}\n")).collect()
}

#[test]
fn a_report_that_nobody_touched_verifies() {
    for rows in [0, 1, ROWS] {
        for formats in [&[][..], Format::ALL] {
            let folder = tempfile::tempdir().unwrap();
            write(folder.path(), rows, formats);
            assert_eq!(findings(folder.path()), []);
        }
    }
    let report = copy();
    let verified = verify(report.path(), None).unwrap().certificate.unwrap();
    assert_eq!(verified.rows, ROWS);
    // Each file but the certificate itself.
    assert_eq!(verified.files.len() + 1, REPORT.len());
    assert!(verify(report.path(), Some(&verified.seal.to_uppercase())).unwrap().findings.is_empty());
    assert_eq!(verify(report.path(), Some("00")).unwrap().findings, [Finding::Seal]);
}

#[test]
fn optional_files_of_an_earlier_report_do_not_stay() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), 5, &[Format::Jsonl, Format::Junit]);
    write(folder.path(), 5, &[]);
    assert!(findings(folder.path()).is_empty(), "{}", told(folder.path()));
    assert!(!folder.path().join("outcomes.jsonl").exists());
}

#[test]
fn control_sums_are_exact_and_say_what_they_leave_out() {
    let certificate = verify(copy().path(), None).unwrap().certificate.unwrap();
    let sum = &certificate.control_sums[0];
    // 50 rows of each of the six cells; the first and the fourth of them are invalid.
    assert_eq!(sum.sum.as_deref(), Some("50537.5"));
    assert_eq!((sum.numbers, sum.blank, sum.ambiguous, sum.not_numbers), (150, 50, 50, 50));
    assert_eq!(sum.by_outcome["invalid"].as_deref(), Some("525"));
    assert_eq!(sum.by_outcome["created"].as_deref(), Some("50012.5"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn any_flipped_bit_of_any_file_is_found(file in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let folder = copy();
        let files = files(folder.path());
        let path = file.get(&files);
        let name = path.file_name().unwrap().to_str().unwrap();
        let mut bytes = std::fs::read(path).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        std::fs::write(path, &bytes).unwrap();
        let line = bytes[..at].iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
        match &findings(folder.path())[..] {
            [Finding::Certificate] => prop_assert_eq!(name, "certificate.json"),
            [Finding::Changed { file, bytes: (before, after), lines }] => {
                prop_assert_eq!(file, name);
                prop_assert_eq!(before, after);
                if name.starts_with("outcomes.") && !name.ends_with("xlsx") {
                    prop_assert!(lines.iter().any(|&(first, last)| first <= line && line <= last), "line {}: {:?}", line, lines);
                    let is_line_end = bytes[at] == b'\n' || bytes[at] ^ (1 << bit) == b'\n';
                    prop_assert!(is_line_end || lines.iter().all(|&(first, last)| last - first < 64), "{:?}", lines);
                }
            }
            other => prop_assert!(false, "{}: {:?}", name, other),
        }
    }
}

#[test]
fn every_part_of_a_small_report_is_covered() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), 2, &[Format::Jsonl, Format::Junit]);
    for path in files(folder.path()) {
        let whole = std::fs::read(&path).unwrap();
        // Each byte would take its time; the bytes between are the property's.
        for at in (0..whole.len()).step_by(7) {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            std::fs::write(&path, &bytes).unwrap();
            assert_eq!(findings(folder.path()).len(), 1, "{} byte {at}", path.display());
        }
        std::fs::write(&path, &whole).unwrap();
    }
    assert_eq!(findings(folder.path()), []);
}

#[test]
fn files_that_are_gone_renamed_cut_or_too_many_are_named() {
    let folder = copy();
    let at = |name: &str| folder.path().join(name);
    std::fs::remove_file(at("faults.csv")).unwrap();
    std::fs::rename(at("crosswalk.csv"), at("crosswalk (1).csv")).unwrap();
    std::fs::write(at("notes.txt"), "x").unwrap();
    std::fs::create_dir(at("old")).unwrap();
    // What a spreadsheet program and a file manager leave is nobody's report.
    std::fs::write(at("~$outcomes.xlsx"), "x").unwrap();
    std::fs::write(at(".DS_Store"), "x").unwrap();
    let rejected = std::fs::read(at("rejected.csv")).unwrap();
    std::fs::write(at("rejected.csv"), &rejected[..rejected.len() - 7]).unwrap();
    let mut found: Vec<String> = findings(folder.path()).iter().map(ToString::to_string).collect();
    found.sort();
    let size = rejected.len();
    assert_eq!(
        found,
        [
            "crosswalk.csv: has the name crosswalk (1).csv now".to_owned(),
            "faults.csv: missing".to_owned(),
            "notes.txt: no part of this report".to_owned(),
            "old: no part of this report".to_owned(),
            format!("rejected.csv: changed; {size} bytes were written, {} are there", size - 7),
        ]
    );
}

#[test]
fn a_line_that_was_taken_out_or_put_in_shows_where() {
    let folder = copy();
    let path = folder.path().join("outcomes.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    let without: Vec<&str> = text.lines().enumerate().filter(|(number, _)| *number != 150).map(|(_, line)| line).collect();
    std::fs::write(&path, without.join("\n") + "\n").unwrap();
    let told = told(folder.path());
    assert!(told.starts_with("outcomes.jsonl: changed; ") && told.contains("among lines 129 to 299"), "{told}");
}

/// The certificate again, altered and sealed as anybody could.
fn forge(folder: &Path, alter: impl FnOnce(&str) -> String) {
    let path = folder.join("certificate.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let altered = alter(&text);
    assert_ne!(altered, text);
    let (open, _) = altered.rsplit_once(",\n  \"seal\": \"").unwrap();
    let seal: String = Sha256::digest(open.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    std::fs::write(&path, format!("{open},\n  \"seal\": \"{seal}\"\n}}\n")).unwrap();
}

#[test]
fn sums_that_do_not_hold_are_found_even_where_all_hashes_do() {
    let folder = copy();
    forge(folder.path(), |text| text.replacen("\"created\": 200", "\"created\": 199", 1));
    let found = told(folder.path());
    assert!(found.contains("rows, by what became of them: the certificate says 300, counted are 299"), "{found}");
    assert!(found.contains("crosswalk.csv: records: the certificate says 199, counted are 200"), "{found}");

    let folder = copy();
    // The sheets' shares swapped: each sum holds in total.
    forge(folder.path(), |text| {
        let (before, sheets) = text.split_once("\"sheets\"").unwrap();
        format!("{before}\"sheets\"{}", sheets.replacen("=A", "X", 1).replacen("Б", "=A", 1).replacen('X', "Б", 1))
    });
    assert_eq!(findings(folder.path()), [], "both sheets have the same sums");
    forge(folder.path(), |text| {
        let (before, sheets) = text.split_once("\"sheets\"").unwrap();
        let moved = sheets.replacen("\"created\": 100", "\"created\": 101", 1).replacen("\"invalid\": 50", "\"invalid\": 49", 1);
        format!("{before}\"sheets\"{moved}")
    });
    let found = told(folder.path());
    assert!(found.contains("rows of sheet Б with the outcome created: the certificate says 101, counted are 100"), "{found}");
    let seal = verify(copy().path(), None).unwrap().certificate.unwrap().seal;
    assert_eq!(verify(folder.path(), Some(&seal)).unwrap().findings[0], Finding::Seal, "a forged certificate has another seal");
}

#[test]
fn names_in_a_forged_certificate_lead_nowhere() {
    let folder = copy();
    forge(folder.path(), |text| text.replacen("\"faults.csv\"", "\"../outside.csv\"", 1));
    let found = told(folder.path());
    assert_eq!(found, "../outside.csv: has the name faults.csv now\n");
}

#[test]
fn what_is_no_report_is_said() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(verify(folder.path(), None), Err(VerifyError::NoCertificate { .. })));
    assert!(matches!(verify(&folder.path().join("gone"), None), Err(VerifyError::NoFolder { .. })));
    let file = folder.path().join("certificate.json");
    std::fs::write(&file, "").unwrap();
    assert!(matches!(verify(&file, None), Err(VerifyError::NoFolder { .. })));
    for text in ["", "{}", "[", "\u{0}", "null", "{\"seal\": \"\"}"] {
        std::fs::write(&file, text).unwrap();
        assert_eq!(findings(folder.path()), [Finding::Certificate], "{text:?}");
    }
    let copy = copy();
    forge(copy.path(), |text| text.replacen("\"format\": 1", "\"format\": 9", 1));
    assert!(matches!(verify(copy.path(), None), Err(VerifyError::Format { found: 9, .. })));
    for error in [verify(folder.path(), None).err(), verify(copy.path(), None).err()].into_iter().flatten() {
        assert!(!error.hint().is_empty() && !error.to_string().is_empty());
    }
}
