//! Room 1 through its door: files made here, read back cell by cell.

#![allow(clippy::unwrap_used, clippy::panic)]

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

#[test]
fn a_legacy_export_is_described_and_read() {
    let text =
        "Список клиентов;;\r\n\r\nФамилия;Имя;ИНН\r\nИванов;Пётр;500100732259\r\n;;\r\n\r\nСмирнова;Анна;'+7\r\n\r\n;;\r\n";
    let made = file("клиенты.csv", WINDOWS_1251.encode(text).0);
    let table = open(&made);
    assert_eq!(table.format, Format::Delimited);
    assert_eq!((table.header.line, table.description.preamble_lines), (3, 2));
    assert_eq!(table.description.encoding, Some("windows-1251"));
    assert_eq!(table.description.encoding_confidence, Confidence::Guess);
    assert_eq!(table.description.delimiter, Some(';'));
    assert_eq!(&*table.source.name, "клиенты.csv");
    assert_eq!(table.source.sha256.len(), 64);
    assert_eq!(columns(&table), ["Фамилия", "Имя", "ИНН"]);
    let rows = rows(&table);
    let seen: Vec<(u64, u64, Shape)> = rows.iter().map(|row| (row.place.ordinal, row.place.line, row.shape)).collect();
    assert_eq!(seen, [(0, 4, Shape::Whole), (1, 5, Shape::Blank), (2, 6, Shape::Blank), (3, 7, Shape::Whole)]);
    assert_eq!(cells(&rows[0]), ["Иванов", "Пётр", "500100732259"]);
    assert_eq!(cells(&rows[3]), ["Смирнова", "Анна", "+7"]);
    assert!(rows.iter().all(|row| row.faults.is_empty()));
}

#[test]
fn ragged_rows_are_kept_with_their_faults() {
    let made = file("a.csv", "Фамилия;Имя;ИНН\nа;б\nа;б;в;г\nа;б;в;;\nа;б;в;;;\n");
    let rows = rows(&open(&made));
    assert_eq!(shapes(&rows), [Shape::Short, Shape::Long, Shape::Long, Shape::Long]);
    assert_codes(&rows[0], &[Code::RowShort]);
    assert_codes(&rows[1], &[Code::RowLong]);
    assert_eq!(cells(&rows[1]), ["а", "б", "в", "г"]);
    assert_codes(&rows[2], &[Code::RowLong]);
    assert_eq!(cells(&rows[2]), ["а", "б", "в", "", ""]);
}

#[test]
fn a_delimiter_inside_a_value_shifts_no_cells_unnoticed() {
    let header = "ID;Фамилия;Адрес;Примечание\n";
    let shifted = "1;Иванов;г. Тверь; ул. Мира;\n";
    let good = "2;Смирнова;г. Тверь;\n";
    for before in ["", good, &good.repeat(300)] {
        let made = file("a.csv", format!("{header}{before}{shifted}{good}"));
        let table = open(&made);
        let rows = rows(&table);
        let (long, whole): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| row.shape == Shape::Long);
        assert_eq!(long.len(), 1);
        assert_codes(long[0], &[Code::RowLong]);
        assert_eq!(cells(long[0]), ["1", "Иванов", "г. Тверь", " ул. Мира", ""]);
        assert!(whole.iter().all(|row| row.shape == Shape::Whole && row.faults.is_empty()));
        let mut notes = Vec::new();
        table.scan(&[3], &mut |_, _, text, _| notes.push(text.to_owned())).unwrap();
        assert_eq!(notes, vec![""; whole.len()]);
    }
    let alone = rows(&open(&file("a.csv", format!("{header}{shifted}"))));
    assert_codes(&alone[0], &[Code::RowLong]);
}

#[test]
fn a_delimiter_at_the_end_of_every_line_is_layout() {
    use Shape::{Blank, Long, Short, Whole};
    let odd = ";;;;\nа;б;;\nа;б;в; д;\nа;г. Тверь; ул. Мира;;\nа;б;в\nа;б\nа;б;в;;;;;;\n";
    let text = format!("Фамилия;Имя;Адрес\n{}{odd}", "а;б;в;\n".repeat(5));
    let rows = rows(&open(&file("a.csv", text)));
    assert_eq!(shapes(&rows), [Whole, Whole, Whole, Whole, Whole, Blank, Whole, Long, Long, Whole, Short, Long]);
    assert_eq!(cells(&rows[0]), ["а", "б", "в"]);
    assert_eq!(cells(&rows[8]), ["а", "г. Тверь", " ул. Мира", "", ""]);
}

