//! A workbook comes back: outside of our columns every value, format and part is what it was.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use calamine::{Data, Reader as _, open_workbook_auto};
use clientferry::model::{Code, Fault, Message, OUR_COLUMNS, OUR_SHEET, Source};
use clientferry::read::ReadSettings;

use super::package::{Parts, Sheet, parts, sheet, styles, without_fill};
use super::{moving_faults, notes, open, open_with, real_workbooks, report, rich, written};

/// What our columns hold, by sheet and place.
type Ours = BTreeMap<(u16, u64, u32), String>;

/// Compares a workbook with what came of it; gives the number of cells that were compared, or what is different.
fn compare(before: &Path, after: &Path, source: &Source) -> Result<(usize, Ours), String> {
    let (old, new) = (parts(before), parts(after));
    let read: Vec<String> = source.sheets.iter().map(|name| part_of(&old, name)).collect();
    for (name, (packed, plain)) in &old {
        let Some((new_packed, new_plain)) = new.get(name) else { return Err(format!("part {name} is gone")) };
        let is_list = name == "[Content_Types].xml" || name.ends_with(".rels");
        let is_book = plain.windows(9).any(|bytes| bytes == b"<workbook") || name.to_lowercase().ends_with("workbook.xml");
        let is_changed = is_list || is_book || read.contains(name) || is_styles(name) || is_comments(name);
        if !is_changed && packed != new_packed {
            return Err(format!("part {name} is not copied byte by byte"));
        }
        if is_list && (!contains_all(plain, new_plain)) {
            return Err(format!(
                "{name} lost something: {} and {}",
                String::from_utf8_lossy(plain),
                String::from_utf8_lossy(new_plain)
            ));
        }
    }
    let style_part = new.keys().find(|name| is_styles(name));
    let formats = match style_part {
        Some(part) => {
            let (old_styles, new_styles) = (old.get(part).map(|old| styles(&old.1)).unwrap_or_default(), styles(&new[part].1));
            for (list, items) in &old_styles {
                if new_styles.get(list).and_then(|new| new.get(..items.len())) != Some(items) {
                    return Err(format!("{list} of the formats is not what it was"));
                }
            }
            new_styles
        }
        None => BTreeMap::new(),
    };
    let mut compared = 0;
    let mut ours = Ours::new();
    for (number, part) in (0_u16..).zip(&read) {
        let (old, new) = (sheet(&old[part].1), sheet(&new[part].1));
        let header_line = source.workbook.as_ref().unwrap().header_lines[usize::from(number)];
        compared += compare_sheets((number, header_line), &old, &new, formats.get("cellXfs"), &mut ours)
            .map_err(|what| format!("{part}: {what}"))?;
    }
    Ok((compared, ours))
}

fn is_styles(name: &str) -> bool {
    name.ends_with("styles.xml") || name.ends_with("looks.xml")
}

fn is_comments(name: &str) -> bool {
    name.contains("comments") || name.ends_with(".vml")
}

/// Whether every element of a list is there still.
fn contains_all(old: &[u8], new: &[u8]) -> bool {
    let (old, new) = (String::from_utf8_lossy(old), String::from_utf8_lossy(new));
    let plain = |text: &str| text.trim_start_matches('\u{feff}').replace("template.main", "sheet.main").replace("/>", ">");
    let new: BTreeSet<String> = plain(&new).split('<').map(|tag| tag.trim().to_owned()).collect();
    plain(&old).split('<').filter(|tag| !tag.starts_with('/')).all(|tag| new.contains(tag.trim()))
}

