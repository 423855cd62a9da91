//! The crash matrix: runs are killed at random moments, the journal's last page is torn, the disk is full, rows are reordered and
//! appended between runs, answers are lost after the commit, all in combination and at every provider. In the end the ledger holds
//! each client exactly once, the report says what it says of runs that nothing disturbed, and nothing is unknown that the provider
//! could have been asked about.
//!
//! A case is made by its seed alone. `CLIENTFERRY_TORTURE=500` runs so many; `CLIENTFERRY_TORTURE=#17` that one only.

mod world;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use fastrand::Rng;

use super::stage::{SandboxProcess, Stage};
use super::truth::{Ledger, Report};
use world::{WORLDS, World};

/// Cases where nobody says how many.
const CASES: u64 = 30;
/// At the same time: most of a case is waiting.
const WORKERS: usize = 4;
/// Runs without any disturbance after which everything must be settled.
const LAST_RUNS: usize = 5;
/// The journal's folder, on the small disk where there is one.
const JOURNAL: &str = "journal/journal.db";

#[test]
fn whatever_goes_wrong_each_client_is_created_once_and_told_as_if_nothing_had() {
    let asked = std::env::var("CLIENTFERRY_TORTURE").unwrap_or_default();
    let seeds = match asked.strip_prefix('#') {
        Some(one) => one.parse().map(|one| one..one + 1).unwrap(),
        None => 0..asked.parse().unwrap_or(CASES),
    };
    let (next, failed) = (AtomicU64::new(seeds.start), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        break;
                    }
                    let mut case = Case::new(seed);
                    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| case.play()));
                    let why = match outcome {
                        Ok(Ok(())) => continue,
                        Ok(Err(why)) => why,
                        Err(_) => "a check inside of it failed, see above".to_owned(),
                    };
                    failed.lock().unwrap().push(format!("#{seed} ({}): {why}\n  {}", case.world.name, case.story.join("\n  ")));
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{} of {} cases:\n{}", failed.len(), seeds.end - seeds.start, failed.join("\n"));
    if !*MAY_MOUNT {
        eprintln!("SKIPPED in part, full disks of the crash matrix: this user may not mount a small disk");
    }
}

/// One way of going wrong.
struct Case {
    seed: u64,
    rng: Rng,
    world: &'static World,
    /// What was done, for whoever has to understand a failure.
    story: Vec<String>,
    /// Every file that was sent, in its order.
    files: Vec<String>,
}

impl Case {
    fn new(seed: u64) -> Self {
        let world = &WORLDS[usize::try_from(seed).unwrap() % WORLDS.len()];
        Self { seed, rng: Rng::with_seed(seed), world, story: Vec::new(), files: Vec::new() }
    }

    fn play(&mut self) -> Result<(), String> {
        let mut rows = self.rng.usize(12..48);
        let latency = self.rng.u64(0..12).to_string();
        let seed = self.seed.to_string();
        let lost = ["drop_after_commit@4%", "500_after_commit@3%", "201_cut@3%", "drop_before_commit@3%"];
        let mut arguments = vec!["--latency-ms", &latency, "--seed", &seed];
        arguments.extend(lost.iter().filter(|_| self.rng.bool()).flat_map(|fault| ["--fault", fault]));
        self.story.push(format!("{rows} rows; {}", arguments.join(" ")));
        let sandbox = self.world.sandbox(&arguments);
        let stage = self.world.stage(&sandbox).with("CLIENTFERRY_JOURNAL", JOURNAL);
        let disk = Disk::mount(&stage.path("journal"));
        let mut order = self.world.base(rows);
        self.write(&stage, &order);
        for _ in 0..self.rng.usize(2..6) {
            self.disturbed_run(&stage, &sandbox, disk.as_ref())?;
            if self.rng.u8(0..4) == 0 {
                rows += self.rng.usize(0..6);
                let grown = self.world.base(rows);
                order = shuffled(grown, &mut self.rng);
                self.story.push(format!("rows reordered, now {rows}"));
                self.write(&stage, &order);
            }
        }
        sandbox.set_faults(&[]);
        let report = self.settled(&stage)?;
        self.judge(&report, &sandbox, rows)?;
        self.compare(&report)
    }

