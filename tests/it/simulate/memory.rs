//! A memory that stands in for the journal: the same rule book (`journal::after`), no disk, and the clock of the simulation.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use clientferry::journal::{
    Client, ClientId, Event, Intent, JournalError, Provenance, RemoteIdHash, RequestsMade, RunId, Standing, State, after,
};
use clientferry::model::{FieldDigests, IdempotencyKey, Identities, Identity, Refusal};
use clientferry::submit::Logbook;

use super::clock::Wall;

#[derive(Default)]
struct Inner {
    clients: Vec<Client>,
    by_identity: HashMap<Identity, usize>,
    remote_ids: HashSet<Box<str>>,
    requests: BTreeMap<i64, RequestsMade>,
    last_ms: Option<i64>,
}

/// What survives a kill.
pub(super) struct Memory {
    wall: Arc<Wall>,
    inner: Mutex<Inner>,
}

impl Memory {
    pub(super) fn new(wall: Arc<Wall>) -> Arc<Self> {
        Arc::new(Self { wall, inner: Mutex::default() })
    }

    /// As opening the journal does after a kill: what was on its way is unknown, and a request may have left until now.
    pub(super) fn open_again(&self) {
        let now = self.wall.now_ms();
        let mut inner = self.inner.lock().unwrap();
        inner.last_ms = inner.last_ms.max(Some(now));
        for client in inner.clients.iter_mut().filter(|it| matches!(it.state, State::Sending | State::Resending)) {
            apply(client, &Event::Unknown(Refusal::default()));
        }
    }

    pub(super) fn count(&self, state: State) -> usize {
        self.inner.lock().unwrap().clients.iter().filter(|client| client.state == state).count()
    }

    pub(super) fn is_unknown(&self, identity: &Identity) -> bool {
        let inner = self.inner.lock().unwrap();
        inner.by_identity.get(identity).is_some_and(|&at| inner.clients[at].state == State::Unknown)
    }

    pub(super) fn requests_counted(&self) -> i64 {
        self.inner.lock().unwrap().requests.values().map(|made| made.count).sum()
    }
}

fn apply(client: &mut Client, event: &Event) {
    client.state = after(&client.standing(), event).expect("the rule book allows it");
}

#[async_trait]
impl Logbook for Memory {
    fn now_ms(&self) -> i64 {
        self.wall.now_ms()
    }

    fn client(&self, identities: &[Identity]) -> Result<Option<Client>, JournalError> {
        let inner = self.inner.lock().unwrap();
        Ok(inner.by_identity.get(&identities[0]).map(|&at| inner.clients[at].clone()))
    }

    fn has_remote_id(&self, remote_id: &str) -> Result<bool, JournalError> {
        Ok(self.inner.lock().unwrap().remote_ids.contains(remote_id))
    }

    fn has_baseline(&self, _: &RunId) -> Result<bool, JournalError> {
        Ok(true)
    }

    async fn take_baseline(&self, _: &RunId, _: Vec<RemoteIdHash>) -> Result<(), JournalError> {
        Ok(())
    }

    fn provenance(&self, _: ClientId, _: &str) -> Result<Provenance, JournalError> {
        Ok(Provenance::Ours)
    }

    fn last_request_at_ms(&self) -> Result<Option<i64>, JournalError> {
        Ok(self.inner.lock().unwrap().last_ms)
    }

    fn requests_since(&self, _: &str, since_ms: i64) -> Result<Vec<RequestsMade>, JournalError> {
        let inner = self.inner.lock().unwrap();
        Ok(inner.requests.values().filter(|made| made.until_ms >= since_ms && made.count > 0).copied().collect())
    }

    async fn count_requests(&self, _: &str, made: RequestsMade) -> Result<(), JournalError> {
        let mut inner = self.inner.lock().unwrap();
        let known = inner.requests.entry(made.from_ms).or_insert(RequestsMade { count: 0, ..made });
        known.count += made.count;
        known.until_ms = known.until_ms.max(made.until_ms);
        assert!(known.count >= 0, "more is taken back than was written");
        Ok(())
    }

    async fn intend(
        &self,
        run: &RunId,
        operation: &str,
        identities: &Identities,
        key: IdempotencyKey,
        digests: &FieldDigests,
    ) -> Result<Intent, JournalError> {
        let now = self.wall.now_ms();
        let mut inner = self.inner.lock().unwrap();
        inner.last_ms = Some(now);
        let event = Event::Intended { run: run.clone(), key, digests: digests.clone() };
        let identity = identities[0].0;
        let at = match inner.by_identity.get(&identity) {
            Some(&at) => at,
            None => {
                let at = inner.clients.len();
                inner.clients.push(Client {
                    id: ClientId(i64::try_from(at).unwrap()),
                    state: after(&Standing::NEW, &event).unwrap(),
                    operation: operation.into(),
                    run: run.clone(),
                    key,
                    digests: digests.clone(),
                    remote_id: None,
                    refusal: None,
                    attempts: 1,
                    http_status: None,
                    first_sent_at_ms: now,
                    changed_at_ms: now,
                });
                inner.by_identity.insert(identity, at);
                return Ok(Intent::Written(ClientId(i64::try_from(at).unwrap())));
            }
        };
        let client = &mut inner.clients[at];
        if after(&client.standing(), &event).is_err() {
            return Ok(Intent::Refused(client.state));
        }
        if !matches!(client.state, State::Unknown) {
            client.first_sent_at_ms = now;
        }
        client.attempts += 1;
        apply(client, &event);
        Ok(Intent::Written(client.id))
    }

    async fn record(&self, client: ClientId, event: Event, _: Option<u16>) -> Result<(), JournalError> {
        let mut inner = self.inner.lock().unwrap();
        if let Event::Created { remote_id, .. } = &event {
            assert!(inner.remote_ids.insert(remote_id.clone()), "two clients have one id");
        }
        apply(&mut inner.clients[usize::try_from(client.0).unwrap()], &event);
        Ok(())
    }
}
