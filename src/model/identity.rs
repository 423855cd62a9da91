//! Which client a row is, and the key under which a provider knows the request. Neither shows the client.

use std::fmt;

use sha2::{Digest as _, Sha256};
use smallvec::SmallVec;
use uuid::Uuid;

/// A keyed hash of what makes a client this client (own id, INN, passport…), within one operation and account.
/// The hashing key lies beside the journal, not in it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity(pub [u8; 16]);

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in &self.0[..4] {
            write!(f, "{byte:02x}")?;
        }
        f.write_str("…")
    }
}

/// The name of the identity that is the user's own id.
pub const OWN_ID: &str = "own id";

/// All identities of one client, the leading one first. Two rows that share any of them are one client.
pub type Identities = SmallVec<[(Identity, &'static str); 4]>;

/// The idempotency key of a request: a UUID that an unchanged row keeps for ever.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct IdempotencyKey(pub Uuid);

/// Namespace of the keys. Never to be changed: keys that are out in the world would no longer be recognised.
const NAMESPACE: Uuid = Uuid::from_u128(0x8f1d_0f5e_6a86_5b0c_9a51_3c2f_7e44_d1ab);

impl IdempotencyKey {
    /// UUIDv5 of operation, account, identity in clear and canonical body. The parts go in as one SHA-256: processors
    /// calculate that in hardware, while UUIDv5's own SHA-1 over a whole body would be most of the work on a row.
    #[must_use]
    pub fn derive(operation: &str, account: &str, identity: &str, body: &str) -> Self {
        let mut hasher = Sha256::new();
        for part in [operation, account, identity] {
            hasher.update(part.as_bytes());
            hasher.update([0]);
        }
        hasher.update(body.as_bytes());
        Self(Uuid::new_v5(&NAMESPACE, &hasher.finalize()))
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_depends_on_each_of_its_parts_and_on_nothing_else() {
        let key = |a, b, c, d| IdempotencyKey::derive(a, b, c, d).to_string();
        // Pinned: a changed derivation would send every client of an earlier run again.
        assert_eq!(key("tbank/fl-resident", "main", "inn:1", "{}"), PINNED);
        assert_ne!(key("tbank/fl-resident", "main", "inn:1", "{}"), key("tbank/ip-resident", "main", "inn:1", "{}"));
        assert_ne!(key("a", "main", "1", "{}"), key("a", "test", "1", "{}"));
        assert_ne!(key("a", "b", "c", "{}"), key("a", "b", "c", "{ }"));
    }

    const PINNED: &str = "8da9d7c4-1cc9-5387-a536-af1830b2f2f0";
}
