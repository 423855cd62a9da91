//! Room 3 against the sandbox over real HTTP and with a real journal: no client lost, none doubled, never too fast.

#![allow(clippy::unwrap_used, clippy::panic)] // clippy's leave for tests does not reach their helpers

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clientferry::contract::Registry;
use clientferry::journal::{Journal, JournalError, Run, RunId, State};
use clientferry::model::{Body, FieldDigests, IdempotencyKey, Identity, Parcel};
use clientferry::provider::tbank::TBank;
use clientferry::provider::{AccountSettings, Provider};
use clientferry::sandbox::{self, Running, SandboxSettings};
use clientferry::submit::{Baseline, BreakerSettings, Dispatch, Ended, PaceSettings, Sent, SubmitSettings, resolve, send};
use secrecy::SecretString;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

struct Stage {
    folder: TempDir,
    sandbox: Running,
    run: RunId,
    settings: SubmitSettings,
    account: AccountSettings,
}

/// A sandbox without a limit and settings that do not wait long.
async fn stage(faults: &[&str], change: impl FnOnce(&mut SandboxSettings)) -> Stage {
    let mut settings = SandboxSettings::new("tbank", Registry::built_in().find("tbank/fl-resident").unwrap());
    settings.rate = None;
    settings.faults = faults.iter().map(|fault| fault.parse().unwrap()).collect();
    change(&mut settings);
    let sandbox = sandbox::start(settings).await.unwrap();
    let mut account = AccountSettings::new("test", SecretString::from("token"));
    account.base_url = Some(sandbox.base_url.clone());
    account.rate_per_s = Some(500);
    account.timeout = Duration::from_secs(1);
    let short = Duration::from_millis(20);
    let settings = SubmitSettings {
        backoff_base: short,
        backoff_max: short,
        replay_delays: vec![short; 4],
        look_up_gap: short,
        pace: PaceSettings {
            breaker: BreakerSettings { pause: short, pause_max: short, ..BreakerSettings::default() },
            ..PaceSettings::default()
        },
        ..SubmitSettings::default()
    };
    Stage { folder: tempfile::tempdir().unwrap(), sandbox, run: "clients-1".into(), settings, account }
}

fn person(number: u64) -> Value {
    // Names have no digits: the number is spelled in letters.
    let letters: String = number.to_string().bytes().map(|digit| char::from(b'a' + digit - b'0')).collect();
    let mut body: Value = serde_json::from_str(include_str!("../vectors/tbank/valid/fl-resident--minimal.json")).unwrap();
    body["lastName"] = json!(format!("Sample{letters}"));
    body
}

fn dispatch(number: u64, body: &Value) -> Dispatch {
    named(&[number], body)
}

/// A row with several identities; the first one leads.
fn named(numbers: &[u64], body: &Value) -> Dispatch {
    let body = Body::new(body);
    let identity = |number: &u64| {
        let mut identity = [0; 16];
        identity[..8].copy_from_slice(&number.to_le_bytes());
        (Identity(identity), "own_id")
    };
    let key = IdempotencyKey::derive("tbank/fl-resident", "test", &numbers[0].to_string(), body.as_str());
    let digests = FieldDigests(vec![(1, body.as_str().len() as u32)]);
    let parcel = Parcel { body, key, identities: numbers.iter().map(identity).collect(), digests };
    Dispatch { place: Default::default(), operation: "tbank/fl-resident".into(), parcel }
}

impl Stage {
    fn journal(&self) -> Journal {
        let journal = Journal::open(&self.folder.path().join("journal.db")).unwrap();
        journal.begin_run(&Run { id: self.run.clone(), ..Run::default() }).unwrap();
        journal
    }

    /// The journal once the last task of the run that was killed has let go of it.
    async fn journal_after_a_kill(&self) -> Journal {
        loop {
            match Journal::open(&self.folder.path().join("journal.db")) {
                Err(JournalError::Locked { .. }) => tokio::time::sleep(Duration::from_millis(2)).await,
                Err(error) => panic!("{error}"),
                Ok(journal) => {
                    journal.begin_run(&Run { id: self.run.clone(), ..Run::default() }).unwrap();
                    return journal;
                }
            }
        }
    }

    fn provider(&self) -> Arc<dyn Provider> {
        Arc::new(TBank::connect(&self.account).unwrap())
    }

