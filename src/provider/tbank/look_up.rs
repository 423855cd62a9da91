//! Looks through the bank's list of beneficiaries for clients whose requests had no reliable answer. Sends nothing.
//!
//! <https://developer.tbank.ru/docs/api/get-api-v-1-nominal-accounts-beneficiaries>

use std::collections::{BTreeSet, HashSet};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use serde_json::Value;
use uuid::Uuid;

use super::compare::Wanted as Index;
use super::refusal::ErrorBody;
use super::verdicts;
use crate::model::Refusal;
use crate::provider::headers::{quotas, retry_after};
use crate::provider::http::{Lost, Reply};
use crate::provider::{Found, NotListed, Slot, Wanted};

/// Items asked for at once; the largest number allowed is not documented, this one is the documented default.
pub(super) const PAGE_ITEMS: u64 = 50;
/// Passes over the list while it keeps changing below our hands.
const PASSES_MAX: u32 = 4;
/// Attempts for one page; being asked to slow down does not count, up to its own limit.
const TRIES_MAX: u32 = 5;
const THROTTLED_MAX: u32 = 60;
/// A list that is longer is not looked through: it would take hours.
const PAGES_MAX: u64 = 100_000;

/// The list, page by page.
#[async_trait]
pub(super) trait Pages: Sync {
    /// Asks once for the page that begins with this item.
    async fn page(&self, offset: u64) -> Result<Reply, Lost>;
}

struct Page {
    total: u64,
    size: u64,
    items: Vec<Value>,
}

/// One look-up for all wanted clients.
pub(super) async fn find(
    pages: &dyn Pages,
    wanted: &[Wanted],
    taken: &(dyn Fn(usize, &str) -> bool + Sync),
    slot: &dyn Slot,
    pause: Duration,
) -> Vec<Found> {
    let index = Index::new(wanted.iter().map(|client| client.body.clone()));
    let nothing =
        || Found::CannotAsk(refusal("look_up_impossible", "clients of this kind hold nothing by which they could be found"));
    if !(0..wanted.len()).any(|position| index.comparable(position)) {
        return wanted.iter().map(|_| nothing()).collect();
    }
    let mut candidates: Vec<BTreeSet<String>> = vec![BTreeSet::new(); wanted.len()];
    let mut visit = |id: &str, item: &Value| {
        for position in index.matches(item) {
            if let Some(found) = candidates.get_mut(position) {
                found.insert(id.to_owned());
            }
        }
    };
    let halted = match read_all(pages, &mut visit, slot, pause).await {
        Err(NotListed::Halt(halt)) => return wanted.iter().map(|_| Found::Halt(halt.clone())).collect(),
        Err(NotListed::CannotAsk(refusal)) => Some(refusal),
        Ok(()) => None,
    };
    for (position, ids) in candidates.iter_mut().enumerate() {
        ids.retain(|id| !taken(position, id));
    }
    // An id that several wanted clients could be belongs to one of them; nobody can say to which.
    let mut seen = HashSet::new();
    let shared: HashSet<String> = candidates.iter().flatten().filter(|id| !seen.insert(id.as_str())).cloned().collect();
    candidates
        .into_iter()
        .enumerate()
        .map(|(position, ids)| {
            if !index.comparable(position) {
                return nothing();
            }
            // An incomplete list proves neither absence nor that there is only one.
            if let Some(refusal) = &halted {
                return Found::CannotAsk(refusal.clone());
            }
            let mut ids = ids.into_iter();
            match (ids.next(), ids.next()) {
                (None, _) => Found::Absent,
                (Some(id), None) if !shared.contains(&id) => Found::There(id.into()),
                (Some(first), second) => {
                    Found::Several([first].into_iter().chain(second).chain(ids).map(String::into_boxed_str).collect())
                }
            }
        })
        .collect()
}

/// The ids of all clients of the account, of some more than once.
pub(super) async fn list(
    pages: &dyn Pages,
    visit: &mut (dyn for<'id> FnMut(&'id str) + Send),
    slot: &dyn Slot,
    pause: Duration,
) -> Result<(), NotListed> {
    read_all(pages, &mut |id: &str, _: &Value| visit(id), slot, pause).await
}

/// How many clients the account holds, by a page of its list.
pub(super) fn total(reply: &Reply) -> Option<u64> {
    read(reply).map(|page| page.total)
}

