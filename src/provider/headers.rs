//! Headers by which servers ask for patience: `Retry-After` and the `RateLimit` family. Does not wait.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

/// Larger numbers in a reset header are a point of time, not a number of seconds.
const EPOCH_SECONDS_MIN: u64 = 1_000_000_000;
/// Nobody means a longer wait; what is beyond was not meant as one.
const WAIT_MAX: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How long `Retry-After` asks to wait, as seconds or as an HTTP date; the longest where it stands several times.
/// A date is compared with the server's own clock where the answer shows it, else with `now`. Other forms are ignored.
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let now = server_clock(headers).unwrap_or(now);
    headers
        .get_all(RETRY_AFTER)
        .iter()
        .filter_map(|value| {
            let text = value.to_str().ok()?.trim();
            match seconds(text) {
                Some(seconds) => Some(Duration::from_secs(seconds)),
                None => httpdate::parse_http_date(text).ok().map(|at| at.duration_since(now).unwrap_or_default()),
            }
        })
        .max()
        .map(|wait| wait.min(WAIT_MAX))
}

/// How long the quota headers ask to wait: the time to the reset where nothing remains, else `None`.
///
/// Understands `RateLimit: "policy";r=0;t=5` (structured), `RateLimit: limit=10, remaining=0, reset=5`, and the pairs
/// `RateLimit-Remaining`/`-Reset`, `X-RateLimit-Remaining`/`-Reset`, `X-Rate-Limit-Remaining`/`-Reset` (seconds or Unix time).
#[must_use]
pub fn quota_pause(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let now = server_clock(headers).unwrap_or(now);
    let mut longest: Option<Duration> = None;
    let mut note = |remaining: Option<u64>, reset: Option<u64>| {
        if let (Some(0), Some(reset)) = (remaining, reset) {
            longest = longest.max(Some(until(reset, now)));
        }
    };
    for value in headers.get_all("ratelimit") {
        let Ok(text) = value.to_str() else { continue };
        let (mut remaining, mut reset) = (None, None);
        // Members of a structured list are judged one by one; the older form spreads one quota over the whole list.
        let structured = text.contains(";r=") || text.contains("; r=");
        for member in text.split(',') {
            if structured {
                (remaining, reset) = (None, None);
            }
            for parameter in member.split(';') {
                let Some((name, number)) = parameter.split_once('=') else { continue };
                match name.trim() {
                    "r" | "remaining" => remaining = seconds(number.trim()),
                    "t" | "reset" => reset = seconds(number.trim()),
                    _ => {}
                }
            }
            if structured {
                note(remaining, reset);
            }
        }
        note(remaining, reset);
    }
    for prefix in ["ratelimit", "x-ratelimit", "x-rate-limit"] {
        let number = |name: &str| {
            let text = headers.get(format!("{prefix}-{name}"))?.to_str().ok()?;
            // Some servers append their policy: `0, 10;w=1`.
            seconds(text.split([',', ';']).next()?.trim())
        };
        note(number("remaining"), number("reset"));
    }
    longest.map(|wait| wait.min(WAIT_MAX))
}

fn until(reset: u64, now: SystemTime) -> Duration {
    if reset < EPOCH_SECONDS_MIN {
        return Duration::from_secs(reset);
    }
    // Unix time, in milliseconds where it would else lie thousands of years ahead.
    let at = if reset > EPOCH_SECONDS_MIN * 100 { Duration::from_millis(reset) } else { Duration::from_secs(reset) };
    at.saturating_sub(now.duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// Digits only: neither signs nor fractions.
fn seconds(text: &str) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) { None } else { text.parse().ok() }
}

fn server_clock(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::{HeaderName, HeaderValue};

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    fn at(text: &str) -> SystemTime {
        httpdate::parse_http_date(text).unwrap()
    }

    #[test]
    fn retry_after_takes_seconds_and_dates_and_nothing_else() {
        let now = at("Sat, 21 Nov 2026 10:00:00 GMT");
        let wait = |text| retry_after(&headers(&[("retry-after", text)]), now);
        assert_eq!(wait("7"), Some(Duration::from_secs(7)));
        assert_eq!(wait(" 0 "), Some(Duration::ZERO));
        assert_eq!(wait("Sat, 21 Nov 2026 10:00:30 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(wait("Sat, 21 Nov 2026 09:00:00 GMT"), Some(Duration::ZERO));
        for text in ["-1", "1.5", "+3", "soon", "", "99999999999999999999999"] {
            assert_eq!(wait(text), None, "{text}");
        }
        assert_eq!(retry_after(&headers(&[]), now), None);
    }

    #[test]
    fn a_date_is_measured_with_the_servers_clock() {
        let ours = at("Sat, 21 Nov 2026 12:00:00 GMT");
        let map = headers(&[("date", "Sat, 21 Nov 2026 10:00:00 GMT"), ("retry-after", "Sat, 21 Nov 2026 10:00:05 GMT")]);
        assert_eq!(retry_after(&map, ours), Some(Duration::from_secs(5)));
    }

    #[test]
    fn quota_headers_count_only_when_nothing_remains() {
        let now = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let wait = |pairs: &[(&'static str, &'static str)]| quota_pause(&headers(pairs), now).map(|wait| wait.as_secs());
        assert_eq!(wait(&[("ratelimit", "\"default\";r=0;t=5")]), Some(5));
        assert_eq!(wait(&[("ratelimit", "\"default\";r=3;t=5")]), None);
        assert_eq!(wait(&[("ratelimit", "\"day\";r=0;t=50, \"second\";r=4;t=1")]), Some(50));
        assert_eq!(wait(&[("ratelimit", "limit=10, remaining=0, reset=4")]), Some(4));
        assert_eq!(wait(&[("ratelimit-remaining", "0"), ("ratelimit-reset", "3")]), Some(3));
        assert_eq!(wait(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1800000009")]), Some(9));
        assert_eq!(wait(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1800000009000")]), Some(9));
        assert_eq!(wait(&[("x-ratelimit-remaining", "1"), ("x-ratelimit-reset", "9")]), None);
        assert_eq!(wait(&[("x-ratelimit-remaining", "0")]), None);
        assert_eq!(wait(&[("ratelimit", "nonsense")]), None);
    }
}