fn part_of(parts: &Parts, sheet: &str) -> String {
    let book = parts.keys().find(|name| name.to_lowercase().ends_with("workbook.xml") || name.ends_with("main.xml")).unwrap();
    let text = String::from_utf8_lossy(&parts[book].1).into_owned();
    let escaped = sheet.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let quoted = |text: &str, name: &str| {
        let at = text.find(&format!("{name}=")).unwrap() + name.len() + 1;
        let quote = &text[at..=at];
        text[at + 1..].split(quote).next().unwrap().to_owned()
    };
    let tag = text
        .split("sheet ")
        .find(|tag| tag.contains(&format!("name=\"{escaped}\"")) || tag.contains(&format!("name='{escaped}'")));
    let tag = tag.unwrap_or_else(|| panic!("no sheet {sheet} in {text}")).split('>').next().unwrap();
    let id = quoted(tag, ":id");
    let (folder, name) =
        book.rsplit_once('/').map_or((String::new(), book.as_str()), |(folder, name)| (format!("{folder}/"), name));
    let relations = String::from_utf8_lossy(&parts[&format!("{folder}_rels/{name}.rels")].1).into_owned();
    let relation =
        relations.split('<').find(|tag| tag.contains(&format!("Id=\"{id}\"")) || tag.contains(&format!("Id='{id}'"))).unwrap();
    let target = quoted(relation, "Target");
    match target.strip_prefix('/') {
        Some(absolute) => absolute.to_owned(),
        None => format!("{folder}{target}"),
    }
}

fn compare_sheets(
    (number, header_line): (u16, u64),
    old: &Sheet,
    new: &Sheet,
    formats: Option<&Vec<String>>,
    ours: &mut Ours,
) -> Result<usize, String> {
    let is_ours = |cell: &super::package::Cell| OUR_COLUMNS.iter().any(|name| cell.inside.contains(&format!(">{name}<")));
    let columns: BTreeSet<u32> = new
        .cells
        .iter()
        .filter(|((line, _), cell)| *line == header_line && is_ours(cell))
        .map(|((_, column), _)| *column)
        .collect();
    if columns.len() != 5 {
        return Err(format!("{} of our columns", columns.len()));
    }
    let format = |number: usize| formats.and_then(|formats| formats.get(number)).cloned().unwrap_or_default();
    for (place, cell) in &old.cells {
        if columns.contains(&place.1) && place.0 >= header_line {
            // A cell of an earlier report, or one that held nothing but a format.
            continue;
        }
        let Some(found) = new.cells.get(place) else { return Err(format!("cell {place:?} is gone")) };
        if (&found.attributes, &found.inside) != (&cell.attributes, &cell.inside) {
            return Err(format!("cell {place:?} was {cell:?} and is {found:?}"));
        }
        if found.format != cell.format {
            let ((bare, _), (found_bare, fill)) = (without_fill(&format(cell.format)), without_fill(&format(found.format)));
            if bare != found_bare || fill.is_none() {
                return Err(format!("cell {place:?} has another format: {} and {}", format(cell.format), format(found.format)));
            }
        }
    }
    for (place, cell) in &new.cells {
        if columns.contains(&place.1) && place.0 >= header_line {
            assert!(!cell.inside.contains("<f>"), "{cell:?}");
            ours.insert((number, place.0, place.1), cell.inside.clone());
        } else if !old.cells.contains_key(place) && !cell.inside.is_empty() {
            return Err(format!("cell {place:?} is new and holds {}", cell.inside));
        }
    }
    for (line, row) in &old.rows {
        if new.rows.get(line) != Some(row) {
            return Err(format!("row {line} was {row} and is {:?}", new.rows.get(line)));
        }
    }
    let may_be_new = ["<dimension", "<sheetView", "</sheetView", "<pane", "<col", "</col", "<autoFilter", "<legacyDrawing"];
    let strip = |event: &String| event.replace("<x:", "<").replace("</x:", "</");
    let kept = |events: &[String]| {
        let kept = events
            .iter()
            .map(strip)
            .filter(|event| !may_be_new.iter().any(|name| event.starts_with(name)) && !event.trim().is_empty());
        kept.collect::<Vec<_>>()
    };
    let (before, after) = (kept(&old.around), kept(&new.around));
    if before != after {
        return Err(format!("around the rows stood {before:?} and stands {after:?}"));
    }
    for name in ["<pane", "<autoFilter", "<legacyDrawing", "<sheetView "] {
        let own: Vec<String> = old.around.iter().map(strip).filter(|event| event.starts_with(name)).collect();
        let found: Vec<String> = new.around.iter().map(strip).filter(|event| event.starts_with(name)).collect();
        let same = own.iter().zip(&found).all(|(own, found)| {
            own.trim_end_matches("/>").trim_end_matches('>') == found.trim_end_matches("/>").trim_end_matches('>')
        });
        if own.len() > found.len() || !same {
            return Err(format!("{name} was {own:?} and is {found:?}"));
        }
    }
    Ok(old.cells.len())
}

