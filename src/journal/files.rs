//! The files around the database: folder, lock and key, private to their owner. Knows nothing of what the database holds.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::error::{JournalError, Trouble};

/// The lock of a journal; released when dropped, and by the system when the process dies. The file stays: removing it would
/// let two runs hold two files of one name.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

/// One name for one journal, whatever links lead to it: lock, key and write-ahead log lie beside the real file.
/// Makes the folder (for its owner only) when `make_folder`.
pub(super) fn resolve(path: &Path, make_folder: bool) -> Result<PathBuf, JournalError> {
    if let Ok(real) = fs::canonicalize(path) {
        if real.is_dir() {
            return Err(JournalError::unusable(path, Trouble::NotAJournal, "it is a folder, not a file"));
        }
        return Ok(real);
    }
    let Some(name) = path.file_name() else {
        return Err(JournalError::unusable(path, Trouble::NotAJournal, "the path names no file"));
    };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    };
    if make_folder {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder).map_err(|e| JournalError::from_io(path, "its folder cannot be made", &e))?;
    }
    // A folder that is not there holds no journal; the caller finds that out by the file.
    Ok(fs::canonicalize(folder).unwrap_or_else(|_| folder.to_path_buf()).join(name))
}

/// `<path><suffix>`.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Length of a file in bytes; 0 when it is not there. Only asks for its size: opening and closing a database file behind
/// SQLite's back would drop the locks that this process holds on it.
pub(super) fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |found| found.len())
}

/// Whether there is such a file, be it empty.
pub(super) fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Takes the journal's lock and writes who holds it.
pub(super) fn lock(path: &Path) -> Result<Lock, JournalError> {
    let trouble = |e: &io::Error| JournalError::from_io(path, "its lock file cannot be written", e);
    let mut file = private(OpenOptions::new().read(true).write(true).create(true).truncate(false))
        .open(beside(path, ".lock"))
        .map_err(|e| trouble(&e))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // Where the system forbids reading a locked file, the holder stays unnamed.
            let _ = file.take(200).read_to_string(&mut holder);
            let holder = holder.lines().next().unwrap_or_default();
            let holder = if holder.is_empty() { String::new() } else { format!(" ({holder})") };
            return Err(JournalError::Locked { path: path.display().to_string(), holder });
        }
        Err(TryLockError::Error(e)) => return Err(JournalError::from_io(path, "it cannot be locked", &e)),
    }
    let since = chrono::Local::now().format("%Y-%m-%d %H:%M:%S %:z");
    let note = format!("process {}, since {since}\n", std::process::id());
    file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(note.as_bytes())).map_err(|e| trouble(&e))?;
    Ok(Lock { _file: file })
}

/// Makes an empty database file for its owner only; SQLite gives the files beside it the same permissions.
pub(super) fn make_database(path: &Path) -> Result<(), JournalError> {
    match private(OpenOptions::new().write(true).create_new(true)).open(path) {
        Ok(file) => file
            .sync_all()
            .and_then(|()| sync_folder(path))
            .map_err(|e| JournalError::from_io(path, "its file cannot be made durable", &e)),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(JournalError::from_io(path, "its file cannot be made", &e)),
    }
}

/// The hashing key beside the journal; `None` when there is none.
pub(super) fn read_key(path: &Path) -> Result<Option<[u8; 32]>, JournalError> {
    match fs::read(beside(path, ".key")) {
        Ok(bytes) => match <[u8; 32]>::try_from(bytes.as_slice()) {
            Ok(secret) => Ok(Some(secret)),
            Err(_) => {
                let why = format!("its key file holds {} bytes instead of 32", bytes.len());
                Err(JournalError::unusable(path, Trouble::Key, why))
            }
        },
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(JournalError::unusable(path, Trouble::Key, format!("its key file cannot be read: {e}"))),
    }
}

/// Makes the key file: whole and durable under its name, or not there at all.
pub(super) fn make_key(path: &Path) -> Result<[u8; 32], JournalError> {
    let secret = random_secret();
    let unfinished = beside(path, ".key.new");
    let write = || {
        let mut file = private(OpenOptions::new().write(true).create(true).truncate(true)).open(&unfinished)?;
        file.write_all(&secret)?;
        file.sync_all()?;
        drop(file);
        fs::rename(&unfinished, beside(path, ".key"))?;
        sync_folder(path)
    };
    write().map_err(|e| JournalError::from_io(path, "its key file cannot be written", &e))?;
    Ok(secret)
}

/// 244 random bits from the system, spread over 32 bytes.
pub(super) fn random_secret() -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(Uuid::new_v4().as_bytes());
    hash.update(Uuid::new_v4().as_bytes());
    hash.finalize().into()
}

/// Tells key files apart without telling anything about them.
pub(super) fn key_check(secret: &[u8; 32]) -> String {
    let mut hash = Sha256::new();
    hash.update(b"clientferry journal key check\0");
    hash.update(secret);
    let digest: [u8; 32] = hash.finalize().into();
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// A new name is durable only when its folder is.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

#[cfg(not(unix))]
fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}
