//! One operation: its contract compiled, with the facts about it that stand at the contract's root. Judges bodies, sends none.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::checks::{Checks, Today};
use super::compile;
use super::leaf::{Group, Leaf, Selector};
use super::plain::{self, Facts};
use super::registry::ContractError;
use super::shape::shape_decides;
use super::validate::{Contract, Level, Violation};
use super::view::{BodyView, Path};
use crate::model::text::fold;
use crate::model::{FieldName, RateLimit};

/// What is asked of a provider: `tbank/fl-resident`.
#[derive(Debug)]
pub struct Operation {
    /// `provider/kind`.
    pub name: Arc<str>,
    /// What it is, for people.
    pub title: String,
    /// The provider's page about it.
    pub documentation: String,
    /// The contract as it is written.
    pub schema: Value,
    /// Members that a client has once.
    pub leaves: Vec<Leaf>,
    /// Lists.
    pub groups: Vec<Group>,
    /// How a row of a mixed file says that it is of this kind.
    pub kind: Option<Kind>,
    /// Natural keys; two clients that share one are one.
    pub identities: Vec<IdentityRule>,
    /// Used when a client has none of the natural keys.
    pub identity_fallback: Option<IdentityRule>,
    /// Whether clients can only be told apart by the user's own id.
    pub own_id_required: bool,
    /// Requests allowed in any sliding window, and its length.
    pub limit: Option<(u32, Duration)>,
    /// Limits of longer windows that hold besides.
    pub further_limits: Vec<RateLimit>,
    /// Requests that may be under way at once, where the provider says so.
    pub in_flight: Option<u32>,
    /// Requests that creating one client takes.
    pub requests_per_client: u32,
    /// What the provider does with a request that comes twice, where that is known.
    pub idempotency: Option<Idempotency>,
    /// The root member that is written first; all others follow in the order of names.
    pub first_key: Option<String>,
    /// Whether mappings may fill members that the contract does not name.
    pub passes_through: bool,
    /// Vocabulary field → field of this contract that it fills when nothing else does.
    pub aliases: BTreeMap<String, String>,
    /// Whether names in one cell begin with the last name, so that they can be taken apart: `x-name-order: first-last` says no.
    pub splits_full_names: bool,
    /// Columns that must not be mapped at all, where the provider wants none of what they hold.
    pub refused_headers: Option<RefusedHeaders>,
    /// Columns that mean something else in files that were made for another program.
    pub foreign_columns: Option<ForeignColumns>,
    /// Whether bodies of one shape, whose values each fit their member, are all valid or all not.
    pub shape_decides: bool,
    contract: Contract,
    checks: Checks,
}

/// How a row says that it is of an operation's kind.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// The body's member that holds the code.
    pub member: String,
    /// The provider's code.
    pub code: String,
    /// Words that mean exactly this operation.
    pub exact: Vec<String>,
    /// Words that leave the residency open.
    pub words: Vec<String>,
    /// `resident` or `nonresident`, where the operation is for one of them.
    pub residency: Option<String>,
    /// The citizenship that proves the residency, where one does.
    pub citizenship: Option<String>,
}

/// What the provider does with a request that comes twice, and how doubt about one is settled.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Idempotency {
    /// Where the key goes: `header Idempotency-Key`, `member /externalId`, or `none`.
    pub key: String,
    /// How long the provider remembers it, in words.
    pub remembered: String,
    /// The same in seconds, where it is known.
    pub remembered_s: Option<u64>,
    /// What a replay returns, in words.
    pub replay: String,
    /// Ways to settle a doubt, in the order in which they are tried.
    pub unknown: Vec<Settling>,
    /// Where the body holds what a person has to look for at the provider: `/externalId`.
    pub look_for: Option<String>,
    /// What else people should know.
    #[serde(default)]
    pub note: String,
}

impl Idempotency {
    /// Whether only a person can find out what became of a request without an answer.
    #[must_use]
    pub fn needs_person(&self) -> bool {
        !self.unknown.iter().any(|way| match way {
            Settling::Replay | Settling::LookUp => true,
            Settling::Person => false,
        })
    }
}

/// A way to settle whether a client was created.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Settling {
    /// The same request is sent again under its key.
    Replay,
    /// The provider is asked for the client.
    LookUp,
    /// A person has to look.
    Person,
}

impl Settling {
    /// The word that contracts use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Replay => "replay",
            Self::LookUp => "look-up",
            Self::Person => "person",
        }
    }
}

/// Headers of columns that hold what must not be sent.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefusedHeaders {
    /// Why, and what to do, for people.
    pub why: String,
    /// The headers; they are compared folded.
    pub headers: Vec<String>,
}

impl RefusedHeaders {
    /// Whether a column of this header is refused.
    #[must_use]
    pub fn refuses(&self, header: &str) -> bool {
        let header = fold(header);
        self.headers.iter().any(|refused| fold(refused) == header)
    }
}

/// Headers of files that were made for another program, where they mean something else than here.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForeignColumns {
    /// Headers by any of which such a file is known; all headers are compared folded.
    pub known_by: Vec<String>,
    /// Columns of such a file that never map themselves, with what a person is told of them.
    pub columns: BTreeMap<String, String>,
}

