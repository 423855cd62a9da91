//! The whole job: a messy file arrives, nothing is lost or doubled, and a second time nothing is sent.

use super::stage::{SandboxProcess, Stage, lines};
use super::truth::{Ledger, Report};

const LEDGER: &str = ".clientferry/journal.sandbox-tbank.jsonl";

#[test]
fn a_messy_file_ends_in_a_true_report_and_a_second_time_sends_nothing() {
    let stage = Stage::new();
    stage.write_clients("clients.csv", 60, 11, 40);
    let import = ["import", "clients.csv", "--to", "tbank/fl-resident", "--sandbox"];
    stage.run(&import).expect(1);

    let folder = stage.only_report();
    let first = Report::read(&folder);
    first.assert_no_row_is_lost(60);
    first.assert_agrees_with(&Ledger::read(&stage.path(LEDGER)));
    assert!(first.count("created") > 20 && first.count("invalid") > 5 && first.count("duplicate") > 0, "{}", first.summary);
    assert_eq!(first.rejected.len(), first.count("invalid") + first.count("duplicate"));

    let outcomes = std::fs::read(folder.join("outcomes.csv")).unwrap();
    let ledger = std::fs::read(stage.path(LEDGER)).unwrap();
    stage.run(&import).expect(1);
    assert_eq!(std::fs::read(folder.join("outcomes.csv")).unwrap(), outcomes, "the second report differs");
    assert_eq!(std::fs::read(stage.path(LEDGER)).unwrap(), ledger, "the second run sent something");
    assert_eq!(Report::read(&stage.only_report()).sent(), first.sent());
}

#[test]
fn a_second_run_reaches_a_real_provider_with_no_request_at_all() {
    let sandbox = SandboxProcess::with_faults(&[]);
    let stage = Stage::new().to(&sandbox);
    stage.write_clients("clients.csv", 40, 12, 0);
    let import = ["import", "clients.csv", "--to", "tbank/fl-resident"];
    stage.run(&import).expect(0);
    let report = Report::read(&stage.only_report());
    report.assert_agrees_with(&Ledger::read(&sandbox.ledger()));
    let requests = sandbox.requests();
    stage.run(&import).expect(0);
    assert_eq!(sandbox.requests(), requests);
    // The run's own journal tells the same once more, without any provider.
    let outcomes = std::fs::read(stage.only_report().join("outcomes.csv")).unwrap();
    stage.run(&["report", "--out", "again"]).expect(0);
    assert_eq!(std::fs::read(stage.path("again/outcomes.csv")).unwrap(), outcomes);
}

#[test]
fn a_limit_sends_so_many_and_the_next_run_the_rest() {
    let sandbox = SandboxProcess::with_faults(&[]);
    let stage = Stage::new().to(&sandbox);
    stage.write_clients("clients.csv", 30, 13, 0);
    let import = ["import", "clients.csv", "--to", "tbank/fl-resident"];
    stage.run(&[&import[..], &["--limit", "7"]].concat()).expect(1);
    let report = Report::read(&stage.only_report());
    report.assert_no_row_is_lost(30);
    assert_eq!((report.count("created"), report.count("not_sent"), sandbox.created()), (7, 23, 7));
    stage.run(&import).expect(0);
    Report::read(&stage.only_report()).assert_agrees_with(&Ledger::read(&sandbox.ledger()));
    assert_eq!(sandbox.created(), 30);
}

#[test]
fn a_mended_row_of_the_rejected_file_is_created_alone() {
    let stage = Stage::new();
    let spoilt = spoil_third_phone(&clients(8));
    stage.write("clients.csv", &spoilt);
    mend_and_send_again(&stage, "clients.csv", &[]);
}

#[test]
fn a_mended_row_is_created_though_the_mapping_names_another_encoding_and_delimiter() {
    let stage = Stage::new();
    let spoilt = spoil_third_phone(&clients(8));
    let (bytes, _, unmappable) = encoding_rs::WINDOWS_1251.encode(&spoilt);
    assert!(!unmappable);
    stage.write("clients.csv", &bytes);
    let proposed = stage.run(&["map", "clients.csv", "--to", "tbank/fl-resident", "--encoding", "windows-1251"]);
    let hints = "[source]\nencoding = \"windows-1251\"\ndelimiter = \";\"\n";
    let mapping = proposed.stdout.replacen("[columns]", &format!("{hints}\n[columns]"), 1);
    assert!(mapping.contains(hints), "{mapping}");
    stage.write("mapping.toml", mapping);
    mend_and_send_again(&stage, "clients.csv", &["--mapping", "mapping.toml"]);
}

/// Imports a file whose third row has a phone of nine digits, mends that in `rejected.csv` and imports this.
fn mend_and_send_again(stage: &Stage, file: &str, flags: &[&str]) {
    let import = |file: &str, out: &str, code| {
        let arguments = ["import", file, "--to", "tbank/fl-resident", "--sandbox", "--out", out];
        stage.run(&[&arguments[..], flags].concat()).expect(code);
    };
    import(file, "first", 1);
    let first = Report::read(&stage.path("first"));
    first.assert_no_row_is_lost(8);
    assert_eq!((first.count("created"), first.count("invalid")), (7, 1));
    assert_eq!(first.rejected.len(), 1);

    let rejected = std::fs::read_to_string(stage.path("first/rejected.csv")).unwrap();
    assert!(rejected.contains(SHORT_PHONE), "{rejected}");
    stage.write("mended.csv", rejected.replace(SHORT_PHONE, "+79990001122"));
    import("mended.csv", "second", 0);
    let second = Report::read(&stage.path("second"));
    second.assert_no_row_is_lost(1);
    assert_eq!(second.count("created"), 1);
    let ledger = Ledger::read(&stage.path(LEDGER));
    ledger.assert_nobody_is_twice();
    assert_eq!(lines(&stage.path(LEDGER)), 8);
    assert_eq!(ledger.0[7]["id"], *second.outcomes[0]["provider_id"]);
    assert_eq!(second.outcomes[0]["row_id"], first.rejected[0]["ID"]);
}

const SHORT_PHONE: &str = "+799900011";

fn clients(rows: u64) -> String {
    let mut bytes = Vec::new();
    clientferry::sandbox::generate::generate(rows, 14, 0, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn spoil_third_phone(text: &str) -> String {
    let spoil = |(number, line): (usize, &str)| {
        let mut cells: Vec<&str> = line.split(';').collect();
        if number == 3 {
            cells[7] = SHORT_PHONE;
        }
        cells.join(";") + "\n"
    };
    text.lines().enumerate().map(spoil).collect()
}
