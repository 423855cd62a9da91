//! What `import`, `check`, `plan`, `resolve` and `report` share: a source, opened, mapped and proven; a pass over its rows; its report.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Local, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{annex, evidence, facts, page};
use crate::cli::{ReadingArgs, ReportFormat, ReportingArgs};
use crate::contract::{Operation, Registry, Today};
use crate::failure::{Exit, Failure};
use crate::journal::{Journal, Requests, RunId};
use crate::model::{NotSent, Source};
use crate::prepare::{self, Mapping, MappingError, Plan, Scope, SourceHints};
use crate::read::{Format, Input, ReadSettings, Table};
use crate::report::{self, Ending, Mode, PageSettings, Reporter, Summary};
use crate::submit::{Admission, Fields, Settler};
use crate::{pipeline, terminal};

/// Stands between the SHA-256 of a mapping and those of its annexes.
pub(super) const ANNEX_SHA256: char = '+';

/// What a job is made from.
pub(super) struct Order<'a> {
    pub(super) registry: &'a Registry,
    pub(super) file: &'a Path,
    pub(super) to: &'a str,
    pub(super) mapping: Option<&'a Path>,
    pub(super) reading: &'a ReadingArgs,
    /// Whether the user allows what the mapping may allow as well.
    pub(super) approve_transliteration: bool,
    pub(super) account: &'a str,
}

/// What a report is made for.
pub(super) struct Wanted<'a> {
    pub(super) mode: Mode,
    pub(super) started: DateTime<Utc>,
    /// The provider is a test stand, whose ids are nobody's.
    pub(super) test_stand: bool,
    pub(super) args: &'a ReportingArgs,
    pub(super) page: PageSettings,
}

fn format_of(wanted: ReportFormat) -> Option<report::Format> {
    match wanted {
        // Always written.
        ReportFormat::Csv => None,
        ReportFormat::Xlsx => Some(report::Format::Xlsx),
        ReportFormat::Jsonl => Some(report::Format::Jsonl),
        ReportFormat::Junit => Some(report::Format::Junit),
        ReportFormat::Html => Some(report::Format::Html),
        #[cfg(feature = "parquet")]
        ReportFormat::Parquet => Some(report::Format::Parquet),
    }
}

/// How the user had the source read, as the journal keeps it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Asked {
    #[serde(flatten)]
    pub(super) reading: ReadingArgs,
    #[serde(default, skip_serializing_if = "is_no")]
    pub(super) approve_transliteration: bool,
}

fn is_no(flag: &bool) -> bool {
    !flag
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
    /// Columns that annexes add to the source's own.
    annex_columns: Vec<Arc<str>>,
    /// The mapping's `[formats]`.
    pub(super) formats: BTreeMap<String, String>,
    /// How the user had the source read, for the journal.
    pub(super) reading: String,
    /// SHA-256 of the mapping file, where one was given, followed by those of the annexes that it names.
    pub(super) mapping_sha256: Option<String>,
}

/// Flags over the mapping's own words.
pub(super) fn read_settings(reading: &ReadingArgs, hints: Option<&SourceHints>) -> ReadSettings {
    let hints = hints.cloned().unwrap_or_default();
    let usual = ReadSettings::default();
    ReadSettings {
        sheet: reading.sheet.clone().or(hints.sheet),
        header_row: reading.header_row.or(hints.header_row),
        delimiter: reading.delimiter.or(hints.delimiter),
        encoding: reading.encoding.clone(),
        encoding_unmarked: hints.encoding,
        unpacked_bytes_max: reading.unpacked_bytes_max.unwrap_or(usual.unpacked_bytes_max),
        unpack_ratio_max: reading.unpack_ratio_max.unwrap_or(usual.unpack_ratio_max),
        ..usual
    }
}

/// Opens a source, its header found by the words of the vocabulary and of the operations.
pub(super) fn open_table(input: &Input, settings: &ReadSettings, operations: &[Arc<Operation>]) -> Result<Table, Failure> {
    Ok(input.open(settings, &|cell| prepare::knows_header_of(operations, cell))?)
}

/// Finds a source.
pub(super) fn find(file: &Path) -> Result<Input, Failure> {
    Ok(Input::find(file, &ReadSettings::default())?)
}

/// SHA-256 of a mapping file.
pub(super) fn mapping_sha256(path: &Path) -> Result<String, Failure> {
    let bytes = std::fs::read(path).map_err(|why| MappingError::Unreadable { path: path.to_owned(), why })?;
    Ok(Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect())
}

