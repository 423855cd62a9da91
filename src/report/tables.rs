//! The four CSV files of every report: outcomes, faults, rejected rows, crosswalk. Decides no outcome.

use std::path::Path;

use super::ReportError;
use super::lines::{self, Lines};
use super::partial::PartialFile;
use super::row::ReportRow;
use crate::model::{OUTCOME_COLUMNS, Outcome};

/// UTF-8's own.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The files in the making.
#[derive(Debug)]
pub(super) struct Tables {
    pub(super) outcomes: PartialFile,
    pub(super) faults: PartialFile,
    pub(super) rejected: PartialFile,
    pub(super) crosswalk: PartialFile,
    /// Ids come from a test stand, which gives the same one to everybody: the crosswalk stays empty.
    test_stand: bool,
    /// Created or existing clients whose id the provider did not tell.
    pub(super) without_remote_id: u64,
}

impl Tables {
    pub(super) fn create(folder: &Path, lines: &Lines, test_stand: bool) -> Result<Self, ReportError> {
        let open = |name, columns: &str| {
            let mut file = PartialFile::create(folder, name)?;
            file.line().extend_from_slice(columns.as_bytes());
            file.end_line()?;
            Ok::<_, ReportError>(file)
        };
        let mut outcomes = PartialFile::create(folder, "outcomes.csv")?.chained();
        outcomes.line().extend_from_slice(OUTCOME_COLUMNS.join(",").as_bytes());
        outcomes.end_line()?;
        let mut rejected = PartialFile::create(folder, "rejected.csv")?;
        // Spreadsheet programs take a file without the mark for one in the system's old encoding.
        rejected.line().extend_from_slice(BYTE_ORDER_MARK);
        lines.rejected_header(rejected.line());
        rejected.end_line()?;
        Ok(Self {
            outcomes,
            faults: open("faults.csv", lines::FAULTS)?,
            rejected,
            crosswalk: open("crosswalk.csv", lines::CROSSWALK)?,
            test_stand,
            without_remote_id: 0,
        })
    }

    pub(super) fn row(&mut self, row: &ReportRow<'_>) -> Result<(), ReportError> {
        let ReportRow { prepared, settled, complaints, lines } = *row;
        lines.outcome(self.outcomes.line(), prepared, settled, complaints);
        self.outcomes.end_row()?;
        for complaint in complaints.iter().filter(|complaint| !complaint.is_reason) {
            lines.fault(self.faults.line(), prepared.row.place, complaint);
            self.faults.end_row()?;
        }
        match settled.outcome {
            Outcome::Created | Outcome::Existing if self.test_stand => {}
            Outcome::Created | Outcome::Existing => match settled.remote_id.as_deref() {
                Some(remote_id) => {
                    lines.crosswalk(self.crosswalk.line(), prepared, settled, remote_id);
                    self.crosswalk.end_row()?;
                }
                None => self.without_remote_id += 1,
            },
            Outcome::Invalid | Outcome::Duplicate | Outcome::Rejected => {
                lines.rejected(self.rejected.line(), prepared);
                self.rejected.end_row()?;
            }
            Outcome::Unknown | Outcome::NotSent => {}
        }
        Ok(())
    }

    /// Waits until the disk has all of them.
    pub(super) fn sync(self) -> Result<Vec<PartialFile>, ReportError> {
        let mut files = vec![self.outcomes, self.faults, self.rejected, self.crosswalk];
        for file in &mut files {
            file.sync()?;
        }
        Ok(files)
    }
}
