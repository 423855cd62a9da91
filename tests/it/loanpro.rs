//! LoanPro from the user's side: a file of borrowers is rehearsed and reported, and every body can be made from a row.

use std::fs;

use chrono::NaiveDate;
use clientferry::contract::{Registry, Today, Violation};
use serde_json::{Map, Value, json};

use super::bless::{assert_committed, in_project};
use super::program::Program;
use super::samples::make::line;

const LEDGER: &str = "ledger.jsonl";

/// Bodies in the order in which they were created.
fn ledger(program: &Program) -> Vec<Value> {
    let text = fs::read_to_string(program.path(LEDGER)).expect("a ledger");
    text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

/// Imports a sample into the sandbox and compares what the report says with the golden file.
fn rehearse(sample: &str, mapping: &str, operation: &str) -> Program {
    let program = Program::new();
    program.put("clients.csv", &fs::read(in_project(&format!("samples/{sample}"))).expect("the sample"));
    let mapping = in_project(&format!("samples/{mapping}")).display().to_string();
    let import = ["import", "clients.csv", "--to", operation, "--mapping", &mapping, "--sandbox"];
    program.expect(&[1], &[&import[..], &["--ledger", LEDGER, "--out", "report"]].concat());
    let mut told = String::from("line,outcome,code,field\n");
    for row in program.lines("report/outcomes.csv") {
        told.push_str(&format!("{},{},{},{}\n", row["line"], row["outcome"], row["code"], row["field"]));
    }
    for (what, sums) in ["outcomes", "faults"].map(|what| (what, program.json("report/summary.json")[what].clone())) {
        told.push_str(&format!("\n{what}\n"));
        for (name, count) in sums.as_object().expect("sums by name") {
            told.push_str(&format!("{name} {count}\n"));
        }
    }
    assert_committed(&format!("tests/golden/{sample}.txt"), told.as_bytes());
    program
}

#[test]
fn the_samples_of_companies_are_rehearsed_as_committed() {
    let program = rehearse("loanpro-companies.csv", "loanpro-companies.toml", "loanpro/company");
    assert!(ledger(&program).iter().any(|entry| entry["body"]["companyName"] == "Sample Paving LLC"));
    let program = rehearse("loanpro-flooring.csv", "loanpro-flooring.toml", "loanpro/flooring");
    assert!(ledger(&program).iter().any(|entry| entry["body"]["creditLimit"] == 250_000));
}

#[test]
fn the_sample_is_rehearsed_as_committed() {
    let program = rehearse("loanpro-borrowers.csv", "loanpro-mapping.toml", "loanpro/individual");
    let bodies = ledger(&program);
    let body = |id: &str| &bodies.iter().find(|entry| entry["body"]["customId"] == id).expect("a created customer")["body"];
    assert_eq!(body("LP-001")["MailAddress"]["address1"], "PO Box 501");
    assert_eq!(body("LP-002")["MailAddress"], body("LP-002")["PrimaryAddress"], "copied where the row says nothing of it");
    let warned: Vec<String> = program.lines("report/outcomes.csv").iter().map(|row| row["message"].clone()).collect();
    let warned: Vec<&String> = warned.iter().filter(|message| message.contains("the provider warns")).collect();
    // Neither the other customer's name nor the number that both have.
    assert!(warned.len() == 3 && warned.iter().all(|message| !message.contains("Ada") && !message.contains("555")), "{warned:?}");
}

/// Header and cell of every member, by its path.
fn cells(value: &Value, path: &str, found: &mut Map<String, Value>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter().filter(|(name, _)| !matches!(name.as_str(), "customerType" | "__ignoreWarnings"))
            {
                cells(member, &if path.is_empty() { name.clone() } else { format!("{path}.{name}") }, found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                cells(item, &format!("{path}[{index}]"), found);
            }
        }
        leaf => {
            found.insert(path.to_owned(), leaf.clone());
        }
    }
}

/// As a person would write it.
fn as_people_write(path: &str, value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if path.ends_with("income") || path == "creditLimit" => return format!("${number}"),
        Value::Number(number) => return number.to_string(),
        Value::Bool(flag) => return if *flag { "yes" } else { "no" }.to_owned(),
        other => panic!("{other} at {path}"),
    };
    let name = path.rsplit('.').next().unwrap_or(path);
    let code = text.rsplit('.').next().unwrap_or(&text).to_owned();
    match name {
        "birthDate" | "hireDate" | "payDate" => {
            let parts: Vec<&str> = text.split('-').collect();
            format!("{}/{}/{}", parts[1], parts[2], parts[0])
        }
        "ssn" => format!("{}-{}-{}", &text[..3], &text[3..5], &text[5..]),
        "phone" | "primaryPhone" | "secondaryPhone" => format!("({}) {}-{}", &text[..3], &text[3..6], &text[6..]),
        "zipcode" if text.len() == 9 => format!("{}-{}", &text[..5], &text[5..]),
        "state" => code,
        "country" => if code == "usa" { "United States" } else { "Canada" }.to_owned(),
        "gender" => code[..1].to_uppercase(),
        "payDateFrequency" if code == "biWeekly" => "Bi-weekly".to_owned(),
        "incomeFrequency" if code == "annually" => "Yearly".to_owned(),
        _ => text,
    }
}

