//! The list of imitations: a new one is a folder beside this file, its declaration and its line here. Knows no more than their names.

use super::world::Known;

// Declared here and not in the room's door, so that this file alone names providers.
#[path = "brainysoft/mod.rs"]
mod brainysoft;
#[path = "finlego/mod.rs"]
mod finlego;
#[path = "loanpro/mod.rs"]
mod loanpro;
#[path = "tbank/mod.rs"]
mod tbank;

/// Every imitation, in the order in which people are told of them.
const KNOWN: &[Known] = &[tbank::IMITATION, finlego::IMITATION, loanpro::IMITATION, brainysoft::IMITATION];

/// The imitation of this provider.
pub(super) fn find(provider: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.provider == provider)
}

/// All imitations.
pub(super) fn all() -> &'static [Known] {
    KNOWN
}

/// The providers that are imitated, for people.
pub(super) fn names() -> String {
    KNOWN.iter().map(|known| known.provider).collect::<Vec<_>>().join(", ")
}