    fn write(&mut self, stage: &Stage, lines: &[String]) {
        let text = format!("{}\n", lines.join("\n"));
        stage.write("clients.csv", &text);
        self.files.push(text);
    }

    /// A run with something that goes wrong in it, and perhaps something between it and the next.
    fn disturbed_run(&mut self, stage: &Stage, sandbox: &SandboxProcess, disk: Option<&Disk>) -> Result<(), String> {
        let ballast = disk.filter(|_| self.rng.u8(0..4) == 0).map(|disk| disk.fill(self.rng.u64(0..120_000)));
        if ballast.is_some() {
            self.story.push("the journal's disk is full".to_owned());
        }
        let before = sandbox.created();
        let import = self.world.import();
        let mut started = stage.start(&import.iter().map(String::as_str).collect::<Vec<_>>());
        let pause = Duration::from_micros(self.rng.u64(0..9000));
        match self.rng.u8(0..5) {
            0 | 1 => {
                // In the midst of sending, unless it ends before.
                let wanted = before + self.rng.usize(1..10);
                while started.is_running() && sandbox.created() < wanted {
                    std::thread::sleep(Duration::from_millis(1));
                }
                std::thread::sleep(pause);
                let killed = started.kill();
                self.story.push(format!("kill -9 after {} clients: {killed}", sandbox.created() - before));
            }
            2 => {
                let at = Duration::from_millis(self.rng.u64(0..500));
                std::thread::sleep(at);
                let killed = started.kill();
                self.story.push(format!("kill -9 after {at:?}: {killed}"));
            }
            3 => {
                std::thread::sleep(Duration::from_millis(self.rng.u64(50..300)));
                if started.is_running() {
                    started.signal(["TERM", "INT"][self.rng.usize(0..2)]);
                }
                let ended = started.finish();
                self.story.push(format!("a signal, exit {:?}", ended.code));
            }
            _ => {
                let ended = started.finish();
                self.story.push(format!(
                    "to its end, exit {:?}: {}",
                    ended.code,
                    ended.stderr.lines().last().unwrap_or_default()
                ));
                if ended.code == Some(70) || ended.code.is_none() {
                    return Err(format!("the program ended with {:?}: {}", ended.code, ended.stderr));
                }
            }
        }
        drop(ballast);
        if self.rng.u8(0..3) == 0 {
            self.tear(&stage.path("journal"))?;
        }
        self.world.held(&Ledger::read(&sandbox.ledger()).0).map(drop)
    }

    /// What a power failure leaves of a write that nobody was promised: a part of the page behind the last commit.
    fn tear(&mut self, folder: &Path) -> Result<(), String> {
        let log = folder.join("journal.db-wal");
        let Ok(metadata) = std::fs::metadata(&log) else { return Ok(()) };
        let mut garbage = vec![0; self.rng.usize(1..6000)];
        self.rng.fill(&mut garbage);
        let written = std::fs::OpenOptions::new().append(true).open(&log).and_then(|mut file| file.write_all(&garbage));
        self.story.push(format!("{} torn bytes behind the {} of the journal's log", garbage.len(), metadata.len()));
        // The small disk may be too full for them.
        drop(written);
        Ok(())
    }

    /// Runs until nothing is left to do, and reads the last report.
    fn settled(&mut self, stage: &Stage) -> Result<Report, String> {
        let import = self.world.import();
        for _ in 0..LAST_RUNS {
            let ended = stage.run(&import.iter().map(String::as_str).collect::<Vec<_>>());
            self.story.push(format!("undisturbed, exit {:?}", ended.code));
            if !matches!(ended.code, Some(0 | 1)) {
                return Err(format!("an undisturbed run ended with {:?}: {}", ended.code, ended.stderr));
            }
            let report = Report::read(&stage.path("report"));
            if report.count("unknown") + report.count("not_sent") == 0 {
                return Ok(report);
            }
            let resolve = self.world.resolve();
            stage.run(&resolve.iter().map(String::as_str).collect::<Vec<_>>());
        }
        let report = Report::read(&stage.path("report"));
        if self.world.can_be_asked || report.count("not_sent") > 0 {
            let left = report.outcomes.iter().find(|line| ["unknown", "not_sent"].contains(&line["outcome"].as_str()));
            return Err(format!("not settled after {LAST_RUNS} runs: {}; {left:?}", report.summary["outcomes"]));
        }
        Ok(report)
    }

