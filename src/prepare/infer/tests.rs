//! What people's tables become: header lists in, fields and questions out.

use std::path::PathBuf;

use super::*;
use crate::contract::{Registry, Today};
use crate::model::Source;
use crate::prepare::{Plan, Scope};

fn columns(headers: &str) -> Vec<Arc<str>> {
    headers.split(';').map(|header| header.trim().into()).collect()
}

fn propose(operation: &str, headers: &str) -> Proposal {
    infer(operation, &columns(headers), &Registry::built_in().find(operation).unwrap())
}

/// The columns in a row: the field, `-` for nothing, a `?` in front for a doubt.
fn fields(proposal: &Proposal) -> Vec<String> {
    let shown = |guess: &Guess| {
        let field = guess.field.clone().unwrap_or_else(|| "-".to_owned());
        let field = field.replace("documents[", "d[").replace("addresses[", "a[");
        if guess.doubt.is_some() { format!("?{field}") } else { field }
    };
    proposal.columns.iter().map(shown).collect()
}

#[track_caller]
fn resident(headers: &str, wanted: &str) -> Proposal {
    let proposal = propose("tbank/fl-resident", headers);
    assert_eq!(fields(&proposal).join(" "), wanted, "{headers}");
    proposal
}

#[track_caller]
fn doubt_of(proposal: &Proposal, header: &str) -> String {
    let guess = proposal.columns.iter().find(|guess| guess.header == header).unwrap();
    guess.doubt.clone().unwrap_or_else(|| panic!("`{header}` raises no doubt"))
}

/// A table of a resident that is complete without a question, for tests to add columns to.
const COMPLETE: &str = "ID;Фамилия;Имя;Отчество;Дата рождения;Гражданство;Самозанятый;Серия паспорта;Номер паспорта;Дата выдачи;\
                        Кем выдан;Код подразделения;Адрес регистрации;Телефон";

fn left_out(proposal: &Proposal) -> Vec<String> {
    let source = Source {
        name: "clients.csv".into(),
        path: PathBuf::from("clients.csv"),
        sha256: String::new(),
        sheets: vec!["".into()],
        columns: proposal.columns.iter().map(|guess| guess.header.as_str().into()).collect(),
        workbook: None,
    };
    let operations = Registry::built_in().find(&proposal.operation).unwrap();
    let today = Today::new("2026-01-15".parse().unwrap());
    let plan =
        Plan::compile(&proposal.mapping(), &source, &operations, Registry::built_in(), Scope::new("default", &[7; 32]), today)
            .unwrap();
    plan.left_out().iter().map(ToString::to_string).collect()
}

#[test]
fn every_column_that_is_not_sent_is_named() {
    let proposal = propose("tbank/fl-resident", &format!("{COMPLETE};Должность;Примечание;ОГРН;Рабочий телефон;column 19"));
    assert!(proposal.is_certain(), "{:?}", proposal.questions());
    assert_eq!(left_out(&proposal), ["Должность", "Примечание", "ОГРН", "Рабочий телефон", "column 19"]);
    // A person who takes the proposal sees them and may ignore them from then on.
    let written = proposal.to_toml();
    assert!(
        written.ends_with("[ignore]\ncolumns = [\"Должность\", \"Примечание\", \"ОГРН\", \"Рабочий телефон\", \"column 19\"]\n"),
        "{written}"
    );
}

#[test]
fn a_known_word_in_an_unknown_header_is_a_question_where_nothing_else_fills_its_field() {
    let bare = "Фамилия;Имя;Дата рождения;Гражданство;Самозанятый";
    for (header, field) in [
        ("Адрес эл. почты", "email"),
        ("e-mail клиента", "email"),
        ("Телефон (моб.)", "phone"),
        ("Телефон (2)", "phone"),
        ("Рабочий телефон", "phone"),
        ("ИНН физ. лица", "inn"),
        ("Адрес регистрации (полностью)", "addresses[0].text"),
        ("Домашний адрес клиента", "addresses[0].text"),
        ("Кем выдан (орган)", "documents[0].issuer"),
        ("Паспорт: кем выдан (орган)", "documents[0].issuer"),
        ("Когда и кем выдан паспорт", "documents[0].issuer"),
    ] {
        let proposal = propose("tbank/fl-resident", &format!("{bare};{header}"));
        let doubt = doubt_of(&proposal, header);
        assert!(doubt.contains(&format!("`{field}`")), "{header}: {doubt}");
        assert!(proposal.mapping().columns.keys().all(|column| column != header));
    }
    // Where another column fills it, it is left out, and named.
    for header in
        ["Рабочий телефон", "Прежняя фамилия", "Скан паспорта", "Номер договора", "Срок действия договора", "Подразделение"]
    {
        let proposal = propose("tbank/fl-resident", &format!("{COMPLETE};{header}"));
        assert!(proposal.is_certain(), "{:?}", proposal.questions());
        assert_eq!(left_out(&proposal), [header]);
    }
}