#[test]
fn what_the_first_rows_show_holds_for_the_whole_file() {
    let text = format!("Фамилия;Имя\n{}{}", "а;б\n".repeat(200), "а;б;\n".repeat(300));
    let rows = rows(&open(&file("a.csv", text)));
    assert_eq!(rows.iter().filter(|row| row.shape == Shape::Whole).count(), 200);
    assert_eq!(rows.iter().filter(|row| codes(row) == [Code::RowLong]).count(), 300);
}

#[test]
fn an_unclosed_quote_costs_one_row() {
    for (rest, expected) in [("в;г\nд;е\n", vec![3, 4]), ("\"в\";г\nд;е\n", vec![3, 4]), ("в;\"г\ng\"\nд;е\n", vec![3, 5])]
    {
        let made = file("a.csv", format!("Фамилия;Имя\nа;\"б\n{rest}"));
        let rows = rows(&open(&made));
        assert_codes(&rows[0], &[Code::RowUnclosedQuote]);
        assert_eq!(cells(&rows[0]), ["а", "\"б"]);
        assert_eq!(rows[0].faults[0].column, Some(1));
        assert_eq!(rows[1..].iter().map(|row| row.place.line).collect::<Vec<_>>(), expected, "{rest:?}");
        assert!(rows[1..].iter().all(|row| row.faults.is_empty()), "{rest:?}");
    }
}

#[test]
fn an_unclosed_quote_does_not_swallow_many_rows() {
    let mut text = String::from("Фамилия;Имя;ИНН\n\"начало;а;1\n");
    for number in 0..20_000 {
        text.push_str(&format!("фамилия{number};имя;{number}\n"));
    }
    // A quote far below closes what was never opened there.
    text.push_str("\"конец\";б;2\n");
    let rows = rows(&open(&file("a.csv", &text)));
    assert_eq!(rows.len(), 20_002);
    assert_codes(&rows[0], &[Code::RowUnclosedQuote]);
    assert!(rows[1..].iter().all(|row| row.shape == Shape::Whole && row.faults.is_empty()));
    let made = file("b.csv", "Фамилия;Имя;ИНН\n\"а;б;1\nв;г;2\nд;е;3\nж\"\nз;и;4\n");
    let short = open(&made);
    let found: Vec<(u64, usize)> = self::rows(&short).iter().map(|row| (row.place.line, row.faults.len())).collect();
    assert_eq!(found, [(2, 1), (3, 0), (4, 0), (5, 1), (6, 0)]);
}

#[test]
fn a_quote_that_is_not_doubled_keeps_the_raw_text() {
    let rows = rows(&open(&file("a.csv", "Фамилия;Имя\n\"ООО \"Ромашка\"\";б\n\"ООО \"\"Роза\"\"\";б\nв\"г\";5\"\n")));
    assert_codes(&rows[0], &[Code::RowStrayQuote]);
    assert_eq!(cells(&rows[0]), ["\"ООО \"Ромашка\"\"", "б"]);
    assert_eq!(cells(&rows[1]), ["ООО \"Роза\"", "б"]);
    assert_eq!(cells(&rows[2]), ["в\"г\"", "5\""]);
    assert!(rows[1].faults.is_empty() && rows[2].faults.is_empty());
}

#[test]
fn bad_bytes_are_a_fault_of_their_cell_however_late() {
    let mut bytes = "Фамилия;Имя\n".as_bytes().to_vec();
    for _ in 0..100_000 {
        bytes.extend("Иванов;Пётр\n".as_bytes());
    }
    bytes.extend(b"a;b\xffc\nd;e\n");
    let rows = rows(&open(&file("a.csv", bytes)));
    let faulty: Vec<&Row> = rows.iter().filter(|row| !row.faults.is_empty()).collect();
    assert_eq!(faulty.len(), 1);
    assert_eq!(faulty[0].place.line, 100_002);
    assert_codes(faulty[0], &[Code::EncodingBadBytes]);
    assert_eq!(faulty[0].faults[0].column, Some(1));
}

