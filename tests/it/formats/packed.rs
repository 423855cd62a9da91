//! Files in gzip and zip archives; names that promise another format; archives that would not end.

use clientferry::read::{Format, ReadError, ReadSettings};
use rust_xlsxwriter::Workbook;

use super::{cells, file, gzipped, open, refusal, rows, try_open, zipped};
use crate::program::Program;

const TEXT: &str = "Фамилия;Имя\nИванов;Пётр\nСмирнова;Анна\n";

fn workbook() -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (row, (last, first)) in (0..).zip([("Фамилия", "Имя"), ("Иванов", "Пётр"), ("Смирнова", "Анна")])
    {
        sheet.write(row, 0, last).unwrap();
        sheet.write(row, 1, first).unwrap();
    }
    book.save_to_buffer().unwrap()
}

#[test]
fn a_packed_file_reads_as_the_file_in_it() {
    let book = workbook();
    let litter: &[(&str, &[u8])] =
        &[("__MACOSX/._a.csv", b"x"), ("data/", b""), ("data/.DS_Store", b"x"), ("data/a.csv", TEXT.as_bytes())];
    for (bytes, format, note) in [
        (gzipped(TEXT.as_bytes()), Format::Delimited, "unpacked from gzip"),
        ([gzipped(&TEXT.as_bytes()[..20]), gzipped(&TEXT.as_bytes()[20..])].concat(), Format::Delimited, "unpacked from gzip"),
        (zipped(&[("a.csv", TEXT.as_bytes())]), Format::Delimited, "unpacked from a zip archive"),
        (zipped(litter), Format::Delimited, "unpacked from a zip archive"),
        (gzipped(&book), Format::Xlsx, "unpacked from gzip"),
        (zipped(&[("a.xlsx", &book)]), Format::Xlsx, "unpacked from a zip archive"),
    ] {
        let table = open(file("клиенты", &bytes));
        assert_eq!(table.format, format);
        assert_eq!(table.description.notes, [note]);
        let rows = rows(&table);
        assert_eq!(rows.iter().map(cells).collect::<Vec<_>>(), [["Иванов", "Пётр"], ["Смирнова", "Анна"]]);
    }
    // The source is the file that lies there, so that it is known again.
    let packed = file("a.csv.gz", gzipped(TEXT.as_bytes()));
    let other = file("b.csv.gz", gzipped(TEXT.as_bytes()));
    let table = try_open(&packed, &ReadSettings::default()).unwrap();
    assert_eq!(table.source.sha256, open(other).source.sha256);
    assert_ne!(table.source.sha256, open(file("a.csv", TEXT)).source.sha256);
    std::fs::write(&packed.path, gzipped(b"x")).unwrap();
    assert!(matches!(table.rows(), Err(ReadError::Changed { .. })));
}

#[test]
fn standard_input_may_be_any_of_them() {
    let program = Program::new();
    for bytes in [TEXT.as_bytes().to_vec(), gzipped(TEXT.as_bytes()), workbook(), zipped(&[("a.xlsx", &workbook())])] {
        let shown = program.run_with_input(&["inspect", "-", "--json"], &bytes);
        let told: serde_json::Value = serde_json::from_str(&shown).unwrap();
        assert_eq!((&told["rows"], &told["columns"][1]["header"]), (&2.into(), &"Имя".into()), "{told}");
    }
}

#[test]
fn archives_that_are_no_table_are_named() {
    let told = |bytes: &[u8]| refusal(&file("a.zip", bytes), &ReadSettings::default()).to_string();
    let text = TEXT.as_bytes();
    assert!(told(&zipped(&[("a.csv", text), ("b.csv", text)])).contains("a zip archive of 2 files"));
    assert!(told(&zipped(&[("a.zip", &zipped(&[("a.csv", text)]))])).contains("a zip archive that holds another archive"));
    assert!(told(&gzipped(&gzipped(text))).contains("gzip that holds another archive"));
    assert!(told(&gzipped(text)[..20]).contains("damaged or cut off"));
    assert!(told(&zipped(&[("a/", b"")])).contains("a zip archive without a file"));
    // A name that leads out of the folder is a name and nothing else.
    let table = open(file("a.zip", zipped(&[("../../outside.csv", text)])));
    assert_eq!(rows(&table).len(), 2);
    assert!(!std::path::Path::new("../../outside.csv").exists());
}

#[test]
fn bombs_are_refused_within_bounds_that_can_be_raised() {
    // Archives in several pieces, so that little has to be packed here: 72 MB of blank lines.
    let blank = gzipped(&vec![b'\n'; 1 << 20]);
    let made = file("a.csv.gz", [gzipped(TEXT.as_bytes()), blank.repeat(72)].concat());
    let refused = refusal(&made, &ReadSettings::default());
    assert!(matches!(refused, ReadError::Limit { allowed: 400, .. }), "{refused}");
    assert!(refused.hint().contains("--unpack-ratio-max"));
    let raised = ReadSettings { unpack_ratio_max: 10_000, ..ReadSettings::default() };
    assert_eq!(try_open(&made, &raised).unwrap().header.line, 1);
    let small = ReadSettings { unpacked_bytes_max: 1 << 20, ..ReadSettings::default() };
    assert!(matches!(refusal(&made, &small), ReadError::Limit { allowed: 1_048_576, .. }));

    let mut text = TEXT.as_bytes().to_vec();
    text.resize(2 << 20, b'\n');
    let packed = zipped(&[("a.csv", &text)]);
    assert!(matches!(refusal(&file("a.zip", &packed), &small), ReadError::Limit { allowed: 1_048_576, .. }));
    // A directory that declares less than there is, is not believed.
    let mut lying = packed;
    let size = u32::try_from(text.len()).unwrap().to_le_bytes();
    let places: Vec<usize> = (0..lying.len() - 4).filter(|&at| lying[at..at + 4] == size).collect();
    assert_eq!(places.len(), 2);
    for at in places {
        lying[at..at + 4].copy_from_slice(&100_u32.to_le_bytes());
    }
    assert!(matches!(refusal(&file("a.zip", lying), &small), ReadError::Limit { .. } | ReadError::ArchiveDamaged { .. }));
}

#[test]
fn the_content_tells_the_format_and_not_the_name() {
    let note = |name: &str, bytes: &[u8]| open(file(name, bytes)).description.notes.join("; ");
    assert_eq!(note("a.xls", TEXT.as_bytes()), "the name promises an XLS workbook, the content is delimited text");
    assert_eq!(note("a.XLS", &workbook()), "the name promises an XLS workbook, the content is an XLSX workbook");
    assert_eq!(note("a.csv", &workbook()), "");
    assert_eq!(note("a.xlsm", &workbook()), "");
    let told = |bytes: &str| refusal(&file("a.xls", bytes), &ReadSettings::default()).to_string();
    let page = "a web page, as programs save it under the name of a workbook";
    for text in ["<html><table><tr><td>Имя</table>", "\u{feff} <!DOCTYPE html>", "<TABLE border=1>", "<div><table>"] {
        assert!(told(text).contains(page), "{text}: {}", told(text));
    }
    let xml = r#"<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>"#;
    assert!(told(xml).contains("an XML spreadsheet of Excel 2003"));
    assert!(told("MIME-Version: 1.0\nContent-Type: multipart/related").contains("MHTML"));
    assert_eq!(open(file("a.csv", "<Имя>;Инн\nа;1\n")).format, Format::Delimited);
}
