//! The journal through its public door: what it keeps, what it refuses, and what survives a kill, a cut and a wrong file.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clientferry::journal::{
    ClientId, Event, Journal, JournalError, JournalErrorKind, Requests, Run, RunId, Standing, State, Trouble, after,
};
use clientferry::model::{FieldDigests, IdempotencyKey, Identities, Identity, Refusal};
use proptest::prelude::*;
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

const OPERATION: &str = "tbank/fl-resident";

fn identity(number: u128) -> Identity {
    Identity(number.to_be_bytes())
}

fn identities(numbers: &[u128]) -> Identities {
    numbers.iter().map(|&number| (identity(number), "inn")).collect()
}

fn key(number: u128) -> IdempotencyKey {
    IdempotencyKey(Uuid::from_u128(number))
}

fn run() -> RunId {
    "clients-3f2a91c0".into()
}

fn refusal(code: &str) -> Refusal {
    Refusal {
        code: code.into(),
        message: "the value {/inn} is not accepted".into(),
        pointer: Some("/inn".into()),
        request_id: Some("r-17".into()),
    }
}

fn created(remote_id: &str) -> Event {
    Event::Created { remote_id: remote_id.into() }
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state").join("journal.sqlite");
    (folder, path)
}

fn waiting() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

/// A journal and a thread that waits for it.
struct Desk {
    journal: Journal,
    runtime: Runtime,
}

impl Desk {
    fn open(path: &Path) -> Self {
        Self { journal: Journal::open(path).unwrap(), runtime: waiting() }
    }

    fn intend(&self, names: &[u128], with: u128) -> Result<ClientId, JournalError> {
        let digests = FieldDigests(vec![(1, u32::try_from(with).unwrap())]);
        self.runtime.block_on(self.journal.intend(&run(), OPERATION, &identities(names), key(with), &digests))
    }

    fn record(&self, client: ClientId, event: Event, status: Option<u16>) -> Result<(), JournalError> {
        self.runtime.block_on(self.journal.record(client, event, status))
    }

    fn state(&self, name: u128) -> State {
        self.journal.client(&[identity(name)]).unwrap().map_or(State::New, |client| client.state)
    }
}

