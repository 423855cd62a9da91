//! OpenDocument sheets written by hand: values by type, repetitions, notes, what a sheet hides; repetitions without end.

use clientferry::model::CellKind;
use clientferry::read::{Format, ReadError, ReadSettings};

use super::{Made, cells, codes, file, open, refusal, rows, zipped};

const NAMES: &str = r#"xmlns:office="o" xmlns:table="t" xmlns:text="x" xmlns:style="s" xmlns:calcext="c" xmlns:draw="d""#;

fn document(styles: &str, tables: &str) -> Made {
    let content = format!(
        "<?xml version=\"1.0\"?><office:document-content {NAMES}><office:automatic-styles>{styles}</office:automatic-styles>\
         <office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"
    );
    let parts: &[(&str, &[u8])] =
        &[("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"), ("content.xml", content.as_bytes())];
    file("a.ods", zipped(parts))
}

fn text(shown: &str) -> String {
    format!(r#"<table:table-cell office:value-type="string"><text:p>{shown}</text:p></table:table-cell>"#)
}

fn row(attributes: &str, cells: &[String]) -> String {
    format!("<table:table-row {attributes}>{}</table:table-row>", cells.concat())
}

fn sheet(rows: &[String]) -> String {
    let header = row("", &["Фамилия", "Имя", "ИНН"].map(text));
    format!(r#"<table:table table:name="Лист1">{header}{}</table:table>"#, rows.concat())
}

fn typed(attributes: &str, shown: &str) -> String {
    format!("<table:table-cell {attributes}><text:p>{shown}</text:p></table:table-cell>")
}

#[test]
fn cells_are_what_their_types_say() {
    let note = "<office:annotation><text:p>примечание</text:p></office:annotation>";
    let made = document(
        "",
        &sheet(&[
            row(
                "",
                &[
                    format!(
                        "<table:table-cell office:value-type=\"string\">{note}<text:p>Ива<text:span>нов</text:span><text:s text:c=\"2\"/>&amp;&#8470;</text:p><text:p>и\n  сын</text:p></table:table-cell>"
                    ),
                    typed(r#"office:value-type="date" office:date-value="1980-02-01""#, "01.02.80"),
                    typed(r#"office:value-type="float" office:value="7707083893""#, "007707083893"),
                ],
            ),
            row(
                "",
                &[
                    typed(r#"office:value-type="percentage" office:value="0.25""#, "25 %"),
                    typed(r#"office:value-type="boolean" office:boolean-value="true""#, "ИСТИНА"),
                    typed(
                        r#"table:formula="of:=1/0" office:value-type="string" office:string-value="" calcext:value-type="error""#,
                        "#DIV/0!",
                    ),
                ],
            ),
            row("", &[r#"<table:table-cell table:formula="of:=A1"/>"#.to_owned(), text("Пётр")]),
        ]),
    );
    let table = open(made);
    assert_eq!(table.format, Format::Ods);
    let rows = rows(&table);
    assert_eq!(cells(&rows[0]), ["Иванов  &№\nи сын", "1980-02-01", "007707083893"]);
    assert_eq!(cells(&rows[1]), ["0.25", "TRUE", "#DIV/0!"]);
    assert_eq!(rows[1].cells.kind(2), CellKind::Error);
    assert_eq!(rows[2].cells.kind(0), CellKind::FormulaWithoutValue);
}

#[test]
fn repetitions_are_rows_and_cells_and_empty_paper_is_none() {
    let made = document(
        "",
        &sheet(&[
            row(
                r#"table:number-rows-repeated="3""#,
                &[typed(r#"office:value-type="string" table:number-columns-repeated="2""#, "а")],
            ),
            row(r#"table:number-rows-repeated="2""#, &[r#"<table:table-cell table:number-columns-repeated="1024"/>"#.to_owned()]),
            row("", &[text("б")]),
            row(r#"table:number-rows-repeated="1048000" table:visibility="collapse""#, &["<table:table-cell/>".to_owned()]),
        ]),
    );
    let table = open(made);
    let seen: Vec<(u64, String)> = rows(&table).iter().map(|row| (row.place.line, cells(row).concat())).collect();
    assert_eq!(seen, [(2, "аа"), (3, "аа"), (4, "аа"), (5, ""), (6, ""), (7, "б")].map(|(line, text)| (line, text.to_owned())));
    assert_eq!(table.description.hidden_rows, 0);
}

#[test]
fn repetitions_without_end_pass_the_limit() {
    let cell = typed(r#"office:value-type="string" table:number-columns-repeated="16384""#, &"x".repeat(1000));
    let made = document("", &sheet(&[row(r#"table:number-rows-repeated="4000000""#, &[cell])]));
    let settings = ReadSettings { unpacked_bytes_max: 50 << 20, ..ReadSettings::default() };
    assert!(matches!(refusal(&made, &settings), ReadError::Limit { allowed: 52_428_800, .. }));
}

#[test]
fn hidden_rows_sheets_and_merged_cells_are_told() {
    let styles =
        r#"<style:style style:name="ta2" style:family="table"><style:table-properties table:display="false"/></style:style>"#;
    let merged = typed(r#"office:value-type="string" table:number-rows-spanned="2""#, "Пётр");
    let tables = sheet(&[
        row("", &[text("Иванов"), merged]),
        row(r#"table:visibility="filter""#, &[text("Смирнова"), "<table:covered-table-cell/>".to_owned()]),
    ]) + r#"<table:table table:name="Тайный" table:style-name="ta2"><table:table-row/></table:table>"#;
    let table = open(document(styles, &tables));
    assert_eq!(table.description.hidden_sheets, ["Тайный"]);
    let rows = rows(&table);
    assert_eq!((codes(&rows[0]), codes(&rows[1])), (vec![], vec!["row.hidden", "cell.merged"]));
    let notes = table.description.notes.join("\n");
    for told in ["not read: Тайный", "a filter is on", "1 hidden rows", "1 merged areas"] {
        assert!(notes.contains(told), "{notes}");
    }
}

#[test]
fn passwords_entities_and_other_documents_are_named() {
    let told = |parts: &[(&str, &[u8])]| refusal(&file("a.ods", zipped(parts)), &ReadSettings::default());
    let manifest: &[u8] = b"<manifest:manifest xmlns:manifest=\"m\"><manifest:encryption-data/></manifest:manifest>";
    let locked = told(&[("mimetype", b"x"), ("content.xml", b"\x01\x02"), ("META-INF/manifest.xml", manifest)]);
    assert!(matches!(locked, ReadError::Encrypted { .. }), "{locked}");
    assert!(matches!(told(&[("mimetype", b"x"), ("encrypted-package", b"\x01")]), ReadError::Encrypted { .. }));
    let laughs: &[u8] = b"<!DOCTYPE a [<!ENTITY b \"c\"><!ENTITY d \"&b;&b;\">]><a>&d;</a>";
    assert!(told(&[("mimetype", b"x"), ("content.xml", laughs)]).to_string().contains("declares entities"));
    let deep = "<a>".repeat(100_000);
    assert!(told(&[("mimetype", b"x"), ("content.xml", deep.as_bytes())]).to_string().contains("nested without end"));
    let long = format!("<a>{}</a>", "x".repeat(20 << 20));
    let long = told(&[("mimetype", b"x"), ("content.xml", long.as_bytes())]);
    assert!(matches!(long, ReadError::Limit { .. }), "{long}");
    let letter: &[u8] = b"<office:document-content xmlns:office=\"o\"><office:text/></office:document-content>";
    assert!(told(&[("mimetype", b"x"), ("content.xml", letter)]).to_string().contains("no spreadsheet"));
}
