//! The profile's TOML, table by table. Knows the keys and their defaults; what they mean to a request is told elsewhere.

mod look_up;

use std::cell::RefCell;
use std::time::Duration;

use serde_json::Value;

use super::operation::{self, OwnOperation};
use super::reader::{Problem, Reader};
use super::{
    Auth, ErrorPlaces, Existing, HeaderText, IdPlace, KeyPlace, KeyRules, Meanings, OwnLimits, OwnProfile, Statuses, Success,
};
use crate::model::RateLimit;

/// Requests a second where the profile says nothing: slow enough for anybody.
const REQUESTS: u32 = 5;
/// Requests at the same time where the profile says nothing.
const IN_FLIGHT: usize = 4;

pub(super) fn profile(text: &str) -> Result<OwnProfile, Vec<Problem>> {
    let table: toml::Table = toml::from_str(text).map_err(|error| {
        // The parser's own message would print the line, and a line may hold a secret that was put there by mistake.
        let line = error.span().and_then(|span| text.get(..span.start)).map_or(1, |before| before.lines().count().max(1));
        let problem = Problem {
            place: format!("line {line}"),
            what: format!("is no TOML: {}", error.message()),
            hint: "mend the line; texts stand in quotes, tables begin with [name]".to_owned(),
        };
        vec![problem]
    })?;
    let problems = RefCell::new(Vec::new());
    let root = Reader::new(&table, &problems);
    let read = whole(&root);
    root.finish();
    let problems = problems.into_inner();
    match read {
        Some(profile) if problems.is_empty() => Ok(profile),
        Some(_) | None => Err(problems),
    }
}

/// `None` only where a problem was noted.
fn whole(root: &Reader<'_>) -> Option<OwnProfile> {
    let name = root.needed_text("name", "acme");
    if let Some(name) = name
        && !is_word(name)
    {
        root.problem("name", format!("`{name}` cannot stand in `{name}/kind`"), "use small letters, digits and hyphens");
    }
    let base_url = root.needed_text("base_url", "https://api.example.com");
    if let Some(url) = base_url
        && !(url.starts_with("https://") || url.starts_with("http://"))
    {
        root.problem("base_url", "is no web address", "begin with https://; http:// is for this machine only");
    }
    let phone_region = root.text("phone_region").map(str::to_owned);
    if let Some(region) = &phone_region
        && !(region.len() == 2 && region.bytes().all(|byte| byte.is_ascii_uppercase()))
    {
        root.problem("phone_region", "is no country's code", "write two capital letters, such as phone_region = \"GB\"");
    }
    let method = method(root, "POST");
    let path = root.template("path");
    let headers = headers(&root.table("headers"));
    let auth = auth(root.table("auth"));
    let limits = limits(root.table("limits"));
    let key = key(root.table("idempotency"));
    let error = error(root.table("error"));
    let success = success(root.table("success"));
    let existing = existing(root.table("existing"), &error);
    let meanings = meanings(root.table("verdicts"));
    let look_up = look_up::look_up(root.table("look_up"), key.place != KeyPlace::None && key.remembered.is_some());
    let preflight = preflight(root.table("preflight"));
    let operations = operations(&root.table("operations"), path.is_some());
    let profile = OwnProfile {
        title: root.text("title").or(name)?.to_owned(),
        documentation: root.text("documentation").unwrap_or_default().to_owned(),
        name: name?.to_owned(),
        base_url: base_url?.trim_end_matches('/').to_owned(),
        phone_region,
        method,
        path,
        headers,
        auth: auth?,
        limits,
        key,
        success: success?,
        existing,
        meanings,
        error,
        look_up: look_up?,
        preflight,
        operations,
    };
    Some(profile)
}

/// Small letters, digits and hyphens.
pub(super) fn is_word(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.len() <= 64 && text.bytes().all(fits)
}

fn method(reader: &Reader<'_>, default: &'static str) -> String {
    const METHODS: [(&str, &str); 4] = [("POST", "POST"), ("PUT", "PUT"), ("PATCH", "PATCH"), ("GET", "GET")];
    let creating = default == "POST";
    let allowed = if creating { METHODS.get(..3) } else { Some(&METHODS[..]) };
    reader.word("method", allowed.unwrap_or(&METHODS)).unwrap_or(default).to_owned()
}

fn headers(reader: &Reader<'_>) -> Vec<(String, HeaderText)> {
    let mut found = Vec::new();
    for (name, value) in reader.entries() {
        if !is_header(name) {
            reader.problem(name, "is no name of a header", "use letters, digits and hyphens");
        }
        let secret = value.as_table().filter(|table| table.len() == 1).and_then(|table| table.get("secret")?.as_str());
        match (value.as_str(), secret) {
            (Some(text), _) if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) => {
                found.push((name.clone(), HeaderText::Fixed(text.to_owned())));
            }
            (None, Some(secret)) if is_secret(secret) => found.push((name.clone(), HeaderText::Secret(secret.to_owned()))),
            (_, _) => {
                reader.problem(name, "is neither a text nor the name of a secret", "write \"text\" or { secret = \"name\" }")
            }
        }
    }
    found
}

