//! What the page does not show, and what it shows when it is asked to.

use std::collections::BTreeSet;

use clientferry::model::{
    Body, Changes, Code, Fault, FieldDigests, FieldName, IdempotencyKey, Identities, Lang, Message, Note, Outcome, Parcel,
    Prepared, Refusal, Settled,
};
use clientferry::report::PageSettings;
use serde_json::json;

use super::bounds::{faulty, header, page_of, row, source};
use super::made::{messy_run, text};

const CELLS: [&str; 4] = ["KANAR-77001", "770099887766", "Канарейкина Пелагея", "zelyonaya-klet"];

/// Rows that carry the canaries through every way in which a value can come near the page.
fn canaries() -> Vec<(Prepared, Settled)> {
    let cells = |ordinal| row(ordinal, CELLS);
    let good = |ordinal| {
        let body = Body::new(&json!({"inn": CELLS[1], "name": CELLS[2], "branch": CELLS[3]}));
        let key = IdempotencyKey::derive("tbank/fl-resident", "main", "x", body.as_str());
        let parcel = Parcel { body, key, identities: Identities::new(), digests: FieldDigests::default() };
        let mut changes = Changes::default();
        (0_u16..).zip(CELLS).for_each(|(column, cell)| changes.push(column, FieldName::new("name"), &format!("{cell}!")));
        Prepared { own_id: Some(CELLS[0].into()), result: Ok(parcel), changes, ..faulty(cells(ordinal), Vec::new()) }
    };
    let refusal = || Refusal {
        code: "BAD".into(),
        message: "{/name} with {/inn} in {/branch} is not wanted".into(),
        pointer: Some("/inn".into()),
        request_id: None,
    };
    let faults = (0_u16..)
        .zip(CELLS)
        .map(|(column, cell)| {
            Fault::of_cell(Code::ValueNotAllowed, column, cell, Message::of_others(format!("must not be {cell} here")))
        })
        .collect();
    vec![
        (faulty(cells(0), faults), Settled::plain(Outcome::Invalid)),
        (good(1), Settled { refusal: Some(refusal()), http_status: Some(400), ..Settled::plain(Outcome::Rejected) }),
        (good(2), Settled { refusal: Some(refusal()), ..Settled::plain(Outcome::Unknown) }),
        (good(3), Settled { refusal: Some(refusal()), remote_id: Some("b-77".into()), ..Settled::plain(Outcome::Created) }),
        (
            good(4),
            Settled {
                note: Some(Note { code: Code::ClientChanged, message: Message::of_others("name differs") }),
                ..Settled::plain(Outcome::Existing)
            },
        ),
    ]
}

fn columns() -> Vec<String> {
    ["id", "ИНН", "ФИО", "Филиал"].map(str::to_owned).to_vec()
}

#[test]
fn no_value_of_a_client_stands_in_a_masked_page() {
    for lang in Lang::ALL {
        let folder = tempfile::tempdir().unwrap();
        // Even a column that may be shown shows no value that a single row has.
        let settings = PageSettings { lang, open_columns: BTreeSet::from([3]), ..PageSettings::default() };
        let page = page_of(folder.path(), &source("clients.csv", &columns()), header(settings), canaries().into_iter());
        for piece in CELLS.into_iter().chain(["Канарейкина", "Пелагея", "7700", "b-77"]) {
            assert!(!page.contains(piece), "{piece} stands in the page");
        }
        assert!(page.contains("‹name› with ‹inn› in ‹branch› is not wanted"), "the provider's words are told");
        assert!(page.contains("999999999999"), "the form of a number is told");
    }
}

#[test]
fn unmasking_is_recorded_in_the_page_and_in_the_summary() {
    let folder = tempfile::tempdir().unwrap();
    let settings = PageSettings { unmask: true, ..PageSettings::default() };
    let page = page_of(folder.path(), &source("clients.csv", &columns()), header(settings), canaries().into_iter());
    for piece in CELLS.into_iter().chain(["b-77"]) {
        assert!(page.contains(piece), "{piece} does not stand in the page");
    }
    assert!(page.contains("Contains personal data") && page.contains("--unmask"));
    let summary = std::fs::read_to_string(folder.path().join("summary.json")).unwrap();
    assert!(summary.contains("\"unmasked\": true"), "{summary}");
}

#[test]
fn words_of_a_closed_list_are_shown_once_many_rows_share_them() {
    let folder = tempfile::tempdir().unwrap();
    let word = |ordinal: u64| match ordinal {
        0..6 => "Head Ofice",
        6..8 => "Rare Word",
        _ => "1234567",
    };
    let rows = (0..20).map(|ordinal| {
        let fault = Fault::of_cell(Code::ReferenceUnknown, 3, word(ordinal), Message::of_others("the book has no such branch"));
        (faulty(row(ordinal, ["1", "2", "3", word(ordinal)]), vec![fault]), Settled::plain(Outcome::Invalid))
    });
    let settings = PageSettings { open_columns: BTreeSet::from([3]), ..PageSettings::default() };
    let page = page_of(folder.path(), &source("clients.csv", &columns()), header(settings), rows);
    assert!(page.contains("<q>Head Ofice</q>"), "six rows share it");
    assert!(!page.contains("Rare Word") && page.contains("<q>Xxxx Xxxx</q>"), "two rows may have it by a slip");
    assert!(!page.contains("1234567") && page.contains("<q>9999999</q>"), "numbers are somebody's");
}

#[test]
fn the_page_of_a_whole_import_shows_no_personal_cell() {
    let run = messy_run();
    let page = text(&run, "en");
    assert!(text(&run, "ru").contains("<html lang=\"ru\">"));
    let mut cells = BTreeSet::new();
    let table = std::fs::read(run.path("clients.csv")).unwrap();
    let mut reader = csv::ReaderBuilder::new().delimiter(b';').flexible(true).from_reader(&table[..]);
    for record in reader.records() {
        cells.extend(record.unwrap().iter().map(str::trim).filter(|cell| is_personal(cell)).map(str::to_owned));
    }
    assert!(cells.len() > 400, "{}", cells.len());
    for cell in cells {
        assert!(!page.contains(&cell), "{cell} stands in the page");
    }
    assert!(page.contains("<html lang=\"en\">") && page.contains("Personal data masked"));
}

/// Cells with a number of five digits or an address of mail: nobody else's words.
fn is_personal(cell: &str) -> bool {
    let mut digits = 0;
    let has_number = cell.chars().any(|ch| {
        digits = if ch.is_ascii_digit() { digits + 1 } else { 0 };
        digits >= 5
    });
    has_number || cell.contains('@')
}
