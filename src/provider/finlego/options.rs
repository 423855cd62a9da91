//! FinLego's own settings under `[accounts.NAME]`. Says what may be written there, not what it does.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

/// What stands under `[accounts.NAME]` besides the settings of every account.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::provider) struct Options {
    /// Where the onboarding service lives; `base_url` and `/onboarding` unless set.
    pub(super) onboarding_base_url: Option<String>,
    /// Where the core service lives; `base_url` and `/core` unless set.
    pub(super) core_base_url: Option<String>,
    /// How the secret stands in its header.
    #[serde(default)]
    pub(super) auth: Auth,
    /// The header that holds the secret; `Authorization` unless set.
    pub(super) auth_header: Option<String>,
    /// Headers that go with every request, such as a tenant's name. No secrets.
    #[serde(default)]
    pub(super) extra_headers: BTreeMap<String, String>,
    /// Requests at the same time: one, unless more are wanted.
    pub(super) parallel_requests: Option<u8>,
    /// The path of the company import, below the onboarding service.
    #[serde(default = "company_path")]
    pub(super) company_path: String,
    /// The JSON Schema of the company import that was agreed with FinLego.
    pub(super) company_contract: Option<PathBuf>,
    /// Whether the starter contract may be used without FinLego's own.
    #[serde(default)]
    pub(super) accept_starter_contract: bool,
    /// Whether an onboarding request of unknown outcome is sent once more.
    #[serde(default)]
    pub(super) resend_unknown: Resend,
    /// Whether the core service's 503 with `Retry-After` means that nothing was done.
    #[serde(default)]
    pub(super) core_503_throttled: bool,
    /// The header that takes our idempotency key, where FinLego names one.
    pub(super) idempotency_header: Option<String>,
    /// Wordings of refusals which say that the client is there already: regular expressions, whatever the case.
    #[serde(default)]
    pub(super) duplicate_patterns: Vec<String>,
}

/// How the secret stands in its header.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Auth {
    /// As it is.
    #[default]
    Header,
    /// After `Bearer `.
    Bearer,
}

/// Whether an onboarding request of unknown outcome is sent once more.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Resend {
    /// It stays unknown until a person has looked.
    #[default]
    Never,
    /// Once, byte for byte: FinLego has confirmed that it takes an `externalId` once only.
    OnceSameExternalId,
}

fn company_path() -> String {
    "integration/clients/companies".to_owned()
}

/// The contracts that the user's own ones take the place of.
pub(in crate::provider) fn contracts(written: &toml::Table) -> Vec<(&'static str, PathBuf)> {
    written
        .get("company_contract")
        .and_then(toml::Value::as_str)
        .map(|path| (super::ONBOARDING_COMPANY, PathBuf::from(path)))
        .into_iter()
        .collect()
}
