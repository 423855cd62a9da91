//! A run and those who are told of it: the log, the metrics' file, the hooks. Whatever the run's end, by error or defect too, they are
//! told; what goes wrong with them is told on stderr and changes no exit code.

use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};

use chrono::Utc;

use crate::cli::{LogFormat, ObservingArgs};
use crate::failure::{Exit, Failure};
use crate::notify::{self, Hooks, RunEnd, Status, Sums};
use crate::report::Summary;
use crate::{logging, terminal};

/// What is known of a run, filled in as it goes.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// What was asked for.
    pub(super) operation: String,
    pub(super) account: String,
    pub(super) run: Option<String>,
    pub(super) source: Option<PathBuf>,
    pub(super) journal: Option<PathBuf>,
    pub(super) hooks: Hooks,
    pub(super) report: Option<(Sums, PathBuf)>,
    pub(super) halt: Option<(String, String)>,
}

impl Facts {
    /// The run begins, as the log tells.
    pub(super) fn begins(&mut self, run: &str, rows: u64) {
        self.run = Some(run.to_owned());
        tracing::info!(event = "start", run, operation = self.operation, account = self.account, rows, "the run begins");
    }

    /// What the report sums up.
    pub(super) fn reported(&mut self, summary: &Summary) {
        let sums = Sums {
            rows: summary.source.rows,
            outcomes: summary.outcomes.clone(),
            needing_attention: summary.needing_attention,
            sent: summary.requests.sent,
            retried: summary.requests.retried,
            throttled: summary.requests.throttled,
        };
        self.halt = summary.halt.as_ref().map(|halt| (halt.what.clone(), halt.hint.clone()));
        self.report = Some((sums, absolute(&summary.folder)));
        self.part("report");
    }

    /// A part of the run is over, as the log tells.
    pub(super) fn part(&self, part: &str) {
        tracing::info!(event = "part", run = self.run, part, "a part of the run is over");
    }
}

/// An absolute path, as far as there is one.
pub(super) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Begins to write the log, where one is wanted.
pub(super) fn start_log(args: &ObservingArgs) -> Result<(), Failure> {
    let form = match (args.log_format, &args.log_file) {
        (None, None) => return Ok(()),
        (Some(LogFormat::Text), _) => logging::Form::Text,
        (Some(LogFormat::Json), _) | (None, Some(_)) => logging::Form::Json,
    };
    logging::start(form, args.log_file.as_deref()).map_err(|why| {
        let what = args.log_file.as_ref().map_or_else(|| "the log".to_owned(), |path| format!("the log {}", path.display()));
        Failure::Output { what, why }
    })
}

/// Does a run's work, and tells whoever is to be told of its end.
pub(super) fn run(
    command: &'static str,
    args: &ObservingArgs,
    mut facts: Facts,
    work: impl FnOnce(&mut Facts) -> Result<Exit, Failure>,
) -> Result<Exit, Failure> {
    start_log(args)?;
    let started = Utc::now();
    let worked = terminal::fenced(AssertUnwindSafe(|| work(&mut facts)));
    let exit = match &worked {
        Ok(Ok(exit)) => *exit,
        Ok(Err(failure)) => failure.exit(),
        Err(_) => Exit::Defect,
    };
    if let Some(status) = status(exit) {
        let (sums, reports) = facts.report.take().unzip();
        let end = RunEnd {
            command,
            run: facts.run.take(),
            operation: facts.operation,
            account: facts.account,
            status,
            exit_code: exit as u8,
            meaning: exit.meaning(),
            started,
            finished: Utc::now(),
            sums,
            halt: facts.halt,
            source: facts.source,
            reports,
            journal: facts.journal.as_deref().map(absolute),
        };
        log_end(&end);
        tell(args.metrics_file.as_deref(), &facts.hooks, &end);
    } else {
        tracing::warn!(event = "end", exit_code = exit as u8, meaning = exit.meaning(), "nothing was done");
    }
    match worked {
        Ok(result) => result,
        Err(defect) => {
            terminal::tell(&defect);
            Ok(Exit::Defect)
        }
    }
}

fn tell(metrics: Option<&Path>, hooks: &Hooks, end: &RunEnd) {
    let mut troubles = Vec::new();
    if let Some(path) = metrics
        && let Err(why) = notify::write_metrics(path, end)
    {
        troubles.push(format!("the metrics {} cannot be written: {why}", path.display()));
    }
    troubles.extend(notify::tell(hooks, end));
    for trouble in troubles {
        tracing::warn!(event = "not_told", run = end.run, why = trouble, "somebody could not be told");
        terminal::tell(&format!("note: {trouble}\n"));
    }
}

fn log_end(end: &RunEnd) {
    let (created, rejected, unknown, not_sent) = end.sums.as_ref().map_or((None, None, None, None), |sums| {
        use crate::model::Outcome::{Created, NotSent, Rejected, Unknown};
        let count = |outcome| Some(sums.outcomes.count(outcome));
        (count(Created), count(Rejected), count(Unknown), count(NotSent))
    });
    tracing::info!(
        event = "end",
        run = end.run,
        status = end.status.as_str(),
        exit_code = end.exit_code,
        meaning = end.meaning,
        seconds = end.seconds(),
        created,
        rejected,
        unknown,
        not_sent,
        "the run ends"
    );
}

/// How the account stands after a run that ended so; `None` where there was no run: another one holds the lock.
fn status(exit: Exit) -> Option<Status> {
    match exit {
        Exit::Well => Some(Status::Well),
        Exit::Attention => Some(Status::Attention),
        Exit::Halted => Some(Status::Halted),
        Exit::Paused => Some(Status::Paused),
        Exit::Interrupted => Some(Status::Interrupted),
        Exit::Usage | Exit::Input | Exit::Journal | Exit::Report | Exit::Altered | Exit::Stranger | Exit::Defect => {
            Some(Status::Failed)
        }
        Exit::Locked => None,
    }
}
