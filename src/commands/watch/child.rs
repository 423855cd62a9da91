//! One import as a process of its own, with the arguments that the watcher was given.

use std::ffi::OsString;
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use clap::CommandFactory as _;
use clap::parser::ValueSource;

use crate::cli::Cli;
use crate::failure::Failure;
use crate::terminal;

/// Arguments that are the watcher's own.
const OWN: [&str; 6] = ["file", "settle", "marker", "retry", "help", "version"];
/// How long is waited for the last words of an import that has ended.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How imports are started.
pub(super) struct Importer {
    program: PathBuf,
    arguments: Vec<OsString>,
}

impl Importer {
    /// What this process was given, but for what is the watcher's own. Variables are passed on by themselves.
    pub(super) fn of_this_command_line() -> Result<Self, Failure> {
        let program = std::env::current_exe().map_err(|why| Failure::Output { what: "this program's name".to_owned(), why })?;
        let arguments = arguments(std::env::args_os()).ok_or_else(|| {
            Failure::settings("the command line cannot be passed on to imports", "see `clientferry watch --help`")
        })?;
        Ok(Self { program, arguments })
    }

    pub(super) fn start(&self, file: &Path) -> io::Result<Child> {
        let mut command = Command::new(&self.program);
        command.arg("import").args(&self.arguments).arg("--").arg(file).stdin(Stdio::null()).stderr(Stdio::piped());
        // Ctrl-C is for the watcher, who passes it on: two signals would end the import at once.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut process = command.spawn()?;
        let said = Arc::new(Mutex::new(Vec::new()));
        let listener = process.stderr.take().map(|stderr| {
            let said = Arc::clone(&said);
            std::thread::spawn(move || {
                for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
                    let line = String::from_utf8_lossy(&line);
                    terminal::tell(&format!("{line}\n"));
                    if line.starts_with("error: ") || line.starts_with("hint: ") {
                        said.lock().unwrap_or_else(PoisonError::into_inner).push(line.into_owned());
                    }
                }
            })
        });
        Ok(Child { process, said, listener })
    }
}

/// The arguments of `watch` that are arguments of `import` as well.
fn arguments(given: impl Iterator<Item = OsString>) -> Option<Vec<OsString>> {
    let mut command = Cli::command();
    command.build();
    let matches = command.clone().try_get_matches_from(given).ok()?;
    let (_, given) = matches.subcommand()?;
    let mut arguments = Vec::new();
    for argument in command.find_subcommand("watch")?.get_arguments() {
        let id = argument.get_id().as_str();
        if OWN.contains(&id) || given.value_source(id) != Some(ValueSource::CommandLine) {
            continue;
        }
        let flag = format!("--{}", argument.get_long()?);
        if !argument.get_action().takes_values() {
            arguments.push(flag.into());
            continue;
        }
        for value in given.get_raw(id).into_iter().flatten() {
            let mut both = OsString::from(format!("{flag}="));
            both.push(value);
            arguments.push(both);
        }
    }
    Some(arguments)
}

/// An import at work.
pub(super) struct Child {
    process: std::process::Child,
    said: Arc<Mutex<Vec<String>>>,
    listener: Option<JoinHandle<()>>,
}

/// An import that has ended.
pub(super) struct EndedChild {
    /// Its exit code; `None` when it was killed.
    pub(super) code: Option<u8>,
    /// Why it could not go on, in its own words.
    pub(super) said: Option<String>,
}

impl Child {
    /// How it ended, once it has.
    pub(super) fn ended(&mut self) -> io::Result<Option<EndedChild>> {
        let Some(status) = self.process.try_wait()? else { return Ok(None) };
        // A hook that it started may hold its stderr for longer.
        let until = Instant::now() + LAST_WORDS;
        while self.listener.as_ref().is_some_and(|listener| !listener.is_finished()) && Instant::now() < until {
            sleep(Duration::from_millis(5));
        }
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner).join("\n");
        let code = status.code().and_then(|code| u8::try_from(code).ok());
        Ok(Some(EndedChild { code, said: Some(said).filter(|said| !said.is_empty()) }))
    }

    /// Asks it to stop in good order.
    #[cfg(unix)]
    pub(super) fn ask_to_stop(&mut self) {
        // It may have ended by itself.
        let _ = rustix::process::kill_process(rustix::process::Pid::from_child(&self.process), rustix::process::Signal::TERM);
    }

    /// Ends it: the next import goes on where it was.
    #[cfg(not(unix))]
    pub(super) fn ask_to_stop(&mut self) {
        let _ = self.process.kill();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_the_import_s_is_passed_on_and_nothing_else() {
        let line = "clientferry --config c.toml watch drop --to tbank/fl-resident --settle 3 --marker .ready --retry 7 -y \
                    --control-sum A;B --formats csv,html --fault 503=2@5% --sandbox --window 22:00-06:00 --log-file l.json";
        let passed = arguments(line.split_whitespace().map(OsString::from)).unwrap();
        let mut passed: Vec<String> = passed.into_iter().map(|word| word.into_string().unwrap()).collect();
        passed.sort();
        let expected = [
            "--config=c.toml",
            "--control-sum=A",
            "--control-sum=B",
            "--fault=503=2@5%",
            "--formats=csv",
            "--formats=html",
            "--log-file=l.json",
            "--sandbox",
            "--to=tbank/fl-resident",
            "--window=22:00-06:00",
            "--yes",
        ];
        assert_eq!(passed, expected);
        // All of it is understood.
        let import = ["clientferry", "import"].into_iter().map(OsString::from).chain(passed.into_iter().map(OsString::from));
        Cli::command().try_get_matches_from(import.chain(["--", "-odd name.csv"].map(OsString::from))).unwrap();
    }
}
