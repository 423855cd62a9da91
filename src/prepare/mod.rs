//! Room 2: a row becomes a request body, or a list of faults. Pure, on all cores.

pub mod normalize;
