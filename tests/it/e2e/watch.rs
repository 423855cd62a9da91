//! A watched folder: complete files only, each once, whatever happens to the watcher.
#![cfg(unix)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fastrand::Rng;
use serde_json::Value;

use super::stage::{SandboxProcess, Stage, lines};
use super::truth::Ledger;

const WATCH: [&str; 8] = ["watch", "drop", "--to", "tbank/fl-resident", "--settle", "1", "--retry", "1"];

fn stage(sandbox: &SandboxProcess) -> Stage {
    let stage = Stage::new().to(sandbox);
    std::fs::create_dir(stage.path("drop")).unwrap();
    stage
}

/// Puts a file in as it should be: whole at once.
fn put(stage: &Stage, name: &str, rows: u64, seed: u64) {
    stage.write_clients("made.tmp", rows, seed, 0);
    std::fs::rename(stage.path("made.tmp"), stage.path("drop").join(name)).unwrap();
}

#[track_caller]
fn wait_for(path: &Path) {
    let deadline = Instant::now() + Duration::from_secs(90);
    while !path.exists() {
        assert!(Instant::now() < deadline, "{} does not come", path.display());
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn note(moved: &Path) -> Value {
    let mut path = moved.as_os_str().to_owned();
    path.push(".clientferry.json");
    // It comes after the file.
    wait_for(Path::new(&path));
    std::thread::sleep(Duration::from_millis(50));
    serde_json::from_slice(&std::fs::read(PathBuf::from(path)).unwrap()).unwrap()
}

#[test]
fn files_are_taken_when_they_are_whole_and_told_apart() {
    let sandbox = SandboxProcess::with_faults(&[]);
    let stage = stage(&sandbox);
    let watcher = stage.start(&WATCH);
    put(&stage, "half.csv.part", 9, 90);
    std::fs::write(stage.path("drop/broken.xlsx"), b"PK\x03\x04 but no workbook").unwrap();
    // Slowly, in portions that end within rows.
    stage.write_clients("slow.csv", 30, 91, 0);
    let bytes = std::fs::read(stage.path("slow.csv")).unwrap();
    let mut slow = std::fs::File::create(stage.path("drop/slow.csv")).unwrap();
    for portion in bytes.chunks(bytes.len() / 5 + 1) {
        slow.write_all(portion).unwrap();
        slow.flush().unwrap();
        std::thread::sleep(Duration::from_millis(500));
        assert!(!stage.path("drop/done/slow.csv").exists(), "a file was taken while it was written");
    }
    wait_for(&stage.path("drop/done/slow.csv"));
    wait_for(&stage.path("drop/failed/broken.xlsx"));
    let Value::String(run) = note(&stage.path("drop/done/slow.csv"))["run"].clone() else { panic!("a note without its run") };
    let failed = note(&stage.path("drop/failed/broken.xlsx"));
    assert_eq!(failed["exit_code"], 3);
    assert!(failed["note"].as_str().unwrap().contains("error: "), "{failed}");
    assert_eq!(sandbox.created(), 30);
    assert!(stage.path("drop/half.csv.part").exists(), "a file that is still written was taken");
    // One watcher is enough.
    let began = Instant::now();
    let second = stage.run(&WATCH).expect(7);
    assert!(second.stderr.contains(&watcher.id().to_string()) && began.elapsed() < Duration::from_secs(5), "{}", second.stderr);
    watcher.signal("TERM");
    watcher.finish().expect(0);
    // What was put aside is still found.
    stage.run(&["report", &run]).expect(0);
    Ledger::read(&sandbox.ledger()).assert_nobody_is_twice();
}

#[test]
fn the_same_content_is_never_handled_twice() {
    let sandbox = SandboxProcess::with_faults(&[]);
    let stage = stage(&sandbox);
    put(&stage, "first.csv", 12, 92);
    // As if the watcher had been killed between the import and the move.
    stage.run(&["import", "drop/first.csv", "--to", "tbank/fl-resident"]).expect(0);
    let asked = sandbox.creations_asked();
    std::fs::copy(stage.path("drop/first.csv"), stage.path("drop/copy.csv")).unwrap();
    let watcher = stage.start(&WATCH);
    for name in ["first.csv", "copy.csv"] {
        let moved = stage.path("drop/done").join(name);
        wait_for(&moved);
        assert!(note(&moved)["note"].as_str().unwrap().contains("imported before"), "{}", note(&moved));
    }
    put(&stage, "first.csv", 12, 92);
    wait_for(&stage.path("drop/done/2/first.csv"));
    assert_eq!((sandbox.creations_asked(), sandbox.created()), (asked, 12));
    watcher.signal("INT");
    watcher.finish().expect(0);
}

#[test]
fn a_stop_in_the_middle_of_a_file_is_continued_by_the_next_watcher() {
    let sandbox = SandboxProcess::start(&["--rate", "none", "--latency-ms", "40"]);
    let stage = stage(&sandbox);
    put(&stage, "clients.csv", 300, 93);
    let watcher = stage.start(&WATCH);
    sandbox.wait_for_clients(10);
    watcher.signal("TERM");
    let asked = Instant::now();
    watcher.finish().expect(0);
    assert!(asked.elapsed() < Duration::from_secs(20));
    assert!(stage.path("drop/clients.csv").exists() && sandbox.created() < 300, "the file was done before the stop");
    // Nobody works on when the watcher is gone, and the import ended in good order: it has its report.
    let created = sandbox.created();
    assert!(stage.only_report().join("summary.json").exists());
    assert_eq!(sandbox.created(), created);
    let watcher = stage.start(&WATCH);
    wait_for(&stage.path("drop/done/clients.csv"));
    watcher.signal("TERM");
    watcher.finish().expect(0);
    assert_eq!(sandbox.created(), 300);
    Ledger::read(&sandbox.ledger()).assert_nobody_is_twice();
}

#[test]
fn a_file_that_the_provider_stopped_stays_and_is_tried_again() {
    let sandbox = SandboxProcess::with_faults(&["401_after_n=25"]);
    let stage = stage(&sandbox);
    put(&stage, "clients.csv", 60, 94);
    let watcher = stage.start(&WATCH);
    let deadline = Instant::now() + Duration::from_secs(60);
    while !watcher.stderr().contains("tried again in") {
        assert!(Instant::now() < deadline, "{}", watcher.stderr());
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(stage.path("drop/clients.csv").exists());
    sandbox.set_faults(&[]);
    wait_for(&stage.path("drop/done/clients.csv"));
    assert_eq!(sandbox.created(), 60);
    drop(watcher);
    Ledger::read(&sandbox.ledger()).assert_nobody_is_twice();
}

#[test]
fn killed_at_any_moment_the_next_watcher_ends_what_was_begun() {
    let mut rng = Rng::with_seed(95);
    let sandbox = SandboxProcess::start(&["--rate", "none", "--latency-ms", "5"]);
    let stage = stage(&sandbox);
    let names = ["a.csv", "b.csv", "c.csv"];
    // Other clients in each.
    stage.write_clients("all.csv", 120, 96, 0);
    let all = std::fs::read_to_string(stage.path("all.csv")).unwrap();
    let rows: Vec<&str> = all.lines().collect();
    for (name, rows) in names.iter().zip(rows[1..].chunks(40)) {
        std::fs::write(stage.path("drop").join(name), format!("{}\n{}\n", all.lines().next().unwrap(), rows.join("\n"))).unwrap();
    }
    for _ in 0..6 {
        let watcher = stage.start(&WATCH);
        std::thread::sleep(Duration::from_millis(rng.u64(200..2500)));
        // The import that it started lives on, and holds the journal: the next watcher waits for it.
        watcher.kill();
    }
    let watcher = stage.start(&WATCH);
    for name in names {
        wait_for(&stage.path("drop/done").join(name));
    }
    // It hears signals from here on; the files may have been done before it came.
    let deadline = Instant::now() + Duration::from_secs(60);
    while !watcher.stderr().contains("watching drop") {
        assert!(Instant::now() < deadline, "{}", watcher.stderr());
        std::thread::sleep(Duration::from_millis(20));
    }
    watcher.signal("TERM");
    watcher.finish().expect(0);
    assert_eq!((sandbox.created(), lines(&sandbox.ledger())), (120, 120));
    Ledger::read(&sandbox.ledger()).assert_nobody_is_twice();
}

#[test]
fn what_would_be_wrong_with_every_file_is_told_at_once() {
    let stage = Stage::new();
    std::fs::create_dir(stage.path("drop")).unwrap();
    for (further, code) in [(&["--out", "x", "--sandbox"][..], 2), (&["--mapping", "missing.toml", "--sandbox"], 2), (&[], 2)] {
        stage.run(&[&WATCH[..], further].concat()).expect(code);
    }
    let mut elsewhere = WATCH.to_vec();
    elsewhere[1] = "missing";
    elsewhere.push("--sandbox");
    stage.run(&elsewhere).expect(3);
}
