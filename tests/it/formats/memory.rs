//! Memory does not grow with rows: the same file ten times as long is read in the room of the short one.

use std::fmt::Write as _;
use std::path::Path;

use clientferry::read::{self, ReadSettings};
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

use super::corpora::memory_peak;
use super::{Made, file, is_header_word};

const ROWS: usize = 8_000;
/// What a file ten times as long may take more. Rows that are kept would take three times as much and more.
const GROWTH_KB_MAX: u64 = 8 << 10;
const ONE: &str = "CLIENTFERRY_ONE_LONG_FILE";
const NAMES: [&str; 4] = ["Фамилия", "Имя", "ИНН", "Телефон"];

fn delimited(rows: usize) -> Made {
    let mut text = NAMES.join(";");
    for row in 0..rows {
        let _ = write!(text, "\r\nИванов;Пётр;77070838{:04};+7900{row:07}", row % 10_000);
    }
    file("a.csv", text)
}

fn workbook(rows: usize) -> Made {
    let texts: String = NAMES.iter().chain(&["Иванов", "Пётр"]).map(|text| format!("<si><t>{text}</t></si>")).collect();
    let header: String = ["A", "B", "C", "D"]
        .iter()
        .enumerate()
        .map(|(index, column)| format!("<c r=\"{column}1\" t=\"s\"><v>{index}</v></c>"))
        .collect();
    let mut sheet = format!("<worksheet><sheetData><row r=\"1\">{header}</row>");
    for row in 2..rows + 2 {
        let _ = write!(
            sheet,
            "<row r=\"{row}\"><c r=\"A{row}\" t=\"s\"><v>4</v></c><c r=\"B{row}\" t=\"s\"><v>5</v></c>\
             <c r=\"C{row}\"><v>77070838{row}</v></c><c r=\"D{row}\"><v>7900{row}</v></c></row>"
        );
    }
    sheet.push_str("</sheetData></worksheet>");
    let kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, part) in [
        ("[Content_Types].xml", "<Types/>"),
        ("xl/workbook.xml", "<workbook><sheets><sheet name=\"a\" r:id=\"r1\"/></sheets></workbook>"),
        (
            "xl/_rels/workbook.xml.rels",
            &*format!("<Relationships><Relationship Id=\"r1\" Type=\"{kind}/worksheet\" Target=\"a.xml\"/></Relationships>"),
        ),
        ("xl/sharedStrings.xml", &*format!("<sst>{texts}</sst>")),
        ("xl/a.xml", &*sheet),
    ] {
        archive.start_file(name, SimpleFileOptions::default().compression_method(CompressionMethod::Stored)).unwrap();
        std::io::Write::write_all(&mut archive, part.as_bytes()).unwrap();
    }
    file("a.xlsx", archive.finish().unwrap().into_inner())
}

/// Reads a file in a process of its own and tells what it took.
fn peak(path: &Path, rows: usize) -> Option<u64> {
    let name = "formats::memory::it_does_not_grow_with_rows";
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture"])
        .env(ONE, path)
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    let told = shown.lines().find_map(|line| line.split_once("rows and peak ").map(|(_, told)| told.to_owned()));
    let told = told.unwrap_or_else(|| panic!("{shown} {}", String::from_utf8_lossy(&output.stderr)));
    let (read, peak) = told.split_once(' ').unwrap();
    assert_eq!(read, rows.to_string());
    peak.parse().ok().filter(|&peak| peak > 0)
}

#[test]
fn it_does_not_grow_with_rows() {
    if let Some(path) = std::env::var_os(ONE) {
        let table = read::open(Path::new(&path), &ReadSettings::default(), &is_header_word).unwrap();
        let mut scanned = 0;
        let count = table.scan(&[0, 2], &mut |_, _, text, _| scanned += text.len()).unwrap();
        let rows = table.batches(512).unwrap().map(|batch| batch.unwrap().len()).sum::<usize>();
        assert_eq!((count.rows, scanned > 0), (rows as u64, true));
        println!("rows and peak {rows} {}", memory_peak().unwrap_or(0));
        return;
    }
    for make in [delimited, workbook] {
        let (short, long) = (make(ROWS), make(10 * ROWS));
        let (Some(little), Some(much)) = (peak(&short.path, ROWS), peak(&long.path, 10 * ROWS)) else {
            // The system does not tell.
            return;
        };
        println!("{}: {little} KB, ten times as long {much} KB", short.path.display());
        assert!(much < little + GROWTH_KB_MAX, "{little} KB became {much} KB");
    }
}