#[test]
fn letters_after_a_megabyte_of_ascii_still_tell_the_encoding() {
    let mut bytes = b"last_name;first_name\n".to_vec();
    while bytes.len() < (3 << 20) {
        bytes.extend(b"Ivanov;Ivan\n");
    }
    bytes.extend(WINDOWS_1251.encode("Смирнова;Анна\n").0.iter());
    let made = file("a.csv", bytes);
    let table = open(&made);
    assert_eq!(table.description.encoding, Some("windows-1251"));
    assert_eq!(cells(rows(&table).last().unwrap()), ["Смирнова", "Анна"]);
}

#[test]
fn limits_are_faults_of_their_row_and_reading_goes_on() {
    let settings = ReadSettings { cell_bytes_max: 100, row_bytes_max: 1000, cells_max: 5, ..ReadSettings::default() };
    let endless = "x".repeat(3 << 20);
    let text = format!("Фамилия;Имя\n{};б\n{endless};б\r\nв;г\na;b;c;d;e;f\n", "y".repeat(200));
    let rows = rows(&open_with(&file("a.csv", text), &settings));
    assert_eq!(rows.iter().map(|row| row.place.line).collect::<Vec<_>>(), [2, 3, 4, 5]);
    assert!(codes(&rows[0]).contains(&Code::RowTooLong) && codes(&rows[1]).contains(&Code::RowTooLong));
    assert_eq!(rows[1].cells.text(0).len(), 1000);
    assert!(rows[2].faults.is_empty());
    assert_codes(&rows[3], &[Code::RowLong, Code::RowTooLong]);
    assert_eq!(rows[3].cells.len(), 5);
}

#[test]
fn the_user_may_settle_everything() {
    let text = "1|2\nфамилия, имя|b\nв|г\n";
    let settings =
        ReadSettings { header_row: Some(2), delimiter: Some('|'), encoding: Some("cp866".into()), ..ReadSettings::default() };
    let made = file("a.csv", IBM866.encode(text).0);
    let table = open_with(&made, &settings);
    assert_eq!(columns(&table), ["фамилия, имя", "b"]);
    assert_eq!(cells(&rows(&table)[0]), ["в", "г"]);
    let made = file("a.csv", "sep=|\nФамилия;x|Имя\nа|б\n");
    let sep = open(&made);
    assert_eq!((columns(&sep), sep.header.line), (vec!["Фамилия;x", "Имя"], 2));
}

#[test]
fn batches_and_scan_see_the_same_rows() {
    let made = file("a.csv", "Фамилия;Имя;ИНН\nа;б;1\n\nв;г\nд;\"е\"\"ё\";3\n\n");
    let table = open(&made);
    let batches: Vec<usize> = table.batches(3).unwrap().map(|batch| batch.unwrap().len()).collect();
    assert_eq!(batches, [3, 1]);
    let mut seen = Vec::new();
    let count = table.scan(&[2, 1], &mut |_, index, text, _| seen.push((index, text.to_owned()))).unwrap();
    assert_eq!((count.rows, count.blank), (4, 1));
    assert_eq!(seen, [(0, "1".into()), (1, "б".into()), (0, "3".into()), (1, "е\"ё".into())]);
}

#[test]
fn what_cannot_be_read_is_named() {
    let named = |bytes: &[u8]| error(&file("x.csv", bytes));
    assert!(matches!(named(b""), ReadError::Empty { .. }));
    assert!(matches!(named(b"\n\n ;;\n"), ReadError::Empty { .. }));
    assert!(matches!(named(b"1;2\n3;4\n"), ReadError::HeaderNotFound { .. }));
    let unsupported = |bytes: &[u8]| match named(bytes) {
        ReadError::Unsupported { found, .. } => found,
        other => panic!("{other:?}"),
    };
    assert_eq!(unsupported(b"%PDF-1.7\n"), "a PDF document");
    assert!(matches!(named(b"\x1f\x8b\x08\0"), ReadError::ArchiveDamaged { .. }));
    assert!(matches!(named(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3]), ReadError::Binary { .. }));
    assert!(matches!(named(b"PK\x03\x04 cut off"), ReadError::Damaged { .. }));
    assert!(matches!(named(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), ReadError::Damaged { .. }));
    let odd: Vec<u8> = "Фамилия;Имя\n".chars().flat_map(|ch| (ch as u32).to_le_bytes()).collect();
    assert_eq!(unsupported(&[b"\xff\xfe\0\0", &odd[..]].concat()), "text in UTF-32");
    assert!(matches!(named(&[b"\xfe\xff", &odd[..]].concat()), ReadError::Binary { .. }));
    let made = file("a.csv", "Фамилия;Имя\nа;б\n");
    let missing = read::open(&made.folder.path().join("none"), &ReadSettings::default(), &is_header_word).unwrap_err();
    assert!(matches!(missing, ReadError::NotFound { .. }));
    let folder = read::open(made.folder.path(), &ReadSettings::default(), &is_header_word).unwrap_err();
    assert!(matches!(folder, ReadError::NotAFile { .. }));
    let settings = ReadSettings { encoding: Some("klingon".into()), ..ReadSettings::default() };
    assert!(matches!(error_with(&made, &settings), ReadError::EncodingUnknown { .. }));
    let settings = ReadSettings { header_row: Some(9), ..ReadSettings::default() };
    assert!(matches!(error_with(&made, &settings), ReadError::HeaderRowMissing { line: 9, .. }));
    let settings = ReadSettings { delimiter: Some('"'), ..ReadSettings::default() };
    let refused = error_with(&made, &settings);
    assert!(matches!(refused, ReadError::DelimiterUnusable { .. }));
    assert!(refused.to_string().starts_with("a.csv: ") && !refused.hint().is_empty());
}

