//! `report`: writes a run's report again, from its source and the journal.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::job::{ANNEX_SHA256, Asked, Job, Order, Wanted, mapping_sha256, tell};
use super::{books, compare, page, suggest};
use crate::cli::ReportArgs;
use crate::config::Config;
use crate::contract::Registry;
use crate::failure::{Exit, Failure};
use crate::journal::{Journal, Run};
use crate::model::NotSent;
use crate::report::{self, Mode};
use crate::watch;

pub(super) fn run(config: &Config, registry: &Registry, args: &ReportArgs) -> Result<Exit, Failure> {
    let page = page::settings(config, &args.reporting)?;
    let path = config.journal(args.journal.as_deref());
    let Some(journal) = Journal::open_read_only(&path)? else {
        return Err(Failure::settings(
            format!("there is no journal {}", path.display()),
            "name it with --journal, or import something first",
        ));
    };
    let run = last_run(&journal, args.run.as_deref())?;
    let (job, folder, started) = again(registry, &journal, &run)?;
    let folder = args.out.clone().unwrap_or(folder);
    // Known before the report is written.
    let earlier = args.against.as_deref().map(|named| compare::earlier(&journal, named, &folder)).transpose()?;
    let wanted = Wanted { mode: Mode::Import, started, test_stand: run.test_stand, args: &args.reporting, page };
    let lang = wanted.page.lang;
    let reporter = job.reporter(&folder, &wanted)?;
    let (ended, otherwise, halt) = ending_of(&run);
    let summary = job.report(reporter, Some(&journal), otherwise, ended, halt, run.requests)?;
    let exit = tell(&summary);
    if let Some(earlier) = earlier {
        compare::write(&earlier, &folder, lang)?;
    }
    if let Some(path) = &args.suggest_mapping {
        let asked = asked(&run)?;
        suggest::write(&job, &order(registry, &run, &asked), &summary, path, journal.secret())?;
    }
    Ok(exit)
}

/// How a run ended, as the journal has it: for the report, for rows that had no turn, and what the provider said.
pub(super) fn ending_of(run: &Run) -> (report::Ended, NotSent, Option<report::Halt>) {
    let (ended, otherwise) = match run.ended.as_str() {
        "finished" => (report::Ended::Finished, NotSent::Unreachable),
        "limit" => (report::Ended::Finished, NotSent::Limit),
        "halted" | "paused" => (report::Ended::Halted, NotSent::Halted),
        // A run that was killed left no word.
        _ => (report::Ended::Interrupted, NotSent::Interrupted),
    };
    let halt = run.halt.clone().map(|what| report::Halt { what, hint: "mend that, then run the same import again".to_owned() });
    (ended, otherwise, halt)
}

/// The run of this name, or the last one.
pub(super) fn last_run(journal: &Journal, wanted: Option<&str>) -> Result<Run, Failure> {
    let mut run = match wanted {
        Some(wanted) => journal.run(wanted)?,
        None => journal
            .runs()?
            .into_iter()
            .max_by_key(|run| run.finished_at_ms.unwrap_or(run.started_at_ms))
            .ok_or_else(|| Failure::settings("the journal holds no run", "import something first"))?,
    };
    // `watch` puts a file aside when it is done with it.
    let source = Path::new(&run.source);
    if !source.exists()
        && let Some(moved) = watch::find(source, &run.sha256)
    {
        run.source = moved.to_string_lossy().into_owned();
    }
    Ok(run)
}

/// A run's source, opened again as it was, with the run's report folder and start.
pub(super) fn again(registry: &Registry, journal: &Journal, run: &Run) -> Result<(Job, PathBuf, DateTime<Utc>), Failure> {
    if run.source == "-" {
        return Err(Failure::settings(
            format!("the run {} read its clients from standard input, which cannot be read again", run.id),
            "run the same import again with the same input",
        ));
    }
    let mapping = run.mapping.as_deref().map(Path::new);
    let known = run.mapping_sha256.as_deref().map(|known| known.split(ANNEX_SHA256).next().unwrap_or(known));
    if let Some(path) = mapping
        && Some(mapping_sha256(path)?.as_str()) != known
    {
        return Err(Failure::settings(
            format!("{} is not the mapping of the run {}: its content changed since", path.display(), run.id),
            "put the mapping back as it was, or run the same import again: it sends no client twice",
        ));
    }
    let asked = asked(run)?;
    let mut job = Job::open(&order(registry, run, &asked), || Ok(journal.secret()))?;
    if job.mapping_sha256 != run.mapping_sha256 {
        return Err(Failure::settings(
            format!("a file of items that the mapping of the run {} names changed since", run.id),
            "put the file back as it was, or run the same import again: it sends no client twice",
        ));
    }
    if job.table.source.sha256 != run.sha256 {
        return Err(Failure::settings(
            format!("{} is not the file of the run {}: its content changed since", run.source, run.id),
            "put the file back as it was; a changed file is a new run",
        ));
    }
    books::take_kept(journal, &mut job);
    let started = DateTime::from_timestamp_millis(run.started_at_ms).unwrap_or_default();
    Ok((job, PathBuf::from(&run.reports), started))
}

fn asked(run: &Run) -> Result<Asked, Failure> {
    serde_json::from_str(&run.reading).map_err(|_| {
        Failure::settings(
            format!("the journal does not tell how the source of the run {} was read", run.id),
            "run the same import again: it sends no client twice",
        )
    })
}

/// What the run was made from.
fn order<'a>(registry: &'a Registry, run: &'a Run, asked: &'a Asked) -> Order<'a> {
    Order {
        registry,
        file: Path::new(&run.source),
        to: &run.operation,
        mapping: run.mapping.as_deref().map(Path::new),
        reading: &asked.reading,
        approve_transliteration: asked.approve_transliteration,
        account: &run.account,
    }
}