    /// Report and ledger tell the same, each client once.
    fn judge(&self, report: &Report, sandbox: &SandboxProcess, rows: usize) -> Result<(), String> {
        report.assert_no_row_is_lost(rows);
        report.assert_crosswalk();
        let held = self.world.held(&Ledger::read(&sandbox.ledger()).0)?;
        let ids: BTreeMap<&str, usize> = held.values().fold(BTreeMap::new(), |mut ids, id| {
            *ids.entry(id.as_str()).or_default() += 1;
            ids
        });
        let mut told = 0;
        for line in &report.outcomes {
            let id = line["provider_id"].as_str();
            if ["created", "existing"].contains(&line["outcome"].as_str()) && !id.is_empty() {
                told += 1;
                if !ids.contains_key(id) {
                    return Err(format!("the report tells of a client that the ledger does not hold: {line:?}"));
                }
            }
        }
        let doubtful = report.count("unknown");
        if told > held.len() || told + doubtful < held.len() {
            return Err(format!("the report tells of {told} clients, {doubtful} in doubt, the ledger holds {}", held.len()));
        }
        Ok(())
    }

    /// The same files sent one after the other, and nothing in between: the last report tells the same of every row.
    fn compare(&self, report: &Report) -> Result<(), String> {
        let sandbox = self.world.sandbox(&[]);
        let stage = self.world.stage(&sandbox);
        let import = self.world.import();
        for file in &self.files {
            stage.write("clients.csv", file);
            stage.run(&import.iter().map(String::as_str).collect::<Vec<_>>());
        }
        let calm = Report::read(&stage.path("report"));
        for (found, expected) in report.outcomes.iter().zip(&calm.outcomes) {
            if found["outcome"] == "unknown" {
                continue;
            }
            let (found, expected) = (fate(found), fate(expected));
            if found != expected {
                return Err(format!("told {found:?}, undisturbed {expected:?}"));
            }
        }
        Ok(())
    }
}

/// What happened to a row. In which of the runs it was created is what the disturbances decide.
fn fate(line: &super::truth::Line) -> Vec<String> {
    let there = ["created", "existing"].contains(&line["outcome"].as_str());
    let outcome = if there { "there" } else { line["outcome"].as_str() };
    let mut fate = vec![line["line"].clone(), line["row_id"].clone(), outcome.to_owned()];
    if !there {
        fate.extend(["code", "field", "column", "found", "message"].map(|column| line[column].clone()));
    }
    fate
}

/// The header stays where it is.
fn shuffled(mut lines: Vec<String>, rng: &mut Rng) -> Vec<String> {
    rng.shuffle(&mut lines[1..]);
    lines
}

static MAY_MOUNT: LazyLock<bool> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    Disk::mount_at(folder.path()).is_some()
});

/// A disk of 16 MB, where this user may have one.
struct Disk(PathBuf);

impl Disk {
    fn mount(folder: &Path) -> Option<Self> {
        MAY_MOUNT.then(|| Self::mount_at(folder)).flatten()
    }

    fn mount_at(folder: &Path) -> Option<Self> {
        std::fs::create_dir_all(folder).ok()?;
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=16m,mode=700", "tmpfs"]).arg(folder).output().ok()?;
        mounted.status.success().then(|| Self(folder.to_owned()))
    }

    /// Leaves so many bytes, until the ballast is dropped.
    fn fill(&self, left: u64) -> Ballast {
        let path = self.0.join("ballast");
        let mut file = std::fs::File::create(&path).unwrap();
        while file.write_all(&[0; 4096]).is_ok() {}
        let length = file.metadata().unwrap().len();
        file.set_len(length.saturating_sub(left)).unwrap();
        Ballast(path)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

struct Ballast(PathBuf);

impl Drop for Ballast {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
