//! A panic tells where it began and nothing of what it was about.

use std::process::{Command, Stdio};

use clientferry::terminal;

const DEFECT: &str = "CLIENTFERRY_TEST_DEFECT";
const CLIENT: &str = "79001234567";

fn unreadable(client: &str) -> Result<u8, String> {
    Err(client.to_owned())
}

/// Not a test by itself: what the next test starts, for the hook is one for the whole process.
#[test]
fn strike() {
    let Ok(kind) = std::env::var(DEFECT) else { return };
    let outcome = terminal::fenced(|| match kind.as_str() {
        "caught" => std::panic::catch_unwind(|| unreadable(CLIENT).unwrap()).is_err(),
        "here" => unreadable(CLIENT).unwrap() == 0,
        _ => std::thread::scope(|threads| {
            threads.spawn(|| unreadable(CLIENT).unwrap());
            true
        }),
    });
    terminal::tell(&outcome.err().unwrap_or_default());
    std::process::exit(0);
}

#[test]
fn a_panic_shows_its_place_and_no_client() {
    for (kind, is_told) in [("caught", false), ("here", true), ("in a thread", true)] {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["defect::strike", "--exact", "--nocapture"])
            .env(DEFECT, kind)
            .stdout(Stdio::null())
            .output()
            .unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{kind}: {told}");
        assert!(!told.contains(CLIENT) && !told.contains("panicked"), "{kind}: {told}");
        assert_eq!(told.contains("error: a defect in clientferry at tests/it/defect.rs:"), is_told, "{kind}: {told}");
        assert_eq!(told.is_empty(), !is_told, "{kind}: {told}");
    }
}
