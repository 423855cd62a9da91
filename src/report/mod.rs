//! Room 4: settled rows become files that people read. Decides no outcome and sends nothing.

pub mod blank;
mod causes;
mod cells;
mod certificate;
pub mod compare;
mod complaint;
mod error;
mod jsonl;
mod junit;
mod leftovers;
mod lines;
mod page;
#[cfg(feature = "parquet")]
mod parquet;
mod partial;
mod restore;
mod row;
mod run;
mod summary;
mod tables;
pub mod terminal;
mod words;
mod workbook;
mod writer;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::model::{Code, Prepared, Settled, Source, Tally};
use causes::Causes;
pub use causes::{Cause, Facts, FieldFacts, MappingLine, Remedy};
use certificate::Adding;
pub use certificate::{
    Certificate, Certified, ChainRecord, ContractProof, ControlColumn, ControlSum, Evidence, FileProof, Finding, JournalProof,
    MappingProof, SheetProof, SourceProof, Verified, VerifyError, verify,
};
pub use complaint::{ByHand, Members};
use complaint::{Known, complaints};
pub use error::ReportError;
use lines::Lines;
pub use page::{PageSettings, Timeline, TimelineSlice};
use partial::PartialFile;
use row::ReportRow;
pub use run::{Ended, Ending, Format, Halt, Header, Mode, Requests};
pub use summary::{FileSummary, SheetSummary, SourceSummary, Summary};
use tables::Tables;
use writer::Writer;

/// Causes that the summary keeps.
const CAUSES_MAX: usize = 20;

/// Writes the report of one run, row by row in bounded memory.
///
/// Files get their final names in [`Reporter::finish`] only; dropped before, the reporter leaves older files as they were.
#[derive(Debug)]
pub struct Reporter {
    folder: PathBuf,
    header: Header,
    known: Known,
    source: Source,
    /// Columns of the source without those that were joined to it.
    own_columns: usize,
    lines: Lines,
    tables: Tables,
    /// Further files, in the order in which they are finished.
    writers: Vec<Box<dyn Writer>>,
    sheets: Vec<Tally>,
    all: Tally,
    not_sent_reasons: BTreeMap<Code, u64>,
    causes: Causes,
    control_sums: Vec<Adding>,
    broken_off: bool,
}

impl Reporter {
    /// Makes the folder (on Unix for the owner only) and opens the files, so that a folder that cannot be written to is known early.
    ///
    /// # Errors
    /// When the folder or a file in it cannot be made, or another process writes the same report.
    pub fn create(folder: &Path, source: &Source, mut header: Header) -> Result<Self, ReportError> {
        make_folder(folder)?;
        let own_columns = source.columns.len();
        let mut source = source.clone();
        let mut lines = Lines::new(&source, &header.operations);
        let tables = Tables::create(folder, &lines, header.test_stand)?;
        lines.join(&header.joined_columns);
        source.columns.extend_from_slice(&header.joined_columns);
        let known = Known {
            members: std::mem::take(&mut header.members),
            by_hand: std::mem::take(&mut header.by_hand),
            lang: header.page.lang,
        };
        let writers = writer::of_formats(folder, &source, &header)?;
        let control_sums = std::mem::take(&mut header.evidence.control_columns).into_iter().map(Adding::new).collect();
        Ok(Self {
            folder: folder.to_path_buf(),
            header,
            known,
            sheets: vec![Tally::default(); source.sheets.len()],
            source,
            own_columns,
            lines,
            tables,
            writers,
            all: Tally::default(),
            not_sent_reasons: BTreeMap::new(),
            causes: Causes::default(),
            control_sums,
            broken_off: false,
        })
    }

    /// Knows what causes have to know about the fields of the run, so that they are told by value and with lines for the mapping.
    #[must_use]
    pub fn with_facts(mut self, facts: Facts) -> Self {
        self.causes.set_facts(facts);
        self
    }

