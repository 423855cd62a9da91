//! A provider of two stages and no keys, end to end: a messy base, a bad line, kills, and one file for several providers.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use serde_json::Value;

use super::stage::{SandboxProcess, Stage, lines};
use super::truth::{Ledger, Report, table};
use crate::bless::{assert_committed, in_project};

const PROVIDER: [&str; 2] = ["--provider", "brainysoft"];

fn sandbox(arguments: &[&str]) -> SandboxProcess {
    SandboxProcess::start(&[&PROVIDER, arguments].concat())
}

fn stage(sandbox: &SandboxProcess) -> Stage {
    Stage::new().to(sandbox).with("BRAINYSOFT_CLIENT_ID", "tests").with("BRAINYSOFT_CLIENT_SECRET", "tests")
}

/// Passports in the ledger: each once.
fn assert_nobody_is_twice(ledger: &Ledger) {
    let passports: BTreeSet<String> = ledger.0.iter().map(|entry| entry["body"]["passport"].to_string()).collect();
    assert_eq!(passports.len(), ledger.0.len(), "a person stands twice in the ledger");
}

/// Fails unless the ledger holds exactly the clients that the report calls created.
fn assert_agree(report: &Report, ledger: &Ledger) {
    assert_nobody_is_twice(ledger);
    let ids = |values: Vec<String>| values.into_iter().collect::<BTreeSet<String>>();
    let reported = report.outcomes.iter().filter(|line| line["outcome"] == "created").map(|line| line["provider_id"].clone());
    let held = ledger.0.iter().map(|entry| entry["id"].as_str().unwrap().to_owned());
    assert_eq!(ids(reported.collect()), ids(held.collect()), "left: report, right: ledger");
    report.assert_crosswalk();
}

/// What a report says of every row, as goldens keep it.
fn told(report: &Report, folder: &std::path::Path) -> String {
    let mut text = String::from("line,outcome,code,field,message\n");
    for line in &report.outcomes {
        writeln!(text, "{},{},{},{},{}", line["line"], line["outcome"], line["code"], line["field"], line["message"]).unwrap();
    }
    text.push_str("\nfaults\n");
    for line in table(&folder.join("faults.csv")) {
        writeln!(text, "{},{},{},{}", line["line"], line["code"], line["field"], line["message"]).unwrap();
    }
    text
}

#[test]
fn few_businesses_are_rehearsed_as_committed() {
    for (name, operation) in [("proprietors", "brainysoft/sole-proprietor"), ("companies", "brainysoft/legal-entity")] {
        let stage = Stage::new();
        let mapping = in_project(&format!("samples/brainysoft-{name}.toml")).display().to_string();
        let sample = in_project(&format!("samples/brainysoft-{name}.csv")).display().to_string();
        stage.run(&["import", &sample, "--to", operation, "--mapping", &mapping, "--sandbox"]).expect(1);
        let folder = stage.only_report();
        let report = Report::read(&folder);
        assert!(report.count("created") > 1, "{}", report.summary);
        assert_committed(&format!("tests/golden/brainysoft-{name}.import.txt"), told(&report, &folder).as_bytes());
    }
}

#[test]
fn a_plan_counts_both_requests_and_one_column_may_hold_series_and_number() {
    let stage = Stage::new();
    write_persons(&stage, 3);
    let planned = stage.run(&["plan", "clients.csv", "--to", "brainysoft/individual"]).expect(0);
    assert!(planned.stdout.contains("calls        7 (3 to create with 2 requests each"), "{}", planned.stdout);
    stage.write(
        "one.csv",
        "Фамилия,Имя,Пол,Дата рождения,Паспорт,Дата выдачи паспорта,Телефон,ФИАС,Адрес проживания\n\
         Образцов,Пётр,м,17.02.1970,9900 100001,01.02.2015,+79000000001,a0ed83c6-19b1-4d47-8c6d-0d2ed45b36c1,\"г Москва, д 1\"\n",
    );
    let mapped = stage.run(&["map", "one.csv", "--to", "brainysoft/individual"]);
    assert!(mapped.stdout.contains("series_and_number") && !mapped.stdout.contains("passport.no"), "{}", mapped.stdout);
}

