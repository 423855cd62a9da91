//! The page's size: bounded whatever the number of rows, columns and letters; and the same for the same rows.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use chrono::DateTime;
use clientferry::model::{
    Cells, Changes, Code, Fault, FieldName, Message, Outcome, Place, Prepared, Refusal, Row, Settled, Shape, Source,
};
use clientferry::report::{Ending, Format, Header, Members, PageSettings, Reporter, Requests, Timeline, TimelineSlice};
use tempfile::TempDir;

use super::super::made_report;

/// What the issue demands.
const PAGE_BYTES_MAX: usize = 2_000_000;

/// A source of one sheet.
pub(super) fn source(name: &str, columns: &[String]) -> Source {
    Source { name: name.into(), ..made_report::source(&[""], columns) }
}

/// The header of a run with nothing but the page.
pub(super) fn header(page: PageSettings) -> Header {
    let members = Members::from([((0, "/inn".to_owned()), (FieldName::new("inn"), Some(1)))]);
    Header { members, formats: vec![Format::Html], page, ..made_report::header() }
}

/// The end of a run of so many rows, with as many slices of time as there may be.
pub(super) fn ending(rows_read: u64) -> Ending {
    let slice = TimelineSlice { sent: rows_read / 60 + 1, retried: 3, throttled: 1 };
    let begins = DateTime::from_timestamp(1_777_863_720, 0).unwrap();
    Ending {
        finished: DateTime::from_timestamp(1_777_963_721, 0).unwrap(),
        requests: Requests { sent: rows_read, retried: 1, throttled: 0 },
        timeline: Some(Timeline { begins, slice_ms: 1_800_000, slices: vec![slice; 60] }),
        ..made_report::ending(rows_read)
    }
}

/// A row of these cells.
pub(super) fn row<'a>(ordinal: u64, cells: impl IntoIterator<Item = &'a str>) -> Row {
    let mut all = Cells::default();
    cells.into_iter().for_each(|cell| all.push(cell));
    Row { place: Place { sheet: 0, line: ordinal + 2, ordinal }, cells: all, shape: Shape::Whole, faults: Vec::new() }
}

/// A row that has these faults.
pub(super) fn faulty(row: Row, faults: Vec<Fault>) -> Prepared {
    Prepared { row, own_id: None, operation: Some(0), result: Err(faults), warnings: Vec::new(), changes: Changes::default() }
}

/// Writes a report and gives its page.
pub(super) fn page_of(folder: &Path, source: &Source, header: Header, rows: impl Iterator<Item = (Prepared, Settled)>) -> String {
    let mut reporter = Reporter::create(folder, source, header).unwrap();
    let mut count = 0;
    for (prepared, settled) in rows {
        reporter.row(&prepared, &settled).unwrap();
        count += 1;
    }
    reporter.finish(ending(count)).unwrap();
    fs::read_to_string(folder.join("report.html")).unwrap()
}

fn varied(ordinal: u64) -> (Prepared, Settled) {
    let inn = format!("{:012}", ordinal.wrapping_mul(7_919) % 1_000_000_000_000);
    let row = row(ordinal, [format!("C-{ordinal}").as_str(), &inn, "Образцова Анна"]);
    let codes = Code::ALL;
    let code = codes[usize::try_from(ordinal / 3).unwrap() % codes.len()];
    let column = u16::try_from(ordinal % 3).unwrap();
    match ordinal % 10 {
        0 | 1 => {
            let fault =
                Fault::of_cell(code, column, &inn, Message::of_others("is not what it should be")).at(FieldName::new("inn"));
            (faulty(row, vec![fault]), Settled::plain(Outcome::Invalid))
        }
        2 => {
            let refusal = Refusal { code: "VALIDATION".into(), message: "{/inn} is bad".into(), ..Refusal::default() };
            let settled = Settled { refusal: Some(refusal), http_status: Some(400), ..Settled::plain(Outcome::Rejected) };
            (faulty(row, Vec::new()), settled)
        }
        _ => {
            let mut changes = Changes::default();
            changes.push(2, FieldName::new("last_name"), "Образцова");
            changes.push(1, FieldName::new("inn"), &inn);
            let prepared = Prepared { changes, ..faulty(row, Vec::new()) };
            (prepared, Settled { attempts: 1, http_status: Some(201), ..Settled::plain(Outcome::Created) })
        }
    }
}

