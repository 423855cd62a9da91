//! Countries by the names and codes people write, as ISO 3166-1 alpha-2. Guesses nothing: two candidates are none.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::text::parse as parse_text;
use super::{CellFault, Parsed};
use crate::model::text::fold;
use crate::model::{Code, Wording};

const TABLE: &str = include_str!("countries.tsv");

/// Answers that name no country of today, folded.
const NO_CODE: &[&str] = &[
    "ссср",
    "союз советских социалистических республик",
    "советский союз",
    "гражданин ссср",
    "ussr",
    "soviet union",
    "su",
    "sun",
    "без гражданства",
    "лицо без гражданства",
    "лбг",
    "апатрид",
    "stateless",
    "stateless person",
    "no citizenship",
    "без гр",
    "югославия",
    "сфрю",
    "yugoslavia",
    "чехословакия",
    "чсср",
    "czechoslovakia",
    "гдр",
    "ddr",
    "сербия и черногория",
    "serbia and montenegro",
    "косово",
    "kosovo",
    "xk",
    "абхазия",
    "республика абхазия",
    "abkhazia",
    "южная осетия",
    "республика южная осетия",
    "south ossetia",
    "приднестровье",
    "пмр",
    "transnistria",
];

/// Names that two countries of today share, folded.
const SHARED: &[&str] = &[
    "конго",
    "congo",
    "корея",
    "korea",
    "виргинские острова",
    "virgin islands",
    "гвиана",
    "guiana",
    "saint martin",
    "st martin",
];

struct Country {
    alpha2: &'static str,
    english: &'static str,
    russian: &'static str,
}

struct Countries {
    by_alpha2: HashMap<&'static str, Country>,
    by_name: HashMap<String, &'static str>,
    by_number: HashMap<u16, &'static str>,
}

static COUNTRIES: LazyLock<Countries> = LazyLock::new(|| {
    let mut countries = Countries { by_alpha2: HashMap::new(), by_name: HashMap::new(), by_number: HashMap::new() };
    for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
        let mut parts = line.split('\t');
        let (Some(alpha2), Some(alpha3), Some(number), Some(english), Some(russian)) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            continue;
        };
        let others = parts.next().unwrap_or("").split(';');
        for name in [alpha2, alpha3, english, russian].into_iter().chain(others).map(fold).filter(|name| !name.is_empty()) {
            countries.by_name.insert(name, alpha2);
        }
        if let Ok(number) = number.parse() {
            countries.by_number.insert(number, alpha2);
        }
        countries.by_alpha2.insert(alpha2, Country { alpha2, english, russian });
    }
    countries
});

/// The alpha-2 code of a country given by its Russian or English name, alpha-2, alpha-3 or numeric code.
pub fn parse(text: &str) -> Parsed<&'static str> {
    if let Some(country) = by_capitals(text) {
        return Ok(country.alpha2);
    }
    let clean = parse_text(text)?;
    let name = fold(&clean);
    if let Some(alpha2) = by_folded(&name) {
        return Ok(alpha2);
    }
    if NO_CODE.contains(&name.as_str()) {
        return Err(CellFault::new(Code::CountryNoCode, Wording::CountryWithoutCode));
    }
    if SHARED.contains(&name.as_str()) {
        return Err(CellFault::new(Code::CountryUnknown, Wording::CountryShared));
    }
    by_parts(&clean).ok_or_else(|| CellFault::new(Code::CountryUnknown, Wording::NoCountry))
}

/// Every name and code in letters that is understood, folded, with the alpha-2 code it means.
pub fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
    COUNTRIES.by_name.iter().map(|(name, alpha2)| (name.as_str(), *alpha2))
}

/// The English name of the country with this alpha-2 code in capitals.
#[must_use]
pub fn english(alpha2: &str) -> Option<&'static str> {
    COUNTRIES.by_alpha2.get(alpha2).map(|country| country.english)
}

/// The Russian name of the country with this alpha-2 code in capitals.
#[must_use]
pub fn russian(alpha2: &str) -> Option<&'static str> {
    COUNTRIES.by_alpha2.get(alpha2).map(|country| country.russian)
}

fn by_capitals(text: &str) -> Option<&'static Country> {
    (text.len() == 2).then(|| COUNTRIES.by_alpha2.get(text)).flatten()
}

fn by_folded(name: &str) -> Option<&'static str> {
    if matches!(name.len(), 1..=3) && name.bytes().all(|byte| byte.is_ascii_digit()) {
        return name.parse().ok().and_then(|number: u16| COUNTRIES.by_number.get(&number).copied());
    }
    COUNTRIES.by_name.get(name).copied()
}

