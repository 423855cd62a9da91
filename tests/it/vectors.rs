//! From the user's side: every valid body can be made from a spreadsheet row, written as people write, and arrives unchanged.

use std::fs;

use serde_json::Value;

use super::bless::in_project;
use super::program::Program;
use super::samples::make::line;

/// Members that a client has once, by the header under which they stand.
const MEMBERS: [(&str, &str); 18] = [
    ("lastName", "Фамилия"),
    ("firstName", "Имя"),
    ("middleName", "Отчество"),
    ("isSelfEmployed", "Самозанятый"),
    ("birthDate", "Дата рождения"),
    ("birthPlace", "Место рождения"),
    ("citizenship", "Гражданство"),
    ("phoneNumber", "Телефон"),
    ("email", "Эл. почта"),
    ("inn", "ИНН"),
    ("snils", "СНИЛС"),
    ("ogrn", "ОГРН"),
    ("registrationDate", "Дата регистрации"),
    ("name", "Наименование организации"),
    ("opf", "Организационно-правовая форма"),
    ("registrationNumber", "Регистрационный номер"),
    ("nza", "НЗА"),
    ("kio", "КИО"),
];
/// Members of documents and addresses, by the words behind `Документ 1:` and `Адрес 1:`.
const PARTS: [(&str, &str); 8] = [
    ("type", "тип"),
    ("serial", "серия"),
    ("number", "номер"),
    ("date", "дата выдачи"),
    ("organization", "кем выдан"),
    ("division", "код подразделения"),
    ("expireDate", "срок действия"),
    ("address", "строка"),
];

/// The row that a person would write for a body: headers and cells.
fn row_of(body: &Value) -> (Vec<String>, Vec<String>) {
    let mut row = (vec!["ID клиента".to_owned()], vec!["1".to_owned()]);
    let mut put = |header: String, member: &str, value: &Value| {
        row.0.push(header);
        row.1.push(as_people_write(member, value));
    };
    for (member, value) in body.as_object().expect("a body").iter().filter(|(member, _)| *member != "type") {
        let list = match member.as_str() {
            "documents" => "Документ",
            "addresses" => "Адрес",
            single => {
                put(word(&MEMBERS, single).to_owned(), single, value);
                continue;
            }
        };
        for (number, item) in (1..).zip(value.as_array().expect("a list")) {
            for (part, value) in item.as_object().expect("an item") {
                put(format!("{list} {number}: {}", word(&PARTS, part)), part, value);
            }
        }
    }
    row
}

fn word<'w>(words: &[(&str, &'w str)], member: &str) -> &'w str {
    words.iter().find(|(known, _)| *known == member).unwrap_or_else(|| panic!("no header for {member}")).1
}

fn as_people_write(member: &str, value: &Value) -> String {
    let text = match value {
        Value::Bool(true) => return "да".to_owned(),
        Value::Bool(false) => return "нет".to_owned(),
        Value::String(text) => text.as_str(),
        other => panic!("{other} in {member}"),
    };
    match member {
        _ if member.to_lowercase().ends_with("date") => {
            let parts: Vec<&str> = text.rsplit('-').collect();
            parts.join(".")
        }
        "citizenship" => {
            let countries = [("RU", "Россия"), ("BY", "Беларусь"), ("KZ", "Казахстан"), ("UZ", "Узбекистан")];
            word(&countries, text).to_owned()
        }
        "phoneNumber" => {
            text.strip_prefix("+79").map_or_else(|| text.to_owned(), |rest| format!("8 (9{}) {}", &rest[..2], &rest[2..]))
        }
        "serial" if text.len() == 4 => format!("{} {}", &text[..2], &text[2..]),
        "division" => text.replace('-', ""),
        "inn" | "snils" => format!("{} {}", &text[..3], &text[3..]),
        _ => text.to_owned(),
    }
}

#[test]
fn every_valid_body_is_made_from_a_row_and_arrives_unchanged() {
    let folder = in_project("tests/vectors/tbank/valid");
    let mut count = 0;
    for entry in fs::read_dir(folder).expect("the vectors are there") {
        let path = entry.expect("a file").path();
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
        let kind = name.split("--").next().expect("a kind");
        let body: Value = serde_json::from_slice(&fs::read(&path).expect("a readable file")).expect("a vector is JSON");
        let (headers, cells) = row_of(&body);
        let program = Program::new();
        program.put("clients.csv", format!("{}{}", line(&headers, ';'), line(&cells, ';')).as_bytes());
        let operation = format!("tbank/{kind}");
        program.expect(&[0], &["import", "clients.csv", "--to", &operation, "--sandbox", "--ledger", "ledger.jsonl"]);
        let ledger = fs::read_to_string(program.path("ledger.jsonl")).expect("a ledger");
        let entries: Vec<Value> = ledger.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
        let [created] = &entries[..] else { panic!("{name}: {} clients in the ledger", entries.len()) };
        assert_eq!(created["body"], body, "{name}");
        assert_eq!(created["operation"], Value::String(operation), "{name}");
        count += 1;
    }
    assert_eq!(count, 15);
}
