//! The report as a workbook: the user's own with our columns, or a clean one where that cannot be. Decides no outcome.
//!
//! A thread of its own writes it, behind a bounded channel: a sheet of the source is copied while the rows of the report arrive.
//! [`plan`] tells whether the user's workbook can be given back, [`kept`] writes that one, [`clean`] the other.

mod archive;
mod cells;
mod clean;
mod comments;
mod feed;
mod kept;
mod looks;
mod package;
mod plan;
mod row;
mod sheet;
mod styles;
mod summary;
mod survey;
mod xml;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use super::ReportError;
use super::partial::PartialFile;
use super::row::ReportRow;
use super::summary::Summary;
use super::writer::Writer;
use crate::model::Source;
use archive::Archive;
use feed::{Feed, Message};
use package::Unkept;
use plan::Plan;
use row::RowNote;
use summary::Facts;

/// Name of the report's workbook.
const NAME: &str = "outcomes.xlsx";
/// The same for a workbook with macros, which programs open under this ending only.
const NAME_WITH_MACROS: &str = "outcomes.xlsm";
const ROWS_PER_MESSAGE: usize = 256;
const MESSAGES_WAITING_MAX: usize = 4;
/// Bytes of a source from which on its workbook is written in haste: some hundred thousand rows of text.
const LARGE_BYTES: u64 = 32 << 20;

/// Writes the workbook of a report.
#[derive(Debug)]
pub(super) struct WorkbookWriter {
    source: Arc<Source>,
    rows: Vec<RowNote>,
    /// `None` once all is said.
    sender: Option<SyncSender<Message>>,
    thread: Option<JoinHandle<Result<PartialFile, ReportError>>>,
    /// Whether the rows' own cells are copied from the source, and need not be sent.
    is_kept: Arc<AtomicBool>,
}

impl WorkbookWriter {
    /// Begins to write into a folder. `source` has its own columns only, none that were joined to them.
    pub(super) fn create(folder: &Path, source: Source) -> Result<Self, ReportError> {
        let source = Arc::new(source);
        let is_kept = Arc::new(AtomicBool::new(false));
        let (sender, receiver) = sync_channel(MESSAGES_WAITING_MAX);
        let (thread_source, thread_kept, thread_folder) = (Arc::clone(&source), Arc::clone(&is_kept), folder.to_path_buf());
        let thread = std::thread::Builder::new()
            .name("write workbook".to_owned())
            .spawn(move || write(&thread_folder, &thread_source, &thread_kept, Feed::new(receiver)))
            .map_err(|cause| ReportError::Write { path: folder.join(NAME), cause })?;
        let rows = Vec::with_capacity(ROWS_PER_MESSAGE);
        Ok(Self { source, rows, sender: Some(sender), thread: Some(thread), is_kept })
    }

    fn send(&mut self, message: Message) -> Result<(), ReportError> {
        let sent = self.sender.as_ref().is_some_and(|sender| sender.send(message).is_ok());
        if sent {
            return Ok(());
        }
        // The thread stopped before its time: it knows why.
        match self.join() {
            Ok(_) => Err(ReportError::BrokenOff),
            Err(error) => Err(error),
        }
    }

    fn join(&mut self) -> Result<PartialFile, ReportError> {
        self.sender = None;
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(done)) => done,
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            None => Err(ReportError::BrokenOff),
        }
    }
}

impl Writer for WorkbookWriter {
    fn row(&mut self, row: &ReportRow<'_>) -> Result<(), ReportError> {
        let with_cells = !self.is_kept.load(Ordering::Relaxed);
        self.rows.push(RowNote::new(&self.source, row, with_cells));
        if self.rows.len() < ROWS_PER_MESSAGE {
            return Ok(());
        }
        let rows = std::mem::replace(&mut self.rows, Vec::with_capacity(ROWS_PER_MESSAGE));
        self.send(Message::Rows(rows))
    }

    fn finish(mut self: Box<Self>, so_far: &Summary) -> Result<Vec<PartialFile>, ReportError> {
        let rows = std::mem::take(&mut self.rows);
        self.send(Message::Rows(rows))?;
        self.send(Message::End(Box::new(Facts::of(so_far))))?;
        let mut file = self.join()?;
        file.rows = so_far.outcomes.rows();
        Ok(vec![file])
    }
}

impl Drop for WorkbookWriter {
    fn drop(&mut self) {
        // The thread sees that nobody listens any more, and takes its unfinished file away.
        self.sender = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The thread: plans, writes, and brings the file to the disk.
fn write(folder: &Path, source: &Source, is_kept: &AtomicBool, mut feed: Feed) -> Result<PartialFile, ReportError> {
    let planned = source.workbook.as_ref().map(|workbook| plan::plan(source, workbook));
    let has_macros = matches!(&planned, Some(Ok(plan)) if plan.has_macros);
    is_kept.store(matches!(planned, Some(Ok(_))), Ordering::Relaxed);
    let mut file = PartialFile::create(folder, if has_macros { NAME_WITH_MACROS } else { NAME })?;
    let path: PathBuf = file.path().to_path_buf();
    let is_large = std::fs::metadata(&source.path).is_ok_and(|found| found.len() >= LARGE_BYTES);
    let archive = Archive::new(file.share()?, is_large);
    file.notes = fill(planned, source, archive, &mut feed).map_err(|cause| ReportError::Write { path, cause })?;
    file.sync()?;
    Ok(file)
}

/// Writes the one workbook or the other. Gives what people have to know about it.
fn fill(
    planned: Option<Result<Plan, Unkept>>,
    source: &Source,
    mut archive: Archive,
    feed: &mut Feed,
) -> io::Result<Vec<String>> {
    let notes = match planned {
        Some(Ok(plan)) => kept::write(plan, &mut archive, feed)?,
        Some(Err(why)) => {
            let note = format!("This is not the workbook that was read, but a clean one with its rows as texts: {why}.");
            clean::Table::new(source).write(&mut archive, feed, vec![note])?
        }
        None => clean::Table::new(source).write(&mut archive, feed, Vec::new())?,
    };
    archive.finish()?;
    Ok(notes)
}