/// Every value of a sheet as the library reads it.
fn values(path: &Path, sheet: &str) -> BTreeMap<(u32, u32), String> {
    let mut workbook = open_workbook_auto(path).unwrap();
    let range = workbook.worksheet_range(sheet).unwrap();
    let (top, left) = range.start().unwrap_or((0, 0));
    let shown = range.used_cells().filter(|(_, _, value)| !matches!(value, Data::Empty));
    shown.map(|(row, column, value)| ((row as u32 + top, column as u32 + left), value.to_string())).collect()
}

fn round_trip(path: &Path, settings: ReadSettings, folder: &Path) -> Result<(usize, bool), String> {
    let table = open_with(path, settings).map_err(|error| format!("unread: {error}"))?;
    let summary =
        report(&table, folder, &moving_faults(table.source.columns.len())).map_err(|error| format!("unread: {error}"))?;
    let after = written(&summary);
    let notes = notes(&summary);
    if notes.iter().any(|note| note.starts_with("This is not the workbook")) {
        return Ok((0, false));
    }
    let (compared, ours) = compare(path, &after, &table.source)?;
    let outcomes = ours.values().filter(|inside| inside.contains(">created<") || inside.contains(">invalid<")).count() as u64;
    if outcomes != summary.outcomes.rows() {
        return Err(format!("{outcomes} outcomes for {} rows", summary.outcomes.rows()));
    }
    for sheet in &table.source.sheets {
        let (before, found) = (values(path, sheet), values(&after, sheet));
        if let Some((place, value)) = before.iter().find(|(place, value)| found.get(place) != Some(value)) {
            return Err(format!("the library reads {:?} at {place:?} for {value:?}", found.get(place)));
        }
    }
    // Our own reader sees the same rows, and our columns behind them.
    let settings = ReadSettings {
        sheet: table.source.sheets.first().map(|name| name.to_string()),
        header_row: Some(table.source.workbook.as_ref().unwrap().header_lines[0]),
        ..ReadSettings::default()
    };
    let (once, again) = (open_with(path, settings.clone()), open_with(&after, settings));
    let (once, again) = (once.map_err(|error| error.to_string())?, again.map_err(|error| format!("unread again: {error}"))?);
    let columns = once.source.columns.len();
    if again.source.columns.get(..columns) != Some(&once.source.columns) {
        return Err(format!("the header is read as {:?}", again.source.columns));
    }
    for (one, other) in once.rows().unwrap().zip(again.rows().unwrap()) {
        let (one, other) = (one.unwrap(), other.unwrap());
        if one.place != other.place || (0..columns).any(|column| one.cells.text(column).trim() != other.cells.text(column).trim())
        {
            return Err(format!("row {} is read differently", one.place.line));
        }
    }
    Ok((compared, true))
}