impl Job {
    /// `secret` is asked for when the source is known to be readable and mapped, so that a slip leaves no journal behind.
    pub(super) fn open(order: &Order<'_>, secret: impl FnOnce() -> Result<[u8; 32], Failure>) -> Result<Self, Failure> {
        let operations = order.registry.find(order.to)?;
        let mut written = order.mapping.map(Mapping::load).transpose()?;
        if let Some(mapping) = &mut written {
            mapping.options.approve_transliteration |= order.approve_transliteration;
        }
        let input = find(order.file)?;
        let annexes = match (&written, order.mapping) {
            (Some(mapping), Some(path)) => annex::open(mapping, path, &input)?,
            (Some(_) | None, _) => Vec::new(),
        };
        let mapping_sha256 = match order.mapping {
            Some(path) => {
                let own = mapping_sha256(path)?;
                Some(annexes.iter().fold(own, |all, annex| format!("{all}{ANNEX_SHA256}{}", annex.sha256())))
            }
            None => None,
        };
        let today = Today::new(Local::now().date_naive());
        let (table, mapping) = match written {
            Some(mapping) => {
                // Tried with any secret, so that a mapping that does not fit is known before a journal is made.
                let try_on = |table: &Table| {
                    let scope = Scope::new(order.account, &[0; 32]);
                    Plan::compile(&mapping, &table.source, &operations, order.registry, scope, today.clone())
                        .map(drop)
                        .map_err(Failure::from)
                };
                (fitting_table(&input, order.reading, &mapping.source, &operations, try_on)?, mapping)
            }
            None => {
                let table = open_table(&input, &read_settings(order.reading, None), &operations)?;
                let mut mapping = propose(&table, order.to, &operations)?;
                mapping.options.approve_transliteration = order.approve_transliteration;
                (table, mapping)
            }
        };
        for note in &table.description.notes {
            terminal::tell(&format!("note: {note}\n"));
        }
        let formats = mapping.formats.clone();
        let run = run_name(&table.source, order.to, order.account);
        let asked = Asked { reading: order.reading.clone(), approve_transliteration: order.approve_transliteration };
        let reading = serde_json::to_string(&asked).unwrap_or_default();
        let widened = if annexes.is_empty() {
            None
        } else {
            Some(prepare::widen(&mapping, &table.source, annexes).map_err(MappingError::from)?)
        };
        let (mapping, source) = widened.as_ref().map_or((&mapping, &table.source), |wide| (&wide.mapping, &wide.source));
        let mut plan = Plan::compile(mapping, source, &operations, order.registry, Scope::new(order.account, &secret()?), today)?;
        let mut annex_columns = Vec::new();
        if let Some(wide) = widened {
            annex_columns = wide.annexes.columns(&wide.source).to_vec();
            plan = plan.with_annexes(wide.annexes);
        }
        let rows = annex::prove(&table, &mut plan)?;
        Ok(Self {
            table,
            plan,
            operations,
            to: order.to.to_owned(),
            account: order.account.to_owned(),
            run,
            rows,
            reading,
            mapping_sha256,
            annex_columns,
            formats,
        })
    }

    /// Where this run's report goes: the folder named, or one under `reports`.
    pub(super) fn folder(&self, named: Option<&Path>, reports: &Path) -> PathBuf {
        named.map_or_else(|| reports.join(&*self.run), Path::to_owned)
    }

