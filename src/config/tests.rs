//! The configuration against its schema: the same keys, the same defaults.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value;

use super::schema;
use super::*;
use crate::provider::CodeMeaning;

const PROVIDERS: [&str; 4] = ["brainysoft", "finlego", "loanpro", "tbank"];

fn config(text: &str) -> Result<Config, Failure> {
    Config::parse(text, Path::new("clientferry.toml"))
}

/// A value that a key takes, other than its default where there is a choice.
fn sample(schema: &Value) -> String {
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return values.last().unwrap().to_string();
    }
    let kind = schema.get("type").and_then(|kind| kind.as_str().or_else(|| kind.get(0)?.as_str()));
    match kind.unwrap_or("string") {
        "integer" => "7".to_owned(),
        "boolean" => "true".to_owned(),
        "array" => "[\"a\"]".to_owned(),
        "object" => match schema.get("properties").and_then(Value::as_object) {
            Some(properties) => {
                let inner: Vec<String> = properties.iter().map(|(key, schema)| format!("{key} = {}", sample(schema))).collect();
                format!("{{ {} }}", inner.join(", "))
            }
            None if schema.pointer("/additionalProperties/enum").is_some() => "{ A1 = \"halt\" }".to_owned(),
            None => "{ a = \"b\" }".to_owned(),
        },
        _ => "\"5%\"".to_owned(),
    }
}

#[test]
fn every_key_of_the_schema_is_read() {
    let tables = ["sending", "accounts", "providers", "hooks"];
    for (key, schema) in schema::top().iter().filter(|(key, _)| !tables.contains(&key.as_str())) {
        config(&format!("{key} = {}\n", sample(schema))).unwrap();
    }
    for (key, schema) in schema::table("sending") {
        config(&format!("[sending]\n{key} = {}\n", sample(schema))).unwrap();
    }
    for hook in ["[\"a\"]", "\"https://a.example/x\"", "{ url_env = \"A\", secret_env = \"B\" }"] {
        config(&format!("[hooks]\non_finish = {hook}\non_change = {hook}\ntimeout_s = 7\n")).unwrap();
    }
    for provider in PROVIDERS.iter().chain(&["mine"]) {
        for (key, schema) in schema::account(provider).iter().filter(|(key, _)| *key != "provider" && *key != "secrets") {
            let text = format!("[accounts.main]\nprovider = \"{provider}\"\n{key} = {}\n", sample(schema));
            let config = config(&text).unwrap_or_else(|failure| panic!("{text}{failure}"));
            let account = &config.accounts["main"];
            let own_keys = schema::account("mine");
            // What is every account's is not left over for the provider; what is not, the provider knows.
            assert_eq!(account.options.is_empty(), own_keys.contains_key(key), "{provider} {key}");
            provider::check_options(provider, &account.options).unwrap();
        }
    }
}

/// The names in what serde says about a key that it does not know.
fn expected(message: &str) -> BTreeSet<&str> {
    message.split('`').skip(1).step_by(2).filter(|name| *name != "zz").collect()
}

fn names(keys: schema::Keys) -> BTreeSet<&'static str> {
    keys.keys().map(String::as_str).collect()
}

#[test]
fn the_schema_has_every_key_that_is_read() {
    let message = toml::from_str::<Config>("zz = 1").unwrap_err().message().to_owned();
    assert_eq!(expected(&message), names(schema::top()));
    let message = toml::from_str::<Config>("[sending]\nzz = 1").unwrap_err().message().to_owned();
    assert_eq!(expected(&message), names(schema::table("sending")));
    let message = toml::from_str::<Config>("[hooks]\nzz = 1").unwrap_err().message().to_owned();
    assert_eq!(expected(&message), names(schema::table("hooks")));
    let common = names(schema::account("mine"));
    let zz: toml::Table = toml::from_str("zz = 1").unwrap();
    for provider in PROVIDERS {
        let message = provider::check_options(provider, &zz).unwrap_err();
        let own: BTreeSet<&str> = names(schema::account(provider)).difference(&common).copied().collect();
        assert_eq!(expected(&message), own, "{provider}");
    }
    // A flattened table swallows what it does not know, so the type's own text is asked.
    let body = include_str!("accounts.rs").split_once("pub(super) struct Account ").unwrap().1.split_once("\n}").unwrap().0;
    let fields: BTreeSet<&str> =
        body.lines().filter_map(|line| line.trim().strip_prefix("pub(super) ")?.split_once(": ")).map(|(name, _)| name).collect();
    assert_eq!(fields, common.iter().copied().chain(["options"]).collect());
}

#[test]
fn the_defaults_of_the_schema_are_those_that_hold() {
    let written = |keys: schema::Keys| -> String {
        keys.iter().filter_map(|(key, schema)| Some((key, schema.get("default")?))).fold(
            String::new(),
            |mut text, (key, value)| {
                let _ = writeln!(text, "{key} = {value}");
                text
            },
        )
    };
    let bare = config("").unwrap();
    let full = config(&format!("{}[sending]\n{}", written(schema::top()), written(schema::table("sending")))).unwrap();
    assert_eq!(format!("{:?}", full.submit_settings().unwrap()), format!("{:?}", bare.submit_settings().unwrap()));
    assert_eq!((full.journal(None), full.reports()), (bare.journal(None), bare.reports()));
    assert_eq!(full.secret_files.unwrap(), SecretFiles::default());
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "t0ken").unwrap();
    for provider in ["finlego", "loanpro", "tbank"] {
        let account = |rest: &str| {
            let text =
                format!("secret_files = \"any\"\n[accounts.main]\nprovider = \"{provider}\"\ntoken_file = {token:?}\n{rest}");
            let mut settings = config(&text).unwrap().account("main", provider).unwrap();
            settings.options.clear();
            format!("{settings:?}")
        };
        assert_eq!(account(&written(schema::account(provider))), account(""), "{provider}");
    }
}

