//! The row's part laid into the object that `init` gave, so that not a member of it is lost. Sends nothing, checks no value.

use super::json::Json;

/// How an account's installation spells what the documentation spells in two ways, and what becomes of unknown paths.
#[derive(Clone, Debug, Default)]
pub(super) struct Dialect {
    /// `naturalPerson` or `naturalperson`, where init does not tell.
    pub(super) natural_person: Option<String>,
    /// `fias` or `fiasId`, where init's address does not tell.
    pub(super) fias: Option<String>,
    /// A path that init does not know is refused instead of sent.
    pub(super) refuse_absent: bool,
}

/// The two spellings of the natural person's flag; contracts use the first.
pub(super) const NATURAL: [&str; 2] = ["naturalPerson", "naturalperson"];
/// The two spellings of an address code; contracts use the first.
pub(super) const FIAS: [&str; 2] = ["fias", "fiasId"];
/// Consents whose date goes when they are refused.
pub(super) const CONSENTS: [(&str, &str); 2] =
    [("bureauConsent", "bureauConsentDate"), ("personalDataConsent", "personalDataConsentDate")];
/// Where addresses stand: single ones, and a list of them.
const ADDRESSES: [&str; 4] = ["addressData", "registrationAddressData", "businessAddressData", "addresses"];

/// The object to send.
#[derive(Debug)]
pub(super) struct Merged {
    pub(super) object: Json,
    /// The row's part in the installation's spelling: what has to be found again in what was stored.
    pub(super) part: Json,
    /// JSON pointers of what the row brings and init does not know.
    pub(super) absent: Vec<String>,
}

/// Why there is nothing to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoMerge {
    /// A plain value meets an object or list, or the reverse.
    Clash(String),
    /// A path that init does not know, and the account refuses these.
    Absent(String),
    /// Init tells neither spelling of the flag that makes the kind of client, or both, and the account does not say.
    NaturalPersonUnknown,
}

/// Lays the row's part into init's object.
pub(super) fn merge(init: &Json, part: &Json, dialect: &Dialect) -> Result<Merged, NoMerge> {
    let mut part = part.clone();
    spell_natural_person(init, &mut part, dialect)?;
    spell_addresses(init, &mut part, dialect);
    take_dates_of_refused_consents(&mut part);
    let mut object = init.clone();
    let mut absent = Vec::new();
    lay(&mut object, &part, "", &mut absent)?;
    for name in ADDRESSES {
        if let (Some(address), Some(given)) = (member_mut(&mut object, name), part.member(name)) {
            empty_chain_text(address, given);
        }
    }
    if let (true, Some(first)) = (dialect.refuse_absent, absent.first()) {
        return Err(NoMerge::Absent(first.clone()));
    }
    Ok(Merged { object, part, absent })
}

fn spell_natural_person(init: &Json, part: &mut Json, dialect: &Dialect) -> Result<(), NoMerge> {
    let [contract, other] = NATURAL;
    let spelling = match (init.member(contract).is_some(), init.member(other).is_some(), &dialect.natural_person) {
        (true, false, _) => contract,
        (false, true, _) => other,
        (true, true, Some(name)) | (false, false, Some(name)) => name.as_str(),
        (true, true, None) | (false, false, None) => return Err(NoMerge::NaturalPersonUnknown),
    };
    rename(part, contract, spelling);
    Ok(())
}

fn spell_addresses(init: &Json, part: &mut Json, dialect: &Dialect) {
    let [contract, other] = FIAS;
    for name in ADDRESSES {
        let known = init.member(name);
        let spelling = match (known.and_then(|address| address.member(contract)), known.and_then(|address| address.member(other)))
        {
            (Some(_), _) => contract,
            (None, Some(_)) => other,
            (None, None) => dialect.fias.as_deref().unwrap_or(contract),
        };
        match member_mut(part, name) {
            Some(Json::Array(items)) => items.iter_mut().for_each(|item| rename(item, contract, spelling)),
            Some(address) => rename(address, contract, spelling),
            None => {}
        }
    }
}

