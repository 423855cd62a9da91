//! Those who are not there: what the log, the metrics' file and the hooks tell of a run, whatever its end.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::stage::{SandboxProcess, Stage};
use super::truth::Report;

const IMPORT: [&str; 4] = ["import", "clients.csv", "--to", "tbank/fl-resident"];

/// The objects of a file of JSON lines; none while there is no file.
fn json_lines(stage: &Stage, name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(stage.path(name)).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}"))).collect()
}

fn words<'a>(list: &'a [Value], member: &str) -> Vec<&'a str> {
    list.iter().map(|value| value[member].as_str().unwrap_or_default()).collect()
}

#[test]
fn the_log_tells_a_run_with_its_rows() {
    let faults = ["429=1@#4", "503=0@#9", "drop_after_commit@#15"];
    let sandbox = SandboxProcess::with_faults(&faults);
    let stage = Stage::new().to(&sandbox);
    stage.write_clients("clients.csv", 40, 81, 20);
    stage.run(&[&IMPORT[..], &["--log-file", "run.jsonl"]].concat()).expect(1);
    let log = json_lines(&stage, "run.jsonl");
    let report = Report::read(&stage.only_report());
    let events = words(&log, "event");
    assert_eq!((events[0], events[events.len() - 1]), ("start", "end"), "{events:?}");
    for event in ["throttled", "pause", "pause_over", "unknown", "settled", "part"] {
        assert!(events.contains(&event), "nobody told of `{event}`: {events:?}");
    }
    let run = report.summary["run"].as_str().unwrap();
    assert!(log.iter().all(|event| event["run"] == run), "an event without its run");
    assert!(log.iter().all(|event| event["timestamp"].is_string() && event["level"].is_string()));
    // Rows that needed more than one request, by their lines: those of the log are those of the report.
    let of_log: BTreeSet<u64> = log.iter().filter_map(|event| event["row"].as_u64()).collect();
    let of_report: BTreeSet<u64> = report
        .outcomes
        .iter()
        .filter(|line| line["attempts"].parse::<u32>().is_ok_and(|count| count > 1))
        .map(|line| line["line"].parse().unwrap())
        .collect();
    assert!(of_report.len() >= 2 && of_log == of_report, "{of_log:?} {of_report:?}");
    let end = log.last().unwrap();
    assert_eq!(
        (&end["status"], &end["exit_code"], &end["created"]),
        (&"attention".into(), &1.into(), &report.count("created").into())
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(stage.path("run.jsonl")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "others may read the log");
    }
    // As text, on stderr; without either flag there is no log.
    let told = stage.run(&[&IMPORT[..], &["--log-format", "text"]].concat()).expect(1).stderr;
    assert!(told.contains("the run begins") && told.contains("exit_code=1"), "{told}");
    assert!(!stage.run(&IMPORT).expect(1).stderr.contains("the run begins"));
}

#[test]
fn the_log_tells_of_an_outage_and_of_the_halt() {
    let sandbox = SandboxProcess::with_faults(&["503@#5-6", "401_after_n=40"]);
    // One after the other: else good answers come between the failures.
    let stage = Stage::new().to(&sandbox).with("CLIENTFERRY_BREAKER_FAILURES", "2").with("CLIENTFERRY_IN_FLIGHT_MAX", "1");
    let stage = stage.with("CLIENTFERRY_LOG_FILE", "run.jsonl");
    stage.write_clients("clients.csv", 60, 82, 0);
    stage.run(&IMPORT).expect(4);
    let log = json_lines(&stage, "run.jsonl");
    let events = words(&log, "event");
    let at = |event: &str| events.iter().position(|known| *known == event).unwrap_or_else(|| panic!("no `{event}`: {events:?}"));
    assert!(at("breaker_open") < at("breaker_closed") && at("breaker_closed") < at("halt") && at("halt") < at("end"));
    assert!(log[at("halt")]["why"].as_str().unwrap().contains("401"));
    assert_eq!(log.last().unwrap()["status"], "halted");
}

/// The samples of a file in Prometheus' text format, which is held against its grammar.
fn samples(text: &str) -> BTreeMap<String, f64> {
    let is_name = |name: &str| {
        !name.is_empty()
            && !name.starts_with(|ch: char| ch.is_ascii_digit())
            && name.chars().all(|ch| ch.is_ascii_alphanumeric() || ch == '_')
    };
    let (mut helped, mut typed, mut samples) = (BTreeSet::new(), BTreeSet::new(), BTreeMap::new());
    let mut last = "";
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            match comment.split_once(' ').unwrap_or((comment, "")) {
                ("HELP", rest) => assert!(helped.insert(rest.split(' ').next().unwrap()), "{line}"),
                ("TYPE", rest) => {
                    let (name, kind) = rest.split_once(' ').unwrap();
                    assert!(is_name(name) && kind == "gauge" && typed.insert(name), "{line}");
                    last = name;
                }
                ("EOF", "") => {}
                _ => panic!("{line}"),
            }
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.split_once('{').unwrap();
        // All samples of a name stand together, behind its type.
        assert!(name == last && typed.contains(name), "{line}");
        for label in labels.strip_suffix('}').unwrap().split("\",") {
            let (name, value) = label.split_once("=\"").unwrap();
            assert!(is_name(name) && !value.trim_end_matches('"').contains(['"', '\n']), "{line}");
        }
        let value: f64 = value.parse().unwrap();
        assert!(value.is_finite() && samples.insert(series.to_owned(), value).is_none(), "{line}");
    }
    assert!(text.ends_with('\n') && helped == typed);
    samples
}

