//! `clients-all-types.xlsx`: the seven kinds of clients in one sheet, with cells as spreadsheets keep and damage them.

use chrono::{Datelike, NaiveDate};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Formula, Workbook, Worksheet, XlsxError};

use super::make::{Person, day, ogrn, organisation_inn, person_inn};

const HEADERS: &[&str] = &[
    "Код клиента",
    "Тип клиента",
    "Резидент",
    "Фамилия",
    "Имя",
    "Отчество",
    "Дата рождения",
    "Место рождения",
    "Гражданство",
    "Самозанятый",
    "Наименование организации",
    "ОПФ",
    "ИНН",
    "СНИЛС",
    "ОГРН/ОГРНИП",
    "Дата регистрации",
    "Рег. номер",
    "КИО",
    "НЗА",
    "Телефон",
    "E-mail",
    "Документ 1: тип",
    "Документ 1: серия",
    "Документ 1: номер",
    "Документ 1: дата выдачи",
    "Документ 1: кем выдан",
    "Документ 1: код подразделения",
    "Документ 1: срок действия",
    "Документ 2: тип",
    "Документ 2: номер",
    "Документ 2: дата выдачи",
    "Документ 2: кем выдан",
    "Документ 2: срок действия",
    "Адрес 1: тип",
    "Адрес 1: строка",
    "Адрес 2: тип",
    "Адрес 2: строка",
];

/// A cell as a spreadsheet holds it.
#[derive(Clone)]
enum Cell {
    Text(String),
    Number(f64),
    /// A number that a format shows with so many digits.
    Padded(f64, usize),
    Date(NaiveDate),
    Truth(bool),
    /// `#N/A`
    Error,
}

use Cell::{Date, Error, Number, Padded, Truth};

type Cells = Vec<(&'static str, Cell)>;

fn text(text: impl Into<String>) -> Cell {
    Cell::Text(text.into())
}

pub(crate) fn make() -> Vec<u8> {
    build().expect("a workbook")
}

fn build() -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    workbook
        .set_properties(&DocProperties::new().set_title("Клиенты").set_creation_datetime(&ExcelDateTime::from_ymd(2026, 1, 1)?));
    let sheet = workbook.add_worksheet();
    sheet.set_name("Клиенты")?;
    sheet.write(0, 0, "База клиентов (все лица вымышлены)")?;
    let bold = Format::new().set_bold();
    for (column, header) in (0_u16..).zip(HEADERS) {
        sheet.write_with_format(1, column, *header, &bold)?;
        sheet.set_column_width(column, 16)?;
    }
    for (row, cells) in (2_u32..).zip(rows()) {
        for (header, cell) in cells {
            let column = HEADERS.iter().position(|known| *known == header).unwrap_or_else(|| panic!("no column {header}"));
            write(sheet, row, u16::try_from(column).expect("few columns"), cell)?;
        }
    }
    sheet.set_freeze_panes(2, 0)?;
    workbook.save_to_buffer()
}

fn write(sheet: &mut Worksheet, row: u32, column: u16, cell: Cell) -> Result<(), XlsxError> {
    match cell {
        Cell::Text(text) => sheet.write(row, column, text)?,
        Number(number) => sheet.write(row, column, number)?,
        Padded(number, digits) => {
            sheet.write_with_format(row, column, number, &Format::new().set_num_format("0".repeat(digits)))?
        }
        Date(date) => {
            let date = ExcelDateTime::from_ymd(date.year() as u16, date.month() as u8, date.day() as u8)?;
            sheet.write_with_format(row, column, date, &Format::new().set_num_format("dd.mm.yyyy"))?
        }
        Truth(truth) => sheet.write(row, column, truth)?,
        Error => sheet.write_formula(row, column, Formula::new("=NA()").set_result("#N/A"))?,
    };
    Ok(())
}

fn rows() -> Vec<Cells> {
    let mut rows = Vec::new();
    for number in 1..=5 {
        rows.push(person(number, "FL_RESIDENT"));
        rows.push(foreigner(number));
        rows.push(entrepreneur(number));
        rows.push(foreign_entrepreneur(number));
        rows.push(organisation(number));
        rows.push(foreign_organisation(number));
        rows.push(vec![("Код клиента", text(format!("L-{number}"))), ("Тип клиента", text("LITE_CONTACT"))]);
    }
    rows.extend(odd());
    rows
}

fn with(mut cells: Cells, others: Cells) -> Cells {
    for (header, cell) in others {
        cells.retain(|(known, _)| *known != header);
        cells.push((header, cell));
    }
    cells
}

