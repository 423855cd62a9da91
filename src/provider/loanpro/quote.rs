//! What is kept of LoanPro's words: those of a list, and places of the row's own values. Knows no statuses.
//!
//! A refusal may speak of any customer of the tenant in words that are not documented, and nobody can tell a name from another word. So
//! a word that is not on the list is lost rather than kept.

use serde_json::Value;

use crate::model::Body;
use crate::model::redact::redact;
use crate::provider::words::masked;

/// Members whose values are codes of closed lists: they tell nothing about a person, and their parts are words of the provider.
const CODES: &[&str] = &[
    "accountType",
    "cardType",
    "country",
    "customerIdType",
    "customerType",
    "gender",
    "generationCode",
    "incomeFrequency",
    "payDateFrequency",
    "relation",
    "state",
    "type",
];

/// Words that are kept, without letter case.
const KNOWN: &str = "a about accepted access account active added address addresses after again agent all allowed already an and any are \
    as at available bad be been before belongs birth blank both but by can cannot card characters check city code codes collection company \
    contact contain contains country create created credit customer customers data date day days denied digit digits does driver \
    duplicate e each either email empty employer entity error exceeded exceeds exist existing exists expected failed field fields first \
    for forbidden format found from future gender given greater had has have id identifier if in income incorrect integer internal \
    invalid is it its json key known last least length less license limit list long longer lookup mail mailing malformed may maximum member \
    message middle minimum missing month more most must name names no none not null number numbers object of on one only or other out \
    over parse password past pay payload payment permission phone phones please post postal present primary property provide provided range \
    reached read record reference references refused request requests required resource same saved schema score secondary see segment \
    server service should since sin social security some ssn state status stored string such supported syntax system taken tenant than that \
    the there they this time timed title to token too transaction try type unable under unexpected unique unknown unsupported up \
    update use used user username using valid validation value values verified warning warnings was were when which while with within without \
    wrong year years yet you your zip zipcode html page explanation body answer cut off \
    accessPassword accessUserName accountType address1 address2 birthDate cardType CheckingAccount companyName contactName \
    CreditCard creditLimit CreditScore customerId customerIdType customerType customId CustomFieldValues driverLicense \
    firstName generationCode geoLat geoLon hireDate incomeFrequency isPrimary isSecondary lastName MailAddress middleName \
    payDate payDateFrequency PaymentAccounts PrimaryAddress primaryPhone relation results secondaryPhone zipcode";

/// The provider's words as a template, without anybody's data.
pub(super) fn quote(text: &str, sent: &Body) -> String {
    // A brace of the provider's would look like a place of ours.
    let text: String = text.chars().map(|ch| if matches!(ch, '{' | '}') { ' ' } else { ch }).collect();
    let mut members = Vec::new();
    let mut values = sent.parse();
    without_codes(&mut values, &mut members);
    let template = masked(&redact(&text, &Body::new(&values)));
    let mut kept = String::with_capacity(template.len());
    let mut rest = template.as_str();
    while let Some(first) = rest.chars().next() {
        let end = if first == '{' {
            rest.find('}').map_or(rest.len(), |end| end + 1)
        } else if first.is_alphanumeric() {
            rest.find(|ch: char| !ch.is_alphanumeric()).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (piece, after) = rest.split_at(end);
        let is_kept = !first.is_alphabetic() && !piece.contains(char::is_alphabetic)
            || first == '{'
            || members.iter().any(|word| word.as_str() == piece)
            || KNOWN.split_ascii_whitespace().any(|word| word.eq_ignore_ascii_case(piece));
        kept.push_str(if is_kept { piece } else { "…" });
        rest = after;
    }
    shortened(&kept)
}

/// `… … …` as one.
fn shortened(text: &str) -> String {
    let mut words: Vec<&str> = Vec::new();
    for word in text.split_whitespace() {
        if !(word == "…" && words.last() == Some(&"…")) {
            words.push(word);
        }
    }
    words.join(" ")
}

/// Takes codes and flags out of the body, and collects the words that are no data: names of members, and parts of those codes.
fn without_codes(value: &mut Value, words: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                words.push(name.clone());
                if let (Value::String(code), true) = (&*member, CODES.contains(&name.as_str())) {
                    words.extend(code.split('.').map(str::to_owned));
                    *member = Value::Null;
                }
                without_codes(member, words);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| without_codes(item, words)),
        // As a part of a text a flag is any 0 or 1.
        Value::Number(number) if matches!(number.as_u64(), Some(0 | 1)) => *value = Value::Null,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Whether a type or code of an error is one, and not somebody's data.
pub(super) fn is_identifier(code: &str, sent: &Body) -> bool {
    code.len() <= 50
        && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        && masked(code) == code
        && !redact(code, sent).contains('{')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sent() -> Body {
        Body::new(&json!({
            "customerType": "customer.type.individual", "lastName": "Samplewoman", "email": "ada@example.com",
            "PrimaryAddress": {"state": "geo.state.GA", "city": "Springfield"}, "Phones": {"results": [{"isPrimary": 1}]},
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
            let kept = quote(text, &sent()).to_lowercase();
            for told in ["jane", "roe", "johnny", "doe", "jay", "@", "555", "0101"] {
                assert!(!kept.contains(told), "{text} -> {kept}");
            }
        }
    }

    #[test]
    fn what_helps_stays() {
        for (text, expected) in [
            ("Mail Address is required", "Mail Address is required"),
            ("state geo.state.GA is not valid for customer 1", "state geo.state.GA is not valid for customer 1"),
            ("customer.type.individual: Samplewoman Springfield", "customer.type.individual: {/lastName} {/PrimaryAddress/city}"),
            ("PrimaryAddress: too long, at most 255 characters", "PrimaryAddress: too long, at most 255 characters"),
            ("Frobnication of the very customer failed", "… of the … customer failed"),
        ] {
            assert_eq!(quote(text, &sent()), expected);
        }
    }

    #[test]
    fn identifiers_are_told_from_data() {
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