#[test]
fn a_messy_base_is_imported_as_committed() {
    let sandbox = sandbox(&[]);
    let stage = stage(&sandbox);
    let mapping = in_project("samples/brainysoft-borrowers.toml").display().to_string();
    let sample = in_project("samples/brainysoft-borrowers.csv").display().to_string();
    stage.run(&["import", &sample, "--to", "brainysoft/individual", "--mapping", &mapping]).expect(1);
    let folder = stage.only_report();
    let report = Report::read(&folder);
    assert_agree(&report, &Ledger::read(&sandbox.ledger()));
    assert_committed("tests/golden/brainysoft-borrowers.import.txt", told(&report, &folder).as_bytes());
    // What the first row brought, in the object that init gave.
    let body = &Ledger::read(&sandbox.ledger()).0[0]["body"];
    assert_eq!(body["extraFields"][1], serde_json::json!({"key": "client.legacyNumber", "value": "A-1"}));
    assert_eq!((&body["extraFields"][0]["key"], &body["sandboxOpaqueCode"]), (&"client.tenantPreset".into(), &"KEEP-ME".into()));
    assert_eq!((&body["birthCountryId"], &body["meanIncome"]), (&101_042.into(), &85_000.5.into()));
    // The books are kept for reports and nobody else.
    let books = stage.files().into_iter().find(|path| path.parent().is_some_and(|folder| folder.ends_with("books"))).unwrap();
    let mode = |path: &std::path::Path| std::os::unix::fs::PermissionsExt::mode(&path.metadata().unwrap().permissions()) & 0o777;
    assert_eq!((mode(&books), mode(books.parent().unwrap())), (0o600, 0o700));
    stage.run(&["report"]).expect(1);
    assert_eq!(Report::read(&folder).fates(), report.fates());
}

fn write_persons(stage: &Stage, rows: usize) {
    stage.write("clients.csv", persons(rows));
}

/// Rows of invented persons.
pub(super) fn persons(rows: usize) -> String {
    let mut text = String::from("ID,Фамилия,Имя,Пол,Дата рождения,Серия,Номер,Дата выдачи,Телефон,ФИАС,Адрес проживания\n");
    for number in 0..rows {
        let names = ["Образцов", "Примеров", "Макетов", "Шаблонов"];
        writeln!(
            text,
            "K-{number},{},Пётр,м,{:02}.{:02}.1970,9900,{:06},01.02.2015,+7900{number:07},a0ed83c6-19b1-4d47-8c6d-0d2ed45b36c1,\"г Москва, д {number}\"",
            names[number % 4],
            1 + number % 28,
            1 + number % 12,
            number + 1
        )
        .unwrap();
    }
    text
}

const IMPORT: [&str; 4] = ["import", "clients.csv", "--to", "brainysoft/individual"];

#[test]
fn two_thousand_rows_through_faults_and_kills_make_nobody_twice() {
    const ROWS: usize = 2000;
    let faults = [
        "drop_before_commit@1%",
        "drop_after_commit@1%",
        "500_before_commit@0.5%",
        "500_after_commit@0.5%",
        "201_no_id@0.5%",
        "odd=status_missing@0.5%",
        "201_cut@0.5%",
        "429=0@1%",
        "503@read#900",
    ];
    let arguments: Vec<&str> =
        ["--switch", "token_calls=700"].into_iter().chain(faults.iter().flat_map(|fault| ["--fault", fault])).collect();
    let sandbox = sandbox(&arguments);
    let mut stage = stage(&sandbox).with("CLIENTFERRY_NO_ANSWER_STOP", "1000").with("CLIENTFERRY_SAME_REJECTION_STOP", "1000");
    stage.set("CLIENTFERRY_REQUESTS_PER_SECOND", "5000");
    write_persons(&stage, ROWS);
    for clients in [300, 700] {
        let started = stage.start(&IMPORT);
        sandbox.wait_for_clients(clients);
        std::thread::sleep(Duration::from_millis(3));
        assert!(started.kill(), "the run had ended before it was killed");
        assert_nobody_is_twice(&Ledger::read(&sandbox.ledger()));
    }
    stage.run(&IMPORT);
    let report = Report::read(&stage.only_report());
    report.assert_no_row_is_lost(ROWS);
    assert_nobody_is_twice(&Ledger::read(&sandbox.ledger()));
    // What is not settled says what to look at.
    for line in report.outcomes.iter().filter(|line| line["outcome"] == "unknown") {
        assert!(!line["message"].is_empty() && line["next_step"].contains("resolve"), "{line:?}");
    }
    // The next run looks again before it sends: absent then, and absent now.
    sandbox.set_faults(&[]);
    let before = lines(&sandbox.ledger());
    stage.run(&["resolve"]);
    assert_eq!(lines(&sandbox.ledger()), before, "resolving sends nobody");
    stage.run(&IMPORT);
    let report = Report::read(&stage.only_report());
    report.assert_no_row_is_lost(ROWS);
    assert_eq!(report.count("unknown"), 0, "{}", report.summary);
    let ledger = Ledger::read(&sandbox.ledger());
    assert_nobody_is_twice(&ledger);
    // An error with an envelope that left nothing behind counts as a refusal.
    assert_eq!(report.count("created") + report.count("rejected"), ROWS, "{}", report.summary);
    assert_eq!(ledger.0.len(), report.count("created"));
}

