//! The loop closes: a report is corrected and imported again, and exactly what was mended is created. Whatever the corrected table
//! looks like, what our own report added to it is passed over.

use std::collections::HashMap;
use std::path::Path;

use clientferry::model::{OUR_COLUMNS, OUR_SHEET, OUTCOME_COLUMNS};
use clientferry::sandbox::generate;
use rust_xlsxwriter::{Color, Format, Note, Workbook};

use super::stage::{SandboxProcess, Stage};
use super::truth::{Ledger, Line, Report};

const PHONE: usize = 7;
const SERIES: usize = 12;
const NUMBER: usize = 13;
const SHORT_PHONE: &str = "+799900011";
/// Rows with a phone that is too short, and rows with the passport of somebody whom the provider has.
const INVALID: [usize; 3] = [3, 9, 15];
const REFUSED: [usize; 2] = [5, 21];
const ROWS: usize = 40;

type Table = Vec<Vec<String>>;

fn generated(rows: u64, seed: u64) -> Table {
    let mut bytes = Vec::new();
    generate::generate(rows, seed, 0, &mut bytes).unwrap();
    let mut reader = csv::ReaderBuilder::new().delimiter(b';').has_headers(false).from_reader(&bytes[..]);
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

fn csv_of(table: &Table, delimiter: u8) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
    table.iter().for_each(|row| writer.write_record(row).unwrap());
    writer.into_inner().unwrap()
}

/// A provider that has four people, a file of forty with five bad rows, and its first import.
struct Scene {
    sandbox: SandboxProcess,
    stage: Stage,
    /// As the rows should be.
    right: Table,
    /// As they are in the file.
    wrong: Table,
    first: Report,
}

const FLAGS: [&str; 2] = ["--to", "tbank/fl-resident"];

fn import(stage: &Stage, file: &str, out: &str, code: i32) -> Report {
    let finished = stage.run(&[&["import", file][..], &FLAGS, &["--out", out]].concat()).expect(code);
    assert!(!finished.stdout.contains("\"clientferry"), "{}", finished.stdout);
    let report = Report::read(&stage.path(out));
    assert!(!report.summary["ignored_columns"].to_string().contains("clientferry"), "{}", report.summary);
    report
}

fn scene() -> Scene {
    let sandbox = SandboxProcess::start(&["--rate", "none", "--switch", "duplicates=422"]);
    let others = generated(4, 99);
    let elsewhere = Stage::new().to(&sandbox);
    elsewhere.write("others.csv", csv_of(&others, b';'));
    import(&elsewhere, "others.csv", "out", 0);
    let right = generated(ROWS as u64, 23);
    let mut wrong = right.clone();
    for row in INVALID {
        wrong[row][PHONE] = SHORT_PHONE.to_owned();
    }
    for (row, other) in REFUSED.into_iter().zip(&others[1..]) {
        wrong[row][SERIES] = other[SERIES].clone();
        wrong[row][NUMBER] = other[NUMBER].clone();
    }
    let stage = Stage::new().to(&sandbox);
    stage.write("clients.csv", csv_of(&wrong, b';'));
    let first = import(&stage, "clients.csv", "first", 1);
    first.assert_no_row_is_lost(ROWS);
    assert_eq!((first.count("created"), first.count("invalid"), first.count("rejected")), (35, 3, 2), "{}", first.summary);
    assert_eq!((sandbox.created(), first.rejected.len()), (4 + 35, 5));
    Scene { sandbox, stage, right, wrong, first }
}

/// What our columns say of each row of a report, by the row's id.
fn ours(report: &Report) -> HashMap<&str, Vec<String>> {
    let of = |line: &Line| ["outcome", "provider_id", "code", "message", "next_step"].map(|name| line[name].clone()).to_vec();
    report.outcomes.iter().map(|line| (line["row_id"].as_str(), of(line))).collect()
}

/// The table with our columns at the right, its rows shuffled.
fn annotated(table: &Table, report: &Report, seed: u64) -> Table {
    let ours = ours(report);
    let mut rows: Table = table[1..].iter().map(|row| [row.clone(), ours[row[0].as_str()].clone()].concat()).collect();
    fastrand::Rng::with_seed(seed).shuffle(&mut rows);
    let header = [table[0].clone(), OUR_COLUMNS.map(str::to_owned).to_vec()].concat();
    std::iter::once(header).chain(rows).collect()
}

