//! What changed between two reports: rows are known again wherever they stand, and what did not change is no change.
#![allow(clippy::unwrap_used)] // The lint spares test functions, not the helpers beside them.

use std::path::Path;

use clientferry::model::{
    Body, Cells, Changes, Code, Fault, FieldDigests, IdempotencyKey, Identities, Message, NotSent, Note, Outcome, Parcel, Place,
    Prepared, Row, Settled, Shape, Source,
};
use clientferry::report::compare::{Change, Comparison, compare};
use clientferry::report::{Finding, Header, Reporter, verify};
use proptest::prelude::*;
use serde_json::json;

use super::made_report;

/// A row as far as reports tell it.
#[derive(Clone, Debug)]
struct Client {
    /// What stands in its cells; rows may be equal.
    content: String,
    has_own_id: bool,
    number: usize,
    fate: Fate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Created,
    Changed,
    Invalid,
    Duplicate,
    Rejected,
    Unknown,
    Waiting,
    Blank,
}

impl Fate {
    fn fails(self) -> bool {
        matches!(self, Self::Invalid | Self::Duplicate | Self::Rejected | Self::Unknown)
    }
}

fn told(client: &Client, ordinal: u64) -> (Prepared, Settled) {
    let Client { content, has_own_id, number, fate } = client;
    let mut cells = Cells::default();
    cells.push(if *fate == Fate::Blank { "" } else { content });
    cells.push(if *fate == Fate::Blank { "" } else { "x" });
    let body = Body::new(&json!({"name": content}));
    let key = IdempotencyKey::derive("tbank/fl-resident", "main", content, body.as_str());
    let faults = vec![Fault::of_cell(Code::InnLength, 0, content, Message::meaning(Code::InnLength))];
    let result = match fate {
        Fate::Invalid => Err(faults),
        Fate::Blank => Err(Vec::new()),
        Fate::Created | Fate::Changed | Fate::Duplicate | Fate::Rejected | Fate::Unknown | Fate::Waiting => {
            Ok(Parcel { body, key, identities: Identities::new(), digests: FieldDigests::default() })
        }
    };
    let shape = if *fate == Fate::Blank { Shape::Blank } else { Shape::Whole };
    let prepared = Prepared {
        row: Row { place: Place { sheet: 0, line: ordinal + 2, ordinal }, cells, shape, faults: Vec::new() },
        own_id: (*has_own_id && *fate != Fate::Blank).then(|| format!("C-{number}").into()),
        operation: Some(0),
        result,
        warnings: Vec::new(),
        changes: Changes::default(),
    };
    let note = |code| Some(Note { code, message: Message::of_others("name") });
    let settled = match fate {
        Fate::Created => Settled { key: Some(key), ..Settled::plain(Outcome::Created) },
        Fate::Changed => Settled { key: Some(key), note: note(Code::ClientChanged), ..Settled::plain(Outcome::Existing) },
        Fate::Invalid => Settled::plain(Outcome::Invalid),
        Fate::Duplicate => Settled { note: note(Code::ClientTwice), ..Settled::plain(Outcome::Duplicate) },
        Fate::Rejected => Settled { key: Some(key), ..Settled::plain(Outcome::Rejected) },
        Fate::Unknown => Settled { key: Some(key), ..Settled::plain(Outcome::Unknown) },
        Fate::Waiting => Settled { key: Some(key), ..Settled::not_sent(NotSent::Interrupted) },
        Fate::Blank => Settled::not_sent(NotSent::Blank),
    };
    (prepared, settled)
}

fn report(folder: &Path, sha256: &str, columns: [&str; 2], clients: &[Client]) {
    let source = Source { sha256: sha256.repeat(32), ..made_report::source(&[""], &columns) };
    let header = Header { run: format!("run-{sha256}"), ..made_report::header() };
    let mut reporter = Reporter::create(folder, &source, header).unwrap();
    for (ordinal, client) in (0..).zip(clients) {
        let (prepared, settled) = told(client, ordinal);
        reporter.row(&prepared, &settled).unwrap();
    }
    reporter.finish(made_report::ending(clients.len() as u64)).unwrap();
}

/// Two reports of two files, compared.
fn compared(before: &[Client], now: &[Client]) -> (tempfile::TempDir, Comparison) {
    let folder = tempfile::tempdir().unwrap();
    let (earlier, later) = (folder.path().join("earlier"), folder.path().join("later"));
    report(&earlier, "ab", ["Имя", "=b"], before);
    report(&later, "cd", ["Имя", "=b"], now);
    let comparison = compare(&earlier, &later).unwrap();
    (folder, comparison)
}

fn counts(comparison: &Comparison) -> Vec<(Change, usize)> {
    let counts = Change::ALL.into_iter().map(|change| (change, usize::try_from(comparison.count(change)).unwrap()));
    counts.filter(|(_, count)| *count > 0).collect()
}

