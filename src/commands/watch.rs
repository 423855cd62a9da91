//! `watch`: imports complete files of a folder, one after the other, each in a process of its own: what befalls one import (memory, a
//! defect, kill) is not the watcher's end, and what is imported goes the very way of `import`.

mod child;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::json;

use self::child::{Child, Importer};
use super::job::{ANNEX_SHA256, mapping_sha256};
use super::observed;
use crate::cli::WatchArgs;
use crate::config::{Config, SANDBOX_ACCOUNT};
use crate::contract::Registry;
use crate::failure::{Exit, Failure};
use crate::journal::{Journal, Run};
use crate::provider;
use crate::submit::Session;
use crate::terminal;
use crate::watch::{Aside, Folder, Print, sha256};

/// How often the folder is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// How soon a signal is heard.
const TICK: Duration = Duration::from_millis(50);
/// The longest that a file is put off.
const PUT_OFF_MAX: Duration = Duration::from_secs(3600);
/// How soon a journal that another run holds is tried again, at least.
const LOCKED_MAX: Duration = Duration::from_secs(10);

pub(super) fn run(config: &Config, registry: &Registry, args: &WatchArgs) -> Result<Exit, Failure> {
    let watcher = Watcher::new(config, registry, args)?;
    let settle = Duration::from_secs(args.settle);
    let mut folder = Folder::open(&args.import.source.file, settle, args.marker.clone())?;
    let session = Session::start().map_err(|why| Failure::Output { what: "threads for waiting".to_owned(), why })?;
    terminal::tell(&format!("watching {} for {}\n", args.import.source.file.display(), args.import.source.to));
    tracing::info!(event = "watch", operation = watcher.operation, account = watcher.account, "a folder is watched");
    loop {
        let wait = match folder.ready(Instant::now()) {
            Ok(ready) => match ready.first() {
                Some(file) if !session.is_stopped() => watcher.take(&mut folder, &session, file),
                Some(_) | None => LOOK_AGAIN,
            },
            // A share that is away for a while is no reason to end.
            Err(error) => {
                terminal::tell(&format!("{error}; tried again in {} s\n", args.retry));
                tracing::warn!(event = "folder_away", seconds = args.retry, "the folder cannot be read now");
                watcher.retry
            }
        };
        let until = Instant::now() + wait;
        while Instant::now() < until && !session.is_stopped() {
            std::thread::sleep(TICK);
        }
        if session.is_stopped() {
            tracing::info!(event = "watch_over", "the folder is watched no more");
            // What was being imported stays in its place, and the next watcher goes on with it.
            return Ok(Exit::Well);
        }
    }
}

struct Watcher<'a> {
    importer: Importer,
    operation: &'a str,
    account: String,
    journal: PathBuf,
    mapping: Option<&'a Path>,
    /// First wait before a file is tried again.
    retry: Duration,
}

/// What comes after an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Aside(Aside),
    /// It stays in its place; others come first.
    Later,
    /// It stays in its place, and what is in its way is in the way of all.
    AllLater,
}

impl<'a> Watcher<'a> {
    /// What would be wrong with every file is told before the first.
    fn new(config: &Config, registry: &Registry, args: &'a WatchArgs) -> Result<Self, Failure> {
        let import = &args.import;
        if import.source.out.is_some() || import.limit.is_some() {
            return Err(Failure::settings(
                "--out and --limit are for one file, not for a folder of them",
                "leave them out; every file has a report of its own below the folder of reports",
            ));
        }
        config.hooks()?;
        let operations = registry.find(&import.source.to)?;
        let provider_name = operations.first().map_or("", |operation| operation.provider()).to_owned();
        let account = if import.sandbox {
            SANDBOX_ACCOUNT.to_owned()
        } else {
            let account = config.account_name(import.source.account.as_deref(), &provider_name)?;
            let provider = provider::connect(&provider_name, &config.account(&account, &provider_name)?)?;
            if !import.yes && !provider.is_loopback() {
                return Err(Failure::settings(
                    "nobody is there to agree to sending to a real provider",
                    "add --yes, or rehearse first with --sandbox",
                ));
            }
            account
        };
        let watcher = Self {
            importer: Importer::of_this_command_line()?,
            operation: &import.source.to,
            account,
            journal: config.journal(import.source.journal.as_deref()),
            mapping: import.source.mapping.as_deref(),
            retry: Duration::from_secs(args.retry),
        };
        watcher.mapping_hash()?;
        Ok(watcher)
    }

