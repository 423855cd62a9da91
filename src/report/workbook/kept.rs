//! The user's own workbook with what became of its rows: parts are copied as they lie, changed where the plan says so.

use std::io::{self, BufReader};

use super::archive::Archive;
use super::comments::{self, COMMENTS_MAX, Notes};
use super::feed::Feed;
use super::plan::{Plan, SheetPlan};
use super::sheet::{Change, copy};
use crate::model::{OUR_COLUMNS, folded_part};

/// Writes the whole workbook. Gives the number of rows of the report that are in it.
pub(super) fn write(mut plan: Plan, archive: &mut Archive, feed: &mut Feed) -> io::Result<Vec<String>> {
    let mut notes = std::mem::take(&mut plan.notes);
    copy_parts(&mut plan, archive)?;
    let sheets = std::mem::take(&mut plan.sheets);
    for (number, sheet) in (0_u16..).zip(&sheets) {
        notes.extend(write_sheet(&mut plan, sheet, number, archive, feed)?);
    }
    let mut facts = feed.facts()?;
    facts.remark(&notes);
    archive.put(&plan.summary_part, &facts.sheet(&plan.styles, &plan.main_space))?;
    archive.put(&plan.styles_part, &plan.styles.write())?;
    Ok(notes)
}

/// Copies what stays, and puts the small changed parts where the old ones were.
fn copy_parts(plan: &mut Plan, archive: &mut Archive) -> io::Result<()> {
    let replaced = plan.replaced();
    let mut texts: Vec<(String, String)> = std::mem::take(&mut plan.texts);
    for index in 0..plan.package.len() {
        let Some(name) = plan.package.name(index) else { continue };
        if let Some(at) = texts.iter().position(|(part, _)| folded_part(part) == folded_part(&name)) {
            let (_, text) = texts.swap_remove(at);
            archive.put(&name, text.as_bytes())?;
        } else if !replaced.contains(&folded_part(&name)) {
            archive.copy(plan.package.packed(index)?)?;
        }
    }
    for (name, text) in texts {
        archive.put(&name, text.as_bytes())?;
    }
    Ok(())
}

fn write_sheet(
    plan: &mut Plan,
    sheet: &SheetPlan,
    number: u16,
    archive: &mut Archive,
    feed: &mut Feed,
) -> io::Result<Option<String>> {
    let mut notes = Notes::default();
    if let Some(column) = sheet.our_columns.first() {
        notes.explain(
            sheet.header_line,
            *column,
            OUR_COLUMNS[0],
            "Written by clientferry, like the columns beside it. They are ignored and made anew when this workbook is imported again.",
        );
    }
    let change = Change {
        survey: &sheet.survey,
        sheet: number,
        header_line: sheet.header_line,
        our_columns: sheet.our_columns,
        passed_over: &sheet.passed_over,
        new_drawing: sheet.comments.as_ref().and_then(|comments| comments.new_relation.as_deref()),
        relations_space: &plan.relations_space,
    };
    let stream = plan.package.stream(sheet.index)?;
    let bytes_about = stream.size().saturating_mul(2);
    let input = BufReader::with_capacity(256 << 10, stream);
    let output = archive.begin(&sheet.part, bytes_about)?;
    copy(input, output, &change, feed, &mut plan.styles, &mut notes)?;
    let Some(own) = &sheet.comments else { return Ok(None) };
    let boxes = comments::write(&own.known, &notes, archive.begin(&own.part, 0)?)?;
    boxes.write(own.drawing.as_ref(), archive.begin(&own.drawing_part, 0)?)?;
    Ok(left_out(&sheet.name, notes.left_out))
}

/// What to say where there are too many comments.
pub(super) fn left_out(sheet: &str, cells: u64) -> Option<String> {
    let sheet = if sheet.is_empty() { String::new() } else { format!("Sheet {sheet}: ") };
    (cells > 0).then(|| {
        format!("{sheet}{cells} further faulty cells are coloured and have no comment: a sheet gets at most {COMMENTS_MAX}, fewer where they are long.")
    })
}
