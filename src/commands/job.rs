//! What `import`, `check`, `plan`, `resolve` and `report` share: a source, opened, mapped and proven; a pass over its rows; its report.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Local, Utc};
use sha2::{Digest as _, Sha256};

use crate::cli::ReadingArgs;
use crate::contract::{Operation, Registry, Today, vocabulary};
use crate::failure::{Exit, Failure};
use crate::journal::{Journal, Requests, RunId};
use crate::model::NotSent;
use crate::prepare::normalize::date::ColumnEvidence;
use crate::prepare::{self, Mapping, Plan, Scope};
use crate::read::{self, ReadSettings, Table};
use crate::report::{self, Ending, Mode, Reporter, Summary};
use crate::submit::{Admission, Settler};
use crate::{pipeline, terminal};

/// What a job is made from.
pub(super) struct Order<'a> {
    pub(super) file: &'a Path,
    pub(super) to: &'a str,
    pub(super) mapping: Option<&'a Path>,
    pub(super) reading: &'a ReadingArgs,
    pub(super) account: &'a str,
}

/// A source, opened, mapped and proven.
pub(super) struct Job {
    pub(super) table: Table,
    pub(super) plan: Plan,
    pub(super) operations: Vec<Arc<Operation>>,
    pub(super) to: String,
    pub(super) account: String,
    pub(super) run: RunId,
    pub(super) rows: u64,
}

/// Flags over the mapping's own words.
pub(super) fn read_settings(reading: &ReadingArgs, mapping: Option<&Mapping>) -> ReadSettings {
    let hints = mapping.map(|mapping| mapping.source.clone()).unwrap_or_default();
    ReadSettings {
        sheet: reading.sheet.clone().or(hints.sheet),
        header_row: reading.header_row.or(hints.header_row),
        delimiter: reading.delimiter.or(hints.delimiter),
        encoding: reading.encoding.clone().or(hints.encoding),
        ..ReadSettings::default()
    }
}

/// Opens a source, its header found by the vocabulary.
pub(super) fn open_table(file: &Path, settings: &ReadSettings) -> Result<Table, Failure> {
    Ok(read::open(file, settings, &|cell| vocabulary().knows_header(cell))?)
}

/// The [source] of a mapping describes the file that it was made for. A file that this does not fit, but that has the mapping's
/// columns when it is read by its own signs, is read so: `rejected.csv` is always UTF-8 with commas, its header on line 1.
fn open_mapped(order: &Order<'_>, mapping: Option<&Mapping>) -> Result<Table, Failure> {
    let described = open_table(order.file, &read_settings(order.reading, mapping));
    // Standard input cannot be opened twice.
    let Some(mapping) = mapping.filter(|_| order.file != Path::new("-")) else { return described };
    let fits =
        |table: &Table| mapping.columns.keys().all(|header| table.source.columns.iter().any(|column| **column == **header));
    if described.as_ref().is_ok_and(fits) {
        return described;
    }
    match open_table(order.file, &read_settings(order.reading, None)) {
        Ok(table) if fits(&table) => Ok(table),
        Ok(_) | Err(_) => described,
    }
}

impl Job {
    /// `secret` is asked for when the source is known to be readable and mapped, so that a slip leaves no journal behind.
    pub(super) fn open(order: &Order<'_>, secret: impl FnOnce() -> Result<[u8; 32], Failure>) -> Result<Self, Failure> {
        let operations = Registry::built_in().find(order.to)?;
        let written = order.mapping.map(Mapping::load).transpose()?;
        let table = open_mapped(order, written.as_ref())?;
        let source = &table.source;
        let mapping = match written {
            Some(mapping) => mapping,
            None => propose(&table, order.to, &operations)?,
        };
        let run = run_name(&source.name, &source.sha256, order.to, order.account);
        let today = Today::new(Local::now().date_naive());
        let mut plan = Plan::compile(&mapping, source, &operations, Scope::new(order.account, &secret()?), today)?;
        let rows = prove_dates(&table, &mut plan)?;
        Ok(Self { table, plan, operations, to: order.to.to_owned(), account: order.account.to_owned(), run, rows })
    }

    /// Where this run's report goes: the folder named, or one under `reports`.
    pub(super) fn folder(&self, named: Option<&Path>, reports: &Path) -> PathBuf {
        named.map_or_else(|| reports.join(&*self.run), Path::to_owned)
    }