/// A resident; the words for the kind, the forms of dates and of the INN take turns.
fn person(number: u32, kind: &str) -> Cells {
    let person = Person::invent(2000 + number);
    let odd = number % 2 == 1;
    let inn: f64 = person.inn.parse().expect("digits");
    vec![
        ("Код клиента", text(format!("F-{number}"))),
        ("Тип клиента", text(if odd { kind } else { "физлицо" })),
        ("Резидент", if odd { text("") } else { text("да") }),
        ("Фамилия", text(person.last)),
        ("Имя", text(person.first)),
        ("Отчество", text(person.middle)),
        ("Дата рождения", if odd { Date(person.born) } else { text(person.born.format("%d.%m.%Y").to_string()) }),
        ("Место рождения", text(person.place)),
        ("Гражданство", text("Россия")),
        ("Самозанятый", if odd { Truth(true) } else { text("нет") }),
        ("ИНН", if odd { Padded(inn, 12) } else { text(person.inn) }),
        ("СНИЛС", text(person.snils)),
        (
            "Телефон",
            if odd { text(format!("+7{}", person.phone)) } else { Number(format!("8{}", person.phone).parse().expect("digits")) },
        ),
        ("E-mail", text(person.email)),
        ("Документ 1: тип", text(if odd { "PASSPORT" } else { "Паспорт РФ" })),
        ("Документ 1: серия", if odd { text(person.series) } else { Padded(person.series.parse().expect("digits"), 4) }),
        ("Документ 1: номер", text(person.passport)),
        ("Документ 1: дата выдачи", if odd { text(person.issued.format("%Y-%m-%d").to_string()) } else { Date(person.issued) }),
        ("Документ 1: кем выдан", text("ОВД района Примерный гор. Москвы")),
        ("Документ 1: код подразделения", text(person.division)),
        ("Адрес 1: тип", text(if odd { "REGISTRATION_ADDRESS" } else { "Прописка" })),
        ("Адрес 1: строка", text(person.address)),
    ]
}

fn foreigner(number: u32) -> Cells {
    let (country, from_belarus) =
        if number.is_multiple_of(3) { ("Беларусь", true) } else { ("Узбекистан", false) };
    let mut cells = vec![
        ("Код клиента", text(format!("N-{number}"))),
        ("Тип клиента", text(if number % 2 == 1 { "FL_NONRESIDENT" } else { "ФЛ" })),
        ("Резидент", if number % 2 == 1 { text("") } else { Truth(false) }),
        ("Фамилия", text("Пробный")),
        ("Имя", text(["Тимур", "Алишер", "Янка", "Рустам", "Айдар"][number as usize % 5])),
        ("Дата рождения", Date(day(1960 + number as i32 % 30, 5, 14))),
        ("Гражданство", text(country)),
        ("Самозанятый", text("нет")),
        ("Телефон", text(if from_belarus { "+375 29 000-00-01" } else { "+998 90 000-00-01" })),
        ("Документ 1: тип", text("Паспорт иностранного гражданина")),
        ("Документ 1: номер", text(format!("EX{:07}", 2_000_000 + number))),
        ("Документ 1: дата выдачи", Date(day(2019, 3, 4))),
        ("Документ 1: кем выдан", text("Ministry of Internal Affairs")),
        ("Адрес 1: тип", text("Временная регистрация")),
        ("Адрес 1: строка", text(format!("101000, г. Москва, ул. Примерная, д. 5, кв. {number}"))),
    ];
    if !from_belarus {
        cells.extend([
            ("Документ 2: тип", text("ВНЖ")),
            ("Документ 2: номер", text(format!("82{:07}", 100 + number))),
            ("Документ 2: дата выдачи", Date(day(2023, 7, 7))),
        ]);
    }
    cells
}

fn entrepreneur(number: u32) -> Cells {
    let from = person(number + 100, "IP_RESIDENT");
    let number_of_register = ogrn(31_599_000_000_000 + u64::from(number));
    let mut cells = with(
        from,
        vec![
            ("Код клиента", text(format!("I-{number}"))),
            ("Тип клиента", text(["ИП", "IP_RESIDENT", "Индивидуальный предприниматель"][number as usize % 3])),
            ("Резидент", text("да")),
            (
                "ОГРН/ОГРНИП",
                if number.is_multiple_of(2) {
                    text(number_of_register)
                } else {
                    Number(number_of_register.parse().expect("digits"))
                },
            ),
            ("Дата регистрации", Date(day(2015, 2, 3))),
            ("Адрес 2: тип", text("Почтовый адрес")),
            ("Адрес 2: строка", text("101000, г. Москва, а/я 15")),
        ],
    );
    cells.retain(|(header, _)| !matches!(*header, "Самозанятый" | "СНИЛС"));
    cells
}

