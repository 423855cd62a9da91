//! What T-Bank's documentation leaves open, as switches. Says what may be set; what it changes stands where it is asked.

use crate::sandbox::switches::{SwitchSpec, SwitchValues};

/// Status of a refusal by a rule that stands in the documentation's text only.
pub(super) const PROSE_STATUS: SwitchSpec = SwitchSpec {
    name: "prose_status",
    values: SwitchValues::OneOf(&["422", "400"]),
    meaning: "status of a refusal by a rule that stands in the documentation's text only",
};

/// Members outside the contract.
pub(super) const UNKNOWN_MEMBERS: SwitchSpec = SwitchSpec {
    name: "unknown_members",
    values: SwitchValues::OneOf(&["refuse", "ignore"]),
    meaning: "what happens to members outside the contract",
};

/// What a success repeats of the request.
pub(super) const ECHO: SwitchSpec = SwitchSpec {
    name: "echo",
    values: SwitchValues::OneOf(&["full", "required"]),
    meaning: "what a success repeats of the request: all, or what answers always hold",
};

/// A key that comes back with another body.
pub(super) const CONFLICT_STATUS: SwitchSpec = SwitchSpec {
    name: "conflict_status",
    values: SwitchValues::OneOf(&["422", "409", "400"]),
    meaning: "status when a key comes back with another body",
};

/// A key whose first request still runs.
pub(super) const RUNNING: SwitchSpec = SwitchSpec {
    name: "running",
    values: SwitchValues::OneOf(&["wait", "409"]),
    meaning: "a key whose first request still runs waits for it, or is answered at once",
};

/// How long keys are remembered.
pub(super) const KEY_TTL_MS: SwitchSpec = SwitchSpec {
    name: "key_ttl_ms",
    values: SwitchValues::Number { min: 0, max: u64::MAX, default: None },
    meaning: "keys are forgotten after this time; never when not set",
};

/// The UUID versions that a key may have.
pub(super) const KEY_VERSIONS: SwitchSpec = SwitchSpec {
    name: "key_versions",
    values: SwitchValues::Numbers { min: 1, max: 8 },
    meaning: "the UUID versions that a key may have; any when not set",
};

/// The same person under another key.
pub(super) const DUPLICATES: SwitchSpec = SwitchSpec {
    name: "duplicates",
    values: SwitchValues::OneOf(&["create", "422"]),
    meaning: "the same person under another key is created a second time, or refused",
};

/// All of them.
pub(super) const ALL: &[SwitchSpec] =
    &[PROSE_STATUS, UNKNOWN_MEMBERS, ECHO, CONFLICT_STATUS, RUNNING, KEY_TTL_MS, KEY_VERSIONS, DUPLICATES];