/// The workbook that comes back: colours and comments on faulty cells, a filter, a frozen header, a sheet of sums.
fn workbook(path: &Path, table: &Table, summary_first: bool) {
    let mut workbook = Workbook::new();
    let faulty = Format::new().set_background_color(Color::RGB(0x00FF_C7CE));
    let sums = |workbook: &mut Workbook| {
        let sheet = workbook.add_worksheet();
        sheet.set_name(OUR_SHEET).unwrap();
        for (row, (name, count)) in (0..).zip([("outcome", "rows"), ("created", "35"), ("ИНН", "Телефон")]) {
            sheet.write_string(row, 0, name).unwrap();
            sheet.write_string(row, 1, count).unwrap();
        }
    };
    if summary_first {
        sums(&mut workbook);
    }
    let sheet = workbook.add_worksheet();
    sheet.set_name("Клиенты").unwrap();
    for (row, cells) in (0..).zip(table) {
        for (column, cell) in (0..).zip(cells) {
            sheet.write_string(row, column, cell).unwrap();
            if row > 0 && usize::from(column) == PHONE && cell == SHORT_PHONE {
                sheet.write_string_with_format(row, column, cell, &faulty).unwrap();
                sheet.insert_note(row, column, &Note::new("The phone number has too few digits.")).unwrap();
            }
        }
    }
    sheet.autofilter(0, 0, table.len() as u32 - 1, table[0].len() as u16 - 1).unwrap();
    sheet.set_freeze_panes(1, 0).unwrap();
    if !summary_first {
        sums(&mut workbook);
    }
    workbook.save(path).unwrap();
}

#[test]
fn mending_rows_makes_exactly_so_many_creations() {
    let Scene { sandbox, stage, right, wrong, first } = scene();
    let asked = sandbox.creations_asked();

    // Two phones and a passport are mended in the annotated workbook; a phone and a passport stay wrong.
    let mut mended = wrong.clone();
    for row in [INVALID[0], INVALID[2], REFUSED[1]] {
        mended[row] = right[row].clone();
    }
    workbook(&stage.path("outcomes.xlsx"), &annotated(&mended, &first, 1), false);
    let second = import(&stage, "outcomes.xlsx", "second", 1);
    second.assert_no_row_is_lost(ROWS);
    let counts = ["created", "existing", "invalid", "rejected"].map(|outcome| second.count(outcome));
    assert_eq!(counts, [3, 35, 1, 1], "{}", second.summary);
    assert_eq!((sandbox.created(), sandbox.creations_asked()), (4 + 35 + 3, asked + 3), "something else was sent");
    assert_eq!(second.rejected[0].keys().filter(|name| name.starts_with("clientferry")).count(), 0, "carried twice");
    assert_eq!(second.rejected[0].len(), right[0].len());

    // The same rows from the first report's own file, all five right now and in another order: two are left to be created.
    let rejected = std::fs::read(stage.path("first/rejected.csv")).unwrap();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&rejected[3..]);
    let mut table: Table = reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect();
    for row in &mut table[1..] {
        *row = right.iter().find(|right| right[0] == row[0]).unwrap().clone();
    }
    table[1..].reverse();
    stage.write("mended.csv", csv_of(&table, b','));
    let third = import(&stage, "mended.csv", "third", 0);
    assert_eq!((third.count("created"), third.count("existing")), (2, 3), "{}", third.summary);
    assert_eq!((sandbox.created(), sandbox.creations_asked()), (4 + ROWS, asked + 5));

    // The workbook of the first report, unmended, and the one of the second, wholly mended: nobody is left.
    workbook(&stage.path("old.xlsx"), &annotated(&wrong, &first, 2), true);
    import(&stage, "old.xlsx", "fourth", 1);
    workbook(&stage.path("new.xlsx"), &annotated(&right, &second, 3), true);
    let last = import(&stage, "new.xlsx", "fifth", 0);
    assert_eq!(last.count("existing"), ROWS);
    assert_eq!((sandbox.created(), sandbox.creations_asked()), (4 + ROWS, asked + 5));
    Ledger::read(&sandbox.ledger()).assert_nobody_is_twice();
}

/// What `check` says of each row by its id: outcome, codes, columns, found values.
fn fates(stage: &Stage, file: &str, flags: &[&str]) -> Vec<Vec<String>> {
    let finished = stage.run(&[&["check", file][..], &FLAGS, &["--out", "checked", "--formats", "csv"], flags].concat());
    assert!(matches!(finished.code, Some(0 | 1)), "{finished:?}");
    let report = Report::read(&stage.path("checked"));
    let header = std::fs::read_to_string(stage.path("checked/rejected.csv")).unwrap();
    let header = header.trim_start_matches('\u{feff}').lines().next().unwrap().to_owned();
    let told = ["row_id", "outcome", "code", "column", "found"];
    let mut fates: Vec<Vec<String>> =
        report.outcomes.iter().map(|line| told.iter().map(|name| line[*name].clone()).collect()).collect();
    // A blank row is known by its line.
    fates.iter_mut().filter(|fate| fate[2] == "row.blank").for_each(|fate| fate[0].clear());
    fates.sort();
    fates.push(vec![header, report.summary["ignored_columns"].to_string()]);
    fates
}

