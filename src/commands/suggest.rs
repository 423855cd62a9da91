//! `--suggest-mapping`: the run's mapping with the lines that mend most rows, tried out on the source before it is written.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read as _, Seek as _, Write as _};
use std::ops::ControlFlow;
use std::path::Path;

use super::job::{Job, Order};
use super::{facts, mapping_text};
use crate::failure::Failure;
use crate::model::{Books, IdempotencyKey};
use crate::report::{MappingLine, Summary};
use crate::{pipeline, prepare, terminal};

/// What came of trying the lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Trial {
    /// Rows that had errors and have none any more.
    cleared: u64,
    /// Rows that were good and are so no more, or would be sent with another content.
    harmed: u64,
}

/// Writes the mapping of a job with the lines that its report found, where they do what they should. `secret` is the
/// job's own, so that rows can be compared.
pub(super) fn write(job: &Job, order: &Order<'_>, summary: &Summary, path: &Path, secret: [u8; 32]) -> Result<(), Failure> {
    if path.exists() {
        return Err(Failure::settings(
            format!("{} is there already, and no mapping is written over another file", path.display()),
            "name a new file after --suggest-mapping",
        ));
    }
    if order.file == Path::new("-") {
        return Err(Failure::settings(
            "standard input cannot be read again to try a mapping out",
            "save the clients to a file and check that",
        ));
    }
    let lines = &summary.remedy.mapping_lines;
    if lines.is_empty() {
        terminal::tell("no line in the mapping would clear a row; nothing was written\n");
        return Ok(());
    }
    let old = match order.mapping {
        Some(path) => {
            std::fs::read_to_string(path).map_err(|why| prepare::MappingError::Unreadable { path: path.to_owned(), why })?
        }
        None => prepare::infer(&job.to, &job.table.source.columns, &job.operations).to_toml_after(&inferred(&summary.run)),
    };
    let facts = facts::of(job);
    let before = states(job)?;
    let try_out = |lines: &[MappingLine]| -> Result<(String, Trial), Failure> {
        let text = mapping_text::with_lines(&old, lines, &facts, &summary.run)?;
        let trial = trial(order, &text, path, secret, job.plan.books(), &before)?;
        Ok((text, trial))
    };
    let (mut text, mut found) = try_out(lines)?;
    let mut kept = lines.clone();
    if found.harmed > 0 {
        // A translation speaks of one word that nobody took; lines about whole columns may reach further than their faults.
        kept.retain(|line| matches!(line, MappingLine::Value { .. }));
        terminal::tell(&format!(
            "note: lines about whole columns would change {} that are good today; they were left out\n",
            rows(found.harmed)
        ));
        (text, found) = if kept.is_empty() { (old.clone(), Trial::default()) } else { try_out(&kept)? };
    }
    if found.harmed > 0 || found.cleared == 0 {
        return Err(Failure::settings(
            format!(
                "the lines would clear {} and change {} that are good today, so nothing was written",
                rows(found.cleared),
                rows(found.harmed)
            ),
            "take those of the lines in the report that you want by hand, and look at what `check` says",
        ));
    }
    write_new(path, &text).map_err(|why| Failure::Output { what: format!("the mapping {}", path.display()), why })?;
    let told = summary.remedy.rows_cleared;
    let difference = if found.cleared == told || kept.len() < lines.len() {
        String::new()
    } else {
        format!(" (the causes let expect {told})")
    };
    terminal::print(&format!(
        "\nMapping {}\n  {} added; prepared again with it: {} of {} with errors cleared{difference}, no good row changed.\n  \
         Look at the lines, then give it with --mapping.\n",
        path.display(),
        if kept.len() == 1 { "1 line".to_owned() } else { format!("{} lines", kept.len()) },
        found.cleared,
        rows(summary.remedy.rows_with_errors),
    ));
    Ok(())
}

/// What a mapping says of itself that nobody has written: the run went by the headers alone.
fn inferred(run: &str) -> String {
    let run: String = run.chars().filter(|ch| !ch.is_control()).collect();
    format!(
        "The mapping that the run {run} took from the headers, with the lines that its report found. Lines marked ? are still to be settled."
    )
}

fn rows(count: u64) -> String {
    if count == 1 { "1 row".to_owned() } else { format!("{count} rows") }
}

/// Bytes that a row's state takes: whether it is good, and the key of what would be sent.
const STATE_BYTES: usize = 17;

fn state(result: &Result<crate::model::Parcel, Vec<crate::model::Fault>>) -> [u8; STATE_BYTES] {
    let mut state = [0; STATE_BYTES];
    match result {
        Ok(parcel) => {
            let IdempotencyKey(key) = parcel.key;
            state[0] = 1;
            state[1..].copy_from_slice(key.as_bytes());
        }
        // A blank row has no fault; no line makes anything of it.
        Err(faults) => state[0] = if faults.is_empty() { 2 } else { 0 },
    }
    state
}

/// The state of every row as the job prepares it, in a file without a name.
fn states(job: &Job) -> Result<File, Failure> {
    let file = tempfile::tempfile().map_err(Failure::Triage)?;
    let mut writer = BufWriter::new(file);
    pipeline::carry(&job.table, &job.plan, |prepared| {
        writer.write_all(&state(&prepared.result)).map_err(Failure::Triage)?;
        Ok(ControlFlow::Continue(()))
    })?;
    writer.into_inner().map_err(|error| Failure::Triage(error.into_error()))
}

/// Prepares every row again with another mapping, which lies beside its later place meanwhile: files that it names are found from there.
fn trial(order: &Order<'_>, text: &str, path: &Path, secret: [u8; 32], books: &Books, before: &File) -> Result<Trial, Failure> {
    let folder = order.mapping.unwrap_or(path).parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let unwritable = |why| Failure::Output { what: format!("a mapping to try in {}", folder.display()), why };
    let mut file = tempfile::Builder::new().prefix(".mapping").suffix(".partial").tempfile_in(folder).map_err(unwritable)?;
    file.write_all(text.as_bytes()).and_then(|()| file.flush()).map_err(unwritable)?;
    let mut job = Job::open(&Order { mapping: Some(file.path()), ..*order }, || Ok(secret))?;
    job.plan.set_books(books.clone());
    let mut known = before.try_clone().map_err(Failure::Triage)?;
    known.rewind().map_err(Failure::Triage)?;
    let mut known = BufReader::new(known);
    let mut found = Trial::default();
    pipeline::carry(&job.table, &job.plan, |prepared| {
        let mut old = [0; STATE_BYTES];
        known.read_exact(&mut old).map_err(Failure::Triage)?;
        let new = state(&prepared.result);
        match (old[0], new[0]) {
            (0, 1) => found.cleared += 1,
            (1, _) if new != old => found.harmed += 1,
            _ => {}
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}

/// A new file for its owner only: translations quote the source. It has its name when it is whole.
fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".mapping").suffix(".partial").tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map(drop).map_err(|error| error.error)
}
