//! Workbooks of Excel 5 to 2003 (XLS): the rows of one sheet in a streamed pass. In memory stand the table of texts and the table
//! of sectors, both smaller than the file. Not read by the library, which holds whole sheets and trusts what files declare.

mod globals;
mod ole;
mod records;
mod sheet;

pub(super) use records::packed_number;
pub(super) use sheet::{error, survey, walk};

use super::SheetEntry;
use crate::read::ReadError;
use crate::read::source::SourceFile;

/// The tables of the workbook in their order.
pub(super) fn sheets(source: &SourceFile) -> Result<Vec<SheetEntry>, ReadError> {
    Ok(globals::read(source, false)?.sheets.into_iter().map(|(sheet, _)| sheet).collect())
}