#[test]
fn a_million_rows_make_a_small_page() {
    // The debug build is slow; what bounds the page does not depend on how many more rows come.
    let rows = if cfg!(debug_assertions) { 60_000 } else { 1_000_000 };
    let folder = tempfile::tempdir().unwrap();
    let columns = ["id", "ИНН", "ФИО"].map(str::to_owned);
    let page = page_of(folder.path(), &source("clients.csv", &columns), header(PageSettings::default()), (0..rows).map(varied));
    assert!(page.len() < PAGE_BYTES_MAX, "{} bytes", page.len());
    let sampled = page.matches("<tr data-o=").count();
    assert_eq!(sampled, 500, "the sample is full");
    let read = if cfg!(debug_assertions) { "60,000" } else { "1,000,000" };
    assert!(page.contains(&format!("<dd>{read}</dd>")), "the control totals have all rows");
    for outcome in ["invalid", "rejected", "created"] {
        assert!(page.contains(&format!("<tr data-o=\"{outcome}\"")), "no row is {outcome}");
    }
    // A page that a mail program takes.
    println!("{} bytes for {rows} rows", page.len());
}

#[test]
fn the_same_rows_make_the_same_page() {
    let columns = ["id", "ИНН", "ФИО"].map(str::to_owned);
    let write = || {
        let folder = tempfile::tempdir().unwrap();
        page_of(folder.path(), &source("clients.csv", &columns), header(PageSettings::default()), (0..5_000).map(varied))
    };
    assert!(write() == write());
}

/// A report of rows of every kind, in its folder.
pub(super) fn varied_page() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let columns = ["id", "ИНН", "ФИО"].map(str::to_owned);
    page_of(folder.path(), &source("clients.csv", &columns), header(PageSettings::default()), (0..5_000).map(varied));
    folder
}

/// Text that breaks out of everything that does not escape it.
const WILD: &str = "</title></script><script>alert(1)</script>'\"&<img src=x onerror=alert(2)>\u{202e}\u{7}";

/// A report with thousands of columns, hundreds of sheets and texts without end, all of them wild.
pub(super) fn wild_page(unmask: bool) -> TempDir {
    let columns: Vec<String> = (0..3_000).map(|number| format!("{}{number}", WILD.repeat(5))).collect();
    let mut source = source(WILD, &columns);
    source.sheets = (0..300).map(|number| Arc::from(format!("{WILD}{number}").as_str())).collect();
    let wild = |ordinal: u64| {
        let long = WILD.repeat(12);
        let first = u16::try_from(ordinal * 7 % 3_000).unwrap();
        let mut row = row(ordinal, (0..20).map(|_| long.as_str()));
        row.place.sheet = u16::try_from(ordinal % 300).unwrap();
        let fault = |column: u16| {
            Fault::of_cell(Code::ValueNotAllowed, column % 3_000, &long, Message::of_others(long.as_str()))
                .at(FieldName::new(WILD))
        };
        let faults = (0..8).map(|number| fault(first + number)).collect();
        let mut changes = Changes::default();
        (0..20).for_each(|column| changes.push(column, FieldName::new(WILD), &long));
        let prepared = Prepared { changes, own_id: Some(long.as_str().into()), ..faulty(row, faults) };
        (prepared, Settled { remote_id: Some(long.as_str().into()), ..Settled::plain(Outcome::Invalid) })
    };
    let folder = tempfile::tempdir().unwrap();
    let mut header = header(PageSettings { unmask, ..PageSettings::default() });
    header.run = WILD.repeat(9);
    header.ignored_columns = columns.clone();
    page_of(folder.path(), &source, header, (0..600).map(wild));
    folder
}

#[test]
fn wild_texts_and_thousands_of_columns_stay_within_bounds_and_are_no_html() {
    for unmask in [false, true] {
        let page = fs::read_to_string(wild_page(unmask).path().join("report.html")).unwrap();
        assert!(page.len() < PAGE_BYTES_MAX, "{} bytes", page.len());
        assert_eq!(page.matches("<script").count(), 1, "only the page's own");
        assert_eq!(page.matches("</script").count(), 1);
        assert!(!page.contains("<img") && !page.contains('\u{202e}') && !page.contains('\u{7}'));
        assert!(page.matches("<tr data-o=").count() > 20, "some rows are shown even so");
    }
}
