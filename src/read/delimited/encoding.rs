//! Tells the encoding of a text from its first bytes. Decodes nothing for good: see the text reader.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, IBM866, ISO_8859_5, KOI8_R, KOI8_U, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1251, X_MAC_CYRILLIC};

use super::super::Confidence;

/// How the text of a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TextEncoding {
    pub(crate) encoding: &'static Encoding,
    /// Bytes of the byte order mark at the beginning.
    pub(crate) bom_bytes: usize,
    pub(crate) confidence: Confidence,
}

/// The encoding of this name, by the labels of the WHATWG standard and a few more that people write.
pub(crate) fn by_name(name: &str) -> Option<&'static Encoding> {
    let folded: String = name.trim().to_ascii_lowercase().replace(['_', ' '], "-");
    let label = match folded.as_str() {
        "utf8" | "utf-8-sig" | "utf-8-bom" | "ascii" => "utf-8",
        "utf16" | "utf-16" | "utf16le" => "utf-16le",
        "utf16be" => "utf-16be",
        "1251" | "win1251" | "win-1251" | "windows1251" | "ansi" => "windows-1251",
        "dos" | "cp-866" | "oem" => "cp866",
        "koi8r" => "koi8-r",
        other => other,
    };
    // `replacement` decodes anything to one U+FFFD: it is no encoding to read clients with.
    Encoding::for_label_no_replacement(label.as_bytes())
}

/// The byte order mark at the beginning, and how long it is.
pub(crate) fn byte_order_mark(bytes: &[u8]) -> Option<(&'static Encoding, usize)> {
    Encoding::for_bom(bytes)
}

/// Whether the text is UTF-32, which nothing here decodes.
pub(crate) fn is_utf_32(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xff, 0xfe, 0, 0]) || bytes.starts_with(&[0, 0, 0xfe, 0xff])
}

/// The encoding that a sample speaks for: byte order mark, NUL pattern, UTF-8 validity, letter statistics; in this order.
/// `whole` says that the sample is the whole text, so that a cut character at its end is not an accident of sampling.
pub(crate) fn detect(sample: &[u8], whole: bool) -> TextEncoding {
    if let Some((encoding, bom_bytes)) = byte_order_mark(sample) {
        return TextEncoding { encoding, bom_bytes, confidence: Confidence::Certain };
    }
    let found = |encoding, confidence| TextEncoding { encoding, bom_bytes: 0, confidence };
    if let Some(encoding) = utf_16_by_zeros(sample) {
        return found(encoding, Confidence::High);
    }
    match utf_8(sample, whole) {
        Utf8::Clean => return found(UTF_8, Confidence::High),
        Utf8::Damaged => return found(UTF_8, Confidence::Guess),
        Utf8::No => {}
    }
    found(by_statistics(sample), Confidence::Guess)
}

/// In UTF-16 every second byte of ASCII is 0 and of Cyrillic 4; in no other encoding of clients are there zeros at all.
fn utf_16_by_zeros(sample: &[u8]) -> Option<&'static Encoding> {
    let (pairs, _) = sample.as_chunks::<2>();
    if pairs.len() < 2 || !sample.contains(&0) {
        return None;
    }
    let high = |byte: u8| usize::from(byte == 0 || byte == 4);
    let (mut even, mut odd) = (0, 0);
    for &[first, second] in pairs {
        even += high(first);
        odd += high(second);
    }
    let (most, few) = (pairs.len() * 7 / 10, pairs.len() * 3 / 10);
    if odd >= most.max(1) && even <= few {
        Some(UTF_16LE)
    } else if even >= most.max(1) && odd <= few {
        Some(UTF_16BE)
    } else {
        None
    }
}

enum Utf8 {
    Clean,
    /// Far more characters than bad bytes: the bad ones become faults of their rows.
    Damaged,
    No,
}

fn utf_8(sample: &[u8], whole: bool) -> Utf8 {
    let (mut characters, mut bad) = (0_usize, 0_usize);
    let mut chunks = sample.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        characters += chunk.valid().chars().filter(|ch| !ch.is_ascii()).count();
        let invalid = chunk.invalid();
        let cut_by_sampling = !whole && chunks.peek().is_none() && invalid.len() < 4;
        if !invalid.is_empty() && !cut_by_sampling {
            bad += 1;
        }
    }
    if bad == 0 {
        Utf8::Clean
    } else if characters >= bad * 10 {
        Utf8::Damaged
    } else {
        Utf8::No
    }
}

