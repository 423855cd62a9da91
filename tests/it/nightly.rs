//! What `docs/nightly.md` shows is true: its commands are understood, its configuration is read, its exit codes and keys are all of them,
//! and its hook for e-mail mails.

#![allow(clippy::unwrap_used, clippy::panic)] // clippy's leave for tests does not reach their helpers

use std::fs;
use std::path::Path;

use clap::Parser as _;
use clientferry::cli::{Cli, Command};
use clientferry::config::Config;

use super::program::Program;

fn page() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/nightly.md")).unwrap()
}

/// The text of every block of this language.
fn blocks(language: &str) -> Vec<String> {
    let page = page();
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if line == format!("```{language}") {
            blocks.push(lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect());
        }
    }
    blocks
}

#[track_caller]
fn understood(words: &[&str]) -> Command {
    let line = words.join(" ");
    assert!(!words.iter().any(|word| word.contains(['"', '\'', '|', '>', '$', '\\'])), "too much shell for this test: {line}");
    match Cli::try_parse_from([&["clientferry"], words].concat()) {
        Ok(cli) => cli.command,
        Err(error) => panic!("{line}\n{error}"),
    }
}

#[test]
fn its_commands_are_understood() {
    let mut lines: Vec<String> = Vec::new();
    let shell = blocks("sh").into_iter().filter(|block| !block.starts_with("#!")).collect::<String>();
    lines.extend(shell.lines().map(str::to_owned));
    for unit in blocks("ini") {
        lines.extend(unit.lines().filter_map(|line| line.strip_prefix("ExecStart=/usr/local/bin/")).map(str::to_owned));
    }
    for table in blocks("crontab") {
        lines.extend(table.lines().filter_map(|line| line.split_once(" && ")).map(|(_, command)| command.to_owned()));
    }
    assert_eq!(lines.len(), 6, "{lines:?}");
    let mut imports = 0;
    for line in &lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(words[0], "clientferry", "{line}");
        let Command::Import(args) = understood(&words[1..]) else { continue };
        assert!(args.yes && !args.sandbox, "nobody is there to agree: {line}");
        imports += 1;
    }
    assert_eq!(imports, 3);
    let [pod] = &blocks("yaml")[..] else { panic!("one example for Kubernetes") };
    let arguments = pod.lines().find_map(|line| line.trim().strip_prefix("args: ")).unwrap();
    let arguments: Vec<String> = serde_json::from_str(arguments).unwrap();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    assert!(matches!(understood(&words), Command::Import(args) if args.yes));
    assert!(pod.contains("concurrencyPolicy: Forbid"));
}

#[test]
fn its_units_have_settings_in_sections() {
    let units = blocks("ini");
    assert_eq!(units.len(), 2);
    for unit in units {
        let mut sections = 0;
        for line in unit.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            sections += usize::from(line.starts_with('['));
            let is_setting = line.split_once('=').is_some_and(|(name, _)| name.chars().all(|ch| ch.is_ascii_alphanumeric()));
            assert!(line.starts_with('[') || (is_setting && sections > 0), "{line}");
        }
    }
}

#[test]
fn it_tells_every_exit_code_and_every_event() {
    let page = page();
    let source = |path: &str| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(path)).unwrap();
    let failure = source("failure.rs");
    let exits = failure.split_once("enum Exit {").and_then(|(_, rest)| rest.split_once("\n}")).unwrap().0;
    for code in exits.lines().filter_map(|line| line.split_once(" = ")).map(|(_, code)| code.trim_end_matches(',')) {
        let is_told = page.contains(&format!("\n| {code} | ")) || (["8", "9"].contains(&code) && page.contains("\n| 8, 9 | "));
        assert!(is_told, "exit code {code}");
    }
    for path in ["submit/log.rs", "commands/observed.rs"] {
        let source = source(path);
        for event in source.split("event = \"").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(page.contains(&format!("`{event}`")), "the event {event} is not told");
        }
    }
}

#[test]
fn its_configuration_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clientferry.toml");
    let examples = blocks("toml");
    assert_eq!(examples.len(), 1);
    fs::write(&path, &examples[0]).unwrap();
    let hooks = Config::load(Some(&path)).unwrap().hooks().unwrap();
    assert!(hooks.on_finish.is_some() && hooks.on_change.is_some());
    let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/config/hooks.rs")).unwrap();
    let page = page();
    for table in ["HookSettings", "WebhookSettings"] {
        let body = source.split_once(&format!("struct {table} {{")).and_then(|(_, rest)| rest.split_once("\n}")).unwrap().0;
        for (key, _) in body.lines().filter_map(|line| line.trim().strip_prefix("pub(super) ")?.split_once(": ")) {
            assert!(page.contains(key), "the key {key} is not explained");
        }
    }
}

/// What a hook gets has the members that the page shows, and no others.
#[test]
#[cfg(unix)]
fn its_example_of_what_a_hook_gets_is_what_a_hook_gets_and_its_mail_is_sent() {
    use std::os::unix::fs::PermissionsExt as _;

    let program = Program::new();
    let script = blocks("sh").into_iter().find(|block| block.starts_with("#!/bin/sh")).unwrap();
    let put = |name: &str, text: &str| {
        program.put(name, text.as_bytes());
        fs::set_permissions(program.path(name), fs::Permissions::from_mode(0o755)).unwrap();
    };
    put("mail-told", &script);
    // A mailer that keeps what it is given.
    put("sendmail", "#!/bin/sh\ncat > \"$(dirname \"$0\")/mail\"\n");
    put("keep", "#!/bin/sh\ncat > told.json\n");
    program.put(
        "clientferry.toml",
        b"[hooks]\non_finish = [\"./keep\"]\non_change = [\"sh\", \"-c\", \"PATH=$PWD:$PATH ./mail-told ops@example.org\"]\n",
    );
    program.expect(&[0], &["sandbox", "generate", "--rows", "20", "--messy", "60", "-o", "clients.csv"]);
    program.expect(&[1], &["import", "clients.csv", "--to", "tbank/fl-resident", "--sandbox"]);
    let mail = fs::read_to_string(program.path("mail")).unwrap();
    assert!(
        mail.starts_with(
            "To: ops@example.org\nSubject: clientferry: tbank/fl-resident is attention (some rows need attention)\n\n{"
        ),
        "{mail}"
    );
    let members = |text: &str| -> Vec<String> {
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        value.as_object().unwrap().keys().cloned().collect()
    };
    let (_, body) = mail.split_once("\n\n").unwrap();
    assert_eq!(members(&blocks("json")[0]), members(body));
    let finish = members(&fs::read_to_string(program.path("told.json")).unwrap());
    assert!(!finish.contains(&"previous_status".to_owned()) && finish.len() + 1 == members(body).len());
}