#[test]
fn what_cannot_be_searched_stays_unknown_until_it_can() {
    let sandbox = sandbox(&["--fault", "drop_after_commit@#3-5", "--fault", "503@read:search#1-40"]);
    // A provider whose search is down is waited for; here it is not worth it.
    let stage = stage(&sandbox).with("CLIENTFERRY_BREAKER_FAILURES", "0");
    write_persons(&stage, 20);
    stage.run(&IMPORT).expect(1);
    let report = Report::read(&stage.only_report());
    assert_eq!((report.count("unknown"), report.count("created")), (3, 17), "{}", report.summary);
    sandbox.set_faults(&[]);
    stage.run(&["resolve"]).expect(0);
    let report = Report::read(&stage.only_report());
    assert_eq!(report.count("unknown"), 0, "{}", report.summary);
    assert_agree(&report, &Ledger::read(&sandbox.ledger()));
}

#[test]
fn one_file_goes_to_several_providers_with_one_mapping() {
    let file = in_project("samples/three-ways.csv").display().to_string();
    let mapping = in_project("samples/three-ways.toml").display().to_string();
    // A provider that comes is a line here: its operation, and where its bodies hold the last name.
    let operations = [
        ("tbank/fl-resident", "/lastName"),
        ("brainysoft/individual", "/lastName"),
        ("finlego/onboarding-individual", "/lastName"),
    ];
    for (operation, last_name) in operations {
        let provider = operation.split('/').next().unwrap();
        let sandbox = SandboxProcess::start(&["--provider", provider, "--rate", "none"]);
        let stage = stage(&sandbox);
        stage.run(&["import", &file, "--to", operation, "--mapping", &mapping]).expect(0);
        let ledger = Ledger::read(&sandbox.ledger());
        assert_eq!(ledger.0.len(), 12, "{operation}");
        assert!(ledger.0.iter().all(|entry| entry["operation"] == operation && entry["body"].pointer(last_name).is_some()));
        // What one provider asks for does not reach another that takes any path.
        assert_eq!(ledger.0.iter().any(|entry| entry["body"].get("riskLevel").is_some()), provider == "finlego", "{operation}");
    }
}