/// Init fills the dates of consents; a consent that is refused must not keep one.
fn take_dates_of_refused_consents(part: &mut Json) {
    for (consent, date) in CONSENTS {
        if part.member(consent) == Some(&Json::Bool(false))
            && part.member(date).is_none()
            && let Json::Object(members) = part
        {
            members.push((date.to_owned(), Json::Null));
        }
    }
}

/// The core completes an address only while its chain text is empty.
fn empty_chain_text(address: &mut Json, given: &Json) {
    if FIAS.iter().any(|name| given.member(name).is_some())
        && let Some(chain) = member_mut(address, "fiasChainText")
        && chain.filled().is_some()
    {
        *chain = Json::Text(String::new());
    }
}

fn lay(into: &mut Json, part: &Json, path: &str, absent: &mut Vec<String>) -> Result<(), NoMerge> {
    let clash = || Err(NoMerge::Clash(path.to_owned()));
    match (&mut *into, part) {
        (Json::Null, _) => *into = part.clone(),
        (Json::Object(_), Json::Object(members)) => {
            for (name, value) in members {
                let below = format!("{path}/{}", escaped(name));
                match member_mut(into, name) {
                    Some(known) => lay(known, value, &below, absent)?,
                    None => {
                        if let Json::Object(known) = into {
                            known.push((name.clone(), value.clone()));
                        }
                        absent.push(below);
                    }
                }
            }
        }
        (Json::Array(known), Json::Array(items)) => {
            for item in items {
                match known.iter_mut().find(|known| is_same_extra_field(known, item)) {
                    Some(known) => lay(known, item, path, absent)?,
                    None => known.push(item.clone()),
                }
            }
        }
        (Json::Object(_), _) | (Json::Array(_), _) => return clash(),
        (Json::Bool(_) | Json::Number(_) | Json::Text(_), Json::Object(_) | Json::Array(_)) => return clash(),
        (Json::Bool(_) | Json::Number(_) | Json::Text(_), _) => *into = part.clone(),
    }
    Ok(())
}

/// Extra fields are told apart by their keys; items of other lists have none.
fn is_same_extra_field(known: &Json, item: &Json) -> bool {
    match (known.member("key"), item.member("key")) {
        (Some(known), Some(item)) => known.text().is_some() && known == item,
        (Some(_) | None, _) => false,
    }
}

fn member_mut<'a>(value: &'a mut Json, name: &str) -> Option<&'a mut Json> {
    match value {
        Json::Object(members) => members.iter_mut().find(|(known, _)| known == name).map(|(_, value)| value),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Array(_) => None,
    }
}

