//! Causes that were sown come out as sown, in bounded memory and without a personal value.

use std::sync::Arc;

use super::*;
use crate::model::text::fold;
use crate::model::{Cells, Changes, Fault, FieldName, Message, Outcome, Place, Refusal, Row, Shape, Source};
use crate::report::complaint::{Known, complaints};

const COLUMNS: [&str; 4] = ["Отделение", "Дата выдачи", "Телефон", "Фамилия"];
const ISSUED: &str = "documents[0].issue_date";

fn source() -> Source {
    Source {
        name: "clients.csv".into(),
        path: "clients.csv".into(),
        sha256: String::new(),
        sheets: vec![Arc::from("")],
        workbook: None,
        columns: COLUMNS.iter().map(|name| Arc::from(*name)).collect(),
    }
}

fn facts() -> Facts {
    let mut facts = Facts::default();
    let words = ["Head Office", "North Branch"].map(|word| (fold(word), word.to_owned())).to_vec();
    facts.fields.insert("branch".into(), FieldFacts { names: vec!["branch".into()], is_shown: true, words: Arc::new(words) });
    facts.unmapped.push(("E-mail".to_owned(), "email".to_owned()));
    facts
}

fn row(ordinal: u64, faults: Vec<Fault>) -> Prepared {
    let mut cells = Cells::default();
    COLUMNS.iter().for_each(|_| cells.push("x"));
    let row = Row { place: Place { sheet: 0, line: ordinal + 2, ordinal }, cells, shape: Shape::Whole, faults: Vec::new() };
    Prepared { row, own_id: None, operation: Some(0), result: Err(faults), warnings: Vec::new(), changes: Changes::default() }
}

fn branch(found: &str) -> Fault {
    Fault::of_cell(Code::ValueNotAllowed, 0, found, Message::of_others("is not one of them")).at(FieldName::new("branch"))
}

fn short_year(found: &str) -> Fault {
    Fault::of_cell(Code::DateTwoDigitYear, 1, found, Message::of_others("has 2 digits")).at(FieldName::new(ISSUED))
}

fn phone(found: &str) -> Fault {
    Fault::of_cell(Code::PhoneAmbiguous, 2, found, Message::of_others("has no country code")).at(FieldName::new("phone"))
}

fn name(found: &str) -> Fault {
    Fault::of_cell(Code::NameDigits, 3, found, Message::of_others("holds digits")).at(FieldName::new("last_name"))
}

fn count(causes: &mut Causes, prepared: &Prepared, settled: &Settled) {
    let complaints = complaints(prepared, settled, &Known::default());
    causes.add(prepared, settled, &complaints);
}

#[test]
fn sown_causes_come_out_as_groups_of_the_right_size_with_their_lines() {
    let mut causes = Causes::default();
    causes.set_facts(facts());
    let refused = Settled {
        refusal: Some(Refusal { code: "INN_ANNULLED".into(), pointer: Some("/inn".into()), ..Refusal::default() }),
        ..Settled::plain(Outcome::Rejected)
    };
    for ordinal in 0..50_000_u64 {
        let mut faults = Vec::new();
        // Words that fold to the same are one: a line of the mapping mends both.
        if ordinal % 10 == 1 {
            faults.push(branch(if ordinal % 20 == 1 { "Head Ofice" } else { "head ofice" }));
        }
        if ordinal % 25 == 2 {
            faults.push(branch("Nort Branch"));
        }
        if ordinal % 100 == 3 {
            faults.push(branch("Moon"));
        }
        if ordinal % 20 == 4 || ordinal % 1000 == 1 {
            faults.push(short_year(&format!("{:02}.{:02}.{:02}", ordinal % 28 + 1, ordinal % 12 + 1, ordinal % 90 + 10)));
        }
        if ordinal % 50 == 5 {
            faults.push(phone(&format!("8 900 {:07}", ordinal)));
        }
        if ordinal % 500 == 6 || ordinal % 500 == 1 {
            faults.push(name(&format!("Образцова{ordinal:05}")));
        }
        if ordinal % 1000 == 7 {
            faults.push(Fault::of_row(Code::ValueMissing, Message::of_others("is missing")).at(FieldName::new("email")));
        }
        let settled = if faults.is_empty() && ordinal % 250 == 8 { refused.clone() } else { Settled::plain(Outcome::Invalid) };
        count(&mut causes, &row(ordinal, faults), &settled);
    }
    let (told, remedy) = causes.told(&source(), 20);
    let found: Vec<(&str, u64, u64)> = told.iter().map(|cause| (cause.code.as_str(), cause.count, cause.cleared)).collect();
    assert_eq!(
        found,
        [
            // 50 of the first have a short year too, 100 a name with digits, and those 50 have both.
            ("value.not_allowed", 5000, 4900),
            ("date.two_digit_year", 2550, 2500),
            ("value.not_allowed", 2000, 2000),
            ("phone.ambiguous", 1000, 1000),
            ("value.not_allowed", 500, 500),
            ("name.digits", 200, 100),
            ("provider.rejected", 200, 200),
            ("value.missing", 50, 50),
        ]
    );
    assert_eq!(told[0].value.as_deref(), Some("Head Ofice"));
    assert_eq!(told[0].nearest.as_deref(), Some("Head Office"));
    assert_eq!(told[0].examples, ["clients.csv:3", "clients.csv:13", "clients.csv:23"]);
    assert_eq!(told[1].pattern.as_deref(), Some("9(2).9(2).9(2)"));
    // Near to nothing, and yet too frequent to be somebody's.
    assert_eq!((told[4].value.as_deref(), told[4].nearest.as_deref()), (Some("Moon"), None));
    assert_eq!(told[6].provider_code.as_deref(), Some("INN_ANNULLED"));
    assert_eq!((told[5].value.as_deref(), told[5].pattern.as_deref()), (None, Some("Aa9(5)")));
    let lines: Vec<String> = remedy.mapping_lines.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "[values.branch]\n\"Head Ofice\" = \"Head Office\"",
            "[values.branch]\n\"Nort Branch\" = \"North Branch\"",
            "[formats]\n\"documents[0].issue_date\" = \"DD.MM.YY\"",
            "[formats]\nphone_region = \"RU\"",
            "[columns]\n\"E-mail\" = \"email\"",
        ]
    );
    assert_eq!(remedy.rows_cleared, 4900 + 2500 + 2000 + 1000 + 50);
    assert_eq!(remedy.rows_with_errors, 11_350);
    assert!(!remedy.is_approximate);
}

