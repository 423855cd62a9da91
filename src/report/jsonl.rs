//! `outcomes.jsonl`: one JSON object a row, with all that `outcomes.csv` says of it, faults and changes as lists. Decides no outcome.
//! Values stand as they are: JSON is no spreadsheet, nothing has to be made inert.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use serde::ser::{SerializeSeq, Serializer};

use super::ReportError;
use super::cells;
use super::partial::PartialFile;
use super::row::ReportRow;
use super::summary::Summary;
use super::writer::Writer;
use crate::model::Source;

pub(super) const NAME: &str = "outcomes.jsonl";

/// The file in the making.
#[derive(Debug)]
pub(super) struct Jsonl {
    file: PartialFile,
    sheets: Vec<Arc<str>>,
    operations: Vec<String>,
}

impl Jsonl {
    pub(super) fn create(folder: &Path, source: &Source, operations: &[String]) -> Result<Self, ReportError> {
        let file = PartialFile::create(folder, NAME)?.chained();
        Ok(Self { file, sheets: source.sheets.clone(), operations: operations.to_vec() })
    }
}

#[derive(Serialize)]
struct Object<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    sheet: &'a str,
    line: u64,
    row_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    old_id: Option<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    operation: &'a str,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_id: Option<&'a str>,
    attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    http_status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idempotency_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    settled_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    faults: List<Faults<'a>>,
    changes: List<Changes<'a>>,
}

#[derive(Serialize)]
struct FaultObject<'a> {
    code: &'static str,
    severity: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    field: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    column: Cow<'a, str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    found: &'a str,
    message: &'a str,
    next_step: &'static str,
}

#[derive(Serialize)]
struct ChangeObject<'a> {
    field: &'static str,
    column: Cow<'a, str>,
    found: &'a str,
    sent: &'a str,
}

/// A list that is written without being made first.
struct List<T>(T);
struct Faults<'a>(&'a ReportRow<'a>);
struct Changes<'a>(&'a ReportRow<'a>);

impl Serialize for List<Faults<'_>> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ReportRow { complaints, lines, .. } = self.0.0;
        let mut list = serializer.serialize_seq(Some(complaints.len()))?;
        for complaint in *complaints {
            list.serialize_element(&FaultObject {
                code: complaint.code.as_str(),
                severity: complaint.code.severity().as_str(),
                field: &complaint.field,
                column: lines.column(complaint.column),
                found: &complaint.found,
                message: &complaint.message,
                next_step: complaint.next_step(),
            })?;
        }
        list.end()
    }
}

impl Serialize for List<Changes<'_>> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ReportRow { prepared, lines, .. } = self.0.0;
        let mut list = serializer.serialize_seq(None)?;
        for (column, field, sent) in prepared.changes.iter() {
            let found = prepared.row.cells.text(usize::from(column));
            list.serialize_element(&ChangeObject { field: field.as_str(), column: lines.column(Some(column)), found, sent })?;
        }
        list.end()
    }
}

impl Writer for Jsonl {
    fn row(&mut self, row: &ReportRow<'_>) -> Result<(), ReportError> {
        let ReportRow { prepared, settled, lines, .. } = *row;
        let place = prepared.row.place;
        let refusal = settled.refusal.as_ref();
        let object = Object {
            sheet: self.sheets.get(usize::from(place.sheet)).map_or("", |name| name),
            line: place.line,
            row_id: lines.row_id(),
            old_id: prepared.own_id.as_deref().filter(|id| !id.is_empty()),
            operation: prepared.operation.and_then(|index| self.operations.get(usize::from(index))).map_or("", |name| name),
            outcome: settled.outcome.as_str(),
            provider_id: settled.remote_id.as_deref(),
            attempts: settled.attempts,
            http_status: settled.http_status,
            idempotency_key: super::lines::key_of(prepared, settled).map(|key| key.to_string()),
            settled_at: settled.settled_at_ms.map(|ms| {
                let mut text = Vec::new();
                cells::time(&mut text, ms);
                String::from_utf8(text).unwrap_or_default()
            }),
            provider_code: refusal.map(|refusal| &*refusal.code).filter(|code| !code.is_empty()),
            request_id: refusal.and_then(|refusal| refusal.request_id.as_deref()),
            faults: List(Faults(row)),
            changes: List(Changes(row)),
        };
        serde_json::to_writer(self.file.line(), &object)
            .map_err(|cause| ReportError::Write { path: NAME.into(), cause: cause.into() })?;
        self.file.end_row()
    }

    fn finish(mut self: Box<Self>, _: &Summary) -> Result<Vec<PartialFile>, ReportError> {
        self.file.sync()?;
        Ok(vec![self.file])
    }
}
