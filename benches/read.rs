//! How fast files are read, beside those who do nothing else: delimited text beside a bare loop of the `csv` crate, XLSX beside
//! calamine's own reader of cells; and what memory a workbook takes beside calamine's whole sheet.
//!
//! `cargo bench --bench read` runs both sides in turns, prints the ratios and whether the floors are held; it ends with 1 where one
//! is not. Time is that of the processor, of all threads together: this is what one core would need, and other programs on the
//! machine hardly disturb it. Time by the clock stands beside. `CLIENTFERRY_BENCH_ROWS` sets the size of the files.
#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on stops")]
#![allow(clippy::print_stdout, reason = "the table is what this program is for")]

use std::hint::black_box;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use calamine::{DataRef, Reader, Xlsx, open_workbook};
use clientferry::contract::vocabulary;
use clientferry::read::{self, ReadSettings, Table};
use clientferry::sandbox;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};

const ROWS_PER_BATCH: usize = 1024;
/// Turns of each side; the least counts, for whatever disturbs only ever adds.
const TURNS: usize = 9;
/// Names the file for a process that only reads it, so that its memory can be told.
const ONE: &str = "CLIENTFERRY_BENCH_ONE";

/// What the issue asks: parts of the other's speed, and of its memory.
const DELIMITED_SPEED_MIN: f64 = 0.5;
const XLSX_SPEED_MIN: f64 = 0.8;
const XLSX_MEMORY_MAX: f64 = 0.25;

/// The program's own: the system's allocator would be measured instead of the readers.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn open(path: &Path) -> Table {
    read::open(path, &ReadSettings::default(), &|cell| vocabulary().knows_header(cell)).unwrap()
}

fn rows(table: &Table) -> usize {
    table.batches(ROWS_PER_BATCH).unwrap().map(|batch| black_box(batch.unwrap()).len()).sum()
}

/// The baseline for text: every field of every record looked at, nothing else.
fn bare_csv_loop(bytes: &[u8]) -> usize {
    let mut reader = csv::ReaderBuilder::new().delimiter(b';').from_reader(bytes);
    let mut record = csv::ByteRecord::new();
    let mut length = 0;
    while reader.read_byte_record(&mut record).unwrap() {
        length += record.iter().map(<[u8]>::len).sum::<usize>();
    }
    length
}

/// The baseline for workbooks: every cell looked at, nothing else.
fn calamine_cells(path: &Path) -> usize {
    let mut workbook: Xlsx<_> = open_workbook(path).unwrap();
    let sheet = workbook.sheet_names().remove(0);
    let mut reader = workbook.worksheet_cells_reader(&sheet).unwrap();
    let mut length = 0;
    while let Some(cell) = reader.next_cell().unwrap() {
        length += match cell.get_value() {
            DataRef::String(text) => text.len(),
            DataRef::SharedString(text) => text.len(),
            other => usize::from(!matches!(other, DataRef::Empty)),
        };
    }
    length
}

fn calamine_range(path: &Path) -> usize {
    let mut workbook: Xlsx<_> = open_workbook(path).unwrap();
    let sheet = workbook.sheet_names().remove(0);
    workbook.worksheet_range(&sheet).unwrap().height()
}

/// The clients as a workbook: dates as days, short numbers as numbers, everything else as shared texts.
fn workbook(text: &[u8], path: &Path) {
    let mut book = Workbook::new();
    let day = Format::new().set_num_format("dd.mm.yyyy");
    let sheet = book.add_worksheet();
    let mut reader = csv::ReaderBuilder::new().delimiter(b';').has_headers(false).from_reader(text);
    for (row, record) in (0..).zip(reader.records()) {
        for (column, field) in (0..).zip(&record.unwrap()) {
            let parts: Vec<u16> = field.split('.').filter_map(|part| part.parse().ok()).collect();
            let is_number =
                (1..=12).contains(&field.len()) && field.bytes().all(|byte| byte.is_ascii_digit()) && !field.starts_with('0');
            match parts.as_slice() {
                &[date, month, year] if field.len() == 10 => {
                    let date = ExcelDateTime::from_ymd(year, u8::try_from(month).unwrap(), u8::try_from(date).unwrap());
                    match date {
                        Ok(date) => sheet.write_with_format(row, column, date, &day).unwrap(),
                        Err(_) => sheet.write(row, column, field).unwrap(),
                    };
                }
                _ if is_number => drop(sheet.write(row, column, field.parse::<f64>().unwrap()).unwrap()),
                _ if field.is_empty() => {}
                _ => drop(sheet.write(row, column, field).unwrap()),
            }
        }
    }
    book.save(path).unwrap();
}

/// Time of the processor that this process has had; `None` where the system does not tell. Linux counts hundredths of a second.
fn processor_time() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    Some(Duration::from_millis(ticks * 10))
}

/// Kilobytes of memory that this process has had at most.
fn memory_peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB")?.trim().parse().ok())
}

/// The least time of the processor and by the clock.
#[derive(Clone, Copy)]
struct Least {
    processor: Duration,
    clock: Duration,
}

