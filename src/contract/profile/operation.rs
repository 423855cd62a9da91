//! What can be asked of a provider of the user's own: the profile's table of an operation, and its contract made an operation like
//! the built-in ones.

use serde_json::{Map, Value, json};

use super::reader::Reader;
use super::template::is_pointer;
use super::{IdPlace, KeyPlace, OwnProfile, Template};
use crate::contract::{ContractError, Facts, FurtherLimit, Idempotency, Limits, Operation, Settling};
use crate::model::RateLimit;

/// What can be asked of the provider.
#[derive(Clone, Debug)]
pub struct OwnOperation {
    /// What stands behind the slash.
    pub kind: String,
    /// What it is, for people; the contract's own title where it is empty.
    pub title: String,
    /// The contract's file, relative to the profile's.
    pub contract: String,
    /// The path that creates a client; the profile's own when `None`.
    pub path: Option<Template>,
    /// Natural keys: each is a list of pointers that together tell a client from all others.
    pub identity: Vec<Vec<String>>,
    /// How a row of a mixed file says that it is of this kind.
    kind_words: Option<Value>,
    own_id_required: bool,
    pass_through: bool,
    first_key: Option<String>,
}

pub(super) fn read(kind: &str, reader: Reader<'_>, has_path: bool) -> Option<OwnOperation> {
    let contract = reader.needed_text("contract", "client.schema.json").map(str::to_owned);
    let path = reader.template("path");
    if path.is_none() && !has_path && reader.get("path").is_none() {
        reader.problem(
            "path",
            "is missing",
            "name the path that creates a client, here or for all operations: path = \"/clients\"",
        );
    }
    let operation = OwnOperation {
        kind: kind.to_owned(),
        title: reader.text("title").unwrap_or_default().to_owned(),
        contract: contract.unwrap_or_default(),
        path,
        identity: identity(&reader),
        kind_words: kind_words(reader.table("kind")),
        own_id_required: reader.flag("own_id_required").unwrap_or(false),
        pass_through: reader.flag("pass_through").unwrap_or(false),
        first_key: reader.text("first_key").map(str::to_owned),
    };
    reader.finish();
    Some(operation)
}

fn identity(reader: &Reader<'_>) -> Vec<Vec<String>> {
    const EXAMPLE: &str = "identity = [[\"/externalId\"], [\"/passport/series\", \"/passport/number\"]]";
    let Some(written) = reader.get("identity") else { return Vec::new() };
    let rules: Option<Vec<Vec<String>>> = written.as_array().and_then(|rules| {
        let rule = |rule: &toml::Value| rule.as_array()?.iter().map(|part| part.as_str().map(str::to_owned)).collect();
        rules.iter().map(rule).collect()
    });
    let fits = |rule: &Vec<String>| !rule.is_empty() && rule.iter().all(|part| is_pointer(part));
    match rules {
        Some(rules) if rules.iter().all(fits) => rules,
        Some(_) | None => {
            reader.problem("identity", "is no list of lists of pointers", format!("write {EXAMPLE}"));
            Vec::new()
        }
    }
}

fn kind_words(reader: Reader<'_>) -> Option<Value> {
    if !reader.is_there() {
        return None;
    }
    let member = reader.needed_text("member", "type").unwrap_or_default().to_owned();
    let code = reader.needed_text("code", "PERSON").unwrap_or_default().to_owned();
    let words = reader.texts("words").unwrap_or_default();
    if words.is_empty() {
        reader.problem("words", "holds none", "say what people write in the column of kinds: words = [\"person\"]");
    }
    reader.finish();
    Some(json!({"member": member, "code": code, "exact": words, "words": []}))
}

fn further(limit: &RateLimit) -> FurtherLimit {
    FurtherLimit { requests: limit.requests, window_ms: u64::try_from(limit.window.as_millis()).unwrap_or(u64::MAX) }
}

impl OwnProfile {
    /// The path that creates a client of this operation.
    #[must_use]
    pub fn path_of<'a>(&'a self, operation: &'a OwnOperation) -> Option<&'a Template> {
        operation.path.as_ref().or(self.path.as_ref())
    }

