//! What the journal keeps of clients and runs, and what it refuses.

use clientferry::journal::{ClientId, Event, Journal, JournalError, JournalErrorKind, Requests, Run, State};
use clientferry::model::{FieldDigests, Identity};

use super::{Desk, OPERATION, created, identity, key, place, refusal, run};

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
    assert_eq!(journal.runs().unwrap(), std::slice::from_ref(&first));
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
