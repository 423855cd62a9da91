//! Damage that plain text cannot show: a row sent back unmended must not pass, and a mended one must.

use std::fs;

use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};

use crate::program::Program;

pub(crate) const HEADER: &str = "ID;Фамилия;Имя;Дата рождения;Гражданство;Телефон;Самозанятый;Серия паспорта;Номер паспорта;Дата выдачи;Код подразделения;Кем выдан;Адрес регистрации";
pub(crate) const TAIL: &str = "1988-03-04;РФ;89000000001;нет;4509;123456;2012-04-05;770-001";

fn check(program: &Program, file: &str) -> (u64, u64) {
    program.expect(&[0, 1], &["check", file, "--to", "tbank/fl-resident", "--out", "report"]);
    let summary = program.json("report/summary.json");
    let count = |outcome: &str| summary["outcomes"][outcome].as_u64().unwrap();
    (count("not_sent"), count("invalid"))
}

#[test]
fn a_row_with_a_stray_quote_sent_back_unmended_stays_where_it_is() {
    let program = Program::new();
    let rows = [
        format!("1;Образцов;Иван;{TAIL};ОВД;г. Тверь"),
        format!("2;Образцов;Пётр;{};\"ОВД \"Центральное\"\";г. Тверь", TAIL.replace("123456", "123457")),
        format!("3;Образцов;Олег;{};\"ОВД;г. Тверь", TAIL.replace("123456", "123458")),
    ];
    program.put("clients.csv", format!("{HEADER}\n{}\n", rows.join("\n")).as_bytes());
    assert_eq!(check(&program, "clients.csv"), (1, 2));

    let rejected = fs::read_to_string(program.path("report/rejected.csv")).unwrap();
    assert!(rejected.contains("#MEND! "), "{rejected}");
    program.put("unmended.csv", rejected.as_bytes());
    assert_eq!(check(&program, "unmended.csv"), (0, 2));
    program.put("mended.csv", rejected.replace("#MEND! ", "").as_bytes());
    assert_eq!(check(&program, "mended.csv"), (2, 0));
}

#[test]
fn shifted_rows_sent_back_unmended_do_not_become_a_layout() {
    let program = Program::new();
    let header = format!("{HEADER};Примечание");
    let good = |number: u32| format!("{number};Образцов;Иван;{};ОВД;г. Тверь;", TAIL.replace("123456", &format!("{number:06}")));
    let shifted = |number: u32| good(number).replace("г. Тверь", "г. Тверь; ул. Мира");
    let rows: Vec<String> = (1..=20).map(|number| if number % 4 == 0 { shifted(number) } else { good(number) }).collect();
    program.put("clients.csv", format!("{header}\n{}\n", rows.join("\n")).as_bytes());
    assert_eq!(check(&program, "clients.csv"), (15, 5));
    program.put("unmended.csv", &fs::read(program.path("report/rejected.csv")).unwrap());
    assert_eq!(check(&program, "unmended.csv"), (0, 5));
}

#[test]
fn damaged_cells_of_a_workbook_sent_back_unmended_stay_where_they_are() {
    let program = Program::new();
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (column, header) in (0_u16..).zip(HEADER.split(';')) {
        sheet.write(0, column, header).unwrap();
    }
    let row = format!("1;Образцов;Иван;{TAIL};ОВД;г. Тверь");
    for line in 1..=2 {
        for (column, cell) in (0_u16..).zip(row.split(';')) {
            sheet.write(line, column, cell).unwrap();
        }
    }
    let date = Format::new().set_num_format("dd.mm.yyyy");
    sheet.write_with_format(1, 8, ExcelDateTime::from_ymd(2020, 1, 1).unwrap(), &date).unwrap();
    sheet.write_formula(2, 12, Formula::new("=NA()").set_result("#N/A")).unwrap();
    sheet.write(2, 8, "123459").unwrap();
    program.put("clients.xlsx", &workbook.save_to_buffer().unwrap());
    assert_eq!(check(&program, "clients.xlsx"), (0, 2));

    program.put("unmended.csv", &fs::read(program.path("report/rejected.csv")).unwrap());
    assert_eq!(check(&program, "unmended.csv"), (0, 2));
}