/// What a body becomes when a row makes it: control members are never set by columns, flags are written as 0 and 1, an empty
/// part is left out, and what no column may set is not there.
fn expected(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "__ignoreWarnings" | "verify" | "carrierVerified"))
            .map(|(name, member)| {
                let is_flag = matches!(name.as_str(), "isPrimary" | "isSecondary" | "isLandLine" | "active");
                let flag = member.as_str().and_then(|text| text.parse::<u8>().ok()).filter(|_| is_flag);
                (name.clone(), flag.map_or_else(|| expected(member), Value::from))
            })
            .filter(|(_, member)| member.as_object().is_none_or(|members| !members.is_empty()))
            .collect(),
        Value::Array(items) => items.iter().map(expected).collect(),
        leaf => leaf.clone(),
    }
}

#[test]
fn every_valid_body_is_made_from_a_row_and_arrives_unchanged() {
    let mut count = 0;
    for entry in fs::read_dir(in_project("tests/vectors/loanpro/valid")).expect("the vectors are there") {
        let path = entry.expect("a file").path();
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
        let body: Value = serde_json::from_slice(&fs::read(&path).expect("a readable file")).expect("a vector is JSON");
        let body = expected(&body);
        let mut members = Map::new();
        cells(&body, "", &mut members);
        let headers: Vec<String> = members.keys().map(|path| format!("Column of {path}")).collect();
        let values: Vec<String> = members.iter().map(|(path, value)| as_people_write(path, value)).collect();
        let mut mapping = String::from("[columns]\n");
        for path in members.keys() {
            mapping.push_str(&format!("\"Column of {path}\" = \"{path}\"\n"));
        }
        mapping.push_str("[formats]\n");
        for path in members.keys().filter(|path| path.ends_with("Date")) {
            mapping.push_str(&format!("\"{path}\" = \"MM/DD/YYYY\"\n"));
        }
        let program = Program::new();
        program.put("clients.csv", format!("{}{}", line(&headers, ';'), line(&values, ';')).as_bytes());
        program.put("mapping.toml", mapping.as_bytes());
        let operation = format!("loanpro/{}", name.split("--").next().expect("a kind"));
        let import = ["import", "clients.csv", "--to", &operation, "--mapping", "mapping.toml", "--sandbox", "--ledger", LEDGER];
        program.expect(&[0], &import);
        let entries = ledger(&program);
        assert_eq!((entries.len(), &entries[0]["body"], &entries[0]["operation"]), (1, &body, &Value::from(operation)), "{name}");
        count += 1;
    }
    assert_eq!(count, 8);
}

