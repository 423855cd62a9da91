//! The providers of the crash matrix: what a base of theirs looks like, how it is sent, and how a client is known in the ledger.

use std::collections::BTreeMap;

use clientferry::sandbox::generate;
use serde_json::Value;

use super::super::stage::{SandboxProcess, Stage};
use super::super::{brainysoft, finlego, loanpro, own};

/// A provider with a base.
pub(super) struct World {
    pub(super) name: &'static str,
    to: &'static str,
    /// Whether doubts can be settled by asking or repeating; elsewhere they are reported, and that is all that can be done.
    pub(super) can_be_asked: bool,
    /// The header and the rows of a base.
    base: fn(usize) -> Vec<String>,
    mapping: Option<fn() -> String>,
    profile: Option<&'static str>,
    /// The row's own id in a body of the ledger.
    id: fn(&Value) -> String,
}

/// The number in a text such as `ORG-17`.
fn number(text: &str) -> String {
    text.rsplit('-').next().unwrap_or_default().trim_start_matches('0').to_owned()
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

pub(super) const WORLDS: [World; 7] = [
    World {
        name: "tbank",
        to: "tbank/fl-resident",
        can_be_asked: true,
        base: |rows| {
            let mut bytes = Vec::new();
            generate::generate(rows as u64, 71, 10, &mut bytes).unwrap();
            lines(&String::from_utf8(bytes).unwrap())
        },
        mapping: None,
        profile: None,
        id: |body| format!("{} {}", body["documents"], body["phoneNumber"]),
    },
    World {
        name: "finlego core",
        to: "finlego/core-company",
        can_be_asked: false,
        base: |rows| lines(&finlego::companies(rows)),
        mapping: None,
        profile: None,
        id: |body| number(body["onboardingId"].as_str().unwrap()),
    },
    World {
        name: "finlego onboarding",
        to: "finlego/onboarding-individual",
        can_be_asked: false,
        base: |rows| lines(&finlego::people(rows)),
        mapping: None,
        profile: None,
        id: |body| body["externalId"].to_string(),
    },
    World {
        name: "loanpro",
        to: "loanpro/individual",
        can_be_asked: true,
        base: |rows| lines(&loanpro::borrowers(1, rows)),
        mapping: Some(|| loanpro::MAPPING.to_owned()),
        profile: None,
        id: |body| body["customId"].to_string(),
    },
    World {
        name: "brainysoft",
        to: "brainysoft/individual",
        can_be_asked: true,
        base: |rows| lines(&brainysoft::persons(rows)),
        mapping: None,
        profile: None,
        id: |body| body["passport"].to_string(),
    },
    World {
        name: "own, with keys",
        to: "ledgerline/customer",
        can_be_asked: true,
        base: |rows| lines(&own::LEDGERLINE.clients(rows)),
        mapping: Some(|| own::LEDGERLINE.mapping()),
        profile: Some("own-ledgerline/ledgerline.toml"),
        id: |body| body["externalRef"].to_string(),
    },
    World {
        name: "own, without keys",
        to: "northgate/person",
        can_be_asked: true,
        base: |rows| lines(&own::NORTHGATE.clients(rows)),
        mapping: Some(|| own::NORTHGATE.mapping()),
        profile: Some("own-northgate/northgate.toml"),
        id: |body| body["externalId"].to_string(),
    },
];

impl World {
    /// Header and rows: more rows begin with the same ones.
    pub(super) fn base(&self, rows: usize) -> Vec<String> {
        (self.base)(rows)
    }

    fn profile(&self) -> Option<String> {
        let samples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
        self.profile.map(|profile| samples.join(profile).display().to_string())
    }

    /// The provider's sandbox; `arguments` are further ones.
    pub(super) fn sandbox(&self, arguments: &[&str]) -> SandboxProcess {
        let profile = self.profile();
        let mut all: Vec<&str> = profile.as_deref().map(|profile| ["--profile", profile]).into_iter().flatten().collect();
        all.extend(["--provider", self.to.split('/').next().unwrap(), "--rate", "none"]);
        all.extend(arguments);
        SandboxProcess::start(&all)
    }

    /// A folder from which is sent to this sandbox.
    pub(super) fn stage(&self, sandbox: &SandboxProcess) -> Stage {
        let stage = Stage::new()
            .to(sandbox)
            .with("BRAINYSOFT_CLIENT_ID", "tests")
            .with("BRAINYSOFT_CLIENT_SECRET", "tests")
            .with("CLIENTFERRY_NO_ANSWER_STOP", "1000")
            .with("CLIENTFERRY_TIMEOUT_S", "5")
            .with("CLIENTFERRY_OUT", "report");
        if let Some(mapping) = self.mapping {
            stage.write("mapping.toml", mapping());
        }
        stage
    }

    /// The program's arguments for sending `clients.csv`.
    pub(super) fn import(&self) -> Vec<String> {
        let mut arguments: Vec<String> =
            self.profile().map(|profile| ["--profile".to_owned(), profile]).into_iter().flatten().collect();
        arguments.extend(["import", "clients.csv", "--to", self.to].map(str::to_owned));
        if self.mapping.is_some() {
            arguments.extend(["--mapping", "mapping.toml"].map(str::to_owned));
        }
        arguments
    }

    /// The same for asking about doubtful clients.
    pub(super) fn resolve(&self) -> Vec<String> {
        let mut arguments: Vec<String> =
            self.profile().map(|profile| ["--profile".to_owned(), profile]).into_iter().flatten().collect();
        arguments.push("resolve".to_owned());
        arguments
    }

    /// Clients of the ledger by what makes them somebody: the id that the provider gave.
    ///
    /// # Errors
    /// When somebody stands there twice.
    pub(super) fn held(&self, ledger: &[Value]) -> Result<BTreeMap<String, String>, String> {
        let mut held = BTreeMap::new();
        for entry in ledger {
            let id = entry["id"].as_str().unwrap_or_default().to_owned();
            if let Some(other) = held.insert((self.id)(&entry["body"]), id.clone()) {
                return Err(format!("a client was created twice, as {other} and as {id}"));
            }
        }
        Ok(held)
    }
}
