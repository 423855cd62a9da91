//! Finds clients whose creation had no reliable answer, among those created since the day before. Sends no client.
//!
//! <https://docs.brainysoft.ru/documentation/page/736>

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Days, NaiveDate, TimeDelta};
use serde_json::{Value, json};

use super::ask::{NoAnswer, Question};
use super::canary::squeezed;
use super::create::text;
use super::json::Json;
use super::turns::Turns;
use super::{BrainySoft, CLIENTS};
use crate::model::{Body, Refusal};
use crate::provider::words::doubt;
use crate::provider::{Found, Wanted};

/// Rows asked for at once.
const PAGE_ROWS: usize = 100;
/// A longer list is not looked through.
const PAGES_MAX: usize = 5000;
/// Clients whose whole objects are asked for at once: an answer of up to 1 MiB is read, and objects are large.
const WHOLE_AT_ONCE: usize = 20;
/// Candidates of one search by a document's number.
const SAME_MAX: usize = 10;

/// What a search by passport or INN found.
pub(super) enum Match {
    None,
    One(Box<str>),
    Several,
}

impl BrainySoft {
    /// One look-up for all wanted clients.
    pub(super) async fn look_up(
        &self,
        wanted: &[Wanted],
        taken: &(dyn for<'id> Fn(usize, &'id str) -> bool + Sync),
        turns: &Turns<'_>,
    ) -> Vec<Found> {
        let parts: Vec<Value> = wanted.iter().map(|client| client.body.parse()).collect();
        let nothing =
            || Found::CannotAsk(refusal("look_up_impossible", "the row holds nothing by which its client could be found"));
        if parts.iter().all(|part| lead(part).is_none()) {
            return wanted.iter().map(|_| nothing()).collect();
        }
        let earliest = wanted.iter().map(|client| client.sent_at_ms).min().unwrap_or_default();
        match self.candidates(&parts, earliest, taken, turns).await {
            Ok(candidates) => {
                // An id that several wanted clients could be belongs to one of them; nobody can say to which.
                let mut seen = HashSet::new();
                let shared: HashSet<Box<str>> =
                    candidates.iter().flatten().map(|(id, _)| id).filter(|id| !seen.insert((*id).clone())).cloned().collect();
                (wanted.iter().zip(&parts).zip(candidates))
                    .map(|((client, part), found)| match (lead(part), &found.iter().collect::<Vec<_>>()[..]) {
                        (None, _) => nothing(),
                        (Some(_), []) => Found::Absent,
                        (Some(_), [(id, whole)]) if !shared.contains(*id) => self.whose(id, whole, client.sent_at_ms),
                        (Some(_), several) => Found::Several(several.iter().map(|(id, _)| (*id).clone()).collect()),
                    })
                    .collect()
            }
            Err(NoAnswer::CannotAsk(why)) => {
                let why = refusal("look_up_failed", &format!("the provider's search cannot be used: {}", why.message));
                wanted.iter().map(|_| Found::CannotAsk(why.clone())).collect()
            }
            Err(NoAnswer::Halt(halt)) => wanted.iter().map(|_| Found::Halt(halt.clone())).collect(),
        }
    }

    /// For each wanted client the clients that it could be, as whole objects.
    async fn candidates(
        &self,
        parts: &[Value],
        earliest_ms: i64,
        taken: &(dyn for<'id> Fn(usize, &'id str) -> bool + Sync),
        turns: &Turns<'_>,
    ) -> Result<Vec<BTreeMap<Box<str>, Json>>, NoAnswer> {
        let mut by_lead: HashMap<String, Vec<usize>> = HashMap::new();
        for (position, part) in parts.iter().enumerate() {
            if let Some(lead) = lead(part) {
                by_lead.entry(lead).or_default().push(position);
            }
        }
        let mut positions: BTreeMap<Box<str>, Vec<usize>> = BTreeMap::new();
        self.created_since(earliest_ms, turns, &mut |id, row| {
            for position in leads(row).iter().filter_map(|lead| by_lead.get(lead)).flatten() {
                if !taken(*position, &id) {
                    positions.entry(id.clone()).or_default().push(*position);
                }
            }
        })
        .await?;
        let ids: Vec<Box<str>> = positions.keys().cloned().collect();
        let mut candidates = vec![BTreeMap::new(); parts.len()];
        for ids in ids.chunks(WHOLE_AT_ONCE) {
            for whole in self.whole(ids, turns).await? {
                let Some(id) = whole.member("id").and_then(Json::id) else { continue };
                for &position in positions.get(&id).into_iter().flatten() {
                    if let (Some(part), Some(found)) = (parts.get(position), candidates.get_mut(position))
                        && agrees(part, &whole)
                    {
                        found.insert(id.clone(), whole.clone());
                    }
                }
            }
        }
        Ok(candidates)
    }

    /// Every client created since the day before, newest first. Pages may shift while they are read, so ids are counted.
    async fn created_since(
        &self,
        earliest_ms: i64,
        turns: &Turns<'_>,
        visit: &mut (dyn FnMut(Box<str>, &Json) + Send),
    ) -> Result<(), NoAnswer> {
        let since = DateTime::from_timestamp_millis(earliest_ms)
            .and_then(|sent| sent.date_naive().checked_sub_days(Days::new(1)))
            .ok_or_else(|| NoAnswer::CannotAsk(refusal("look_up_impossible", "it is not known when the client was sent")))?;
        let mut seen: BTreeSet<Box<str>> = BTreeSet::new();
        for page in 0..PAGES_MAX {
            let body = json!({
                "fields": ["id", "lastName", "firstName", "patronymic", "birthDate", "title"],
                "searchFields": [{"field": "creationDate", "value": format!(">={since} 00:00:00")}],
                "orderByFields": [{"field": "id", "direction": "desc"}],
                "countFrom": page * PAGE_ROWS,
                "countTo": (page + 1) * PAGE_ROWS,
            });
            let mut is_new = false;
            for row in self.search(&body, turns).await? {
                let Some(id) = row.member("id").and_then(Json::id) else {
                    return Err(NoAnswer::CannotAsk(refusal("look_up_unreadable", "a row of the provider's search has no id")));
                };
                if seen.insert(id.clone()) {
                    is_new = true;
                    visit(id, &row);
                }
            }
            if !is_new {
                return Ok(());
            }
        }
        Err(NoAnswer::CannotAsk(refusal("look_up_too_long", "too many clients were created since to look through them")))
    }

    /// The client with the row's passport number or INN, where the provider can search by them.
    pub(super) async fn search_same(&self, sent: &Body, turns: &Turns<'_>) -> Result<Match, NoAnswer> {
        let part = sent.parse();
        let (field, value) = match (text(&part, "/passport/no"), text(&part, "/rnn")) {
            (Some(number), _) => ("passport.no", number),
            (None, Some(inn)) => ("rnn", inn),
            (None, None) => return Ok(Match::None),
        };
        let body = json!({
            "fields": ["id", "lastName", "firstName", "patronymic", "birthDate", "title"],
            "searchFields": [{"field": field, "value": value}],
            "countFrom": 0,
            "countTo": SAME_MAX,
        });
        let wanted = lead(&part);
        let rows = self.search(&body, turns).await?;
        let ids: Vec<Box<str>> = rows
            .iter()
            .filter(|row| wanted.as_ref().is_some_and(|wanted| leads(row).contains(wanted)))
            .filter_map(|row| row.member("id").and_then(Json::id))
            .collect();
        if ids.is_empty() {
            return Ok(Match::None);
        }
        let same = self.whole(&ids, turns).await?;
        let mut same = same.iter().filter(|whole| agrees(&part, whole)).filter_map(|whole| whole.member("id").and_then(Json::id));
        Ok(match (same.next(), same.next()) {
            (None, _) => Match::None,
            (Some(id), None) => Match::One(id),
            (Some(_), Some(_)) => Match::Several,
        })
    }

    async fn search(&self, body: &Value, turns: &Turns<'_>) -> Result<Vec<Json>, NoAnswer> {
        let path = format!("{CLIENTS}/partial-load");
        match self.ask(Question::Post(&path, &body.to_string()), turns).await? {
            Json::Array(rows) => Ok(rows),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Object(_) => {
                Err(NoAnswer::CannotAsk(refusal("look_up_unreadable", "the provider's search answered with no list")))
            }
        }
    }

    async fn whole(&self, ids: &[Box<str>], turns: &Turns<'_>) -> Result<Vec<Json>, NoAnswer> {
        let path = format!("{CLIENTS}/find/{}?preserveOrder=true", ids.join(","));
        match self.ask(Question::Get(&path), turns).await? {
            Json::Array(clients) if clients.len() >= ids.len() => Ok(clients),
            Json::Array(_) | Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Object(_) => {
                Err(NoAnswer::CannotAsk(refusal(
                    "look_up_unreadable",
                    "the provider does not show the clients that its search found",
                )))
            }
        }
    }

    /// Whether a client that was found is older than our sending. The day is known, its time zone is not.
    fn whose(&self, id: &str, whole: &Json, sent_at_ms: i64) -> Found {
        let created = whole
            .member("creationDate")
            .and_then(Json::filled)
            .and_then(|text| text.get(..10))
            .and_then(|day| NaiveDate::parse_from_str(day, "%Y-%m-%d").ok());
        let earliest = DateTime::from_timestamp_millis(sent_at_ms)
            .and_then(|sent| sent.checked_sub_signed(TimeDelta::hours(12)))
            .map(|sent| sent.date_naive());
        match (created, earliest) {
            // A date that rows may set tells nothing.
            (Some(_), Some(_)) if self.options.allow_creation_date => Found::There(id.into()),
            (Some(created), Some(earliest)) if created < earliest => Found::BeforeUs(id.into()),
            (Some(_), Some(_)) => Found::ByUs(id.into()),
            (None, _) | (_, None) => Found::There(id.into()),
        }
    }
}

