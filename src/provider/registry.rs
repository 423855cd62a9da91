//! The list of providers. A new one is a folder and a line here.

use std::sync::Arc;

use super::{AccountSettings, Provider, ProviderError, tbank};

/// A provider's account, ready to be spoken to.
///
/// # Errors
/// When the provider is not known, or the account's settings cannot be used.
pub fn connect(provider: &str, settings: &AccountSettings) -> Result<Arc<dyn Provider>, ProviderError> {
    match provider {
        "tbank" => Ok(Arc::new(tbank::TBank::connect(settings)?)),
        _ => Err(ProviderError::Unknown { provider: provider.to_owned() }),
    }
}
