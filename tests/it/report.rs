//! Reports are read back as people and scripts read them.
#![allow(clippy::unwrap_used)] // The lint spares test functions, not the helpers beside them.

use std::collections::HashMap;
use std::path::Path;

use clientferry::model::text::disarm;
use clientferry::model::{
    Body, Cells, Changes, Code, Fault, FieldDigests, FieldName, IdempotencyKey, Identities, Message, NotSent, Note, Outcome,
    Parcel, Place, Prepared, Refusal, Row, Settled, Shape, Source,
};
use clientferry::report::{Header, Members, ReportError, Reporter};
use serde_json::{Value, json};

use super::made_report;

const FILES: [&str; 6] = ["outcomes.csv", "faults.csv", "rejected.csv", "crosswalk.csv", "certificate.json", "summary.json"];

fn source(sheets: &[&str], columns: &[&str]) -> Source {
    Source { name: "clients.xlsx".into(), path: "in/clients.xlsx".into(), ..made_report::source(sheets, columns) }
}

fn header() -> Header {
    Header {
        operation: "tbank".into(),
        ignored_columns: vec!["Примечание".into()],
        members: Members::from([((0, "/inn".to_owned()), (FieldName::new("inn"), Some(1)))]),
        ..made_report::header()
    }
}

fn row(ordinal: u64, sheet: u16, texts: &[&str]) -> Row {
    let mut cells = Cells::default();
    for text in texts {
        cells.push(text);
    }
    Row { place: Place { sheet, line: ordinal + 2, ordinal }, cells, shape: Shape::Whole, faults: Vec::new() }
}

fn good(row: Row) -> Prepared {
    let body = Body::new(&json!({"inn": "500100732259", "name": "=Иванов"}));
    let key = IdempotencyKey::derive("tbank/fl-resident", "main", &row.place.ordinal.to_string(), body.as_str());
    let parcel = Parcel { body, key, identities: Identities::new(), digests: FieldDigests::default() };
    Prepared { row, own_id: None, operation: Some(0), result: Ok(parcel), warnings: Vec::new(), changes: Changes::default() }
}

fn bad(row: Row, faults: Vec<Fault>) -> Prepared {
    Prepared { row, own_id: None, operation: Some(0), result: Err(faults), warnings: Vec::new(), changes: Changes::default() }
}

fn write(folder: &Path, source: &Source, rows: &[(Prepared, Settled)]) {
    let mut reporter = Reporter::create(folder, source, header()).unwrap();
    for (prepared, settled) in rows {
        reporter.row(prepared, settled).unwrap();
    }
    reporter.finish(made_report::ending(rows.len() as u64)).unwrap();
}

/// The records of a file, by column name.
fn records(folder: &Path, name: &str) -> Vec<HashMap<String, String>> {
    let mut reader = csv::Reader::from_path(folder.join(name)).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

/// The records of a file with its header line, ragged ones included.
fn raw_records(folder: &Path, name: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_path(folder.join(name)).unwrap();
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

fn summary(folder: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join("summary.json")).unwrap()).unwrap()
}

