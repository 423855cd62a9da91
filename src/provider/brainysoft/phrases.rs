//! What may be kept of the provider's words. Its codes and texts are not published, and its texts may name other people (an employee, a
//! client who is there already), so what is not known to be harmless goes. Knows nothing of rows: their values are holes already.

use crate::provider::words::masked;

/// Stands for what was taken out.
const HIDDEN: char = '…';
/// Words of errors.
const WORDS: &str = "a access active account administrator after again already an and any array as at bad be before between blank body \
    boolean borrower branch building bureau but by can cannot card character characters check citizenship city client clients code \
    company constraint consent could country creation date day denied department digit digits document does duplicate duplicated \
    element email empty error errors exceeded exception exist existing exists expected expired expiry failed failure fias field fields \
    filled first flat forbidden format found for from greater has have house html id identifier illegal in income incorrect inn \
    integer internal invalid is issue issued it its json key kind kpp last latin length less letters limit list long lower \
    mandatory manager many maximum member message middle minimum missing mobile more most must name no not null number object of ogrn on \
    only or organization organisation page parameter passport patronymic person personal phone postcode reference refused region \
    registration request required residence row rnn same see seria series server session sex short should size snils status street \
    string surname support text than that the then there this timeout title to token too type unauthorized unexpected unique unknown \
    unsupported upper validation value values violation was with within without wrong year";
/// Beginnings of Russian words; endings of up to three letters may follow.
const STEMS: &str = "адрес анкет банк больш в верн взят внутренн возраст выдан выдач год гражданств дат действ длин для договор долж \
    документ допустим дубл до другой другого есть завершен заемщик запис заполн заполнен запрос зарегистрирован значен и из или инн имеет им имен индекс истек истекл \
    как кем клиент код корот кпп личн меньш менее может на найден неверн невозможн недопустим некоррект необходим неправильн нет не \
    неизвестн номер об обратит обязательн обязан огрн организац отказ отсутств отчеств ошибк параметр паспорт подразделен пол поле \
    пользовател по поля попробу почт прав превыш при пуст регион регистрац с сери серия сесси сервер символ снилс содерж согласи созда \
    сотрудник справочник статус строк существу так такой таким такие телефон тип токен требу требует требуется уже указан улиц уникальн фамили фиас формат \
    цифр через число это этот является";
/// Names of members that complaints speak of, beside those of the sent body.
const MEMBERS: &str = "naturalPerson naturalperson businessman lastName firstName patronymic birthDate birthCountryId birthPlace sexId \
    mobilePhone email rnn snils kpp title passport addressData registrationAddressData businessAddressData extraFields key managerId \
    maritalStatusId meanIncome childrenCount bureauConsent bureauConsentDate personalDataConsent personalDataConsentDate workPlaceData \
    complementaryDoc registrationNumber creationDate subdivisionId seria no issueDate closeDate manager subdivisionCode docTypeId countryId \
    postalCode regionName localityName streetName houseNo blockNo buildingNo apartmentNo fias fiasId fiasChainText fullAddressText";

/// A template with nothing in it but holes, signs, short numbers, words of errors and names of members; what was cut is a `…`.
pub(super) fn known(template: &str, is_member: &dyn Fn(&str) -> bool) -> String {
    let template = masked(template);
    let mut kept = String::with_capacity(template.len());
    let mut rest = template.as_str();
    while let Some(first) = rest.chars().next() {
        let is_hole = rest.starts_with("{/");
        let length = match rest.find('}') {
            Some(end) if is_hole => end + 1,
            Some(_) | None if is_of_word(first) => rest.find(|ch| !is_of_word(ch)).unwrap_or(rest.len()),
            Some(_) | None => first.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        if is_hole || !is_of_word(first) || may_stay(token, is_member) {
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

/// Whether all steps of a path are names of members.
pub(super) fn is_path(path: &str, is_member: &dyn Fn(&str) -> bool) -> bool {
    let steps = || path.split(['.', '/', '[', ']']).filter(|step| !step.is_empty());
    let is_step = |step: &str| step.bytes().all(|byte| byte.is_ascii_digit()) || has(MEMBERS, step) || is_member(step);
    steps().next().is_some() && steps().all(is_step)
}

fn is_of_word(ch: char) -> bool {
    ch.is_alphanumeric() || ch == '_'
}

fn may_stay(token: &str, is_member: &dyn Fn(&str) -> bool) -> bool {
    if token.chars().all(char::is_numeric) {
        return true;
    }
    let word: String = token.to_lowercase().replace('ё', "е");
    is_path(token, is_member)
        || has(WORDS, &word)
        || STEMS.split_whitespace().any(|stem| word.strip_prefix(stem).is_some_and(|ending| is_ending(stem, ending)))
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

    #[test]
    fn names_go_and_what_is_wrong_stays() {
        for (text, kept) in [
            ("passport.seria: required", "passport.seria: required"),
            ("Client {/lastName} already exists", "Client {/lastName} already exists"),
            ("Клиент уже существует, ведёт Сидорова Анна, sidorova@example.net", "Клиент уже существует, … …"),
            ("клиент уже существует: сидорова анна", "клиент уже существует: …"),
            ("Поле «{/passport/no}» обязательно для заполнения", "Поле «{/passport/no}» обязательно для заполнения"),
            ("client Sidorova B. P. (+7 900 123-45-67) exists, status 409", "client …. …. (+…) exists, status 409"),
        ] {
            assert_eq!(known(text, &|_| false), kept);
        }
        assert!(is_path("passport.no", &|_| false) && is_path("/addresses/0/fias", &|name| name == "addresses"));
        assert!(!is_path("passport.sidorova", &|_| false) && !is_path("", &|_| true));
    }
}
