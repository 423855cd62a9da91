//! The profile's table `[look_up]`.

use std::time::Duration;

use super::super::reader::Reader;
use super::super::template::is_pointer;
use super::super::{JsonTemplate, LookUp, Statuses, Template, WhenAbsent};
use super::{json, method};

/// The outer `None` is a problem, the inner one a profile that cannot be asked.
#[allow(clippy::option_option, reason = "both are read once, two lines further")]
pub(super) fn look_up(reader: Reader<'_>, is_protected: bool) -> Option<Option<LookUp>> {
    if !reader.is_there() {
        return Some(None);
    }
    let method = method(&reader, "GET");
    reader.needed_text("path", "/customers?external_id={/externalId}");
    let path = reader.template("path");
    let body = reader.get("body").and_then(json).and_then(|value| {
        JsonTemplate::new(value).map_err(|why| reader.problem("body", why, "write holes as \"{/externalId}\"")).ok()
    });
    let has_holes = path.as_ref().is_some_and(|path| path.pointers().next().is_some())
        || body.as_ref().is_some_and(|body| !body.pointers().is_empty());
    if path.is_some() && !has_holes {
        reader.problem("path", "asks about every client alike", "put a value of the client in: \"?external_id={/externalId}\"");
    }
    let same = same(&reader);
    let absent = reader.statuses("absent").unwrap_or_else(|| {
        let in_path = path.as_ref().is_some_and(Template::has_hole_in_path);
        if in_path { Statuses::of(&[404..=404]) } else { Statuses::default() }
    });
    let delays = match reader.get("delays_s").map(|written| (written, written.as_array())) {
        None => Vec::new(),
        Some((_, Some(entries)))
            if entries.len() >= 2 && entries.iter().all(|entry| entry.as_integer().is_some_and(|s| s >= 0)) =>
        {
            entries.iter().filter_map(|entry| u64::try_from(entry.as_integer()?).ok()).map(Duration::from_secs).collect()
        }
        Some(_) => {
            reader.problem(
                "delays_s",
                "is no list of two or more waits",
                "write for example [0, 60]: absence takes two look-ups",
            );
            Vec::new()
        }
    };
    let words =
        [("resend", WhenAbsent::Resend), ("resend-next-run", WhenAbsent::ResendNextRun), ("nothing", WhenAbsent::Nothing)];
    let protected = if is_protected { WhenAbsent::Resend } else { WhenAbsent::ResendNextRun };
    let items = reader.pointer_or_whole("items").unwrap_or_default();
    let total = reader.pointer("total");
    let created = reader.pointer("created");
    let when_absent = reader.word("when_absent", &words).unwrap_or(protected);
    reader.needed_text("id", "/id");
    let id = reader.pointer("id");
    reader.finish();
    Some(Some(LookUp { method, path: path?, body, items, total, id: id?, same, created, absent, delays, when_absent }))
}

fn same(reader: &Reader<'_>) -> Vec<(String, String)> {
    const EXAMPLE: &str = "same = [[\"/externalId\", \"/external_id\"]]";
    let Some(written) = reader.get("same").and_then(toml::Value::as_array) else {
        reader.problem(
            "same",
            "is missing: a search that ignores what it was asked for would answer with strangers",
            format!("say which members of body and found client have to agree: {EXAMPLE}"),
        );
        return Vec::new();
    };
    let mut pairs = Vec::new();
    for pair in written {
        let both = pair.as_array().map(|both| both.iter().filter_map(toml::Value::as_str).collect::<Vec<_>>());
        match both.as_deref() {
            Some([ours, theirs]) if is_pointer(ours) && is_pointer(theirs) => {
                pairs.push(((*ours).to_owned(), (*theirs).to_owned()));
            }
            Some(_) | None => reader.problem("same", format!("{pair} is no pair of pointers"), format!("write {EXAMPLE}")),
        }
    }
    if written.is_empty() {
        reader.problem("same", "holds no pair", format!("write {EXAMPLE}"));
    }
    pairs
}
