//! The built program, driven by its command line: what one command leaves behind for the next one.
#![allow(clippy::unwrap_used)] // clippy's leave for tests does not reach their helpers

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use encoding_rs::WINDOWS_1251;
use rust_xlsxwriter::Workbook;
use serde_json::Value;
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_clientferry");
const TO: [&str; 2] = ["--to", "tbank/fl-resident"];

/// A working folder of its own.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs the program without any of the caller's variables but the given ones.
    fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
        let mut command = Command::new(PROGRAM);
        command.current_dir(self.0.path()).args(arguments).stdin(Stdio::null());
        command.env_clear().env("CLIENTFERRY_TRANSIENT_TRIES", "1").envs(variables.iter().copied());
        Ran::of(command.output().unwrap())
    }

    fn import(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
        self.run(&[&["import"], &TO[..], arguments].concat(), variables)
    }

    /// Invented clients without faults: a header line and a line for each.
    fn clients(&self, rows: usize) -> Vec<String> {
        let ran = self.run(&["sandbox", "generate", "--messy", "0", "--rows", &rows.to_string()], &[]);
        ran.out.trim_start_matches('\u{feff}').lines().map(str::to_owned).collect()
    }

    fn write_clients(&self, name: &str, rows: usize) {
        std::fs::write(self.path(name), self.clients(rows).join("\n")).unwrap();
    }

    /// The summary of the only report, or of the one whose name begins so.
    fn summary(&self, run: &str) -> Value {
        let folder = self.report(run);
        serde_json::from_slice(&std::fs::read(folder.join("summary.json")).unwrap()).unwrap()
    }

    fn report(&self, run: &str) -> PathBuf {
        let all = std::fs::read_dir(self.path("reports")).unwrap().map(|entry| entry.unwrap().path());
        let mut fitting = all.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(run));
        let found = fitting.next().unwrap();
        assert!(fitting.next().is_none(), "several reports begin with {run}");
        found
    }

    fn runs(&self) -> Value {
        serde_json::from_str(&self.run(&["runs", "--json"], &[]).out).unwrap()
    }
}

struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }

    #[track_caller]
    fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        self
    }

    #[track_caller]
    fn refuses(self, code: i32, words: &str) {
        let ran = self.ends(code);
        assert!(ran.err.contains(words) && ran.err.contains("hint:"), "{}", ran.err);
    }
}

/// A sandbox in a process of its own.
struct Sandbox {
    process: Child,
    url: String,
}

impl Sandbox {
    fn start(ledger: &Path) -> Self {
        let mut process = Command::new(PROGRAM)
            .args(["sandbox", "--rate", "none", "--ledger"])
            .arg(ledger)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Self { process, url: url.trim().to_owned() }
    }

    /// The same sandbox under the path of the bank's test stand.
    fn as_test_stand(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/openapi/sandbox", listener.local_addr().unwrap());
        let target = self.url.trim_start_matches("http://").to_owned();
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), TcpStream::connect(&target).unwrap());
                let (answers, back) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                std::thread::spawn(move || forward(client, server));
                std::thread::spawn(move || forward(answers, back));
            }
        });
        url
    }
}

