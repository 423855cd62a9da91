//! `clients-clean.csv`: what a well-kept base looks like. Every row is good.

use super::make::{Person, Row, dotted, line};

const HEADERS: &[&str] = &[
    "ID клиента",
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
];

pub(crate) fn make() -> Vec<u8> {
    let mut text = line(HEADERS, ',');
    for number in 1..=60 {
        let person = Person::invent(number);
        let row = Row::new(
            HEADERS,
            &[
                ("ID клиента", &format!("K-{number:04}")),
                ("Фамилия", &person.last),
                ("Имя", &person.first),
                ("Отчество", &person.middle),
                ("Дата рождения", &dotted(person.born)),
                ("Место рождения", person.place),
                ("Гражданство", "РФ"),
                ("Телефон", &format!("+7{}", person.phone)),
                ("E-mail", &person.email),
                ("ИНН", &person.inn),
                ("СНИЛС", &person.snils),
                ("Самозанятый", if number % 3 == 0 { "да" } else { "нет" }),
                ("Серия паспорта", &person.series),
                ("Номер паспорта", &person.passport),
                ("Дата выдачи", &dotted(person.issued)),
                ("Кем выдан", "ОВД района Примерный гор. Москвы"),
                ("Код подразделения", &person.division),
                ("Адрес регистрации", &person.address),
            ],
        );
        text.push_str(&line(&row.cells, ','));
    }
    text.into_bytes()
}
