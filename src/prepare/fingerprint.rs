//! Which client a body is: keyed hashes of what identifies it, digests of its fields, and its idempotency key.
//! The hashing key never leaves the journal's folder.

use std::hash::Hasher as _;

use serde_json::Value;
use siphasher::sip::SipHasher24;
use siphasher::sip128::{Hasher128 as _, SipHasher24 as SipHasher128};

use crate::contract::Operation;
use crate::model::{Body, FieldDigests, IdempotencyKey, Identities, Identity, Parcel};

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

/// Everything that is needed to send a valid body and to know its client again.
pub(super) fn parcel(scope: &Scope, operation: &Operation, own_id: Option<&str>, value: &Value) -> Parcel {
    let body = Body::new(value);
    let mut leading = String::new();
    let mut identities = Identities::new();
    let mut add = |name: &'static str, text: &str| {
        let mut hasher = SipHasher128::new_with_key(&scope.identity_key);
        for part in [&*operation.name, scope.account.as_str(), name, text] {
            hasher.write(part.as_bytes());
            hasher.write_u8(0);
        }
        if identities.is_empty() {
            leading = format!("{name}\u{1f}{text}");
        }
        identities.push((Identity(hasher.finish128().as_bytes()), name));
    };
    if let Some(own_id) = own_id {
        add("own id", own_id);
    }
    let mut key = String::new();
    let mut natural = false;
    for rule in &operation.identities {
        if compose(value, &rule.parts, true, &mut key) {
            natural = true;
            add(rule.interned, &key);
        }
    }
    if !natural && own_id.is_none() {
        match &operation.identity_fallback {
            Some(rule) if compose(value, &rule.parts, false, &mut key) => add(rule.interned, &key),
            Some(_) | None => add("content", body.as_str()),
        }
    }
    let key = IdempotencyKey::derive(&operation.name, &scope.account, &leading, body.as_str());
    let mut digests = Vec::with_capacity(24);
    digest_leaves(scope, value, &mut String::new(), &mut digests);
    digests.sort_unstable();
    Parcel { body, key, identities, digests: FieldDigests(digests) }
}

/// Joins the parts of an identity, folded so that case and ё do not make two clients of one. False when a part is missing.
fn compose(body: &Value, parts: &[Vec<String>], all: bool, key: &mut String) -> bool {
    key.clear();
    let mut any = false;
    for part in parts {
        match follow(body, part) {
            Some(text) => {
                any = true;
                for ch in text.chars().flat_map(char::to_lowercase) {
                    key.push(if ch == 'ё' { 'е' } else { ch });
                }
            }
            None if all => return false,
            None => {}
        }
        key.push('\u{1f}');
    }
    any
}

/// Follows a path whose `?member=value` steps pick a list item.
fn follow<'a>(body: &'a Value, path: &[String]) -> Option<&'a str> {
    let mut node = body;
    for step in path {
        node = match step.strip_prefix('?').and_then(|step| step.split_once('=')) {
            Some((member, wanted)) => {
                node.as_array()?.iter().find(|item| item.get(member).and_then(Value::as_str) == Some(wanted))?
            }
            None => node.get(step)?,
        };
    }
    node.as_str()
}

fn digest_leaves(scope: &Scope, value: &Value, pointer: &mut String, digests: &mut Vec<(u32, u32)>) {
    let length = pointer.len();
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                pointer.push('/');
                pointer.push_str(name);
                digest_leaves(scope, member, pointer, digests);
                pointer.truncate(length);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pointer.push('/');
                let mut buffer = [0; 4];
                pointer.push_str(
                    char::from_digit(u32::try_from(index % 36).unwrap_or(0), 36).unwrap_or('z').encode_utf8(&mut buffer),
                );
                digest_leaves(scope, item, pointer, digests);
                pointer.truncate(length);
            }
        }
        Value::String(text) => push_digest(scope, pointer, text.as_bytes(), digests),
        Value::Bool(flag) => push_digest(scope, pointer, &[u8::from(*flag)], digests),
        Value::Number(number) => push_digest(scope, pointer, number.to_string().as_bytes(), digests),
        Value::Null => {}
    }
}

fn push_digest(scope: &Scope, pointer: &str, value: &[u8], digests: &mut Vec<(u32, u32)>) {
    let mut hasher = SipHasher24::new_with_key(&scope.digest_key);
    hasher.write(pointer.as_bytes());
    hasher.write_u8(0);
    hasher.write(value);
    digests.push((field_digest(pointer), truncate(hasher.finish())));
}
