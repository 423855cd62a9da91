//! An example of every fault code. Where cells alone make it, they are cells of a file as `clientferry sandbox generate` writes it,
//! and a test makes them occur; all values are invented.

use super::Code;
use crate::model::Lang;

/// An example of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Example {
    /// Columns of one row with what stands in them.
    Cells(&'static [(&'static str, &'static str)]),
    /// A case, in English and in Russian.
    Case(&'static str, &'static str),
}

impl Example {
    /// The example for people.
    #[must_use]
    pub fn text(self, lang: Lang) -> String {
        match self {
            Self::Cells(cells) => {
                let cells: Vec<String> =
                    cells.iter().map(|(column, value)| format!("{column} = \"{}\"", visible(value))).collect();
                cells.join(", ")
            }
            Self::Case(english, russian) => lang.pick(english, russian).to_owned(),
        }
    }
}

/// Control characters as the signs that stand for them.
fn visible(value: &str) -> String {
    let sign = |ch: char| char::from_u32(0x2400 + u32::from(ch)).filter(|_| u32::from(ch) < 0x20).unwrap_or(ch);
    value.chars().map(sign).collect()
}

macro_rules! examples {
    ($($variant:ident $example:expr;)*) => {
        /// The example. A code without one does not compile.
        pub(super) fn example(code: Code) -> Example {
            use Example::{Case, Cells};
            match code { $(Code::$variant => $example,)* }
        }
    };
}

