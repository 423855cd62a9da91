//! A folder into which somebody puts files: which of them are complete, and where they go when they are done with. Reads no file but
//! for its hash, imports nothing.

mod aside;
mod names;

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, DirEntry, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use sha2::{Digest as _, Sha256};

pub use aside::{Aside, find};

const LOCK: &str = ".clientferry-watch.lock";

/// Why a folder cannot be watched.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// Somebody does already.
    #[error("another `clientferry watch` takes the files of {folder}{holder}")]
    Locked {
        /// The folder.
        folder: String,
        /// Who holds it, as ` (process 4711)`; empty where it cannot be told.
        holder: String,
    },
    /// It cannot be read or written.
    #[error("the folder {folder} cannot be watched: {why}")]
    Unusable {
        /// The folder.
        folder: String,
        /// Why.
        why: io::Error,
    },
}

/// What tells that a file was not written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Print {
    bytes: u64,
    modified: Option<SystemTime>,
    number: u64,
}

impl Print {
    /// The file's now; `None` when it is gone or no file.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        let found = fs::symlink_metadata(path).ok()?;
        found.is_file().then(|| Self { bytes: found.len(), modified: found.modified().ok(), number: number(&found) })
    }
}

#[cfg(unix)]
fn number(found: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(found)
}

#[cfg(not(unix))]
fn number(_found: &Metadata) -> u64 {
    0
}

#[derive(Debug)]
struct Seen {
    print: Print,
    since: Instant,
    /// Not before this time.
    later: Option<Instant>,
    /// How often it was put off.
    times: u32,
}

/// A watched folder; nobody else watches it meanwhile.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    settle: Duration,
    marker: Option<String>,
    seen: HashMap<OsString, Seen>,
    _lock: File,
}

impl Folder {
    /// Takes the folder's lock. A file is complete when it has not changed for `settle` and, where there is a `marker`, such as
    /// `.ready`, a file of its name and this ending lies beside it.
    ///
    /// # Errors
    /// When somebody watches it already, or it cannot be written to.
    pub fn open(path: &Path, settle: Duration, marker: Option<String>) -> Result<Self, WatchError> {
        let unusable = |why| WatchError::Unusable { folder: path.display().to_string(), why };
        let path = fs::canonicalize(path).map_err(unusable)?;
        let lock = lock(&path)?;
        aside::make_folders(&path).map_err(unusable)?;
        Ok(Self { path, settle, marker, seen: HashMap::new(), _lock: lock })
    }

    /// Complete files whose time has come, the oldest first.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn ready(&mut self, now: Instant) -> Result<Vec<PathBuf>, WatchError> {
        let found = self.files().map_err(|why| WatchError::Unusable { folder: self.path.display().to_string(), why })?;
        self.seen.retain(|name, _| found.iter().any(|(known, _)| known == name));
        let mut ready = Vec::new();
        for (name, print) in found {
            let modified = print.modified;
            let seen =
                self.seen.entry(name.clone()).or_insert_with(|| Seen { print: print.clone(), since: now, later: None, times: 0 });
            if seen.print != print {
                *seen = Seen { print, since: now, later: None, times: 0 };
            }
            let is_settled = now.saturating_duration_since(seen.since) >= self.settle;
            if is_settled && seen.later.is_none_or(|later| later <= now) {
                ready.push((modified, name));
            }
        }
        ready.sort();
        Ok(ready.into_iter().map(|(_, name)| self.path.join(name)).collect())
    }

    /// Files that may be taken some time, with what they look like now.
    fn files(&self) -> io::Result<Vec<(OsString, Print)>> {
        let names: Vec<OsString> =
            fs::read_dir(&self.path)?.map(|entry| entry.map(|entry: DirEntry| entry.file_name())).collect::<Result<_, _>>()?;
        let mut found = Vec::new();
        for name in names {
            if let Some(marker) = &self.marker
                && let Some(of) = names::marked(&name, marker)
            {
                // What it spoke of was moved, and the program killed: it must not speak of the next file of that name.
                if !self.path.join(&of).exists() {
                    let _ = fs::remove_file(self.path.join(&name));
                }
                continue;
            }
            let is_marked = self.marker.as_ref().is_none_or(|marker| self.path.join(names::with(&name, marker)).exists());
            if !is_marked || !names::may_be_taken(&name) || self.path.join(names::with_front("~$", &name)).exists() {
                continue;
            }
            // An empty file is one that somebody has only begun.
            if let Some(print) = Print::of(&self.path.join(&name)).filter(|print| print.bytes > 0) {
                found.push((name, print));
            }
        }
        Ok(found)
    }

    /// Not this one for a while; each time twice as long, `most` at most.
    pub fn put_off(&mut self, file: &Path, first: Duration, most: Duration, now: Instant) -> Duration {
        let Some(seen) = file.file_name().and_then(|name| self.seen.get_mut(name)) else { return first };
        let wait = first.saturating_mul(2_u32.saturating_pow(seen.times)).min(most);
        seen.times = seen.times.saturating_add(1);
        seen.later = Some(now + wait);
        wait
    }

    /// Moves a file aside, with a note of what became of it.
    ///
    /// # Errors
    /// When it cannot be moved.
    pub fn put_aside(&mut self, file: &Path, aside: Aside, note: &str) -> io::Result<PathBuf> {
        let to = aside::put(&self.path, file, aside, note)?;
        if let (Some(marker), Some(name)) = (&self.marker, file.file_name()) {
            let _ = fs::remove_file(self.path.join(names::with(name, marker)));
        }
        Ok(to)
    }
}