#[test]
fn metrics_tell_every_end_and_keep_the_last_success() {
    let sandbox = SandboxProcess::with_faults(&[]);
    let mut stage = Stage::new().to(&sandbox).with("CLIENTFERRY_METRICS_FILE", "clientferry.prom");
    stage.write_clients("clients.csv", 30, 83, 20);
    stage.run(&[&IMPORT[..], &["--account", "default"]].concat()).expect(1);
    let read = || samples(&std::fs::read_to_string(stage.path("clientferry.prom")).unwrap());
    const OF: &str = r#"operation="tbank/fl-resident",account="default""#;
    let of = |name: &str| format!("{name}{{{OF}}}");
    let first = read();
    let report = Report::read(&stage.only_report());
    for outcome in ["created", "invalid", "unknown"] {
        let told = first[&format!("clientferry_rows{{{OF},outcome=\"{outcome}\"}}")];
        assert!((told - report.count(outcome) as f64).abs() < 0.1, "{outcome}: {told}");
    }
    assert!((first[&of("clientferry_requests")] - report.sent() as f64).abs() < 0.1);
    assert!((first[&of("clientferry_exit_code")] - 1.0).abs() < 0.1);
    let success = first[&of("clientferry_last_success_timestamp_seconds")];
    assert!(success > 1.7e9 && success.to_bits() == first[&of("clientferry_last_run_timestamp_seconds")].to_bits());
    assert!(first.keys().all(|series| !series.contains("clients-")), "a run's name as a label makes a series of each run");

    // Ends by error: no source; then no configuration.
    stage.write("clientferry.toml", "[accounts.main]\nprovder = 1\n");
    stage.set("CLIENTFERRY_ACCOUNT", "default");
    for (arguments, code) in [
        (&["--config", "other.toml", "import", "missing.csv", "--to", "tbank/fl-resident"][..], 3),
        (&["import", "clients.csv", "--to", "tbank/fl-resident"], 2),
    ] {
        stage.write("other.toml", "");
        stage.run(arguments).expect(code);
        let text = std::fs::read_to_string(stage.path("clientferry.prom")).unwrap();
        let now = samples(&text);
        assert!((now[&of("clientferry_exit_code")] - f64::from(code)).abs() < 0.1, "{now:?}");
        assert_eq!(now[&of("clientferry_last_success_timestamp_seconds")].to_bits(), success.to_bits());
        assert!(now[&of("clientferry_last_run_timestamp_seconds")] >= success);
        assert!(!text.contains("clientferry_rows"), "rows of a run that was not");
    }
    let left: Vec<_> = stage.files().into_iter().filter(|path| path.to_string_lossy().contains("partial")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[cfg(unix)]
const HOOKS: &str = r#"
[hooks]
timeout_s = 5
on_finish = ["sh", "-c", "{ cat; echo; } >> finish.jsonl; env > variables"]
on_change = ["sh", "-c", "{ cat; echo; } >> change.jsonl"]
"#;

#[test]
#[cfg(unix)]
fn hooks_are_told_of_each_end_but_of_a_status_once() {
    let sandbox = SandboxProcess::with_faults(&[]);
    let stage = Stage::new().to(&sandbox).with("PATH", "/usr/bin:/bin").with("CLIENTFERRY_ACCOUNT", "default");
    stage.write("clientferry.toml", HOOKS);
    stage.write_clients("clients.csv", 20, 84, 0);
    stage.write_clients("messy.csv", 40, 85, 50);
    for (file, code) in [
        ("clients.csv", 0),
        ("clients.csv", 0),
        ("messy.csv", 1),
        ("messy.csv", 1),
        ("missing.csv", 3),
        ("missing.csv", 3),
        ("clients.csv", 0),
    ] {
        stage.run(&["import", file, "--to", "tbank/fl-resident"]).expect(code);
    }
    let finish = json_lines(&stage, "finish.jsonl");
    let codes: Vec<i64> = finish.iter().map(|told| told["exit_code"].as_i64().unwrap()).collect();
    assert_eq!(codes, [0, 0, 1, 1, 3, 3, 0]);
    let change = json_lines(&stage, "change.jsonl");
    assert_eq!(words(&change, "status"), ["attention", "failed", "well"]);
    assert_eq!(words(&change, "previous_status"), ["well", "attention", "failed"]);
    let told = &finish[2];
    assert_eq!((&told["operation"], &told["account"]), (&"tbank/fl-resident".into(), &"default".into()));
    let summary = std::fs::read(std::path::Path::new(told["reports"].as_str().unwrap()).join("summary.json")).unwrap();
    let summary: Value = serde_json::from_slice(&summary).unwrap();
    assert_eq!((&told["run"], &told["outcomes"]), (&summary["run"], &summary["outcomes"]));
    // Another account, or another operation, has a status of its own.
    stage.run(&["import", "missing.csv", "--to", "tbank/fl-resident", "--sandbox"]).expect(3);
    assert_eq!(json_lines(&stage, "change.jsonl").len(), 4);
    // A hook has no business with our token.
    let variables = std::fs::read_to_string(stage.path("variables")).unwrap();
    assert!(variables.contains("PATH=") && !variables.contains("a-token-for-tests"), "{variables}");
}

#[test]
#[cfg(unix)]
fn a_hook_that_fails_or_hangs_is_told_and_changes_no_exit_code() {
    let sandbox = SandboxProcess::with_faults(&[]);
    let stage = Stage::new().to(&sandbox).with("PATH", "/usr/bin:/bin");
    stage.write_clients("clients.csv", 3, 86, 0);
    for (hook, told) in
        [(r#"["sleep", "60"]"#, "longer than 1 s"), (r#"["false"]"#, "exit status: 1"), (r#"["./no-such"]"#, "cannot be started")]
    {
        stage.write("clientferry.toml", format!("[hooks]\ntimeout_s = 1\non_finish = {hook}\n"));
        let began = Instant::now();
        let finished = stage.run(&IMPORT).expect(0);
        assert!(finished.stderr.contains("the hook on_finish failed") && finished.stderr.contains(told), "{}", finished.stderr);
        assert!(began.elapsed() < Duration::from_secs(20));
    }
    // What nobody heard of is told after the next run.
    stage.write("clientferry.toml", "[hooks]\non_change = [\"false\"]\n");
    let missing = ["import", "missing.csv", "--to", "tbank/fl-resident"];
    stage.run(&missing).expect(3);
    stage.write("clientferry.toml", HOOKS);
    stage.run(&missing).expect(3);
    stage.run(&missing).expect(3);
    assert_eq!(words(&json_lines(&stage, "change.jsonl"), "status"), ["failed"]);
}

/// A request as it came: head and body.
type Heard = Arc<Mutex<Vec<(String, Value)>>>;

/// Listens on this machine; answers one request after the other with these statuses, the last one for ever.
fn listener(statuses: &'static [&'static str]) -> (String, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let heard = Heard::default();
    let notes = Arc::clone(&heard);
    // The thread ends with the test's process.
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream);
            let (mut head, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) == 0 || line.trim().is_empty() {
                    break;
                }
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                head.push_str(&line);
            }
            let mut body = vec![0; length];
            if reader.read_exact(&mut body).is_err() || body.is_empty() {
                continue;
            }
            let number = {
                let mut heard = notes.lock().unwrap();
                heard.push((head, serde_json::from_slice(&body).unwrap()));
                heard.len() - 1
            };
            let status = statuses[number.min(statuses.len() - 1)];
            let answer = format!("HTTP/1.1 {status}\r\nLocation: /elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            let _ = reader.get_mut().write_all(answer.as_bytes());
        }
    });
    (url, heard)
}

