//! `[hooks]`: who is told of a run's end, and when. Calls nobody.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;

use super::Config;
use super::environment::env;
use crate::failure::Failure;
use crate::notify::{Hook, Hooks, Webhook};

/// How long a hook may take, where nothing is written.
const TIMEOUT_S: u64 = 30;
/// The longest that may be written: the run's end waits for it.
const TIMEOUT_MAX_S: u64 = 600;

/// `[hooks]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HookSettings {
    /// At the end of each run.
    pub(super) on_finish: Option<HookPlace>,
    /// When the status of an operation's account has changed since the run before.
    pub(super) on_change: Option<HookPlace>,
    /// How long each may take, seconds.
    pub(super) timeout_s: Option<u64>,
}

/// Who is told.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "a hook is a list of a program and its arguments, an address, or a table with `url` or `url_env`")]
pub(super) enum HookPlace {
    /// `["/usr/local/bin/told", "--quiet"]`
    Command(Vec<String>),
    /// `"https://hooks.example/x"`
    Url(String),
    /// `{ url = "…", secret_env = "…" }`
    Webhook(WebhookSettings),
}

/// A webhook that needs more than its address.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WebhookSettings {
    /// The address.
    pub(super) url: Option<String>,
    /// Variable that holds the address, where the address itself is a secret.
    pub(super) url_env: Option<String>,
    /// Header that holds the secret (`Authorization`).
    pub(super) header: Option<String>,
    /// Variable that holds what stands in that header.
    pub(super) secret_env: Option<String>,
    /// Further authorities to trust, PEM.
    pub(super) ca_file: Option<PathBuf>,
    /// HTTP proxy.
    pub(super) proxy: Option<String>,
}

impl Config {
    /// Who is told of a run's end.
    ///
    /// # Errors
    /// When a hook cannot be used, so that this is known before anything is sent.
    pub fn hooks(&self) -> Result<Hooks, Failure> {
        let hook = |name: &str, place: &Option<HookPlace>| place.as_ref().map(|place| hook(name, place)).transpose();
        let seconds = self.hooks.timeout_s.unwrap_or(TIMEOUT_S);
        if !(1..=TIMEOUT_MAX_S).contains(&seconds) {
            return Err(refuse("timeout_s", &format!("{seconds} s is not between 1 and {TIMEOUT_MAX_S}")));
        }
        Ok(Hooks {
            on_finish: hook("on_finish", &self.hooks.on_finish)?,
            on_change: hook("on_change", &self.hooks.on_change)?,
            timeout: Duration::from_secs(seconds),
        })
    }
}

fn hook(name: &str, place: &HookPlace) -> Result<Hook, Failure> {
    let nothing = WebhookSettings::default();
    let (url, settings) = match place {
        HookPlace::Command(words) if words.first().is_none_or(String::is_empty) => {
            return Err(refuse(name, "the list names no program"));
        }
        HookPlace::Command(words) => return Ok(Hook::Command(words.clone())),
        HookPlace::Url(url) => (url.clone(), &nothing),
        HookPlace::Webhook(settings) => {
            let url = match (&settings.url, &settings.url_env) {
                (Some(url), None) => url.clone(),
                (None, Some(variable)) => variable_of(name, variable)?,
                (Some(_), Some(_)) | (None, None) => return Err(refuse(name, "it needs either `url` or `url_env`")),
            };
            (url, settings)
        }
    };
    let secret = match &settings.secret_env {
        Some(variable) => {
            let header = settings.header.clone().unwrap_or_else(|| "Authorization".to_owned());
            Some((header, SecretString::from(variable_of(name, variable)?)))
        }
        None if settings.header.is_some() => return Err(refuse(name, "`header` without `secret_env` means nothing")),
        None => None,
    };
    let webhook = Webhook { url, secret, ca_file: settings.ca_file.clone(), proxy: settings.proxy.clone() };
    webhook.check().map_err(|why| refuse(name, &why))?;
    Ok(Hook::Webhook(Box::new(webhook)))
}

fn variable_of(name: &str, variable: &str) -> Result<String, Failure> {
    env(variable).ok_or_else(|| refuse(name, &format!("the variable {variable} is not set")))
}

fn refuse(name: &str, why: &str) -> Failure {
    Failure::settings(format!("the configuration, [hooks] {name}: {why}"), "docs/nightly.md shows hooks of each kind")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn hooks(text: &str) -> Result<Hooks, Failure> {
        Config::parse(text, Path::new("clientferry.toml"))?.hooks()
    }

    #[test]
    fn a_hook_is_a_program_or_an_address() {
        let read = hooks("[hooks]\non_finish = [\"mail-it\", \"ops\"]\non_change = \"https://hooks.example/a?b=c\"\n").unwrap();
        assert!(matches!(read.on_finish, Some(Hook::Command(words)) if words == ["mail-it", "ops"]));
        assert!(matches!(read.on_change, Some(Hook::Webhook(_))));
        assert!(hooks("").unwrap().on_finish.is_none());
    }

    #[test]
    fn what_cannot_be_used_is_told_before_anything_is_sent() {
        for (text, told) in [
            ("on_finish = []", "no program"),
            ("on_finish = 7", "a hook is"),
            ("on_finish = \"http://hooks.example/\"", "https"),
            ("on_finish = \"hooks.example\"", "address"),
            ("on_finish = \"https://me:pass@hooks.example/\"", "user name"),
            ("on_finish = { }", "either `url` or `url_env`"),
            ("on_finish = { url = \"https://a.example\", header = \"X-Key\" }", "without `secret_env`"),
            ("on_finish = { url_env = \"NO_SUCH_VARIABLE_OF_OURS\" }", "not set"),
            ("timeout_s = 0", "between"),
            ("on_fire = [\"x\"]", "did you mean `on_finish`?"),
        ] {
            let failure = hooks(&format!("[hooks]\n{text}\n")).unwrap_err();
            assert!(failure.to_string().contains(told), "{text}: {failure}");
            assert!(!failure.to_string().contains("pass@"), "{failure}");
        }
    }
}