#[test]
fn where_a_client_is_registered_is_not_sent_as_where_he_lives() {
    let sandbox = sandbox(&[]);
    let stage = stage(&sandbox);
    let fias = "a0ed83c6-19b1-4d47-8c6d-0d2ed45b36c1";
    let head = "Фамилия,Имя,Пол,Дата рождения,Серия,Номер,Дата выдачи,Телефон,ФИАС,Адрес,ФИАС 2,Адрес 2\n";
    let row = |number: u32, rest: &str| {
        format!(
            "Образцов,Пётр,м,17.02.1970,9900,10000{number},01.02.2015,+7900000000{number},{fias},\"г Москва, д {number}\",{rest}\n"
        )
    };
    stage.write("clients.csv", format!("{head}{}{}", row(1, ","), row(2, &format!("{fias},\"г Тверь, д 9\""))));
    let columns = "[columns]\n\"Фамилия\" = \"last_name\"\n\"Имя\" = \"first_name\"\n\"Пол\" = \"gender\"\n\"Дата рождения\" = \"birth_date\"\n\
         \"Серия\" = \"documents[0].series\"\n\"Номер\" = \"documents[0].number\"\n\"Дата выдачи\" = \"documents[0].issue_date\"\n\
         \"Телефон\" = \"phone\"\n\"ФИАС\" = \"addresses[0].fias\"\n\"Адрес\" = \"addresses[0].text\"\n\
         \"ФИАС 2\" = \"addresses[1].fias\"\n\"Адрес 2\" = \"addresses[1].text\"\n\
         [constants]\n\"addresses[0].type\" = \"registration address\"\n\"addresses[1].type\" = \"фактический адрес\"\n";
    let arguments = ["import", "clients.csv", "--to", "brainysoft/individual", "--mapping", "mapping.toml"];
    stage.write("mapping.toml", columns);
    stage.run(&arguments).expect(1);
    let lines = Report::read(&stage.only_report()).outcomes;
    assert_eq!(lines.iter().map(|line| line["outcome"].as_str()).collect::<Vec<_>>(), ["invalid", "created"]);
    assert_eq!(lines[0]["field"], "addressData");
    assert!(
        lines[0]["message"].contains("copy_when_empty = { addressData = \"registrationAddressData\" }"),
        "{}",
        lines[0]["message"]
    );
    let address = |at: usize| Ledger::read(&sandbox.ledger()).0[at]["body"]["addressData"]["fullAddressText"].clone();
    assert_eq!(address(0), "г Тверь, д 9");
    // The user says that both are the same where a row has only one; a row's own stays.
    stage.write(
        "mapping.toml",
        format!("{columns}[options]\ncopy_when_empty = {{ addressData = \"registrationAddressData\" }}\n"),
    );
    let other = self::stage(&sandbox);
    for name in ["clients.csv", "mapping.toml"] {
        other.write(name, std::fs::read_to_string(stage.path(name)).unwrap());
    }
    other.run(&arguments).expect(0);
    assert_eq!((address(1), address(2)), ("г Москва, д 1".into(), "г Тверь, д 9".into()));
}

/// Every value of a body with its path as mappings write it.
fn leaves(value: &Value, path: &str, into: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                leaves(value, &if path.is_empty() { name.clone() } else { format!("{path}.{name}") }, into);
            }
        }
        Value::Array(items) => items.iter().enumerate().for_each(|(at, item)| leaves(item, &format!("{path}[{at}]"), into)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => into.push((path.to_owned(), value.clone())),
    }
}

/// Whether what was sent has everything that the row brought.
fn holds(part: &Value, sent: &Value) -> bool {
    match part {
        Value::Object(members) => members.iter().all(|(name, value)| holds(value, &sent[name])),
        Value::Array(items) => items.iter().all(|item| sent.as_array().unwrap().iter().any(|sent| holds(item, sent))),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => part == sent,
    }
}

#[test]
fn every_valid_body_is_made_from_a_row_and_arrives_unchanged() {
    let mut count = 0;
    for entry in std::fs::read_dir(in_project("tests/vectors/brainysoft/valid")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let body: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let mut members = Vec::new();
        leaves(&body, "", &mut members);
        let (mut mapping, mut header, mut row) = (String::from("[columns]\n"), Vec::new(), Vec::new());
        // The flags are the operation's own affair.
        let own = |path: &str| ["naturalPerson", "businessman"].contains(&path);
        // The date of a refused consent goes by itself.
        for (path, value) in members.iter().filter(|(path, value)| !own(path) && !value.is_null()) {
            writeln!(mapping, "{path:?} = {path:?}").unwrap();
            header.push(path.clone());
            row.push(match value {
                Value::Bool(yes) => if *yes { "да" } else { "нет" }.to_owned(),
                Value::String(text) if path.to_lowercase().contains("phone") => format!("+{text}"),
                Value::String(text) => text.clone(),
                other => other.to_string().replace('.', ","),
            });
        }
        let sandbox = sandbox(&[]);
        let stage = stage(&sandbox);
        let mut csv = csv::Writer::from_writer(Vec::new());
        csv.write_record(&header).unwrap();
        csv.write_record(&row).unwrap();
        stage.write("clients.csv", csv.into_inner().unwrap());
        stage.write("mapping.toml", mapping);
        let operation = format!("brainysoft/{}", name.split("--").next().unwrap());
        stage.run(&["import", "clients.csv", "--to", &operation, "--mapping", "mapping.toml"]).expect(0);
        let ledger = Ledger::read(&sandbox.ledger());
        let [created] = &ledger.0[..] else { panic!("{name}: {} clients in the ledger", ledger.0.len()) };
        assert!(holds(&body, &created["body"]), "{name}: {}", created["body"]);
        assert_eq!(created["operation"], Value::String(operation), "{name}");
        count += 1;
    }
    assert_eq!(count, 7);
}

