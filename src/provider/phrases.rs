//! What is kept of a provider's words: those that errors are made of, names of members, and places of the row's own values. Knows no
//! statuses.
//!
//! A refusal may speak of other people (an employee, a client who is there already) in texts that nobody documents, and nothing tells
//! a name from another word. So a word that is not on the lists is lost rather than kept.

use serde_json::Value;

use super::words::masked;
use crate::model::Body;
use crate::model::redact::redact;

/// Stands for what was taken out.
const HIDDEN: char = '…';

/// Words of errors, without letter case.
const WORDS: &str = "a about accepted access account active added address addresses administrator after again agent all \
    allowed already an and answer any are array as at available bad be been before belongs between birth blank body boolean \
    borrower both branch building bureau but by can cannot card case categories category character characters check \
    citizenship city client clients code codes collection comma company completed consent constraint contact contain contains \
    could country create created creation credit customer customers cut data date day days denied department digit digits \
    document does driver duplicate duplicated e each either element email employer empty entity equal error errors exceeded \
    exceeds exception exist existing exists expected expired expiry explanation expression expressions fail failed failure \
    fias field fields filled finished first flat for forbidden format found from future gender given greater had has have \
    house html id identifier if illegal in income incorrect individual individuals inn integer internal invalid is issue \
    issued it item items its json key kind known kpp last latin least legal length less letters level license limit line list \
    locked long longer lookup lower mail mailing malformed manager mandatory many match matches maximum may member message \
    middle minimum missing mobile month more most must name names no none not null number numbers object of off ogrn on \
    onboarding one only operation operations optional or organisation organization other out over page parameter parse \
    passport password past patronymic pattern pay payload payment permission person personal persons phone phones please post \
    postal postcode present primary process property provide provided range reached read record reference references refused \
    regex region registration regular related request requests required residence resource risk rnn row rule same saved schema \
    score screening secondary security see segment separated seria series server service session sex short should sin since \
    size snils social some specified ssn state status step stored street string successful such supplied support supported \
    surname syntax system taken template tenant text than that the then there they this time timed timeout title to token too \
    transaction try type unable unauthorized under unexpected unique unknown unsupported up update upper use used user \
    username using valid validation value values verified violates violation warning warnings was were when which while with \
    within without wrong year years yet you your zip zipcode";

/// Beginnings of Russian words; endings of up to three letters may follow.
const STEMS: &str = "адрес анкет банк больш в верн взят внутренн возраст выдан выдач год гражданств дат действ длин для \
    договор долж документ допустим дубл до другой другого есть завершен заемщик запис заполн заполнен запрос зарегистрирован \
    значен и из или инн имеет им имен индекс истек истекл как кем клиент код корот кпп личн меньш менее может на найден неверн \
    невозможн недопустим некоррект необходим неправильн нет не неизвестн номер об обратит обязательн обязан огрн организац \
    отказ отсутств отчеств ошибк параметр паспорт подразделен пол поле пользовател по поля попробу почт прав превыш при пуст \
    регион регистрац с сери серия сесси сервер символ снилс содерж согласи созда сотрудник справочник статус строк существу \
    так такой таким такие телефон тип токен требу требует требуется уже указан улиц уникальн фамили фиас формат цифр через \
    число это этот является";

/// What one provider's errors speak of besides the members of the body that was sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Phrases {
    /// Names of members, between blanks.
    pub(super) members: &'static str,
    /// Members whose values are codes of closed lists: they tell nothing about a person, and their parts are words of the provider.
    pub(super) codes: &'static [&'static str],
}

impl Phrases {
    /// The provider's words as a template, without anybody's data.
    pub(super) fn quote(&self, text: &str, sent: &Body) -> String {
        // A brace of the provider's would look like a place of ours.
        let text: String = text.chars().map(|ch| if matches!(ch, '{' | '}') { ' ' } else { ch }).collect();
        let mut names = Vec::new();
        let mut values = sent.parse();
        self.without_codes(&mut values, &mut names);
        let template = masked(&redact(&text, &Body::new(&values)));
        self.kept(template.trim(), &names)
    }

    /// Whether all steps of a path are names of members.
    pub(super) fn is_path(&self, path: &str, sent: &Body) -> bool {
        let mut names = Vec::new();
        self.without_codes(&mut sent.parse(), &mut names);
        self.is_path_among(path, &names)
    }

    fn is_path_among(&self, path: &str, names: &[String]) -> bool {
        let steps = || path.split(['.', '/', '[', ']']).filter(|step| !step.is_empty());
        let is_step = |step: &str| {
            step.bytes().all(|byte| byte.is_ascii_digit()) || has(self.members, step) || names.iter().any(|name| name == step)
        };
        steps().next().is_some() && steps().all(is_step)
    }

    /// A template with nothing in it but places, signs, short numbers, words of errors and names of members.
    fn kept(&self, template: &str, names: &[String]) -> String {
        let mut kept = String::with_capacity(template.len());
        let mut rest = template;
        while let Some(first) = rest.chars().next() {
            let is_place = rest.starts_with("{/");
            let length = match rest.find('}') {
                Some(end) if is_place => end + 1,
                Some(_) | None if is_of_word(first) => rest.find(|ch| !is_of_word(ch)).unwrap_or(rest.len()),
                Some(_) | None => first.len_utf8(),
            };
            let (token, after) = rest.split_at(length);
            if is_place || first != HIDDEN && (!is_of_word(first) || self.may_stay(token, names)) {
                kept.push_str(token);
            } else {
                // Neighbours that go leave one sign.
                let end = kept.trim_end().len();
                if kept.trim_end().ends_with(HIDDEN) {
                    kept.truncate(end);
                } else {
                    kept.push(HIDDEN);
                }
            }
            rest = after;
        }
        kept
    }