#[test]
fn a_file_that_changes_is_not_read_on() {
    let made = file("a.csv", "Фамилия;Имя\nа;б\n");
    let table = open(&made);
    let mut pass = table.rows().unwrap();
    fs::write(&made.path, "Фамилия;Имя\nа;б\nв;г\n").unwrap();
    assert!(pass.any(|row| matches!(row, Err(ReadError::Changed { .. }))));
    assert!(pass.next().is_none());
    assert!(matches!(table.rows(), Err(ReadError::Changed { .. })));
}

fn workbook(fill: impl FnOnce(&mut Workbook)) -> Made {
    let mut workbook = Workbook::new();
    fill(&mut workbook);
    file("клиенты.xlsx", workbook.save_to_buffer().unwrap())
}

fn clients(book: &mut Workbook, padded: bool) {
    let date = CellFormat::new().set_num_format("dd.mm.yyyy");
    let zeros = CellFormat::new().set_num_format(if padded { "000000000000" } else { "0" });
    book.add_worksheet().set_name("Тайный").unwrap().set_hidden(true).write(0, 0, "Фамилия").unwrap();
    let sheet = book.add_worksheet().set_name("Клиенты").unwrap().set_active(true);
    sheet.write(0, 0, "Список клиентов").unwrap();
    for (column, name) in (0_u16..).zip(["Фамилия", "Имя", "ИНН", "Дата рождения", "Имя", ""]) {
        sheet.write(2, column, name).unwrap();
    }
    sheet.write(2, 6, "Телефон").unwrap();
    sheet.write(3, 0, "Иванов").unwrap();
    sheet.write_with_format(3, 2, 7_707_083_893_i64, &zeros).unwrap();
    sheet.write_with_format(3, 3, ExcelDateTime::from_ymd(1980, 2, 1).unwrap(), &date).unwrap();
    sheet.write(3, 4, true).unwrap();
    sheet.write(3, 6, 79_001_234_567_i64).unwrap();
    sheet.write_blank(4, 0, &date).unwrap();
    sheet.write(6, 0, "Смирнова").unwrap();
    sheet.write(6, 1, Formula::new("=1/0").set_result("#DIV/0!")).unwrap();
    sheet.write(7, 9, "заметка").unwrap();
    sheet.write_blank(9, 0, &date).unwrap();
}