/// One row of each outcome on two sheets.
fn seven_rows() -> Vec<(Prepared, Settled)> {
    let cells = ["1", "500100732259", "Иванов"];
    let at = |ordinal| row(ordinal, u16::from(ordinal >= 4), &cells);
    let refusal = Refusal {
        code: "VALIDATION".into(),
        message: "{/inn} of {/name} is bad".into(),
        pointer: Some("/inn".into()),
        request_id: Some("req-9".into()),
    };
    let mut created = good(at(0));
    created.own_id = Some("C-1".into());
    let key = created.result.as_ref().unwrap().key;
    let settled = Settled {
        remote_id: Some("b-100".into()),
        key: Some(key),
        attempts: 2,
        http_status: Some(201),
        settled_at_ms: Some(1_777_863_721_007),
        ..Settled::plain(Outcome::Created)
    };
    vec![
        (created, settled),
        (
            good(at(1)),
            Settled {
                note: Some(Note { code: Code::ClientChanged, message: Message::of_others("phone differs") }),
                ..Settled::plain(Outcome::Existing)
            },
        ),
        (
            bad(
                at(2),
                vec![Fault::of_cell(Code::InnLength, 1, "5001", Message::of_others("has 4 digits")).at(FieldName::new("inn"))],
            ),
            Settled::plain(Outcome::Invalid),
        ),
        (
            good(at(3)),
            Settled {
                note: Some(Note { code: Code::ClientTwice, message: Message::of_others("line 2") }),
                ..Settled::plain(Outcome::Duplicate)
            },
        ),
        (good(at(4)), Settled { refusal: Some(refusal.clone()), http_status: Some(400), ..Settled::plain(Outcome::Rejected) }),
        (good(at(5)), Settled { refusal: Some(refusal), ..Settled::plain(Outcome::Unknown) }),
        (good(at(6)), Settled::not_sent(NotSent::Interrupted)),
    ]
}

#[test]
fn each_outcome_stands_where_it_belongs() {
    let folder = tempfile::tempdir().unwrap();
    let rows = seven_rows();
    write(folder.path(), &source(&["A", "Б, \"в\""], &["id", "ИНН", "Имя"]), &rows);

    let text = std::fs::read_to_string(folder.path().join("outcomes.csv")).unwrap();
    assert!(text.starts_with(
        "sheet,line,row_id,outcome,provider_id,code,field,column,found,message,next_step,attempts,http_status,idempotency_key,operation,changes"
    ));
    assert!(!text.contains('\r'));
    let outcomes = records(folder.path(), "outcomes.csv");
    let column = |name: &str| outcomes.iter().map(|record| record[name].as_str()).collect::<Vec<_>>();
    assert_eq!(column("outcome"), Outcome::ALL.map(Outcome::as_str));
    assert_eq!(column("sheet"), ["A", "A", "A", "A", "Б, \"в\"", "Б, \"в\"", "Б, \"в\""]);
    assert_eq!(column("line"), ["2", "3", "4", "5", "6", "7", "8"]);
    assert_eq!(column("row_id"), ["C-1", "A!L3", "A!L4", "A!L5", "Б, \"в\"!L6", "Б, \"в\"!L7", "Б, \"в\"!L8"]);
    assert_eq!(
        column("code"),
        ["", "client.changed", "inn.length", "client.twice", "provider.rejected", "provider.unknown", "send.interrupted"]
    );
    assert_eq!(column("http_status"), ["201", "", "", "", "400", "", ""]);
    assert_eq!(column("attempts")[0], "2");
    let keys = column("idempotency_key");
    assert_eq!(keys[0], rows[0].0.result.as_ref().unwrap().key.to_string());
    // Never sent, but it will be; the duplicate will not.
    assert_eq!((keys[3], keys[6]), ("", rows[6].0.result.as_ref().unwrap().key.to_string().as_str()));
    let rejected = &outcomes[4];
    assert_eq!(rejected["message"], "VALIDATION: 500100732259 of =Иванов is bad");
    assert_eq!([&rejected["field"], &rejected["column"], &rejected["found"]], ["inn", "ИНН", "500100732259"]);
    assert_eq!([&rejected["provider_code"], &rejected["request_id"]], ["VALIDATION", "req-9"]);
    assert!(outcomes[3]["message"].ends_with(": line 2"), "{}", outcomes[3]["message"]);

    // Rows to mend: neither the unknown nor the unsent one.
    assert_eq!(raw_records(folder.path(), "rejected.csv").len(), 1 + 3);
    let crosswalk = raw_records(folder.path(), "crosswalk.csv");
    assert_eq!(crosswalk[1..], [["C-1", "C-1", "b-100", "tbank/fl-resident", "2026-05-04T03:02:01.007Z"]]);
}