examples! {
    // the row as text
    RowBlank Case("A row of which every cell is empty stands between two clients.", "Между двумя клиентами стоит строка, все ячейки которой пусты.");
    RowHidden Case("Row 12 of the sheet is hidden by a filter.", "Строка 12 листа скрыта фильтром.");
    RowShort Case("`1001;Образцова;Анна` below a header of 20 columns.", "`1001;Образцова;Анна` под заголовком из 20 столбцов.");
    RowLong Case("An address with `;` and without quotes in a file whose delimiter is `;`.", "Адрес с `;` без кавычек в файле, где разделитель — `;`.");
    RowUnclosedQuote Case("`1001;\"Образцова;Анна` to the end of the file.", "`1001;\"Образцова;Анна` до конца файла.");
    RowStrayQuote Case("`\"ООО \"Пример\" в Твери\"` in one cell.", "`\"ООО \"Пример\" в Твери\"` в одной ячейке.");
    RowMarked Cells(&[("Фамилия", "#MEND! Образцова")]);
    RowTooLong Case("A quote is opened in line 2 and closed in line 90,000.", "Кавычка открыта в строке 2 и закрыта в строке 90 000.");
    RowNul Case("The end of the file is filled with zeros after the power failed.", "После сбоя питания конец файла заполнен нулями.");
    RowRepeatedHeader Case("`ID;Фамилия;Имя;…` once more in line 51.", "`ID;Фамилия;Имя;…` ещё раз в строке 51.");
    RowTotal Case("`Итого: 50 клиентов` as the last row.", "`Итого: 50 клиентов` последней строкой.");
    RowComment Case("`# exported on Friday` above the clients.", "`# выгружено в пятницу` над клиентами.");
    EncodingBadBytes Case("One name in windows-1251 in a file that is UTF-8.", "Одно имя в windows-1251 в файле в UTF-8.");
    EncodingDouble Cells(&[("Фамилия", "РћР±СЂР°Р·С†РѕРІР°")]);
    // the cell as a spreadsheet shows it
    CellError Cells(&[("ИНН", "#N/A")]);
    CellFormulaWithoutValue Case("`=A2&B2` in a workbook that a program wrote and no spreadsheet has calculated.", "`=A2&B2` в книге, которую записала программа и не пересчитала ни одна таблица.");
    CellMerged Case("The address cells of rows 4 to 6 are one.", "Ячейки адреса в строках 4–6 объединены.");
    CellScientific Cells(&[("ИНН", "5,00101E+11")]);
    CellDigitsLost Case("`4276000000000000` where the papers say 16 other digits, in a number cell.", "`4276000000000000` в числовой ячейке, а в документах 16 других цифр.");
    CellZerosLost Case("`77001` among division codes of six digits.", "`77001` среди кодов подразделений из шести цифр.");
    CellShownOtherwise Case("A cell holds 42.129 and its format shows 42.", "Ячейка содержит 42,129, а её формат показывает 42.");
    CellNotText Case("The passport series `02 03` became 2 March.", "Серия паспорта `02 03` стала вторым марта.");
    // which operation
    ClientTypeMissing Case("An empty cell in the column of the client's kind, with a provider alone after `--to`.", "Пустая ячейка в столбце вида клиента когда в `--to` назван только провайдер.");
    ClientTypeUnknown Case("`Марсианин` in the column of the client's kind.", "`Марсианин` в столбце вида клиента.");
    ClientTypeResidencyUnknown Case("`Физлицо`, citizen of Kazakhstan, no residency column.", "`Физлицо`, гражданство Казахстан, столбца резидентства нет.");
    ClientTypeOther Case("`ИП` in a file that is imported as a file of natural persons.", "`ИП` в файле, который загружают как файл физических лиц.");
    // any value
    ValueMissing Cells(&[("Фамилия", "")]);
    ValueNotAllowed Case("Branch `Head Ofice`, where the provider knows `Head Office`.", "Отделение `Головной офес`, а провайдер знает `Головной офис`.");
    ValueNotSent Case("A SNILS in the row of an organisation.", "СНИЛС в строке организации.");
    ValueFormat Case("A postal code `10100A` where six digits are taken.", "Индекс `10100А` там, где принимают шесть цифр.");
    ValueTooLong Case("An issuer of 600 characters where 300 are taken.", "«Кем выдан» в 600 знаков, а принимают 300.");
    ValueTooShort Case("A one-letter name where two letters are the least.", "Имя из одной буквы там, где нужно не меньше двух.");
    ValueUnexpected Case("A birth date in the row of an organisation whose contract forbids it.", "Дата рождения в строке организации, чей контракт её запрещает.");
    ValueWrongType Case("The constant `\"7\"` for a member that takes a number.", "Константа `\"7\"` для поля, которое принимает число.");
    ValueControlCharacters Cells(&[("Кем выдан", "ОТДЕЛ\u{1} УФМС")]);
    ValueUnusual Case("A loan purpose that the provider takes and advises against.", "Цель займа, которую провайдер принимает, но не советует.");
    NumberUnreadable Case("`about 5000` as an income.", "`около 5000` в доходе.");
    ItemOrphan Case("An owner of company 77, where the first sheet has no company 77.", "Владелец компании 77, а на первом листе компании 77 нет.");
    PaymentRawNumber Case("`4276 0000 0000 0000` where a token belongs.", "`4276 0000 0000 0000` на месте токена.");
    BooleanUnreadable Cells(&[("Самозанятый", "может быть")]);
    // names
    NameDigits Cells(&[("Имя", "Анна2")]);
    NameMixedAlphabets Cells(&[("Имя", "Aнна")]);
    NameNeedsLatin Case("`Образцова` for a provider that takes Latin letters only.", "`Образцова` для провайдера, который принимает только латиницу.");
    NameTransliterated Case("`Образцова` is sent as OBRAZTSOVA, with --approve-transliteration.", "`Образцова` отправляется как OBRAZTSOVA при --approve-transliteration.");
    NameNotSplittable Case("`Анна` alone in the column of the full name.", "Одно слово `Анна` в столбце ФИО.");
    // dates
    DateUnreadable Cells(&[("Дата рождения", "весной 1980")]);
    DateNoSuchDay Cells(&[("Дата рождения", "31.02.1980")]);
    DateOrderConflict Case("`31/12/1980` in a column whose other dates prove that the month stands first.", "`31/12/1980` в столбце, остальные даты которого доказывают, что первым стоит месяц.");
    DateTwoDigitYear Cells(&[("Дата выдачи", "31.12.05")]);
    DateHasTime Cells(&[("Дата рождения", "31.12.1980 14:30")]);
    DateInFuture Cells(&[("Дата рождения", "01.01.2980")]);
    DateTooEarly Cells(&[("Дата рождения", "31.12.1880")]);
    DateOutOfOrder Cells(&[("Дата рождения", "31.12.1980"), ("Дата выдачи", "01.02.1979")]);
    BirthDateUnlikelyAge Cells(&[("Дата рождения", "01.02.1905")]);
    // contacts
    ContactMissing Case("Neither `Телефон` nor `E-mail` is filled, and the provider wants one of them.", "Не заполнены ни `Телефон`, ни `E-mail`, а провайдеру нужно одно из двух.");
    PhoneTooShort Cells(&[("Телефон", "8 900 12")]);
    PhoneTooLong Cells(&[("Телефон", "+7 900 000 00 01 234")]);
    PhoneLetters Cells(&[("Телефон", "8 9ОО 000-00-01")]);
    PhoneSeveral Cells(&[("Телефон", "8 900 000-00-01, 8 900 000-00-02")]);
    PhoneExtension Cells(&[("Телефон", "8 495 000-00-01 доб. 12")]);
    PhoneAmbiguous Cells(&[("Телефон", "495 000-00-01")]);
    PhoneInvalid Cells(&[("Телефон", "+8 900 000-00-01")]);
    PhoneUnlisted Cells(&[("Телефон", "+7 300 000-00-01")]);
    EmailFormat Cells(&[("E-mail", "client(at)example.org")]);
    EmailSeveral Cells(&[("E-mail", "one@example.org, two@example.org")]);
    EmailMixedAlphabets Cells(&[("E-mail", "сlient@example.org")]);
    // country and address
    CountryUnknown Cells(&[("Гражданство", "Тридевятое царство")]);
    CountryNoCode Cells(&[("Гражданство", "СССР")]);
    AddressMissing Cells(&[("Адрес регистрации", ""), ("Адрес по месту пребывания", "")]);
    AddressTooLong Case("An address of 600 characters where 500 are taken.", "Адрес в 600 знаков, а принимают 500.");
    AddressUnusualKind Case("A legal address for a person.", "Юридический адрес у человека.");
    // documents
    DocumentMissing Cells(&[("Серия паспорта", ""), ("Номер паспорта", ""), ("Дата выдачи", ""), ("Кем выдан", ""), ("Код подразделения", "")]);
    DocumentTooFew Case("A citizen of Kazakhstan with a foreign passport and nothing else.", "Гражданин Казахстана, у которого есть только загранпаспорт.");
    DocumentIncomplete Case("A visa without its number.", "Виза без номера.");
    DocumentTwice Case("The same passport as document 1 and as document 2.", "Один и тот же паспорт как документ 1 и как документ 2.");
    DocumentTypeUnknown Case("A series and a number, and an empty cell where the kind of document belongs.", "Серия и номер есть, а ячейка с видом документа пуста.");
    DocumentExpired Cells(&[("Дата рождения", "01.02.1970"), ("Дата выдачи", "01.03.2001")]);
    DocumentUnusual Case("A resident with a migration card.", "Резидент с миграционной картой.");
    PassportSeries Cells(&[("Серия паспорта", "99 07 1")]);
    PassportNumber Cells(&[("Номер паспорта", "1234567")]);
    PassportUnreadable Case("`4512345` in one column for series and number.", "`4512345` в одном столбце для серии и номера.");
    PassportDivision Cells(&[("Код подразделения", "990-0421")]);
    // numbers of registers
    InnLength Cells(&[("ИНН", "50010073")]);
    InnCheckDigits Cells(&[("ИНН", "500100732258")]);
    SnilsLength Cells(&[("СНИЛС", "112-233-445 9")]);
    SnilsCheckDigits Cells(&[("СНИЛС", "112-233-445 96")]);
    OgrnLength Case("`10277001` as the OGRN of an organisation.", "`10277001` в ОГРН организации.");
    OgrnCheckDigit Case("`1027700132196`, where the last digit would be 5.", "`1027700132196`, хотя последней должна быть цифра 5.");
    NumberZeros Cells(&[("ИНН", "000000000000")]);
    NumberLetters Cells(&[("ИНН", "50О100732259")]);
    ForeignOrganisationNumberMissing Case("A foreign organisation whose INN and KIO cells are empty.", "Иностранная организация с пустыми ИНН и КИО.");
    RegisterUnusual Case("An INN of the right length whose check digits do not fit, for a provider that takes it.", "ИНН верной длины, чьи контрольные цифры не сходятся, а провайдер его принимает.");
    ResidencyUnusual Case("A resident who is a citizen of another country.", "Резидент с гражданством другой страны.");
    // reference books
    ReferenceUnknown Case("Branch `Head Ofice`, where the provider's book has `Head Office`.", "Отделение `Головной офес`, а в справочнике провайдера `Головной офис`.");
    ReferenceNotChecked Case("Branch `Head Office` in a `check`, which asks no provider.", "Отделение `Головной офис` в `check`, который провайдера не спрашивает.");
    // identity
    OwnIdMissing Case("A company of a kind for which the provider keeps no tax number, without an id of your own.", "Компания вида, для которого провайдер не хранит ИНН, без вашего собственного номера.");
    ClientTwice Case("Rows 17 and 203 have the same INN.", "В строках 17 и 203 один и тот же ИНН.");
    ClientOtherNumbers Case("Client LL-7 was created last week; in the corrected file LL-7 has another INN.", "Клиент LL-7 создан на прошлой неделе, а в исправленном файле у LL-7 другой ИНН.");
    ClientSameName Case("Two rows with one name and birth date, and two passports.", "Две строки с одними именем и датой рождения и с двумя паспортами.");
    ClientChanged Case("The phone of a client who was created last week was corrected in the file.", "У клиента, созданного на прошлой неделе, в файле исправили телефон.");
    // sending
    SendOnlyChecked Case("`clientferry check clients.csv --to OPERATION`", "`clientferry check clients.csv --to ОПЕРАЦИЯ`");
    SendInterrupted Case("Ctrl-C after 4,000 of 10,000 rows.", "Ctrl-C после 4 000 строк из 10 000.");
    SendHalted Case("The provider answers 401: the token has expired.", "Провайдер отвечает 401: токен истёк.");
    SendLimit Case("`--limit 100` with 2,000 good rows.", "`--limit 100` при 2 000 хороших строк.");
    SendUnreachable Case("The network was down for an hour.", "Сети не было целый час.");
    SendAbsent Case("The connection broke; two look-ups of the provider's list did not find the client.", "Связь оборвалась; в списке провайдера клиента дважды не нашли.");
    ProviderRejected Case("Status 422: the provider knows this INN to be annulled.", "Статус 422: провайдер знает, что этот ИНН аннулирован.");
    ProviderRemark Case("The provider created the client and did not keep the second phone.", "Провайдер создал клиента и не сохранил второй телефон.");
    ProviderUnknown Case("The connection broke after the request had been sent.", "Связь оборвалась, когда запрос уже был отправлен.");
}
