//! One client, in two stages: init gives an object, the row's part is laid into it, the whole is sent. Each stage takes a slot.
//!
//! <https://docs.brainysoft.ru/en/developers/business-scenarios/working-with-the-client/>

use std::sync::{Arc, PoisonError};
use std::time::SystemTime;

use serde_json::Value;

use super::ask::{NoAnswer, Probe, Question, is_whole};
use super::canary;
use super::json::Json;
use super::look_up::Match;
use super::merge::{CONSENTS, Merged, NoMerge, merge};
use super::options::InitReuse;
use super::turns::{Turns, stopped};
use super::verdicts::{self, Created, Init};
use super::{BrainySoft, CLIENTS, INIT};
use crate::model::{Body, Refusal};
use crate::provider::words::doubt;
use crate::provider::{Answer, Halt, Order, Verdict};

impl BrainySoft {
    /// Sends one client once.
    pub(super) async fn create(&self, order: &Order<'_>, turns: &Turns<'_>) -> Answer {
        if let Some(halt) = self.halted.get() {
            return Answer::of(Verdict::Halt(halt.clone()));
        }
        let Some(part) = Json::parse(order.body.as_str()) else {
            return Answer::of(Verdict::Rejected(doubt("body_unreadable", "the body is no JSON object".into(), None)));
        };
        if let Some(what) = part.member("creationDate").and_then(|_| self.refused_member("/creationDate")) {
            // The mapping's affair, not this row's: the provider has not been asked.
            let hint = "correct the mapping or the account and run the same command again: nothing of this row was sent";
            return Answer::of(Verdict::Halt(Halt { what, hint: hint.into() }));
        }
        if let Some(refusal) = self.refused_by_settings(&part) {
            return Answer::of(Verdict::Rejected(refusal));
        }
        let init = match self.init(turns).await {
            Ok(init) => init,
            Err(verdict) => return Answer::of(verdict),
        };
        let merged = match merge(&init, &part, &self.dialect) {
            Ok(merged) => merged,
            Err(why) => return Answer::of(no_merge(why)),
        };
        let (verdict, http_status) = self.send(&merged.object.write(), order.body, turns).await;
        let mut remark = absent_remark(&merged);
        if let Verdict::Created(_) = &verdict {
            remark = joined(remark, self.consents_remark(order.operation, &part, &merged));
        }
        if let Verdict::Created(id) = &verdict
            && self.is_canary(order.operation)
        {
            remark = joined(remark, self.look_after(id, &merged, turns).await);
        }
        Answer { verdict, http_status, request_id: None, quotas: Vec::new(), remark }
    }

    /// Why the account's settings do not let a mapping fill a member.
    pub(super) fn refused_member(&self, pointer: &str) -> Option<String> {
        (pointer == "/creationDate" && !self.options.allow_creation_date).then(|| {
            "the mapping fills `creationDate`, on which look-ups rely: take it out of the mapping, or set \
             allow_creation_date = true, which gives look-ups by date up"
                .to_owned()
        })
    }

    /// What is told once an operation and run: consents that nobody in the row gave, because init had them filled.
    fn consents_remark(&self, operation: &str, part: &Json, merged: &Merged) -> Option<Refusal> {
        let is_given = |object: &Json, consent: &str| object.member(consent) == Some(&Json::Bool(true));
        let filled: Vec<&str> = CONSENTS
            .iter()
            .map(|(consent, _)| *consent)
            .filter(|consent| part.member(consent).is_none() && is_given(&merged.object, consent))
            .collect();
        let first = filled.first()?;
        if !self.consents_told.lock().unwrap_or_else(PoisonError::into_inner).insert(operation.to_owned()) {
            return None;
        }
        let words = format!(
            "the row says nothing of {}: the provider's init fills it with yes, for all rows of the run that do not map it",
            filled.join(", ")
        );
        Some(Refusal { pointer: Some(format!("/{first}").into()), ..doubt("consent_filled", words, None) })
    }

