//! Looks for customers whose requests had no reliable answer: search, then compare each hit. Sends nothing.
//!
//! <https://developers.loanpro.io/reference/search-customers>

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::compare::{Relation, relation};
use super::said::number;
use super::verdicts::refusal;
use super::wire::{NoAnswer, PAGE_HITS, Question, Told, Wire, ask};
use crate::model::Refusal;
use crate::provider::{Found, Slot, Wanted};

/// Pages of hits that are looked through for one client. Who has more is not to be told by e-mail or SSN.
const PAGES_MAX: usize = 4;
/// That a client has more hits than are looked through.
const TOO_MANY: &str = "look_up_too_long";

/// What the look-up needs of the account.
pub(super) struct LookUp<'a> {
    pub(super) wire: &'a dyn Wire,
    pub(super) slot: &'a dyn Slot,
    /// Between two tries of one question.
    pub(super) pause: Duration,
}

/// Customers of a client, by what they are to it.
type Relations = BTreeMap<u64, Relation>;

/// One look-up for all wanted clients.
pub(super) async fn find(
    look_up: &LookUp<'_>,
    wanted: &[Wanted],
    taken: &(dyn for<'id> Fn(usize, &'id str) -> bool + Sync),
) -> Vec<Found> {
    let mut found: Vec<Result<Relations, Refusal>> = Vec::with_capacity(wanted.len());
    // Clients that are looked for together often hit one another's customers: each is read once.
    let mut read: HashMap<u64, Option<Told>> = HashMap::new();
    // A provider that does not answer about one client is not asked about the next.
    let mut silent: Option<Refusal> = None;
    for client in wanted {
        if let Some(refusal) = &silent {
            found.push(Err(refusal.clone()));
            continue;
        }
        match look_up.relations(client, &mut read).await {
            Ok(relations) => found.push(Ok(relations)),
            Err(NoAnswer::CannotAsk(refusal)) => {
                silent = (&*refusal.code != TOO_MANY).then(|| refusal.clone());
                found.push(Err(refusal));
            }
            Err(NoAnswer::NotThere) => found.push(Ok(Relations::new())),
            Err(NoAnswer::Halt(halt)) => return wanted.iter().map(|_| Found::Halt(halt.clone())).collect(),
        }
    }
    for (position, relations) in found.iter_mut().enumerate() {
        if let Ok(relations) = relations {
            relations.retain(|id, _| !taken(position, &id.to_string()));
        }
    }
    // An id that several wanted clients could be belongs to one of them; nobody can say to which.
    let mut seen = HashSet::new();
    let shared: HashSet<u64> = found.iter().flatten().flat_map(Relations::keys).copied().filter(|id| !seen.insert(*id)).collect();
    found
        .into_iter()
        .map(|relations| match relations {
            Ok(relations) => decide(&relations, &shared),
            Err(refusal) => Found::CannotAsk(refusal),
        })
        .collect()
}

fn decide(relations: &Relations, shared: &HashSet<u64>) -> Found {
    let Some(best) = relations.values().min().copied() else { return Found::Absent };
    let ids: Vec<u64> = relations.iter().filter(|(_, relation)| **relation == best).map(|(id, _)| *id).collect();
    match (&ids[..], best) {
        ([id], _) if shared.contains(id) => Found::Several(vec![id.to_string().into()]),
        ([id], Relation::Ours) => Found::ByUs(id.to_string().into()),
        ([id], Relation::Same) => Found::There(id.to_string().into()),
        ([id], Relation::Older) => Found::BeforeUs(id.to_string().into()),
        ([], _) | (_, Relation::Other) => Found::Absent,
        (several, _) => Found::Several(several.iter().map(|id| id.to_string().into()).collect()),
    }
}

