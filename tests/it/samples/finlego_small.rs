//! `finlego-onboarding-companies.csv` and `finlego-core-people.csv`: small bases for FinLego's two other operations, under headers
//! that map themselves.

use super::make::{Row, line};

const COMPANIES: &[&str] = &[
    "externalId",
    "legalName",
    "countryOfRegistration",
    "riskLevel",
    "Phone",
    "Email",
    "address.streetLine1",
    "address.city",
    "address.zip",
    "address.country",
];

/// What is odd about a company, by its number.
const ODD_COMPANIES: &[(u32, &[(&str, &str)])] = &[
    (3, &[("legalName", "ООО «Образец»"), ("countryOfRegistration", "Russia")]),
    (4, &[("externalId", "")]),
    (5, &[("externalId", "NEW-01")]),
    (6, &[("Email", "office@@example.org"), ("Phone", "2000")]),
    (7, &[("riskLevel", "unheard of")]),
    (8, &[("countryOfRegistration", "Atlantis")]),
    (9, &[("address.city", ""), ("legalName", "")]),
];

pub(crate) fn companies() -> Vec<u8> {
    let cells = |number: u32| {
        vec![
            ("externalId", format!("NEW-{number:02}")),
            ("legalName", format!("Example Works {number} SIA")),
            ("countryOfRegistration", "Latvia".to_owned()),
        ]
    };
    table(COMPANIES, cells, ("new", 1), ODD_COMPANIES)
}

const PEOPLE: &[&str] = &[
    "Client ID",
    "onboardingId",
    "editorUserId",
    "First name",
    "Last name",
    "Birth date",
    "riskLevel",
    "Phone",
    "Email",
    "address.streetLine1",
    "address.city",
    "address.zip",
    "address.country",
    "nickName",
];

/// What is odd about a person, by number.
const ODD_PEOPLE: &[(u32, &[(&str, &str)])] = &[
    (2, &[("Last name", "Šablons"), ("nickName", "")]),
    (3, &[("onboardingId", "")]),
    (4, &[("onboardingId", "f4fce315-0000-4000-8000-000000000101")]),
    (5, &[("onboardingId", "00000000-0000-4000-8000-000000000105")]),
    (6, &[("Birth date", "1980-02-31")]),
    (7, &[("editorUserId", "somebody")]),
    (8, &[("address.country", "Atlantis"), ("riskLevel", "9")]),
];

pub(crate) fn people() -> Vec<u8> {
    let cells = |number: u32| {
        vec![
            ("Client ID", format!("CP-{number:02}")),
            ("onboardingId", format!("f4fce315-0000-4000-8000-{:012}", 100 + number)),
            ("editorUserId", "c5c2f4a5-c36d-4d4d-9e5c-2659c938a266".to_owned()),
            ("First name", "Anna".to_owned()),
            ("Last name", "Paraugs".to_owned()),
            ("Birth date", format!("1980-{number:02}-15")),
            ("nickName", format!("nick {number}")),
        ]
    };
    table(PEOPLE, cells, ("cp", 2), ODD_PEOPLE)
}

/// Where a client lives and is reached; `mailbox` and `hundred` tell the files apart.
fn contact(number: u32, (mailbox, hundred): (&str, u32)) -> Vec<(&'static str, String)> {
    vec![
        ("riskLevel", "low".to_owned()),
        ("Phone", format!("+371 2000 {hundred:02}{number:02}")),
        ("Email", format!("{mailbox}{number:02}@example.org")),
        ("address.streetLine1", format!("Parauga iela {number}")),
        ("address.city", "Riga".to_owned()),
        ("address.zip", "LV-1011".to_owned()),
        ("address.country", "LV".to_owned()),
    ]
}

/// Ten rows.
fn table(
    header: &'static [&'static str],
    cells: impl Fn(u32) -> Vec<(&'static str, String)>,
    reached: (&str, u32),
    odd: &[(u32, &[(&str, &str)])],
) -> Vec<u8> {
    let mut text = line(header, ',');
    for number in 1..=10 {
        let cells = [cells(number), contact(number, reached)].concat();
        let cells: Vec<(&str, &str)> = cells.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut row = Row::new(header, &cells);
        for (_, cells) in odd.iter().filter(|(its, _)| *its == number) {
            row.set_all(cells);
        }
        text.push_str(&line(&row.cells, ','));
    }
    text.into_bytes()
}
