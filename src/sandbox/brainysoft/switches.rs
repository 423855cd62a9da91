//! What BrainySoft's documentation leaves open, as switches. Says what may be set; what it changes stands where it is asked.

use crate::sandbox::switches::{SwitchSpec, SwitchValues};

const fn words(name: &'static str, words: &'static [&'static str], meaning: &'static str) -> SwitchSpec {
    SwitchSpec { name, values: SwitchValues::OneOf(words), meaning }
}

/// How long a token lives.
pub(super) const TOKEN_TTL_S: SwitchSpec = SwitchSpec {
    name: "token_ttl_s",
    values: SwitchValues::Number { min: 1, max: 86_400, default: Some(1800) },
    meaning: "seconds that a token lives",
};

/// How many calls a token is good for.
pub(super) const TOKEN_CALLS: SwitchSpec = SwitchSpec {
    name: "token_calls",
    values: SwitchValues::Number { min: 1, max: u64::MAX, default: None },
    meaning: "calls after which a token is stale; no end when not set",
};

/// Whether tokens that are given out are good at all.
pub(super) const TOKENS: SwitchSpec = words("tokens", &["good", "never_valid"], "whether the tokens given out are accepted");

/// How a stale token is told.
pub(super) const AUTH_STATUS: SwitchSpec = words("auth_status", &["401", "200"], "status of the envelope that refuses a token");

/// How complete init is.
pub(super) const INIT: SwitchSpec = words("init", &["full", "sparse"], "whether init has nested objects or null in their places");

/// The natural person's flag.
pub(super) const NATURAL_PERSON: SwitchSpec =
    words("natural_person", &["naturalPerson", "naturalperson", "neither"], "how init spells the flag of natural persons");

/// The code of an address.
pub(super) const FIAS_NAME: SwitchSpec = words("fias_name", &["fias", "fiasId"], "how init spells the code of an address");

/// Codes of addresses that nobody knows.
pub(super) const FIAS: SwitchSpec = words("fias", &["keep", "reject"], "what happens to an address code that is not known");

/// Members that init does not have.
pub(super) const UNKNOWN_MEMBERS: SwitchSpec =
    words("unknown_members", &["ignore", "reject"], "what happens to members that init does not have");

/// The data of a success.
pub(super) const ANSWER: SwitchSpec = words("answer", &["object", "id"], "whether a success shows the whole client or its id");

/// The same client again.
pub(super) const DUPLICATES: SwitchSpec = words(
    "duplicates",
    &["accept", "reject", "reject_409"],
    "the same name and passport, or INN, a second time: created again, or refused with status 200 or 409",
);

/// The search.
pub(super) const SEARCH: SwitchSpec = words(
    "search",
    &["nested", "flat", "off", "forbidden"],
    "how the search answers: linked fields nested or flat, an error, or 403",
);

/// The status of errors.
pub(super) const ERROR_STATUS: SwitchSpec = words("error_status", &["200", "400"], "status of the envelope of an error");

/// The data of errors.
pub(super) const ERROR_DATA: SwitchSpec = words("error_data", &["object", "text"], "whether an error is an object or a text");

/// All of them.
pub(super) const ALL: &[SwitchSpec] = &[
    TOKEN_TTL_S,
    TOKEN_CALLS,
    TOKENS,
    AUTH_STATUS,
    INIT,
    NATURAL_PERSON,
    FIAS_NAME,
    FIAS,
    UNKNOWN_MEMBERS,
    ANSWER,
    DUPLICATES,
    SEARCH,
    ERROR_STATUS,
    ERROR_DATA,
];