fn unusable(error: JournalError) -> (Trouble, String) {
    assert_eq!(error.kind(), JournalErrorKind::Unusable);
    assert!(!error.hint().is_empty());
    match error {
        JournalError::Unusable { trouble, why, .. } => (trouble, why),
        other => panic!("{other}"),
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    format!("{}{suffix}", path.display()).into()
}

#[test]
fn a_client_is_known_by_any_of_its_identities_with_all_that_came() {
    let (_folder, path) = place();
    let desk = Desk::open(&path);
    assert_eq!(desk.journal.client(&[identity(1)]).unwrap(), None);
    let id = desk.intend(&[1, 2], 10).unwrap();
    assert_eq!(desk.state(2), State::Sending);
    desk.record(id, Event::Rejected(refusal("bad_inn")), Some(400)).unwrap();
    // Mended: another key, one more identity.
    assert_eq!(desk.intend(&[2, 3], 11).unwrap(), id);
    desk.record(id, created("b-1"), Some(201)).unwrap();
    for name in [1, 2, 3] {
        let client = desk.journal.client(&[identity(99), identity(name)]).unwrap().unwrap();
        assert_eq!((client.id, client.state, client.key), (id, State::Created, key(11)));
        assert_eq!((client.attempts, client.http_status), (2, Some(201)));
        assert_eq!((client.remote_id.as_deref(), client.refusal), (Some("b-1"), None));
        assert_eq!((&*client.operation, &*client.run), (OPERATION, "clients-3f2a91c0"));
        assert_eq!(client.digests, FieldDigests(vec![(1, 11)]));
    }
    assert!(desk.journal.has_remote_id("b-1").unwrap());
    assert!(!desk.journal.has_remote_id("b-2").unwrap());
    desk.journal.verify().unwrap();
}

#[test]
fn a_created_client_is_never_intended_again_and_the_refused_intent_leaves_no_trace() {
    let (_folder, path) = place();
    let desk = Desk::open(&path);
    let id = desk.intend(&[1], 10).unwrap();
    desk.record(id, created("b-1"), Some(201)).unwrap();
    for with in [10, 11] {
        let refused = desk.intend(&[1, 7], with).unwrap_err();
        assert_eq!(refused, JournalError::Illegal { state: State::Created, event: "intended" });
        assert_eq!(refused.kind(), JournalErrorKind::Unusable);
    }
    assert_eq!(desk.state(7), State::New, "the new identity was not attached");
    assert!(desk.record(ClientId(77), created("b-9"), None).is_err(), "nobody has this number");
    assert!(desk.intend(&[], 12).is_err(), "without identity it could not be recognised");
    let counts = desk.journal.counts(None).unwrap();
    assert_eq!(counts, [(State::Created, 1)]);
    desk.journal.verify().unwrap();
}

#[test]
fn of_several_matching_clients_the_one_most_against_sending_decides() {
    let (_folder, path) = place();
    let desk = Desk::open(&path);
    let rejected = desk.intend(&[1], 1).unwrap();
    desk.record(rejected, Event::Rejected(refusal("no")), Some(400)).unwrap();
    let unknown = desk.intend(&[2], 2).unwrap();
    desk.record(unknown, Event::Unknown(refusal("timeout")), None).unwrap();
    let idle = desk.intend(&[3], 3).unwrap();
    desk.record(idle, Event::NotDone(refusal("busy")), Some(503)).unwrap();
    let found = |names: &[u128]| {
        let names: Vec<Identity> = names.iter().map(|&name| identity(name)).collect();
        desk.journal.client(&names).unwrap().unwrap().id
    };
    assert_eq!(found(&[1, 2, 3]), unknown);
    assert_eq!(found(&[3, 1]), rejected);
    assert!(desk.intend(&[1, 2, 3], 4).is_err(), "unknown, under another key");
    assert_eq!(desk.intend(&[3, 1, 5], 4).unwrap(), rejected);
    assert_eq!(found(&[5]), rejected, "the new identity went to the client that was sent");
    assert_eq!(found(&[3]), idle, "identities that somebody has stay where they are");
    desk.journal.verify().unwrap();
}

#[test]
fn doubt_outlives_a_failed_repeat_and_ends_only_with_an_answer_about_the_client() {
    let (_folder, path) = place();
    let desk = Desk::open(&path);
    let id = desk.intend(&[1], 10).unwrap();
    desk.record(id, Event::Unknown(refusal("timeout")), None).unwrap();
    assert!(desk.intend(&[1], 11).is_err(), "another key could make a second one");
    for event in [Event::NotDone(refusal("busy")), Event::Unknown(refusal("lost")), Event::Rejected(refusal("double"))] {
        assert_eq!(desk.intend(&[1], 10).unwrap(), id);
        assert_eq!(desk.state(1), State::Resending);
        desk.record(id, event, Some(503)).unwrap();
        assert_eq!(desk.state(1), State::Unknown);
    }
    // A look-up proved its absence.
    desk.record(id, Event::NotDone(refusal("absent")), None).unwrap();
    assert_eq!(desk.state(1), State::Idle);
    assert_eq!(desk.intend(&[1], 11).unwrap(), id);
    assert_eq!(desk.journal.client(&[identity(1)]).unwrap().unwrap().attempts, 5);
    desk.journal.verify().unwrap();
}

#[test]
fn a_key_keeps_the_time_when_it_first_left() {
    let (_folder, path) = place();
    let desk = Desk::open(&path);
    let sent = |with: u128| {
        std::thread::sleep(std::time::Duration::from_millis(5));
        let id = desk.intend(&[1], with).unwrap();
        desk.record(id, Event::Rejected(refusal("no")), Some(400)).unwrap();
        desk.journal.client(&[identity(1)]).unwrap().unwrap().first_sent_at_ms
    };
    let (first, again, other, back) = (sent(10), sent(10), sent(11), sent(10));
    assert_eq!(again, first);
    assert!(other > first);
    assert_eq!(back, first, "the provider has known this key since then");
    desk.journal.verify().unwrap();
}

#[test]
fn what_was_on_its_way_is_unknown_after_a_restart() {
    let (_folder, path) = place();
    let desk = Desk::open(&path);
    desk.intend(&[1], 10).unwrap();
    let resent = desk.intend(&[2], 20).unwrap();
    desk.record(resent, Event::Unknown(refusal("timeout")), None).unwrap();
    desk.intend(&[2], 20).unwrap();
    let done = desk.intend(&[3], 30).unwrap();
    desk.record(done, created("b-3"), Some(201)).unwrap();
    drop(desk);

    let looking = Journal::open_read_only(&path).unwrap().unwrap();
    assert_eq!(looking.clients_in_state(State::Sending, Some(&run())).unwrap().len(), 1);
    drop(looking);

    let desk = Desk::open(&path);
    assert_eq!([1, 2, 3].map(|name| desk.state(name)), [State::Unknown, State::Unknown, State::Created]);
    let unknown = desk.journal.clients_in_state(State::Unknown, Some(&run())).unwrap();
    assert_eq!(unknown.len(), 2);
    assert!(unknown.iter().all(|client| &*client.refusal.as_ref().unwrap().code == "interrupted"));
    assert!(desk.journal.clients_in_state(State::Unknown, Some(&"another".into())).unwrap().is_empty());
    assert_eq!(desk.journal.counts(Some(&run())).unwrap(), [(State::Created, 1), (State::Unknown, 2)]);
    assert!(desk.intend(&[1], 11).is_err());
    desk.intend(&[1], 10).unwrap();
    desk.journal.verify().unwrap();
}

/// What a test may do next: to whom, with which key, and what.
fn step() -> impl Strategy<Value = (u128, u128, u8)> {
    (1..=3_u128, 1..=2_u128, 0..8_u8)
}

fn event_of(kind: u8, with: u128) -> Event {
    match kind {
        0 | 1 => Event::Intended { run: run(), key: key(with), digests: FieldDigests(vec![(1, 2)]) },
        2 => created("b"),
        3 => Event::Existing { remote_id: None },
        4 => Event::Rejected(refusal("no")),
        5 => Event::NotDone(refusal("busy")),
        6 => Event::Unknown(refusal("timeout")),
        _ => Event::Existing { remote_id: Some("e".into()) },
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
              refusal_pointer, refusal_request_id, attempts, http_status, first_sent_at_ms, changed_at_ms FROM clients",
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
                    let id = journal.intend(&run(), OPERATION, &identities(&[name]), key(name), &digests).await.unwrap();
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
                    let id = journal.intend(&run(), OPERATION, &identities(&[name]), key(name), &digests).await.unwrap();
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
            .args(["journal::storm", "--exact", "--nocapture"])
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
fn a_second_run_is_told_who_holds_the_journal() {
    let (folder, path) = place();
    let first = Journal::open(&path).unwrap();
    let clone = first.clone();
    drop(first);
    let refused = Journal::open(&path).unwrap_err();
    assert_eq!(refused.kind(), JournalErrorKind::Locked);
    assert!(refused.to_string().contains(&format!("(process {}, since ", std::process::id())), "{refused}");
    #[cfg(unix)]
    {
        let link = folder.path().join("link.sqlite");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(Journal::open(&link).unwrap_err().kind(), JournalErrorKind::Locked, "the same file by another name");
    }
    drop((clone, folder.path()));
    let again = Journal::open(&path).unwrap();
    drop(again);
    assert!(!beside(&path, "-wal").exists(), "the log is folded in");
}

#[test]
fn reading_goes_on_beside_a_writer_and_cannot_write() {
    let (_folder, path) = place();
    assert!(Journal::open_read_only(&path).unwrap().is_none());
    assert!(!path.parent().unwrap().exists(), "looking makes nothing");
    let desk = Desk::open(&path);
    let looking = Journal::open_read_only(&path).unwrap().unwrap();
    assert_eq!(looking.secret(), desk.journal.secret());
    for name in 1..=3 {
        desk.intend(&[name], name).unwrap();
        assert_eq!(looking.client(&[identity(name)]).unwrap().unwrap().state, State::Sending);
    }
    looking.verify().unwrap();
    let digests = FieldDigests::default();
    let refused = waiting().block_on(looking.intend(&run(), OPERATION, &identities(&[9]), key(9), &digests)).unwrap_err();
    assert_eq!(unusable(refused).0, Trouble::ReadOnly);
    assert_eq!(unusable(looking.begin_run(&Run::default()).unwrap_err()).0, Trouble::ReadOnly);
    drop(desk);
    assert_eq!(looking.counts(None).unwrap(), [(State::Sending, 3)]);
}

#[test]
fn a_run_goes_on_under_its_name() {
    let (_folder, path) = place();
    let journal = Journal::open(&path).unwrap();
    let first = Run {
        id: run(),
        operation: OPERATION.into(),
        account: "main".into(),
        source: "/base/clients.csv".into(),
        sha256: "ab".into(),
        mapping: Some("/base/m.toml".into()),
        reports: "/base/reports".into(),
        started_at_ms: 1000,
        ..Run::default()
    };
    journal.begin_run(&first).unwrap();
    assert_eq!(journal.runs().unwrap(), [first.clone()]);
    journal.end_run(&run(), "halted", Some("the token is not valid"), Requests { sent: 3, retried: 1, throttled: 0 }).unwrap();
    let ended = journal.run("clients-3f2a91c0").unwrap();
    assert_eq!((&*ended.ended, ended.halt.as_deref()), ("halted", Some("the token is not valid")));
    assert!(ended.finished_at_ms.is_some());

    journal.begin_run(&Run { started_at_ms: 2000, reports: "/other".into(), ..first.clone() }).unwrap();
    let on = journal.run("clients-3").unwrap();
    assert_eq!((on.started_at_ms, on.finished_at_ms, &*on.ended, on.halt.as_deref()), (1000, None, "", None));
    assert_eq!((&*on.reports, on.requests.sent), ("/other", 3));
    journal.end_run(&run(), "finished", None, Requests { sent: 2, retried: 0, throttled: 1 }).unwrap();
    assert_eq!(journal.run("cl").unwrap().requests, Requests { sent: 5, retried: 1, throttled: 1 });

    journal.begin_run(&Run { id: "clients-3f2a91c0-b".into(), started_at_ms: 500, ..first }).unwrap();
    assert_eq!(&*journal.run("clients-3f2a91c0").unwrap().id, "clients-3f2a91c0", "the whole name wins");
    let several = journal.run("clients-").unwrap_err();
    assert_eq!(several.kind(), JournalErrorKind::Usage);
    assert_eq!(several.to_string(), "`clients-` fits 2 runs: clients-3f2a91c0-b, clients-3f2a91c0");
    assert_eq!(journal.run("%").unwrap_err().kind(), JournalErrorKind::Usage);
    let nobody = journal.end_run(&"other".into(), "finished", None, Requests::default()).unwrap_err();
    assert_eq!(nobody.kind(), JournalErrorKind::Usage);
}

/// A closed journal with some clients.
fn filled(path: &Path) {
    let desk = Desk::open(path);
    for name in 1..=200 {
        let id = desk.intend(&[name], name).unwrap();
        desk.record(id, created(&format!("b-{name}")), Some(201)).unwrap();
    }
}

#[test]
fn a_cut_or_altered_file_is_an_error_and_never_a_panic() {
    let (_folder, path) = place();
    filled(&path);
    let whole = fs::read(&path).unwrap();
    for length in [1, 50, 100, 4096, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        let (trouble, why) = unusable(Journal::open(&path).unwrap_err());
        assert!(matches!(trouble, Trouble::Damaged | Trouble::NotAJournal), "{length}: {trouble:?} {why}");
    }
    fs::write(&path, b"").unwrap();
    assert_eq!(unusable(Journal::open(&path).unwrap_err()).0, Trouble::Gone);
    assert_eq!(unusable(Journal::open_read_only(&path).unwrap_err()).0, Trouble::Gone);

    let mut found = 0;
    for at in (0..whole.len()).step_by(whole.len() / 60) {
        let mut altered = whole.clone();
        for byte in altered.iter_mut().skip(at).take(64) {
            *byte ^= 0x5a;
        }
        fs::write(&path, &altered).unwrap();
        let told = Journal::open(&path).and_then(|journal| {
            journal.client(&[identity(1)])?;
            journal.counts(None)?;
            journal.verify()
        });
        found += u32::from(told.is_err());
        for suffix in ["-wal", "-shm"] {
            let _ = fs::remove_file(beside(&path, suffix));
        }
    }
    assert!(found > 30, "only {found} of 60 alterations were noticed");
    fs::write(&path, &whole).unwrap();
    Journal::open(&path).unwrap().verify().unwrap();
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

#[test]
fn a_file_of_somebody_else_is_left_alone() {
    let (folder, path) = place();
    let text = folder.path().join("clients.csv");
    let content = "name;inn\n".repeat(2000);
    fs::write(&text, &content).unwrap();
    assert_eq!(unusable(Journal::open(&text).unwrap_err()).0, Trouble::NotAJournal);
    assert_eq!(unusable(Journal::open_read_only(&text).unwrap_err()).0, Trouble::NotAJournal);
    assert_eq!(fs::read_to_string(&text).unwrap(), content);

    let other = folder.path().join("other.sqlite");
    rusqlite::Connection::open(&other).unwrap().execute_batch("CREATE TABLE accounts (id)").unwrap();
    let before = fs::read(&other).unwrap();
    let (trouble, why) = unusable(Journal::open(&other).unwrap_err());
    assert_eq!((trouble, &*why), (Trouble::NotAJournal, "it is a database of another program"));
    assert_eq!(fs::read(&other).unwrap(), before);

    assert_eq!(unusable(Journal::open(folder.path()).unwrap_err()).0, Trouble::NotAJournal);
    assert!(Journal::open(&text.join("journal.sqlite")).is_err(), "its folder is a file");

    filled(&path);
    rusqlite::Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
    let newer = Journal::open(&path).unwrap_err();
    assert!(matches!(newer, JournalError::Newer { found: 99, .. }), "{newer}");
    assert!(newer.hint().contains("newer version"));
}

#[test]
fn without_its_own_key_a_journal_with_clients_stays_shut() {
    let (folder, path) = place();
    filled(&path);
    let key_file = beside(&path, ".key");
    let own = fs::read(&key_file).unwrap();
    assert_eq!(own.len(), 32);
    fs::remove_file(&key_file).unwrap();
    for error in [Journal::open(&path).unwrap_err(), Journal::open_read_only(&path).unwrap_err()] {
        let hint = error.hint();
        assert!(hint.contains(".key") && hint.contains("recognised"), "{hint}");
        assert_eq!(unusable(error).0, Trouble::Key);
    }
    assert!(!key_file.exists(), "no new key was put in its place");
    fs::write(&key_file, [7; 32]).unwrap();
    let (trouble, why) = unusable(Journal::open(&path).unwrap_err());
    assert_eq!((trouble, &*why), (Trouble::Key, "its key file belongs to another journal"));
    fs::write(&key_file, [7; 31]).unwrap();
    assert_eq!(unusable(Journal::open(&path).unwrap_err()).0, Trouble::Key);
    fs::write(&key_file, &own).unwrap();
    assert_eq!(Journal::open(&path).unwrap().secret().as_slice(), own);

    // The database gone, the key left: it was lost, or somebody wants to begin anew and has to say so.
    fs::remove_file(&path).unwrap();
    assert_eq!(unusable(Journal::open(&path).unwrap_err()).0, Trouble::Gone);
    assert_eq!(unusable(Journal::open_read_only(&path).unwrap_err()).0, Trouble::Gone);
    fs::remove_file(&key_file).unwrap();
    assert_ne!(Journal::open(&path).unwrap().secret().as_slice(), own);

    // A journal that holds nobody yet may have lost its key.
    let empty = folder.path().join("empty.sqlite");
    drop(Journal::open(&empty).unwrap());
    fs::remove_file(beside(&empty, ".key")).unwrap();
    drop(Journal::open(&empty).unwrap());
    Journal::open(&empty).unwrap();
}

#[cfg(unix)]
#[test]
fn all_files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, path) = place();
    let desk = Desk::open(&path);
    desk.intend(&[1], 1).unwrap();
    let folder = path.parent().unwrap();
    assert_eq!(fs::metadata(folder).unwrap().permissions().mode() & 0o777, 0o700);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.file_name());
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    let wanted = ["", "-shm", "-wal", ".key", ".lock"].map(|suffix| format!("journal.sqlite{suffix}"));
    assert_eq!(names, wanted);
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_takes_no_files_is_an_error_with_a_hint() {
    let error = Journal::open(Path::new("/proc/journal.sqlite")).unwrap_err();
    assert!(error.hint().contains("permission") || error.hint().contains("--journal"), "{error}");
    unusable(error);
}

#[test]
fn no_byte_of_a_body_reaches_the_files() {
    const CANARIES: [&str; 3] = ["Канарейкина", "770123456789", "4510 123456"];
    let (_folder, path) = place();
    let desk = Desk::open(&path);
    let body = format!(r#"{{"lastName":"{}","inn":"{}","passport":"{}"}}"#, CANARIES[0], CANARIES[1], CANARIES[2]);
    let sent_under = IdempotencyKey::derive(OPERATION, "main", CANARIES[1], &body);
    let digests = FieldDigests(vec![(1, 2), (3, 4)]);
    let who = identities(&[0x1234_5678_9abc]);
    let id = waiting().block_on(desk.journal.intend(&run(), OPERATION, &who, sent_under, &digests)).unwrap();
    desk.record(id, Event::Rejected(refusal("bad_inn")), Some(400)).unwrap();
    let look = || {
        let mut bytes = Vec::new();
        for entry in fs::read_dir(path.parent().unwrap()).unwrap() {
            bytes.extend(fs::read(entry.unwrap().path()).unwrap());
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(text.contains("bad_inn"), "the search sees what is kept");
        for canary in CANARIES {
            assert!(!text.contains(canary));
        }
        assert!(!format!("{:?}", desk.journal).contains("secret"));
    };
    look();
}