fn foreign_entrepreneur(number: u32) -> Cells {
    let cells = with(
        foreigner(number + 10),
        vec![
            ("Код клиента", text(format!("J-{number}"))),
            ("Тип клиента", text(if number % 2 == 1 { "IP_NONRESIDENT" } else { "ИП" })),
            ("Резидент", text("нет")),
            ("ИНН", text(person_inn(2500 + number))),
            ("Дата регистрации", text("16.05.2022")),
        ],
    );
    cells.into_iter().filter(|(header, _)| *header != "Самозанятый").collect()
}

fn organisation(number: u32) -> Cells {
    vec![
        ("Код клиента", text(format!("U-{number}"))),
        ("Тип клиента", text(["юрлицо", "UL_RESIDENT", "ООО"][number as usize % 3])),
        ("Резидент", text("да")),
        ("Наименование организации", text(format!("ООО «Образец {number}»"))),
        ("ОПФ", text("ООО")),
        ("ИНН", text(organisation_inn(990_000_100 + number))),
        ("ОГРН/ОГРНИП", text(ogrn(102_990_000_100 + u64::from(number)))),
        ("Дата регистрации", Date(day(2002, 8, 16))),
        ("E-mail", text(format!("office{number}@example.org"))),
        ("Адрес 1: тип", text("Юридический адрес")),
        ("Адрес 1: строка", text(format!("101000, г. Москва, ул. Примерная, д. {number}, офис 3"))),
    ]
}

fn foreign_organisation(number: u32) -> Cells {
    let mut cells = vec![
        ("Код клиента", text(format!("W-{number}"))),
        ("Тип клиента", text(if number % 2 == 1 { "UL_NONRESIDENT" } else { "Иностранная организация" })),
        ("Наименование организации", text(format!("Sample Handels {number} GmbH"))),
        ("ОПФ", text("GmbH")),
        ("Рег. номер", text(format!("HRB {number:05}"))),
        ("Дата регистрации", text("1998-10-01")),
        ("Телефон", text("+49 30 000001")),
        ("Адрес 1: тип", text("Юр. адрес")),
        ("Адрес 1: строка", text("101000, г. Москва, ул. Примерная, д. 10")),
        ("Адрес 2: тип", text("Адрес представительства")),
        ("Адрес 2: строка", text("101000, г. Москва, ул. Примерная, д. 12")),
    ];
    cells.push(if number % 2 == 1 {
        ("КИО", text(format!("{}", 12_340 + number)))
    } else {
        ("ИНН", text(organisation_inn(990_900_100 + number)))
    });
    if number == 2 {
        cells.push(("НЗА", text("10150000001")));
    }
    cells
}

/// Rows with something to tell, every kind of damage that only a workbook or a mixed sheet can have.
fn odd() -> Vec<Cells> {
    let unnamed =
        |cells: Cells| -> Cells { cells.into_iter().filter(|(header, _)| *header != "Код клиента").collect() };
    let without =
        |cells: Cells, dropped: &'static str| -> Cells { cells.into_iter().filter(|(header, _)| *header != dropped).collect() };
    vec![
        with(
            person(201, "FL_RESIDENT"),
            vec![("ИНН", Number(9_900_000_020_100_120.0)), ("СНИЛС", Error), ("Документ 1: номер", Date(day(2020, 1, 1)))],
        ),
        with(entrepreneur(202), vec![("ОГРН/ОГРНИП", text("315990000000016"))]),
        with(organisation(203), vec![("ОГРН/ОГРНИП", text("10299000001"))]),
        with(organisation(204), vec![("ОГРН/ОГРНИП", text(ogrn(202_990_000_100)))]),
        without(foreign_organisation(205), "КИО"),
        with(
            foreigner(206),
            vec![
                ("Гражданство", text("Узбекистан")),
                ("Документ 2: тип", text("Служебный паспорт")),
                ("Документ 2: номер", text("S0000003")),
                ("Документ 2: дата выдачи", Date(day(2021, 3, 3))),
                ("Документ 2: кем выдан", text("Ministry of Foreign Affairs")),
            ],
        ),
        with(person(207, "FL_RESIDENT"), vec![("Тип клиента", text(""))]),
        with(person(208, "FL_RESIDENT"), vec![("Тип клиента", text("кооператив")), ("Резидент", text("да"))]),
        with(foreigner(210), vec![("Тип клиента", text("физлицо")), ("Резидент", text(""))]),
        unnamed(vec![("Тип клиента", text("Лёгкий контакт"))]),
    ]
}