#[test]
fn rows_of_other_installations_are_understood() {
    for switches in [
        &["--switch", "natural_person=naturalperson", "--switch", "fias_name=fiasId"][..],
        &["--switch", "init=sparse", "--switch", "answer=id"],
        &["--switch", "search=flat", "--switch", "auth_status=200", "--switch", "token_calls=7"],
    ] {
        let sandbox = sandbox(switches);
        let stage = stage(&sandbox);
        write_persons(&stage, 10);
        stage.run(&IMPORT).expect(0);
        let report = Report::read(&stage.only_report());
        assert_eq!(report.count("created"), 10, "{switches:?}");
        assert_agree(&report, &Ledger::read(&sandbox.ledger()));
    }
    // Nothing says how the flag is called: no client of the wrong kind is made.
    let sandbox = sandbox(&["--switch", "natural_person=neither"]);
    let stage = stage(&sandbox);
    write_persons(&stage, 3);
    let stopped = stage.run(&IMPORT).expect(4);
    assert!(stopped.stdout.contains("natural_person_name"), "{}", stopped.stdout);
    assert_eq!(sandbox.created(), 0);
}

#[test]
fn clients_that_are_there_already_are_reported_as_existing() {
    let sandbox = sandbox(&["--switch", "duplicates=reject"]);
    let first = stage(&sandbox);
    write_persons(&first, 5);
    first.run(&IMPORT).expect(0);
    // Another journal knows nothing of them.
    let second = stage(&sandbox);
    write_persons(&second, 5);
    second.run(&IMPORT).expect(0);
    let report = Report::read(&second.only_report());
    assert_eq!(report.count("existing"), 5, "{}", report.summary);
    report.assert_crosswalk();
    assert_eq!(sandbox.created(), 5);
}

#[test]
fn a_name_may_stand_for_all_rows_and_is_looked_up_when_they_are_sent() {
    let sandbox = sandbox(&[]);
    let stage = stage(&sandbox);
    stage.write(
        "clients.csv",
        "Фамилия,Имя,Пол,Дата рождения,Серия,Номер,Дата выдачи,Телефон,ФИАС,Адрес\n\
         Образцов,Пётр,м,17.02.1970,9900,100001,01.02.2015,+79000000001,a0ed83c6-19b1-4d47-8c6d-0d2ed45b36c1,\"г Москва, д 1\"\n",
    );
    stage.write(
        "mapping.toml",
        "[columns]\n\"Фамилия\" = \"last_name\"\n\"Имя\" = \"first_name\"\n\"Пол\" = \"gender\"\n\"Дата рождения\" = \"birth_date\"\n\
         \"Серия\" = \"documents[0].series\"\n\"Номер\" = \"documents[0].number\"\n\"Дата выдачи\" = \"documents[0].issue_date\"\n\
         \"Телефон\" = \"phone\"\n\"ФИАС\" = \"addressData.fias\"\n\"Адрес\" = \"addressData.fullAddressText\"\n\
         [constants]\nmanagerId = \"Орлов Денис Петрович\"\n",
    );
    let arguments = |word: &'static str| [word, "clients.csv", "--to", "brainysoft/individual", "--mapping", "mapping.toml"];
    stage.run(&arguments("check")).expect(0);
    let faults = table(&stage.only_report().join("faults.csv"));
    assert_eq!(faults.iter().map(|line| line["code"].as_str()).collect::<Vec<_>>(), ["reference.not_checked"]);
    stage.run(&arguments("import")).expect(0);
    assert_eq!(Ledger::read(&sandbox.ledger()).0[0]["body"]["managerId"], 101_332);
}
