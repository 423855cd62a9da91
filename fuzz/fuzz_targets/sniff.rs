//! Any bytes as a file: container, packing, encoding, dialect and header are told or refused in words, and what was told holds when
//! the user says it himself.
#![no_main]

use clientferry::read::{Format, ReadSettings};
use clientferry_fuzz::{check_description, open, settings};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let settings = settings();
    let Some(table) = open(bytes, &settings) else { return };
    check_description(&table);
    let found = &table.description;
    if table.format != Format::Delimited || found.text.header_rows > 1 {
        return;
    }
    let said = ReadSettings {
        encoding: found.encoding.map(str::to_owned),
        delimiter: found.delimiter,
        header_row: Some(found.header_line),
        ..settings
    };
    let again = open(bytes, &said).expect("what was told is refused when it is said");
    assert_eq!(again.header, table.header, "the header is another one when what was told is said");
});
