//! A provider of the user's own: speaks as its profile says. Knows no provider's name and nothing about rows, journals or pace.

mod auth;
#[cfg(any(test, fuzzing))]
pub(super) mod hostile;
mod look_up;
mod refusal;
mod verdicts;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use self::auth::Tokens;
use super::http::{HttpClient, Lost, Reply};
use super::registry::Secret;
use super::{
    Absence, AccountSettings, Answer, CodeMeaning, Found, Halt, Order, Profile, Provider, ProviderError, Slot, Verdict, Wanted,
};
use crate::contract::profile::{KeyPlace, WhenAbsent};
use crate::model::{Body, FieldName, IdempotencyKey, RateLimit, Refusal};

pub use crate::contract::OwnProfile;

/// An account at a provider of the user's own.
#[derive(Debug)]
pub(super) struct OwnProvider {
    http: HttpClient,
    tokens: Option<Tokens>,
    own: Arc<OwnProfile>,
    profile: Profile,
    error_code_map: BTreeMap<String, CodeMeaning>,
}

/// The secrets that a profile wants of an account.
#[must_use]
pub(super) fn secrets(own: &OwnProfile) -> Vec<Secret> {
    let wanted = own.secrets();
    let only = wanted.len() == 1;
    let secret = |name: &&str| {
        // Interned: a program reads a handful of profiles once.
        let variable = format!("CLIENTFERRY_SECRET_{}", name.to_uppercase().replace('-', "_"));
        let variables = match (*name, only) {
            ("token", _) => vec!["CLIENTFERRY_TOKEN"],
            (_, true) => vec![FieldName::new(&variable).as_str(), "CLIENTFERRY_TOKEN"],
            (_, false) => vec![FieldName::new(&variable).as_str()],
        };
        Secret { name: FieldName::new(name).as_str(), variables: variables.leak(), required: true }
    };
    wanted.iter().map(secret).collect()
}

impl OwnProvider {
    /// Makes the account's client. Opens no connection: [`Provider::preflight`] does.
    ///
    /// # Errors
    /// Where address, secrets, a certificate file or a limit cannot be used.
    pub(super) fn connect(own: Arc<OwnProfile>, settings: &AccountSettings) -> Result<Self, ProviderError> {
        let base_url = settings.base_url.clone().unwrap_or_else(|| own.base_url.clone());
        let headers = auth::headers(&own, settings)?;
        let http = HttpClient::connect(settings, &base_url, headers)?;
        let tokens = Tokens::connect(&own, settings, &http)?;
        let profile = limits(&own, settings, http.is_loopback())?;
        Ok(Self { http, tokens, own, profile, error_code_map: settings.error_code_map.clone() })
    }

    async fn send(&self, method: &str, path: &str, headers: HeaderMap, body: Option<&str>) -> Result<Reply, Lost> {
        match body {
            Some(body) => {
                self.http.send(Method::from_bytes(method.as_bytes()).unwrap_or(Method::POST), path, headers, body).await
            }
            None => self.http.get(path, headers).await,
        }
    }

    /// Sends with a token, where the provider wants one; a token that is not accepted is renewed once. That a token is not accepted
    /// means that nothing was done.
    async fn authorized(
        &self,
        slot: &dyn Slot,
        method: &str,
        path: &str,
        headers: HeaderMap,
        body: Option<&str>,
    ) -> Result<Reply, NotSent> {
        let Some(tokens) = &self.tokens else { return Ok(self.send(method, path, headers, body).await?) };
        let (token, mut with_token) = tokens.headers(slot, &headers).await?;
        let reply = self.send(method, path, std::mem::take(&mut with_token), body).await?;
        if reply.status != 401 {
            return Ok(reply);
        }
        tokens.forget(&token).await;
        let (_, with_token) = tokens.headers(slot, &headers).await?;
        let Some(turn) = slot.take().await else {
            let why = "the run stopped when the token was renewed";
            return Err(NotSent::NoToken(Refusal { code: "no_token".into(), message: why.into(), ..Refusal::default() }));
        };
        let again = self.send(method, path, with_token, body).await;
        turn.answered(again.as_ref().is_ok_and(|reply| reply.body.is_ok()));
        Ok(again?)
    }

    /// The body with the key in it, where it goes there.
    fn keyed(&self, body: &Body, key: IdempotencyKey) -> String {
        let text = body.as_str();
        match (&self.own.key.place, text.strip_suffix('}')) {
            (KeyPlace::Member(member), Some(open)) => {
                let comma = if open == "{" { "" } else { "," };
                format!("{open}{comma}{}:\"{key}\"}}", Value::from(member.as_str()))
            }
            (KeyPlace::None | KeyPlace::Header(_) | KeyPlace::Member(_), _) => text.to_owned(),
        }
    }

