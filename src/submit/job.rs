//! One client on its way: what the desk must remember between its requests. The journal remembers everything else.

use std::time::Duration;

use tokio::time::Instant;

use super::sender::Dispatch;
use crate::journal::ClientId;
use crate::model::Refusal;

/// A client between two requests.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) dispatch: Dispatch,
    /// Its name in the journal, once it has one.
    pub(super) client: Option<ClientId>,
    /// The client that the journal knew it by when it was taken: no other row may mean it meanwhile.
    pub(super) claimed: Option<ClientId>,
    /// A request under this key left and its outcome is not known.
    pub(super) unknown: bool,
    /// Whether its outcome was unknown before this run.
    pub(super) unknown_before: bool,
    /// Whether the request with the unknown outcome was the one that we would send now: same operation, key and content.
    pub(super) unchanged: bool,
    /// When a request of unknown outcome first left, milliseconds since 1970.
    pub(super) first_sent_at_ms: Option<i64>,
    /// A refusal that came to a repeat: it holds if the client proves to be absent.
    pub(super) refused: Option<Refusal>,
    /// Requests of this run.
    pub(super) requests: u32,
    /// Tries in a row that certainly did nothing.
    pub(super) transient_tries: u32,
    /// Repeats by which the outcome should have been learned.
    pub(super) replays: usize,
    /// Repeats of all runs, of which a provider may allow only so many.
    pub(super) repeats: usize,
    /// Whether it was sent again after a look-up that proved its absence; that happens once a run.
    pub(super) sent_again: bool,
    /// When its next request, or its next look-up, is due.
    pub(super) due: Instant,
    /// Since when its outcome is for look-ups to tell.
    pub(super) doubted: Instant,
    /// Look-ups that did not find it.
    pub(super) look_ups: usize,
    /// Look-ups that were to be made and could not.
    pub(super) not_asked: u32,
    /// Whether it is one whose outcome an earlier run left open and that nobody has asked about in this one.
    pub(super) unasked: bool,
    /// Whether it is one of the first clients, after which is decided whether the others follow.
    pub(super) canary: bool,
}

impl Job {
    pub(super) fn new(dispatch: Dispatch) -> Self {
        Self {
            dispatch,
            client: None,
            claimed: None,
            unknown: false,
            unknown_before: false,
            unchanged: true,
            first_sent_at_ms: None,
            refused: None,
            requests: 0,
            transient_tries: 0,
            replays: 0,
            repeats: 0,
            sent_again: false,
            due: Instant::now(),
            doubted: Instant::now(),
            look_ups: 0,
            not_asked: 0,
            unasked: false,
            canary: false,
        }
    }

    /// Whether the provider still knows the key `ahead` from now, so that a repeat tells what became of the first request.
    pub(super) fn can_replay(&self, window: Option<Duration>, ahead: Duration, now_ms: i64) -> bool {
        let (Some(window), Some(first)) = (window, self.first_sent_at_ms) else { return false };
        let age = now_ms.saturating_sub(first).saturating_add(millis(ahead));
        // A clock that was turned back makes the age negative: then nobody knows it.
        self.unchanged && (0..=millis(window)).contains(&age)
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Body, FieldDigests, IdempotencyKey, Identities, Parcel, Place};

    const NOW_MS: i64 = 1_800_000_000_000;

    #[test]
    fn a_replay_needs_the_same_content_within_the_window() {
        let parcel = Parcel {
            body: Body::new(&serde_json::Value::Null),
            key: IdempotencyKey::derive("", "", "", ""),
            identities: Identities::new(),
            digests: FieldDigests::default(),
        };
        let mut job = Job::new(Dispatch { place: Place::default(), operation: "tbank/fl-resident".into(), parcel });
        let minute = Duration::from_secs(60);
        assert!(!job.can_replay(Some(minute), Duration::ZERO, NOW_MS));
        job.first_sent_at_ms = Some(NOW_MS - 30_000);
        assert!(job.can_replay(Some(minute), Duration::ZERO, NOW_MS));
        assert!(job.can_replay(Some(minute), Duration::from_secs(20), NOW_MS));
        assert!(!job.can_replay(Some(minute), Duration::from_secs(40), NOW_MS));
        assert!(!job.can_replay(None, Duration::ZERO, NOW_MS));
        job.first_sent_at_ms = Some(NOW_MS + 30_000);
        assert!(!job.can_replay(Some(minute), Duration::ZERO, NOW_MS));
        job.first_sent_at_ms = Some(NOW_MS - 30_000);
        job.unchanged = false;
        assert!(!job.can_replay(Some(minute), Duration::ZERO, NOW_MS));
    }
}
