//! What the papers say is true: the commands of README.md are run, its examples are read, its lists are complete, and the page of
//! fault codes is as the table makes it (`CLIENTFERRY_BLESS=1` writes it anew).

#![allow(clippy::unwrap_used)] // clippy's leave for tests does not reach their helpers

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Parser as _;
use clientferry::cli::Cli;
use clientferry::config::Config;
use clientferry::model::{Code, Lang, Outcome};
use clientferry::prepare::Mapping;

/// First line of a block whose commands are only parsed: they need a bank, or never end.
const ONLY_PARSED: [&str; 2] = ["# needs an account", "# runs until Ctrl-C"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).unwrap()
}

/// The text of every block of this language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if line == format!("```{language}") {
            blocks.push(lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect());
        }
    }
    blocks
}

/// The words of a command of ours; `None` for what is none.
fn arguments(line: &str) -> Option<Vec<&str>> {
    let command = line.split('#').next().unwrap_or_default();
    let words = command.strip_prefix("cargo run --release -- ").or_else(|| command.strip_prefix("clientferry "))?;
    assert!(!words.contains(['"', '\'', '|', '>', '$']), "too much shell for this test: {line}");
    Some(words.split_whitespace().collect())
}

/// A folder with the samples and nothing else.
fn stranger_s_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy_folder(&root().join("samples"), &folder.path().join("samples"));
    folder
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn the_commands_of_the_readme_run_in_its_order() {
    let folder = stranger_s_folder();
    let mut run = 0;
    for block in blocks(&readme(), "sh") {
        let only_parsed = ONLY_PARSED.contains(&block.lines().next().unwrap_or_default());
        for line in block.lines() {
            let Some(words) = arguments(line) else { continue };
            if let Err(error) = Cli::try_parse_from([&["clientferry"], &words[..]].concat()) {
                panic!("{line}\n{error}");
            }
            if only_parsed {
                continue;
            }
            let mut command = Command::new(env!("CARGO_BIN_EXE_clientferry"));
            for (name, _) in std::env::vars_os() {
                if name.to_string_lossy().starts_with("CLIENTFERRY_") || name == "COLUMNS" {
                    command.env_remove(name);
                }
            }
            let output = command.args(&words).current_dir(folder.path()).output().unwrap();
            // 1: there are rows to mend, as the messy sample has.
            assert!(
                matches!(output.status.code(), Some(0 | 1)),
                "{line}\n{}\n{}",
                output.status,
                String::from_utf8_lossy(&output.stderr)
            );
            if run == 0 {
                the_picture_is_what_it_shows(&String::from_utf8(output.stdout).unwrap());
            }
            run += 1;
        }
    }
    assert!(run >= 8, "only {run} commands were found");
    for file in ["outcomes.csv", "faults.csv", "rejected.csv", "crosswalk.csv", "outcomes.xlsx", "summary.json"] {
        assert!(readme().contains(&format!("`{file}`")), "{file} is not explained");
        let reports: Vec<PathBuf> =
            fs::read_dir(folder.path().join("reports")).unwrap().map(|entry| entry.unwrap().path().join(file)).collect();
        assert!(!reports.is_empty() && reports.iter().all(|path| path.is_file()), "{reports:?}");
    }
}

/// The README's first block of plain text is what its first command prints, times aside.
fn the_picture_is_what_it_shows(printed: &str) {
    let without_times = |text: &str| -> String {
        let words = text.split_inclusive([' ', '\n']).scan(false, |after, word| {
            let shown = if *after { word.replace(|ch: char| ch.is_ascii_digit(), "") } else { word.to_owned() };
            *after = word.trim_end() == "after";
            Some(shown)
        });
        words.collect()
    };
    let page = readme();
    let picture = blocks(&page, "text").into_iter().next().unwrap();
    if std::env::var_os("CLIENTFERRY_BLESS").is_some() && without_times(&picture) != without_times(printed) {
        fs::write(root().join("README.md"), page.replacen(&picture, printed, 1)).unwrap();
        return;
    }
    assert!(
        without_times(&picture) == without_times(printed),
        "the README shows another output than this (CLIENTFERRY_BLESS=1 puts it in):\n{printed}"
    );
}

#[test]
fn the_examples_of_the_readme_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut kinds = BTreeSet::new();
    for block in blocks(&readme(), "toml") {
        let path = folder.path().join("example.toml");
        fs::write(&path, &block).unwrap();
        let kind = block.lines().next().unwrap_or_default().to_owned();
        match kind.as_str() {
            "# clientferry.toml" => drop(Config::load(Some(&path)).unwrap()),
            "# mapping.toml" => drop(Mapping::load(&path).unwrap()),
            other => panic!("a block of TOML begins with its file's name, not with {other:?}"),
        }
        kinds.insert(kind);
    }
    assert_eq!(kinds.len(), 2, "{kinds:?}");
}

#[test]
fn the_readme_explains_every_outcome_and_exit_code() {
    let page = readme();
    for outcome in Outcome::ALL {
        assert!(page.contains(&format!("| `{outcome}` |")), "{outcome} has no line");
    }
    let source = fs::read_to_string(root().join("src/failure.rs")).unwrap();
    let exits = source.split_once("enum Exit {").and_then(|(_, rest)| rest.split_once("\n}")).unwrap().0;
    let codes: Vec<&str> =
        exits.lines().filter_map(|line| line.split_once(" = ")).map(|(_, code)| code.trim_end_matches(',')).collect();
    assert!(codes.len() >= 10, "{codes:?}");
    for code in codes {
        assert!(page.contains(&format!("| {code} |")), "exit code {code} has no line");
    }
}

