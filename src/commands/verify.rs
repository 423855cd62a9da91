//! `verify`: holds a report folder against its certificate, and this against source, mapping and journal where they are named.

use std::fs::File;
use std::io;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::job::mapping_sha256;
use crate::cli::VerifyArgs;
use crate::failure::{Exit, Failure};
use crate::journal::Journal;
use crate::report::{self, Certificate, Finding, Verified};
use crate::terminal;

pub(super) fn run(args: &VerifyArgs) -> Result<Exit, Failure> {
    let Verified { certificate, findings } = report::verify(&args.folder, args.seal.as_deref())?;
    for finding in &findings {
        terminal::print(&format!("{finding}\n"));
    }
    let Some(certificate) = certificate else { return Ok(Exit::Altered) };
    let strangers = strangers(&certificate, args)?;
    for stranger in &strangers {
        terminal::print(&format!("{stranger}\n"));
    }
    terminal::print(&told(&certificate, &args.folder, &findings, args));
    Ok(match (findings.is_empty(), strangers.is_empty()) {
        (true, true) => Exit::Well,
        (true, false) => Exit::Stranger,
        (false, _) => Exit::Altered,
    })
}

/// What is named beside the report and is not what it was made from.
fn strangers(certificate: &Certificate, args: &VerifyArgs) -> Result<Vec<String>, Failure> {
    let mut found = Vec::new();
    if let Some(path) = &args.source
        && file_sha256(path)? != certificate.source.sha256
    {
        found.push(format!("{}: not the source of this report, which was {}", path.display(), certificate.source.name));
    }
    if let Some(path) = &args.mapping {
        match &certificate.mapping {
            Some(mapping) if mapping_sha256(path)? == mapping.sha256 => {}
            Some(_) => found.push(format!("{}: not the mapping of this report", path.display())),
            None => found.push(format!("{}: the report was made without a mapping file", path.display())),
        }
    }
    if let Some(path) = &args.journal {
        let journal = Journal::open_read_only(path)?.ok_or_else(|| {
            Failure::settings(format!("there is no journal {}", path.display()), "name the journal of the run with --journal")
        })?;
        match &certificate.journal {
            None => found.push(format!("{}: the report was made without a journal", path.display())),
            Some(proof) => {
                let events = journal.events_of_run(&certificate.run.as_str().into(), Some(proof.last_event))?;
                if events.events != proof.events || events.sha256 != proof.sha256 {
                    found.push(format!(
                        "{}: its events of the run {} are not those of this report: {} up to number {}, the report has {}",
                        path.display(),
                        certificate.run,
                        events.events,
                        proof.last_event,
                        proof.events
                    ));
                }
            }
        }
    }
    Ok(found)
}

fn file_sha256(path: &Path) -> Result<String, Failure> {
    let mut hash = HashOf(Sha256::new());
    File::open(path)
        .and_then(|mut file| io::copy(&mut file, &mut hash))
        .map_err(|cause| Failure::Verify(report::VerifyError::Unreadable { path: path.to_owned(), cause }))?;
    Ok(hash.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Hashes what is written to it.
struct HashOf(Sha256);

impl io::Write for HashOf {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn told(certificate: &Certificate, folder: &Path, findings: &[Finding], args: &VerifyArgs) -> String {
    if !findings.is_empty() {
        let places = if findings.len() == 1 { "1 finding".to_owned() } else { format!("{} findings", findings.len()) };
        return format!(
            "{}: {places}; this is not the report that was written. `clientferry report {}` writes it again.\n",
            folder.display(),
            certificate.run
        );
    }
    let besides: Vec<&str> = [("source", &args.source), ("mapping", &args.mapping), ("journal", &args.journal)]
        .into_iter()
        .filter(|(_, path)| path.is_some())
        .map(|(what, _)| what)
        .collect();
    let besides = if besides.is_empty() { String::new() } else { format!("; looked at besides: {}", besides.join(", ")) };
    format!(
        "{}: {} files and their sums are as they were written at {} ({} rows of {}){besides}\nseal {}\n",
        folder.display(),
        certificate.files.len() + 1,
        certificate.finished,
        certificate.rows,
        certificate.source.name,
        certificate.seal
    )
}
