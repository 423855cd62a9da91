//! The created clients and the keys under which they came. Knows neither HTTP nor what a client is made of.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hasher;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use siphasher::sip128::{Hasher128, SipHasher13};
use tokio::sync::watch;
use uuid::Uuid;

use super::SandboxError;
use super::ledger::{Entry, Ledger, Line};

/// A key within the token that it was sent with. A ledger does not tell tokens, so a loaded key belongs to any token.
type ScopedKey = (Option<u64>, Uuid);

type Running = Arc<Mutex<HashMap<ScopedKey, watch::Receiver<()>>>>;

/// One created client; its content stays in the ledger.
#[derive(Debug)]
struct Client {
    key: Option<Uuid>,
    created_ms: i64,
    digest: u128,
    line: Line,
}

impl Client {
    fn of(entry: &Entry, line: Line) -> Self {
        Self { key: entry.key, created_ms: entry.time.timestamp_millis(), digest: digest(&entry.body), line }
    }
}

/// All created clients.
#[derive(Debug)]
pub(super) struct Store {
    ledger: Ledger,
    clients: Vec<Client>,
    by_key: HashMap<ScopedKey, usize>,
    /// An order of the list that is stable and, by random ids, unrelated to creation.
    by_id: BTreeSet<(Box<str>, usize)>,
    running: Running,
}

/// What a key means at this moment.
pub(super) enum Begin {
    /// It is new; the claim keeps others waiting until it is dropped.
    New(Claim),
    /// Its client was created before, from an equal body.
    Replay(usize),
    /// It was used for another body.
    Conflict,
    /// Its first request is still worked on; the receiver ends when that is over.
    Running(watch::Receiver<()>),
}

/// The right to work on a key.
pub(super) struct Claim {
    key: ScopedKey,
    running: Running,
    _done: watch::Sender<()>,
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

impl Store {
    /// Opens the ledger and takes up what it holds; `remember` is told of each entry with its number.
    pub(super) fn open(path: Option<&Path>, mut remember: impl FnMut(usize, &Entry)) -> Result<Self, SandboxError> {
        let mut clients = Vec::new();
        let mut by_key = HashMap::new();
        let mut by_id = BTreeSet::new();
        let ledger = Ledger::open(path, |entry, line| {
            let at = clients.len();
            remember(at, &entry);
            if let Some(key) = entry.key {
                by_key.insert((None, key), at);
            }
            clients.push(Client::of(&entry, line));
            by_id.insert((entry.id.into_boxed_str(), at));
        })?;
        Ok(Self { ledger, clients, by_key, by_id, running: Running::default() })
    }

    /// How many clients were created.
    pub(super) fn len(&self) -> usize {
        self.clients.len()
    }

    /// What this key means now; `ttl` is how long keys are remembered.
    pub(super) fn begin(&mut self, token: u64, key: Uuid, body: u128, ttl: Option<Duration>, now_ms: i64) -> Begin {
        let scoped = (Some(token), key);
        if let Some(over) = self.running.lock().unwrap_or_else(PoisonError::into_inner).get(&scoped) {
            return Begin::Running(over.clone());
        }
        let known = self.by_key.get(&scoped).or_else(|| self.by_key.get(&(None, key))).copied();
        let remembered = known.and_then(|at| self.clients.get(at).map(|client| (at, client))).filter(|(_, client)| {
            ttl.is_none_or(|ttl| i128::from(now_ms.saturating_sub(client.created_ms)) < ttl.as_millis().cast_signed())
        });
        match remembered {
            Some((at, client)) if client.digest == body => Begin::Replay(at),
            Some(_) => Begin::Conflict,
            None => {
                let (done, over) = watch::channel(());
                self.running.lock().unwrap_or_else(PoisonError::into_inner).insert(scoped, over);
                Begin::New(Claim { key: scoped, running: Arc::clone(&self.running), _done: done })
            }
        }
    }

    /// Creates a client that came with this token: the ledger first, then memory. Answers its number.
    pub(super) fn commit(&mut self, token: u64, entry: &Entry) -> io::Result<usize> {
        let line = self.ledger.append(entry)?;
        let at = self.clients.len();
        if let Some(key) = entry.key {
            self.by_key.insert((Some(token), key), at);
        }
        self.by_id.insert((entry.id.as_str().into(), at));
        self.clients.push(Client::of(entry, line));
        Ok(at)
    }

    /// The client with this number.
    pub(super) fn entry(&mut self, at: usize) -> io::Result<Entry> {
        match self.clients.get(at) {
            Some(client) => self.ledger.read(&client.line),
            None => Err(io::Error::other("no such client in the store")),
        }
    }

    /// The number of the first client with this id.
    pub(super) fn find(&self, id: &str) -> Option<usize> {
        self.by_id.range((Box::from(id), 0)..).next().filter(|(found, _)| **found == *id).map(|(_, at)| *at)
    }

    /// Whether the client with this number was created until `until_ms`.
    pub(super) fn is_visible(&self, at: usize, until_ms: i64) -> bool {
        self.clients.get(at).is_some_and(|client| client.created_ms <= until_ms)
    }