/// "RU - Россия", "Россия (643)": several names of one country.
fn by_parts(clean: &str) -> Option<&'static str> {
    let mut parts = clean.split(['(', ')', '/', ',', ';', '-', '–', '—', ':']).map(fold).filter(|part| !part.is_empty());
    let first = by_folded(&parts.next()?)?;
    parts.all(|part| by_folded(&part) == Some(first)).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn names_and_codes_people_write() {
        for (alpha2, names) in [
            (
                "RU",
                "Россия;РОССИЯ;российская федерация;РФ;р.ф.;RU;ru;RUS;643;Russian Federation; Россия\u{a0};RU - Россия;Россия (РФ)",
            ),
            ("BY", "Беларусь;Белоруссия;Республика Беларусь;BLR;112"),
            ("KG", "Киргизия;Кыргызстан;Киргизстан;Кыргызская Республика"),
            ("MD", "Молдавия;Молдова;Moldova, Republic of"),
            ("TM", "Туркмения;Туркменистан"),
            ("CZ", "Чехия;Чешская Республика;Czechia;Czech Republic;Česko;Ceska republika;CZE"),
            ("GB", "Великобритания;UK;U.K.;Англия;United Kingdom;Great Britain"),
            ("US", "США;USA;Соединённые Штаты Америки;U.S.A.;United States of America"),
            ("AU", "36;036;Австралия"),
            ("AF", "4;004"),
            ("CI", "Кот-д'Ивуар;Кот-д’Ивуар;Côte d'Ivoire;Ivory Coast"),
            ("GW", "Гвинея-Бисау"),
            ("TR", "Турция;Turkey;Türkiye"),
            ("KR", "Южная Корея;Республика Корея;South Korea"),
            ("VN", "Вьетнам;Viet Nam;Vietnam"),
            ("IM", "о-в Мэн;Остров Мэн"),
        ] {
            for name in names.split(';') {
                assert_eq!(parse(name).map_err(|fault| fault.code), Ok(alpha2), "{name}");
            }
        }
    }

    #[test]
    fn no_country_is_guessed() {
        for (name, code) in [
            ("СССР", Code::CountryNoCode),
            ("Лицо без гражданства", Code::CountryNoCode),
            ("Stateless", Code::CountryNoCode),
            ("XK", Code::CountryNoCode),
            ("Корея", Code::CountryUnknown),
            ("Конго", Code::CountryUnknown),
            ("Нарния", Code::CountryUnknown),
            ("ZZ", Code::CountryUnknown),
            ("999", Code::CountryUnknown),
            ("0643", Code::CountryUnknown),
            ("Россия, Беларусь", Code::CountryUnknown),
            ("№ -", Code::CountryUnknown),
            (" ", Code::ValueMissing),
        ] {
            assert_eq!(parse(name).unwrap_err().code, code, "{name}");
        }
    }

    #[test]
    fn the_table_is_whole_and_unambiguous() {
        let mut owners: BTreeMap<String, &str> = BTreeMap::new();
        let lines: Vec<Vec<&str>> = TABLE.lines().skip(1).map(|line| line.split('\t').collect()).collect();
        assert_eq!(lines.len(), 249);
        for line in &lines {
            let [alpha2, alpha3, number, english_name, russian_name, others] = line.as_slice() else { panic!("{line:?}") };
            assert!(alpha2.len() == 2 && alpha3.len() == 3 && number.len() == 3 && number.parse::<u16>().is_ok());
            assert!(russian_name.chars().any(|ch| ch > '\u{400}') && !english_name.chars().any(|ch| ch > '\u{400}' && ch != '’'));
            for name in [alpha2, alpha3, english_name, russian_name]
                .into_iter()
                .copied()
                .chain(others.split(';').filter(|name| !name.is_empty()))
                .map(fold)
            {
                assert!(!NO_CODE.contains(&name.as_str()) && !SHARED.contains(&name.as_str()), "{name}");
                assert_eq!(*owners.entry(name.clone()).or_insert(alpha2), *alpha2, "{name} has two countries");
            }
            for name in [alpha2, alpha3, number, english_name, russian_name] {
                if fold(name) != "st martin" {
                    assert_eq!(parse(name), Ok(*alpha2), "{name}");
                }
            }
            assert_eq!((english(alpha2), russian(alpha2)), (Some(*english_name), Some(*russian_name)));
        }
    }
}
