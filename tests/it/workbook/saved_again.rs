//! Workbooks of ours that another program saved come again: comments and colours of the earlier report go, those of the user stay.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;

use clientferry::model::{Code, Fault, Message, OUR_COLUMNS, OUR_SHEET, Row};
use clientferry::read::ReadSettings;

use super::office::{convert, soffice};
use super::package::{parts, place, sheet, styles, without_fill};
use super::{moving_faults, open_with, report, rich, written};

/// Colours of faulty and odd cells.
const OURS: [&str; 2] = ["FFC7CD", "FFEB9B"];

fn settings(sheet: &str, header_row: u64) -> ReadSettings {
    ReadSettings { sheet: Some(sheet.to_owned()), header_row: Some(header_row), ..ReadSettings::default() }
}

/// Few faults, none of them where it was before.
fn few_faults(row: &Row) -> Vec<Fault> {
    match row.place.ordinal {
        1 | 11 | 22 => vec![Fault::of_cell(Code::EmailFormat, 1, row.cells.text(1), Message::of_others("no address"))],
        _ => Vec::new(),
    }
}

/// A sheet as far as a person sees it: the colour of every cell, and every comment.
#[derive(Debug)]
struct Seen {
    colours: BTreeMap<(u64, u32), String>,
    comments: BTreeMap<(u64, u32), Vec<String>>,
    boxes: usize,
    headers: usize,
}

/// The first sheet of a workbook.
fn look(path: &Path) -> Seen {
    let parts = parts(path);
    let text = |name: &str| String::from_utf8(parts[name].1.clone()).unwrap();
    let lists = styles(&parts["xl/styles.xml"].1);
    let colour = |format: usize| {
        let fill = without_fill(&lists["cellXfs"][format]).1.unwrap_or(0);
        let fill = &lists["fills"][fill];
        let front = fill.split("fgColor").nth(1).and_then(|rest| rest.split_once("rgb=\"")).map_or("", |(_, rest)| rest);
        front.split('"').next().unwrap().to_uppercase()
    };
    let related = text("xl/worksheets/_rels/sheet1.xml.rels");
    let target = |kind: &str| {
        let tag = related.split('<').find(|tag| tag.contains(&format!("/{kind}\"")))?;
        let target = tag.split_once("Target=\"")?.1.split('"').next()?;
        Some(target.trim_start_matches("/xl/").trim_start_matches("../").to_owned())
    };
    let mut comments: BTreeMap<(u64, u32), Vec<String>> = BTreeMap::new();
    let part = target("comments").map(|name| text(&format!("xl/{name}"))).unwrap_or_default();
    for comment in part.split("<comment ").skip(1) {
        let reference = comment.split_once("ref=\"").unwrap().1.split('"').next().unwrap();
        comments.entry(place(reference)).or_default().push(said(comment));
    }
    let drawing = target("vmlDrawing").map(|name| text(&format!("xl/{name}"))).unwrap_or_default();
    let cells = sheet(&parts["xl/worksheets/sheet1.xml"].1).cells;
    let table = parts.get("xl/sharedStrings.xml").map(|(_, plain)| String::from_utf8(plain.clone()).unwrap()).unwrap_or_default();
    let texts: Vec<&str> = table.split("<si>").skip(1).collect();
    let in_cell = |cell: &super::package::Cell| match cell.attributes.contains("t=s ") {
        true => texts[said_number(&cell.inside)].to_owned(),
        false => cell.inside.clone(),
    };
    let is_header = |text: &str| OUR_COLUMNS.iter().any(|name| text.contains(&format!(">{name}<")));
    Seen {
        colours: cells
            .iter()
            .map(|(place, cell)| (*place, colour(cell.format)))
            .filter(|(_, colour)| !colour.is_empty())
            .collect(),
        comments,
        boxes: drawing.matches("ObjectType=\"Note\"").count(),
        headers: cells.values().filter(|cell| is_header(&in_cell(cell))).count(),
    }
}

fn said_number(inside: &str) -> usize {
    inside.trim_start_matches("<v>").trim_end_matches("</v>").parse().unwrap()
}

