//! XLSX workbooks, written as programs write them and as they might: what is read agrees with the library's reader cell by cell.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use calamine::{Data, Reader, Xlsx, open_workbook};
use clientferry::model::CellKind;
use clientferry::read::{ReadError, ReadSettings};
use proptest::prelude::*;

use super::corpora::{agrees, cells_here};
use super::{Made, cells, codes, file, open, refusal, rows, zipped};

const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const KIND: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/// A workbook of one sheet. `prefix` stands before the names of all elements, as some programs write it.
fn workbook(prefix: &str, is_1904: bool, texts: &[String], sheet: &str) -> Made {
    let p = prefix;
    let space = if p.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{}", p.trim_end_matches(':')) };
    let items: String = texts.iter().map(|text| format!("<{p}si>{text}</{p}si>")).collect();
    let relation =
        |id: u8, kind: &str, target: &str| format!("<Relationship Id=\"r{id}\" Type=\"{KIND}/{kind}\" Target=\"{target}\"/>");
    let all = |inner: String| {
        format!("<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">{inner}</Relationships>")
    };
    let formats = "<numFmt numFmtId=\"164\" formatCode=\"dd\\.mm\\.yyyy\"/><numFmt numFmtId=\"165\" formatCode=\"000000\"/>\
                   <numFmt numFmtId=\"166\" formatCode=\"[h]:mm\"/>"
        .replace("<numFmt", &format!("<{p}numFmt"));
    let styles: String = [0, 14, 164, 165, 166].iter().map(|id| format!("<{p}xf numFmtId=\"{id}\"/>")).collect();
    let parts = [
        ("[Content_Types].xml", "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>".to_owned()),
        ("_rels/.rels", all(relation(1, "officeDocument", "xl/workbook.xml"))),
        (
            "xl/workbook.xml",
            format!(
                "<{p}workbook {space}=\"{MAIN}\" xmlns:r=\"{KIND}\"><{p}workbookPr date1904=\"{}\"/>\
                 <{p}sheets><{p}sheet name=\"S\" sheetId=\"1\" r:id=\"r1\"/></{p}sheets></{p}workbook>",
                u8::from(is_1904)
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            all(relation(1, "worksheet", "worksheets/sheet1.xml")
                + &relation(2, "styles", "styles.xml")
                + &relation(3, "sharedStrings", "sharedStrings.xml")),
        ),
        (
            "xl/styles.xml",
            format!(
                "<{p}styleSheet {space}=\"{MAIN}\"><{p}numFmts>{formats}</{p}numFmts><{p}cellXfs>{styles}</{p}cellXfs></{p}styleSheet>"
            ),
        ),
        ("xl/sharedStrings.xml", format!("<{p}sst {space}=\"{MAIN}\">{items}</{p}sst>")),
        (
            "xl/worksheets/sheet1.xml",
            format!("<{p}worksheet {space}=\"{MAIN}\"><{p}sheetData>{sheet}</{p}sheetData></{p}worksheet>"),
        ),
    ];
    file("a.xlsx", zipped(&parts.iter().map(|(name, part)| (*name, part.as_bytes())).collect::<Vec<_>>()))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('\n', "&#10;")
}

const HEADER: &str = "<row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>Имя</t></is></c>\
                      <c r=\"B1\" t=\"inlineStr\"><is><t>ИНН</t></is></c></row>";

fn sheet(rows: &str) -> Made {
    workbook("", false, &[], &format!("{HEADER}{rows}"))
}

/// What a cell stores.
#[derive(Clone, Debug)]
enum Stored {
    Number(String),
    Shared(usize),
    Inline(String),
    Calculated(String),
    Bool(bool),
    Error(&'static str),
    Day(&'static str),
    Nothing,
}

/// How it is written.
#[derive(Clone, Debug)]
struct Written {
    stored: Stored,
    style: usize,
    names_its_place: bool,
    names_its_kind: bool,
    single_quotes: bool,
    blanks: bool,
    has_formula: bool,
}

const TEXTS: &[&str] =
    &["Иванов", " a ", "a&b<c>", "_x000D_x", "_x005F_x000D_", "два\nряда", "'+7", "=1+1", "5", "x_y", "", "\u{a0}x"];

fn any_written() -> impl Strategy<Value = Written> {
    let text = prop::sample::select(TEXTS).prop_map(str::to_owned);
    let number = prop_oneof![
        (0_u64..3_000_000).prop_map(|number| number.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        (-1e6..1e6_f64).prop_map(|number| number.to_string()),
        (0.0..60_000.0_f64).prop_map(|number| format!("{number:.4}")),
        prop::sample::select(vec!["1E+5", "1.5e-7", "60", "0", "-0", "00012", "x1"]).prop_map(str::to_owned),
    ];
    let stored = prop_oneof![
        4 => number.prop_map(Stored::Number),
        4 => (0..TEXTS.len() * 3).prop_map(Stored::Shared),
        2 => text.clone().prop_map(Stored::Inline),
        2 => text.prop_map(Stored::Calculated),
        1 => any::<bool>().prop_map(Stored::Bool),
        1 => prop::sample::select(vec!["#REF!", "#N/A", "#DIV/0!"]).prop_map(Stored::Error),
        1 => prop::sample::select(vec!["2021-02-03", "1980-02-01T12:30:00"]).prop_map(Stored::Day),
        1 => Just(Stored::Nothing),
    ];
    let flags = (
        prop::bool::weighted(0.8),
        any::<bool>(),
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.2),
    );
    (stored, 0..5_usize, flags).prop_map(|(stored, style, flags)| Written {
        stored,
        style,
        names_its_place: flags.0,
        names_its_kind: flags.1,
        single_quotes: flags.2,
        blanks: flags.3,
        has_formula: flags.4,
    })
}

impl Written {
    fn xml(&self, p: &str, row: usize, column: usize) -> String {
        let mut tag = format!("<{p}c");
        if self.names_its_place {
            let _ = write!(tag, " r=\"{}{row}\"", char::from(b'A' + u8::try_from(column).unwrap()));
        }
        if self.style > 0 {
            let _ = write!(tag, " s=\"{}\"", self.style);
        }
        let formula = if self.has_formula { format!("<{p}f>B1&amp;\"&gt;\"</{p}f>") } else { String::new() };
        let value = |value: &str| format!("{formula}<{p}v>{}</{p}v>", escaped(value));
        let (kind, inside) = match &self.stored {
            Stored::Number(number) => (if self.names_its_kind && number != "x1" { "n" } else { "" }, value(number)),
            Stored::Shared(index) => ("s", value(&index.to_string())),
            Stored::Inline(text) => {
                let keeps = if self.names_its_kind { " xml:space=\"preserve\"" } else { "" };
                ("inlineStr", format!("<{p}is><{p}t{keeps}>{}</{p}t></{p}is>", escaped(text)))
            }
            Stored::Calculated(text) => ("str", value(text)),
            Stored::Bool(is_true) => ("b", value(if *is_true { "1" } else { "0" })),
            Stored::Error(error) => ("e", value(error)),
            Stored::Day(day) => ("d", value(day)),
            Stored::Nothing => ("", String::new()),
        };
        if !kind.is_empty() {
            let _ = write!(tag, " t=\"{kind}\"");
        }
        if self.single_quotes {
            tag = tag.replace('"', "'");
        }
        if self.blanks {
            tag = tag.replace(' ', "\n  ") + " ";
        }
        match (inside.is_empty(), self.blanks) {
            (true, false) => format!("{tag}/>"),
            (true, true) => format!("{tag}></{p}c>"),
            (false, false) => format!("{tag}>{inside}</{p}c>"),
            (false, true) => format!("{tag}>\n<!-- </c> -->{inside}\n</{p}c >"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn every_way_of_writing_is_read_as_the_library_reads_it(
        written in prop::collection::vec(prop::collection::vec(any_written(), 0..5), 1..9),
        prefix in prop::sample::select(vec!["", "x:"]),
        is_1904 in any::<bool>(),
    ) {
        let p = prefix;
        let mut inside = format!("<{p}row r=\"1\"><{p}c r=\"A1\" t=\"inlineStr\"><{p}is><{p}t>Имя</{p}t></{p}is></{p}c></{p}row>");
        for (row, line) in (2..).zip(&written) {
            let _ = write!(inside, "<{p}row{}>", if row % 2 == 0 { format!(" r=\"{row}\" spans=\"1:5\"") } else { String::new() });
            for (column, cell) in line.iter().enumerate() {
                inside.push_str(&cell.xml(p, row, column));
            }
            let _ = write!(inside, "</{p}row>");
        }
        // Each text three times: as it stands, with its blanks, and in runs with a reading aid.
        let texts: Vec<String> = TEXTS
            .iter()
            .flat_map(|text| {
                let text = escaped(text);
                [
                    format!("<{p}t>{text}</{p}t>"),
                    format!("<{p}t xml:space=\"preserve\">{text}</{p}t>"),
                    format!(
                        "<{p}r><{p}rPr><{p}b/></{p}rPr><{p}t>{text}</{p}t></{p}r><{p}r><{p}t><![CDATA[<&>]]></{p}t></{p}r>\
                         <{p}rPh sb=\"0\" eb=\"1\"><{p}t>x</{p}t></{p}rPh>"
                    ),
                ]
            })
            .collect();
        let made = workbook(prefix, is_1904, &texts, &inside);
        let mut library: Xlsx<_> = open_workbook(&made.path).unwrap();
        let range = library.worksheet_range("S").unwrap();
        let there: BTreeMap<(u64, usize), &Data> = range
            .used_cells()
            .filter(|(row, _, _)| *row > 0)
            .map(|(row, column, value)| ((row as u64 + 1, column), value))
            .filter(|(_, value)| !matches!(value, Data::String(text) if clientferry::model::text::disarm(text).is_empty()))
            .collect();
        let here = cells_here(&made.path, "S", 1).unwrap();
        for (place, value) in &there {
            prop_assert!(here.get(place).is_some_and(|here| agrees(here, value)), "{place:?}: {:?} here, {value:?} there", here.get(place));
        }
        for place in here.keys() {
            prop_assert!(there.contains_key(place), "{place:?}: {:?} here, nothing there", here[place]);
        }
    }
}

#[test]
fn errors_of_newer_programs_are_errors_and_no_end_of_the_file() {
    let read = open(sheet("<row r=\"2\"><c r=\"A2\" t=\"e\"><v>#SPILL!</v></c><c r=\"B2\"><v>7</v></c></row>"));
    let row = &rows(&read)[0];
    assert_eq!((cells(row), row.cells.kind(0)), (vec!["#SPILL!", "7"], CellKind::Error));
}

#[test]
fn a_formula_that_gives_the_empty_text_has_a_value() {
    let formula =
        |kind: &str, value: &str| format!("<row r=\"2\"><c r=\"A2\"{kind}><f>B2</f>{value}</c><c r=\"B2\"><v>1</v></c></row>");
    for (kind, value, expected) in [
        (" t=\"str\"", "<v></v>", CellKind::Text),
        (" t=\"str\"", "<v/>", CellKind::Text),
        (" t=\"str\"", "", CellKind::FormulaWithoutValue),
        ("", "<v></v>", CellKind::FormulaWithoutValue),
        (" t=\"b\"", "", CellKind::FormulaWithoutValue),
    ] {
        let read = open(sheet(&formula(kind, value)));
        assert_eq!(rows(&read)[0].cells.kind(0), expected, "{kind} {value}");
    }
}

#[test]
fn what_would_shift_or_lose_a_cell_is_damage() {
    for (row, why) in [
        ("<row r=\"2\"><d r=\"A2\"><v>1</v></d></row>", "no cell"),
        ("<rov r=\"2\"/>", "no row"),
        ("<row r=\"2\"><c r=\"A2\"><w>1</w></c></row>", "none of a cell"),
        ("<row r=\"2\"><c r=\"A2\" t=\"s\"><v>99</v></c></row>", "row 2 names a text that the workbook does not hold"),
        ("<row r=\"2\"><c r=\"A2\" t=\"s\"><v>x</v></c></row>", "names a text"),
        ("<row r=\"2\"><c r=\"A2\" t=\"b\"><v>2</v></c></row>", "neither true nor false"),
        ("<row r=\"2\"><c r=\"A2\" t=\"q\"><v>2</v></c></row>", "unknown kind"),
        ("<row r=\"2\"><c r=\"XFE2\"><v>2</v></c></row>", "no sheet has"),
        ("<row r=\"1048577\"><c><v>2</v></c></row>", "no sheet has"),
        ("<row r=\"2\"><c r=\"A2\" t=\"inlineStr\"><is><t>&name;</t></is></c></row>", "broken"),
        ("<row r=\"2\"><c r=\"A2\"><v>1</v></row>", "broken"),
    ] {
        let refused = refusal(&sheet(row), &ReadSettings::default());
        assert!(matches!(&refused, ReadError::Damaged { why: told, .. } if told.contains(why)), "{row}: {refused}");
    }
}

#[test]
fn hidden_rows_and_merged_cells_are_known_however_rows_are_written() {
    let rows_written = "<row hidden=\"1\"><c><v>2</v></c></row><row r=\"3\"><c r=\"A3\"><v>1</v><!-- </row> --></c></row>\
        <row r=\"4\" hidden='true'><c r=\"A4\"><v>1</v></c></row><row r=\"5\" hidden=\"1\"/></sheetData>\
        <mergeCells><mergeCell ref=\"B3:B4\"/></mergeCells><sheetData>";
    let read = open(sheet(rows_written));
    let found: Vec<Vec<&str>> = rows(&read).iter().map(codes).collect();
    assert_eq!(found, [vec!["row.hidden"], vec![], vec!["row.hidden", "cell.merged"]]);
    assert_eq!(read.description.hidden_rows, 2);
}
