//! Workbooks of our own making, with much in them that must stay as it is. All persons are invented.

use std::io::Write as _;
use std::path::Path;

use rust_xlsxwriter::{
    Chart, ChartType, Color, ConditionalFormatCell, ConditionalFormatCellRule, DataValidation, Format, FormatAlign, FormatBorder,
    Formula, Note, Shape, Table, TableColumn, Url, Workbook,
};

pub(super) const ROWS: u32 = 40;

/// Two sheets of clients and two others: formats, formulas, notes, merged cells, hidden rows and columns, a chart, a text box,
/// rules for cells, links, names, a table, widths, panes, a filter.
pub(super) fn rich(path: &Path) {
    let mut workbook = Workbook::new();
    let header = Format::new().set_bold().set_background_color(Color::RGB(0x00FF_C000)).set_border(FormatBorder::Thin);
    let date = Format::new().set_num_format("dd.mm.yyyy").set_align(FormatAlign::Center);
    let money =
        Format::new().set_num_format("#,##0.00 ₽").set_font_color(Color::RGB(0x0000_6100)).set_background_color(Color::Yellow);
    let title = Format::new().set_bold().set_font_size(18);
    let striped = Format::new().set_italic().set_border(FormatBorder::Dotted);
    for name in ["Клиенты", "Клиенты 2"] {
        let sheet = workbook.add_worksheet().set_name(name).unwrap();
        sheet.merge_range(0, 0, 0, 11, "Выгрузка «Север & Юг» <2026>", &title).unwrap();
        for (index, name) in (0..).zip(["Фамилия", "Имя", "Дата рождения", "ИНН", "Телефон", "Остаток", "Сайт"])
        {
            sheet.write_with_format(2, index, name, &header).unwrap();
        }
        for row in 3..3 + ROWS {
            let number = f64::from(row);
            sheet.write(row, 0, format!("Выдуманов{row}")).unwrap();
            if row % 4 != 0 {
                sheet.write_with_format(row, 1, "Пётр", &striped).unwrap();
            }
            sheet.write_with_format(row, 2, 30_000.0 + number, &date).unwrap();
            sheet.write(row, 3, "500100732259").unwrap();
            sheet.write(row, 4, format!("'+7 900 {row:07}")).unwrap();
            sheet
                .write_formula_with_format(row, 5, Formula::new(format!("=C{}*2.5", row + 1)).set_result("1234.5"), &money)
                .unwrap();
            sheet.write_url(row, 6, Url::new("https://example.org/a?b=1&c=2").set_text("сайт")).unwrap();
        }
        let bold = Format::new().set_bold();
        sheet.write_rich_string(5, 1, &[(&Format::default(), "Пё"), (&bold, "тр")]).unwrap();
        sheet.set_row_hidden(8).unwrap().set_row_height(9, 33).unwrap().set_row_format(10, &striped).unwrap();
        sheet.set_column_width(0, 31).unwrap().set_column_hidden(3).unwrap();
        sheet.set_column_range_width(6, 40, 7).unwrap();
        sheet.merge_range(20, 0, 21, 0, "Слитый", &striped).unwrap();
        sheet.insert_note(4, 1, &Note::new("проверить <срочно>").set_author("Анна")).unwrap();
        sheet.insert_note(30, 0, &Note::new("второе").set_author("Анна")).unwrap();
        let rule = DataValidation::new().allow_list_strings(&["Пётр", "Анна"]).unwrap();
        sheet.add_data_validation(3, 1, 60, 1, &rule).unwrap();
        let colour = Format::new().set_background_color(Color::RGB(0x00C6_EFCE));
        let above = ConditionalFormatCell::new().set_rule(ConditionalFormatCellRule::GreaterThan(100)).set_format(colour);
        sheet.add_conditional_format(3, 5, 60, 5, &above).unwrap();
        sheet.set_print_area(0, 0, 60, 6).unwrap().set_repeat_rows(2, 2).unwrap().set_landscape().set_header("&LКлиенты");
    }
    let second = workbook.worksheet_from_name("Клиенты 2").unwrap();
    second.autofilter(2, 0, 42, 6).unwrap().set_freeze_panes(3, 2).unwrap();
    let mut chart = Chart::new(ChartType::Column);
    chart.add_series().set_values("='Клиенты'!$F$4:$F$20");
    let other = workbook.add_worksheet().set_name("Отчёт 'x' год").unwrap();
    other.insert_chart(1, 1, &chart).unwrap();
    other.insert_shape(20, 1, &Shape::textbox().set_text("Не трогать")).unwrap();
    other.write_formula(0, 0, Formula::new("=SUM('Клиенты'!F4:F43)").set_result("7")).unwrap();
    let tabled = workbook.add_worksheet().set_name("Таблица").unwrap();
    for row in 0..8 {
        tabled.write(row, 0, if row == 0 { "Фамилия".to_owned() } else { format!("Табличный{row}") }).unwrap();
        tabled.write(row, 1, if row == 0 { "Имя" } else { "Вера" }).unwrap();
    }
    let columns = ["Фамилия", "Имя", "Пусто"].map(|name| TableColumn::new().set_header(name));
    tabled.add_table(0, 0, 7, 2, &Table::new().set_columns(&columns)).unwrap();
    workbook.define_name("Ставка", "=0.2").unwrap();
    workbook.define_name("'Клиенты'!Область", "='Клиенты'!$A$4:$B$9").unwrap();
    workbook.save(path).unwrap();
}