#[test]
fn our_columns_change_nothing_wherever_they_stand() {
    let stage = Stage::new();
    let mut bytes = Vec::new();
    generate::generate(60, 31, 50, &mut bytes).unwrap();
    let mut reader = csv::ReaderBuilder::new().delimiter(b';').has_headers(false).flexible(true).from_reader(&bytes[..]);
    let mut table: Table = reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect();
    table.insert(20, vec![String::new(); table[0].len()]);
    stage.write("plain.csv", csv_of(&table, b';'));
    let plain = fates(&stage, "plain.csv", &[]);
    assert!(plain.iter().any(|fate| fate.len() > 2 && fate[2] == "row.blank"), "{plain:?}");

    let with = |at: usize, header: &[&str]| -> Table {
        let fill = |number: usize| move |name: &&str| if number == 0 { (*name).to_owned() } else { format!("created {number}") };
        let put = |(number, row): (usize, &Vec<String>)| {
            let ours: Vec<String> = header.iter().map(fill(number)).collect();
            [&row[..at], &ours, &row[at..]].concat()
        };
        table.iter().enumerate().map(put).collect()
    };
    let width = table[0].len();
    let local = ["clientferry итог", "Clientferry Code (2)"];
    for (what, at, header) in [
        ("at the right", width, &OUR_COLUMNS[..]),
        ("at the left", 0, &OUR_COLUMNS[..]),
        ("in the middle", 5, &OUR_COLUMNS[1..3]),
        ("in another language", width, &local[..]),
        ("of outcomes.csv", 0, &OUTCOME_COLUMNS[..]),
        ("some of outcomes.csv", 7, &OUTCOME_COLUMNS[3..10]),
    ] {
        let decorated = with(at, header);
        stage.write("decorated.csv", csv_of(&decorated, b';'));
        assert_eq!(fates(&stage, "decorated.csv", &[]), plain, "{what}, CSV");
        workbook(&stage.path("decorated.xlsx"), &decorated, at == 0);
        assert_eq!(fates(&stage, "decorated.xlsx", &["--sheet", "1"]), plain, "{what}, XLSX");
    }
    let finished = stage.run(&["inspect", "decorated.csv"]).expect(0);
    assert!(finished.stdout.contains("7 columns of an earlier report are not read"), "{}", finished.stdout);
}

#[test]
fn a_report_proves_itself_against_source_and_journal() {
    let stage = Stage::new();
    stage.write_clients("clients.csv", 30, 41, 20);
    let mut others = generated(5, 42);
    // Ids of their own: the generator counts from 1 in every file.
    others[1..].iter_mut().for_each(|row| row[0].insert(0, 'X'));
    stage.write("others.csv", csv_of(&others, b';'));
    let import = |file: &str, out: &str| {
        let flags = ["--to", "tbank/fl-resident", "--sandbox", "--control-sum", "Код подразделения"];
        stage.run(&[&["import", file, "--out", out][..], &flags].concat())
    };
    import("clients.csv", "first").expect(1);
    let journal = ".clientferry/journal.db";
    let verify =
        |folder: &str, flags: &[&str], code: i32| stage.run(&[&["verify", folder][..], flags].concat()).expect(code).stdout;
    let all = ["--source", "clients.csv", "--journal", journal];
    let told = verify("first", &all, 0);
    assert!(told.contains("(30 rows of clients.csv)") && told.contains("\nseal "), "{told}");
    let seal = told.lines().find_map(|line| line.strip_prefix("seal ")).unwrap();
    verify("first", &["--seal", seal], 0);
    // The journal grows; what it said of the run stays.
    import("others.csv", "second").expect(0);
    verify("first", &all, 0);
    verify("second", &["--source", "others.csv", "--journal", journal], 0);

    let told = verify("first", &["--source", "others.csv"], 9);
    assert!(told.contains("others.csv: not the source of this report, which was clients.csv"), "{told}");
    assert!(verify("first", &["--mapping", "others.csv"], 9).contains("was made without a mapping file"));
    let elsewhere = Stage::new();
    elsewhere.write_clients("clients.csv", 30, 41, 20);
    elsewhere.run(&["import", "clients.csv", "--to", "tbank/fl-resident", "--sandbox"]).expect(1);
    let other = elsewhere.path(journal).display().to_string();
    assert!(verify("first", &["--journal", &other], 9).contains("its events of the run"), "another journal passed for the run's");

    let path = stage.path("first/outcomes.csv");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen(",created,", ",existing,", 1)).unwrap();
    let told = verify("first", &all, 8);
    assert!(told.contains("outcomes.csv: changed") && told.contains("among lines 1 to 31"), "{told}");
    verify("first/outcomes.csv", &[], 3);
    verify(".clientferry", &[], 3);
    // Written again from the journal, it is whole.
    stage.run(&["report", first_run(&stage).as_str(), "--out", "first"]).expect(1);
    verify("first", &all, 0);
    let unknown = stage.run(&["check", "clients.csv", "--to", "tbank/fl-resident", "--control-sum", "Saldo"]).expect(2);
    assert!(unknown.stderr.contains("has no column `Saldo` to add up"), "{}", unknown.stderr);
}

fn first_run(stage: &Stage) -> String {
    let summary = std::fs::read_to_string(stage.path("first/summary.json")).unwrap();
    serde_json::from_str::<serde_json::Value>(&summary).unwrap()["run"].as_str().unwrap().to_owned()
}
