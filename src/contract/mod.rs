//! Ground: what operations accept. Contract files (JSON Schema with annotations) compiled to leaves, rules and validators.
//! Does not know how a provider is spoken to.

#[cfg(test)]
mod annotations;
pub mod check_digits;
mod check_us;
mod checks;
mod codes;
mod compile;
mod guard;
mod leaf;
mod members;
mod operation;
mod plain;
pub mod profile;
mod registry;
mod render;
mod shape;
mod validate;
mod view;
mod vocabulary;

pub use checks::Today;
pub use codes::{Code as EnumCode, Codes};
pub use guard::Guard;
pub use leaf::{Group, Join, Leaf, Selector, Variant};
pub use operation::{FurtherLimit, Idempotency, IdentityRule, Kind, Limits, Operation, Settling};
pub use plain::Facts;
pub use profile::OwnProfile;
pub use registry::{ContractError, Registry};
pub use render::Render;
pub use validate::{Level, Violation};
pub use view::{BodyView, Path};
pub use vocabulary::{Field, Vocabulary, find_words, vocabulary};
