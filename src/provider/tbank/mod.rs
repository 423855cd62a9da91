//! T-Bank (T-API): beneficiaries of a nominal account. Knows the bank's rules and nothing about rows, journals or pace.
//!
//! <https://developer.tbank.ru/docs/api/post-api-v-1-nominal-accounts-beneficiaries>

mod compare;
#[cfg(any(test, fuzzing))]
pub(super) mod hostile;
mod look_up;
mod refusal;
mod verdicts;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use reqwest::header::HeaderMap;

use self::refusal::ErrorBody;
use self::verdicts::Circumstances;
use super::http::{HttpClient, Lost, Reply, bearer, key_header};
use super::{
    Absence, AccountSettings, Answer, CodeMeaning, Found, Halt, NotListed, Order, Profile, Provider, ProviderError, Slot, Wanted,
};
use crate::model::RateLimit;

/// Where the bank's API lives.
pub const BASE_URL: &str = "https://secured-openapi.tbank.ru";
/// The method that creates (POST) and lists (GET).
const PATH: &str = "/api/v1/nominal-accounts/beneficiaries";
/// Requests a second, all methods together.
/// <https://developer.tbank.ru/docs/api/post-api-v-1-nominal-accounts-beneficiaries>
const RATE_PER_S: u32 = 10;
/// A part of the address of the bank's own test stand, which answers every good body alike.
const TEST_STAND: &str = "/openapi/sandbox/";

/// The bank has no settings of its own beyond those of every account.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Options {}

/// An account at T-Bank.
#[derive(Debug)]
pub struct TBank {
    http: HttpClient,
    profile: Profile,
    error_code_map: BTreeMap<String, CodeMeaning>,
    test_stand: bool,
    page_pause: Duration,
}

impl TBank {
    /// Makes the account's client. Opens no connection: [`Provider::preflight`] does.
    ///
    /// # Errors
    /// Where address, token, a certificate file or a limit cannot be used.
    pub fn connect(settings: &AccountSettings) -> Result<Self, ProviderError> {
        let base_url = settings.base_url.as_deref().unwrap_or(BASE_URL);
        let http = HttpClient::connect(settings, base_url, bearer(settings)?)?;
        let limit = |setting, found: String, allowed: &str| ProviderError::Limit {
            account: settings.name.clone(),
            setting,
            found,
            allowed: allowed.to_owned(),
        };
        let requests_max = settings.rate_per_s.unwrap_or(RATE_PER_S);
        if requests_max == 0 || (requests_max > RATE_PER_S && !http.is_loopback()) {
            return Err(limit("rate_per_s", requests_max.to_string(), "T-Bank allows 1 to 10 requests a second"));
        }
        if settings.in_flight_max == 0 {
            return Err(limit("in_flight_max", "0".into(), "at least one request must be possible"));
        }
        let test_stand = format!("{}/", http.base()).contains(TEST_STAND);
        Ok(Self {
            profile: Profile {
                limits: settings.limits(RateLimit::per_second(requests_max)),
                in_flight_max: settings.in_flight_max,
                replay_window: Some(settings.replay_window),
                replays_max: usize::MAX,
                look_up_delays: Vec::new(),
                absence: Absence::Resend,
                connect_timeout: settings.connect_timeout,
                remote_ids_unique: !test_stand,
            },
            error_code_map: settings.error_code_map.clone(),
            test_stand,
            http,
            page_pause: Duration::from_millis(500),
        })
    }
}

#[async_trait]
impl Provider for TBank {
    fn profile(&self) -> &Profile {
        &self.profile
    }

    fn is_loopback(&self) -> bool {
        self.http.is_loopback()
    }

    fn base_url(&self) -> &str {
        self.http.base()
    }

