//! What an import would take: calls, time, and which part of it falls in which night. Pure but for the clock that is passed in.

use std::time::Duration;

use chrono::{DateTime, Local, Utc};

use crate::model::RateLimit;
use crate::submit::Schedule;

/// Parts that are shown one by one.
const PARTS_SHOWN: usize = 31;
/// Parts after which nobody plans any more.
const PARTS_MAX: usize = 10_000;
/// A window from this length on is no matter of speed but of how much goes in one night.
const QUOTA_WINDOW_MIN: Duration = Duration::from_secs(3600);
const DAY_MS: i64 = 86_400_000;

/// What is to be planned.
pub(super) struct Work {
    /// Clients to create, and calls that each takes.
    pub(super) clients: u64,
    pub(super) calls_per_client: u32,
    /// Calls besides: to resolve, and to prove the account.
    pub(super) other_calls: u64,
    pub(super) limits: Vec<RateLimit>,
    pub(super) schedule: Option<Schedule>,
    /// Calls that one run may make.
    pub(super) requests_max: Option<u64>,
}

/// A part of the import: from when to when, how many calls, and how many clients are created.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) from_ms: i64,
    pub(super) until_ms: i64,
    pub(super) calls: u64,
    pub(super) clients: u64,
}

impl Work {
    /// Calls of all kinds.
    pub(super) fn calls(&self) -> u64 {
        self.clients.saturating_mul(u64::from(self.calls_per_client)).saturating_add(self.other_calls)
    }

    /// Milliseconds that so many calls take at the pace of the limits that are a matter of speed.
    fn millis(&self, calls: u64) -> u64 {
        let speed = self.limits.iter().filter(|limit| limit.window < QUOTA_WINDOW_MIN);
        let millis = speed.map(|limit| {
            let window = u64::try_from(limit.window.as_millis()).unwrap_or(u64::MAX);
            calls.saturating_mul(window) / u64::from(limit.requests.max(1))
        });
        millis.max().unwrap_or(0)
    }

    /// The most calls that take no longer than this.
    fn calls_within(&self, millis: u64) -> u64 {
        let speed = self.limits.iter().filter(|limit| limit.window < QUOTA_WINDOW_MIN);
        let calls = speed.map(|limit| {
            let window = u64::try_from(limit.window.as_millis()).unwrap_or(u64::MAX).max(1);
            millis.saturating_mul(u64::from(limit.requests)) / window
        });
        calls.min().unwrap_or(u64::MAX)
    }

    /// The parts in which it falls, from `now_ms` on; the last one may be followed by others when there are too many to plan.
    pub(super) fn parts(&self, now_ms: i64) -> Vec<Part> {
        let quotas: Vec<&RateLimit> = self.limits.iter().filter(|limit| limit.window >= QUOTA_WINDOW_MIN).collect();
        let mut parts: Vec<Part> = Vec::new();
        let (mut now_ms, mut calls_left, mut clients_left) = (now_ms, self.calls(), self.clients);
        while calls_left > 0 && parts.len() < PARTS_MAX {
            let (from_ms, until_ms) = match self.schedule.as_ref().map(|schedule| schedule.opening_at(now_ms)) {
                Some(Some(opening)) => (opening.from_ms.max(now_ms), opening.until_ms),
                Some(None) => break,
                None => (now_ms, now_ms.saturating_add(DAY_MS)),
            };
            let mut calls = self.calls_within(u64::try_from(until_ms - from_ms).unwrap_or(0)).min(calls_left);
            calls = calls.min(self.requests_max.unwrap_or(u64::MAX));
            for quota in &quotas {
                let window_ms = i64::try_from(quota.window.as_millis()).unwrap_or(i64::MAX);
                // What an earlier part used counts until a window after it began: from then on it leaves as fast as it came.
                let recent = parts.iter().filter(|part| part.from_ms > from_ms.saturating_sub(window_ms));
                let used: u64 = recent.map(|part| part.calls).sum();
                let whole_windows = u64::try_from((until_ms - from_ms) / window_ms.max(1)).unwrap_or(0).max(1);
                calls = calls.min((u64::from(quota.requests) * whole_windows).saturating_sub(used));
            }
            if calls > 0 {
                let ended_ms = from_ms.saturating_add(i64::try_from(self.millis(calls)).unwrap_or(i64::MAX)).min(until_ms);
                calls_left -= calls;
                // What is no client's call comes first.
                let others = self.calls().saturating_sub(calls_left).min(self.other_calls);
                let done = (self.calls() - calls_left - others) / u64::from(self.calls_per_client.max(1));
                let clients = done.saturating_sub(self.clients - clients_left);
                clients_left = clients_left.saturating_sub(clients);
                parts.push(Part { from_ms, until_ms: ended_ms, calls, clients });
            }
            now_ms = until_ms;
        }
        parts
    }

