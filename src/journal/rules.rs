//! The rule book: which event may follow which state, and what it makes of a client. No I/O: the writer and the replay both ask here.

use super::{Client, ClientId, JournalError, RunId};
use crate::model::{FieldDigests, IdempotencyKey, Refusal};

/// What the journal knows about a client's way to the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// Nothing was ever intended.
    New,
    /// An intent is durable, no answer is. After a crash this means: unknown.
    Sending,
    /// A client that was unknown is sent again under the same key, no answer is there yet. Nothing less than an answer about
    /// the client itself takes the doubt away.
    Resending,
    /// The provider certainly has not got it; it may be sent.
    Idle,
    /// Created by us.
    Created,
    /// The provider had it before us.
    Existing,
    /// Refused.
    Rejected,
    /// Sent without a reliable answer.
    Unknown,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 8] =
        [Self::New, Self::Sending, Self::Resending, Self::Idle, Self::Created, Self::Existing, Self::Rejected, Self::Unknown];

    /// The word that the journal's tables use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Sending => "sending",
            Self::Resending => "resending",
            Self::Idle => "idle",
            Self::Created => "created",
            Self::Existing => "existing",
            Self::Rejected => "rejected",
            Self::Unknown => "unknown",
        }
    }

    /// Whether a client in this state is certainly not at the provider, by all that we did.
    #[must_use]
    pub fn is_absent(self) -> bool {
        match self {
            Self::New | Self::Idle | Self::Rejected => true,
            Self::Sending | Self::Resending | Self::Unknown | Self::Existing | Self::Created => false,
        }
    }

    /// How much stands against sending a client in this state; the highest of several matches decides about a row.
    #[must_use]
    pub fn weight(self) -> u8 {
        match self {
            Self::New => 0,
            Self::Idle => 1,
            Self::Rejected => 2,
            Self::Sending => 3,
            Self::Resending => 4,
            Self::Unknown => 5,
            Self::Existing => 6,
            Self::Created => 7,
        }
    }
}

/// What happens to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A request is about to leave, under this key.
    Intended {
        /// The run that sends.
        run: RunId,
        /// The key.
        key: IdempotencyKey,
        /// Digests of what is sent.
        digests: FieldDigests,
    },
    /// The provider created it.
    Created {
        /// The provider's id.
        remote_id: Box<str>,
        /// What people have to know of it.
        remark: Option<Refusal>,
    },
    /// The provider had it before.
    Existing {
        /// The provider's id, where it tells.
        remote_id: Option<Box<str>>,
        /// What people have to know of it.
        remark: Option<Refusal>,
    },
    /// The provider refused it.
    Rejected(Refusal),
    /// Certainly nothing was done.
    NotDone(Refusal),
    /// It may have been done.
    Unknown(Refusal),
}

impl Event {
    /// The word that the journal's tables and errors use.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Intended { .. } => "intended",
            Self::Created { .. } => "created",
            Self::Existing { .. } => "existing",
            Self::Rejected(_) => "rejected",
            Self::NotDone(_) => "not_done",
            Self::Unknown(_) => "unknown",
        }
    }
}

/// As much of a client as the rules look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// How far it got.
    pub state: State,
    /// The key of the last intent; `None` for a new client.
    pub key: Option<IdempotencyKey>,
}

impl Standing {
    /// A client the journal has never seen.
    pub const NEW: Self = Self { state: State::New, key: None };
}

/// The state after an event: the one rule book, used live and in replay. An event that it does not allow is
/// [`JournalError::Illegal`].
pub fn after(standing: &Standing, event: &Event) -> Result<State, JournalError> {
    let illegal = || Err(JournalError::Illegal { state: standing.state, event: event.name() });
    match standing.state {
        State::New | State::Idle | State::Rejected => match event {
            Event::Intended { .. } => Ok(State::Sending),
            Event::Created { .. } | Event::Existing { .. } | Event::Rejected(_) | Event::NotDone(_) | Event::Unknown(_) => {
                illegal()
            }
        },
        State::Sending => match event {
            Event::Created { .. } => Ok(State::Created),
            Event::Existing { .. } => Ok(State::Existing),
            Event::Rejected(_) => Ok(State::Rejected),
            Event::NotDone(_) => Ok(State::Idle),
            Event::Unknown(_) => Ok(State::Unknown),
            Event::Intended { .. } => illegal(),
        },
        State::Resending => match event {
            Event::Created { .. } => Ok(State::Created),
            Event::Existing { .. } => Ok(State::Existing),
            // These speak about the repeat only. The first request may still have created the client, so the doubt stays; a
            // provider that forgot the key and sees a double also "refuses".
            Event::Rejected(_) | Event::NotDone(_) | Event::Unknown(_) => Ok(State::Unknown),
            Event::Intended { .. } => illegal(),
        },
        State::Unknown => match event {
            Event::Intended { key, .. } if standing.key == Some(*key) => Ok(State::Resending),
            Event::Intended { .. } => illegal(),
            Event::Created { .. } => Ok(State::Created),
            Event::Existing { .. } => Ok(State::Existing),
            Event::Rejected(_) => Ok(State::Rejected),
            Event::NotDone(_) => Ok(State::Idle),
            Event::Unknown(_) => Ok(State::Unknown),
        },
        State::Created | State::Existing => illegal(),
    }
}

/// One line of the event log.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Whom it happened to.
    pub(super) client: ClientId,
    /// When, milliseconds since 1970 UTC.
    pub(super) at_ms: i64,
    /// What.
    pub(super) event: Event,
    /// For an intent: the operation it goes to.
    pub(super) operation: Option<Box<str>>,
    /// HTTP status of the answer, where one came.
    pub(super) http_status: Option<u16>,
}

