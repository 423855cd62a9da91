//! What `check` says of every sample, row by row, compared with what was committed; and that the samples show every fault.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::ControlFlow;

use chrono::NaiveDate;
use clientferry::contract::{Registry, Today};
use clientferry::model::{Code, Fault, Severity};
use clientferry::pipeline;
use clientferry::prepare::{self, Mapping, Plan, Scope, SourceHints};
use clientferry::read::{self, ReadSettings};

use super::bless::{assert_committed, in_project};
use super::program::Program;
use super::samples::{SAMPLES, Sample};

/// Codes that no sample can show, and why.
const OUT_OF_REACH: &[(Code, &str)] = &[
    (Code::CellShownOtherwise, "the library that makes the sample writes no such formats; the reader's own tests have them"),
    (Code::RowTooLong, "needs a cell of 64 KiB; the reader's own tests have one"),
    (Code::RowNul, "no sample is broken like that; the reader's own tests have one"),
    (Code::RowRepeatedHeader, "no sample is a printed report; the reader's own tests have one"),
    (Code::RowTotal, "no sample is a printed report; the reader's own tests have one"),
    (Code::RowComment, "no sample is commented; the reader's own tests have one"),
    (Code::EncodingDouble, "no sample went through two encodings; the reader's own tests have one"),
    (
        Code::CellFormulaWithoutValue,
        "the library that makes the sample stores a value for every formula; the reader's own tests have one",
    ),
    (Code::ValueTooShort, "the least length is one character, and an empty cell is a missing value"),
    (Code::ValueWrongType, "cells become values of the right JSON type or none"),
    (Code::ItemOrphan, "no sample has a second sheet"),
    (Code::PaymentRawNumber, "no contract of these samples takes payment data"),
    (Code::ReferenceUnknown, "check asks for no reference book"),
    (Code::CellMerged, "no sample merges cells; tests of sheets do"),
    (Code::RowMarked, "only a row of rejected.csv has the mark"),
    (Code::ClientSameName, "no stage of this version compares names of different clients"),
    (Code::ClientOtherNumbers, "needs a journal with an earlier import"),
    (Code::ClientChanged, "needs a journal with an earlier import"),
    (Code::SendInterrupted, "check sends nothing"),
    (Code::SendHalted, "check sends nothing"),
    (Code::SendLimit, "check sends nothing"),
    (Code::SendUnreachable, "check sends nothing"),
    (Code::SendAbsent, "check sends nothing"),
    (Code::ProviderRejected, "check sends nothing"),
    (Code::ProviderUnknown, "check sends nothing"),
    (Code::ProviderRemark, "check sends nothing"),
];

/// Runs `check` on a sample as its maker makes it.
fn check(sample: &Sample) -> Program {
    let program = Program::new();
    program.put(sample.file, &(sample.make)());
    let mut arguments = vec!["check", sample.file, "--to", sample.to, "--out", "report"];
    let mapping = sample.mapping.map(|mapping| in_project(&format!("samples/{mapping}")).display().to_string());
    if let Some(mapping) = &mapping {
        arguments.extend(["--mapping", mapping]);
    }
    program.expect(&[0, 1], &arguments);
    program
}

/// Outcome and faults of every row, then the sums. Ages and validity are chosen so that they do not change with the day.
fn told(program: &Program) -> String {
    let mut text = String::from("line,outcome,code,field\n");
    for line in program.lines("report/outcomes.csv") {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{},{},{},{}", line["line"], line["outcome"], line["code"], line["field"]);
    }
    let summary = program.json("report/summary.json");
    for sums in ["outcomes", "faults"] {
        let _ = writeln!(text, "\n{sums}");
        for (name, count) in summary[sums].as_object().expect("sums by name") {
            let _ = writeln!(text, "{name} {count}");
        }
    }
    let ignored = summary["ignored_columns"].as_array().expect("a list of columns");
    let ignored: Vec<&str> = ignored.iter().filter_map(serde_json::Value::as_str).collect();
    let _ = writeln!(text, "\ncolumns that no operation takes: {}", ignored.join(", "));
    text
}

