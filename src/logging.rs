//! Where the log goes: nowhere, to stderr or to a file, as text or as JSON lines. Decides nothing about what is told; events come
//! from whoever has something to say, and only those of this program pass.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::Mutex;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, Registry};

/// How an event is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A line for people.
    Text,
    /// A JSON object.
    Json,
}

/// Begins to write the log, to the end of `file` or to stderr. Every event is written before the program goes on: none is lost when
/// it is killed.
///
/// # Errors
/// When the file cannot be opened.
pub fn start(form: Form, file: Option<&Path>) -> io::Result<()> {
    // Libraries have events of their own, which may hold anything.
    let ours = Targets::new().with_target(env!("CARGO_CRATE_NAME"), LevelFilter::INFO);
    let to_file = file.map(open).transpose()?.map(Mutex::new);
    let text = || layer().with_target(false).with_ansi(false);
    let json = || layer().json().flatten_event(true).with_current_span(false).with_span_list(false).with_target(false);
    let layer = match (form, to_file) {
        (Form::Text, None) => text().with_writer(io::stderr).boxed(),
        (Form::Text, Some(file)) => text().with_writer(file).boxed(),
        (Form::Json, None) => json().with_writer(io::stderr).boxed(),
        (Form::Json, Some(file)) => json().with_writer(file).boxed(),
    };
    // Fails only where somebody listens already.
    let _ = Registry::default().with(layer.with_filter(ours)).try_init();
    Ok(())
}

/// The end of a file that only its owner reads. Several processes may write to it: each event is one write.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
