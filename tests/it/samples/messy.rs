//! `clients-messy.csv`: a base as it is found. Windows-1251, semicolons, every way of writing things, every fault a CSV can have.

use chrono::{Datelike, NaiveDate};

use super::make::{Person, Row, dotted, encode, line};

const HEADERS: &[&str] = &[
    "Код клиента",
    "Тип клиента",
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
    "Паспорт серия",
    "Паспорт №",
    "Дата выдачи",
    "Кем выдан",
    "Код подразделения",
    "Документ 2: тип",
    "Документ 2: серия",
    "Документ 2: номер",
    "Документ 2: дата выдачи",
    "Документ 2: срок действия",
    "Адрес регистрации",
    "Адрес по месту пребывания",
    "Адрес 3: тип",
    "Адрес 3: строка",
    "Примечание",
];

const ROWS: u32 = 216;

/// What is wrong with a row.
enum Mess {
    /// These cells hold these values.
    Cells(&'static [(&'static str, &'static str)]),
    /// An issuer of this many letters, an address of this many letters, …
    Long(&'static str, usize),
    Short,
    Extra,
    OpenQuote,
    StrayQuote,
    Blank,
    /// The same client as the row so many lines above, with other contacts.
    Again(u32),
}

use Mess::{Again, Blank, Cells, Extra, Long, OpenQuote, Short, StrayQuote};

const MESS: &[Mess] = &[
    Cells(&[("Телефон", "8903")]),
    Cells(&[("Телефон", "+7900000000123")]),
    Cells(&[("Телефон", "8 9О0 000-00-01")]),
    Cells(&[("Телефон", "89000000001; 89000000002")]),
    Cells(&[("Телефон", "8 (495) 000-00-01 доб. 12")]),
    Cells(&[("Телефон", "4950000001")]),
    Cells(&[("Телефон", "+8 (495) 000-00-01")]),
    Cells(&[("Телефон", "7,9E+10")]),
    Cells(&[("Телефон", ""), ("E-mail", "")]),
    Cells(&[("E-mail", "anna.example.org")]),
    Cells(&[("E-mail", "a@example.org; b@example.org")]),
    Cells(&[("E-mail", "аnna@example.org")]),
    Short,
    Cells(&[("Дата рождения", "весной 1970")]),
    Cells(&[("Дата рождения", "31.02.1970")]),
    Cells(&[("Дата выдачи", "14.05.16")]),
    Cells(&[("Дата рождения", "14.05.1970 13:45")]),
    Cells(&[("Дата рождения", "14.05.2099"), ("Дата выдачи", "14.05.2100")]),
    Cells(&[("Дата рождения", "14.05.1870")]),
    Cells(&[("Дата рождения", "14.05.1903")]),
    Cells(&[("Дата выдачи", "14.05.1949")]),
    Cells(&[("Дата рождения", "25569")]),
    Extra,
    Cells(&[("Фамилия", "")]),
    Cells(&[("Фамилия", "Образцов2")]),
    Cells(&[("Фамилия", "Oбразцов")]),
    Cells(&[("Имя", "Ан\u{7}на")]),
    Cells(&[("Самозанятый", "иногда")]),
    Cells(&[("Гражданство", "Нарния")]),
    Cells(&[("Гражданство", "СССР")]),
    Cells(&[("Гражданство", "Казахстан")]),
    OpenQuote,
    Cells(&[("ИНН", "99000000011")]),
    Cells(&[("ИНН", "990000000116")]),
    Cells(&[("ИНН", "9,90001E+11")]),
    Cells(&[("ИНН", "000000000000")]),
    Cells(&[("ИНН", "не помнит")]),
    Cells(&[("СНИЛС", "112-233-445")]),
    Cells(&[("СНИЛС", "112-233-445 96")]),
    StrayQuote,
    Cells(&[("Паспорт серия", "990")]),
    Cells(&[("Паспорт №", "12345")]),
    Cells(&[("Код подразделения", "99001")]),
    Cells(&[("Паспорт №", "")]),
    Cells(&[("Паспорт серия", ""), ("Паспорт №", ""), ("Дата выдачи", ""), ("Кем выдан", ""), ("Код подразделения", "")]),
    Cells(&[("Дата рождения", "14.05.1970"), ("Дата выдачи", "20.06.1990")]),
    Cells(&[("Документ 2: тип", "Пропуск на завод"), ("Документ 2: номер", "17")]),
    Cells(&[("Документ 2: тип", "Договор ГПХ"), ("Документ 2: номер", "ГПХ-1"), ("Документ 2: дата выдачи", "")]),
    Cells(&[
        ("Документ 2: тип", "Договор ГПХ"),
        ("Документ 2: серия", "АБ"),
        ("Документ 2: номер", "ГПХ-2"),
        ("Документ 2: дата выдачи", "01.02.2024"),
    ]),
    Cells(&[
        ("Документ 2: тип", "Договор ГПХ"),
        ("Документ 2: номер", "ГПХ-3"),
        ("Документ 2: дата выдачи", "01.02.2024"),
        ("Документ 2: срок действия", "01.02.2023"),
    ]),
    Blank,
    Cells(&[("Адрес регистрации", "")]),
    Long("Адрес регистрации", 257),
    Long("Место рождения", 513),
    Cells(&[("Адрес 3: тип", "Дача"), ("Адрес 3: строка", "пос. Образцовый, ул. Садовая, д. 4")]),
    Cells(&[("Адрес 3: тип", "Юридический адрес"), ("Адрес 3: строка", "101000, г. Москва, ул. Примерная, д. 10")]),
    Cells(&[
        ("Адрес регистрации", "101000, г. Москва, а/я 15"),
        ("Адрес 3: тип", "Прописка"),
        ("Адрес 3: строка", "101000, г. Москва, а/я 15"),
    ]),
    Again(40),
    Cells(&[("Тип клиента", "ИП")]),
    Again(101),
    // Several at once: every fault of a row is told.
    Cells(&[
        ("Имя", "Анна1"),
        ("Телефон", "нет"),
        ("E-mail", "нет"),
        ("ИНН", "123"),
        ("Дата рождения", "32.13.1970"),
        ("Код подразделения", "-"),
    ]),
];

pub(crate) fn make() -> Vec<u8> {
    let mut text = line(HEADERS, ';');
    let mut mess = MESS.iter();
    for place in 1..=ROWS {
        // Two rows of seven have something to tell.
        let chosen = if matches!(place % 7, 3 | 6) { mess.next() } else { None };
        text.push_str(&match chosen {
            None => line(&dressed(place).cells, ';'),
            Some(Cells(cells)) => {
                let mut row = plain(place);
                row.set_all(cells);
                line(&row.cells, ';')
            }
            Some(Long(header, letters)) => {
                let mut row = plain(place);
                row.set(header, format!("д. {}", "п".repeat(letters - 3)));
                line(&row.cells, ';')
            }
            Some(Short) => line(&plain(place).cells[..20], ';'),
            Some(Extra) => {
                let mut row = plain(place);
                row.set("Примечание", "перезвонить");
                line(&row.cells, ';').replace(", кв. ", "; кв. ")
            }
            Some(OpenQuote) => line(&plain(place).cells, ';').replace(";ОВД района", ";\"ОВД района"),
            Some(StrayQuote) => {
                let mut row = plain(place);
                row.set("Кем выдан", "@");
                line(&row.cells, ';').replace(";@;", ";\"ОВД \"Примерный\" гор. Москвы\";")
            }
            Some(Blank) => line(&vec![""; HEADERS.len()], ';'),
            Some(Again(above)) => {
                let mut row = plain(place - above);
                row.set("Код клиента", number_of(place).to_string());
                row.set("Телефон", "+79000009999");
                row.set("Примечание", "дубль?");
                line(&row.cells, ';')
            }
        });
    }
    assert!(mess.next().is_none(), "not every fault has found a row");
    encode(&text, encoding_rs::WINDOWS_1251)
}

fn number_of(place: u32) -> u32 {
    1000 + place
}

/// A row as it should be.
fn plain(place: u32) -> Row {
    let person = Person::invent(number_of(place));
    Row::new(
        HEADERS,
        &[
            ("Код клиента", &person.number.to_string()),
            ("Фамилия", &person.last),
            ("Имя", &person.first),
            ("Отчество", &person.middle),
            ("Дата рождения", &dotted(person.born)),
            ("Место рождения", person.place),
            ("Гражданство", "Россия"),
            ("Телефон", &format!("+7{}", person.phone)),
            ("E-mail", &person.email),
            ("ИНН", &person.inn),
            ("СНИЛС", &person.snils),
            ("Самозанятый", "нет"),
            ("Паспорт серия", &person.series),
            ("Паспорт №", &person.passport),
            ("Дата выдачи", &dotted(person.issued)),
            ("Кем выдан", "ОВД района Примерный гор. Москвы"),
            ("Код подразделения", &person.division),
            ("Адрес регистрации", &person.address),
        ],
    )
}

/// A good row, written as somebody might.
fn dressed(place: u32) -> Row {
    let person = Person::invent(number_of(place));
    let mut row = plain(place);
    let at = place as usize;
    row.set("Тип клиента", *turn(&["ФЛ", "физлицо", "", "Физ. лицо", "FL_RESIDENT", "Самозанятый", "Физическое лицо"], at));
    row.set("Дата рождения", written_date(person.born, at));
    row.set("Дата выдачи", written_date(person.issued, at / 2));
    row.set("Телефон", written_phone(&person.phone, at));
    let countries = [
        "Россия",
        "РФ",
        "RU",
        "RUS",
        "643",
        "Российская Федерация",
        "россия",
        "Russian Federation",
        "р.ф.",
        "RU - Россия",
        "Россия (РФ)",
        " РОССИЯ ",
    ];
    row.set("Гражданство", *turn(&countries, at));
    let answers = [
        "да",
        "нет",
        "Да",
        "НЕТ",
        "yes",
        "no",
        "1",
        "0",
        "+",
        "-",
        "истина",
        "ложь",
        "true",
        "false",
        "y",
        "n",
        "самозанятая",
        "плательщик НПД",
    ];
    row.set("Самозанятый", *turn(&answers, at));
    let (series, number) = (&person.series, &person.passport);
    let (inn, snils) = (&person.inn, &person.snils);
    let division = person.division.replace('-', "");
    match at % 6 {
        0 => row.set("Паспорт серия", format!("{} {}", &series[..2], &series[2..])),
        1 => row.set("Паспорт №", format!("№ {number}")),
        2 => row.set("ИНН", format!("{} {} {}", &inn[..4], &inn[4..10], &inn[10..])),
        3 => row.set("ИНН", ""),
        4 => row.set("Код подразделения", &*division),
        _ => row.set("Код подразделения", format!("{} – {}", &division[..3], &division[3..])),
    }
    match at % 5 {
        0 => row.set("СНИЛС", format!("{}-{}-{} {}", &snils[..3], &snils[3..6], &snils[6..9], &snils[9..])),
        1 => row.set("СНИЛС", ""),
        2 => row.set("E-mail", format!(" Client{:04}@Example.org", person.number)),
        3 => row.set("E-mail", format!("mailto:{}", person.email)),
        _ => row.set("E-mail", ""),
    }
    match at % 8 {
        0 => row.set("Фамилия", format!("  {} ", person.last)),
        1 => row.set("Фамилия", person.last.to_uppercase()),
        2 => row.set("Отчество", ""),
        3 => row.set("Имя", format!("{}\u{a0}", person.first)),
        4 => row.set("Фамилия", format!("{}-Образцовская", person.last)),
        5 => row.set("Адрес регистрации", person.address.replacen(", ", ",\n", 2)),
        6 => row.set("Кем выдан", "ОТДЕЛ ВНУТРЕННИХ ДЕЛ \"ПРИМЕРНЫЙ\" Г. МОСКВЫ"),
        _ => {
            row.set("Адрес регистрации", "");
            row.set("Адрес по месту пребывания", &*person.address);
        }
    }
    if at % 9 == 4 {
        row.set("Документ 2: тип", *turn(&["Договор ГПХ", "CONTRACT_GPD", "гпд", "Трудовой договор"], at / 9));
        row.set("Документ 2: номер", format!("17/{}", person.number));
        row.set("Документ 2: дата выдачи", "01.02.2024");
    }
    if at % 11 == 4 {
        row.set("Адрес 3: тип", *turn(&["Почтовый адрес", "POSTAL_ADDRESS", "Адрес для корреспонденции"], at / 11));
        row.set("Адрес 3: строка", "101000, г. Москва, а/я 15");
    }
    row
}

fn turn<T>(words: &[T], at: usize) -> &T {
    &words[at % words.len()]
}

fn written_phone(digits: &str, at: usize) -> String {
    let (code, a, b, c) = (&digits[..3], &digits[3..6], &digits[6..8], &digits[8..]);
    match at % 12 {
        0 => format!("+7{digits}"),
        1 => format!("8{digits}"),
        2 => format!("7{digits}"),
        3 => digits.to_owned(),
        4 => format!("8 ({code}) {a}-{b}-{c}"),
        5 => format!("+7 ({code}) {a}-{b}-{c}"),
        6 => format!("8.{code}.{a}.{b}.{c}"),
        7 => format!("8-{code}-{a}-{b}-{c}"),
        8 => format!("+7\u{a0}{code}\u{a0}{a}–{b}–{c}"),
        9 => format!("'+7{digits}"),
        10 => format!("007 {code} {a} {b} {c}"),
        _ => format!(" {code} {a} {b}{c} "),
    }
}

fn written_date(date: NaiveDate, at: usize) -> String {
    let months =
        ["января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября", "декабря"];
    let month = months[date.month0() as usize];
    match at % 16 {
        1 => date.format("%Y-%m-%d").to_string(),
        2 => format!("{} {month} {} г.", date.day(), date.year()),
        3 => date.format("%d/%m/%Y").to_string(),
        4 => format!("{}.{}.{}", date.day(), date.month(), date.year()),
        5 => date.format("%d-%m-%Y").to_string(),
        6 => date.format("%Y%m%d").to_string(),
        7 => date.format("%d.%m.%Y 00:00:00").to_string(),
        8 => format!("«{:02}» {month} {} года", date.day(), date.year()),
        9 => date.format("%d %m %Y").to_string(),
        _ => dotted(date),
    }
}