    fn mapping_hash(&self) -> Result<Option<String>, Failure> {
        self.mapping.map(mapping_sha256).transpose()
    }

    /// Imports a file and puts it where it belongs. How long to wait before the next.
    fn take(&self, folder: &mut Folder, session: &Session, file: &Path) -> Duration {
        match self.import(folder, session, file) {
            Ok(wait) => wait,
            Err(failure) => {
                let wait = folder.put_off(file, self.retry, PUT_OFF_MAX, Instant::now());
                terminal::tell(&format!("{}: {failure}; tried again in {} s\n", file.display(), wait.as_secs()));
                tracing::warn!(event = "file_put_off", seconds = wait.as_secs(), "a file cannot be handled now");
                Duration::ZERO
            }
        }
    }

    fn import(&self, folder: &mut Folder, session: &Session, file: &Path) -> Result<Duration, Failure> {
        let unreadable = |why| Failure::Output { what: file.display().to_string(), why };
        let before = Print::of(file);
        let hash = sha256(file).map_err(unreadable)?;
        if let Some(run) = self.finished(&hash)? {
            let again = format!("its content was imported before, as the run {}: nothing was sent", run.id);
            return self.aside(folder, file, Aside::Done, &hash, None, Some(&again)).map(|()| Duration::ZERO);
        }
        terminal::tell(&format!("{}: import\n", file.display()));
        let ended =
            self.wait(session, self.importer.start(file).map_err(|why| Failure::Output { what: "a process".into(), why })?)?;
        // Whoever wrote on meanwhile has made another file of it.
        if Print::of(file) != before {
            return Ok(Duration::ZERO);
        }
        let mut next = next(ended.code);
        if next == Next::Aside(Aside::Done) && self.finished(&hash)?.is_none() {
            // The exit code alone proves nothing: only what the journal knows as finished is never handled again.
            next = Next::Later;
        }
        Ok(match next {
            Next::Aside(aside) => {
                self.aside(folder, file, aside, &hash, ended.code, ended.said.as_deref())?;
                Duration::ZERO
            }
            Next::Later | Next::AllLater if session.is_stopped() => Duration::ZERO,
            Next::Later => {
                let wait = folder.put_off(file, self.retry, PUT_OFF_MAX, Instant::now());
                self.tell_later(file, ended.code, wait);
                Duration::ZERO
            }
            Next::AllLater => {
                let wait = if ended.code == Some(Exit::Locked as u8) { self.retry.min(LOCKED_MAX) } else { self.retry };
                self.tell_later(file, ended.code, wait);
                wait
            }
        })
    }

    fn tell_later(&self, file: &Path, code: Option<u8>, wait: Duration) {
        let meaning = meaning(code);
        terminal::tell(&format!("{}: {meaning}; tried again in {} s\n", file.display(), wait.as_secs()));
        tracing::warn!(event = "file_put_off", exit_code = code, meaning, seconds = wait.as_secs(), "a file stays in its place");
    }

    /// The run that imported this content to its end, with this mapping, and has its report.
    fn finished(&self, hash: &str) -> Result<Option<Run>, Failure> {
        let Some(journal) = Journal::open_read_only(&self.journal)? else { return Ok(None) };
        let mapping = self.mapping_hash()?;
        let is_ours = |run: &Run| {
            let of_mapping = run.mapping_sha256.as_deref().map(|known| known.split(ANNEX_SHA256).next().unwrap_or(known));
            run.sha256 == hash
                && run.operation == self.operation
                && run.account == self.account
                && of_mapping == mapping.as_deref()
                && run.ended == "finished"
                && is_reported(run)
        };
        Ok(journal.runs()?.into_iter().find(is_ours))
    }

