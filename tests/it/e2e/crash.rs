//! kill -9: whatever the moment, the same command ends what was begun, and nobody is created twice.

use std::time::Duration;

use fastrand::Rng;

use super::stage::{SandboxProcess, Stage, lines, wait_for_lines};
use super::truth::{Ledger, Report};

const IMPORT: [&str; 4] = ["import", "clients.csv", "--to", "tbank/fl-resident"];

/// What a run without any disturbance reports of the same file.
fn undisturbed(rows: u64, seed: u64) -> Report {
    let sandbox = SandboxProcess::with_faults(&[]);
    let stage = Stage::new().to(&sandbox);
    stage.write_clients("clients.csv", rows, seed, 20);
    stage.run(&IMPORT).expect(1);
    Report::read(&stage.only_report())
}

#[test]
fn killed_a_dozen_times_while_sending_a_run_ends_as_if_nothing_had_happened() {
    let mut rng = Rng::with_seed(20);
    let sandbox = SandboxProcess::start(&["--rate", "none", "--latency-ms", "6"]);
    let stage = Stage::new().to(&sandbox);
    stage.write_clients("clients.csv", 300, 21, 20);
    for round in 0..12 {
        let before = sandbox.created();
        let started = stage.start(&IMPORT);
        // Requests are in flight from the first client on; the microseconds choose among before, during and after the commit.
        sandbox.wait_for_clients(before + rng.usize(1..14));
        std::thread::sleep(Duration::from_micros(rng.u64(0..9000)));
        assert!(started.kill(), "round {round}: the run had ended before it was killed");
        Ledger::read(&sandbox.ledger()).assert_nobody_is_twice();
    }
    stage.run(&IMPORT).expect(1);
    let report = Report::read(&stage.only_report());
    report.assert_no_row_is_lost(300);
    report.assert_agrees_with(&Ledger::read(&sandbox.ledger()));
    assert_eq!(without_keys(&report), without_keys(&undisturbed(300, 21)));
}

#[test]
fn killed_at_any_time_from_start_to_report_nothing_is_lost() {
    let mut rng = Rng::with_seed(22);
    let sandbox = SandboxProcess::with_faults(&[]);
    let stage = Stage::new().to(&sandbox);
    stage.write_clients("clients.csv", 60, 23, 20);
    for _ in 0..14 {
        let started = stage.start(&IMPORT);
        std::thread::sleep(Duration::from_millis(rng.u64(0..400)));
        started.kill();
        if let Ok(folders) = std::fs::read_dir(stage.path("reports")) {
            // A report is whole or not there.
            for folder in folders.map(|entry| entry.unwrap().path()).filter(|folder| folder.join("summary.json").exists()) {
                Report::read(&folder).assert_no_row_is_lost(60);
            }
        }
    }
    stage.run(&IMPORT).expect(1);
    let report = Report::read(&stage.only_report());
    report.assert_no_row_is_lost(60);
    report.assert_agrees_with(&Ledger::read(&sandbox.ledger()));
    assert_eq!(without_keys(&report), without_keys(&undisturbed(60, 23)));
    let remains: Vec<_> = stage.files().into_iter().filter(|path| path.extension().is_some_and(|end| end == "partial")).collect();
    assert_eq!(remains, Vec::<std::path::PathBuf>::new());
}

#[test]
fn a_rehearsal_in_one_process_survives_being_killed_with_its_sandbox() {
    let mut rng = Rng::with_seed(24);
    let stage = Stage::new();
    stage.write_clients("clients.csv", 40, 25, 10);
    let import = [&IMPORT[..], &["--sandbox", "--ledger", "ledger.jsonl"]].concat();
    let ledger = stage.path("ledger.jsonl");
    for round in 0..4 {
        let before = lines(&ledger);
        let started = stage.start(&import);
        wait_for_lines(&ledger, before + rng.usize(1..6));
        std::thread::sleep(Duration::from_micros(rng.u64(0..9000)));
        assert!(started.kill(), "round {round}: the run had ended before it was killed");
    }
    stage.run(&import).expect(1);
    let report = Report::read(&stage.only_report());
    report.assert_no_row_is_lost(40);
    report.assert_agrees_with(&Ledger::read(&ledger));
}

#[test]
fn two_thousand_rows_through_faults_and_kills_make_nobody_twice() {
    const ROWS: usize = 2000;
    let faults =
        ["drop_after_commit@2%", "201_cut@1%", "500_after_commit@1%", "drop_before_commit@0.5%", "503=0@0.25%", "429=0@0.25%"];
    let sandbox = SandboxProcess::with_faults(&faults);
    let stage = Stage::new().to(&sandbox);
    stage.write_clients("clients.csv", ROWS as u64, 26, 0);
    for clients in [300, 1100] {
        let started = stage.start(&IMPORT);
        sandbox.wait_for_clients(clients);
        assert!(started.kill(), "the run had ended before it was killed");
        Ledger::read(&sandbox.ledger()).assert_nobody_is_twice();
    }
    stage.run(&IMPORT).expect(0);
    let report = Report::read(&stage.only_report());
    report.assert_no_row_is_lost(ROWS);
    report.assert_agrees_with(&Ledger::read(&sandbox.ledger()));
    assert_eq!(sandbox.created(), ROWS);
}

/// Fates without the keys, which hang on the journal's own secret.
fn without_keys(report: &Report) -> Vec<Vec<String>> {
    let mut fates = report.fates();
    fates.iter_mut().for_each(|fate| fate.truncate(fate.len() - 1));
    fates
}
