//! LoanPro LMS: customers of lenders in the United States and Canada. Knows LoanPro's rules and nothing about rows, journals or pace.
//!
//! <https://developers.loanpro.io/reference/create-customer>. There is no idempotency key: the provider's own warnings about
//! customers that are there, and a search after every answer that did not come, keep a customer from being created twice.

mod compare;
mod flow;
#[cfg(any(test, fuzzing))]
pub(super) mod hostile;
mod look_up;
mod options;
mod said;
mod verdicts;
mod warnings;
mod wire;

use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::{HeaderName, HeaderValue};

use self::flow::Flow;
use self::look_up::LookUp;
pub(super) use self::options::Options;
use self::said::Said;
use super::http::{HttpClient, Lost, bearer};
use super::phrases::Phrases;
use super::registry::Secret;
use super::{Absence, AccountSettings, Answer, Found, Halt, Order, Profile, Provider, ProviderError, Slot, Wanted};
use crate::model::{RateLimit, Refusal};

/// What LoanPro's errors speak of.
const PHRASES: Phrases = Phrases {
    members: "accessPassword accessUserName accountType address1 address2 birthDate cardType CheckingAccount companyName \
        contactName CreditCard creditLimit CreditScore customerId customerIdType customerType customId CustomFieldValues \
        driverLicense firstName generationCode geoLat geoLon hireDate incomeFrequency isPrimary isSecondary lastName \
        MailAddress middleName payDate payDateFrequency PaymentAccounts PrimaryAddress primaryPhone relation results \
        secondaryPhone zipcode",
    codes: &[
        "accountType",
        "cardType",
        "country",
        "customerIdType",
        "customerType",
        "gender",
        "generationCode",
        "incomeFrequency",
        "payDateFrequency",
        "relation",
        "state",
        "type",
    ],
};

/// Where the API lives.
pub const BASE_URL: &str = "https://loanpro.simnang.com/api/public/api/1";
/// What every address of it ends with.
const BASE_PATH: &str = "/api/public/api/1";
/// The token of an agent user.
pub(super) const TOKEN: Secret = Secret { name: "token", variables: &["LOANPRO_API_TOKEN", "CLIENTFERRY_TOKEN"], required: true };
/// Requests a second. LoanPro documents no limit; this is our choice.
const RATE_PER_S: u32 = 5;
/// Requests at the same time; our choice as well.
const IN_FLIGHT_MAX: usize = 4;
/// Before each look-up: how long the search takes to know a new customer is not documented.
const LOOK_UP_DELAYS: [Duration; 4] =
    [Duration::from_secs(2), Duration::from_secs(10), Duration::from_secs(30), Duration::from_secs(60)];
/// The tenant of a sandbox.
const SANDBOX_TENANT: &str = "sandbox";

/// An account at LoanPro.
#[derive(Debug)]
pub struct LoanPro {
    http: HttpClient,
    profile: Profile,
    flow: Flow,
    ask_pause: Duration,
}