#[test]
fn sums_hold_in_total_and_by_sheet() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &source(&["A", "Б"], &["id", "ИНН", "Имя"]), &seven_rows());
    let summary = summary(folder.path());
    let sum = |outcomes: &Value| outcomes.as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum::<u64>();
    assert_eq!(summary["source"]["rows"], 7);
    assert_eq!(sum(&summary["outcomes"]), 7);
    let sheets = summary["source"]["sheets"].as_array().unwrap();
    assert_eq!(sheets.iter().map(|sheet| sheet["rows"].as_u64().unwrap()).collect::<Vec<_>>(), [4, 3]);
    for sheet in sheets {
        assert_eq!(sum(&sheet["outcomes"]), sheet["rows"].as_u64().unwrap());
    }
    assert_eq!(sheets[1]["outcomes"]["unknown"], 1);
    assert_eq!(summary["not_sent_reasons"], json!({"send.interrupted": 1}));
    assert_eq!(summary["clients_without_provider_id"], 1);
    assert_eq!([&summary["started"], &summary["ended"]], [&json!("2026-05-04T03:02:01Z"), &json!("finished")]);
    // What the sums say of faults is what the file holds.
    let mut counted: HashMap<String, u64> = HashMap::new();
    for record in records(folder.path(), "faults.csv") {
        *counted.entry(record["code"].clone()).or_default() += 1;
    }
    assert_eq!(summary["faults"], json!(counted));
    assert_eq!(summary["faults"].as_object().unwrap().len(), 5);
    for file in summary["files"].as_array().unwrap() {
        let path = folder.path().join(file["name"].as_str().unwrap());
        assert_eq!(file["bytes"].as_u64().unwrap(), std::fs::metadata(path).unwrap().len());
    }
}

#[test]
fn all_faults_of_a_row_stand_in_one_order_errors_first() {
    let folder = tempfile::tempdir().unwrap();
    let mut prepared = bad(
        row(0, 0, &["1", "5001", "-x"]),
        vec![
            Fault::of_row(Code::ContactMissing, Message::of_others("no contact")),
            Fault::of_cell(Code::NameDigits, 2, "-x", Message::of_others("odd")).at(FieldName::new("last_name")),
        ],
    );
    prepared.warnings = vec![Fault::of_cell(Code::BirthDateUnlikelyAge, 0, "1", Message::of_others("age"))];
    let shared = Fault::of_row(Code::EncodingBadBytes, Message::of_others("bytes"));
    prepared.row.faults = vec![shared.clone(), prepared.result.as_ref().unwrap_err()[0].clone()];
    write(folder.path(), &source(&[""], &["id", "ИНН", "Имя"]), &[(prepared, Settled::plain(Outcome::Invalid))]);

    let outcome = &records(folder.path(), "outcomes.csv")[0];
    assert_eq!(outcome["code"], "contact.missing; name.digits; encoding.bad_bytes; birth_date.unlikely_age");
    assert_eq!(outcome["field"], "; last_name; ; ");
    assert_eq!(outcome["column"], "; Имя; ; id");
    assert_eq!(outcome["found"], "; '-x; ; 1");
    assert_eq!(outcome["message"], "no contact; odd; bytes; age");
    let faults = records(folder.path(), "faults.csv");
    assert_eq!(faults.iter().map(|fault| fault["severity"].as_str()).collect::<Vec<_>>(), ["error", "error", "error", "warning"]);
    assert_eq!([&faults[1]["row_id"], &faults[1]["column"], &faults[1]["found"]], ["L2", "Имя", "'-x"]);
    assert_eq!(faults[0]["next_step"], Code::ContactMissing.next_step());
}

