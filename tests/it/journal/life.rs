//! What the journal keeps of clients and runs, and what it refuses.

use clientferry::journal::{
    ClientId, Event, Journal, JournalError, JournalErrorKind, Provenance, RemoteIdHash, Requests, Run, RunId, Slice, State,
};
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
    // Mended: another key, one more identity, one less.
    assert_eq!(desk.intend(&[2, 3], 11).unwrap(), id);
    assert_eq!(desk.state(1), State::New);
    desk.record(id, created("b-1"), Some(201)).unwrap();
    for name in [2, 3] {
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
    assert_eq!(found(&[3, 1]), idle, "of those that are not at the provider the leading identity decides");
    assert_eq!(found(&[1, 3]), rejected);
    assert!(desk.intend(&[1, 2, 3], 4).is_err(), "unknown, under another key");
    assert_eq!(desk.intend(&[3, 1, 5], 4).unwrap(), idle);
    assert_eq!([found(&[5]), found(&[1]), found(&[3])], [idle; 3], "what stands in the row now is the client's");
    desk.journal.verify().unwrap();
}

#[test]
fn a_number_that_stood_in_a_refused_row_by_mistake_does_not_tie_two_clients_together() {
    let (own, other, number) = (1, 2, 9);
    for own_first in [true, false] {
        let (_folder, path) = place();
        let desk = Desk::open(&path);
        let refused = desk.intend(&[own, number], 10).unwrap();
        desk.record(refused, Event::Rejected(refusal("wrong_inn")), Some(422)).unwrap();
        // Mended: the number belongs to the other client.
        let mended = || desk.intend(&[own], 11).unwrap();
        let (first, second) = if own_first {
            let first = mended();
            (first, desk.intend(&[other, number], 20).unwrap())
        } else {
            let second = desk.intend(&[other, number], 20).unwrap();
            (mended(), second)
        };
        assert_eq!(first, refused);
        assert_ne!(second, refused);
        desk.record(first, created("b-1"), Some(201)).unwrap();
        desk.record(second, created("b-2"), Some(201)).unwrap();
        let owner = desk.journal.client(&[identity(number)]).unwrap().unwrap();
        assert_eq!(owner.id, second);
        // A client that is at the provider is recognised by anything, and nothing is taken from it.
        assert!(desk.intend(&[7, number], 70).is_err());
        assert_eq!(desk.journal.client(&[identity(7), identity(own)]).unwrap().unwrap().id, first);
        desk.journal.verify().unwrap();
    }
}

#[test]
fn a_refused_client_may_lose_all_its_identities() {
    let (_folder, path) = place();
    let desk = Desk::open(&path);
    let refused = desk.intend(&[9], 10).unwrap();
    desk.record(refused, Event::Rejected(refusal("no")), Some(422)).unwrap();
    // The same client has an own id now, which leads.
    let known_now = desk.intend(&[1, 9], 11).unwrap();
    assert_ne!(known_now, refused);
    assert_eq!(desk.journal.client(&[identity(9)]).unwrap().unwrap().id, known_now);
    desk.journal.verify().unwrap();
}

