//! Every test vector of every operation: valid bodies pass, invalid ones are refused on the expected path by the expected rule.

#![allow(clippy::unwrap_used)] // clippy's leave for tests does not reach their helpers

use std::fs;
use std::path::Path;

use chrono::NaiveDate;
use clientferry::contract::{Level, Registry, Today, Violation};
use serde_json::Value;

fn vectors(folder: &str) -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(folder);
    let mut vectors: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap())
        })
        .collect();
    vectors.sort_by(|a, b| a.0.cmp(&b.0));
    vectors
}

fn all_violations(operation: &str, body: &Value) -> Vec<Violation> {
    let operation = &Registry::built_in().find(operation).unwrap()[0];
    let mut violations = operation.violations(body, Level::Strict);
    assert_eq!(operation.accepts(body), violations.is_empty());
    operation.check_rules(body, &Today::new(NaiveDate::from_ymd_opt(2026, 11, 21).unwrap()), &mut violations);
    violations.retain(|violation| violation.code.severity() == clientferry::model::Severity::Error);
    violations
}

#[test]
fn valid_bodies_are_accepted_by_their_own_operation_only() {
    let vectors = vectors("tbank/valid");
    assert_eq!(vectors.len(), 15);
    for (name, body) in vectors {
        let kind = name.split("--").next().unwrap();
        assert_eq!(all_violations(&format!("tbank/{kind}"), &body), [], "{name}");
        for operation in Registry::built_in().find("tbank").unwrap() {
            if *operation.name != format!("tbank/{kind}") {
                assert!(!operation.accepts(&body), "{name} accepted by {}", operation.name);
            }
        }
    }
}

#[test]
fn invalid_bodies_are_refused_on_the_expected_path_by_the_expected_rule() {
    let vectors = vectors("tbank/invalid");
    assert_eq!(vectors.len(), 88);
    let mut failures = Vec::new();
    for (name, vector) in vectors {
        let text = |key: &str| vector.get(key).and_then(Value::as_str).map(str::to_owned);
        let found = all_violations(&text("operation").unwrap(), &vector["body"]);
        let hit = found.iter().any(|violation| {
            Some(&violation.pointer) == text("path").as_ref()
                && (text("member").is_none() || violation.member == text("member"))
                && violation.rule == text("rule")
        });
        if !hit {
            failures.push(format!(
                "{name}: expected {:?} {:?} {:?}, found {found:#?}",
                text("path"),
                text("member"),
                text("rule")
            ));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_documented_level_drops_our_own_limits_and_nothing_else() {
    for (name, vector) in vectors("tbank/invalid") {
        if vector["checker"] == "code" {
            continue;
        }
        let operation = &Registry::built_in().find(vector["operation"].as_str().unwrap()).unwrap()[0];
        let refused = !operation.violations(&vector["body"], Level::Documented).is_empty();
        assert_eq!(refused, vector["origin"] != "ours", "{name}");
    }
}