/// The text of a raw comment.
fn said(comment: &str) -> String {
    let texts = comment.split("<t").skip(1).filter(|rest| rest.starts_with(['>', ' ']));
    texts.filter_map(|rest| rest.split_once('>')?.1.split('<').next()).collect::<String>().replace("&#10;", "\n")
}

/// Reports on a workbook of ours that another program saved, and looks at what came of it. `original` is the user's workbook
/// without any report, saved by the same program; there is none where the source was no workbook.
fn come_again(saved: &Path, original: Option<&Path>, settings: &ReadSettings, keeps_backgrounds: bool, folder: &Path) {
    let before = look(saved);
    let table = open_with(saved, settings.clone()).unwrap();
    assert_eq!(before.headers, 5, "it is one of ours");
    assert!(table.source.columns.iter().all(|name| !name.starts_with("clientferry")), "{:?}", table.source.columns);
    let summary = report(&table, folder, &few_faults).unwrap();
    assert!(super::notes(&summary).is_empty(), "{:?}", super::notes(&summary));
    let (now, theirs) = (look(&written(&summary)), original.map(look));
    // Which cells are faulty, as the report itself says.
    let mut faulty: BTreeSet<(u64, u32)> = BTreeSet::new();
    for record in csv::Reader::from_path(folder.join("faults.csv")).unwrap().records() {
        let record = record.unwrap();
        // That a row is hidden, for example, is said of no cell and colours none.
        if &record[3] == "info" {
            continue;
        }
        let column = table.source.columns.iter().position(|name| **name == record[6]).unwrap();
        faulty.insert((record[1].parse().unwrap(), u32::try_from(column).unwrap()));
    }
    assert!(faulty.len() >= 3);
    assert_eq!(now.headers, 5, "our columns stand there once");
    for (place, said) in &now.comments {
        assert_eq!(said.len(), 1, "{place:?} {said:?}");
        let codes =
            said[0].split(|ch: char| !(ch.is_ascii_lowercase() || ch == '.' || ch == '_')).filter(|word| word.contains('.'));
        let codes = codes.filter(|word| Code::from_name(word).is_some()).count();
        assert_eq!(codes, usize::from(faulty.contains(place)), "{place:?} {said:?}");
    }
    assert!(faulty.iter().all(|place| now.comments.contains_key(place)), "{faulty:?} {:?}", now.comments);
    assert_eq!(now.boxes, now.comments.len());
    for (place, said) in theirs.iter().flat_map(|theirs| &theirs.comments) {
        assert!(now.comments[place][0].starts_with(&said[0]), "{place:?}: {said:?} and {:?}", now.comments[place]);
        assert!(faulty.contains(place) || now.comments[place] == *said, "{place:?}: {said:?} and {:?}", now.comments[place]);
    }
    let width = u32::try_from(table.source.columns.len()).unwrap();
    let colours = now.colours.keys().chain(theirs.iter().flat_map(|theirs| theirs.colours.keys()));
    let all: BTreeSet<(u64, u32)> = colours.copied().filter(|place| place.1 < width).collect();
    for place in all {
        let found = now.colours.get(&place);
        let is_ours = |colour: Option<&String>| colour.is_some_and(|colour| OURS.iter().any(|ours| colour.ends_with(ours)));
        assert_eq!(is_ours(found), faulty.contains(&place), "{place:?} {found:?}");
        let Some(own) = theirs.as_ref().map(|theirs| theirs.colours.get(&place)) else { continue };
        // Where backgrounds are lost, so is what was under a colour of ours.
        let is_lost = is_ours(before.colours.get(&place)) && !keeps_backgrounds && found.is_none();
        assert!(is_ours(found) || found == own || is_lost, "{place:?} was {own:?} and is {found:?}");
    }
    let names = calamine::Reader::sheet_names(&calamine::open_workbook_auto(written(&summary)).unwrap());
    assert_eq!(names.iter().filter(|name| *name == OUR_SHEET).count(), 1, "{names:?}");
}

