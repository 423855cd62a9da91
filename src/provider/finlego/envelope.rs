//! FinLego's two ways to answer, and its refusals as templates without client data. Does not decide what an answer means.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::model::redact::redact;
use crate::model::{Body, Refusal};
use crate::provider::http::Reply;
use crate::provider::phrases::Phrases;
use crate::provider::words::{find_member, head, pointer_of};

/// What FinLego's errors speak of, in ASP.NET's words.
const PHRASES: Phrases = Phrases {
    members: "additionalInfo address addressLine1 applicantId beneficialOwnerPepDetails birthDate businessPartners city companyType country \
        countryOfRegistration dateOfBirth document editorUserId email externalId firstName fundFlows identificationDocument industry isDirector \
        isFoundation isPep isRepresentative isShareholder isUbo issuedBy issuedCountryCode issuedDate expirationDate lastName legalName \
        middleName number onboardingId ownership percentageOwnership phoneNumber registrationNumber relatedIndividuals residenceCountry \
        residentialAddress riskLevel state streetLine1 streetLine2 taxNumber type webSite website zip request command entity \
        traceId HTTP JSON GUID UUID",
    codes: &["riskLevel", "type"],
};

/// How deep causes of causes are read.
const CAUSES_DEEP_MAX: usize = 5;
/// Messages that are kept of one answer.
const MESSAGES_MAX: usize = 20;
/// Shortest word of a message that is looked up as the name of a member.
const MEMBER_CHARS_MIN: usize = 5;

/// A body that is a JSON object.
pub(super) fn object(reply: &Reply) -> Option<Map<String, Value>> {
    match serde_json::from_slice(reply.body.as_ref().ok()?) {
        Ok(Value::Object(members)) => Some(members),
        Ok(_) | Err(_) => None,
    }
}

/// A client's id: a UUID that is not all zeros.
pub(super) fn id(value: Option<&Value>) -> Option<Box<str>> {
    let text = value?.as_str()?;
    Uuid::try_parse(text).is_ok_and(|id| !id.is_nil()).then(|| text.into())
}

/// The core service's envelope, FluentResults' `Result<T>` by its shape.
#[derive(Debug, Default)]
pub(super) struct CoreResult {
    /// `isFailed`, where it is a yes or no.
    pub(super) is_failed: Option<bool>,
    /// `isSuccess`, where it is a yes or no.
    pub(super) is_success: Option<bool>,
    /// The ids in `value` and `valueOrDefault`.
    pub(super) ids: BTreeSet<Box<str>>,
}

impl CoreResult {
    pub(super) fn of(members: &Map<String, Value>) -> Self {
        let flag = |name: &str| members.get(name).and_then(Value::as_bool);
        let ids = ["value", "valueOrDefault"].into_iter().filter_map(|name| id(members.get(name)?.get("id")));
        Self { is_failed: flag("isFailed"), is_success: flag("isSuccess"), ids: ids.collect() }
    }
}

/// What an answer says in words.
#[derive(Debug, Default)]
pub(super) struct Said {
    messages: Vec<String>,
    /// Names of members that the answer complains about.
    fields: Vec<String>,
    trace_id: Option<Box<str>>,
}

impl Said {
    /// The words of either envelope or of problem details; none of another body.
    pub(super) fn of(members: &Map<String, Value>) -> Self {
        let mut said = Self::default();
        match members.get("errors") {
            Some(Value::Array(errors)) => said.errors(errors, 0),
            Some(Value::Object(errors)) => said.problems(errors),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | None => {}
        }
        if let Some(Value::Array(reasons)) = members.get("reasons") {
            reasons.iter().for_each(|reason| said.add(text(reason.get("message"))));
        }
        if said.messages.is_empty() {
            said.add(text(members.get("title")));
            said.add(text(members.get("detail")));
        }
        let trace = text(members.get("traceId")).filter(|id| id.len() <= 128 && id.bytes().all(|byte| byte.is_ascii_graphic()));
        said.trace_id = trace.map(Into::into);
        said
    }

    /// `FluentResults` errors with their causes, each before those behind it.
    fn errors(&mut self, errors: &[Value], depth: usize) {
        for error in errors {
            self.add(text(error.get("message")));
            if let (Some(Value::Array(causes)), true) = (error.get("reasons"), depth < CAUSES_DEEP_MAX) {
                self.errors(causes, depth + 1);
            }
        }
    }

    /// ASP.NET's problem details: a member's name, and what is wrong with it.
    fn problems(&mut self, errors: &Map<String, Value>) {
        for (field, whats) in errors {
            let whats: Vec<&str> = match whats {
                Value::Array(whats) => whats.iter().filter_map(Value::as_str).collect(),
                Value::String(what) => vec![what.as_str()],
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
            };
            self.fields.push(field.clone());
            let what = whats.join(", ");
            self.add(Some(if field.is_empty() { what } else { format!("{field}: {what}") }.as_str()));
        }
    }

    fn add(&mut self, message: Option<&str>) {
        let Some(message) = message else { return };
        if self.messages.len() < MESSAGES_MAX && !self.messages.iter().any(|known| known == message) {
            self.messages.push(message.to_owned());
        }
    }

    /// All messages in one line.
    pub(super) fn line(&self) -> String {
        self.messages.join("; ")
    }

    /// FinLego's own id of the request.
    pub(super) fn trace_id(&self) -> Option<Box<str>> {
        self.trace_id.clone()
    }