/// Reads the list until one pass has seen all of it unchanged. Order is not documented, so items are counted by id.
async fn read_all(
    pages: &dyn Pages,
    visit: &mut (dyn for<'item> FnMut(&'item str, &'item Value) + Send),
    slot: &dyn Slot,
    pause: Duration,
) -> Result<(), NotListed> {
    for _ in 0..PASSES_MAX {
        let mut ids: HashSet<u128> = HashSet::new();
        let (mut offset, mut first_total, mut changed) = (0_u64, None, false);
        let total = loop {
            let page = ask(pages, offset, slot, pause).await?;
            changed |= *first_total.get_or_insert(page.total) != page.total;
            if page.total > PAGES_MAX * PAGE_ITEMS {
                return Err(NotListed::CannotAsk(refusal(
                    "look_up_too_long",
                    "the account holds too many clients to look through",
                )));
            }
            for item in &page.items {
                let Some(id) = item.get("beneficiaryId").and_then(Value::as_str) else { continue };
                // The bank's ids are UUIDs; one in another form would only make the list look incomplete.
                if let Ok(uuid) = Uuid::try_parse(id) {
                    ids.insert(uuid.as_u128());
                }
                visit(id, item);
            }
            offset = offset.saturating_add(page.size);
            if page.size == 0 || offset >= page.total {
                break page.total;
            }
        };
        if !changed && ids.len() as u64 >= total {
            return Ok(());
        }
    }
    Err(NotListed::CannotAsk(refusal("look_up_incomplete", "the provider's list changed while it was read")))
}

async fn ask(pages: &dyn Pages, offset: u64, slot: &dyn Slot, pause: Duration) -> Result<Page, NotListed> {
    let (mut tries, mut throttled) = (0, 0);
    loop {
        let Some(turn) = slot.take().await else {
            return Err(NotListed::CannotAsk(refusal("look_up_stopped", "the run stopped while it was looked up")));
        };
        let answer = pages.page(offset).await;
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
                if let Some(halt) = verdicts::halt(reply.status, &ErrorBody::parse(&reply)) {
                    return Err(NotListed::Halt(halt));
                }
                if let Some(page) = read(&reply) {
                    return Ok(page);
                }
                if let Some(wait) = retry_after(&reply.headers, now) {
                    slot.slow_down(Some(wait));
                }
                format!("the list answered with status {} and no readable page", reply.status)
            }
            Err(Lost::Certificate(why)) => return Err(NotListed::Halt(verdicts::certificate(&why))),
            Err(Lost::NotConnected { why, .. } | Lost::InDoubt { why, .. }) => why,
        };
        tries += 1;
        if tries >= TRIES_MAX || throttled >= THROTTLED_MAX {
            return Err(NotListed::CannotAsk(refusal("look_up_failed", &why)));
        }
        tokio::time::sleep(pause * 2_u32.pow(tries)).await;
    }
}

fn read(reply: &Reply) -> Option<Page> {
    if reply.status != 200 {
        return None;
    }
    let Value::Object(mut page) = serde_json::from_slice(reply.body.as_ref().ok()?).ok()? else { return None };
    let items = match page.remove("results") {
        Some(Value::Array(items)) => items,
        // Left out, or null, where there is nothing.
        Some(Value::Null) | None => Vec::new(),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => return None,
    };
    let total = page.get("total")?.as_u64()?;
    // What arrived counts, whatever the page says of itself.
    let size = items.len() as u64;
    Some(Page { total, size, items })
}

