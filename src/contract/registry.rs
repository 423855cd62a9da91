//! The list of operations. A new built-in operation is one line here and one contract file beside it.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use serde_json::Value;

use super::checks::{BodyView, Checks, Path, Today};
use super::compile::{self, Group, Leaf};
use super::guard::shape_decides;
use super::validate::{Contract, Level, Violation};
use crate::model::FieldName;

const BUILT_IN: [&str; 7] = [
    include_str!("tbank/fl-resident.json"),
    include_str!("tbank/fl-nonresident.json"),
    include_str!("tbank/ip-resident.json"),
    include_str!("tbank/ip-nonresident.json"),
    include_str!("tbank/ul-resident.json"),
    include_str!("tbank/ul-nonresident.json"),
    include_str!("tbank/lite-contact.json"),
];

/// Why a contract cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ContractError {
    /// The file is no JSON, or no JSON Schema.
    #[error("the contract {name} is not a usable JSON Schema: {why}")]
    Schema {
        /// The operation or file.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// No operation or provider has this name.
    #[error("there is no operation `{wanted}`{nearest}")]
    Unknown {
        /// What was asked for.
        wanted: String,
        /// `; did you mean …`, or nothing.
        nearest: String,
    },
}

/// What is asked of a provider: `tbank/fl-resident`.
#[derive(Debug)]
pub struct Operation {
    /// `provider/kind`.
    pub name: Arc<str>,
    /// What it is, for people.
    pub title: String,
    /// The provider's page about it.
    pub documentation: String,
    /// The contract as it is written.
    pub schema: Value,
    /// Members that a client has once.
    pub leaves: Vec<Leaf>,
    /// Lists.
    pub groups: Vec<Group>,
    /// How a row of a mixed file says that it is of this kind.
    pub kind: Option<Kind>,
    /// Natural keys; two clients that share one are one.
    pub identities: Vec<IdentityRule>,
    /// Used when a client has none of the natural keys.
    pub identity_fallback: Option<IdentityRule>,
    /// Whether clients can only be told apart by the user's own id.
    pub own_id_required: bool,
    /// Requests allowed in any sliding window, and its length.
    pub limit: Option<(u32, Duration)>,
    /// Whether bodies of one shape, whose values each fit their member, are all valid or all not.
    pub shape_decides: bool,
    contract: Contract,
    checks: Checks,
}

/// How a row says that it is of an operation's kind.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// The body's member that holds the code.
    pub member: String,
    /// The provider's code.
    pub code: String,
    /// Words that mean exactly this operation.
    pub exact: Vec<String>,
    /// Words that leave the residency open.
    pub words: Vec<String>,
    /// `resident` or `nonresident`, where the operation is for one of them.
    pub residency: Option<String>,
    /// The citizenship that proves the residency, where one does.
    pub citizenship: Option<String>,
}

/// Parts of a body that together tell a client from all others.
#[derive(Debug)]
pub struct IdentityRule {
    /// What people call it: INN, passport.
    pub interned: &'static str,
    /// Steps from the root; `?type=CODE` picks the list item of that type.
    pub parts: Vec<Vec<String>>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenIdentityRule {
    name: String,
    parts: Vec<String>,
}

impl From<WrittenIdentityRule> for IdentityRule {
    fn from(rule: WrittenIdentityRule) -> Self {
        let steps = |part: &String| part.split('/').skip(1).map(str::to_owned).collect();
        Self { interned: FieldName::new(&rule.name).as_str(), parts: rule.parts.iter().map(steps).collect() }
    }
}

impl Operation {
    /// Compiles a contract.
    ///
    /// # Errors
    /// When the text is no JSON Schema that this program understands.
    pub fn compile(text: &str, file: &str) -> Result<Self, ContractError> {
        let fail = |why: String| ContractError::Schema { name: file.to_owned(), why };
        let schema: Value = serde_json::from_str(text).map_err(|error| fail(error.to_string()))?;
        let text_of = |key: &str| schema.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let part = |key: &str| schema.get(key).cloned().unwrap_or(Value::Null);
        let name = text_of("x-operation");
        if !name.contains('/') {
            return Err(fail("`x-operation` has to be `provider/kind`".to_owned()));
        }
        let (leaves, groups) = compile::members(&schema).map_err(&fail)?;
        let variants = groups.iter().flat_map(|group| &group.variants).flat_map(|variant| &variant.leaves);
        let open = leaves.iter().chain(variants).filter(|leaf| !leaf.render.is_closed());
        let open: Vec<&str> = open.filter_map(|leaf| leaf.path.last()).map(String::as_str).collect();
        let shape_decides = shape_decides(&schema, &open);
        let limit = schema.get("x-limits").and_then(|limits| {
            let requests = u32::try_from(limits.get("requests")?.as_u64()?).ok()?;
            Some((requests, Duration::from_millis(limits.get("window_ms")?.as_u64()?)))
        });
        Ok(Self {
            title: text_of("title"),
            documentation: text_of("x-documentation"),
            leaves,
            groups,
            kind: serde_json::from_value(part("x-kind")).map_err(|error| fail(format!("x-kind: {error}")))?,
            identities: serde_json::from_value::<Option<Vec<WrittenIdentityRule>>>(part("x-identity"))
                .map_err(|error| fail(format!("x-identity: {error}")))?
                .unwrap_or_default()
                .into_iter()
                .map(IdentityRule::from)
                .collect(),
            identity_fallback: serde_json::from_value::<Option<WrittenIdentityRule>>(part("x-identity-fallback"))
                .map_err(|error| fail(format!("x-identity-fallback: {error}")))?
                .map(IdentityRule::from),
            own_id_required: schema.get("x-own-id-required").is_some(),
            limit,
            contract: Contract::compile(&schema).map_err(&fail)?,
            checks: Checks::compile(
                serde_json::from_value::<Option<_>>(part("x-checks"))
                    .map_err(|error| fail(format!("x-checks: {error}")))?
                    .unwrap_or_default(),
            ),
            shape_decides,
            name: name.into(),
            schema,
        })
    }