fn rename(value: &mut Json, from: &str, to: &str) {
    if let Json::Object(members) = value {
        for (name, _) in members.iter_mut().filter(|(name, _)| name == from) {
            to.clone_into(name);
        }
    }
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Json {
        Json::parse(text).unwrap()
    }

    fn merged(init: &str, part: &str) -> Result<Merged, NoMerge> {
        merge(&json(init), &json(part), &Dialect { natural_person: Some("naturalPerson".into()), ..Dialect::default() })
    }

    fn object(init: &str, part: &str) -> String {
        merged(init, part).unwrap().object.write()
    }

    #[test]
    fn every_line_of_the_merge_table() {
        // Known as null: whatever the row brings.
        assert_eq!(object(r#"{"a":null,"b":null,"c":null}"#, r#"{"a":1,"b":{"x":2},"c":[3]}"#), r#"{"a":1,"b":{"x":2},"c":[3]}"#);
        // Objects are merged, what the row does not know stays, numbers keep their digits and members their order.
        assert_eq!(
            object(r#"{"z":{"q":null,"p":9007199254740993},"a":1.10,"e":""}"#, r#"{"z":{"p":"1"}}"#),
            r#"{"z":{"q":null,"p":"1"},"a":1.10,"e":""}"#
        );
        // Plain values are replaced, by null too.
        assert_eq!(object(r#"{"a":"x","b":1}"#, r#"{"a":false,"b":null}"#), r#"{"a":false,"b":null}"#);
        // Lists grow; an extra field with the same key is updated in place.
        assert_eq!(
            object(
                r#"{"l":[1],"extraFields":[{"id":5,"key":"k","value":"old"},{"id":6,"key":"p","value":"keep"}]}"#,
                r#"{"l":[2],"extraFields":[{"key":"k","value":"new"},{"key":"n","value":"v"}]}"#
            ),
            r#"{"l":[1,2],"extraFields":[{"id":5,"key":"k","value":"new"},{"id":6,"key":"p","value":"keep"},{"key":"n","value":"v"}]}"#
        );
        // Absent: inserted and told with the whole path.
        let absent = merged(r#"{"a":{"b":1}}"#, r#"{"a":{"c/d":1},"e":{"f":1}}"#).unwrap();
        assert_eq!(absent.object.write(), r#"{"a":{"b":1,"c/d":1},"e":{"f":1}}"#);
        assert_eq!(absent.absent, ["/a/c~1d", "/e"]);
        for (init, part, path) in [
            (r#"{"a":{"b":1}}"#, r#"{"a":1}"#, "/a"),
            (r#"{"a":{"b":1}}"#, r#"{"a":[1]}"#, "/a"),
            (r#"{"a":[1]}"#, r#"{"a":{"b":1}}"#, "/a"),
            (r#"{"a":[1]}"#, r#"{"a":"x"}"#, "/a"),
            (r#"{"a":{"b":"x"}}"#, r#"{"a":{"b":{"c":1}}}"#, "/a/b"),
            (r#"{"a":1}"#, r#"{"a":[1]}"#, "/a"),
        ] {
            assert_eq!(merged(init, part).unwrap_err(), NoMerge::Clash(path.into()), "{init} {part}");
        }
    }

    #[test]
    fn a_path_that_init_does_not_know_may_be_refused() {
        let dialect = Dialect { refuse_absent: true, ..Dialect::default() };
        let refused = merge(&json(r#"{"naturalPerson":true}"#), &json(r#"{"nickName":"x"}"#), &dialect);
        assert_eq!(refused.unwrap_err(), NoMerge::Absent("/nickName".into()));
    }

    #[test]
    fn flags_and_address_codes_take_inits_spelling() {
        let part = json(r#"{"naturalPerson":false,"addressData":{"fias":"g"},"addresses":[{"fias":"h"}]}"#);
        let spelled = |init: &str, dialect: &Dialect| merge(&json(init), &part, dialect).map(|merged| merged.object.write());
        let auto = Dialect::default();
        assert_eq!(
            spelled(r#"{"naturalperson":true,"addressData":{"fiasId":"","fiasChainText":"old"},"addresses":[]}"#, &auto).unwrap(),
            r#"{"naturalperson":false,"addressData":{"fiasId":"g","fiasChainText":""},"addresses":[{"fias":"h"}]}"#
        );
        for init in [
            r#"{"addressData":null,"addresses":[]}"#,
            r#"{"naturalPerson":true,"naturalperson":true,"addressData":null,"addresses":[]}"#,
        ] {
            assert_eq!(spelled(init, &auto).unwrap_err(), NoMerge::NaturalPersonUnknown);
            let told =
                Dialect { natural_person: Some("naturalperson".into()), fias: Some("fiasId".into()), ..Dialect::default() };
            let text = spelled(init, &told).unwrap();
            assert!(text.contains(r#""naturalperson":false"#) && text.contains(r#""addressData":{"fiasId":"g"}"#), "{text}");
        }
    }

    #[test]
    fn a_refused_consent_loses_inits_date() {
        assert_eq!(
            object(r#"{"bureauConsent":true,"bureauConsentDate":"2026-11-21"}"#, r#"{"bureauConsent":false}"#),
            r#"{"bureauConsent":false,"bureauConsentDate":null}"#
        );
        assert_eq!(
            object(r#"{"bureauConsent":true,"bureauConsentDate":"2026-11-21"}"#, r#"{"bureauConsent":true}"#),
            r#"{"bureauConsent":true,"bureauConsentDate":"2026-11-21"}"#
        );
    }
}