    /// Makes an operation of a contract. Plain JSON Schema is enough; annotations that it has count.
    ///
    /// # Errors
    /// When the text is no JSON Schema that this program understands.
    pub fn compile(&self, operation: &OwnOperation, contract: &str) -> Result<Operation, ContractError> {
        let name = format!("{}/{}", self.name, operation.kind);
        let fail = |why: String| ContractError::Schema { name: format!("{name} ({})", operation.contract), why };
        let mut schema: Value = serde_json::from_str(contract).map_err(|error| fail(error.to_string()))?;
        let members = schema.as_object_mut().ok_or_else(|| fail("a contract is a JSON object".to_owned()))?;
        if let KeyPlace::Member(member) = &self.key.place {
            filled_by_us(members, member);
        }
        if let Some(kind) = &operation.kind_words {
            members.insert("x-kind".to_owned(), kind.clone());
        }
        let facts = Facts {
            title: operation.title.clone(),
            documentation: self.documentation.clone(),
            limits: Some(Limits {
                requests: self.limits.requests,
                window_ms: u64::try_from(self.limits.window.as_millis()).unwrap_or(u64::MAX),
                in_flight: u32::try_from(self.limits.in_flight).ok(),
                requests_per_client: None,
                further: self.limits.further.iter().map(further).collect(),
            }),
            idempotency: Some(self.idempotency(operation)),
            first_key: operation.first_key.clone(),
            phone_region: self.phone_region.clone(),
            passes_through: operation.pass_through,
            own_id_required: operation.own_id_required,
            identities: operation.identity.iter().map(|parts| (called(parts), parts.clone())).collect(),
        };
        Operation::from_schema(&name, schema, &facts)
    }

    /// What `fields` shows of keys and doubts.
    fn idempotency(&self, operation: &OwnOperation) -> Idempotency {
        let (key, has_key) = match &self.key.place {
            KeyPlace::None => ("none".to_owned(), false),
            KeyPlace::Header(header) => (format!("header {header}"), true),
            KeyPlace::Member(member) => (format!("member /{member}"), true),
        };
        let replays = has_key && self.key.remembered.is_some();
        let remembered = match self.key.remembered {
            Some(time) => seconds_in_words(time.as_secs()),
            None if has_key => "not stated, so no request is repeated to learn its outcome".to_owned(),
            None => "there is no key".to_owned(),
        };
        let replay = replays.then_some(Settling::Replay);
        let look_up = self.look_up.as_ref().map(|_| Settling::LookUp);
        let id = match &self.success.id {
            IdPlace::Pointer(pointer) => format!("member {pointer}"),
            IdPlace::Header(header) => format!("header {header}"),
        };
        Idempotency {
            key,
            remembered,
            remembered_s: self.key.remembered.map(|time| time.as_secs()),
            replay: if replays { self.key.replay.clone() } else { "nothing is replayed".to_owned() },
            unknown: replay.into_iter().chain(look_up).chain([Settling::Person]).collect(),
            look_for: operation.identity.iter().find(|parts| parts.len() == 1).and_then(|parts| parts.first()).cloned(),
            note: format!("the provider's id of a client is its answer's {id}"),
        }
    }
}

/// A member that the program fills by itself: no column goes there, and its absence before sending is no fault.
fn filled_by_us(schema: &mut Map<String, Value>, member: &str) {
    if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
        required.retain(|name| name != member);
    }
    let property = schema.get_mut("properties").and_then(|properties| properties.get_mut(member)).and_then(Value::as_object_mut);
    if let Some(property) = property {
        property.insert("x-mappable".to_owned(), Value::from(false));
    }
}

/// What people call a natural key: the names of its members.
fn called(parts: &[String]) -> String {
    let names: Vec<&str> = parts.iter().filter_map(|part| part.rsplit('/').next()).collect();
    names.join(" and ")
}

fn seconds_in_words(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86400),
    }
}

/// The contract's examples: those at its root, else one made of its members' own.
#[must_use]
pub fn examples(schema: &Value) -> Vec<Value> {
    if let Some(examples) = schema.get("examples").and_then(Value::as_array).filter(|examples| !examples.is_empty()) {
        return examples.clone();
    }
    example(schema, schema, 0).into_iter().collect()
}

/// References are followed this deep.
const DEPTH_MAX: usize = 16;

fn example(root: &Value, schema: &Value, depth: usize) -> Option<Value> {
    if depth > DEPTH_MAX {
        return None;
    }
    if let Some(found) = schema.pointer("/examples/0").or_else(|| schema.get("const")).or_else(|| schema.pointer("/enum/0")) {
        return Some(found.clone());
    }
    if let Some(target) =
        schema.get("$ref").and_then(Value::as_str).and_then(|reference| root.pointer(reference.strip_prefix('#')?))
    {
        return example(root, target, depth + 1);
    }
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        let members = properties.iter().filter_map(|(name, member)| Some((name.clone(), example(root, member, depth + 1)?)));
        return Some(Value::Object(members.collect()));
    }
    let items = schema.get("items")?;
    Some(json!([example(root, items, depth + 1)?]))
}
