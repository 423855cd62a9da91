//! FinLego core banking: client records at its two services, onboarding and core. Knows FinLego's rules and nothing about rows,
//! journals or pace.
//!
//! <https://dev-doc.finlego.com>

mod envelope;
#[cfg(any(test, fuzzing))]
pub(super) mod hostile;
mod options;
mod verdicts;

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use regex::Regex;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use self::options::{Auth, Resend};
pub(super) use self::options::{Options, contracts};
use self::verdicts::{Circumstances, Envelope};
use super::http::{HttpClient, secret_header};
use super::{Absence, AccountSettings, Answer, Found, Halt, Order, Profile, Provider, ProviderError, Slot, Verdict, Wanted};
use crate::model::{IdempotencyKey, RateLimit, Refusal};

/// Our pace: FinLego documents no limit.
const RATE_PER_S: u32 = 2;
/// Our own choice as well: two equal requests at the same time are two clients at the core service.
const IN_FLIGHT_MAX: usize = 1;
/// How long a request of unknown outcome may be sent once more, where the user allows it. FinLego documents no term.
const RESEND_WITHIN: Duration = Duration::from_secs(15 * 60);
/// Where the services live below one address, as in the sandbox.
const ONBOARDING: &str = "/onboarding";
const CORE: &str = "/core";
/// The import of a company whose path and body FinLego does not document.
const ONBOARDING_COMPANY: &str = "finlego/onboarding-company";

/// An account at FinLego.
#[derive(Debug)]
pub struct FinLego {
    onboarding: Option<HttpClient>,
    core: Option<HttpClient>,
    address: String,
    profile: Profile,
    company_path: String,
    company_contract_known: bool,
    resend: bool,
    core_503_throttled: bool,
    idempotency_header: Option<HeaderName>,
    duplicates: Vec<Regex>,
    account: String,
}

/// Where an operation goes and how it is answered.
struct Method<'a> {
    http: &'a HttpClient,
    path: &'a str,
    envelope: Envelope,
}

impl FinLego {
    /// Makes the account's clients. Opens no connection.
    ///
    /// # Errors
    /// Where an address, the secret, a certificate file or a setting cannot be used.
    pub fn connect(settings: &AccountSettings) -> Result<Self, ProviderError> {
        let options: Options = settings.options()?;
        let wrong = |why: String| ProviderError::Options { account: settings.name.clone(), why };
        let below = |path: &str| settings.base_url.as_ref().map(|base| format!("{}{path}", base.trim_end_matches('/')));
        let headers = headers(settings, &options)?;
        let client =
            |address: Option<String>| address.map(|address| HttpClient::connect(settings, &address, headers.clone())).transpose();
        let onboarding = client(options.onboarding_base_url.clone().or_else(|| below(ONBOARDING)))?;
        let core = client(options.core_base_url.clone().or_else(|| below(CORE)))?;
        let services: Vec<&HttpClient> = onboarding.iter().chain(&core).collect();
        if services.is_empty() {
            return Err(wrong(
                "neither `onboarding_base_url` nor `core_base_url` is set, and FinLego documents no address".into(),
            ));
        }
        let address = match (&settings.base_url, &services[..]) {
            (Some(base), _) if options.onboarding_base_url.is_none() && options.core_base_url.is_none() => {
                base.trim_end_matches('/').to_owned()
            }
            (_, services) => services.iter().map(|service| service.base()).collect::<Vec<_>>().join(" and "),
        };
        let requests_max = settings.rate_per_s.unwrap_or(RATE_PER_S);
        if requests_max == 0 {
            return Err(ProviderError::Limit {
                account: settings.name.clone(),
                setting: "requests_per_second",
                found: "0".into(),
                allowed: "at least one request a second must be possible".into(),
            });
        }
        let idempotency_header = options
            .idempotency_header
            .as_ref()
            .map(|name| {
                header_name(name).ok_or_else(|| wrong(format!("`idempotency_header` = \"{name}\" is no name of a header")))
            })
            .transpose()?;
        let duplicates = options
            .duplicate_patterns
            .iter()
            .map(|pattern| {
                Regex::new(&format!("(?i){pattern}"))
                    .map_err(|_| wrong(format!("`duplicate_patterns`: \"{pattern}\" is no regular expression")))
            })
            .collect::<Result<_, _>>()?;
        let resend = match options.resend_unknown {
            Resend::Never => false,
            Resend::OnceSameExternalId => true,
        };
        Ok(Self {
            profile: Profile {
                limits: settings.limits(RateLimit::per_second(requests_max)),
                in_flight_max: options.parallel_requests.map_or(IN_FLIGHT_MAX, usize::from).min(settings.in_flight_max).max(1),
                replay_window: resend.then(|| RESEND_WITHIN.min(settings.replay_window)),
                connect_timeout: settings.connect_timeout,
                replays_max: 1,
                look_up_delays: vec![Duration::ZERO],
                absence: Absence::Nothing,
                remote_ids_unique: true,
            },
            onboarding,
            core,
            address,
            company_path: format!("/{}", options.company_path.trim_start_matches('/')),
            company_contract_known: options.company_contract.is_some() || options.accept_starter_contract,
            resend,
            core_503_throttled: options.core_503_throttled,
            idempotency_header,
            duplicates,
            account: settings.name.clone(),
        })
    }

