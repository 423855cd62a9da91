//! Questions that create nothing: asked again while that helps, with a fresh token where the old one was refused.

use std::time::SystemTime;

use reqwest::header::HeaderMap;

use super::BrainySoft;
use super::json::Json;
use super::session::Pass;
use super::turns::Turns;
use super::verdicts::{self, Read};
use crate::model::Refusal;
use crate::provider::http::{Lost, Reply};
use crate::provider::words::doubt;
use crate::provider::{Halt, Verdict};

/// Attempts for one question; being asked to slow down does not count, up to its own limit.
const TRIES_MAX: u32 = 5;
const THROTTLED_MAX: u32 = 60;
/// Who we are: the question that shows whether a token is alive.
const WHOAMI: &str = "/utils/session/whoami";

/// A question.
#[derive(Clone, Copy)]
pub(super) enum Question<'a> {
    Get(&'a str),
    Post(&'a str, &'a str),
}

/// Why a question has no answer.
#[derive(Debug)]
pub(super) enum NoAnswer {
    /// It cannot be asked, or is not understood.
    CannotAsk(Refusal),
    /// The run cannot go on.
    Halt(Halt),
}

/// What `whoami` says of a token.
pub(super) enum Probe {
    Alive,
    Dead,
    /// Nothing: it could not be asked.
    Verdict(Verdict),
}

impl BrainySoft {
    /// Asks until there is an answer or it is clear that there will be none.
    pub(super) async fn ask(&self, question: Question<'_>, turns: &Turns<'_>) -> Result<Json, NoAnswer> {
        let (mut tries, mut throttled, mut renewed) = (0, 0, false);
        loop {
            let why = match self.session.pass(&self.http, turns).await {
                Ok(pass) => match self.ask_once(question, &pass, turns).await? {
                    Read::Data(data) => {
                        self.session.served();
                        return Ok(data);
                    }
                    Read::TokenRefused if renewed => return Err(NoAnswer::Halt(verdicts::token_refused())),
                    Read::TokenRefused => {
                        renewed = true;
                        match self.session.renew(&pass, &self.http, turns).await {
                            Ok(_) => continue,
                            Err(verdict) => trouble(verdict)?,
                        }
                    }
                    // Stale tokens may be told this way too; one renewal shows.
                    Read::Error(refusal) if renewed || self.session.is_proven() => return Err(NoAnswer::CannotAsk(refusal)),
                    Read::Error(refusal) => match self.probe(&pass, turns).await {
                        Probe::Alive => return Err(NoAnswer::CannotAsk(refusal)),
                        Probe::Dead => {
                            renewed = true;
                            match self.session.renew(&pass, &self.http, turns).await {
                                Ok(_) => continue,
                                Err(verdict) => trouble(verdict)?,
                            }
                        }
                        Probe::Verdict(verdict) => trouble(verdict)?,
                    },
                    Read::Throttled(retry_after) => {
                        turns.slow_down(retry_after);
                        throttled += 1;
                        if throttled < THROTTLED_MAX {
                            continue;
                        }
                        doubt("throttled", "the provider asks for a slower pace without end".into(), None)
                    }
                    Read::Again(refusal) => refusal,
                    Read::Off(refusal) => return Err(NoAnswer::CannotAsk(refusal)),
                    Read::Halt(halt) => return Err(NoAnswer::Halt(halt)),
                },
                Err(verdict) => trouble(verdict)?,
            };
            tries += 1;
            if tries >= TRIES_MAX || throttled >= THROTTLED_MAX {
                return Err(NoAnswer::CannotAsk(why));
            }
            tokio::time::sleep(self.pause * 2_u32.pow(tries)).await;
        }
    }

    async fn ask_once(&self, question: Question<'_>, pass: &Pass, turns: &Turns<'_>) -> Result<Read, NoAnswer> {
        let Some(started) = turns.take().await else {
            return Err(NoAnswer::CannotAsk(doubt("stopped", "the run stopped while it was asked".into(), None)));
        };
        let answer = match question {
            Question::Get(path) => self.http.get(path, pass.headers.clone()).await,
            Question::Post(path, body) => self.http.post(path, pass.headers.clone(), body).await,
        };
        started.answered(is_whole(&answer));
        Ok(verdicts::read(&answer, SystemTime::now()))
    }

    /// Whether this token is alive.
    pub(super) async fn probe(&self, pass: &Pass, turns: &Turns<'_>) -> Probe {
        let Some(started) = turns.take().await else { return Probe::Verdict(super::turns::stopped()) };
        let answer = self.http.get(WHOAMI, pass.headers.clone()).await;
        started.answered(is_whole(&answer));
        self.probed(&answer)
    }

    /// The same for the first request of a run, whose slot is taken.
    pub(super) async fn whoami(&self, headers: HeaderMap) -> Probe {
        let answer = self.http.get(WHOAMI, headers).await;
        self.probed(&answer)
    }

    fn probed(&self, answer: &Result<Reply, Lost>) -> Probe {
        match verdicts::read(answer, SystemTime::now()) {
            Read::Data(_) => {
                self.session.prove();
                Probe::Alive
            }
            Read::TokenRefused | Read::Error(_) => Probe::Dead,
            Read::Throttled(retry_after) => Probe::Verdict(Verdict::Throttled { retry_after }),
            Read::Again(why) => Probe::Verdict(Verdict::Transient(why)),
            Read::Off(why) => Probe::Verdict(Verdict::Halt(Halt {
                what: why.message.into(),
                hint:
                    "check `base_url`: https://CUSTOMER-saas.brainysoft.ru/bs-core or https://CUSTOMER-api.brainysoft.ru/core, \
                       and that no firewall answers in the provider's place"
                        .into(),
            })),
            Read::Halt(halt) => Probe::Verdict(Verdict::Halt(halt)),
        }
    }
}

pub(super) fn is_whole(answer: &Result<Reply, Lost>) -> bool {
    answer.as_ref().is_ok_and(|reply| reply.body.is_ok())
}

/// A verdict about the token, for a question: worth another try, or the end.
fn trouble(verdict: Verdict) -> Result<Refusal, NoAnswer> {
    match verdict {
        Verdict::Halt(halt) | Verdict::HaltInDoubt(halt) => Err(NoAnswer::Halt(halt)),
        Verdict::Transient(why) | Verdict::Unknown { why, .. } | Verdict::RefusedOnRepeat(why) | Verdict::Rejected(why) => {
            Ok(why)
        }
        Verdict::Throttled { .. } | Verdict::Created(_) | Verdict::Existing(_) => {
            Ok(doubt("throttled", "the provider asks for a slower pace".into(), None))
        }
    }
}
