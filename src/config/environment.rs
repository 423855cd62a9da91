//! Variables. An empty one is one that is not set.

use std::path::PathBuf;

use crate::failure::Failure;

/// A variable's text.
pub(super) fn env(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A path: the variable's, else the one that was written.
pub(super) fn path_of(variable: &str, written: Option<&PathBuf>) -> Option<PathBuf> {
    env(variable).map(PathBuf::from).or_else(|| written.cloned())
}

/// A variable's number.
///
/// # Errors
/// When it is none.
pub(super) fn number<T: std::str::FromStr>(variable: &str) -> Result<Option<T>, Failure> {
    env(variable)
        .map(|text| {
            text.parse()
                .map_err(|_| Failure::settings(format!("{variable} is not a whole number"), "correct the variable or unset it"))
        })
        .transpose()
}
