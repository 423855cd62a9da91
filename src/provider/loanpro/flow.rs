//! The way of one customer: sent, warned about and decided, sent once more where the policy says so, and read back.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use serde_json::Value;

use super::compare::not_stored;
use super::look_up::LookUp;
use super::options::{Options, ReadBack};
use super::verdicts::{self, Meaning, refusal};
use super::warnings::{self, Decision, Warning};
use super::wire::{CREATE, NoAnswer, Question, ask};
use crate::model::{Body, IdempotencyKey, Refusal};
use crate::provider::{Answer, Found, Order, Verdict, Wanted};

/// Makes the server store a customer in spite of its warnings. LoanPro recommends it for tests only, and it never lifts a customer
/// with the same SSN and birth date.
const IGNORE_WARNINGS: &str = "__ignoreWarnings";

/// What one run knows about its customers at LoanPro.
#[derive(Debug)]
pub(super) struct Flow {
    options: Options,
    /// When customers left that no look-up found, so that a warning about them is known as our own work.
    absent: Mutex<HashMap<IdempotencyKey, i64>>,
    /// Why the outcome of customers is unknown that were sent in spite of warnings.
    unanswered: Mutex<HashMap<IdempotencyKey, Refusal>>,
    /// Sets of filled members of which a customer was read back.
    shapes: Mutex<HashSet<Vec<String>>>,
}

impl Flow {
    pub(super) fn new(options: Options) -> Self {
        Self { options, absent: Mutex::default(), unanswered: Mutex::default(), shapes: Mutex::default() }
    }

    /// Keeps when customers were sent that are not found and will be sent again.
    pub(super) fn remember_absent(&self, wanted: &[Wanted], found: &[Found]) {
        let mut absent = self.absent.lock().unwrap_or_else(PoisonError::into_inner);
        for (client, found) in wanted.iter().zip(found) {
            if matches!(found, Found::Absent) {
                absent.insert(client.key, client.sent_at_ms);
            }
        }
    }

    /// Sends one customer. The slot of the first request is taken already.
    pub(super) async fn submit(&self, order: &Order<'_>, look_up: &LookUp<'_>) -> Answer {
        let body = self.with_status(order.body);
        let result = look_up.wire.post(CREATE, body.as_str()).await;
        let answer = match verdicts::judge(&result, &body, SystemTime::now()) {
            Meaning::Clear(answer) => answer,
            Meaning::Warned(warnings, answer) => match self.sent_before(order.key, &warnings, &body, look_up).await {
                Some(verdict) => Answer { remark: self.remark(order.key, &verdict), verdict, ..answer },
                None => self.warned(order.key, &warnings, answer, &body, look_up).await,
            },
        };
        self.read_back(answer, &body, look_up).await
    }

    /// What the policy makes of warnings.
    async fn warned(
        &self,
        key: IdempotencyKey,
        warnings: &[Warning],
        answer: Answer,
        body: &Body,
        look_up: &LookUp<'_>,
    ) -> Answer {
        match warnings::decide(warnings, &self.options.duplicates) {
            // The answer is that refusal already.
            Decision::Reject => answer,
            Decision::Existing(id) => Answer {
                verdict: Verdict::Existing(Some(id.to_string().into())),
                remark: Some(warnings::matched(warnings, body, false)),
                ..answer
            },
            Decision::Force => self.force(key, warnings, answer, body, look_up).await,
        }
    }

    /// Sends once more, never a third time.
    async fn force(&self, key: IdempotencyKey, ignored: &[Warning], first: Answer, body: &Body, look_up: &LookUp<'_>) -> Answer {
        let Some(turn) = look_up.slot.take().await else {
            let why = refusal("not_forced", "the run stopped before the customer was sent in spite of warnings");
            return Answer { verdict: Verdict::Transient(why), ..first };
        };
        let mut forced = body.parse();
        if let Value::Object(members) = &mut forced {
            members.insert(IGNORE_WARNINGS.to_owned(), Value::Bool(true));
        }
        let result = look_up.wire.post(CREATE, Body::new(&forced).as_str()).await;
        turn.answered(result.as_ref().is_ok_and(|reply| reply.body.is_ok()));
        match verdicts::judge(&result, body, SystemTime::now()) {
            Meaning::Clear(answer) => {
                let remark = matches!(answer.verdict, Verdict::Created(_)).then(|| warnings::overridden(ignored, body));
                let verdict = match answer.verdict {
                    Verdict::Unknown { why, retry_after } => {
                        let why = warnings::unanswered(ignored, body, why);
                        self.unanswered.lock().unwrap_or_else(PoisonError::into_inner).insert(key, why.clone());
                        Verdict::Unknown { why, retry_after }
                    }
                    verdict @ (Verdict::Created(_)
                    | Verdict::Existing(_)
                    | Verdict::Rejected(_)
                    | Verdict::Throttled { .. }
                    | Verdict::Transient(_)
                    | Verdict::RefusedOnRepeat(_)
                    | Verdict::Halt(_)
                    | Verdict::HaltInDoubt(_)) => verdict,
                };
                Answer { verdict, remark, ..answer }
            }
            Meaning::Warned(warnings, answer) => match warnings::unliftable(&warnings) {
                Some(id) => Answer {
                    verdict: Verdict::Existing(Some(id.to_string().into())),
                    remark: Some(warnings::matched(&warnings, body, true)),
                    ..answer
                },
                None => answer,
            },
        }
    }

