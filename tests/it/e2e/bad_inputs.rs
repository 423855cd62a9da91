//! Whatever is wrong with what the user gives: a clear error with a next step, the right exit code, nothing half-written, no panic.

use std::path::Path;
use std::process::{Command, Stdio};

use super::stage::{Finished, SandboxProcess, Stage};
use super::truth::{Ledger, Report};

const OPERATION: &str = "tbank/fl-resident";

/// A folder with `clients.csv` of 20 clean rows.
fn stage() -> Stage {
    let stage = Stage::new();
    stage.write_clients("clients.csv", 20, 61, 0);
    stage
}

/// Runs something that has to be refused: exit code, an error that says `told`, a hint, and no report.
#[track_caller]
fn refused(stage: &Stage, arguments: &[&str], code: i32, told: &[&str]) -> Finished {
    let finished = stage.run(arguments);
    assert_refused(stage, finished, code, told)
}

#[track_caller]
fn assert_refused(stage: &Stage, finished: Finished, code: i32, told: &[&str]) -> Finished {
    let finished = finished.expect(code);
    assert!(finished.stderr.starts_with("error: ") && finished.stderr.contains("\nhint: "), "{}", finished.stderr);
    for told in told {
        assert!(finished.stderr.contains(told), "`{told}` is not told: {}", finished.stderr);
    }
    assert_no_report(stage);
    finished
}

/// Nothing under a final name, nothing half-written.
#[track_caller]
fn assert_no_report(stage: &Stage) {
    const FINAL: [&str; 6] = ["outcomes.csv", "faults.csv", "rejected.csv", "crosswalk.csv", "outcomes.xlsx", "summary.json"];
    let half_written = |path: &Path| path.extension().is_some_and(|end| end == "partial");
    let is_final = |path: &Path| path.file_name().is_some_and(|name| FINAL.iter().any(|known| name == *known));
    let found: Vec<_> = stage.files().into_iter().filter(|path| half_written(path) || is_final(path)).collect();
    assert!(found.is_empty(), "{found:?}");
}

/// Both for a look and for a rehearsal.
#[track_caller]
fn refused_by_check_and_import(stage: &Stage, file: &str, more: &[&str], code: i32, told: &[&str]) {
    refused(stage, &[&["check", file, "--to", OPERATION], more].concat(), code, told);
    refused(stage, &[&["import", file, "--to", OPERATION, "--sandbox"], more].concat(), code, told);
}

