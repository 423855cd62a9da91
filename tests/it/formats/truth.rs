//! What a cell holds, what a spreadsheet program shows of it, and what is taken, in every format: the same table as XLSX, XLSB, XLS
//! and ODS, written part by part and record by record.

use clientferry::model::{CellKind, Row};
use clientferry::read::{Format, ReadSettings};

use super::{Made, cells, codes, file, open, rows, try_open, xls, zipped};

const HEADER: [&str; 4] = ["Фамилия", "Имя", "ИНН", "Дата рождения"];
/// Number formats by style: 0 plain, 1 date, 2 zeros, 3 percentage, 4 phone, 5 day and month, 6 thousands, 7 rounded, 8 hidden.
const CODES: [(u16, &str); 9] = [
    (0, "General"),
    (164, "dd\\.mm\\.yyyy"),
    (165, "000000000000"),
    (9, "0%"),
    (166, "+7 (000) 000-00-00"),
    (16, "d-mmm"),
    (167, "#,##0,"),
    (2, "0.00"),
    (168, ";;;"),
];

/// A cell as all formats can write it.
#[derive(Clone, Copy)]
enum Cell {
    Text(&'static str),
    /// A number and its style.
    Number(f64, usize),
    Bool(bool),
    /// `#REF!`
    Error,
    /// A formula that was never worked out.
    Gap,
    Nothing,
}

use Cell::{Bool, Error, Gap, Nothing, Number, Text};

type Table = Vec<[Cell; 4]>;

fn header() -> [Cell; 4] {
    HEADER.map(Text)
}

// ---- XLSX

fn xlsx_cell(reference: &str, cell: Cell) -> String {
    match cell {
        Text(text) => format!(r#"<c r="{reference}" t="inlineStr"><is><t>{text}</t></is></c>"#),
        Number(number, style) => format!(r#"<c r="{reference}" s="{style}"><v>{number}</v></c>"#),
        Bool(value) => format!(r#"<c r="{reference}" t="b"><v>{}</v></c>"#, u8::from(value)),
        Error => format!(r##"<c r="{reference}" t="e"><v>#REF!</v></c>"##),
        Gap => format!(r#"<c r="{reference}"><f>SUM(A1)</f></c>"#),
        Nothing => String::new(),
    }
}

fn xlsx_of(rows: &str, properties: &str) -> Made {
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const RELATED: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    const PACKED: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
    let sheet = format!(r#"<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>"#);
    let formats: String = CODES
        .iter()
        .filter(|(id, _)| *id >= 164)
        .map(|(id, code)| format!(r#"<numFmt numFmtId="{id}" formatCode="{}"/>"#, code.replace('"', "&quot;")))
        .collect();
    let styles: String = CODES.iter().map(|(id, _)| format!(r#"<xf numFmtId="{id}"/>"#)).collect();
    let styles = format!(
        r#"<styleSheet xmlns="{MAIN}"><numFmts>{formats}</numFmts><cellXfs>{styles}<xf numFmtId="0" quotePrefix="1"/></cellXfs></styleSheet>"#
    );
    let workbook = format!(
        r#"<workbook xmlns="{MAIN}" xmlns:r="{RELATED}"><workbookPr{properties}/><sheets><sheet name="Лист1" sheetId="1" r:id="rId1"/></sheets></workbook>"#
    );
    let relation = |number: u8, kind: &str, target: &str| {
        format!(r#"<Relationship Id="rId{number}" Type="{RELATED}/{kind}" Target="{target}"/>"#)
    };
    let around = |inner: String| format!(r#"<Relationships xmlns="{PACKED}">{inner}</Relationships>"#);
    let root = around(relation(1, "officeDocument", "xl/workbook.xml"));
    let book = around(
        relation(1, "worksheet", "worksheets/sheet1.xml")
            + &relation(2, "styles", "styles.xml")
            + &relation(3, "sharedStrings", "sharedStrings.xml"),
    );
    let texts = format!(
        r#"<sst xmlns="{MAIN}"><si><r><t>Образ</t></r><r><rPr><b/></rPr><t>цова</t></r><rPh sb="0" eb="1"><t>ふりがな</t></rPh><phoneticPr fontId="1"/></si><si><t xml:space="preserve"> с краю </t></si></sst>"#
    );
    let types = r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>"#;
    file(
        "a.xlsx",
        zipped(&[
            ("[Content_Types].xml", types.as_bytes()),
            ("_rels/.rels", root.as_bytes()),
            ("xl/workbook.xml", workbook.as_bytes()),
            ("xl/_rels/workbook.xml.rels", book.as_bytes()),
            ("xl/styles.xml", styles.as_bytes()),
            ("xl/sharedStrings.xml", texts.as_bytes()),
            ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
        ]),
    )
}

fn xlsx(table: &Table, is_1904: bool) -> Made {
    let mut rows = String::new();
    for (line, row) in (1..).zip(std::iter::once(&header()).chain(table)) {
        let cells: String =
            ["A", "B", "C", "D"].iter().zip(row).map(|(column, cell)| xlsx_cell(&format!("{column}{line}"), *cell)).collect();
        rows.push_str(&format!(r#"<row r="{line}">{cells}</row>"#));
    }
    xlsx_of(&rows, if is_1904 { r#" date1904="1""# } else { "" })
}

// ---- XLSB

/// A record: its number and length in pieces of seven bits.
fn record(id: u16, body: &[u8]) -> Vec<u8> {
    let mut bytes = if id < 128 { vec![id as u8] } else { vec![(id & 0x7f) as u8 | 0x80, (id >> 7) as u8] };
    let mut length = body.len();
    loop {
        let more = length >> 7 > 0;
        bytes.push((length & 0x7f) as u8 | if more { 0x80 } else { 0 });
        length >>= 7;
        if !more {
            break;
        }
    }
    bytes.extend_from_slice(body);
    bytes
}

fn wide(text: &str) -> Vec<u8> {
    let units: Vec<u16> = text.encode_utf16().collect();
    let mut bytes = u32::try_from(units.len()).unwrap().to_le_bytes().to_vec();
    bytes.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
    bytes
}

fn xlsb_cell(column: u32, cell: Cell) -> Vec<u8> {
    let head = |style: u32| [column.to_le_bytes(), style.to_le_bytes()].concat();
    match cell {
        Text(text) => record(6, &[head(0), wide(text)].concat()),
        Number(number, style) => record(5, &[head(style as u32), number.to_le_bytes().to_vec()].concat()),
        Bool(value) => record(4, &[head(0), vec![u8::from(value)]].concat()),
        Error => record(3, &[head(0), vec![0x17]].concat()),
        // A zero that is to be worked out when the workbook is opened.
        Gap => record(9, &[head(0), 0_f64.to_le_bytes().to_vec(), vec![2, 0], vec![0; 8]].concat()),
        Nothing => Vec::new(),
    }
}

fn xlsb(table: &Table, is_1904: bool) -> Made {
    const RELATED: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let mut sheet = record(0x91, &[]);
    for (line, row) in (0_u32..).zip(std::iter::once(&header()).chain(table)) {
        sheet.extend(record(0, &[line.to_le_bytes().to_vec(), vec![0; 13]].concat()));
        (0..).zip(row).for_each(|(column, cell)| sheet.extend(xlsb_cell(column, *cell)));
    }
    sheet.extend(record(0x92, &[]));
    let mut styles = Vec::new();
    for (id, code) in CODES.iter().filter(|(id, _)| *id >= 164) {
        styles.extend(record(0x2c, &[id.to_le_bytes().to_vec(), wide(code)].concat()));
    }
    styles.extend(record(0x269, &[]));
    CODES.iter().for_each(|(id, _)| styles.extend(record(0x2f, &[vec![0; 2], id.to_le_bytes().to_vec(), vec![0; 12]].concat())));
    styles.extend(record(0x26a, &[]));
    let book = [
        record(0x99, &[u8::from(is_1904), 0, 0, 0, 0, 0, 0, 0]),
        record(0x9c, &[vec![0; 4], 1_u32.to_le_bytes().to_vec(), wide("rId1"), wide("Лист1")].concat()),
    ]
    .concat();
    let relations = |inner: &str| {
        format!(r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{inner}</Relationships>"#)
    };
    let related =
        |id: &str, kind: &str, target: &str| format!(r#"<Relationship Id="{id}" Type="{RELATED}/{kind}" Target="{target}"/>"#);
    let root = relations(&related("rId1", "officeDocument", "xl/workbook.bin"));
    let inner = relations(&(related("rId1", "worksheet", "worksheets/sheet1.bin") + &related("rId2", "styles", "styles.bin")));
    file(
        "a.xlsb",
        zipped(&[
            ("[Content_Types].xml", b"<Types/>"),
            ("_rels/.rels", root.as_bytes()),
            ("xl/workbook.bin", &book),
            ("xl/_rels/workbook.bin.rels", inner.as_bytes()),
            ("xl/styles.bin", &styles),
            ("xl/worksheets/sheet1.bin", &sheet),
        ]),
    )
}

// ---- XLS

fn xls_of(table: &Table, is_1904: bool) -> Made {
    let mut sheet = Vec::new();
    for (line, row) in (1..).zip(table) {
        for (column, cell) in (0..).zip(row) {
            sheet.push(match *cell {
                Text(text) => xls::label(line, column, text),
                Number(number, style) => xls::number(line, column, style as u16, number),
                Bool(value) => xls::truth(line, column, [u8::from(value), 0]),
                Error => xls::truth(line, column, [0x17, 1]),
                Gap => xls::formula_later(line, column),
                Nothing => continue,
            });
        }
    }
    file("a.xls", xls::book(&CODES, is_1904, &sheet))
}

/// Every format that stores numbers and formats apart.
fn books(table: &Table, is_1904: bool) -> [(Format, Made); 3] {
    [(Format::Xlsx, xlsx(table, is_1904)), (Format::Xlsb, xlsb(table, is_1904)), (Format::Xls, xls_of(table, is_1904))]
}

fn each(table: &Table, is_1904: bool, check: impl Fn(Format, &[Row])) {
    for (format, made) in books(table, is_1904) {
        let opened = open(made);
        assert_eq!(opened.format, format);
        check(format, &rows(&opened));
    }
}

#[test]
fn value_and_what_is_shown_are_told_apart() {
    let table = vec![
        [Number(0.25, 3), Number(9_161_234_567.0, 4), Number(7_707_083_893.0, 2), Number(29_252.0, 1)],
        [Number(1_234_567.0, 6), Number(0.126, 7), Number(77.0, 8), Number(46_093.0, 5)],
        [Number(5.0, 0), Number(2.5, 7), Text("007"), Nothing],
    ];
    each(&table, false, |format, rows| {
        let format = format.as_str();
        assert_eq!(cells(&rows[0]), ["0.25", "+7 (916) 123-45-67", "007707083893", "1980-02-01"], "{format}");
        let shown = |row: usize| (0..4).map(|column| rows[row].cells.shown(column)).collect::<Vec<_>>();
        assert_eq!(shown(0), ["25%", "+7 (916) 123-45-67", "007707083893", "1980-02-01"], "{format}");
        assert_eq!(rows[0].cells.kind(0), CellKind::Number(0.25), "{format}");
        assert_eq!(rows[0].cells.kind(1), CellKind::Number(9_161_234_567.0), "{format}");
        assert_eq!(cells(&rows[1]), ["1234567", "0.126", "77", "2026-03-12"], "{format}");
        assert_eq!(shown(1)[..2], ["1,235", "0.13"], "{format}");
        // Wherever the two part, it is said: a percentage, thousands, digits rounded away, nothing, a day without its year.
        assert_eq!(
            (codes(&rows[0]), codes(&rows[1])),
            (vec!["cell.shown_otherwise"], vec!["cell.shown_otherwise"; 4]),
            "{format}"
        );
        assert_eq!((cells(&rows[2]), codes(&rows[2])), (vec!["5", "2.5", "007", ""], vec![]), "{format}");
    });
}

#[test]
fn formulas_that_were_never_worked_out_are_named_in_every_format() {
    let table = vec![[Text("Образцов"), Gap, Number(0.0, 0), Nothing], [Gap, Text("Иван"), Gap, Gap]];
    each(&table, false, |format, rows| {
        let kinds = |row: usize| (0..4).map(|column| rows[row].cells.kind(column)).collect::<Vec<_>>();
        let gap = CellKind::FormulaWithoutValue;
        assert_eq!(kinds(0), [CellKind::Text, gap, CellKind::Number(0.0), CellKind::Text], "{}", format.as_str());
        assert_eq!(kinds(1), [gap, CellKind::Text, gap, gap], "{}", format.as_str());
    });
}

/// Libraries that only write leave a zero behind every formula and ask the spreadsheet program to work it out.
#[test]
fn zeros_of_programs_that_cannot_calculate_are_no_values() {
    let cells = |line: u8| {
        let formula = |column: &str, value: &str| format!(r#"<c r="{column}{line}"><f>1+1</f><v>{value}</v></c>"#);
        format!(r#"<row r="{line}">{}{}<c r="C{line}"><v>0</v></c></row>"#, formula("A", "0"), formula("B", "2"))
    };
    let head: String =
        ["A", "B", "C"].iter().zip(HEADER).map(|(column, name)| xlsx_cell(&format!("{column}1"), Text(name))).collect();
    let sheet = format!(r#"<row r="1">{head}</row>{}"#, cells(2));
    let kinds = |properties: &str| {
        let read = rows(&open(xlsx_of(&sheet, properties)));
        [0, 1, 2].map(|column| read[0].cells.kind(column))
    };
    let (zero, two) = (CellKind::Number(0.0), CellKind::Number(2.0));
    assert_eq!(kinds(""), [zero, two, zero]);
    assert_eq!(kinds(r#"/><calcPr fullCalcOnLoad="1""#), [CellKind::FormulaWithoutValue, two, zero]);
}

#[test]
fn days_count_from_1900_or_1904_and_none_is_invented() {
    let serials = [0.5, 1.0, 59.0, 60.0, 61.0, 29_252.0];
    let table: Table = serials.iter().map(|serial| [Text("Образцов"), Nothing, Nothing, Number(*serial, 1)]).collect();
    for (is_1904, wanted) in [
        (false, ["0.5", "1900-01-01", "1900-02-28", "60", "1900-03-01", "1980-02-01"]),
        (true, ["1904-01-01T12:00:00", "1904-01-02", "1904-02-29", "1904-03-01", "1904-03-02", "1984-02-02"]),
    ] {
        each(&table, is_1904, |format, rows| {
            let read: Vec<&str> = rows.iter().map(|row| row.cells.text(3)).collect();
            assert_eq!(read, wanted, "{}", format.as_str());
        });
    }
}

#[test]
fn truth_values_errors_and_texts_are_what_they_are() {
    let table =
        vec![[Text("7,9E+10"), Bool(true), Error, Text("#####")], [Text("'+79001234567"), Bool(false), Text("12.мар"), Nothing]];
    each(&table, false, |format, rows| {
        assert_eq!(cells(&rows[0]), ["7,9E+10", "TRUE", "#REF!", "#####"], "{}", format.as_str());
        assert_eq!(rows[0].cells.kind(1), CellKind::Bool(true), "{}", format.as_str());
        assert_eq!(rows[0].cells.kind(2), CellKind::Error, "{}", format.as_str());
        // One apostrophe at the beginning is the mark that makes text of a number.
        assert_eq!(cells(&rows[1]), ["+79001234567", "FALSE", "12.мар", ""], "{}", format.as_str());
    });
}

#[test]
fn marks_of_text_rich_text_and_pronunciation_change_no_value() {
    let head: String =
        (0..4).map(|column| xlsx_cell(&format!("{}1", ["A", "B", "C", "D"][column]), Text(HEADER[column]))).collect();
    // Styles 9 is a leading apostrophe, which stands in the style and not in the text.
    let row = r#"<c r="A2" t="s"><v>0</v></c><c r="B2" t="s"><v>1</v></c><c r="C2" s="9" t="inlineStr"><is><t>007</t></is></c><c r="D2" t="str"><f>A2</f><v>Образцова</v></c>"#;
    let made = xlsx_of(&format!(r#"<row r="1">{head}</row><row r="2">{row}</row>"#), "");
    let table = try_open(&made, &ReadSettings::default()).unwrap();
    let read = rows(&table);
    assert_eq!(cells(&read[0]), ["Образцова", " с краю ", "007", "Образцова"]);
    assert_eq!((read[0].cells.kind(2), codes(&read[0])), (CellKind::Text, vec![]));
}
