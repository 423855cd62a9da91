//! The formats of workbooks behind one door: which sheets there are, what a sheet says about its rows, the rows themselves.
//! Behind a fence: a reader that panics on a broken file makes it a damaged file.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use super::facts::Facts;
use super::row::{SheetRow, Visit, Walk};
use super::{damaged, ods, xls, xlsb, xlsx};
use crate::read::container::zip;
use crate::read::source::SourceFile;
use crate::read::{Format, ReadError, ReadSettings};

/// Who reads the workbook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::read) enum Kind {
    Xlsx,
    Xlsb,
    Xls,
    Ods,
}

impl Kind {
    /// The format by its public name.
    pub(super) fn format(self) -> Format {
        match self {
            Self::Xlsx => Format::Xlsx,
            Self::Xlsb => Format::Xlsb,
            Self::Xls => Format::Xls,
            Self::Ods => Format::Ods,
        }
    }
}

/// A sheet as the workbook lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SheetEntry {
    pub(super) name: String,
    pub(super) hidden: bool,
}

/// A workbook that was looked at; every pass opens it again.
#[derive(Clone, Debug)]
pub(super) struct Book {
    pub(super) kind: Kind,
    pub(super) source: SourceFile,
    pub(super) settings: ReadSettings,
    /// What was read once of an XLSX workbook.
    known: Arc<xlsx::Known>,
}

impl Book {
    pub(super) fn new(kind: Kind, source: SourceFile, settings: ReadSettings) -> Self {
        Self { kind, source, settings, known: Arc::default() }
    }

    /// The tables of the workbook in their order, hidden ones included. An error when its parts pass the limits.
    pub(super) fn sheets(&self) -> Result<Vec<SheetEntry>, ReadError> {
        match self.kind {
            Kind::Xlsx | Kind::Xlsb | Kind::Ods => zip::check_limits(&mut self.source.open()?, &self.source, &self.settings)?,
            Kind::Xls => {}
        }
        self.fenced(|| match self.kind {
            Kind::Xlsx => xlsx::sheets(&self.source, &self.settings),
            Kind::Xlsb => xlsb::sheets(&self.source, &self.settings),
            Kind::Xls => xls::sheets(&self.source),
            Kind::Ods => ods::sheets(&self.source, &self.settings),
        })
    }

    /// What has to be known about a sheet before its rows are read.
    pub(super) fn survey(&self, sheet: &str) -> Result<Facts, ReadError> {
        let mut facts = self.fenced(|| match self.kind {
            Kind::Xlsx => xlsx::survey(&self.source, &self.settings, sheet),
            Kind::Xlsb => xlsb::survey(&self.source, &self.settings, sheet),
            Kind::Xls => xls::survey(&self.source, sheet),
            Kind::Ods => ods::survey(&self.source, &self.settings, sheet),
        })?;
        facts.settle();
        Ok(facts)
    }

    /// Shows the sheet's rows to `visit` until it breaks. Rows that the sheet does not store are not shown.
    pub(super) fn walk(&self, sheet: &str, facts: &Facts, visit: Visit<'_>) -> Result<(), ReadError> {
        let is_visiting = Cell::new(false);
        let mut watched = |row: &SheetRow| {
            is_visiting.set(true);
            let seen: ControlFlow<()> = visit(row);
            is_visiting.set(false);
            seen
        };
        match catch_unwind(AssertUnwindSafe(|| self.walk_unfenced(sheet, facts, &mut watched))) {
            Ok(walked) => walked,
            // A panic of whoever sees the rows is not the file's.
            Err(panic) if is_visiting.get() => resume_unwind(panic),
            Err(_) => Err(self.contradictory()),
        }
    }

    fn walk_unfenced(&self, sheet: &str, facts: &Facts, visit: Visit<'_>) -> Result<(), ReadError> {
        let mut walk = Walk::new(&self.source, visit);
        let whole = match self.kind {
            Kind::Xlsx => xlsx::walk(&self.source, &self.settings, sheet, &self.known, &mut walk)?,
            Kind::Xlsb => xlsb::walk(&self.source, &self.settings, sheet, &mut walk)?,
            Kind::Xls => xls::walk(&self.source, sheet, facts.is_unordered, &mut walk)?,
            Kind::Ods => ods::walk(&self.source, &self.settings, sheet, &mut walk)?,
        };
        if whole && walk.finish()? {
            // The whole sheet was read: it must still be the file that it was.
            self.source.open()?;
        }
        Ok(())
    }

    fn fenced<T>(&self, step: impl FnOnce() -> Result<T, ReadError>) -> Result<T, ReadError> {
        catch_unwind(AssertUnwindSafe(step)).unwrap_or_else(|_| Err(self.contradictory()))
    }

    fn contradictory(&self) -> ReadError {
        damaged(&self.source, "its parts contradict each other".to_owned())
    }
}
