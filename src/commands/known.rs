//! Which operations there are: those of the program, and what the configuration adds to them.

use crate::config::Config;
use crate::contract::Registry;
use crate::failure::Failure;

/// All operations that can be asked for with this configuration.
pub(super) fn registry(_config: &Config) -> Result<Registry, Failure> {
    Ok(Registry::built_in().clone())
}
