//! Ground: what operations accept. Contract files (JSON Schema with annotations) compiled to leaves, rules and validators.
//! Does not know how a provider is spoken to.

pub mod check_digits;
mod checks;
mod compile;
mod guard;
pub mod profile;
mod registry;
mod validate;
mod vocabulary;

pub use checks::{BodyView, Path, Today};
pub use compile::{Codes, Group, Leaf, Render, Variant};
pub use guard::Guard;
pub use profile::OwnProfile;
pub use registry::{ContractError, IdentityRule, Operation, Registry};
pub use validate::{Level, Violation};
pub use vocabulary::{Field, Vocabulary, find_words, vocabulary};