#[test]
#[allow(clippy::print_stdout)]
fn real_workbooks_come_back_as_they_were() {
    let (mut kept, mut cells, mut clean, mut unread, mut wrong) = (0, 0, Vec::new(), 0, Vec::new());
    for path in real_workbooks() {
        let folder = tempfile::tempdir().unwrap();
        let settings = ReadSettings { any_sheet: true, ..ReadSettings::default() };
        let outcome = std::panic::catch_unwind(|| round_trip(&path, settings, folder.path()));
        match outcome.unwrap_or_else(|_| Err("the comparison broke down".to_owned())) {
            Ok((compared, true)) => {
                kept += 1;
                cells += compared;
            }
            Ok((_, false)) => clean.push(format!("{}: {}", path.display(), super::notes_in(folder.path()))),
            Err(what) if what.starts_with("unread: ") => unread += 1,
            Err(what) => wrong.push(format!("{}: {what}", path.display())),
        }
    }
    println!("{kept} workbooks came back with {cells} cells, {} got a clean one, {unread} are not read", clean.len());
    clean.iter().for_each(|path| println!("  clean: {path}"));
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    if super::corpora().is_some() {
        assert!(kept >= 100, "only {kept} came back");
    }
}

#[test]
fn a_rich_workbook_of_two_sheets_comes_back_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clients.xlsx");
    rich::rich(&path);
    let settings = ReadSettings { sheet: Some("all".to_owned()), header_row: None, ..ReadSettings::default() };
    let table = open_with(&path, settings.clone()).unwrap();
    assert_eq!(table.source.sheets.iter().map(|name| &**name).collect::<Vec<_>>(), ["Клиенты", "Клиенты 2"]);
    let (compared, kept) = round_trip(&path, settings, &folder.path().join("report")).unwrap();
    assert!(kept && compared > 500, "{compared}");
    let new = parts(&folder.path().join("report/outcomes.xlsx"));
    let comments: String =
        new.iter().filter(|(name, _)| name.contains("comments")).map(|(_, (_, plain))| String::from_utf8_lossy(plain)).collect();
    for text in ["проверить &lt;срочно&gt;", "второе", "Анна", "phone.too_short", "=wrong &lt;here&gt; &amp; there"]
    {
        assert!(comments.contains(text), "{text}: {comments}");
    }
    let second = String::from_utf8_lossy(&new["xl/worksheets/sheet2.xml"].1).into_owned();
    assert_eq!((second.matches("<pane").count(), second.matches("<autoFilter").count()), (1, 1), "the user's own stay alone");
    assert!(second.contains("<autoFilter ref=\"A3:G43\""));
    let first = String::from_utf8_lossy(&new["xl/worksheets/sheet1.xml"].1).into_owned();
    assert!(first.contains("<pane ySplit=\"3\"") && first.contains("<autoFilter ref=\"A3:L"), "{first}");
    assert!(first.contains("<col min=\"8\" max=\"8\" width=\"19\" customWidth=\"1\"/>"));
    let summary = values(&folder.path().join("report/outcomes.xlsx"), OUR_SHEET);
    assert!(
        summary.values().any(|value| value == "phone.too_short") && summary.values().any(|value| value == "clients.xlsx"),
        "{summary:?}"
    );
}

#[test]
fn an_odd_workbook_comes_back_and_rows_that_it_does_not_store_get_their_cells() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("odd.xlsx");
    rich::odd(&path, &[]);
    let (compared, kept) = round_trip(&path, ReadSettings::default(), &folder.path().join("report")).unwrap();
    assert!(kept && compared == 6, "{compared}");
    let new = sheet(&parts(&folder.path().join("report/outcomes.xlsx"))["book/one.xml"].1);
    // Row 2 is blank and not stored; between the header and the first client it is reported.
    assert!(new.cells[&(2, 2)].inside.contains("created") || new.cells[&(2, 2)].inside.contains("invalid"), "{:?}", new.cells);
    let raw = String::from_utf8(parts(&folder.path().join("report/outcomes.xlsx"))["book/one.xml"].1.clone()).unwrap();
    assert!(raw.starts_with("<?xml version='1.0' encoding='utf-8'?>\r\n<x:worksheet") && raw.ends_with("<!-- end -->"), "{raw}");
    assert!(raw.contains("spans='1:7'") && raw.contains("<x:col min='8' max='16384' width='9' style='1'/>"), "{raw}");
    assert!(!raw.contains("<c ") && !raw.contains("<row "), "{raw}");
}