/// Copies until one side closes, the test stand's path taken out.
fn forward(mut from: TcpStream, mut to: TcpStream) {
    let mut buffer = [0; 1 << 16];
    while let Ok(read) = from.read(&mut buffer) {
        let text = String::from_utf8_lossy(&buffer[..read]).replacen(" /openapi/sandbox/api", " /api", 1);
        if read == 0 || to.write_all(text.as_bytes()).is_err() {
            return;
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn an_account_stays_at_the_server_that_has_its_clients() {
    let desk = Desk::new();
    desk.write_clients("a.csv", 2);
    let ledger = desk.path("ledger.jsonl");
    let token = ("CLIENTFERRY_TOKEN", "t");
    let sandbox = Sandbox::start(&ledger);
    // Nothing was sent to the mistyped address, so it binds nobody.
    let wrong = ("CLIENTFERRY_BASE_URL", "http://127.0.0.1:1/mistyped");
    desk.import(&["a.csv"], &[token, wrong]).ends(1);
    desk.import(&["a.csv"], &[token, ("CLIENTFERRY_BASE_URL", &sandbox.url)]).ends(0);
    drop(sandbox);
    // Restarted on another port.
    let sandbox = Sandbox::start(&ledger);
    desk.import(&["a.csv"], &[token, ("CLIENTFERRY_BASE_URL", &sandbox.url)]).ends(0);
    assert_eq!(std::fs::read_to_string(&ledger).unwrap().lines().count(), 2);
    // The rehearsal is over; the bank's own address never saw these clients.
    desk.import(&["a.csv", "--yes"], &[token]).refuses(2, "the account `default` sent its clients to http://this machine");
    desk.run(&["resolve", "--yes"], &[token]).refuses(2, "never saw them");
    assert_eq!(desk.runs()[0]["ended"], "finished");
}

#[test]
fn a_rehearsal_stays_at_its_ledger_and_says_where_it_lies() {
    let desk = Desk::new();
    desk.write_clients("a.csv", 1);
    let ran = desk.import(&["a.csv", "--sandbox", "--ledger", "one.jsonl"], &[]).ends(0);
    assert!(ran.err.contains("one.jsonl"), "{}", ran.err);
    desk.import(&["a.csv", "--sandbox", "--ledger", "two.jsonl"], &[]).refuses(2, "one.jsonl");
    assert!(!desk.path("two.jsonl").exists());
}

#[test]
fn switches_by_variable_take_1_and_0() {
    let desk = Desk::new();
    desk.write_clients("a.csv", 1);
    desk.import(&["a.csv"], &[("CLIENTFERRY_SANDBOX", "1"), ("CLIENTFERRY_YES", "1")]).ends(0);
    desk.import(&["a.csv"], &[("CLIENTFERRY_SANDBOX", "0"), ("CLIENTFERRY_YES", "")]).refuses(2, "has no token");
}

#[test]
fn a_sandbox_that_cannot_be_is_answered_with_those_that_can() {
    let desk = Desk::new();
    let known: Vec<&str> = clientferry::sandbox::imitated_providers().collect();
    desk.run(&["sandbox", "--provider", "acme"], &[]).refuses(2, &format!("known: {}", known.join(", ")));
    desk.run(&["sandbox", "--switch", "ekho=full"], &[]).refuses(2, "echo=full or required");
    desk.run(&["sandbox", "--switch", "list_lag_ms=soon"], &[]).refuses(2, "a number from 0");
    desk.run(&["sandbox", "--fault", "odd=upside_down"], &[]).refuses(2, "wrong_type");
}

#[test]
fn resolve_serves_a_rehearsal_and_leaves_the_end_of_its_run() {
    let desk = Desk::new();
    desk.write_clients("a.csv", 3);
    let unsure = ["a.csv", "--sandbox", "--limit", "1", "--fault", "201_empty@#1"];
    desk.import(&unsure, &[("CLIENTFERRY_LOOK_UP_GAP_S", "0")]).ends(1);
    let before = desk.runs();
    assert_eq!(before[0]["ended"], "limit");
    desk.run(&["resolve"], &[("CLIENTFERRY_LOOK_UP_GAP_S", "0")]).ends(1);
    let after = desk.runs();
    assert_eq!((&after[0]["ended"], &after[0]["finished"]), (&before[0]["ended"], &before[0]["finished"]));
    let summary = desk.summary("a-");
    assert_eq!((&summary["outcomes"]["created"], &summary["not_sent_reasons"]["send.limit"]), (&1.into(), &2.into()));
}

#[test]
fn resolve_asks_before_anything_goes_to_a_real_provider() {
    let desk = Desk::new();
    desk.write_clients("a.csv", 1);
    desk.import(&["a.csv", "--sandbox"], &[]).ends(0);
    // As if the bank had left this client's request without an answer.
    let journal = rusqlite::Connection::open(desk.path(".clientferry/journal.db")).unwrap();
    let bank =
        "UPDATE runs SET account = 'default', server = 'https://secured-openapi.tbank.ru'; UPDATE clients SET state = 'unknown'";
    journal.execute_batch(bank).unwrap();
    drop(journal);
    desk.run(&["resolve"], &[("CLIENTFERRY_TOKEN", "t")]).refuses(2, "nobody is there to agree");
}

#[test]
fn a_duplicate_shows_no_key_because_none_was_sent() {
    let desk = Desk::new();
    let mut lines = desk.clients(1);
    lines.push(lines[1].clone());
    std::fs::write(desk.path("a.csv"), lines.join("\n")).unwrap();
    desk.import(&["a.csv", "--sandbox"], &[]).ends(1);
    let mut outcomes = csv::Reader::from_path(desk.report("a-").join("outcomes.csv")).unwrap();
    let column = outcomes.headers().unwrap().iter().position(|name| name == "idempotency_key").unwrap();
    let rows: Vec<_> = outcomes.records().map(Result::unwrap).collect();
    assert_eq!((&rows[0][3], &rows[1][3]), ("created", "duplicate"));
    assert!(!rows[0][column].is_empty() && rows[1][column].is_empty(), "{rows:?}");
}

#[test]
fn a_workbook_with_several_filled_sheets_is_a_question_and_reports_know_the_answer() {
    let desk = Desk::new();
    let lines = desk.clients(2);
    let mut book = Workbook::new();
    for (name, line) in [("Север", 1), ("Юг", 2)] {
        let sheet = book.add_worksheet().set_name(name).unwrap();
        for (row, line) in [(0, &lines[0]), (1, &lines[line])] {
            for (column, text) in (0..).zip(line.split(';')) {
                sheet.write_string(row, column, text).unwrap();
            }
        }
    }
    book.save(desk.path("a.xlsx")).unwrap();
    desk.import(&["a.xlsx", "--sandbox"], &[]).refuses(3, "several sheets hold rows: Север, Юг");
    assert!(desk.run(&["inspect", "a.xlsx"], &[]).ends(0).out.contains("--sheet"));
    desk.import(&["a.xlsx", "--sandbox", "--sheet", "Юг"], &[]).ends(0);
    desk.import(&["a.xlsx", "--sandbox", "--sheet", "1"], &[]).ends(0);
    let runs = desk.runs();
    assert_eq!(runs.as_array().unwrap().len(), 2, "each sheet is a run of its own");
    let south = runs[0]["run"].as_str().unwrap();
    desk.run(&["report", south, "--out", "again"], &[]).ends(0);
    let again = std::fs::read(desk.path("again/outcomes.csv")).unwrap();
    assert_eq!(again, std::fs::read(desk.report(south).join("outcomes.csv")).unwrap());
    desk.run(&["resolve", south], &[]).ends(0);
}

#[test]
fn rejected_rows_go_again_with_the_mapping_they_came_from() {
    let desk = Desk::new();
    let mut lines = desk.clients(3);
    // Nobody is called so: the row is refused.
    let name = lines[2].split(';').nth(1).unwrap().to_owned();
    lines[2] = lines[2].replacen(&name, "", 1);
    let text = format!("Выгрузка;;\n\n{}\n", lines.join("\n"));
    std::fs::write(desk.path("a.csv"), WINDOWS_1251.encode(&text).0).unwrap();
    std::fs::write(desk.path("plain.csv"), lines.join("\n")).unwrap();
    desk.run(&[&["map", "plain.csv", "-o", "m.toml"], &TO[..]].concat(), &[]).ends(0);
    let hints = "[source]\nencoding = \"windows-1251\"\ndelimiter = \";\"\nheader_row = 3\n";
    let mapping = std::fs::read_to_string(desk.path("m.toml")).unwrap();
    std::fs::write(desk.path("m.toml"), format!("{mapping}\n{hints}")).unwrap();
    desk.import(&["a.csv", "--sandbox", "--mapping", "m.toml"], &[]).ends(1);
    assert_eq!(desk.summary("a-")["outcomes"]["created"], 2);

    let rejected = std::fs::read(desk.report("a-").join("rejected.csv")).unwrap();
    let rejected = String::from_utf8(rejected).unwrap();
    assert!(rejected.starts_with('\u{feff}'), "spreadsheet programs need the mark");
    let (before, after) = rejected.split_once("C00000002,").unwrap();
    std::fs::write(desk.path("mended.csv"), format!("{before}C00000002,{name}{after}")).unwrap();
    let ran = desk.import(&["mended.csv", "--sandbox", "--mapping", "m.toml"], &[]).ends(0);
    assert!(ran.err.contains("[source]"), "{}", ran.err);
    assert_eq!(desk.summary("mended-")["outcomes"]["created"], 1);

    // Flags hold: what the user says now is no hint.
    let flagged = ["mended.csv", "--sandbox", "--mapping", "m.toml", "--delimiter", ";"];
    desk.import(&flagged, &[]).refuses(3, "header row");

    // A mapping that changed since would tell other outcomes than the run had.
    std::fs::write(desk.path("m.toml"), mapping).unwrap();
    let run = desk.summary("a-")["run"].as_str().unwrap().to_owned();
    desk.run(&["report", &run], &[]).refuses(2, "m.toml is not the mapping of the run");
}

#[test]
fn ids_of_a_test_stand_reach_no_crosswalk() {
    let desk = Desk::new();
    desk.write_clients("a.csv", 2);
    let sandbox = Sandbox::start(&desk.path("ledger.jsonl"));
    let url = sandbox.as_test_stand();
    let ran = desk.import(&["a.csv"], &[("CLIENTFERRY_TOKEN", "t"), ("CLIENTFERRY_BASE_URL", &url)]).ends(0);
    assert!(ran.out.contains("test stand"), "{}", ran.out);
    let crosswalk = || std::fs::read_to_string(desk.report("a-").join("crosswalk.csv")).unwrap();
    assert_eq!(crosswalk().lines().count(), 1);
    assert_eq!(desk.summary("a-")["outcomes"]["created"], 2);
    desk.run(&["report"], &[]).ends(0);
    assert_eq!(crosswalk().lines().count(), 1);
}

#[cfg(unix)]
#[test]
fn standard_input_leaves_no_file_behind_when_it_is_killed() {
    let desk = Desk::new();
    let temporary = desk.path("tmp");
    std::fs::create_dir(&temporary).unwrap();
    let mut process = Command::new(PROGRAM)
        .current_dir(desk.0.path())
        .args([&["check", "-"], &TO[..]].concat())
        .env("TMPDIR", &temporary)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = process.stdin.take().unwrap();
    // More than the pipe holds, so that the program is spooling when this returns.
    for _ in 0..4 {
        input.write_all(&[b'a'; 1 << 16]).unwrap();
    }
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0);
    process.kill().unwrap();
    process.wait().unwrap();
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0);
}
