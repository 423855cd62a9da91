//! `clients-legacy.csv`: an export of an old program that nothing could read without `mapping-example.toml`.

use super::make::{Person, Row, encode, line};

const HEADERS: &[&str] = &["KOD", "FIO", "DR", "PASP", "PASP_D", "PASP_K", "PODR", "TEL", "SMZ", "ADR", "INDEX", "PRIM"];

const ODD: &[(u32, &[(&str, &str)])] = &[
    (3, &[("FIO", "Образцова А. С.")]),
    (6, &[("DR", "12/25/70")]),
    (9, &[("PASP", "99 241234")]),
    (12, &[("SMZ", "?")]),
    (15, &[("FIO", "Вымыслов")]),
    (18, &[("PODR", "9900")]),
];

pub(crate) fn make() -> Vec<u8> {
    let mut text = "Выгрузка из программы «Клиент», версия 2.04\r\nна 01/02/2024\r\n".replace(['«', '»'], "\"");
    text.push_str(&line(HEADERS, '|'));
    for number in 1..=20 {
        let person = Person::invent(3000 + number);
        let mut row = Row::new(
            HEADERS,
            &[
                ("KOD", &format!("{number:05}")),
                ("FIO", &format!("{} {} {}", person.last, person.first, person.middle)),
                ("DR", &person.born.format("%d/%m/%y").to_string()),
                ("PASP", &format!("{} {}", person.series, person.passport)),
                ("PASP_D", &person.issued.format("%d/%m/%Y").to_string()),
                ("PASP_K", "ОВД района Примерный"),
                ("PODR", &person.division),
                ("TEL", &format!("8{}", person.phone)),
                ("SMZ", if number % 2 == 0 { "С" } else { "Н" }),
                ("ADR", &format!("г. Москва, ул. Примерная, д. {number}")),
                ("INDEX", "101000"),
            ],
        );
        for (_, cells) in ODD.iter().filter(|(odd, _)| *odd == number) {
            row.set_all(cells);
        }
        text.push_str(&line(&row.cells, '|'));
    }
    encode(&text, encoding_rs::IBM866)
}
