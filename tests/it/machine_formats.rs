//! `outcomes.jsonl` and `junit.xml`, read back as programs read them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;

use super::program::Program;

/// A check of a messy file, with every format.
fn check(rows: u64, messy_percent: u8) -> Program {
    let program = Program::new();
    let mut bytes = Vec::new();
    clientferry::sandbox::generate::generate(rows, 5, messy_percent, &mut bytes).unwrap();
    program.put("clients.csv", &bytes);
    program.expect(&[0, 1], &["check", "clients.csv", "--to", "tbank/fl-resident", "--out", "out"]);
    program
}

#[test]
fn every_line_of_the_outcomes_stands_in_the_json_lines_with_all_its_faults() {
    let program = check(200, 40);
    let text = std::fs::read_to_string(program.path("out/outcomes.jsonl")).unwrap();
    let objects: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let lines = program.lines("out/outcomes.csv");
    assert_eq!(objects.len(), lines.len());
    let mut faults = 0;
    let mut changes = 0;
    for (object, line) in objects.iter().zip(&lines) {
        assert_eq!(object["line"].to_string(), line["line"]);
        for name in ["row_id", "outcome", "operation"] {
            assert_eq!(object[name].as_str().unwrap_or(""), line[name], "{object}");
        }
        let joined = |name: &str| {
            let values = object["faults"].as_array().unwrap().iter().map(|fault| fault[name].as_str().unwrap_or("").to_owned());
            let joined = values.collect::<Vec<_>>().join("; ");
            // No full stop stands before a semicolon.
            if matches!(name, "message" | "next_step") { joined.replace(".; ", "; ") } else { joined }
        };
        for name in ["code", "field", "column", "message", "next_step"] {
            assert_eq!(joined(name), line[name], "{object}");
        }
        faults += object["faults"].as_array().unwrap().len();
        for change in object["changes"].as_array().unwrap() {
            changes += 1;
            let told = format!("{}: \"{}\"", change["column"].as_str().unwrap(), change["found"].as_str().unwrap());
            assert!(line["changes"].contains(&told), "{told} not in {}", line["changes"]);
        }
    }
    // In lines of their own stand all but the run's reasons, which no row lacks here that is good.
    let good = lines.iter().filter(|line| line["code"].starts_with("send.")).count();
    assert_eq!(faults, program.lines("out/faults.csv").len() + good);
    assert!(faults > good + 50 && changes > 100, "{faults} {changes}");
}

#[cfg(feature = "parquet")]
#[test]
fn every_line_of_the_outcomes_stands_in_the_parquet_file() {
    use parquet::file::reader::{FileReader as _, SerializedFileReader};
    use parquet::record::{Field, Row};

    let as_value = |row: Row| -> Value {
        let value = |field: &Field| match field {
            Field::Str(text) => Value::from(text.clone()),
            Field::Long(number) | Field::TimestampMillis(number) => Value::from(*number),
            Field::Null => Value::Null,
            other => panic!("{other}"),
        };
        row.get_column_iter().map(|(name, field)| (name.clone(), value(field))).collect()
    };
    let program = Program::new();
    let mut bytes = Vec::new();
    clientferry::sandbox::generate::generate(5000, 5, 20, &mut bytes).unwrap();
    program.put("clients.csv", &bytes);
    let check = ["check", "clients.csv", "--to", "tbank/fl-resident", "--out", "out", "--formats", "parquet"];
    program.expect(&[1], &check);
    let file = std::fs::File::open(program.path("out/outcomes.parquet")).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let rows: Vec<Value> = reader.get_row_iter(None).unwrap().map(|row| as_value(row.unwrap())).collect();
    let lines = program.lines("out/outcomes.csv");
    assert_eq!((rows.len(), lines.len()), (5000, 5000));
    for (row, line) in rows.iter().zip(&lines) {
        assert_eq!(row["line"].to_string(), line["line"]);
        assert_eq!(row["attempts"].to_string(), line["attempts"]);
        for name in ["row_id", "operation", "outcome", "provider_id", "idempotency_key"] {
            assert_eq!(row[name].as_str().unwrap_or(""), line[name], "{row}");
        }
        for code in line["code"].split("; ") {
            assert!(row["code"].as_str().unwrap_or("").contains(code), "{row}");
        }
    }
    program.expect(&[0], &["verify", "out"]);
    // A report without it does not leave an old one beside it.
    program.expect(&[1], &[&check[..6], &["--formats", "csv"]].concat());
    assert!(!program.path("out/outcomes.parquet").exists());
}

