//! Random events, many tasks, kills and torn logs: what was acknowledged is there, and a replay agrees.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use clientferry::journal::{ClientId, Event, Journal, Standing, State, Trouble, after};
use clientferry::model::FieldDigests;
use proptest::prelude::*;
use tokio::runtime::Builder;

use super::{Desk, OPERATION, beside, created, identities, identity, key, place, refusal, run, unusable, written};

/// What a test may do next: to whom, with which key, and what.
fn step() -> impl Strategy<Value = (u128, u128, u8)> {
    (1..=3_u128, 1..=2_u128, 0..8_u8)
}

fn event_of(kind: u8, with: u128) -> Event {
    match kind {
        0 | 1 => Event::Intended { run: run(), key: key(with), digests: FieldDigests(vec![(1, 2)]) },
        2 => created("b"),
        3 => Event::Existing { remote_id: None, remark: None },
        4 => Event::Rejected(refusal("no")),
        5 => Event::NotDone(refusal("busy")),
        6 => Event::Unknown(refusal("timeout")),
        _ => Event::Existing { remote_id: Some("e".into()), remark: None },
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is tried in whatever order: the journal keeps what the rule book says, refuses the rest, and a replay agrees.
    #[test]
    fn the_journal_keeps_what_the_rules_allow_and_a_replay_agrees(steps in prop::collection::vec(step(), 0..40), cut in 0..40_usize) {
        let (_folder, path) = place();
        let mut desk = Desk::open(&path);
        let mut standings = [Standing::NEW; 4];
        let mut numbers = [None; 4];
        for (index, (name, with, kind)) in steps.into_iter().enumerate() {
            if index == cut {
                drop(desk);
                desk = Desk::open(&path);
                for standing in &mut standings {
                    if matches!(standing.state, State::Sending | State::Resending) {
                        standing.state = State::Unknown;
                    }
                }
            }
            let slot = usize::try_from(name).unwrap();
            let event = event_of(kind, with);
            let intended = matches!(event, Event::Intended { .. });
            let wanted = after(&standings[slot], &event);
            let found = match numbers[slot] {
                _ if intended => desk.intend(&[name], with).map(|id| numbers[slot] = Some(id)),
                Some(id) => desk.record(id, event, Some(200)),
                None => desk.record(ClientId(1000), event, None),
            };
            match wanted {
                Ok(state) => {
                    prop_assert_eq!(found, Ok(()));
                    standings[slot].state = state;
                    if intended {
                        standings[slot].key = Some(key(with));
                    }
                }
                Err(refused) => prop_assert_eq!(found, Err(refused)),
            }
            prop_assert_eq!(desk.state(name), standings[slot].state);
        }
        desk.journal.verify().unwrap();
    }
}

#[test]
fn a_replay_finds_what_was_altered_behind_the_journals_back() {
    for (alteration, word) in [
        ("UPDATE clients SET state = 'idle' WHERE id = 1", "kept as idle"),
        ("UPDATE clients SET attempts = 9 WHERE id = 1", "otherwise"),
        ("DELETE FROM clients WHERE id = 1", "not kept"),
        ("DELETE FROM identities WHERE client = 1", "no identity"),
        ("INSERT INTO events (client, at_ms, kind, remote_id) VALUES (1, 5, 'created', 'x')", "cannot have happened"),
        (
            "INSERT INTO clients SELECT 7, state, operation, run, key, digests, remote_id, refusal_code, refusal_message,
              refusal_pointer, refusal_request_id, attempts, http_status, first_sent_at_ms, changed_at_ms, 0 FROM clients",
            "events tell of",
        ),
        ("UPDATE clients SET state = 'sent' WHERE id = 1", "name of a state"),
    ] {
        let (_folder, path) = place();
        let desk = Desk::open(&path);
        let id = desk.intend(&[1], 10).unwrap();
        desk.record(id, created("b-1"), Some(201)).unwrap();
        let stranger = rusqlite::Connection::open(&path).unwrap();
        stranger.execute_batch(alteration).unwrap();
        let (trouble, why) = unusable(desk.journal.verify().unwrap_err());
        assert_eq!(trouble, Trouble::Damaged, "{alteration}");
        assert!(why.contains(word), "{alteration}: {why}");
        assert!(stranger.execute_batch("DELETE FROM events").is_err(), "events are append-only");
    }
}

#[test]
fn sixty_four_tasks_share_commits_and_each_sees_what_it_was_promised() {
    let (_folder, path) = place();
    let journal = Journal::open(&path).unwrap();
    let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for task in 0..64_u128 {
            let journal = journal.clone();
            tasks.spawn(async move {
                for row in 0..25 {
                    let name = task * 1000 + row;
                    let digests = FieldDigests::default();
                    let id = written(journal.intend(&run(), OPERATION, &identities(&[name]), key(name), &digests).await.unwrap());
                    assert_eq!(journal.client(&[identity(name)]).unwrap().unwrap().state, State::Sending);
                    journal.record(id, created(&name.to_string()), Some(201)).await.unwrap();
                    assert!(journal.has_remote_id(&name.to_string()).unwrap());
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
    });
    assert_eq!(journal.counts(None).unwrap(), [(State::Created, 64 * 25)]);
    journal.verify().unwrap();
}

const STORM: &str = "CLIENTFERRY_TEST_JOURNAL_STORM";

/// Not a test by itself: what the next test starts and kills. Tells on standard output what the journal acknowledged.
#[test]
fn storm() {
    let Some(path) = std::env::var_os(STORM) else { return };
    let journal = Journal::open(Path::new(&path)).unwrap();
    let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for task in 1..=16_u128 {
            let journal = journal.clone();
            tasks.spawn(async move {
                for row in 0.. {
                    let name = task * 1_000_000 + row;
                    let digests = FieldDigests(vec![(7, 7); 20]);
                    let id = written(journal.intend(&run(), OPERATION, &identities(&[name]), key(name), &digests).await.unwrap());
                    writeln!(std::io::stdout(), "\nack {name} sending").unwrap();
                    journal.record(id, created(&name.to_string()), Some(201)).await.unwrap();
                    writeln!(std::io::stdout(), "\nack {name} created").unwrap();
                }
            });
        }
        tasks.join_next().await;
    });
}

#[test]
fn a_kill_in_a_storm_of_writes_loses_nothing_acknowledged() {
    let (_folder, path) = place();
    for wanted in [300, 1500, 4000] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["journal::crash::storm", "--exact", "--nocapture"])
            .env(STORM, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut acknowledged: Vec<(u128, State)> = Vec::new();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        for line in lines {
            let line = line.unwrap();
            let mut words = line.split(' ');
            if words.next() == Some("ack") {
                // The last line may be cut by the kill.
                let (Some(name), Some(state)) = (words.next(), words.next()) else { continue };
                match state {
                    "sending" => acknowledged.push((name.parse().unwrap(), State::Unknown)),
                    "created" => acknowledged.push((name.parse().unwrap(), State::Created)),
                    _ => {}
                }
            }
            if acknowledged.len() == wanted {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(acknowledged.len() >= wanted, "the storm ended by itself after {}", acknowledged.len());

        // Killed: its lock is free, what it wrote is there.
        let journal = Journal::open(&path).unwrap();
        for (name, state) in acknowledged {
            let client = journal.client(&[identity(name)]).unwrap().unwrap();
            assert!(client.state == state || client.state == State::Created, "{name}: {state:?} became {:?}", client.state);
        }
        let counts = journal.counts(None).unwrap();
        assert!(counts.iter().all(|(state, _)| matches!(state, State::Created | State::Unknown)), "{counts:?}");
        journal.verify().unwrap();
        drop(journal);
        // The storm numbers its clients anew each time.
        fs::remove_dir_all(path.parent().unwrap()).unwrap();
    }
}

#[test]
fn a_torn_log_costs_only_the_last_transaction() {
    let (folder, path) = place();
    let desk = Desk::open(&path);
    for name in 1..=20 {
        desk.intend(&[name], name).unwrap();
    }
    // As a power cut would leave it: copied while it is open, the log cut in the middle of its last page.
    let copy = folder.path().join("copy.sqlite");
    for suffix in ["", "-wal", ".key"] {
        fs::copy(beside(&path, suffix), beside(&copy, suffix)).unwrap();
    }
    let log = fs::OpenOptions::new().write(true).open(beside(&copy, "-wal")).unwrap();
    log.set_len(log.metadata().unwrap().len() - 1000).unwrap();
    drop(log);
    let torn = Desk::open(&copy);
    torn.journal.verify().unwrap();
    assert_eq!([18, 19, 20].map(|name| torn.state(name)), [State::Unknown, State::Unknown, State::New]);
}
