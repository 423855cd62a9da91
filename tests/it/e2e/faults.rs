//! A provider that answers badly: no client twice, no row without an honest outcome.

use super::stage::{SandboxProcess, Stage};
use super::truth::{Ledger, Report};

const IMPORT: [&str; 4] = ["import", "clients.csv", "--to", "tbank/fl-resident"];
const ROWS: usize = 300;

/// Imports clean rows against these faults; all of them have to be created in the end, each once.
fn all_are_created_in_spite_of(faults: &[&str], variables: &[(&str, &str)]) -> Report {
    let sandbox = SandboxProcess::with_faults(faults);
    let mut stage = Stage::new().to(&sandbox).with("CLIENTFERRY_TIMEOUT_S", "1");
    variables.iter().for_each(|(name, value)| stage.set(name, value));
    stage.write_clients("clients.csv", ROWS as u64, 31, 0);
    stage.run(&IMPORT).expect(0);
    let report = Report::read(&stage.only_report());
    report.assert_no_row_is_lost(ROWS);
    report.assert_agrees_with(&Ledger::read(&sandbox.ledger()));
    assert_eq!(report.count("created"), ROWS);
    let struck = sandbox.requests()["requests"].as_array().unwrap().iter().filter(|request| !request["fault"].is_null()).count();
    assert!(struck >= 5, "the faults struck {struck} times only: this proves nothing");
    report
}

#[test]
fn connections_dropped_after_the_commit() {
    all_are_created_in_spite_of(&["drop_after_commit@5%"], &[]);
}

#[test]
fn connections_dropped_before_the_commit() {
    all_are_created_in_spite_of(&["drop_before_commit@5%"], &[]);
}

#[test]
fn empty_successes() {
    all_are_created_in_spite_of(&["201_empty@5%"], &[]);
}

#[test]
fn successes_cut_in_the_middle() {
    all_are_created_in_spite_of(&["201_cut@5%"], &[]);
}

#[test]
fn answers_that_never_come() {
    all_are_created_in_spite_of(&["hang@5%"], &[]);
}

#[test]
fn errors_after_the_commit() {
    all_are_created_in_spite_of(&["500_after_commit@5%"], &[]);
}

#[test]
fn a_service_that_is_away_now_and_then() {
    all_are_created_in_spite_of(&["503=1@5%"], &[]);
}

#[test]
fn requests_to_slow_down() {
    let report = all_are_created_in_spite_of(&["429@5%"], &[]);
    assert!(report.summary["requests"]["throttled"].as_u64().unwrap() >= 5, "{}", report.summary);
}

#[test]
fn everything_at_once() {
    let faults = [
        "drop_after_commit@4%",
        "201_empty@4%",
        "201_cut@4%",
        "500_after_commit@4%",
        "503@4%",
        "429@4%",
        "drop_before_commit@4%",
    ];
    all_are_created_in_spite_of(&faults, &[]);
}

/// No replay is allowed: only the provider's list can tell, and absence has to be proven before a second send.
#[test]
fn unknowns_are_looked_up_where_a_replay_is_not_allowed() {
    let sandbox = SandboxProcess::with_faults(&["drop_after_commit@4%", "201_empty@4%", "drop_before_commit@4%"]);
    let stage = Stage::new().to(&sandbox).with("CLIENTFERRY_REPLAY_WINDOW_S", "0");
    stage.write_clients("clients.csv", ROWS as u64, 31, 0);
    let first = stage.run(&IMPORT);
    let report = Report::read(&stage.only_report());
    report.assert_no_row_is_lost(ROWS);
    Ledger::read(&sandbox.ledger()).assert_nobody_is_twice();
    // A client proven absent is sent again once in a run; the one that is unlucky twice waits for the next run.
    assert!(report.count("created") >= ROWS - 3, "{}", report.summary);
    assert_eq!(first.code, Some(i32::from(report.count("created") < ROWS)));
    sandbox.set_faults(&[]);
    stage.run(&IMPORT).expect(0);
    Report::read(&stage.only_report()).assert_agrees_with(&Ledger::read(&sandbox.ledger()));
    assert_eq!(sandbox.created(), ROWS);
}

/// The bank forgets keys at once: a replay would create twice, the program has to ask.
#[test]
fn a_provider_that_ignores_keys_gets_no_client_twice_without_replays() {
    let faults = ["drop_after_commit@5%", "ignore_keys@always"];
    all_are_created_in_spite_of(&faults, &[("CLIENTFERRY_REPLAY_WINDOW_S", "0")]);
}

/// Where the provider refuses the look-up too, a row stays unknown, is not sent again, and is resolved when it answers again.
#[test]
fn what_cannot_be_asked_stays_unknown_until_it_can() {
    let sandbox = SandboxProcess::with_faults(&["drop_after_commit@#3-5", "401_after_n=30"]);
    let stage = Stage::new().to(&sandbox).with("CLIENTFERRY_REPLAY_WINDOW_S", "0");
    stage.write_clients("clients.csv", 40, 32, 0);
    stage.run(&IMPORT).expect(4);
    let report = Report::read(&stage.only_report());
    report.assert_no_row_is_lost(40);
    assert_eq!(report.count("unknown"), 3, "{}", report.summary);
    Ledger::read(&sandbox.ledger()).assert_nobody_is_twice();

    sandbox.set_faults(&[]);
    let before = sandbox.creations_asked();
    stage.run(&["resolve"]).expect(1);
    let report = Report::read(&stage.only_report());
    assert_eq!((report.count("unknown"), sandbox.creations_asked()), (0, before), "{}", report.summary);
    stage.run(&IMPORT).expect(0);
    Report::read(&stage.only_report()).assert_agrees_with(&Ledger::read(&sandbox.ledger()));
    assert_eq!(sandbox.created(), 40);
}
