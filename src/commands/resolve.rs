//! `resolve`: asks the provider about clients whose requests had no reliable answer. Sends nothing new.

use super::import::{ending, send};
use super::job::tell;
use super::report::{again, last_run};
use crate::cli::ResolveArgs;
use crate::config::Config;
use crate::contract::Registry;
use crate::failure::{Exit, Failure};
use crate::journal::Journal;
use crate::model::NotSent;
use crate::provider;
use crate::report::Mode;
use crate::submit::{Purpose, Session};

pub(super) fn run(config: &Config, args: &ResolveArgs) -> Result<Exit, Failure> {
    let journal = Journal::open(&config.journal(args.journal.as_deref()))?;
    let run = last_run(&journal, args.run.as_deref())?;
    let (job, folder, started) = again(&journal, &run)?;
    let provider_name =
        Registry::built_in().find(&run.operation)?.first().map_or(String::new(), |operation| operation.provider().to_owned());
    let provider = provider::connect(&provider_name, &config.account(&run.account)?)?;
    let reporter = job.reporter(&folder, Mode::Import, started)?;
    let session = Session::start().map_err(|why| Failure::Output { what: "threads for sending".to_owned(), why })?;
    journal.begin_run(&run)?;
    let sent = send(&session, provider, &journal, &job, &config.submit_settings()?, Purpose::Resolve)?;
    let (ended, _, halt) = ending(&sent.ended);
    journal.end_run(&job.run, ended.0, halt.as_ref().map(|halt| halt.what.as_str()), sent.requests)?;
    let requests = journal.run(&job.run)?.requests;
    Ok(tell(&job.report(reporter, Some(&journal), NotSent::Interrupted, ended.1, halt, requests)?))
}
