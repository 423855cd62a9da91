//! People are told in the language that they asked for: every message is there in both, and nothing of ours stays English in a
//! Russian report.

use std::fs;

use calamine::{Reader as _, open_workbook_auto};
use clientferry::model::{Code, Lang, Wording};
use serde_json::Value;

use super::bless::in_project;
use super::causes::file_of_examples;
use super::program::Program;
use super::samples::SAMPLES;

/// A Russian text without what stands as it is in any language: quoted words, names of norms and formats, sections and options.
fn own_words(text: &str) -> String {
    const NAMES: [&str; 12] = [
        "ISO",
        "UUID",
        "ZIP",
        "YYYYMMDD",
        "ICAO Doc",
        "[options]",
        "[formats]",
        "phone_region",
        "copy_when_empty",
        "transliterate_citizenships",
        "--approve-transliteration",
        "A1A 1A1",
    ];
    let mut words = String::new();
    let mut until = None;
    for ch in text.chars() {
        match (until, ch) {
            (Some(close), _) => until = (ch != close).then_some(close),
            (None, '«') => until = Some('»'),
            (None, '`' | '"') => until = Some(ch),
            (None, _) => words.push(ch),
        }
    }
    NAMES.iter().fold(words, |words, name| words.replace(name, "")).replace("transliterate", "")
}

fn is_english(text: &str) -> bool {
    own_words(text).contains(|ch: char| ch.is_ascii_alphabetic())
}

/// The numbers of parts that stand in a template, in order.
fn holes(template: &str) -> Vec<usize> {
    let ends = template.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
    let mut holes: Vec<usize> = ends.filter_map(|(hole, _)| hole.parse().ok()).collect();
    holes.sort_unstable();
    holes
}

#[test]
fn every_message_is_there_in_both_languages_with_the_same_parts() {
    for &wording in Wording::ALL {
        let [english, russian] = [Lang::En, Lang::Ru].map(|lang| wording.template(lang));
        assert_eq!(holes(english), holes(russian), "{english}");
        assert!(!is_english(russian), "{russian}");
        let has_words = english.contains(|ch: char| ch.is_ascii_alphabetic());
        assert!(!has_words || russian.contains(|ch| matches!(ch, 'а'..='я' | 'ё')), "{english}: {russian}");
    }
}

/// What the files of a Russian report say of faults: code, message, next step.
fn told(program: &Program) -> Vec<[String; 3]> {
    let mut told: Vec<[String; 3]> = program
        .lines("report/faults.csv")
        .into_iter()
        .map(|line| ["code", "message", "next_step"].map(|column| line[column].clone()))
        .collect();
    let text = fs::read_to_string(program.path("report/outcomes.jsonl")).expect("the report is there");
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).expect("a line is JSON");
        for fault in row["faults"].as_array().expect("a list of faults") {
            told.push(["code", "message", "next_step"].map(|name| fault[name].as_str().expect("a text").to_owned()));
        }
    }
    told
}

fn assert_russian(name: &str, program: &Program) {
    let told = told(program);
    for [code, message, next_step] in &told {
        let known = Code::from_name(code).expect("a code of the table");
        assert!(!is_english(message), "{name}, {code}: {message}");
        assert_eq!(next_step, known.next_step_in(Lang::Ru), "{name}, {code}");
    }
    // In outcomes.csv the messages of a row stand in one cell.
    for line in program.lines("report/outcomes.csv") {
        assert!(!is_english(&line["message"]), "{name}: {}", line["message"]);
    }
}

#[test]
fn no_message_of_ours_is_english_in_a_russian_report_of_a_sample() {
    for sample in SAMPLES {
        let program = Program::new();
        program.put(sample.file, &(sample.make)());
        let mut arguments = vec!["check", sample.file, "--to", sample.to, "--out", "report", "--lang", "ru"];
        let mapping = sample.mapping.map(|mapping| in_project(&format!("samples/{mapping}")).display().to_string());
        if let Some(mapping) = &mapping {
            arguments.extend(["--mapping", mapping]);
        }
        program.expect(&[0, 1], &arguments);
        assert_russian(sample.file, &program);
    }
}

#[test]
fn no_message_of_ours_is_english_where_the_examples_occur_or_rows_are_sent() {
    let program = Program::new();
    program.put("clients.csv", file_of_examples().as_bytes());
    let import = ["import", "clients.csv", "--to", "tbank/fl-resident", "--sandbox", "--limit", "20", "--out", "report"];
    program.expect(&[0, 1], &[&import[..], &["--lang", "ru"]].concat());
    assert_russian("examples", &program);
    // The same in the workbook and on the page; both repeat messages of single faults.
    let mut workbook = open_workbook_auto(program.path("report/outcomes.xlsx")).expect("a workbook");
    let rows = workbook.worksheet_range_at(0).expect("a sheet").expect("a readable one");
    let header: Vec<String> = rows.rows().next().expect("a header").iter().map(ToString::to_string).collect();
    let place = |name: &str| header.iter().position(|column| column == name).unwrap_or_else(|| panic!("{name}: {header:?}"));
    let (message, next_step) = (place("clientferry message"), place("clientferry next step"));
    let mut seen = 0;
    for row in rows.rows().skip(1) {
        // Names of columns stand before the messages.
        let text = header.iter().fold(row[message].to_string(), |text, name| text.replace(&format!("{name}: "), ""));
        assert!(!is_english(&text), "{text}");
        seen += usize::from(!text.is_empty());
        assert_eq!(text.is_empty(), row[next_step].to_string().is_empty());
    }
    assert!(seen > 40, "{seen}");
    let page = fs::read_to_string(program.path("report/report.html")).expect("a page");
    assert!(page.contains("в российском номере их 11") && !page.contains("a Russian number has 11"));
}
