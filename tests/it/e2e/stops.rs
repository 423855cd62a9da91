//! What stops a run before its end: the provider, a signal, another run. Each time the reports are whole and the same command goes on.

use std::time::{Duration, Instant};

use super::stage::{SandboxProcess, Stage};
use super::truth::{Ledger, Report};

const IMPORT: [&str; 4] = ["import", "clients.csv", "--to", "tbank/fl-resident"];

/// The same command again, after what stopped it is gone: all rows are created, nobody twice.
#[track_caller]
fn goes_on_to_the_end(stage: &Stage, sandbox: &SandboxProcess, rows: usize) {
    stage.run(&IMPORT).expect(0);
    let report = Report::read(&stage.only_report());
    report.assert_no_row_is_lost(rows);
    report.assert_agrees_with(&Ledger::read(&sandbox.ledger()));
    assert_eq!(report.count("created"), rows);
}

/// A halt in the middle: exit code 4, every row has its outcome.
fn halts_and_goes_on(faults: &[&str], status: &str) {
    let sandbox = SandboxProcess::with_faults(faults);
    let stage = Stage::new().to(&sandbox);
    stage.write_clients("clients.csv", 60, 51, 0);
    let finished = stage.run(&IMPORT).expect(4);
    assert!(finished.stdout.contains(status), "{}", finished.stdout);
    let report = Report::read(&stage.only_report());
    report.assert_no_row_is_lost(60);
    Ledger::read(&sandbox.ledger()).assert_nobody_is_twice();
    assert_eq!(report.summary["ended"], "halted");
    assert!(report.summary["halt"]["what"].as_str().unwrap().contains(status) && !report.summary["halt"]["hint"].is_null());
    assert!(report.count("created") >= 20 && report.count("not_sent") >= 20, "{}", report.summary);
    assert_eq!(report.count("created") + report.count("not_sent") + report.count("unknown"), 60);
    sandbox.set_faults(&[]);
    goes_on_to_the_end(&stage, &sandbox, 60);
}

#[test]
fn a_token_that_expires_in_the_middle() {
    halts_and_goes_on(&["401_after_n=25"], "401");
}

#[test]
fn a_firewall_that_steps_in_between() {
    halts_and_goes_on(&["403_html@#26-60"], "403");
}

#[test]
fn with_a_wrong_token_nothing_is_sent() {
    let sandbox = SandboxProcess::start_with(&["--token-env", "THE_TOKEN"], &[("THE_TOKEN", "the-right-one")]);
    let mut stage = Stage::new().to(&sandbox).with("CLIENTFERRY_TOKEN", "the-wrong-one");
    stage.write_clients("clients.csv", 30, 52, 0);
    let finished = stage.run(&IMPORT).expect(4);
    assert!(finished.stdout.contains("401"), "{}", finished.stdout);
    let report = Report::read(&stage.only_report());
    report.assert_no_row_is_lost(30);
    assert_eq!((report.count("not_sent"), sandbox.creations_asked(), sandbox.created()), (30, 0, 0));
    for told in [finished.stdout, finished.stderr, report.summary.to_string()] {
        assert!(!told.contains("the-wrong-one"), "a secret is told: {told}");
    }
    stage.set("CLIENTFERRY_TOKEN", "the-right-one");
    goes_on_to_the_end(&stage, &sandbox, 30);
}

fn stopped_by(signal: &str) {
    let sandbox = SandboxProcess::start(&["--rate", "none", "--latency-ms", "40"]);
    let stage = Stage::new().to(&sandbox);
    stage.write_clients("clients.csv", 300, 53, 0);
    let started = stage.start(&IMPORT);
    sandbox.wait_for_clients(20);
    started.signal(signal);
    let asked = Instant::now();
    let finished = started.finish().expect(130);
    assert!(asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());
    assert!(finished.stdout.contains("interrupted"), "{}", finished.stdout);
    let report = Report::read(&stage.only_report());
    report.assert_no_row_is_lost(300);
    // What was in flight was waited for: the report knows of every client.
    report.assert_agrees_with(&Ledger::read(&sandbox.ledger()));
    assert_eq!(report.summary["ended"], "interrupted");
    assert!(report.count("not_sent") > 100, "{}", report.summary);
    goes_on_to_the_end(&stage, &sandbox, 300);
}

