//! What the sender needs of a memory: the journal is one; a model for simulations is another. Remembers nothing itself.

use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;

use crate::journal::{Client, ClientId, Event, Intent, Journal, JournalError, Provenance, RemoteIdHash, RequestsMade, RunId};
use crate::model::{FieldDigests, IdempotencyKey, Identities, Identity};

/// The durable memory of a run, and its wall clock. What each question means, [`Journal`] says.
#[async_trait]
#[allow(clippy::missing_errors_doc, reason = "every error is that of the journal")]
pub trait Logbook: Send + Sync {
    /// The time, milliseconds since 1970 UTC.
    fn now_ms(&self) -> i64;
    /// See [`Journal::client`].
    fn client(&self, identities: &[Identity]) -> Result<Option<Client>, JournalError>;
    /// See [`Journal::has_remote_id`].
    fn has_remote_id(&self, remote_id: &str) -> Result<bool, JournalError>;
    /// See [`Journal::has_baseline`].
    fn has_baseline(&self, run: &RunId) -> Result<bool, JournalError>;
    /// See [`Journal::take_baseline`].
    async fn take_baseline(&self, run: &RunId, ids: Vec<RemoteIdHash>) -> Result<(), JournalError>;
    /// See [`Journal::provenance`].
    fn provenance(&self, client: ClientId, remote_id: &str) -> Result<Provenance, JournalError>;
    /// See [`Journal::last_request_at_ms`].
    fn last_request_at_ms(&self) -> Result<Option<i64>, JournalError>;
    /// See [`Journal::requests_since`].
    fn requests_since(&self, account: &str, since_ms: i64) -> Result<Vec<RequestsMade>, JournalError>;
    /// See [`Journal::count_requests`].
    async fn count_requests(&self, account: &str, made: RequestsMade) -> Result<(), JournalError>;
    /// See [`Journal::intend`].
    async fn intend(
        &self,
        run: &RunId,
        operation: &str,
        identities: &Identities,
        key: IdempotencyKey,
        digests: &FieldDigests,
    ) -> Result<Intent, JournalError>;
    /// See [`Journal::record`].
    async fn record(&self, client: ClientId, event: Event, http_status: Option<u16>) -> Result<(), JournalError>;
}

#[async_trait]
impl Logbook for Journal {
    fn now_ms(&self) -> i64 {
        let passed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(passed.as_millis()).unwrap_or(i64::MAX)
    }

    fn client(&self, identities: &[Identity]) -> Result<Option<Client>, JournalError> {
        Self::client(self, identities)
    }

    fn has_remote_id(&self, remote_id: &str) -> Result<bool, JournalError> {
        Self::has_remote_id(self, remote_id)
    }

    fn has_baseline(&self, run: &RunId) -> Result<bool, JournalError> {
        Self::has_baseline(self, run)
    }

    async fn take_baseline(&self, run: &RunId, ids: Vec<RemoteIdHash>) -> Result<(), JournalError> {
        Self::take_baseline(self, run, ids).await
    }

    fn provenance(&self, client: ClientId, remote_id: &str) -> Result<Provenance, JournalError> {
        Self::provenance(self, client, remote_id)
    }

    fn last_request_at_ms(&self) -> Result<Option<i64>, JournalError> {
        Self::last_request_at_ms(self)
    }

    fn requests_since(&self, account: &str, since_ms: i64) -> Result<Vec<RequestsMade>, JournalError> {
        Self::requests_since(self, account, since_ms)
    }

    async fn count_requests(&self, account: &str, made: RequestsMade) -> Result<(), JournalError> {
        Self::count_requests(self, account, made).await
    }

    async fn intend(
        &self,
        run: &RunId,
        operation: &str,
        identities: &Identities,
        key: IdempotencyKey,
        digests: &FieldDigests,
    ) -> Result<Intent, JournalError> {
        Self::intend(self, run, operation, identities, key, digests).await
    }

    async fn record(&self, client: ClientId, event: Event, http_status: Option<u16>) -> Result<(), JournalError> {
        Self::record(self, client, event, http_status).await
    }
}
