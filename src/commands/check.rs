//! `check` and `plan`: everything but sending.

use std::path::Path;
use std::time::Duration;

use chrono::Utc;

use super::forecast::Work;
use super::import::asked;
use super::job::{Job, Order, Wanted, tell};
use super::{books, page, suggest};
use crate::cli::{PaceArgs, SourceArgs};
use crate::config::Config;
use crate::contract::Registry;
use crate::failure::{Exit, Failure};
use crate::journal::{Journal, Requests};
use crate::model::{Code, NotSent, Outcome, RateLimit};
use crate::report::{self, Mode, Summary};
use crate::submit::PaceSettings;
use crate::terminal;

pub(super) fn run(
    config: &Config,
    registry: &Registry,
    args: &SourceArgs,
    plan: Option<&PaceArgs>,
    suggest_mapping: Option<&Path>,
) -> Result<Exit, Failure> {
    let mode = if plan.is_some() { Mode::Plan } else { Mode::Check };
    let page = page::settings(config, &args.reporting)?;
    let operations = registry.find(&args.to)?;
    let provider = operations.first().map_or("", |operation| operation.provider()).to_owned();
    let account = config.account_name(args.account.as_deref(), &provider)?;
    let journal = Journal::open_read_only(&config.journal(args.journal.as_deref()))?;
    let order = Order {
        registry,
        file: &args.file,
        to: &args.to,
        mapping: args.mapping.as_deref(),
        reading: &args.reading,
        approve_transliteration: args.approve_transliteration,
        account: &account,
    };
    // Without a journal nothing has to be recognised later: any secret will do.
    let secret = journal.as_ref().map_or_else(passing_secret, Journal::secret);
    let mut job = Job::open(&order, || Ok(secret))?;
    if let Some(journal) = &journal {
        books::take_kept(journal, &mut job);
    }
    let folder = job.folder(args.out.as_deref(), &config.reports());
    let reporter =
        job.reporter(&folder, &Wanted { mode, started: Utc::now(), test_stand: false, args: &args.reporting, page })?;
    let summary =
        job.report(reporter, journal.as_ref(), NotSent::OnlyChecked, report::Ended::Finished, None, Requests::default())?;
    let exit = tell(&summary);
    if let Some(pace) = plan {
        terminal::print(&forecast(config, &summary, &job, pace)?);
    }
    if let Some(path) = suggest_mapping {
        suggest::write(&job, &order, &summary, path, secret)?;
    }
    Ok(exit)
}

fn passing_secret() -> [u8; 32] {
    let mut secret = [0; 32];
    secret[..16].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
    secret[16..].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
    secret
}

/// What an import would take.
fn forecast(config: &Config, summary: &Summary, job: &Job, pace: &PaceArgs) -> Result<String, Failure> {
    let to_send = summary.not_sent_reasons.get(&Code::SendOnlyChecked).copied().unwrap_or(0);
    let known = summary.count(Outcome::Existing) + summary.count(Outcome::Created);
    let to_resolve = summary.count(Outcome::Unknown);
    let per_client = job.operations.iter().map(|operation| operation.requests_per_client).max().unwrap_or(1);
    let (requests, window) =
        job.operations.iter().filter_map(|operation| operation.limit).min().unwrap_or((1, Duration::from_secs(1)));
    let main = match config.requests_per_second(&job.account)? {
        Some(slower) => RateLimit::per_second(slower),
        None => RateLimit { requests, window },
    };
    let mut settings = PaceSettings::default();
    config.pace(&job.account, asked(pace), &mut settings)?;
    let further = job.operations.iter().flat_map(|operation| operation.further_limits.iter().copied());
    let work = Work {
        clients: to_send,
        calls_per_client: per_client,
        // One request proves the account.
        other_calls: to_resolve + u64::from(to_send > 0),
        limits: std::iter::once(main).chain(further).chain(config.further_limits(&job.account)?).collect(),
        schedule: settings.schedule,
        requests_max: settings.requests_max,
    };
    let each = if per_client > 1 { format!(" with {per_client} requests each") } else { String::new() };
    Ok(format!(
        "\nPlan for `import` with the account `{}`\n  calls        {} ({to_send} to create{each}, {to_resolve} to resolve, 1 to prove the account)\n  \
         in journal   {known} created or existing, not sent again\n{}",
        job.account,
        work.calls(),
        work.tell(Utc::now().timestamp_millis()),
    ))
}