/// What two clients have in common when they can be the same, as far as a search shows it.
fn lead(part: &Value) -> Option<String> {
    if part.get("naturalPerson") == Some(&Value::Bool(false)) {
        text(part, "/rnn")?;
        return Some(organisation(text(part, "/title")?));
    }
    Some(person(text(part, "/lastName")?, text(part, "/firstName")?, text(part, "/birthDate")?))
}

/// The same of a row of a search: it does not say which kind it is.
fn leads(row: &Json) -> Vec<String> {
    let member = |name| row.member(name).and_then(Json::filled);
    let mut leads = Vec::new();
    if let (Some(last), Some(first), Some(birth)) = (member("lastName"), member("firstName"), member("birthDate")) {
        leads.push(person(last, first, birth));
    }
    leads.extend(member("title").map(organisation));
    leads
}

fn person(last: &str, first: &str, birth: &str) -> String {
    format!("{}\n{}\n{}", squeezed(last), squeezed(first), birth.get(..10).unwrap_or(birth))
}

fn organisation(title: &str) -> String {
    let letters: String = squeezed(title).chars().filter(|ch| ch.is_alphanumeric()).collect();
    format!("organisation\n{letters}")
}

/// Whether nothing that both show differs: of passport, INN, mobile phone and patronymic.
fn agrees(part: &Value, whole: &Json) -> bool {
    let theirs = |path: &[&str]| whole.at(path).and_then(Json::filled);
    let agree = |ours: Option<&str>, theirs: Option<&str>, form: fn(&str) -> String| match (ours, theirs) {
        (Some(ours), Some(theirs)) => form(ours) == form(theirs),
        (Some(_) | None, None) | (None, Some(_)) => true,
    };
    agree(text(part, "/passport/seria"), theirs(&["passport", "seria"]), without_blanks)
        && agree(text(part, "/passport/no"), theirs(&["passport", "no"]), without_blanks)
        && agree(text(part, "/rnn"), theirs(&["rnn"]), without_blanks)
        && agree(text(part, "/kpp"), theirs(&["kpp"]), without_blanks)
        && agree(text(part, "/mobilePhone"), theirs(&["mobilePhone"]), phone)
        && agree(text(part, "/patronymic"), theirs(&["patronymic"]), squeezed)
}

