//! Any file as a journal: told in words, never believed, nothing in it lost by looking. The first byte chooses: the bytes as the
//! file, patches on a good journal, patches on its write-ahead log, or values put into its tables behind the program's back.
#![no_main]

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use clientferry::journal::{Event, Intent, Journal, JournalError, Run, State};
use clientferry::model::{FieldDigests, IdempotencyKey, Identity, Refusal};
use clientferry_fuzz::folder;
use libfuzzer_sys::fuzz_target;
use rusqlite::{Connection, types::Value};

const STATES: [State; 7] =
    [State::Idle, State::Rejected, State::Sending, State::Resending, State::Unknown, State::Existing, State::Created];
const COLUMNS: [(&str, &str); 24] = [
    ("clients", "state"),
    ("clients", "operation"),
    ("clients", "run"),
    ("clients", "key"),
    ("clients", "digests"),
    ("clients", "remote_id"),
    ("clients", "attempts"),
    ("clients", "http_status"),
    ("clients", "first_sent_at_ms"),
    ("clients", "changed_at_ms"),
    ("clients", "id"),
    ("identities", "client"),
    ("identities", "identity"),
    ("meta", "value"),
    ("runs", "id"),
    ("runs", "started_at_ms"),
    ("runs", "sent"),
    ("runs", "ended"),
    ("runs", "finished_at_ms"),
    ("baselines", "after_seq"),
    ("clients", "refusal_code"),
    ("events", "kind"),
    ("events", "client"),
    ("events", "key"),
];

/// A good journal: its file, its log before it was folded in, and its key.
struct Good {
    file: Vec<u8>,
    early_file: Vec<u8>,
    log: Vec<u8>,
    key: Vec<u8>,
}

static GOOD: LazyLock<Good> = LazyLock::new(|| {
    let path = folder().join("good");
    let journal = Journal::open(&path).expect("a journal can be made");
    fill(&journal).expect("a journal can be filled");
    let early_file = std::fs::read(&path).expect("the journal is there");
    let log = std::fs::read(beside(&path, "-wal")).expect("its log is there");
    drop(journal);
    let read = |suffix: &str| std::fs::read(beside(&path, suffix)).expect("it is there");
    Good { file: read(""), early_file, log, key: read(".key") }
});

fn beside(path: &Path, suffix: &str) -> PathBuf {
    format!("{}{suffix}", path.display()).into()
}

fn fill(journal: &Journal) -> Result<(), JournalError> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let run = "clients-3f2a91c0".into();
    journal.begin_run(&Run { id: "clients-3f2a91c0".into(), started_at_ms: 1, ..Run::default() })?;
    let why = || Refusal { code: "refused".into(), message: "the value {/inn} is not accepted".into(), ..Refusal::default() };
    for number in 0..8_u8 {
        let identities = std::iter::once((Identity([number; 16]), "inn")).collect();
        let key = IdempotencyKey::derive("tbank/fl-resident", "main", &number.to_string(), "{}");
        let digests = FieldDigests(vec![(1, u32::from(number))]);
        let Intent::Written(client) = runtime.block_on(journal.intend(&run, "tbank/fl-resident", &identities, key, &digests))?
        else {
            continue;
        };
        let event = match number {
            0 => Event::Created { remote_id: "b-0".into(), remark: None },
            1 => Event::Existing { remote_id: None, remark: Some(why()) },
            2 => Event::Rejected(why()),
            3 => Event::NotDone(why()),
            4 => Event::Unknown(why()),
            5 => Event::Created { remote_id: "b-5".into(), remark: Some(why()) },
            // Interrupted.
            _ => continue,
        };
        runtime.block_on(journal.record(client, event, Some(201)))?;
    }
    Ok(())
}

