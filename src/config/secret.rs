//! Where a token or password lies, and reading it: a variable, a file that others cannot read, or a command. What is secret stands
//! in memory that is wiped, and in no message.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use secrecy::SecretString;
use zeroize::Zeroizing;

use super::accounts::Account;
use super::environment::env;
use crate::failure::Failure;
use crate::provider::{OwnProfile, Secret, secrets};

/// The secret that the keys `token_env`, `token_file` and `token_command` are about.
const TOKEN: &str = "token";
/// How long a command may think, a person at a security key included.
const COMMAND_TIME: Duration = Duration::from_secs(30);
/// Bytes of a secret. Certificates have files of their own.
const SECRET_BYTES_MAX: u64 = 64 << 10;

/// Who may read files with secrets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum SecretFiles {
    /// Their owner, and the group.
    #[default]
    Private,
    /// Everybody, because something else keeps them apart.
    Any,
}

/// Where a secret lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// In this variable, which is set.
    Set(String),
    /// In a variable that the configuration names.
    Variable(String),
    /// In a file.
    File(PathBuf),
    /// In what this program prints.
    Command(Vec<String>),
    /// Nowhere.
    Missing,
}

impl Source {
    /// Where an account's secret is taken from: the variable that is set goes over the configuration.
    pub(super) fn of(account: &Account, wanted: &Secret) -> Self {
        if let Some(set) = wanted.variables.iter().find(|variable| env(variable).is_some()) {
            return Self::Set((*set).to_owned());
        }
        if let Some(path) = wanted.variables.iter().find_map(|variable| env(&format!("{variable}_FILE"))) {
            return Self::File(path.into());
        }
        let place = account.secrets.get(wanted.name).cloned().or_else(|| account.token_place().filter(|_| wanted.name == TOKEN));
        let Some(place) = place else { return Self::Missing };
        match (place.env, place.file, place.command) {
            (Some(variable), _, _) => Self::Variable(variable),
            (None, Some(path), _) => Self::File(path),
            (None, None, Some(command)) => Self::Command(command),
            (None, None, None) => Self::Missing,
        }
    }

    /// In words, without the secret.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Set(variable) | Self::Variable(variable) => format!("variable {variable}"),
            Self::File(path) => format!("file {}", path.display()),
            // Arguments may hold what is not for everybody's eyes.
            Self::Command(command) => format!("command {}", command.first().map_or("", String::as_str)),
            Self::Missing => "nowhere".to_owned(),
        }
    }
}

/// Everything secret that the provider wants of the account.
pub(super) fn read_all(
    name: &str,
    account: &Account,
    provider: &str,
    own: Option<&OwnProfile>,
    files: SecretFiles,
) -> Result<std::collections::BTreeMap<String, SecretString>, Failure> {
    let mut found = std::collections::BTreeMap::new();
    for wanted in &secrets(provider, own) {
        let source = Source::of(account, wanted);
        if source == Source::Missing {
            if wanted.required {
                return Err(none(name, wanted));
            }
            continue;
        }
        let text = read(name, wanted, &source, files)?;
        let text = text.trim();
        if text.is_empty() {
            return Err(Failure::settings(
                format!("the {} of the account `{name}` is empty ({})", wanted.name, source.describe()),
                "check the variable, the file or the command",
            ));
        }
        found.insert(wanted.name.to_owned(), SecretString::from(text.to_owned()));
    }
    Ok(found)
}

fn read(account: &str, wanted: &Secret, source: &Source, files: SecretFiles) -> Result<Zeroizing<String>, Failure> {
    match source {
        Source::Missing => Ok(Zeroizing::default()),
        Source::Set(variable) | Source::Variable(variable) => env(variable).map(Zeroizing::new).ok_or_else(|| {
            Failure::settings(
                format!("the account `{account}` takes its {} from {variable}, which is not set", wanted.name),
                "set the variable",
            )
        }),
        Source::File(path) => {
            let what = format!("the {} file {}", wanted.name, path.display());
            let unreadable = |why: std::io::Error| {
                Failure::settings(format!("{what} cannot be read: {why}"), "check its path and permissions")
            };
            check_private(&what, path, files)?;
            let mut text = Zeroizing::new(String::new());
            std::fs::File::open(path)
                .and_then(|file| file.take(SECRET_BYTES_MAX).read_to_string(&mut text))
                .map_err(unreadable)?;
            Ok(text)
        }
        Source::Command(command) => printed_by(command).map_err(|why| {
            Failure::settings(
                format!("the {} of the account `{account}` does not come from its {}: {why}", wanted.name, source.describe()),
                "run the command in this folder as this user; it has to print the secret on its first line and end with 0",
            )
        }),
    }
}

