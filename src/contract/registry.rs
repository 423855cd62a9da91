//! The list of operations. A new built-in operation is one line here and one contract file beside it.

use std::sync::{Arc, LazyLock};

use super::operation::Operation;
use crate::model::text;

const BUILT_IN: &[&str] = &[
    include_str!("tbank/fl-resident.json"),
    include_str!("tbank/fl-nonresident.json"),
    include_str!("tbank/ip-resident.json"),
    include_str!("tbank/ip-nonresident.json"),
    include_str!("tbank/ul-resident.json"),
    include_str!("tbank/ul-nonresident.json"),
    include_str!("tbank/lite-contact.json"),
    include_str!("finlego/onboarding-individual.json"),
    include_str!("finlego/onboarding-company.json"),
    include_str!("finlego/core-company.json"),
    include_str!("finlego/core-individual.json"),
    include_str!("loanpro/individual.json"),
    include_str!("loanpro/company.json"),
    include_str!("loanpro/flooring.json"),
    include_str!("brainysoft/individual.json"),
    include_str!("brainysoft/sole-proprietor.json"),
    include_str!("brainysoft/legal-entity.json"),
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

/// All operations that can be asked for.
#[derive(Debug, Default)]
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

    /// These operations and further ones: one of a known name takes its place, all others follow in their order.
    #[must_use]
    pub fn with(&self, extra: Vec<Operation>) -> Self {
        let mut operations = self.operations.clone();
        for mut operation in extra {
            match operations.iter_mut().find(|known| known.name == operation.name) {
                Some(known) => {
                    // How the provider treats repeats does not change with the form of its clients.
                    operation.idempotency = operation.idempotency.or_else(|| known.idempotency.clone());
                    *known = Arc::new(operation);
                }
                None => operations.push(Arc::new(operation)),
            }
        }
        Self { operations }
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
        let nearest = text::nearest(wanted, self.operations.iter().map(|operation| &*operation.name))
            .map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
        Err(ContractError::Unknown { wanted: wanted.to_owned(), nearest })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::annotations::unknown_annotations;
    use super::super::plain::Facts;
    use super::*;

    #[test]
    fn own_operations_are_added_or_take_the_place_of_known_ones() {
        let own = |name: &str, title: &str| {
            let facts = Facts { title: title.to_owned(), ..Facts::default() };
            Operation::from_schema(name, json!({"type": "object", "properties": {"firstName": {"type": "string"}}}), &facts)
                .unwrap()
        };
        let built_in = Registry::built_in();
        let registry =
            built_in.with(vec![own("acme/person", "one"), own("tbank/fl-resident", "two"), own("acme/person", "three")]);
        assert_eq!(registry.operations().len(), built_in.operations().len() + 1);
        assert_eq!(registry.find("acme").unwrap()[0].title, "three");
        assert_eq!(registry.find("tbank/fl-resident").unwrap()[0].title, "two");
        let [ours, theirs] = [&registry, built_in].map(|registry| registry.find("tbank/fl-resident").unwrap().swap_remove(0));
        assert_eq!(theirs.title, "natural person, resident");
        assert!(ours.idempotency.is_some() && ours.idempotency == theirs.idempotency);
    }

    #[test]
    fn an_annotation_with_a_slip_is_noticed() {
        let mut unknown = Vec::new();
        let schema =
            json!({"properties": {"x-ray": {"x-feild": "a", "examples": [{"x-b": 1}]}}, "$defs": {"d": {"x-field": "c"}}});
        unknown_annotations(&schema, "", &mut unknown);
        assert_eq!(unknown, ["/properties/x-ray/x-feild"]);
    }

    #[test]
    fn every_built_in_contract_compiles() {
        for text in BUILT_IN {
            let operation = Operation::compile(text, "built-in").unwrap();
            assert!(operation.limit.is_some(), "{}", operation.name);
            let mut unknown = Vec::new();
            unknown_annotations(&operation.schema, "", &mut unknown);
            assert!(unknown.is_empty(), "{} has annotations that nobody reads: {unknown:?}", operation.name);
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