fn client() -> impl Strategy<Value = Client> {
    let fate = prop_oneof![
        Just(Fate::Created),
        Just(Fate::Changed),
        Just(Fate::Invalid),
        Just(Fate::Duplicate),
        Just(Fate::Rejected),
        Just(Fate::Unknown),
        Just(Fate::Waiting),
        Just(Fate::Blank),
    ];
    ("[ab=;\"\n' -]{1,3}", any::<bool>(), fate).prop_map(|(content, has_own_id, fate)| Client {
        content: format!("{content}z"),
        has_own_id,
        number: 0,
        fate,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn shuffled_rows_are_known_again((clients, shuffled) in prop::collection::vec(client(), 1..24)
        .prop_map(|mut clients| {
            (0..).zip(&mut clients).for_each(|(number, client)| client.number = number);
            // Of equal rows without an own id, those of one fate are one kind: contents tell the others apart.
            clients.iter_mut().for_each(|client| client.content.push_str(&format!("{:?}", client.fate)));
            clients
        })
        .prop_flat_map(|clients| (Just(clients.clone()), Just(clients).prop_shuffle())))
    {
        let (_folder, comparison) = compared(&clients, &shuffled);
        prop_assert_eq!(comparison.rows_in_both, clients.len() as u64);
        let failing = clients.iter().filter(|client| client.fate.fails()).count();
        let wanted: Vec<_> = [(Change::StillFailing, failing)].into_iter().filter(|(_, count)| *count > 0).collect();
        prop_assert_eq!(counts(&comparison), wanted);
    }
}

#[test]
fn a_row_whose_mended_data_the_provider_has_not_is_not_fixed() {
    let of = |number: usize, fate| Client { content: format!("c{number}"), has_own_id: true, number, fate };
    let before = [of(1, Fate::Invalid), of(2, Fate::Created), of(3, Fate::Changed), of(4, Fate::Invalid), of(5, Fate::Changed)];
    let now = [of(5, Fate::Created), of(4, Fate::Created), of(3, Fate::Changed), of(2, Fate::Changed), of(1, Fate::Changed)];
    let (_folder, comparison) = compared(&before, &now);
    assert_eq!(counts(&comparison), [(Change::Fixed, 2), (Change::Differing, 2)]);
}

#[test]
fn rows_without_an_id_are_never_joined_by_a_list_that_somebody_mended() {
    let of = |content: &str| Client { content: content.into(), has_own_id: false, number: 0, fate: Fate::Invalid };
    let folder = tempfile::tempdir().unwrap();
    let (earlier, later) = (folder.path().join("earlier"), folder.path().join("later"));
    report(&earlier, "ab", ["a", "b"], &[of("one"), of("two")]);
    report(&later, "cd", ["a", "b"], &[of("two"), of("one"), of("three")]);
    assert_eq!(counts(&compare(&earlier, &later).unwrap()), [(Change::NewlyFailing, 1), (Change::StillFailing, 2)]);
    // With a line taken out, the lines behind it would be those of other rows.
    let list = std::fs::read_to_string(earlier.join("rejected.csv")).unwrap();
    std::fs::write(earlier.join("rejected.csv"), list.replace("one,x\n", "")).unwrap();
    assert_eq!(counts(&compare(&earlier, &later).unwrap()), [(Change::NewlyFailing, 3), (Change::Gone, 2)]);
}

#[test]
fn one_flipped_byte_in_what_changed_is_found() {
    let of = |number: usize, fate| Client { content: format!("c{number}"), has_own_id: true, number, fate };
    let (folder, _) = compared(&[of(1, Fate::Invalid)], &[of(1, Fate::Created), of(2, Fate::Invalid)]);
    let later = folder.path().join("later");
    assert_eq!(verify(&later, None).unwrap().findings, []);
    for name in ["changes.csv", "changes.json"] {
        let path = later.join(name);
        let bytes = std::fs::read(&path).unwrap();
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            std::fs::write(&path, &flipped).unwrap();
            let findings = verify(&later, None).unwrap().findings;
            assert!(
                findings.iter().any(|finding| matches!(finding, Finding::Changed { file, .. } if file == name)),
                "{name}, byte {at}: {findings:?}"
            );
        }
        std::fs::remove_file(&path).unwrap();
        let findings = verify(&later, None).unwrap().findings;
        assert!(findings.contains(&Finding::Missing { file: name.to_owned() }), "{findings:?}");
        std::fs::write(&path, &bytes).unwrap();
    }
    // Compared once more, the same files are covered once.
    compare(&folder.path().join("earlier"), &later).unwrap();
    let verified = verify(&later, None).unwrap();
    assert_eq!(verified.findings, []);
    let covered = verified.certificate.unwrap().files.iter().filter(|file| file.name.starts_with("changes.")).count();
    assert_eq!(covered, 2);
}
