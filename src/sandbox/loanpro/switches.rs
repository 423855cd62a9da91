//! What LoanPro's documentation leaves open, as switches. Says what may be set; what it changes stands where it is asked.

use crate::sandbox::switches::{SwitchSpec, SwitchValues};

const fn one_of(name: &'static str, values: &'static [&'static str], meaning: &'static str) -> SwitchSpec {
    SwitchSpec { name, values: SwitchValues::OneOf(values), meaning }
}

/// The tenant that is accepted.
pub(super) const TENANT: SwitchSpec = SwitchSpec {
    name: "tenant",
    values: SwitchValues::Number { min: 1, max: u64::MAX, default: None },
    meaning: "the only tenant id that is accepted; any when not set",
};

/// Another tenant.
pub(super) const WRONG_TENANT: SwitchSpec =
    one_of("wrong_tenant", &["401", "409"], "status of an answer to a tenant id that is not accepted");

/// Names that the address does not have.
pub(super) const UNKNOWN_ENTITY: SwitchSpec =
    one_of("unknown_entity", &["409", "200"], "status of an error about an entity that does not exist");

/// Members that each type of customer has to have.
pub(super) const STRICT_TYPES: SwitchSpec =
    one_of("strict_types", &["on", "off"], "whether names, government id and credit limit are required by type of customer");

/// States of another country.
pub(super) const STATE_COUNTRY: SwitchSpec =
    one_of("state_country", &["accept", "refuse"], "what happens to a state or province of another country");

/// An SSN without its birth date.
pub(super) const SSN_ALONE_WARNS: SwitchSpec =
    one_of("ssn_alone_warns", &["on", "off"], "whether an equal SSN warns where the birth dates differ");

/// Status of warnings.
pub(super) const WARNING_STATUS: SwitchSpec =
    one_of("warning_status", &["409", "500", "200"], "status of an answer with warnings");

/// Where warnings stand.
pub(super) const WARNING_PLACE: SwitchSpec =
    one_of("warning_place", &["root", "d"], "whether warnings stand at the root or under `d`");

/// How warnings are worded.
pub(super) const WARNING_WORDS: SwitchSpec = one_of(
    "warning_words",
    &["labels", "typographic", "plain"],
    "whether warnings have labels and straight quotes, labels and typographic quotes, or words alone",
);

/// What reading shows of an SSN.
pub(super) const SSN_SHOWN: SwitchSpec = one_of("ssn_shown", &["masked", "clear", "hidden"], "how an SSN comes back");

/// All of them.
pub(super) const ALL: &[SwitchSpec] = &[
    TENANT,
    WRONG_TENANT,
    UNKNOWN_ENTITY,
    STRICT_TYPES,
    STATE_COUNTRY,
    SSN_ALONE_WARNS,
    WARNING_STATUS,
    WARNING_PLACE,
    WARNING_WORDS,
    SSN_SHOWN,
];
