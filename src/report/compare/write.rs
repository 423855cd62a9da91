//! What changed as `changes.csv` and `changes.json`. Joins nothing.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::Path;

use super::buckets::{Joined, JoinedRows};
use super::read::{Line, Report};
use super::{Change, ChangedBy, CompareError, Comparison};
use crate::model::Code;
use crate::model::text::disarm;
use crate::report::cells::cell;
use crate::report::partial::{self, PartialFile};
use crate::report::{ReportError, certificate, place_all};

const HEADER: &str = "change,row_id,sheet,line,outcome_before,code_before,outcome,code,column,provider_id";

/// Writes what changed into a folder, rows of the later report first, in their order, and those that are gone behind them.
pub(super) fn write(before: &Report, now: &Report, joined: JoinedRows, folder: &Path) -> Result<Comparison, CompareError> {
    let mut file = PartialFile::create(folder, "changes.csv")?;
    file.line().extend_from_slice(HEADER.as_bytes());
    file.end_line()?;
    let mut comparison = Comparison {
        earlier: before.run.clone(),
        later: now.run.clone(),
        rows_earlier: joined.rows_earlier,
        rows_later: joined.rows_later,
        rows_in_both: joined.in_both,
        changes: Vec::new(),
    };
    let mut counts: BTreeMap<(Change, Option<Code>), u64> = BTreeMap::new();
    for (report, changes) in [(now, joined.later), (before, joined.gone)] {
        let mut lines = report.lines()?.enumerate();
        for change in changes.into_sorted() {
            let change = change?;
            let at = lines.find(|(ordinal, _)| *ordinal as u64 == change.ordinal);
            let Some((_, line)) = at else { continue };
            let line = line?;
            let code = match change.change {
                Change::NewlyFailing | Change::StillFailing | Change::Differing => line.code(),
                Change::Fixed | Change::Gone => change.before.and_then(|(_, code)| code),
                Change::NewlyCreated => None,
            };
            *counts.entry((change.change, code)).or_default() += 1;
            csv_line(file.line(), &line, &change);
            file.end_row()?;
        }
    }
    comparison.changes = counts.into_iter().map(|((change, code), rows)| ChangedBy { change, code, rows }).collect();
    comparison.changes.sort_by_key(|by| (by.change, Reverse(by.rows), by.code));
    let mut sums = PartialFile::create(folder, "changes.json")?;
    let json = serde_json::to_vec_pretty(&comparison)
        .map_err(|cause| ReportError::Write { path: folder.join("changes.json"), cause: cause.into() })?;
    sums.line().extend_from_slice(&json);
    sums.end_line()?;
    file.sync()?;
    sums.sync()?;
    let certificate = certificate::add(folder, &[&file, &sums])?;
    place_all([file, sums].into_iter().chain(certificate))?;
    partial::sync_folder(folder);
    Ok(comparison)
}

fn csv_line(out: &mut Vec<u8>, line: &Line, joined: &Joined) {
    let is_gone = joined.change == Change::Gone;
    let before = joined.before.map(|(outcome, code)| (outcome.as_str(), code.map_or("", Code::as_str)));
    let (outcome_before, code_before) = before.unwrap_or(("", ""));
    let code = line.code().map_or("", Code::as_str);
    let now = if is_gone { ["", "", "", ""] } else { [&line.outcome, code, &line.column, &line.provider_id] };
    let first = [joined.change.as_str(), &line.row_id, &line.sheet, &line.line, outcome_before, code_before];
    for (index, text) in first.into_iter().chain(now).enumerate() {
        if index > 0 {
            out.push(b',');
        }
        // As read back: a cell that was made inert is made so once, not twice.
        cell(out, disarm(text));
    }
}
