//! Templates: the committed ones are what the program writes, and what is filled in comes back as the client that was meant.

use std::fs;

use calamine::{Data, Reader, SheetVisible, Xlsx, open_workbook};
use clientferry::contract::Registry;
use clientferry::model::Code;
use rust_xlsxwriter::Workbook;
use serde_json::Value;

use super::bless::{assert_committed, in_project};
use super::program::Program;
use super::samples::make::line;

/// Every operation with a valid body that a template of two documents and two addresses can hold.
const FILLED: [(&str, &str); 7] = [
    ("fl-resident", "fl-resident--full"),
    ("fl-nonresident", "fl-nonresident--two-documents"),
    ("ip-resident", "ip-resident--full"),
    ("ip-nonresident", "ip-nonresident--two-documents"),
    ("ul-resident", "ul-resident--full"),
    ("ul-nonresident", "ul-nonresident--kio"),
    ("lite-contact", "lite-contact--only-form"),
];

fn vector(name: &str) -> Value {
    let path = in_project(&format!("tests/vectors/tbank/valid/{name}.json"));
    serde_json::from_slice(&fs::read(path).expect("the vector is there")).expect("the vector is JSON")
}

/// What a person would write under a template's header for this body.
fn cell(header: &str, body: &Value) -> String {
    let text = |value: Option<&Value>| match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Bool(flag)) => if *flag { "yes" } else { "no" }.to_owned(),
        Some(other) => panic!("{other} under {header}"),
        None => String::new(),
    };
    if let Some((item, part)) = header.split_once(": ") {
        let (list, number) = item.split_once(' ').expect("a number");
        let place = number.parse::<usize>().expect("a number") - 1;
        let (list, members) = match list {
            "Document" => ("documents", DOCUMENT_PARTS),
            "Address" => ("addresses", ADDRESS_PARTS),
            other => panic!("no list {other}"),
        };
        let member = members.iter().find(|(known, _)| *known == part).unwrap_or_else(|| panic!("no part {part}")).1;
        return text(body.get(list).and_then(|items| items.get(place)).and_then(|item| item.get(member)));
    }
    if header == "External ID" {
        return "A-1".to_owned();
    }
    let member = MEMBERS.iter().find(|(known, _)| *known == header).unwrap_or_else(|| panic!("no member for {header}")).1;
    text(body.get(member))
}

const DOCUMENT_PARTS: &[(&str, &str)] = &[
    ("type", "type"),
    ("series", "serial"),
    ("number", "number"),
    ("issue date", "date"),
    ("issuer", "organization"),
    ("division code", "division"),
    ("expiry date", "expireDate"),
];
const ADDRESS_PARTS: &[(&str, &str)] = &[("type", "type"), ("line", "address")];
const MEMBERS: &[(&str, &str)] = &[
    ("Last name", "lastName"),
    ("First name", "firstName"),
    ("Middle name", "middleName"),
    ("Self-employed", "isSelfEmployed"),
    ("Birth date", "birthDate"),
    ("Birth place", "birthPlace"),
    ("Citizenship", "citizenship"),
    ("Phone", "phoneNumber"),
    ("E-mail", "email"),
    ("INN", "inn"),
    ("SNILS", "snils"),
    ("OGRN", "ogrn"),
    ("OGRNIP", "ogrn"),
    ("Registration date", "registrationDate"),
    ("Organisation name", "name"),
    ("Legal form", "opf"),
    ("Registration number", "registrationNumber"),
    ("NZA", "nza"),
    ("KIO", "kio"),
];

/// The rows of a workbook's first sheet, as they stand.
fn rows_of(program: &Program, file: &str) -> Vec<Vec<String>> {
    let mut workbook: Xlsx<_> = open_workbook(program.path(file)).expect("a workbook");
    let range = workbook.worksheet_range_at(0).expect("a sheet").expect("a readable sheet");
    let text = |cell: &Data| if let Data::String(text) = cell { text.clone() } else { String::new() };
    range.rows().map(|row| row.iter().map(text).collect()).collect()
}