    /// What the run does with good rows.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.header.mode
    }

    /// Writes the next row. Rows come in the order of the source, each exactly once, none left out.
    ///
    /// # Errors
    /// When a file cannot be written, or the row is not the next one. After an error the report is broken off for good.
    pub fn row(&mut self, prepared: &Prepared, settled: &Settled) -> Result<(), ReportError> {
        if self.broken_off {
            return Err(ReportError::BrokenOff);
        }
        // A write that failed half way must not be followed by whole lines: until proved otherwise, broken off.
        self.broken_off = true;
        self.write_row(prepared, settled)?;
        self.broken_off = false;
        Ok(())
    }

    fn write_row(&mut self, prepared: &Prepared, settled: &Settled) -> Result<(), ReportError> {
        let place = prepared.row.place;
        let expected = self.all.rows();
        if place.ordinal != expected {
            let place_text = self.source.locate(place).to_string();
            return Err(ReportError::RowOutOfOrder { place: place_text, expected, found: place.ordinal });
        }
        let sheets = self.sheets.len();
        let Some(sheet) = self.sheets.get_mut(usize::from(place.sheet)) else {
            return Err(ReportError::NoSuchSheet { line: place.line, sheet: place.sheet, sheets });
        };
        sheet.add(settled);
        self.all.add(settled);
        for sum in &mut self.control_sums {
            sum.row(prepared, settled.outcome);
        }

        let complaints = complaints(prepared, settled, &self.known);
        self.causes.add(prepared, settled, &complaints);
        for complaint in &complaints {
            if complaint.is_reason {
                *self.not_sent_reasons.entry(complaint.code).or_default() += 1;
                continue;
            }
            self.all.add_code(complaint.code);
        }
        self.lines.turn_to(prepared);
        let row = ReportRow { prepared, settled, complaints: &complaints, lines: &self.lines };
        self.tables.row(&row)?;
        for writer in &mut self.writers {
            writer.row(&row)?;
        }
        Ok(())
    }

    /// Brings every file to the disk and then gives them their final names, `summary.json` last.
    ///
    /// # Errors
    /// When rows are missing or doubled, a file cannot be written, or an earlier error broke the report off.
    /// Older files then stay as they were; only [`ReportError::Rename`] can leave some new ones in place, and names them.
    pub fn finish(self, ending: Ending) -> Result<Summary, ReportError> {
        if self.broken_off {
            return Err(ReportError::BrokenOff);
        }
        let reported = self.all.rows();
        if reported != ending.rows_read {
            return Err(ReportError::SumsDiffer { read: ending.rows_read, reported });
        }
        let (causes, remedy) = self.causes.told(&self.source, CAUSES_MAX);
        let without_remote_id = self.tables.without_remote_id;
        let mut files = self.tables.sync()?;
        let certified = Certified {
            mapping: self.header.evidence.mapping,
            contracts: self.header.evidence.contracts,
            journal: ending.journal,
            control_sums: self.control_sums.into_iter().map(Adding::end).collect(),
        };
        let mut summary = Summary {
            run: self.header.run,
            operation: self.header.operation,
            operations: self.header.operations,
            mode: self.header.mode,
            account: self.header.account,
            version: self.header.version,
            source: summarize_source(&self.source, &self.sheets),
            not_sent_reasons: self.not_sent_reasons,
            needing_attention: self.all.needing_attention,
            faults: self.all.codes.clone(),
            outcomes: self.all,
            causes,
            remedy,
            clients_without_provider_id: without_remote_id,
            test_stand: self.header.test_stand,
            requests: ending.requests,
            started: self.header.started,
            finished: ending.finished,
            ended: ending.ended,
            halt: ending.halt,
            ignored_columns: self.header.ignored_columns,
            blank_trailing_rows: ending.blank_trailing_rows,
            files: files.iter().map(FileSummary::of).collect(),
            lang: self.header.page.lang,
            unmasked: self.header.page.unmask && self.header.formats.contains(&Format::Html),
            timeline: ending.timeline,
            has_second_file: self.source.columns.len() > self.own_columns,
            certified,
            seal: String::new(),
            folder: self.folder,
        };
        for writer in self.writers {
            let written = writer.finish(&summary)?;
            summary.files.extend(written.iter().map(FileSummary::of));
            files.extend(written);
        }
        let mut last = PartialFile::create(&summary.folder, SUMMARY)?;
        let json =
            summary.json().map_err(|cause| ReportError::Write { path: summary.folder.join(SUMMARY), cause: cause.into() })?;
        last.line().extend_from_slice(json.as_bytes());
        last.end_line()?;
        last.sync()?;
        files.push(last);
        let (certificate, seal) = certificate::write(&summary, &files)?;
        summary.seal = seal;
        // The summary comes last: where it stands, all the others do.
        files.insert(files.len() - 1, certificate);
        let written: Vec<&'static str> = files.iter().map(|file| file.name).collect();
        place_all(files.into_iter())?;
        leftovers::remove(&summary.folder, &written, &self.source.path);
        partial::sync_folder(&summary.folder);
        Ok(summary)
    }
}

/// Name of the file of sums.
const SUMMARY: &str = "summary.json";

fn make_folder(folder: &Path) -> Result<(), ReportError> {
    if folder.exists() && !folder.is_dir() {
        return Err(ReportError::NotAFolder { path: folder.to_path_buf() });
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|cause| ReportError::Folder { path: folder.to_path_buf(), cause })
}

fn place_all(files: impl Iterator<Item = PartialFile>) -> Result<(), ReportError> {
    let mut placed: Vec<&'static str> = Vec::new();
    for file in files {
        let name = file.name;
        file.place().map_err(|(path, cause)| {
            let placed = if placed.is_empty() { "none".to_owned() } else { placed.join(", ") };
            ReportError::Rename { path, placed, cause }
        })?;
        placed.push(name);
    }
    Ok(())
}