#[test]
fn what_may_be_somebodys_is_told_by_its_form() {
    let mut causes = Causes::default();
    causes.set_facts(facts());
    let lonely = ["Кенарбвг", "4512 345678", "kenar@example.org", "Щегол 4+"];
    for (ordinal, found) in (0..).zip(lonely) {
        count(&mut causes, &row(ordinal, vec![branch(found), name(found), phone(found)]), &Settled::plain(Outcome::Invalid));
    }
    // Numbers are nobody's word, however often they stand there.
    for ordinal in 4..40 {
        count(&mut causes, &row(ordinal, vec![branch("4512 345678")]), &Settled::plain(Outcome::Invalid));
    }
    let (told, remedy) = causes.told(&source(), 50);
    let shown = format!("{}{}", serde_json::to_string(&told).unwrap(), serde_json::to_string(&remedy).unwrap());
    for found in lonely {
        assert!(!shown.contains(found), "{found} in {shown}");
    }
    assert!(shown.contains("9(4) 9(6)"), "{shown}");
}

#[test]
fn a_column_of_nothing_but_different_values_costs_bounded_memory_and_hides_no_large_cause() {
    let mut causes = Causes::default();
    causes.set_facts(facts());
    let rows = 60_000;
    for ordinal in 0..rows {
        let found = if ordinal % 4 == 0 { "Head Ofice".to_owned() } else { format!("{ordinal}-й отдел") };
        count(&mut causes, &row(ordinal, vec![branch(&found)]), &Settled::plain(Outcome::Invalid));
        assert!(causes.groups.len() <= GROUPS_MAX + 1 && causes.ids.len() <= GROUPS_MAX + 1);
    }
    let (told, remedy) = causes.told(&source(), 20);
    assert!(remedy.is_approximate);
    assert_eq!(told.iter().map(|cause| cause.count).sum::<u64>(), rows);
    let large = told.iter().find(|cause| cause.value.as_deref() == Some("Head Ofice")).unwrap();
    assert_eq!((large.count, large.cleared), (rows / 4, rows / 4));
}

#[test]
fn lines_about_columns_are_found_only_where_all_values_agree() {
    let lines = |faults: Vec<Fault>, facts: Facts| {
        let mut causes = Causes::default();
        causes.set_facts(facts);
        for (ordinal, fault) in (0..).zip(faults) {
            count(&mut causes, &row(ordinal, vec![fault]), &Settled::plain(Outcome::Invalid));
        }
        causes.told(&source(), 20).1.mapping_lines.len()
    };
    assert_eq!(lines(vec![short_year("31.12.80"), short_year("01.02.03"), short_year("1.2.03")], facts()), 1);
    // Two cells are mended by hand.
    assert_eq!(lines(vec![short_year("31.12.80"), short_year("01.02.03")], facts()), 0);
    // Month first, or another sign: nobody may guess.
    assert_eq!(lines(vec![short_year("31.12.80"), short_year("1.2.03"), short_year("12.31.80")], facts()), 0);
    assert_eq!(lines(vec![short_year("31/12/80"); 3], facts()), 0);
    let settled = Facts { formats: [(ISSUED.to_owned(), "DD.MM.YY".to_owned())].into(), ..facts() };
    assert_eq!(lines(vec![short_year("31.12.80"); 3], settled), 0);
    assert_eq!(lines(vec![phone("8 900 000-00-01"), phone("8 900 000-00-02"), phone("020 7946 0000")], facts()), 0);
    let birth = short_year("31.12.80");
    assert_eq!(lines(vec![Fault { field: Some(FieldName::new("birth_date")), ..birth }; 3], facts()), 0);
    let unexpected = |found: &str| Fault::of_cell(Code::ValueUnexpected, 3, found, Message::of_others("is not accepted"));
    assert_eq!(lines(vec![unexpected("x"), unexpected("y"), unexpected("z")], facts()), 1);
    // Other rows hold something in that column which is taken.
    assert_eq!(lines(vec![unexpected("x"), unexpected("y"), unexpected("z"), branch("Moon")], facts()), 0);
}
