//! BrainySoft (bs-core): clients of a lender, created in two stages. Knows the provider's rules and nothing about rows, journals or
//! pace.
//!
//! <https://docs.brainysoft.ru/en/developers/core/operations/createClientUsingPOST.html>

mod ask;
mod canary;
mod create;
#[cfg(any(test, fuzzing))]
pub(super) mod hostile;
mod json;
mod look_up;
mod merge;
mod options;
mod said;
mod session;
mod turns;
mod verdicts;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::HeaderMap;

use self::ask::{NoAnswer, Probe, Question};
use self::json::Json;
use self::merge::Dialect;
pub(super) use self::options::Options;
use self::session::Session;
use self::turns::Turns;
use super::http::HttpClient;
use super::registry::Secret;
use super::words::doubt;
use super::{
    Absence, AccountSettings, Answer, Found, Halt, NotListed, Order, Profile, Provider, ProviderError, Slot, Verdict, Wanted,
};
use crate::model::{Book, RateLimit};

/// Gives an object to fill (GET).
const INIT: &str = "/main/clients/init";
/// Creates (POST); below it clients are read and searched.
const CLIENTS: &str = "/main/clients";
/// Requests a second. The provider documents no limit; this one spares it.
const RATE_PER_S: u32 = 2;
/// The first pause before a question is asked again.
const PAUSE: Duration = Duration::from_millis(250);

/// What an account can hold: which of them it needs depends on `auth`.
pub(super) const SECRETS: &[Secret] = &[
    Secret { name: "client_id", variables: &["BRAINYSOFT_CLIENT_ID"], required: false },
    Secret { name: "client_secret", variables: &["BRAINYSOFT_CLIENT_SECRET"], required: false },
    Secret { name: "user", variables: &["BRAINYSOFT_USER"], required: false },
    Secret { name: "password", variables: &["BRAINYSOFT_PASSWORD"], required: false },
    Secret { name: "token", variables: &["BRAINYSOFT_TOKEN"], required: false },
];

/// An account at BrainySoft.
#[derive(Debug)]
pub struct BrainySoft {
    account: String,
    http: HttpClient,
    session: Session,
    options: Options,
    dialect: Dialect,
    profile: Profile,
    /// Init's object, where one serves the whole run.
    init: Mutex<Option<Arc<Json>>>,
    /// Operations of which it was told in this run that init filled the consents.
    consents_told: Mutex<HashSet<String>>,
    /// Operations whose first client of this run was read back.
    seen: Mutex<HashSet<String>>,
    /// Why no further client is sent, though the last one was created.
    halted: OnceLock<Halt>,
    pause: Duration,
}

impl BrainySoft {
    /// Makes the account's client. Opens no connection: [`Provider::preflight`] does.
    ///
    /// # Errors
    /// Where address, secrets, settings, a certificate file or a limit cannot be used.
    pub fn connect(settings: &AccountSettings) -> Result<Self, ProviderError> {
        let options: Options = settings.options()?;
        options.check(settings)?;
        let base = settings.base_url.as_deref().ok_or_else(|| ProviderError::BaseUrl {
            account: settings.name.clone(),
            why: "it is not set; every customer has an own one, such as https://CUSTOMER-saas.brainysoft.ru/bs-core".into(),
        })?;
        let http = HttpClient::connect(settings, base, HeaderMap::new())?;
        let limit = |setting, allowed: &str| ProviderError::Limit {
            account: settings.name.clone(),
            setting,
            found: "0".into(),
            allowed: allowed.to_owned(),
        };
        if settings.rate_per_s == Some(0) {
            return Err(limit("requests_per_second", "at least one request must be possible"));
        }
        if settings.in_flight_max == 0 {
            return Err(limit("in_flight_max", "at least one request must be possible"));
        }
        let profile = Profile {
            limits: settings.limits(RateLimit::per_second(settings.rate_per_s.unwrap_or(RATE_PER_S))),
            in_flight_max: options.creates_in_flight.unwrap_or(1).min(settings.in_flight_max),
            replay_window: None,
            replays_max: 0,
            look_up_delays: vec![Duration::from_secs(2), Duration::from_secs(30)],
            absence: if options.resend_after_clean_search { Absence::Resend } else { Absence::ResendNextRun },
            connect_timeout: settings.connect_timeout,
            remote_ids_unique: true,
        };
        Ok(Self {
            account: settings.name.clone(),
            session: Session::new(settings, &options, &http)?,
            dialect: options.dialect(),
            http,
            options,
            profile,
            init: Mutex::new(None),
            consents_told: Mutex::new(HashSet::new()),
            seen: Mutex::new(HashSet::new()),
            halted: OnceLock::new(),
            pause: PAUSE,
        })
    }
}

