//! What the journal adds up: identities that nobody altered behind its back, and the requests of sessions that were killed.

use clientferry::journal::{Event, Journal, Requests, RequestsMade, Run, State, Trouble};
use clientferry::model::STOPPED;

use super::{Desk, created, filled, identity, place, refusal, run, unusable};

/// Says something to the database behind the journal's back.
fn behind_its_back(path: &std::path::Path, sql: &str) -> usize {
    rusqlite::Connection::open(path).unwrap().execute(sql, []).unwrap()
}

#[test]
fn an_identity_that_was_altered_moved_or_lost_is_found() {
    for (sql, differs) in [
        ("UPDATE identities SET client = 8 WHERE client = 7", "the identities of client 7"),
        ("UPDATE identities SET identity = x'000102030405060708090a0b0c0d0e0f' WHERE client = 9", "the identities of client 9"),
        ("INSERT INTO identities VALUES (x'000102030405060708090a0b0c0d0e0f', 11)", "the identities of client 11"),
        ("DELETE FROM identities WHERE identity = (SELECT max(identity) FROM identities)", "the identities of client 201"),
        ("UPDATE clients SET identities_sum = identities_sum + 1 WHERE id = 5", "the identities of client 5"),
    ] {
        let (_folder, path) = place();
        filled(&path);
        let desk = Desk::open(&path);
        // One with two identities can lose one and still has a name.
        let id = desk.intend(&[201, u128::MAX], 201).unwrap();
        desk.record(id, created("b-201"), Some(201)).unwrap();
        desk.journal.verify().unwrap();
        drop(desk);
        assert_eq!(behind_its_back(&path, sql), 1, "{sql}");
        let (trouble, why) = unusable(Journal::open(&path).unwrap().verify().unwrap_err());
        assert_eq!(trouble, Trouble::Damaged);
        assert!(why.contains(differs) || (sql.contains("client = 8") && why.contains("no identity")), "{sql}: {why}");
    }
}

#[test]
fn sums_follow_identities_from_client_to_client() {
    let (_folder, path) = place();
    let desk = Desk::open(&path);
    let first = desk.intend(&[1, 2, 3], 1).unwrap();
    desk.record(first, Event::Rejected(refusal("bad")), Some(400)).unwrap();
    // The mended row has other identities besides the leading one; what it leaves is nobody's.
    assert_eq!(desk.intend(&[1, 4], 2).unwrap(), first);
    desk.record(first, Event::Rejected(refusal("bad")), Some(400)).unwrap();
    desk.journal.verify().unwrap();
    // Another client takes one that only stood in that row by mistake.
    let second = desk.intend(&[5, 4, 2], 3).unwrap();
    assert_ne!(second, first);
    desk.journal.verify().unwrap();
    desk.record(second, Event::Unknown(refusal("timeout")), None).unwrap();
    // A client that may be at the provider gets more and loses none.
    assert_eq!(desk.intend(&[5, 6], 3).unwrap(), second);
    desk.record(second, created("b-5"), Some(201)).unwrap();
    desk.journal.verify().unwrap();
    assert!([5, 4, 2, 6].iter().all(|&name| desk.state(name) == State::Created));
    assert_eq!(desk.journal.client(&[identity(3)]).unwrap(), None);
}

#[test]
fn requests_of_a_killed_session_are_counted_from_its_events() {
    let (_folder, path) = place();
    let began = Run { id: run(), started_at_ms: 1, ..Run::default() };
    let counts = |sent, retried, throttled| Requests { sent, retried, throttled };
    let desk = Desk::open(&path);
    desk.journal.begin_run(&began).unwrap();
    let unknown = desk.intend(&[1], 1).unwrap();
    desk.record(unknown, Event::Unknown(refusal("timeout")), None).unwrap();
    desk.journal.end_run(&run(), "interrupted", None, counts(1, 0, 0)).unwrap();

    desk.journal.begin_run(&began).unwrap();
    desk.intend(&[1], 1).unwrap();
    desk.record(unknown, created("b-1"), Some(200)).unwrap();
    let slow = desk.intend(&[2], 2).unwrap();
    desk.record(slow, Event::NotDone(refusal("throttled")), Some(429)).unwrap();
    desk.intend(&[2], 2).unwrap();
    desk.record(slow, created("b-2"), Some(201)).unwrap();
    let stopped = desk.intend(&[3], 3).unwrap();
    desk.record(stopped, Event::NotDone(refusal(STOPPED)), None).unwrap();
    desk.intend(&[4], 4).unwrap();
    // Who looks while it goes on sees them, and so does who looks after the kill, however often.
    let looking = Journal::open_read_only(&path).unwrap().unwrap();
    assert_eq!(looking.run(&run()).unwrap().requests, counts(5, 2, 1));
    drop((looking, desk));
    for _ in 0..2 {
        let journal = Journal::open(&path).unwrap();
        assert_eq!(journal.run(&run()).unwrap().requests, counts(5, 2, 1));
    }
    let journal = Journal::open(&path).unwrap();
    journal.begin_run(&began).unwrap();
    journal.end_run(&run(), "finished", None, counts(1, 1, 0)).unwrap();
    assert_eq!(journal.run(&run()).unwrap().requests, counts(6, 3, 1));
}

#[test]
fn a_journal_of_the_first_format_is_carried_across() {
    let (_folder, path) = place();
    filled(&path);
    let old = rusqlite::Connection::open(&path).unwrap();
    old.execute_batch(
        "DROP TABLE requests; ALTER TABLE clients DROP COLUMN identities_sum; DELETE FROM meta WHERE name LIKE 'counted_%';
         INSERT INTO runs (id, operation, account, source, sha256, reports, started_at_ms, finished_at_ms, sent)
         VALUES ('clients-3f2a91c0', 'o', 'a', 's', 'h', 'r', 1, 2, 200); PRAGMA user_version = 1",
    )
    .unwrap();
    drop(old);
    let read = Journal::open_read_only(&path).unwrap().unwrap();
    assert_eq!(read.requests_since("any", 0).unwrap(), []);
    assert_eq!(read.run(&run()).unwrap().requests.sent, 200);
    read.verify().unwrap();
    drop(read);
    let desk = Desk::open(&path);
    assert_eq!(desk.journal.run(&run()).unwrap().requests.sent, 200);
    desk.journal.verify().unwrap();
    let made = |count| RequestsMade { from_ms: 1_000, until_ms: 2_000, count };
    desk.runtime.block_on(async {
        desk.journal.count_requests("any", made(7)).await.unwrap();
        desk.journal.count_requests("any", made(-2)).await.unwrap();
        desk.journal.count_requests("other", made(1)).await.unwrap();
    });
    assert_eq!(desk.journal.requests_since("any", 1_500).unwrap(), [made(5)]);
    assert_eq!(desk.journal.requests_since("any", 2_001).unwrap(), []);
    let id = desk.intend(&[201], 201).unwrap();
    desk.record(id, created("b-201"), Some(201)).unwrap();
    drop(desk);
    assert_eq!(behind_its_back(&path, "DELETE FROM identities WHERE client = 17"), 1);
    let (trouble, _) = unusable(Journal::open(&path).unwrap().verify().unwrap_err());
    assert_eq!(trouble, Trouble::Damaged);
}