#[test]
fn two_sources_for_one_value_are_a_question() {
    let proposal = resident("Адрес регистрации;Город;Индекс", "a[0].text ?a[0].city ?a[0].postcode");
    assert!(doubt_of(&proposal, "Город").contains("`Адрес регистрации`"));
    resident("Адрес регистрации;Адрес по месту пребывания;Город", "a[0].text a[1].text ?a[1].city");
    resident("Индекс;Город;Адрес регистрации", "a[0].postcode a[0].city ?a[1].text");
    resident("Прописка: город;Прописка: улица;Адрес регистрации", "a[0].city a[0].street ?a[0].text");
    resident("Серия и номер паспорта;Серия;Номер", "d[0].series_and_number ?d[0].series ?d[0].number");
    resident("Серия паспорта;Номер паспорта;Серия и номер паспорта", "d[0].series d[0].number ?d[0].series_and_number");
    resident("ФИО;Фамилия;Имя;Отчество", "?full_name last_name first_name middle_name");
    resident("Фамилия;Имя;ФИО", "last_name first_name ?full_name");
    resident("ФИО;Отчество", "full_name ?middle_name");
    resident("День рождения;Месяц рождения;Год рождения", "birth_date ?birth_date ?birth_date");
    resident("Телефон;Мобильный телефон", "phone ?phone");
}

#[test]
fn parts_of_an_address_alone_are_one_address() {
    resident(
        "Прописка: индекс;Прописка: город;Прописка: улица;Дом;Кв.",
        "a[0].postcode a[0].city a[0].street a[0].house a[0].flat",
    );
    resident("Прописка: город;Временная регистрация: город;Улица", "a[0].city a[1].city a[1].street");
}

#[test]
fn a_repeated_header_belongs_to_its_neighbour() {
    let proposal = resident(
        "Серия паспорта;Номер паспорта;Дата выдачи;Миграционная карта №;Дата выдачи (2);Действует до",
        "d[0].series d[0].number d[0].issue_date d[1].number d[1].issue_date d[1].expiry_date",
    );
    assert_eq!(proposal.constants.get("documents[1].type").map(String::as_str), Some("migration card"));
    resident("Телефон;Телефон (2)", "phone ?phone");
    resident("Примечание;Примечание (2)", "- -");
}

#[test]
fn a_kind_named_late_is_the_kind_of_the_whole_document() {
    let proposal =
        resident("Серия;Номер;Дата выдачи паспорта;Кем выдан паспорт", "d[0].series d[0].number d[0].issue_date d[0].issuer");
    assert!(proposal.constants.is_empty());
    resident("Серия;Номер;Миграционная карта №;Дата выдачи паспорта", "d[0].series d[0].number d[1].number d[0].issue_date");
    resident("Город;Улица;Адрес регистрации: дом", "a[0].city a[0].street a[0].house");
    // Without the kind it would be sent as a passport: whose is the number?
    resident("Номер документа;Дата выдачи;РВП срок действия", "d[0].number d[0].issue_date ?d[0].expiry_date");
    // A migration card has no series: what stands before it is another document.
    resident("Серия;Номер документа;Миграционная карта: срок действия", "d[0].series d[0].number d[1].expiry_date");
    resident("Серия;Номер;Паспорт", "d[0].series d[0].number ?d[1].number");
}

#[test]
fn a_column_of_types_joins_the_document_before_it_unless_the_next_one_needs_it() {
    resident("Номер документа;Дата выдачи;Вид документа", "d[0].number d[0].issue_date d[0].type");
    resident("Серия паспорта;Номер паспорта;Тип документа;Дата выдачи", "d[0].series d[0].number d[0].type d[0].issue_date");
    resident(
        "Тип документа;Номер;Дата выдачи;Тип документа (2);Номер (2);Дата выдачи (2)",
        "d[0].type d[0].number d[0].issue_date d[1].type d[1].number d[1].issue_date",
    );
    resident(
        "Паспорт серия;Паспорт №;Тип документа;Номер документа;Дата выдачи",
        "d[0].series d[0].number d[1].type d[1].number d[1].issue_date",
    );
    // Types behind or in front? Nobody knows.
    let proposal = propose("tbank/fl-resident", "Номер документа;Тип документа;Номер документа (2);Тип документа (2)");
    assert!(doubt_of(&proposal, "Тип документа").contains("`documents[0]`, or of `documents[1]`"));
    let proposal = propose("tbank/fl-resident", "Миграционная карта №;Тип документа");
    assert!(doubt_of(&proposal, "Тип документа").contains("already say"));
}

