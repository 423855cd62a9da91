//! `inspect` on files with something to tell: as people read it and as programs do, and without a client's values.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::program::Program;

const HEADER: &str = "ID;Фамилия;Дата рождения;Дата выдачи;Индекс;Дом;Телефон;Примечание";

fn sample() -> Program {
    let program = Program::new();
    let mut text = format!("{HEADER}\n");
    for number in 1..=20 {
        let (postcode, house) = if number == 7 { ("1234", "12.мар") } else { ("101000", "12/4") };
        let phone = if number == 9 { "7,9E+10" } else { "89000000001" };
        text.push_str(&format!(
            "{number};Образцов;03/04/19{number:02};2012-04-05;{postcode};{house};{phone};\n",
            number = number + 50
        ));
    }
    text.push_str(
        "\n80;Лишних;01/02/1980;2012-04-05;101000;1;89000000001;;;\n81;Макетов;01/02/1980;2012-04-05;101000;1;89000000001;\n",
    );
    program.put("clients.csv", text.as_bytes());
    program
}

fn inspect(program: &Program, more: &[&str]) -> String {
    String::from_utf8(program.expect(&[0], &[&["inspect", "clients.csv"], more].concat()).stdout).unwrap()
}

#[test]
fn one_screen_tells_what_a_file_is_and_what_to_do_next() {
    let program = sample();
    let shown = inspect(&program, &["--to", "tbank/fl-resident"]);
    for told in [
        "clients.csv: delimited text",
        "UTF-8",
        "rows       23, 1 of them blank",
        "1 row.long, first in line 23",
        "birth_date 100 %",
        "99/99/9999",
        "settle it below [formats]: \"birth_date\" = \"DD/MM/YYYY\"   # or \"MM/DD/YYYY\"",
        "damage: 1 lost zeros",
        "damage: 1 turned into dates",
        "damage: 1 scientific notation",
        "which the operation requires",
        "next: clientferry map clients.csv --to tbank/fl-resident",
    ] {
        assert!(shown.contains(told), "{told}\n{shown}");
    }
    for value in ["Образцов", "101000", "89000000001", "1951"] {
        assert!(!shown.contains(value), "{value}\n{shown}");
    }
    assert!(inspect(&program, &["--values"]).contains("Образцов"));
    assert!(inspect(&program, &[]).contains("next: clientferry check clients.csv --to OPERATION"));
}

#[test]
fn programs_read_the_same_under_the_keys_of_the_page() {
    let program = sample();
    let told: Value = serde_json::from_str(&inspect(&program, &["--json", "--values"])).unwrap();
    let column = |header: &str| {
        let columns = told["columns"].as_array().unwrap();
        columns.iter().find(|column| column["header"] == header).unwrap_or_else(|| panic!("{header}: {told:#}"))
    };
    assert_eq!((told["rows"].as_u64(), told["faults"][0]["code"].as_str()), (Some(23), Some("row.long")));
    assert_eq!(column("Дата рождения")["date_question"]["settle"], "\"birth_date\" = \"DD/MM/YYYY\"   # or \"MM/DD/YYYY\"");
    assert_eq!(column("Дата рождения")["date_forms"]["99/99/9999"], 21);
    assert_eq!(column("Дата выдачи")["date_question"], Value::Null);
    assert_eq!(column("Индекс")["damage"]["lost_zeros"], 1);
    assert_eq!(column("Дом")["damage"]["turned_into_dates"], 1);
    assert_eq!(column("Телефон")["damage"]["scientific_notation"], 1);
    assert_eq!((column("Примечание")["filled"].as_u64(), column("ID")["filled_percent"].as_u64()), (Some(0), Some(95)));

    let page = include_str!("../../docs/inspect.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let written: BTreeSet<&str> = rows.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
    let mut printed: BTreeSet<&str> = told.as_object().unwrap().keys().map(String::as_str).collect();
    printed.extend(
        told["columns"].as_array().unwrap().iter().flat_map(|column| column.as_object().unwrap().keys().map(String::as_str)),
    );
    assert_eq!(written, printed);
}
