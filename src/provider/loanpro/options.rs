//! What an account at LoanPro is told besides the common settings. Judges forms, opens nothing.

use serde::{Deserialize, Deserializer};

use super::warnings::Kind;

/// The provider's own settings.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::provider) struct Options {
    /// The tenant, for the header `Autopal-Instance-Id`.
    #[serde(deserialize_with = "tenant")]
    pub(super) tenant_id: Option<String>,
    /// What a warning about a customer that is there already means.
    pub(super) duplicates: Duplicates,
    /// Status label of customers whose row names none.
    pub(super) default_status: Option<String>,
    /// Which created customers are read back.
    pub(super) verify_after_create: ReadBack,
}

/// What a duplicate warning means for the row.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Policy {
    /// The row is refused.
    Reject,
    /// The row is done, with the id of the customer that is there.
    Report,
    /// The customer is created all the same.
    Force,
}

/// The policy of each kind of warning.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Duplicates {
    ssn: Policy,
    email: Policy,
    phone: Policy,
    primary_address: Policy,
    mail_address: Policy,
}

impl Default for Duplicates {
    fn default() -> Self {
        Self {
            ssn: Policy::Report,
            email: Policy::Reject,
            phone: Policy::Reject,
            primary_address: Policy::Reject,
            mail_address: Policy::Reject,
        }
    }
}

impl Duplicates {
    /// What was chosen for a kind of warning. What is not understood is always refused.
    pub(super) fn policy(&self, kind: Kind) -> Policy {
        match kind {
            Kind::Ssn => self.ssn,
            Kind::Email => self.email,
            Kind::Phone => self.phone,
            Kind::PrimaryAddress => self.primary_address,
            Kind::MailAddress => self.mail_address,
            Kind::Other => Policy::Reject,
        }
    }
}

/// Which created customers are read back, to see whether the server kept every member.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum ReadBack {
    /// The first one of each set of filled members.
    #[default]
    First,
    /// Every one.
    All,
    /// None, but those with custom fields, whose fate on creation is not documented.
    None,
}

/// Tenants are numbers; people write them with quotes and without.
fn tenant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(u64),
        Text(String),
    }
    Ok(Some(match Written::deserialize(deserializer)? {
        Written::Number(number) => number.to_string(),
        Written::Text(text) => text,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Options, toml::de::Error> {
        toml::from_str(text)
    }

    #[test]
    fn what_is_not_said_has_the_careful_default() {
        let options = read("").unwrap();
        assert_eq!(options.duplicates.policy(Kind::Ssn), Policy::Report);
        for kind in [Kind::Email, Kind::Phone, Kind::PrimaryAddress, Kind::MailAddress, Kind::Other] {
            assert_eq!(options.duplicates.policy(kind), Policy::Reject, "{kind:?}");
        }
        assert_eq!((options.tenant_id, options.verify_after_create), (None, ReadBack::First));
    }

    #[test]
    fn settings_are_read_and_slips_are_told() {
        let options = read("tenant_id = 5201\nverify_after_create = \"all\"\n[duplicates]\nphone = \"force\"").unwrap();
        assert_eq!(options.tenant_id.as_deref(), Some("5201"));
        assert_eq!(options.duplicates.policy(Kind::Phone), Policy::Force);
        assert_eq!(options.verify_after_create, ReadBack::All);
        assert!(read("tenant = 1").is_err());
        assert!(read("[duplicates]\nother = \"force\"").is_err());
        assert!(read("[duplicates]\nphone = \"ignore\"").unwrap_err().to_string().contains("`force`"));
    }
}
