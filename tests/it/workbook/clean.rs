//! Sources that are no workbook get one of ours: all cells as texts, ours behind them, nothing that calculates.

use std::collections::BTreeMap;

use calamine::{Data, Reader as _, open_workbook_auto};
use clientferry::model::{Code, Fault, Message, OUR_COLUMNS, Row};

use super::package::{parts, sheet, styles};
use super::{notes, open, report, written};

fn rows(path: &std::path::Path, sheet: &str) -> Vec<Vec<String>> {
    let range = open_workbook_auto(path).unwrap().worksheet_range(sheet).unwrap();
    range.rows().map(|row| row.iter().map(ToString::to_string).collect()).collect()
}

#[test]
fn a_text_becomes_a_workbook_whose_cells_are_texts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clients.csv");
    let text = "id;Имя;Телефон\n007;Анна;+7 900 1\n=1+1;\"строка\nдве\";@x\n8;_x0041_ \u{1};\n;;\n9;a;b;c\n10;b\n";
    std::fs::write(&path, text).unwrap();
    let table = open(&path).unwrap();
    let judge = |row: &Row| match row.place.ordinal {
        0 => vec![Fault::of_cell(Code::PhoneTooShort, 2, row.cells.text(2), Message::of_others("short"))],
        2 => vec![
            Fault::of_cell(Code::ValueMissing, 2, "", Message::of_others("missing")),
            Fault::of_cell(Code::PhoneTooShort, 2, "", Message::of_others("=short too")),
        ],
        _ => row.faults.clone(),
    };
    let summary = report(&table, &folder.path().join("report"), &judge).unwrap();
    assert!(notes(&summary).is_empty());
    let read = rows(&written(&summary), "rows");
    let shown = |line: usize| read[line].iter().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(shown(0)[..3], ["id", "Имя", "Телефон"]);
    assert_eq!((&shown(0)[3..8], shown(0)[8]), (&OUR_COLUMNS[..], "clientferry line"));
    assert_eq!(shown(1)[..6], ["007", "Анна", "+7 900 1", "invalid", "", "phone.too_short"]);
    assert_eq!(shown(2)[..5], ["=1+1", "строка\nдве", "@x", "created", "=b-1"]);
    assert_eq!(shown(2)[8], "3");
    assert_eq!(shown(3)[..2], ["8", "_x0041_ \u{1}"]);
    assert!(shown(3)[6].contains("Телефон: missing; Телефон: =short too"), "{:?}", shown(3));
    // The short row and the long one keep their shape: one is marked, the other reaches behind our columns.
    let long = read.iter().find(|row| row[0].contains('9')).unwrap();
    assert_eq!(long.get(9).map(String::as_str), Some("c"), "{long:?}");
    let short = read.iter().find(|row| row[0] == "10").unwrap();
    assert!(short[2].starts_with("#MEND!"), "{short:?}");
    let new = parts(&written(&summary));
    let cells = sheet(&new["xl/worksheets/sheet1.xml"].1);
    assert!(cells.cells.values().all(|cell| !cell.inside.contains("<f>")));
    let formats = &styles(&new["xl/styles.xml"].1)["cellXfs"];
    for (place, cell) in &cells.cells {
        let text = cell.inside.split_once("<t").and_then(|(_, rest)| rest.split_once('>')).map_or("", |(_, text)| text);
        let is_quoted = formats[cell.format].contains("quotePrefix=\"1\"");
        assert_eq!(
            is_quoted,
            text.starts_with(['=', '+', '-', '@', '\t', '\n', '\'']) || text.starts_with("_x000D_"),
            "{place:?} {cell:?}"
        );
    }
    // An empty cell that should not be empty is coloured, too.
    assert!(cells.cells[&(4, 2)].inside.is_empty() && cells.cells[&(4, 2)].format > 0);
    let comments = String::from_utf8_lossy(&new["xl/comments1.xml"].1).into_owned();
    assert!(comments.contains("ref=\"C2\"") && comments.contains("ref=\"C4\"") && comments.contains("ref=\"D1\""), "{comments}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(written(&summary)).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_report_that_is_given_up_leaves_no_workbook() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clients.csv");
    std::fs::write(&path, "id;Имя\n1;a\n2;b\n").unwrap();
    let table = open(&path).unwrap();
    let out = folder.path().join("report");
    {
        let header = super::header();
        let mut reporter = clientferry::report::Reporter::create(&out, &table.source, header).unwrap();
        let (prepared, settled) = super::settle(table.rows().unwrap().next().unwrap().unwrap(), &|_| Vec::new());
        reporter.row(&prepared, &settled).unwrap();
    }
    let left: Vec<_> = std::fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn the_same_report_is_the_same_workbook() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clients.csv");
    std::fs::write(&path, "id;Имя\n1;a\n2;b\n").unwrap();
    let table = open(&path).unwrap();
    let hashes: Vec<String> = ["one", "two"]
        .map(|name| {
            report(&table, &folder.path().join(name), &super::moving_faults(2)).unwrap().files.last().unwrap().sha256.clone()
        })
        .to_vec();
    assert_eq!(hashes[0], hashes[1]);
}

#[test]
fn old_formats_get_a_clean_workbook_with_every_value() {
    let Some(corpora) = super::corpora() else { return };
    for name in ["readxl/iris-excel-xls.xls", "calamine/date.ods", "calamine/issues.xlsb"] {
        let path = corpora.join(name);
        let folder = tempfile::tempdir().unwrap();
        let Ok(table) = open(&path) else { continue };
        let summary = report(&table, folder.path(), &|_| Vec::new()).unwrap();
        assert!(notes(&summary)[0].contains("format"), "{name}: {:?}", notes(&summary));
        let read = rows(&written(&summary), &table.source.sheets[0]);
        for (row, found) in table.rows().unwrap().zip(read.iter().skip(1)) {
            let row = row.unwrap();
            for (cell, found) in row.cells.iter().take(table.source.columns.len()).zip(found) {
                assert_eq!(cell.trim(), found.trim(), "{name} {}", row.place.line);
            }
        }
    }
}

#[test]
fn values_are_typed_texts_for_the_library() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clients.csv");
    std::fs::write(&path, "id;Имя\n0012;TRUE\n1e5;01.02.2003\n").unwrap();
    let table = open(&path).unwrap();
    let summary = report(&table, &folder.path().join("report"), &|_| Vec::new()).unwrap();
    let range = open_workbook_auto(written(&summary)).unwrap().worksheet_range("rows").unwrap();
    let kinds: BTreeMap<(usize, usize), &Data> = range.used_cells().map(|(row, column, value)| ((row, column), value)).collect();
    for place in [(1, 0), (1, 1), (2, 0), (2, 1)] {
        assert!(matches!(kinds[&place], Data::String(_)), "{place:?} {:?}", kinds[&place]);
    }
}
