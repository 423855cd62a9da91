//! Workbooks: cells, sheets, formulas, damage.

use super::*;

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
