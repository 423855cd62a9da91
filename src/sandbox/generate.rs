//! Synthetic clients: a messy CSV of invented persons, to rehearse with. Knows nothing of the sandbox's server.

mod mess;
mod person;
mod words;

use std::io::{self, Write};

use fastrand::Rng;

use mess::Mess;
use person::Person;

/// Bytes gathered before they are written.
const BUFFER_BYTES: usize = 1 << 16;

/// Rows that have passport numbers of their own: 9,000 series of a million each.
const ROWS_MAX: u64 = 9_000_000_000;

/// How often another earlier row is looked for that has no fault of its own and can be doubled.
const DOUBLE_TRIES: u32 = 8;

/// The columns, in order.
pub const COLUMNS: [&str; 20] = [
    "ID",
    "Фамилия",
    "Имя",
    "Отчество",
    "Дата рождения",
    "Место рождения",
    "Гражданство",
    "Телефон",
    "E-mail",
    "ИНН",
    "СНИЛС",
    "Самозанятый",
    "Серия паспорта",
    "Номер паспорта",
    "Дата выдачи",
    "Кем выдан",
    "Код подразделения",
    "Адрес регистрации",
    "Адрес по месту пребывания",
    "Примечание",
];

/// Writes a CSV (UTF-8, `;`, one header row) of invented persons for `tbank/fl-resident`; the same for the same arguments.
///
/// Values are written in many ways that normalization takes; about `messy_percent` of the rows carry one fault each, doubles
/// of earlier rows among them. Memory does not grow with `rows`.
///
/// # Errors
/// When `out` cannot be written, `messy_percent` is over 100, or there are more rows than passport numbers.
pub fn generate(rows: u64, seed: u64, messy_percent: u8, out: &mut dyn Write) -> io::Result<()> {
    if messy_percent > 100 {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the share of messy rows is at most 100 percent"));
    }
    if rows > ROWS_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "at most 9,000,000,000 rows have passport numbers of their own"));
    }
    let mut buffer = Vec::with_capacity(BUFFER_BYTES + 4096);
    buffer.extend_from_slice(COLUMNS.join(";").as_bytes());
    buffer.push(b'\n');
    for row in 0..rows {
        write_row(row, seed, messy_percent, &mut buffer);
        if buffer.len() >= BUFFER_BYTES {
            out.write_all(&buffer)?;
            buffer.clear();
        }
    }
    out.write_all(&buffer)?;
    out.flush()
}

fn write_row(row: u64, seed: u64, messy_percent: u8, buffer: &mut Vec<u8>) {
    let mut rng = row_rng(row, seed);
    if !is_messy(&mut rng, messy_percent) {
        return Person::invent(row, seed, &mut rng).write(row, None, &mut rng, buffer);
    }
    let mess = Mess::choose(&mut rng);
    if matches!(mess, Mess::SameRow | Mess::SamePerson)
        && let Some(earlier) = clean_row_before(row, seed, messy_percent, &mut rng)
    {
        // An earlier row is a function of its number: nothing has to be remembered to write it again.
        let mut earlier_rng = row_rng(earlier, seed);
        is_messy(&mut earlier_rng, messy_percent);
        let person = Person::invent(earlier, seed, &mut earlier_rng);
        let id = if mess == Mess::SameRow { earlier } else { row };
        return person.write(id, None, &mut earlier_rng, buffer);
    }
    Person::invent(row, seed, &mut rng).write(row, Some(mess), &mut rng, buffer);
}