fuzz_target!(|input: &[u8]| {
    let [choice, rest @ ..] = input else { return };
    let good = &*GOOD;
    let path = folder().join("journal");
    for suffix in ["-wal", "-shm", ".lock", "-journal"] {
        let _ = std::fs::remove_file(beside(&path, suffix));
    }
    let put = |suffix: &str, bytes: &[u8]| std::fs::write(beside(&path, suffix), bytes).expect("the folder can be written");
    put(".key", &good.key);
    // Identities are not in the events: nothing can tell that one was altered, and whose it was is lost.
    let mut are_identities_whole = true;
    match choice & 3 {
        0 => put("", rest),
        1 => put("", &patched(&good.file, rest)),
        2 => {
            put("", &good.early_file);
            put("-wal", &patched(&good.log, rest));
        }
        _ => {
            put("", &good.file);
            are_identities_whole = meddle(&path, rest);
        }
    }
    let has_log = choice & 3 == 2;
    let before = std::fs::read(&path).expect("it is there");
    if let Some(Some(journal)) = told(Journal::open_read_only(&path)) {
        look(&journal);
    }
    if has_log {
        put("", &good.early_file);
        put("-wal", &patched(&good.log, rest));
    }
    match told(Journal::open(&path)) {
        Some(journal) => {
            look(&journal);
            for state in [State::Sending, State::Resending] {
                let left = told(journal.clients_in_state(state, None));
                assert!(left.is_none_or(|left| left.is_empty()), "clients are still on their way");
            }
            if told(journal.verify()).is_some() {
                let created = told(journal.client(&[Identity([0; 16])])).flatten().map(|client| client.state);
                assert!(
                    choice & 3 != 3 || !are_identities_whole || created.is_some(),
                    "a created client was forgotten and nobody said so"
                );
            }
        }
        None if !has_log => {
            let after = std::fs::read(&path).expect("it is still there");
            assert_eq!(after.get(100..), before.get(100..), "a journal that was refused was changed");
        }
        None => {}
    }
});

/// Overwrites bytes of a good file: pieces of place (three bytes), length (one) and bytes.
fn patched(good: &[u8], mut patches: &[u8]) -> Vec<u8> {
    let mut bytes = good.to_vec();
    while let [low, mid, high, length, rest @ ..] = patches {
        let at = usize::from(*low) | usize::from(*mid) << 8 | usize::from(*high) << 16;
        let length = usize::from(*length).min(rest.len());
        let (piece, behind) = rest.split_at(length);
        if length == 0 {
            // A cut.
            bytes.truncate(at % (bytes.len() + 1));
        } else {
            let at = at % bytes.len().max(1);
            for (offset, byte) in piece.iter().enumerate() {
                if let Some(place) = bytes.get_mut(at + offset) {
                    *place = *byte;
                }
            }
        }
        patches = behind;
    }
    bytes
}

/// Puts values into the tables: a column, a kind, a length and bytes; the first row that takes it. Whether it left the identities alone.
fn meddle(path: &Path, mut input: &[u8]) -> bool {
    let Ok(db) = Connection::open(path) else { return true };
    let mut are_identities_whole = true;
    let _ = db.execute_batch("DROP TRIGGER events_are_not_altered");
    while let [column, kind, length, rest @ ..] = input {
        let (bytes, behind) = rest.split_at(usize::from(*length).min(rest.len()));
        input = behind;
        let Some((table, name)) = COLUMNS.get(usize::from(*column) % COLUMNS.len()) else { continue };
        are_identities_whole &= *table != "identities";
        let value = match kind % 4 {
            0 => Value::Null,
            1 => Value::Integer(bytes.iter().fold(0_i64, |sum, byte| sum.wrapping_shl(8) | i64::from(*byte))),
            2 => Value::Text(String::from_utf8_lossy(bytes).into_owned()),
            _ => Value::Blob(bytes.to_vec()),
        };
        let nth = i64::from(kind >> 2) % 9;
        let key = if *table == "meta" {
            "name"
        } else if *table == "runs" {
            "id"
        } else {
            "rowid"
        };
        let key = match *table {
            "identities" => "identity",
            "baselines" => "run",
            _ => key,
        };
        let sql = format!("UPDATE {table} SET {name} = ?1 WHERE {key} = (SELECT {key} FROM {table} LIMIT 1 OFFSET {nth})");
        let _ = db.execute(&sql, [value]);
    }
    are_identities_whole
}

/// Everything that looks only.
fn look(journal: &Journal) {
    let runs = told(journal.runs());
    for run in runs.iter().flatten().take(3) {
        let _ = told(journal.run(&run.id));
        let _ = told(journal.has_baseline(&run.id));
    }
    let counted = told(journal.counts(None));
    let mut listed = 0;
    let mut all_listed = true;
    for state in STATES {
        match told(journal.clients_in_state(state, None)) {
            Some(clients) => listed += clients.len() as u64,
            None => all_listed = false,
        }
    }
    if let (Some(counted), true) = (counted, all_listed) {
        assert_eq!(counted.iter().map(|(_, count)| count).sum::<u64>(), listed, "counted and listed clients differ");
    }
    let _ = told(journal.client(&[Identity([1; 16]), Identity([2; 16])]));
    let _ = told(journal.last_request_at_ms());
    let _ = told(journal.has_remote_id("b-0"));
    let _ = told(journal.verify());
}

fn told<T>(outcome: Result<T, JournalError>) -> Option<T> {
    outcome
        .inspect_err(|error| {
            let (what, hint) = (error.to_string(), error.hint());
            assert!(!hint.is_empty() && what.len() + hint.len() < 4000, "words without end: {error:?}");
        })
        .ok()
}