    /// What was ignored when the customer was sent that proves to be created.
    fn remark(&self, key: IdempotencyKey, verdict: &Verdict) -> Option<Refusal> {
        let unanswered = self.unanswered.lock().unwrap_or_else(PoisonError::into_inner);
        unanswered.get(&key).filter(|_| matches!(verdict, Verdict::Created(_))).and_then(warnings::remark_of_doubt)
    }

    /// Whether the customer that the warnings name is the one we sent before and did not find.
    async fn sent_before(&self, key: IdempotencyKey, warnings: &[Warning], body: &Body, look_up: &LookUp<'_>) -> Option<Verdict> {
        let sent_at_ms = *self.absent.lock().unwrap_or_else(PoisonError::into_inner).get(&key)?;
        match look_up.ours_among(warnings::ids(warnings).into_iter(), &body.parse(), sent_at_ms).await {
            Ok(id) => Some(Verdict::Created(id?.to_string().into())),
            Err(NoAnswer::Halt(halt)) => Some(Verdict::Halt(halt)),
            Err(NoAnswer::CannotAsk(why)) => Some(Verdict::Unknown { why, retry_after: None }),
            Err(NoAnswer::NotThere) => None,
        }
    }

    /// Adds to the answer which members of a new customer the server did not keep. It drops what it does not know without a word.
    async fn read_back(&self, mut answer: Answer, body: &Body, look_up: &LookUp<'_>) -> Answer {
        let Verdict::Created(id) = &answer.verdict else { return answer };
        let Ok(id) = id.parse() else { return answer };
        let sent = body.parse();
        let custom_fields = sent.get("CustomFieldValues").is_some();
        let mut shape = Vec::new();
        members(&sent, &mut String::new(), &mut shape);
        let wanted = match self.options.verify_after_create {
            ReadBack::All => true,
            ReadBack::None => custom_fields,
            ReadBack::First => custom_fields || self.shapes.lock().unwrap_or_else(PoisonError::into_inner).insert(shape.clone()),
        };
        if !wanted {
            return answer;
        }
        match ask(look_up.wire, Question::Customer(id, custom_fields), look_up.slot, look_up.pause).await {
            Ok(told) => {
                let missing = not_stored(&sent, &told.d);
                if !missing.is_empty() {
                    answer.remark = Some(joined(answer.remark, &format!("not stored by the server: {}", missing.join(", "))));
                }
            }
            // The customer is created all the same; another row of its shape is read back.
            Err(NoAnswer::NotThere | NoAnswer::CannotAsk(_) | NoAnswer::Halt(_)) => {
                self.shapes.lock().unwrap_or_else(PoisonError::into_inner).remove(&shape);
            }
        }
        answer
    }

    /// The body with the account's status, where the row has none.
    fn with_status(&self, body: &Body) -> Body {
        let Some(status) = &self.options.default_status else { return body.clone() };
        match body.parse() {
            Value::Object(mut members) if !members.contains_key("status") => {
                members.insert("status".to_owned(), Value::String(status.clone()));
                Body::new(&Value::Object(members))
            }
            Value::Object(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                body.clone()
            }
        }
    }
}

fn joined(before: Option<Refusal>, more: &str) -> Refusal {
    match before {
        Some(before) => Refusal { message: format!("{}; {more}", before.message).into(), ..before },
        None => refusal("not_stored", more),
    }
}

/// Paths of all members that hold a value; items of a list count as one.
fn members(value: &Value, path: &mut String, found: &mut Vec<String>) {
    let length = path.len();
    match value {
        Value::Object(members_of) => {
            for (name, member) in members_of {
                path.push('/');
                path.push_str(name);
                members(member, path, found);
                path.truncate(length);
            }
        }
        Value::Array(items) => {
            for item in items {
                members(item, path, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            if !found.contains(path) {
                found.push(path.clone());
            }
        }
    }
}