    fn key_headers(&self, key: IdempotencyKey) -> HeaderMap {
        let KeyPlace::Header(name) = &self.own.key.place else { return HeaderMap::new() };
        let pair = HeaderName::from_bytes(name.as_bytes()).ok().zip(HeaderValue::from_str(&key.to_string()).ok());
        pair.into_iter().collect()
    }
}

/// Why there is no answer.
enum NotSent {
    /// The request itself got none.
    Lost(Lost),
    /// No token could be had: certainly nothing was done.
    NoToken(Refusal),
    /// The account's secrets are not accepted.
    Halt(Halt),
}

impl From<Lost> for NotSent {
    fn from(lost: Lost) -> Self {
        Self::Lost(lost)
    }
}

fn limits(own: &OwnProfile, settings: &AccountSettings, is_loopback: bool) -> Result<Profile, ProviderError> {
    let refuse = |setting, found: String, allowed: String| ProviderError::Limit {
        account: settings.name.clone(),
        setting,
        found,
        allowed,
    };
    let (mut requests_max, mut window) = (own.limits.requests, own.limits.window);
    if let Some(rate) = settings.rate_per_s {
        let allowed = f64::from(requests_max) / window.as_secs_f64();
        if rate == 0 || (f64::from(rate) > allowed && !is_loopback) {
            let allowed = format!("the profile allows {requests_max} requests in {} ms", window.as_millis());
            return Err(refuse("requests_per_second", rate.to_string(), allowed));
        }
        (requests_max, window) = (rate, Duration::from_secs(1));
    }
    if settings.in_flight_max == 0 {
        return Err(refuse("in_flight_max", "0".into(), "at least one request must be possible".into()));
    }
    let look_up = own.look_up.as_ref();
    let mut limits = settings.limits(RateLimit { requests: requests_max, window });
    limits.extend(&own.limits.further);
    Ok(Profile {
        limits,
        in_flight_max: settings.in_flight_max.min(own.limits.in_flight),
        replay_window: match own.key.place {
            KeyPlace::None => None,
            KeyPlace::Header(_) | KeyPlace::Member(_) => own.key.remembered.map(|time| time.min(settings.replay_window)),
        },
        replays_max: usize::MAX,
        look_up_delays: look_up.map(|look_up| look_up.delays.clone()).unwrap_or_default(),
        absence: match look_up.map(|look_up| look_up.when_absent) {
            Some(WhenAbsent::Resend) => Absence::Resend,
            Some(WhenAbsent::ResendNextRun) => Absence::ResendNextRun,
            Some(WhenAbsent::Nothing) | None => Absence::Nothing,
        },
        connect_timeout: settings.connect_timeout,
        remote_ids_unique: true,
    })
}

