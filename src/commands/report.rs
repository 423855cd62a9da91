//! `report`: writes a run's report again, from its source and the journal.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::job::{Job, Order, tell};
use crate::cli::{ReadingArgs, ReportArgs};
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::journal::{Journal, Run};
use crate::model::NotSent;
use crate::report::{self, Mode};

pub(super) fn run(config: &Config, args: &ReportArgs) -> Result<Exit, Failure> {
    let path = config.journal(args.journal.as_deref());
    let Some(journal) = Journal::open_read_only(&path)? else {
        return Err(Failure::settings(
            format!("there is no journal {}", path.display()),
            "name it with --journal, or import something first",
        ));
    };
    let run = last_run(&journal, args.run.as_deref())?;
    let (job, folder, started) = again(&journal, &run)?;
    let folder = args.out.clone().unwrap_or(folder);
    let reporter = job.reporter(&folder, Mode::Import, started)?;
    let (ended, otherwise) = match run.ended.as_str() {
        "finished" => (report::Ended::Finished, NotSent::Unreachable),
        "limit" => (report::Ended::Finished, NotSent::Limit),
        "halted" => (report::Ended::Halted, NotSent::Halted),
        // A run that was killed left no word.
        _ => (report::Ended::Interrupted, NotSent::Interrupted),
    };
    let halt = run.halt.clone().map(|what| report::Halt { what, hint: "mend that, then run the same import again".to_owned() });
    Ok(tell(&job.report(reporter, Some(&journal), otherwise, ended, halt, run.requests)?))
}

/// The run of this name, or the last one.
pub(super) fn last_run(journal: &Journal, wanted: Option<&str>) -> Result<Run, Failure> {
    match wanted {
        Some(wanted) => Ok(journal.run(wanted)?),
        None => journal
            .runs()?
            .into_iter()
            .max_by_key(|run| run.finished_at_ms.unwrap_or(run.started_at_ms))
            .ok_or_else(|| Failure::settings("the journal holds no run", "import something first")),
    }
}

/// A run's source, opened again as it was, with the run's report folder and start.
pub(super) fn again(journal: &Journal, run: &Run) -> Result<(Job, PathBuf, DateTime<Utc>), Failure> {
    if run.source == "-" {
        return Err(Failure::settings(
            format!("the run {} read its clients from standard input, which cannot be read again", run.id),
            "run the same import again with the same input",
        ));
    }
    let order = Order {
        file: Path::new(&run.source),
        to: &run.operation,
        mapping: run.mapping.as_deref().map(Path::new),
        reading: &ReadingArgs::default(),
        account: &run.account,
    };
    let job = Job::open(&order, || Ok(journal.secret()))?;
    if job.table.source.sha256 != run.sha256 {
        return Err(Failure::settings(
            format!("{} is not the file of the run {}: its content changed since", run.source, run.id),
            "put the file back as it was; a changed file is a new run",
        ));
    }
    let started = DateTime::from_timestamp_millis(run.started_at_ms).unwrap_or_default();
    Ok((job, PathBuf::from(&run.reports), started))
}
