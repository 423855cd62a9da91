//! How long to wait before another try. Pure: randomness is passed in, nothing waits here.

use std::time::Duration;

/// Full jitter: somewhere between nothing and `base` doubled once for every try already made, at most `max`.
/// `tries` counts tries already made (1 after the first), `random` lies in 0..1.
#[must_use]
pub fn backoff(tries: u32, base: Duration, max: Duration, random: f64) -> Duration {
    let doubled = 2_u32.checked_pow(tries.saturating_sub(1)).and_then(|factor| base.checked_mul(factor)).unwrap_or(max).min(max);
    doubled.mul_f64(random.clamp(0.0, 1.0))
}

/// A planned delay made a little shorter or longer, so that many rows do not come back at once: 0.75 to 1.25 times.
#[must_use]
pub fn jittered(delay: Duration, random: f64) -> Duration {
    delay.mul_f64(0.75 + 0.5 * random.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_up_to_its_maximum() {
        let (base, max) = (Duration::from_millis(500), Duration::from_secs(8));
        let longest: Vec<u128> = (1..8).map(|tries| backoff(tries, base, max, 1.0).as_millis()).collect();
        assert_eq!(longest, [500, 1000, 2000, 4000, 8000, 8000, 8000]);
        assert_eq!(backoff(3, base, max, 0.0), Duration::ZERO);
        assert_eq!(backoff(u32::MAX, base, max, 0.5), Duration::from_secs(4));
        assert_eq!(backoff(0, base, max, 1.0), base);
    }

    #[test]
    fn jitter_stays_near_the_plan() {
        let delay = Duration::from_secs(4);
        assert_eq!(jittered(delay, 0.0), Duration::from_secs(3));
        assert_eq!(jittered(delay, 1.0), Duration::from_secs(5));
    }
}
