//! The file itself: opened, told apart from other versions of itself, spooled where it comes from standard input.
//! Knows nothing about what stands in it.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use sha2::{Digest, Sha256};
use tempfile::TempPath;

use super::ReadError;

const HASH_BUFFER_BYTES: usize = 1 << 20;

/// A file that is read several times and must stay the same.
#[derive(Clone, Debug)]
pub(super) struct SourceFile {
    pub(super) name: Arc<str>,
    pub(super) path: PathBuf,
    stamp: Stamp,
    /// The spooled copy of standard input; the last owner deletes it.
    _spool: Option<Arc<TempPath>>,
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
        Ok(Self { name, path: path.to_owned(), stamp, _spool: None })
    }

    /// Copies a stream to a file that goes away with the last owner.
    pub(super) fn spool(input: &mut dyn Read, spool_bytes_max: u64) -> Result<Self, ReadError> {
        let failed = |error| ReadError::io("-", error);
        let mut file = tempfile::Builder::new().prefix("clientferry-").tempfile().map_err(failed)?;
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
        let stamp = Stamp::of(file.as_file()).map_err(failed)?;
        let path = file.into_temp_path();
        Ok(Self { name: "-".into(), path: path.to_path_buf(), stamp, _spool: Some(Arc::new(path)) })
    }

    /// Its length in bytes.
    pub(super) fn bytes(&self) -> u64 {
        self.stamp.bytes
    }

    /// Opens it for one more pass; an error when it is not the file of the first pass any more.
    pub(super) fn open(&self) -> Result<File, ReadError> {
        let file = File::open(&self.path).map_err(|error| self.failed(error))?;
        self.check(&file)?;
        Ok(file)
    }

    /// An error when the open file is not as it was at first.
    pub(super) fn check(&self, file: &File) -> Result<(), ReadError> {
        let now = Stamp::of(file).map_err(|error| self.failed(error))?;
        if now == self.stamp { Ok(()) } else { Err(ReadError::Changed { file: self.name.to_string() }) }
    }

    /// An error of the system under this file's name.
    pub(super) fn failed(&self, error: io::Error) -> ReadError {
        ReadError::io(&self.name, error)
    }

    /// SHA-256 of the whole file in lower-case hex; one streamed pass.
    pub(super) fn sha256(&self) -> Result<String, ReadError> {
        let mut file = self.open()?;
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
        self.check(&file)?;
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
    fn standard_input_is_spooled_hashed_and_deleted() {
        let spooled = SourceFile::spool(&mut "abc".as_bytes(), 3).unwrap();
        assert_eq!(spooled.bytes(), 3);
        assert_eq!(spooled.sha256().unwrap(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        let path = spooled.path.clone();
        let second = spooled.clone();
        drop(spooled);
        assert!(path.exists());
        drop(second);
        assert!(!path.exists());
        assert!(matches!(SourceFile::spool(&mut "abcd".as_bytes(), 3), Err(ReadError::Limit { .. })));
    }
}