impl LookUp<'_> {
    async fn relations(&self, client: &Wanted, read: &mut HashMap<u64, Option<Told>>) -> Result<Relations, NoAnswer> {
        let sent = client.body.parse();
        let mut relations = Relations::new();
        for id in self.hits(&sent).await? {
            let told = match read.get(&id) {
                Some(told) => told,
                None => {
                    let told = match ask(self.wire, Question::Customer(id, false), self.slot, self.pause).await {
                        Ok(told) => Some(told),
                        Err(NoAnswer::NotThere) => None,
                        Err(error @ (NoAnswer::CannotAsk(_) | NoAnswer::Halt(_))) => return Err(error),
                    };
                    read.entry(id).or_insert(told)
                }
            };
            if let Some(told) = told {
                relations.insert(id, relation(&sent, &told.d, sent_at(client.sent_at_ms, told.now_s)));
            }
        }
        relations.retain(|_, relation| *relation != Relation::Other);
        Ok(relations)
    }

    /// Ids of customers that could be the client: they share what was searched for.
    async fn hits(&self, sent: &Value) -> Result<Vec<u64>, NoAnswer> {
        let query = query(sent).to_string();
        let mut ids = Vec::new();
        for page in 0..PAGES_MAX {
            let told = ask(self.wire, Question::Search(&query, page * PAGE_HITS), self.slot, self.pause).await?;
            // Left out, or null, where there is nothing.
            let hits = told.d.get("results").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            ids.extend(hits.iter().filter(|hit| could_be(sent, hit)).filter_map(|hit| number(hit.get("id")?)));
            if hits.len() < PAGE_HITS {
                ids.sort_unstable();
                ids.dedup();
                return Ok(ids);
            }
        }
        Err(NoAnswer::CannotAsk(refusal(TOO_MANY, "the provider finds too many customers for this client's search")))
    }

    /// Which of these customers the client is, that was sent at this time: asked when a customer is sent again and warned about.
    pub(super) async fn ours_among(
        &self,
        ids: impl Iterator<Item = u64>,
        sent: &Value,
        sent_at_ms: i64,
    ) -> Result<Option<u64>, NoAnswer> {
        for id in ids {
            match ask(self.wire, Question::Customer(id, false), self.slot, self.pause).await {
                Ok(told) if relation(sent, &told.d, sent_at(sent_at_ms, told.now_s)) == Relation::Ours => return Ok(Some(id)),
                Ok(_) | Err(NoAnswer::NotThere) => {}
                Err(error @ (NoAnswer::CannotAsk(_) | NoAnswer::Halt(_))) => return Err(error),
            }
        }
        Ok(None)
    }
}

/// When a request left by the server's clock; `None` where we do not know.
fn sent_at(sent_at_ms: i64, server_now_s: Option<i64>) -> Option<i64> {
    if sent_at_ms <= 0 {
        return None;
    }
    let our_now_s = SystemTime::now().duration_since(UNIX_EPOCH).ok().and_then(|now| i64::try_from(now.as_secs()).ok())?;
    let ahead = server_now_s.map_or(0, |server| server - our_now_s);
    Some(sent_at_ms / 1000 + ahead)
}

/// The search: matching is loose, and only what the client has is asked for.
fn query(sent: &Value) -> Value {
    let clauses: Vec<Value> = ["customId", "ssn", "email"]
        .into_iter()
        .filter_map(|field| {
            let value = sent.get(field)?.as_str()?.replace('\\', "\\\\").replace('"', "\\\"");
            Some(json!({"query_string": {"query": format!("\"{value}\""), "default_operator": "AND", "fields": [field]}}))
        })
        .collect();
    json!({"query": {"bool": {"must": [{"bool": {"should": clauses}}]}}, "sort": {"id": "asc"}})
}

/// Whether a hit shares something with the client; members that it does not show say nothing.
fn could_be(sent: &Value, hit: &Value) -> bool {
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(|text| text.trim().to_lowercase());
    let mut shown = false;
    for name in ["customId", "ssn", "email"] {
        if let (Some(ours), Some(theirs)) = (text(sent, name), text(hit, name)) {
            if ours == theirs {
                return true;
            }
            shown |= name == "email";
        }
    }
    !shown
}
