//! What every further file of the report is to the reporter. Knows no format.

use std::fmt;
use std::path::Path;

use super::jsonl::Jsonl;
use super::junit::Junit;
use super::page::Page;
#[cfg(feature = "parquet")]
use super::parquet::ParquetFile;
use super::partial::PartialFile;
use super::row::ReportRow;
use super::run::Header;
use super::summary::Summary;
use super::workbook::WorkbookWriter;
use super::{Format, ReportError};
use crate::model::Source;

/// A file of the report in the making. Dropped before it is finished, it leaves nothing behind.
pub(super) trait Writer: fmt::Debug + Send {
    /// Takes the next row, in the order of the source.
    fn row(&mut self, row: &ReportRow<'_>) -> Result<(), ReportError>;

    /// Brings all of it to the disk, under temporary names still. `so_far` holds the sums, and the files that are finished before
    /// this one.
    fn finish(self: Box<Self>, so_far: &Summary) -> Result<Vec<PartialFile>, ReportError>;
}

/// The writers of the formats that the user wants, in the order in which they finish.
pub(super) fn of_formats(folder: &Path, source: &Source, header: &Header) -> Result<Vec<Box<dyn Writer>>, ReportError> {
    let mut writers: Vec<Box<dyn Writer>> = Vec::new();
    for format in Format::ALL {
        if !header.formats.contains(format) {
            continue;
        }
        match format {
            Format::Jsonl => writers.push(Box::new(Jsonl::create(folder, source, &header.operations)?)),
            Format::Junit => writers.push(Box::new(Junit::create(folder, source, &header.operations)?)),
            #[cfg(feature = "parquet")]
            Format::Parquet => writers.push(Box::new(ParquetFile::create(folder, source, &header.operations)?)),
            Format::Html => writers.push(Box::new(Page::create(folder, source, header)?)),
            Format::Xlsx => {
                let mut own = source.clone();
                own.columns.truncate(source.columns.len().saturating_sub(header.joined_columns.len()));
                writers.push(Box::new(WorkbookWriter::create(folder, own)?));
            }
        }
    }
    Ok(writers)
}
