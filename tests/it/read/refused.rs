//! What cannot be read is answered in words.

use super::*;

#[test]
fn what_cannot_be_read_is_named() {
    let named = |bytes: &[u8]| error(&file("x.csv", bytes));
    assert!(matches!(named(b""), ReadError::Empty { .. }));
    assert!(matches!(named(b"\n\n ;;\n"), ReadError::Empty { .. }));
    assert!(matches!(named(b"1;2\n3;4\n"), ReadError::HeaderNotFound { .. }));
    let unsupported = |bytes: &[u8]| match named(bytes) {
        ReadError::Unsupported { found, .. } => found,
        other => panic!("{other:?}"),
    };
    assert_eq!(unsupported(b"%PDF-1.7\n"), "a PDF document");
    assert!(matches!(named(b"\x1f\x8b\x08\0"), ReadError::ArchiveDamaged { .. }));
    assert!(matches!(named(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3]), ReadError::Binary { .. }));
    assert!(matches!(named(b"PK\x03\x04 cut off"), ReadError::Damaged { .. }));
    assert!(matches!(named(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), ReadError::Damaged { .. }));
    let odd: Vec<u8> = "Фамилия;Имя\n".chars().flat_map(|ch| (ch as u32).to_le_bytes()).collect();
    assert_eq!(unsupported(&[b"\xff\xfe\0\0", &odd[..]].concat()), "text in UTF-32");
    assert!(matches!(named(&[b"\xfe\xff", &odd[..]].concat()), ReadError::Binary { .. }));
    let made = file("a.csv", "Фамилия;Имя\nа;б\n");
    let missing = read::open(&made.folder.path().join("none"), &ReadSettings::default(), &is_header_word).unwrap_err();
    assert!(matches!(missing, ReadError::NotFound { .. }));
    let folder = read::open(made.folder.path(), &ReadSettings::default(), &is_header_word).unwrap_err();
    assert!(matches!(folder, ReadError::NotAFile { .. }));
    let settings = ReadSettings { encoding: Some("klingon".into()), ..ReadSettings::default() };
    assert!(matches!(error_with(&made, &settings), ReadError::EncodingUnknown { .. }));
    let settings = ReadSettings { header_row: Some(9), ..ReadSettings::default() };
    assert!(matches!(error_with(&made, &settings), ReadError::HeaderRowMissing { line: 9, .. }));
    let settings = ReadSettings { delimiter: Some('"'), ..ReadSettings::default() };
    let refused = error_with(&made, &settings);
    assert!(matches!(refused, ReadError::DelimiterUnusable { .. }));
    assert!(refused.to_string().starts_with("a.csv: ") && !refused.hint().is_empty());
}

#[test]
fn a_file_that_changes_is_not_read_on() {
    let made = file("a.csv", "Фамилия;Имя\nа;б\n");
    let table = open(&made);
    let mut pass = table.rows().unwrap();
    fs::write(&made.path, "Фамилия;Имя\nа;б\nв;г\n").unwrap();
    assert!(pass.any(|row| matches!(row, Err(ReadError::Changed { .. }))));
    assert!(pass.next().is_none());
    assert!(matches!(table.rows(), Err(ReadError::Changed { .. })));
}