fn by_statistics(sample: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(sample, true);
    let guess = detector.guess(Some(b"ru"), Utf8Detection::Deny);
    let cyrillic = [WINDOWS_1251, KOI8_R, KOI8_U, IBM866, ISO_8859_5, X_MAC_CYRILLIC];
    // A single abbreviation such as ИНН is too little for statistics, and one stray byte makes them see Chinese.
    if !cyrillic.contains(&guess) && reads_as_windows_1251(sample) { WINDOWS_1251 } else { guess }
}

/// Whether the letters above ASCII stand together as Cyrillic words do, and not alone among Latin letters as accents do.
fn reads_as_windows_1251(sample: &[u8]) -> bool {
    let is_letter = |byte: u8| byte >= 0xc0 || matches!(byte, 0xa8 | 0xb8);
    let (mut letters, mut others, mut among_latin) = (0_usize, 0_usize, 0_usize);
    for (index, &byte) in sample.iter().enumerate() {
        if is_letter(byte) {
            letters += 1;
            let before = index.checked_sub(1).and_then(|index| sample.get(index));
            let after = sample.get(index + 1);
            let latin = |neighbour: Option<&u8>| neighbour.is_some_and(u8::is_ascii_alphabetic);
            among_latin += usize::from(latin(before) || latin(after));
        } else if byte >= 0x80 && !matches!(byte, 0xa0 | 0xab | 0xbb | 0xb9 | 0x84 | 0x93 | 0x94 | 0x96 | 0x97) {
            others += 1;
        }
    }
    letters > 0 && others * 10 <= letters && among_latin * 2 <= letters
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Фамилия;Имя;ИНН\nИванов;Пётр;500100732259\nСмирнова;Анна;7707083893\n";

    fn detected(bytes: &[u8]) -> &'static str {
        detect(bytes, true).encoding.name()
    }

    #[test]
    fn encodings_of_russian_tables_are_told_apart() {
        assert_eq!(detected(TEXT.as_bytes()), "UTF-8");
        assert_eq!(detected(b"plain;ascii\n1;2\n"), "UTF-8");
        assert_eq!(detected(&WINDOWS_1251.encode(TEXT).0), "windows-1251");
        assert_eq!(detected(&IBM866.encode(TEXT).0), "IBM866");
        assert!(detected(&KOI8_R.encode(TEXT).0).starts_with("KOI8"));
        let little: Vec<u8> = TEXT.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = TEXT.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(detected(&little), "UTF-16LE");
        assert_eq!(detected(&big), "UTF-16BE");
    }

    #[test]
    fn little_evidence_still_reads_as_cyrillic_and_accents_do_not() {
        assert_eq!(detected(&WINDOWS_1251.encode("id;ИНН;name\n1;2;Smith\n").0), "windows-1251");
        assert_eq!(detected(b"name;city\nM\xfcller;K\xf6ln\n"), "windows-1252");
    }

    #[test]
    fn few_bad_bytes_do_not_change_the_encoding() {
        let mut bytes = TEXT.as_bytes().to_vec();
        bytes.insert(30, 0xff);
        assert_eq!(detected(&bytes), "UTF-8");
        assert_eq!(detect(&bytes, true).confidence, Confidence::Guess);
    }

    #[test]
    fn a_character_cut_by_the_sample_is_no_bad_byte() {
        let bytes = TEXT.as_bytes();
        assert_eq!(detect(&bytes[..TEXT.len() - 1], true).confidence, Confidence::High);
        assert_eq!(detect(&bytes[..3], false).encoding, UTF_8);
        assert_ne!(detect(&bytes[..3], true).encoding, UTF_8);
    }

    #[test]
    fn names_that_people_write_are_known() {
        for (name, encoding) in [("cp1251", WINDOWS_1251), ("Win-1251", WINDOWS_1251), ("866", IBM866), ("UTF_8", UTF_8)] {
            assert_eq!(by_name(name), Some(encoding), "{name}");
        }
        assert_eq!(by_name("klingon"), None);
        assert_eq!(by_name("replacement"), None);
    }
}
