//! Tells the encoding of a text from its first bytes. Decodes nothing for good: see the text reader.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{
    Encoding, IBM866, ISO_8859_5, ISO_8859_15, KOI8_R, KOI8_U, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1251, WINDOWS_1252,
    X_MAC_CYRILLIC,
};

use super::super::Confidence;
use super::letters;

/// How the text of a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TextEncoding {
    pub(crate) encoding: &'static Encoding,
    /// Bytes of the byte order mark at the beginning.
    pub(crate) bom_bytes: usize,
    pub(crate) confidence: Confidence,
    /// The same in parts of 100.
    pub(crate) percent: u8,
    /// What it would be if it were not this.
    pub(crate) runner_up: Option<&'static Encoding>,
}

impl TextEncoding {
    /// Named by somebody who knows.
    pub(crate) fn certain(encoding: &'static Encoding, bom_bytes: usize) -> Self {
        Self { encoding, bom_bytes, confidence: Confidence::Certain, percent: 100, runner_up: None }
    }
}

/// What UTF-32 without a mark is told from.
const UTF_32_BYTES: usize = 256;
const UTF_32_UNITS_MIN: usize = 8;

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
        "1252" | "win1252" | "win-1252" => "windows-1252",
        "maccyrillic" | "mac-cyrillic" => "x-mac-cyrillic",
        "latin9" | "latin-9" => "iso-8859-15",
        other => other,
    };
    // `replacement` decodes anything to one U+FFFD: it is no encoding to read clients with.
    Encoding::for_label_no_replacement(label.as_bytes())
}

/// The byte order mark at the beginning, and how long it is.
pub(crate) fn byte_order_mark(bytes: &[u8]) -> Option<(&'static Encoding, usize)> {
    Encoding::for_bom(bytes)
}

/// Whether the text is UTF-32, which nothing here decodes: by its mark, or because of all characters only the lower half is used.
pub(crate) fn is_utf_32(bytes: &[u8]) -> bool {
    if bytes.starts_with(&[0xff, 0xfe, 0, 0]) || bytes.starts_with(&[0, 0, 0xfe, 0xff]) {
        return true;
    }
    let (units, _) = bytes.get(..UTF_32_BYTES).unwrap_or(bytes).as_chunks::<4>();
    let all = |is_character: fn(&[u8; 4]) -> bool| units.len() >= UTF_32_UNITS_MIN && units.iter().all(is_character);
    all(|unit| matches!(unit, [low, high @ ..=0x20, 0, 0] if low | high != 0))
        || all(|unit| matches!(unit, [0, 0, high @ ..=0x20, low] if low | high != 0))
}