impl Least {
    fn of(self, part: &dyn Fn() -> usize, repeated: u32) -> Self {
        let (began, before) = (Instant::now(), processor_time());
        for _ in 0..repeated {
            black_box(part());
        }
        let clock = began.elapsed() / repeated;
        let processor = before.zip(processor_time()).map_or(clock, |(before, after)| (after - before) / repeated);
        Self { processor: self.processor.min(processor), clock: self.clock.min(clock) }
    }
}

/// Runs all parts in turns, so that what disturbs the machine disturbs them alike.
fn in_turns<const N: usize>(parts: [&dyn Fn() -> usize; N]) -> [Least; N] {
    let mut least = [Least { processor: Duration::MAX, clock: Duration::MAX }; N];
    // Long enough for a clock of hundredths of a second.
    let repeated = parts.map(|part| {
        let began = Instant::now();
        black_box(part());
        u32::try_from(Duration::from_millis(600).as_micros() / began.elapsed().as_micros().max(1)).unwrap_or(1).max(1)
    });
    for _ in 0..TURNS {
        for ((least, part), repeated) in least.iter_mut().zip(parts).zip(repeated) {
            *least = least.of(part, repeated);
        }
    }
    least
}

fn show(name: &str, rows: usize, time: Least, base: Least) -> f64 {
    let seconds = time.processor.as_secs_f64();
    let speed = base.processor.as_secs_f64() / seconds;
    let by_clock = base.clock.as_secs_f64() / time.clock.as_secs_f64();
    println!("{name:<44} {:>9.1} {:>11.0} {speed:>9.2} {by_clock:>9.2}", seconds * 1000.0, rows as f64 / seconds);
    speed
}

/// Prints whether a floor is held.
fn judge(what: &str, found: f64, held: bool, floor: f64) -> bool {
    println!("{} {what}: {found:.2}, asked for {floor:.2}", if held { "held" } else { "NOT HELD" });
    held
}

/// What a process of its own takes that reads the workbook in one way or the other.
fn memory_of(way: &str, path: &Path) -> Option<u64> {
    let output = Command::new(std::env::current_exe().ok()?).env(ONE, path).arg(way).output().ok()?;
    String::from_utf8_lossy(&output.stdout).trim().parse().ok().filter(|&peak| peak > 0)
}

fn main() -> ExitCode {
    if let Some(path) = std::env::var_os(ONE) {
        let path = Path::new(&path);
        match std::env::args().nth(1).as_deref() {
            Some("rows") => black_box(rows(&open(path))),
            Some("range") => black_box(calamine_range(path)),
            _ => 0,
        };
        println!("{}", memory_peak().unwrap_or(0));
        return ExitCode::SUCCESS;
    }
    // `cargo test --benches` only wants to know that it runs.
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let usual = if is_bench { 100_000 } else { 100 };
    let count = std::env::var("CLIENTFERRY_BENCH_ROWS").ok().map_or(usual, |rows| rows.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = Vec::new();
    sandbox::generate::generate(count, 1, 5, &mut bytes).unwrap();
    let (text_path, book_path) = (folder.path().join("clients.csv"), folder.path().join("clients.xlsx"));
    std::fs::write(&text_path, &bytes).unwrap();
    workbook(&bytes, &book_path);
    let (text, book) = (open(&text_path), open(&book_path));
    let (columns, count) = (text.header.columns.len(), rows(&text));
    assert_eq!(count, rows(&book));
    if !is_bench {
        return ExitCode::SUCCESS;
    }
    println!("{count} rows of {columns} columns, {} bytes of text; least of {TURNS} turns", bytes.len());
    println!("{:<44} {:>9} {:>11} {:>9} {:>9}", "part", "ms of cpu", "rows/s", "speed", "by clock");
    let [bare, reading, whole] = in_turns([&|| bare_csv_loop(&bytes), &|| rows(&text), &|| rows(&open(&text_path))]);
    show("bare csv loop", count, bare, bare);
    let text_speed = show("delimited text, a pass over the rows", count, reading, bare);
    show("delimited text, opened, hashed and read", count, whole, bare);
    let [cells, reading, whole] = in_turns([&|| calamine_cells(&book_path), &|| rows(&book), &|| rows(&open(&book_path))]);
    show("calamine, opened and all cells read", count, cells, cells);
    show("XLSX, a pass over the rows", count, reading, cells);
    let book_speed = show("XLSX, opened, hashed and read", count, whole, cells);
    let mut held =
        judge("delimited text beside the bare csv loop", text_speed, text_speed >= DELIMITED_SPEED_MIN, DELIMITED_SPEED_MIN);
    held &= judge("XLSX beside calamine's cells", book_speed, book_speed >= XLSX_SPEED_MIN, XLSX_SPEED_MIN);
    if let (Some(ours), Some(range)) = (memory_of("rows", &book_path), memory_of("range", &book_path)) {
        println!("memory of reading the XLSX: {ours} KB; of calamine's range: {range} KB");
        let part = ours as f64 / range as f64;
        held &= judge("memory beside calamine's range", part, part <= XLSX_MEMORY_MAX, XLSX_MEMORY_MAX);
    }
    if held { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
