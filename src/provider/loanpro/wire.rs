//! LoanPro's addresses, and asking with patience. Knows no meaning of what is asked.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::said::Said;
use super::verdicts::{certificate, halt, refusal};
use crate::model::Refusal;
use crate::provider::headers::{quotas, retry_after};
use crate::provider::http::{HttpClient, Lost, Reply};
use crate::provider::{Halt, Slot};

/// Creates customers.
pub(super) const CREATE: &str = "/odata.svc/Customers";
/// What a customer is compared by; parts that are not named come back as links.
const EXPANDED: &str = "PrimaryAddress,MailAddress,Phones,Employer,References";
/// Tries of one question; being asked to slow down does not count, up to its own limit.
const TRIES_MAX: u32 = 5;
const THROTTLED_MAX: u32 = 60;

/// The way to the provider: one request each.
#[async_trait]
pub(super) trait Wire: Send + Sync {
    /// Sends a JSON body once.
    async fn post(&self, path: &str, body: &str) -> Result<Reply, Lost>;

    /// Asks once.
    async fn get(&self, path: &str) -> Result<Reply, Lost>;
}

#[async_trait]
impl Wire for HttpClient {
    async fn post(&self, path: &str, body: &str) -> Result<Reply, Lost> {
        Self::post(self, path, HeaderMap::new(), body).await
    }

    async fn get(&self, path: &str) -> Result<Reply, Lost> {
        Self::get(self, path, HeaderMap::new()).await
    }
}

/// A question that may be asked again.
pub(super) enum Question<'a> {
    /// One customer with its parts, and whether its custom fields are wanted.
    Customer(u64, bool),
    /// Customers by a search in JSON, from this hit on.
    Search(&'a str, usize),
}

/// Hits of a search asked for at once.
pub(super) const PAGE_HITS: usize = 25;

/// Why a question has no answer.
#[derive(Debug)]
pub(super) enum NoAnswer {
    /// There is no such customer.
    NotThere,
    /// It cannot be had now.
    CannotAsk(Refusal),
    /// The run cannot go on.
    Halt(Halt),
}

/// An answer, with the server's time where it tells.
pub(super) struct Told {
    /// The object `d`.
    pub(super) d: Value,
    /// Seconds since 1970 by the server's clock.
    pub(super) now_s: Option<i64>,
}

/// Asks until there is an answer; every request takes a slot.
pub(super) async fn ask(wire: &dyn Wire, question: Question<'_>, slot: &dyn Slot, pause: Duration) -> Result<Told, NoAnswer> {
    let (mut tries, mut throttled) = (0, 0);
    loop {
        let Some(turn) = slot.take().await else {
            return Err(NoAnswer::CannotAsk(refusal("look_up_stopped", "the run stopped while it was looked up")));
        };
        let answer = once(wire, &question).await;
        turn.answered(answer.as_ref().is_ok_and(|reply| reply.body.is_ok()));
        let why = match answer {
            Ok(reply) => {
                let now = SystemTime::now();
                slot.heed(&quotas(&reply.headers, now));
                if reply.status == 429 {
                    slot.slow_down(retry_after(&reply.headers, now));
                    throttled += 1;
                    if throttled < THROTTLED_MAX {
                        continue;
                    }
                }
                let said = Said::parse(&reply);
                if reply.status == 200
                    && !said.error
                    && let Some(d) = d(&reply)
                {
                    return Ok(Told { d, now_s: server_seconds(&reply.headers) });
                }
                if let (404, Question::Customer(..), false) = (reply.status, &question, said.no_such_segment()) {
                    return Err(NoAnswer::NotThere);
                }
                if let Some(halt) = halt(reply.status, &said) {
                    return Err(NoAnswer::Halt(halt));
                }
                format!("the provider answered the question with status {} and nothing readable", reply.status)
            }
            Err(Lost::Certificate(why)) => return Err(NoAnswer::Halt(certificate(&why))),
            Err(Lost::NotConnected { why, .. } | Lost::InDoubt { why, .. }) => why,
        };
        tries += 1;
        if tries >= TRIES_MAX || throttled >= THROTTLED_MAX {
            return Err(NoAnswer::CannotAsk(refusal("look_up_failed", &why)));
        }
        tokio::time::sleep(pause * 2_u32.pow(tries)).await;
    }
}

async fn once(wire: &dyn Wire, question: &Question<'_>) -> Result<Reply, Lost> {
    match question {
        Question::Customer(id, custom_fields) => {
            let more = if *custom_fields { ",CustomFieldValues" } else { "" };
            wire.get(&format!("{CREATE}({id})?$expand={EXPANDED}{more}")).await
        }
        Question::Search(query, start) => {
            let path = format!("/Customers/Autopal.Search()?$top={PAGE_HITS}&$start={start}&$orderby=id%20asc");
            wire.post(&path, query).await
        }
    }
}

fn d(reply: &Reply) -> Option<Value> {
    let Value::Object(mut root) = serde_json::from_slice(reply.body.as_ref().ok()?).ok()? else { return None };
    root.remove("d").filter(Value::is_object)
}

fn server_seconds(headers: &HeaderMap) -> Option<i64> {
    let date = httpdate::parse_http_date(headers.get(reqwest::header::DATE)?.to_str().ok()?).ok()?;
    i64::try_from(date.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs()).ok()
}
