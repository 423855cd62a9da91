//! How much a text looks like what stands in tables of clients: pairs of Russian letters, accents among Latin ones, sane signs.
//! Knows letters only; which encodings are tried is decided elsewhere.

use std::sync::LazyLock;

/// Words of the kind that tables of clients hold. Their letter pairs are the model; no list of what is allowed.
const WORDS: &str = "\
фамилия имя отчество дата рождения телефон мобильный почта адрес регистрации проживания паспорт серия номер выдан выдачи кем код \
подразделения инн снилс огрн огрнип кпп клиент клиента договор договора тип вид пол гражданство резидент страна регион область \
район город улица дом корпус строение квартира офис индекс примечание комментарий организация наименование полное краткое \
общество с ограниченной ответственностью акционерное индивидуальный предприниматель ооо ао пао зао ип директор руководитель должность \
банк счёт счет бик сумма остаток процент ставка валюта статус активен закрыт да нет мужской женский россия российская федерация рф \
москва санкт петербург новосибирск екатеринбург казань нижний новгород челябинск самара омск ростов уфа красноярск пермь воронеж \
волгоград краснодар саратов тюмень тольятти ижевск барнаул ульяновск иркутск хабаровск ярославль владивосток томск оренбург кемерово \
рязань астрахань пенза липецк киров тула калининград курск тверь брянск сочи белгород владимир архангельск калуга смоленск орёл \
московская ленинградская свердловская республика край округ посёлок деревня село станица проспект переулок бульвар шоссе площадь \
набережная ленина мира советская молодёжная центральная школьная садовая лесная новая набережная заводская октябрьская гагарина \
пушкина кирова победы строителей первомайская зелёная южная северная ул пр пер кв обл респ мкр \
иванов иванова иванович ивановна петров петрова петрович петровна сидоров сидорова смирнов смирнова кузнецов кузнецова попов попова \
васильев васильева соколов соколова михайлов михайлова новиков новикова фёдоров фёдорова морозов морозова волков волкова алексеев \
лебедев лебедева семёнов семёнова егоров егорова павлов павлова козлов козлова степанов степанова николаев николаева орлов орлова \
андреев макаров никитин захаров зайцев соловьёв борисов яковлев григорьев романов воробьёв сергеев кузьмин фролов александров \
дмитриев королёв гусев киселёв ильин максимов поляков сорокин виноградов ковалёв белов медведев антонов тарасов жуков баранов филиппов \
комаров давыдов беляев герасимов богданов осипов сидорчук шевченко бондаренко кравченко ткачук хакимов ахметов гарипов юсупов \
черновский дубровский островская щербаков цветков эльдаров чернышёв шубин щукин яшин южаков \
александр алексей андрей антон артём борис вадим валентин валерий василий виктор виталий владимир владислав вячеслав геннадий георгий \
григорий даниил денис дмитрий евгений егор иван игорь илья кирилл константин леонид максим михаил никита николай олег павел пётр роман \
сергей станислав степан тимофей тимур фёдор юрий ярослав анна алёна алина анастасия валентина вера виктория галина дарья евгения \
екатерина елена жанна зоя инна ирина кристина ксения лариса любовь людмила маргарита марина мария надежда наталья нина оксана ольга \
полина светлана софия софья тамара татьяна ульяна юлия яна александрович александровна алексеевич алексеевна андреевич андреевна \
борисович васильевич васильевна викторович викторовна владимирович владимировна геннадьевич дмитриевич дмитриевна евгеньевич евгеньевна \
игоревич игоревна ильич ильинична михайлович михайловна николаевич николаевна олегович павлович павловна сергеевич сергеевна юрьевич \
юрьевна отделом отделением внутренних дел мвд уфмс россии по городу района перезвонить после обеда не звонить вечером просил называть \
перенесён из старой базы оригинал анкеты архиве срочно проверен документы";

/// Letters of the model: 0 is the edge of a word, then а to я, then ё.
const LETTERS: usize = 34;

/// Natural logarithms of how likely the second letter follows the first.
static PAIRS: LazyLock<Box<[[f32; LETTERS]; LETTERS]>> = LazyLock::new(|| {
    let mut counts = Box::new([[0.1_f32; LETTERS]; LETTERS]);
    for word in WORDS.split_ascii_whitespace() {
        let mut before = 0;
        for letter in word.chars().map(|ch| russian(ch).map_or(0, |(letter, _)| letter)).chain([0]) {
            counts[before][letter] += 1.0;
            before = letter;
        }
    }
    for row in counts.iter_mut() {
        let sum: f32 = row.iter().sum();
        for count in row.iter_mut() {
            *count = (*count / sum).ln();
        }
    }
    counts
});

/// A Russian letter's number in the model, and whether it is a capital.
fn russian(ch: char) -> Option<(usize, bool)> {
    let number = |first: char| ch as usize - first as usize + 1;
    match ch {
        'а'..='я' => Some((number('а'), false)),
        'А'..='Я' => Some((number('А'), true)),
        'ё' => Some((LETTERS - 1, false)),
        'Ё' => Some((LETTERS - 1, true)),
        _ => None,
    }
}

/// What stands before the present character.
#[derive(Clone, Copy, PartialEq)]
enum Before {
    Edge,
    Latin {
        capital: bool,
    },
    Accented {
        capital: bool,
    },
    Russian {
        letter: usize,
        capital: bool,
        alone: bool,
    },
    /// A sign that no word follows without a blank.
    Closing,
    Other,
}

