//! Tokens that were given out, and what they are still worth. They live as long as the process: a restart forgets them.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Tokens given out.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    given: HashMap<String, Given>,
    count: u64,
}

#[derive(Debug)]
struct Given {
    at: Instant,
    calls: u64,
}

impl Tokens {
    /// A new token.
    pub(super) fn issue(&mut self) -> String {
        self.count += 1;
        let token = format!("sandbox-token-{}-{}", std::process::id(), self.count);
        self.given.insert(token.clone(), Given { at: Instant::now(), calls: 0 });
        token
    }

    /// Whether a token is good for one more call, which counts.
    pub(super) fn admit(&mut self, token: &str, ttl_s: u64, calls: u64) -> bool {
        let Some(given) = self.given.get_mut(token) else { return false };
        given.calls += 1;
        given.calls <= calls && given.at.elapsed() < Duration::from_secs(ttl_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_end_by_calls_and_by_time() {
        let mut tokens = Tokens::default();
        let token = tokens.issue();
        assert!(tokens.admit(&token, 60, 2) && tokens.admit(&token, 60, 2) && !tokens.admit(&token, 60, 2));
        let token = tokens.issue();
        assert!(!tokens.admit(&token, 0, 9) && !tokens.admit("unknown", 60, 9));
    }
}
