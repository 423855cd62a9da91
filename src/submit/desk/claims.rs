//! Which clients have a row on its way. A row that means one of them waits until that one is settled and is judged then; it may
//! have become an existing client, or another one. Judges nothing itself.

use std::collections::HashSet;

use crate::journal::{Client, ClientId};
use crate::model::{IdempotencyKey, Identity};
use crate::submit::Dispatch;
use crate::submit::job::Job;

/// Clients and identities of all rows on their way, and the rows that wait for them.
#[derive(Debug, Default)]
pub(super) struct Claims {
    clients: HashSet<ClientId>,
    identities: HashSet<Identity>,
    keys: HashSet<IdempotencyKey>,
    parked: Vec<Dispatch>,
    /// Whether a claim was released since the parked rows were judged last.
    freed: bool,
}

impl Claims {
    /// Whether another row on its way is the same client, or shares an identity.
    pub(super) fn stand_against(&self, row: &Dispatch, known: Option<&Client>) -> bool {
        known.is_some_and(|client| self.clients.contains(&client.id))
            || row.parcel.identities.iter().any(|(identity, _)| self.identities.contains(identity))
    }

    /// Whether this very row is on its way.
    pub(super) fn has(&self, row: &Dispatch) -> bool {
        self.keys.contains(&row.parcel.key)
    }

    pub(super) fn claim(&mut self, job: &Job) {
        self.clients.extend(job.claimed);
        self.identities.extend(identities(job));
        self.keys.insert(job.dispatch.parcel.key);
    }

    pub(super) fn release(&mut self, job: &Job) {
        if let Some(client) = job.claimed {
            self.clients.remove(&client);
        }
        for identity in identities(job) {
            self.identities.remove(&identity);
        }
        self.keys.remove(&job.dispatch.parcel.key);
        self.freed = true;
    }

    /// Keeps a row until a claim is released.
    pub(super) fn park(&mut self, row: Dispatch) {
        self.parked.push(row);
    }

    /// How many rows are kept.
    pub(super) fn parked(&self) -> usize {
        self.parked.len()
    }

    /// The rows kept, in their order, when they may be judged again; those that still cannot go are to be parked once more.
    pub(super) fn freed(&mut self) -> Vec<Dispatch> {
        if std::mem::take(&mut self.freed) { std::mem::take(&mut self.parked) } else { Vec::new() }
    }
}

fn identities(job: &Job) -> impl Iterator<Item = Identity> {
    job.dispatch.parcel.identities.iter().map(|(identity, _)| *identity)
}
