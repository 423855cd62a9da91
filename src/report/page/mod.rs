//! `report.html`: one page that tells a run to people. Gathers bounded statistics from the rows and shows them; needs no network
//! and holds no personal data unless it is asked to. Decides no outcome.

mod chart;
mod csp;
mod gather;
mod mask;
mod sample;
mod say;
mod view;
mod words;

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use askama::Template as _;
use chrono::{DateTime, Utc};

use super::complaint::Complaint;
use super::partial::PartialFile;
use super::row::ReportRow;
use super::writer::Writer;
use super::{Header, ReportError, Summary};
use crate::model::{Code, Lang, Outcome, Place, Source};
use gather::{Changed, Faults};
use mask::{Mask, Shown};
use sample::Sample;

/// Name of the file.
const NAME: &str = "report.html";
/// Rows of the sample.
const ROWS_MAX: usize = 500;
/// Complaints that are shown of one row.
const COMPLAINTS_MAX: usize = 6;

/// How the page is to be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageSettings {
    /// Its language.
    pub lang: Lang,
    /// Whether values of clients may stand in it in clear: the user's explicit choice.
    pub unmask: bool,
    /// Source columns whose values are nobody's personal data by the contracts: they go to members of no personal class only.
    pub open_columns: BTreeSet<u16>,
}

/// Requests of a run over time, as the journal has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    /// When the first slice begins.
    pub begins: DateTime<Utc>,
    /// How long each slice is, milliseconds.
    pub slice_ms: i64,
    /// From the first request to the last.
    pub slices: Vec<TimelineSlice>,
}

/// One slice of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimelineSlice {
    /// Requests that left.
    pub sent: u64,
    /// Of these, repeats.
    pub retried: u64,
    /// Answers that asked for a slower pace.
    pub throttled: u64,
}

/// The user's own id of a client, and the provider's.
type Ids = (Option<Box<str>>, Option<Box<str>>);

/// A row of the sample.
#[derive(Debug)]
struct SampledRow {
    place: Place,
    outcome: Outcome,
    /// The user's own id and the provider's, where they may be shown.
    ids: Option<Ids>,
    attempts: u32,
    http_status: Option<u16>,
    complaints: Vec<Said>,
    /// Complaints beyond those.
    more: usize,
}

/// One complaint as a row of the sample keeps it.
#[derive(Debug)]
struct Said {
    code: Code,
    column: Option<u16>,
    field: Box<str>,
    found: Option<Shown>,
    message: Box<str>,
}

/// The page in the making.
#[derive(Debug)]
pub(super) struct Page {
    file: PartialFile,
    statistics: Statistics,
}

/// What was gathered from the rows.
#[derive(Debug)]
struct Statistics {
    lang: Lang,
    source: Source,
    mask: Mask,
    sample: Sample<SampledRow>,
    faults: Faults,
    changed: Changed,
}

impl Page {
    /// Opens the page's file, so that a folder that cannot be written to is known early.
    pub(super) fn create(folder: &Path, source: &Source, header: &Header) -> Result<Self, ReportError> {
        let settings = &header.page;
        Ok(Self {
            file: PartialFile::create(folder, NAME)?,
            statistics: Statistics {
                lang: settings.lang,
                source: source.clone(),
                mask: Mask::new(settings.unmask, settings.open_columns.clone()),
                sample: Sample::new(ROWS_MAX),
                faults: Faults::default(),
                changed: Changed::default(),
            },
        })
    }
}

impl Statistics {
    /// Takes a row into the sums, and perhaps into the sample.
    fn add(&mut self, row: &ReportRow<'_>) {
        self.changed.add(row.prepared, &self.mask);
        for complaint in row.complaints {
            self.mask.observe(complaint);
            if !complaint.is_reason {
                self.faults.add(complaint);
            }
        }
        let leading = row.complaints.first().map(|complaint| (complaint.code, complaint.column));
        if let Some(seat) = self.sample.wants((row.settled.outcome, leading), row.prepared.row.place.ordinal) {
            let sampled = self.sampled(row);
            self.sample.put(seat, sampled);
        }
    }

    /// The row as the sample keeps it.
    fn sampled(&self, row: &ReportRow<'_>) -> SampledRow {
        let ReportRow { prepared, settled, complaints, .. } = *row;
        let clipped = |id: &str| mask::clip(id, view::NAME_CHARS_MAX).into_boxed_str();
        let said = |complaint: &Complaint<'_>| Said {
            code: complaint.code,
            column: complaint.column,
            field: clipped(&complaint.field),
            found: self.mask.found(complaint),
            message: self.mask.message(complaint, prepared, settled).into(),
        };
        let ids = || (prepared.own_id.as_deref().map(clipped), settled.remote_id.as_deref().map(clipped));
        SampledRow {
            place: prepared.row.place,
            outcome: settled.outcome,
            ids: self.mask.unmasks().then(ids),
            attempts: settled.attempts,
            http_status: settled.http_status,
            complaints: complaints.iter().take(COMPLAINTS_MAX).map(said).collect(),
            more: complaints.len().saturating_sub(COMPLAINTS_MAX),
        }
    }
}

impl Writer for Page {
    fn row(&mut self, row: &ReportRow<'_>) -> Result<(), ReportError> {
        self.statistics.add(row);
        Ok(())
    }

    fn finish(self: Box<Self>, so_far: &Summary) -> Result<Vec<PartialFile>, ReportError> {
        let Self { mut file, statistics } = *self;
        let path = file.path().to_owned();
        let text = view::view(statistics, so_far)
            .render()
            .map_err(|cause| ReportError::Write { path, cause: io::Error::other(cause) })?;
        file.line().extend_from_slice(text.as_bytes());
        file.end_line()?;
        file.sync()?;
        Ok(vec![file])
    }
}
