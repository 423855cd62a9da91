//! Delimited text: rows, quotes, encodings, limits.

use super::*;

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
fn a_byte_order_mark_goes_over_an_encoding_that_was_only_hinted() {
    let settings = ReadSettings { encoding_unmarked: Some("windows-1251".into()), ..ReadSettings::default() };
    let marked = file("a.csv", "\u{feff}Фамилия,Имя\nИванов,Пётр\n".as_bytes());
    assert_eq!(columns(&open_with(&marked, &settings)), ["Фамилия", "Имя"]);
    let plain = file("a.csv", b"\xd4\xe0\xec\xe8\xeb\xe8\xff,\xc8\xec\xff\nx,y\n");
    assert_eq!(columns(&open_with(&plain, &settings)), ["Фамилия", "Имя"]);
}
