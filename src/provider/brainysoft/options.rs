//! The settings that only BrainySoft's accounts have. Reads them; opens nothing.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::merge::{Dialect, FIAS, NATURAL};
use crate::provider::{AccountSettings, ProviderError};

/// Reference books whose place under the base address is known.
const BOOKS: [(&str, &str); 3] =
    [("countries", "dicts/countries"), ("head-positions", "dicts/head-positions"), ("branches", "dicts/branches")];

/// `[accounts.NAME]`, beyond what every account has.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::provider) struct Options {
    pub(super) auth: Auth,
    pub(super) token_url: Option<String>,
    pub(super) customer_key: Option<String>,
    pub(super) natural_person_name: Option<NaturalPersonName>,
    pub(super) fias_name: Option<FiasName>,
    pub(super) init_reuse: InitReuse,
    pub(super) absent_path: AbsentPath,
    pub(super) required_extra: Vec<String>,
    pub(super) dict_paths: BTreeMap<String, String>,
    pub(super) canary: Option<bool>,
    pub(super) resend_after_clean_search: bool,
    pub(super) allow_creation_date: bool,
    pub(super) creates_in_flight: Option<usize>,
}

/// How a token is had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Auth {
    /// Client id and secret at the token's address.
    #[default]
    Oauth,
    /// User and password at the core itself.
    LegacyLogin,
    /// A token that somebody gave us.
    StaticToken,
}

/// How the flag is called that makes a client a person.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) enum NaturalPersonName {
    #[serde(rename = "naturalPerson")]
    Camel,
    #[serde(rename = "naturalperson")]
    Lower,
}

/// How the code of an address is called.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) enum FiasName {
    #[serde(rename = "fias")]
    Fias,
    #[serde(rename = "fiasId")]
    FiasId,
}

/// Whether every client begins with an init of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum InitReuse {
    /// The documented way.
    #[default]
    PerRow,
    /// One for all clients: half the requests, and the dates of consent are those of the first.
    PerRun,
}

/// What becomes of a path that init does not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum AbsentPath {
    /// Sent, and told in the report.
    #[default]
    Warn,
    /// The row is refused before it is sent.
    Refuse,
}

impl Options {
    pub(super) fn dialect(&self) -> Dialect {
        let [camel, lower] = NATURAL;
        let [fias, fias_id] = FIAS;
        Dialect {
            natural_person: self.natural_person_name.map(|name| match name {
                NaturalPersonName::Camel => camel.to_owned(),
                NaturalPersonName::Lower => lower.to_owned(),
            }),
            fias: self.fias_name.map(|name| match name {
                FiasName::Fias => fias.to_owned(),
                FiasName::FiasId => fias_id.to_owned(),
            }),
            refuse_absent: self.absent_path == AbsentPath::Refuse,
        }
    }

    /// Where a reference book stands under the base address, as far as it is known. A rehearsal's server has one more.
    pub(super) fn book(&self, name: &str, is_loopback: bool) -> Option<&str> {
        let known = || BOOKS.iter().find(|(known, _)| *known == name).map(|(_, path)| *path);
        let rehearsed = || (is_loopback && name == "managers").then_some("dicts/managers");
        self.dict_paths.get(name).map(String::as_str).or_else(known).or_else(rehearsed)
    }

    /// What is wrong with settings that are well-formed.
    pub(super) fn check(&self, settings: &AccountSettings) -> Result<(), ProviderError> {
        let refuse = |why: String| ProviderError::Options { account: settings.name.clone(), why };
        for (name, path) in &self.dict_paths {
            let is_path = !path.is_empty()
                && !path.starts_with('/')
                && path.split('/').all(|step| !step.is_empty() && step != "." && step != "..")
                && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.'));
            if !is_path {
                return Err(refuse(format!("`dict_paths.{name}` is no path under the base address such as \"dicts/managers\"")));
            }
        }
        if self.auth == Auth::LegacyLogin && self.customer_key.as_deref().is_none_or(|key| key.trim().is_empty()) {
            return Err(refuse("`auth = \"legacy-login\"` needs `customer_key`".to_owned()));
        }
        if self.creates_in_flight == Some(0) {
            return Err(refuse("`creates_in_flight = 0` lets no client through".to_owned()));
        }
        Ok(())
    }
}

/// Where tokens are had: as the account says; for the provider's own hosts the neighbour that hands them out; for a rehearsal the
/// same server. `None`: it has to be said.
pub(super) fn token_url(written: Option<&str>, base: &str, is_loopback: bool) -> Option<String> {
    if let Some(written) = written {
        return Some(written.to_owned());
    }
    let (scheme, rest) = base.split_once("://")?;
    let host = rest.split('/').next()?;
    if is_loopback {
        return Some(format!("{scheme}://{host}/oauth/token"));
    }
    let customer = ["-saas.brainysoft.ru", "-api.brainysoft.ru"].iter().find_map(|domain| host.strip_suffix(domain))?;
    Some(format!("https://{customer}-auth.brainysoft.ru/oauth/token"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::SecretString;

    fn options(text: &str) -> Result<Options, ProviderError> {
        let settings =
            AccountSettings { options: toml::from_str(text).unwrap(), ..AccountSettings::new("main", SecretString::from("x")) };
        let options: Options = settings.options()?;
        options.check(&settings)?;
        Ok(options)
    }

    #[test]
    fn the_tokens_address_follows_from_the_providers_own_hosts_only() {
        let url = |base, loopback| token_url(None, base, loopback);
        let expected = Some("https://acme-auth.brainysoft.ru/oauth/token".to_owned());
        assert_eq!(url("https://acme-saas.brainysoft.ru/bs-core", false), expected);
        assert_eq!(url("https://acme-api.brainysoft.ru/core", false), expected);
        assert_eq!(url("https://core.acme.example/bs-core", false), None);
        assert_eq!(url("http://127.0.0.1:8080/bs-core", true).as_deref(), Some("http://127.0.0.1:8080/oauth/token"));
        assert_eq!(token_url(Some("https://a.example/t"), "https://b.example", false).as_deref(), Some("https://a.example/t"));
    }

    #[test]
    fn settings_are_checked_before_anything_is_sent() {
        let good = options("dict_paths = { managers = \"dicts/loan-managers\" }\nfias_name = \"fiasId\"").unwrap();
        assert_eq!(
            (good.book("managers", true), good.book("countries", false)),
            (Some("dicts/loan-managers"), Some("dicts/countries"))
        );
        assert_eq!(good.book("professions", true), None);
        assert_eq!(
            (Options::default().book("managers", true), Options::default().book("managers", false)),
            (Some("dicts/managers"), None)
        );
        assert_eq!(good.dialect().fias.as_deref(), Some("fiasId"));
        for bad in [
            "dict_paths = { managers = \"https://elsewhere.example/x\" }",
            "dict_paths = { managers = \"../x\" }",
            "dict_paths = { managers = \"dicts?x=1\" }",
            "auth = \"legacy-login\"",
            "auth = \"basic\"",
            "creates_in_flight = 0",
            "slots = {}",
            "natural_person_name = \"NaturalPerson\"",
        ] {
            assert!(matches!(options(bad), Err(ProviderError::Options { .. })), "{bad}");
        }
    }
}