/// SHA-256 of a file, lower-case hex.
///
/// # Errors
/// When it cannot be read.
pub fn sha256(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => hasher.update(buffer.get(..read).unwrap_or_default()),
        }
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn lock(folder: &Path) -> Result<File, WatchError> {
    let unusable = |why| WatchError::Unusable { folder: folder.display().to_string(), why };
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(folder.join(LOCK)).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => {
            let note = format!("process {}\n", std::process::id());
            file.set_len(0).and_then(|()| file.write_all(note.as_bytes())).map_err(unusable)?;
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = file.take(100).read_to_string(&mut holder);
            let holder = holder.lines().next().map_or_else(String::new, |holder| format!(" ({holder})"));
            Err(WatchError::Locked { folder: folder.display().to_string(), holder })
        }
        Err(TryLockError::Error(why)) => Err(unusable(why)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(marker: Option<&str>) -> (tempfile::TempDir, Folder) {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(place.path(), Duration::from_secs(10), marker.map(str::to_owned)).unwrap();
        (place, folder)
    }

    fn names(files: &[PathBuf]) -> Vec<String> {
        files.iter().map(|file| file.file_name().unwrap().to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_file_is_taken_when_it_has_not_changed_for_a_while() {
        let (place, mut folder) = folder(None);
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        fs::write(place.path().join("a.csv"), "begun").unwrap();
        fs::write(place.path().join("empty.csv"), "").unwrap();
        assert_eq!(names(&folder.ready(at(0)).unwrap()), [""; 0]);
        fs::write(place.path().join("a.csv"), "begun and longer").unwrap();
        assert_eq!(names(&folder.ready(at(11)).unwrap()), [""; 0]);
        assert_eq!(names(&folder.ready(at(20)).unwrap()), [""; 0]);
        assert_eq!(names(&folder.ready(at(21)).unwrap()), ["a.csv"]);
        let file = place.path().join("a.csv");
        let (minute, hour) = (Duration::from_secs(60), Duration::from_secs(150));
        assert_eq!(folder.put_off(&file, minute, hour, at(21)).as_secs(), 60);
        assert_eq!(names(&folder.ready(at(80)).unwrap()), [""; 0]);
        assert_eq!(names(&folder.ready(at(81)).unwrap()), ["a.csv"]);
        assert_eq!([0, 0].map(|_| folder.put_off(&file, minute, hour, at(81)).as_secs()), [120, 150]);
        // Another file of that name waits for nothing but to be complete.
        fs::write(&file, "another").unwrap();
        assert_eq!(names(&folder.ready(at(90)).unwrap()), [""; 0]);
        assert_eq!(names(&folder.ready(at(100)).unwrap()), ["a.csv"]);
    }

    #[test]
    fn with_a_marker_only_marked_files_are_taken_and_no_marker_is_left() {
        let (place, mut folder) = folder(Some(".ready"));
        let begin = Instant::now();
        for name in ["a.csv", "b.csv", "b.csv.ready", "gone.csv.ready"] {
            fs::write(place.path().join(name), "x").unwrap();
        }
        folder.ready(begin).unwrap();
        let ready = folder.ready(begin + Duration::from_secs(10)).unwrap();
        assert_eq!(names(&ready), ["b.csv"]);
        let to = folder.put_aside(&ready[0], Aside::Done, "{}").unwrap();
        assert!(to.ends_with("done/b.csv") && to.exists());
        assert!(!place.path().join("b.csv.ready").exists() && !place.path().join("gone.csv.ready").exists());
    }

    #[test]
    fn two_cannot_watch_one_folder() {
        let (place, folder) = folder(None);
        let second = Folder::open(place.path(), Duration::ZERO, None);
        assert!(matches!(second, Err(WatchError::Locked { holder, .. }) if holder.contains("process")));
        drop(folder);
        Folder::open(place.path(), Duration::ZERO, None).unwrap();
    }

    #[test]
    fn nothing_is_written_over_in_the_folders_aside() {
        let (place, mut folder) = folder(None);
        let file = place.path().join("a.csv");
        let mut places = Vec::new();
        for content in ["one", "two", "three"] {
            fs::write(&file, content).unwrap();
            places.push(folder.put_aside(&file, Aside::Failed, "{}").unwrap());
        }
        let contents: Vec<String> = places.iter().map(|place| fs::read_to_string(place).unwrap()).collect();
        assert_eq!(contents, ["one", "two", "three"]);
        // The name says which run it was: it is kept.
        assert_eq!(names(&places), ["a.csv"; 3]);
        let sought = sha256(&places[2]).unwrap();
        assert_eq!(find(&file, &sought), Some(places[2].clone()));
        assert_eq!(find(&file, "no such hash"), None);
    }
}
