//! Workbooks of every format. The first byte chooses: the bytes as they are, a bare stream of records (XLS), or the parts of a
//! package, which are put together here because nothing random would get through a checksum. Parts are divided by [`CUT`].
#![no_main]

use std::io::{Cursor, Write as _};

use clientferry_fuzz::{check_description, forgive_the_library, open, read_all, settings};
use libfuzzer_sys::fuzz_target;
use zip::write::SimpleFileOptions;

const CUT: &[u8] = b"\n%%%%\n";
const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const XLSX: [&str; 4] = ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml", "xl/workbook.xml"];
const XLSB: [&str; 4] = ["xl/worksheets/sheet1.bin", "xl/sharedStrings.bin", "xl/styles.bin", "xl/workbook.bin"];
const WORKBOOK: &str = "<workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" \
    xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"><sheets><sheet name=\"S\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>";

fuzz_target!(init: forgive_the_library(), |input: &[u8]| {
    let [choice, rest @ ..] = input else { return };
    let made = match choice {
        b'x' => package(&XLSX, rest, "xml", Some(WORKBOOK)),
        b'b' => package(&XLSB, rest, "bin", None),
        b'o' => zipped(&[("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"), ("content.xml", rest)]),
        b'r' => rest.to_vec(),
        _ => input.to_vec(),
    };
    let settings = settings();
    let Some(table) = open(&made, &settings) else { return };
    check_description(&table);
    read_all(&table, &settings);
});

fn package(names: &[&str; 4], input: &[u8], ending: &str, workbook: Option<&str>) -> Vec<u8> {
    let mut parts: Vec<(&str, &[u8])> = Vec::new();
    let mut rest = input;
    for name in names {
        let cut = rest.windows(CUT.len()).position(|bytes| bytes == CUT);
        let (part, behind) = cut.map_or((rest, &[][..]), |at| (&rest[..at], &rest[at + CUT.len()..]));
        parts.push((name, part));
        rest = behind;
    }
    if let (Some(workbook), Some(last)) = (workbook, parts.last_mut().filter(|(_, part)| part.is_empty())) {
        last.1 = workbook.as_bytes();
    }
    let kinds = format!(
        "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Default Extension=\"{ending}\" ContentType=\"application/xml\"/></Types>"
    );
    let root = relations(&[("officeDocument", &format!("xl/workbook.{ending}"))]);
    let book = relations(&[
        ("worksheet", &format!("worksheets/sheet1.{ending}")),
        ("sharedStrings", &format!("sharedStrings.{ending}")),
        ("styles", &format!("styles.{ending}")),
    ]);
    let book_name = format!("xl/_rels/workbook.{ending}.rels");
    parts.push(("[Content_Types].xml", kinds.as_bytes()));
    parts.push(("_rels/.rels", root.as_bytes()));
    parts.push((&book_name, book.as_bytes()));
    zipped(&parts)
}

fn relations(parts: &[(&str, &str)]) -> String {
    let mut xml = "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">".to_owned();
    for (number, (kind, target)) in parts.iter().enumerate() {
        xml.push_str(&format!("<Relationship Id=\"rId{}\" Type=\"{RELATIONS}/{kind}\" Target=\"{target}\"/>", number + 1));
    }
    xml + "</Relationships>"
}

fn zipped(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, bytes) in parts {
        archive.start_file(*name, options).expect("a part can be begun");
        archive.write_all(bytes).expect("a part can be written");
    }
    archive.finish().expect("a package can be finished").into_inner()
}