    /// `tbank` of `tbank/fl-resident`.
    #[must_use]
    pub fn provider(&self) -> &str {
        self.name.split('/').next().unwrap_or_default()
    }

    /// Whether the body fits the contract's schema; faster than asking for the violations.
    #[must_use]
    pub fn accepts(&self, body: &Value) -> bool {
        self.contract.accepts(body)
    }

    /// Everything in which the body breaks the contract's schema; empty when it is valid.
    #[must_use]
    pub fn violations(&self, body: &Value, level: Level) -> Vec<Violation> {
        self.contract.violations(body, level)
    }

    /// Everything in which the body breaks rules that no schema keyword expresses: check digits, the order of dates, alphabets.
    pub fn check_rules(&self, body: &Value, today: &Today, found: &mut Vec<Violation>) {
        self.checks.run_on_value(body, today, found);
    }

    /// The same on a body in another form; paths are told by their place in [`Self::check_paths`].
    pub fn check_rules_on(&self, body: &dyn BodyView, today: &Today, found: &mut Vec<Violation>) {
        self.checks.run(body, today, found);
    }

    /// The paths that the rules look at.
    #[must_use]
    pub fn check_paths(&self) -> &[Path] {
        self.checks.paths()
    }

    /// The group of this name.
    #[must_use]
    pub fn group(&self, field: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.field == field)
    }
}

/// All operations that can be asked for.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    operations: Vec<Arc<Operation>>,
}

static BUILT_IN_REGISTRY: LazyLock<Registry> = LazyLock::new(|| Registry {
    // Built-in contracts are part of the program, and a test compiles each of them.
    operations: BUILT_IN.iter().filter_map(|text| Operation::compile(text, "built-in").ok().map(Arc::new)).collect(),
});

impl Registry {
    /// The operations that come with the program.
    #[must_use]
    pub fn built_in() -> &'static Self {
        &BUILT_IN_REGISTRY
    }

    /// These operations too; one of a name that is known takes its place.
    #[must_use]
    pub fn with(extra: Vec<Operation>) -> Self {
        let mut registry = Self::built_in().clone();
        for operation in extra {
            registry.operations.retain(|known| known.name != operation.name);
            registry.operations.push(Arc::new(operation));
        }
        registry
    }

    /// All operations, in the order of the list.
    #[must_use]
    pub fn operations(&self) -> &[Arc<Operation>] {
        &self.operations
    }

    /// The operations of a name: one for `provider/kind`, all of a provider's for `provider`.
    ///
    /// # Errors
    /// When there is none, with the nearest name.
    pub fn find(&self, wanted: &str) -> Result<Vec<Arc<Operation>>, ContractError> {
        let found: Vec<_> = self
            .operations
            .iter()
            .filter(|operation| &*operation.name == wanted || operation.provider() == wanted)
            .cloned()
            .collect();
        if !found.is_empty() {
            return Ok(found);
        }
        let nearest = self
            .operations
            .iter()
            .map(|operation| (strsim::jaro_winkler(&operation.name, wanted), &*operation.name))
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .filter(|(likeness, _)| *likeness > 0.7)
            .map_or_else(String::new, |(_, name)| format!("; did you mean `{name}`?"));
        Err(ContractError::Unknown { wanted: wanted.to_owned(), nearest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_contract_compiles() {
        for text in BUILT_IN {
            let operation = Operation::compile(text, "built-in").unwrap();
            assert!(operation.limit.is_some() && operation.kind.is_some(), "{}", operation.name);
        }
        assert_eq!(Registry::built_in().operations().len(), BUILT_IN.len());
    }

    #[test]
    fn names_are_found_alone_and_by_provider_and_a_slip_is_answered_with_the_nearest() {
        let registry = Registry::built_in();
        assert_eq!(registry.find("tbank").unwrap().len(), 7);
        assert_eq!(&*registry.find("tbank/ul-resident").unwrap()[0].name, "tbank/ul-resident");
        let error = registry.find("tbank/fl-residnt").unwrap_err().to_string();
        assert!(error.contains("did you mean `tbank/fl-resident`"), "{error}");
    }
}