    async fn send(&self, journal: &Journal, rows: impl IntoIterator<Item = Dispatch>) -> Sent {
        self.send_until(journal, rows, CancellationToken::new()).await
    }

    async fn send_until(&self, journal: &Journal, rows: impl IntoIterator<Item = Dispatch>, cancel: CancellationToken) -> Sent {
        let rows = queue(rows);
        let sent = send(self.provider(), journal, &self.run, rows, &self.settings, cancel, Arc::new(|_| {})).await.unwrap();
        journal.verify().unwrap();
        sent
    }

    /// Names of the clients that the sandbox really has, in no order.
    async fn ledger(&self) -> Vec<String> {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut names = Vec::new();
        loop {
            let url = format!("{}/api/v1/nominal-accounts/beneficiaries?offset={}&limit=100", self.sandbox.base_url, names.len());
            let page: Value = client.get(url).bearer_auth("token").send().await.unwrap().json().await.unwrap();
            let Some(results) = page.get("results").and_then(Value::as_array) else { return names };
            names.extend(results.iter().map(|client| client["lastName"].as_str().unwrap().to_owned()));
        }
    }

    async fn each_exactly_once(&self, rows: u64) {
        let names = self.ledger().await;
        assert_eq!(names.len(), names.iter().collect::<HashSet<_>>().len(), "a client was created twice");
        assert_eq!(names.len() as u64, rows, "a client was lost");
    }
}

fn queue(rows: impl IntoIterator<Item = Dispatch>) -> mpsc::Receiver<Dispatch> {
    let rows: Vec<Dispatch> = rows.into_iter().collect();
    let (sender, receiver) = mpsc::channel(rows.len().max(1));
    for row in rows {
        sender.try_send(row).unwrap();
    }
    receiver
}

fn persons(rows: u64) -> impl Iterator<Item = Dispatch> {
    (0..rows).map(|number| dispatch(number, &person(number)))
}