impl ForeignColumns {
    /// What a person has to know of a column, where the columns are of such a file.
    #[must_use]
    pub fn doubt(&self, header: &str, columns: &[std::sync::Arc<str>]) -> Option<&str> {
        let header = fold(header);
        let (_, doubt) = self.columns.iter().find(|(column, _)| fold(column) == header)?;
        let is_foreign =
            columns.iter().map(|column| fold(column)).any(|column| self.known_by.iter().any(|known| fold(known) == column));
        is_foreign.then_some(doubt)
    }
}

/// How many requests a provider allows.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Requests in any sliding window.
    pub requests: u32,
    /// The window, milliseconds.
    pub window_ms: u64,
    /// Requests that may be under way at once.
    pub in_flight: Option<u32>,
    /// Requests that one client costs; one where it is not said.
    #[serde(default)]
    pub requests_per_client: Option<u32>,
    /// Windows that hold besides: per minute, per day.
    #[serde(default)]
    pub further: Vec<FurtherLimit>,
}

/// A window that holds besides the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FurtherLimit {
    /// Requests in any sliding window.
    pub requests: u32,
    /// The window, milliseconds.
    pub window_ms: u64,
}

impl From<&FurtherLimit> for RateLimit {
    fn from(limit: &FurtherLimit) -> Self {
        Self { requests: limit.requests, window: Duration::from_millis(limit.window_ms) }
    }
}

impl Limits {
    fn lets_nothing_through(&self) -> bool {
        self.requests == 0
            || self.window_ms == 0
            || self.in_flight == Some(0)
            || self.requests_per_client == Some(0)
            || self.further.iter().any(|further| further.requests == 0 || further.window_ms == 0)
    }
}

/// Parts of a body that together tell a client from all others.
#[derive(Debug)]
pub struct IdentityRule {
    /// What people call it: INN, passport.
    pub interned: &'static str,
    /// Steps from the root; `?type=CODE` picks the list item of that type, `*` is any item.
    pub parts: Vec<Vec<String>>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenIdentityRule {
    name: String,
    parts: Vec<String>,
}

impl From<WrittenIdentityRule> for IdentityRule {
    fn from(rule: WrittenIdentityRule) -> Self {
        let steps = |part: &String| part.split('/').skip(1).map(str::to_owned).collect();
        Self { interned: FieldName::new(&rule.name).as_str(), parts: rule.parts.iter().map(steps).collect() }
    }
}

impl Operation {
    /// Compiles a contract.
    ///
    /// # Errors
    /// When the text is no JSON Schema that this program understands.
    pub fn compile(text: &str, file: &str) -> Result<Self, ContractError> {
        let schema: Value = serde_json::from_str(text)
            .map_err(|error| ContractError::Schema { name: file.to_owned(), why: error.to_string() })?;
        Self::of_schema(schema).map_err(|why| ContractError::Schema { name: file.to_owned(), why })
    }

    /// Compiles a JSON Schema that may lack our annotations: what they would say is read from names, types and formats of its
    /// members, and from `facts`. Annotations that are there count.
    ///
    /// # Errors
    /// When the schema is none that this program understands.
    pub fn from_schema(name: &str, schema: Value, facts: &Facts) -> Result<Self, ContractError> {
        let annotated = plain::annotate(name, schema, facts);
        annotated.and_then(Self::of_schema).map_err(|why| ContractError::Schema { name: name.to_owned(), why })
    }

    fn of_schema(schema: Value) -> Result<Self, String> {
        let text_of = |key: &str| schema.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let name = text_of("x-operation");
        if !is_operation_name(&name) {
            return Err(format!("`x-operation` has to be `provider/kind` in letters, digits and hyphens, not `{name}`"));
        }
        let (leaves, groups) = compile::members(&schema)?;
        let region: Option<String> = part(&schema, "x-phone-region")?;
        if region.is_some_and(|region| region.len() != 2 || !region.bytes().all(|byte| byte.is_ascii_uppercase())) {
            return Err("x-phone-region: a country's code is two capital letters, such as `GB`".to_owned());
        }
        let limits: Option<Limits> = part(&schema, "x-limits")?;
        if limits.as_ref().is_some_and(Limits::lets_nothing_through) {
            return Err("x-limits: a limit of 0 would let nothing through".to_owned());
        }
        let rules: Option<Vec<WrittenIdentityRule>> = part(&schema, "x-identity")?;
        let fallback: Option<WrittenIdentityRule> = part(&schema, "x-identity-fallback")?;
        Ok(Self {
            title: text_of("title"),
            documentation: text_of("x-documentation"),
            shape_decides: decides(&schema, &leaves, &groups),
            leaves,
            groups,
            kind: part(&schema, "x-kind")?,
            identities: rules.unwrap_or_default().into_iter().map(IdentityRule::from).collect(),
            identity_fallback: fallback.map(IdentityRule::from),
            own_id_required: schema.get("x-own-id-required").is_some_and(|value| value != false),
            limit: limits.as_ref().map(|limits| (limits.requests, Duration::from_millis(limits.window_ms))),
            in_flight: limits.as_ref().and_then(|limits| limits.in_flight),
            requests_per_client: limits.as_ref().and_then(|limits| limits.requests_per_client).unwrap_or(1),
            further_limits: limits.map(|limits| limits.further.iter().map(RateLimit::from).collect()).unwrap_or_default(),
            idempotency: part(&schema, "x-idempotency")?,
            first_key: part(&schema, "x-first-key")?,
            passes_through: part::<bool>(&schema, "x-pass-through")?.unwrap_or(false),
            aliases: part::<BTreeMap<_, _>>(&schema, "x-aliases")?.unwrap_or_default(),
            refused_headers: part(&schema, "x-refused-headers")?,
            foreign_columns: part(&schema, "x-foreign-columns")?,
            splits_full_names: schema.get("x-name-order").and_then(Value::as_str) != Some("first-last"),
            contract: Contract::compile(&schema)?,
            checks: Checks::compile(part::<Vec<_>>(&schema, "x-checks")?.unwrap_or_default()),
            name: name.into(),
            schema,
        })
    }