#[test]
fn values_stand_in_json_as_they_are() {
    let program = Program::new();
    let columns = clientferry::sandbox::generate::COLUMNS;
    let mut text = columns.join(";") + "\n";
    let row = ["'=1+1", "\"a\"\"b\n\u{7}</script>\"", "@SUM"];
    let _ = writeln!(text, "{}{}", row.join(";"), ";".repeat(columns.len() - row.len()));
    program.put("clients.csv", text.as_bytes());
    program.expect(&[1], &["check", "clients.csv", "--to", "tbank/fl-resident", "--out", "out"]);
    let text = std::fs::read_to_string(program.path("out/outcomes.jsonl")).unwrap();
    let object: Value = serde_json::from_str(text.trim_end()).unwrap();
    assert_eq!(object["old_id"], "=1+1");
    let found: Vec<&str> = object["faults"].as_array().unwrap().iter().filter_map(|fault| fault["found"].as_str()).collect();
    assert!(found.iter().any(|found| found.contains("@SUM")), "{found:?}");
}

/// Elements by path, with their attributes and texts.
fn elements(xml: &str) -> Vec<(String, BTreeMap<String, String>, String)> {
    let mut reader = Reader::from_str(xml);
    let mut path: Vec<usize> = Vec::new();
    let mut found: Vec<(String, BTreeMap<String, String>, String)> = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                let attributes = start.attributes().map(|attribute| {
                    let attribute = attribute.unwrap();
                    let key: &str = attribute.key.as_ref();
                    (key.to_owned(), quick_xml::escape::unescape(&attribute.value).unwrap().into_owned())
                });
                path.push(found.len());
                let name = start.name();
                let name: &str = name.as_ref();
                found.push((name.to_owned(), attributes.collect(), String::new()));
            }
            Event::Text(text) => {
                if let Some(&at) = path.last() {
                    found[at].2.push_str(&text.xml10_content());
                }
            }
            Event::End(_) => _ = path.pop(),
            Event::Eof => return found,
            _ => {}
        }
    }
}

#[test]
fn junit_groups_failures_by_row_and_holds_no_client() {
    let program = check(120, 50);
    let xml = std::fs::read_to_string(program.path("out/junit.xml")).unwrap();
    let elements = elements(&xml);
    let lines = program.lines("out/outcomes.csv");
    let bad: Vec<_> = lines.iter().filter(|line| ["invalid", "duplicate"].contains(&&*line["outcome"])).collect();
    let cases: Vec<_> = elements.iter().filter(|(name, ..)| name == "testcase").collect();
    let names: Vec<String> = bad.iter().map(|line| format!("line {}", line["line"])).collect();
    assert_eq!(cases.iter().map(|(_, attributes, _)| attributes["name"].clone()).collect::<Vec<_>>(), names);
    let (_, suites, _) = &elements[0];
    assert_eq!((suites["tests"].as_str(), &suites["failures"]), ("120", &bad.len().to_string()));
    let failures: Vec<_> = elements.iter().filter(|(name, ..)| name == "failure").collect();
    assert_eq!(failures.len(), bad.len());
    for ((_, attributes, _), line) in failures.iter().zip(&bad) {
        let code = line["code"].split("; ").next().unwrap();
        assert_eq!(attributes["type"], code);
        assert!(attributes["message"].starts_with(&format!("{}: {code}", line["outcome"])), "{attributes:?}");
    }
    for fault in program.lines("out/faults.csv").iter().filter(|fault| fault["found"].chars().count() > 3) {
        assert!(!xml.contains(&fault["found"]), "{}", fault["code"]);
    }
}

#[test]
fn junit_is_bounded_and_says_what_it_leaves_out() {
    let program = Program::new();
    let columns = clientferry::sandbox::generate::COLUMNS;
    let rows: String = (0..1500).map(|row| format!("{row}{}\n", ";".repeat(columns.len() - 1))).collect();
    program.put("clients.csv", format!("{}\n{rows}", columns.join(";")).as_bytes());
    program.expect(&[1], &["check", "clients.csv", "--to", "tbank/fl-resident", "--out", "out", "--formats", "junit"]);
    let xml = std::fs::read_to_string(program.path("out/junit.xml")).unwrap();
    let elements = elements(&xml);
    assert_eq!(elements.iter().filter(|(name, ..)| name == "testcase").count(), 1000);
    let (_, suite, _) = elements.iter().find(|(name, ..)| name == "testsuite").unwrap();
    assert_eq!((suite["tests"].as_str(), suite["failures"].as_str()), ("1500", "1500"));
    let (.., note) = elements.iter().find(|(name, ..)| name == "system-out").unwrap();
    assert!(note.starts_with("500 more rows need attention"), "{note}");
    assert!(!program.path("out/outcomes.jsonl").exists() && xml.len() < 2 << 20);
}