#[test]
fn a_webhook_gets_the_same_and_a_second_try() {
    let sandbox = SandboxProcess::with_faults(&[]);
    let stage = Stage::new().to(&sandbox).with("HOOK_SECRET", "Bearer-of-news");
    stage.write_clients("clients.csv", 3, 87, 0);
    let (url, heard) = listener(&["503 Service Unavailable", "204 No Content", "302 Found"]);
    stage.write(
        "clientferry.toml",
        format!("[hooks]\non_finish = {{ url = \"{url}/told/?of=runs\", header = \"X-Key\", secret_env = \"HOOK_SECRET\" }}\n"),
    );
    let told = stage.run(&IMPORT).expect(0).stderr;
    assert!(!told.contains("hook"), "{told}");
    {
        let heard = heard.lock().unwrap();
        assert_eq!(heard.len(), 2, "not tried a second time, or too often");
        assert!(heard[1].0.starts_with("POST /told/?of=runs HTTP/1.1"), "{}", heard[1].0);
        assert!(heard[1].0.to_lowercase().contains("x-key: bearer-of-news"), "{}", heard[1].0);
        assert!(!heard[1].0.contains("a-token-for-tests"), "our token went elsewhere");
        assert_eq!(
            (&heard[1].1["status"], &heard[1].1["rows"], &heard[1].1["event"]),
            (&"well".into(), &3.into(), &"finish".into())
        );
        assert_eq!(heard[0].1, heard[1].1);
    }
    // A redirect is no way: the secret would go with it.
    let told = stage.run(&IMPORT).expect(0).stderr;
    assert!(told.contains("the hook on_finish failed") && told.contains("302"), "{told}");
    assert!(!told.contains("Bearer-of-news") && heard.lock().unwrap().len() == 3, "{told}");
    // Nothing in clear beyond this machine, and that is known before anything is sent.
    stage.write("clientferry.toml", "[hooks]\non_finish = \"http://hooks.example/x\"\n");
    let told = stage.run(&IMPORT).expect(2).stderr;
    assert!(told.contains("https") && told.contains("hint:"), "{told}");
}
