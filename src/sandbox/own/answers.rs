//! Answers in the places where a profile says they stand. Decides nothing.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use crate::contract::profile::{IdPlace, OwnProfile};
use crate::sandbox::reply::Success;

/// The answer to a client that is stored.
pub(super) fn success(own: &OwnProfile, id: &str, is_replay: bool) -> Success {
    let status = own.key.replay_statuses.first().filter(|_| is_replay).or(own.success.statuses.first()).unwrap_or(201);
    let mut body = Value::Object(Map::new());
    if let IdPlace::Pointer(place) = &own.success.id {
        put(&mut body, place, id_of(own, id));
    }
    if let Some((place, value)) = &own.success.ok {
        put(&mut body, place, value.clone());
    }
    Success { status: StatusCode::from_u16(status).unwrap_or(StatusCode::CREATED), body }
}

/// The id in its JSON form.
pub(super) fn id_of(own: &OwnProfile, id: &str) -> Value {
    match id.parse::<u64>() {
        Ok(number) if own.success.id_is_number => Value::from(number),
        Ok(_) | Err(_) => Value::from(id),
    }
}

/// A refusal of a client. Where the status does not tell failure from success, it has the status of a success.
pub(super) fn refusal(
    own: &OwnProfile,
    status: u16,
    code: &str,
    message: &str,
    entries: &[(String, String)],
) -> (StatusCode, Value) {
    let mut body = Value::Object(Map::new());
    let places = &own.error;
    if let Some(place) = &places.code {
        put(&mut body, place, Value::from(code));
    }
    if let Some(place) = &places.message {
        put(&mut body, place, Value::from(message));
    }
    if let Some(list) = &places.list {
        let items = entries.iter().map(|(field, text)| {
            let mut item = Value::Object(Map::new());
            if let Some(place) = &places.field {
                put(&mut item, place, Value::from(field.trim_start_matches('.')));
            }
            match &places.text {
                Some(place) => put(&mut item, place, Value::from(text.as_str())),
                None if places.field.is_none() => item = Value::from(format!("{}: {text}", field.trim_start_matches('.'))),
                None => {}
            }
            item
        });
        put(&mut body, list, Value::Array(items.collect()));
    } else if let (Some(place), Some((field, _))) = (&places.field, entries.first()) {
        put(&mut body, place, Value::from(field.trim_start_matches('.')));
    }
    if body.as_object().is_some_and(Map::is_empty) {
        body = json!({"error": message});
    }
    let status = match &own.success.ok {
        Some((place, value)) => {
            put(&mut body, place, value.as_bool().map_or_else(|| Value::from("error"), |truth| Value::from(!truth)));
            own.success.statuses.first().unwrap_or(status)
        }
        None => status,
    };
    (StatusCode::from_u16(status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY), body)
}

/// The answer to a client that was there before.
pub(super) fn existing(own: &OwnProfile, id: &str) -> (StatusCode, Value) {
    let existing = own.existing.as_ref();
    let code = existing.and_then(|existing| existing.codes.first()).map_or("EXISTS", String::as_str);
    let (_, mut body) = refusal(own, 409, code, "the client exists already", &[]);
    if let Some(place) = existing.and_then(|existing| existing.id.as_ref()) {
        put(&mut body, place, id_of(own, id));
    }
    let status = existing.and_then(|existing| existing.statuses.first()).unwrap_or(409);
    (StatusCode::from_u16(status).unwrap_or(StatusCode::CONFLICT), body)
}

/// Puts a value at a JSON pointer, making the objects and lists on the way.
pub(super) fn put(root: &mut Value, pointer: &str, value: Value) {
    let mut node = root;
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        match step.parse::<usize>() {
            Ok(index) if index < 16 && node.as_object().is_none_or(Map::is_empty) => {
                if !node.is_array() {
                    *node = Value::Array(Vec::new());
                }
                let Value::Array(items) = node else { return };
                if items.len() <= index {
                    items.resize(index + 1, Value::Null);
                }
                let Some(item) = items.get_mut(index) else { return };
                node = item;
            }
            Ok(_) | Err(_) => {
                if !node.is_object() {
                    *node = Value::Object(Map::new());
                }
                let Value::Object(members) = node else { return };
                node = members.entry(step).or_insert(Value::Null);
            }
        }
    }
    *node = value;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_put_where_pointers_point() {
        let mut value = Value::Object(Map::new());
        put(&mut value, "/a/b", json!(1));
        put(&mut value, "/a/list/1/c", json!(2));
        put(&mut value, "/a/b~1c", json!(3));
        assert_eq!(value, json!({"a": {"b": 1, "list": [null, {"c": 2}], "b/c": 3}}));
        put(&mut value, "", json!([4]));
        assert_eq!(value, json!([4]));
    }
}