    /// `tbank` of `tbank/fl-resident`.
    #[must_use]
    pub fn provider(&self) -> &str {
        self.name.split('/').next().unwrap_or_default()
    }

    /// Whether the body fits the contract's schema; faster than asking for the violations.
    #[must_use]
    pub fn accepts(&self, body: &Value) -> bool {
        self.contract.accepts(body)
    }

    /// Everything in which the body breaks the contract's schema; empty when it is valid.
    #[must_use]
    pub fn violations(&self, body: &Value, level: Level) -> Vec<Violation> {
        self.contract.violations(body, level)
    }

    /// Everything in which the body breaks rules that no schema keyword expresses: check digits, the order of dates, alphabets.
    pub fn check_rules(&self, body: &Value, today: &Today, found: &mut Vec<Violation>) {
        self.checks.run_on_value(body, today, found);
    }

    /// The same on a body in another form; paths are told by their place in [`Self::check_paths`].
    pub fn check_rules_on(&self, body: &dyn BodyView, today: &Today, found: &mut Vec<Violation>) {
        self.checks.run(body, today, found);
    }

    /// The paths that the rules look at.
    #[must_use]
    pub fn check_paths(&self) -> &[Path] {
        self.checks.paths()
    }

    /// The group of this name, or of this body path.
    #[must_use]
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.is_called(name))
    }

    /// Whether a mapping may name this field for the operation: `last_name`, `documents[].series`, `additionalInfo.conviction`.
    /// Numbers of items are left out.
    #[must_use]
    pub fn knows_field(&self, field: &str) -> bool {
        let named = |leaf: &Leaf| leaf.is_called(field) || leaf.alternatives.iter().any(|other| other == field);
        if self.leaves.iter().any(named) || self.aliases.contains_key(field) {
            return true;
        }
        let Some((list, part)) = field.split_once("[].") else { return false };
        self.group(list).is_some_and(|group| {
            group.all_leaves().chain(&group.type_leaf).any(|leaf| {
                leaf.part() == part
                    || leaf.inner_path() == part
                    || leaf.join.as_ref().is_some_and(|join| join.parts.iter().any(|p| p == part))
            })
        }) || self.selecting(list).any(|(leaf, selector)| {
            selector.part == part || leaf.join.as_ref().is_some_and(|join| join.parts.iter().any(|known| known == part))
        })
    }

    /// Members of single objects that take their value from an item of this group of a mapping.
    pub fn selecting<'o>(&'o self, group: &str) -> impl Iterator<Item = (&'o Leaf, &'o Selector)> {
        self.leaves
            .iter()
            .filter_map(|leaf| Some((leaf, leaf.selector.as_ref()?)))
            .filter(move |(_, selector)| selector.group == group)
    }
}

/// Letters, digits and hyphens around one slash: names stand in paths and in terminals.
fn is_operation_name(name: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty()
            && word.len() <= 64
            && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    name.split_once('/').is_some_and(|(provider, kind)| is_word(provider) && is_word(kind))
}

fn decides(schema: &Value, leaves: &[Leaf], groups: &[Group]) -> bool {
    let types = groups.iter().filter_map(|group| group.type_leaf.as_ref());
    let all = leaves.iter().chain(groups.iter().flat_map(Group::all_leaves)).chain(types);
    let (closed, open): (Vec<&Leaf>, Vec<&Leaf>) = all.partition(|leaf| leaf.render.is_closed());
    shape_decides(schema, &names(&open), &names(&closed))
}

fn names<'l>(leaves: &[&'l Leaf]) -> Vec<&'l str> {
    leaves.iter().filter_map(|leaf| leaf.path.last()).map(String::as_str).collect()
}

/// An annotation of the root, read into its form.
fn part<T: DeserializeOwned>(schema: &Value, key: &str) -> Result<Option<T>, String> {
    match schema.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => T::deserialize(value).map(Some).map_err(|error| format!("{key}: {error}")),
    }
}
