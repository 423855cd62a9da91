//! What failed is told by its causes; the mapping that is proposed clears what it says; what changed since is told row by row.

use std::fmt::Write as _;
use std::fs;
use std::process::Output;

use clientferry::model::{Code, Example, Lang};
use clientferry::sandbox::generate;

use super::bless::in_project;
use super::program::Program;

const CHECK: [&str; 10] = [
    "--profile",
    "ledgerline.toml",
    "check",
    "customers.csv",
    "--to",
    "ledgerline/customer",
    "--mapping",
    "mapping.toml",
    "--out",
    "report",
];

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The program beside an invented provider's profile, with a mapping that says nothing of dates and phones.
fn with_ledgerline() -> Program {
    let program = Program::new();
    for file in ["customer.schema.json", "ledgerline.toml"] {
        program.put(file, &fs::read(in_project(&format!("samples/own-ledgerline/{file}"))).unwrap());
    }
    let mapping = fs::read_to_string(in_project("samples/own-ledgerline/mapping.toml")).unwrap();
    let without = mapping.replace("birth_date = \"DD/MM/YYYY\"\n", "").replace("phone_region = \"GB\"\n", "");
    let without = without.replace("\"E-mail\" = \"email\"\n", "\"E-mail\" = \"email\" # as they write it\n");
    assert!(without != mapping && without.contains("# as they write it"));
    program.put("mapping.toml", without.as_bytes());
    program
}

/// Customers of whom one in ten is faulty in each of five ways; some in two ways.
fn customers(rows: usize) -> String {
    let mut text = String::from(
        "Customer No,First Name,Last Name,Date of Birth,E-mail,Phone,Segment,Monthly Income,Marketing,Street,Town,Postcode,Country,Branch note\n",
    );
    for row in 0..rows {
        let number = 1000 + row;
        let segment = match row % 10 {
            1 => "premum",
            2 => "buisness",
            _ => "retail",
        };
        let country = if row % 10 == 3 { "Kazahstan" } else { "GB" };
        let birth = format!("{:02}.12.1975", row % 28 + 1);
        let phone = if row % 10 == 5 { format!("8 900 {number:07}") } else { "+44 20 7946 0123".to_owned() };
        let email = if row % 10 == 6 || row % 100 == 2 {
            format!("kenar{number}(at)mail.example")
        } else {
            format!("c{number}@mail.example")
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "LL-{number},Imogen,Kenar,{birth},{email},{phone},{segment},100,yes,{row} Kenar Row,Testford,TE5 7ST,{country},"
        );
    }
    text
}