#[test]
fn a_bare_part_without_a_place_is_a_question() {
    resident("Серия;Номер;Серия (2);Номер (2)", "d[0].series d[0].number ?d[1].series d[1].number");
    // Of the passport, or of the card after all?
    resident(
        "Номер паспорта;Миграционная карта №;Дата выдачи;Дата выдачи (2)",
        "d[0].number d[1].number d[1].issue_date ?d[0].issue_date",
    );
    // Only a passport has a division code, and it has no expiry date.
    resident(
        "Серия паспорта;Номер паспорта;Миграционная карта №;Код подразделения",
        "d[0].series d[0].number d[1].number d[0].division_code",
    );
    let proposal = resident("Серия паспорта;Номер паспорта;Действует до", "d[0].series d[0].number ?d[0].expiry_date");
    assert!(doubt_of(&proposal, "Действует до").contains("no such part"));
}

#[test]
fn words_that_may_mean_other_things_are_questions_that_name_the_field() {
    let proposal = propose("tbank/fl-resident", "Подразделение;Данные;Документ;Вид;Выдан;Паспорт выдан");
    for (header, field) in [
        ("Подразделение", "documents[0].division_code"),
        ("Данные", "documents[0].series_and_number"),
        ("Документ", "documents[0].type"),
        ("Вид", "documents[0].type"),
        ("Выдан", "documents[0].issuer"),
        ("Паспорт выдан", "documents[0].issue_date"),
    ] {
        let doubt = doubt_of(&proposal, header);
        assert!(doubt.contains(&format!("`{field}`")), "{header}: {doubt}");
    }
    resident("Паспорт;Кем выдан;Дата выдачи;Выдан", "d[0].series_and_number d[0].issuer d[0].issue_date -");
    assert!(propose("tbank/ul-resident", "Документ").columns.iter().all(|guess| guess.ignored));
}