    fn may_stay(&self, token: &str, names: &[String]) -> bool {
        if token.chars().all(char::is_numeric) {
            return true;
        }
        let word: String = token.to_lowercase().replace('ё', "е");
        self.is_path_among(token, names)
            || has(WORDS, &word)
            || names
                .iter()
                .map(String::as_str)
                .chain(self.members.split_whitespace())
                .any(|name| name.eq_ignore_ascii_case(token) || parts(name).any(|part| part.eq_ignore_ascii_case(token)))
            || STEMS.split_whitespace().any(|stem| word.strip_prefix(stem).is_some_and(|ending| is_ending(stem, ending)))
    }

    /// Takes codes and flags out of the body, and collects the words that are no data: names of members, and parts of those codes.
    fn without_codes(&self, value: &mut Value, names: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    names.push(name.clone());
                    if let (Value::String(code), true) = (&*member, self.codes.contains(&name.as_str())) {
                        names.extend(code.split('.').map(str::to_owned));
                        *member = Value::Null;
                    }
                    self.without_codes(member, names);
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.without_codes(item, names)),
            // As a part of a text a flag is any 0 or 1.
            Value::Number(number) if matches!(number.as_u64(), Some(0 | 1)) => *value = Value::Null,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

/// `street`, `Line1` of `streetLine1`: how some providers write the names of members for people.
fn parts(name: &str) -> impl Iterator<Item = &str> {
    let mut rest = name;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let end = rest.char_indices().skip(1).find(|(_, ch)| ch.is_uppercase()).map_or(rest.len(), |(at, _)| at);
        let (part, after) = rest.split_at(end.max(first.len_utf8()));
        rest = after;
        Some(part)
    })
}

/// Whether a type or code of an error is one, and not somebody's data.
pub(super) fn is_identifier(code: &str, sent: &Body) -> bool {
    code.len() <= 50
        && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        && masked(code) == code
        && !redact(code, sent).contains('{')
}

fn is_of_word(ch: char) -> bool {
    ch.is_alphanumeric() || ch == '_'
}

/// Short stems are whole words: a surname must not begin with one.
fn is_ending(stem: &str, ending: &str) -> bool {
    let letters = ending.chars().count();
    letters == 0 || (stem.chars().count() > 3 && letters <= 3)
}

fn has(words: &str, word: &str) -> bool {
    words.split_whitespace().any(|known| known == word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const PHRASES: Phrases = Phrases { members: "passport seria no fias", codes: &["customerType", "state"] };

    fn sent() -> Body {
        Body::new(&json!({
            "customerType": "customer.type.individual", "lastName": "Samplewoman", "email": "ada@example.com", "addresses": [],
            "PrimaryAddress": {"state": "geo.state.GA", "city": "Springfield", "streetLine1": "Elm St. 5"},
            "Phones": {"results": [{"isPrimary": 1}]},
        }))
    }

    #[test]
    fn nobody_is_told_by_a_refusal() {
        for text in [
            "Phone already found in the system (Customer ID 396: Johnny Test Doe).",
            "Phone found (Customer ID 7: Jane (J.) Roe) (Customer ID 8: Jay Doe",
            "Customer #7 Jane Roe already uses jane.roe@example.net",
            "Customer #7 jane roe already uses {/Jane/Roe} jane.roe@example.net, call (312) 555-0101",
            "‘Jane Roe’ has 3125550101; JANE-ROE Jane_Roe",
        ] {
            let kept = PHRASES.quote(text, &sent()).to_lowercase();
            for told in ["jane", "roe", "johnny", "doe", "jay", "@", "555", "0101"] {
                assert!(!kept.contains(told), "{text} -> {kept}");
            }
        }
    }

    #[test]
    fn what_helps_stays() {
        for (text, expected) in [
            ("Mail Address is required", "Mail Address is required"),
            ("The Street Line1 field must not be empty.", "The Street Line1 field must not be empty."),
            ("state geo.state.GA is not valid for customer 1", "state geo.state.GA is not valid for customer 1"),
            ("customer.type.individual: Samplewoman Springfield", "customer.type.individual: {/lastName} {/PrimaryAddress/city}"),
            ("PrimaryAddress: too long, at most 255 characters", "PrimaryAddress: too long, at most 255 characters"),
            ("Frobnication of the very customer failed", "… of the … customer failed"),
            ("passport.seria: required", "passport.seria: required"),
            ("Client Samplewoman already exists", "Client {/lastName} already exists"),
            ("Клиент уже существует, ведёт Сидорова Анна, sidorova@example.net", "Клиент уже существует, …"),
            ("клиент уже существует: сидорова анна", "клиент уже существует: …"),
            ("client Sidorova B. P. (+7 900 123-45-67) exists, status 409", "client …. …. (+…) exists, status 409"),
        ] {
            assert_eq!(PHRASES.quote(text, &sent()), expected);
        }
    }

    #[test]
    fn paths_and_identifiers_are_told_from_data() {
        assert!(PHRASES.is_path("passport.no", &sent()) && PHRASES.is_path("/addresses/0/fias", &sent()));
        assert!(!PHRASES.is_path("passport.sidorova", &sent()) && !PHRASES.is_path("", &sent()));
        for (code, expected) in [
            ("401-CN0001", true),
            ("Transaction.Warning_Exception", true),
            ("Jane Roe", false),
            ("Samplewoman", false),
            ("jane@example.net", false),
            ("3125550101", false),
        ] {
            assert_eq!(is_identifier(code, &sent()), expected, "{code}");
        }
    }
}
