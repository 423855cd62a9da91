//! `resolve`: asks the provider about clients whose requests had no reliable answer. Sends nothing new and leaves the run's end as
//! the import wrote it.

mod answers;

use std::path::Path;

use super::import::{asked, errand, send};
use super::job::{Job, Wanted, tell};
use super::observed::Facts;
use super::page;
use super::report::{again, ending_of, last_run};
use super::target::{Rehearsal, Target, default_ledger, ledger_of};
use crate::cli::ResolveArgs;
use crate::config::{Config, SANDBOX_ACCOUNT};
use crate::contract::Registry;
use crate::failure::{Exit, Failure};
use crate::journal::{Journal, Run, State};
use crate::provider;
use crate::report::{self, Mode};
use crate::submit::{Ended, Purpose, Session};
use crate::terminal;

pub(super) fn run(config: &Config, registry: &Registry, args: &ResolveArgs, facts: &mut Facts) -> Result<Exit, Failure> {
    facts.hooks = config.hooks()?;
    facts.journal = Some(config.journal(args.journal.as_deref()));
    let page = page::settings(config, &args.reporting)?;
    let journal = Journal::open(&config.journal(args.journal.as_deref()))?;
    let run = last_run(&journal, args.run.as_deref())?;
    (facts.operation, facts.account) = (run.operation.clone(), run.account.clone());
    facts.source = Some(run.source.clone().into()).filter(|_| run.source != "-");
    let (job, folder, started) = again(registry, &journal, &run)?;
    facts.begins(&job.run, job.rows);
    if let Some(path) = &args.answers {
        return by_person(
            path,
            &journal,
            &run,
            &job,
            &folder,
            &Wanted { mode: Mode::Import, started, test_stand: run.test_stand, args: &args.reporting, page },
            facts,
        );
    }
    let provider_name = registry.find(&run.operation)?.first().map_or(String::new(), |operation| operation.provider().to_owned());
    let is_rehearsal = run.account == SANDBOX_ACCOUNT;
    let connected = if is_rehearsal {
        None
    } else {
        Some(provider::connect(&provider_name, &config.account(&run.account, &provider_name)?)?)
    };
    let real = connected.map(|provider| Target::real(&journal, &provider_name, &run.account, provider)).transpose()?;
    if let Some(target) = &real {
        ask(target, &journal, &run, args.yes)?;
    }
    let session = Session::start().map_err(|why| Failure::Output { what: "threads for sending".to_owned(), why })?;
    let target = match real {
        Some(target) => target,
        None => {
            let ledger = ledger_of(&journal, &run.server).unwrap_or_else(|| default_ledger(&journal, &provider_name));
            let rehearsal = Rehearsal { config, registry, account: None, faults: &[] };
            Target::sandbox(&rehearsal, &session, &journal, &provider_name, &ledger)?
        }
    };
    let test_stand = target.provider.is_test_stand();
    let reporter = job.reporter(&folder, &Wanted { mode: Mode::Import, started, test_stand, args: &args.reporting, page })?;
    target.tell_ledger();
    let mut settings = config.submit_settings()?;
    config.pace(&run.account, asked(&args.pace), &mut settings.pace)?;
    let errand = errand(&target, &journal, &job, settings);
    let pace = errand.pace()?;
    let sent = send(&session, errand, &pace, &journal, &job, Purpose::Resolve)?;
    target.stop(&session);
    journal.add_requests(&job.run, sent.requests)?;
    let requests = journal.run(&job.run)?.requests;
    let (ended, otherwise, halt) = ending_of(&run);
    let (ended, halt) = match &sent.ended {
        Ended::Finished | Ended::Limit | Ended::Interrupted => (ended, halt),
        Ended::Halted(now) | Ended::Paused(now) => (ended, Some(report::Halt { what: now.what.clone(), hint: now.hint.clone() })),
    };
    let summary = job.report(reporter, Some(&journal), otherwise, ended, halt, requests)?;
    facts.reported(&summary);
    let told = tell(&summary);
    // The exit code is about this command; how the import ended stands in the report.
    Ok(match sent.ended {
        Ended::Interrupted => Exit::Interrupted,
        Ended::Halted(_) => Exit::Halted,
        Ended::Paused(_) => Exit::Paused,
        Ended::Finished | Ended::Limit if told == Exit::Well => Exit::Well,
        Ended::Finished | Ended::Limit => Exit::Attention,
    })
}

/// Takes a person's findings, and writes the run's report again. Asks nobody.
fn by_person(
    path: &Path,
    journal: &Journal,
    run: &Run,
    job: &Job,
    folder: &Path,
    wanted: &Wanted<'_>,
    facts: &mut Facts,
) -> Result<Exit, Failure> {
    let reporter = job.reporter(folder, wanted)?;
    let session = Session::start().map_err(|why| Failure::Output { what: "threads for the journal".to_owned(), why })?;
    let settled = answers::settle(path, job, journal, &session)?;
    terminal::tell(&format!("{settled} answers taken\n"));
    let (ended, otherwise, halt) = ending_of(run);
    let summary = job.report(reporter, Some(journal), otherwise, ended, halt, run.requests)?;
    facts.reported(&summary);
    Ok(tell(&summary))
}

/// Asks, where there is anybody to ask the provider about.
fn ask(target: &Target, journal: &Journal, run: &Run, agreed: bool) -> Result<(), Failure> {
    let doubtful: u64 = journal.counts(None)?.iter().filter(|(state, _)| *state == State::Unknown).map(|(_, count)| count).sum();
    if doubtful == 0 {
        return Ok(());
    }
    target.ask(
        agreed,
        &format!(
            "Ask {} with the account `{}` about up to {doubtful} clients, also by sending their requests again under their old keys?",
            run.operation, run.account
        ),
    )
}
