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

/// A provider's vectors, and how many there are.
struct Vectors {
    provider: &'static str,
    valid: usize,
    invalid: usize,
}

const ALL: &[Vectors] =
    &[Vectors { provider: "brainysoft", valid: 7, invalid: 45 }, Vectors { provider: "tbank", valid: 15, invalid: 88 }];

#[test]
fn valid_bodies_are_accepted_by_their_own_operation_only() {
    for Vectors { provider, valid, .. } in ALL {
        let vectors = vectors(&format!("{provider}/valid"));
        assert_eq!(vectors.len(), *valid, "{provider}");
        for (name, body) in vectors {
            let kind = name.split("--").next().unwrap();
            assert_eq!(all_violations(&format!("{provider}/{kind}"), &body), [], "{name}");
            for operation in Registry::built_in().find(provider).unwrap() {
                if *operation.name != format!("{provider}/{kind}") {
                    assert!(!operation.accepts(&body), "{name} accepted by {}", operation.name);
                }
            }
        }
    }
}

#[test]
fn invalid_bodies_are_refused_on_the_expected_path_by_the_expected_rule() {
    let mut failures = Vec::new();
    let mut all = Vec::new();
    for Vectors { provider, invalid, .. } in ALL {
        let vectors = vectors(&format!("{provider}/invalid"));
        assert_eq!(vectors.len(), *invalid, "{provider}");
        all.extend(vectors);
    }
    for (name, vector) in all {
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
    for (name, vector) in ALL.iter().flat_map(|all| vectors(&format!("{}/invalid", all.provider))) {
        if vector["checker"] == "code" {
            continue;
        }
        let operation = &Registry::built_in().find(vector["operation"].as_str().unwrap()).unwrap()[0];
        let refused = !operation.violations(&vector["body"], Level::Documented).is_empty();
        assert_eq!(refused, vector["origin"] != "ours", "{name}");
    }
}