fn refusal(code: &str, message: &str) -> Refusal {
    Refusal { code: code.into(), message: message.into(), ..Refusal::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU64, Ordering};

    use crate::model::{Body, IdempotencyKey};
    use crate::provider::Turn;
    use reqwest::header::HeaderMap;
    use serde_json::json;

    /// A list that answers the n-th request by `script`, else with the page that was asked for.
    struct List {
        items: Vec<Value>,
        script: Mutex<Vec<Result<u16, Lost>>>,
        without_results: bool,
    }

    #[async_trait]
    impl Pages for List {
        async fn page(&self, offset: u64) -> Result<Reply, Lost> {
            let scripted = self.script.lock().unwrap().pop();
            let status = scripted.unwrap_or(Ok(200))?;
            let items: Vec<&Value> = self.items.iter().skip(offset as usize).take(PAGE_ITEMS as usize).collect();
            let mut page =
                json!({"offset": offset, "limit": PAGE_ITEMS, "size": items.len(), "total": self.items.len(), "results": items});
            if self.without_results {
                page.as_object_mut().unwrap().remove("results");
            }
            Ok(Reply { status, headers: HeaderMap::new(), body: Ok(page.to_string().into_bytes()) })
        }
    }

    #[derive(Default)]
    struct Count(AtomicU64, AtomicU64);

    #[async_trait]
    impl Slot for Count {
        async fn take(&self) -> Option<Box<dyn Turn>> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Some(Box::new(Free))
        }
        fn slow_down(&self, _: Option<Duration>) {
            self.1.fetch_add(1, Ordering::Relaxed);
        }
    }

    struct Free;

    impl Turn for Free {
        fn answered(self: Box<Self>, _: bool) {}
    }

    fn person(number: u128, name: &str) -> Value {
        json!({"beneficiaryId": Uuid::from_u128(number).to_string(), "type": "FL_RESIDENT", "lastName": name, "firstName": "Анна", "birthDate": "1990-05-01"})
    }

    fn wanted(name: &str) -> Wanted {
        of(&json!({"type": "FL_RESIDENT", "lastName": name, "firstName": "анна", "birthDate": "1990-05-01"}))
    }

    fn of(body: &Value) -> Wanted {
        Wanted {
            operation: "tbank/fl-resident".into(),
            body: Body::new(body),
            key: IdempotencyKey::derive("", "", "", ""),
            sent_at_ms: 0,
            unchanged: true,
        }
    }

    fn list(items: Vec<Value>, mut script: Vec<Result<u16, Lost>>) -> List {
        script.reverse();
        List { items, script: Mutex::new(script), without_results: false }
    }

    async fn look(list: &List, wanted: &[Wanted], taken: &[u128]) -> (Vec<Found>, Count) {
        let count = Count::default();
        let taken: Vec<String> = taken.iter().map(|&id| Uuid::from_u128(id).to_string()).collect();
        let found = find(list, wanted, &|_, id| taken.iter().any(|known| known == id), &count, Duration::ZERO).await;
        (found, count)
    }

    fn id(number: u128) -> Box<str> {
        Uuid::from_u128(number).to_string().into()
    }

    #[tokio::test]
    async fn one_pass_serves_all_and_every_page_takes_a_slot() {
        let items = (0..120).map(|number| person(number, &format!("Имя{}", number % 100))).collect();
        let list = list(items, vec![]);
        let (found, count) = look(&list, &[wanted("имя50"), wanted("Имя5"), wanted("Нет"), wanted("Имя7")], &[7]).await;
        assert_eq!(found, [Found::There(id(50)), Found::Several(vec![id(5), id(105)]), Found::Absent, Found::There(id(107))]);
        assert_eq!(count.0.load(Ordering::Relaxed), 3);
    }

    #[tokio::test]
    async fn an_id_that_two_rows_could_be_is_given_to_neither() {
        let (found, _) = look(&list(vec![person(1, "Один")], vec![]), &[wanted("Один"), wanted("Один")], &[]).await;
        assert_eq!(found, [Found::Several(vec![id(1)]), Found::Several(vec![id(1)])]);
    }

    #[tokio::test]
    async fn an_empty_list_may_lack_its_results() {
        let empty = List { without_results: true, ..list(vec![], vec![]) };
        assert_eq!(look(&empty, &[wanted("Один")], &[]).await.0, [Found::Absent]);
    }

    #[tokio::test]
    async fn a_list_that_hides_items_proves_nothing() {
        let hiding = List { without_results: true, ..list(vec![person(1, "Один")], vec![]) };
        assert!(matches!(look(&hiding, &[wanted("Два")], &[]).await.0[..], [Found::CannotAsk(_)]));
    }

    #[tokio::test]
    async fn trouble_is_retried_throttling_is_told_and_halts_stop() {
        let lost = || Err(Lost::InDoubt { code: "timeout", why: "x".into() });
        let (found, count) = look(&list(vec![], vec![Ok(429), lost(), Ok(503)]), &[wanted("Один")], &[]).await;
        assert_eq!(found, [Found::Absent]);
        assert_eq!((count.0.load(Ordering::Relaxed), count.1.load(Ordering::Relaxed)), (4, 1));
        let (found, _) = look(&list(vec![], (0..9).map(|_| lost()).collect()), &[wanted("Один")], &[]).await;
        assert!(matches!(found[..], [Found::CannotAsk(_)]));
        let (found, _) = look(&list(vec![], vec![Ok(401)]), &[wanted("Один")], &[]).await;
        assert!(matches!(found[..], [Found::Halt(_)]));
    }

    #[tokio::test]
    async fn an_id_may_be_taken_for_one_row_and_free_for_another() {
        let list = list(vec![person(1, "Один"), person(2, "Два")], vec![]);
        let taken = |position: usize, found: &str| position == 0 && found == &*id(1);
        let found = find(&list, &[wanted("Один"), wanted("Два")], &taken, &Count::default(), Duration::ZERO).await;
        assert_eq!(found, [Found::Absent, Found::There(id(2))]);
    }

    #[tokio::test]
    async fn everybody_is_listed_or_nothing_is_said() {
        let mut ids = HashSet::new();
        let items: Vec<Value> = (0..120).map(|number| person(number, "Имя")).collect();
        let count = Count::default();
        let mut visit = |id: &str| {
            ids.insert(id.to_owned());
        };
        super::list(&list(items.clone(), vec![]), &mut visit, &count, Duration::ZERO).await.unwrap();
        assert_eq!((ids.len(), count.0.load(Ordering::Relaxed)), (120, 3));
        let hiding = List { without_results: true, ..list(items, vec![]) };
        let refused = super::list(&hiding, &mut |_| (), &count, Duration::ZERO).await;
        assert!(matches!(refused, Err(NotListed::CannotAsk(_))));
    }

    #[tokio::test]
    async fn light_contacts_cost_no_request() {
        let lite = of(&json!({"type": "LITE_CONTACT"}));
        let (found, count) = look(&list(vec![], vec![]), &[lite], &[]).await;
        assert!(matches!(found[..], [Found::CannotAsk(_)]));
        assert_eq!(count.0.load(Ordering::Relaxed), 0);
    }
}
