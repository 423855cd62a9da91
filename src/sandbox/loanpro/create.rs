//! Creating a customer: JSON, what is not known, what is required, types and codes, duplicates, store; in this order.

use axum::http::StatusCode;
use chrono::{SubsecRound, Utc};
use serde_json::{Value, json};

use super::customers::{Key, Match};
use super::ignored::drop_unknown;
use super::{LoanPro, reading, shape, switches};
use crate::contract::{Level, Operation};
use crate::sandbox::ledger::Entry;
use crate::sandbox::reply::{Answer, Success};
use crate::sandbox::switches::Switches;
use crate::sandbox::toolbox::{dotted_path, is_media_type, strict_json};
use crate::sandbox::world::{Admitted, NotCreated, World};

/// Members of which the server says so when they are missing, with its words.
const REQUIRED: [(&str, &str); 3] = [
    ("/email", "Email is required"),
    ("/PrimaryAddress", "Primary Address is required"),
    ("/MailAddress", "Mail Address is required"),
];
/// What an address has to hold.
const ADDRESS_ELEMENTS: [&str; 4] = ["country", "state", "city", "address1"];
/// Rules about what each type of customer has to have.
const TYPE_RULES: [&str; 3] = ["LP-S03", "LP-S04", "LP-S05"];

/// Creates a customer, or says why not.
pub(super) async fn create(own: &LoanPro, world: &World, request: &Admitted) -> Answer {
    let refuse = |message: &str| Answer::from(shape::error(StatusCode::CONFLICT, message));
    if !is_media_type(&request.head.headers, "application/json") {
        return refuse("The request is not JSON");
    }
    let Ok(mut body) = strict_json(&request.body) else { return refuse("The request is not valid JSON") };
    let mut hits = request.arrival.hits.clone();
    if let Some(answer) = world.named(&request.arrival, &body, &mut hits).await {
        return answer;
    }
    world.work(&hits).await;
    let kind = body.get("customerType").and_then(Value::as_str).unwrap_or_default();
    let Some(operation) = own.operations.get(kind) else { return refuse("customerType: not a known value") };
    let dropped = drop_unknown(operation, &mut body);
    if !dropped.is_empty() {
        own.ignored().push((request.arrival.number, dropped));
    }
    if let Some(message) = fault(operation, &body, &world.switches) {
        return refuse(&message);
    }
    let forced = body.get("__ignoreWarnings") == Some(&Value::Bool(true));
    let entry = world.create(request.arrival.token, |store| {
        let customers = own.customers();
        let mut matches = customers.matches(&body);
        let ssn_alone_warns = world.switches.is(&switches::SSN_ALONE_WARNS, "on");
        matches.retain(|found| match found.key {
            Key::Ssn(_) => found.same_birth_date || (ssn_alone_warns && !forced),
            Key::Email(_) | Key::Phone(_) | Key::PrimaryAddress(_) | Key::MailAddress(_) => !forced,
        });
        if !matches.is_empty() {
            return Err(matches);
        }
        let id = if hits.canned { 1 } else { store.len() + 1 };
        Ok(Entry {
            time: Utc::now().trunc_subsecs(3),
            operation: operation.name.to_string(),
            key: None,
            id: id.to_string(),
            body,
        })
    });
    match entry {
        Ok(entry) => {
            let body = json!({"d": reading::customer(&entry, &[], &world.switches)});
            world.created(&hits, Success { status: StatusCode::OK, body })
        }
        Err(NotCreated::Refused(matches)) => warned(&matches, &world.switches),
        Err(NotCreated::Ledger) => shape::error(StatusCode::INTERNAL_SERVER_ERROR, "Internal error").into(),
    }
}

/// The first thing that the server does not take.
fn fault(operation: &Operation, body: &Value, switches: &Switches) -> Option<String> {
    for (pointer, message) in REQUIRED {
        let complete = body.pointer(pointer).is_some_and(|value| {
            value.is_string()
                || ADDRESS_ELEMENTS.iter().all(|name| value.get(name).is_some_and(|element| element.as_str() != Some("")))
        });
        if !complete {
            return Some(message.to_owned());
        }
    }
    let strict_types = switches.is(&switches::STRICT_TYPES, "on");
    let violations = operation.violations(body, Level::Documented);
    let taken = |rule: &str| !strict_types && TYPE_RULES.contains(&rule);
    let violation = violations.iter().find(|violation| !taken(violation.rule.as_deref().unwrap_or_default()));
    if let Some(violation) = violation {
        return Some(match &violation.member {
            Some(_) => format!("{}: is required", dotted_path(violation)),
            None => format!("{}: not a known value", dotted_path(violation)),
        });
    }
    let mixed = |name: &str| {
        let text =
            |member: &str| body.get(name).and_then(|address| address.get(member)).and_then(Value::as_str).unwrap_or_default();
        text("country").ends_with(".can") != text("state").starts_with("geo.province.")
    };
    (switches.is(&switches::STATE_COUNTRY, "refuse") && (mixed("PrimaryAddress") || mixed("MailAddress")))
        .then(|| "state: not a state of the country".to_owned())
}

/// All findings in one reply, one entry for each finding and customer.
fn warned(matches: &[Match], switches: &Switches) -> Answer {
    let texts: Vec<String> = matches.iter().map(|found| warning(found, switches)).collect();
    shape::warnings(switches.status(&switches::WARNING_STATUS), switches.is(&switches::WARNING_PLACE, "d"), &texts).into()
}

fn warning(found: &Match, switches: &Switches) -> String {
    let (open, close) =
        if switches.is(&switches::WARNING_WORDS, "typographic") { ('\u{2018}', '\u{2019}') } else { ('\'', '\'') };
    let value = format!("{open}{}{close}", found.value);
    let plain = switches.is(&switches::WARNING_WORDS, "plain");
    let what = match (&found.key, plain) {
        (Key::Ssn(_), false) => "(Customer) SSN already found in the system".to_owned(),
        (Key::Email(_), false) => format!("(Customer) Email {value} already found in the system"),
        (Key::Phone(_), false) => format!("(Phones) Phone {value} already found in the system"),
        (Key::PrimaryAddress(_), false) => format!("(PrimaryAddress) Address {value} already found in the system"),
        (Key::MailAddress(_), false) => format!("(MailAddress) Address {value} already found in the system"),
        (Key::Ssn(_), true) => "A customer has this Social Security Number".to_owned(),
        (Key::Email(_), true) => format!("A customer has the e-mail {value}"),
        (Key::Phone(_), true) => format!("A customer has the phone number {value}"),
        (Key::PrimaryAddress(_), true) => format!("A customer has the primary address {value}"),
        (Key::MailAddress(_), true) => format!("A customer has the mailing address {value}"),
    };
    format!("{what} (Customer ID {}: {}).", found.id, found.name)
}
