//! The rows of a report as its files tell them. Joins nothing.

use std::fs::File;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::CompareError;
use crate::model::text::disarm;
use crate::model::{Code, Outcome};

/// A report folder.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) run: String,
    /// Of the source.
    pub(super) sha256: String,
    outcomes: PathBuf,
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
        Ok(Self { run, sha256, outcomes })
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
        Ok(reader.into_records().map(move |record| {
            let record = record.map_err(|error| self.strange(&error))?;
            let [sheet, line, row_id, outcome, provider_id, code, column, key] =
                columns.map(|index| index.and_then(|index| record.get(index)).unwrap_or("").to_owned());
            Ok(Line { sheet, line, row_id, outcome, provider_id, code, column, key })
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
