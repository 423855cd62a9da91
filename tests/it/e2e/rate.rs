//! The provider's limit, by the provider's own clock: 30 seconds at full demand.

use super::stage::{SandboxProcess, Stage};
use super::truth::{Ledger, Report};

/// Requests that T-Bank admits in a second.
const LIMIT: usize = 10;
const SECOND_US: u64 = 1_000_000;

#[test]
fn thirty_seconds_at_full_demand_keep_the_limit_and_use_it() {
    // The sandbox as it comes: it keeps the real limit and would answer 429. It answers at once, which is the easy case for the
    // use of the limit: an answer that takes longer than `TRANSIT_MAX` leaves 10 requests in `1 s + TRANSIT_MAX`.
    let sandbox = SandboxProcess::start(&[]);
    let mut stage = Stage::new().to(&sandbox);
    // Empty is unset: the profile's own limit.
    stage.set("CLIENTFERRY_REQUESTS_PER_SECOND", "");
    stage.write_clients("clients.csv", 310, 41, 0);
    stage.run(&["import", "clients.csv", "--to", "tbank/fl-resident"]).expect(0);
    Report::read(&stage.only_report()).assert_agrees_with(&Ledger::read(&sandbox.ledger()));

    let log = sandbox.requests();
    assert_eq!(log["throttled"], 0);
    let mut arrivals: Vec<u64> =
        log["requests"].as_array().unwrap().iter().map(|request| request["at_us"].as_u64().unwrap()).collect();
    arrivals.sort_unstable();
    assert!(arrivals.len() >= 310, "{} requests", arrivals.len());
    for eleven in arrivals.windows(LIMIT + 1) {
        let span = eleven[LIMIT] - eleven[0];
        assert!(span >= SECOND_US, "{} requests within {span} µs, from {} µs on", LIMIT + 1, eleven[0]);
    }
    let (first, last) = (arrivals[0], arrivals[arrivals.len() - 1]);
    assert!(last - first >= 30 * SECOND_US, "{} µs are too short to prove anything", last - first);
    let used = (arrivals.len() - 1) as f64 / ((last - first) as f64 / SECOND_US as f64);
    assert!(used >= 9.5, "{used:.2} requests a second");
}