    async fn preflight(&self, slot: &dyn Slot) -> Result<Option<u64>, Halt> {
        let path = format!("{PATH}?offset=0&limit=1");
        let mut answer = self.http.get(&path, HeaderMap::new()).await;
        if matches!(answer, Err(Lost::InDoubt { code: "connection_lost", .. }))
            && let Some(turn) = slot.take().await
        {
            answer = self.http.get(&path, HeaderMap::new()).await;
            turn.answered(answer.is_ok());
        }
        match answer {
            Ok(reply) => match verdicts::halt(reply.status, &ErrorBody::parse(&reply)) {
                Some(halt) => Err(halt),
                None => Ok(look_up::total(&reply)),
            },
            Err(Lost::Certificate(why)) => Err(verdicts::certificate(&why)),
            Err(Lost::NotConnected { untrusted: true, why }) => Err(Halt {
                what: format!("the provider's certificate is not trusted: {why}"),
                hint: "check `base_url`; where the certificate comes from the Russian Trusted Root CA or from a proxy of your company, \
                       name the authority's PEM file in `ca_file`"
                    .into(),
            }),
            // TLS 1.3 tells a missing or wrong client certificate after the handshake, and often by nothing but closing the
            // connection. Nothing was sent yet, so to stop here costs nothing.
            Err(Lost::InDoubt { code: "connection_lost", .. }) if self.http.is_encrypted() => {
                let ours = if self.http.has_certificate() { "does not have the right" } else { "has no" };
                Err(verdicts::certificate(&format!(
                    "twice it closed the connection without an answer, as servers do when the account {ours} client certificate"
                )))
            }
            // Trouble that may pass: the rows' own attempts deal with it.
            Err(Lost::NotConnected { .. } | Lost::InDoubt { .. }) => Ok(None),
        }
    }

    async fn submit(&self, order: &Order<'_>, _slot: &dyn Slot) -> Answer {
        let result = self.http.post(PATH, key_header(order.key), order.body.as_str()).await;
        let circumstances = Circumstances {
            repeat_of_unknown: order.repeat_of_unknown,
            test_stand: self.test_stand,
            error_code_map: &self.error_code_map,
            now: SystemTime::now(),
        };
        verdicts::judge(&result, order.body, circumstances)
    }

    async fn list(&self, visit: &mut (dyn for<'id> FnMut(&'id str) + Send), slot: &dyn Slot) -> Result<(), NotListed> {
        look_up::list(self, visit, slot, self.page_pause).await
    }

    async fn find(
        &self,
        wanted: &[Wanted],
        taken: &(dyn for<'id> Fn(usize, &'id str) -> bool + Sync),
        slot: &dyn Slot,
    ) -> Vec<Found> {
        look_up::find(self, wanted, taken, slot, self.page_pause).await
    }
}

#[async_trait]
impl look_up::Pages for TBank {
    async fn page(&self, offset: u64) -> Result<Reply, Lost> {
        self.http.get(&format!("{PATH}?offset={offset}&limit={}", look_up::PAGE_ITEMS), HeaderMap::new()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::SecretString;

    fn settings(base_url: &str) -> AccountSettings {
        AccountSettings { base_url: Some(base_url.into()), ..AccountSettings::new("test", SecretString::from("token")) }
    }

    #[test]
    fn the_documented_rate_may_only_be_lowered() {
        let with = |base: &str, rate| TBank::connect(&AccountSettings { rate_per_s: rate, ..settings(base) });
        assert_eq!(with(BASE_URL, None).unwrap().profile.limits[0].requests, 10);
        assert_eq!(with(BASE_URL, Some(3)).unwrap().profile.limits[0].requests, 3);
        assert!(matches!(with(BASE_URL, Some(11)), Err(ProviderError::Limit { .. })));
        assert!(matches!(with(BASE_URL, Some(0)), Err(ProviderError::Limit { .. })));
        assert_eq!(with("http://127.0.0.1:1", Some(200)).unwrap().profile.limits[0].requests, 200);
    }

    #[test]
    fn the_banks_test_stand_is_known_by_its_address() {
        let unique = |base: &str| TBank::connect(&settings(base)).unwrap().profile.remote_ids_unique;
        assert!(unique(BASE_URL));
        assert!(!unique("https://business.tbank.ru/openapi/sandbox/secured"));
    }
}
