//! How fast a report is written, how much memory that takes, and how fast it is verified: a million prepared rows, settled as an
//! import settles them, through the reporter alone. Files, hashes and chains of lines included, the disk's own time as well.
//!
//! `cargo bench --bench report` prints rows a second for the CSV files alone and for each further format. Peak memory is that of a
//! process of its own for each line. `CLIENTFERRY_BENCH_ROWS` sets the number of rows.
#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on stops")]
#![allow(clippy::print_stdout, reason = "the table is what this program is for")]

use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use chrono::Utc;
use clientferry::contract::{Registry, Today, vocabulary};
use clientferry::model::{Outcome, Prepared, Settled, Source};
use clientferry::prepare::{self, Plan, Scope};
use clientferry::read::{self, ReadSettings};
use clientferry::report::{Ended, Ending, Evidence, Format, Header, Mode, PageSettings, Reporter, Requests, verify};
use clientferry::{pipeline, sandbox};

const OPERATION: &str = "tbank/fl-resident";
/// Rows that are prepared; the million repeats them at other places.
const PREPARED: u64 = 2_000;
/// What a process of its own measures.
const PART: &str = "CLIENTFERRY_BENCH_PART";

/// Prepared rows with their outcomes, and the source they stand in.
fn rows() -> (Source, Vec<(Prepared, Settled)>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("clients.csv");
    let mut bytes = Vec::new();
    sandbox::generate::generate(PREPARED, 1, 5, &mut bytes).unwrap();
    std::fs::write(&file, &bytes).unwrap();
    let table = read::open(&file, &ReadSettings::default(), &|cell| vocabulary().knows_header(cell)).unwrap();
    let operations = Registry::built_in().find(OPERATION).unwrap();
    let mapping = prepare::infer(OPERATION, &table.source.columns, &operations).mapping();
    let today = Today::new(chrono::Local::now().date_naive());
    let mut plan =
        Plan::compile(&mapping, &table.source, &operations, Registry::built_in(), Scope::new("bench", &[7; 32]), today).unwrap();
    let mut watches = plan.watches();
    let columns: Vec<usize> = watches.iter().map(|(column, _)| *column).collect();
    table.scan(&columns, &mut |at, column, text, kind| watches[column].1.observe(at, text, kind)).unwrap();
    plan.settle(&watches).map_err(drop).unwrap();
    let mut rows = Vec::new();
    pipeline::carry(&table, &plan, |prepared| {
        let created = |key| Settled {
            remote_id: Some(uuid::Uuid::new_v4().to_string().into()),
            key: Some(key),
            attempts: 1,
            http_status: Some(201),
            settled_at_ms: Some(1_777_863_721_007),
            ..Settled::plain(Outcome::Created)
        };
        let settled = prepared.result.as_ref().map_or_else(|_| Settled::plain(Outcome::Invalid), |parcel| created(parcel.key));
        rows.push((prepared, settled));
        Ok(std::ops::ControlFlow::Continue(()))
    })
    .unwrap();
    (table.source.clone(), rows, operations.iter().map(|operation| operation.name.to_string()).collect())
}

fn header(operations: Vec<String>, formats: Vec<Format>) -> Header {
    Header {
        run: "bench".into(),
        operation: OPERATION.into(),
        operations,
        mode: Mode::Import,
        account: "bench".into(),
        version: "0".into(),
        started: Utc::now(),
        ignored_columns: Vec::new(),
        members: Default::default(),
        joined_columns: Vec::<Arc<str>>::new(),
        by_hand: Vec::new(),
        test_stand: false,
        formats,
        evidence: Evidence::default(),
        page: PageSettings::default(),
    }
}

/// Writes and verifies one report; a line of the table.
fn measure(what: &str, formats: Vec<Format>, total: u64) -> String {
    let (source, mut prepared, operations) = rows();
    let folder = tempfile::tempdir().unwrap();
    let began = Instant::now();
    let mut reporter = Reporter::create(folder.path(), &source, header(operations, formats)).unwrap();
    let count = prepared.len() as u64;
    for ordinal in 0..total {
        let (row, settled) = &mut prepared[(ordinal % count) as usize];
        row.row.place.ordinal = ordinal;
        row.row.place.line = ordinal + 2;
        reporter.row(row, settled).unwrap();
    }
    let ending = Ending {
        finished: Utc::now(),
        ended: Ended::Finished,
        halt: None,
        requests: Requests::default(),
        rows_read: total,
        blank_trailing_rows: 0,
        journal: None,
        timeline: None,
    };
    let summary = reporter.finish(ending).unwrap();
    let wrote = began.elapsed().as_secs_f64();
    let bytes: u64 = summary.files.iter().map(|file| file.bytes).sum();
    let peak = peak_mib();
    let began = Instant::now();
    let findings = verify(folder.path(), None).unwrap().findings;
    assert!(findings.is_empty(), "{findings:?}");
    let verified = began.elapsed().as_secs_f64();
    let (rate, mib) = (total as f64 / wrote, bytes as f64 / f64::from(1 << 20));
    format!("{what:<22} {wrote:>8.2} {rate:>12.0} {mib:>10.0} {peak:>10} {verified:>10.2}")
}

/// Peak memory of this process until now.
fn peak_mib() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    kib.map_or_else(|| "?".to_owned(), |kib| (kib / 1024).to_string())
}

/// The program's own: the system's allocator would be measured instead of the room.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let parts: [(&str, Vec<Format>); 5] = [
        ("CSV files", vec![]),
        ("and outcomes.jsonl", vec![Format::Jsonl]),
        ("and junit.xml", vec![Format::Junit]),
        ("and report.html", vec![Format::Html]),
        ("and outcomes.xlsx", vec![Format::Xlsx]),
    ];
    // `cargo test --benches` only wants to know that it runs.
    let measured = std::env::args().any(|argument| argument == "--bench");
    let usual = if measured { 1_000_000 } else { 1_000 };
    let total = std::env::var("CLIENTFERRY_BENCH_ROWS").ok().map_or(usual, |rows| rows.parse().unwrap());
    if let Ok(part) = std::env::var(PART) {
        let (what, formats) = parts[part.parse::<usize>().unwrap()].clone();
        println!("{}", measure(what, formats, total));
        return;
    }
    println!(
        "{total} rows of 20 columns\n{:<22} {:>8} {:>12} {:>10} {:>10} {:>10}",
        "files", "s", "rows/s", "MiB", "peak MiB", "verify s"
    );
    for part in 0..parts.len() {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let status = command.args(std::env::args().skip(1)).env(PART, part.to_string()).status().unwrap();
        assert!(status.success(), "{status}");
    }
}
