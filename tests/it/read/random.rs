//! Texts of every kind, written and read back.

use super::*;

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
