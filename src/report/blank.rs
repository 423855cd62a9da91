//! Blank spreadsheets for people to fill: headers, help, drop-downs, columns that keep leading zeros. Knows no contract.

use std::io::{self, Write as _};
use std::path::Path;

use rust_xlsxwriter::{Color, DataValidation, Format, FormatAlign, Formula, Workbook, Worksheet, XlsxError, utility};

use crate::model::text::arm;

/// One column of a blank spreadsheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlankColumn {
    /// The header.
    pub header: String,
    /// What the column takes, with an example.
    pub help: String,
    /// Whether every row needs it.
    pub required: bool,
    /// The values to choose from; any when empty.
    pub choices: Vec<String>,
    /// Whether the spreadsheet must keep cells as text, so that no zero and no digit is lost.
    pub as_text: bool,
}

/// Rows under the header that get drop-downs.
const ROWS: u32 = 10_000;
/// Name of the hidden sheet behind the drop-downs.
const LISTS_SHEET: &str = "lists";
/// Row of the header: the help stands above it, where no import takes it for a client.
const HEADER_ROW: u32 = 1;

/// A CSV with the header row alone: UTF-8 with byte order mark and semicolons, as spreadsheet programs open it best.
#[must_use]
pub fn csv(columns: &[BlankColumn]) -> Vec<u8> {
    let mut text = String::from("\u{feff}");
    for (index, column) in columns.iter().enumerate() {
        if index > 0 {
            text.push(';');
        }
        let cell = arm(&column.header);
        if cell.contains(['"', ';', '\n']) {
            text.push_str(&format!("\"{}\"", cell.replace('"', "\"\"")));
        } else {
            text.push_str(&cell);
        }
    }
    text.push('\n');
    text.into_bytes()
}

/// A workbook: help row, header row, drop-downs, text-formatted id columns.
///
/// # Errors
/// When the workbook cannot be built, for example because the help is longer than a cell takes.
pub fn xlsx(columns: &[BlankColumn], sheet: &str) -> io::Result<Vec<u8>> {
    build(columns, sheet).map_err(|error| io::Error::other(error.to_string()))
}

/// Writes a file beside its final name and renames it.
///
/// # Errors
/// When the folder or the file cannot be written.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // A blank form holds nobody's data: it may be read like any other document.
        file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    file.persist(path)?;
    Ok(())
}

fn build(columns: &[BlankColumn], sheet: &str) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    // A fixed date: the same contract gives the same bytes, so that a test can tell whether a committed template is up to date.
    let properties = rust_xlsxwriter::DocProperties::new()
        .set_title(sheet)
        .set_creation_datetime(&rust_xlsxwriter::ExcelDateTime::from_ymd(2026, 1, 1)?);
    workbook.set_properties(&properties);
    let mut lists = Lists::new()?;
    let worksheet = workbook.add_worksheet();
    worksheet.set_name(sheet.replace('/', " ").chars().take(31).collect::<String>())?;
    let help = Format::new().set_text_wrap().set_font_color(Color::RGB(0x0060_6060)).set_align(FormatAlign::Top);
    let header = Format::new().set_bold().set_background_color(Color::RGB(0x00DD_EBF7));
    let required = Format::new().set_bold().set_background_color(Color::RGB(0x00FF_E699));
    let text = Format::new().set_num_format("@");
    worksheet.set_row_height(0, 90)?;
    for (index, column) in (0_u16..).zip(columns) {
        worksheet.set_column_width(index, 22)?;
        if column.as_text {
            worksheet.set_column_format(index, &text)?;
        }
        worksheet.write_string_with_format(0, index, &column.help, &help)?;
        worksheet.write_string_with_format(
            HEADER_ROW,
            index,
            &column.header,
            if column.required { &required } else { &header },
        )?;
        if !column.choices.is_empty() {
            let formula = format!("={}", lists.range(&column.choices)?);
            let rule = DataValidation::new()
                .allow_list_formula(Formula::new(formula))
                .set_error_title("Not in the list")?
                .set_error_message("Choose one of the values of the list.")?;
            worksheet.add_data_validation(HEADER_ROW + 1, index, HEADER_ROW + ROWS, index, &rule)?;
        }
    }
    worksheet.set_freeze_panes(HEADER_ROW + 1, 0)?;
    if !lists.known.is_empty() {
        workbook.push_worksheet(lists.sheet);
    }
    workbook.save_to_buffer()
}

/// The lists behind the drop-downs, on a hidden sheet: a cell's own list takes no more than 255 characters.
struct Lists {
    sheet: Worksheet,
    /// Each list once, in the order of its column.
    known: Vec<Vec<String>>,
}

impl Lists {
    fn new() -> Result<Self, XlsxError> {
        let mut sheet = Worksheet::new();
        sheet.set_name(LISTS_SHEET)?.set_hidden(true);
        Ok(Self { sheet, known: Vec::new() })
    }

    /// Where the list stands, written down when it is new.
    fn range(&mut self, choices: &[String]) -> Result<String, XlsxError> {
        let found = self.known.iter().position(|known| known == choices);
        let index = found.unwrap_or(self.known.len());
        // A template has fewer lists than a sheet has columns.
        let column = u16::try_from(index).unwrap_or(u16::MAX);
        if found.is_none() {
            for (row, choice) in (0_u32..).zip(choices) {
                self.sheet.write_string(row, column, choice)?;
            }
            self.known.push(choices.to_vec());
        }
        let name = utility::column_number_to_name(column);
        Ok(format!("{LISTS_SHEET}!${name}$1:${name}${}", choices.len()))
    }
}
