//! A file that appears under its final name only when it is whole and on the disk. Knows nothing about what it holds.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::ReportError;
use super::certificate::{Chain, ChainRecord};

/// Bytes that are gathered before they are written.
const BUFFER_BYTES: usize = 256 * 1024;

/// A file in the making, `<name>.partial`. Dropped before [`PartialFile::place`], it removes itself and leaves the old file alone.
#[derive(Debug)]
pub(super) struct PartialFile {
    /// Name without folder, as the summary lists it.
    pub(super) name: &'static str,
    /// Records after the header line.
    pub(super) rows: u64,
    /// Size of the file, and lower-case hex of its SHA-256 after [`PartialFile::sync`].
    pub(super) bytes: u64,
    pub(super) sha256: String,
    /// The chain over its lines after [`PartialFile::sync`], where it is [`PartialFile::chained`].
    pub(super) chain: Option<ChainRecord>,
    links: Option<Chain>,
    /// What people have to know about it.
    pub(super) notes: Vec<String>,
    file: Option<File>,
    buffer: Vec<u8>,
    hasher: Sha256,
    /// Others write into the file as well, in places of their choice.
    shared: bool,
    partial: PathBuf,
    target: PathBuf,
    /// Nothing of ours lies under the temporary name any more.
    placed: bool,
}

impl PartialFile {
    /// Opens `<name>.partial`, readable by the owner only; what a killed run left there is removed.
    pub(super) fn create(folder: &Path, name: &'static str) -> Result<Self, ReportError> {
        let target = folder.join(name);
        let partial = folder.join(format!("{name}.partial"));
        if target.is_dir() {
            return Err(ReportError::TargetIsFolder { path: target });
        }
        remove_remains(&partial)?;
        let failed = |cause| ReportError::Write { path: partial.clone(), cause };
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&partial).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(ReportError::Busy { path: partial }),
            // Some network file systems know no locks; the run's own lock is the first guard.
            Err(TryLockError::Error(_)) => {}
        }
        let buffer = Vec::with_capacity(BUFFER_BYTES + 4096);
        Ok(Self {
            name,
            rows: 0,
            bytes: 0,
            sha256: String::new(),
            chain: None,
            links: None,
            notes: Vec::new(),
            file: Some(file),
            buffer,
            hasher: Sha256::new(),
            shared: false,
            partial,
            target,
            placed: false,
        })
    }

    /// The file itself, for a library that writes it in places of its own choice. Nothing is written by lines then.
    pub(super) fn share(&mut self) -> Result<File, ReportError> {
        self.shared = true;
        let file = self.file.as_ref().map_or_else(|| Err(io::ErrorKind::NotFound.into()), File::try_clone);
        file.map_err(|cause| ReportError::Write { path: self.partial.clone(), cause })
    }

    /// Where it lies for the time being.
    pub(super) fn path(&self) -> &Path {
        &self.partial
    }

    /// The same file, its lines hashed in a chain.
    pub(super) fn chained(mut self) -> Self {
        self.links = Some(Chain::new());
        self
    }

    /// Where the next record is written to. Follow each record with [`PartialFile::end_row`].
    pub(super) fn line(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Ends the line and counts the record.
    pub(super) fn end_row(&mut self) -> Result<(), ReportError> {
        self.rows += 1;
        self.end_line()
    }

    /// Ends a line that is no record, such as the header.
    pub(super) fn end_line(&mut self) -> Result<(), ReportError> {
        self.buffer.push(b'\n');
        if self.buffer.len() >= BUFFER_BYTES { self.flush() } else { Ok(()) }
    }

    /// Writes what is gathered and waits until the disk has it; size and hash are known then.
    pub(super) fn sync(&mut self) -> Result<(), ReportError> {
        self.flush()?;
        if let Some(file) = &self.file {
            let failed = |cause| ReportError::Write { path: self.partial.clone(), cause };
            file.sync_all().map_err(failed)?;
            if self.shared {
                let mut written = File::open(&self.partial).map_err(failed)?;
                self.hasher = Sha256::new();
                self.bytes = io::copy(&mut written, &mut HashOf(&mut self.hasher)).map_err(failed)?;
            }
        }
        self.chain = self.links.take().map(|links| links.end(self.name));
        self.sha256 = hex(&self.hasher.finalize_reset());
        Ok(())
    }

    /// Gives the file its final name. To be called after [`PartialFile::sync`].
    pub(super) fn place(mut self) -> Result<(), (PathBuf, io::Error)> {
        // Windows does not rename an open file.
        drop(self.file.take());
        std::fs::rename(&self.partial, &self.target).map_err(|cause| (self.target.clone(), cause))?;
        self.placed = true;
        Ok(())
    }

    fn flush(&mut self) -> Result<(), ReportError> {
        let Some(file) = &mut self.file else { return Ok(()) };
        file.write_all(&self.buffer).map_err(|cause| ReportError::Write { path: self.partial.clone(), cause })?;
        self.hasher.update(&self.buffer);
        if let Some(links) = &mut self.links {
            links.take(&self.buffer);
        }
        self.bytes += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// Lets every further write go elsewhere, to a full disk for example.
    #[cfg(test)]
    pub(super) fn write_to(&mut self, file: File) {
        self.file = Some(file);
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        if !self.placed {
            drop(self.file.take());
            // Nothing can be done about a failure here; the next run removes what is left.
            let _ = std::fs::remove_file(&self.partial);
        }
    }
}

/// Hashes what is written to it.
struct HashOf<'a>(&'a mut Sha256);

impl Write for HashOf<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Bytes in lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = std::fmt::Write::write_fmt(&mut text, format_args!("{byte:02x}"));
        text
    })
}

/// Removes what a killed run left under a temporary name, unless a living one is writing it.
fn remove_remains(partial: &Path) -> Result<(), ReportError> {
    let failed = |cause| ReportError::Write { path: partial.to_path_buf(), cause };
    let kind = match std::fs::symlink_metadata(partial) {
        Ok(found) => found.file_type(),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(cause) => return Err(failed(cause)),
    };
    if kind.is_dir() {
        return Err(ReportError::TargetIsFolder { path: partial.to_path_buf() });
    }
    if kind.is_file()
        && let Ok(file) = File::open(partial)
        && matches!(file.try_lock(), Err(TryLockError::WouldBlock))
    {
        return Err(ReportError::Busy { path: partial.to_path_buf() });
    }
    std::fs::remove_file(partial).map_err(failed)
}

/// Makes renames in a folder durable, where the system can.
pub(super) fn sync_folder(folder: &Path) {
    // A folder that cannot be synced (Windows, some network file systems) still holds whole files.
    #[cfg(unix)]
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    #[cfg(not(unix))]
    let _ = folder;
}
