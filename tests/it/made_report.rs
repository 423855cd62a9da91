//! What tests that write a report by hand tell it: source, header and end of a run. Each changes what matters to it.
#![allow(clippy::unwrap_used)] // The lint spares test functions, not the helpers beside them.

use std::sync::Arc;

use chrono::DateTime;
use clientferry::model::Source;
use clientferry::report::{Ended, Ending, Evidence, Header, Members, Mode, PageSettings, Requests};

/// A source of these sheets and columns.
pub(crate) fn source<T: AsRef<str>>(sheets: &[&str], columns: &[T]) -> Source {
    Source {
        name: "clients.csv".into(),
        path: "in/clients.csv".into(),
        sha256: "ab".repeat(32),
        sheets: sheets.iter().map(|name| Arc::from(*name)).collect(),
        columns: columns.iter().map(|name| Arc::from(name.as_ref())).collect(),
        workbook: None,
    }
}

/// An import of one operation without any further file.
pub(crate) fn header() -> Header {
    Header {
        run: "run-1".into(),
        operation: "tbank/fl-resident".into(),
        operations: vec!["tbank/fl-resident".into()],
        mode: Mode::Import,
        account: "main".into(),
        version: "0.1.0".into(),
        started: DateTime::from_timestamp(1_777_863_721, 0).unwrap(),
        ignored_columns: Vec::new(),
        members: Members::new(),
        joined_columns: Vec::new(),
        by_hand: Vec::new(),
        test_stand: false,
        formats: Vec::new(),
        evidence: Evidence::default(),
        page: PageSettings::default(),
    }
}

/// A run that came to its end.
pub(crate) fn ending(rows_read: u64) -> Ending {
    Ending {
        finished: DateTime::from_timestamp(1_777_863_821, 0).unwrap(),
        ended: Ended::Finished,
        halt: None,
        requests: Requests { sent: 5, retried: 1, throttled: 0 },
        timeline: None,
        rows_read,
        blank_trailing_rows: 0,
        journal: None,
    }
}
