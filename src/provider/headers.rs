//! Headers by which servers ask for patience: `Retry-After` and the `RateLimit` family. Does not wait.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

use super::Quota;

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

/// What the quota headers tell of the provider's windows, one entry for each.
///
/// Understands `RateLimit: "policy";r=0;t=5` with `RateLimit-Policy: "policy";q=10;w=1` (structured), `RateLimit: limit=10,
/// remaining=0, reset=5`, and `RateLimit-Limit`/`-Remaining`/`-Reset`, `X-RateLimit-…`, `X-Rate-Limit-…` (seconds or Unix time).
#[must_use]
pub fn quotas(headers: &HeaderMap, now: SystemTime) -> Vec<Quota> {
    let now = server_clock(headers).unwrap_or(now);
    let policies: Vec<Member<'_>> = texts(headers, "ratelimit-policy").flat_map(members).collect();
    let mut found = Vec::new();
    for text in texts(headers, "ratelimit") {
        let structured = text.contains(";r=") || text.contains("; r=");
        if structured {
            for member in members(text) {
                let policy = policies.iter().find(|policy| policy.name == member.name);
                let policy = policy.or(policies.first().filter(|_| policies.len() == 1));
                let (limit, window) = (policy.and_then(|it| it.number("q")), policy.and_then(|it| it.number("w")));
                note(&mut found, member.number("r"), member.number("t"), limit, window, now);
            }
            continue;
        }
        // The older form spreads one quota over the whole list.
        let of = |name: &str| members(text).find_map(|member| member.number(name));
        let window = policies.first().and_then(|policy| policy.number("w"));
        note(&mut found, of("remaining"), of("reset"), of("limit"), window, now);
    }
    for prefix in ["ratelimit", "x-ratelimit", "x-rate-limit"] {
        let text = |name: &str| headers.get(format!("{prefix}-{name}")).and_then(|value| value.to_str().ok());
        // Some servers append their policy: `0, 10;w=1`.
        let number = |name: &str| seconds(text(name)?.split([',', ';']).next()?.trim());
        let appended = text("limit").and_then(|text| members(text).find_map(|member| member.number("w")));
        let window = appended.or_else(|| policies.first().and_then(|policy| policy.number("w")));
        note(&mut found, number("remaining"), number("reset"), number("limit"), window, now);
    }
    found
}

fn note(
    found: &mut Vec<Quota>,
    remaining: Option<u64>,
    reset: Option<u64>,
    limit: Option<u64>,
    window: Option<u64>,
    now: SystemTime,
) {
    let (Some(remaining), Some(reset)) = (remaining, reset) else { return };
    found.push(Quota {
        remaining,
        reset: until(reset, now).min(WAIT_MAX),
        limit: limit.and_then(|limit| u32::try_from(limit).ok()).filter(|limit| *limit > 0),
        window: window.filter(|window| *window > 0).map(Duration::from_secs),
    });
}

fn texts<'h>(headers: &'h HeaderMap, name: &'static str) -> impl Iterator<Item = &'h str> {
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
}

/// A member of a list: a name with parameters.
struct Member<'t> {
    name: &'t str,
    text: &'t str,
}

impl Member<'_> {
    fn number(&self, wanted: &str) -> Option<u64> {
        let pairs = self.text.split(';').filter_map(|parameter| parameter.split_once('='));
        pairs.filter(|(name, _)| name.trim() == wanted).find_map(|(_, number)| seconds(number.trim()))
    }
}

fn members(text: &str) -> impl Iterator<Item = Member<'_>> {
    text.split(',').map(|text| Member { name: text.split(';').next().unwrap_or_default().trim(), text })
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
    fn quotas_are_read_in_all_their_forms() {
        let now = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let told = |pairs: &[(&'static str, &'static str)]| -> Vec<(u64, u64, Option<u32>, Option<u64>)> {
            let quotas = quotas(&headers(pairs), now);
            quotas.iter().map(|it| (it.remaining, it.reset.as_secs(), it.limit, it.window.map(|w| w.as_secs()))).collect()
        };
        assert_eq!(told(&[("ratelimit", "\"default\";r=0;t=5")]), [(0, 5, None, None)]);
        let policy = ("ratelimit-policy", "\"second\";q=10;w=1, \"day\";q=900;w=86400");
        assert_eq!(
            told(&[("ratelimit", "\"day\";r=0;t=50, \"second\";r=4;t=1"), policy]),
            [(0, 50, Some(900), Some(86_400)), (4, 1, Some(10), Some(1))]
        );
        assert_eq!(told(&[("ratelimit", "limit=10, remaining=0, reset=4")]), [(0, 4, Some(10), None)]);
        assert_eq!(told(&[("ratelimit-remaining", "3"), ("ratelimit-reset", "3")]), [(3, 3, None, None)]);
        let three = [("ratelimit-limit", "10, 10;w=1"), ("ratelimit-remaining", "0"), ("ratelimit-reset", "3")];
        assert_eq!(told(&three), [(0, 3, Some(10), Some(1))]);
        for reset in ["1800000009", "1800000009000"] {
            assert_eq!(told(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", reset)]), [(0, 9, None, None)]);
        }
        assert_eq!(told(&[("x-ratelimit-remaining", "0")]), []);
        assert_eq!(told(&[("ratelimit", "nonsense")]), []);
        assert_eq!(told(&[("ratelimit-limit", "10")]), [], "a limit alone says nothing about now");
    }
}
