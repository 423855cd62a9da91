//! Sheets of XLSX workbooks: several as one source, what they hide, parts that would not end; sheets of a binary workbook.

use clientferry::read::{ReadError, ReadSettings};
use rust_xlsxwriter::{FilterCondition, Format, Workbook, Worksheet};

use super::{Made, cells, codes, file, open, refusal, rows, try_open, zipped};
use crate::damage::{HEADER as CLIENT_HEADER, TAIL};
use crate::program::Program;

fn table<'a>(book: &'a mut Workbook, name: &str, header: &[&str], rows: &[[&str; 2]]) -> &'a mut Worksheet {
    let sheet = book.add_worksheet().set_name(name).unwrap();
    for (column, title) in (0..).zip(header) {
        sheet.write(0, column, *title).unwrap();
    }
    for (row, cells) in (1..).zip(rows) {
        sheet.write(row, 0, cells[0]).unwrap();
        sheet.write(row, 1, cells[1]).unwrap();
    }
    sheet
}

fn saved(mut book: Workbook) -> Made {
    file("a.xlsx", book.save_to_buffer().unwrap())
}

const HEADER: &[&str] = &["Фамилия", "Имя"];

#[test]
fn all_sheets_of_one_header_are_one_source() {
    let mut book = Workbook::new();
    table(&mut book, "Банки", &["Имя", "ИНН", "Телефон"], &[["Банк", "1"]]);
    table(&mut book, "Север", HEADER, &[["Иванов", "Пётр"], ["Орлова", "Анна"]]);
    book.add_worksheet().set_name("Пусто").unwrap();
    table(&mut book, "Архив", HEADER, &[["Старый", "Иван"]]).set_hidden(true);
    table(&mut book, "Юг", HEADER, &[["Смирнова", "Ольга"]]);
    let made = saved(book);
    let all = ReadSettings { sheet: Some("all".into()), ..ReadSettings::default() };
    let table = try_open(&made, &all).unwrap();
    assert_eq!(table.source.sheets.iter().map(|name| &**name).collect::<Vec<_>>(), ["Север", "Юг"]);
    let read = rows(&table);
    let seen: Vec<_> =
        read.iter().map(|row| (table.source.sheet(row.place), row.place.line, row.place.ordinal, row.cells.text(0))).collect();
    assert_eq!(seen, [("Север", 2, 0, "Иванов"), ("Север", 3, 1, "Орлова"), ("Юг", 2, 2, "Смирнова")]);
    let mut scanned = Vec::new();
    let count = table.scan(&[1], &mut |_, _, text, _| scanned.push(text.to_owned())).unwrap();
    assert_eq!((count.rows, scanned), (3, ["Пётр", "Анна", "Ольга"].map(str::to_owned).to_vec()));
    let notes = table.description.notes.join("\n");
    for told in ["sheet Банки is not read: its header is another one", "hidden sheets that are not read: Архив"] {
        assert!(notes.contains(told), "{notes}");
    }
    let refused = refusal(&made, &ReadSettings::default());
    assert!(refused.hint().contains("--sheet all"), "{}", refused.hint());
}

#[test]
fn what_a_sheet_hides_is_read_and_told() {
    let mut book = Workbook::new();
    let sheet = table(&mut book, "Клиенты", HEADER, &[["Иванов", "Пётр"], ["Орлова", "Анна"], ["Смирнова", ""]]);
    sheet.set_row_hidden(2).unwrap();
    sheet.merge_range(1, 2, 3, 3, "Филиал", &Format::new()).unwrap();
    sheet.autofilter(0, 0, 3, 1).unwrap();
    sheet.filter_column(0, &FilterCondition::new().add_list_filter("Иванов")).unwrap();
    sheet.write(0, 2, "Телефон").unwrap();
    let made = saved(book);
    let table = open(made);
    let read = rows(&table);
    assert_eq!(read.iter().map(|row| row.cells.text(0)).collect::<Vec<_>>(), ["Иванов", "Орлова", "Смирнова"]);
    assert_eq!(codes(&read[0]), Vec::<&str>::new());
    assert!(codes(&read[1]).contains(&"row.hidden"));
    assert!(codes(&read[2]).contains(&"cell.merged"));
    let covered = read[2].faults.iter().find(|fault| fault.column == Some(2)).unwrap();
    assert_eq!(covered.message.to_string(), "the cell is merged with others, whose value stands in row 2");
    let notes = table.description.notes.join("\n");
    for told in ["Клиенты: a filter is on", "hidden rows are read", "1 merged areas"] {
        assert!(notes.contains(told), "{notes}");
    }
}