    /// For people.
    pub(super) fn tell(&self, now_ms: i64) -> String {
        let parts = self.parts(now_ms);
        let millis = self.millis(self.calls());
        let duration = format!("{} h {:02} min {:02} s", millis / 3_600_000, millis / 60_000 % 60, millis / 1000 % 60);
        let limits: Vec<String> =
            self.limits.iter().map(|limit| format!("{} requests in {} s", limit.requests, limit.window.as_secs_f64())).collect();
        let finish = match parts.last() {
            Some(last) if parts.len() < PARTS_MAX => self.time(last.until_ms),
            Some(_) => "later than can be told".to_owned(),
            None => self.time(now_ms),
        };
        let mut text = format!(
            "  limit        {}\n  duration     at least {duration}\n  finish       {finish} if started now\n",
            limits.join(", ")
        );
        if self.schedule.is_none() && self.requests_max.is_none() && parts.len() < 2 {
            return text;
        }
        if let Some(schedule) = &self.schedule {
            text.push_str(&format!("  window       {schedule}\n"));
        }
        text.push_str(&format!("  parts        {}\n", parts.len()));
        let mut first = 1;
        for part in parts.iter().take(PARTS_SHOWN) {
            let last = first + part.clients;
            let clients = if part.clients == 0 { "no client".to_owned() } else { format!("clients {first} to {}", last - 1) };
            text.push_str(&format!(
                "    {} to {}  {} calls, {clients}\n",
                self.time(part.from_ms),
                self.time(part.until_ms),
                part.calls
            ));
            first = last;
        }
        if parts.len() > PARTS_SHOWN {
            text.push_str(&format!("    and {} more\n", parts.len() - PARTS_SHOWN));
        }
        text
    }

    fn time(&self, ms: i64) -> String {
        match &self.schedule {
            Some(schedule) => schedule.tell(ms),
            None => DateTime::<Utc>::from_timestamp_millis(ms).map_or_else(
                || "later than can be told".to_owned(),
                |at| at.with_timezone(&Local).format("%Y-%m-%d %H:%M").to_string(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(clients: u64) -> Work {
        Work {
            clients,
            calls_per_client: 1,
            other_calls: 1,
            limits: vec![RateLimit::per_second(10)],
            schedule: None,
            requests_max: None,
        }
    }

    fn ms(text: &str) -> i64 {
        DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis()
    }

    #[test]
    fn every_night_has_its_clients() {
        let nightly = Work { schedule: Schedule::parse("22:00-06:00", Some("Europe/Moscow")).ok(), ..work(600_000) };
        let parts = nightly.parts(ms("2026-11-21T12:00:00Z"));
        let nights: Vec<(u64, u64)> = parts.iter().map(|part| (part.calls, part.clients)).collect();
        assert_eq!(nights, [(288_000, 287_999), (288_000, 288_000), (24_001, 24_001)]);
        assert_eq!(parts[0].from_ms, ms("2026-11-21T19:00:00Z"));
        assert_eq!(parts[2].until_ms, ms("2026-11-23T19:40:00.100Z"));
        let text = nightly.tell(ms("2026-11-21T12:00:00Z"));
        assert!(
            text.contains(
                "2026-11-22 22:00 Europe/Moscow to 2026-11-23 06:00 Europe/Moscow  288000 calls, clients 288000 to 575999"
            ),
            "{text}"
        );
    }

    #[test]
    fn a_quota_of_the_day_bounds_each_night_and_a_part_begun_is_shorter() {
        let limits = vec![RateLimit::per_second(10), RateLimit::per_day(10_000)];
        let quota = Work { limits, schedule: Schedule::parse("22:00-06:00", Some("UTC")).ok(), ..work(25_000) };
        let calls = |now: &str| quota.parts(ms(now)).iter().map(|part| part.calls).collect::<Vec<_>>();
        assert_eq!(calls("2026-11-21T12:00:00Z"), [10_000, 10_000, 5_001]);
        assert_eq!(calls("2026-11-22T05:50:00Z")[0], 6_000);
        let by_hand = Work { requests_max: Some(100), schedule: Schedule::parse("22:00-06:00", Some("UTC")).ok(), ..work(250) };
        assert_eq!(by_hand.parts(0).iter().map(|part| part.calls).collect::<Vec<_>>(), [100, 100, 51]);
        assert_eq!(work(100).parts(0).len(), 1);
        assert!(work(100).tell(0).lines().count() == 3);
    }
}
