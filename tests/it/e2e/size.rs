//! Size: memory does not grow with the rows, and a million of them are no matter of minutes.

use std::time::{Duration, Instant};

use super::stage::Stage;
use super::truth::Report;

/// Whatever the number of rows and whichever files the report has.
const PEAK_MAX_KIB: u64 = 150 << 10;
/// Far below what an idle machine does: only a blunder falls under it.
const CSV_ROWS_PER_SECOND_MIN: f64 = 40_000.0;
/// The same with all files of the report, of which the workbook costs as much as all of a check.
const ALL_ROWS_PER_SECOND_MIN: f64 = 25_000.0;

/// Peak memory in KiB, and time, of `check` on so many rows with a report of these formats.
fn check(rows: u64, formats: &str) -> (u64, Duration) {
    let stage = Stage::new();
    let generated = ["sandbox", "generate", "--seed", "81", "-o", "clients.csv", "--rows"];
    stage.run(&[&generated[..], &[&rows.to_string()]].concat()).expect(0);
    let began = Instant::now();
    let mut started = stage.start(&["check", "clients.csv", "--to", "tbank/fl-resident", "--formats", formats]);
    let mut peak = 0;
    while started.is_running() {
        peak = peak.max(high_water_mark(started.id()).unwrap_or(0));
        std::thread::sleep(Duration::from_millis(5));
    }
    let took = began.elapsed();
    started.finish().expect(1);
    let summary = std::fs::read_to_string(stage.only_report().join("summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
    assert_eq!(summary["source"]["rows"], rows);
    if rows <= 100_000 {
        Report::read(&stage.only_report()).assert_no_row_is_lost(usize::try_from(rows).unwrap());
    }
    eprintln!("{rows} rows: {peak} KiB at the peak, {took:?}");
    (peak, took)
}

/// `VmHWM` of a process, while it lives.
fn high_water_mark(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse().ok())
}

#[test]
#[cfg(target_os = "linux")]
#[cfg_attr(debug_assertions, ignore = "an unoptimized program proves nothing about speed; run with --release")]
fn a_million_rows_need_no_more_memory_than_a_tenth_of_them() {
    let (small, _) = check(100_000, "csv");
    let (large, took) = check(1_000_000, "csv");
    assert!(small > 0 && large > 0, "the peak was not seen");
    assert!(large < PEAK_MAX_KIB, "{large} KiB");
    assert!(large * 10 <= small * 12, "{small} KiB for a tenth, {large} KiB for a million");
    let speed = |took: Duration| 1_000_000.0 / took.as_secs_f64();
    assert!(speed(took) >= CSV_ROWS_PER_SECOND_MIN, "{:.0} rows a second", speed(took));
    let (all, took) = check(1_000_000, "xlsx,jsonl,junit,html");
    assert!(all < PEAK_MAX_KIB, "{all} KiB with all files");
    assert!(speed(took) >= ALL_ROWS_PER_SECOND_MIN, "{:.0} rows a second with all files", speed(took));
}
