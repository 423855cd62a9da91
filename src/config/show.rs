//! What is in force, and from where: for `config show`. Secrets are told by their places only.

use std::fmt;

use serde_json::Value;

use super::Config;
use super::accounts::Account;
use super::environment::env;
use super::schema::{self, Keys};
use super::secret::{Source, check_private};
use crate::provider;

/// Stands for what is not shown.
const MASKED: &str = "***";

/// Where a setting comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// The configuration.
    File,
    /// A variable.
    Variable(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.pad("default"),
            Self::File => f.pad("file"),
            Self::Variable(name) => f.pad(&format!("variable {name}")),
        }
    }
}

/// One setting in force.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Its key in its table.
    pub key: String,
    /// Its value; `None` where nothing is set and no default holds.
    pub value: Option<Value>,
    /// Where that comes from.
    pub origin: Origin,
    /// What it is for.
    pub about: String,
    /// What is wrong with it.
    pub problem: Option<String>,
}

/// A table of the configuration, such as `sending` or `accounts.main`; the keys outside of any table have an empty name.
#[derive(Clone, Debug)]
pub struct Section {
    /// Its name.
    pub name: String,
    /// Its settings.
    pub settings: Vec<Setting>,
}

impl Config {
    /// Everything in force, table by table; accounts by name, or the one that only variables describe.
    #[must_use]
    pub fn in_force(&self, account: Option<&str>) -> Vec<Section> {
        let tables = ["accounts", "providers"];
        let nested = |name: &str| !schema::table(name).is_empty();
        let top = schema::top();
        let plain = top.iter().filter(|(key, _)| !tables.contains(&key.as_str()) && !nested(key));
        let mut sections = vec![section("", plain, Some(&self.written))];
        for (name, _) in top.iter().filter(|(key, _)| nested(key)) {
            let written = self.written.get(name).and_then(toml::Value::as_table);
            sections.push(section(name, schema::table(name).iter(), written));
        }
        for (name, described) in self.accounts.iter().filter(|(name, _)| account.is_none_or(|wanted| wanted == name.as_str())) {
            sections.push(self.account_section(name, described));
        }
        for (name, place) in &self.providers {
            let profile = Setting {
                key: "profile".to_owned(),
                value: Some(place.profile.display().to_string().into()),
                origin: Origin::File,
                about: String::new(),
                problem: None,
            };
            sections.push(Section { name: format!("providers.{name}"), settings: vec![profile] });
        }
        sections
    }

    fn account_section(&self, name: &str, account: &Account) -> Section {
        const PLACES: [&str; 4] = ["token_env", "token_file", "token_command", "secrets"];
        let written = self.written.get("accounts").and_then(|accounts| accounts.get(name)).and_then(toml::Value::as_table);
        let keys: Keys = schema::account(&account.provider);
        let mut section =
            section(&format!("accounts.{name}"), keys.iter().filter(|(key, _)| !PLACES.contains(&key.as_str())), written);
        for secret in provider::secrets(&account.provider, self.own(&account.provider).as_deref()) {
            let source = Source::of(account, &secret);
            let (origin, problem) = match &source {
                Source::Set(variable) => (Origin::Variable(variable.clone()), None),
                Source::Variable(variable) => (Origin::File, env(variable).is_none().then(|| format!("{variable} is not set"))),
                Source::File(path) => {
                    let of_variable = secret.variables.iter().map(|name| format!("{name}_FILE")).find(|name| env(name).is_some());
                    let problem = match std::fs::metadata(path) {
                        Err(why) => Some(why.to_string()),
                        Ok(_) => check_private("it", path, self.secret_files()).err().map(|failure| failure.to_string()),
                    };
                    (of_variable.map_or(Origin::File, Origin::Variable), problem)
                }
                Source::Command(_) => (Origin::File, None),
                Source::Missing => (Origin::Default, secret.required.then(|| "it is needed and not there".to_owned())),
            };
            section.settings.push(Setting {
                key: format!("secrets.{}", secret.name),
                value: (source != Source::Missing).then(|| format!("{MASKED} ({})", source.describe()).into()),
                origin,
                about: "A secret, never shown.".to_owned(),
                problem,
            });
        }
        section
    }
}

fn section<'k>(name: &str, keys: impl Iterator<Item = (&'k String, &'k Value)>, written: Option<&toml::Table>) -> Section {
    let setting = |(key, schema): (&String, &Value)| {
        let variable = schema::variable(schema).and_then(|name| Some((name, env(name)?)));
        let (value, origin) = match (variable, written.and_then(|table| table.get(key))) {
            (Some((name, text)), _) => (Some(as_written(schema, text)), Origin::Variable(name.to_owned())),
            (None, Some(value)) => (serde_json::to_value(value).ok(), Origin::File),
            (None, None) => (schema.get("default").cloned(), Origin::Default),
        };
        Setting {
            key: key.clone(),
            value: value.map(|value| masked(key, value)),
            origin,
            about: schema.get("description").and_then(Value::as_str).unwrap_or_default().to_owned(),
            problem: None,
        }
    };
    Section { name: name.to_owned(), settings: keys.map(setting).collect() }
}

/// A variable's text as a number where the key wants one.
fn as_written(schema: &Value, text: String) -> Value {
    match schema.get("type").and_then(Value::as_str) {
        Some("integer") => text.parse::<u64>().map_or(Value::String(text), Value::from),
        _ => Value::String(text),
    }
}

/// A value without what may be secret in it: headers, and who asks a proxy.
fn masked(key: &str, value: Value) -> Value {
    match (key, value) {
        ("extra_headers", Value::Object(headers)) => {
            Value::Object(headers.into_iter().map(|(name, _)| (name, MASKED.into())).collect())
        }
        // Arguments and the paths of webhooks may be secrets.
        ("on_finish" | "on_change", Value::Array(words)) => words.into_iter().next().unwrap_or_default(),
        ("on_finish" | "on_change", Value::String(url)) => Value::String(host_alone(&url)),
        ("on_finish" | "on_change", Value::Object(mut hook)) => {
            if let Some(Value::String(url)) = hook.get_mut("url") {
                *url = host_alone(url);
            }
            Value::Object(hook)
        }
        (_, Value::String(text)) => Value::String(without_user(&text)),
        (_, value) => value,
    }
}

/// An address without user, password, path and query.
fn host_alone(url: &str) -> String {
    let url = without_user(url);
    match url.split_once("://") {
        Some((scheme, rest)) => format!("{scheme}://{}/{MASKED}", rest.split(['/', '?', '#']).next().unwrap_or_default()),
        None => MASKED.to_owned(),
    }
}

/// An address without user and password.
fn without_user(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    match authority.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://{MASKED}@{host}{path}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lose_user_and_password() {
        assert_eq!(without_user("http://me:pa@ss@proxy:3128/x@y"), "http://***@proxy:3128/x@y");
        assert_eq!(without_user("https://bank.example/a@b"), "https://bank.example/a@b");
        assert_eq!(without_user("reports/me@home"), "reports/me@home");
        assert_eq!(host_alone("https://me:pass@hooks.example/T0/secret?key=1"), "https://***@hooks.example/***");
    }
}
