//! Before the first request: whether the account can be used at all, and which clients it holds already. Sends no client.

use std::sync::Arc;

use super::{Desk, Mode};
use crate::journal::RemoteIdHash;
use crate::provider::NotListed;
use crate::submit::pace::Health;
use crate::submit::{Baseline, Ended};

/// An account that holds more clients is not listed unless the user wants it: at 50 a request, 10 a second, this takes 100 s.
const BASELINE_CLIENTS_MAX: u64 = 50_000;

impl Desk {
    /// Whether the run may go on. Asks once a run, before its first request.
    pub(super) async fn preflight(&mut self) -> bool {
        if self.preflown {
            return true;
        }
        let line = Arc::clone(&self.line);
        let asked = async {
            // Why there is no slot, the plane tells.
            let mut permit = line.pace.slot().await.ok()?;
            permit.start().await.ok()?;
            let answer = line.provider.preflight(&line.pace).await;
            let usable = matches!(answer, Ok(Some(_)));
            permit.answered(usable, if usable { Health::Well(None) } else { Health::Unknown });
            Some(answer)
        };
        let answer = tokio::select! {
            biased;
            () = self.cancel.cancelled() => None,
            answer = asked => Some(answer),
        };
        match answer {
            Some(Some(Ok(clients))) => self.baseline(clients).await,
            Some(Some(Err(halt))) => self.stop(Ended::Halted(halt)),
            Some(None) => self.check_plane(),
            None => self.stop(Ended::Interrupted),
        }
        self.preflown = !self.stopping();
        self.preflown
    }

    /// Lists the account's clients into the journal, once for a run and all its continuations. Without the list the run goes on:
    /// what a look-up finds then counts as existing.
    async fn baseline(&mut self, clients: Option<u64>) {
        let wanted = match self.settings.baseline {
            Baseline::Auto => clients.is_some_and(|clients| clients <= BASELINE_CLIENTS_MAX),
            Baseline::Always => true,
            Baseline::Never => false,
        };
        let line = Arc::clone(&self.line);
        if !wanted || self.mode == Mode::Resolve || !line.provider.profile().remote_ids_unique {
            return;
        }
        match line.journal.has_baseline(&line.run) {
            Ok(false) => {}
            Ok(true) => return,
            Err(error) => return self.break_off(error),
        }
        let mut ids = Vec::new();
        if clients != Some(0) {
            let mut visit = |id: &str| ids.push(RemoteIdHash::of(id));
            let listed = tokio::select! {
                biased;
                () = self.cancel.cancelled() => None,
                listed = line.provider.list(&mut visit, &line.pace) => Some(listed),
            };
            match listed {
                Some(Ok(())) => {}
                Some(Err(NotListed::CannotAsk(_))) => return,
                Some(Err(NotListed::Halt(halt))) => return self.stop(Ended::Halted(halt)),
                None => return self.stop(Ended::Interrupted),
            }
        }
        if let Err(error) = line.journal.take_baseline(&line.run, ids).await {
            self.break_off(error);
        }
    }
}
