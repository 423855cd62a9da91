//! A provider of our own: a local HTTP server that imitates the real ones from their contracts, keeps a ledger and can be told to fail.
//! Not a mock: it knows nothing about who calls it, listens on loopback only and is spoken to over real HTTP.

mod arrival;
mod control;
pub mod fault;
pub mod generate;
#[cfg(test)]
mod house;
mod ledger;
mod own;
mod pace;
mod registry;
mod reply;
mod requests;
mod serve;
mod settings;
mod store;
mod switches;
#[allow(dead_code, reason = "a toolbox: the imitations that come next take from it")]
mod toolbox;
mod world;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use fault::{FaultKind, FaultSpec, FaultSpecError, RetryAfter, Stage, When};
pub use requests::{RequestOutcome, RequestRecord};
pub use settings::SandboxSettings;
pub use switches::{SwitchError, SwitchSpec, SwitchValues, Switches};

use world::World;

/// Connections served at a time; further ones wait in the listener's queue.
const CONNECTIONS_MAX: usize = 512;

/// How long requests under way may take when the sandbox stops.
const STOP_GRACE: Duration = Duration::from_secs(3);

/// Why a sandbox could not be started.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// No imitation of this provider exists.
    #[error("there is no sandbox of provider {0:?}; known: {known}", known = registry::names())]
    UnknownProvider(String),
    /// The address is not one of this machine alone.
    #[error("the sandbox listens on loopback only, not on {0}; use 127.0.0.1:PORT or [::1]:PORT")]
    NotLoopback(SocketAddr),
    /// The address could not be bound.
    #[error("cannot listen on {address}: {source}; choose another port, or port 0 for any free one")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// A limit of no requests at all.
    #[error("a rate of 0 requests per second admits nothing; leave the limit out or give 1 or more")]
    RateZero,
    /// There is no operation of the provider.
    #[error("no operation of provider {0:?} was given, so every client would be refused")]
    NoOperations(String),
    /// A fault speaks of something that another imitation has and this one has not.
    #[error("the sandbox of {provider} does not know {found:?} of a fault; it knows: {}", if known.is_empty() { "none" } else { known })]
    ForeignFault {
        /// The provider.
        provider: &'static str,
        /// The odd answer or call.
        found: &'static str,
        /// Those of the provider.
        known: String,
    },
    /// A switch was not understood.
    #[error(transparent)]
    Switch(#[from] SwitchError),
    /// The ledger file could not be opened, read, cut or written.
    #[error("ledger {path}: {source}")]
    Ledger {
        /// The ledger file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another process writes to the ledger.
    #[error("ledger {0} is in use by another sandbox; stop that one or name another file")]
    LedgerInUse(PathBuf),
    /// The ledger holds clients of another provider.
    #[error("ledger {path} holds clients of {operation}, not of {provider}; name another file")]
    LedgerOfAnother {
        /// The ledger file.
        path: PathBuf,
        /// The operation of one of them.
        operation: String,
        /// The provider that is imitated.
        provider: &'static str,
    },
    /// A line of the ledger is not what a sandbox writes.
    #[error("ledger {path}: line {line} is not a ledger line; mend it or move the file away")]
    LedgerLine {
        /// The ledger file.
        path: PathBuf,
        /// Number of the line, from 1.
        line: u64,
    },
}

/// A sandbox that accepts connections; stops when it is dropped.
#[derive(Debug)]
pub struct Running {
    /// Where it answers, without a slash at the end: `http://127.0.0.1:40123`, or with the provider's path behind that.
    pub base_url: String,
    world: Arc<World>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Running {
    /// Stops: no new connections, requests under way get 3 s to finish, then their connections are closed.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        // Connection tasks end by themselves within the grace.
        self.tasks.wait().await;
    }

    /// The latest requests (up to 100,000) in order of arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.world.state().log.snapshot()
    }

    /// How many clients were ever created, those of a loaded ledger included.
    #[must_use]
    pub fn ledger_len(&self) -> usize {
        self.world.state().store.len()
    }

    /// Takes these faults instead of the present ones; requests and attempts are counted anew.
    ///
    /// # Errors
    /// When one of them speaks of something that the imitation does not know; the present ones stay.
    pub fn set_faults(&self, specs: Vec<FaultSpec>) -> Result<(), SandboxError> {
        self.world.set_faults(specs)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// The providers that can be imitated.
pub fn imitated_providers() -> impl Iterator<Item = &'static str> {
    registry::all().iter().map(|known| known.provider)
}

/// Starts a sandbox on the current tokio runtime; it answers when this returns.
///
/// # Errors
/// When the provider is not known, the address is not loopback or cannot be bound, or the ledger cannot be used.
pub async fn start(settings: SandboxSettings) -> Result<Running, SandboxError> {
    if !settings.listen.ip().is_loopback() {
        return Err(SandboxError::NotLoopback(settings.listen));
    }
    if settings.rate == Some(0) {
        return Err(SandboxError::RateZero);
    }
    let listen = settings.listen;
    let world = Arc::new(World::open(settings)?);
    let unusable = |source| SandboxError::Listen { address: listen, source };
    let listener = TcpListener::bind(listen).await.map_err(unusable)?;
    let address = listener.local_addr().map_err(unusable)?;
    let stop = CancellationToken::new();
    let tasks = TaskTracker::new();
    tasks.spawn(serve::accept(listener, Arc::clone(&world), stop.clone(), tasks.clone()));
    let base_url = format!("http://{address}{}", world.imitation.base_path());
    Ok(Running { base_url, world, stop, tasks })
}
