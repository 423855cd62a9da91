//! What a sandbox is told at start: address, contracts, limits, faults, switches. Does not read command lines or files.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::contract::{Level, Operation, OwnProfile};

use super::fault::FaultSpec;
use super::switches::Switches;
use super::{SandboxError, registry};

/// How a sandbox is to behave.
#[derive(Clone, Debug)]
pub struct SandboxSettings {
    /// Loopback address to listen on; port 0 takes any free one.
    pub listen: SocketAddr,
    /// Whose imitation; [`imitated_providers`](super::imitated_providers) lists them.
    pub provider: String,
    /// The operations it accepts; those of other providers are left aside.
    pub operations: Vec<Arc<Operation>>,
    /// The profile of a provider of the user's own, which is imitated by it.
    pub own: Option<Arc<OwnProfile>>,
    /// The one credential it accepts; any that is not empty when `None`, unless the imitation gives out its own.
    pub token: Option<String>,
    /// JSON-lines file of created clients, loaded at start; kept in memory only when `None`.
    pub ledger: Option<PathBuf>,
    /// Requests admitted in any sliding second; no limit when `None`.
    pub rate: Option<u32>,
    /// How long it works on each request.
    pub latency: Duration,
    /// What goes wrong, and when.
    pub faults: Vec<FaultSpec>,
    /// How strictly bodies are judged.
    pub level: Level,
    /// Behaviour that the provider leaves open.
    pub switches: Switches,
    /// Decides which requests a fault with a probability meets.
    pub seed: u64,
}

impl SandboxSettings {
    /// The provider's own limits, any free port, no faults, nothing kept on disk.
    #[must_use]
    pub fn new(provider: &str, operations: Vec<Arc<Operation>>) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            provider: provider.to_owned(),
            operations,
            own: None,
            token: None,
            ledger: None,
            rate: registry::find(provider).and_then(|known| known.rate_per_second),
            latency: Duration::ZERO,
            faults: Vec::new(),
            level: Level::Strict,
            switches: Switches::default(),
            seed: 0,
        }
    }

    /// The same for a provider of the user's own, where there is a profile; its limits are the profile's.
    #[must_use]
    pub fn with_own(mut self, own: Option<Arc<OwnProfile>>) -> Self {
        if let Some(own) = own {
            self.rate = super::own::rate_per_second(&own);
            self.own = Some(own);
        }
        self
    }

    /// Sets one switch written `NAME=VALUE`, of the imitation or common to all.
    ///
    /// # Errors
    /// When the provider, the name or the value is not known.
    pub fn set_switch(&mut self, text: &str) -> Result<(), SandboxError> {
        let switches = match (&self.own, registry::find(&self.provider)) {
            // Whoever describes a provider leaves nothing open but what every imitation has.
            (Some(_), _) => &[],
            (None, Some(known)) => known.switches,
            (None, None) => return Err(SandboxError::UnknownProvider(self.provider.clone())),
        };
        Ok(self.switches.set(text, switches)?)
    }
}