#[test]
fn samples_are_reported_as_committed() {
    for sample in SAMPLES {
        let text = told(&check(sample));
        assert_committed(&format!("tests/golden/{}.txt", sample.file), text.as_bytes());
    }
}

#[test]
fn samples_show_every_fault_that_they_can() {
    let mut shown: BTreeSet<Code> = BTreeSet::new();
    for sample in SAMPLES {
        let faults = check(sample).lines("report/faults.csv");
        shown.extend(faults.iter().map(|line| Code::from_name(&line["code"]).expect("a code of the table")));
    }
    let grave = |code: &&Code| code.severity() != Severity::Info;
    let wanted: BTreeSet<Code> = Code::ALL.iter().filter(grave).copied().collect();
    let out_of_reach: BTreeSet<Code> = OUT_OF_REACH.iter().map(|(code, _)| *code).collect();
    let missing: Vec<_> = wanted.difference(&shown).filter(|code| !out_of_reach.contains(code)).collect();
    assert!(missing.is_empty(), "no sample shows {missing:?}");
    let reached: Vec<_> = out_of_reach.intersection(&shown).collect();
    assert!(reached.is_empty(), "shown after all, so no longer out of reach: {reached:?}");
}

#[test]
fn the_clean_sample_is_clean_and_the_messy_one_still_sends_a_fair_number() {
    let clean = check(&SAMPLES[0]).json("report/summary.json");
    assert_eq!(
        (clean["outcomes"]["not_sent"].as_u64(), clean["faults"].as_object().map(serde_json::Map::len)),
        (Some(60), Some(0))
    );
    let messy = check(&SAMPLES[1]).json("report/summary.json");
    assert!(messy["outcomes"]["not_sent"].as_u64() >= Some(120), "{messy:#}");
}

/// The codes of every row when the sample is judged on this day.
fn codes_on(sample: &Sample, today: NaiveDate) -> Vec<Vec<Code>> {
    let program = Program::new();
    program.put(sample.file, &(sample.make)());
    let operations = Registry::built_in().find(sample.to).expect("an operation");
    let written = sample.mapping.map(|name| Mapping::load(&in_project(&format!("samples/{name}"))).expect("a mapping"));
    let hints: SourceHints = written.as_ref().map(|mapping| mapping.source.clone()).unwrap_or_default();
    let settings = ReadSettings {
        sheet: hints.sheet,
        header_row: hints.header_row,
        delimiter: hints.delimiter,
        encoding: hints.encoding,
        ..ReadSettings::default()
    };
    let table = read::open(&program.path(sample.file), &settings, &prepare::knows_header).expect("a readable sample");
    let mapping = written.unwrap_or_else(|| prepare::infer(sample.to, &table.source.columns, &operations).mapping());
    let scope = Scope::new("nobody", &[0; 32]);
    let mut plan =
        Plan::compile(&mapping, &table.source, &operations, Registry::built_in(), scope, Today::new(today)).expect("a plan");
    let mut watches = plan.watches();
    let columns: Vec<usize> = watches.iter().map(|(column, _)| *column).collect();
    table.scan(&columns, &mut |at, column, text, kind| watches[column].1.observe(at, text, kind)).expect("a readable sample");
    plan.settle(&watches).expect("dates that prove their order");
    let mut rows = Vec::new();
    pipeline::carry(&table, &plan, |row| {
        let faults: &[Fault] = row.result.as_ref().map_or_else(Vec::as_slice, |_| &[]);
        rows.push(faults.iter().chain(&row.warnings).map(|fault| fault.code).collect());
        Ok(ControlFlow::Continue(()))
    })
    .expect("every row");
    rows
}

#[test]
fn samples_do_not_go_stale() {
    let day = |year| NaiveDate::from_ymd_opt(year, 6, 1).expect("a day");
    for sample in SAMPLES {
        assert_eq!(codes_on(sample, day(2026)), codes_on(sample, day(2049)), "{}", sample.file);
    }
}
