//! The rows of a report as its files tell them. Joins nothing.

use std::fs::File;
use std::hash::Hasher as _;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use siphasher::sip128::{Hasher128 as _, SipHasher13};

use super::CompareError;
use crate::model::text::{disarm, fold};
use crate::model::{Code, Outcome};
use crate::report::partial::hex;

/// A report folder.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) run: String,
    /// Of the source.
    pub(super) sha256: String,
    outcomes: PathBuf,
    /// `rejected.csv`, which has the cells of rows that failed; `None` where it is not as it was written.
    rejected: Option<PathBuf>,
}

/// One line of `outcomes.csv`.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    pub(super) sheet: String,
    pub(super) line: String,
    pub(super) row_id: String,
    pub(super) outcome: String,
    pub(super) provider_id: String,
    pub(super) code: String,
    pub(super) column: String,
    pub(super) key: String,
    /// Of the row's own cells, where it failed and nothing else tells which row it is.
    pub(super) content: Option<u128>,
}

impl Report {
    pub(super) fn open(folder: &Path) -> Result<Self, CompareError> {
        let path = folder.join("summary.json");
        let bytes = std::fs::read(&path).map_err(|why| CompareError::Unreadable { path: path.clone(), why: why.to_string() })?;
        let strange = |why: &str| CompareError::Strange { path: path.clone(), why: why.to_owned() };
        let summary: Value = serde_json::from_slice(&bytes).map_err(|error| strange(&error.to_string()))?;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let run = summary.get("run").and_then(text).ok_or_else(|| strange("it names no run"))?;
        let sha256 = summary.pointer("/source/sha256").and_then(text).ok_or_else(|| strange("it names no source"))?;
        let outcomes = folder.join("outcomes.csv");
        File::open(&outcomes).map_err(|why| CompareError::Unreadable { path: outcomes.clone(), why: why.to_string() })?;
        // Whoever mends `rejected.csv` in its folder does no harm: its rows are the report's no more, so it is not read.
        let rejected = folder.join("rejected.csv");
        let is_whole =
            written_sha256(&summary, "rejected.csv").is_some_and(|written| file_sha256(&rejected).ok() == Some(written));
        Ok(Self { run, sha256, outcomes, rejected: is_whole.then_some(rejected) })
    }

    /// Every row, in the order of the source.
    pub(super) fn lines(&self) -> Result<impl Iterator<Item = Result<Line, CompareError>> + '_, CompareError> {
        let mut reader = csv::ReaderBuilder::new().from_path(&self.outcomes).map_err(|error| self.strange(&error))?;
        let header = reader.headers().map_err(|error| self.strange(&error))?.clone();
        let place = |name: &str| header.iter().position(|column| column == name);
        let columns = ["sheet", "line", "row_id", "outcome", "provider_id", "code", "column", "idempotency_key"].map(place);
        if columns.iter().any(Option::is_none) {
            return Err(CompareError::Strange { path: self.outcomes.clone(), why: "columns are missing".to_owned() });
        }
        let mut contents = self.rejected.as_deref().and_then(Contents::open);
        Ok(reader.into_records().map(move |record| {
            let record = record.map_err(|error| self.strange(&error))?;
            let [sheet, line, row_id, outcome, provider_id, code, column, key] =
                columns.map(|index| index.and_then(|index| record.get(index)).unwrap_or("").to_owned());
            let mut line = Line { sheet, line, row_id, outcome, provider_id, code, column, key, content: None };
            if let (Some(Outcome::Invalid | Outcome::Duplicate | Outcome::Rejected), Some(contents)) =
                (line.outcome(), &mut contents)
            {
                line.content = contents.next();
            }
            Ok(line)
        }))
    }

    fn strange(&self, error: &csv::Error) -> CompareError {
        let path = self.outcomes.clone();
        match error.kind() {
            csv::ErrorKind::Io(why) => CompareError::Unreadable { path, why: why.to_string() },
            // The library's words may quote a record.
            _ => {
                let line = error.position().map_or(0, csv::Position::line);
                CompareError::Strange { path, why: format!("line {line} does not fit the header") }
            }
        }
    }
}

/// The hash that a summary gives a file of its report.
fn written_sha256(summary: &Value, name: &str) -> Option<String> {
    let files = summary.get("files")?.as_array()?;
    let file = files.iter().find(|file| file.get("name").and_then(Value::as_str) == Some(name))?;
    file.get("sha256")?.as_str().map(str::to_owned)
}

fn file_sha256(path: &Path) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match io::Read::read(&mut file, &mut buffer)? {
            0 => return Ok(hex(&hasher.finalize())),
            read => hasher.update(buffer.get(..read).unwrap_or_default()),
        }
    }
}

/// The rows of `rejected.csv`, which stand in it in the order of `outcomes.csv`, as hashes.
struct Contents {
    records: csv::StringRecordsIntoIter<File>,
    columns: Vec<String>,
}

impl Contents {
    fn open(path: &Path) -> Option<Self> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(path).ok()?;
        let columns = reader.headers().ok()?.iter().map(|name| fold(disarm(name))).collect();
        Some(Self { records: reader.into_records(), columns })
    }

    /// The next row's filled cells with the names of their columns, in whatever order the columns stand.
    fn next(&mut self) -> Option<u128> {
        let record = self.records.next()?.ok()?;
        let mut cells: Vec<(&str, &str)> = record
            .iter()
            .enumerate()
            .map(|(index, cell)| (self.columns.get(index).map_or("", String::as_str), disarm(cell)))
            .filter(|(_, cell)| !cell.is_empty())
            .collect();
        cells.sort_unstable();
        let mut hasher = SipHasher13::new();
        for part in cells.into_iter().flat_map(|(column, cell)| [column, cell]) {
            hasher.write(part.as_bytes());
            hasher.write_u8(0xff);
        }
        Some(hasher.finish128().as_u128())
    }
}

impl Line {
    /// What became of the row.
    pub(super) fn outcome(&self) -> Option<Outcome> {
        Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == self.outcome)
    }

    /// The code that leads, which is the gravest.
    pub(super) fn code(&self) -> Option<Code> {
        Code::from_name(self.code.split(';').next()?.trim())
    }

    /// The user's own id of the row; a made one names the line and holds for its own file only.
    pub(super) fn own_id(&self) -> Option<&str> {
        let id = disarm(&self.row_id);
        let made = id.rsplit_once('L').filter(|(_, line)| *line == self.line);
        let is_made = made.is_some_and(|(sheet, _)| sheet.is_empty() || sheet.strip_suffix('!') == Some(disarm(&self.sheet)));
        (!id.is_empty() && !is_made).then_some(id)
    }
}
