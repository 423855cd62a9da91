//! `import`: every good row goes to the provider, once. Starts a run or continues it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use indicatif::ProgressBar;

use super::job::{Job, Order, tell};
use crate::cli::ImportArgs;
use crate::config::Config;
use crate::contract::Registry;
use crate::failure::{Exit, Failure};
use crate::journal::{Journal, Run};
use crate::model::NotSent;
use crate::provider::{self, Provider};
use crate::report::{self, Mode};
use crate::sandbox::{self, FaultSpec, Running, SandboxSettings};
use crate::submit::{Ended, Progress, Purpose, Sent, Session, SubmitSettings};
use crate::terminal;

/// The account under which rehearsals are remembered, apart from every real one.
const SANDBOX_ACCOUNT: &str = "sandbox";

pub(super) fn run(config: &Config, args: &ImportArgs) -> Result<Exit, Failure> {
    let operations = Registry::built_in().find(&args.source.to)?;
    let provider_name = operations.first().map_or("", |operation| operation.provider()).to_owned();
    let account = if args.sandbox {
        SANDBOX_ACCOUNT.to_owned()
    } else {
        config.account_name(args.source.account.as_deref(), &provider_name)?
    };
    // What is wrong with settings is told before anything is made on the disk.
    let connected = if args.sandbox { None } else { Some(provider::connect(&provider_name, &config.account(&account)?)?) };
    let faults = args.fault.iter().map(|spec| spec.parse()).collect::<Result<Vec<FaultSpec>, _>>()?;
    let submit_settings = SubmitSettings { limit: args.limit, ..config.submit_settings()? };
    let journal_path = config.journal(args.source.journal.as_deref());
    let mut opened = None;
    let job = Job::open(
        &Order {
            file: &args.source.file,
            to: &args.source.to,
            mapping: args.source.mapping.as_deref(),
            reading: &args.source.reading,
            account: &account,
        },
        || Ok(opened.insert(Journal::open(&journal_path)?).secret()),
    )?;
    let journal = match opened {
        Some(journal) => journal,
        None => Journal::open(&journal_path)?,
    };
    if let Some(provider) = &connected
        && !provider.is_loopback()
        && !args.yes
    {
        ask(&job, &account)?;
    }
    let folder = job.folder(args.source.out.as_deref(), &config.reports());
    let started = Utc::now();
    let earlier = journal.run(&job.run).ok();
    let first_started = earlier.as_ref().and_then(|run| DateTime::from_timestamp_millis(run.started_at_ms)).unwrap_or(started);
    let reporter = job.reporter(&folder, Mode::Import, first_started)?;
    let session = Session::start().map_err(|why| Failure::Output { what: "threads for sending".to_owned(), why })?;
    let (provider, running): (Arc<dyn Provider>, Option<Running>) = match connected {
        Some(provider) => (provider, None),
        None => {
            let running = start_sandbox(&session, args, faults, &provider_name, &job, &journal_path)?;
            (
                provider::connect(&provider_name, &provider::AccountSettings::for_sandbox(SANDBOX_ACCOUNT, &running.base_url))?,
                Some(running),
            )
        }
    };
    journal.begin_run(&run_record(&job, args, &folder, first_started))?;
    let sent = send(&session, provider, &journal, &job, &submit_settings, Purpose::Send)?;
    if let Some(running) = running {
        session.block_on(running.stop());
    }
    let (ended, otherwise, halt) = ending(&sent.ended);
    journal.end_run(&job.run, ended.0, halt.as_ref().map(|halt| halt.what.as_str()), sent.requests)?;
    let requests = journal.run(&job.run)?.requests;
    let summary = job.report(reporter, Some(&journal), otherwise, ended.1, halt, requests)?;
    Ok(tell(&summary))
}

/// The journal's word, the report's word, the reason for rows that had no turn, and what the provider said.
pub(super) fn ending(ended: &Ended) -> ((&'static str, report::Ended), NotSent, Option<report::Halt>) {
    match ended {
        Ended::Finished => (("finished", report::Ended::Finished), NotSent::Unreachable, None),
        Ended::Limit => (("limit", report::Ended::Finished), NotSent::Limit, None),
        Ended::Interrupted => (("interrupted", report::Ended::Interrupted), NotSent::Interrupted, None),
        Ended::Halted(halt) => (
            ("halted", report::Ended::Halted),
            NotSent::Halted,
            Some(report::Halt { what: halt.what.clone(), hint: halt.hint.clone() }),
        ),
    }
}

/// Feeds the job's rows to the provider, with a bar on the terminal.
pub(super) fn send(
    session: &Session,
    provider: Arc<dyn Provider>,
    journal: &Journal,
    job: &Job,
    settings: &SubmitSettings,
    purpose: Purpose,
) -> Result<Sent, Failure> {
    let bar = terminal::bar(if purpose == Purpose::Send { "sending" } else { "resolving" }, Some(job.rows));
    let shown = bar.clone();
    let sent =
        session.send(purpose, provider, journal, &job.run, settings, Arc::new(move |progress| show(&shown, progress)), |feed| {
            job.each_sendable(|row| feed.offer(row))
        });
    bar.finish_and_clear();
    sent
}

fn show(bar: &ProgressBar, progress: Progress) {
    bar.set_position(progress.settled);
    if let Some(pause) = progress.paused_for {
        bar.set_message(format!("paused {} s", pause.as_secs().max(1)));
    } else {
        bar.set_message("sending");
    }
}

fn start_sandbox(
    session: &Session,
    args: &ImportArgs,
    faults: Vec<FaultSpec>,
    provider: &str,
    job: &Job,
    journal: &Path,
) -> Result<Running, Failure> {
    let mut settings =
        SandboxSettings::new(provider, Registry::built_in().find(provider).unwrap_or_else(|_| job.operations.clone()));
    // Kept on disk, so that a rehearsal that was killed goes on where it stopped, as with a real provider.
    settings.ledger = Some(args.ledger.clone().unwrap_or_else(|| journal.with_extension(format!("sandbox-{provider}.jsonl"))));
    settings.faults = faults;
    Ok(session.block_on(sandbox::start(settings))?)
}

fn ask(job: &Job, account: &str) -> Result<(), Failure> {
    let question = format!("Send up to {} clients to {} with the account `{account}`?", job.rows, job.to);
    match terminal::confirm(&question) {
        Some(true) => Ok(()),
        Some(false) => {
            Err(Failure::settings("nothing was sent: you did not agree", "run `clientferry check` to look at the rows first"))
        }
        None => Err(Failure::settings(
            "nobody is there to agree to sending to a real provider",
            "add --yes for unattended runs, or --sandbox to rehearse",
        )),
    }
}

fn run_record(job: &Job, args: &ImportArgs, folder: &Path, started: DateTime<Utc>) -> Run {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| PathBuf::from(path)).to_string_lossy().into_owned();
    Run {
        id: job.run.clone(),
        operation: job.to.clone(),
        account: job.account.clone(),
        source: if args.source.file == Path::new("-") { "-".to_owned() } else { absolute(&args.source.file) },
        sha256: job.table.source.sha256.clone(),
        mapping: args.source.mapping.as_deref().map(absolute),
        reports: absolute(folder),
        started_at_ms: started.timestamp_millis(),
        ..Run::default()
    }
}
