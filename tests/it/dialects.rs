//! Texts as legacy systems and people leave them: marks, headers, closing lines, spoiled letters. Made here and read back.

use std::fmt::Write as _;

use clientferry::model::{Code, Row, Shape};
use clientferry::read::{self, ReadError, ReadSettings, Table};
use encoding_rs::{IBM866, WINDOWS_1251, WINDOWS_1252};
use proptest::prelude::*;

fn open_with(bytes: &[u8], settings: &ReadSettings) -> Result<(tempfile::TempDir, Table), ReadError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clients.csv");
    std::fs::write(&path, bytes).unwrap();
    let is_header_word = |cell: &str| ["фамилия", "имя", "инн", "телефон"].contains(&cell.to_lowercase().as_str());
    read::open(&path, settings, &is_header_word).map(|table| (folder, table))
}

fn read_all(bytes: &[u8]) -> (Table, Vec<Row>) {
    let (_folder, table) = open_with(bytes, &ReadSettings::default()).unwrap();
    let rows = table.rows().unwrap().map(Result::unwrap).collect();
    (table, rows)
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

#[test]
fn separators_that_no_keyboard_has_divide_cells() {
    for separator in ['\u{1f}', '\u{1}'] {
        let text = "Фамилия;Имя;ИНН\nЩукин;Егор, мл.;1\nЛось;;2\n".replace(';', &separator.to_string());
        let (table, rows) = read_all(text.as_bytes());
        assert_eq!(table.description.delimiter, Some(separator));
        assert_eq!(columns(&table), ["Фамилия", "Имя", "ИНН"]);
        assert_eq!(rows.iter().map(cells).collect::<Vec<_>>(), [["Щукин", "Егор, мл.", "1"], ["Лось", "", "2"]]);
    }
}

#[test]
fn lines_that_are_no_clients_are_named() {
    let text = "Фамилия;Имя;ИНН\nЩукин;Егор;1\n# перенесено из архива\nФамилия;Имя;ИНН\nИтогов;Лев;2\n#5;Глеб;3\n;;\n\
                Итого:;;2\nВсего клиентов 2\nTotal;;\n";
    let (_folder, table) = open_with(text.as_bytes(), &ReadSettings::default()).unwrap();
    let rows: Vec<Row> = table.rows().unwrap().map(Result::unwrap).collect();
    let found: Vec<(u64, Vec<Code>)> = rows.iter().map(|row| (row.place.line, codes(row))).collect();
    let expected = [
        (2, vec![]),
        (3, vec![Code::RowComment]),
        (4, vec![Code::RowRepeatedHeader]),
        (5, vec![]),
        (6, vec![]),
        (7, vec![]),
        (8, vec![Code::RowTotal]),
        (9, vec![Code::RowTotal]),
        (10, vec![Code::RowTotal]),
    ];
    assert!(found == expected, "{found:?}");
    let mut seen = Vec::new();
    let count = table.scan(&[2], &mut |_, _, text, _| seen.push(text.to_owned())).unwrap();
    assert_eq!((count.rows, count.blank, seen), (9, 1, vec!["1".to_owned(), "2".into(), "3".into()]));
}

#[test]
fn whoever_is_called_total_stays_a_client() {
    let (_, rows) = read_all("Фамилия;Имя;ИНН\nВсего;Лев;2\nTotal SA;;Paris\nИтоги;1;\nИтог;1;2\n".as_bytes());
    assert!(rows.iter().all(|row| row.faults.is_empty()));
}

#[test]
fn a_header_of_two_rows_is_joined_and_skipped() {
    let text = "Список клиентов\n\nФамилия;Паспорт;;Прописка;;ИНН\n;Серия;Номер;Город;Улица;\nЩукин;4500;000001;Тверь;Мира;1\n\
                ;Серия;Номер;Город;Улица;\n";
    let (table, rows) = read_all(text.as_bytes());
    assert_eq!(columns(&table), ["Фамилия", "Паспорт Серия", "Паспорт Номер", "Прописка Город", "Прописка Улица", "ИНН"]);
    assert_eq!((table.header.line, table.description.preamble_lines, table.description.text.header_rows), (4, 2, 2));
    assert_eq!((rows[0].place.line, cells(&rows[0])), (5, vec!["Щукин", "4500", "000001", "Тверь", "Мира", "1"]));
    assert!(codes(&rows[1]) == [Code::RowRepeatedHeader]);
}

#[test]
fn without_a_header_the_program_asks_and_takes_zero_for_an_answer() {
    for text in ["1;Щукин\n2;Пробин\n", "Щукин;Тверь\nПробин;Тверь\n"] {
        let asked = open_with(text.as_bytes(), &ReadSettings::default()).unwrap_err();
        assert!(matches!(asked, ReadError::HeaderNotFound { .. }) && asked.hint().contains("--header-row"), "{asked}");
    }
    let settings = ReadSettings { header_row: Some(0), ..ReadSettings::default() };
    for above in ["", "sep=;\n", "\n"] {
        let text = format!("{above}1;Щукин;а\n2;Пробин;б\n3;Лесной\n");
        let (_folder, table) = open_with(text.as_bytes(), &settings).unwrap();
        assert_eq!((columns(&table), table.header.line), (vec!["column 1", "column 2", "column 3"], 0));
        let rows: Vec<Row> = table.rows().unwrap().map(Result::unwrap).collect();
        let shapes: Vec<Shape> = rows.iter().map(|row| row.shape).filter(|shape| *shape != Shape::Blank).collect();
        assert_eq!(shapes, [Shape::Whole, Shape::Whole, Shape::Short], "{above:?}");
    }
}

#[test]
fn other_quotes_and_escapes_are_read() {
    let (table, rows) = read_all("Фамилия,Имя\n'Щукин, мл.','О''Нил'\n'Пробин','Лев'\n".as_bytes());
    assert_eq!((table.description.quote, table.description.text.escape), (Some('\''), None));
    assert_eq!(cells(&rows[0]), ["Щукин, мл.", "О'Нил"]);
    let (table, rows) = read_all("Фамилия,Имя\n\"ООО \\\"Роза, Мак\\\"\",Лев\n\"a\\\\b\",x\nc\\, d,y\n".as_bytes());
    assert_eq!((table.description.quote, table.description.text.escape), (Some('"'), Some('\\')));
    assert_eq!(cells(&rows[0]), ["ООО \"Роза, Мак\"", "Лев"]);
    assert_eq!((rows[1].cells.text(0), rows[2].cells.text(0)), ("a\\b", "c, d"));
    assert!(rows.iter().all(|row| row.faults.is_empty()));
    let (_, rows) = read_all("Фамилия; Имя\n\"Щукин\"; \"Лев; мл.\" \nПробин; \"Егор\" Ильич\n".as_bytes());
    assert_eq!((rows[0].cells.text(1), rows[1].cells.text(1)), ("Лев; мл.", " \"Егор\" Ильич"));
}

#[test]
fn a_decimal_comma_is_no_delimiter_and_line_ends_may_be_mixed() {
    let (table, rows) = read_all("name;sum;share\r\na;1 250,50;2,5\nb;3,75;4,5\rc;1,00;2,00\r\n".as_bytes());
    assert_eq!(table.description.delimiter, Some(';'));
    assert_eq!(rows.iter().map(|row| row.place.line).collect::<Vec<_>>(), [2, 3, 4]);
    assert_eq!(cells(&rows[0]), ["a", "1 250,50", "2,5"]);
}

#[test]
fn double_encoded_text_is_named_cell_by_cell() {
    for encoding in [WINDOWS_1251, WINDOWS_1252, IBM866] {
        let spoiled = encoding.decode_without_bom_handling("Пётр".as_bytes()).0;
        let (_, rows) = read_all(format!("Фамилия;Имя\nЩукин;Лев\nПробин;{spoiled}\nРебров;“С”\n").as_bytes());
        assert!(codes(&rows[1]) == [Code::EncodingDouble], "{:?}", rows[1].faults);
        let fault = &rows[1].faults[0];
        assert_eq!((fault.column, fault.found.as_deref()), (Some(1), Some(format!("{spoiled} ⇒ Пётр").as_str())));
        assert_eq!(rows[1].cells.text(1), spoiled, "nothing is mended silently");
        assert!(rows[0].faults.is_empty() && rows[2].faults.is_empty());
    }
}

#[test]
fn bytes_that_an_encoding_leaves_open_are_faults() {
    let mut bytes = WINDOWS_1251.encode("Фамилия;Имя;ИНН\nЩукин;Лев;1\nПробин;Его").0.into_owned();
    bytes.extend(b"\x98;2\nA\0B;C;3\n");
    let (_, rows) = read_all(&bytes);
    assert!(rows[0].faults.is_empty());
    assert!(codes(&rows[1]) == [Code::EncodingBadBytes] && rows[1].faults[0].column == Some(1));
    assert!(codes(&rows[2]) == [Code::RowNul] && rows[2].faults[0].column == Some(0));
}

/// Pieces of which nasty texts are made.
const PIECES: &[&[u8]] = &[
    b"\"",
    b"'",
    b";",
    b",",
    b"\t",
    b"\n",
    b"\r",
    b"\r\n",
    b"\\",
    b"\0",
    b"#",
    b" ",
    b"\xff",
    b"\xd0",
    b"a",
    b"sep=;\n",
    b"1,5",
    b"Total",
    "Имя".as_bytes(),
    "РџС".as_bytes(),
    b"\xef\xbb\xbf",
    b"\"\"",
    b"'+7",
    b"\xc2\x98",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_or_refused(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..60)) {
        let body = pieces.concat();
        let bytes = ["Фамилия;Имя;ИНН\n".as_bytes(), &body].concat();
        let small = ReadSettings { cell_bytes_max: 40, row_bytes_max: 90, cells_max: 5, ..ReadSettings::default() };
        for settings in [ReadSettings::default(), small] {
            if let Ok((_folder, table)) = open_with(&bytes, &settings) {
                let rows: Vec<Row> = table.rows().unwrap().map(Result::unwrap).collect();
                let count = table.scan(&[0], &mut |_, _, _, _| {}).unwrap();
                prop_assert_eq!(rows.len() as u64, count.rows);
                prop_assert!(rows.windows(2).all(|pair| pair[0].place.line < pair[1].place.line));
                prop_assert!(rows.iter().all(|row| row.cells.len() <= settings.cells_max.max(3)));
            }
        }
    }

    #[test]
    fn every_row_keeps_its_line_and_its_bytes(
        rows in prop::collection::vec(("[а-яёa-z0-9 .-]{1,12}", "[а-яё]{0,8}([;\"][а-яё]{0,4}){0,2}", 0..3_usize), 1..40),
        ends in prop::sample::select(vec!["\n", "\r\n", "\r"]),
    ) {
        let mut text = format!("Фамилия;Имя{ends}");
        let (mut line, mut expected) = (2_u64, Vec::new());
        for (first, second, blank_lines) in &rows {
            text.push_str(&ends.repeat(*blank_lines));
            line += *blank_lines as u64;
            // Writing to a String cannot fail.
            let _ = write!(text, "x{first};\"{}\"{ends}", second.replace('"', "\"\""));
            expected.push((line, format!("x{first}"), second.clone()));
            line += 1;
        }
        let (_, read) = read_all(text.as_bytes());
        let found: Vec<(u64, String, String)> = read
            .iter()
            .filter(|row| row.shape != Shape::Blank)
            .map(|row| (row.place.line, row.cells.text(0).to_owned(), row.cells.text(1).to_owned()))
            .collect();
        prop_assert_eq!(found, expected);
    }
}
