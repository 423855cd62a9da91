//! Invented persons and tables of them, the same at every run. Nobody here lives: the tax region 99, phones +7 900 000-xx-xx
//! and mail at example.org belong to no one.

use chrono::{Datelike, Days, NaiveDate};

const LAST_NAMES: [&str; 16] = [
    "Образцов",
    "Примеров",
    "Макетов",
    "Шаблонов",
    "Эскизов",
    "Черновиков",
    "Тестов",
    "Бланков",
    "Вымыслов",
    "Чертежов",
    "Формуляров",
    "Заготовкин",
    "Выдумкин",
    "Понарошкин",
    "Небылицын",
    "Артёмов",
];
const MEN: [&str; 10] = ["Пётр", "Илья", "Андрей", "Сергей", "Фёдор", "Тимур", "Павел", "Лев", "Артём", "Егор"];
const WOMEN: [&str; 10] = ["Анна", "Мария", "Ольга", "Вера", "Ирина", "Алёна", "Елена", "Дарья", "Нина", "Зоя"];
const FATHERS: [&str; 8] = ["Сергеев", "Иванов", "Петров", "Андреев", "Павлов", "Фёдоров", "Семёнов", "Максимов"];
const PLACES: [&str; 6] = ["гор. Тверь", "гор. Орёл", "г. Пермь", "с. Примерное", "гор. Рязань", "пос. Образцовый"];

/// An invented person. Everyone is old enough to hold the last passport of a lifetime, so that no sample goes stale.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) number: u32,
    pub(crate) last: String,
    pub(crate) first: String,
    pub(crate) middle: String,
    pub(crate) born: NaiveDate,
    pub(crate) place: &'static str,
    /// Ten digits.
    pub(crate) phone: String,
    pub(crate) email: String,
    pub(crate) inn: String,
    pub(crate) snils: String,
    pub(crate) series: String,
    pub(crate) passport: String,
    pub(crate) issued: NaiveDate,
    pub(crate) division: String,
    pub(crate) address: String,
}

impl Person {
    /// The person of this number.
    pub(crate) fn invent(number: u32) -> Self {
        let pick =
            |words: &[&'static str], step: u32| words[(number as usize * step as usize + number as usize / 16) % words.len()];
        let woman = number % 2 == 1;
        let ending = |woman_ending: &str, man_ending: &str| if woman { woman_ending.to_owned() } else { man_ending.to_owned() };
        let born = day(1950 + number as i32 % 30, 1 + number * 7 % 12, 1 + number * 11 % 28);
        let birthday = day(born.year() + 45, born.month(), born.day());
        let issued = birthday.checked_add_days(Days::new(10 + u64::from(number) * 13 % 70)).expect("a day");
        Self {
            number,
            last: format!("{}{}", pick(&LAST_NAMES, 5), ending("а", "")),
            first: pick(if woman { &WOMEN } else { &MEN }, 3).to_owned(),
            middle: format!("{}{}", pick(&FATHERS, 3), ending("на", "ич")),
            born,
            place: pick(&PLACES, 1),
            phone: format!("900000{number:04}"),
            email: format!("client{number:04}@example.org"),
            inn: person_inn(number),
            snils: snils(112_000_000 + number * 37),
            series: format!("99{:02}", issued.year() % 100),
            passport: format!("{:06}", 100_000 + number * 17),
            issued,
            division: format!("990-{:03}", 1 + number % 80),
            address: format!("101000, г. Москва, ул. Примерная, д. {}, кв. {}", 1 + number % 90, number),
        }
    }
}

pub(crate) fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).expect("a day of the calendar")
}

/// A person's INN of region 99 with fitting check digits.
pub(crate) fn person_inn(number: u32) -> String {
    let mut inn = format!("9900{number:06}");
    for weights in [&[7, 2, 4, 10, 3, 5, 9, 4, 6, 8][..], &[3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8]] {
        inn.push_str(&(weighted(&inn, weights) % 11 % 10).to_string());
    }
    inn
}

/// An organisation's INN that begins with these nine digits.
pub(crate) fn organisation_inn(first: u32) -> String {
    let first = format!("{first:09}");
    format!("{first}{}", weighted(&first, &[2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10)
}

/// A SNILS that begins with these nine digits.
pub(crate) fn snils(first: u32) -> String {
    let first = format!("{first:09}");
    format!("{first}{:02}", weighted(&first, &[9, 8, 7, 6, 5, 4, 3, 2, 1]) % 101 % 100)
}

/// An OGRN from its first 12 digits, or an OGRNIP from its first 14.
pub(crate) fn ogrn(first: u64) -> String {
    format!("{first}{}", first % if first < 1_000_000_000_000 { 11 } else { 13 } % 10)
}

fn weighted(digits: &str, weights: &[u32]) -> u32 {
    digits.bytes().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum()
}

/// `01.02.1970`
pub(crate) fn dotted(date: NaiveDate) -> String {
    date.format("%d.%m.%Y").to_string()
}

/// A row under named headers.
#[derive(Clone)]
pub(crate) struct Row {
    headers: &'static [&'static str],
    pub(crate) cells: Vec<String>,
}

impl Row {
    pub(crate) fn new(headers: &'static [&'static str], cells: &[(&str, &str)]) -> Self {
        let mut row = Self { headers, cells: vec![String::new(); headers.len()] };
        row.set_all(cells);
        row
    }

    pub(crate) fn set(&mut self, header: &str, value: impl Into<String>) {
        let column = self.headers.iter().position(|known| *known == header);
        self.cells[column.unwrap_or_else(|| panic!("no column {header}"))] = value.into();
    }

    pub(crate) fn set_all(&mut self, cells: &[(&str, &str)]) {
        for (header, value) in cells {
            self.set(header, *value);
        }
    }
}

/// One line of delimited text, quoted where it must be.
pub(crate) fn line<T: AsRef<str>>(cells: &[T], delimiter: char) -> String {
    let quoted = |cell: &str| {
        if cell.contains([delimiter, '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
    };
    let cells: Vec<String> = cells.iter().map(|cell| quoted(cell.as_ref())).collect();
    format!("{}\r\n", cells.join(&delimiter.to_string()))
}

/// The text in a legacy encoding; every character must have its place there.
pub(crate) fn encode(text: &str, encoding: &'static encoding_rs::Encoding) -> Vec<u8> {
    let (bytes, _, unmappable) = encoding.encode(text);
    assert!(!unmappable, "a character of the sample has no place in {}", encoding.name());
    bytes.into_owned()
}