    /// What the account's own settings ask of every row.
    fn refused_by_settings(&self, part: &Json) -> Option<Refusal> {
        let missing = self.options.required_extra.iter().find(|path| {
            let steps: Vec<&str> = path.split('.').collect();
            part.at(&steps).is_none()
        })?;
        Some(Refusal {
            pointer: Some(format!("/{}", missing.replace('.', "/")).into()),
            ..doubt("required_extra", format!("the account's settings require {missing}, which the row does not have"), None)
        })
    }

    /// The object to fill: asked for every client, or once a run.
    async fn init(&self, turns: &Turns<'_>) -> Result<Arc<Json>, Verdict> {
        let reuse = self.options.init_reuse == InitReuse::PerRun;
        if reuse && let Some(known) = &*self.init.lock().unwrap_or_else(PoisonError::into_inner) {
            return Ok(Arc::clone(known));
        }
        let mut renewed = false;
        loop {
            let pass = self.session.pass(&self.http, turns).await?;
            let Some(started) = turns.take().await else { return Err(stopped()) };
            let answer = self.http.get(INIT, pass.headers.clone()).await;
            started.answered(is_whole(&answer));
            let dead = match verdicts::init(&answer, SystemTime::now()) {
                Init::Object(object) => {
                    self.session.served();
                    let object = Arc::new(object);
                    if reuse {
                        *self.init.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&object));
                    }
                    return Ok(object);
                }
                Init::Verdict(verdict) => return Err(verdict),
                Init::TokenRefused => verdicts::token_refused(),
                Init::Error(halt) => match self.probe(&pass, turns).await {
                    Probe::Alive => return Err(Verdict::Halt(halt)),
                    Probe::Dead => halt,
                    Probe::Verdict(verdict) => return Err(verdict),
                },
            };
            if renewed {
                return Err(Verdict::Halt(dead));
            }
            renewed = true;
            self.session.renew(&pass, &self.http, turns).await?;
        }
    }

    /// Sends the whole object, once more where the first time met a dead token.
    async fn send(&self, object: &str, sent: &Body, turns: &Turns<'_>) -> (Verdict, Option<u16>) {
        let mut renewed = false;
        loop {
            let pass = match self.session.pass(&self.http, turns).await {
                Ok(pass) => pass,
                Err(verdict) => return (verdict, None),
            };
            let Some(started) = turns.take().await else { return (stopped(), None) };
            let answer = self.http.post(CLIENTS, pass.headers.clone(), object).await;
            started.answered(is_whole(&answer));
            let status = answer.as_ref().ok().map(|reply| reply.status);
            match verdicts::create(&answer, sent, SystemTime::now()) {
                Created::Verdict(verdict) => {
                    if let Verdict::Created(_) = verdict {
                        self.session.served();
                    }
                    return (verdict, status);
                }
                Created::TokenRefused => {}
                Created::Error { refusal, duplicate, session } => {
                    // A proven token may have died since: the provider's words tell.
                    let probe = if session || !self.session.is_proven() { self.probe(&pass, turns).await } else { Probe::Alive };
                    match probe {
                        Probe::Alive if duplicate => return (self.duplicate(refusal, sent, turns).await, status),
                        Probe::Alive => return (Verdict::Rejected(refusal), status),
                        Probe::Dead => {}
                        // An error is no creation, so the client may go again later.
                        Probe::Verdict(verdict) => return (verdict, status),
                    }
                }
            }
            if renewed {
                return (Verdict::Halt(verdicts::token_refused()), status);
            }
            renewed = true;
            if let Err(verdict) = self.session.renew(&pass, &self.http, turns).await {
                return (verdict, status);
            }
        }
    }

    /// The provider says that the client is there already: which one is it?
    async fn duplicate(&self, refusal: Refusal, sent: &Body, turns: &Turns<'_>) -> Verdict {
        match self.search_same(sent, turns).await {
            Ok(Match::One(id)) => Verdict::Existing(Some(id)),
            Ok(Match::None | Match::Several) => Verdict::Rejected(refusal),
            Err(NoAnswer::CannotAsk(_)) => Verdict::Existing(None),
            Err(NoAnswer::Halt(halt)) => Verdict::Halt(halt),
        }
    }

    /// Whether this client is the first of its kind in this run, whose readback shows whether the names are right.
    fn is_canary(&self, operation: &str) -> bool {
        self.options.canary.unwrap_or(true)
            && self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(operation.to_owned())
    }

    /// Reads the created client back. Where it lost what makes it this client, no further one is sent.
    async fn look_after(&self, id: &str, merged: &Merged, turns: &Turns<'_>) -> Option<Refusal> {
        let stored = match self.ask(Question::Get(&format!("{CLIENTS}/{id}")), turns).await {
            Ok(stored) => stored,
            Err(NoAnswer::CannotAsk(why)) => {
                let words = format!(
                    "the created client could not be read back ({}): whether it was kept whole is not known",
                    why.message
                );
                return Some(doubt("canary_not_read", words, None));
            }
            Err(NoAnswer::Halt(halt)) => {
                // The client is created; the next one stops the run.
                let words = format!("the created client could not be read back: {}", halt.what);
                let _ = self.halted.set(halt);
                return Some(doubt("canary_not_read", words, None));
            }
        };
        let lost = canary::lost(&merged.part, &stored);
        if !lost.essential.is_empty() {
            let _ = self.halted.set(Halt {
                what: format!(
                    "the first client was created, but the provider did not keep {}: no further one is sent",
                    lost.essential.join(", ")
                ),
                hint: "look at this client there; compare the names with an init answer of this installation and set \
                       natural_person_name, fias_name or the mapping's paths"
                    .into(),
            });
        }
        let all: Vec<&str> = lost.essential.iter().chain(&lost.other).map(String::as_str).collect();
        let first = all.first()?;
        let words = format!("the provider did not keep {}", all.join(", "));
        Some(Refusal { pointer: Some((*first).into()), ..doubt("not_kept", words, None) })
    }
}

