//! The journal through its public door: what it keeps, what it refuses, and what survives a kill, a cut and a wrong file.

#![allow(clippy::unwrap_used, clippy::panic)]

mod books;
mod crash;
mod files;
mod life;

use std::path::{Path, PathBuf};

use clientferry::journal::{ClientId, Event, Intent, Journal, JournalError, JournalErrorKind, RunId, State, Trouble};
use clientferry::model::{FieldDigests, IdempotencyKey, Identities, Identity, Refusal};
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

const OPERATION: &str = "tbank/fl-resident";

fn identity(number: u128) -> Identity {
    Identity(number.to_be_bytes())
}

fn identities(numbers: &[u128]) -> Identities {
    numbers.iter().map(|&number| (identity(number), "inn")).collect()
}

fn key(number: u128) -> IdempotencyKey {
    IdempotencyKey(Uuid::from_u128(number))
}

fn run() -> RunId {
    "clients-3f2a91c0".into()
}

fn refusal(code: &str) -> Refusal {
    Refusal {
        code: code.into(),
        message: "the value {/inn} is not accepted".into(),
        pointer: Some("/inn".into()),
        request_id: Some("r-17".into()),
    }
}

fn created(remote_id: &str) -> Event {
    Event::Created { remote_id: remote_id.into(), remark: None }
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state").join("journal.sqlite");
    (folder, path)
}

fn waiting() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

/// A journal and a thread that waits for it.
struct Desk {
    journal: Journal,
    runtime: Runtime,
}

impl Desk {
    fn open(path: &Path) -> Self {
        Self { journal: Journal::open(path).unwrap(), runtime: waiting() }
    }

    fn intend(&self, names: &[u128], with: u128) -> Result<ClientId, JournalError> {
        let digests = FieldDigests(vec![(1, u32::try_from(with).unwrap())]);
        match self.runtime.block_on(self.journal.intend(&run(), OPERATION, &identities(names), key(with), &digests))? {
            Intent::Written(client) => Ok(client),
            // In the rule book's words, so that both can be compared.
            Intent::Refused(state) => Err(JournalError::Illegal { state, event: "intended" }),
        }
    }

    fn record(&self, client: ClientId, event: Event, status: Option<u16>) -> Result<(), JournalError> {
        self.runtime.block_on(self.journal.record(client, event, status))
    }

    fn state(&self, name: u128) -> State {
        self.journal.client(&[identity(name)]).unwrap().map_or(State::New, |client| client.state)
    }
}

/// The client of an intent that nothing stands against.
fn written(intent: Intent) -> ClientId {
    match intent {
        Intent::Written(client) => client,
        Intent::Refused(state) => panic!("a client that is {state:?} stands against it"),
    }
}

fn unusable(error: JournalError) -> (Trouble, String) {
    assert_eq!(error.kind(), JournalErrorKind::Unusable);
    assert!(!error.hint().is_empty());
    match error {
        JournalError::Unusable { trouble, why, .. } => (trouble, why),
        other => panic!("{other}"),
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    format!("{}{suffix}", path.display()).into()
}

/// A closed journal with some clients.
fn filled(path: &Path) {
    let desk = Desk::open(path);
    for name in 1..=200 {
        let id = desk.intend(&[name], name).unwrap();
        desk.record(id, created(&format!("b-{name}")), Some(201)).unwrap();
    }
}
