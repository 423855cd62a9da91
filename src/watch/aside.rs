//! Where files go when they are done with: `done/` and `failed/`, each with a note beside it. Their names say which runs they were, so
//! they are kept; where one is there already, a numbered folder takes the next.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::names;

const NOTE: &str = ".clientferry.json";
/// Files of one name that are kept apart.
const SAME_NAMES_MAX: u32 = 100_000;

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aside {
    /// It was imported, whatever became of its rows.
    Done,
    /// It cannot be imported as it is.
    Failed,
}

impl Aside {
    const ALL: [Self; 2] = [Self::Done, Self::Failed];

    /// The folder's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

pub(super) fn make_folders(watched: &Path) -> io::Result<()> {
    Aside::ALL.iter().try_for_each(|aside| make_folder(&watched.join(aside.as_str())))
}

fn make_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Moves a file, and writes the note: first the file, because a note without one says nothing.
pub(super) fn put(watched: &Path, file: &Path, aside: Aside, note: &str) -> io::Result<PathBuf> {
    let Some(name) = file.file_name() else { return Err(io::Error::from(io::ErrorKind::InvalidInput)) };
    let folder = folders(&watched.join(aside.as_str())).find(|folder| fs::symlink_metadata(folder.join(name)).is_err());
    let folder = folder.ok_or_else(|| io::Error::from(io::ErrorKind::AlreadyExists))?;
    make_folder(&folder)?;
    let to = folder.join(name);
    fs::rename(file, &to)?;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut written = options.open(folder.join(names::with(name, NOTE)))?;
    written.write_all(note.as_bytes())?;
    Ok(to)
}

fn folders(aside: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let first = aside.to_owned();
    let further = first.clone();
    std::iter::once(first).chain((2..=SAME_NAMES_MAX).map(move |number| further.join(number.to_string())))
}

/// Where a file lies that was put aside since, told by its content.
#[must_use]
pub fn find(file: &Path, sha256: &str) -> Option<PathBuf> {
    let (watched, name) = (file.parent()?, file.file_name()?);
    let of = |aside: &Aside| {
        let mut there = folders(&watched.join(aside.as_str())).map(|folder| folder.join(name)).take_while(|path| path.is_file());
        there.find(|path| super::sha256(path).is_ok_and(|found| found == sha256))
    };
    Aside::ALL.iter().find_map(of)
}
