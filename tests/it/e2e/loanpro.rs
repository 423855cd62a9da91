//! LoanPro knows no idempotency keys: faults on one request in twenty, a kill in the middle, and still nobody is there twice.

use std::collections::HashSet;

use serde_json::Value;

use super::stage::{SandboxProcess, Stage};
use super::truth::Report;

const ROWS: usize = 2000;
const IMPORT: [&str; 6] = ["import", "borrowers.csv", "--to", "loanpro/individual", "--mapping", "mapping.toml"];
pub(super) const MAPPING: &str = r#"
[columns]
"Customer #" = "external_id"
"First Name" = "first_name"
"Last Name" = "last_name"
"SSN" = "ssn"
"DOB" = "birth_date"
"Email" = "email"
"Phone" = "phones[0].number"
"Address" = ["PrimaryAddress.address1", "MailAddress.address1"]
"City" = ["PrimaryAddress.city", "MailAddress.city"]
"State" = ["PrimaryAddress.state", "MailAddress.state"]
"Zip" = ["PrimaryAddress.zipcode", "MailAddress.zipcode"]

[constants]
customerIdType = "SSN"
"PrimaryAddress.country" = "USA"
"MailAddress.country" = "USA"
"#;

/// Borrowers of whom no two share anything; `from` is the number of the first.
pub(super) fn borrowers(from: usize, rows: usize) -> String {
    let mut text = String::from("Customer #,First Name,Last Name,SSN,DOB,Email,Phone,Address,City,State,Zip\n");
    for number in from..from + rows {
        text.push_str(&format!(
            "LP-{number},Ada,Sample{number},219-{:02}-{:04},1970-01-{:02},ada{number}@example.com,312-{:03}-{:04},{number} Example St,Chicago,IL,60602\n",
            10 + number / 9000,
            1000 + number % 9000,
            1 + number % 28,
            200 + number / 9000,
            1000 + number % 9000,
        ));
    }
    text
}

fn stage(sandbox: &SandboxProcess, rows: usize) -> Stage {
    let stage = Stage::new().to(sandbox).with("CLIENTFERRY_TIMEOUT_S", "2").with("CLIENTFERRY_IN_FLIGHT_MAX", "8");
    stage.write("borrowers.csv", borrowers(1, rows));
    stage.write("mapping.toml", MAPPING);
    stage
}

fn sandbox(faults: &[&str], switches: &[&str]) -> SandboxProcess {
    let mut arguments = vec!["--provider", "loanpro", "--rate", "none"];
    arguments.extend(faults.iter().flat_map(|fault| ["--fault", fault]));
    arguments.extend(switches.iter().flat_map(|switch| ["--switch", switch]));
    SandboxProcess::start(&arguments)
}

/// Own ids of the customers that the provider holds, each once.
#[track_caller]
fn held(sandbox: &SandboxProcess) -> HashSet<String> {
    let text = std::fs::read_to_string(sandbox.ledger()).unwrap();
    let mut ids = HashSet::new();
    // A line that is being written has no end yet.
    for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
        let entry: Value = serde_json::from_str(line).unwrap();
        let id = entry["body"]["customId"].as_str().unwrap().to_owned();
        assert!(ids.insert(id.clone()), "{id} is there twice");
    }
    ids
}

/// Runs until every row is created; the unlucky ones, proven absent twice in one run, wait for the next.
fn all_created(stage: &Stage, sandbox: &SandboxProcess, rows: usize) {
    for _ in 0..4 {
        stage.run(&IMPORT);
        let report = Report::read(&stage.only_report());
        report.assert_no_row_is_lost(rows);
        let ids = held(sandbox);
        for row in &report.outcomes {
            let is_held = ids.contains(&row["row_id"]);
            match row["outcome"].as_str() {
                "created" => assert!(is_held, "{row:?}"),
                "not_sent" => assert!(!is_held, "{row:?}"),
                "unknown" => assert!(!row["message"].is_empty() && row["next_step"].contains("resolve"), "{row:?}"),
                _ => panic!("nobody of these is refused or was there before: {row:?}"),
            }
        }
        if report.count("created") == rows {
            assert_eq!(ids.len(), rows);
            return;
        }
    }
    panic!("four runs did not create all of them");
}

#[test]
fn faults_and_kills_make_nobody_twice_and_every_row_has_an_outcome() {
    let faults = [
        "drop_before_commit@1%",
        "drop_after_commit@1%",
        "500_after_commit@0.7%",
        "500_before_commit@0.5%",
        "201_cut@0.6%",
        "odd=no_d@0.6%",
        "429=0@0.6%",
    ];
    let sandbox = sandbox(&faults, &[]);
    let stage = stage(&sandbox, ROWS);
    for clients in [400, 1100] {
        let started = stage.start(&IMPORT);
        sandbox.wait_for_clients(clients);
        assert!(started.kill(), "it had ended before {clients} customers");
        held(&sandbox);
    }
    all_created(&stage, &sandbox, ROWS);
}