#[test]
fn doubt_keeps_every_identity_that_a_client_ever_had() {
    let (_folder, path) = place();
    let desk = Desk::open(&path);
    let id = desk.intend(&[1, 9], 10).unwrap();
    desk.record(id, Event::Unknown(refusal("timeout")), None).unwrap();
    assert_eq!(desk.intend(&[1, 5], 10).unwrap(), id);
    for name in [1, 5, 9] {
        assert_eq!(desk.state(name), State::Resending);
    }
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
fn a_key_that_certainly_never_arrived_has_its_time_from_the_next_intent() {
    let (_folder, path) = place();
    let desk = Desk::open(&path);
    let intended = || {
        std::thread::sleep(std::time::Duration::from_millis(5));
        let id = desk.intend(&[1], 10).unwrap();
        (id, desk.journal.client(&[identity(1)]).unwrap().unwrap().first_sent_at_ms)
    };
    let (id, first) = intended();
    desk.record(id, Event::NotDone(refusal("busy")), Some(429)).unwrap();
    let (_, second) = intended();
    assert!(second > first, "the provider cannot have forgotten what it never had");
    desk.record(id, Event::Unknown(refusal("timeout")), None).unwrap();
    let (_, third) = intended();
    assert_eq!(third, second, "the provider may know this key since then");
    desk.journal.verify().unwrap();
}

#[test]
fn the_journal_knows_since_when_no_request_can_have_left() {
    let (_folder, path) = place();
    let last = |desk: &Desk| desk.journal.last_request_at_ms().unwrap();
    let begin = |desk: &Desk| desk.journal.begin_run(&Run { id: run(), ..Run::default() }).unwrap();
    let desk = Desk::open(&path);
    begin(&desk);
    assert_eq!(last(&desk), None, "this run's own beginning is no request");
    let id = desk.intend(&[1], 10).unwrap();
    let intended = desk.journal.client(&[identity(1)]).unwrap().unwrap().changed_at_ms;
    std::thread::sleep(std::time::Duration::from_millis(5));
    desk.record(id, created("b-1"), Some(201)).unwrap();
    assert_eq!(last(&desk), Some(intended));
    drop(desk);
    // Killed: what it did besides, and when, nobody knows.
    let desk = Desk::open(&path);
    let opened = last(&desk).unwrap();
    assert!(opened > intended);
    begin(&desk);
    desk.journal.end_run(&run(), "finished", None, Requests::default()).unwrap();
    let ended = desk.journal.run(&run()).unwrap().finished_at_ms;
    drop(desk);
    std::thread::sleep(std::time::Duration::from_millis(5));
    assert_eq!(last(&Desk::open(&path)), ended);
}

#[test]
fn a_baseline_tells_what_was_there_before_us() {
    let (_folder, path) = place();
    let desk = Desk::open(&path);
    let other_run = "other-1".into();
    let list = |run: &RunId, ids: &[&str]| {
        let ids = ids.iter().map(|id| RemoteIdHash::of(id)).collect();
        desk.runtime.block_on(desk.journal.take_baseline(run, ids)).unwrap();
    };
    let of = |client, id: &str| desk.journal.provenance(client, id).unwrap();
    let unlisted = desk.intend(&[1], 10).unwrap();
    desk.record(unlisted, Event::Unknown(refusal("timeout")), None).unwrap();
    assert_eq!(of(unlisted, "a"), Provenance::Uncertain, "nobody listed the account");

    assert!(!desk.journal.has_baseline(&run()).unwrap());
    list(&run(), &["a", "b"]);
    assert!(desk.journal.has_baseline(&run()).unwrap());
    assert!(!desk.journal.has_baseline(&other_run).unwrap());
    let listed = desk.intend(&[2], 20).unwrap();
    desk.record(listed, Event::Unknown(refusal("timeout")), None).unwrap();
    assert_eq!(of(listed, "a"), Provenance::BeforeUs);
    assert_eq!(of(listed, "c"), Provenance::Ours);
    assert_eq!(of(unlisted, "a"), Provenance::Uncertain, "it may be this one that was listed");
    assert_eq!(of(unlisted, "c"), Provenance::Uncertain, "the list came after its request");

    // A later list of another run holds what we created ourselves, and must not turn it into somebody else's.
    list(&other_run, &["a", "b", "c"]);
    assert_eq!(of(listed, "c"), Provenance::Ours);
    assert_eq!(of(listed, "a"), Provenance::BeforeUs, "the first list counts");

    // Refused at first, listed, sent again: what was listed in between is hardly ours, and cannot be excluded either.
    let mended = desk.intend(&[3], 30).unwrap();
    desk.record(mended, Event::Rejected(refusal("no")), Some(422)).unwrap();
    list(&"third-1".into(), &["d"]);
    desk.intend(&[3], 31).unwrap();
    desk.record(mended, Event::Unknown(refusal("timeout")), None).unwrap();
    assert_eq!(
        [of(mended, "a"), of(mended, "d"), of(mended, "e")],
        [Provenance::BeforeUs, Provenance::Uncertain, Provenance::Ours]
    );
    drop(desk);
    let desk = Desk::open(&path);
    assert_eq!(desk.journal.provenance(listed, "a").unwrap(), Provenance::BeforeUs, "it is kept");
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

#[test]
fn requests_over_time_are_counted_by_run_with_repeats_and_throttled_answers() {
    let (_folder, path) = place();
    let desk = Desk::open(&path);
    let begun_ms = chrono::Utc::now().timestamp_millis();
    assert_eq!(desk.journal.traffic(&run()).unwrap(), Default::default());
    for number in 1..=5 {
        let id = desk.intend(&[number], number).unwrap();
        if number == 3 {
            desk.record(id, Event::NotDone(refusal("throttled")), Some(429)).unwrap();
            assert_eq!(desk.intend(&[number], number).unwrap(), id);
        }
        desk.record(id, created(&format!("b-{number}")), Some(201)).unwrap();
    }
    let traffic = desk.journal.traffic(&run()).unwrap();
    let sum = |of: fn(&Slice) -> u64| traffic.slices.iter().map(of).sum::<u64>();
    assert_eq!((sum(|slice| slice.sent), sum(|slice| slice.retried), sum(|slice| slice.throttled)), (6, 1, 1));
    assert!(traffic.slices.len() <= 60 && traffic.begins_at_ms <= begun_ms + 1_000 && begun_ms - traffic.begins_at_ms < 60_000);
    assert_eq!(traffic.begins_at_ms % traffic.slice_ms, 0, "slices begin on round times");
    assert_eq!(desk.journal.traffic(&RunId::from("another-run")).unwrap(), Default::default());
}
