//! How fast a report is written beside a bare writer of the `csv` crate, how much memory that takes, and how fast it is verified: a
//! million prepared rows, settled as an import settles them, through the reporter alone. Files, hashes and chains of lines included,
//! the disk's own time as well.
//!
//! `cargo bench --bench report` prints a line for the bare writer (the cells of the same four CSV files, without hashes), one for the
//! CSV files alone, and one for each further format, and ends with 1 where what is asked is not held. Rows a second are told by the
//! processor's time, of all threads together: other programs on the machine hardly disturb it. Time by the clock stands beside. Each line is
//! a process of its own, so that its memory can be told. `CLIENTFERRY_BENCH_ROWS` sets the number of rows.
#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on stops")]
#![allow(clippy::print_stdout, reason = "the table is what this program is for")]

use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::{Duration, Instant};

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
/// Turns of the bare writer and of the CSV files; the fastest counts, for whatever disturbs only ever adds.
const TURNS: usize = 3;

/// What is asked.
const CSV_ROWS_PER_SECOND_MIN: f64 = 200_000.0;
const PEAK_MIB_MAX: f64 = 150.0;

const CSV_FILES: [&str; 4] = ["outcomes.csv", "faults.csv", "rejected.csv", "crosswalk.csv"];

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

/// What one process measured.
struct Measured {
    clock_s: f64,
    processor_s: f64,
    mib: f64,
    peak_mib: f64,
    verified_s: f64,
}

impl Measured {
    fn since(began: Instant, processor: Duration, bytes: u64) -> Self {
        Self {
            clock_s: began.elapsed().as_secs_f64(),
            processor_s: processor_time().saturating_sub(processor).as_secs_f64(),
            mib: bytes as f64 / f64::from(1 << 20),
            peak_mib: peak_mib(),
            verified_s: 0.0,
        }
    }

    fn told(&self) -> String {
        let Self { clock_s, processor_s, mib, peak_mib, verified_s } = self;
        format!("{clock_s} {processor_s} {mib} {peak_mib} {verified_s}")
    }

    fn parse(told: &str) -> Self {
        let numbers: Vec<f64> = told.split_whitespace().map(|number| number.parse().unwrap()).collect();
        let [clock_s, processor_s, mib, peak_mib, verified_s] = numbers[..] else { unreachable!("{told}") };
        Self { clock_s, processor_s, mib, peak_mib, verified_s }
    }

    fn rows_per_second(&self, total: u64) -> f64 {
        total as f64 / self.processor_s.max(0.001)
    }
}

/// Writes one report; gives the size of its files.
fn write(folder: &Path, formats: Vec<Format>, total: u64, rows: (Source, Vec<(Prepared, Settled)>, Vec<String>)) -> u64 {
    let (source, mut prepared, operations) = rows;
    let mut reporter = Reporter::create(folder, &source, header(operations, formats)).unwrap();
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
    reporter.finish(ending).unwrap().files.iter().map(|file| file.bytes).sum()
}

/// Writes and verifies one report.
fn measure(formats: Vec<Format>, total: u64) -> Measured {
    let rows = rows();
    let folder = tempfile::tempdir().unwrap();
    let (began, processor) = (Instant::now(), processor_time());
    let bytes = write(folder.path(), formats, total, rows);
    let mut measured = Measured::since(began, processor, bytes);
    let began = Instant::now();
    let findings = verify(folder.path(), None).unwrap().findings;
    assert!(findings.is_empty(), "{findings:?}");
    measured.verified_s = began.elapsed().as_secs_f64();
    measured
}