    /// Waits for an import; a stop of ours is passed on, and what is under way is waited for.
    fn wait(&self, session: &Session, mut child: Child) -> Result<child::EndedChild, Failure> {
        let mut is_asked = false;
        loop {
            if let Some(ended) = child.ended().map_err(|why| Failure::Output { what: "a process".to_owned(), why })? {
                return Ok(ended);
            }
            if session.is_stopped() && !is_asked {
                child.ask_to_stop();
                is_asked = true;
            }
            std::thread::sleep(TICK);
        }
    }

    fn aside(
        &self,
        folder: &mut Folder,
        file: &Path,
        aside: Aside,
        hash: &str,
        code: Option<u8>,
        said: Option<&str>,
    ) -> Result<(), Failure> {
        let run = match Journal::open_read_only(&self.journal) {
            Ok(Some(journal)) => journal.runs()?.into_iter().find(|run| run.sha256 == hash && run.operation == self.operation),
            Ok(None) | Err(_) => None,
        };
        let note = json!({
            "file": file.file_name().map(|name| name.to_string_lossy()),
            "sha256": hash,
            "operation": self.operation,
            "account": self.account,
            "exit_code": code,
            "meaning": code.map(|code| meaning(Some(code))),
            "run": run.as_ref().map(|run| &run.id),
            "reports": run.as_ref().map(|run| &run.reports),
            "moved": chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            "note": said,
        });
        let to = folder
            .put_aside(file, aside, &format!("{note:#}\n"))
            .map_err(|why| Failure::Output { what: format!("{} aside", file.display()), why })?;
        terminal::tell(&format!("{}: {}\n", file.display(), observed::absolute(&to).display()));
        let run = run.as_ref().map(|run| &*run.id);
        tracing::info!(event = "file", run, exit_code = code, aside = aside.as_str(), "a file is done with");
        Ok(())
    }
}

/// Whether the run's report is that of its end: a program that was killed before it was written has not told anybody.
fn is_reported(run: &Run) -> bool {
    let Ok(text) = std::fs::read(Path::new(&run.reports).join("summary.json")) else { return false };
    let Ok(summary) = serde_json::from_slice::<serde_json::Value>(&text) else { return false };
    summary.get("run").and_then(|id| id.as_str()) == Some(&*run.id)
        && summary.get("ended").and_then(|ended| ended.as_str()) == Some("finished")
}

/// What an exit code says about the file; none: it was killed.
fn next(code: Option<u8>) -> Next {
    let Some(exit) = code.and_then(Exit::of) else { return Next::Later };
    match exit {
        Exit::Well | Exit::Attention => Next::Aside(Aside::Done),
        Exit::Usage | Exit::Input | Exit::Altered | Exit::Stranger | Exit::Defect => Next::Aside(Aside::Failed),
        // The provider may have stopped it for what is in this file alone.
        Exit::Halted | Exit::Interrupted => Next::Later,
        Exit::Journal | Exit::Report | Exit::Locked | Exit::Paused => Next::AllLater,
    }
}

fn meaning(code: Option<u8>) -> &'static str {
    match code {
        Some(code) => Exit::of(code).map_or("an exit code that is none of ours", Exit::meaning),
        None => "the import was killed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_continued_stays_in_its_place() {
        for (code, expected) in [
            (0, Next::Aside(Aside::Done)),
            (1, Next::Aside(Aside::Done)),
            (2, Next::Aside(Aside::Failed)),
            (3, Next::Aside(Aside::Failed)),
            (4, Next::Later),
            (5, Next::AllLater),
            (6, Next::AllLater),
            (7, Next::AllLater),
            (10, Next::AllLater),
            (70, Next::Aside(Aside::Failed)),
            (130, Next::Later),
            (99, Next::Later),
        ] {
            assert_eq!(next(Some(code)), expected, "{code}");
        }
        assert_eq!(next(None), Next::Later);
    }
}
