//! `three-ways.csv`: Russian persons that go to three providers with one mapping, `three-ways.toml`. Every row is good
//! for each of them.

use super::make::{Person, Row, dotted, line};

const HEADERS: &[&str] = &[
    "Номер",
    "Фамилия",
    "Имя",
    "Отчество",
    "Фамилия латиницей",
    "Имя латиницей",
    "Пол",
    "Дата рождения",
    "Гражданство",
    "Телефон",
    "E-mail",
    "ИНН",
    "Самозанятый",
    "Серия",
    "Номер паспорта",
    "Дата выдачи",
    "Кем выдан",
    "Код подразделения",
    "ФИАС",
    "Адрес регистрации",
    "Уровень риска",
    "Загранпаспорт №",
    "Загранпаспорт выдан",
    "Загранпаспорт: кем",
    "Загранпаспорт: срок действия",
    "Street (Latin)",
    "City (Latin)",
    "Индекс",
];

/// Latin spellings of the invented names, as a foreign passport has them.
const LATIN: &[(char, &str)] = &[
    ('А', "A"),
    ('Б', "B"),
    ('В', "V"),
    ('Д', "D"),
    ('Е', "E"),
    ('З', "Z"),
    ('И', "I"),
    ('Л', "L"),
    ('М', "M"),
    ('Н', "N"),
    ('О', "O"),
    ('П', "P"),
    ('С', "S"),
    ('Т', "T"),
    ('Ф', "F"),
    ('Ч', "Ch"),
    ('Ш', "Sh"),
    ('Э', "E"),
    ('а', "a"),
    ('б', "b"),
    ('в', "v"),
    ('г', "g"),
    ('д', "d"),
    ('е', "e"),
    ('ё', "e"),
    ('ж', "zh"),
    ('з', "z"),
    ('и', "i"),
    ('й', "i"),
    ('к', "k"),
    ('л', "l"),
    ('м', "m"),
    ('н', "n"),
    ('о', "o"),
    ('п', "p"),
    ('р', "r"),
    ('с', "s"),
    ('т', "t"),
    ('у', "u"),
    ('ф', "f"),
    ('ц', "ts"),
    ('ч', "ch"),
    ('ш', "sh"),
    ('ы', "y"),
    ('ь', ""),
    ('я', "ia"),
];

fn latin(name: &str) -> String {
    let letter = |ch| LATIN.iter().find(|(known, _)| *known == ch).unwrap_or_else(|| panic!("no Latin letter for {ch}")).1;
    name.chars().map(letter).collect()
}

pub(crate) fn make() -> Vec<u8> {
    let mut text = line(HEADERS, ',');
    for number in 1..=12 {
        let person = Person::invent(8000 + number);
        let row = Row::new(
            HEADERS,
            &[
                ("Номер", &format!("T-{number:02}")),
                ("Фамилия", &person.last),
                ("Имя", &person.first),
                ("Отчество", &person.middle),
                ("Фамилия латиницей", &latin(&person.last)),
                ("Имя латиницей", &latin(&person.first)),
                ("Пол", if person.middle.ends_with('а') { "ж" } else { "м" }),
                ("Дата рождения", &dotted(person.born)),
                ("Гражданство", "РФ"),
                ("Телефон", &format!("+7{}", person.phone)),
                ("E-mail", &person.email),
                ("ИНН", &person.inn),
                ("Самозанятый", if number % 3 == 0 { "да" } else { "нет" }),
                ("Серия", &person.series),
                ("Номер паспорта", &person.passport),
                ("Дата выдачи", &dotted(person.issued)),
                ("Кем выдан", "ОВД района Примерный гор. Москвы"),
                ("Код подразделения", &person.division),
                ("ФИАС", "a0ed83c6-19b1-4d47-8c6d-0d2ed45b36c1"),
                ("Адрес регистрации", &person.address),
                ("Уровень риска", if number % 4 == 0 { "средний" } else { "низкий" }),
                ("Загранпаспорт №", &format!("99 {:07}", 1_000_000 + number)),
                ("Загранпаспорт выдан", "15.03.2021"),
                ("Загранпаспорт: кем", "MVD 99001"),
                ("Загранпаспорт: срок действия", "15.03.2069"),
                ("Street (Latin)", &format!("ul. Primernaia, d. {number}")),
                ("City (Latin)", "Moskva"),
                ("Индекс", "101000"),
            ],
        );
        text.push_str(&line(&row.cells, ','));
    }
    text.into_bytes()
}