fn without_blanks(text: &str) -> String {
    text.split_whitespace().collect::<String>().to_lowercase()
}

/// Digits, a Russian number with 7 in front.
fn phone(text: &str) -> String {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    match digits.strip_prefix('8') {
        Some(rest) if digits.len() == 11 => format!("7{rest}"),
        Some(_) | None => digits,
    }
}

fn refusal(code: &str, message: &str) -> Refusal {
    doubt(code, message.to_owned(), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_the_same_when_nothing_shown_differs() {
        let part = json!({"naturalPerson": true, "lastName": "Семёнова", "firstName": "Анна", "birthDate": "1990-05-01",
            "mobilePhone": "79031001112", "passport": {"seria": "4510", "no": "123456"}});
        for (whole, same) in [
            (r#"{}"#, true),
            (r#"{"mobilePhone":"89031001112","passport":{"seria":"45 10","no":"123456"}}"#, true),
            (r#"{"passport":{"seria":"4510","no":"654321"}}"#, false),
            (r#"{"passport":{"seria":"4511","no":"123456"}}"#, false),
            (r#"{"mobilePhone":"79031001113"}"#, false),
            (r#"{"passport":{"seria":"","no":null},"rnn":"770123456703"}"#, true),
        ] {
            assert_eq!(agrees(&part, &Json::parse(whole).unwrap()), same, "{whole}");
        }
        let row =
            Json::parse(r#"{"id":1,"lastName":" СЕМЕНОВА","firstName":"анна","birthDate":"1990-05-01 00:00:00","title":""}"#)
                .unwrap();
        assert_eq!(leads(&row), [lead(&part).unwrap()]);
        let company = json!({"naturalPerson": false, "title": "ООО «Ромашка»", "rnn": "7701234567"});
        let row = Json::parse(r#"{"id":2,"title":"ООО \"Ромашка\"","lastName":""}"#).unwrap();
        assert_eq!(leads(&row), [lead(&company).unwrap()]);
        assert_eq!(lead(&json!({"naturalPerson": true, "lastName": "Семёнова"})), None);
    }
}
