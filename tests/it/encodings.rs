//! Encodings told apart: files of invented clients in every encoding that legacy systems write, opened through the front door.

use std::path::Path;

use clientferry::read::{self, Confidence, ReadSettings, Table};
use clientferry::sandbox::generate::generate;
use encoding_rs::{
    Encoding, IBM866, ISO_8859_2, ISO_8859_5, ISO_8859_15, KOI8_R, UTF_8, WINDOWS_1251, WINDOWS_1252, X_MAC_CYRILLIC,
};

/// How bytes are made of text. `encoding_rs` writes no UTF-16.
#[derive(Clone, Copy, Debug)]
enum Written {
    By(&'static Encoding),
    Utf8Marked,
    Utf16 { big: bool, marked: bool },
}

fn bytes(text: &str, written: Written) -> Vec<u8> {
    match written {
        Written::By(encoding) => {
            let (bytes, _, unmappable) = encoding.encode(text);
            assert!(!unmappable, "{}: {text}", encoding.name());
            bytes.into_owned()
        }
        Written::Utf8Marked => ["\u{feff}".as_bytes(), text.as_bytes()].concat(),
        Written::Utf16 { big, marked } => marked
            .then_some(0xfeff)
            .into_iter()
            .chain(text.encode_utf16())
            .flat_map(|unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
            .collect(),
    }
}

fn open(path: &Path, bytes: &[u8]) -> Table {
    std::fs::write(path, bytes).unwrap();
    read::open(path, &ReadSettings::default(), &|cell| ["last_name", "Фамилия", "surname", "ID клиента"].contains(&cell)).unwrap()
}

/// Header and rows as one text.
fn text_of(table: &Table) -> String {
    let mut text = table.source.columns.join(";");
    for row in table.rows().unwrap() {
        let row = row.unwrap();
        text.push('\n');
        text.push_str(&row.cells.iter().collect::<Vec<_>>().join(";"));
        assert!(row.faults.is_empty(), "line {}", row.place.line);
    }
    text
}

fn russian(seed: u64) -> String {
    let mut bytes = Vec::new();
    generate(50 + seed % 50, seed, 0, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

const ENGLISH: [&str; 12] = [
    "Harper",
    "Sample",
    "O’Brien",
    "Whitfield",
    "Placeholder",
    "Example",
    "Mockridge",
    "Draftson",
    "Testerly",
    "Quill",
    "Fable",
    "Penn",
];
const WESTERN: [&str; 12] =
    ["José", "Zoë", "François", "Müller", "Søren", "Núñez", "Åsa", "Chloé", "Renée", "Gómez", "Größe", "Ana María"];
const CENTRAL: [&str; 10] = ["Łukasz", "Dvořák", "Kovács", "Novák", "Wójcik", "Žižka", "Čapek", "Gőz", "Stanisław", "Świerk"];

/// A table of clients with names from one list or another. `signs` are put among the notes.
fn latin(seed: u64, names: &[&str], accented_percent: u64, signs: &[&str]) -> String {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut text = String::from("id;surname;first_name;note\n");
    for id in 0..50 + seed % 50 {
        let mut name = || {
            let accented = rng.u64(..100) < accented_percent;
            let plain = &ENGLISH[3..];
            let list = if accented { names } else { plain };
            list[rng.usize(..list.len())]
        };
        let (surname, first) = (name(), name());
        let sign = if signs.is_empty() || rng.u8(..8) > 0 { "" } else { signs[rng.usize(..signs.len())] };
        text.push_str(&format!("{id};{surname};{first};{sign}\n"));
    }
    // One of each, so that no file is plain ASCII by accident.
    text + &format!("900;{};{};{}\n", names[0], names[names.len() - 1], signs.first().unwrap_or(&""))
}

/// Of so many files, the share that is read exactly as it was written, and the first one that is not.
fn share(written: Written, files: impl Iterator<Item = String>) -> (f64, Option<String>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clients.csv");
    let (mut all, mut right, mut missed) = (0_u32, 0_u32, None);
    for file in files {
        let table = open(&path, &bytes(&file, written));
        let text = table.rows().unwrap().map(|row| row.unwrap().cells.iter().collect::<Vec<_>>().concat()).collect::<String>();
        let expected: String = file.lines().skip(1).flat_map(|line| line.chars().filter(|ch| !";\"".contains(*ch))).collect();
        let text: String = text.chars().filter(|ch| !";\"".contains(*ch)).collect();
        all += 1;
        if text == expected {
            right += 1;
        } else if missed.is_none() {
            missed =
                table.description.encoding.map(|found| format!("read as {found}:\n{}", file.lines().take(4).collect::<String>()));
        }
    }
    (f64::from(right) / f64::from(all), missed)
}

fn hold(written: Written, files: impl Iterator<Item = String>) {
    let (share, missed) = share(written, files);
    assert!(share >= 0.99, "{written:?}: {share:.3} of the files are read rightly; not this one, {}", missed.unwrap_or_default());
}

#[test]
fn russian_clients_are_read_in_every_encoding() {
    let encodings = [
        Written::By(WINDOWS_1251),
        Written::By(KOI8_R),
        Written::By(IBM866),
        Written::By(ISO_8859_5),
        Written::By(X_MAC_CYRILLIC),
        Written::By(UTF_8),
        Written::Utf8Marked,
        Written::Utf16 { big: false, marked: false },
        Written::Utf16 { big: true, marked: false },
        Written::Utf16 { big: false, marked: true },
        Written::Utf16 { big: true, marked: true },
    ];
    for written in encodings {
        // Only letter statistics can be wrong by chance.
        let seeds = if matches!(written, Written::By(encoding) if encoding != UTF_8) { 150 } else { 15 };
        hold(written, (0..seeds).map(russian));
    }
}

#[test]
fn english_clients_are_read_in_every_encoding() {
    for share_of_accents in [3, 30] {
        let western = |seed| latin(seed, &WESTERN, share_of_accents, &["£120", "paid – twice", "café"]);
        hold(Written::By(UTF_8), (0..100).map(western));
        hold(Written::By(WINDOWS_1252), (0..200).map(western));
        hold(Written::Utf16 { big: false, marked: false }, (0..100).map(western));
        hold(Written::Utf16 { big: true, marked: false }, (0..100).map(western));
        // ISO-8859-1 has no letters that windows-1252 has not.
        let latin_1 = |seed| latin(seed, &WESTERN, share_of_accents, &["£120", "façade"]);
        hold(Written::By(WINDOWS_1252), (0..200).map(latin_1));
        hold(Written::By(ISO_8859_15), (0..200).map(|seed| latin(seed, &WESTERN, share_of_accents, &["€120", "œuvre"])));
        hold(Written::By(ISO_8859_2), (0..200).map(|seed| latin(seed, &CENTRAL, share_of_accents, &[])));
    }
    hold(Written::By(WINDOWS_1252), (0..200).map(|seed| latin(seed, &ENGLISH[2..3], 10, &["“VIP”", "call – late"])));
    for plain in [WINDOWS_1251, IBM866, KOI8_R, X_MAC_CYRILLIC] {
        hold(Written::By(plain), (0..20).map(|seed| latin(seed, &ENGLISH[3..], 0, &[])));
    }
}

#[test]
fn capitals_and_few_letters_are_told_too() {
    let capitals = |seed| russian(seed).to_uppercase();
    for encoding in [WINDOWS_1251, KOI8_R, IBM866, ISO_8859_5, X_MAC_CYRILLIC] {
        hold(Written::By(encoding), (0..100).map(capitals));
        // English headers and mostly English clients; a few rows have a Russian name.
        hold(Written::By(encoding), (0..100).map(|seed| latin(seed, &["Щукин", "Вера", "Пробин", "Ёлкина"], 4, &[])));
    }
}

#[test]
fn confidence_and_the_runner_up_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clients.csv");
    let table = open(&path, &bytes(&russian(1), Written::By(KOI8_R)));
    let found = &table.description;
    assert_eq!((found.encoding, found.encoding_confidence), (Some("KOI8-R"), Confidence::Guess));
    assert!(found.text.encoding_percent >= 90, "{found:?}");
    assert!(found.text.encoding_runner_up.is_some_and(|name| name != "KOI8-R"), "{found:?}");
    let table = open(&path, &bytes(&russian(1), Written::Utf8Marked));
    assert_eq!((table.description.text.encoding_percent, table.description.text.encoding_runner_up), (100, None));
    let settings = ReadSettings { encoding: Some("cp866".into()), ..ReadSettings::default() };
    std::fs::write(&path, bytes("id;Фамилия\n1;Ёлкин\n", Written::By(IBM866))).unwrap();
    let table = read::open(&path, &settings, &|cell| cell == "Фамилия").unwrap();
    assert_eq!(text_of(&table), "id;Фамилия\n1;Ёлкин");
}

/// UTF-32 is written by hardly anybody; read as anything else it would be names full of gaps.
#[test]
fn utf_32_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clients.csv");
    for (marked, big) in [(true, true), (true, false), (false, true), (false, false)] {
        let text = russian(3);
        let units = marked.then_some(0xfeff).into_iter().chain(text.chars().map(u32::from));
        let bytes: Vec<u8> = units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect();
        std::fs::write(&path, bytes).unwrap();
        let error = read::open(&path, &ReadSettings::default(), &|_| true).expect_err("UTF-32 is not read");
        assert!(error.to_string().contains("UTF-32"), "{error}");
        assert!(error.hint().contains("UTF-8"), "{}", error.hint());
    }
}
