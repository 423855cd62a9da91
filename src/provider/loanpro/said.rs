//! The four shapes of LoanPro's answers, read leniently at any status. Decides nothing.
//!
//! <https://help.loanpro.io/article/fz390yq9pf-api-error-responses>, <https://developers.loanpro.io/docs/response-codes>

use serde_json::{Map, Value};

use super::warnings::Warning;
use crate::provider::http::Reply;

/// What the provider answers for names that its address does not have.
const NO_SUCH_SEGMENT: &str = "resource not found for the segment";

/// What stands in an answer.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// The id of the object `d`.
    pub(super) id: Option<u64>,
    /// Whether there is an `error`, at the root or in `d`.
    pub(super) error: bool,
    /// Its words.
    pub(super) message: Option<String>,
    /// Its type: a word of the provider.
    pub(super) kind: Option<String>,
    /// The platform's code: `401-CN0001`.
    pub(super) code: Option<String>,
    /// Transaction warnings.
    pub(super) warnings: Vec<Warning>,
}

impl Said {
    pub(super) fn parse(reply: &Reply) -> Self {
        let Some(Value::Object(root)) = reply.body.as_ref().ok().and_then(|bytes| serde_json::from_slice(bytes).ok()) else {
            return Self::default();
        };
        let d = root.get("d").and_then(Value::as_object);
        let mut said = Self { id: d.and_then(|d| number(d.get("id")?)), ..Self::default() };
        for object in std::iter::once(&root).chain(d) {
            said.read(object);
        }
        said
    }

    fn read(&mut self, object: &Map<String, Value>) {
        if let Some(error) = object.get("error").filter(|error| !error.is_null()) {
            self.error = true;
            self.message = self.message.take().or_else(|| text(error).or_else(|| words(error.get("message")?)));
            self.kind = self.kind.take().or_else(|| text(error.get("type")?));
        }
        if let Some(warnings) = object.get("warnings") {
            let one = |warning: &Value| text(warning).or_else(|| words(warning.get("message")?));
            let listed = warnings.as_array().into_iter().flatten().filter_map(one).chain(text(warnings));
            self.warnings.extend(listed.map(|text| Warning::parse(&text)));
        }
        if let Some(code) = object.get("code").and_then(text) {
            self.code = self.code.take().or(Some(code));
            self.message = self.message.take().or_else(|| text(object.get("message")?));
        }
    }

    /// Whether the customer was not stored because of warnings.
    pub(super) fn warns(&self) -> bool {
        !self.warnings.is_empty() || self.kind.as_deref() == Some("TransactionWarningException")
    }

    /// Whether the address is wrong.
    pub(super) fn no_such_segment(&self) -> bool {
        self.message.as_deref().is_some_and(|message| message.to_lowercase().contains(NO_SUCH_SEGMENT))
    }

    /// Whether the platform refuses the token.
    pub(super) fn refuses_token(&self) -> bool {
        self.code.as_deref().is_some_and(|code| code.starts_with("401"))
    }
}

/// A message is a text or an object that holds one.
fn words(message: &Value) -> Option<String> {
    text(message).or_else(|| text(message.get("value")?))
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Ids are numbers, or their digits as text; no customer has 0.
pub(super) fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok()).filter(|id| *id != 0)
}