#[test]
fn a_workbook_keeps_digits_dates_and_row_numbers() {
    for padded in [true, false] {
        let made = workbook(|book| clients(book, padded));
        let table = open(&made);
        assert_eq!(table.format, Format::Xlsx);
        assert_eq!(table.description.hidden_sheets, ["Тайный"]);
        assert_eq!(table.source.sheets.iter().map(|name| &**name).collect::<Vec<_>>(), ["Клиенты"]);
        assert_eq!(columns(&table), ["Фамилия", "Имя", "ИНН", "Дата рождения", "Имя (2)", "column 6", "Телефон"]);
        let rows = rows(&table);
        let seen: Vec<(u64, u64, Shape)> = rows.iter().map(|row| (row.place.ordinal, row.place.line, row.shape)).collect();
        let expected =
            [(0, 4, Shape::Whole), (1, 5, Shape::Blank), (2, 6, Shape::Blank), (3, 7, Shape::Whole), (4, 8, Shape::Long)];
        assert_eq!(seen, expected);
        let inn = if padded { "007707083893" } else { "7707083893" };
        assert_eq!(cells(&rows[0]), ["Иванов", "", inn, "1980-02-01", "TRUE", "", "79001234567"]);
        assert!(matches!(rows[0].cells.kind(3), CellKind::Date(_)));
        assert_eq!(rows[0].cells.kind(2), CellKind::Number(7_707_083_893.0));
        assert_eq!(rows[0].cells.kind(4), CellKind::Bool(true));
        assert_eq!((rows[3].cells.text(1), rows[3].cells.kind(1)), ("#DIV/0!", CellKind::Error));
        assert_codes(&rows[4], &[Code::RowLong]);
        let mut inns = Vec::new();
        let count = table.scan(&[2], &mut |_, _, text, kind| inns.push((text.to_owned(), kind))).unwrap();
        assert_eq!((count.rows, count.blank), (5, 2));
        assert_eq!(inns, [(inn.to_owned(), CellKind::Number(7_707_083_893.0)), (String::new(), CellKind::Text)]);
    }
}

