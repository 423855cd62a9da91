//! What an import into the sandbox makes of FinLego's samples, operation by operation, compared with what was committed.

use std::fmt::Write as _;

use super::stage::Stage;
use super::truth::{Ledger, Report};
use crate::bless::{assert_committed, in_project};

/// Rehearses the import of a sample; the report and the ledger have to be those committed, and to agree.
#[track_caller]
fn rehearse(sample: &str, to: &str, mapping: Option<&str>) {
    let stage = Stage::new();
    let file = in_project(&format!("samples/{sample}.csv")).display().to_string();
    let mut arguments = vec!["import", &file, "--to", to, "--sandbox", "--ledger", "ledger.jsonl"];
    let mapping = mapping.map(|mapping| in_project(&format!("samples/{mapping}")).display().to_string());
    if let Some(mapping) = &mapping {
        arguments.extend(["--mapping", mapping]);
    }
    stage.run(&arguments).expect(1);
    let report = Report::read(&stage.only_report());
    let ledger = Ledger::read(&stage.path("ledger.jsonl")).0;
    assert!(report.count("created") > 0, "{}", report.summary);
    assert_eq!(report.count("created"), ledger.len());
    let mut text = String::from("line,outcome,code,field,message\n");
    for line in &report.outcomes {
        let _ = writeln!(text, "{},{},{},{},{}", line["line"], line["outcome"], line["code"], line["field"], line["message"]);
    }
    text.push_str("\nledger\n");
    for entry in &ledger {
        let _ = writeln!(text, "{}", entry["body"]);
    }
    assert_committed(&format!("tests/golden/{sample}.import.txt"), text.as_bytes());
}

#[test]
fn people_arrive_at_onboarding() {
    rehearse("finlego-people", "finlego/onboarding-individual", Some("finlego-people.mapping.toml"));
}

#[test]
fn companies_arrive_at_onboarding() {
    rehearse("finlego-onboarding-companies", "finlego/onboarding-company", None);
}

#[test]
fn companies_arrive_at_core_with_their_owners() {
    rehearse("finlego-companies", "finlego/core-company", Some("finlego-companies.mapping.toml"));
}

#[test]
fn people_arrive_at_core() {
    rehearse("finlego-core-people", "finlego/core-individual", Some("finlego-core-people.mapping.toml"));
}