/// Operation, headers, fields. Tables as people export them.
const TABLES: [(&str, &str, &str); 12] = [
    // Payroll program, employees.
    (
        "tbank/fl-resident",
        "Сотрудник;Табельный номер;Дата рождения;Место рождения;Гражданство;Вид документа;Серия;Номер;Дата выдачи;Кем выдан;\
         Код подразделения;Адрес по прописке;Адрес места проживания;ИНН;Страховой номер ПФР;Подразделение;Должность;Дата приема",
        "?full_name external_id birth_date birth_place citizenship d[0].type d[0].series d[0].number d[0].issue_date d[0].issuer \
         d[0].division_code a[0].text - inn snils - - -",
    ),
    // Customer management, contacts.
    (
        "tbank/fl-resident",
        "ID;Имя;Фамилия;Отчество;Дата рождения;Рабочий телефон;Мобильный телефон;Рабочий e-mail;Ответственный;Источник;Компания;\
         Должность;Дата создания;Комментарий",
        "external_id first_name last_name middle_name birth_date - phone ?email - - - - - -",
    ),
    // Kept by hand.
    (
        "tbank/fl-resident",
        "№ п/п;Ф.И.О.;Д.р.;Паспортные данные;Кем выдан;Дата выдачи;к/п;Прописка;Фактический адрес;Тел.;Самозанятый;Гражданство;Стаж",
        "- full_name birth_date d[0].series_and_number d[0].issuer d[0].issue_date d[0].division_code a[0].text ?a[1].text phone \
         is_self_employed citizenship -",
    ),
    // Address in pieces, documents with colons.
    (
        "tbank/fl-resident",
        "Фамилия;Имя;Отчество;Паспорт (серия, номер);Паспорт: дата выдачи;Паспорт: кем выдан;Паспорт: код подразделения;\
         Скан паспорта;Индекс;Регион;Город;Улица;Дом;Корпус;Кв.",
        "last_name first_name middle_name d[0].series_and_number d[0].issue_date d[0].issuer d[0].division_code - a[0].postcode \
         a[0].region a[0].city a[0].street a[0].house a[0].building a[0].flat",
    ),
    // Accounting program, counterparties.
    (
        "tbank/ul-resident",
        "Код;Наименование;ИНН;КПП;ОГРН;Дата регистрации;Юридический адрес;Почтовый адрес;Контактный телефон;\
         Адрес электронной почты;Руководитель;ОКВЭД;р/с;БИК;Банк",
        "- organization_name inn - ogrn registration_date a[0].text a[1].text phone email - - - - -",
    ),
    ("tbank/ul-resident", "Наименование;Полное наименование;ИНН;Адрес", "organization_name ?organization_name inn ?a[0].text"),
    // Migration office, three documents in a row with the same words.
    (
        "tbank/fl-nonresident",
        "Фамилия;Имя;Гражданство;Иностранный паспорт №;Дата выдачи;Кем выдан;Патент №;Дата выдачи (2);Действителен до;\
         Миграционная карта;Дата выдачи (3);Срок действия;Адрес регистрации по месту пребывания",
        "last_name first_name citizenship d[0].number d[0].issue_date d[0].issuer d[1].number d[1].issue_date d[1].expiry_date \
         d[2].number d[2].issue_date d[2].expiry_date a[0].text",
    ),
    // Numbered groups.
    (
        "tbank/fl-resident",
        "Код клиента;ФИО клиента;Паспорт серия;Паспорт №;Дата выдачи;Код подразделения;Документ 2: тип;Документ 2: номер;\
         Документ 2: дата выдачи;Документ 2: срок действия;Адрес регистрации;Адрес по месту пребывания",
        "external_id full_name d[0].series d[0].number d[0].issue_date d[0].division_code d[1].type d[1].number d[1].issue_date \
         d[1].expiry_date a[0].text a[1].text",
    ),
    // Sole traders of a marketplace.
    (
        "tbank/ip-resident",
        "ID продавца;ФИО;ИНН ИП;ОГРНИП;Дата регистрации ИП;Дата рождения;Паспорт;Когда выдан;Кем выдан;Подразделение;Прописка;Рейтинг",
        "- full_name inn ogrn registration_date birth_date d[0].series_and_number d[0].issue_date d[0].issuer ?d[0].division_code \
         a[0].text -",
    ),
    // A mixed base.
    (
        "tbank",
        "Код клиента;Тип контрагента;Резидент;Наименование;ФИО;ИНН;Юр. адрес;Серия паспорта;Номер паспорта;Менеджер",
        "external_id ?client_type residency organization_name full_name inn a[0].text d[0].series d[0].number -",
    ),
    // English.
    (
        "tbank/fl-nonresident",
        "Client ID;Last name;First name;Date of birth;Nationality;Mobile phone;E-mail address;Tax ID;Foreign passport number;\
         Issue date;Issued by;Migration card number;Issue date (2);Expiry date;Registration address;City;Notes",
        "external_id last_name first_name birth_date citizenship phone email inn d[0].number d[0].issue_date d[0].issuer \
         d[1].number d[1].issue_date d[1].expiry_date a[0].text ?a[0].city -",
    ),
    // Questionnaire with explanations in brackets.
    (
        "tbank/fl-resident",
        "Фамилия (по паспорту);Имя;Телефон (для связи);E-mail;Серия паспорта (4 цифры);Номер паспорта (6 цифр);Отметка времени",
        "?last_name first_name ?phone email ?d[0].series ?d[0].number -",
    ),
];

#[test]
fn tables_as_people_export_them() {
    for (operation, headers, wanted) in TABLES {
        assert_eq!(fields(&propose(operation, headers)).join(" "), wanted, "{operation}: {headers}");
    }
}

#[test]
fn headers_of_numbered_items_are_headers_and_cells_of_rows_are_not() {
    for header in ["Фамилия", "Документ 2: номер", "Document 12: expiry date", "Адрес 1: строка", "Address 3: type"]
    {
        assert!(super::knows_header(header), "{header}");
    }
    for cell in ["Иванов", "12", "№ 17/2024", "101000, г. Москва, ул. Примерная, д. 1, кв. 2", "01.02.1970", ""]
    {
        assert!(!super::knows_header(cell), "{cell}");
    }
}