/// How likely the characters beyond ASCII are where they stand, as a logarithm for each of them on average; 0 where there are none.
/// Texts that are the same bytes in two encodings can be compared.
pub(super) fn likeness(text: &str) -> f64 {
    let pairs = &*PAIRS;
    let (mut sum, mut count) = (0.0_f64, 0_u32);
    let mut before = Before::Edge;
    for ch in text.chars().chain([' ']) {
        let (points, now) = if ch.is_ascii() { ascii(ch, before, pairs) } else { beyond_ascii(ch, before, pairs) };
        sum += f64::from(points);
        count += u32::from(!ch.is_ascii());
        before = now;
    }
    if count == 0 { 0.0 } else { sum / f64::from(count) }
}

/// A letter beside one of another alphabet.
const MIXED: f32 = -5.0;
/// A capital behind a small letter.
const CAPITAL_INSIDE: f32 = -5.0;
/// A word of one letter.
const ALONE: f32 = -2.0;

fn end_of_word(before: Before, pairs: &[[f32; LETTERS]; LETTERS]) -> f32 {
    match before {
        Before::Russian { letter, alone, capital: _ } => pairs[letter][0] + if alone { ALONE } else { 0.0 },
        Before::Edge | Before::Latin { .. } | Before::Accented { .. } | Before::Closing | Before::Other => 0.0,
    }
}

fn ascii(ch: char, before: Before, pairs: &[[f32; LETTERS]; LETTERS]) -> (f32, Before) {
    if !ch.is_ascii_alphabetic() {
        return (end_of_word(before, pairs), Before::Edge);
    }
    let capital = ch.is_ascii_uppercase();
    let points = match before {
        Before::Russian { .. } => MIXED,
        Before::Accented { capital: false } if capital => CAPITAL_INSIDE,
        Before::Edge | Before::Latin { .. } | Before::Accented { .. } | Before::Closing | Before::Other => 0.0,
    };
    (points, Before::Latin { capital })
}

fn beyond_ascii(ch: char, before: Before, pairs: &[[f32; LETTERS]; LETTERS]) -> (f32, Before) {
    if let Some((letter, capital)) = russian(ch) {
        let now = |alone| Before::Russian { letter, capital, alone };
        return match before {
            Before::Russian { letter: last, capital: was_capital, alone: _ } => {
                let case = if capital && !was_capital { CAPITAL_INSIDE } else { 0.0 };
                (pairs[last][letter] + case, now(false))
            }
            Before::Edge => (pairs[0][letter], now(true)),
            Before::Latin { .. } | Before::Accented { .. } | Before::Closing | Before::Other => {
                (pairs[0][letter] + MIXED, now(true))
            }
        };
    }
    match ch {
        // Letters of neighbours' alphabets.
        'і' | 'ї' | 'є' | 'ґ' | 'ў' | 'І' | 'Ї' | 'Є' | 'Ґ' | 'Ў' => (-8.0, before_after_foreign(before)),
        'Ѐ'..='ӿ' => (-10.0, before_after_foreign(before)),
        // Signs of good typography, wherever they stand.
        '«' | '„' | '“' | '‘' | '•' | '№' | '§' | '©' | '£' | '\u{a0}' => {
            (end_of_word(before, pairs) - 4.0, Before::Edge)
        }
        '»' | '”' | '’' | '–' | '—' | '…' | '°' | '®' | '™' | '€' => {
            (end_of_word(before, pairs) - 4.0, Before::Closing)
        }
        _ if ch.is_alphabetic() => accented(ch, before),
        '\u{80}'..='\u{9f}' | char::REPLACEMENT_CHARACTER => (-20.0, Before::Other),
        _ => (end_of_word(before, pairs) - 10.0, Before::Other),
    }
}

fn before_after_foreign(before: Before) -> Before {
    match before {
        Before::Russian { letter, capital, alone: _ } => Before::Russian { letter, capital, alone: false },
        Before::Edge | Before::Latin { .. } | Before::Accented { .. } | Before::Closing | Before::Other => Before::Edge,
    }
}

/// Accents stand alone among plain letters; words of nothing but accents are another alphabet's letters.
fn accented(ch: char, before: Before) -> (f32, Before) {
    let capital = ch.is_uppercase();
    let points = match before {
        Before::Latin { capital: was_capital } if capital && !was_capital => -9.0,
        Before::Edge | Before::Closing | Before::Latin { .. } => -4.0,
        Before::Accented { .. } => -8.0,
        Before::Russian { .. } | Before::Other => -12.0,
    };
    (points, Before::Accented { capital })
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::{IBM866, KOI8_R, WINDOWS_1251, WINDOWS_1252, X_MAC_CYRILLIC};

    #[test]
    fn russian_is_likest_where_it_is_decoded_rightly() {
        let text = "Клиент;Щукина Вера Ильинична\nАдрес;г. Орёл, ул. Зелёная";
        let right = likeness(text);
        let (bytes, _, _) = WINDOWS_1251.encode(text);
        for wrong in [KOI8_R, IBM866, WINDOWS_1252, X_MAC_CYRILLIC] {
            assert!(likeness(&wrong.decode_without_bom_handling(&bytes).0) < right - 1.0, "{}", wrong.name());
        }
    }

    #[test]
    fn accents_belong_among_latin_letters() {
        assert!(likeness("Jürgen Müller, Köln") > likeness("Jьrgen Mьller, Kцln"));
        assert!(likeness("ИНН") > likeness("ÈÍÍ"));
        assert!(likeness("£100;£7") > likeness("ё100;ё7"));
        assert!(likeness("plain").abs() < f64::EPSILON);
    }
}
