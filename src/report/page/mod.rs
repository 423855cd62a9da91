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
use std::sync::Arc;

use askama::Template as _;
use chrono::{DateTime, Utc};

use super::complaint::Complaint;
use super::{Header, Summary};
use crate::model::{Code, Lang, Outcome, Place, Prepared, Settled, Source};
use gather::{Changed, Faults};
use mask::{Mask, Shown};
use sample::Sample;

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

/// A row of the sample.
#[derive(Debug)]
struct SampledRow {
    place: Place,
    outcome: Outcome,
    /// The user's own id and the provider's, where they may be shown.
    ids: Option<(Option<Box<str>>, Option<Box<str>>)>,
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
    lang: Lang,
    source: Source,
    mask: Mask,
    sample: Sample<SampledRow>,
    faults: Faults,
    changed: Changed,
}

impl Page {
    pub(super) fn new(source: &Source, header: &Header) -> Self {
        let settings = &header.page;
        Self {
            lang: settings.lang,
            source: source.clone(),
            mask: Mask::new(settings.unmask, settings.open_columns.clone()),
            sample: Sample::new(ROWS_MAX),
            faults: Faults::default(),
            changed: Changed::default(),
        }
    }

    /// Knows further columns, which were joined to the source's own.
    pub(super) fn join(&mut self, columns: &[Arc<str>]) {
        self.source.columns.extend_from_slice(columns);
    }

    /// Takes the next row into the sums, and perhaps into the sample.
    pub(super) fn row(&mut self, prepared: &Prepared, settled: &Settled, complaints: &[Complaint<'_>]) {
        self.changed.add(prepared, &self.mask);
        for complaint in complaints {
            self.mask.observe(complaint);
            if !complaint.is_reason {
                self.faults.add(complaint);
            }
        }
        let leading = complaints.first().map(|complaint| (complaint.code, complaint.column));
        let place = prepared.row.place;
        let Some(seat) = self.sample.wants((settled.outcome, leading), place.ordinal) else { return };
        let said = |complaint: &Complaint<'_>| Said {
            code: complaint.code,
            column: complaint.column,
            field: mask::clip(&complaint.field, view::NAME_CHARS_MAX).into(),
            found: self.mask.found(complaint),
            message: self.mask.message(complaint, prepared, settled).into(),
        };
        let row = SampledRow {
            place,
            outcome: settled.outcome,
            ids: self.mask.unmasks().then(|| {
                let clip = |id: &str| mask::clip(id, view::NAME_CHARS_MAX).into_boxed_str();
                (prepared.own_id.as_deref().map(clip), settled.remote_id.as_deref().map(clip))
            }),
            attempts: settled.attempts,
            http_status: settled.http_status,
            complaints: complaints.iter().take(COMPLAINTS_MAX).map(said).collect(),
            more: complaints.len().saturating_sub(COMPLAINTS_MAX),
        };
        self.sample.put(seat, row);
    }

    /// The page, once all rows were taken.
    ///
    /// # Errors
    /// When the template fails, which it does only where memory does.
    pub(super) fn render(self, summary: &Summary, timeline: Option<&Timeline>) -> Result<String, askama::Error> {
        view::view(self, summary, timeline).render()
    }
}
