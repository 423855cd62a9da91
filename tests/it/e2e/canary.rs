//! Canaries: words and numbers that stand in one client's row and nowhere else. They may sing in the report's row files only.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use clientferry::sandbox::generate;

use super::stage::{Finished, Stage};
use super::truth::Report;

const IMPORT: [&str; 4] = ["import", "clients.csv", "--to", "tbank/fl-resident"];
/// Columns whose cells are words of our own choice: names, places, issuer, addresses, note.
const WORDS: [usize; 9] = [1, 2, 3, 5, 8, 15, 17, 18, 19];
/// Columns that say little by themselves: citizenship, yes or no, parts of numbers.
const TOO_SHORT: [usize; 5] = [6, 11, 12, 13, 16];

/// A provider without manners: it repeats every body in its refusals, even as the code, and sometimes hangs up instead.
struct Parrot {
    url: String,
    asked: Arc<AtomicUsize>,
}

impl Parrot {
    /// Hangs up on every request for creation of this number and its multiples.
    fn start(hang_up_on: usize, latency: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&asked);
        // The thread ends with the test's process.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let counter = Arc::clone(&counter);
                thread::spawn(move || answer(stream, &counter, hang_up_on, latency));
            }
        });
        Self { url, asked }
    }
}

/// Answers the requests of one connection; `None` when it is over.
fn answer(stream: TcpStream, asked: &AtomicUsize, hang_up_on: usize, latency: Duration) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            head.push_str(&line);
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let (status, text) = if head.starts_with("GET") {
            // The list works once, before the first client, and never again.
            let first = asked.load(Ordering::SeqCst) == 0;
            let list = serde_json::json!({"results": [], "offset": 0, "limit": 50, "size": 0, "total": 0});
            (if first { "200 OK" } else { "404 Not Found" }, list.to_string())
        } else {
            thread::sleep(latency);
            if (asked.fetch_add(1, Ordering::SeqCst) + 1).is_multiple_of(hang_up_on) {
                return None;
            }
            let body: serde_json::Value = serde_json::from_slice(&body).ok()?;
            let refusal = serde_json::json!({"errorId": "1", "errorCode": body["lastName"], "errorMessage": body.to_string()});
            ("422 Unprocessable Entity", refusal.to_string())
        };
        let length = text.len();
        let stream = reader.get_mut();
        write!(stream, "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{text}").ok()?;
    }
}

/// Rows whose words are canaries; in some of them one column after the other holds something that no client has.
fn clients_with_canaries() -> (String, BTreeSet<String>) {
    let mut bytes = Vec::new();
    generate::generate(40, 71, 0, &mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let mut canaries = BTreeSet::new();
    let mut rows = String::new();
    for (number, line) in text.lines().enumerate() {
        let mut cells: Vec<String> = line.split(';').map(str::to_owned).collect();
        if number > 0 {
            for column in WORDS {
                let word = format!("Кенар{}", letters(number * 100 + column));
                cells[column] = if column == 8 { format!("kenar{}@example.org", number * 100 + column) } else { word };
            }
            if (21..40).contains(&number) {
                cells[number - 20] = format!("Щегол{} 4+", letters(number));
            }
            canaries.extend(cells.iter().enumerate().flat_map(|(column, cell)| forms(column, cell)));
        }
        rows.push_str(&(cells.join(";") + "\n"));
    }
    (rows, canaries)
}

/// A number in letters, for names have no digits.
fn letters(number: usize) -> String {
    number
        .to_string()
        .bytes()
        .map(|digit| ["а", "б", "в", "г", "д", "е", "ж", "з", "и", "к"][usize::from(digit - b'0')])
        .collect()
}

/// A cell as it stands, and as it is sent.
fn forms(column: usize, cell: &str) -> Vec<String> {
    if column == 0 || (TOO_SHORT.contains(&column) && !cell.starts_with("Щегол")) || cell.is_empty() {
        return Vec::new();
    }
    let digits: String = cell.chars().filter(char::is_ascii_digit).collect();
    let mut forms = vec![cell.to_owned()];
    if digits.len() >= 10 {
        forms.push(digits[digits.len() - 10..].to_owned());
    }
    if let (4 | 14, [day, month, year]) = (column, &cell.split('.').collect::<Vec<_>>()[..]) {
        forms.push(format!("{year}-{month}-{day}"));
    }
    if let (8, Some((name, _))) = (column, cell.split_once('@')) {
        forms.push(name.to_owned());
    }
    forms
}

#[track_caller]
fn assert_silent(place: &str, bytes: &[u8], canaries: &BTreeSet<String>) {
    // Short needles in large files: lines of text are searched as text, journals byte by byte.
    for canary in canaries {
        let found = bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
        assert!(!found, "{place} holds the canary `{canary}`");
    }
}

#[track_caller]
fn assert_output_silent(place: &str, finished: &Finished, canaries: &BTreeSet<String>) {
    assert_silent(&format!("{place}: stdout"), finished.stdout.as_bytes(), canaries);
    assert_silent(&format!("{place}: stderr"), finished.stderr.as_bytes(), canaries);
}

/// The journal's files, what SQLite left beside it included.
#[track_caller]
fn assert_journal_silent(folder: &Path, canaries: &BTreeSet<String>) {
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        assert_silent(&path.display().to_string(), &std::fs::read(&path).unwrap(), canaries);
        files += 1;
    }
    assert!(files >= 2, "the journal is not where it was looked for");
}

