//! Which client a body is: keyed hashes of what identifies it, digests of its fields, and its idempotency key.
//! The hashing key never leaves the journal's folder.

use std::hash::Hasher as _;

use siphasher::sip::{SipHasher13, SipHasher24};
use siphasher::sip128::{Hasher128 as _, SipHasher24 as SipHasher128};

use super::layout::{Layout, Reference};
use super::members::Members;
use crate::model::{Body, FieldDigests, IdempotencyKey, Identities, Identity, OWN_ID, Parcel};

/// What identities and digests are relative to: an account, and a secret that lies beside the journal.
#[derive(Clone)]
pub struct Scope {
    account: String,
    identity_key: [u8; 16],
    digest_key: [u8; 16],
}

impl Scope {
    /// The scope of an account; `secret` comes from the journal.
    #[must_use]
    pub fn new(account: &str, secret: &[u8; 32]) -> Self {
        let (mut identity_key, mut digest_key) = ([0; 16], [0; 16]);
        identity_key.copy_from_slice(&secret[..16]);
        digest_key.copy_from_slice(&secret[16..]);
        Self { account: account.to_owned(), identity_key, digest_key }
    }
}

/// Documents of one type that are looked at for identities.
const ITEMS_MAX: usize = 8;

/// The digest of a field's name, as [`FieldDigests`] holds it.
#[must_use]
pub fn field_digest(pointer: &str) -> u32 {
    let mut hasher = SipHasher24::new();
    hasher.write(pointer.as_bytes());
    truncate(hasher.finish())
}

// The digest is the lower half of the hash.
#[allow(clippy::cast_possible_truncation)]
fn truncate(hash: u64) -> u32 {
    hash as u32
}

/// Everything that is needed to send a valid body and to know its client again. `json` is the members' own canonical form.
pub(super) fn parcel(
    scope: &Scope,
    operation: &str,
    layout: &Layout,
    members: &Members<'_>,
    own_id: Option<&str>,
    json: String,
) -> Parcel {
    // Operation and account are the same for every identity of the row.
    let mut scoped = SipHasher128::new_with_key(&scope.identity_key);
    for part in [operation, scope.account.as_str()] {
        scoped.write(part.as_bytes());
        scoped.write_u8(0);
    }
    let mut leading = String::with_capacity(48);
    let mut identities = Identities::new();
    let mut add = |name: &'static str, text: &str| {
        let mut hasher = scoped;
        for part in [name, text] {
            hasher.write(part.as_bytes());
            hasher.write_u8(0);
        }
        if identities.is_empty() {
            leading.push_str(name);
            leading.push('\u{1f}');
            leading.push_str(text);
        }
        identities.push((Identity(hasher.finish128().as_bytes()), name));
    };
    if let Some(own_id) = own_id {
        add(OWN_ID, own_id);
    }
    let mut key = String::with_capacity(48);
    let mut natural = false;
    for (name, parts) in &layout.identities {
        // Every document of the type identifies, not only the first.
        let several = parts.iter().any(|part| matches!(part, Reference::Item { .. }));
        let most = if several { ITEMS_MAX } else { 1 };
        for nth in 0..most {
            if !compose(members, parts, nth, true, &mut key) {
                break;
            }
            natural = true;
            add(name, &key);
        }
    }
    if !natural && own_id.is_none() {
        match &layout.fallback {
            Some((name, parts)) if compose(members, parts, 0, false, &mut key) => add(name, &key),
            Some(_) | None => add("content", &json),
        }
    }
    let key = IdempotencyKey::derive(operation, &scope.account, &leading, &json);
    let mut digests = Vec::with_capacity(24);
    members.each_digest(|place, text| {
        let mut hasher = SipHasher13::new_with_key(&scope.digest_key);
        hasher.write(&place.to_le_bytes());
        hasher.write(text.as_bytes());
        digests.push((place, truncate(hasher.finish())));
    });
    digests.sort_unstable();
    Parcel { body: Body::from_canonical(json), key, identities, digests: FieldDigests(digests) }
}

/// Joins the parts of an identity, folded so that case and ё do not make two clients of one. False when a part is missing
/// that has to be there, or all are.
fn compose(members: &Members<'_>, parts: &[Reference], nth: usize, all: bool, key: &mut String) -> bool {
    key.clear();
    let mut any = false;
    for part in parts {
        match members.follow(part, nth) {
            Some(text) => {
                any = true;
                fold_into(text, key);
            }
            None if all => return false,
            None => {}
        }
        key.push('\u{1f}');
    }
    any
}

/// Case, ё, blanks and hyphens do not make two clients of one: `AB 123456` and `ab123456` are one passport.
fn fold_into(text: &str, key: &mut String) {
    if text.is_ascii() {
        let meant = text.bytes().filter(|byte| !matches!(byte, b' ' | b'-'));
        key.extend(meant.map(|byte| char::from(byte.to_ascii_lowercase())));
        return;
    }
    for ch in text.chars().filter(|ch| !matches!(ch, ' ' | '-')).flat_map(char::to_lowercase) {
        key.push(if ch == 'ё' { 'е' } else { ch });
    }
}