fn summarize_source(source: &Source, sheets: &[Tally]) -> SourceSummary {
    SourceSummary {
        name: source.name.to_string(),
        path: source.path.display().to_string(),
        sha256: source.sha256.clone(),
        rows: sheets.iter().map(Tally::rows).sum(),
        sheets: source
            .sheets
            .iter()
            .zip(sheets)
            .map(|(name, tally)| SheetSummary { name: name.to_string(), rows: tally.rows(), outcomes: tally.clone() })
            .collect(),
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")] // for /dev/full
mod tests {
    use super::*;
    use crate::model::{Cells, Changes, Fault, Outcome, Place, Row, Shape, Wording};
    use chrono::DateTime;
    use std::sync::Arc;

    fn reporter(folder: &Path) -> Reporter {
        let source = Source {
            name: "clients.csv".into(),
            path: "clients.csv".into(),
            sha256: String::new(),
            sheets: vec![Arc::from("")],
            columns: vec!["id".into()],
            workbook: None,
        };
        let header = Header {
            run: "r1".to_owned(),
            operation: "tbank/fl-resident".to_owned(),
            operations: Vec::new(),
            mode: Mode::Import,
            account: "main".to_owned(),
            version: "0".to_owned(),
            started: DateTime::UNIX_EPOCH,
            ignored_columns: Vec::new(),
            members: Members::new(),
            joined_columns: Vec::new(),
            by_hand: Vec::new(),
            test_stand: false,
            formats: Vec::new(),
            evidence: Evidence::default(),
            page: PageSettings::default(),
        };
        Reporter::create(folder, &source, header).unwrap()
    }

    fn invalid(ordinal: u64, cell: &str) -> (Prepared, Settled) {
        let mut cells = Cells::default();
        cells.push(cell);
        let row = Row { place: Place { sheet: 0, line: ordinal + 2, ordinal }, cells, shape: Shape::Whole, faults: Vec::new() };
        let fault = Fault::of_row(Code::ValueMissing, Wording::CellIsEmpty);
        let result = Err(vec![fault]);
        let prepared = Prepared { row, own_id: None, operation: None, result, warnings: Vec::new(), changes: Changes::default() };
        (prepared, Settled::plain(Outcome::Invalid))
    }

    fn ending(rows_read: u64) -> Ending {
        Ending {
            finished: DateTime::UNIX_EPOCH,
            ended: Ended::Finished,
            halt: None,
            requests: Requests::default(),
            timeline: None,
            rows_read,
            blank_trailing_rows: 0,
            journal: None,
        }
    }

    fn full_disk() -> std::fs::File {
        std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap()
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_full_disk_at_the_end_leaves_the_old_report_alone() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("outcomes.csv"), "old").unwrap();
        let mut reporter = reporter(folder.path());
        let (prepared, settled) = invalid(0, "x");
        reporter.row(&prepared, &settled).unwrap();
        // The third of four: nothing may be renamed before all of them are on the disk.
        reporter.tables.rejected.write_to(full_disk());
        let error = reporter.finish(ending(1)).unwrap_err();
        assert!(matches!(error, ReportError::Write { .. }), "{error}");
        assert!(error.to_string().contains("rejected.csv.partial"), "{error}");
        assert!(error.hint().starts_with("Free space"), "{}", error.hint());
        assert_eq!(names(folder.path()), ["outcomes.csv"]);
        assert_eq!(std::fs::read_to_string(folder.path().join("outcomes.csv")).unwrap(), "old");
    }

    #[test]
    fn after_a_failed_write_no_report_comes_to_be() {
        let folder = tempfile::tempdir().unwrap();
        let mut reporter = reporter(folder.path());
        reporter.tables.outcomes.write_to(full_disk());
        let long = "x".repeat(1000);
        let mut ordinal = 0;
        let error = loop {
            let (mut prepared, settled) = invalid(ordinal, "x");
            prepared.own_id = Some(long.as_str().into());
            match reporter.row(&prepared, &settled) {
                Ok(()) => ordinal += 1,
                Err(error) => break error,
            }
            assert!(ordinal < 10_000, "the disk never got full");
        };
        assert!(matches!(error, ReportError::Write { .. }), "{error}");
        let (prepared, settled) = invalid(ordinal, "x");
        assert!(matches!(reporter.row(&prepared, &settled), Err(ReportError::BrokenOff)));
        assert!(matches!(reporter.finish(ending(ordinal)), Err(ReportError::BrokenOff)));
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn a_second_writer_is_kept_out_while_the_first_one_lives() {
        let folder = tempfile::tempdir().unwrap();
        let first = reporter(folder.path());
        let second = Reporter::create(folder.path(), &first.source, first.header.clone());
        assert!(matches!(second, Err(ReportError::Busy { .. })));
        first.finish(ending(0)).unwrap();
        assert_eq!(
            names(folder.path()),
            ["certificate.json", "crosswalk.csv", "faults.csv", "outcomes.csv", "rejected.csv", "summary.json"]
        );
        // What a killed run left behind does not stand in the way.
        std::fs::write(folder.path().join("outcomes.csv.partial"), "torn").unwrap();
        reporter(folder.path()).finish(ending(0)).unwrap();
        assert_eq!(
            names(folder.path()),
            ["certificate.json", "crosswalk.csv", "faults.csv", "outcomes.csv", "rejected.csv", "summary.json"]
        );
    }
}
