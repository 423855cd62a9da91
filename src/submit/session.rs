//! A place for sending to happen: its own threads, and the signals that stop it. Knows nothing of what is sent.

use std::future::Future;
use std::io;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{Sender, channel};
use tokio_util::sync::CancellationToken;

use super::Pace;
use super::sender::{Dispatch, Errand, ProgressFn, Sent};
use crate::journal::JournalError;

/// Rows that may wait for the sender: enough for what is in flight, so that a stop wastes no reading.
const ROWS_WAITING_MAX: usize = 64;
/// How a shell names a death by SIGINT.
const EXIT_INTERRUPTED: i32 = 130;

/// Threads for sending, and a stop that Ctrl-C and SIGTERM pull.
#[derive(Debug)]
pub struct Session {
    runtime: Runtime,
    stop: CancellationToken,
}

/// Whether rows are sent or only unknown ones are asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Send what may be sent.
    Send,
    /// Resolve unknowns, send nothing new.
    Resolve,
}

/// The way of rows into the sender.
#[derive(Debug)]
pub struct Feed(Sender<Dispatch>);

impl Feed {
    /// Hands a row over, waiting while the sender is busy. False: the sender takes no more.
    #[must_use]
    pub fn offer(&self, row: Dispatch) -> bool {
        self.0.blocking_send(row).is_ok()
    }
}

impl Session {
    /// Starts the threads. The first Ctrl-C or SIGTERM stops sending in good order, the second ends the program at once.
    ///
    /// # Errors
    /// When the system gives no threads or signals.
    pub fn start() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().thread_name("submit").build()?;
        let stop = CancellationToken::new();
        let pulled = stop.clone();
        let mut signals = {
            let _inside = runtime.enter();
            Signals::listen()?
        };
        runtime.spawn(async move {
            if !signals.next().await {
                return;
            }
            pulled.cancel();
            if signals.next().await {
                std::process::exit(EXIT_INTERRUPTED);
            }
        });
        Ok(Self { runtime, stop })
    }

    /// Whether somebody asked to stop.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Waits for something that is no sending, such as a sandbox's start.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// Waits for something, but not longer than until somebody asks to stop.
    pub(super) fn until_stopped<F: Future>(&self, future: F) -> Option<F::Output> {
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => None,
                came = future => Some(came),
            }
        })
    }

    /// Waits until somebody asks to stop.
    pub fn wait_for_stop(&self) {
        self.runtime.block_on(self.stop.cancelled());
    }

    /// Sends what `feed` offers, until it returns or the sender stops. Everything that was taken is in the journal when this returns.
    ///
    /// # Errors
    /// What `feed` says, or that the journal cannot be used.
    pub fn send<E>(
        &self,
        purpose: Purpose,
        errand: Errand,
        pace: &Pace,
        progress: ProgressFn,
        feed: impl FnOnce(Feed) -> Result<(), E>,
    ) -> Result<Sent, E>
    where
        E: From<JournalError>,
    {
        let (rows, taken) = channel(ROWS_WAITING_MAX);
        let (pace, stop) = (pace.clone(), self.stop.clone());
        let sending = self.runtime.spawn(async move {
            match purpose {
                Purpose::Send => errand.send(pace, taken, stop, progress).await,
                Purpose::Resolve => errand.resolve(pace, taken, stop, progress).await,
            }
        });
        let fed = feed(Feed(rows));
        let sent = match self.runtime.block_on(sending) {
            Ok(sent) => sent.map_err(E::from),
            Err(broken) => std::panic::resume_unwind(broken.into_panic()),
        };
        fed.and(sent)
    }
}

/// The signals that stop a run. Listening begins when this is made, so that none is missed between the first and the second.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// False: there will be none.
    async fn next(&mut self) -> bool {
        tokio::select! {
            pressed = self.interrupt.recv() => pressed.is_some(),
            asked = self.terminate.recv() => asked.is_some(),
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> bool {
        tokio::signal::ctrl_c().await.is_ok()
    }
}