/// A secret's name becomes a variable's; the secret itself must not stand in a profile.
const SECRET_HINT: &str =
    "name it in small letters, digits, hyphens and underscores; the secret itself stands in a variable or a file of the account";

fn is_secret(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    !name.is_empty() && name.len() <= 40 && name.bytes().all(fits)
}

fn is_header(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn header(reader: &Reader<'_>, key: &'static str, example: &str) -> Option<String> {
    let name = reader.needed_text(key, example)?;
    if !is_header(name) {
        reader.problem(key, format!("`{name}` is no name of a header"), "use letters, digits and hyphens");
        return None;
    }
    Some(name.to_owned())
}

fn auth(reader: Reader<'_>) -> Option<Auth> {
    #[derive(Clone, Copy)]
    enum Kind {
        None,
        Bearer,
        Header,
        Basic,
        Oauth,
    }
    let words = [
        ("none", Kind::None),
        ("bearer", Kind::Bearer),
        ("header", Kind::Header),
        ("basic", Kind::Basic),
        ("oauth", Kind::Oauth),
    ];
    if !reader.is_there() || reader.get("kind").is_none() {
        reader.problem(
            "kind",
            "is missing",
            "say how the account proves itself: [auth] kind = \"bearer\", header, basic, oauth or none",
        );
        return None;
    }
    let kind = reader.word("kind", &words);
    let secret = |key: &'static str, default: &str| {
        let name = reader.text(key).unwrap_or(default);
        if !is_secret(name) {
            reader.problem(key, "is no name of a secret", SECRET_HINT);
        }
        name.to_owned()
    };
    let auth = match kind? {
        Kind::None => Auth::None,
        Kind::Bearer => Auth::Bearer { secret: secret("secret", "token") },
        Kind::Header => Auth::Header {
            prefix: reader.text("prefix").unwrap_or_default().to_owned(),
            secret: secret("secret", "token"),
            header: header(&reader, "header", "X-Api-Key")?,
        },
        Kind::Basic => Auth::Basic { user: secret("user", "user"), password: secret("password", "password") },
        Kind::Oauth => Auth::Oauth {
            scope: reader.text("scope").map(str::to_owned),
            client_id: secret("client_id", "client_id"),
            client_secret: secret("client_secret", "client_secret"),
            token_url: reader.needed_text("token_url", "/oauth/token").map(str::to_owned)?,
        },
    };
    reader.finish();
    Some(auth)
}

fn limits(reader: Reader<'_>) -> OwnLimits {
    let limits = OwnLimits {
        requests: reader.number("requests").map_or(REQUESTS, |number| u32::try_from(number).unwrap_or(u32::MAX)),
        window: Duration::from_millis(reader.number("window_ms").unwrap_or(1000)),
        further: further_limits(&reader),
        in_flight: reader.number("in_flight").and_then(|number| usize::try_from(number).ok()).unwrap_or(IN_FLIGHT),
        timeout: reader.number("timeout_s").map(Duration::from_secs),
    };
    reader.finish();
    limits
}

/// `requests_per_minute`, `requests_per_day`.
fn further_limits(reader: &Reader<'_>) -> Vec<RateLimit> {
    let number = |name: &'static str| reader.number(name).map(|number| u32::try_from(number).unwrap_or(u32::MAX));
    let minute = number("requests_per_minute").map(RateLimit::per_minute);
    let day = number("requests_per_day").map(RateLimit::per_day);
    minute.into_iter().chain(day).collect()
}

fn key(reader: Reader<'_>) -> KeyRules {
    let in_header = reader.get("header").is_some().then(|| header(&reader, "header", "Idempotency-Key")).flatten();
    let member = reader.pointer("member").and_then(|pointer| {
        let name = pointer.trim_start_matches('/').to_owned();
        if name.contains(['/', '~']) {
            reader.problem("member", "is no member of the body's root", "the key can stand in the root only: \"/requestId\"");
            return None;
        }
        Some(name)
    });
    let place = match (in_header, member) {
        (Some(_), Some(_)) => {
            reader.problem("member", "stands beside `header`", "the key goes to one place: drop one of them");
            KeyPlace::None
        }
        (Some(header), None) => KeyPlace::Header(header),
        (None, Some(member)) => KeyPlace::Member(member),
        (None, None) => KeyPlace::None,
    };
    let remembered = reader.number("remembered_s").map(Duration::from_secs);
    if remembered.is_some() && reader.get("header").is_none() && reader.get("member").is_none() {
        reader.problem("remembered_s", "says how long a key is remembered that goes nowhere", "add `header` or `member`");
    }
    let rules = KeyRules {
        place,
        remembered,
        replay_statuses: reader.statuses("replay_statuses").unwrap_or_default(),
        replay: reader.text("replay").unwrap_or("the answer to the first request").to_owned(),
    };
    reader.finish();
    rules
}