#[test]
fn a_workbook_that_comes_again_gets_our_columns_once_and_loses_colours_of_mended_cells() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clients.xlsx");
    rich::rich(&path);
    let settings = ReadSettings { sheet: Some("Клиенты".to_owned()), header_row: Some(3), ..ReadSettings::default() };
    let table = open_with(&path, settings.clone()).unwrap();
    let first = report(&table, &folder.path().join("one"), &moving_faults(7)).unwrap();
    let again = open_with(&written(&first), settings).unwrap();
    let second = report(&again, &folder.path().join("two"), &|_| Vec::new()).unwrap();
    assert!(notes(&second).is_empty());
    let (old, new) = (parts(&path), parts(&written(&second)));
    let mut ours = BTreeMap::new();
    let formats = styles(&new["xl/styles.xml"].1);
    let (old_sheet, new_sheet) = (sheet(&old["xl/worksheets/sheet1.xml"].1), sheet(&new["xl/worksheets/sheet1.xml"].1));
    compare_sheets((0, 3), &old_sheet, &new_sheet, formats.get("cellXfs"), &mut ours).unwrap();
    // The reader itself finds the second cell of the merged ones odd.
    for (place, cell) in old_sheet.cells.iter().filter(|(place, _)| **place != (22, 0)) {
        assert_eq!(new_sheet.cells[place].format, cell.format, "{place:?} has its own format again");
    }
    assert_eq!(ours.values().filter(|inside| inside.contains(">created<")).count(), rich::ROWS as usize);
    assert!(ours.values().all(|inside| !inside.contains("invalid")));
    let comments = String::from_utf8_lossy(&new["xl/comments1.xml"].1).into_owned();
    assert!(comments.contains("проверить") && !comments.contains("phone.too_short"), "{comments}");
    let names = open_workbook_auto(written(&second)).unwrap().sheet_names();
    assert_eq!(names.iter().filter(|name| *name == OUR_SHEET).count(), 1, "{names:?}");
}

#[test]
fn a_workbook_with_macros_keeps_them_and_its_ending() {
    let folder = tempfile::tempdir().unwrap();
    let (plain, path) = (folder.path().join("plain.xlsx"), folder.path().join("clients.xlsm"));
    rich::odd(&plain, &[]);
    rich::with_macros(&plain, &path);
    let table = open(&path).unwrap();
    let summary = report(&table, &folder.path().join("report"), &|_| Vec::new()).unwrap();
    assert!(written(&summary).ends_with("outcomes.xlsm"));
    let (old, new) = (parts(&path), parts(&written(&summary)));
    assert_eq!(old["xl/vbaProject.bin"], new["xl/vbaProject.bin"]);
}

#[test]
fn what_cannot_be_kept_gets_a_clean_workbook_and_a_word_about_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signed.xlsx");
    rich::odd(&path, &[("_xmlsignatures/sig1.xml", "<Signature/>")]);
    let table = open(&path).unwrap();
    let judge = |row: &clientferry::model::Row| {
        vec![Fault::of_cell(Code::PhoneTooShort, 1, row.cells.text(1), Message::of_others("short"))]
    };
    let summary = report(&table, &folder.path().join("report"), &judge).unwrap();
    let notes = notes(&summary);
    assert!(notes.len() == 1 && notes[0].contains("clean one") && notes[0].contains("signed"), "{notes:?}");
    let sheets = open_workbook_auto(written(&summary)).unwrap().sheet_names();
    assert_eq!(sheets, ["Лист <1>", OUR_SHEET]);
    let about = values(&written(&summary), OUR_SHEET);
    assert!(about.values().any(|value| value.contains("signed")), "{about:?}");
    let rows = values(&written(&summary), "Лист <1>");
    assert_eq!(rows.values().filter(|value| *value == "invalid").count() as u64, summary.outcomes.rows());
    assert!(rows.values().any(|value| value == " Анна " || value == "Анна"), "{rows:?}");
}
