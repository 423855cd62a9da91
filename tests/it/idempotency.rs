//! What contracts say about keys and doubts is what providers do, and the pages of the operations say the same.

use std::collections::BTreeSet;
use std::fs;

use clientferry::contract::{Operation, Registry, Settling};
use clientferry::provider::{self, AccountSettings};

use super::bless::{assert_committed, in_project};
use super::program::Program;

fn page_of(operation: &Operation) -> String {
    format!("{}.md", operation.name.replace('/', "-"))
}

#[test]
fn every_operation_says_what_its_provider_does_when_an_answer_is_lost() {
    for operation in Registry::built_in().operations() {
        let name = &operation.name;
        let known = operation.idempotency.as_ref().unwrap_or_else(|| panic!("{name} has no x-idempotency"));
        let provider = operation.provider();
        let account = AccountSettings::for_sandbox("test", provider, None, "http://127.0.0.1:1");
        let connected = provider::connect(provider, &account).unwrap();
        let profile = connected.profile();
        assert_eq!(known.key == "none", profile.replay_window.is_none(), "{name}: key {}", known.key);
        assert_eq!(known.unknown.contains(&Settling::Replay), profile.replay_window.is_some(), "{name}: replays");
        assert_eq!(known.unknown.last(), Some(&Settling::Person), "{name}: at last a person looks");
        if let (Some(remembered_s), Some(window)) = (known.remembered_s, profile.replay_window) {
            assert!(window.as_secs() <= remembered_s, "{name}: repeats go on when the key is forgotten");
        }
        let (requests, window) = operation.limit.unwrap_or_else(|| panic!("{name} has no x-limits"));
        let per_second = |requests: u32, seconds: f64| f64::from(requests) / seconds;
        assert!(
            per_second(profile.limits[0].requests, profile.limits[0].window.as_secs_f64())
                <= per_second(requests, window.as_secs_f64()),
            "{name}: the provider is asked faster than its contract allows"
        );
    }
}

#[test]
fn pages_of_operations_are_up_to_date() {
    let program = Program::new();
    let mut pages = BTreeSet::new();
    for operation in Registry::built_in().operations() {
        let page = program.expect(&[0], &["fields", &operation.name, "--markdown"]);
        assert_committed(&format!("docs/operations/{}", page_of(operation)), &page.stdout);
        pages.insert(page_of(operation));
    }
    for entry in fs::read_dir(in_project("docs/operations")).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        assert!(pages.contains(&name), "docs/operations/{name} is of no operation: remove it");
    }
}
