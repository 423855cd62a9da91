//! The one table of wordings: English and Russian, with `{0}` where the first part stands. Writes no message.

use crate::model::Lang;

macro_rules! wordings {
    ($($variant:ident $english:literal $russian:literal;)*) => {
        /// What messages say, without what is particular to a case.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Wording {
            $(#[doc = concat!("`", $english, "`")] $variant,)*
        }

        impl Wording {
            /// Every wording, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The words in a language, with holes for the parts.
            #[must_use]
            pub fn template(self, lang: Lang) -> &'static str {
                match self { $(Self::$variant => lang.pick($english, $russian),)* }
            }
        }
    };
}

wordings! {
    // for all
    Nothing "" "";
    Meaning "{0}" "{0}";
    OfOthers "{0}" "{0}";
    MeaningWith "{0}: {1}" "{0}: {1}";
    // the row as text
    RowOtherWidth "the row has {0} cells, the header {1}" "ячеек в строке: {0}, в заголовке: {1}";
    RowBeyondHeader "a cell stands behind the last of the {0} columns that the header names" "за последним из столбцов заголовка (их {0}) есть ещё ячейка";
    RowOverLimit "the row, one of its cells or their number passes the limit" "строка, одна из её ячеек или их число больше допустимого";
    RowIsHidden "the sheet hides this row" "лист скрывает эту строку";
    RowIsComment "the line begins with # and does not have the cells of a row" "строка начинается с # и не имеет ячеек, какие есть у строк";
    RowIsHeader "every cell of the row is the name of its column" "каждая ячейка строки — название своего столбца";
    RowIsTotal "the row begins with a word for a total and holds nothing else but numbers" "строка начинается со слова, которым называют итог, а дальше в ней только числа";
    QuoteUnclosed "the quote before this value is not closed; the next line was read as a row of its own" "кавычка перед этим значением не закрыта; следующая строка прочитана отдельно";
    QuoteStray "a quote inside this quoted value is not doubled, so it is not certain where the value ends" "кавычка внутри этого значения не удвоена, и неясно, где оно кончается";
    NulBytes "the value holds NUL bytes" "в значении есть нулевые байты";
    BytesOfValue "some bytes of this value do not fit the encoding of the file" "часть байтов этого значения не соответствует кодировке файла";
    BytesOfRow "some bytes of this row do not fit the encoding of the file" "часть байтов этой строки не соответствует кодировке файла";
    DoubleUtf8 "this is UTF-8 text that another program took for {0}; what it would be stands behind the arrow" "это текст в «UTF-8», который другая программа приняла за «{0}»; каким он был бы, стоит за стрелкой";
    DoubleRussian "this is windows-1251 text that another program took for windows-1252; what it would be stands behind the arrow" "это текст в «windows-1251», который другая программа приняла за «windows-1252»; каким он был бы, стоит за стрелкой";
    StillMarked "the cell is still marked as damaged" "ячейка всё ещё помечена как испорченная";
    InItem "{0} `{1}`: {2}" "«{0}», `{1}`: {2}";
    // the cell as a spreadsheet shows it
    CellIsEmpty "the cell is empty" "ячейка пуста";
    CellIsMerged "the cell is merged with others, whose value stands in row {0}" "ячейка объединена с другими, их значение стоит в строке {0}";
    ShownPercent "the sheet shows it as a percentage, a hundred times as large; the cell holds the fraction" "на листе это проценты, в сто раз больше; в ячейке доля";
    ShownScaled "the sheet shows it in thousands or millions; the cell holds the whole number" "на листе это тысячи или миллионы; в ячейке полное число";
    ShownRounded "the sheet shows it rounded; the cell holds more digits" "на листе число округлено; в ячейке цифр больше";
    ShownWords "the sheet shows words or nothing in its place; the cell holds a number" "на листе вместо него слова или ничего; в ячейке число";
    ShownPartOfDate "the sheet shows only a part of a date; the program that made a date of it added the year or the day" "на листе только часть даты; год или день добавила программа, которая сделала из этого дату";
    ErrorOfSpreadsheet "is an error of the spreadsheet it came from" "это ошибка электронной таблицы, из которой взято значение";
    ErrorInPlace "the spreadsheet shows an error in place of a value" "электронная таблица показывает ошибку вместо значения";
    FormulaOnly "holds a formula whose value is not in the workbook" "в ячейке формула, значения которой в книге нет";
    ScientificText "stands in scientific notation, which keeps only the first digits of the number" "записано в экспоненциальном виде, который хранит только первые цифры числа";
    ScientificNumber "is a number shown in scientific notation, so digits may be lost" "это число в экспоненциальной записи, цифры могли пропасть";
    BeyondKept "is a number beyond the 15 digits that a spreadsheet keeps" "в числе больше 15 цифр, которые хранит электронная таблица";
    ZeroBeyondKept "is a number of {0} digits that ends in a zero; a spreadsheet keeps only 15 of them" "цифр в числе: {0}, последняя — ноль; электронная таблица хранит только 15";
    OnlyFirstKept "has {0} digits, of which a spreadsheet keeps only the first 15" "цифр: {0}, электронная таблица хранит только первые 15";
    HasFraction "is a number with a fraction, expected a whole number" "это число с дробной частью, ожидалось целое";
    BelowZero "is a number below zero, expected digits only" "это число меньше нуля, ожидались только цифры";
    DateNotNumber "is a spreadsheet date, expected a number kept as text" "это дата электронной таблицы, ожидался номер, записанный текстом";
    TruthNotNumber "is a truth value, expected a number kept as text" "это логическое значение, ожидался номер, записанный текстом";
    DateAmongOthers "is a spreadsheet date, while the column holds other values" "это дата электронной таблицы, а в столбце другие значения";
    TruthAmongOthers "is a truth value, while the column holds other values" "это логическое значение, а в столбце другие значения";
    DateMadeOfNumber "looks like a date that a spreadsheet made of a number with a dot, dash or slash" "похоже на дату, которую электронная таблица сделала из числа с точкой, дефисом или косой чертой";
    ShorterThanColumn "has {0} digits while {1} % of the column's numbers have {2}; leading zeros were probably lost" "цифр: {0}, а у {1} % номеров столбца их {2}; вероятно, потеряны нули в начале";
    LostZero "; a leading zero was probably lost" "; вероятно, потерян ноль в начале";
    LostZeros "; leading zeros were probably lost" "; вероятно, потеряны нули в начале";
    LostZerosPerhaps "; leading zeros may have been lost" "; возможно, потеряны нули в начале";
    // which operation
    KindMissing "the kind of client is missing" "вид клиента не указан";
    KindUnknown "not a kind of client that the provider knows" "такого вида клиента провайдер не знает";
    KindContradicts "kind and residency contradict each other" "вид клиента и резидентство противоречат друг другу";
    ResidencyUnsettled "neither a residency column nor the citizenship settles it" "ни столбец с резидентством, ни гражданство этого не решают";
    ResidencyUnreadable "the residency is neither yes nor no" "резидентство — ни «да», ни «нет»";
    KindOther "the row says another kind of client than {0}" "по строке это клиент другого вида, чем `{0}`";
    KindOfOtherRun "the run is for other kinds of client" "запуск — для клиентов других видов";
    // any value
    IsMissing "{0} is missing" "нет значения: «{0}»";
    IsMissingWhy "{0} is missing: {1}" "нет значения «{0}»: {1}";
    AlsoServes "{0}; if it is the row's `{1}`, map its columns to `{2}` too, or write in the mapping [options] copy_when_empty = { {2} = \"{1}\" }" "{0}; если это `{1}` строки, сопоставьте его столбцы и с `{2}` или напишите в маппинге `[options] copy_when_empty = { {2} = \"{1}\" }`";
    NotHere "`{0}` is not accepted here" "`{0}` здесь не принимается";
    NotForType "{0} is not accepted for this type" "для этого вида не принимается: «{0}»";
    LongerThan "longer than {0} characters" "длиннее, чем {0} симв.";
    ShorterThan "shorter than {0} characters" "короче, чем {0} симв.";
    LongerInUtf16 "is longer than {0} when rare characters count twice, as the provider may count" "длиннее, чем {0} симв., если редкие знаки считать за два, как может считать провайдер";
    NotOneOf "not one of {0}" "нет среди допустимых: {0}";
    WordNotOneOf "one of the words is not one of {0}" "одного из слов нет среди допустимых: {0}";
    CodesListed "{0}" "{0}";
    CodesNearest "the {0} codes that `clientferry fields` lists; the nearest are {1}" "их {0} в списке `clientferry fields`, ближайшие: {1}";
    TakesNoSuch "{0} takes no such value; it is not sent" "`{0}` такое значение не принимает; оно не отправляется";
    RoomForOne "`{0}` has room for one, and another item of the row goes there too" "в `{0}` место для одного, а туда же относится ещё одна часть строки";
    NoPlaceForItem "the provider has no place for an item of this kind; it is not sent" "места для части такого вида у провайдера нет; она не отправляется";
    KindOfItemUnknown "nothing says of what kind the item is, and the provider's places are for certain kinds; it is not sent" "нигде не сказано, какого вида эта часть, а места у провайдера — для определённых видов; она не отправляется";
    ControlCharacters "holds {0} control character(s)" "управляющих символов: {0}";
    NoUuid "is no UUID (32 hexadecimal digits, 8-4-4-4-12)" "это не UUID (32 шестнадцатеричные цифры, 8-4-4-4-12)";
    HoldsBlanks "holds blanks; it has to be one word" "есть пробелы, а нужно одно слово";
    NoOwnId "the row has no id of your own" "в строке нет вашего собственного номера";
    BooleanWords "is none of the words for yes (да, yes, true, 1, +) or no (нет, no, false, 0, -)" "это ни одно из слов для «да» («да», «yes», «true», «1», «+») или «нет» («нет», «no», «false», «0», «-»)";
    // numbers
    NoNumber "is no number" "это не число";
    NoNumberOrSeveral "is no number, or more than one" "это не число, или чисел несколько";
    NoWholeNumber "is no whole number" "это не целое число";
    TooManyDecimals "has more than two decimals; round it by hand" "знаков после запятой больше двух; округлите вручную";
    TooManyDigits "has more digits than a number keeps" "цифр больше, чем хранит число";
    TwoReadings "can be read in two ways; leave out what separates thousands" "можно прочитать двояко; уберите то, что отделяет тысячи";
    OddThousands "has commas that do not part thousands" "запятые стоят не там, где отделяют тысячи";
    NoValue "is no value" "это не значение";
    DigitsAndOthers "holds {0} digits and {1} character(s) that are no digits" "цифр: {0}, других знаков: {1}";
    AllZeros "consists of {0} zeros" "состоит из одних нулей, их {0}";
    // names
    NameSigns "holds {0} digit(s) and {1} sign(s) that names do not have" "цифр: {0}, знаков, каких в именах не бывает: {1}";
    WordMixes "word {0} mixes Cyrillic and Latin letters" "в слове № {0} смешаны кириллица и латиница";
    NameComma "holds a comma, expected last, first and middle name in this order" "есть запятая, ожидались фамилия, имя и отчество в этом порядке";
    NameInitials "holds initials, expected the names in full" "есть инициалы, ожидались имена полностью";
    PatronymicSecond "has a patronymic as its second word, expected last, first and middle name in this order; split it into columns" "второе слово — отчество, ожидались фамилия, имя и отчество в этом порядке; разнесите по столбцам";
    PatronymicOfTwo "has a patronymic of two words and no last name, expected last, first and middle name; split it into columns" "отчество из двух слов и нет фамилии, ожидались фамилия, имя и отчество; разнесите по столбцам";
    NameWords "has {0} word(s), expected last, first and middle name: two or three" "слов: {0}, ожидались фамилия, имя и отчество: два или три слова";
    StrangeLetters "word {0} has letters that are neither plain Latin nor Russian, which are never transliterated: write it as in the machine-readable lines of the document" "в слове № {0} есть буквы не латинские и не русские, их никогда не транслитерируют: напишите его, как в машиночитаемых строках документа";
    SignsNotTaken "holds {0} sign(s) that the provider does not take here" "знаков, которых провайдер здесь не принимает: {0}";
    NoLatinSpelling "no letter of it has a Latin spelling" "ни у одной буквы нет латинского написания";
    Transliterated "transliterated by the table of Russian passports (ICAO Doc 9303)" "транслитерировано по таблице российских паспортов (ICAO Doc 9303)";
    RussianNotApproved "holds Russian letters; the report shows how --approve-transliteration would have them sent" "есть русские буквы; как они были бы отправлены с --approve-transliteration, видно в отчёте";
    RussianNotNamed "holds Russian letters, and [options] transliterate does not name this field: add it there to have it transliterated" "есть русские буквы, а в [options] transliterate этого поля нет: добавьте его туда, чтобы оно транслитерировалось";
    RussianOfOthers "holds Russian letters, and names are transliterated for citizens of {0} only ([options] transliterate_citizenships): other countries spell by other tables" "есть русские буквы, а имена транслитерируются только для граждан «{0}» ([options] transliterate_citizenships): у других стран другие таблицы";
    SpelledOtherwise "is spelled otherwise than the table would spell the name in Russian letters; it is sent as it stands" "написано не так, как таблица передала бы имя русскими буквами; отправляется как есть";
    NotLatin "holds letters that are not Latin; it is sent as it stands" "есть буквы не латинские; отправляется как есть";
    // dates
    NoDate "does not have the form of a date" "это не похоже на дату";
    YearDigits "the year has neither 4 nor 2 digits" "в годе не 4 и не 2 цифры";
    CompactYear "eight digits without separators are read as YYYYMMDD, and the year does not fit" "восемь цифр подряд читаются как YYYYMMDD, а год не подходит";
    NoMonth "holds letters that are no month" "есть буквы, а месяца такого нет";
    TruthNotDate "is a truth value, expected a date" "это логическое значение, ожидалась дата";
    DayCount "is a bare number of 5 digits, perhaps a spreadsheet's day count that lost its format" "это просто число из 5 цифр, возможно, счёт дней электронной таблицы без формата";
    OrderOfParts "the parts fit only another order than the column's, {0}" "части подходят только к другому порядку, чем в столбце: {0}";
    DayMonthYear "day, month, year" "день, месяц, год";
    MonthDayYear "month, day, year" "месяц, день, год";
    YearMonthDay "year, month, day" "год, месяц, день";
    OrderUnproven "day and month could be either way round, and the column does not prove their order" "день и месяц можно прочитать двояко, а столбец порядка не доказывает";
    NoSpreadsheetDate "is a number that is no spreadsheet date" "это число, которое не является датой электронной таблицы";
    YearOnly "is a year only, expected day, month and year" "это только год, ожидались день, месяц и год";
    DateFraction "is a number with a fraction, expected a date" "это число с дробной частью, ожидалась дата";
    NoSuchDay "there is no such day in the calendar" "такого дня нет в календаре";
    TimeOfDay "has a time of day other than midnight, expected a date alone" "указано время суток, и это не полночь; ожидалась только дата";
    YearTwoDigits "the year has 2 digits, expected 4" "в годе 2 цифры, ожидалось 4";
    NoLikelyCentury "the year has 2 digits, and no century makes the client 14 to 99 years old" "в годе 2 цифры, и ни в одном веке клиенту не выходит от 14 до 99 лет";
    AgeBeyond "The client would be younger than {0} or older than {1} years" "Клиенту было бы меньше {0} или больше {1} лет";
    NotComeYet "The date has not come yet" "Эта дата ещё не наступила";
    NoAdult "the person is younger than 18, or was born before 1900" "человеку меньше 18 лет, или он родился до 1900 года";
    // contacts
    PhoneDigits "has {0} digits, {1}" "цифр: {0}, {1}";
    RussianHasEleven "a Russian number has 11" "в российском номере их 11";
    SevenHasEleven "a number with +7 has 11" "в номере с +7 их 11";
    AbroadAtLeast "an international number has at least 7" "в международном номере их не меньше 7";
    AbroadAtMost "an international number has at most 15" "в международном номере их не больше 15";
    CountryHasMore "numbers of its country have more" "в номерах его страны их больше";
    CountryHasFewer "numbers of its country have fewer" "в номерах его страны их меньше";
    CountryHasOther "numbers of its country have more or fewer" "в номерах его страны их больше или меньше";
    TelephoneHasMore "a telephone number has more" "в телефонном номере их больше";
    PhoneNotListed "is not in the numbering plan of its country as far as it is known" "в плане нумерации его страны, насколько он известен, такого номера нет";
    PhoneMoreThanOne "has {0} digits, more than one number can have" "цифр: {0}, столько в одном номере не бывает";
    PhoneNumbers "holds {0} numbers, expected one" "номеров: {0}, ожидался один";
    PhoneSeveralNumbers "holds several numbers, expected one" "номеров несколько, ожидался один";
    PhoneHasExtension "has an extension, expected a direct number" "есть добавочный номер, ожидался прямой";
    PhoneSigns "holds {0} digits and {1} letter(s) or sign(s)" "цифр: {0}, букв и других знаков: {1}";
    PhoneAreaUncertain "has 10 digits that do not begin with 9: the area code is not certain, expected +7 and 10 digits" "10 цифр, и первая не 9: код города неясен, ожидались +7 и 10 цифр";
    PhoneNoPlus "has {0} digits and no +, a Russian number has 11 and begins with 7 or 8" "цифр: {0}, знака + нет, а в российском номере их 11 и он начинается с 7 или 8";
    PhoneNoAreaCode "the first digit behind +7 begins no area code of Russia or Kazakhstan" "с первой цифры после +7 не начинается ни один код России или Казахстана";
    PhonePlusEight "+8 is no country code; a Russian number begins with 8 or +7" "+8 — не код страны; российский номер начинается с 8 или +7";
    PhoneCountryZero "no country code begins with 0" "коды стран не начинаются с 0";
    PhonePlusNine "has 10 digits that begin with 9 behind the +; a Russian number has +7 and 10 digits" "после + стоят 10 цифр, первая — 9; в российском номере +7 и 10 цифр";
    PhoneNotInRegion "is not in the numbering plan of the mapping's phone_region" "такого номера нет в плане нумерации страны, названной в маппинге: phone_region";
    PhoneWhose "has no country code, and nothing says which country's it is: name it in the mapping, [formats] phone_region = \"GB\" or the like" "кода страны нет, и нигде не сказано, чей это номер: назовите страну в маппинге, например [formats] phone_region = \"GB\"";
    PhoneNoRegion "has no country code, and the mapping's phone_region is no country" "кода страны нет, а phone_region в маппинге — не страна";
    PhoneNoCountryCode "does not begin with a country code" "номер начинается не с кода страны";
    PhoneTooFewForArea "has {0} digits, too few to include the area code" "цифр: {0}, для номера с кодом города это мало";
    PhoneNoForm "does not have the form of an international number" "это не похоже на международный номер";
    PhoneOtherCountry "has the country code of another country than USA or Canada" "код другой страны, а не США или Канады";
    PhoneLessThanTen "has {0} digits, less than the ten of USA and Canada" "цифр: {0}, в США и Канаде их десять";
    PhoneMoreThanTen "has {0} digits, more than the ten of USA and Canada" "цифр: {0}, в США и Канаде их только десять";
    PostalZeros "has {0} digits; leading zeros were probably lost" "цифр: {0}; вероятно, потеряны нули в начале";
    PostalForm "is neither a ZIP code (five or nine digits) nor a postal code like A1A 1A1" "это ни код ZIP (пять или девять цифр), ни почтовый код вида A1A 1A1";
    EmailAddresses "holds {0} addresses, expected one" "адресов: {0}, ожидался один";
    EmailMixes "mixes Cyrillic and Latin letters within one part of the address" "в одной части адреса смешаны кириллица и латиница";
    EmailNoAt "has no @" "нет знака @";
    EmailTooLong "has {0} characters, an address has at most {1}" "знаков: {0}, в адресе их не больше {1}";
    EmailSigns "holds blanks or signs that an address does not have" "есть пробелы или знаки, каких в адресе не бывает";
    EmailDomain "the part behind @ does not end in a domain such as .ru or .com" "часть после @ не кончается доменом, таким как «.ru» или «.com»";
    EmailForm "does not have the form name@domain" "это не похоже на «имя@домен»";
    // countries
    CountryWithoutCode "names no country that has a code in ISO 3166-1 today" "не называет страну, у которой сегодня есть код ISO 3166-1";
    CountryShared "is a name that several countries share; write the full name or the code" "так называются несколько стран; напишите полное название или код";
    NoCountry "is neither a country's name nor its ISO 3166-1 code" "это ни название страны, ни её код ISO 3166-1";
    // documents and numbers of registers
    DigitsOf "has {0} digits, {1} has {2}{3}" "цифр: {0}, {1} их {2}{3}";
    SeriesOf "a series" "в серии";
    NumberOf "a number" "в номере";
    DivisionOf "a division code" "в коде подразделения";
    SnilsOf "a SNILS" "в СНИЛС";
    OgrnOf "an OGRN" "в ОГРН";
    OgrnipOf "an OGRNIP" "в ОГРНИП";
    InnOfOrganisation "an organisation's INN" "в ИНН организации";
    InnOfPerson "a person's INN" "в ИНН человека";
    NotNineDigits "has {0} digits instead of 9{1}" "цифр: {0}, а нужно 9{1}";
    SeriesAndNumber "has {0} digits, series and number have 10 together{1}" "цифр: {0}, в серии и номере их вместе 10{1}";
    OtherWords "holds words other than series and number" "есть слова, кроме «серия» и «номер»";
    OtherSigns "holds signs that are no part of series and number" "есть знаки, каких нет в серии и номере";
    FirstGroup "the first group of digits is not the four digits of the series" "первая группа цифр — не четыре цифры серии";
    CheckDigits "the check digits do not fit the others" "контрольные цифры не подходят к остальным";
    LastDigit "the last digit does not fit the others" "последняя цифра не подходит к остальным";
    LastTwoDigits "the last two digits do not fit the others" "две последние цифры не подходят к остальным";
    UsuallyGiven "The value is usually given, and it is not here" "Обычно это значение указывают, а здесь его нет";
    Placeholder "The number looks like one that is typed where there is none" "Номер похож на тот, что набирают, когда номера нет";
    NotGivenOut "No such number is given out" "Таких номеров не выдают";
    SharesBeyond "the shares add up to more than {0}" "доли вместе больше {0}";
    NoItemSays "no item says yes to `{0}`" "ни в одной части нет «да» для `{0}`";
    // reference books
    NoId "is no id: ids are numbers above zero" "это не номер записи: номера больше нуля";
    BookMissing "is a name, and the reference book `{0}` cannot be had: {1}; write the id" "это название, а справочник `{0}` получить нельзя: «{1}»; напишите номер записи";
    BookLater "is looked up in the reference book `{0}` when it is sent" "будет найдено в справочнике `{0}` при отправке";
    BookSeveral "names several entries of the reference book `{0}`: {1}; write the id" "в справочнике `{0}` таких записей несколько: {1}; напишите номер записи";
    BookHasNone "is no entry of the reference book `{0}`" "в справочнике `{0}` такой записи нет";
    BookNearest "is no entry of the reference book `{0}`; the nearest: {1}" "в справочнике `{0}` такой записи нет; ближайшие: {1}";
    BookOddId "is an entry of the reference book `{0}` whose id is no number" "номер этой записи справочника `{0}` — не число";
    // identity
    SameClient "the row of line {0} is the same client (same {1}){2}" "это клиент строки {0} (общее: «{1}»){2}";
    SameClientOfSheet "the row of sheet {3}, line {0} is the same client (same {1}){2}" "это клиент строки {0} листа «{3}» (общее: «{1}»){2}";
    Names "{0}" "{0}";
    DiffersIn "; it differs in {0}" "; отличия: {0}";
    DiffersNowhere "; nothing else differs" "; других отличий нет";
    OwnId "own id" "ваш номер";
    AnotherField "another field" "другое поле";
    // what a provider said, and what is to be done about it
    ProviderCode "{0}" "код «{0}»";
    ProviderWords "{0}" "«{0}»";
    ProviderCodeAndWords "{0}: {1}" "код «{0}»: «{1}»";
    ByHand "{0}; look for {1} at the provider, which cannot be asked; then `clientferry resolve --answers FILE`" "{0}; поищите у провайдера, которого нельзя спросить: {1}; затем `clientferry resolve --answers FILE`";
    TheClient "the client" "этого клиента";
    NamedValue "{0} {1}" "«{0} {1}»";
}