#[test]
fn a_key_that_is_not_known_is_told_with_its_line_and_the_nearest() {
    let told = |text: &str| config(text).unwrap_err().to_string();
    assert!(
        told("# x\njornal = \"a\"\n")
            .contains("clientferry.toml:2 is not valid: the key `jornal` is not known; did you mean `journal`?")
    );
    let text = "[accounts.main]\nprovider = \"tbank\"\ntokne_file = \"secret-canary\"\n";
    assert!(
        told(text).contains(":3 is not valid: the key `tokne_file` in [accounts.main] is not known; did you mean `token_file`?")
    );
    assert!(!told(text).contains("secret-canary"));
    assert!(told("[accounts.main]\nprovider = \"tbank\"\ntenant_id = 5\n").contains("`tenant_id` in [accounts.main]"));
    config("[accounts.main]\nprovider = \"loanpro\"\ntenant_id = 5\n").unwrap();
    assert!(told("[accounts.m]\nprovider = \"tbank\"\nsecrets.token.fiel = \"a\"\n").contains("[accounts.m.secrets.token]"));
    assert!(told("[sending]\n\ncanari = 5\n").contains(":3 "));
    assert!(told("[providers.mine]\nprofil = \"a\"\n").contains("did you mean `profile`?"));
}

#[test]
fn a_secret_lies_in_one_place() {
    let told = |text: &str| {
        let config = config(text).unwrap();
        config.accounts["main"].check("main", Path::new("clientferry.toml"), None)
    };
    let account = |rest: &str| format!("[accounts.main]\nprovider = \"tbank\"\n{rest}\n");
    for good in ["", "token_file = \"a\"", "token_command = [\"a\"]", "secrets.token = { command = [\"a\"] }"] {
        told(&account(good)).unwrap();
    }
    for bad in ["token_file = \"a\"\ntoken_env = \"B\"", "secrets.token = { env = \"A\", file = \"b\" }", "secrets.token = {}"] {
        told(&account(bad)).unwrap_err();
    }
}

#[test]
fn what_is_in_force_is_told_with_its_place_and_without_secrets() {
    let text = "reports = \"out\"\n[sending]\ncanary = 3\n[accounts.main]\nprovider = \"finlego\"\nproxy = \"http://me:pass-canary@proxy:1\"\n\
                extra_headers = { X-Tenant = \"header-canary\" }\ntoken_command = [\"pass\", \"argument-canary\"]\n";
    let sections = config(text).unwrap().in_force(None);
    let settings: BTreeMap<String, &Setting> = sections
        .iter()
        .flat_map(|section| section.settings.iter().map(move |setting| (format!("{}/{}", section.name, setting.key), setting)))
        .collect();
    let told = |key: &str| (settings[key].value.clone().unwrap_or_default(), settings[key].origin.clone());
    assert_eq!(told("/reports"), ("out".into(), Origin::File));
    assert_eq!(told("sending/canary"), (3.into(), Origin::File));
    assert_eq!(told("sending/transient_tries"), (5.into(), Origin::Default));
    assert_eq!(told("accounts.main/proxy"), ("http://***@proxy:1".into(), Origin::File));
    assert_eq!(told("accounts.main/secrets.token"), ("*** (command pass)".into(), Origin::File));
    assert!(!format!("{sections:?}").contains("-canary"), "{sections:?}");
}

/// The same, read from a file.
fn loaded(text: &str) -> Result<Config, Failure> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clientferry.toml");
    std::fs::write(&path, text).unwrap();
    Config::load(Some(&path))
}

#[test]
fn the_sandbox_has_a_name_of_its_own() {
    assert!(loaded("[accounts.sandbox]\nprovider = \"tbank\"\n").unwrap_err().to_string().contains("sandbox"));
    let config = loaded("[accounts.main]\nprovider = \"tbank\"\n").unwrap();
    assert!(config.account_name(Some("sandbox"), "tbank").unwrap_err().to_string().contains("rehearsals"));
    assert_eq!(config.account_name(Some("main"), "tbank").unwrap(), "main");
}

#[test]
fn error_codes_have_three_meanings() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "t0ken").unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(&token, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let text = format!(
        "[accounts.main]\nprovider = \"tbank\"\ntoken_file = {:?}\n[accounts.main.error_codes]\nA1 = \"existing\"\nB2 = \"halt\"\n",
        token.display().to_string()
    );
    let codes = loaded(&text).unwrap().account("main", "tbank").unwrap().error_code_map;
    assert_eq!(codes.get("A1"), Some(&CodeMeaning::Existing));
    assert_eq!(codes.get("B2"), Some(&CodeMeaning::Halt));
    assert!(loaded("[accounts.main]\nprovider = \"tbank\"\nerror_codes = { A = \"maybe\" }\n").is_err());
}
