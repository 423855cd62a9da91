//! `finlego-people.csv`: people of a Russian base for a provider that takes Latin letters only. `finlego-companies.csv` with
//! `finlego-owners.csv`: companies whose beneficial owners stand in a second file.

use super::make::{Row, line};

const PEOPLE: &[&str] = &[
    "Код клиента",
    "Фамилия",
    "Имя",
    "Отчество",
    "Фамилия (лат.)",
    "Имя (лат.)",
    "Дата рождения",
    "Гражданство",
    "Страна проживания",
    "Телефон",
    "Эл. почта",
    "Индекс",
    "Страна адреса",
    "Город",
    "Улица",
    "Дом",
    "Квартира",
    "Уровень риска",
    "Тип документа",
    "Серия и номер",
    "Кем выдан",
    "Дата выдачи",
    "Срок действия",
    "Страна выдачи",
    "Примечание",
];

const NAMES: [(&str, &str); 10] = [
    ("Образцов", "Пётр"),
    ("Щепкина-Куперник", "Юлия"),
    ("ЖЁЛТИКОВ", "ИЛЬЯ"),
    ("Подъячев", "Фёдор"),
    ("Макетова", "Наталья"),
    ("Хрущов", "Андрей"),
    ("Эскизова", "Мария"),
    ("Выдумкин", "Дмитрий"),
    ("Цаплина", "Татьяна"),
    ("Небылицын", "Сергей"),
];

/// What is odd about a row, by its number.
const ODD_PEOPLE: &[(u32, &[(&str, &str)])] = &[
    (3, &[("Фамилия (лат.)", "Zheltikov"), ("Имя (лат.)", "Ilya")]),
    (5, &[("Уровень риска", "средний"), ("Телефон", "8 (900) 000-00-05"), ("Гражданство", "Российская Федерация")]),
    (6, &[("Фамилия (лат.)", "Khrushchov"), ("Имя (лат.)", "Andrey"), ("Дата рождения", "1961-05-17")]),
    (7, &[("Гражданство", "Беларусь")]),
    (8, &[("Фамилия", "Григоріїв"), ("Гражданство", "Украина")]),
    (9, &[("Фамилия", "Цaплина")]),
    (10, &[("Телефон", "900000"), ("Эл. почта", "n10@@example.org"), ("Уровень риска", "7")]),
    (11, &[("Срок действия", "")]),
    (12, &[("Срок действия", "10.01.2020"), ("Дата выдачи", "11.01.2010")]),
    (13, &[("Дата выдачи", "01.02.2068"), ("Срок действия", "01.02.2067")]),
    (14, &[("Город", "г. Тверь; центр")]),
    (15, &[("Страна выдачи", "Атлантида"), ("Страна проживания", "Кипр")]),
    (
        16,
        &[(
            "Кем выдан",
            "Отделом внутренних дел Примерного района города Образцово Вымышленной области с кодом 990-001 и печатью № 1",
        )],
    ),
    (17, &[("Уровень риска", "запрещённый")]),
    (
        18,
        &[
            ("Фамилия", ""),
            ("Имя", ""),
            ("Фамилия (лат.)", "O’Form"),
            ("Имя (лат.)", "Mary-Jane"),
            ("Гражданство", "IE"),
            ("Город", "Dublin"),
            ("Улица", "Main St."),
            ("Телефон", "+353 85 012 3456"),
            ("Страна адреса", "Ireland"),
            ("Тип документа", "id card"),
        ],
    ),
    (19, &[("Код клиента", "FL018")]),
    (20, &[("Код клиента", "")]),
    (21, &[("Фамилия (лат.)", "Müller")]),
    (22, &[("Улица", "ул. «Мира»"), ("Дом", "№5"), ("Квартира", "")]),
    (23, &[("Серия и номер", "7.51235E+08")]),
    (24, &[("Дата рождения", "31.02.1970")]),
    (25, &[("Тип документа", "водительское удостоверение"), ("Серия и номер", "99 00 123456")]),
    (26, &[("Имя", "Иван 2")]),
    (27, &[("Тип документа", "справка")]),
];

pub(crate) fn people() -> Vec<u8> {
    let mut text = line(PEOPLE, ';');
    for number in 1..=30 {
        let (last, first) = NAMES[(number as usize - 1) % NAMES.len()];
        let mut row = Row::new(
            PEOPLE,
            &[
                ("Код клиента", &format!("FL{number:03}")),
                ("Фамилия", last),
                ("Имя", first),
                ("Отчество", "Петрович"),
                ("Дата рождения", &format!("{:02}.{:02}.{}", 1 + number * 7 % 28, 1 + number % 12, 1955 + number)),
                ("Гражданство", "Россия"),
                ("Страна проживания", "РФ"),
                ("Телефон", &format!("+7 900 000-01-{number:02}")),
                ("Эл. почта", &format!("fl{number:03}@example.org")),
                ("Индекс", &format!("{:06}", 99_000 + number)),
                ("Страна адреса", "Россия"),
                ("Город", "г. Нижний Образец"),
                ("Улица", "ул. Большая Примерная"),
                ("Дом", &format!("д. {number}")),
                ("Квартира", &format!("кв. {}", number * 3)),
                ("Уровень риска", if number % 3 == 0 { "низкий" } else { "low" }),
                ("Тип документа", "загранпаспорт"),
                ("Серия и номер", &format!("99 {:07}", 1_234_500 + number)),
                ("Кем выдан", "МВД 99001"),
                ("Дата выдачи", &format!("{:02}.03.2021", 13 + number % 15)),
                ("Срок действия", "14.03.2069"),
                ("Страна выдачи", "RUS"),
                ("Примечание", if number % 9 == 0 { "звонить вечером" } else { "" }),
            ],
        );
        for (_, cells) in ODD_PEOPLE.iter().filter(|(odd, _)| *odd == number) {
            row.set_all(cells);
        }
        text.push_str(&line(&row.cells, ';'));
    }
    text.into_bytes()
}

