//! How long a check takes, room by room, beside a bare loop of the `csv` crate over the same bytes.
//!
//! `cargo bench` prints divan's table (`items/s` are rows), then how many times the bare loop each part takes: ratios stay
//! comparable between machines, rows a second do not. `CLIENTFERRY_BENCH_ROWS` sets the size of the file.
#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on stops")]
#![allow(clippy::print_stdout, reason = "the table is what this program is for")]

use std::hint::black_box;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use clientferry::contract::{Registry, Today, vocabulary};
use clientferry::prepare::{self, Plan, Scope};
use clientferry::read::{self, ReadSettings, Table};
use clientferry::{pipeline, sandbox};
use divan::Bencher;
use divan::counter::ItemsCount;

const OPERATION: &str = "tbank/fl-resident";
const ROWS_PER_BATCH: usize = 1024;
/// Runs of each part for the ratios; the quickest counts, for other programs only ever make one slower.
const RUNS: usize = 5;

/// The generated file, the same in every run of the program.
struct Clients {
    folder: tempfile::TempDir,
    file: PathBuf,
    bytes: Vec<u8>,
    rows: u64,
}

static CLIENTS: LazyLock<Clients> = LazyLock::new(|| {
    let rows = std::env::var("CLIENTFERRY_BENCH_ROWS").ok().map_or(100_000, |rows| rows.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = Vec::new();
    sandbox::generate::generate(rows, 1, 5, &mut bytes).unwrap();
    let file = folder.path().join("clients.csv");
    std::fs::write(&file, &bytes).unwrap();
    Clients { folder, file, bytes, rows }
});

fn open() -> Table {
    read::open(&CLIENTS.file, &ReadSettings::default(), &|cell| vocabulary().knows_header(cell)).unwrap()
}

/// The plan as `check` makes it: mapped by headers, dates proven by a first pass.
fn plan(table: &Table) -> Plan {
    let operations = Registry::built_in().find(OPERATION).unwrap();
    let mapping = prepare::infer(OPERATION, &table.source.columns, &operations).mapping();
    let today = Today::new(chrono::Local::now().date_naive());
    let mut plan =
        Plan::compile(&mapping, &table.source, &operations, Registry::built_in(), Scope::new("bench", &[7; 32]), today).unwrap();
    let mut watches = plan.watches();
    let columns: Vec<usize> = watches.iter().map(|(column, _)| *column).collect();
    table.scan(&columns, &mut |at, column, text, kind| watches[column].1.observe(at, text, kind)).unwrap();
    plan.settle(&watches).map_err(drop).unwrap();
    plan
}

/// The baseline: every field of every record looked at, nothing else.
fn bare_csv_loop() -> usize {
    let mut reader = csv::ReaderBuilder::new().delimiter(b';').from_reader(&CLIENTS.bytes[..]);
    let mut record = csv::ByteRecord::new();
    let mut bytes = 0;
    while reader.read_byte_record(&mut record).unwrap() {
        bytes += record.iter().map(<[u8]>::len).sum::<usize>();
    }
    bytes
}

fn reading(table: &Table) -> usize {
    table.batches(ROWS_PER_BATCH).unwrap().map(|batch| batch.unwrap().len()).sum()
}

fn reading_and_preparing(table: &Table, plan: &Plan) -> usize {
    let mut good = 0;
    pipeline::carry(table, plan, |prepared| {
        good += usize::from(black_box(prepared).result.is_ok());
        Ok(ControlFlow::Continue(()))
    })
    .unwrap();
    good
}

/// The program as a user starts it: both passes, triage, four report files.
fn whole_check() {
    let status = Command::new(env!("CARGO_BIN_EXE_clientferry"))
        .args(["check", "clients.csv", "--to", OPERATION, "--out", "report"])
        .current_dir(CLIENTS.folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    // 1: the generated file has rows to mend.
    assert!(matches!(status.code(), Some(0 | 1)), "{status}");
}

#[divan::bench(name = "1 bare csv loop")]
fn bench_bare_csv_loop(bencher: Bencher<'_, '_>) {
    bencher.counter(ItemsCount::new(CLIENTS.rows)).bench_local(bare_csv_loop);
}

#[divan::bench(name = "2 reading")]
fn bench_reading(bencher: Bencher<'_, '_>) {
    let table = open();
    bencher.counter(ItemsCount::new(CLIENTS.rows)).bench_local(|| reading(&table));
}

#[divan::bench(name = "3 reading and preparing", sample_count = 10)]
fn bench_reading_and_preparing(bencher: Bencher<'_, '_>) {
    let table = open();
    let plan = plan(&table);
    bencher.counter(ItemsCount::new(CLIENTS.rows)).bench_local(|| reading_and_preparing(&table, &plan));
}

#[divan::bench(name = "4 whole check, as a program", sample_count = 10)]
fn bench_whole_check(bencher: Bencher<'_, '_>) {
    bencher.counter(ItemsCount::new(CLIENTS.rows)).bench_local(whole_check);
}

fn quickest<T>(mut part: impl FnMut() -> T) -> Duration {
    (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            black_box(part());
            start.elapsed()
        })
        .min()
        .unwrap_or_default()
}

fn ratios() {
    let table = open();
    let plan = plan(&table);
    let parts = [
        ("bare csv loop", quickest(bare_csv_loop)),
        ("reading", quickest(|| reading(&table))),
        ("reading and preparing", quickest(|| reading_and_preparing(&table, &plan))),
        ("whole check, as a program", quickest(whole_check)),
    ];
    println!("\n{} rows, {} bytes, quickest of {RUNS}", CLIENTS.rows, CLIENTS.bytes.len());
    println!("{:<28} {:>10} {:>12} {:>16}", "part", "ms", "rows/s", "× bare csv loop");
    for (name, time) in parts {
        let seconds = time.as_secs_f64();
        let (per_second, ratio) = (CLIENTS.rows as f64 / seconds, seconds / parts[0].1.as_secs_f64());
        println!("{name:<28} {:>10.1} {per_second:>12.0} {ratio:>16.1}", seconds * 1000.0);
    }
}

/// The program's own: the system's allocator would be measured instead of the rooms.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    divan::main();
    // `cargo test --benches` only wants to know that they run.
    if std::env::args().any(|argument| argument == "--bench") {
        ratios();
    }
}