    fn method(&self, operation: &str) -> Result<Method<'_>, ProviderError> {
        let (service, setting, path, envelope) = match operation {
            "finlego/onboarding-individual" => {
                (&self.onboarding, "onboarding_base_url", "/integration/clients/individuals", Envelope::Plain)
            }
            ONBOARDING_COMPANY => (&self.onboarding, "onboarding_base_url", self.company_path.as_str(), Envelope::Plain),
            "finlego/core-company" | "finlego/core-individual" => {
                (&self.core, "core_base_url", "/internal/Clients", Envelope::Result)
            }
            _ => {
                return Err(ProviderError::Options {
                    account: self.account.clone(),
                    why: format!("{operation} is no operation of FinLego"),
                });
            }
        };
        match service {
            Some(http) => Ok(Method { http, path, envelope }),
            None => Err(ProviderError::Options {
                account: self.account.clone(),
                why: format!("`{setting}` is not set, and {operation} goes there"),
            }),
        }
    }

    fn request_headers(&self, key: IdempotencyKey) -> HeaderMap {
        let named = self.idempotency_header.clone().zip(HeaderValue::from_str(&key.to_string()).ok());
        HeaderMap::from_iter(named)
    }
}

/// Everything that goes with every request: the secret, and what the user fixed besides.
fn headers(settings: &AccountSettings, options: &Options) -> Result<HeaderMap, ProviderError> {
    let wrong = |why: String| ProviderError::Options { account: settings.name.clone(), why };
    let name = match &options.auth_header {
        Some(name) => header_name(name).ok_or_else(|| wrong(format!("`auth_header` = \"{name}\" is no name of a header")))?,
        None => AUTHORIZATION,
    };
    let before = match options.auth {
        Auth::Header => "",
        Auth::Bearer => "Bearer ",
    };
    let mut headers = secret_header(settings, "token", name, before)?;
    for (name, value) in &options.extra_headers {
        let header = header_name(name).zip(HeaderValue::from_str(value).ok());
        let (name, value) = header.ok_or_else(|| wrong(format!("`extra_headers`: `{name}` cannot stand in a request")))?;
        if headers.insert(name.clone(), value).is_some() {
            return Err(wrong(format!("`extra_headers` sets `{name}` a second time")));
        }
    }
    Ok(headers)
}

fn header_name(text: &str) -> Option<HeaderName> {
    HeaderName::from_bytes(text.as_bytes()).ok()
}

#[async_trait]
impl Provider for FinLego {
    fn profile(&self) -> &Profile {
        &self.profile
    }

    fn may_repeat(&self, operation: &str) -> bool {
        self.resend && self.method(operation).is_ok_and(|method| method.envelope == Envelope::Plain)
    }

    fn accepts(&self, operation: &str) -> Result<(), ProviderError> {
        let method = self.method(operation)?;
        if operation == ONBOARDING_COMPANY && !self.company_contract_known && !method.http.is_loopback() {
            return Err(ProviderError::Options {
                account: self.account.clone(),
                why: "FinLego does not document what it takes for a company's onboarding, so the contract is only a starter: name the \
                      JSON Schema that you agreed with FinLego in `company_contract`, or set `accept_starter_contract = true`"
                    .into(),
            });
        }
        Ok(())
    }

    fn is_loopback(&self) -> bool {
        self.onboarding.iter().chain(&self.core).all(HttpClient::is_loopback)
    }

    fn base_url(&self) -> &str {
        &self.address
    }

    /// FinLego documents no request that changes nothing and answers for certain: the first row proves address and secret.
    async fn preflight(&self, _slot: &dyn Slot) -> Result<Option<u64>, Halt> {
        Ok(None)
    }

    async fn submit(&self, order: &Order<'_>, _slot: &dyn Slot) -> Answer {
        let method = match self.accepts(order.operation).and_then(|()| self.method(order.operation)) {
            Ok(method) => method,
            Err(error) => {
                return Answer::of(Verdict::Halt(Halt { hint: error.hint(), what: error.to_string() }));
            }
        };
        let headers = self.request_headers(order.key);
        let result = method.http.post(method.path, headers, order.body.as_str()).await;
        verdicts::judge(
            &result,
            order.body,
            Circumstances {
                envelope: method.envelope,
                repeat_of_unknown: order.repeat_of_unknown,
                core_503_throttled: self.core_503_throttled,
                duplicates: &self.duplicates,
                now: SystemTime::now(),
            },
        )
    }

    async fn find(
        &self,
        wanted: &[Wanted],
        _taken: &(dyn for<'id> Fn(usize, &'id str) -> bool + Sync),
        _slot: &dyn Slot,
    ) -> Vec<Found> {
        let cannot = Refusal {
            code: "no_look_up".into(),
            message: "FinLego documents no request that finds a client by what was sent".into(),
            ..Refusal::default()
        };
        wanted.iter().map(|_| Found::CannotAsk(cannot.clone())).collect()
    }
}

#[cfg(test)]
mod tests;
