//! What FinLego's documentation leaves open, as switches. Says what may be set; what it changes stands where it is asked.

use crate::sandbox::switches::{SwitchSpec, SwitchValues};

/// What a conflict at the onboarding service says.
pub(super) const CONFLICT_BODY: SwitchSpec = SwitchSpec {
    name: "conflict_body",
    values: SwitchValues::OneOf(&["empty", "problem", "id"]),
    meaning: "what a 409 for an externalId that exists holds: nothing, problem details, or the client's id",
};

/// A second client with one onboardingId at the core service.
pub(super) const CORE_DUPLICATES: SwitchSpec = SwitchSpec {
    name: "core_duplicates",
    values: SwitchValues::OneOf(&["allow", "result", "500"]),
    meaning: "a second client with one onboardingId is created, refused under status 200, or refused with 500",
};

/// How the core service refuses.
pub(super) const CORE_REFUSALS: SwitchSpec = SwitchSpec {
    name: "core_refusals",
    values: SwitchValues::OneOf(&["result", "reasons", "500"]),
    meaning: "how an onboardingId that begins with 00000000- is refused: under status 200, the same with the words in `reasons` only, \
              or with 500",
};

/// Whether the core service wants `type` as the first member.
pub(super) const TYPE_FIRST: SwitchSpec = SwitchSpec {
    name: "type_first",
    values: SwitchValues::OneOf(&["on", "off"]),
    meaning: "the core service refuses bodies whose first member is not `type`",
};

/// All of them.
pub(super) const ALL: &[SwitchSpec] = &[CONFLICT_BODY, CORE_DUPLICATES, CORE_REFUSALS, TYPE_FIRST];