/// Refuses a file with a secret that anybody may read, or others may change.
pub(super) fn check_private(what: &str, path: &Path, files: SecretFiles) -> Result<(), Failure> {
    #[cfg(unix)]
    if files == SecretFiles::Private
        && let Ok(metadata) = std::fs::metadata(path)
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions());
        if metadata.is_file() && mode & 0o027 != 0 {
            return Err(Failure::settings(
                format!("{what} is open to other users of this machine (mode {:04o})", mode & 0o7777),
                format!(
                    "`chmod 600 {}`; where a container mounts it so and nobody else is in there, set secret_files = \"any\" (CLIENTFERRY_SECRET_FILES)",
                    path.display()
                ),
            ));
        }
    }
    #[cfg(not(unix))]
    let _ = (what, path, files);
    Ok(())
}

/// The first line that a program prints. It gets no shell, no input, and a time.
fn printed_by(command: &[String]) -> Result<Zeroizing<String>, String> {
    let (program, arguments) = command.split_first().ok_or("it names no program")?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|why| format!("it cannot be started: {why}"))?;
    let (said, printed) = mpsc::channel();
    if let Some(mut output) = child.stdout.take() {
        // Of its own, because a program that never closes its output has to be given up.
        std::thread::spawn(move || {
            let mut bytes = Zeroizing::new(Vec::new());
            let read = output.by_ref().take(SECRET_BYTES_MAX).read_to_end(&mut bytes);
            let _ = said.send(read.map(|_| bytes));
        });
    }
    let until = Instant::now() + COMMAND_TIME;
    let bytes = match printed.recv_timeout(COMMAND_TIME) {
        Ok(read) => read.map_err(|why| why.to_string())?,
        Err(_) => {
            give_up(&mut child);
            return Err(format!("it did not end within {} seconds", COMMAND_TIME.as_secs()));
        }
    };
    loop {
        match child.try_wait().map_err(|why| why.to_string())? {
            Some(status) if status.success() => break,
            Some(status) => return Err(format!("it ended with {status}")),
            None if Instant::now() >= until => {
                give_up(&mut child);
                return Err(format!("it did not end within {} seconds", COMMAND_TIME.as_secs()));
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| "it printed what is no text")?;
    Ok(Zeroizing::new(text.lines().next().unwrap_or("").to_owned()))
}

fn give_up(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

fn none(name: &str, wanted: &Secret) -> Failure {
    let variable = wanted.variables.first().copied().unwrap_or_default();
    let hint = if wanted.name == TOKEN {
        "set CLIENTFERRY_TOKEN or CLIENTFERRY_TOKEN_FILE, or name token_env, token_file or token_command in the configuration; to rehearse without one, add --sandbox".to_owned()
    } else {
        format!(
            "set {variable} or {variable}_FILE, or name its place in the configuration: [accounts.{name}.secrets] {} = {{ env = \"…\" }}; to rehearse without one, add --sandbox",
            wanted.name
        )
    };
    Failure::settings(format!("the account `{name}` has no {}", wanted.name), hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(command: &[&str]) -> Result<String, String> {
        let command: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
        printed_by(&command).map(|text| text.to_string())
    }

    #[cfg(unix)]
    #[test]
    fn a_command_says_the_secret_on_its_first_line() {
        assert_eq!(printed(&["printf", "s3cret\nnote: mine\n"]).unwrap(), "s3cret");
        assert_eq!(printed(&["printf", "%s", "$HOME"]).unwrap(), "$HOME");
        assert!(printed(&["sh", "-c", "echo s3cret; exit 3"]).unwrap_err().contains("exit status: 3"));
        assert!(printed(&["clientferry-has-no-such-program"]).unwrap_err().contains("cannot be started"));
        assert!(printed(&["printf", "\\377"]).unwrap_err().contains("no text"));
        assert!(printed(&[]).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn files_that_others_may_read_or_change_are_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let file = tempfile::NamedTempFile::new().unwrap();
        for (mode, private) in [(0o600, true), (0o400, true), (0o440, true), (0o644, false), (0o460, false), (0o604, false)] {
            std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(check_private("x", file.path(), SecretFiles::Private).is_ok(), private, "{mode:o}");
            assert!(check_private("x", file.path(), SecretFiles::Any).is_ok());
        }
    }
}
