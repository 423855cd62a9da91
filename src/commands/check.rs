//! `check` and `plan`: everything but sending.

use std::path::Path;
use std::time::Duration;

use chrono::{Local, TimeDelta, Utc};

use super::job::{Job, Order, Wanted, tell};
use super::{books, page, suggest};
use crate::cli::SourceArgs;
use crate::config::Config;
use crate::contract::Registry;
use crate::failure::{Exit, Failure};
use crate::journal::{Journal, Requests};
use crate::model::{Code, NotSent, Outcome};
use crate::report::{self, Mode, Summary};
use crate::terminal;

pub(super) fn run(
    config: &Config,
    registry: &Registry,
    args: &SourceArgs,
    mode: Mode,
    suggest_mapping: Option<&Path>,
) -> Result<Exit, Failure> {
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
    if mode == Mode::Plan {
        terminal::print(&forecast(&summary, &job));
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
fn forecast(summary: &Summary, job: &Job) -> String {
    let to_send = summary.not_sent_reasons.get(&Code::SendOnlyChecked).copied().unwrap_or(0);
    let known = summary.count(Outcome::Existing) + summary.count(Outcome::Created);
    let to_resolve = summary.count(Outcome::Unknown);
    let (requests, window) =
        job.operations.iter().filter_map(|operation| operation.limit).min().unwrap_or((1, Duration::from_secs(1)));
    let per_client = job.operations.iter().map(|operation| operation.requests_per_client).max().unwrap_or(1);
    // One request proves the account, the others create.
    let calls = to_send.saturating_mul(u64::from(per_client)) + to_resolve + u64::from(to_send > 0);
    let millis = calls.saturating_mul(u64::try_from(window.as_millis()).unwrap_or(1000)) / u64::from(requests.max(1));
    let finish =
        i64::try_from(millis).ok().and_then(TimeDelta::try_milliseconds).and_then(|span| Local::now().checked_add_signed(span));
    let each = if per_client > 1 { format!(" with {per_client} requests each") } else { String::new() };
    let duration = format!("{} h {:02} min {:02} s", millis / 3_600_000, millis / 60_000 % 60, millis / 1000 % 60);
    format!(
        "\nPlan for `import` with the account `{}`\n  calls        {calls} ({to_send} to create{each}, {to_resolve} to resolve, 1 to prove the account)\n  \
         in journal   {known} created or existing, not sent again\n  limit        {requests} requests in {} s\n  duration     at least {duration}\n  \
         finish       {} if started now\n",
        job.account,
        window.as_secs_f64(),
        finish.map_or_else(|| "later than can be told".to_owned(), |finish| finish.format("%Y-%m-%d %H:%M").to_string()),
    )
}
