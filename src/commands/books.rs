//! A run's reference books: asked for once, kept beside the journal, so that reports read names as the import did. Reads no names.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;

use super::job::Job;
use crate::failure::Failure;
use crate::journal::Journal;
use crate::model::Books;
use crate::provider::Provider;
use crate::submit::{Pace, Session};
use crate::terminal;

/// Gives the job the books that its mapping needs: those of the run's earlier parts, and what is missing from the provider.
/// False: somebody asked to stop.
pub(super) fn ask(
    session: &Session,
    provider: &dyn Provider,
    pace: &Pace,
    journal: &Journal,
    job: &mut Job,
) -> Result<bool, Failure> {
    let wanted = job.plan.books_wanted();
    if wanted.is_empty() {
        return Ok(true);
    }
    let mut books = kept(journal, job).unwrap_or_default();
    // A book that could not be had may be there by now.
    books.missing.clear();
    let further: BTreeSet<String> = wanted.into_iter().filter(|name| !books.known.contains_key(name)).collect();
    if !further.is_empty() {
        let Some(asked) = session.books(provider, &further, pace).map_err(Failure::Halted)? else {
            return Ok(false);
        };
        for (name, why) in &asked.missing {
            terminal::tell(&format!("note: the reference book `{name}` cannot be had, so its columns need ids: {why}\n"));
        }
        books.known.extend(asked.known);
        books.missing = asked.missing;
        keep(journal, job, &books)?;
    }
    job.plan.set_books(books);
    Ok(true)
}

/// Gives the job the books that its run was prepared with, where there are any.
pub(super) fn take_kept(journal: &Journal, job: &mut Job) {
    if let Some(books) = kept(journal, job) {
        job.plan.set_books(books);
    }
}

fn path(journal: &Journal, job: &Job) -> PathBuf {
    journal.path().with_file_name("books").join(format!("{}.json", job.run))
}

/// A file that is not there or cannot be read is one that has to be asked for again.
fn kept(journal: &Journal, job: &Job) -> Option<Books> {
    serde_json::from_slice(&std::fs::read(path(journal, job)).ok()?).ok()
}

/// Names of employees stand in some books: only the owner reads them.
fn keep(journal: &Journal, job: &Job, books: &Books) -> Result<(), Failure> {
    let path = path(journal, job);
    let failure = |why| Failure::Output { what: path.display().to_string(), why };
    if let Some(folder) = path.parent() {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder).map_err(failure)?;
    }
    let partial = path.with_extension("partial");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let text = serde_json::to_vec(books).map_err(|why| failure(why.into()))?;
    let write = || {
        let mut file = options.open(&partial)?;
        file.write_all(&text)?;
        file.sync_all()?;
        std::fs::rename(&partial, &path)
    };
    write().map_err(failure)
}