#[test]
fn no_cell_of_any_file_is_a_formula() {
    let folder = tempfile::tempdir().unwrap();
    let evil = ["=HYPERLINK(\"x\")", "+1", "-2", "@SUM(A1)", "\t=1", "\r=1"];
    let columns = ["=col", "+col", "-col", "@col", "e", "f"];
    let mut rows = Vec::new();
    for (ordinal, text) in (0_u64..).zip(evil) {
        let mut prepared = good(row(ordinal, 0, &evil));
        prepared.own_id = Some(text.into());
        prepared.warnings = vec![Fault::of_cell(Code::DocumentUnusual, 0, text, Message::of_others(text))];
        prepared.changes.push(0, FieldName::new("x"), text);
        let refusal =
            Refusal { code: text.into(), message: text.into(), pointer: Some(text.into()), request_id: Some(text.into()) };
        let settled =
            Settled { remote_id: Some(text.into()), refusal: Some(refusal), ..Settled::plain(Outcome::ALL[ordinal as usize]) };
        rows.push((prepared, settled));
    }
    write(folder.path(), &source(&["=sheet"], &columns), &rows);
    for name in &FILES[..4] {
        for cell in raw_records(folder.path(), name).into_iter().flatten() {
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{name}: {cell:?}");
            // A program that takes the semicolon for the delimiter sees no formula either.
            for part in cell.split("; ").filter(|_| !cell.contains('→')) {
                assert!(!part.starts_with(['=', '+', '-', '@', '\t', '\r']), "{name}: {cell:?}");
            }
        }
    }
}

#[test]
fn rejected_rows_come_back_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let texts: [&[&str]; 6] = [
        &["=1+1", "a,b", "\"q\"\n2"],
        &["'=x", "  blanks  ", "О'Нил"],
        &["+79001234567", "00123", ""],
        &["", "", "'quoted"],
        &["1", "short"],
        &["1", "2", "3", "extra", ""],
    ];
    let mut rows = Vec::new();
    for (ordinal, cells) in (0_u64..).zip(texts) {
        let mut row = row(ordinal, 0, cells);
        row.shape = [Shape::Short, Shape::Whole, Shape::Long][cells.len().clamp(2, 4) - 2];
        rows.push((
            bad(row, vec![Fault::of_row(Code::ContactMissing, Message::of_others("x"))]),
            Settled::plain(Outcome::Invalid),
        ));
    }
    let columns = ["Имя, фамилия", "-x", "c"];
    write(folder.path(), &source(&[""], &columns), &rows);
    let records = raw_records(folder.path(), "rejected.csv");
    let disarmed = |record: &Vec<String>| record.iter().map(|cell| disarm(cell).to_owned()).collect::<Vec<_>>();
    assert_eq!(disarmed(&records[0]), columns);
    for (record, cells) in records[1..].iter().zip(texts) {
        assert_eq!(disarmed(record), cells);
    }
    assert_eq!(records.len(), 1 + texts.len());
}

#[test]
fn a_row_of_one_empty_cell_stays_a_row() {
    let folder = tempfile::tempdir().unwrap();
    let rows = [(
        bad(row(0, 0, &[]), vec![Fault::of_row(Code::ValueMissing, Message::of_others("x"))]),
        Settled::plain(Outcome::Invalid),
    )];
    write(folder.path(), &source(&[""], &["id"]), &rows);
    assert_eq!(std::fs::read_to_string(folder.path().join("rejected.csv")).unwrap(), "\u{feff}id\n\"\"\n");
}

#[test]
fn changes_show_found_and_sent() {
    let folder = tempfile::tempdir().unwrap();
    let mut prepared = good(row(0, 0, &["8 900 \"x\"", "1"]));
    prepared.changes.push(0, FieldName::new("phone"), "+79001234567");
    prepared.changes.push(1, FieldName::new("inn"), "0001");
    write(folder.path(), &source(&[""], &["Тел, \"моб\"", "ИНН"]), &[(prepared, Settled::not_sent(NotSent::OnlyChecked))]);
    let outcome = &records(folder.path(), "outcomes.csv")[0];
    assert_eq!(outcome["changes"], "Тел, \"моб\": \"8 900 \"x\"\" → \"+79001234567\"; ИНН: \"1\" → \"0001\"");
    // A row that was only looked at has no fault.
    assert_eq!(outcome["code"], "send.only_checked");
    assert!(records(folder.path(), "faults.csv").is_empty());
    assert_eq!(summary(folder.path())["faults"], json!({}));
}