fn row_rng(row: u64, seed: u64) -> Rng {
    // An odd factor spreads neighbouring rows over all seeds.
    Rng::with_seed(seed ^ row.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

fn is_messy(rng: &mut Rng, messy_percent: u8) -> bool {
    rng.u8(0..100) < messy_percent
}

fn clean_row_before(row: u64, seed: u64, messy_percent: u8, rng: &mut Rng) -> Option<u64> {
    if row == 0 {
        return None;
    }
    (0..DOUBLE_TRIES).map(|_| rng.u64(0..row)).find(|earlier| !is_messy(&mut row_rng(*earlier, seed), messy_percent))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{HashMap, HashSet};

    fn table(rows: u64, seed: u64, messy_percent: u8) -> Vec<Vec<String>> {
        let mut out = Vec::new();
        generate(rows, seed, messy_percent, &mut out).unwrap();
        let mut reader = csv::ReaderBuilder::new().delimiter(b';').has_headers(false).from_reader(&out[..]);
        reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
    }

    fn digits(text: &str) -> Vec<u32> {
        text.chars().filter_map(|character| character.to_digit(10)).collect()
    }

    fn weighted(digits: &[u32], weights: &[u32]) -> u32 {
        digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
    }

    #[test]
    fn clean_rows_hold_valid_unique_numbers() {
        let table = table(3000, 1, 0);
        assert_eq!(table.len(), 3001);
        assert_eq!(table[0], COLUMNS);
        let mut seen = HashMap::<usize, HashSet<String>>::new();
        for row in &table[1..] {
            let inn = digits(&row[9]);
            if !inn.is_empty() {
                assert_eq!((inn.len(), inn[0], inn[1]), (12, 9, 9));
                assert_eq!(weighted(&inn, &[7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10, inn[10]);
                assert_eq!(weighted(&inn, &[3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10, inn[11]);
            }
            let snils = digits(&row[10]);
            if !snils.is_empty() {
                assert_eq!(weighted(&snils, &[9, 8, 7, 6, 5, 4, 3, 2, 1]) % 101 % 100, snils[9] * 10 + snils[10]);
            }
            let phone = digits(&row[7]);
            assert_eq!(phone[phone.len() - 10], 9, "{}", row[7]);
            assert_eq!((digits(&row[12]).len(), digits(&row[13]).len(), digits(&row[16]).len()), (4, 6, 6));
            for (column, value) in [(0, row[0].clone()), (9, format!("{inn:?}")), (10, format!("{snils:?}"))] {
                assert!(value == "[]" || seen.entry(column).or_default().insert(value), "{row:?}");
            }
            let passport = format!("{:?}{:?}", digits(&row[12]), digits(&row[13]));
            assert!(seen.entry(12).or_default().insert(passport));
            for column in [4, 14] {
                assert!(chrono::NaiveDate::parse_from_str(&row[column], "%d.%m.%Y").is_ok(), "{}", row[column]);
            }
        }
        let citizenships: HashSet<&str> = table[1..].iter().map(|row| row[6].as_str()).collect();
        assert!(citizenships.is_superset(&HashSet::from(["РФ", "Россия", "RUS", "643"])));
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_a_longer_file_begins_like_a_shorter_one() {
        assert_eq!(table(500, 5, 20), table(500, 5, 20));
        assert_ne!(table(500, 5, 20), table(500, 6, 20));
        assert_eq!(table(800, 5, 20)[..501], table(500, 5, 20));
    }

    #[test]
    fn messy_rows_are_the_asked_share_and_hold_doubles() {
        let (clean, messy) = (table(4000, 3, 0), table(4000, 3, 25));
        let differing = clean.iter().zip(&messy).filter(|(clean, messy)| clean != messy).count();
        assert!((800..1200).contains(&differing), "{differing} of 4000 rows are not about 25 %");
        let ids: HashSet<&String> = messy.iter().map(|row| &row[0]).collect();
        assert!(ids.len() < messy.len(), "no row is doubled");
        assert!(messy.iter().any(|row| row[1].is_empty()), "no last name is missing");
        let mixed = |name: &str| name.contains(|letter: char| letter.is_ascii_lowercase() || letter == 'ë');
        assert!(messy.iter().any(|row| mixed(&row[1])) && !clean.iter().any(|row| mixed(&row[1])));
    }

    #[test]
    fn impossible_requests_are_refused() {
        assert!(generate(1, 0, 101, &mut io::sink()).is_err());
        assert!(generate(ROWS_MAX + 1, 0, 0, &mut io::sink()).is_err());
    }
}
