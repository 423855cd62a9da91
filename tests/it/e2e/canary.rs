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

/// The status of the answer to a request for creation, by its number; `None` to hang up instead.
type Manner = fn(usize) -> Option<&'static str>;

const REFUSES: &str = "422 Unprocessable Entity";

impl Parrot {
    fn start(manner: Manner, latency: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&asked);
        // The thread ends with the test's process.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let counter = Arc::clone(&counter);
                thread::spawn(move || answer(stream, &counter, manner, latency));
            }
        });
        Self { url, asked }
    }
}

/// Answers the requests of one connection; `None` when it is over.
fn answer(stream: TcpStream, asked: &AtomicUsize, manner: Manner, latency: Duration) -> Option<()> {
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
            let status = manner(asked.fetch_add(1, Ordering::SeqCst) + 1)?;
            let body: serde_json::Value = serde_json::from_slice(&body).ok()?;
            let refusal = serde_json::json!({"errorId": "1", "errorCode": body["lastName"], "errorMessage": body.to_string()});
            (status, refusal.to_string())
        };
        let length = text.len();
        let stream = reader.get_mut();
        write!(
            stream,
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nRetry-After: 0\r\nContent-Length: {length}\r\n\r\n{text}"
        )
        .ok()?;
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

/// Files of a report in which clients stand by their nature.
const ROW_FILES: [&str; 6] = ["outcomes.csv", "faults.csv", "rejected.csv", "crosswalk.csv", "outcomes.jsonl", "outcomes.xlsx"];

/// All files of a report but those of rows, whatever files there are.
#[track_caller]
fn assert_report_silent(folder: &Path, canaries: &BTreeSet<String>) {
    let mut silent = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if !ROW_FILES.contains(&name.as_str()) {
            assert_silent(&path.display().to_string(), &std::fs::read(&path).unwrap(), canaries);
            silent.insert(name);
        }
    }
    for name in ["summary.json", "certificate.json", "junit.xml"] {
        assert!(silent.contains(name), "{name} was not looked at: {silent:?}");
    }
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

/// What those are told who were not there.
#[track_caller]
fn assert_told_silent(stage: &Stage, events: &[&str], canaries: &BTreeSet<String>) {
    let names = if cfg!(unix) { &["run.jsonl", "run.prom", "told.json"][..] } else { &["run.jsonl", "run.prom"] };
    for name in names {
        assert_silent(name, &std::fs::read(stage.path(name)).unwrap(), canaries);
    }
    let log = std::fs::read_to_string(stage.path("run.jsonl")).unwrap();
    for event in events {
        assert!(log.contains(&format!("\"event\":\"{event}\"")), "the log tells of no `{event}`: {log}");
    }
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
    let stage = stage.with("CLIENTFERRY_LOG_FILE", "run.jsonl").with("CLIENTFERRY_METRICS_FILE", "run.prom");
    if cfg!(unix) {
        let hooks = "[hooks]\non_finish = [\"/bin/sh\", \"-c\", \"cat >> told.json\"]\n";
        stage.write("clientferry.toml", hooks);
    }
    (stage, canaries)
}

#[test]
fn no_client_is_told_by_anything_but_the_row_files() {
    let parrot = Parrot::start(|number| (!number.is_multiple_of(6)).then_some(REFUSES), Duration::ZERO);
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
    assert_report_silent(&folder, &canaries);
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
        &["verify", "checked"],
        &["report", "--out", "again"],
        &["resolve"],
        &IMPORT,
    ] {
        assert_output_silent(&arguments.join(" "), &stage.run(arguments), &canaries);
    }
    assert_journal_silent(&stage.path(".clientferry"), &canaries);
    assert_told_silent(&stage, &["start", "rejected", "unknown", "end"], &canaries);
    for folder in ["checked", "planned", "again"] {
        assert_report_silent(&stage.path(folder), &canaries);
    }
}

#[test]
fn a_killed_run_leaves_no_client_in_the_journal() {
    let parrot = Parrot::start(|number| (!number.is_multiple_of(4)).then_some(REFUSES), Duration::from_millis(30));
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

/// A provider that is slow, breaks down, hangs up, refuses and at last takes the token away; it repeats the body each time.
fn all_manners(number: usize) -> Option<&'static str> {
    match number {
        24.. => Some("401 Unauthorized"),
        _ if number.is_multiple_of(5) => Some("429 Too Many Requests"),
        _ if number.is_multiple_of(7) => Some("500 Internal Server Error"),
        _ if number.is_multiple_of(8) => None,
        _ if number.is_multiple_of(9) => Some("200 OK"),
        _ => Some(REFUSES),
    }
}