#[test]
fn headers_of_borrowers_map_themselves_and_card_numbers_are_refused_with_the_reason() {
    let program = Program::new();
    program.put("borrowers.csv", &fs::read(in_project("samples/loanpro-borrowers.csv")).expect("the sample"));
    let proposed = program.expect(&[0], &["map", "borrowers.csv", "--to", "loanpro/individual"]);
    let proposed = String::from_utf8(proposed.stdout).expect("a text");
    let committed = fs::read_to_string(in_project("samples/loanpro-mapping.toml")).expect("the mapping");
    for line in committed.lines().skip_while(|line| *line != "[columns]").skip(1).take_while(|line| !line.is_empty()) {
        assert!(proposed.lines().any(|own| own.starts_with(line)), "{line} is not proposed:\n{proposed}");
    }
    program.put("names.csv", b"Full Name,Email\nAda Sample,ada@example.com\n");
    let proposed = program.expect(&[0, 1], &["map", "names.csv", "--to", "loanpro/individual"]);
    assert!(!String::from_utf8_lossy(&proposed.stdout).contains("full_name"), "nobody can tell where a first name ends");
    program.put("names.toml", b"[columns]\n\"Full Name\" = \"full_name\"\n");
    program.expect(&[2], &["check", "names.csv", "--to", "loanpro/individual", "--mapping", "names.toml"]);
    program.put("cards.csv", b"First Name,Card Number\nAda,4111111111111111\n");
    program.put("cards.toml", b"[columns]\n\"Card Number\" = \"payments[0].card_token\"\n");
    let refused = program.expect(&[2], &["check", "cards.csv", "--to", "loanpro/individual", "--mapping", "cards.toml"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("Card Number") && said.contains("tokens") && said.contains("[ignore]"), "{said}");
}

#[test]
fn committed_templates_are_those_of_the_contracts() {
    let program = Program::new();
    for kind in ["individual", "company", "flooring"] {
        for ending in ["csv", "xlsx"] {
            let file = format!("loanpro-{kind}.{ending}");
            program.expect(&[0], &["template", &format!("loanpro/{kind}"), "-o", &file]);
            assert_committed(&format!("templates/{file}"), &fs::read(program.path(&file)).expect("the template is written"));
        }
    }
}

/// What rules of code find in a body, by rule, place and severity.
fn told(body: &Value, kind: &str) -> Vec<String> {
    let operation = Registry::built_in().find(&format!("loanpro/{kind}")).expect("an operation").remove(0);
    let mut found = Vec::new();
    operation.check_rules(body, &Today::new(NaiveDate::from_ymd_opt(2026, 11, 21).expect("a day")), &mut found);
    let line = |violation: &Violation| {
        let rule = violation.rule.as_deref().unwrap_or_default();
        format!("{rule} {} {}", violation.pointer, violation.code.severity().as_str())
    };
    found.iter().map(line).collect()
}

#[test]
fn rules_of_code_find_what_a_schema_cannot_say() {
    let path = in_project("tests/vectors/loanpro/valid/individual--minimal.json");
    let body: Value = serde_json::from_slice(&fs::read(path).expect("the vector")).expect("JSON");
    assert_eq!(told(&body, "individual"), Vec::<String>::new());
    for (members, expected) in [
        (json!({"birthDate": "2026-11-22"}), &["LP-C01 /birthDate error"][..]),
        (json!({"birthDate": "2008-11-22"}), &["LP-C01 /birthDate warning"]),
        (json!({"birthDate": "2008-11-21"}), &[]),
        (json!({"Employer": {"companyName": "A", "hireDate": "2026-11-22"}}), &["LP-C02 /Employer/hireDate warning"]),
        (json!({"ssn": "123456789", "customerIdType": "customer.idType.ssn"}), &["LP-C03 /ssn warning"]),
        (json!({"ssn": "000000000", "customerIdType": "customer.idType.ssn"}), &["LP-C03 /ssn warning", "LP-C04 /ssn warning"]),
        (json!({"ssn": "666123456", "customerIdType": "customer.idType.ssn"}), &["LP-C04 /ssn warning"]),
        (json!({"ssn": "046454287", "customerIdType": "customer.idType.sin"}), &["LP-C04 /ssn warning"]),
        (json!({"ssn": "046454286", "customerIdType": "customer.idType.sin"}), &[]),
        (json!({"MailAddress": {"address1": "1 Main St"}}), &["LP-C05 /MailAddress/zipcode warning"]),
        (json!({"lastName": "4111 1111 1111 1111"}), &["LP-C07 /lastName error"]),
        (
            json!({"CustomFieldValues": {"results": [{"customFieldId": 1, "customFieldValue": "4111111111111111"}]}}),
            &["LP-C07 /CustomFieldValues/results/0/customFieldValue error"],
        ),
        (
            json!({"Phones": {"results": [{"phone": "3125550101"}, {"phone": "1125550101"}]}}),
            &["LP-C12 /Phones/results/1/phone warning"],
        ),
    ] {
        let mut changed = body.clone();
        changed.as_object_mut().expect("a body").extend(members.as_object().expect("members").clone());
        assert_eq!(told(&changed, "individual"), expected, "{members}");
    }
}

#[test]
fn a_rehearsal_keeps_the_settings_of_the_account_that_it_rehearses() {
    let header = "First name,Last name,Email,customId,address,city,state,zip,country,Phone";
    let row = |name: &str, id: u8| format!("{name},Sample,{name}@example.com,C-{id},1 Main St,Chicago,IL,60602,USA,3125550142");
    let program = Program::new();
    program.put("clients.csv", format!("{header}\n{}\n{}\n", row("Ada", 1), row("Ben", 2)).as_bytes());
    program.put(
        "mapping.toml",
        "[columns]\n\"First name\" = \"first_name\"\n\"Last name\" = \"last_name\"\nEmail = \"email\"\ncustomId = \"external_id\"\n\
         address = [\"PrimaryAddress.address1\", \"MailAddress.address1\"]\ncity = [\"PrimaryAddress.city\", \"MailAddress.city\"]\n\
         state = [\"PrimaryAddress.state\", \"MailAddress.state\"]\nzip = [\"PrimaryAddress.zipcode\", \"MailAddress.zipcode\"]\n\
         country = [\"PrimaryAddress.country\", \"MailAddress.country\"]\nPhone = \"phones[0].number\"\n"
            .as_bytes(),
    );
    program.put(
        "clientferry.toml",
        b"[accounts.real]\nprovider = \"loanpro\"\nbase_url = \"https://nowhere.invalid/api\"\ntenant_id = \"7\"\n\
          [accounts.real.duplicates]\nphone = \"force\"\nprimary_address = \"force\"\nmail_address = \"force\"\n",
    );
    let import = ["import", "clients.csv", "--to", "loanpro/individual", "--mapping", "mapping.toml", "--sandbox", "--out", "o"];
    program.expect(&[0], &[&import[..], &["--account", "real"]].concat());
    assert_eq!(program.json("o/summary.json")["outcomes"]["created"], 2);
    program.expect(&[2], &[&import[..], &["--account", "nobodys"]].concat());
}