fn stage_with_canaries(parrot: &Parrot) -> (Stage, BTreeSet<String>) {
    let stage = Stage::new()
        .with("CLIENTFERRY_BASE_URL", &parrot.url)
        .with("CLIENTFERRY_TOKEN", "a-token-that-is-secret")
        .with("CLIENTFERRY_REQUESTS_PER_SECOND", "500")
        .with("CLIENTFERRY_REPLAY_WINDOW_S", "0");
    let (rows, mut canaries) = clients_with_canaries();
    assert!(canaries.len() > 300, "{}", canaries.len());
    canaries.insert("a-token-that-is-secret".to_owned());
    stage.write("clients.csv", rows);
    (stage, canaries)
}

#[test]
fn no_client_is_told_by_anything_but_the_row_files() {
    let parrot = Parrot::start(6, Duration::ZERO);
    let (stage, canaries) = stage_with_canaries(&parrot);
    let finished = stage.run(&IMPORT);
    assert!(matches!(finished.code, Some(1 | 4)), "{finished:?}");
    let folder = stage.only_report();
    let report = Report::read(&folder);
    report.assert_no_row_is_lost(40);
    for outcome in ["invalid", "rejected", "unknown"] {
        assert!(report.count(outcome) >= 2, "no row took the way of `{outcome}`: {}", report.summary);
    }
    assert_output_silent("import", &finished, &canaries);
    assert_journal_silent(&stage.path(".clientferry"), &canaries);
    assert_silent("summary.json", &std::fs::read(folder.join("summary.json")).unwrap(), &canaries);
    // The check itself: where clients may stand, their canaries are found.
    let rows = String::from_utf8(std::fs::read(folder.join("rejected.csv")).unwrap()).unwrap();
    assert!(canaries.iter().filter(|canary| rows.contains(canary.as_str())).count() > 50);

    for arguments in [
        &["check", "clients.csv", "--to", "tbank/fl-resident", "--out", "checked"][..],
        &["plan", "clients.csv", "--to", "tbank/fl-resident", "--out", "planned"],
        &["inspect", "clients.csv"],
        &["inspect", "clients.csv", "--json"],
        &["map", "clients.csv", "--to", "tbank/fl-resident"],
        &["runs", "--json"],
        &["report", "--out", "again"],
        &["resolve"],
        &IMPORT,
    ] {
        assert_output_silent(&arguments.join(" "), &stage.run(arguments), &canaries);
    }
    assert_journal_silent(&stage.path(".clientferry"), &canaries);
    for folder in ["checked", "planned", "again"] {
        assert_silent(folder, &std::fs::read(stage.path(folder).join("summary.json")).unwrap(), &canaries);
    }
}

#[test]
fn a_killed_run_leaves_no_client_in_the_journal() {
    let parrot = Parrot::start(4, Duration::from_millis(30));
    let (stage, canaries) = stage_with_canaries(&parrot);
    let started = stage.start(&IMPORT);
    let deadline = Instant::now() + Duration::from_secs(30);
    while parrot.asked.load(Ordering::SeqCst) < 9 {
        assert!(Instant::now() < deadline, "{}", started.stderr());
        thread::sleep(Duration::from_millis(2));
    }
    assert!(started.kill(), "the run had ended before it was killed");
    assert_journal_silent(&stage.path(".clientferry"), &canaries);
}