    /// Offers every row that may be sent, in source order, until `offer` says that no more are wanted.
    pub(super) fn each_sendable(&self, mut offer: impl FnMut(crate::submit::Dispatch) -> bool) -> Result<(), Failure> {
        let names: Vec<Arc<str>> = self.operations.iter().map(|operation| operation.name.clone()).collect();
        let mut settler = Settler::new(&self.table.source, None, None, NotSent::OnlyChecked, Default::default())?;
        pipeline::carry(&self.table, &self.plan, |prepared| {
            let operation = prepared.operation.and_then(|index| names.get(usize::from(index))).cloned();
            let wanted = match (settler.admit(&prepared)?, operation) {
                (Admission::Send(parcel), Some(operation)) => {
                    offer(crate::submit::Dispatch { operation, parcel: parcel.clone() })
                }
                (Admission::Send(_) | Admission::Duplicate(..) | Admission::Invalid | Admission::Blank, _) => true,
            };
            Ok(if wanted { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })
    }

    /// A reporter for this run, made before anything is sent so that an unwritable folder stops the run in time.
    pub(super) fn reporter(&self, folder: &Path, mode: Mode, started: DateTime<Utc>) -> Result<Reporter, Failure> {
        let header = report::Header {
            run: self.run.to_string(),
            operation: self.to.clone(),
            operations: self.operations.iter().map(|operation| operation.name.to_string()).collect(),
            mode,
            account: self.account.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started,
            ignored_columns: self.plan.left_out().iter().map(ToString::to_string).collect(),
            members: self.plan.members(),
        };
        Ok(Reporter::create(folder, &self.table.source, header)?)
    }

    /// Writes the report: a second look at the source, joined with the journal by the rows' identities.
    pub(super) fn report(
        &self,
        mut reporter: Reporter,
        journal: Option<&Journal>,
        otherwise: NotSent,
        ended: report::Ended,
        halt: Option<report::Halt>,
        requests: Requests,
    ) -> Result<Summary, Failure> {
        let bar = terminal::bar("reporting", Some(self.rows));
        let mut settler = Settler::new(&self.table.source, journal, Some(&self.run), otherwise, self.plan.names_of_digests())?;
        let mut rows = 0;
        pipeline::carry(&self.table, &self.plan, |prepared| {
            let settled = settler.settle(&prepared)?;
            reporter.row(&prepared, &settled)?;
            rows += 1;
            if rows % 1024 == 0 {
                bar.set_position(rows);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        bar.finish_and_clear();
        Ok(reporter.finish(Ending {
            finished: Utc::now(),
            ended,
            halt,
            requests: report::Requests { sent: requests.sent, retried: requests.retried, throttled: requests.throttled },
            rows_read: self.rows,
            blank_trailing_rows: 0,
        })?)
    }
}

/// Shows the end of a run and gives its exit code.
pub(super) fn tell(summary: &Summary) -> Exit {
    terminal::print(&report::terminal::render(summary, terminal::width(), terminal::color()));
    match summary.ended {
        report::Ended::Interrupted => Exit::Interrupted,
        report::Ended::Halted => Exit::Halted,
        report::Ended::Finished if summary.needing_attention > 0 => Exit::Attention,
        report::Ended::Finished => Exit::Well,
    }
}

/// A mapping from headers alone, or the end of the run with a proposal to edit.
fn propose(table: &Table, to: &str, operations: &[Arc<Operation>]) -> Result<Mapping, Failure> {
    let proposal = prepare::infer(to, &table.source.columns, operations);
    if proposal.is_certain() {
        return Ok(proposal.mapping());
    }
    let stem =
        Path::new(&*table.source.name).file_stem().map_or_else(|| "mapping".into(), |stem| stem.to_string_lossy().into_owned());
    let stem = if stem == "-" { "stdin".to_owned() } else { stem };
    let path = PathBuf::from(format!("{stem}.mapping.toml"));
    // Somebody may be editing an earlier proposal: it is never written over.
    let written = super::map::write_new(&path, &proposal.to_toml()).is_ok();
    Err(Failure::MappingOpen { questions: proposal.questions(), written: (written || path.exists()).then_some(path) })
}

/// The first pass: counts the rows and lets every date column prove its own order of day and month.
fn prove_dates(table: &Table, plan: &mut Plan) -> Result<u64, Failure> {
    let bar = terminal::bar("reading", None);
    let columns = plan.date_columns();
    let mut evidence: Vec<ColumnEvidence> = columns.iter().map(|_| ColumnEvidence::default()).collect();
    let count = table.scan(&columns, &mut |column, text, kind| {
        if let Some(evidence) = evidence.get_mut(column) {
            evidence.observe(text, kind);
        }
    })?;
    bar.finish_and_clear();
    plan.settle_dates(&evidence).map_err(|questions| Failure::DatesOpen { questions })?;
    Ok(count.rows)
}

/// The run's name: one source × one operation × one account, so that the same command continues the same run.
fn run_name(name: &str, sha256: &str, to: &str, account: &str) -> RunId {
    let mut hasher = Sha256::new();
    for part in [sha256, to, account] {
        hasher.update(part.as_bytes());
        hasher.update([0]);
    }
    let digest = hasher.finalize();
    let stem = Path::new(name).file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let stem: String =
        stem.chars().map(|ch| if ch.is_alphanumeric() || ch == '-' || ch == '_' { ch } else { '-' }).take(40).collect();
    let stem = if stem.trim_matches('-').is_empty() { "stdin".to_owned() } else { stem };
    let short: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("{stem}-{short}").into()
}