/// A zip archive of stored parts, for workbooks that no well-behaved program writes.
fn stored_zip(parts: &[(&str, &str)]) -> Vec<u8> {
    let crc = |bytes: &[u8]| {
        !bytes.iter().fold(!0_u32, |crc, &byte| {
            (0..8).fold(crc ^ u32::from(byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 })
        })
    };
    let (mut zip, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in parts {
        let offset = u32::try_from(zip.len()).unwrap();
        let size = u32::try_from(content.len()).unwrap().to_le_bytes();
        let name_bytes = u16::try_from(name.len()).unwrap().to_le_bytes();
        let crc = crc(content.as_bytes()).to_le_bytes();
        let common: Vec<u8> = [&[20, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], &crc, &size, &size, &name_bytes, &[0, 0]].concat();
        directory.extend([b"PK\x01\x02\x14\0", &common[..], &[0; 10], &offset.to_le_bytes(), name.as_bytes()].concat());
        zip.extend([b"PK\x03\x04", &common[..], name.as_bytes(), content.as_bytes()].concat());
    }
    let (count, at) = (u16::try_from(parts.len()).unwrap().to_le_bytes(), u32::try_from(zip.len()).unwrap().to_le_bytes());
    let size = u32::try_from(directory.len()).unwrap().to_le_bytes();
    [&zip, &directory, &b"PK\x05\x06\0\0\0\0"[..], &count, &count, &size, &at, &[0, 0]].concat()
}

/// A workbook of one sheet with these rows; style 1 pads to four digits when `padded`.
fn raw_workbook(rows: &str, padded: bool) -> Made {
    let format = if padded { "0000" } else { "0.0" };
    let relation = |kind: &str, target: &str, id: u8| {
        format!(
            r#"<Relationship Id="rId{id}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}" Target="{target}"/>"#
        )
    };
    let relations = |inner: String| {
        format!(r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{inner}</Relationships>"#)
    };
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let bytes = stored_zip(&[
        ("[Content_Types].xml", r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>"#),
        ("_rels/.rels", &relations(relation("officeDocument", "xl/workbook.xml", 1))),
        (
            "xl/workbook.xml",
            &format!(
                r#"<workbook xmlns="{main}" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>"#
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            &relations(relation("worksheet", "worksheets/sheet1.xml", 1) + &relation("styles", "styles.xml", 2)),
        ),
        (
            "xl/styles.xml",
            &format!(
                r#"<styleSheet xmlns="{main}"><numFmts count="1"><numFmt numFmtId="164" formatCode="{format}"/></numFmts><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs></styleSheet>"#
            ),
        ),
        ("xl/worksheets/sheet1.xml", &format!(r#"<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>"#)),
    ]);
    file("raw.xlsx", bytes)
}

const RAW_HEADER: &str =
    r#"<row r="1"><c r="A1" t="inlineStr"><is><t>Имя</t></is></c><c r="B1" t="inlineStr"><is><t>Инн</t></is></c></row>"#;

#[test]
fn a_formula_without_a_value_is_no_empty_cell() {
    for padded in [true, false] {
        let made = raw_workbook(
            &format!(
                r#"{RAW_HEADER}<row r="2"><c r="A2"><f>B2</f></c><c r="B2" s="1"><v>7</v></c></row><row r="3"><c r="A3" s="1"/><c r="B3"/></row><row r="4"><c r="B4" s="1"><f>1+1</f></c></row>"#
            ),
            padded,
        );
        let table = open(&made);
        let rows = rows(&table);
        assert_eq!(rows.iter().map(|row| row.shape).collect::<Vec<_>>(), [Shape::Whole, Shape::Blank, Shape::Whole]);
        assert_eq!(cells(&rows[0]), ["", if padded { "0007" } else { "7" }]);
        assert_eq!(rows[0].cells.kind(0), CellKind::FormulaWithoutValue);
        assert_eq!(rows[2].cells.kind(0), CellKind::Text);
        assert_eq!(rows[2].cells.kind(1), CellKind::FormulaWithoutValue);
    }
}

#[test]
fn a_sheet_that_contradicts_itself_is_an_error_and_no_lost_row() {
    let cell = |name: &str, value: &str| format!(r#"<c r="{name}"><v>{value}</v></c>"#);
    for (rows, why) in [
        (format!("<row>{}</row><row>{}</row>", cell("A3", "1"), cell("A2", "2")), "row 2 is stored behind row 3"),
        (format!("<row>{}{}</row>", cell("A2", "1"), cell("A2", "2")), "row 2 stores a cell twice"),
        (format!("<row>{}</row><row><c r=\"A3\"", cell("A2", "1")), "XML"),
    ] {
        let made = raw_workbook(&format!("{RAW_HEADER}{rows}"), false);
        let outcome = read::open(&made.path, &ReadSettings::default(), &is_header_word)
            .and_then(|table| table.rows()?.collect::<Result<Vec<_>, _>>());
        match outcome {
            Err(ReadError::Damaged { why: found, .. }) => assert!(found.contains(why), "{found}"),
            other => panic!("{other:?}"),
        }
    }
    let made = raw_workbook(&format!("{RAW_HEADER}<row>{}{}</row>", cell("B2", "2"), cell("A2", "1")), false);
    assert_eq!(cells(&rows(&open(&made))[0]), ["1", "2"]);
}

#[test]
fn sheets_are_chosen_by_name_and_number() {
    let made = workbook(|book| clients(book, false));
    for wanted in ["Клиенты", "2", "клиенты "] {
        let settings = ReadSettings { sheet: Some(wanted.into()), ..ReadSettings::default() };
        assert_eq!(open_with(&made, &settings).description.sheet.as_deref(), Some("Клиенты"));
    }
    let settings = ReadSettings { sheet: Some("3".into()), ..ReadSettings::default() };
    let refused = error_with(&made, &settings);
    assert!(refused.to_string().contains("Тайный, Клиенты"), "{refused}");
    let settings = ReadSettings { unpacked_bytes_max: 100, ..ReadSettings::default() };
    assert!(matches!(error_with(&made, &settings), ReadError::Limit { allowed: 100, .. }));
}

#[test]
fn several_filled_sheets_are_a_question_and_empty_ones_are_passed_over() {
    let two = |filled: bool| {
        workbook(|book| {
            book.add_worksheet().set_name("Пусто").unwrap().write_blank(0, 0, &CellFormat::new().set_bold()).unwrap();
            clients(book, false);
            let last = book.add_worksheet().set_name("Архив").unwrap();
            if filled {
                last.write(0, 0, "Фамилия").unwrap();
                last.write(1, 0, "Смирнов").unwrap();
            }
        })
    };
    assert_eq!(open(&two(false)).description.sheet.as_deref(), Some("Клиенты"));
    let refused = error_with(&two(true), &ReadSettings::default());
    assert!(refused.to_string().ends_with("several sheets hold rows: Клиенты, Архив"), "{refused}");
    assert!(refused.hint().contains("--sheet"));
    let named = ReadSettings { sheet: Some("Архив".into()), ..ReadSettings::default() };
    assert_eq!(open_with(&two(true), &named).description.sheet.as_deref(), Some("Архив"));
    let looking = ReadSettings { any_sheet: true, ..ReadSettings::default() };
    assert_eq!(open_with(&two(true), &looking).description.sheet.as_deref(), Some("Клиенты"));
}

#[test]
fn a_byte_order_mark_goes_over_an_encoding_that_was_only_hinted() {
    let settings = ReadSettings { encoding_unmarked: Some("windows-1251".into()), ..ReadSettings::default() };
    let marked = file("a.csv", "\u{feff}Фамилия,Имя\nИванов,Пётр\n".as_bytes());
    assert_eq!(columns(&open_with(&marked, &settings)), ["Фамилия", "Имя"]);
    let plain = file("a.csv", b"\xd4\xe0\xec\xe8\xeb\xe8\xff,\xc8\xec\xff\nx,y\n");
    assert_eq!(columns(&open_with(&plain, &settings)), ["Фамилия", "Имя"]);
}

#[test]
fn a_cut_workbook_is_damaged_and_dropping_a_pass_ends_it() {
    let made = workbook(|book| {
        let sheet = book.add_worksheet();
        sheet.write(0, 0, "Фамилия").unwrap();
        for row in 1..5000 {
            sheet.write(row, 0, format!("Иванов {row}")).unwrap();
        }
    });
    let table = open(&made);
    assert_eq!(table.rows().unwrap().take(3).count(), 3);
    assert_eq!(rows(&table).len(), 4999);
    let bytes = fs::read(&made.path).unwrap();
    let cut = file("x.xlsx", &bytes[..bytes.len() / 2]);
    assert!(matches!(error(&cut), ReadError::Damaged { .. }));
}

#[test]
fn a_bent_workbook_is_answered_in_words() {
    let made = workbook(|book| clients(book, true));
    let bytes = fs::read(&made.path).unwrap();
    for at in (0..bytes.len()).step_by(41) {
        let mut bent = bytes.clone();
        bent[at] ^= 0x55;
        // Any answer is right that is an answer.
        if let Ok(table) = read::open(&file("x.xlsx", bent).path, &ReadSettings::default(), &is_header_word) {
            let _ = table.rows().map(Iterator::count);
        }
    }
}

fn cell_text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-zA-Z0-9 .,;|\t'-]{0,12}",
        3 => "[А-Яа-яЁё0-9 \"№«»;,]{0,12}",
        1 => "[А-Яа-я\"\n\r;,]{0,8}",
    ]
}

fn encode(text: &str, encoding: &'static Encoding, mark: bool) -> Vec<u8> {
    let mark = if mark { "\u{feff}" } else { "" };
    let units = || mark.encode_utf16().chain(text.encode_utf16());
    if encoding == UTF_16LE {
        units().flat_map(u16::to_le_bytes).collect()
    } else if encoding == UTF_16BE {
        units().flat_map(u16::to_be_bytes).collect()
    } else if encoding == UTF_8 {
        format!("{mark}{text}").into_bytes()
    } else {
        encoding.encode(text).0.into_owned()
    }
}

/// Lines as an editor counts: LF, CR LF and lone CR each end one.
fn line_ends(text: &str) -> u64 {
    let pairs = text.matches("\r\n").count();
    (text.matches('\n').count() + text.matches('\r').count() - pairs) as u64
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn any_table_reads_back_cell_exact(
        table in (2_usize..6).prop_flat_map(|width| prop::collection::vec(prop::collection::vec(cell_text(), width), 1..12)),
        encoding in prop::sample::select(vec![(UTF_8, true), (UTF_8, false), (UTF_16LE, true), (UTF_16BE, true), (WINDOWS_1251, false)]),
        delimiter in prop::sample::select(vec![b';', b',', b'\t', b'|']),
        crlf in any::<bool>(),
    ) {
        let width = table[0].len();
        let terminator = if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
        let mut lines = Vec::new();
        let mut text = String::new();
        let header: Vec<String> = (0..width).map(|column| format!("столбец {column}")).collect();
        for record in std::iter::once(&header).chain(&table) {
            lines.push(1 + line_ends(&text));
            let mut writer = csv::WriterBuilder::new().delimiter(delimiter).terminator(terminator).from_writer(Vec::new());
            writer.write_record(record).unwrap();
            text.push_str(&String::from_utf8(writer.into_inner().unwrap()).unwrap());
        }
        let settings = ReadSettings {
            encoding: Some(encoding.0.name().into()),
            delimiter: Some(char::from(delimiter)),
            header_row: Some(1),
            ..ReadSettings::default()
        };
        let read = rows(&open_with(&file("a.csv", encode(&text, encoding.0, encoding.1)), &settings));
        let is_blank = |record: &[String]| record.iter().all(|cell| cell.trim().is_empty());
        let kept = table.iter().rposition(|record| !is_blank(record)).map_or(0, |last| last + 1);
        prop_assert_eq!(read.iter().filter(|row| row.shape != Shape::Blank).count(), table.iter().filter(|row| !is_blank(row)).count());
        prop_assert_eq!(read.len(), kept);
        for (index, row) in read.iter().enumerate() {
            prop_assert_eq!(row.place.line, lines[index + 1]);
            prop_assert!(row.faults.is_empty());
            if row.shape == Shape::Blank {
                prop_assert!(is_blank(&table[index]));
            } else {
                let expected: Vec<&str> = table[index].iter().map(|cell| clientferry::model::text::disarm(cell)).collect();
                prop_assert_eq!(cells(row), expected);
            }
        }
    }

    #[test]
    fn no_bytes_panic_or_hang(bytes in prop::collection::vec(prop_oneof![Just(b'"'), Just(b';'), Just(b'\n'), Just(b'\r'), any::<u8>()], 0..300)) {
        let settings = ReadSettings { cell_bytes_max: 20, row_bytes_max: 60, cells_max: 7, header_row: Some(1), ..ReadSettings::default() };
        if let Ok(table) = read::open(&file("a.csv", &bytes).path, &settings, &is_header_word) {
            let _ = table.rows().map(Iterator::count);
        }
    }
}

/// The answers of csv-spectrum, cell by cell.
#[test]
fn csv_spectrum_is_read_cell_exact() {
    let Some(corpora) = std::env::var_os("CLIENTFERRY_CORPORA") else {
        eprintln!("SKIPPED: CLIENTFERRY_CORPORA names no folder of real files");
        return;
    };
    let folder = Path::new(&corpora).join("csv-spectrum");
    let mut compared = 0;
    for entry in fs::read_dir(folder.join("csvs")).unwrap() {
        let path = entry.unwrap().path();
        let answer = folder.join("json").join(path.with_extension("json").file_name().unwrap());
        if path.ends_with("location_coordinates.csv") {
            // Its answer belongs to other values than the file has.
            continue;
        }
        let expected: Vec<std::collections::BTreeMap<String, String>> =
            serde_json::from_str(&fs::read_to_string(answer).unwrap()).unwrap();
        let settings = ReadSettings { header_row: Some(1), delimiter: Some(','), ..ReadSettings::default() };
        let table = read::open(&path, &settings, &is_header_word).unwrap();
        let found: Vec<_> = rows(&table)
            .iter()
            .map(|row| columns(&table).into_iter().map(String::from).zip(row.cells.iter().map(String::from)).collect())
            .collect();
        // A reader that keeps line ends as they are gives CR LF where the answers have LF.
        let plain = |cell: &str| cell.replace("\r\n", "\n");
        let found: Vec<std::collections::BTreeMap<String, String>> = found;
        assert_eq!(found.len(), expected.len(), "{}", path.display());
        for (found, expected) in found.iter().zip(&expected) {
            for (name, cell) in expected {
                assert_eq!(found.get(name).map(|cell| plain(cell)), Some(plain(cell)), "{}", path.display());
            }
        }
        compared += 1;
    }
    assert_eq!(compared, 11);
}

fn files_under(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { files_under(&path, found) } else { found.push(path) }
    }
}

/// Real files of other projects: every one is read or refused in words.
#[test]
fn real_files_are_read_or_refused() {
    let Some(corpora) = std::env::var_os("CLIENTFERRY_CORPORA") else {
        eprintln!("SKIPPED: CLIENTFERRY_CORPORA names no folder of real files");
        return;
    };
    let mut files = Vec::new();
    files_under(Path::new(&corpora), &mut files);
    assert!(!files.is_empty());
    for path in files {
        let began = std::time::Instant::now();
        let told = match read::open(&path, &ReadSettings::default(), &is_header_word) {
            Ok(table) => match table.rows().and_then(|rows| {
                rows.take(100_000)
                    .try_fold((0, 0), |(rows, faulty), row| Ok((rows + 1, faulty + usize::from(!row?.faults.is_empty()))))
            }) {
                Ok((rows, faulty)) => format!("{} columns, {rows} rows, {faulty} faulty", table.source.columns.len()),
                Err(error) => error.to_string(),
            },
            Err(error) => error.to_string(),
        };
        println!("{}: {told}", path.display());
        assert!(began.elapsed().as_secs() < 60, "{}", path.display());
    }
}