/// A workbook whose parts are written as few programs do: prefixes, no places of rows and cells, no texts' table, strict names,
/// single quotes, blanks in tags, lists without what they usually hold.
pub(super) fn odd(path: &Path, extra: &[(&str, &str)]) {
    let sheet = "<?xml version='1.0' encoding='utf-8'?>\r\n<x:worksheet xmlns:x='http://schemas.openxmlformats.org/spreadsheetml/2006/main' \
        xmlns:q='urn:else'><!-- kept --><x:sheetPr q:a='1'/><x:sheetFormatPr defaultRowHeight='15' /><x:cols ><x:col min='2' max='16384' width='9' style='1' /></x:cols>\
        <x:sheetData ><x:row ><x:c t='inlineStr'><x:is><x:t>Имя &amp; ещё</x:t></x:is></x:c><x:c t='inlineStr' ><x:is><x:t>Телефон</x:t></x:is></x:c></x:row >\
        <x:row r='3' spans='1:2' q:b='x'><x:c t='inlineStr'><x:is><x:t xml:space='preserve'> Анна </x:t></x:is></x:c><x:c s='1'><x:v>79000000001</x:v></x:c></x:row>\
        <x:row><x:c><x:f>1+1</x:f><x:v>2</x:v></x:c><x:c r='B4' s='1' /></x:row><x:row r='9'/></x:sheetData><x:pageMargins left='1' right='1' top='1' bottom='1' header='1' footer='1'/>\
        <x:extLst><x:ext uri='{x}'><q:any><![CDATA[<x>]]></q:any></x:ext></x:extLst></x:worksheet>\n<!-- end -->";
    let styles = "<styleSheet xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'><numFmts count='1'><numFmt numFmtId='164' formatCode='0'/></numFmts>\
        <fonts><font/></fonts><fills><fill><patternFill patternType='none'/></fill><fill><patternFill patternType='gray125'/></fill></fills><borders><border/></borders>\
        <cellXfs><xf numFmtId='0'/><xf numFmtId='164' applyNumberFormat='1' quotePrefix='1'><protection locked='0'/></xf></cellXfs></styleSheet>";
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let related = "http://schemas.openxmlformats.org/package/2006/relationships";
    let root = format!(
        "<Relationships xmlns='{related}'><Relationship Id='a' Type='{office}/officeDocument' Target='/book/main.xml'/></Relationships>"
    );
    let of_book = format!(
        "<Relationships xmlns='{related}'><Relationship Id='s' Type='{office}/worksheet' Target='one.xml'/><Relationship Id='t' Type='{office}/styles' Target='looks.xml'/></Relationships>"
    );
    let book = format!(
        "<workbook xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'><sheets xmlns:w='{office}'><sheet name='Лист &lt;1&gt;' sheetId='4' w:id='s'/></sheets></workbook>"
    );
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml";
    let types = format!(
        "<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'><Default Extension='xml' ContentType='application/xml'/>\
        <Default Extension='rels' ContentType='application/vnd.openxmlformats-package.relationships+xml'/><Override PartName='/book/main.xml' ContentType='{kind}.sheet.main+xml'/>\
        <Override PartName='/book/one.xml' ContentType='{kind}.worksheet+xml'/><Override PartName='/book/looks.xml' ContentType='{kind}.styles+xml'/></Types>"
    );
    let mut archive = zip::ZipWriter::new(std::fs::File::create(path).unwrap());
    let parts = [
        ("[Content_Types].xml", types.as_str()),
        ("_rels/.rels", &root),
        ("book/main.xml", &book),
        ("book/_rels/main.xml.rels", &of_book),
        ("book/one.xml", sheet),
        ("book/looks.xml", styles),
        ("book/unknown.bin", "\u{0}\u{1}kept"),
    ];
    for (name, text) in parts.iter().chain(extra) {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap();
}

/// The same workbook as one with macros, as far as its parts tell.
pub(super) fn with_macros(from: &Path, to: &Path) {
    let mut source = zip::ZipArchive::new(std::fs::File::open(from).unwrap()).unwrap();
    let mut archive = zip::ZipWriter::new(std::fs::File::create(to).unwrap());
    for index in 0..source.len() {
        let name = source.by_index(index).unwrap().name().unwrap().into_owned();
        let mut text = Vec::new();
        std::io::Read::read_to_end(&mut source.by_index(index).unwrap(), &mut text).unwrap();
        if name == "[Content_Types].xml" {
            let types = String::from_utf8(text).unwrap();
            text = types
                .replace(
                    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
                    "application/vnd.ms-excel.sheet.macroEnabled.main+xml",
                )
                .into_bytes();
        }
        archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(&text).unwrap();
    }
    archive.start_file("xl/vbaProject.bin", zip::write::SimpleFileOptions::default()).unwrap();
    archive.write_all(b"\xd0\xcf\x11\xe0 not really").unwrap();
    archive.finish().unwrap();
}
