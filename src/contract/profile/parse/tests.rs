//! Profiles that are right, wrong, and cut.

use super::*;

const SMALL: &str = r#"
name = "acme"
base_url = "https://api.acme.example/"
path = "/clients"
[auth]
kind = "bearer"
[success]
id = "/id"
[operations.client]
contract = "client.json"
"#;

fn problems(text: &str) -> Vec<String> {
    let found = profile(text).unwrap_err();
    found.into_iter().map(|problem| format!("{}: {} ({})", problem.place, problem.what, problem.hint)).collect()
}

#[test]
fn the_smallest_profile_has_the_defaults_of_the_house() {
    let profile = profile(SMALL).unwrap();
    assert_eq!((profile.base_url.as_str(), profile.method.as_str()), ("https://api.acme.example", "POST"));
    assert_eq!((profile.limits.requests, profile.limits.in_flight), (5, 4));
    assert_eq!(profile.secrets(), ["token"]);
    assert!(profile.success.statuses.contains(201) && profile.success.statuses.contains(200));
    assert!(profile.look_up.is_none() && profile.key.place == KeyPlace::None);
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let text = r#"
nam = "acme"
base_url = "api.acme.example"
path = "clients"
[auth]
kind = "bear"
[limits]
requests = 0
widow_ms = 5
[success]
id = "id"
statuses = [201, 700]
[idempotency]
remembered_s = 5
[look_up]
path = "/clients"
id = "/id"
[operations.Client]
"#;
    let found = problems(text).join("\n");
    for expected in [
        "nam: is not known (did you mean `name`?)",
        "name: is missing",
        "base_url: is no web address",
        "path: does not begin with `/`",
        "[auth] kind: `bear` is not known (write none, bearer, header, basic, oauth)",
        "[limits] requests: integer is found where a whole number from 1 is wanted",
        "[limits] widow_ms: is not known (did you mean `window_ms`?)",
        "[success] id: `id` is no JSON pointer",
        "[success] statuses: 700 is no HTTP status",
        "[idempotency] remembered_s: says how long a key is remembered that goes nowhere",
        "[look_up] path: asks about every client alike",
        "[look_up] same: is missing",
        "[operations] Client: cannot stand in `provider/kind`",
        "[operations.Client] contract: is missing",
    ] {
        assert!(found.contains(expected), "{expected}\n--\n{found}");
    }
}

#[test]
fn a_profile_with_a_line_missing_or_cut_is_answered_in_words() {
    let whole = include_str!("../../../../samples/own-northgate/northgate.toml");
    let lines: Vec<&str> = whole.lines().collect();
    for left_out in 0..lines.len() {
        let text: String =
            lines.iter().enumerate().filter(|(at, _)| *at != left_out).map(|(_, line)| format!("{line}\n")).collect();
        if let Err(problems) = profile(&text) {
            assert!(problems.iter().all(|problem| !problem.what.is_empty() && !problem.hint.is_empty()), "line {left_out}");
            assert!(!problems.is_empty(), "line {left_out} is refused without a word");
        }
    }
    for end in (0..whole.len()).filter(|end| whole.is_char_boundary(*end)).step_by(7) {
        let _ = profile(&whole[..end]);
    }
}

#[test]
fn a_line_that_is_no_toml_is_told_by_its_number_and_not_quoted() {
    let found = problems("name = \"acme\"\n[auth]\nsecret = geheim\n").join("\n");
    assert!(found.contains("line 3") && !found.contains("geheim"), "{found}");
}
