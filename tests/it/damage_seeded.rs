//! Clients whose true cells are known, some of them damaged as spreadsheets damage them: nothing damaged is sent, nearly all of it is
//! told at its cell, and whole cells are left in peace. As CSV, which shows what the spreadsheet showed, and as a workbook.

use std::collections::BTreeSet;

use fastrand::Rng;
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook, Worksheet};

use crate::program::Program;
use crate::samples::make::{Person, dotted, line, snils};

const ROWS: u32 = 4_000;
/// One row in so many is damaged.
const DAMAGED: u32 = 10;

const HEADERS: [&str; 19] = [
    "Счёт",
    "Фамилия",
    "Имя",
    "Отчество",
    "Дата рождения",
    "Гражданство",
    "Телефон",
    "ИНН",
    "СНИЛС",
    "Самозанятый",
    "Серия",
    "Номер",
    "Дата выдачи",
    "Кем выдан",
    "Код подразделения",
    "Индекс",
    "Город",
    "Улица",
    "Дом",
];
const MAPPING: &str = r#"
operation = "tbank/fl-resident"
[columns]
"Счёт" = "external_id"
"Фамилия" = "last_name"
"Имя" = "first_name"
"Отчество" = "middle_name"
"Дата рождения" = "birth_date"
"Гражданство" = "citizenship"
"Телефон" = "phone"
"ИНН" = "inn"
"СНИЛС" = "snils"
"Самозанятый" = "is_self_employed"
"Серия" = "documents[0].series"
"Номер" = "documents[0].number"
"Дата выдачи" = "documents[0].issue_date"
"Кем выдан" = "documents[0].issuer"
"Код подразделения" = "documents[0].division_code"
"Индекс" = "addresses[0].postcode"
"Город" = "addresses[0].city"
"Улица" = "addresses[0].street"
"Дом" = "addresses[0].house"
[constants]
"documents[0].type" = "PASSPORT"
"addresses[0].type" = "REGISTRATION_ADDRESS"
"#;

/// What a spreadsheet made of a cell.
#[derive(Clone, Debug)]
enum Damage {
    /// The number without its zeros.
    Number(String),
    /// A number beyond fifteen digits: what is kept, and what is shown of it.
    Cut(f64, String),
    /// Scientific notation left as text.
    Shown(String),
    /// A day of this year, and what is shown of it.
    Day(u8, u8, String),
    /// An error.
    Error(&'static str),
}

struct Clients {
    rows: Vec<Vec<String>>,
    /// Row, column and what became of the cell.
    seeds: Vec<(usize, usize, Damage)>,
}

fn client(number: u32, rng: &mut Rng) -> Vec<String> {
    let person = Person::invent(number);
    let house = match rng.u8(..6) {
        0 => format!("{}/{}", rng.u8(1..=12), rng.u8(1..=12)),
        1 => format!("{}а", rng.u8(1..99)),
        2 => format!("{} корп. {}", rng.u8(1..99), rng.u8(1..9)),
        3 => format!("{}-{}", rng.u8(13..99), rng.u8(13..99)),
        _ => rng.u8(1..200).to_string(),
    };
    vec![
        format!("4081781009991{:07}", rng.u32(..10_000_000)),
        person.last.clone(),
        person.first.clone(),
        person.middle.clone(),
        dotted(person.born),
        "РФ".to_owned(),
        format!("8{}", person.phone),
        person.inn.clone(),
        snils(2_000_000 + number * 37),
        "нет".to_owned(),
        person.series.clone(),
        format!("{:06}", number * 17),
        dotted(person.issued),
        "ОВД".to_owned(),
        format!("{:03}-{:03}", rng.u16(1..990), 1 + number % 80),
        format!("{:06}", rng.u32(10_000..700_000)),
        "г. Тверь".to_owned(),
        "ул. Мира".to_owned(),
        house,
    ]
}

fn scientific(digits: &str) -> Damage {
    Damage::Shown(format!("{},{}E+{}", &digits[..1], &digits[1..5], digits.len() - 1))
}

/// A damage that this client's cells can suffer.
fn damage(row: &[String], rng: &mut Rng) -> Option<(usize, Damage)> {
    let column = |name: &str| HEADERS.iter().position(|header| *header == name).expect("a column");
    let short = |name: &str| {
        let digits = row[column(name)].replace('-', "");
        digits.starts_with('0').then(|| (column(name), Damage::Number(digits.trim_start_matches('0').to_owned())))
    };
    let months = ["янв", "фев", "мар", "апр", "май", "июн", "июл", "авг", "сен", "окт", "ноя", "дек"];
    match rng.u8(..10) {
        0 => short("Индекс"),
        1 => short("Номер"),
        2 => short("СНИЛС"),
        3 => short("Код подразделения"),
        4 => {
            let digits = &row[0];
            Some((0, Damage::Cut(digits.parse().expect("digits"), format!("{}00000", &digits[..15]))))
        }
        5 => {
            let name = *rng.choice(&["Телефон", "ИНН", "Счёт"]).expect("a name");
            Some((column(name), scientific(&row[column(name)])))
        }
        6 | 7 => {
            let (day, month) = row[18].split_once('/')?;
            let (day, month): (u8, u8) = (day.parse().ok()?, month.parse().ok()?);
            let name = months[usize::from(month) - 1];
            let shown = match rng.u8(..3) {
                0 => format!("{day}.{name}"),
                1 => format!("{day:02}.{month:02}.2026"),
                _ => format!("{name}.{day:02}"),
            };
            Some((18, Damage::Day(day, month, shown)))
        }
        8 => Some((column("Телефон"), Damage::Day(5, 12, "05.12.2010".to_owned()))),
        _ => {
            let words = ["#####", "#REF!", "#N/A", "#ССЫЛКА!", "#ЗНАЧ!", "#########"];
            let name =
                *rng.choice(&["Имя", "Телефон", "ИНН", "Индекс", "Дом", "Улица", "Дата рождения", "Счёт"]).expect("a name");
            Some((column(name), Damage::Error(rng.choice(words).expect("a word"))))
        }
    }
}

fn invent(seed: u64) -> Clients {
    let mut rng = Rng::with_seed(seed);
    let rows: Vec<Vec<String>> = (1..=ROWS).map(|number| client(number, &mut rng)).collect();
    let mut seeds = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        if rng.u32(..DAMAGED) == 0
            && let Some((column, damage)) = (0..20).find_map(|_| damage(row, &mut rng))
        {
            seeds.push((index, column, damage));
        }
    }
    Clients { rows, seeds }
}