#[async_trait]
impl Provider for BrainySoft {
    fn profile(&self) -> &Profile {
        &self.profile
    }

    fn accepts_member(&self, pointer: &str) -> Result<(), ProviderError> {
        match self.refused_member(pointer) {
            Some(why) => Err(ProviderError::Options { account: self.account.clone(), why }),
            None => Ok(()),
        }
    }

    fn is_loopback(&self) -> bool {
        self.http.is_loopback()
    }

    fn base_url(&self) -> &str {
        self.http.base()
    }

    /// A token, and whether the core takes it.
    async fn preflight(&self, slot: &dyn Slot) -> Result<Option<u64>, Halt> {
        let turns = Turns::with_first_taken(slot);
        let pass = match self.session.pass(&self.http, &turns).await {
            Ok(pass) => pass,
            Err(verdict) => return halt_of(verdict),
        };
        if turns.take().await.is_some() {
            match self.whoami(pass.headers).await {
                Probe::Alive => {}
                Probe::Dead => return Err(verdicts::token_refused()),
                Probe::Verdict(verdict) => return halt_of(verdict),
            }
        }
        Ok(None)
    }

    async fn submit(&self, order: &Order<'_>, slot: &dyn Slot) -> Answer {
        self.create(order, &Turns::with_first_taken(slot)).await
    }

    async fn book(&self, name: &str, slot: &dyn Slot) -> Result<Book, NotListed> {
        let cannot = |code: &str, message: String| Err(NotListed::CannotAsk(doubt(code, message, None)));
        let Some(path) = self.options.book(name, self.http.is_loopback()) else {
            return cannot("no_book", format!("it is not known where the reference book `{name}` stands: set dict_paths.{name}"));
        };
        match self.ask(Question::Get(&format!("/{path}")), &Turns::new(slot)).await {
            Ok(Json::Array(rows)) => Ok(Book { entries: rows.iter().filter_map(entry).collect() }),
            Ok(Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Object(_)) => {
                cannot("book_unreadable", format!("the reference book `{name}` ({path}) is no list"))
            }
            Err(NoAnswer::CannotAsk(why)) => {
                cannot("book_unreadable", format!("the reference book `{name}` ({path}) cannot be read: {}", why.message))
            }
            Err(NoAnswer::Halt(halt)) => Err(NotListed::Halt(halt)),
        }
    }

    async fn find(
        &self,
        wanted: &[Wanted],
        taken: &(dyn for<'id> Fn(usize, &'id str) -> bool + Sync),
        slot: &dyn Slot,
    ) -> Vec<Found> {
        self.look_up(wanted, taken, &Turns::new(slot)).await
    }
}

/// An entry of a reference book.
fn entry(row: &Json) -> Option<(String, String)> {
    let name = ["name", "title", "fullName"].iter().find_map(|name| row.member(name).and_then(Json::filled))?;
    Some((row.member("id").and_then(Json::id)?.into(), name.to_owned()))
}

/// Trouble that may pass is left to the rows' own attempts.
fn halt_of(verdict: Verdict) -> Result<Option<u64>, Halt> {
    match verdict {
        Verdict::Halt(halt) | Verdict::HaltInDoubt(halt) => Err(halt),
        Verdict::Created(_)
        | Verdict::Existing(_)
        | Verdict::Rejected(_)
        | Verdict::Throttled { .. }
        | Verdict::Transient(_)
        | Verdict::Unknown { .. }
        | Verdict::RefusedOnRepeat(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests;
