//! Room 3: a prepared client becomes a settled one. Triage, pace, attempts, resolving unknowns. The only room that waits.

pub mod triage;