#[test]
fn after_libreoffice_faulty_cells_have_one_comment_and_mended_ones_no_colour() {
    let Some(soffice) = soffice() else { return };
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    rich::rich(&place("original.xlsx"));
    let rich_settings = settings("Клиенты", 3);
    let table = open_with(&place("original.xlsx"), rich_settings.clone()).unwrap();
    let first = report(&table, &place("one"), &moving_faults(7)).unwrap();
    std::fs::copy(written(&first), place("returned.xlsx")).unwrap();
    let rows: String = (0..40).map(|row| format!("{row};Пётр;+7 900 1\n")).collect();
    std::fs::write(place("clients.csv"), format!("id;Имя;Телефон\n{rows}")).unwrap();
    let table = open_with(&place("clients.csv"), ReadSettings::default()).unwrap();
    let first = report(&table, &place("clean"), &moving_faults(3)).unwrap();
    std::fs::copy(written(&first), place("clean.xlsx")).unwrap();
    std::fs::create_dir(place("saved")).unwrap();
    let workbooks = ["original.xlsx", "returned.xlsx", "clean.xlsx"].map(place);
    convert(&soffice, "xlsx:Calc MS Excel 2007 XML", &workbooks, &place("saved"));
    come_again(&place("saved/returned.xlsx"), Some(&place("saved/original.xlsx")), &rich_settings, false, &place("two"));
    // Filters are kept: the name that they need is there.
    let sheet = String::from_utf8(parts(&place("saved/returned.xlsx"))["xl/worksheets/sheet1.xml"].1.clone()).unwrap();
    assert!(sheet.contains("<autoFilter ref=\"A3:L"), "{sheet}");
    come_again(&place("saved/clean.xlsx"), None, &settings("rows", 1), false, &place("three"));
}

#[test]
fn after_a_script_saved_it_faulty_cells_have_one_comment_and_mended_ones_their_own_colour() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    rich::rich(&place("original.xlsx"));
    let settings = settings("Клиенты", 3);
    let table = open_with(&place("original.xlsx"), settings.clone()).unwrap();
    let first = report(&table, &place("one"), &moving_faults(7)).unwrap();
    by_script(&written(&first), &place("returned.xlsx"));
    by_script(&place("original.xlsx"), &place("saved.xlsx"));
    come_again(&place("returned.xlsx"), Some(&place("saved.xlsx")), &settings, true, &place("two"));
}

/// A workbook as openpyxl saves it: comments without looks, drawings with prefixes counted by a machine, formats without what it
/// does not know, blanks before the ends of empty elements.
fn by_script(from: &Path, to: &Path) {
    let mut archive = zip::ZipWriter::new(std::fs::File::create(to).unwrap());
    for (name, (_, plain)) in parts(from) {
        let is_changed = name.ends_with(".vml") || name.contains("comments") || name == "xl/styles.xml";
        let text = if is_changed { changed(&name, &String::from_utf8(plain).unwrap()).into_bytes() } else { plain };
        archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(&text).unwrap();
    }
    archive.finish().unwrap();
}

fn changed(name: &str, text: &str) -> String {
    if name.ends_with(".vml") {
        return [("v", "ns1"), ("o", "ns0"), ("x", "ns2")].into_iter().fold(text.to_owned(), |text, (old, new)| {
            ["<", "</", " ", " xmlns:"].into_iter().fold(text, |text, before| {
                let end = if before == " xmlns:" { "=" } else { ":" };
                text.replace(&format!("{before}{old}{end}"), &format!("{before}{new}{end}"))
            })
        });
    }
    if name.ends_with("styles.xml") {
        let unknown = [" applyFill=\"1\"", " applyFont=\"1\"", " applyNumberFormat=\"1\""];
        return unknown.into_iter().fold(text.to_owned(), |text, attribute| text.replace(attribute, "")).replace("/>", " />");
    }
    let (head, list) = text.split_once("<commentList>").unwrap();
    let mut out = format!("{head}<commentList>");
    for comment in list.split("<comment ").skip(1) {
        let tag = comment.split('>').next().unwrap();
        out.push_str(&format!("<comment {tag} shapeId=\"0\"><text><t>{}</t></text></comment>", said(comment)));
    }
    out + "</commentList></comments>"
}
