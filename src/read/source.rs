//! The file itself: opened, told apart from other versions of itself, spooled where it comes from standard input.
//! Knows nothing about what stands in it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::ReadError;

const HASH_BUFFER_BYTES: usize = 1 << 20;

/// A file that is read several times and must stay the same.
#[derive(Clone, Debug)]
pub(super) struct SourceFile {
    pub(super) name: Arc<str>,
    pub(super) path: PathBuf,
    stamp: Stamp,
    /// The spooled copy of standard input. It has no name: the system frees it with the last owner, however that one ends.
    spool: Option<Arc<File>>,
    /// What was unpacked from it, where it is packed: the passes read this, in a file without a name.
    content: Option<Content>,
}

#[derive(Clone, Debug)]
struct Content {
    file: Arc<File>,
    stamp: Stamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    fn of(file: &File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        Ok(Self { bytes: metadata.len(), modified: metadata.modified().ok() })
    }
}

/// One pass over a file, with a place of its own: several may read the same open file at the same time.
#[derive(Debug)]
pub(super) struct Pass {
    file: Arc<File>,
    at: u64,
}

impl Read for Pass {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        #[cfg(unix)]
        let read = std::os::unix::fs::FileExt::read_at(&*self.file, buffer, self.at)?;
        #[cfg(windows)]
        let read = std::os::windows::fs::FileExt::seek_read(&*self.file, buffer, self.at)?;
        self.at = self.at.saturating_add(read as u64);
        Ok(read)
    }
}

impl Seek for Pass {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.file.metadata()?.len().checked_add_signed(by),
        };
        self.at = place.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a place before the first byte"))?;
        Ok(self.at)
    }
}

impl SourceFile {
    /// Looks at the file, or spools standard input for the path `-`.
    pub(super) fn locate(path: &Path, spool_bytes_max: u64) -> Result<Self, ReadError> {
        if path.as_os_str() == "-" {
            return Self::spool(&mut io::stdin().lock(), spool_bytes_max);
        }
        let name: Arc<str> = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into();
        let shown = path.display().to_string();
        let metadata = path.metadata().map_err(|error| ReadError::io(&shown, error))?;
        if !metadata.is_file() {
            return Err(ReadError::NotAFile { file: shown });
        }
        let file = File::open(path).map_err(|error| ReadError::io(&shown, error))?;
        let stamp = Stamp::of(&file).map_err(|error| ReadError::io(&shown, error))?;
        Ok(Self { name, path: path.to_owned(), stamp, spool: None, content: None })
    }

    /// Copies a stream to a file without a name, which nobody else can open and which does not outlive the program.
    pub(super) fn spool(input: &mut dyn Read, spool_bytes_max: u64) -> Result<Self, ReadError> {
        let failed = |error| ReadError::io("-", error);
        let mut file = tempfile::tempfile().map_err(failed)?;
        let bytes = io::copy(&mut input.take(spool_bytes_max.saturating_add(1)), &mut file).map_err(failed)?;
        if bytes > spool_bytes_max {
            return Err(ReadError::Limit {
                file: "-".to_owned(),
                what: "bytes on standard input:",
                found: bytes,
                allowed: spool_bytes_max,
            });
        }
        file.flush().map_err(failed)?;
        let stamp = Stamp::of(&file).map_err(failed)?;
        Ok(Self { name: "-".into(), path: "-".into(), stamp, spool: Some(Arc::new(file)), content: None })
    }

    /// The same source, whose passes read what was unpacked from it.
    pub(super) fn with_content(self, mut file: File) -> Result<Self, ReadError> {
        file.flush().map_err(|error| self.failed(error))?;
        let stamp = Stamp::of(&file).map_err(|error| self.failed(error))?;
        Ok(Self { content: Some(Content { file: Arc::new(file), stamp }), ..self })
    }

    /// Whether it came through standard input.
    pub(super) fn is_spooled(&self) -> bool {
        self.spool.is_some()
    }

    /// The length in bytes of what the passes read.
    pub(super) fn bytes(&self) -> u64 {
        self.read_stamp().bytes
    }

    fn read_stamp(&self) -> Stamp {
        self.content.as_ref().map_or(self.stamp, |content| content.stamp)
    }

    /// Opens it for one more pass; an error when it is not the file of the first pass any more.
    pub(super) fn open(&self) -> Result<Pass, ReadError> {
        let outside = self.open_outside()?;
        Ok(match &self.content {
            Some(content) => Pass { file: Arc::clone(&content.file), at: 0 },
            None => outside,
        })
    }

    /// Opens the file as it lies there, packed where it is packed.
    fn open_outside(&self) -> Result<Pass, ReadError> {
        let file = match &self.spool {
            Some(spool) => Arc::clone(spool),
            None => Arc::new(File::open(&self.path).map_err(|error| self.failed(error))?),
        };
        let now = Stamp::of(&file).map_err(|error| self.failed(error))?;
        if now == self.stamp { Ok(Pass { file, at: 0 }) } else { Err(self.changed()) }
    }

    /// An error when the open file is not as it was at first.
    pub(super) fn check(&self, pass: &Pass) -> Result<(), ReadError> {
        let now = Stamp::of(&pass.file).map_err(|error| self.failed(error))?;
        if now == self.read_stamp() { Ok(()) } else { Err(self.changed()) }
    }

    fn changed(&self) -> ReadError {
        ReadError::Changed { file: self.name.to_string() }
    }

    /// An error of the system under this file's name.
    pub(super) fn failed(&self, error: io::Error) -> ReadError {
        ReadError::io(&self.name, error)
    }

    /// SHA-256 of the whole file as it lies there, in lower-case hex; one streamed pass.
    pub(super) fn sha256(&self) -> Result<String, ReadError> {
        let mut file = self.open_outside()?;
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; HASH_BUFFER_BYTES];
        loop {
            let read = match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.failed(error)),
            };
            hasher.update(&buffer[..read]);
        }
        if Stamp::of(&file.file).map_err(|error| self.failed(error))? != self.stamp {
            return Err(self.changed());
        }
        Ok(hasher.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
            for nibble in [byte >> 4, byte & 0xf] {
                hex.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
            }
            hex
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_input_is_spooled_and_hashed() {
        let spooled = SourceFile::spool(&mut "abc".as_bytes(), 3).unwrap();
        assert_eq!(spooled.bytes(), 3);
        assert_eq!(spooled.sha256().unwrap(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert!(matches!(SourceFile::spool(&mut "abcd".as_bytes(), 3), Err(ReadError::Limit { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn the_spooled_copy_has_no_name_that_a_killed_run_could_leave_behind() {
        let spooled = SourceFile::spool(&mut "abc".as_bytes(), 3).unwrap();
        let links = std::os::unix::fs::MetadataExt::nlink(&spooled.spool.as_ref().unwrap().metadata().unwrap());
        assert_eq!(links, 0);
    }

    #[test]
    fn passes_over_one_spool_do_not_move_each_other() {
        let spooled = SourceFile::spool(&mut "abcdef".as_bytes(), 6).unwrap();
        let (mut one, mut other) = (spooled.open().unwrap(), spooled.open().unwrap());
        let mut text = String::new();
        one.seek(SeekFrom::End(-2)).unwrap();
        one.read_to_string(&mut text).unwrap();
        other.read_to_string(&mut text).unwrap();
        assert_eq!(text, "efabcdef");
        assert!(other.seek(SeekFrom::Current(-7)).is_err());
    }
}