const COMPANIES: &[&str] = &[
    "Client ID",
    "Onboarding ID",
    "Legal Name",
    "Company Type",
    "Registration Number",
    "Country of Registration",
    "Registration Date",
    "Industry",
    "Other Industry",
    "Turnover",
    "Phone",
    "Email",
    "Address Line 1",
    "City",
    "ZIP",
    "Country Code",
    "Risk Level",
    "Publicly Listed",
    "Pay-in Countries",
    "Purpose of Account",
    "Partner 1 Name",
    "Partner 1 Country",
    "Partner 1 Monthly Volume EUR",
    "Planned Incoming Transfers",
];

const ODD_COMPANIES: &[(u32, &[(&str, &str)])] = &[
    (2, &[("Legal Name", "ООО «Пример»"), ("Country of Registration", "Russia"), ("City", "Тверь")]),
    (3, &[("Industry", "other"), ("Other Industry", "")]),
    (4, &[("Partner 1 Monthly Volume EUR", "a lot"), ("Planned Incoming Transfers", "12.5")]),
    (5, &[("Onboarding ID", "12345")]),
    (6, &[("Onboarding ID", "f4fce315-0000-4000-8000-000000000001")]),
    (7, &[("Company Type", "GmbH")]),
    (8, &[("Pay-in Countries", "UK; Mars")]),
    (9, &[("Partner 1 Name", "")]),
    (10, &[("Turnover", "over 5m"), ("Risk Level", "prohibited")]),
    (11, &[("Email", ""), ("Publicly Listed", "perhaps")]),
    (12, &[("City", ""), ("ZIP", "")]),
];

pub(crate) fn companies() -> Vec<u8> {
    let mut text = line(COMPANIES, ',');
    for number in 1..=14 {
        let mut row = Row::new(
            COMPANIES,
            &[
                ("Client ID", &format!("ORG-{number:02}")),
                ("Onboarding ID", &format!("f4fce315-0000-4000-8000-{number:012}")),
                ("Legal Name", &format!("Sample Trade {number} SIA")),
                ("Company Type", "private"),
                ("Registration Number", &format!("9900{number:07}")),
                ("Country of Registration", "Latvia"),
                ("Registration Date", &format!("2015-{:02}-20", 1 + number % 12)),
                ("Industry", "retail"),
                ("Turnover", "bellow100KEur"),
                ("Phone", &format!("+371 2000 00{number:02}")),
                ("Email", &format!("org{number:02}@example.org")),
                ("Address Line 1", &format!("Parauga iela {number}")),
                ("City", "Riga"),
                ("ZIP", "LV-1011"),
                ("Country Code", "LV"),
                ("Risk Level", "low"),
                ("Publicly Listed", "no"),
                ("Pay-in Countries", "uk; eea"),
                ("Purpose of Account", "depositsAndSavings"),
                ("Partner 1 Name", "Invented Supply SIA"),
                ("Partner 1 Country", "DE"),
                ("Partner 1 Monthly Volume EUR", "40 000"),
                ("Planned Incoming Transfers", "20"),
            ],
        );
        for (_, cells) in ODD_COMPANIES.iter().filter(|(odd, _)| *odd == number) {
            row.set_all(cells);
        }
        text.push_str(&line(&row.cells, ','));
    }
    text.into_bytes()
}

const OWNERS: &[&str] =
    &["Company", "First Name", "Last Name", "Born", "Citizenship", "Share %", "UBO", "Director", "Passport", "Remark"];

/// Owners of the companies, most companies with two, some with faults of their own.
pub(crate) fn owners() -> Vec<u8> {
    let mut text = line(OWNERS, ',');
    for number in 1..=14 {
        let company = format!("ORG-{number:02}");
        let (first, share) = if number == 13 { ("", "70") } else { ("Anna", "60%") };
        let born = format!("{}.11.1979", 13 + number);
        text.push_str(&line(&[&company, first, "Paraugs", &born, "LV", share, "yes", "yes", "LV9900001", ""], ','));
        if number % 2 == 0 {
            let share = if number == 14 { "80" } else { "33.5" };
            let born = if number == 8 { "31.02.1980" } else { "02.12.1985" };
            text.push_str(&line(&[&company, "Olga", "Образцова", born, "Latvia", share, "no", "", "", "second"], ','));
        }
    }
    text.into_bytes()
}