/// When the key of an intent first left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyLeft {
    /// With this intent.
    Now,
    /// At this time, milliseconds since 1970 UTC.
    Since(i64),
    /// The client's earlier events have to be asked.
    Earlier,
}

/// When the key of an intent first left, as far as the client before it tells.
pub(super) fn key_left(before: Option<&Client>, key: IdempotencyKey) -> KeyLeft {
    match before {
        None => KeyLeft::Now,
        Some(client) if client.key != key => KeyLeft::Earlier,
        // Whatever left under this key certainly did nothing: the provider has no memory of it that could run out.
        Some(client) if client.state == State::Idle => KeyLeft::Now,
        Some(client) => KeyLeft::Since(client.first_sent_at_ms),
    }
}

/// The client after an entry; `before` is `None` when it is new. `key_left_at_ms` is when the entry's key first left, where it
/// left before. Judges first: an event that is not allowed changes nothing.
pub(super) fn apply(before: Option<Client>, entry: &Entry, key_left_at_ms: Option<i64>) -> Result<Client, JournalError> {
    let standing = before.as_ref().map_or(Standing::NEW, Client::standing);
    let state = after(&standing, &entry.event)?;
    let illegal = || JournalError::Illegal { state: standing.state, event: entry.event.name() };
    match &entry.event {
        Event::Intended { run, key, digests } => {
            let (old_operation, attempts, http_status, refusal) = match before {
                Some(client) => (Some(client.operation), client.attempts, client.http_status, client.refusal),
                None => (None, 0, None, None),
            };
            Ok(Client {
                id: entry.client,
                state,
                operation: entry.operation.clone().or(old_operation).ok_or_else(illegal)?,
                run: run.clone(),
                key: *key,
                digests: digests.clone(),
                remote_id: None,
                refusal,
                attempts: attempts.saturating_add(1),
                http_status,
                first_sent_at_ms: key_left_at_ms.unwrap_or(entry.at_ms),
                changed_at_ms: entry.at_ms,
            })
        }
        Event::Created { remote_id, remark } => {
            settled(before.ok_or_else(illegal)?, state, entry, Some(remote_id.clone()), remark.clone())
        }
        Event::Existing { remote_id, remark } => {
            settled(before.ok_or_else(illegal)?, state, entry, remote_id.clone(), remark.clone())
        }
        Event::Rejected(refusal) | Event::NotDone(refusal) | Event::Unknown(refusal) => {
            settled(before.ok_or_else(illegal)?, state, entry, None, Some(refusal.clone()))
        }
    }
}

fn settled(
    before: Client,
    state: State,
    entry: &Entry,
    remote_id: Option<Box<str>>,
    refusal: Option<Refusal>,
) -> Result<Client, JournalError> {
    Ok(Client { state, remote_id, refusal, http_status: entry.http_status, changed_at_ms: entry.at_ms, ..before })
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const SAME: IdempotencyKey = IdempotencyKey(Uuid::from_u128(1));
    const OTHER: IdempotencyKey = IdempotencyKey(Uuid::from_u128(2));

    fn intended(key: IdempotencyKey) -> Event {
        Event::Intended { run: "run".into(), key, digests: FieldDigests::default() }
    }

    /// One line for each state: intended same key, intended other key, created, existing, rejected, not done, unknown.
    #[test]
    fn every_state_meets_every_event_as_the_table_says() {
        let events = [
            intended(SAME),
            intended(OTHER),
            Event::Created { remote_id: "r".into(), remark: None },
            Event::Existing { remote_id: None, remark: None },
            Event::Rejected(Refusal::default()),
            Event::NotDone(Refusal::default()),
            Event::Unknown(Refusal::default()),
        ];
        let table = "
            new        sending    sending  -        -         -         -        -
            sending    -          -        created  existing  rejected  idle     unknown
            resending  -          -        created  existing  unknown   unknown  unknown
            idle       sending    sending  -        -         -         -        -
            created    -          -        -        -         -         -        -
            existing   -          -        -        -         -         -        -
            rejected   sending    sending  -        -         -         -        -
            unknown    resending  -        created  existing  rejected  idle     unknown
        ";
        let lines: Vec<Vec<&str>> =
            table.lines().map(|line| line.split_whitespace().collect()).filter(|line: &Vec<&str>| !line.is_empty()).collect();
        assert_eq!(lines.len(), State::ALL.len());
        for (line, state) in lines.iter().zip(State::ALL) {
            assert_eq!(line[0], state.as_str());
            let standing = Standing { state, key: (state != State::New).then_some(SAME) };
            for (wanted, event) in line[1..].iter().zip(&events) {
                let found = after(&standing, event).map_or("-", State::as_str);
                assert_eq!(found, *wanted, "{state:?} × {event:?}");
            }
        }
    }

    #[test]
    fn only_what_stands_against_sending_weighs_more_than_a_refusal() {
        for state in State::ALL {
            assert_eq!(state.is_absent(), state.weight() <= State::Rejected.weight(), "{state:?}");
        }
    }

    #[test]
    fn doubt_outweighs_a_refusal_and_a_creation_outweighs_all() {
        let mut states = State::ALL;
        states.sort_by_key(|state| state.weight());
        let words = states.map(State::as_str);
        assert_eq!(words, ["new", "idle", "rejected", "sending", "resending", "unknown", "existing", "created"]);
    }
}