#[test]
fn ctrl_c_ends_in_good_order() {
    stopped_by("INT");
}

#[test]
fn sigterm_ends_in_good_order() {
    stopped_by("TERM");
}

#[test]
fn a_second_run_on_the_same_journal_is_turned_away() {
    let sandbox = SandboxProcess::start(&["--rate", "none", "--latency-ms", "40"]);
    let stage = Stage::new().to(&sandbox);
    stage.write_clients("clients.csv", 300, 54, 0);
    stage.write_clients("others.csv", 5, 55, 0);
    let mut first = stage.start(&IMPORT);
    sandbox.wait_for_clients(5);
    for file in ["clients.csv", "others.csv"] {
        let began = Instant::now();
        let turned_away = stage.run(&["import", file, "--to", "tbank/fl-resident"]).expect(7);
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        assert!(turned_away.stderr.contains("error:") && turned_away.stderr.contains("hint:"), "{}", turned_away.stderr);
        assert!(turned_away.stderr.contains(&first.id().to_string()), "who holds it is not told: {}", turned_away.stderr);
        assert!(turned_away.stdout.is_empty(), "{}", turned_away.stdout);
    }
    assert!(first.is_running(), "the first run ended too early to prove anything");
    // Looking is allowed meanwhile.
    assert!(stage.run(&["runs"]).expect(0).stdout.contains("clients-"));
    first.finish().expect(0);
    let report = Report::read(&stage.only_report());
    report.assert_no_row_is_lost(300);
    report.assert_agrees_with(&Ledger::read(&sandbox.ledger()));
}

/// Everything below a folder, with its bytes.
fn everything(stage: &Stage) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    stage.files().into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

#[test]
#[cfg(unix)]
fn a_second_start_is_gone_within_a_second_and_changes_nothing() {
    let sandbox = SandboxProcess::start(&["--rate", "none", "--latency-ms", "40"]);
    let stage = Stage::new().to(&sandbox).with("CLIENTFERRY_METRICS_FILE", "run.prom");
    stage.write_clients("clients.csv", 200, 56, 0);
    // One that takes longer to read than the second start has.
    stage.write_clients("large.csv", 60_000, 57, 0);
    stage.write("clientferry.toml", "[hooks]\non_finish = [\"/bin/sh\", \"-c\", \"cat > told.json\"]\n");
    let first = stage.start(&IMPORT);
    sandbox.wait_for_clients(5);
    // Held still, so that whatever changes was changed by the second.
    first.signal("STOP");
    let before = everything(&stage);
    let mut took = Vec::new();
    for file in ["clients.csv", "large.csv", "large.csv", "clients.csv"] {
        let began = Instant::now();
        stage.run(&["import", file, "--to", "tbank/fl-resident"]).expect(7);
        took.push(began.elapsed());
    }
    assert!(everything(&stage) == before, "the second start changed something");
    // The best of several: the machine may be busy with something else.
    assert!(took.iter().min().unwrap() < &Duration::from_secs(1), "{took:?}");
    first.signal("CONT");
    first.finish().expect(0);
    assert!(stage.path("run.prom").exists() && stage.path("told.json").exists());
    Ledger::read(&sandbox.ledger()).assert_nobody_is_twice();
}

#[test]
fn a_second_signal_ends_at_once_and_nothing_is_lost() {
    let sandbox = SandboxProcess::with_faults(&["latency=20s@#6-60"]);
    let stage = Stage::new().to(&sandbox);
    stage.write_clients("clients.csv", 60, 58, 0);
    let started = stage.start(&IMPORT);
    sandbox.wait_for_clients(5);
    started.signal("INT");
    std::thread::sleep(Duration::from_millis(700));
    let asked = Instant::now();
    started.signal("TERM");
    started.finish().expect(130);
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    sandbox.set_faults(&[]);
    goes_on_to_the_end(&stage, &sandbox, 60);
}
