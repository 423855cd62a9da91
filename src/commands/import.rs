//! `import`: every good row goes to the provider, once. Starts a run or continues it.

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::job::{Job, Order, Wanted, tell};
use super::observed::{self, Facts};
use super::target::{Rehearsal, Target, default_ledger};
use super::{books, page};
use crate::cli::{ImportArgs, PaceArgs};
use crate::config::{self, Config, PaceAsked, SANDBOX_ACCOUNT};
use crate::contract::Registry;
use crate::failure::{Exit, Failure};
use crate::journal::{Journal, Run, State};
use crate::model::{Identity, NotSent};
use crate::provider;
use crate::report::{self, Mode};
use crate::sandbox::FaultSpec;
use crate::submit::{Ended, Errand, Feed, Pace, Purpose, Sent, Session, SubmitSettings};
use crate::terminal;

/// What the command line alone tells of the run, for those who are told of an end that came early.
pub(super) fn facts(args: &ImportArgs) -> Facts {
    let named = if args.sandbox { Some(SANDBOX_ACCOUNT) } else { args.source.account.as_deref() };
    let is_file = args.source.file != Path::new("-");
    Facts {
        operation: args.source.to.clone(),
        account: named.unwrap_or_default().to_owned(),
        source: is_file.then(|| observed::absolute(&args.source.file)),
        ..Facts::default()
    }
}

/// The journal, locked, where there is one already: before settings are looked at closely and the source is read, however long that
/// takes. Where there is none, a slip leaves none behind.
pub(super) fn open(config: &Config, args: &ImportArgs, facts: &mut Facts) -> Result<Option<Journal>, Failure> {
    facts.hooks = config.hooks()?;
    let path = config.journal(args.source.journal.as_deref());
    facts.journal = Some(path.clone());
    Ok(if path.exists() { Some(Journal::open(&path)?) } else { None })
}

pub(super) fn run(
    config: &Config,
    registry: &Registry,
    args: &ImportArgs,
    mut opened: Option<Journal>,
    facts: &mut Facts,
) -> Result<Exit, Failure> {
    let journal_path = config.journal(args.source.journal.as_deref());
    let page = page::settings(config, &args.source.reporting)?;
    let operations = registry.find(&args.source.to)?;
    let provider_name = operations.first().map_or("", |operation| operation.provider()).to_owned();
    let account = if args.sandbox {
        SANDBOX_ACCOUNT.to_owned()
    } else {
        config.account_name(args.source.account.as_deref(), &provider_name)?
    };
    facts.account.clone_from(&account);
    // What is wrong with settings is told before anything is made on the disk.
    let connected =
        if args.sandbox { None } else { Some(provider::connect(&provider_name, &config.account(&account, &provider_name)?)?) };
    if let (Some(provider), [only]) = (&connected, &operations[..]) {
        provider.accepts(&only.name)?;
    }
    let faults = args.fault.iter().map(|spec| spec.parse()).collect::<Result<Vec<FaultSpec>, _>>()?;
    let mut submit_settings = SubmitSettings { limit: args.limit, ..config.submit_settings()? };
    submit_settings.canary = args.canary.unwrap_or(submit_settings.canary);
    if let Some(text) = &args.max_rejected {
        submit_settings.rejected_max = config::max_rejected(text)?;
    }
    config.pace(&account, asked(&args.pace), &mut submit_settings.pace)?;
    let mut job = Job::open(
        &Order {
            registry,
            file: &args.source.file,
            to: &args.source.to,
            mapping: args.source.mapping.as_deref(),
            reading: &args.source.reading,
            approve_transliteration: args.source.approve_transliteration,
            account: &account,
        },
        || {
            let journal = match opened.take() {
                Some(journal) => journal,
                None => Journal::open(&journal_path)?,
            };
            Ok(opened.insert(journal).secret())
        },
    )?;
    if let Some(provider) = &connected {
        for (_, pointer) in job.plan.members().keys() {
            provider.accepts_member(pointer)?;
        }
    }
    facts.begins(&job.run, job.rows);
    let journal = match opened {
        Some(journal) => journal,
        None => Journal::open(&journal_path)?,
    };
    let real = connected.map(|provider| Target::real(&journal, &provider_name, &account, provider)).transpose()?;
    if let Some(target) = &real {
        // Before the session takes Ctrl-C over.
        target.ask(args.yes, &format!("Send up to {} clients to {} with the account `{account}`?", job.rows, job.to))?;
    }
    let session = Session::start().map_err(|why| Failure::Output { what: "threads for sending".to_owned(), why })?;
    let target = match real {
        Some(target) => target,
        None => {
            let ledger = args.ledger.clone().unwrap_or_else(|| default_ledger(&journal, &provider_name));
            let rehearsal = Rehearsal { config, registry, account: args.source.account.as_deref(), faults: &faults };
            Target::sandbox(&rehearsal, &session, &journal, &provider_name, &ledger)?
        }
    };
    let errand = errand(&target, &journal, &job, submit_settings);
    let pace = errand.pace()?;
    if !books::ask(&session, target.provider.as_ref(), &pace, &journal, &mut job)? {
        target.stop(&session);
        return Ok(Exit::Interrupted);
    }
    let folder = job.folder(args.source.out.as_deref(), &config.reports());
    let started = Utc::now();
    let earlier = journal.run(&job.run).ok();
    let first_started = earlier.as_ref().and_then(|run| DateTime::from_timestamp_millis(run.started_at_ms)).unwrap_or(started);
    let test_stand = target.provider.is_test_stand();
    let wanted = Wanted { mode: Mode::Import, started: first_started, test_stand, args: &args.source.reporting, page };
    let reporter = job.reporter(&folder, &wanted)?;
    target.tell_ledger();
    journal.begin_run(&Run { server: target.server.clone(), test_stand, ..run_record(&job, args, &folder, first_started) })?;
    let sent = send(&session, errand, &pace, &journal, &job, Purpose::Send)?;
    target.stop(&session);
    facts.part("sending");
    let (ended, otherwise, halt) = ending(&sent.ended);
    journal.end_run(&job.run, ended.0, halt.as_ref().map(|halt| halt.what.as_str()), sent.requests)?;
    let requests = journal.run(&job.run)?.requests;
    let summary = job.report(reporter, Some(&journal), otherwise, ended.1, halt, requests)?;
    facts.reported(&summary);
    let told = tell(&summary);
    Ok(match sent.ended {
        Ended::Paused(_) => Exit::Paused,
        Ended::Finished | Ended::Limit | Ended::Interrupted | Ended::Halted(_) => told,
    })
}