#[test]
fn no_way_to_fail_tells_a_client() {
    let parrot = Parrot::start(all_manners, Duration::ZERO);
    let (stage, canaries) = stage_with_canaries(&parrot);
    let rows = std::fs::read_to_string(stage.path("clients.csv")).unwrap();
    let mut lines: Vec<&str> = rows.lines().collect();
    // The same clients again, whole and with one word changed: duplicates that say what differs.
    let changed = lines[2].replacen("Кенар", "Кенарь", 1);
    lines.extend([lines[1], &changed]);
    stage.write("clients.csv", lines.join("\n"));
    let finished = stage.run(&IMPORT);
    assert!(matches!(finished.code, Some(1 | 4)), "{finished:?}");
    let folder = stage.only_report();
    let report = Report::read(&folder);
    report.assert_no_row_is_lost(42);
    for outcome in ["invalid", "duplicate", "rejected", "unknown", "not_sent"] {
        assert!(report.count(outcome) >= 1, "no row took the way of `{outcome}`: {}", report.summary);
    }
    assert!(report.summary["requests"]["throttled"].as_u64().unwrap() > 0, "{}", report.summary);
    assert_output_silent("import", &finished, &canaries);
    assert_journal_silent(&stage.path(".clientferry"), &canaries);
    assert_report_silent(&folder, &canaries);
    for arguments in [&["verify", "reports"][..], &["resolve"], &["report"], &IMPORT] {
        assert_output_silent(&arguments.join(" "), &stage.run(arguments), &canaries);
    }
    assert_journal_silent(&stage.path(".clientferry"), &canaries);
    assert_report_silent(&folder, &canaries);
    assert_told_silent(&stage, &["start", "rejected", "unknown", "throttled", "halting", "halt", "end"], &canaries);
    // An altered report says where it was altered, not what stands there.
    let outcomes = std::fs::read_to_string(folder.join("outcomes.csv")).unwrap();
    std::fs::write(folder.join("outcomes.csv"), outcomes.replace("Кенар", "кенар")).unwrap();
    assert_output_silent("verify", &stage.run(&["verify", folder.to_str().unwrap()]).expect(8), &canaries);
}

#[test]
fn files_that_cannot_be_read_are_refused_without_their_words() {
    let stage = Stage::new();
    let (rows, canaries) = clients_with_canaries();
    let (header, clients) = rows.split_once('\n').unwrap();
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    for (row, line) in (0..).zip(rows.lines()) {
        for (column, cell) in (0..).zip(line.split(';')) {
            sheet.write_string(row, column, cell).unwrap();
        }
    }
    let whole = workbook.save_to_buffer().unwrap();
    let mut bent = whole.clone();
    bent.iter_mut().skip(whole.len() / 3).step_by(97).for_each(|byte| *byte ^= 0x55);
    let mut spoiled = rows.clone().into_bytes();
    spoiled.iter_mut().skip(header.len() + 40).step_by(151).for_each(|byte| *byte = 0xff);
    let files: [(&str, Vec<u8>); 8] = [
        ("cut.xlsx", whole[..whole.len() / 2].to_vec()),
        ("bent.xlsx", bent),
        ("spoiled.csv", spoiled),
        ("utf16.csv", rows.encode_utf16().flat_map(u16::to_le_bytes).take(9001).collect()),
        ("headless.csv", clients.as_bytes().to_vec()),
        ("unclosed.csv", rows.replacen("Кенар", "\"Кенар", 3).into_bytes()),
        ("nul.csv", rows.replace("Кенар", "Кенар\0").into_bytes()),
        ("binary.csv", (0_u8..=255).cycle().take(4000).chain(rows.bytes()).collect()),
    ];
    let mut refused = 0;
    for (name, bytes) in files {
        stage.write(name, bytes);
        for word in ["check", "plan", "inspect", "map"] {
            let flags = ["--to", "tbank/fl-resident", "--out", "out"];
            let flags = if matches!(word, "inspect" | "map") { &flags[..2] } else { &flags[..] };
            let finished = stage.run(&[&[word, name][..], flags].concat());
            refused += usize::from(finished.code != Some(0) && finished.code != Some(1));
            assert_output_silent(&format!("{word} {name}"), &finished, &canaries);
        }
    }
    assert!(refused >= 8, "only {refused} refusals");
}