/// The encoding that a sample speaks for: byte order mark, NUL pattern, UTF-8 validity, letter statistics; in this order.
/// `whole` says that the sample is the whole text, so that a cut character at its end is not an accident of sampling.
pub(crate) fn detect(sample: &[u8], whole: bool) -> TextEncoding {
    if let Some((encoding, bom_bytes)) = byte_order_mark(sample) {
        return TextEncoding::certain(encoding, bom_bytes);
    }
    let proven = |encoding| TextEncoding { encoding, bom_bytes: 0, confidence: Confidence::High, percent: 99, runner_up: None };
    if let Some(encoding) = utf_16_by_zeros(sample) {
        return proven(encoding);
    }
    match utf_8(sample, whole) {
        Utf8::Clean => proven(UTF_8),
        Utf8::Damaged => {
            let runner_up = Some(by_statistics(sample).encoding);
            TextEncoding { encoding: UTF_8, bom_bytes: 0, confidence: Confidence::Guess, percent: 90, runner_up }
        }
        Utf8::No => by_statistics(sample),
    }
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

/// Encodings of Russian text; of equals the earlier one.
const CYRILLIC: [&Encoding; 6] = [WINDOWS_1251, IBM866, KOI8_R, KOI8_U, ISO_8859_5, X_MAC_CYRILLIC];
/// What the letters are told from: enough for any language, and quick.
const STATISTICS_BYTES: usize = 48 << 10;
/// Letters are Russian beyond doubt above this likeness; other alphabets read as Russian stay far below.
const SURELY_RUSSIAN: f64 = -4.2;

/// The encoding by letter statistics, with how certain it is and what comes next.
fn by_statistics(sample: &[u8]) -> TextEncoding {
    let lines = lines_with_letters(sample);
    let read_as = |encoding: &'static Encoding| encoding.decode_without_bom_handling(&lines).0;
    let western = western(&lines);
    let other = other_language(&lines).filter(|&other| other != western);
    let mut ranking: Vec<(f64, &'static Encoding)> =
        CYRILLIC.iter().copied().chain([western]).map(|encoding| (letters::likeness(&read_as(encoding)), encoding)).collect();
    // A stable sort: of equals the earlier one stays in front.
    ranking.sort_by(|one, two| two.0.total_cmp(&one.0));
    let best_russian =
        ranking.iter().filter(|(_, encoding)| *encoding != western).map(|&(points, _)| points).fold(f64::MIN, f64::max);
    if let Some(other) = other
        && best_russian < SURELY_RUSSIAN
    {
        let runner_up = ranking.first().map(|&(_, encoding)| encoding);
        return TextEncoding { encoding: other, bom_bytes: 0, confidence: Confidence::Guess, percent: 70, runner_up };
    }
    let mut ranked = ranking.into_iter();
    let (points, encoding) = ranked.next().unwrap_or((0.0, western));
    let text = read_as(encoding);
    // An encoding that reads the same text is no rival.
    let rival = ranked.find(|(_, rival)| read_as(rival) != text);
    let letters = lines.iter().filter(|byte| !byte.is_ascii()).count();
    let percent = rival.map_or(99, |(second, _)| percent(points - second, letters));
    let runner_up = rival.map(|(_, encoding)| encoding);
    TextEncoding { encoding, bom_bytes: 0, confidence: Confidence::Guess, percent, runner_up }
}

/// A difference of likeness that so many letters show, as parts of 100. Letters of one text are no independent witnesses, so
/// their number counts by its root.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn percent(difference: f64, letters: usize) -> u8 {
    let certainty = 1.0 / (1.0 + (-difference * (letters as f64).sqrt() / 2.0).exp());
    (certainty * 100.0).clamp(50.0, 99.0) as u8
}

/// The sample's lines that are not plain ASCII, up to a bound.
fn lines_with_letters(sample: &[u8]) -> Vec<u8> {
    let mut lines = Vec::new();
    for line in sample.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
        if !line.is_ascii() {
            lines.extend_from_slice(line.get(..STATISTICS_BYTES).unwrap_or(line));
        }
        if lines.len() >= STATISTICS_BYTES {
            break;
        }
    }
    lines
}

/// Which of the western encodings it would be. ISO-8859-1 has no letters that windows-1252 has not; ISO-8859-15 differs in eight
/// signs, which stand in words (`œuvre`, `Šimek`) or beside numbers (`€`).
fn western(lines: &[u8]) -> &'static Encoding {
    let only_1252 = lines.iter().any(|byte| matches!(byte, 0x80..=0x9f));
    let (mut letters, mut signs) = (0, 0);
    for (index, &byte) in lines.iter().enumerate() {
        let near = |at: Option<usize>, test: fn(&u8) -> bool| at.and_then(|at| lines.get(at)).is_some_and(test);
        let beside = |test: fn(&u8) -> bool| near(index.checked_sub(1), test) || near(Some(index + 1), test);
        match byte {
            0xa6 | 0xa8 | 0xb4 | 0xb8 | 0xbc..=0xbe if beside(u8::is_ascii_alphabetic) => letters += 1,
            0xa4 if beside(|byte| byte.is_ascii_digit() || *byte == b' ') => letters += 1,
            0xa4 | 0xa6 | 0xa8 | 0xb4 | 0xb8 | 0xbc..=0xbe => signs += 1,
            _ => {}
        }
    }
    if letters > signs && !only_1252 { ISO_8859_15 } else { WINDOWS_1252 }
}

/// An encoding of a language that is neither Russian nor western, where the letters speak for one.
fn other_language(lines: &[u8]) -> Option<&'static Encoding> {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(lines, true);
    let guess = detector.guess(None, Utf8Detection::Deny);
    // One stray byte makes the detector see Chinese: a guess that does not even decode is none.
    let fits = guess.decode_without_bom_handling_and_without_replacement(lines).is_some();
    (fits && guess != WINDOWS_1252 && !CYRILLIC.contains(&guess)).then_some(guess)
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
        for (name, encoding) in [
            ("cp1251", WINDOWS_1251),
            ("Win-1251", WINDOWS_1251),
            ("866", IBM866),
            ("UTF_8", UTF_8),
            ("MacCyrillic", X_MAC_CYRILLIC),
            ("latin9", ISO_8859_15),
        ] {
            assert_eq!(by_name(name), Some(encoding), "{name}");
        }
        assert_eq!(by_name("klingon"), None);
        assert_eq!(by_name("replacement"), None);
    }
}