#[test]
fn files_that_are_no_table() {
    let stage = stage();
    std::fs::create_dir(stage.path("folder")).unwrap();
    stage.run(&["template", OPERATION, "-o", "template.xlsx"]).expect(0);
    let workbook = std::fs::read(stage.path("template.xlsx")).unwrap();
    let old_office = [&[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1][..], &[0; 4000]].concat();
    let cases: [(&str, Option<&[u8]>, &str); 9] = [
        ("missing.csv", None, "there is no such file"),
        ("folder", None, "not a file"),
        ("empty.csv", Some(b""), "empty"),
        ("blank.csv", Some(b" \n\n \n"), "empty"),
        ("picture.csv", Some(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\0\0\0\x01\0"), "an image"),
        ("old.xls", Some(&old_office), "damaged"),
        ("cut.xlsx", Some(&workbook[..workbook.len() / 2]), "damaged"),
        ("letter.pdf", Some(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n"), "letter.pdf"),
        ("noise.csv", Some(&(0..=255).cycle().take(5000).collect::<Vec<u8>>()), "noise.csv"),
    ];
    for (name, content, told) in cases {
        if let Some(content) = content {
            stage.write(name, content);
        }
        refused_by_check_and_import(&stage, name, &[], 3, &[name, told]);
        refused(&stage, &["inspect", name], 3, &[name, told]);
        refused(&stage, &["map", name, "--to", OPERATION], 3, &[name, told]);
    }
    assert!(!stage.path(".clientferry").exists(), "a slip left a journal behind");
}

#[test]
fn a_file_that_may_not_be_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let stage = stage();
    std::fs::set_permissions(stage.path("clients.csv"), std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::File::open(stage.path("clients.csv")).is_ok() {
        eprintln!("SKIPPED a_file_that_may_not_be_read: this user reads everything");
        return;
    }
    refused_by_check_and_import(&stage, "clients.csv", &[], 3, &["no permission"]);
}

#[test]
fn a_header_without_rows_is_a_report_of_no_rows() {
    let stage = Stage::new();
    stage.write_clients("clients.csv", 0, 61, 0);
    stage.run(&["import", "clients.csv", "--to", OPERATION, "--sandbox"]).expect(0);
    Report::read(&stage.only_report()).assert_no_row_is_lost(0);
}

#[test]
fn operations_that_do_not_exist() {
    let stage = stage();
    for (operation, told) in [("tbank/fl-residen", "did you mean `tbank/fl-resident`"), ("nobank", "no operation `nobank`")] {
        refused(&stage, &["check", "clients.csv", "--to", operation], 2, &[told]);
        refused(&stage, &["import", "clients.csv", "--to", operation, "--sandbox"], 2, &[told]);
    }
}

#[test]
fn mappings_that_cannot_be_used() {
    let stage = stage();
    let mapping = stage.run(&["map", "clients.csv", "--to", OPERATION]).expect(0).stdout;
    let altered = |from: &str, to: &str| {
        assert!(mapping.contains(from), "{mapping}");
        mapping.replacen(from, to, 1)
    };
    let cases = [
        ("column.toml", altered("\"Фамилия\"", "\"Фамилиа\""), "`Фамилиа`", "nearest is `Фамилия`"),
        ("field.toml", altered("\"last_name\"", "\"last_nam\""), "`last_nam`", "nearest is `last_name`"),
        ("twice.toml", altered("\"first_name\"", "\"last_name\""), "last_name", "`Имя`"),
        ("key.toml", altered("[columns]", "[colums]"), "key.toml", "`colums`"),
        ("syntax.toml", "this is no mapping".to_owned(), "syntax.toml", "line 1"),
    ];
    for (name, content, told, also) in cases {
        stage.write(name, content);
        refused_by_check_and_import(&stage, "clients.csv", &["--mapping", name], 2, &[told, also]);
    }
    refused_by_check_and_import(&stage, "clients.csv", &["--mapping", "missing.toml"], 2, &["missing.toml"]);
    assert!(!stage.path("reports").exists());
}

#[test]
fn columns_that_nobody_knows_are_told_and_do_no_harm() {
    let stage = stage();
    let text = std::fs::read_to_string(stage.path("clients.csv")).unwrap();
    stage.write("strange.csv", text.replacen("Примечание", "Странное", 1));
    stage.run(&["check", "strange.csv", "--to", OPERATION]).expect(0);
    let report = Report::read(&stage.only_report());
    report.assert_no_row_is_lost(20);
    assert_eq!(report.summary["ignored_columns"], serde_json::json!(["Странное"]));
}

#[test]
fn an_open_mapping_is_proposed_and_never_written_over() {
    let stage = stage();
    let text = std::fs::read_to_string(stage.path("clients.csv")).unwrap();
    stage.write("unclear.csv", text.replacen("Фамилия", "Графа 2", 1));
    refused(&stage, &["import", "unclear.csv", "--to", OPERATION, "--sandbox"], 2, &["last_name", "unclear.mapping.toml"]);
    let proposal = std::fs::read_to_string(stage.path("unclear.mapping.toml")).unwrap();
    assert!(proposal.contains("Графа 2") && proposal.contains("\"first_name\""), "{proposal}");
    // Edited as the hint says, it settles the question.
    stage.write("unclear.mapping.toml", "# mine\n");
    refused(&stage, &["import", "unclear.csv", "--to", OPERATION, "--sandbox"], 2, &["unclear.mapping.toml"]);
    assert_eq!(std::fs::read_to_string(stage.path("unclear.mapping.toml")).unwrap(), "# mine\n");
    let settled = stage.run(&["map", "clients.csv", "--to", OPERATION]).stdout.replace("\"Фамилия\"", "\"Графа 2\"");
    stage.write("settled.toml", settled);
    stage.run(&["check", "unclear.csv", "--to", OPERATION, "--mapping", "settled.toml"]).expect(0);
}

#[test]
fn dates_that_prove_nothing_are_a_question_whose_answer_can_be_pasted() {
    let stage = stage();
    let text = std::fs::read_to_string(stage.path("clients.csv")).unwrap();
    let unproven = |(number, line): (usize, &str)| {
        let mut cells: Vec<&str> = line.split(';').collect();
        if number > 0 {
            (cells[4], cells[14]) = ("05/06/1990", "07/08/2012");
        }
        cells.join(";") + "\n"
    };
    stage.write("dates.csv", text.lines().enumerate().map(unproven).collect::<String>());
    let told = ["Дата рождения", "Дата выдачи", "[formats]", "DD/MM/YYYY", "MM/DD/YYYY"];
    let finished = refused(&stage, &["check", "dates.csv", "--to", OPERATION], 2, &told);
    let answer: String =
        finished.stderr.lines().skip_while(|line| !line.starts_with("[formats]")).map(|line| format!("{line}\n")).collect();
    let mapping = stage.run(&["map", "dates.csv", "--to", OPERATION]).stdout;
    stage.write("mapping.toml", format!("{mapping}\n{answer}"));
    stage.run(&["check", "dates.csv", "--to", OPERATION, "--mapping", "mapping.toml"]).expect(0);
}

#[test]
fn report_folders_that_cannot_be_written() {
    let stage = stage();
    stage.write("in-the-way", "");
    for out in ["in-the-way", "in-the-way/below", "/proc/clientferry"] {
        refused_by_check_and_import(&stage, "clients.csv", &["--out", out], 6, &[out]);
    }
    // Known before anything was sent.
    assert!(Ledger::read(&stage.path(".clientferry/journal.sandbox-tbank.jsonl")).0.is_empty());
}

#[test]
fn journals_that_cannot_be_used() {
    let stage = stage();
    std::fs::create_dir(stage.path("folder")).unwrap();
    stage.write("text.db", "this is no journal, but a text of somebody that must not be harmed".repeat(99));
    let before = std::fs::read(stage.path("text.db")).unwrap();
    for journal in ["folder", "text.db", "/proc/clientferry/journal.db"] {
        let arguments = ["import", "clients.csv", "--to", OPERATION, "--sandbox", "--journal", journal];
        refused(&stage, &arguments, 5, &[journal]);
    }
    assert_eq!(std::fs::read(stage.path("text.db")).unwrap(), before);
}

/// Names and values of variables.
type Pairs<'a> = &'a [(&'a str, &'a str)];

#[test]
fn settings_that_cannot_be_used() {
    let import = ["import", "clients.csv", "--to", OPERATION];
    let cases: [(Pairs<'_>, &[&str], &str); 9] = [
        (&[], &[], "no token"),
        (&[("CLIENTFERRY_TOKEN", "x"), ("CLIENTFERRY_BASE_URL", "http://bank.example")], &["--yes"], "not HTTPS"),
        (&[("CLIENTFERRY_TOKEN", "x"), ("CLIENTFERRY_BASE_URL", "nonsense")], &["--yes"], "base URL"),
        (&[("CLIENTFERRY_TOKEN", "x"), ("CLIENTFERRY_BASE_URL", "https://bank.invalid")], &[], "agree"),
        (&[("CLIENTFERRY_TOKEN_FILE", "missing.txt")], &[], "missing.txt"),
        (&[("CLIENTFERRY_TOKEN", "x"), ("CLIENTFERRY_TIMEOUT_S", "soon")], &[], "CLIENTFERRY_TIMEOUT_S"),
        (&[("CLIENTFERRY_CONFIG", "missing-config.toml")], &[], "missing-config.toml"),
        (&[], &["--sandbox", "--fault", "nonsense"], "nonsense"),
        (&[("CLIENTFERRY_TOKEN", "x")], &["--account", "nobody"], "nobody"),
    ];
    for (variables, more, told) in cases {
        let mut stage = stage();
        variables.iter().for_each(|(name, value)| stage.set(name, value));
        refused(&stage, &[&import[..], more].concat(), 2, &[told]);
        assert!(!stage.path("reports").exists(), "{told}: an empty report folder is left");
    }
    // The command line itself is judged by the parser, with its own words and the same code.
    for wrong in
        [&["import"][..], &["imprt", "clients.csv"], &["import", "clients.csv"], &["import", "clients.csv", "--token", "x"]]
    {
        let finished = stage().run(wrong).expect(2);
        assert!(finished.stderr.starts_with("error: "), "{}", finished.stderr);
    }
}

#[test]
fn odd_cells_are_faults_of_their_rows_alone() {
    let stage = stage();
    let text = std::fs::read_to_string(stage.path("clients.csv")).unwrap();
    let huge = "х".repeat(200_000);
    let odd = |(number, line): (usize, &str)| {
        let mut cells: Vec<&str> = line.split(';').collect();
        match number {
            3 => cells[17] = &huge,
            5 => cells[1] = "Образ\0цов",
            7 => cells.truncate(9),
            9 => cells.extend(["", "слишком", "много"]),
            _ => {}
        }
        cells.join(";") + "\n"
    };
    stage.write("odd.csv", text.lines().enumerate().map(odd).collect::<String>());
    stage.run(&["import", "odd.csv", "--to", OPERATION, "--sandbox"]).expect(1);
    let report = Report::read(&stage.only_report());
    report.assert_no_row_is_lost(20);
    report.assert_agrees_with(&Ledger::read(&stage.path(".clientferry/journal.sandbox-tbank.jsonl")));
    let attention: Vec<&str> =
        report.outcomes.iter().filter(|line| line["outcome"] != "created").map(|line| line["line"].as_str()).collect();
    assert_eq!(attention, ["4", "6", "8", "10"]);
    assert!(report.outcomes.iter().all(|line| (line["outcome"] == "created") == line["next_step"].is_empty()));
}

#[test]
fn standard_input_is_a_file_like_any_other() {
    let stage = stage();
    let bytes = std::fs::read(stage.path("clients.csv")).unwrap();
    let import = ["import", "-", "--to", OPERATION, "--sandbox"];
    stage.run_with_input(&import, &bytes).expect(0);
    let report = Report::read(&stage.only_report());
    report.assert_no_row_is_lost(20);
    report.assert_agrees_with(&Ledger::read(&stage.path(".clientferry/journal.sandbox-tbank.jsonl")));
    let sent = report.sent();
    stage.run_with_input(&import, &bytes).expect(0);
    assert_eq!(Report::read(&stage.only_report()).sent(), sent);
    let nothing = Stage::new();
    let finished = nothing.run_with_input(&import, b"");
    assert_refused(&nothing, finished, 3, &["empty"]);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let stage = stage();
    stage.write_clients("many.csv", 3000, 62, 0);
    let cases: [(&[&str], i32); 5] = [
        (&["check", "clients.csv", "--to", OPERATION], 0),
        (&["fields", OPERATION, "--json"], 0),
        (&["sandbox", "generate", "--rows", "20000"], 0),
        (&["inspect", "many.csv"], 0),
        (&["man"], 0),
    ];
    for (arguments, code) in cases {
        let mut command = stage.command(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), &*stderr), (Some(code), ""), "{arguments:?}");
    }
    Report::read(&stage.only_report()).assert_no_row_is_lost(20);
}

/// A limit on the size of files is a disk that takes no more, for everybody and without a mount.
fn run_with_file_limit(stage: &Stage, blocks_of_512: u32, arguments: &[&str]) -> Finished {
    let plain = stage.command(arguments);
    let script = format!("trap '' XFSZ; ulimit -f {blocks_of_512}; exec \"$0\" \"$@\"");
    let mut limited = Command::new("/bin/sh");
    limited.arg("-c").arg(script).arg(plain.get_program()).args(plain.get_args()).current_dir(plain.get_current_dir().unwrap());
    limited.env_clear().stdin(Stdio::null());
    limited.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    stage.start_command(limited).finish()
}

#[test]
fn a_report_that_the_disk_does_not_take_leaves_no_half_of_itself() {
    let stage = Stage::new();
    stage.write_clients("clients.csv", 2000, 63, 20);
    let check = ["check", "clients.csv", "--to", OPERATION, "--out", "out"];
    // One thread writes lines in the order of the rows: it is always the same file whose next piece does not fit.
    for (formats, file) in [("csv", "outcomes.csv"), ("xlsx", "outcomes.csv"), ("xlsx,jsonl,junit,html", "outcomes.jsonl")] {
        let finished = run_with_file_limit(&stage, 600, &[&check[..], &["--formats", formats]].concat());
        let what = format!("error: out/{file}.partial: cannot write the report: File too large");
        assert_refused(&stage, finished, 6, &[&what, "hint: Name a folder on a file system that keeps larger files with --out."]);
    }
    // The folder for temporary files is full still earlier, and is named.
    let finished = run_with_file_limit(&stage, 20, &check);
    assert_refused(&stage, finished, 6, &[std::env::temp_dir().to_str().unwrap(), "TMPDIR"]);
    // An older report stays as it was.
    stage.run(&check).expect(1);
    let before = std::fs::read(stage.path("out/outcomes.csv")).unwrap();
    run_with_file_limit(&stage, 600, &check).expect(6);
    assert_eq!(std::fs::read(stage.path("out/outcomes.csv")).unwrap(), before);
    Report::read(&stage.path("out")).assert_no_row_is_lost(2000);
}

#[test]
fn a_journal_that_the_disk_does_not_take_loses_nobody() {
    let sandbox = SandboxProcess::with_faults(&[]);
    let stage = Stage::new().to(&sandbox);
    stage.write_clients("clients.csv", 250, 64, 0);
    let import = ["import", "clients.csv", "--to", OPERATION];
    let finished = run_with_file_limit(&stage, 240, &import);
    assert!(finished.code == Some(5) || finished.code == Some(6), "{finished:?}");
    assert!(finished.stderr.contains("error: ") && finished.stderr.contains("\nhint: "), "{}", finished.stderr);
    assert_no_report(&stage);
    stage.run(&import).expect(0);
    let report = Report::read(&stage.only_report());
    report.assert_no_row_is_lost(250);
    report.assert_agrees_with(&Ledger::read(&sandbox.ledger()));
}

/// A disk of 50 KiB, which the outcomes of 200 rows do not fit; it goes with this value.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// `None` where this user may not mount one.
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=50k", "tmpfs"]).arg(folder.path()).stderr(Stdio::null());
        mount.status().is_ok_and(|status| status.success()).then(|| Self(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk() {
    let Some(disk) = SmallDisk::mount() else {
        eprintln!("SKIPPED a_full_disk: this user may not mount a small disk");
        return;
    };
    let sandbox = SandboxProcess::with_faults(&[]);
    let stage = Stage::new().to(&sandbox);
    stage.write_clients("clients.csv", 200, 65, 0);
    let out = disk.0.path().join("out");
    let import = ["import", "clients.csv", "--to", OPERATION, "--out", out.to_str().unwrap()];
    let finished = stage.run(&import).expect(6);
    let full = format!("error: {}/outcomes.csv.partial: cannot write the report: No space left", out.display());
    assert!(finished.stderr.contains(&full) && finished.stderr.contains("hint: Free space"), "{}", finished.stderr);
    let left: Vec<_> = std::fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.is_empty(), "{left:?}");
    // What was sent is known all the same.
    stage.run(&["report", "--out", "elsewhere"]).expect(0);
    let report = Report::read(&stage.path("elsewhere"));
    report.assert_no_row_is_lost(200);
    report.assert_agrees_with(&Ledger::read(&sandbox.ledger()));
}
