//! When may be sent and how much, through the program: runs that end early go on where they stopped.

#![allow(clippy::unwrap_used)] // clippy's leave for tests does not reach their helpers

use std::collections::HashSet;

use chrono::{TimeDelta, Utc};

use super::program::Program;

const IMPORT: &[&str] =
    &["import", "rows.csv", "--to", "tbank/fl-resident", "--sandbox", "--ledger", "ledger.jsonl", "--out", "report"];

fn with_rows(rows: &str) -> Program {
    let program = Program::new();
    program.expect(&[0], &["sandbox", "generate", "--rows", rows, "--messy", "0", "-o", "rows.csv"]);
    program
}

/// A window that opens in two hours.
fn shut_window() -> String {
    let at = |hours| (Utc::now() + TimeDelta::hours(hours)).format("%H:%M").to_string();
    format!("{}-{}", at(2), at(3))
}

fn created(program: &Program) -> Vec<String> {
    std::fs::read_to_string(program.path("ledger.jsonl")).unwrap_or_default().lines().map(str::to_owned).collect()
}

#[test]
fn a_run_outside_its_window_sends_nothing_and_says_when_it_may() {
    let program = with_rows("3");
    let window = shut_window();
    let shut = program.expect(&[10], &[IMPORT, &["--window", &window, "--tz", "UTC"]].concat());
    let told = String::from_utf8(shut.stdout).unwrap();
    assert!(told.contains("is shut until") && told.contains("UTC"), "{told}");
    assert!(program.lines("report/outcomes.csv").iter().all(|line| line["outcome"] == "not_sent"));
    assert!(created(&program).is_empty());
    for wrong in [&["--window", "22-06"][..], &["--window", "22:00-06:00", "--tz", "Moscow"], &["--tz", "UTC"]] {
        program.expect(&[2], &[IMPORT, wrong].concat());
    }
    program.expect(&[0], IMPORT);
    assert_eq!(created(&program).len(), 3);
}

#[test]
fn a_budget_of_requests_is_exact_and_the_same_command_goes_on() {
    let program = with_rows("12");
    let with_budget = [IMPORT, &["--max-requests", "6"]].concat();
    let mut seen = Vec::new();
    for _ in 0..2 {
        program.expect(&[10], &with_budget);
        seen.push(created(&program).len());
    }
    // One of six proves the account.
    assert_eq!(seen, [5, 10]);
    program.expect(&[0], &with_budget);
    let ledger = created(&program);
    assert_eq!((ledger.len(), ledger.iter().collect::<HashSet<_>>().len()), (12, 12));
}

#[test]
fn a_limit_of_the_day_holds_over_runs() {
    let program = with_rows("6");
    program.put("clientferry.toml", b"[accounts.main]\nprovider = \"tbank\"\nrequests_per_day = 4\n");
    // The rehearsal of an account keeps no limits of its own; the plan does.
    let plan = program.expect(&[0], &["plan", "rows.csv", "--to", "tbank/fl-resident"]);
    let told = String::from_utf8(plan.stdout).unwrap();
    assert!(told.contains("10 requests in 1 s, 4 requests in 86400 s"), "{told}");
    assert!(told.contains("parts        2") && told.contains("4 calls, clients 1 to 3"), "{told}");
}