#[test]
fn the_readme_lists_every_variable_and_no_other() {
    let mut known: BTreeSet<String> = variables(&["src/cli.rs", "src/config"]);
    // For those who build it.
    known.extend(
        ["CLIENTFERRY_BLESS", "CLIENTFERRY_CORPORA", "CLIENTFERRY_BENCH_ROWS", "CLIENTFERRY_SIMULATE", "CLIENTFERRY_TORTURE"]
            .map(str::to_owned),
    );
    let mut listed = BTreeSet::new();
    for page in ["README.md", "CONTRIBUTING.md"] {
        listed.extend(names_in(&fs::read_to_string(root().join(page)).unwrap()));
    }
    assert_eq!(listed, known);
}

fn variables(files: &[&str]) -> BTreeSet<String> {
    files.iter().flat_map(|file| names_in(&source(file))).collect()
}

/// A source, or all those of a folder.
fn source(path: &str) -> String {
    let path = root().join(path);
    if path.is_file() {
        return fs::read_to_string(path).unwrap();
    }
    fs::read_dir(path).unwrap().map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap()).collect()
}

/// Names such as `CLIENTFERRY_TO`; the beginning alone is none.
fn names_in(text: &str) -> BTreeSet<String> {
    text.match_indices("CLIENTFERRY_")
        .map(|(at, _)| text[at..].chars().take_while(|ch| ch.is_ascii_uppercase() || *ch == '_').collect::<String>())
        .filter(|name| name != "CLIENTFERRY_")
        .collect()
}

#[test]
fn the_keys_of_the_configuration_stand_in_the_readme() {
    let page = readme();
    let source = source("src/config");
    let fields = |of: &str| -> Vec<String> {
        let body = source.split_once(&format!("struct {of} {{")).and_then(|(_, rest)| rest.split_once("\n}")).unwrap().0;
        body.lines()
            .filter_map(|line| line.trim().trim_start_matches("pub(super) ").split_once(": "))
            .map(|(name, _)| name.to_owned())
            .collect()
    };
    for key in fields("Sending").into_iter().chain(fields("Account")) {
        assert!(page.contains(&format!("`{key}`")), "the key {key} is not explained");
    }
}

/// `it::report::all_faults_of_a_row` and the like: whoever reads a promise finds its test.
#[test]
fn the_promises_name_tests_that_exist() {
    let page = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let mut code = String::new();
    let mut folders = vec![root().join("src"), root().join("tests/it")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                code.push_str(&fs::read_to_string(&path).unwrap());
            }
        }
    }
    let names: Vec<&str> = page
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|quoted| quoted.contains("::"))
        .filter_map(|quoted| quoted.rsplit("::").next())
        // A sentence is a test; shorter names are modules and functions.
        .filter(|name| name.matches('_').count() >= 3)
        .collect();
    assert!(names.len() >= 15, "{names:?}");
    for name in names {
        assert!(code.contains(&format!("fn {name}(")), "ARCHITECTURE.md names the test {name}, which does not exist");
    }
}

#[test]
fn links_between_the_papers_lead_somewhere() {
    for paper in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "reports/README.md"] {
        let path = root().join(paper);
        let page = fs::read_to_string(&path).unwrap();
        for (at, _) in page.match_indices("](") {
            let target = page[at + 2..].split(')').next().unwrap_or_default();
            if !target.starts_with("https://") {
                assert!(path.parent().unwrap().join(target).exists(), "{paper} links to {target}");
            }
        }
    }
}

#[test]
fn the_page_of_fault_codes_is_up_to_date() {
    for lang in Lang::ALL {
        let (name, page) = page_of_fault_codes(lang);
        let path = root().join(name);
        if std::env::var_os("CLIENTFERRY_BLESS").is_some() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &page).unwrap();
        }
        let found = fs::read_to_string(&path).unwrap_or_default();
        assert!(found == page, "{name} is out of date: run `CLIENTFERRY_BLESS=1 cargo test page_of_fault_codes`");
    }
}

fn page_of_fault_codes(lang: Lang) -> (&'static str, String) {
    let (name, mut page) = match lang {
        Lang::En => (
            "docs/faults.md",
            "# Fault codes\n\n\
             Made from the table in `src/model/code.rs` and its rooms; do not edit. A row with an `error` is not sent; a `warning` is sent\n\
             and told; an `info` asks for nothing. Codes are stable: scripts may rely on them. `clientferry explain CODE` tells the same.\n\
             [По-русски](faults.ru.md)\n\n\
             | code | severity | meaning | example | next step |\n|---|---|---|---|---|\n"
                .to_owned(),
        ),
        Lang::Ru => (
            "docs/faults.ru.md",
            "# Коды ошибок\n\n\
             Страница сделана из таблицы в `src/model/code.rs`; не правьте её. Строка с ошибкой (`error`) не отправляется; строка с\n\
             предупреждением (`warning`) отправляется, и о нём сказано; сведение (`info`) ничего не требует. Коды не меняются: на них можно\n\
             опираться в скриптах. То же показывает `clientferry explain КОД --lang ru`. [In English](faults.md)\n\n\
             | код | важность | что значит | пример | что делать |\n|---|---|---|---|---|\n"
                .to_owned(),
        ),
    };
    for code in Code::ALL {
        let example = code.example().text(lang);
        let line =
            [code.as_str(), code.severity().word_in(lang), code.meaning_in(lang), example.as_str(), code.next_step_in(lang)];
        let [code, severity, meaning, example, next] = line.map(|text| text.replace('|', "\\|"));
        page.push_str(&format!("| `{code}` | {severity} | {meaning} | {example} | {next} |\n"));
    }
    (name, page)
}
