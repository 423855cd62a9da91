//! Workbooks of Excel 5 to 2003, record by record: dates of both systems, formulas, texts that run on, what a sheet hides; containers
//! whose sectors loop.

use clientferry::model::CellKind;
use clientferry::read::{Format, ReadError, ReadSettings};

use super::{cells, codes, file, open, refusal, rows};

fn record(id: u16, body: &[u8]) -> Vec<u8> {
    [&id.to_le_bytes(), &u16::try_from(body.len()).unwrap().to_le_bytes(), body].concat()
}

fn numbers(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// A text as Excel 97 writes it: its length, a flag, UTF-16.
fn text(text: &str) -> Vec<u8> {
    let units: Vec<u16> = text.encode_utf16().collect();
    [&u16::try_from(units.len()).unwrap().to_le_bytes()[..], &[1], &numbers(&units)].concat()
}

pub(super) fn label(row: u16, column: u16, shown: &str) -> Vec<u8> {
    record(0x0204, &[numbers(&[row, column, 0]), text(shown)].concat())
}

pub(super) fn number(row: u16, column: u16, style: u16, value: f64) -> Vec<u8> {
    record(0x0203, &[numbers(&[row, column, style]), value.to_le_bytes().to_vec()].concat())
}

/// A formula by the eight bytes of its result.
fn formula(row: u16, column: u16, result: [u8; 8]) -> Vec<u8> {
    record(0x0006, &[numbers(&[row, column, 0]), result.to_vec(), vec![0; 8]].concat())
}

const HEAD: [&str; 4] = ["Фамилия", "Имя", "ИНН", "Дата рождения"];
const BOF_BOOK: &[u16] = &[0x0600, 0x0005, 0, 0, 0, 0, 0, 0];
const BOF_SHEET: &[u16] = &[0x0600, 0x0010, 0, 0, 0, 0, 0, 0];

/// A truth value or the code of an error.
pub(super) fn truth(row: u16, column: u16, value: [u8; 2]) -> Vec<u8> {
    record(0x0205, &[numbers(&[row, column, 0]), value.to_vec()].concat())
}

/// A formula as programs write it that cannot calculate: a zero, to be worked out when the workbook is opened.
pub(super) fn formula_later(row: u16, column: u16) -> Vec<u8> {
    record(0x0006, &[numbers(&[row, column, 0]), vec![0; 8], vec![3, 0], vec![0; 6]].concat())
}

/// A workbook without a container: styles 0 plain, 1 a date, 2 padded to twelve digits; a sheet with these records.
fn bare(globals: &[Vec<u8>], sheet: &[Vec<u8>]) -> Vec<u8> {
    styled(&[(0, ""), (164, "dd.mm.yyyy"), (165, "000000000000")], globals, sheet)
}

/// One with these number formats as its styles.
pub(super) fn book(formats: &[(u16, &str)], is_1904: bool, sheet: &[Vec<u8>]) -> Vec<u8> {
    styled(formats, &[record(0x0022, &[u8::from(is_1904), 0])], sheet)
}

fn styled(formats: &[(u16, &str)], globals: &[Vec<u8>], sheet: &[Vec<u8>]) -> Vec<u8> {
    let written = formats.iter().filter(|(id, _)| *id >= 164);
    let codes: Vec<u8> = written.flat_map(|(id, code)| record(0x041e, &[numbers(&[*id]), text(code)].concat())).collect();
    let styles: Vec<u8> =
        formats.iter().flat_map(|(id, _)| record(0x00e0, &numbers(&[0, *id, 0, 0, 0, 0, 0, 0, 0, 0]))).collect();
    let mut book = [record(0x0809, &numbers(BOF_BOOK)), codes, styles, globals.concat()].concat();
    // The sheet begins behind its entry, which ends with its name, and the end of the globals.
    let name = [&[5_u8, 1][..], &numbers(&"Лист1".encode_utf16().collect::<Vec<_>>())].concat();
    let place = u32::try_from(book.len() + 4 + 6 + name.len() + 4).unwrap();
    book.extend(record(0x0085, &[&place.to_le_bytes()[..], &[0, 0], &name].concat()));
    book.extend(record(0x000a, &[]));
    assert_eq!(book.len(), place as usize);
    let header: Vec<u8> = (0..).zip(HEAD).flat_map(|(column, name)| label(0, column, name)).collect();
    [book, record(0x0809, &numbers(BOF_SHEET)), header, sheet.concat(), record(0x000a, &[])].concat()
}

#[test]
fn cells_are_what_their_records_say() {
    let sheet = [
        label(1, 0, "Иванов"),
        number(1, 2, 2, 7_707_083_893.0),
        number(1, 3, 1, 29_252.0),
        // Packed: an integer, an integer of hundredths, in one record of two cells.
        record(
            0x00bd,
            &[
                numbers(&[2, 0, 0]),
                (5_u32 << 2 | 2).to_le_bytes().into(),
                numbers(&[0]),
                (1234_u32 << 2 | 3).to_le_bytes().into(),
                numbers(&[1]),
            ]
            .concat(),
        ),
        record(0x0205, &[numbers(&[2, 2, 0]), vec![1, 0]].concat()),
        record(0x0205, &[numbers(&[2, 3, 0]), vec![0x17, 1]].concat()),
        formula(3, 0, [0, 0, 0, 0, 0, 0, 0xff, 0xff]),
        record(0x0207, &text("Петров")),
        formula(3, 1, [3, 0, 0, 0, 0, 0, 0xff, 0xff]),
        formula(3, 2, 42_f64.to_le_bytes()),
        formula(3, 3, [2, 0, 0x2a, 0, 0, 0, 0xff, 0xff]),
    ];
    let table = open(file("a.xls", bare(&[], &sheet)));
    assert_eq!(table.format, Format::Xls);
    let rows = rows(&table);
    assert_eq!(cells(&rows[0]), ["Иванов", "", "007707083893", "1980-02-01"]);
    assert_eq!(cells(&rows[1]), ["5", "12.34", "TRUE", "#REF!"]);
    assert_eq!(cells(&rows[2]), ["Петров", "", "42", "#N/A"]);
    assert_eq!(rows[0].cells.kind(2), CellKind::Number(7_707_083_893.0));
    assert!(matches!(rows[0].cells.kind(3), CellKind::Date(_)));
    assert_eq!((rows[1].cells.kind(2), rows[1].cells.kind(3)), (CellKind::Bool(true), CellKind::Error));
}

#[test]
fn both_date_systems_and_the_day_that_never_was() {
    let sheet = |serials: &[f64]| (1..).zip(serials).map(|(row, &serial)| number(row, 3, 1, serial)).collect::<Vec<_>>();
    let dates = |globals: &[Vec<u8>], serials: &[f64]| {
        let table = open(file("a.xls", bare(globals, &sheet(serials))));
        rows(&table).iter().map(|row| row.cells.text(3).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(dates(&[], &[1.0, 59.0, 60.0, 61.0, -1.0]), ["1900-01-01", "1900-02-28", "60", "1900-03-01", "-1"]);
    assert_eq!(dates(&[record(0x0022, &[1, 0])], &[27_790.0, 1.0]), ["1980-02-01", "1904-01-02"]);
}

#[test]
fn texts_run_on_into_the_next_record() {
    // Two texts: one changes from wide to narrow letters where the record ends, one has changes of its look behind it.
    let first = [&numbers(&[6])[..], &[1], &numbers(&"Ива".encode_utf16().collect::<Vec<_>>())].concat();
    let rest = [&[0][..], b"nov", &numbers(&[4]), &[8], &numbers(&[1]), b"Petr", &[0; 4]].concat();
    let table = [vec![0; 8], first].concat();
    let shared = |row: u16, index: u32| record(0x00fd, &[numbers(&[row, 0, 0]), index.to_le_bytes().into()].concat());
    let book = bare(&[record(0x00fc, &table), record(0x003c, &rest)], &[shared(1, 0), shared(2, 1)]);
    let read = rows(&open(file("a.xls", book)));
    assert_eq!([read[0].cells.text(0), read[1].cells.text(0)], ["Иваnov", "Petr"]);
    let missing = bare(&[], &[shared(1, 7)]);
    assert!(refusal(&file("a.xls", missing), &ReadSettings::default()).to_string().contains("row 2 names a text"));
}

#[test]
fn hidden_rows_filters_and_merged_cells_are_told() {
    let row = |row: u16, flags: u16| record(0x0208, &numbers(&[row, 0, 4, 255, 0, 0, flags, 0]));
    let sheet = [
        row(1, 0),
        row(2, 0x20),
        // Hidden paper below the table is nobody's row.
        row(50, 0x20),
        label(1, 0, "Иванов"),
        label(1, 1, "Пётр"),
        label(2, 0, "Смирнова"),
        record(0x00e5, &numbers(&[1, 1, 2, 1, 1])),
        record(0x009b, &[]),
    ];
    let table = open(file("a.xls", bare(&[], &sheet)));
    let rows = rows(&table);
    assert_eq!((codes(&rows[0]), codes(&rows[1])), (vec![], vec!["row.hidden", "cell.merged"]));
    assert_eq!(rows[1].faults[1].column, Some(1));
    assert_eq!(table.description.hidden_rows, 1);
    let notes = table.description.notes.join("\n");
    for told in ["Лист1: a filter is on", "1 hidden rows", "1 merged areas"] {
        assert!(notes.contains(told), "{notes}");
    }
}

#[test]
fn rows_out_of_order_are_put_in_order() {
    let sheet = [label(3, 0, "в"), label(1, 0, "а"), label(2, 0, "б"), label(1, 1, "п")];
    let table = open(file("a.xls", bare(&[], &sheet)));
    let seen: Vec<_> = rows(&table).iter().map(|row| (row.place.line, row.cells.text(0).to_owned())).collect();
    assert_eq!(seen, [(2, "а".to_owned()), (3, "б".to_owned()), (4, "в".to_owned())]);
}

#[test]
fn passwords_and_older_programs_are_named() {
    let locked = bare(&[record(0x002f, &[1, 0, 1, 0])], &[]);
    assert!(matches!(refusal(&file("a.xls", locked), &ReadSettings::default()), ReadError::Encrypted { .. }));
    let told = |bytes: &[u8]| refusal(&file("a.xls", bytes), &ReadSettings::default()).to_string();
    assert!(told(b"\x09\x04\x06\x00\x00\x00\x10\x00\x18\0").contains("a workbook of Excel 4"));
    let whole = bare(&[], &[label(1, 0, "а"), label(2, 0, "б")]);
    assert!(told(&whole[..whole.len() - 8]).contains("cut off"));
}

/// A container of five sectors with these links between them; its directory names one stream that begins in sector 2.
fn container(links: [u32; 5], directory_at: u32, stream: &str, bytes: u32) -> Vec<u8> {
    const FREE: u32 = 0xffff_ffff;
    let mut header = [&b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"[..], &[0; 16], &numbers(&[0x3e, 3, 0xfffe, 9, 6]), &[0; 10]].concat();
    for value in [1, directory_at, 0, 4096, 0xffff_fffe, 0, 0xffff_fffe, 0, 0] {
        header.extend(value.to_le_bytes());
    }
    header.resize(512, 0xff);
    let fat: Vec<u8> = (0..128).flat_map(|index| links.get(index).copied().unwrap_or(FREE).to_le_bytes()).collect();
    let entry = |name: &str, kind: u8, start: u32, bytes: u32| {
        let mut entry = numbers(&name.encode_utf16().collect::<Vec<_>>());
        entry.resize(64, 0);
        entry.extend(numbers(&[u16::try_from(name.len() * 2 + 2).unwrap()]));
        entry.extend([kind, 1]);
        entry.resize(116, 0xff);
        entry.extend([start, bytes, 0].iter().flat_map(|value: &u32| value.to_le_bytes()));
        entry
    };
    let mut directory = [entry("Root Entry", 5, 0xffff_fffe, 0), entry(stream, 2, 2, bytes)].concat();
    directory.resize(512, 0);
    [header, fat, directory, vec![0; 3 * 512]].concat()
}

#[test]
fn containers_that_loop_or_hide_something_end_in_words() {
    const END: u32 = 0xffff_fffe;
    const TABLE: u32 = 0xffff_fffd;
    let told = |links: [u32; 5], directory_at: u32, stream: &str, bytes: u32| {
        refusal(&file("a.xls", container(links, directory_at, stream, bytes)), &ReadSettings::default())
    };
    let loops = told([TABLE, END, 3, 2, END], 1, "Workbook", u32::MAX);
    assert!(loops.to_string().contains("comes back to itself"), "{loops}");
    let loops = told([TABLE, 1, 3, 4, END], 1, "Workbook", 1500);
    assert!(loops.to_string().contains("comes back to itself"), "{loops}");
    assert!(matches!(told([TABLE, END, 3, 4, END], 99, "Workbook", 1500), ReadError::Damaged { .. }));
    assert!(matches!(told([TABLE, END, 3, 4, END], 1, "EncryptedPackage", 5000), ReadError::Encrypted { .. }));
    assert!(told([TABLE, END, 3, 4, END], 1, "WordDocument", 5000).to_string().contains("a Word document"));
    assert!(told([TABLE, END, 3, 4, END], 1, "Other", 5000).to_string().contains("without a workbook"));
}