#[async_trait]
impl Provider for OwnProvider {
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
        let Some(path) = &self.own.preflight else { return Ok(None) };
        match self.authorized(slot, "GET", path, HeaderMap::new(), None).await {
            Ok(reply) => verdicts::halt(&self.own, &reply).map_or(Ok(None), Err),
            Err(NotSent::Halt(halt)) => Err(halt),
            Err(NotSent::Lost(Lost::Certificate(why))) => Err(verdicts::certificate(&why)),
            Err(NotSent::Lost(Lost::NotConnected { untrusted: true, why })) => Err(Halt {
                what: format!("the provider's certificate is not trusted: {why}"),
                hint: "check `base_url`, or name the authority's PEM file in `ca_file`".into(),
            }),
            // Trouble that may pass: the rows' own attempts deal with it.
            Err(NotSent::Lost(Lost::NotConnected { .. } | Lost::InDoubt { .. }) | NotSent::NoToken(_)) => Ok(None),
        }
    }

    async fn submit(&self, order: &Order<'_>, slot: &dyn Slot) -> Answer {
        let Some(path) = self.own.operation(order.operation).and_then(|operation| self.own.path_of(operation)) else {
            return Answer::of(Verdict::Halt(Halt {
                what: format!("the profile has no operation `{}`", order.operation),
                hint: "check the profile's [operations]".into(),
            }));
        };
        let address = match path.address(&order.body.parse()) {
            Ok(address) => address,
            Err(unfilled) => {
                let refusal = Refusal { code: "address".into(), message: unfilled.to_string().into(), ..Refusal::default() };
                return Answer::of(Verdict::Rejected(refusal));
            }
        };
        let body = self.keyed(order.body, order.key);
        let sent = self.authorized(slot, &self.own.method, &address, self.key_headers(order.key), Some(&body)).await;
        let result = match sent {
            Ok(reply) => Ok(reply),
            Err(NotSent::Lost(lost)) => Err(lost),
            Err(NotSent::NoToken(why)) => return Answer::of(Verdict::Transient(why)),
            Err(NotSent::Halt(halt)) => return Answer::of(Verdict::Halt(halt)),
        };
        let answer = verdicts::judge(&self.own, &result, order, SystemTime::now());
        verdicts::by_code(answer, &self.error_code_map)
    }

    async fn find(
        &self,
        wanted: &[Wanted],
        taken: &(dyn for<'id> Fn(usize, &'id str) -> bool + Sync),
        slot: &dyn Slot,
    ) -> Vec<Found> {
        look_up::find(self, wanted, taken, slot).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::SecretString;
    use serde_json::json;

    fn profile(more: &str) -> Arc<OwnProfile> {
        let text = format!(
            "name = \"acme\"\nbase_url = \"https://acme.example\"\npath = \"/clients\"\n[auth]\nkind = \"bearer\"\n[success]\nid = \"/id\"\n\
             [limits]\nrequests = 30\nwindow_ms = 2000\nin_flight = 3\n{more}\n[operations.client]\ncontract = \"c.json\"\n"
        );
        Arc::new(OwnProfile::parse(&text).unwrap())
    }

    fn connect(own: &Arc<OwnProfile>, change: impl FnOnce(&mut AccountSettings)) -> Result<OwnProvider, ProviderError> {
        let mut settings = AccountSettings::new("test", SecretString::from("secret")).with_own(Some(Arc::clone(own)));
        change(&mut settings);
        OwnProvider::connect(Arc::clone(own), &settings)
    }

    #[test]
    fn the_profiles_limits_may_only_be_lowered() {
        let own = profile("");
        let limits = |provider: OwnProvider| {
            (provider.profile.limits[0].requests, provider.profile.limits[0].window, provider.profile.in_flight_max)
        };
        assert_eq!(limits(connect(&own, |_| ()).unwrap()), (30, Duration::from_secs(2), 3));
        assert_eq!(limits(connect(&own, |it| it.rate_per_s = Some(15)).unwrap()), (15, Duration::from_secs(1), 3));
        assert!(matches!(connect(&own, |it| it.rate_per_s = Some(16)), Err(ProviderError::Limit { .. })));
        assert!(matches!(connect(&own, |it| it.rate_per_s = Some(0)), Err(ProviderError::Limit { .. })));
        let here = connect(&own, |it| (it.rate_per_s, it.base_url) = (Some(900), Some("http://127.0.0.1:1".into())));
        assert_eq!(limits(here.unwrap()), (900, Duration::from_secs(1), 3));
    }

    #[test]
    fn a_key_is_repeated_only_while_the_provider_remembers_it() {
        let window = |more: &str| connect(&profile(more), |_| ()).unwrap().profile.replay_window;
        assert_eq!(window(""), None);
        assert_eq!(window("[idempotency]\nheader = \"Key\""), None);
        assert_eq!(window("[idempotency]\nheader = \"Key\"\nremembered_s = 600"), Some(Duration::from_secs(540)));
        assert_eq!(window("[idempotency]\nheader = \"Key\"\nremembered_s = 86400"), Some(Duration::from_secs(86280)));
    }

    #[test]
    fn secrets_are_asked_for_by_name_and_never_shown() {
        let own = profile("[headers]\n\"X-Partner\" = { secret = \"partner-id\" }");
        let names: Vec<(&str, &[&str])> = secrets(&own).iter().map(|secret| (secret.name, secret.variables)).collect();
        assert_eq!(names, [("token", &["CLIENTFERRY_TOKEN"][..]), ("partner-id", &["CLIENTFERRY_SECRET_PARTNER_ID"][..])]);
        let error = connect(&own, |_| ()).unwrap_err();
        assert!(
            matches!(error, ProviderError::Token { secret: "partner-id", .. }) && !format!("{error:?}").contains("\"secret\")")
        );
        let connected = connect(&own, |it| _ = it.secrets.insert("partner-id".into(), SecretString::from("geheim"))).unwrap();
        assert!(!format!("{connected:?}").contains("geheim"));
    }

    #[test]
    fn the_key_goes_where_the_profile_says_and_the_body_stays_as_it_is() {
        let key = IdempotencyKey::derive("a", "b", "c", "d");
        let body = Body::from_canonical("{\"z\":1,\"a\":2}".to_owned());
        let own = |more: &str| connect(&profile(more), |_| ()).unwrap();
        let in_body = own("[idempotency]\nmember = \"/requestId\"");
        assert_eq!(in_body.keyed(&body, key), format!("{{\"z\":1,\"a\":2,\"requestId\":\"{key}\"}}"));
        assert_eq!(in_body.keyed(&Body::new(&json!({})), key), format!("{{\"requestId\":\"{key}\"}}"));
        assert!(in_body.key_headers(key).is_empty());
        let in_header = own("[idempotency]\nheader = \"X-Key\"");
        assert_eq!((in_header.keyed(&body, key).as_str(), in_header.key_headers(key).len()), (body.as_str(), 1));
    }
}