/// What the command line says of the pace.
pub(super) fn asked(args: &PaceArgs) -> PaceAsked<'_> {
    PaceAsked { window: args.window.as_deref(), zone: args.tz.as_deref(), requests_max: args.max_requests, wait: args.wait }
}

/// What is to be done, on an account whose use of long limits is remembered under its server's name.
pub(super) fn errand(target: &Target, journal: &Journal, job: &Job, mut settings: SubmitSettings) -> Errand {
    settings.pace.account = format!("{} {}", target.server, job.account).into();
    Errand { provider: target.provider.clone(), logbook: Arc::new(journal.clone()), run: job.run.clone(), settings }
}

/// The journal's word, the report's word, the reason for rows that had no turn, and what the provider said.
fn ending(ended: &Ended) -> ((&'static str, report::Ended), NotSent, Option<report::Halt>) {
    match ended {
        Ended::Finished => (("finished", report::Ended::Finished), NotSent::Unreachable, None),
        Ended::Limit => (("limit", report::Ended::Finished), NotSent::Limit, None),
        Ended::Interrupted => (("interrupted", report::Ended::Interrupted), NotSent::Interrupted, None),
        Ended::Halted(halt) => (
            ("halted", report::Ended::Halted),
            NotSent::Halted,
            Some(report::Halt { what: halt.what.clone(), hint: halt.hint.clone() }),
        ),
        Ended::Paused(halt) => (
            ("paused", report::Ended::Halted),
            NotSent::Halted,
            Some(report::Halt { what: halt.what.clone(), hint: halt.hint.clone() }),
        ),
    }
}

/// Feeds the job's rows to the provider, with a bar on the terminal.
pub(super) fn send(
    session: &Session,
    errand: Errand,
    pace: &Pace,
    journal: &Journal,
    job: &Job,
    purpose: Purpose,
) -> Result<Sent, Failure> {
    let stage = match purpose {
        Purpose::Send => "sending",
        Purpose::Resolve => "resolving",
    };
    let bar = terminal::SendingBar::new(stage, job.rows);
    let shown = bar.clone();
    let sent = session.send(purpose, errand, pace, Arc::new(move |progress| shown.show(progress)), |feed| {
        if purpose == Purpose::Send {
            offer_doubtful(journal, job, &feed)?;
        }
        job.each_sendable(|row| feed.offer(row), |rows| bar.pass(rows))
    });
    bar.finish();
    sent
}

/// Offers the rows whose outcome an earlier part of this run left open: they come before everything new. The others follow in
/// the source's order, these among them.
fn offer_doubtful(journal: &Journal, job: &Job, feed: &Feed) -> Result<(), Failure> {
    let counts = journal.counts(Some(&job.run))?;
    let mut left = counts.iter().filter(|(state, _)| *state == State::Unknown).map(|(_, count)| *count).sum::<u64>();
    if left == 0 {
        return Ok(());
    }
    let mut failure = None;
    job.each_sendable(
        |row| {
            let identities: Vec<Identity> = row.parcel.identities.iter().map(|(identity, _)| *identity).collect();
            match journal.client(&identities) {
                Ok(Some(client)) if client.state == State::Unknown => {
                    left -= 1;
                    feed.offer(row) && left > 0
                }
                Ok(_) => true,
                Err(error) => {
                    failure = Some(error);
                    false
                }
            }
        },
        |_| {},
    )?;
    failure.map_or(Ok(()), |error| Err(error.into()))
}

fn run_record(job: &Job, args: &ImportArgs, folder: &Path, started: DateTime<Utc>) -> Run {
    let absolute = |path: &Path| observed::absolute(path).to_string_lossy().into_owned();
    Run {
        id: job.run.clone(),
        operation: job.to.clone(),
        account: job.account.clone(),
        source: if args.source.file == Path::new("-") { "-".to_owned() } else { absolute(&args.source.file) },
        sha256: job.table.source.sha256.clone(),
        mapping: args.source.mapping.as_deref().map(absolute),
        mapping_sha256: job.mapping_sha256.clone(),
        reading: job.reading.clone(),
        reports: absolute(folder),
        started_at_ms: started.timestamp_millis(),
        ..Run::default()
    }
}
