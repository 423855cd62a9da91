//! Where a run's clients go: a provider's server, or a sandbox in this process. Keeps runs of one account from going on at another
//! server than they began at: what the journal calls created would be reported as created where it never was.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::{Config, SANDBOX_ACCOUNT};
use crate::contract::Registry;
use crate::failure::Failure;
use crate::journal::{Journal, State};
use crate::provider::{self, AccountSettings, Provider};
use crate::sandbox::{self, FaultSpec, Running, SandboxSettings};
use crate::submit::Session;
use crate::terminal;

/// What a sandbox's server name begins with; the path of its ledger follows, relative to the journal's folder where it lies in it.
const LEDGER: &str = "ledger:";

/// What a rehearsal is made from.
#[derive(Clone, Copy)]
pub(super) struct Rehearsal<'a> {
    pub(super) config: &'a Config,
    pub(super) registry: &'a Registry,
    /// The account that is rehearsed.
    pub(super) account: Option<&'a str>,
    pub(super) faults: &'a [FaultSpec],
}

/// A provider that is ready, and what the journal calls its server.
pub(super) struct Target {
    pub(super) provider: Arc<dyn Provider>,
    pub(super) server: String,
    sandbox: Option<(Running, PathBuf)>,
}

impl Target {
    /// A provider's own server.
    pub(super) fn real(
        journal: &Journal,
        provider_name: &str,
        account: &str,
        provider: Arc<dyn Provider>,
    ) -> Result<Self, Failure> {
        let server = server_name(provider.base_url(), provider.is_loopback());
        stay(journal, provider_name, account, &server)?;
        Ok(Self { provider, server, sandbox: None })
    }

    /// A sandbox in this process, spoken to with the settings of the account that is rehearsed; its ledger kept on disk, so that a rehearsal that was killed goes on where it stopped.
    pub(super) fn sandbox(
        rehearsal: &Rehearsal<'_>,
        session: &Session,
        journal: &Journal,
        provider_name: &str,
        ledger: &Path,
    ) -> Result<Self, Failure> {
        let Rehearsal { config, registry, account, faults } = *rehearsal;
        let options = config.rehearsed_options(account, provider_name)?;
        let server = ledger_name(journal, ledger);
        stay(journal, provider_name, SANDBOX_ACCOUNT, &server)?;
        let mut settings = SandboxSettings::new(provider_name, registry.find(provider_name)?).with_own(config.own(provider_name));
        settings.ledger = Some(ledger.to_owned());
        settings.faults = faults.to_vec();
        let running = session.block_on(sandbox::start(settings))?;
        let own = config.own(provider_name);
        let account =
            AccountSettings { options, ..AccountSettings::for_sandbox(SANDBOX_ACCOUNT, provider_name, own, &running.base_url) };
        let provider = provider::connect(provider_name, &account)?;
        Ok(Self { provider, server, sandbox: Some((running, ledger.to_owned())) })
    }

    /// Where a rehearsal leaves its clients' bodies: for people to know before they rehearse with real ones.
    pub(super) fn tell_ledger(&self) {
        if let Some((_, ledger)) = &self.sandbox {
            terminal::tell(&format!("sandbox: the clients that it creates lie in clear in {}\n", ledger.display()));
        }
    }

    /// Asks before anything leaves for a real provider, unless the user agreed beforehand.
    pub(super) fn ask(&self, agreed: bool, question: &str) -> Result<(), Failure> {
        if agreed || self.provider.is_loopback() {
            return Ok(());
        }
        match terminal::confirm(question) {
            Some(true) => Ok(()),
            Some(false) => {
                Err(Failure::settings("nothing was sent: you did not agree", "run `clientferry check` to look at the rows first"))
            }
            None => Err(Failure::settings(
                "nobody is there to agree to sending to a real provider",
                "add --yes for unattended runs, or rehearse first with `import --sandbox`",
            )),
        }
    }

    /// Ends a sandbox.
    pub(super) fn stop(self, session: &Session) {
        if let Some((running, _)) = self.sandbox {
            session.block_on(running.stop());
        }
    }
}

/// The ledger of rehearsals where none is named: beside the journal.
pub(super) fn default_ledger(journal: &Journal, provider_name: &str) -> PathBuf {
    journal.path().with_extension(format!("sandbox-{provider_name}.jsonl"))
}

/// The ledger that a run's server name tells.
pub(super) fn ledger_of(journal: &Journal, server: &str) -> Option<PathBuf> {
    server.strip_prefix(LEDGER).map(|path| folder(journal).join(path))
}

fn folder(journal: &Journal) -> PathBuf {
    let path = std::path::absolute(journal.path()).unwrap_or_else(|_| journal.path().to_owned());
    path.parent().map_or_else(PathBuf::new, Path::to_owned)
}

fn ledger_name(journal: &Journal, ledger: &Path) -> String {
    let path = std::path::absolute(ledger).unwrap_or_else(|_| ledger.to_owned());
    let path = path.strip_prefix(folder(journal)).unwrap_or(&path);
    format!("{LEDGER}{}", path.display())
}

/// A server's name. The port of a loopback address says nothing: a sandbox that was started again is the same rehearsal.
fn server_name(base_url: &str, is_loopback: bool) -> String {
    let Some((scheme, rest)) = base_url.split_once("://").filter(|_| is_loopback) else { return base_url.to_owned() };
    let path = rest.find('/').map_or("", |slash| rest.get(slash..).unwrap_or(""));
    format!("{scheme}://this machine{path}")
}

/// An error when clients of this account are remembered from another server.
fn stay(journal: &Journal, provider_name: &str, account: &str, server: &str) -> Result<(), Failure> {
    for run in journal.runs()? {
        let is_same_account =
            run.account == account && run.operation.split('/').next().is_some_and(|provider| provider == provider_name);
        if !is_same_account || run.server.is_empty() || run.server == server {
            continue;
        }
        // A run that got nowhere, for example because of a mistyped address, binds nobody.
        let got_somewhere = journal.counts(Some(&run.id))?.iter().any(|(state, _)| match state {
            State::New | State::Idle => false,
            State::Sending | State::Resending | State::Created | State::Existing | State::Rejected | State::Unknown => true,
        });
        if got_somewhere {
            return Err(moved(journal, &run.id, &run.server, account, server));
        }
    }
    Ok(())
}

fn moved(journal: &Journal, run: &str, before: &str, account: &str, server: &str) -> Failure {
    let hint = if before.starts_with(LEDGER) {
        format!("give the earlier --ledger, or begin a rehearsal of its own with --journal (now {})", journal.path().display())
    } else {
        format!(
            "if {server} is right, give it an account name of its own under [accounts.…] and --account, or another --journal (now {}); \
             if not, correct CLIENTFERRY_BASE_URL or base_url",
            journal.path().display()
        )
    };
    Failure::settings(
        format!(
            "the account `{account}` sent its clients to {} (run {run}); now it points to {}, which never saw them",
            shown(before),
            shown(server)
        ),
        hint,
    )
}

fn shown(server: &str) -> String {
    server.strip_prefix(LEDGER).map_or_else(|| server.to_owned(), |path| format!("the sandbox with the ledger {path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loopback_server_may_change_its_port_only() {
        assert_eq!(server_name("http://127.0.0.1:8080", true), server_name("http://localhost:9", true));
        assert_ne!(server_name("http://127.0.0.1:8080/a", true), server_name("http://127.0.0.1:8080/b", true));
        assert_ne!(server_name("https://bank.example:1", false), server_name("https://bank.example:2", false));
        assert_ne!(server_name("https://this machine", false), server_name("http://[::1]:1", true));
    }
}