const OWN: &str = r##"{
    "x-operation": "acme/firm", "type": "object", "x-aliases": {"phone": "phones[0].number"}, "required": ["lastName", "riskLevel", "home"],
    "properties": {
        "lastName": {"type": "string", "x-field": "last_name_latin", "x-alternatives": ["last_name"]},
        "sex": {"enum": ["m", "f"], "x-field": "gender"},
        "riskLevel": {"enum": ["low"], "x-headers": {"en": ["Risk"], "ru": ["Риск"]}},
        "home": {"type": "object", "required": ["city"], "properties": {
            "city": {"type": "string", "x-field": "addresses[registration address|*].city"},
            "country": {"type": "string", "x-field": "addresses[registration address|*].country"}}},
        "phones": {"type": "array", "x-field": "phones", "items": {"type": "object", "properties": {"no": {"type": "string", "x-field": "phones[].number"}}}},
        "people": {"type": "array", "x-header-groups": {"en": ["UBO", "Director"], "ru": ["Бенефициар"]}, "items": {"type": "object", "properties": {
            "name": {"type": "string", "x-headers": {"en": ["First name"], "ru": ["Имя"]}},
            "document": {"type": "object", "properties": {"number": {"type": "string", "x-headers": {"en": ["Passport"]}}}}}}}
    }
}"##;

fn own(headers: &str) -> Proposal {
    let operation = Operation::compile(OWN, "own").unwrap();
    infer("acme/firm", &columns(headers), &[Arc::new(operation)])
}

#[test]
fn a_contract_has_words_of_its_own_before_the_vocabulary() {
    for (headers, wanted) in [
        ("Фамилия;Риск;Пол;Адрес регистрации: город;Страна", "last_name riskLevel gender a[0].city a[0].country"),
        ("Фамилия латиницей;risk;Город;Телефон", "last_name_latin riskLevel a[0].city phone"),
        ("Surname;riskLevel;home.city;people[0].document.number", "last_name riskLevel home.city people[0].document.number"),
        (
            "Surname;Risk;City;UBO 1 First Name;UBO 1 Passport;Director First name;UBO 2 First Name;Бенефициар 1 Имя",
            "last_name riskLevel a[0].city people[0].name people[0].document.number people[1].name people[2].name people[3].name",
        ),
        ("Surname;Risk;Риск;City", "last_name riskLevel ?riskLevel a[0].city"),
    ] {
        let proposal = own(headers);
        assert_eq!(fields(&proposal).join(" "), wanted, "{headers}");
        assert!(proposal.missing.is_empty(), "{headers}: {:?}", proposal.missing);
    }
    let missing: Vec<String> = own("Имя").missing.into_iter().map(|(field, _)| field).collect();
    assert_eq!(missing, ["home.city", "last_name_latin", "riskLevel"]);
}

#[test]
fn words_of_one_provider_mean_nothing_for_others() {
    let proposal = resident(
        &format!("{COMPLETE};Пол;Риск;Страна;Телефон 2"),
        &format!("{} - - - -", fields(&propose("tbank/fl-resident", COMPLETE)).join(" ")),
    );
    assert!(proposal.is_certain(), "{:?}", proposal.questions());
}

#[test]
fn columns_of_another_programs_file_never_map_themselves() {
    let columns = "action;importId;customerId;status;firstName";
    let proposal = propose("loanpro/individual", columns);
    assert_eq!(fields(&proposal).join(" "), "?- external_id ?customerId ?status first_name");
    assert!(doubt_of(&proposal, "action").contains("importer"));
    assert!(!proposal.is_certain() && !proposal.mapping().columns.contains_key("status"));
    let proposal = propose("loanpro/company", "Action;status");
    assert_eq!(fields(&proposal).join(" "), "?- ?status");
    let proposal = propose("loanpro/individual", "status;customerId");
    assert_eq!(fields(&proposal).join(" "), "status customerId", "nothing says that they are an importer's");
}

#[test]
fn typed_telephones_take_the_next_place_and_tell_their_kind() {
    let proposal =
        propose("loanpro/individual", "Home Phone;Cell Phone;Fax Number;SIN;Emergency Contact;Emergency Contact Phone");
    let wanted = "phones[0].number phones[1].number phones[2].number ssn references[0].name references[0].phone";
    assert_eq!(fields(&proposal).join(" "), wanted);
    let kinds: Vec<String> = proposal.constants.iter().map(|(field, kind)| format!("{field} {kind}")).collect();
    assert_eq!(kinds, ["phones[0].type home", "phones[1].type cell", "phones[2].type fax"]);
    let proposal = propose("loanpro/individual", "Home Phone;Home Phone Type");
    assert!(proposal.constants.is_empty(), "a column says it");
}