#[test]
fn hidden_rows_and_merged_cells_stand_in_the_report() {
    let program = Program::new();
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let columns = (0_u16..).zip(CLIENT_HEADER.split(';')).collect::<Vec<_>>();
    for &(column, title) in &columns {
        sheet.write(0, column, title).unwrap();
    }
    for line in 1..=2 {
        let row = format!("{line};Образцов;Иван;{};ОВД;г. Тверь", TAIL.replace("123456", &format!("12345{line}")));
        for (column, cell) in (0_u16..).zip(row.split(';')) {
            sheet.write(line, column, cell).unwrap();
        }
    }
    sheet.set_row_hidden(1).unwrap();
    let place = columns.last().unwrap().0;
    sheet.merge_range(1, place, 2, place, "г. Тверь", &Format::new()).unwrap();
    program.put("a.xlsx", &book.save_to_buffer().unwrap());
    let shown = program.expect(&[0, 1], &["check", "a.xlsx", "--to", "tbank/fl-resident", "--out", "report"]);
    let shown = String::from_utf8_lossy(&shown.stderr).into_owned();
    assert!(shown.contains("note: sheet Sheet1: 1 hidden rows are read like the others"), "{shown}");
    let told = program.lines("report/faults.csv");
    let of = |code: &str| told.iter().filter(|line| line["code"] == code).map(|line| line["line"].clone()).collect::<Vec<_>>();
    assert_eq!((of("row.hidden"), of("cell.merged")), (vec!["2".to_owned()], vec!["3".to_owned()]), "{told:?}");
}

/// A workbook with one part replaced.
fn with_part(name: &str, content: &str) -> Made {
    let mut book = Workbook::new();
    table(&mut book, "Клиенты", HEADER, &[["Иванов", "Пётр"]]);
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(book.save_to_buffer().unwrap())).unwrap();
    let mut parts = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
        parts.push((entry.name().unwrap().into_owned(), bytes));
    }
    parts.iter_mut().filter(|(part, _)| part == name).for_each(|(_, bytes)| *bytes = content.as_bytes().to_vec());
    let parts: Vec<(&str, &[u8])> = parts.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    file("a.xlsx", zipped(&parts))
}

#[test]
fn parts_without_end_are_refused_before_they_fill_the_memory() {
    let told = |name: &str, content: &str| refusal(&with_part(name, content), &ReadSettings::default());
    // Elements of any name may stand in a sheet; the table of texts knows its own.
    for (name, open, deep_words) in [
        ("xl/sharedStrings.xml", "<sst><si><t>", "its table of texts holds something else"),
        ("xl/worksheets/sheet1.xml", "<a><t>", "nested without end"),
    ] {
        let long = told(name, &format!("{open}{}", "x".repeat(20 << 20)));
        assert!(matches!(long, ReadError::Limit { .. }), "{long}");
        let deep = told(name, &"<a>".repeat(10_000)).to_string();
        assert!(deep.contains(deep_words), "{name}: {deep}");
        let laughs = told(name, "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>");
        assert!(laughs.to_string().contains("declares entities"), "{laughs}");
    }
}

#[test]
fn a_far_corner_costs_nothing() {
    let mut book = Workbook::new();
    table(&mut book, "Клиенты", HEADER, &[["Иванов", "Пётр"]]).write(1_048_575, 0, "последний").unwrap();
    let read = open(saved(book));
    let mut last = None;
    let count = read.rows().unwrap().map(Result::unwrap).inspect(|row| last = Some(cells(row).join("|"))).count();
    assert_eq!((count, last.as_deref()), (1_048_575, Some("последний|")));
}
