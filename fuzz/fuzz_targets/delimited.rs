//! Any text as a delimited file: every row is given or told, and three ways to read it agree. The first byte chooses what the user
//! says about the file.
#![no_main]

use clientferry::read::{Format, ReadSettings};
use clientferry_fuzz::{check_description, open, read_all, settings};
use libfuzzer_sys::fuzz_target;

const ENCODINGS: [&str; 8] =
    ["utf-8", "windows-1251", "koi8-r", "ibm866", "utf-16le", "utf-16be", "x-mac-cyrillic", "iso-8859-5"];

fuzz_target!(|input: &[u8]| {
    let [choice, bytes @ ..] = input else { return };
    let settings = ReadSettings {
        encoding: (choice & 8 != 0).then(|| ENCODINGS[usize::from(choice & 7)].to_owned()),
        delimiter: (choice & 16 != 0).then_some(';'),
        header_row: match choice >> 5 {
            0 => Some(0),
            1 => Some(1),
            2 => Some(3),
            _ => None,
        },
        ..settings()
    };
    let Some(table) = open(bytes, &settings) else { return };
    check_description(&table);
    if table.format == Format::Delimited {
        read_all(&table, &settings);
    }
});