    /// Offers every row that may be sent, in source order, until `offer` says that no more are wanted. `passed` is told how many
    /// rows of the source are behind.
    pub(super) fn each_sendable(
        &self,
        mut offer: impl FnMut(crate::submit::Dispatch) -> bool,
        passed: impl Fn(u64),
    ) -> Result<(), Failure> {
        let names: Vec<Arc<str>> = self.operations.iter().map(|operation| operation.name.clone()).collect();
        let mut settler = Settler::new(&self.table.source, None, None, NotSent::OnlyChecked, Default::default())?;
        pipeline::carry(&self.table, &self.plan, |prepared| {
            passed(prepared.row.place.ordinal);
            let operation = prepared.operation.and_then(|index| names.get(usize::from(index))).cloned();
            let wanted = match (settler.admit(&prepared)?, operation) {
                (Admission::Send(parcel), Some(operation)) => {
                    offer(crate::submit::Dispatch { place: prepared.row.place, operation, parcel: parcel.clone() })
                }
                (Admission::Send(_) | Admission::Duplicate(_) | Admission::Invalid | Admission::Blank, _) => true,
            };
            Ok(if wanted { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })
    }

    /// A reporter for this run, made before anything is sent so that an unwritable folder stops the run in time.
    pub(super) fn reporter(&self, folder: &Path, wanted: &Wanted<'_>) -> Result<Reporter, Failure> {
        let by_hand = |operation: &Arc<Operation>| {
            let rules = operation.idempotency.as_ref().filter(|rules| rules.needs_person())?;
            Some(report::ByHand { look_for: rules.look_for.as_deref().map(Into::into) })
        };
        let header = report::Header {
            run: self.run.to_string(),
            operation: self.to.clone(),
            operations: self.operations.iter().map(|operation| operation.name.to_string()).collect(),
            mode: wanted.mode,
            account: self.account.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started: wanted.started,
            ignored_columns: self.plan.left_out().iter().map(ToString::to_string).collect(),
            members: self.plan.members(),
            page: PageSettings { open_columns: self.plan.open_columns(), ..wanted.page.clone() },
            joined_columns: self.annex_columns.clone(),
            by_hand: self.operations.iter().map(by_hand).collect(),
            test_stand: wanted.test_stand,
            formats: wanted.args.formats.iter().filter_map(|format| format_of(*format)).collect(),
            evidence: evidence::of(self, &wanted.args.control_sum)?,
        };
        Ok(Reporter::create(folder, &self.table.source, header)?)
    }

    /// Writes the report: a second look at the source, joined with the journal by the rows' identities.
    pub(super) fn report(
        &self,
        reporter: Reporter,
        journal: Option<&Journal>,
        otherwise: NotSent,
        ended: report::Ended,
        halt: Option<report::Halt>,
        requests: Requests,
    ) -> Result<Summary, Failure> {
        let timeline = match (reporter.mode(), journal) {
            (Mode::Import, Some(journal)) => Some(page::timeline(journal, &self.run)?),
            (Mode::Import | Mode::Check | Mode::Plan, _) => None,
        };
        let stage = match reporter.mode() {
            Mode::Import => "reporting",
            Mode::Check | Mode::Plan => "validating",
        };
        // Only now the reference books of the run are there.
        let mut reporter = reporter.with_facts(facts::of(self));
        let bar = terminal::bar(stage, Some(self.rows));
        let fields = Fields { names: self.plan.names_of_digests(), identifying: self.plan.identifying_digests() };
        let mut settler = Settler::new(&self.table.source, journal, Some(&self.run), otherwise, fields)?;
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
        let journal = match reporter.mode() {
            Mode::Import => journal.map(|journal| evidence::of_journal(journal, &self.run)).transpose()?,
            Mode::Check | Mode::Plan => None,
        };
        Ok(reporter.finish(Ending {
            finished: Utc::now(),
            ended,
            halt,
            requests: report::Requests { sent: requests.sent, retried: requests.retried, throttled: requests.throttled },
            timeline,
            rows_read: self.rows,
            blank_trailing_rows: 0,
            journal,
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

/// A table in which the mapping finds its columns. Its hints were made for one file: where they do not fit another text, such as
/// the `rejected.csv` of that one, they are dropped. What the user says by flags always holds.
fn fitting_table(
    input: &Input,
    reading: &ReadingArgs,
    hints: &SourceHints,
    operations: &[Arc<Operation>],
    try_on: impl Fn(&Table) -> Result<(), Failure>,
) -> Result<Table, Failure> {
    let open = |hints: Option<&SourceHints>| {
        let table = open_table(input, &read_settings(reading, hints), operations)?;
        try_on(&table).map(|()| table)
    };
    let failure = match open(Some(hints)) {
        Ok(table) => return Ok(table),
        Err(failure) => failure,
    };
    let has_hints = hints.sheet.is_some() || hints.header_row.is_some() || hints.delimiter.is_some() || hints.encoding.is_some();
    let may_be_their_fault = matches!(failure, Failure::Read(_) | Failure::Mapping(MappingError::NoSuchColumn { .. }));
    if !has_hints || !may_be_their_fault {
        return Err(failure);
    }
    match open(None) {
        Ok(table) if table.format == Format::Delimited => {
            terminal::tell("note: [source] of the mapping does not fit this file; it was read without\n");
            Ok(table)
        }
        // The first failure names what the user wrote.
        Ok(_) | Err(_) => Err(failure),
    }
}

/// The run's name: one sheet of one source × one operation × one account, so that the same command continues the same run.
fn run_name(source: &Source, to: &str, account: &str) -> RunId {
    let name: &str = &source.name;
    let mut hasher = Sha256::new();
    let sheets = source.sheets.iter().map(|sheet| &**sheet).filter(|sheet| !sheet.is_empty());
    for part in [&source.sha256, to, account].into_iter().chain(sheets) {
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