#[test]
fn the_proposed_mapping_clears_exactly_the_rows_it_says() {
    let program = with_ledgerline();
    let rows = 1000;
    program.put("customers.csv", customers(rows).as_bytes());
    let output = program.expect(&[1], &[&CHECK[..], &["--suggest-mapping", "better.toml"]].concat());
    let shown = stdout(&output);
    let summary = program.json("report/summary.json");
    let causes: Vec<(String, u64, u64)> = summary["causes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|cause| cause["severity"] == "error")
        .map(|cause| {
            let what = cause["value"].as_str().or(cause["pattern"].as_str()).unwrap_or("");
            (what.to_owned(), cause["count"].as_u64().unwrap(), cause["cleared"].as_u64().unwrap())
        })
        .collect();
    let wanted = [
        ("premum", 100, 100),
        ("buisness", 100, 90),
        ("Kazahstan", 100, 100),
        ("9 9(3) 9(7)", 100, 100),
        ("a9(4)(a)a.a", 110, 100),
    ];
    for (what, count, cleared) in wanted {
        assert!(causes.contains(&(what.to_owned(), count, cleared)), "{what}: {causes:?}");
    }
    assert_eq!(causes.len(), wanted.len(), "{causes:?}");
    // 500 rows have errors; of those that lines mend, ten have an e-mail address that no line mends.
    assert_eq!(summary["remedy"]["rows_with_errors"], 500);
    assert_eq!(summary["remedy"]["rows_cleared"], 390);
    assert!(shown.contains("390 of 500 rows with errors cleared, no good row changed"), "{shown}");

    let text = fs::read_to_string(program.path("better.toml")).unwrap();
    assert!(text.contains("\"E-mail\" = \"email\" # as they write it\n"), "{text}");
    program.expect(&[1], &[&CHECK[..6], &["--mapping", "better.toml", "--out", "better"]].concat());
    let better = program.json("better/summary.json");
    assert_eq!(summary["outcomes"]["invalid"], 500);
    assert_eq!(better["outcomes"]["invalid"], 110);
    assert_eq!(better["remedy"]["mapping_lines"].as_array().unwrap().len(), 0);
    // Nothing is written over, and what was said before is not said twice.
    let refused = program.expect(&[2], &[&CHECK[..], &["--suggest-mapping", "better.toml"]].concat());
    assert!(stderr(&refused).contains("better.toml is there already"), "{}", stderr(&refused));
    let nothing = [&CHECK[..6], &["--mapping", "better.toml", "--out", "better", "--suggest-mapping", "best.toml"]].concat();
    assert!(stderr(&program.expect(&[1], &nothing)).contains("no line in the mapping would clear a row"));
    assert!(!program.path("best.toml").exists());
    // Names, streets and addresses stand in the files of rows only.
    let told = format!("{shown}{}{}{text}", stderr(&output), fs::read_to_string(program.path("report/summary.json")).unwrap());
    assert!(!told.to_lowercase().contains("kenar"), "{told}");
}

#[test]
fn what_changed_between_two_runs_is_told_row_by_row() {
    let program = with_ledgerline();
    let header = customers(0);
    let row = |number: u32, birth: &str, segment: &str| {
        format!("LL-{number},Imogen,Sample,{birth},c{number}@mail.example,,{segment},1,yes,4 Example Row,Testford,TE5 7ST,GB,\n")
    };
    let (good, bad) = ("17.05.1980", "31.02.1980");
    let first =
        [row(1, good, "retail"), row(2, bad, "retail"), row(3, good, "premum"), row(4, bad, "retail"), row(5, good, "retail")];
    program.put("customers.csv", format!("{header}{}", first.concat()).as_bytes());
    // One more at the beginning, so that no line stands where it stood; number 4 is gone, 5 is spoilt, 2 is mended.
    let second =
        [row(6, good, "retail"), row(3, good, "premum"), row(5, good, "gold"), row(2, good, "retail"), row(1, good, "retail")];
    program.put("mended.csv", format!("{header}{}", second.concat()).as_bytes());
    let import = |file: &str, out: &str| {
        let arguments = ["--profile", "ledgerline.toml", "import", file, "--to", "ledgerline/customer"];
        let further = ["--mapping", "mapping.toml", "--sandbox", "--ledger=ledger.jsonl", "--out", out];
        program.expect(&[1], &[&arguments[..], &further[..]].concat());
        program.json(&format!("{out}/summary.json"))["run"].as_str().unwrap().to_owned()
    };
    let (earlier, later) = (import("customers.csv", "first"), import("mended.csv", "second"));
    let report = |against: &str| program.run(&["--profile", "ledgerline.toml", "report", &later, "--against", against]);
    for against in [earlier.as_str(), "first"] {
        let output = report(against);
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        let changes: Vec<(String, String, String)> = program
            .lines("second/changes.csv")
            .into_iter()
            .map(|line| (line["change"].clone(), line["row_id"].clone(), format!("{}>{}", line["code_before"], line["code"])))
            .collect();
        let wanted = [
            ("newly_created", "LL-6", ">"),
            ("still_failing", "LL-3", "value.not_allowed>value.not_allowed"),
            ("newly_failing", "LL-5", ">value.not_allowed"),
            ("fixed", "LL-2", "date.no_such_day>"),
            ("gone", "LL-4", "date.no_such_day>"),
        ];
        assert_eq!(changes, wanted.map(|(change, id, codes)| (change.to_owned(), id.to_owned(), codes.to_owned())));
        let json = program.json("second/changes.json");
        assert_eq!(
            (json["rows_earlier"].as_u64(), json["rows_later"].as_u64(), json["rows_in_both"].as_u64()),
            (Some(5), Some(5), Some(4))
        );
        program.expect(&[0], &["verify", "second"]);
        let shown = stdout(&output);
        assert!(shown.contains("still failing  1\n    1 value.not_allowed"), "{shown}");
        assert!(!shown.contains("LL-"), "{shown}");
    }
    assert!(stderr(&report("nobody")).contains("nobody"));
    let itself = report(&later);
    assert_eq!(itself.status.code(), Some(2), "{}", stderr(&itself));
    // A run's mapping is proposed from the journal too, from five rows with one word on.
    let slips: Vec<String> = (11..=15).map(|number| row(number, good, "premum")).collect();
    program.put("slips.csv", format!("{header}{}{}", slips.concat(), row(16, good, "gold")).as_bytes());
    let slips = import("slips.csv", "third");
    let output = program.expect(&[1], &["--profile", "ledgerline.toml", "report", &slips, "--suggest-mapping", "better.toml"]);
    assert!(stdout(&output).contains("5 of 6 rows with errors cleared"), "{}", stdout(&output));
}

#[test]
fn codes_are_explained_in_two_languages() {
    let program = Program::new();
    let english = stdout(&program.expect(&[0], &["explain", "phone.too_short"]));
    assert!(english.starts_with("phone.too_short (error)\nThe phone number has too few digits.\n"), "{english}");
    assert!(english.contains("Example: Телефон = ") && english.contains("Next: Complete the number."), "{english}");
    let russian = stdout(&program.expect(&[0], &["explain", "phone.too_short", "--lang", "ru"]));
    assert!(russian.contains("(ошибка)") && russian.contains("Дополните номер."), "{russian}");
    let all = stdout(&program.expect(&[0], &["explain", "--all"]));
    assert_eq!(all.lines().count(), Code::ALL.len());
    let unknown = program.expect(&[2], &["explain", "phone.to_short"]);
    assert!(stderr(&unknown).contains("the nearest is `phone.too_short`"), "{}", stderr(&unknown));
    program.expect(&[2], &["explain"]);
    program.expect(&[2], &["explain", "phone.too_short", "--lang", "de"]);
}

/// The codes whose examples are cells.
fn examples() -> Vec<(Code, &'static [(&'static str, &'static str)])> {
    let cells = |code: Code| match code.example() {
        Example::Cells(cells) => Some((code, cells)),
        Example::Case(english, russian) => {
            assert!(english.ends_with(['.', '`']) && russian.ends_with(['.', '`']), "{code}");
            None
        }
    };
    Code::ALL.iter().filter_map(|&code| cells(code)).collect()
}

/// A file in which every example occurs, each in every tenth line.
pub(crate) fn file_of_examples() -> String {
    // Many good rows around them, so that columns prove what they prove in real files.
    let mut bytes = Vec::new();
    generate::generate(600, 5, 0, &mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let mut lines: Vec<Vec<String>> = text.lines().map(|line| line.split(';').map(str::to_owned).collect()).collect();
    let header = lines[0].clone();
    for (index, (code, cells)) in examples().into_iter().enumerate() {
        for (column, value) in cells {
            let at = header.iter().position(|name| name == column).unwrap_or_else(|| panic!("{code}: no column {column}"));
            lines[10 * index + 1][at] = (*value).to_owned();
        }
    }
    lines.iter().map(|cells| cells.join(";") + "\n").collect()
}

#[test]
fn the_examples_of_the_codes_occur() {
    let examples = examples();
    assert!(examples.len() >= 40, "{}", examples.len());
    let program = Program::new();
    program.put("clients.csv", file_of_examples().as_bytes());
    program.expect(&[1], &["check", "clients.csv", "--to", "tbank/fl-resident", "--out", "report"]);
    let faults = program.lines("report/faults.csv");
    let missing: Vec<String> = examples
        .iter()
        .enumerate()
        .filter_map(|(index, (code, _))| {
            let line = (10 * index + 2).to_string();
            let found: Vec<&str> =
                faults.iter().filter(|fault| fault["line"] == line).map(|fault| fault["code"].as_str()).collect();
            (!found.contains(&code.as_str())).then(|| format!("{code}: {found:?}"))
        })
        .collect();
    assert!(missing.is_empty(), "examples that do not occur:\n{}", missing.join("\n"));
    // In both languages every example says something.
    for code in Code::ALL {
        for lang in Lang::ALL {
            assert!(!code.example().text(lang).is_empty(), "{code}");
        }
    }
}

#[test]
fn what_was_mended_in_a_created_client_is_told_by_what_can_be_done() {
    let program = Program::new();
    let mut bytes = Vec::new();
    generate::generate(4, 11, 0, &mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let mut lines: Vec<Vec<String>> = text.lines().map(|line| line.split(';').map(str::to_owned).collect()).collect();
    let somebody = lines.pop().unwrap();
    let file = |lines: &[Vec<String>]| lines.iter().map(|cells| cells.join(";") + "\n").collect::<String>();
    program.put("clients.csv", file(&lines).as_bytes());
    let import = |file: &str, out: &str, codes: &[i32]| {
        program.expect(codes, &["import", file, "--to", "tbank/fl-resident", "--sandbox", "--formats", "csv", "--out", out]);
        program.lines(&format!("{out}/outcomes.csv"))
    };
    assert!(import("clients.csv", "first", &[0]).iter().all(|line| line["outcome"] == "created"));
    let header = lines[0].clone();
    let place = |name: &str| header.iter().position(|column| column == name).unwrap();
    // A phone says nothing of who somebody is; INN, SNILS and passport do, and none of them is as it was.
    lines[1][place("Телефон")] = "+79161234567".to_owned();
    for name in ["ИНН", "СНИЛС", "Серия паспорта", "Номер паспорта"] {
        lines[2][place(name)].clone_from(&somebody[place(name)]);
    }
    program.put("mended.csv", file(&lines).as_bytes());
    let again = import("mended.csv", "second", &[1]);
    let told: Vec<_> = again.iter().map(|line| [&*line["outcome"], &*line["code"], &*line["message"]]).collect();
    assert_eq!(
        told,
        [
            ["existing", "client.changed", "The client was created earlier with other data: phone"],
            [
                "duplicate",
                "client.other_numbers",
                "A client with this row's own id was created earlier with other identifying numbers: snils, documents[0].series, inn, documents[0].number"
            ],
            ["existing", "", ""],
        ]
    );
    assert!(again[1]["next_step"].contains("change the client in the provider's own interface"));
}
