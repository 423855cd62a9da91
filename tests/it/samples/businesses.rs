//! `brainysoft-proprietors.csv` and `brainysoft-companies.csv`: a few borrowers of each kind, some of them with what goes wrong.

use super::make::{Person, Row, dotted, line, ogrn, organisation_inn};

const FIAS: &str = "a0ed83c6-19b1-4d47-8c6d-0d2ed45b36c1";

const PROPRIETOR: &[&str] = &[
    "Номер",
    "Фамилия",
    "Имя",
    "Отчество",
    "Пол",
    "Дата рождения",
    "ИНН",
    "Паспорт",
    "Дата выдачи",
    "Телефон",
    "ОГРНИП",
    "Дата ОГРНИП",
    "ФИАС прописки",
    "Адрес прописки",
    "ФИАС проживания",
    "Адрес проживания",
    "Прибыль в месяц",
];

/// Ways of writing and faults, by row.
const ODD_PROPRIETORS: &[(u32, &[(&str, &str)])] = &[
    (2, &[("ФИАС проживания", ""), ("Адрес проживания", "")]),
    (3, &[("Паспорт", "910 36017")]),
    (4, &[("ОГРНИП", "3179900000000")]),
    (5, &[("Прибыль в месяц", "120 000,50 руб."), ("Пол", "жен.")]),
    (6, &[("ОГРНИП", "")]),
    (7, &[("ИНН", "9900009010")]),
    (8, &[("Дата рождения", "31.04.1980")]),
    (9, &[("Телефон", "")]),
];

pub(crate) fn proprietors() -> Vec<u8> {
    let mut text = line(PROPRIETOR, ';');
    for number in 1..=9 {
        let person = Person::invent(7100 + number);
        let woman = person.middle.ends_with('а');
        let mut row = Row::new(
            PROPRIETOR,
            &[
                ("Номер", &format!("ИП-{number}")),
                ("Фамилия", &person.last),
                ("Имя", &person.first),
                ("Отчество", &person.middle),
                ("Пол", if woman { "ж" } else { "м" }),
                ("Дата рождения", &dotted(person.born)),
                ("ИНН", &person.inn),
                ("Паспорт", &format!("{} {}", person.series, person.passport)),
                ("Дата выдачи", &dotted(person.issued)),
                ("Телефон", &format!("+7{}", person.phone)),
                ("ОГРНИП", &ogrn(31_799_000_000_000 + u64::from(number))),
                ("Дата ОГРНИП", "12.04.2017"),
                ("ФИАС прописки", FIAS),
                ("Адрес прописки", &person.address),
                ("ФИАС проживания", FIAS),
                ("Адрес проживания", &format!("{}, строение {number}", person.address)),
                ("Прибыль в месяц", "150000"),
            ],
        );
        for (_, cells) in ODD_PROPRIETORS.iter().filter(|(odd, _)| *odd == number) {
            row.set_all(cells);
        }
        text.push_str(&line(&row.cells, ';'));
    }
    text.into_bytes()
}

const COMPANY: &[&str] = &[
    "Номер",
    "Наименование",
    "ИНН",
    "КПП",
    "ОГРН",
    "Дата ОГРН",
    "Директор",
    "Телефон",
    "ФИАС",
    "Фактический адрес",
    "ФИАС юр",
    "Юридический адрес",
    "Почтовый адрес",
    "Сотрудников",
];

const ODD_COMPANIES: &[(u32, &[(&str, &str)])] = &[
    (2, &[("ФИАС", ""), ("Фактический адрес", "")]),
    (3, &[("ИНН", "990000903")]),
    (4, &[("КПП", "99010100")]),
    (5, &[("ОГРН", "")]),
    (6, &[("Наименование", "")]),
    (7, &[("Сотрудников", "около 40"), ("Почтовый адрес", "101000, г. Москва, а/я 7")]),
    (8, &[("ФИАС", "770000"), ("Телефон", "8 (900) 000-71-08")]),
];

pub(crate) fn companies() -> Vec<u8> {
    let mut text = line(COMPANY, ';');
    for number in 1..=10 {
        let person = Person::invent(7200 + number);
        let mut row = Row::new(
            COMPANY,
            &[
                ("Номер", &format!("ЮЛ-{number}")),
                ("Наименование", &format!("ООО «Пример {number}»")),
                ("ИНН", &organisation_inn(990_000_900 + number)),
                ("КПП", "990101001"),
                ("ОГРН", &ogrn(117_990_000_000 + u64::from(number))),
                ("Дата ОГРН", "15.03.2017"),
                ("Директор", &format!("{} {} {}", person.last, person.first, person.middle)),
                ("Телефон", &format!("+7{}", person.phone)),
                ("ФИАС", FIAS),
                ("Фактический адрес", &person.address),
                ("ФИАС юр", FIAS),
                ("Юридический адрес", &format!("{}, строение {number}", person.address)),
                ("Сотрудников", "42"),
            ],
        );
        for (_, cells) in ODD_COMPANIES.iter().filter(|(odd, _)| *odd == number) {
            row.set_all(cells);
        }
        text.push_str(&line(&row.cells, ';'));
    }
    text.into_bytes()
}
