//! The plane in real time: everybody together stays within the limit, and pauses hold everybody.

use super::*;
use crate::model::RateLimit;
use crate::provider::Slot as _;

const WINDOW: Duration = Duration::from_millis(200);

fn pace() -> Pace {
    Pace::new(&Profile {
        limits: vec![RateLimit { requests: 10, window: WINDOW }],
        in_flight_max: 8,
        replay_window: None,
        replays_max: 0,
        look_up_delays: Vec::new(),
        absence: crate::provider::Absence::Resend,
        connect_timeout: Duration::from_secs(10),
        remote_ids_unique: true,
    })
}

#[tokio::test]
async fn greedy_tasks_together_stay_within_the_limit() {
    let pace = pace();
    let starts = Arc::new(Mutex::new(Vec::new()));
    let tasks: Vec<_> = (0..8)
        .map(|number| {
            let (pace, starts) = (pace.clone(), Arc::clone(&starts));
            tokio::spawn(async move {
                for _ in 0..7 {
                    let mut permit = pace.slot().await.unwrap();
                    sleep(Duration::from_millis(number % 3)).await;
                    let start = permit.start().await.unwrap();
                    starts.lock().unwrap().push(start);
                    sleep(Duration::from_millis(number * 5)).await;
                    permit.answered(true, Health::Well(None));
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let mut starts = starts.lock().unwrap().clone();
    starts.sort_unstable();
    assert_eq!(starts.len(), 56);
    assert!(starts.windows(11).all(|pair| pair[10] - pair[0] > WINDOW));
    assert!(starts[55] - starts[0] < WINDOW * 20, "{:?}", starts[55] - starts[0]);
}

#[tokio::test]
async fn a_pause_holds_everybody_even_those_who_have_their_permit() {
    let pace = pace();
    let mut permit = pace.slot().await.unwrap();
    let begun = Instant::now();
    pace.throttled(begun, Some(Duration::from_millis(300)), &[]);
    assert!(pace.paused_for().is_some_and(|left| left > Duration::from_millis(200)));
    assert!(permit.start().await.unwrap() - begun >= Duration::from_millis(300));
    let begun = Instant::now();
    pace.throttled(begun, Some(Duration::from_millis(200)), &[]);
    drop(pace.take().await);
    assert!(begun.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn requests_under_way_together_are_one_offence_and_any_other_answer_ends_the_series() {
    let pace = pace();
    let sent = Instant::now();
    sleep(Duration::from_millis(10)).await;
    for _ in 0..8 {
        pace.throttled(sent, None, &[]);
    }
    assert_eq!(pace.state().offences(), 1);
    assert!(pace.paused_for().unwrap_or_default() <= Duration::from_secs(1));
    sleep(Duration::from_millis(20)).await;
    pace.throttled(Instant::now(), None, &[]);
    assert_eq!(pace.state().offences(), 2);
    assert!(pace.throttled_for().unwrap() >= Duration::from_millis(20));
    pace.accepted();
    assert_eq!(pace.throttled_for(), None);
    assert_eq!(pace.state().offences(), 0);
}

#[test]
fn a_new_run_rests_until_the_last_request_of_an_earlier_one_has_left_the_window() {
    let rest = |last, now| rest_after(last, now, Duration::from_secs(1)).as_millis();
    assert_eq!(rest(None, 5_000), 0);
    assert_eq!(rest(Some(5_000), 5_000), 1040);
    assert_eq!(rest(Some(4_000), 5_000), 40);
    assert_eq!(rest(Some(3_960), 5_000), 0);
    assert_eq!(rest(Some(1), 5_000), 0);
    assert_eq!(rest(Some(9_000), 5_000), 1040, "the clock was turned back");
}

#[tokio::test]
async fn a_rest_at_the_beginning_is_kept_and_is_no_pause_of_the_providers() {
    let pace = pace();
    let begun = Instant::now();
    pace.begin_after(Duration::from_millis(120));
    assert_eq!(pace.paused_for(), None);
    drop(pace.take().await);
    assert!(begun.elapsed() >= Duration::from_millis(120));
}

#[tokio::test]
async fn a_permit_that_is_not_used_blocks_nobody() {
    let pace = pace();
    let unused: Vec<Permit> = {
        let mut permits = Vec::new();
        for _ in 0..10 {
            permits.push(pace.slot().await.unwrap());
        }
        permits
    };
    let waiting = tokio::spawn({
        let pace = pace.clone();
        async move { drop(pace.take().await) }
    });
    sleep(WINDOW * 2).await;
    assert!(!waiting.is_finished());
    drop(unused);
    sleep(WINDOW).await;
    assert!(waiting.is_finished());
}