impl LoanPro {
    /// Makes the account's client. Opens no connection: [`Provider::preflight`] does.
    ///
    /// # Errors
    /// Where address, token, tenant or a limit cannot be used.
    pub fn connect(settings: &AccountSettings) -> Result<Self, ProviderError> {
        let options: Options = settings.options()?;
        let base_url = with_path(settings.base_url.as_deref().unwrap_or(BASE_URL));
        let wrong = |why: &str| ProviderError::Options { account: settings.name.clone(), why: why.to_owned() };
        let mut headers = bearer(settings)?;
        let tenant = options.tenant_id.as_deref().map(str::trim).filter(|tenant| !tenant.is_empty());
        let value = HeaderValue::from_str(tenant.unwrap_or(SANDBOX_TENANT))
            .map_err(|_| wrong("`tenant_id` holds characters that cannot stand in a header"))?;
        headers.insert(HeaderName::from_static("autopal-instance-id"), value);
        let http = HttpClient::connect(settings, &base_url, headers)?;
        if tenant.is_none() && !http.is_loopback() {
            return Err(wrong("`tenant_id` is not set: the number under Settings, Company, API in LoanPro"));
        }
        let limit = |setting, allowed: &str| ProviderError::Limit {
            account: settings.name.clone(),
            setting,
            found: "0".to_owned(),
            allowed: allowed.to_owned(),
        };
        let requests_max = settings.rate_per_s.unwrap_or(RATE_PER_S);
        if requests_max == 0 {
            return Err(limit("requests_per_second", "at least one request a second must be possible"));
        }
        if settings.in_flight_max == 0 {
            return Err(limit("in_flight_max", "at least one request must be possible"));
        }
        let in_flight_max = if http.is_loopback() { usize::MAX } else { IN_FLIGHT_MAX };
        Ok(Self {
            profile: Profile {
                limits: settings.limits(RateLimit::per_second(requests_max)),
                in_flight_max: settings.in_flight_max.min(in_flight_max),
                replay_window: None,
                replays_max: 0,
                look_up_delays: LOOK_UP_DELAYS.to_vec(),
                absence: Absence::Resend,
                connect_timeout: settings.connect_timeout,
                remote_ids_unique: true,
            },
            flow: Flow::new(options),
            http,
            ask_pause: Duration::from_millis(500),
        })
    }

    fn look_up<'a>(&'a self, slot: &'a dyn Slot) -> LookUp<'a> {
        LookUp { wire: &self.http, slot, pause: self.ask_pause }
    }
}

/// The address with its path, which people leave out.
fn with_path(base_url: &str) -> String {
    let trimmed = base_url.trim_end_matches('/');
    let has_path = trimmed.split_once("://").is_some_and(|(_, rest)| rest.contains('/'));
    if has_path { trimmed.to_owned() } else { format!("{trimmed}{BASE_PATH}") }
}

#[async_trait]
impl Provider for LoanPro {
    fn profile(&self) -> &Profile {
        &self.profile
    }

    fn is_loopback(&self) -> bool {
        self.http.is_loopback()
    }

    fn base_url(&self) -> &str {
        self.http.base()
    }

    async fn preflight(&self, _slot: &dyn Slot) -> Result<Option<u64>, Halt> {
        match wire::Wire::get(&self.http, "/odata.svc/Loans?$top=1").await {
            Ok(reply) => match verdicts::halt(reply.status, &Said::parse(&reply)) {
                Some(halt) => Err(halt),
                None if reply.status == 409 => Err(Halt {
                    what: "the provider refuses a question that every account may ask (status 409)".into(),
                    hint: "check `tenant_id`: LoanPro answers so when the tenant does not belong to the token".into(),
                }),
                None => Ok(None),
            },
            Err(Lost::Certificate(why)) => Err(verdicts::certificate(&why)),
            Err(Lost::NotConnected { untrusted: true, why }) => Err(Halt {
                what: format!("the provider's certificate is not trusted: {why}"),
                hint: "check `base_url`; where a proxy of your company stands in between, name its authority's PEM file in `ca_file`"
                    .into(),
            }),
            // Trouble that may pass: the rows' own attempts deal with it.
            Err(Lost::NotConnected { .. } | Lost::InDoubt { .. }) => Ok(None),
        }
    }

    async fn submit(&self, order: &Order<'_>, slot: &dyn Slot) -> Answer {
        self.flow.submit(order, &self.look_up(slot)).await
    }

    async fn find(
        &self,
        wanted: &[Wanted],
        taken: &(dyn for<'id> Fn(usize, &'id str) -> bool + Sync),
        slot: &dyn Slot,
    ) -> Vec<Found> {
        let found = look_up::find(&self.look_up(slot), wanted, taken).await;
        self.flow.remember_absent(wanted, &found);
        found
    }

    fn remark_of_doubt(&self, why: &Refusal) -> Option<Refusal> {
        warnings::remark_of_doubt(why)
    }
}

#[cfg(test)]
mod tests;
