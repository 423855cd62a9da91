//! `clients-english.csv`: foreigners under English headers. The months stand first, and the dates themselves prove it.

use chrono::{Days, NaiveDate};

use super::make::{Row, day, line, person_inn};

const HEADERS: &[&str] = &[
    "Client ID",
    "Last name",
    "First name",
    "Middle name",
    "Date of birth",
    "Place of birth",
    "Nationality",
    "Mobile phone",
    "E-mail address",
    "Tax ID",
    "Self-employed",
    "Foreign passport number",
    "Foreign passport issue date",
    "Foreign passport issued by",
    "Migration card number",
    "Migration card issue date",
    "Migration card expiry date",
    "Registration address",
    "Notes",
];

const LAST_NAMES: [&str; 10] =
    ["Sample", "Specimen", "Mockup", "Placeholder", "Draftov", "Template", "Exampleson", "Blankenberg", "Testova", "O'Form"];
const FIRST_NAMES: [&str; 6] = ["Timur", "Aidar", "Maria", "Zarina", "Nodira", "Jean-Paul"];
const COUNTRIES: [(&str, &str, &str); 6] = [
    ("Uzbekistan", "Ministry of Internal Affairs", "+99890000"),
    ("KZ", "Ministry of Justice", "+7700000"),
    ("KGZ", "State Registration Service", "+99650000"),
    ("Tajikistan", "Ministry of Foreign Affairs", "+99290000"),
    ("Türkiye", "Ministry of Interior", "+90500000"),
    ("Viet Nam", "Immigration Department", "+8490000"),
];

/// What is odd about a row, by its number.
const ODD: &[(u32, &[(&str, &str)])] = &[
    (4, &[("Migration card number", ""), ("Migration card issue date", ""), ("Migration card expiry date", "")]),
    (8, &[("Migration card expiry date", "04/10/2020"), ("Migration card issue date", "01/10/2020")]),
    (12, &[("Nationality", "Russia")]),
    (15, &[("Foreign passport issued by", "")]),
    (19, &[("Last name", "Samp\u{fffd}le")]),
    (
        23,
        &[
            ("Nationality", "Belarus"),
            ("Migration card number", ""),
            ("Migration card issue date", ""),
            ("Migration card expiry date", ""),
        ],
    ),
    (26, &[("Mobile phone", "998900000026")]),
    (28, &[("Nationality", "Korea")]),
];

pub(crate) fn make() -> Vec<u8> {
    let mut text = line(HEADERS, ',');
    for number in 1..=30 {
        let at = number as usize;
        let (country, issuer, phone) = COUNTRIES[at % COUNTRIES.len()];
        let born = day(1960 + number as i32, 1 + number * 5 % 12, 1 + number * 11 % 28);
        let issued = day(2019, 1 + number % 12, 1 + number * 3 % 28);
        let entered = issued.checked_add_days(Days::new(1500)).expect("a day");
        let mut row = Row::new(
            HEADERS,
            &[
                ("Client ID", &format!("EN{number:03}")),
                ("Last name", LAST_NAMES[at % 10]),
                ("First name", FIRST_NAMES[at / 2 % 6]),
                ("Date of birth", &month_first(born)),
                ("Place of birth", "Example City"),
                ("Nationality", country),
                ("Mobile phone", &format!("{phone}{number:04}")),
                ("E-mail address", &format!("en{number:03}@example.org")),
                ("Self-employed", if number % 4 == 0 { "yes" } else { "no" }),
                ("Foreign passport number", &format!("EX{:07}", 1_000_000 + number)),
                ("Foreign passport issue date", &month_first(issued)),
                ("Foreign passport issued by", issuer),
                ("Migration card number", &format!("99{:08}", 10_000_000 + number)),
                ("Migration card issue date", &month_first(entered)),
                ("Migration card expiry date", &month_first(day(2069, 12, 31))),
                ("Registration address", &format!("101000, г. Москва, ул. Примерная, д. {number}")),
            ],
        );
        if number % 5 == 0 {
            row.set("Tax ID", person_inn(5000 + number));
        }
        for (_, cells) in ODD.iter().filter(|(odd, _)| *odd == number) {
            row.set_all(cells);
        }
        text.push_str(&line(&row.cells, ','));
    }
    // One byte that is no UTF-8, as a cut export leaves it.
    let mut bytes = text.into_bytes();
    let mark = "\u{fffd}".as_bytes();
    let at = bytes.windows(mark.len()).position(|window| window == mark).expect("the mark of the bad byte");
    bytes.splice(at..at + mark.len(), [0xe9]);
    bytes
}

fn month_first(date: NaiveDate) -> String {
    date.format("%m/%d/%Y").to_string()
}