fn success(reader: Reader<'_>) -> Option<Success> {
    let statuses = reader.statuses("statuses").unwrap_or_else(|| Statuses::of(&[201..=201, 200..=200]));
    if statuses.is_empty() {
        reader.problem("statuses", "holds none", "write [201], or leave it out for [201, 200]");
    }
    let id = match reader.get("id").and_then(toml::Value::as_str) {
        Some(text) if text.starts_with("header ") => Some(IdPlace::Header(text.trim_start_matches("header ").trim().to_owned())),
        Some(_) => reader.pointer("id").map(IdPlace::Pointer),
        None => {
            reader.needed_text("id", "/id");
            None
        }
    };
    let id_is_number = reader.word("id_type", &[("text", false), ("number", true)]).unwrap_or(false);
    let ok = reader.table("ok");
    let wanted = if ok.is_there() {
        let pointer = ok.pointer("pointer");
        let value = ok.get("value").and_then(json);
        if pointer.is_none() || value.is_none() {
            ok.problem("", "needs `pointer` and `value`", "write for example ok = { pointer = \"/success\", value = true }");
        }
        pointer.zip(value)
    } else {
        None
    };
    ok.finish();
    reader.finish();
    Some(Success { statuses, id: id?, id_is_number, ok: wanted })
}

fn existing(reader: Reader<'_>, error: &ErrorPlaces) -> Option<Existing> {
    let is_there = reader.is_there();
    let existing = Existing {
        statuses: reader.statuses("statuses").unwrap_or_else(|| Statuses::of(&[409..=409])),
        codes: reader.texts("codes").unwrap_or_default(),
        id: reader.pointer("id"),
    };
    if !existing.codes.is_empty() && error.code.is_none() {
        reader.problem(
            "codes",
            "are given, but nothing says where an answer holds its code",
            "add [error] code = \"/error/code\"",
        );
    }
    reader.finish();
    is_there.then_some(existing)
}

fn meanings(reader: Reader<'_>) -> Meanings {
    let list = |key| reader.statuses(key).unwrap_or_default();
    let meanings =
        Meanings { rejected: list("rejected"), throttled: list("throttled"), unknown: list("unknown"), halt: list("halt") };
    reader.finish();
    meanings
}

fn error(reader: Reader<'_>) -> ErrorPlaces {
    let places = ErrorPlaces {
        code: reader.pointer("code"),
        message: reader.pointer("message"),
        list: reader.pointer_or_whole("list"),
        field: reader.pointer("field"),
        text: reader.pointer("text"),
    };
    if places.text.is_some() && places.list.is_none() {
        reader.problem("text", "is about entries of a list that is not named", "add `list`, or use `message`");
    }
    reader.finish();
    places
}

fn preflight(reader: Reader<'_>) -> Option<String> {
    let path = reader.template("path");
    if path.as_ref().is_some_and(|path| path.pointers().next().is_some()) {
        reader.problem("path", "has a hole, and no client is at hand before the first one", "name a path that needs no value");
    }
    let path = reader.text("path").map(str::to_owned);
    if reader.is_there() && path.is_none() {
        reader.problem("path", "is missing", "name something harmless to GET, for example \"/v1/me\"");
    }
    reader.finish();
    path
}

fn operations(reader: &Reader<'_>, has_path: bool) -> Vec<OwnOperation> {
    let mut found = Vec::new();
    for (kind, written) in reader.entries() {
        if !is_word(kind) {
            reader.problem(kind, "cannot stand in `provider/kind`", "use small letters, digits and hyphens");
        }
        let Some(table) = written.as_table() else {
            reader.problem(kind, "is no table", format!("write [operations.{kind}]"));
            continue;
        };
        found.extend(operation::read(kind, reader.named(kind, Some(table)), has_path));
    }
    if found.is_empty() && reader.entries().next().is_none() {
        reader.problem(
            "",
            "is missing: nothing can be asked of the provider",
            "add [operations.client] contract = \"client.json\"",
        );
    }
    found
}

/// TOML as JSON; dates become their text.
pub(super) fn json(value: &toml::Value) -> Option<Value> {
    Some(match value {
        toml::Value::String(text) => Value::from(text.as_str()),
        toml::Value::Integer(number) => Value::from(*number),
        toml::Value::Float(number) => Value::from(*number),
        toml::Value::Boolean(truth) => Value::from(*truth),
        toml::Value::Datetime(date) => Value::from(date.to_string()),
        toml::Value::Array(items) => Value::Array(items.iter().filter_map(json).collect()),
        toml::Value::Table(members) => {
            Value::Object(members.iter().filter_map(|(name, member)| Some((name.clone(), json(member)?))).collect())
        }
    })
}

#[cfg(test)]
mod tests;
