//! The verdicts of profiles of several tempers for whoever throws hostile answers at them ([`super::super::hostile`]).
//! Not part of the program.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::SystemTime;

use super::OwnProfile;
use super::verdicts::{by_code, judge};
use crate::provider::http::{Lost, Reply};
use crate::provider::{Answer, CodeMeaning, Order};

const HEAD: &str = "name = \"acme\"\nbase_url = \"https://acme.example\"\npath = \"/clients\"\nauth = { kind = \"none\" }\n";
const TAIL: &str = "\n[operations.client]\ncontract = \"client.json\"\n";
const TEMPERS: [&str; 3] = [
    "[success]\nid = \"/id\"\n",
    "[success]\nid = \"header Location\"\n",
    "[success]\nid = \"/data/id\"\nok = { pointer = \"/ok\", value = true }\n[error]\ncode = \"/code\"\nmessage = \"/message\"\nlist = \"/errors\"\n\
     field = \"/field\"\ntext = \"/text\"\n",
];

static PROFILES: LazyLock<Vec<OwnProfile>> = LazyLock::new(|| {
    let profiles = TEMPERS.iter().filter_map(|temper| OwnProfile::parse(&format!("{HEAD}{temper}{TAIL}")).ok());
    let profiles: Vec<OwnProfile> = profiles.collect();
    assert_eq!(profiles.len(), TEMPERS.len(), "a profile cannot be read");
    profiles
});

pub(in crate::provider) fn answers(reply: &Result<Reply, Lost>, order: &Order<'_>, now: SystemTime) -> Vec<Answer> {
    let codes = BTreeMap::from([("KNOWN".to_owned(), CodeMeaning::Existing), ("STOP".to_owned(), CodeMeaning::Halt)]);
    PROFILES.iter().map(|own| by_code(judge(own, reply, order, now), &codes)).collect()
}