fn count(journal: &Journal, state: State) -> usize {
    journal.clients_in_state(state, None).unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_is_created_once_and_a_second_run_sends_nothing() {
    let stage = stage(&[], |_| {}).await;
    let journal = stage.journal();
    let sent = stage.send(&journal, persons(100)).await;
    assert_eq!((sent.ended, sent.requests.sent, sent.requests.retried), (Ended::Finished, 100, 0));
    assert_eq!(count(&journal, State::Created), 100);
    let requests = stage.sandbox.requests().len();
    assert_eq!(stage.send(&journal, persons(100)).await.requests.sent, 0);
    assert_eq!(stage.sandbox.requests().len(), requests, "not even a preflight");
    stage.each_exactly_once(100).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_goes_wrong_no_client_is_lost_or_doubled() {
    for faults in [
        &["drop_before_commit@30%"][..],
        &["drop_after_commit@30%"],
        &["500_before_commit@20%", "500_after_commit@20%"],
        &["502_html=after@20%", "503=0@20%"],
        &["201_empty@first"],
        &["201_text@20%", "201_cut@20%", "201_no_id@20%"],
        &["200_ok@50%"],
        &["409_once"],
        &["429=0@30%"],
        &["drop_after_commit@first", "latency=30@50%"],
    ] {
        let stage = stage(faults, |_| {}).await;
        let journal = stage.journal();
        let sent = stage.send(&journal, persons(40)).await;
        assert_eq!(sent.ended, Ended::Finished, "{faults:?}");
        assert_eq!(count(&journal, State::Created), 40, "{faults:?}");
        stage.each_exactly_once(40).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_repeats_cannot_tell_a_look_up_does() {
    for echo in ["echo=full", "echo=required"] {
        // Every answer is lost, so only the list tells: those stored are found, nobody is sent a second time.
        let mut stage = stage(&["drop_after_commit@#1-50"], |settings| settings.set_switch(echo).unwrap()).await;
        stage.settings.replay_delays = Vec::new();
        stage.settings.no_answer_stop = 0;
        let journal = stage.journal();
        let sent = stage.send(&journal, persons(10)).await;
        assert_eq!((sent.ended, sent.requests.sent), (Ended::Finished, 10));
        assert_eq!(count(&journal, State::Created), 10);
        stage.each_exactly_once(10).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_two_look_ups_do_not_find_is_sent_again_under_its_key() {
    let mut stage = stage(&["drop_before_commit@#1-10"], |_| {}).await;
    stage.settings.replay_delays = Vec::new();
    stage.settings.no_answer_stop = 0;
    let journal = stage.journal();
    let sent = stage.send(&journal, persons(10)).await;
    assert_eq!((sent.ended, sent.requests.sent, sent.requests.retried), (Ended::Finished, 20, 10));
    assert_eq!(count(&journal, State::Created), 10);
    let keys: HashSet<_> = stage.sandbox.requests().iter().filter_map(|request| request.key).collect();
    assert_eq!(keys.len(), 10);
    stage.each_exactly_once(10).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_changed_after_an_unknown_send_is_never_sent_under_another_key() {
    let mut stage = stage(&["drop_after_commit@#1"], |_| {}).await;
    stage.settings.replay_delays = Vec::new();
    stage.settings.limit = Some(1);
    let journal = stage.journal();
    // The run ends before anything is looked up.
    stage.settings.no_answer_stop = 1;
    let sent = stage.send(&journal, persons(1)).await;
    assert!(matches!(sent.ended, Ended::Halted(_)));
    assert_eq!(count(&journal, State::Unknown), 1);
    let changed = dispatch(0, &person(77));
    let sent = stage.send(&journal, [changed]).await;
    assert_eq!((sent.ended, sent.requests.sent), (Ended::Finished, 0));
    let unknown = journal.clients_in_state(State::Unknown, None).unwrap();
    assert_eq!(&*unknown[0].refusal.as_ref().unwrap().code, "changed_since_sent");
    // With its old content it is resolved.
    let rows = queue(persons(1));
    let quiet = Arc::new(|_| {});
    resolve(stage.provider(), &journal, &stage.run, rows, &stage.settings, CancellationToken::new(), quiet).await.unwrap();
    assert_eq!(count(&journal, State::Created), 1);
    stage.each_exactly_once(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_of_the_provider_is_never_passed() {
    let mut stage = stage(&[], |settings| settings.rate = Some(10)).await;
    stage.account.rate_per_s = None;
    let journal = stage.journal();
    let begun = Instant::now();
    let sent = stage.send(&journal, persons(40)).await;
    assert_eq!((sent.requests.sent, sent.requests.throttled), (40, 0));
    let arrivals: Vec<Duration> = stage.sandbox.requests().iter().map(|request| request.at).collect();
    assert!(arrivals.windows(11).all(|eleven| eleven[10] - eleven[0] >= Duration::from_secs(1)));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_asked_for_is_kept() {
    let stage = stage(&["429=2@#3"], |_| {}).await;
    let journal = stage.journal();
    let sent = stage.send(&journal, persons(30)).await;
    assert_eq!((sent.ended, sent.requests.throttled), (Ended::Finished, 1));
    let requests = stage.sandbox.requests();
    let refused = requests.iter().find(|request| request.fault == Some("429")).unwrap().at;
    // What was under way when the answer came may still arrive.
    let (settling, pause) = (Duration::from_millis(100), Duration::from_secs(2));
    assert!(requests.iter().all(|request| request.at < refused + settling || request.at >= refused + pause));
    stage.each_exactly_once(30).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_stops_before_the_first_row_and_an_expiring_one_loses_nothing() {
    let mut before = stage(&[], |settings| settings.token = Some("other".into())).await;
    let journal = before.journal();
    let sent = before.send(&journal, persons(5)).await;
    assert!(matches!(&sent.ended, Ended::Halted(halt) if halt.hint.contains("IP addresses")), "{sent:?}");
    assert_eq!((sent.requests.sent, journal.counts(None).unwrap().iter().map(|(_, count)| count).sum::<u64>()), (0, 0));
    drop(journal);
    before.account.secrets.insert("token".into(), SecretString::from("other"));
    let journal = before.journal();
    assert_eq!(before.send(&journal, persons(5)).await.ended, Ended::Finished);

    let during = stage(&["401_after_n=10"], |_| {}).await;
    let journal = during.journal();
    let sent = during.send(&journal, persons(50)).await;
    assert!(matches!(sent.ended, Ended::Halted(_)));
    assert_eq!((count(&journal, State::Created), count(&journal, State::Unknown)), (10, 0));
    during.sandbox.set_faults(Vec::new()).unwrap();
    assert_eq!(during.send(&journal, persons(50)).await.ended, Ended::Finished);
    during.each_exactly_once(50).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_id_for_two_clients_stops_the_run_in_doubt() {
    let stage = stage(&["canned"], |_| {}).await;
    let journal = stage.journal();
    let sent = stage.send(&journal, persons(20)).await;
    assert!(matches!(&sent.ended, Ended::Halted(halt) if halt.what.contains("same id")), "{sent:?}");
    assert_eq!(count(&journal, State::Created), 1);
    assert!(count(&journal, State::Unknown) >= 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_type_than_asked_for_stops_the_run_in_doubt() {
    let stage = stage(&["wrong_type"], |_| {}).await;
    let journal = stage.journal();
    let sent = stage.send(&journal, persons(1)).await;
    assert!(matches!(sent.ended, Ended::Halted(_)));
    assert_eq!(count(&journal, State::Unknown), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn interrupting_finishes_what_is_in_flight_and_the_next_run_goes_on() {
    let stage = stage(&["latency=60"], |_| {}).await;
    let journal = stage.journal();
    let cancel = CancellationToken::new();
    let sending = stage.send_until(&journal, persons(200), cancel.clone());
    let stopping = async {
        while stage.sandbox.ledger_len() < 5 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        cancel.cancel();
    };
    let (sent, ()) = tokio::join!(sending, stopping);
    assert_eq!(sent.ended, Ended::Interrupted);
    let created = count(&journal, State::Created);
    assert!(created > 0 && created < 200, "{created}");
    assert_eq!(stage.sandbox.ledger_len(), created, "what was in flight is recorded");
    assert_eq!(count(&journal, State::Sending) + count(&journal, State::Unknown), 0);
    stage.sandbox.set_faults(Vec::new()).unwrap();
    assert_eq!(stage.send(&journal, persons(200)).await.ended, Ended::Finished);
    stage.each_exactly_once(200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_killed_is_resolved_by_the_next() {
    let stage = stage(&["hang@#5-8"], |_| {}).await;
    {
        let journal = stage.journal();
        // The future is dropped in the middle, as a killed process would leave it.
        let killed = tokio::time::timeout(Duration::from_millis(400), stage.send(&journal, persons(20))).await;
        assert!(killed.is_err());
        drop(journal);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    stage.sandbox.set_faults(Vec::new()).unwrap();
    let journal = stage.journal();
    assert!(count(&journal, State::Unknown) >= 1);
    assert_eq!(stage.send(&journal, persons(20)).await.ended, Ended::Finished);
    assert_eq!(count(&journal, State::Created), 20);
    stage.each_exactly_once(20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_clients_that_a_wrong_number_tied_together_are_both_created_when_it_is_mended() {
    let wrong = json!({"type": "NOBODY"});
    let (number, own, other) = (900, 1, 2);
    for in_flight_max in [1, 8] {
        for own_first in [true, false] {
            let mut stage = stage(&[], |_| {}).await;
            stage.settings.in_flight_max = in_flight_max;
            let journal = stage.journal();
            stage.send(&journal, [named(&[own, number], &wrong)]).await;
            assert_eq!(count(&journal, State::Rejected), 1);
            let mut rows = vec![named(&[own], &person(1)), named(&[other, number], &person(2))];
            if !own_first {
                rows.reverse();
            }
            let sent = stage.send(&journal, rows).await;
            assert_eq!((sent.ended, sent.requests.sent), (Ended::Finished, 2));
            assert_eq!(count(&journal, State::Created), 2);
            stage.each_exactly_once(2).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_rows_that_mean_one_client_in_doubt_go_one_after_the_other() {
    for replays in [4, 0] {
        let mut stage = stage(&["drop_after_commit@#1"], |_| {}).await;
        let delays = std::mem::take(&mut stage.settings.replay_delays);
        stage.settings.no_answer_stop = 1;
        let journal = stage.journal();
        let sent = stage.send(&journal, [named(&[1, 900], &person(1))]).await;
        assert!(matches!(sent.ended, Ended::Halted(_)));
        stage.settings.no_answer_stop = 0;
        stage.settings.replay_delays = delays.into_iter().take(replays).collect();
        // The number was mended: it belongs to another client, which cannot be sent while it may be the first one's.
        let sent = stage.send(&journal, [named(&[1, 900], &person(1)), named(&[2, 900], &person(2))]).await;
        assert_eq!((sent.ended, count(&journal, State::Created)), (Ended::Finished, 1));
        stage.each_exactly_once(1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_one_identity_never_meet_whoever_hands_them_over() {
    let stage = stage(&["latency=40"], |_| {}).await;
    let journal = stage.journal();
    let rows = (0..30).map(|row| named(&[row % 3, 900 + row % 2], &person(row)));
    let sent = stage.send(&journal, rows).await;
    assert_eq!(sent.ended, Ended::Finished);
    assert_eq!(stage.sandbox.ledger_len(), count(&journal, State::Created));
    assert!((1..=3).contains(&sent.requests.sent), "{}", sent.requests.sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_up_does_not_take_a_client_for_ours_that_was_there_before() {
    for (baseline, fault, states, ledger) in [
        (Baseline::Auto, "drop_before_commit@first", [1, 0, 0], 2),
        (Baseline::Auto, "drop_after_commit@first", [1, 0, 0], 2),
        (Baseline::Never, "drop_before_commit@first", [0, 1, 0], 1),
        (Baseline::Never, "drop_after_commit@first", [0, 0, 1], 2),
    ] {
        let mut stage = stage(&[], |_| {}).await;
        let before = Journal::open(&stage.folder.path().join("before.db")).unwrap();
        stage.send(&before, persons(1)).await;
        stage.sandbox.set_faults(vec![fault.parse().unwrap()]).unwrap();
        stage.settings.replay_delays = Vec::new();
        stage.settings.baseline = baseline;
        let journal = stage.journal();
        let twin = dispatch(77, &person(0));
        assert_eq!(stage.send(&journal, [twin]).await.ended, Ended::Finished);
        let found = [State::Created, State::Existing, State::Unknown].map(|state| count(&journal, state));
        assert_eq!((found, stage.sandbox.ledger_len()), (states, ledger), "{baseline:?} {fault}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_before_the_first_request_is_made_once_for_a_run_and_within_the_rate() {
    let stage = stage(&[], |_| {}).await;
    let before = Journal::open(&stage.folder.path().join("before.db")).unwrap();
    stage.send(&before, persons(120)).await;
    let requests = |wanted: &str| stage.sandbox.requests().iter().filter(|request| request.method == wanted).count();
    let lists = requests("GET");
    assert_eq!(lists, 1, "an empty account needs no list");
    let journal = stage.journal();
    stage.send(&journal, (500..510).map(|number| dispatch(number, &person(number)))).await;
    assert_eq!(requests("GET") - lists, 1 + 3, "a preflight and three pages");
    let lists = requests("GET");
    stage.send(&journal, (600..610).map(|number| dispatch(number, &person(number)))).await;
    assert_eq!(requests("GET") - lists, 1, "a preflight");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_holds_across_kills_and_immediate_restarts() {
    let mut stage = stage(&[], |_| {}).await;
    stage.account.rate_per_s = None;
    for _ in 0..15 {
        let journal = stage.journal_after_a_kill().await;
        let killed = tokio::time::timeout(Duration::from_millis(130), stage.send(&journal, persons(20))).await;
        assert!(killed.is_err());
    }
    let journal = stage.journal_after_a_kill().await;
    assert_eq!(stage.send(&journal, persons(20)).await.ended, Ended::Finished);
    let arrivals: Vec<Duration> = stage.sandbox.requests().iter().map(|request| request.at).collect();
    assert!(arrivals.windows(11).all(|eleven| eleven[10] - eleven[0] >= Duration::from_secs(1)), "{arrivals:?}");
    stage.each_exactly_once(20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_of_new_clients_is_exact_and_what_was_begun_is_finished() {
    let mut stage = stage(&["drop_after_commit@first"], |_| {}).await;
    stage.settings.limit = Some(7);
    let journal = stage.journal();
    assert_eq!(stage.send(&journal, persons(20)).await.ended, Ended::Limit);
    assert_eq!(count(&journal, State::Created), 7);
    assert_eq!(stage.send(&journal, persons(20)).await.ended, Ended::Limit);
    assert_eq!(count(&journal, State::Created), 14);
    assert_eq!(stage.send(&journal, persons(20)).await.ended, Ended::Finished);
    stage.each_exactly_once(20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_provider_leaves_rows_idle_and_stops_the_run() {
    let mut stage = stage(&[], |_| {}).await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    stage.account.base_url = Some(format!("http://{}", listener.local_addr().unwrap()));
    drop(listener);
    stage.settings.outage_max = Duration::from_millis(200);
    let journal = stage.journal();
    let sent = stage.send(&journal, persons(30)).await;
    assert!(matches!(&sent.ended, Ended::Halted(halt) if halt.what.contains("cannot be reached")), "{sent:?}");
    assert_eq!(count(&journal, State::Unknown) + count(&journal, State::Created), 0);
    assert!(count(&journal, State::Idle) >= 3);
    stage.account.base_url = Some(stage.sandbox.base_url.clone());
    assert_eq!(stage.send(&journal, persons(30)).await.ended, Ended::Finished);
    stage.each_exactly_once(30).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_refused_alike_from_the_start_stop_the_run() {
    let stage = stage(&[], |_| {}).await;
    let journal = stage.journal();
    let unknown_type = |number| dispatch(number, &json!({"type": "NOBODY", "lastName": format!("Образцова{number}")}));
    let sent = stage.send(&journal, (0..60).map(unknown_type)).await;
    assert!(matches!(&sent.ended, Ended::Halted(halt) if halt.what.contains("alike")), "{sent:?}");
    let refused = journal.clients_in_state(State::Rejected, None).unwrap();
    assert!((20..30).contains(&refused.len()), "{}", refused.len());
    assert!(refused.iter().all(|client| !format!("{client:?}").contains("Образцова")));
    // A row that was refused is not sent again as it is.
    let requests = stage.send(&journal, (0..20).map(unknown_type)).await.requests.sent;
    assert!(requests <= 1, "{requests}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_systematic_mistake_costs_the_first_clients_only() {
    let mut stage = stage(&[], |_| {}).await;
    stage.settings.same_rejection_stop = 0;
    let journal = stage.journal();
    let unknown_type = |number| dispatch(number, &json!({"type": "NOBODY", "lastName": format!("Sample{number}")}));
    let sent = stage.send(&journal, (0..60).map(unknown_type)).await;
    assert!(matches!(&sent.ended, Ended::Halted(halt) if halt.what.contains("refused 20 of 20 clients (20 ")), "{sent:?}");
    assert_eq!((sent.requests.sent, count(&journal, State::Rejected)), (20, 20));
    stage.settings.canary = 0;
    stage.settings.rejected_max = "5".parse().unwrap();
    let sent = stage.send(&journal, (20..60).map(unknown_type)).await;
    assert!(matches!(&sent.ended, Ended::Halted(halt) if halt.what.contains("--max-rejected")), "{sent:?}");
    assert!(sent.requests.sent < 20, "{}", sent.requests.sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_run_left_open_is_asked_about_before_anything_new() {
    for replays in [0, 4] {
        let mut stage = stage(&["drop_after_commit@#1-3"], |_| {}).await;
        let delays = std::mem::take(&mut stage.settings.replay_delays);
        stage.settings.no_answer_stop = 3;
        stage.settings.in_flight_max = 3;
        let journal = stage.journal();
        assert!(matches!(stage.send(&journal, persons(3)).await.ended, Ended::Halted(_)));
        assert_eq!(count(&journal, State::Unknown), 3);
        stage.settings.replay_delays = delays.into_iter().take(replays).collect();
        let before = stage.sandbox.requests().len();
        let doubtful = persons(3);
        let all: Vec<Dispatch> = persons(20).collect();
        let sent = stage.send(&journal, doubtful.chain(all.into_iter().rev())).await;
        assert_eq!(sent.ended, Ended::Finished);
        let old: HashSet<_> = persons(3).map(|row| row.parcel.key.to_string()).collect();
        let requests = stage.sandbox.requests();
        let keys: Vec<String> = requests[before..].iter().filter_map(|request| request.key.map(|key| key.to_string())).collect();
        let first_new = keys.iter().position(|key| !old.contains(key)).unwrap();
        assert!(keys[first_new..].iter().all(|key| !old.contains(key)), "{keys:?}");
        assert_eq!(count(&journal, State::Unknown), 0);
        stage.each_exactly_once(20).await;
    }
}