    /// Numbers of clients created until `until_ms`, in the order of creation.
    #[allow(dead_code, reason = "the imitations that come next list so")]
    pub(super) fn in_order(&self, until_ms: i64) -> impl DoubleEndedIterator<Item = usize> {
        (0..self.clients.len()).filter(move |at| self.is_visible(*at, until_ms))
    }

    /// Numbers of clients created until `until_ms`, in the order of their ids: those of the page, and how many there are.
    pub(super) fn page(&self, offset: usize, limit: usize, until_ms: i64) -> (Vec<usize>, usize) {
        let mut total = 0;
        let mut page = Vec::new();
        for at in self.by_id.iter().map(|(_, at)| *at).filter(|at| self.is_visible(*at, until_ms)) {
            if total >= offset && page.len() < limit {
                page.push(at);
            }
            total += 1;
        }
        (page, total)
    }

    /// Every key that was used, with the number of its latest client.
    pub(super) fn keys(&self) -> Vec<(Uuid, usize)> {
        self.clients.iter().enumerate().filter_map(|(at, client)| Some((client.key?, at))).collect()
    }

    /// Forgets all clients and keys, in the ledger too.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.ledger.clear()?;
        self.clients.clear();
        self.by_key.clear();
        self.by_id.clear();
        Ok(())
    }
}

/// Fingerprint of a JSON value, the same for any order of members.
pub(super) fn digest(value: &Value) -> u128 {
    let mut hasher = SipHasher13::new();
    feed(value, &mut hasher);
    hasher.finish128().as_u128()
}

fn feed(value: &Value, hasher: &mut SipHasher13) {
    match value {
        Value::Null => hasher.write_u8(0),
        Value::Bool(truth) => hasher.write(&[1, u8::from(*truth)]),
        Value::Number(number) => feed_text(2, &number.to_string(), hasher),
        Value::String(text) => feed_text(3, text, hasher),
        Value::Array(items) => {
            hasher.write_u8(4);
            hasher.write_usize(items.len());
            items.iter().for_each(|item| feed(item, hasher));
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            hasher.write_u8(5);
            hasher.write_usize(members.len());
            for (name, member) in members {
                feed_text(3, name, hasher);
                feed(member, hasher);
            }
        }
    }
}

fn feed_text(kind: u8, text: &str, hasher: &mut SipHasher13) {
    hasher.write_u8(kind);
    hasher.write_usize(text.len());
    hasher.write(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn store() -> Store {
        Store::open(None, |_, _| ()).unwrap()
    }

    fn create(store: &mut Store, key: u128, body: &Value, time_ms: i64) {
        let entry = Entry {
            time: chrono::DateTime::from_timestamp_millis(time_ms).unwrap(),
            operation: "tbank/lite-contact".to_owned(),
            key: Some(Uuid::from_u128(key)),
            id: Uuid::new_v4().to_string(),
            body: body.clone(),
        };
        store.commit(1, &entry).unwrap();
    }

    #[test]
    fn digests_tell_values_apart_and_not_orders() {
        let one: Value = serde_json::from_str(r#"{"a":1,"b":["x","y"]}"#).unwrap();
        let other: Value = serde_json::from_str(r#"{"b":["x","y"],"a":1}"#).unwrap();
        assert_eq!(digest(&one), digest(&other));
        assert_ne!(digest(&json!(["xy", ""])), digest(&json!(["x", "y"])));
        assert_ne!(digest(&json!("1")), digest(&json!(1)));
    }

    #[test]
    fn a_key_is_new_then_running_then_replayed_then_forgotten() {
        let mut store = store();
        let (key, body) = (Uuid::from_u128(5), json!({"a": 1}));
        let ttl = Some(Duration::from_millis(100));
        let claim = match store.begin(1, key, digest(&body), ttl, 0) {
            Begin::New(claim) => claim,
            Begin::Replay(_) | Begin::Conflict | Begin::Running(_) => panic!("a fresh key is new"),
        };
        assert!(matches!(store.begin(1, key, digest(&body), ttl, 0), Begin::Running(_)));
        assert!(matches!(store.begin(2, key, digest(&body), ttl, 0), Begin::New(_)), "keys of two tokens are apart");
        create(&mut store, 5, &body, 0);
        drop(claim);
        assert!(matches!(store.begin(1, key, digest(&body), ttl, 99), Begin::Replay(0)));
        assert!(matches!(store.begin(1, key, digest(&json!({"a": 2})), ttl, 99), Begin::Conflict));
        assert!(matches!(store.begin(1, key, digest(&body), ttl, 100), Begin::New(_)));
    }

    #[test]
    fn pages_hide_what_is_too_fresh() {
        let mut store = store();
        for number in 0..5 {
            create(&mut store, number, &json!({"n": number as u64}), number as i64 * 10);
        }
        let (page, total) = store.page(1, 2, 30);
        assert_eq!((page.len(), total), (2, 4));
        assert_eq!(store.page(9, 2, 30), (Vec::new(), 4));
        assert_eq!(store.in_order(20).collect::<Vec<_>>(), [0, 1, 2]);
        let id = store.entry(3).unwrap().id;
        assert_eq!((store.find(&id), store.find("no such id")), (Some(3), None));
    }
}
