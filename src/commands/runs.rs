//! `runs`: lists what the journal remembers.

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat};
use serde_json::{Value, json};

use crate::cli::RunsArgs;
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::journal::{Journal, Run};
use crate::terminal;

pub(super) fn run(config: &Config, args: &RunsArgs) -> Result<Exit, Failure> {
    let runs = match Journal::open_read_only(&config.journal(args.journal.as_deref()))? {
        Some(journal) => journal.runs()?,
        None => Vec::new(),
    };
    if args.json {
        let list: Vec<Value> = runs.iter().map(as_json).collect();
        terminal::print(&format!("{:#}\n", Value::Array(list)));
        return Ok(Exit::Well);
    }
    let mut text = String::new();
    for run in &runs {
        let ended = if run.ended.is_empty() { "running or killed" } else { &run.ended };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{:<40} {:<22} {:<12} {} {:<18} {} requests",
            run.id,
            run.operation,
            run.account,
            time(run.started_at_ms),
            ended,
            run.requests.sent
        );
    }
    if runs.is_empty() {
        terminal::tell("no run yet\n");
    }
    terminal::print(&text);
    Ok(Exit::Well)
}

fn as_json(run: &Run) -> Value {
    json!({
        "run": run.id,
        "operation": run.operation,
        "account": run.account,
        "source": {"path": run.source, "sha256": run.sha256},
        "reports": run.reports,
        "started": time(run.started_at_ms),
        "finished": run.finished_at_ms.map(time),
        "ended": run.ended,
        "halt": run.halt,
        "requests": {"sent": run.requests.sent, "retried": run.requests.retried, "throttled": run.requests.throttled},
    })
}

fn time(millis: i64) -> String {
    DateTime::from_timestamp_millis(millis).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Secs, true)
}
