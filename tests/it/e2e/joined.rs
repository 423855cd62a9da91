//! Outcomes are joined to rows by who the client is: in whatever order answers come, each row has its own client's.

use std::cell::Cell;

use proptest::prelude::*;

use super::stage::{SandboxProcess, Stage};
use super::truth::{Ledger, Report};

const ROWS: usize = 40;

fn digits(text: &str) -> String {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    digits[digits.len().saturating_sub(10)..].to_owned()
}

/// Imports forty clients from a provider that takes a different time for each, and sometimes loses its answer. How many clients it
/// created out of the order of the file.
fn import_out_of_order(seed: u64, latencies: &[u16]) -> usize {
    let latency = |(index, ms): (usize, &u16)| format!("latency={ms}@{}%", 30 + 10 * (index % 4));
    let mut faults: Vec<String> = latencies.iter().enumerate().map(latency).collect();
    faults.push("drop_after_commit@8%".to_owned());
    let mut arguments = vec!["--rate".to_owned(), "none".to_owned(), "--seed".to_owned(), seed.to_string()];
    arguments.extend(faults.into_iter().flat_map(|fault| ["--fault".to_owned(), fault]));
    let sandbox = SandboxProcess::start(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let stage = Stage::new().to(&sandbox);
    stage.write_clients("clients.csv", ROWS as u64, seed, 0);
    let finished = stage.run(&["import", "clients.csv", "--to", "tbank/fl-resident"]);
    assert!(matches!(finished.code, Some(0 | 1)), "{finished:?}");
    let report = Report::read(&stage.only_report());
    report.assert_no_row_is_lost(ROWS);
    let ledger = Ledger::read(&sandbox.ledger());
    report.assert_agrees_with(&ledger);

    let source = std::fs::read_to_string(stage.path("clients.csv")).unwrap();
    let source: Vec<Vec<&str>> = source.lines().map(|line| line.split(';').collect()).collect();
    let mut lines_in_order_of_creation = Vec::new();
    for entry in &ledger.0 {
        let id = entry["id"].as_str().unwrap();
        let line = report.outcomes.iter().find(|line| line["provider_id"] == id).unwrap();
        let number: usize = line["line"].parse().unwrap();
        let row = &source[number - 1];
        assert_eq!(line["row_id"], row[0], "the outcome stands at another row's line");
        // The client that was created is that of the row, by what the provider got.
        assert_eq!(
            digits(entry["body"]["phoneNumber"].as_str().unwrap()),
            digits(row[7]),
            "row {number} has another client's id"
        );
        let crosswalk = report.crosswalk.iter().find(|line| line["new_id"] == id).unwrap();
        assert_eq!(crosswalk["old_id"], row[0]);
        lines_in_order_of_creation.push(number);
    }
    assert_eq!(lines_in_order_of_creation.len(), ROWS);
    lines_in_order_of_creation.windows(2).filter(|pair| pair[0] > pair[1]).count()
}

#[test]
fn outcomes_belong_to_their_rows_in_whatever_order_answers_come() {
    let out_of_order = Cell::new(0);
    let config = ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(seed in 0_u64..1000, latencies in prop::collection::vec(1_u16..120, 1..4))| {
        out_of_order.set(out_of_order.get() + import_out_of_order(seed, &latencies));
    });
    assert!(out_of_order.get() > 20, "the order was hardly shuffled: {} times", out_of_order.get());
}