fn as_csv(clients: &Clients) -> Vec<u8> {
    let mut rows = clients.rows.clone();
    for (row, column, damage) in &clients.seeds {
        rows[*row][*column] = match damage {
            Damage::Number(shown) | Damage::Cut(_, shown) | Damage::Shown(shown) | Damage::Day(_, _, shown) => shown.clone(),
            Damage::Error(word) => (*word).to_owned(),
        };
    }
    let lines: String = rows.iter().map(|row| line(row, ';')).collect();
    format!("{}{lines}", line(&HEADERS, ';')).into_bytes()
}

fn as_workbook(clients: &Clients) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    let day_month = Format::new().set_num_format("d-mmm");
    let put = |sheet: &mut Worksheet, row: usize, column: usize, damage: Option<&Damage>| {
        let (line, place) = (u32::try_from(row + 1).unwrap(), u16::try_from(column).unwrap());
        match damage {
            None => sheet.write_string(line, place, &clients.rows[row][column]),
            Some(Damage::Number(shown)) => sheet.write_number(line, place, shown.parse::<f64>().unwrap()),
            Some(Damage::Cut(kept, _)) => sheet.write_number(line, place, *kept),
            Some(Damage::Shown(shown)) => sheet.write_string(line, place, shown),
            Some(Damage::Day(day, month, _)) => {
                sheet.write_with_format(line, place, ExcelDateTime::from_ymd(2026, *month, *day).unwrap(), &day_month)
            }
            Some(Damage::Error(word)) if word.starts_with("##") => sheet.write_string(line, place, *word),
            Some(Damage::Error(_)) => sheet.write_formula(line, place, Formula::new("=#REF!").set_result("#REF!")),
        }
        .map(drop)
        .unwrap();
    };
    for (place, header) in (0_u16..).zip(HEADERS) {
        sheet.write_string(0, place, header).unwrap();
    }
    for row in 0..clients.rows.len() {
        for column in 0..HEADERS.len() {
            let seed = clients.seeds.iter().find(|(at, place, _)| (*at, *place) == (row, column));
            put(sheet, row, column, seed.map(|(_, _, damage)| damage));
        }
    }
    workbook.save_to_buffer().unwrap()
}

#[allow(clippy::print_stdout, reason = "the figures are what the test is for")]
fn measure(name: &str, bytes: &[u8], clients: &Clients) {
    let program = Program::new();
    program.put(name, bytes);
    program.put("mapping.toml", MAPPING.as_bytes());
    program.expect(&[1], &["check", name, "--to", "tbank/fl-resident", "--mapping", "mapping.toml", "--out", "report"]);
    let faults = program.lines("report/faults.csv");
    let told: BTreeSet<(usize, usize)> = faults
        .iter()
        .filter_map(|fault| {
            let column = HEADERS.iter().position(|header| *header == fault["column"])?;
            Some((fault["line"].parse::<usize>().unwrap() - 2, column))
        })
        .collect();
    let seeded: BTreeSet<(usize, usize)> = clients.seeds.iter().map(|(row, column, _)| (*row, *column)).collect();
    let sent: BTreeSet<usize> = program
        .lines("report/outcomes.csv")
        .iter()
        .filter(|row| row["outcome"] == "not_sent")
        .map(|row| row["line"].parse::<usize>().unwrap() - 2)
        .collect();
    let silent: Vec<_> = clients.seeds.iter().filter(|(row, ..)| sent.contains(row)).collect();
    let missed: Vec<_> = clients.seeds.iter().filter(|(row, column, _)| !told.contains(&(*row, *column))).collect();
    let false_alarms: Vec<_> = told.difference(&seeded).collect();
    let whole = clients.rows.len() * HEADERS.len() - seeded.len();
    println!(
        "{name}: {} cells damaged, {} told at their cell, {} sent in silence; {} of {whole} whole cells suspected",
        seeded.len(),
        seeded.len() - missed.len(),
        silent.len(),
        false_alarms.len()
    );
    assert!(seeded.len() > 300, "{}", seeded.len());
    assert!(silent.is_empty(), "{name}: would be sent: {silent:?}");
    assert!(missed.len() * 100 <= seeded.len(), "{name}: not told: {missed:?}");
    assert!(false_alarms.len() * 1000 < whole * 5, "{name}: suspected: {false_alarms:?}");
    // Rows, too: a suspicion keeps a whole row back.
    let rows: BTreeSet<usize> = told.iter().map(|(row, _)| *row).filter(|row| !seeded.iter().any(|(at, _)| at == row)).collect();
    assert!(rows.len() * 200 < clients.rows.len(), "{name}: rows kept back: {rows:?}");
}

#[test]
fn seeded_damage_is_told_and_whole_cells_are_not_suspected() {
    let clients = invent(4);
    measure("clients.csv", &as_csv(&clients), &clients);
    measure("clients.xlsx", &as_workbook(&clients), &clients);
}
