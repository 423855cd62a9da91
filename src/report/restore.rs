//! A provider's words with the client's values put back. Their removal is the sender's matter.

use std::borrow::Cow;

use serde_json::Value;

use crate::model::Body;

/// Replaces every `{/json/pointer}` of the template by the value that stands there in the body.
/// Pointers that the body does not have stay as they are; values that were put in are not read again.
pub(super) fn restore<'a>(template: &'a str, body: Option<&Body>) -> Cow<'a, str> {
    let Some(body) = body else { return Cow::Borrowed(template) };
    if !template.contains("{/") {
        return Cow::Borrowed(template);
    }
    let body = body.parse();
    let mut restored = String::with_capacity(template.len() + 64);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{/") {
        restored.push_str(before);
        let found = after.split_once('}').and_then(|(path, tail)| Some((scalar(&body, &format!("/{path}"))?, tail)));
        if let Some((value, tail)) = found {
            restored.push_str(&value);
            rest = tail;
        } else {
            restored.push_str("{/");
            rest = after;
        }
    }
    restored.push_str(rest);
    Cow::Owned(restored)
}

/// The text, number or truth value at a JSON pointer.
pub(super) fn scalar(body: &Value, pointer: &str) -> Option<String> {
    match body.pointer(pointer)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_come_back_and_nothing_else_changes() {
        let body = Body::new(&json!({"inn": "500100732259", "documents": [{"division": "770-001"}], "n": 5, "odd": "{/inn}"}));
        for (template, expected) in [
            ("INN {/inn} is taken", "INN 500100732259 is taken"),
            ("{/documents/0/division}{/n}", "770-0015"),
            ("{/odd}", "{/inn}"),
            ("{/nowhere} {/inn}", "{/nowhere} 500100732259"),
            ("{/documents} {/inn", "{/documents} {/inn"),
            ("must match [0-9]{12}", "must match [0-9]{12}"),
        ] {
            assert_eq!(restore(template, Some(&body)), expected);
        }
        assert_eq!(restore("{/inn}", None), "{/inn}");
    }
}
