//! What the status of each operation's account was after its last run: a small file beside the journal. Only a change is news.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{RunEnd, Status};

/// The memory of a journal's accounts.
#[must_use]
pub fn memory_of(journal: &Path) -> PathBuf {
    beside(journal, ".status.json")
}

/// The memory, open; nobody else changes it meanwhile.
#[derive(Debug)]
pub struct Memory {
    path: PathBuf,
    entries: BTreeMap<String, Entry>,
    _lock: File,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Entry {
    status: String,
    since: DateTime<Utc>,
    run: Option<String>,
}

impl Memory {
    /// Reads it. What is not there, or is not what we wrote, remembers nothing: at worst a status is told once too often.
    ///
    /// # Errors
    /// When its lock cannot be taken.
    pub fn open(path: &Path) -> io::Result<Self> {
        let lock = private(&beside(path, ".lock"))?;
        lock.lock()?;
        let entries = std::fs::read(path).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
        Ok(Self { path: path.to_owned(), entries, _lock: lock })
    }

    /// The status after the last run.
    #[must_use]
    pub fn status(&self, operation: &str, account: &str) -> Option<Status> {
        self.entries.get(&key(operation, account)).and_then(|entry| Status::of(&entry.status))
    }

    /// Remembers a run's end: whole or not at all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn remember(&mut self, end: &RunEnd) -> io::Result<()> {
        if self.status(&end.operation, &end.account) == Some(end.status) {
            return Ok(());
        }
        let entry = Entry { status: end.status.as_str().to_owned(), since: end.finished, run: end.run.clone() };
        self.entries.insert(key(&end.operation, &end.account), entry);
        write_whole(&self.path, &serde_json::to_vec_pretty(&self.entries)?, 0o600)
    }
}

fn key(operation: &str, account: &str) -> String {
    format!("{operation} {account}")
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Writes a file beside its place and renames it when it is whole.
pub(super) fn write_whole(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let partial = beside(path, &format!(".{}.partial", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let written = options.open(&partial).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&partial, path)
    });
    if written.is_err() {
        // What is not whole helps nobody.
        let _ = std::fs::remove_file(&partial);
    }
    written
}