fn check_is_good(program: &Program, file: &str, operation: &str) {
    program.expect(&[0], &["check", file, "--to", operation, "--out", file.split('.').next_back().expect("an ending")]);
    let summary = program.json(&format!("{}/summary.json", file.split('.').next_back().expect("an ending")));
    assert_eq!(summary["outcomes"]["not_sent"], 1, "{operation} from {file}: {summary:#}");
    // The vectors' documents expire some day, which is a warning.
    let faults = summary["faults"].as_object().expect("faults by code");
    assert!(faults.keys().all(|code| code == Code::DocumentExpired.as_str()), "{operation} from {file}: {faults:?}");
    assert_eq!(summary["ignored_columns"], serde_json::json!([]), "{operation} from {file}");
}

#[test]
fn committed_templates_are_those_of_the_contracts() {
    let program = Program::new();
    for operation in Registry::built_in().operations() {
        for ending in ["csv", "xlsx"] {
            let file = format!("{}.{ending}", operation.name.replace('/', "-"));
            program.expect(&[0], &["template", &operation.name, "-o", &file]);
            assert_committed(&format!("templates/{file}"), &fs::read(program.path(&file)).expect("the template is written"));
        }
    }
}

#[test]
fn drop_downs_have_their_lists_on_a_hidden_sheet() {
    let mut workbook: Xlsx<_> = open_workbook(in_project("templates/tbank-fl-nonresident.xlsx")).expect("a workbook");
    let sheets: Vec<(String, SheetVisible)> =
        workbook.sheets_metadata().iter().map(|sheet| (sheet.name.clone(), sheet.visible)).collect();
    assert_eq!(sheets, [("tbank fl-nonresident".into(), SheetVisible::Visible), ("lists".into(), SheetVisible::Hidden)]);
    let lists = workbook.worksheet_range("lists").expect("a readable sheet");
    let column = |index: usize| lists.rows().map(|row| row[index].to_string()).filter(|cell| !cell.is_empty()).count();
    // Yes and no, kinds of documents, kinds of addresses.
    assert_eq!((0..lists.width()).map(column).collect::<Vec<_>>(), [2, 12, 5]);
}

#[test]
fn a_filled_csv_template_is_understood() {
    for (kind, name) in FILLED {
        let program = Program::new();
        let operation = format!("tbank/{kind}");
        program.expect(&[0], &["template", &operation, "-o", "filled.csv"]);
        let mut text = fs::read_to_string(program.path("filled.csv")).expect("the template is written");
        let header = text.trim_start_matches('\u{feff}').trim_end().to_owned();
        let cells: Vec<String> = header.split(';').map(|header| cell(header, &vector(name))).collect();
        text.push_str(&line(&cells, ';'));
        program.put("filled.csv", text.as_bytes());
        check_is_good(&program, "filled.csv", &operation);
    }
}

#[test]
fn a_filled_workbook_template_is_understood() {
    for (kind, name) in FILLED {
        let program = Program::new();
        let operation = format!("tbank/{kind}");
        program.expect(&[0], &["template", &operation, "-o", "template.xlsx"]);
        let rows = rows_of(&program, "template.xlsx");
        let [help, header] = &rows[..] else { panic!("a help row and a header, found {rows:?}") };
        assert!(help.iter().all(|help| !help.is_empty()), "{operation}: a column without help");
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        for (column, (help, header)) in (0_u16..).zip(help.iter().zip(header)) {
            sheet.write(0, column, help).expect("a cell");
            sheet.write(1, column, header).expect("a cell");
            let value = cell(header, &vector(name));
            if !value.is_empty() {
                sheet.write(2, column, value).expect("a cell");
            }
        }
        program.put("filled.xlsx", &workbook.save_to_buffer().expect("a workbook"));
        check_is_good(&program, "filled.xlsx", &operation);
    }
}