fn no_merge(why: NoMerge) -> Verdict {
    match why {
        NoMerge::Clash(path) => Verdict::Rejected(Refusal {
            pointer: Some(path.as_str().into()),
            ..doubt(
                "merge_clash",
                format!("{path}: the row brings a plain value where the provider has an object or list, or the reverse"),
                None,
            )
        }),
        NoMerge::Absent(path) => Verdict::Rejected(Refusal {
            pointer: Some(path.as_str().into()),
            ..doubt("path_unknown", format!("{path}: the provider's init does not know it, and absent_path = \"refuse\""), None)
        }),
        NoMerge::NaturalPersonUnknown => Verdict::Halt(Halt {
            what: "the provider's init does not tell how the flag of natural persons is called".into(),
            hint: "set natural_person_name = \"naturalPerson\" or \"naturalperson\" in the account: a wrong name would silently \
                   create the wrong kind of client"
                .into(),
        }),
    }
}

fn absent_remark(merged: &Merged) -> Option<Refusal> {
    let first = merged.absent.first()?;
    let words = format!("sent, though the provider's init does not know {}", merged.absent.join(", "));
    Some(Refusal { pointer: Some(first.as_str().into()), ..doubt("path_unknown", words, None) })
}

fn joined(one: Option<Refusal>, other: Option<Refusal>) -> Option<Refusal> {
    match (one, other) {
        (Some(one), Some(other)) => {
            let message = format!("{}; {}", other.message, one.message);
            Some(Refusal { message: message.into(), ..other })
        }
        (one, other) => one.or(other),
    }
}

/// A member's text of the row's part; an empty one counts as absent.
pub(super) fn text<'a>(part: &'a Value, pointer: &str) -> Option<&'a str> {
    part.pointer(pointer).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
}