    /// The place in the sent body that the words name.
    fn pointer(&self, sent: &Value) -> Option<String> {
        let named = self.fields.iter().find_map(|field| place(sent, field));
        named.or_else(|| {
            let words = |message: &'_ String| -> Vec<String> {
                message
                    .split(|ch: char| ch.is_whitespace() || matches!(ch, '\'' | '"' | '`' | ',' | ';' | ':'))
                    .map(|word| word.trim_end_matches('.').to_owned())
                    .filter(|word| word.chars().count() >= MEMBER_CHARS_MIN)
                    .collect()
            };
            self.messages.iter().flat_map(words).find_map(|word| place(sent, &word))
        })
    }
}

/// A member as FinLego names it, `$.Address.City` or `RelatedIndividuals[0].FirstName`, in the body that was sent. The last step
/// may be missing there; a single name may stand anywhere, if only once.
fn place(sent: &Value, name: &str) -> Option<String> {
    let name = name.trim_start_matches("$.").trim_start_matches("request.").trim_start_matches("command.");
    let path = pointer_of(&format!(".{name}"))?;
    let mut steps = path.split('/').skip(1).peekable();
    let mut pointer = String::new();
    let mut value = sent;
    let mut first = true;
    while let Some(step) = steps.next() {
        let found = match value {
            Value::Object(members) => {
                members.iter().find(|(name, _)| name.eq_ignore_ascii_case(step)).map(|(name, member)| (name.clone(), member))
            }
            Value::Array(items) => step.parse().ok().and_then(|at: usize| items.get(at)).map(|item| (step.to_owned(), item)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        };
        match found {
            Some((name, member)) => {
                pointer = format!("{pointer}/{name}");
                value = member;
            }
            // A member that is missing in an object which is there.
            None if !first && steps.peek().is_none() && value.is_object() => {
                return Some(format!("{pointer}/{}", small_first(step)));
            }
            None => return if path.rfind('/') == Some(0) { find_member(sent, &small_first(step), "") } else { None },
        }
        first = false;
    }
    Some(pointer)
}

/// `City` as `city`: members begin with a small letter, C#'s own names with a capital.
fn small_first(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|ch| ch.to_ascii_lowercase()).into_iter().chain(chars).collect()
}

fn text(value: Option<&Value>) -> Option<&str> {
    value.and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
}

/// An answer's words as a template without the data of the client or of others.
pub(super) fn refusal(code: String, reply: &Reply, said: &Said, sent: &Body, request_id: Option<Box<str>>) -> Refusal {
    let line = said.line();
    // A place that the answer makes up may repeat a value of the client.
    let pointer = said.pointer(&sent.parse()).filter(|pointer| redact(pointer, sent) == *pointer);
    let message = if line.is_empty() { head(reply) } else { line };
    Refusal { code: code.into(), message: PHRASES.quote(&message, sent).into(), pointer: pointer.map(Into::into), request_id }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(body: &Value) -> Said {
        Said::of(body.as_object().unwrap())
    }

    #[test]
    fn places_are_found_whatever_their_case_and_prefix() {
        let sent = json!({
            "address": {"city": "Riga"}, "legalName": "Primer",
            "relatedIndividuals": [{"firstName": "Ivan", "document": {"number": "1"}}]
        });
        let place = |name: &str| place(&sent, name);
        assert_eq!(place("address.city").as_deref(), Some("/address/city"));
        assert_eq!(place("$.Address.City").as_deref(), Some("/address/city"));
        assert_eq!(place("Address.Zip").as_deref(), Some("/address/zip"));
        assert_eq!(place("RelatedIndividuals[0].Document.Number").as_deref(), Some("/relatedIndividuals/0/document/number"));
        assert_eq!(place("City").as_deref(), Some("/address/city"));
        assert_eq!(place("RelatedIndividuals[7].firstName"), None);
        assert_eq!(place("Ivan"), None);
        assert_eq!(place("Ivan.Petrov"), None);
    }

    #[test]
    fn a_word_of_a_message_may_name_the_place() {
        let sent = json!({"phoneNumber": "+37120000001"});
        let refused = json!({"errors": [{"message": "Validation failed", "reasons": [{"message": "PhoneNumber is taken."}]}]});
        assert_eq!(said(&refused).pointer(&sent).as_deref(), Some("/phoneNumber"));
        assert_eq!(said(&json!({"errors": [{"message": "Onboarding not found"}]})).pointer(&sent), None);
    }

    #[test]
    fn causes_are_read_to_a_depth_and_told_once() {
        let mut error = json!({"message": "bottom"});
        for level in (0..9).rev() {
            error = json!({"message": format!("m{level}"), "reasons": [error]});
        }
        let line = said(&json!({"errors": [error], "reasons": [{"message": "m0"}, {"message": "last"}]})).line();
        assert_eq!(line, "m0; m1; m2; m3; m4; m5; last");
    }

    #[test]
    fn words_come_from_problem_details_too() {
        let problem = said(&json!({"title": "One or more", "errors": {"": ["bad"], "zip": ["a", "b"]}, "traceId": "00-ab"}));
        assert_eq!(problem.line(), "bad; zip: a, b");
        assert_eq!(problem.trace_id().as_deref(), Some("00-ab"));
        assert_eq!(said(&json!({"title": "Bad", "detail": "worse", "traceId": "has blank"})).line(), "Bad; worse");
        assert_eq!(said(&json!({"title": "Bad", "traceId": "has blank"})).trace_id(), None);
    }
}