#[test]
fn what_could_not_be_asked_is_settled_by_resolve() {
    let sandbox = sandbox(&["drop_after_commit@#3-5", "drop_before_commit@#6", "500_before_commit@read:search#1-999"], &[]);
    let mut stage = stage(&sandbox, 40);
    stage.set("CLIENTFERRY_IN_FLIGHT_MAX", "1");
    stage.run(&IMPORT).expect(1);
    let report = Report::read(&stage.only_report());
    report.assert_no_row_is_lost(40);
    assert_eq!((report.count("unknown"), report.count("created")), (4, 36), "{}", report.summary);
    assert_eq!(held(&sandbox).len(), 39);
    sandbox.set_faults(&[]);
    stage.run(&["resolve"]).expect(1);
    let report = Report::read(&stage.only_report());
    assert_eq!((report.count("unknown"), report.count("created"), held(&sandbox).len()), (0, 39, 39), "{}", report.summary);
    all_created(&stage, &sandbox, 40);
}

/// A search that lags behind proves nothing: the server's own warning about our customer tells whose it is.
#[test]
fn a_late_search_makes_nobody_twice() {
    let sandbox = sandbox(&["drop_after_commit@5%"], &["list_lag_ms=600000", "warning_words=typographic"]);
    let stage = stage(&sandbox, 100);
    stage.run(&IMPORT).expect(0);
    let report = Report::read(&stage.only_report());
    assert_eq!((report.count("created"), held(&sandbox).len()), (100, 100), "{}", report.summary);
}

#[test]
fn duplicates_follow_the_policy_of_the_account() {
    for (policy, expected, customers) in [("reject", "rejected", 10), ("report", "existing", 10), ("force", "created", 20)] {
        let sandbox = sandbox(&[], &[]);
        let stage = stage(&sandbox, 10).with("CLIENTFERRY_SAME_REJECTION_STOP", "0");
        stage.run(&IMPORT).expect(0);
        // Others in the same households, with the same telephones.
        let household =
            borrowers(1, 10).replace(",Ada,", ",Bo,").replace("LP-", "LQ-").replace(",219-", ",229-").replace(",ada", ",bo");
        stage.write("borrowers.csv", household);
        let kinds = ["phone", "primary_address", "mail_address"].map(|kind| format!("{kind} = \"{policy}\"\n")).concat();
        stage.write(
            "clientferry.toml",
            format!("[accounts.default]\nprovider = \"loanpro\"\n[accounts.default.duplicates]\n{kinds}"),
        );
        let finished = stage.run(&IMPORT);
        let folders = std::fs::read_dir(stage.path("reports")).unwrap().map(|entry| Report::read(&entry.unwrap().path()));
        let report =
            folders.max_by_key(|report| report.outcomes.iter().filter(|row| row["row_id"].starts_with("LQ")).count()).unwrap();
        assert_eq!(
            (report.count(expected), sandbox.created()),
            (10, customers),
            "{policy}: {} {}",
            report.summary,
            finished.stderr
        );
        let told = &report.outcomes[0];
        assert!(!told["message"].contains("Ada"), "{told:?}");
        if policy != "reject" {
            assert!(format!("{told:?}").contains("of customer"), "{policy}: {told:?}");
        }
    }
}

#[test]
fn what_was_ignored_is_reported_although_the_answer_was_lost() {
    let sandbox = sandbox(&[], &[]);
    let stage = stage(&sandbox, 1);
    stage.run(&IMPORT).expect(0);
    let other = borrowers(1, 1).replace(",Ada,", ",Bo,").replace("LP-", "LQ-").replace(",219-", ",229-").replace(",ada", ",bo");
    stage.write("borrowers.csv", other);
    let kinds = ["phone", "primary_address", "mail_address"].map(|kind| format!("{kind} = \"force\"\n")).concat();
    let account = format!("[accounts.default]\nprovider = \"loanpro\"\n[accounts.default.duplicates]\n{kinds}");
    stage.write("clientferry.toml", account);
    sandbox.set_faults(&["drop_after_commit@100%"]);
    let finished = stage.run(&IMPORT);
    let folders = std::fs::read_dir(stage.path("reports")).unwrap().map(|entry| Report::read(&entry.unwrap().path()));
    let told: Vec<_> = folders.flat_map(|report| report.outcomes).filter(|row| row["row_id"] == "LQ-1").collect();
    let told = told.first().unwrap_or_else(|| panic!("{}", finished.stderr));
    assert_eq!(told["outcome"], "created", "{told:?}");
    assert!(told["message"].contains("although the provider warned: phone of customer 1"), "{told:?}");
}