#[test]
fn a_report_that_is_not_finished_leaves_nothing_and_touches_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let source = source(&[""], &["id", "ИНН", "Имя"]);
    write(
        folder.path(),
        &source,
        &seven_rows()
            .split_off(6)
            .into_iter()
            .map(|(mut p, s)| {
                p.row.place = Place { sheet: 0, line: 2, ordinal: 0 };
                (p, s)
            })
            .collect::<Vec<_>>(),
    );
    let before = FILES.map(|name| std::fs::read(folder.path().join(name)).unwrap());

    let mut reporter = Reporter::create(folder.path(), &source, header()).unwrap();
    let mut first = bad(row(0, 0, &["1"]), vec![Fault::of_row(Code::ValueMissing, Message::of_others("x"))]);
    reporter.row(&first, &Settled::plain(Outcome::Invalid)).unwrap();
    assert!(folder.path().join("outcomes.csv.partial").exists());
    drop(reporter);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), FILES.len());
    assert_eq!(FILES.map(|name| std::fs::read(folder.path().join(name)).unwrap()), before);

    // Nor does a report whose sums do not hold, or in which a row is missing or doubled.
    let mut reporter = Reporter::create(folder.path(), &source, header()).unwrap();
    reporter.row(&first, &Settled::plain(Outcome::Invalid)).unwrap();
    assert!(matches!(reporter.finish(made_report::ending(2)), Err(ReportError::SumsDiffer { read: 2, reported: 1 })));
    for ordinal in [0, 2] {
        let mut reporter = Reporter::create(folder.path(), &source, header()).unwrap();
        first.row.place.ordinal = 0;
        reporter.row(&first, &Settled::plain(Outcome::Invalid)).unwrap();
        first.row.place.ordinal = ordinal;
        let error = reporter.row(&first, &Settled::plain(Outcome::Invalid)).unwrap_err();
        assert!(matches!(error, ReportError::RowOutOfOrder { expected: 1, .. }), "{error}");
        assert!(matches!(reporter.finish(made_report::ending(1)), Err(ReportError::BrokenOff)));
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), FILES.len());
    assert_eq!(FILES.map(|name| std::fs::read(folder.path().join(name)).unwrap()), before);
}

#[test]
fn a_folder_that_cannot_be_written_to_is_known_early() {
    let folder = tempfile::tempdir().unwrap();
    let source = source(&[""], &["id"]);
    let file = folder.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let error = Reporter::create(&file, &source, header()).unwrap_err();
    assert!(matches!(error, ReportError::NotAFolder { .. }), "{error}");
    let error = Reporter::create(&file.join("below"), &source, header()).unwrap_err();
    assert!(matches!(error, ReportError::Folder { .. }), "{error}");
    std::fs::create_dir_all(folder.path().join("out/rejected.csv")).unwrap();
    let error = Reporter::create(&folder.path().join("out"), &source, header()).unwrap_err();
    assert!(matches!(error, ReportError::TargetIsFolder { .. }) && error.to_string().contains("rejected.csv"), "{error}");
    assert_eq!(std::fs::read_dir(folder.path().join("out")).unwrap().count(), 1);
    for error in [error, Reporter::create(&file, &source, header()).unwrap_err()] {
        assert!(error.hint().contains("--out"));
    }
}

#[cfg(unix)]
#[test]
fn reports_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("reports/run-1");
    write(&out, &source(&[""], &["id"]), &[]);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&out), 0o700);
    for name in FILES {
        assert_eq!(mode(&out.join(name)), 0o600);
    }
}
