//! Every test vector of every operation: valid bodies pass, invalid ones are refused on the expected path by the expected rule.

#![allow(clippy::unwrap_used)] // clippy's leave for tests does not reach their helpers

use std::fs;
use std::path::Path;

use chrono::NaiveDate;
use clientferry::contract::{Level, Registry, Today, Violation};
use clientferry::model::Severity;
use serde_json::Value;

/// How many vectors a provider has.
struct Vectors {
    provider: &'static str,
    valid: usize,
    invalid: usize,
    /// Accepted, with a warning on the expected path.
    warning: usize,
    /// Whether each invalid one says who wrote the rule.
    tells_origin: bool,
    /// Operations that take further members, so that bodies of others pass them too.
    open: &'static [&'static str],
}

const VECTORS: &[Vectors] = &[
    Vectors { provider: "tbank", valid: 15, invalid: 88, warning: 0, tells_origin: true, open: &[] },
    Vectors { provider: "finlego", valid: 11, invalid: 67, warning: 12, tells_origin: false, open: &[] },
    Vectors { provider: "loanpro", valid: 8, invalid: 53, warning: 0, tells_origin: true, open: &[] },
    Vectors { provider: "brainysoft", valid: 7, invalid: 45, warning: 0, tells_origin: true, open: &[] },
];

fn vectors(folder: &str) -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(folder);
    if !folder.exists() {
        return Vec::new();
    }
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

fn text(vector: &Value, key: &str) -> Option<String> {
    vector.get(key).and_then(Value::as_str).map(str::to_owned)
}

fn all_violations(operation: &str, body: &Value, today: Option<&str>) -> Vec<Violation> {
    let operation = &Registry::built_in().find(operation).unwrap()[0];
    let mut violations = operation.violations(body, Level::Strict);
    assert_eq!(operation.accepts(body), violations.is_empty());
    operation.check_rules(body, &Today::new(today.unwrap_or("2026-11-21").parse::<NaiveDate>().unwrap()), &mut violations);
    violations
}

fn errors(operation: &str, body: &Value, today: Option<&str>) -> Vec<Violation> {
    let mut violations = all_violations(operation, body, today);
    violations.retain(|violation| violation.code.severity() == Severity::Error);
    violations
}

/// Whether one of the violations is what a vector expects.
fn is_hit(vector: &Value, found: &[Violation]) -> bool {
    found.iter().any(|violation| {
        Some(&violation.pointer) == text(vector, "path").as_ref()
            && (text(vector, "member").is_none() || violation.member == text(vector, "member"))
            && violation.rule == text(vector, "rule")
    })
}

fn miss(name: &str, vector: &Value, found: &[Violation]) -> String {
    format!(
        "{name}: expected {:?} {:?} {:?}, found {found:#?}",
        text(vector, "path"),
        text(vector, "member"),
        text(vector, "rule")
    )
}

#[test]
fn valid_bodies_are_accepted_by_their_own_operation_only() {
    for Vectors { provider, valid, open, .. } in VECTORS {
        let vectors = vectors(&format!("{provider}/valid"));
        assert_eq!(vectors.len(), *valid, "{provider}");
        for (name, body) in vectors {
            let kind = name.split("--").next().unwrap();
            assert_eq!(errors(&format!("{provider}/{kind}"), &body, None), [], "{name}");
            for operation in Registry::built_in().find(provider).unwrap() {
                let is_other = *operation.name != format!("{provider}/{kind}") && !open.contains(&&*operation.name);
                assert!(!is_other || !operation.accepts(&body), "{name} accepted by {}", operation.name);
            }
        }
    }
}

#[test]
fn invalid_bodies_are_refused_on_the_expected_path_by_the_expected_rule() {
    for Vectors { provider, invalid, .. } in VECTORS {
        let vectors = vectors(&format!("{provider}/invalid"));
        assert_eq!(vectors.len(), *invalid, "{provider}");
        let mut failures = Vec::new();
        for (name, vector) in vectors {
            let today = text(&vector, "today");
            let found = errors(&text(&vector, "operation").unwrap(), &vector["body"], today.as_deref());
            if !is_hit(&vector, &found) {
                failures.push(miss(&name, &vector, &found));
            }
        }
        assert!(failures.is_empty(), "{}", failures.join("\n"));
    }
}

#[test]
fn unusual_bodies_pass_with_a_warning_on_the_expected_path() {
    for Vectors { provider, warning, .. } in VECTORS {
        let vectors = vectors(&format!("{provider}/warning"));
        assert_eq!(vectors.len(), *warning, "{provider}");
        for (name, vector) in vectors {
            let today = text(&vector, "today");
            let found = all_violations(&text(&vector, "operation").unwrap(), &vector["body"], today.as_deref());
            assert!(found.iter().all(|violation| violation.code.severity() == Severity::Warning), "{name}: {found:#?}");
            assert!(is_hit(&vector, &found), "{}", miss(&name, &vector, &found));
        }
    }
}

#[test]
fn the_documented_level_drops_our_own_limits_and_nothing_else() {
    for Vectors { provider, .. } in VECTORS.iter().filter(|vectors| vectors.tells_origin) {
        for (name, vector) in vectors(&format!("{provider}/invalid")) {
            if vector["checker"] == "code" {
                continue;
            }
            let operation = &Registry::built_in().find(vector["operation"].as_str().unwrap()).unwrap()[0];
            let refused = !operation.violations(&vector["body"], Level::Documented).is_empty();
            assert_eq!(refused, vector["origin"] != "ours", "{name}");
        }
    }
}