/// The baseline: the same cells by the `csv` crate into four files, and nothing else.
fn measure_bare_writer(total: u64) -> Measured {
    let folder = tempfile::tempdir().unwrap();
    let rows = rows();
    let count = rows.1.len() as u64;
    write(folder.path(), Vec::new(), count, rows);
    let tables: Vec<Vec<csv::ByteRecord>> = CSV_FILES
        .iter()
        .map(|name| {
            let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(folder.path().join(name)).unwrap();
            reader.byte_records().map(Result::unwrap).collect()
        })
        .collect();
    let (began, processor) = (Instant::now(), processor_time());
    let mut writers: Vec<csv::Writer<std::fs::File>> = CSV_FILES
        .iter()
        .map(|name| {
            let file = std::fs::File::create(folder.path().join(format!("bare-{name}"))).unwrap();
            csv::WriterBuilder::new().flexible(true).buffer_capacity(256 << 10).from_writer(file)
        })
        .collect();
    for _ in 0..total.div_ceil(count) {
        for (table, writer) in tables.iter().zip(&mut writers) {
            table.iter().for_each(|record| writer.write_byte_record(record).unwrap());
        }
    }
    let files: Vec<std::fs::File> = writers.into_iter().map(|writer| writer.into_inner().map_err(drop).unwrap()).collect();
    files.iter().for_each(|file| file.sync_all().unwrap());
    let bytes = files.iter().map(|file| file.metadata().unwrap().len()).sum();
    Measured::since(began, processor, bytes)
}

/// Peak memory of this process until now.
fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    kib.unwrap_or(0) as f64 / 1024.0
}

/// Time of the processor that this process has had; nothing where the system does not tell. Linux counts hundredths of a second.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
    Duration::from_millis((ticks(11) + ticks(12)) * 10)
}

/// The program's own: the system's allocator would be measured instead of the room.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let parts: [(&str, Option<Vec<Format>>, usize); 7] = [
        ("bare csv writer", None, TURNS),
        ("CSV files", Some(vec![]), TURNS),
        ("and outcomes.jsonl", Some(vec![Format::Jsonl]), 1),
        ("and junit.xml", Some(vec![Format::Junit]), 1),
        ("and report.html", Some(vec![Format::Html]), 1),
        ("and outcomes.xlsx", Some(vec![Format::Xlsx]), 1),
        ("all of them", Some(Format::ALL.to_vec()), 1),
    ];
    // `cargo test --benches` only wants to know that it runs.
    let is_measured = std::env::args().any(|argument| argument == "--bench");
    let usual = if is_measured { 1_000_000 } else { 1_000 };
    let total = std::env::var("CLIENTFERRY_BENCH_ROWS").ok().map_or(usual, |rows| rows.parse().unwrap());
    if let Ok(part) = std::env::var(PART) {
        let formats = parts[part.parse::<usize>().unwrap()].1.clone();
        let measured = formats.map_or_else(|| measure_bare_writer(total), |formats| measure(formats, total));
        println!("{}", measured.told());
        return ExitCode::SUCCESS;
    }
    println!(
        "{total} rows of 20 columns\n{:<20} {:>8} {:>12} {:>12} {:>7} {:>9} {:>9}",
        "files", "clock s", "processor s", "rows/s", "MiB", "peak MiB", "verify s"
    );
    let mut best: Vec<Measured> = Vec::new();
    for (part, (what, _, turns)) in parts.iter().enumerate() {
        let turn = |_| {
            let mut command = Command::new(std::env::current_exe().unwrap());
            let output = command.args(std::env::args().skip(1)).env(PART, part.to_string()).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            Measured::parse(&String::from_utf8(output.stdout).unwrap())
        };
        let measured = (0..*turns).map(turn).min_by(|one, other| one.processor_s.total_cmp(&other.processor_s)).unwrap();
        let Measured { clock_s, processor_s, mib, peak_mib, verified_s } = &measured;
        let rate = measured.rows_per_second(total);
        println!("{what:<20} {clock_s:>8.2} {processor_s:>12.2} {rate:>12.0} {mib:>7.0} {peak_mib:>9.0} {verified_s:>9.2}");
        best.push(measured);
    }
    let (bare, csv) = (&best[0], &best[1]);
    println!("CSV files take {:.2} times the processor's time of the bare writer", csv.processor_s / bare.processor_s.max(0.001));
    let peak = best.iter().skip(1).map(|measured| measured.peak_mib).fold(0.0, f64::max);
    let rate = csv.rows_per_second(total);
    let is_held = rate >= CSV_ROWS_PER_SECOND_MIN && peak <= PEAK_MIB_MAX;
    println!(
        "asked: {CSV_ROWS_PER_SECOND_MIN} rows/s for the CSV files, at most {PEAK_MIB_MAX} MiB; measured: {rate:.0} rows/s, {peak:.0} MiB: {}",
        if is_held { "held" } else { "NOT HELD" }
    );
    if is_held || !is_measured { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
